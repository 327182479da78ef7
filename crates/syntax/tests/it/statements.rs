//! One statement of every kind: parsed, printed and parsed again.

use flott_syntax::ast::{Describe, ObjectKind, Query, QueryBody, SetOperator, Setting, StatementKind};
use flott_syntax::{parse_statement, parse_statements, split_statements};

/// Statements that Flink 2.3's parser, or its SQL client, accepts.
const VALID: &[&str] = &[
    "CREATE MATERIALIZED TABLE mt START_MODE = FROM_NOW(INTERVAL '1' DAY) FRESHNESS = INTERVAL '1' MINUTE AS SELECT 1",
    "CREATE OR ALTER MATERIALIZED TABLE mt REFRESH_MODE = FULL AS SELECT 1",
    "ALTER MATERIALIZED TABLE mt RESUME WITH ('a' = 'b')",
    "ALTER MATERIALIZED TABLE mt REFRESH PARTITION (ds = '1')",
    "ALTER MATERIALIZED TABLE mt SET FRESHNESS = INTERVAL '1' HOUR",
    "ALTER MATERIALIZED TABLE mt DROP DISTRIBUTION",
    "ALTER MATERIALIZED TABLE mt AS SELECT 1",
    "CREATE OR REPLACE VIEW v AS SELECT 1",
    "CREATE TEMPORARY VIEW IF NOT EXISTS v (a) COMMENT 'c' AS SELECT 1",
    "CREATE TEMPORARY SYSTEM CONNECTION IF NOT EXISTS c WITH ('a'='b')",
    "ALTER CONNECTION IF EXISTS c RENAME TO d",
    "DROP TEMPORARY SYSTEM CONNECTION IF EXISTS c",
    "SHOW CONNECTIONS FROM a.b NOT LIKE 'x'",
    "SHOW USER FUNCTIONS IN a ILIKE 'y'",
    "SHOW CREATE OR ALTER MATERIALIZED TABLE t",
    "SHOW PARTITIONS t PARTITION (a = 'b')",
    "DESCRIBE FUNCTION EXTENDED f",
    "DESC EXTENDED t",
    "DESCRIBE JOB '228d70913eab60dda85c5e7f78b5782c'",
    "EXPLAIN PLAN FOR SELECT 1",
    "EXPLAIN STATEMENT SET BEGIN INSERT INTO a SELECT 1; END",
    "COMPILE PLAN 'x' IF NOT EXISTS FOR STATEMENT SET BEGIN INSERT INTO a SELECT 1; END",
    "COMPILE AND EXECUTE PLAN 'x' FOR INSERT INTO a SELECT 1",
    "EXECUTE PLAN 'x'",
    "EXECUTE SELECT 1",
    "STOP JOB 'x' WITH SAVEPOINT WITH DRAIN",
    "ANALYZE TABLE t PARTITION(a='b', c) COMPUTE STATISTICS FOR ALL COLUMNS",
    "ALTER TABLE t ADD x.y INT AFTER x.z",
    "ALTER TABLE IF EXISTS t ADD (a INT FIRST, PRIMARY KEY (a) NOT ENFORCED, WATERMARK FOR ts AS ts)",
    "ALTER TABLE t RENAME a TO b",
    "ALTER TABLE t ADD IF NOT EXISTS PARTITION (p = 1) WITH ('k' = 'v') PARTITION (p = 2)",
    "ALTER TABLE t DROP IF EXISTS PARTITION (p = 1), PARTITION (p = 2)",
    "ALTER TABLE t MODIFY DISTRIBUTION BY HASH(a) INTO 3 BUCKETS",
    "ALTER CATALOG c COMMENT 'x'",
    "ALTER TEMPORARY SYSTEM FUNCTION IF EXISTS f AS 'x' LANGUAGE PYTHON",
    "CREATE FUNCTION f AS 'x' LANGUAGE JAVA USING JAR 'a', ARTIFACT 'b' WITH ('a'='b')",
    "CREATE CATALOG IF NOT EXISTS c COMMENT 'x'",
    "DROP DATABASE IF EXISTS d CASCADE",
    "UPDATE t /*+ OPTIONS('a'='b') */ AS x SET a = 1 WHERE c",
    "DELETE FROM t AS x WHERE a",
    "TRUNCATE TABLE t",
    "CALL a.b(x => 1)",
    "INSERT OVERWRITE t /*+ OPTIONS('a'='b') */ PARTITION (c = 'd') (a, b) VALUES (1, 2), ROW(3, 4) ON CONFLICT DO NOTHING",
    "CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED COMMENT 'x', b AS a + 1, c INT METADATA FROM 'k' VIRTUAL) WITH ()",
    "CREATE TABLE t LIKE s (INCLUDING ALL EXCLUDING WATERMARKS OVERWRITING OPTIONS)",
    "REPLACE TABLE t (a, b) WITH ('a'='b') AS SELECT 1, 2",
    "CREATE TABLE t (a INT, b.c INT) DISTRIBUTED INTO 3 BUCKETS PARTITIONED BY (a)",
    "CREATE MODEL m INPUT (a INT) OUTPUT (b STRING COMMENT 'x') COMMENT 'y' WITH ('a'='b')",
    "LOAD MODULE hive WITH ('v' = '3')",
    "USE MODULES a, b",
    "ADD JAR '/a.jar'",
    "BEGIN STATEMENT SET",
    "END",
    "SELECT * FROM t AS x TABLESAMPLE SYSTEM(10.5) REPEATABLE(3)",
    "SELECT * FROM t1 /*+ OPTIONS('a'='b') */ FOR SYSTEM_TIME AS OF y AS x",
    "SELECT * FROM TABLE(f((SELECT 1) PARTITION BY x))",
    "SELECT * FROM f(t => TABLE t PARTITION BY (x, y) ORDER BY (z DESC, w), on_time => DESCRIPTOR(ts))",
    "SELECT * FROM ML_PREDICT(TABLE t, MODEL a.m, DESCRIPTOR(x))",
    "SELECT * FROM a, b JOIN c ON TRUE, LATERAL TABLE(f(x)) AS T(a) NATURAL LEFT JOIN u",
    "SELECT * FROM (a JOIN b USING (k)) CROSS JOIN UNNEST(arr) WITH ORDINALITY AS u (x, o)",
    "SELECT a FROM t OFFSET 2 ROWS FETCH NEXT 3 ROWS ONLY",
    "SELECT a FROM t GROUP BY DISTINCT ROLLUP(a, (b, c)), CUBE(d), GROUPING SETS ((a), (), ROLLUP(b)), (e, f)",
    "SELECT /*+ A(x), B('y'='z'), C(1), D */ a FROM t",
    "SELECT * FROM t UNPIVOT INCLUDE NULLS ((a, b) FOR (c, d) IN ((e, f) AS ('x', 'y'), (g, h)))",
    "SELECT * FROM t PIVOT (SUM(a) AS s, COUNT(*) FOR (b, c) IN ((1, 2) AS x, (3, 4)))",
    "SELECT * FROM t AS x MATCH_RECOGNIZE (PARTITION BY a ORDER BY b MEASURES FINAL LAST(A.x) AS y ALL ROWS PER MATCH \
     AFTER MATCH SKIP TO A PATTERN (^ A B*? {- C -} (D|E){,3} F{2,} G?? PERMUTE(F,G) $) WITHIN INTERVAL '1' DAY \
     SUBSET U = (A, B) DEFINE A AS TRUE) AS m",
    "WITH RECURSIVE a (x) AS (SELECT 1) SELECT * FROM a WINDOW w AS (PARTITION BY a ROWS 3 PRECEDING) QUALIFY x",
];

