//! Random orders of events against a naive model: the cut of a checkpoint is what every channel sent before its barrier.

use std::collections::{BTreeMap, BTreeSet};

use flott_environment::Random;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Row(usize),
    Barrier(u64, bool),
    Cancel(u64),
    End,
}

/// What each channel sends, from its first to its last.
type Streams = Vec<Vec<Item>>;

const CHECKPOINTS: u64 = 4;

/// The naive model: rows that a channel sends before a checkpoint's barrier, or all if it ends without one.
fn cut(stream: &[Item], checkpoint_id: u64) -> BTreeSet<usize> {
    let end = stream.iter().position(|item| matches!(item, Item::Barrier(id, _) if *id == checkpoint_id));
    let rows = stream[..end.unwrap_or(stream.len())].iter();
    rows.filter_map(|item| if let Item::Row(row) = item { Some(*row) } else { None }).collect()
}

/// One subtask, with queues as an exchange has them.
struct Subtask {
    aligner: BarrierAligner,
    queues: Vec<VecDeque<Item>>,
    /// How much of each queue has been sent so far.
    visible: Vec<usize>,
    processed: Vec<BTreeSet<usize>>,
    /// Per checkpoint whose snapshot is taken: what is in it, by channel.
    cuts: BTreeMap<u64, Vec<BTreeSet<usize>>>,
    complete: BTreeSet<u64>,
    aborted: BTreeSet<u64>,
}

impl Subtask {
    fn step(&mut self, event: AlignmentEvent, now_ms: i64) {
        let mut actions = Vec::new();
        self.aligner.step(event, now_ms, &mut actions);
        for action in actions {
            match action {
                AlignmentAction::Snapshot { barrier, is_unaligned } => {
                    let before = self.cuts.insert(barrier.checkpoint_id, self.processed.clone());
                    assert!(before.is_none(), "one snapshot a checkpoint");
                    if !is_unaligned {
                        self.complete.insert(barrier.checkpoint_id);
                    }
                }
                AlignmentAction::Overtake { channel } => {
                    let id = self.aligner.current().map_or(self.last_captured(), |barrier| barrier.checkpoint_id);
                    let queue = &mut self.queues[channel];
                    let position =
                        queue.iter().position(|item| matches!(item, Item::Barrier(other, _) if *other == id));
                    let position = position.expect("it was seen there");
                    assert!(position < self.visible[channel]);
                    queue.remove(position);
                    self.visible[channel] -= 1;
                    for item in queue.iter().take(position) {
                        if let Item::Row(row) = item {
                            let is_new = self.cuts.get_mut(&id).expect("a snapshot came first")[channel].insert(*row);
                            assert!(is_new, "a row is captured once");
                        }
                    }
                }
                AlignmentAction::Captured { checkpoint_id } => assert!(self.complete.insert(checkpoint_id)),
                AlignmentAction::Abort { checkpoint_id } => assert!(self.aborted.insert(checkpoint_id)),
                AlignmentAction::WakeAt { .. } => {}
            }
        }
    }

    fn last_captured(&self) -> u64 {
        *self.cuts.last_key_value().expect("a snapshot came first").0
    }

    /// Reads one item of a channel as a gate does.
    fn read(&mut self, channel: usize, now_ms: i64) {
        let Some(item) = self.queues[channel].pop_front() else { return };
        self.visible[channel] -= 1;
        match item {
            Item::Row(row) => {
                if self.aligner.is_capturing(channel) {
                    let id = self.aligner.current().expect("it captures").checkpoint_id;
                    assert!(self.cuts.get_mut(&id).expect("it captures")[channel].insert(row));
                }
                assert!(self.processed[channel].insert(row));
            }
            Item::Barrier(id, must_align) => {
                let barrier = Barrier { checkpoint_id: id, triggered_at_ms: id as i64 * 10, must_align };
                self.step(AlignmentEvent::Delivered { channel, barrier }, now_ms);
            }
            Item::Cancel(checkpoint_id) => self.step(AlignmentEvent::Cancelled { channel, checkpoint_id }, now_ms),
            Item::End => self.step(AlignmentEvent::Ended { channel }, now_ms),
        }
    }

    /// Looks at the barriers that wait in a channel, as a gate does.
    fn look(&mut self, channel: usize, now_ms: i64) {
        let waiting = self.queues[channel].iter().take(self.visible[channel]);
        let barriers =
            waiting.filter_map(|item| if let Item::Barrier(id, must) = item { Some((*id, *must)) } else { None });
        for (checkpoint_id, must_align) in barriers.collect::<Vec<_>>() {
            let barrier = Barrier { checkpoint_id, triggered_at_ms: checkpoint_id as i64 * 10, must_align };
            self.step(AlignmentEvent::Seen { channel, barrier }, now_ms);
        }
    }
}

