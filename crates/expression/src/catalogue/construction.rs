//! Signatures of ROW, ARRAY and MAP, of access to their parts, of CARDINALITY and ELEMENT.

use flott_record::{DataType, Field, TypeKind, Value};

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError, can_cast_implicitly, common_type};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    Some(match name {
        "ROW" => Ok(row(call)),
        "ARRAY" => array(call),
        "MAP" => map(call),
        "FIELD" if call.len() == 2 => field(call),
        "ITEM" if call.len() == 2 => item(call),
        "CARDINALITY" => call
            .of(&[Family::Collection], "CARDINALITY(<MULTISET>)\nCARDINALITY(<ARRAY>)\nCARDINALITY(<MAP>)")
            .map(|call| call.gives(TypeKind::Int)),
        "ELEMENT" => element(call),
        _ => return None,
    })
}

fn row(call: Call<'_>) -> Resolution {
    let named = |(index, data_type): (usize, &DataType)| Field::new(format!("EXPR${index}"), data_type.clone());
    let fields: Vec<Field> = call.types.iter().enumerate().map(named).collect();
    call.gives_exactly(TypeKind::Row(fields).not_null())
}

fn array(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let types: Vec<&DataType> = call.types.iter().collect();
    let Some(element) = common_type(&types) else {
        let message =
            if call.is_empty() { "Require at least 1 argument" } else { "Parameters must be of the same type" };
        return Err(call.wrong_value(message));
    };
    let call = call.cast_all(&element.kind);
    Ok(call.gives_exactly(TypeKind::Array(Box::new(element)).not_null()))
}

fn map(call: Call<'_>) -> Result<Resolution, SignatureError> {
    if call.is_empty() || !call.len().is_multiple_of(2) {
        return Err(call.wrong_value("Map requires an even, positive number of arguments"));
    }
    let keys: Vec<&DataType> = call.types.iter().step_by(2).collect();
    let values: Vec<&DataType> = call.types.iter().skip(1).step_by(2).collect();
    let (Some(key), Some(value)) = (common_type(&keys), common_type(&values)) else {
        return Err(call.wrong_value("Parameters must be of the same type"));
    };
    let call = (0..call.len()).fold(call, |call, index| {
        let part = if index % 2 == 0 { &key } else { &value };
        call.cast(index, part.kind.clone())
    });
    Ok(call.gives_exactly(TypeKind::Map(Box::new(key), Box::new(value)).not_null()))
}

/// A field by its position, which is a literal.
fn field(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let found = match (call.kind(0), call.integer_literal(1)) {
        (TypeKind::Row(fields) | TypeKind::Structured(_, fields), Some(position)) => {
            usize::try_from(position).ok().and_then(|at| fields.get(at))
        }
        _ => None,
    };
    let Some(data_type) = found.map(|field| field.data_type.clone()) else {
        return Err(call.wrong("<ROW>, <INT LITERAL>"));
    };
    let nullable = data_type.nullable || call.types[0].nullable;
    Ok(call.gives_exactly(data_type.with_nullable(nullable)))
}

fn item(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let container = call.types[0].clone();
    match &container.kind {
        TypeKind::Array(element) => {
            let narrow = call.kind(1).is_integer() && *call.kind(1) != TypeKind::BigInt;
            if !narrow && *call.kind(1) != TypeKind::Null {
                return Err(call.wrong("<ARRAY>[<INTEGER>]"));
            }
            if let Some(index) = call.integer_literal(1).filter(|index| *index < 1) {
                return Err(
                    call.wrong_value(format!("Array element access needs an index starting at 1 but was {index}."))
                );
            }
            Ok(call.cast(1, TypeKind::Int).gives_exactly(element.kind.clone().nullable()))
        }
        TypeKind::Map(key, value) => {
            let texts = key.kind.is_character() && call.kind(1).is_character();
            let numbers = key.kind.is_numeric() && call.kind(1).is_numeric();
            if !texts && !numbers && !can_cast_implicitly(&call.types[1], key) {
                return Err(call.wrong("<MAP>[<ANY>]"));
            }
            let value = value.kind.clone().nullable();
            let call = if texts { call } else { call.cast(1, key.kind.clone()) };
            Ok(call.gives_exactly(value))
        }
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            let found = position_of(&call, fields).and_then(|position| fields.get(position)).cloned();
            let Some(field) = found else { return Err(call.wrong("<ROW>[<FIELD NAME OR POSITION LITERAL>]")) };
            let nullable = field.data_type.nullable || container.nullable;
            Ok(call.gives_exactly(field.data_type.with_nullable(nullable)))
        }
        TypeKind::Variant if call.kind(1).is_character() => Ok(call.gives_nullable(TypeKind::Variant)),
        TypeKind::Variant if call.kind(1).is_integer() => {
            Ok(call.cast(1, TypeKind::Int).gives_nullable(TypeKind::Variant))
        }
        _ => Err(call
            .wrong("<ARRAY>[<INTEGER>]\n<MAP>[<ANY>]\n<ROW>[<CHARACTER>|<INTEGER>]\n<VARIANT>[<CHARACTER>|<INTEGER>]")),
    }
}

/// The position of a field which a literal names (`r['f']`) or counts from 1 (`r[1]`).
fn position_of(call: &Call<'_>, fields: &[Field]) -> Option<usize> {
    match call.literal(1)? {
        Value::String(name) => fields.iter().position(|field| field.name == *name),
        _ => usize::try_from(call.integer_literal(1)?).ok()?.checked_sub(1),
    }
}

fn element(call: Call<'_>) -> Result<Resolution, SignatureError> {
    const EXPECTED: &str = "ELEMENT(<MULTISET>)\nELEMENT(<ARRAY>)";
    if call.len() != 1 {
        return Err(call.wrong(EXPECTED));
    }
    match call.kind(0).clone() {
        TypeKind::Array(element) => {
            let nullable = element.nullable || call.types[0].nullable;
            Ok(call.gives_exactly(element.with_nullable(nullable)))
        }
        _ => Err(call.wrong(EXPECTED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(name: &str, arguments: &[(DataType, Option<Value>)]) -> String {
        let argument = |(data_type, literal): &(DataType, Option<Value>)| Argument {
            data_type: data_type.clone(),
            literal: literal.clone(),
        };
        let arguments: Vec<Argument> = arguments.iter().map(argument).collect();
        match resolve(name, &arguments).expect("construction") {
            Ok(resolution) => resolution.data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn parts_make_the_type_of_the_whole() {
        let int = (TypeKind::Int.not_null(), None);
        let text = (TypeKind::Char(1).not_null(), None);
        assert_eq!(
            result("ROW", &[int.clone(), text.clone()]),
            "ROW<`EXPR$0` INT NOT NULL, `EXPR$1` CHAR(1) NOT NULL> NOT NULL"
        );
        assert_eq!(result("ARRAY", &[int.clone(), int.clone()]), "ARRAY<INT NOT NULL> NOT NULL");
        assert!(result("ARRAY", &[int.clone(), text.clone()]).contains("Parameters must be of the same type"));
        assert_eq!(result("MAP", &[text, int]), "MAP<CHAR(1) NOT NULL, INT NOT NULL> NOT NULL");
    }

    #[test]
    fn items_may_be_missing() {
        let array = (TypeKind::Array(Box::new(TypeKind::Int.not_null())).not_null(), None);
        assert_eq!(result("ITEM", &[array.clone(), (TypeKind::Int.not_null(), Some(Value::Int(5)))]), "INT");
        assert!(result("ITEM", &[array, (TypeKind::Int.not_null(), Some(Value::Int(0)))]).contains("but was 0."));
    }
}
