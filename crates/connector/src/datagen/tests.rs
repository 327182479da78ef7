//! Every type is made, sequences are complete, and a restore goes on with the same rows.

use flott_environment::Environment;
use flott_record::value_array::rows_of_batch;
use flott_record::{Field, Schema, TableSpec, TypeKind, Value};

use super::DatagenConnector;
use crate::contract::Connector;
use crate::source::{Poll, ReaderSetup, Source, SourceReader, Split};

fn table(columns: &[(&str, TypeKind)], options: &[(&str, &str)]) -> TableSpec {
    let fields = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone().nullable())).collect();
    let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    TableSpec { name: "t".into(), schema: Schema::new(fields), options, ..TableSpec::default() }
}

fn reader(source: &dyn Source, table: &TableSpec, rows_max: usize, splits: Vec<Split>) -> Box<dyn SourceReader> {
    let setup = ReaderSetup {
        environment: Environment::real(),
        subtask: 0,
        parallelism: 1,
        projection: (0..table.schema.len()).collect(),
        output: table.schema.clone(),
        time_zone: "UTC".into(),
        batch_rows_max: rows_max,
    };
    let mut reader = source.reader(&setup).expect("a reader");
    splits.into_iter().for_each(|split| reader.add_split(split).expect("valid"));
    reader
}

fn splits(source: &dyn Source, parallelism: u32) -> Vec<Split> {
    source.enumerator(&Environment::real(), parallelism).expect("an enumerator").discover(0).expect("splits")
}

fn read(reader: &mut dyn SourceReader, table: &TableSpec, rows: usize) -> Vec<Vec<Value>> {
    let mut found = Vec::new();
    while found.len() < rows {
        match reader.poll().expect("generated") {
            Poll::Batch(batch) => found.extend(rows_of_batch(&table.schema, &batch).into_iter().map(|(_, row)| row)),
            Poll::Pending { wake_at_ms } => assert!(wake_at_ms.is_some()),
            Poll::NeedsSplit => break,
        }
    }
    found
}

fn all(table: &TableSpec) -> Vec<Vec<Value>> {
    let source = DatagenConnector.source(table).expect("valid");
    let splits = splits(source.as_ref(), 3);
    read(reader(source.as_ref(), table, 100, splits).as_mut(), table, usize::MAX)
}

fn every_type() -> Vec<(&'static str, TypeKind)> {
    let int = || TypeKind::Int.nullable();
    vec![
        ("bo", TypeKind::Boolean),
        ("ti", TypeKind::TinyInt),
        ("si", TypeKind::SmallInt),
        ("i", TypeKind::Int),
        ("bi", TypeKind::BigInt),
        ("f", TypeKind::Float),
        ("d", TypeKind::Double),
        ("de", TypeKind::Decimal { precision: 38, scale: 5 }),
        ("c", TypeKind::Char(7)),
        ("vc", TypeKind::Varchar(9)),
        ("s", TypeKind::string()),
        ("b", TypeKind::Binary(4)),
        ("vb", TypeKind::Varbinary(5)),
        ("da", TypeKind::Date),
        ("t", TypeKind::Time(3)),
        ("ts", TypeKind::Timestamp(3)),
        ("tl", TypeKind::TimestampLtz(9)),
        ("ym", TypeKind::IntervalYearMonth),
        ("ds", TypeKind::IntervalDayTime),
        ("ar", TypeKind::Array(Box::new(TypeKind::Array(Box::new(int())).nullable()))),
        ("m", TypeKind::Map(Box::new(TypeKind::TinyInt.nullable()), Box::new(int()))),
        ("ms", TypeKind::Multiset(Box::new(TypeKind::string().nullable()))),
        ("r", TypeKind::Row(vec![Field::new("x", int()), Field::new("y", TypeKind::string().nullable())])),
    ]
}

#[test]
fn every_type_is_made_within_its_bounds() {
    let options = [
        ("number-of-rows", "200"),
        ("rows-per-second", "1000000000"),
        ("fields.i.min", "-3"),
        ("fields.i.max", "3"),
        ("fields.de.min", "-1.5"),
        ("fields.de.max", "1.5"),
        ("fields.s.length", "12"),
        ("fields.s.var-len", "true"),
        ("fields.s.null-rate", "0.5"),
        ("fields.ar.length", "2"),
        ("fields.ar.element.element.max", "-5"),
        ("fields.m.key.min", "1"),
        ("fields.m.key.max", "2"),
        ("fields.r.x.min", "9"),
        ("fields.r.x.max", "9"),
    ];
    let table = table(&every_type(), &options);
    let rows = all(&table);
    assert_eq!(rows.len(), 200);
    let column = |name: &str| {
        let index = table.schema.index_of(name).expect("a column");
        rows.iter().map(move |row| &row[index])
    };
    assert!(column("i").all(|value| matches!(value, Value::Int(-3..=3))));
    assert!((-3..=3).all(|wanted| column("i").any(|value| *value == Value::Int(wanted))));
    assert!(column("de").all(|value| matches!(value, Value::Decimal(-150_000..=150_000, 5))));
    assert!(column("c").all(|value| matches!(value, Value::String(text) if text.len() == 7)));
    assert!(column("vc").all(|value| matches!(value, Value::String(text) if text.len() == 9)));
    let lengths: Vec<usize> =
        column("s").filter_map(|v| if let Value::String(text) = v { Some(text.len()) } else { None }).collect();
    assert!((50..150).contains(&lengths.len()), "about half are NULL");
    assert!(lengths.iter().all(|length| (1..=12).contains(length)) && lengths.contains(&1));
    assert!(column("m").all(|value| matches!(value, Value::Map(entries) if (1..=2).contains(&entries.len()))));
    assert!(column("r").all(|value| matches!(value, Value::Row(cells) if cells[0] == Value::Int(9))));
    let small =
        |value: &Value| matches!(value, Value::Array(items) if items.iter().all(|i| matches!(i, Value::Int(..=-5))));
    assert!(column("ar").all(|value| matches!(value, Value::Array(rows) if rows.len() == 2 && rows.iter().all(small))));
}

