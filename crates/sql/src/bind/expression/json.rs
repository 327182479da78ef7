//! The JSON functions of the SQL standard, whose clauses become literal arguments of the catalogue's canonical calls.

use flott_expression::Expression;
use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{
    Expression as Expr, ExpressionKind, FunctionArguments, FunctionCall, JsonEntry, JsonExistsBehavior, JsonFunction,
    JsonInput, JsonNullClause, JsonQueryBehavior, JsonQueryWrapper, JsonValueBehavior,
};

use crate::bind::data_type::bind_data_type;
use crate::bind::expression::call::{coerce, resolved};
use crate::bind::expression::special::flag;
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::error::{Result, SqlError};

/// A JSON constructor that is written as a plain call, its name in back-ticks: keys and values in turn. `None` of all else.
pub(crate) fn of_plain_call(expression: &Expr) -> Option<Expr> {
    let ExpressionKind::Function(call) = &expression.kind else { return None };
    let FunctionArguments::List(list) = &call.arguments else { return None };
    let [name] = call.name.parts.as_slice() else { return None };
    if list.iter().any(|argument| argument.name.is_some()) {
        return None;
    }
    let input = |value: &Expr| JsonInput { value: value.clone(), format_json: false };
    let values: Vec<&Expr> = list.iter().map(|argument| &argument.value).collect();
    let entries = || values.chunks_exact(2).map(|pair| JsonEntry { key: pair[0].clone(), value: input(pair[1]) });
    let function = match (name.value.to_ascii_uppercase().as_str(), values.len()) {
        ("JSON_ARRAY", _) => {
            JsonFunction::Array { values: values.iter().map(|value| input(value)).collect(), on_null: None }
        }
        ("JSON_OBJECT", count) if count.is_multiple_of(2) => {
            JsonFunction::Object { entries: entries().collect(), on_null: None }
        }
        ("JSON_ARRAYAGG", 1) => JsonFunction::ArrayAggregate {
            value: input(values[0]),
            order_by: call.order_by.clone(),
            on_null: None,
            filter: call.filter.clone(),
            over: call.over.clone(),
        },
        ("JSON_OBJECTAGG", 2) => JsonFunction::ObjectAggregate {
            entry: entries().next()?,
            on_null: None,
            filter: call.filter.clone(),
            over: call.over.clone(),
        },
        _ => return None,
    };
    Some(Expr { kind: ExpressionKind::Json(Box::new(function)), span: expression.span })
}

impl ExpressionBinder<'_> {
    pub(super) fn json(
        &self,
        function: &JsonFunction,
        span: Span,
        intercept: &mut dyn Intercept,
    ) -> Result<Expression> {
        match function {
            JsonFunction::Exists { input, path, on_error } => {
                let arguments =
                    vec![self.bind(input, intercept)?, self.bind(path, intercept)?, flag(exists_word(*on_error))];
                resolved("JSON_EXISTS", arguments, span)
            }
            JsonFunction::Value { .. } => self.json_value(function, span, intercept),
            JsonFunction::Query { .. } => self.json_query(function, span, intercept),
            JsonFunction::Object { entries, on_null } => {
                let mut arguments = vec![flag(null_word(*on_null, JsonNullClause::NullOnNull))];
                for entry in entries {
                    arguments.push(self.bind(&entry.key, intercept)?);
                    arguments.extend(self.json_input(&entry.value, intercept)?);
                }
                resolved("JSON_OBJECT", arguments, span)
            }
            JsonFunction::Array { values, on_null } => {
                let mut arguments = vec![flag(null_word(*on_null, JsonNullClause::AbsentOnNull))];
                for value in values {
                    arguments.extend(self.json_input(value, intercept)?);
                }
                resolved("JSON_ARRAY", arguments, span)
            }
            JsonFunction::ObjectAggregate { .. } => Err(SqlError::not_supported(span, "JSON_OBJECTAGG")),
            JsonFunction::ArrayAggregate { .. } => Err(SqlError::not_supported(span, "JSON_ARRAYAGG")),
        }
    }
}

