//! The automaton at work: partial matches of one partition, row by row.
//!
//! All partial matches that begin at the same row are one attempt; attempts lie in the order of their first rows. An attempt ends without a match, or with
//! one: every AFTER MATCH SKIP leaves out the others that begin at the same row. A match is emitted when no earlier attempt is open, since that one's match
//! might skip it. The machine knows neither rows nor conditions: it numbers the former and asks its caller for the latter.

use std::collections::VecDeque;

use flott_job::pattern::{AfterMatch, Preference, RowPattern};
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::automaton::{Automaton, FINAL, StateId};
use super::path::{Path, RowNumber};
use crate::interface::OperatorError;
use crate::limits::PARTIAL_MATCHES_PER_KEY_MAX;

/// A partial match: where it is and which rows it has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Partial {
    state: StateId,
    path: Path,
}

/// The partial matches that begin at one row, preferred ones first, and the match that was found if none of these becomes one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attempt {
    first: RowNumber,
    first_ms: i64,
    partials: Vec<Partial>,
    complete: Option<Path>,
}

/// All that the machine knows of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    open: VecDeque<Attempt>,
    /// Number of matches found so far.
    matches: u64,
}

/// A match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// Its rows.
    pub(crate) path: Path,
    /// Its number in the partition, from 1.
    pub(crate) number: u64,
    /// The time at which it was certain: that of the row that made it so, or of the end of an earlier attempt.
    pub(crate) time_ms: i64,
}

/// Tells whether a row may be mapped to a variable, given the rows before it.
pub(crate) trait Conditions {
    /// Whether the variable's condition holds for the row after the path's end.
    ///
    /// # Errors
    /// The condition fails.
    fn holds(&mut self, variable: usize, path: &Path) -> Result<bool, OperatorError>;
}

/// The machine of one pattern, for any number of partitions.
#[derive(Debug)]
pub(crate) struct Machine {
    automaton: Automaton,
    preference: Preference,
    skip: AfterMatch,
    within_ms: Option<i64>,
    /// Names of variables, for errors.
    names: Vec<String>,
    /// Whether no condition looks at rows other than the current one by way of the match: partial matches in the same state have the same future.
    forgetful: bool,
}

impl Attempts {
    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// The first row that is still of use to an attempt.
    pub(crate) fn first_row(&self) -> Option<RowNumber> {
        self.open.front().map(|attempt| attempt.first)
    }

    /// Time of the first row of the first attempt.
    pub(crate) fn first_ms(&self) -> Option<i64> {
        self.open.front().map(|attempt| attempt.first_ms)
    }

    /// Number of partial matches.
    pub(crate) fn partials(&self) -> usize {
        self.open.iter().map(|attempt| attempt.partials.len()).sum()
    }
}

impl Machine {
    /// A machine; `forgetful` if no condition looks at the match's rows.
    ///
    /// # Errors
    /// A pattern with too many states.
    pub(crate) fn new(
        pattern: &RowPattern,
        preference: Preference,
        skip: AfterMatch,
        within_ms: Option<i64>,
        names: Vec<String>,
        forgetful: bool,
    ) -> Result<Self, OperatorError> {
        let automaton = Automaton::new(pattern, preference)?;
        Ok(Machine { automaton, preference, skip, within_ms, names, forgetful })
    }

    /// The next row of the partition; rows come in order of time, and `advance_time` was called with their time.
    ///
    /// # Errors
    /// A condition fails; there are too many partial matches; AFTER MATCH SKIP leads nowhere.
    pub(crate) fn advance(
        &self,
        attempts: &mut Attempts,
        row: RowNumber,
        time_ms: i64,
        conditions: &mut dyn Conditions,
        found: &mut Vec<Match>,
    ) -> Result<(), OperatorError> {
        for attempt in &mut attempts.open {
            self.step(attempt, conditions)?;
        }
        attempts.open.retain(|attempt| !attempt.partials.is_empty() || attempt.complete.is_some());
        let start = Partial { state: self.automaton.start, path: Path::starting_at(row) };
        let mut attempt = Attempt { first: row, first_ms: time_ms, partials: vec![start], complete: None };
        self.step(&mut attempt, conditions)?;
        if !attempt.partials.is_empty() || attempt.complete.is_some() {
            attempts.open.push_back(attempt);
        }
        if attempts.partials() > PARTIAL_MATCHES_PER_KEY_MAX {
            return Err(OperatorError::Failed(format!(
                "MATCH_RECOGNIZE has more than {PARTIAL_MATCHES_PER_KEY_MAX} partial matches in one partition; add WITHIN or stricter conditions"
            )));
        }
        self.settle(attempts, time_ms, found)
    }

