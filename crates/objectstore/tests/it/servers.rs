//! Every service passes the test that all stores pass, encrypted or not.

use std::sync::Arc;

use flott_configuration::{Configuration, Origin};
use flott_environment::{Environment, Store};
use flott_objectstore::{EncryptedStore, EncryptionKey, open};
use flott_simulation::check_store;

/// The published key of azurite's account.
const AZURITE_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

pub(crate) fn configuration(pairs: &[(&str, &str)]) -> Configuration {
    let mut configuration = Configuration::new();
    pairs.iter().for_each(|(key, value)| configuration.set(*key, *value, Origin::Program));
    configuration
}

/// The address of a server, if it runs.
pub(crate) fn server(variable: &str, environment: &Environment) -> Option<String> {
    let address = environment.variable(variable);
    if address.is_none() {
        eprintln!("skipped: {variable} is not set (scripts/with-object-stores sets it)");
    }
    address
}

pub(crate) fn s3_keys(endpoint: &str) -> [(&str, &str); 3] {
    [("s3.endpoint", endpoint), ("s3.access-key", "admin"), ("s3.secret-key", "adminadmin")]
}

pub(crate) fn azure_keys(endpoint: &str) -> [(&str, &str); 2] {
    let account = "fs.azure.account.key.devstoreaccount1.blob.core.windows.net";
    [("flott.azure.endpoint", endpoint), (account, AZURITE_KEY)]
}

/// A store of S3 below a folder that no other run uses.
pub(crate) fn s3(environment: &Environment, folder: &str) -> Option<Store> {
    let endpoint = server("FLOTT_TEST_S3", environment)?;
    let uri = format!("s3://flott-test/{folder}-{:x}", environment.random_seed());
    Some(open(&uri, &configuration(&s3_keys(&endpoint)), environment).expect("valid"))
}

fn check(store: &Store, environment: &Environment) {
    check_store(store, "plain", environment);
    let key = EncryptionKey::new("test", &[9; 32]).expect("32 bytes");
    check_store(&Store::new(Arc::new(EncryptedStore::new(store.clone(), vec![key]))), "sealed", environment);
}

#[test]
fn s3_is_a_store() {
    let environment = Environment::real();
    let Some(store) = s3(&environment, "conformance") else { return };
    check(&store, &environment);
}

#[test]
fn google_cloud_storage_is_a_store() {
    let environment = Environment::real();
    let Some(url) = server("FLOTT_TEST_GCS", &environment) else { return };
    let keys = [("fs.gs.storage.root.url", url.as_str()), ("fs.gs.auth.type", "UNAUTHENTICATED")];
    let uri = format!("gs://flott-test/conformance-{:x}", environment.random_seed());
    check(&open(&uri, &configuration(&keys), &environment).expect("valid"), &environment);
}

#[test]
fn azure_blob_is_a_store() {
    let environment = Environment::real();
    let Some(endpoint) = server("FLOTT_TEST_AZURE", &environment) else { return };
    let host = "flott-test@devstoreaccount1.blob.core.windows.net";
    let uri = format!("wasbs://{host}/conformance-{:x}", environment.random_seed());
    check(&open(&uri, &configuration(&azure_keys(&endpoint)), &environment).expect("valid"), &environment);
}
