//! `'connector' = 'print'`: each row as a line `+I[1, a]` on the standard output or error stream.

mod cell;
mod output;

use std::sync::Arc;

use flott_environment::Environment;
use flott_record::{Batch, ChangelogMode, Schema, TableSpec};

use crate::contract::{Capabilities, Connector, ConnectorError, ConnectorOption};
use crate::limits::PRINT_BUFFER_BYTES;
use crate::options::TableOptions;
use crate::sink::{Committable, Committer, Sink, SinkWriter, WriterSetup};
use crate::source::Source;

pub use output::{CapturedLines, LineOutput, ProcessStreams, Stream};

const OPTIONS: &[ConnectorOption] = &[
    ConnectorOption {
        key: "print-identifier",
        required: false,
        default: None,
        description: "Text before each line, followed by '> '.",
    },
    ConnectorOption {
        key: "standard-error",
        required: false,
        default: Some("false"),
        description: "true: lines go to the standard error stream.",
    },
];

/// The connector; where its lines go is chosen by whoever registers it.
pub struct PrintConnector {
    output: Arc<dyn LineOutput>,
}

impl PrintConnector {
    /// A connector that prints on the process's own streams.
    pub fn new() -> Self {
        Self::with_output(Arc::new(ProcessStreams))
    }

    /// A connector whose lines go to `output`: for tests and the simulator.
    pub fn with_output(output: Arc<dyn LineOutput>) -> Self {
        PrintConnector { output }
    }
}

impl Default for PrintConnector {
    fn default() -> Self {
        Self::new()
    }
}

struct Settings {
    identifier: String,
    stream: Stream,
}

fn settings(table: &TableSpec) -> Result<Settings, ConnectorError> {
    let options = TableOptions::of(table);
    options.check("print", &[OPTIONS])?;
    let stream = if options.get_or("standard-error", false)? { Stream::Error } else { Stream::Output };
    Ok(Settings { identifier: options.text("print-identifier").unwrap_or_default().to_string(), stream })
}

impl Connector for PrintConnector {
    fn identifier(&self) -> &str {
        "print"
    }

    fn options(&self) -> &[ConnectorOption] {
        OPTIONS
    }

    fn capabilities(&self, table: &TableSpec) -> Result<Capabilities, ConnectorError> {
        settings(table)?;
        Ok(Capabilities {
            source: None,
            sink: Some(ChangelogMode::ALL),
            bounded: false,
            projection_push_down: false,
            metadata: Schema::default(),
            source_parallelism_max: None,
        })
    }

    fn source(&self, table: &TableSpec) -> Result<Box<dyn Source>, ConnectorError> {
        Err(ConnectorError::new(format!("table {} of connector 'print' cannot be read: it is a sink", table.name)))
    }

    fn sink(&self, table: &TableSpec) -> Result<Box<dyn Sink>, ConnectorError> {
        Ok(Box::new(PrintSink { settings: settings(table)?, output: self.output.clone() }))
    }
}

struct PrintSink {
    settings: Settings,
    output: Arc<dyn LineOutput>,
}

impl Sink for PrintSink {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        Ok(Box::new(PrintWriter {
            prefix: line_prefix(&self.settings.identifier, setup.subtask, setup.parallelism),
            columns: setup.input.clone(),
            stream: self.settings.stream,
            output: self.output.clone(),
            buffer: String::new(),
            bytes_written: 0,
        }))
    }

    fn committer(&self, _environment: &Environment) -> Option<Box<dyn Committer>> {
        None
    }
}

/// `id:2> `, `id> `, `2> ` or nothing; subtasks count from 1, as in Flink.
fn line_prefix(identifier: &str, subtask: u32, parallelism: u32) -> String {
    let number = subtask + 1;
    match (identifier.is_empty(), parallelism > 1) {
        (true, true) => format!("{number}> "),
        (true, false) => String::new(),
        (false, true) => format!("{identifier}:{number}> "),
        (false, false) => format!("{identifier}> "),
    }
}

struct PrintWriter {
    prefix: String,
    columns: Schema,
    stream: Stream,
    output: Arc<dyn LineOutput>,
    buffer: String,
    bytes_written: u64,
}

impl PrintWriter {
    fn send(&mut self) -> Result<(), ConnectorError> {
        self.output.write(self.stream, &self.buffer)?;
        self.bytes_written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl SinkWriter for PrintWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        for row in 0..batch.num_rows() {
            self.buffer.push_str(&self.prefix);
            self.buffer.push_str(batch.kind(row).short());
            self.buffer.push('[');
            for (index, (column, field)) in batch.columns().iter().zip(&self.columns.fields).enumerate() {
                if index > 0 {
                    self.buffer.push_str(", ");
                }
                cell::write_cell(&mut self.buffer, column, row, &field.data_type);
            }
            self.buffer.push_str("]\n");
            if self.buffer.len() >= PRINT_BUFFER_BYTES {
                self.send()?;
            }
        }
        self.send()
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn prepare_commit(&mut self, _end_of_input: bool) -> Result<Vec<Committable>, ConnectorError> {
        Ok(Vec::new())
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        self.bytes_written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flott_record::value_array::batch_from_rows;
    use flott_record::{Field, RowKind, TypeKind, Value};

    fn printed(options: &[(&str, &str)], subtask: u32, parallelism: u32) -> Vec<(Stream, String)> {
        let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let input = Schema::new(vec![
            Field::new("a", TypeKind::Int.nullable()),
            Field::new("b", TypeKind::string().nullable()),
            Field::new("c", TypeKind::TimestampLtz(3).nullable()),
        ]);
        let table = TableSpec { name: "t".into(), schema: input.clone(), options, ..TableSpec::default() };
        let lines = CapturedLines::default();
        let connector = PrintConnector::with_output(Arc::new(lines.clone()));
        let environment = Environment::real();
        let setup =
            WriterSetup { environment, subtask, parallelism, run_id: "r".into(), input, time_zone: "UTC".into() };
        let mut writer = connector.sink(&table).expect("valid").writer(&setup).expect("a writer");
        let rows = [
            (RowKind::Insert, vec![Value::Int(1), Value::String("a".into()), Value::TimestampLtz(0, 3)]),
            (RowKind::UpdateBefore, vec![Value::Null, Value::String("b, c".into()), Value::Null]),
        ];
        writer.write(&batch_from_rows(&setup.input, &rows).expect("typed")).expect("printed");
        lines.take()
    }

    #[test]
    fn rows_look_as_in_flink() {
        let alone = printed(&[], 0, 1);
        assert_eq!(alone, [(Stream::Output, "+I[1, a, 1970-01-01T00:00:00Z]\n-U[null, b, c, null]\n".to_string())]);
        let named = printed(&[("print-identifier", "x"), ("standard-error", "true")], 1, 2);
        assert_eq!(named[0].0, Stream::Error);
        assert!(named[0].1.starts_with("x:2> +I[1, a"));
        assert!(printed(&[], 1, 2)[0].1.starts_with("2> +I["));
        assert!(printed(&[("print-identifier", "x")], 0, 1)[0].1.starts_with("x> +I["));
    }
}
