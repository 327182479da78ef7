//! `JSON_EXISTS`, `JSON_VALUE`, `JSON_QUERY`: values found by a path, and what happens where there are none.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, BooleanArray, cast::AsArray};
use flott_record::TypeKind;

use super::path::{Mode, Path, PathError};
use super::value::Json;
use super::value_parsing::parse;
use crate::evaluator::{CompileError, EvaluationError};
use crate::functions::constants::{Column, Numbers, Texts, build_numbers, build_texts, scalars, valid_rows};
use crate::functions::mapping::{failed, is_valid};
use crate::functions::{CallSite, Frame, ScalarFunction};

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;

pub(super) fn compile(call: &CallSite) -> Option<Compiled> {
    match call.name.as_str() {
        "JSON_EXISTS" => Some(compile_exists(call)),
        "JSON_VALUE" => Some(compile_value(call)),
        "JSON_QUERY" => Some(compile_query(call)),
        _ => None,
    }
}

/// The path of a call, read once if it is constant.
struct PathCache {
    last: Option<(String, Result<Path, PathError>)>,
}

impl PathCache {
    fn new(call: &CallSite) -> Result<Self, CompileError> {
        let last = call.text_literal(1).map(|text| (text.to_string(), Path::parse(text)));
        if let Some((_, Err(PathError::NotSupported(what)))) = &last {
            return Err(CompileError::NotSupported(what.clone()));
        }
        Ok(PathCache { last })
    }

    /// What a path finds in a text: its mode, and the value, nothing, or an error.
    fn find(&mut self, text: &str, path: &str, row: usize) -> Result<Found, EvaluationError> {
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            self.last = Some((path.to_string(), Path::parse(path)));
        }
        let path = match &self.last {
            Some((_, Ok(path))) => path,
            Some((_, Err(PathError::Invalid(message)))) => {
                return Ok(Found { lax: false, value: Err(message.clone()) });
            }
            Some((_, Err(PathError::NotSupported(what)))) => return Err(failed(row, format!("not supported: {what}"))),
            None => return Err(failed(row, "a JSON path is missing")),
        };
        let lax = path.mode == Mode::Lax;
        let value = match parse(text) {
            Ok(document) => match path.read(&document) {
                Ok(None) if !lax => {
                    Err("Strict jsonpath mode requires a value, and the actual value is: 'null'".to_string())
                }
                found => found,
            },
            Err(_) if lax => Ok(None),
            Err(error) => Err(error.to_string()),
        };
        Ok(Found { lax, value })
    }
}

struct Found {
    lax: bool,
    value: Result<Option<Json>, String>,
}

/// The word at an argument, or a default.
fn word(call: &CallSite, index: usize, default: &str) -> String {
    call.text_literal(index).unwrap_or(default).to_string()
}

fn compile_exists(call: &CallSite) -> Compiled {
    let on_error = word(call, 2, "FALSE");
    let mut paths = PathCache::new(call)?;
    Ok(scalars(move |arguments, frame| {
        let (text, path) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
        let valid = valid_rows(&arguments[..2], frame.rows);
        let exists = |row: usize| {
            if !is_valid(&valid, row) {
                return Ok(None);
            }
            match (paths.find(text.at(row), path.at(row), row)?.value, on_error.as_str()) {
                (Ok(value), _) => Ok(Some(value.is_some())),
                (Err(_), "TRUE") => Ok(Some(true)),
                (Err(_), "UNKNOWN") => Ok(None),
                (Err(message), "ERROR") => Err(failed(row, message)),
                (Err(_), _) => Ok(Some(false)),
            }
        };
        let column: Result<BooleanArray, EvaluationError> = (0..frame.rows).map(exists).collect();
        Ok(Arc::new(column?) as ArrayRef)
    }))
}

/// What a call gives for a row.
enum Outcome {
    Null,
    Value(Json),
    /// The default value at this argument.
    Default(usize),
}

/// `JSON_VALUE` by the arguments `ON EMPTY` and `ON ERROR`.
struct ValueRules {
    on_empty: String,
    on_error: String,
}

