//! Lists read row by row, and lists built from the elements of others.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType as ArrowType, Field};
use arrow_select::interleave::interleave;

use crate::functions::constants::Column;
use crate::functions::mapping::failed;

/// An argument of type ARRAY; a constant is a list of one row.
#[derive(Clone, Copy)]
pub(super) struct Lists<'a> {
    array: &'a ListArray,
    step: usize,
}

impl<'a> Lists<'a> {
    pub(super) fn of(array: &'a ArrayRef) -> Self {
        Lists { array: array.as_list::<i32>(), step: usize::from(array.len() != 1) }
    }

    /// Where the elements of a row lie in [`Lists::elements`].
    pub(super) fn range(&self, row: usize) -> std::ops::Range<usize> {
        let row = row * self.step;
        let offsets = self.array.value_offsets();
        offsets[row] as usize..offsets[row + 1] as usize
    }

    /// The elements of all rows.
    pub(super) fn elements(&self) -> &'a ArrayRef {
        self.array.values()
    }
}

/// A column of lists in the making, as places of elements in several arrays.
pub(super) struct ListPlan {
    places: Vec<(usize, usize)>,
    ends: Vec<i32>,
    valid: Vec<bool>,
}

impl ListPlan {
    pub(super) fn with_rows(rows: usize) -> Self {
        ListPlan {
            places: Vec::with_capacity(rows),
            ends: Vec::with_capacity(rows + 1),
            valid: Vec::with_capacity(rows),
        }
    }

    /// Adds an element to the row in the making: which array, and where in it.
    pub(super) fn push(&mut self, source: usize, place: usize) {
        self.places.push((source, place));
    }

    /// Adds the elements of a range.
    pub(super) fn extend(&mut self, source: usize, range: std::ops::Range<usize>) {
        self.places.extend(range.map(|place| (source, place)));
    }

    /// Ends the row; NULL if it is not valid.
    pub(super) fn end_row(&mut self, valid: bool) {
        self.ends.push(self.places.len() as i32);
        self.valid.push(valid);
    }

    /// The column, with the element type that its declared type has.
    pub(super) fn finish(self, sources: &[&dyn Array], element: &ArrowType) -> Column {
        let values = if self.places.is_empty() {
            arrow_array::new_empty_array(element)
        } else {
            interleave(sources, &self.places).map_err(|error| failed(0, error.to_string()))?
        };
        let offsets: Vec<i32> = std::iter::once(0).chain(self.ends).collect();
        let nulls = self.valid.contains(&false).then(|| NullBuffer::from(self.valid));
        let field = Arc::new(Field::new("item", element.clone(), true));
        let lists = ListArray::try_new(field, OffsetBuffer::new(offsets.into()), values, nulls);
        lists.map(|lists| Arc::new(lists) as ArrayRef).map_err(|error| failed(0, error.to_string()))
    }
}

/// Arrow type of the elements of a result of type ARRAY.
pub(super) fn element_type(data_type: &flott_record::DataType) -> ArrowType {
    match data_type.to_arrow() {
        ArrowType::List(field) => field.data_type().clone(),
        other => other,
    }
}
