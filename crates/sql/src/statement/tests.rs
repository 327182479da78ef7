//! Statements against what Flink 2.3 answered: recorded answers, and Flink's own client scripts. Both lie outside of the repository; a test
//! whose data is absent says so and passes.

mod recorded;
mod scripts;
mod session;

use std::path::PathBuf;
use std::sync::Arc;

use flott_connector::{Capabilities, Connector, ConnectorError, ConnectorOption, Registry, Sink, Source};
use flott_record::{ChangelogMode, Schema, TableSpec};

use super::*;
use crate::error::Result;

/// A connector that allows everything and does nothing.
struct AnyConnector(&'static str);

impl Connector for AnyConnector {
    fn identifier(&self) -> &str {
        self.0
    }

    fn options(&self) -> &[ConnectorOption] {
        &[]
    }

    fn capabilities(&self, _: &TableSpec) -> std::result::Result<Capabilities, ConnectorError> {
        Ok(Capabilities {
            source: Some(ChangelogMode::INSERT_ONLY),
            sink: Some(ChangelogMode::ALL),
            bounded: true,
            projection_push_down: false,
            metadata: Schema::default(),
            source_parallelism_max: None,
        })
    }

    fn source(&self, _: &TableSpec) -> std::result::Result<Box<dyn Source>, ConnectorError> {
        Err(ConnectorError::new("nothing to read"))
    }

    fn sink(&self, _: &TableSpec) -> std::result::Result<Box<dyn Sink>, ConnectorError> {
        Err(ConnectorError::new("nothing to write"))
    }
}

fn session() -> SqlSession {
    let mut registry = Registry::new();
    for name in ["datagen", "filesystem", "print", "values", "blackhole"] {
        registry.register(Arc::new(AnyConnector(name)));
    }
    let surroundings = Surroundings { cores: 1, system_time_zone: "America/New_York".to_string(), now_ms: 0 };
    SqlSession::new(flott_configuration::Configuration::new(), Arc::new(registry), surroundings).expect("a session")
}

/// Runs one statement; `None` if it is a job.
fn run(session: &mut SqlSession, text: &str) -> Result<Option<StatementResult>> {
    let statement = flott_syntax::parse_statement(text)?;
    session.execute_metadata(&statement)
}

/// A file of the test data that lies beside the repository (or in `FLOTT_SHARED`, its conformance data also in `FLOTT_CONFORMANCE`);
/// `None` with a word on the standard output if it is absent.
#[allow(clippy::disallowed_methods, clippy::print_stdout)]
pub(crate) fn shared(folder: &str, file: &str) -> Option<String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var("FLOTT_SHARED").map_or_else(|_| beside(), PathBuf::from);
    let path = match std::env::var("FLOTT_CONFORMANCE") {
        Ok(conformance) if folder == "conformance" => PathBuf::from(conformance).join(file),
        _ => root.join(folder).join(file),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            println!("skipped: {} is absent", path.display());
            None
        }
    }
}
