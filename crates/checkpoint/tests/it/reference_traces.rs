//! Traces of references: what happens, and indented below it what may be counted on and what is deleted.

use flott_checkpoint::references::{ReferenceEvent, References};
use flott_environment::ObjectName;

use crate::coordinator_trace::task;

fn name(text: &str) -> ObjectName {
    ObjectName::new(text).expect("a name")
}

fn event(machine: &mut References, words: &[&str]) -> Option<ReferenceEvent> {
    let id = |word: &str| word.parse().expect("a number");
    let names = |words: &[&str]| words.iter().map(|word| name(word)).collect::<Vec<_>>();
    let marked = |words: &[&str], mark: char| {
        words.iter().filter_map(|word| word.strip_prefix(mark)).map(name).collect::<Vec<_>>()
    };
    Some(match words {
        ["begin", checkpoint] => {
            machine.begin(id(checkpoint));
            return None;
        }
        ["claim", checkpoint, metadata, rest @ ..] => restored(id(checkpoint), name(metadata), names(rest), true),
        ["borrow", checkpoint, metadata, rest @ ..] => restored(id(checkpoint), name(metadata), names(rest), false),
        ["part", checkpoint, from, rest @ ..] => ReferenceEvent::Registered {
            checkpoint_id: id(checkpoint),
            task: task(from),
            new: marked(rest, '+'),
            reused: marked(rest, '='),
        },
        ["written", checkpoint, metadata] => {
            ReferenceEvent::Written { checkpoint_id: id(checkpoint), metadata: name(metadata) }
        }
        ["complete", checkpoint] => ReferenceEvent::Completed { checkpoint_id: id(checkpoint) },
        ["gone", checkpoint] => ReferenceEvent::GivenUp { checkpoint_id: id(checkpoint), is_settled: true },
        ["unclear", checkpoint] => ReferenceEvent::GivenUp { checkpoint_id: id(checkpoint), is_settled: false },
        ["settled", checkpoint] => ReferenceEvent::Settled { checkpoint_id: id(checkpoint), metadata: None },
        ["settled", checkpoint, metadata] => {
            ReferenceEvent::Settled { checkpoint_id: id(checkpoint), metadata: Some(name(metadata)) }
        }
        ["released"] => ReferenceEvent::Released,
        ["tick"] => ReferenceEvent::Tick,
        other => panic!("event {other:?}"),
    })
}

fn restored(checkpoint_id: u64, metadata: ObjectName, objects: Vec<ObjectName>, is_claimed: bool) -> ReferenceEvent {
    ReferenceEvent::Restored { checkpoint_id, metadata, objects, is_claimed }
}

fn check(retained_max: usize, trace: &str) {
    let mut machine = References::new(retained_max);
    let lines: Vec<&str> = trace.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = lines[0].len() - lines[0].trim_start().len();
    let expected: Vec<&str> = lines.iter().map(|line| line[indent..].trim_end()).collect();
    let mut happened = Vec::new();
    for line in expected.iter().filter(|line| !line.starts_with(' ')) {
        happened.push((*line).to_string());
        let words: Vec<&str> = line.split_whitespace().collect();
        let now_ms = words[0].parse().expect("a time");
        if let Some(event) = event(&mut machine, &words[1..]) {
            happened.extend(machine.step(event, now_ms).iter().map(|action| format!("    {action}")));
        }
    }
    assert_eq!(happened.join("\n"), expected.join("\n"));
}

#[test]
fn objects_go_when_the_pointer_has_moved_and_the_grace_has_passed() {
    check(
        1,
        "
        0 begin 1
        1 part 1 0/0 +a +b
            accept 1 0/0
        2 written 1 m1
        3 complete 1
        4 begin 2
        5 part 2 0/0 +c =b
            accept 2 0/0
        6 written 2 m2
        7 complete 2
        5006 tick
        5007 tick
            delete m1
            delete a
        ",
    );
}

#[test]
fn an_object_of_a_checkpoint_that_is_gone_cannot_be_reused() {
    check(
        1,
        "
        0 begin 1
        1 part 1 0/0 +a
            accept 1 0/0
        2 complete 1
        3 begin 2
        4 part 2 0/0 +b
            accept 2 0/0
        5 complete 2
        6 begin 3
        7 part 3 0/0 +c =a
            refuse 3 0/0: a
        8 gone 3
        5008 tick
            delete a
            delete c
        ",
    );
}

#[test]
fn an_object_of_a_checkpoint_that_is_not_complete_cannot_be_reused() {
    check(
        1,
        "
        0 begin 1
        0 begin 2
        1 part 1 0/0 +a
            accept 1 0/0
        2 part 2 0/0 =a
            refuse 2 0/0: a
        ",
    );
}

#[test]
fn a_checkpoint_under_way_keeps_what_it_reuses() {
    check(
        1,
        "
        0 begin 1
        1 part 1 0/0 +a
            accept 1 0/0
        2 complete 1
        3 begin 2
        3 begin 3
        4 part 3 0/1 =a
            accept 3 0/1
        5 complete 2
        6000 tick
        6001 gone 3
        11001 tick
            delete a
        ",
    );
}

#[test]
fn as_many_are_kept_as_are_wanted() {
    check(
        2,
        "
        0 begin 1
        0 part 1 0/0 +a
            accept 1 0/0
        0 complete 1
        1 begin 2
        1 part 2 0/0 +b
            accept 2 0/0
        1 complete 2
        9999 tick
        10000 begin 3
        10000 complete 3
        15000 tick
            delete a
        ",
    );
}

#[test]
fn borrowed_objects_are_neither_reused_nor_deleted_and_claimed_ones_are() {
    check(
        1,
        "
        0 borrow 7 m7 a
        1 begin 8
        2 part 8 0/0 =a
            refuse 8 0/0: a
        3 gone 8
        4 released
        9999 tick
        ",
    );
    check(
        1,
        "
        0 claim 7 m7 a b
        1 begin 8
        2 part 8 0/0 =a
            accept 8 0/0
        3 complete 8
        5003 tick
            delete m7
            delete b
        ",
    );
}

#[test]
fn parts_that_come_too_late_are_removed_and_unclear_ones_are_left_to_the_sweeper() {
    check(
        1,
        "
        0 begin 1
        1 part 1 0/0 +a
            accept 1 0/0
        2 unclear 1
        3 part 1 0/1 +b
        9999 tick
            delete b
        ",
    );
}

#[test]
fn a_checkpoint_that_was_given_up_while_it_was_written_goes_when_the_write_is_answered() {
    check(
        1,
        "
        0 begin 1
        1 part 1 0/0 +a
            accept 1 0/0
        2 unclear 1
        9999 tick
        10000 settled 1 m1
        15000 tick
            delete m1
            delete a
        ",
    );
}

#[test]
fn a_job_that_has_ended_for_good_keeps_nothing() {
    check(
        1,
        "
        0 begin 1
        0 part 1 0/0 +a
            accept 1 0/0
        0 written 1 m1
        0 complete 1
        1 released
        5001 tick
            delete m1
            delete a
        ",
    );
}
