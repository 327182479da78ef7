//! Traces of the alignment: each line is what happens, then what is to be done, then which channels are blocked.

use super::*;

const TRIGGERED_AT_MS: i64 = 1_000;

fn barrier(checkpoint_id: u64, must_align: bool) -> Barrier {
    Barrier { checkpoint_id, triggered_at_ms: TRIGGERED_AT_MS, must_align }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

/// `0 barrier 1`, `0 savepoint 1`, `0 sees 1`, `0 cancels 1`, `0 ends`, `time passes`.
fn event(text: &str) -> AlignmentEvent {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [channel, "barrier", id] => {
            AlignmentEvent::Delivered { channel: number(channel), barrier: barrier(number(id), false) }
        }
        [channel, "savepoint", id] => {
            AlignmentEvent::Delivered { channel: number(channel), barrier: barrier(number(id), true) }
        }
        [channel, "sees", id] => AlignmentEvent::Seen { channel: number(channel), barrier: barrier(number(id), false) },
        [channel, "sees-savepoint", id] => {
            AlignmentEvent::Seen { channel: number(channel), barrier: barrier(number(id), true) }
        }
        [channel, "cancels", id] => AlignmentEvent::Cancelled { channel: number(channel), checkpoint_id: number(id) },
        [channel, "ends"] => AlignmentEvent::Ended { channel: number(channel) },
        ["time", "passes"] => AlignmentEvent::TimePassed,
        _ => panic!("not an event: {text}"),
    }
}

fn text(action: &AlignmentAction) -> String {
    match action {
        AlignmentAction::Snapshot { barrier, is_unaligned: false } => format!("snapshot {}", barrier.checkpoint_id),
        AlignmentAction::Snapshot { barrier, is_unaligned: true } => {
            format!("unaligned snapshot {}", barrier.checkpoint_id)
        }
        AlignmentAction::Overtake { channel } => format!("overtake in {channel}"),
        AlignmentAction::Captured { checkpoint_id } => format!("captured {checkpoint_id}"),
        AlignmentAction::Abort { checkpoint_id } => format!("abort {checkpoint_id}"),
        AlignmentAction::WakeAt { at_ms } => format!("wake at {at_ms}"),
    }
}

/// Lines of `[time] event => action, action | blocked channels`; the time is milliseconds after the trigger and stays.
fn trace(mode: AlignmentMode, may_overtake: &[bool], script: &str) {
    let mut aligner = BarrierAligner::new(mode, may_overtake);
    let mut now_ms = TRIGGERED_AT_MS;
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (left, right) = line.split_once("=>").expect("an arrow");
        let left = match left.strip_prefix('+') {
            Some(rest) => {
                let (later_ms, event) = rest.split_once(' ').expect("a time, then an event");
                now_ms = TRIGGERED_AT_MS + number::<i64>(later_ms);
                event
            }
            None => left,
        };
        let mut actions = Vec::new();
        aligner.step(event(left), now_ms, &mut actions);
        let texts: Vec<String> = actions.iter().map(text).collect();
        let blocked: Vec<String> =
            (0..may_overtake.len()).filter(|c| aligner.is_blocked(*c)).map(|c| c.to_string()).collect();
        let actual = format!("{} | {}", texts.join(", "), blocked.join(" "));
        let expected: Vec<&str> = right.split('|').map(str::trim).collect();
        assert_eq!(actual.trim(), format!("{} | {}", expected[0], expected[1]).trim(), "after {left}");
    }
}

const BOTH: &[bool] = &[true, true];
const AT_ONCE: AlignmentMode = AlignmentMode::Unaligned { timeout_ms: 0 };
const AFTER_A_SECOND: AlignmentMode = AlignmentMode::Unaligned { timeout_ms: 1_000 };

#[test]
fn aligned_channels_wait_for_each_other() {
    trace(
        AlignmentMode::Aligned,
        &[true; 3],
        "1 sees 1    =>            |
         1 barrier 1 =>            | 1
         time passes =>            | 1
         0 barrier 1 =>            | 0 1
         2 barrier 1 => snapshot 1 |
         2 barrier 1 =>            |
         0 barrier 1 =>            |",
    );
}

#[test]
fn an_end_counts_as_every_later_barrier() {
    trace(
        AlignmentMode::Aligned,
        BOTH,
        "0 barrier 1 =>            | 0
         1 ends      => snapshot 1 |
         0 barrier 2 => snapshot 2 |
         0 ends      =>            |",
    );
    trace(
        AT_ONCE,
        BOTH,
        "0 sees 1    => unaligned snapshot 1, overtake in 0 |
         1 ends      => captured 1 |
         0 sees 2    => unaligned snapshot 2, overtake in 0, captured 2 |",
    );
}

