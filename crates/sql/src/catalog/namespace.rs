//! Catalogs and databases: CREATE, DROP, ALTER, USE.

use std::collections::BTreeMap;

use flott_syntax::Span;
use flott_syntax::ast::{self, DropBehavior, Identifier, ObjectName, TableOption};

use super::store::{Catalog, CatalogEntry, Database};
use crate::error::{Result, SqlError};

/// The only type of catalog.
const CATALOG_TYPE: &str = "generic_in_memory";
/// Option that names the database a new catalog begins with.
const DEFAULT_DATABASE_KEY: &str = "default-database";
/// Its default.
const DEFAULT_DATABASE: &str = "default";

/// Options as a map; a later one of the same key wins.
pub fn options_map(options: &[TableOption]) -> BTreeMap<String, String> {
    options.iter().map(|option| (option.key.clone(), option.value.clone())).collect()
}

impl Catalog {
    /// `USE CATALOG`
    ///
    /// # Errors
    /// If there is no such catalog.
    pub fn use_catalog(&mut self, name: &Identifier) -> Result<()> {
        let Some(entry) = self.catalogs.get(&name.value) else {
            let message = format!("A catalog with name [{}] does not exist.", name.value);
            return Err(SqlError::at(name.span, message));
        };
        let named = entry.options.as_ref().and_then(|options| options.get(DEFAULT_DATABASE_KEY)).cloned();
        let first = named.filter(|database| entry.databases.contains_key(database));
        let default = || entry.databases.contains_key(DEFAULT_DATABASE).then(|| DEFAULT_DATABASE.to_string());
        let first = first.or_else(default).or_else(|| entry.databases.keys().next().cloned());
        let Some(database) = first else {
            return Err(SqlError::at(name.span, format!("Catalog {} has no database", name.value)));
        };
        self.current_catalog.clone_from(&name.value);
        self.current_database = database;
        Ok(())
    }

    /// `USE [catalog.]database`
    ///
    /// # Errors
    /// If there is no such database.
    pub fn use_database(&mut self, name: &ObjectName) -> Result<()> {
        let (catalog, database) = self.database_path(name)?;
        let Some(entry) = self.catalogs.get(&catalog) else {
            return Err(SqlError::at(name.span, format!("A catalog with name [{catalog}] does not exist.")));
        };
        if !entry.databases.contains_key(&database) {
            let message = format!("A database with name [{database}] does not exist in the catalog: [{catalog}].");
            return Err(SqlError::at(name.span, message));
        }
        (self.current_catalog, self.current_database) = (catalog, database);
        Ok(())
    }

    /// Catalog and name of a database.
    ///
    /// # Errors
    /// A name of more than two parts.
    pub fn database_path(&self, name: &ObjectName) -> Result<(String, String)> {
        match name.parts.as_slice() {
            [database] => Ok((self.current_catalog.clone(), database.value.clone())),
            [catalog, database] => Ok((catalog.value.clone(), database.value.clone())),
            _ => Err(SqlError::at(name.span, "a database is named [catalog.]database")),
        }
    }

    /// `CREATE CATALOG`
    ///
    /// # Errors
    /// If it exists already, or for a type or option that is not known.
    pub fn create_catalog(&mut self, create: &ast::CreateCatalog) -> Result<()> {
        let (name, span) = single(&create.name)?;
        if self.catalogs.contains_key(name) {
            let message = format!("Catalog {name} already exists.");
            return if create.if_not_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
        }
        let options = options_map(&create.options);
        check_catalog_options(&options, span)?;
        let database = options.get(DEFAULT_DATABASE_KEY).map_or(DEFAULT_DATABASE, String::as_str).to_string();
        let entry = CatalogEntry {
            comment: create.comment.clone(),
            options: Some(options),
            databases: BTreeMap::from([(database, Database::default())]),
        };
        self.catalogs.insert(name.to_string(), entry);
        Ok(())
    }

    /// `DROP CATALOG`
    ///
    /// # Errors
    /// If it is current or does not exist.
    pub fn drop_catalog(&mut self, name: &ObjectName, if_exists: bool) -> Result<()> {
        let (name, span) = single(name)?;
        if !self.catalogs.contains_key(name) {
            let message = format!("Catalog {name} does not exist.");
            return if if_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
        }
        if self.current_catalog == name {
            return Err(SqlError::at(span, "Cannot drop a catalog which is currently in use."));
        }
        self.catalogs.remove(name);
        Ok(())
    }

