//! Queries: WITH, set operations, VALUES, ORDER BY and LIMIT.

use std::sync::Arc;

use flott_connector::Registry;
use flott_evaluation::Session;
use flott_expression::Expression;
use flott_job::spec::{JoinKind, SortColumn};
use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, QueryBody, SetOperator};

use crate::bind::expression::{ExpressionBinder, NoIntercept};
use crate::bind::scope::Scope;
use crate::catalog::ObjectLookup;
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef};

/// Deepest nesting of views and sub-queries, so that a hostile script cannot overflow the stack.
pub(crate) const QUERY_DEPTH_MAX: usize = 64;

/// A common table expression in scope.
#[derive(Clone)]
pub(crate) struct CommonTable {
    pub(crate) name: String,
    pub(crate) relation: RelationRef,
}

/// Binds queries of one statement.
pub struct QueryBinder<'a> {
    /// Finds tables and views.
    pub objects: &'a dyn ObjectLookup,
    /// Knows what connectors can do.
    pub registry: &'a Registry,
    /// Settings that expressions depend on.
    pub session: &'a Session,
    pub(crate) common: Vec<CommonTable>,
    pub(crate) depth: usize,
    /// Hints of the SELECT that is being bound.
    pub(crate) hints: Vec<ast::Hint>,
    /// Whether sources with a primary key that send every change may send some twice (`table.exec.source.cdc-events-duplicate`).
    pub cdc_events_duplicate: bool,
}

/// How the rows of a query are to be ordered at the end.
#[derive(Default)]
pub(crate) struct Ordering {
    pub(crate) order: Vec<SortColumn>,
    pub(crate) offset: u64,
    pub(crate) fetch: Option<u64>,
}

impl<'a> QueryBinder<'a> {
    /// A binder for one statement.
    pub fn new(objects: &'a dyn ObjectLookup, registry: &'a Registry, session: &'a Session) -> Self {
        QueryBinder {
            objects,
            registry,
            session,
            common: Vec::new(),
            depth: 0,
            hints: Vec::new(),
            cdc_events_duplicate: false,
        }
    }

    pub(crate) fn expressions<'s>(&'s self, scope: &'s Scope) -> ExpressionBinder<'s> {
        ExpressionBinder { scope, time_zone: &self.session.time_zone, objects: Some(self.objects) }
    }

    /// The relation of a query.
    ///
    /// # Errors
    /// Whatever is wrong with it, with the place.
    pub fn query(&mut self, query: &ast::Query, outer: Option<&Scope>) -> Result<RelationRef> {
        if self.depth >= QUERY_DEPTH_MAX {
            return Err(SqlError::at(query.span, format!("queries are nested deeper than {QUERY_DEPTH_MAX}")));
        }
        self.depth += 1;
        let common = self.common.len();
        let bound = self.query_in_scope(query, outer);
        self.common.truncate(common);
        self.depth -= 1;
        bound
    }

    fn query_in_scope(&mut self, query: &ast::Query, outer: Option<&Scope>) -> Result<RelationRef> {
        if let Some(with) = &query.with {
            self.bind_with(with, outer)?;
        }
        let offset = query.offset.as_ref().map_or(Ok(0), |count| self.row_count(count))?;
        let fetch = query.limit.as_ref().map(|count| self.row_count(count)).transpose()?;
        if let QueryBody::Select(select) = &query.body {
            return self.select(select, &query.order_by, offset, fetch, outer);
        }
        let relation = self.body(&query.body, outer)?;
        let scope = Scope::of_table(None, relation.columns.clone());
        let mut order = Vec::new();
        for item in &query.order_by {
            let position = self.output_position(item, &scope)?;
            order.push(sort_column(position, item));
        }
        Ok(sorted(relation, Ordering { order, offset, fetch }))
    }

    fn bind_with(&mut self, with: &ast::With, outer: Option<&Scope>) -> Result<()> {
        if with.recursive {
            return Err(SqlError::not_supported(with.span, "WITH RECURSIVE"));
        }
        for table in &with.tables {
            let relation = self.query(&table.query, outer)?;
            let relation = rename(relation, &table.columns, table.span)?;
            self.common.push(CommonTable { name: table.name.value.clone(), relation });
        }
        Ok(())
    }

    fn body(&mut self, body: &QueryBody, outer: Option<&Scope>) -> Result<RelationRef> {
        match body {
            QueryBody::Select(select) => self.select(select, &[], 0, None, outer),
            QueryBody::SetOperation(operation) => self.set_operation(operation, outer),
            QueryBody::Values { rows, span } => self.values(rows, *span),
            QueryBody::Table(name) => Ok(self.named_table(name, &[], name.span)?.0),
            QueryBody::Nested(query) => self.query(query, outer),
        }
    }

    fn row_count(&self, count: &ast::Expression) -> Result<u64> {
        let bound = self.expressions(&Scope::default()).bind(count, &mut NoIntercept)?;
        match self.constant(&bound, count.span)? {
            Value::Int(value) if value >= 0 => Ok(value as u64),
            Value::BigInt(value) if value >= 0 => Ok(value as u64),
            other => Err(SqlError::at(count.span, format!("{other} is not a number of rows"))),
        }
    }

