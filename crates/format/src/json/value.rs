//! JSON values as values of a column's type, straight from the text.

use arrow_buffer::BooleanBufferBuilder;

use super::Settings;
use super::scan::{Fault, Number, Scanner};
use super::text::{skip_value, write_compact};
use crate::base64_text;
use crate::column::{Cells, Column, NamedColumn};
use crate::number::{Decimal, parse_decimal, parse_double, parse_float, parse_long, trim};
use crate::temporal::{parse_date, parse_time, parse_timestamp};

/// Reads values of one text.
pub struct ValueReader<'a, 's> {
    /// The text.
    pub scanner: Scanner<'a>,
    /// The options.
    pub settings: &'s Settings,
    /// Room for strings with escapes.
    pub scratch: &'s mut Vec<u8>,
}

/// A value that isn't nested.
enum Scalar<'a> {
    Text(&'a [u8]),
    Number(Number<'a>),
    Boolean(bool),
}

impl<'a> Scalar<'a> {
    /// The text for types that are read from text as well as from numbers.
    fn text(&self) -> &'a [u8] {
        match self {
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.text,
            Scalar::Boolean(true) => b"true",
            Scalar::Boolean(false) => b"false",
        }
    }

    /// A whole number; the fraction of a number (not of a string) is cut.
    fn whole<T: TryFrom<i64>>(&self) -> Option<T> {
        let value = match self {
            Scalar::Number(number) if !number.is_whole => {
                let value = parse_double(number.text)?;
                // The comparison is exact: both bounds are powers of two.
                (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value).then_some(value as i64)?
            }
            _ => parse_long(trim(self.text()))?,
        };
        T::try_from(value).ok()
    }
}

impl<'a> ValueReader<'a, '_> {
    /// Reads an object into the fields of a row, of which `rows` exist; a field that is missing is NULL, one that isn't wanted is skipped.
    pub fn push_object(&mut self, fields: &mut [NamedColumn], rows: usize) -> Result<(), Fault> {
        let start = self.scanner.at;
        let mut guess = 0;
        let mut more = self.scanner.begins(b'{', b'}')?;
        while more {
            let name = self.scanner.string(self.scratch)?;
            let found = find(fields, guess, name);
            self.scanner.expect(b':')?;
            match found {
                Some(index) => {
                    guess = index + 1;
                    let field = &mut fields[index];
                    // Of a name that comes twice the last one counts.
                    if field.column.len() > rows {
                        field.column.truncate(rows);
                    }
                    self.push_or_null(&mut field.column).map_err(|fault| within(fault, &field.name))?;
                }
                None => skip_value(&mut self.scanner, self.scratch)?,
            }
            more = self.scanner.more(b'}')?;
        }
        for field in fields {
            if field.column.len() > rows {
                continue;
            }
            if self.settings.fail_on_missing_field {
                let reason = "the field is missing".to_string();
                return Err(Fault::Value { at: start, reason, path: field.name.clone() });
            }
            field.column.push_null();
        }
        Ok(())
    }

    /// Reads a value; one that cannot be read is NULL if errors are ignored.
    fn push_or_null(&mut self, column: &mut Column) -> Result<(), Fault> {
        self.scanner.peek()?;
        let (start, rows) = (self.scanner.at, column.len());
        match self.push_value(column) {
            Err(Fault::Value { .. }) if self.settings.ignore_parse_errors => {
                column.truncate(rows);
                self.scanner.at = start;
                skip_value(&mut self.scanner, self.scratch)?;
                column.push_null();
                Ok(())
            }
            other => other,
        }
    }

    fn push_value(&mut self, column: &mut Column) -> Result<(), Fault> {
        let first = self.scanner.peek()?;
        if first == b'n' {
            self.scanner.word("null")?;
            column.push_null();
            return Ok(());
        }
        let rows = column.len();
        match (&mut column.cells, first) {
            (Cells::Text(texts), b'{' | b'[') => write_compact(&mut self.scanner, &mut texts.bytes, self.scratch)?,
            (Cells::Row(fields), b'{') => self.push_object(fields, rows)?,
            (Cells::Array(_, element), b'[') => {
                let mut more = self.scanner.begins(b'[', b']')?;
                while more {
                    self.push_or_null(element)?;
                    more = self.scanner.more(b']')?;
                }
            }
            (Cells::Map(_, keys, values), b'{') => self.push_entries(keys, values)?,
            _ => return self.push_scalar(column, first),
        }
        column.end_value();
        Ok(())
    }

    /// Reads an object into the keys and values of a map. Of a key that comes twice the last value counts: then the object is read again
    /// without the entries that are overwritten.
    fn push_entries(&mut self, keys: &mut Column, values: &mut Column) -> Result<(), Fault> {
        let (start, first) = (self.scanner.at, keys.len());
        self.push_entries_but(keys, values, &[])?;
        let overwritten = overwritten(keys, first);
        if overwritten.is_empty() {
            return Ok(());
        }
        keys.truncate(first);
        values.truncate(first);
        self.scanner.at = start;
        self.push_entries_but(keys, values, &overwritten)
    }

    /// Reads entries but those of these numbers, which are sorted.
    fn push_entries_but(&mut self, keys: &mut Column, values: &mut Column, left_out: &[usize]) -> Result<(), Fault> {
        let mut more = self.scanner.begins(b'{', b'}')?;
        let mut number = 0;
        while more {
            self.scanner.peek()?;
            let at = self.scanner.at;
            let key = self.scanner.string(self.scratch)?;
            if left_out.binary_search(&number).is_ok() {
                self.scanner.expect(b':')?;
                skip_value(&mut self.scanner, self.scratch)?;
            } else {
                let Cells::Text(texts) = &mut keys.cells else { return Err(not_utf8(at)) };
                if std::str::from_utf8(key).is_err() {
                    return Err(not_utf8(at));
                }
                texts.bytes.extend_from_slice(key);
                keys.end_value();
                self.scanner.expect(b':')?;
                self.push_or_null(values)?;
            }
            number += 1;
            more = self.scanner.more(b'}')?;
        }
        Ok(())
    }

    fn push_scalar(&mut self, column: &mut Column, first: u8) -> Result<(), Fault> {
        let start = self.scanner.at;
        let scalar = match first {
            b'"' => Scalar::Text(self.scanner.string(self.scratch)?),
            b't' => {
                self.scanner.word("true")?;
                Scalar::Boolean(true)
            }
            b'f' => {
                self.scanner.word("false")?;
                Scalar::Boolean(false)
            }
            b'{' | b'[' => return Err(refused(&self.scanner, start, column)),
            _ => Scalar::Number(self.scanner.number()?),
        };
        if let (Cells::Text(_), Err(_)) = (&column.cells, std::str::from_utf8(scalar.text())) {
            return Err(not_utf8(start));
        }
        match append(column, &scalar, self.settings) {
            Some(Appended::Value) => column.end_value(),
            Some(Appended::Null) => column.push_null(),
            None => return Err(refused(&self.scanner, start, column)),
        }
        Ok(())
    }
}

