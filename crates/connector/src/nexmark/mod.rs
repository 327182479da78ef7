//! `'connector' = 'nexmark'`: the events of the Nexmark benchmark (persons, auctions, bids), the same in every run.
//!
//! Event `n` depends on `n` and the options alone, not on parallelism or clock. All draws and all columns of every event are made whatever a
//! query reads, so that measurements compare the same work; there is no projection push-down.

mod columns;
mod draw;
mod generator;
mod price;
mod source;
mod tables;
#[cfg(test)]
mod tests;

use flott_record::{ChangelogMode, Schema, TableSpec};

use crate::contract::{Capabilities, Connector, ConnectorError, ConnectorOption};
use crate::limits::NEXMARK_EVENT_BYTES_MAX;
use crate::options::TableOptions;
use crate::sink::Sink;
use crate::source::Source;
use generator::{Shape, event_fields};
use source::{NexmarkSource, Settings};

/// The connector.
pub struct NexmarkConnector;

const fn option(key: &'static str, default: Option<&'static str>, description: &'static str) -> ConnectorOption {
    ConnectorOption { key, required: false, default, description }
}

const OPTIONS: &[ConnectorOption] = &[
    option("events.num", Some("0"), "Number of events; 0 = without end."),
    option("first-event.rate", Some("10000"), "Events per second of event time."),
    option("next-event.rate", None, "Must equal first-event.rate if it is given."),
    option("base-time", Some("1436918400000"), "Event time of the start, milliseconds since the epoch."),
    option("seed", Some("0"), "Seed of all draws."),
    option("person.proportion", Some("1"), "Persons in each epoch."),
    option("auction.proportion", Some("3"), "Auctions in each epoch."),
    option("bid.proportion", Some("46"), "Bids in each epoch."),
    option("person.avg-size", Some("200"), "Average bytes of a person."),
    option("auction.avg-size", Some("500"), "Average bytes of an auction."),
    option("bid.avg-size", Some("100"), "Average bytes of a bid."),
    option("auction.hot-ratio.sellers", Some("4"), "One in so many auctions has a seller that isn't hot."),
    option("bid.hot-ratio.auctions", Some("2"), "One in so many bids is on an auction that isn't hot."),
    option("bid.hot-ratio.bidders", Some("4"), "One in so many bids is of a bidder who isn't hot."),
    option("block-size", Some("1000"), "Consecutive events that go to the same split."),
    option("emit-batch", Some("1"), "Accepted; batches are as large as the pipeline wants them."),
    option("max-emit-speed", Some("true"), "false: no event before its event time has passed since the start."),
    option("keep-alive", Some("false"), "true: doesn't end after the last event."),
];

fn shape(options: &TableOptions<'_>) -> Result<Shape, ConnectorError> {
    let positive = |key: &str, default: i64| options.number(key, default, 1, i64::from(i32::MAX / 4));
    let size = |key: &str, default: i64| options.number(key, default, 0, NEXMARK_EVENT_BYTES_MAX);
    let rate_per_s = positive("first-event.rate", 10_000)?;
    if positive("next-event.rate", rate_per_s)? != rate_per_s {
        let text = options.text("next-event.rate").unwrap_or_default();
        return Err(options.invalid("next-event.rate", text, &format!("the value of first-event.rate, {rate_per_s}")));
    }
    Ok(Shape {
        rate_per_s,
        base_time_ms: options.get_or("base-time", 1_436_918_400_000)?,
        seed: options.get_or("seed", 0)?,
        proportions: [
            positive("person.proportion", 1)?,
            positive("auction.proportion", 3)?,
            positive("bid.proportion", 46)?,
        ],
        average_bytes: [size("person.avg-size", 200)?, size("auction.avg-size", 500)?, size("bid.avg-size", 100)?],
        hot_sellers: positive("auction.hot-ratio.sellers", 4)? as i32,
        hot_auctions: positive("bid.hot-ratio.auctions", 2)? as i32,
        hot_bidders: positive("bid.hot-ratio.bidders", 4)? as i32,
    })
}

/// For each column of the table, its position among the standard columns.
fn columns(table: &TableSpec) -> Result<Vec<usize>, ConnectorError> {
    let standard = event_fields();
    let position = |field: &flott_record::Field| {
        let position = standard.iter().position(|known| known.name == field.name).ok_or_else(|| {
            ConnectorError::new(format!(
                "column '{}' of table {} is none of the nexmark connector's: event_type, person, auction, bid",
                field.name, table.name
            ))
        })?;
        let wanted = &standard[position].data_type;
        if field.data_type.to_arrow() == wanted.to_arrow() {
            Ok(position)
        } else {
            Err(ConnectorError::new(format!(
                "column '{}' of table {} must have the type {wanted}, but has {}",
                field.name, table.name, field.data_type
            )))
        }
    };
    table.schema.fields.iter().map(position).collect()
}

fn settings(table: &TableSpec) -> Result<Settings, ConnectorError> {
    let options = TableOptions::of(table);
    options.check("nexmark", &[OPTIONS])?;
    if let Some(column) = table.metadata.first() {
        return Err(ConnectorError::new(format!("the nexmark connector has no metadata '{}'", column.key)));
    }
    let events = options.number("events.num", 0, 0, i64::MAX)? as u64;
    options.number("emit-batch", 1, 1, i64::from(i32::MAX))?;
    Ok(Settings {
        shape: shape(&options)?,
        events: if events == 0 { u64::MAX } else { events },
        block_events: options.number("block-size", 1_000, 1, i64::from(i32::MAX))? as u64,
        paced: !options.get_or("max-emit-speed", true)?,
        keep_alive: options.get_or("keep-alive", false)?,
        columns: columns(table)?,
    })
}

impl Connector for NexmarkConnector {
    fn identifier(&self) -> &str {
        "nexmark"
    }

    fn options(&self) -> &[ConnectorOption] {
        OPTIONS
    }

    fn capabilities(&self, table: &TableSpec) -> Result<Capabilities, ConnectorError> {
        let settings = settings(table)?;
        Ok(Capabilities {
            source: Some(ChangelogMode::INSERT_ONLY),
            sink: None,
            bounded: settings.events != u64::MAX && !settings.keep_alive,
            projection_push_down: false,
            metadata: Schema::default(),
            source_parallelism_max: None,
        })
    }

    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Ok(Box::new(NexmarkSource::new(settings(table)?)))
    }

    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        Err(ConnectorError::new(format!(
            "table {} of connector 'nexmark' cannot be written: it is a source",
            table.name
        )))
    }
}
