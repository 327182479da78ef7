//! Text to job graph: catalog, binder, optimiser, changelog inference, explain.
//!
//! `syntax` parses; [`bind`] gives names and types meaning and builds [`relation`]s; `optimize` rewrites them; `physical` decides changelog modes,
//! distribution and operators and emits a [`flott_job::JobGraph`].
//!
//! Architecture invariant: this crate never executes a job and emits specs, never runtime types.

pub mod bind;
pub mod catalog;
pub mod error;
pub mod explain;
pub mod optimize;
pub mod physical;
pub mod relation;
pub mod statement;
pub(crate) mod window;

pub use error::{Result, SqlError};
