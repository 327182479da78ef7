//! Error reports, and input that tries to exhaust the stack.

use flott_syntax::limits::{MAX_NESTING_LEVELS, MAX_TREE_LEVELS};
use flott_syntax::{parse_data_type, parse_expression, parse_statement, parse_statements};

#[test]
fn a_report_shows_the_place_and_what_was_expected() {
    let sql = "SELECT a,\n\tb FRM t\nWHERE x";
    let error = parse_statement(&format!("{sql} y z")).expect_err("two words too many");
    assert_eq!(error.message, "unexpected `t`");
    let sql = "SELECT a\nFROM t\tINNER b";
    let error = parse_statement(sql).expect_err("JOIN is missing");
    assert_eq!(
        error.render(sql, "job.sql"),
        "error: unexpected `b`\n --> job.sql:2:14\n  |\n2 | FROM t\tINNER b\n  |       \t      ^\n  = expected JOIN\n"
    );
}

#[test]
fn a_report_at_the_end_of_the_text() {
    let sql = "SELECT 1 +";
    let error = parse_statement(sql).expect_err("unfinished");
    assert_eq!(error.line_and_column(sql), (1, 11));
    assert!(error.render(sql, "x").contains("unexpected end of the text"));
    let error = parse_statement("").expect_err("empty");
    assert_eq!(error.line_and_column(""), (1, 1));
    assert!(error.render("", "x").contains("x:1:1"));
}

#[test]
fn a_reserved_word_as_a_name_is_explained() {
    let error = parse_statement("CREATE TABLE t (value INT)").expect_err("value is reserved");
    assert!(error.message.contains("VALUE is a reserved word"), "{}", error.message);
    assert!(error.message.contains("back-ticks"), "{}", error.message);
}

#[test]
fn choices_are_listed() {
    let error = parse_statement("INSERT t SELECT 1").expect_err("INTO is missing");
    assert_eq!(error.expectation(), "INTO or OVERWRITE");
    let error = parse_statement("ALTER VIEW v DROP").expect_err("no such action");
    assert_eq!(error.expected, ["AS", "RENAME"]);
}

#[test]
fn an_unfinished_string_hides_no_statement_before_it() {
    let error = parse_statements("SELEC 1; SELECT 'x").expect_err("the first word is wrong");
    assert_eq!(error.span.start, 0);
    let error = parse_statements("SELECT 1; SELECT 'x").expect_err("the string has no end");
    assert_eq!((error.message.as_str(), error.span.start), ("this string has no end", 17));
}

fn expect_limit<T>(result: Result<T, flott_syntax::ParseError>) {
    let error = result.err().expect("too deep");
    assert!(error.message.starts_with("not supported: "), "{}", error.message);
}

#[test]
fn nesting_is_bounded() {
    let deep = 10_000;
    expect_limit(parse_expression(&"(".repeat(deep)));
    expect_limit(parse_expression(&format!("{}1{}", "(".repeat(deep), ")".repeat(deep))));
    expect_limit(parse_expression(&"NOT ".repeat(deep)));
    expect_limit(parse_expression(&"- ".repeat(deep)));
    expect_limit(parse_expression(&"f(".repeat(deep)));
    expect_limit(parse_expression(&"CASE ".repeat(deep)));
    expect_limit(parse_expression(&"a[".repeat(deep)));
    expect_limit(parse_expression(&"INTERVAL ".repeat(deep)));
    expect_limit(parse_expression(&"{fn ".repeat(deep)));
    expect_limit(parse_expression(&"FINAL f(".repeat(deep)));
    expect_limit(parse_data_type(&"ARRAY<".repeat(deep)));
    expect_limit(parse_data_type(&"ROW<a ".repeat(deep)));
    expect_limit(parse_statement(&"(SELECT * FROM ".repeat(deep)));
    expect_limit(parse_statement(&format!("SELECT * FROM {}", "(".repeat(deep))));
    expect_limit(parse_statement(&"EXPLAIN ".repeat(deep)));
    expect_limit(parse_statement(&"WITH a AS (".repeat(deep)));
    expect_limit(parse_statement(&format!("SELECT 1 GROUP BY {}", "ROLLUP(".repeat(deep))));
    let pattern = format!("SELECT * FROM t MATCH_RECOGNIZE (PATTERN ({}", "(".repeat(deep));
    expect_limit(parse_statement(&pattern));
}

