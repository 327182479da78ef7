//! `(start, end) OVERLAPS (start, end)`: whether two periods have a moment in common; touching is enough, ends may come first.

use arrow_array::ArrayRef;
use arrow_array::types::{DurationMillisecondType, IntervalYearMonthType};
use flott_record::TypeKind;
use flott_record::civil::DAY_MS;

use super::stamps::Stamps;
use crate::calendar::add_months;
use crate::evaluator::CompileError;
use crate::functions::constants::{Numbers, build_booleans, infallible};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    if call.name != "OVERLAPS" {
        return None;
    }
    let kinds: Vec<TypeKind> = call.argument_types.iter().map(|data_type| data_type.kind.clone()).collect();
    Some(Ok(infallible(move |arguments, frame| {
        let first = Period::of(&arguments[..2], &kinds[..2]);
        let second = Period::of(&arguments[2..], &kinds[2..]);
        let (Some(first), Some(second)) = (first, second) else { return Err(failed(0, "OVERLAPS of these types")) };
        build_booleans(arguments, frame.rows, |row| {
            let (first, second) = (first.at(row), second.at(row));
            Some(first.1 >= second.0 && second.1 >= first.0)
        })
    })))
}

/// A period's start, and its end or length.
struct Period<'a> {
    start: Stamps<'a>,
    is_time: bool,
    end: End<'a>,
}

enum End<'a> {
    At(Stamps<'a>),
    Months(Numbers<'a, IntervalYearMonthType>),
    Millis(Numbers<'a, DurationMillisecondType>),
}

impl<'a> Period<'a> {
    fn of(arguments: &'a [ArrayRef], kinds: &[TypeKind]) -> Option<Self> {
        let end = match kinds[1] {
            TypeKind::IntervalYearMonth => End::Months(Numbers::of(&arguments[1])),
            TypeKind::IntervalDayTime => End::Millis(Numbers::of(&arguments[1])),
            _ => End::At(Stamps::of(&arguments[1], &kinds[1])?),
        };
        let is_time = matches!(kinds[0], TypeKind::Time(_));
        Some(Period { start: Stamps::of(&arguments[0], &kinds[0])?, is_time, end })
    }

    /// Start and end in milliseconds and nanoseconds beyond them, the earlier first.
    fn at(&self, row: usize) -> ((i64, i64), (i64, i64)) {
        let start = (self.start.millis(row), self.start.nanos_of_milli(row));
        let end = match &self.end {
            End::At(stamps) => (stamps.millis(row), stamps.nanos_of_milli(row)),
            End::Millis(millis) => {
                let end = start.0.saturating_add(millis.at(row));
                (if self.is_time { end.rem_euclid(DAY_MS) } else { end }, start.1)
            }
            End::Months(_) if self.is_time => start,
            End::Months(months) => {
                let day = add_months(start.0.div_euclid(DAY_MS), i64::from(months.at(row)));
                (day * DAY_MS + start.0.rem_euclid(DAY_MS), start.1)
            }
        };
        (start.min(end), start.max(end))
    }
}
