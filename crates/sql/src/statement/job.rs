//! Statements that become jobs: queries, INSERT, statement sets.

use std::collections::BTreeMap;

use flott_connector::Registry;
use flott_evaluation::Session;
use flott_expression::Expression;
use flott_job::JobGraph;
use flott_record::{ChangelogMode, Field, Schema, TableSpec, Value};
use flott_syntax::ast;

use crate::bind::QueryBinder;
use crate::bind::expression::NoIntercept;
use crate::bind::query::cast;
use crate::bind::scope::Scope;
use crate::bind::select::projected;
use crate::catalog::{CatalogObject, ObjectLookup, ResolvedTable, TableColumnKind};
use crate::error::{Result, SqlError};
use crate::optimize::optimize;
use crate::physical::sink::cast_to_sink;
use crate::physical::{PhysicalPlan, Planner, SinkTarget, graph};
use crate::relation::RelationRef;
use crate::statement::PlannerSettings;

/// Identifier of the connector by which a query's result reaches the client.
pub const COLLECT_CONNECTOR: &str = "collect";

/// A planned job.
#[derive(Clone, Debug)]
pub struct PlannedJob {
    /// What runs.
    pub graph: JobGraph,
    /// The operators before chaining, for EXPLAIN.
    pub plan: PhysicalPlan,
    /// The relations as bound, one for each sink.
    pub bound: Vec<RelationRef>,
    /// The relations as optimised.
    pub optimized: Vec<RelationRef>,
    /// Columns of a query's result; of an INSERT those of its sink.
    pub schema: Schema,
    /// Kinds of rows in a query's result.
    pub mode: ChangelogMode,
    /// Names of the sinks, in the order of the statements.
    pub sinks: Vec<String>,
}

/// Plans the statements of one session.
pub struct JobPlanner<'a> {
    /// Finds tables and views.
    pub objects: &'a dyn ObjectLookup,
    /// Knows what connectors can do.
    pub registry: &'a Registry,
    /// Settings.
    pub settings: &'a PlannerSettings,
}

/// A relation and where its rows go.
type SinkPlan = (RelationRef, SinkTarget);

