//! The choice of the kind of CREATE, and all but tables.

use super::{Parsed, Parser};
use crate::ast::{
    ColumnDefinition, CreateCatalog, CreateConnection, CreateDatabase, CreateFunction, CreateMode, CreateModel,
    CreateView, FunctionLanguage, FunctionResource, FunctionResourceKind, StatementKind,
};

pub(super) const LANGUAGES: &[(&str, FunctionLanguage)] = &[
    ("JAVA", FunctionLanguage::Java),
    ("SCALA", FunctionLanguage::Scala),
    ("PYTHON", FunctionLanguage::Python),
    ("SQL", FunctionLanguage::Sql),
];

impl Parser<'_> {
    /// `CREATE ..`, `REPLACE TABLE ..`
    pub(super) fn create(&mut self) -> Parsed<StatementKind> {
        if self.take_keyword("REPLACE") {
            return self.create_table(CreateMode::Replace, false);
        }
        self.expect_keyword("CREATE")?;
        let mode = if !self.take_keyword("OR") {
            CreateMode::Create
        } else {
            self.expect_one_of(&[("REPLACE", CreateMode::CreateOrReplace), ("ALTER", CreateMode::CreateOrAlter)])?
        };
        let temporary = self.take_keyword("TEMPORARY");
        let system = self.take_keyword("SYSTEM");
        match self.keyword_at(0) {
            Some("MATERIALIZED") if !temporary && !system => self.create_materialized_table(mode),
            Some("FUNCTION") => self.create_function(temporary, system),
            Some("CONNECTION") => self.create_connection(temporary, system),
            _ if system => Err(self.unexpected(&["FUNCTION", "CONNECTION"])),
            Some("TABLE") if mode != CreateMode::CreateOrAlter => self.create_table(mode, temporary),
            Some("VIEW") => self.create_view(mode, temporary),
            Some("CATALOG") if !temporary => self.create_catalog(),
            Some("DATABASE") if !temporary => self.create_database(),
            Some("MODEL") => self.create_model(temporary),
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

    /// `[IF NOT EXISTS]`
    pub(super) fn if_not_exists(&mut self) -> bool {
        self.take_keywords(&["IF", "NOT", "EXISTS"])
    }

    /// `[IF EXISTS]`
    pub(super) fn if_exists(&mut self) -> bool {
        self.take_keywords(&["IF", "EXISTS"])
    }

    fn create_view(&mut self, mode: CreateMode, temporary: bool) -> Parsed<StatementKind> {
        self.advance();
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let columns = match self.at_symbol("(") {
            true => self.identifier_list()?,
            false => Vec::new(),
        };
        let comment = self.optional_comment()?;
        self.expect_keyword("AS")?;
        let query = Box::new(self.query()?);
        Ok(StatementKind::CreateView(Box::new(CreateView {
            mode,
            temporary,
            if_not_exists,
            name,
            columns,
            comment,
            query,
        })))
    }

    fn create_catalog(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let comment = self.optional_comment()?;
        let options = self.optional_options()?;
        Ok(StatementKind::CreateCatalog(CreateCatalog { if_not_exists, name, comment, options }))
    }

    fn create_database(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let comment = self.optional_comment()?;
        let options = self.optional_options()?;
        Ok(StatementKind::CreateDatabase(CreateDatabase { if_not_exists, name, comment, options }))
    }

    fn create_function(&mut self, temporary: bool, system: bool) -> Parsed<StatementKind> {
        self.advance();
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        self.expect_keyword("AS")?;
        let class = self.text()?;
        let language = self.language()?;
        let mut resources = Vec::new();
        if self.take_keyword("USING") {
            resources = self.comma_separated(Self::function_resource)?;
        }
        let options = self.optional_options()?;
        Ok(StatementKind::CreateFunction(CreateFunction {
            temporary,
            system,
            if_not_exists,
            name,
            class,
            language,
            resources,
            options,
        }))
    }

    /// `[LANGUAGE ..]`
    pub(super) fn language(&mut self) -> Parsed<Option<FunctionLanguage>> {
        match self.take_keyword("LANGUAGE") {
            true => self.expect_one_of(LANGUAGES).map(Some),
            false => Ok(None),
        }
    }

    fn function_resource(&mut self) -> Parsed<FunctionResource> {
        let kind =
            self.expect_one_of(&[("JAR", FunctionResourceKind::Jar), ("ARTIFACT", FunctionResourceKind::Artifact)])?;
        let path = self.text()?;
        Ok(FunctionResource { kind, path })
    }

    fn create_model(&mut self, temporary: bool) -> Parsed<StatementKind> {
        self.advance();
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let input = self.model_columns("INPUT")?;
        let output = self.model_columns("OUTPUT")?;
        let comment = self.optional_comment()?;
        let options = self.optional_options()?;
        let query = match self.take_keyword("AS") {
            true => Some(Box::new(self.query()?)),
            false => None,
        };
        Ok(StatementKind::CreateModel(Box::new(CreateModel {
            temporary,
            if_not_exists,
            name,
            input,
            output,
            comment,
            options,
            query,
        })))
    }

    fn model_columns(&mut self, keyword: &str) -> Parsed<Vec<ColumnDefinition>> {
        match self.take_keyword(keyword) {
            true => self.parenthesized_list(Self::column_definition),
            false => Ok(Vec::new()),
        }
    }

    fn create_connection(&mut self, temporary: bool, system: bool) -> Parsed<StatementKind> {
        self.advance();
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let comment = self.optional_comment()?;
        self.expect_keyword("WITH")?;
        let options = self.options()?;
        Ok(StatementKind::CreateConnection(CreateConnection {
            temporary,
            system,
            if_not_exists,
            name,
            comment,
            options,
        }))
    }
}
