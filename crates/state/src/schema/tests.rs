//! What may change between two schemas, what may not, and that tables follow.

use flott_environment::{Clock, MemoryDisk};
use flott_record::key::murmur3_32;
use flott_record::value_array::{batch_from_rows, rows_of_batch};
use flott_record::{Batch, DataType, KeyGroupRange, RowKind, Value};

use super::*;
use crate::disk::{DiskBackend, MemoryBudget};
use crate::snapshot::{OperatorSnapshot, SnapshotReader, SnapshotWriter};
use crate::table::KeyedTable;

fn schema(fields: &[(&str, DataType)], fixed: &[usize]) -> RowSchema {
    let fields = fields.iter().map(|(name, data_type)| Field::new(*name, data_type.clone())).collect();
    RowSchema::new(&Schema::new(fields), fixed)
}

fn encoded(schema: &RowSchema, row: &[Value]) -> Vec<u8> {
    let batch = batch_from_rows(&schema.rows, &[(RowKind::Insert, row.to_vec())]).expect("values of the schema");
    RowEncoder::new(&schema.rows).encode(&batch).row(0).to_vec()
}

fn decoded(schema: &RowSchema, row: &[u8]) -> Vec<Value> {
    let columns = RowEncoder::new(&schema.rows).decode(&[row]).expect("a row of the schema");
    rows_of_batch(&schema.rows, &Batch::new(columns, 1)).remove(0).1
}

fn older() -> RowSchema {
    let fields = [
        ("id", TypeKind::BigInt.not_null()),
        ("small", TypeKind::Int.nullable()),
        ("ratio", TypeKind::Float.nullable()),
        ("gone", TypeKind::string().nullable()),
        ("price", TypeKind::Decimal { precision: 10, scale: 2 }.not_null()),
        ("name", TypeKind::Varchar(10).nullable()),
    ];
    schema(&fields, &[0])
}

fn newer() -> RowSchema {
    let fields = [
        ("name", TypeKind::string().nullable()),
        ("id", TypeKind::BigInt.not_null()),
        ("small", TypeKind::BigInt.nullable()),
        ("ratio", TypeKind::Double.nullable()),
        ("added", TypeKind::Int.nullable()),
        ("price", TypeKind::Decimal { precision: 20, scale: 4 }.nullable()),
    ];
    schema(&fields, &[1])
}

fn old_row(id: i64) -> Vec<Value> {
    let name = Value::String(format!("n{id}"));
    let ratio = if id % 2 == 0 { Value::Float(1.5) } else { Value::Null };
    vec![Value::BigInt(id), Value::Int(-7), ratio, Value::String("x".into()), Value::Decimal(1_234, 2), name]
}

fn new_row(id: i64) -> Vec<Value> {
    let ratio = if id % 2 == 0 { Value::Double(1.5) } else { Value::Null };
    let name = Value::String(format!("n{id}"));
    vec![name, Value::BigInt(id), Value::BigInt(-7), ratio, Value::Null, Value::Decimal(123_400, 4)]
}

#[test]
fn columns_are_added_dropped_moved_and_widened() {
    let (older, newer) = (older(), newer());
    let migration = newer.migration_from(&older, "rows").expect("compatible").expect("different");
    for id in 0..3 {
        let row = migration.row(&encoded(&older, &old_row(id))).expect("a row of the older schema");
        assert_eq!(row, encoded(&newer, &new_row(id)));
        assert_eq!(decoded(&newer, &row), new_row(id));
    }
    assert!(older.migration_from(&older, "rows").expect("the same").is_none());
}

