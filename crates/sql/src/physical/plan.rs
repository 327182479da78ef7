//! Chooses an operator for each relation and a partition for each edge.
//!
//! Nodes that compute the same from the same inputs are one node: a view that two branches of a query read is computed once, as
//! Flink's sub-plan reuse has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_connector::{Capabilities, Registry};
use flott_evaluation::Session;
use flott_job::changelog_function::{FromChangelogSpec, ToChangelogSpec};
use flott_job::spec::{
    CalcSpec, ChangelogNormalizeSpec, DropUpdateBeforeSpec, ExpandSpec, SessionRowsSpec, SourceSpec, UnnestSpec,
    ValuesSpec, WatermarkSpec, WindowTableFunctionSpec,
};
use flott_job::window::{Window, WindowKind};
use flott_job::{OperatorSpec, Partition};
use flott_record::{ChangelogMode, Schema};

use crate::catalog::ResolvedTable;
use crate::error::{Result, SqlError};
use crate::physical::aggregate::by_keys;
use crate::relation::{Relation, RelationKind, RelationRef};
use crate::statement::PlannerSettings;

/// Position of a node in the plan.
pub type NodeId = usize;

/// An operator with its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct PhysicalNode {
    /// Kind of operator, for names: `GroupAggregate`.
    pub kind: String,
    /// What it computes.
    pub spec: OperatorSpec,
    /// Inputs: node, which input of the operator, how rows are partitioned.
    pub inputs: Vec<(NodeId, usize, Partition)>,
    /// Output columns.
    pub schema: Schema,
    /// Most subtasks that are of use; `None` = any number.
    pub parallelism_max: Option<u32>,
    /// Kinds of rows that come out.
    pub mode: ChangelogMode,
}

impl PhysicalNode {
    /// A node with the columns of a relation.
    pub(crate) fn keyed(
        kind: &str,
        spec: OperatorSpec,
        inputs: Vec<(NodeId, usize, Partition)>,
        relation: &Relation,
    ) -> Self {
        Self::of_schema(kind, spec, inputs, relation.schema())
    }

    /// A node with these columns.
    pub(crate) fn of_schema(
        kind: &str,
        spec: OperatorSpec,
        inputs: Vec<(NodeId, usize, Partition)>,
        schema: Schema,
    ) -> Self {
        let single = inputs.iter().any(|(_, _, partition)| *partition == Partition::Singleton);
        PhysicalNode {
            kind: kind.to_string(),
            spec,
            inputs,
            schema,
            parallelism_max: single.then_some(1),
            mode: ChangelogMode::INSERT_ONLY,
        }
    }
}

/// Operators in topological order.
#[derive(Clone, Debug, Default)]
pub struct PhysicalPlan {
    /// The nodes; inputs come before what reads them.
    pub nodes: Vec<PhysicalNode>,
}

/// Plans the relations of one job.
pub struct Planner<'a> {
    /// What connectors can do.
    pub registry: &'a Registry,
    /// Settings.
    pub settings: &'a PlannerSettings,
    /// Settings that expressions depend on.
    pub session: &'a Session,
    /// The plan so far.
    pub plan: PhysicalPlan,
}

impl<'a> Planner<'a> {
    /// A planner with an empty plan.
    pub fn new(registry: &'a Registry, settings: &'a PlannerSettings, session: &'a Session) -> Self {
        Planner { registry, settings, session, plan: PhysicalPlan::default() }
    }

    /// Adds a node, or finds the equal one that is there.
    pub(crate) fn add(&mut self, node: PhysicalNode) -> NodeId {
        let is_sink = matches!(node.spec, OperatorSpec::Sink(_));
        match self.plan.nodes.iter().position(|known| *known == node) {
            Some(known) if !is_sink => known,
            _ => {
                self.plan.nodes.push(node);
                self.plan.nodes.len() - 1
            }
        }
    }

    /// A fault of the planner, not of the statement.
    pub(crate) fn internal<T>(&self, what: &str) -> Result<T> {
        Err(SqlError::new(format!("internal error: {what} was expected; please report this statement")))
    }

