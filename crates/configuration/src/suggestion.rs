//! "Did you mean …": the nearest of the known names.

use crate::limits::MAX_SUGGESTION_CHARS;

/// The candidate that `name` was most likely meant to be: the one with the fewest edits (insertions, deletions,
/// replacements, swaps of neighbours; upper and lower case count as equal), if they are few for the name's length: at
/// most a third of its characters, at least one. Of equally near ones the first in alphabetical order.
///
/// ```
/// use flott_configuration::suggestion::nearest;
/// assert_eq!(nearest("blakhole", ["print", "blackhole"]), Some("blackhole"));
/// assert_eq!(nearest("kafka", ["print", "blackhole"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(name);
    let allowed = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let folded = folded(candidate);
        let bound = best.map_or(allowed, |(distance, _)| distance);
        if folded.len().abs_diff(wanted.len()) > bound {
            continue;
        }
        let found = (distance(&wanted, &folded), candidate);
        if found.0 <= allowed && best.is_none_or(|best| found < best) {
            best = Some(found);
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// ` (did you mean 'x'?)`, or nothing: to be appended to a message.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map_or_else(String::new, |candidate| format!(" (did you mean '{candidate}'?)"))
}

fn folded(name: &str) -> Vec<char> {
    name.chars().take(MAX_SUGGESTION_CHARS).flat_map(char::to_lowercase).collect()
}

/// Edits between two words: optimal string alignment.
fn distance(left: &[char], right: &[char]) -> usize {
    let width = right.len() + 1;
    let mut before_last: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut current = vec![0; width];
    for row in 1..=left.len() {
        current[0] = row;
        for column in 1..width {
            let differs = usize::from(left[row - 1] != right[column - 1]);
            let mut edits = (last[column] + 1).min(current[column - 1] + 1).min(last[column - 1] + differs);
            let swapped =
                row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
            if swapped {
                edits = edits.min(before_last[column - 2] + 1);
            }
            current[column] = edits;
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut current);
    }
    last[width - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        let edits = |left: &str, right: &str| distance(&folded(left), &folded(right));
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("ab", "ba"), 1);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("UPPER", "upper"), 0);
    }

    #[test]
    fn names_the_nearest_or_none() {
        assert_eq!(nearest("UPER", ["LOWER", "UPPER"]), Some("UPPER"));
        assert_eq!(nearest("x", ["y", "a"]), Some("a"));
        assert_eq!(nearest("anything", ["else"]), None);
        assert_eq!(did_you_mean("pirnt", ["print"]), " (did you mean 'print'?)");
        assert_eq!(did_you_mean("zzz", ["print"]), "");
    }
}
