//! Constraints of what lies inside of a column: fields of rows and, if wanted, elements of arrays, keys and values of maps.
//!
//! Cell by cell, as few tables have them and their enforcer is off by default.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, StringArray, StructArray};
use flott_job::spec::NestedEnforcer;
use flott_record::{DataType, Field, TypeKind};

use super::Length;

/// A place in a type and what holds there.
pub(super) struct Part {
    not_null: bool,
    length: Option<Length>,
    below: Below,
}

enum Below {
    Nothing,
    /// Name, position and constraints of the fields that have some.
    Row(Vec<(String, usize, Part)>),
    Array(Box<Part>),
    Map(Option<Box<Part>>, Option<Box<Part>>),
}

/// A length that does not fit: where in the column, and how long it is.
pub(super) struct WrongLength<'a> {
    pub(super) path: String,
    pub(super) length: &'a Length,
    pub(super) is: usize,
}

impl Part {
    /// What is to be checked below a column; `None` if nothing is.
    pub(super) fn below_column(field: &Field, nested: NestedEnforcer) -> Option<Part> {
        let below = below(&field.data_type, nested)?;
        Some(Part { not_null: false, length: None, below })
    }

    fn of(data_type: &DataType, nested: NestedEnforcer) -> Option<Part> {
        let below = below(data_type, nested);
        let length = Length::of(&data_type.kind);
        if below.is_none() && length.is_none() && data_type.nullable {
            return None;
        }
        Some(Part { not_null: !data_type.nullable, length, below: below.unwrap_or(Below::Nothing) })
    }

    /// Where the first NULL lies that is not allowed, as text behind the column's name.
    pub(super) fn null_path(&self, array: &dyn Array, row: usize) -> Option<String> {
        if array.is_null(row) {
            return self.not_null.then(String::new);
        }
        self.find_below(array, row, &mut |part, array, row| part.null_path(array, row))
    }

    /// The first text or bytes whose length does not fit.
    pub(super) fn wrong_length(&self, array: &dyn Array, row: usize) -> Option<WrongLength<'_>> {
        if array.is_null(row) {
            return None;
        }
        if let Some(length) = &self.length {
            let is = length.of_cell(array, row);
            return (!length.fits(is)).then(|| WrongLength { path: String::new(), length, is });
        }
        match &self.below {
            Below::Nothing => None,
            Below::Row(fields) => fields.iter().find_map(|(name, position, part)| {
                let wrong = part.wrong_length(array.as_struct().column(*position), row)?;
                Some(WrongLength { path: format!(".{name}{}", wrong.path), ..wrong })
            }),
            Below::Array(element) => {
                let items = array.as_list::<i32>().value(row);
                (0..items.len()).find_map(|index| {
                    let wrong = element.wrong_length(&items, index)?;
                    Some(WrongLength { path: format!("[{index}]{}", wrong.path), ..wrong })
                })
            }
            Below::Map(key, item) => {
                let entries = array.as_map().value(row);
                let sides = [("key", key, entries.column(0)), ("value", item, entries.column(1))];
                (0..entries.len()).find_map(|index| {
                    sides.iter().find_map(|(name, part, side)| {
                        let wrong = part.as_ref()?.wrong_length(side, index)?;
                        Some(WrongLength { path: format!("[{name}]{}", wrong.path), ..wrong })
                    })
                })
            }
        }
    }

    fn find_below(
        &self,
        array: &dyn Array,
        row: usize,
        find: &mut dyn FnMut(&Part, &dyn Array, usize) -> Option<String>,
    ) -> Option<String> {
        match &self.below {
            Below::Nothing => None,
            Below::Row(fields) => fields.iter().find_map(|(name, position, part)| {
                let path = find(part, array.as_struct().column(*position), row)?;
                Some(format!(".{name}{path}"))
            }),
            Below::Array(element) => {
                let items = array.as_list::<i32>().value(row);
                (0..items.len()).find_map(|index| Some(format!("[{index}]{}", find(element, &items, index)?)))
            }
            Below::Map(key, item) => {
                let entries = array.as_map().value(row);
                let sides = [("key", key, entries.column(0)), ("value", item, entries.column(1))];
                (0..entries.len()).find_map(|index| {
                    sides
                        .iter()
                        .find_map(|(name, part, side)| Some(format!("[{name}]{}", find(part.as_ref()?, side, index)?)))
                })
            }
        }
    }

    /// The array with texts and bytes in rows cut and padded.
    pub(super) fn fitted(&self, array: &ArrayRef) -> ArrayRef {
        if let Some(length) = &self.length {
            return if length.is_text {
                let fit = |text: &str| length.fitted_text(text);
                Arc::new(array.as_string::<i32>().iter().map(|text| text.map(fit)).collect::<StringArray>())
            } else {
                let fit = |bytes: &[u8]| length.fitted_bytes(bytes);
                Arc::new(array.as_binary::<i32>().iter().map(|bytes| bytes.map(fit)).collect::<BinaryArray>())
            };
        }
        let Below::Row(fields) = &self.below else { return Arc::clone(array) };
        let rows = array.as_struct();
        let mut columns = rows.columns().to_vec();
        for (_, position, part) in fields {
            columns[*position] = part.fitted(&columns[*position]);
        }
        Arc::new(StructArray::new(rows.fields().clone(), columns, rows.nulls().cloned()))
    }
}

fn below(data_type: &DataType, nested: NestedEnforcer) -> Option<Below> {
    let of_element = |element: &DataType| Part::of(element, nested).map(Box::new);
    let collections = nested == NestedEnforcer::RowsAndCollections;
    match &data_type.kind {
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) if nested != NestedEnforcer::Ignore => {
            let part = |(position, field): (usize, &Field)| {
                Some((field.name.clone(), position, Part::of(&field.data_type, nested)?))
            };
            let parts: Vec<_> = fields.iter().enumerate().filter_map(part).collect();
            (!parts.is_empty()).then_some(Below::Row(parts))
        }
        TypeKind::Array(element) if collections => of_element(element).map(Below::Array),
        TypeKind::Map(key, item) if collections => {
            let (key, item) = (of_element(key), of_element(item));
            (key.is_some() || item.is_some()).then_some(Below::Map(key, item))
        }
        TypeKind::Multiset(element) if collections => of_element(element).map(|key| Below::Map(Some(key), None)),
        _ => None,
    }
}
