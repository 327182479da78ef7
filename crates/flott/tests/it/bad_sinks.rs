//! Output that cannot be written.

use std::process::Command;

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

/// More rows than the small disks and limits below take.
fn much_to(path: &str) -> String {
    let source = "CREATE TABLE source (a BIGINT, b STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '20000',
        'rows-per-second' = '1000000');";
    let sink = files_table("sink", "a BIGINT, b STRING", path, "json", "");
    format!("{source}{sink}INSERT INTO sink SELECT * FROM source")
}

/// Every write beyond a size fails, as on a full disk, but for the name of the error.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_must_not_grow() {
    let folder = Folder::new();
    folder.write("job.sql", much_to("out").as_bytes());
    let script = format!("trap '' XFSZ; ulimit -f 64; exec '{}' sql -f job.sql", env!("CARGO_BIN_EXE_flott"));
    let run = folder.run_command(Command::new("sh").args(["-c", &script]));
    run.is_a_proper_failure();
    assert_says(&run.error, &["Sink: sink", "cannot write", "out/.part-", "File too large"]);
    assert!(folder.files_below("out").is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full() {
    let folder = Folder::new();
    let disk = folder.path("disk");
    std::fs::create_dir(&disk).expect("the folder can be written");
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&disk).output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        println!("skipped: a small disk needs the right to mount one");
        return;
    }
    let run = folder.run(&["-e", &much_to("disk/out")]);
    let left: Vec<_> = std::fs::read_dir(disk.join("out")).into_iter().flatten().collect();
    let unmounted = Command::new("umount").arg(&disk).status().expect("umount starts");
    assert!(unmounted.success());
    run.is_a_proper_failure();
    assert_says(&run.error, &["Sink: sink", "cannot write", "disk/out/.part-", "No space left on device"]);
    assert!(left.is_empty(), "{left:?}");
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