    /// The value of a constant expression.
    pub(crate) fn constant(&self, expression: &Expression, span: Span) -> Result<Value> {
        flott_evaluation::evaluator::evaluate_constant(expression, self.session)
            .map_err(|message| SqlError::at(span, message))
    }

    /// ORDER BY after a set operation: an ordinal or the name of an output column.
    fn output_position(&self, item: &ast::OrderItem, scope: &Scope) -> Result<usize> {
        if let Some(position) = ordinal(&item.expression, scope.columns.len())? {
            return Ok(position);
        }
        match self.expressions(scope).bind(&item.expression, &mut NoIntercept)? {
            Expression::Column { index, .. } => Ok(index),
            _ => Err(SqlError::not_supported(item.expression.span, "ORDER BY of an expression after a set operation")),
        }
    }

    fn values(&mut self, rows: &[Vec<ast::Expression>], span: Span) -> Result<RelationRef> {
        let scope = Scope::default();
        let binder = self.expressions(&scope);
        let mut bound: Vec<Vec<Expression>> = Vec::with_capacity(rows.len());
        for row in rows {
            let cells: Result<Vec<Expression>> = row.iter().map(|cell| binder.bind(cell, &mut NoIntercept)).collect();
            bound.push(cells?);
        }
        let width = bound.first().map_or(0, Vec::len);
        if bound.iter().any(|row| row.len() != width) {
            return Err(SqlError::at(span, "Values passed to VALUES operator must have the same number of columns"));
        }
        let mut columns = Vec::with_capacity(width);
        for position in 0..width {
            let types: Vec<_> = bound.iter().map(|row| row[position].data_type().clone()).collect();
            let common = common_type(&types)
                .ok_or_else(|| SqlError::at(span, "Values passed to VALUES operator must have compatible types"))?;
            bound.iter_mut().for_each(|row| row[position] = cast(row[position].clone(), &common));
            columns.push(Column::new(format!("EXPR${position}"), common));
        }
        self.constant_rows(bound, columns)
    }

    fn constant_rows(&self, rows: Vec<Vec<Expression>>, columns: Vec<Column>) -> Result<RelationRef> {
        let fold = |cell: &Expression| flott_evaluation::evaluator::evaluate_constant(cell, self.session).ok();
        let folded: Option<Vec<Vec<Value>>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| if is_deterministic(cell) { fold(cell) } else { None }).collect())
            .collect();
        if let Some(rows) = folded {
            return Ok(Relation::new(RelationKind::Values { rows }, columns));
        }
        let one_row = Relation::new(RelationKind::Values { rows: vec![Vec::new()] }, Vec::new());
        let project =
            |expressions| Relation::new(RelationKind::Project { input: one_row.clone(), expressions }, columns.clone());
        let mut inputs: Vec<RelationRef> = rows.into_iter().map(project).collect();
        if inputs.len() == 1 {
            return Ok(inputs.remove(0));
        }
        Ok(Relation::new(RelationKind::Union { inputs }, columns))
    }

    fn set_operation(&mut self, operation: &ast::SetOperation, outer: Option<&Scope>) -> Result<RelationRef> {
        let left = self.body(&operation.left, outer)?;
        let right = self.body(&operation.right, outer)?;
        if left.columns.len() != right.columns.len() {
            let name = set_name(operation.operator);
            let message =
                format!("Column count mismatch in {name}: {} and {}", left.columns.len(), right.columns.len());
            return Err(SqlError::at(operation.span, message));
        }
        let mut columns = Vec::with_capacity(left.columns.len());
        for (a, b) in left.columns.iter().zip(&right.columns) {
            let common = common_type(&[a.data_type.clone(), b.data_type.clone()]).ok_or_else(|| {
                let message = format!("Type mismatch in column '{}': {} and {}", a.name, a.data_type, b.data_type);
                SqlError::at(operation.span, message)
            })?;
            let time = if a.time == b.time { a.time } else { None };
            columns.push(Column::new(&a.name, common).with_time(time));
        }
        let left = cast_columns(left, &columns);
        let right = cast_columns(right, &columns);
        match (operation.operator, operation.all) {
            (SetOperator::Union, true) => Ok(union(left, right, columns)),
            (SetOperator::Union, false) => Ok(distinct(union(left, right, columns))),
            (SetOperator::Intersect, false) => Ok(distinct(matching(left, right, JoinKind::Semi))),
            (SetOperator::Except, false) => Ok(distinct(matching(left, right, JoinKind::Anti))),
            (operator, true) => Err(SqlError::not_supported(operation.span, format!("{} ALL", set_name(operator)))),
        }
    }
}

fn set_name(operator: SetOperator) -> &'static str {
    match operator {
        SetOperator::Union => "UNION",
        SetOperator::Intersect => "INTERSECT",
        SetOperator::Except => "EXCEPT",
    }
}

