//! Whatever tree is printed parses to the same tree; whatever text comes in, the parser gives an answer.

use crate::random::{Choices, DEPTH, data_type, expression, statement};
use flott_syntax::{parse_data_type, parse_expression, parse_statement, parse_statements, split_statements};
use proptest::prelude::*;

/// Pieces of SQL; random sequences of them come closer to valid SQL than random characters.
const PIECES: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "(",
    ")",
    "a",
    "t",
    ",",
    ".",
    "*",
    "'x'",
    "1",
    "1E3",
    "AND",
    "NOT",
    "IN",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "JOIN",
    "ON",
    "LEFT",
    "OUTER",
    "UNION",
    "ALL",
    "VALUES",
    "ROW",
    "CAST",
    "AS",
    "INT",
    "ARRAY",
    "[",
    "]",
    "<",
    ">",
    "MATCH_RECOGNIZE",
    "PATTERN",
    "DEFINE",
    "{",
    "}",
    "-",
    "?",
    "/*+",
    "*/",
    ";",
    "CREATE",
    "TABLE",
    "WITH",
    "SET",
    "=",
    "=>",
    "INTERVAL",
    "DAY",
    "TO",
    "OVER",
    "PARTITION",
    "BY",
    "ORDER",
    "GROUP",
    "GROUPING",
    "SETS",
    "ROLLUP",
    "LIMIT",
    "INSERT",
    "INTO",
    "EXECUTE",
    "STATEMENT",
    "BEGIN",
    "'",
    "`",
    "--",
    "U&'\\00'",
    "JSON_OBJECT",
    "KEY",
    "VALUE",
    "NULL",
    "TRIM",
    "FLOOR",
    "LATERAL",
    "FOR",
    "SYSTEM_TIME",
    "OF",
    "EXPLAIN",
    "ALTER",
    "ADD",
    "DROP",
    "WATERMARK",
    "UNPIVOT",
    "PIVOT",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..1200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_statements_parse_to_the_same_tree(bytes in bytes()) {
        let tree = statement(&mut Choices::new(&bytes));
        let printed = tree.to_string();
        match parse_statement(&printed) {
            Ok(parsed) => prop_assert_eq!(parsed, tree, "{}", printed),
            Err(error) => prop_assert!(false, "{}", error.render(&printed, "printed")),
        }
    }

    #[test]
    fn printed_expressions_parse_to_the_same_tree(bytes in bytes()) {
        let tree = expression(&mut Choices::new(&bytes), DEPTH);
        let printed = tree.to_string();
        match parse_expression(&printed) {
            Ok(parsed) => prop_assert_eq!(parsed, tree, "{}", printed),
            Err(error) => prop_assert!(false, "{}", error.render(&printed, "printed")),
        }
    }

    #[test]
    fn printed_types_parse_to_the_same_tree(bytes in bytes()) {
        let tree = data_type(&mut Choices::new(&bytes), DEPTH);
        let printed = tree.to_string();
        prop_assert_eq!(parse_data_type(&printed), Ok(tree), "{}", printed);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        answer(&text);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in bytes()) {
        answer(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_pieces_of_sql_make_the_parser_panic(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)
    ) {
        answer(&pieces.join(" "));
    }
}

/// Parses the text in all ways; errors must lie within it and can be rendered.
fn answer(text: &str) {
    for span in split_statements(text) {
        assert!(span.start <= span.end && text.get(span.start..span.end).is_some());
    }
    if let Err(error) = parse_statements(text) {
        assert!(error.span.start <= text.len(), "{error:?}");
        assert!(error.render(text, "text").contains("error: "));
    }
    let _ = parse_expression(text);
    let _ = parse_data_type(text);
}
