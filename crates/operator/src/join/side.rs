//! One side of a regular join: its rows by join key.

use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use flott_job::spec::JoinSideKey;
use flott_record::{Batch, KeyRows, Schema};
use flott_state::encoding::{decode_all, take};
use flott_state::schema::RowMigration;
use flott_state::{
    EncodedRows, KeyedTable, RowEncoder, RowSchema, SnapshotReader, SnapshotWriter, StateError, StateValue, ValueCodec,
};

use super::row_bag::{BagLayout, RowBag};
use crate::limits::EXPIRY_SWEEP_KEYS_MIN;

/// Rows that arrive on one side, prepared for state.
pub(super) struct Arrivals {
    pub(super) batch: Batch,
    pub(super) keys: KeyRows,
    rows: EncodedRows,
    identities: KeyRows,
    matchable: Option<NullBuffer>,
}

impl Arrivals {
    /// Whether the row's key can equal any: no NULL where NULL equals nothing.
    pub(super) fn is_matchable(&self, row: usize) -> bool {
        self.matchable.as_ref().is_none_or(|matchable| matchable.is_valid(row))
    }
}

/// The state of a side.
pub(super) struct Side {
    name: &'static str,
    keys: Vec<usize>,
    filter_nulls: Vec<bool>,
    /// Columns of the unique key, where rows are found by it.
    identity: Vec<usize>,
    /// At most one row a key.
    single: bool,
    pub(super) layout: BagLayout,
    ttl_ms: i64,
    pub(super) encoder: RowEncoder,
    pub(super) schema: Schema,
    pub(super) table: KeyedTable<RowBag>,
    row_schema: RowSchema,
    cursor: usize,
}

/// What a side is made of.
pub(super) struct SideParts<'a> {
    pub(super) name: &'static str,
    pub(super) keys: &'a [usize],
    pub(super) filter_nulls: &'a [bool],
    pub(super) side_key: &'a JoinSideKey,
    pub(super) schema: &'a Schema,
    pub(super) ttl_ms: i64,
    /// Whether rows count their associations.
    pub(super) counted: bool,
}

impl Side {
    pub(super) fn new(parts: SideParts<'_>) -> Self {
        let identity = match parts.side_key {
            JoinSideKey::HasUniqueKey(columns) => columns.clone(),
            JoinSideKey::JoinKeyContainsUniqueKey | JoinSideKey::NoUniqueKey => Vec::new(),
        };
        let row_schema = RowSchema::new(parts.schema, parts.keys.iter().chain(&identity));
        let layout = BagLayout { timed: parts.ttl_ms > 0, counted: parts.counted, keyed: !identity.is_empty() };
        Side {
            name: parts.name,
            keys: parts.keys.to_vec(),
            filter_nulls: parts.filter_nulls.to_vec(),
            single: *parts.side_key == JoinSideKey::JoinKeyContainsUniqueKey,
            identity,
            layout,
            ttl_ms: parts.ttl_ms,
            encoder: RowEncoder::new(parts.schema),
            schema: parts.schema.clone(),
            table: KeyedTable::new(),
            row_schema,
            cursor: 0,
        }
    }

    /// Encodes the keys and rows of a batch.
    pub(super) fn arrivals(&self, batch: Batch) -> Arrivals {
        let columns = |positions: &[usize]| -> Vec<ArrayRef> {
            positions.iter().map(|position| batch.column(*position).clone()).collect()
        };
        let rows = batch.num_rows();
        let key_columns = columns(&self.keys);
        let filtered = key_columns.iter().zip(&self.filter_nulls).filter(|(_, filter)| **filter);
        let matchable = filtered
            .map(|(column, _)| column.logical_nulls())
            .fold(None, |all: Option<NullBuffer>, one| NullBuffer::union(all.as_ref(), one.as_ref()));
        Arrivals {
            keys: KeyRows::encode(&key_columns, rows),
            rows: self.encoder.encode(&batch),
            identities: if self.layout.keyed {
                KeyRows::encode(&columns(&self.identity), rows)
            } else {
                KeyRows::default()
            },
            matchable,
            batch,
        }
    }

