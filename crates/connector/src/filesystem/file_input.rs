//! The bytes of a file, decompressed if its name says so.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use flott_environment::{Disk, DiskRead};

use crate::contract::ConnectorError;
use crate::limits::READ_CHUNK_BYTES;

/// Ends of names of compressed files that Flink reads and this build doesn't.
const NOT_SUPPORTED: &[&str] = &["bz2", "deflate", "xz", "zst", "zstd"];

/// Counts the bytes that are read off the disk.
struct Counted {
    file: Box<dyn DiskRead>,
    read_bytes: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read_bytes.set(self.read_bytes.get() + count as u64);
        Ok(count)
    }
}

/// An open file.
pub struct FileInput {
    path: String,
    reader: Box<dyn Read>,
    read_bytes: Rc<Cell<u64>>,
    chunk: Vec<u8>,
}

impl FileInput {
    /// Opens a file at an offset of its decompressed bytes.
    ///
    /// # Errors
    /// If it cannot be read, is compressed in an unknown way, or has become shorter than the offset.
    pub fn open(disk: &Disk, path: &str, offset_bytes: u64) -> Result<Self, ConnectorError> {
        let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if NOT_SUPPORTED.contains(&extension) {
            return Err(ConnectorError::new(format!("not supported: compression '.{extension}' of file {path}")));
        }
        let mut file = disk.open_read(Path::new(path)).map_err(|error| ConnectorError::new(error.to_string()))?;
        let read_bytes = Rc::new(Cell::new(0));
        let compressed = matches!(extension, "gz" | "gzip");
        if !compressed {
            let len_bytes = file.len_bytes().map_err(|error| ConnectorError::new(error.to_string()))?;
            if len_bytes < offset_bytes {
                return Err(shrunk(path, offset_bytes));
            }
            file.seek(SeekFrom::Start(offset_bytes)).map_err(|error| ConnectorError::new(error.to_string()))?;
            read_bytes.set(offset_bytes);
        }
        let counted = Counted { file, read_bytes: read_bytes.clone() };
        let reader: Box<dyn Read> = if compressed { Box::new(MultiGzDecoder::new(counted)) } else { Box::new(counted) };
        let mut input = FileInput { path: path.to_string(), reader, read_bytes, chunk: vec![0; READ_CHUNK_BYTES] };
        if compressed {
            input.skip(offset_bytes)?;
        }
        Ok(input)
    }

    fn skip(&mut self, count_bytes: u64) -> Result<(), ConnectorError> {
        let mut left_bytes = count_bytes;
        while left_bytes > 0 {
            let wanted = left_bytes.min(READ_CHUNK_BYTES as u64) as usize;
            let count = self.read_into(wanted)?;
            if count == 0 {
                return Err(shrunk(&self.path, count_bytes));
            }
            left_bytes -= count as u64;
        }
        Ok(())
    }

    fn read_into(&mut self, wanted: usize) -> Result<usize, ConnectorError> {
        loop {
            match self.reader.read(&mut self.chunk[..wanted]) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let text = error.to_string();
                    // Errors of the disk name the file already, those of the decompression don't.
                    let named =
                        if text.contains(&self.path) { text } else { format!("cannot read {}: {text}", self.path) };
                    return Err(ConnectorError::new(named));
                }
            }
        }
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// If the file cannot be read on, or its compression is damaged.
    pub fn next_chunk(&mut self) -> Result<&[u8], ConnectorError> {
        let count = self.read_into(READ_CHUNK_BYTES)?;
        Ok(&self.chunk[..count])
    }

    /// Bytes read off the disk so far, those before the start included.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.get()
    }
}

fn shrunk(path: &str, offset_bytes: u64) -> ConnectorError {
    ConnectorError::new(format!(
        "file {path} has become shorter than the {offset_bytes} bytes that were read of it; files must not change while they are read"
    ))
}
