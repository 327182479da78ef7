//! Signatures of the JSON functions.
//!
//! Canonical call forms; words are STRING literals, `type` is an untyped or typed NULL literal whose type is the one after `RETURNING`:
//!
//! * `JSON_EXISTS(input, path[, on_error])`, `on_error` being `'FALSE'` (the default), `'TRUE'`, `'UNKNOWN'` or `'ERROR'`;
//! * `JSON_VALUE(input, path[, type, on_empty, empty, on_error, error])`: behaviours `'NULL'` (the default), `'ERROR'` or `'DEFAULT'`, each
//!   followed by its default value (a NULL literal where there is none);
//! * `JSON_QUERY(input, path[, type, wrapper, on_empty, on_error])`: wrapper `'WITHOUT'` (the default), `'CONDITIONAL'` or
//!   `'UNCONDITIONAL'`; behaviours `'NULL'` (the default), `'ERROR'`, `'EMPTY ARRAY'`, `'EMPTY OBJECT'`;
//! * `JSON_OBJECT(on_null, key, form, value, key, form, value …)` and `JSON_ARRAY(on_null, form, value …)`: `on_null` is `'NULL'` (the default of
//!   JSON_OBJECT) or `'ABSENT'` (the default of JSON_ARRAY); `form` is `'JSON'` where the value is JSON text that is to be put in as it is
//!   (the argument of `JSON(…)`, a call of JSON_OBJECT or JSON_ARRAY, `FORMAT JSON`), else `'SQL'`;
//! * `x IS [NOT] JSON [VALUE|OBJECT|ARRAY|SCALAR]` is `IS JSON VALUE(x)`, `IS NOT JSON OBJECT(x)` and so on.

use flott_record::{TypeKind, Value};

use super::casts::full_name;
use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError};

use Family::{Any, Boolean, Character};

type Resolved = Result<Resolution, SignatureError>;

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let name = match name {
        "IS JSON" => "IS JSON VALUE",
        "IS NOT JSON" => "IS NOT JSON VALUE",
        other => other,
    };
    let call = Call::new(name, arguments);
    let resolved = match name {
        "JSON_EXISTS" => call
            .of_at_least(&[Character; 3], 2, "JSON_EXISTS(<CHARACTER>, <CHARACTER>)")
            .map(|call| call.gives_nullable(TypeKind::Boolean)),
        "JSON_VALUE" => value(call),
        "JSON_QUERY" => query(call),
        "JSON_OBJECT" => object(call),
        "JSON_ARRAY" => array(call),
        "JSON_STRING" => {
            let call = call.of(&[Any], "JSON_STRING(<ANY>)");
            call.and_then(|call| writable(&call, 0).map(|()| call.gives(TypeKind::string())))
        }
        "JSON_QUOTE" | "JSON_UNQUOTE" => {
            let expected = format!("{name}(<CHARACTER_STRING>)");
            call.of(&[Character], &expected).map(|call| call.gives(TypeKind::string()))
        }
        "PARSE_JSON" | "TRY_PARSE_JSON" => {
            let expected = format!("{name}(<CHARACTER_STRING>)\n{name}(<CHARACTER_STRING>, <BOOLEAN>)");
            let call = call.of_at_least(&[Character, Boolean], 1, &expected);
            let may_fail = name == "TRY_PARSE_JSON";
            call.map(|call| {
                if may_fail { call.gives_nullable(TypeKind::Variant) } else { call.gives(TypeKind::Variant) }
            })
        }
        _ if name.starts_with("IS JSON ") || name.starts_with("IS NOT JSON ") => predicate(call),
        "JSON" => Err(call.wrong_value(
            "The JSON() function is currently only supported inside JSON_ARRAY() or as the VALUE param of JSON_OBJECT()",
        )),
        _ => return None,
    };
    Some(resolved)
}

fn predicate(call: Call<'_>) -> Resolved {
    let expected = format!("'<CHARACTER> {}'", call.name);
    call.of(&[Character], &expected).map(|call| call.gives_exactly(TypeKind::Boolean.not_null()))
}

