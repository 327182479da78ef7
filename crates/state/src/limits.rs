//! Named bounds of this crate, each with its unit and reason.

/// Version of the encoding of operator snapshots; every older version that a release has written stays readable.
pub const SNAPSHOT_VERSION: u32 = 1;