    pub(crate) fn capabilities(&self, table: &ResolvedTable) -> Result<Capabilities> {
        let spec = table.spec(&BTreeMap::new());
        let connector = spec.options.get("connector").map_or("", String::as_str);
        let found = self.registry.get(connector).and_then(|connector| connector.capabilities(&spec));
        found.map_err(|error| SqlError::new(format!("table '{}': {error}", spec.name)))
    }

    /// Kinds of rows that a table's source emits.
    pub(crate) fn source_mode(&self, table: &ResolvedTable) -> ChangelogMode {
        let known = self.capabilities(table).ok().and_then(|capabilities| capabilities.source);
        known.unwrap_or(ChangelogMode::INSERT_ONLY)
    }

    /// The node of a relation; `update_before` says whether its consumer needs `-U`.
    pub(crate) fn plan(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let before = self.plan.nodes.len();
        let node = self.plan_node(relation, update_before)?;
        let mode = self.changes(relation).mode(update_before);
        if node >= before {
            self.plan.nodes[node].mode = mode;
        }
        Ok(node)
    }

    fn plan_node(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        match &relation.kind {
            RelationKind::Scan { table, projection } => self.scan(relation, table, projection),
            RelationKind::Values { rows } => {
                let spec = OperatorSpec::Values(ValuesSpec { schema: relation.schema(), rows: rows.clone() });
                let mut node = PhysicalNode::keyed("Values", spec, Vec::new(), relation);
                node.parallelism_max = Some(1);
                Ok(self.add(node))
            }
            RelationKind::Watermark { input, rowtime, expression, table } => {
                let below = self.plan(input, update_before)?;
                let spec = WatermarkSpec {
                    rowtime: *rowtime,
                    expression: expression.clone(),
                    interval_ms: self.watermark_interval(table),
                    idle_timeout_ms: self.settings.source_idle_timeout_ms,
                };
                self.forward("WatermarkAssigner", OperatorSpec::Watermark(spec), below, relation)
            }
            RelationKind::Project { input, expressions } => self.project(relation, input, expressions, update_before),
            RelationKind::Filter { input, condition } if filters_normalized(relation) => {
                self.normalize(input, Some(condition.clone()), update_before)
            }
            RelationKind::Filter { input, condition } => {
                let before = update_before || !self.supports_only_after(relation);
                let below = self.plan(input, before)?;
                let spec = CalcSpec { projection: input.identity(), condition: Some(condition.clone()) };
                self.forward("Calc", OperatorSpec::Calc(spec), below, relation)
            }
            RelationKind::Aggregate { .. } => self.plan_aggregate(relation, update_before),
            RelationKind::WindowAggregate { .. } => self.plan_window_aggregate(relation),
            RelationKind::Window { .. } => self.plan_window(relation, update_before),
            RelationKind::Join { .. } => {
                let keyed = crate::physical::join::with_key_columns(relation);
                match &keyed.kind {
                    RelationKind::Join { .. } => self.plan_join(relation, update_before),
                    _ => self.plan(&keyed, update_before),
                }
            }
            RelationKind::WindowJoin { .. } => self.plan_window_join(relation),
            RelationKind::Union { inputs } => self.union(relation, inputs, update_before),
            RelationKind::Sort { .. } => self.plan_sort(relation, update_before),
            RelationKind::Over { .. } => self.plan_over(relation),
            RelationKind::Rank { .. } => self.plan_rank(relation, update_before),
            RelationKind::Deduplicate { .. } => self.plan_deduplicate(relation, update_before),
            RelationKind::Hinted { input, .. } => self.plan(input, update_before),
            RelationKind::TemporalJoin { .. } => self.plan_temporal_join(relation, update_before),
            RelationKind::LookupJoin { .. } => self.plan_lookup_join(relation),
            RelationKind::Expand { .. }
            | RelationKind::Unnest { .. }
            | RelationKind::ToChangelog { .. }
            | RelationKind::FromChangelog { .. }
            | RelationKind::Match { .. }
            | RelationKind::Normalize { .. } => self.plan_rows(relation, update_before),
        }
    }

