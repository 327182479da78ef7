//! One value for each key.

use std::marker::PhantomData;

use flott_state::StateValue;

use super::{Scope, States, Ttl};
use crate::expiry::Stamped;

/// One value for each key.
///
/// Scope       the current key.
/// Cost        `get`, `set`: one lookup, no encoding.
/// Expiry      as declared; `clear` removes the key's value.
/// Snapshot    sees the value as of the barrier.
#[derive(Debug)]
pub struct ValueState<V> {
    pub(super) index: usize,
    marker: PhantomData<V>,
}

impl States {
    /// Declares a value state; its name finds it again after a restore.
    ///
    /// # Panics
    /// If a state of that name was declared before: a fault of the function.
    pub fn value<V: StateValue + 'static>(&mut self, name: &str) -> ValueState<V> {
        ValueState { index: self.declare::<Stamped<V>>(name, None), marker: PhantomData }
    }

    /// Declares a value state that expires.
    ///
    /// # Panics
    /// As [`Self::value`].
    pub fn value_with_ttl<V: StateValue + 'static>(&mut self, name: &str, ttl: Ttl) -> ValueState<V> {
        ValueState { index: self.declare::<Stamped<V>>(name, Some(ttl)), marker: PhantomData }
    }
}

/// The value in a scope, if it is there and has not expired.
pub(super) fn live<V>(scope: Scope<'_, Stamped<V>>) -> Option<&V> {
    let (until_ms, now_ms) = (scope.expired_until_ms(), scope.now_ms);
    let stamped: &Stamped<V> = if scope.refreshes_on_read() {
        let stamped = scope.get_mut()?;
        if stamped.written_ms > until_ms {
            stamped.written_ms = now_ms;
        }
        stamped
    } else {
        scope.get()?
    };
    (stamped.written_ms > until_ms).then_some(&stamped.value)
}

/// Replaces the value in a scope.
pub(super) fn put<V>(scope: Scope<'_, Stamped<V>>, value: V) {
    let now_ms = scope.now_ms;
    let mut new = Some(value);
    let make = || Stamped { written_ms: now_ms, value: new.take().expect("made once") };
    let (stamped, _) = scope.values.get_or_insert_with(scope.hash, scope.key, make);
    if let Some(value) = new {
        *stamped = Stamped { written_ms: now_ms, value };
    }
}

impl<V: StateValue + 'static> ValueState<V> {
    /// The current key's value.
    pub fn get<'a>(&self, states: &'a mut States) -> Option<&'a V> {
        live(states.scope::<Stamped<V>>(self.index))
    }

    /// Sets the current key's value.
    pub fn set(&self, states: &mut States, value: V) {
        put(states.scope::<Stamped<V>>(self.index), value);
    }

    /// Removes the current key's value and gives it, if it had not expired.
    pub fn clear(&self, states: &mut States) -> Option<V> {
        let scope = states.scope::<Stamped<V>>(self.index);
        let until_ms = scope.expired_until_ms();
        scope.remove().filter(|stamped| stamped.written_ms > until_ms).map(|stamped| stamped.value)
    }
}
