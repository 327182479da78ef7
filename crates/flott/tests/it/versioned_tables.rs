//! Joins by time: intervals, versions of a table, tables that are looked up; sessions; how a plan shows them.

use crate::folder::{Folder, assert_says, files_table};

fn folder() -> (Folder, String) {
    let orders = "1,EUR,2024-01-01 00:00:05\n2,USD,2024-01-01 00:00:12\n3,EUR,2024-01-01 00:00:20\n";
    let rates = "EUR,110,2024-01-01 00:00:00\nUSD,100,2024-01-01 00:00:10\nEUR,120,2024-01-01 00:00:15\n";
    let names = "EUR,Euro\nCHF,Franc\n";
    let folder = Folder::with(&[("orders.csv", orders), ("rates.csv", rates), ("names.csv", names)]);
    let time = "ts TIMESTAMP(3), WATERMARK FOR ts AS ts";
    let tables = [
        files_table("orders", &format!("id INT, currency STRING, {time}, pt AS PROCTIME()"), "orders.csv", "csv", ""),
        files_table("rates", &format!("currency STRING, rate INT, {time}"), "rates.csv", "csv", ""),
        files_table("names", "currency STRING, name STRING", "names.csv", "csv", ""),
    ];
    let view = "CREATE VIEW versions AS SELECT currency, rate, ts FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY currency ORDER BY ts DESC) AS n FROM rates) WHERE n = 1;\n";
    (folder, format!("SET 'parallelism.default' = '1';\n{}{view}", tables.concat()))
}

/// The cells of each row that a query gives, sorted.
fn rows(query: &str) -> Vec<String> {
    let (folder, tables) = folder();
    let shown = folder.succeeds(&format!("{tables}{query}"));
    let cells = |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<String> = shown.lines().filter(|line| line.starts_with("| ")).skip(1).map(cells).collect();
    rows.sort();
    rows
}

#[test]
fn each_order_has_the_rate_of_its_time() {
    let query = "SELECT o.id, v.rate FROM orders AS o LEFT JOIN versions FOR SYSTEM_TIME AS OF o.ts AS v
        ON o.currency = v.currency";
    assert_eq!(rows(query), ["+I 1 110", "+I 2 100", "+I 3 120"]);
}

#[test]
fn a_bounded_table_is_looked_up_as_a_whole() {
    let query = "SELECT o.id, n.name FROM orders AS o LEFT JOIN names FOR SYSTEM_TIME AS OF o.pt AS n
        ON o.currency = n.currency AND n.name <> 'Franc'";
    assert_eq!(rows(query), ["+I 1 Euro", "+I 2 <NULL>", "+I 3 Euro"]);
}

#[test]
fn rows_within_an_interval() {
    let query = "SELECT o.id, r.rate FROM orders AS o JOIN rates AS r ON o.currency = r.currency
        AND r.ts BETWEEN o.ts - INTERVAL '5' SECOND AND o.ts";
    assert_eq!(rows(query), ["+I 1 110", "+I 2 100", "+I 3 120"]);
}

#[test]
fn plans_name_these_joins() {
    let (folder, tables) = folder();
    let explained = |query: &str| folder.succeeds(&format!("{tables}EXPLAIN {query}"));
    let interval = "SELECT o.id FROM orders AS o LEFT JOIN rates AS r ON o.currency = r.currency AND o.ts > r.ts
        AND o.ts < r.ts + INTERVAL '5' SECOND";
    let bounds = "windowBounds=[leftLowerBound=1, leftUpperBound=4999]";
    assert_says(&explained(interval), &["IntervalJoin(joinType=[LeftOuterJoin]", bounds]);
    let temporal = "SELECT o.id, v.rate FROM orders AS o JOIN versions FOR SYSTEM_TIME AS OF o.ts AS v
        ON UPPER(o.currency) = v.currency";
    assert_says(&explained(temporal), &["TemporalJoin(joinType=[InnerJoin]", "Deduplicate(keep=[LastRow]"]);
    let lookup = "SELECT n.name FROM orders AS o JOIN names FOR SYSTEM_TIME AS OF o.pt AS n ON o.currency = n.currency";
    assert_says(&explained(lookup), &["LookupJoin(", "lookup=[currency=currency]"]);
    let improving = "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY currency ORDER BY c DESC) AS n FROM (
        SELECT currency, id, COUNT(*) AS c FROM orders GROUP BY currency, id)) WHERE n <= 2";
    assert_says(&explained(improving), &["Rank(strategy=[UpdateFastStrategy["]);
}

#[test]
fn sessions_come_with_their_bounds() {
    let query = "SELECT id, window_start, window_end
        FROM TABLE(SESSION(TABLE orders PARTITION BY currency, DESCRIPTOR(ts), INTERVAL '10' SECOND))";
    let wanted = [
        "+I 1 2024-01-01 00:00:05.000 2024-01-01 00:00:15.000",
        "+I 2 2024-01-01 00:00:12.000 2024-01-01 00:00:22.000",
        "+I 3 2024-01-01 00:00:20.000 2024-01-01 00:00:30.000",
    ];
    assert_eq!(rows(query), wanted);
}
