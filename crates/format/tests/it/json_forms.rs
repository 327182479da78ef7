//! JSON as a real Flink 2.3 reads and writes it.

use flott_record::{Field, TypeKind, Value};

use crate::support::Table;

fn three(options: &[(&str, &str)]) -> Table {
    Table::new("json", &[("a", TypeKind::Int), ("b", TypeKind::string()), ("c", TypeKind::Double)], options)
}

fn texts(table: &Table, input: &str) -> String {
    match table.decode(input.as_bytes()) {
        Ok(rows) => {
            let row = |cells: &Vec<Value>| cells.iter().map(Value::to_string).collect::<Vec<_>>().join("|");
            rows.iter().map(row).collect::<Vec<_>>().join(" / ")
        }
        Err(message) => format!("ERR {message}"),
    }
}

#[test]
fn objects_in_any_layout() {
    let cases = [
        ("{\"a\":1,\"b\":\"x\",\"c\":1.5}\n\n{\"a\":null,\"x\":[1,{\"y\":2}]}\n", "1|x|1.5 / null|null|null"),
        ("{\"a\":1}{\"a\":2}", "1|null|null / 2|null|null"),
        ("[{\"a\":1},\n {\"a\":2}]", "1|null|null / 2|null|null"),
        ("{\n  \"a\" : 1 ,\n  \"b\" : \"x\"\n}\n{\n\"a\":2}\n", "1|x|null / 2|null|null"),
        ("{\"a\":1,\"a\":2}", "2|null|null"),
        ("{\"c\":1,\"b\":\"q\",\"a\":3}", "3|q|1.0"),
        ("{\"A\":1}", "null|null|null"),
        ("{}", "null|null|null"),
        ("", ""),
        ("{\"b\":\"\\u00e4\\ud83d\\ude00\\n\\/\"}", "null|ä😀\n/|null"),
        ("{\"b\":\"\\ud83d\"}", "null|?|null"),
        ("{\"b\":\"a\tb\"}", "null|a\tb|null"),
        ("{\"a\":\"1\",\"b\":2,\"c\":\"3.5\"}", "1|2|3.5"),
        ("{\"a\":1.7,\"b\":{\"x\":[1, 2.50,null]},\"c\":3}", "1|{\"x\":[1,2.5,null]}|3.0"),
        ("{\"b\":1.50}", "null|1.50|null"),
        ("{\"a\":1}\n{\"a\":\"x\"}\n", "ERR 2:6: cannot parse \"x\" as INT for column 'a' (record: {\"a\":\"x\"})"),
        ("{\"a\":1\n{\"a\":2}\n", "ERR 2:1: expected ',' or '}', found '{' (record: {\"a\":1)"),
        ("{\"a\":01}\n", "ERR 1:6: a number with leading zeros (record: {\"a\":01})"),
        ("{'a':1}\n", "ERR 1:2: expected a string, found ''' (record: {'a':1})"),
        ("{\"c\":NaN}\n", "ERR 1:6: expected a value, found 'N' (record: {\"c\":NaN})"),
        ("5\n", "ERR 1:1: expected a JSON object (record: 5)"),
        ("{\"a\":1", "ERR 1:7: the input ends within a JSON object (record: {\"a\":1)"),
    ];
    for (input, expected) in cases {
        assert_eq!(texts(&three(&[]), input), expected, "{input}");
    }
}

#[test]
fn bad_rows_are_skipped_and_named() {
    let (rows, errors) =
        three(&[]).decode_skipping(b"{\"a\":1}\n{\"a\":\n{\"a\":2}\nnonsense\n{\"a\":\"q\"} {\"a\":3}\n");
    assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), [1, 2, 3].map(Value::Int));
    let places: Vec<(u64, u64)> = errors.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(places, [(3, 1), (4, 1), (5, 6)]);
    let ignoring = three(&[("json.ignore-parse-errors", "true")]);
    assert_eq!(texts(&ignoring, "{\"a\":\"x\",\"b\":\"q\"}\n{\"a\":1]\n{\"a\":2}\n"), "null|q|null / 2|null|null");
    let strict = three(&[("json.fail-on-missing-field", "true")]);
    assert_eq!(texts(&strict, "{\"a\":1}"), "ERR 1:1: the field is missing for column 'b' (record: {\"a\":1})");
}

