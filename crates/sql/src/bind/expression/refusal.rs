//! Flink's words for a call that its own type inference refuses: one for a wrong number of arguments, one for wrong types.

use flott_expression::Expression;

use crate::bind::expression::call::family;

/// The message for a call of an inferred function; `expected` has a signature a line.
pub(super) fn message(name: &str, expected: &str, arguments: &[Expression]) -> String {
    if !expected.lines().any(|signature| admits_count(signature, arguments.len())) {
        let families: Vec<String> =
            arguments.iter().map(|argument| format!("<{}>", family(&argument.data_type().kind))).collect();
        let families = families.join(", ");
        return format!(
            "No match found for function signature {name}({families}).\nSupported signatures are:\n{expected}"
        );
    }
    let types: Vec<String> = arguments.iter().map(|argument| argument.data_type().to_string()).collect();
    let call = format!("{name}({})", types.join(", "));
    format!(
        "SQL validation failed. Invalid function call:\n{call}\nInvalid input arguments. Expected signatures are:\n{expected}"
    )
}

/// The message for a wrong number of arguments of any other function; `None` if their number is right, or if the function has a syntax
/// of its own.
pub(super) fn wrong_count(name: &str, expected: &str, count: usize) -> Option<String> {
    let is_plain = |signature: &str| {
        let inside = signature.strip_prefix(name).and_then(|rest| rest.strip_prefix('('));
        inside.is_some_and(|inside| inside.split(", ").all(|parameter| !parameter.contains("> ")))
    };
    if !expected.lines().all(is_plain) || expected.lines().any(|signature| admits_count(signature, count)) {
        return None;
    }
    let wanted = expected.lines().map(|signature| signature.matches('<').count()).min()?;
    Some(format!("Invalid number of arguments to function '{name}'. Was expecting {wanted} arguments"))
}

/// Whether a signature `F(a, b...)` takes so many arguments; without parentheses it takes any number.
fn admits_count(signature: &str, count: usize) -> bool {
    let Some((_, list)) = signature.split_once('(') else { return true };
    let list = list.trim_end_matches(')');
    if list.is_empty() {
        return count == 0;
    }
    let mut depth = 0;
    let mut parameters = 1;
    for character in list.chars() {
        match character {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' | ')' => depth -= 1,
            ',' if depth == 0 => parameters += 1,
            _ => {}
        }
    }
    if list.ends_with("...") { count + 1 >= parameters } else { count == parameters || list.contains('[') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_say_how_many_arguments_they_take() {
        assert!(
            admits_count("ARRAY_SLICE(<ARRAY>, <INTEGER>)", 2) && !admits_count("ARRAY_SLICE(<ARRAY>, <INTEGER>)", 0)
        );
        assert!(
            admits_count("ARRAY_MAX(<ARRAY<COMPARABLE>>)", 1) && !admits_count("ARRAY_MAX(<ARRAY<COMPARABLE>>)", 2)
        );
        assert!(admits_count("PRINTF(format <CHARACTER_STRING>, obj <ANY>...)", 1));
        assert!(admits_count("PRINTF(format <CHARACTER_STRING>, obj <ANY>...)", 5));
        assert!(!admits_count("SPLIT(<CHARACTER_STRING>, <CHARACTER_STRING>)", 0));
    }
}
