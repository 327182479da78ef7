//! A file system in memory, with faults on demand: for tests and the simulator.

mod durable;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::durable::Synced;
use super::{Disk, DiskBackend, DiskEntry, DiskError, DiskKind, DiskMetadata, DiskOperation, DiskRead, DiskWrite};
use crate::clock::Clock;

/// A file system in memory. The root directory and the current directory are there from the start. Clones share it.
#[derive(Clone)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
    clock: Clock,
}

struct State {
    nodes: BTreeMap<PathBuf, Node>,
    /// The names that a loss of power doesn't take.
    durable: BTreeMap<PathBuf, Node>,
    /// Goes up with each loss of power; files opened before fail.
    generation: u64,
    capacity_bytes: Option<u64>,
    used_bytes: u64,
    unreadable: BTreeSet<PathBuf>,
    read_only: BTreeSet<PathBuf>,
}

#[derive(Clone)]
enum Node {
    Directory { modified_ms: i64 },
    File(Arc<Mutex<FileData>>),
}

struct FileData {
    bytes: Vec<u8>,
    modified_ms: i64,
    synced: Synced,
    /// Names that the file has.
    links: usize,
}

impl MemoryDisk {
    /// An empty disk whose files are dated by `clock`.
    pub fn new(clock: Clock) -> Self {
        let mut nodes = BTreeMap::new();
        for root in ["/", "."] {
            nodes.insert(PathBuf::from(root), Node::Directory { modified_ms: clock.now_ms() });
        }
        let state = State {
            durable: nodes.clone(),
            nodes,
            generation: 0,
            capacity_bytes: None,
            used_bytes: 0,
            unreadable: BTreeSet::new(),
            read_only: BTreeSet::new(),
        };
        MemoryDisk { state: Arc::new(Mutex::new(state)), clock }
    }

    /// A handle for those who read and write it.
    pub fn disk(&self) -> Disk {
        Disk::new(Arc::new(self.clone()))
    }

    /// Fault: from now on the disk is full after `bytes` more bytes were written (room freed by removals counts
    /// again). `None` makes it unbounded.
    pub fn limit_free_bytes(&self, bytes: Option<u64>) {
        let mut state = self.lock();
        state.capacity_bytes = bytes.map(|bytes| state.used_bytes.saturating_add(bytes));
    }

    /// Fault: reading the file at `path` fails (opening it doesn't) until [`MemoryDisk::heal`].
    pub fn fail_reads_of(&self, path: &Path) {
        self.lock().unreadable.insert(normal(path));
    }

    /// Fault: nothing at or below `path` can be created, written, renamed or removed until [`MemoryDisk::heal`].
    pub fn deny_changes_below(&self, path: &Path) {
        self.lock().read_only.insert(normal(path));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.capacity_bytes = None;
        state.unreadable.clear();
        state.read_only.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_write(&self, path: &Path, mode: Mode) -> Result<Box<dyn DiskWrite>, DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Create, path, os_error(kind));
        let key = normal(path);
        let mut state = self.lock();
        state.require_writable(&key).map_err(failed)?;
        let data = match state.nodes.get(&key) {
            Some(Node::Directory { .. }) => return Err(failed(io::ErrorKind::IsADirectory)),
            Some(Node::File(_)) if mode == Mode::New => return Err(failed(io::ErrorKind::AlreadyExists)),
            Some(Node::File(data)) => data.clone(),
            None => {
                state.require_directory(&parent_of(&key)).map_err(failed)?;
                let data = Arc::new(Mutex::new(FileData {
                    bytes: Vec::new(),
                    modified_ms: self.clock.now_ms(),
                    synced: Synced::Prefix(0),
                    links: 1,
                }));
                state.nodes.insert(key, Node::File(data.clone()));
                data
            }
        };
        if mode == Mode::Truncate {
            let mut file = data.lock().unwrap_or_else(PoisonError::into_inner);
            state.used_bytes -= file.bytes.len() as u64;
            file.empty();
            file.modified_ms = self.clock.now_ms();
        }
        let generation = state.generation;
        Ok(Box::new(MemoryWriter { disk: self.clone(), path: path.to_path_buf(), data, generation }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Truncate,
    New,
    Append,
}

/// Linux's number of "Input/output error".
const EIO: i32 = 5;

/// The error of this kind in the operating system's words, so that messages are the same as on the real disk.
fn os_error(kind: io::ErrorKind) -> io::Error {
    let number = match kind {
        io::ErrorKind::NotFound => 2,
        io::ErrorKind::PermissionDenied => 13,
        io::ErrorKind::AlreadyExists => 17,
        io::ErrorKind::NotADirectory => 20,
        io::ErrorKind::IsADirectory => 21,
        io::ErrorKind::InvalidInput => 22,
        io::ErrorKind::StorageFull => 28,
        io::ErrorKind::DirectoryNotEmpty => 39,
        other => return io::Error::from(other),
    };
    io::Error::from_raw_os_error(number)
}

/// The path without `.` and with `..` taken back; a relative one begins with `.`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::from(if path.is_absolute() { "/" } else { "." });
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                normal.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    normal
}

fn parent_of(key: &Path) -> PathBuf {
    key.parent().map_or_else(|| key.to_path_buf(), Path::to_path_buf)
}

impl State {
    fn require_directory(&self, key: &Path) -> Result<(), io::ErrorKind> {
        match self.nodes.get(key) {
            Some(Node::Directory { .. }) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory),
            None => Err(io::ErrorKind::NotFound),
        }
    }

