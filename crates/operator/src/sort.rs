//! Sorts rows: bounded input at its end, or a stream by an ascending time; on one subtask. Stable.
//!
//! Emits   at the end of input all rows that are not retracted by then; by row time at a watermark those whose time it has passed; by processing time those of a millisecond
//!         once the clock has left it. Of these the rows `offset..offset + fetch` in all.
//! Late    (by row time) rows that are not later than a row emitted already are dropped and counted, as in Flink; the watermark alone makes no row late.
//! State   `rows`: what waits, one list entry a row in order of arrival; `emitted`: rows that have left, for offset and fetch, and the greatest row time among
//!         them. All of it is the first subtask's, to which all rows go.

use std::collections::BTreeMap;

use arrow_array::{Array, BooleanArray};
use flott_job::spec::SortSpec;
use flott_record::{Batch, RowKind};
use flott_state::{RowEncoder, SnapshotReader, SnapshotWriter, StateValue};

use crate::chunks::in_chunks;
use crate::deduplicate::times_ms;
use crate::interface::{Context, Operator, OperatorError, Setup, Step};
use crate::row_output::RowOutput;
use crate::sort_key::SortKeys;

/// When rows are emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timing {
    AtEnd,
    RowTime(usize),
    Clock,
}

/// The operator; see the module's text.
pub struct Sort {
    name: String,
    spec: SortSpec,
    subtask: u32,
    end: u64,
    timing: Timing,
    encoder: RowEncoder,
    /// Waiting rows by time (0 in batch mode), sort key and arrival.
    rows: BTreeMap<(i64, Vec<u8>, u64), Vec<u8>>,
    arrived: u64,
    emitted: u64,
    /// Greatest row time that was emitted.
    emitted_ms: i64,
}

impl Sort {
    /// An operator without rows.
    pub fn new(spec: &SortSpec, setup: &Setup) -> Self {
        Sort {
            name: setup.name.clone(),
            subtask: setup.subtask,
            end: spec.fetch.map_or(u64::MAX, |fetch| spec.offset.saturating_add(fetch)),
            timing: match spec.rowtime {
                _ if setup.batch_mode || spec.at_end => Timing::AtEnd,
                Some(column) => Timing::RowTime(column),
                None => Timing::Clock,
            },
            encoder: RowEncoder::new(&spec.input),
            spec: spec.clone(),
            rows: BTreeMap::new(),
            arrived: 0,
            emitted: 0,
            emitted_ms: i64::MIN,
        }
    }

    fn store(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let done = batch.num_rows();
        let batch = &self.without_null_times(batch)?;
        let sorts = SortKeys::encode(batch, &self.spec.order);
        let rows = self.encoder.encode(batch);
        let times = match self.timing {
            Timing::RowTime(column) => times_ms(batch.column(column))?,
            Timing::Clock => vec![context.now_ms; batch.num_rows()],
            Timing::AtEnd => vec![0; batch.num_rows()],
        };
        for (row, time_ms) in times.into_iter().enumerate() {
            if matches!(self.timing, Timing::RowTime(_)) && time_ms <= self.emitted_ms {
                context.counts.late_rows_dropped += 1;
                continue;
            }
            if batch.kind(row).is_addition() {
                self.insert(time_ms, sorts.key(row), rows.row(row));
            } else {
                self.remove(sorts.key(row), rows.row(row));
            }
        }
        Ok(done)
    }

    /// A row without a time can never be passed by a watermark.
    fn without_null_times(&self, batch: &Batch) -> Result<Batch, OperatorError> {
        let Timing::RowTime(column) = self.timing else { return Ok(batch.clone()) };
        match batch.column(column).logical_nulls() {
            Some(nulls) => Ok(batch.filter(&BooleanArray::new(nulls.inner().clone(), None))?),
            None => Ok(batch.clone()),
        }
    }

    fn insert(&mut self, time_ms: i64, sort: &[u8], row: &[u8]) {
        self.rows.insert((time_ms, sort.to_vec(), self.arrived), row.to_vec());
        self.arrived += 1;
        let wanted = self.end.saturating_sub(self.emitted);
        if self.timing == Timing::AtEnd && self.rows.len() as u64 > wanted {
            self.rows.pop_last();
        }
    }

    /// Takes away the earliest row that equals a retracted one; only rows that wait for the end are retracted.
    fn remove(&mut self, sort: &[u8], row: &[u8]) {
        let peers = self.rows.range((0, sort.to_vec(), 0)..=(0, sort.to_vec(), u64::MAX));
        let found = peers.filter(|(_, known)| known.as_slice() == row).map(|(key, _)| key.clone()).next();
        if let Some(found) = found {
            self.rows.remove(&found);
        }
    }

    /// Emits the rows up to a time, in order, until enough is emitted.
    fn emit_until(&mut self, until_ms: i64, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let mut out = RowOutput::default();
        let mut step = Step::Done;
        while let Some(first) = self.rows.first_entry().filter(|first| first.key().0 <= until_ms) {
            self.emitted_ms = first.key().0;
            let row = first.remove();
            if (self.spec.offset..self.end).contains(&self.emitted) {
                out.push(RowKind::Insert, &row);
            }
            self.emitted += 1;
            if out.is_full(context) {
                step = Step::Yield { consumed_rows: 0 };
                break;
            }
        }
        out.emit(&self.encoder, context)?;
        Ok(step)
    }
}

