//! The pointer: numbered objects made by create-if-absent, of which the newest wins and names its leader's epoch.

use flott_environment::{ObjectName, Store, StoreError, StoreErrorKind};

use crate::coordinator::PointerAnswer;
use crate::layout::JobLayout;
use crate::limits::POINTER_ATTEMPTS_MAX;
use crate::store::{JobState, PointerEntry, PointerRecord, StoredFault};

/// Older pointers that are kept beside the newest, for people to look at.
const OLDER_KEPT: usize = 1;

/// The newest pointer of a job and its number; `None` if there is none.
///
/// # Errors
/// If the store cannot be read or the newest pointer is damaged: an older one is no substitute, since it may name what is gone.
pub fn find_newest(store: &Store, layout: &JobLayout) -> Result<Option<(u64, PointerRecord)>, StoredFault> {
    let numbers = pointer_numbers(store, layout).map_err(StoredFault::Unreadable)?;
    let Some((number, name)) = numbers.last() else { return Ok(None) };
    let bytes = store.get(name).map_err(|error| StoredFault::of_read(error, name))?;
    let record = PointerRecord::from_bytes(&bytes).map_err(|error| StoredFault::Pointer {
        name: name.clone(),
        location: store.location().to_string(),
        error,
    })?;
    Ok(Some((*number, record)))
}

/// Numbers and names of all pointers, ascending.
fn pointer_numbers(store: &Store, layout: &JobLayout) -> Result<Vec<(u64, ObjectName)>, StoreError> {
    let listed = store.list(&layout.pointers())?;
    let mut numbers: Vec<(u64, ObjectName)> = listed
        .into_iter()
        .filter_map(|object| layout.pointer_number(&object.name).map(|number| (number, object.name)))
        .collect();
    numbers.sort();
    Ok(numbers)
}

/// A leader's hand on the pointer.
#[derive(Debug)]
pub struct Pointer {
    store: Store,
    layout: JobLayout,
    epoch: u64,
    writer: u64,
    /// The greatest number that is known to be taken.
    last_number: u64,
}

/// What one attempt to make a pointer came to.
enum Attempt {
    Answered(PointerAnswer),
    /// This number is taken by a pointer that doesn't matter.
    Taken(u64),
}

impl Pointer {
    /// The hand of a leader of this epoch that begins behind this number. `writer` is a number that no other leader has.
    pub fn new(store: Store, layout: JobLayout, (epoch, writer): (u64, u64), last_number: u64) -> Self {
        Pointer { store, layout, epoch, writer, last_number }
    }

    /// A record of this leader.
    pub fn record(&self, state: JobState, retained: Vec<PointerEntry>) -> PointerRecord {
        PointerRecord { epoch: self.epoch, writer: self.writer, state, retained }
    }

    /// The leader's epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Makes this record the newest. Doing it again after an unclear answer is how that is resolved.
    pub fn advance(&mut self, record: &PointerRecord) -> PointerAnswer {
        let bytes = record.to_bytes();
        for _ in 0..POINTER_ATTEMPTS_MAX {
            match self.attempt(&bytes) {
                Ok(Attempt::Answered(answer)) => return answer,
                Ok(Attempt::Taken(number)) => self.last_number = self.last_number.max(number),
                Err(fault) => return PointerAnswer::Unknown(fault.to_string()),
            }
        }
        PointerAnswer::Unknown("others move the pointer all the time".to_string())
    }

    fn attempt(&mut self, bytes: &[u8]) -> Result<Attempt, StoredFault> {
        let number = self.last_number + 1;
        let name =
            ObjectName::new(self.layout.pointer(number)).map_err(|error| StoredFault::Path(error.to_string()))?;
        match self.store.put_new(&name, bytes) {
            Ok(()) => self.confirm(number, bytes),
            Err(error) => match error.kind {
                StoreErrorKind::AlreadyExists => self.confirm(number, bytes),
                StoreErrorKind::Unknown => Ok(Attempt::Answered(PointerAnswer::Unknown(error.to_string()))),
                StoreErrorKind::NotFound
                | StoreErrorKind::Denied
                | StoreErrorKind::Full
                | StoreErrorKind::Unavailable
                | StoreErrorKind::Invalid => Ok(Attempt::Answered(PointerAnswer::Failed(error.to_string()))),
            },
        }
    }

    /// The number is taken, perhaps by us: what the newest says decides. (A number can be free since it was deleted long ago; then the newest is
    /// greater.)
    fn confirm(&mut self, number: u64, bytes: &[u8]) -> Result<Attempt, StoredFault> {
        let Some((newest, record)) = find_newest(&self.store, &self.layout)? else {
            return Ok(Attempt::Answered(PointerAnswer::Unknown("the pointer is gone".to_string())));
        };
        if record.epoch > self.epoch || (record.epoch == self.epoch && record.writer != self.writer) {
            return Ok(Attempt::Answered(PointerAnswer::Fenced(record.epoch)));
        }
        if record.to_bytes() == bytes {
            self.last_number = newest;
            return Ok(Attempt::Answered(PointerAnswer::Moved));
        }
        Ok(Attempt::Taken(newest.max(number)))
    }

    /// Deletes pointers that nobody needs.
    ///
    /// # Errors
    /// If the store refuses; nothing depends on it.
    pub fn prune(&self) -> Result<(), StoreError> {
        let numbers = pointer_numbers(&self.store, &self.layout)?;
        let surplus = numbers.len().saturating_sub(1 + OLDER_KEPT);
        numbers.iter().take(surplus).try_for_each(|(_, name)| self.store.delete(name))
    }
}
