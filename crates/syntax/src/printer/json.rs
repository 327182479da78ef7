//! The JSON functions.

use super::{write_clause, write_if, write_list, write_optional};
use crate::ast::{
    JsonEntry, JsonExistsBehavior, JsonFunction, JsonInput, JsonNullClause, JsonQueryBehavior, JsonQueryWrapper,
    JsonValueBehavior,
};
use std::fmt::{Display, Formatter, Result};

impl Display for JsonFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            JsonFunction::Exists { input, path, on_error } => {
                write!(f, "JSON_EXISTS({input}, {path}")?;
                write_behavior(f, on_error.as_ref(), "ERROR")?;
                f.write_str(")")
            }
            JsonFunction::Value { input, path, returning, on_empty, on_error } => {
                write!(f, "JSON_VALUE({input}, {path}")?;
                write_optional(f, " RETURNING ", returning.as_ref())?;
                write_behavior(f, on_empty.as_ref(), "EMPTY")?;
                write_behavior(f, on_error.as_ref(), "ERROR")?;
                f.write_str(")")
            }
            JsonFunction::Query { input, path, returning, wrapper, on_empty, on_error } => {
                write!(f, "JSON_QUERY({input}, {path}")?;
                write_optional(f, " RETURNING ", returning.as_ref())?;
                write_optional(f, " ", wrapper.as_ref())?;
                write_behavior(f, on_empty.as_ref(), "EMPTY")?;
                write_behavior(f, on_error.as_ref(), "ERROR")?;
                f.write_str(")")
            }
            _ => write_constructor(f, self),
        }
    }
}

fn write_constructor(f: &mut Formatter<'_>, function: &JsonFunction) -> Result {
    match function {
        JsonFunction::Object { entries, on_null } => {
            f.write_str("JSON_OBJECT(")?;
            write_list(f, entries)?;
            write_null_clause(f, *on_null, !entries.is_empty())?;
            f.write_str(")")
        }
        JsonFunction::Array { values, on_null } => {
            f.write_str("JSON_ARRAY(")?;
            write_list(f, values)?;
            write_null_clause(f, *on_null, !values.is_empty())?;
            f.write_str(")")
        }
        JsonFunction::ObjectAggregate { entry, on_null, filter, over } => {
            write!(f, "JSON_OBJECTAGG({entry}")?;
            write_null_clause(f, *on_null, true)?;
            f.write_str(")")?;
            write_clause(f, " FILTER (WHERE ", filter.as_slice(), ")")?;
            write_optional(f, " ", over.as_ref())
        }
        JsonFunction::ArrayAggregate { value, order_by, on_null, filter, over } => {
            write!(f, "JSON_ARRAYAGG({value}")?;
            write_clause(f, " ORDER BY ", order_by, "")?;
            write_null_clause(f, *on_null, true)?;
            f.write_str(")")?;
            write_clause(f, " FILTER (WHERE ", filter.as_slice(), ")")?;
            write_optional(f, " ", over.as_ref())
        }
        _ => Ok(()),
    }
}

fn write_behavior<T: Display>(f: &mut Formatter<'_>, behavior: Option<&T>, on: &str) -> Result {
    match behavior {
        Some(behavior) => write!(f, " {behavior} ON {on}"),
        None => Ok(()),
    }
}

fn write_null_clause(f: &mut Formatter<'_>, clause: Option<JsonNullClause>, blank: bool) -> Result {
    write_if(f, blank && clause.is_some(), " ")?;
    match clause {
        Some(JsonNullClause::NullOnNull) => f.write_str("NULL ON NULL"),
        Some(JsonNullClause::AbsentOnNull) => f.write_str("ABSENT ON NULL"),
        None => Ok(()),
    }
}

impl Display for JsonEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} VALUE {}", self.key, self.value)
    }
}

impl Display for JsonInput {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.value)?;
        write_if(f, self.format_json, " FORMAT JSON")
    }
}

impl Display for JsonExistsBehavior {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            JsonExistsBehavior::True => "TRUE",
            JsonExistsBehavior::False => "FALSE",
            JsonExistsBehavior::Unknown => "UNKNOWN",
            JsonExistsBehavior::Error => "ERROR",
        })
    }
}

impl Display for JsonValueBehavior {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            JsonValueBehavior::Null => f.write_str("NULL"),
            JsonValueBehavior::Error => f.write_str("ERROR"),
            JsonValueBehavior::Default(value) => write!(f, "DEFAULT {value}"),
        }
    }
}

impl Display for JsonQueryBehavior {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            JsonQueryBehavior::Null => "NULL",
            JsonQueryBehavior::Error => "ERROR",
            JsonQueryBehavior::EmptyArray => "EMPTY ARRAY",
            JsonQueryBehavior::EmptyObject => "EMPTY OBJECT",
        })
    }
}

impl Display for JsonQueryWrapper {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            JsonQueryWrapper::Without => "WITHOUT ARRAY WRAPPER",
            JsonQueryWrapper::Conditional => "WITH CONDITIONAL ARRAY WRAPPER",
            JsonQueryWrapper::Unconditional => "WITH UNCONDITIONAL ARRAY WRAPPER",
        })
    }
}
