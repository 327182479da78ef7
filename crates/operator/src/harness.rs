//! The test kit of operators: drives any operator as the mailbox loop does and checks the two promises that each of them makes.
//!
//! * [`check_cuts`]: the changelog does not depend on how rows are cut into batches, nor on where the operator yields, nor on whether its
//!   state is in memory or on a disk with hardly any memory in front.
//! * [`check_recovery`]: stopped at a barrier, written as bytes and restored at another parallelism, the operator emits in all what it
//!   would have emitted without the stop; also with incremental checkpoints, some of which fail, and with the state on another backend.
//!
//! ```ignore
//! let script = Script::new(vec![schema], vec![
//!     Event::rows(0, vec![(RowKind::Insert, vec![Value::BigInt(1)])]),
//!     Event::Watermark(5),
//! ]).ended();
//! let make = |setup: &Setup| build(&spec, setup);
//! let seen = check_cuts(&make, &script, &output_schema);          // -> Vec<Seen>, rows and watermarks in order
//! assert_eq!(texts(&seen), ["+I[1, 1]", "W 5"]);
//! check_recovery(&make, &script, &output_schema, &[vec![0]], Compare::Rows);   // key columns of each input
//! ```

use std::collections::BTreeMap;

use flott_environment::{Clock, MemoryDisk};
use flott_evaluation::Session;
use flott_record::key::{KeyRows, key_group, subtask_of_key_group};
use flott_record::value_array::{batch_from_rows, rows_of_batch};
use flott_record::{Batch, MAX_WATERMARK, MIN_WATERMARK, RowKind, Schema, Value};
use flott_state::run::RunBody;
use flott_state::{DiskBackend, Increment, MemoryBudget, OperatorSnapshot, SnapshotReader, SnapshotWriter};

use crate::interface::{Context, Counts, Emitted, Forwarding, Operator, OperatorError, Output, Setup, Step};
use crate::limits::OUTPUT_ROWS_PER_STEP_MAX;

const MAX_PARALLELISM: u32 = 128;

/// Runs of [`check_recovery`], each with another barrier, parallelism and backend.
const RECOVERIES: usize = 10;

/// A row with its kind.
pub(crate) type Row = (RowKind, Vec<Value>);

/// What happens to an operator.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Rows of an input.
    Rows(usize, Vec<Row>),
    /// The input watermark advances.
    Watermark(i64),
    /// The wall clock advances; due wake-ups happen.
    Clock(i64),
    /// An input ends.
    EndInput(usize),
}

impl Event {
    /// Rows of an input.
    pub(crate) fn rows(input: usize, rows: Vec<Row>) -> Event {
        Event::Rows(input, rows)
    }

    /// `+I` rows of an input.
    pub(crate) fn inserts(input: usize, rows: Vec<Vec<Value>>) -> Event {
        Event::Rows(input, rows.into_iter().map(|row| (RowKind::Insert, row)).collect())
    }
}

/// A whole input: the inputs' schemas and what happens in which order.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) inputs: Vec<Schema>,
    pub(crate) events: Vec<Event>,
    pub(crate) batch_mode: bool,
    pub(crate) time_zone: String,
}

impl Script {
    pub(crate) fn new(inputs: Vec<Schema>, events: Vec<Event>) -> Script {
        Script { inputs, events, batch_mode: false, time_zone: "UTC".to_string() }
    }

    /// With `MAX_WATERMARK` and the end of every input behind.
    pub(crate) fn ended(mut self) -> Script {
        self.events.push(Event::Watermark(MAX_WATERMARK));
        self.events.extend((0..self.inputs.len()).map(Event::EndInput));
        self
    }

    /// In batch mode.
    pub(crate) fn in_batch_mode(mut self) -> Script {
        self.batch_mode = true;
        self
    }

    /// In a session with this time zone.
    pub(crate) fn in_zone(mut self, zone: &str) -> Script {
        self.time_zone = zone.to_string();
        self
    }

