//! A store that records what is done to it and fails where a test says so, or by chance.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_environment::{
    MemoryStore, ObjectName, Random, Store, StoreBackend, StoreError, StoreErrorKind, StoreOperation, StoredObject,
};

use crate::limits::MAX_LATE_CALLS;

/// How one call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// It does not happen, and the answer says so.
    Unavailable,
    /// Not permitted.
    Denied,
    /// No room.
    Full,
    /// It happens, and the answer leaves that open.
    UnknownDone,
    /// It does not happen, and the answer leaves that open.
    UnknownNever,
    /// The answer leaves it open, and it happens some calls later.
    UnknownLater,
    /// A read gives a part of the bytes, without an error.
    ShortRead,
    /// A read gives the bytes with one bit flipped, without an error.
    BitFlip,
}

/// Chances of faults per call, each from 0 (the default) to 1.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct StoreFaults {
    pub unavailable: f64,
    pub unknown_done: f64,
    pub unknown_never: f64,
    pub unknown_later: f64,
    pub short_read: f64,
    pub bit_flip: f64,
}

/// A call that changes the store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StoreEffect {
    PutNew { name: ObjectName, bytes: Vec<u8> },
    Delete { name: ObjectName },
    BeginUpload { name: ObjectName },
    PutPart { name: ObjectName, upload: String, index: u32, bytes: Vec<u8> },
    CompleteUpload { name: ObjectName, upload: String, parts: Vec<String> },
    AbortUpload { name: ObjectName, upload: String },
}

impl StoreEffect {
    /// Does it; gives the id that it is answered with, if any.
    fn apply(&self, store: &Store) -> Result<String, StoreError> {
        let no_id = |()| String::new();
        match self {
            StoreEffect::PutNew { name, bytes } => store.put_new(name, bytes).map(no_id),
            StoreEffect::Delete { name } => store.delete(name).map(no_id),
            StoreEffect::BeginUpload { name } => store.begin_upload(name),
            StoreEffect::PutPart { name, upload, index, bytes } => store.put_part(name, upload, *index, bytes),
            StoreEffect::CompleteUpload { name, upload, parts } => {
                store.complete_upload(name, upload, parts).map(no_id)
            }
            StoreEffect::AbortUpload { name, upload } => store.abort_upload(name, upload).map(no_id),
        }
    }

    /// The call and its object.
    pub fn called(&self) -> (StoreOperation, &ObjectName) {
        match self {
            StoreEffect::PutNew { name, .. } => (StoreOperation::Put, name),
            StoreEffect::Delete { name } => (StoreOperation::Delete, name),
            StoreEffect::BeginUpload { name } => (StoreOperation::BeginUpload, name),
            StoreEffect::PutPart { name, .. } => (StoreOperation::PutPart, name),
            StoreEffect::CompleteUpload { name, .. } => (StoreOperation::CompleteUpload, name),
            StoreEffect::AbortUpload { name, .. } => (StoreOperation::AbortUpload, name),
        }
    }
}

/// A call as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreCall {
    /// What was called.
    pub operation: StoreOperation,
    /// The object or folder.
    pub object: String,
    /// `None` where it went well.
    pub error: Option<StoreErrorKind>,
}

struct State {
    random: Random,
    chances: StoreFaults,
    /// Faults by the number of the call, from 0.
    planned: BTreeMap<usize, StoreFault>,
    /// The number of the first call that fails, as do all after it.
    stop_at: Option<usize>,
    calls: Vec<StoreCall>,
    /// Effects in the order in which they happened.
    effects: Vec<StoreEffect>,
    /// Effects that are still to come, by the number of the call before which they do.
    late: BTreeMap<usize, Vec<StoreEffect>>,
}

/// A wrapper around a store; see the module. Every call has a number, from 0, in the order of arrival.
pub struct FaultyStore {
    inner: Store,
    initial: BTreeMap<ObjectName, Arc<[u8]>>,
    state: Mutex<State>,
}

impl FaultyStore {
    /// A wrapper around a store in memory that holds these objects.
    pub fn in_memory(seed: u64, initial: BTreeMap<ObjectName, Arc<[u8]>>) -> Arc<Self> {
        let inner = Store::new(Arc::new(MemoryStore::with_objects(initial.clone())));
        FaultyStore::make(seed, inner, initial)
    }

    /// A wrapper around any store.
    pub fn around(seed: u64, inner: Store) -> Arc<Self> {
        FaultyStore::make(seed, inner, BTreeMap::new())
    }

