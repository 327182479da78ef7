//! The connectors of a process, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_configuration::suggestion::did_you_mean;

use crate::contract::{Connector, ConnectorError};

/// The connectors that the executable registered.
#[derive(Clone, Default)]
pub struct Registry {
    connectors: BTreeMap<String, Arc<dyn Connector>>,
}

impl Registry {
    /// No connectors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connector under its identifier; a later one replaces an earlier one.
    pub fn register(&mut self, connector: Arc<dyn Connector>) {
        self.connectors.insert(connector.identifier().to_string(), connector);
    }

    /// The connector of a name.
    ///
    /// # Errors
    /// If there is none, or the name is empty as the option is missing: names those that exist, the nearest first.
    pub fn get(&self, identifier: &str) -> Result<&Arc<dyn Connector>, ConnectorError> {
        self.connectors.get(identifier).ok_or_else(|| {
            let known: Vec<&str> = self.connectors.keys().map(String::as_str).collect();
            let hint = did_you_mean(identifier, known.iter().copied());
            let wrong = match identifier {
                "" => "the table's options have no 'connector'".to_string(),
                _ => format!("cannot find connector '{identifier}'{hint}"),
            };
            ConnectorError::new(format!("{wrong}; available connectors: {}", known.join(", ")))
        })
    }

    /// All names, sorted.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.connectors.keys().map(String::as_str)
    }
}
