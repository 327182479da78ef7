//! Signatures of `+ - * / %` and MOD over numbers, intervals, dates and times.

use flott_record::{DataType, TypeKind};

use super::common_type::wider_integer;
use super::decimal::{self, Digits};
use super::signature::Call;
use super::{Argument, Resolution, SignatureError, common_type};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    Some(match (name, arguments.len()) {
        ("-" | "+", 1) => sign(call),
        ("+", 2) => plus(call),
        ("-", 2) => minus(call),
        ("*", 2) => times(call),
        ("/", 2) => numbers(with_typed_nulls(call), "<NUMERIC> / <NUMERIC>", decimal::quotient),
        ("%" | "MOD", 2) => modulo(with_typed_nulls(call)),
        ("+" | "-" | "*" | "/" | "%" | "MOD", _) => Err(call.wrong("<NUMERIC>, <NUMERIC>")),
        _ => return None,
    })
}

/// An untyped NULL gets the kind of the other argument (INT beside another NULL or a kind with which it makes no sense).
fn with_typed_nulls(mut call: Call<'_>) -> Call<'_> {
    for index in 0..call.len() {
        if *call.kind(index) == TypeKind::Null {
            let other = call.kind(call.len() - 1 - index).clone();
            let kind = if other.is_numeric() || other.is_interval() { other } else { TypeKind::Int };
            call = call.cast(index, kind);
        }
    }
    call
}

fn sign(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let call = if *call.kind(0) == TypeKind::Null { call.cast(0, TypeKind::Int) } else { call };
    let kind = call.kind(0).clone();
    if kind.is_numeric() || kind.is_interval() {
        return Ok(call.gives(kind));
    }
    let forms = [format!("{0}<NUMERIC>", call.name), format!("{0}<DATETIME_INTERVAL>", call.name)];
    Err(call.wrong(&forms.join("\n")))
}

const SUM_FORMS: &str = "<NUMERIC> + <NUMERIC>\n<DATETIME_INTERVAL> + <DATETIME_INTERVAL>\n<DATETIME> + \
                         <DATETIME_INTERVAL>\n<DATETIME_INTERVAL> + <DATETIME>";

fn plus(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let call = with_typed_nulls(call);
    let (left, right) = (call.kind(0).clone(), call.kind(1).clone());
    match (left.is_interval(), right.is_interval()) {
        (true, true) if left == right => Ok(call.gives(left)),
        (true, false) if right.is_datetime() => Ok(call.gives(right)),
        (false, true) if left.is_datetime() => Ok(call.gives(left)),
        _ => numbers(call, SUM_FORMS, decimal::sum),
    }
}

const DIFFERENCE_FORMS: &str =
    "<NUMERIC> - <NUMERIC>\n<DATETIME_INTERVAL> - <DATETIME_INTERVAL>\n<DATETIME> - <DATETIME_INTERVAL>";

fn minus(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let call = with_typed_nulls(call);
    let (left, right) = (call.kind(0).clone(), call.kind(1).clone());
    if right.is_interval() && (left == right || left.is_datetime()) {
        return Ok(call.gives(left));
    }
    numbers(call, DIFFERENCE_FORMS, decimal::sum)
}

fn times(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let call =
        if call.types.iter().any(|data_type| data_type.kind.is_interval()) { call } else { with_typed_nulls(call) };
    let (left, right) = (call.kind(0).clone(), call.kind(1).clone());
    let whole = |kind: &TypeKind| kind.is_integer() || *kind == TypeKind::Null;
    if left.is_interval() && whole(&right) {
        return Ok(call.cast(1, TypeKind::BigInt).gives(left));
    }
    if right.is_interval() && whole(&left) {
        return Ok(call.cast(0, TypeKind::BigInt).gives(right));
    }
    numbers(
        call,
        "<NUMERIC> * <NUMERIC>\n<DATETIME_INTERVAL> * <NUMERIC>\n<NUMERIC> * <DATETIME_INTERVAL>",
        decimal::product,
    )
}

/// An operator over two numbers: decimals by the operator's rule, other numbers in their common type.
fn numbers(
    call: Call<'_>,
    expected: &str,
    decimals: fn(Digits, Digits) -> TypeKind,
) -> Result<Resolution, SignatureError> {
    let (left, right) = (call.kind(0).clone(), call.kind(1).clone());
    if !left.is_numeric() || !right.is_numeric() {
        return Err(call.wrong(expected));
    }
    if let (Some(a), Some(b)) = (decimal::digits_of(&left), decimal::digits_of(&right))
        && !(left.is_integer() && right.is_integer())
    {
        return Ok(as_decimals(call, a, b).gives(decimals(a, b)));
    }
    // The result of a FLOAT and a DOUBLE has the type of the left one.
    if let (TypeKind::Float, TypeKind::Double) = (&left, &right) {
        return Ok(call.cast(1, TypeKind::Float).gives(TypeKind::Float));
    }
    let common = common_type(&[&left.not_null(), &right.not_null()]);
    let kind = common.map_or(TypeKind::Double, |data_type: DataType| data_type.kind);
    Ok(call.cast_all(&kind).gives(kind))
}

fn as_decimals(call: Call<'_>, left: Digits, right: Digits) -> Call<'_> {
    let decimal = |(precision, scale): Digits| TypeKind::Decimal { precision, scale };
    call.cast(0, decimal(left)).cast(1, decimal(right))
}

/// `a % b` of integers has the type of `b`.
fn modulo(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let (left, right) = (call.kind(0).clone(), call.kind(1).clone());
    let mut call = call;
    let written = call.name;
    call.name = "%";
    match (decimal::digits_of(&left), decimal::digits_of(&right)) {
        (Some(_), Some(_)) if left.is_integer() && right.is_integer() => {
            Ok(call.cast_all(&wider_integer(&left, &right)).gives(right))
        }
        (Some(a), Some(b)) => Ok(as_decimals(call, a, b).gives(decimal::remainder(a, b))),
        _ if written == "MOD" => {
            call.name = written;
            Err(call.wrong("MOD(<EXACT_NUMERIC>, <EXACT_NUMERIC>)"))
        }
        _ => Err(call.wrong("<EXACT_NUMERIC> % <EXACT_NUMERIC>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(name: &str, kinds: &[TypeKind]) -> String {
        let argument = |kind: &TypeKind| Argument { data_type: kind.clone().not_null(), literal: None };
        let arguments: Vec<Argument> = kinds.iter().map(argument).collect();
        match resolve(name, &arguments).expect("an operator") {
            Ok(resolution) => resolution.data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn results_have_the_types_of_flink() {
        use TypeKind::{BigInt, Double, Float, Int, SmallInt, TinyInt};
        let decimal = |precision, scale| TypeKind::Decimal { precision, scale };
        assert_eq!(result("+", &[Int, BigInt]), "BIGINT NOT NULL");
        assert_eq!(result("%", &[BigInt, Int]), "INT NOT NULL");
        assert_eq!(result("/", &[TinyInt, SmallInt]), "SMALLINT NOT NULL");
        assert_eq!(result("/", &[Int, Float]), "FLOAT NOT NULL");
        assert_eq!(result("+", &[decimal(10, 3), Float]), "DOUBLE NOT NULL");
        assert_eq!(result("*", &[decimal(10, 3), Int]), "DECIMAL(21, 3) NOT NULL");
        assert_eq!(result("/", &[decimal(10, 3), Int]), "DECIMAL(21, 14) NOT NULL");
        assert_eq!(result("%", &[decimal(10, 3), Int]), "DECIMAL(10, 3) NOT NULL");
        assert!(result("%", &[Double, Int]).contains("<EXACT_NUMERIC>"));
        assert_eq!(result("+", &[TypeKind::IntervalDayTime, TypeKind::Date]), "DATE NOT NULL");
        assert!(result("+", &[Int, TypeKind::Char(1)]).contains("supported: <NUMERIC> + <NUMERIC>"));
    }
}
