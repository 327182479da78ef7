//! Runs a text trace: lines `time event` go into the machine, the indented lines below are what it must want done.

use std::collections::BTreeSet;

use flott_checkpoint::TaskId;
use flott_checkpoint::coordinator::{
    Answer, Coordinator, CoordinatorSettings, Event, PointerAnswer, RequestKind, Verdict,
};

pub fn task(text: &str) -> TaskId {
    let (vertex, subtask) = text.split_once('/').expect("vertex/subtask");
    TaskId { vertex: vertex.parse().expect("a number"), subtask: subtask.parse().expect("a number") }
}

/// Sources 0/0 and 0/1, one task 1/0 behind them; ids begin above 0.
pub fn machine(settings: CoordinatorSettings) -> Coordinator {
    let sources: BTreeSet<TaskId> = ["0/0", "0/1"].map(task).into();
    let tasks: BTreeSet<TaskId> = ["0/0", "0/1", "1/0"].map(task).into();
    Coordinator::new(settings, tasks, sources, 0)
}

fn answer(words: &[&str]) -> Answer {
    match words {
        ["done"] => Answer::Done,
        ["failed", reason @ ..] => Answer::Failed(reason.join(" ")),
        ["unknown", reason @ ..] => Answer::Unknown(reason.join(" ")),
        other => panic!("answer {other:?}"),
    }
}

fn verdict(words: &[&str]) -> Verdict {
    match words {
        ["intact"] => Verdict::Intact,
        ["absent"] => Verdict::Absent,
        ["damaged", reason @ ..] => Verdict::Damaged(reason.join(" ")),
        ["unreadable", reason @ ..] => Verdict::Unreadable(reason.join(" ")),
        other => panic!("verdict {other:?}"),
    }
}

fn pointer(words: &[&str]) -> PointerAnswer {
    match words {
        ["moved"] => PointerAnswer::Moved,
        ["failed", reason @ ..] => PointerAnswer::Failed(reason.join(" ")),
        ["unknown", reason @ ..] => PointerAnswer::Unknown(reason.join(" ")),
        ["fenced", epoch] => PointerAnswer::Fenced(epoch.parse().expect("a number")),
        other => panic!("pointer answer {other:?}"),
    }
}

fn kind(word: &str) -> RequestKind {
    match word {
        "checkpoint" => RequestKind::Checkpoint,
        "savepoint" => RequestKind::Savepoint,
        "stop" => RequestKind::Stop { drains: false },
        "drain" => RequestKind::Stop { drains: true },
        other => panic!("kind {other}"),
    }
}

fn event(words: &[&str]) -> Event {
    let id = |word: &str| word.parse().expect("a checkpoint's id");
    match words {
        ["started"] => Event::Started,
        ["tick"] => Event::Tick,
        ["ending"] => Event::Ending,
        ["request", request, wanted] => {
            let request = request.strip_prefix('r').expect("r and a number").parse().expect("a number");
            Event::Requested { request, kind: kind(wanted) }
        }
        ["ack", checkpoint, from] => Event::Acknowledged { task: task(from), checkpoint_id: id(checkpoint) },
        ["decline", checkpoint, from, reason @ ..] => {
            Event::Declined { task: task(from), checkpoint_id: id(checkpoint), reason: reason.join(" ") }
        }
        ["finished", from] => Event::TaskFinished { task: task(from), has_state: true },
        ["finished", from, "stateless"] => Event::TaskFinished { task: task(from), has_state: false },
        ["written", checkpoint, rest @ ..] => {
            Event::MetadataWritten { checkpoint_id: id(checkpoint), answer: answer(rest) }
        }
        ["resolved", checkpoint, rest @ ..] => {
            Event::Resolved { checkpoint_id: id(checkpoint), verdict: verdict(rest) }
        }
        ["pointer", checkpoint, rest @ ..] => Event::Pointer { checkpoint_id: id(checkpoint), answer: pointer(rest) },
        other => panic!("event {other:?}"),
    }
}

/// Asserts that the machine does what the trace says.
pub fn check(settings: CoordinatorSettings, trace: &str) {
    let mut machine = machine(settings);
    let expected: Vec<String> =
        trace.lines().map(|line| line.trim_end().to_string()).filter(|line| !line.trim().is_empty()).collect();
    let indent = expected.first().map_or(0, |line| line.len() - line.trim_start().len());
    let mut happened = Vec::new();
    for line in &expected {
        let line = &line[indent..];
        if line.starts_with(' ') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let now_ms = words[0].parse().expect("a time");
        happened.push(line.to_string());
        happened.extend(machine.step(event(&words[1..]), now_ms).iter().map(|action| format!("    {action}")));
    }
    let expected: Vec<String> = expected.iter().map(|line| line[indent..].to_string()).collect();
    assert_eq!(happened.join("\n"), expected.join("\n"));
}
