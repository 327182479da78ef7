//! How a column's values are made, from the options `fields.<column>.…`.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use flott_configuration::ConfigValue;
use flott_record::data_type::LENGTH_MAX;
use flott_record::{DataType, TypeKind};

use crate::contract::ConnectorError;
use crate::limits::{DATAGEN_ELEMENTS_MAX, DATAGEN_LENGTH_MAX};
use crate::options::TableOptions;

/// Characters or bytes of values whose type sets no length, as in Flink.
const LENGTH_DEFAULT: i64 = 100;
/// Elements of collections, as in Flink.
const ELEMENTS_DEFAULT: i64 = 3;

/// How the values of a column are made.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The column's type.
    pub data_type: DataType,
    /// Where the values come from.
    pub origin: Origin,
    /// Part of the rows that are NULL, 0 to 1.
    pub null_rate: f64,
}

/// Where values come from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// `start`, `start` + 1, … up to `end`.
    Sequence {
        /// The first value.
        start: i64,
        /// The last value.
        end: i64,
    },
    /// Whole numbers between two bounds, both included; intervals are such as well.
    Whole(i64, i64),
    /// Floating-point numbers between two bounds.
    Approximate(f64, f64),
    /// Unscaled decimals between two bounds, both included.
    Decimal(i128, i128),
    /// BOOLEAN.
    Boolean,
    /// Hexadecimal text, or bytes, of a length, or of up to that length if it varies.
    Sized {
        /// Characters or bytes.
        length: usize,
        /// Whether shorter ones occur.
        varies: bool,
    },
    /// The current date or time of day.
    Now,
    /// The current time less up to so many milliseconds.
    Past(i64),
    /// An array or map or multiset of so many elements; a map has keys and values, a multiset elements and counts.
    Collection {
        /// Elements.
        length: usize,
        /// The parts of an element.
        parts: Vec<Generated>,
    },
    /// A row of fields.
    Row(Vec<Generated>),
}

impl Generated {
    /// Rows after which a sequence ends; `None` if there is none.
    pub fn rows(&self) -> Option<u64> {
        match self.origin {
            Origin::Sequence { start, end } => Some((i128::from(end) - i128::from(start) + 1).max(0) as u64),
            _ => None,
        }
    }
}

/// Reads the options of fields and remembers which there could be.
pub struct FieldReader<'a> {
    options: TableOptions<'a>,
    known: BTreeSet<String>,
}

impl<'a> FieldReader<'a> {
    /// A reader of a table's options.
    pub fn new(options: TableOptions<'a>) -> Self {
        FieldReader { options, known: BTreeSet::new() }
    }

    /// The options that the columns read so far have or could have.
    pub fn known(&self) -> &BTreeSet<String> {
        &self.known
    }

    /// How the values at a path (`fields.a`) are made.
    ///
    /// # Errors
    /// A wrong option, or a type that cannot be made.
    pub fn read(&mut self, path: &str, data_type: &DataType) -> Result<Generated, ConnectorError> {
        let null_rate = self.option(path, "null-rate", 0.0_f64)?;
        if !(0.0..=1.0).contains(&null_rate) {
            return Err(self.invalid(path, "null-rate", "a number from 0 to 1"));
        }
        let kind = self.option(path, "kind", "random".to_string())?;
        let origin = match kind.as_str() {
            "random" => self.random(path, data_type)?,
            "sequence" => self.sequence(path, data_type)?,
            _ => return Err(self.invalid(path, "kind", "random or sequence")),
        };
        Ok(Generated { data_type: data_type.clone(), origin, null_rate })
    }

    fn option<T: ConfigValue>(&mut self, path: &str, name: &str, default: T) -> Result<T, ConnectorError> {
        let key = format!("{path}.{name}");
        let value = self.options.get_or(&key, default);
        self.known.insert(key);
        value
    }

    fn invalid(&self, path: &str, name: &str, expected: &str) -> ConnectorError {
        let key = format!("{path}.{name}");
        self.options.invalid(&key, self.options.text(&key).unwrap_or_default(), expected)
    }

    /// A bound as text of the column's type.
    fn bound<T: FromStr>(&mut self, path: &str, name: &str, kind: &TypeKind, default: T) -> Result<T, ConnectorError> {
        let key = format!("{path}.{name}");
        let text = self.options.text(&key);
        self.known.insert(key);
        let Some(text) = text else { return Ok(default) };
        text.trim().parse().map_err(|_| self.invalid(path, name, &format!("a value of type {kind}")))
    }

    fn sequence(&mut self, path: &str, data_type: &DataType) -> Result<Origin, ConnectorError> {
        let kind = &data_type.kind;
        if !(kind.is_numeric() || kind.is_character()) {
            return Err(ConnectorError::new(format!("not supported: a sequence of type {kind} ('{path}.kind')")));
        }
        for name in ["start", "end"] {
            if self.options.text(&format!("{path}.{name}")).is_none() {
                return Err(ConnectorError::new(format!("a sequence needs the option '{path}.{name}'")));
            }
        }
        let start = self.bound(path, "start", &TypeKind::BigInt, 0_i64)?;
        let end = self.bound(path, "end", &TypeKind::BigInt, 0_i64)?;
        let (low, high) = whole_bounds(kind).unwrap_or((i64::MIN, i64::MAX));
        if end < start || start < low || end > high {
            return Err(self.invalid(path, "end", &format!("a value of type {kind} not below {path}.start")));
        }
        Ok(Origin::Sequence { start, end })
    }

