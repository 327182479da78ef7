//! Merges the part files of a checkpoint into files of a wanted size before anybody sees them (`auto-compaction`).
//!
//! What is merged into which file is noted beside the table, in `.flott-compaction`, before it happens: so committing again, after a crash or with
//! other files besides, goes on with the same merge and never merges a file twice. A note goes when a later commit knows nothing of its files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use flott_environment::{DiskError, ObjectName, StoreError, StoreErrorKind};

use super::committable::{FinishedPart, Item};
use super::path::path_text;
use super::target::{Target, object_name, store_error, sync_folders};
use super::upload;
use crate::contract::ConnectorError;
use crate::encoding::{Decoder, Encoder};

/// The folder of the notes; readers leave hidden names out.
const NOTES_FOLDER: &str = ".flott-compaction";
const VERSION: u8 = 1;

/// What is merged into one file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Merge {
    /// The file's name, relative to the table.
    target: String,
    /// The part files, by their hidden names: paths on the disk, objects in a store.
    members: Vec<String>,
}

impl Merge {
    fn encode(&self) -> Vec<u8> {
        let head = Encoder::new(VERSION).text(&self.target).number(self.members.len() as u64);
        self.members.iter().fold(head, |encoder, member| encoder.text(member)).finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, ConnectorError> {
        let mut decoder = Decoder::new("a note of compaction", VERSION, bytes)?;
        let (target, count) = (decoder.text()?, decoder.number()?);
        let members: Result<Vec<_>, _> = (0..count).map(|_| decoder.text()).collect();
        Ok(Merge { target, members: members? })
    }
}

/// A part file that is to be merged.
struct Member {
    hidden: String,
    file_name: String,
    partition: String,
    len_bytes: u64,
}

/// Merges part files of one table.
pub struct Compactor {
    target: Target,
    file_bytes: u64,
}

fn disk_error(error: &DiskError) -> ConnectorError {
    ConnectorError::new(error.to_string())
}

fn unless_there(result: Result<(), StoreError>) -> Result<(), ConnectorError> {
    match result {
        Err(error) if error.kind != StoreErrorKind::AlreadyExists => Err(store_error(&error)),
        _ => Ok(()),
    }
}

impl Compactor {
    /// A compactor of a folder, which makes files of about so many bytes.
    pub fn new(target: Target, file_bytes: u64) -> Self {
        Compactor { target, file_bytes }
    }

    /// Makes the rows of all part files visible.
    ///
    /// # Errors
    /// If it is not known whether all are; can be repeated.
    pub fn commit(&self, items: &[Item]) -> Result<(), ConnectorError> {
        let notes = self.notes()?;
        let noted: BTreeSet<&String> = notes.values().flat_map(|merge| &merge.members).collect();
        let (mut known, mut fresh) = (BTreeSet::new(), Vec::new());
        for item in items {
            let Item::Part { part, partition, .. } = item else { continue };
            let hidden = hidden_name(part)?;
            if !noted.contains(&hidden) {
                fresh.push(self.member(part, &hidden, partition)?);
            }
            known.insert(hidden);
        }
        notes.values().try_for_each(|merge| self.merge(merge))?;
        for merge in self.plan(&fresh) {
            let number: String = merge.target.bytes().map(|byte| format!("{byte:02x}")).collect();
            let name = object_name(&format!("{NOTES_FOLDER}/{number}"))?;
            unless_there(self.target.beside().put_new(&name, &merge.encode()))?;
            // If an answer was lost there is a note of this name already: what it says holds.
            let note = self.target.beside().get(&name).map_err(|error| store_error(&error))?;
            if Merge::decode(&note)? != merge {
                return Err(ConnectorError::new(format!("{}: another merge of it is noted", merge.target)));
            }
            self.merge(&merge)?;
        }
        for (name, merge) in &notes {
            if merge.members.iter().all(|member| !known.contains(member)) {
                self.target.beside().delete(name).map_err(|error| store_error(&error))?;
            }
        }
        Ok(())
    }

    fn notes(&self) -> Result<BTreeMap<ObjectName, Merge>, ConnectorError> {
        let store = self.target.beside();
        let failed = |error: StoreError| store_error(&error);
        let names = store.list(NOTES_FOLDER).map_err(failed)?.into_iter().map(|object| object.name);
        names.map(|name| Ok((name.clone(), Merge::decode(&store.get(&name).map_err(failed)?)?))).collect()
    }

