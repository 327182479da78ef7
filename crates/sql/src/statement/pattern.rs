//! `[NOT] LIKE|ILIKE 'pattern'` of SHOW.

use flott_syntax::ast::ShowPattern;

/// Whether a name passes the filter.
pub(super) fn passes(pattern: Option<&ShowPattern>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let fold = |text: &str| if pattern.case_insensitive { text.to_lowercase() } else { text.to_string() };
    let (wanted, name): (Vec<char>, Vec<char>) =
        (fold(&pattern.pattern).chars().collect(), fold(name).chars().collect());
    matches(&wanted, &name) != pattern.negated
}

/// SQL's LIKE with `\` as escape: `reached[i]` says whether the pattern so far can end after `i` characters.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let mut symbols = pattern.iter();
    while let Some(symbol) = symbols.next() {
        let (symbol, literal) = match symbol {
            '\\' => match symbols.next() {
                Some(escaped) => (escaped, true),
                None => (symbol, true),
            },
            other => (other, false),
        };
        if *symbol == '%' && !literal {
            let first = reached.iter().position(|end| *end).unwrap_or(reached.len());
            reached[first..].fill(true);
            continue;
        }
        for end in (1..=name.len()).rev() {
            reached[end] = reached[end - 1] && ((*symbol == '_' && !literal) || *symbol == name[end - 1]);
        }
        reached[0] = false;
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(pattern: &str, name: &str) -> bool {
        let pattern = ShowPattern { negated: false, case_insensitive: false, pattern: pattern.to_string() };
        passes(Some(&pattern), name)
    }

    #[test]
    fn wildcards_match_as_in_sql() {
        assert!(like("%person%", "v_person") && like("p_r%", "person") && like("%", "") && like("a\\_b", "a_b"));
        assert!(!like("p_r%", "pr") && !like("a\\_b", "axb") && !like("abc", "ab") && !like("", "a"));
        let not = ShowPattern { negated: true, case_insensitive: true, pattern: "DB%".to_string() };
        assert!(!passes(Some(&not), "db1") && passes(Some(&not), "x"));
    }
}