    fn require_writable(&self, key: &Path) -> Result<(), io::ErrorKind> {
        let is_denied = self.read_only.iter().any(|denied| key.starts_with(denied));
        if is_denied { Err(io::ErrorKind::PermissionDenied) } else { Ok(()) }
    }

    fn remove(&mut self, key: &Path) {
        if let Some(Node::File(data)) = self.nodes.remove(key) {
            let mut file = data.lock().unwrap_or_else(PoisonError::into_inner);
            file.links -= 1;
            if file.links == 0 {
                self.used_bytes -= file.bytes.len() as u64;
            }
        }
    }

    /// The keys of `directory` and of all below it.
    fn below(&self, directory: &Path) -> Vec<PathBuf> {
        let from_here = self.nodes.range(directory.to_path_buf()..);
        from_here.map(|(key, _)| key).take_while(|key| key.starts_with(directory)).cloned().collect()
    }
}

fn metadata_of(node: &Node) -> DiskMetadata {
    match node {
        Node::Directory { modified_ms } => {
            DiskMetadata { kind: DiskKind::Directory, len_bytes: 0, modified_ms: *modified_ms }
        }
        Node::File(data) => {
            let file = data.lock().unwrap_or_else(PoisonError::into_inner);
            DiskMetadata { kind: DiskKind::File, len_bytes: file.bytes.len() as u64, modified_ms: file.modified_ms }
        }
    }
}

