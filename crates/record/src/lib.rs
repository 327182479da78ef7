//! What flows through flott, in dependency order.
//!
//! * [`DataType`] and [`Schema`]: Flink's logical types and how each lies in Arrow arrays.
//! * [`Value`]: one cell, for literals, results shown to people and tests; never on a hot path.
//! * [`RowKind`] and [`Batch`]: columns of rows, each with its place in the changelog.
//! * [`Element`]: what travels between subtasks in band: batches, watermarks, barriers, end of input.
//! * [`key`]: the canonical encoding of keys, their hash and their key group. It is state layout and never changes.
//!
//! Architecture invariant: this crate knows no operator, connector, state or SQL, and does no I/O.

pub mod batch;
pub mod civil;
pub mod data_type;
pub mod element;
pub mod key;
pub mod limits;
pub mod number_text;
pub mod row_kind;
pub mod schema;
pub mod table;
pub mod value;
pub mod value_array;

pub use batch::Batch;
pub use data_type::{DataType, TypeKind};
pub use element::{Barrier, Element, LatencyMarker, MAX_WATERMARK, MIN_WATERMARK};
pub use key::{KeyGroupRange, KeyRows};
pub use row_kind::{ChangelogMode, RowKind};
pub use schema::{Field, Schema};
pub use table::{MetadataColumn, TableSpec};
pub use value::Value;
