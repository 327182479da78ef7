//! Top-N, deduplication, sorting and limits.

use flott_job::spec::{DeduplicateSpec, LimitSpec, RankKind, RankSpec, RankStrategy, SortColumn, SortSpec};
use flott_job::{OperatorSpec, Partition};

use crate::error::{Result, SqlError};
use crate::physical::aggregate::by_keys;
use crate::physical::keys::{Key, upsert_keys};
use crate::physical::monotonic::only_improves;
use crate::physical::plan::{NodeId, PhysicalNode, Planner};
use crate::relation::{Relation, RelationKind, RelationRef, TimeAttribute};
use crate::window::window_columns;

/// Position of window_end, if a rank is partitioned by its windows.
pub(crate) fn window_end_of_partition(relation: &Relation) -> Option<usize> {
    let RelationKind::Rank { input, partition, .. } = &relation.kind else { return None };
    window_end_of_keys(input, partition)
}

/// Position of window_end, if keys contain both bounds of the input's windows.
pub(crate) fn window_end_of_keys(input: &Relation, keys: &[usize]) -> Option<usize> {
    let window = window_columns(input)?;
    let (start, end) = (window.start?, window.end?);
    (keys.contains(&start) && keys.contains(&end) && window.rowtime).then_some(end)
}

impl Planner<'_> {
    pub(crate) fn plan_rank(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let RelationKind::Rank { input, kind, partition, order, start, end, output_rank } = &relation.kind else {
            return self.internal("a rank");
        };
        if *kind != RankKind::RowNumber && !self.session.batch_mode {
            let name = if *kind == RankKind::Rank { "RANK()" } else { "DENSE_RANK()" };
            return Err(SqlError::new(format!("not supported: {name} on a streaming table, as in Flink")));
        }
        let strategy = self.strategy(input, partition, order);
        let improves = matches!(strategy, RankStrategy::UpdateFast(_));
        let below = self.plan(input, !improves || !self.supports_only_after(input))?;
        let spec = RankSpec {
            kind: *kind,
            partition: partition.clone(),
            order: order.clone(),
            start: *start,
            end: *end,
            output_rank: *output_rank,
            strategy,
            emit_update_before: update_before,
            window_end: window_end_of_partition(relation).filter(|_| !self.session.batch_mode),
            window_local: window_columns(input).is_some_and(|columns| columns.local),
            state_ttl_ms: self.settings.state_ttl_ms,
            input: input.schema(),
        };
        let name = if spec.window_end.is_some() { "WindowRank" } else { "Rank" };
        let edges = vec![(below, 0, by_keys(partition))];
        Ok(self.add(PhysicalNode::keyed(name, OperatorSpec::Rank(spec), edges, relation)))
    }

    fn strategy(&self, input: &Relation, partition: &[usize], order: &[SortColumn]) -> RankStrategy {
        let changes = self.changes(input);
        if changes.is_insert_only() {
            return RankStrategy::AppendFast;
        }
        let of_partition = |key: &Key| partition.iter().all(|column| key.contains(column));
        let key = upsert_keys(input).into_iter().find(of_partition);
        match key {
            Some(key) if !changes.delete && !partition.is_empty() && only_improves(input, &key, order) => {
                RankStrategy::UpdateFast(key.into_iter().collect())
            }
            _ => RankStrategy::Retract,
        }
    }

    pub(crate) fn plan_deduplicate(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let RelationKind::Deduplicate { input, keys, order, keep_last } = &relation.kind else {
            return self.internal("a deduplication");
        };
        if !self.changes(input).is_insert_only() {
            return self.deduplicate_by_rank(relation, update_before);
        }
        let rowtime = (input.columns[*order].time == Some(TimeAttribute::Rowtime)).then_some(*order);
        let below = self.plan(input, true)?;
        let spec = DeduplicateSpec {
            keys: keys.clone(),
            keep_last: *keep_last,
            rowtime,
            emit_update_before: update_before,
            emit_insert: true,
            window_end: window_end_of_keys(input, keys).filter(|_| !self.session.batch_mode),
            window_local: window_columns(input).is_some_and(|columns| columns.local),
            state_ttl_ms: self.settings.state_ttl_ms,
            input: input.schema(),
        };
        let name = if spec.window_end.is_some() { "WindowDeduplicate" } else { "Deduplicate" };
        let edges = vec![(below, 0, by_keys(keys))];
        Ok(self.add(PhysicalNode::keyed(name, OperatorSpec::Deduplicate(spec), edges, relation)))
    }

    /// Over an updating input a deduplication is a Top-1.
    fn deduplicate_by_rank(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let RelationKind::Deduplicate { input, keys, order, keep_last } = &relation.kind else {
            return self.internal("a deduplication");
        };
        let sort = SortColumn { column: *order, descending: *keep_last, nulls_first: !*keep_last };
        let kind = RelationKind::Rank {
            input: input.clone(),
            kind: RankKind::RowNumber,
            partition: keys.clone(),
            order: vec![sort],
            start: 1,
            end: 1,
            output_rank: false,
        };
        self.plan_rank(&Relation::new(kind, relation.columns.clone()), update_before)
    }

    pub(crate) fn plan_sort(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let RelationKind::Sort { input, order, offset, fetch } = &relation.kind else {
            return self.internal("a sort");
        };
        if self.session.batch_mode {
            return self.batch_sort(relation, input, order, *offset, *fetch);
        }
        let leading = order.first().map(|sort| (sort, input.columns[sort.column].time));
        if let (Some(fetch), false) = (fetch, order.is_empty()) {
            return self.top_n(relation, input, order, *offset, *fetch, update_before);
        }
        match (leading, fetch) {
            (None, Some(fetch)) => self.limit(relation, input, *offset, *fetch, update_before),
            (None, None) if *offset > 0 => {
                self.limit(relation, input, *offset, i64::MAX as u64 - *offset, update_before)
            }
            (Some((sort, Some(time))), None) if !sort.descending => {
                let below = self.plan(input, true)?;
                let rowtime = (time == TimeAttribute::Rowtime).then_some(sort.column);
                let spec = SortSpec {
                    order: order.clone(),
                    rowtime,
                    at_end: false,
                    offset: *offset,
                    fetch: None,
                    input: input.schema(),
                };
                let edges = vec![(below, 0, Partition::Singleton)];
                Ok(self.add(PhysicalNode::keyed("TemporalSort", OperatorSpec::Sort(spec), edges, relation)))
            }
            (None, None) => self.plan(input, update_before),
            _ if self.settings.non_temporal_sort => {
                let below = self.plan(input, true)?;
                let spec = SortSpec {
                    order: order.clone(),
                    rowtime: None,
                    at_end: true,
                    offset: *offset,
                    fetch: None,
                    input: input.schema(),
                };
                let edges = vec![(below, 0, Partition::Singleton)];
                Ok(self.add(PhysicalNode::keyed("Sort", OperatorSpec::Sort(spec), edges, relation)))
            }
            _ => Err(SqlError::new(
                "Sort on a non-time-attribute field is not supported in streaming mode: add LIMIT, order by an ascending time attribute, or SET 'execution.runtime-mode' = 'batch'",
            )),
        }
    }

    fn batch_sort(
        &mut self,
        relation: &RelationRef,
        input: &RelationRef,
        order: &[SortColumn],
        offset: u64,
        fetch: Option<u64>,
    ) -> Result<NodeId> {
        let below = self.plan(input, false)?;
        let edges = vec![(below, 0, Partition::Singleton)];
        let spec = match (order.is_empty(), fetch) {
            (true, Some(fetch)) => OperatorSpec::Limit(LimitSpec { offset, fetch }),
            _ => OperatorSpec::Sort(SortSpec {
                order: order.to_vec(),
                rowtime: None,
                at_end: true,
                offset,
                fetch,
                input: input.schema(),
            }),
        };
        let name = if order.is_empty() { "Limit" } else { "Sort" };
        Ok(self.add(PhysicalNode::keyed(name, spec, edges, relation)))
    }

    fn top_n(
        &mut self,
        relation: &RelationRef,
        input: &RelationRef,
        order: &[SortColumn],
        offset: u64,
        fetch: u64,
        update_before: bool,
    ) -> Result<NodeId> {
        let end = offset.saturating_add(fetch).min(i64::MAX as u64) as i64;
        let kind = RelationKind::Rank {
            input: input.clone(),
            kind: RankKind::RowNumber,
            partition: Vec::new(),
            order: order.to_vec(),
            start: offset as i64 + 1,
            end,
            output_rank: false,
        };
        self.plan_rank(&Relation::new(kind, relation.columns.clone()), update_before)
    }

    fn limit(
        &mut self,
        relation: &RelationRef,
        input: &RelationRef,
        offset: u64,
        fetch: u64,
        update_before: bool,
    ) -> Result<NodeId> {
        if !self.changes(input).is_insert_only() {
            return self.top_n(relation, input, &[], offset, fetch, update_before);
        }
        let below = self.plan(input, true)?;
        let edges = vec![(below, 0, Partition::Singleton)];
        let spec = OperatorSpec::Limit(LimitSpec { offset, fetch });
        Ok(self.add(PhysicalNode::keyed("Limit", spec, edges, relation)))
    }
}
