//! CREATE statements.

use super::{Text, write_clause, write_comment, write_if, write_optional};
use crate::ast::{
    ColumnConstraint, ColumnDefinition, ColumnKind, ConstraintKind, CreateCatalog, CreateConnection, CreateDatabase,
    CreateFunction, CreateMaterializedTable, CreateMode, CreateModel, CreateTable, CreateView, Distribution,
    DistributionKind, FunctionLanguage, FunctionResource, FunctionResourceKind, LikeFeature, LikeOption,
    MergingStrategy, RefreshMode, StartMode, StartModeKind, TableConstraint, TableLike, TableOption, TableSchema,
    TableSource, WatermarkDefinition,
};
use std::fmt::{Display, Formatter, Result};

/// `IF NOT EXISTS name` after a blank
fn write_new_name<T: Display>(f: &mut Formatter<'_>, if_not_exists: bool, name: &T) -> Result {
    write_if(f, if_not_exists, " IF NOT EXISTS")?;
    write!(f, " {name}")
}

impl Display for CreateMode {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            CreateMode::Create => "CREATE",
            CreateMode::CreateOrReplace => "CREATE OR REPLACE",
            CreateMode::Replace => "REPLACE",
            CreateMode::CreateOrAlter => "CREATE OR ALTER",
        })
    }
}

impl Display for CreateTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.mode)?;
        write_if(f, self.temporary, " TEMPORARY")?;
        f.write_str(" TABLE")?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write!(f, "{}", self.schema)?;
        write_comment(f, self.comment.as_ref())?;
        write_optional(f, " DISTRIBUTED ", self.distribution.as_ref())?;
        write_clause(f, " PARTITIONED BY (", &self.partitioned_by, ")")?;
        write_clause(f, " WITH (", &self.options, ")")?;
        match &self.source {
            TableSource::None => Ok(()),
            TableSource::Like(like) => write!(f, " {like}"),
            TableSource::Query(query) => write!(f, " AS {query}"),
        }
    }
}

/// Prints with a blank before, or nothing if the schema is empty.
impl Display for TableSchema {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut separator = " (";
        let mut write = |f: &mut Formatter<'_>, item: &dyn Display| {
            f.write_str(separator)?;
            separator = ", ";
            write!(f, "{item}")
        };
        for name in &self.column_names {
            write(f, name)?;
        }
        for column in &self.columns {
            write(f, column)?;
        }
        for watermark in &self.watermarks {
            write(f, watermark)?;
        }
        for constraint in &self.constraints {
            write(f, constraint)?;
        }
        write_if(f, separator == ", ", ")")
    }
}

impl Display for ColumnDefinition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.name, self.kind)?;
        write_comment(f, self.comment.as_ref())
    }
}

impl Display for ColumnKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            ColumnKind::Physical { data_type, constraint } => {
                write!(f, "{data_type}")?;
                write_optional(f, " ", constraint.as_ref())
            }
            ColumnKind::Metadata { data_type, key, is_virtual } => {
                write!(f, "{data_type} METADATA")?;
                if let Some(key) = key {
                    write!(f, " FROM {}", Text(key))?;
                }
                write_if(f, *is_virtual, " VIRTUAL")
            }
            ColumnKind::Computed { expression } => write!(f, "AS {expression}"),
        }
    }
}

impl Display for ColumnConstraint {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(name) = &self.name {
            write!(f, "CONSTRAINT {name} ")?;
        }
        write!(f, "{}", self.kind)?;
        write_enforcement(f, self.enforced)
    }
}

impl Display for TableConstraint {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(name) = &self.name {
            write!(f, "CONSTRAINT {name} ")?;
        }
        write!(f, "{}", self.kind)?;
        write_clause(f, " (", &self.columns, ")")?;
        write_enforcement(f, self.enforced)
    }
}

fn write_enforcement(f: &mut Formatter<'_>, enforced: Option<bool>) -> Result {
    f.write_str(match enforced {
        Some(true) => " ENFORCED",
        Some(false) => " NOT ENFORCED",
        None => "",
    })
}

impl Display for ConstraintKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            ConstraintKind::PrimaryKey => "PRIMARY KEY",
            ConstraintKind::Unique => "UNIQUE",
        })
    }
}

impl Display for WatermarkDefinition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "WATERMARK FOR {} AS {}", self.column, self.expression)
    }
}

/// Prints without the word DISTRIBUTED or DISTRIBUTION before.
impl Display for Distribution {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if !self.columns.is_empty() {
            f.write_str(match self.kind {
                Some(DistributionKind::Hash) => "BY HASH",
                Some(DistributionKind::Range) => "BY RANGE",
                None => "BY ",
            })?;
            write_clause(f, "(", &self.columns, ")")?;
            write_if(f, self.bucket_count.is_some(), " ")?;
        }
        match &self.bucket_count {
            Some(count) => write!(f, "INTO {count} BUCKETS"),
            None => Ok(()),
        }
    }
}

impl Display for TableOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} = {}", Text(&self.key), Text(&self.value))
    }
}

