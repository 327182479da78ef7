//! What the parser says when the text isn't SQL.

use crate::Span;
use crate::limits::EXCERPT_CHARS_MAX;

const ELLIPSIS: &str = "...";

/// Why a text could not be parsed, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong, without the position.
    pub message: String,
    /// The offending token.
    pub span: Span,
    /// What could have stood there; empty if the message says it all.
    pub expected: Vec<String>,
}

impl ParseError {
    /// An error at a place, without a list of what was expected.
    pub fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), span, expected: Vec::new() }
    }

    /// Line and column of the error in `source`, both from 1; columns count characters.
    pub fn line_and_column(&self, source: &str) -> (usize, usize) {
        line_and_column(source, self.span.start)
    }

    /// A report for people: message, `file:line:column`, the line with a caret under the error, and what was
    /// expected.
    pub fn render(&self, source: &str, file_name: &str) -> String {
        let (line, column) = self.line_and_column(source);
        let (text, before) = excerpt(source.lines().nth(line - 1).unwrap_or(""), column - 1);
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let indent = caret_indent(&text, before);
        let room = text.chars().count().saturating_sub(before).max(1);
        let carets = "^".repeat(self.caret_length(source).min(room));
        let mut report = format!(
            "error: {}\n{gutter}--> {file_name}:{line}:{column}\n{gutter} |\n{number} | {text}\n{gutter} | {indent}{carets}",
            self.message
        );
        if !self.expected.is_empty() {
            report.push_str(&format!("\n{gutter} = expected {}", self.expectation()));
        }
        report.push('\n');
        report
    }

    /// What was expected, in words: `` `a`, `b` or `c` ``.
    pub fn expectation(&self) -> String {
        match self.expected.split_last() {
            None => String::new(),
            Some((only, [])) => only.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }

    fn caret_length(&self, source: &str) -> usize {
        let covered = self.span.text(source);
        covered.lines().next().map_or(1, |line| line.chars().count().max(1))
    }
}

/// What is shown of a line, and how many of its characters stand before the one at `column` (from 0): all of it, or of
/// a long line what is near, with an ellipsis where something is left out.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= EXCERPT_CHARS_MAX {
        return (line.to_string(), column);
    }
    let first = column.saturating_sub(EXCERPT_CHARS_MAX / 2).min(length - EXCERPT_CHARS_MAX);
    let left = if first > 0 { ELLIPSIS } else { "" };
    let right = if first + EXCERPT_CHARS_MAX < length { ELLIPSIS } else { "" };
    let shown: String = line.chars().skip(first).take(EXCERPT_CHARS_MAX).collect();
    (format!("{left}{shown}{right}"), column - first + left.len())
}

/// White space as wide as the first `count` characters of `text`, tabs kept so that the caret lines up.
fn caret_indent(text: &str, count: usize) -> String {
    text.chars().take(count).map(|c| if c == '\t' { '\t' } else { ' ' }).collect()
}

/// Line and column, both from 1, of a byte offset; an offset past the end is the place after the last character.
pub fn line_and_column(source: &str, offset: usize) -> (usize, usize) {
    let mut line = 1;
    let mut column = 1;
    for (position, character) in source.char_indices() {
        if position >= offset {
            break;
        }
        if character == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    (line, column)
}
