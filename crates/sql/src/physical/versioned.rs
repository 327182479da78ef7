//! Joins with a table as of a time: versions by event time, rows looked up outside.

use std::collections::BTreeMap;

use flott_expression::Expression;
use flott_job::spec::{CalcSpec, JoinKind};
use flott_job::versioned_join::{LookupJoinSpec, TemporalJoinSpec};
use flott_job::{OperatorSpec, Partition};
use flott_record::{Field, Schema};

use crate::catalog::ResolvedTable;
use crate::error::{Result, SqlError};
use crate::optimize::substitute;
use crate::physical::aggregate::by_keys;
use crate::physical::join::with_key_columns;
use crate::physical::keys::upsert_keys;
use crate::physical::plan::{NodeId, PhysicalNode, Planner};
use crate::relation::{Relation, RelationKind, RelationRef};

/// What is made of a row of a table: computed columns and filters over what is read.
struct Fetched<'a> {
    table: &'a ResolvedTable,
    projection: Vec<usize>,
    expressions: Vec<Expression>,
    conditions: Vec<Expression>,
    schema: Schema,
}

impl Planner<'_> {
    pub(crate) fn plan_temporal_join(&mut self, relation: &RelationRef, update_before: bool) -> Result<NodeId> {
        let RelationKind::TemporalJoin { left, right, kind, condition, left_time, right_time } = &relation.kind else {
            return self.internal("a temporal join");
        };
        let plain =
            RelationKind::Join { left: left.clone(), right: right.clone(), kind: *kind, condition: condition.clone() };
        let keyed = with_key_columns(&Relation::new(plain, relation.columns.clone()));
        if let RelationKind::Project { input, expressions } = &keyed.kind
            && let RelationKind::Join { left, right, kind, condition } = &input.kind
        {
            // Columns that are compared are behind the others, so that times keep their places.
            let keyed = RelationKind::TemporalJoin {
                left: left.clone(),
                right: right.clone(),
                kind: *kind,
                condition: condition.clone(),
                left_time: *left_time,
                right_time: *right_time,
            };
            let input = Relation::new(keyed, input.columns.clone());
            let kind = RelationKind::Project { input, expressions: expressions.clone() };
            return self.plan(&Relation::new(kind, relation.columns.clone()), update_before);
        }
        let join = self.join_spec(left, right, *kind, condition);
        if join.right_keys.is_empty() {
            return Err(SqlError::new(
                "Currently the join key in Temporal Table Join can not be empty: compare the primary key of the versioned table in ON.",
            ));
        }
        let inputs = [self.plan(left, true)?, self.plan(right, !self.supports_only_after(right))?];
        let left_edge = (inputs[0], 0, Partition::Hash { columns: join.left_keys.clone() });
        let right_edge = (inputs[1], 1, Partition::Hash { columns: join.right_keys.clone() });
        let spec = TemporalJoinSpec { join, left_time: *left_time, right_time: *right_time };
        let spec = OperatorSpec::TemporalJoin(spec);
        Ok(self.add(PhysicalNode::keyed("TemporalJoin", spec, vec![left_edge, right_edge], relation)))
    }

    pub(crate) fn plan_lookup_join(&mut self, relation: &RelationRef) -> Result<NodeId> {
        let RelationKind::LookupJoin { left, right, kind, condition, retry } = &relation.kind else {
            return self.internal("a lookup join");
        };
        let fetched = fetched(right)?;
        let width = left.columns.len();
        let (mut keys, mut before, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for conjunct in condition.clone().conjuncts() {
            if conjunct == crate::bind::query::always_true() {
                continue;
            }
            match lookup_key(&conjunct, width, &fetched) {
                Some(key) => keys.push(key),
                None if sees_left_only(&conjunct, width) => before.push(conjunct),
                None => rest.push(conjunct),
            }
        }
        if keys.is_empty() {
            return Err(SqlError::new(format!(
                "Temporal table join requires an equality condition on fields of table [{}].",
                fetched.table.full_name()
            )));
        }
        let updates = !self.changes(left).is_insert_only();
        let remembered_by = if updates && self.settings.resolves_non_deterministic {
            Some(upsert_keys(left).into_iter().next().map_or_else(Vec::new, |key| key.into_iter().collect()))
        } else {
            None
        };
        let below = self.plan(left, true)?;
        let partition = match &remembered_by {
            Some(key) => by_keys(key),
            None => Partition::Forward,
        };
        let spec = LookupJoinSpec {
            table: fetched.table.spec(&BTreeMap::new()),
            keys,
            calc: fetched.calc(),
            projection: fetched.projection,
            outer: *kind == JoinKind::Left,
            condition: Expression::conjunction(rest),
            before: Expression::conjunction(before),
            retry: *retry,
            remembered_by,
            input: left.schema(),
            fetched: fetched.schema,
            right: right.schema(),
            state_ttl_ms: self.settings.state_ttl_ms,
        };
        let spec = OperatorSpec::LookupJoin(Box::new(spec));
        Ok(self.add(PhysicalNode::keyed("LookupJoin", spec, vec![(below, 0, partition)], relation)))
    }
}

