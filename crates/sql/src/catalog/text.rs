//! The texts of SHOW CREATE and DESCRIBE, in the form that Calcite gives syntax and Flink gives tables.

pub(crate) mod clause;
pub(crate) mod data_type;
pub(crate) mod expression;
pub(crate) mod query;

use std::collections::BTreeMap;
use std::fmt::Write;

use flott_syntax::ast::{self, DistributionKind};

use super::store::{quote, quoted};
use super::{CatalogEntry, CatalogModel, ObjectPath, ResolvedTable, TableColumn, TableColumnKind, View};

pub(crate) use data_type::column_type_text;
pub(crate) use expression::expression_text;

/// A text as a SQL literal.
pub(crate) fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `SHOW CREATE TABLE`
pub fn create_table_text(table: &ResolvedTable) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(|column| format!("  {}", column_text(column))).collect();
    if let Some((column, expression)) = &table.watermark {
        lines.push(format!("  WATERMARK FOR {} AS {}", quote(column), expression_text(expression)));
    }
    if let Some(name) = &table.primary_key_name {
        let columns = quoted_list(&table.primary_key);
        lines.push(format!("  CONSTRAINT {} PRIMARY KEY ({columns}) NOT ENFORCED", quote(name)));
    }
    let temporary = if table.temporary { "TEMPORARY " } else { "" };
    let mut text = format!("CREATE {temporary}TABLE {} (\n{}\n)\n", quoted(&table.path), lines.join(",\n"));
    push_comment(&mut text, table.comment.as_deref());
    if let Some(distribution) = &table.distribution {
        text.push_str(distribution);
        text.push('\n');
    }
    if !table.partition_keys.is_empty() {
        let _infallible = writeln!(text, "PARTITIONED BY ({})", quoted_list(&table.partition_keys));
    }
    push_options(&mut text, &table.options);
    text
}

/// `SHOW CREATE VIEW`
pub fn create_view_text(view: &View) -> String {
    let temporary = if view.temporary { "TEMPORARY " } else { "" };
    let columns: Vec<String> = view.columns.iter().map(|column| format!("  {}", quote(column))).collect();
    let mut text = format!("CREATE {temporary}VIEW {} (\n{}\n)\n", quoted(&view.path), columns.join(",\n"));
    push_comment(&mut text, view.comment.as_deref());
    let _infallible = writeln!(text, "AS {}", view.text);
    text
}

/// `SHOW CREATE CATALOG`; the built-in catalog has no such text.
pub fn create_catalog_text(name: &str, entry: &CatalogEntry) -> Option<String> {
    let options = entry.options.as_ref()?;
    let mut text = format!("CREATE CATALOG {}\n", quote(name));
    push_comment(&mut text, entry.comment.as_deref());
    push_options(&mut text, options);
    Some(text)
}

/// `SHOW CREATE MODEL`
pub fn create_model_text(path: &ObjectPath, model: &CatalogModel) -> String {
    let temporary = if model.temporary { "TEMPORARY " } else { "" };
    let mut text = format!("CREATE {temporary}MODEL {}\n", quoted(path));
    for (word, columns) in [("INPUT", &model.input), ("OUTPUT", &model.output)] {
        if !columns.is_empty() {
            let columns: Vec<String> = columns
                .iter()
                .map(|(name, data_type)| format!("{} {}", quote(name), column_type_text(data_type)))
                .collect();
            let _infallible = writeln!(text, "{word} ({})", columns.join(", "));
        }
    }
    push_comment(&mut text, model.comment.as_deref());
    push_options(&mut text, &model.options);
    text
}

/// `DISTRIBUTED BY HASH(a) INTO 4 BUCKETS`
pub fn distribution_text(distribution: &ast::Distribution) -> String {
    let mut text = String::from("DISTRIBUTED");
    if !distribution.columns.is_empty() {
        let kind = match distribution.kind {
            Some(DistributionKind::Hash) => "HASH",
            Some(DistributionKind::Range) => "RANGE",
            None => "",
        };
        let columns: Vec<String> = distribution.columns.iter().map(|column| quote(&column.value)).collect();
        let _infallible = write!(text, " BY {kind}({})", columns.join(", "));
    }
    if let Some(count) = &distribution.bucket_count {
        let _infallible = write!(text, " INTO {count} BUCKETS");
    }
    text
}

fn column_text(column: &TableColumn) -> String {
    let mut text = quote(&column.name);
    match &column.kind {
        TableColumnKind::Computed(expression) => {
            let _infallible = write!(text, " AS {}", expression_text(expression));
        }
        _ => {
            let _infallible = write!(text, " {}", column_type_text(&column.data_type));
        }
    }
    if let Some(extras) = metadata_text(&column.kind) {
        let _infallible = write!(text, " {extras}");
    }
    if let Some(comment) = column.comment.as_ref().filter(|comment| !comment.is_empty()) {
        let _infallible = write!(text, " COMMENT {}", text_literal(comment));
    }
    text
}

/// `METADATA FROM 'key' VIRTUAL` of a metadata column.
pub(crate) fn metadata_text(kind: &TableColumnKind) -> Option<String> {
    let TableColumnKind::Metadata { key, is_virtual } = kind else { return None };
    let from = key.as_ref().map_or_else(String::new, |key| format!(" FROM {}", text_literal(key)));
    let is_virtual = if *is_virtual { " VIRTUAL" } else { "" };
    Some(format!("METADATA{from}{is_virtual}"))
}

fn quoted_list(names: &[String]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

fn push_comment(text: &mut String, comment: Option<&str>) {
    if let Some(comment) = comment.filter(|comment| !comment.is_empty()) {
        let _infallible = writeln!(text, "COMMENT {}", text_literal(comment));
    }
}

fn push_options(text: &mut String, options: &BTreeMap<String, String>) {
    if options.is_empty() {
        return;
    }
    let option = |(key, value): (&String, &String)| format!("  {} = {}", text_literal(key), text_literal(value));
    let options: Vec<String> = options.iter().map(option).collect();
    let _infallible = write!(text, "WITH (\n{}\n)\n", options.join(",\n"));
}
