//! Google Cloud Storage.

use std::sync::Arc;

use flott_configuration::Configuration;
use flott_environment::{StoreError, StoreUri};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{ClientOptions, RetryConfig, StaticCredentialProvider};

use crate::backend::{Client, Service};
use crate::options::{GS_AUTH_TYPE, GS_KEY_FILE, GS_ROOT_URL};

/// A bucket.
pub(crate) struct Gcs {
    builder: GoogleCloudStorageBuilder,
}

impl Gcs {
    pub(crate) fn new(uri: &StoreUri, configuration: &Configuration) -> Result<Self, StoreError> {
        if uri.authority.is_empty() {
            return Err(uri.invalid("a bucket is wanted, like gs://bucket/folder"));
        }
        let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&uri.authority);
        if let Some(file) = configuration.raw(GS_KEY_FILE.key()) {
            builder = builder.with_service_account_path(file);
        }
        if let Some(url) = configuration.raw(GS_ROOT_URL.key()) {
            builder = builder.with_base_url(url.trim_end_matches('/'));
        }
        if configuration.raw(GS_AUTH_TYPE.key()).is_some_and(|kind| kind.eq_ignore_ascii_case("unauthenticated")) {
            // Skipping the signature alone, some requests would still ask Google for a token.
            let nobody = StaticCredentialProvider::new(GcpCredential { bearer: "unauthenticated".to_string() });
            builder = builder.with_skip_signature(true).with_credentials(Arc::new(nobody));
        }
        Ok(Gcs { builder })
    }
}

impl Service for Gcs {
    fn client(&self, retry: RetryConfig, options: ClientOptions) -> Result<Client, object_store::Error> {
        let client = Arc::new(self.builder.clone().with_retry(retry).with_client_options(options).build()?);
        Ok(Client { objects: client.clone(), uploads: client })
    }
}
