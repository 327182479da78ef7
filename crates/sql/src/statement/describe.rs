//! DESCRIBE.

use flott_record::{TypeKind, Value};
use flott_syntax::ast::{self, Describe, ExpressionKind, ObjectKind, ObjectName};

use super::result::{StatementResult, text_or_null};
use super::session::{SqlSession, kind_name};
use crate::catalog::text::{expression_text, metadata_text};
use crate::catalog::{CatalogObject, ResolvedTable, TableColumn, TableColumnKind, View};
use crate::error::{Result, SqlError};
use crate::relation::{Column, TimeAttribute};

impl SqlSession {
    pub(super) fn describe(&self, describe: &Describe) -> Result<StatementResult> {
        let Describe::Object { kind, extended, name } = describe else {
            return Err(SqlError::new("not supported: DESCRIBE JOB here"));
        };
        match kind {
            ObjectKind::Table | ObjectKind::View => self.describe_table(name),
            ObjectKind::Catalog => self.describe_catalog(name, *extended),
            ObjectKind::Database => self.describe_database(name, *extended),
            ObjectKind::Function => self.describe_function(name, *extended),
            ObjectKind::Model => self.describe_model(name),
            other => Err(SqlError::not_supported(name.span, format!("DESCRIBE {}", kind_name(*other)))),
        }
    }

    /// The columns of a table or view.
    pub(super) fn describe_table(&self, name: &ObjectName) -> Result<StatementResult> {
        let path = self.catalog.qualify(name)?;
        let rows = match self.catalog.find(&path) {
            Some(CatalogObject::Table(table)) => table_rows(table),
            Some(CatalogObject::View(view)) => self.view_rows(view)?,
            None => {
                let message = format!("Tables or views with the identifier '{}' doesn't exist.", path.join("."));
                return Err(SqlError::at(name.span, message));
            }
        };
        let text = TypeKind::string;
        let mut columns = vec![
            ("name", text()),
            ("type", text()),
            ("null", TypeKind::Boolean),
            ("key", text()),
            ("extras", text()),
            ("watermark", text()),
        ];
        let commented = rows.iter().any(|row| !matches!(row.last(), None | Some(Value::Null)));
        if commented {
            columns.push(("comment", text()));
        }
        let cut = |row: Vec<Value>| row.into_iter().take(columns.len()).collect();
        Ok(StatementResult::rows(&columns, rows.into_iter().map(cut).collect()))
    }

    fn view_rows(&self, view: &View) -> Result<Vec<Vec<Value>>> {
        let settings = self.settings()?;
        let relation = self.planner(&settings).bind_query(&view.query)?;
        let row = |(name, column): (&String, &Column)| {
            let mut row = vec![Value::String(name.clone()), type_value(&column.data_type.kind, column.time)];
            row.push(Value::Boolean(column.data_type.nullable));
            row.resize(7, Value::Null);
            row
        };
        Ok(view.columns.iter().zip(&relation.columns).map(row).collect())
    }

    fn describe_catalog(&self, name: &ObjectName, extended: bool) -> Result<StatementResult> {
        let catalog = name.last().map_or("", |part| part.value.as_str());
        let entry = self.catalog.catalogs.get(catalog);
        let Some((entry, options)) = entry.and_then(|entry| Some((entry, entry.options.as_ref()?))) else {
            let message = format!("Cannot obtain metadata information from Catalog {catalog}.");
            return Err(SqlError::at(name.span, message));
        };
        let mut rows = vec![info("name", catalog), info("type", options.get("type").map_or("", String::as_str))];
        rows.push(info("comment", entry.comment.as_deref().unwrap_or("")));
        if extended {
            let others = options.iter().filter(|(key, _)| *key != "type");
            rows.extend(others.map(|(key, value)| info(&format!("option:{key}"), value)));
        }
        Ok(info_rows(rows))
    }

    fn describe_database(&self, name: &ObjectName, extended: bool) -> Result<StatementResult> {
        let (catalog, database) = self.catalog.database_path(name)?;
        let found = self.catalog.database(&catalog, &database, name.span)?;
        let mut rows = vec![info("name", &database), info("comment", found.comment.as_deref().unwrap_or(""))];
        if extended {
            rows.extend(found.options.iter().map(|(key, value)| info(&format!("option:{key}"), value)));
        }
        Ok(info_rows(rows))
    }

    fn describe_model(&self, name: &ObjectName) -> Result<StatementResult> {
        let (_, model) = self.model(name)?;
        let inputs = model.input.iter().map(|column| (column, true));
        let row = |((name, data_type), is_input): (&(String, flott_record::DataType), bool)| {
            let kind = Value::String(data_type.kind.to_string());
            vec![Value::String(name.clone()), kind, Value::Boolean(data_type.nullable), Value::Boolean(is_input)]
        };
        let rows = inputs.chain(model.output.iter().map(|column| (column, false))).map(row).collect();
        let text = TypeKind::string;
        let columns =
            [("name", text()), ("type", text()), ("null", TypeKind::Boolean), ("is input", TypeKind::Boolean)];
        Ok(StatementResult::rows(&columns, rows))
    }
}

/// One row of `info name`, `info value`.
pub(super) fn info(name: &str, value: &str) -> Vec<Value> {
    vec![Value::String(name.to_string()), Value::String(value.to_string())]
}

/// The result that DESCRIBE of what is no table gives.
pub(super) fn info_rows(rows: Vec<Vec<Value>>) -> StatementResult {
    StatementResult::rows(&[("info name", TypeKind::string()), ("info value", TypeKind::string())], rows)
}

/// A type with its time attribute: `TIMESTAMP(3) *ROWTIME*`.
fn type_value(kind: &TypeKind, time: Option<TimeAttribute>) -> Value {
    Value::String(match time {
        Some(TimeAttribute::Rowtime) => format!("{kind} *ROWTIME*"),
        Some(TimeAttribute::Proctime) => format!("{kind} *PROCTIME*"),
        None => kind.to_string(),
    })
}

fn table_rows(table: &ResolvedTable) -> Vec<Vec<Value>> {
    let key = format!("PRI({})", table.primary_key.join(", "));
    let row = |column: &TableColumn| {
        let watermark = table.watermark.as_ref().filter(|(name, _)| *name == column.name);
        let time = if watermark.is_some() { Some(TimeAttribute::Rowtime) } else { proctime(&column.kind) };
        let extras = match &column.kind {
            TableColumnKind::Computed(expression) => Some(format!("AS {}", expression_text(expression))),
            kind => metadata_text(kind),
        };
        let is_key = table.primary_key.contains(&column.name);
        vec![
            Value::String(column.name.clone()),
            type_value(&column.data_type.kind, time),
            Value::Boolean(column.data_type.nullable),
            text_or_null(is_key.then(|| key.clone())),
            text_or_null(extras),
            text_or_null(watermark.map(|(_, expression)| expression_text(expression))),
            text_or_null(column.comment.clone().filter(|comment| !comment.is_empty())),
        ]
    };
    table.columns.iter().map(row).collect()
}

fn proctime(kind: &TableColumnKind) -> Option<TimeAttribute> {
    match kind {
        TableColumnKind::Computed(ast::Expression { kind: ExpressionKind::Function(call), .. }) => {
            let name = call.name.last()?;
            name.value.eq_ignore_ascii_case("PROCTIME").then_some(TimeAttribute::Proctime)
        }
        _ => None,
    }
}