#[test]
fn valid_statements_round_trip() {
    for sql in VALID {
        let statement = match parse_statement(sql) {
            Ok(statement) => statement,
            Err(error) => panic!("{}", error.render(sql, "sql")),
        };
        let printed = statement.to_string();
        assert_eq!(parse_statement(&printed).as_ref(), Ok(&statement), "{sql}\n{printed}");
    }
}

fn query(sql: &str) -> Query {
    match parse_statement(sql).expect(sql).kind {
        StatementKind::Query(query) => *query,
        other => panic!("a query, not {other:?}"),
    }
}

#[test]
fn intersect_binds_tighter_than_union_and_except() {
    let tree = query("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4");
    let QueryBody::SetOperation(except) = tree.body else {
        panic!("a set operation");
    };
    assert_eq!(except.operator, SetOperator::Except);
    let QueryBody::SetOperation(union) = except.left else {
        panic!("a set operation");
    };
    assert_eq!(union.operator, SetOperator::Union);
    assert!(matches!(union.right, QueryBody::SetOperation(_)));
    assert_eq!(query("SELECT 1 MINUS ALL (SELECT 2)"), query("SELECT 1 EXCEPT ALL SELECT 2"));
}

#[test]
fn parentheses_around_queries_do_not_matter() {
    assert_eq!(query("((SELECT 1)) ORDER BY 1"), query("SELECT 1 ORDER BY 1"));
    assert_eq!(query("((SELECT 1 LIMIT 1))"), query("SELECT 1 LIMIT 1"));
    assert_ne!(query("(SELECT 1 LIMIT 1) LIMIT 2"), query("SELECT 1 LIMIT 2"));
}

