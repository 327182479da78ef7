//! A channel from one subtask to another: a queue bounded by bytes, with credit for the producer and wakes for both ends.
//!
//! The queue is the sender's output and the receiver's input at once. So a barrier that overtakes does so here: the receiver sees it from
//! the moment it is sent, however many rows wait before it, and takes it out of the queue's middle.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_record::{Barrier, Element};

use crate::wake::WakeCell;

struct Shared {
    queue: Mutex<Queue>,
    bytes_max: usize,
    /// Barriers in the queue, to be looked at without its lock.
    barriers: AtomicUsize,
    producer: WakeCell,
    consumer: WakeCell,
}

#[derive(Default)]
struct Queue {
    elements: VecDeque<(Element, usize)>,
    bytes: usize,
    consumer_waits: bool,
    producer_waits_for_credit: bool,
    producer_waits_for_drain: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The producer's end.
pub struct ChannelSender {
    shared: Arc<Shared>,
}

/// The consumer's end.
pub struct ChannelReceiver {
    shared: Arc<Shared>,
}

/// A channel that gives credit while less than `bytes_max` bytes wait in it.
pub fn channel(bytes_max: usize, producer: WakeCell, consumer: WakeCell) -> (ChannelSender, ChannelReceiver) {
    let shared = Arc::new(Shared {
        queue: Mutex::new(Queue::default()),
        bytes_max,
        barriers: AtomicUsize::new(0),
        producer,
        consumer,
    });
    (ChannelSender { shared: shared.clone() }, ChannelReceiver { shared })
}

impl ChannelSender {
    /// Hands an element over. Always taken, so that watermarks and barriers never wait for credit; a producer asks
    /// [`ChannelSender::has_credit`] before it makes more rows, so the queue exceeds its bound by one step's output at the most.
    pub fn send(&self, element: Element) {
        let bytes = element.queue_bytes();
        let is_barrier = matches!(element, Element::Barrier(_));
        let consumer_waits = {
            let mut queue = self.shared.queue();
            queue.elements.push_back((element, bytes));
            queue.bytes += bytes;
            if is_barrier {
                self.shared.barriers.fetch_add(1, Ordering::Release);
            }
            std::mem::take(&mut queue.consumer_waits)
        };
        // A barrier is seen also by a consumer that reads nothing, since its own output is full.
        if consumer_waits || is_barrier {
            self.shared.consumer.wake();
        }
    }

    /// Whether more rows are welcome. Where not, the producer is woken once the queue is half empty.
    pub fn has_credit(&self) -> bool {
        let mut queue = self.shared.queue();
        let has_credit = queue.bytes < self.shared.bytes_max;
        queue.producer_waits_for_credit = !has_credit;
        has_credit
    }

    /// Whether the consumer has taken everything. Where not, the producer is woken once it has.
    pub fn is_drained(&self) -> bool {
        let mut queue = self.shared.queue();
        let is_drained = queue.elements.is_empty();
        queue.producer_waits_for_drain = !is_drained;
        is_drained
    }
}

impl ChannelReceiver {
    /// The next element; where there is none, the consumer is woken when one comes.
    pub fn receive(&self) -> Option<Element> {
        let (element, wakes_producer) = {
            let mut queue = self.shared.queue();
            let Some((element, bytes)) = queue.elements.pop_front() else {
                queue.consumer_waits = true;
                return None;
            };
            (element, self.took(&mut queue, bytes))
        };
        if matches!(element, Element::Barrier(_)) {
            self.shared.barriers.fetch_sub(1, Ordering::Release);
        }
        if wakes_producer {
            self.shared.producer.wake();
        }
        Some(element)
    }

    /// Notes that so many bytes were taken; true if the producer is to be woken.
    fn took(&self, queue: &mut Queue, bytes: usize) -> bool {
        queue.bytes -= bytes;
        let gives_credit = queue.producer_waits_for_credit && queue.bytes <= self.shared.bytes_max / 2;
        let is_drained = queue.producer_waits_for_drain && queue.elements.is_empty();
        queue.producer_waits_for_credit &= !gives_credit;
        queue.producer_waits_for_drain &= !is_drained;
        gives_credit || is_drained
    }

