//! Functions of the present moment.
//!
//! In batch mode it is the moment when the query began, in streaming mode the one at which the batch is evaluated;
//! `CURRENT_ROW_TIMESTAMP` and `PROCTIME` are always the latter.

use arrow_array::ArrayRef;
use flott_record::TypeKind;
use flott_record::civil::DAY_MS;

use super::session_zone;
use super::stamps::build_stamps;
use crate::evaluator::{CompileError, Session};
use crate::functions::constants::infallible;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    match call.name.as_str() {
        "CURRENT_DATE" | "CURRENT_TIME" | "LOCALTIME" | "LOCALTIMESTAMP" => Some(compile_local(call)),
        "CURRENT_TIMESTAMP" | "NOW" | "CURRENT_ROW_TIMESTAMP" | "PROCTIME" => Some(Ok(instant(call))),
        "CURRENT_WATERMARK" => Some(Ok(watermark(call))),
        _ => None,
    }
}

/// The session's present moment.
pub(super) fn now_ms(session: &Session, frame: &Frame) -> i64 {
    if session.batch_mode { session.query_start_ms } else { frame.instant.now_ms }
}

/// On the wall clock of the session's zone.
fn compile_local(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let zone = session_zone(call)?;
    let (session, kind) = (call.session.clone(), call.data_type.kind.clone());
    Ok(infallible(move |_, frame| {
        let local = zone.to_local_ms(now_ms(&session, frame));
        let value = match kind {
            // TIME(0) has no fraction.
            TypeKind::Time(_) => local.rem_euclid(DAY_MS) / 1_000 * 1_000,
            _ => local,
        };
        build_stamps(&kind, &[], frame.rows, |_| Ok(Some((value, 0))))
    }))
}

fn instant(call: &CallSite) -> Box<dyn ScalarFunction> {
    let of_row = matches!(call.name.as_str(), "CURRENT_ROW_TIMESTAMP" | "PROCTIME");
    let (session, kind) = (call.session.clone(), call.data_type.kind.clone());
    infallible(move |_, frame| {
        let value = if of_row { frame.instant.now_ms } else { now_ms(&session, frame) };
        build_stamps(&kind, &[], frame.rows, |_| Ok(Some((value, 0))))
    })
}

/// The operator's watermark; NULL before the first.
fn watermark(call: &CallSite) -> Box<dyn ScalarFunction> {
    let kind = call.data_type.kind.clone();
    infallible(move |_: &[ArrayRef], frame| {
        let watermark = Some(frame.instant.watermark_ms).filter(|watermark| *watermark != i64::MIN);
        build_stamps(&kind, &[], frame.rows, |_| Ok(watermark.map(|watermark| (watermark, 0))))
    })
}
