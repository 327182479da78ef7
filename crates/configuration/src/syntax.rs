//! The written forms of lists and maps inside one value: `a;b`, `'x;y';z`, `[a, b]`, `a:1,b:2`, `{a: 1, b: 2}`.

use std::collections::BTreeMap;

use crate::yaml;

/// Splits a list: YAML's flow form `[a, b]`, or parts separated by `;`, in which quotes (`'` or `"`, doubled inside)
/// protect separators. Blanks around unquoted parts and empty parts are dropped.
///
/// # Errors
/// What is wrong: a quote that doesn't end, or malformed YAML.
pub fn parse_list(text: &str) -> Result<Vec<String>, String> {
    if text.trim_start().starts_with('[') {
        return yaml::parse_flow_list(text);
    }
    split_quoted(text, ';')
}

/// Splits a map: YAML's flow form `{a: 1}`, or pairs `key:value` separated by `,`. The first `:` of a pair separates.
///
/// # Errors
/// What is wrong: a pair without `:`, a quote that doesn't end, or malformed YAML.
pub fn parse_map(text: &str) -> Result<BTreeMap<String, String>, String> {
    if text.trim_start().starts_with('{') {
        return yaml::parse_flow_map(text);
    }
    let mut map = BTreeMap::new();
    for pair in split_quoted(text, ',')? {
        let Some((key, value)) = pair.split_once(':') else {
            return Err(format!("'{pair}' has no ':'"));
        };
        map.insert(key.trim().to_string(), value.trim().to_string());
    }
    Ok(map)
}

/// Writes a list so that [`parse_list`] reads it back.
pub fn format_list<S: AsRef<str>>(items: &[S]) -> String {
    items.iter().map(|item| quoted(item.as_ref(), ';')).collect::<Vec<_>>().join(";")
}

/// Writes a map so that [`parse_map`] reads it back (keys must not hold `:`).
pub fn format_map(map: &BTreeMap<String, String>) -> String {
    map.iter().map(|(key, value)| quoted(&format!("{key}:{value}"), ',')).collect::<Vec<_>>().join(",")
}

fn quoted(item: &str, separator: char) -> String {
    let needs_quotes = item.is_empty()
        || item.contains(separator)
        || item.contains(['\'', '"'])
        || item.trim() != item
        || item.starts_with(['[', '{']);
    if needs_quotes { format!("'{}'", item.replace('\'', "''")) } else { item.to_string() }
}

fn split_quoted(text: &str, separator: char) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quote) = rest.chars().next().filter(|first| matches!(first, '\'' | '"')) {
            let (part, after) = unquote(&rest[1..], quote)?;
            parts.push(part);
            let after = after.trim_start();
            match after.strip_prefix(separator) {
                Some(next) => rest = next.trim_start(),
                None if after.is_empty() => rest = after,
                None => return Err(format!("'{separator}' missing after a quoted part")),
            }
        } else {
            let (part, after) = rest.split_once(separator).unwrap_or((rest, ""));
            if !part.trim().is_empty() {
                parts.push(part.trim().to_string());
            }
            rest = after.trim_start();
        }
    }
    Ok(parts)
}

/// The text up to the closing `quote` (doubled quotes stand for one), and what follows.
fn unquote(text: &str, quote: char) -> Result<(String, &str), String> {
    let mut part = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(quote) {
        part.push_str(before);
        if !after.starts_with(quote) {
            return Ok((part, after));
        }
        part.push(quote);
        rest = &after[1..];
    }
    Err(format!("the closing {quote} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_both_forms() {
        assert_eq!(parse_list("a; b ;;c"), Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(parse_list("'x;y';\"it\"\"s\""), Ok(vec!["x;y".into(), "it\"s".into()]));
        assert_eq!(parse_list("[a, 'b, c', 3]"), Ok(vec!["a".into(), "b, c".into(), "3".into()]));
        assert_eq!(parse_list(""), Ok(vec![]));
        assert!(parse_list("'a").is_err());
        assert!(parse_list("'a'b").is_err());
        assert!(parse_list("[a").is_err());
    }

    #[test]
    fn maps_in_both_forms() {
        let wanted = BTreeMap::from([("a".to_string(), "1".to_string()), ("b".to_string(), "x:y".to_string())]);
        assert_eq!(parse_map("a:1, b:x:y"), Ok(wanted.clone()));
        assert_eq!(parse_map("{a: 1, b: 'x:y'}"), Ok(wanted));
        assert!(parse_map("a").is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let items = ["plain", "semi;colon", "quo'te", "", " blank ", "[x", "a,b"];
        assert_eq!(parse_list(&format_list(&items)), Ok(items.iter().map(|item| item.to_string()).collect()));
        let map = BTreeMap::from([("k".to_string(), "a,b".to_string()), ("l".to_string(), String::new())]);
        assert_eq!(parse_map(&format_map(&map)), Ok(map));
    }
}
