//! Makes upserts by a sink's primary key of a changelog whose upsert key is another, as Flink's `SinkUpsertMaterializer` does.
//!
//! Rows of several upsert keys can fall on one primary key, and their changes can arrive in any order. The last one that was added and not yet
//! retracted is the one in the sink.
//!
//! Emits   `+I` for a key's first row, `+U` for each further one; when the last row is retracted `+U` with the one before it, `-D` if there is none.
//! State   `lists`: primary key to its rows in order of arrival, until empty or not written for the TTL.

use flott_job::spec::SinkMaterializeSpec;
use flott_record::{Batch, KeyRows, RowKind};
use flott_state::encoding::{read_length, write_length};
use flott_state::schema::MapRow;
use flott_state::{
    DecodeError, DiskBackend, EncodedRows, HoldsRows, KeyedTable, RowEncoder, RowSchema, RowsCodec, SnapshotReader,
    SnapshotWriter, StateError, StateValue,
};

use crate::chunks::{in_chunks, keys_of};
use crate::expiry::{Expiry, Stamped};
use crate::interface::{Context, Operator, OperatorError, Step};
use crate::row_output::RowOutput;

/// Rows of one primary key, each with its upsert key (empty if there is none, then rows are compared as a whole).
#[derive(Debug, Default)]
struct RowList {
    rows: Vec<(Vec<u8>, Vec<u8>)>,
}

impl StateValue for RowList {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.rows.len() as u64);
        self.rows.iter().for_each(|row| row.encode(out));
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let rows: Result<_, DecodeError> = (0..read_length(bytes)?).map(|_| StateValue::decode(bytes)).collect();
        Ok(RowList { rows: rows? })
    }
}

impl HoldsRows for RowList {
    fn map_rows(&mut self, map: MapRow<'_>) -> Result<(), StateError> {
        self.rows.iter_mut().try_for_each(|(_, row)| row.map_rows(map))
    }
}

/// The operator; see the module's text.
pub struct SinkMaterialize {
    keys: Vec<usize>,
    upsert_key: Vec<usize>,
    lists: KeyedTable<Stamped<RowList>>,
    expiry: Expiry,
    encoder: RowEncoder,
    schema: RowSchema,
}

impl SinkMaterialize {
    /// Lays out the state.
    pub fn new(spec: &SinkMaterializeSpec) -> Self {
        SinkMaterialize {
            keys: spec.keys.clone(),
            upsert_key: spec.upsert_key.clone(),
            lists: KeyedTable::new(),
            expiry: Expiry::new(spec.state_ttl_ms),
            encoder: RowEncoder::new(&spec.input),
            schema: RowSchema::new(&spec.input, spec.keys.iter().chain(&spec.upsert_key)),
        }
    }

