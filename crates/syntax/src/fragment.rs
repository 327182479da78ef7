//! The text cut into pieces for those who show or complete it: every byte belongs to exactly one fragment, also in text that isn't SQL.

use crate::Span;
use crate::keyword;
use crate::lexer::tokenize;
use crate::token::TokenKind;

/// What a piece of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FragmentKind {
    /// A keyword that is a name only in back-ticks.
    Reserved,
    /// A keyword that may as well be a name.
    Keyword,
    /// A bare name.
    Name,
    /// A name in back-ticks.
    QuotedName,
    /// A string or binary literal.
    Text,
    /// A number.
    Number,
    /// An operator, a bracket, a separator.
    Symbol,
    /// A comment with its signs.
    Comment,
    /// White space.
    Blank,
    /// What is no token: a strange character, or a string, quoted name or comment without end, which goes on to the end of the text.
    Invalid,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub struct Fragment {
    /// What it is.
    pub kind: FragmentKind,
    /// Where it is.
    pub span: Span,
}

/// Cuts the text into fragments, in order and without gaps.
pub fn fragments(source: &str) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut position = 0;
    for token in tokenize(source) {
        between(source, position, token.span.start, &mut fragments);
        position = token.span.end;
        let kind = match token.kind {
            TokenKind::Word(Some(word)) if keyword::is_reserved(word) => FragmentKind::Reserved,
            TokenKind::Word(Some(_)) => FragmentKind::Keyword,
            TokenKind::Word(None) => FragmentKind::Name,
            TokenKind::Quoted(_) => FragmentKind::QuotedName,
            TokenKind::Text(_) | TokenKind::UnicodeText(_) | TokenKind::Bytes(_) => FragmentKind::Text,
            TokenKind::Number | TokenKind::Approximate => FragmentKind::Number,
            TokenKind::Symbol(_) => FragmentKind::Symbol,
            TokenKind::Invalid(_) => FragmentKind::Invalid,
            TokenKind::End => break,
        };
        fragments.push(Fragment { kind, span: token.span });
    }
    fragments
}

/// White space and comments, all of which have an end, between two tokens.
fn between(source: &str, start: usize, end: usize, fragments: &mut Vec<Fragment>) {
    let mut position = start;
    while position < end {
        let rest = Span::new(position, end).text(source);
        let (kind, length) = if rest.starts_with("--") || rest.starts_with("//") {
            (FragmentKind::Comment, rest.find(['\n', '\r']))
        } else if let Some(inner) = rest.strip_prefix("/*") {
            (FragmentKind::Comment, inner.find("*/").map(|length| length + 4))
        } else {
            (FragmentKind::Blank, rest.find(|character: char| !character.is_whitespace()))
        };
        let length = length.unwrap_or(rest.len());
        fragments.push(Fragment { kind, span: Span::new(position, position + length) });
        position += length;
    }
}

#[cfg(test)]
mod tests {
    use super::FragmentKind::{Blank, Comment, Invalid, Keyword, Name, Number, QuotedName, Reserved, Symbol, Text};
    use super::*;

    fn cut(source: &str) -> Vec<(FragmentKind, &str)> {
        fragments(source).iter().map(|fragment| (fragment.kind, fragment.span.text(source))).collect()
    }

    #[test]
    fn every_byte_has_its_fragment() {
        let source = "SELECT key, `a`, 1.5 -- é\n /* x */ FROM täble;\n";
        let expected = [
            (Reserved, "SELECT"),
            (Blank, " "),
            (Keyword, "key"),
            (Symbol, ","),
            (Blank, " "),
            (QuotedName, "`a`"),
            (Symbol, ","),
            (Blank, " "),
            (Number, "1.5"),
            (Blank, " "),
            (Comment, "-- é"),
            (Blank, "\n "),
            (Comment, "/* x */"),
            (Blank, " "),
            (Reserved, "FROM"),
            (Blank, " "),
            (Name, "täble"),
            (Symbol, ";"),
            (Blank, "\n"),
        ];
        assert_eq!(cut(source), expected);
    }

    #[test]
    fn what_has_no_end_goes_on_to_the_end() {
        assert_eq!(cut("'a' 'b; -- c"), [(Text, "'a'"), (Blank, " "), (Invalid, "'b; -- c")]);
        assert_eq!(cut("; /* é; "), [(Symbol, ";"), (Blank, " "), (Invalid, "/* é; ")]);
        assert!(cut("").is_empty());
    }
}
