//! The catalogs of a session, in memory: catalogs hold databases, databases hold tables, views, functions and models.
//!
//! Temporary objects live beside the catalogs and shadow permanent ones of the same path. Everything is ordered by name, so that what SHOW
//! lists never depends on chance.

use std::collections::{BTreeMap, BTreeSet};

use flott_configuration::suggestion;
use flott_syntax::Span;
use flott_syntax::ast::ObjectName;

use super::{CatalogFunction, CatalogModel, CatalogObject, ObjectLookup, Partition};
use crate::error::{Result, SqlError};

/// catalog, database, object
pub type ObjectPath = [String; 3];

/// A database of a catalog.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// COMMENT.
    pub comment: Option<String>,
    /// WITH.
    pub options: BTreeMap<String, String>,
    /// Tables and views by name.
    pub objects: BTreeMap<String, CatalogObject>,
    /// Functions by name in lower case.
    pub functions: BTreeMap<String, CatalogFunction>,
    /// Models by name.
    pub models: BTreeMap<String, CatalogModel>,
    /// Partitions of tables, by the tables' names.
    pub partitions: BTreeMap<String, Vec<Partition>>,
}

/// One catalog.
#[derive(Clone, Debug, Default)]
pub struct CatalogEntry {
    /// COMMENT.
    pub comment: Option<String>,
    /// WITH, `type` included; `None` for the built-in catalog, which was never created by a statement.
    pub options: Option<BTreeMap<String, String>>,
    /// Databases by name.
    pub databases: BTreeMap<String, Database>,
}

/// All catalogs, what is current, and the temporary objects.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) catalogs: BTreeMap<String, CatalogEntry>,
    pub(crate) current_catalog: String,
    pub(crate) current_database: String,
    pub(crate) temporary: BTreeMap<ObjectPath, CatalogObject>,
    pub(crate) temporary_functions: BTreeMap<ObjectPath, CatalogFunction>,
    pub(crate) system_functions: BTreeMap<String, CatalogFunction>,
    pub(crate) temporary_models: BTreeMap<ObjectPath, CatalogModel>,
}

impl Catalog {
    /// One catalog with one database, both current.
    pub fn new(catalog: impl Into<String>, database: impl Into<String>) -> Self {
        let (catalog, database) = (catalog.into(), database.into());
        let databases = BTreeMap::from([(database.clone(), Database::default())]);
        let entry = CatalogEntry { databases, ..CatalogEntry::default() };
        Catalog {
            catalogs: BTreeMap::from([(catalog.clone(), entry)]),
            current_catalog: catalog,
            current_database: database,
            temporary: BTreeMap::new(),
            temporary_functions: BTreeMap::new(),
            system_functions: BTreeMap::new(),
            temporary_models: BTreeMap::new(),
        }
    }

    /// Name of the current catalog.
    pub fn current_catalog(&self) -> &str {
        &self.current_catalog
    }

    /// Name of the current database.
    pub fn current_database(&self) -> &str {
        &self.current_database
    }

    /// The full path of a name of one to three parts.
    ///
    /// # Errors
    /// A name of more parts.
    pub fn qualify(&self, name: &ObjectName) -> Result<ObjectPath> {
        let parts: Vec<String> = name.parts.iter().map(|part| part.value.clone()).collect();
        match <[String; 1]>::try_from(parts.clone()) {
            Ok([object]) => return Ok([self.current_catalog.clone(), self.current_database.clone(), object]),
            Err(parts) if parts.len() == 2 => {
                let mut path = vec![self.current_catalog.clone()];
                path.extend(parts);
                return to_path(path, name);
            }
            Err(_) => {}
        }
        to_path(parts, name)
    }

    /// The table or view of a path, temporary ones first.
    pub fn find(&self, path: &ObjectPath) -> Option<&CatalogObject> {
        self.temporary.get(path).or_else(|| self.find_permanent(path))
    }

    /// The table or view of a path that is not temporary.
    pub fn find_permanent(&self, path: &ObjectPath) -> Option<&CatalogObject> {
        let [catalog, database, object] = path;
        self.catalogs.get(catalog)?.databases.get(database)?.objects.get(object)
    }

    /// A database.
    ///
    /// # Errors
    /// If the catalog or the database does not exist.
    pub fn database(&self, catalog: &str, database: &str, span: Span) -> Result<&Database> {
        let entry = self.catalogs.get(catalog).ok_or_else(|| no_catalog(catalog, span))?;
        entry.databases.get(database).ok_or_else(|| no_database(catalog, database, span))
    }

