//! FROM: tables with computed columns and watermarks, views, sub-queries, joins, UNNEST.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_expression::Expression;
use flott_job::spec::JoinKind;
use flott_record::{DataType, Field, TypeKind};
use flott_syntax::Span;
use flott_syntax::ast::{self, TableReferenceKind};

use crate::bind::decorrelate::{decorrelated, over_join};
use crate::bind::expression::NoIntercept;
use crate::bind::query::{QueryBinder, always_true, rename};
use crate::bind::scope::{OUTER_COLUMN, Scope};
use crate::catalog::{CatalogObject, ResolvedTable, TableColumnKind};
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef, TimeAttribute};

/// A relation of FROM with the names it brings.
pub(crate) type FromItem = (RelationRef, Scope);

impl QueryBinder<'_> {
    /// The relation of a table reference; `left` is what LATERAL can see.
    pub(crate) fn table_reference(
        &mut self,
        reference: &ast::TableReference,
        left: Option<&FromItem>,
        outer: Option<&Scope>,
    ) -> Result<FromItem> {
        if reference.sample.is_some() {
            return Err(SqlError::not_supported(reference.span, "TABLESAMPLE"));
        }
        let alias = reference.alias.as_ref();
        let (relation, name) = match &reference.kind {
            TableReferenceKind::Table { as_of: Some(_), .. } => {
                return Err(SqlError::not_supported(reference.span, "FOR SYSTEM_TIME AS OF outside of a join"));
            }
            TableReferenceKind::Table { name, hints, .. } => self.named_table(name, hints, reference.span)?,
            TableReferenceKind::Subquery { query, lateral } => {
                let visible = if *lateral { left.map(|item| &item.1) } else { outer };
                let relation = self.query(query, visible)?;
                if *lateral && has_outer_column(&relation) {
                    return Err(SqlError::not_supported(reference.span, "correlated LATERAL sub-query"));
                }
                (relation, None)
            }
            TableReferenceKind::Function { call, .. } => (self.table_function(call)?, None),
            TableReferenceKind::Join(join) => return self.join(join, left, outer),
            TableReferenceKind::Unnest { .. } => {
                let one_row = Relation::new(RelationKind::Values { rows: vec![Vec::new()] }, Vec::new());
                let none = (one_row, Scope::default());
                return self.unnest(left.unwrap_or(&none), reference, false);
            }
            TableReferenceKind::MatchRecognize(recognize) => (self.match_recognize(recognize, left, outer)?, None),
            TableReferenceKind::Pivot(_) => return Err(SqlError::not_supported(reference.span, "PIVOT")),
            TableReferenceKind::Unpivot(_) => return Err(SqlError::not_supported(reference.span, "UNPIVOT")),
        };
        let columns = alias.map_or(&[][..], |alias| &alias.columns);
        let relation = rename(relation, columns, reference.span)?;
        let name = alias.map(|alias| alias.name.value.clone()).or(name);
        let relation = self.with_state_ttl(relation, name.as_deref())?;
        let mut scope = Scope::of_table(name, relation.columns.clone());
        scope.outer = outer.cloned().map(Box::new);
        Ok((relation, scope))
    }

    /// A common table, table or view of a name, and the alias it has if none is written.
    pub(crate) fn named_table(
        &mut self,
        name: &ast::ObjectName,
        hints: &[ast::Hint],
        span: Span,
    ) -> Result<(RelationRef, Option<String>)> {
        let alias = name.last().map(|part| part.value.clone());
        if let [only] = name.parts.as_slice()
            && let Some(table) = self.common.iter().rev().find(|table| table.name == only.value)
        {
            return Ok((table.relation.clone(), alias));
        }
        let relation = match self.objects.lookup(name)? {
            CatalogObject::Table(table) => self.table(&with_hints(&table, hints)?, span)?,
            CatalogObject::View(view) => {
                if let Some(hint) = hints.iter().find(|hint| hint.name.value.eq_ignore_ascii_case("OPTIONS")) {
                    let path = crate::catalog::store::quoted(&view.path);
                    let message = format!(
                        "View '{path}' cannot be enriched with new options. Hints can only be applied to tables."
                    );
                    return Err(SqlError::at(hint.span, message));
                }
                // A view sees the catalog, not the common tables of the query that uses it.
                let common = std::mem::take(&mut self.common);
                let bound = self.query(&view.query, None).map_err(|error| SqlError {
                    message: format!("in view {}: {}", view.path.join("."), error.message),
                    span: Some(span),
                });
                self.common = common;
                let names: Vec<ast::Identifier> = view.columns.iter().map(ast::Identifier::new).collect();
                rename(bound?, &names, span)?
            }
        };
        Ok((relation, alias))
    }

    /// A table: what the connector gives, computed columns in declared order, watermarks.
    fn table(&mut self, table: &Arc<ResolvedTable>, span: Span) -> Result<RelationRef> {
        let spec = table.spec(&BTreeMap::new());
        let metadata = spec.metadata.iter().map(|column| column.field.clone());
        let fields: Vec<Field> = spec.schema.fields.iter().cloned().chain(metadata).collect();
        let columns: Vec<Column> =
            fields.iter().map(|field| Column::new(&field.name, field.data_type.clone())).collect();
        let projection = (0..columns.len()).collect();
        let capabilities = self
            .registry
            .get(spec.options.get("connector").map_or("", String::as_str))
            .and_then(|connector| connector.capabilities(&spec))
            .map_err(|error| {
                SqlError::at(span, format!("Unable to create a source for reading table '{}': {error}", spec.name))
            })?;
        let Some(mode) = capabilities.source else {
            return Err(SqlError::at(
                span,
                format!("table '{}' can only be written: its connector is no source", spec.name),
            ));
        };
        let mut relation = Relation::new(RelationKind::Scan { table: table.clone(), projection }, columns);
        let repeats = self.cdc_events_duplicate && mode.update_after && !spec.primary_key.is_empty();
        if repeats || (mode.update_after && !mode.update_before) {
            if spec.primary_key.is_empty() {
                let message = format!(
                    "Table '{}' produces a changelog stream contains UPDATE_AFTER but no UPDATE_BEFORE, this requires defining primary key on the table.",
                    spec.name
                );
                return Err(SqlError::at(span, message));
            }
            let columns = relation.columns.clone();
            relation =
                Relation::new(RelationKind::Normalize { input: relation, keys: spec.primary_key.clone() }, columns);
        }
        let relation = self.computed_columns(table, relation)?;
        self.watermark(table, relation)
    }

    fn computed_columns(&mut self, table: &ResolvedTable, input: RelationRef) -> Result<RelationRef> {
        let scope = Scope::of_table(None, input.columns.clone());
        let mut expressions = Vec::with_capacity(table.columns.len());
        let mut columns = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let expression = match &column.kind {
                TableColumnKind::Computed(syntax) => self.expressions(&scope).bind(syntax, &mut NoIntercept)?,
                _ => {
                    let name = ast::ObjectName::simple(ast::Identifier::new(&column.name));
                    scope.resolve(&name)?
                }
            };
            let time = scope.time_of(&expression);
            columns.push(Column::new(&column.name, expression.data_type().clone()).with_time(time));
            expressions.push(expression);
        }
        if expressions == input.identity() {
            return Ok(input);
        }
        Ok(Relation::new(RelationKind::Project { input, expressions }, columns))
    }

    fn watermark(&mut self, table: &Arc<ResolvedTable>, input: RelationRef) -> Result<RelationRef> {
        let Some((name, syntax)) = &table.watermark else { return Ok(input) };
        let Some(rowtime) = input.columns.iter().position(|column| column.name == *name) else {
            return Err(SqlError::at(
                syntax.span,
                format!("WATERMARK FOR '{name}': nested columns are not supported: {name}"),
            ));
        };
        let scope = Scope::of_table(None, input.columns.clone());
        let expression = self.expressions(&scope).bind(syntax, &mut NoIntercept)?;
        let mut columns = input.columns.clone();
        columns[rowtime].time = Some(TimeAttribute::Rowtime);
        if self.session.batch_mode {
            return Ok(Arc::new(Relation { kind: input.kind.clone(), columns }));
        }
        let kind = RelationKind::Watermark { input, rowtime, expression, table: table.clone() };
        Ok(Relation::new(kind, columns))
    }

    fn join(&mut self, join: &ast::Join, lateral: Option<&FromItem>, outer: Option<&Scope>) -> Result<FromItem> {
        let left = self.table_reference(&join.left, lateral, outer)?;
        let kind = match join.kind {
            ast::JoinKind::Comma | ast::JoinKind::Cross | ast::JoinKind::Inner => JoinKind::Inner,
            ast::JoinKind::Left => JoinKind::Left,
            ast::JoinKind::Right => JoinKind::Right,
            ast::JoinKind::Full => JoinKind::Full,
        };
        if matches!(join.right.kind, TableReferenceKind::Unnest { .. }) {
            if !matches!(kind, JoinKind::Inner | JoinKind::Left) {
                return Err(SqlError::not_supported(join.right.span, "RIGHT or FULL JOIN with UNNEST"));
            }
            let item = self.unnest(&left, &join.right, kind == JoinKind::Left)?;
            return self.filter_lateral(item, &join.condition);
        }
        if let TableReferenceKind::Subquery { query, lateral: true } = &join.right.kind {
            let relation = self.query(query, Some(&left.1))?;
            if has_outer_column(&relation) {
                let item = lateral_join(left, &relation, kind, &join.right)?;
                return self.filter_lateral(item, &join.condition);
            }
        }
        if let TableReferenceKind::Table { as_of: Some(as_of), .. } = &join.right.kind {
            return self.join_as_of(left, join, kind, as_of, outer);
        }
        let right = self.table_reference(&join.right, Some(&left), outer)?;
        self.join_of(left, right, kind, join)
    }

    pub(crate) fn join_of(
        &mut self,
        left: FromItem,
        right: FromItem,
        kind: JoinKind,
        join: &ast::Join,
    ) -> Result<FromItem> {
        let (left_relation, left_scope) = left;
        let (right_relation, right_scope) = right;
        let width = left_relation.columns.len();
        let outer = left_scope.outer.clone();
        let names = shared_names(join, &left_scope, &right_scope);
        let mut scope = left_scope.join(right_scope);
        scope.outer = outer;
        let condition = match (&join.condition, names) {
            (_, Some(names)) => equal_columns(&mut scope, width, &names)?,
            (ast::JoinCondition::On(condition), None) => {
                let bound = self.expressions(&scope).bind(condition, &mut NoIntercept)?;
                require_boolean(&bound, condition.span, "ON")?;
                bound
            }
            (_, None) => always_true(),
        };
        let columns = join_columns(&left_relation.columns, &right_relation.columns, kind);
        for (position, column) in columns.iter().enumerate() {
            scope.columns[position] = column.clone();
        }
        let kind = RelationKind::Join { left: left_relation, right: right_relation, kind, condition };
        Ok((Relation::new(kind, columns), scope))
    }

    fn filter_lateral(&mut self, item: FromItem, condition: &ast::JoinCondition) -> Result<FromItem> {
        let ast::JoinCondition::On(condition) = condition else { return Ok(item) };
        let bound = self.expressions(&item.1).bind(condition, &mut NoIntercept)?;
        if bound == always_true() {
            return Ok(item);
        }
        let columns = item.0.columns.clone();
        Ok((Relation::new(RelationKind::Filter { input: item.0, condition: bound }, columns), item.1))
    }

    fn unnest(&mut self, left: &FromItem, reference: &ast::TableReference, outer: bool) -> Result<FromItem> {
        let TableReferenceKind::Unnest { collections, with_ordinality, .. } = &reference.kind else {
            return Err(SqlError::not_supported(reference.span, "this table"));
        };
        let [collection] = collections.as_slice() else {
            return Err(SqlError::not_supported(reference.span, "UNNEST of several collections"));
        };
        let bound = self.expressions(&left.1).bind(collection, &mut NoIntercept)?;
        let (mut added, flatten) = unnest_columns(&bound, collection.span)?;
        if *with_ordinality {
            added.push(Column::new("ORDINALITY", TypeKind::Int.not_null()));
        }
        if outer {
            added.iter_mut().for_each(|column| column.data_type.nullable = true);
        }
        if let Some(alias) = &reference.alias {
            for (column, name) in added.iter_mut().zip(&alias.columns) {
                column.name.clone_from(&name.value);
            }
        }
        let name = reference.alias.as_ref().map(|alias| alias.name.value.clone());
        let columns: Vec<Column> = left.0.columns.iter().chain(&added).cloned().collect();
        let kind = RelationKind::Unnest {
            input: left.0.clone(),
            collection: bound,
            flatten,
            ordinality: *with_ordinality,
            outer,
        };
        let outer_scope = left.1.outer.clone();
        let mut scope = left.1.clone().join(Scope::of_table(name, added));
        scope.outer = outer_scope;
        Ok((Relation::new(kind, columns), scope))
    }
}

