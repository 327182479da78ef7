//! Alignment of barriers, as a pure state machine: a channel that delivered barrier n is blocked until all others did or ended.

use flott_record::Barrier;

/// Which channels of a gate have delivered the current barrier.
#[derive(Clone, Debug)]
pub struct BarrierAligner {
    current: Option<Barrier>,
    /// Greatest checkpoint that was completed here.
    completed_id: u64,
    arrived: Vec<bool>,
    ended: Vec<bool>,
}

impl BarrierAligner {
    /// An aligner of so many channels.
    pub fn new(channels: usize) -> Self {
        BarrierAligner { current: None, completed_id: 0, arrived: vec![false; channels], ended: vec![false; channels] }
    }

    /// A channel delivered a barrier. Returns it once all channels have. A newer barrier gives up an older one that isn't complete: its
    /// coordinator has given it up, else no channel could be that far. Barriers of the past are ignored.
    pub fn on_barrier(&mut self, channel: usize, barrier: Barrier) -> Option<Barrier> {
        let current_id = self.current.map_or(self.completed_id, |current| current.checkpoint_id);
        if barrier.checkpoint_id < current_id || (self.current.is_none() && barrier.checkpoint_id == current_id) {
            return None;
        }
        if barrier.checkpoint_id > current_id {
            self.arrived.fill(false);
            self.current = Some(barrier);
        }
        self.arrived[channel] = true;
        self.complete()
    }

    /// A channel ended: it counts as having delivered every barrier. Returns the current barrier if that completes it.
    pub fn on_end(&mut self, channel: usize) -> Option<Barrier> {
        self.ended[channel] = true;
        self.complete()
    }

    /// Whether nothing may be read from the channel now.
    pub fn is_blocked(&self, channel: usize) -> bool {
        self.current.is_some() && self.arrived[channel]
    }

    /// Whether an alignment is under way.
    pub fn is_aligning(&self) -> bool {
        self.current.is_some()
    }

    fn complete(&mut self) -> Option<Barrier> {
        let barrier = self.current?;
        let is_complete = self.arrived.iter().zip(&self.ended).all(|(arrived, ended)| *arrived || *ended);
        if !is_complete {
            return None;
        }
        self.completed_id = barrier.checkpoint_id;
        self.arrived.fill(false);
        self.current.take()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn barrier(checkpoint_id: u64) -> Barrier {
        Barrier { checkpoint_id, triggered_at_ms: 0 }
    }

    #[test]
    fn a_channel_is_blocked_until_all_have_delivered() {
        let mut aligner = BarrierAligner::new(3);
        assert_eq!(aligner.on_barrier(1, barrier(1)), None);
        assert!(!aligner.is_blocked(0) && aligner.is_blocked(1) && !aligner.is_blocked(2));
        assert_eq!(aligner.on_barrier(0, barrier(1)), None);
        assert_eq!(aligner.on_barrier(2, barrier(1)), Some(barrier(1)));
        assert!((0..3).all(|channel| !aligner.is_blocked(channel)));
    }

    #[test]
    fn an_ended_channel_counts_as_delivered() {
        let mut aligner = BarrierAligner::new(2);
        assert_eq!(aligner.on_barrier(0, barrier(1)), None);
        assert_eq!(aligner.on_end(1), Some(barrier(1)));
        assert_eq!(aligner.on_barrier(0, barrier(2)), Some(barrier(2)));
    }

    #[test]
    fn a_newer_barrier_gives_up_an_older_one_which_is_ignored_later() {
        let mut aligner = BarrierAligner::new(2);
        assert_eq!(aligner.on_barrier(0, barrier(1)), None);
        assert_eq!(aligner.on_barrier(1, barrier(2)), None);
        assert!(!aligner.is_blocked(0) && aligner.is_blocked(1));
        assert_eq!(aligner.on_barrier(0, barrier(1)), None);
        assert!(!aligner.is_blocked(0));
        assert_eq!(aligner.on_barrier(0, barrier(2)), Some(barrier(2)));
        assert_eq!(aligner.on_barrier(0, barrier(2)), None);
        assert!(!aligner.is_aligning());
    }

    proptest! {
        /// Channels deliver rows (numbers), barriers 1..=n, then end, in any interleaving that alignment allows: the rows that pass before
        /// barrier n are exactly those that each channel delivered before it.
        #[test]
        fn alignment_cuts_every_channel_at_its_barrier(
            rows in proptest::collection::vec(proptest::collection::vec(0usize..4, 3), 1..5),
            picks in proptest::collection::vec(any::<u16>(), 200),
        ) {
            // rows[channel][n]: rows between barriers n and n + 1
            let mut queues: Vec<Vec<Option<u64>>> = rows.iter().map(|counts| {
                let mut queue = Vec::new();
                for (index, count) in counts.iter().enumerate() {
                    queue.extend(std::iter::repeat_n(None, *count));
                    queue.push(Some(index as u64 + 1));
                }
                queue.reverse();
                queue
            }).collect();
            let mut aligner = BarrierAligner::new(rows.len());
            let mut passed = vec![0; rows.len()];
            let mut completed = Vec::new();
            let mut picks = picks.into_iter().cycle();
            while queues.iter().any(|queue| !queue.is_empty()) {
                let readable: Vec<usize> =
                    (0..rows.len()).filter(|channel| !aligner.is_blocked(*channel) && !queues[*channel].is_empty()).collect();
                prop_assert!(!readable.is_empty(), "alignment never stands still");
                let channel = readable[picks.next().unwrap_or(0) as usize % readable.len()];
                match queues[channel].pop() {
                    Some(Some(id)) => if let Some(done) = aligner.on_barrier(channel, barrier(id)) {
                        completed.push(done.checkpoint_id);
                        let upto = done.checkpoint_id as usize;
                        let expected: Vec<usize> = rows.iter().map(|counts| counts[..upto].iter().sum()).collect();
                        prop_assert_eq!(&passed, &expected);
                    },
                    _ => passed[channel] += 1,
                }
            }
            prop_assert_eq!(completed, vec![1, 2, 3]);
        }
    }
}