#[test]
fn settings_may_be_unquoted() {
    let setting = |sql: &str| match parse_statement(sql).expect(sql).kind {
        StatementKind::Set(setting) => setting,
        other => panic!("SET, not {other:?}"),
    };
    let expected = Some(Setting { key: "table.exec.x-y".into(), value: "a b:1/2".into() });
    assert_eq!(setting("SET 'table.exec.x-y' = 'a b:1/2';"), expected);
    assert_eq!(setting("set table.exec.x-y = a b:1/2 ;"), expected);
    assert_eq!(setting("SET"), None);
    assert_eq!(
        parse_statement("RESET table.exec.x-y").map(|s| s.kind),
        Ok(StatementKind::Reset(Some("table.exec.x-y".into())))
    );
}

#[test]
fn kinds_of_objects_may_be_names_of_tables() {
    let described = |sql: &str| match parse_statement(sql).expect(sql).kind {
        StatementKind::Describe(Describe::Object { kind, .. }) => kind,
        other => panic!("DESCRIBE, not {other:?}"),
    };
    assert_eq!(described("DESCRIBE model"), ObjectKind::Table);
    assert_eq!(described("DESCRIBE model m"), ObjectKind::Model);
    assert_eq!(described("DESCRIBE catalog.db.t"), ObjectKind::Table);
}

#[test]
fn statements_know_their_place_in_the_script() {
    let script = "SELECT 1 ; -- one\n;;\n INSERT INTO `t;` SELECT ';' ;\nEXECUTE STATEMENT SET BEGIN\n\
                  INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END; SHOW TABLES";
    let texts = [
        "SELECT 1",
        "INSERT INTO `t;` SELECT ';'",
        "EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END",
        "SHOW TABLES",
    ];
    let parsed: Vec<&str> = parse_statements(script).expect("valid").iter().map(|s| s.span.text(script)).collect();
    assert_eq!(parsed, texts);
    let split: Vec<&str> = split_statements(script).iter().map(|span| span.text(script)).collect();
    assert_eq!(split, texts);
}

#[test]
fn a_statement_set_without_end_is_split_at_the_end_of_the_script() {
    let script = "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN b THEN 1 END; INSERT";
    assert_eq!(split_statements(script).len(), 1);
    assert_eq!(split_statements("SELECT 'x; SELECT 2").len(), 1);
    assert_eq!(split_statements(" ; -- nothing\n").len(), 0);
}

#[test]
fn invalid_statements_are_errors() {
    for sql in [
        "",
        ";",
        "SELEC 1",
        "SELECT 1 SELECT 2",
        "CREATE TABLE t (a INT, b)",
        "ALTER TABLE t FOO",
        "SHOW FOO",
        "INSERT t SELECT 1",
        "COMPILE PLAN FOR INSERT INTO t SELECT 1",
        "SELECT * FROM",
        "SELECT a AS 'x' FROM t",
        "DROP t",
        "MERGE INTO t USING s ON a WHEN MATCHED THEN UPDATE SET b = 1",
        "SELECT value FROM t",
        "SELECT a FROM t ORDER BY a UNION SELECT b FROM u",
        "SHOW COLUMNS",
        "ALTER MATERIALIZED TABLE t RENAME TO x",
        "CREATE TABLE t (a INT) DISTRIBUTED BY FOO(a)",
        "CREATE TEMPORARY CATALOG c",
        "SET =",
        "SET a",
    ] {
        assert!(parse_statement(sql).is_err(), "{sql}");
    }
}