impl ValueRules {
    fn apply(&self, found: Found, row: usize) -> Result<Outcome, EvaluationError> {
        let message = match found.value {
            Ok(Some(value)) if value.is_scalar() => return Ok(Outcome::Value(value)),
            Ok(None) => return self.empty(row),
            Ok(Some(_)) if found.lax => return self.empty(row),
            Ok(Some(value)) => {
                format!("Strict jsonpath mode requires scalar value, and the actual value is: ''{}''", value.to_text())
            }
            Err(message) => message,
        };
        match self.on_error.as_str() {
            "ERROR" => Err(failed(row, message)),
            "DEFAULT" => Ok(Outcome::Default(6)),
            _ => Ok(Outcome::Null),
        }
    }

    fn empty(&self, row: usize) -> Result<Outcome, EvaluationError> {
        match self.on_empty.as_str() {
            "ERROR" => Err(failed(row, "Empty result of JSON_VALUE function is not allowed")),
            "DEFAULT" => Ok(Outcome::Default(4)),
            _ => Ok(Outcome::Null),
        }
    }
}

fn compile_value(call: &CallSite) -> Compiled {
    let rules = ValueRules { on_empty: word(call, 3, "NULL"), on_error: word(call, 5, "NULL") };
    let mut paths = PathCache::new(call)?;
    let kind = call.data_type.kind.clone();
    if !kind.is_character() && !matches!(kind, TypeKind::Boolean | TypeKind::Int | TypeKind::Double) {
        return Err(call.not_supported());
    }
    Ok(scalars(move |arguments, frame| {
        let (text, path) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
        let mut outcome = |row: usize| rules.apply(paths.find(text.at(row), path.at(row), row)?, row);
        match kind {
            TypeKind::Boolean => booleans(arguments, frame, outcome),
            TypeKind::Int => build_numbers::<Int32Type>(&arguments[..2], frame.rows, |row| match outcome(row)? {
                Outcome::Null => Ok(None),
                Outcome::Value(value) => whole_number(&value, row).map(Some),
                Outcome::Default(index) => Ok(default_number::<Int32Type>(&arguments[index], row)),
            }),
            TypeKind::Double => build_numbers::<Float64Type>(&arguments[..2], frame.rows, |row| match outcome(row)? {
                Outcome::Null => Ok(None),
                Outcome::Value(Json::Number(text)) => Ok(text.parse().ok()),
                Outcome::Value(other) => Err(wrong_class(&other, "java.lang.Double", row)),
                Outcome::Default(index) => Ok(default_number::<Float64Type>(&arguments[index], row)),
            }),
            _ => build_texts(&arguments[..2], frame.rows, |row, out| match outcome(row)? {
                Outcome::Null => Ok(false),
                Outcome::Value(value) => {
                    out.push_str(&value.scalar_text());
                    Ok(true)
                }
                Outcome::Default(index) => {
                    Ok(Texts::of(&arguments[index]).get(row).map(|text| out.push_str(text)).is_some())
                }
            }),
        }
    }))
}

fn booleans(
    arguments: &[ArrayRef],
    frame: &Frame,
    mut outcome: impl FnMut(usize) -> Result<Outcome, EvaluationError>,
) -> Column {
    let valid = valid_rows(&arguments[..2], frame.rows);
    let truth = |row: usize| {
        if !is_valid(&valid, row) {
            return Ok(None);
        }
        match outcome(row)? {
            Outcome::Null => Ok(None),
            Outcome::Value(Json::Boolean(value)) => Ok(Some(value)),
            Outcome::Value(other) => Err(wrong_class(&other, "java.lang.Boolean", row)),
            Outcome::Default(index) => {
                let defaults = arguments[index].as_boolean();
                let row = if defaults.len() == 1 { 0 } else { row };
                Ok(defaults.is_valid(row).then(|| defaults.value(row)))
            }
        }
    };
    let column: Result<BooleanArray, EvaluationError> = (0..frame.rows).map(truth).collect();
    Ok(Arc::new(column?))
}

fn default_number<T: arrow_array::types::ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> Option<T::Native> {
    let place = if array.len() == 1 { 0 } else { row };
    array.is_valid(place).then(|| Numbers::<T>::of(array).at(row))
}

