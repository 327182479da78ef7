//! The functions on dates and times.
//!
//! Arithmetic is Flink's: days are floored, but hours and finer units of times before 1970 are cut towards zero, as its generated
//! code does. A TIMESTAMP_LTZ is read on the wall clock of the session's zone.

mod calendar;
mod extract;
mod formatting;
mod moment;
mod overlaps;
mod pattern;
mod reading;
mod reading_fields;
mod rounding;
mod shift;
mod short_zones;
mod stamps;
mod text;
mod text_forms;
mod unit;

use super::{CallSite, ScalarFunction};
use crate::evaluator::CompileError;
use crate::zone::Zone;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    extract::compile(call)
        .or_else(|| rounding::compile(call))
        .or_else(|| shift::compile(call))
        .or_else(|| text::compile(call))
        .or_else(|| moment::compile(call))
        .or_else(|| overlaps::compile(call))
}

/// The session's zone.
fn session_zone(call: &CallSite) -> Result<Zone, CompileError> {
    let name = &call.session.time_zone;
    Zone::parse(name)
        .ok_or_else(|| CompileError::WrongConstant(format!("no time zone '{name}' (table.local-time-zone)")))
}