impl DiskBackend for MemoryDisk {
    fn open_read(&self, path: &Path) -> Result<Box<dyn DiskRead>, DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Open, path, os_error(kind));
        match self.lock().nodes.get(&normal(path)) {
            Some(Node::File(data)) => Ok(Box::new(MemoryReader {
                disk: self.clone(),
                path: path.to_path_buf(),
                data: data.clone(),
                position_bytes: 0,
            })),
            Some(Node::Directory { .. }) => Err(failed(io::ErrorKind::IsADirectory)),
            None => Err(failed(io::ErrorKind::NotFound)),
        }
    }

    fn create(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        self.open_write(path, Mode::Truncate)
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        self.open_write(path, Mode::New)
    }

    fn append(&self, path: &Path) -> Result<Box<dyn DiskWrite>, DiskError> {
        self.open_write(path, Mode::Append)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Rename, from, os_error(kind));
        let (from_key, to_key) = (normal(from), normal(to));
        let mut state = self.lock();
        state.require_writable(&from_key).and_then(|()| state.require_writable(&to_key)).map_err(failed)?;
        state.require_directory(&parent_of(&to_key)).map_err(failed)?;
        let from_is_file = match state.nodes.get(&from_key) {
            Some(node) => matches!(node, Node::File(_)),
            None => return Err(failed(io::ErrorKind::NotFound)),
        };
        if from_key == to_key {
            return Ok(());
        }
        match state.nodes.get(&to_key) {
            None => {}
            Some(Node::File(_)) if from_is_file => state.remove(&to_key),
            Some(Node::File(_)) => return Err(failed(io::ErrorKind::NotADirectory)),
            Some(Node::Directory { .. }) if from_is_file => return Err(failed(io::ErrorKind::IsADirectory)),
            Some(Node::Directory { .. }) if state.below(&to_key).len() > 1 => {
                return Err(failed(io::ErrorKind::DirectoryNotEmpty));
            }
            Some(Node::Directory { .. }) => state.remove(&to_key),
        }
        if to_key.starts_with(&from_key) {
            return Err(failed(io::ErrorKind::InvalidInput));
        }
        state.move_durable(&from_key, &to_key);
        for key in state.below(&from_key) {
            if let (Some(node), Ok(rest)) = (state.nodes.remove(&key), key.strip_prefix(&from_key)) {
                let moved = if rest.as_os_str().is_empty() { to_key.clone() } else { to_key.join(rest) };
                state.nodes.insert(moved, node);
            }
        }
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Link, to, os_error(kind));
        let (from_key, to_key) = (normal(from), normal(to));
        let mut state = self.lock();
        state.require_writable(&to_key).map_err(failed)?;
        state.require_directory(&parent_of(&to_key)).map_err(failed)?;
        let data = match state.nodes.get(&from_key) {
            Some(Node::File(data)) => data.clone(),
            Some(Node::Directory { .. }) => return Err(failed(io::ErrorKind::PermissionDenied)),
            None => return Err(failed(io::ErrorKind::NotFound)),
        };
        if state.nodes.contains_key(&to_key) {
            return Err(failed(io::ErrorKind::AlreadyExists));
        }
        data.lock().unwrap_or_else(PoisonError::into_inner).links += 1;
        state.nodes.insert(to_key, Node::File(data));
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Remove, path, os_error(kind));
        let (key, mut state) = (normal(path), self.lock());
        state.require_writable(&key).map_err(failed)?;
        match state.nodes.get(&key) {
            Some(Node::File(_)) => {
                state.remove(&key);
                Ok(())
            }
            Some(Node::Directory { .. }) => Err(failed(io::ErrorKind::IsADirectory)),
            None => Err(failed(io::ErrorKind::NotFound)),
        }
    }

    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Remove, path, os_error(kind));
        let (key, mut state) = (normal(path), self.lock());
        state.require_writable(&key).and_then(|()| state.require_directory(&key)).map_err(failed)?;
        if state.below(&key).len() > 1 {
            return Err(failed(io::ErrorKind::DirectoryNotEmpty));
        }
        state.remove(&key);
        Ok(())
    }

    fn remove_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Remove, path, os_error(kind));
        let (key, mut state) = (normal(path), self.lock());
        state.require_writable(&key).and_then(|()| state.require_directory(&key)).map_err(failed)?;
        for below in state.below(&key) {
            state.remove(&below);
        }
        Ok(())
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        let mut state = self.lock();
        let key = normal(path);
        let mut missing: Vec<PathBuf> = Vec::new();
        for ancestor in key.ancestors().filter(|ancestor| !ancestor.as_os_str().is_empty()) {
            match state.nodes.get(ancestor) {
                None => missing.push(ancestor.to_path_buf()),
                Some(Node::Directory { .. }) => break,
                Some(Node::File(_)) => {
                    let source = os_error(io::ErrorKind::NotADirectory);
                    return Err(DiskError::new(DiskOperation::CreateDirectory, path, source));
                }
            }
        }
        if let Some(denied) = missing.iter().find(|directory| state.require_writable(directory).is_err()) {
            return Err(DiskError::new(
                DiskOperation::CreateDirectory,
                denied,
                os_error(io::ErrorKind::PermissionDenied),
            ));
        }
        for directory in missing {
            state.nodes.insert(directory, Node::Directory { modified_ms: self.clock.now_ms() });
        }
        Ok(())
    }

    fn list(&self, directory: &Path) -> Result<Vec<DiskEntry>, DiskError> {
        let (key, state) = (normal(directory), self.lock());
        state.require_directory(&key).map_err(|kind| DiskError::new(DiskOperation::List, directory, os_error(kind)))?;
        let mut entries: Vec<DiskEntry> = state
            .nodes
            .range(key.clone()..)
            .take_while(|(path, _)| path.starts_with(&key))
            .filter(|(path, _)| path.parent() == Some(&key))
            .filter_map(|(path, node)| {
                let name = path.file_name()?.to_string_lossy().into_owned();
                Some(DiskEntry { path: directory.join(&name), name, metadata: metadata_of(node) })
            })
            .collect();
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> Result<DiskMetadata, DiskError> {
        let state = self.lock();
        state
            .nodes
            .get(&normal(path))
            .map(metadata_of)
            .ok_or_else(|| DiskError::new(DiskOperation::Metadata, path, os_error(io::ErrorKind::NotFound)))
    }

    fn sync_dir(&self, directory: &Path) -> Result<(), DiskError> {
        let failed = |kind: io::ErrorKind| DiskError::new(DiskOperation::Sync, directory, os_error(kind));
        let (key, mut state) = (normal(directory), self.lock());
        state.require_directory(&key).map_err(failed)?;
        state.sync_names(&key);
        Ok(())
    }
}

