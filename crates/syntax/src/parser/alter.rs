//! ALTER and DROP.

use super::{Parsed, Parser};
use crate::ast::{
    AlterCatalog, AlterCatalogAction, AlterDatabase, AlterFunction, AlterMaterializedTable,
    AlterMaterializedTableAction, AlterObject, AlterObjectAction, AlterSchema, AlterTable, AlterTableAction, AlterView,
    AlterViewAction, ColumnPosition, Drop, DropBehavior, NewPartition, ObjectKind, PositionedColumn, StatementKind,
};

impl Parser<'_> {
    pub(super) fn alter(&mut self) -> Parsed<StatementKind> {
        self.advance();
        match self.keyword_at(0) {
            Some("TABLE") => self.alter_table(),
            Some("MATERIALIZED") => self.alter_materialized_table(),
            Some("VIEW") => self.alter_view(),
            Some("DATABASE") => {
                self.advance();
                let name = self.object_name()?;
                self.expect_keyword("SET")?;
                let options = self.options()?;
                Ok(StatementKind::AlterDatabase(AlterDatabase { name, options }))
            }
            Some("CATALOG") => self.alter_catalog(),
            Some("TEMPORARY" | "FUNCTION") => self.alter_function(),
            Some("MODEL") => self.alter_model_or_connection(ObjectKind::Model),
            Some("CONNECTION") => self.alter_model_or_connection(ObjectKind::Connection),
            _ => Err(self.unexpected(&[
                "TABLE",
                "VIEW",
                "DATABASE",
                "CATALOG",
                "FUNCTION",
                "MODEL",
                "CONNECTION",
                "MATERIALIZED TABLE",
            ])),
        }
    }

    fn alter_table(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let if_exists = self.if_exists();
        let name = self.object_name()?;
        let action = match self.keyword_at(0) {
            Some("RENAME") => self.alter_rename()?,
            Some("ADD" | "DROP")
                if self.keyword_at(1) == Some("PARTITION")
                    || self.keyword_at(1) == Some("IF") && self.is_if_clause_at(1) =>
            {
                self.alter_partitions()?
            }
            _ => self.alter_definition(&["ADD", "MODIFY", "DROP", "RENAME", "SET", "RESET"])?,
        };
        Ok(StatementKind::AlterTable(Box::new(AlterTable { if_exists, name, action })))
    }

    /// Whether `IF [NOT] EXISTS` stands there, not a column that is called `if`.
    fn is_if_clause_at(&self, ahead: usize) -> bool {
        matches!(self.keyword_at(ahead + 1), Some("NOT" | "EXISTS"))
    }

    /// Actions that tables and materialized tables have in common.
    fn alter_definition(&mut self, expected: &[&str]) -> Parsed<AlterTableAction> {
        if self.take_keyword("SET") {
            return self.options().map(AlterTableAction::SetOptions);
        }
        if self.take_keyword("RESET") {
            return self.option_keys().map(AlterTableAction::ResetOptions);
        }
        if self.take_keyword("ADD") {
            return match self.take_keyword("DISTRIBUTION") {
                true => self.distribution().map(AlterTableAction::AddDistribution),
                false => self.alter_schema().map(AlterTableAction::Add),
            };
        }
        if self.take_keyword("MODIFY") {
            return match self.take_keyword("DISTRIBUTION") {
                true => self.distribution().map(AlterTableAction::ModifyDistribution),
                false => self.alter_schema().map(AlterTableAction::Modify),
            };
        }
        if self.take_keyword("DROP") {
            return self.alter_drop();
        }
        Err(self.unexpected(expected))
    }

    fn alter_rename(&mut self) -> Parsed<AlterTableAction> {
        self.advance();
        if self.take_keyword("TO") {
            return self.object_name().map(AlterTableAction::Rename);
        }
        let column = self.object_name()?;
        self.expect_keyword("TO")?;
        let name = self.identifier()?;
        Ok(AlterTableAction::RenameColumn { column, name })
    }

    /// What follows DROP: columns, a key, a watermark ..
    fn alter_drop(&mut self) -> Parsed<AlterTableAction> {
        if self.take_keyword("PRIMARY") {
            self.expect_keyword("KEY")?;
            return Ok(AlterTableAction::DropPrimaryKey);
        }
        if self.take_keyword("CONSTRAINT") {
            return self.identifier().map(AlterTableAction::DropConstraint);
        }
        if self.take_keyword("WATERMARK") {
            return Ok(AlterTableAction::DropWatermark);
        }
        if self.take_keyword("DISTRIBUTION") {
            return Ok(AlterTableAction::DropDistribution);
        }
        let columns = match self.at_symbol("(") {
            true => self.parenthesized_list(Self::object_name)?,
            false => vec![self.object_name()?],
        };
        Ok(AlterTableAction::DropColumns(columns))
    }

    /// `ADD [IF NOT EXISTS] PARTITION (..) [WITH (..)] ..`, `DROP [IF EXISTS] PARTITION (..), ..`
    fn alter_partitions(&mut self) -> Parsed<AlterTableAction> {
        if self.take_keyword("DROP") {
            let if_exists = self.if_exists();
            let partitions = self.comma_separated(|parser| {
                parser.expect_keyword("PARTITION")?;
                parser.parenthesized_list(Self::partition_entry)
            })?;
            return Ok(AlterTableAction::DropPartitions { if_exists, partitions });
        }
        self.advance();
        let if_not_exists = self.if_not_exists();
        let mut partitions = Vec::new();
        loop {
            self.expect_keyword("PARTITION")?;
            let entries = self.parenthesized_list(Self::partition_entry)?;
            let options = self.optional_options()?;
            partitions.push(NewPartition { entries, options });
            self.take_symbol(",");
            if !self.at_keyword("PARTITION") {
                return Ok(AlterTableAction::AddPartitions { if_not_exists, partitions });
            }
        }
    }

    /// One element or several in parentheses
    fn alter_schema(&mut self) -> Parsed<AlterSchema> {
        let start = self.start();
        let mut schema = AlterSchema::default();
        if self.take_symbol("(") {
            loop {
                self.alter_element(&mut schema)?;
                if !self.take_symbol(",") {
                    break;
                }
            }
            self.expect_symbol(")")?;
        } else {
            self.alter_element(&mut schema)?;
        }
        schema.span = self.span_from(start);
        Ok(schema)
    }

    fn alter_element(&mut self, schema: &mut AlterSchema) -> Parsed<()> {
        if self.at_keyword("WATERMARK") {
            schema.watermarks.push(self.watermark()?);
        } else if self.at_constraint() {
            schema.constraints.push(self.table_constraint()?);
        } else {
            let column = self.column_definition()?;
            let position = if self.take_keyword("FIRST") {
                Some(ColumnPosition::First)
            } else if self.take_keyword("AFTER") {
                Some(ColumnPosition::After(self.object_name()?))
            } else {
                None
            };
            schema.columns.push(PositionedColumn { column, position });
        }
        Ok(())
    }

    /// `('k', ..)`, possibly empty
    fn option_keys(&mut self) -> Parsed<Vec<String>> {
        if self.at_symbol("(") && self.symbol_at(1) == Some(")") {
            self.advance();
            self.advance();
            return Ok(Vec::new());
        }
        self.parenthesized_list(Self::text)
    }

    fn alter_view(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let name = self.object_name()?;
        let action = if self.take_keyword("RENAME") {
            self.expect_keyword("TO")?;
            AlterViewAction::Rename(self.object_name()?)
        } else if self.take_keyword("AS") {
            AlterViewAction::Query(Box::new(self.query()?))
        } else {
            return Err(self.unexpected(&["AS", "RENAME"]));
        };
        Ok(StatementKind::AlterView(AlterView { name, action }))
    }

    fn alter_catalog(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let name = self.object_name()?;
        let action = if self.take_keyword("SET") {
            AlterCatalogAction::SetOptions(self.options()?)
        } else if self.take_keyword("RESET") {
            AlterCatalogAction::ResetOptions(self.option_keys()?)
        } else if self.take_keyword("COMMENT") {
            AlterCatalogAction::Comment(self.text()?)
        } else {
            return Err(self.unexpected(&["SET", "RESET", "COMMENT"]));
        };
        Ok(StatementKind::AlterCatalog(AlterCatalog { name, action }))
    }

    fn alter_function(&mut self) -> Parsed<StatementKind> {
        let temporary = self.take_keyword("TEMPORARY");
        let system = temporary && self.take_keyword("SYSTEM");
        self.expect_keyword("FUNCTION")?;
        let if_exists = self.if_exists();
        let name = self.object_name()?;
        self.expect_keyword("AS")?;
        let class = self.text()?;
        let language = self.language()?;
        Ok(StatementKind::AlterFunction(AlterFunction { temporary, system, if_exists, name, class, language }))
    }

    fn alter_model_or_connection(&mut self, kind: ObjectKind) -> Parsed<StatementKind> {
        self.advance();
        let if_exists = self.if_exists();
        let name = self.object_name()?;
        let action = if self.take_keyword("RENAME") {
            self.expect_keyword("TO")?;
            AlterObjectAction::Rename(self.object_name()?)
        } else if self.take_keyword("SET") {
            AlterObjectAction::SetOptions(self.options()?)
        } else if self.take_keyword("RESET") {
            AlterObjectAction::ResetOptions(self.option_keys()?)
        } else {
            return Err(self.unexpected(&["RENAME", "SET", "RESET"]));
        };
        Ok(StatementKind::AlterModelOrConnection(AlterObject { kind, if_exists, name, action }))
    }

    fn alter_materialized_table(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect_keyword("TABLE")?;
        let name = self.object_name()?;
        let action = self.materialized_table_action()?;
        Ok(StatementKind::AlterMaterializedTable(Box::new(AlterMaterializedTable { name, action })))
    }

    fn materialized_table_action(&mut self) -> Parsed<AlterMaterializedTableAction> {
        if self.take_keyword("SUSPEND") {
            return Ok(AlterMaterializedTableAction::Suspend);
        }
        if self.take_keyword("RESUME") {
            return self.optional_options().map(AlterMaterializedTableAction::Resume);
        }
        if self.take_keyword("REFRESH") {
            return self.optional_partition().map(AlterMaterializedTableAction::Refresh);
        }
        if self.take_keywords(&["SET", "FRESHNESS"]) {
            self.expect_symbol("=")?;
            return self.interval_literal().map(AlterMaterializedTableAction::SetFreshness);
        }
        if self.at_keywords(&["SET", "REFRESH_MODE"]) {
            self.advance();
            return self.refresh_mode().map(AlterMaterializedTableAction::SetRefreshMode);
        }
        if self.at_keyword("START_MODE") || self.at_keyword("AS") {
            let start_mode = match self.at_keyword("START_MODE") {
                true => Some(self.start_mode()?),
                false => None,
            };
            self.expect_keyword("AS")?;
            let query = Box::new(self.query()?);
            return Ok(AlterMaterializedTableAction::Query { start_mode, query });
        }
        self.alter_definition(&["SUSPEND", "RESUME", "REFRESH", "AS", "ADD", "MODIFY", "DROP", "SET", "RESET"])
            .map(AlterMaterializedTableAction::Table)
    }

    /// `DROP [TEMPORARY [SYSTEM]] kind [IF EXISTS] name [RESTRICT|CASCADE]`
    pub(super) fn drop_object(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let temporary = self.take_keyword("TEMPORARY");
        let system = temporary && self.take_keyword("SYSTEM");
        let kind = self.object_kind()?;
        let if_exists = self.if_exists();
        let name = self.object_name()?;
        let behavior = if self.take_keyword("RESTRICT") {
            Some(DropBehavior::Restrict)
        } else {
            self.take_keyword("CASCADE").then_some(DropBehavior::Cascade)
        };
        Ok(StatementKind::Drop(Drop { kind, temporary, system, if_exists, name, behavior }))
    }

    /// `TABLE`, `MATERIALIZED TABLE`, `VIEW`, ..
    pub(super) fn object_kind(&mut self) -> Parsed<ObjectKind> {
        let kind = self.expect_one_of(&[
            ("TABLE", ObjectKind::Table),
            ("VIEW", ObjectKind::View),
            ("DATABASE", ObjectKind::Database),
            ("CATALOG", ObjectKind::Catalog),
            ("FUNCTION", ObjectKind::Function),
            ("MODEL", ObjectKind::Model),
            ("CONNECTION", ObjectKind::Connection),
            ("MATERIALIZED", ObjectKind::MaterializedTable),
        ])?;
        if kind == ObjectKind::MaterializedTable {
            self.expect_keyword("TABLE")?;
        }
        Ok(kind)
    }
}
