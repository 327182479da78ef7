//! Where printed lines go: the process's streams, or memory for tests and the simulator.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::contract::ConnectorError;

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Takes whole lines from any subtask.
pub trait LineOutput: Send + Sync {
    /// Writes complete lines, each with its `\n`; lines of several callers never mix.
    ///
    /// # Errors
    /// If the stream is closed or full.
    fn write(&self, stream: Stream, lines: &str) -> Result<(), ConnectorError>;
}

/// The streams of this process.
pub struct ProcessStreams;

impl LineOutput for ProcessStreams {
    fn write(&self, stream: Stream, lines: &str) -> Result<(), ConnectorError> {
        let (name, written) = match stream {
            Stream::Output => {
                let mut locked = std::io::stdout().lock();
                ("output", locked.write_all(lines.as_bytes()).and_then(|()| locked.flush()))
            }
            Stream::Error => ("error", std::io::stderr().lock().write_all(lines.as_bytes())),
        };
        written.map_err(|error| ConnectorError::new(format!("cannot print to the standard {name} stream: {error}")))
    }
}

/// Keeps the lines, in the order in which they came. Clones share them.
#[derive(Clone, Default)]
pub struct CapturedLines {
    lines: Arc<Mutex<Vec<(Stream, String)>>>,
}

impl CapturedLines {
    /// What was written since the last call.
    pub fn take(&self) -> Vec<(Stream, String)> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LineOutput for CapturedLines {
    fn write(&self, stream: Stream, lines: &str) -> Result<(), ConnectorError> {
        let mut kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((stream, lines.to_string()));
        Ok(())
    }
}
