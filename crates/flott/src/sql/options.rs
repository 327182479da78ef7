//! Options from `--config` and `-D`, and what is said about keys that nobody knows.

use flott_configuration::{Configuration, Origin, catalogue};
use flott_sql::statement::{is_of_flink, unknown_option_warning};

use crate::sql::notice::notice;

/// Puts the assignments of `-D` over a configuration.
///
/// # Errors
/// An argument that isn't `key=value`, and a key that is mistyped: close to a known one, or in one of Flink's groups. Who types a key
/// wants its effect; in a file, which may come from a Flink installation, the same key gives a warning.
pub fn define(configuration: &mut Configuration, assignments: &[String]) -> Result<(), String> {
    for assignment in assignments {
        configuration.set_assignment(assignment).map_err(|error| error.to_string())?;
    }
    for (key, _) in configuration.iter() {
        if configuration.origin(key) == Some(&Origin::CommandLine) {
            check_typed(key)?;
        } else if let Some(warning) = unknown_option_warning(key) {
            notice(format!("[WARN] {warning}"));
        }
    }
    Ok(())
}

fn check_typed(key: &str) -> Result<(), String> {
    if catalogue::knows(key) || flott_objectstore::options::is_known(key) {
        return Ok(());
    }
    match catalogue::suggest(key) {
        Some(near) => Err(format!("option '{key}' (from -D) is not known; did you mean '{near}'?")),
        None if is_of_flink(key) => Err(format!("option '{key}' (from -D) is not known")),
        None => {
            notice(format!("[WARN] option '{key}' is not known and has no effect"));
            Ok(())
        }
    }
}
