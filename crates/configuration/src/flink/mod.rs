//! The options of Flink's that the project reads, as constants: `table::LOCAL_TIME_ZONE` is `table.local-time-zone`.

/// Declares options as constants, and a list of them for the test against the catalogue.
macro_rules! flink_options {
    (@default none) => { None };
    (@default $default:literal) => { Some($default) };
    ($($(#[$about:meta])* $name:ident: $value:ty = $key:literal, $default:tt $(, $fallback:literal)*;)+) => {
        $($(#[$about])*
        pub const $name: crate::ConfigOption<$value> =
            crate::ConfigOption::of_flink($key, flink_options!(@default $default)).with_fallback_keys(&[$($fallback),*]);)+

        /// Key, default, older keys and whether the default fits its type, of each option here.
        #[cfg(test)]
        pub(super) fn facts() -> Vec<super::OptionFacts> {
            vec![$(($name.key(), $name.default_text(), $name.fallback_keys(), $name.default_value().is_ok())),+]
        }
    };
}

pub mod checkpointing;
pub mod execution;
pub mod metrics;
pub mod pipeline;
pub mod restart_strategy;
pub mod sql_client;
pub mod state;
pub mod table;
pub mod table_exec;
pub mod taskmanager;

#[cfg(test)]
type OptionFacts = (&'static str, Option<&'static str>, &'static [&'static str], bool);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn keys_defaults_and_older_keys_are_the_catalogues() {
        let all = [
            checkpointing::facts(),
            execution::facts(),
            metrics::facts(),
            pipeline::facts(),
            restart_strategy::facts(),
            sql_client::facts(),
            state::facts(),
            table::facts(),
            table_exec::facts(),
            taskmanager::facts(),
        ];
        let mut checked = 0;
        // Keys between underscores are Flink's experiments, which its documentation leaves out.
        let documented = all.into_iter().flatten().filter(|(key, ..)| !key.starts_with("__"));
        for (key, default, fallback_keys, default_fits) in documented {
            let entry = catalogue::find(key).unwrap_or_else(|| panic!("{key} is not in the catalogue"));
            assert_eq!(default, entry.default, "{key}");
            assert_eq!(fallback_keys.join(","), entry.fallback_keys, "{key}");
            assert!(default_fits, "{key}: {default:?}");
            assert!(!entry.description.is_empty() || key.starts_with("table."), "{key}");
            checked += 1;
        }
        assert!(checked > 100, "only {checked}");
    }
}
