//! From a pattern to the states that a partial match goes through.
//!
//! A state has edges in the order in which they are tried. An edge that takes a variable consumes the row, if the row satisfies the variable's
//! condition; one that takes none leads on at once. `unless` names variables whose condition must not hold for the row.
//!
//! Patterns that Flink knows become the graph that its CEP library makes of them, so that quirks are the same: what follows a greedy
//! quantifier is only entered by rows that the quantifier's variable refuses. The others become a graph after Thompson's construction, where the
//! order of edges is the order of preference.

use flott_job::pattern::{Preference, RowPattern};

use crate::interface::OperatorError;
use crate::limits::{PATTERN_STATES_MAX, PATTERN_STEPS_MAX};

/// Position of a state.
pub(crate) type StateId = usize;

/// The state in which a match is complete.
pub(crate) const FINAL: StateId = 0;

/// A way out of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The variable to which the row is mapped; `None`: the row is not consumed.
    pub(crate) takes: Option<usize>,
    /// Variables whose conditions must not hold.
    pub(crate) unless: Vec<usize>,
    /// Where it leads.
    pub(crate) to: StateId,
}

/// What a state comes to without consuming a row, in order of preference: variables that may be taken, each with the state after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// Variables and states; what is preferred to an end here comes before it, what is not is left out.
    pub(crate) takes: Vec<(usize, StateId)>,
    /// Whether the match may be complete here.
    pub(crate) accepts: bool,
}

/// The states of a pattern.
#[derive(Debug)]
pub(crate) struct Automaton {
    /// Edges of each state.
    pub(crate) states: Vec<Vec<Edge>>,
    /// Where matches begin.
    pub(crate) start: StateId,
    /// For [`Preference::Preferred`]: the steps from each state.
    pub(crate) steps: Vec<Steps>,
}

impl Automaton {
    /// The states of a pattern.
    ///
    /// # Errors
    /// A pattern with too many states.
    pub(crate) fn new(pattern: &RowPattern, preference: Preference) -> Result<Self, OperatorError> {
        let mut builder = Builder { states: vec![Vec::new()] };
        let start = match preference {
            Preference::Earliest => builder.linear(pattern)?,
            Preference::Preferred => builder.nested(pattern, FINAL)?,
        };
        let states = builder.states;
        let steps = match preference {
            Preference::Earliest => Vec::new(),
            Preference::Preferred => all_steps(&states)?,
        };
        Ok(Automaton { states, start, steps })
    }
}

struct Builder {
    states: Vec<Vec<Edge>>,
}

fn takes(variable: usize, to: StateId) -> Edge {
    Edge { takes: Some(variable), unless: Vec::new(), to }
}

fn proceeds(to: StateId) -> Edge {
    Edge { takes: None, unless: Vec::new(), to }
}

fn too_large() -> OperatorError {
    OperatorError::Failed(format!("not supported: a pattern of more than {PATTERN_STATES_MAX} states"))
}

impl Builder {
    fn add(&mut self, edges: Vec<Edge>) -> Result<StateId, OperatorError> {
        if self.states.len() >= PATTERN_STATES_MAX {
            return Err(too_large());
        }
        self.states.push(edges);
        Ok(self.states.len() - 1)
    }