    fn make(seed: u64, inner: Store, initial: BTreeMap<ObjectName, Arc<[u8]>>) -> Arc<Self> {
        let state = State {
            random: Random::from_seed(seed),
            chances: StoreFaults::default(),
            planned: BTreeMap::new(),
            stop_at: None,
            calls: Vec::new(),
            effects: Vec::new(),
            late: BTreeMap::new(),
        };
        Arc::new(FaultyStore { inner, initial, state: Mutex::new(state) })
    }

    /// A handle for the code under test.
    pub fn store(self: &Arc<Self>) -> Store {
        Store::new(self.clone())
    }

    /// The store without faults and records: what is really there.
    pub fn inner(&self) -> &Store {
        &self.inner
    }

    /// Chances of faults from now on.
    pub fn set_faults(&self, chances: StoreFaults) {
        self.lock().chances = chances;
    }

    /// The call of this number will go wrong so.
    pub fn fail_call(&self, number: usize, fault: StoreFault) {
        self.lock().planned.insert(number, fault);
    }

    /// A crash before the call of this number: it and all later ones are not done and fail as unavailable.
    pub fn stop_at(&self, number: usize) {
        self.lock().stop_at = Some(number);
    }

    /// Ends all faults; what was to happen later happens now.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.chances = StoreFaults::default();
        state.planned.clear();
        state.stop_at = None;
        self.apply_late(&mut state, usize::MAX);
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<StoreCall> {
        self.lock().calls.clone()
    }

    /// Everything that was done to the store, in order: for a walk over all points at which a crash can come.
    pub fn operations(&self) -> Vec<StoreEffect> {
        self.lock().effects.clone()
    }