/// Numbers of the entries from `first` on whose key comes again later, sorted.
fn overwritten(keys: &Column, first: usize) -> Vec<usize> {
    let Cells::Text(texts) = &keys.cells else { return Vec::new() };
    let count = keys.len() - first;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|number| (texts.get(first + number), *number));
    let pairs = order.windows(2).filter(|pair| texts.get(first + pair[0]) == texts.get(first + pair[1]));
    let mut overwritten: Vec<usize> = pairs.map(|pair| pair[0]).collect();
    overwritten.sort_unstable();
    overwritten
}

/// The field of a name; `guess` is where it lies if objects have their fields in the schema's order.
#[inline]
fn find(fields: &[NamedColumn], guess: usize, name: &[u8]) -> Option<usize> {
    match fields.get(guess) {
        Some(field) if field.name.as_bytes() == name => Some(guess),
        _ => fields.iter().position(|field| field.name.as_bytes() == name),
    }
}

fn within(fault: Fault, name: &str) -> Fault {
    match fault {
        Fault::Value { at, reason, path } => {
            let path = if path.is_empty() { name.to_string() } else { format!("{name}.{path}") };
            Fault::Value { at, reason, path }
        }
        other => other,
    }
}

fn not_utf8(at: usize) -> Fault {
    Fault::Value { at, reason: "bytes that aren't UTF-8".to_string(), path: String::new() }
}

fn refused(scanner: &Scanner<'_>, start: usize, column: &Column) -> Fault {
    let text = scanner.since(start);
    let shown = if text.is_empty() { "a nested value".into() } else { String::from_utf8_lossy(text) };
    let reason = format!("cannot parse {shown} as {}", column.data_type().kind);
    Fault::Value { at: start, reason, path: String::new() }
}

/// What was appended to a column.
enum Appended {
    /// A value, which is yet to be ended.
    Value,
    /// Nothing: NULL is to be appended.
    Null,
}

fn push<T>(values: &mut Vec<T>, value: Option<T>) -> Option<Appended> {
    value.map(|value| {
        values.push(value);
        Appended::Value
    })
}

fn push_boolean(values: &mut BooleanBufferBuilder, scalar: &Scalar<'_>) -> Option<Appended> {
    values.append(trim(scalar.text()).eq_ignore_ascii_case(b"true"));
    Some(Appended::Value)
}

/// Appends a scalar; `None` if it has no value of the column's type.
fn append(column: &mut Column, scalar: &Scalar<'_>, settings: &Settings) -> Option<Appended> {
    let form = settings.timestamp_form;
    let numeric = || match scalar {
        Scalar::Boolean(_) => None,
        _ => Some(trim(scalar.text())),
    };
    let quoted = || match scalar {
        Scalar::Text(text) => Some(*text),
        _ => None,
    };
    match &mut column.cells {
        Cells::Boolean(values) => push_boolean(values, scalar),
        Cells::TinyInt(values) => push(values, scalar.whole()),
        Cells::SmallInt(values) => push(values, scalar.whole()),
        Cells::Int(values) => push(values, scalar.whole()),
        Cells::BigInt(values) => push(values, scalar.whole()),
        Cells::Float(values) => push(values, parse_float(numeric()?)),
        Cells::Double(values) => push(values, parse_double(numeric()?)),
        Cells::Decimal(values, precision, scale) => match parse_decimal(numeric()?, *precision, *scale)? {
            Decimal::Value(value) => push(values, Some(value)),
            Decimal::TooLarge => Some(Appended::Null),
        },
        Cells::Date(values) => push(values, parse_date(quoted()?)),
        Cells::Time(values, precision) => push(values, parse_time(quoted()?, *precision, false)),
        Cells::Timestamp(values, precision) => push(values, parse_timestamp(quoted()?, *precision, form, false)),
        Cells::TimestampLtz(values, precision) => push(values, parse_timestamp(quoted()?, *precision, form, true)),
        Cells::Text(texts) => {
            texts.bytes.extend_from_slice(scalar.text());
            Some(Appended::Value)
        }
        Cells::Bytes(texts) => base64_text::decode(quoted()?, &mut texts.bytes).then_some(Appended::Value),
        Cells::Array(..) | Cells::Map(..) | Cells::Row(_) | Cells::Null => None,
    }
}
