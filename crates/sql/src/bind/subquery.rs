//! Sub-queries: IN and EXISTS in WHERE become semi and anti joins, scalar ones become joins with one row.
//!
//! Correlation is resolved where conjuncts of the sub-query's WHERE compare with columns of the query around it: these conjuncts become
//! the join's condition. Anything deeper is refused by name.

use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_job::spec::JoinKind;
use flott_record::TypeKind;
use flott_syntax::Span;
use flott_syntax::ast::{self, BinaryOperator, ExpressionKind, InSet, UnaryOperator};

use crate::bind::expression::NoIntercept;
use crate::bind::from::{has_outer_column, join_columns, mentions_outer, require_boolean};
use crate::bind::query::{QueryBinder, always_true};
use crate::bind::scope::{OUTER_COLUMN, Scope};
use crate::bind::select::{filtered, projected};
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef};

/// Refuses a sub-query in a place where none can be planned.
pub(crate) fn refuse_subquery(expression: &ast::Expression) -> Result<()> {
    match &expression.kind {
        ExpressionKind::Subquery(_)
        | ExpressionKind::Exists(_)
        | ExpressionKind::In { set: InSet::Query(_), .. }
        | ExpressionKind::Quantified { set: InSet::Query(_), .. }
        | ExpressionKind::Unique(_)
        | ExpressionKind::ArrayQuery(_)
        | ExpressionKind::MapQuery(_)
        | ExpressionKind::MultisetQuery(_) => {
            Err(SqlError::not_supported(expression.span, "a sub-query in this place"))
        }
        _ => Ok(()),
    }
}

impl QueryBinder<'_> {
    /// The input filtered by WHERE.
    pub(crate) fn filter(
        &mut self,
        input: RelationRef,
        scope: &Scope,
        condition: &ast::Expression,
        clause: &str,
    ) -> Result<RelationRef> {
        let width = input.columns.len();
        let (mut input, mut scope) = (input, scope.clone());
        let mut plain = Vec::new();
        for conjunct in ast_conjuncts(condition) {
            match self.semi_join(input.clone(), &scope, conjunct, false)? {
                Some(joined) => input = joined,
                None => {
                    let lifted = self.lift_subqueries(conjunct.clone(), &mut input, &mut scope)?;
                    let bound = self.expressions(&scope).bind(&lifted, &mut NoIntercept)?;
                    require_boolean(&bound, conjunct.span, clause)?;
                    plain.push(bound);
                }
            }
        }
        let Some(condition) = Expression::conjunction(plain) else { return Ok(input) };
        let filtered = filtered(input, condition);
        if filtered.columns.len() == width {
            return Ok(filtered);
        }
        let expressions = filtered.identity().into_iter().take(width).collect();
        let names = filtered.columns.iter().take(width).map(|column| column.name.clone()).collect();
        Ok(projected(filtered, expressions, names))
    }

    /// The semi or anti join of a conjunct that is `[NOT] EXISTS (..)` or `x [NOT] IN (..)`.
    fn semi_join(
        &mut self,
        input: RelationRef,
        scope: &Scope,
        conjunct: &ast::Expression,
        negated: bool,
    ) -> Result<Option<RelationRef>> {
        match &conjunct.kind {
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                self.semi_join(input, scope, operand, !negated)
            }
            ExpressionKind::Exists(query) => {
                let (right, correlation) = self.correlated(query, scope)?;
                Ok(Some(semi(input, right, correlation, negated)))
            }
            ExpressionKind::In { operand, negated: not, set: InSet::Query(query) } => {
                let negated = negated != *not;
                let (right, mut correlation) = self.correlated(query, scope)?;
                let operands = match &operand.kind {
                    ExpressionKind::Row(parts) => parts.as_slice(),
                    _ => std::slice::from_ref(&**operand),
                };
                if operands.len() > right.columns.len() {
                    let message =
                        format!("IN compares {} columns with a sub-query of {}", operands.len(), right.columns.len());
                    return Err(SqlError::at(query.span, message));
                }
                for (position, operand) in operands.iter().enumerate() {
                    let left = self.expressions(scope).bind(operand, &mut NoIntercept)?;
                    let column = &right.columns[position];
                    let value = Expression::column(scope.columns.len() + position, column.data_type.clone());
                    let nullable = left.data_type().nullable || column.data_type.nullable;
                    let mut equal =
                        super::expression::equality(left, value).map_err(|error| error.or_at(operand.span))?;
                    if negated && nullable {
                        // NOT IN with NULLs: an unknown comparison excludes the row as a match does.
                        let unknown = Expression::call("IS NULL", vec![equal.clone()], TypeKind::Boolean.not_null());
                        equal = Expression::call("OR", vec![equal, unknown], TypeKind::Boolean.nullable());
                    }
                    correlation.push(equal);
                }
                Ok(Some(semi(input, right, correlation, negated)))
            }
            _ => Ok(None),
        }
    }

    /// A sub-query without its references to the query around it, and these as conditions over left and right columns.
    fn correlated(&mut self, query: &ast::Query, scope: &Scope) -> Result<(RelationRef, Vec<Expression>)> {
        let relation = self.query(query, Some(scope))?;
        if !has_outer_column(&relation) {
            return Ok((relation, Vec::new()));
        }
        decorrelate(relation, scope.columns.len(), query.span)
    }

    /// Joins the scalar sub-queries of an expression to the input and puts their columns' names in their place.
    pub(crate) fn lift_subqueries(
        &mut self,
        expression: ast::Expression,
        input: &mut RelationRef,
        scope: &mut Scope,
    ) -> Result<ast::Expression> {
        let mut queries = Vec::new();
        visit(&expression, &mut |node| {
            if let ExpressionKind::Subquery(query) = &node.kind {
                queries.push((query.clone(), node.span));
            }
        });
        let mut expression = expression;
        for (query, span) in queries {
            let relation = self.query(&query, None).or_else(|_| self.query(&query, Some(scope)))?;
            if has_outer_column(&relation) {
                return Err(SqlError::not_supported(span, "correlated scalar sub-query"));
            }
            let [column] = relation.columns.as_slice() else {
                return Err(SqlError::at(span, "a sub-query used as a value has one column"));
            };
            let name = format!("$subquery{}", scope.columns.len());
            let data_type = column.data_type.clone().with_nullable(true);
            let single = single_value(relation.clone(), &name);
            let left_columns = input.columns.clone();
            let columns = join_columns(&left_columns, &single.columns, JoinKind::Left);
            let kind = RelationKind::Join {
                left: input.clone(),
                right: single,
                kind: JoinKind::Left,
                condition: always_true(),
            };
            *input = Relation::new(kind, columns);
            let outer = scope.outer.take();
            *scope = std::mem::take(scope).join(Scope::of_table(None, vec![Column::new(&name, data_type)]));
            scope.outer = outer;
            let by_name = ExpressionKind::Name(ast::ObjectName::simple(ast::Identifier::new(&name)));
            replace_subquery(&mut expression, &query, &by_name);
        }
        Ok(expression)
    }
}

