//! A join of rows in the same window: INNER, LEFT, RIGHT, FULL, SEMI or ANTI.
//!
//! Emits   insert-only, when time passes the windows' end: windows by their end, within a window keys by their encoding, within a key left rows in order of
//!         arrival, each with its right rows in order of arrival, then right rows without a match.
//! Time    the watermark, or the clock for windows of processing time (those that are open at the end of input are never emitted).
//! Late    rows whose window has fired are dropped and counted.
//! State   `windows`: window and key to the rows of both sides; gone when the window fires. Rows whose key matches nothing lie there too if their side is outer.
//!         `progress`: how far the watermark was.

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_select::take::take;
use flott_evaluation::Evaluator;
use flott_job::spec::{JoinKind, WindowJoinSpec};
use flott_job::window::WindowTime;
use flott_record::{Batch, KeyRows};
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, RowEncoder, SnapshotReader, SnapshotWriter, StateValue};

use crate::chunks::keys_of;
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::limits::JOIN_CANDIDATES_PER_STEP;
use crate::window_progress::Progress;
use crate::window_tables::WindowTables;
use crate::window_time::WindowClock;

/// The rows of one key in one window.
#[derive(Debug, Default)]
struct Sides {
    left: Vec<Vec<u8>>,
    right: Vec<Vec<u8>>,
    /// Whether the key can equal any: no NULL where NULL equals nothing.
    matchable: bool,
}

impl StateValue for Sides {
    fn encode(&self, out: &mut Vec<u8>) {
        self.matchable.encode(out);
        for side in [&self.left, &self.right] {
            write_length(out, side.len() as u64);
            side.iter().for_each(|row| row.encode(out));
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let matchable = bool::decode(bytes)?;
        let mut side =
            || -> Result<Vec<Vec<u8>>, DecodeError> { (0..read_length(bytes)?).map(|_| Vec::decode(bytes)).collect() };
        Ok(Sides { left: side()?, right: side()?, matchable })
    }
}

/// One side of the join.
struct Side {
    keys: Vec<usize>,
    window_end: usize,
    encoder: RowEncoder,
}

/// A left row and a right row; one of them is absent where the other is alone.
type Pair = (Option<u32>, Option<u32>);

/// Results that are still to be emitted.
struct Ready {
    left: Vec<ArrayRef>,
    right: Vec<ArrayRef>,
    rows: Vec<Pair>,
    emitted: usize,
}

/// The operator; see the module's text.
pub struct WindowJoin {
    kind: JoinKind,
    filter_nulls: Vec<bool>,
    /// Whether the windows are of event time, else of the clock's.
    rowtime: bool,
    clock: WindowClock,
    condition: Option<Evaluator>,
    left: Side,
    right: Side,
    windows: WindowTables<Sides>,
    progress: Progress,
    ready: Option<Ready>,
}

impl WindowJoin {
    /// Compiles the residual condition and lays out the state.
    ///
    /// # Errors
    /// The condition is not supported, or the time zone is not known.
    pub fn new(spec: &WindowJoinSpec, setup: &Setup) -> Result<Self, OperatorError> {
        let attached = WindowTime::Attached {
            start: spec.left_window_start,
            end: spec.left_window_end,
            rowtime: spec.rowtime,
            local: spec.local,
        };
        let join = &spec.join;
        let condition = match &join.condition {
            Some(condition) => Some(Evaluator::new(condition, &setup.session)?),
            None => None,
        };
        let side = |keys: &[usize], window_end, schema: &flott_record::Schema| Side {
            keys: keys.to_vec(),
            window_end,
            encoder: RowEncoder::new(schema),
        };
        Ok(WindowJoin {
            kind: join.kind,
            filter_nulls: join.filter_nulls.clone(),
            rowtime: spec.rowtime,
            clock: WindowClock::new(&attached, setup)?,
            condition,
            left: side(&join.left_keys, spec.left_window_end, &join.left),
            right: side(&join.right_keys, spec.right_window_end, &join.right),
            windows: WindowTables::default(),
            progress: Progress::new(setup.key_groups(), setup.max_parallelism),
            ready: None,
        })
    }

    /// The moment up to which time has passed: the watermark, or the millisecond before now.
    fn passed_ms(&self, context: &Context<'_>) -> i64 {
        if self.rowtime { context.watermark_ms } else { context.now_ms.saturating_sub(1) }
    }

