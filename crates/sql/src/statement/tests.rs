//! Statements against what Flink answered.