struct MemoryReader {
    disk: MemoryDisk,
    path: PathBuf,
    data: Arc<Mutex<FileData>>,
    position_bytes: u64,
}

impl DiskRead for MemoryReader {
    fn len_bytes(&self) -> Result<u64, DiskError> {
        Ok(self.data.lock().unwrap_or_else(PoisonError::into_inner).bytes.len() as u64)
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        if self.disk.lock().unreadable.contains(&normal(&self.path)) {
            let source = io::Error::from_raw_os_error(EIO);
            return Err(DiskError::new(DiskOperation::Read, &self.path, source));
        }
        let file = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        let start = usize::try_from(offset_bytes).unwrap_or(usize::MAX).min(file.bytes.len());
        let count = buffer.len().min(file.bytes.len() - start);
        buffer[..count].copy_from_slice(&file.bytes[start..start + count]);
        Ok(count)
    }
}

impl Read for MemoryReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.read_at(self.position_bytes, buffer).map_err(DiskError::into_io)?;
        self.position_bytes += count as u64;
        Ok(count)
    }
}

impl Seek for MemoryReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let target = match position {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(offset) => self.position_bytes.checked_add_signed(offset),
            SeekFrom::End(offset) => self.len_bytes().map_err(DiskError::into_io)?.checked_add_signed(offset),
        };
        self.position_bytes = target.ok_or_else(|| {
            let source = os_error(io::ErrorKind::InvalidInput);
            DiskError::new(DiskOperation::Read, &self.path, source).into_io()
        })?;
        Ok(self.position_bytes)
    }
}

struct MemoryWriter {
    disk: MemoryDisk,
    path: PathBuf,
    data: Arc<Mutex<FileData>>,
    generation: u64,
}

impl MemoryWriter {
    /// Fails where the power went, or the permission, since the file was opened.
    fn require_writable(&self, state: &State, operation: DiskOperation) -> Result<(), DiskError> {
        let failed = |source| DiskError::new(operation, &self.path, source);
        if state.generation != self.generation {
            return Err(failed(io::Error::from_raw_os_error(EIO)));
        }
        state.require_writable(&normal(&self.path)).map_err(|kind| failed(os_error(kind)))
    }
}

impl Write for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.lock();
        self.require_writable(&state, DiskOperation::Write).map_err(DiskError::into_io)?;
        let free_bytes = state.capacity_bytes.map_or(u64::MAX, |capacity| capacity.saturating_sub(state.used_bytes));
        let count = bytes.len().min(usize::try_from(free_bytes).unwrap_or(usize::MAX));
        if count == 0 && !bytes.is_empty() {
            let source = os_error(io::ErrorKind::StorageFull);
            return Err(DiskError::new(DiskOperation::Write, &self.path, source).into_io());
        }
        state.used_bytes += count as u64;
        let mut file = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        file.bytes.extend_from_slice(&bytes[..count]);
        file.modified_ms = self.disk.clock.now_ms();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskWrite for MemoryWriter {
    fn sync(&mut self) -> Result<(), DiskError> {
        let state = self.disk.lock();
        self.require_writable(&state, DiskOperation::Sync)?;
        self.data.lock().unwrap_or_else(PoisonError::into_inner).sync();
        Ok(())
    }
}