impl Fetched<'_> {
    /// The projection and the filter, unless rows stay as they are.
    fn calc(&self) -> Option<CalcSpec> {
        let column = |(index, field): (usize, &Field)| Expression::column(index, field.data_type.clone());
        let identity: Vec<Expression> = self.schema.fields.iter().enumerate().map(column).collect();
        let condition = Expression::conjunction(self.conditions.clone());
        if condition.is_none() && self.expressions == identity {
            return None;
        }
        Some(CalcSpec { projection: self.expressions.clone(), condition })
    }
}

/// What lies between a table and the relation that a query joins: nothing but projections and filters.
fn fetched(relation: &Relation) -> Result<Fetched<'_>> {
    match &relation.kind {
        RelationKind::Scan { table, projection } => Ok(Fetched {
            table,
            projection: projection.clone(),
            expressions: relation.identity(),
            conditions: Vec::new(),
            schema: relation.schema(),
        }),
        RelationKind::Watermark { input, .. } => fetched(input),
        RelationKind::Project { input, expressions } => {
            let below = fetched(input)?;
            let over = |expression: &Expression| substitute(expression.clone(), &below.expressions);
            Ok(Fetched { expressions: expressions.iter().map(over).collect(), ..below })
        }
        RelationKind::Filter { input, condition } => {
            let mut below = fetched(input)?;
            below.conditions.push(substitute(condition.clone(), &below.expressions));
            Ok(below)
        }
        _ => Err(SqlError::new(
            "Processing-time temporal join is not supported yet: only a table, or a view that projects and filters one, is looked up.",
        )),
    }
}

/// The fetched column and the value over the input that a conjunct compares.
fn lookup_key(conjunct: &Expression, width: usize, fetched: &Fetched<'_>) -> Option<(usize, Expression)> {
    let Expression::Call { function, arguments, .. } = conjunct else { return None };
    let [a, b] = arguments.as_slice() else { return None };
    if function != "=" {
        return None;
    }
    let column = |side: &Expression| match side {
        Expression::Column { index, .. } => match fetched.expressions.get(index.checked_sub(width)?) {
            Some(Expression::Column { index, .. }) => Some(*index),
            _ => None,
        },
        _ => None,
    };
    let pair = |side: &Expression, value: &Expression| {
        let same = side.data_type().kind == value.data_type().kind;
        (same && sees_left_only(value, width)).then(|| Some((column(side)?, value.clone())))?
    };
    pair(a, b).or_else(|| pair(b, a))
}

fn sees_left_only(expression: &Expression, width: usize) -> bool {
    let mut fine = true;
    expression.visit_columns(&mut |column| fine &= column < width);
    fine
}
