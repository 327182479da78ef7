//! What must hold for every input: round trips, pieces, positions, and no panic whatever comes.

use flott_format::{FailAtRowError, Position};
use flott_record::{Field, TypeKind, Value};
use proptest::prelude::*;

use crate::support::{Skip, Table};

fn nullable(value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 6 => value].boxed()
}

fn text() -> BoxedStrategy<Value> {
    "[ -~äß😀\n\t\"\\\\,;]{0,30}".prop_map(Value::String).boxed()
}

/// Columns of every simple type, with values that each format can carry.
fn simple() -> Vec<(&'static str, TypeKind, BoxedStrategy<Value>)> {
    vec![
        ("a", TypeKind::Boolean, any::<bool>().prop_map(Value::Boolean).boxed()),
        ("b", TypeKind::TinyInt, any::<i8>().prop_map(Value::TinyInt).boxed()),
        ("c", TypeKind::SmallInt, any::<i16>().prop_map(Value::SmallInt).boxed()),
        ("d", TypeKind::Int, any::<i32>().prop_map(Value::Int).boxed()),
        ("e", TypeKind::BigInt, any::<i64>().prop_map(Value::BigInt).boxed()),
        ("f", TypeKind::Float, any::<f32>().prop_filter("no NaN", |f| !f.is_nan()).prop_map(Value::Float).boxed()),
        ("g", TypeKind::Double, any::<f64>().prop_filter("no NaN", |f| !f.is_nan()).prop_map(Value::Double).boxed()),
        (
            "h",
            TypeKind::Decimal { precision: 38, scale: 10 },
            (-(10_i128.pow(38) - 1)..10_i128.pow(38)).prop_map(|value| Value::Decimal(value, 10)).boxed(),
        ),
        ("i", TypeKind::Date, (-700_000..2_900_000).prop_map(Value::Date).boxed()),
        ("j", TypeKind::Time(3), (0..86_400_000).prop_map(Value::Time).boxed()),
        (
            "k",
            TypeKind::Timestamp(3),
            (-60_000_000_000_000_i64..250_000_000_000_000).prop_map(|ms| Value::Timestamp(ms, 3)).boxed(),
        ),
        ("l", TypeKind::Timestamp(9), any::<i64>().prop_map(|nanos| Value::Timestamp(nanos, 9)).boxed()),
        (
            "m",
            TypeKind::TimestampLtz(6),
            (-60_000_000_000_000_000_i64..250_000_000_000_000_000).prop_map(|us| Value::TimestampLtz(us, 6)).boxed(),
        ),
        ("n", TypeKind::Varbinary(99), prop::collection::vec(any::<u8>(), 1..40).prop_map(Value::Bytes).boxed()),
        ("o", TypeKind::string(), text()),
    ]
}

fn int_array() -> (TypeKind, BoxedStrategy<Value>) {
    let items = prop::collection::vec(nullable(any::<i32>().prop_map(Value::Int).boxed()), 1..4);
    (TypeKind::Array(Box::new(TypeKind::Int.nullable())), items.prop_map(Value::Array).boxed())
}