/// The relation's only row; more than one fails the job, none is NULL after the outer join.
fn single_value(input: RelationRef, name: &str) -> RelationRef {
    let one_row = matches!(&input.kind, RelationKind::Aggregate { keys, .. } if keys.is_empty())
        || matches!(&input.kind, RelationKind::Project { input, .. } if matches!(&input.kind, RelationKind::Aggregate { keys, .. } if keys.is_empty()));
    let data_type = input.columns[0].data_type.clone().with_nullable(true);
    if one_row {
        let expressions = input.identity();
        return projected(input, expressions, vec![name.to_string()]);
    }
    let call = AggregateCall {
        function: AggregateFunction::SingleValue,
        arguments: vec![0],
        argument_types: vec![input.columns[0].data_type.clone()],
        distinct: false,
        filter: None,
        data_type: data_type.clone(),
        name: name.to_string(),
    };
    let kind = RelationKind::Aggregate { input, keys: Vec::new(), calls: vec![call] };
    Relation::new(kind, vec![Column::new(name, data_type)])
}

fn semi(left: RelationRef, right: RelationRef, conditions: Vec<Expression>, negated: bool) -> RelationRef {
    let kind = if negated { JoinKind::Anti } else { JoinKind::Semi };
    let condition = Expression::conjunction(conditions).unwrap_or_else(always_true);
    let columns = left.columns.clone();
    Relation::new(RelationKind::Join { left, right, kind, condition }, columns)
}

/// Pulls correlated conjuncts out of the filters right below the sub-query's projection.
fn decorrelate(relation: RelationRef, left_width: usize, span: Span) -> Result<(RelationRef, Vec<Expression>)> {
    let refused = || SqlError::not_supported(span, "this kind of correlated sub-query");
    let (input, mut expressions, names) = match &relation.kind {
        RelationKind::Project { input, expressions } => {
            let names = relation.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
            (input.clone(), expressions.clone(), names)
        }
        RelationKind::Filter { .. } => {
            let names = relation.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
            (relation.clone(), relation.identity(), names)
        }
        _ => return Err(refused()),
    };
    let RelationKind::Filter { input, condition } = &input.kind else { return Err(refused()) };
    if expressions.iter().any(mentions_outer) || has_outer_column(input) {
        return Err(refused());
    }
    let (outer, inner): (Vec<Expression>, Vec<Expression>) =
        condition.clone().conjuncts().into_iter().partition(mentions_outer);
    let base = match Expression::conjunction(inner) {
        Some(condition) => filtered(input.clone(), condition),
        None => input.clone(),
    };
    let mut lifted = Vec::new();
    for conjunct in outer {
        lifted.push(over_join(conjunct, left_width, &mut expressions));
    }
    Ok((projected(base, expressions, names), lifted))
}

