//! Statements of a session on an embedded cluster: definitions at once, queries and INSERT as jobs.

use std::sync::Arc;

use flott_configuration::Configuration;
use flott_configuration::flink::checkpointing::SAVEPOINT_DIR;
use flott_configuration::flink::table::DML_SYNC;
use flott_connector::Registry;
use flott_environment::Environment;
use flott_record::{ChangelogMode, Schema};
use flott_sql::explain::explain;
use flott_sql::statement::{PlannedJob, ResultKind, StatementResult, Surroundings};
use flott_sql::{SqlError, statement::SqlSession};
use flott_syntax::Span;
use flott_syntax::ast::{self, ClientCommand, ExplainTarget, Insert, StatementKind};

use crate::{CollectReceiver, EmbeddedCluster, JobError, JobHandle, JobRunSettings, RunOptions, collector};

/// A session whose jobs run in this process.
pub struct SqlClient {
    /// Catalog and configuration.
    pub session: SqlSession,
    cluster: EmbeddedCluster,
    /// INSERTs between BEGIN STATEMENT SET and END.
    statement_set: Option<Vec<Insert>>,
    /// Jobs of INSERTs that may still run.
    jobs: Vec<Arc<JobHandle>>,
}

/// What a statement led to.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Outcome {
    /// A result that is complete.
    Done(StatementResult),
    /// A query that runs.
    Query(QueryRun),
    /// One or several INSERTs that run.
    Insert(Arc<JobHandle>),
    /// A command for whoever talks to the user.
    Client(ClientCommand),
}

/// A running query.
pub struct QueryRun {
    /// Columns of the result.
    pub schema: Schema,
    /// Kinds of rows in it.
    pub mode: ChangelogMode,
    /// Whether only the final result comes.
    pub batch_mode: bool,
    /// The rows.
    pub results: CollectReceiver,
    /// The job.
    pub job: JobHandle,
}

impl SqlClient {
    /// A session with these options and connectors.
    ///
    /// # Errors
    /// If the options do not fit.
    pub fn new(environment: &Environment, configuration: Configuration, registry: Registry) -> Result<Self, SqlError> {
        let host = environment.host();
        let surroundings = Surroundings {
            cores: u32::try_from(host.cores).unwrap_or(1).max(1),
            system_time_zone: host.time_zone,
            now_ms: environment.clock().now_ms(),
        };
        let cluster = EmbeddedCluster::new(environment.clone(), registry.clone());
        let session = SqlSession::new(configuration, Arc::new(registry), surroundings)?;
        Ok(SqlClient { session, cluster, statement_set: None, jobs: Vec::new() })
    }

    /// Runs a statement; returns as soon as its job is started.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, or why its job cannot start.
    pub fn execute(&mut self, statement: &ast::Statement) -> Result<Outcome, SqlError> {
        self.session.surroundings.now_ms = self.cluster.environment().clock().now_ms();
        match &statement.kind {
            StatementKind::Execute(inner) => self.execute(inner),
            StatementKind::Insert(insert) => match &mut self.statement_set {
                Some(collected) => {
                    collected.push((**insert).clone());
                    Ok(Outcome::Done(StatementResult::ok()))
                }
                None => self.insert(std::slice::from_ref(&**insert)),
            },
            StatementKind::BeginStatementSet if self.statement_set.is_none() => {
                self.statement_set = Some(Vec::new());
                Ok(Outcome::Done(StatementResult::ok()))
            }
            StatementKind::EndStatementSet => {
                let inserts = self.statement_set.take();
                let inserts = inserts.ok_or_else(|| SqlError::at(statement.span, NO_STATEMENT_SET))?;
                if inserts.is_empty() {
                    return Ok(Outcome::Done(StatementResult::ok()));
                }
                self.insert(&inserts)
            }
            StatementKind::Client(command) => Ok(Outcome::Client(command.clone())),
            _ if self.statement_set.is_some() => Err(SqlError::at(statement.span, ONLY_INSERTS)),
            StatementKind::StatementSet(set) => self.insert_all(&set.inserts, statement.span),
            StatementKind::Query(query) => self.query(query),
            StatementKind::Explain(explain) => self.explain(explain, statement.span),
            StatementKind::StopJob { id, with_savepoint, with_drain } => {
                self.stop_job(id, *with_savepoint, *with_drain, statement.span)
            }
            kind => match self.session.execute_metadata(statement)? {
                Some(result) => Ok(Outcome::Done(result)),
                None if matches!(kind, StatementKind::CreateTable(_)) => self.create_table_as(kind),
                None => Err(SqlError::not_supported(statement.span, construct(kind))),
            },
        }
    }

    /// Defines a table after a query and fills it with the query's rows.
    fn create_table_as(&mut self, kind: &StatementKind) -> Result<Outcome, SqlError> {
        let StatementKind::CreateTable(create) = kind else {
            return Err(SqlError::new("CREATE TABLE was expected"));
        };
        match self.session.create_table_as(create)? {
            Some(insert) => self.insert(std::slice::from_ref(&insert)),
            None => Ok(Outcome::Done(StatementResult::ok())),
        }
    }

    /// Jobs of INSERTs that still run.
    pub fn running_jobs(&self) -> Vec<Arc<JobHandle>> {
        self.jobs.iter().filter(|job| job.result().is_none()).cloned().collect()
    }