impl Operator for Sort {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if batch.kinds().is_some() && !self.spec.at_end {
            let message = format!("not supported: ORDER BY over rows other than +I ({})", self.name);
            return Err(OperatorError::Failed(message));
        }
        in_chunks(batch, context, |chunk, context| self.store(chunk, context))
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        match self.timing {
            Timing::RowTime(_) => self.emit_until(context.watermark_ms, context),
            Timing::AtEnd | Timing::Clock => Ok(Step::Done),
        }
    }

    fn on_processing_time(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        match self.timing {
            Timing::Clock => self.emit_until(context.now_ms.saturating_sub(1), context),
            Timing::AtEnd | Timing::RowTime(_) => Ok(Step::Done),
        }
    }

    fn wake_at_ms(&self) -> Option<i64> {
        let ((first_ms, _, _), _) = self.rows.first_key_value().filter(|_| self.timing == Timing::Clock)?;
        Some(first_ms.saturating_add(1))
    }

    fn end_input(&mut self, _input: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.emit_until(i64::MAX, context)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        let mut by_arrival: Vec<_> = self.rows.iter().collect();
        by_arrival.sort_unstable_by_key(|((_, _, arrival), _)| *arrival);
        for ((time_ms, sort, _), row) in by_arrival {
            let mut entry = Vec::new();
            time_ms.encode(&mut entry);
            sort.encode(&mut entry);
            row.encode(&mut entry);
            writer.union("rows", entry);
        }
        let mut entry = Vec::new();
        self.emitted.encode(&mut entry);
        self.emitted_ms.encode(&mut entry);
        writer.union("emitted", entry);
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        if self.subtask > 0 {
            return Ok(());
        }
        for mut entry in reader.union("emitted") {
            self.emitted = self.emitted.saturating_add(u64::decode(&mut entry)?);
            self.emitted_ms = self.emitted_ms.max(i64::decode(&mut entry)?);
        }
        for mut entry in reader.union("rows") {
            let time_ms = i64::decode(&mut entry)?;
            let sort = Vec::decode(&mut entry)?;
            let row = Vec::decode(&mut entry)?;
            self.insert(time_ms, &sort, &row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_job::spec::SortColumn;
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::{Compare, Event, Script, check_cuts, check_recovery, row_texts, run};

    fn input() -> Schema {
        Schema::new(vec![
            Field::new("id", TypeKind::Int.nullable()),
            Field::new("ts", TypeKind::Timestamp(3).nullable()),
        ])
    }

    fn column(column: usize, descending: bool) -> SortColumn {
        SortColumn { column, descending, nulls_first: !descending }
    }

    fn row(id: i32, seconds: i64) -> Vec<Value> {
        vec![Value::Int(id), Value::Timestamp(seconds * 1_000, 3)]
    }

    fn ids(spec: &SortSpec, script: &Script) -> Vec<String> {
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Sort(spec.clone()), setup);
        let seen = check_cuts(&make, script, &input());
        check_recovery_alone(&make, script);
        row_texts(&seen).iter().filter_map(|row| row[3..].split(',').next().map(str::to_string)).collect()
    }

    /// Sorting has no key; all rows go to the first of the subtasks, whichever there are.
    fn check_recovery_alone(make: crate::harness::Make<'_>, script: &Script) {
        if !script.batch_mode {
            check_recovery(make, script, &input(), &[vec![]], Compare::Rows);
        }
    }

    /// Flink 2.3.0: `ORDER BY ts, id DESC`, watermark two seconds behind, rows behind it dropped.
    #[test]
    fn a_stream_is_sorted_by_its_time() {
        let spec = SortSpec {
            order: vec![column(1, false), column(0, true)],
            rowtime: Some(1),
            at_end: false,
            offset: 0,
            fetch: None,
            input: input(),
        };
        let events = [(1, 1), (2, 4), (3, 12), (4, 3), (5, 26), (6, 11), (7, 41), (8, 41), (9, 50)];
        let mut script = Vec::new();
        for (id, seconds) in events {
            script.push(Event::inserts(0, vec![row(id, seconds)]));
            if ![4, 6, 8].contains(&id) {
                script.push(Event::Watermark((seconds - 2) * 1_000));
            }
        }
        let script = Script::new(vec![input()], script).ended();
        assert_eq!(ids(&spec, &script), ["1", "2", "3", "5", "8", "7", "9"]);
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Sort(spec.clone()), setup);
        assert_eq!(run(&make, &script, &input()).expect("runs").counts.late_rows_dropped, 2);
    }

    #[test]
    fn by_the_clock_the_rows_of_a_millisecond_are_sorted() {
        let spec = SortSpec {
            order: vec![column(0, true)],
            rowtime: None,
            at_end: false,
            offset: 0,
            fetch: None,
            input: input(),
        };
        let at =
            |now_ms, ids: [i32; 2]| vec![Event::Clock(now_ms), Event::inserts(0, ids.map(|id| row(id, 0)).to_vec())];
        let script = Script::new(vec![input()], [at(1, [1, 2]), at(2, [3, 4]), at(5, [5, 6])].concat()).ended();
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::Sort(spec.clone()), setup);
        let seen = check_cuts(&make, &script, &input());
        let ids: Vec<String> = row_texts(&seen).iter().map(|row| row[3..4].to_string()).collect();
        assert_eq!(ids, ["2", "1", "4", "3", "6", "5"]);
    }

    #[test]
    fn bounded_input_is_sorted_at_its_end() {
        let mut spec = SortSpec {
            order: vec![column(1, true)],
            rowtime: None,
            at_end: false,
            offset: 0,
            fetch: None,
            input: input(),
        };
        let rows = vec![row(1, 1), row(2, 5), row(3, 5), row(4, 9), vec![Value::Int(5), Value::Null]];
        let script = Script::new(vec![input()], vec![Event::inserts(0, rows)]).ended().in_batch_mode();
        assert_eq!(ids(&spec, &script), ["4", "2", "3", "1", "5"]);
        (spec.offset, spec.fetch) = (1, Some(2));
        assert_eq!(ids(&spec, &script), ["2", "3"]);
    }
}
