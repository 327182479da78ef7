//! Types of values: how each is read from text and written back.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::syntax;
use crate::time::{format_duration, parse_duration};

/// The form of a value that was expected, ready to follow the word "expected".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected(pub String);

/// A type of value that an option can have.
pub trait ConfigValue: Sized {
    /// Reads the value from the text that a user wrote.
    ///
    /// # Errors
    /// The form that was expected.
    fn parse_config(text: &str) -> Result<Self, Expected>;

    /// Writes the value so that [`ConfigValue::parse_config`] reads it back.
    fn format_config(&self) -> String;
}

fn expected<T>(form: &str) -> Result<T, Expected> {
    Err(Expected(form.to_string()))
}

impl ConfigValue for bool {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        match text.trim() {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => expected("true or false"),
        }
    }

    fn format_config(&self) -> String {
        self.to_string()
    }
}

impl ConfigValue for i32 {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        text.trim().parse().or_else(|_| expected("a whole number of at most 32 bits"))
    }

    fn format_config(&self) -> String {
        self.to_string()
    }
}

impl ConfigValue for i64 {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        text.trim().parse().or_else(|_| expected("a whole number of at most 64 bits"))
    }

    fn format_config(&self) -> String {
        self.to_string()
    }
}

impl ConfigValue for f64 {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        text.trim().parse().or_else(|_| expected("a number such as 0.5"))
    }

    fn format_config(&self) -> String {
        self.to_string()
    }
}

impl ConfigValue for String {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        Ok(text.to_string())
    }

    fn format_config(&self) -> String {
        self.clone()
    }
}

impl ConfigValue for Duration {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        parse_duration(text)
    }

    fn format_config(&self) -> String {
        format_duration(*self)
    }
}

impl<T: ConfigValue> ConfigValue for Vec<T> {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        let items = syntax::parse_list(text)
            .map_err(|reason| Expected(format!("a list such as 'a;b' or '[a, b]' ({reason})")))?;
        items
            .iter()
            .map(|item| {
                T::parse_config(item).map_err(|Expected(form)| Expected(format!("a list of which each is {form}")))
            })
            .collect()
    }

    fn format_config(&self) -> String {
        syntax::format_list(&self.iter().map(T::format_config).collect::<Vec<_>>())
    }
}

impl ConfigValue for BTreeMap<String, String> {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        syntax::parse_map(text)
            .map_err(|reason| Expected(format!("a map such as 'a:1,b:2' or '{{a: 1, b: 2}}' ({reason})")))
    }

    fn format_config(&self) -> String {
        syntax::format_map(self)
    }
}

/// Declares an enum whose variants have Flink's names, read without regard to case, `-` read like `_`.
///
/// ```
/// flott_configuration::configuration_enum! {
///     /// How rows are shown.
///     pub enum ResultMode {
///         /// A table.
///         Table = "TABLE",
///         /// The changes.
///         Changelog = "CHANGELOG",
///     }
/// }
/// use flott_configuration::ConfigValue;
/// assert_eq!(ResultMode::parse_config("changelog"), Ok(ResultMode::Changelog));
/// assert!(ResultMode::parse_config("x").is_err_and(|form| form.0 == "one of TABLE, CHANGELOG"));
/// ```
#[macro_export]
macro_rules! configuration_enum {
    ($(#[$about:meta])* $visibility:vis enum $name:ident { $($(#[$variant_about:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $name { $($(#[$variant_about])* $variant),+ }

        impl $name {
            /// The name that users write.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl $crate::ConfigValue for $name {
            fn parse_config(text: &str) -> Result<Self, $crate::Expected> {
                let same = |name: &str| text.trim().replace('-', "_").eq_ignore_ascii_case(&name.replace('-', "_"));
                $(if same($text) { return Ok($name::$variant); })+
                Err($crate::Expected(format!("one of {}", [$($text),+].join(", "))))
            }

            fn format_config(&self) -> String {
                self.as_str().to_string()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_types_are_read_and_refused() {
        assert_eq!(bool::parse_config("TRUE"), Ok(true));
        assert_eq!(bool::parse_config("yes"), Err(Expected("true or false".into())));
        assert_eq!(i32::parse_config(" -7 "), Ok(-7));
        assert!(i32::parse_config("3000000000").is_err());
        assert_eq!(i64::parse_config("3000000000"), Ok(3_000_000_000));
        assert_eq!(f64::parse_config("0.25"), Ok(0.25));
        assert!(f64::parse_config("a").is_err());
    }

    #[test]
    fn lists_of_values_name_what_each_should_be() {
        assert_eq!(Vec::<i32>::parse_config("1;2"), Ok(vec![1, 2]));
        let refused = Vec::<i32>::parse_config("1;x");
        assert_eq!(refused, Err(Expected("a list of which each is a whole number of at most 32 bits".into())));
    }
}