/// A correlated conjunct over left columns and the sub-query's output, to which the columns it needs are added.
fn over_join(conjunct: Expression, left_width: usize, output: &mut Vec<Expression>) -> Expression {
    match conjunct {
        Expression::Call { function, arguments, data_type, .. } if function == OUTER_COLUMN => {
            match arguments.as_slice() {
                [Expression::Literal { value: flott_record::Value::BigInt(position), .. }] => {
                    Expression::column(*position as usize, data_type)
                }
                _ => unreachable!("outer columns have a position"),
            }
        }
        Expression::Column { index, data_type } => {
            let inner = Expression::column(index, data_type.clone());
            let position = output.iter().position(|known| *known == inner).unwrap_or_else(|| {
                output.push(inner);
                output.len() - 1
            });
            Expression::column(left_width + position, data_type)
        }
        Expression::Call { function, arguments, data_type, written } => {
            let arguments = arguments.into_iter().map(|part| over_join(part, left_width, output)).collect();
            Expression::Call { function, arguments, data_type, written }
        }
        Expression::Cast { input, data_type, mode, written } => {
            Expression::Cast { input: Box::new(over_join(*input, left_width, output)), data_type, mode, written }
        }
        Expression::Case { branches, otherwise, data_type } => {
            let mut map = |part| over_join(part, left_width, output);
            let branches = branches.into_iter().map(|(when, then)| (map(when), map(then))).collect();
            let otherwise = Box::new(map(*otherwise));
            Expression::Case { branches, otherwise, data_type }
        }
        literal @ Expression::Literal { .. } => literal,
    }
}

fn ast_conjuncts(expression: &ast::Expression) -> Vec<&ast::Expression> {
    match &expression.kind {
        ExpressionKind::Binary { left, operator: BinaryOperator::And, right } => {
            let mut conjuncts = ast_conjuncts(left);
            conjuncts.extend(ast_conjuncts(right));
            conjuncts
        }
        _ => vec![expression],
    }
}

/// Visits an expression and its parts, sub-queries excepted.
pub(crate) fn visit(expression: &ast::Expression, see: &mut impl FnMut(&ast::Expression)) {
    see(expression);
    let mut copy = expression.clone();
    for child in children_mut(&mut copy) {
        visit(child, see);
    }
}

fn replace_subquery(expression: &mut ast::Expression, query: &ast::Query, by: &ExpressionKind) {
    if matches!(&expression.kind, ExpressionKind::Subquery(found) if **found == *query) {
        expression.kind = by.clone();
        return;
    }
    for child in children_mut(expression) {
        replace_subquery(child, query, by);
    }
}

/// The direct parts of an expression, sub-queries excepted.
fn children_mut(expression: &mut ast::Expression) -> Vec<&mut ast::Expression> {
    use ExpressionKind as K;
    match &mut expression.kind {
        K::Unary { operand, .. }
        | K::Is { operand, .. }
        | K::Cast { operand, .. }
        | K::Extract { operand, .. }
        | K::RoundToUnit { operand, .. }
        | K::Field { operand, .. }
        | K::MatchSemantics { operand, .. } => vec![operand],
        K::Binary { left, right, .. } | K::IsDistinctFrom { left, right, .. } => vec![left, right],
        K::Between { operand, low, high, .. } => vec![operand, low, high],
        K::Like { operand, pattern, escape, .. } => {
            let mut parts: Vec<&mut ast::Expression> = vec![operand, pattern];
            parts.extend(escape.as_deref_mut());
            parts
        }
        K::In { operand, set, .. } => in_children(operand, set),
        K::Quantified { left, set, .. } => in_children(left, set),
        K::Case { operand, branches, otherwise } => {
            let mut parts: Vec<&mut ast::Expression> = operand.as_deref_mut().into_iter().collect();
            for branch in branches {
                parts.extend(branch.conditions.iter_mut());
                parts.push(&mut branch.result);
            }
            parts.extend(otherwise.as_deref_mut());
            parts
        }
        K::TimestampAdd { count, timestamp, .. } => vec![count, timestamp],
        K::TimestampDiff { from, to, .. } => vec![from, to],
        K::Trim { characters, operand, .. } => {
            let mut parts: Vec<&mut ast::Expression> = characters.as_deref_mut().into_iter().collect();
            parts.push(operand);
            parts
        }
        K::Function(call) => {
            let mut parts: Vec<&mut ast::Expression> = Vec::new();
            if let ast::FunctionArguments::List(list) = &mut call.arguments {
                parts.extend(list.iter_mut().map(|argument| &mut argument.value));
            }
            parts.extend(call.filter.as_mut());
            parts
        }
        K::Row(parts) | K::Array(parts) | K::Multiset(parts) => parts.iter_mut().collect(),
        K::Map(entries) => entries.iter_mut().flat_map(|entry| [&mut entry.key, &mut entry.value]).collect(),
        K::Item { container, index } => vec![container, index],
        K::Interval { amount, .. } => vec![amount],
        _ => Vec::new(),
    }
}

fn in_children<'a>(operand: &'a mut ast::Expression, set: &'a mut InSet) -> Vec<&'a mut ast::Expression> {
    let mut parts = vec![operand];
    if let InSet::Values(values) = set {
        parts.extend(values.iter_mut());
    }
    parts
}