#[test]
fn values_of_each_type() {
    let map = TypeKind::Map(Box::new(TypeKind::string().nullable()), Box::new(TypeKind::Int.nullable()));
    let x = || Field::new("x", TypeKind::Int.nullable());
    let row = TypeKind::Row(vec![x(), Field::new("y", TypeKind::string().nullable())]);
    let rows = TypeKind::Array(Box::new(TypeKind::Row(vec![x()]).nullable()));
    let decimal = TypeKind::Decimal { precision: 4, scale: 1 };
    let cases: Vec<(TypeKind, &[(&str, &str)])> = vec![
        (TypeKind::Boolean, &[("\"true\"", "true"), ("\"x\"", "false"), ("1", "false"), ("true", "true")]),
        (TypeKind::TinyInt, &[("1", "1"), ("300", "ERR")]),
        (TypeKind::Int, &[("1.0", "1"), ("true", "ERR"), ("\" 5 \"", "5"), ("\"\"", "ERR"), ("{}", "ERR")]),
        (TypeKind::BigInt, &[("1e2", "100"), ("12345678901234567890", "ERR"), ("1e30", "ERR")]),
        (TypeKind::Double, &[("\"NaN\"", "NaN"), ("\"1e3\"", "1000.0"), ("true", "ERR")]),
        (decimal, &[("1.25", "1.3"), ("\"1.25\"", "1.3"), ("12345", "null"), ("\"\"", "ERR")]),
        (TypeKind::Date, &[("\"2024-01-02\"", "2024-01-02"), ("19000", "ERR"), ("\"2024-02-30\"", "ERR")]),
        (TypeKind::Time(3), &[("\"10:11:12.345\"", "10:11:12.345"), ("\"10:11\"", "ERR"), ("\"10:11:12Z\"", "ERR")]),
        (
            TypeKind::Timestamp(3),
            &[
                ("\"2024-01-02 03:04:05.123456\"", "2024-01-02T03:04:05.123"),
                ("\"2024-01-02T03:04:05\"", "ERR"),
                ("1704164645000", "ERR"),
            ],
        ),
        (TypeKind::TimestampLtz(3), &[("\"2024-01-02 03:04:05Z\"", "2024-01-02T03:04:05Z")]),
        (TypeKind::Varbinary(9), &[("\"aGk=\"", "[104, 105]"), ("\"!!\"", "ERR")]),
        (TypeKind::Array(Box::new(TypeKind::Int.nullable())), &[("[1,null,\"3\"]", "[1, null, 3]"), ("5", "ERR")]),
        (map, &[("{\"k\":1,\"l\":null}", "{k=1, l=null}"), ("{\"k\":1,\"l\":2,\"k\":3,\"k\":4}", "{l=2, k=4}")]),
        (TypeKind::Multiset(Box::new(TypeKind::string().nullable())), &[("{\"k\":2}", "{k=2}")]),
        (row, &[("{\"x\":1,\"z\":2}", "+I[1, null]"), ("[1,2]", "ERR"), ("\"s\"", "ERR"), ("null", "null")]),
        (rows, &[("[{\"x\":1},null,{}]", "[+I[1], null, +I[null]]")]),
        (TypeKind::string(), &[("[1]", "[1]"), ("1E+2", "1E+2"), ("true", "true")]),
    ];
    for (kind, values) in cases {
        let table = Table::new("json", &[("a", kind.clone())], &[]);
        for (text, expected) in values {
            let shown = table.show(format!("{{\"a\":{text}}}\n").as_bytes());
            let shown = if shown.starts_with("ERR") { "ERR".to_string() } else { shown };
            assert_eq!(&shown, expected, "{text:?} as {kind}");
        }
    }
    let nested = Table::new("json", &[("r", TypeKind::Row(vec![x()]))], &[]);
    let message = nested.decode(b"{\"r\":{\"x\":\"no\"}}").expect_err("no INT");
    assert_eq!(message, "1:11: cannot parse \"no\" as INT for column 'r.x' (record: {\"r\":{\"x\":\"no\"}})");
    let iso = Table::new("json", &[("a", TypeKind::Timestamp(3))], &[("json.timestamp-format.standard", "ISO-8601")]);
    assert_eq!(iso.show(b"{\"a\":\"2024-01-02T03:04\"}"), "2024-01-02T03:04");
}

