//! SELECT: items, WHERE, HAVING, QUALIFY, DISTINCT, ORDER BY and LIMIT.
//!
//! Items are bound once, with an intercept that puts placeholders where aggregates and OVER calls stand. When all are bound it is
//! known what has to be computed before, the relations are built, and the placeholders become columns.

use flott_expression::Expression;
use flott_syntax::ast::{self, SelectItem, SetQuantifier};

use crate::bind::aggregate::Grouping;
use crate::bind::expression::ExpressionBinder;
use crate::bind::from::require_boolean;
use crate::bind::lift::Subqueries;
use crate::bind::over::OverCalls;
use crate::bind::query::{Ordering, QueryBinder, distinct, ordinal, sort_column, sorted};
use crate::bind::scope::Scope;
use crate::bind::subquery::refuse_subquery;
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef};

/// Name of the placeholder for an aggregate call until its column is known; the argument is its number.
pub(crate) const AGGREGATE: &str = "$AGGREGATE";
/// Likewise for a group key.
pub(crate) const GROUP_KEY: &str = "$GROUP_KEY";
/// Likewise for an OVER call.
pub(crate) const OVER: &str = "$OVER";

/// An output column before it is bound.
struct Item {
    syntax: ItemSyntax,
    name: String,
}

enum ItemSyntax {
    Expression(ast::Expression),
    /// From a wildcard: a position in the scope.
    Column(usize),
}

impl QueryBinder<'_> {
    /// The relation of a SELECT with the ORDER BY and LIMIT that follow it.
    pub(crate) fn select(
        &mut self,
        select: &ast::Select,
        order_by: &[ast::OrderItem],
        offset: u64,
        fetch: Option<u64>,
        outer: Option<&Scope>,
    ) -> Result<RelationRef> {
        refuse_hints(select)?;
        let hints = std::mem::replace(&mut self.hints, select.hints.clone());
        let from = select.from.as_ref().map(|from| self.table_reference(from, None, outer)).transpose();
        self.hints = hints;
        let (mut input, mut scope) = match from? {
            Some(from) => {
                check_state_ttl(select, &from.1)?;
                from
            }
            None => (Relation::new(RelationKind::Values { rows: vec![Vec::new()] }, Vec::new()), Scope::default()),
        };
        scope.outer = outer.cloned().map(Box::new);
        if let Some(filter) = &select.filter {
            input = self.filter(input, &scope, filter, "WHERE")?;
        }
        let items = expand_items(select, &scope)?;
        let mut projection = self.project_items(select, input, &scope, items, order_by)?;
        if matches!(select.quantifier, Some(SetQuantifier::Distinct)) {
            if projection.hidden > 0 {
                let span = order_by.first().map_or(select.span, |item| item.expression.span);
                return Err(SqlError::at(span, "with SELECT DISTINCT, ORDER BY takes only columns of the select list"));
            }
            projection.relation = distinct(projection.relation);
        }
        let width = projection.relation.columns.len() - projection.hidden;
        let sorted = sorted(projection.relation, Ordering { order: projection.order, offset, fetch });
        Ok(if projection.hidden > 0 { first_columns(sorted, width) } else { sorted })
    }

    fn project_items(
        &mut self,
        select: &ast::Select,
        input: RelationRef,
        scope: &Scope,
        items: Vec<Item>,
        order_by: &[ast::OrderItem],
    ) -> Result<Projection> {
        let mut grouping = self.grouping(select, scope, &input, item_expressions(&items))?;
        let mut over = OverCalls::new(&select.windows, self.session.batch_mode);
        let mut subqueries = Subqueries::default();
        let of_items = item_expressions(&items);
        let of_order = order_by.iter().map(|item| &item.expression);
        for syntax in of_items.iter().chain(&select.having).chain(&select.qualify).chain(of_order) {
            self.bind_subqueries(syntax, scope, &mut subqueries)?;
        }
        let mut bound = Vec::with_capacity(items.len());
        for item in &items {
            let expression = match &item.syntax {
                ItemSyntax::Expression(syntax) => {
                    self.bind_stage(syntax, scope, &mut grouping, &mut over, &mut subqueries)?
                }
                ItemSyntax::Column(position) => match &mut grouping {
                    Some(grouping) => grouping.column(*position, scope)?,
                    None => Expression::column(*position, scope.columns[*position].data_type.clone()),
                },
            };
            bound.push(expression);
        }
        let mut conditions = Vec::new();
        for (clause, syntax) in [("HAVING", &select.having), ("QUALIFY", &select.qualify)] {
            if let Some(syntax) = syntax {
                let condition = self.bind_stage(syntax, scope, &mut grouping, &mut over, &mut subqueries)?;
                require_boolean(&condition, syntax.span, clause)?;
                conditions.push((clause, condition));
            }
        }
        let names: Vec<String> = items.into_iter().map(|item| item.name).collect();
        let width = bound.len();
        let mut order = Vec::new();
        for item in order_by {
            let position = match known_position(item, &names[..width])? {
                Some(position) => position,
                None => {
                    let expression =
                        self.bind_stage(&item.expression, scope, &mut grouping, &mut over, &mut subqueries)?;
                    bound.iter().position(|known| *known == expression).unwrap_or_else(|| {
                        bound.push(expression);
                        bound.len() - 1
                    })
                }
            };
            order.push(sort_column(position, item));
        }
        let stage = Stage { input, conditions, bound, names };
        let relation = build_stage(stage, grouping, over, subqueries)?;
        let hidden = relation.columns.len() - width;
        Ok(Projection { relation, order, hidden })
    }

    /// Binds one expression of the select list's level.
    fn bind_stage(
        &mut self,
        syntax: &ast::Expression,
        scope: &Scope,
        grouping: &mut Option<Grouping>,
        over: &mut OverCalls,
        subqueries: &mut Subqueries,
    ) -> Result<Expression> {
        let binder = self.expressions(scope);
        let mut intercept = StageIntercept { grouping, over, subqueries };
        binder.bind(syntax, &mut intercept)
    }
}