    /// Time has come to `time_ms`: attempts that began WITHIN's length before that, or longer, are over.
    ///
    /// # Errors
    /// AFTER MATCH SKIP leads nowhere.
    pub(crate) fn advance_time(
        &self,
        attempts: &mut Attempts,
        time_ms: i64,
        found: &mut Vec<Match>,
    ) -> Result<(), OperatorError> {
        while let Some(over_ms) = self.over_ms(attempts).filter(|over_ms| *over_ms <= time_ms) {
            if let Some(attempt) = attempts.open.front_mut() {
                attempt.partials.clear();
            }
            self.settle(attempts, over_ms, found)?;
        }
        Ok(())
    }

    /// Whether restored attempts are this pattern's.
    ///
    /// # Errors
    /// They are another pattern's.
    pub(crate) fn check(&self, attempts: &Attempts) -> Result<(), DecodeError> {
        let mut partials = attempts.open.iter().flat_map(|attempt| &attempt.partials);
        if partials.all(|partial| partial.state < self.automaton.states.len()) {
            return Ok(());
        }
        Err(DecodeError("a partial match is of another pattern".to_string()))
    }

    /// When the first attempt is over at the latest.
    pub(crate) fn over_ms(&self, attempts: &Attempts) -> Option<i64> {
        Some(attempts.first_ms()?.saturating_add(self.within_ms?))
    }

    /// No row follows: what is complete is a match, whatever else might have become one. Flink never emits such matches of its own patterns.
    ///
    /// # Errors
    /// AFTER MATCH SKIP leads nowhere.
    pub(crate) fn finish(
        &self,
        attempts: &mut Attempts,
        time_ms: i64,
        found: &mut Vec<Match>,
    ) -> Result<(), OperatorError> {
        if self.preference == Preference::Preferred {
            while let Some(attempt) = attempts.open.front_mut() {
                attempt.partials.clear();
                self.settle(attempts, time_ms, found)?;
            }
        }
        Ok(())
    }

    fn step(&self, attempt: &mut Attempt, conditions: &mut dyn Conditions) -> Result<(), OperatorError> {
        let partials = std::mem::take(&mut attempt.partials);
        for partial in partials {
            let is_over = match self.preference {
                Preference::Earliest => self.step_earliest(attempt, &partial, conditions)?,
                Preference::Preferred => self.step_preferred(attempt, &partial, conditions)?,
            };
            if is_over {
                break;
            }
        }
        Ok(())
    }

    fn keep(&self, attempt: &mut Attempt, state: StateId, path: Path) {
        if !(self.forgetful && attempt.partials.iter().any(|known| known.state == state)) {
            attempt.partials.push(Partial { state, path });
        }
    }

    /// Follows Flink's graph; true when the attempt is complete.
    fn step_earliest(
        &self,
        attempt: &mut Attempt,
        partial: &Partial,
        conditions: &mut dyn Conditions,
    ) -> Result<bool, OperatorError> {
        let mut answers = Answers { path: &partial.path, conditions, known: 0, held: 0 };
        let mut waiting = vec![partial.state];
        while let Some(state) = waiting.pop() {
            for edge in &self.automaton.states[state] {
                if !answers.refuse_all(&edge.unless)? {
                    continue;
                }
                let Some(variable) = edge.takes else {
                    waiting.push(edge.to);
                    continue;
                };
                if !answers.holds(variable)? {
                    continue;
                }
                if self.completes(edge.to, &mut answers)? {
                    attempt.complete = Some(partial.path.with(variable));
                    attempt.partials.clear();
                    return Ok(true);
                }
                self.keep(attempt, edge.to, partial.path.with(variable));
            }
        }
        Ok(false)
    }

    /// Whether the final state is reached without another row.
    fn completes(&self, state: StateId, answers: &mut Answers<'_>) -> Result<bool, OperatorError> {
        let mut waiting = vec![state];
        while let Some(state) = waiting.pop() {
            if state == FINAL {
                return Ok(true);
            }
            for edge in self.automaton.states[state].iter().filter(|edge| edge.takes.is_none()) {
                if answers.refuse_all(&edge.unless)? {
                    waiting.push(edge.to);
                }
            }
        }
        Ok(false)
    }

