//! How far a job is: a few shared numbers per subtask, summed up when somebody looks.

use std::sync::Arc;

use flott_metric::{Counter, Gauge};
use flott_record::{MAX_WATERMARK, MIN_WATERMARK};

/// How far a job is, for a progress line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobProgress {
    /// Rows that sources gave.
    pub rows_in: u64,
    /// Rows that sinks took.
    pub rows_out: u64,
    /// The least watermark of all sinks, milliseconds since the epoch; `None` before the first, `MAX_WATERMARK` at the end.
    pub watermark_ms: Option<i64>,
    /// Bytes (or other units) that sources have read.
    pub bytes_read: u64,
    /// Bytes that there are to read, if all sources know it.
    pub bytes_total: Option<u64>,
}

/// The numbers of one subtask.
#[derive(Clone, Debug)]
pub(crate) struct TaskGauges {
    pub(crate) source_rows: Counter,
    pub(crate) sink_rows: Counter,
    pub(crate) sink_watermark_ms: Gauge,
    pub(crate) bytes_read: Gauge,
    /// -1 where unknown.
    pub(crate) bytes_total: Gauge,
}

impl TaskGauges {
    /// The numbers of a subtask that has done nothing; one without a sink doesn't hold the watermark.
    pub(crate) fn new(has_sink: bool) -> Self {
        TaskGauges {
            source_rows: Counter::new(),
            sink_rows: Counter::new(),
            sink_watermark_ms: Gauge::new(if has_sink { MIN_WATERMARK } else { MAX_WATERMARK }),
            bytes_read: Gauge::new(0),
            bytes_total: Gauge::new(0),
        }
    }
}

/// The numbers of all subtasks.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProgressBoard {
    pub(crate) tasks: Arc<[TaskGauges]>,
}

impl ProgressBoard {
    pub(crate) fn progress(&self) -> JobProgress {
        let watermark_ms = self.tasks.iter().map(|task| task.sink_watermark_ms.get()).min();
        let totals = self.tasks.iter().map(|task| u64::try_from(task.bytes_total.get()).ok());
        JobProgress {
            rows_in: self.tasks.iter().map(|task| task.source_rows.get()).sum(),
            rows_out: self.tasks.iter().map(|task| task.sink_rows.get()).sum(),
            watermark_ms: watermark_ms.filter(|watermark_ms| *watermark_ms != MIN_WATERMARK),
            bytes_read: self.tasks.iter().map(|task| task.bytes_read.get().max(0) as u64).sum(),
            bytes_total: totals.sum(),
        }
    }
}
