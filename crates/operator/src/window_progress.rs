//! How far time has come, by key group: subtasks whose barriers overtook rows stand at different watermarks, and a rescaled one has key
//! groups of several. Windows that fired before a restore stay closed: what comes for them afterwards is late.

use flott_record::key::key_group;
use flott_record::{KeyGroupRange, MIN_WATERMARK};
use flott_state::{DecodeError, SnapshotReader, SnapshotWriter, StateValue};

const STATE: &str = "progress";

/// The greatest watermark seen, also before a restore.
pub(crate) struct Progress {
    key_groups: KeyGroupRange,
    max_parallelism: u32,
    /// Of this subtask.
    own_ms: i64,
    /// Of each key group of the range while some are ahead of the subtask, as it was restored; else empty.
    of_group_ms: Vec<i64>,
}

impl Progress {
    pub(crate) fn new(key_groups: KeyGroupRange, max_parallelism: u32) -> Self {
        Progress { key_groups, max_parallelism, own_ms: MIN_WATERMARK, of_group_ms: Vec::new() }
    }

    /// Of the subtask.
    pub(crate) fn ms(&self) -> i64 {
        self.own_ms
    }

    /// The watermark advanced.
    pub(crate) fn advance(&mut self, watermark_ms: i64) {
        self.own_ms = self.own_ms.max(watermark_ms);
        if !self.of_group_ms.is_empty() && self.of_group_ms.iter().all(|at_ms| *at_ms <= self.own_ms) {
            self.of_group_ms.clear();
        }
    }

    /// Whether some key groups are ahead of the subtask.
    pub(crate) fn is_uneven(&self) -> bool {
        !self.of_group_ms.is_empty()
    }

    /// Of the key group of a key's hash.
    pub(crate) fn of_hash_ms(&self, hash: u32) -> i64 {
        if self.of_group_ms.is_empty() {
            return self.own_ms;
        }
        let group = key_group(hash, self.max_parallelism).checked_sub(self.key_groups.start);
        let of_group_ms = group.and_then(|group| self.of_group_ms.get(group as usize));
        of_group_ms.map_or(self.own_ms, |at_ms| self.own_ms.max(*at_ms))
    }

    /// Adds one entry for each range of key groups at the same time.
    pub(crate) fn snapshot(&self, writer: &mut SnapshotWriter) {
        let at_ms = |group: u32| {
            let of_group_ms = self.of_group_ms.get((group - self.key_groups.start) as usize);
            of_group_ms.map_or(self.own_ms, |at_ms| self.own_ms.max(*at_ms))
        };
        let mut start = self.key_groups.start;
        for end in self.key_groups.start + 1..=self.key_groups.end {
            if end == self.key_groups.end || at_ms(end) != at_ms(start) {
                let mut entry = Vec::new();
                ((u64::from(start), u64::from(end)), at_ms(start)).encode(&mut entry);
                writer.union(STATE, entry);
                start = end;
            }
        }
    }

    /// Takes over what former subtasks noted of the key groups that are this one's now.
    pub(crate) fn restore(&mut self, reader: &SnapshotReader<'_>) -> Result<(), DecodeError> {
        let groups = (self.key_groups.end - self.key_groups.start) as usize;
        let mut of_group_ms = vec![MIN_WATERMARK; groups];
        for mut bytes in reader.union(STATE) {
            let ((start, end), at_ms) = <((u64, u64), i64)>::decode(&mut bytes)?;
            for (group, known_ms) in (u64::from(self.key_groups.start)..).zip(&mut of_group_ms) {
                if (start..end).contains(&group) {
                    *known_ms = at_ms.max(*known_ms);
                }
            }
        }
        self.own_ms = of_group_ms.iter().copied().min().unwrap_or(MIN_WATERMARK);
        self.of_group_ms = of_group_ms;
        self.advance(self.own_ms);
        Ok(())
    }
}
