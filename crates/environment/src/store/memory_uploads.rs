//! Uploads in parts, of a store in memory.

use std::collections::BTreeMap;

use crate::store::ObjectName;

/// An upload that was begun and is neither completed nor aborted.
struct Upload {
    name: ObjectName,
    parts: BTreeMap<u32, Vec<u8>>,
}

/// All uploads of a store, by their numbers, which follow from the order in which they were begun.
#[derive(Default)]
pub(super) struct Uploads {
    begun: u64,
    open: BTreeMap<String, Upload>,
}

impl Uploads {
    pub(super) fn begin(&mut self, name: &ObjectName) -> String {
        let id = format!("upload-{}", self.begun);
        self.begun += 1;
        self.open.insert(id.clone(), Upload { name: name.clone(), parts: BTreeMap::new() });
        id
    }

    /// Keeps a part and gives its id; `None` where there is no such upload.
    pub(super) fn put(&mut self, name: &ObjectName, id: &str, index: u32, bytes: &[u8]) -> Option<String> {
        let upload = self.open.get_mut(id).filter(|upload| upload.name == *name)?;
        upload.parts.insert(index, bytes.to_vec());
        Some(format!("{index}:{}", bytes.len()))
    }

    /// The bytes of all parts; `None` where there is no such upload, an error text where a part is not as it was.
    pub(super) fn assemble(&self, name: &ObjectName, id: &str, parts: &[String]) -> Option<Result<Vec<u8>, String>> {
        let upload = self.open.get(id).filter(|upload| upload.name == *name)?;
        let mut whole = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            match upload.parts.get(&(index as u32)) {
                Some(bytes) if *part == format!("{index}:{}", bytes.len()) => whole.extend_from_slice(bytes),
                _ => return Some(Err(format!("its upload {id} has no part {part}"))),
            }
        }
        Some(Ok(whole))
    }

    pub(super) fn end(&mut self, id: &str) {
        self.open.remove(id);
    }

    /// Forgets those of `folder`.
    pub(super) fn sweep(&mut self, folder: &str) -> usize {
        let before = self.open.len();
        self.open.retain(|_, upload| !upload.name.is_in(folder));
        before - self.open.len()
    }
}
