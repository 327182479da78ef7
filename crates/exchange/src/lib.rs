//! Moves rows between subtasks: partitions, coalesces, bounds by bytes, merges watermarks, aligns barriers.
//!
//! ```text
//! operators -> OutputGate --channel--> InputGate -> operators
//!              (partition,             (fair reading, minimum of watermarks, alignment of barriers)
//!               coalesce)
//! ```
//!
//! A channel has one producer and one consumer. Local hand-over moves the batch without copying, under one short lock; whoever
//! waits is woken through its slot's waker. The protocol parts ([`watermark`], alignment in `flott-checkpoint`) are pure state machines.
//!
//! Architecture invariants: elements of one channel keep their order; every queue is bounded by bytes; nothing here knows operators.

mod capture;
pub mod channel;
pub mod in_flight;
pub mod input;
pub mod limits;
pub mod output;
pub mod partition;
pub mod recovery;
pub mod wake;
pub mod watermark;

pub use channel::{ChannelReceiver, ChannelSender, channel};
pub use in_flight::{CapturedChannel, ChannelId, InFlight, InFlightError, Owner, RecoveredChannel, Route};
pub use input::{GateEvent, InputChannel, InputGate};
pub use output::OutputGate;
pub use partition::{HashPartitioner, Partitioner};
pub use recovery::Recovery;
pub use wake::WakeCell;
pub use watermark::{StatusChange, WatermarkMerger};
