//! The syntax tree of Flink SQL: plain data, no behaviour.
//!
//! Conventions:
//! - Every node which an error can point at carries a [`Span`](crate::Span); spans don't take part in equality.
//! - Parentheses aren't in the tree: the nesting of the nodes says it all, the printer puts them back.
//! - Synonyms are folded: `<>` and `!=`, `DESC` and `DESCRIBE`, `SOME` and `ANY`, `FETCH FIRST n ROWS ONLY` and
//!   `LIMIT n`, `INTEGER` and `INT`, `SUBSTRING(a FROM b)` and `SUBSTRING(a, b)` give the same node.
//! - An absent clause is `None`, an empty `Vec` or `false`.

pub mod alter;
pub mod create;
pub mod data_type;
pub mod expression;
pub mod function_call;
pub mod identifier;
pub mod json;
pub mod literal;
pub mod match_recognize;
pub mod query;
pub mod show;
pub mod statement;
pub mod table_reference;

pub use alter::*;
pub use create::*;
pub use data_type::*;
pub use expression::*;
pub use function_call::*;
pub use identifier::*;
pub use json::*;
pub use literal::*;
pub use match_recognize::*;
pub use query::*;
pub use show::*;
pub use statement::*;
pub use table_reference::*;
