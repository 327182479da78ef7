//! One option: its key, type, default and documentation.

use std::fmt;
use std::marker::PhantomData;

use crate::catalogue;
use crate::value::{ConfigValue, Expected};

/// An option of type `T`, made as a constant. The default is text in the form in which users write it, so that it can
/// be shown as it is.
pub struct ConfigOption<T> {
    key: &'static str,
    default: Option<&'static str>,
    description: Option<&'static str>,
    fallback_keys: &'static [&'static str],
    value_type: PhantomData<fn() -> T>,
}

impl<T> ConfigOption<T> {
    /// An option with a default, given as text.
    pub const fn new(key: &'static str, default: &'static str, description: &'static str) -> Self {
        ConfigOption {
            key,
            default: Some(default),
            description: Some(description),
            fallback_keys: &[],
            value_type: PhantomData,
        }
    }

    /// An option without a default.
    pub const fn without_default(key: &'static str, description: &'static str) -> Self {
        ConfigOption { key, default: None, description: Some(description), fallback_keys: &[], value_type: PhantomData }
    }

    /// An option of Flink's, documented in the [`catalogue`].
    pub(crate) const fn of_flink(key: &'static str, default: Option<&'static str>) -> Self {
        ConfigOption { key, default, description: None, fallback_keys: &[], value_type: PhantomData }
    }

    /// The same option, read from these older keys where its own isn't set.
    pub const fn with_fallback_keys(self, fallback_keys: &'static [&'static str]) -> Self {
        ConfigOption { fallback_keys, ..self }
    }

    /// The key.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// The default as text; `None` where there is none.
    pub const fn default_text(&self) -> Option<&'static str> {
        self.default
    }

    /// Older keys that are read where this one isn't set.
    pub const fn fallback_keys(&self) -> &'static [&'static str] {
        self.fallback_keys
    }

    /// What the option does.
    pub fn description(&self) -> &'static str {
        match self.description {
            Some(description) => description,
            None => catalogue::find(self.key).map_or("", |entry| entry.description),
        }
    }
}

impl<T: ConfigValue> ConfigOption<T> {
    /// The default as a value; `None` where there is none.
    ///
    /// # Errors
    /// Where the constant's default text doesn't fit its type (a mistake in the program).
    pub fn default_value(&self) -> Result<Option<T>, Expected> {
        self.default.map(T::parse_config).transpose()
    }
}

impl<T> Clone for ConfigOption<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ConfigOption<T> {}

impl<T> fmt::Debug for ConfigOption<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ConfigOption({} = {:?})", self.key, self.default)
    }
}
