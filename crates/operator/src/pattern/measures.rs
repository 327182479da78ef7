//! MEASURES: from matches to rows.

use std::sync::Arc;

use arrow_array::{ArrayRef, UInt32Array};
use arrow_select::take::take;
use flott_evaluation::Session;
use flott_job::pattern::MatchSpec;
use flott_record::Batch;
use flott_record::limits::BATCH_ROWS_MAX;

use super::frame::{Frame, Moment, Place};
use super::machine::Match;
use super::path::Path;
use super::slots::Formula;
use crate::interface::{Context, OperatorError};

/// Computes the output of matches.
pub(crate) struct Measures {
    measures: Vec<Formula>,
    /// Columns of the input that come before the measures.
    columns: Vec<usize>,
    all_rows: bool,
}

/// A match with the number of its partition among those that are worked on.
pub(crate) struct Found {
    pub(crate) found: Match,
    pub(crate) partition: usize,
}

impl Measures {
    /// Compiles the measures.
    ///
    /// # Errors
    /// Something in them is not supported.
    pub(crate) fn new(spec: &MatchSpec, names: &Arc<[String]>, session: &Session) -> Result<Self, OperatorError> {
        let compile = |measure| Formula::new(measure, spec.input.len(), names, session);
        let columns = if spec.all_rows { (0..spec.input.len()).collect() } else { spec.partition.clone() };
        let measures = spec.measures.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Measures { measures, columns, all_rows: spec.all_rows })
    }

    /// Emits matches; `places` says where the rows of each partition lie.
    ///
    /// # Errors
    /// A measure fails.
    pub(crate) fn emit(
        &mut self,
        frame: &Frame,
        places: &[Place],
        matches: &[Found],
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        self.measures.iter_mut().for_each(|measure| measure.prepare(frame));
        let prefixes: Vec<Vec<Path>> = matches.iter().map(|found| self.prefixes(&found.found.path)).collect();
        let mut moments = Vec::new();
        let mut rows = Vec::new();
        for (Found { found, partition }, prefixes) in matches.iter().zip(&prefixes) {
            let place = places[*partition];
            for running in prefixes {
                let row = if self.all_rows { running.end() - 1 } else { found.path.first() };
                rows.push(place.index(row));
                let (number, time_ms) = (found.number, found.time_ms);
                moments.push(Moment { path: &found.path, running, place, number, time_ms });
            }
        }
        for (moments, rows) in moments.chunks(BATCH_ROWS_MAX).zip(rows.chunks(BATCH_ROWS_MAX)) {
            let rows: UInt32Array = rows.iter().copied().collect();
            let taken = self.columns.iter().map(|column| take(frame.batch.column(*column), &rows, None));
            let mut columns: Vec<ArrayRef> = taken.collect::<Result<_, _>>()?;
            for measure in &mut self.measures {
                columns.push(measure.values(frame, moments)?);
            }
            context.emit(Batch::new(columns, rows.len()));
        }
        Ok(())
    }

    /// For each output row the rows of the match up to its own.
    fn prefixes(&self, path: &Path) -> Vec<Path> {
        match self.all_rows {
            true => (1..=path.len()).map(|rows| path.prefix(rows)).collect(),
            false => vec![path.clone()],
        }
    }
}
