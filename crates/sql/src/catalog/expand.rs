//! What a view keeps of its query: tables by full path; for SHOW CREATE VIEW also columns by table and `*` written out.
//!
//! The query has been bound before, so names are known to be right; a name that nothing here explains stays as it is.

use std::convert::Infallible;

use flott_syntax::Span;
use flott_syntax::ast::{
    Expression, ExpressionKind, Identifier, Join, JoinCondition, JoinKind, ObjectName, Query, QueryBody, Select,
    SelectItem, TableAlias, TableArgument, TableArgumentSource, TableReference, TableReferenceKind,
};

use super::walk::{Part, argument_query, call_parts, grouping_parts, parts, window_parts};
use super::{Catalog, CatalogObject};
use crate::bind::expression::output_name;

/// Columns that a windowing table function adds.
const WINDOW_COLUMNS: [&str; 3] = ["window_start", "window_end", "window_time"];

/// The query with its tables named by full path.
pub(crate) fn qualified(query: &Query, catalog: &Catalog) -> Query {
    let mut query = query.clone();
    Expander { catalog, common: Vec::new(), full: false, generated: 0 }.query(&mut query, &[]);
    query
}

/// The query with tables and columns qualified and `*` written out.
pub(crate) fn expanded(query: &Query, catalog: &Catalog) -> Query {
    let mut query = query.clone();
    Expander { catalog, common: Vec::new(), full: true, generated: 0 }.query(&mut query, &[]);
    query
}

/// A table of FROM: alias and columns; `shared` ones are hidden from `*`.
#[derive(Clone)]
struct FrameTable {
    alias: String,
    columns: Vec<String>,
    shared: Vec<String>,
}

/// The tables of one FROM.
type Frame = Vec<FrameTable>;

struct Expander<'a> {
    catalog: &'a Catalog,
    /// Common tables in scope, with their columns.
    common: Vec<(String, Vec<String>)>,
    /// Whether columns are qualified, too.
    full: bool,
    /// How many tables were given a name.
    generated: usize,
}

