//! What Tab offers: tables, views, columns, functions and keywords; after SET the keys of options.

use std::sync::{Arc, Mutex, PoisonError};

use flott_configuration::catalogue;
use flott_sql::catalog::{Catalog, CatalogObject, store::quote};
use flott_syntax::{Fragment, FragmentKind, fragments, split_statements};
use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::words::STATEMENT_WORDS;

/// After these a table or view is named, not a column.
const BEFORE_TABLES: [&str; 9] = ["FROM", "JOIN", "INTO", "TABLE", "VIEW", "DESCRIBE", "DESC", "OVERWRITE", "EXISTS"];

/// A table or view, and its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Relation {
    name: String,
    columns: Vec<String>,
}

/// The names of the session, as they were after the last statement. Clones share them.
#[derive(Clone, Default)]
pub struct SessionNames {
    relations: Arc<Mutex<Vec<Relation>>>,
}

impl SessionNames {
    /// Takes over the tables and views of the current database.
    pub fn refresh(&self, catalog: &Catalog) {
        let (current, database) = (catalog.current_catalog(), catalog.current_database());
        let names = catalog.object_names(current, database, false);
        let relations = names.into_iter().filter_map(|name| {
            let object = catalog.find(&[current.to_string(), database.to_string(), name.clone()])?;
            let columns = match object {
                CatalogObject::Table(table) => table.columns.iter().map(|column| column.name.clone()).collect(),
                CatalogObject::View(view) => view.columns.clone(),
            };
            Some(Relation { name, columns })
        });
        let relations = relations.collect();
        *self.relations.lock().unwrap_or_else(PoisonError::into_inner) = relations;
    }