    /// A database, to be changed.
    ///
    /// # Errors
    /// As in [`Catalog::database`].
    pub fn database_mut(&mut self, catalog: &str, database: &str, span: Span) -> Result<&mut Database> {
        let entry = self.catalogs.get_mut(catalog).ok_or_else(|| no_catalog(catalog, span))?;
        entry.databases.get_mut(database).ok_or_else(|| no_database(catalog, database, span))
    }

    /// Adds a table or view.
    ///
    /// # Errors
    /// If one of that path exists (unless `if_not_exists`) or the database does not.
    pub fn create(&mut self, object: CatalogObject, if_not_exists: bool, span: Span) -> Result<()> {
        let path = object.path().clone();
        if object.is_temporary() {
            if self.temporary.contains_key(&path) {
                let message = format!("Temporary table '{}' already exists", quoted(&path));
                return if if_not_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
            }
            self.temporary.insert(path, object);
            return Ok(());
        }
        let [catalog, database, name] = &path;
        let objects = &mut self.database_mut(catalog, database, span)?.objects;
        if objects.contains_key(name) {
            return if if_not_exists { Ok(()) } else { Err(exists(&path, span)) };
        }
        objects.insert(name.clone(), object);
        Ok(())
    }

    /// Replaces what stands at the object's path, or adds it.
    ///
    /// # Errors
    /// If the database does not exist.
    pub fn replace(&mut self, object: CatalogObject, span: Span) -> Result<()> {
        let path = object.path().clone();
        if object.is_temporary() {
            self.temporary.insert(path, object);
            return Ok(());
        }
        let [catalog, database, name] = &path;
        self.database_mut(catalog, database, span)?.objects.insert(name.clone(), object);
        Ok(())
    }

    /// Drops a table (or a view, if `view`).
    ///
    /// # Errors
    /// If there is none (unless `if_exists`), or a temporary one shadows the permanent one that is meant.
    pub fn drop_object(&mut self, path: &ObjectPath, drop: DropObject, span: Span) -> Result<()> {
        let fits = |object: &CatalogObject| object.is_view() == drop.view;
        let dotted = path.join(".");
        if drop.temporary {
            if self.temporary.get(path).is_some_and(fits) {
                self.temporary.remove(path);
                return Ok(());
            }
            let message = format!("Temporary table or view with identifier '{dotted}' does not exist.");
            return if drop.if_exists { Ok(()) } else { Err(SqlError::at(span, message)) };
        }
        let (upper, lower) = if drop.view { ("View", "view") } else { ("Table", "table") };
        if self.temporary.get(path).is_some_and(fits) {
            let path = quoted(path);
            let message = format!(
                "Temporary {lower} with identifier '{path}' exists. Drop it first before removing the permanent {lower}."
            );
            return Err(SqlError::at(span, message));
        }
        if self.find_permanent(path).is_some_and(fits) {
            let [catalog, database, name] = path;
            let database = self.database_mut(catalog, database, span)?;
            database.objects.remove(name);
            database.partitions.remove(name);
            return Ok(());
        }
        let message = format!("{upper} with identifier '{dotted}' does not exist.");
        if drop.if_exists { Ok(()) } else { Err(SqlError::at(span, message)) }
    }

    /// Gives a permanent table or view another name, which may move it to another database of its catalog.
    ///
    /// # Errors
    /// If something stands there already.
    pub fn rename(&mut self, from: &ObjectPath, to: &ObjectPath, span: Span) -> Result<()> {
        if self.find_permanent(to).is_some() {
            return Err(exists(to, span));
        }
        self.database(&to[0], &to[1], span)?;
        let source = self.database_mut(&from[0], &from[1], span)?;
        let partitions = source.partitions.remove(&from[2]);
        let Some(object) = source.objects.remove(&from[2]) else {
            return Err(SqlError::at(span, format!("Table (or view) {} does not exist", from.join("."))));
        };
        let target = self.database_mut(&to[0], &to[1], span)?;
        target.objects.insert(to[2].clone(), object.moved_to(to));
        if let Some(partitions) = partitions {
            target.partitions.insert(to[2].clone(), partitions);
        }
        Ok(())
    }

