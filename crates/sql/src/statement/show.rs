//! SHOW.

use std::collections::BTreeSet;

use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{ObjectKind, ObjectName, PartitionEntry, Show, ShowKind, ShowPattern};

use super::pattern::passes;
use super::result::StatementResult;
use super::session::{SqlSession, kind_name};
use crate::catalog::CatalogObject;
use crate::catalog::alter::written_values;
use crate::catalog::store::quoted;
use crate::catalog::text::{create_catalog_text, create_model_text, create_table_text, create_view_text};
use crate::error::{Result, SqlError};

impl SqlSession {
    /// `SHOW ..`; `None` for what only the cluster knows (`SHOW JOBS`).
    pub(super) fn show(&self, show: &Show, span: Span) -> Result<Option<StatementResult>> {
        let pattern = show.pattern.as_ref();
        let result = match &show.kind {
            ShowKind::Jobs => return Ok(None),
            ShowKind::Catalogs => filtered("catalog name", self.catalog.catalogs.keys().cloned(), pattern),
            ShowKind::CurrentCatalog => {
                StatementResult::texts("current catalog name", [self.catalog.current_catalog().to_string()])
            }
            ShowKind::CurrentDatabase => {
                StatementResult::texts("current database name", [self.catalog.current_database().to_string()])
            }
            ShowKind::Databases => self.show_databases(show)?,
            ShowKind::Tables => self.show_objects(show, "TABLES", "table name", false)?,
            ShowKind::Views => self.show_objects(show, "VIEWS", "view name", true)?,
            ShowKind::MaterializedTables => {
                self.database_of(show, "MATERIALIZED TABLES")?;
                StatementResult::texts("materialized table", [])
            }
            ShowKind::Functions { user } => self.show_functions(show, *user)?,
            ShowKind::Modules { full } => self.modules.show(*full),
            ShowKind::Columns => self.show_columns(show)?,
            ShowKind::Partitions { table, partition } => self.show_partitions(table, partition)?,
            ShowKind::Models => self.show_models(show)?,
            ShowKind::Jars => StatementResult::texts("jars", []),
            ShowKind::Procedures => return Err(SqlError::not_supported(span, "SHOW PROCEDURES")),
            ShowKind::Connections => return Err(SqlError::not_supported(span, "SHOW CONNECTIONS")),
            ShowKind::Create { kind, name } => self.show_create(*kind, name)?,
        };
        Ok(Some(result))
    }

    fn show_databases(&self, show: &Show) -> Result<StatementResult> {
        let catalog = match &show.scope {
            None => self.catalog.current_catalog(),
            Some(scope) => match scope.parts.as_slice() {
                [only] => &only.value,
                _ => {
                    let message = format!(
                        "Show databases from/in identifier [ {} ] format error, catalog must be a single part identifier.",
                        dotted(scope)
                    );
                    return Err(SqlError::at(scope.span, message));
                }
            },
        };
        let span = show.scope.as_ref().map_or_else(Span::default, |scope| scope.span);
        let entry = self.catalog.catalogs.get(catalog);
        let entry = entry.ok_or_else(|| SqlError::at(span, format!("Catalog {catalog} does not exist")))?;
        Ok(filtered("database name", entry.databases.keys().cloned(), show.pattern.as_ref()))
    }

    /// The database that FROM names, or the current one.
    pub(super) fn database_of(&self, show: &Show, what: &str) -> Result<(String, String)> {
        let Some(scope) = &show.scope else {
            return Ok((self.catalog.current_catalog().to_string(), self.catalog.current_database().to_string()));
        };
        if scope.parts.len() > 2 {
            let message = format!(
                "SHOW {what} from/in identifier [ {} ] format error, it should be [catalog_name.]database_name.",
                dotted(scope)
            );
            return Err(SqlError::at(scope.span, message));
        }
        let (catalog, database) = self.catalog.database_path(scope)?;
        let Some(entry) = self.catalog.catalogs.get(&catalog) else {
            return Err(SqlError::at(scope.span, format!("Catalog {catalog} does not exist")));
        };
        if !entry.databases.contains_key(&database) {
            return Err(SqlError::at(scope.span, format!("Database '{catalog}'.'{database}' doesn't exist.")));
        }
        Ok((catalog, database))
    }

    fn show_objects(&self, show: &Show, what: &str, column: &str, views: bool) -> Result<StatementResult> {
        let (catalog, database) = self.database_of(show, what)?;
        let names = self.catalog.object_names(&catalog, &database, views);
        Ok(filtered(column, names, show.pattern.as_ref()))
    }

