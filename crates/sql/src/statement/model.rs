//! Models: metadata only.

use flott_syntax::ast::{self, AlterObjectAction, ColumnKind, ObjectKind, ObjectName};

use super::session::SqlSession;
use crate::bind::data_type::bind_data_type;
use crate::catalog::namespace::options_map;
use crate::catalog::store::quoted;
use crate::catalog::{CatalogModel, ObjectPath};
use crate::error::{Result, SqlError};

impl SqlSession {
    pub(super) fn create_model(&mut self, create: &ast::CreateModel) -> Result<()> {
        if let Some(query) = &create.query {
            return Err(SqlError::not_supported(query.span, "CREATE MODEL AS"));
        }
        let path = self.catalog.qualify(&create.name)?;
        let span = create.name.span;
        let model = CatalogModel {
            input: columns(&create.input)?,
            output: columns(&create.output)?,
            comment: create.comment.clone(),
            options: options_map(&create.options),
            temporary: create.temporary,
        };
        let exists = if create.temporary {
            self.catalog.temporary_models.contains_key(&path)
        } else {
            self.catalog.database(&path[0], &path[1], span)?.models.contains_key(&path[2])
        };
        if exists {
            let message = format!("Model {} already exists.", quoted(&path));
            return if create.if_not_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
        }
        if create.temporary {
            self.catalog.temporary_models.insert(path, model);
        } else {
            let [catalog, database, name] = path;
            self.catalog.database_mut(&catalog, &database, span)?.models.insert(name, model);
        }
        Ok(())
    }

    /// The model of a name, temporary ones first.
    pub(super) fn model(&self, name: &ObjectName) -> Result<(ObjectPath, &CatalogModel)> {
        let path = self.catalog.qualify(name)?;
        let permanent = || self.catalog.catalogs.get(&path[0])?.databases.get(&path[1])?.models.get(&path[2]);
        match self.catalog.temporary_models.get(&path).or_else(permanent) {
            Some(model) => Ok((path, model)),
            None => Err(no_model(&path, name)),
        }
    }

    pub(super) fn alter_model(&mut self, alter: &ast::AlterObject) -> Result<()> {
        if alter.kind != ObjectKind::Model {
            return Err(SqlError::not_supported(alter.name.span, "ALTER CONNECTION"));
        }
        let path = self.catalog.qualify(&alter.name)?;
        let span = alter.name.span;
        let new_name = match &alter.action {
            AlterObjectAction::Rename(name) => Some(self.catalog.qualify(name)?[2].clone()),
            _ => None,
        };
        let models = &mut self.catalog.database_mut(&path[0], &path[1], span)?.models;
        let Some(model) = models.get_mut(&path[2]) else {
            return if alter.if_exists { Ok(()) } else { Err(no_model(&path, &alter.name)) };
        };
        match &alter.action {
            AlterObjectAction::SetOptions(options) => model.options.extend(options_map(options)),
            AlterObjectAction::ResetOptions(keys) => model.options.retain(|key, _| !keys.contains(key)),
            AlterObjectAction::Rename(_) => {}
        }
        let Some(new_name) = new_name else { return Ok(()) };
        if models.contains_key(&new_name) {
            return Err(SqlError::at(span, format!("Model `{new_name}` already exists.")));
        }
        if let Some(model) = models.remove(&path[2]) {
            models.insert(new_name, model);
        }
        Ok(())
    }

    pub(super) fn drop_model(&mut self, drop: &ast::Drop) -> Result<()> {
        let path = self.catalog.qualify(&drop.name)?;
        let found = if drop.temporary {
            self.catalog.temporary_models.remove(&path).is_some()
        } else {
            self.catalog.database_mut(&path[0], &path[1], drop.name.span)?.models.remove(&path[2]).is_some()
        };
        if found || drop.if_exists { Ok(()) } else { Err(no_model(&path, &drop.name)) }
    }
}

fn no_model(path: &ObjectPath, name: &ObjectName) -> SqlError {
    SqlError::at(name.span, format!("Model with identifier '{}' does not exist.", path.join(".")))
}

fn columns(definitions: &[ast::ColumnDefinition]) -> Result<Vec<(String, flott_record::DataType)>> {
    let column = |definition: &ast::ColumnDefinition| {
        let name = definition.name.last().map_or_else(String::new, |part| part.value.clone());
        match &definition.kind {
            ColumnKind::Physical { data_type, .. } => Ok((name, bind_data_type(data_type)?)),
            _ => Err(SqlError::at(definition.span, "a model's columns have a name and a type")),
        }
    };
    definitions.iter().map(column).collect()
}