    fn apply(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<usize, OperatorError> {
        let keys = keys_of(batch, &self.keys);
        self.lists.prefetch(&keys)?;
        let ids = if self.upsert_key.is_empty() { KeyRows::default() } else { keys_of(batch, &self.upsert_key) };
        let rows = self.encoder.encode(batch);
        let mut out = RowOutput::default();
        let mut done = 0;
        while done < batch.num_rows() && !out.is_full(context) {
            let id = if self.upsert_key.is_empty() { &[] } else { ids.key(done) };
            if batch.kind(done).is_addition() {
                self.add(&keys, &rows, done, id, context.now_ms, &mut out);
            } else {
                self.retract(&keys, &rows, done, id, context.now_ms, &mut out);
            }
            done += 1;
        }
        out.emit(&self.encoder, context)?;
        Ok(done)
    }

    /// The position of the first row that an arrived one stands for.
    fn find(&self, list: &RowList, id: &[u8], row: &[u8]) -> Option<usize> {
        let whole = self.upsert_key.is_empty();
        list.rows.iter().position(|(its_id, its_row)| if whole { its_row == row } else { its_id == id })
    }

    fn add(&mut self, keys: &KeyRows, rows: &EncodedRows, row: usize, id: &[u8], now_ms: i64, out: &mut RowOutput) {
        let new = rows.row(row);
        let mut list = self.take_list(keys, row, now_ms).unwrap_or_default();
        out.push(if list.rows.is_empty() { RowKind::Insert } else { RowKind::UpdateAfter }, new);
        let replaced = if self.upsert_key.is_empty() { None } else { self.find(&list, id, new) };
        match replaced {
            Some(index) => list.rows[index].1 = new.to_vec(),
            None => list.rows.push((id.to_vec(), new.to_vec())),
        }
        self.put_list(keys, row, list, now_ms);
    }

    fn retract(&mut self, keys: &KeyRows, rows: &EncodedRows, row: usize, id: &[u8], now_ms: i64, out: &mut RowOutput) {
        let Some(mut list) = self.take_list(keys, row, now_ms) else { return };
        if let Some(index) = self.find(&list, id, rows.row(row)) {
            list.rows.remove(index);
            match list.rows.last() {
                None => out.push(RowKind::Delete, rows.row(row)),
                Some((_, last)) if index == list.rows.len() => out.push(RowKind::UpdateAfter, last),
                Some(_) => {}
            }
        }
        if list.rows.is_empty() {
            self.lists.remove(keys.hash(row), keys.key(row));
        } else {
            self.put_list(keys, row, list, now_ms);
        }
    }

    /// Takes what is in a key's list; none if there is none or it has expired. The list is put back or removed then.
    fn take_list(&mut self, keys: &KeyRows, row: usize, now_ms: i64) -> Option<RowList> {
        let stamped = self.lists.get_mut(keys.hash(row), keys.key(row))?;
        let list = std::mem::take(&mut stamped.value);
        if self.expiry.is_live(stamped.written_ms, now_ms) {
            return Some(list);
        }
        self.lists.remove(keys.hash(row), keys.key(row));
        None
    }

    fn put_list(&mut self, keys: &KeyRows, row: usize, list: RowList, now_ms: i64) {
        let empty = || Stamped { written_ms: now_ms, value: RowList::default() };
        let (stamped, _) = self.lists.get_or_insert_with(keys.hash(row), keys.key(row), empty);
        *stamped = Stamped { written_ms: now_ms, value: list };
    }
}

impl Operator for SinkMaterialize {
    fn on_batch(&mut self, _input: usize, batch: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        self.expiry.sweep(&mut self.lists, batch.num_rows(), context.now_ms);
        in_chunks(batch, context, |chunk, context| self.apply(chunk, context))
    }

    fn use_disk(&mut self, backend: &DiskBackend) -> Result<(), OperatorError> {
        Ok(self.lists.use_disk(backend)?)
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        self.lists.snapshot_with("lists", writer, &RowsCodec(&self.schema))?;
        Ok(())
    }

    fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        self.lists.restore_with("lists", reader, &mut RowsCodec(&self.schema))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flott_record::{Field, Schema, TypeKind, Value};

    use super::*;
    use crate::build::build;
    use crate::harness::{Compare, Event, Script, check_cuts, check_recovery, row_texts};
    use crate::interface::Setup;

    fn input() -> Schema {
        Schema::new(vec![Field::new("pk", TypeKind::Int.nullable()), Field::new("id", TypeKind::Int.nullable())])
    }

    fn seen(upsert_key: Vec<usize>, rows: &[(&str, i32)]) -> Vec<String> {
        let spec = SinkMaterializeSpec { keys: vec![0], upsert_key, state_ttl_ms: 0, input: input() };
        let row = |(kind, id): &(&str, i32)| {
            (RowKind::from_short(kind).expect("a row kind"), vec![Value::Int(1), Value::Int(*id)])
        };
        let script = Script::new(vec![input()], vec![Event::rows(0, rows.iter().map(row).collect())]).ended();
        let make = |setup: &Setup| build(&flott_job::OperatorSpec::SinkMaterialize(spec.clone()), setup);
        let seen = check_cuts(&make, &script, &input());
        check_recovery(&make, &script, &input(), &[vec![0]], Compare::Rows);
        row_texts(&seen)
    }

    #[test]
    fn the_last_row_that_is_left_is_in_the_sink() {
        let rows = [("+I", 1), ("+I", 2), ("+I", 3), ("-U", 2), ("-D", 3), ("-D", 9), ("-D", 1)];
        let wanted = ["+I[1, 1]", "+U[1, 2]", "+U[1, 3]", "+U[1, 1]", "-D[1, 1]"];
        assert_eq!(seen(Vec::new(), &rows), wanted);
        assert_eq!(seen(vec![1], &rows), wanted);
    }

    /// `+U` of an upsert key replaces its row in place; whole rows are appended.
    #[test]
    fn an_upsert_key_finds_its_row() {
        let rows = [("+I", 1), ("+I", 2), ("+U", 1), ("-D", 2)];
        assert_eq!(seen(vec![1], &rows), ["+I[1, 1]", "+U[1, 2]", "+U[1, 1]", "+U[1, 1]"]);
        assert_eq!(seen(Vec::new(), &rows), ["+I[1, 1]", "+U[1, 2]", "+U[1, 1]"]);
    }
}
