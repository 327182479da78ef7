//! Expressions as data: a serialisable tree whose every node has its type, and the catalogue that gives functions
//! their types by Flink's rules.
//!
//! The planner builds trees (and inserts every cast), `evaluation` runs them. Neither trusts the other: a tree names
//! functions by their catalogue name, and `evaluation` refuses a name it does not know when it compiles, never at run time.
//!
//! Architecture invariant: this crate evaluates nothing and knows no batch.

pub mod aggregate;
pub mod catalogue;
pub mod tree;

pub use aggregate::{AggregateCall, AggregateFunction};
pub use catalogue::{Argument, Resolution, SignatureError, resolve};
pub use tree::{CastMode, Expression, Written};
