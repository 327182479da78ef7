//! A store that keeps what it held after each change, and in which one change goes wrong.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use flott_environment::{
    MemoryStore, ObjectName, Store, StoreBackend, StoreError, StoreErrorKind, StoreOperation, StoredObject,
};

pub type Objects = BTreeMap<ObjectName, Arc<[u8]>>;

/// A change of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Put(ObjectName, Vec<u8>),
    Delete(ObjectName),
}

/// How a change goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is done, but the answer leaves that open.
    DoneUnclear,
    /// It is not done, and the answer leaves that open.
    NotDoneUnclear,
    /// It is done so many changes later, and the answer leaves that open.
    DoneLater(u32),
    /// It is not done, and the answer says so.
    Refused,
    /// It is done twice, as by a repetition on the way; the answer is the second's.
    DoneTwice,
}

type Hook = Box<dyn FnOnce(&Store) + Send>;

#[derive(Default)]
struct Log {
    changes: Vec<Change>,
    /// What the store held before each change, and at last.
    states: Vec<Objects>,
    delayed: Vec<(u32, Change)>,
    /// The number of the attempted change that goes wrong.
    fault: Option<(usize, Fault)>,
    hook: Option<(usize, Hook)>,
    attempted: usize,
}

/// The store. Clones share everything.
#[derive(Clone)]
pub struct FaultyStore {
    inner: Arc<MemoryStore>,
    log: Arc<Mutex<Log>>,
}

impl FaultyStore {
    pub fn new(fault: Option<(usize, Fault)>) -> Self {
        let log = Log { fault, ..Log::default() };
        FaultyStore { inner: Arc::new(MemoryStore::new()), log: Arc::new(Mutex::new(log)) }
    }

    /// Runs something else on the same objects before a change.
    pub fn with_hook(self, before: usize, hook: impl FnOnce(&Store) + Send + 'static) -> Self {
        self.log.lock().expect("no panic").hook = Some((before, Box::new(hook)));
        self
    }

    pub fn store(&self) -> Store {
        Store::new(Arc::new(self.clone()))
    }

    /// How often a change was attempted.
    pub fn attempted(&self) -> usize {
        self.log.lock().expect("no panic").attempted
    }

    /// All changes, in their order.
    pub fn changes(&self) -> Vec<Change> {
        self.log.lock().expect("no panic").changes.clone()
    }

    /// What the store held before the change of this number; at last also what it holds now.
    pub fn states(&self) -> Vec<Objects> {
        let mut states = self.log.lock().expect("no panic").states.clone();
        states.push(self.inner.objects());
        states
    }

    pub fn objects(&self) -> Objects {
        self.inner.objects()
    }

    fn apply(&self, change: &Change) -> Result<(), StoreError> {
        {
            let mut log = self.log.lock().expect("no panic");
            log.states.push(self.inner.objects());
            log.changes.push(change.clone());
        }
        match change {
            Change::Put(name, bytes) => self.inner.put_new(name, bytes),
            Change::Delete(name) => self.inner.delete(name),
        }
    }

    fn attempt(&self, change: Change) -> Result<(), StoreError> {
        let (number, fault, hook, due) = {
            let mut log = self.log.lock().expect("no panic");
            let number = log.attempted;
            log.attempted += 1;
            let hook = log.hook.take_if(|(before, _)| *before == number).map(|(_, hook)| hook);
            log.delayed.iter_mut().for_each(|(left, _)| *left -= 1);
            let due: Vec<Change> =
                log.delayed.extract_if(.., |(left, _)| *left == 0).map(|(_, change)| change).collect();
            let fault = log.fault.filter(|(at, _)| *at == number).map(|(_, fault)| fault);
            (number, fault, hook, due)
        };
        if let Some(hook) = hook {
            hook(&Store::new(self.inner.clone()));
        }
        for late in due {
            // Whether it still succeeds is nobody's business any more.
            let _ = self.apply(&late);
        }
        let (operation, name) = match &change {
            Change::Put(name, _) => (StoreOperation::Put, name.clone()),
            Change::Delete(name) => (StoreOperation::Delete, name.clone()),
        };
        let answer =
            |kind| Err(StoreError::new(kind, operation, &name, "memory:", format!("fault at change {number}")));
        match fault {
            None => self.apply(&change),
            Some(Fault::DoneUnclear) => {
                let _ = self.apply(&change);
                answer(StoreErrorKind::Unknown)
            }
            Some(Fault::NotDoneUnclear) => answer(StoreErrorKind::Unknown),
            Some(Fault::DoneLater(changes)) => {
                self.log.lock().expect("no panic").delayed.push((changes, change));
                answer(StoreErrorKind::Unknown)
            }
            Some(Fault::Refused) => answer(StoreErrorKind::Unavailable),
            Some(Fault::DoneTwice) => {
                let _ = self.apply(&change);
                self.apply(&change)
            }
        }
    }
}

impl StoreBackend for FaultyStore {
    fn put_new(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        self.attempt(Change::Put(name.clone(), bytes.to_vec()))
    }

    fn get(&self, name: &ObjectName, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        self.inner.get(name, range)
    }

    fn head(&self, name: &ObjectName) -> Result<StoredObject, StoreError> {
        self.inner.head(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredObject>, StoreError> {
        self.inner.list(folder)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.attempt(Change::Delete(name.clone()))
    }

    fn location(&self) -> &str {
        "memory:"
    }
}
