//! SHOW, DESCRIBE, USE, modules and jobs.

use super::{Parsed, Parser};
use crate::ast::{Describe, ObjectKind, Show, ShowKind, ShowPattern, StatementKind, Use};

impl Parser<'_> {
    pub(super) fn show(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let kind = self.show_kind()?;
        let mut scope = None;
        if self.take_keyword("FROM") || self.take_keyword("IN") {
            scope = Some(self.object_name()?);
        } else if kind == ShowKind::Columns {
            return Err(self.unexpected(&["FROM", "IN"]));
        }
        let pattern = self.show_pattern()?;
        Ok(StatementKind::Show(Show { kind, scope, pattern }))
    }

    fn show_kind(&mut self) -> Parsed<ShowKind> {
        if self.take_keyword("CREATE") {
            return self.show_create();
        }
        if self.take_keyword("CURRENT") {
            return self.expect_one_of(&[("CATALOG", false), ("DATABASE", true)]).map(|database| match database {
                true => ShowKind::CurrentDatabase,
                false => ShowKind::CurrentCatalog,
            });
        }
        if self.take_keyword("PARTITIONS") {
            return Ok(ShowKind::Partitions { table: self.object_name()?, partition: self.optional_partition()? });
        }
        let prefixed = [
            (&["USER", "FUNCTIONS"], ShowKind::Functions { user: true }),
            (&["FULL", "MODULES"], ShowKind::Modules { full: true }),
            (&["MATERIALIZED", "TABLES"], ShowKind::MaterializedTables),
        ];
        for (keywords, kind) in prefixed {
            if self.take_keywords(keywords) {
                return Ok(kind);
            }
        }
        self.plain_show_kind()
    }

    fn plain_show_kind(&mut self) -> Parsed<ShowKind> {
        let kind = match self.keyword_at(0) {
            Some("CATALOGS") => ShowKind::Catalogs,
            Some("DATABASES") => ShowKind::Databases,
            Some("TABLES") => ShowKind::Tables,
            Some("VIEWS") => ShowKind::Views,
            Some("FUNCTIONS") => ShowKind::Functions { user: false },
            Some("MODULES") => ShowKind::Modules { full: false },
            Some("COLUMNS") => ShowKind::Columns,
            Some("PROCEDURES") => ShowKind::Procedures,
            Some("MODELS") => ShowKind::Models,
            Some("CONNECTIONS") => ShowKind::Connections,
            Some("JARS") => ShowKind::Jars,
            Some("JOBS") => ShowKind::Jobs,
            _ => {
                return Err(self.unexpected(&[
                    "CATALOGS",
                    "DATABASES",
                    "TABLES",
                    "VIEWS",
                    "FUNCTIONS",
                    "MODULES",
                    "COLUMNS",
                    "PARTITIONS",
                    "PROCEDURES",
                    "MODELS",
                    "CONNECTIONS",
                    "MATERIALIZED TABLES",
                    "JARS",
                    "JOBS",
                    "CREATE",
                    "CURRENT",
                ]));
            }
        };
        self.advance();
        Ok(kind)
    }

    /// `[OR ALTER] kind name` after SHOW CREATE
    fn show_create(&mut self) -> Parsed<ShowKind> {
        if self.take_keywords(&["OR", "ALTER"]) && !self.at_keyword("MATERIALIZED") {
            return Err(self.unexpected(&["MATERIALIZED"]));
        }
        let kind = self.object_kind()?;
        let name = self.object_name()?;
        Ok(ShowKind::Create { kind, name })
    }

    /// `[[NOT] LIKE|ILIKE 'pattern']`
    fn show_pattern(&mut self) -> Parsed<Option<ShowPattern>> {
        let negated = self.take_keyword("NOT");
        let case_insensitive = self.at_keyword("ILIKE");
        if case_insensitive || self.at_keyword("LIKE") {
            self.advance();
            let pattern = self.text()?;
            return Ok(Some(ShowPattern { negated, case_insensitive, pattern }));
        }
        match negated {
            true => Err(self.unexpected(&["LIKE", "ILIKE"])),
            false => Ok(None),
        }
    }

    pub(super) fn describe(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.at_keyword("JOB") && self.is_text_at(1) {
            self.advance();
            let id = self.text()?;
            return Ok(StatementKind::Describe(Describe::Job { id }));
        }
        let kind = self.described_kind();
        let extended = self.take_keyword("EXTENDED");
        let name = self.object_name()?;
        Ok(StatementKind::Describe(Describe::Object { kind, extended, name }))
    }

    /// Takes the kind if one is written: a kind's word that is followed by a name is one, else it is a table's name.
    fn described_kind(&mut self) -> ObjectKind {
        let kind = match self.keyword_at(0) {
            Some("CATALOG") => ObjectKind::Catalog,
            Some("DATABASE") => ObjectKind::Database,
            Some("FUNCTION") => ObjectKind::Function,
            Some("MODEL") => ObjectKind::Model,
            Some("CONNECTION") => ObjectKind::Connection,
            _ => return ObjectKind::Table,
        };
        let named = self.is_identifier_at(1) || self.keyword_at(1) == Some("EXTENDED");
        if !named {
            return ObjectKind::Table;
        }
        self.advance();
        kind
    }

    pub(super) fn use_object(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.take_keyword("MODULES") {
            let modules = self.comma_separated(Self::identifier)?;
            return Ok(StatementKind::Use(Use::Modules(modules)));
        }
        if self.at_keyword("CATALOG") && self.is_identifier_at(1) {
            self.advance();
            let catalog = self.identifier()?;
            return Ok(StatementKind::Use(Use::Catalog(catalog)));
        }
        let database = self.object_name()?;
        Ok(StatementKind::Use(Use::Database(database)))
    }

    /// `LOAD MODULE m [WITH (..)]`, `UNLOAD MODULE m`
    pub(super) fn module(&mut self) -> Parsed<StatementKind> {
        let load = self.at_keyword("LOAD");
        self.advance();
        self.expect_keyword("MODULE")?;
        let name = self.identifier()?;
        if !load {
            return Ok(StatementKind::UnloadModule { name });
        }
        let options = self.optional_options()?;
        Ok(StatementKind::LoadModule { name, options })
    }

    /// `STOP JOB 'id' [WITH SAVEPOINT] [WITH DRAIN]`
    pub(super) fn stop_job(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect_keyword("JOB")?;
        let id = self.text()?;
        let with_savepoint = self.take_keywords(&["WITH", "SAVEPOINT"]);
        let with_drain = self.take_keywords(&["WITH", "DRAIN"]);
        Ok(StatementKind::StopJob { id, with_savepoint, with_drain })
    }
}
