//! Traces of the pure machines, and walks over everything that a store can do to a checkpoint.

mod coordinator_trace;
mod coordinator_traces;
