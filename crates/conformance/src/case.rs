//! One case: its record, its kind, how it ended.

use serde_json::Value as Json;

use crate::limits::WHY_CHARACTERS_MAX;

/// The four files of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Whole pipelines and their changelogs.
    Programs,
    /// One expression or aggregate and its result.
    Functions,
    /// Queries over test tables.
    Itcases,
    /// Scripts with the client's output.
    Scripts,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub const ALL: [Kind; 4] = [Kind::Programs, Kind::Functions, Kind::Itcases, Kind::Scripts];

    /// The name in reports and on the command line; the file is `<name>.jsonl`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Programs => "programs",
            Kind::Functions => "functions",
            Kind::Itcases => "itcases",
            Kind::Scripts => "scripts",
        }
    }

    /// The kind of a name.
    pub fn of_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As Flink.
    Passed,
    /// Another result than Flink's, with both.
    Failed(String),
    /// Refused with the name of a construct that flott lacks.
    NotSupported(String),
    /// The record cannot be run by anyone without Java code or values that it lacks.
    Skipped(String),
}

/// What ends a case early.
pub(crate) type Ended<T> = Result<T, Outcome>;

impl Outcome {
    /// The outcome of an error that was not expected.
    pub(crate) fn of_error(message: &str) -> Outcome {
        let why: String = message.chars().take(WHY_CHARACTERS_MAX).collect();
        if message.contains("not supported") { Outcome::NotSupported(why) } else { Outcome::Failed(why) }
    }

    /// A failure with the reason.
    pub(crate) fn failed(why: impl Into<String>) -> Outcome {
        let why: String = why.into();
        Outcome::Failed(why.chars().take(WHY_CHARACTERS_MAX).collect())
    }
}

/// The text of a member of a record.
pub(crate) fn text<'a>(record: &'a Json, member: &str) -> Option<&'a str> {
    record.get(member).and_then(Json::as_str)
}

/// The elements of a member that is a list; none if it is absent or null.
pub(crate) fn list<'a>(record: &'a Json, member: &str) -> &'a [Json] {
    record.get(member).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// Whether a record carries a flag.
pub(crate) fn has_flag(record: &Json, flag: &str) -> bool {
    list(record, "flags").iter().any(|known| known.as_str() == Some(flag))
}

/// The texts of a list.
pub(crate) fn texts<'a>(record: &'a Json, member: &str) -> Vec<&'a str> {
    list(record, member).iter().filter_map(Json::as_str).collect()
}

/// The options of a member that is an object of texts.
pub(crate) fn options(record: &Json, member: &str) -> Vec<(String, String)> {
    let Some(entries) = record.get(member).and_then(Json::as_object) else { return Vec::new() };
    let plain = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
}

/// Whether some text names a function that is Java code, which no record holds.
pub(crate) fn names_java_function(record: &Json, sql: &[&str]) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let names = |text: &str, name: &str| {
        text.split(|character| !is_part(character)).any(|word| word.eq_ignore_ascii_case(name))
    };
    texts(record, "java_udfs").iter().any(|name| sql.iter().any(|text| names(text, name)))
}