    /// Follows the preferred steps; true when the rest of the attempt is less preferred than what is complete.
    fn step_preferred(
        &self,
        attempt: &mut Attempt,
        partial: &Partial,
        conditions: &mut dyn Conditions,
    ) -> Result<bool, OperatorError> {
        let mut answers = Answers { path: &partial.path, conditions, known: 0, held: 0 };
        for (variable, state) in &self.automaton.steps[partial.state].takes {
            if !answers.holds(*variable)? {
                continue;
            }
            let after = &self.automaton.steps[*state];
            if !after.takes.is_empty() {
                self.keep(attempt, *state, partial.path.with(*variable));
            }
            if after.accepts {
                attempt.complete = Some(partial.path.with(*variable));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Emits what no earlier attempt can skip any more.
    fn settle(&self, attempts: &mut Attempts, time_ms: i64, found: &mut Vec<Match>) -> Result<(), OperatorError> {
        while attempts.open.front().is_some_and(|first| first.partials.is_empty()) {
            let Some(Attempt { complete: Some(path), .. }) = attempts.open.pop_front() else { continue };
            let next = self.next_first(&path)?;
            attempts.open.retain(|attempt| attempt.first >= next);
            attempts.matches += 1;
            found.push(Match { path, number: attempts.matches, time_ms });
        }
        Ok(())
    }

    /// The first row at which the next match may begin.
    fn next_first(&self, path: &Path) -> Result<RowNumber, OperatorError> {
        let (variable, from_first) = match self.skip {
            AfterMatch::ToNextRow => return Ok(path.first() + 1),
            AfterMatch::PastLastRow => return Ok(path.end()),
            AfterMatch::ToFirst(variable) => (variable, true),
            AfterMatch::ToLast(variable) => (variable, false),
        };
        match path.end_of(variable, from_first) {
            Some(row) if row > path.first() => Ok(row),
            Some(_) => Err(OperatorError::Failed("Could not skip to first element of a match.".to_string())),
            None => Err(OperatorError::Failed(format!(
                "Could not skip to {}. No such element in the found match.",
                self.names.get(variable).map_or("a variable", String::as_str)
            ))),
        }
    }
}

/// Conditions for one row after one path, each asked for once.
struct Answers<'a> {
    path: &'a Path,
    conditions: &'a mut dyn Conditions,
    /// Variables below 64 that were asked for, as bits.
    known: u64,
    held: u64,
}

impl Answers<'_> {
    fn holds(&mut self, variable: usize) -> Result<bool, OperatorError> {
        let bit = if variable < 64 { 1u64 << variable } else { 0 };
        if self.known & bit != 0 {
            return Ok(self.held & bit != 0);
        }
        let holds = self.conditions.holds(variable, self.path)?;
        self.known |= bit;
        if holds {
            self.held |= bit;
        }
        Ok(holds)
    }

    fn refuse_all(&mut self, variables: &[usize]) -> Result<bool, OperatorError> {
        for variable in variables {
            if self.holds(*variable)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl StateValue for Attempts {
    fn encode(&self, out: &mut Vec<u8>) {
        self.matches.encode(out);
        write_length(out, self.open.len() as u64);
        for attempt in &self.open {
            write_length(out, attempt.first);
            attempt.first_ms.encode(out);
            attempt.complete.encode(out);
            write_length(out, attempt.partials.len() as u64);
            for partial in &attempt.partials {
                write_length(out, partial.state as u64);
                partial.path.encode(out);
            }
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut attempts = Attempts { matches: u64::decode(bytes)?, open: VecDeque::new() };
        for _ in 0..read_length(bytes)? {
            let (first, first_ms, complete) = (read_length(bytes)?, i64::decode(bytes)?, Option::decode(bytes)?);
            let mut attempt = Attempt { first, first_ms, partials: Vec::new(), complete };
            for _ in 0..read_length(bytes)? {
                let (state, path) = (read_length(bytes)? as StateId, Path::decode(bytes)?);
                attempt.partials.push(Partial { state, path });
            }
            attempts.open.push_back(attempt);
        }
        Ok(attempts)
    }
}
