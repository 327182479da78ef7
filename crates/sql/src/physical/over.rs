//! OVER aggregates: by time on a stream, sorted in batch mode.

use flott_expression::{AggregateCall, AggregateFunction};
use flott_job::OperatorSpec;
use flott_job::over::{Distance, FrameBound, OverCall, SortedOverSpec, UpdatingOverSpec};
use flott_job::spec::{FrameStart, OverAggregateSpec, RankKind};

use crate::error::{Result, SqlError};
use crate::physical::aggregate::by_keys;
use crate::physical::plan::{NodeId, PhysicalNode, Planner};
use crate::relation::{OverWindow, Relation, RelationKind, RelationRef, TimeAttribute};

impl Planner<'_> {
    pub(crate) fn plan_over(&mut self, relation: &RelationRef) -> Result<NodeId> {
        let RelationKind::Over { input, window, calls } = &relation.kind else { return self.internal("an OVER") };
        if self.session.batch_mode {
            return self.sorted_over(relation, input, window, calls);
        }
        let time = window.order.first().and_then(|sort| input.columns[sort.column].time);
        match (window.order.as_slice(), time) {
            ([], _) => Err(SqlError::new("OVER windows' ordering in stream mode must be defined on a time attribute.")),
            ([sort], Some(_)) if sort.descending => {
                Err(SqlError::new("OVER windows' ordering in stream mode must be ascending where it is by time."))
            }
            ([_], Some(time)) => self.over_by_time(relation, input, window, calls, time),
            _ => self.updating_over(relation, input, window, calls),
        }
    }

    fn updating_over(
        &mut self,
        relation: &RelationRef,
        input: &RelationRef,
        window: &OverWindow,
        calls: &[OverCall],
    ) -> Result<NodeId> {
        let ends_here = matches!(window.end, FrameBound::Row(0) | FrameBound::Peers);
        if window.start != FrameBound::UnboundedPreceding || !ends_here {
            return Err(SqlError::new(
                "OVER windows of a stream that are not ordered by time go from UNBOUNDED PRECEDING to CURRENT ROW.",
            ));
        }
        let calls: Result<Vec<AggregateCall>> =
            calls.iter().enumerate().map(|(number, call)| time_call(call, number, relation, input)).collect();
        let below = self.plan(input, true)?;
        let spec = UpdatingOverSpec {
            partition: window.partition.clone(),
            order: window.order.clone(),
            rows: window.counts_rows(),
            calls: calls?,
            state_ttl_ms: self.settings.state_ttl_ms,
            input: input.schema(),
        };
        let edges = vec![(below, 0, by_keys(&window.partition))];
        Ok(self.add(PhysicalNode::keyed("OverAggregate", OperatorSpec::UpdatingOver(spec), edges, relation)))
    }

    fn sorted_over(
        &mut self,
        relation: &RelationRef,
        input: &RelationRef,
        window: &OverWindow,
        calls: &[OverCall],
    ) -> Result<NodeId> {
        let below = self.plan(input, false)?;
        let width = input.columns.len();
        let spec = SortedOverSpec {
            partition: window.partition.clone(),
            order: window.order.clone(),
            start: window.start,
            end: window.end,
            calls: calls.to_vec(),
            results: relation.columns[width..].iter().map(|column| column.data_type.clone()).collect(),
            input: input.schema(),
        };
        let edges = vec![(below, 0, by_keys(&window.partition))];
        Ok(self.add(PhysicalNode::keyed("OverAggregate", OperatorSpec::SortedOver(spec), edges, relation)))
    }

    fn over_by_time(
        &mut self,
        relation: &RelationRef,
        input: &RelationRef,
        window: &OverWindow,
        calls: &[OverCall],
        time: TimeAttribute,
    ) -> Result<NodeId> {
        if !self.changes(input).is_insert_only() {
            return Err(SqlError::new(
                "OVER aggregates over an updating input are not supported where they are ordered by time: OverAggregate doesn't support consuming update and delete changes",
            ));
        }
        let (rows, start) = time_frame(window)?;
        let calls: Result<Vec<AggregateCall>> =
            calls.iter().enumerate().map(|(number, call)| time_call(call, number, relation, input)).collect();
        let below = self.plan(input, true)?;
        let rowtime = window.order.first().map(|sort| sort.column).filter(|_| time == TimeAttribute::Rowtime);
        let spec = OverAggregateSpec {
            partition: window.partition.clone(),
            rowtime,
            rows,
            start,
            calls: calls?,
            state_ttl_ms: self.settings.state_ttl_ms,
            input: input.schema(),
        };
        let edges = vec![(below, 0, by_keys(&window.partition))];
        Ok(self.add(PhysicalNode::keyed("OverAggregate", OperatorSpec::OverAggregate(spec), edges, relation)))
    }
}

