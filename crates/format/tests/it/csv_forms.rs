//! CSV as a real Flink 2.3 reads and writes it (filesystem connector).

use flott_record::{Field, TypeKind, Value};

use crate::support::Table;

fn three(options: &[(&str, &str)]) -> Table {
    Table::new("csv", &[("a", TypeKind::Int), ("b", TypeKind::string()), ("c", TypeKind::string())], options)
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
fn records_and_fields() {
    let cases = [
        ("1,x,y\n2,,z\n", "1|x|y / 2||z"),
        ("1,a,b\r2,c,d\r\n3,e,f", "1|a|b / 2|c|d / 3|e|f"),
        (" 1 , x ,  \"y\"  \n", "1| x |  \"y\"  "),
        ("1,\"a\"\"b\",\"c\nd\"\n2,\"a,b\",e\"f\n", "1|a\"b|c\nd / 2|a,b|e\"f"),
        ("1,\"a\"  ,\"b\" \n", "1|a|b"),
        ("1,a\\b,c\n", "1|a\\b|c"),
        ("\u{feff}1,a,b\n", "1|a|b"),
        ("1,a,b,\n", "1|a|b"),
        ("", ""),
        ("1,x\n", "ERR 1:3: 3 fields expected but was 2 (record: 1,x)"),
        ("1,x,y\n\n2,x,y\n", "ERR 2:1: 3 fields expected but was 1 (record: )"),
        ("1,x,y\n1,x,y,z\n", "ERR 2:7: 3 fields expected but was 4 (record: 1,x,y,z)"),
        ("1,x,y\nabc,x,y\n", "ERR 2:1: cannot parse 'abc' as INT for column 'a' (record: abc,x,y)"),
        (
            "1,\"a\"b,c\n",
            "ERR 1:6: expected a delimiter or the end of the line after a closing quote (record: 1,\"a\"b,c)",
        ),
        ("1,a,\"bc\n2,x,y\n", "ERR 1:5: a quote that is never closed (record: 1,a,\"bc\n2,x,y)"),
    ];
    for (input, expected) in cases {
        assert_eq!(texts(&three(&[]), input), expected, "{input:?}");
    }
    let bad_utf8 = three(&[]).decode(b"1,a,b\n2,\xc3\xa4\xff,b\n").expect_err("not UTF-8");
    assert!(bad_utf8.starts_with("2:4: bytes that aren't UTF-8"), "{bad_utf8}");
}

#[test]
fn options_of_the_reader() {
    type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);
    let cases: [Case; 12] = [
        (&[("csv.escape-character", "\\")], "1,a\\,b,c\\nd\n2,\"a\\\"b\",e\n", "1|a,b|c\nd / 2|a\"b|e"),
        (&[("csv.null-literal", "null")], "1,,\"\"\n2,null,\"null\"\n", "1|| / 2|null|null"),
        (&[("csv.null-literal", "")], "1,,\"\"\n,x,y\n", "1|null|null / null|x|y"),
        (&[("csv.allow-comments", "true")], "#1,a,b\n2,#c,d\n  #3,e,f\n", "2|#c|d"),
        (&[("csv.field-delimiter", "\\t")], "1\ta\tb\n", "1|a|b"),
        (&[("csv.field-delimiter", ";")], "1;a,b;c\n", "1|a,b|c"),
        (&[("csv.quote-character", "'")], "1,'a,b',\"c\n", "1|a,b|\"c"),
        (&[("csv.disable-quote-character", "true")], "1,\"a,b\"\n", "1|\"a|b\""),
        (&[("csv.ignore-parse-errors", "true")], "1,x\n2,y,z\n", "1|x|null / 2|y|z"),
        (&[("csv.ignore-parse-errors", "true")], "1,x,y,z\nq,q,w\n1,\"a\"b,c\n", "null|q|w"),
        (&[("csv.ignore-first-line", "true")], "a,b,c\n1,x,y\n", "1|x|y"),
        (&[("csv.ignore-first-line", "true")], "\"a\n\",b,c\n1,x,y\n", "1|x|y"),
    ];
    for (options, input, expected) in cases {
        assert_eq!(texts(&three(options), input), expected, "{options:?} {input:?}");
    }
}

