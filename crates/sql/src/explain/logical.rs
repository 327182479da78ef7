//! The relations as bound, under Calcite's names.

use flott_job::spec::{JoinKind, SortColumn};

use super::Tree;
use super::expression::{Style, function_name, text};
use crate::relation::{Column, Relation, RelationKind};
use crate::statement::job::COLLECT_CONNECTOR;

/// The tree of a statement's relation, with its sink unless that is the client.
pub(super) fn tree(relation: &Relation, sink: &str) -> String {
    let mut tree = node(relation);
    if sink != COLLECT_CONNECTOR {
        let label = format!("LogicalSink(table=[{sink}], fields=[{}])", names(&relation.columns).join(", "));
        tree = Tree { label, children: vec![tree] };
    }
    let mut out = String::new();
    tree.write(&mut out);
    out
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

fn node(relation: &Relation) -> Tree {
    let children = relation.inputs().into_iter().map(|input| node(input)).collect();
    Tree { label: label(relation), children }
}

fn assignments(relation: &Relation, expressions: &[flott_expression::Expression]) -> String {
    let part = |(column, expression): (&Column, &flott_expression::Expression)| {
        format!("{}=[{}]", column.name, text(expression, &Style::Positions))
    };
    relation.columns.iter().zip(expressions).map(part).collect::<Vec<String>>().join(", ")
}

fn positions(columns: &[usize]) -> String {
    columns.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
}

fn label(relation: &Relation) -> String {
    match &relation.kind {
        RelationKind::Scan { table, .. } => format!("LogicalTableScan(table=[[{}]])", table.path.join(", ")),
        RelationKind::Values { rows } => {
            let row = |row: &Vec<flott_record::Value>| {
                format!("{{ {} }}", row.iter().map(ToString::to_string).collect::<Vec<String>>().join(", "))
            };
            format!("LogicalValues(tuples=[[{}]])", rows.iter().map(row).collect::<Vec<String>>().join(", "))
        }
        RelationKind::Watermark { rowtime, expression, .. } => format!(
            "LogicalWatermarkAssigner(rowtime=[{}], watermark=[{}])",
            relation.columns[*rowtime].name,
            text(expression, &Style::Positions)
        ),
        RelationKind::Project { expressions, .. } => {
            format!("LogicalProject({})", assignments(relation, expressions))
        }
        RelationKind::Filter { condition, .. } => {
            format!("LogicalFilter(condition=[{}])", text(condition, &Style::Positions))
        }
        RelationKind::Aggregate { keys, calls, .. } => {
            let call = |call: &flott_expression::AggregateCall| {
                let distinct = if call.distinct { "DISTINCT " } else { "" };
                let arguments: Vec<String> = call.arguments.iter().map(|argument| format!("${argument}")).collect();
                format!(", {}=[{}({distinct}{})]", call.name, function_name(call.function), arguments.join(", "))
            };
            let calls: String = calls.iter().map(call).collect();
            format!("LogicalAggregate(group=[{{{}}}]{calls})", positions(keys))
        }
        RelationKind::Join { kind, condition, .. } => {
            format!("LogicalJoin(condition=[{}], joinType=[{}])", text(condition, &Style::Positions), join_name(*kind))
        }
        RelationKind::Union { .. } => "LogicalUnion(all=[true])".to_string(),
        RelationKind::Sort { order, offset, fetch, .. } => sort_label(order, *offset, *fetch),
        RelationKind::Window { kind, .. } => format!("LogicalTableFunctionScan(invocation=[{kind:?}])"),
        RelationKind::Over { window, calls, .. } => {
            format!("LogicalOver(partition=[{{{}}}], calls=[{}])", positions(&window.partition), calls.len())
        }
        RelationKind::Expand { projections, .. } => format!("LogicalExpand(projects=[{}])", projections.len()),
        RelationKind::Unnest { collection, .. } => {
            format!("LogicalCorrelate(collection=[{}])", text(collection, &Style::Positions))
        }
        RelationKind::Normalize { keys, .. } => format!("LogicalNormalize(key=[{{{}}}])", positions(keys)),
        RelationKind::Hinted { state_ttl_ms, .. } => format!("LogicalHint(STATE_TTL=[{state_ttl_ms} ms])"),
        RelationKind::ToChangelog { .. } => "LogicalTableFunctionScan(invocation=[TO_CHANGELOG()])".to_string(),
        RelationKind::FromChangelog { .. } => "LogicalTableFunctionScan(invocation=[FROM_CHANGELOG()])".to_string(),
        RelationKind::TemporalJoin { kind, condition, .. } => {
            let condition = text(condition, &Style::Positions);
            format!("LogicalTemporalJoin(condition=[{condition}], joinType=[{}])", join_name(*kind))
        }
        RelationKind::LookupJoin { kind, condition, .. } => {
            let condition = text(condition, &Style::Positions);
            format!("LogicalLookupJoin(condition=[{condition}], joinType=[{}])", join_name(*kind))
        }
        RelationKind::Match { spec, .. } => {
            format!("LogicalMatch(partition=[[{}]], allRows=[{}])", positions(&spec.partition), spec.all_rows)
        }
        RelationKind::WindowAggregate { .. } => "LogicalWindowAggregate".to_string(),
        RelationKind::WindowJoin { .. } => "LogicalWindowJoin".to_string(),
        RelationKind::Rank { .. } => "LogicalRank".to_string(),
        RelationKind::Deduplicate { .. } => "LogicalDeduplicate".to_string(),
    }
}

fn sort_label(order: &[SortColumn], offset: u64, fetch: Option<u64>) -> String {
    let mut parts = Vec::new();
    for (position, sort) in order.iter().enumerate() {
        parts.push(format!("sort{position}=[${}]", sort.column));
    }
    for (position, sort) in order.iter().enumerate() {
        let direction = if sort.descending { "DESC-nulls-last" } else { "ASC-nulls-first" };
        parts.push(format!("dir{position}=[{direction}]"));
    }
    if offset > 0 {
        parts.push(format!("offset=[{offset}]"));
    }
    parts.extend(fetch.map(|fetch| format!("fetch=[{fetch}]")));
    format!("LogicalSort({})", parts.join(", "))
}

/// Calcite's name of a join.
pub(super) fn join_name(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner",
        JoinKind::Left => "left",
        JoinKind::Right => "right",
        JoinKind::Full => "full",
        JoinKind::Semi => "semi",
        JoinKind::Anti => "anti",
    }
}
