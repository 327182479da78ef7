//! Signatures of comparison, of tests for NULL and truth, of logic, and of LIKE and SIMILAR TO.

use flott_record::{DataType, TypeKind};

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError, common_type};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    Some(match name {
        "=" | "<>" => compare(call, false),
        "<" | "<=" | ">" | ">=" => compare(call, true),
        "IS DISTINCT FROM" | "IS NOT DISTINCT FROM" => {
            compare(call, false).map(|resolution| Resolution { data_type: truth(false), ..resolution })
        }
        "IN" | "NOT IN" => member(call),
        "IS NULL" | "IS NOT NULL" if call.len() == 1 => Ok(call.gives_exactly(truth(false))),
        "IS TRUE" | "IS NOT TRUE" | "IS FALSE" | "IS NOT FALSE" | "IS UNKNOWN" | "IS NOT UNKNOWN" => {
            call.of(&[Family::Boolean], "<BOOLEAN>").map(|call| call.gives_exactly(truth(false)))
        }
        "NOT" => call.of(&[Family::Boolean], "NOT<BOOLEAN>").map(|call| call.gives(TypeKind::Boolean)),
        "AND" | "OR" => logic(call),
        "LIKE" | "NOT LIKE" | "SIMILAR TO" | "NOT SIMILAR TO" => {
            let texts = [Family::Character, Family::Character, Family::Character];
            call.of_at_least(&texts, 2, "<STRING>, <STRING>, <STRING>").map(|call| call.gives(TypeKind::Boolean))
        }
        _ => return None,
    })
}

fn truth(nullable: bool) -> DataType {
    DataType { kind: TypeKind::Boolean, nullable }
}

fn logic(call: Call<'_>) -> Result<Resolution, SignatureError> {
    if !call.fits_all(Family::Boolean, 2, usize::MAX) {
        return Err(call.wrong("<BOOLEAN>, <BOOLEAN>"));
    }
    Ok(call.cast_all(&TypeKind::Boolean).gives(TypeKind::Boolean))
}

const COMPARABLE: &str = "<COMPARABLE_TYPE>, <COMPARABLE_TYPE>";

/// Two values; an untyped NULL takes the other's type.
fn compare(call: Call<'_>, ordered: bool) -> Result<Resolution, SignatureError> {
    if call.len() != 2 {
        return Err(call.wrong(COMPARABLE));
    }
    let (left, right) = (call.types[0].clone(), call.types[1].clone());
    let call = match (&left.kind, &right.kind) {
        (TypeKind::Null, _) => call.cast(0, right.kind.clone()),
        (_, TypeKind::Null) => call.cast(1, left.kind.clone()),
        _ => meet(call, &left, &right, ordered)?,
    };
    if ordered && !is_ordered(call.kind(0)) {
        return Err(call.wrong_value(format!("Comparable type expected, but was '{}'.", call.types[0])));
    }
    Ok(call.gives(TypeKind::Boolean))
}

fn is_ordered(kind: &TypeKind) -> bool {
    !matches!(
        kind,
        TypeKind::Array(_)
            | TypeKind::Map(..)
            | TypeKind::Multiset(_)
            | TypeKind::Row(_)
            | TypeKind::Structured(..)
            | TypeKind::Variant
            | TypeKind::Bitmap
    )
}

/// Brings two typed values to types that can be compared.
fn meet<'a>(call: Call<'a>, left: &DataType, right: &DataType, ordered: bool) -> Result<Call<'a>, SignatureError> {
    let (a, b) = (&left.kind, &right.kind);
    // A text beside a date or time is read as one when compared; what cannot be read is NULL.
    if (a.is_character() && b.is_datetime()) || (a.is_datetime() && b.is_character()) {
        return Ok(call);
    }
    if (a.is_character() && b.is_numeric()) || (a.is_numeric() && b.is_character()) {
        if !ordered {
            return Err(call.wrong_value(no_implicit_conversion(a, b)));
        }
        let (index, kind) = if a.is_character() { (0, b.clone()) } else { (1, a.clone()) };
        return Ok(call.cast(index, kind));
    }
    if (a.is_character() && b.is_character()) || (a.is_binary() && b.is_binary()) {
        return Ok(call);
    }
    if *a == TypeKind::Date && b.is_timestamp() || *b == TypeKind::Date && a.is_timestamp() {
        return Err(call.wrong(COMPARABLE));
    }
    if let (TypeKind::Structured(one, _), TypeKind::Structured(other, _)) = (a, b)
        && one != other
    {
        return Err(call.wrong_value("Incompatible structured types"));
    }
    match common_type(&[left, right]) {
        Some(common) => Ok(call.cast_all(&common.kind)),
        None => Err(call.wrong(COMPARABLE)),
    }
}