impl JobPlanner<'_> {
    fn session(&self) -> Session {
        Session {
            time_zone: self.settings.time_zone.clone(),
            batch_mode: self.settings.batch_mode,
            query_start_ms: self.settings.query_start_ms,
            // Planning draws nothing.
            seeds: flott_evaluation::Seeds::default(),
        }
    }

    /// The relation of a query, bound but not optimised.
    ///
    /// # Errors
    /// Whatever is wrong with the query.
    pub fn bind_query(&self, query: &ast::Query) -> Result<RelationRef> {
        let session = self.session();
        let mut binder = QueryBinder::new(self.objects, self.registry, &session);
        binder.cdc_events_duplicate = self.settings.cdc_events_duplicate && !self.settings.batch_mode;
        binder.query(query, None)
    }

    /// A job that sends a query's rows to the client's `collect` connector.
    ///
    /// # Errors
    /// Whatever is wrong with the query.
    pub fn query(&self, query: &ast::Query) -> Result<PlannedJob> {
        let relation = self.bind_query(query)?;
        let schema = relation.schema();
        let options = BTreeMap::from([("connector".to_string(), COLLECT_CONNECTOR.to_string())]);
        let table =
            TableSpec { name: COLLECT_CONNECTOR.to_string(), schema: schema.clone(), options, ..TableSpec::default() };
        let target = SinkTarget { table, accepts: ChangelogMode::ALL, schema, on_conflict: None };
        self.job(vec![(relation, target)]).map_err(|error| error.or_at(query.span))
    }

    /// A job of one or several INSERTs; what they read in common is read once.
    ///
    /// # Errors
    /// Whatever is wrong with a statement.
    pub fn inserts(&self, inserts: &[ast::Insert]) -> Result<PlannedJob> {
        let mut sinks = Vec::with_capacity(inserts.len());
        for insert in inserts {
            sinks.push(self.insert(insert).map_err(|error| error.or_at(insert.span))?);
        }
        let span = inserts.first().map_or_else(Default::default, |insert| insert.span);
        self.job(sinks).map_err(|error| error.or_at(span))
    }

    fn insert(&self, insert: &ast::Insert) -> Result<SinkPlan> {
        let table = match self.objects.lookup(&insert.table)? {
            CatalogObject::Table(table) => table,
            CatalogObject::View(_) => return Err(SqlError::at(insert.table.span, "a view cannot be written")),
        };
        let relation = self.bind_query(&insert.source)?;
        let (target, order) = self.target(&table, insert)?;
        if insert.overwrite {
            let connector = target.table.options.get("connector").map_or("", String::as_str);
            let checked = self.registry.get(connector);
            checked
                .and_then(|connector| connector.check_overwrite(&target.table, self.settings.batch_mode))
                .map_err(|error| SqlError::at(insert.span, error.to_string()))?;
        }
        let relation = self.arrange(relation, insert, &table, &target, &order)?;
        Ok((relation, target))
    }

    /// The sink, and the names of its columns in the order in which INSERT gives them.
    fn target(&self, table: &ResolvedTable, insert: &ast::Insert) -> Result<(SinkTarget, Vec<String>)> {
        let mut hints = BTreeMap::new();
        for hint in &insert.hints {
            for argument in &hint.arguments {
                if let ast::HintArgument::Option { key, value } = argument {
                    hints.insert(key.clone(), value.clone());
                }
            }
        }
        let spec = table.spec(&hints);
        let connector = spec.options.get("connector").map_or("", String::as_str);
        let capabilities =
            self.registry.get(connector).and_then(|connector| connector.capabilities(&spec)).map_err(|error| {
                let message = format!("Unable to create a sink for writing table '{}': {error}", spec.name);
                SqlError::at(insert.table.span, message)
            })?;
        let Some(accepts) = capabilities.sink else {
            let message = format!("table '{}' can only be read: its connector is no sink", spec.name);
            return Err(SqlError::at(insert.table.span, message));
        };
        let mut fields: Vec<Field> = spec.schema.fields.clone();
        fields.extend(spec.metadata.iter().filter(|column| !column.is_virtual).map(|column| column.field.clone()));
        let writable = table.columns.iter().filter(|column| match &column.kind {
            TableColumnKind::Physical => true,
            TableColumnKind::Metadata { is_virtual, .. } => !is_virtual,
            TableColumnKind::Computed(_) => false,
        });
        let order = writable.map(|column| column.name.clone()).collect();
        let schema = Schema::new(fields);
        Ok((SinkTarget { table: spec, accepts, schema, on_conflict: insert.on_conflict }, order))
    }

    /// The query's columns as the sink has them: named columns in their place, static partitions and NULLs filled in.
    fn arrange(
        &self,
        relation: RelationRef,
        insert: &ast::Insert,
        table: &ResolvedTable,
        target: &SinkTarget,
        order: &[String],
    ) -> Result<RelationRef> {
        let statics = self.static_partition(insert)?;
        let named: Vec<String> = if insert.columns.is_empty() {
            order.iter().filter(|name| !statics.iter().any(|(known, _)| known == *name)).cloned().collect()
        } else {
            insert.columns.iter().filter_map(|name| name.last()).map(|part| part.value.clone()).collect()
        };
        if let Some(unknown) = named.iter().find(|name| !order.contains(name)) {
            let span = insert.columns.first().map_or(insert.span, |name| name.span);
            return Err(SqlError::at(span, format!("Unknown target column '{unknown}'")));
        }
        let positional = Schema::new(
            named
                .iter()
                .filter_map(|name| target.schema.index_of(name))
                .map(|index| target.schema.fields[index].clone())
                .collect(),
        );
        let relation = cast_to_sink(&relation, &positional, &table.full_name())?;
        let mut expressions = Vec::with_capacity(target.schema.len());
        for field in &target.schema.fields {
            let given = named.iter().position(|name| *name == field.name);
            let fixed = statics.iter().find(|(name, _)| *name == field.name);
            expressions.push(match (given, fixed) {
                (Some(position), _) => Expression::column(position, relation.columns[position].data_type.clone()),
                (None, Some((_, value))) => cast(value.clone(), &field.data_type),
                (None, None) => {
                    if !field.data_type.nullable {
                        let message = format!("Column '{}' has no default value and does not allow NULLs", field.name);
                        return Err(SqlError::at(insert.span, message));
                    }
                    Expression::literal(Value::Null, field.data_type.clone())
                }
            });
        }
        let names = target.schema.fields.iter().map(|field| field.name.clone()).collect();
        Ok(projected(relation, expressions, names))
    }

    fn static_partition(&self, insert: &ast::Insert) -> Result<Vec<(String, Expression)>> {
        let session = self.session();
        let binder = QueryBinder::new(self.objects, self.registry, &session);
        let scope = Scope::default();
        let mut found = Vec::new();
        for entry in &insert.partition {
            if let Some(value) = &entry.value {
                let bound = binder.expressions(&scope).bind(value, &mut NoIntercept)?;
                found.push((entry.column.value.clone(), bound));
            }
        }
        Ok(found)
    }

    fn job(&self, sinks: Vec<SinkPlan>) -> Result<PlannedJob> {
        let session = self.session();
        let mut planner = Planner::new(self.registry, self.settings, &session);
        let (mut bound, mut optimized, mut names) = (Vec::new(), Vec::new(), Vec::new());
        let mut mode = ChangelogMode::INSERT_ONLY;
        let mut schema = Schema::default();
        for (relation, target) in sinks {
            let best = optimize(relation.clone(), self.settings.batch_mode, &session);
            let node = planner.sink(&best, &target)?;
            mode = planner.plan.nodes[node].mode;
            schema = target.schema.clone();
            names.push(target.table.name.clone());
            bound.push(relation);
            optimized.push(best);
        }
        let name = match self.settings.pipeline_name.as_str() {
            "" => default_name(&names),
            name => name.to_string(),
        };
        let graph = graph::job_graph(&planner.plan, self.settings, &name)?;
        Ok(PlannedJob { graph, plan: planner.plan, bound, optimized, schema, mode, sinks: names })
    }
}

/// `insert-into_default_catalog.default_database.sink`, as Flink names jobs.
fn default_name(sinks: &[String]) -> String {
    match sinks {
        [only] if only == COLLECT_CONNECTOR => "collect".to_string(),
        _ => format!("insert-into_{}", sinks.join(",")),
    }
}