#[test]
fn text_forms_of_the_writer() {
    let map = TypeKind::Map(Box::new(TypeKind::string().nullable()), Box::new(TypeKind::Int.nullable()));
    let columns = [
        ("g", TypeKind::Double),
        ("h", TypeKind::Decimal { precision: 20, scale: 10 }),
        ("j", TypeKind::Time(3)),
        ("k", TypeKind::Timestamp(3)),
        ("m", TypeKind::TimestampLtz(3)),
        ("n", TypeKind::Varbinary(9)),
        ("o", TypeKind::Array(Box::new(TypeKind::Int.nullable()))),
        ("p", TypeKind::Row(vec![Field::new("x", TypeKind::Int.nullable())])),
        ("s", TypeKind::string()),
        ("q", map),
    ];
    let cells = vec![
        Value::Double(2.5e10),
        Value::Decimal(1, 10),
        Value::Time(36_672_345),
        Value::Timestamp(1_704_164_645_100, 3),
        Value::TimestampLtz(1_704_164_645_000, 3),
        Value::Bytes(b"hello".to_vec()),
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Row(vec![Value::Null]),
        Value::String("a\"b\\\n\u{1f}ä".into()),
        Value::Map(vec![(Value::String("k".into()), Value::Int(1)), (Value::String("l".into()), Value::Null)]),
    ];
    let sql = Table::new("json", &columns, &[]);
    let expected = "{\"g\":2.5E10,\"h\":1E-10,\"j\":\"10:11:12.345\",\"k\":\"2024-01-02 03:04:05.1\",\
                    \"m\":\"2024-01-02 03:04:05Z\",\"n\":\"aGVsbG8=\",\"o\":[1,null],\"p\":{\"x\":null},\
                    \"s\":\"a\\\"b\\\\\\n\\u001Fä\",\"q\":{\"k\":1,\"l\":null}}\n";
    assert_eq!(sql.encode_text(std::slice::from_ref(&cells)), expected);
    let other = [
        ("json.timestamp-format.standard", "ISO-8601"),
        ("json.encode.decimal-as-plain-number", "true"),
        ("json.encode.ignore-null-fields", "true"),
    ];
    let iso = Table::new("json", &columns, &other);
    let written = iso.encode_text(&[cells, vec![Value::Null; columns.len()]]);
    assert!(written.contains("\"h\":0.0000000001,"), "{written}");
    assert!(written.contains("\"k\":\"2024-01-02T03:04:05.1\""), "{written}");
    assert!(written.contains("\"p\":{},"), "{written}");
    assert!(written.ends_with("}\n{}\n"), "{written}");
    let floats = Table::new("json", &[("g", TypeKind::Double)], &[]);
    assert_eq!(floats.encode_text(&[vec![Value::Double(f64::NAN)]]), "{\"g\":\"NaN\"}\n");
}

#[test]
fn what_cannot_be_served_is_refused() {
    let map = TypeKind::Map(Box::new(TypeKind::Int.nullable()), Box::new(TypeKind::Int.nullable()));
    let table = Table::new("json", &[("m", map)], &[]);
    let message = table.format.check(&table.setup()).expect_err("refused").to_string();
    assert!(message.contains("keys of type INT") && message.contains("column 'm'"), "{message}");
    let both = three(&[("json.fail-on-missing-field", "true"), ("json.ignore-parse-errors", "true")]);
    assert!(both.format.check(&both.setup()).is_err());
}