/// What Flink says where a number meets a text.
fn no_implicit_conversion(left: &TypeKind, right: &TypeKind) -> String {
    format!("implicit type conversion between {} and {} is not supported now", root(left), root(right))
}

/// The name of a type without its length or digits.
fn root(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Char(_) => "CHAR".to_string(),
        TypeKind::Varchar(_) => "VARCHAR".to_string(),
        TypeKind::Decimal { .. } => "DECIMAL".to_string(),
        TypeKind::Int => "INTEGER".to_string(),
        other => other.to_string(),
    }
}

/// A value among others.
fn member(call: Call<'_>) -> Result<Resolution, SignatureError> {
    const EXPECTED: &str = "<ANY>, <ANY>... of compatible types";
    if call.len() < 2 {
        return Err(call.wrong(EXPECTED));
    }
    let typed: Vec<&DataType> = call.types.iter().filter(|data_type| data_type.kind != TypeKind::Null).collect();
    let Some(first) = typed.first() else { return Ok(call.gives(TypeKind::Boolean)) };
    let common = match typed.iter().find(|data_type| data_type.kind.is_datetime()) {
        // Texts among dates and times are read as such.
        Some(moment) if typed.iter().any(|data_type| data_type.kind.is_character()) => Some((*moment).clone()),
        _ if typed.iter().all(|data_type| data_type.kind.is_character()) => Some((*first).clone()),
        _ => common_type(&typed),
    };
    let Some(common) = common else { return Err(call.wrong(EXPECTED)) };
    if common.kind.is_character() {
        let kinds: Vec<TypeKind> = call.types.iter().map(|data_type| data_type.kind.clone()).collect();
        let nulls = kinds.iter().enumerate().filter(|(_, kind)| **kind == TypeKind::Null);
        let call = nulls.fold(call, |call, (index, _)| call.cast(index, common.kind.clone()));
        return Ok(call.gives(TypeKind::Boolean));
    }
    Ok(call.cast_all(&common.kind).gives(TypeKind::Boolean))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(name: &str, types: &[DataType]) -> Result<Resolution, SignatureError> {
        let arguments: Vec<Argument> =
            types.iter().map(|data_type| Argument { data_type: data_type.clone(), literal: None }).collect();
        resolve(name, &arguments).expect("a comparison")
    }

    #[test]
    fn numbers_meet_and_texts_stay() {
        let resolution = result("=", &[TypeKind::Int.not_null(), TypeKind::Double.nullable()]).expect("comparable");
        assert_eq!(resolution.argument_types[0].kind, TypeKind::Double);
        assert_eq!(resolution.data_type, TypeKind::Boolean.nullable());
        let resolution = result("=", &[TypeKind::Date.not_null(), TypeKind::string().not_null()]).expect("comparable");
        assert_eq!(resolution.argument_types[1].kind, TypeKind::string());
    }

    #[test]
    fn what_flink_refuses_is_refused_in_its_words() {
        let error = result("=", &[TypeKind::Int.not_null(), TypeKind::Char(1).not_null()]).expect_err("refused");
        assert!(error.to_string().contains("implicit type conversion between INTEGER and CHAR is not supported now"));
        assert!(result("=", &[TypeKind::Date.not_null(), TypeKind::Timestamp(3).not_null()]).is_err());
        assert!(result("=", &[TypeKind::Boolean.not_null(), TypeKind::Int.not_null()]).is_err());
        let row = TypeKind::Row(Vec::new()).not_null();
        assert!(result("<", &[row.clone(), row]).expect_err("refused").to_string().contains("Comparable type"));
        assert!(result("IS TRUE", &[TypeKind::Int.nullable()]).is_err());
    }
}
