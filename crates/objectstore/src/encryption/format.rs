//! The form of an encrypted object, version 1: a header of 128 bytes, then chunks of 64 KiB, each with a tag of 16 bytes.
//!
//! ```text
//! 0    4   magic "FLTE"
//! 4    1   version: 1
//! 5    1   length of the key's id
//! 6   64   the key's id, filled with zeros
//! 70  32   salt, random for each object
//! 102 16   key check: tells a wrong key from damage
//! 118 10   zeros
//! ```
//!
//! Each object has a key of its own, derived from the configured one and its salt (HKDF-SHA256), so that counting chunks makes nonces that
//! never repeat. A chunk is sealed together with the header, its number and whether it is the last: chunks cannot be swapped or cut off unseen.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;

use super::key::EncryptionKey;
use crate::limits::ENCRYPTED_CHUNK_BYTES;

/// How encrypted objects begin.
pub(super) const MAGIC: &[u8; 4] = b"FLTE";
const VERSION: u8 = 1;
pub(super) const HEADER_BYTES: usize = 128;
pub(super) const TAG_BYTES: usize = 16;
/// Bytes of a chunk as it is stored.
const SEALED_CHUNK_BYTES: u64 = (ENCRYPTED_CHUNK_BYTES + TAG_BYTES) as u64;
const SALT: std::ops::Range<usize> = 70..102;
const CHECK: std::ops::Range<usize> = 102..118;

/// The lengths of an object and of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) plain_bytes: u64,
    chunks: u64,
}

impl Layout {
    /// The layout of so many plain bytes; an empty object has one empty chunk.
    pub(super) fn of_plain(plain_bytes: u64) -> Self {
        Layout { plain_bytes, chunks: plain_bytes.div_ceil(ENCRYPTED_CHUNK_BYTES as u64).max(1) }
    }

    /// The layout of an object of so many bytes; `None` where no object has that length.
    pub(super) fn of_stored(stored_bytes: u64) -> Option<Self> {
        let sealed = stored_bytes.checked_sub(HEADER_BYTES as u64)?;
        let chunks = sealed.div_ceil(SEALED_CHUNK_BYTES);
        let plain_bytes = sealed.checked_sub(chunks * TAG_BYTES as u64)?;
        Some(Layout::of_plain(plain_bytes)).filter(|layout| layout.chunks == chunks)
    }

    /// How many chunks it has.
    pub(super) fn chunks(self) -> u64 {
        self.chunks
    }

    /// The chunks that hold a range of plain bytes, which is not empty and lies inside.
    pub(super) fn chunks_of(self, range: &std::ops::Range<u64>) -> std::ops::Range<u64> {
        let chunk = ENCRYPTED_CHUNK_BYTES as u64;
        range.start / chunk..(range.end - 1) / chunk + 1
    }

    /// Where chunks are stored.
    pub(super) fn stored_range(self, chunks: &std::ops::Range<u64>) -> std::ops::Range<u64> {
        let header = HEADER_BYTES as u64;
        let end = if chunks.end == self.chunks {
            self.plain_bytes + self.chunks * TAG_BYTES as u64
        } else {
            chunks.end * SEALED_CHUNK_BYTES
        };
        header + chunks.start * SEALED_CHUNK_BYTES..header + end
    }
}

/// A header that was read or is to be written.
#[derive(Clone)]
pub(super) struct Header([u8; HEADER_BYTES]);

/// Why bytes are no header.
pub(super) enum NoHeader {
    /// Not an encrypted object.
    Plain,
    /// One of a version that is not known.
    Version(u8),
    /// It is cut off or wrong.
    Damaged,
}

