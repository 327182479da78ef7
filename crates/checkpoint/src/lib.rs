//! The checkpoint protocol: who does what when a consistent cut is taken, made durable, told, kept and deleted.
//!
//! ```text
//! coordinator   trigger, collect, write, read again, move the pointer, complete; expire, abort, stop
//! alignment     when a subtask's snapshot is taken, and which rows are in-flight data of it
//! commit        what sinks prepared becomes visible when its checkpoint is durable, and only then
//! references    which files which checkpoints need; deletes what none needs
//! metadata      what a checkpoint consists of, as bytes
//! store         objects of unique names, numbered pointers; finding, checking and sweeping them
//! ```
//!
//! The first four are pure: `step(event, now_ms) -> actions`, closed enums, ordered maps, no I/O. The store is the only part that reads and
//! writes, through `environment`'s [`Store`](flott_environment::Store), in calls that block and so belong on the I/O pool.
//!
//! Architecture invariants: nothing here knows operators, connectors or threads; no object name is ever used twice; an answer that leaves open
//! whether something happened is resolved by reading, and until then nothing is deleted.

pub mod alignment;
mod bytes;
mod checksum;
pub mod commit;
pub mod coordinator;
pub mod layout;
pub mod limits;
pub mod metadata;
pub mod references;
pub mod settings;
pub mod store;
mod task;

pub use alignment::{AlignmentAction, AlignmentEvent, AlignmentMode, BarrierAligner};
pub use checksum::checksum;
pub use metadata::{Metadata, MetadataError};
pub use settings::CheckpointSettings;
pub use task::TaskId;