    /// What a subtask is told.
    pub(crate) fn setup(&self, subtask: u32, parallelism: u32) -> Setup {
        let session = Session {
            time_zone: self.time_zone.clone(),
            batch_mode: self.batch_mode,
            query_start_ms: 0,
            seeds: flott_evaluation::Seeds::default(),
        };
        Setup {
            name: format!("Tested[{subtask}]"),
            subtask,
            parallelism,
            max_parallelism: MAX_PARALLELISM,
            session,
            inputs: self.inputs.clone(),
            batch_mode: self.batch_mode,
        }
    }
}

/// Something that came out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Row(RowKind, Vec<Value>),
    Watermark(i64),
    Idle,
    Active,
}

/// Rows as `+I[1, a]`, watermarks as `W 5`.
pub(crate) fn texts(seen: &[Seen]) -> Vec<String> {
    let text = |seen: &Seen| match seen {
        Seen::Row(kind, values) => row_text(*kind, values),
        Seen::Watermark(MAX_WATERMARK) => "W max".to_string(),
        Seen::Watermark(watermark_ms) => format!("W {watermark_ms}"),
        Seen::Idle => "idle".to_string(),
        Seen::Active => "active".to_string(),
    };
    seen.iter().map(text).collect()
}

/// The rows alone, as text.
pub(crate) fn row_texts(seen: &[Seen]) -> Vec<String> {
    texts(&seen.iter().filter(|seen| matches!(seen, Seen::Row(..))).cloned().collect::<Vec<_>>())
}

fn row_text(kind: RowKind, values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(Value::to_string).collect();
    format!("{kind}[{}]", values.join(", "))
}

/// How an operator is made; mostly `|setup| build(&spec, setup)`.
pub(crate) type Make<'a> = &'a dyn Fn(&Setup) -> Result<Box<dyn Operator>, OperatorError>;

/// One subtask with its loop.
pub(crate) struct Driver {
    operator: Box<dyn Operator>,
    schema: Schema,
    now_ms: i64,
    watermark_ms: i64,
    /// Rows that each call is told to have emitted already: near the limit it makes operators yield often.
    rows_before: usize,
    pub(crate) counts: Counts,
    pub(crate) seen: Vec<Seen>,
    pub(crate) side: Vec<(&'static str, Batch)>,
}

impl Driver {
    pub(crate) fn new(operator: Box<dyn Operator>, output: &Schema) -> Driver {
        Driver {
            operator,
            schema: output.clone(),
            now_ms: 0,
            watermark_ms: MIN_WATERMARK,
            rows_before: 0,
            counts: Counts::default(),
            seen: Vec::new(),
            side: Vec::new(),
        }
    }

