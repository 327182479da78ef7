//! MATCH_RECOGNIZE: one operator, by the partition's columns.

use flott_job::OperatorSpec;

use crate::error::{Result, SqlError};
use crate::physical::aggregate::by_keys;
use crate::physical::plan::{NodeId, PhysicalNode, Planner};
use crate::relation::{RelationKind, RelationRef};

impl Planner<'_> {
    pub(crate) fn plan_match(&mut self, relation: &RelationRef) -> Result<NodeId> {
        let RelationKind::Match { input, spec } = &relation.kind else { return self.internal("MATCH_RECOGNIZE") };
        if !self.changes(input).is_insert_only() {
            return Err(SqlError::new("Match Recognize doesn't support consuming update and delete changes"));
        }
        let below = self.plan(input, false)?;
        let edges = vec![(below, 0, by_keys(&spec.partition))];
        Ok(self.add(PhysicalNode::keyed("Match", OperatorSpec::Match(spec.clone()), edges, relation)))
    }
}
