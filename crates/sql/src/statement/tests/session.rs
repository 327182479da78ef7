//! What a session keeps between statements.

use flott_record::Value;

use super::*;

fn texts(result: Option<StatementResult>) -> Vec<String> {
    let rows = result.expect("no job").rows;
    rows.iter().flat_map(|row| row.iter().map(Value::to_string)).collect()
}

#[test]
fn set_and_reset_change_the_configuration() {
    let mut session = session();
    let result = run(&mut session, "SET 'table.exec.state.tttl' = '1 h'").expect("accepted").expect("no job");
    let warning = result.warning.expect("a mistyped key");
    assert!(warning.contains("did you mean 'table.exec.state.ttl'"), "{warning}");
    run(&mut session, "SET 'table.exec.state.ttl' = '1 h'").expect("set");
    assert_eq!(session.settings().expect("valid").state_ttl_ms, 3_600_000);
    assert!(texts(run(&mut session, "SET").expect("listed")).contains(&"table.exec.state.ttl".to_string()));
    run(&mut session, "RESET").expect("reset");
    assert_eq!(session.settings().expect("valid").state_ttl_ms, 0);
    assert!(texts(run(&mut session, "SET").expect("listed")).is_empty());
}

#[test]
fn views_keep_what_they_meant_when_they_were_made() {
    let mut session = session();
    for text in [
        "CREATE TABLE t (id INT, k STRING, v INT) WITH ('connector' = 'datagen')",
        "CREATE VIEW w AS SELECT k, SUM(v) AS s FROM t GROUP BY k",
        "CREATE DATABASE other",
        "USE other",
    ] {
        run(&mut session, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    let rows = texts(run(&mut session, "DESCRIBE default_database.w").expect("described"));
    assert_eq!(rows[..3], ["k", "STRING", "true"]);
    let error = run(&mut session, "CREATE VIEW x AS SELECT nosuch FROM default_database.t").expect_err("no column");
    assert_eq!(error.span.map(|span| (span.start, span.end)), Some((24, 30)));
}

#[test]
fn a_views_text_is_expanded_and_qualified() {
    let mut session = session();
    let table = "CREATE TABLE t (id INT, k STRING, v INT, ts TIMESTAMP(3), r ROW<x INT>, WATERMARK FOR ts AS ts) WITH \
                 ('connector' = 'datagen')";
    run(&mut session, table).expect("created");
    let p = "`default_catalog`.`default_database`";
    let cases = [
        (
            "SELECT * FROM (SELECT id, k FROM t WHERE v > 1) x, (SELECT COUNT(*) FROM t)",
            format!(
                "SELECT `x`.`id`, `x`.`k`, `EXPR$0`.`EXPR$0`\nFROM (SELECT `t`.`id`, `t`.`k`\nFROM {p}.`t` AS `t`\nWHERE `t`.`v` > 1) \
                 AS `x`,\n(SELECT COUNT(*)\nFROM {p}.`t` AS `t`) AS `EXPR$0`"
            ),
        ),
        (
            "SELECT t.id, r.x, UPPER(k) FROM t GROUP BY t.id, r.x, k HAVING COUNT(*) > 1",
            format!(
                "SELECT `t`.`id`, `t`.`r`.`x`, UPPER(`t`.`k`)\nFROM {p}.`t` AS `t`\nGROUP BY `t`.`id`, `t`.`r`.`x`, `t`.`k`\nHAVING \
                 COUNT(*) > 1"
            ),
        ),
        (
            "WITH w AS (SELECT id FROM t) SELECT w.* FROM w UNION ALL SELECT v FROM t",
            format!(
                "WITH `w` AS (SELECT `t`.`id`\nFROM {p}.`t` AS `t`) SELECT `w`.`id`\nFROM `w` AS `w`\nUNION ALL\nSELECT `t`.`v`\nFROM \
                 {p}.`t` AS `t`"
            ),
        ),
        (
            "SELECT a.id FROM t a LEFT JOIN t b ON a.id = b.id WHERE a.v BETWEEN 1 AND 2",
            format!(
                "SELECT `a`.`id`\nFROM {p}.`t` AS `a`\nLEFT JOIN {p}.`t` AS `b` ON `a`.`id` = `b`.`id`\nWHERE `a`.`v` BETWEEN ASYMMETRIC \
                 1 AND 2"
            ),
        ),
        ("VALUES (1, 'a'), (2, 'b')", "VALUES ROW(1, 'a'),\nROW(2, 'b')".to_string()),
    ];
    for (number, (query, expected)) in cases.into_iter().enumerate() {
        run(&mut session, &format!("CREATE VIEW v{number} AS {query}"))
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        let text = texts(run(&mut session, &format!("SHOW CREATE VIEW v{number}")).expect("shown")).remove(0);
        let text = text.split_once("\nAS ").map_or("", |(_, query)| query).trim_end();
        assert_eq!(text, expected, "{query}");
    }
}

/// The INSERT that CREATE TABLE AS leaves.
fn created_as(session: &mut SqlSession, text: &str) -> Result<Option<flott_syntax::ast::Insert>> {
    let statement = flott_syntax::parse_statement(text)?;
    assert_eq!(session.execute_metadata(&statement)?, None);
    let flott_syntax::ast::StatementKind::CreateTable(create) = &statement.kind else { panic!("CREATE TABLE") };
    session.create_table_as(create)
}

#[test]
fn create_table_as_defines_the_table_and_leaves_the_insert() {
    let mut session = session();
    run(&mut session, "CREATE TABLE t (id INT NOT NULL, k STRING) WITH ('connector' = 'datagen')").expect("created");
    let text = "CREATE TABLE c (n AS id + 1, x INT, id BIGINT) WITH ('connector' = 'print') AS SELECT k, id FROM t";
    let insert = created_as(&mut session, text).expect("defined").expect("new");
    assert_eq!(insert.columns.iter().map(ToString::to_string).collect::<Vec<_>>(), ["k", "id"]);
    let shown = texts(run(&mut session, "SHOW CREATE TABLE c").expect("shown")).remove(0);
    assert!(shown.contains("`n` AS `id` + 1,\n  `x` INT,\n  `k` VARCHAR(2147483647),\n  `id` BIGINT\n"), "{shown}");
    let again = text.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS");
    assert_eq!(created_as(&mut session, &again).expect("exists"), None);
}

#[test]
fn create_table_as_refuses_columns_that_do_not_fit_and_creates_nothing() {
    let mut session = session();
    run(&mut session, "CREATE TABLE t (id BIGINT, k STRING) WITH ('connector' = 'datagen')").expect("created");
    for (definition, expected) in [
        (
            "(id INT)",
            "Incompatible types for sink column 'id' at position 1. The source column has type 'BIGINT', while the target column has \
             type 'INT'.",
        ),
        ("(k, zz)", "Column 'zz' not found in the source schema."),
        (
            "(id AS 1)",
            "A column named 'id' already exists in the source schema. Computed columns cannot overwrite columns from source.",
        ),
        ("(x INT NOT NULL)", "Column 'x' has no default value and does not allow NULLs"),
    ] {
        let text = format!("CREATE TABLE c {definition} WITH ('connector' = 'print') AS SELECT id, k FROM t");
        assert_eq!(created_as(&mut session, &text).expect_err(definition).message, expected);
    }
    assert_eq!(texts(run(&mut session, "SHOW TABLES").expect("shown")), ["t"]);
}

#[test]
fn what_cannot_run_is_refused_by_name() {
    let mut session = session();
    for (text, expected) in [
        ("ADD JAR 'x.jar'", "not supported: ADD JAR: there is no JVM that could run Java code"),
        ("DELETE FROM t", "not supported: DELETE"),
        ("ANALYZE TABLE t COMPUTE STATISTICS", "ANALYZE TABLE is not supported for streaming mode now"),
    ] {
        assert_eq!(run(&mut session, text).expect_err(text).message, expected);
    }
}

#[test]
fn functions_of_users_are_known_but_cannot_run() {
    let mut session = session();
    run(&mut session, "CREATE FUNCTION lower_it AS 'com.example.Lower'").expect("created");
    let error = run(&mut session, "CREATE VIEW v AS SELECT Lower_It('A') AS x").expect_err("no Java");
    assert_eq!(error.message, "not supported: Java function lower_it (class com.example.Lower)");
    assert_eq!(error.span.map(|span| (span.start, span.end)), Some((24, 32)));
    let error = run(&mut session, "CREATE VIEW v AS SELECT db.nosuch('A') AS x").expect_err("unknown");
    assert_eq!(error.message, "No match found for function signature db.nosuch(<CHARACTER>)");
    run(&mut session, "CREATE VIEW v AS SELECT CURRENT_DATABASE() AS d").expect("created");
    assert_eq!(texts(run(&mut session, "DESCRIBE v").expect("described"))[..3], ["d", "STRING", "false"]);
}
