//! Cuts SQL text into tokens.
//!
//! The lexer never fails: what is no token becomes [`TokenKind::Invalid`] and is an error only if the parser
//! reaches it. So an unfinished string in one statement doesn't hide the statements before it, and raw text (the
//! value of `SET key = value`) may hold anything.

use crate::Span;
use crate::keyword;
use crate::token::{Token, TokenKind};

/// Operators and brackets, longer ones before their prefixes.
const SYMBOLS: &[&str] = &[
    "/*+", "<=", ">=", "<>", "!=", "||", "=>", "(", ")", "[", "]", "{", "}", "<", ">", "=", "+", "-", "*", "/", "%",
    "|", ",", ".", ";", ":", "?", "^", "$",
];

/// Cuts the text into tokens; the last one is always [`TokenKind::End`].
pub(crate) fn tokenize(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { source, position: 0, in_hint: false };
    let mut tokens = Vec::with_capacity(source.len() / 5 + 1);
    loop {
        let token = lexer.next();
        let end = token.kind == TokenKind::End;
        tokens.push(token);
        if end {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    source: &'a str,
    /// Byte offset of the next character.
    position: usize,
    /// Whether a `/*+` is open, so that `*/` is a token.
    in_hint: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or("")
    }

    fn next(&mut self) -> Token {
        let kind = match self.skip_blanks() {
            Ok(()) => None,
            Err((start, reason)) => Some((start, TokenKind::Invalid(reason))),
        };
        let (start, kind) = match kind {
            Some(invalid) => invalid,
            None => {
                let start = self.position;
                (start, self.token())
            }
        };
        Token { kind, span: Span::new(start, self.position) }
    }

    /// Skips white space and comments. Fails with the start of a comment that has no end.
    fn skip_blanks(&mut self) -> Result<(), (usize, String)> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.position += rest.len() - trimmed.len();
            if trimmed.starts_with("--") || trimmed.starts_with("//") {
                let length = trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
                self.position += length;
            } else if trimmed.starts_with("/*") && !trimmed.starts_with("/*+") {
                let start = self.position;
                match trimmed[2..].find("*/") {
                    Some(length) => self.position += 2 + length + 2,
                    None => {
                        self.position = self.source.len();
                        return Err((start, "this comment has no end".to_string()));
                    }
                }
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> TokenKind {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return TokenKind::End;
        };
        if let Some(kind) = self.prefixed_text(rest) {
            return kind;
        }
        match first {
            '\'' => self.text(0, TokenKind::Text),
            '`' => self.quoted(),
            '0'..='9' => self.number(),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number(),
            '$' if !rest[1..].starts_with(is_word_part) => self.symbol(),
            _ if is_word_start(first) => self.word(),
            _ => self.symbol(),
        }
    }

    /// `X'..'`, `E'..'`, `U&'..'`, `N'..'` and `_charset'..'`.
    fn prefixed_text(&mut self, rest: &str) -> Option<TokenKind> {
        let first = rest.chars().next()?;
        let after = &rest[first.len_utf8()..];
        match first {
            'x' | 'X' if after.starts_with('\'') => Some(self.bytes()),
            'e' | 'E' if after.starts_with('\'') => Some(self.escaped_text()),
            'n' | 'N' if after.starts_with('\'') => Some(self.text(1, TokenKind::Text)),
            'u' | 'U' if after.starts_with("&'") => Some(self.text(2, TokenKind::UnicodeText)),
            '_' => {
                let length = after.find(|c| !is_charset_part(c))?;
                let charset = after[..length].starts_with(|c: char| c.is_ascii_alphabetic());
                (charset && after[length..].starts_with('\'')).then(|| self.text(1 + length, TokenKind::Text))
            }
            _ => None,
        }
    }

    /// A string after a prefix of some bytes, doubled quotes undone.
    fn text(&mut self, prefix: usize, kind: fn(String) -> TokenKind) -> TokenKind {
        self.position += prefix;
        match self.delimited('\'') {
            Some(value) => kind(value),
            None => TokenKind::Invalid("this string has no end".to_string()),
        }
    }

    fn quoted(&mut self) -> TokenKind {
        match self.delimited('`') {
            Some(value) if value.is_empty() => TokenKind::Invalid("a name can't be empty".to_string()),
            Some(value) => TokenKind::Quoted(value),
            None => TokenKind::Invalid("this quoted name has no end".to_string()),
        }
    }

    /// Reads from the opening delimiter to the closing one; a doubled delimiter stands for itself.
    fn delimited(&mut self, delimiter: char) -> Option<String> {
        let mut value = String::new();
        let mut rest = &self.rest()[1..];
        loop {
            let Some(end) = rest.find(delimiter) else {
                self.position = self.source.len();
                return None;
            };
            value.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            if !rest.starts_with(delimiter) {
                self.position = self.source.len() - rest.len();
                return Some(value);
            }
            value.push(delimiter);
            rest = &rest[1..];
        }
    }

    fn bytes(&mut self) -> TokenKind {
        self.position += 1;
        let Some(digits) = self.delimited('\'') else {
            return TokenKind::Invalid("this string has no end".to_string());
        };
        match decode_hexadecimal(&digits) {
            Some(bytes) => TokenKind::Bytes(bytes),
            None => TokenKind::Invalid("a binary literal must have an even number of hexadecimal digits".to_string()),
        }
    }

    /// `E'..'` with C-style escapes.
    fn escaped_text(&mut self) -> TokenKind {
        let body = &self.rest()[2..];
        let mut characters = body.char_indices().peekable();
        let mut end = None;
        while let Some((index, character)) = characters.next() {
            match character {
                '\\' => {
                    characters.next();
                }
                '\'' if characters.next_if(|(_, next)| *next == '\'').is_none() => {
                    end = Some(index);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else {
            self.position = self.source.len();
            return TokenKind::Invalid("this string has no end".to_string());
        };
        self.position += 2 + end + 1;
        match resolve_escapes(&body[..end].replace("''", "'")) {
            Ok(value) => TokenKind::Text(value),
            Err(reason) => TokenKind::Invalid(reason),
        }
    }

    fn number(&mut self) -> TokenKind {
        self.skip_digits();
        if self.rest().starts_with('.') {
            self.position += 1;
            self.skip_digits();
        }
        let rest = self.rest();
        if !rest.starts_with(['e', 'E']) {
            return TokenKind::Number;
        }
        let after = &rest[1..];
        let sign = usize::from(after.starts_with(['+', '-']));
        if !after[sign..].starts_with(|c: char| c.is_ascii_digit()) {
            return TokenKind::Number;
        }
        self.position += 1 + sign;
        self.skip_digits();
        TokenKind::Approximate
    }

    fn skip_digits(&mut self) {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.position += length;
    }

    fn word(&mut self) -> TokenKind {
        let rest = self.rest();
        let length = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
        self.position += length;
        TokenKind::Word(keyword::find(&rest[..length]))
    }

    fn symbol(&mut self) -> TokenKind {
        let rest = self.rest();
        if self.in_hint && rest.starts_with("*/") {
            self.in_hint = false;
            self.position += 2;
            return TokenKind::Symbol("*/");
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            self.position += symbol.len();
            self.in_hint |= *symbol == "/*+";
            return TokenKind::Symbol(symbol);
        }
        let first = rest.chars().next().unwrap_or(' ');
        self.position += first.len_utf8();
        TokenKind::Invalid(format!("the character {first:?} has no meaning in SQL"))
    }
}

/// Whether an identifier can begin with this character.
pub(crate) fn is_word_start(character: char) -> bool {
    character.is_alphabetic() || character == '_' || character == '$'
}

/// Whether an identifier can go on with this character.
pub(crate) fn is_word_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

fn is_charset_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':' | '.')
}

fn decode_hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(16)).collect();
    let nibbles = nibbles?;
    if nibbles.len() % 2 != 0 {
        return None;
    }
    let bytes = nibbles.chunks_exact(2);
    bytes.map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

/// Resolves `\n`, `\t`, octal `\101`, `\x41`, `\u00e9`, `\U0001F600`; other escaped characters stand for themselves.
fn resolve_escapes(text: &str) -> Result<String, String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            resolved.push(character);
            continue;
        }
        let escaped = rest.next().ok_or("an escape is unfinished")?;
        match escaped {
            'b' => resolved.push('\u{8}'),
            'f' => resolved.push('\u{c}'),
            'n' => resolved.push('\n'),
            'r' => resolved.push('\r'),
            't' => resolved.push('\t'),
            'x' => resolved.push(code_point(&mut rest, 1, 2, 16, 0)?),
            'u' => resolved.push(code_point(&mut rest, 4, 4, 16, 0)?),
            'U' => resolved.push(code_point(&mut rest, 8, 8, 16, 0)?),
            '0'..='7' => {
                let first = escaped.to_digit(8).unwrap_or(0);
                resolved.push(code_point(&mut rest, 0, 2, 8, first)?);
            }
            other => resolved.push(other),
        }
    }
    Ok(resolved)
}

