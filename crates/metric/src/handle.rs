//! Counters and gauges: cheap shared numbers, updated once per batch by the thread that owns them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A number that only grows (wraps at 2^64). Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    count: Arc<AtomicU64>,
}

impl Counter {
    /// A counter at 0 that belongs to no registry.
    pub fn new() -> Self {
        Counter::default()
    }

    /// Adds `count`: to be called once per batch, not once per row.
    pub fn add(&self, count: u64) {
        self.count.fetch_add(count, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down. Clones share it.
#[derive(Clone, Debug)]
pub struct Gauge {
    value: Arc<AtomicI64>,
}

impl Gauge {
    /// A gauge that belongs to no registry.
    pub fn new(initial: i64) -> Self {
        Gauge { value: Arc::new(AtomicI64::new(initial)) }
    }

    /// Replaces the number.
    pub fn set(&self, value: i64) {
        self.value.store(value, Ordering::Relaxed);
    }

    /// Adds to the number (wraps).
    pub fn add(&self, value: i64) {
        self.value.fetch_add(value, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }
}

/// What a gauge shows.
#[derive(Clone, Debug, PartialEq)]
pub enum GaugeValue {
    /// A whole number.
    Integer(i64),
    /// A fraction; may be NaN where nothing is known.
    Float(f64),
    /// Text: exporters of numbers leave it out.
    Text(String),
    /// Yes or no: exporters of numbers show 1 and 0.
    Boolean(bool),
}

impl fmt::Display for GaugeValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GaugeValue::Integer(value) => value.fmt(formatter),
            // Java shows whole doubles with one decimal, and clients compare the text.
            GaugeValue::Float(value) => write!(formatter, "{value:?}"),
            GaugeValue::Text(text) => formatter.write_str(text),
            GaugeValue::Boolean(value) => value.fmt(formatter),
        }
    }
}

impl From<i64> for GaugeValue {
    fn from(value: i64) -> Self {
        GaugeValue::Integer(value)
    }
}

impl From<f64> for GaugeValue {
    fn from(value: f64) -> Self {
        GaugeValue::Float(value)
    }
}

impl From<bool> for GaugeValue {
    fn from(value: bool) -> Self {
        GaugeValue::Boolean(value)
    }
}

impl From<String> for GaugeValue {
    fn from(text: String) -> Self {
        GaugeValue::Text(text)
    }
}
