//! Formats from outside: text forms as Flink has them, and what must hold for all input.

mod csv_forms;
mod documentation;
mod json_forms;
mod properties;
mod support;
