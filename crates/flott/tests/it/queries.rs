//! Queries that succeed, from files to files and to the screen.

use crate::folder::{Folder, assert_says, files_table};

/// `1,10\n2,20\n` as gzip compresses it.
pub const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x33, 0xd4, 0x31, 0x34, 0xe0, 0x32, 0xd2, 0x31, 0x32,
    0xe0, 0x02, 0x00, 0x63, 0x30, 0x98, 0x69, 0x0a, 0x00, 0x00, 0x00,
];

#[test]
fn a_constant() {
    let expected = "\
+----+-------------+
| op |      EXPR$0 |
+----+-------------+
| +I |           1 |
+----+-------------+
Received a total of 1 row
";
    assert_eq!(Folder::new().succeeds("SELECT 1"), expected);
}

#[test]
fn csv_through_a_window_to_json() {
    let bids =
        "1,10,2024-01-01 00:00:01\n2,70,2024-01-01 00:00:02\n1,30,2024-01-01 00:09:59\n1,20,2024-01-01 00:10:00\n";
    let folder = Folder::with(&[("bids.csv", bids)]);
    let columns = "auction BIGINT, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND";
    let source = files_table("bids", columns, "bids.csv", "csv", "");
    let sink = files_table("highest", "auction BIGINT, window_end TIMESTAMP(3), price BIGINT", "highest", "json", "");
    let insert = "INSERT INTO highest SELECT auction, window_end, MAX(price)
        FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' MINUTE))
        GROUP BY auction, window_start, window_end;";
    folder.write("job.sql", format!("{source}{sink}{insert}").as_bytes());
    let run = folder.run(&["-f", "job.sql"]);
    assert_eq!(run.code, 0, "{}", run.error);
    assert_says(
        &run.error,
        &["[INFO] Submitting SQL update statement to the cluster...", "Job ID: ", "Complete execution"],
    );
    let row = |auction, minute, price| {
        format!(r#"{{"auction":{auction},"window_end":"2024-01-01 00:{minute}:00","price":{price}}}"#)
    };
    assert_eq!(folder.lines_below("highest"), [row(1, 10, 30), row(1, 20, 20), row(2, 10, 70)]);
}

#[test]
fn a_query_sees_what_an_insert_before_it_wrote() {
    let table = files_table("t", "a INT", "t", "csv", "");
    let sql = format!("{table}INSERT INTO t VALUES (7); SELECT a + 1 AS b FROM t");
    assert_says(&Folder::new().succeeds(&sql), &["| +I |           8 |"]);
}

#[test]
fn gzip_input() {
    let folder = Folder::new();
    folder.write("in.csv.gz", GZIP);
    let table = files_table("t", "a BIGINT, b BIGINT", "in.csv.gz", "csv", "");
    assert_says(&folder.succeeds(&format!("{table}SELECT SUM(a) AS a, SUM(b) AS b FROM t")), &["3 |", "30 |"]);
}

#[test]
fn explain_shows_three_plans_and_runs_nothing() {
    let table = files_table("t", "a BIGINT", "none.csv", "csv", "");
    let plans = Folder::new().succeeds(&format!("{table}EXPLAIN SELECT a, COUNT(*) FROM t GROUP BY a"));
    assert_says(
        &plans,
        &[
            "== Abstract Syntax Tree ==",
            "== Optimized Physical Plan ==",
            "== Optimized Execution Plan ==",
            "GroupAggregate(groupBy=[a]",
            "TableSourceScan(table=[[default_catalog, default_database, t]]",
        ],
    );
}

const COUNTS: &str = "SELECT a, COUNT(*) AS n FROM (VALUES 1, 1) AS t(a) GROUP BY a";

#[test]
fn result_modes() {
    let folder = Folder::new();
    let shown = |mode: &str| {
        let run = folder.run(&["-D", &format!("sql-client.execution.result-mode={mode}"), "-e", COUNTS]);
        assert_eq!(run.code, 0, "{}", run.error);
        run.out
    };
    assert_eq!(shown("changelog"), "+I[1, 1]\n-U[1, 1]\n+U[1, 2]\n");
    assert_eq!(shown("TABLE"), "+---+---+\n| a | n |\n+---+---+\n| 1 | 2 |\n+---+---+\n1 row in set\n");
    assert_says(&shown("tableau"), &["| -U |           1 |                    1 |\n", "Received a total of 3 rows\n"]);
}

#[test]
fn batch_mode_gives_the_result_only() {
    let folder = Folder::new();
    let run = folder.run(&["-D", "execution.runtime-mode=batch", "-e", COUNTS]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "+---+---+\n| a | n |\n+---+---+\n| 1 | 2 |\n+---+---+\n1 row in set\n")
    );
}

#[test]
fn a_statement_set_is_one_job() {
    let folder = Folder::new();
    let (odd, even) = (files_table("odd", "a INT", "1", "csv", ""), files_table("even", "a INT", "2", "csv", ""));
    let set = "EXECUTE STATEMENT SET BEGIN INSERT INTO odd VALUES (1); INSERT INTO even VALUES (2); END";
    let run = folder.run(&["-e", &format!("{odd}{even}{set}")]);
    assert_eq!((run.code, run.error.matches("Job ID: ").count()), (0, 1), "{}", run.error);
    assert_eq!((folder.lines_below("1"), folder.lines_below("2")), (vec!["1".to_string()], vec!["2".to_string()]));
}
