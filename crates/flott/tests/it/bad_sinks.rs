//! Output that cannot be written. A disk that is full is tested with an in-memory disk in the crate `connector`.

use crate::folder::{Folder, assert_says, files_table};

fn copy_to(path: &str) -> String {
    let source = files_table("source", "a BIGINT", "in.csv", "csv", "");
    let sink = files_table("sink", "a BIGINT", path, "json", "");
    format!("{source}{sink}INSERT INTO sink SELECT * FROM source")
}

#[test]
fn a_folder_below_a_file() {
    let folder = Folder::with(&[("in.csv", "1\n2\n"), ("file", "kept")]);
    let message = folder.fails(&copy_to("file/out"));
    assert_says(&message, &["Sink: sink", "cannot create directory file/out: Not a directory"]);
    assert_eq!(folder.lines_below("."), ["1", "2", "kept"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_below_a_device() {
    let folder = Folder::with(&[("in.csv", "1\n2\n")]);
    let message = folder.fails(&copy_to("/dev/full/out"));
    assert_says(&message, &["Sink: sink", "cannot create directory /dev/full/out: Not a directory"]);
}

#[test]
fn one_of_several_sinks_fails_and_none_is_visible() {
    let folder = Folder::with(&[("in.csv", "1\n2\n"), ("file", "kept")]);
    let source = files_table("source", "a BIGINT", "in.csv", "csv", "");
    let good = files_table("good", "a BIGINT", "out", "json", "");
    let bad = files_table("bad", "a BIGINT", "file/out", "json", "");
    let set =
        "EXECUTE STATEMENT SET BEGIN INSERT INTO good SELECT a FROM source; INSERT INTO bad SELECT a FROM source; END";
    let message = folder.fails(&format!("{source}{good}{bad}{set}"));
    assert_says(&message, &["Sink: bad", "cannot create directory file/out"]);
    assert!(folder.files_below("out").is_empty());
}

#[test]
fn a_sink_that_takes_no_updates() {
    let folder = Folder::new();
    let sink = files_table("sink", "a INT, n BIGINT", "out", "json", "");
    let message =
        folder.fails(&format!("{sink}INSERT INTO sink SELECT a, COUNT(*) FROM (VALUES 1, 1) AS t(a) GROUP BY a"));
    assert_says(&message, &["sink' doesn't support consuming update changes"]);
}

#[test]
fn null_for_a_column_that_must_not_be() {
    let folder = Folder::new();
    let sink = files_table("sink", "a INT NOT NULL", "out", "json", "");
    let insert = "INSERT INTO sink SELECT NULLIF(a, 2) FROM (VALUES 1, 2) AS t(a)";
    let message = folder.fails(&format!("{sink}{insert}"));
    assert_says(&message, &["Column 'a' is NOT NULL", "'table.exec.sink.not-null-enforcer'='DROP'"]);
    assert!(folder.files_below("out").is_empty());
    folder.succeeds(&format!("SET 'table.exec.sink.not-null-enforcer' = 'DROP';{sink}{insert}"));
    assert_eq!(folder.lines_below("out"), ["{\"a\":1}"]);
}
