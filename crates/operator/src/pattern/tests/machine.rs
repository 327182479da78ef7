//! The machine against a matcher that tries one mapping after the other, and against answers of Flink.

use flott_job::pattern::{AfterMatch, Preference, RowPattern};
use flott_state::StateValue;
use proptest::prelude::*;

use super::super::machine::{Attempts, Conditions, Machine, Match};
use super::super::path::Path;
use crate::interface::OperatorError;

/// Each row says which variables it satisfies, as bits; the bits above say which of them want an even number of rows of the same
/// variable before.
struct Rows<'a> {
    rows: &'a [u16],
}

const VARIABLES: usize = 4;

fn satisfies(row: u16, variable: usize, rows_of_variable: usize) -> bool {
    let wants_even = row >> (VARIABLES + variable) & 1 == 1;
    row >> variable & 1 == 1 && (!wants_even || rows_of_variable.is_multiple_of(2))
}

impl Conditions for Rows<'_> {
    fn holds(&mut self, variable: usize, path: &Path) -> Result<bool, OperatorError> {
        let own = (path.first()..path.end()).filter(|row| path.variable_of(*row) == Some(variable)).count();
        Ok(satisfies(self.rows[path.end() as usize], variable, own))
    }
}

/// Calls `done` with each way to match the pattern, preferred ones first, until it says true.
fn backtrack(
    pattern: &RowPattern,
    rows: &[u16],
    start: usize,
    mapped: &mut Vec<usize>,
    done: &mut dyn FnMut(&mut Vec<usize>) -> bool,
) -> bool {
    match pattern {
        RowPattern::Variable(variable) => {
            let own = mapped.iter().filter(|other| *other == variable).count();
            let Some(row) = rows.get(start + mapped.len()) else { return false };
            if !satisfies(*row, *variable, own) {
                return false;
            }
            mapped.push(*variable);
            let found = done(mapped);
            mapped.pop();
            found
        }
        RowPattern::Sequence(parts) => match parts.split_first() {
            None => done(mapped),
            Some((first, rest)) => {
                let rest = RowPattern::Sequence(rest.to_vec());
                backtrack(first, rows, start, mapped, &mut |mapped| backtrack(&rest, rows, start, mapped, done))
            }
        },
        RowPattern::Alternation(parts) => parts.iter().any(|part| backtrack(part, rows, start, mapped, done)),
        RowPattern::Repeat { pattern, minimum, maximum, reluctant } => {
            let ends = *minimum == 0;
            if ends && *reluctant && done(mapped) {
                return true;
            }
            if *maximum != Some(0) {
                let rest = RowPattern::Repeat {
                    pattern: pattern.clone(),
                    minimum: minimum.saturating_sub(1),
                    maximum: maximum.map(|maximum| maximum - 1),
                    reluctant: *reluctant,
                };
                let before = mapped.len();
                let found = backtrack(pattern, rows, start, mapped, &mut |mapped| {
                    (mapped.len() > before || !ends) && backtrack(&rest, rows, start, mapped, done)
                });
                if found {
                    return true;
                }
            }
            ends && !*reluctant && done(mapped)
        }
    }
}

/// Matches as first row and variables.
type Found = Vec<(usize, Vec<usize>)>;

fn naive(pattern: &RowPattern, rows: &[u16], skip: AfterMatch) -> Found {
    let (mut found, mut start) = (Found::new(), 0);
    while start < rows.len() {
        let mut first = None;
        backtrack(pattern, rows, start, &mut Vec::new(), &mut |mapped| {
            first = Some(mapped.clone());
            true
        });
        let Some(mapped) = first else {
            start += 1;
            continue;
        };
        let next = match skip {
            AfterMatch::PastLastRow => mapped.len(),
            _ => 1,
        };
        found.push((start, mapped));
        start += next;
    }
    found
}

fn machine(pattern: &RowPattern, preference: Preference, skip: AfterMatch, within_ms: Option<i64>) -> Machine {
    let names = ["A", "B", "C", "D"].map(str::to_string).to_vec();
    Machine::new(pattern, preference, skip, within_ms, names, false).expect("small")
}

fn variables(found: &Match) -> (usize, Vec<usize>) {
    let path = &found.path;
    let variables = (path.first()..path.end()).filter_map(|row| path.variable_of(row)).collect();
    (path.first() as usize, variables)
}

