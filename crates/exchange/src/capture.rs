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
    /// Those that have not ended, and where they are by position.
    channels: Vec<CapturedChannel>,
    place_of: Vec<Option<usize>>,
}

impl Capture {
    /// A capture of what is left of a recovery, and of channels, `None` where one has ended.
    pub(crate) fn new(
        checkpoint_id: u64,
        watermarks_ms: Vec<i64>,
        recovered: Vec<CapturedChannel>,
        channels: impl Iterator<Item = Option<CapturedChannel>>,
    ) -> Self {
        let (mut open, mut place_of) = (Vec::new(), Vec::new());
        for channel in channels {
            place_of.push(channel.is_some().then_some(open.len()));
            open.extend(channel);
        }
        Capture { checkpoint_id, watermarks_ms, recovered, channels: open, place_of }
    }

    /// Adds what lies before a channel's barrier.
    pub(crate) fn push(&mut self, channel: usize, element: Element) {
        if let Some(channel) = self.channel(channel) {
            channel.push(element);
        }
    }

    fn channel(&mut self, position: usize) -> Option<&mut CapturedChannel> {
        let place = self.place_of.get(position).copied().flatten()?;
        self.channels.get_mut(place)
    }

    /// Puts rows that were read, but not processed, in front of what else is captured of their channel.
    pub(crate) fn push_front(&mut self, origin: Origin, batch: Batch) {
        let channel = match origin {
            Origin::Channel(position) => self.channel(position),
            // A recovered channel stays in front while a batch of it is processed.
            Origin::Recovery => self.recovered.first_mut(),
        };
        if let Some(channel) = channel {
            channel.elements.insert(0, Element::Batch(batch));
        }
    }

    /// All of it.
    pub(crate) fn finish(self) -> InFlight {
        let mut channels: Vec<CapturedChannel> = self.recovered.into_iter().chain(self.channels).collect();
        // One with nothing in flight holds the watermark nevertheless, while others are replayed.
        if channels.iter().all(CapturedChannel::is_empty) {
            channels.clear();
        }
        InFlight { watermarks_ms: self.watermarks_ms, channels }
    }
}
