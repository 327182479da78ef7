//! Statements: what a session does with each kind.

mod builtin;
pub mod configured;
mod definition;
mod describe;
mod function;
pub mod job;
mod model;
mod modules;
mod pattern;
pub mod result;
pub mod session;
mod setting;
pub mod settings;
mod show;

pub use configured::Surroundings;
pub use job::{JobPlanner, PlannedJob};
pub use result::{ResultKind, StatementResult};
pub use session::SqlSession;
pub use setting::{is_of_flink, unknown_option_warning};
pub use settings::{PlannerSettings, UpsertMaterialize};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::shared;
