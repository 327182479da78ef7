//! From syntax to relations: names, types, casts.

pub mod data_type;
pub mod expression;
pub mod scope;

pub(crate) mod aggregate;
mod aggregate_call;
mod changelog_function;
pub(crate) mod decorrelate;
pub(crate) mod from;
mod lift;
pub(crate) mod over;
mod over_frame;
mod pattern;
pub mod query;
pub(crate) mod select;
pub(crate) mod subquery;
mod versioned;
pub(crate) mod window_function;

pub use expression::{ExpressionBinder, Intercept, NoIntercept};
pub use query::QueryBinder;
pub use scope::Scope;
