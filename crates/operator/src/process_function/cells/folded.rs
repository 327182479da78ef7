//! States that fold what is added to them.

use std::rc::Rc;

use flott_state::StateValue;

use super::value::{live, put};
use super::{States, Ttl, ValueState};
use crate::expiry::Stamped;

/// For each key the reduction of all values added.
///
/// Scope       the current key.
/// Cost        `add`: one lookup, no encoding.
/// Expiry      as declared, from the last addition on.
/// Snapshot    sees the reduction as of the barrier.
pub struct ReducingState<V> {
    value: ValueState<V>,
    reduce: Rc<dyn Fn(V, V) -> V>,
}

/// How what is added becomes an accumulator, and that a result.
pub trait AggregateFunction {
    /// What is added.
    type Input;
    /// What is kept.
    type Accumulator: StateValue + Clone + 'static;
    /// What is read.
    type Output;

    /// The accumulator of nothing.
    fn create(&self) -> Self::Accumulator;

    /// Adds an input.
    fn add(&self, accumulator: &mut Self::Accumulator, input: Self::Input);

    /// What an accumulator amounts to.
    fn result(&self, accumulator: &Self::Accumulator) -> Self::Output;
}

/// For each key the aggregate of all inputs added.
///
/// Scope, cost, expiry, snapshot as [`ReducingState`].
pub struct AggregatingState<A: AggregateFunction> {
    value: ValueState<A::Accumulator>,
    function: A,
}

impl States {
    /// Declares a reducing state; `reduce` is associative.
    ///
    /// # Panics
    /// If a state of that name was declared before: a fault of the function.
    pub fn reducing<V: StateValue + Clone + 'static>(
        &mut self,
        name: &str,
        ttl: Option<Ttl>,
        reduce: impl Fn(V, V) -> V + 'static,
    ) -> ReducingState<V> {
        ReducingState { value: self.value_of(name, ttl), reduce: Rc::new(reduce) }
    }

    /// Declares an aggregating state.
    ///
    /// # Panics
    /// As [`Self::reducing`].
    pub fn aggregating<A: AggregateFunction>(
        &mut self,
        name: &str,
        ttl: Option<Ttl>,
        function: A,
    ) -> AggregatingState<A> {
        AggregatingState { value: self.value_of(name, ttl), function }
    }

    fn value_of<V: StateValue + 'static>(&mut self, name: &str, ttl: Option<Ttl>) -> ValueState<V> {
        match ttl {
            Some(ttl) => self.value_with_ttl(name, ttl),
            None => self.value(name),
        }
    }
}

impl<V: StateValue + Clone + 'static> ReducingState<V> {
    /// The current key's reduction.
    pub fn get<'a>(&self, states: &'a mut States) -> Option<&'a V> {
        self.value.get(states)
    }

    /// Adds a value for the current key.
    pub fn add(&self, states: &mut States, value: V) {
        let reduced = match live(states.scope::<Stamped<V>>(self.value.index)).cloned() {
            Some(former) => (self.reduce)(former, value),
            None => value,
        };
        put(states.scope::<Stamped<V>>(self.value.index), reduced);
    }

    /// Removes the current key's reduction.
    pub fn clear(&self, states: &mut States) {
        self.value.clear(states);
    }
}

impl<A: AggregateFunction> AggregatingState<A> {
    /// The current key's result; `None` if nothing was added.
    pub fn get(&self, states: &mut States) -> Option<A::Output> {
        self.value.get(states).map(|accumulator| self.function.result(accumulator))
    }

    /// Adds an input for the current key.
    pub fn add(&self, states: &mut States, input: A::Input) {
        let former = live(states.scope::<Stamped<A::Accumulator>>(self.value.index)).cloned();
        let mut accumulator = former.unwrap_or_else(|| self.function.create());
        self.function.add(&mut accumulator, input);
        put(states.scope::<Stamped<A::Accumulator>>(self.value.index), accumulator);
    }

    /// Removes the current key's accumulator.
    pub fn clear(&self, states: &mut States) {
        self.value.clear(states);
    }
}
