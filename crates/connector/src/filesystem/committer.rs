//! Gives complete part files the names under which readers see them.

use std::path::{Path, PathBuf};

use flott_environment::Disk;

use super::path::path_text;
use crate::contract::ConnectorError;
use crate::encoding::{Decoder, Encoder};
use crate::sink::{Committable, Committer};

const VERSION: u8 = 1;

/// A part file by its two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFile {
    /// The name under which it is written.
    pub hidden: PathBuf,
    /// The name under which it is seen.
    pub visible: PathBuf,
}

impl PartFile {
    /// What the committer needs.
    ///
    /// # Errors
    /// If a path isn't UTF-8.
    pub fn to_committable(&self) -> Result<Committable, ConnectorError> {
        let encoder = Encoder::new(VERSION).text(&path_text(&self.hidden)?).text(&path_text(&self.visible)?);
        Ok(Committable { state: encoder.finish() })
    }

    fn from_committable(committable: &Committable) -> Result<Self, ConnectorError> {
        let mut decoder = Decoder::new("a part file to be committed", VERSION, &committable.state)?;
        Ok(PartFile { hidden: decoder.text()?.into(), visible: decoder.text()?.into() })
    }
}

/// Commits part files.
pub struct FileCommitter {
    disk: Disk,
}

impl FileCommitter {
    /// A committer on a disk.
    pub fn new(disk: Disk) -> Self {
        FileCommitter { disk }
    }

    fn commit_part(&self, part: &PartFile) -> Result<(), ConnectorError> {
        let failed = |error: flott_environment::DiskError| ConnectorError::new(error.to_string());
        match self.disk.rename(&part.hidden, &part.visible) {
            Ok(()) => {
                let folder = part.visible.parent().unwrap_or(Path::new("."));
                self.disk.sync_dir(folder).map_err(failed)
            }
            // Committed before.
            Err(error) if error.is_not_found() && self.disk.exists(&part.visible).map_err(failed)? => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

impl Committer for FileCommitter {
    fn commit(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        committables.iter().try_for_each(|committable| self.commit_part(&PartFile::from_committable(committable)?))
    }

    fn discard(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        for committable in committables {
            match self.disk.remove_file(&PartFile::from_committable(committable)?.hidden) {
                Err(error) if !error.is_not_found() => return Err(ConnectorError::new(error.to_string())),
                _ => {}
            }
        }
        Ok(())
    }
}
