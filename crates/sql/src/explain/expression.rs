//! Expressions in plans: `=($1, $6)` with positions, `(k = k0)` with names, as Flink prints them.

use flott_expression::{AggregateCall, AggregateFunction, CastMode, Expression};
use flott_record::{DataType, Value};

/// How columns and operators are written.
pub(crate) enum Style<'a> {
    /// `=($1, 5)`
    Positions,
    /// `=(k, 5)`
    Prefix(&'a [String]),
    /// `(k = 5)`
    Infix(&'a [String]),
}

/// The text of an expression.
pub(crate) fn text(expression: &Expression, style: &Style<'_>) -> String {
    match expression {
        Expression::Column { index, .. } => column(*index, style),
        Expression::Literal { value, data_type } => literal(value, data_type),
        Expression::Cast { input, data_type, mode, .. } => {
            let name = if *mode == CastMode::TryCast { "TRY_CAST" } else { "CAST" };
            match style {
                Style::Positions => format!("{name}({}):{}", text(input, style), data_type),
                _ => format!("{name}({} AS {})", text(input, style), data_type.kind),
            }
        }
        Expression::Case { branches, otherwise, .. } => {
            let mut parts: Vec<String> = Vec::new();
            for (when, then) in branches {
                parts.push(text(when, style));
                parts.push(text(then, style));
            }
            parts.push(text(otherwise, style));
            format!("CASE({})", parts.join(", "))
        }
        Expression::Call { function, arguments, .. } => call(function, arguments, style),
    }
}

fn column(index: usize, style: &Style<'_>) -> String {
    match style {
        Style::Positions => format!("${index}"),
        Style::Prefix(names) | Style::Infix(names) => names.get(index).cloned().unwrap_or_else(|| format!("${index}")),
    }
}

fn call(function: &str, arguments: &[Expression], style: &Style<'_>) -> String {
    if let ("FIELD", [base, Expression::Literal { value: Value::Int(position), .. }]) = (function, arguments)
        && let Some(fields) = base.data_type().kind.fields()
    {
        return format!("{}.{}", text(base, style), fields[*position as usize].name);
    }
    let parts: Vec<String> = arguments.iter().map(|argument| text(argument, style)).collect();
    let symbolic = matches!(function, "AND" | "OR") || !function.starts_with(char::is_alphabetic);
    match (style, parts.as_slice()) {
        (Style::Infix(_), [_, _, ..]) if symbolic => format!("({})", parts.join(&format!(" {function} "))),
        _ => format!("{function}({})", parts.join(", ")),
    }
}

fn literal(value: &Value, data_type: &DataType) -> String {
    match value {
        Value::Null => format!("null:{}", data_type.kind),
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::IntervalDayTime(millis) => format!("{millis}:INTERVAL SECOND"),
        Value::IntervalYearMonth(months) => format!("{months}:INTERVAL MONTH"),
        other => other.to_string(),
    }
}

/// `COUNT(*) AS n`, `SUM(v) FILTER c AS s`
pub(crate) fn aggregate(call: &AggregateCall, name: &str, names: &[String]) -> String {
    let argument = |position: &usize| column(*position, &Style::Prefix(names));
    let arguments: Vec<String> = call.arguments.iter().map(argument).collect();
    let list = match (call.function, arguments.as_slice()) {
        (AggregateFunction::Count, []) => "*".to_string(),
        _ => arguments.join(", "),
    };
    let distinct = if call.distinct { "DISTINCT " } else { "" };
    let filter =
        call.filter.map_or_else(String::new, |filter| format!(" FILTER {}", column(filter, &Style::Prefix(names))));
    format!("{}({distinct}{list}){filter} AS {name}", function_name(call.function))
}

/// A function's SQL name.
pub(crate) fn function_name(function: AggregateFunction) -> &'static str {
    function.sql_name()
}