/// What a select list gave: its columns, then `hidden` ones that only the order needs.
struct Projection {
    relation: RelationRef,
    order: Vec<flott_job::spec::SortColumn>,
    hidden: usize,
}

struct Stage {
    input: RelationRef,
    conditions: Vec<(&'static str, Expression)>,
    bound: Vec<Expression>,
    names: Vec<String>,
}

/// Relations for aggregation, HAVING, OVER, QUALIFY and the select list, in this order.
fn build_stage(
    stage: Stage,
    grouping: Option<Grouping>,
    over: OverCalls,
    subqueries: Subqueries,
) -> Result<RelationRef> {
    let Stage { input, mut conditions, mut bound, names } = stage;
    let mut relation = input;
    let (mut over, mut subqueries) = (over, subqueries);
    if let Some(grouping) = grouping {
        subqueries.refuse_correlated()?;
        let aggregated = grouping.build(relation)?;
        relation = aggregated.relation.clone();
        let replace = |expression: Expression| aggregated.replace(expression);
        bound = bound.into_iter().map(replace).collect();
        conditions = conditions.into_iter().map(|(clause, condition)| (clause, replace(condition))).collect();
        over.map_expressions(&replace);
        subqueries.map_expressions(&replace);
    }
    if !subqueries.is_empty() {
        let (lifted, replace) = subqueries.build(relation)?;
        relation = lifted;
        bound = bound.into_iter().map(&replace).collect();
        conditions = conditions.into_iter().map(|(clause, condition)| (clause, replace(condition))).collect();
        over.map_expressions(&replace);
    }
    for (_, condition) in conditions.iter().filter(|(clause, _)| *clause == "HAVING") {
        relation = filtered(relation, condition.clone());
    }
    if !over.is_empty() {
        let (with_over, replace) = over.build(relation)?;
        relation = with_over;
        bound = bound.into_iter().map(&replace).collect();
        conditions = conditions.into_iter().map(|(clause, condition)| (clause, replace(condition))).collect();
    }
    for (_, condition) in conditions.into_iter().filter(|(clause, _)| *clause == "QUALIFY") {
        relation = filtered(relation, condition);
    }
    Ok(projected(relation, bound, names))
}

/// A relation with a filter on it.
pub(crate) fn filtered(input: RelationRef, condition: Expression) -> RelationRef {
    let columns = input.columns.clone();
    Relation::new(RelationKind::Filter { input, condition }, columns)
}

/// A projection; expressions beyond the names get names of their own. Bare columns keep their time attributes.
pub(crate) fn projected(input: RelationRef, expressions: Vec<Expression>, names: Vec<String>) -> RelationRef {
    let scope = Scope::of_table(None, input.columns.clone());
    let mut names = names.into_iter();
    let column = |(position, expression): (usize, &Expression)| {
        let name = names.next().unwrap_or_else(|| format!("$f{position}"));
        Column::new(name, expression.data_type().clone()).with_time(scope.time_of(expression))
    };
    let columns: Vec<Column> = expressions.iter().enumerate().map(column).collect();
    if expressions == input.identity() && columns == input.columns {
        return input;
    }
    Relation::new(RelationKind::Project { input, expressions }, columns)
}

fn first_columns(input: RelationRef, width: usize) -> RelationRef {
    let expressions = input.identity().into_iter().take(width).collect();
    let names = input.columns.iter().take(width).map(|column| column.name.clone()).collect();
    projected(input, expressions, names)
}

/// Puts placeholders for group keys, aggregates and OVER calls.
struct StageIntercept<'a> {
    grouping: &'a mut Option<Grouping>,
    over: &'a mut OverCalls,
    subqueries: &'a mut Subqueries,
}

