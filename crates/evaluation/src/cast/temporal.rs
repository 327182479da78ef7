//! Between DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ, by way of the wall clock of the session's zone.

use std::sync::Arc;

use arrow_array::builder::PrimitiveBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Date32Type, Time32MillisecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_buffer::NullBuffer;
use arrow_schema::TimeUnit;
use flott_record::TypeKind;
use flott_record::civil::DAY_MS;
use flott_record::data_type::{timestamp_unit, units_per_millisecond};

use super::cells::stored;
use super::text::read;
use super::{Convert, Rules, parse};
use crate::evaluator::EvaluationError;
use crate::functions::mapping::failed;
use crate::zone::Zone;

/// Points in time: milliseconds, and nanoseconds of the millisecond (none if they all are 0).
struct Moments {
    millis: Vec<i64>,
    nanos: Vec<u32>,
    nulls: Option<NullBuffer>,
}

impl Moments {
    fn nanos(&self, row: usize) -> u32 {
        self.nanos.get(row).copied().unwrap_or(0)
    }

    fn map_millis(&mut self, change: impl Fn(i64) -> i64) {
        self.millis.iter_mut().for_each(|millis| *millis = change(*millis));
    }
}

/// The conversion between two kinds of date and time.
pub(super) fn conversion(from: &TypeKind, to: &TypeKind, rules: &Rules) -> Option<Convert> {
    if matches!((from, to), (TypeKind::Date, TypeKind::Time(_)) | (TypeKind::Time(_), TypeKind::Date)) {
        return None;
    }
    let (from, to, zone) = (from.clone(), to.clone(), rules.zone.clone());
    let instants = |kind: &TypeKind| matches!(kind, TypeKind::TimestampLtz(_));
    let (from_instant, to_instant) = (instants(&from), instants(&to));
    Some(Box::new(move |array| {
        let mut moments = read_moments(array, &from);
        match (from_instant, to_instant) {
            (true, false) => moments.map_millis(|instant| zone.to_local_ms(instant)),
            (false, true) => moments.map_millis(|local| zone.to_instant_ms(local)),
            _ => {}
        }
        write_moments(moments, &to)
    }))
}

fn read_moments(array: &ArrayRef, from: &TypeKind) -> Moments {
    let nulls = array.nulls().cloned();
    let plain = |millis: Vec<i64>| Moments { millis, nanos: Vec::new(), nulls: nulls.clone() };
    match from {
        TypeKind::Date => {
            plain(array.as_primitive::<Date32Type>().values().iter().map(|days| i64::from(*days) * DAY_MS).collect())
        }
        TypeKind::Time(_) => {
            plain(array.as_primitive::<Time32MillisecondType>().values().iter().map(|time| i64::from(*time)).collect())
        }
        TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => {
            let values = stored(array, *precision);
            let units = units_per_millisecond(*precision);
            let millis = values.iter().map(|value| value.div_euclid(units)).collect();
            let nanos = |value: &i64| (value.rem_euclid(units) * (1_000_000 / units)) as u32;
            let nanos = if units == 1 { Vec::new() } else { values.iter().map(nanos).collect() };
            Moments { millis, nanos, nulls }
        }
        _ => plain(Vec::new()),
    }
}

fn write_moments(moments: Moments, to: &TypeKind) -> Result<ArrayRef, EvaluationError> {
    match to {
        TypeKind::Date => {
            let days = moments.millis.iter().map(|millis| millis.div_euclid(DAY_MS) as i32);
            Ok(Arc::new(PrimitiveArray::<Date32Type>::new(days.collect(), moments.nulls)))
        }
        TypeKind::Time(precision) => {
            let time = |millis: &i64| truncate_time(millis.rem_euclid(DAY_MS) as i32, *precision);
            let times = moments.millis.iter().map(time);
            Ok(Arc::new(PrimitiveArray::<Time32MillisecondType>::new(times.collect(), moments.nulls)))
        }
        TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => match timestamp_unit(*precision) {
            TimeUnit::Millisecond => stamps::<TimestampMillisecondType>(&moments, *precision),
            TimeUnit::Microsecond => stamps::<TimestampMicrosecondType>(&moments, *precision),
            _ => stamps::<TimestampNanosecondType>(&moments, *precision),
        },
        other => {
            Err(EvaluationError { message: format!("not supported: a time as {other}"), row: None, expression: None })
        }
    }
}

/// A time of day with the digits after the precision set to 0.
pub(super) fn truncate_time(millis: i32, precision: u8) -> i32 {
    let step = 10i32.pow(u32::from(3 - precision.min(3)));
    millis / step * step
}

/// A moment in the unit of a precision, with the digits after the precision set to 0; `None` if it is out of range.
pub(crate) fn stamp(millis: i64, nanos: u32, precision: u8) -> Option<i64> {
    let nanos = i64::from(nanos);
    match timestamp_unit(precision) {
        TimeUnit::Millisecond => {
            let step = 10i64.pow(u32::from(3 - precision.min(3)));
            Some(millis.div_euclid(step) * step)
        }
        TimeUnit::Microsecond => {
            let step = 10i64.pow(u32::from(6 - precision));
            millis.checked_mul(1_000)?.checked_add(nanos / 1_000 / step * step)
        }
        _ => {
            let step = 10i64.pow(u32::from(9 - precision.min(9)));
            millis.checked_mul(1_000_000)?.checked_add(nanos / step * step)
        }
    }
}

fn out_of_range(row: usize, precision: u8) -> EvaluationError {
    failed(row, format!("timestamp is out of the range of TIMESTAMP({precision})"))
}

fn stamps<T: ArrowTimestampType>(moments: &Moments, precision: u8) -> Result<ArrayRef, EvaluationError> {
    let mut builder = PrimitiveBuilder::<T>::with_capacity(moments.millis.len());
    for (row, millis) in moments.millis.iter().enumerate() {
        if moments.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            builder.append_null();
        } else {
            let value = stamp(*millis, moments.nanos(row), precision);
            builder.append_value(value.ok_or_else(|| out_of_range(row, precision))?);
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// Texts to timestamps; with a zone, to the instants of the zone's wall clock.
pub(super) fn stamps_of_texts(precision: u8, lenient: bool, zone: Option<Zone>) -> Convert {
    Box::new(move |array| match timestamp_unit(precision) {
        TimeUnit::Millisecond => parse_stamps::<TimestampMillisecondType>(array, precision, lenient, zone.as_ref()),
        TimeUnit::Microsecond => parse_stamps::<TimestampMicrosecondType>(array, precision, lenient, zone.as_ref()),
        _ => parse_stamps::<TimestampNanosecondType>(array, precision, lenient, zone.as_ref()),
    })
}

fn parse_stamps<T: ArrowTimestampType>(
    array: &ArrayRef,
    precision: u8,
    lenient: bool,
    zone: Option<&Zone>,
) -> Result<ArrayRef, EvaluationError> {
    let texts = array.as_string::<i32>();
    let mut builder = PrimitiveBuilder::<T>::with_capacity(texts.len());
    for row in 0..texts.len() {
        if texts.is_null(row) {
            builder.append_null();
            continue;
        }
        let value = match read(row, lenient, parse::timestamp(texts.value(row)))? {
            Some((local, nanos)) => {
                let millis = zone.map_or(local, |zone| zone.to_instant_ms(local));
                Some(stamp(millis, nanos, precision).ok_or_else(|| out_of_range(row, precision))?)
            }
            None => None,
        };
        builder.append_option(value);
    }
    Ok(Arc::new(builder.finish()))
}
