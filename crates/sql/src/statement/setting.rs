//! SET and RESET.

use flott_configuration::{Origin, catalogue};
use flott_record::{TypeKind, Value};
use flott_syntax::ast::Setting;

use super::result::StatementResult;
use super::session::SqlSession;

/// Groups of keys of Flink's own; an unknown key in them is probably a mistake.
const KNOWN_PREFIXES: [&str; 6] = ["table.", "execution.", "pipeline.", "state.", "sql-client.", "parallelism."];

impl SqlSession {
    /// `SET`, `SET 'key' = 'value'`. As in Flink any key is accepted; one that looks mistyped gives a warning.
    pub(super) fn set(&mut self, setting: Option<&Setting>) -> StatementResult {
        let Some(Setting { key, value }) = setting else { return self.all_settings() };
        let key = key.trim();
        self.configuration.set(key, value.trim(), Origin::Session);
        StatementResult::ok_with_warning(unknown_option_warning(key))
    }

    /// `RESET`, `RESET 'key'`
    pub(super) fn reset(&mut self, key: Option<&str>) {
        let Some(key) = key.map(str::trim) else {
            self.configuration = self.initial.clone();
            return;
        };
        match self.initial.raw(key) {
            Some(value) => {
                let origin = self.initial.origin(key).cloned().unwrap_or(Origin::Program);
                self.configuration.set(key, value, origin);
            }
            None => {
                self.configuration.remove(key);
            }
        }
    }

    fn all_settings(&self) -> StatementResult {
        let row = |(key, value): (&str, &str)| vec![Value::String(key.to_string()), Value::String(value.to_string())];
        let columns = [("key", TypeKind::string()), ("value", TypeKind::string())];
        StatementResult::rows(&columns, self.configuration.iter().map(row).collect())
    }
}

/// What to say about a key that looks mistyped: it is in one of Flink's groups, but Flink has no such option.
pub fn unknown_option_warning(key: &str) -> Option<String> {
    if !is_of_flink(key) || catalogue::knows(key) {
        return None;
    }
    let suggestion = catalogue::suggest(key).map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
    Some(format!("option '{key}' is not known and has no effect{suggestion}"))
}

/// Whether a key is in one of Flink's groups, known or not.
pub fn is_of_flink(key: &str) -> bool {
    KNOWN_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}
