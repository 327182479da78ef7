//! Statements: what a session does with each kind.

pub mod job;
pub mod settings;

pub use job::{JobPlanner, PlannedJob};
pub use settings::{PlannerSettings, UpsertMaterialize};
