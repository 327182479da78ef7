//! Queries in Calcite's form: a line for each clause.

use flott_syntax::ast::{
    self, GroupingElement, Join, JoinCondition, JoinKind, Query, QueryBody, Select, SelectItem, SetOperator,
    SetQuantifier, TableReference, TableReferenceKind,
};

use super::clause::{call_text, list_text, order_text, window_text};
use super::expression::{expression_text, name_text, operand};
use crate::catalog::store::quote;

/// The text of a query.
pub(crate) fn query_text(query: &Query) -> String {
    let mut text = String::new();
    if let Some(with) = &query.with {
        let recursive = if with.recursive { "RECURSIVE " } else { "" };
        let tables: Vec<String> = with.tables.iter().map(common_table_text).collect();
        text.push_str(&format!("WITH {recursive}{} ", tables.join(", ")));
    }
    text.push_str(&body_text(&query.body, 0));
    if !query.order_by.is_empty() {
        text.push_str(&format!("\nORDER BY {}", order_text(&query.order_by)));
    }
    if let Some(offset) = &query.offset {
        text.push_str(&format!("\nOFFSET {} ROWS", expression_text(offset)));
    }
    if let Some(limit) = &query.limit {
        text.push_str(&format!("\nFETCH NEXT {} ROWS ONLY", expression_text(limit)));
    }
    text
}

fn common_table_text(table: &ast::CommonTable) -> String {
    let columns = if table.columns.is_empty() { String::new() } else { format!(" ({})", names_text(&table.columns)) };
    format!("{}{columns} AS ({})", quote(&table.name.value), query_text(&table.query))
}

fn names_text(names: &[ast::Identifier]) -> String {
    names.iter().map(|name| quote(&name.value)).collect::<Vec<_>>().join(", ")
}

/// A query's body, in parentheses if its set operation binds less tightly than `least`.
fn body_text(body: &QueryBody, least: u8) -> String {
    match body {
        QueryBody::Select(select) => select_text(select),
        QueryBody::Values { rows, .. } => {
            let rows: Vec<String> = rows.iter().map(|row| format!("ROW({})", list_text(row))).collect();
            format!("VALUES {}", rows.join(",\n"))
        }
        QueryBody::Table(name) => format!("TABLE {}", name_text(name)),
        QueryBody::Nested(query) => format!("({})", query_text(query)),
        QueryBody::SetOperation(operation) => {
            let (word, binding) = match operation.operator {
                SetOperator::Union => ("UNION", 1),
                SetOperator::Except => ("EXCEPT", 1),
                SetOperator::Intersect => ("INTERSECT", 2),
            };
            let all = if operation.all { " ALL" } else { "" };
            let left = body_text(&operation.left, binding);
            let right = body_text(&operation.right, binding + 1);
            let text = format!("{left}\n{word}{all}\n{right}");
            if binding < least { format!("({text})") } else { text }
        }
    }
}

fn select_text(select: &Select) -> String {
    let mut text = String::from("SELECT ");
    if !select.hints.is_empty() {
        let hints: Vec<String> = select.hints.iter().map(ToString::to_string).collect();
        text.push_str(&format!("/*+ {} */ ", hints.join(", ")));
    }
    match select.quantifier {
        Some(SetQuantifier::Distinct) => text.push_str("DISTINCT "),
        Some(SetQuantifier::All) => text.push_str("ALL "),
        None => {}
    }
    text.push_str(&select.items.iter().map(item_text).collect::<Vec<_>>().join(", "));
    if let Some(from) = &select.from {
        text.push_str(&format!("\nFROM {}", table_text(from)));
    }
    if let Some(filter) = &select.filter {
        text.push_str(&format!("\nWHERE {}", expression_text(filter)));
    }
    if let Some(group) = &select.group_by {
        let elements: Vec<String> = group.elements.iter().map(grouping_text).collect();
        text.push_str(&format!("\nGROUP BY {}", elements.join(", ")));
    }
    if let Some(having) = &select.having {
        text.push_str(&format!("\nHAVING {}", expression_text(having)));
    }
    if !select.windows.is_empty() {
        let window =
            |named: &ast::NamedWindow| format!("{} AS ({})", quote(&named.name.value), window_text(&named.window));
        text.push_str(&format!("\nWINDOW {}", select.windows.iter().map(window).collect::<Vec<_>>().join(", ")));
    }
    if let Some(qualify) = &select.qualify {
        text.push_str(&format!("\nQUALIFY {}", expression_text(qualify)));
    }
    text
}