    /// Brings the rows of these keys into memory, where a disk has them.
    pub(super) fn prefetch(&mut self, keys: &KeyRows) -> Result<(), StateError> {
        self.table.prefetch_with(keys, &mut BagCodec { layout: self.layout, schema: &self.row_schema })
    }

    /// Adds an arrived row. A row that cannot match anything is not kept, since nothing would ever ask for it.
    pub(super) fn add(&mut self, arrivals: &Arrivals, row: usize, now_ms: i64, associations: u32) {
        if !arrivals.is_matchable(row) {
            return;
        }
        let (hash, key) = (arrivals.keys.hash(row), arrivals.keys.key(row));
        let (bag, _) = self.table.get_or_insert_with(hash, key, RowBag::default);
        let bytes = arrivals.rows.row(row);
        if self.single {
            bag.clear();
        }
        if self.layout.keyed {
            bag.put(self.layout, arrivals.identities.key(row), bytes, now_ms, associations);
        } else {
            bag.push(self.layout, &[], bytes, now_ms, associations);
        }
    }

    /// Takes an arrived row away; nothing if it is not there (it may have expired).
    pub(super) fn retract(&mut self, arrivals: &Arrivals, row: usize) {
        let (hash, key) = (arrivals.keys.hash(row), arrivals.keys.key(row));
        let Some(bag) = self.table.get_mut(hash, key) else { return };
        if self.single {
            bag.clear();
        } else {
            let identity = if self.layout.keyed { arrivals.identities.key(row) } else { &[] };
            bag.remove(self.layout, identity, arrivals.rows.row(row));
        }
        if bag.is_empty() {
            self.table.remove(hash, key);
        }
    }

    /// Rows written at this moment or before are no longer seen at `now_ms`; `None` if rows do not expire.
    pub(super) fn expired_until_ms(&self, now_ms: i64) -> Option<i64> {
        (self.ttl_ms > 0).then(|| now_ms.saturating_sub(self.ttl_ms))
    }

    /// Drops expired rows of some keys, so that in the long run all expired rows go away.
    pub(super) fn sweep(&mut self, now_ms: i64, arrived_rows: usize) {
        let Some(until_ms) = self.expired_until_ms(now_ms) else { return };
        let layout = self.layout;
        self.table.sweep(&mut self.cursor, EXPIRY_SWEEP_KEYS_MIN + arrived_rows, |bag| {
            bag.expire(layout, until_ms);
            !bag.is_empty()
        });
    }

    pub(super) fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), StateError> {
        self.table.snapshot_with(self.name, writer, &BagCodec { layout: self.layout, schema: &self.row_schema })
    }

    pub(super) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), StateError> {
        self.table.restore_with(self.name, reader, &mut BagCodec { layout: self.layout, schema: &self.row_schema })
    }
}

/// A bag as bytes; what is read is checked to be of the layout.
struct BagCodec<'a> {
    layout: BagLayout,
    schema: &'a RowSchema,
}

impl ValueCodec<RowBag> for BagCodec<'_> {
    fn encode(&self, bag: &RowBag, out: &mut Vec<u8>) {
        out.push(self.layout.flags());
        bag.encode(out);
    }

    fn decode(&mut self, mut bytes: &[u8]) -> Result<RowBag, StateError> {
        if take(&mut bytes, 1)? != [self.layout.flags()] {
            let text =
                "a join's state was written by a join of another kind, or with its state's time-to-live on or off";
            return Err(StateError::Incompatible(text.to_string()));
        }
        let bag: RowBag = decode_all::<_, StateError>(bytes)?;
        bag.check(self.layout)?;
        Ok(bag)
    }

    fn evict(&mut self, _bag: RowBag) {}

    fn schema(&self) -> Option<&RowSchema> {
        Some(self.schema)
    }

    fn migrate(&self, bag: &mut RowBag, migration: &RowMigration) -> Result<(), StateError> {
        bag.map_rows(self.layout, &mut |row| migration.row(row))
    }
}
