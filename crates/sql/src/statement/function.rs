//! Functions that users name: metadata only, as nothing here can run Java code.

use flott_expression::aggregate::aggregate_of_name;
use flott_syntax::ast::{self, FunctionLanguage, FunctionResourceKind, ObjectName, Show};

use super::builtin;
use super::describe::{info, info_rows};
use super::result::StatementResult;
use super::session::SqlSession;
use super::show::filtered;
use crate::catalog::store::quoted;
use crate::catalog::{Catalog, CatalogFunction, ObjectPath};
use crate::error::{Result, SqlError};

impl Catalog {
    /// `CREATE FUNCTION`
    pub(super) fn create_function(&mut self, create: &ast::CreateFunction) -> Result<()> {
        let path = self.function_path(&create.name)?;
        let span = create.name.span;
        let function = CatalogFunction {
            name: create.name.last().map_or_else(String::new, |part| part.value.clone()),
            class: create.class.clone(),
            language: create.language.unwrap_or(FunctionLanguage::Java),
            resources: create.resources.iter().map(resource).collect(),
        };
        if create.system {
            let name = &path[2];
            if self.system_functions.contains_key(name) {
                let message = format!(
                    "Could not register temporary system function. A function named '{name}' does already exist."
                );
                return if create.if_not_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
            }
            self.system_functions.insert(name.clone(), function);
            return Ok(());
        }
        if create.temporary {
            if self.temporary_functions.contains_key(&path) {
                let message = format!(
                    "Could not register temporary catalog function. A function {} does already exist.",
                    quoted(&path)
                );
                return if create.if_not_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
            }
            self.temporary_functions.insert(path, function);
            return Ok(());
        }
        let [catalog, database, name] = &path;
        let functions = &mut self.database_mut(catalog, database, span)?.functions;
        if functions.contains_key(name) {
            let message = format!("Function {database}.{name} already exists in Catalog {catalog}.");
            return if create.if_not_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
        }
        functions.insert(name.clone(), function);
        Ok(())
    }

    /// `ALTER FUNCTION`
    pub(super) fn alter_function(&mut self, alter: &ast::AlterFunction) -> Result<()> {
        let span = alter.name.span;
        if alter.system {
            return Err(SqlError::at(span, "Alter temporary system function is not supported"));
        }
        if alter.temporary {
            return Err(SqlError::at(span, "Alter temporary catalog function is not supported"));
        }
        let [catalog, database, name] = self.function_path(&alter.name)?;
        match self.database_mut(&catalog, &database, span)?.functions.get_mut(&name) {
            Some(function) => {
                function.class.clone_from(&alter.class);
                function.language = alter.language.unwrap_or(FunctionLanguage::Java);
                Ok(())
            }
            None if alter.if_exists => Ok(()),
            None => Err(no_function(&[catalog, database, name], span)),
        }
    }

    /// `DROP FUNCTION`
    pub(super) fn drop_function(&mut self, drop: &ast::Drop) -> Result<()> {
        let path = self.function_path(&drop.name)?;
        let span = drop.name.span;
        let (found, message) = if drop.system {
            let message =
                format!("Could not drop temporary system function. A function named '{}' doesn't exist.", path[2]);
            (self.system_functions.remove(&path[2]).is_some(), message)
        } else if drop.temporary {
            let message = format!("Temporary catalog function {} doesn't exist", quoted(&path));
            (self.temporary_functions.remove(&path).is_some(), message)
        } else {
            let functions = &mut self.database_mut(&path[0], &path[1], span)?.functions;
            (functions.remove(&path[2]).is_some(), no_function(&path, span).message)
        };
        if found || drop.if_exists { Ok(()) } else { Err(SqlError::at(span, message)) }
    }

    /// The path of a function; names of functions are of no case.
    fn function_path(&self, name: &ObjectName) -> Result<ObjectPath> {
        let [catalog, database, function] = self.qualify(name)?;
        Ok([catalog, database, function.to_lowercase()])
    }
}

fn resource(resource: &ast::FunctionResource) -> (String, String) {
    let kind = match resource.kind {
        FunctionResourceKind::Jar => "JAR",
        FunctionResourceKind::Artifact => "ARTIFACT",
    };
    (kind.to_string(), resource.path.clone())
}

