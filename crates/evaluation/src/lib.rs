//! Expressions over batches: compile once per job, evaluate once per batch.
//!
//! An [`Evaluator`] is made from an expression tree and a [`Session`]; a function that it does not know fails there. `evaluate` gives one
//! array for a batch. Semantics are Flink's (Java's): integers wrap, division by zero fails the job, decimals that
//! overflow become NULL. Built on Arrow's kernels where these agree with Flink, and on own loops over arrays where not.
//!
//! Architecture invariant: no clock is read here; the caller passes the instant.

mod calendar;
mod cast;
mod choice;
mod decimal;
pub mod evaluator;
mod fold;
mod functions;
mod limits;
mod logic;
mod node;
mod seeds;
pub mod zone;

pub use evaluator::{CompileError, EvaluationError, Evaluator, Instant, Session, evaluate_constant};
pub use fold::fold;
pub use seeds::Seeds;