impl Display for TableLike {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "LIKE {}", self.table)?;
        for (index, option) in self.options.iter().enumerate() {
            f.write_str(if index == 0 { " (" } else { " " })?;
            write!(f, "{option}")?;
        }
        write_if(f, !self.options.is_empty(), ")")
    }
}

impl Display for LikeOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let strategy = match self.strategy {
            MergingStrategy::Including => "INCLUDING",
            MergingStrategy::Excluding => "EXCLUDING",
            MergingStrategy::Overwriting => "OVERWRITING",
        };
        let feature = match self.feature {
            LikeFeature::All => "ALL",
            LikeFeature::Constraints => "CONSTRAINTS",
            LikeFeature::Distribution => "DISTRIBUTION",
            LikeFeature::Generated => "GENERATED",
            LikeFeature::Metadata => "METADATA",
            LikeFeature::Options => "OPTIONS",
            LikeFeature::Partitions => "PARTITIONS",
            LikeFeature::Watermarks => "WATERMARKS",
        };
        write!(f, "{strategy} {feature}")
    }
}

impl Display for CreateView {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.mode)?;
        write_if(f, self.temporary, " TEMPORARY")?;
        f.write_str(" VIEW")?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write_clause(f, " (", &self.columns, ")")?;
        write_comment(f, self.comment.as_ref())?;
        write!(f, " AS {}", self.query)
    }
}

impl Display for CreateCatalog {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("CREATE CATALOG")?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write_comment(f, self.comment.as_ref())?;
        write_clause(f, " WITH (", &self.options, ")")
    }
}

impl Display for CreateDatabase {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("CREATE DATABASE")?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write_comment(f, self.comment.as_ref())?;
        write_clause(f, " WITH (", &self.options, ")")
    }
}

impl Display for CreateFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("CREATE")?;
        write_if(f, self.temporary, " TEMPORARY")?;
        write_if(f, self.system, " SYSTEM")?;
        f.write_str(" FUNCTION")?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write!(f, " AS {}", Text(&self.class))?;
        write_optional(f, " LANGUAGE ", self.language.as_ref())?;
        write_clause(f, " USING ", &self.resources, "")?;
        write_clause(f, " WITH (", &self.options, ")")
    }
}

impl Display for FunctionLanguage {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            FunctionLanguage::Java => "JAVA",
            FunctionLanguage::Scala => "SCALA",
            FunctionLanguage::Python => "PYTHON",
            FunctionLanguage::Sql => "SQL",
        })
    }
}

impl Display for FunctionResource {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let kind = match self.kind {
            FunctionResourceKind::Jar => "JAR",
            FunctionResourceKind::Artifact => "ARTIFACT",
        };
        write!(f, "{kind} {}", Text(&self.path))
    }
}

impl Display for CreateModel {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("CREATE")?;
        write_if(f, self.temporary, " TEMPORARY")?;
        f.write_str(" MODEL")?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write_clause(f, " INPUT (", &self.input, ")")?;
        write_clause(f, " OUTPUT (", &self.output, ")")?;
        write_comment(f, self.comment.as_ref())?;
        write_clause(f, " WITH (", &self.options, ")")?;
        write_optional(f, " AS ", self.query.as_ref())
    }
}

impl Display for CreateConnection {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("CREATE")?;
        write_if(f, self.temporary, " TEMPORARY")?;
        write_if(f, self.system, " SYSTEM")?;
        f.write_str(" CONNECTION")?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write_comment(f, self.comment.as_ref())?;
        f.write_str(" WITH (")?;
        super::write_list(f, &self.options)?;
        f.write_str(")")
    }
}

impl Display for CreateMaterializedTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} MATERIALIZED TABLE", self.mode)?;
        write_new_name(f, self.if_not_exists, &self.name)?;
        write!(f, "{}", self.schema)?;
        write_comment(f, self.comment.as_ref())?;
        write_optional(f, " DISTRIBUTED ", self.distribution.as_ref())?;
        write_clause(f, " PARTITIONED BY (", &self.partitioned_by, ")")?;
        write_clause(f, " WITH (", &self.options, ")")?;
        write_optional(f, " ", self.start_mode.as_ref())?;
        write_optional(f, " FRESHNESS = ", self.freshness.as_ref())?;
        write_optional(f, " REFRESH_MODE = ", self.refresh_mode.as_ref())?;
        write!(f, " AS {}", self.query)
    }
}

impl Display for RefreshMode {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            RefreshMode::Continuous => "CONTINUOUS",
            RefreshMode::Full => "FULL",
        })
    }
}

impl Display for StartMode {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let kind = match self.kind {
            StartModeKind::FromBeginning => "FROM_BEGINNING",
            StartModeKind::FromNow => "FROM_NOW",
            StartModeKind::FromTimestamp => "FROM_TIMESTAMP",
            StartModeKind::ResumeOrFromBeginning => "RESUME_OR_FROM_BEGINNING",
            StartModeKind::ResumeOrFromNow => "RESUME_OR_FROM_NOW",
            StartModeKind::ResumeOrFromTimestamp => "RESUME_OR_FROM_TIMESTAMP",
        };
        write!(f, "START_MODE = {kind}")?;
        write_clause(f, "(", self.argument.as_slice(), ")")
    }
}
