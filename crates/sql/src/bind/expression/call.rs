//! Calls: type inference by the catalogue, implicit casts, and Flink's words for calls that fit no signature.

use flott_expression::catalogue::{self, Argument, SignatureError};
use flott_expression::{AggregateFunction, Expression, aggregate};
use flott_record::{DataType, Field, TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, FunctionArguments};

use crate::bind::expression::{ExpressionBinder, Intercept, refusal};
use crate::error::{Result, SqlError};

impl ExpressionBinder<'_> {
    /// A function call that is no aggregate and has no OVER; those the caller intercepts.
    pub(super) fn function(&self, call: &ast::FunctionCall, intercept: &mut dyn Intercept) -> Result<Expression> {
        self.refuse_user_function(&call.name)?;
        let full: Vec<&str> = call.name.parts.iter().map(|part| part.value.as_str()).collect();
        let name = full.join(".");
        let name = name.as_str();
        refuse_clauses(call, name)?;
        let arguments = match &call.arguments {
            // USER and its like are no functions of Flink's, hence such a word can be a column's name.
            FunctionArguments::Absent if !catalogue::is_function(name) => return self.scope.resolve(&call.name),
            FunctionArguments::Absent => Vec::new(),
            FunctionArguments::Star => {
                return Err(SqlError::at(call.span, format!("{}(*) is not a function", name.to_uppercase())));
            }
            FunctionArguments::List(list) => self.function_arguments(name, list, intercept)?,
        };
        if let (Some(database), [], true) = (self.database_in_use(), arguments.as_slice(), is_current_database(name)) {
            return Ok(Expression::literal(Value::String(database.to_string()), TypeKind::string().not_null()));
        }
        resolved(name, arguments, call.span)
    }

    /// A function that CREATE FUNCTION named is Java code, unless it has the name of a built-in one, which wins.
    fn refuse_user_function(&self, name: &ast::ObjectName) -> Result<()> {
        let built_in = matches!(name.parts.as_slice(), [only] if catalogue::is_function(&only.value));
        let found = self.objects.and_then(|objects| objects.user_function(name));
        match found.filter(|_| !built_in) {
            Some(function) => {
                let message = format!("Java function {} (class {})", function.name, function.class);
                Err(SqlError::not_supported(name.span, message))
            }
            None => Ok(()),
        }
    }

    fn database_in_use(&self) -> Option<&str> {
        self.objects.and_then(|objects| objects.database_in_use())
    }

    fn function_arguments(
        &self,
        function: &str,
        list: &[ast::FunctionArgument],
        intercept: &mut dyn Intercept,
    ) -> Result<Vec<Expression>> {
        let mut arguments = Vec::with_capacity(list.len());
        for argument in list {
            if let Some(name) = &argument.name {
                let message = format!("named argument {} of {}", name.value, function.to_uppercase());
                return Err(SqlError::not_supported(argument.span, message));
            }
            arguments.push(self.bind(&argument.value, intercept)?);
        }
        Ok(arguments)
    }
}

fn is_current_database(name: &str) -> bool {
    name.eq_ignore_ascii_case("CURRENT_DATABASE")
}

/// Clauses that only aggregates have.
fn refuse_clauses(call: &ast::FunctionCall, name: &str) -> Result<()> {
    let upper = name.to_uppercase();
    if call.over.is_some() {
        return Err(SqlError::at(call.span, format!("Windowed aggregate expression {upper} is illegal here")));
    }
    if aggregate::aggregate_of_name(&upper).is_some() {
        return Err(SqlError::at(call.span, format!("Aggregate expression {upper} is illegal here")));
    }
    let clause = if call.quantifier.is_some() {
        "DISTINCT or ALL"
    } else if call.filter.is_some() {
        "FILTER"
    } else if !call.within_group.is_empty() {
        "WITHIN GROUP"
    } else if !call.order_by.is_empty() {
        "ORDER BY"
    } else if call.null_treatment.is_some() {
        "IGNORE NULLS or RESPECT NULLS"
    } else {
        return Ok(());
    };
    Err(SqlError::at(call.span, format!("{clause} is not allowed with function {upper}, which is no aggregate")))
}

/// A call of a catalogue function, its arguments cast to what it takes.
///
/// # Errors
/// No such function, or arguments that fit none of its signatures.
pub(crate) fn resolved(name: &str, arguments: Vec<Expression>, span: Span) -> Result<Expression> {
    resolved_anywhere(name, arguments).map_err(|error| error.or_at(span))
}

/// [`resolved`] where the place is not known.
pub(crate) fn resolved_anywhere(name: &str, arguments: Vec<Expression>) -> Result<Expression> {
    let seen: Vec<Argument> = arguments.iter().map(as_argument).collect();
    let resolution =
        catalogue::resolve(name, &seen).map_err(|error| SqlError::new(signature_message(&error, &arguments)))?;
    let arguments = arguments.into_iter().zip(&resolution.argument_types);
    let arguments = arguments.map(|(argument, data_type)| coerce(argument, data_type)).collect();
    Ok(Expression::call(resolution.function, arguments, resolution.data_type))
}

