//! Joins: equal columns out of the condition, layout of the state, distribution.

use flott_expression::Expression;
use flott_job::spec::{JoinKind, JoinSideKey, JoinSpec, WindowJoinSpec};
use flott_job::{OperatorSpec, Partition};

use crate::error::Result;
use crate::physical::keys::{Key, unique_keys};
use crate::physical::plan::{NodeId, PhysicalNode, Planner};
use crate::relation::{Relation, RelationKind, RelationRef};

/// A join condition taken apart.
pub(crate) struct EquiKeys {
    /// Equal columns on the left.
    pub(crate) left: Vec<usize>,
    /// Equal columns on the right, counted from 0.
    pub(crate) right: Vec<usize>,
    /// Whether NULL equals nothing.
    pub(crate) filter_nulls: Vec<bool>,
    /// The other conjuncts.
    pub(crate) residual: Vec<Expression>,
}

/// Takes a condition over left then right columns apart.
pub(crate) fn equi_keys(condition: &Expression, width: usize) -> EquiKeys {
    let mut keys = EquiKeys { left: Vec::new(), right: Vec::new(), filter_nulls: Vec::new(), residual: Vec::new() };
    for conjunct in condition.clone().conjuncts() {
        if conjunct == crate::bind::query::always_true() {
            continue;
        }
        let pair = match &conjunct {
            Expression::Call { function, arguments, .. } if function == "=" || function == "IS NOT DISTINCT FROM" => {
                match arguments.as_slice() {
                    [
                        Expression::Column { index: a, data_type: at },
                        Expression::Column { index: b, data_type: bt },
                    ] if at.kind == bt.kind && (*a < width) != (*b < width) => {
                        Some((*a.min(b), *a.max(b) - width, function == "="))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        match pair {
            Some((left, right, filter_nulls)) => {
                keys.left.push(left);
                keys.right.push(right);
                keys.filter_nulls.push(filter_nulls);
            }
            None => keys.residual.push(conjunct),
        }
    }
    keys
}

/// Makes equalities of expressions equalities of columns: each side computes what it compares. The result has the columns of the join.
pub(crate) fn with_key_columns(relation: &RelationRef) -> RelationRef {
    let RelationKind::Join { left, right, kind, condition } = &relation.kind else { return relation.clone() };
    let width = left.columns.len();
    let (mut of_left, mut of_right) = (left.identity(), right.identity());
    let mut pairs = Vec::new();
    for conjunct in condition.clone().conjuncts() {
        let Expression::Call { function, arguments, data_type, .. } = &conjunct else { continue };
        let [a, b] = arguments.as_slice() else { continue };
        if function != "=" || (is_column(a) && is_column(b)) || a.data_type().kind != b.data_type().kind {
            continue;
        }
        let (l, r) = match (side(a, width), side(b, width)) {
            (Some(false), Some(true)) => (a.clone(), b.clone()),
            (Some(true), Some(false)) => (b.clone(), a.clone()),
            _ => continue,
        };
        of_left.push(l);
        of_right.push(r.remap_columns(&|column| column - width));
        pairs.push((conjunct.clone(), of_left.len() - 1, of_right.len() - 1, data_type.clone()));
    }
    if pairs.is_empty() {
        return relation.clone();
    }
    let new_width = of_left.len();
    let moved = |column: usize| if column < width { column } else { column - width + new_width };
    let parts = condition.clone().conjuncts().into_iter().map(|conjunct| {
        match pairs.iter().find(|(known, ..)| *known == conjunct) {
            Some((_, l, r, data_type)) => {
                let a = Expression::column(*l, of_left[*l].data_type().clone());
                let b = Expression::column(new_width + r, of_right[*r].data_type().clone());
                Expression::call("=", vec![a, b], data_type.clone())
            }
            None => conjunct.remap_columns(&moved),
        }
    });
    let condition = Expression::conjunction(parts.collect()).unwrap_or_else(crate::bind::query::always_true);
    let names = |relation: &Relation| relation.columns.iter().map(|column| column.name.clone()).collect();
    let new_left = crate::bind::select::projected(left.clone(), of_left, names(left));
    let new_right = crate::bind::select::projected(right.clone(), of_right, names(right));
    let columns = crate::bind::from::join_columns(&new_left.columns, &new_right.columns, *kind);
    let join = Relation::new(RelationKind::Join { left: new_left, right: new_right, kind: *kind, condition }, columns);
    let expressions = (0..relation.columns.len())
        .map(|column| Expression::column(moved(column), relation.columns[column].data_type.clone()));
    Relation::new(RelationKind::Project { input: join, expressions: expressions.collect() }, relation.columns.clone())
}

fn is_column(expression: &Expression) -> bool {
    matches!(expression, Expression::Column { .. })
}

/// False if the expression sees left columns only, true if right ones only.
fn side(expression: &Expression, width: usize) -> Option<bool> {
    let (mut left, mut right) = (false, false);
    expression.visit_columns(&mut |column| {
        left |= column < width;
        right |= column >= width;
    });
    (left != right).then_some(right)
}

fn side_key(relation: &Relation, equal: &[usize]) -> JoinSideKey {
    let equal: Key = equal.iter().copied().collect();
    let keys = unique_keys(relation);
    if keys.iter().any(|key| key.is_subset(&equal)) {
        return JoinSideKey::JoinKeyContainsUniqueKey;
    }
    match keys.into_iter().next() {
        Some(key) => JoinSideKey::HasUniqueKey(key.into_iter().collect()),
        None => JoinSideKey::NoUniqueKey,
    }
}

impl Planner<'_> {
    pub(crate) fn join_spec(
        &self,
        left: &Relation,
        right: &Relation,
        kind: JoinKind,
        condition: &Expression,
    ) -> JoinSpec {
        let keys = equi_keys(condition, left.columns.len());
        JoinSpec {
            kind,
            left_side: side_key(left, &keys.left),
            right_side: side_key(right, &keys.right),
            left_keys: keys.left,
            right_keys: keys.right,
            filter_nulls: keys.filter_nulls,
            condition: Expression::conjunction(keys.residual),
            left: left.schema(),
            right: right.schema(),
            left_ttl_ms: self.state_ttl_ms(left),
            right_ttl_ms: self.state_ttl_ms(right),
        }
    }

    pub(crate) fn plan_join(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let RelationKind::Join { left, right, kind, condition } = &relation.kind else {
            return self.internal("a join");
        };
        if let Some(spec) = self.interval(relation).and_then(|interval| self.interval_spec(relation, &interval)) {
            let inputs = [self.plan(left, true)?, self.plan(right, true)?];
            let (l, r) = partitions(&spec.join.left_keys, &spec.join.right_keys);
            let edges = vec![(inputs[0], 0, l), (inputs[1], 1, r)];
            return Ok(self.add(PhysicalNode::keyed(
                "IntervalJoin",
                OperatorSpec::IntervalJoin(spec),
                edges,
                relation,
            )));
        }
        let spec = self.join_spec(left, right, *kind, condition);
        // Sides that update by a key which contains the join key need no -U when the consumer needs none.
        let left_before = update_before || !contains_join_key(left, &spec.left_keys);
        let right_before = update_before || !contains_join_key(right, &spec.right_keys);
        let inputs = [self.plan(left, left_before)?, self.plan(right, right_before)?];
        let (l, r) = partitions(&spec.left_keys, &spec.right_keys);
        let edges = vec![(inputs[0], 0, l), (inputs[1], 1, r)];
        Ok(self.add(PhysicalNode::keyed("Join", OperatorSpec::Join(spec), edges, relation)))
    }

    pub(crate) fn plan_window_join(&mut self, relation: &RelationRef) -> Result<NodeId> {
        let RelationKind::WindowJoin { left, right, kind, condition, left_window, right_window } = &relation.kind
        else {
            return self.internal("a window join");
        };
        let join = self.join_spec(left, right, *kind, condition);
        let inputs = [self.plan(left, true)?, self.plan(right, true)?];
        let (l, r) = partitions(&join.left_keys, &join.right_keys);
        let windows = crate::window::window_columns(left);
        let spec = WindowJoinSpec {
            join,
            left_window_start: left_window.0,
            left_window_end: left_window.1,
            right_window_start: right_window.0,
            right_window_end: right_window.1,
            rowtime: windows.as_ref().is_none_or(|columns| columns.rowtime),
            local: windows.is_some_and(|columns| columns.local),
        };
        let edges = vec![(inputs[0], 0, l), (inputs[1], 1, r)];
        Ok(self.add(PhysicalNode::keyed("WindowJoin", OperatorSpec::WindowJoin(spec), edges, relation)))
    }
}

/// Whether an update of a row of this side never changes its join key: some unique key contains the join key.
pub(crate) fn contains_join_key(side: &Relation, join_key: &[usize]) -> bool {
    let join_key: Key = join_key.iter().copied().collect();
    !join_key.is_empty() && unique_keys(side).iter().any(|key| join_key.is_subset(key))
}

fn partitions(left: &[usize], right: &[usize]) -> (Partition, Partition) {
    if left.is_empty() {
        return (Partition::Singleton, Partition::Singleton);
    }
    (Partition::Hash { columns: left.to_vec() }, Partition::Hash { columns: right.to_vec() })
}
