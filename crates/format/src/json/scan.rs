//! Pulls tokens out of JSON text, strictly by RFC 8259 but for control characters in strings, which Flink allows.

use memchr::memchr2;

/// Why scanning stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The text goes on behind what is there.
    Incomplete,
    /// The text is no JSON.
    Syntax {
        /// Offset of the fault.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// The text is JSON, but not of the type wanted.
    Value {
        /// Offset of the value.
        at: usize,
        /// What is wrong.
        reason: String,
        /// Names of the fields that lead to it, outermost first, with points between them.
        path: String,
    },
}

/// A JSON text and how far it is read.
pub struct Scanner<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    pub at: usize,
}

/// A number's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    /// The digits as they stand there.
    pub text: &'a [u8],
    /// Whether there is neither point nor exponent.
    pub is_whole: bool,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of a text.
    pub fn new(bytes: &'a [u8]) -> Self {
        Scanner { bytes, at: 0 }
    }

    /// The fault of text that is no JSON.
    pub fn syntax<T>(&self, at: usize, reason: &str) -> Result<T, Fault> {
        Err(Fault::Syntax { at, reason: reason.to_string() })
    }

    fn unexpected<T>(&self, expected: &str) -> Result<T, Fault> {
        let rest = &self.bytes[self.at..];
        let shown = String::from_utf8_lossy(&rest[..rest.len().min(4)]);
        let found = shown.chars().next().unwrap_or(' ');
        self.syntax(self.at, &format!("expected {expected}, found '{found}'"))
    }

    /// The next byte that isn't blank; it stays.
    #[inline]
    pub fn peek(&mut self) -> Result<u8, Fault> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(Fault::Incomplete)
    }

    /// Consumes a byte that must come next.
    #[inline]
    pub fn expect(&mut self, wanted: u8) -> Result<(), Fault> {
        if self.peek()? == wanted {
            self.at += 1;
            return Ok(());
        }
        self.unexpected(&format!("'{}'", char::from(wanted)))
    }

    /// Consumes `true`, `false` or `null`.
    pub fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        if rest.len() < word.len() && word.as_bytes().starts_with(rest) {
            return Err(Fault::Incomplete);
        }
        self.unexpected("a value")
    }

    /// Consumes a number.
    pub fn number(&mut self) -> Result<Number<'a>, Fault> {
        let start = self.at;
        let mut at = start;
        let digits = |at: &mut usize| {
            let from = *at;
            while self.bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at - from
        };
        if self.bytes.get(at) == Some(&b'-') {
            at += 1;
        }
        let whole_start = at;
        let whole = digits(&mut at);
        let mut complete = whole > 0;
        let leading_zero = whole > 1 && self.bytes[whole_start] == b'0';
        let mut is_whole = true;
        if complete && self.bytes.get(at) == Some(&b'.') {
            at += 1;
            is_whole = false;
            complete = digits(&mut at) > 0;
        }
        if complete && matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            is_whole = false;
            if matches!(self.bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            complete = digits(&mut at) > 0;
        }
        if at == self.bytes.len() {
            return Err(Fault::Incomplete);
        }
        self.at = at;
        if !complete {
            return self.unexpected(if at == start { "a value" } else { "a digit" });
        }
        if leading_zero {
            return self.syntax(start, "a number with leading zeros");
        }
        Ok(Number { text: &self.bytes[start..at], is_whole })
    }

    /// Consumes a string. Its text is in the input if it has no escapes, else it is put into `scratch`, which is emptied before.
    #[inline]
    pub fn string<'s>(&mut self, scratch: &'s mut Vec<u8>) -> Result<&'s [u8], Fault>
    where
        'a: 's,
    {
        if self.peek()? != b'"' {
            return self.unexpected("a string");
        }
        let start = self.at + 1;
        match memchr2(b'"', b'\\', &self.bytes[start..]) {
            None => Err(Fault::Incomplete),
            Some(length) if self.bytes[start + length] == b'"' => {
                self.at = start + length + 1;
                Ok(&self.bytes[start..start + length])
            }
            Some(_) => {
                scratch.clear();
                self.at = start;
                self.escaped_string(scratch)?;
                Ok(scratch)
            }
        }
    }

    fn escaped_string(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        loop {
            let rest = &self.bytes[self.at..];
            let Some(stop) = memchr2(b'"', b'\\', rest) else { return Err(Fault::Incomplete) };
            out.extend_from_slice(&rest[..stop]);
            self.at += stop + 1;
            if rest[stop] == b'"' {
                return Ok(());
            }
            let Some(escape) = self.bytes.get(self.at) else { return Err(Fault::Incomplete) };
            self.at += 1;
            let byte = match escape {
                b'"' | b'\\' | b'/' => *escape,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    self.unicode_escape(out)?;
                    continue;
                }
                _ => return self.syntax(self.at - 2, "an unknown escape in a string"),
            };
            out.push(byte);
        }
    }

    fn hexadecimal(&mut self) -> Result<u32, Fault> {
        let Some(digits) = self.bytes.get(self.at..self.at + 4) else { return Err(Fault::Incomplete) };
        let mut code = 0;
        for byte in digits {
            match char::from(*byte).to_digit(16) {
                Some(digit) => code = code * 16 + digit,
                None => return self.syntax(self.at, "expected four hexadecimal digits after '\\u'"),
            }
        }
        self.at += 4;
        Ok(code)
    }

    /// `\uXXXX`, two of them for a character outside the first plane. Half of a pair becomes `?`, as in Java.
    fn unicode_escape(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut code = self.hexadecimal()?;
        if (0xD800..0xDC00).contains(&code) {
            let rest = &self.bytes[self.at..];
            if rest.len() < 6 && b"\\u".starts_with(&rest[..rest.len().min(2)]) {
                return Err(Fault::Incomplete);
            }
            if rest.starts_with(b"\\u") {
                let before = self.at;
                self.at += 2;
                let low = self.hexadecimal()?;
                if (0xDC00..0xE000).contains(&low) {
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                } else {
                    self.at = before;
                }
            }
        }
        let character = char::from_u32(code).unwrap_or('?');
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// After an element: true if another one follows a comma, false if `close` ended the list.
    #[inline]
    pub fn more(&mut self, close: u8) -> Result<bool, Fault> {
        let byte = self.peek()?;
        if byte == b',' {
            self.at += 1;
            return Ok(true);
        }
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        self.unexpected(&format!("',' or '{}'", char::from(close)))
    }

    /// After `open`: false if `close` follows at once.
    #[inline]
    pub fn begins(&mut self, open: u8, close: u8) -> Result<bool, Fault> {
        self.expect(open)?;
        if self.peek()? == close {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// The bytes from an offset to where the scanner is.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }
}
