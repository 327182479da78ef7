//! Sub-queries without their references to the query around them.
//!
//! Conditions on outer columns are pulled up through the sub-query, until they can be conditions of the join with the query around it. Where they
//! pass an aggregation, a LIMIT or an OVER, the columns that they compare become keys of these: what was computed for one outer row
//! is computed for each key. Conditions that are no equalities are first joined with the distinct outer values.

use flott_expression::{AggregateCall, Expression};
use flott_job::over::OverCall;
use flott_job::spec::{JoinKind, RankKind};
use flott_record::{TypeKind, Value};
use flott_syntax::Span;

use crate::bind::from::{has_outer_column, join_columns, mentions_outer};
use crate::bind::query::always_true;
use crate::bind::scope::OUTER_COLUMN;
use crate::bind::select::{filtered, projected};
use crate::error::{Result, SqlError};
use crate::relation::{Column, OverWindow, Relation, RelationKind, RelationRef};

/// A sub-query that stands alone.
pub(crate) struct Correlated {
    /// What it reads; does not mention outer columns.
    pub(crate) relation: RelationRef,
    /// What holds between an outer row and rows of the relation that belong to it. Outer columns are calls of [`OUTER_COLUMN`].
    pub(crate) conditions: Vec<Expression>,
    /// The sub-query's columns over the relation's columns and outer ones.
    pub(crate) outputs: Vec<Expression>,
    /// Whether the sub-query is an aggregation without keys: an outer row without rows of its own has a result as well.
    pub(crate) always_one_row: bool,
    /// Columns of the relation that count: 0 where an outer row has no rows of its own.
    pub(crate) counts: Vec<usize>,
}

/// The sub-query without outer references; `outer` is the relation around it.
pub(crate) fn decorrelated(relation: &RelationRef, outer: &RelationRef, span: Span) -> Result<Correlated> {
    let (below, outputs) = match &relation.kind {
        RelationKind::Project { input, expressions }
            if expressions.iter().any(mentions_outer) || (has_outer_column(input) && is_keyless(input)) =>
        {
            (input, expressions.clone())
        }
        _ => (relation, relation.identity()),
    };
    let keyless = match &below.kind {
        RelationKind::Aggregate { keys, calls, .. } if keys.is_empty() => Some(calls),
        _ => None,
    };
    let count = |(position, call): (usize, &AggregateCall)| {
        use flott_expression::AggregateFunction as F;
        matches!(call.function, F::Count | F::Sum0 | F::ApproxCountDistinct).then_some(position)
    };
    let counts = keyless.map_or_else(Vec::new, |calls| calls.iter().enumerate().filter_map(count).collect());
    let Pulled { relation, conditions } = Decorrelation { outer, span }.pull(below)?;
    Ok(Correlated { relation, conditions, outputs, always_one_row: keyless.is_some(), counts })
}

fn is_keyless(relation: &Relation) -> bool {
    matches!(&relation.kind, RelationKind::Aggregate { keys, .. } if keys.is_empty())
}

impl Correlated {
    /// A column of the sub-query over a join's columns, where the relation's begin at `width`, and may all be absent.
    pub(crate) fn output(&self, position: usize, width: usize) -> Expression {
        let zero_where_absent = |node: Expression| match node {
            Expression::Column { index, data_type } if self.counts.iter().any(|count| width + count == index) => {
                let column = Expression::column(index, data_type.clone().with_nullable(true));
                let absent = Expression::call("IS NULL", vec![column.clone()], TypeKind::Boolean.not_null());
                let zero = Expression::literal(Value::BigInt(0), TypeKind::BigInt.not_null()).cast_to(&data_type);
                Expression::Case { branches: vec![(absent, zero)], otherwise: Box::new(column), data_type }
            }
            other => other,
        };
        over_join(self.outputs[position].clone(), width).transform(&mut { zero_where_absent })
    }
}

/// An expression over the columns of a join: outer columns are left ones, the relation's follow from `width` on.
pub(crate) fn over_join(expression: Expression, width: usize) -> Expression {
    // The numbers in outer columns' calls are literals, so that columns can be moved first.
    outer_as_columns(expression.remap_columns(&|column| width + column), &|column| column)
}

fn outer_as_columns(expression: Expression, place: &impl Fn(usize) -> usize) -> Expression {
    expression.transform(&mut |node| match node {
        Expression::Call { function, arguments, data_type, .. } if function == OUTER_COLUMN => {
            Expression::column(place(outer_number(&arguments)), data_type)
        }
        other => other,
    })
}

