//! A file and how far it is read.

use flott_environment::DiskMetadata;
use flott_format::Position;

use crate::contract::ConnectorError;
use crate::encoding::{Decoder, Encoder};
use crate::source::Split;

const VERSION: u8 = 1;

/// A file with a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSplit {
    /// Its path.
    pub path: String,
    /// Its length when it was found, in bytes as they lie on disk.
    pub len_bytes: u64,
    /// When it was last changed then, milliseconds since the epoch.
    pub modified_ms: i64,
    /// The place after the last record read; offsets count bytes after decompression.
    pub position: Position,
}

impl FileSplit {
    /// A file that isn't read yet.
    pub fn new(path: String, metadata: &DiskMetadata) -> Self {
        FileSplit { path, len_bytes: metadata.len_bytes, modified_ms: metadata.modified_ms, position: Position::START }
    }

    /// The split as the contract has it.
    pub fn to_split(&self) -> Split {
        let encoder = Encoder::new(VERSION).text(&self.path).number(self.len_bytes).number(self.modified_ms as u64);
        let state = encoder.number(self.position.offset_bytes).number(self.position.line).finish();
        Split { id: self.path.clone(), state }
    }

    /// Reads what [`FileSplit::to_split`] wrote.
    ///
    /// # Errors
    /// If it was written by another version, or is damaged.
    pub fn from_split(split: &Split) -> Result<Self, ConnectorError> {
        let mut decoder = Decoder::new("the position of a file", VERSION, &split.state)?;
        Ok(FileSplit {
            path: decoder.text()?,
            len_bytes: decoder.number()?,
            modified_ms: decoder.number()? as i64,
            position: Position { offset_bytes: decoder.number()?, line: decoder.number()? },
        })
    }
}