    /// Emits all that is due.
    fn emit_due(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        while self.drain(context)? {
            if !self.fire(context)? {
                return Ok(Step::Done);
            }
        }
        Ok(Step::Yield { consumed_rows: 0 })
    }

    fn store(&mut self, is_left: bool, batch: &Batch, context: &mut Context<'_>) {
        let side = if is_left { &self.left } else { &self.right };
        let keys: KeyRows = keys_of(batch, &side.keys);
        let rows = side.encoder.encode(batch);
        let matchable = matchable(batch, &side.keys, &self.filter_nulls);
        let kept_unmatched = is_left && matches!(self.kind, JoinKind::Left | JoinKind::Full | JoinKind::Anti)
            || !is_left && matches!(self.kind, JoinKind::Right | JoinKind::Full);
        let passed_ms = self.passed_ms(context);
        let ends = batch.column(side.window_end).as_primitive::<TimestampMillisecondType>();
        for (row, end_ms) in ends.values().iter().enumerate() {
            let passed_ms = if self.rowtime { self.progress.of_hash_ms(keys.hash(row)) } else { passed_ms };
            if self.clock.is_over(*end_ms, passed_ms) {
                context.counts.late_rows_dropped += 1;
                continue;
            }
            let matchable = matchable.as_ref().is_none_or(|matchable| matchable.is_valid(row));
            if !matchable && !kept_unmatched {
                continue;
            }
            let sides = self.windows.get_or_insert_with(*end_ms, keys.hash(row), keys.key(row), Sides::default);
            sides.matchable = matchable;
            let rows_of_side = if is_left { &mut sides.left } else { &mut sides.right };
            rows_of_side.push(rows.row(row).to_vec());
        }
    }

    /// Takes keys of due windows until there is enough to join at a time; false if nothing is due.
    fn fire(&mut self, context: &Context<'_>) -> Result<bool, OperatorError> {
        let mut fired = Vec::new();
        let mut pairs = 0;
        let passed_ms = self.passed_ms(context);
        while pairs < JOIN_CANDIDATES_PER_STEP {
            let Some(key) = self.windows.pop_due(|end_ms| self.clock.is_over(end_ms, passed_ms)) else { break };
            pairs += key.value.left.len() * key.value.right.len() + 1;
            fired.push(key.value);
        }
        if fired.is_empty() {
            return Ok(false);
        }
        let left = decode(&self.left, fired.iter().flat_map(|key| &key.left))?;
        let right = decode(&self.right, fired.iter().flat_map(|key| &key.right))?;
        let matches = self.matches(&fired, &left, &right, context)?;
        let rows = assemble(self.kind, &fired, &matches);
        self.ready = Some(Ready { left, right, rows, emitted: 0 });
        Ok(true)
    }

    /// All pairs that match, by key and in order of the left rows. Rows are counted through all keys.
    fn matches(
        &mut self,
        fired: &[Sides],
        left: &[ArrayRef],
        right: &[ArrayRef],
        context: &Context<'_>,
    ) -> Result<Vec<Pair>, OperatorError> {
        let (mut matches, mut candidates) = (Vec::new(), Vec::new());
        let (mut left_start, mut right_start) = (0, 0);
        for key in fired {
            let right_rows = right_start..right_start + key.right.len() as u32;
            for left_row in left_start..left_start + key.left.len() as u32 {
                if key.matchable {
                    candidates.extend(right_rows.clone().map(|right_row| (Some(left_row), Some(right_row))));
                }
                if candidates.len() >= JOIN_CANDIDATES_PER_STEP {
                    self.keep_matches(&mut candidates, &mut matches, left, right, context)?;
                }
            }
            (left_start, right_start) = (left_start + key.left.len() as u32, right_rows.end);
        }
        self.keep_matches(&mut candidates, &mut matches, left, right, context)?;
        Ok(matches)
    }

