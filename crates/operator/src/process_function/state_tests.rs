//! Each kind of state, with and without expiry, across checkpoints, restores and rescaling.

use flott_record::{Field, KeyGroupRange, Schema, TypeKind};
use flott_state::{OperatorSnapshot, SnapshotReader};

use super::tests::{Click, Report, click};
use super::*;
use crate::harness::{Compare, Driver, Event, Lcg, Script, check_cuts, check_recovery, row_texts, run};

/// Sum and number of what was added, read as a mean.
struct Mean;

impl AggregateFunction for Mean {
    type Input = i64;
    type Accumulator = (i64, i64);
    type Output = i64;

    fn create(&self) -> (i64, i64) {
        (0, 0)
    }

    fn add(&self, accumulator: &mut (i64, i64), input: i64) {
        *accumulator = (accumulator.0 + input, accumulator.1 + 1);
    }

    fn result(&self, (sum, count): &(i64, i64)) -> i64 {
        sum / count
    }
}

const TTL_MS: i64 = 50;

/// Handles of one state of each kind.
struct Handles {
    value: ValueState<i64>,
    list: ListState<i64>,
    map: MapState<i64, i64>,
    greatest: ReducingState<i64>,
    mean: AggregatingState<Mean>,
}

impl Handles {
    fn declare(states: &mut States, prefix: &str, ttl: Option<Ttl>) -> Handles {
        let name = |kind: &str| format!("{prefix}.{kind}");
        Handles {
            value: match ttl {
                Some(ttl) => states.value_with_ttl(&name("value"), ttl),
                None => states.value(&name("value")),
            },
            list: match ttl {
                Some(ttl) => states.list_with_ttl(&name("list"), ttl),
                None => states.list(&name("list")),
            },
            map: match ttl {
                Some(ttl) => states.map_with_ttl(&name("map"), ttl),
                None => states.map(&name("map")),
            },
            greatest: states.reducing(&name("greatest"), ttl, i64::max),
            mean: states.aggregating(&name("mean"), ttl, Mean),
        }
    }

    fn write(&self, states: &mut States, number: i64) {
        self.value.set(states, number);
        self.list.add(states, number);
        self.map.insert(states, number % 3, number);
        self.greatest.add(states, number);
        self.mean.add(states, number);
    }

    fn clear(&self, states: &mut States) {
        self.value.clear(states);
        self.list.clear(states);
        self.map.clear(states);
        self.greatest.clear(states);
        self.mean.clear(states);
    }

    fn read(&self, states: &mut States) -> String {
        let list: Vec<i64> = self.list.iter(states).copied().collect();
        let map: Vec<(i64, i64)> = self.map.iter(states).map(|(key, value)| (*key, *value)).collect();
        let single = [self.value.get(states).copied(), self.greatest.get(states).copied(), self.mean.get(states)];
        format!("{single:?} {list:?} {map:?}")
    }
}

/// Writes each click's number to states of each kind, reads all, and forgets at multiples of ten.
struct Everything {
    kinds: Vec<Handles>,
}

impl KeyedProcessFunction for Everything {
    type Key = String;
    type Input = Click;
    type Output = Report;

    fn open(&mut self, states: &mut States) {
        let lives =
            [("kept", None), ("written", Some(Ttl::after_write(TTL_MS))), ("used", Some(Ttl::after_use(TTL_MS)))];
        self.kinds = lives.into_iter().map(|(prefix, ttl)| Handles::declare(states, prefix, ttl)).collect();
    }

    fn process(&mut self, click: Click, context: &mut ProcessContext<'_, String, Report>) -> Result<(), OperatorError> {
        for kind in &self.kinds {
            match click.at_ms {
                number if number % 10 == 0 => kind.clear(context.states),
                number if number % 2 == 0 => kind.write(context.states, number),
                _ => {}
            }
            let text = kind.read(context.states);
            context.collect(Report(click.user.clone(), text));
        }
        Ok(())
    }

    fn on_timer(&mut self, _: TimeDomain, _: &mut ProcessContext<'_, String, Report>) -> Result<(), OperatorError> {
        Ok(())
    }
}

fn make(setup: &Setup) -> Result<Box<dyn Operator>, OperatorError> {
    Ok(Box::new(KeyedProcess::new(Everything { kinds: Vec::new() }, vec![0], setup)))
}

