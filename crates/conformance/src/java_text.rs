//! The text that Java gives of a cell of a record, whatever its type: what `Row.toString` shows.

use serde_json::Value as Json;

/// The text of a cell.
pub(crate) fn of_cell(cell: &Json) -> String {
    match cell {
        Json::Null => "null".to_string(),
        Json::String(text) => text.clone(),
        Json::Array(cells) => bracketed("[", cells, "]"),
        Json::Object(members) => {
            if let Some(cells) = members.get("$row").and_then(Json::as_array) {
                let kind = members.get("kind").and_then(Json::as_str).unwrap_or("+I");
                return bracketed(&format!("{kind}["), cells, "]");
            }
            let Some((tag, inner)) = members.iter().find(|(tag, _)| tag.starts_with('$')) else {
                return cell.to_string();
            };
            of_tagged(tag, inner)
        }
        other => other.to_string(),
    }
}

fn of_tagged(tag: &str, inner: &Json) -> String {
    match (tag, inner) {
        ("$array", Json::Array(cells)) => bracketed("[", cells, "]"),
        ("$map", Json::Array(entries)) => {
            let entry = |entry: &Json| format!("{}={}", of_cell(&entry[0]), of_cell(&entry[1]));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        ("$bitmap", Json::Array(members)) => {
            format!("{{{}}}", members.iter().map(Json::to_string).collect::<Vec<_>>().join(","))
        }
        ("$bytes", Json::String(hex)) => {
            let bytes = crate::cell::bytes_of_hex(hex).unwrap_or_else(|_| Vec::new());
            format!("[{}]", bytes.iter().map(|byte| (*byte as i8).to_string()).collect::<Vec<_>>().join(", "))
        }
        ("$variant", inner) => inner.to_string(),
        (_, inner) => inner.as_str().map_or_else(|| inner.to_string(), str::to_string),
    }
}

fn bracketed(open: &str, cells: &[Json], close: &str) -> String {
    format!("{open}{}{close}", of_cells(cells, ", "))
}

/// The texts of cells with a separator between them.
pub(crate) fn of_cells(cells: &[Json], separator: &str) -> String {
    cells.iter().map(of_cell).collect::<Vec<_>>().join(separator)
}

/// Stand for the braces of maps that are sorted already.
const SORTED_OPEN: char = '\u{1}';
const SORTED_CLOSE: char = '\u{2}';

/// A row's text with the entries of each map sorted, as the order of maps means nothing.
pub(crate) fn with_sorted_maps(text: &str) -> String {
    let mut text = text.to_string();
    // Innermost maps first: the part up to the first closing brace belongs to the last opening one before it.
    while let Some(close) = text.find('}')
        && let Some(open) = text[..close].rfind('{')
    {
        let sorted = sorted_entries(&text[open + 1..close]);
        text = format!("{}{SORTED_OPEN}{sorted}{SORTED_CLOSE}{}", &text[..open], &text[close + 1..]);
    }
    text.replace(SORTED_OPEN, "{").replace(SORTED_CLOSE, "}")
}

/// Entries between one pair of braces, cut at commas outside of brackets and sorted.
fn sorted_entries(text: &str) -> String {
    let (mut entries, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    for (position, character) in text.char_indices() {
        match character {
            '[' | SORTED_OPEN => depth += 1,
            ']' | SORTED_CLOSE => depth -= 1,
            ',' if depth == 0 => {
                entries.push(&text[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    entries.push(&text[start..]);
    let mut entries: Vec<&str> = entries.into_iter().map(str::trim_start).collect();
    entries.sort_unstable();
    entries.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_look_as_in_java() {
        let row = json!({"$row": [1, null, {"$double": "1.0E10"}, {"$map": [["k", {"$dec": "1.20"}]]}]});
        assert_eq!(of_cell(&row), "+I[1, null, 1.0E10, {k=1.20}]");
        assert_eq!(of_cell(&json!({"$bytes": "00ff"})), "[0, -1]");
    }

    #[test]
    fn maps_are_sorted_inside_out() {
        assert_eq!(with_sorted_maps("+I[{b=1, a={d=1, c=2}}]"), "+I[{a={c=2, d=1}, b=1}]");
    }
}
