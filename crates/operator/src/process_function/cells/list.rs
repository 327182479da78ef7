//! A list for each key.

use std::marker::PhantomData;

use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::ttl::Expiring;
use super::{States, Ttl};
use crate::expiry::Stamped;

/// A list for each key, in the order in which elements were added.
///
/// Scope       the current key.
/// Cost        `add`: one lookup; a checkpoint writes a list that has changed as a whole.
/// Expiry      of each element by itself; an empty list occupies nothing.
/// Snapshot    sees the list as of the barrier.
#[derive(Debug)]
pub struct ListState<T> {
    index: usize,
    marker: PhantomData<T>,
}

/// Elements with the times at which they were written.
#[derive(Debug)]
struct Elements<T>(Vec<Stamped<T>>);

impl<T> Default for Elements<T> {
    fn default() -> Self {
        Elements(Vec::new())
    }
}

impl<T> Expiring for Elements<T> {
    fn keep_after(&mut self, until_ms: i64) -> bool {
        self.0.retain(|element| element.written_ms > until_ms);
        !self.0.is_empty()
    }
}

impl<T: StateValue> StateValue for Elements<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.iter().map(|element| element.written_ms).max().unwrap_or(i64::MIN).encode(out);
        write_length(out, self.0.len() as u64);
        self.0.iter().for_each(|element| element.encode(out));
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        i64::decode(bytes)?;
        let elements: Result<_, _> = (0..read_length(bytes)?).map(|_| StateValue::decode(bytes)).collect();
        Ok(Elements(elements?))
    }
}

impl States {
    /// Declares a list state; its name finds it again after a restore.
    ///
    /// # Panics
    /// If a state of that name was declared before: a fault of the function.
    pub fn list<T: StateValue + 'static>(&mut self, name: &str) -> ListState<T> {
        ListState { index: self.declare::<Elements<T>>(name, None), marker: PhantomData }
    }

    /// Declares a list state whose elements expire.
    ///
    /// # Panics
    /// As [`Self::list`].
    pub fn list_with_ttl<T: StateValue + 'static>(&mut self, name: &str, ttl: Ttl) -> ListState<T> {
        ListState { index: self.declare::<Elements<T>>(name, Some(ttl)), marker: PhantomData }
    }
}

impl<T: StateValue + 'static> ListState<T> {
    /// The elements of the current key.
    pub fn iter<'a>(&self, states: &'a mut States) -> impl Iterator<Item = &'a T> {
        let scope = states.scope::<Elements<T>>(self.index);
        let (until_ms, now_ms, refresh) = (scope.expired_until_ms(), scope.now_ms, scope.refreshes_on_read());
        let elements: Option<&Elements<T>> = if refresh {
            scope.get_mut().map(|elements| {
                let live = elements.0.iter_mut().filter(|element| element.written_ms > until_ms);
                live.for_each(|element| element.written_ms = now_ms);
                &*elements
            })
        } else {
            scope.get()
        };
        let elements = elements.into_iter().flat_map(|elements| &elements.0);
        elements.filter(move |element| element.written_ms > until_ms).map(|element| &element.value)
    }

    /// Adds an element to the current key's list.
    pub fn add(&self, states: &mut States, element: T) {
        self.extend(states, [element]);
    }

    /// Adds elements to the current key's list.
    pub fn extend(&self, states: &mut States, elements: impl IntoIterator<Item = T>) {
        let mut new = elements.into_iter().peekable();
        if new.peek().is_none() {
            return;
        }
        let scope = states.scope::<Elements<T>>(self.index);
        let (until_ms, written_ms) = (scope.expired_until_ms(), scope.now_ms);
        let list = scope.get_or_default();
        list.keep_after(until_ms);
        list.0.extend(new.map(|value| Stamped { written_ms, value }));
    }

    /// Replaces the current key's list.
    pub fn replace(&self, states: &mut States, elements: impl IntoIterator<Item = T>) {
        self.clear(states);
        self.extend(states, elements);
    }

    /// Removes the current key's list.
    pub fn clear(&self, states: &mut States) {
        states.scope::<Elements<T>>(self.index).remove();
    }
}