    fn call(
        &mut self,
        step: impl FnOnce(&mut dyn Operator, &mut Context<'_>) -> Result<Step, OperatorError>,
    ) -> Result<Step, OperatorError> {
        let mut output = Output { rows: self.rows_before, ..Output::default() };
        let mut context = Context {
            output: &mut output,
            counts: &mut self.counts,
            now_ms: self.now_ms,
            watermark_ms: self.watermark_ms,
        };
        let step = step(self.operator.as_mut(), &mut context)?;
        for element in output.elements {
            match element {
                Emitted::Batch(batch) => {
                    assert!(!batch.is_empty(), "an empty batch is never emitted");
                    for (index, field) in self.schema.fields.iter().enumerate() {
                        let (is, wanted) = (batch.column(index).data_type(), field.data_type.to_arrow());
                        assert_eq!(*is, wanted, "type of output column {index} ({})", field.name);
                    }
                    assert_eq!(batch.columns().len(), self.schema.len(), "number of output columns");
                    let rows = rows_of_batch(&self.schema, &batch);
                    self.seen.extend(rows.into_iter().map(|(kind, values)| Seen::Row(kind, values)));
                }
                Emitted::Watermark(watermark_ms) => self.seen.push(Seen::Watermark(watermark_ms)),
                Emitted::Idle => self.seen.push(Seen::Idle),
                Emitted::Active => self.seen.push(Seen::Active),
            }
        }
        self.side.extend(output.side);
        Ok(step)
    }

    fn repeat(
        &mut self,
        mut step: impl FnMut(&mut dyn Operator, &mut Context<'_>) -> Result<Step, OperatorError>,
    ) -> Result<(), OperatorError> {
        while let Step::Yield { consumed_rows } = self.call(&mut step)? {
            assert_eq!(consumed_rows, 0, "only on_batch consumes rows");
        }
        Ok(())
    }

    pub(crate) fn batch(&mut self, input: usize, batch: &Batch) -> Result<(), OperatorError> {
        let mut rest = batch.clone();
        while !rest.is_empty() {
            match self.call(|operator, context| operator.on_batch(input, &rest, context))? {
                Step::Done => break,
                Step::Yield { consumed_rows } => {
                    assert!((1..=rest.num_rows()).contains(&consumed_rows), "a yield consumes a row at least");
                    rest = rest.slice(consumed_rows, rest.num_rows() - consumed_rows);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn watermark(&mut self, watermark_ms: i64) -> Result<(), OperatorError> {
        self.watermark_ms = watermark_ms;
        self.repeat(|operator, context| operator.on_watermark(context))?;
        if self.operator.forwarding() == Forwarding::Loop {
            self.seen.push(Seen::Watermark(watermark_ms));
        }
        Ok(())
    }

    pub(crate) fn clock(&mut self, now_ms: i64) -> Result<(), OperatorError> {
        while let Some(wake_at_ms) = self.operator.wake_at_ms().filter(|wake_at_ms| *wake_at_ms <= now_ms) {
            self.now_ms = self.now_ms.max(wake_at_ms);
            self.repeat(|operator, context| operator.on_processing_time(context))?;
            let again = self.operator.wake_at_ms();
            assert_ne!(again, Some(wake_at_ms), "a wake-up that has come is not asked for again");
        }
        self.now_ms = now_ms;
        Ok(())
    }

    pub(crate) fn end_input(&mut self, input: usize) -> Result<(), OperatorError> {
        self.repeat(|operator, context| operator.end_input(input, context))
    }

    pub(crate) fn snapshot(&mut self) -> Result<OperatorSnapshot, OperatorError> {
        self.write(SnapshotWriter::new(MAX_PARALLELISM))
    }

    /// Takes an incremental checkpoint on top of a completed one.
    pub(crate) fn checkpoint(
        &mut self,
        owner: &str,
        checkpoint_id: u64,
        completed: Option<&(u64, OperatorSnapshot)>,
    ) -> Result<OperatorSnapshot, OperatorError> {
        let completed_id = completed.map(|(id, _)| *id);
        let increment = Increment { owner: owner.to_string(), checkpoint_id, completed_id };
        let mut snapshot = self.write(SnapshotWriter::incremental(MAX_PARALLELISM, increment))?;
        for run in snapshot.runs_mut().filter(|run| run.body == RunBody::Earlier) {
            let known = completed.and_then(|(_, snapshot)| snapshot.runs().find(|known| known.id == run.id));
            *run = known.expect("an earlier run is one of the completed checkpoint").clone();
        }
        Ok(snapshot)
    }

    fn write(&mut self, mut writer: SnapshotWriter) -> Result<OperatorSnapshot, OperatorError> {
        self.repeat(|operator, context| operator.prepare_barrier(context))?;
        self.operator.snapshot(&mut writer)?;
        Ok(OperatorSnapshot::from_bytes(&writer.finish()?.to_bytes())?)
    }
}

/// Cuts a run of rows into batches.
type Cut<'a> = &'a mut dyn FnMut(usize) -> usize;

fn play(driver: &mut Driver, script: &Script, cut: Cut<'_>) -> Result<(), OperatorError> {
    for event in &script.events {
        match event {
            Event::Rows(input, rows) => {
                let mut rest = rows.as_slice();
                while !rest.is_empty() {
                    let (head, tail) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
                    driver.batch(*input, &batch_of(&script.inputs[*input], head))?;
                    rest = tail;
                }
            }
            Event::Watermark(watermark_ms) => driver.watermark(*watermark_ms)?,
            Event::Clock(now_ms) => driver.clock(*now_ms)?,
            Event::EndInput(input) => driver.end_input(*input)?,
        }
    }
    Ok(())
}

fn batch_of(schema: &Schema, rows: &[Row]) -> Batch {
    batch_from_rows(schema, rows).expect("rows of the script are of their schema")
}

/// Runs the script once, in the largest batches.
pub(crate) fn run(make: Make<'_>, script: &Script, output: &Schema) -> Result<Driver, OperatorError> {
    let mut driver = Driver::new(make(&script.setup(0, 1))?, output);
    play(&mut driver, script, &mut |rows| rows)?;
    Ok(driver)
}

/// Numbers that look random and are the same in each run (Knuth's MMIX generator).
#[derive(Clone, Debug)]
pub(crate) struct Lcg(pub(crate) u64);

impl Lcg {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }
}

/// Runs the script in batches of 1, 7 and 8,192 rows, in random cuts and with an output limit that makes the operator yield at nearly each row:
/// the emitted sequence of rows, kinds and watermarks is the same. Gives that sequence.
pub(crate) fn check_cuts(make: Make<'_>, script: &Script, output: &Schema) -> Vec<Seen> {
    let whole = run(make, script, output).expect("the script runs");
    for size in [1, 7, 8_192] {
        let mut driver = Driver::new(make(&script.setup(0, 1)).expect("builds"), output);
        play(&mut driver, script, &mut |_| size).expect("the script runs");
        assert_eq!(texts(&driver.seen), texts(&whole.seen), "batches of {size} rows");
        assert_eq!(driver.counts, whole.counts, "batches of {size} rows");
    }
    for seed in 0..4 {
        let mut random = Lcg(seed);
        let mut operator = make(&script.setup(0, 1)).expect("builds");
        if seed % 2 == 1 {
            put_on_disk(&mut *operator, "cuts");
        }
        let mut driver = Driver::new(operator, output);
        driver.rows_before = OUTPUT_ROWS_PER_STEP_MAX - 1 - seed as usize;
        play(&mut driver, script, &mut |_| 1 + random.below(20) as usize).expect("the script runs");
        assert_eq!(texts(&driver.seen), texts(&whole.seen), "random cuts, seed {seed}");
    }
    whole.seen
}

/// Gives an operator a disk and so little memory that nothing stays in it.
pub(crate) fn put_on_disk(operator: &mut dyn Operator, owner: &str) {
    let disk = MemoryDisk::new(Clock::real()).disk();
    let directory = std::path::PathBuf::from("/state");
    let backend = DiskBackend::new(disk, directory, owner.to_string(), MAX_PARALLELISM, MemoryBudget::new(1));
    operator.use_disk(&backend).expect("the disk works");
}

/// What of two runs must be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// The multiset of all rows with their kinds.
    Rows,
    /// What is left when `-U` and `-D` have taken away what they name: for operators that emit a bundle at a barrier.
    FinalTable,
}

fn summary(seen: &[Seen], compare: Compare) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for seen in seen {
        let Seen::Row(kind, values) = seen else { continue };
        let (text, change) = match compare {
            Compare::Rows => (row_text(*kind, values), 1),
            Compare::FinalTable if kind.is_addition() => (row_text(RowKind::Insert, values), 1),
            Compare::FinalTable => (row_text(RowKind::Insert, values), -1),
        };
        *counts.entry(text).or_insert(0) += change;
    }
    counts.retain(|_, count| *count != 0);
    counts
}

/// Splits the input by key (`keys`: the key columns of each input) over several subtasks, stops them at a random barrier, serialises, restores
/// at another parallelism and runs the rest: what comes out in all is what an uninterrupted run gives.
pub(crate) fn check_recovery(make: Make<'_>, script: &Script, output: &Schema, keys: &[Vec<usize>], compare: Compare) {
    let whole = run(make, script, output).expect("the script runs");
    let wanted = summary(&whole.seen, compare);
    let parallelisms = [(1, 1), (1, 1), (1, 3), (2, 1), (3, 2), (4, 5), (2, 4)];
    for (seed, (before, after)) in parallelisms.into_iter().cycle().take(RECOVERIES).enumerate() {
        let mut random = Lcg(seed as u64 + 17);
        let rows = script.events.iter().map(event_weight).sum::<usize>();
        let stop = random.below(rows as u64 + 1) as usize;
        let (first, second) = split_events(script, stop);
        let seen = interrupted(make, [&first, &second], output, keys, [before, after], &mut random);
        let got = summary(&seen, compare);
        assert_eq!(
            got, wanted,
            "parallelism {before}, barrier after {stop} of {rows} rows and events, restored at {after}"
        );
    }
}

fn event_weight(event: &Event) -> usize {
    match event {
        Event::Rows(_, rows) => rows.len(),
        _ => 1,
    }
}

fn split_events(script: &Script, stop: usize) -> (Script, Script) {
    let (mut first, mut second) = (script.clone(), script.clone());
    (first.events, second.events) = (Vec::new(), Vec::new());
    let mut left = stop;
    for event in &script.events {
        let weight = event_weight(event);
        match event {
            _ if left >= weight => first.events.push(event.clone()),
            Event::Rows(input, rows) => {
                let (head, tail) = rows.split_at(left);
                if !head.is_empty() {
                    first.events.push(Event::Rows(*input, head.to_vec()));
                }
                second.events.push(Event::Rows(*input, tail.to_vec()));
            }
            _ => second.events.push(event.clone()),
        }
        left = left.saturating_sub(weight);
    }
    (first, second)
}

fn interrupted(
    make: Make<'_>,
    scripts: [&Script; 2],
    output: &Schema,
    keys: &[Vec<usize>],
    parallelism: [u32; 2],
    random: &mut Lcg,
) -> Vec<Seen> {
    let (mut seen, mut snapshots) = (Vec::new(), Vec::new());
    // The wall clock does not go back when a job is restored.
    let mut now_ms = 0;
    for (script, parallelism) in scripts.into_iter().zip(parallelism) {
        let mut next = Vec::new();
        for subtask in 0..parallelism {
            let setup = script.setup(subtask, parallelism);
            let mut operator = make(&setup).expect("builds");
            if random.below(2) == 0 {
                put_on_disk(&mut *operator, &format!("{parallelism}-{subtask}"));
            }
            if !snapshots.is_empty() {
                let reader = SnapshotReader::new(&snapshots, setup.key_groups(), subtask, parallelism);
                operator.restore(&reader).expect("a snapshot just written is read");
            }
            let mut driver = Driver::new(operator, output);
            driver.now_ms = now_ms;
            let share = share_of(script, keys, subtask, parallelism);
            next.push(play_with_checkpoints(&mut driver, &share, &format!("o{parallelism}-{subtask}"), random));
            seen.extend(driver.seen);
        }
        snapshots = next;
        let clock = |event: &Event| if let Event::Clock(now_ms) = event { Some(*now_ms) } else { None };
        now_ms = script.events.iter().rev().find_map(clock).unwrap_or(now_ms);
    }
    seen
}

/// Plays a script with checkpoints on the way, some of which fail; gives the last one, full or incremental.
fn play_with_checkpoints(driver: &mut Driver, script: &Script, owner: &str, random: &mut Lcg) -> OperatorSnapshot {
    let incremental = random.below(3) > 0;
    let mut completed = None;
    for (index, event) in script.events.iter().enumerate() {
        let part = Script { events: vec![event.clone()], ..script.clone() };
        play(driver, &part, &mut |_| 1 + random.below(9) as usize).expect("the script runs");
        if incremental && random.below(4) == 0 {
            let snapshot = driver.checkpoint(owner, index as u64, completed.as_ref()).expect("a snapshot is taken");
            if random.below(3) > 0 {
                completed = Some((index as u64, snapshot));
            }
        }
    }
    let last = script.events.len() as u64;
    let snapshot = if incremental { driver.checkpoint(owner, last, completed.as_ref()) } else { driver.snapshot() };
    snapshot.expect("a snapshot is taken")
}

/// The script with the rows of one subtask alone.
fn share_of(script: &Script, keys: &[Vec<usize>], subtask: u32, parallelism: u32) -> Script {
    let mut share = script.clone();
    for event in &mut share.events {
        if let Event::Rows(input, rows) = event {
            if rows.is_empty() {
                continue;
            }
            let batch = batch_of(&script.inputs[*input], rows).project(&keys[*input]);
            let encoded = KeyRows::encode(batch.columns(), batch.num_rows());
            let owner = |row: usize| {
                let group = key_group(encoded.hash(row), MAX_PARALLELISM);
                subtask_of_key_group(group, parallelism, MAX_PARALLELISM)
            };
            let mut row = 0;
            rows.retain(|_| {
                row += 1;
                owner(row - 1) == subtask
            });
        }
    }
    share
}