/// Reads `minimum..=maximum` digits that continue `value`, and gives the character with that code.
fn code_point(
    rest: &mut std::str::Chars<'_>,
    minimum: usize,
    maximum: usize,
    radix: u32,
    mut value: u32,
) -> Result<char, String> {
    let mut count = 0;
    while count < maximum {
        let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        rest.next();
        value = value * radix + digit;
        count += 1;
    }
    if count < minimum {
        return Err(format!("an escape needs at least {minimum} digits"));
    }
    char::from_u32(value).ok_or_else(|| format!("no character has the code {value:#x}"))
}

/// Resolves the escapes of `U&'..'`: `\00e9`, `\+01F600`, and the doubled escape character.
/// Surrogate pairs, as Java writes characters above U+FFFF, are joined.
pub(crate) fn resolve_unicode(text: &str, escape: char) -> Result<String, String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    let mut buffer = [0u16; 2];
    while let Some(character) = rest.next() {
        if character != escape {
            units.extend_from_slice(character.encode_utf16(&mut buffer));
            continue;
        }
        let mut ahead = rest.clone();
        match ahead.next() {
            Some(next) if next == escape => {
                rest.next();
                units.extend_from_slice(escape.encode_utf16(&mut buffer));
            }
            Some('+') => {
                rest.next();
                let resolved = code_point(&mut rest, 6, 6, 16, 0)?;
                units.extend_from_slice(resolved.encode_utf16(&mut buffer));
            }
            _ => units.push(code_unit(&mut rest)?),
        }
    }
    String::from_utf16(&units).map_err(|_| "an escape is half of a surrogate pair".to_string())
}

