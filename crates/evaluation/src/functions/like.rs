//! LIKE and SIMILAR TO. A literal pattern is compiled once; a pattern from a column when it differs from the row before.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;

use super::constants::Texts;
use super::mapping::{failed, strings};
use super::regexp::pattern::{Pattern, PatternError};
use super::{CallSite, Frame, Infallible, ScalarFunction, WithScalars};
use crate::evaluator::{CompileError, EvaluationError};

/// Compiles LIKE, SIMILAR TO and their negations.
pub(super) fn compile(call: &CallSite) -> Result<Box<dyn ScalarFunction>, CompileError> {
    let negated = call.name.starts_with("NOT ");
    let similar = call.name.ends_with("SIMILAR TO");
    let escape = if call.len() > 2 { call.text_literal(2) } else { Some("") };
    if let (Some(pattern), Some(escape)) = (call.text_literal(1), escape) {
        let matcher = Matcher::new(similar, pattern, escape).map_err(CompileError::WrongConstant)?;
        return Ok(Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
            let texts = strings(&arguments[0]);
            let values = BooleanBuffer::collect_bool(texts.len(), |row| matcher.matches(texts.value(row)) != negated);
            Ok::<ArrayRef, EvaluationError>(Arc::new(BooleanArray::new(values, texts.nulls().cloned())))
        })));
    }
    let mut known: Option<(String, String, Matcher)> = None;
    Ok(Box::new(WithScalars(move |arguments: &[ArrayRef], frame: &Frame| {
        let (texts, patterns) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
        let escapes = arguments.get(2).map(Texts::of);
        let mut truth: Vec<Option<bool>> = Vec::with_capacity(frame.rows);
        for row in 0..frame.rows {
            let escape = escapes.as_ref().map_or(Some(""), |escapes| escapes.get(row));
            let (Some(text), Some(pattern), Some(escape)) = (texts.get(row), patterns.get(row), escape) else {
                truth.push(None);
                continue;
            };
            let matcher = match &mut known {
                Some((p, e, matcher)) if p == pattern && e == escape => matcher,
                slot => {
                    let matcher = Matcher::new(similar, pattern, escape).map_err(|message| failed(row, message))?;
                    &mut slot.insert((pattern.to_string(), escape.to_string(), matcher)).2
                }
            };
            truth.push(Some(matcher.matches(text) != negated));
        }
        Ok(Arc::new(BooleanArray::from(truth)) as ArrayRef)
    })))
}

/// A compiled pattern.
enum Matcher {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    General(Vec<Token>),
    Expression(Pattern),
}

/// A part of a LIKE pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// `%`
    Many,
    /// `_`
    One,
    Literal(char),
}

impl Matcher {
    fn new(similar: bool, pattern: &str, escape: &str) -> Result<Matcher, String> {
        let mut characters = escape.chars();
        let escape = match (characters.next(), characters.next()) {
            (None, _) => None,
            (Some(' ' | '\0'), None) | (Some(_), Some(_)) => {
                return Err(format!("Invalid escape character '{escape}'"));
            }
            (Some(character), None) => Some(character),
        };
        if similar { similar_to(pattern, escape) } else { Ok(simplest(tokens(pattern, escape)?)) }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Matcher::Equals(whole) => text == whole,
            Matcher::StartsWith(start) => text.starts_with(start.as_str()),
            Matcher::EndsWith(end) => text.ends_with(end.as_str()),
            Matcher::Contains(part) => text.contains(part.as_str()),
            Matcher::General(tokens) => matches_tokens(tokens, text),
            Matcher::Expression(pattern) => pattern.is_match(text),
        }
    }
}