#[test]
fn a_newer_checkpoint_gives_up_an_older_one_and_obsolete_barriers_are_ignored() {
    trace(
        AlignmentMode::Aligned,
        BOTH,
        "0 barrier 1 =>            | 0
         1 barrier 2 => abort 1    | 1
         0 barrier 1 =>            | 1
         1 cancels 1 =>            | 1
         0 barrier 2 => snapshot 2 |
         1 barrier 2 =>            |
         1 cancels 2 =>            |",
    );
}

#[test]
fn a_cancelled_checkpoint_unblocks_and_its_late_barriers_do_nothing() {
    trace(
        AlignmentMode::Aligned,
        &[true; 3],
        "0 barrier 1 =>            | 0
         1 cancels 1 => abort 1    |
         2 barrier 1 =>            |
         2 cancels 2 => abort 2    |
         0 barrier 2 =>            |
         0 barrier 3 =>            | 0
         2 cancels 4 => abort 3, abort 4 |
         1 barrier 3 =>            |",
    );
}

#[test]
fn an_unaligned_barrier_counts_when_it_is_seen() {
    trace(
        AT_ONCE,
        &[true; 3],
        "1 sees 1    => unaligned snapshot 1, overtake in 1 |
         1 sees 1    =>                                     |
         0 barrier 1 =>                                     |
         2 sees 1    => overtake in 2, captured 1           |
         2 barrier 1 =>                                     |",
    );
}

#[test]
fn a_savepoint_never_overtakes() {
    trace(
        AT_ONCE,
        BOTH,
        "0 sees-savepoint 1 =>            |
         0 savepoint 1      =>            | 0
         +9000 time passes  =>            | 0
         1 savepoint 1      => snapshot 1 |",
    );
}

#[test]
fn alignment_times_out_once_so_long_after_the_trigger() {
    trace(
        AFTER_A_SECOND,
        BOTH,
        "+100 0 barrier 1   => wake at 2000 | 0
         +200 1 sees 1      =>              | 0
         +999 time passes   =>              | 0
         +1000 time passes  => unaligned snapshot 1, overtake in 1, captured 1 |",
    );
    trace(
        AFTER_A_SECOND,
        BOTH,
        "+100 0 sees 1      => wake at 2000 |
         +200 0 barrier 1   =>              | 0
         +300 1 barrier 1   => snapshot 1   |",
    );
    trace(AFTER_A_SECOND, BOTH, "+5000 0 barrier 1  => unaligned snapshot 1 |");
}

#[test]
fn channels_that_cannot_be_overtaken_align_before_the_others_are() {
    trace(
        AT_ONCE,
        &[true, false],
        "0 sees 1    =>   |
         1 sees 1    =>   |
         1 barrier 1 => unaligned snapshot 1, overtake in 0, captured 1 |
         1 sees 2    =>   |
         1 barrier 2 => unaligned snapshot 2 |
         0 cancels 2 => abort 2 |",
    );
}

#[test]
fn a_checkpoint_that_captures_is_given_up_for_a_newer_one_or_by_a_cancel() {
    trace(
        AT_ONCE,
        BOTH,
        "0 sees 1    => unaligned snapshot 1, overtake in 0 |
         0 sees 2    =>                                     |
         1 sees 2    => abort 1, unaligned snapshot 2, overtake in 1 |
         0 sees 2    => overtake in 0, captured 2 |
         0 sees 3    => unaligned snapshot 3, overtake in 0 |
         1 cancels 3 => abort 3 |",
    );
}

#[test]
fn at_least_once_blocks_nothing_and_counts_several_side_by_side() {
    trace(
        AlignmentMode::AtLeastOnce,
        BOTH,
        "0 sees 1    =>            |
         0 barrier 1 =>            |
         0 barrier 2 =>            |
         1 barrier 1 => snapshot 1 |
         0 barrier 3 =>            |
         1 cancels 2 => abort 2    |
         1 barrier 3 => snapshot 3 |
         0 barrier 4 =>            |
         0 barrier 5 =>            |
         1 ends      => snapshot 4, snapshot 5 |",
    );
}

#[test]
fn at_least_once_gives_up_the_oldest_of_too_many() {
    let mut aligner = BarrierAligner::new(AlignmentMode::AtLeastOnce, BOTH);
    let mut actions = Vec::new();
    for checkpoint_id in 1..=AT_LEAST_ONCE_CHECKPOINTS_MAX as u64 + 1 {
        let event = AlignmentEvent::Delivered { channel: 0, barrier: barrier(checkpoint_id, false) };
        aligner.step(event, TRIGGERED_AT_MS, &mut actions);
    }
    assert_eq!(actions, [AlignmentAction::Abort { checkpoint_id: 1 }]);
}
