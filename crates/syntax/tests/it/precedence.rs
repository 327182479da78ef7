//! Precedence and special syntax of expressions, against trees that Flink 2.3's parser gives.

use flott_syntax::ast::{ExpressionKind, FunctionArguments, UnaryOperator};
use flott_syntax::parse_expression;

/// Asserts that both texts mean the same tree; the second has all parentheses written.
fn same(text: &str, explicit: &str) {
    let parse = |sql: &str| match parse_expression(sql) {
        Ok(expression) => expression,
        Err(error) => panic!("{}", error.render(sql, "sql")),
    };
    assert_eq!(parse(text), parse(explicit), "{text} against {explicit}");
}

#[test]
fn operators_bind_as_in_flink() {
    same("a + b * c", "a + (b * c)");
    same("a || b * c", "(a || b) * c");
    same("a + b || c", "a + (b || c)");
    same("a - b - c", "(a - b) - c");
    same("a = b = c", "(a = b) = c");
    same("a AND b OR c AND NOT d", "(a AND b) OR (c AND (NOT d))");
    same("NOT a = b", "NOT (a = b)");
    same("NOT a IS NULL", "NOT (a IS NULL)");
    same("NOT a IN (1)", "NOT (a IN (1))");
    same("a = NOT b = c", "a = (NOT (b = c))");
    same("a = b IS NULL", "(a = b) IS NULL");
    same("a IN (1, 2) = TRUE", "(a IN (1, 2)) = TRUE");
    same("a BETWEEN 1 AND 2 = TRUE", "(a BETWEEN 1 AND 2) = TRUE");
    same("a BETWEEN 1 AND 2 AND b", "(a BETWEEN 1 AND 2) AND b");
    same("a IS DISTINCT FROM b + 1", "a IS DISTINCT FROM (b + 1)");
    same("a = b IS DISTINCT FROM c", "(a = b) IS DISTINCT FROM c");
    same("a LIKE b || 'x' ESCAPE '!'", "a LIKE (b || 'x') ESCAPE '!'");
    same("- a[1].b", "-((a[1]).b)");
    same("-a * b", "(-a) * b");
    same("(a, b) OVERLAPS (c, d) AND e", "((a, b) OVERLAPS (c, d)) AND e");
}

#[test]
fn synonyms_give_the_same_tree() {
    same("a != b", "a <> b");
    same("a = SOME (1, 2)", "a = ANY (1, 2)");
    same("SUBSTRING(a FROM 1 FOR 2)", "SUBSTRING(a, 1, 2)");
    same("{fn NOW()}", "NOW()");
    same("{d '2020-01-01'}", "DATE '2020-01-01'");
    same("INTERVAL '1' DAYS", "INTERVAL '1' DAY");
    same("TIMESTAMPADD(SQL_TSI_DAY, 1, b)", "TIMESTAMPADD(DAY, 1, b)");
    same("JSON_OBJECT(KEY 'a' VALUE 1, 'b': 2)", "JSON_OBJECT('a' VALUE 1, 'b' VALUE 2)");
    same("TRIM(a)", "TRIM(BOTH FROM a)");
    same("PERIOD (a, b) CONTAINS c", "(a, b) CONTAINS c");
    same("a IS JSON", "a IS JSON VALUE");
    same("CAST(a AS INTEGER)", "CAST(a AS INT)");
    same("CAST(a AS INT ARRAY NOT NULL)", "CAST(a AS ARRAY<INT> NOT NULL)");
    same("CAST(a AS TIMESTAMP(3) WITH LOCAL TIME ZONE)", "CAST(a AS TIMESTAMP_LTZ(3))");
    same("CAST(a AS CHARACTER VARYING(3))", "CAST(a AS VARCHAR(3))");
    same("'a' 'b'", "'ab'");
    same("U&'d!0061' UESCAPE '!'", "'da'");
    same(r"E'a\tb'", "'a\tb'");
    same("_UTF8'a'", "N'a'");
    same("`price`", "price");
    same("f(x => 1)", "f(`x` => 1)");
}

#[test]
fn what_looks_alike_is_kept_apart() {
    let kind = |sql: &str| parse_expression(sql).expect(sql).kind;
    assert!(matches!(kind("CURRENT_DATE"), ExpressionKind::Function(call)
        if call.arguments == FunctionArguments::Absent));
    assert!(matches!(kind("`CURRENT_DATE`"), ExpressionKind::Name(_)));
    assert!(matches!(kind("a.b.c"), ExpressionKind::Name(name) if name.parts.len() == 3));
    assert!(matches!(kind("(a).b"), ExpressionKind::Field { .. }));
    assert!(matches!(kind("f(x).b"), ExpressionKind::Field { .. }));
    assert!(matches!(kind("((SELECT 1))"), ExpressionKind::Subquery(_)));
    assert!(matches!(kind("((SELECT 1) + 1)"), ExpressionKind::Binary { .. }));
    assert!(matches!(kind("FLOOR(a)"), ExpressionKind::Function(_)));
    assert!(matches!(kind("FLOOR(a TO DAY)"), ExpressionKind::RoundToUnit { .. }));
    assert!(matches!(kind("-1"), ExpressionKind::Unary { operator: UnaryOperator::Minus, .. }));
    assert!(matches!(kind("final IN (1)"), ExpressionKind::In { .. }));
    assert!(matches!(kind("FINAL LAST(a)"), ExpressionKind::MatchSemantics { .. }));
    assert!(matches!(kind("(1)"), ExpressionKind::Literal(_)));
    assert!(matches!(kind("(1, 2)"), ExpressionKind::Row(_)));
    assert!(matches!(kind("INTERVAL a DAY"), ExpressionKind::Interval { .. }));
    assert!(matches!(kind("(a - b) DAY TO SECOND"), ExpressionKind::Elapsed { .. }));
}

#[test]
fn parameters_are_counted() {
    let expression = parse_expression("? + ?").expect("valid");
    let ExpressionKind::Binary { left, right, .. } = expression.kind else {
        panic!("a sum");
    };
    assert_eq!(left.kind, ExpressionKind::Parameter(0));
    assert_eq!(right.kind, ExpressionKind::Parameter(1));
}

#[test]
fn flink_rejects_these_too() {
    for sql in [
        "year",
        "value",
        "a::INT",
        "a & b",
        "a << 2",
        "f(a, *)",
        "JSON_OBJECT('a', 1)",
        "a COLLATE x",
        "1 +",
        "",
        "CAST(a)",
        "CASE END",
        "a BETWEEN 1",
        "a IS",
        "NOT",
        "TRIM(BOTH 'x' y)",
        "EXTRACT(foo FROM a)",
    ] {
        assert!(parse_expression(sql).is_err(), "{sql}");
    }
}
