//! CREATE, ALTER and DROP of tables and views.

use std::sync::Arc;

use flott_syntax::ast::{self, AlterViewAction, CreateMode, ObjectKind, TableSource};

use super::result::StatementResult;
use super::session::{SqlSession, kind_name};
use crate::catalog::create_as::define_table_as;
use crate::catalog::definition::define_table;
use crate::catalog::expand::{expanded, qualified};
use crate::catalog::like::LikeOptions;
use crate::catalog::store::quoted;
use crate::catalog::text::query::query_text;
use crate::catalog::{CatalogObject, DropObject, ObjectPath, View};
use crate::error::{Result, SqlError};
use crate::relation::Column;

impl SqlSession {
    /// `CREATE TABLE`; `None` for CREATE TABLE AS, which is a job too: see [`SqlSession::create_table_as`].
    pub(super) fn create_table(&mut self, create: &ast::CreateTable) -> Result<Option<StatementResult>> {
        if matches!(create.source, TableSource::Query(_)) {
            return Ok(None);
        }
        if create.mode != CreateMode::Create {
            return Err(SqlError::not_supported(create.name.span, "CREATE OR REPLACE TABLE without AS"));
        }
        let path = self.catalog.qualify(&create.name)?;
        let settings = self.settings()?;
        let table = match &create.source {
            TableSource::Like(like) => {
                let base_path = self.catalog.qualify(&like.table)?;
                let Some(CatalogObject::Table(base)) = self.catalog.find(&base_path) else {
                    let message =
                        format!("Source table '{}' of the LIKE clause not found in the catalog", quoted(&base_path));
                    return Err(SqlError::at(like.table.span, message));
                };
                let options = LikeOptions::new(&like.options)?;
                define_table(create, path, Some((base, &options)), &settings.time_zone)?
            }
            _ => define_table(create, path, None, &settings.time_zone)?,
        };
        self.catalog.create(CatalogObject::Table(Arc::new(table)), create.if_not_exists, create.name.span)?;
        Ok(Some(StatementResult::ok()))
    }

    /// The catalog's part of `CREATE TABLE .. AS query` and of REPLACE TABLE: defines the table after the query's columns and gives
    /// the INSERT that fills it; `None` if the table exists already and IF NOT EXISTS is written.
    ///
    /// # Errors
    /// Whatever is wrong with the definition or the query.
    pub fn create_table_as(&mut self, create: &ast::CreateTable) -> Result<Option<ast::Insert>> {
        let TableSource::Query(query) = &create.source else {
            return Err(SqlError::at(create.name.span, "CREATE TABLE without AS is no job"));
        };
        let span = create.name.span;
        let path = self.catalog.qualify(&create.name)?;
        let exists = match create.temporary {
            true => self.catalog.temporary.contains_key(&path),
            false => self.catalog.find_permanent(&path).is_some(),
        };
        if exists && create.mode == CreateMode::Create && create.if_not_exists {
            return Ok(None);
        }
        if !exists && create.mode == CreateMode::Replace {
            let message = format!(
                "The table {} to be replaced doesn't exist. You can try to use CREATE TABLE AS statement or CREATE OR REPLACE TABLE AS statement.",
                quoted(&path)
            );
            return Err(SqlError::at(span, message));
        }
        let settings = self.settings()?;
        let relation = self.planner(&settings).bind_query(query)?;
        let (table, columns) = define_table_as(create, path, &relation.columns, &settings.time_zone)?;
        let object = CatalogObject::Table(Arc::new(table));
        let before = self.catalog.clone();
        match create.mode {
            CreateMode::Create => self.catalog.create(object, false, span)?,
            _ => self.catalog.replace(object, span)?,
        }
        let insert = insert_of(create, query, columns);
        if let Err(error) = self.planner(&settings).inserts(std::slice::from_ref(&insert)) {
            // A table that cannot be filled is not created.
            self.catalog = before;
            return Err(error);
        }
        Ok(Some(insert))
    }

