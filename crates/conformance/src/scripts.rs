//! Cases of scripts: block by block, with the tables and messages that Flink's client printed.
//!
//! Tables are compared by columns and cells, other output as text. Of an error the words of the message count, not the Java class before
//! them; of a parse error only that it is one, as Flink's text lists the tokens of its own grammar.

use flott_client::sql::{Outcome as Ran, QueryRun, SqlClient};
use flott_configuration::{Configuration, Origin};
use flott_environment::{Environment, TemporaryDirectory};
use flott_evaluation::{Evaluator, Instant, Session};
use flott_expression::Expression;
use flott_record::value_array::value_at;
use flott_record::{Batch, RowKind, TypeKind, Value};
use flott_sql::statement::ResultKind;
use flott_syntax::ast::Statement;
use serde_json::Value as Json;

use crate::case::{Ended, Outcome, list, text, texts};
use crate::engine::{Step, await_rows, finish};
use crate::functions::has_words;
use crate::values::{Stage, ValuesConnector};

const NULL_TEXT: &str = "<NULL>";

/// What a statement printed.
enum Printed {
    Nothing,
    Table { columns: Vec<String>, rows: Vec<Vec<String>> },
    Text(String),
}

/// Runs a case.
pub(crate) fn run(environment: &Environment, case: &Json) -> Outcome {
    let ran = environment
        .temporary_directory(&std::env::temp_dir(), "flott-script")
        .map_err(|error| Outcome::failed(error.to_string()))
        .and_then(|folder| run_blocks(environment, case, &folder));
    ran.map_or_else(|outcome| outcome, |()| Outcome::Passed)
}

fn run_blocks(environment: &Environment, case: &Json, folder: &TemporaryDirectory) -> Ended<()> {
    let mut configuration = Configuration::new();
    for (key, value) in [("parallelism.default", "1"), ("table.local-time-zone", "UTC")] {
        configuration.set(key, value, Origin::Program);
    }
    let mut registry = flott_connector::standard();
    registry.register(std::sync::Arc::new(ValuesConnector::new(&Stage::default())));
    let client = SqlClient::new(environment, configuration, registry);
    let mut client = client.map_err(|error| Outcome::of_error(&error.to_string()))?;
    let paths = paths(case, folder);
    if let Some(script) = text(case, "text") {
        return run_plain(environment, &mut client, script);
    }
    for (number, block) in list(case, "blocks").iter().enumerate() {
        let sql = fill(text(block, "statement").unwrap_or(""), &paths);
        let wanted = fill(text(block, "output").unwrap_or(""), &paths);
        let printed = execute(environment, &mut client, &sql);
        compare(block, &wanted, printed).map_err(|outcome| at_block(outcome, number, &sql))?;
    }
    Ok(())
}

/// A script without recorded output: it has to run.
fn run_plain(environment: &Environment, client: &mut SqlClient, script: &str) -> Ended<()> {
    for statement in crate::engine::parse(script).map_err(|error| Outcome::of_error(&error))? {
        let ran = execute_statement(environment, client, &statement);
        ran.map_err(|error| Outcome::of_error(&error))?;
    }
    Ok(())
}

fn at_block(outcome: Outcome, number: usize, sql: &str) -> Outcome {
    let place =
        |why: String| format!("block {}, {}: {why}", number + 1, sql.split_whitespace().collect::<Vec<_>>().join(" "));
    match outcome {
        Outcome::Failed(why) => Outcome::failed(place(why)),
        Outcome::NotSupported(why) => Outcome::NotSupported(place(why)),
        other => other,
    }
}

/// A path for each placeholder of the record, longest name first, so that no name hides in another.
fn paths(case: &Json, folder: &TemporaryDirectory) -> Vec<(String, String)> {
    let mut names = texts(case, "vars");
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let path = |name: &str| folder.path().join(name.trim_start_matches('$').to_lowercase()).display().to_string();
    names.into_iter().map(|name| (name.to_string(), path(name))).collect()
}

