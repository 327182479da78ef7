//! Signatures of OBJECT_OF and OBJECT_UPDATE, which make and change values of structured types.
//!
//! `OBJECT_OF(class, name, value, …)` and `OBJECT_UPDATE(object, name, value, …)`; class and names are literals, from which the type follows.

use flott_record::{DataType, Field, TypeKind, Value};

use super::signature::Call;
use super::{Argument, Resolution, SignatureError};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    match name {
        "OBJECT_OF" => Some(object_of(call)),
        "OBJECT_UPDATE" => Some(object_update(call)),
        _ => None,
    }
}

/// A text that is a literal and not NULL.
fn text<'a>(call: &'a Call<'_>, index: usize) -> Option<&'a str> {
    match call.literal(index) {
        Some(Value::String(text)) if call.kind(index).is_character() => Some(text),
        _ => None,
    }
}

/// Names and types of the pairs behind the first argument.
fn pairs(call: &Call<'_>) -> Result<Vec<Field>, SignatureError> {
    let mut fields: Vec<Field> = Vec::new();
    for index in (1..call.len()).step_by(2) {
        let place = index + 1;
        let Some(name) = text(call, index) else {
            let message = format!("The field key at position {place} must be a non-nullable character string literal.");
            return Err(call.wrong_value(message));
        };
        if fields.iter().any(|field| field.name == name) {
            return Err(call.wrong_value(format!("The field name '{name}' at position {place} is repeated.")));
        }
        fields.push(Field::new(name, call.types[index + 1].clone()));
    }
    Ok(fields)
}

fn object_of(call: Call<'_>) -> Result<Resolution, SignatureError> {
    if call.is_empty() || call.len().is_multiple_of(2) {
        return Err(
            call.wrong("OBJECT_OF(className <CHARACTER_STRING>, [fieldName <CHARACTER_STRING>, fieldValue <ANY>]...)")
        );
    }
    let Some(class) = text(&call, 0).map(str::to_string) else {
        let message = "The first argument must be a non-nullable character string literal representing the class name.";
        return Err(call.wrong_value(message));
    };
    let fields = pairs(&call)?;
    Ok(call.gives_nullable(TypeKind::Structured(class, fields)))
}

/// The object's type with the types of the new values.
fn object_update(call: Call<'_>) -> Result<Resolution, SignatureError> {
    if call.len() < 3 || call.len().is_multiple_of(2) {
        return Err(
            call.wrong("OBJECT_UPDATE(object <STRUCTURED_TYPE>, [fieldName <CHARACTER_STRING>, fieldValue <ANY>]...)")
        );
    }
    let TypeKind::Structured(class, mut fields) = call.kind(0).clone() else {
        let given = &call.types[0];
        return Err(call.wrong_value(format!("The first argument must be a structured type, but was {given}.")));
    };
    for (number, new) in pairs(&call)?.into_iter().enumerate() {
        let Some(field) = fields.iter_mut().find(|field| field.name == new.name) else {
            let (name, place) = (&new.name, 2 * number + 2);
            let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            return Err(call.wrong_value(format!(
                "The field name '{name}' at position {place} is not part of the structured type attributes. Available attributes: [{}].",
                known.join(", ")
            )));
        };
        field.data_type = new.data_type;
    }
    let data_type = DataType { kind: TypeKind::Structured(class, fields), nullable: true };
    Ok(call.gives_exactly(data_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Argument {
        let kind = TypeKind::Char(text.len() as u32);
        Argument { data_type: kind.not_null(), literal: Some(Value::String(text.to_string())) }
    }

    fn type_of(name: &str, arguments: &[Argument]) -> String {
        match resolve(name, arguments).expect("a function on objects") {
            Ok(resolution) => resolution.data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn types_follow_from_names_and_values() {
        let one = Argument { data_type: TypeKind::Int.not_null(), literal: Some(Value::Int(1)) };
        let made = [word("x.C"), word("a"), one.clone()];
        assert_eq!(type_of("OBJECT_OF", &made), "STRUCTURED<'x.C', `a` INT NOT NULL>");
        let kind = resolve("OBJECT_OF", &made).expect("known").expect("fits").data_type;
        let object = Argument { data_type: kind, literal: None };
        assert_eq!(
            type_of("OBJECT_UPDATE", &[object.clone(), word("a"), word("xy")]),
            "STRUCTURED<'x.C', `a` CHAR(2) NOT NULL>"
        );
        assert!(type_of("OBJECT_UPDATE", &[object, word("b"), one.clone()]).contains("Available attributes: [a]."));
        assert!(type_of("OBJECT_OF", &[word("C"), one.clone(), one]).contains("field key at position 2 must be"));
    }
}
