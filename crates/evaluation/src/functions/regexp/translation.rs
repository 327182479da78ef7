//! From Java's regular expressions to those of the crate `regex`.
//!
//! Differences that are translated: `\d \w \s` and POSIX classes know ASCII only in Java; `.` stops at all of Java's line
//! terminators; `\Q…\E`, `\uXXXX`, `\0n`, `\cX`, `\e`, `\h`, `\R`, `\v`, `\Z`; names of Unicode properties; `$`, which in Java is also
//! the place before a last line terminator: it needs look-ahead, so it is translated so only for texts that end with one.

/// A translated expression.
#[derive(Debug)]
pub(super) struct Translation {
    /// For texts that do not end with a line terminator.
    pub(super) plain: String,
    /// For texts that do, if that makes a difference.
    pub(super) before_terminator: Option<String>,
}

/// Translates an expression; the error is the construct that is not supported.
pub(super) fn translate(java: &str) -> Result<Translation, String> {
    let plain = translate_with_end(java, "$")?;
    let differs = java.contains('$') && !has_flag(java, 'm');
    let before_terminator = if differs { Some(translate_with_end(java, BEFORE_TERMINATOR)?) } else { None };
    Ok(Translation { plain, before_terminator })
}

/// The end of the text or the place before its last line terminator.
const BEFORE_TERMINATOR: &str = r"(?=(?:\r\n|[\n\r\u{85}\u{2028}\u{2029}])?\z)";

fn translate_with_end(java: &str, end: &'static str) -> Result<String, String> {
    let dot_matches_all = has_flag(java, 's');
    let mut translator = Translator {
        rest: java.chars().peekable(),
        out: String::with_capacity(java.len() + 16),
        classes: 0,
        dot_matches_all,
        end,
    };
    translator.run()?;
    Ok(translator.out)
}

/// Whether an inline flag is set anywhere, as `s` in `(?s)` or `(?is:`.
fn has_flag(java: &str, flag: char) -> bool {
    java.match_indices("(?").any(|(start, _)| {
        let flags: String = java[start + 2..].chars().take_while(char::is_ascii_alphabetic).collect();
        let end = java[start + 2 + flags.len()..].chars().next();
        flags.contains(flag) && matches!(end, Some(')' | ':' | '-'))
    })
}

struct Translator<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    /// Depth of open character classes.
    classes: usize,
    dot_matches_all: bool,
    /// What `$` becomes.
    end: &'static str,
}

impl Translator<'_> {
    /// The error names the construct that is not supported.
    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape()?,
                '[' => {
                    self.classes += 1;
                    self.out.push('[');
                    if self.rest.next_if_eq(&'^').is_some() {
                        self.out.push('^');
                    }
                    // `[:alpha:]` is no class of its own in Java but a set of these characters.
                    if self.classes > 1 && self.rest.next_if_eq(&':').is_some() {
                        self.out.push_str("\\x3A");
                    }
                    // A bracket that closes nothing is itself in Java only if escaped; here it would be too.
                }
                ']' if self.classes > 0 => {
                    self.classes -= 1;
                    self.out.push(']');
                }
                ']' => self.out.push_str("\\]"),
                '~' if self.classes > 0 => self.out.push_str("\\~"),
                '$' if self.classes == 0 => self.out.push_str(self.end),
                '.' if self.classes == 0 && !self.dot_matches_all => {
                    self.out.push_str(r"[^\n\r\u{85}\u{2028}\u{2029}]");
                }
                other => self.out.push(other),
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.rest.next() else {
            self.out.push('\\');
            return Ok(());
        };
        if let Some(class) = ascii_class(c) {
            self.out.push_str(class);
            return Ok(());
        }
        match c {
            'Q' => self.quotation(),
            'u' => self.code_point(4)?,
            '0' => self.octal(),
            'c' => {
                let control = self.rest.next().map_or(0, |c| c as u32 ^ 64);
                self.out.push_str(&format!("\\x{{{control:x}}}"));
            }
            'e' => self.out.push_str("\\x1B"),
            'R' => self.out.push_str(r"(?:\r\n|[\n\x0B\f\r\u{85}\u{2028}\u{2029}])"),
            'Z' => self.out.push_str(BEFORE_TERMINATOR),
            'p' | 'P' => self.property(c == 'P')?,
            'X' | 'N' | 'b' if c != 'b' || self.rest.peek() == Some(&'{') => return Err(format!("\\{c}")),
            // Punctuation that needs no escape, but may have one in Java.
            c if !c.is_ascii() || "\"'#%&,/:;<=>@_`~! ".contains(c) => match c {
                '#' | '&' | '~' => self.out.extend(['\\', c]),
                _ => self.out.push(c),
            },
            c => self.out.extend(['\\', c]),
        }
        Ok(())
    }

    /// `\Q…\E`
    fn quotation(&mut self) {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            text.push(c);
        }
        self.out.push_str(&regex::escape(&text));
    }

    fn code_point(&mut self, digits: usize) -> Result<(), String> {
        let text: String = (0..digits).filter_map(|_| self.rest.next_if(char::is_ascii_hexdigit)).collect();
        let surrogate = u32::from_str_radix(&text, 16).is_ok_and(|code| char::from_u32(code).is_none());
        if surrogate {
            return Err(format!("surrogate \\u{text}"));
        }
        self.out.push_str(&format!("\\u{{{text}}}"));
        Ok(())
    }

    fn octal(&mut self) {
        let digits: String = (0..3).filter_map(|_| self.rest.next_if(|c| c.is_digit(8))).collect();
        let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
        self.out.push_str(&format!("\\x{{{code:x}}}"));
    }

    /// `\p{Name}` or `\pL`
    fn property(&mut self, negated: bool) -> Result<(), String> {
        let name: String = if self.rest.next_if_eq(&'{').is_some() {
            self.rest.by_ref().take_while(|c| *c != '}').collect()
        } else {
            self.rest.next().into_iter().collect()
        };
        if let Some(posix) = posix_class(&name) {
            let caret = if negated { "^" } else { "" };
            self.out.push_str(&format!("[{caret}{posix}]"));
            return Ok(());
        }
        if name.starts_with("java") || name.starts_with("In") || name.starts_with("block=") || name.starts_with("blk=")
        {
            return Err(format!("\\p{{{name}}}"));
        }
        let unicode = match name.strip_prefix("Is").unwrap_or(&name) {
            "Digit" => "Nd",
            "Letter" => "L",
            "Punctuation" => "P",
            "Control" => "Cc",
            "Titlecase" => "Lt",
            other => other,
        };
        let letter = if negated { 'P' } else { 'p' };
        self.out.push_str(&format!("\\{letter}{{{unicode}}}"));
        Ok(())
    }
}

/// `\d` and the like, which in Java are about ASCII.
fn ascii_class(c: char) -> Option<&'static str> {
    Some(match c {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[a-zA-Z0-9_]",
        'W' => "[^a-zA-Z0-9_]",
        's' => r"[ \t\n\x0B\f\r]",
        'S' => r"[^ \t\n\x0B\f\r]",
        'h' => r"[ \t\u{A0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]",
        'H' => r"[^ \t\u{A0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]",
        'v' => r"[\n\x0B\f\r\u{85}\u{2028}\u{2029}]",
        'V' => r"[^\n\x0B\f\r\u{85}\u{2028}\u{2029}]",
        _ => return None,
    })
}

fn posix_class(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`{-~",
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\f\r",
        _ => return None,
    })
}
