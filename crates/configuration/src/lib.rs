//! Typed options with Flink's keys, defaults and documentation.
