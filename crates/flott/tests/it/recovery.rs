//! State that outlives the process: kill -9 and going on, stop with a savepoint, looking into what is stored.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// Kills of one run, unless it ends before.
const KILLS: usize = 6;

const ROWS_PER_FILE: usize = 4_000;
const FILES: usize = 16;

/// Rows whose event time rises through all files, as JSON.
fn with_input() -> Folder {
    let folder = Folder::new();
    fs::create_dir(folder.path("in")).expect("a folder");
    for file in 0..FILES {
        let row = |index: usize| {
            let number = file * ROWS_PER_FILE + index;
            let second = number / 50;
            let time = format!("2026-01-01 {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
            format!("{{\"k\": {}, \"v\": {number}, \"t\": \"{time}\"}}\n", number % 7)
        };
        let text: String = (0..ROWS_PER_FILE).map(row).collect();
        folder.write(&format!("in/part-{file:03}.json"), text.as_bytes());
    }
    folder
}

fn statements(folder: &Folder, out: &str) -> String {
    let path = |name: &str| folder.path(name).display().to_string();
    format!(
        "CREATE TABLE rows_in (k INT, v BIGINT, t TIMESTAMP(3), WATERMARK FOR t AS t) \
         WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json'); \
         CREATE TABLE sums (k INT, window_end TIMESTAMP(3), total BIGINT, n BIGINT) \
         WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'json'); \
         INSERT INTO sums SELECT k, window_end, SUM(v), COUNT(*) \
         FROM TABLE(TUMBLE(TABLE rows_in, DESCRIPTOR(t), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;",
        path("in"),
        path(out)
    )
}

fn flott(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flott"));
    command.args(arguments).current_dir(folder.path(".")).stdin(Stdio::null());
    command
}

/// Starts the job; its messages go into a file.
fn start(folder: &Folder, sql: &str, parallelism: usize, recover_from: Option<&str>) -> Child {
    let checkpoints = folder.path("checkpoints").display().to_string();
    let mut options = vec![
        format!("execution.checkpointing.dir={checkpoints}"),
        "execution.checkpointing.interval=20 ms".to_string(),
        format!("parallelism.default={parallelism}"),
    ];
    options.extend(recover_from.map(|path| format!("execution.state-recovery.path={path}")));
    let mut arguments = vec!["sql".to_string()];
    options.into_iter().for_each(|option| arguments.extend(["-D".to_string(), option]));
    arguments.extend(["-e".to_string(), sql.to_string()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let messages = fs::File::create(folder.path("messages")).expect("a file");
    flott(folder, &arguments).stdout(Stdio::null()).stderr(messages).spawn().expect("it starts")
}

fn messages(folder: &Folder) -> String {
    fs::read_to_string(folder.path("messages")).expect("text")
}

/// The job that the last process ran, if it got that far.
fn last_job(folder: &Folder) -> Option<String> {
    messages(folder).lines().find_map(|line| line.strip_prefix("Job ID: ").map(str::to_string))
}

/// Whether a job that was killed had ended before: it removes its checkpoints then, and says so first. A job that has not ended has a pointer
/// from its beginning on.
fn has_ended(folder: &Folder, job: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder.path("checkpoints").join(job).join("pointer")) else { return true };
    let mut pointers: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    pointers.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('0')));
    pointers.sort();
    let newest = pointers.last().map(|path| fs::read_to_string(path).expect("text"));
    newest.is_none_or(|text| text.contains("state ended"))
}

/// Whether something complete is stored there.
fn is_complete(folder: &Folder, path: &str) -> bool {
    let inspected = flott(folder, &["state", "inspect", path]).output().expect("it starts");
    inspected.status.success()
}

/// Visible lines of all files below, sorted.
fn visible_lines(folder: &Folder, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut folders = vec![folder.path(name)];
    while let Some(path) = folders.pop() {
        for entry in fs::read_dir(path).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            let file = path.file_name().expect("a name").to_string_lossy().into_owned();
            if file.starts_with('.') || file.starts_with('_') {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                lines.extend(fs::read_to_string(path).expect("text").lines().map(str::to_string));
            }
        }
    }
    lines.sort();
    lines
}

