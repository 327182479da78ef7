//! Conditions in JSON paths: `@.price < 10 && @.name == 'x'`.

use std::cmp::Ordering;

use super::path::{PathError, Step};
use super::path_parsing;
use super::value::Json;
use super::value_parsing;

/// A condition on one value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    /// The path leads to something.
    Exists(Vec<Step>),
    Compare(Operand, Operator, Operand),
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Path(Vec<Step>),
    Constant(Json),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer ones first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Reads a condition.
pub(super) fn parse(text: &str) -> Result<Filter, PathError> {
    let parts = split_outside_quotes(text, "||");
    if parts.len() > 1 {
        return parts.into_iter().map(parse).collect::<Result<_, _>>().map(Filter::Or);
    }
    let parts = split_outside_quotes(text, "&&");
    if parts.len() > 1 {
        return parts.into_iter().map(parse).collect::<Result<_, _>>().map(Filter::And);
    }
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        return parse(inner);
    }
    if let Some(inner) = text.strip_prefix('!').filter(|inner| !inner.starts_with('=')) {
        return parse(inner).map(|filter| Filter::Not(Box::new(filter)));
    }
    for (symbol, operator) in OPERATORS {
        if let [left, right] = split_outside_quotes(text, symbol).as_slice() {
            return Ok(Filter::Compare(operand(left)?, operator, operand(right)?));
        }
    }
    match operand(text)? {
        Operand::Path(steps) => Ok(Filter::Exists(steps)),
        Operand::Constant(_) => Err(PathError::NotSupported(format!("filter '{text}' in a JSON path"))),
    }
}

/// The parts of a text between separators that stand neither in quotes nor in parentheses.
fn split_outside_quotes<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0, None);
    for (place, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            _ if depth == 0 && place >= start && text[place..].starts_with(separator) => {
                parts.push(&text[start..place]);
                start = place + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn operand(text: &str) -> Result<Operand, PathError> {
    let text = text.trim();
    if let Some(path) = text.strip_prefix('@') {
        return path_parsing::steps(&format!("${path}")).map(Operand::Path);
    }
    let quoted = text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
    if let Some(inner) = quoted {
        return Ok(Operand::Constant(Json::String(inner.replace("\\'", "'"))));
    }
    let constant = value_parsing::parse(text).map(Operand::Constant);
    constant.map_err(|_| PathError::NotSupported(format!("'{text}' in a filter of a JSON path")))
}

impl Filter {
    /// Whether a value meets the condition.
    pub(super) fn holds(&self, value: &Json) -> bool {
        match self {
            Filter::Or(filters) => filters.iter().any(|filter| filter.holds(value)),
            Filter::And(filters) => filters.iter().all(|filter| filter.holds(value)),
            Filter::Not(filter) => !filter.holds(value),
            Filter::Exists(steps) => resolve(steps, value).is_some(),
            Filter::Compare(left, operator, right) => compare(left.value(value), *operator, right.value(value)),
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, value: &'a Json) -> Option<&'a Json> {
        match self {
            Operand::Path(steps) => resolve(steps, value),
            Operand::Constant(constant) => Some(constant),
        }
    }
}

/// The value at the end of simple steps.
fn resolve<'a>(steps: &[Step], value: &'a Json) -> Option<&'a Json> {
    steps.iter().try_fold(value, |value, step| match (step, value) {
        (Step::Member(name), Json::Object(members)) => {
            members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
        }
        (Step::Index(index), Json::Array(elements)) => {
            usize::try_from(*index).ok().and_then(|index| elements.get(index))
        }
        _ => None,
    })
}

fn compare(left: Option<&Json>, operator: Operator, right: Option<&Json>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return operator == Operator::NotEqual };
    let ordering = match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            number(left).partial_cmp(&number(right))
        }
        (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
        (left, right) => (left == right).then_some(Ordering::Equal),
    };
    match operator {
        Operator::Equal => ordering == Some(Ordering::Equal),
        Operator::NotEqual => ordering != Some(Ordering::Equal),
        Operator::Less => ordering == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => ordering == Some(Ordering::Greater),
        Operator::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_compare_like_with_like() {
        let holds = |condition: &str, value: &str| {
            parse(condition).expect("a condition").holds(&value_parsing::parse(value).expect("JSON"))
        };
        assert!(holds("@.b > 1 && @.n == 'x'", r#"{"b":2,"n":"x"}"#));
        assert!(!holds("@.b >= 3 || @.c", r#"{"b":2}"#));
        assert!(holds("@.n != 'a||b'", r#"{"n":"x"}"#));
        assert!(holds("!(@.c)", r#"{"b":2}"#));
    }
}
