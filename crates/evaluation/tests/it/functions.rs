//! Built-in functions: each case once with constants and once with columns that hold NULLs between the values, since the two take
//! different ways.

use flott_evaluation::{Evaluator, Instant};
use flott_expression::Expression;
use flott_record::value_array::{array_from_values, value_at};
use flott_record::{Batch, TypeKind, Value};

use crate::tree::{answer, call, session};

/// An argument of a case.
enum Given {
    /// A word of the syntax: always a constant.
    Word(&'static str),
    /// A value: once a constant, once a column.
    Free(TypeKind, Value),
}

use Given::{Free, Word};

fn text(text: &str) -> Given {
    Free(TypeKind::string(), Value::String(text.to_string()))
}

fn int(number: i32) -> Given {
    Free(TypeKind::Int, Value::Int(number))
}

fn double(number: f64) -> Given {
    Free(TypeKind::Double, Value::Double(number))
}

/// A TIMESTAMP(3) from milliseconds.
fn stamp(millis: i64) -> Given {
    Free(TypeKind::Timestamp(3), Value::Timestamp(millis, 3))
}

fn ints(numbers: &[i32]) -> Given {
    let kind = TypeKind::Array(Box::new(TypeKind::Int.nullable()));
    Free(kind, Value::Array(numbers.iter().map(|number| Value::Int(*number)).collect()))
}

fn array(numbers: &[i32]) -> Expression {
    call("ARRAY", numbers.iter().map(|number| crate::tree::int(*number)).collect())
}

const WORD: TypeKind = TypeKind::Varchar(i32::MAX as u32);

/// Evaluates a call with constants and with columns, and compares both with the expected text of the value.
fn check(name: &str, given: &[Given], expected: &str) {
    let word = |word: &str| Expression::literal(Value::String(word.to_string()), WORD.not_null());
    let constants = given.iter().map(|argument| match argument {
        Word(text) => word(text),
        Free(kind, value) => Expression::literal(value.clone(), kind.clone().not_null()),
    });
    let folded = answer(call(name, constants.collect()));
    assert_eq!(folded.split_once(" | ").map(|(_, value)| value), Some(expected), "{name} of constants: {folded}");

    let mut columns = Vec::new();
    let variables = given.iter().map(|argument| match argument {
        Word(text) => word(text),
        Free(kind, value) => {
            let data_type = kind.clone().nullable();
            let cells = [value.clone(), Value::Null, value.clone()];
            columns.push(array_from_values(&data_type, &cells).expect("values of their type"));
            Expression::column(columns.len() - 1, data_type)
        }
    });
    let expression = call(name, variables.collect());
    let mut evaluator = Evaluator::new(&expression, &session()).expect("a function that is computed");
    let moment = Instant { now_ms: 0, watermark_ms: i64::MIN };
    let result = evaluator.evaluate(&Batch::new(columns, 3), moment).expect("values");
    assert_eq!(result.data_type(), &expression.data_type().to_arrow(), "{name}");
    for row in [0, 2] {
        let value = value_at(&result, row, expression.data_type());
        assert_eq!(value.to_string(), expected, "{name} of columns, row {row}");
    }
}

#[test]
fn strings() {
    check("UPPER", &[text("straße")], "STRASSE");
    check("SUBSTRING", &[text("héllo"), int(-3), int(2)], "ll");
    check("CONCAT", &[text("a"), text("bc"), text("")], "abc");
    check("CONCAT_WS", &[text(","), text("a"), text("b")], "a,b");
    check("TRIM", &[Word("TRAILING"), text("x"), text("xaxx")], "xa");
    check("OVERLAY", &[text("hello"), text("XX"), int(2), int(1)], "hXXllo");
    check("REPLACE", &[text("abab"), text("a"), text("xy")], "xybxyb");
    check("LPAD", &[text("hi"), int(5), text("ab")], "abahi");
    check("SPLIT_INDEX", &[text("a,b,c"), text(","), int(1)], "b");
    check("SPLIT", &[text("a,b,"), text(",")], "[a, b, ]");
    check("STR_TO_MAP", &[text("a=1,b")], "{a=1, b=null}");
    check("INSTR", &[text("Corporate Floor"), text("or"), int(3), int(2)], "14");
    check("ELT", &[int(2), text("a"), text("b")], "b");
    check("PRINTF", &[text("%05d|%s"), int(42), text("x")], "00042|x");
    check("FROM_BASE64", &[text("aGVsbG8=")], "hello");
    check("IS_DECIMAL", &[text("-1.5e3")], "true");
    check("SHA2", &[text("a"), int(224)], "abd37534c7d9a2efb9465de931cd7055ffdb8879563ae98078d6d6d5");
}

#[test]
fn regular_expressions() {
    check("REGEXP_EXTRACT", &[text("foothebar"), text("foo(.*?)(bar)"), int(2)], "bar");
    check("REGEXP_REPLACE", &[text("foobar"), text("oo|ar"), text("$1")], "f$1b$1");
    check("REGEXP_EXTRACT_ALL", &[text("100-200, 300-400"), text("(\\d+)-(\\d+)"), int(2)], "[200, 400]");
    check("REGEXP_COUNT", &[text("aaa"), text("a*")], "2");
    check("REGEXP", &[text("x"), text("(")], "false");
    check("REGEXP_COUNT", &[text("x"), text("(")], "null");
}

#[test]
fn dates_and_times() {
    // 2024-02-29 12:34:56.789
    let moment = 1_709_210_096_789;
    check("EXTRACT", &[Word("WEEK"), stamp(moment)], "9");
    check("YEAR", &[stamp(moment)], "2024");
    check("FLOOR", &[stamp(moment), Word("HOUR")], "2024-02-29T12:00");
    check("CEIL", &[stamp(moment), Word("MONTH")], "2024-03-01T00:00");
    check("TIMESTAMPADD", &[Word("YEAR"), int(1), stamp(moment)], "2025-02-28T12:34:56.789");
    check("TIMESTAMPDIFF", &[Word("MINUTE"), stamp(moment), stamp(moment + 119_999)], "1");
    check("DATE_FORMAT", &[stamp(moment), text("yyyy/MM/dd HH:mm:ss.SSS")], "2024/02/29 12:34:56.789");
    check("DATE_FORMAT", &[text("2024-02-29 12:34:56"), text("dd.MM.yy")], "29.02.24");
    check("TO_DATE", &[text("2024-02-29")], "2024-02-29");
    check("TO_TIMESTAMP", &[text("29/02/2024 12"), text("dd/MM/yyyy HH")], "2024-02-29T12:00");
    check("FROM_UNIXTIME", &[int(0)], "1969-12-31 19:00:00");
    check("UNIX_TIMESTAMP", &[text("1970-01-01 00:00:00")], "18000");
    check("CONVERT_TZ", &[text("1970-01-01 00:00:00"), text("UTC"), text("Asia/Tokyo")], "1970-01-01 09:00:00");
    check("TO_TIMESTAMP_LTZ", &[int(1_234)], "1970-01-01T00:00:01.234Z");
}

#[test]
fn numbers() {
    check("ROUND", &[double(1.005), int(2)], "1.01");
    check("TRUNCATE", &[double(-42.345), int(1)], "-42.3");
    check("ROUND", &[int(125), int(-1)], "130");
    check("ABS", &[int(i32::MIN)], "-2147483648");
    check("POWER", &[int(2), int(10)], "1024.0");
    check("LOG", &[int(2), int(8)], "3.0");
    check("SIGN", &[double(-2.5)], "-1.0");
}

#[test]
fn collections() {
    check("ARRAY_CONTAINS", &[ints(&[1, 2]), int(2)], "true");
    check("ARRAY_POSITION", &[ints(&[1, 2]), int(3)], "0");
    check("ARRAY_REMOVE", &[ints(&[1, 2, 1]), int(1)], "[2]");
    check("ARRAY_PREPEND", &[ints(&[1]), int(0)], "[0, 1]");
    check("ARRAY_UNION", &[ints(&[1, 1, 2]), ints(&[3, 2])], "[1, 2, 3]");
    check("ARRAY_EXCEPT", &[ints(&[1, 2, 3, 2]), ints(&[2])], "[1, 3]");
    check("ARRAY_INTERSECT", &[ints(&[1, 2, 2]), ints(&[2, 1])], "[1, 2]");
    check("ARRAY_SORT", &[ints(&[2, 3, 1])], "[1, 2, 3]");
    check("ARRAY_MAX", &[ints(&[2, 3, 1])], "3");
    check("ARRAY_SLICE", &[ints(&[1, 2, 3]), int(-2)], "[2, 3]");
    check("MAP_FROM_ARRAYS", &[ints(&[1, 2]), ints(&[3, 4])], "{1=3, 2=4}");
    let bitmap = answer(call("BITMAP_TO_STRING", vec![call("BITMAP_BUILD", vec![array(&[1, -1])])]));
    assert_eq!(bitmap, "STRING NOT NULL | {1,4294967295}");
}

#[test]
fn json_and_urls() {
    let document = || text(r#"{"a":[1,{"b":"x"}],"n":1.50}"#);
    check("JSON_VALUE", &[document(), text("$.n")], "1.50");
    check("JSON_VALUE", &[document(), text("lax $.missing")], "null");
    check("JSON_QUERY", &[document(), text("$.a")], r#"[1,{"b":"x"}]"#);
    check("JSON_EXISTS", &[document(), text("$.a[1].b")], "true");
    check("IS JSON OBJECT", &[document()], "true");
    check("JSON_QUOTE", &[text("a/é")], "\"a\\/\\u00e9\"");
    check("JSON_STRING", &[ints(&[1, 2])], "[1,2]");
    check("PARSE_URL", &[text("http://u@h:80/p?q=1#r"), text("HOST")], "h");
    check("URL_ENCODE", &[text("a b&c")], "a+b%26c");
}

#[test]
fn wrong_constants_are_refused_when_compiling() {
    let refusal = |name: &str, arguments: Vec<Expression>| {
        let compiled = Evaluator::new(&call(name, arguments), &session());
        compiled.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let column = |kind: TypeKind| Expression::column(0, kind.nullable());
    let constant = |text: &str| Expression::literal(Value::String(text.to_string()), WORD.not_null());
    let format = refusal("DATE_FORMAT", vec![column(TypeKind::Timestamp(3)), constant("foo")]);
    assert_eq!(format, "Unknown pattern letter: f");
    let regex = refusal("REGEXP", vec![column(TypeKind::string()), constant("\\X")]);
    assert_eq!(regex, "not supported: \\X in a regular expression");
    let path = refusal("JSON_VALUE", vec![column(TypeKind::string()), constant("$.a.max()")]);
    assert_eq!(path, "not supported: function max() in a JSON path");
    let zone = vec![column(TypeKind::string()), constant("yyyy"), constant("Mars/Olympus")];
    assert!(refusal("TO_TIMESTAMP_LTZ", zone).contains("Invalid timezone for parsing TIMESTAMP_LTZ"));
}
