//! A Java regular expression, compiled; and a bounded cache of those that come from columns.

use std::cell::RefCell;

use super::translation;
use crate::evaluator::EvaluationError;
use crate::functions::mapping::failed;
use crate::limits::{PATTERN_STEPS_MAX, PATTERNS_CACHED_MAX};

/// A compiled expression.
#[derive(Debug)]
pub(in crate::functions) struct Pattern {
    plain: Engine,
    /// For texts that end with a line terminator, where that makes a difference.
    before_terminator: Option<Engine>,
}

/// What runs an expression.
#[derive(Debug)]
enum Engine {
    /// Without look-around and back-references: linear in the text. The places of groups are kept to be used again.
    Linear(regex::Regex, RefCell<regex::CaptureLocations>),
    /// With them: by backtracking, up to a bound of steps.
    Backtracking(fancy_regex::Regex),
}

/// Why there is no pattern.
#[derive(Debug)]
pub(in crate::functions) enum PatternError {
    /// Java has it, flott does not.
    NotSupported(String),
    /// Java refuses it, too.
    Invalid,
}

impl Pattern {
    /// Compiles a Java expression.
    pub(in crate::functions) fn new(java: &str) -> Result<Pattern, PatternError> {
        let translation = translation::translate(java).map_err(PatternError::NotSupported)?;
        let plain = Engine::new(&translation.plain)?;
        let before_terminator = translation.before_terminator.map(|text| Engine::new(&text)).transpose()?;
        Ok(Pattern { plain, before_terminator })
    }

    /// The engine for a text.
    fn engine(&self, text: &str) -> &Engine {
        match &self.before_terminator {
            Some(engine) if text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) => engine,
            _ => &self.plain,
        }
    }

    /// Whether it is found anywhere.
    pub(in crate::functions) fn is_match(&self, text: &str) -> bool {
        match self.engine(text) {
            Engine::Linear(regex, _) => regex.is_match(text),
            engine => engine.find_at(text, 0).is_some(),
        }
    }

    /// All matches from left to right, as `Matcher.find` of Java steps: after an empty match one character on, and an empty match
    /// may follow another directly.
    pub(in crate::functions) fn matches<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let engine = self.engine(text);
        let mut from = Some(0);
        std::iter::from_fn(move || {
            let found = engine.find_at(text, from?)?;
            from = following(text, found);
            Some(found)
        })
    }

    /// Where a group (0: the whole) of the first match lies; `None` without match or group.
    pub(in crate::functions) fn group_of_first(&self, text: &str, group: usize) -> Option<(usize, usize)> {
        let engine = self.engine(text);
        if group > engine.groups() {
            return None;
        }
        if group == 0 {
            return engine.find_at(text, 0);
        }
        engine.captures_at(text, 0, group)?.1
    }

    /// The places of a group in all matches; `None` if there is no such group.
    pub(in crate::functions) fn group_of_all(&self, text: &str, group: usize) -> Option<Vec<Option<(usize, usize)>>> {
        let engine = self.engine(text);
        if group > engine.groups() {
            return None;
        }
        let mut places = Vec::new();
        let mut from = Some(0);
        while let Some(found) = from.and_then(|from| engine.captures_at(text, from, group)) {
            places.push(found.1);
            from = following(text, found.0);
        }
        Some(places)
    }
}

impl Engine {
    fn new(text: &str) -> Result<Self, PatternError> {
        if let Ok(regex) = regex::Regex::new(text) {
            let places = RefCell::new(regex.capture_locations());
            return Ok(Engine::Linear(regex, places));
        }
        let built = fancy_regex::RegexBuilder::new(text).backtrack_limit(PATTERN_STEPS_MAX).build();
        built.map(Engine::Backtracking).map_err(|_| PatternError::Invalid)
    }

    /// The first match at or after a place, with the text before it as context.
    fn find_at(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        match self {
            Engine::Linear(regex, _) => regex.find_at(text, from).map(|found| (found.start(), found.end())),
            Engine::Backtracking(regex) => {
                regex.find_from_pos(text, from).ok().flatten().map(|found| (found.start(), found.end()))
            }
        }
    }

    /// Number of groups, the whole match not counted.
    fn groups(&self) -> usize {
        match self {
            Engine::Linear(regex, _) => regex.captures_len() - 1,
            Engine::Backtracking(regex) => regex.captures_len() - 1,
        }
    }

    /// The whole match at or after a place, and the place of a group in it.
    #[allow(clippy::type_complexity)]
    fn captures_at(&self, text: &str, from: usize, group: usize) -> Option<((usize, usize), Option<(usize, usize)>)> {
        match self {
            Engine::Linear(regex, places) => {
                let mut places = places.borrow_mut();
                let whole = regex.captures_read_at(&mut places, text, from)?;
                Some(((whole.start(), whole.end()), places.get(group)))
            }
            Engine::Backtracking(regex) => {
                let captures = regex.captures_from_pos(text, from).ok().flatten()?;
                let place = |group| captures.get(group).map(|found| (found.start(), found.end()));
                Some((place(0)?, place(group)))
            }
        }
    }
}

