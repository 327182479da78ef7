//! `scan.row-error`: fail, skip, dead-letter.

use crate::folder::{Folder, assert_says, files_table};

const BAD: &str = "1,10\n2,x\n3,30\n4\n";
const COLUMNS: &str = "a BIGINT, b BIGINT";

fn copy(more: &str) -> String {
    let source = files_table("source", COLUMNS, "in.csv", "csv", more);
    let sink = files_table("sink", COLUMNS, "out", "csv", "");
    format!("{source}{sink}INSERT INTO sink SELECT * FROM source")
}

#[test]
fn fail_is_the_default_and_can_be_said() {
    let folder = Folder::with(&[("in.csv", BAD)]);
    for more in ["", ", 'scan.row-error' = 'fail'"] {
        assert_says(&folder.fails(&copy(more)), &["in.csv:2:3: cannot parse 'x' as BIGINT"]);
        assert!(folder.files_below("out").is_empty());
    }
}

#[test]
fn skip_leaves_the_rows_out() {
    let folder = Folder::with(&[("in.csv", BAD)]);
    folder.succeeds(&copy(", 'scan.row-error' = 'skip'"));
    assert_eq!(folder.lines_below("out"), ["1,10", "3,30"]);
}

#[test]
fn dead_letter_keeps_them_with_place_and_reason() {
    let folder = Folder::with(&[("in.csv", BAD)]);
    let more = ", 'scan.row-error' = 'dead-letter', 'scan.row-error.dead-letter.path' = 'dead'";
    folder.succeeds(&copy(more));
    assert_eq!(folder.lines_below("out"), ["1,10", "3,30"]);
    let letter = |line, column, reason, record| {
        format!(r#"{{"file":"in.csv","line":{line},"column":{column},"reason":"{reason}","record":"{record}"}}"#)
    };
    let expected = [
        letter(2, 3, "cannot parse 'x' as BIGINT for column 'b'", "2,x"),
        letter(4, 1, "2 fields expected but was 1", "4"),
    ];
    assert_eq!(folder.lines_below("dead"), expected);
}

#[test]
fn skip_goes_on_behind_a_broken_json_object() {
    let folder = Folder::with(&[("in.json", "{\"a\":1,\"b\":10}\n{\"a\":2,\"b\" 7}\n{\"a\":3,\"b\":30}\n")]);
    let source = files_table("source", COLUMNS, "in.json", "json", ", 'scan.row-error' = 'skip'");
    let sink = files_table("sink", COLUMNS, "out", "csv", "");
    folder.succeeds(&format!("{source}{sink}INSERT INTO sink SELECT * FROM source"));
    assert_eq!(folder.lines_below("out"), ["1,10", "3,30"]);
}

#[test]
fn an_unknown_policy_or_half_of_one() {
    let folder = Folder::with(&[("in.csv", BAD)]);
    let unknown = folder.fails(&copy(", 'scan.row-error' = 'ignore'"));
    assert_says(&unknown, &["invalid value 'ignore'", "'scan.row-error'", "fail, skip or dead-letter"]);
    let half = folder.fails(&copy(", 'scan.row-error' = 'dead-letter'"));
    assert_says(&half, &["needs 'scan.row-error.dead-letter.path'"]);
}