/// Runs the machine over rows, one a millisecond; after each row its state goes through bytes.
fn run(machine: &Machine, rows: &[u16], ends: bool) -> Result<Vec<Match>, OperatorError> {
    let (mut attempts, mut found) = (Attempts::default(), Vec::new());
    for row in 0..rows.len() {
        machine.advance_time(&mut attempts, row as i64, &mut found)?;
        machine.advance(&mut attempts, row as u64, row as i64, &mut Rows { rows }, &mut found)?;
        let mut bytes = Vec::new();
        attempts.encode(&mut bytes);
        let restored = Attempts::decode(&mut bytes.as_slice()).expect("just encoded");
        assert_eq!(restored, attempts);
    }
    if ends {
        machine.finish(&mut attempts, rows.len() as i64, &mut found)?;
    }
    Ok(found)
}

fn repeat(pattern: RowPattern, minimum: u32, maximum: Option<u32>, reluctant: bool) -> RowPattern {
    RowPattern::Repeat { pattern: Box::new(pattern), minimum, maximum, reluctant }
}

fn patterns() -> impl Strategy<Value = RowPattern> {
    let leaf = (0..VARIABLES).prop_map(RowPattern::Variable);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let counts =
            prop_oneof![Just((0, None)), Just((1, None)), Just((0, Some(1))), Just((1, Some(2))), Just((2, Some(3)))];
        let several = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            2 => several.clone().prop_map(RowPattern::Sequence),
            1 => several.prop_map(RowPattern::Alternation),
            2 => (inner, counts, any::<bool>())
                .prop_filter("an empty repetition", |(inner, ..)| !inner.may_be_empty())
                .prop_map(|(inner, (minimum, maximum), reluctant)| repeat(inner, minimum, maximum, reluctant)),
        ]
    })
    .prop_filter("matches nothing at all", |pattern| !pattern.may_be_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Groups and alternatives: what backtracking finds first, for each of the ways to go on.
    #[test]
    fn preferred_matches_are_those_of_backtracking(
        pattern in patterns(),
        rows in proptest::collection::vec(0u16..256, 0..12),
        past_last: bool,
    ) {
        let skip = if past_last { AfterMatch::PastLastRow } else { AfterMatch::ToNextRow };
        let machine = machine(&pattern, Preference::Preferred, skip, None);
        let found = run(&machine, &rows, true).expect("skips by rows");
        let found: Found = found.iter().map(variables).collect();
        prop_assert_eq!(found, naive(&pattern, &rows, skip));
    }

    /// Where a row satisfies one variable only, and no attempt is left open at the end, Flink's rule finds what backtracking finds.
    #[test]
    fn earliest_matches_are_those_of_backtracking_where_variables_exclude_each_other(
        quantifiers in proptest::collection::vec(0usize..5, 2),
        rows in proptest::collection::vec(0usize..4, 0..14),
        past_last: bool,
    ) {
        let skip = if past_last { AfterMatch::PastLastRow } else { AfterMatch::ToNextRow };
        let quantified = quantifiers.iter().enumerate().map(|(variable, quantifier)| {
            let one = RowPattern::Variable(variable + 1);
            match quantifier {
                0 => one,
                1 => repeat(one, 1, None, false),
                2 => repeat(one, 0, Some(1), false),
                3 => repeat(one, 2, Some(3), false),
                _ => repeat(one, 1, None, true),
            }
        });
        let mut parts = vec![RowPattern::Variable(0)];
        parts.extend(quantified);
        parts.push(RowPattern::Variable(3));
        let pattern = RowPattern::Sequence(parts);
        // Rows of no variable end whatever is open.
        let rows: Vec<u16> = rows.iter().map(|variable| 1 << variable).chain([0]).collect();
        let machine = machine(&pattern, Preference::Earliest, skip, None);
        let found = run(&machine, &rows, false).expect("skips by rows");
        let found: Found = found.iter().map(variables).collect();
        prop_assert_eq!(found, naive(&pattern, &rows, skip));
    }
}

fn letters(rows: &str) -> Vec<u16> {
    rows.split(' ').map(|row| row.bytes().map(|letter| 1 << (letter - b'A')).sum()).collect()
}

