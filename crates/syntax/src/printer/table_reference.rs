//! What stands in FROM.

use super::call::write_named_call;
use super::{Text, write_clause, write_if, write_list, write_optional};
use crate::ast::{
    Join, JoinCondition, JoinKind, Pivot, PivotValue, TableAlias, TableReference, TableReferenceKind, TableSample,
    Unpivot, UnpivotColumns,
};
use std::fmt::{Display, Formatter, Result};

impl Display for TableReference {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let joined = matches!(self.kind, TableReferenceKind::Join(_));
        match joined && (self.alias.is_some() || self.sample.is_some()) {
            true => write!(f, "({})", self.kind)?,
            false => write!(f, "{}", self.kind)?,
        }
        write_optional(f, " AS ", self.alias.as_ref())?;
        write_optional(f, " ", self.sample.as_ref())
    }
}

impl Display for TableAlias {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.name)?;
        write_clause(f, " (", &self.columns, ")")
    }
}

impl Display for TableReferenceKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            TableReferenceKind::Table { name, hints, as_of } => {
                write!(f, "{name}")?;
                write_clause(f, " /*+ ", hints, " */")?;
                write_optional(f, " FOR SYSTEM_TIME AS OF ", as_of.as_ref())
            }
            TableReferenceKind::Subquery { query, lateral } => {
                write_if(f, *lateral, "LATERAL ")?;
                write!(f, "({query})")
            }
            TableReferenceKind::Function { call, lateral, table_keyword, hints } => {
                write_if(f, *lateral, "LATERAL ")?;
                write_if(f, *table_keyword, "TABLE(")?;
                write_named_call(f, call)?;
                write_if(f, *table_keyword, ")")?;
                write_clause(f, " /*+ ", hints, " */")
            }
            TableReferenceKind::Unnest { collections, with_ordinality, lateral } => {
                write_if(f, *lateral, "LATERAL ")?;
                f.write_str("UNNEST(")?;
                write_list(f, collections)?;
                f.write_str(")")?;
                write_if(f, *with_ordinality, " WITH ORDINALITY")
            }
            TableReferenceKind::Join(join) => write!(f, "{join}"),
            TableReferenceKind::MatchRecognize(pattern) => write!(f, "{pattern}"),
            TableReferenceKind::Pivot(pivot) => write!(f, "{pivot}"),
            TableReferenceKind::Unpivot(unpivot) => write!(f, "{unpivot}"),
        }
    }
}

/// Prints a table as the input of another clause: a join in parentheses.
pub(super) fn write_input(f: &mut Formatter<'_>, table: &TableReference) -> Result {
    match bare_join_kind(table) {
        Some(_) => write!(f, "({table})"),
        None => write!(f, "{table}"),
    }
}

/// The kind of the join, if the table is one and has no parentheses of its own.
fn bare_join_kind(table: &TableReference) -> Option<JoinKind> {
    match &table.kind {
        TableReferenceKind::Join(join) if table.alias.is_none() && table.sample.is_none() => Some(join.kind),
        _ => None,
    }
}

impl Display for Join {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let comma = self.kind == JoinKind::Comma;
        match bare_join_kind(&self.left) {
            Some(JoinKind::Comma) if !comma => write!(f, "({})", self.left)?,
            _ => write!(f, "{}", self.left)?,
        }
        f.write_str(if self.natural { " NATURAL" } else { "" })?;
        f.write_str(match self.kind {
            JoinKind::Comma => ", ",
            JoinKind::Cross => " CROSS JOIN ",
            JoinKind::Inner => " INNER JOIN ",
            JoinKind::Left => " LEFT JOIN ",
            JoinKind::Right => " RIGHT JOIN ",
            JoinKind::Full => " FULL JOIN ",
        })?;
        match bare_join_kind(&self.right) {
            Some(kind) if !comma || kind == JoinKind::Comma => write!(f, "({})", self.right)?,
            _ => write!(f, "{}", self.right)?,
        }
        match &self.condition {
            JoinCondition::None => Ok(()),
            JoinCondition::On(condition) => write!(f, " ON {condition}"),
            JoinCondition::Using(columns) => write_clause(f, " USING (", columns, ")"),
        }
    }
}

impl Display for TableSample {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (method, percentage, seed) = match self {
            TableSample::Substitute(name) => {
                return write!(f, "TABLESAMPLE SUBSTITUTE({})", Text(name));
            }
            TableSample::Bernoulli { percentage, seed } => ("BERNOULLI", percentage, seed),
            TableSample::System { percentage, seed } => ("SYSTEM", percentage, seed),
        };
        write!(f, "TABLESAMPLE {method}({percentage})")?;
        match seed {
            Some(seed) => write!(f, " REPEATABLE({seed})"),
            None => Ok(()),
        }
    }
}

impl Display for Pivot {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write_input(f, &self.input)?;
        f.write_str(" PIVOT (")?;
        write_list(f, &self.aggregates)?;
        f.write_str(" FOR (")?;
        write_list(f, &self.columns)?;
        f.write_str(") IN (")?;
        write_list(f, &self.values)?;
        f.write_str("))")
    }
}

impl Display for PivotValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("(")?;
        write_list(f, &self.values)?;
        f.write_str(")")?;
        write_optional(f, " AS ", self.alias.as_ref())
    }
}

impl Display for Unpivot {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write_input(f, &self.input)?;
        f.write_str(match self.include_nulls {
            Some(true) => " UNPIVOT INCLUDE NULLS ((",
            Some(false) => " UNPIVOT EXCLUDE NULLS ((",
            None => " UNPIVOT ((",
        })?;
        write_list(f, &self.measures)?;
        f.write_str(") FOR (")?;
        write_list(f, &self.axes)?;
        f.write_str(") IN (")?;
        write_list(f, &self.columns)?;
        f.write_str("))")
    }
}

impl Display for UnpivotColumns {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("(")?;
        write_list(f, &self.columns)?;
        f.write_str(")")?;
        write_clause(f, " AS (", &self.values, ")")
    }
}