    /// The store as it was after the first `count` of [`FaultyStore::operations`], in memory: what a crash at that point leaves. Only for
    /// wrappers made by [`FaultyStore::in_memory`].
    pub fn after(&self, count: usize) -> Arc<MemoryStore> {
        let memory = Arc::new(MemoryStore::with_objects(self.initial.clone()));
        let store = Store::new(memory.clone());
        for effect in self.lock().effects.iter().take(count) {
            effect.apply(&store).expect("what was done once can be done again in the same order");
        }
        memory
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_late(&self, state: &mut State, call: usize) {
        let later = call.checked_add(1).map(|next| state.late.split_off(&next)).unwrap_or_default();
        for effect in std::mem::replace(&mut state.late, later).into_values().flatten() {
            // Late and in vain, where it has been done again meanwhile.
            if effect.apply(&self.inner).is_ok() {
                state.effects.push(effect);
            }
        }
    }

    /// Begins a call: what was due happens, and the call's fault is chosen.
    fn begin(&self, state: &mut State, is_read: bool) -> Option<StoreFault> {
        let number = state.calls.len();
        self.apply_late(state, number);
        if state.stop_at.is_some_and(|stop| number >= stop) {
            return Some(StoreFault::Unavailable);
        }
        if let Some(fault) = state.planned.remove(&number) {
            return Some(fault);
        }
        let StoreFaults { unavailable, unknown_done, unknown_never, unknown_later, short_read, bit_flip } =
            state.chances;
        let chances: &[(f64, StoreFault)] = if is_read {
            &[
                (unavailable, StoreFault::Unavailable),
                (short_read, StoreFault::ShortRead),
                (bit_flip, StoreFault::BitFlip),
            ]
        } else {
            &[
                (unavailable, StoreFault::Unavailable),
                (unknown_done, StoreFault::UnknownDone),
                (unknown_never, StoreFault::UnknownNever),
                (unknown_later, StoreFault::UnknownLater),
            ]
        };
        let mut drawn = state.random.next_f64();
        for (chance, fault) in chances {
            if drawn < *chance {
                return Some(*fault);
            }
            drawn -= chance;
        }
        None
    }

    fn error(&self, fault: StoreFault, operation: StoreOperation, object: &str) -> StoreError {
        let kind = match fault {
            StoreFault::Denied => StoreErrorKind::Denied,
            StoreFault::Full => StoreErrorKind::Full,
            StoreFault::UnknownDone | StoreFault::UnknownNever | StoreFault::UnknownLater => StoreErrorKind::Unknown,
            StoreFault::Unavailable | StoreFault::ShortRead | StoreFault::BitFlip => StoreErrorKind::Unavailable,
        };
        let (object, location) = (object.to_string(), self.location().to_string());
        StoreError { kind, operation, object, location, reason: format!("a fault on purpose ({fault:?})") }
    }

    /// A call that changes the store.
    fn change(&self, effect: StoreEffect) -> Result<String, StoreError> {
        let mut state = self.lock();
        let (operation, name) = effect.called();
        let object = name.to_string();
        let fault = self.begin(&mut state, false);
        let result = match fault {
            None | Some(StoreFault::ShortRead | StoreFault::BitFlip) => effect.apply(&self.inner),
            Some(StoreFault::UnknownDone) => {
                effect.apply(&self.inner).and_then(|_| Err(self.error(StoreFault::UnknownDone, operation, &object)))
            }
            Some(StoreFault::UnknownLater) => {
                let later = state.calls.len() + 1 + state.random.next_below(MAX_LATE_CALLS) as usize;
                state.late.entry(later).or_default().push(effect.clone());
                Err(self.error(StoreFault::UnknownLater, operation, &object))
            }
            Some(fault) => Err(self.error(fault, operation, &object)),
        };
        let is_done = result.is_ok()
            || matches!((&result, fault), (Err(error), Some(StoreFault::UnknownDone)) if error.kind == StoreErrorKind::Unknown);
        if is_done {
            state.effects.push(effect);
        }
        let error = result.as_ref().err().map(|error| error.kind);
        state.calls.push(StoreCall { operation, object, error });
        result
    }

    /// A call that reads the store.
    fn look<T>(
        &self,
        operation: StoreOperation,
        object: &str,
        read: impl FnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<(T, Option<(StoreFault, u64)>), StoreError> {
        let mut state = self.lock();
        let fault = self.begin(&mut state, true);
        let result = match fault {
            Some(fault @ (StoreFault::ShortRead | StoreFault::BitFlip)) => {
                let place = state.random.next_u64();
                read(&self.inner).map(|value| (value, Some((fault, place))))
            }
            Some(fault @ (StoreFault::Unavailable | StoreFault::Denied)) => Err(self.error(fault, operation, object)),
            // Reads are never ambiguous.
            _ => read(&self.inner).map(|value| (value, None)),
        };
        let error = result.as_ref().err().map(|error| error.kind);
        state.calls.push(StoreCall { operation, object: object.to_string(), error });
        result
    }
}

/// The bytes as a fault leaves them; `place` chooses where.
fn damaged(mut bytes: Vec<u8>, fault: StoreFault, place: u64) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let at = (place % bytes.len() as u64) as usize;
    match fault {
        StoreFault::ShortRead => bytes.truncate(at),
        _ => bytes[at] ^= 1 << (place >> 61),
    }
    bytes
}

impl StoreBackend for FaultyStore {
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        self.change(StoreEffect::PutNew { name: name.clone(), bytes: bytes.to_vec() }).map(drop)
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        let read = |store: &Store| match range {
            None => store.get(name),
            Some(range) => store.get_range(name, range),
        };
        let (bytes, fault) = self.look(StoreOperation::Get, name.as_str(), read)?;
        Ok(match fault {
            None => bytes,
            Some((fault, place)) => damaged(bytes, fault, place),
        })
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        self.look(StoreOperation::Head, name.as_str(), |store| store.head(name)).map(|(object, _)| object)
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        self.look(StoreOperation::List, folder, |store| store.list(folder)).map(|(objects, _)| objects)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.change(StoreEffect::Delete { name: name.clone() }).map(drop)
    }

    fn begin_upload(&self, name: &ObjectName) -> Result<String, StoreError> {
        self.change(StoreEffect::BeginUpload { name: name.clone() })
    }

    fn put_part(&self, name: &ObjectName, upload: &str, index: u32, bytes: &[u8]) -> Result<String, StoreError> {
        let (upload, bytes) = (upload.to_string(), bytes.to_vec());
        self.change(StoreEffect::PutPart { name: name.clone(), upload, index, bytes })
    }

    fn complete_upload(&self, name: &ObjectName, upload: &str, parts: &[String]) -> Result<(), StoreError> {
        let (upload, parts) = (upload.to_string(), parts.to_vec());
        self.change(StoreEffect::CompleteUpload { name: name.clone(), upload, parts }).map(drop)
    }

    fn abort_upload(&self, name: &ObjectName, upload: &str) -> Result<(), StoreError> {
        self.change(StoreEffect::AbortUpload { name: name.clone(), upload: upload.to_string() }).map(drop)
    }

    fn min_part_bytes(&self) -> u64 {
        self.inner.min_part_bytes()
    }

    fn location(&self) -> &str {
        self.inner.location()
    }
}
