//! Reading JSON paths.

use super::filter;
use super::path::{PathError, Step};

/// The steps of `$.a['b'][0]…`.
pub(super) fn steps(text: &str) -> Result<Vec<Step>, PathError> {
    let text = text.trim();
    // Jayway puts the root before a path that lacks it.
    let rest = text.strip_prefix('$').map_or_else(|| format!(".{text}"), str::to_string);
    let mut parser = Parser { rest: &rest };
    let mut steps = Vec::new();
    while !parser.rest.is_empty() {
        parser.step(&mut steps)?;
    }
    Ok(steps)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn invalid(&self) -> PathError {
        PathError::Invalid(format!("Could not parse the JSON path at '{}'", self.rest))
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn step(&mut self, steps: &mut Vec<Step>) -> Result<(), PathError> {
        if self.take("..") {
            steps.push(Step::Descendants);
            return if self.rest.starts_with('[') { Ok(()) } else { self.name(steps) };
        }
        if self.take(".") {
            return if self.rest.starts_with('[') { self.step(steps) } else { self.name(steps) };
        }
        if self.take("[") {
            let step = self.bracket()?;
            steps.push(step);
            return Ok(());
        }
        Err(self.invalid())
    }

    /// A name after a point: `a`, `*`, `length()`.
    fn name(&mut self, steps: &mut Vec<Step>) -> Result<(), PathError> {
        if self.take("*") {
            steps.push(Step::Wildcard);
            return Ok(());
        }
        let end = self.rest.find(['.', '[', '(', ' ']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(self.invalid());
        }
        self.rest = rest;
        if self.take("(") {
            let is_length = (name == "length" || name == "size") && self.take(")") && self.rest.is_empty();
            let unknown = || PathError::NotSupported(format!("function {name}() in a JSON path"));
            steps.push(is_length.then_some(Step::Length).ok_or_else(unknown)?);
            return Ok(());
        }
        steps.push(Step::Member(name.to_string()));
        Ok(())
    }

    /// What stands in brackets, up to and with the closing one.
    fn bracket(&mut self) -> Result<Step, PathError> {
        self.rest = self.rest.trim_start();
        if self.take("?") {
            return self.filter();
        }
        if self.rest.starts_with(['\'', '"']) {
            return self.names();
        }
        let Some(end) = self.rest.find(']') else { return Err(self.invalid()) };
        let inside = self.rest[..end].trim();
        let step = index_step(inside).ok_or_else(|| self.invalid())?;
        self.rest = &self.rest[end + 1..];
        Ok(step)
    }

    fn names(&mut self) -> Result<Step, PathError> {
        let mut names = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            names.push(self.quoted()?);
            self.rest = self.rest.trim_start();
            if self.take("]") {
                break;
            }
            if !self.take(",") {
                return Err(self.invalid());
            }
        }
        Ok(if names.len() == 1 { Step::Member(names.remove(0)) } else { Step::Members(names) })
    }

    /// A name in quotes of either kind; a backslash keeps the next character.
    fn quoted(&mut self) -> Result<String, PathError> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or_else(|| self.invalid())?;
        let mut name = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((place, c)) = characters.next() {
            match c {
                '\\' => name.extend(characters.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.rest = &self.rest[place + 1..];
                    return Ok(name);
                }
                c => name.push(c),
            }
        }
        Err(self.invalid())
    }

    /// `(…)]` after a question mark; quotes may hold brackets.
    fn filter(&mut self) -> Result<Step, PathError> {
        let mut quote = None;
        let mut depth = 0;
        for (place, c) in self.rest.char_indices() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(' | '[') => depth += 1,
                (None, ')') => depth -= 1,
                (None, ']') if depth == 0 => {
                    let condition = self.rest[..place].trim();
                    let inner = condition.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
                    let inner = inner.ok_or_else(|| self.invalid())?;
                    self.rest = &self.rest[place + 1..];
                    return filter::parse(inner).map(Step::Filter);
                }
                (None, ']') => depth -= 1,
                _ => {}
            }
        }
        Err(self.invalid())
    }
}

/// `*`, `3`, `0,2`, `1:3`
fn index_step(text: &str) -> Option<Step> {
    if text == "*" {
        return Some(Step::Wildcard);
    }
    if let Some((from, to)) = text.split_once(':') {
        let bound = |text: &str| match text.trim() {
            "" => Some(None),
            number => number.parse().ok().map(Some),
        };
        return Some(Step::Slice(bound(from)?, bound(to)?));
    }
    let indexes: Option<Vec<i64>> = text.split(',').map(|index| index.trim().parse().ok()).collect();
    match indexes?.as_slice() {
        [index] => Some(Step::Index(*index)),
        indexes => Some(Step::Indexes(indexes.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_named() {
        let refused = PathError::NotSupported("function max() in a JSON path".to_string());
        assert_eq!(steps("$.a.max()"), Err(refused));
        assert!(matches!(steps("$.a["), Err(PathError::Invalid(_))));
        assert!(matches!(steps("$.a..."), Err(PathError::Invalid(_))));
    }
}