fn union(left: RelationRef, right: RelationRef, columns: Vec<Column>) -> RelationRef {
    let mut inputs = Vec::new();
    for side in [left, right] {
        match &side.kind {
            RelationKind::Union { inputs: nested } => inputs.extend(nested.iter().cloned()),
            _ => inputs.push(side),
        }
    }
    Relation::new(RelationKind::Union { inputs }, columns)
}

/// The rows of `left` that have (SEMI) or lack (ANTI) an equal row in `right`; NULLs are equal.
fn matching(left: RelationRef, right: RelationRef, kind: JoinKind) -> RelationRef {
    let width = left.columns.len();
    let equal = |position: usize| {
        let a = Expression::column(position, left.columns[position].data_type.clone());
        let b = Expression::column(width + position, right.columns[position].data_type.clone());
        Expression::call("IS NOT DISTINCT FROM", vec![a, b], TypeKind::Boolean.not_null())
    };
    let condition = Expression::conjunction((0..width).map(equal).collect()).unwrap_or_else(always_true);
    let columns = left.columns.clone();
    Relation::new(RelationKind::Join { left, right, kind, condition }, columns)
}

/// `TRUE`
pub(crate) fn always_true() -> Expression {
    Expression::literal(Value::Boolean(true), TypeKind::Boolean.not_null())
}

/// Each row once.
pub(crate) fn distinct(input: RelationRef) -> RelationRef {
    let columns: Vec<Column> = input.columns.iter().map(|column| column.clone().with_time(None)).collect();
    let keys = (0..columns.len()).collect();
    Relation::new(RelationKind::Aggregate { input, keys, calls: Vec::new() }, columns)
}

/// The least type that holds all types.
pub(crate) fn common_type(types: &[flott_record::DataType]) -> Option<flott_record::DataType> {
    flott_expression::catalogue::common_type(&types.iter().collect::<Vec<_>>())
}

/// The expression cast to a type; NULL literals take the type themselves.
pub(crate) fn cast(expression: Expression, data_type: &flott_record::DataType) -> Expression {
    if expression.is_null_literal() {
        return Expression::literal(Value::Null, data_type.clone().with_nullable(true));
    }
    expression.cast_to(data_type)
}

fn cast_columns(input: RelationRef, columns: &[Column]) -> RelationRef {
    let same = |(have, want): (&Column, &Column)| have.data_type.kind == want.data_type.kind;
    if input.columns.iter().zip(columns).all(same) {
        return input;
    }
    let expressions =
        input.identity().into_iter().zip(columns).map(|(column, want)| cast(column, &want.data_type)).collect();
    Relation::new(RelationKind::Project { input, expressions }, columns.to_vec())
}

/// The relation under other column names; no names keeps its own.
pub(crate) fn rename(relation: RelationRef, names: &[ast::Identifier], span: Span) -> Result<RelationRef> {
    if names.is_empty() {
        return Ok(relation);
    }
    if names.len() != relation.columns.len() {
        let message =
            format!("{} column names are given for a relation of {} columns", names.len(), relation.columns.len());
        return Err(SqlError::at(span, message));
    }
    let columns = relation.columns.iter().zip(names);
    let columns = columns.map(|(column, name)| Column { name: name.value.clone(), ..column.clone() }).collect();
    Ok(Arc::new(Relation { kind: relation.kind.clone(), columns }))
}

/// The relation in this order, cut to these rows; itself if nothing is asked for.
pub(crate) fn sorted(input: RelationRef, ordering: Ordering) -> RelationRef {
    if ordering.order.is_empty() && ordering.offset == 0 && ordering.fetch.is_none() {
        return input;
    }
    let columns = input.columns.clone();
    let Ordering { order, offset, fetch } = ordering;
    Relation::new(RelationKind::Sort { input, order, offset, fetch }, columns)
}

/// NULL is the smallest value, as in Flink, unless NULLS FIRST or LAST is written.
pub(crate) fn sort_column(column: usize, item: &ast::OrderItem) -> SortColumn {
    let nulls_first = match item.nulls {
        Some(ast::NullOrder::First) => true,
        Some(ast::NullOrder::Last) => false,
        None => !item.descending,
    };
    SortColumn { column, descending: item.descending, nulls_first }
}

/// Position of the output column that a number in ORDER BY means.
pub(crate) fn ordinal(expression: &ast::Expression, width: usize) -> Result<Option<usize>> {
    let ast::ExpressionKind::Literal(ast::Literal::Number(text)) = &expression.kind else { return Ok(None) };
    match text.parse::<usize>() {
        Ok(position) if (1..=width).contains(&position) => Ok(Some(position - 1)),
        _ => Err(SqlError::at(expression.span, "Ordinal out of range")),
    }
}

/// Whether an expression gives the same result whenever it is evaluated.
pub(crate) fn is_deterministic(expression: &Expression) -> bool {
    let own = match expression {
        Expression::Call { function, arguments, .. } => {
            flott_expression::catalogue::is_deterministic(function, arguments.len())
        }
        _ => true,
    };
    own && expression.children().into_iter().all(is_deterministic)
}