    /// Moves the pairs for which the residual condition is true.
    fn keep_matches(
        &mut self,
        candidates: &mut Vec<Pair>,
        matches: &mut Vec<Pair>,
        left: &[ArrayRef],
        right: &[ArrayRef],
        context: &Context<'_>,
    ) -> Result<(), OperatorError> {
        let condition = self.condition.as_mut().filter(|_| !candidates.is_empty());
        if let Some(condition) = condition {
            let batch = Batch::new(pair_columns(candidates, left, right)?, candidates.len());
            let holds: BooleanArray = condition.evaluate_predicate(&batch, context.instant())?;
            let kept = candidates.drain(..).zip(holds.values()).filter(|(_, holds)| *holds);
            matches.extend(kept.map(|(pair, _)| pair));
        } else {
            matches.append(candidates);
        }
        Ok(())
    }

    /// Emits what is ready; false if enough is emitted before that is done.
    fn drain(&mut self, context: &mut Context<'_>) -> Result<bool, OperatorError> {
        while let Some(ready) = &mut self.ready {
            let end = (ready.emitted + JOIN_CANDIDATES_PER_STEP).min(ready.rows.len());
            let rows = &ready.rows[ready.emitted..end];
            let left_only = matches!(self.kind, JoinKind::Semi | JoinKind::Anti);
            let right: &[ArrayRef] = if left_only { &[] } else { &ready.right };
            context.emit(Batch::new(pair_columns(rows, &ready.left, right)?, rows.len()));
            ready.emitted = end;
            if end == ready.rows.len() {
                self.ready = None;
            } else if context.is_full() {
                return Ok(false);
            }
        }
        Ok(!context.is_full())
    }
}

/// Emitted rows in order, from the pairs that match.
fn assemble(kind: JoinKind, fired: &[Sides], matches: &[Pair]) -> Vec<Pair> {
    let filters = matches!(kind, JoinKind::Semi | JoinKind::Anti);
    let mut rows = Vec::with_capacity(matches.len());
    let mut matches = matches.iter().peekable();
    let (mut left_row, mut right_row) = (0, 0);
    for key in fired {
        let mut right_matched = vec![false; key.right.len()];
        for _ in 0..key.left.len() {
            let mut matched = false;
            while let Some(pair) = matches.next_if(|pair| pair.0 == Some(left_row)) {
                matched = true;
                right_matched[(pair.1.unwrap_or(right_row) - right_row) as usize] = true;
                rows.extend((!filters).then_some(*pair));
            }
            let alone = match kind {
                JoinKind::Left | JoinKind::Full | JoinKind::Anti => !matched,
                JoinKind::Semi => matched,
                JoinKind::Inner | JoinKind::Right => false,
            };
            rows.extend(alone.then_some((Some(left_row), None)));
            left_row += 1;
        }
        for matched in right_matched {
            let alone = !matched && matches!(kind, JoinKind::Right | JoinKind::Full);
            rows.extend(alone.then_some((None, Some(right_row))));
            right_row += 1;
        }
    }
    rows
}

/// Which rows have keys that can equal any; `None` = all.
fn matchable(batch: &Batch, keys: &[usize], filter_nulls: &[bool]) -> Option<NullBuffer> {
    let filtered = keys.iter().zip(filter_nulls).filter(|(_, filter)| **filter);
    filtered
        .map(|(column, _)| batch.column(*column).logical_nulls())
        .fold(None, |all: Option<NullBuffer>, one| NullBuffer::union(all.as_ref(), one.as_ref()))
}

fn decode<'a>(side: &Side, rows: impl Iterator<Item = &'a Vec<u8>>) -> Result<Vec<ArrayRef>, OperatorError> {
    let rows: Vec<&[u8]> = rows.map(Vec::as_slice).collect();
    Ok(side.encoder.decode(&rows)?)
}

/// Left columns, then right ones, of pairs of rows; NULL where there is no row.
fn pair_columns(pairs: &[Pair], left: &[ArrayRef], right: &[ArrayRef]) -> Result<Vec<ArrayRef>, OperatorError> {
    let left_rows: UInt32Array = pairs.iter().map(|pair| pair.0).collect();
    let right_rows: UInt32Array = pairs.iter().map(|pair| pair.1).collect();
    let left = left.iter().map(|column| take(column, &left_rows, None));
    let columns: Result<Vec<ArrayRef>, _> =
        left.chain(right.iter().map(|column| take(column, &right_rows, None))).collect();
    Ok(columns?)
}