fn no_function([catalog, database, name]: &ObjectPath, span: flott_syntax::Span) -> SqlError {
    SqlError::at(span, format!("Function {database}.{name} does not exist in Catalog {catalog}."))
}

impl SqlSession {
    /// `SHOW [USER] FUNCTIONS`
    pub(super) fn show_functions(&self, show: &Show, user: bool) -> Result<StatementResult> {
        let (catalog, database) = self.database_of(show, "FUNCTIONS")?;
        let span = show.scope.as_ref().map_or_else(Default::default, |scope| scope.span);
        let mut names: Vec<String> =
            self.catalog.database(&catalog, &database, span)?.functions.keys().cloned().collect();
        let temporary = self.catalog.temporary_functions.keys();
        names.extend(temporary.filter(|path| path[0] == catalog && path[1] == database).map(|path| path[2].clone()));
        if show.scope.is_none() {
            names.extend(self.catalog.system_functions.keys().cloned());
        }
        if !user && self.modules.core_is_used() {
            names.extend(builtin::FUNCTIONS.iter().map(|name| name.to_string()));
        }
        names.sort();
        Ok(filtered("function name", names, show.pattern.as_ref()))
    }

    /// `DESCRIBE FUNCTION [EXTENDED]`
    pub(super) fn describe_function(&self, name: &ObjectName, extended: bool) -> Result<StatementResult> {
        let written = name.last().map_or("", |part| part.value.as_str());
        let system = name.parts.len() == 1 && self.catalog.system_functions.contains_key(&written.to_lowercase());
        if system {
            refuse_extended(extended, name)?;
            return Ok(info_rows(vec![info("is system function", "true"), info("is temporary", "true")]));
        }
        let path = self.catalog.function_path(name)?;
        let temporary = self.catalog.temporary_functions.get(&path);
        let permanent = || self.catalog.catalogs.get(&path[0])?.databases.get(&path[1])?.functions.get(&path[2]);
        if let Some(function) = temporary.or_else(permanent) {
            refuse_extended(extended, name)?;
            return Ok(info_rows(function_rows(function, temporary.is_some())));
        }
        if name.parts.len() == 1 && flott_expression::catalogue::is_function(written) {
            return Ok(info_rows(builtin_rows(written, extended)));
        }
        let parts: Vec<String> = name.parts.iter().map(|part| format!("`{}`", part.value)).collect();
        let message = format!("Function with the identifier '{}' doesn't exist.", parts.join("."));
        Err(SqlError::at(name.span, message))
    }
}

/// What a Java class takes and gives is not known here.
fn refuse_extended(extended: bool, name: &ObjectName) -> Result<()> {
    if extended {
        return Err(SqlError::not_supported(name.span, "DESCRIBE FUNCTION EXTENDED of a Java function"));
    }
    Ok(())
}

fn function_rows(function: &CatalogFunction, temporary: bool) -> Vec<Vec<flott_record::Value>> {
    let language = match function.language {
        FunctionLanguage::Java => "JAVA",
        FunctionLanguage::Scala => "SCALA",
        FunctionLanguage::Python => "PYTHON",
        FunctionLanguage::Sql => "SQL",
    };
    let resources: Vec<String> = function
        .resources
        .iter()
        .map(|(kind, path)| format!("ResourceUri{{resourceType={kind}, uri='{path}'}}"))
        .collect();
    vec![
        info("is system function", "false"),
        info("is temporary", if temporary { "true" } else { "false" }),
        info("class name", &function.class),
        info("function language", language),
        info("resource uris", &format!("[{}]", resources.join(", "))),
    ]
}

fn builtin_rows(name: &str, extended: bool) -> Vec<Vec<flott_record::Value>> {
    let mut rows = vec![info("is system function", "true"), info("is temporary", "false")];
    if extended {
        let upper = name.to_uppercase();
        let aggregate = aggregate_of_name(&upper).is_some();
        let deterministic = flott_expression::catalogue::is_deterministic(&upper, 1);
        rows.push(info("kind", if aggregate { "AGGREGATE" } else { "SCALAR" }));
        rows.push(info("requirements", "[]"));
        rows.push(info("is deterministic", if deterministic { "true" } else { "false" }));
        rows.push(info("supports constant folding", if deterministic { "true" } else { "false" }));
    }
    rows
}