    fn show_models(&self, show: &Show) -> Result<StatementResult> {
        let (catalog, database) = self.database_of(show, "MODELS")?;
        let span = show.scope.as_ref().map_or_else(Span::default, |scope| scope.span);
        let permanent = self.catalog.database(&catalog, &database, span)?.models.keys();
        let temporary = self.catalog.temporary_models.keys();
        let temporary = temporary.filter(|path| path[0] == catalog && path[1] == database).map(|path| &path[2]);
        let names: BTreeSet<String> = permanent.chain(temporary).cloned().collect();
        Ok(filtered("model name", names, show.pattern.as_ref()))
    }

    fn show_partitions(&self, table: &ObjectName, partition: &[PartitionEntry]) -> Result<StatementResult> {
        let path = self.catalog.qualify(table)?;
        let [catalog, database, name] = &path;
        let keys = match self.catalog.find(&path) {
            None => {
                let message = format!("Table (or view) {database}.{name} does not exist in Catalog {catalog}.");
                return Err(SqlError::at(table.span, message));
            }
            Some(CatalogObject::Table(table)) => table.partition_keys.as_slice(),
            Some(CatalogObject::View(_)) => &[],
        };
        if keys.is_empty() {
            let message = format!("Table {database}.{name} in catalog {catalog} is not partitioned.");
            return Err(SqlError::at(table.span, message));
        }
        let wanted = written_values(partition, table.span)?;
        let known = self.catalog.database(catalog, database, table.span)?.partitions.get(name);
        let known = known.into_iter().flatten();
        let fitting = known.filter(|partition| wanted.iter().all(|value| partition.values.contains(value)));
        Ok(StatementResult::texts("partition name", fitting.map(crate::catalog::Partition::name)))
    }

    fn show_create(&self, kind: ObjectKind, name: &ObjectName) -> Result<StatementResult> {
        let text = match kind {
            ObjectKind::Table | ObjectKind::View => self.create_text(kind == ObjectKind::View, name)?,
            ObjectKind::Catalog => {
                let catalog = name.last().map_or("", |part| part.value.as_str());
                let entry = self.catalog.catalogs.get(catalog);
                entry.and_then(|entry| create_catalog_text(catalog, entry)).ok_or_else(|| {
                    let message = format!("Cannot obtain metadata information from Catalog {catalog}.");
                    SqlError::at(name.span, message)
                })?
            }
            ObjectKind::Model => {
                let (path, model) = self.model(name)?;
                create_model_text(&path, model)
            }
            _ => return Err(SqlError::not_supported(name.span, format!("SHOW CREATE {}", kind_name(kind)))),
        };
        Ok(StatementResult::texts("result", [text]))
    }

    fn create_text(&self, view: bool, name: &ObjectName) -> Result<String> {
        let path = self.catalog.qualify(name)?;
        let quoted = quoted(&path);
        match (self.catalog.find(&path), view) {
            (Some(CatalogObject::Table(table)), false) => Ok(create_table_text(table)),
            (Some(CatalogObject::View(view)), true) => Ok(create_view_text(view)),
            (Some(CatalogObject::View(_)), false) => {
                let message = format!(
                    "SHOW CREATE TABLE is only supported for tables, but {quoted} is a view. Please use SHOW CREATE VIEW instead."
                );
                Err(SqlError::at(name.span, message))
            }
            (Some(CatalogObject::Table(_)), true) => {
                let message = format!(
                    "SHOW CREATE VIEW is only supported for views, but {quoted} is a table. Please use SHOW CREATE TABLE instead."
                );
                Err(SqlError::at(name.span, message))
            }
            (None, view) => {
                let (upper, word) = if view { ("VIEW", "View") } else { ("TABLE", "Table") };
                let message =
                    format!("Could not execute SHOW CREATE {upper}. {word} with identifier {quoted} does not exist.");
                Err(SqlError::at(name.span, message))
            }
        }
    }

    fn show_columns(&self, show: &Show) -> Result<StatementResult> {
        let Some(table) = &show.scope else { return Err(SqlError::new("SHOW COLUMNS needs FROM or IN and a table")) };
        let mut result = self.describe_table(table)?;
        result.rows.retain(|row| match row.first() {
            Some(Value::String(name)) => passes(show.pattern.as_ref(), name),
            _ => true,
        });
        Ok(result)
    }
}

/// The names that pass a filter.
pub(super) fn filtered(
    column: &str,
    names: impl IntoIterator<Item = String>,
    pattern: Option<&ShowPattern>,
) -> StatementResult {
    let rows = names.into_iter().filter(|name| passes(pattern, name)).map(|name| vec![Value::String(name)]);
    StatementResult::rows(&[(column, TypeKind::string())], rows.collect())
}

fn dotted(name: &ObjectName) -> String {
    name.parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
}
