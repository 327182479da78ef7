//! JSON paths: where values lie in a document, as Jayway's JsonPath (which Flink uses) finds them.

use super::filter::Filter;
use super::path_parsing;
use super::value::Json;

/// A step from values to values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// `.name`, `['name']`
    Member(String),
    /// `['a', 'b']`
    Members(Vec<String>),
    /// `[3]`, `[-1]`
    Index(i64),
    /// `[0, 2]`
    Indexes(Vec<i64>),
    /// `[1:3]`, `[:2]`, `[-2:]`
    Slice(Option<i64>, Option<i64>),
    /// `.*`, `[*]`
    Wildcard,
    /// `..`: the value and all below it
    Descendants,
    /// `[?(…)]`
    Filter(Filter),
    /// `.length()`
    Length,
}

impl Step {
    /// Whether the step leads to one value at the most, so that a path of such steps gives a value and no list.
    fn is_definite(&self) -> bool {
        matches!(self, Step::Member(_) | Step::Index(_) | Step::Length | Step::Members(_))
    }
}

/// What becomes of a path that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// An error, which the call's ON ERROR treats.
    Strict,
    /// Nothing, which the call's ON EMPTY treats.
    Lax,
}

/// A path with its mode; strict if nothing is said.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) mode: Mode,
    steps: Vec<Step>,
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PathError {
    NotSupported(String),
    Invalid(String),
}

impl Path {
    /// Reads `[strict|lax] $…`.
    pub(super) fn parse(text: &str) -> Result<Self, PathError> {
        let trimmed = text.trim_start();
        let word = |word: &str| {
            let start = trimmed.get(..word.len())?;
            let rest = &trimmed[word.len()..];
            (start.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
        };
        let (mode, text) = match (word("strict"), word("lax")) {
            (Some(rest), _) => (Mode::Strict, rest),
            (_, Some(rest)) => (Mode::Lax, rest),
            _ => (Mode::Strict, text),
        };
        Ok(Path { mode, steps: path_parsing::steps(text)? })
    }

    /// The value to which the path leads; a list where it may lead to several. In lax mode nothing is `Ok(None)`.
    pub(super) fn read(&self, document: &Json) -> Result<Option<Json>, String> {
        if self.steps.iter().all(Step::is_definite) {
            let found = self.read_definite(document);
            return match (self.mode, found) {
                (_, Ok(Json::Null)) => Ok(None),
                (_, Ok(value)) => Ok(Some(value)),
                (Mode::Lax, Err(_)) => Ok(None),
                (Mode::Strict, Err(message)) => Err(message),
            };
        }
        let (steps, length) = match self.steps.split_last() {
            Some((Step::Length, steps)) => (steps, true),
            _ => (self.steps.as_slice(), false),
        };
        let mut values = vec![document];
        for step in steps {
            let mut next = Vec::new();
            values.iter().for_each(|value| follow(value, step, &mut next));
            values = next;
        }
        let found = if length {
            Json::Number(values.len().to_string())
        } else {
            Json::Array(values.into_iter().cloned().collect())
        };
        Ok(Some(found))
    }

    fn read_definite(&self, document: &Json) -> Result<Json, String> {
        let mut value = document;
        for (i, step) in self.steps.iter().enumerate() {
            let missing = || format!("No results for path: {}", shown(&self.steps[..=i]));
            value = match (step, value) {
                (Step::Length, Json::Array(elements)) => return Ok(Json::Number(elements.len().to_string())),
                (Step::Length, Json::Object(members)) => return Ok(Json::Number(members.len().to_string())),
                (Step::Length, Json::String(text)) => return Ok(Json::Number(text.chars().count().to_string())),
                (Step::Length, _) => return Ok(Json::Null),
                (Step::Members(names), Json::Object(members)) => {
                    let chosen = members.iter().filter(|(key, _)| names.contains(key)).cloned();
                    return Ok(Json::object(chosen.collect()));
                }
                (Step::Member(name), Json::Object(_)) => member(value, name).ok_or_else(missing)?,
                (Step::Member(name), _) => {
                    let place = shown(&self.steps[..i]);
                    return Err(format!("Expected to find an object with property ['{name}'] in path {place}"));
                }
                (Step::Index(index), Json::Array(elements)) => element(elements, *index).ok_or_else(missing)?,
                _ => return Err(format!("Filter: {} can only be applied to arrays", shown(&self.steps[i..=i]))),
            };
        }
        Ok(value.clone())
    }
}

/// The steps in brackets, as Jayway's messages show them.
fn shown(steps: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Member(name) => format!("['{name}']"),
        Step::Index(index) => format!("[{index}]"),
        Step::Length => ".length()".to_string(),
        other => format!("[{other:?}]"),
    };
    steps.iter().fold("$".to_string(), |text, next| text + &step(next))
}

