//! Cases of functions: an expression over one row, evaluated in this process; aggregates as jobs.

use std::sync::Arc;

use flott_environment::Environment;
use flott_evaluation::{Evaluator, Instant, Session, evaluate_constant};
use flott_expression::Expression;
use flott_record::value_array::{array_from_values, value_at};
use flott_record::{Batch, DataType, RowKind, TypeKind, Value};
use flott_sql::relation::{Relation, RelationKind};
use serde_json::Value as Json;

use crate::case::{Ended, Outcome, has_flag, list, names_java_function, options, text, texts};
use crate::compare::{cells_text, close_numbers, same_multiset, same_value, with_bitmaps_as_text};
use crate::engine::{Engine, create_table, materialize, parse_query, quoted};
use crate::limits::LIBRARY_MATH_TOLERANCE;
use crate::values::{IDENTIFIER, TableData};
use crate::{cell, java_text};

/// Name of the one-row table; upstream qualifies fields with it.
const TABLE: &str = "testTable";

/// A result: values and their types.
type Row = (Vec<DataType>, Vec<Value>);

/// Runs a case.
pub(crate) fn run(environment: &Environment, case: &Json) -> Outcome {
    match run_case(environment, case) {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

fn run_case(environment: &Environment, case: &Json) -> Ended<Outcome> {
    if names_java_function(case, &texts(case, "sql")) {
        return Err(Outcome::Skipped("needs a function written in Java".to_string()));
    }
    let result = match text(case, "kind") {
        Some("aggregate") => return aggregate(environment, case),
        Some("scalar") => scalar(environment, case, false),
        Some("scalar-string") => scalar(environment, case, true),
        other => return Err(Outcome::failed(format!("unknown kind {other:?}"))),
    };
    match (result, case.get("expected_error").filter(|error| !error.is_null())) {
        (Err(outcome), _) if matches!(outcome, Outcome::Skipped(_)) => Err(outcome),
        (result, Some(expected)) => Ok(error_outcome(expected, result.map(|(_, row)| cells_text(&row, ", ")))),
        (Ok(row), None) => compare(case, &row),
        (Err(outcome), None) => Err(outcome),
    }
}

/// Whether an expected error came, with the words that it should have.
pub(crate) fn error_outcome(expected: &Json, result: Result<String, Outcome>) -> Outcome {
    let wanted = text(expected, "message");
    match result {
        Ok(result) => Outcome::failed(format!("expected the error {wanted:?}, got {result}")),
        Err(Outcome::Failed(message) | Outcome::NotSupported(message))
            if wanted.is_some_and(|wanted| has_words(&message, wanted)) =>
        {
            Outcome::Passed
        }
        Err(Outcome::Failed(message)) => match wanted {
            None => Outcome::Passed,
            Some(wanted) => Outcome::failed(format!("expected the error '{wanted}', got '{message}'")),
        },
        Err(other) => other,
    }
}

/// Whether a message contains words; line breaks and runs of blanks are one blank.
pub(crate) fn has_words(message: &str, words: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(message).contains(&plain(words))
}

fn scalar(environment: &Environment, case: &Json, as_text: bool) -> Ended<Row> {
    let fields = list(case, "fields");
    let mut columns = Vec::new();
    for field in fields {
        let cell = &field["value"];
        if cell::needs_java(cell) {
            return Err(Outcome::Skipped("a value that only Java code can make".to_string()));
        }
        let name = text(field, "name").unwrap_or("");
        let type_text = match text(field, "type") {
            Some(known) => known.to_string(),
            None => cell::infer(std::iter::once(cell))
                .ok_or_else(|| Outcome::Skipped("a field without a type".to_string()))?
                .to_string(),
        };
        columns.push(format!("{} {type_text}", quoted(name)));
    }
    let mut engine = Engine::new(environment, &options(case, "config")).map_err(|error| Outcome::of_error(&error))?;
    let from = if fields.is_empty() { String::new() } else { format!(" FROM {TABLE}") };
    if !fields.is_empty() {
        let cells: Vec<Json> = fields.iter().map(|field| field["value"].clone()).collect();
        let rows = vec![serde_json::json!({"op": "+I", "row": cells})];
        engine.stage.put(TABLE, TableData { rows, ..TableData::default() });
        let ddl = create_table(TABLE, &columns, &[], None, &table_options(TABLE));
        engine.execute(&ddl).map_err(|error| Outcome::of_error(&error))?;
    }
    let item = |sql: &str| if as_text { format!("CAST({sql} AS STRING)") } else { sql.to_string() };
    let items: Vec<String> = texts(case, "sql").into_iter().map(item).collect();
    evaluate(&engine, &format!("SELECT {}{from}", items.join(", ")), fields)
}

/// Options of a table of the runner's.
pub(crate) fn table_options(id: &str) -> Vec<(String, String)> {
    vec![("connector".to_string(), IDENTIFIER.to_string()), ("data-id".to_string(), id.to_string())]
}

/// The one row of a query; by the evaluator alone if the query is a projection, else as a job.
fn evaluate(engine: &Engine, sql: &str, fields: &[Json]) -> Ended<Row> {
    let fail = |error: String| Outcome::of_error(&error);
    let query = parse_query(sql).map_err(fail)?;
    let settings = engine.settings().map_err(fail)?;
    let relation = engine.session.planner(&settings).bind_query(&query).map_err(|error| fail(error.to_string()))?;
    let session = Session {
        time_zone: settings.time_zone.clone(),
        batch_mode: settings.batch_mode,
        query_start_ms: settings.query_start_ms,
        seeds: flott_evaluation::Seeds::default(),
    };
    let now_ms = engine.now_ms();
    if let Some(result) = one_row(&relation, fields, &session, now_ms) {
        let row = result.map_err(fail)?;
        return Ok((relation.columns.iter().map(|column| column.data_type.clone()).collect(), row));
    }
    let result = engine.query(&query).map_err(fail)?;
    let types = result.schema.fields.iter().map(|field| field.data_type.clone()).collect();
    match result.rows.as_slice() {
        [(RowKind::Insert, row)] => Ok((types, row.clone())),
        rows => Err(Outcome::failed(format!("{} rows instead of one", rows.len()))),
    }
}

/// The row of a projection of a one-row table or of nothing; `None` if the relation is something else.
fn one_row(relation: &Relation, fields: &[Json], session: &Session, now_ms: i64) -> Option<Result<Vec<Value>, String>> {
    match &relation.kind {
        RelationKind::Values { rows } => match rows.as_slice() {
            [row] => Some(Ok(row.clone())),
            _ => None,
        },
        RelationKind::Scan { projection, .. } => {
            let column = |(position, column): (&usize, &flott_sql::relation::Column)| {
                field_value(&fields[*position]["value"], &column.data_type, session)
            };
            Some(projection.iter().zip(&relation.columns).map(column).collect())
        }
        RelationKind::Project { input, expressions } => {
            let below = match one_row(input, fields, session, now_ms)? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            Some(project(input, &below, expressions, session, now_ms))
        }
        _ => None,
    }
}

/// A field's cell; a date and time without a zone stands for an instant in the session's zone where the field has one.
fn field_value(cell: &Json, data_type: &DataType, session: &Session) -> Result<Value, String> {
    let TypeKind::TimestampLtz(precision) = data_type.kind else { return cell::value(cell, data_type) };
    if cell.get("$ts").is_none() {
        return cell::value(cell, data_type);
    }
    let local = TypeKind::Timestamp(precision).nullable();
    let literal = Expression::literal(cell::value(cell, &local)?, local);
    evaluate_constant(&literal.cast_to(data_type), session)
}

fn project(
    input: &Relation,
    row: &[Value],
    expressions: &[flott_expression::Expression],
    session: &Session,
    now_ms: i64,
) -> Result<Vec<Value>, String> {
    let mut columns = Vec::with_capacity(row.len());
    for (column, value) in input.columns.iter().zip(row) {
        let array = array_from_values(&column.data_type, std::slice::from_ref(value));
        columns.push(array.map_err(|error| error.to_string())?);
    }
    let batch = Batch::new(columns, 1);
    let instant = Instant { now_ms, watermark_ms: i64::MIN };
    let cell = |expression: &flott_expression::Expression| {
        let mut evaluator = Evaluator::new(expression, session).map_err(|error| error.to_string())?;
        let array = evaluator.evaluate(&batch, instant).map_err(|error| error.message)?;
        Ok(value_at(&Arc::clone(&array), 0, expression.data_type()))
    };
    expressions.iter().map(cell).collect()
}

fn compare(case: &Json, (types, row): &Row) -> Ended<Outcome> {
    if text(case, "kind") == Some("scalar-string") {
        return Ok(compare_text(case, &row[0]));
    }
    let expected_types = texts(case, "expected_types");
    for (wanted, actual) in expected_types.iter().zip(types) {
        match cell::data_type(wanted) {
            _ if is_class(wanted, actual) => {}
            Ok(wanted) if wanted == *actual => {}
            Ok(wanted) => {
                return Err(Outcome::failed(format!(
                    "type {actual}, expected {wanted} (value {})",
                    cells_text(row, ", ")
                )));
            }
            Err(error) => return Err(Outcome::of_error(&error)),
        }
    }
    let expected = list(case, "expected");
    for ((cell, actual), data_type) in expected.iter().zip(row).zip(types) {
        if cell::needs_java(cell) {
            return Err(Outcome::Skipped("an expected value that only Java code can make".to_string()));
        }
        let wanted = cell::value(cell, data_type).map_err(|error| Outcome::failed(format!("got {actual}: {error}")))?;
        if !same_value(&wanted, actual) {
            return Err(Outcome::failed(format!("{actual}, expected {wanted} ({data_type})")));
        }
    }
    Ok(Outcome::Passed)
}

/// Whether a type is that of a Java class of which only the simple name is known: `JAVA_CLASS<Name> NOT NULL`.
fn is_class(wanted: &str, actual: &DataType) -> bool {
    let Some((name, null)) = wanted.strip_prefix("JAVA_CLASS<").and_then(|rest| rest.split_once('>')) else {
        return false;
    };
    let TypeKind::Structured(class, _) = &actual.kind else { return false };
    class.rsplit(['.', '$']).next() == Some(name) && actual.nullable == null.is_empty()
}

fn compare_text(case: &Json, value: &Value) -> Outcome {
    let actual = if value.is_null() { "NULL".to_string() } else { value.to_string() };
    let Some(expected) = text(case, "expected_string") else { return Outcome::Passed };
    if actual == expected
        || has_flag(case, "expected-computed-with-libm") && close_numbers(expected, &actual, LIBRARY_MATH_TOLERANCE)
    {
        return Outcome::Passed;
    }
    Outcome::failed(format!("'{actual}', expected '{expected}'"))
}

fn aggregate(environment: &Environment, case: &Json) -> Ended<Outcome> {
    let result = aggregate_rows(environment, case);
    if let Some(expected) = case.get("expected_error").filter(|error| !error.is_null()) {
        return match result {
            Err(outcome) if matches!(outcome, Outcome::Skipped(_)) => Err(outcome),
            result => Ok(error_outcome(expected, result.map(|(_, rows)| rows.join(" ")))),
        };
    }
    let (types, actual) = result?;
    for (wanted, actual) in texts(case, "expected_types").iter().zip(&types) {
        let wanted = cell::data_type(wanted).map_err(|error| Outcome::of_error(&error))?;
        if wanted != *actual {
            return Err(Outcome::failed(format!("type {actual}, expected {wanted}")));
        }
    }
    let cell = |(position, cell): (usize, &Json)| {
        let value = types.get(position).and_then(|data_type| cell::value(cell, data_type).ok());
        // A BITMAP's text is that of its members.
        let value = value.filter(|value| !matches!(value, Value::Bytes(_)));
        value.map_or_else(|| java_text::of_cell(cell), |value| value.to_string())
    };
    let row = |row: &Json| {
        let cells = row.as_array().map_or(&[][..], Vec::as_slice);
        format!("[{}]", cells.iter().enumerate().map(cell).collect::<Vec<String>>().join(", "))
    };
    let expected: Vec<String> = list(case, "expected_rows").iter().map(row).collect();
    Ok(same_multiset(&expected, &actual).map_or_else(Outcome::failed, |()| Outcome::Passed))
}

fn aggregate_rows(environment: &Environment, case: &Json) -> Ended<(Vec<DataType>, Vec<String>)> {
    let fail = |error: String| Outcome::of_error(&error);
    let source = &case["source"];
    let name = text(source, "name").unwrap_or(TABLE);
    let rows = list(source, "rows").to_vec();
    let expects_error = case.get("expected_error").is_some_and(|error| !error.is_null());
    if rows.iter().any(cell::needs_java) && !expects_error {
        return Err(Outcome::Skipped("a value that only Java code can make".to_string()));
    }
    let mut engine = Engine::new(environment, &options(case, "config")).map_err(fail)?;
    engine.stage.put(name, TableData { rows, ..TableData::default() });
    let column = |column: &Json| {
        format!("{} {}", quoted(text(column, "name").unwrap_or("")), text(column, "type").unwrap_or(""))
    };
    let columns: Vec<String> = list(source, "columns").iter().map(column).collect();
    let mut table = table_options(name);
    table.push(("changelog-mode".to_string(), "I,UA,UB,D".to_string()));
    engine.execute(&create_table(name, &columns, &[], None, &table)).map_err(fail)?;
    let sql = texts(case, "sql").first().copied().unwrap_or("");
    let result = engine.query(&parse_query(sql).map_err(fail)?).map_err(fail)?;
    let types = result.schema.fields.iter().map(|field| field.data_type.clone()).collect();
    let rows = materialize(&with_bitmaps_as_text(&result.schema, result.rows), &[]);
    Ok((types, rows.iter().map(|row| format!("[{}]", cells_text(row, ", "))).collect()))
}
