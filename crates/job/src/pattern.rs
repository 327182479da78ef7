//! Row patterns (MATCH_RECOGNIZE) as data.
//!
//! Pattern variables are numbers: positions in [`MatchSpec::variables`]. Expressions over matched rows see the input's columns first, which are
//! those of the current row, then one column a [`Slot`].

use std::collections::BTreeSet;

use flott_expression::{AggregateCall, Expression};
use flott_record::{DataType, Schema, TypeKind};
use serde::{Deserialize, Serialize};

use crate::spec::SortColumn;

/// Finds rows that follow a pattern in each partition, ordered by time. Output: one row a match, the partition columns, then the measures; or with
/// `all_rows` one row for each row of a match: all columns of the input, then the measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchSpec {
    /// PARTITION BY.
    pub partition: Vec<usize>,
    /// ORDER BY, the time column first.
    pub order: Vec<SortColumn>,
    /// Position of the rowtime column by which rows are ordered; `None` = by arrival (processing time).
    pub rowtime: Option<usize>,
    /// The pattern's variables.
    pub variables: Vec<PatternVariable>,
    /// The pattern; it matches a row at least.
    pub pattern: RowPattern,
    /// Which of several possible matches from one row is found.
    pub preference: Preference,
    /// Where the search goes on.
    pub skip: AfterMatch,
    /// A match whose last row is this much later than its first, or more, is none; milliseconds.
    pub within_ms: Option<i64>,
    /// MEASURES.
    pub measures: Vec<PatternExpression>,
    /// ALL ROWS PER MATCH.
    pub all_rows: bool,
    /// Types of the input's columns.
    pub input: Schema,
}

/// A pattern variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatternVariable {
    /// Its name, for CLASSIFIER() and errors.
    pub name: String,
    /// Which rows it may stand for; `None` = any row.
    pub definition: Option<PatternExpression>,
}

/// A pattern of rows that follow each other directly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RowPattern {
    /// One row.
    Variable(usize),
    /// One after the other.
    Sequence(Vec<RowPattern>),
    /// Any of these.
    Alternation(Vec<RowPattern>),
    /// So many times.
    Repeat {
        pattern: Box<RowPattern>,
        minimum: u32,
        /// `None`: without bound.
        maximum: Option<u32>,
        /// As few times as possible.
        reluctant: bool,
    },
}

impl RowPattern {
    /// Whether it matches no row at all.
    pub fn may_be_empty(&self) -> bool {
        match self {
            RowPattern::Variable(_) => false,
            RowPattern::Sequence(parts) => parts.iter().all(RowPattern::may_be_empty),
            RowPattern::Alternation(parts) => parts.iter().any(RowPattern::may_be_empty),
            RowPattern::Repeat { pattern, minimum, maximum, .. } => {
                *minimum == 0 || *maximum == Some(0) || pattern.may_be_empty()
            }
        }
    }

    /// Whether each match has a row of the variable.
    pub fn requires(&self, variable: usize) -> bool {
        match self {
            RowPattern::Variable(own) => *own == variable,
            RowPattern::Sequence(parts) => parts.iter().any(|part| part.requires(variable)),
            RowPattern::Alternation(parts) => parts.iter().all(|part| part.requires(variable)),
            RowPattern::Repeat { pattern, minimum, .. } => *minimum > 0 && pattern.requires(variable),
        }
    }
}

/// Which of the matches that begin at one row is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preference {
    /// Flink's rule, for patterns that Flink takes: a greedy quantifier takes each row that it can and gives none back; of what is left the match that
    /// is complete first.
    Earliest,
    /// The standard's rule, for patterns with groups and alternatives: what backtracking finds first, where earlier alternatives, more
    /// repetitions of a greedy quantifier and fewer of a reluctant one are tried first.
    Preferred,
}

/// AFTER MATCH SKIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AfterMatch {
    ToNextRow,
    PastLastRow,
    ToFirst(usize),
    ToLast(usize),
}

/// An expression over the input's columns, then the slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatternExpression {
    /// The expression.
    pub expression: Expression,
    /// What stands behind the columns after the input's.
    pub slots: Vec<Slot>,
}

