//! Reading of YAML: whole files, flattened to dotted keys, and the flow forms `[…]` and `{…}` inside a value.
//!
//! Scalars keep the text that the user wrote (`1e3` stays `1e3`), since the option's type decides what it means.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::error::ConfigurationError;
use crate::limits::MAX_YAML_DEPTH;
use crate::syntax;

/// A value of a file: its dotted key, its text, its line (from 1).
pub(crate) struct FlatEntry {
    pub(crate) key: String,
    pub(crate) text: String,
    pub(crate) line: usize,
}

enum Node {
    Null,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, usize, Node)>),
}

struct YamlError {
    line: usize,
    column: usize,
    message: String,
}

impl YamlError {
    fn at(span: Span, message: impl Into<String>) -> Self {
        YamlError { line: span.start.line(), column: span.start.col() + 1, message: message.into() }
    }
}

impl From<ScanError> for YamlError {
    fn from(error: ScanError) -> Self {
        let marker = error.marker();
        YamlError { line: marker.line(), column: marker.col() + 1, message: error.info().to_string() }
    }
}

/// Reads a file's text; `file` names it in errors.
pub(crate) fn flatten(text: &str, file: &str) -> Result<Vec<FlatEntry>, ConfigurationError> {
    let named = |error: YamlError| ConfigurationError::InvalidYaml {
        file: file.to_string(),
        line: error.line,
        column: error.column,
        message: error.message,
    };
    let mut entries = Vec::new();
    match parse(text).map_err(named)? {
        Node::Null => {}
        Node::Map(pairs) => {
            flatten_into(pairs, "", &mut entries);
            refuse_repeated(&entries).map_err(named)?;
        }
        Node::Scalar(_) | Node::List(_) => {
            let message = "expected a map of options such as 'parallelism.default: 4'".to_string();
            return Err(named(YamlError { line: 1, column: 1, message }));
        }
    }
    Ok(entries)
}

fn refuse_repeated(entries: &[FlatEntry]) -> Result<(), YamlError> {
    let mut seen = BTreeSet::new();
    match entries.iter().find(|entry| !seen.insert(entry.key.as_str())) {
        None => Ok(()),
        Some(entry) => {
            let message = format!("option '{}' is given twice", entry.key);
            Err(YamlError { line: entry.line, column: 1, message })
        }
    }
}

/// Keys without a value are left out: they have their default.
fn flatten_into(pairs: Vec<(String, usize, Node)>, prefix: &str, entries: &mut Vec<FlatEntry>) {
    for (name, line, node) in pairs {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match node {
            Node::Map(pairs) => flatten_into(pairs, &key, entries),
            Node::Null => {}
            scalar_or_list => entries.push(FlatEntry { key, text: written(&scalar_or_list), line }),
        }
    }
}

/// A node as the text of one value.
fn written(node: &Node) -> String {
    match node {
        Node::Null => String::new(),
        Node::Scalar(text) => text.clone(),
        Node::List(items) => syntax::format_list(&items.iter().map(written).collect::<Vec<_>>()),
        Node::Map(pairs) => syntax::format_map(&written_pairs(pairs)),
    }
}

fn written_pairs(pairs: &[(String, usize, Node)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, _, node)| (key.clone(), written(node))).collect()
}

/// Reads `[a, b]`.
pub(crate) fn parse_flow_list(text: &str) -> Result<Vec<String>, String> {
    match parse(text).map_err(|error| error.message)? {
        Node::List(items) => Ok(items.iter().map(written).collect()),
        _ => Err("not a list".to_string()),
    }
}

/// Reads `{a: 1}`.
pub(crate) fn parse_flow_map(text: &str) -> Result<BTreeMap<String, String>, String> {
    match parse(text).map_err(|error| error.message)? {
        Node::Map(pairs) => Ok(written_pairs(&pairs)),
        _ => Err("not a map".to_string()),
    }
}

