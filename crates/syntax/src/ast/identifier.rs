//! Names as written: single identifiers and dotted ones.

use crate::Span;

/// One part of a name, e.g. `price` or `` `end` ``. Identifiers are case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier {
    /// The name without back-ticks, doubled back-ticks undone.
    pub value: String,
    pub span: Span,
}

impl Identifier {
    /// An identifier that stands nowhere in a source text.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), span: Span::default() }
    }
}

/// A dotted name with at least one part: of a table, a function, a column or a nested field.
/// Only name resolution can tell `alias.column.field` from `catalog.database.table`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectName {
    pub parts: Vec<Identifier>,
    pub span: Span,
}

impl ObjectName {
    /// A name of one part.
    pub fn simple(part: Identifier) -> Self {
        let span = part.span;
        Self { parts: vec![part], span }
    }

    /// The last part (the name without qualifiers); `None` only for an object built by hand with no parts.
    pub fn last(&self) -> Option<&Identifier> {
        self.parts.last()
    }
}
