//! Random syntax trees: everything the parser can give, built from a sequence of random bytes.
//!
//! Each byte is a choice; past the end of the bytes all choices are the first, which is always the simplest. So
//! proptest shrinks a failing tree by shrinking bytes.

mod data_type;
mod expression;
mod query;
mod statement;

pub use data_type::data_type;
pub use expression::expression;
pub use statement::statement;

use flott_syntax::Span;
use flott_syntax::ast::{Identifier, ObjectName, TimeUnit};

/// Names, among them keywords and what needs back-ticks.
const NAMES: &[&str] = &[
    "a",
    "t",
    "price",
    "Mixed",
    "_x1",
    "select",
    "VALUE",
    "name",
    "key",
    "dateTime",
    "a b",
    "x`y",
    "ünï",
    "$$T_PROJECT",
    "1st",
    "CONFLICT",
    "final",
    "x",
    "e",
    "u",
    "FIRST",
];

/// Strings for literals, options and comments.
const TEXTS: &[&str] = &["", "a", "it's", "k.v", "--", "/*", "é😀", "new\nline", "\\", "1 02:03"];

/// Deepest nesting of the trees.
pub const DEPTH: usize = 4;

/// A sequence of choices.
pub struct Choices<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % count
    }

    pub fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    pub fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    pub fn maybe<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| item(self))
    }

    /// `minimum..minimum + 3` items.
    pub fn list<T>(&mut self, minimum: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = minimum + self.below(3);
        (0..count).map(|_| item(self)).collect()
    }

    pub fn identifier(&mut self) -> Identifier {
        Identifier::new(self.one_of(NAMES))
    }

    pub fn object_name(&mut self) -> ObjectName {
        ObjectName { parts: self.list(1, Self::identifier), span: Span::default() }
    }

    pub fn text(&mut self) -> String {
        self.one_of(TEXTS).to_string()
    }

    pub fn number(&mut self) -> String {
        self.one_of(&["1", "0", "12.50", ".5", "7."]).to_string()
    }

    pub fn small(&mut self) -> u32 {
        self.one_of(&[0, 1, 3, 2_147_483_647])
    }

    pub fn unit(&mut self) -> TimeUnit {
        self.one_of(&[
            TimeUnit::Day,
            TimeUnit::Second,
            TimeUnit::Year,
            TimeUnit::Month,
            TimeUnit::IsoDayOfWeek,
            TimeUnit::Millisecond,
            TimeUnit::Epoch,
        ])
    }
}
