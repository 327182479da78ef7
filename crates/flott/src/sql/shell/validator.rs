//! Whether what was typed is complete, so that Enter runs it, or goes on in the next line.

use flott_syntax::{FragmentKind, fragments, split_statements};
use reedline::{ValidationResult, Validator};

/// Commands that need no semicolon.
const WITHOUT_SEMICOLON: [&str; 4] = ["QUIT", "EXIT", "HELP", "CLEAR"];

/// Complete is what ends with a semicolon outside of strings, comments and statement sets.
pub struct StatementValidator;

impl Validator for StatementValidator {
    fn validate(&self, line: &str) -> ValidationResult {
        match is_complete(line) {
            true => ValidationResult::Complete,
            false => ValidationResult::Incomplete,
        }
    }
}

/// Whether all statements of the text are finished. A text without a statement is.
pub fn is_complete(text: &str) -> bool {
    let statements = split_statements(text);
    let Some(last) = statements.last() else {
        return true;
    };
    if let [only] = statements.as_slice()
        && WITHOUT_SEMICOLON.iter().any(|word| only.text(text).eq_ignore_ascii_case(word))
    {
        return true;
    }
    let mut after = fragments(text).into_iter().filter(|fragment| fragment.span.start >= last.end);
    after.any(|fragment| fragment.kind == FragmentKind::Symbol && fragment.span.text(text) == ";")
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn a_semicolon_ends_a_statement() {
        assert!(is_complete("SELECT 1;"));
        assert!(is_complete("SELECT\n 1\n; -- done\n"));
        assert!(is_complete("SELECT 1; SELECT 2;"));
        assert!(!is_complete("SELECT 1"));
        assert!(!is_complete("SELECT 1; SELECT 2"));
        assert!(!is_complete("SELECT 1 -- ;"));
    }

    #[test]
    fn what_is_open_goes_on() {
        assert!(!is_complete("SELECT 'a;"));
        assert!(is_complete("SELECT 'a;\n';"));
        assert!(!is_complete("SELECT `a;"));
        assert!(!is_complete("SELECT 1; /* not yet;"));
        assert!(!is_complete("EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;"));
        assert!(is_complete("EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;"));
    }

    #[test]
    fn commands_need_no_semicolon_and_nothing_is_complete() {
        assert!(is_complete(""));
        assert!(is_complete("  -- only a comment"));
        assert!(is_complete(" quit "));
        assert!(is_complete("Help"));
        assert!(!is_complete("quit now"));
    }
}
