//! The map from keys to raw text, with where each value came from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::ConfigurationError;
use crate::option::ConfigOption;
use crate::value::{ConfigValue, Expected};
use crate::yaml;

/// Where a value was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The program itself, or unknown.
    #[default]
    Program,
    /// A configuration file.
    File {
        /// The file's name as it was given.
        file: String,
        /// Line, from 1.
        line: usize,
    },
    /// `-D key=value`.
    CommandLine,
    /// A `SET` statement.
    Session,
}

impl Origin {
    /// ` (from …)`, or nothing: to follow a key in a message.
    pub(crate) fn suffix(&self) -> String {
        match self {
            Origin::Program => String::new(),
            Origin::File { file, line } => format!(" (from {file}, line {line})"),
            Origin::CommandLine => " (from -D)".to_string(),
            Origin::Session => " (from SET)".to_string(),
        }
    }
}

/// Options by key, in the keys' order, as raw text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    text: String,
    origin: Origin,
}

impl Configuration {
    /// A configuration in which everything has its default.
    pub fn new() -> Self {
        Configuration::default()
    }

    /// Reads the text of a `config.yaml`: nested keys are joined by dots, lists and maps in flow form are kept as one
    /// value. `file` names it in errors.
    ///
    /// # Errors
    /// Malformed YAML, something other than a map at the top, a key given twice: with line and column.
    pub fn from_yaml(text: &str, file: &str) -> Result<Self, ConfigurationError> {
        let mut configuration = Configuration::new();
        for scalar in yaml::flatten(text, file)? {
            let origin = Origin::File { file: file.to_string(), line: scalar.line };
            configuration.set(scalar.key, scalar.text, origin);
        }
        Ok(configuration)
    }

    /// Sets a key, replacing its value.
    pub fn set(&mut self, key: impl Into<String>, text: impl Into<String>, origin: Origin) {
        self.entries.insert(key.into(), Entry { text: text.into(), origin });
    }

    /// Sets an option to a value.
    pub fn set_value<T: ConfigValue>(&mut self, option: &ConfigOption<T>, value: &T) {
        self.set(option.key(), value.format_config(), Origin::Program);
    }

    /// Sets a key from `key=value`, the argument of `-D`. The value may hold `=`. Flink takes an argument without `=` as
    /// `key=true`; here it is an error, as most likely something was forgotten.
    ///
    /// # Errors
    /// No `=`, or no key before it.
    pub fn set_assignment(&mut self, assignment: &str) -> Result<(), ConfigurationError> {
        let invalid = || ConfigurationError::InvalidAssignment { text: assignment.to_string() };
        let (key, value) = assignment.split_once('=').ok_or_else(invalid)?;
        if key.trim().is_empty() {
            return Err(invalid());
        }
        self.set(key.trim(), value, Origin::CommandLine);
        Ok(())
    }

    /// Removes a key; returns whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        self.entries.remove(key).is_some()
    }

    /// Puts all entries of `over` over this one's.
    pub fn merge(&mut self, over: &Configuration) {
        self.entries.extend(over.entries.iter().map(|(key, entry)| (key.clone(), entry.clone())));
    }

    /// The raw text of a key; `None` where it isn't set.
    pub fn raw(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|entry| entry.text.as_str())
    }

    /// Where a key's value was given.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.entries.get(key).map(|entry| &entry.origin)
    }

    /// Whether an option or one of its older keys is set.
    pub fn contains<T>(&self, option: &ConfigOption<T>) -> bool {
        self.find(option).is_some()
    }

    /// All keys with their raw texts, in the keys' order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry.text.as_str()))
    }

    /// The number of keys that are set.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries whose keys begin with `prefix`, without it: `with_prefix("pipeline.global-job-parameters.")`.
    pub fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        self.entries
            .range(prefix.to_string()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, entry)| (key[prefix.len()..].to_string(), entry.text.clone()))
            .collect()
    }

    /// The value of an option, or its default.
    ///
    /// # Errors
    /// A value that doesn't fit, or an option that is neither set nor has a default.
    pub fn get<T: ConfigValue>(&self, option: &ConfigOption<T>) -> Result<T, ConfigurationError> {
        let missing = || ConfigurationError::Missing { key: option.key().to_string() };
        self.get_optional(option)?.ok_or_else(missing)
    }

    /// The value of an option, or its default, or `None` where it has none.
    ///
    /// # Errors
    /// A value that doesn't fit.
    pub fn get_optional<T: ConfigValue>(&self, option: &ConfigOption<T>) -> Result<Option<T>, ConfigurationError> {
        let invalid = |key: &str, text: &str, origin: Origin, Expected(expected): Expected| {
            ConfigurationError::InvalidValue { key: key.to_string(), value: text.to_string(), origin, expected }
        };
        match (self.find(option), option.default_text()) {
            (Some((key, entry)), _) => match T::parse_config(&entry.text) {
                Ok(value) => Ok(Some(value)),
                Err(expected) => Err(invalid(key, &entry.text, entry.origin.clone(), expected)),
            },
            (None, Some(default)) => match T::parse_config(default) {
                Ok(value) => Ok(Some(value)),
                Err(expected) => Err(invalid(option.key(), default, Origin::Program, expected)),
            },
            (None, None) => Ok(None),
        }
    }

    /// The value of a map option, given as one value (`a:1,b:2`) or as keys below it (`key.a: 1`, as a nested map in
    /// `config.yaml` gives). The single value wins where both are there.
    ///
    /// # Errors
    /// A value that doesn't fit.
    pub fn get_map(
        &self,
        option: &ConfigOption<BTreeMap<String, String>>,
    ) -> Result<BTreeMap<String, String>, ConfigurationError> {
        if !self.contains(option) {
            let nested = self.with_prefix(&format!("{}.", option.key()));
            if !nested.is_empty() {
                return Ok(nested);
            }
        }
        self.get_optional(option).map(|map| map.unwrap_or_else(BTreeMap::new))
    }

    fn find<'a, T>(&'a self, option: &ConfigOption<T>) -> Option<(&'static str, &'a Entry)> {
        let keys = std::iter::once(option.key()).chain(option.fallback_keys().iter().copied());
        keys.filter_map(|key| self.entries.get(key).map(|entry| (key, entry))).next()
    }
}