/// The join with a sub-query that refers to columns of the left side.
fn lateral_join(
    left: FromItem,
    query: &RelationRef,
    kind: JoinKind,
    reference: &ast::TableReference,
) -> Result<FromItem> {
    if !matches!(kind, JoinKind::Inner | JoinKind::Left) {
        return Err(SqlError::not_supported(reference.span, "RIGHT or FULL JOIN with a correlated LATERAL sub-query"));
    }
    let (left, scope) = left;
    let width = left.columns.len();
    let correlated = decorrelated(query, &left, reference.span)?;
    let has_outer = correlated.outputs.iter().any(mentions_outer);
    if kind == JoinKind::Left && has_outer && !correlated.always_one_row {
        let what = "LEFT JOIN with a LATERAL sub-query whose columns depend on the left side";
        return Err(SqlError::not_supported(reference.span, what));
    }
    // An aggregation without keys has a row for each left row.
    let kind = if correlated.always_one_row { JoinKind::Left } else { kind };
    let outputs: Vec<Expression> = (0..query.columns.len()).map(|column| correlated.output(column, width)).collect();
    let on = correlated.conditions.into_iter().map(|part| over_join(part, width)).collect();
    let condition = Expression::conjunction(on).unwrap_or_else(always_true);
    let columns = join_columns(&left.columns, &correlated.relation.columns, kind);
    let join = RelationKind::Join { left: left.clone(), right: correlated.relation, kind, condition };
    let joined = Relation::new(join, columns);
    let padded = kind == JoinKind::Left;
    let output = |output: Expression| match output {
        Expression::Column { index, data_type } if padded => Expression::column(index, data_type.with_nullable(true)),
        other => other,
    };
    let mut expressions: Vec<Expression> = joined.identity().into_iter().take(width).collect();
    expressions.extend(outputs.into_iter().map(output));
    let alias = reference.alias.as_ref();
    let given = alias.map_or(&[][..], |alias| &alias.columns);
    let name = |(position, column): (usize, &Column)| {
        given.get(position).map_or_else(|| column.name.clone(), |name| name.value.clone())
    };
    let names = left.columns.iter().map(|column| column.name.clone());
    let names = names.chain(query.columns.iter().enumerate().map(name)).collect();
    let relation = crate::bind::select::projected(joined, expressions, names);
    let outer = scope.outer.clone();
    let added = relation.columns[width..].to_vec();
    let mut scope = scope.join(Scope::of_table(alias.map(|alias| alias.name.value.clone()), added));
    scope.outer = outer;
    Ok((relation, scope))
}

