//! Cases of whole programs: sources, sinks, statements, and the changelog that each sink must be given.
//!
//! A restore test is run as upstream runs it: on the rows before the savepoint, stopped with a snapshot, and gone on from there with the
//! rows after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_client::JobSnapshot;
use flott_simulation::Simulation;
use flott_syntax::ast::{Insert, StatementKind};
use serde_json::Value as Json;

use crate::case::{Ended, Outcome, list, options, text, texts};
use crate::compare::{row_text, same_multiset};
use crate::engine::{Engine, Started, Step, create_table, finish, inserts_of, materialize, parse, parse_query, quoted};
use crate::functions::error_outcome;
use crate::java_text;
use crate::limits::{SETTLE_MS, SETTLE_WINDOWS_MS};
use crate::values::{IDENTIFIER, Recorded, TableData};

/// How upstream runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Once, on the rows before.
    Streaming,
    /// Before, savepoint, after.
    Restore,
    /// As `Restore`, and the sources never end.
    Infinite,
    /// On the rows before; nothing is restored.
    NoRestore,
    /// Bounded, on all rows.
    Batch,
}

/// Which part of a sink's expectation to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Before,
    All,
    Batch,
}

/// Runs a case: every way that upstream runs it.
pub(crate) fn run(simulation: &Simulation, case: &Json) -> Outcome {
    if case.get("runnable_sql").and_then(Json::as_bool) != Some(true) {
        return Outcome::Skipped("needs Java code or the Table API".to_string());
    }
    let modes: Vec<Mode> = list(case, "modes").iter().filter_map(|mode| mode_of(text(mode, "runner")?)).collect();
    if modes.is_empty() {
        return Outcome::Skipped("upstream does not run it".to_string());
    }
    for mode in modes {
        match run_mode(simulation, case, mode) {
            Ok(Outcome::Passed) => {}
            Ok(Outcome::Failed(why)) | Err(Outcome::Failed(why)) => return Outcome::Failed(format!("{mode:?}: {why}")),
            Ok(other) | Err(other) => return other,
        }
    }
    Outcome::Passed
}

fn mode_of(runner: &str) -> Option<Mode> {
    match runner {
        "streaming" => Some(Mode::Streaming),
        "streaming-restore" => Some(Mode::Restore),
        "streaming-restore:infinite" => Some(Mode::Infinite),
        "streaming-restore:no-restore" => Some(Mode::NoRestore),
        "batch" => Some(Mode::Batch),
        _ => None,
    }
}

/// One run of a program.
struct Program<'a> {
    simulation: &'a Simulation,
    case: &'a Json,
    engine: Engine,
    mode: Mode,
}

fn run_mode(simulation: &Simulation, case: &Json, mode: Mode) -> Ended<Outcome> {
    let fail = |error: String| Outcome::of_error(&error);
    let mut given = options(case, "config");
    if mode == Mode::Streaming {
        // The tests of FROM_CHANGELOG and TO_CHANGELOG alone set IGNORE.
        let resolve = if is_changelog_function(case) { "IGNORE" } else { "TRY_RESOLVE" };
        given.insert(0, ("table.optimizer.non-deterministic-update.strategy".to_string(), resolve.to_string()));
    }
    if matches!(mode, Mode::Restore | Mode::Infinite | Mode::NoRestore) {
        // Upstream runs a plan here that an older Flink compiled, when nothing asked for ON CONFLICT.
        given.insert(0, ("table.exec.sink.require-on-conflict".to_string(), "false".to_string()));
    }
    if mode == Mode::Batch {
        given.push(("execution.runtime-mode".to_string(), "batch".to_string()));
    }
    let engine = Engine::new(simulation.environment(), &given).map_err(fail)?;
    let mut program = Program { simulation, case, engine, mode };
    let set_up = program.set_up();
    if let Some(expected) = case.get("expects_error").filter(|error| !error.is_null()) {
        let ran = set_up.and_then(|()| program.run_each());
        return Ok(error_outcome(expected, ran.map(|()| "no error".to_string()).map_err(fail)));
    }
    set_up.map_err(fail)?;
    program.run_all()
}

fn is_changelog_function(case: &Json) -> bool {
    let tests = list(case, "modes").iter().filter_map(|mode| text(mode, "test"));
    tests.into_iter().any(|test| test.starts_with("ToChangelog") || test.starts_with("FromChangelog"))
}

