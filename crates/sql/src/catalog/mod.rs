//! Catalogs, databases, tables, views; temporary objects shadow permanent ones.

pub mod table;

pub use table::{ResolvedTable, TableColumn, TableColumnKind};