impl Expander<'_> {
    /// Rewrites a query; gives the names of its columns.
    fn query(&mut self, query: &mut Query, outer: &[Frame]) -> Vec<String> {
        let common = self.common.len();
        for table in query.with.iter_mut().flat_map(|with| &mut with.tables) {
            let mut columns = self.query(&mut table.query, outer);
            if !table.columns.is_empty() {
                columns = table.columns.iter().map(|name| name.value.clone()).collect();
            }
            self.common.push((table.name.value.clone(), columns));
        }
        let (names, frames) = self.body(&mut query.body, outer);
        for item in &mut query.order_by {
            if !is_output(&item.expression, &names) {
                self.expression(&mut item.expression, &frames);
            }
        }
        self.common.truncate(common);
        let limited = !query.order_by.is_empty() || query.offset.is_some() || query.limit.is_some();
        if self.full && limited && matches!(query.body, QueryBody::SetOperation(_)) {
            self.wrap(query, &names);
        }
        names
    }

    /// Calcite selects from an ordered set operation, as ORDER BY belongs to a SELECT.
    fn wrap(&mut self, query: &mut Query, names: &[String]) {
        let span = query.span;
        let alias = Identifier { value: format!("EXPR${}", self.generated), span };
        self.generated += 1;
        let item = |name: &String| {
            let parts = vec![alias.clone(), Identifier { value: name.clone(), span }];
            let expression = Expression { kind: ExpressionKind::Name(ObjectName { parts, span }), span };
            SelectItem::Expression { expression, alias: None }
        };
        let items = names.iter().map(item).collect();
        let body = std::mem::replace(&mut query.body, QueryBody::Values { rows: Vec::new(), span });
        let inner = plain_query(body, span);
        let kind = TableReferenceKind::Subquery { query: Box::new(inner), lateral: false };
        let from =
            TableReference { kind, alias: Some(TableAlias { name: alias, columns: Vec::new() }), sample: None, span };
        query.body = QueryBody::Select(Box::new(plain_select(items, from, span)));
    }

    /// Rewrites a query's body; gives its columns' names and what ORDER BY can see.
    fn body(&mut self, body: &mut QueryBody, outer: &[Frame]) -> (Vec<String>, Vec<Frame>) {
        match body {
            QueryBody::Select(select) => self.select(select, outer),
            QueryBody::SetOperation(operation) => {
                let (names, _) = self.body(&mut operation.left, outer);
                self.body(&mut operation.right, outer);
                (names, outer.to_vec())
            }
            QueryBody::Values { rows, .. } => {
                rows.iter_mut().flatten().for_each(|cell| self.expression(cell, outer));
                let width = rows.first().map_or(0, Vec::len);
                ((0..width).map(|position| format!("EXPR${position}")).collect(), outer.to_vec())
            }
            QueryBody::Table(name) => (self.table_name(name), outer.to_vec()),
            QueryBody::Nested(query) => (self.query(query, outer), outer.to_vec()),
        }
    }

    fn select(&mut self, select: &mut Select, outer: &[Frame]) -> (Vec<String>, Vec<Frame>) {
        let mut frames = outer.to_vec();
        let mut frame = Frame::new();
        if let Some(from) = &mut select.from {
            self.table(from, &mut frame, outer);
        }
        frames.push(frame);
        if self.full {
            select.items = std::mem::take(&mut select.items)
                .into_iter()
                .flat_map(|item| written_out(item, frames.last().map_or(&[][..], Vec::as_slice)))
                .collect();
        }
        let mut names = Vec::with_capacity(select.items.len());
        for item in &mut select.items {
            match item {
                SelectItem::Expression { expression, alias } => {
                    let name = alias.as_ref().map(|alias| alias.value.clone()).or_else(|| output_name(expression));
                    names.push(name.unwrap_or_else(|| format!("EXPR${}", names.len())));
                    self.expression(expression, &frames);
                }
                SelectItem::Wildcard { qualifier, .. } => {
                    let wanted = qualifier.as_ref().and_then(ObjectName::last).map(|part| part.value.clone());
                    names.extend(star(frames.last().map_or(&[][..], Vec::as_slice), wanted.as_deref()));
                }
            }
        }
        self.clauses(select, &frames);
        (names, frames)
    }

    fn clauses(&mut self, select: &mut Select, frames: &[Frame]) {
        for condition in [&mut select.filter, &mut select.having, &mut select.qualify].into_iter().flatten() {
            self.expression(condition, frames);
        }
        for element in select.group_by.iter_mut().flat_map(|group| &mut group.elements) {
            let Ok(()) = grouping_parts::<Infallible>(element, &mut |part| self.part(part, frames));
        }
        for named in &mut select.windows {
            let Ok(()) = window_parts::<Infallible>(&mut named.window, &mut |part| self.part(part, frames));
        }
    }

    fn part(&mut self, part: Part<'_>, frames: &[Frame]) -> Result<(), Infallible> {
        match part {
            Part::Expression(expression) => self.expression(expression, frames),
            Part::Query(query) => {
                self.query(query, frames);
            }
            Part::Table(argument) => {
                self.table_argument(argument, frames);
            }
        }
        Ok(())
    }

    fn expression(&mut self, expression: &mut Expression, frames: &[Frame]) {
        if let ExpressionKind::Name(name) = &mut expression.kind {
            if self.full {
                qualify(name, frames);
            }
            return;
        }
        let Ok(()) = parts::<Infallible>(expression, &mut |part| self.part(part, frames));
    }

    /// Rewrites a table's name; gives its columns.
    fn table_name(&mut self, name: &mut ObjectName) -> Vec<String> {
        if let [only] = name.parts.as_slice()
            && let Some((_, columns)) = self.common.iter().rev().find(|(known, _)| *known == only.value)
        {
            return columns.clone();
        }
        let Ok(path) = self.catalog.qualify(name) else { return Vec::new() };
        let columns = match self.catalog.find(&path) {
            Some(CatalogObject::Table(table)) => table.columns.iter().map(|column| column.name.clone()).collect(),
            Some(CatalogObject::View(view)) => view.columns.clone(),
            None => return Vec::new(),
        };
        let span = name.span;
        name.parts = path.into_iter().map(|value| Identifier { value, span }).collect();
        columns
    }

    /// Rewrites a table of FROM and adds it to the frame.
    fn table(&mut self, reference: &mut TableReference, frame: &mut Frame, outer: &[Frame]) {
        let visible = |frame: &Frame| outer.iter().cloned().chain([frame.clone()]).collect::<Vec<Frame>>();
        let mut default_alias = None;
        let mut columns = match &mut reference.kind {
            TableReferenceKind::Table { name, as_of, .. } => {
                default_alias = name.last().map(|part| part.value.clone());
                if let Some(as_of) = as_of {
                    self.expression(as_of, &visible(frame));
                }
                self.table_name(name)
            }
            TableReferenceKind::Subquery { query, lateral: true } => self.query(query, &visible(frame)),
            TableReferenceKind::Subquery { query, .. } => self.query(query, outer),
            TableReferenceKind::Function { call, .. } => {
                let frames = visible(frame);
                let mut columns = Vec::new();
                let Ok(()) = call_parts::<Infallible>(call, &mut |part| {
                    if let Part::Expression(Expression { kind: ExpressionKind::Table(argument), .. }) = part {
                        columns = self.table_argument(argument, &frames);
                        return Ok(());
                    }
                    self.part(part, &frames)
                });
                columns.extend(WINDOW_COLUMNS.map(String::from));
                columns
            }
            TableReferenceKind::Unnest { collections, with_ordinality, .. } => {
                collections.iter_mut().for_each(|collection| self.expression(collection, &visible(frame)));
                let ordinality = with_ordinality.then(|| "ORDINALITY".to_string());
                std::iter::once("EXPR$0".to_string()).chain(ordinality).collect()
            }
            TableReferenceKind::Join(join) => return self.join(join, frame, outer),
            TableReferenceKind::MatchRecognize(_) | TableReferenceKind::Pivot(_) | TableReferenceKind::Unpivot(_) => {
                Vec::new()
            }
        };
        if reference.alias.is_none() && self.full {
            let generated = || format!("EXPR${}", self.generated);
            let value = default_alias.clone().unwrap_or_else(generated);
            self.generated += usize::from(default_alias.is_none());
            let name = Identifier { value, span: reference.span };
            reference.alias = Some(TableAlias { name, columns: Vec::new() });
        }
        if let Some(alias) = &reference.alias {
            if !alias.columns.is_empty() {
                columns = alias.columns.iter().map(|name| name.value.clone()).collect();
            }
            frame.push(FrameTable { alias: alias.name.value.clone(), columns, shared: Vec::new() });
        }
    }

    fn join(&mut self, join: &mut Join, frame: &mut Frame, outer: &[Frame]) {
        self.table(&mut join.left, frame, outer);
        let left: Vec<String> = frame.iter().flat_map(|table| table.columns.clone()).collect();
        let start = frame.len();
        self.table(&mut join.right, frame, outer);
        let shared: Vec<String> = match &join.condition {
            JoinCondition::Using(names) => names.iter().map(|name| name.value.clone()).collect(),
            _ if join.natural && join.kind != JoinKind::Comma => left,
            _ => Vec::new(),
        };
        for table in &mut frame[start..] {
            table.shared = table.columns.iter().filter(|column| shared.contains(column)).cloned().collect();
        }
        if let JoinCondition::On(condition) = &mut join.condition {
            let frames: Vec<Frame> = outer.iter().cloned().chain([frame.clone()]).collect();
            self.expression(condition, &frames);
        }
    }

    /// Rewrites a table argument into a query; gives its columns.
    fn table_argument(&mut self, argument: &mut TableArgument, frames: &[Frame]) -> Vec<String> {
        if let Some(query) = argument_query(argument) {
            return self.query(query, frames);
        }
        let span = argument.span;
        let TableArgumentSource::Name(name) = &mut argument.source else { return Vec::new() };
        if !self.full {
            return self.table_name(name);
        }
        let mut query = select_all(name.clone(), span);
        let columns = self.query(&mut query, frames);
        argument.source = TableArgumentSource::Query(Box::new(query));
        columns
    }
}

