//! S3 and what speaks like it.

use flott_configuration::Configuration;
use flott_environment::{StoreError, StoreUri};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::{ClientOptions, RetryConfig};
use std::sync::Arc;

use crate::backend::{Client, Service};
use crate::options::{S3_ACCESS_KEY, S3_ENDPOINT, S3_PATH_STYLE, S3_REGION, S3_SECRET_KEY, S3_SESSION_TOKEN, s3_value};

/// The region where none is configured: stores that are not Amazon's take any.
const DEFAULT_REGION: &str = "us-east-1";

/// A bucket.
pub(crate) struct S3 {
    builder: AmazonS3Builder,
}

impl S3 {
    pub(crate) fn new(uri: &StoreUri, configuration: &Configuration) -> Result<Self, StoreError> {
        if uri.authority.is_empty() {
            return Err(uri.invalid("a bucket is wanted, like s3://bucket/folder"));
        }
        let value = |key: &str| s3_value(configuration, key);
        // Credentials and region of the process's environment, where none are configured.
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&uri.authority)
            .with_conditional_put(S3ConditionalPut::ETagMatch);
        if builder.get_config_value(&AmazonS3ConfigKey::Region).is_none() {
            builder = builder.with_region(DEFAULT_REGION);
        }
        if let Some(region) = value(S3_REGION.key()) {
            builder = builder.with_region(region);
        }
        let path_style = match value(S3_PATH_STYLE.key()).map(str::to_ascii_lowercase).as_deref() {
            // Hosts that are not Amazon's rarely have a name per bucket.
            None => value(S3_ENDPOINT.key()).is_some(),
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                return Err(uri.invalid(format!("option 's3.path.style.access' is '{other}', not true or false")));
            }
        };
        builder = builder.with_virtual_hosted_style_request(!path_style);
        if let Some(endpoint) = value(S3_ENDPOINT.key()) {
            builder = builder.with_endpoint(with_scheme(endpoint));
        }
        match (value(S3_ACCESS_KEY.key()), value(S3_SECRET_KEY.key())) {
            (Some(user), Some(secret)) => builder = builder.with_access_key_id(user).with_secret_access_key(secret),
            (None, None) => {}
            _ => return Err(uri.invalid("the options 's3.access-key' and 's3.secret-key' go together")),
        }
        if let Some(token) = value(S3_SESSION_TOKEN.key()) {
            builder = builder.with_token(token);
        }
        Ok(S3 { builder })
    }
}

/// The endpoint as a URL: Hadoop takes a bare host for an HTTPS one.
fn with_scheme(endpoint: &str) -> String {
    if endpoint.contains("://") { endpoint.to_string() } else { format!("https://{endpoint}") }
}

impl Service for S3 {
    fn client(&self, retry: RetryConfig, options: ClientOptions) -> Result<Client, object_store::Error> {
        let client = Arc::new(self.builder.clone().with_retry(retry).with_client_options(options).build()?);
        Ok(Client { objects: client.clone(), uploads: client })
    }
}
