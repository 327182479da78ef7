//! SHOW, DESCRIBE and USE statements.

use super::{Identifier, ObjectName, PartitionEntry};

/// The kinds of catalog objects that statements name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    Catalog,
    Database,
    Table,
    View,
    MaterializedTable,
    Function,
    Model,
    Connection,
}

/// `SHOW what [FROM|IN scope] [[NOT] LIKE|ILIKE 'pattern']`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Show {
    pub kind: ShowKind,
    /// The catalog, database or (of COLUMNS) table.
    pub scope: Option<ObjectName>,
    pub pattern: Option<ShowPattern>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ShowKind {
    Catalogs,
    CurrentCatalog,
    Databases,
    CurrentDatabase,
    Tables,
    Views,
    MaterializedTables,
    /// `SHOW [USER] FUNCTIONS`
    Functions {
        user: bool,
    },
    /// `SHOW [FULL] MODULES`
    Modules {
        full: bool,
    },
    Columns,
    /// `SHOW PARTITIONS t [PARTITION (..)]`
    Partitions {
        table: ObjectName,
        partition: Vec<PartitionEntry>,
    },
    Procedures,
    Models,
    Connections,
    Jars,
    Jobs,
    /// `SHOW CREATE kind name`
    Create {
        kind: ObjectKind,
        name: ObjectName,
    },
}

/// `[NOT] LIKE|ILIKE 'pattern'`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShowPattern {
    pub negated: bool,
    /// ILIKE
    pub case_insensitive: bool,
    pub pattern: String,
}

/// `DESCRIBE ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Describe {
    /// `DESCRIBE [kind] [EXTENDED] name`; tables and views have kind Table
    Object { kind: ObjectKind, extended: bool, name: ObjectName },
    /// `DESCRIBE JOB 'id'`
    Job { id: String },
}

/// `USE ..`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    Catalog(Identifier),
    Database(ObjectName),
    Modules(Vec<Identifier>),
}