    pub(super) fn create_view(&mut self, create: &ast::CreateView) -> Result<()> {
        let path = self.catalog.qualify(&create.name)?;
        let view = self.view(path, create.temporary, create.comment.clone(), &create.columns, &create.query)?;
        self.catalog.create(CatalogObject::View(Arc::new(view)), create.if_not_exists, create.name.span)
    }

    /// A view of a query, which is bound to see that it is right.
    fn view(
        &self,
        path: ObjectPath,
        temporary: bool,
        comment: Option<String>,
        names: &[ast::Identifier],
        query: &ast::Query,
    ) -> Result<View> {
        let settings = self.settings()?;
        let relation = self.planner(&settings).bind_query(query)?;
        let columns = match names {
            [] => distinct_names(&relation.columns),
            names if names.len() == relation.columns.len() => names.iter().map(|name| name.value.clone()).collect(),
            names => {
                let given: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
                let input: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
                let message = format!(
                    "VIEW definition and input fields not match:\n\tDef fields: [{}].\n\tInput fields: [{}].",
                    given.join(", "),
                    input.join(", ")
                );
                return Err(SqlError::at(names[0].span, message));
            }
        };
        let text = query_text(&expanded(query, &self.catalog));
        Ok(View { path, columns, query: qualified(query, &self.catalog), text, comment, temporary })
    }

    pub(super) fn alter_view(&mut self, alter: &ast::AlterView) -> Result<()> {
        let path = self.catalog.qualify(&alter.name)?;
        let span = alter.name.span;
        let view = match self.catalog.find_permanent(&path) {
            Some(CatalogObject::View(view)) if !self.catalog.temporary.contains_key(&path) => view.clone(),
            Some(CatalogObject::Table(_)) => return Err(SqlError::at(span, "ALTER VIEW for a table is not allowed")),
            _ => {
                let message = format!("View {} doesn't exist or is a temporary view.", quoted(&path));
                return Err(SqlError::at(span, message));
            }
        };
        match &alter.action {
            AlterViewAction::Rename(name) => {
                let mut target = self.catalog.qualify(name)?;
                if name.parts.len() == 1 {
                    target = [path[0].clone(), path[1].clone(), target[2].clone()];
                }
                self.catalog.rename(&path, &target, span)
            }
            AlterViewAction::Query(query) => {
                let view = self.view(path, false, view.comment.clone(), &[], query)?;
                self.catalog.replace(CatalogObject::View(Arc::new(view)), span)
            }
        }
    }

    pub(super) fn drop_object(&mut self, drop: &ast::Drop) -> Result<()> {
        match drop.kind {
            ObjectKind::Table | ObjectKind::View => {
                let path = self.catalog.qualify(&drop.name)?;
                let view = drop.kind == ObjectKind::View;
                let what = DropObject { view, temporary: drop.temporary, if_exists: drop.if_exists };
                self.catalog.drop_object(&path, what, drop.name.span)
            }
            ObjectKind::Catalog => self.catalog.drop_catalog(&drop.name, drop.if_exists),
            ObjectKind::Database => self.catalog.drop_database(drop),
            ObjectKind::Function => self.catalog.drop_function(drop),
            ObjectKind::Model => self.drop_model(drop),
            other => Err(SqlError::not_supported(drop.name.span, format!("DROP {}", kind_name(other)))),
        }
    }
}

/// The INSERT that fills a table with the query's rows.
fn insert_of(create: &ast::CreateTable, query: &ast::Query, columns: Vec<String>) -> ast::Insert {
    let span = create.name.span;
    let column = |value| ast::ObjectName::simple(ast::Identifier { value, span });
    ast::Insert {
        overwrite: false,
        table: create.name.clone(),
        hints: Vec::new(),
        partition: Vec::new(),
        columns: columns.into_iter().map(column).collect(),
        source: Box::new(query.clone()),
        on_conflict: None,
        span,
    }
}

/// The names of a query's columns; a repeated one gets a number, as Calcite gives it.
fn distinct_names(columns: &[Column]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.name.clone();
        let mut number = 0;
        while names.contains(&name) {
            name = format!("{}{number}", column.name);
            number += 1;
        }
        names.push(name);
    }
    names
}
