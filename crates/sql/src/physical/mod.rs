//! From relations to a job graph: changelog modes, keys, operators, distribution.
//!
//! `changelog` and `keys` say what is known of a relation; `plan` chooses an operator for each and a partition for each edge;
//! `graph` fuses operators into chains.

pub mod changelog;
pub mod graph;
mod interval;
pub mod keys;
mod monotonic;
pub(crate) mod over;
mod pattern;
pub mod plan;

pub(crate) mod aggregate;
pub(crate) mod join;
pub(crate) mod rank;
pub(crate) mod sink;
mod split;
mod versioned;

pub use plan::{PhysicalNode, PhysicalPlan, Planner};
pub use sink::SinkTarget;
