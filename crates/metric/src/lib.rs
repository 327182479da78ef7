//! Metric registry with Flink's scopes and names.