/// Whether a stream's window is ordered by nothing but a time attribute.
pub(crate) fn is_by_time(input: &Relation, window: &OverWindow) -> bool {
    matches!(window.order.as_slice(), [sort] if input.columns[sort.column].time.is_some())
}

/// Whether a stream's frame counts rows, and where it starts; it ends at the current row.
fn time_frame(window: &OverWindow) -> Result<(bool, FrameStart)> {
    let ends_here = matches!(window.end, FrameBound::Row(0) | FrameBound::Peers);
    if !ends_here {
        return Err(SqlError::new("OVER RANGE FOLLOWING windows are not supported yet."));
    }
    let rows = window.counts_rows();
    match (window.start, window.range_ms) {
        (FrameBound::UnboundedPreceding, _) => Ok((rows, FrameStart::Unbounded)),
        (FrameBound::Row(offset), _) if offset <= 0 => Ok((true, FrameStart::Rows(offset.unsigned_abs()))),
        (FrameBound::Peers, range_ms) if range_ms.unwrap_or(0) >= 0 => {
            Ok((false, FrameStart::RangeMs(range_ms.unwrap_or(0))))
        }
        (FrameBound::Value { .. }, _) => {
            Err(SqlError::new("not supported: RANGE bounds other than day-time intervals on a stream"))
        }
        _ => Err(SqlError::new("OVER RANGE FOLLOWING windows are not supported yet.")),
    }
}

/// A call as an aggregate of the rows up to the current one.
fn time_call(call: &OverCall, number: usize, relation: &Relation, input: &Relation) -> Result<AggregateCall> {
    let refused = |what: &str| Err(SqlError::new(format!("{what} is not supported in stream mode.")));
    match call {
        OverCall::Aggregate(call) => Ok(call.clone()),
        OverCall::Rank(RankKind::RowNumber) => Ok(AggregateCall {
            function: AggregateFunction::Count,
            arguments: Vec::new(),
            argument_types: Vec::new(),
            distinct: false,
            filter: None,
            data_type: relation.columns[input.columns.len() + number].data_type.clone(),
            name: relation.columns[input.columns.len() + number].name.clone(),
        }),
        OverCall::Rank(RankKind::Rank) => refused("RANK() on streaming table"),
        OverCall::Rank(RankKind::DenseRank) => refused("DENSE_RANK() on streaming table"),
        OverCall::PercentRank => refused("PERCENT_RANK Function"),
        OverCall::CumeDist => refused("CUME_DIST Function"),
        OverCall::Ntile { .. } => refused("NTILE Function"),
        OverCall::Shifted { value, distance: Distance::Rows(rows), before, default } => {
            let back = if *before { *rows } else { rows.saturating_neg() };
            let Ok(back) = u32::try_from(back) else { return refused("LEAD Function") };
            let arguments: Vec<usize> = std::iter::once(*value).chain(*default).collect();
            Ok(AggregateCall {
                function: AggregateFunction::Lag(back),
                argument_types: arguments.iter().map(|column| input.columns[*column].data_type.clone()).collect(),
                arguments,
                distinct: false,
                filter: None,
                data_type: relation.columns[input.columns.len() + number].data_type.clone(),
                name: relation.columns[input.columns.len() + number].name.clone(),
            })
        }
        OverCall::Shifted { .. } => {
            Err(SqlError::new("not supported: LAG on a stream by an offset that is no constant"))
        }
    }
}
