//! Named bounds of this crate, each with its unit and reason.

/// Version of the encoding of operator snapshots; every older version that a release has written stays readable.
pub const SNAPSHOT_VERSION: u32 = 1;

/// Version of runs; every older version that a release has written stays readable.
pub const RUN_VERSION: u32 = 1;

/// Version of schemas stored with state.
pub const SCHEMA_VERSION: u8 = 1;

/// Bytes after which a block of a run ends: a page of the file system, as a single key costs one block.
pub const RUN_BLOCK_BYTES: usize = 4 << 10;

/// Bytes that are read at once when a run is read from front to back: few requests to a disk, little memory for a merge of many runs.
pub const RUN_READ_AHEAD_BYTES: usize = 256 << 10;

/// An incremental checkpoint whose deltas would be larger than its base divided by this writes everything: what is read at a restore stays
/// below 1.5 times the state.
pub const DELTAS_PER_BASE_DIVISOR: u64 = 2;

/// A delta at most this many times as large as a new one is written again as part of it: the number of runs stays logarithmic.
pub const LEVEL_GROWTH_FACTOR: u64 = 1;

/// Checkpoints that a table remembers while they are not known to be complete; an older one that completes after all is not referred to.
pub const PENDING_CHECKPOINTS_MAX: usize = 32;

/// Changes that a table remembers for each entry (4 bytes, or a removed key); beyond that the next checkpoint writes everything.
pub const CHANGES_PER_ENTRY_MAX: usize = 2;

/// Bits of a run's filter for each key of a table on disk: about one look-up in fifty reads a block in vain.
pub const FILTER_BITS_PER_KEY: u32 = 10;

/// Runs that are merged at once, at least: fewer would write each entry too often.
pub const MERGE_RUNS_MIN: usize = 4;

/// A run is merged with newer ones that together have its size divided by this.
pub const SHARE_OF_RUN_IN_MERGE: u64 = 1;

/// Runs of a table on disk beyond which a merge is not put off any more: each look-up asks the filters of all.
pub const RUNS_MAX: usize = 24;

/// Bytes that a merge writes for each batch of rows that comes: a few milliseconds.
pub const MERGE_STEP_BYTES: u64 = 1 << 20;

/// Bytes of changed entries after which a table writes them to disk, so that a barrier never finds more.
pub const UNWRITTEN_BYTES_MAX: usize = 64 << 20;

/// Of a table's share of memory, the percentage that entries, indexes and filters may have; the rest is for writing changed entries.
pub const RESIDENT_SHARE_PERCENT: usize = 60;

/// Percentage of its limit down to which a table removes entries that have not been asked for of late, so that it does so seldom.
pub const EVICTION_TARGET_PERCENT: usize = 80;
