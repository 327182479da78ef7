//! The sending side of an edge: partitions rows, joins small pieces, and sends what travels in band to every target.

use arrow_schema::ArrowError;
use flott_record::limits::BATCH_ROWS_MAX;
use flott_record::{Batch, Element};

use crate::channel::ChannelSender;
use crate::limits::{COALESCE_BYTES_MAX, COALESCE_ROWS_MIN};
use crate::partition::Partitioner;

/// One subtask's output over one edge.
pub struct OutputGate {
    partitioner: Partitioner,
    targets: Vec<Target>,
    buffer_timeout_ms: i64,
    sent: Sent,
}

#[derive(Default)]
struct Sent {
    batches: u64,
    bytes: u64,
}

struct Target {
    sender: ChannelSender,
    pieces: Vec<Batch>,
    rows: usize,
    bytes: usize,
    /// When the first of `pieces` came, milliseconds since the epoch.
    since_ms: i64,
}

impl OutputGate {
    /// An output to these channels. `buffer_timeout_ms` bounds how long rows wait for others; 0 sends at once, a negative one waits for
    /// full batches (or watermarks, barriers, the end, or an idle consumer).
    pub fn new(partitioner: Partitioner, senders: Vec<ChannelSender>, buffer_timeout_ms: i64) -> Self {
        let target = |sender| Target { sender, pieces: Vec::new(), rows: 0, bytes: 0, since_ms: 0 };
        let targets = senders.into_iter().map(target).collect();
        OutputGate { partitioner, targets, buffer_timeout_ms, sent: Sent::default() }
    }

    /// Whether every target has room for more rows; where not, this subtask's slot is woken when it has.
    pub fn has_credit(&self) -> bool {
        // All are asked, so that each one without room knows that it is waited for.
        self.targets.iter().filter(|target| !target.sender.has_credit()).count() == 0
    }

    /// Sends rows, or keeps them for a while to join them with others.
    ///
    /// # Errors
    /// If Arrow cannot gather or join columns.
    pub fn send_batch(&mut self, batch: Batch, now_ms: i64) -> Result<(), ArrowError> {
        let OutputGate { partitioner, targets, sent, .. } = self;
        match partitioner {
            Partitioner::One => targets[0].add(batch, now_ms, sent),
            Partitioner::Hash(hash) => {
                let mut result = Ok(());
                hash.split(batch, &mut |target, piece| {
                    if result.is_ok() {
                        result = targets[target].add(piece, now_ms, sent);
                    }
                })?;
                result
            }
            Partitioner::Rebalance { next } => {
                let target = *next % targets.len();
                *next = target + 1;
                targets[target].add(batch, now_ms, sent)
            }
            Partitioner::Broadcast => targets.iter_mut().try_for_each(|target| target.add(batch.clone(), now_ms, sent)),
        }
    }

    /// Sends something that lies between rows (watermark, status, barrier, end) to every target, after all rows that came before it.
    ///
    /// # Errors
    /// If Arrow cannot join columns.
    pub fn send_to_all(&mut self, element: &Element) -> Result<(), ArrowError> {
        for target in &mut self.targets {
            target.flush(&mut self.sent)?;
            target.sender.send(element.clone());
        }
        Ok(())
    }

    /// To be called when the subtask pauses: sends what waits where the consumer is idle or the time is up. Returns when to call
    /// again, if something still waits and time bounds it.
    ///
    /// # Errors
    /// If Arrow cannot join columns.
    pub fn flush_due(&mut self, now_ms: i64) -> Result<Option<i64>, ArrowError> {
        let mut next_ms = None;
        for target in self.targets.iter_mut().filter(|target| target.rows > 0) {
            let due_ms = match self.buffer_timeout_ms {
                0 => Some(now_ms),
                timeout_ms if timeout_ms < 0 => None,
                timeout_ms => Some(target.since_ms.saturating_add(timeout_ms)),
            };
            if due_ms.is_some_and(|due_ms| due_ms <= now_ms) || target.sender.is_drained() {
                target.flush(&mut self.sent)?;
            } else if let Some(due_ms) = due_ms {
                next_ms = Some(next_ms.map_or(due_ms, |next_ms: i64| next_ms.min(due_ms)));
            }
        }
        Ok(next_ms)
    }

