//! SHOW, DESCRIBE and USE.

use super::{Text, write_clause, write_if, write_optional};
use crate::ast::{Describe, ObjectKind, Show, ShowKind, ShowPattern, Use};
use std::fmt::{Display, Formatter, Result};

impl Display for ObjectKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            ObjectKind::Catalog => "CATALOG",
            ObjectKind::Database => "DATABASE",
            ObjectKind::Table => "TABLE",
            ObjectKind::View => "VIEW",
            ObjectKind::MaterializedTable => "MATERIALIZED TABLE",
            ObjectKind::Function => "FUNCTION",
            ObjectKind::Model => "MODEL",
            ObjectKind::Connection => "CONNECTION",
        })
    }
}

impl Display for Show {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "SHOW {}", self.kind)?;
        write_optional(f, " FROM ", self.scope.as_ref())?;
        write_optional(f, " ", self.pattern.as_ref())
    }
}

impl Display for ShowKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            ShowKind::Catalogs => "CATALOGS",
            ShowKind::CurrentCatalog => "CURRENT CATALOG",
            ShowKind::Databases => "DATABASES",
            ShowKind::CurrentDatabase => "CURRENT DATABASE",
            ShowKind::Tables => "TABLES",
            ShowKind::Views => "VIEWS",
            ShowKind::MaterializedTables => "MATERIALIZED TABLES",
            ShowKind::Functions { user: false } => "FUNCTIONS",
            ShowKind::Functions { user: true } => "USER FUNCTIONS",
            ShowKind::Modules { full: false } => "MODULES",
            ShowKind::Modules { full: true } => "FULL MODULES",
            ShowKind::Columns => "COLUMNS",
            ShowKind::Procedures => "PROCEDURES",
            ShowKind::Models => "MODELS",
            ShowKind::Connections => "CONNECTIONS",
            ShowKind::Jars => "JARS",
            ShowKind::Jobs => "JOBS",
            ShowKind::Partitions { table, partition } => {
                write!(f, "PARTITIONS {table}")?;
                return write_clause(f, " PARTITION (", partition, ")");
            }
            ShowKind::Create { kind, name } => return write!(f, "CREATE {kind} {name}"),
        })
    }
}

impl Display for ShowPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write_if(f, self.negated, "NOT ")?;
        write_if(f, self.case_insensitive, "I")?;
        write!(f, "LIKE {}", Text(&self.pattern))
    }
}

impl Display for Describe {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Describe::Object { kind, extended, name } => {
                f.write_str("DESCRIBE ")?;
                if *kind != ObjectKind::Table {
                    write!(f, "{kind} ")?;
                }
                write_if(f, *extended, "EXTENDED ")?;
                write!(f, "{name}")
            }
            Describe::Job { id } => write!(f, "DESCRIBE JOB {}", Text(id)),
        }
    }
}

impl Display for Use {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Use::Catalog(name) => write!(f, "USE CATALOG {name}"),
            Use::Database(name) => write!(f, "USE {name}"),
            Use::Modules(names) => write_clause(f, "USE MODULES ", names, ""),
        }
    }
}