fn fill(template: &str, paths: &[(String, String)]) -> String {
    paths.iter().fold(template.to_string(), |filled, (name, path)| filled.replace(name, path))
}

fn execute(environment: &Environment, client: &mut SqlClient, sql: &str) -> Step<Printed> {
    let mut printed = Printed::Nothing;
    for statement in flott_syntax::parse_statements(sql).map_err(|error| format!("{PARSE_ERROR}{error}"))? {
        printed = execute_statement(environment, client, &statement)?;
    }
    Ok(printed)
}

/// Stands before the message of an error of the parser.
const PARSE_ERROR: &str = "parse error: ";

fn execute_statement(environment: &Environment, client: &mut SqlClient, statement: &Statement) -> Step<Printed> {
    match client.execute(statement).map_err(|error| error.to_string())? {
        Ran::Done(result) if result.kind == ResultKind::Ok => Ok(Printed::Nothing),
        Ran::Done(result) => {
            let columns: Vec<String> = result.columns.iter().map(|(name, _)| name.clone()).collect();
            match result.rows.as_slice() {
                [row] if columns == ["result"] => Ok(Printed::Text(cell_text(&row[0]))),
                rows => {
                    let rows = rows.iter().map(|row| row.iter().map(cell_text).collect()).collect();
                    Ok(Printed::Table { columns, rows })
                }
            }
        }
        Ran::Query(query) => show(environment, client, query),
        Ran::Insert(job) => {
            finish(&job)?;
            Ok(Printed::Nothing)
        }
        Ran::Client(command) => Err(format!("not supported: the command {command:?} in a script of the tests")),
    }
}

fn cell_text(value: &Value) -> String {
    match value {
        Value::Null => NULL_TEXT.to_string(),
        Value::Boolean(truth) => truth.to_string().to_uppercase(),
        other => other.to_string(),
    }
}