impl ExpressionBinder<'_> {
    fn json_value(&self, function: &JsonFunction, span: Span, intercept: &mut dyn Intercept) -> Result<Expression> {
        let JsonFunction::Value { input, path, returning, on_empty, on_error } = function else {
            return Err(SqlError::not_supported(span, "this JSON function"));
        };
        let returning = match returning {
            Some(data_type) => bind_data_type(data_type)?.kind,
            None => TypeKind::string(),
        };
        let typed_null = || Expression::literal(Value::Null, returning.clone().nullable());
        let mut arguments = vec![self.bind(input, intercept)?, self.bind(path, intercept)?, typed_null()];
        for behavior in [on_empty, on_error] {
            let (word, default) = match behavior {
                None | Some(JsonValueBehavior::Null) => ("NULL", typed_null()),
                Some(JsonValueBehavior::Error) => ("ERROR", typed_null()),
                Some(JsonValueBehavior::Default(value)) => {
                    let default = self.bind(value, intercept)?;
                    ("DEFAULT", coerce(default, &returning.clone().nullable()))
                }
            };
            arguments.extend([flag(word), default]);
        }
        resolved("JSON_VALUE", arguments, span)
    }

    fn json_query(&self, function: &JsonFunction, span: Span, intercept: &mut dyn Intercept) -> Result<Expression> {
        let JsonFunction::Query { input, path, returning, wrapper, on_empty, on_error } = function else {
            return Err(SqlError::not_supported(span, "this JSON function"));
        };
        let returning = match returning {
            Some(data_type) => bind_data_type(data_type)?.kind,
            None => TypeKind::string(),
        };
        let wrapper = match wrapper {
            None | Some(JsonQueryWrapper::Without) => "WITHOUT",
            Some(JsonQueryWrapper::Conditional) => "CONDITIONAL",
            Some(JsonQueryWrapper::Unconditional) => "UNCONDITIONAL",
        };
        let arguments = vec![
            self.bind(input, intercept)?,
            self.bind(path, intercept)?,
            Expression::literal(Value::Null, returning.nullable()),
            flag(wrapper),
            flag(query_word(*on_empty)),
            flag(query_word(*on_error)),
        ];
        resolved("JSON_QUERY", arguments, span)
    }

    /// A value as JSON text.
    pub(crate) fn json_text(&self, input: &JsonInput, intercept: &mut dyn Intercept) -> Result<Expression> {
        let [form, value] = self.json_input(input, intercept)?;
        if form == flag("JSON") {
            return Ok(coerce(value, &TypeKind::string().nullable()));
        }
        resolved("JSON_STRING", vec![value], input.value.span)
    }

    /// A value of a JSON constructor, behind the form it has: JSON text is put in as it is.
    fn json_input(&self, input: &JsonInput, intercept: &mut dyn Intercept) -> Result<[Expression; 2]> {
        let (value, is_json) = match &input.value.kind {
            ExpressionKind::Json(function) => (
                &input.value,
                matches!(**function, JsonFunction::Object { .. } | JsonFunction::Array { .. }) || input.format_json,
            ),
            ExpressionKind::Function(call) => match json_argument(call) {
                Some(argument) => (argument, true),
                None => (&input.value, input.format_json),
            },
            _ => (&input.value, input.format_json),
        };
        Ok([flag(if is_json { "JSON" } else { "SQL" }), self.bind(value, intercept)?])
    }
}

/// The argument of `JSON(text)`.
fn json_argument(call: &FunctionCall) -> Option<&Expr> {
    let named = call.name.parts.len() == 1 && call.name.last()?.value.eq_ignore_ascii_case("JSON");
    match &call.arguments {
        FunctionArguments::List(list) if named => match list.as_slice() {
            [only] => Some(&only.value),
            _ => None,
        },
        _ => None,
    }
}

fn exists_word(behavior: Option<JsonExistsBehavior>) -> &'static str {
    match behavior {
        Some(JsonExistsBehavior::True) => "TRUE",
        Some(JsonExistsBehavior::Unknown) => "UNKNOWN",
        Some(JsonExistsBehavior::Error) => "ERROR",
        None | Some(JsonExistsBehavior::False) => "FALSE",
    }
}

fn query_word(behavior: Option<JsonQueryBehavior>) -> &'static str {
    match behavior {
        None | Some(JsonQueryBehavior::Null) => "NULL",
        Some(JsonQueryBehavior::Error) => "ERROR",
        Some(JsonQueryBehavior::EmptyArray) => "EMPTY ARRAY",
        Some(JsonQueryBehavior::EmptyObject) => "EMPTY OBJECT",
    }
}

fn null_word(clause: Option<JsonNullClause>, default: JsonNullClause) -> &'static str {
    match clause.unwrap_or(default) {
        JsonNullClause::NullOnNull => "NULL",
        JsonNullClause::AbsentOnNull => "ABSENT",
    }
}
