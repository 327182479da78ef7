//! Names of objects: relative, portable between a disk and all object stores.

use std::fmt;

/// A name like `job/chk-7/part-0`: segments of letters, digits and `._=-%`, none of them `.` or `..`, joined by `/`. So a name can never
/// lead out of its store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

/// A text that is no object name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidObjectName(pub String);

impl fmt::Display for InvalidObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is no object name: it has segments of letters, digits, `.`, `_`, `=`, `-` and `%`, joined by `/`",
            self.0
        )
    }
}

impl std::error::Error for InvalidObjectName {}

impl ObjectName {
    /// The name.
    ///
    /// # Errors
    /// If the text is no name.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidObjectName> {
        let text = text.into();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._=-%".contains(&byte);
        let is_segment =
            |segment: &str| !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(is_plain);
        if text.split('/').all(is_segment) { Ok(ObjectName(text)) } else { Err(InvalidObjectName(text)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the object lies in this folder (`""` holds all).
    pub fn is_in(&self, folder: &str) -> bool {
        folder.is_empty()
            || self.0.strip_prefix(folder).is_some_and(|rest| folder.ends_with('/') || rest.starts_with('/'))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_lead_out_of_their_store() {
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", "a/.", "a b", "a\0", "ä", "a\\b"] {
            assert!(ObjectName::new(bad).is_err(), "{bad:?}");
        }
        assert!(ObjectName::new("job/chk-7/part-0_1.sst").is_ok());
    }

    #[test]
    fn a_folder_holds_what_is_below_it() {
        let name = ObjectName::new("a/b/c").expect("valid");
        assert!(name.is_in("") && name.is_in("a") && name.is_in("a/") && name.is_in("a/b"));
        assert!(!name.is_in("a/b/c") && !name.is_in("a/bb") && !name.is_in("b"));
    }
}
