//! From and to CHAR, VARCHAR, BINARY and VARBINARY.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType,
};
use arrow_array::{Array, BooleanArray};
use flott_record::data_type::LENGTH_MAX;
use flott_record::{DataType, TypeKind};

use super::cells::Cells;
use super::{Convert, Rules, parse, temporal};
use crate::decimal;
use crate::evaluator::EvaluationError;
use crate::functions::mapping::{
    failed, map_strings, map_to_binaries, map_to_booleans, map_to_numbers, map_to_strings,
};

/// Anything to text of a length: longer text is cut, CHAR is padded with blanks.
pub(super) fn to_text(from: &DataType, to: &TypeKind, rules: &Rules) -> Option<Convert> {
    let (length, pads) = match to {
        TypeKind::Char(length) => (*length as usize, true),
        TypeKind::Varchar(length) => (*length as usize, false),
        _ => return None,
    };
    // A VARIANT lies as JSON text, which the JSON functions read.
    if *to == TypeKind::Varchar(LENGTH_MAX) && (from.kind.is_character() || from.kind == TypeKind::Variant) {
        return Some(Box::new(|array| Ok(Arc::clone(array))));
    }
    if from.kind.is_character() {
        return Some(Box::new(move |array| {
            map_strings(array, |text, out| {
                out.push_str(text);
                fit(out, length, pads);
                true
            })
        }));
    }
    if from.kind == TypeKind::Variant {
        return None;
    }
    let (from, zone) = (from.clone(), rules.zone.clone());
    Some(Box::new(move |array| {
        let cells = Cells::of(&from, array, &zone);
        map_to_strings(std::slice::from_ref(array), array.len(), |row, out| {
            cells.write(row, out);
            fit(out, length, pads);
            Ok(true)
        })
    }))
}

/// Cuts a text to `length` characters, or pads it with blanks to as many.
pub(crate) fn fit(text: &mut String, length: usize, pads: bool) {
    if length == LENGTH_MAX as usize || (text.len() <= length && !pads) {
        return;
    }
    if let Some((end, _)) = text.char_indices().nth(length) {
        text.truncate(end);
    } else if pads {
        let missing = length - text.chars().count();
        text.extend(std::iter::repeat_n(' ', missing));
    }
}

/// Bytes cut to a length; BINARY is padded with zeros.
pub(super) fn resize_bytes(to: &TypeKind) -> Convert {
    let to = to.clone();
    Box::new(move |array| {
        let bytes = array.as_binary::<i32>();
        map_to_binaries(std::slice::from_ref(array), array.len(), |row, out| {
            out.extend_from_slice(bytes.value(row));
            fit_bytes(out, &to);
            Ok(true)
        })
    })
}

fn fit_bytes(bytes: &mut Vec<u8>, to: &TypeKind) {
    match to {
        TypeKind::Binary(length) => bytes.resize(*length as usize, 0),
        TypeKind::Varbinary(length) => bytes.truncate(*length as usize),
        _ => {}
    }
}

/// Text to a scalar type.
pub(super) fn from_text(to: &DataType, rules: &Rules) -> Option<Convert> {
    let lenient = rules.lenient;
    let target = to.kind.clone();
    Some(match &to.kind {
        TypeKind::Boolean => Box::new(move |array| booleans(array, lenient)),
        TypeKind::TinyInt => numbers::<Int8Type>(to, lenient, |text| parse::integer(text, 8).map(|value| value as i8)),
        TypeKind::SmallInt => {
            numbers::<Int16Type>(to, lenient, |text| parse::integer(text, 16).map(|value| value as i16))
        }
        TypeKind::Int => numbers::<Int32Type>(to, lenient, |text| parse::integer(text, 32).map(|value| value as i32)),
        TypeKind::BigInt => numbers::<Int64Type>(to, lenient, |text| parse::integer(text, 64)),
        TypeKind::Float => numbers::<Float32Type>(to, lenient, parse::float),
        TypeKind::Double => numbers::<Float64Type>(to, lenient, parse::double),
        TypeKind::Decimal { precision, scale } => {
            let (precision, scale) = (*precision, *scale);
            numbers::<Decimal128Type>(to, lenient, move |text| {
                let text = parse::trim(text);
                let number = decimal::parse(text, precision, scale).ok().flatten();
                number.ok_or_else(|| format!("For input string: '{text}'. Overflow."))
            })
        }
        TypeKind::Date => numbers::<Date32Type>(to, lenient, parse::date),
        TypeKind::Time(precision) => {
            let precision = *precision;
            numbers::<Time32MillisecondType>(to, lenient, move |text| {
                parse::time(text).map(|millis| temporal::truncate_time(millis, precision))
            })
        }
        TypeKind::Timestamp(precision) => {
            let precision = *precision;
            temporal::stamps_of_texts(precision, lenient, None)
        }
        TypeKind::TimestampLtz(precision) => temporal::stamps_of_texts(*precision, lenient, Some(rules.zone.clone())),
        TypeKind::Binary(_) | TypeKind::Varbinary(_) => Box::new(move |array| {
            let texts = array.as_string::<i32>();
            map_to_binaries(std::slice::from_ref(array), array.len(), |row, out| {
                out.extend_from_slice(texts.value(row).as_bytes());
                fit_bytes(out, &target);
                Ok(true)
            })
        }),
        _ => return None,
    })
}

/// A failure to read a row's text: NULL if lenient.
pub(super) fn read<T>(row: usize, lenient: bool, result: Result<T, String>) -> Result<Option<T>, EvaluationError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(_) if lenient => Ok(None),
        Err(message) => Err(failed(row, message)),
    }
}

fn numbers<T: ArrowPrimitiveType>(
    to: &DataType,
    lenient: bool,
    parse: impl Fn(&str) -> Result<T::Native, String> + Send + 'static,
) -> Convert {
    let arrow_type = to.to_arrow();
    Box::new(move |array| {
        let texts = array.as_string::<i32>();
        map_to_numbers::<T>(std::slice::from_ref(array), array.len(), &arrow_type, |row| {
            read(row, lenient, parse(texts.value(row)))
        })
    })
}

fn booleans(array: &ArrayRef, lenient: bool) -> Result<ArrayRef, EvaluationError> {
    let texts = array.as_string::<i32>();
    let truth = map_to_booleans(std::slice::from_ref(array), array.len(), |row| {
        read(row, lenient, parse::boolean(texts.value(row)))
    })?;
    debug_assert!(truth.as_any().is::<BooleanArray>());
    Ok(truth)
}
