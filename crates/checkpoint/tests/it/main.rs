//! Traces of the pure machines, and walks over everything that a store can do to a checkpoint.

mod commit_traces;
mod coordinator_trace;
mod coordinator_traces;
mod crash_walk;
mod damage_walk;
mod faulty_store;
mod golden;
mod reference_traces;
mod run;
mod two_writers;
