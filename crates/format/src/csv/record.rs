//! Cuts bytes into records and fields, by quotes, escapes and line ends.

use memchr::{memchr, memchr_iter, memchr2};

use super::Settings;

/// Where a field's text lies.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    start: usize,
    end: usize,
    /// Whether it lies in the scratch buffer, because quotes or escapes were taken out, rather than in the input.
    scratch: bool,
    /// Offset in the record at which the field begins, quote included.
    at: usize,
}

/// What was found at the front of the input.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A record of so many bytes, line end included.
    Record(usize),
    /// A record of so many bytes with a fault at an offset.
    Bad {
        /// Bytes to skip to get past it.
        length: usize,
        /// Offset of the fault.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// The record goes on behind what is there.
    Incomplete,
}

/// The fields of one record; reused from record to record.
#[derive(Default)]
pub struct Record {
    fields: Vec<Field>,
    scratch: Vec<u8>,
}

impl Record {
    /// Number of fields.
    #[inline]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Text of a field; `input` is what the record was read from.
    #[inline]
    pub fn text<'a>(&'a self, field: usize, input: &'a [u8]) -> &'a [u8] {
        let Field { start, end, scratch, .. } = self.fields[field];
        if scratch { &self.scratch[start..end] } else { &input[start..end] }
    }

    /// Offset in the record at which a field begins.
    pub fn offset(&self, field: usize) -> usize {
        self.fields[field].at
    }

    /// Reads the record at the front of `input`. `ended`: nothing follows the input.
    #[inline]
    pub fn read(&mut self, settings: &Settings, input: &[u8], ended: bool) -> Found {
        self.fields.clear();
        self.scratch.clear();
        let (line, length) = match memchr2(b'\n', b'\r', input) {
            Some(at) if input[at] == b'\n' => (at, at + 1),
            Some(at) => match input.get(at + 1) {
                Some(b'\n') => (at, at + 2),
                None if !ended => return Found::Incomplete,
                _ => (at, at + 1),
            },
            None if ended => (input.len(), input.len()),
            None => return Found::Incomplete,
        };
        let special = |byte: Option<u8>| byte.is_some_and(|byte| memchr(byte, &input[..line]).is_some());
        if special(settings.quote) || special(settings.escape) {
            return Cutter { settings, input, ended, at: 0, record: self }.read();
        }
        let mut start = 0;
        for end in memchr_iter(settings.delimiter, &input[..line]) {
            self.fields.push(Field { start, end, scratch: false, at: start });
            start = end + 1;
        }
        self.fields.push(Field { start, end: line, scratch: false, at: start });
        Found::Record(length)
    }
}

/// Reads a record with quotes or escapes, byte by byte.
struct Cutter<'a> {
    settings: &'a Settings,
    input: &'a [u8],
    ended: bool,
    at: usize,
    record: &'a mut Record,
}

/// How a field ended.
enum End {
    /// At a delimiter, which is consumed.
    Delimiter,
    /// At the record's end, which is consumed.
    Record,
}

impl Cutter<'_> {
    fn read(mut self) -> Found {
        loop {
            let quoted = self.settings.quote.is_some_and(|quote| self.input.get(self.at) == Some(&quote));
            let field = if quoted { self.quoted_field() } else { self.plain_field() };
            match field {
                Ok(End::Delimiter) => {}
                Ok(End::Record) => return Found::Record(self.at),
                Err(found) => return found,
            }
        }
    }

    /// Consumes a line end, if one is there; `Err` if that cannot be told yet.
    fn line_end(&mut self) -> Result<bool, Found> {
        let length = match &self.input[self.at..] {
            [] if self.ended => 0,
            [] => return Err(Found::Incomplete),
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [b'\r'] if !self.ended => return Err(Found::Incomplete),
            [b'\r', ..] => 1,
            _ => return Ok(false),
        };
        self.at += length;
        Ok(true)
    }

    fn push_field(&mut self, scratch_start: usize, at: usize) {
        let end = self.record.scratch.len();
        self.record.fields.push(Field { start: scratch_start, end, scratch: true, at });
    }

    /// The byte that an escape stands for; the escape is consumed already.
    fn unescape(&mut self) -> Result<u8, Found> {
        let byte = match self.input.get(self.at) {
            Some(byte) => *byte,
            None if self.ended => return Err(self.fault(self.at, "an escape character with nothing after it")),
            None => return Err(Found::Incomplete),
        };
        self.at += 1;
        Ok(match byte {
            b'0' => 0,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            other => other,
        })
    }

    fn plain_field(&mut self) -> Result<End, Found> {
        let (start, scratch_start) = (self.at, self.record.scratch.len());
        loop {
            let before = self.at;
            if self.line_end()? {
                self.push_field(scratch_start, start);
                return Ok(End::Record);
            }
            let byte = self.input[before];
            self.at += 1;
            if byte == self.settings.delimiter {
                self.push_field(scratch_start, start);
                return Ok(End::Delimiter);
            }
            let byte = if Some(byte) == self.settings.escape { self.unescape()? } else { byte };
            self.record.scratch.push(byte);
        }
    }

    fn quoted_field(&mut self) -> Result<End, Found> {
        let (start, scratch_start) = (self.at, self.record.scratch.len());
        let quote = self.settings.quote.unwrap_or(b'"');
        self.at += 1;
        loop {
            let rest = &self.input[self.at..];
            let stop = match self.settings.escape {
                Some(escape) => memchr2(quote, escape, rest),
                None => memchr(quote, rest),
            };
            let Some(stop) = stop else {
                if self.ended {
                    return Err(self.unclosed(start));
                }
                return Err(Found::Incomplete);
            };
            self.record.scratch.extend_from_slice(&rest[..stop]);
            let byte = rest[stop];
            self.at += stop + 1;
            if byte != quote {
                let byte = self.unescape()?;
                self.record.scratch.push(byte);
                continue;
            }
            match self.input.get(self.at) {
                Some(next) if *next == quote => {
                    self.record.scratch.push(quote);
                    self.at += 1;
                }
                None if !self.ended => return Err(Found::Incomplete),
                _ => break,
            }
        }
        self.push_field(scratch_start, start);
        self.after_quote()
    }

    /// Blanks may follow a closing quote, then the field must end.
    fn after_quote(&mut self) -> Result<End, Found> {
        loop {
            if self.line_end()? {
                return Ok(End::Record);
            }
            let byte = self.input[self.at];
            if byte == self.settings.delimiter {
                self.at += 1;
                return Ok(End::Delimiter);
            }
            if byte > b' ' {
                let reason = "expected a delimiter or the end of the line after a closing quote";
                return Err(self.fault(self.at, reason));
            }
            self.at += 1;
        }
    }

    /// A fault at an offset: the record ends with its line, as far as that can be told.
    fn fault(&self, at: usize, reason: &str) -> Found {
        match memchr(b'\n', &self.input[at.min(self.input.len())..]) {
            Some(newline) => Found::Bad { length: at + newline + 1, at, reason: reason.to_string() },
            None if self.ended => Found::Bad { length: self.input.len(), at, reason: reason.to_string() },
            None => Found::Incomplete,
        }
    }

    /// A quote that is never closed takes the rest of the input with it, as in Flink.
    fn unclosed(&self, start: usize) -> Found {
        Found::Bad { length: self.input.len(), at: start, reason: "a quote that is never closed".to_string() }
    }
}
