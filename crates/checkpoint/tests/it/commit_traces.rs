//! Traces of commits: what happens, and indented below it what sinks are told.

use flott_checkpoint::commit::{CommitEvent, Commits};

use crate::coordinator_trace::task;

fn event(machine: &mut Commits, words: &[&str]) -> Result<CommitEvent, String> {
    let bytes = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect();
    let id = |word: &str| word.parse().expect("a number");
    Ok(match words {
        ["restored", sink, rest @ ..] => {
            CommitEvent::Restored { sink: sink.parse().expect("a vertex"), committables: bytes(rest) }
        }
        ["passed", checkpoint, from, rest @ ..] => {
            CommitEvent::Passed { task: task(from), checkpoint_id: id(checkpoint), committables: bytes(rest) }
        }
        ["ended", from, rest @ ..] => CommitEvent::Ended { task: task(from), committables: bytes(rest) },
        ["durable", checkpoint] => CommitEvent::Durable { checkpoint_id: id(checkpoint) },
        ["gone", checkpoint] => CommitEvent::GivenUp { checkpoint_id: id(checkpoint), is_settled: true },
        ["unclear", checkpoint] => CommitEvent::GivenUp { checkpoint_id: id(checkpoint), is_settled: false },
        ["settled", checkpoint] => CommitEvent::Settled { checkpoint_id: id(checkpoint) },
        ["well"] => CommitEvent::EndedWell,
        ["badly"] => CommitEvent::EndedBadly,
        ["committed", sink] => CommitEvent::Committed { sink: sink.parse().expect("a vertex") },
        ["fenced"] => CommitEvent::Fenced,
        ["include", checkpoint] => {
            let included = machine.include(id(checkpoint));
            let text = |(sink, all): (&u32, &Vec<Vec<u8>>)| {
                let texts: Vec<_> = all.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
                format!("{sink}: {}", texts.join(" "))
            };
            return Err(included.iter().map(text).collect::<Vec<_>>().join("; "));
        }
        other => panic!("event {other:?}"),
    })
}

fn check(trace: &str) {
    let mut machine = Commits::new(3);
    let lines: Vec<&str> = trace.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = lines[0].len() - lines[0].trim_start().len();
    let expected: Vec<&str> = lines.iter().map(|line| line[indent..].trim_end()).collect();
    let mut happened = Vec::new();
    for line in expected.iter().filter(|line| !line.starts_with(' ')) {
        happened.push((*line).to_string());
        let words: Vec<&str> = line.split_whitespace().collect();
        match event(&mut machine, &words) {
            Ok(event) => happened.extend(machine.step(event).iter().map(|action| format!("    {action}"))),
            Err(included) => happened.push(format!("    {included}")),
        }
    }
    assert_eq!(happened.join("\n"), expected.join("\n"));
}

#[test]
fn what_was_prepared_is_committed_when_its_checkpoint_is_durable() {
    check(
        "
        passed 1 5/0 a
        passed 1 5/1 b
        include 1
            5: a b
        passed 2 5/0 c
        durable 1
            commit at 5 in epoch 3: a b
        durable 1
        committed 5
        include 2
            5: c
        ",
    );
}

#[test]
fn what_was_prepared_for_a_checkpoint_that_is_given_up_goes_with_the_next() {
    check(
        "
        passed 1 5/0 a
        gone 1
        passed 2 5/0 b
        include 2
            5: a b
        durable 2
            commit at 5 in epoch 3: a b
        ",
    );
}

#[test]
fn a_later_checkpoint_includes_what_earlier_ones_under_way_wait_for_and_nothing_is_told_twice() {
    check(
        "
        passed 1 5/0 a
        include 1
            5: a
        passed 2 5/0 b
        include 2
            5: a b
        durable 2
            commit at 5 in epoch 3: a b
        durable 1
        ",
    );
}

#[test]
fn uncommitted_ones_stay_in_later_checkpoints_until_their_commit_is_acknowledged() {
    check(
        "
        passed 1 5/0 a
        include 1
            5: a
        durable 1
            commit at 5 in epoch 3: a
        passed 2 5/0 b
        include 2
            5: a b
        committed 5
        durable 2
            commit at 5 in epoch 3: b
        ",
    );
}

#[test]
fn what_comes_after_a_checkpoint_was_written_belongs_to_the_next() {
    check(
        "
        passed 1 5/0 a
        include 1
            5: a
        passed 1 5/1 late
        durable 1
            commit at 5 in epoch 3: a
        committed 5
        include 2
            5: late
        ",
    );
}

#[test]
fn an_ended_subtask_s_last_belongs_to_the_checkpoint_after_the_last_barrier_that_it_passed() {
    check(
        "
        passed 1 5/0 a
        ended 5/0 b
        ended 5/1 c
        include 1
            5: a c
        durable 1
            commit at 5 in epoch 3: a c
        committed 5
        include 2
            5: b
        ",
    );
}

#[test]
fn restored_ones_are_committed_again_and_never_removed() {
    check(
        "
        restored 5 a b
            commit at 5 in epoch 3: a b
        passed 8 5/0 c
        badly
            discard at 5: c
        ",
    );
}

#[test]
fn what_a_durable_checkpoint_may_include_is_not_removed() {
    check(
        "
        passed 1 5/0 a
        include 1
            5: a
        unclear 1
        passed 2 5/0 b
        badly
            discard at 5: b
        settled 1
        badly
            discard at 5: a
        ",
    );
}

#[test]
fn a_job_that_ends_well_commits_all_and_a_fenced_leader_nothing() {
    check(
        "
        passed 1 5/0 a
        ended 5/0 b
        well
            commit at 5 in epoch 3: a b
        badly
            discard at 5: a b
        passed 2 6/0 c
        include 2
            6: c
        fenced
        durable 2
        badly
        ",
    );
}
