//! Which rows a partial match has, and to which variables they are mapped.
//!
//! Rows of a match follow each other without gaps, so a path is its first row and, run by run, the variable of the rows after it. A loop
//! over a million rows is one run, and a fork of a partial match copies runs, not rows.

use std::ops::Range;

use flott_job::pattern::{RowPosition, RowSet};
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

/// Number of a row in its partition.
pub(crate) type RowNumber = u64;

/// Rows mapped to variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    first: RowNumber,
    runs: Vec<(u32, u32)>,
    len: u64,
}

impl Path {
    /// A path without rows, the next of which would be `first`.
    pub(crate) fn starting_at(first: RowNumber) -> Self {
        Path { first, runs: Vec::new(), len: 0 }
    }

    /// The first row.
    pub(crate) fn first(&self) -> RowNumber {
        self.first
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The row after the last.
    pub(crate) fn end(&self) -> RowNumber {
        self.first + self.len
    }

    /// Maps the next row to a variable.
    pub(crate) fn push(&mut self, variable: usize) {
        self.len += 1;
        match self.runs.last_mut() {
            Some((last, count)) if *last as usize == variable && *count < u32::MAX => *count += 1,
            _ => self.runs.push((variable as u32, 1)),
        }
    }

    /// The path with one row more.
    pub(crate) fn with(&self, variable: usize) -> Path {
        let mut runs = Vec::with_capacity(self.runs.len() + 1);
        runs.extend_from_slice(&self.runs);
        let mut path = Path { first: self.first, runs, len: self.len };
        path.push(variable);
        path
    }

    /// The beginning of the path, of so many rows.
    pub(crate) fn prefix(&self, rows: u64) -> Path {
        let mut prefix = Path::starting_at(self.first);
        for (variable, count) in &self.runs {
            let taken = u64::from(*count).min(rows - prefix.len);
            if taken == 0 {
                break;
            }
            prefix.runs.push((*variable, taken as u32));
            prefix.len += taken;
        }
        prefix
    }

    /// The runs from the first: variable, rows.
    fn forward(&self) -> impl Iterator<Item = (usize, Range<RowNumber>)> {
        self.runs.iter().scan(self.first, |next, (variable, count)| {
            let first = std::mem::replace(next, *next + u64::from(*count));
            Some((*variable as usize, first..*next))
        })
    }

    /// The runs from the last.
    fn backward(&self) -> impl Iterator<Item = (usize, Range<RowNumber>)> {
        self.runs.iter().rev().scan(self.end(), |next, (variable, count)| {
            let end = std::mem::replace(next, *next - u64::from(*count));
            Some((*variable as usize, *next..end))
        })
    }

    /// The variable of a row of the path.
    pub(crate) fn variable_of(&self, row: RowNumber) -> Option<usize> {
        self.backward().find(|(_, rows)| rows.contains(&row)).map(|(variable, _)| variable)
    }

    /// The rows of a set, as ranges in order.
    pub(crate) fn ranges(&self, rows: &RowSet) -> impl Iterator<Item = Range<RowNumber>> {
        self.forward().filter(|(variable, _)| is_of(rows, *variable)).map(|(_, rows)| rows)
    }

    /// A row of the match by its position; rows before it in the partition are not looked at.
    pub(crate) fn row(&self, position: &RowPosition) -> Option<RowNumber> {
        let mut offset = u64::from(position.offset);
        let mut found = |(variable, range): (usize, Range<RowNumber>)| {
            let count = range.end - range.start;
            if !is_of(&position.rows, variable) {
                return None;
            }
            if offset < count {
                return Some(if position.from_first { range.start + offset } else { range.end - 1 - offset });
            }
            offset -= count;
            None
        };
        if position.from_first { self.forward().find_map(&mut found) } else { self.backward().find_map(&mut found) }
    }

    /// The first or last row of a variable.
    pub(crate) fn end_of(&self, variable: usize, from_first: bool) -> Option<RowNumber> {
        let rows = RowSet { variables: Some(vec![variable]), running: false };
        self.row(&RowPosition { rows, from_first, offset: 0, rows_before: 0 })
    }
}

/// Whether rows of a variable are in a set.
fn is_of(rows: &RowSet, variable: usize) -> bool {
    rows.variables.as_ref().is_none_or(|wanted| wanted.contains(&variable))
}

impl StateValue for Path {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.first);
        write_length(out, self.runs.len() as u64);
        for (variable, count) in &self.runs {
            write_length(out, u64::from(*variable));
            write_length(out, u64::from(*count));
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut path = Path::starting_at(read_length(bytes)?);
        for _ in 0..read_length(bytes)? {
            let (variable, count) = (read_length(bytes)?, read_length(bytes)?);
            let fits = u32::try_from(variable).ok().zip(u32::try_from(count).ok());
            let run = fits.ok_or_else(|| DecodeError(format!("a run of {count} rows of variable {variable}")))?;
            path.runs.push(run);
            path.len += count;
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(variable: Option<usize>, from_first: bool, offset: u32) -> RowPosition {
        let rows = RowSet { variables: variable.map(|variable| vec![variable]), running: false };
        RowPosition { rows, from_first, offset, rows_before: 0 }
    }

    #[test]
    fn rows_are_found_from_either_end() {
        let mut path = Path::starting_at(10);
        for variable in [0, 0, 1, 1, 1, 0, 2] {
            path.push(variable);
        }
        assert_eq!(path.row(&position(Some(0), true, 2)), Some(15));
        assert_eq!(path.row(&position(Some(0), true, 3)), None);
        assert_eq!(path.row(&position(Some(1), false, 0)), Some(14));
        assert_eq!(path.row(&position(Some(1), false, 2)), Some(12));
        assert_eq!(path.row(&position(None, false, 1)), Some(15));
        assert_eq!(path.row(&position(Some(3), false, 0)), None);
        assert_eq!((path.variable_of(13), path.variable_of(17)), (Some(1), None));
        assert_eq!((path.end(), path.prefix(3).end(), path.prefix(3).variable_of(12)), (17, 13, Some(1)));
        assert_eq!(path.with(2).end_of(2, false), Some(17));
    }

    #[test]
    fn paths_survive_encoding() {
        let mut path = Path::starting_at(7);
        for variable in [3, 3, 1] {
            path.push(variable);
        }
        let mut bytes = Vec::new();
        path.encode(&mut bytes);
        assert_eq!(Path::decode(&mut bytes.as_slice()), Ok(path));
    }
}