fn outer_number(arguments: &[Expression]) -> usize {
    match arguments {
        [Expression::Literal { value: Value::BigInt(number), .. }] => *number as usize,
        _ => unreachable!("outer columns have a number"),
    }
}

/// A relation whose first columns are those of the original.
struct Pulled {
    relation: RelationRef,
    conditions: Vec<Expression>,
}

/// A pulled relation with columns that tell outer rows apart.
struct Keyed {
    relation: RelationRef,
    keys: Vec<usize>,
    /// For each key what is equal to it, over outer columns.
    values: Vec<(Expression, &'static str)>,
}

impl Keyed {
    /// The conditions, once the keys are at other places.
    fn conditions(&self, place: impl Fn(usize) -> usize) -> Vec<Expression> {
        let condition = |(number, (value, function)): (usize, &(Expression, &'static str))| {
            let data_type = self.relation.columns[self.keys[number]].data_type.clone();
            let key = Expression::column(place(number), data_type);
            Expression::call(*function, vec![key, value.clone()], TypeKind::Boolean.nullable())
        };
        self.values.iter().enumerate().map(condition).collect()
    }
}

struct Decorrelation<'a> {
    outer: &'a RelationRef,
    span: Span,
}

impl Decorrelation<'_> {
    fn refused<T>(&self, what: &str) -> Result<T> {
        Err(SqlError::not_supported(self.span, format!("a correlated sub-query with {what}")))
    }

    fn pull(&self, relation: &RelationRef) -> Result<Pulled> {
        if !has_outer_column(relation) {
            return Ok(Pulled { relation: relation.clone(), conditions: Vec::new() });
        }
        match &relation.kind {
            RelationKind::Filter { input, condition } => self.filter(input, condition),
            RelationKind::Project { input, expressions } => self.project(relation, input, expressions),
            RelationKind::Aggregate { input, keys, calls } => self.aggregate(relation, input, keys, calls),
            RelationKind::Join { left, right, kind, condition } => self.join(left, right, *kind, condition),
            RelationKind::Sort { input, fetch: None, offset: 0, .. } => self.pull(input),
            RelationKind::Sort { .. } => self.limit(relation),
            RelationKind::Over { input, window, calls } => self.over(relation, input, window, calls),
            RelationKind::Union { .. } => self.refused("a set operation"),
            _ => self.refused("outer columns in this place"),
        }
    }

    fn filter(&self, input: &RelationRef, condition: &Expression) -> Result<Pulled> {
        let Pulled { relation, mut conditions } = self.pull(input)?;
        let (outer, inner): (Vec<Expression>, Vec<Expression>) =
            condition.clone().conjuncts().into_iter().partition(mentions_outer);
        conditions.extend(outer);
        let relation = match Expression::conjunction(inner) {
            Some(condition) => filtered(relation, condition),
            None => relation,
        };
        Ok(Pulled { relation, conditions })
    }

    fn project(&self, relation: &Relation, input: &RelationRef, expressions: &[Expression]) -> Result<Pulled> {
        if expressions.iter().any(mentions_outer) {
            return self.refused("outer columns in its select list");
        }
        let below = self.pull(input)?;
        let mut expressions = expressions.to_vec();
        let mut conditions = Vec::new();
        for condition in below.conditions {
            conditions.push(condition.transform(&mut |node| match node {
                column @ Expression::Column { .. } => {
                    let position = expressions.iter().position(|known| *known == column).unwrap_or_else(|| {
                        expressions.push(column.clone());
                        expressions.len() - 1
                    });
                    Expression::column(position, column.data_type().clone())
                }
                other => other,
            }));
        }
        let names = relation.columns.iter().map(|column| column.name.clone()).collect();
        Ok(Pulled { relation: projected(below.relation, expressions, names), conditions })
    }

