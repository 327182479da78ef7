//! Signatures of the mathematical functions. `MOD` is an operator.

use flott_record::TypeKind;

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError, decimal};

use Family::{Integer, Numeric};

type Resolved = Result<Resolution, SignatureError>;

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let name = if name == "CEILING" { "CEIL" } else { name };
    let call = Call::new(name, arguments);
    let resolved = match name {
        "ABS" | "SIGN" => numeric(call).map(|call| {
            let kind = call.kind(0).clone();
            call.gives(kind)
        }),
        "CEIL" | "FLOOR" if call.len() == 1 => numeric(call).map(|call| {
            let kind = match call.kind(0) {
                TypeKind::Decimal { precision, .. } => TypeKind::Decimal { precision: *precision, scale: 0 },
                other => other.clone(),
            };
            call.gives(kind)
        }),
        "ROUND" | "TRUNCATE" => round(call),
        "SQRT" | "LN" | "LOG10" | "LOG2" | "EXP" | "SIN" | "SINH" | "COS" | "COSH" | "TAN" | "TANH" | "COT"
        | "ASIN" | "ACOS" | "ATAN" | "DEGREES" | "RADIANS" => numeric(call).map(of_doubles),
        "POWER" | "ATAN2" => {
            let expected = format!("{name}(<NUMERIC>, <NUMERIC>)");
            call.of(&[Numeric; 2], &expected).map(of_doubles)
        }
        "LOG" => call.of_at_least(&[Numeric; 2], 1, "LOG(<NUMERIC>)\nLOG(<NUMERIC>, <NUMERIC>)").map(of_doubles),
        "PI" | "E" => {
            let expected = format!("{name}()");
            call.of(&[], &expected).map(|call| call.gives(TypeKind::Double))
        }
        "RAND" => call
            .of_at_least(&[Integer], 0, "RAND()\nRAND(<INTEGER>)")
            .map(|call| integers(call).gives(TypeKind::Double)),
        "RAND_INTEGER" => call
            .of_at_least(&[Integer; 2], 1, "RAND_INTEGER(<INTEGER>)\nRAND_INTEGER(<INTEGER>, <INTEGER>)")
            .map(|call| integers(call).gives(TypeKind::Int)),
        _ => return None,
    };
    Some(resolved)
}

fn numeric(call: Call<'_>) -> Result<Call<'_>, SignatureError> {
    let name = call.name;
    let more = match name {
        "ABS" => "\nABS(<DATETIME_INTERVAL>)".to_string(),
        "CEIL" | "FLOOR" => format!(
            "\n{name}(<DATETIME_INTERVAL>)\n{name}(<DATE> TO <TIME_UNIT>)\n{name}(<TIME> TO <TIME_UNIT>)\n{name}(<TIMESTAMP> TO <TIME_UNIT>)"
        ),
        _ => String::new(),
    };
    call.of(&[Numeric], &format!("{name}(<NUMERIC>){more}"))
}

fn of_doubles(call: Call<'_>) -> Resolution {
    call.cast_all(&TypeKind::Double).gives(TypeKind::Double)
}

fn integers(call: Call<'_>) -> Call<'_> {
    call.cast_all(&TypeKind::Int)
}

/// A DECIMAL loses the digits that are rounded away if their number is a constant, and may gain one before the point.
fn round(call: Call<'_>) -> Resolved {
    let expected = format!("{0}(<NUMERIC>, <INTEGER>)\n{0}(<NUMERIC>)", call.name);
    let call = call.of_at_least(&[Numeric, Integer], 1, &expected)?;
    let places = if call.len() == 1 { Some(0) } else { call.integer_literal(1) };
    let kind = match (call.kind(0), places) {
        (TypeKind::Decimal { precision, scale }, Some(places)) => decimal::rounded((*precision, *scale), places),
        (other, _) => other.clone(),
    };
    let call = if call.len() == 2 { call.cast(1, TypeKind::Int) } else { call };
    Ok(call.gives(kind))
}

#[cfg(test)]
mod tests {
    use flott_record::Value;

    use super::*;

    fn type_of(name: &str, kind: TypeKind, places: Option<i32>) -> String {
        let mut arguments = vec![Argument { data_type: kind.not_null(), literal: None }];
        let literal = |places| Argument { data_type: TypeKind::Int.not_null(), literal: Some(Value::Int(places)) };
        arguments.extend(places.map(literal));
        resolve(name, &arguments).expect("a function").expect("a type").data_type.to_string()
    }

    #[test]
    fn decimals_have_the_digits_of_flink() {
        let decimal = |precision, scale| TypeKind::Decimal { precision, scale };
        assert_eq!(type_of("ROUND", decimal(3, 2), Some(1)), "DECIMAL(3, 1) NOT NULL");
        assert_eq!(type_of("ROUND", decimal(3, 2), Some(5)), "DECIMAL(3, 2) NOT NULL");
        assert_eq!(type_of("ROUND", decimal(3, 2), Some(-1)), "DECIMAL(2, 0) NOT NULL");
        assert_eq!(type_of("ROUND", decimal(4, 2), None), "DECIMAL(3, 0) NOT NULL");
        assert_eq!(type_of("TRUNCATE", decimal(6, 3), Some(2)), "DECIMAL(6, 2) NOT NULL");
        assert_eq!(type_of("FLOOR", decimal(5, 2), None), "DECIMAL(5, 0) NOT NULL");
        assert_eq!(type_of("SIGN", decimal(2, 1), None), "DECIMAL(2, 1) NOT NULL");
        assert_eq!(type_of("SIN", decimal(2, 1), None), "DOUBLE NOT NULL");
    }
}
