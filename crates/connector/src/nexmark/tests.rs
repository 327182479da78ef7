//! The events are those of the specification, bit for bit; splits, batches and restores don't change them.

use std::fmt::Write;

use flott_environment::{Clock, Environment};
use flott_record::value_array::value_at;
use flott_record::{Schema, TableSpec, Value};
use sha2::{Digest, Sha256};

use super::generator::event_fields;
use super::{NexmarkConnector, shape};
use crate::contract::Connector;
use crate::options::TableOptions;
use crate::source::{Poll, ReaderSetup, Source, SourceReader, Split};

fn table(options: &[(&str, &str)]) -> TableSpec {
    let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    TableSpec { name: "t".into(), schema: Schema::new(event_fields()), options, ..TableSpec::default() }
}

fn reader(source: &dyn Source, batch_rows_max: usize) -> Box<dyn SourceReader> {
    let setup = ReaderSetup {
        environment: Environment::real(),
        subtask: 0,
        parallelism: 1,
        projection: vec![0, 1, 2, 3],
        output: Schema::new(event_fields()),
        time_zone: "UTC".into(),
        batch_rows_max,
    };
    source.reader(&setup).expect("a reader")
}

/// The JSON line of an event, as the check values are made of.
fn write_line(out: &mut String, number: u64, cells: &[Value]) {
    let Value::Int(kind) = cells[0] else { panic!("event_type is an INT") };
    let kind = kind as usize;
    let names = ["person", "auction", "bid"];
    let fields = event_fields();
    let flott_record::TypeKind::Row(columns) = &fields[kind + 1].data_type.kind else { panic!("a row") };
    let Value::Row(values) = &cells[kind + 1] else { panic!("the row of its kind is there") };
    write!(out, "{{\"n\":{number},\"kind\":\"{}\"", names[kind]).expect("a String");
    for (column, value) in columns.iter().zip(values) {
        match value {
            Value::BigInt(value) | Value::Timestamp(value, 3) => write!(out, ",\"{}\":{value}", column.name),
            Value::String(text) => write!(out, ",\"{}\":\"{}\"", column.name, text.replace('\\', "\\\\")),
            other => panic!("unexpected {other:?}"),
        }
        .expect("a String");
    }
    out.push_str("}\n");
}

fn read_all(reader: &mut dyn SourceReader) -> Vec<Vec<Value>> {
    let types: Vec<_> = event_fields().into_iter().map(|field| field.data_type).collect();
    let mut rows = Vec::new();
    while let Poll::Batch(batch) = reader.poll().expect("generated") {
        for row in 0..batch.num_rows() {
            rows.push(types.iter().zip(batch.columns()).map(|(t, column)| value_at(column, row, t)).collect());
        }
    }
    rows
}

fn splits(source: &dyn Source, parallelism: u32) -> Vec<Split> {
    source.enumerator(&Environment::real(), parallelism).expect("an enumerator").discover(0).expect("splits")
}

/// SHA-256 of the lines of events `from..to`, straight from the generator.
fn checksum(from: u64, to: u64, rate: &str) -> String {
    let table = table(&[("first-event.rate", rate)]);
    let mut generator = super::generator::Generator::new(shape(&TableOptions::of(&table)).expect("valid"));
    let types: Vec<_> = event_fields().into_iter().map(|field| field.data_type).collect();
    let (mut hash, mut line) = (Sha256::new(), String::new());
    let mut first = from;
    while first < to {
        let last = to.min(first + 4_096);
        (first..last).for_each(|event| generator.push(event));
        let columns = generator.finish().expect("valid arrays");
        for number in first..last {
            let cell = |i: usize| value_at(&columns[i], (number - first) as usize, &types[i]);
            line.clear();
            write_line(&mut line, number, &[cell(0), cell(1), cell(2), cell(3)]);
            hash.update(&line);
        }
        first = last;
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn events_are_those_of_the_specification() {
    let cases = [
        (0, 200, "100000", "2a138288250cdb710fd248bc50d5c2476cd2011883d507ef36933084e914934f"),
        (100_000_000, 100_010_000, "10000000", "fe9cc8fd4a445f923be26d5c6d1c702d7a23bc2f96499e5b4c00b19cf82de415"),
        (0, 1_000_000, "100000", "d10d079604f1f0e7fe16ff7f0fddc0b353831115406bb733df10dec82f0e1cc7"),
    ];
    for (from, to, rate, expected) in cases {
        assert_eq!(checksum(from, to, rate), expected, "{from}..{to} at {rate}");
    }
}

#[test]
fn splits_batches_and_restores_do_not_change_the_events() {
    let table = table(&[("events.num", "2345"), ("block-size", "100")]);
    let source = NexmarkConnector.source(&table).expect("valid");
    let mut alone = reader(source.as_ref(), 8_192);
    alone.add_split(splits(source.as_ref(), 1).remove(0)).expect("valid");
    let all = read_all(alone.as_mut());
    assert_eq!(all.len(), 2_345);
    // Three splits, stopped somewhere, restored together in one reader: the rest comes in order of events.
    let mut seen: Vec<Vec<Value>> = Vec::new();
    let mut positions = Vec::new();
    for (index, split) in splits(source.as_ref(), 3).into_iter().enumerate() {
        let mut part = reader(source.as_ref(), 7);
        part.add_split(split).expect("valid");
        for _ in 0..(index + 1) * 5 {
            let Poll::Batch(batch) = part.poll().expect("generated") else { break };
            let types: Vec<_> = event_fields().into_iter().map(|field| field.data_type).collect();
            let row = |row| types.iter().zip(batch.columns()).map(|(t, c)| value_at(c, row, t)).collect();
            seen.extend((0..batch.num_rows()).map(row));
        }
        positions.extend(part.snapshot());
    }
    let mut restored = reader(source.as_ref(), 100);
    positions.into_iter().for_each(|split| restored.add_split(split).expect("valid"));
    seen.extend(read_all(restored.as_mut()));
    let key = |row: &Vec<Value>| format!("{row:?}");
    let (mut left, mut right): (Vec<_>, Vec<_>) = (all.iter().map(key).collect(), seen.iter().map(key).collect());
    left.sort();
    right.sort();
    assert!(left == right);
}

#[test]
fn a_paced_source_waits_for_event_time() {
    let table = table(&[("max-emit-speed", "false"), ("first-event.rate", "1000")]);
    let source = NexmarkConnector.source(&table).expect("valid");
    let mut paced = reader(source.as_ref(), 8_192);
    paced.add_split(splits(source.as_ref(), 1).remove(0)).expect("valid");
    let before_ms = Clock::real().now_ms();
    let mut rows = 0;
    while rows < 20 {
        match paced.poll().expect("generated") {
            Poll::Batch(batch) => rows += batch.num_rows() as i64,
            Poll::Pending { wake_at_ms } => assert!(wake_at_ms.is_some()),
            Poll::NeedsSplit => panic!("it doesn't end"),
        }
    }
    assert!(Clock::real().now_ms() - before_ms >= 19, "20 events take 20 ms");
}

#[test]
fn wrong_options_and_columns_are_named() {
    let message = |table: &TableSpec| NexmarkConnector.capabilities(table).map_err(|error| error.message).err();
    assert!(message(&table(&[("evnts.num", "1")])).is_some_and(|text| text.contains("did you mean 'events.num'")));
    assert!(message(&table(&[("next-event.rate", "7")])).is_some_and(|text| text.contains("first-event.rate, 10000")));
    let mut other = table(&[]);
    other.schema.fields[0].name = "kind".into();
    assert!(message(&other).is_some_and(|text| text.contains("column 'kind'")));
}