impl crate::bind::Intercept for StageIntercept<'_> {
    fn intercept(&mut self, syntax: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
        if let ast::ExpressionKind::Function(call) = &syntax.kind
            && let Some(window) = &call.over
        {
            let mut inner = GroupingIntercept { grouping: self.grouping };
            return self.over.collect(call, window, syntax.span, binder, &mut inner).map(Some);
        }
        let mut operands = GroupingIntercept { grouping: self.grouping };
        if let Some(value) = self.subqueries.intercept(syntax, binder, &mut operands)? {
            return Ok(Some(value));
        }
        operands.intercept(syntax, binder)
    }
}

/// Position of the column that a number or a name in ORDER BY means.
fn known_position(item: &ast::OrderItem, names: &[String]) -> Result<Option<usize>> {
    if let Some(position) = ordinal(&item.expression, names.len())? {
        return Ok(Some(position));
    }
    let ast::ExpressionKind::Name(name) = &item.expression.kind else { return Ok(None) };
    let [only] = name.parts.as_slice() else { return Ok(None) };
    Ok(names.iter().position(|candidate| *candidate == only.value))
}

/// Puts placeholders for group keys and aggregates.
struct GroupingIntercept<'a> {
    grouping: &'a mut Option<Grouping>,
}

impl crate::bind::Intercept for GroupingIntercept<'_> {
    fn intercept(&mut self, syntax: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
        refuse_subquery(syntax)?;
        match self.grouping {
            Some(grouping) => grouping.intercept(syntax, binder),
            None => Ok(None),
        }
    }
}

fn item_expressions(items: &[Item]) -> Vec<ast::Expression> {
    let expression = |item: &Item| match &item.syntax {
        ItemSyntax::Expression(syntax) => Some(syntax.clone()),
        ItemSyntax::Column(_) => None,
    };
    items.iter().filter_map(expression).collect()
}

fn expand_items(select: &ast::Select, scope: &Scope) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for item in &select.items {
        match item {
            SelectItem::Wildcard { qualifier, span } => {
                for position in wildcard(qualifier.as_ref(), *span, scope)? {
                    let name = scope.columns[position].name.clone();
                    items.push(Item { syntax: ItemSyntax::Column(position), name });
                }
            }
            SelectItem::Expression { expression, alias } => {
                let position = items.len();
                let name = alias
                    .as_ref()
                    .map(|alias| alias.value.clone())
                    .or_else(|| super::expression::output_name(expression))
                    .unwrap_or_else(|| format!("EXPR${position}"));
                items.push(Item { syntax: ItemSyntax::Expression(expression.clone()), name });
            }
        }
    }
    Ok(items)
}

fn wildcard(qualifier: Option<&ast::ObjectName>, span: flott_syntax::Span, scope: &Scope) -> Result<Vec<usize>> {
    let Some(qualifier) = qualifier else {
        if scope.tables.is_empty() {
            return Err(SqlError::at(span, "SELECT * requires a FROM clause"));
        }
        return Ok((0..scope.columns.len()).filter(|position| !scope.hidden.contains(position)).collect());
    };
    let last = qualifier.last().map_or("", |part| part.value.as_str());
    let table = scope.tables.iter().find(|table| table.alias.as_deref() == Some(last));
    match table {
        Some(table) => Ok((table.start..table.start + table.len).collect()),
        None => Err(SqlError::at(qualifier.span, format!("Unknown identifier '{last}'"))),
    }
}

/// Each table that a hint STATE_TTL names is one of FROM.
fn check_state_ttl(select: &ast::Select, scope: &Scope) -> Result<()> {
    for hint in select.hints.iter().filter(|hint| hint.name.value.eq_ignore_ascii_case("STATE_TTL")) {
        for argument in &hint.arguments {
            let ast::HintArgument::Option { key, .. } = argument else { continue };
            if scope.tables.iter().all(|table| table.alias.as_deref() != Some(key)) {
                let message = format!(
                    "The options of following hints cannot match the name of input tables or views: \n`{key}` in `STATE_TTL`"
                );
                return Err(SqlError::at(hint.span, message));
            }
        }
    }
    Ok(())
}

fn refuse_hints(select: &ast::Select) -> Result<()> {
    // Hints that only choose among equal plans of batch mode change no result; flott has one plan.
    const HARMLESS: [&str; 7] =
        ["LOOKUP", "STATE_TTL", "BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"];
    for hint in &select.hints {
        if !HARMLESS.iter().any(|name| hint.name.value.eq_ignore_ascii_case(name)) {
            return Err(SqlError::not_supported(hint.span, format!("query hint {}", hint.name.value)));
        }
    }
    Ok(())
}