    /// The windows of each row.
    fn plan_window(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        match &relation.kind {
            RelationKind::Window { input, kind: WindowKind::Session { gap_ms }, time, partition } => {
                let below = self.plan(input, true)?;
                let (time, gap_ms, partition) = (*time, *gap_ms, partition.clone());
                let edges = vec![(below, 0, by_keys(&partition))];
                let spec = SessionRowsSpec { time, gap_ms, partition, input: input.schema() };
                let spec = OperatorSpec::SessionRows(spec);
                Ok(self.add(PhysicalNode::keyed("WindowTableFunction", spec, edges, relation)))
            }
            RelationKind::Window { input, kind, time, partition } => {
                let below = self.plan(input, update_before)?;
                let spec = WindowTableFunctionSpec { window: Window { kind: *kind, time: *time } };
                let spec = OperatorSpec::WindowTableFunction(spec);
                if partition.is_empty() {
                    return self.forward("WindowTableFunction", spec, below, relation);
                }
                let edges = vec![(below, 0, by_keys(partition))];
                Ok(self.add(PhysicalNode::keyed("WindowTableFunction", spec, edges, relation)))
            }
            _ => self.internal("a window"),
        }
    }

    /// Operators that make several rows of one, or keep the last of each key.
    fn plan_rows(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        match &relation.kind {
            RelationKind::Expand { input, projections } => {
                let below = self.plan(input, update_before)?;
                let spec = OperatorSpec::Expand(ExpandSpec { projections: projections.clone() });
                self.forward("Expand", spec, below, relation)
            }
            RelationKind::Unnest { input, collection, flatten, ordinality, outer } => {
                let below = self.plan(input, true)?;
                let width = input.columns.len();
                let spec = UnnestSpec {
                    collection: collection.clone(),
                    flatten: *flatten,
                    ordinality: *ordinality,
                    outer: *outer,
                    element: relation.columns[width..].iter().map(|column| column.data_type.clone()).collect(),
                };
                self.forward("Correlate", OperatorSpec::Unnest(spec), below, relation)
            }
            RelationKind::ToChangelog { input, codes } => {
                let below = self.plan(input, true)?;
                let spec = OperatorSpec::ToChangelog(ToChangelogSpec { codes: codes.clone() });
                self.forward("ProcessTableFunction", spec, below, relation)
            }
            RelationKind::FromChangelog { input, code, kinds } => {
                if !self.changes(input).is_insert_only() {
                    return Err(SqlError::new("FROM_CHANGELOG takes an append-only table; its input produces updates"));
                }
                let below = self.plan(input, true)?;
                let spec = FromChangelogSpec { code: *code, kinds: kinds.clone() };
                self.forward("ProcessTableFunction", OperatorSpec::FromChangelog(spec), below, relation)
            }
            RelationKind::Match { .. } => self.plan_match(relation),
            RelationKind::Normalize { .. } => self.normalize(relation, None, update_before),
            _ => self.internal("an operator on rows"),
        }
    }

    /// How long state of rows of this relation is kept: as a hint says, else `table.exec.state.ttl`.
    pub(crate) fn state_ttl_ms(&self, relation: &Relation) -> i64 {
        match &relation.kind {
            RelationKind::Hinted { state_ttl_ms, .. } => *state_ttl_ms,
            RelationKind::Project { input, .. }
            | RelationKind::Filter { input, .. }
            | RelationKind::Watermark { input, .. }
            | RelationKind::Expand { input, .. }
            | RelationKind::Normalize { input, .. } => self.state_ttl_ms(input),
            _ => self.settings.state_ttl_ms,
        }
    }

    fn forward(&mut self, kind: &str, spec: OperatorSpec, below: NodeId, relation: &Relation) -> Result<NodeId> {
        Ok(self.add(PhysicalNode::keyed(kind, spec, vec![(below, 0, Partition::Forward)], relation)))
    }

    /// `scan.watermark.emit.strategy` = on-event sends one after each row.
    fn watermark_interval(&self, table: &Arc<ResolvedTable>) -> i64 {
        match table.options.get("scan.watermark.emit.strategy").map(String::as_str) {
            Some("on-event") => 0,
            _ => self.settings.auto_watermark_interval_ms,
        }
    }

