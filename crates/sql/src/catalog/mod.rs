//! Catalogs, databases, tables, views; temporary objects shadow permanent ones.

pub mod alter;
mod alter_columns;
pub(crate) mod create_as;
pub mod definition;
pub(crate) mod expand;
pub mod function;
pub(crate) mod like;
pub mod namespace;
pub mod store;
pub mod table;
pub mod text;
mod walk;

pub use function::{CatalogFunction, CatalogModel, Partition};
pub use store::{Catalog, CatalogEntry, Database, DropObject, ObjectPath};
pub use table::{ResolvedTable, TableColumn, TableColumnKind};

use std::sync::Arc;

use flott_syntax::ast;

use crate::error::Result;

/// A view: its query with all names qualified, and the names of its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// catalog, database, view
    pub path: [String; 3],
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The query; its tables are named by full path.
    pub query: ast::Query,
    /// The query as SHOW CREATE VIEW shows it: columns qualified, `*` expanded.
    pub text: String,
    /// COMMENT.
    pub comment: Option<String>,
    /// CREATE TEMPORARY VIEW.
    pub temporary: bool,
}

/// What a name in FROM or INSERT INTO means.
#[derive(Clone, Debug)]
pub enum CatalogObject {
    /// A table.
    Table(Arc<ResolvedTable>),
    /// A view.
    View(Arc<View>),
}

impl CatalogObject {
    /// catalog, database, object
    pub fn path(&self) -> &ObjectPath {
        match self {
            CatalogObject::Table(table) => &table.path,
            CatalogObject::View(view) => &view.path,
        }
    }

    /// Whether it was created as TEMPORARY.
    pub fn is_temporary(&self) -> bool {
        match self {
            CatalogObject::Table(table) => table.temporary,
            CatalogObject::View(view) => view.temporary,
        }
    }

    /// Whether it is a view.
    pub fn is_view(&self) -> bool {
        matches!(self, CatalogObject::View(_))
    }

    /// The same object under another path.
    fn moved_to(self, path: &ObjectPath) -> Self {
        match self {
            CatalogObject::Table(table) => {
                CatalogObject::Table(Arc::new(ResolvedTable { path: path.clone(), ..ResolvedTable::clone(&table) }))
            }
            CatalogObject::View(view) => {
                CatalogObject::View(Arc::new(View { path: path.clone(), ..View::clone(&view) }))
            }
        }
    }
}

/// Finds tables and views; the planner's only sight of the catalog.
pub trait ObjectLookup {
    /// The object of a possibly qualified name.
    ///
    /// # Errors
    /// If there is none; says so with Flink's text and the nearest name.
    fn lookup(&self, name: &ast::ObjectName) -> Result<CatalogObject>;

    /// The function that a user gave this name, if there is one.
    fn user_function(&self, _name: &ast::ObjectName) -> Option<&CatalogFunction> {
        None
    }

    /// The current database.
    fn database_in_use(&self) -> Option<&str> {
        None
    }
}

#[cfg(test)]
mod tests;