    /// Batches sent so far.
    pub fn sent_batches(&self) -> u64 {
        self.sent.batches
    }

    /// Bytes of batches sent so far.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.bytes
    }
}

impl Target {
    fn add(&mut self, piece: Batch, now_ms: i64, sent: &mut Sent) -> Result<(), ArrowError> {
        if piece.is_empty() {
            return Ok(());
        }
        if self.rows + piece.num_rows() > BATCH_ROWS_MAX {
            self.flush(sent)?;
        }
        if self.rows == 0 {
            self.since_ms = now_ms;
        }
        self.rows += piece.num_rows();
        self.bytes += piece.memory_bytes();
        self.pieces.push(piece);
        let is_large = self.rows >= COALESCE_ROWS_MIN && self.pieces.len() == 1;
        if is_large || self.rows >= BATCH_ROWS_MAX || self.bytes >= COALESCE_BYTES_MAX {
            self.flush(sent)?;
        }
        Ok(())
    }

    fn flush(&mut self, sent: &mut Sent) -> Result<(), ArrowError> {
        if self.rows == 0 {
            return Ok(());
        }
        let batch = if self.pieces.len() == 1 { self.pieces.pop() } else { None };
        let batch = match batch {
            Some(batch) => batch,
            None => Batch::concat(&self.pieces)?,
        };
        self.pieces.clear();
        sent.batches += 1;
        sent.bytes += self.bytes as u64;
        (self.rows, self.bytes) = (0, 0);
        self.sender.send(Element::Batch(batch));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};

    use super::*;
    use crate::channel::{ChannelReceiver, channel};
    use crate::wake::WakeCell;

    fn batch(first: i64, rows: usize) -> Batch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + rows as i64));
        Batch::new(vec![column], rows)
    }

    fn gate(partitioner: Partitioner, targets: usize, buffer_timeout_ms: i64) -> (OutputGate, Vec<ChannelReceiver>) {
        let (senders, receivers) = (0..targets).map(|_| channel(1 << 20, WakeCell::new(), WakeCell::new())).unzip();
        (OutputGate::new(partitioner, senders, buffer_timeout_ms), receivers)
    }

    fn rows(receiver: &ChannelReceiver) -> Vec<usize> {
        std::iter::from_fn(|| receiver.receive())
            .map(|element| if let Element::Batch(batch) = element { batch.num_rows() } else { 0 })
            .collect()
    }

    #[test]
    fn large_batches_travel_alone_and_small_ones_together() {
        let (mut gate, receivers) = gate(Partitioner::One, 1, 100);
        gate.send_batch(batch(0, 5_000), 0).expect("one column");
        for piece in 0..20 {
            gate.send_batch(batch(piece, 500), 0).expect("one column");
        }
        assert_eq!(rows(&receivers[0]), [5_000, 8_000]);
        gate.send_to_all(&Element::Watermark(1)).expect("one column");
        assert_eq!(rows(&receivers[0]), [2_000, 0]);
    }

    #[test]
    fn rows_wait_while_the_consumer_is_busy_and_the_time_is_not_up() {
        let (mut gate, receivers) = gate(Partitioner::One, 1, 100);
        gate.send_batch(batch(0, 10), 1_000).expect("one column");
        assert_eq!(gate.flush_due(1_000).expect("one column"), None);
        gate.send_batch(batch(0, 20), 1_000).expect("one column");
        assert_eq!(gate.flush_due(1_050).expect("one column"), Some(1_100), "the consumer has a batch to read");
        assert_eq!(gate.flush_due(1_100).expect("one column"), None);
        assert_eq!(rows(&receivers[0]), [10, 20]);
    }

    #[test]
    fn rebalance_takes_turns_and_broadcast_repeats() {
        let (mut turns, receivers) = gate(Partitioner::Rebalance { next: 1 }, 2, 0);
        (0..3).for_each(|_| turns.send_batch(batch(0, 2_000), 0).expect("one column"));
        assert_eq!((rows(&receivers[0]).len(), rows(&receivers[1]).len()), (1, 2));
        let (mut all, receivers) = gate(Partitioner::Broadcast, 2, 0);
        all.send_batch(batch(0, 2_000), 0).expect("one column");
        assert_eq!((rows(&receivers[0]), rows(&receivers[1])), (vec![2_000], vec![2_000]));
    }
}