impl Operator for WindowJoin {
    fn on_batch(&mut self, input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some() {
            return Err(OperatorError::Failed("a window join got rows other than +I".to_string()));
        }
        self.store(input == 0, batch, context);
        Ok(Step::Done)
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if !self.rowtime {
            return Ok(Step::Done);
        }
        self.progress.advance(context.watermark_ms);
        self.emit_due(context)
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.rowtime { Ok(Step::Done) } else { self.emit_due(context) }
    }

    fn wake_at_ms(&self) -> Option<i64> {
        let end_ms = self.windows.next_end_ms().filter(|_| !self.rowtime)?;
        Some(self.clock.last_instant_ms(end_ms).saturating_add(1))
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let done = self.drain(context)? || self.ready.is_none();
        Ok(if done { Step::Done } else { Step::Yield { consumed_rows: 0 } })
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        assert!(self.ready.is_none(), "results are emitted before a barrier");
        self.windows.snapshot("windows", writer)?;
        self.progress.snapshot(writer);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.windows = WindowTables::restore("windows", reader)?;
        self.progress.restore(reader)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_expression::Expression;
    use flott_job::spec::{JoinSideKey, JoinSpec};
    use flott_record::{Field, Schema, TypeKind, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::build::build;
    use crate::harness::{Compare, Event, Lcg, Row, Script, check_cuts, check_recovery, row_texts, run, texts};

    fn side() -> Schema {
        Schema::new(vec![
            Field::new("k", TypeKind::Int.nullable()),
            Field::new("v", TypeKind::Int.nullable()),
            Field::new("window_end", TypeKind::Timestamp(3).nullable()),
        ])
    }

    fn spec(kind: JoinKind, condition: bool) -> WindowJoinSpec {
        let column = |index| Expression::column(index, TypeKind::Int.nullable());
        let less = Expression::call("<", vec![column(1), column(4)], TypeKind::Boolean.nullable());
        let join = JoinSpec {
            kind,
            left_keys: vec![0],
            right_keys: vec![0],
            filter_nulls: vec![true],
            condition: condition.then_some(less),
            left: side(),
            right: side(),
            left_side: JoinSideKey::NoUniqueKey,
            right_side: JoinSideKey::NoUniqueKey,
            left_ttl_ms: 0,
            right_ttl_ms: 0,
        };
        WindowJoinSpec {
            join,
            left_window_end: 2,
            right_window_end: 2,
            left_window_start: 2,
            right_window_start: 2,
            rowtime: true,
            local: false,
        }
    }

    fn output(kind: JoinKind) -> Schema {
        let mut fields = side().fields;
        if !matches!(kind, JoinKind::Semi | JoinKind::Anti) {
            fields.extend(side().fields);
        }
        Schema::new(fields)
    }

    fn row(key: Option<i32>, value: i32, end_ms: i64) -> Row {
        let key = key.map_or(Value::Null, Value::Int);
        (flott_record::RowKind::Insert, vec![key, Value::Int(value), Value::Timestamp(end_ms, 3)])
    }

    fn text(cells: &[Value]) -> String {
        cells.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
    }

    /// A window join by definition.
    fn wanted(kind: JoinKind, left: &[Row], right: &[Row], condition: bool) -> Vec<String> {
        let matches = |l: &Row, r: &Row| {
            let less = matches!((&l.1[1], &r.1[1]), (Value::Int(l), Value::Int(r)) if l < r);
            l.1[0] != Value::Null && l.1[0] == r.1[0] && l.1[2] == r.1[2] && (!condition || less)
        };
        let mut rows = Vec::new();
        for l in left {
            let partners: Vec<&Row> = right.iter().filter(|r| matches(l, r)).collect();
            match kind {
                JoinKind::Semi if !partners.is_empty() => rows.push(text(&l.1)),
                JoinKind::Anti if partners.is_empty() => rows.push(text(&l.1)),
                JoinKind::Semi | JoinKind::Anti => {}
                _ => rows.extend(partners.iter().map(|r| format!("{}, {}", text(&l.1), text(&r.1)))),
            }
            if partners.is_empty() && matches!(kind, JoinKind::Left | JoinKind::Full) {
                rows.push(format!("{}, null, null, null", text(&l.1)));
            }
        }
        if matches!(kind, JoinKind::Right | JoinKind::Full) {
            let lonely = right.iter().filter(|r| !left.iter().any(|l| matches(l, r)));
            rows.extend(lonely.map(|r| format!("null, null, null, {}", text(&r.1))));
        }
        rows.sort();
        rows
    }

    #[test]
    fn results_come_at_the_windows_end_and_late_rows_are_dropped() {
        let events = vec![
            Event::rows(0, vec![row(Some(1), 1, 10), row(Some(1), 2, 20)]),
            Event::rows(1, vec![row(Some(1), 3, 10)]),
            Event::Watermark(9),
            Event::rows(1, vec![row(Some(1), 4, 10), row(Some(1), 5, 20), row(Some(1), 6, 20)]),
        ];
        let script = Script::new(vec![side(), side()], events).ended();
        let spec = spec(JoinKind::Inner, false);
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::WindowJoin(spec.clone()), setup);
        let seen = check_cuts(&make, &script, &output(JoinKind::Inner));
        let values: Vec<String> = row_texts(&seen).iter().map(|row| row.replace("1970-01-01T00:00:00.0", "")).collect();
        assert_eq!(values, ["+I[1, 1, 10, 1, 3, 10]", "+I[1, 2, 20, 1, 5, 20]", "+I[1, 2, 20, 1, 6, 20]"]);
        let driver = run(&make, &script, &output(JoinKind::Inner)).expect("runs");
        assert_eq!(driver.counts.late_rows_dropped, 1);
    }

    #[test]
    fn windows_of_the_clock_end_with_it() {
        let events = vec![
            Event::Clock(5),
            Event::rows(0, vec![row(Some(1), 1, 10), row(Some(1), 2, 20)]),
            Event::rows(1, vec![row(Some(1), 3, 10), row(Some(1), 4, 20)]),
            Event::Clock(10),
        ];
        let script = Script::new(vec![side(), side()], events).ended();
        let mut spec = spec(JoinKind::Semi, false);
        spec.rowtime = false;
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::WindowJoin(spec.clone()), setup);
        let seen = check_cuts(&make, &script, &output(JoinKind::Semi));
        assert_eq!(row_texts(&seen), ["+I[1, 1, 1970-01-01T00:00:00.010]"]);
    }

