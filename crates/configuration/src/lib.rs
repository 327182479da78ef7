//! Typed options with Flink's keys, defaults and documentation.
//!
//! A [`Configuration`] is an ordered map from key to raw text, filled in layers: `config.yaml`
//! ([`Configuration::from_yaml`]), `-D key=value` ([`Configuration::set_assignment`]), `SET` statements
//! ([`Configuration::set`]). A [`ConfigOption`] names a key, its type and its default; [`Configuration::get`] reads it
//! and reports a value that doesn't fit with its key, text, origin and expected form. The options that the project
//! itself reads are constants in [`flink`]; [`catalogue`] knows all of Flink's keys that make sense without a JVM.

pub mod catalogue;
mod configuration;
mod error;
pub mod flink;
pub mod limits;
mod memory;
mod option;
pub mod suggestion;
pub mod syntax;
mod time;
mod value;
mod yaml;

pub use configuration::{Configuration, Origin};
pub use error::ConfigurationError;
pub use memory::MemorySize;
pub use option::ConfigOption;
pub use time::{format_duration, parse_duration};
pub use value::{ConfigValue, Expected};