#[test]
fn sequences_are_complete_and_end_the_source() {
    let columns =
        [("a", TypeKind::BigInt), ("b", TypeKind::string()), ("c", TypeKind::Decimal { precision: 9, scale: 1 })];
    let options = [
        ("rows-per-second", "1000000"),
        ("fields.a.kind", "sequence"),
        ("fields.a.start", "5"),
        ("fields.a.end", "104"),
        ("fields.b.kind", "sequence"),
        ("fields.b.start", "-1"),
        ("fields.b.end", "98"),
        ("fields.c.kind", "sequence"),
        ("fields.c.start", "0"),
        ("fields.c.end", "1000"),
    ];
    let table = table(&columns, &options);
    assert!(DatagenConnector.capabilities(&table).expect("valid").bounded);
    let mut rows = all(&table);
    rows.sort_by_key(|row| if let Value::BigInt(value) = row[0] { value } else { 0 });
    let expected: Vec<Vec<Value>> = (0..100)
        .map(|i| vec![Value::BigInt(i + 5), Value::String((i - 1).to_string()), Value::Decimal(i128::from(i) * 10, 1)])
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn a_restored_reader_makes_the_rows_that_were_to_come() {
    let table = table(&[("a", TypeKind::Int)], &[("number-of-rows", "50"), ("rows-per-second", "1000000")]);
    let source = DatagenConnector.source(&table).expect("valid");
    let splits = splits(source.as_ref(), 1);
    let whole = read(reader(source.as_ref(), &table, 50, splits.clone()).as_mut(), &table, usize::MAX);
    assert_eq!(whole.len(), 50);
    let mut first = reader(source.as_ref(), &table, 7, splits);
    let mut rows = read(first.as_mut(), &table, 20);
    let mut second = reader(source.as_ref(), &table, 7, first.snapshot());
    rows.extend(read(second.as_mut(), &table, usize::MAX));
    assert_eq!(rows, whole);
}

#[test]
fn rows_come_at_their_rate() {
    let table = table(&[("a", TypeKind::Int)], &[("rows-per-second", "1000")]);
    let source = DatagenConnector.source(&table).expect("valid");
    let clock = Environment::real().clock().clone();
    let mut paced = reader(source.as_ref(), &table, 1_000, splits(source.as_ref(), 1));
    let start_ms = clock.now_ms();
    read(paced.as_mut(), &table, 31);
    assert!(clock.now_ms() - start_ms >= 29);
}

#[test]
fn wrong_options_are_named() {
    let refused = |columns: &[(&str, TypeKind)], options: &[(&str, &str)]| {
        DatagenConnector.capabilities(&table(columns, options)).expect_err("refused").message
    };
    let int = [("a", TypeKind::Int)];
    assert!(refused(&int, &[("fields.a.mni", "1")]).contains("did you mean 'fields.a.min'"));
    assert!(refused(&int, &[("fields.b.min", "1")]).contains("unknown option 'fields.b.min'"));
    assert!(refused(&int, &[("fields.a.kind", "squence")]).contains("expected random or sequence"));
    assert!(refused(&int, &[("fields.a.min", "x")]).contains("expected a value of type INT"));
    assert!(refused(&int, &[("fields.a.min", "5"), ("fields.a.max", "4")]).contains("not below fields.a.min"));
    assert!(refused(&int, &[("fields.a.max", "3000000000")]).contains("type INT"));
    assert_eq!(refused(&int, &[("fields.a.kind", "sequence")]), "a sequence needs the option 'fields.a.start'");
    assert!(
        refused(&[("a", TypeKind::Boolean)], &[("fields.a.kind", "sequence")]).starts_with("not supported: a sequence")
    );
    assert!(refused(&[("a", TypeKind::Char(3))], &[("fields.a.length", "2")]).contains("fixed-length type CHAR(3)"));
    assert!(refused(&[("a", TypeKind::Variant)], &[]).starts_with("not supported: type VARIANT"));
    assert!(refused(&int, &[("number-of-rows", "-1")]).contains("a number from 0"));
}