/// `SELECT * FROM name`
fn select_all(name: ObjectName, span: Span) -> Query {
    let kind = TableReferenceKind::Table { name, hints: Vec::new(), as_of: None };
    let from = TableReference { kind, alias: None, sample: None, span };
    let items = vec![SelectItem::Wildcard { qualifier: None, span }];
    plain_query(QueryBody::Select(Box::new(plain_select(items, from, span))), span)
}

/// `SELECT items FROM from`
fn plain_select(items: Vec<SelectItem>, from: TableReference, span: Span) -> Select {
    Select {
        hints: Vec::new(),
        quantifier: None,
        items,
        from: Some(from),
        filter: None,
        group_by: None,
        having: None,
        windows: Vec::new(),
        qualify: None,
        span,
    }
}

fn plain_query(body: QueryBody, span: Span) -> Query {
    Query { with: None, body, order_by: Vec::new(), offset: None, limit: None, span }
}

/// Whether an item of ORDER BY names an output column.
fn is_output(expression: &Expression, names: &[String]) -> bool {
    match &expression.kind {
        ExpressionKind::Name(name) => name.parts.len() == 1 && names.contains(&name.parts[0].value),
        _ => false,
    }
}

/// Puts the alias of its table before a column.
fn qualify(name: &mut ObjectName, frames: &[Frame]) {
    let Some(first) = name.parts.first().map(|part| part.value.clone()) else { return };
    let is_alias = |frame: &Frame| frame.iter().any(|table| table.alias == first);
    if name.parts.len() > 1 && frames.iter().any(is_alias) {
        return;
    }
    let owner = frames.iter().rev().find_map(|frame| frame.iter().find(|table| table.columns.contains(&first)));
    if let Some(owner) = owner {
        name.parts.insert(0, Identifier { value: owner.alias.clone(), span: name.span });
    }
}