impl fmt::Display for Configuration {
    /// One `key=value` a line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(key, text)| writeln!(formatter, "{key}={text}"))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Configuration {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut configuration = Configuration::new();
        for (key, text) in pairs {
            configuration.set(key, text, Origin::Program);
        }
        configuration
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::flink::{checkpointing, execution, pipeline, table};
    use crate::memory::MemorySize;

    #[test]
    fn defaults_are_flinks() {
        let configuration = Configuration::new();
        assert_eq!(configuration.get(&execution::PARALLELISM_DEFAULT), Ok(1));
        assert_eq!(configuration.get(&execution::RUNTIME_MODE), Ok(execution::RuntimeMode::Streaming));
        assert_eq!(configuration.get(&execution::BUFFER_TIMEOUT_INTERVAL), Ok(Duration::from_millis(100)));
        assert_eq!(configuration.get(&checkpointing::DATA_INLINE_THRESHOLD), Ok(MemorySize::from_bytes(20 << 10)));
        assert_eq!(configuration.get_optional(&checkpointing::INTERVAL), Ok(None));
        let missing = configuration.get(&checkpointing::INTERVAL).expect_err("no default");
        assert_eq!(missing.to_string(), "option 'execution.checkpointing.interval' is not set and has no default");
    }

    #[test]
    fn later_layers_win_and_errors_name_the_layer() {
        let mut configuration =
            Configuration::from_yaml("parallelism.default: 2\n", "config.yaml").expect("well formed");
        assert_eq!(configuration.get(&execution::PARALLELISM_DEFAULT), Ok(2));
        configuration.set_assignment("parallelism.default=3").expect("well formed");
        assert_eq!(configuration.get(&execution::PARALLELISM_DEFAULT), Ok(3));
        let mut session = Configuration::new();
        session.set("parallelism.default", "many", Origin::Session);
        configuration.merge(&session);
        let refused = configuration.get(&execution::PARALLELISM_DEFAULT).expect_err("not a number");
        assert_eq!(
            refused.to_string(),
            "invalid value 'many' for option 'parallelism.default' (from SET): expected a whole number of at most 32 bits"
        );
        assert!(configuration.remove("parallelism.default"));
        assert_eq!(configuration.get(&execution::PARALLELISM_DEFAULT), Ok(1));
    }

    #[test]
    fn assignments_are_a_key_and_a_value() {
        let mut configuration = Configuration::new();
        configuration.set_assignment("a=b=c").expect("well formed");
        assert_eq!(configuration.raw("a"), Some("b=c"));
        assert!(configuration.set_assignment("flag").is_err());
        assert!(configuration.set_assignment("=x").is_err());
        assert_eq!(configuration.len(), 1);
    }

    #[test]
    fn older_keys_are_read_and_named_in_errors() {
        let old: Configuration = [("execution.buffer-timeout", "7 ms")].into_iter().collect();
        assert_eq!(old.get(&execution::BUFFER_TIMEOUT_INTERVAL), Ok(Duration::from_millis(7)));
        let bad: Configuration = [("execution.buffer-timeout", "soon")].into_iter().collect();
        let refused = bad.get(&execution::BUFFER_TIMEOUT_INTERVAL).expect_err("not a duration").to_string();
        assert!(refused.contains("'execution.buffer-timeout'"), "{refused}");
    }

    #[test]
    fn maps_are_one_value_or_nested_keys() {
        let wanted = BTreeMap::from([("a".to_string(), "1".to_string()), ("b".to_string(), "2".to_string())]);
        let nested =
            Configuration::from_yaml("pipeline.global-job-parameters: {a: 1, b: 2}", "f").expect("well formed");
        assert_eq!(nested.get_map(&pipeline::GLOBAL_JOB_PARAMETERS), Ok(wanted.clone()));
        let single: Configuration = [("pipeline.global-job-parameters", "a:1,b:2")].into_iter().collect();
        assert_eq!(single.get_map(&pipeline::GLOBAL_JOB_PARAMETERS), Ok(wanted));
    }

    #[test]
    fn values_are_written_as_they_are_read() {
        let mut configuration = Configuration::new();
        configuration.set_value(&execution::BUFFER_TIMEOUT_INTERVAL, &Duration::from_secs(90));
        configuration.set_value(&table::OPTIMIZER_AGG_PHASE_STRATEGY, &table::AggregatePhaseStrategy::TwoPhase);
        assert_eq!(configuration.raw("execution.buffer-timeout.interval"), Some("90 s"));
        assert_eq!(configuration.raw("table.optimizer.agg-phase-strategy"), Some("TWO_PHASE"));
        assert!(configuration.to_string().ends_with("table.optimizer.agg-phase-strategy=TWO_PHASE\n"));
    }
}