fn member<'a>(value: &'a Json, name: &str) -> Option<&'a Json> {
    match value {
        Json::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
        _ => None,
    }
}

fn element(elements: &[Json], index: i64) -> Option<&Json> {
    let index = if index < 0 { index + elements.len() as i64 } else { index };
    usize::try_from(index).ok().and_then(|index| elements.get(index))
}

/// The values of a value's members or elements.
fn children(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(elements) => elements.iter().collect(),
        Json::Object(members) => members.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

/// Adds the values to which a step leads from one value.
fn follow<'a>(value: &'a Json, step: &Step, out: &mut Vec<&'a Json>) {
    match (step, value) {
        (Step::Member(name), _) => out.extend(member(value, name)),
        (Step::Members(names), _) => out.extend(names.iter().filter_map(|name| member(value, name))),
        (Step::Index(index), Json::Array(elements)) => out.extend(element(elements, *index)),
        (Step::Indexes(indexes), Json::Array(elements)) => {
            out.extend(indexes.iter().filter_map(|index| element(elements, *index)));
        }
        (Step::Slice(from, to), Json::Array(elements)) => {
            let length = elements.len() as i64;
            let bound =
                |position: i64| (if position < 0 { position + length } else { position }).clamp(0, length) as usize;
            let (from, to) = (bound(from.unwrap_or(0)), bound(to.unwrap_or(length)));
            out.extend(elements.get(from..to).unwrap_or(&[]));
        }
        (Step::Wildcard, _) => out.extend(children(value)),
        (Step::Descendants, _) => {
            out.push(value);
            children(value).into_iter().for_each(|child| follow(child, step, out));
        }
        (Step::Filter(filter), Json::Array(elements)) => {
            out.extend(elements.iter().filter(|element| filter.holds(element)));
        }
        (Step::Filter(filter), Json::Object(_)) if filter.holds(value) => out.push(value),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::value_parsing::parse;
    use super::*;

    fn read(document: &str, path: &str) -> Result<Option<String>, String> {
        let found = Path::parse(path).expect("a path").read(&parse(document).expect("JSON"))?;
        Ok(found.map(|value| value.to_text()))
    }

    #[test]
    fn definite_paths_give_one_value() {
        let some = |text: &str| Ok(Some(text.to_string()));
        assert_eq!(read(r#"{"a":[1,2]}"#, "$.a[1]"), some("2"));
        assert_eq!(read(r#"{"a":[1,2,3]}"#, "$.a[-1]"), some("3"));
        assert_eq!(read(r#"{"a b":1}"#, r#"$["a b"]"#), some("1"));
        assert_eq!(read(r#"{"a b":1}"#, "strict $.['a b']"), some("1"));
        assert_eq!(read(r#"{"a":[1,2,3]}"#, "$.a.length()"), some("3"));
        assert_eq!(read(r#"{"a":null}"#, "$.a"), Ok(None));
        assert_eq!(read(r#"{"a":1}"#, "lax $.b.c[0]"), Ok(None));
        assert_eq!(read(r#"{"a":1}"#, "$.invalid"), Err("No results for path: $['invalid']".to_string()));
        assert!(read(r#"{"a":[{"b":1}]}"#, "$.a.b").is_err());
    }

    #[test]
    fn other_paths_give_lists() {
        let some = |text: &str| Ok(Some(text.to_string()));
        let document = r#"{"a":[{"b":1},{"b":2},{"c":3}]}"#;
        assert_eq!(read(document, "$.a[*].b"), some("[1,2]"));
        assert_eq!(read(document, "$..b"), some("[1,2]"));
        assert_eq!(read(document, "$.a[?(@.b>1)]"), some(r#"[{"b":2}]"#));
        assert_eq!(read(document, "$.a[?(@.c)]"), some(r#"[{"c":3}]"#));
        assert_eq!(read(document, "$.a[0:2]"), some(r#"[{"b":1},{"b":2}]"#));
        assert_eq!(read(document, "$.a[0,2]"), some(r#"[{"b":1},{"c":3}]"#));
        assert_eq!(read(document, "$.x[*]"), some("[]"));
    }
}
