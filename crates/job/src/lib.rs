//! What a job is: a graph of vertices, each a chain of operator specs, and edges that say how rows are partitioned.
//!
//! Specs are data. The planner emits them, the task manager builds operators from them; neither knows the other.
//!
//! Architecture invariant: nothing here runs, and no spec holds a runtime type.

pub mod changelog_function;
pub mod graph;
pub mod interval_join;
pub mod over;
pub mod pattern;
pub mod spec;
pub mod versioned_join;
pub mod window;

pub use graph::{Edge, JobGraph, JobSettings, MiniBatch, OperatorNode, Partition, Vertex};
pub use spec::OperatorSpec;
