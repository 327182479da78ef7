//! Bytes to batches and back: each format's options, schema and changelog mode as data.
