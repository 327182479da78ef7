//! Statements that are wrong: the message says what, where, and what was probably meant.

use crate::folder::{Folder, assert_says, files_table};

fn says(sql: &str, parts: &[&str]) {
    assert_says(&Folder::new().fails(sql), parts);
}

#[test]
fn a_misspelt_statement() {
    says("SELECT 1;\n  SELEC 2", &["Could not parse the script", "unexpected `SELEC`", "-e:2:3", "expected SELECT"]);
}

#[test]
fn an_unknown_column() {
    says(
        "SELECT 1;\nSELECT pric\nFROM (VALUES 1) AS t(price)",
        &["Column 'pric' not found in any table; did you mean 'price'?", "-e:2:8", "2 | SELECT pric", "^^^^"],
    );
}

#[test]
fn an_unknown_table() {
    says(
        "CREATE TABLE bids (a INT) WITH ('connector' = 'print');\nSELECT * FROM bid",
        &["Object 'bid' not found; did you mean 'bids'?", "-e:2:15"],
    );
}

#[test]
fn an_unknown_function() {
    says("SELECT UPER('x')", &["UPER", "did you mean UPPER?", "-e:1:8"]);
}

#[test]
fn an_unknown_option() {
    let table = files_table("t", "a INT", "in.csv", "csv", ", 'csv.ignore-parse-error' = 'true'");
    says(
        &format!("{table}SELECT * FROM t"),
        &["unknown option 'csv.ignore-parse-error'", "did you mean 'csv.ignore-parse-errors'?", "default_database.t"],
    );
}

#[test]
fn an_unknown_connector_or_format_or_none() {
    let of = |options: &str| format!("CREATE TABLE t (a INT) WITH ({options}); SELECT * FROM t");
    says(
        &of("'connector' = 'pirnt'"),
        &[
            "cannot find connector 'pirnt' (did you mean 'print'?)",
            "available connectors: blackhole, datagen, filesystem",
        ],
    );
    says(&of("'path' = 'x'"), &["the table's options have no 'connector'; available connectors: blackhole"]);
    says(
        &of("'connector' = 'filesystem', 'path' = 'x', 'format' = 'cvs'"),
        &["unknown format 'cvs' (did you mean 'csv'?)", "available formats: csv, json"],
    );
    says(&of("'connector' = 'filesystem', 'path' = 'x'"), &["lacks the required option 'format'"]);
}

#[test]
fn division_by_zero() {
    let folder = Folder::with(&[("in.csv", "1,10\n2,0\n")]);
    let source = files_table("source", "a BIGINT, b BIGINT", "in.csv", "csv", "");
    let sink = files_table("sink", "a BIGINT", "out", "json", "");
    let message = folder.fails(&format!("{source}{sink}INSERT INTO sink SELECT a / b FROM source"));
    assert_says(&message, &["Calc", "/ by zero"]);
    assert!(folder.files_below("out").is_empty());
}

#[test]
fn a_text_that_is_no_number() {
    let message = Folder::new().fails("SELECT CAST(a AS INT) FROM (VALUES 'x') AS t(a)");
    assert_says(&message, &["Calc", "For input string: 'x'"]);
}

#[test]
fn what_is_not_supported_is_named_before_anything_runs() {
    let tables = "CREATE TABLE s (a INT) WITH ('connector' = 'blackhole');\n";
    let compile = format!("{tables}COMPILE PLAN 'plan.json' FOR INSERT INTO s SELECT 1");
    says(&compile, &["not supported: COMPILE PLAN", "-e:2:1"]);
    says("SELECT 1;\n  SHOW PROCEDURES", &["not supported: SHOW PROCEDURES", "-e:2:3"]);
    let deep = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    says(&deep, &["not supported: nesting deeper than 100 levels"]);
}

#[test]
fn values_that_do_not_fit_the_sink() {
    let sink = "CREATE TABLE k (a INT, b INT) WITH ('connector' = 'blackhole');";
    says(
        &format!("{sink}INSERT INTO k VALUES (1)"),
        &["Different number of columns", "Sink schema:  [a: INT, b: INT]"],
    );
    says(&format!("{sink}INSERT INTO k VALUES (1, 'x')"), &["Incompatible types for sink column 'b'"]);
}

#[test]
fn statements_before_the_wrong_one_have_run_and_those_behind_it_have_not() {
    let folder = Folder::new();
    let run = folder.run(&["-e", "SELECT 'first'; SELECT nothing; SELECT 'last'"]);
    run.is_a_proper_failure();
    assert!(run.out.contains("first") && !run.out.contains("last"), "{}", run.out);
}