    /// Whether a barrier waits.
    pub fn has_barrier(&self) -> bool {
        self.shared.barriers.load(Ordering::Acquire) > 0
    }

    /// The barriers that wait, in order.
    pub fn barriers(&self) -> Vec<Barrier> {
        let queue = self.shared.queue();
        let barriers = queue.elements.iter().filter_map(|(element, _)| match element {
            Element::Barrier(barrier) => Some(*barrier),
            _ => None,
        });
        barriers.collect()
    }

    /// Takes a barrier that waits out of the queue. Returns what waits before it and stays there: in-flight data. `None` if there is no such
    /// barrier.
    pub fn overtake(&self, checkpoint_id: u64) -> Option<Vec<Element>> {
        let (before, wakes_producer) = {
            let mut queue = self.shared.queue();
            let is_it = |element: &Element| matches!(element, Element::Barrier(b) if b.checkpoint_id == checkpoint_id);
            let position = queue.elements.iter().position(|(element, _)| is_it(element))?;
            let (_, bytes) = queue.elements.remove(position)?;
            self.shared.barriers.fetch_sub(1, Ordering::Release);
            let before = queue.elements.iter().take(position).map(|(element, _)| element.clone()).collect();
            (before, self.took(&mut queue, bytes))
        };
        if wakes_producer {
            self.shared.producer.wake();
        }
        Some(before)
    }

    /// Bytes that wait.
    pub fn queued_bytes(&self) -> usize {
        self.shared.queue().bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow_array::{ArrayRef, Int64Array};
    use flott_environment::{WakeTarget, Waker};
    use flott_record::Batch;

    use super::*;

    struct Counted(AtomicUsize);

    impl WakeTarget for Counted {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted() -> (Arc<Counted>, WakeCell) {
        let target = Arc::new(Counted(AtomicUsize::new(0)));
        (target.clone(), WakeCell::of(Waker::new(target)))
    }

    fn batch(rows: usize) -> Element {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![0; rows]));
        Element::Batch(Batch::new(vec![values], rows))
    }

    #[test]
    fn credit_ends_at_the_bound_and_comes_back_at_half_of_it() {
        let ((producer, producer_cell), (_, consumer_cell)) = (counted(), counted());
        let (sender, receiver) = channel(20_000, producer_cell, consumer_cell);
        for _ in 0..2 {
            assert!(sender.has_credit());
            sender.send(batch(1_000));
        }
        sender.send(batch(1_000));
        assert!(!sender.has_credit());
        receiver.receive().expect("three are queued");
        assert_eq!(producer.0.load(Ordering::Relaxed), 0, "still above half");
        receiver.receive().expect("two are queued");
        assert_eq!(producer.0.load(Ordering::Relaxed), 1);
        assert!(sender.has_credit());
    }

    #[test]
    fn a_consumer_is_woken_only_after_it_found_nothing() {
        let ((_, producer_cell), (consumer, consumer_cell)) = (counted(), counted());
        let (sender, receiver) = channel(1_000, producer_cell, consumer_cell);
        sender.send(Element::Watermark(1));
        assert_eq!(consumer.0.load(Ordering::Relaxed), 0);
        assert!(matches!(receiver.receive(), Some(Element::Watermark(1))));
        assert!(receiver.receive().is_none());
        sender.send(Element::Watermark(2));
        sender.send(Element::Watermark(3));
        assert_eq!(consumer.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_producer_that_waits_for_drain_is_woken_by_the_last_element() {
        let ((producer, producer_cell), (_, consumer_cell)) = (counted(), counted());
        let (sender, receiver) = channel(1_000, producer_cell, consumer_cell);
        sender.send(Element::Watermark(1));
        sender.send(Element::Watermark(2));
        assert!(!sender.is_drained());
        receiver.receive().expect("first");
        assert_eq!(producer.0.load(Ordering::Relaxed), 0);
        receiver.receive().expect("second");
        assert_eq!(producer.0.load(Ordering::Relaxed), 1);
        assert_eq!(receiver.queued_bytes(), 0);
    }
}