    /// Whether the next statement waits until the job of an INSERT has ended: unless `table.dml-sync` is set to false.
    pub fn waits_for_jobs(&self) -> bool {
        let configuration = &self.session.configuration;
        !configuration.contains(&DML_SYNC) || configuration.get(&DML_SYNC).unwrap_or(true)
    }

    fn stop_job(&self, id: &str, with_savepoint: bool, with_drain: bool, span: Span) -> Result<Outcome, SqlError> {
        let job = self.jobs.iter().find(|job| job.id() == id && job.result().is_none());
        let job = job.ok_or_else(|| SqlError::at(span, format!("no job with the id {id} runs")))?;
        if !with_savepoint {
            job.cancel();
            return Ok(Outcome::Done(StatementResult::ok()));
        }
        let folder = self.session.configuration.get_optional(&SAVEPOINT_DIR);
        let folder = folder.map_err(|error| SqlError::at(span, error.to_string()))?;
        let folder = folder.ok_or_else(|| SqlError::at(span, NO_SAVEPOINT_DIRECTORY))?;
        let taken = job.stop_with_savepoint(Some(folder), with_drain).wait();
        let taken = taken.map_err(|error| SqlError::at(span, format!("job {id} goes on: {error}")))?;
        // Whoever hears of the savepoint finds the job gone.
        job.wait().map_err(|error| SqlError::at(span, error.to_string()))?;
        let result = StatementResult::texts("savepoint path", [taken.path.clone()]);
        Ok(Outcome::Done(StatementResult { kind: ResultKind::Rows, ..result }))
    }

    fn insert_all(&mut self, inserts: &[Insert], span: Span) -> Result<Outcome, SqlError> {
        if inserts.is_empty() {
            return Err(SqlError::at(span, "a statement set has at least one INSERT"));
        }
        self.insert(inserts)
    }

    fn insert(&mut self, inserts: &[Insert]) -> Result<Outcome, SqlError> {
        let settings = self.session.settings()?;
        let planned = self.session.planner(&settings).inserts(inserts)?;
        let span = inserts.first().map_or_else(Span::default, |insert| insert.span);
        let run_settings = JobRunSettings::of_configuration(&self.session.configuration);
        let run_settings = run_settings.map_err(|error| SqlError::at(span, error.to_string()))?;
        let options = RunOptions::default().with_settings(run_settings).cancelled_by_interrupt();
        let job = self.cluster.run(planned.graph, options).map_err(|error| refused(&error, span))?;
        let job = Arc::new(job);
        self.jobs.retain(|job| job.result().is_none());
        self.jobs.push(job.clone());
        Ok(Outcome::Insert(job))
    }

    fn query(&mut self, query: &ast::Query) -> Result<Outcome, SqlError> {
        let settings = self.session.settings()?;
        let PlannedJob { graph, schema, mode, .. } = self.session.planner(&settings).query(query)?;
        let (connector, results) = collector(self.cluster.environment());
        let options = RunOptions::default().with_connector(connector).cancelled_by_interrupt();
        let job = self.cluster.run(graph, options).map_err(|error| refused(&error, query.span))?;
        Ok(Outcome::Query(QueryRun { schema, mode, batch_mode: settings.batch_mode, results, job }))
    }

    fn explain(&mut self, statement: &ast::Explain, span: Span) -> Result<Outcome, SqlError> {
        let ExplainTarget::Statement(target) = &statement.target else {
            return Err(SqlError::not_supported(span, "EXPLAIN of a compiled plan"));
        };
        let settings = self.session.settings()?;
        let planner = self.session.planner(&settings);
        let target = match &target.kind {
            StatementKind::Execute(inner) => inner,
            _ => target,
        };
        let planned = match &target.kind {
            StatementKind::Query(query) => planner.query(query)?,
            StatementKind::Insert(insert) => planner.inserts(std::slice::from_ref(&**insert))?,
            StatementKind::StatementSet(set) => planner.inserts(&set.inserts)?,
            other => return Err(SqlError::not_supported(target.span, format!("EXPLAIN of {}", construct(other)))),
        };
        let text = explain(&planned, &statement.details);
        let result = StatementResult::texts("result", [text]);
        Ok(Outcome::Done(StatementResult { kind: ResultKind::Rows, ..result }))
    }
}

/// Flink's words for a statement that has no place between BEGIN STATEMENT SET and END.
const ONLY_INSERTS: &str = "Only 'INSERT/CREATE TABLE AS' statement is allowed in Statement Set or use 'END' statement to submit Statement Set.";

const NO_SAVEPOINT_DIRECTORY: &str =
    "there is no place for the savepoint: set 'execution.checkpointing.savepoint-dir' to a folder";

/// Flink's words for an END alone.
const NO_STATEMENT_SET: &str =
    "No Statement Set to submit. 'END' statement should be used after 'BEGIN STATEMENT SET'.";

fn refused(error: &JobError, span: Span) -> SqlError {
    SqlError::at(span, error.to_string())
}

/// What a statement is called in "not supported".
fn construct(kind: &StatementKind) -> &'static str {
    match kind {
        StatementKind::CompilePlan(_) => "COMPILE PLAN",
        StatementKind::ExecutePlan { .. } => "EXECUTE PLAN",
        StatementKind::CompileAndExecutePlan { .. } => "COMPILE AND EXECUTE PLAN",
        StatementKind::Show(_) => "this SHOW statement",
        StatementKind::Describe(_) => "DESCRIBE JOB",
        _ => "this statement",
    }
}