#[test]
fn values_of_each_type() {
    let int_array = TypeKind::Array(Box::new(TypeKind::Int.nullable()));
    let text_array = TypeKind::Array(Box::new(TypeKind::string().nullable()));
    let row =
        TypeKind::Row(vec![Field::new("x", TypeKind::Int.nullable()), Field::new("y", TypeKind::string().nullable())]);
    let decimal = TypeKind::Decimal { precision: 4, scale: 1 };
    let cases: Vec<(TypeKind, &[(&str, &str)])> = vec![
        (TypeKind::Boolean, &[("TRUE", "true"), ("yes", "false"), (" true ", "true"), ("", "false")]),
        (TypeKind::Int, &[("+1", "1"), ("007", "7"), ("1.0", "ERR"), ("", "ERR"), ("99999999999", "ERR")]),
        (TypeKind::TinyInt, &[("127", "127"), ("128", "ERR")]),
        (TypeKind::BigInt, &[("-9223372036854775808", "-9223372036854775808"), ("1e2", "ERR")]),
        (TypeKind::Double, &[("1.5f", "1.5"), ("NaN", "NaN"), ("inf", "ERR"), ("1e400", "Infinity"), ("5.", "5.0")]),
        (decimal, &[("1.25", "1.3"), ("-1.25", "-1.3"), ("12345", "null"), (" 1.2 ", "ERR"), ("1e2", "100.0")]),
        (TypeKind::Date, &[("2024-1-2", "2024-01-02"), ("2024-02-30", "2024-03-01"), ("2024-01-02 00:00:00", "ERR")]),
        (TypeKind::Time(0), &[("10:11", "10:11"), ("10:11:12.5", "10:11:12"), ("24:00:00", "ERR")]),
        (TypeKind::Time(3), &[("10:11:12.5", "10:11:12.500")]),
        (
            TypeKind::Timestamp(3),
            &[
                ("2024-01-02 03:04:05.1234567", "2024-01-02T03:04:05.123"),
                (" 2024-01-02 03:04:05 ", "2024-01-02T03:04:05"),
                ("2024-02-30 00:00:00", "2024-02-29T00:00"),
                ("2024-01-02T03:04:05", "ERR"),
                ("2024-01-02", "ERR"),
            ],
        ),
        (
            TypeKind::TimestampLtz(3),
            &[("2024-01-02 03:04:05Z", "2024-01-02T03:04:05Z"), ("2024-01-02 03:04:05", "ERR")],
        ),
        (TypeKind::Varbinary(100), &[("aGk=", "[104, 105]"), ("aGk", "ERR"), ("x!", "ERR")]),
        (TypeKind::Varchar(3), &[("abcdef", "abcdef")]),
        (int_array, &[("1; 2 ", "[1, 2]"), ("", "[]"), ("1;;3", "ERR")]),
        (text_array, &[("a; b ", "[a,  b ]"), (";", "[, ]")]),
        (row, &[("1;2;3", "+I[1, 2]"), ("1", "ERR"), ("", "null")]),
    ];
    for (kind, values) in cases {
        let table = Table::new("csv", &[("a", kind.clone()), ("z", TypeKind::Int)], &[]);
        for (text, expected) in values {
            let shown = table.show(format!("\"{text}\",1\n").as_bytes());
            let shown = if shown.starts_with("ERR") { "ERR".to_string() } else { shown };
            assert_eq!(&shown, expected, "{text:?} as {kind}");
        }
    }
}

