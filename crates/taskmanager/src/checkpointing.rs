//! How a job takes checkpoints, and where they are kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_checkpoint::AlignmentMode;
use flott_checkpoint::coordinator::CoordinatorSettings;
use flott_checkpoint::layout::JobLayout;
use flott_checkpoint::references::ReferenceEvent;
use flott_checkpoint::settings::CheckpointSettings;
use flott_checkpoint::store::{JobEnding, Keeper, Located, Retention, SnapshotReader, SnapshotWriter, StoreOpener};
use flott_environment::{Environment, ObjectName, Store};
use flott_state::StateSettings;

use crate::failure::JobError;
use crate::limits::STATE_INLINE_BYTES;

/// How a job takes checkpoints: Flink's `execution.checkpointing.*`.
#[derive(Clone, Debug)]
pub struct Checkpointing {
    /// When.
    pub coordinator: CoordinatorSettings,
    /// How barriers are aligned.
    pub alignment: AlignmentMode,
    /// Folder or address under which checkpoints are kept (`dir`); `None` keeps them in this process's memory.
    pub dir: Option<String>,
    /// Where savepoints go that are asked for without a place (`savepoint-dir`).
    pub savepoint_dir: Option<String>,
    /// Bytes of state up to which a piece lies in the metadata instead of an object of its own (`data-inline-threshold`).
    pub inline_bytes_max: u64,
    /// Complete checkpoints that are kept (`num-retained`).
    pub retained_max: usize,
    /// What becomes of them at the end (`externalized-checkpoint-retention`).
    pub retention: Retention,
    /// Where the state is that they are taken of.
    pub state: StateSettings,
}

impl Default for Checkpointing {
    /// Only when asked for, in memory.
    fn default() -> Self {
        Checkpointing {
            coordinator: CoordinatorSettings { final_checkpoint: false, ..CoordinatorSettings::default() },
            alignment: CheckpointSettings::default().alignment,
            dir: None,
            savepoint_dir: None,
            inline_bytes_max: STATE_INLINE_BYTES,
            retained_max: 1,
            retention: Retention::NotRetained,
            state: StateSettings::default(),
        }
    }
}

impl From<CheckpointSettings> for Checkpointing {
    fn from(settings: CheckpointSettings) -> Self {
        Checkpointing { alignment: settings.alignment, ..Checkpointing::default() }
    }
}

/// Opens stores of checkpoints and savepoints.
pub fn store_opener(environment: &Environment) -> StoreOpener {
    let environment = environment.clone();
    Arc::new(move |location| environment.open_protected_store(location).map_err(|error| error.to_string()))
}

/// The checkpoints of one job, taken over by one attempt to run it.
pub struct CheckpointStorage {
    pub(crate) keeper: SharedKeeper,
    pub(crate) writer: SnapshotWriter,
    pub(crate) reader: SnapshotReader,
    pub(crate) layout: JobLayout,
    pub(crate) open: StoreOpener,
    /// Where the job's folder is, for messages; empty in memory.
    pub(crate) location: String,
    pub(crate) epoch: u64,
    /// The greatest id that was ever used for the job.
    pub(crate) last_id: u64,
    /// What references have to know of the checkpoint that the job goes on from.
    pub(crate) restored: Option<ReferenceEvent>,
    /// Objects of another job's checkpoint that this job owns now.
    pub(crate) claimed: Vec<ObjectName>,
}

/// A keeper that actions of the I/O pool use in turn.
#[derive(Clone)]
pub(crate) struct SharedKeeper(Arc<Mutex<Keeper>>);

impl SharedKeeper {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Keeper> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CheckpointStorage {
    /// Takes the job's checkpoints over. Also returns the newest complete one. Those that no place is given for are kept in `memory`. Blocks.
    ///
    /// # Errors
    /// If the place cannot be used, or what lies there cannot be read.
    pub fn open(
        environment: &Environment,
        checkpointing: &Checkpointing,
        job_id: &str,
        memory: &Store,
    ) -> Result<(Self, Option<Located>), JobError> {
        let rejected = |reason: String| JobError::Rejected(format!("no checkpoints can be kept: {reason}"));
        let (store, location) = match &checkpointing.dir {
            None => (memory.clone(), String::new()),
            Some(dir) => {
                let store = environment.open_protected_store(dir).map_err(|error| rejected(error.to_string()))?;
                (store, format!("{}/{job_id}", dir.trim_end_matches('/')))
            }
        };
        let layout = JobLayout::new(job_id).map_err(|error| rejected(error.to_string()))?;
        let (writer, open) = (environment.random_seed(), store_opener(environment));
        let (keeper, newest, last_id) = Keeper::take_over(store.clone(), open.clone(), layout.clone(), writer)
            .map_err(|fault| rejected(fault.to_string()))?;
        let mut storage = CheckpointStorage {
            epoch: keeper.epoch(),
            reader: keeper.reader().clone(),
            keeper: SharedKeeper(Arc::new(Mutex::new(keeper))),
            writer: SnapshotWriter::new(store, writer),
            layout,
            open,
            location,
            last_id,
            restored: None,
            claimed: Vec::new(),
        };
        if let Some(located) = &newest {
            storage.restored = Some(reference(located, true));
        }
        Ok((storage, newest))
    }

    /// A reader of the job's checkpoints.
    pub fn reader(&self) -> &SnapshotReader {
        &self.reader
    }

    /// The job goes on from another job's checkpoint or savepoint, and owns it from now on or not.
    ///
    /// # Errors
    /// If it is to be owned but lies elsewhere.
    pub fn adopt(&mut self, located: &Located, is_claimed: bool) -> Result<(), JobError> {
        let (own, other) = (self.writer.store().location(), located.store.location());
        if is_claimed && own != other {
            return Err(JobError::Rejected(format!(
                "not supported: execution.state-recovery.claim-mode CLAIM of a snapshot in {other} by a job whose checkpoints are in {own}"
            )));
        }
        if is_claimed {
            self.keeper.lock().claim(located.entry.clone());
            self.claimed.push(located.metadata.own_name.clone());
            self.claimed.extend(located.metadata.objects().map(|object| object.name.clone()));
        }
        self.restored = Some(reference(located, is_claimed));
        self.last_id = self.last_id.max(located.metadata.checkpoint_id);
        Ok(())
    }

    /// Ids are to be above this one too.
    pub(crate) fn above(mut self, checkpoint_id: u64) -> Self {
        self.last_id = self.last_id.max(checkpoint_id);
        self
    }

    /// Deletes objects that no checkpoint needs. Blocks.
    pub(crate) fn delete(&self, names: &[ObjectName]) -> Result<(), String> {
        self.keeper.lock().delete(names).map_err(|error| error.to_string())
    }

    /// The job has ended for good: removes its checkpoints unless they are to be kept. Blocks.
    ///
    /// # Errors
    /// Why something was left.
    pub fn end(&self, retention: Retention, ending: JobEnding) -> Result<(), String> {
        if retention.keeps(ending) { Ok(()) } else { self.keeper.lock().release(&self.claimed) }
    }
}

fn reference(located: &Located, is_claimed: bool) -> ReferenceEvent {
    let metadata = &located.metadata;
    ReferenceEvent::Restored {
        checkpoint_id: metadata.checkpoint_id,
        metadata: metadata.own_name.clone(),
        objects: metadata
            .objects()
            .filter(|object| object.location.is_none())
            .map(|object| object.name.clone())
            .collect(),
        is_claimed,
    }
}
