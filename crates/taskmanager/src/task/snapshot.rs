//! A subtask's part of a checkpoint, until it is whole: the states that the barrier found, and the in-flight data that it overtook.

use flott_connector::Committable;
use flott_exchange::{InFlight, Owner, RecoveredChannel, Recovery, Route};
use flott_record::{KeyGroupRange, MIN_WATERMARK};
use flott_state::{OperatorSnapshot, SnapshotReader, SnapshotWriter, StateValue};

use crate::message::TaskState;

/// What follows the uid of a vertex's first operator in the uid under which its in-flight data is kept.
pub(crate) const IN_FLIGHT_SUFFIX: &str = "/in-flight";

/// Names of the states there: one record a channel, and the merged watermark of each input.
pub(crate) const CHANNELS: &str = "channels";
pub(crate) const WATERMARKS: &str = "watermarks";

/// The uid under which the in-flight data of a vertex is kept.
pub(crate) fn in_flight_uid(first_uid: &str) -> String {
    format!("{first_uid}{IN_FLIGHT_SUFFIX}")
}

/// The part of a checkpoint under way. The barrier's passing gives the state, the input gate the in-flight data; either comes first.
#[derive(Default)]
pub(crate) struct Parts {
    checkpoint_id: u64,
    state: Option<TaskState>,
    in_flight: Option<InFlight>,
    /// Checkpoints up to this one are given up here.
    given_up_id: u64,
}

impl Parts {
    /// The barrier has passed. Returns what was prepared for a checkpoint that is given up, this one or an older one.
    pub(crate) fn add_state(&mut self, checkpoint_id: u64, state: TaskState) -> Vec<Committable> {
        if checkpoint_id <= self.given_up_id {
            return state.committables;
        }
        let displaced = self.begin(checkpoint_id);
        self.state = Some(state);
        displaced
    }

    /// The in-flight data is complete. Returns as [`Parts::add_state`].
    pub(crate) fn add_in_flight(&mut self, checkpoint_id: u64, in_flight: InFlight) -> Vec<Committable> {
        if checkpoint_id <= self.given_up_id {
            return Vec::new();
        }
        let displaced = self.begin(checkpoint_id);
        self.in_flight = Some(in_flight);
        displaced
    }

    /// The checkpoint is given up. Returns what was prepared for it.
    pub(crate) fn give_up(&mut self, checkpoint_id: u64) -> Vec<Committable> {
        self.given_up_id = self.given_up_id.max(checkpoint_id);
        if self.checkpoint_id > checkpoint_id {
            return Vec::new();
        }
        self.in_flight = None;
        self.state.take().map(|state| state.committables).unwrap_or_default()
    }

    /// The whole, if it is whole.
    pub(crate) fn take(&mut self) -> Option<(u64, TaskState, InFlight)> {
        self.in_flight.as_ref()?;
        let state = self.state.take()?;
        Some((self.checkpoint_id, state, self.in_flight.take()?))
    }

    /// Makes a checkpoint the one under way; of an older one what was prepared is left.
    fn begin(&mut self, checkpoint_id: u64) -> Vec<Committable> {
        if self.checkpoint_id == checkpoint_id {
            return Vec::new();
        }
        self.checkpoint_id = checkpoint_id;
        self.in_flight = None;
        self.state.take().map(|state| state.committables).unwrap_or_default()
    }
}

/// In-flight data as an operator's snapshot.
///
/// # Errors
/// Says what cannot be written.
pub(crate) fn in_flight_state(
    in_flight: &InFlight,
    (subtask, parallelism): (u32, u32),
    max_parallelism: u32,
) -> Result<Vec<u8>, String> {
    let mut writer = SnapshotWriter::new(max_parallelism);
    for record in in_flight.records().map_err(|error| error.to_string())? {
        writer.union(CHANNELS, record);
    }
    for (input, watermark_ms) in in_flight.watermarks_ms.iter().enumerate() {
        let mut entry = Vec::new();
        ((input as u64, place(subtask, parallelism)), *watermark_ms).encode(&mut entry);
        writer.union(WATERMARKS, entry);
    }
    let snapshot = writer.finish().map_err(|error| error.to_string())?;
    Ok(snapshot.to_bytes())
}

/// A subtask and the parallelism it belongs to, as one number.
fn place(subtask: u32, parallelism: u32) -> u64 {
    u64::from(subtask) << 32 | u64::from(parallelism)
}

/// What a subtask replays: its share of the in-flight data of all former subtasks. `edges` are those that lead into it, each with its input.
///
/// # Errors
/// Says what is damaged or doesn't fit.
pub(crate) fn recovery(
    snapshots: &[OperatorSnapshot],
    owner: Owner,
    edges: &[(usize, Route)],
    inputs: usize,
) -> Result<Recovery, String> {
    let reader = SnapshotReader::new(
        snapshots,
        KeyGroupRange::of_subtask(owner.subtask, owner.parallelism, owner.max_parallelism),
        owner.subtask,
        owner.parallelism,
    );
    let routes: Vec<Route> = edges.iter().map(|(_, route)| route.clone()).collect();
    let mut channels = Vec::new();
    for record in reader.union(CHANNELS) {
        let channel = RecoveredChannel::of_bytes(record, owner, &routes).map_err(|error| error.to_string())?;
        channels.extend(channel.map(|channel| (edges[channel.id.edge as usize].0, channel)));
    }
    let mut entries = Vec::new();
    for mut bytes in reader.union(WATERMARKS) {
        entries.push(<((u64, u64), i64)>::decode(&mut bytes).map_err(|error| error.to_string())?);
    }
    let watermarks_ms = (0..inputs).map(|input| restored_watermark_ms(&entries, input as u64, owner)).collect();
    Ok(Recovery::new(channels, watermarks_ms))
}

/// The merged watermark from which an input goes on: that of the same subtask, or the least of all if the parallelism is another one.
fn restored_watermark_ms(entries: &[((u64, u64), i64)], input: u64, owner: Owner) -> i64 {
    let of_input = || entries.iter().filter(|((of, _), _)| *of == input);
    let own = of_input().find(|((_, at), _)| *at == place(owner.subtask, owner.parallelism));
    if let Some((_, watermark_ms)) = own {
        return *watermark_ms;
    }
    // A subtask without an entry had no watermark.
    let former = of_input().map(|((_, at), _)| *at & u64::from(u32::MAX)).max().unwrap_or(0);
    let is_complete = of_input().count() as u64 == former;
    of_input().map(|(_, watermark_ms)| *watermark_ms).min().filter(|_| is_complete).unwrap_or(MIN_WATERMARK)
}
