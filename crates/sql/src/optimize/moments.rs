//! Counts the arguments of deviations and variances beside them.
//!
//! Flink computes these from a sum of squares and a number of rows, and an aggregate that updates emits a change whenever either of them
//! changes, so `VAR_POP(x)` of a second equal `x` is an update although its result is the same. With COUNT(x) beside it, projected
//! away above, the changelog is the same here.

use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_record::TypeKind;

use crate::optimize::rewrite_inputs;
use crate::relation::{Column, Relation, RelationKind, RelationRef};

/// The relation with a count beside each deviation or variance of an updating aggregate.
pub(super) fn count_arguments(relation: RelationRef) -> RelationRef {
    let relation = rewrite_inputs(&relation, &mut count_arguments);
    let RelationKind::Aggregate { input, keys, calls } = &relation.kind else { return relation };
    let mut extended = calls.clone();
    for call in calls.iter().filter(|call| is_moment(call.function)) {
        let count = count_of(call);
        let is_same = |other: &AggregateCall| AggregateCall { name: String::new(), ..other.clone() } == count;
        if !extended.iter().any(is_same) {
            extended.push(count);
        }
    }
    if extended.len() == calls.len() {
        return relation;
    }
    let mut columns = relation.columns.clone();
    columns.extend(extended[calls.len()..].iter().map(|call| Column::new("", call.data_type.clone())));
    let kind = RelationKind::Aggregate { input: input.clone(), keys: keys.clone(), calls: extended };
    let aggregate = Relation::new(kind, columns);
    let expressions = aggregate.identity().into_iter().take(relation.columns.len()).collect();
    Relation::new(RelationKind::Project { input: aggregate, expressions }, relation.columns.clone())
}

fn is_moment(function: AggregateFunction) -> bool {
    use AggregateFunction as F;
    matches!(function, F::StddevPop | F::StddevSamp | F::VarPop | F::VarSamp)
}

fn count_of(call: &AggregateCall) -> AggregateCall {
    let data_type = TypeKind::BigInt.not_null();
    AggregateCall { function: AggregateFunction::Count, data_type, name: String::new(), ..call.clone() }
}
