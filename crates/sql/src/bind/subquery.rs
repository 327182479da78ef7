//! Sub-queries: IN and EXISTS among the conjuncts of WHERE become semi and anti joins, others become values of columns.

use flott_expression::Expression;
use flott_job::spec::JoinKind;
use flott_record::TypeKind;
use flott_syntax::ast::{self, BinaryOperator, ExpressionKind, InSet, UnaryOperator};

use crate::bind::decorrelate::{Correlated, decorrelated, over_join};
use crate::bind::expression::{ExpressionBinder, Intercept, NoIntercept};
use crate::bind::from::require_boolean;
use crate::bind::lift::Subqueries;
use crate::bind::query::{QueryBinder, always_true};
use crate::bind::scope::Scope;
use crate::bind::select::{filtered, projected};
use crate::error::{Result, SqlError};
use crate::relation::{Relation, RelationKind, RelationRef};

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
        let mut input = input;
        let mut others = Vec::new();
        for conjunct in ast_conjuncts(condition) {
            match self.semi_join(input.clone(), scope, conjunct, false)? {
                Some(joined) => input = joined,
                None => others.push(conjunct),
            }
        }
        let mut subqueries = Subqueries::default();
        let mut bound = Vec::new();
        for conjunct in others {
            self.bind_subqueries(conjunct, scope, &mut subqueries)?;
            let part = self.expressions(scope).bind(conjunct, &mut WithSubqueries(&mut subqueries))?;
            require_boolean(&part, conjunct.span, clause)?;
            bound.push(part);
        }
        let Some(condition) = Expression::conjunction(bound) else { return Ok(input) };
        if subqueries.is_empty() {
            return Ok(filtered(input, condition));
        }
        let (lifted, replace) = subqueries.build(input)?;
        let filtered = filtered(lifted, replace(condition));
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
                let correlated = self.correlated(query, &input, scope)?;
                if correlated.always_one_row {
                    return Ok(None);
                }
                let width = input.columns.len();
                let conditions = correlated.conditions.into_iter().map(|part| over_join(part, width)).collect();
                Ok(Some(semi(input, correlated.relation, conditions, negated)))
            }
            ExpressionKind::In { operand, negated: not, set: InSet::Query(query) } => {
                self.in_query(input, scope, operand, query, negated != *not)
            }
            _ => Ok(None),
        }
    }

    /// The semi or anti join of `x [NOT] IN (query)`.
    fn in_query(
        &mut self,
        input: RelationRef,
        scope: &Scope,
        operand: &ast::Expression,
        query: &ast::Query,
        negated: bool,
    ) -> Result<Option<RelationRef>> {
        let Correlated { relation, conditions, outputs, counts, .. } = self.correlated(query, &input, scope)?;
        if !counts.is_empty() && !conditions.is_empty() {
            return Err(SqlError::not_supported(query.span, "IN with a correlated sub-query that counts"));
        }
        let operands = match &operand.kind {
            ExpressionKind::Row(parts) => parts.as_slice(),
            _ => std::slice::from_ref(operand),
        };
        if operands.len() > outputs.len() {
            let message = format!("IN compares {} columns with a sub-query of {}", operands.len(), outputs.len());
            return Err(SqlError::at(query.span, message));
        }
        let width = input.columns.len();
        let mut on: Vec<Expression> = conditions.into_iter().map(|part| over_join(part, width)).collect();
        for (operand, output) in operands.iter().zip(outputs) {
            if contains_query(operand) {
                return Ok(None);
            }
            let left = self.expressions(scope).bind(operand, &mut NoIntercept)?;
            let value = over_join(output, width);
            let nullable = left.data_type().nullable || value.data_type().nullable;
            let mut equal = super::expression::equality(left, value).map_err(|error| error.or_at(operand.span))?;
            if negated && nullable {
                // NOT IN with NULLs: an unknown comparison excludes the row as a match does.
                let unknown = Expression::call("IS NULL", vec![equal.clone()], TypeKind::Boolean.not_null());
                equal = Expression::call("OR", vec![equal, unknown], TypeKind::Boolean.nullable());
            }
            on.push(equal);
        }
        Ok(Some(semi(input, relation, on, negated)))
    }

    /// A sub-query without its references to the query around it.
    fn correlated(&mut self, query: &ast::Query, input: &RelationRef, scope: &Scope) -> Result<Correlated> {
        let relation = self.query(query, Some(scope))?;
        decorrelated(&relation, input, query.span)
    }
}

/// Puts placeholders for sub-queries.
struct WithSubqueries<'a>(&'a mut Subqueries);

impl Intercept for WithSubqueries<'_> {
    fn intercept(&mut self, syntax: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
        self.0.intercept(syntax, binder, &mut NoIntercept)
    }
}

/// Whether an expression has a sub-query.
fn contains_query(expression: &ast::Expression) -> bool {
    let mut found = false;
    visit(expression, &mut |node| found |= refuse_subquery(node).is_err());
    found
}

fn semi(left: RelationRef, right: RelationRef, conditions: Vec<Expression>, negated: bool) -> RelationRef {
    let kind = if negated { JoinKind::Anti } else { JoinKind::Semi };
    let condition = Expression::conjunction(conditions).unwrap_or_else(always_true);
    let columns = left.columns.clone();
    Relation::new(RelationKind::Join { left, right, kind, condition }, columns)
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
        K::Elapsed { difference, .. } => vec![difference],
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