#[test]
fn each_kind_of_state_is_read_as_it_was_written_and_not_after_its_life() {
    let events = vec![
        Event::Clock(1_000),
        Event::inserts(0, vec![click("ann", 2), click("ann", 4), click("ann", 5)]),
        Event::Clock(1_030),
        Event::inserts(0, vec![click("ann", 1)]),
        Event::Clock(1_050),
        Event::inserts(0, vec![click("ann", 1)]),
        Event::Clock(1_100),
        Event::inserts(0, vec![click("ann", 8), click("ann", 10)]),
    ];
    let seen = check_cuts(&make, &Script::new(vec![Click::schema()], events).ended(), &Report::schema());
    let (two, four) =
        ("[Some(2), Some(2), Some(2)] [2] [(2, 2)]", "[Some(4), Some(4), Some(3)] [2, 4] [(1, 4), (2, 2)]");
    let (nothing, eight) = ("[None, None, None] [] []", "[Some(8), Some(8), Some(8)] [8] [(2, 8)]");
    let kept_eight = "[Some(8), Some(8), Some(4)] [2, 4, 8] [(1, 4), (2, 8)]";
    let wanted = [
        [two, two, two],
        [four, four, four],
        [four, four, four],
        [four, four, four],
        [four, nothing, four],
        [kept_eight, eight, eight],
        [nothing, nothing, nothing],
    ];
    let wanted: Vec<String> = wanted.as_flattened().iter().map(|text| format!("+I[ann, {text}]")).collect();
    assert_eq!(row_texts(&seen), wanted);
}

#[test]
fn each_kind_of_state_survives_checkpoints_restore_and_rescaling() {
    let mut random = Lcg(3);
    let mut events = Vec::new();
    for step in 0..60 {
        let clicks = (0..random.below(6)).map(|_| click(&format!("u{}", random.below(7)), random.below(40) as i64));
        events.push(Event::inserts(0, clicks.collect()));
        events.push(Event::Clock(step * 17));
    }
    let script = Script::new(vec![Click::schema()], events).ended();
    check_cuts(&make, &script, &Report::schema());
    check_recovery(&make, &script, &Report::schema(), &[vec![0]], Compare::Rows);
}

/// Puts each number into operator states of each kind.
struct Shared {
    split: Option<OperatorListState<i64>>,
    union: Option<OperatorListState<i64>>,
    rules: Option<BroadcastState<i64, String>>,
}

impl KeyedProcessFunction for Shared {
    type Key = String;
    type Input = Click;
    type Output = Report;

    fn open(&mut self, states: &mut States) {
        self.split = Some(states.operator_list("split", Redistribution::Split));
        self.union = Some(states.operator_list("union", Redistribution::Union));
        self.rules = Some(states.broadcast("rules"));
    }

    fn process(&mut self, click: Click, context: &mut ProcessContext<'_, String, Report>) -> Result<(), OperatorError> {
        let (split, union) = (self.split.as_ref().expect("opened"), self.union.as_ref().expect("opened"));
        let rules = self.rules.as_ref().expect("opened");
        if click.user == "add" {
            split.items_mut(context.states).push(click.at_ms);
            union.items_mut(context.states).push(-click.at_ms);
            return Ok(());
        }
        if click.user == "rule" {
            rules.insert(context.states, click.at_ms, format!("rule {}", click.at_ms));
            return Ok(());
        }
        let (split, union) = (split.items_mut(context.states).clone(), union.items_mut(context.states).clone());
        let rules: Vec<(&i64, &String)> = rules.iter(context.states).collect();
        let text = format!("{split:?} {union:?} {rules:?}");
        context.collect(Report(click.user, text));
        Ok(())
    }

    fn on_timer(&mut self, _: TimeDomain, _: &mut ProcessContext<'_, String, Report>) -> Result<(), OperatorError> {
        Ok(())
    }
}

fn shared(setup: &Setup) -> Result<Box<dyn Operator>, OperatorError> {
    let function = Shared { split: None, union: None, rules: None };
    Ok(Box::new(KeyedProcess::new(function, vec![0], setup)))
}

#[test]
fn operator_states_are_dealt_out_united_and_copied() {
    let snapshot = |numbers: &[i64]| -> OperatorSnapshot {
        let adds = numbers.iter().map(|number| click("add", *number));
        let clicks = adds.chain([click("rule", 1), click("rule", 2)]).collect();
        let script = Script::new(vec![Click::schema()], vec![Event::inserts(0, clicks)]);
        run(&shared, &script, &Report::schema()).expect("runs").snapshot().expect("a snapshot is taken")
    };
    let snapshots = [snapshot(&[1, 2, 3]), snapshot(&[4, 5])];
    let mut dealt = Vec::new();
    for subtask in 0..3 {
        let script = Script::new(vec![Click::schema()], vec![]);
        let mut operator = shared(&script.setup(subtask, 3)).expect("builds");
        let key_groups = KeyGroupRange::of_subtask(subtask, 3, 128);
        operator.restore(&SnapshotReader::new(&snapshots, key_groups, subtask, 3)).expect("just written");
        let mut driver = Driver::new(operator, &Report::schema());
        let schema = Schema::new(vec![Field::new("user", TypeKind::string().not_null()), payload_field("click")]);
        let rows = [(flott_record::RowKind::Insert, click("read", 0))];
        driver.batch(0, &flott_record::value_array::batch_from_rows(&schema, &rows).expect("a click")).expect("runs");
        dealt.extend(row_texts(&driver.seen));
    }
    let rest = r#"[-1, -2, -3, -4, -5] [(1, "rule 1"), (2, "rule 2")]"#;
    let wanted = ["[1, 4]", "[2, 5]", "[3]"].map(|split| format!("+I[read, {split} {rest}]"));
    assert_eq!(dealt, wanted);
}
