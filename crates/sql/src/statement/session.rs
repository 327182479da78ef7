//! A session: catalog, configuration, connectors; and the statements that need no job.

use std::sync::Arc;

use flott_configuration::Configuration;
use flott_configuration::flink::table;
use flott_connector::Registry;
use flott_syntax::Span;
use flott_syntax::ast::{self, ObjectKind, StatementKind};

use super::configured::Surroundings;
use super::modules::Modules;
use super::result::StatementResult;
use super::{JobPlanner, PlannerSettings};
use crate::catalog::Catalog;
use crate::error::{Result, SqlError};

/// The state that statements read and change.
#[derive(Clone)]
pub struct SqlSession {
    /// Tables, views, functions.
    pub catalog: Catalog,
    /// The options in force.
    pub configuration: Configuration,
    /// The options at the beginning, to which RESET goes back.
    pub(super) initial: Configuration,
    /// The connectors.
    pub registry: Arc<Registry>,
    /// Cores, zone and clock; the caller sets the clock before each statement.
    pub surroundings: Surroundings,
    pub(super) modules: Modules,
}

impl SqlSession {
    /// A new session with the built-in catalog.
    ///
    /// # Errors
    /// If the configuration's catalog names are no texts.
    pub fn new(configuration: Configuration, registry: Arc<Registry>, surroundings: Surroundings) -> Result<Self> {
        let name = |option| configuration.get(option).map_err(|error| SqlError::new(error.to_string()));
        let catalog = Catalog::new(name(&table::BUILTIN_CATALOG_NAME)?, name(&table::BUILTIN_DATABASE_NAME)?);
        let initial = configuration.clone();
        Ok(SqlSession { catalog, configuration, initial, registry, surroundings, modules: Modules::new() })
    }

    /// The planner's settings as configured now.
    ///
    /// # Errors
    /// A value that does not fit its option.
    pub fn settings(&self) -> Result<PlannerSettings> {
        PlannerSettings::of_configuration(&self.configuration, &self.surroundings)
    }

    /// A planner for the statements that are jobs.
    pub fn planner<'a>(&'a self, settings: &'a PlannerSettings) -> JobPlanner<'a> {
        JobPlanner { objects: &self.catalog, registry: &self.registry, settings }
    }

    /// Runs a statement that needs no job; `None` for one that is planned as a job, or that asks the cluster or the client: queries,
    /// INSERT, statement sets, EXPLAIN, CREATE TABLE AS, plans, SHOW JOBS, STOP JOB, client commands.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, with its place.
    pub fn execute_metadata(&mut self, statement: &ast::Statement) -> Result<Option<StatementResult>> {
        let done = match &statement.kind {
            StatementKind::Execute(inner) => return self.execute_metadata(inner),
            StatementKind::Show(show) => self.show(show, statement.span),
            StatementKind::Describe(ast::Describe::Job { .. }) => return Ok(None),
            StatementKind::Describe(describe) => self.describe(describe).map(Some),
            StatementKind::Use(target) => self.use_target(target).map(Some),
            StatementKind::LoadModule { name, options } => self.modules.load(name, options).map(ok),
            StatementKind::UnloadModule { name } => self.modules.unload(name).map(ok),
            StatementKind::Set(setting) => Ok(Some(self.set(setting.as_ref()))),
            StatementKind::Reset(key) => {
                self.reset(key.as_deref());
                Ok(Some(StatementResult::ok()))
            }
            kind => match self.define(kind) {
                Some(result) => result,
                None => self.refuse(kind, statement.span).map(|()| None),
            },
        };
        done.map_err(|error| error.or_at(statement.span))
    }

