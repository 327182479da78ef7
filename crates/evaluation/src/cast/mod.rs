//! CAST and TRY_CAST between all types.
//!
//! A cast is compiled into a conversion of whole arrays. What a target cannot hold is treated as Flink treats it: integers wrap,
//! floating-point numbers saturate, decimals become NULL, text that cannot be read fails the row (or becomes NULL with TRY_CAST).

mod cells;
mod nested;
mod number;
mod parse;
mod temporal;
mod text;

pub(crate) use cells::stored;

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_select::concat::concat;
use flott_expression::CastMode;
use flott_record::value_array::null_array;
use flott_record::{DataType, TypeKind};

use crate::evaluator::{CompileError, EvaluationError, Session};
use crate::functions::{Frame, ScalarFunction};
use crate::zone::Zone;

/// The conversion of an array.
pub(crate) type Convert = Box<dyn Fn(&ArrayRef) -> Result<ArrayRef, EvaluationError> + Send>;

/// What all conversions of one cast share.
#[derive(Clone)]
pub(crate) struct Rules {
    /// TRY_CAST: text that cannot be read is NULL.
    lenient: bool,
    /// The session's time zone.
    zone: Zone,
}

/// Compiles a cast; `None` if values need no conversion.
///
/// # Errors
/// A pair of types that is not supported, or an unknown time zone.
pub(crate) fn compile(
    from: &DataType,
    to: &DataType,
    mode: CastMode,
    session: &Session,
) -> Result<Option<Box<dyn ScalarFunction>>, CompileError> {
    if from.kind == to.kind {
        return Ok(None);
    }
    let zone = Zone::parse(&session.time_zone)
        .ok_or_else(|| CompileError::WrongConstant(format!("no time zone '{}' exists", session.time_zone)))?;
    let nested = matches!(
        to.kind,
        TypeKind::Array(_) | TypeKind::Map(..) | TypeKind::Multiset(_) | TypeKind::Row(_) | TypeKind::Structured(..)
    );
    // A nested value is NULL as a whole if a part of it cannot be read, hence the parts are converted strictly.
    let row_wise = nested && mode == CastMode::TryCast;
    let rules = Rules { lenient: mode == CastMode::TryCast && !nested, zone };
    let convert = conversion(from, to, &rules)?;
    let can_fail = can_fail(&from.kind, &to.kind);
    Ok(Some(Box::new(Cast { convert, row_wise, can_fail: can_fail && mode == CastMode::Cast })))
}

struct Cast {
    convert: Convert,
    row_wise: bool,
    can_fail: bool,
}

impl ScalarFunction for Cast {
    fn call(&mut self, arguments: &[ArrayRef], _frame: &Frame) -> Result<ArrayRef, EvaluationError> {
        match (self.convert)(&arguments[0]) {
            Err(_) if self.row_wise => self.convert_rows(&arguments[0]),
            result => result,
        }
    }

    fn can_fail(&self) -> bool {
        self.can_fail
    }
}

impl Cast {
    /// Each row by itself, NULL where it fails.
    fn convert_rows(&self, array: &ArrayRef) -> Result<ArrayRef, EvaluationError> {
        let convert = |row| (self.convert)(&array.slice(row, 1));
        let empty = (self.convert)(&array.slice(0, 0))?;
        let null = arrow_array::new_null_array(empty.data_type(), 1);
        let rows: Vec<ArrayRef> =
            (0..array.len()).map(|row| convert(row).unwrap_or_else(|_| Arc::clone(&null))).collect();
        let parts: Vec<&dyn Array> = rows.iter().map(AsRef::as_ref).collect();
        Ok(concat(&parts)?)
    }
}

fn can_fail(from: &TypeKind, to: &TypeKind) -> bool {
    let numbers = |kind: &TypeKind| kind.is_numeric() || *kind == TypeKind::Boolean;
    let to_decimal = from.is_approximate() && matches!(to, TypeKind::Decimal { .. });
    !(numbers(from) && numbers(to) && !to_decimal || to.is_character() || *from == TypeKind::Null)
}

/// The conversion between two types.
pub(crate) fn conversion(from: &DataType, to: &DataType, rules: &Rules) -> Result<Convert, CompileError> {
    let (source, target) = (&from.kind, &to.kind);
    if source == target {
        return Ok(Box::new(|array| Ok(Arc::clone(array))));
    }
    if *source == TypeKind::Null {
        let to = to.clone();
        return Ok(Box::new(move |array| Ok(null_array(&to, array.len()))));
    }
    let found = if target.is_character() {
        text::to_text(from, target, rules)
    } else if source.is_character() {
        text::from_text(to, rules)
    } else if source.is_binary() && target.is_binary() {
        Some(text::resize_bytes(target))
    } else if source.is_datetime() && target.is_datetime() {
        temporal::conversion(source, target, rules)
    } else if number::is_source(source) {
        number::conversion(source, to)
    } else {
        nested::conversion(from, to, rules)?
    };
    found.ok_or_else(|| CompileError::NotSupported(format!("CAST({source} AS {target})")))
}
