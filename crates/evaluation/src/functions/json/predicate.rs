//! `IS [NOT] JSON [VALUE|OBJECT|ARRAY|SCALAR]`. NULL is not JSON.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};

use super::value::Json;
use super::value_parsing::parse;
use crate::functions::constants::{Texts, infallible};
use crate::functions::{CallSite, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    let (wanted, kind) = match call.name.strip_prefix("IS NOT JSON ") {
        Some(kind) => (false, kind),
        None => (true, call.name.strip_prefix("IS JSON ")?),
    };
    let admits: fn(&Json) -> bool = match kind {
        "VALUE" => |_| true,
        "OBJECT" => |value| matches!(value, Json::Object(_)),
        "ARRAY" => |value| matches!(value, Json::Array(_)),
        "SCALAR" => Json::is_scalar,
        _ => return None,
    };
    Some(infallible(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        let is_json = |row| text.get(row).is_some_and(|text| parse(text).is_ok_and(|value| admits(&value)));
        let column: BooleanArray = (0..frame.rows).map(|row| Some(is_json(row) == wanted)).collect();
        Ok(Arc::new(column) as ArrayRef)
    }))
}
