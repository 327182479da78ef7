//! A channel's record, as the subtask sees it that replays it: decoded one element at a time, so that recovery holds one batch more than
//! the bytes that are there anyway.

use arrow_array::BooleanArray;
use flott_record::key::key_group;
use flott_record::{Batch, Element, KeyGroupRange};

use super::encode::{ACTIVE, BATCH, IDLE, WATERMARK, code_of_route};
use super::{CapturedChannel, ChannelId, IN_FLIGHT_VERSION, InFlightError, Route, frame};

/// Which subtask replays.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Its position.
    pub subtask: u32,
    /// Number of subtasks.
    pub parallelism: u32,
    /// Number of key groups of the job.
    pub max_parallelism: u32,
}

impl Owner {
    fn key_groups(&self) -> KeyGroupRange {
        KeyGroupRange::of_subtask(self.subtask, self.parallelism, self.max_parallelism)
    }
}

/// The record of a channel, replayed from `position` on.
#[derive(Clone, Debug)]
pub struct RecoveredChannel {
    /// Which channel it was.
    pub id: ChannelId,
    /// The subtasks that received then.
    pub receivers: u32,
    /// Its watermark when the snapshot was taken.
    pub watermark_ms: i64,
    /// Whether it was idle then.
    pub is_idle: bool,
    route: Route,
    owner: Owner,
    bytes: Vec<u8>,
    position: usize,
}

const HEADER_BYTES: usize = 4 * 5 + 1 + 8 + 1;

fn take<const N: usize>(bytes: &[u8], position: &mut usize) -> Result<[u8; N], InFlightError> {
    let end = position.saturating_add(N);
    let taken = bytes.get(*position..end).and_then(|slice| slice.try_into().ok());
    *position = end;
    taken.ok_or_else(|| InFlightError::Damaged(format!("it ends at byte {}, {end} are wanted", bytes.len())))
}

impl RecoveredChannel {
    /// The channel of a record; `None` if nothing of it belongs to this subtask. `routes` are those of the edges that lead into it now.
    ///
    /// # Errors
    /// If the bytes are no record of a known version, or of an edge that is not there or routes otherwise.
    pub fn of_bytes(bytes: &[u8], owner: Owner, routes: &[Route]) -> Result<Option<Self>, InFlightError> {
        let mut at = 0;
        let version = u32::from_le_bytes(take(bytes, &mut at)?);
        if version != IN_FLIGHT_VERSION {
            return Err(InFlightError::Damaged(format!("version {version} is not known, {IN_FLIGHT_VERSION} is")));
        }
        let mut number = || take(bytes, &mut at).map(u32::from_le_bytes);
        let (edge, sender, receiver, receivers) = (number()?, number()?, number()?, number()?);
        let [route] = take(bytes, &mut at)?;
        let watermark_ms = i64::from_le_bytes(take(bytes, &mut at)?);
        let [is_idle] = take(bytes, &mut at)?;
        if receivers == 0 || receiver >= receivers || receivers > owner.max_parallelism {
            return Err(InFlightError::Damaged(format!("receiver {receiver} of {receivers}")));
        }
        let route_now = routes.get(edge as usize).filter(|now| code_of_route(now) == route);
        let route_now = route_now.ok_or_else(|| {
            InFlightError::Damaged(format!(
                "it came over input edge {edge}, which the job has not, or partitions otherwise"
            ))
        })?;
        let is_own = match route_now {
            Route::Hash { .. } => {
                let before = KeyGroupRange::of_subtask(receiver, receivers, owner.max_parallelism);
                let own = owner.key_groups();
                (0..owner.max_parallelism).any(|group| before.contains(group) && own.contains(group))
            }
            Route::Any => receiver % owner.parallelism == owner.subtask,
            Route::First => owner.subtask == 0,
            // It has no rows, but holds the watermark of all.
            Route::Fixed => true,
        };
        Ok(is_own.then(|| RecoveredChannel {
            id: ChannelId { edge, sender, receiver },
            receivers,
            watermark_ms,
            is_idle: is_idle != 0,
            route: route_now.clone(),
            owner,
            bytes: bytes.to_vec(),
            position: HEADER_BYTES,
        }))
    }

    /// The next element of this subtask; `None` at the end.
    ///
    /// # Errors
    /// If the record is damaged.
    pub fn next_element(&mut self) -> Result<Option<Element>, InFlightError> {
        while self.position < self.bytes.len() {
            let [tag] = take(&self.bytes, &mut self.position)?;
            match tag {
                BATCH => {
                    let batch = self.take_batch()?;
                    if !batch.is_empty() {
                        return Ok(Some(Element::Batch(batch)));
                    }
                }
                WATERMARK => {
                    self.watermark_ms = i64::from_le_bytes(take(&self.bytes, &mut self.position)?);
                    return Ok(Some(Element::Watermark(self.watermark_ms)));
                }
                IDLE | ACTIVE => {
                    self.is_idle = tag == IDLE;
                    return Ok(Some(if self.is_idle { Element::Idle } else { Element::Active }));
                }
                other => return Err(InFlightError::Damaged(format!("element {other} is not known"))),
            }
        }
        Ok(None)
    }

    /// Whether all of it was replayed.
    pub fn is_empty(&self) -> bool {
        self.position >= self.bytes.len()
    }

    fn take_batch(&mut self) -> Result<Batch, InFlightError> {
        let length = u64::from_le_bytes(take(&self.bytes, &mut self.position)?) as usize;
        let end = self.position.saturating_add(length);
        let bytes = self.bytes.get(self.position..end);
        let bytes = bytes.ok_or_else(|| InFlightError::Damaged("a frame ends early".to_string()))?;
        let (batch, hashes) = frame::decode(bytes)?;
        self.position = end;
        if !matches!(self.route, Route::Hash { .. }) {
            return Ok(batch);
        }
        let hashes = hashes.ok_or_else(|| InFlightError::Damaged("rows of a hash edge have no hashes".to_string()))?;
        let (own, max_parallelism) = (self.owner.key_groups(), self.owner.max_parallelism);
        let keep: Vec<bool> = hashes.iter().map(|hash| own.contains(key_group(*hash, max_parallelism))).collect();
        Ok(batch.filter(&BooleanArray::from(keep))?)
    }

    /// What is left, as a channel into this subtask alone: rows that others got are left out, so that no row is captured twice.
    ///
    /// # Errors
    /// If the record is damaged.
    pub fn rest(&self) -> Result<CapturedChannel, InFlightError> {
        let mut left = self.clone();
        let mut elements = Vec::new();
        while let Some(element) = left.next_element()? {
            elements.push(element);
        }
        Ok(CapturedChannel {
            id: ChannelId { receiver: self.owner.subtask, ..self.id },
            route: self.route.clone(),
            receivers: self.owner.parallelism,
            watermark_ms: self.watermark_ms,
            is_idle: self.is_idle,
            elements,
        })
    }
}