/// A VARIANT is read as the JSON text as which it lies.
fn of_variant(call: Call<'_>) -> Call<'_> {
    match call.types.first() {
        Some(first) if first.kind == TypeKind::Variant => {
            let mut call = Call { types: call.types.clone(), ..call };
            call.types[0].kind = TypeKind::string();
            call
        }
        _ => call,
    }
}

fn value(call: Call<'_>) -> Resolved {
    let expected = "JSON_VALUE(<CHARACTER>, <CHARACTER>)";
    let call =
        of_variant(call).of_at_least(&[Character, Character, Any, Character, Any, Character, Any], 2, expected)?;
    if call.len() == 2 {
        return Ok(call.gives_nullable(TypeKind::string()));
    }
    let kind = match call.kind(2) {
        TypeKind::Null => TypeKind::string(),
        kind @ (TypeKind::Boolean | TypeKind::Int | TypeKind::Double) => kind.clone(),
        kind if kind.is_character() => kind.clone(),
        other => {
            let name = full_name(other);
            return Err(call.wrong_value(format!("Unsupported type '{name}' for RETURNING in JSON_VALUE().")));
        }
    };
    let mut call = call.cast(2, kind.clone());
    for default in [4, 6] {
        if default < call.len() {
            call = call.cast(default, kind.clone());
        }
    }
    Ok(call.gives_nullable(kind))
}

fn query(call: Call<'_>) -> Resolved {
    let expected = "JSON_QUERY(<CHARACTER>, <CHARACTER>)";
    let call =
        of_variant(call).of_at_least(&[Character, Character, Any, Character, Character, Character], 2, expected)?;
    let kind = match call.types.get(2).map(|data_type| &data_type.kind) {
        None | Some(TypeKind::Null) => TypeKind::string(),
        Some(kind) if kind.is_character() => kind.clone(),
        Some(kind @ TypeKind::Array(element)) if element.kind.is_character() => kind.clone(),
        Some(TypeKind::Array(element)) => {
            let name = full_name(&element.kind);
            let message = format!("Unsupported array element type '{name}' for RETURNING ARRAY in JSON_QUERY()");
            return Err(call.wrong_value(message));
        }
        Some(other) => {
            let name = full_name(other);
            return Err(call.wrong_value(format!("Unsupported type '{name}' for RETURNING in JSON_QUERY().")));
        }
    };
    if matches!(kind, TypeKind::Array(_)) {
        for (index, moment) in [(4, "empty"), (5, "error")] {
            if let Some(Value::String(behaviour)) = call.literal(index)
                && behaviour == "EMPTY OBJECT"
            {
                let name = full_name(&kind);
                let message = format!("Illegal on {moment} behavior 'EMPTY OBJECT' for return type: {name}");
                return Err(call.wrong_value(message));
            }
        }
    }
    let call = if call.len() > 2 { call.cast(2, kind.clone()) } else { call };
    Ok(call.gives_nullable(kind))
}

fn object(call: Call<'_>) -> Resolved {
    let expected = "JSON_OBJECT(KEY <CHARACTER> VALUE <ANY>, …)";
    let entries = call.types.get(1..).unwrap_or(&[]).chunks(3);
    let fits = entries
        .clone()
        .all(|entry| entry.len() == 3 && Character.admits(&entry[0].kind) && Character.admits(&entry[1].kind));
    if !fits || call.is_empty() {
        return Err(call.wrong(expected));
    }
    (3..call.len()).step_by(3).try_for_each(|index| writable(&call, index))?;
    Ok(call.gives_exactly(TypeKind::string().not_null()))
}

fn array(call: Call<'_>) -> Resolved {
    if call.is_empty() || call.len().is_multiple_of(2) {
        return Err(call.wrong("JSON_ARRAY(<ANY>, …)"));
    }
    (2..call.len()).step_by(2).try_for_each(|index| writable(&call, index))?;
    Ok(call.gives_exactly(TypeKind::string().not_null()))
}

/// Whether values of the argument's type have a JSON form.
fn writable(call: &Call<'_>, index: usize) -> Result<(), SignatureError> {
    match unwritable(call.kind(index)) {
        None => Ok(()),
        Some(kind) => Err(call.wrong_value(format!(
            "Unsupported argument type. Expected type of family 'CHARACTER_STRING' but actual type was '{kind}'."
        ))),
    }
}

/// The part of a type that has no JSON form.
fn unwritable(kind: &TypeKind) -> Option<&TypeKind> {
    match kind {
        TypeKind::Date | TypeKind::Time(_) | TypeKind::IntervalYearMonth | TypeKind::IntervalDayTime => Some(kind),
        TypeKind::Bitmap => Some(kind),
        TypeKind::Array(element) => unwritable(&element.kind),
        TypeKind::Map(key, _) | TypeKind::Multiset(key) if !key.kind.is_character() => Some(kind),
        TypeKind::Map(_, value) => unwritable(&value.kind),
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            fields.iter().find_map(|field| unwritable(&field.data_type.kind))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Argument {
        let kind = TypeKind::Char(text.len() as u32);
        Argument { data_type: kind.not_null(), literal: Some(Value::String(text.to_string())) }
    }

    fn typed(kind: TypeKind) -> Argument {
        Argument { data_type: kind.nullable(), literal: Some(Value::Null) }
    }

    fn type_of(name: &str, arguments: &[Argument]) -> String {
        match resolve(name, arguments).expect("a JSON function") {
            Ok(resolution) => resolution.data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn types_are_those_of_flink() {
        let (input, path) = (word("{}"), word("$"));
        assert_eq!(type_of("JSON_VALUE", &[input.clone(), path.clone()]), "STRING");
        assert_eq!(type_of("JSON_EXISTS", &[input.clone(), path.clone(), word("UNKNOWN")]), "BOOLEAN");
        let none = typed(TypeKind::Null);
        let value = |kind| {
            let arguments =
                [input.clone(), path.clone(), typed(kind), word("NULL"), none.clone(), word("DEFAULT"), word("1")];
            type_of("JSON_VALUE", &arguments)
        };
        assert_eq!(value(TypeKind::Int), "INT");
        assert!(value(TypeKind::BigInt).contains("Unsupported type 'BIGINT' for RETURNING in JSON_VALUE()."));
        let ints = TypeKind::Array(Box::new(TypeKind::Int.nullable()));
        let query = [input.clone(), path, typed(ints), word("WITHOUT"), word("NULL"), word("NULL")];
        assert!(type_of("JSON_QUERY", &query).contains("Unsupported array element type 'INTEGER'"));
        let object = [word("NULL"), word("k"), word("SQL"), typed(TypeKind::Int)];
        assert_eq!(type_of("JSON_OBJECT", &object), "STRING NOT NULL");
        assert_eq!(type_of("JSON_ARRAY", &[word("ABSENT")]), "STRING NOT NULL");
        assert_eq!(type_of("IS JSON", &[input]), "BOOLEAN NOT NULL");
        assert!(type_of("JSON_STRING", &[typed(TypeKind::Date)]).contains("Unsupported argument type"));
    }
}