#[test]
fn the_integers_widen_to_all_larger_ones() {
    let kinds = [TypeKind::TinyInt, TypeKind::SmallInt, TypeKind::Int, TypeKind::BigInt, TypeKind::Double];
    let value = |kind: &TypeKind| match kind {
        TypeKind::TinyInt => Value::TinyInt(-5),
        TypeKind::SmallInt => Value::SmallInt(-5),
        TypeKind::Int => Value::Int(-5),
        TypeKind::BigInt => Value::BigInt(-5),
        _ => Value::Double(-5.0),
    };
    for (index, from) in kinds.iter().enumerate() {
        for (other, to) in kinds.iter().enumerate() {
            let old = schema(&[("a", from.clone().nullable())], &[]);
            let new = schema(&[("a", to.clone().nullable())], &[]);
            let migration = new.migration_from(&old, "s");
            let is_wider = other >= index && !(*from == TypeKind::BigInt && *to == TypeKind::Double);
            assert_eq!(migration.is_ok(), is_wider, "{from:?} to {to:?}");
            if let Ok(Some(migration)) = migration {
                for (old_value, new_value) in [(value(from), value(to)), (Value::Null, Value::Null)] {
                    let row = migration.row(&encoded(&old, &[old_value])).expect("a row");
                    assert_eq!(decoded(&new, &row), [new_value]);
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_both_schemas() {
    let old = schema(&[("id", TypeKind::Int.not_null()), ("a", TypeKind::string().nullable())], &[0]);
    let refused = |fields: &[(&str, DataType)], fixed: &[usize], reason: &str| {
        let error = schema(fields, fixed).migration_from(&old, "rows").expect_err("refused").to_string();
        assert!(error.contains(reason), "{error}");
        assert!(error.contains("in the snapshot"), "{error}");
        error
    };
    let (id, a) = (("id", TypeKind::Int.not_null()), ("a", TypeKind::string().nullable()));
    refused(&[("id", TypeKind::BigInt.not_null()), a.clone()], &[0], "column id is part of a key and was INT NOT NULL");
    refused(std::slice::from_ref(&a), &[], "column id is gone, but was NOT NULL");
    refused(&[id.clone(), ("a", TypeKind::string().not_null())], &[0], "column a was nullable");
    refused(&[id.clone(), a.clone(), ("b", TypeKind::Int.not_null())], &[0], "column b is new, but not nullable");
    refused(&[id.clone(), a.clone()], &[0, 1], "column a is a part of keys in one schema only");
    let error =
        refused(&[id, ("a", TypeKind::Int.nullable())], &[0], "column a was STRING, which is not widened to INT");
    let table = "  in the snapshot       | in the job\n  id INT NOT NULL (key) | id INT NOT NULL (key)\n  a STRING              | a INT";
    assert!(error.ends_with(table), "{error}");
}

/// The stored form of schemas: this text never changes.
#[test]
fn golden_bytes() {
    let schema = schema(&[("a", TypeKind::Decimal { precision: 5, scale: 2 }.not_null())], &[0]);
    let text = r#"{"rows":{"fields":[{"name":"a","data_type":{"kind":{"Decimal":{"precision":5,"scale":2}},"nullable":false}}]},"fixed":[0]}"#;
    assert_eq!(schema.to_bytes(), [&[1], text.as_bytes()].concat());
    assert_eq!(RowSchema::from_bytes(&schema.to_bytes()), Ok(schema));
    assert!(RowSchema::from_bytes(&[2]).is_err_and(|error| error.to_string().contains("version 2")));
}

/// A table of rows of the older schema restores as one of the newer, in memory and on disk.
#[test]
fn tables_migrate_when_they_are_restored() {
    let (older, newer) = (older(), newer());
    let mut table = KeyedTable::new();
    for id in 0..100i64 {
        let key = id.to_be_bytes();
        table.get_or_insert_with(murmur3_32(&key), &key, || encoded(&older, &old_row(id)));
    }
    let mut writer = SnapshotWriter::new(128);
    table.snapshot_with("rows", &mut writer, &RowsCodec(&older)).expect("in memory");
    let snapshots = [OperatorSnapshot::from_bytes(&writer.finish().expect("memory").to_bytes()).expect("just written")];
    for is_on_disk in [false, true] {
        let mut restored: KeyedTable<Vec<u8>> = KeyedTable::new();
        if is_on_disk {
            let disk = MemoryDisk::new(Clock::real()).disk();
            let backend = DiskBackend::new(disk, "/state".into(), "o".to_string(), 128, MemoryBudget::new(1));
            restored.use_disk(&backend).expect("a disk in memory");
        }
        let reader = SnapshotReader::new(&snapshots, KeyGroupRange { start: 0, end: 128 }, 0, 1);
        restored.restore_with("rows", &reader, &mut RowsCodec(&newer)).expect("compatible");
        for id in 0..100i64 {
            let key = id.to_be_bytes();
            restored.prefetch_key(murmur3_32(&key), &key).expect("a disk in memory");
            let row = restored.get(murmur3_32(&key), &key).expect("no key is lost");
            assert_eq!(decoded(&newer, row), new_row(id));
        }
        let mut other: KeyedTable<Vec<u8>> = KeyedTable::new();
        let different = schema(&[("id", TypeKind::string().not_null())], &[0]);
        let error = other.restore_with("rows", &reader, &mut RowsCodec(&different)).expect_err("another type");
        assert!(matches!(error, StateError::Incompatible(_)));
    }
}