    fn random(&mut self, path: &str, data_type: &DataType) -> Result<Origin, ConnectorError> {
        let kind = &data_type.kind;
        if let Some((low, high)) = whole_bounds(kind) {
            return self.ordered(path, kind, low, high).map(|(low, high)| Origin::Whole(low, high));
        }
        match kind {
            TypeKind::Boolean => Ok(Origin::Boolean),
            TypeKind::Float | TypeKind::Double => {
                let float = *kind == TypeKind::Float;
                let (low, high) = if float {
                    (f64::from(f32::from_bits(1)), f64::from(f32::MAX))
                } else {
                    (f64::from_bits(1), f64::MAX)
                };
                self.ordered(path, kind, low, high).map(|(low, high)| Origin::Approximate(low, high))
            }
            TypeKind::Decimal { precision, scale } => self.decimal(path, kind, *precision, *scale),
            TypeKind::Char(length) | TypeKind::Binary(length) => self.fixed(path, kind, *length),
            TypeKind::Varchar(length) | TypeKind::Varbinary(length) => self.sized(path, kind, *length),
            TypeKind::Date | TypeKind::Time(_) => Ok(Origin::Now),
            TypeKind::Timestamp(_) | TypeKind::TimestampLtz(_) => {
                let past = self.option(path, "max-past", Duration::ZERO)?;
                Ok(Origin::Past(i64::try_from(past.as_millis()).unwrap_or(i64::MAX)))
            }
            TypeKind::Array(element) => self.collection(path, &[("element", element)]),
            TypeKind::Map(key, value) => self.collection(path, &[("key", key), ("value", value)]),
            TypeKind::Multiset(element) => {
                self.collection(path, &[("element", element), ("count", &TypeKind::Int.not_null())])
            }
            TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
                let fields = fields.iter().map(|field| self.read(&format!("{path}.{}", field.name), &field.data_type));
                Ok(Origin::Row(fields.collect::<Result<_, _>>()?))
            }
            _ => Err(ConnectorError::new(format!("not supported: type {kind} in connector datagen ('{path}')"))),
        }
    }

    /// The options `min` and `max`.
    fn ordered<T: FromStr + PartialOrd + Copy>(
        &mut self,
        path: &str,
        kind: &TypeKind,
        low: T,
        high: T,
    ) -> Result<(T, T), ConnectorError> {
        let min = self.bound(path, "min", kind, low)?;
        let max = self.bound(path, "max", kind, high)?;
        if min < low && max < low || max > high || min > high || max < min {
            return Err(self.invalid(path, "max", &format!("a value of type {kind} not below {path}.min")));
        }
        Ok((min, max))
    }

    fn decimal(&mut self, path: &str, kind: &TypeKind, precision: u8, scale: u8) -> Result<Origin, ConnectorError> {
        let unit = 10_f64.powi(i32::from(scale));
        let largest = 10_i128.pow(u32::from(precision)) - 1;
        let min = self.bound(path, "min", kind, f64::NAN)?;
        let max = self.bound(path, "max", kind, f64::NAN)?;
        let unscaled =
            |value: f64, default: i128| if value.is_nan() { default } else { (value * unit).round() as i128 };
        let (min, max) = (unscaled(min, 0), unscaled(max, largest));
        if max < min || min < -largest || max > largest {
            return Err(self.invalid(path, "max", &format!("a value of type {kind} not below {path}.min")));
        }
        Ok(Origin::Decimal(min, max))
    }

    fn fixed(&mut self, path: &str, kind: &TypeKind, length: u32) -> Result<Origin, ConnectorError> {
        let key = format!("{path}.length");
        if self.options.text(&key).is_some() {
            return Err(ConnectorError::new(format!(
                "option '{key}' cannot be given for the fixed-length type {kind}"
            )));
        }
        if i64::from(length) > DATAGEN_LENGTH_MAX {
            return Err(ConnectorError::new(format!("not supported: type {kind} in connector datagen ('{path}')")));
        }
        Ok(Origin::Sized { length: length as usize, varies: false })
    }

    fn sized(&mut self, path: &str, kind: &TypeKind, length_max: u32) -> Result<Origin, ConnectorError> {
        let default = if length_max == LENGTH_MAX { LENGTH_DEFAULT } else { i64::from(length_max) };
        let length = self.option(path, "length", default)?;
        let high = i64::from(length_max).min(DATAGEN_LENGTH_MAX);
        if !(0..=high).contains(&length) {
            return Err(self.invalid(path, "length", &format!("a length from 0 to {high} for type {kind}")));
        }
        Ok(Origin::Sized { length: length as usize, varies: self.option(path, "var-len", false)? })
    }

    fn collection(&mut self, path: &str, parts: &[(&str, &DataType)]) -> Result<Origin, ConnectorError> {
        let length = self.option(path, "length", ELEMENTS_DEFAULT)?;
        if !(0..=DATAGEN_ELEMENTS_MAX).contains(&length) {
            return Err(self.invalid(path, "length", &format!("a number from 0 to {DATAGEN_ELEMENTS_MAX}")));
        }
        let parts = parts.iter().map(|(name, data_type)| self.read(&format!("{path}.{name}"), data_type));
        Ok(Origin::Collection { length: length as usize, parts: parts.collect::<Result<_, _>>()? })
    }
}

/// The smallest and largest value of types that are whole numbers.
fn whole_bounds(kind: &TypeKind) -> Option<(i64, i64)> {
    match kind {
        TypeKind::TinyInt => Some((i8::MIN.into(), i8::MAX.into())),
        TypeKind::SmallInt => Some((i16::MIN.into(), i16::MAX.into())),
        TypeKind::Int => Some((i32::MIN.into(), i32::MAX.into())),
        TypeKind::BigInt => Some((i64::MIN, i64::MAX)),
        // Flink's years are of four digits, its days of six.
        TypeKind::IntervalYearMonth => Some((0, 120_000)),
        TypeKind::IntervalDayTime => Some((0, 86_400_000_000_000)),
        _ => None,
    }
}
