//! In-flight data of the checkpoint under way, as a gate collects it.

use flott_record::{Batch, Element};

use crate::in_flight::{CapturedChannel, InFlight};

/// What a batch that is being processed came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This channel.
    Channel(usize),
    /// The recovered channel that is replayed.
    Recovery,
}

/// A capture: begun with the snapshot, complete when every channel has delivered its barrier.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) checkpoint_id: u64,
    watermarks_ms: Vec<i64>,
    /// What is left of a recovery, first the one that is replayed.
    recovered: Vec<CapturedChannel>,
    /// By position.
    channels: Vec<CapturedChannel>,
}

impl Capture {
    pub(crate) fn new(
        checkpoint_id: u64,
        watermarks_ms: Vec<i64>,
        recovered: Vec<CapturedChannel>,
        channels: Vec<CapturedChannel>,
    ) -> Self {
        Capture { checkpoint_id, watermarks_ms, recovered, channels }
    }

    /// Adds what lies before a channel's barrier.
    pub(crate) fn push(&mut self, channel: usize, element: Element) {
        self.channels[channel].push(element);
    }

    /// Puts rows that were read, but not processed, in front of what else is captured of their channel.
    pub(crate) fn push_front(&mut self, origin: Origin, batch: Batch) {
        let channel = match origin {
            Origin::Channel(position) => self.channels.get_mut(position),
            // A recovered channel stays in front while a batch of it is processed.
            Origin::Recovery => self.recovered.first_mut(),
        };
        if let Some(channel) = channel {
            channel.elements.insert(0, Element::Batch(batch));
        }
    }

    /// All of it.
    pub(crate) fn finish(self) -> InFlight {
        let all = self.recovered.into_iter().chain(self.channels);
        InFlight { watermarks_ms: self.watermarks_ms, channels: all.filter(|channel| !channel.is_empty()).collect() }
    }
}
