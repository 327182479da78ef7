//! IN with a list of literals that is too long for one comparison each: the list is sorted once, each row is looked up.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use flott_record::{TypeKind, Value};

use super::{CallSite, Frame, Infallible, ScalarFunction};
use crate::evaluator::EvaluationError;

/// Literals up to which one vectorised comparison each is faster than a look-up per row.
const COMPARISONS_MAX: usize = 8;

/// Compiles a long list of literals of one simple type; `None` if the call is none such.
pub(super) fn compile(call: &CallSite, negated: bool) -> Option<Box<dyn ScalarFunction>> {
    if call.len() <= COMPARISONS_MAX + 1 || call.literal(0).is_some() {
        return None;
    }
    let values: Vec<&Value> = (1..call.len()).map(|index| call.literal(index)).collect::<Option<_>>()?;
    let has_null = values.iter().any(|value| value.is_null());
    let alike = |index: usize| match (call.kind(0), call.kind(index)) {
        (left, right) if left.is_character() => right.is_character(),
        (left, right) => left == right,
    };
    if !(1..call.len()).all(alike) {
        return None;
    }
    let list = List { has_null, negated };
    Some(match call.kind(0) {
        kind if kind.is_character() => texts(&values, list),
        TypeKind::TinyInt => numbers::<Int8Type>(&values, list, |value| integer(value).map(|value| value as i8)),
        TypeKind::SmallInt => numbers::<Int16Type>(&values, list, |value| integer(value).map(|value| value as i16)),
        TypeKind::Int => numbers::<Int32Type>(&values, list, |value| integer(value).map(|value| value as i32)),
        TypeKind::BigInt => numbers::<Int64Type>(&values, list, integer),
        TypeKind::Date => numbers::<Date32Type>(&values, list, |value| integer(value).map(|value| value as i32)),
        _ => return None,
    })
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::TinyInt(value) => Some(i64::from(*value)),
        Value::SmallInt(value) => Some(i64::from(*value)),
        Value::Int(value) | Value::Date(value) => Some(i64::from(*value)),
        Value::BigInt(value) => Some(*value),
        _ => None,
    }
}

/// What holds for all rows.
#[derive(Clone, Copy)]
struct List {
    has_null: bool,
    negated: bool,
}

impl List {
    /// The truth of each row: unknown where nothing is found and the list has a NULL.
    fn truth(self, found: BooleanBuffer, nulls: Option<&NullBuffer>) -> ArrayRef {
        let unknown = self.has_null.then(|| NullBuffer::new(found.clone()));
        let nulls = NullBuffer::union(nulls, unknown.as_ref());
        let values = if self.negated { !&found } else { found };
        Arc::new(BooleanArray::new(values, nulls))
    }
}

fn texts(values: &[&Value], list: List) -> Box<dyn ScalarFunction> {
    let text = |value: &&Value| if let Value::String(text) = value { Some(text.clone()) } else { None };
    let mut sorted: Vec<String> = values.iter().filter_map(text).collect();
    sorted.sort();
    Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        let texts = arguments[0].as_string::<i32>();
        let has = |row| sorted.binary_search_by(|known| known.as_str().cmp(texts.value(row))).is_ok();
        Ok::<ArrayRef, EvaluationError>(list.truth(BooleanBuffer::collect_bool(texts.len(), has), texts.nulls()))
    }))
}

fn numbers<T: ArrowPrimitiveType>(
    values: &[&Value],
    list: List,
    read: fn(&Value) -> Option<T::Native>,
) -> Box<dyn ScalarFunction>
where
    T::Native: Ord,
{
    let mut sorted: Vec<T::Native> = values.iter().filter_map(|value| read(value)).collect();
    sorted.sort();
    Box::new(Infallible(move |arguments: &[ArrayRef], _: &Frame| {
        let numbers = arguments[0].as_primitive::<T>();
        let has = |row: usize| sorted.binary_search(&numbers.values()[row]).is_ok();
        Ok::<ArrayRef, EvaluationError>(list.truth(BooleanBuffer::collect_bool(numbers.len(), has), numbers.nulls()))
    }))
}