/// Columns that UNNEST of a collection adds, and whether a ROW element becomes one column a field.
fn unnest_columns(collection: &Expression, span: Span) -> Result<(Vec<Column>, bool)> {
    let of_element = |element: &DataType| match &element.kind {
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            let column = |field: &Field| {
                let nullable = element.nullable || field.data_type.nullable;
                Column::new(&field.name, field.data_type.clone().with_nullable(nullable))
            };
            (fields.iter().map(column).collect(), true)
        }
        _ => (vec![Column::new("EXPR$0", element.clone())], false),
    };
    match &collection.data_type().kind {
        TypeKind::Array(element) | TypeKind::Multiset(element) => Ok(of_element(element)),
        TypeKind::Map(key, value) => {
            let columns = vec![Column::new("KEY", (**key).clone()), Column::new("VALUE", (**value).clone())];
            Ok((columns, false))
        }
        _ => {
            let message = format!("UNNEST takes an array, map or multiset, not {}", collection.data_type());
            Err(SqlError::at(span, message))
        }
    }
}

/// A copy of the table with `OPTIONS('k' = 'v')` hints merged in.
fn with_hints(table: &Arc<ResolvedTable>, hints: &[ast::Hint]) -> Result<Arc<ResolvedTable>> {
    let mut changed = None;
    for hint in hints {
        if !hint.name.value.eq_ignore_ascii_case("OPTIONS") {
            return Err(SqlError::not_supported(hint.span, format!("table hint {}", hint.name.value)));
        }
        let target = changed.get_or_insert_with(|| ResolvedTable::clone(table));
        for argument in &hint.arguments {
            let ast::HintArgument::Option { key, value } = argument else {
                return Err(SqlError::at(hint.span, "hint OPTIONS only supports key-value pairs"));
            };
            target.options.insert(key.clone(), value.clone());
        }
    }
    Ok(changed.map_or_else(|| table.clone(), Arc::new))
}

