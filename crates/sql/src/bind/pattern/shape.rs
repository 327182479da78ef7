//! PATTERN and SUBSET: which variables there are, and in which order rows follow each other.

use flott_job::pattern::{Preference, RowPattern};
use flott_syntax::Span;
use flott_syntax::ast::{Pattern, PatternSubset};

use super::unknown_pattern;
use crate::error::{Result, SqlError};

/// The pattern with its variables.
pub(super) struct Shape {
    /// Names of the variables, in the order of the pattern.
    pub(super) names: Vec<String>,
    /// Names of unions of variables.
    pub(super) subsets: Vec<(String, Vec<usize>)>,
    /// The pattern.
    pub(super) pattern: RowPattern,
    /// Whether Flink would take the pattern.
    pub(super) preference: Preference,
}

impl Shape {
    /// Checks a pattern.
    ///
    /// # Errors
    /// What Flink refuses of its own patterns, what could match no row, and what is not supported.
    pub(super) fn new(written: &Pattern, subsets: &[PatternSubset]) -> Result<Self> {
        let mut names = Vec::new();
        let factors = factors(written);
        let is_linear = factors.iter().all(|factor| single(factor).is_some());
        let parts: Result<Vec<RowPattern>> = factors.iter().map(|factor| row_pattern(factor, &mut names)).collect();
        let pattern = combined(parts?, RowPattern::Sequence);
        if is_linear {
            check_as_flink(&factors, pattern.may_be_empty())?;
        }
        if pattern.may_be_empty() {
            return Err(SqlError::at(
                span_of(written),
                "Patterns that can produce empty matches are not supported. There must be at least one non-optional state.",
            ));
        }
        let preference = if is_linear { Preference::Earliest } else { Preference::Preferred };
        let mut shape = Shape { names, subsets: Vec::new(), pattern, preference };
        for subset in subsets {
            let member = |name: &flott_syntax::ast::Identifier| {
                let found = shape.names.iter().position(|known| *known == name.value);
                found.ok_or_else(|| unknown_pattern(&name.value, name.span))
            };
            let members: Result<Vec<usize>> = subset.variables.iter().map(member).collect();
            shape.subsets.push((subset.name.value.clone(), members?));
        }
        Ok(shape)
    }

    /// The variables that a qualifier stands for.
    pub(super) fn variables_of(&self, name: &str) -> Option<Vec<usize>> {
        let variable = self.names.iter().position(|known| known == name).map(|variable| vec![variable]);
        variable
            .or_else(|| self.subsets.iter().find(|(known, _)| known == name).map(|(_, variables)| variables.clone()))
    }
}

/// The parts of a sequence, those of groups without quantifier among them.
fn factors(pattern: &Pattern) -> Vec<&Pattern> {
    match pattern {
        Pattern::Sequence(parts) => parts.iter().flat_map(factors).collect(),
        one => vec![one],
    }
}

/// A variable alone, with or without quantifier.
fn single(pattern: &Pattern) -> Option<&flott_syntax::ast::Identifier> {
    match pattern {
        Pattern::Variable(name) => Some(name),
        Pattern::Repeat { pattern, .. } => match &**pattern {
            Pattern::Variable(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn combined(mut parts: Vec<RowPattern>, combine: fn(Vec<RowPattern>) -> RowPattern) -> RowPattern {
    if parts.len() == 1 { parts.remove(0) } else { combine(parts) }
}

fn row_pattern(pattern: &Pattern, names: &mut Vec<String>) -> Result<RowPattern> {
    match pattern {
        Pattern::Variable(name) => {
            let known = names.iter().position(|known| *known == name.value);
            Ok(RowPattern::Variable(known.unwrap_or_else(|| {
                names.push(name.value.clone());
                names.len() - 1
            })))
        }
        Pattern::Sequence(_) => {
            let parts: Result<Vec<RowPattern>> =
                factors(pattern).into_iter().map(|part| row_pattern(part, names)).collect();
            Ok(combined(parts?, RowPattern::Sequence))
        }
        Pattern::Alternation(parts) => {
            let parts: Result<Vec<RowPattern>> = parts.iter().map(|part| row_pattern(part, names)).collect();
            Ok(combined(parts?, RowPattern::Alternation))
        }
        Pattern::Repeat { pattern: body, minimum, maximum, reluctant } => {
            if let Some(maximum) = maximum.filter(|maximum| *maximum < (*minimum).max(1)) {
                let from = (*minimum).max(1);
                let message = format!(
                    "The to should be a number greater than or equal to from: {from}, but the quantifier ends at {maximum}."
                );
                return Err(SqlError::at(span_of(pattern), message));
            }
            let body = Box::new(row_pattern(body, names)?);
            Ok(RowPattern::Repeat { pattern: body, minimum: *minimum, maximum: *maximum, reluctant: *reluctant })
        }
        Pattern::Permute(_) => Err(SqlError::not_supported(span_of(pattern), "PERMUTE patterns")),
        Pattern::Exclude(_) => Err(SqlError::not_supported(span_of(pattern), "'{-' '-}' patterns")),
    }
}

/// What Flink refuses of patterns without groups and alternatives.
fn check_as_flink(factors: &[&Pattern], may_be_empty: bool) -> Result<()> {
    let mut seen: Vec<&str> = Vec::new();
    let mut after_greedy = false;
    for (position, factor) in factors.iter().enumerate() {
        let Some(name) = single(factor) else { continue };
        if seen.contains(&name.value.as_str()) {
            let message = "Pattern variables must be unique. That might change in the future.";
            return Err(SqlError::at(name.span, message));
        }
        seen.push(&name.value);
        let Pattern::Repeat { minimum, maximum, reluctant, .. } = factor else {
            after_greedy = false;
            continue;
        };
        let is_optional = *minimum == 0 && (maximum.is_none() || *maximum == Some(1));
        if is_optional && after_greedy {
            return Err(SqlError::at(name.span, "Optional pattern cannot be preceded by greedy pattern"));
        }
        if *reluctant && *minimum == 0 && *maximum == Some(1) {
            return Err(SqlError::at(name.span, "Reluctant optional variables are not supported yet."));
        }
        after_greedy = !reluctant && Some(*minimum) != *maximum && (*minimum, *maximum) != (0, Some(1));
        if after_greedy && position + 1 == factors.len() && !may_be_empty {
            return Err(SqlError::at(
                name.span,
                "Greedy quantifiers are not allowed as the last element of a Pattern yet. Finish your pattern with either a simple variable or reluctant quantifier.",
            ));
        }
    }
    Ok(())
}

/// From the first variable of a pattern to its last.
fn span_of(pattern: &Pattern) -> Span {
    match pattern {
        Pattern::Variable(name) => name.span,
        Pattern::Repeat { pattern, .. } | Pattern::Exclude(pattern) => span_of(pattern),
        Pattern::Sequence(parts) | Pattern::Alternation(parts) | Pattern::Permute(parts) => {
            let spans = parts.iter().map(span_of);
            spans.reduce(Span::to).unwrap_or_default()
        }
    }
}
