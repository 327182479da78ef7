//! Checkpoints in a store of objects: writing them, pointing at them, finding, checking, sweeping.
//!
//! Everything here blocks and belongs on the I/O pool. The order of writes is the protocol: data objects, then the metadata that names them,
//! then (after the metadata was read again and all that it names was found) the pointer. Recovery believes the newest pointer alone.

mod dispose;
mod fault;
mod keeper;
mod pointer;
mod pointer_record;
mod restore;
mod sweep;
mod writer;

pub use dispose::dispose;
pub use fault::StoredFault;
pub use keeper::{JobEnding, Keeper, Retention};
pub use pointer::{Pointer, find_newest};
pub use pointer_record::{JobState, PointerEntry, PointerError, PointerRecord};
pub use restore::{Located, SnapshotPath, SnapshotReader, StoreOpener};
pub use sweep::sweep;
pub use writer::SnapshotWriter;
