//! Reading and checking a table's options, the same way for every connector.

use flott_configuration::suggestion::did_you_mean;
use flott_configuration::{ConfigValue, Expected};
use flott_record::TableSpec;

use crate::contract::{ConnectorError, ConnectorOption};

/// Options that any table may have: the planner and the scheduler read them, not the connector.
pub const COMMON: &[ConnectorOption] = &[
    ConnectorOption { key: "connector", required: true, default: None, description: "Name of the connector." },
    ConnectorOption {
        key: "property-version",
        required: false,
        default: Some("1"),
        description: "Version of the options' meaning; only 1 exists.",
    },
    ConnectorOption {
        key: "scan.parallelism",
        required: false,
        default: None,
        description: "Parallelism of the source; by default the job's.",
    },
    ConnectorOption {
        key: "sink.parallelism",
        required: false,
        default: None,
        description: "Parallelism of the sink; by default that of its input.",
    },
    ConnectorOption {
        key: "scan.watermark.*",
        required: false,
        default: None,
        description: "How watermarks are emitted, aligned and made idle.",
    },
];

/// A table's options, typed.
#[derive(Clone, Copy)]
pub struct TableOptions<'a> {
    table: &'a TableSpec,
}

impl<'a> TableOptions<'a> {
    /// The options of a table.
    pub fn of(table: &'a TableSpec) -> Self {
        TableOptions { table }
    }

    /// The option's text, if it is given.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.table.options.get(key).map(String::as_str)
    }

    /// The option's value, if it is given.
    ///
    /// # Errors
    /// If the text has another form; names key, text, table and the form that was expected.
    pub fn get<T: ConfigValue>(&self, key: &str) -> Result<Option<T>, ConnectorError> {
        self.text(key).map(|text| self.parse(key, text)).transpose()
    }

    /// The option's value, or its default.
    ///
    /// # Errors
    /// As [`TableOptions::get`].
    pub fn get_or<T: ConfigValue>(&self, key: &str, default: T) -> Result<T, ConnectorError> {
        Ok(self.get(key)?.unwrap_or(default))
    }

    /// The option's value, between two bounds, or its default.
    ///
    /// # Errors
    /// As [`TableOptions::get`], and if it lies outside the bounds.
    pub fn number(&self, key: &str, default: i64, low: i64, high: i64) -> Result<i64, ConnectorError> {
        let value = self.get_or(key, default)?;
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        Err(self.invalid(key, &value.to_string(), &format!("a whole number from {low} to {high}")))
    }

    fn parse<T: ConfigValue>(&self, key: &str, text: &str) -> Result<T, ConnectorError> {
        T::parse_config(text).map_err(|Expected(form)| self.invalid(key, text, &form))
    }

    /// The error of a value that doesn't fit.
    pub fn invalid(&self, key: &str, text: &str, expected: &str) -> ConnectorError {
        let table = &self.table.name;
        ConnectorError::new(format!("invalid value '{text}' for option '{key}' of table {table}: expected {expected}"))
    }

    /// Checks that every required option is there and that none is unknown.
    ///
    /// # Errors
    /// Names the first missing or unknown option, the latter with the nearest known one.
    pub fn check(&self, identifier: &str, known: &[&[ConnectorOption]]) -> Result<(), ConnectorError> {
        let all = || known.iter().copied().chain([COMMON]).flatten();
        let missing: Vec<&str> = all()
            .filter(|option| option.required && self.text(option.key).is_none())
            .map(|option| option.key)
            .collect();
        // `connector` may be implied by how the table came to this connector.
        let missing: Vec<String> =
            missing.into_iter().filter(|key| *key != "connector").map(|key| format!("'{key}'")).collect();
        if !missing.is_empty() {
            return Err(ConnectorError::new(format!(
                "table {} of connector '{identifier}' lacks the required option{} {}",
                self.table.name,
                if missing.len() == 1 { "" } else { "s" },
                missing.join(", ")
            )));
        }
        for key in self.table.options.keys() {
            if !all().any(|option| covers(option.key, key)) {
                let hint = did_you_mean(key, all().map(|option| option.key));
                let table = &self.table.name;
                return Err(ConnectorError::new(format!(
                    "unknown option '{key}' of connector '{identifier}' in table {table}{hint}"
                )));
            }
        }
        Ok(())
    }
}

/// Whether a known key, which may end in `.*`, stands for this key.
fn covers(known: &str, key: &str) -> bool {
    match known.strip_suffix('*') {
        Some(prefix) => key.starts_with(prefix),
        None => known == key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[ConnectorOption] = &[
        ConnectorOption { key: "path", required: true, default: None, description: "" },
        ConnectorOption { key: "fields.*", required: false, default: None, description: "" },
    ];

    fn table(options: &[(&str, &str)]) -> TableSpec {
        let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        TableSpec { name: "t".into(), options, ..TableSpec::default() }
    }

    #[test]
    fn unknown_and_missing_options_are_named() {
        let check = |options: &[(&str, &str)]| {
            TableOptions::of(&table(options)).check("x", &[KNOWN]).map_err(|error| error.message)
        };
        assert_eq!(check(&[("path", "a"), ("fields.b.kind", "c"), ("connector", "x")]), Ok(()));
        let unknown = check(&[("path", "a"), ("pth", "c")]);
        assert_eq!(unknown, Err("unknown option 'pth' of connector 'x' in table t (did you mean 'path'?)".into()));
        assert_eq!(check(&[]), Err("table t of connector 'x' lacks the required option 'path'".into()));
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let table = table(&[("n", "many")]);
        let refused = TableOptions::of(&table).get::<i64>("n").map_err(|error| error.message);
        let message = "invalid value 'many' for option 'n' of table t: expected a whole number of at most 64 bits";
        assert_eq!(refused, Err(message.into()));
    }
}
