//! Comparing rows: as multisets of texts, and single values of a type.

use std::collections::BTreeMap;

use flott_record::{RowKind, Value};

use crate::java_text::with_sorted_maps;

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