#[test]
fn text_forms_of_the_writer() {
    let row =
        TypeKind::Row(vec![Field::new("x", TypeKind::Int.nullable()), Field::new("y", TypeKind::string().nullable())]);
    let columns = [
        ("a", TypeKind::Boolean),
        ("g", TypeKind::Double),
        ("h", TypeKind::Decimal { precision: 20, scale: 10 }),
        ("i", TypeKind::Date),
        ("j", TypeKind::Time(3)),
        ("k", TypeKind::Timestamp(3)),
        ("m", TypeKind::TimestampLtz(3)),
        ("n", TypeKind::Varbinary(9)),
        ("o", TypeKind::Array(Box::new(TypeKind::Int.nullable()))),
        ("p", row),
    ];
    let cells = vec![
        Value::Boolean(true),
        Value::Double(2.5e10),
        Value::Decimal(1, 10),
        Value::Date(19_724),
        Value::Time(36_672_345),
        Value::Timestamp(1_704_164_645_100, 3),
        Value::TimestampLtz(1_704_164_645_000, 3),
        Value::Bytes(b"hello".to_vec()),
        Value::Array(vec![Value::Int(1), Value::Null, Value::Int(3)]),
        Value::Row(vec![Value::Int(1), Value::String("y;z".into())]),
    ];
    let nulls = vec![Value::Null; columns.len()];
    let table = Table::new("csv", &columns, &[("csv.null-literal", "N")]);
    let expected = "true,2.5E10,1E-10,2024-01-02,10:11:12.345,\"2024-01-02 03:04:05.1\",\"2024-01-02 03:04:05Z\",\
                    aGVsbG8=,1;N;3,1;y;z\nN,N,N,N,N,N,N,N,N,N\n";
    assert_eq!(table.encode_text(&[cells, nulls]), expected);
}

#[test]
fn texts_are_quoted_as_jackson_quotes() {
    let written = |text: &str, options: &[(&str, &str)]| {
        let table = Table::new("csv", &[("a", TypeKind::string())], options);
        table.encode_text(&[vec![Value::String(text.into())]]).trim_end_matches('\n').to_string()
    };
    let cases = [
        ("plain", "plain"),
        ("two words", "\"two words\""),
        ("a\"b", "\"a\"\"b\""),
        ("", ""),
        ("ä", "ä"),
        ("abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"),
        ("abcdefghijklmnopqrstuvwxy", "\"abcdefghijklmnopqrstuvwxy\""),
        ("a-b", "a-b"),
        ("#c", "\"#c\""),
        ("a\\b", "\"a\\b\""),
        ("a'b", "\"a'b\""),
        ("a;b", "a;b"),
    ];
    for (text, expected) in cases {
        assert_eq!(written(text, &[]), expected);
    }
    assert_eq!(written("a\"b c", &[("csv.disable-quote-character", "true")]), "a\"b c");
    assert_eq!(written("a\\b", &[("csv.escape-character", "\\")]), "\"a\\\\b\"");
    let plain = Table::new(
        "csv",
        &[("a", TypeKind::Decimal { precision: 10, scale: 2 })],
        &[("csv.write-bigdecimal-in-scientific-notation", "false")],
    );
    assert_eq!(plain.encode_text(&[vec![Value::Decimal(10_000, 2)]]), "100\n");
}

#[test]
fn what_cannot_be_served_is_refused() {
    let refused = |columns: &[(&str, TypeKind)], options: &[(&str, &str)]| {
        let table = Table::new("csv", columns, options);
        table.format.check(&table.setup()).map_err(|error| error.to_string()).expect_err("refused")
    };
    let map = TypeKind::Map(Box::new(TypeKind::string().nullable()), Box::new(TypeKind::Int.nullable()));
    assert_eq!(refused(&[("m", map)], &[]), "not supported: type MAP<STRING, INT> of column 'm' in format csv");
    let wide = refused(&[], &[("csv.field-delimiter", ",,")]);
    assert_eq!(wide, "invalid value ',,' for option 'csv.field-delimiter': expected a single character");
    assert!(refused(&[], &[("csv.ignore-parse-errors", "maybe")]).contains("expected true or false"));
    assert!(
        flott_format::format("debezium-json").is_err_and(|e| e.to_string() == "not supported: format debezium-json")
    );
    assert!(flott_format::format("cvs").is_err_and(|e| e.to_string().contains("did you mean 'csv'")));
}
