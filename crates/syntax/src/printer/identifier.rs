//! Names.

use crate::ast::{Identifier, ObjectName};
use crate::keyword;
use std::fmt::{Display, Formatter, Result};

impl Display for Identifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match is_plain(&self.value) && keyword::find(&self.value).is_none() {
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
