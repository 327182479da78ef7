//! Interval joins: recognised by bounds on the difference of the sides' times in the condition of a join of append-only streams.

use flott_expression::Expression;
use flott_job::interval_join::IntervalJoinSpec;
use flott_job::spec::JoinKind;
use flott_record::Value;

use crate::physical::plan::Planner;
use crate::relation::{Column, Relation, RelationKind, TimeAttribute};

/// How the times of both sides of a join are bound to each other.
pub(crate) struct Interval {
    /// Position of the left time.
    left: usize,
    /// Position of the right time, counted from 0.
    right: usize,
    time: TimeAttribute,
    lower_ms: i64,
    upper_ms: i64,
    /// The condition without the bounds.
    rest: Option<Expression>,
}

/// A bound on left time - right time.
enum Bound {
    Least(i64),
    Most(i64),
    Exactly(i64),
}

impl Planner<'_> {
    /// The interval of a join of append-only streams; `None` for other joins.
    pub(crate) fn interval(&self, relation: &Relation) -> Option<Interval> {
        let RelationKind::Join { left, right, kind, condition } = &relation.kind else { return None };
        let fits = matches!(kind, JoinKind::Inner | JoinKind::Left | JoinKind::Right | JoinKind::Full);
        if self.session.batch_mode || !fits {
            return None;
        }
        let found = bounds(condition, &left.columns, &right.columns)?;
        (self.changes(left).is_insert_only() && self.changes(right).is_insert_only()).then_some(found)
    }

    /// The spec of an interval join of a relation.
    pub(crate) fn interval_spec(&self, relation: &Relation, interval: &Interval) -> Option<IntervalJoinSpec> {
        let RelationKind::Join { left, right, kind, .. } = &relation.kind else { return None };
        let condition = interval.rest.clone().unwrap_or_else(crate::bind::query::always_true);
        let join = self.join_spec(left, right, *kind, &condition);
        Some(IntervalJoinSpec {
            join,
            rowtimes: (interval.time == TimeAttribute::Rowtime).then_some((interval.left, interval.right)),
            lower_ms: interval.lower_ms,
            upper_ms: interval.upper_ms,
        })
    }
}

fn bounds(condition: &Expression, left: &[Column], right: &[Column]) -> Option<Interval> {
    let (mut lower, mut upper, mut sides, mut rest) = (None::<i64>, None::<i64>, None, Vec::new());
    for conjunct in condition.clone().conjuncts() {
        match bound(&conjunct, left, right) {
            Some((found, bound)) if sides.is_none_or(|known| known == found) => {
                sides = Some(found);
                let (least, most) = match bound {
                    Bound::Least(least) => (Some(least), None),
                    Bound::Most(most) => (None, Some(most)),
                    Bound::Exactly(exact) => (Some(exact), Some(exact)),
                };
                lower = least.map_or(lower, |least| Some(lower.map_or(least, |known| known.max(least))));
                upper = most.map_or(upper, |most| Some(upper.map_or(most, |known| known.min(most))));
            }
            _ => rest.push(conjunct),
        }
    }
    let ((left_at, right_at, time), lower_ms, upper_ms) = (sides?, lower?, upper?);
    Some(Interval { left: left_at, right: right_at, time, lower_ms, upper_ms, rest: Expression::conjunction(rest) })
}

type Sides = (usize, usize, TimeAttribute);

/// What a comparison of times of both sides says.
fn bound(conjunct: &Expression, left: &[Column], right: &[Column]) -> Option<(Sides, Bound)> {
    let Expression::Call { function, arguments, .. } = conjunct else { return None };
    let [a, b] = arguments.as_slice() else { return None };
    let ((first, first_ms), (second, second_ms)) = (shifted(a)?, shifted(b)?);
    let width = left.len();
    // first + first_ms <op> second + second_ms
    let (function, left_at, right_at, difference_ms) = if first < width && second >= width {
        (function.as_str(), first, second - width, second_ms.checked_sub(first_ms)?)
    } else if second < width && first >= width {
        let mirrored = match function.as_str() {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            other => other,
        };
        (mirrored, second, first - width, first_ms.checked_sub(second_ms)?)
    } else {
        return None;
    };
    let time = left[left_at].time?;
    if right.get(right_at)?.time != Some(time) {
        return None;
    }
    let bound = match function {
        "<" => Bound::Most(difference_ms.checked_sub(1)?),
        "<=" => Bound::Most(difference_ms),
        ">" => Bound::Least(difference_ms.checked_add(1)?),
        ">=" => Bound::Least(difference_ms),
        "=" => Bound::Exactly(difference_ms),
        _ => return None,
    };
    Some(((left_at, right_at, time), bound))
}

/// A column with a constant interval added: the column and the milliseconds.
fn shifted(expression: &Expression) -> Option<(usize, i64)> {
    match expression {
        Expression::Column { index, .. } => Some((*index, 0)),
        Expression::Cast { input, data_type, .. } if data_type.kind.is_timestamp() => shifted(input),
        Expression::Call { function, arguments, .. } => match (function.as_str(), arguments.as_slice()) {
            ("+", [a, Expression::Literal { value: Value::IntervalDayTime(millis), .. }])
            | ("+", [Expression::Literal { value: Value::IntervalDayTime(millis), .. }, a]) => {
                let (column, more) = shifted(a)?;
                Some((column, more.checked_add(*millis)?))
            }
            ("-", [a, Expression::Literal { value: Value::IntervalDayTime(millis), .. }]) => {
                let (column, more) = shifted(a)?;
                Some((column, more.checked_sub(*millis)?))
            }
            _ => None,
        },
        _ => None,
    }
}
