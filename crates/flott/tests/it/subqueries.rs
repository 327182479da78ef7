//! Sub-queries as values, in conditions and in FROM, with NULLs in all places.

use crate::folder::{Folder, assert_says};

const TABLES: &str = "SET 'execution.runtime-mode' = 'batch';
CREATE VIEW o AS SELECT * FROM (VALUES (1, 10), (2, 20), (3, CAST(NULL AS INT)), (4, 20)) AS o(id, k);
CREATE VIEW t AS SELECT * FROM (VALUES (10, 1), (10, 5), (20, 7), (CAST(NULL AS INT), 9)) AS t(k, v);
";

/// The cells of each row that a query gives, sorted.
fn rows(query: &str) -> Vec<String> {
    let shown = Folder::new().succeeds(&format!("{TABLES}{query}"));
    let cells = |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<String> = shown.lines().filter(|line| line.starts_with('|')).skip(1).map(cells).collect();
    rows.sort();
    rows
}

#[test]
fn aggregates_of_the_rows_that_belong_to_a_row() {
    let counted =
        "SELECT id, (SELECT COUNT(*) FROM t WHERE t.k = o.k), (SELECT SUM(v) + 1 FROM t WHERE t.k = o.k) FROM o";
    assert_eq!(rows(counted), ["1 2 7", "2 1 8", "3 0 <NULL>", "4 1 8"]);
    let compared = "SELECT id FROM o WHERE (SELECT MAX(v) FROM t WHERE t.k < o.k) = 5";
    assert_eq!(rows(compared), ["2", "4"]);
    let single = "SELECT id, (SELECT v FROM t WHERE t.k = o.k AND v > 5) FROM o";
    assert_eq!(rows(single), ["1 <NULL>", "2 7", "3 <NULL>", "4 7"]);
    let grouped = "SELECT k, COUNT(*) FROM t GROUP BY k HAVING COUNT(*) > (SELECT COUNT(*) FROM o WHERE k = 10)";
    assert_eq!(rows(grouped), ["10 2"]);
}

#[test]
fn in_knows_three_answers() {
    let values = "SELECT id, k IN (SELECT k FROM t), k NOT IN (SELECT k FROM t), k IN (SELECT k FROM t WHERE v > 100),
        5 IN (SELECT v FROM t WHERE t.k = o.k), id IN (SELECT k FROM t) FROM o";
    let wanted = [
        "1 TRUE FALSE FALSE TRUE <NULL>",
        "2 TRUE FALSE FALSE FALSE <NULL>",
        "3 <NULL> <NULL> FALSE FALSE <NULL>",
        "4 TRUE FALSE FALSE FALSE <NULL>",
    ];
    assert_eq!(rows(values), wanted);
    assert!(rows("SELECT id FROM o WHERE id NOT IN (SELECT k FROM t)").is_empty());
    assert_eq!(rows("SELECT id FROM o WHERE id NOT IN (SELECT v FROM t)"), ["2", "3", "4"]);
    assert_eq!(rows("SELECT id FROM o WHERE k NOT IN (SELECT k FROM t WHERE v > 100)").len(), 4);
}

#[test]
fn comparisons_with_any_and_all() {
    let values = "SELECT id, id < ANY (SELECT v FROM t), id > ALL (SELECT v FROM t WHERE v < 3),
        id <> ALL (SELECT v FROM t), id = ANY (SELECT v FROM t WHERE v > 100), id < ALL (SELECT k FROM t) FROM o";
    let wanted = [
        "1 TRUE FALSE FALSE FALSE <NULL>",
        "2 TRUE TRUE TRUE FALSE <NULL>",
        "3 TRUE TRUE TRUE FALSE <NULL>",
        "4 TRUE TRUE TRUE FALSE <NULL>",
    ];
    assert_eq!(rows(values), wanted);
}

#[test]
fn exists_in_any_place() {
    let either = "SELECT id FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.k = o.k AND v > 5) OR id = 3";
    assert_eq!(rows(either), ["2", "3", "4"]);
    let values =
        "SELECT id, EXISTS (SELECT 1 FROM t WHERE t.k = o.k), NOT EXISTS (SELECT 1 FROM t WHERE v > 100) FROM o";
    assert_eq!(rows(values), ["1 TRUE TRUE", "2 TRUE TRUE", "3 FALSE TRUE", "4 TRUE TRUE"]);
    let nested = "SELECT id FROM o WHERE CASE WHEN id IN (SELECT v FROM t) THEN 10 ELSE 20 END
        IN (SELECT k FROM t WHERE t.k = o.k)";
    assert_eq!(rows(nested), ["1", "2", "4"]);
}

#[test]
fn lateral_sub_queries_see_the_row_beside_them() {
    let best = "SELECT id, v FROM o, LATERAL (SELECT v FROM t WHERE t.k = o.k ORDER BY v DESC LIMIT 1) AS l";
    assert_eq!(rows(best), ["1 5", "2 7", "4 7"]);
    let all = "SELECT id, m, c FROM o LEFT JOIN LATERAL (SELECT MAX(v) m, COUNT(*) c FROM t WHERE t.k = o.k) ON TRUE";
    assert_eq!(rows(all), ["1 5 2", "2 7 1", "3 <NULL> 0", "4 7 1"]);
}

#[test]
fn what_has_no_single_value_fails() {
    let query = format!("{TABLES}SELECT id, (SELECT v FROM t WHERE t.k = o.k) FROM o");
    let run = Folder::new().run(&["-e", &query]);
    assert_ne!(run.code, 0);
    assert_says(&run.error, &["SingleValueAggFunction received more than one element."]);
}
