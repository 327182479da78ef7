//! Contracts of sources and sinks, and the connectors that need no heavy client.
//!
//! A connector is a [`Connector`]: data about itself (options, capabilities) and makers of readers and writers. The shape is Flink's
//! FLIP-27 source and Sink V2: an enumerator finds splits and deals them out, readers read them and keep their positions; writers
//! write and hand over committables, a committer makes them visible.
//!
//! Architecture invariant: nothing here knows operators, plans or threads; readers and writers belong to one subtask.

pub mod blackhole;
pub mod contract;
pub mod datagen;
mod encoding;
pub mod filesystem;
mod generated;
pub mod limits;
pub mod lookup;
pub mod nexmark;
pub mod options;
pub mod print;
pub mod registry;
pub mod sink;
pub mod source;
pub mod two_phase_kit;
pub mod two_phase_model;

pub use contract::{Capabilities, Connector, ConnectorError, ConnectorOption};
pub use lookup::{Found, LoadedTable, Lookup, LookupSetup};
pub use registry::Registry;
pub use sink::{Committable, Committer, Sink, SinkWriter, WriterSetup};
pub use source::{Boundedness, Enumerator, Poll, ReaderSetup, Source, SourceReader, Split};

use std::sync::Arc;

/// The connectors that every executable has.
pub fn standard() -> Registry {
    let mut registry = Registry::new();
    registry.register(Arc::new(blackhole::BlackholeConnector));
    registry.register(Arc::new(datagen::DatagenConnector));
    registry.register(Arc::new(filesystem::FilesystemConnector));
    registry.register(Arc::new(nexmark::NexmarkConnector));
    registry.register(Arc::new(print::PrintConnector::new()));
    registry
}
