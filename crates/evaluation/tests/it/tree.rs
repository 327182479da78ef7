//! A tiny binder: calls are resolved by the catalogue and their arguments cast, as the planner does.

use flott_evaluation::{Session, evaluate_constant, fold};
use flott_expression::{Argument, CastMode, Expression, Written, resolve};
use flott_record::{DataType, TypeKind, Value};

pub fn session() -> Session {
    Session {
        time_zone: "America/New_York".to_string(),
        batch_mode: false,
        query_start_ms: 0,
        seeds: flott_evaluation::Seeds::default(),
    }
}

pub fn literal(kind: TypeKind, value: Value) -> Expression {
    Expression::literal(value, kind.not_null())
}

pub fn int(value: i32) -> Expression {
    literal(TypeKind::Int, Value::Int(value))
}

pub fn bigint(value: i64) -> Expression {
    literal(TypeKind::BigInt, Value::BigInt(value))
}

pub fn double(value: f64) -> Expression {
    literal(TypeKind::Double, Value::Double(value))
}

pub fn text(value: &str) -> Expression {
    literal(TypeKind::Char(value.chars().count() as u32), Value::String(value.to_string()))
}

pub fn decimal(unscaled: i128, precision: u8, scale: u8) -> Expression {
    literal(TypeKind::Decimal { precision, scale }, Value::Decimal(unscaled, scale))
}

pub fn boolean(value: bool) -> Expression {
    literal(TypeKind::Boolean, Value::Boolean(value))
}

pub fn null(kind: TypeKind) -> Expression {
    Expression::literal(Value::Null, kind.nullable())
}

pub fn cast(input: Expression, kind: TypeKind) -> Expression {
    let nullable = input.data_type().nullable;
    Expression::Cast {
        input: Box::new(input),
        data_type: DataType { kind, nullable },
        mode: CastMode::Cast,
        written: Written::default(),
    }
}

pub fn try_cast(input: Expression, kind: TypeKind) -> Expression {
    Expression::Cast {
        input: Box::new(input),
        data_type: kind.nullable(),
        mode: CastMode::TryCast,
        written: Written::default(),
    }
}

/// A resolved call; panics where the catalogue refuses it.
pub fn call(name: &str, arguments: Vec<Expression>) -> Expression {
    let given: Vec<Argument> = arguments
        .iter()
        .map(|argument| Argument {
            data_type: argument.data_type().clone(),
            literal: match argument {
                Expression::Literal { value, .. } => Some(value.clone()),
                _ => None,
            },
        })
        .collect();
    let resolution = resolve(name, &given).unwrap_or_else(|error| panic!("{name}: {error}"));
    let arguments = arguments.into_iter().zip(&resolution.argument_types);
    let arguments = arguments.map(|(argument, wanted)| argument.cast_to(wanted)).collect();
    Expression::call(resolution.function, arguments, resolution.data_type)
}

/// `type | value` as the golden answers of Flink write it, or `ERROR message`.
pub fn answer(expression: Expression) -> String {
    let data_type = expression.data_type().to_string();
    match evaluate_constant(&fold(expression, &session()), &session()) {
        Ok(value) => format!("{data_type} | {value}"),
        Err(message) => format!("ERROR {message}"),
    }
}