    fn relations(&self) -> Vec<Relation> {
        self.relations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Completes the word before the cursor.
pub struct SqlCompleter {
    names: SessionNames,
}

impl SqlCompleter {
    /// A completer that knows these names.
    pub fn new(names: SessionNames) -> Self {
        SqlCompleter { names }
    }

    /// Where the completed word begins, and what could stand there.
    fn candidates(&self, text: &str) -> (usize, Vec<String>) {
        let statement = split_statements(text).last().map_or(text.len(), |span| span.start);
        if let Some(found) = option_keys(text, statement) {
            return found;
        }
        let pieces = fragments(text);
        let (start, before) = match pieces.split_last() {
            Some((last, before)) if is_word(last) => (last.span.start, before),
            Some((last, _)) if !is_place_for_name(last.kind) => return (text.len(), Vec::new()),
            _ => (text.len(), pieces.as_slice()),
        };
        let before: Vec<&Fragment> = before.iter().filter(|piece| is_meaningful(piece.kind)).collect();
        let offered = self.names_at(text, &before, &text[start..]);
        (start, offered)
    }

    fn names_at(&self, text: &str, before: &[&Fragment], prefix: &str) -> Vec<String> {
        let relations = self.names.relations();
        let text_of = |index: usize| before.len().checked_sub(index).map(|at| before[at].span.text(text));
        if text_of(1) == Some(".") {
            return columns_of(&relations, text_of(2).unwrap_or(""), prefix);
        }
        let is_table_wanted =
            text_of(1).is_some_and(|word| BEFORE_TABLES.iter().any(|known| word.eq_ignore_ascii_case(known)));
        let mut offered: Vec<String> = relations.iter().map(|relation| relation.name.clone()).collect();
        if !is_table_wanted {
            if prefix.is_empty() {
                return Vec::new();
            }
            offered.extend(relations.iter().flat_map(|relation| relation.columns.iter().cloned()));
        }
        let mut offered = names_with_prefix(offered, prefix);
        if !prefix.is_empty() {
            offered.extend(known_words(prefix));
        }
        offered
    }
}

impl Completer for SqlCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let (start, values) = self.candidates(line.get(..pos).unwrap_or(line));
        let suggestion = |value: String| Suggestion {
            value,
            span: Span::new(start, pos.max(start)),
            append_whitespace: false,
            ..Suggestion::default()
        };
        CompletionResult::fresh(values.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

fn is_word(piece: &Fragment) -> bool {
    matches!(piece.kind, FragmentKind::Name | FragmentKind::Keyword | FragmentKind::Reserved)
}

fn is_place_for_name(before: FragmentKind) -> bool {
    matches!(before, FragmentKind::Blank | FragmentKind::Symbol)
}

fn is_meaningful(kind: FragmentKind) -> bool {
    !matches!(kind, FragmentKind::Blank | FragmentKind::Comment)
}

/// Keys after SET and RESET, with or without quote; `None` in other statements. Nothing is offered for values.
fn option_keys(text: &str, statement: usize) -> Option<(usize, Vec<String>)> {
    let of_statement = text.get(statement..)?;
    let (word, rest) = of_statement.split_at(of_statement.find(char::is_whitespace)?);
    if !word.eq_ignore_ascii_case("SET") && !word.eq_ignore_ascii_case("RESET") {
        return None;
    }
    let typed = rest.trim_start();
    let typed = typed.strip_prefix('\'').unwrap_or(typed);
    let start = text.len() - typed.len();
    let keys = catalogue::entries().map(|entry| entry.key).filter(|key| key.starts_with(typed));
    Some((start, keys.map(str::to_string).collect()))
}

/// Columns of the relation, or of all if it is an alias that nothing is known of.
fn columns_of(relations: &[Relation], qualifier: &str, prefix: &str) -> Vec<String> {
    let named = relations.iter().find(|relation| quoted_if_needed(&relation.name) == qualifier);
    let columns = match named {
        Some(relation) => relation.columns.clone(),
        None => relations.iter().flat_map(|relation| relation.columns.iter().cloned()).collect(),
    };
    names_with_prefix(columns, prefix)
}

/// Those that begin so (in any case), sorted, each once, in back-ticks where needed.
fn names_with_prefix(names: Vec<String>, prefix: &str) -> Vec<String> {
    let mut fitting: Vec<String> =
        names.into_iter().filter(|name| begins_with(name, prefix)).map(|name| quoted_if_needed(&name)).collect();
    fitting.sort();
    fitting.dedup();
    fitting
}

/// Keywords and functions, in lower case if the prefix is.
fn known_words(prefix: &str) -> Vec<String> {
    let functions = flott_expression::catalogue::names();
    let functions = functions.into_iter().filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()));
    let mut words: Vec<&str> = STATEMENT_WORDS.iter().copied().chain(functions).collect();
    words.retain(|word| begins_with(word, prefix));
    words.sort_unstable();
    words.dedup();
    let is_lower = !prefix.chars().any(char::is_uppercase);
    words.into_iter().map(|word| if is_lower { word.to_lowercase() } else { word.to_string() }).collect()
}

fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn quoted_if_needed(name: &str) -> String {
    match fragments(name).as_slice() {
        [only] if matches!(only.kind, FragmentKind::Name | FragmentKind::Keyword) => name.to_string(),
        _ => quote(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completer() -> SqlCompleter {
        let relation = |name: &str, columns: &[&str]| Relation {
            name: name.to_string(),
            columns: columns.iter().map(|column| column.to_string()).collect(),
        };
        let relations = vec![
            relation("orders", &["order_id", "price", "order"]),
            relation("offers", &["offer_id", "price"]),
            relation("Odd name", &["x"]),
        ];
        SqlCompleter::new(SessionNames { relations: Arc::new(Mutex::new(relations)) })
    }

    fn offered(text: &str) -> Vec<String> {
        completer().candidates(text).1
    }

    #[test]
    fn tables_come_after_from() {
        assert_eq!(offered("SELECT * FROM "), ["`Odd name`", "offers", "orders"]);
        assert_eq!(offered("SELECT * FROM ord")[0], "orders");
        assert!(!offered("SELECT * FROM ord").contains(&"order_id".to_string()));
        assert_eq!(completer().candidates("DESCRIBE of").0, 9);
    }

    #[test]
    fn columns_functions_and_keywords_come_elsewhere() {
        assert_eq!(offered("SELECT pri")[0], "price");
        assert!(offered("SELECT Concat").contains(&"CONCAT_WS".to_string()));
        assert!(offered("sel").contains(&"select".to_string()));
        assert!(offered("SEL").contains(&"SELECT".to_string()));
        assert!(offered("SELECT ").is_empty());
    }

    #[test]
    fn a_qualifier_restricts_to_its_columns() {
        assert_eq!(offered("SELECT offers."), ["offer_id", "price"]);
        assert_eq!(offered("SELECT orders.o"), ["`order`", "order_id"]);
        assert_eq!(offered("SELECT a.off"), ["offer_id"]);
    }

    #[test]
    fn keys_come_after_set() {
        let (start, keys) = completer().candidates("SET 'sql-client.execution.res");
        assert_eq!((start, keys), (5, vec!["sql-client.execution.result-mode".to_string()]));
        let (start, keys) = completer().candidates("SELECT 1; reset parallelism.def");
        assert_eq!((start, keys), (16, vec!["parallelism.default".to_string()]));
        assert!(offered("SET 'parallelism.default' = ").is_empty());
    }

    #[test]
    fn strings_comments_and_numbers_are_left_alone() {
        assert!(offered("SELECT 'pri").is_empty());
        assert!(offered("SELECT 1 -- pri").is_empty());
        assert!(offered("SELECT 12").is_empty());
    }

    #[test]
    fn the_replaced_range_is_that_of_the_word() {
        let result = completer().complete("SELECT pri FROM orders", 10);
        let first = &result.suggestions()[0];
        assert_eq!((first.value.as_str(), first.span), ("price", Span::new(7, 10)));
    }
}