    fn scan(&mut self, relation: &RelationRef, table: &Arc<ResolvedTable>, projection: &[usize]) -> Result<NodeId> {
        let capabilities = self.capabilities(table)?;
        if self.session.batch_mode && !capabilities.bounded {
            let message = format!(
                "Querying an unbounded table '{}' in batch mode is not allowed. The table source is unbounded.",
                table.full_name()
            );
            return Err(SqlError::new(message));
        }
        let spec = table.spec(&BTreeMap::new());
        let width = spec.schema.len() + spec.metadata.len();
        let all: Vec<usize> = (0..width).collect();
        let read = if capabilities.projection_push_down { projection.to_vec() } else { all.clone() };
        let fields = spec.schema.fields.iter().chain(spec.metadata.iter().map(|column| &column.field));
        let fields: Vec<_> = fields.cloned().collect();
        let schema = Schema::new(read.iter().map(|column| fields[*column].clone()).collect());
        let source = OperatorSpec::Source(SourceSpec { table: spec, projection: read.clone(), limit: None });
        let kind = format!("Source: {}", table.path[2]);
        let mut node = PhysicalNode::of_schema(&kind, source, Vec::new(), schema);
        node.parallelism_max = capabilities.source_parallelism_max;
        node.mode = capabilities.source.unwrap_or(ChangelogMode::INSERT_ONLY);
        let source = self.add(node);
        if read == projection {
            return Ok(source);
        }
        let columns = projection
            .iter()
            .map(|column| flott_expression::Expression::column(*column, fields[*column].data_type.clone()));
        self.forward("Calc", crate::physical::aggregate::calc(columns.collect()), source, relation)
    }

    /// The changelog of an upsert source, with the filter right above it: a row that fails it from now on is deleted.
    fn normalize(
        &mut self,
        relation: &RelationRef,
        condition: Option<flott_expression::Expression>,
        update_before: bool,
    ) -> Result<NodeId> {
        let RelationKind::Normalize { input, keys } = &relation.kind else { return self.internal("a normalization") };
        let mut below = self.plan(input, false)?;
        let sends_before =
            matches!(&input.kind, RelationKind::Scan { table, .. } if self.source_mode(table).update_before);
        if sends_before {
            // What a row was before is known from state: the source's own word may come twice.
            let spec = OperatorSpec::DropUpdateBefore(DropUpdateBeforeSpec {});
            below = self.forward("DropUpdateBefore", spec, below, input)?;
            self.plan.nodes[below].mode = self.changes(input).mode(false);
        }
        let spec = ChangelogNormalizeSpec {
            keys: keys.clone(),
            emit_update_before: update_before,
            condition,
            state_ttl_ms: self.settings.state_ttl_ms,
            input: input.schema(),
        };
        let edges = vec![(below, 0, by_keys(keys))];
        let spec = OperatorSpec::ChangelogNormalize(spec);
        Ok(self.add(PhysicalNode::keyed("ChangelogNormalize", spec, edges, relation)))
    }

    /// A projection, with the filter below it in the same operator.
    fn project(
        &mut self,
        relation: &RelationRef,
        input: &RelationRef,
        expressions: &[flott_expression::Expression],
        update_before: bool,
    ) -> Result<NodeId> {
        let (below, condition) = match &input.kind {
            RelationKind::Filter { input: below, condition } if !filters_normalized(input) => {
                let before = update_before || !self.supports_only_after(input);
                (self.plan(below, before)?, Some(condition.clone()))
            }
            _ => (self.plan(input, update_before)?, None),
        };
        let spec = CalcSpec { projection: expressions.to_vec(), condition };
        self.forward("Calc", OperatorSpec::Calc(spec), below, relation)
    }

    /// A union is edges to one input; it needs an operator to which they lead.
    fn union(&mut self, relation: &RelationRef, inputs: &[RelationRef], update_before: bool) -> Result<NodeId> {
        let mut edges = Vec::new();
        for input in inputs {
            edges.push((self.plan(input, update_before)?, 0, Partition::Forward));
        }
        let spec = crate::physical::aggregate::calc(relation.identity());
        Ok(self.add(PhysicalNode::keyed("Union", spec, edges, relation)))
    }
}

/// Whether a relation is a filter that becomes part of the normalization below it.
pub(crate) fn filters_normalized(relation: &Relation) -> bool {
    match &relation.kind {
        RelationKind::Filter { input, condition } => {
            matches!(input.kind, RelationKind::Normalize { .. }) && crate::bind::query::is_deterministic(condition)
        }
        _ => false,
    }
}