    /// CREATE, ALTER and DROP; `None` if it is another kind of statement.
    fn define(&mut self, kind: &StatementKind) -> Option<Result<Option<StatementResult>>> {
        let done = match kind {
            StatementKind::CreateTable(create) => return Some(self.create_table(create)),
            StatementKind::CreateView(create) => self.create_view(create),
            StatementKind::CreateCatalog(create) => self.catalog.create_catalog(create),
            StatementKind::CreateDatabase(create) => self.catalog.create_database(create),
            StatementKind::CreateFunction(create) => self.catalog.create_function(create),
            StatementKind::CreateModel(create) => self.create_model(create),
            StatementKind::AlterTable(alter) => {
                self.settings().and_then(|settings| self.catalog.alter_table(alter, &settings.time_zone))
            }
            StatementKind::AlterView(alter) => self.alter_view(alter),
            StatementKind::AlterCatalog(alter) => self.catalog.alter_catalog(alter),
            StatementKind::AlterDatabase(alter) => self.catalog.alter_database(alter),
            StatementKind::AlterFunction(alter) => self.catalog.alter_function(alter),
            StatementKind::AlterModelOrConnection(alter) => self.alter_model(alter),
            StatementKind::Drop(drop) => self.drop_object(drop),
            _ => return None,
        };
        Some(done.map(ok))
    }

    /// The statements that nothing here runs yet.
    fn refuse(&self, kind: &StatementKind, span: Span) -> Result<()> {
        let batch = || self.settings().map(|settings| settings.batch_mode);
        let construct = match kind {
            StatementKind::Truncate(table) => {
                let path = self.catalog.qualify(table)?;
                if self.catalog.find(&path).is_none() {
                    let catalogs: Vec<&str> = self.catalog.catalogs.keys().map(String::as_str).collect();
                    let message = format!(
                        "Cannot find table '{}' in any of the catalogs [{}], nor as a temporary table.",
                        crate::catalog::store::quoted(&path),
                        catalogs.join(", ")
                    );
                    return Err(SqlError::at(table.span, message));
                }
                if !batch()? {
                    return Err(SqlError::at(span, "TRUNCATE TABLE statement is not supported in streaming mode."));
                }
                "TRUNCATE TABLE"
            }
            StatementKind::AnalyzeTable(_) if !batch()? => {
                return Err(SqlError::at(span, "ANALYZE TABLE is not supported for streaming mode now"));
            }
            StatementKind::AnalyzeTable(_) => "ANALYZE TABLE",
            StatementKind::Update(_) => "UPDATE",
            StatementKind::Delete(_) => "DELETE",
            StatementKind::Call(_) => "CALL (procedures)",
            StatementKind::AddJar { .. } => "ADD JAR: there is no JVM that could run Java code",
            StatementKind::RemoveJar { .. } => "REMOVE JAR: there is no JVM that could run Java code",
            StatementKind::CreateConnection(_) => "CREATE CONNECTION",
            StatementKind::CreateMaterializedTable(_) => "CREATE MATERIALIZED TABLE",
            StatementKind::AlterMaterializedTable(_) => "ALTER MATERIALIZED TABLE",
            _ => return Ok(()),
        };
        Err(SqlError::not_supported(span, construct))
    }

    fn use_target(&mut self, target: &ast::Use) -> Result<StatementResult> {
        match target {
            ast::Use::Catalog(name) => self.catalog.use_catalog(name)?,
            ast::Use::Database(name) => self.catalog.use_database(name)?,
            ast::Use::Modules(names) => self.modules.use_modules(names)?,
        }
        Ok(StatementResult::ok())
    }
}

fn ok((): ()) -> Option<StatementResult> {
    Some(StatementResult::ok())
}

/// What a kind of object is called in SQL.
pub(super) fn kind_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Catalog => "CATALOG",
        ObjectKind::Database => "DATABASE",
        ObjectKind::Table => "TABLE",
        ObjectKind::View => "VIEW",
        ObjectKind::MaterializedTable => "MATERIALIZED TABLE",
        ObjectKind::Function => "FUNCTION",
        ObjectKind::Model => "MODEL",
        ObjectKind::Connection => "CONNECTION",
    }
}
