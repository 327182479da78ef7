//! Aggregations: one or two phases, by key or by window.

use flott_expression::Expression;
use flott_job::spec::{AggregatePhase, CalcSpec, GroupAggregateSpec, LocalGroupAggregateSpec, WindowAggregateSpec};
use flott_job::window::{Window, WindowKind, WindowProperty, WindowTime};
use flott_job::{OperatorSpec, Partition};
use flott_record::{Field, Schema, TypeKind};

use crate::error::Result;
use crate::physical::plan::{NodeId, PhysicalNode, Planner};
use crate::relation::{Relation, RelationKind, RelationRef};

impl Planner<'_> {
    pub(crate) fn plan_aggregate(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let RelationKind::Aggregate { input, keys, calls } = &relation.kind else {
            return self.internal("an aggregation");
        };
        let input_retracts = !self.changes(input).is_insert_only();
        let below = self.plan(input, true)?;
        let spec = GroupAggregateSpec {
            keys: keys.clone(),
            calls: calls.clone(),
            merges_partials: false,
            input_retracts,
            emit_update_before: update_before,
            mini_batch: self.settings.mini_batch,
            state_ttl_ms: self.state_ttl_ms(input),
            input: input.schema(),
        };
        let two_phase = self.settings.two_phase && calls.iter().all(can_merge);
        let Some(mini_batch) = self.settings.mini_batch.filter(|_| two_phase && !self.session.batch_mode) else {
            let edges = vec![(below, 0, by_keys(keys))];
            return Ok(self.add(PhysicalNode::keyed(
                "GroupAggregate",
                OperatorSpec::GroupAggregate(spec),
                edges,
                relation,
            )));
        };
        let local = LocalGroupAggregateSpec {
            keys: keys.clone(),
            calls: calls.clone(),
            input_retracts,
            mini_batch,
            input: input.schema(),
        };
        let schema = partial_schema(input, keys, false);
        let edges = vec![(below, 0, Partition::Forward)];
        let spec_of_local = OperatorSpec::LocalGroupAggregate(local);
        let local = self.add(PhysicalNode::of_schema("LocalGroupAggregate", spec_of_local, edges, schema));
        let merged = GroupAggregateSpec { merges_partials: true, ..spec };
        let edges = vec![(local, 0, by_keys(&(0..keys.len()).collect::<Vec<usize>>()))];
        let spec = OperatorSpec::GroupAggregate(merged);
        Ok(self.add(PhysicalNode::keyed("GlobalGroupAggregate", spec, edges, relation)))
    }

    pub(crate) fn plan_window_aggregate(&mut self, relation: &RelationRef) -> Result<NodeId> {
        let RelationKind::WindowAggregate { input, kind, time, keys, calls } = &relation.kind else {
            return self.internal("a window aggregation");
        };
        let input_retracts = !self.changes(input).is_insert_only();
        let mut below = self.plan(input, true)?;
        if let (true, WindowTime::Rowtime { column, .. }) = (self.session.batch_mode, time)
            && input.columns[*column].data_type.nullable
        {
            below = self.with_times_only(below, input, *column)?;
        }
        let spec = WindowAggregateSpec {
            window: Window { kind: *kind, time: *time },
            keys: keys.clone(),
            calls: calls.clone(),
            properties: vec![WindowProperty::Start, WindowProperty::End, WindowProperty::Time],
            phase: AggregatePhase::Single,
            input_retracts,
            input: input.schema(),
        };
        let event_time = !matches!(time, WindowTime::Proctime);
        let session = matches!(kind, WindowKind::Session { .. });
        let attached = matches!(time, WindowTime::Attached { .. });
        let two_phase = self.settings.two_phase
            && event_time
            && !session
            && !attached
            && !self.session.batch_mode
            && calls.iter().all(can_merge);
        if !two_phase {
            let edges = vec![(below, 0, by_keys(keys))];
            return Ok(self.add(PhysicalNode::keyed(
                "WindowAggregate",
                OperatorSpec::WindowAggregate(spec),
                edges,
                relation,
            )));
        }
        let local = WindowAggregateSpec { phase: AggregatePhase::Local, ..spec.clone() };
        let schema = partial_schema(input, keys, true);
        let edges = vec![(below, 0, Partition::Forward)];
        let local = OperatorSpec::WindowAggregate(local);
        let local = self.add(PhysicalNode::of_schema("LocalWindowAggregate", local, edges, schema));
        let global = WindowAggregateSpec { phase: AggregatePhase::Global, ..spec };
        let edges = vec![(local, 0, by_keys(&(0..keys.len()).collect::<Vec<usize>>()))];
        let global = OperatorSpec::WindowAggregate(global);
        Ok(self.add(PhysicalNode::keyed("GlobalWindowAggregate", global, edges, relation)))
    }
}

impl Planner<'_> {
    /// Bounded input without the rows that have no time: they are in no window, as in Flink.
    fn with_times_only(&mut self, below: NodeId, input: &Relation, time: usize) -> Result<NodeId> {
        let column = Expression::column(time, input.columns[time].data_type.clone());
        let condition = Expression::call("IS NOT NULL", vec![column], TypeKind::Boolean.not_null());
        let spec = CalcSpec { projection: input.identity(), condition: Some(condition) };
        let edges = vec![(below, 0, Partition::Forward)];
        Ok(self.add(PhysicalNode::keyed("Calc", OperatorSpec::Calc(spec), edges, input)))
    }
}

/// Whether partial accumulators of a call can be merged in another subtask.
fn can_merge(call: &flott_expression::AggregateCall) -> bool {
    use flott_expression::AggregateFunction as F;
    !call.distinct && matches!(call.function, F::Count | F::Sum | F::Sum0 | F::Avg | F::Min | F::Max)
}

/// Rows go to the subtask of their key, or all to one.
pub(crate) fn by_keys(keys: &[usize]) -> Partition {
    if keys.is_empty() { Partition::Singleton } else { Partition::Hash { columns: keys.to_vec() } }
}

/// Output of a first phase: keys, slice end for windows, accumulators.
fn partial_schema(input: &Relation, keys: &[usize], window: bool) -> Schema {
    let mut fields: Vec<Field> =
        keys.iter().map(|key| Field::new(&input.columns[*key].name, input.columns[*key].data_type.clone())).collect();
    if window {
        fields.push(Field::new("$slice_end", TypeKind::Timestamp(3).not_null()));
    }
    fields.push(Field::new("$accumulators", TypeKind::Varbinary(flott_record::data_type::LENGTH_MAX).not_null()));
    Schema::new(fields)
}

/// A projection alone.
pub(crate) fn calc(projection: Vec<flott_expression::Expression>) -> OperatorSpec {
    OperatorSpec::Calc(CalcSpec { projection, condition: None })
}