/// Reads a text with at most one document; an empty one is null.
fn parse(text: &str) -> Result<Node, YamlError> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    let mut document = None;
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => break,
            _ if document.is_some() => return Err(YamlError::at(span, "expected a single document")),
            event => document = Some(reader.node(event, span, 0)?),
        }
    }
    Ok(document.unwrap_or(Node::Null))
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, YamlError> {
        self.parser.next_event().transpose().map_err(YamlError::from)
    }

    fn require(&mut self, opened: Span) -> Result<(Event<'a>, Span), YamlError> {
        self.next()?.ok_or_else(|| YamlError::at(opened, "the end of this list or map is missing"))
    }

    /// The node that begins with `event`.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        if depth > MAX_YAML_DEPTH {
            return Err(YamlError::at(span, format!("nested deeper than {MAX_YAML_DEPTH} levels")));
        }
        match event {
            Event::Scalar(text, ScalarStyle::Plain, _, _) if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") => {
                Ok(Node::Null)
            }
            Event::Scalar(text, _, _, _) => Ok(Node::Scalar(text.into_owned())),
            Event::SequenceStart(..) => self.list(span, depth),
            Event::MappingStart(..) => self.map(span, depth),
            Event::Alias(_) => Err(YamlError::at(span, "not supported: YAML aliases")),
            _ => Err(YamlError::at(span, "expected a value")),
        }
    }

    fn list(&mut self, opened: Span, depth: usize) -> Result<Node, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.require(opened)? {
                (Event::SequenceEnd, _) => return Ok(Node::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, opened: Span, depth: usize) -> Result<Node, YamlError> {
        let mut pairs = Vec::new();
        loop {
            let (key, key_span) = match self.require(opened)? {
                (Event::MappingEnd, _) => return Ok(Node::Map(pairs)),
                (Event::Scalar(key, ..), span) => (key.into_owned(), span),
                (_, span) => return Err(YamlError::at(span, "expected a key")),
            };
            let (event, span) = self.require(opened)?;
            pairs.push((key, key_span.start.line(), self.node(event, span, depth + 1)?));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Configuration, Origin};

    #[test]
    fn nested_and_dotted_keys_are_the_same() {
        let text = "# comment\nparallelism:\n  default: 4\ntaskmanager.numberOfTaskSlots: 2\nmetrics:\n  reporters: [a, 'b;c']\n  scope:\n    tm: <host>.x\n  empty:\n";
        let read = Configuration::from_yaml(text, "config.yaml").expect("well formed");
        let pairs: Vec<_> = read.iter().collect();
        let wanted = [
            ("metrics.reporters", "a;'b;c'"),
            ("metrics.scope.tm", "<host>.x"),
            ("parallelism.default", "4"),
            ("taskmanager.numberOfTaskSlots", "2"),
        ];
        assert_eq!(pairs, wanted);
        let origin = Origin::File { file: "config.yaml".into(), line: 3 };
        assert_eq!(read.origin("parallelism.default"), Some(&origin));
    }

    #[test]
    fn scalars_keep_their_text() {
        let read = Configuration::from_yaml("a: 1e3\nb: 0x10\nc: '10 s'\nd: \"~\"\ne: ~\n", "f").expect("well formed");
        assert_eq!(read.iter().collect::<Vec<_>>(), [("a", "1e3"), ("b", "0x10"), ("c", "10 s"), ("d", "~")]);
        assert!(Configuration::from_yaml("", "f").expect("empty").is_empty());
    }

    #[test]
    fn lists_of_maps_become_one_value() {
        let read = Configuration::from_yaml("k:\n  - {a: 1, b: 2}\n  - {a: 3}\n", "f").expect("well formed");
        assert_eq!(read.raw("k"), Some("a:1,b:2;a:3"));
    }

    #[test]
    fn errors_name_file_line_and_column() {
        let message = |text: &str| Configuration::from_yaml(text, "config.yaml").expect_err("malformed").to_string();
        assert_eq!(message("a: 1\na: 2\n"), "config.yaml, line 2, column 1: option 'a' is given twice");
        assert_eq!(message("a.b: 1\na:\n  b: 2\n"), "config.yaml, line 3, column 1: option 'a.b' is given twice");
        assert!(message("just text").starts_with("config.yaml, line 1, column 1: expected a map of options"));
        assert!(message("a: [1").starts_with("config.yaml, line "));
        assert!(message("a: &x 1\nb: *x\n").contains("not supported: YAML aliases"));
        let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        assert!(message(&deep).contains("nested deeper than 64 levels"));
    }
}
