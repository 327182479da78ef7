//! From syntax to relations: names, types, casts.

pub mod expression;
pub mod scope;

pub use expression::{ExpressionBinder, Intercept, NoIntercept};
pub use scope::Scope;
