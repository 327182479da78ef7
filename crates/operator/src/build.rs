//! From a spec to the operator that computes it.
//!
//! One arm a spec. Sources, sinks and operators registered by name are built elsewhere, since they need a connector or a registry.

use flott_job::OperatorSpec;

use crate::calc::Calc;
use crate::changelog_function::{FromChangelog, ToChangelog};
use crate::changelog_normalize::ChangelogNormalize;
use crate::deduplicate::Deduplicate;
use crate::drop_update_before::DropUpdateBefore;
use crate::expand::Expand;
use crate::group_aggregate::GroupAggregate;
use crate::interface::{Operator, OperatorError, Setup};
use crate::interval_join::IntervalJoin;
use crate::join::Join;
use crate::limit::Limit;
use crate::local_group_aggregate::LocalGroupAggregate;
use crate::over_aggregate::OverAggregate;
use crate::pattern::MatchRecognize;
use crate::rank::{Rank, WindowRank};
use crate::session_rows::SessionRows;
use crate::sink_materialize::SinkMaterialize;
use crate::sort::Sort;
use crate::sorted_over::SortedOver;
use crate::temporal_join::TemporalJoin;
use crate::unnest::Unnest;
use crate::updating_over::UpdatingOver;
use crate::watermark::WatermarkAssigner;
use crate::window_aggregate;
use crate::window_deduplicate::WindowDeduplicate;
use crate::window_join::WindowJoin;
use crate::window_table_function::WindowTableFunction;

/// Builds the operator of a spec.
///
/// # Errors
/// What the spec asks for is not supported, or an expression of it does not compile.
pub fn build(spec: &OperatorSpec, setup: &Setup) -> Result<Box<dyn Operator>, OperatorError> {
    use OperatorSpec as S;
    match spec {
        S::Calc(spec) => Ok(Box::new(Calc::new(spec, setup)?)),
        S::Watermark(spec) => Ok(Box::new(WatermarkAssigner::new(spec, setup)?)),
        S::GroupAggregate(spec) => Ok(Box::new(GroupAggregate::new(spec, setup)?)),
        S::LocalGroupAggregate(spec) => Ok(Box::new(LocalGroupAggregate::new(spec, setup)?)),
        S::WindowAggregate(spec) => window_aggregate::build(spec, setup),
        S::WindowTableFunction(spec) => Ok(Box::new(WindowTableFunction::new(spec, setup)?)),
        S::Join(spec) => Ok(Box::new(Join::new(spec, setup)?)),
        S::WindowJoin(spec) => Ok(Box::new(WindowJoin::new(spec, setup)?)),
        S::Rank(spec) => match spec.window_end {
            Some(window_end) => Ok(Box::new(WindowRank::new(spec, window_end, setup)?)),
            None => Ok(Box::new(Rank::new(spec, setup)?)),
        },
        S::Deduplicate(spec) => match spec.window_end {
            Some(window_end) => Ok(Box::new(WindowDeduplicate::new(spec, window_end, setup)?)),
            None => Ok(Box::new(Deduplicate::new(spec, setup))),
        },
        S::Sort(spec) => Ok(Box::new(Sort::new(spec, setup))),
        S::Limit(spec) => Ok(Box::new(Limit::new(spec, setup))),
        S::Expand(spec) => Ok(Box::new(Expand::new(spec, setup)?)),
        S::OverAggregate(spec) => Ok(Box::new(OverAggregate::new(spec, setup)?)),
        S::SortedOver(spec) => Ok(Box::new(SortedOver::new(spec, setup)?)),
        S::Match(spec) => Ok(Box::new(MatchRecognize::new(spec, setup)?)),
        S::UpdatingOver(spec) => Ok(Box::new(UpdatingOver::new(spec, setup)?)),
        S::ToChangelog(spec) => Ok(Box::new(ToChangelog::new(spec))),
        S::FromChangelog(spec) => Ok(Box::new(FromChangelog::new(spec))),
        S::IntervalJoin(spec) => Ok(Box::new(IntervalJoin::new(spec, setup)?)),
        S::TemporalJoin(spec) => Ok(Box::new(TemporalJoin::new(spec, setup)?)),
        S::SessionRows(spec) => Ok(Box::new(SessionRows::new(spec, setup)?)),
        S::Unnest(spec) => Ok(Box::new(Unnest::new(spec, setup)?)),
        S::ChangelogNormalize(spec) => Ok(Box::new(ChangelogNormalize::new(spec, setup)?)),
        S::DropUpdateBefore(_) => Ok(Box::new(DropUpdateBefore)),
        S::SinkMaterialize(spec) => Ok(Box::new(SinkMaterialize::new(spec))),
        S::LookupJoin(_) => not_built("a lookup join without its table", setup),
        S::Source(_) | S::Values(_) | S::Sink(_) => not_built("a source or sink as an operator", setup),
        S::Custom(name) => not_built(&format!("operator {name}, which is not registered here"), setup),
    }
}

fn not_built(what: &str, setup: &Setup) -> Result<Box<dyn Operator>, OperatorError> {
    Err(OperatorError::Failed(format!("not supported: {what} ({})", setup.name)))
}
