//! Bytes to batches.

use flott_record::{Batch, Schema};
use memchr::{memchr, memmem};

use super::Settings;
use super::scan::{Fault, Scanner};
use super::text::skip_value;
use super::value::ValueReader;
use crate::column::{Column, NamedColumn};
use crate::contract::{Decoder, Filled, FormatError, Position, RowErrors};
use crate::input::Input;
use crate::limits::{BATCH_INPUT_BYTES_MAX, RECORD_BYTES_MAX};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What stands at the front of the input.
enum Found {
    /// An object of so many bytes, appended to the columns.
    Row(usize),
    /// Something bad that goes on for so many bytes.
    Bad { length: usize, at: usize, reason: String },
    /// More bytes are needed.
    Incomplete,
    /// The input has ended.
    Nothing,
}

/// Decodes JSON.
pub struct JsonDecoder {
    settings: Settings,
    fields: Vec<NamedColumn>,
    rows: usize,
    input: Input,
    scratch: Vec<u8>,
    /// Bytes that the next record is known to be longer than.
    known_incomplete: usize,
    taken: Position,
}

impl JsonDecoder {
    /// A decoder of the columns at `projection` that starts at a place.
    pub fn new(settings: Settings, schema: &Schema, projection: &[usize], start: Position) -> Self {
        let named = |position: &usize| {
            let field = &schema.fields[*position];
            NamedColumn { name: field.name.clone(), column: Column::new(&field.data_type) }
        };
        JsonDecoder {
            settings,
            fields: projection.iter().map(named).collect(),
            rows: 0,
            input: Input::new(start),
            scratch: Vec::new(),
            known_incomplete: 0,
            taken: start,
        }
    }

    /// Consumes what may stand between objects.
    fn skip_separators(&mut self) {
        if self.input.offset_bytes() == 0 && self.input.rest().starts_with(BYTE_ORDER_MARK) {
            self.input.consume(BYTE_ORDER_MARK.len());
        }
        let separator = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b'[' | b']');
        let count = self.input.rest().iter().take_while(|byte| separator(byte)).count();
        self.input.consume(count);
    }

    fn next_record(&mut self) -> Found {
        self.skip_separators();
        let ended = self.input.has_ended();
        let rest = self.input.rest();
        if rest.is_empty() {
            return if ended { Found::Nothing } else { Found::Incomplete };
        }
        // A long record is looked at again only when its bytes have doubled.
        if !ended && rest.len() < self.known_incomplete.saturating_mul(2) {
            return Found::Incomplete;
        }
        if rest[0] != b'{' {
            return self.bad(0, "expected a JSON object".to_string());
        }
        let mut reader =
            ValueReader { scanner: Scanner::new(rest), settings: &self.settings, scratch: &mut self.scratch };
        let fault = match reader.push_object(&mut self.fields, self.rows) {
            Ok(()) => return Found::Row(reader.scanner.at),
            Err(fault) => fault,
        };
        let rest_length = rest.len();
        self.fields.iter_mut().for_each(|field| field.column.truncate(self.rows));
        match fault {
            Fault::Incomplete if ended => self.bad(rest_length, "the input ends within a JSON object".to_string()),
            Fault::Incomplete if rest_length > RECORD_BYTES_MAX => {
                let reason = format!("a record of more than {RECORD_BYTES_MAX} bytes");
                Found::Bad { length: rest_length, at: 0, reason }
            }
            Fault::Incomplete => self.incomplete(),
            Fault::Syntax { at, reason } => self.bad(at, reason),
            Fault::Value { at, reason, path } => {
                let reason = format!("{reason} for column '{path}'");
                self.bad_value(at, reason)
            }
        }
    }

    fn incomplete(&mut self) -> Found {
        self.known_incomplete = self.input.rest().len();
        Found::Incomplete
    }

    /// A well-formed object with a value that doesn't fit: the next record begins behind it.
    fn bad_value(&mut self, at: usize, reason: String) -> Found {
        let mut scanner = Scanner::new(self.input.rest());
        match skip_value(&mut scanner, &mut self.scratch) {
            Ok(()) => Found::Bad { length: scanner.at, at, reason },
            Err(Fault::Incomplete) if !self.input.has_ended() => self.incomplete(),
            Err(_) => self.bad(at, reason),
        }
    }

    /// No JSON: the next record begins on the next line, or, where the fault is lines behind the start, on the next line that begins with
    /// an object.
    fn bad(&mut self, at: usize, reason: String) -> Found {
        let (ended, rest) = (self.input.has_ended(), self.input.rest());
        let line_end = memchr(b'\n', rest);
        let next = match line_end {
            Some(newline) if at > newline => memmem::find(rest, b"\n{").map(|newline| newline + 1),
            Some(newline) => Some(newline + 1),
            None => None,
        };
        match next {
            Some(length) => Found::Bad { length, at, reason },
            None if ended || rest.len() > RECORD_BYTES_MAX => Found::Bad { length: rest.len(), at, reason },
            None => self.incomplete(),
        }
    }
}

impl Decoder for JsonDecoder {
    fn push(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
    }

    fn end_input(&mut self) {
        self.input.end();
    }

    fn fill(&mut self, rows_max: usize, errors: &mut dyn RowErrors) -> Result<Filled, FormatError> {
        while self.rows < rows_max && self.input.offset_bytes() - self.taken.offset_bytes < BATCH_INPUT_BYTES_MAX {
            let length = match self.next_record() {
                Found::Row(length) => {
                    self.rows += 1;
                    length
                }
                Found::Bad { length, at, reason } => {
                    let error = self.input.row_error(at, length, reason);
                    if !self.settings.ignore_parse_errors {
                        errors.row_error(error)?;
                    }
                    length
                }
                Found::Incomplete => return Ok(Filled::NeedsBytes),
                Found::Nothing => return Ok(Filled::Finished),
            };
            self.known_incomplete = 0;
            self.input.consume(length);
        }
        Ok(Filled::Full)
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn take(&mut self) -> Result<Batch, FormatError> {
        let columns: Result<Vec<_>, _> = self.fields.iter_mut().map(|field| field.column.finish()).collect();
        self.taken = self.input.position();
        Ok(Batch::new(columns?, std::mem::take(&mut self.rows)))
    }

    fn position(&self) -> Position {
        self.taken
    }
}
