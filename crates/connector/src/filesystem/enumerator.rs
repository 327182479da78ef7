//! Finds the files of a table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use flott_environment::{Disk, DiskError, DiskKind, DiskMetadata, DiskOperation};

use super::path::{is_hidden, path_text};
use super::pattern::{is_pattern, matches};
use super::split::FileSplit;
use crate::contract::ConnectorError;
use crate::encoding::{Decoder, Encoder};
use crate::limits::FOLDER_DEPTH_MAX;
use crate::source::{Enumerator, Split};

const VERSION: u8 = 1;

fn failed(error: &impl std::fmt::Display) -> ConnectorError {
    ConnectorError::new(error.to_string())
}

/// Finds files.
struct Finder<'a> {
    disk: &'a Disk,
    /// Left out although it may lie below: where bad records are kept.
    excluded: Option<&'a Path>,
    found: Vec<FileSplit>,
}

impl Finder<'_> {
    fn add_file(&mut self, path: &Path, metadata: &DiskMetadata) -> Result<(), ConnectorError> {
        self.found.push(FileSplit::new(path_text(path)?, metadata));
        Ok(())
    }

    /// Adds a file, or all files below a folder that aren't hidden.
    fn add(&mut self, path: &Path, metadata: &DiskMetadata, depth: usize) -> Result<(), ConnectorError> {
        if self.excluded.is_some_and(|excluded| path == excluded) {
            return Ok(());
        }
        match metadata.kind {
            DiskKind::File => self.add_file(path, metadata),
            DiskKind::Other => Ok(()),
            DiskKind::Directory if depth == FOLDER_DEPTH_MAX => Err(ConnectorError::new(format!(
                "folder {} lies more than {FOLDER_DEPTH_MAX} folders deep: a link to a folder above it?",
                path.display()
            ))),
            DiskKind::Directory => {
                for entry in self.disk.list(path).map_err(|error| failed(&error))? {
                    if !is_hidden(&entry.name) {
                        self.add(&entry.path, &entry.metadata, depth + 1)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Adds what matches the names of a pattern, below a folder.
    fn add_matches(&mut self, folder: &Path, names: &[String], depth: usize) -> Result<(), ConnectorError> {
        let Some((name, rest)) = names.split_first() else { return Ok(()) };
        if depth == FOLDER_DEPTH_MAX {
            return Ok(());
        }
        let anywhere = name == "**";
        if anywhere && !rest.is_empty() {
            self.add_matches(folder, rest, depth)?;
        }
        for entry in self.disk.list(folder).map_err(|error| failed(&error))? {
            let is_folder = entry.metadata.kind == DiskKind::Directory;
            if is_hidden(&entry.name) && name.starts_with(['*', '?', '[', '{']) {
                continue;
            }
            if anywhere && is_folder {
                self.add_matches(&entry.path, names, depth + 1)?;
            } else if anywhere && rest.is_empty() {
                self.add(&entry.path, &entry.metadata, depth)?;
            }
            if anywhere || !matches(name, &entry.name) {
                continue;
            }
            if rest.is_empty() {
                self.add(&entry.path, &entry.metadata, depth)?;
            } else if is_folder {
                self.add_matches(&entry.path, rest, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// The folder before the first name with a pattern, and the names from there on.
fn pattern_start(path: &Path) -> (PathBuf, Vec<String>) {
    let mut folder = PathBuf::new();
    let mut names = Vec::new();
    for component in path.components() {
        let text = component.as_os_str().to_string_lossy();
        if names.is_empty() && !is_pattern(&text) {
            folder.push(component);
        } else {
            names.push(text.into_owned());
        }
    }
    if folder.as_os_str().is_empty() {
        folder.push(".");
    }
    (folder, names)
}

/// All files of a path, sorted.
///
/// # Errors
/// If it doesn't exist, or a folder cannot be listed.
pub fn find_files(disk: &Disk, path: &Path, excluded: Option<&Path>) -> Result<Vec<FileSplit>, ConnectorError> {
    let mut finder = Finder { disk, excluded, found: Vec::new() };
    match disk.metadata(path) {
        Ok(metadata) => finder.add(path, &metadata, 0)?,
        Err(error) if error.is_not_found() && is_pattern(&path.to_string_lossy()) => {
            let (folder, names) = pattern_start(path);
            finder.add_matches(&folder, &names, 0)?;
        }
        Err(error) => {
            let error = DiskError::new(DiskOperation::Open, path, error.source);
            return Err(ConnectorError::new(format!("{error} (option 'path')")));
        }
    }
    finder.found.sort_by(|left, right| left.path.cmp(&right.path));
    finder.found.dedup_by(|left, right| left.path == right.path);
    Ok(finder.found)
}

/// Finds files once, or again and again.
pub struct FileEnumerator {
    disk: Disk,
    path: PathBuf,
    excluded: Option<PathBuf>,
    monitor_interval_ms: Option<i64>,
    /// Found when the enumerator was made, and not given yet.
    first: Option<Vec<FileSplit>>,
    seen: BTreeSet<String>,
    next_discovery_ms: Option<i64>,
}

impl FileEnumerator {
    /// Looks for files at once, so that what is missing is told at the start.
    ///
    /// # Errors
    /// As [`find_files`].
    pub fn new(
        disk: Disk,
        path: PathBuf,
        excluded: Option<PathBuf>,
        monitor_interval_ms: Option<i64>,
    ) -> Result<Self, ConnectorError> {
        let first = Some(find_files(&disk, &path, excluded.as_deref())?);
        let seen = BTreeSet::new();
        Ok(FileEnumerator { disk, path, excluded, monitor_interval_ms, first, seen, next_discovery_ms: None })
    }
}

impl Enumerator for FileEnumerator {
    fn discover(&mut self, now_ms: i64) -> Result<Vec<Split>, ConnectorError> {
        self.next_discovery_ms = self.monitor_interval_ms.map(|interval_ms| now_ms.saturating_add(interval_ms));
        let found = match self.first.take() {
            Some(first) => first,
            None if self.monitor_interval_ms.is_none() => Vec::new(),
            None => find_files(&self.disk, &self.path, self.excluded.as_deref())?,
        };
        let new = found.into_iter().filter(|split| self.seen.insert(split.path.clone()));
        Ok(new.map(|split| split.to_split()).collect())
    }

    fn next_discovery_ms(&self) -> Option<i64> {
        self.next_discovery_ms
    }

    fn snapshot(&self) -> Vec<u8> {
        let begun = Encoder::new(VERSION).number(u64::from(self.first.is_none())).number(self.seen.len() as u64);
        self.seen.iter().fold(begun, |encoder, path| encoder.text(path)).finish()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), ConnectorError> {
        let mut decoder = Decoder::new("the snapshot of the files seen", VERSION, snapshot)?;
        if decoder.number()? == 1 && self.monitor_interval_ms.is_none() {
            // A bounded table is what was found when the job first started.
            self.first = Some(Vec::new());
        }
        for _ in 0..decoder.number()? {
            self.seen.insert(decoder.text()?);
        }
        Ok(())
    }
}