/// The column names on which USING and NATURAL join.
fn shared_names(join: &ast::Join, left: &Scope, right: &Scope) -> Option<Vec<ast::Identifier>> {
    if let ast::JoinCondition::Using(names) = &join.condition {
        return Some(names.clone());
    }
    join.natural.then(|| {
        let of_right = right.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
        let shared = left.columns.iter().filter(|column| of_right.contains(&column.name.as_str()));
        shared.map(|column| ast::Identifier::new(&column.name)).collect()
    })
}

/// Equality of the columns of these names on both sides; the right ones are hidden.
fn equal_columns(scope: &mut Scope, width: usize, names: &[ast::Identifier]) -> Result<Expression> {
    let mut parts = Vec::new();
    for name in names {
        let find = |range: std::ops::Range<usize>| {
            range
                .clone()
                .find(|position| scope.columns[*position].name == name.value && !scope.hidden.contains(position))
        };
        let (left, right) = (find(0..width), find(width..scope.columns.len()));
        let (Some(left), Some(right)) = (left, right) else {
            return Err(SqlError::at(name.span, format!("Column '{}' not found in both inputs", name.value)));
        };
        let a = Expression::column(left, scope.columns[left].data_type.clone());
        let b = Expression::column(right, scope.columns[right].data_type.clone());
        parts.push(super::expression::equality(a, b).map_err(|error| error.or_at(name.span))?);
        scope.hidden.push(right);
    }
    Ok(Expression::conjunction(parts).unwrap_or_else(always_true))
}