fn code_unit(rest: &mut std::str::Chars<'_>) -> Result<u16, String> {
    let mut value = 0u16;
    for _ in 0..4 {
        let digit = rest.next().and_then(|c| c.to_digit(16));
        let digit = digit.and_then(|digit| u16::try_from(digit).ok());
        value = value * 16 + digit.ok_or("an escape needs four hexadecimal digits")?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<TokenKind> {
        tokenize(source).into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn words_numbers_and_symbols() {
        use TokenKind::{Approximate, End, Number, Quoted, Symbol, Word};
        assert_eq!(
            kinds("SELECT a$1, 1.5e-3 .5 1. `x``y` <>"),
            vec![
                Word(Some("SELECT")),
                Word(None),
                Symbol(","),
                Approximate,
                Number,
                Number,
                Quoted("x`y".into()),
                Symbol("<>"),
                End
            ]
        );
    }

    #[test]
    fn comments_are_skipped_and_hints_kept() {
        use TokenKind::{End, Symbol, Word};
        assert_eq!(
            kinds("a -- x\n // y\n /* z * / */ b /*+ c */ * / d"),
            vec![
                Word(Some("A")),
                Word(None),
                Symbol("/*+"),
                Word(Some("C")),
                Symbol("*/"),
                Symbol("*"),
                Symbol("/"),
                Word(None),
                End
            ]
        );
    }

    #[test]
    fn strings_of_all_kinds() {
        use TokenKind::{Bytes, End, Text, UnicodeText};
        assert_eq!(
            kinds(r"'it''s' E'a\tb\x41\101\'' X'0aFf' U&'\00e9' N'n' _UTF8'u'"),
            vec![
                Text("it's".into()),
                Text("a\tbAA'".into()),
                Bytes(vec![10, 255]),
                UnicodeText(r"\00e9".into()),
                Text("n".into()),
                Text("u".into()),
                End
            ]
        );
        assert_eq!(resolve_unicode(r"\00e9\+01F600", '\\').unwrap(), "é😀");
        assert_eq!(resolve_unicode("!D83D!DE00!!", '!').unwrap(), "😀!");
        assert!(resolve_unicode(r"\D83D", '\\').is_err());
    }

    #[test]
    fn what_is_no_token_is_kept_as_such() {
        for source in ["'abc", "`abc", "/* abc", "X'0'", "\u{1}", "``", "E'a\\"] {
            let first = kinds(source).remove(0);
            assert!(matches!(first, TokenKind::Invalid(_)), "{source}: {first:?}");
        }
    }
}