fn as_argument(expression: &Expression) -> Argument {
    let literal = match expression {
        Expression::Literal { value, .. } => Some(value.clone()),
        _ => None,
    };
    Argument { data_type: expression.data_type().clone(), literal }
}

/// An expression cast implicitly to a type; NULL and constants that fit take the type themselves.
pub(crate) fn coerce(expression: Expression, data_type: &DataType) -> Expression {
    if expression.is_null_literal() {
        return Expression::literal(Value::Null, data_type.clone().with_nullable(true));
    }
    if let Expression::Literal { value, data_type: own } = &expression
        && own.kind != data_type.kind
        && let Some(value) = fitted(value, &data_type.kind)
    {
        return Expression::literal(value, data_type.clone().with_nullable(own.nullable));
    }
    expression.cast_to(data_type)
}

/// A constant in a type that holds it unchanged.
fn fitted(value: &Value, kind: &TypeKind) -> Option<Value> {
    let integer = match value {
        Value::TinyInt(number) => i64::from(*number),
        Value::SmallInt(number) => i64::from(*number),
        Value::Int(number) => i64::from(*number),
        Value::BigInt(number) => *number,
        Value::String(text) => return fitted_text(text, kind),
        Value::Decimal(unscaled, scale) => return fitted_decimal(*unscaled, *scale, kind),
        _ => return None,
    };
    match kind {
        TypeKind::SmallInt => i16::try_from(integer).ok().map(Value::SmallInt),
        TypeKind::Int => i32::try_from(integer).ok().map(Value::Int),
        TypeKind::BigInt => Some(Value::BigInt(integer)),
        TypeKind::Double if integer.unsigned_abs() < 1 << 53 => Some(Value::Double(integer as f64)),
        TypeKind::Decimal { .. } => fitted_decimal(i128::from(integer), 0, kind),
        _ => None,
    }
}

fn fitted_text(text: &str, kind: &TypeKind) -> Option<Value> {
    match kind {
        TypeKind::Varchar(length) if text.chars().count() <= *length as usize => Some(Value::String(text.to_string())),
        _ => None,
    }
}

fn fitted_decimal(unscaled: i128, scale: u8, kind: &TypeKind) -> Option<Value> {
    let TypeKind::Decimal { precision, scale: wanted } = kind else { return None };
    let factor = 10_i128.checked_pow(u32::from(wanted.checked_sub(scale)?))?;
    let value = unscaled.checked_mul(factor)?;
    let limit = 10_i128.checked_pow(u32::from(*precision))?;
    (value.abs() < limit).then_some(Value::Decimal(value, *wanted))
}

/// Why an aggregate call has no type, in Flink's words.
pub(crate) fn aggregate_refusal(
    function: AggregateFunction,
    error: &SignatureError,
    arguments: &[Expression],
) -> String {
    match error {
        SignatureError::WrongArguments { name, expected, .. } if function.is_inferred() => {
            refusal::message(name, expected, arguments)
        }
        other => signature_message(other, arguments),
    }
}

/// Why a call has no type, in Flink's words.
fn signature_message(error: &SignatureError, arguments: &[Expression]) -> String {
    match error {
        SignatureError::UnknownFunction { name, nearest } => {
            let families: Vec<String> =
                arguments.iter().map(|a| format!("<{}>", family(&a.data_type().kind))).collect();
            let message = format!("No match found for function signature {name}({})", families.join(", "));
            match nearest {
                Some(nearest) => format!("{message}; did you mean {nearest}?"),
                None => message,
            }
        }
        SignatureError::WrongArguments { name, expected, .. } if catalogue::is_inferred(name) => {
            refusal::message(name, expected, arguments)
        }
        SignatureError::WrongArguments { name, expected, .. } => refusal::wrong_count(name, expected, arguments.len())
            .unwrap_or_else(|| wrong_arguments(name, expected, arguments)),
        other => other.to_string(),
    }
}

/// `Cannot apply 'F' to arguments of type 'F(<INTEGER>)'. Supported form(s): …`
pub(crate) fn wrong_arguments(name: &str, expected: &str, arguments: &[Expression]) -> String {
    let given: Vec<String> =
        arguments.iter().map(|argument| format!("<{}>", sql_type(&argument.data_type().kind).to_uppercase())).collect();
    let is_word = name.chars().all(|character| character.is_alphanumeric() || "_$ ".contains(character));
    let infix = !is_word || matches!(name, "AND" | "OR" | "IN") || name.starts_with("IS ");
    let form = match given.as_slice() {
        [left, right] if infix => format!("{left} {name} {right}"),
        [operand] if name.starts_with("IS ") => format!("{operand} {name}"),
        [operand] if !is_word || name == "NOT" => format!("{name}{operand}"),
        [operand] if extracted_unit(name).is_some() => {
            let unit = extracted_unit(name).unwrap_or(name);
            let form = format!("EXTRACT(<INTERVAL {unit}> FROM {operand})");
            return format!("Cannot apply 'EXTRACT' to arguments of type '{form}'. Supported form(s): {EXTRACT_FORMS}");
        }
        _ => given_call(name, &given, arguments),
    };
    let forms: Vec<String> = expected.lines().map(|line| supported_form(name, infix, line)).collect();
    format!("Cannot apply '{name}' to arguments of type '{form}'. Supported form(s): {}", forms.join("\n"))
}