fn tokens(pattern: &str, escape: Option<char>) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars().enumerate();
    while let Some((index, character)) = characters.next() {
        let token = match character {
            _ if Some(character) == escape => match characters.next() {
                Some((_, next)) if next == '_' || next == '%' || Some(next) == escape => Token::Literal(next),
                _ => return Err(format!("Invalid escape sequence '{pattern}', {index}")),
            },
            '%' => Token::Many,
            '_' => Token::One,
            other => Token::Literal(other),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

/// The cheapest matcher for a pattern.
fn simplest(tokens: Vec<Token>) -> Matcher {
    let found = match tokens.as_slice() {
        [Token::Many, middle @ .., Token::Many] => literal(middle).map(Matcher::Contains),
        [start @ .., Token::Many] => literal(start).map(Matcher::StartsWith),
        [Token::Many, end @ ..] => literal(end).map(Matcher::EndsWith),
        all => literal(all).map(Matcher::Equals),
    };
    found.unwrap_or(Matcher::General(tokens))
}

/// The text of a pattern without wildcards.
fn literal(tokens: &[Token]) -> Option<String> {
    tokens.iter().map(|token| if let Token::Literal(character) = token { Some(*character) } else { None }).collect()
}

/// Matches by going back to the last `%` only: linear for most patterns, quadratic at worst.
fn matches_tokens(tokens: &[Token], text: &str) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut last_many: Option<(usize, usize)> = None;
    while let Some(character) = text[at..].chars().next() {
        let advance = match tokens.get(token) {
            Some(Token::Many) => {
                token += 1;
                last_many = Some((token, at));
                continue;
            }
            Some(Token::One) => true,
            Some(Token::Literal(wanted)) => *wanted == character,
            None => false,
        };
        if advance {
            token += 1;
            at += character.len_utf8();
            continue;
        }
        let Some((after, start)) = last_many else { return false };
        let skipped = text[start..].chars().next().map_or(0, char::len_utf8);
        (token, at) = (after, start + skipped);
        last_many = Some((after, at));
    }
    tokens[token..].iter().all(|token| *token == Token::Many)
}

/// Translates a SIMILAR TO pattern to a regular expression that matches whole texts.
fn similar_to(pattern: &str, escape: Option<char>) -> Result<Matcher, String> {
    const SIMILAR_SPECIALS: &str = "[]()|^-+*_%?{}";
    const REGEX_SPECIALS: &str = "[]()|^-+*?{}$\\.";
    let mut out = String::from("\\A(?:");
    let characters: Vec<char> = pattern.chars().collect();
    let mut index = 0;
    while index < characters.len() {
        let character = characters[index];
        if Some(character) == escape {
            let next = characters.get(index + 1).copied();
            let Some(next) = next.filter(|next| SIMILAR_SPECIALS.contains(*next) || Some(*next) == escape) else {
                return Err(format!("Invalid escape sequence '{pattern}', {index}"));
            };
            if REGEX_SPECIALS.contains(next) {
                out.push('\\');
            }
            out.push(next);
            index += 1;
        } else {
            match character {
                '_' => out.push('.'),
                '%' => out.push_str("(?s:.*)"),
                '[' => index = character_class(&characters, index, &mut out),
                other => out.push(other),
            }
        }
        index += 1;
    }
    out.push_str(")\\z");
    match Pattern::new(&out) {
        Ok(pattern) => Ok(Matcher::Expression(pattern)),
        Err(PatternError::NotSupported(what)) => Err(format!("not supported: {what} in SIMILAR TO '{pattern}'")),
        Err(PatternError::Invalid) => Err(format!("invalid SIMILAR TO pattern '{pattern}'")),
    }
}

/// Classes of characters by name within brackets.
const CLASSES: [(&str, &str); 8] = [
    ("[:ALPHA:]", "\\p{Alpha}"),
    ("[:UPPER:]", "\\p{Upper}"),
    ("[:LOWER:]", "\\p{Lower}"),
    ("[:DIGIT:]", "\\d"),
    ("[:ALNUM:]", "\\p{Alnum}"),
    ("[:SPACE:]", " "),
    ("[:WHITESPACE:]", "\\s"),
    ("[:PUNCT:]", "\\p{Punct}"),
];

/// Copies a bracket expression with its named classes; gives the index of its last character.
fn character_class(characters: &[char], start: usize, out: &mut String) -> usize {
    out.push('[');
    let mut index = start + 1;
    while index < characters.len() && characters[index] != ']' {
        let rest: String = characters[index..].iter().take(14).collect::<String>().to_uppercase();
        match CLASSES.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, class)) => {
                out.push_str(class);
                index += name.len();
            }
            None => {
                out.push(characters[index]);
                index += 1;
            }
        }
    }
    if index < characters.len() {
        out.push(']');
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str, escape: &str) -> Result<bool, String> {
        Matcher::new(false, pattern, escape).map(|matcher| matcher.matches(text))
    }

    #[test]
    fn like_matches_as_in_flink() {
        assert_eq!(like("a_b", "a\\_b", ""), Ok(false));
        assert_eq!(like("a_b", "a#_b", "#"), Ok(true));
        assert_eq!(like("te_st", "te__st", "_"), Ok(true));
        assert_eq!(like("test%", "test%%", "%"), Ok(true));
        assert_eq!(like("a\nc", "a%c", ""), Ok(true));
        assert_eq!(like("✅test✅", "✅%✅", "\\"), Ok(true));
        assert_eq!(like("mississippi", "m%iss%_pi", ""), Ok(true));
        assert_eq!(like("", "%", ""), Ok(true));
        assert_eq!(like("ab", "_", ""), Ok(false));
        assert_eq!(like("te_st", "te_st", "_"), Err("Invalid escape sequence 'te_st', 2".to_string()));
        assert_eq!(like("test", "test", " "), Err("Invalid escape character ' '".to_string()));
    }

    #[test]
    fn similar_to_matches_whole_texts() {
        let similar = |text: &str, pattern: &str, escape: &str| {
            Matcher::new(true, pattern, escape).map(|matcher| matcher.matches(text))
        };
        assert_eq!(similar("foo", "(foo|bar)", ""), Ok(true));
        assert_eq!(similar("abc", "a(b|x)_", ""), Ok(true));
        assert_eq!(similar("abc", "a.c", ""), Ok(true));
        assert_eq!(similar("abc", "b", ""), Ok(false));
        assert_eq!(similar("abc", "[[:ALPHA:]]+", ""), Ok(true));
        assert_eq!(similar("ab_c", "ab!_c", "!"), Ok(true));
        assert_eq!(similar("abxc", "ab!_c", "!"), Ok(false));
        assert_eq!(similar("abc", "a%", ""), Ok(true));
    }
}
