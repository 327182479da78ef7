//! Input that cannot be read: the message says where and why, and nothing of the job is visible.

use crate::folder::{Folder, assert_says, files_table};

/// Fails to copy `file`; nothing is visible afterwards.
fn copy_fails(folder: &Folder, columns: &str, file: &str, format: &str) -> String {
    let source = files_table("source", columns, file, format, "");
    let sink = files_table("sink", columns, "out", "json", "");
    let message = folder.fails(&format!("{source}{sink}INSERT INTO sink SELECT * FROM source"));
    assert!(folder.files_below("out").is_empty());
    message
}

#[test]
fn a_malformed_csv_row() {
    let folder = Folder::with(&[("a.csv", "1,10\n2,x\n3,30\n")]);
    let message = copy_fails(&folder, "a BIGINT, b BIGINT", "a.csv", "csv");
    assert_says(&message, &["Source: source", "a.csv:2:3: cannot parse 'x' as BIGINT for column 'b' (record: 2,x)"]);
}

#[test]
fn a_csv_row_with_fields_missing_or_too_many() {
    let folder = Folder::with(&[("few.csv", "1,10\n2\n"), ("many.csv", "1,2,3\n")]);
    let few = copy_fails(&folder, "a BIGINT, b BIGINT", "few.csv", "csv");
    assert_says(&few, &["few.csv:2:1: 2 fields expected but was 1 (record: 2)"]);
    let many = copy_fails(&folder, "a BIGINT, b BIGINT", "many.csv", "csv");
    assert_says(&many, &["many.csv:1:5: 2 fields expected but was 3 (record: 1,2,3)"]);
}

#[test]
fn a_csv_quote_without_end() {
    let folder = Folder::with(&[("a.csv", "1,\"10\n2,20\n")]);
    let message = copy_fails(&folder, "a BIGINT, b STRING", "a.csv", "csv");
    assert_says(&message, &["a.csv:1:3: a quote that is never closed"]);
}

#[test]
fn bytes_that_are_no_text() {
    let folder = Folder::new();
    folder.write("a.csv", b"1,a\n2,\xff\xfe\n");
    let message = copy_fails(&folder, "a BIGINT, b STRING", "a.csv", "csv");
    assert_says(&message, &["a.csv:2:3: bytes that aren't UTF-8"]);
}

#[test]
fn a_malformed_json_row() {
    let folder =
        Folder::with(&[("a.json", "{\"a\":1,\"b\":10}\n{\"a\":2,\"b\" 7}\n"), ("cut.json", "{\"a\":1,\"b\":")]);
    let message = copy_fails(&folder, "a BIGINT, b BIGINT", "a.json", "json");
    assert_says(&message, &["Source: source", "a.json:2:12: expected ':', found '7' (record: {\"a\":2,\"b\" 7})"]);
    let cut = copy_fails(&folder, "a BIGINT, b BIGINT", "cut.json", "json");
    assert_says(&cut, &["cut.json:1:12: the input ends within a JSON object"]);
}

#[test]
fn a_json_value_of_the_wrong_type() {
    let folder = Folder::with(&[("a.json", "{\"a\":1,\"b\":\"x\"}\n")]);
    let message = copy_fails(&folder, "a BIGINT, b BIGINT", "a.json", "json");
    assert_says(
        &message,
        &["a.json:1:12: cannot parse \"x\" as BIGINT for column 'b' (record: {\"a\":1,\"b\":\"x\"})"],
    );
}

#[test]
fn a_gzip_file_that_is_none_or_is_cut() {
    let folder = Folder::with(&[("plain.csv.gz", "1,10\n2,20\n3,30\n4,40\n")]);
    let plain = copy_fails(&folder, "a BIGINT, b BIGINT", "plain.csv.gz", "csv");
    assert_says(&plain, &["cannot read plain.csv.gz: invalid gzip header"]);
    folder.write("cut.csv.gz", &crate::queries::GZIP[..crate::queries::GZIP.len() - 12]);
    let cut = copy_fails(&folder, "a BIGINT, b BIGINT", "cut.csv.gz", "csv");
    assert_says(&cut, &["cannot read cut.csv.gz: "]);
}

#[test]
fn a_missing_file() {
    let folder = Folder::new();
    let message = copy_fails(&folder, "a BIGINT", "none.csv", "csv");
    assert_says(&message, &["Source: source", "cannot read none.csv: No such file or directory (option 'path')"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_must_not_be_read() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    fs::create_dir_all(folder.path("in/closed")).expect("a folder");
    folder.write("in/open.csv", b"1\n");
    let mode = |mode| fs::set_permissions(folder.path("in/closed"), fs::Permissions::from_mode(mode));
    mode(0o000).expect("its owner may");
    if fs::read_dir(folder.path("in/closed")).is_ok() {
        println!("skipped: this user may read everything");
    } else {
        let message = copy_fails(&folder, "a BIGINT", "in", "csv");
        assert_says(&message, &["in/closed: Permission denied"]);
    }
    mode(0o700).expect("its owner may");
}

#[test]
fn a_path_elsewhere() {
    let folder = Folder::new();
    let message = copy_fails(&folder, "a BIGINT", "s3://bucket/a", "csv");
    assert_says(&message, &["not supported: reading files of an object store (option 'path' = 's3://bucket/a')"]);
}
