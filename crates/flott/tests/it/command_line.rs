//! Arguments, options and exit codes of `flott sql`.

use std::fs;

use crate::folder::{Folder, assert_says, files_table};

#[test]
fn usage_errors_end_with_code_2() {
    let folder = Folder::new();
    let missing = folder.run(&["-f", "none.sql"]);
    assert_eq!((missing.code, missing.error.as_str()), (2, "error: cannot read none.sql: No such file or directory\n"));
    let configuration = folder.run(&["--config", "none.yaml", "-e", "SELECT 1"]);
    assert_eq!((configuration.code, configuration.out.as_str()), (2, ""));
    assert_says(&configuration.error, &["cannot read none.yaml"]);
    assert_eq!(folder.run(&["--no-such-argument"]).code, 2);
    assert_eq!(folder.run(&["-e", "SELECT 1", "-f", "x"]).code, 2);
}

#[test]
fn options_of_the_command_line_stand_above_the_file_and_below_set() {
    let folder = Folder::with(&[("conf.yaml", "sql-client:\n  execution:\n    result-mode: table\n")]);
    let query = "SELECT 1 AS a";
    let of_file = folder.run(&["--config", "conf.yaml", "-e", query]);
    assert_says(&of_file.out, &["1 row in set"]);
    let arguments = ["--config", "conf.yaml", "-D", "sql-client.execution.result-mode=changelog"];
    let of_line = folder.run(&[&arguments[..], &["-e", query]].concat());
    assert_eq!(of_line.out, "+I[1]\n");
    let set = format!("SET 'sql-client.execution.result-mode' = 'tableau'; {query}");
    let of_set = folder.run(&[&arguments[..], &["-e", &set]].concat());
    assert_says(&of_set.out, &["Received a total of 1 row"]);
}

#[test]
fn a_value_that_does_not_fit_its_option_is_refused() {
    let folder = Folder::new();
    for assignment in ["parallelism.default=x", "parallelism.default=0", "table.exec.state.ttl=soon"] {
        let run = folder.run(&["-D", assignment, "-e", "SELECT 1"]);
        assert_eq!(run.code, 2, "{assignment}: {}", run.error);
        let key = assignment.split('=').next().expect("a key");
        assert_says(&run.error, &["error: ", key]);
        assert_eq!(run.out, "");
    }
}

#[test]
fn a_key_that_looks_mistyped_is_warned_of() {
    let set = Folder::new().run(&["-e", "SET 'table.exec.state.tl' = '1 h'"]);
    assert_eq!(set.code, 0);
    let warning = ["[WARN]", "'table.exec.state.tl'", "did you mean 'table.exec.state.ttl'?"];
    assert_says(&set.error, &warning);
    let folder = Folder::with(&[("conf.yaml", "table.exec.state.tl: 1 h\n")]);
    let of_file = folder.run(&["--config", "conf.yaml", "-e", "SELECT 1"]);
    assert_eq!(of_file.code, 0);
    assert_says(&of_file.error, &warning);
    let foreign = folder.run(&["-D", "my.own=1", "-e", "SELECT 1"]);
    assert_eq!(foreign.code, 0);
    assert_says(&foreign.error, &["[WARN] option 'my.own' is not known and has no effect"]);
}

#[test]
fn a_key_that_is_mistyped_on_the_command_line_is_an_error() {
    let folder = Folder::new();
    let message = |assignment| {
        let run = folder.run(&["-D", assignment, "-e", "SELECT 1"]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{assignment}");
        run.error
    };
    assert_says(
        &message("table.exec.state.tl=1 h"),
        &["'table.exec.state.tl'", "did you mean 'table.exec.state.ttl'?"],
    );
    assert_says(&message("paralelism.default=1"), &["did you mean 'parallelism.default'?"]);
    assert_says(&message("table.zzz=1"), &["option 'table.zzz' (from -D) is not known"]);
    assert_says(&message("nokey"), &["invalid property 'nokey': expected key=value"]);
    assert_says(&message("=x"), &["invalid property '=x': expected key=value"]);
}

#[test]
fn older_keys_and_keys_of_reporters_are_known() {
    let assignments = ["-D", "metrics.reporter.prom.port=9249", "-D", "execution.buffer-timeout=7 ms"];
    let run = Folder::new().run(&[&assignments[..], &["-e", "SELECT 1"]].concat());
    assert_eq!((run.code, run.error.as_str()), (0, ""));
}

#[test]
fn the_first_file_defines_what_the_statements_use() {
    let folder = Folder::with(&[("init.sql", "CREATE VIEW v AS SELECT 5 AS a;")]);
    let run =
        folder.run(&["-D", "sql-client.execution.result-mode=changelog", "-i", "init.sql", "-e", "SELECT a FROM v"]);
    assert_eq!((run.code, run.out.as_str()), (0, "+I[5]\n"));
}

#[test]
fn nothing_to_do_is_no_error() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["-e", ""]).code, 0);
    assert_eq!(folder.run(&["-e", " ; -- nothing\n ;"]).code, 0);
}

#[test]
fn usage_is_written_where_it_was_asked_for() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["--usage-json", "usage.json", "-e", "SELECT 1"]).code, 0);
    let usage = fs::read_to_string(folder.path("usage.json")).expect("was written");
    assert_says(&usage, &["\"wall_s\": ", "\"cpu_s\": ", "\"peak_rss_mib\": "]);
}

#[test]
fn metrics_bear_flinks_names_and_tell_of_every_job() {
    let folder = Folder::with(&[("in.csv", "1\n2\n3\n")]);
    let source = files_table("source", "a BIGINT", "in.csv", "csv", "");
    let insert = "CREATE TABLE k (a BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO k SELECT a FROM source WHERE a > 1; INSERT INTO k SELECT a FROM source WHERE a > 1;";
    let run = folder.run(&["--metrics-json", "metrics.json", "-e", &format!("{source}{insert}")]);
    assert_eq!(run.code, 0, "{}", run.error);
    let text = fs::read_to_string(folder.path("metrics.json")).expect("was written");
    let metrics: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    let total = |operator: &str, name: &str| -> u64 {
        let of_name = |metric: &&serde_json::Value| {
            let operator_name = metric["scope"]["operator_name"].as_str().unwrap_or("");
            operator_name.contains(operator) && metric["name"] == name
        };
        metrics.iter().filter(of_name).map(|metric| metric["value"].as_u64().expect("a count")).sum()
    };
    // Twice the same job: 3 rows were read, 2 written, each time.
    assert_eq!(total("Source: source", "numRecordsOut"), 6);
    assert_eq!(total("Sink: k", "numRecordsIn"), 4);
    for name in
        ["busyTimeMsPerSecond", "accumulateBackPressuredTimeMs", "numLateRecordsDropped", "currentInputWatermark"]
    {
        assert!(metrics.iter().any(|metric| metric["name"] == name), "{name}");
    }
}

#[test]
fn metrics_that_cannot_be_written_are_an_error_before_anything_runs() {
    let run = Folder::new().run(&["--metrics-json", "none/metrics.json", "-e", "SELECT 1"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert_says(&run.error, &["none/metrics.json"]);
}