    #[test]
    fn windows_of_the_session_zone_end_with_its_clock() {
        let end_ms = 8 * 3_600_000 + 10;
        let rows = |input| Event::rows(input, vec![row(Some(1), 1, end_ms)]);
        let events = vec![rows(0), rows(1), Event::Watermark(8), Event::Watermark(9)];
        let script = Script::new(vec![side(), side()], events).in_zone("Asia/Shanghai");
        let mut spec = spec(JoinKind::Semi, false);
        spec.local = true;
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::WindowJoin(spec.clone()), setup);
        let seen = texts(&check_cuts(&make, &script, &output(JoinKind::Semi)));
        assert_eq!(seen, ["W 8", "+I[1, 1, 1970-01-01T08:00:00.010]", "W 9"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn each_kind_gives_what_its_definition_says(seed: u64, kind in 0usize..6, condition: bool) {
            use JoinKind::{Anti, Full, Inner, Left, Right, Semi};
            let kind = [Inner, Left, Right, Full, Semi, Anti][kind];
            let mut random = Lcg(seed);
            let mut sides: [Vec<Row>; 2] = Default::default();
            let mut events = Vec::new();
            for _ in 0..40 {
                let input = random.below(2) as usize;
                let key = [None, Some(1), Some(2), Some(3)][random.below(4) as usize];
                let new = row(key, random.below(6) as i32, 10 + 10 * random.below(3) as i64);
                sides[input].push(new.clone());
                events.push(Event::rows(input, vec![new]));
            }
            let script = Script::new(vec![side(), side()], events).ended();
            let spec = spec(kind, condition);
            let make = |setup: &Setup| build(&flott_job::OperatorSpec::WindowJoin(spec.clone()), setup);
            let mut seen = row_texts(&check_cuts(&make, &script, &output(kind)));
            seen.iter_mut().for_each(|row| *row = row[3..row.len() - 1].to_string());
            seen.sort();
            prop_assert_eq!(seen, wanted(kind, &sides[0], &sides[1], condition));
            check_recovery(&make, &script, &output(kind), &[vec![0], vec![0]], Compare::Rows);
        }
    }
}
