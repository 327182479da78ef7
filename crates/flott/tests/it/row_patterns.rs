//! Row patterns: the examples of docs/match-recognize.md, answers of Flink, refusals.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::folder::Folder;

/// The blocks of a language, in order.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let open = format!("```{language}\n");
    page.split(&open).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_examples_of_the_page_on_row_patterns() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/match-recognize.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let folder = Folder::with(&[("ticker.csv", blocks(&page, "csv")[0])]);
    let examples = blocks(&page, "sql");
    let table = examples[0].split_inclusive(';').next().expect("the first example creates a table");
    let queries = [examples[0].to_string(), format!("{table}\n{}", examples[1])];
    for (query, wanted) in queries.iter().zip(blocks(&page, "text")) {
        let shown = folder.succeeds(query);
        assert!(shown.contains(wanted), "{query}\n{shown}");
    }
}

const TABLE: &str =
    "CREATE TABLE t (k STRING, ts TIMESTAMP(3), p INT, WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen');\n";

/// One query over the table with these clauses, and what is said of it: a text, and the column of line 2 to which it points.
fn says(clauses: &str, wanted: &str, at: &str) {
    let query = format!("{TABLE}SELECT * FROM t MATCH_RECOGNIZE ({clauses})");
    let run = Folder::new().run(&["-e", &query]);
    assert_ne!(run.code, 0, "{clauses}");
    let column = query.lines().nth(1).and_then(|line| line.find(at)).expect("the place is in the query") + 1;
    for text in [wanted, &format!("-e:2:{column}")] {
        assert!(run.error.contains(text), "{clauses}\nwanted {text}\n{}", run.error);
    }
}

#[test]
fn patterns_that_flink_refuses_are_refused_with_their_place() {
    let of = |pattern: &str| format!("ORDER BY ts MEASURES A.p AS x PATTERN ({pattern}) DEFINE A AS A.p > 1");
    let greedy = "Greedy quantifiers are not allowed as the last element of a Pattern yet.";
    let empty = "Patterns that can produce empty matches are not supported.";
    for (pattern, wanted, at) in [
        ("B A+", greedy, "A+"),
        ("A ZZ{2,}", greedy, "ZZ{2,}"),
        ("A?", empty, "A?"),
        ("A{0,3}", empty, "A{0,3}"),
        ("(A | B?)", empty, "A | B?"),
        ("A+ ZZ? C", "Optional pattern cannot be preceded by greedy pattern", "ZZ?"),
        ("A ZZ?? C", "Reluctant optional variables are not supported yet.", "ZZ??"),
        ("ZZ A ZZ", "Pattern variables must be unique.", "ZZ) DEFINE"),
        ("A ZZ{3,2}", "The to should be a number greater than or equal to from: 3", "ZZ{3,2}"),
        ("PERMUTE(A, B)", "not supported: PERMUTE patterns", "A, B"),
    ] {
        says(&of(pattern), wanted, at);
    }
}

#[test]
fn clauses_that_flink_refuses_are_refused_with_their_place() {
    let rest = "PATTERN (A B) DEFINE A AS A.p > 1";
    let time = "You must specify either rowtime or proctime for order by as the first one.";
    for (clauses, wanted, at) in [
        (format!("ORDER BY p MEASURES A.p AS x {rest}"), time, "p MEASURES"),
        (format!("ORDER BY ts DESC MEASURES A.p AS x {rest}"), "must be ascending on time", "ts DESC"),
        (format!("ORDER BY ts MEASURES D.p AS x {rest}"), "Table 'D' not found", "D.p"),
        (format!("ORDER BY ts MEASURES SUM(A.p + B.p) AS x {rest}"), "Multiple pattern variables in", "SUM"),
        (format!("ORDER BY ts MEASURES LAST(SUM(A.p)) AS x {rest}"), "Cannot use aggregation in navigation", "SUM"),
        (format!("ORDER BY ts MEASURES LAST(A.p, -1) AS x {rest}"), "0 or more", "-1"),
        (format!("ORDER BY ts MEASURES NEXT(A.p) AS x {rest}"), "not supported: NEXT", "NEXT"),
        (
            format!("ORDER BY ts MEASURES A.p AS x AFTER MATCH SKIP TO FIRST D {rest}"),
            "Unknown pattern 'D'",
            "D PATTERN",
        ),
        (
            "ORDER BY ts MEASURES A.p AS x PATTERN (A B) WITHIN INTERVAL '1' MONTH DEFINE A AS A.p > 1".to_string(),
            "Only constant intervals with millisecond resolution",
            "INTERVAL",
        ),
        (format!("ORDER BY ts MEASURES A.p AS x {rest}, A AS A.p > 2"), "'A' has already been defined", "A AS A.p > 2"),
        ("ORDER BY ts MEASURES A.p AS x PATTERN (A B) DEFINE A AS A.p".to_string(), "must be a condition", "A.p)"),
    ] {
        says(&clauses, wanted, at.trim());
    }
}