/// Where the search goes on after a match; `None` at the end.
fn following(text: &str, (start, end): (usize, usize)) -> Option<usize> {
    if end > start {
        return Some(end);
    }
    text[end..].chars().next().map(|c| end + c.len_utf8())
}

/// Compiled expressions by their text; the last one used is at hand at once.
#[derive(Debug, Default)]
pub(in crate::functions) struct PatternCache {
    /// In order of use, the last used at the end. Few, so a list does.
    entries: Vec<(String, Option<Pattern>)>,
}

impl PatternCache {
    /// Compiles a constant; the error is the construct that is not supported.
    pub(in crate::functions) fn prepare(&mut self, java: &str) -> Result<(), String> {
        self.lookup(java).map(|_| ())
    }

    /// The expression of a row; `None` if Java refuses it.
    pub(in crate::functions) fn find(&mut self, java: &str, row: usize) -> Result<Option<&Pattern>, EvaluationError> {
        self.lookup(java)
            .map_err(|construct| failed(row, format!("not supported: {construct} in a regular expression")))
    }

    /// The expression of a row; an error if Java refuses it.
    pub(in crate::functions) fn of_row(&mut self, java: &str, row: usize) -> Result<&Pattern, EvaluationError> {
        self.find(java, row)?.ok_or_else(|| failed(row, format!("invalid regular expression: {java}")))
    }

    fn lookup(&mut self, java: &str) -> Result<Option<&Pattern>, String> {
        if self.entries.last().is_none_or(|(text, _)| text != java) {
            let entry = self.take(java)?;
            if self.entries.len() >= PATTERNS_CACHED_MAX {
                self.entries.remove(0);
            }
            self.entries.push(entry);
        }
        Ok(self.entries.last().and_then(|(_, pattern)| pattern.as_ref()))
    }

    /// Takes an expression out of the cache, or compiles it.
    fn take(&mut self, java: &str) -> Result<(String, Option<Pattern>), String> {
        if let Some(place) = self.entries.iter().position(|(text, _)| text == java) {
            return Ok(self.entries.remove(place));
        }
        let pattern = match Pattern::new(java) {
            Ok(pattern) => Some(pattern),
            Err(PatternError::Invalid) => None,
            Err(PatternError::NotSupported(construct)) => return Err(construct),
        };
        Ok((java.to_string(), pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(java: &str) -> Pattern {
        Pattern::new(java).expect("a pattern")
    }

    fn first<'a>(java: &str, text: &'a str, group: usize) -> Option<&'a str> {
        pattern(java).group_of_first(text, group).map(|(start, end)| &text[start..end])
    }

    #[test]
    fn groups_are_those_of_java() {
        assert_eq!(first("foo(.*?)(bar)", "foothebar", 1), Some("the"));
        assert_eq!(first("foo(.*?)(bar)", "foothebar", 0), Some("foothebar"));
        assert_eq!(first("foo([\\d]+)", "foothebar", 1), None);
        assert_eq!(first("(o)(z)?", "foobar", 2), None);
        assert_eq!(first("o", "foobar", 3), None);
        assert_eq!(first("(?<=foo)bar", "foobar", 0), Some("bar"));
        assert_eq!(first("a++b", "aab", 0), Some("aab"));
        assert_eq!(first("(a)\\1", "aab", 0), Some("aa"));
        assert_eq!(first("[a-z&&[^b]]+", "a&b", 0), Some("a"));
        assert_eq!(first("(a)$", "a\n", 1), Some("a"));
        assert_eq!(first("a$", "a\nb", 0), None);
        assert_eq!(first("(?m)a$", "a\nb", 0), Some("a"));
    }

    #[test]
    fn classes_are_ascii_as_in_java() {
        assert_eq!(first("\\w", "é", 0), None);
        assert_eq!(first("[[:alpha:]]+", "bad", 0), Some("a"));
        assert_eq!(first("\\p{IsAlphabetic}+", "héllo", 0), Some("héllo"));
        assert_eq!(first("\\p{Alpha}+", "héllo", 0), Some("h"));
        assert_eq!(first("\\Qa.b\\E", "axb a.b", 0), Some("a.b"));
    }

    #[test]
    fn empty_matches_step_as_in_java() {
        assert_eq!(pattern("").matches("aaa").count(), 4);
        assert_eq!(pattern("a*").matches("aaa").count(), 2);
    }

    #[test]
    fn what_java_refuses_is_invalid_and_what_is_unknown_is_named() {
        assert!(matches!(Pattern::new("("), Err(PatternError::Invalid)));
        assert!(matches!(Pattern::new("\\X"), Err(PatternError::NotSupported(construct)) if construct == "\\X"));
    }
}
