//! CREATE TABLE: columns with their types, watermark, keys, checked as Flink checks them.

use flott_record::{DataType, TypeKind};
use flott_syntax::Span;
use flott_syntax::ast::{self, ColumnKind, ConstraintKind, Identifier};

use super::like::LikeOptions;
use super::namespace::options_map;
use super::store::ObjectPath;
use super::text::distribution_text;
use super::{ResolvedTable, TableColumn, TableColumnKind};
use crate::bind::data_type::bind_data_type;
use crate::bind::{ExpressionBinder, NoIntercept, Scope};
use crate::error::{Result, SqlError};
use crate::relation::Column;

/// Largest precision of a rowtime column.
const ROWTIME_PRECISION_MAX: u8 = 3;

/// The table that CREATE TABLE defines, LIKE merged in.
///
/// # Errors
/// Whatever is wrong with the definition, with its place.
pub fn define_table(
    create: &ast::CreateTable,
    path: ObjectPath,
    base: Option<(&ResolvedTable, &LikeOptions)>,
    time_zone: &str,
) -> Result<ResolvedTable> {
    check_constraints(&create.schema)?;
    let mut builder = TableBuilder::new(path, base, time_zone);
    builder.table.comment.clone_from(&create.comment);
    builder.table.temporary = create.temporary;
    builder.columns(&create.schema.columns)?;
    builder.finish(create)?;
    Ok(builder.table)
}

/// What no table may say, whatever its columns are.
pub(super) fn check_constraints(schema: &ast::TableSchema) -> Result<()> {
    let mut keys = 0;
    let of_columns = schema.columns.iter().filter_map(|column| match &column.kind {
        ColumnKind::Physical { constraint: Some(constraint), .. } => {
            Some((constraint.kind, constraint.enforced, constraint.span))
        }
        _ => None,
    });
    let of_table = schema.constraints.iter().map(|constraint| (constraint.kind, constraint.enforced, constraint.span));
    for (kind, enforced, span) in of_columns.chain(of_table) {
        check_constraint(kind, enforced, span)?;
        keys += 1;
        if keys > 1 {
            return Err(SqlError::at(span, "Duplicate primary key definition"));
        }
    }
    match schema.watermarks.as_slice() {
        [_, second, ..] => Err(SqlError::at(second.span, "Multiple WATERMARK declarations are not supported yet.")),
        _ => Ok(()),
    }
}

/// Only PRIMARY KEY NOT ENFORCED is allowed.
pub(super) fn check_constraint(kind: ConstraintKind, enforced: Option<bool>, span: Span) -> Result<()> {
    if kind == ConstraintKind::Unique {
        return Err(SqlError::at(span, "UNIQUE constraint is not supported yet"));
    }
    if enforced == Some(false) {
        return Ok(());
    }
    let message = "Flink doesn't support ENFORCED mode for PRIMARY KEY constraint. ENFORCED/NOT ENFORCED controls if the \
                   constraint checks are performed on the incoming/outgoing data. Flink does not own the data therefore the \
                   only supported mode is the NOT ENFORCED mode";
    Err(SqlError::at(span, message))
}

/// A table in the making.
pub(super) struct TableBuilder<'a> {
    pub(super) table: ResolvedTable,
    like: Option<&'a LikeOptions>,
    /// How many of the columns come from LIKE.
    inherited: usize,
    time_zone: &'a str,
}