#[test]
fn the_height_of_the_tree_is_bounded() {
    let long = 10_000;
    expect_limit(parse_expression(&vec!["a"; long].join(" OR ")));
    expect_limit(parse_expression(&format!("a{}", "[1]".repeat(long))));
    expect_limit(parse_expression(&format!("f(){}", ".b".repeat(long))));
    expect_limit(parse_expression(&format!("a{}", " IS TRUE".repeat(long))));
    expect_limit(parse_statement(&vec!["SELECT 1"; long].join(" UNION ALL ")));
    expect_limit(parse_statement(&format!("SELECT * FROM {}", vec!["t"; long].join(" CROSS JOIN "))));
    expect_limit(parse_statement(&format!("SELECT * FROM {}", vec!["t"; long].join(", "))));
    expect_limit(parse_data_type(&format!("INT{}", " ARRAY".repeat(long))));
    let nested = (0..20).fold("a".to_string(), |inner, _| format!("({}{})", inner, " + a".repeat(100)));
    expect_limit(parse_expression(&nested));
}

#[test]
fn just_below_the_limits_all_works_on_a_small_stack() {
    let chain = vec!["a"; MAX_TREE_LEVELS].join(" OR ");
    let tree = parse_expression(&chain).expect("as high as allowed");
    assert_eq!(parse_expression(&tree.to_string()), Ok(tree.clone()));
    // Each call takes two levels.
    let levels = MAX_NESTING_LEVELS / 2 - 1;
    let nested = format!("{}1{}", "f(".repeat(levels), ")".repeat(levels));
    let tree = parse_expression(&nested).expect("as deep as allowed");
    assert_eq!(parse_expression(&tree.to_string()), Ok(tree.clone()));
    // Each subquery takes several levels: query, SELECT, table.
    let levels = MAX_NESTING_LEVELS / 4;
    let nested = format!("{}SELECT 1{}", "SELECT * FROM (".repeat(levels), ")".repeat(levels));
    let tree = parse_statement(&nested).expect("as deep as allowed");
    assert_eq!(parse_statement(&tree.to_string()), Ok(tree.clone()));
}

/// Signs in a row are printed without parentheses, which would nest deeper than the text did.
#[test]
fn many_signs_print_to_what_parses_again() {
    let signs = format!("b + {}a", "+- ".repeat(MAX_NESTING_LEVELS * 2 / 5));
    let tree = parse_expression(&signs).expect("within the limits");
    assert_eq!(parse_expression(&tree.to_string()), Ok(tree.clone()));
    let minus = parse_expression("- -a").expect("two signs");
    assert_eq!(minus.to_string(), "- -a");
}

#[test]
fn long_lists_are_no_problem() {
    let list = vec!["1"; 20_000].join(", ");
    assert!(parse_expression(&format!("a IN ({list})")).is_ok());
    assert!(parse_statement(&format!("SELECT {list}")).is_ok());
    assert!(parse_statement(&format!("VALUES {list}")).is_ok());
}

#[test]
fn a_report_shows_only_what_is_near_in_a_long_line() {
    let sql = format!("SELECT {}, FRM, {} FROM t x y", vec!["a"; 1_000].join(", "), vec!["b"; 1_000].join(", "));
    let error = parse_statement(&sql).expect_err("two names");
    let report = error.render(&sql, "job.sql");
    let lines: Vec<&str> = report.lines().collect();
    assert!(lines[1].ends_with(&format!(":1:{}", sql.len())), "{report}");
    assert!(lines[3].starts_with("1 | ...") && lines[3].ends_with("FROM t x y"), "{report}");
    assert_eq!(lines[4].len(), lines[3].len(), "the caret is under the last character: {report}");
    assert!(lines[3].len() < 260, "{report}");
}
