//! Bytes to batches.

use flott_record::{Batch, Schema};

use super::Settings;
use super::cell::push_text;
use super::record::{Found, Record};
use crate::column::Column;
use crate::contract::{Decoder, Filled, FormatError, Position, RowErrors};
use crate::input::Input;
use crate::limits::{BATCH_INPUT_BYTES_MAX, RECORD_BYTES_MAX};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A column that is read.
struct Target {
    /// Position among the fields of a record.
    field: usize,
    name: String,
    column: Column,
}

/// What became of a record.
enum Outcome {
    Row,
    Nothing,
    Bad { at: usize, reason: String },
}

/// Decodes CSV.
pub struct CsvDecoder {
    settings: Settings,
    width: usize,
    targets: Vec<Target>,
    rows: usize,
    input: Input,
    record: Record,
    /// Bytes that the next record is known to be longer than.
    known_incomplete: usize,
    taken: Position,
}

impl CsvDecoder {
    /// A decoder of the columns at `projection` that starts at a place.
    pub fn new(settings: Settings, schema: &Schema, projection: &[usize], start: Position) -> Self {
        let target = |position: &usize| {
            let field = &schema.fields[*position];
            Target { field: *position, name: field.name.clone(), column: Column::new(&field.data_type) }
        };
        CsvDecoder {
            settings,
            width: schema.len(),
            targets: projection.iter().map(target).collect(),
            rows: 0,
            input: Input::new(start),
            record: Record::default(),
            known_incomplete: 0,
            taken: start,
        }
    }

    /// Skips what stands before the first record of a file; false if more bytes are needed for that.
    fn skip_head(&mut self) -> bool {
        if self.input.offset_bytes() > 0 {
            return true;
        }
        let rest = self.input.rest();
        if rest.len() < BYTE_ORDER_MARK.len() && !self.input.has_ended() {
            return false;
        }
        let mark = if rest.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut length = mark;
        if self.settings.ignore_first_line {
            match self.record.read(&self.settings, &rest[mark..], self.input.has_ended()) {
                Found::Record(record) | Found::Bad { length: record, .. } => length += record,
                Found::Incomplete => return false,
            }
        }
        self.input.consume(length);
        true
    }

    /// Whether the record is a comment, when those are allowed.
    fn is_comment(&self, length: usize) -> bool {
        let record = &self.input.rest()[..length];
        self.settings.allow_comments && record.iter().find(|byte| **byte != b' ') == Some(&b'#')
    }

    /// Appends the record's values to the columns.
    fn push_record(&mut self, length: usize) -> Outcome {
        let input = self.input.rest();
        if let Err(error) = std::str::from_utf8(&input[..length]) {
            return Outcome::Bad { at: error.valid_up_to(), reason: "bytes that aren't UTF-8".to_string() };
        }
        let fields = self.record.len();
        let trailing_delimiter = fields == self.width + 1 && self.record.text(self.width, input).is_empty();
        if fields > self.width && !trailing_delimiter {
            let reason = format!("{} fields expected but was {fields}", self.width);
            return Outcome::Bad { at: self.record.offset(self.width), reason };
        }
        if fields < self.width && !self.settings.ignore_parse_errors {
            let reason = format!("{} fields expected but was {fields}", self.width);
            return Outcome::Bad { at: self.record.offset(fields - 1), reason };
        }
        for target in &mut self.targets {
            if target.field >= fields {
                target.column.push_null();
                continue;
            }
            let text = self.record.text(target.field, input);
            if push_text(&mut target.column, text, &self.settings) {
                continue;
            }
            target.column.truncate(self.rows);
            if !self.settings.ignore_parse_errors {
                let shown = String::from_utf8_lossy(text);
                let kind = &target.column.data_type().kind;
                let reason = format!("cannot parse '{shown}' as {kind} for column '{}'", target.name);
                return Outcome::Bad { at: self.record.offset(target.field), reason };
            }
            target.column.push_null();
        }
        Outcome::Row
    }

    /// Reads one record, if there is one; what became of it and how long it is.
    fn next_record(&mut self) -> Option<(usize, Outcome)> {
        let ended = self.input.has_ended();
        let rest = self.input.rest();
        // A long record is looked at again only when its bytes have doubled.
        if !ended && (rest.is_empty() || rest.len() < self.known_incomplete.saturating_mul(2)) {
            return None;
        }
        match self.record.read(&self.settings, rest, ended) {
            Found::Record(length) if self.is_comment(length) => Some((length, Outcome::Nothing)),
            Found::Record(length) => Some((length, self.push_record(length))),
            Found::Bad { length, .. } if self.is_comment(length) => Some((length, Outcome::Nothing)),
            Found::Bad { length, at, reason } => Some((length, Outcome::Bad { at, reason })),
            Found::Incomplete if rest.len() > RECORD_BYTES_MAX => {
                let reason = format!("a record of more than {RECORD_BYTES_MAX} bytes");
                Some((rest.len(), Outcome::Bad { at: 0, reason }))
            }
            Found::Incomplete => {
                self.known_incomplete = rest.len();
                None
            }
        }
    }

    fn is_drained(&self) -> bool {
        self.input.has_ended() && self.input.rest().is_empty()
    }
}

impl Decoder for CsvDecoder {
    fn push(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
    }

    fn end_input(&mut self) {
        self.input.end();
    }

    fn fill(&mut self, rows_max: usize, errors: &mut dyn RowErrors) -> Result<Filled, FormatError> {
        if !self.skip_head() {
            return Ok(Filled::NeedsBytes);
        }
        while self.rows < rows_max && self.input.offset_bytes() - self.taken.offset_bytes < BATCH_INPUT_BYTES_MAX {
            if self.is_drained() {
                return Ok(Filled::Finished);
            }
            let Some((length, outcome)) = self.next_record() else { return Ok(Filled::NeedsBytes) };
            self.known_incomplete = 0;
            match outcome {
                Outcome::Row => self.rows += 1,
                Outcome::Nothing => {}
                Outcome::Bad { at, reason } => {
                    self.targets.iter_mut().for_each(|target| target.column.truncate(self.rows));
                    let error = self.input.row_error(at, length, reason);
                    if !self.settings.ignore_parse_errors {
                        errors.row_error(error)?;
                    }
                }
            }
            self.input.consume(length);
        }
        Ok(Filled::Full)
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn take(&mut self) -> Result<Batch, FormatError> {
        let columns: Result<Vec<_>, _> = self.targets.iter_mut().map(|target| target.column.finish()).collect();
        self.taken = self.input.position();
        Ok(Batch::new(columns?, std::mem::take(&mut self.rows)))
    }

    fn position(&self) -> Position {
        self.taken
    }
}
