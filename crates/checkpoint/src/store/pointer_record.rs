//! What a pointer says, as lines of text that end with their checksum.

use std::fmt::Write as _;

use flott_environment::ObjectName;
use thiserror::Error;

use crate::checksum::checksum;
use crate::limits::POINTER_VERSION;

/// A complete checkpoint, as a pointer names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointerEntry {
    /// Its id.
    pub checkpoint_id: u64,
    /// Its metadata object.
    pub metadata: ObjectName,
    /// The metadata's length in bytes.
    pub len_bytes: u64,
    /// The metadata's checksum.
    pub checksum: u32,
}

/// Whether the job may still go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It may.
    Running,
    /// It has ended for good: only this permits to delete the last checkpoint.
    Ended,
}

/// The content of a pointer object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointerRecord {
    /// Of the leader that wrote it.
    pub epoch: u64,
    /// Who that leader is: no other has this number.
    pub writer: u64,
    /// Whether the job may still go on.
    pub state: JobState,
    /// Complete checkpoints that are kept, oldest first.
    pub retained: Vec<PointerEntry>,
}

/// Why bytes are no pointer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PointerError {
    /// It was written by another release.
    #[error("it has format version {found}, and this release reads version {POINTER_VERSION}")]
    UnknownVersion {
        /// The version found.
        found: String,
    },
    /// It is not as it was written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

impl PointerRecord {
    /// The newest complete checkpoint.
    pub fn newest(&self) -> Option<&PointerEntry> {
        self.retained.last()
    }

    /// The record as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let state = match self.state {
            JobState::Running => "running",
            JobState::Ended => "ended",
        };
        let mut text = format!(
            "flott-pointer {POINTER_VERSION}\nepoch {}\nwriter {:016x}\nstate {state}\n",
            self.epoch, self.writer
        );
        for PointerEntry { checkpoint_id, metadata, len_bytes, checksum } in &self.retained {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "checkpoint {checkpoint_id} {metadata} {len_bytes} {checksum:08x}");
        }
        let _ = writeln!(text, "checksum {:08x}", checksum(text.as_bytes()));
        text.into_bytes()
    }

    /// The record of bytes.
    ///
    /// # Errors
    /// If the bytes are no pointer, of a version that is not known, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PointerError> {
        let damaged = PointerError::Damaged;
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is no text"))?;
        let (before, last) = text
            .strip_suffix('\n')
            .and_then(|text| text.rfind('\n').map(|end| text.split_at(end + 1)))
            .ok_or(damaged("it has no lines"))?;
        let sum = last.strip_prefix("checksum ").ok_or(damaged("it has no checksum"))?;
        if sum != format!("{:08x}", checksum(before.as_bytes())) {
            return Err(damaged("its checksum differs"));
        }
        let mut lines = before.lines();
        let version =
            lines.next().and_then(|line| line.strip_prefix("flott-pointer ")).ok_or(damaged("its beginning"))?;
        if version != POINTER_VERSION.to_string() {
            return Err(PointerError::UnknownVersion { found: version.to_string() });
        }
        let epoch = lines.next().and_then(|line| line.strip_prefix("epoch ")?.parse().ok());
        let writer = lines.next().and_then(|line| u64::from_str_radix(line.strip_prefix("writer ")?, 16).ok());
        let state = match lines.next() {
            Some("state running") => JobState::Running,
            Some("state ended") => JobState::Ended,
            _ => return Err(damaged("its state")),
        };
        let retained: Option<Vec<PointerEntry>> = lines.map(read_entry).collect();
        let retained = retained.ok_or(damaged("a checkpoint's line"))?;
        let (epoch, writer) = (epoch.ok_or(damaged("its epoch"))?, writer.ok_or(damaged("its writer"))?);
        Ok(PointerRecord { epoch, writer, state, retained })
    }
}

fn read_entry(line: &str) -> Option<PointerEntry> {
    let mut words = line.strip_prefix("checkpoint ")?.split(' ');
    let entry = PointerEntry {
        checkpoint_id: words.next()?.parse().ok()?,
        metadata: ObjectName::new(words.next()?).ok()?,
        len_bytes: words.next()?.parse().ok()?,
        checksum: u32::from_str_radix(words.next()?, 16).ok()?,
    };
    words.next().is_none().then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> PointerRecord {
        let entry = |checkpoint_id| PointerEntry {
            checkpoint_id,
            metadata: ObjectName::new(format!("job/chk-{checkpoint_id}/_metadata")).expect("a name"),
            len_bytes: 10,
            checksum: 0xff,
        };
        PointerRecord { epoch: 3, writer: 0xab, state: JobState::Running, retained: vec![entry(6), entry(7)] }
    }

    #[test]
    fn a_record_survives_its_bytes_and_no_change_of_them_goes_unnoticed() {
        let bytes = record().to_bytes();
        assert_eq!(PointerRecord::from_bytes(&bytes), Ok(record()));
        for length in 0..bytes.len() {
            assert!(PointerRecord::from_bytes(&bytes[..length]).is_err(), "cut at {length}");
            let mut flipped = bytes.clone();
            flipped[length] ^= 4;
            assert!(PointerRecord::from_bytes(&flipped).is_err(), "flipped at {length}");
        }
    }

    #[test]
    fn another_version_is_refused_by_its_name() {
        let mut text = "flott-pointer 2\n".to_string();
        text.push_str(&format!("checksum {:08x}\n", checksum(text.as_bytes())));
        let error = PointerRecord::from_bytes(text.as_bytes()).expect_err("version 2");
        assert_eq!(error.to_string(), "it has format version 2, and this release reads version 1");
    }
}
