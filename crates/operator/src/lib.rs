//! What is computed: one operator a file.
//!
//! An operator is a resumable state machine over batches, watermarks and timers. It is called by its slot's thread only, so it
//! needs no lock; it emits into its [`Context`] and never blocks. What it needs to know comes from its spec and its [`Setup`].
//!
//! Architecture invariant: operators never plan, never do I/O and never read a clock.

mod accumulator;
pub mod build;
pub mod calc;
pub mod changelog_function;
pub mod changelog_normalize;
mod changes;
mod chunks;
pub mod deduplicate;
pub mod drop_update_before;
#[cfg(test)]
mod evolution_tests;
pub mod expand;
mod expiry;
pub mod group_aggregate;
#[cfg(test)]
#[allow(dead_code)]
pub(crate) mod harness;
pub mod interface;
pub mod interval_join;
pub mod join;
mod key_decoder;
pub mod limit;
pub mod limits;
pub mod local_group_aggregate;
pub mod lookup_join;
pub mod over_aggregate;
pub mod pattern;
pub mod process_function;
pub mod rank;
mod row_output;
pub mod session_rows;
pub mod sink_enforcer;
pub mod sink_materialize;
pub mod sort;
mod sort_key;
pub mod sorted_over;
pub mod temporal_join;
pub mod unnest;
pub mod updating_over;
pub mod watermark;
pub mod window_aggregate;
pub mod window_deduplicate;
pub mod window_join;
mod window_progress;
mod window_state;
pub mod window_table_function;
mod window_tables;
mod window_time;

pub use build::build;
pub use interface::{Context, Forwarding, Operator, OperatorError, Output, Setup, Step};