    /// Group by what is compared with outer columns, too.
    fn aggregate(
        &self,
        relation: &Relation,
        input: &RelationRef,
        keys: &[usize],
        calls: &[AggregateCall],
    ) -> Result<Pulled> {
        let keyed = self.keyed(self.pull(input)?)?;
        let all: Vec<usize> = keys.iter().chain(&keyed.keys).copied().collect();
        let mut columns: Vec<Column> = relation.columns[..keys.len()].to_vec();
        columns.extend(keyed.keys.iter().map(|key| keyed.relation.columns[*key].clone().with_time(None)));
        columns.extend(relation.columns[keys.len()..].iter().cloned());
        let kind = RelationKind::Aggregate { input: keyed.relation.clone(), keys: all, calls: calls.to_vec() };
        let grouped = Relation::new(kind, columns);
        // The original columns first: its keys, its calls, then the new keys.
        let (own, added) = (keys.len(), keyed.keys.len());
        let order = (0..own).chain(own + added..own + added + calls.len()).chain(own..own + added);
        let expressions = order.map(|at| Expression::column(at, grouped.columns[at].data_type.clone())).collect();
        let names = relation.columns.iter().map(|column| column.name.clone()).collect();
        let conditions = keyed.conditions(|number| own + calls.len() + number);
        Ok(Pulled { relation: projected(grouped, expressions, names), conditions })
    }

    fn join(&self, left: &RelationRef, right: &RelationRef, kind: JoinKind, condition: &Expression) -> Result<Pulled> {
        let left_only = matches!(kind, JoinKind::Left | JoinKind::Semi | JoinKind::Anti);
        let fits = match kind {
            JoinKind::Inner => true,
            _ if left_only => !has_outer_column(right) && !mentions_outer(condition),
            _ => false,
        };
        if !fits {
            return self.refused("outer columns on the padded side of an outer join");
        }
        let (a, b) = (self.pull(left)?, self.pull(right)?);
        let (left_width, new_left) = (left.columns.len(), a.relation.columns.len());
        let moved = |column: usize| if column < left_width { column } else { column - left_width + new_left };
        let (outer, inner): (Vec<Expression>, Vec<Expression>) =
            condition.clone().conjuncts().into_iter().partition(mentions_outer);
        let moved_inner = inner.into_iter().map(|part| part.remap_columns(&moved)).collect();
        let on = Expression::conjunction(moved_inner).unwrap_or_else(always_true);
        let columns = join_columns(&a.relation.columns, &b.relation.columns, kind);
        let kind_of_join = RelationKind::Join { left: a.relation.clone(), right: b.relation, kind, condition: on };
        let joined = Relation::new(kind_of_join, columns);
        let mut conditions = a.conditions;
        conditions.extend(b.conditions.into_iter().map(|part| part.remap_columns(&|column| column + new_left)));
        conditions.extend(outer.into_iter().map(|part| part.remap_columns(&moved)));
        // The original columns first.
        let right_width = if matches!(kind, JoinKind::Semi | JoinKind::Anti) { 0 } else { right.columns.len() };
        let own: Vec<usize> = (0..left_width).chain(new_left..new_left + right_width).collect();
        let added = (0..joined.columns.len()).filter(|column| !own.contains(column));
        let order: Vec<usize> = own.iter().copied().chain(added).collect();
        let place = |column: usize| order.iter().position(|known| *known == column).unwrap_or(column);
        let expressions =
            order.iter().map(|at| Expression::column(*at, joined.columns[*at].data_type.clone())).collect();
        let names = order.iter().map(|at| joined.columns[*at].name.clone()).collect();
        let conditions = conditions.into_iter().map(|condition| condition.remap_columns(&place)).collect();
        Ok(Pulled { relation: projected(joined.clone(), expressions, names), conditions })
    }

    /// The first rows of each outer row are the first rows of each key.
    fn limit(&self, relation: &Relation) -> Result<Pulled> {
        let RelationKind::Sort { input, order, offset, fetch } = &relation.kind else {
            return self.refused("outer columns in this place");
        };
        let keyed = self.keyed(self.pull(input)?)?;
        let end = fetch.map_or(i64::MAX, |fetch| offset.saturating_add(fetch).min(i64::MAX as u64) as i64);
        let kind = RelationKind::Rank {
            input: keyed.relation.clone(),
            kind: RankKind::RowNumber,
            partition: keyed.keys.clone(),
            order: order.clone(),
            start: *offset as i64 + 1,
            end,
            output_rank: false,
        };
        let ranked = Relation::new(kind, keyed.relation.columns.clone());
        Ok(Pulled { relation: ranked, conditions: keyed.conditions(|number| keyed.keys[number]) })
    }

