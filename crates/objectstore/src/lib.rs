//! Stores of S3, Google Cloud Storage and Azure Blob; opens any store by its URI; encryption at rest.
//!
//! The executable gives an [`Opener`] to its environment, which then opens `s3://`, `gs://`, `abfs://` and their like, with credentials and
//! endpoints under Flink's keys. Requests run on one small runtime that is started with the first store; callers block, so only the I/O pool
//! calls. A write is sent once: what is not surely undone is told as unknown, and never tried again behind the caller's back, as
//! create-if-absent would then take its own object for somebody else's.

mod azure;
mod backend;
mod encryption;
mod error;
mod gcs;
pub mod limits;
pub mod options;
mod runtime;
mod s3;

use std::sync::Arc;

use flott_configuration::Configuration;
use flott_environment::{Environment, Store, StoreError, StoreOpener, StoreUri};

use crate::backend::{ObjectBackend, Service};
pub use crate::encryption::{EncryptedStore, EncryptionKey, encrypted};

/// Opens stores with what is configured for them.
pub struct Opener {
    configuration: Configuration,
}

impl Opener {
    /// An opener with credentials and endpoints of this configuration.
    pub fn new(configuration: Configuration) -> Self {
        Opener { configuration }
    }
}

impl StoreOpener for Opener {
    fn open(&self, uri: &StoreUri, _environment: &Environment) -> Result<Store, StoreError> {
        let service: Box<dyn Service> = match uri.scheme.as_str() {
            "s3" | "s3a" | "s3n" | "s3p" => Box::new(s3::S3::new(uri, &self.configuration)?),
            "gs" => Box::new(gcs::Gcs::new(uri, &self.configuration)?),
            "abfs" | "abfss" | "wasb" | "wasbs" => Box::new(azure::Azure::new(uri, &self.configuration)?),
            other => return Err(uri.invalid(format!("not supported: stores of the scheme '{other}'"))),
        };
        Ok(Store::new(Arc::new(ObjectBackend::new(uri, service.as_ref())?)))
    }

    fn protect(&self, store: Store, environment: &Environment) -> Result<Store, StoreError> {
        encrypted(store, &self.configuration, environment)
    }
}

/// The store of a URI: a path, `file:`, `memory:`, `s3:` (`s3a:`, `s3p:`), `gs:`, `abfs:` (`abfss:`, `wasb:`, `wasbs:`). Touches nothing outside.
///
/// # Errors
/// `Invalid` where the URI, its scheme or what is configured for it is wrong.
pub fn open(uri: &str, configuration: &Configuration, environment: &Environment) -> Result<Store, StoreError> {
    environment.with_store_opener(Arc::new(Opener::new(configuration.clone()))).open_store(uri)
}
