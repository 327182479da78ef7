//! What is computed: one operator a file.
//!
//! An operator is a resumable state machine over batches, watermarks and timers. It is called by its slot's thread only, so it
//! needs no lock; it emits into its [`Context`] and never blocks. What it needs to know comes from its spec and its [`Setup`].
//!
//! Architecture invariant: operators never plan, never do I/O and never read a clock.

#[allow(dead_code)]
mod accumulator;
pub mod build;
pub mod calc;
#[cfg(test)]
#[allow(dead_code)]
pub(crate) mod harness;
pub mod interface;
pub mod join;
mod key_decoder;
pub mod limits;
pub mod rank;
mod window_tables;
mod sort_key;
mod row_output;
mod expiry;
mod chunks;
pub mod watermark;

pub use build::build;
pub use interface::{Context, Forwarding, Operator, OperatorError, Output, Setup, Step};