/// A value taken from the rows matched so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Slot {
    /// An expression over one row; NULL if there is no such row.
    Row {
        /// Which row.
        position: RowPosition,
        /// Over the input.
        value: Expression,
        /// Type of the slot.
        data_type: DataType,
    },
    /// The name of the variable that one row is mapped to.
    Classifier(RowPosition),
    /// An aggregate over rows.
    Aggregate {
        /// Which rows.
        rows: RowSet,
        /// Over the input; the call's arguments are positions in this list.
        arguments: Vec<Expression>,
        /// The call.
        call: AggregateCall,
    },
    /// The match's number in its partition, from 1.
    MatchNumber,
    /// Time of the row with which the match was found, in the type of the time column.
    MatchTime(DataType),
}

impl Slot {
    /// Type of the slot's column.
    pub fn data_type(&self) -> DataType {
        match self {
            Slot::Row { data_type, .. } | Slot::MatchTime(data_type) => data_type.clone(),
            Slot::Aggregate { call, .. } => call.data_type.clone(),
            Slot::Classifier(_) => TypeKind::string().nullable(),
            Slot::MatchNumber => TypeKind::BigInt.not_null(),
        }
    }
}

/// Rows of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowSet {
    /// Rows of these variables; `None` = all rows.
    pub variables: Option<Vec<usize>>,
    /// With `all_rows`: rows up to the current one only (RUNNING).
    pub running: bool,
}

/// One row of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowPosition {
    /// Among these.
    pub rows: RowSet,
    /// Counted from the first (else the last).
    pub from_first: bool,
    /// So many rows on, or back from the last.
    pub offset: u32,
    /// Then so many rows of the partition back, whether of the match or not (PREV).
    pub rows_before: u32,
}

impl MatchSpec {
    /// Columns of the input that are read.
    pub fn columns(&self) -> BTreeSet<usize> {
        if self.all_rows {
            return (0..self.input.len()).collect();
        }
        let width = self.input.len();
        let mut used: BTreeSet<usize> = self.partition.iter().copied().chain(self.rowtime).collect();
        used.extend(self.order.iter().map(|sort| sort.column));
        let mut visit = |expression: &Expression| {
            expression.visit_columns(&mut |column| {
                used.extend((column < width).then_some(column));
            });
        };
        for formula in self.expressions() {
            visit(&formula.expression);
            for slot in &formula.slots {
                match slot {
                    Slot::Row { value, .. } => visit(value),
                    Slot::Aggregate { arguments, .. } => arguments.iter().for_each(&mut visit),
                    Slot::Classifier(_) | Slot::MatchNumber | Slot::MatchTime(_) => {}
                }
            }
        }
        used
    }

    /// All expressions: measures, then definitions.
    pub fn expressions(&self) -> impl Iterator<Item = &PatternExpression> {
        self.measures.iter().chain(self.variables.iter().filter_map(|variable| variable.definition.as_ref()))
    }

    /// The same over another input, which has the columns that are read elsewhere.
    pub fn remap(&self, input: Schema, map: &impl Fn(usize) -> usize) -> MatchSpec {
        let mut spec = self.clone();
        let (width, wanted) = (self.input.len(), input.len());
        let place = |column: usize| column.checked_sub(width).map_or_else(|| map(column), |slot| wanted + slot);
        spec.partition.iter_mut().chain(&mut spec.rowtime).for_each(|column| *column = map(*column));
        spec.order.iter_mut().for_each(|sort| sort.column = map(sort.column));
        let definitions = spec.variables.iter_mut().filter_map(|variable| variable.definition.as_mut());
        for formula in spec.measures.iter_mut().chain(definitions) {
            remap(&mut formula.expression, &place);
            for slot in &mut formula.slots {
                match slot {
                    Slot::Row { value, .. } => remap(value, map),
                    Slot::Aggregate { arguments, .. } => {
                        arguments.iter_mut().for_each(|argument| remap(argument, map));
                    }
                    Slot::Classifier(_) | Slot::MatchNumber | Slot::MatchTime(_) => {}
                }
            }
        }
        spec.input = input;
        spec
    }
}

fn remap(expression: &mut Expression, map: &impl Fn(usize) -> usize) {
    *expression = expression.clone().remap_columns(map);
}