/// A query's result as the client's tables show it: of a stream with the kinds of rows.
fn show(environment: &Environment, client: &SqlClient, query: QueryRun) -> Step<Printed> {
    let settings = client.session.settings().map_err(|error| error.to_string())?;
    let session = Session {
        time_zone: settings.time_zone,
        batch_mode: settings.batch_mode,
        query_start_ms: settings.query_start_ms,
        seeds: flott_evaluation::Seeds::default(),
    };
    let mut columns: Vec<String> = query.schema.fields.iter().map(|field| field.name.clone()).collect();
    if !query.batch_mode {
        columns.insert(0, "op".to_string());
    }
    let mut writers = Vec::new();
    for (index, field) in query.schema.fields.iter().enumerate() {
        let cast = Expression::column(index, field.data_type.clone()).cast_to(&TypeKind::string().nullable());
        writers.push(Evaluator::new(&cast, &session).map_err(|error| error.to_string())?);
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for batch in await_rows(environment, query.results, &query.job)? {
        for (kind, cells) in texts_of(&batch, &mut writers, environment)? {
            if !query.batch_mode {
                rows.push(std::iter::once(kind.short().to_string()).chain(cells).collect());
            } else if kind.is_addition() {
                rows.push(cells);
            } else if let Some(known) = rows.iter().position(|row| *row == cells) {
                rows.remove(known);
            }
        }
    }
    Ok(Printed::Table { columns, rows })
}

fn texts_of(batch: &Batch, writers: &mut [Evaluator], environment: &Environment) -> Step<Vec<(RowKind, Vec<String>)>> {
    let instant = Instant { now_ms: environment.clock().now_ms(), watermark_ms: i64::MIN };
    let mut columns = Vec::new();
    for writer in writers {
        columns.push(writer.evaluate(batch, instant).map_err(|error| error.message)?);
    }
    let text_type = TypeKind::string().nullable();
    let row = |row: usize| {
        let cells = columns.iter().map(|column| cell_text(&value_at(column, row, &text_type))).collect();
        (batch.kind(row), cells)
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

fn compare(block: &Json, wanted: &str, printed: Step<Printed>) -> Ended<()> {
    let kind = text(block, "result_kind").unwrap_or("ok");
    if kind == "error" {
        return match printed {
            Ok(_) => Err(Outcome::failed(format!("no error, expected {wanted}"))),
            Err(message) => compare_error(wanted, &message),
        };
    }
    let printed = printed.map_err(|error| Outcome::of_error(&error))?;
    if let Some(table) = block.get("table").filter(|table| !table.is_null()) {
        return compare_table(table, &printed);
    }
    match printed {
        Printed::Nothing if kind == "info" => Ok(()),
        Printed::Table { rows, .. } if rows.is_empty() && wanted.trim() == "Empty set" => Ok(()),
        Printed::Text(text) if text.trim() == wanted.trim() => Ok(()),
        Printed::Text(text) => Err(Outcome::failed(format!("the text is {text}, expected {wanted}"))),
        Printed::Table { columns, rows } => {
            Err(Outcome::failed(format!("a table {columns:?} {rows:?}, expected {wanted}")))
        }
        Printed::Nothing => Err(Outcome::failed(format!("nothing, expected {wanted}"))),
    }
}

fn compare_error(wanted: &str, message: &str) -> Ended<()> {
    // `[ERROR] Could not execute SQL statement. Reason:` may stand before `class: message`.
    let reason = wanted.split_once("Reason:").map_or(wanted, |(_, reason)| reason).trim();
    let (class, words) = reason.split_once(": ").unwrap_or(("", reason));
    if class.ends_with("ParseException") && message.starts_with(PARSE_ERROR) || has_words(message, words) {
        return Ok(());
    }
    match Outcome::of_error(message) {
        Outcome::NotSupported(why) => Err(Outcome::NotSupported(why)),
        _ => Err(Outcome::failed(format!("the error is {message}, expected {words}"))),
    }
}

fn compare_table(table: &Json, printed: &Printed) -> Ended<()> {
    let wanted_columns = texts(table, "columns");
    let wanted_rows: Vec<Vec<&str>> = list(table, "rows")
        .iter()
        .map(|row| row.as_array().map_or_else(Vec::new, |cells| cells.iter().filter_map(Json::as_str).collect()))
        .collect();
    let shown = |columns: &[String], rows: &[Vec<String>]| format!("{columns:?} {rows:?}");
    match printed {
        // A gateway's answer to a statement without rows is a table as well.
        Printed::Nothing if wanted_columns == ["result"] && wanted_rows == [["OK"]] => Ok(()),
        Printed::Table { columns, rows } => {
            let is_same = same_cells(&wanted_columns, columns)
                && wanted_rows.len() == rows.len()
                && wanted_rows.iter().zip(rows).all(|(wanted, row)| same_cells(wanted, row));
            if is_same {
                return Ok(());
            }
            Err(Outcome::failed(format!(
                "the table is {}, expected {wanted_columns:?} {wanted_rows:?}",
                shown(columns, rows)
            )))
        }
        Printed::Text(text) => {
            let is_same = wanted_rows.len() == 1 && same_cells(&wanted_rows[0], std::slice::from_ref(text));
            if is_same { Ok(()) } else { Err(Outcome::failed(format!("the text is {text}, expected {wanted_rows:?}"))) }
        }
        Printed::Nothing => Err(Outcome::failed(format!("nothing, expected {wanted_columns:?} {wanted_rows:?}"))),
    }
}

/// Whether cells are the same; a cell that the client cut ends with dots.
fn same_cells(wanted: &[&str], actual: &[String]) -> bool {
    let same = |wanted: &str, actual: &str| match wanted.strip_suffix("...") {
        Some(beginning) => actual.starts_with(beginning),
        None => wanted == actual.trim(),
    };
    wanted.len() == actual.len() && wanted.iter().zip(actual).all(|(wanted, actual)| same(wanted, actual))
}
