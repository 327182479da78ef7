//! All options of Flink's that make sense without a JVM: key, type, default, older keys, description. The table is
//! data (`options.tsv`, sorted by key) and is looked at only when somebody asks.

use std::sync::LazyLock;

use crate::suggestion;

/// One line per option: key, type, default, older keys (separated by `,`), description; separated by tabs. A missing
/// default is `\N`; line breaks and backslashes are escaped as `\n` and `\\`.
static TABLE: &str = include_str!("options.tsv");

static LINES: LazyLock<Vec<&'static str>> = LazyLock::new(|| TABLE.lines().collect());

/// What is known of one option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The key; `<name>` stands for a part that users choose.
    pub key: &'static str,
    /// The type: `Boolean`, `Integer`, `Long`, `Float`, `Double`, `String`, `Duration`, `MemorySize`, `Map`,
    /// `Enum(A|B)`, `List<…>`.
    pub value_type: &'static str,
    /// The default as text; `None` where there is none.
    pub default: Option<&'static str>,
    /// Older keys, separated by `,`.
    pub fallback_keys: &'static str,
    /// What it does, in one line (HTML entities and Markdown as in Flink's documentation).
    pub description: &'static str,
}

impl CatalogueEntry {
    fn of_line(line: &'static str) -> Self {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or("");
        CatalogueEntry {
            key: next(),
            value_type: next(),
            default: Some(next()).filter(|default| *default != "\\N"),
            fallback_keys: next(),
            description: next(),
        }
    }
}

impl CatalogueEntry {
    /// Whether a key that isn't the option's own is another spelling of it.
    fn is_meant_by(&self, key: &str) -> bool {
        let is_below = |prefix: &str| key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
        match self.key.split_once('<') {
            Some((family, _)) => key.starts_with(family),
            None => {
                (!key.is_empty() && self.fallback_keys.split(',').any(|older| older == key))
                    || (self.value_type == "Map" && is_below(self.key))
            }
        }
    }
}

fn key_of(line: &'static str) -> &'static str {
    line.split('\t').next().unwrap_or(line)
}

/// The option of this key; `None` where Flink has none.
pub fn find(key: &str) -> Option<CatalogueEntry> {
    let index = LINES.binary_search_by(|line| key_of(line).cmp(key)).ok()?;
    Some(CatalogueEntry::of_line(LINES[index]))
}

/// Whether a key is one of Flink's: an option's, an older one of an option's, or one whose end users choose, as in
/// `metrics.reporter.<name>.port`.
pub fn knows(key: &str) -> bool {
    find(key).is_some() || entries().any(|entry| entry.is_meant_by(key))
}

/// All options, sorted by key.
pub fn entries() -> impl Iterator<Item = CatalogueEntry> {
    LINES.iter().map(|line| CatalogueEntry::of_line(line))
}

/// The known key that an unknown one was most likely meant to be.
pub fn suggest(key: &str) -> Option<&'static str> {
    suggestion::nearest(key, LINES.iter().map(|line| key_of(line)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::memory::MemorySize;
    use crate::value::ConfigValue;

    #[test]
    fn the_table_is_sorted_and_complete() {
        let keys: Vec<_> = entries().map(|entry| entry.key).collect();
        assert!(keys.is_sorted_by(|left, right| left < right));
        assert!(keys.len() > 700, "{}", keys.len());
        assert!(TABLE.lines().all(|line| line.split('\t').count() == 5));
    }

    #[test]
    fn options_are_found_with_their_facts() {
        let entry = find("table.exec.state.ttl").expect("known");
        assert_eq!((entry.value_type, entry.default), ("Duration", Some("0 ms")));
        assert!(entry.description.starts_with("Specifies a minimum time interval"), "{}", entry.description);
        assert_eq!(find("execution.checkpointing.interval").expect("known").default, None);
        assert_eq!(find("table.exec.state.tttl"), None);
    }

    #[test]
    fn older_keys_and_keys_with_a_part_of_the_users_are_known() {
        let older = entries().find(|entry| !entry.fallback_keys.is_empty()).expect("some have");
        assert!(older.fallback_keys.split(',').all(knows), "{}", older.fallback_keys);
        assert!(knows("parallelism.default"));
        assert!(knows("metrics.reporter.prom.port"));
        assert!(knows("pipeline.global-job-parameters.customer"));
        assert!(!knows("pipeline.global-job-parametersx"));
        assert!(!knows("paralelism.default"));
        assert!(!knows(""));
    }

    #[test]
    fn unknown_keys_get_a_suggestion() {
        assert_eq!(suggest("paralelism.default"), Some("parallelism.default"));
        assert_eq!(suggest("table.exec.minibatch.enabled"), Some("table.exec.mini-batch.enabled"));
        assert_eq!(suggest("zzz"), None);
    }

    #[test]
    fn every_default_fits_its_type() {
        for entry in entries() {
            let Some(default) = entry.default else { continue };
            let fits = match entry.value_type {
                "Boolean" => bool::parse_config(default).is_ok(),
                "Integer" => i32::parse_config(default).is_ok(),
                "Long" => i64::parse_config(default).is_ok(),
                "Float" | "Double" => f64::parse_config(default).is_ok(),
                "Duration" => Duration::parse_config(default).is_ok(),
                "MemorySize" => MemorySize::parse_config(default).is_ok(),
                "Map" => BTreeMap::<String, String>::parse_config(default).is_ok(),
                list if list.starts_with("List") => Vec::<String>::parse_config(default).is_ok(),
                choice if choice.starts_with("Enum(") => {
                    choice[5..choice.len() - 1].split('|').any(|name| name.eq_ignore_ascii_case(default))
                }
                other => other == "String",
            };
            assert!(fits, "{}: {} = {default:?}", entry.key, entry.value_type);
        }
    }
}
