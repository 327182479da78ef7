//! Patterns for names: `*`, `?`, `[a-z]`, `[!a]`, `{csv,json}`; `**` as a whole name stands for any number of folders.

/// Whether a text is a pattern rather than a plain name.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// Whether a name matches the pattern of one name.
pub fn matches(pattern: &str, name: &str) -> bool {
    expand(pattern).iter().any(|plain| {
        let (pattern, name): (Vec<char>, Vec<char>) = (plain.chars().collect(), name.chars().collect());
        matches_plain(&pattern, &name)
    })
}

/// The patterns without braces that a pattern stands for: `a{b,c}` is `ab` and `ac`. Braces that are never closed stand for themselves.
fn expand(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_string()] };
    let Some(length) = pattern[open..].find('}') else { return vec![pattern.to_string()] };
    let (before, inside) = (&pattern[..open], &pattern[open + 1..open + length]);
    let after = expand(&pattern[open + length + 1..]);
    let alternatives = inside.split(',');
    alternatives.flat_map(|choice| after.iter().map(move |rest| format!("{before}{choice}{rest}"))).collect()
}

/// Matches without braces, in time proportional to the product of the lengths: on a mismatch the last star takes one character more.
fn matches_plain(pattern: &[char], name: &[char]) -> bool {
    let (mut at_pattern, mut at_name) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while at_name < name.len() {
        if pattern.get(at_pattern) == Some(&'*') {
            last_star = Some((at_pattern + 1, at_name));
            at_pattern += 1;
            continue;
        }
        if let Some(length) = matches_one(&pattern[at_pattern..], name[at_name]) {
            at_pattern += length;
            at_name += 1;
            continue;
        }
        let Some((after_star, taken)) = last_star else { return false };
        at_pattern = after_star;
        at_name = taken + 1;
        last_star = Some((after_star, at_name));
    }
    pattern[at_pattern..].iter().all(|character| *character == '*')
}

/// How many characters of the pattern one character of the name matches.
fn matches_one(pattern: &[char], character: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => match pattern.iter().skip(2).position(|inside| *inside == ']') {
            Some(length) => in_class(&pattern[1..length + 2], character).then_some(length + 3),
            None => (character == '[').then_some(1),
        },
        plain => (*plain == character).then_some(1),
    }
}

fn in_class(class: &[char], character: char) -> bool {
    let (negated, class) = match class {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    let mut at = 0;
    while at < class.len() {
        if let [low, '-', high, ..] = &class[at..] {
            found |= (*low..=*high).contains(&character);
            at += 3;
        } else {
            found |= class[at] == character;
            at += 1;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_their_patterns() {
        let yes = [
            ("*.csv", "a.csv"),
            ("*", ""),
            ("a?c", "abc"),
            ("*a*b", "xxaayyab"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("data.{csv,json}", "data.json"),
            ("{a,b}{1,2}*", "b2c"),
            ("[", "["),
            ("{", "{"),
            ("ä*", "äö"),
        ];
        for (pattern, name) in yes {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.csv", "a.json"), ("a?c", "ac"), ("[!a-c]x", "ax"), ("", "a"), ("*ab", "abc")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        let hostile = "a*".repeat(40) + "b";
        assert!(!matches(&hostile, &"a".repeat(200)));
        assert!(is_pattern("/a/*.csv") && !is_pattern("/a/b.csv"));
    }
}