fn rows_of(columns: &[(&'static str, TypeKind, BoxedStrategy<Value>)]) -> BoxedStrategy<Vec<Vec<Value>>> {
    let cells: Vec<BoxedStrategy<Value>> = columns.iter().map(|(_, _, values)| nullable(values.clone())).collect();
    prop::collection::vec(cells, 0..12).boxed()
}

fn csv_columns() -> Vec<(&'static str, TypeKind, BoxedStrategy<Value>)> {
    let mut columns = simple();
    let (kind, values) = int_array();
    // In CSV an array of one NULL looks like NULL.
    let clear = values.prop_filter("not [NULL]", |value| *value != Value::Array(vec![Value::Null]));
    columns.push(("p", kind, clear.boxed()));
    columns
}

fn json_columns() -> Vec<(&'static str, TypeKind, BoxedStrategy<Value>)> {
    let mut columns = simple();
    let (kind, values) = int_array();
    columns.push(("p", kind, values));
    let int = || nullable(any::<i32>().prop_map(Value::Int).boxed());
    let map = TypeKind::Map(Box::new(TypeKind::string().nullable()), Box::new(TypeKind::Int.nullable()));
    let entries = prop::collection::btree_map("[a-z\"]{0,5}", int(), 0..4);
    let pairs = |map: std::collections::BTreeMap<String, Value>| {
        Value::Map(map.into_iter().map(|(key, value)| (Value::String(key), value)).collect())
    };
    columns.push(("q", map, entries.prop_map(pairs).boxed()));
    let row = TypeKind::Row(vec![
        Field::new("x", TypeKind::Int.nullable()),
        Field::new("y", TypeKind::Array(Box::new(TypeKind::string().nullable())).nullable()),
    ]);
    let items = prop::collection::vec(nullable(text()), 0..3).prop_map(Value::Array);
    let cells = (int(), nullable(items.boxed())).prop_map(|(x, y)| Value::Row(vec![x, y]));
    columns.push(("r", row, cells.boxed()));
    columns
}

fn table(format: &str, columns: &[(&'static str, TypeKind, BoxedStrategy<Value>)], options: &[(&str, &str)]) -> Table {
    let named: Vec<_> = columns.iter().map(|(name, kind, _)| (*name, kind.clone())).collect();
    Table::new(format, &named, options)
}

const CSV_OPTIONS: &[(&str, &str)] = &[("csv.null-literal", "\u{1}NULL")];

/// Decoding must not depend on how the bytes are cut nor on the size of batches, and must go on at every position.
fn check_cuts(table: &Table, text: &[u8], cut: usize, rows_max: usize) {
    let mut whole_errors = Skip::default();
    let (whole, _) =
        table.decode_pieces(&[text], 1_000, Position::START, &mut whole_errors).expect("errors are skipped");
    let mut errors = Skip::default();
    let pieces = [&text[..cut], &text[cut..]];
    let (rows, positions) =
        table.decode_pieces(&pieces, rows_max, Position::START, &mut errors).expect("errors are skipped");
    assert_eq!(format!("{rows:?}"), format!("{whole:?}"));
    assert_eq!(errors.0, whole_errors.0);
    let end = positions.last().expect("the end").1;
    assert_eq!(end.offset_bytes, text.len() as u64);
    assert_eq!(end.line, 1 + text.iter().filter(|byte| **byte == b'\n').count() as u64);
    for (count, position) in positions {
        let rest = &text[position.offset_bytes as usize..];
        let (rest_rows, _) =
            table.decode_pieces(&[rest], 1_000, position, &mut Skip::default()).expect("errors are skipped");
        assert_eq!(format!("{rest_rows:?}"), format!("{:?}", &whole[count..]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn csv_round_trips(rows in rows_of(&csv_columns())) {
        let table = table("csv", &csv_columns(), CSV_OPTIONS);
        let text = table.encode(&rows).expect("can be written");
        let read = table.decode_pieces(&[&text], 5, Position::START, &mut FailAtRowError).expect("own output").0;
        prop_assert_eq!(format!("{read:?}"), format!("{rows:?}"));
    }

    #[test]
    fn json_round_trips(rows in rows_of(&json_columns())) {
        let table = table("json", &json_columns(), &[]);
        let text = table.encode(&rows).expect("can be written");
        let read = table.decode_pieces(&[&text], 5, Position::START, &mut FailAtRowError).expect("own output").0;
        prop_assert_eq!(format!("{read:?}"), format!("{rows:?}"));
    }

    #[test]
    fn hostile_csv_never_panics(text in "[a1,;\"\\\\\n\r#\u{1}ä ]{0,60}", cut in 0.0..1.0, rows_max in 1_usize..5) {
        let at = (text.len() as f64 * cut) as usize;
        let columns = [("a", TypeKind::Int), ("b", TypeKind::string()), ("c", int_array().0)];
        for options in [
            &[][..],
            &[("csv.escape-character", "\\"), ("csv.allow-comments", "true"), ("csv.ignore-first-line", "true")][..],
            &[("csv.ignore-parse-errors", "true")][..],
        ] {
            check_cuts(&Table::new("csv", &columns, options), text.as_bytes(), at, rows_max);
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..200) {
        for format in ["csv", "json"] {
            let table = Table::new(format, &[("a", TypeKind::Int), ("b", TypeKind::string())], &[]);
            check_cuts(&table, &bytes, at.min(bytes.len()), 2);
        }
    }

    #[test]
    fn hostile_json_never_panics(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"a\"", "\"b\"", "\"", "\\u12", "1", "-", "1.5e", "null", "tru", "\n", " ",
                "{\"a\":1}", "{\"b\":{\"x\":[1,2]}}\n", "\\ud83d", "ä", "{\"c\":[1,\"2\",x]}\n",
            ]),
            0..25,
        ),
        cut in 0.0..1.0,
        rows_max in 1_usize..4,
    ) {
        let text = parts.concat();
        let at = (text.len() as f64 * cut) as usize;
        let columns = [("a", TypeKind::Int), ("b", TypeKind::string()), ("c", int_array().0)];
        for options in [&[][..], &[("json.ignore-parse-errors", "true")][..]] {
            check_cuts(&Table::new("json", &columns, options), text.as_bytes(), at, rows_max);
        }
    }
}

#[test]
fn every_cut_gives_the_same_rows() {
    let csv = "1,\"a\"\"b\nc\",1;2\r\n2,x,\r3,\"q\" ,7\nbad,x,1\n4,ä😀,3\n";
    let columns = [("a", TypeKind::Int), ("b", TypeKind::string()), ("c", int_array().0)];
    let json =
        "{\"a\":1,\"b\":\"x\\u00e4\\ud83d\\ude00\",\"c\":[1,2]}\n[{\n\"a\":-2.5e0}, {\"a\":true}]{\"b\":{\"x\":1.0}}\n";
    for (format, text) in [("csv", csv), ("json", json)] {
        let table = Table::new(format, &columns, &[]);
        for cut in 0..=text.len() {
            check_cuts(&table, text.as_bytes(), cut, 2);
        }
    }
}

#[test]
fn deep_nesting_is_a_bad_row_not_a_crash() {
    let table = Table::new("json", &[("a", TypeKind::Int), ("b", TypeKind::string())], &[]);
    for key in ["b", "unknown"] {
        let text = format!("{{\"{key}\":{}", "[".repeat(100_000));
        assert!(table.decode(text.as_bytes()).is_err_and(|message| message.contains("nested too deeply")));
    }
}