    fn over(
        &self,
        relation: &Relation,
        input: &RelationRef,
        window: &OverWindow,
        calls: &[OverCall],
    ) -> Result<Pulled> {
        let keyed = self.keyed(self.pull(input)?)?;
        let mut window = window.clone();
        window.partition.extend(&keyed.keys);
        let (width, new_width) = (input.columns.len(), keyed.relation.columns.len());
        let results = &relation.columns[width..];
        let mut columns = keyed.relation.columns.clone();
        columns.extend(results.iter().cloned());
        let kind = RelationKind::Over { input: keyed.relation.clone(), window, calls: calls.to_vec() };
        let over = Relation::new(kind, columns);
        let order = (0..width).chain(new_width..new_width + results.len()).chain(width..new_width);
        let expressions = order.map(|at| Expression::column(at, over.columns[at].data_type.clone())).collect();
        let names = relation.columns.iter().map(|column| column.name.clone()).collect();
        let conditions = keyed.conditions(|number| keyed.keys[number] + results.len());
        Ok(Pulled { relation: projected(over, expressions, names), conditions })
    }

    /// The relation with the columns that are compared behind its own.
    fn keyed(&self, pulled: Pulled) -> Result<Keyed> {
        let pairs: Option<Vec<(Expression, Expression)>> = pulled.conditions.iter().map(equal_pair).collect();
        let Some(pairs) = pairs else { return Ok(self.with_outer_values(pulled)) };
        let mut expressions = pulled.relation.identity();
        let names = pulled.relation.columns.iter().map(|column| column.name.clone()).collect();
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (inner, outer) in pairs {
            keys.push(expressions.len());
            expressions.push(inner);
            values.push((outer, "="));
        }
        Ok(Keyed { relation: projected(pulled.relation, expressions, names), keys, values })
    }

    /// The relation joined with the distinct values of the outer columns that its conditions mention.
    fn with_outer_values(&self, pulled: Pulled) -> Keyed {
        let mut mentioned: Vec<usize> = Vec::new();
        for condition in &pulled.conditions {
            visit_outer(condition, &mut |column| {
                if !mentioned.contains(&column) {
                    mentioned.push(column);
                }
            });
        }
        let outer = &self.outer.columns;
        let expressions: Vec<Expression> =
            mentioned.iter().map(|column| Expression::column(*column, outer[*column].data_type.clone())).collect();
        let names = mentioned.iter().map(|column| outer[*column].name.clone()).collect();
        let values = crate::bind::query::distinct(projected(self.outer.clone(), expressions, names));
        let (width, count) = (pulled.relation.columns.len(), mentioned.len());
        let place = |column: usize| width + mentioned.iter().position(|known| *known == column).unwrap_or(0);
        let on = pulled.conditions.into_iter().map(|condition| outer_as_columns(condition, &place)).collect();
        let condition = Expression::conjunction(on).unwrap_or_else(always_true);
        let columns = join_columns(&pulled.relation.columns, &values.columns, JoinKind::Inner);
        let kind = RelationKind::Join { left: pulled.relation, right: values, kind: JoinKind::Inner, condition };
        let outer_value = |column: &usize| {
            let number = Expression::literal(Value::BigInt(*column as i64), TypeKind::BigInt.not_null());
            let value = Expression::call(OUTER_COLUMN, vec![number], outer[*column].data_type.clone());
            (value, "IS NOT DISTINCT FROM")
        };
        Keyed {
            relation: Relation::new(kind, columns),
            keys: (width..width + count).collect(),
            values: mentioned.iter().map(outer_value).collect(),
        }
    }
}

fn visit_outer(expression: &Expression, visit: &mut impl FnMut(usize)) {
    if let Expression::Call { function, arguments, .. } = expression
        && function == OUTER_COLUMN
    {
        visit(outer_number(arguments));
        return;
    }
    expression.children().into_iter().for_each(|child| visit_outer(child, visit));
}

/// The sides of an equality of an inner expression and an outer one.
pub(crate) fn equal_pair(condition: &Expression) -> Option<(Expression, Expression)> {
    let Expression::Call { function, arguments, .. } = condition else { return None };
    let [a, b] = arguments.as_slice() else { return None };
    if function != "=" {
        return None;
    }
    let has_inner = |expression: &Expression| {
        let mut found = false;
        expression.visit_columns(&mut |_| found = true);
        found
    };
    if !mentions_outer(a) && !has_inner(b) && mentions_outer(b) {
        return Some((a.clone(), b.clone()));
    }
    (!mentions_outer(b) && !has_inner(a) && mentions_outer(a)).then(|| (b.clone(), a.clone()))
}