fn whole_number(value: &Json, row: usize) -> Result<i32, EvaluationError> {
    let number = match value {
        Json::Number(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| wrong_class(value, "java.lang.Integer", row))
}

/// Flink fails where the value found is not of the type after RETURNING.
fn wrong_class(value: &Json, wanted: &str, row: usize) -> EvaluationError {
    let class = match value {
        Json::String(_) => "java.lang.String",
        Json::Boolean(_) => "java.lang.Boolean",
        Json::Number(text) if text.contains(['.', 'E']) => "java.math.BigDecimal",
        Json::Number(_) => "java.lang.Long",
        _ => "java.lang.Object",
    };
    failed(row, format!("class {class} cannot be cast to class {wanted}: {}", value.to_text()))
}

/// `JSON_QUERY` by its wrapper, `ON EMPTY` and `ON ERROR`.
struct QueryRules {
    wrapper: String,
    on_empty: String,
    on_error: String,
}

impl QueryRules {
    /// An array or object; `None` is NULL. `wanted` is asked whether the value can be the result.
    fn apply(&self, found: Found, row: usize, wanted: impl Fn(&Json) -> bool) -> Result<Option<Json>, EvaluationError> {
        let lax = found.lax;
        let message = match found.value.map(|value| value.map(|value| self.wrap(value))) {
            Ok(None) => return self.empty(row),
            Ok(Some(value)) if value.is_scalar() && lax => return self.empty(row),
            Ok(Some(value)) if value.is_scalar() => format!(
                "Strict jsonpath mode requires array or object value, and the actual value is: ''{}''",
                value.scalar_text()
            ),
            Ok(Some(value)) if wanted(&value) => return Ok(Some(value)),
            Ok(Some(value)) => format!("Cannot convert to an array: {}", value.to_text()),
            Err(message) => message,
        };
        if self.on_error == "ERROR" { Err(failed(row, message)) } else { Ok(constant(&self.on_error)) }
    }

    fn wrap(&self, value: Json) -> Json {
        match (self.wrapper.as_str(), value) {
            ("UNCONDITIONAL", value) => Json::Array(vec![value]),
            ("CONDITIONAL", value) if !matches!(value, Json::Array(_)) => Json::Array(vec![value]),
            (_, value) => value,
        }
    }

    fn empty(&self, row: usize) -> Result<Option<Json>, EvaluationError> {
        if self.on_empty == "ERROR" {
            return Err(failed(row, "Empty result of JSON_QUERY function is not allowed"));
        }
        Ok(constant(&self.on_empty))
    }
}

/// The value of a behaviour.
fn constant(behaviour: &str) -> Option<Json> {
    match behaviour {
        "EMPTY ARRAY" => Some(Json::Array(Vec::new())),
        "EMPTY OBJECT" => Some(Json::Object(Vec::new())),
        _ => None,
    }
}

fn compile_query(call: &CallSite) -> Compiled {
    let rules = QueryRules {
        wrapper: word(call, 3, "WITHOUT"),
        on_empty: word(call, 4, "NULL"),
        on_error: word(call, 5, "NULL"),
    };
    let mut paths = PathCache::new(call)?;
    let gives_array = matches!(call.data_type.kind, TypeKind::Array(_));
    Ok(scalars(move |arguments, frame| {
        let (text, path) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
        if !gives_array {
            return build_texts(&arguments[..2], frame.rows, |row, out| {
                let found = paths.find(text.at(row), path.at(row), row)?;
                let value = rules.apply(found, row, |_| true)?;
                Ok(value.map(|value| value.write(out)).is_some())
            });
        }
        let valid = valid_rows(&arguments[..2], frame.rows);
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..frame.rows {
            let mut value = None;
            if is_valid(&valid, row) {
                let found = paths.find(text.at(row), path.at(row), row)?;
                value = rules.apply(found, row, |value| matches!(value, Json::Array(_)))?;
            }
            let Some(Json::Array(elements)) = value else {
                lists.append(false);
                continue;
            };
            for element in &elements {
                lists.values().append_option((*element != Json::Null).then(|| element.scalar_text()));
            }
            lists.append(true);
        }
        Ok(Arc::new(lists.finish()) as ArrayRef)
    }))
}