impl Program<'_> {
    /// Tables, views and functions, in the record's order.
    fn set_up(&mut self) -> Step<()> {
        let setup_sql = texts(self.case, "setup_sql");
        for step in texts(self.case, "setup") {
            let Some((what, name)) = step.split_once(':') else { continue };
            match what {
                "source" => self.table("sources", name)?,
                "sink" => self.table("sinks", name)?,
                "sql" => {
                    let index: usize = name.parse().map_err(|_| format!("unknown set-up step {step}"))?;
                    let statement = setup_sql.get(index).ok_or_else(|| format!("unknown set-up step {step}"))?;
                    self.engine.execute(statement)?;
                }
                "config" => {}
                other => return Err(format!("not supported: set-up step {other}")),
            }
        }
        Ok(())
    }

    fn table(&mut self, side: &str, name: &str) -> Step<()> {
        let table = list(self.case, side).iter().find(|table| text(table, "name") == Some(name));
        let table = table.ok_or_else(|| format!("no table {name} among the {side}"))?;
        let columns: Vec<String> = texts(table, "schema").into_iter().map(str::to_string).collect();
        let mut given = options(table, "options");
        let has = |given: &[(String, String)], key: &str| given.iter().any(|(known, _)| known == key);
        for (key, value) in [("connector", IDENTIFIER), ("data-id", name)] {
            if !has(&given, key) {
                given.push((key.to_string(), value.to_string()));
            }
        }
        // Upstream's source sends a watermark after each row if it is told the strategy; the record says so by its capitals.
        let on_event = columns.iter().any(|column| column.contains("WATERMARK FOR"));
        if on_event && !has(&given, "scan.watermark.emit.strategy") {
            given.push(("scan.watermark.emit.strategy".to_string(), "on-event".to_string()));
        }
        let partition = texts(table, "partitionKeys");
        let distribution = text(table, "distribution");
        self.engine.execute(&create_table(name, &columns, &partition, distribution, &given))
    }

    /// Gives the sources the rows of a run.
    fn feed(&self, endless: bool, with_after: bool) {
        for source in list(self.case, "sources") {
            let mut rows = list(source, "rows_before_restore").to_vec();
            // In a second run a lookup finds the rows of that run only.
            let rows_before = if with_after && self.mode != Mode::Batch { rows.len() } else { 0 };
            if with_after {
                rows.extend(list(source, "rows_after_restore").iter().cloned());
            }
            let name = text(source, "name").unwrap_or("");
            self.engine.stage.put(name, TableData { rows, endless, rows_before });
        }
    }

    /// The INSERTs of each statement; a query goes into the only sink.
    fn jobs(&self) -> Step<Vec<Vec<Insert>>> {
        let statement_set = texts(self.case, "statement_set");
        if !statement_set.is_empty() {
            let mut all = Vec::new();
            for sql in statement_set {
                all.extend(self.inserts(sql)?.into_iter().flatten());
            }
            return Ok(vec![all]);
        }
        let mut jobs = Vec::new();
        for sql in texts(self.case, "sql") {
            jobs.extend(self.inserts(sql)?);
        }
        Ok(jobs)
    }

    fn inserts(&self, sql: &str) -> Step<Vec<Vec<Insert>>> {
        let mut jobs = Vec::new();
        for statement in parse(sql)? {
            let is_query = matches!(statement.kind, StatementKind::Query(_));
            let sink = list(self.case, "sinks").first().and_then(|sink| text(sink, "name"));
            let statement = match sink {
                Some(sink) if is_query => {
                    let into = format!("INSERT INTO {} {sql}", quoted(sink));
                    parse(&into)?.into_iter().next().ok_or_else(|| "no statement".to_string())?
                }
                _ => statement,
            };
            jobs.push(inserts_of(&statement).ok_or_else(|| format!("not supported: running {sql}"))?);
        }
        Ok(jobs)
    }

    /// Runs each statement by itself and gives the first error; upstream says of several failing ones only what the last one must say.
    fn run_each(&self) -> Step<()> {
        self.feed(false, self.mode == Mode::Batch);
        let mut result = Ok(());
        for sql in texts(self.case, "sql") {
            let ran = if list(self.case, "sinks").is_empty() && parse_query(sql).is_ok() {
                self.engine.query(&parse_query(sql)?).map(drop)
            } else {
                self.inserts(sql).and_then(|jobs| {
                    jobs.iter().try_for_each(|inserts| finish(&self.engine.start(inserts, None)?.handle))
                })
            };
            if ran.is_err() {
                result = ran;
            }
        }
        result
    }

    fn run_all(&self) -> Ended<Outcome> {
        let fail = |error: String| Outcome::of_error(&error);
        match self.mode {
            Mode::Streaming | Mode::NoRestore => {
                self.feed(false, false);
                self.run_to_end().map_err(fail)?;
                self.compare(Part::Before)?;
            }
            Mode::Batch => {
                self.feed(false, true);
                self.run_to_end().map_err(fail)?;
                self.compare(Part::Batch)?;
            }
            Mode::Restore | Mode::Infinite => {
                self.feed(true, false);
                let snapshots = self.run_to_snapshot(&BTreeMap::new()).map_err(fail)?;
                self.compare(Part::Before)?;
                self.feed(self.mode == Mode::Infinite, true);
                match self.mode {
                    Mode::Infinite => self.run_to_snapshot(&snapshots).map(|_| ()),
                    _ => self.run_to_end_from(&snapshots),
                }
                .map_err(fail)?;
                self.compare(Part::All)?;
            }
        }
        Ok(Outcome::Passed)
    }

    fn run_to_end(&self) -> Step<()> {
        self.run_to_end_from(&BTreeMap::new())
    }

    fn run_to_end_from(&self, snapshots: &BTreeMap<usize, Arc<JobSnapshot>>) -> Step<()> {
        for (index, inserts) in self.jobs()?.iter().enumerate() {
            let job = self.engine.start(inserts, snapshots.get(&index).cloned())?;
            finish(&job.handle)?;
        }
        Ok(())
    }

    /// Runs each job until its sources have given all their rows, and stops it with a snapshot.
    fn run_to_snapshot(&self, from: &BTreeMap<usize, Arc<JobSnapshot>>) -> Step<BTreeMap<usize, Arc<JobSnapshot>>> {
        let mut snapshots = BTreeMap::new();
        for (index, inserts) in self.jobs()?.iter().enumerate() {
            self.engine.stage.begin_reading();
            let job = self.engine.start(inserts, from.get(&index).cloned())?;
            self.engine.await_reading(&job)?;
            let settle_ms = if self.mode == Mode::Infinite { SETTLE_WINDOWS_MS } else { SETTLE_MS };
            self.simulation.pass_ms(settle_ms).map_err(|error| error.to_string())?;
            snapshots.insert(index, self.stop(&job)?);
        }
        Ok(snapshots)
    }

    fn stop(&self, job: &Started) -> Step<Arc<JobSnapshot>> {
        let snapshot = job.handle.stop_with_snapshot().wait().map_err(|error| match job.handle.result() {
            Some(Err(failure)) => failure.to_string(),
            _ => error.to_string(),
        })?;
        finish(&job.handle)?;
        Ok(snapshot)
    }

    fn compare(&self, part: Part) -> Ended<()> {
        for sink in list(self.case, "sinks") {
            let name = text(sink, "name").unwrap_or("");
            let Some(expected) = expected(sink, part) else { continue };
            let actual = self.actual(name, sink, part)?;
            same_multiset(&expected, &actual).map_err(|why| Outcome::failed(format!("{part:?} {name}: {why}")))?;
        }
        Ok(())
    }

    fn actual(&self, name: &str, sink: &Json, part: Part) -> Ended<Vec<String>> {
        let written: Vec<Recorded> = self.engine.stage.written(name);
        if text(sink, "compare") != Some("materialized") && !(part == Part::Batch && has_materialized(sink)) {
            return Ok(written.iter().map(|(kind, row)| row_text(*kind, row)).collect());
        }
        let key = self.engine.primary_key(name).map_err(|error| Outcome::of_error(&error))?;
        let rows = materialize(&written, &key);
        Ok(rows.iter().map(|row| row_text(flott_record::RowKind::Insert, row)).collect())
    }
}

