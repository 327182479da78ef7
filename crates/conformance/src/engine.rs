//! A session of one case: its options, its tables, and jobs with a time limit.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_client::{CollectReceiver, EmbeddedCluster, JobHandle, JobSnapshot, RunOptions, collector};
use flott_configuration::{Configuration, Origin};
use flott_environment::Environment;
use flott_job::Vertex;
use flott_job::spec::OperatorSpec;
use flott_record::value_array::rows_of_batch;
use flott_record::{Batch, RowKind, Schema, Value};
use flott_sql::catalog::{CatalogObject, ObjectLookup};
use flott_sql::statement::{PlannedJob, PlannerSettings, SqlSession, Surroundings};
use flott_syntax::ast::{ExpressionKind, Insert, Query, Statement, StatementKind};

use crate::limits::{JOB_TIME_MAX_MS, READING_POLL_MS};
use crate::values::{Recorded, Stage, ValuesConnector};

/// Result of a step, or the text of its error.
pub(crate) type Step<T> = Result<T, String>;

/// The engine under test with the tables of one case.
pub(crate) struct Engine {
    pub(crate) session: SqlSession,
    pub(crate) stage: Stage,
    cluster: EmbeddedCluster,
}

/// A job of INSERTs that runs.
pub(crate) struct Started {
    pub(crate) handle: JobHandle,
    /// Number of its sources.
    sources: usize,
}

/// A query's rows.
pub(crate) struct QueryResult {
    pub(crate) schema: Schema,
    pub(crate) rows: Vec<Recorded>,
}

impl Engine {
    /// A session with these options, at parallelism 1 so that changelogs are repeatable.
    pub(crate) fn new(environment: &Environment, options: &[(String, String)]) -> Step<Self> {
        let mut configuration = Configuration::new();
        let defaults = [("parallelism.default", "1"), ("table.local-time-zone", "UTC")];
        let given = options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        defaults.into_iter().chain(given).for_each(|(key, value)| configuration.set(key, value, Origin::Session));
        let stage = Stage::default();
        let mut registry = flott_connector::standard();
        registry.register(Arc::new(ValuesConnector::new(&stage)));
        let now_ms = environment.clock().now_ms();
        let surroundings = Surroundings { cores: 1, system_time_zone: "UTC".to_string(), now_ms };
        let cluster = EmbeddedCluster::new(environment.clone(), registry.clone());
        let session =
            SqlSession::new(configuration, Arc::new(registry), surroundings).map_err(|error| error.to_string())?;
        Ok(Engine { session, stage, cluster })
    }

    /// The planner's settings.
    pub(crate) fn settings(&self) -> Step<PlannerSettings> {
        self.session.settings().map_err(|error| error.to_string())
    }

    /// Runs statements that need no job, and INSERTs to their end.
    pub(crate) fn execute(&mut self, script: &str) -> Step<()> {
        for statement in parse(script)? {
            match inserts_of(&statement) {
                Some(inserts) => {
                    let job = self.start(&inserts, None)?;
                    finish(&job.handle)?;
                }
                None => {
                    let done = self.session.execute_metadata(&statement).map_err(|error| error.to_string())?;
                    if done.is_none() {
                        return Err("not supported: a statement of this kind in a set-up".to_string());
                    }
                }
            }
        }
        Ok(())
    }

    /// Starts a job of INSERTs, anew or from a snapshot.
    pub(crate) fn start(&self, inserts: &[Insert], from: Option<Arc<JobSnapshot>>) -> Step<Started> {
        let settings = self.settings()?;
        let planned = self.session.planner(&settings).inserts(inserts).map_err(|error| error.to_string())?;
        let is_source = |vertex: &&Vertex| matches!(vertex.chain[0].spec, OperatorSpec::Source(_));
        let sources = planned.graph.vertices.iter().filter(is_source).count();
        let options = RunOptions { restore_from: from, ..RunOptions::default() };
        let handle = self.cluster.run(planned.graph, options).map_err(|error| error.to_string())?;
        Ok(Started { handle, sources })
    }

    /// Runs a query to its end.
    pub(crate) fn query(&self, query: &Query) -> Step<QueryResult> {
        let settings = self.settings()?;
        let planned = self.session.planner(&settings).query(query).map_err(|error| error.to_string())?;
        let PlannedJob { graph, schema, .. } = planned;
        let (connector, results) = collector(self.cluster.environment());
        let options = RunOptions::default().with_connector(connector);
        let job = self.cluster.run(graph, options).map_err(|error| error.to_string())?;
        let mut rows = Vec::new();
        for batch in await_rows(self.cluster.environment(), results, &job)? {
            rows.extend(rows_of_batch(&schema, &batch));
        }
        Ok(QueryResult { schema, rows })
    }

    /// Waits until every source of a job has given all its rows.
    pub(crate) fn await_reading(&self, job: &Started) -> Step<()> {
        let waiter = self.cluster.environment().waiter();
        let deadline_ms = self.now_ms() + JOB_TIME_MAX_MS as i64;
        let mut is_over = || self.stage.readers_at_end() >= job.sources || job.handle.result().is_some();
        while !is_over() {
            if self.now_ms() > deadline_ms {
                return Err(give_up(&job.handle));
            }
            // Readers wake nobody, so this looks again and again.
            let _came = waiter.wait_until(&mut is_over, Some(READING_POLL_MS));
        }
        Ok(())
    }