#[test]
fn a_job_that_is_killed_again_and_again_writes_each_result_once() {
    let folder = with_input();
    let whole = start(&folder, &statements(&folder, "whole"), 2, None).wait().expect("it ends");
    assert!(whole.success(), "{}", messages(&folder));
    let expected = visible_lines(&folder, "whole");
    assert_eq!(expected.len(), FILES * ROWS_PER_FILE / 500 * 7);
    let sql = statements(&folder, "killed");
    let (mut recover_from, mut kills) = (None, 0);
    let code = loop {
        let mut process = start(&folder, &sql, 1 + kills % 3, recover_from.as_deref());
        if kills == KILLS {
            break process.wait().expect("it ends");
        }
        // Later and later, so that also slow machines get on.
        let deadline = Instant::now() + Duration::from_millis(150 + 60 * kills as u64);
        while Instant::now() < deadline && process.try_wait().expect("a process").is_none() {
            sleep(Duration::from_millis(5));
        }
        if let Some(code) = process.try_wait().expect("a process") {
            break code;
        }
        process.kill().expect("it can be killed");
        let code = process.wait().expect("it ends");
        kills += 1;
        if last_job(&folder).is_some_and(|job| has_ended(&folder, &job)) {
            // All was committed, and it was killed while it tidied up.
            assert_eq!(visible_lines(&folder, "killed"), expected, "ended, after {kills} kills");
            return;
        }
        if code.success() {
            break code;
        }
        let path = last_job(&folder).map(|job| folder.path("checkpoints").join(job).display().to_string());
        recover_from = path.filter(|path| is_complete(&folder, path)).or(recover_from);
    };
    assert!(code.success(), "after {kills} kills: {}", messages(&folder));
    assert!(kills > 0, "it was never killed");
    assert_eq!(visible_lines(&folder, "killed"), expected, "after {kills} kills");
}

/// Statements of an endless job that is stopped with a savepoint by the statement behind it.
const ENDLESS: &str = "
    SET 'table.dml-sync' = 'false';
    CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1',
        'fields.n.end' = '1000000', 'rows-per-second' = '100');
";

#[test]
fn stored_state_can_be_looked_into_and_savepoints_disposed_of() {
    let folder = with_input();
    let nothing = flott(&folder, &["state", "inspect", "nowhere/at-all"]).output().expect("it starts");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("there is no checkpoint or savepoint at nowhere/at-all"));
    let mut process = start(&folder, &statements(&folder, "out"), 2, None);
    let deadline = Instant::now() + Duration::from_secs(20);
    let path = loop {
        assert!(Instant::now() < deadline, "no checkpoint: {}", messages(&folder));
        let path = last_job(&folder).map(|job| folder.path("checkpoints").join(job).display().to_string());
        if let Some(path) = path.filter(|path| is_complete(&folder, path)) {
            break path;
        }
        assert!(process.try_wait().expect("a process").is_none(), "it ended: {}", messages(&folder));
    };
    process.kill().expect("it can be killed");
    process.wait().expect("it ends");
    let inspected = flott(&folder, &["state", "inspect", &path]).output().expect("it starts");
    let report = String::from_utf8(inspected.stdout).expect("text");
    for part in ["checkpoint ", "max parallelism  128", "operator ", "state ", "key groups", "splits to be read"] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
    let disposed = flott(&folder, &["savepoint", "dispose", &path]).output().expect("it starts");
    assert_eq!(disposed.status.code(), Some(1), "it is a checkpoint");
    assert!(is_complete(&folder, &path), "nothing is deleted");
    let other =
        "CREATE TABLE hole (n BIGINT) WITH ('connector' = 'blackhole'); INSERT INTO hole SELECT n FROM numbers;";
    let run = start(&folder, &format!("{ENDLESS}{other}"), 1, Some(&path)).wait().expect("it ends");
    assert_eq!(run.code(), Some(1), "another job");
    assert!(messages(&folder).contains("operators that the job has not"), "{}", messages(&folder));
}