fn has_materialized(sink: &Json) -> bool {
    sink.get("expected_materialized").is_some_and(|rows| !rows.is_null())
}

/// The rows that a sink must have; `None` if upstream does not look.
fn expected(sink: &Json, part: Part) -> Option<Vec<String>> {
    let texts_of = |member: &str| {
        let rows = sink.get(member)?.as_array()?;
        Some(rows.iter().filter_map(|row| row.as_str().map(str::to_string)).collect::<Vec<_>>())
    };
    let deduplicate = list(sink, "dedup_fields");
    if !deduplicate.is_empty() {
        return deduplicated(sink, deduplicate, part);
    }
    match part {
        Part::Before => texts_of("expected_before_restore"),
        Part::All => texts_of("expected"),
        Part::Batch => texts_of("expected_materialized").or_else(|| texts_of("expected")),
    }
}

/// Of the expected rows, the last one for each value of some columns.
fn deduplicated(sink: &Json, columns: &[Json], part: Part) -> Option<Vec<String>> {
    let mut rows = list(sink, "expected_rows_before_restore").to_vec();
    if part != Part::Before {
        rows.extend(list(sink, "expected_rows_after_restore").iter().cloned());
    }
    let mut last: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for row in &rows {
        let cells = list(row, "row");
        let key = columns.iter().map(|column| Some(java_text::of_cell(cells.get(column.as_u64()? as usize)?)));
        let shown = format!("{}[{}]", text(row, "op")?, java_text::of_cells(cells, ", "));
        last.insert(key.collect::<Option<Vec<String>>>()?, shown);
    }
    Some(last.into_values().collect())
}