impl<'a> TableBuilder<'a> {
    pub(super) fn new(path: ObjectPath, base: Option<(&ResolvedTable, &'a LikeOptions)>, time_zone: &'a str) -> Self {
        let mut table = ResolvedTable {
            path,
            columns: Vec::new(),
            watermark: None,
            primary_key: Vec::new(),
            primary_key_name: None,
            partition_keys: Vec::new(),
            distribution: None,
            comment: None,
            options: Default::default(),
            temporary: false,
        };
        if let Some((base, like)) = base {
            like.inherit(base, &mut table);
        }
        let inherited = table.columns.len();
        TableBuilder { table, like: base.map(|(_, like)| like), inherited, time_zone }
    }

    /// Changes an existing table.
    pub(super) fn of_table(table: ResolvedTable, time_zone: &'a str) -> Self {
        TableBuilder { table, like: None, inherited: 0, time_zone }
    }

    /// All that follows the columns.
    pub(super) fn finish(&mut self, create: &ast::CreateTable) -> Result<()> {
        self.watermarks(&create.schema.watermarks)?;
        self.primary_key(&create.schema)?;
        self.partitions(&create.partitioned_by)?;
        self.distribution(create.distribution.as_ref())?;
        self.options(&create.options, create.name.span)
    }

    pub(super) fn columns(&mut self, definitions: &[ast::ColumnDefinition]) -> Result<()> {
        // Computed columns may use columns that stand behind them.
        let known = self.visible_columns(definitions)?;
        for definition in definitions {
            let column = self.column(definition, &known)?;
            self.add_column(column, definition.span)?;
        }
        Ok(())
    }

    /// Physical and metadata columns, those of definitions included: what computed columns see.
    pub(super) fn visible_columns(&self, definitions: &[ast::ColumnDefinition]) -> Result<Vec<Column>> {
        let mut visible = self.stored_columns();
        for definition in definitions {
            if let ColumnKind::Physical { data_type, .. } | ColumnKind::Metadata { data_type, .. } = &definition.kind {
                visible.push(Column::new(column_name(definition)?, bind_data_type(data_type)?));
            }
        }
        Ok(visible)
    }

    /// The physical and metadata columns.
    pub(super) fn stored_columns(&self) -> Vec<Column> {
        let stored = self.table.columns.iter().filter(|column| !matches!(column.kind, TableColumnKind::Computed(_)));
        stored.map(|column| Column::new(&column.name, column.data_type.clone())).collect()
    }

    /// The column that a definition means; `known` is what its expression can use.
    pub(super) fn column(&self, definition: &ast::ColumnDefinition, known: &[Column]) -> Result<TableColumn> {
        let name = column_name(definition)?;
        let (data_type, kind) = match &definition.kind {
            ColumnKind::Physical { data_type, .. } => (bind_data_type(data_type)?, TableColumnKind::Physical),
            ColumnKind::Metadata { data_type, key, is_virtual } => {
                let kind = TableColumnKind::Metadata { key: key.clone(), is_virtual: *is_virtual };
                (bind_data_type(data_type)?, kind)
            }
            ColumnKind::Computed { expression } => {
                let data_type = self.expression_type(expression, known)?;
                (data_type, TableColumnKind::Computed(expression.clone()))
            }
        };
        Ok(TableColumn { name, data_type, kind, comment: definition.comment.clone() })
    }

    /// The type of an expression over columns of the table.
    pub(super) fn expression_type(&self, expression: &ast::Expression, known: &[Column]) -> Result<DataType> {
        if let Some(name) = super::walk::names(expression)
            .into_iter()
            .find(|name| name.parts.first().is_some_and(|first| known.iter().all(|column| column.name != first.value)))
        {
            let first = name.parts.first().map_or("", |part| part.value.as_str());
            return Err(SqlError::at(name.span, format!("Unknown identifier '{first}'")));
        }
        let scope = Scope::of_table(None, known.to_vec());
        let binder = ExpressionBinder { scope: &scope, time_zone: self.time_zone, objects: None };
        Ok(binder.bind(expression, &mut NoIntercept)?.data_type().clone())
    }

    fn add_column(&mut self, column: TableColumn, span: Span) -> Result<()> {
        let name = column.name.clone();
        let Some(position) = self.table.columns.iter().position(|known| known.name == name) else {
            self.table.columns.push(column);
            return Ok(());
        };
        let existing = &self.table.columns[position].kind;
        if position >= self.inherited {
            return Err(SqlError::at(span, duplicate(&name, existing, &column.kind)));
        }
        let feature = match (existing, &column.kind) {
            (TableColumnKind::Computed(_), TableColumnKind::Computed(_)) => "GENERATED",
            (TableColumnKind::Metadata { .. }, TableColumnKind::Metadata { .. }) => "METADATA",
            _ => {
                let message = format!("A column named '{name}' already exists in the base table.");
                return Err(SqlError::at(span, message));
            }
        };
        if self.like.is_some_and(|like| like.overwrites(feature)) {
            self.table.columns[position] = column;
            return Ok(());
        }
        let what = if feature == "GENERATED" { "generated" } else { "metadata" };
        let message = format!(
            "A {what} column named '{name}' already exists in the base table. You might want to specify EXCLUDING {feature} or OVERWRITING {feature}."
        );
        Err(SqlError::at(span, message))
    }

    fn watermarks(&mut self, watermarks: &[ast::WatermarkDefinition]) -> Result<()> {
        let Some(watermark) = watermarks.first() else { return Ok(()) };
        if self.table.watermark.is_some() && !self.like.is_some_and(|like| like.overwrites("WATERMARKS")) {
            let column = watermark.column.last().map_or("", |part| part.value.as_str());
            let message = format!(
                "There already exists a watermark spec for column '{column}' in the base table. You might want to specify EXCLUDING WATERMARKS or OVERWRITING WATERMARKS."
            );
            return Err(SqlError::at(watermark.span, message));
        }
        self.set_watermark(watermark)
    }

    /// Checks and sets the watermark.
    pub(super) fn set_watermark(&mut self, watermark: &ast::WatermarkDefinition) -> Result<()> {
        let span = watermark.column.span;
        let parts: Vec<&str> = watermark.column.parts.iter().map(|part| part.value.as_str()).collect();
        let name = parts.join(".");
        let names: Vec<&str> = self.table.columns.iter().map(|column| column.name.as_str()).collect();
        let Some(column) = self.table.columns.iter().find(|column| column.name == name) else {
            if parts.len() > 1 && names.contains(&parts[0]) {
                let message = format!(
                    "Invalid column name '{name}' for rowtime attribute in watermark declaration. Available columns are: [{}]",
                    names.join(", ")
                );
                return Err(SqlError::at(span, message));
            }
            let available: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
            let message = format!(
                "The rowtime attribute field '{name}' is not defined in the table schema\nAvailable fields: [{}]",
                available.join(", ")
            );
            return Err(SqlError::at(span, message));
        };
        const EXPECTED: &str =
            "The field must be of type TIMESTAMP(p) or TIMESTAMP_LTZ(p), the supported precision 'p' is from 0 to 3";
        if !is_rowtime(&column.data_type.kind) {
            let message = format!(
                "Invalid data type of time field for watermark definition. {EXPECTED}, but the time field type is {}",
                column.data_type
            );
            return Err(SqlError::at(span, message));
        }
        let known: Vec<Column> =
            self.table.columns.iter().map(|column| Column::new(&column.name, column.data_type.clone())).collect();
        let data_type = self.expression_type(&watermark.expression, &known)?;
        if !is_rowtime(&data_type.kind) {
            let message = format!(
                "Invalid data type of expression for watermark definition. {EXPECTED}, but the watermark expression type is {data_type}"
            );
            return Err(SqlError::at(watermark.expression.span, message));
        }
        self.table.watermark = Some((name, watermark.expression.clone()));
        Ok(())
    }

    fn primary_key(&mut self, schema: &ast::TableSchema) -> Result<()> {
        let of_column = schema.columns.iter().find_map(|column| match &column.kind {
            ColumnKind::Physical { constraint: Some(constraint), .. } => {
                Some((constraint.name.as_ref(), column.name.parts.clone(), constraint.span))
            }
            _ => None,
        });
        let of_table = schema.constraints.first();
        let of_table =
            of_table.map(|constraint| (constraint.name.as_ref(), constraint.columns.clone(), constraint.span));
        let Some((name, columns, span)) = of_column.or(of_table) else { return Ok(()) };
        if !self.table.primary_key.is_empty() {
            let message = "The base table already has a primary key. You might want to specify EXCLUDING CONSTRAINTS.";
            return Err(SqlError::at(span, message));
        }
        self.set_primary_key(name, &columns)
    }

    /// Checks and sets the primary key; its columns become NOT NULL.
    pub(super) fn set_primary_key(&mut self, name: Option<&Identifier>, columns: &[Identifier]) -> Result<()> {
        let names: Vec<String> = columns.iter().map(|column| column.value.clone()).collect();
        let key_name = name.map_or_else(|| format!("PK_{}", names.join("_")), |name| name.value.clone());
        for (position, column) in columns.iter().enumerate() {
            if names[..position].contains(&column.value) {
                let message = format!(
                    "Invalid primary key '{key_name}'. A primary key must not contain duplicate columns. Found: [{}]",
                    column.value
                );
                return Err(SqlError::at(column.span, message));
            }
            let Some(found) = self.table.columns.iter_mut().find(|known| known.name == column.value) else {
                let message = format!("Primary key column '{}' is not defined in the schema", column.value);
                return Err(SqlError::at(column.span, message));
            };
            if found.kind != TableColumnKind::Physical {
                let message = format!(
                    "Could not create a PRIMARY KEY with column '{}'.\nA PRIMARY KEY constraint must be declared on physical columns.",
                    column.value
                );
                return Err(SqlError::at(column.span, message));
            }
            found.data_type.nullable = false;
        }
        self.table.primary_key = names;
        self.table.primary_key_name = Some(key_name);
        Ok(())
    }

    fn partitions(&mut self, keys: &[Identifier]) -> Result<()> {
        let Some(first) = keys.first() else { return Ok(()) };
        if !self.table.partition_keys.is_empty() && !self.like.is_some_and(|like| like.excludes("PARTITIONS")) {
            let message =
                "The base table already has partitions defined. You might want to specify EXCLUDING PARTITIONS.";
            return Err(SqlError::at(first.span, message));
        }
        for key in keys {
            match self.table.columns.iter().find(|column| column.name == key.value) {
                None => {
                    let names: Vec<String> =
                        self.table.columns.iter().map(|column| format!("'{}'", column.name)).collect();
                    let message = format!(
                        "Partition column '{}' not defined in the table schema. Available columns: [{}]",
                        key.value,
                        names.join(", ")
                    );
                    return Err(SqlError::at(key.span, message));
                }
                Some(column) if column.kind != TableColumnKind::Physical => {
                    let message = format!(
                        "Invalid partition key '{}'. A partition key must reference a physical column in the schema. Available columns are: [{}]",
                        key.value,
                        self.physical_names()
                    );
                    return Err(SqlError::at(key.span, message));
                }
                Some(_) => {}
            }
        }
        self.table.partition_keys = keys.iter().map(|key| key.value.clone()).collect();
        Ok(())
    }

    fn physical_names(&self) -> String {
        let physical = self.table.columns.iter().filter(|column| column.kind == TableColumnKind::Physical);
        physical.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Checks and sets the distribution.
    pub(super) fn distribution(&mut self, distribution: Option<&ast::Distribution>) -> Result<()> {
        let Some(distribution) = distribution else { return Ok(()) };
        for key in &distribution.columns {
            let physical = |column: &TableColumn| column.name == key.value && column.kind == TableColumnKind::Physical;
            if !self.table.columns.iter().any(physical) {
                let message = format!(
                    "Invalid bucket key '{}'. A bucket key for a distribution must reference a physical column in the schema. Available columns are: [{}]",
                    key.value,
                    self.physical_names()
                );
                return Err(SqlError::at(key.span, message));
            }
        }
        self.table.distribution = Some(distribution_text(distribution));
        Ok(())
    }

    fn options(&mut self, options: &[ast::TableOption], span: Span) -> Result<()> {
        let inherited = self.like.is_some() && !self.like.is_some_and(|like| like.overwrites("OPTIONS"));
        for (key, value) in options_map(options) {
            if inherited && let Some(known) = self.table.options.get(&key) {
                let message = format!(
                    "There already exists an option ['{key}' -> '{known}']  in the base table. You might want to specify EXCLUDING OPTIONS or OVERWRITING OPTIONS."
                );
                return Err(SqlError::at(span, message));
            }
            self.table.options.insert(key, value);
        }
        Ok(())
    }
}

/// The name of a column, which has one part.
pub(super) fn column_name(definition: &ast::ColumnDefinition) -> Result<String> {
    match definition.name.parts.as_slice() {
        [only] => Ok(only.value.clone()),
        _ => Err(SqlError::not_supported(definition.name.span, "a nested column here")),
    }
}

fn is_rowtime(kind: &TypeKind) -> bool {
    matches!(kind, TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) if *precision <= ROWTIME_PRECISION_MAX)
}

fn duplicate(name: &str, first: &TableColumnKind, second: &TableColumnKind) -> String {
    let word = |kind: &TableColumnKind| match kind {
        TableColumnKind::Physical => "regular",
        TableColumnKind::Metadata { .. } => "metadata",
        TableColumnKind::Computed(_) => "compute",
    };
    if *second == TableColumnKind::Physical && *first == TableColumnKind::Physical {
        return format!("A regular Column named '{name}' already exists in the table.");
    }
    format!(
        "A column named '{name}' already exists in the table. Duplicate columns exist in the {} column and {} column. ",
        word(second),
        word(first)
    )
}
