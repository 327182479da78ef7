//! Points of the code that do the unlikely: which of them, and how often, each seed draws anew (swarm testing).

use std::collections::BTreeMap;

use flott_environment::Random;

/// How often a point that is drawn does the unlikely, by chance one of these: hardly ever, at times, mostly.
const CHANCES: [f64; 3] = [0.01, 0.1, 0.6];

/// What the names of points begin with that make the code wrong, to prove a checker.
const MUTANT: &str = "mutant: ";

/// The points of one simulation.
pub(crate) struct FaultPoints {
    random: Random,
    /// Chance of each point that was asked; 0 where it was not drawn.
    chances: BTreeMap<&'static str, f64>,
    /// How often each did it.
    hits: BTreeMap<&'static str, u64>,
    /// A point that is wrong on purpose, always.
    mutant: Option<&'static str>,
}

impl FaultPoints {
    pub(crate) fn new(seed: u64) -> Self {
        FaultPoints { random: Random::from_seed(seed), chances: BTreeMap::new(), hits: BTreeMap::new(), mutant: None }
    }

    /// Lets a point be wrong from now on.
    pub(crate) fn set_mutant(&mut self, point: &'static str) {
        self.mutant = Some(point);
    }

    /// Lets a point always do the unlikely from now on.
    pub(crate) fn force(&mut self, point: &'static str) {
        self.chances.insert(point, 1.0);
    }

    /// Whether the point does the unlikely this time. Half of the points are drawn; of those that are wrong, only the one that was planted.
    pub(crate) fn hits(&mut self, point: &'static str) -> bool {
        if point.starts_with(MUTANT) {
            return self.mutant == Some(point);
        }
        if !self.chances.contains_key(point) {
            let is_drawn = self.random.next_bool(0.5);
            let chance = CHANCES[self.random.next_below(CHANCES.len() as u64) as usize];
            self.chances.insert(point, if is_drawn { chance } else { 0.0 });
        }
        let hits = self.random.next_bool(self.chances[point]);
        if hits {
            *self.hits.entry(point).or_default() += 1;
        }
        hits
    }

    /// How often each point did the unlikely so far.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.hits.clone()
    }
}
