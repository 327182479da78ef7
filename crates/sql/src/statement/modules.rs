//! Modules: there is only `core`, but it can be unloaded, reordered and loaded again.

use flott_record::{TypeKind, Value};
use flott_syntax::ast::{Identifier, TableOption};

use super::result::StatementResult;
use crate::error::{Result, SqlError};

/// The module that holds the built-in functions.
const CORE: &str = "core";

/// The loaded modules and which of them are used.
#[derive(Clone, Debug)]
pub(super) struct Modules {
    /// In the order in which they are asked for functions; then the unused ones.
    loaded: Vec<(String, bool)>,
}

impl Modules {
    pub(super) fn new() -> Self {
        Modules { loaded: vec![(CORE.to_string(), true)] }
    }

    /// Whether the built-in functions are in force.
    pub(super) fn core_is_used(&self) -> bool {
        self.loaded.iter().any(|(name, used)| name == CORE && *used)
    }

    pub(super) fn load(&mut self, name: &Identifier, options: &[TableOption]) -> Result<()> {
        if options.iter().any(|option| option.key == "type") {
            let kind = options.iter().find(|option| option.key == "type").map_or("", |option| &option.value);
            let message = format!("Option 'type' = '{kind}' is not supported since module name is used to find module");
            return Err(SqlError::at(name.span, message));
        }
        if self.loaded.iter().any(|(known, _)| *known == name.value) {
            return Err(SqlError::at(name.span, format!("A module with name '{}' already exists", name.value)));
        }
        if name.value != CORE {
            let message = format!(
                "Could not find any factory for identifier '{}' that implements 'org.apache.flink.table.factories.ModuleFactory' in the classpath.\n\nAvailable factory identifiers are:\n\n{CORE}",
                name.value
            );
            return Err(SqlError::at(name.span, message));
        }
        let used = self.loaded.iter().filter(|(_, used)| *used).count();
        self.loaded.insert(used, (name.value.clone(), true));
        Ok(())
    }

    pub(super) fn unload(&mut self, name: &Identifier) -> Result<()> {
        match self.loaded.iter().position(|(known, _)| *known == name.value) {
            Some(position) => {
                self.loaded.remove(position);
                Ok(())
            }
            None => Err(no_module(name)),
        }
    }

    pub(super) fn use_modules(&mut self, names: &[Identifier]) -> Result<()> {
        for (position, name) in names.iter().enumerate() {
            if names[..position].contains(name) {
                return Err(SqlError::at(name.span, format!("Module '{}' appears more than once", name.value)));
            }
            if !self.loaded.iter().any(|(known, _)| *known == name.value) {
                return Err(no_module(name));
            }
        }
        let unused = self.loaded.iter().filter(|(known, _)| !names.iter().any(|name| name.value == *known));
        let unused: Vec<(String, bool)> = unused.map(|(name, _)| (name.clone(), false)).collect();
        self.loaded = names.iter().map(|name| (name.value.clone(), true)).chain(unused).collect();
        Ok(())
    }

    /// `SHOW [FULL] MODULES`
    pub(super) fn show(&self, full: bool) -> StatementResult {
        if !full {
            let used = self.loaded.iter().filter(|(_, used)| *used).map(|(name, _)| name.clone());
            return StatementResult::texts("module name", used);
        }
        let row = |(name, used): &(String, bool)| vec![Value::String(name.clone()), Value::Boolean(*used)];
        let columns = [("module name", TypeKind::string()), ("used", TypeKind::Boolean)];
        StatementResult::rows(&columns, self.loaded.iter().map(row).collect())
    }
}

fn no_module(name: &Identifier) -> SqlError {
    SqlError::at(name.span, format!("No module with name '{}' exists", name.value))
}