    /// `ALTER CATALOG`
    ///
    /// # Errors
    /// If there is no such catalog, or it is built in, or its type would change.
    pub fn alter_catalog(&mut self, alter: &ast::AlterCatalog) -> Result<()> {
        let (name, span) = single(&alter.name)?;
        let missing = || SqlError::at(span, format!("Catalog {name} does not exist in the catalog store."));
        let entry = self.catalogs.get_mut(name).ok_or_else(missing)?;
        let options = entry.options.as_mut().ok_or_else(missing)?;
        match &alter.action {
            ast::AlterCatalogAction::SetOptions(set) => {
                if set.iter().any(|option| option.key == "type") {
                    return Err(SqlError::at(span, "ALTER CATALOG SET does not support changing 'type'"));
                }
                options.extend(options_map(set));
            }
            ast::AlterCatalogAction::ResetOptions(keys) => {
                if keys.is_empty() {
                    return Err(SqlError::at(span, "ALTER CATALOG RESET does not support empty key"));
                }
                if keys.iter().any(|key| key == "type") {
                    return Err(SqlError::at(span, "ALTER CATALOG RESET does not support changing 'type'"));
                }
                keys.iter().for_each(|key| {
                    options.remove(key);
                });
            }
            ast::AlterCatalogAction::Comment(comment) => entry.comment = Some(comment.clone()),
        }
        Ok(())
    }

    /// `CREATE DATABASE`
    ///
    /// # Errors
    /// If it exists already or its catalog does not.
    pub fn create_database(&mut self, create: &ast::CreateDatabase) -> Result<()> {
        let (catalog, database) = self.database_path(&create.name)?;
        let span = create.name.span;
        let Some(entry) = self.catalogs.get_mut(&catalog) else {
            return Err(SqlError::at(span, format!("Catalog {catalog} does not exist")));
        };
        if entry.databases.contains_key(&database) {
            let message = format!("Database {database} already exists in Catalog {catalog}.");
            return if create.if_not_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
        }
        let (comment, options) = (create.comment.clone(), options_map(&create.options));
        entry.databases.insert(database, Database { comment, options, ..Database::default() });
        Ok(())
    }

    /// `DROP DATABASE`
    ///
    /// # Errors
    /// If it is current, does not exist, or holds something (without CASCADE).
    pub fn drop_database(&mut self, drop: &ast::Drop) -> Result<()> {
        let (catalog, database) = self.database_path(&drop.name)?;
        let span = drop.name.span;
        if catalog == self.current_catalog && database == self.current_database {
            return Err(SqlError::at(span, "Cannot drop a database which is currently in use."));
        }
        let Some(entry) = self.catalogs.get_mut(&catalog) else {
            return Err(SqlError::at(span, format!("Catalog {catalog} does not exist")));
        };
        let Some(found) = entry.databases.get(&database) else {
            let message = format!("Database {database} does not exist in Catalog {catalog}.");
            return if drop.if_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
        };
        let empty = found.objects.is_empty() && found.functions.is_empty() && found.models.is_empty();
        if !empty && drop.behavior != Some(DropBehavior::Cascade) {
            return Err(SqlError::at(span, format!("Database {database} in catalog {catalog} is not empty.")));
        }
        entry.databases.remove(&database);
        Ok(())
    }

    /// `ALTER DATABASE .. SET`
    ///
    /// # Errors
    /// If there is no such database.
    pub fn alter_database(&mut self, alter: &ast::AlterDatabase) -> Result<()> {
        let (catalog, database) = self.database_path(&alter.name)?;
        self.database_mut(&catalog, &database, alter.name.span)?.options.extend(options_map(&alter.options));
        Ok(())
    }
}

/// The name of a catalog, which has one part.
fn single(name: &ObjectName) -> Result<(&str, Span)> {
    match name.parts.as_slice() {
        [only] => Ok((&only.value, only.span)),
        _ => Err(SqlError::at(name.span, "a catalog's name has one part")),
    }
}

fn check_catalog_options(options: &BTreeMap<String, String>, span: Span) -> Result<()> {
    let Some(kind) = options.get("type") else {
        let message = "Catalog options do not contain an option key 'type' for discovering a catalog.";
        return Err(SqlError::at(span, message));
    };
    if kind != CATALOG_TYPE {
        let message = format!(
            "Could not find any factory for identifier '{kind}' that implements 'org.apache.flink.table.factories.CatalogFactory' in the classpath.\n\nAvailable factory identifiers are:\n\n{CATALOG_TYPE}"
        );
        return Err(SqlError::at(span, message));
    }
    let known = ["type", DEFAULT_DATABASE_KEY, "property-version"];
    let unknown: Vec<&str> = options.keys().map(String::as_str).filter(|key| !known.contains(key)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Unsupported options found for '{CATALOG_TYPE}'.\n\nUnsupported options:\n\n{}\n\nSupported options:\n\n{DEFAULT_DATABASE_KEY}\nproperty-version",
        unknown.join("\n")
    );
    Err(SqlError::at(span, message))
}