/// The columns that `*` or `alias.*` stands for.
fn star<'f>(frame: &'f [FrameTable], alias: Option<&'f str>) -> impl Iterator<Item = String> + 'f {
    let tables = frame.iter().filter(move |table| alias.is_none_or(|alias| table.alias == alias));
    tables.flat_map(move |table| {
        table.columns.iter().filter(move |column| alias.is_some() || !table.shared.contains(column)).cloned()
    })
}

/// A wildcard as the columns it stands for; `record.*` of a row column stays.
fn written_out(item: SelectItem, frame: &[FrameTable]) -> Vec<SelectItem> {
    let SelectItem::Wildcard { qualifier, span } = &item else { return vec![item] };
    let wanted = qualifier.as_ref().and_then(ObjectName::last).map(|part| part.value.as_str());
    let tables = frame.iter().filter(|table| wanted.is_none_or(|alias| table.alias == alias));
    let mut items = Vec::new();
    for table in tables {
        let columns = table.columns.iter().filter(|column| wanted.is_some() || !table.shared.contains(column));
        for column in columns {
            let parts = [&table.alias, column].map(|value| Identifier { value: value.clone(), span: *span });
            let name = ObjectName { parts: parts.to_vec(), span: *span };
            let expression = Expression { kind: ExpressionKind::Name(name), span: *span };
            items.push(SelectItem::Expression { expression, alias: None });
        }
    }
    if items.is_empty() { vec![item] } else { items }
}