    /// Positions of a table's primary key among the columns that its sink is given.
    pub(crate) fn primary_key(&self, table: &str) -> Step<Vec<usize>> {
        let name = flott_syntax::parse_expression(&quoted(table)).map_err(|error| error.to_string())?;
        let ExpressionKind::Name(name) = name.kind else { return Err(format!("{table} is no name")) };
        match self.session.catalog.lookup(&name).map_err(|error| error.to_string())? {
            CatalogObject::Table(table) => Ok(table.spec(&BTreeMap::new()).primary_key),
            CatalogObject::View(_) => Err(format!("{table} is a view")),
        }
    }

    /// Milliseconds since the epoch, by the engine's clock.
    pub(crate) fn now_ms(&self) -> i64 {
        self.cluster.environment().clock().now_ms()
    }
}

/// Waits for a job's end, not longer than the limit.
pub(crate) fn finish(job: &JobHandle) -> Step<()> {
    match job.wait_ms(Some(JOB_TIME_MAX_MS)) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(give_up(job)),
        Err(error) => Err(error.to_string()),
    }
}

/// All rows of a query whose job has to end within the limit.
pub(crate) fn await_rows(environment: &Environment, mut results: CollectReceiver, job: &JobHandle) -> Step<Vec<Batch>> {
    let clock = environment.clock();
    let deadline_ms = clock.now_ms() + JOB_TIME_MAX_MS as i64;
    let mut batches = Vec::new();
    loop {
        let left_ms = deadline_ms - clock.now_ms();
        if left_ms <= 0 {
            return Err(give_up(job));
        }
        match results.next_within_ms(Some(left_ms as u64)) {
            Some(batch) => batches.push(batch),
            None if results.is_ended() => break,
            None => {}
        }
    }
    finish(job)?;
    Ok(batches)
}

fn give_up(job: &JobHandle) -> String {
    job.cancel();
    // A job that doesn't even end when it is cancelled is left behind; the message is the same.
    let _end = job.wait_ms(Some(JOB_TIME_MAX_MS));
    format!("the job did not end within {JOB_TIME_MAX_MS} ms")
}

/// The statements of a script.
pub(crate) fn parse(script: &str) -> Step<Vec<Statement>> {
    flott_syntax::parse_statements(script).map_err(|error| flott_sql::SqlError::from(error).to_string())
}

/// The only statement of a text that is a query.
pub(crate) fn parse_query(text: &str) -> Step<Query> {
    let statement =
        flott_syntax::parse_statement(text).map_err(|error| flott_sql::SqlError::from(error).to_string())?;
    match statement.kind {
        StatementKind::Query(query) => Ok(*query),
        _ => Err(format!("a query was expected: {text}")),
    }
}

/// The INSERTs of a statement that is nothing else.
pub(crate) fn inserts_of(statement: &Statement) -> Option<Vec<Insert>> {
    match &statement.kind {
        StatementKind::Execute(inner) => inserts_of(inner),
        StatementKind::Insert(insert) => Some(vec![(**insert).clone()]),
        StatementKind::StatementSet(set) => Some(set.inserts.clone()),
        _ => None,
    }
}

/// A name in back-ticks.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `CREATE TABLE` with these columns, clauses and options.
pub(crate) fn create_table(
    name: &str,
    columns: &[String],
    partition: &[&str],
    distribution: Option<&str>,
    options: &[(String, String)],
) -> String {
    let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let options: Vec<String> = options.iter().map(|(key, value)| format!("{} = {}", text(key), text(value))).collect();
    let partition: Vec<String> = partition.iter().map(|column| quoted(column)).collect();
    let partitioned =
        if partition.is_empty() { String::new() } else { format!(" PARTITIONED BY ({})", partition.join(", ")) };
    let distribution = distribution.map_or_else(String::new, |clause| format!(" {clause}"));
    let (name, columns, options) = (quoted(name), columns.join(", "), options.join(", "));
    format!("CREATE TABLE {name} ({columns}){distribution}{partitioned} WITH ({options})")
}

/// The final rows of a changelog: by key if one is given, else each retraction takes one equal row away.
pub(crate) fn materialize(changes: &[Recorded], key: &[usize]) -> Vec<Vec<Value>> {
    let same = |a: &[Value], b: &[Value]| match key {
        [] => a == b,
        key => key.iter().all(|column| a[*column] == b[*column]),
    };
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for (kind, row) in changes {
        let known = rows.iter().position(|known| same(known, row));
        match (kind, known) {
            (RowKind::Insert | RowKind::UpdateAfter, Some(position)) if !key.is_empty() => rows[position] = row.clone(),
            (RowKind::Insert | RowKind::UpdateAfter, _) => rows.push(row.clone()),
            (RowKind::UpdateBefore | RowKind::Delete, Some(position)) => {
                rows.remove(position);
            }
            // A retraction of nothing changes nothing: the comparison shows it.
            (RowKind::UpdateBefore | RowKind::Delete, None) => {}
        }
    }
    rows
}