fn item_text(item: &SelectItem) -> String {
    match item {
        SelectItem::Wildcard { qualifier: None, .. } => "*".to_string(),
        SelectItem::Wildcard { qualifier: Some(qualifier), .. } => format!("{}.*", name_text(qualifier)),
        SelectItem::Expression { expression, alias: None } => expression_text(expression),
        SelectItem::Expression { expression, alias: Some(alias) } => {
            format!("{} AS {}", expression_text(expression), quote(&alias.value))
        }
    }
}

fn grouping_text(element: &GroupingElement) -> String {
    let list = |elements: &[GroupingElement]| elements.iter().map(grouping_text).collect::<Vec<_>>().join(", ");
    match element {
        GroupingElement::Expression(expression) => {
            let text = expression_text(expression);
            let is_window = ["TUMBLE(", "HOP(", "SESSION("].iter().any(|window| text.starts_with(window));
            if is_window { format!("${text}") } else { text }
        }
        GroupingElement::Set(expressions) => match expressions.as_slice() {
            [only] => expression_text(only),
            several => format!("({})", list_text(several)),
        },
        GroupingElement::Rollup(elements) => format!("ROLLUP({})", list(elements)),
        GroupingElement::Cube(elements) => format!("CUBE({})", list(elements)),
        GroupingElement::GroupingSets(elements) => format!("GROUPING SETS({})", list(elements)),
    }
}

/// A table of FROM with its alias.
fn table_text(reference: &TableReference) -> String {
    let mut text = match &reference.kind {
        TableReferenceKind::Table { name, hints, as_of } => {
            let mut text = name_text(name);
            if !hints.is_empty() {
                let hints: Vec<String> = hints.iter().map(ToString::to_string).collect();
                text.push_str(&format!(" /*+ {} */", hints.join(", ")));
            }
            if let Some(as_of) = as_of {
                text.push_str(&format!(" FOR SYSTEM_TIME AS OF {}", operand(as_of, 100)));
            }
            text
        }
        TableReferenceKind::Subquery { query, lateral } => {
            format!("{}({})", if *lateral { "LATERAL " } else { "" }, query_text(query))
        }
        TableReferenceKind::Function { call, lateral, .. } => {
            format!("{}TABLE({})", if *lateral { "LATERAL " } else { "" }, call_text(call))
        }
        TableReferenceKind::Unnest { collections, with_ordinality, .. } => {
            let ordinality = if *with_ordinality { " WITH ORDINALITY" } else { "" };
            format!("UNNEST({}){ordinality}", list_text(collections))
        }
        TableReferenceKind::Join(join) => return join_text(join),
        other => other.to_string(),
    };
    if let Some(alias) = &reference.alias {
        text.push_str(&format!(" AS {}", quote(&alias.name.value)));
        if !alias.columns.is_empty() {
            text.push_str(&format!(" ({})", names_text(&alias.columns)));
        }
    }
    text
}

fn join_text(join: &Join) -> String {
    let (left, right) = (table_text(&join.left), table_text(&join.right));
    let natural = if join.natural { "NATURAL " } else { "" };
    let word = match join.kind {
        JoinKind::Comma => return format!("{left},\n{right}"),
        JoinKind::Cross => "CROSS",
        JoinKind::Inner => "INNER",
        JoinKind::Left => "LEFT",
        JoinKind::Right => "RIGHT",
        JoinKind::Full => "FULL",
    };
    let condition = match &join.condition {
        JoinCondition::On(condition) => format!(" ON {}", expression_text(condition)),
        JoinCondition::Using(columns) => format!(" USING ({})", names_text(columns)),
        _ => String::new(),
    };
    format!("{left}\n{natural}{word} JOIN {right}{condition}")
}
