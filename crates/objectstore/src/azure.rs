//! Azure Blob, under the URIs of both of Hadoop's file systems for it.

use std::sync::Arc;

use flott_configuration::Configuration;
use flott_environment::{StoreError, StoreUri};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::{ClientOptions, RetryConfig};

use crate::backend::{Client, Service};
use crate::options::{AZURE_ENDPOINT, AZURE_KEY_PREFIX};

/// A container of an account.
pub(crate) struct Azure {
    builder: MicrosoftAzureBuilder,
}

impl Azure {
    pub(crate) fn new(uri: &StoreUri, configuration: &Configuration) -> Result<Self, StoreError> {
        let parts = uri.authority.split_once('@').filter(|(container, host)| !container.is_empty() && !host.is_empty());
        let Some((container, host)) = parts else {
            return Err(uri.invalid(format!(
                "a container and an account are wanted, like {}://container@account.blob.core.windows.net/folder",
                uri.scheme
            )));
        };
        let account = host.split('.').next().unwrap_or(host);
        let mut builder = MicrosoftAzureBuilder::from_env().with_account(account).with_container_name(container);
        // The key may be under the account's name at either of its two hosts.
        let hosts =
            [host.to_string(), format!("{account}.blob.core.windows.net"), format!("{account}.dfs.core.windows.net")];
        let key = hosts.iter().find_map(|host| configuration.raw(&format!("{AZURE_KEY_PREFIX}{host}")));
        if let Some(key) = key {
            builder = builder.with_access_key(key);
        }
        if let Some(endpoint) = configuration.raw(AZURE_ENDPOINT.key()) {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_string());
        }
        Ok(Azure { builder })
    }
}

impl Service for Azure {
    fn client(&self, retry: RetryConfig, options: ClientOptions) -> Result<Client, object_store::Error> {
        let client = Arc::new(self.builder.clone().with_retry(retry).with_client_options(options).build()?);
        Ok(Client { objects: client.clone(), uploads: client })
    }
}