fn texts(found: &[Match]) -> Vec<String> {
    let text = |found: &Match| {
        let (first, variables) = variables(found);
        let letters: String = variables.iter().map(|variable| char::from(b'A' + *variable as u8)).collect();
        format!("{first}{letters}@{}", found.time_ms)
    };
    found.iter().map(text).collect()
}

/// Flink 2.3.0: a greedy quantifier keeps rows that what follows would need.
#[test]
fn a_greedy_quantifier_gives_no_row_back() {
    let b = repeat(RowPattern::Variable(1), 1, None, false);
    let pattern = RowPattern::Sequence(vec![RowPattern::Variable(0), b, RowPattern::Variable(2)]);
    let rows = letters("A B BC BC A B C");
    for (preference, wanted) in
        [(Preference::Earliest, vec!["4ABC@6"]), (Preference::Preferred, vec!["0ABBC@4", "4ABC@6"])]
    {
        let found = run(&machine(&pattern, preference, AfterMatch::PastLastRow, None), &rows, true);
        assert_eq!(texts(&found.expect("skips by rows")), wanted, "{preference:?}");
    }
}

/// Flink 2.3.0: `A B? C` takes what is complete first, and AFTER MATCH SKIP leaves out the rest.
#[test]
fn an_optional_row_is_left_out_where_that_ends_sooner() {
    let b = repeat(RowPattern::Variable(1), 0, Some(1), false);
    let pattern = RowPattern::Sequence(vec![RowPattern::Variable(0), b, RowPattern::Variable(2)]);
    let found =
        run(&machine(&pattern, Preference::Earliest, AfterMatch::ToNextRow, None), &letters("A BC ABC C"), false);
    assert_eq!(texts(&found.expect("skips by rows")), ["0AC@1", "2AC@3"]);
}

#[test]
fn a_match_waits_for_earlier_attempts_and_for_their_end() {
    let b = repeat(RowPattern::Variable(1), 1, None, false);
    let pattern = RowPattern::Sequence(vec![RowPattern::Variable(0), b, RowPattern::Variable(2)]);
    // Row 0 begins an attempt that goes on while rows are B.
    let rows = letters("A AB B BC B B");
    let open = machine(&pattern, Preference::Earliest, AfterMatch::PastLastRow, None);
    assert_eq!(texts(&run(&open, &rows, true).expect("runs")), Vec::<String>::new());
    let single = RowPattern::Sequence(vec![
        RowPattern::Variable(0),
        repeat(RowPattern::Variable(1), 1, None, true),
        RowPattern::Variable(2),
    ]);
    let rows = letters("A AB BC B B B");
    let found = run(&machine(&single, Preference::Earliest, AfterMatch::ToNextRow, Some(3)), &rows, false);
    assert_eq!(texts(&found.expect("runs")), ["0ABC@2"]);
}

#[test]
fn within_ends_attempts_and_frees_what_waits_for_them() {
    let d = repeat(RowPattern::Variable(3), 3, None, false);
    let long = RowPattern::Sequence(vec![RowPattern::Variable(0), d, RowPattern::Variable(1)]);
    // 0 goes on until it is 4 ms old; of 1..4 three rows are too few for a match.
    let rows = letters("AD AD D D D D B");
    let found = run(&machine(&long, Preference::Earliest, AfterMatch::ToNextRow, Some(6)), &rows, false);
    assert_eq!(texts(&found.expect("runs")), ["1ADDDDB@6"]);
}

#[test]
fn skipping_nowhere_fails() {
    let b = repeat(RowPattern::Variable(1), 0, None, true);
    let pattern = RowPattern::Sequence(vec![RowPattern::Variable(0), b, RowPattern::Variable(2)]);
    for (skip, wanted) in [
        (AfterMatch::ToFirst(0), "Could not skip to first element of a match."),
        (AfterMatch::ToLast(1), "Could not skip to B. No such element in the found match."),
    ] {
        let error = run(&machine(&pattern, Preference::Earliest, skip, None), &letters("A C"), false);
        assert_eq!(error.expect_err("skips nowhere").to_string(), wanted);
    }
    let found =
        run(&machine(&pattern, Preference::Earliest, AfterMatch::ToLast(1), None), &letters("A B C A B C"), false);
    assert_eq!(texts(&found.expect("B is there")), ["0ABC@2", "3ABC@5"]);
}
