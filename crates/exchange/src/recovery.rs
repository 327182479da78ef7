//! What a restored subtask replays before it reads anything new: in-flight data of its snapshot, channel after channel.
//!
//! A channel keeps its order and its watermarks; the merged watermark starts where it was. Channels are read one at a time and decoded as
//! they are read, so recovery holds one batch beyond the records themselves, and never waits for input.

use std::collections::VecDeque;

use flott_record::{Element, MAX_WATERMARK, MIN_WATERMARK};

use crate::in_flight::{CapturedChannel, InFlightError, RecoveredChannel};
use crate::watermark::{StatusChange, WatermarkMerger};

struct Replayed {
    channel: RecoveredChannel,
    input: usize,
    /// Position among the recovered channels of its input.
    index: usize,
}

/// Replays the in-flight data of one subtask.
pub struct Recovery {
    channels: VecDeque<Replayed>,
    /// Merges the watermarks of recovered channels, by input.
    mergers: Vec<WatermarkMerger>,
    watermarks_ms: Vec<i64>,
    begun: bool,
}

/// What a recovery gives.
pub(crate) enum Replay {
    /// An element of an input: a batch, or a merged watermark that advanced.
    Element(usize, Element),
    /// There is nothing more; the inputs' merged watermarks are these.
    Done(Vec<i64>),
}

impl Recovery {
    /// A recovery of these channels, each with its input, in the order in which they are replayed, and of the merged watermark of each input.
    pub fn new(channels: Vec<(usize, RecoveredChannel)>, watermarks_ms: Vec<i64>) -> Self {
        let mut counts = vec![0; watermarks_ms.len()];
        let replayed = channels.into_iter().map(|(input, channel)| {
            counts[input] += 1;
            Replayed { channel, input, index: counts[input] - 1 }
        });
        let channels: VecDeque<Replayed> = replayed.collect();
        let mut mergers: Vec<WatermarkMerger> = counts.iter().map(|count| WatermarkMerger::new(*count)).collect();
        for Replayed { channel, input, index } in &channels {
            let merger = &mut mergers[*input];
            merger.on_watermark(*index, channel.watermark_ms, &mut |_| {});
            if channel.is_idle {
                merger.on_idle(*index, &mut |_| {});
            }
        }
        Recovery { channels, mergers, watermarks_ms, begun: false }
    }

    /// Whether there is nothing to recover.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.watermarks_ms.iter().all(|watermark_ms| *watermark_ms == MIN_WATERMARK)
    }

    /// The next elements, in order.
    pub(crate) fn next(&mut self) -> Result<Vec<Replay>, InFlightError> {
        if !std::mem::replace(&mut self.begun, true) {
            let known =
                self.watermarks_ms.iter().enumerate().filter(|(_, watermark_ms)| **watermark_ms > MIN_WATERMARK);
            return Ok(known.map(|(input, at)| Replay::Element(input, Element::Watermark(*at))).collect());
        }
        while let Some(first) = self.channels.front_mut() {
            let (input, index) = (first.input, first.index);
            match first.channel.next_element()? {
                None => drop(self.channels.pop_front()),
                Some(batch @ Element::Batch(_)) => return Ok(vec![Replay::Element(input, batch)]),
                Some(element) => {
                    if let Some(watermark_ms) = self.advance(input, index, &element) {
                        return Ok(vec![Replay::Element(input, Element::Watermark(watermark_ms))]);
                    }
                }
            }
        }
        Ok(vec![Replay::Done(self.watermarks_ms.clone())])
    }

    /// The merged watermark of an input, if a channel's element advances it.
    fn advance(&mut self, input: usize, index: usize, element: &Element) -> Option<i64> {
        let mut merged_ms = None;
        let mut changed = |change| {
            if let StatusChange::Watermark(watermark_ms) = change {
                merged_ms = Some(watermark_ms);
            }
        };
        let merger = &mut self.mergers[input];
        match element {
            Element::Watermark(watermark_ms) => merger.on_watermark(index, *watermark_ms, &mut changed),
            Element::Idle => merger.on_idle(index, &mut changed),
            Element::Active => merger.on_active(index, &mut changed),
            _ => {}
        }
        let merged_ms = merged_ms.filter(|at_ms| *at_ms > self.watermarks_ms[input] && *at_ms < MAX_WATERMARK)?;
        self.watermarks_ms[input] = merged_ms;
        Some(merged_ms)
    }

    /// The merged watermark of an input so far.
    pub(crate) fn watermark_ms(&self, input: usize) -> i64 {
        self.watermarks_ms[input]
    }

    /// What is left, as channels of this subtask. The first is the one that was read last, if it is not through.
    pub(crate) fn rest(&self) -> Result<Vec<CapturedChannel>, InFlightError> {
        self.channels.iter().map(|replayed| replayed.channel.rest()).collect()
    }
}