    /// Names of the tables and views of a database, temporary ones included, sorted; only views if `views`.
    pub fn object_names(&self, catalog: &str, database: &str, views: bool) -> Vec<String> {
        let permanent = self.catalogs.get(catalog).and_then(|entry| entry.databases.get(database));
        let permanent = permanent.into_iter().flat_map(|database| database.objects.iter());
        let temporary = self.temporary.iter().filter(|(path, _)| path[0] == catalog && path[1] == database);
        let all = permanent.chain(temporary.map(|(path, object)| (&path[2], object)));
        let names: BTreeSet<&String> =
            all.filter(|(_, object)| !views || object.is_view()).map(|(name, _)| name).collect();
        names.into_iter().cloned().collect()
    }

    /// The error for a name in FROM that means nothing.
    fn not_found(&self, name: &ObjectName) -> SqlError {
        let wanted = name.last().map_or("", |part| part.value.as_str());
        let span = name.last().map_or(name.span, |part| part.span);
        let mut scope = String::new();
        let mut known = self.object_names(&self.current_catalog, &self.current_database, false);
        if let [.., database, _] = name.parts.as_slice() {
            let catalog = if name.parts.len() == 3 { &name.parts[0].value } else { &self.current_catalog };
            if !self.catalogs.contains_key(catalog) {
                let names = self.catalogs.keys().map(String::as_str);
                let near = near(catalog, names);
                return SqlError::at(name.parts[0].span, format!("Object '{catalog}' not found{near}"));
            }
            if !self.catalogs[catalog].databases.contains_key(&database.value) {
                let names = self.catalogs[catalog].databases.keys().map(String::as_str);
                let near = near(&database.value, names);
                let within = if name.parts.len() == 3 { format!(" within '{catalog}'") } else { String::new() };
                return SqlError::at(database.span, format!("Object '{}' not found{within}{near}", database.value));
            }
            let parts: Vec<&str> = name.parts[..name.parts.len() - 1].iter().map(|part| part.value.as_str()).collect();
            scope = format!(" within '{}'", parts.join("."));
            known = self.object_names(catalog, &database.value, false);
        }
        let near = near(wanted, known.iter().map(String::as_str));
        SqlError::at(span, format!("Object '{wanted}' not found{scope}{near}"))
    }
}

impl ObjectLookup for Catalog {
    fn lookup(&self, name: &ObjectName) -> Result<CatalogObject> {
        let path = self.qualify(name)?;
        self.find(&path).cloned().ok_or_else(|| self.not_found(name))
    }

    fn user_function(&self, name: &ObjectName) -> Option<&CatalogFunction> {
        let [catalog, database, function] = self.qualify(name).ok()?;
        let function = function.to_lowercase();
        let system = self.system_functions.get(&function).filter(|_| name.parts.len() == 1);
        let permanent = || self.catalogs.get(&catalog)?.databases.get(&database)?.functions.get(&function);
        let path = [catalog.clone(), database.clone(), function.clone()];
        system.or_else(|| self.temporary_functions.get(&path)).or_else(permanent)
    }

    fn database_in_use(&self) -> Option<&str> {
        Some(&self.current_database)
    }
}

/// What DROP TABLE and DROP VIEW say.
#[derive(Clone, Copy, Debug)]
pub struct DropObject {
    /// DROP VIEW.
    pub view: bool,
    /// TEMPORARY.
    pub temporary: bool,
    /// IF EXISTS.
    pub if_exists: bool,
}

fn to_path(parts: Vec<String>, name: &ObjectName) -> Result<ObjectPath> {
    ObjectPath::try_from(parts).map_err(|parts| {
        let message = format!("The name {} has {} parts; at most three are allowed", parts.join("."), parts.len());
        SqlError::at(name.span, message)
    })
}

fn near<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    suggestion::nearest(wanted, known).map_or_else(String::new, |nearest| format!("; did you mean '{nearest}'?"))
}

fn no_catalog(catalog: &str, span: Span) -> SqlError {
    SqlError::at(span, format!("Catalog {catalog} does not exist"))
}

fn no_database(catalog: &str, database: &str, span: Span) -> SqlError {
    SqlError::at(span, format!("Database {database} does not exist in Catalog {catalog}."))
}

fn exists(path: &ObjectPath, span: Span) -> SqlError {
    let [catalog, database, name] = path;
    SqlError::at(span, format!("Table (or view) {database}.{name} already exists in Catalog {catalog}."))
}

/// `` `catalog`.`database`.`table` ``
pub fn quoted(path: &ObjectPath) -> String {
    let parts: Vec<String> = path.iter().map(|part| quote(part)).collect();
    parts.join(".")
}

/// An identifier in back-ticks.
pub fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}
