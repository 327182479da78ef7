//! Names.

use crate::ast::{Identifier, ObjectName};
use crate::keyword;
use std::fmt::{Display, Formatter, Result};

/// Keywords that aren't reserved, are common names and can't be taken for anything else where a name stands. Other
/// keywords are put in back-ticks, as Flink does with all names.
const HARMLESS: &[&str] = &[
    "A",
    "C",
    "DATA",
    "DESCRIPTION",
    "G",
    "INPUT",
    "K",
    "LENGTH",
    "LEVEL",
    "M",
    "NAME",
    "NUMBER",
    "SIZE",
    "SOURCE",
    "STATE",
    "TYPE",
    "VERSION",
];

impl Display for Identifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let bare = keyword::find(&self.value).is_none_or(|found| HARMLESS.contains(&found));
        match bare && is_plain(&self.value) {
            true => f.write_str(&self.value),
            false => write!(f, "`{}`", self.value.replace('`', "``")),
        }
    }
}

impl Display for ObjectName {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write!(f, "{part}")?;
        }
        Ok(())
    }
}

/// Whether the text is a word of letters, digits and underscores.
pub(super) fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let printed = |name: &str| Identifier::new(name).to_string();
        assert_eq!(printed("price"), "price");
        assert_eq!(printed("k"), "k");
        assert_eq!(printed("value"), "`value`");
        assert_eq!(printed("a b`c"), "`a b``c`");
        assert_eq!(printed("1a"), "`1a`");
        assert!(HARMLESS.iter().all(|word| keyword::find(word).is_some() && !keyword::is_reserved(word)));
    }
}