    /// A sequence of variables with quantifiers, from its end to its beginning.
    fn linear(&mut self, pattern: &RowPattern) -> Result<StateId, OperatorError> {
        let factors = match pattern {
            RowPattern::Sequence(factors) => factors.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut sink = FINAL;
        for factor in factors.iter().rev() {
            sink = match factor {
                RowPattern::Variable(variable) => self.single(*variable, sink, None)?,
                RowPattern::Repeat { pattern, minimum, maximum, reluctant } => {
                    let RowPattern::Variable(variable) = **pattern else {
                        return Err(OperatorError::Failed("a quantified group is not linear".to_string()));
                    };
                    self.repeated(variable, *minimum, *maximum, *reluctant, sink)?
                }
                _ => return Err(OperatorError::Failed("a group is not linear".to_string())),
            };
        }
        Ok(sink)
    }

    /// One row; with `proceed` it may be left out.
    fn single(&mut self, variable: usize, sink: StateId, proceed: Option<StateId>) -> Result<StateId, OperatorError> {
        let mut edges = vec![takes(variable, sink)];
        edges.extend(proceed.map(proceeds));
        self.add(edges)
    }

    fn repeated(
        &mut self,
        variable: usize,
        minimum: u32,
        maximum: Option<u32>,
        reluctant: bool,
        sink: StateId,
    ) -> Result<StateId, OperatorError> {
        let skip = (minimum == 0).then_some(sink);
        if (minimum, maximum) == (0, Some(1)) {
            return self.single(variable, sink, skip);
        }
        let (from, to) = (minimum.max(1), maximum.unwrap_or(minimum.max(1)));
        if !reluctant && Some(minimum) != maximum && (maximum.is_none() || from != to) {
            self.possessive(variable, sink);
        }
        let mut next = sink;
        if maximum.is_none() {
            next = self.states.len();
            self.add(vec![takes(variable, next), proceeds(sink)])?;
        }
        for _ in from..to {
            next = self.single(variable, next, Some(sink))?;
        }
        for _ in 1..from {
            next = self.single(variable, next, None)?;
        }
        self.single(variable, next, skip)
    }

    /// What follows a greedy quantifier is entered by rows that its variable refuses.
    fn possessive(&mut self, variable: usize, sink: StateId) {
        for edge in &mut self.states[sink] {
            edge.unless.push(variable);
        }
    }

    /// Any pattern before the state `next`.
    fn nested(&mut self, pattern: &RowPattern, next: StateId) -> Result<StateId, OperatorError> {
        match pattern {
            RowPattern::Variable(variable) => self.add(vec![takes(*variable, next)]),
            RowPattern::Sequence(parts) => parts.iter().rev().try_fold(next, |next, part| self.nested(part, next)),
            RowPattern::Alternation(parts) => {
                let mut edges = Vec::with_capacity(parts.len());
                for part in parts {
                    edges.push(proceeds(self.nested(part, next)?));
                }
                self.add(edges)
            }
            RowPattern::Repeat { pattern, minimum, maximum, reluctant } => {
                let mut first = next;
                match maximum {
                    None => {
                        first = self.add(Vec::new())?;
                        let body = self.nested(pattern, first)?;
                        self.states[first] = in_order(body, next, *reluctant);
                    }
                    Some(maximum) => {
                        for _ in *minimum..*maximum {
                            let body = self.nested(pattern, first)?;
                            first = self.add(in_order(body, next, *reluctant))?;
                        }
                    }
                }
                (0..*minimum).try_fold(first, |next, _| self.nested(pattern, next))
            }
        }
    }
}

/// Another repetition first, or the end of the loop.
fn in_order(again: StateId, end: StateId, reluctant: bool) -> Vec<Edge> {
    if reluctant { vec![proceeds(end), proceeds(again)] } else { vec![proceeds(again), proceeds(end)] }
}

fn all_steps(states: &[Vec<Edge>]) -> Result<Vec<Steps>, OperatorError> {
    let mut all = Vec::with_capacity(states.len());
    let mut total = 0;
    for state in 0..states.len() {
        let steps = steps_of(states, state);
        total += steps.takes.len();
        if total > PATTERN_STEPS_MAX {
            return Err(too_large());
        }
        all.push(steps);
    }
    Ok(all)
}

/// A walk along the edges that consume nothing, preferred ones first, until the match is complete.
fn steps_of(states: &[Vec<Edge>], from: StateId) -> Steps {
    let mut steps = Steps::default();
    let mut seen = vec![false; states.len()];
    let mut waiting = vec![proceeds(from)];
    while let Some(edge) = waiting.pop() {
        if let Some(variable) = edge.takes {
            steps.takes.push((variable, edge.to));
            continue;
        }
        if edge.to == FINAL {
            steps.accepts = true;
            break;
        }
        if !std::mem::replace(&mut seen[edge.to], true) {
            waiting.extend(states[edge.to].iter().rev().cloned());
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeat(variable: usize, minimum: u32, maximum: Option<u32>) -> RowPattern {
        RowPattern::Repeat { pattern: Box::new(RowPattern::Variable(variable)), minimum, maximum, reluctant: false }
    }

    #[test]
    fn a_greedy_quantifier_keeps_its_rows() {
        let pattern = RowPattern::Sequence(vec![repeat(0, 2, None), RowPattern::Variable(1)]);
        let automaton = Automaton::new(&pattern, Preference::Earliest).expect("small");
        let guarded = Edge { takes: Some(1), unless: vec![0], to: FINAL };
        let wanted = vec![vec![], vec![guarded], vec![takes(0, 2), proceeds(1)], vec![takes(0, 2)], vec![takes(0, 3)]];
        assert_eq!(automaton.states, wanted);
        assert_eq!(automaton.start, 4);
    }

    #[test]
    fn what_is_less_preferred_than_an_end_is_left_out() {
        let body = RowPattern::Alternation(vec![RowPattern::Variable(0), RowPattern::Variable(1)]);
        for (reluctant, takes) in [(false, 2), (true, 0)] {
            let pattern = RowPattern::Repeat { pattern: Box::new(body.clone()), minimum: 1, maximum: None, reluctant };
            let automaton = Automaton::new(&pattern, Preference::Preferred).expect("small");
            let first = &automaton.steps[automaton.start];
            assert_eq!((first.takes.len(), first.accepts), (2, false));
            let after = &automaton.steps[first.takes[0].1];
            assert_eq!((after.takes.len(), after.accepts), (takes, true));
        }
    }

    #[test]
    fn patterns_that_are_too_large_are_refused() {
        let inner = repeat(0, 1_000, Some(1_000));
        let pattern = RowPattern::Repeat { pattern: Box::new(inner), minimum: 1_000, maximum: None, reluctant: false };
        let error = Automaton::new(&pattern, Preference::Preferred).expect_err("a million states");
        assert!(error.to_string().contains("more than"), "{error}");
    }
}
