//! Cases of queries over test tables: the result's text, row by row, as upstream compares it.

use flott_environment::Environment;
use flott_record::{RowKind, Value};
use serde_json::Value as Json;

use crate::case::{Ended, Outcome, list, names_java_function, options, text, texts};
use crate::compare::{cells_text, row_text, same_list, same_multiset, with_bitmaps_as_text};
use crate::engine::{Engine, create_table, materialize, parse_query, quoted};
use crate::functions::table_options;
use crate::values::{Recorded, TableData};
use crate::{cell, java_text};

/// Runs a case.
pub(crate) fn run(environment: &Environment, case: &Json) -> Outcome {
    match run_case(environment, case) {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

fn run_case(environment: &Environment, case: &Json) -> Ended<Outcome> {
    if let Some(why) = lacks(case) {
        return Err(Outcome::Skipped(why.to_string()));
    }
    let fail = |error: String| Outcome::of_error(&error);
    let mut given = options(case, "config");
    if text(case, "mode") == Some("batch") {
        given.push(("execution.runtime-mode".to_string(), "batch".to_string()));
    }
    let mut engine = Engine::new(environment, &given).map_err(fail)?;
    set_up(&mut engine, case)?;
    let result = &case["result"];
    let form = text(result, "form").unwrap_or("rows");
    let rows = match (form, text(result, "from")) {
        ("materialized", Some(sink)) => {
            let key = engine.primary_key(sink).map_err(fail)?;
            materialize(&engine.stage.written(sink), &key).into_iter().map(|row| (RowKind::Insert, row)).collect()
        }
        _ => {
            let sql = text(case, "sql").unwrap_or("");
            let result = engine.query(&parse_query(sql).map_err(fail)?).map_err(fail)?;
            with_bitmaps_as_text(&result.schema, result.rows)
        }
    };
    let expected = expected(case);
    let actual = actual(form, case, rows);
    let is_ordered = case.get("ordered").and_then(Json::as_bool) == Some(true);
    let compared = if is_ordered { same_list(&expected, &actual) } else { same_multiset(&expected, &actual) };
    Ok(compared.map_or_else(Outcome::failed, |()| Outcome::Passed))
}

/// What a record lacks to be run. `runnable_sql` says that all is there; without it a record can be run if its query, the tables that the query
/// names, their columns and the result are known, and nothing is Java code. Settings that the record lacks are Flink's defaults.
fn lacks(case: &Json) -> Option<&'static str> {
    if case.get("runnable_sql").and_then(Json::as_bool) == Some(true) {
        return None;
    }
    let set_up = texts(case, "setup_sql");
    let sql: Vec<&str> = text(case, "sql").into_iter().chain(set_up.iter().copied()).collect();
    let inserts = set_up.iter().any(|statement| statement.to_ascii_uppercase().contains("INSERT INTO"));
    let tables = list(case, "tables");
    if text(case, "sql").is_none_or(str::is_empty) && !inserts {
        Some("a query that the record lacks")
    } else if !list(case, "missing_tables").is_empty() {
        Some("a table that the record lacks")
    } else if names_java_function(case, &sql)
        || cell::needs_java(&case["tables"])
        || cell::needs_java(&case["expected"])
    {
        Some("needs Java code")
    } else if cell::needs_java(&case["data"]) {
        Some("a value that only Java code can make")
    } else if tables.iter().any(|table| list(table, "columns").is_empty()) {
        Some("names of columns that the record lacks")
    } else if case.get("expected").is_none_or(Json::is_null) && case.get("expected_strings").is_none_or(Json::is_null) {
        Some("a result that the record lacks")
    } else {
        None
    }
}

fn set_up(engine: &mut Engine, case: &Json) -> Ended<()> {
    let fail = |error: String| Outcome::of_error(&error);
    if let Some(data) = case.get("data").and_then(Json::as_object) {
        for (id, rows) in data {
            engine
                .stage
                .put(id, TableData { rows: rows.as_array().cloned().unwrap_or_else(Vec::new), ..TableData::default() });
        }
    }
    for table in list(case, "tables") {
        let name = text(table, "name").unwrap_or("");
        let rows = list(table, "rows").to_vec();
        if rows.iter().any(cell::needs_java) {
            return Err(Outcome::Skipped("a value that only Java code can make".to_string()));
        }
        let columns: Vec<String> = columns(table, &rows);
        let kinds = rows.iter().filter_map(|row| text(row, "op"));
        let mut given = table_options(name);
        if kinds.into_iter().any(|kind| kind != "+I") {
            given.push(("changelog-mode".to_string(), "I,UA,UB,D".to_string()));
        }
        engine.stage.put(name, TableData { rows, ..TableData::default() });
        engine.execute(&create_table(name, &columns, &[], None, &given)).map_err(fail)?;
    }
    for sql in texts(case, "setup_sql") {
        engine.execute(sql).map_err(fail)?;
    }
    Ok(())
}

/// The columns' DDL. `x.proctime` is the clock, `x.rowtime` event time.
fn columns(table: &Json, rows: &[Json]) -> Vec<String> {
    let mut columns = Vec::new();
    for (position, column) in list(table, "columns").iter().enumerate() {
        let name = text(column, "name").unwrap_or("");
        let cells = rows.iter().filter_map(|row| list(row, "row").get(position));
        let known = text(column, "type").map(str::to_string);
        let data_type = known.or_else(|| cell::infer(cells).map(|data_type| data_type.to_string()));
        let data_type = data_type.unwrap_or_else(|| "STRING".to_string());
        match name.split_once('.') {
            Some((name, "proctime")) => columns.push(format!("{} AS PROCTIME()", quoted(name))),
            Some((name, "rowtime")) => {
                // A data stream's own time: milliseconds since the epoch.
                let is_number = ["INT", "BIGINT"].iter().any(|number| data_type.starts_with(number));
                let data_type = if is_number { "TIMESTAMP(3)" } else { &data_type };
                columns.push(format!("{} {data_type}", quoted(name)));
                columns.push(format!("WATERMARK FOR {0} AS {0}", quoted(name)));
            }
            _ => columns.push(format!("{} {data_type}", quoted(name))),
        }
    }
    columns
}

fn expected(case: &Json) -> Vec<String> {
    match case.get("expected").and_then(Json::as_array) {
        Some(rows) => rows.iter().map(|row| java_text::of_cells(list(row, "row"), ", ")).collect(),
        None => texts(case, "expected_strings").into_iter().map(str::to_string).collect(),
    }
}

/// The result's texts in the form of the expected ones.
fn actual(form: &str, case: &Json, rows: Vec<Recorded>) -> Vec<String> {
    let separator = if case.get("expected").is_some_and(Json::is_array) { ", " } else { "," };
    match form {
        "raw" | "raw-changelog" => rows.iter().map(|(kind, row)| row_text(*kind, row)).collect(),
        _ => {
            let table: Vec<Vec<Value>> = materialize(&rows, &[]);
            table.iter().map(|row| cells_text(row, separator)).collect()
        }
    }
}