impl Header {
    pub(super) fn new(key: &EncryptionKey, salt: [u8; 32]) -> Self {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4] = VERSION;
        bytes[5] = key.id().len() as u8;
        bytes[6..6 + key.id().len()].copy_from_slice(key.id().as_bytes());
        bytes[SALT].copy_from_slice(&salt);
        bytes[CHECK].copy_from_slice(&derived::<16>(key, &salt, b"flott check"));
        Header(bytes)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, NoHeader> {
        if !bytes.starts_with(MAGIC) {
            return Err(NoHeader::Plain);
        }
        let header: [u8; HEADER_BYTES] =
            bytes.get(..HEADER_BYTES).and_then(|bytes| bytes.try_into().ok()).ok_or(NoHeader::Damaged)?;
        match header[4] {
            VERSION if header[5] as usize <= 64 => Ok(Header(header)),
            VERSION => Err(NoHeader::Damaged),
            version => Err(NoHeader::Version(version)),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id of the key that it was written with.
    pub(super) fn key_id(&self) -> String {
        String::from_utf8_lossy(&self.0[6..6 + self.0[5] as usize]).into_owned()
    }

    /// Whether it was written with this key.
    pub(super) fn is_of(&self, key: &EncryptionKey) -> bool {
        self.0[CHECK] == derived::<16>(key, &self.0[SALT], b"flott check")
    }

    /// What seals and opens the object's chunks.
    pub(super) fn sealer(&self, key: &EncryptionKey) -> Sealer<'_> {
        let object_key = derived::<32>(key, &self.0[SALT], b"flott object");
        let unbound = UnboundKey::new(&AES_256_GCM, &object_key).expect("AES-256 has keys of 32 bytes");
        Sealer { key: LessSafeKey::new(unbound), header: self }
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Bytes that follow from a key, a salt and what they are for.
fn derived<const N: usize>(key: &EncryptionKey, salt: &[u8], purpose: &[u8]) -> [u8; N] {
    let pseudo_random = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key.bytes());
    let mut bytes = [0; N];
    pseudo_random
        .expand(&[purpose], Length(N))
        .and_then(|expanded| expanded.fill(&mut bytes))
        .expect("HKDF-SHA256 gives up to 8,160 bytes");
    bytes
}

/// Seals and opens the chunks of one object.
pub(super) struct Sealer<'a> {
    key: LessSafeKey,
    header: &'a Header,
}

impl Sealer<'_> {
    fn nonce(number: u64, is_last: bool) -> Nonce {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        bytes[8] = u8::from(is_last);
        Nonce::assume_unique_for_key(bytes)
    }

    /// The whole object.
    pub(super) fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let layout = Layout::of_plain(plain.len() as u64);
        let mut stored = Vec::with_capacity(HEADER_BYTES + plain.len() + layout.chunks as usize * TAG_BYTES);
        stored.extend_from_slice(self.header.bytes());
        for number in 0..layout.chunks {
            let start = number as usize * ENCRYPTED_CHUNK_BYTES;
            let from = stored.len();
            stored.extend_from_slice(&plain[start..plain.len().min(start + ENCRYPTED_CHUNK_BYTES)]);
            let nonce = Self::nonce(number, number + 1 == layout.chunks);
            let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(self.header.bytes()), &mut stored[from..]);
            stored.extend_from_slice(tag.expect("a chunk is far shorter than GCM's bound").as_ref());
        }
        stored
    }

    /// Plain bytes of stored chunks; the number of the first that does not verify where one doesn't.
    pub(super) fn open(&self, layout: Layout, chunks: std::ops::Range<u64>, stored: &mut [u8]) -> Result<Vec<u8>, u64> {
        let mut plain = Vec::with_capacity(stored.len());
        let mut sealed_chunks = stored.chunks_mut(SEALED_CHUNK_BYTES as usize);
        for number in chunks {
            let sealed = sealed_chunks.next().ok_or(number)?;
            let nonce = Self::nonce(number, number + 1 == layout.chunks);
            let opened = self.key.open_in_place(nonce, Aad::from(self.header.bytes()), sealed);
            plain.extend_from_slice(opened.map_err(|_| number)?);
        }
        Ok(plain)
    }
}