/// Random rows, random clauses over them, and what Flink 2.3.0 answers. Of each row key and value; the n-th comes at second n and has this number as
/// its id. Of each key the matches in order: cells, then the time of day of MATCH_ROWTIME.
type Answered = (String, String, BTreeMap<String, Vec<String>>);

/// The matches that a table on the screen shows.
fn shown(screen: &str) -> BTreeMap<String, Vec<String>> {
    let mut matches: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in screen.lines().filter(|line| line.contains("2024-01-01")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).filter(|cell| *cell != "+I").collect();
        let Some((key, cells)) = cells.split_first() else { continue };
        let text = |cell: &&str| match *cell {
            "<NULL>" => "-".to_string(),
            cell => cell.trim_start_matches("2024-01-01 ").trim_end_matches(".000").to_string(),
        };
        matches.entry((*key).to_string()).or_default().push(cells.iter().map(text).collect::<Vec<_>>().join(" "));
    }
    matches
}

#[test]
fn random_patterns_find_what_flink_finds_in_streaming_and_batch_mode() {
    let folder = Folder::new();
    let columns = "k STRING, ts TIMESTAMP(3), v INT, id INT, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND";
    for line in include_str!("row_patterns.jsonl").lines() {
        let (rows, clauses, matches): Answered = serde_json::from_str(line).expect("a query with its answer");
        let row = |(id, row): (usize, &str)| {
            format!("{},2024-01-01 00:{:02}:{:02},{},{id}\n", &row[..1], id / 60, id % 60, &row[1..])
        };
        let rows: String = rows.split(' ').enumerate().map(row).collect();
        folder.write("t.csv", rows.as_bytes());
        for mode in ["streaming", "batch"] {
            let script = format!(
                "SET 'execution.runtime-mode' = '{mode}';
                 CREATE TABLE t ({columns}) WITH ('connector' = 'filesystem', 'path' = 't.csv', 'format' = 'csv');
                 SELECT * FROM t MATCH_RECOGNIZE ({clauses})"
            );
            assert_eq!(shown(&folder.succeeds(&script)), matches, "{mode}: {clauses}");
        }
    }
}

#[test]
fn explain_shows_the_match_with_flinks_fields() {
    let clauses = "PARTITION BY k ORDER BY ts MEASURES FIRST(A.p, 1) AS a, SUM(B.p) AS s, MATCH_ROWTIME() AS r
        ONE ROW PER MATCH AFTER MATCH SKIP TO LAST C PATTERN (A+ B{2} C) WITHIN INTERVAL '1' MINUTE
        DEFINE B AS p > LAST(B.p, 1), C AS C.p < LAST(A.p)";
    let screen = Folder::new().succeeds(&format!("{TABLE}EXPLAIN SELECT * FROM t MATCH_RECOGNIZE ({clauses})"));
    let wanted = "Match(partitionBy=[k], orderBy=[ts ASC], \
        measures=[FINAL(FIRST(A.p, 1)) AS a, FINAL(SUM(B.p)) AS s, FINAL(MATCH_ROWTIME()) AS r], \
        rowsPerMatch=[ONE ROW PER MATCH], after=[SKIP TO LAST _UTF-16LE'C'], \
        pattern=[((PATTERN_QUANTIFIER(_UTF-16LE'A', 1, -1, false), PATTERN_QUANTIFIER(_UTF-16LE'B', 2, 2, false)), _UTF-16LE'C')], \
        within=[60000:INTERVAL SECOND], define=[{B=>(p, LAST(B.p, 1)), C=<(p, LAST(A.p, 0))}])\n+- Exchange(distribution=[hash[k]])";
    assert_eq!(screen.matches(wanted).count(), 2, "in the physical and the execution plan:\n{screen}");
}