/// A channel's stream: rows, barriers of which some are cancelled or left out, and an end somewhere.
fn stream() -> impl Strategy<Value = Vec<(usize, u8)>> {
    proptest::collection::vec((0usize..4, 0u8..20), CHECKPOINTS as usize + 1)
}

fn items(pieces: &[(usize, u8)], savepoints: &[bool], ends_early: bool) -> Vec<Item> {
    let (mut items, mut next) = (Vec::new(), 0);
    for (index, (rows, fate)) in pieces.iter().enumerate() {
        items.extend((next..next + rows).map(Item::Row));
        next += rows;
        let id = index as u64 + 1;
        match fate {
            _ if id > CHECKPOINTS => {}
            0 => items.push(Item::Cancel(id)),
            1 => {}
            2 if ends_early => break,
            _ => items.push(Item::Barrier(id, savepoints[index])),
        }
    }
    items.push(Item::End);
    items
}

fn mode() -> impl Strategy<Value = AlignmentMode> {
    prop_oneof![
        Just(AlignmentMode::Aligned),
        Just(AlignmentMode::Unaligned { timeout_ms: 0 }),
        Just(AlignmentMode::Unaligned { timeout_ms: 15 }),
        Just(AlignmentMode::AtLeastOnce),
    ]
}

fn check(subtask: &Subtask, streams: &Streams, mode: AlignmentMode) -> Result<(), TestCaseError> {
    for id in &subtask.complete {
        for (channel, stream) in streams.iter().enumerate() {
            let (actual, expected) = (&subtask.cuts[id][channel], cut(stream, *id));
            if mode == AlignmentMode::AtLeastOnce {
                prop_assert!(expected.is_subset(actual), "checkpoint {} misses rows of {}", id, channel);
            } else {
                prop_assert_eq!(actual, &expected, "checkpoint {} of channel {}", id, channel);
            }
        }
    }
    prop_assert!(subtask.complete.is_disjoint(&subtask.aborted));
    // A checkpoint whose barrier every channel sent, and after which nothing newer could give it up, is taken.
    let all_sent = |id: u64| {
        streams.iter().all(|stream| stream.iter().any(|item| matches!(item, Item::Barrier(other, _) if *other == id)))
    };
    let none_newer = |id: u64| {
        streams.iter().flatten().all(|item| match item {
            Item::Barrier(other, _) | Item::Cancel(other) => *other <= id,
            _ => true,
        })
    };
    for id in (1..=CHECKPOINTS).filter(|id| all_sent(*id) && none_newer(*id)) {
        prop_assert!(subtask.complete.contains(&id), "checkpoint {} was never taken", id);
    }
    prop_assert!(subtask.aligner.current().is_none(), "nothing is left under way");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_checkpoint_taken_is_the_cut_of_the_naive_model(
        pieces in proptest::collection::vec(stream(), 1..5),
        savepoints in proptest::collection::vec(proptest::bool::weighted(0.2), CHECKPOINTS as usize + 1),
        may_overtake in proptest::collection::vec(proptest::bool::weighted(0.8), 4),
        ends_early in any::<bool>(),
        mode in mode(),
        seed in any::<u64>(),
    ) {
        let streams: Streams = pieces.iter().map(|pieces| items(pieces, &savepoints, ends_early)).collect();
        let channels = streams.len();
        let mut subtask = Subtask {
            aligner: BarrierAligner::new(mode, &may_overtake[..channels]),
            queues: streams.iter().map(|stream| stream.iter().copied().collect()).collect(),
            visible: vec![0; channels],
            processed: vec![BTreeSet::new(); channels],
            cuts: BTreeMap::new(),
            complete: BTreeSet::new(),
            aborted: BTreeSet::new(),
        };
        let (mut picks, mut now_ms, mut stalled) = (Random::from_seed(seed), 0, 0);
        while subtask.queues.iter().any(|queue| !queue.is_empty()) {
            let (channel, what) = (picks.next_below(channels as u64) as usize, picks.next_below(5));
            let before: usize = subtask.queues.iter().map(VecDeque::len).sum();
            match what {
                0 => subtask.visible[channel] = subtask.queues[channel].len().min(subtask.visible[channel] + 3),
                1 => subtask.look(channel, now_ms),
                2 => { now_ms += 1; subtask.step(AlignmentEvent::TimePassed, now_ms); }
                _ if subtask.visible[channel] > 0 && !subtask.aligner.is_blocked(channel) => subtask.read(channel, now_ms),
                _ => {}
            }
            stalled = if subtask.queues.iter().map(VecDeque::len).sum::<usize>() < before { 0 } else { stalled + 1 };
            prop_assert!(stalled < 50_000, "alignment stands still");
        }
        check(&subtask, &streams, mode)?;
    }
}
