//! The JSON functions of the SQL standard, whose clauses become literal arguments of the catalogue's canonical calls.

use flott_expression::Expression;
use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{
    JsonExistsBehavior, JsonFunction, JsonInput, JsonNullClause, JsonQueryBehavior, JsonQueryWrapper, JsonValueBehavior,
};

use crate::bind::data_type::bind_data_type;
use crate::bind::expression::call::{coerce, resolved};
use crate::bind::expression::special::flag;
use crate::bind::expression::{ExpressionBinder, Intercept};
use crate::error::{Result, SqlError};

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
                    arguments.push(self.json_input(&entry.value, span, intercept)?);
                }
                resolved("JSON_OBJECT", arguments, span)
            }
            JsonFunction::Array { values, on_null } => {
                let mut arguments = vec![flag(null_word(*on_null, JsonNullClause::AbsentOnNull))];
                for value in values {
                    arguments.push(self.json_input(value, span, intercept)?);
                }
                resolved("JSON_ARRAY", arguments, span)
            }
            JsonFunction::ObjectAggregate { .. } | JsonFunction::ArrayAggregate { .. } => {
                Err(SqlError::at(span, "Aggregate expression is illegal here"))
            }
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

    /// A value of a JSON constructor; `FORMAT JSON` is the function JSON.
    fn json_input(&self, input: &JsonInput, span: Span, intercept: &mut dyn Intercept) -> Result<Expression> {
        let value = self.bind(&input.value, intercept)?;
        if input.format_json { resolved("JSON", vec![value], span) } else { Ok(value) }
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
        JsonNullClause::NullOnNull => "NULL ON NULL",
        JsonNullClause::AbsentOnNull => "ABSENT ON NULL",
    }
}
