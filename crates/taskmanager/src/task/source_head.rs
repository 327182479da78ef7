//! The beginning of a source's chain: a reader, the splits it is given, the barriers it injects.

use flott_connector::{ConnectorError, Poll, SourceReader, Split};
use flott_metric::OperatorMetrics;
use flott_record::{Batch, MAX_WATERMARK};

use crate::chain::Chain;
use crate::chain::work::Work;
use crate::mailbox::Mailbox;
use crate::message::ToTask;
use crate::progress::TaskGauges;
use crate::task::Polled;
use crate::task::gate_head::CheckpointNews;

/// A source's reader with its state in the protocol of splits.
pub(crate) struct SourceHead {
    /// For errors.
    pub(crate) name: String,
    reader: Box<dyn SourceReader>,
    control: Mailbox<ToTask>,
    splits: Asking,
    idle: bool,
    /// Rows that may still be read, if there is a limit.
    rows_left: Option<u64>,
    /// Whether the job stops: nothing is read any more.
    stopped: bool,
    /// The splits as they were when the last barrier was injected.
    splits_at_barrier: Vec<Split>,
    gauges: TaskGauges,
    metrics: OperatorMetrics,
    rows_skipped: u64,
}

/// Where the reader is with asking for splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// The reader has splits, as far as is known.
    No,
    /// A split was asked for.
    Asked,
    /// There are no more.
    Exhausted,
}

impl SourceHead {
    pub(crate) fn new(
        name: String,
        reader: Box<dyn SourceReader>,
        control: Mailbox<ToTask>,
        limit: Option<u64>,
        gauges: TaskGauges,
        metrics: OperatorMetrics,
    ) -> Self {
        SourceHead {
            name,
            reader,
            control,
            splits: Asking::No,
            idle: false,
            rows_left: limit,
            stopped: false,
            splits_at_barrier: Vec::new(),
            gauges,
            metrics,
            rows_skipped: 0,
        }
    }

    /// Gives the chain, which is drained, the next thing to do: a barrier, rows, or the end.
    pub(crate) fn poll(&mut self, chain: &mut Chain) -> Result<Polled, ConnectorError> {
        match self.take_message(chain)? {
            Polled::Nothing { .. } => {}
            handled => return Ok(handled),
        }
        if self.stopped || self.splits == Asking::Asked {
            return Ok(Polled::Nothing { wake_at_ms: None });
        }
        if self.rows_left == Some(0) {
            return Ok(self.end(chain));
        }
        let polled = self.reader.poll()?;
        if self.reader.take_dead_letters().is_some() {
            return Err(ConnectorError::new("not supported: a dead-letter table that the job writes"));
        }
        match polled {
            Poll::Batch(batch) => {
                self.give(batch, chain);
                Ok(Polled::Work)
            }
            Poll::Pending { wake_at_ms } => Ok(Polled::Nothing { wake_at_ms }),
            Poll::NeedsSplit if self.splits == Asking::Exhausted => Ok(self.end(chain)),
            Poll::NeedsSplit => {
                self.splits = Asking::Asked;
                Ok(Polled::NeedsSplit)
            }
        }
    }

    /// Does what the coordinator wants, if it wants something; also while rows of the last batch wait in the chain.
    pub(crate) fn take_message(&mut self, chain: &mut Chain) -> Result<Polled, ConnectorError> {
        match self.control.take() {
            None => Ok(Polled::Nothing { wake_at_ms: None }),
            Some(message) => self.handle(message, chain),
        }
    }

    /// At the end of the source: whether a barrier that may overtake was to be injected. It is not: whoever has ended has no barrier.
    pub(crate) fn drops_trigger(&mut self) -> bool {
        matches!(self.control.take(), Some(ToTask::Trigger { barrier, .. }) if !barrier.must_align)
    }

    /// The unread splits when the last barrier was injected.
    pub(crate) fn take_splits_at_barrier(&mut self) -> Vec<Split> {
        std::mem::take(&mut self.splits_at_barrier)
    }

    /// Rows that the error policy skipped since the last call.
    pub(crate) fn take_rows_skipped(&mut self) -> u64 {
        let rows_skipped = self.reader.rows_skipped();
        rows_skipped - std::mem::replace(&mut self.rows_skipped, rows_skipped)
    }

    fn handle(&mut self, message: ToTask, chain: &mut Chain) -> Result<Polled, ConnectorError> {
        match message {
            ToTask::AssignSplit(split) => {
                self.splits = Asking::No;
                self.set_idle(false, chain);
                self.reader.add_split(split)?;
            }
            ToTask::NoSplitNow => self.set_idle(true, chain),
            ToTask::NoMoreSplits => {
                self.splits = Asking::Exhausted;
            }
            ToTask::Trigger { barrier, stops, drains } => {
                self.splits_at_barrier = self.reader.snapshot();
                self.stopped = stops;
                if drains {
                    self.set_idle(false, chain);
                    chain.push(Work::Watermark(MAX_WATERMARK));
                }
                chain.push(Work::Barrier(barrier));
                return Ok(Polled::News(CheckpointNews::Barrier { must_align: barrier.must_align }));
            }
        }
        Ok(Polled::Work)
    }

    fn give(&mut self, batch: Batch, chain: &mut Chain) {
        let rows = match &mut self.rows_left {
            Some(rows_left) => {
                let rows = (batch.num_rows() as u64).min(*rows_left) as usize;
                *rows_left -= rows as u64;
                rows
            }
            None => batch.num_rows(),
        };
        self.gauges.source_rows.add(rows as u64);
        self.metrics.num_records_out.add(rows as u64);
        match self.reader.progress() {
            Some((read, total)) => {
                self.gauges.bytes_read.set(read as i64);
                self.gauges.bytes_total.set(total as i64);
            }
            None => self.gauges.bytes_total.set(-1),
        }
        chain.push(Work::Batch { input: 0, batch: batch.slice(0, rows) });
    }

    fn end(&mut self, chain: &mut Chain) -> Polled {
        self.set_idle(false, chain);
        chain.push(Work::Watermark(MAX_WATERMARK));
        chain.push(Work::EndInput(0));
        Polled::Ended
    }

    fn set_idle(&mut self, idle: bool, chain: &mut Chain) {
        if idle != std::mem::replace(&mut self.idle, idle) {
            chain.push(if idle { Work::Idle } else { Work::Active });
        }
    }
}
