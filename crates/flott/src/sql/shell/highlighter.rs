//! Colours of what is typed: keywords, strings, numbers, comments, and what is no SQL.

use flott_syntax::{FragmentKind, fragments};
use reedline::{Color, Highlighter, StyledText};

use super::words::is_statement_word;

/// Colours by the lexer's fragments.
pub struct SqlHighlighter;

impl Highlighter for SqlHighlighter {
    fn highlight(&self, line: &str, _: usize) -> StyledText {
        let mut styled = StyledText::new();
        for fragment in fragments(line) {
            let text = fragment.span.text(line);
            let style = match colour(fragment.kind, text) {
                Some(colour) if fragment.kind == FragmentKind::Reserved => colour.bold(),
                Some(colour) => colour.normal(),
                None => Color::Default.normal(),
            };
            styled.push((style, text.to_string()));
        }
        styled
    }
}

/// The colour of a fragment; `None` for the terminal's own.
fn colour(kind: FragmentKind, text: &str) -> Option<Color> {
    match kind {
        FragmentKind::Reserved => Some(Color::Blue),
        // Many of these words are columns' names more often than keywords.
        FragmentKind::Keyword => is_statement_word(text).then_some(Color::Blue),
        FragmentKind::Text => Some(Color::Green),
        FragmentKind::Number => Some(Color::Cyan),
        FragmentKind::QuotedName => Some(Color::Yellow),
        FragmentKind::Comment => Some(Color::DarkGray),
        FragmentKind::Invalid => Some(Color::Red),
        FragmentKind::Name | FragmentKind::Symbol | FragmentKind::Blank => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(line: &str) -> Vec<(Option<Color>, String)> {
        let styled = SqlHighlighter.highlight(line, 0);
        let parts = styled.buffer.into_iter().filter(|(_, text)| !text.trim().is_empty());
        parts.map(|(style, text)| (style.foreground.filter(|colour| *colour != Color::Default), text)).collect()
    }

    #[test]
    fn parts_have_their_colours() {
        let expected = [
            (Some(Color::Blue), "SELECT"),
            (None, "price"),
            (None, "+"),
            (Some(Color::Cyan), "1"),
            (None, ","),
            (Some(Color::Green), "'a'"),
            (Some(Color::Blue), "FROM"),
            (Some(Color::Yellow), "`t`"),
            (Some(Color::DarkGray), "-- end"),
        ];
        let expected = expected.map(|(colour, text)| (colour, text.to_string()));
        assert_eq!(coloured("SELECT price + 1, 'a' FROM `t` -- end"), expected);
    }

    #[test]
    fn an_open_string_is_red_and_a_name_that_is_a_rare_keyword_is_plain() {
        assert_eq!(coloured("'abc"), [(Some(Color::Red), "'abc".to_string())]);
        assert_eq!(coloured("name"), [(None, "name".to_string())]);
        assert_eq!(coloured("temporary"), [(Some(Color::Blue), "temporary".to_string())]);
    }

    #[test]
    fn nothing_is_lost() {
        let line = "SELECT é /* ü */ ; 'x";
        let styled = SqlHighlighter.highlight(line, 3);
        let text: String = styled.buffer.into_iter().map(|(_, text)| text).collect();
        assert_eq!(text, line);
    }
}
