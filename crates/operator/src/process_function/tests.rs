//! Flink's own example: counts per key, emitted when a key has been silent for a while.

use std::sync::Arc;

use arrow_array::StringArray;
use arrow_array::cast::AsArray;
use flott_record::{Field, Schema, TypeKind};

use super::*;
use crate::harness::{Compare, Event, Lcg, Script, check_cuts, check_recovery, row_texts, run};

/// A click: who, and when (in the payload).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Click {
    pub(super) user: String,
    pub(super) at_ms: i64,
}

impl Record for Click {
    fn schema() -> Schema {
        Schema::new(vec![Field::new("user", TypeKind::string().not_null()), payload_field("click")])
    }

    fn from_batch(batch: &Batch) -> Result<Vec<Self>, OperatorError> {
        let users = batch.column(0).as_string::<i32>();
        let times = decode_payload(batch.column(1))?;
        let click = |(row, at_ms): (usize, i64)| Click { user: users.value(row).to_string(), at_ms };
        Ok(times.into_iter().enumerate().map(click).collect())
    }

    fn to_batch(rows: Vec<Self>) -> Result<Batch, OperatorError> {
        let users: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|click| &click.user)));
        let payload = encode_payload(rows.iter().map(|click| &click.at_ms));
        Ok(Batch::new(vec![users, payload], rows.len()))
    }
}

/// Emits (user, `clicks@time`) when a user has not clicked for 60 ms of event time, and tells of each tenth click aside.
struct CountWithTimeout {
    counts: Option<ValueState<(i64, i64)>>,
    seconds: Option<MapState<i64, i64>>,
}

/// A user and a text.
pub(super) struct Report(pub(super) String, pub(super) String);

impl Record for Report {
    fn schema() -> Schema {
        let text = || TypeKind::string().not_null();
        Schema::new(vec![Field::new("user", text()), Field::new("text", text())])
    }

    fn from_batch(batch: &Batch) -> Result<Vec<Self>, OperatorError> {
        let (users, texts) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
        Ok((0..batch.num_rows()).map(|row| Report(users.value(row).into(), texts.value(row).into())).collect())
    }

    fn to_batch(rows: Vec<Self>) -> Result<Batch, OperatorError> {
        let users: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|report| &report.0)));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|report| &report.1)));
        Ok(Batch::new(vec![users, texts], rows.len()))
    }
}

const SILENCE_MS: i64 = 60;

impl KeyedProcessFunction for CountWithTimeout {
    type Key = String;
    type Input = Click;
    type Output = Report;

    fn open(&mut self, states: &mut States) {
        self.counts = Some(states.value("counts"));
        self.seconds = Some(states.map("seconds"));
    }

    fn process(&mut self, click: Click, context: &mut ProcessContext<'_, String, Report>) -> Result<(), OperatorError> {
        let (counts, seconds) = (self.counts.as_ref().expect("opened"), self.seconds.as_ref().expect("opened"));
        assert_eq!(click.user, *context.key());
        let (count, last_ms) = counts.get(context.states).copied().unwrap_or((0, i64::MIN));
        let last_ms = last_ms.max(click.at_ms);
        counts.set(context.states, (count + 1, last_ms));
        let second = click.at_ms / 1_000;
        let of_second = seconds.get(context.states, &second).copied().unwrap_or(0);
        seconds.insert(context.states, second, of_second + 1);
        if (count + 1) % 10 == 0 {
            context.collect_side("tenth", Report(click.user, format!("{}", count + 1)))?;
        }
        context.set_timer(TimeDomain::EventTime, click.at_ms + SILENCE_MS);
        Ok(())
    }

    fn on_timer(
        &mut self,
        domain: TimeDomain,
        context: &mut ProcessContext<'_, String, Report>,
    ) -> Result<(), OperatorError> {
        assert_eq!(domain, TimeDomain::EventTime);
        let (counts, seconds) = (self.counts.as_ref().expect("opened"), self.seconds.as_ref().expect("opened"));
        let Some((count, last_ms)) = counts.get(context.states).copied() else { return Ok(()) };
        let now_ms = context.timestamp_ms().expect("a timer has a time");
        if now_ms < last_ms + SILENCE_MS {
            return Ok(());
        }
        let per_second: Vec<String> =
            seconds.iter(context.states).map(|(second, clicks)| format!("{second}s:{clicks}")).collect();
        let text = format!("{count}@{now_ms} {}", per_second.join(" "));
        let user = context.key().clone();
        context.collect(Report(user, text));
        counts.clear(context.states);
        seconds.clear(context.states);
        Ok(())
    }
}

fn make(setup: &Setup) -> Result<Box<dyn Operator>, OperatorError> {
    let function = CountWithTimeout { counts: None, seconds: None };
    Ok(Box::new(KeyedProcess::new(function, vec![0], setup)))
}

pub(super) fn click(user: &str, at_ms: i64) -> Vec<Value> {
    vec![Value::String(user.to_string()), Value::Bytes(at_ms.to_le_bytes().to_vec())]
}

#[test]
fn a_timer_reports_a_silent_key() {
    let events = vec![
        Event::inserts(0, vec![click("ann", 990), click("bob", 1_000), click("ann", 1_020)]),
        Event::Watermark(1_059),
        Event::Watermark(1_079),
        Event::inserts(0, vec![click("bob", 1_100)]),
    ];
    let script = Script::new(vec![Click::schema()], events).ended();
    let seen = check_cuts(&make, &script, &Report::schema());
    assert_eq!(row_texts(&seen), ["+I[bob, 1@1060 1s:1]", "+I[ann, 2@1080 0s:1 1s:1]", "+I[bob, 1@1160 1s:1]"]);
}

#[test]
fn state_and_timers_survive_restore_and_rescale() {
    let mut random = Lcg(7);
    let mut events = Vec::new();
    for step in 0..40 {
        let time = |random: &mut Lcg| step * 30 + random.below(30) as i64;
        let clicks = (0..random.below(8)).map(|_| click(&format!("u{}", random.below(5)), time(&mut random))).collect();
        events.push(Event::inserts(0, clicks));
        events.push(Event::Watermark(step * 30));
    }
    let script = Script::new(vec![Click::schema()], events).ended();
    let seen = check_cuts(&make, &script, &Report::schema());
    assert!(row_texts(&seen).len() > 10);
    check_recovery(&make, &script, &Report::schema(), &[vec![0]], Compare::Rows);
}

#[test]
fn side_outputs_go_aside() {
    let clicks = (0..25).map(|at_ms| click("ann", at_ms)).collect();
    let script = Script::new(vec![Click::schema()], vec![Event::inserts(0, clicks)]);
    let driver = run(&make, &script, &Report::schema()).expect("runs");
    assert_eq!(driver.side.len(), 2);
    assert_eq!(driver.side[0].0, "tenth");
    assert_eq!(Report::from_batch(&driver.side[1].1).expect("reports")[0].1, "20");
}
