//! Signatures of IF, COALESCE, IFNULL, NULLIF, GREATEST, LEAST and TYPEOF.

use flott_record::{DataType, TypeKind};

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError, common_type};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    Some(match (name, call.len()) {
        ("IF", 3) => condition(call),
        ("IFNULL", 2) | ("COALESCE", 1..) => first_value(call),
        ("NULLIF", 2) => null_if(call),
        ("GREATEST" | "LEAST", 1..) => extreme(call),
        ("TYPEOF", 1 | 2) => type_of(call),
        ("IF", _) => Err(call.wrong("<BOOLEAN>, <COMMON>, <COMMON>")),
        ("IFNULL" | "NULLIF", _) => Err(call.wrong("<COMMON>, <COMMON>")),
        ("COALESCE" | "GREATEST" | "LEAST", _) => Err(call.wrong("<COMMON>, <COMMON>...")),
        ("TYPEOF", _) => Err(call.wrong("<ANY> or <ANY>, <BOOLEAN LITERAL NOT NULL>")),
        _ => return None,
    })
}

fn condition(call: Call<'_>) -> Result<Resolution, SignatureError> {
    const EXPECTED: &str = "<BOOLEAN>, <COMMON>, <COMMON>";
    if !Family::Boolean.admits(call.kind(0)) {
        return Err(call.wrong(EXPECTED));
    }
    let Some(common) = common_type(&[&call.types[1], &call.types[2]]) else { return Err(call.wrong(EXPECTED)) };
    let nullable = common.nullable || call.types[0].nullable;
    let call = call.cast(0, TypeKind::Boolean).cast(1, common.kind.clone()).cast(2, common.kind.clone());
    Ok(call.gives_exactly(common.with_nullable(nullable)))
}

fn common<'a>(call: Call<'a>) -> Result<(Call<'a>, TypeKind), SignatureError> {
    let types: Vec<&DataType> = call.types.iter().collect();
    match common_type(&types) {
        Some(common) => {
            let kind = if common.kind == TypeKind::Double { approximate(&call.types) } else { common.kind };
            Ok((call.cast_all(&kind), kind))
        }
        None => Err(call.wrong(&format!("{}(<COMMON>, <COMMON>...)", call.name))),
    }
}

/// The type of numbers of which one is approximate at least: Flink's own functions make FLOAT of a DECIMAL before a FLOAT, and DOUBLE of a
/// FLOAT before a DECIMAL.
fn approximate(types: &[DataType]) -> TypeKind {
    let merged = types.iter().map(|data_type| &data_type.kind).reduce(|left, right| match (left, right) {
        (TypeKind::Null, other) | (other, TypeKind::Null) => other,
        (TypeKind::Decimal { .. }, TypeKind::Float) => right,
        (TypeKind::Float, TypeKind::Decimal { .. }) => &TypeKind::Double,
        (TypeKind::Double, _) | (_, TypeKind::Double) => &TypeKind::Double,
        (TypeKind::Float, _) | (_, TypeKind::Float) => &TypeKind::Float,
        _ => left,
    });
    match merged {
        Some(TypeKind::Float) => TypeKind::Float,
        _ => TypeKind::Double,
    }
}

/// NULL only if all arguments are.
fn first_value(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let nullable = call.types.iter().all(|data_type| data_type.nullable);
    let (call, kind) = common(call)?;
    Ok(call.gives_exactly(DataType { kind, nullable }))
}

fn null_if(call: Call<'_>) -> Result<Resolution, SignatureError> {
    super::comparison::resolve("=", call.arguments).unwrap_or_else(|| Err(call.wrong("<COMMON>, <COMMON>")))?;
    let first = if *call.kind(0) == TypeKind::Null { call.kind(1).clone() } else { call.kind(0).clone() };
    let call = call.cast(0, first.clone());
    let call = if *call.kind(1) == TypeKind::Null { call.cast(1, first.clone()) } else { call };
    Ok(call.gives_nullable(first))
}

/// NULL if an argument is.
fn extreme(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let unordered = call.invalid_call();
    let (call, kind) = common(call).map_err(|_| unordered.clone())?;
    let nested = matches!(
        kind,
        TypeKind::Array(_) | TypeKind::Map(..) | TypeKind::Multiset(_) | TypeKind::Row(_) | TypeKind::Structured(..)
    );
    if nested {
        return Err(unordered);
    }
    Ok(call.gives(kind))
}

fn type_of(call: Call<'_>) -> Result<Resolution, SignatureError> {
    if call.len() == 2 && (*call.kind(1) != TypeKind::Boolean || call.literal(1).is_none()) {
        return Err(call.invalid_call());
    }
    Ok(call.gives_nullable(TypeKind::string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(name: &str, types: &[DataType]) -> String {
        let arguments: Vec<Argument> =
            types.iter().map(|data_type| Argument { data_type: data_type.clone(), literal: None }).collect();
        match resolve(name, &arguments).expect("conditional") {
            Ok(resolution) => resolution.data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn results_are_as_nullable_as_in_flink() {
        let decimal = TypeKind::Decimal { precision: 2, scale: 1 };
        assert_eq!(
            result("COALESCE", &[TypeKind::Null.nullable(), TypeKind::Int.not_null(), decimal.clone().not_null()]),
            "DECIMAL(11, 1) NOT NULL"
        );
        assert_eq!(result("NULLIF", &[TypeKind::Int.not_null(), TypeKind::Double.not_null()]), "INT");
        assert_eq!(result("GREATEST", &[TypeKind::Int.not_null(), TypeKind::Int.nullable()]), "INT");
        assert_eq!(
            result("IF", &[TypeKind::Boolean.nullable(), TypeKind::Int.not_null(), decimal.not_null()]),
            "DECIMAL(11, 1)"
        );
        assert!(
            result("GREATEST", &[TypeKind::Int.not_null(), TypeKind::string().not_null()])
                .contains("Invalid function call:\nGREATEST(INT NOT NULL, STRING NOT NULL)")
        );
    }
}