const EXTRACT_FORMS: &str =
    "'EXTRACT(<DATETIME_INTERVAL> FROM <DATETIME_INTERVAL>)'\n'EXTRACT(<DATETIME_INTERVAL> FROM <DATETIME>)'";

/// The unit of a function that is EXTRACT by another name.
fn extracted_unit(name: &str) -> Option<&str> {
    match name {
        "YEAR" | "QUARTER" | "MONTH" | "WEEK" | "HOUR" | "MINUTE" | "SECOND" => Some(name),
        "DAYOFMONTH" => Some("DAY"),
        "DAYOFYEAR" => Some("DOY"),
        "DAYOFWEEK" => Some("DOW"),
        _ => None,
    }
}

/// A call's types in the words that stand between its arguments.
fn given_call(name: &str, given: &[String], arguments: &[Expression]) -> String {
    let words: &[&str] = match name {
        "POSITION" => &[" IN ", " FROM "],
        "OVERLAY" => &[" PLACING ", " FROM ", " FOR "],
        "EXTRACT" => &[" FROM "],
        "TRIM" if given.len() == 3 => {
            return format!("TRIM([BOTH|LEADING|TRAILING] <SYMBOL> FROM {})", given[1]);
        }
        _ => return format!("{name}({})", given.join(", ")),
    };
    let mut text = String::new();
    for (index, argument) in given.iter().enumerate() {
        if index > 0 {
            text.push_str(words.get(index - 1).copied().unwrap_or(", "));
        }
        match arguments.get(index) {
            Some(Expression::Literal { value: Value::String(unit), .. }) if name == "EXTRACT" && index == 0 => {
                text.push_str(&format!("<INTERVAL {unit}>"));
            }
            _ => text.push_str(argument),
        }
    }
    format!("{name}({text})")
}

/// A signature as Flink lists it; operators stand between or behind their operands.
fn supported_form(name: &str, infix: bool, line: &str) -> String {
    let line = line.trim_matches('\'').replace("...", "");
    let operands: Vec<&str> = line.split(", ").collect();
    match operands.as_slice() {
        _ if line.contains(">[") => line,
        [left, right] if infix && left.starts_with('<') => format!("'{left} {name} {right}'"),
        [operand] if name.starts_with("IS ") && operand.starts_with('<') && operand.ends_with('>') => {
            format!("'{operand} {name}'")
        }
        [first, _, _] if first.starts_with('<') => format!("'{name}({line})'"),
        _ => format!("'{line}'"),
    }
}

/// A type as SQL validation names it: `INTEGER`, `VARCHAR(2147483647)`, `INTEGER ARRAY`.
pub(crate) fn sql_type(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Int => "INTEGER".to_string(),
        TypeKind::Varchar(length) => format!("VARCHAR({length})"),
        TypeKind::Varbinary(length) => format!("VARBINARY({length})"),
        TypeKind::TimestampLtz(precision) => format!("TIMESTAMP_WITH_LOCAL_TIME_ZONE({precision})"),
        TypeKind::Array(element) => format!("{} ARRAY", sql_type(&element.kind)),
        TypeKind::Multiset(element) => format!("{} MULTISET", sql_type(&element.kind)),
        TypeKind::Map(key, value) => format!("({}, {}) MAP", sql_type(&key.kind), sql_type(&value.kind)),
        TypeKind::Row(fields) => {
            let field = |field: &Field| format!("{} {}", sql_type(&field.data_type.kind), field.name);
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("RecordType:peek_no_expand({})", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// The family by which unknown functions' arguments are named.
pub(super) fn family(kind: &TypeKind) -> String {
    match kind {
        kind if kind.is_character() => "CHARACTER".to_string(),
        kind if kind.is_numeric() => "NUMERIC".to_string(),
        kind if kind.is_binary() => "BINARY".to_string(),
        TypeKind::Timestamp(_) | TypeKind::TimestampLtz(_) => "TIMESTAMP".to_string(),
        TypeKind::Time(_) => "TIME".to_string(),
        TypeKind::IntervalYearMonth => "INTERVAL_YEAR_MONTH".to_string(),
        TypeKind::IntervalDayTime => "INTERVAL_DAY_TIME".to_string(),
        other => sql_type(other),
    }
}
