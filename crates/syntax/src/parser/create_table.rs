//! CREATE TABLE and the schema parts it shares with other statements.

use super::{Parsed, Parser};
use crate::ast::{
    ColumnConstraint, ColumnDefinition, ColumnKind, ConstraintKind, CreateMode, CreateTable, Distribution,
    DistributionKind, LikeFeature, LikeOption, MergingStrategy, ObjectName, StatementKind, TableConstraint, TableLike,
    TableOption, TableSchema, TableSource, WatermarkDefinition,
};

const LIKE_FEATURES: &[(&str, LikeFeature)] = &[
    ("ALL", LikeFeature::All),
    ("CONSTRAINTS", LikeFeature::Constraints),
    ("DISTRIBUTION", LikeFeature::Distribution),
    ("GENERATED", LikeFeature::Generated),
    ("METADATA", LikeFeature::Metadata),
    ("OPTIONS", LikeFeature::Options),
    ("PARTITIONS", LikeFeature::Partitions),
    ("WATERMARKS", LikeFeature::Watermarks),
];

impl Parser<'_> {
    /// The rest of `CREATE [OR REPLACE] [TEMPORARY] TABLE`; TABLE comes next.
    pub(super) fn create_table(&mut self, mode: CreateMode, temporary: bool) -> Parsed<StatementKind> {
        self.expect_keyword("TABLE")?;
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let schema = self.optional_schema()?;
        let comment = self.optional_comment()?;
        let distribution = self.optional_distribution()?;
        let partitioned_by = self.partitioned_by()?;
        let options = self.optional_options()?;
        let source = self.table_source()?;
        Ok(StatementKind::CreateTable(Box::new(CreateTable {
            mode,
            temporary,
            if_not_exists,
            name,
            schema,
            comment,
            distribution,
            partitioned_by,
            options,
            source,
        })))
    }

    fn table_source(&mut self) -> Parsed<TableSource> {
        if self.at_keyword("LIKE") {
            return self.table_like().map(TableSource::Like);
        }
        if self.take_keyword("AS") {
            let query = self.query()?;
            return Ok(TableSource::Query(Box::new(query)));
        }
        Ok(TableSource::None)
    }

    /// `[(..)]`
    pub(super) fn optional_schema(&mut self) -> Parsed<TableSchema> {
        let start = self.start();
        let mut schema = TableSchema::default();
        if !self.take_symbol("(") {
            return Ok(schema);
        }
        loop {
            self.schema_element(&mut schema)?;
            if !self.take_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")")?;
        schema.span = self.span_from(start);
        Ok(schema)
    }

    fn schema_element(&mut self, schema: &mut TableSchema) -> Parsed<()> {
        if self.at_keyword("WATERMARK") {
            schema.watermarks.push(self.watermark()?);
        } else if self.at_constraint() {
            schema.constraints.push(self.table_constraint()?);
        } else if self.is_identifier_at(0) && matches!(self.symbol_at(1), Some("," | ")")) {
            let name = self.identifier()?;
            schema.column_names.push(name);
        } else {
            schema.columns.push(self.column_definition()?);
        }
        let definitions = schema.columns.len() + schema.watermarks.len() + schema.constraints.len();
        let mixed = !schema.column_names.is_empty() && definitions > 0;
        match mixed {
            true => {
                Err(self.error_here("either all columns have a type or none has, and then nothing else can be defined"))
            }
            false => Ok(()),
        }
    }

    /// `WATERMARK FOR column AS expression`
    pub(super) fn watermark(&mut self) -> Parsed<WatermarkDefinition> {
        let start = self.start();
        self.expect_keywords(&["WATERMARK", "FOR"])?;
        let column = self.object_name()?;
        self.expect_keyword("AS")?;
        let expression = self.expression()?;
        Ok(WatermarkDefinition { column, expression, span: self.span_from(start) })
    }

    pub(super) fn at_constraint(&self) -> bool {
        matches!(self.keyword_at(0), Some("CONSTRAINT" | "PRIMARY" | "UNIQUE"))
    }

    /// `[CONSTRAINT name] PRIMARY KEY (a, b) [NOT ENFORCED]`
    pub(super) fn table_constraint(&mut self) -> Parsed<TableConstraint> {
        let start = self.start();
        let constraint = self.column_constraint_parts()?;
        let columns = self.identifier_list()?;
        Ok(TableConstraint {
            name: constraint.0,
            kind: constraint.1,
            columns,
            enforced: self.enforcement()?,
            span: self.span_from(start),
        })
    }

    /// `[CONSTRAINT name] PRIMARY KEY|UNIQUE`
    fn column_constraint_parts(&mut self) -> Parsed<(Option<crate::ast::Identifier>, ConstraintKind)> {
        let name = match self.take_keyword("CONSTRAINT") {
            true => Some(self.identifier()?),
            false => None,
        };
        if self.take_keyword("UNIQUE") {
            return Ok((name, ConstraintKind::Unique));
        }
        if !self.at_keyword("PRIMARY") {
            return Err(self.unexpected(&["PRIMARY", "UNIQUE"]));
        }
        self.expect_keywords(&["PRIMARY", "KEY"])?;
        Ok((name, ConstraintKind::PrimaryKey))
    }

    /// `[[NOT] ENFORCED]`
    fn enforcement(&mut self) -> Parsed<Option<bool>> {
        if self.take_keyword("ENFORCED") {
            return Ok(Some(true));
        }
        Ok(self.take_keywords(&["NOT", "ENFORCED"]).then_some(false))
    }

    pub(super) fn column_definition(&mut self) -> Parsed<ColumnDefinition> {
        let start = self.start();
        let name = self.object_name()?;
        let kind = self.column_kind()?;
        let comment = self.optional_comment()?;
        Ok(ColumnDefinition { name, kind, comment, span: self.span_from(start) })
    }

    fn column_kind(&mut self) -> Parsed<ColumnKind> {
        if self.take_keyword("AS") {
            let expression = self.expression()?;
            return Ok(ColumnKind::Computed { expression });
        }
        let data_type = self.data_type()?;
        if self.take_keyword("METADATA") {
            let key = match self.take_keyword("FROM") {
                true => Some(self.text()?),
                false => None,
            };
            let is_virtual = self.take_keyword("VIRTUAL");
            return Ok(ColumnKind::Metadata { data_type, key, is_virtual });
        }
        let start = self.start();
        let mut constraint = None;
        if self.at_constraint() {
            let (name, kind) = self.column_constraint_parts()?;
            constraint =
                Some(ColumnConstraint { name, kind, enforced: self.enforcement()?, span: self.span_from(start) });
        }
        Ok(ColumnKind::Physical { data_type, constraint })
    }

    /// `[COMMENT 'text']`
    pub(super) fn optional_comment(&mut self) -> Parsed<Option<String>> {
        match self.take_keyword("COMMENT") {
            true => self.text().map(Some),
            false => Ok(None),
        }
    }

    /// `[DISTRIBUTED ..]`
    pub(super) fn optional_distribution(&mut self) -> Parsed<Option<Distribution>> {
        match self.take_keyword("DISTRIBUTED") {
            true => self.distribution().map(Some),
            false => Ok(None),
        }
    }

    /// `BY [HASH|RANGE] (a, b) [INTO n BUCKETS]`, `INTO n BUCKETS`
    pub(super) fn distribution(&mut self) -> Parsed<Distribution> {
        let start = self.start();
        let mut kind = None;
        let mut columns = Vec::new();
        let by = self.take_keyword("BY");
        if by {
            kind = if self.take_keyword("HASH") {
                Some(DistributionKind::Hash)
            } else {
                self.take_keyword("RANGE").then_some(DistributionKind::Range)
            };
            columns = self.identifier_list()?;
        }
        let mut bucket_count = None;
        if self.take_keyword("INTO") {
            bucket_count = Some(self.number_text()?);
            self.expect_keyword("BUCKETS")?;
        } else if !by {
            return Err(self.unexpected(&["BY", "INTO"]));
        }
        Ok(Distribution { kind, columns, bucket_count, span: self.span_from(start) })
    }

    /// `[PARTITIONED BY (a, b)]`
    pub(super) fn partitioned_by(&mut self) -> Parsed<Vec<crate::ast::Identifier>> {
        if !self.take_keyword("PARTITIONED") {
            return Ok(Vec::new());
        }
        self.expect_keyword("BY")?;
        self.identifier_list()
    }

    /// `[WITH ('k' = 'v', ..)]`
    pub(super) fn optional_options(&mut self) -> Parsed<Vec<TableOption>> {
        match self.take_keyword("WITH") {
            true => self.options(),
            false => Ok(Vec::new()),
        }
    }

    /// `('k' = 'v', ..)`, possibly empty
    pub(super) fn options(&mut self) -> Parsed<Vec<TableOption>> {
        self.expect_symbol("(")?;
        if self.take_symbol(")") {
            return Ok(Vec::new());
        }
        let options = self.comma_separated(|parser| {
            let start = parser.start();
            let key = parser.text()?;
            parser.expect_symbol("=")?;
            let value = parser.text()?;
            Ok(TableOption { key, value, span: parser.span_from(start) })
        })?;
        self.expect_symbol(")")?;
        Ok(options)
    }

    /// `LIKE table [(INCLUDING ALL ..)]`
    fn table_like(&mut self) -> Parsed<TableLike> {
        let start = self.start();
        self.expect_keyword("LIKE")?;
        let table: ObjectName = self.object_name()?;
        let mut options = Vec::new();
        if self.take_symbol("(") {
            while !self.take_symbol(")") {
                options.push(self.like_option()?);
            }
        }
        Ok(TableLike { table, options, span: self.span_from(start) })
    }

    fn like_option(&mut self) -> Parsed<LikeOption> {
        let start = self.start();
        let strategy = self.expect_one_of(&[
            ("INCLUDING", MergingStrategy::Including),
            ("EXCLUDING", MergingStrategy::Excluding),
            ("OVERWRITING", MergingStrategy::Overwriting),
        ])?;
        let feature = self.expect_one_of(LIKE_FEATURES)?;
        Ok(LikeOption { strategy, feature, span: self.span_from(start) })
    }
}
