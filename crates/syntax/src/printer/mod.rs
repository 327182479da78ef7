//! Prints syntax trees as Flink SQL that parses to the same tree. One file per part of the grammar, as in the parser.
//!
//! Names are put in back-ticks where they are keywords or not plain words; parentheses only where precedence asks for
//! them; synonyms come out in one form.

mod alter;
mod call;
mod create;
mod data_type;
mod expression;
mod identifier;
mod json;
mod literal;
mod match_recognize;
mod query;
mod show;
mod statement;
mod table_reference;

use std::fmt::{Display, Formatter, Result};

/// Prints `item, item`.
fn write_list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// Prints `prefix item, item suffix`, or nothing for an empty list.
fn write_clause<T: Display>(f: &mut Formatter<'_>, prefix: &str, items: &[T], suffix: &str) -> Result {
    if items.is_empty() {
        return Ok(());
    }
    f.write_str(prefix)?;
    write_list(f, items)?;
    f.write_str(suffix)
}

/// Prints the prefix and the item, if there is one.
fn write_optional<T: Display>(f: &mut Formatter<'_>, prefix: &str, item: Option<&T>) -> Result {
    match item {
        Some(item) => write!(f, "{prefix}{item}"),
        None => Ok(()),
    }
}

/// Prints the text if the condition holds.
fn write_if(f: &mut Formatter<'_>, condition: bool, text: &str) -> Result {
    match condition {
        true => f.write_str(text),
        false => Ok(()),
    }
}

/// A string that prints as a literal.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

/// Prints `COMMENT '..'` after a blank, if there is a comment.
fn write_comment(f: &mut Formatter<'_>, comment: Option<&String>) -> Result {
    match comment {
        Some(comment) => write!(f, " COMMENT {}", Text(comment)),
        None => Ok(()),
    }
}
