//! Stores by their URI: `/path`, `file:///path` and `memory:name` here, all others through a [`StoreOpener`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::platform::Environment;
use crate::store::{LocalStore, MemoryStore, Store, StoreError, StoreErrorKind, StoreOperation};

/// Opens the stores of schemes that this crate does not know (`s3`, `gs`, `abfs` …); the executable brings one along.
pub trait StoreOpener: Send + Sync {
    /// The store of a URI; touches nothing outside.
    ///
    /// # Errors
    /// `Invalid` where the URI, its scheme or what is configured for it is wrong.
    fn open(&self, uri: &StoreUri, environment: &Environment) -> Result<Store, StoreError>;

    /// The store as checkpoints and savepoints use it: encrypted, where that is configured.
    ///
    /// # Errors
    /// `Invalid` or `NotFound` where the key cannot be had.
    fn protect(&self, store: Store, _environment: &Environment) -> Result<Store, StoreError> {
        Ok(store)
    }
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreUri {
    /// The whole text.
    pub text: String,
    /// In lower case; `file` where the text has none.
    pub scheme: String,
    /// What stands between `//` and the next `/`: a bucket, `container@account.host`, nothing for files.
    pub authority: String,
    /// What follows, without slashes at its ends (files keep the one at the beginning).
    pub path: String,
}

impl StoreUri {
    /// Takes a URI or a plain path apart. Nothing is decoded: a `%` is a `%`.
    ///
    /// # Errors
    /// `Invalid` where the text is empty or its path has `.` or `..` segments in an object store.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let is_scheme = |scheme: &&str| {
            scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        };
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(&scheme) => (scheme.to_ascii_lowercase(), rest),
            _ => ("file".to_string(), text),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let path = if scheme == "file" { path.to_string() } else { path.trim_matches('/').to_string() };
        if scheme == "file" && (path.is_empty() || !authority.is_empty() && authority != "localhost") {
            return Err(invalid(text, "a local folder is wanted, like file:///var/flott"));
        }
        if scheme != "file" && path.split('/').any(|segment| segment == "." || segment == "..") {
            return Err(invalid(text, "an object store has no folders '.' and '..'"));
        }
        Ok(StoreUri { text: text.to_string(), scheme, authority: authority.to_string(), path })
    }

    /// An error that names this URI.
    pub fn invalid(&self, reason: impl Into<String>) -> StoreError {
        invalid(&self.text, reason)
    }
}

fn invalid(uri: &str, reason: impl Into<String>) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Invalid,
        operation: StoreOperation::Open,
        object: "a store".to_string(),
        location: format!("'{uri}'"),
        reason: reason.into(),
    }
}

/// The stores `memory:name` of an environment: they live as long as it does.
#[derive(Clone, Default)]
pub(crate) struct MemoryStores {
    by_name: Arc<Mutex<BTreeMap<String, Store>>>,
}

impl MemoryStores {
    fn find(&self, name: &str) -> Store {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.entry(name.to_string()).or_insert_with(|| Store::new(Arc::new(MemoryStore::new()))).clone()
    }

    pub(crate) fn mount(&self, name: &str, store: Store) {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_string(), store);
    }
}

/// Opens a store for [`Environment::open_store`].
pub(crate) fn open(
    text: &str,
    environment: &Environment,
    memory: &MemoryStores,
    opener: Option<&dyn StoreOpener>,
) -> Result<Store, StoreError> {
    let uri = StoreUri::parse(text)?;
    match (uri.scheme.as_str(), opener) {
        ("file", _) => {
            let root = normal_root(Path::new(&uri.path));
            let (disk, clock) = (environment.disk().clone(), environment.clock().clone());
            Ok(Store::new(Arc::new(LocalStore::new(disk, clock, &root, environment.random_seed()))))
        }
        ("memory", _) => Ok(memory.find(format!("{}/{}", uri.authority, uri.path).trim_matches('/'))),
        (_, Some(opener)) => opener.open(&uri, environment),
        (scheme, None) => Err(uri.invalid(format!("not supported: stores of the scheme '{scheme}' in this program"))),
    }
}

/// The path without slashes at its end.
fn normal_root(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String, String) {
        let uri = StoreUri::parse(text).expect("valid");
        (uri.scheme, uri.authority, uri.path)
    }

    #[test]
    fn uris_are_taken_apart() {
        let expect = |scheme: &str, authority: &str, path: &str| (scheme.into(), authority.into(), path.into());
        assert_eq!(parts("/var/x"), expect("file", "", "/var/x"));
        assert_eq!(parts("relative/x"), expect("file", "", "relative/x"));
        assert_eq!(parts("file:///var/x/"), expect("file", "", "/var/x/"));
        assert_eq!(parts("file:/var/x"), expect("file", "", "/var/x"));
        assert_eq!(parts("S3://bucket/a/b/"), expect("s3", "bucket", "a/b"));
        assert_eq!(parts("s3://bucket"), expect("s3", "bucket", ""));
        assert_eq!(parts("abfss://c@a.host/x"), expect("abfss", "c@a.host", "x"));
        assert_eq!(parts("memory:x"), expect("memory", "", "x"));
        for bad in ["", "file:", "file://host/x", "s3://b/../x"] {
            assert!(StoreUri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn stores_in_memory_are_shared_by_name() {
        let environment = Environment::real();
        let name = crate::store::ObjectName::new("x").expect("valid");
        environment.open_store("memory:one").expect("valid").put_new(&name, b"1").expect("new");
        assert_eq!(environment.clone().open_store("memory://one").expect("valid").get(&name).expect("there"), b"1");
        assert!(environment.open_store("memory:two").expect("valid").get(&name).is_err());
        let error = environment.open_store("s3://bucket/x").expect_err("nobody opens it");
        let wanted = "cannot open a store of 's3://bucket/x': not supported: stores of the scheme 's3' in this program";
        assert_eq!(error.to_string(), wanted);
    }
}
