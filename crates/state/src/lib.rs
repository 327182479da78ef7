//! State of operators: keyed tables, timers, lists; how they are snapshotted, restored and rescaled.
//!
//! Live state belongs to its slot's thread and needs no lock. A snapshot is bytes per key group in flott's own versioned encoding, so
//! that any number of subtasks can restore from any other number: each takes the key groups of its range.
//!
//! Architecture invariant: this crate knows no operator and does no I/O.

pub mod backend;
pub mod disk;
pub mod encoding;
pub mod error;
pub mod limits;
pub mod row;
pub mod run;
pub mod schema;
pub mod snapshot;
pub mod table;
pub mod timers;

pub use backend::{BackendKind, StateBackend, StateSettings};
pub use disk::{DiskBackend, MemoryBudget};
pub use encoding::{DecodeError, StateValue};
pub use error::StateError;
pub use row::{EncodedRows, RowEncoder};
pub use schema::{HoldsRows, RowSchema, RowsCodec};
pub use snapshot::{FrozenSnapshot, Increment, KeyedSnapshot, OperatorSnapshot, SnapshotReader, SnapshotWriter};
pub use table::{KeyedTable, ValueCodec};
pub use timers::Timers;
