//! The files' sink in two phases, on real servers.

use flott_connector::filesystem::FilesystemConnector;
use flott_connector::two_phase_kit::{SinkUnderTest, check_each_interruption, kit_schema};
use flott_connector::{Connector, Sink};
use flott_environment::{Environment, Store};
use flott_objectstore::Opener;
use flott_record::TableSpec;
use std::sync::Arc;

use crate::servers::{azure_keys, configuration, s3_keys, server};

struct InBucket {
    environment: Environment,
    store: Store,
    table: TableSpec,
}

impl InBucket {
    fn new(bucket: &str, keys: &[(&str, &str)]) -> Self {
        let real = Environment::real();
        let environment = real.with_store_opener(Arc::new(Opener::new(configuration(keys))));
        let uri = format!("{bucket}/sink-{:x}", real.random_seed());
        let options = [("path", uri.as_str()), ("connector", "filesystem"), ("format", "csv")];
        let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let partition_keys = vec!["s".to_string()];
        let table =
            TableSpec { name: "t".into(), schema: kit_schema(), options, partition_keys, ..TableSpec::default() };
        InBucket { store: environment.open_store(&uri).expect("valid"), environment, table }
    }
}

impl SinkUnderTest for InBucket {
    fn environment(&self) -> Environment {
        self.environment.clone()
    }

    fn sink(&self) -> Box<dyn Sink> {
        FilesystemConnector.sink(&self.table).expect("valid")
    }

    fn visible(&self) -> Vec<i32> {
        let objects = self.store.list("").expect("listable");
        let rows = |object: flott_environment::StoredObject| {
            let text = String::from_utf8(self.store.get(&object.name).expect("readable")).expect("UTF-8");
            text.lines().map(|line| line.parse().expect("an INT")).collect::<Vec<i32>>()
        };
        objects.into_iter().flat_map(rows).collect()
    }
}

#[test]
fn s3_shows_each_row_once() {
    let Some(endpoint) = server("FLOTT_TEST_S3", &Environment::real()) else { return };
    check_each_interruption(&|| Box::new(InBucket::new("s3://flott-test", &s3_keys(&endpoint))));
}

#[test]
fn azure_shows_each_row_once() {
    let Some(endpoint) = server("FLOTT_TEST_AZURE", &Environment::real()) else { return };
    let bucket = "abfss://flott-test@devstoreaccount1.dfs.core.windows.net";
    check_each_interruption(&|| Box::new(InBucket::new(bucket, &azure_keys(&endpoint))));
}