    /// Makes sure that a part file can be read, under its hidden name, and how long it is.
    fn member(&self, part: &FinishedPart, hidden: &str, partition: &str) -> Result<Member, ConnectorError> {
        let (file_name, len_bytes) = match (part, &self.target) {
            (FinishedPart::File { hidden, visible }, Target::Disk { disk, .. }) => {
                let name = visible.file_name().unwrap_or_default().to_string_lossy().into_owned();
                (name, disk.metadata(hidden).map_err(|error| disk_error(&error))?.len_bytes)
            }
            (FinishedPart::Upload { name, id, parts }, Target::Store { store, .. }) => {
                upload::complete(store, name, id, parts)?;
                let file_name = name.as_str().rsplit('/').next().unwrap_or_default();
                let len_bytes = store.head(name).map_err(|error| store_error(&error))?.len_bytes;
                (file_name.trim_start_matches(UNCOMPACTED).to_string(), len_bytes)
            }
            (FinishedPart::File { .. } | FinishedPart::Upload { .. }, _) => {
                let message = format!("{hidden} was written when the table was elsewhere: its 'path' has changed");
                return Err(ConnectorError::new(message));
            }
        };
        Ok(Member { hidden: hidden.to_string(), file_name, partition: partition.to_string(), len_bytes })
    }

    /// Part files of one partition go together, in order, until a file is full.
    fn plan(&self, fresh: &[Member]) -> Vec<Merge> {
        let mut of_partition: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
        fresh.iter().for_each(|member| of_partition.entry(&member.partition).or_default().push(member));
        let mut merges: Vec<Merge> = Vec::new();
        for (partition, members) in of_partition {
            let mut room_bytes = None;
            for member in members {
                let fits = room_bytes.is_some_and(|room_bytes| member.len_bytes <= room_bytes);
                match merges.last_mut().filter(|_| fits) {
                    Some(merge) => merge.members.push(member.hidden.clone()),
                    None => {
                        room_bytes = Some(self.file_bytes);
                        let target = Target::relative(partition, &format!("compacted-{}", member.file_name));
                        merges.push(Merge { target, members: vec![member.hidden.clone()] });
                    }
                }
                room_bytes = room_bytes.map(|room_bytes| room_bytes.saturating_sub(member.len_bytes));
            }
        }
        merges
    }

    /// Makes the merged file, unless it is there, and removes its part files.
    fn merge(&self, merge: &Merge) -> Result<(), ConnectorError> {
        match &self.target {
            Target::Disk { disk, folder, .. } => {
                let failed = |error: DiskError| disk_error(&error);
                let target = folder.join(&merge.target);
                if !disk.exists(&target).map_err(failed)? {
                    let mut whole = Vec::new();
                    for member in &merge.members {
                        whole.extend(disk.read(Path::new(member)).map_err(failed)?);
                    }
                    // Hidden while it is written, and never half seen.
                    let partial = target.with_file_name(format!(".{}.merging", file_name(&merge.target)));
                    disk.persist(&partial, &whole).and_then(|()| disk.rename(&partial, &target)).map_err(failed)?;
                }
                sync_folders(disk, folder, target.parent().unwrap_or(folder)).map_err(failed)?;
                for member in merge.members.iter().map(PathBuf::from) {
                    match disk.remove_file(&member) {
                        Err(error) if !error.is_not_found() => return Err(failed(error)),
                        _ => {}
                    }
                }
            }
            Target::Store { store, .. } => {
                let failed = |error: StoreError| store_error(&error);
                let target = object_name(&merge.target)?;
                match store.head(&target) {
                    Ok(_) => {}
                    Err(error) if error.is_not_found() => {
                        let mut whole = Vec::new();
                        for member in &merge.members {
                            whole.extend(store.get(&object_name(member)?).map_err(failed)?);
                        }
                        unless_there(store.put_new(&target, &whole))?;
                    }
                    Err(error) => return Err(failed(error)),
                }
                for member in &merge.members {
                    store.delete(&object_name(member)?).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

/// How objects are called that wait for being merged: hidden from readers.
pub const UNCOMPACTED: &str = ".uncompacted-";

fn file_name(relative: &str) -> &str {
    relative.rsplit('/').next().unwrap_or(relative)
}

fn hidden_name(part: &FinishedPart) -> Result<String, ConnectorError> {
    match part {
        FinishedPart::File { hidden, .. } => path_text(hidden),
        FinishedPart::Upload { name, .. } => Ok(name.to_string()),
    }
}