/// Output columns of a join: the padded side may be NULL.
pub(crate) fn join_columns(left: &[Column], right: &[Column], kind: JoinKind) -> Vec<Column> {
    let pad = |column: &Column, padded: bool| {
        let mut column = column.clone();
        column.data_type.nullable |= padded;
        column
    };
    let left_padded = matches!(kind, JoinKind::Right | JoinKind::Full);
    let right_padded = matches!(kind, JoinKind::Left | JoinKind::Full);
    let mut columns: Vec<Column> = left.iter().map(|column| pad(column, left_padded)).collect();
    if !matches!(kind, JoinKind::Semi | JoinKind::Anti) {
        columns.extend(right.iter().map(|column| pad(column, right_padded)));
    }
    columns
}

/// Refuses a condition that is no BOOLEAN.
pub(crate) fn require_boolean(expression: &Expression, span: Span, clause: &str) -> Result<()> {
    if matches!(expression.data_type().kind, TypeKind::Boolean | TypeKind::Null) {
        return Ok(());
    }
    Err(SqlError::at(span, format!("{clause} clause must be a condition, not {}", expression.data_type())))
}

/// Whether a relation refers to a column of the query around it.
pub(crate) fn has_outer_column(relation: &Relation) -> bool {
    relation_expressions(relation).into_iter().any(mentions_outer)
        || relation.inputs().into_iter().any(|input| has_outer_column(input))
}

/// Whether an expression refers to a column of the query around it.
pub(crate) fn mentions_outer(expression: &Expression) -> bool {
    matches!(expression, Expression::Call { function, .. } if function == OUTER_COLUMN)
        || expression.children().into_iter().any(mentions_outer)
}

/// The expressions of one node.
pub(crate) fn relation_expressions(relation: &Relation) -> Vec<&Expression> {
    match &relation.kind {
        RelationKind::Project { expressions, .. } => expressions.iter().collect(),
        RelationKind::Filter { condition, .. }
        | RelationKind::Join { condition, .. }
        | RelationKind::TemporalJoin { condition, .. }
        | RelationKind::LookupJoin { condition, .. }
        | RelationKind::WindowJoin { condition, .. } => vec![condition],
        RelationKind::Watermark { expression, .. } => vec![expression],
        RelationKind::Expand { projections, .. } => projections.iter().flatten().collect(),
        RelationKind::Unnest { collection, .. } => vec![collection],
        _ => Vec::new(),
    }
}
