//! What every operator, source, sink and task counts, under Flink's names.

use crate::group::MetricGroup;
use crate::handle::{Counter, Gauge};
use crate::names;
use crate::rate::TimeCounter;

/// The watermark before the first one came: Java's `Long.MIN_VALUE`, as Flink shows it.
const NO_WATERMARK_MS: i64 = i64::MIN;

fn counter_with_rate(group: &MetricGroup, name: &str) -> Counter {
    let counter = group.counter(name);
    group.meter(&format!("{name}{}", names::RATE_SUFFIX), &counter);
    counter
}

/// What every operator counts. Updated once per batch.
#[derive(Clone, Debug)]
pub struct OperatorMetrics {
    /// Rows taken in.
    pub num_records_in: Counter,
    /// Rows given out.
    pub num_records_out: Counter,
    /// Bytes taken in.
    pub num_bytes_in: Counter,
    /// Bytes given out.
    pub num_bytes_out: Counter,
    /// Rows dropped because the watermark had passed them.
    pub num_late_records_dropped: Counter,
    /// The combined watermark of all inputs, in milliseconds; `i64::MIN` before the first.
    pub current_input_watermark: Gauge,
    /// The watermark given out, in milliseconds; `i64::MIN` before the first.
    pub current_output_watermark: Gauge,
}

impl OperatorMetrics {
    /// Registers them in an operator's group.
    pub fn register(group: &MetricGroup) -> Self {
        let num_late_records_dropped = group.counter(names::NUM_LATE_RECORDS_DROPPED);
        group.meter(names::LATE_RECORDS_DROPPED_RATE, &num_late_records_dropped);
        OperatorMetrics {
            num_records_in: counter_with_rate(group, names::NUM_RECORDS_IN),
            num_records_out: counter_with_rate(group, names::NUM_RECORDS_OUT),
            num_bytes_in: counter_with_rate(group, names::NUM_BYTES_IN),
            num_bytes_out: counter_with_rate(group, names::NUM_BYTES_OUT),
            num_late_records_dropped,
            current_input_watermark: group.gauge(names::CURRENT_INPUT_WATERMARK, NO_WATERMARK_MS),
            current_output_watermark: group.gauge(names::CURRENT_OUTPUT_WATERMARK, NO_WATERMARK_MS),
        }
    }

    /// Registers the watermarks of an operator's inputs one by one (`currentInput1Watermark`, …): for two or more.
    pub fn register_input_watermarks(group: &MetricGroup, inputs: usize) -> Vec<Gauge> {
        let name = |input| format!("currentInput{input}Watermark");
        (1..=inputs).map(|input| group.gauge(&name(input), NO_WATERMARK_MS)).collect()
    }
}

/// What a source counts beside [`OperatorMetrics`].
#[derive(Clone, Debug)]
pub struct SourceMetrics {
    /// Records that could not be read or decoded.
    pub num_records_in_errors: Counter,
    /// Records that wait to be read; -1 where nobody knows.
    pub pending_records: Gauge,
    /// Bytes that wait to be read; -1 where nobody knows.
    pub pending_bytes: Gauge,
    /// Milliseconds since the last record came.
    pub source_idle_time_ms: Gauge,
    /// Milliseconds by which the watermark is behind the wall clock.
    pub watermark_lag_ms: Gauge,
}

impl SourceMetrics {
    /// Registers them in an operator's group.
    pub fn register(group: &MetricGroup) -> Self {
        SourceMetrics {
            num_records_in_errors: group.counter(names::NUM_RECORDS_IN_ERRORS),
            pending_records: group.gauge(names::PENDING_RECORDS, -1),
            pending_bytes: group.gauge(names::PENDING_BYTES, -1),
            source_idle_time_ms: group.gauge(names::SOURCE_IDLE_TIME, 0),
            watermark_lag_ms: group.gauge(names::WATERMARK_LAG, 0),
        }
    }
}

/// What a sink counts beside [`OperatorMetrics`].
#[derive(Clone, Debug)]
pub struct SinkMetrics {
    /// Records handed to the outside.
    pub num_records_send: Counter,
    /// Bytes handed to the outside.
    pub num_bytes_send: Counter,
    /// Records that the sink could not write.
    pub num_records_out_errors: Counter,
    /// Records that the outside refused.
    pub num_records_send_errors: Counter,
}

impl SinkMetrics {
    /// Registers them in an operator's group.
    pub fn register(group: &MetricGroup) -> Self {
        SinkMetrics {
            num_records_send: group.counter(names::NUM_RECORDS_SEND),
            num_bytes_send: group.counter(names::NUM_BYTES_SEND),
            num_records_out_errors: group.counter(names::NUM_RECORDS_OUT_ERRORS),
            num_records_send_errors: group.counter(names::NUM_RECORDS_SEND_ERRORS),
        }
    }
}

/// What every task counts. Updated once per turn or batch.
#[derive(Clone, Debug)]
pub struct TaskMetrics {
    /// Rows taken in by the chain.
    pub num_records_in: Counter,
    /// Rows given out by the chain.
    pub num_records_out: Counter,
    /// Bytes taken in by the chain.
    pub num_bytes_in: Counter,
    /// Bytes given out by the chain.
    pub num_bytes_out: Counter,
    /// Buffers (here: batches) given out by the chain.
    pub num_buffers_out: Counter,
    /// Timers fired.
    pub num_fired_timers: Counter,
    /// Time spent working.
    pub busy_time: TimeCounter,
    /// Time spent waiting for credit downstream.
    pub back_pressured_time: TimeCounter,
    /// Time spent waiting for input.
    pub idle_time: TimeCounter,
    /// 1 while the task waits for credit downstream.
    pub is_back_pressured: Gauge,
    /// The combined watermark of all inputs, in milliseconds; `i64::MIN` before the first.
    pub current_input_watermark: Gauge,
}

impl TaskMetrics {
    /// Registers them in a task's group.
    pub fn register(group: &MetricGroup) -> Self {
        let is_back_pressured = Gauge::new(0);
        let shown = is_back_pressured.clone();
        group.gauge_function(names::IS_BACK_PRESSURED, move || shown.get() != 0);
        TaskMetrics {
            num_records_in: counter_with_rate(group, names::NUM_RECORDS_IN),
            num_records_out: counter_with_rate(group, names::NUM_RECORDS_OUT),
            num_bytes_in: counter_with_rate(group, names::NUM_BYTES_IN),
            num_bytes_out: counter_with_rate(group, names::NUM_BYTES_OUT),
            num_buffers_out: counter_with_rate(group, names::NUM_BUFFERS_OUT),
            num_fired_timers: counter_with_rate(group, names::NUM_FIRED_TIMERS),
            busy_time: group.time(names::ACCUMULATED_BUSY_TIME, names::BUSY_TIME),
            back_pressured_time: group.time(names::ACCUMULATED_BACK_PRESSURED_TIME, names::BACK_PRESSURED_TIME),
            idle_time: group.time(names::ACCUMULATED_IDLE_TIME, names::IDLE_TIME),
            is_back_pressured,
            current_input_watermark: group.gauge(names::CURRENT_INPUT_WATERMARK, NO_WATERMARK_MS),
        }
    }
}
