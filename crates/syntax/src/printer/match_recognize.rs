//! MATCH_RECOGNIZE.

use super::table_reference::write_input;
use super::{write_clause, write_if, write_list, write_optional};
use crate::ast::{AfterMatchSkip, MatchRecognize, Measure, Pattern, PatternDefinition, PatternSubset, RowsPerMatch};
use std::fmt::{Display, Formatter, Result};

impl Display for MatchRecognize {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write_input(f, &self.input)?;
        f.write_str(" MATCH_RECOGNIZE (")?;
        write_clause(f, "PARTITION BY ", &self.partition_by, " ")?;
        write_clause(f, "ORDER BY ", &self.order_by, " ")?;
        write_clause(f, "MEASURES ", &self.measures, " ")?;
        f.write_str(match self.rows_per_match {
            Some(RowsPerMatch::One) => "ONE ROW PER MATCH ",
            Some(RowsPerMatch::All) => "ALL ROWS PER MATCH ",
            None => "",
        })?;
        if let Some(skip) = &self.after_match {
            write!(f, "AFTER MATCH SKIP {skip} ")?;
        }
        f.write_str("PATTERN (")?;
        write_if(f, self.strict_start, "^ ")?;
        write!(f, "{}", self.pattern)?;
        write_if(f, self.strict_end, " $")?;
        f.write_str(")")?;
        write_optional(f, " WITHIN ", self.within.as_ref())?;
        write_clause(f, " SUBSET ", &self.subsets, "")?;
        write_clause(f, " DEFINE ", &self.definitions, "")?;
        f.write_str(")")
    }
}

impl Display for Measure {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} AS {}", self.expression, self.alias)
    }
}

impl Display for AfterMatchSkip {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            AfterMatchSkip::ToNextRow => f.write_str("TO NEXT ROW"),
            AfterMatchSkip::PastLastRow => f.write_str("PAST LAST ROW"),
            AfterMatchSkip::ToFirst(variable) => write!(f, "TO FIRST {variable}"),
            AfterMatchSkip::ToLast(variable) => write!(f, "TO LAST {variable}"),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Pattern::Variable(name) => write!(f, "{name}"),
            Pattern::Sequence(patterns) => {
                write_separated(f, patterns, " ", |p| !matches!(p, Pattern::Sequence(_) | Pattern::Alternation(_)))
            }
            Pattern::Alternation(patterns) => {
                write_separated(f, patterns, " | ", |p| !matches!(p, Pattern::Alternation(_)))
            }
            Pattern::Repeat { pattern, minimum, maximum, reluctant } => {
                let single = matches!(**pattern, Pattern::Variable(_) | Pattern::Exclude(_) | Pattern::Permute(_));
                write_pattern(f, pattern, single)?;
                write_quantifier(f, *minimum, *maximum)?;
                write_if(f, *reluctant, "?")
            }
            Pattern::Exclude(pattern) => write!(f, "{{- {pattern} -}}"),
            Pattern::Permute(patterns) => {
                f.write_str("PERMUTE(")?;
                write_list(f, patterns)?;
                f.write_str(")")
            }
        }
    }
}

fn write_separated(f: &mut Formatter<'_>, patterns: &[Pattern], separator: &str, bare: fn(&Pattern) -> bool) -> Result {
    for (index, pattern) in patterns.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { separator })?;
        write_pattern(f, pattern, bare(pattern))?;
    }
    Ok(())
}

fn write_pattern(f: &mut Formatter<'_>, pattern: &Pattern, bare: bool) -> Result {
    match bare {
        true => write!(f, "{pattern}"),
        false => write!(f, "({pattern})"),
    }
}

fn write_quantifier(f: &mut Formatter<'_>, minimum: u32, maximum: Option<u32>) -> Result {
    match (minimum, maximum) {
        (0, None) => f.write_str("*"),
        (1, None) => f.write_str("+"),
        (0, Some(1)) => f.write_str("?"),
        (minimum, None) => write!(f, "{{{minimum},}}"),
        (minimum, Some(maximum)) if minimum == maximum => write!(f, "{{{minimum}}}"),
        (minimum, Some(maximum)) => write!(f, "{{{minimum},{maximum}}}"),
    }
}

impl Display for PatternSubset {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} = (", self.name)?;
        write_list(f, &self.variables)?;
        f.write_str(")")
    }
}

impl Display for PatternDefinition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} AS {}", self.variable, self.condition)
    }
}
