//! Comparing rows: as multisets of texts, and single values of a type.

use std::collections::BTreeMap;

use flott_record::{DataType, RowKind, Schema, TypeKind, Value};
use roaring::RoaringBitmap;

use crate::java_text::with_sorted_maps;
use crate::values::Recorded;

/// Rows with each BITMAP as the text of its members, `{1,2}`, for which a value alone has no form.
pub(crate) fn with_bitmaps_as_text(schema: &Schema, rows: Vec<Recorded>) -> Vec<Recorded> {
    if !schema.fields.iter().any(|field| holds_bitmap(&field.data_type)) {
        return rows;
    }
    let cells =
        |row: Vec<Value>| row.into_iter().zip(&schema.fields).map(|(cell, field)| shown(cell, &field.data_type));
    rows.into_iter().map(|(kind, row)| (kind, cells(row).collect())).collect()
}

fn holds_bitmap(data_type: &DataType) -> bool {
    match &data_type.kind {
        TypeKind::Bitmap => true,
        TypeKind::Array(element) | TypeKind::Multiset(element) => holds_bitmap(element),
        TypeKind::Map(key, item) => holds_bitmap(key) || holds_bitmap(item),
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            fields.iter().any(|field| holds_bitmap(&field.data_type))
        }
        _ => false,
    }
}

fn shown(value: Value, data_type: &DataType) -> Value {
    match (value, &data_type.kind) {
        (Value::Bytes(bytes), TypeKind::Bitmap) => match RoaringBitmap::deserialize_from(&bytes[..]) {
            Ok(members) => {
                let members: Vec<String> = members.iter().map(|member| member.to_string()).collect();
                Value::String(format!("{{{}}}", members.join(",")))
            }
            Err(error) => Value::String(format!("no bitmap: {error}")),
        },
        (Value::Array(cells), TypeKind::Array(element)) => {
            Value::Array(cells.into_iter().map(|cell| shown(cell, element)).collect())
        }
        (Value::Row(cells), TypeKind::Row(fields)) => {
            let cells = cells.into_iter().zip(fields);
            Value::Row(cells.map(|(cell, field)| shown(cell, &field.data_type)).collect())
        }
        (Value::Map(entries), TypeKind::Map(key, item)) => {
            Value::Map(entries.into_iter().map(|(k, i)| (shown(k, key), shown(i, item))).collect())
        }
        (value, _) => value,
    }
}

/// `+I[1, a]`
pub(crate) fn row_text(kind: RowKind, row: &[Value]) -> String {
    format!("{kind}[{}]", cells_text(row, ", "))
}

/// The cells' texts with a separator between them.
pub(crate) fn cells_text(row: &[Value], separator: &str) -> String {
    row.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

/// Whether two lists hold the same texts, in any order; if not, what is missing and what is too much.
pub(crate) fn same_multiset(expected: &[String], actual: &[String]) -> Result<(), String> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    expected.iter().for_each(|text| *counts.entry(with_sorted_maps(text)).or_default() += 1);
    actual.iter().for_each(|text| *counts.entry(with_sorted_maps(text)).or_default() -= 1);
    let differing = |sign: i64| {
        let texts = counts.iter().filter(|(_, count)| *count * sign > 0);
        texts.flat_map(|(text, count)| vec![text.as_str(); count.unsigned_abs() as usize]).collect::<Vec<_>>()
    };
    let (missing, extra) = (differing(1), differing(-1));
    if missing.is_empty() && extra.is_empty() {
        return Ok(());
    }
    let few = |texts: &[&str]| texts.iter().take(8).copied().collect::<Vec<_>>().join(" ");
    Err(format!("missing {}: {}; extra {}: {}", missing.len(), few(&missing), extra.len(), few(&extra)))
}

/// Whether two lists hold the same texts in the same order.
pub(crate) fn same_list(expected: &[String], actual: &[String]) -> Result<(), String> {
    let sorted = |texts: &[String]| texts.iter().map(|text| with_sorted_maps(text)).collect::<Vec<_>>();
    if sorted(expected) == sorted(actual) {
        return Ok(());
    }
    same_multiset(expected, actual)?;
    Err("the rows are right, their order is not".to_string())
}

/// Whether two values are equal; entries of maps may have any order, and -0.0, 0.0 and NaN are equal to themselves only.
pub(crate) fn same_value(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
        (Value::Array(a), Value::Array(b)) | (Value::Row(a), Value::Row(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let has = |(key, item): &(Value, Value)| b.iter().any(|(k, i)| same_value(key, k) && same_value(item, i));
            a.len() == b.len() && a.iter().all(has)
        }
        _ => expected == actual,
    }
}

/// Whether two texts of numbers are equal within a relative tolerance.
pub(crate) fn close_numbers(expected: &str, actual: &str, tolerance: f64) -> bool {
    match (expected.trim().parse::<f64>(), actual.trim().parse::<f64>()) {
        (Ok(a), Ok(b)) => a == b || (a - b).abs() <= tolerance * a.abs().max(b.abs()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multisets_count() {
        let texts = |list: &[&str]| list.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        assert!(same_multiset(&texts(&["a", "b", "a"]), &texts(&["a", "a", "b"])).is_ok());
        let why = same_multiset(&texts(&["a", "a"]), &texts(&["a", "b"])).expect_err("differ");
        assert_eq!(why, "missing 1: a; extra 1: b");
    }
}
