//! A run of jobs that take checkpoints in a store: full and shared files, a savepoint, a restart, a claim, the end.
//!
//! State is a function of the checkpoint's id, so that whoever recovers can tell whether it is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flott_checkpoint::TaskId;
use flott_checkpoint::coordinator::{Answer, PointerAnswer, Verdict};
use flott_checkpoint::layout::{JobLayout, savepoint_folder};
use flott_checkpoint::metadata::{Metadata, ObjectHandle, OperatorMetadata, SnapshotKind, StateHandle, StatePart};
use flott_checkpoint::references::{ReferenceAction, ReferenceEvent, References};
use flott_checkpoint::store::{Keeper, Located, SnapshotReader, SnapshotWriter, StoreOpener, StoredFault};
use flott_environment::{ObjectName, Store};

/// Bytes that belong to one part of one checkpoint and to no other.
fn content(checkpoint_id: u64, part: &str) -> Vec<u8> {
    format!("{part} of checkpoint {checkpoint_id}").into_bytes()
}

/// What was told to those who may rely on it, at some moment.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Changes of the store that had been attempted at that moment.
    pub at: usize,
    /// By job: the newest complete checkpoint.
    pub complete: BTreeMap<String, u64>,
    /// By job: the greatest id in use.
    pub begun: BTreeMap<String, u64>,
    /// Savepoints that are complete.
    pub savepoints: Vec<ObjectName>,
    /// Jobs that have ended for good.
    pub ended: BTreeSet<String>,
}

pub fn opener(store: &Store) -> StoreOpener {
    let store = store.clone();
    Arc::new(move |_| Ok(store.clone()))
}

/// One attempt to run a job.
pub struct Attempt {
    job: String,
    layout: JobLayout,
    pub keeper: Keeper,
    references: References,
    writer: SnapshotWriter,
    reader: SnapshotReader,
    last_id: u64,
    now_ms: i64,
    /// Shared objects of the newest complete checkpoint.
    shared: Vec<ObjectHandle>,
    pending_shared: Vec<ObjectHandle>,
    claimed: Vec<ObjectName>,
}

impl Attempt {
    pub fn new(store: &Store, job: &str, writer: u64) -> Result<Self, StoredFault> {
        let layout = JobLayout::new(job).expect("a name");
        let (keeper, newest, last_id) = Keeper::take_over(store.clone(), opener(store), layout.clone(), writer)?;
        let mut attempt = Attempt {
            job: job.to_string(),
            layout,
            reader: keeper.reader().clone(),
            keeper,
            references: References::new(2),
            writer: SnapshotWriter::new(store.clone(), writer),
            last_id,
            now_ms: 0,
            shared: Vec::new(),
            pending_shared: Vec::new(),
            claimed: Vec::new(),
        };
        if let Some(located) = newest {
            attempt.own(&located);
        }
        Ok(attempt)
    }

    /// The job goes on from this, which is its own.
    fn own(&mut self, located: &Located) {
        let metadata = &located.metadata;
        let restored = ReferenceEvent::Restored {
            checkpoint_id: metadata.checkpoint_id,
            metadata: metadata.own_name.clone(),
            objects: metadata.objects().map(|object| object.name.clone()).collect(),
            is_claimed: true,
        };
        self.references.step(restored, self.now_ms);
        self.last_id = self.last_id.max(metadata.checkpoint_id);
        let parts = metadata.operators.iter().flat_map(|operator| &operator.subtasks).flatten();
        self.shared = parts.filter(|part| part.is_shared).filter_map(|part| part.handle.object().cloned()).collect();
    }

    /// Owns a checkpoint of another job from now on.
    pub fn claim(&mut self, located: &Located) {
        self.own(located);
        self.keeper.claim(located.entry.clone());
        self.claimed = [located.metadata.own_name.clone()].into();
        self.claimed.extend(located.metadata.objects().map(|object| object.name.clone()));
    }

    fn metadata(&self, kind: SnapshotKind, own_name: ObjectName, parts: Vec<StatePart>) -> Metadata {
        let operator = OperatorMetadata {
            uid: "operator".to_string(),
            name: "operator".to_string(),
            states: Vec::new(),
            subtasks: vec![parts],
        };
        Metadata {
            job_id: self.job.clone(),
            job_name: "a job".to_string(),
            checkpoint_id: self.last_id,
            kind,
            epoch: self.keeper.epoch(),
            max_parallelism: 128,
            triggered_at_ms: self.now_ms,
            own_name,
            locations: Vec::new(),
            operators: vec![operator],
            sources: Vec::new(),
            sinks: Vec::new(),
            in_flight: Vec::new(),
            finished: BTreeSet::new(),
        }
    }

    /// Takes a checkpoint as the coordinator would; true if it is complete.
    pub fn checkpoint(&mut self, told: &mut Told) -> bool {
        self.last_id += 1;
        let checkpoint_id = self.last_id;
        told.begun.insert(self.job.clone(), checkpoint_id);
        self.references.begin(checkpoint_id);
        let outcome = self.collect(checkpoint_id).and_then(|metadata| self.store(metadata));
        match outcome {
            Ok(()) => {
                told.complete.insert(self.job.clone(), checkpoint_id);
                self.shared = std::mem::take(&mut self.pending_shared);
                self.forward(ReferenceEvent::Completed { checkpoint_id });
                true
            }
            Err(is_settled) => {
                self.keeper.forget(checkpoint_id);
                self.forward(ReferenceEvent::GivenUp { checkpoint_id, is_settled });
                false
            }
        }
    }

    /// Writes what the tasks have: one object of their own, one that is shared, and those shared before.
    fn collect(&mut self, checkpoint_id: u64) -> Result<Metadata, bool> {
        let folder = self.layout.checkpoint(checkpoint_id);
        let part = |role: &str, is_shared, handle| StatePart {
            role: role.to_string(),
            is_shared,
            key_groups: None,
            handle: StateHandle::Object(handle),
        };
        let own = self.writer.put_exclusive(&folder, &content(checkpoint_id, "own")).map_err(|_| true)?;
        let second = self.writer.put_exclusive(&folder, &content(checkpoint_id, "own")).map_err(|_| true)?;
        let shared = self.layout.shared();
        let shared =
            self.writer.put_shared(&shared, checkpoint_id, &content(checkpoint_id, "shared")).map_err(|_| true)?;
        // The sweeper leaves alone what is under way, also what is not registered yet.
        let under_way = BTreeSet::from([checkpoint_id]);
        let _ = self.keeper.sweep(&self.references.needed(), &under_way, self.now_ms, 0);
        // Of what was shared before, the newest is reused and older ones are dropped, as by compaction.
        let reused: Vec<ObjectHandle> = self.shared.iter().rev().take(1).cloned().collect();
        let registered = ReferenceEvent::Registered {
            checkpoint_id,
            task: TaskId { vertex: 0, subtask: 0 },
            new: vec![own.name.clone(), second.name.clone(), shared.name.clone()],
            reused: reused.iter().map(|object| object.name.clone()).collect(),
        };
        if self.forward(registered) {
            return Err(true);
        }
        let mut parts = vec![part("own", false, own), part("own", false, second)];
        self.pending_shared = reused.into_iter().chain([shared]).collect();
        parts.extend(self.pending_shared.iter().map(|object| part("shared", true, object.clone())));
        let own_name = self.writer.metadata_name(&folder).map_err(|_| true)?;
        Ok(self.metadata(SnapshotKind::Checkpoint, own_name, parts))
    }

    /// Metadata, resolved, pointer. `Err` says whether nothing of it can appear later.
    fn store(&mut self, metadata: Metadata) -> Result<(), bool> {
        let checkpoint_id = metadata.checkpoint_id;
        let own_name = metadata.own_name.clone();
        if let Answer::Failed(_) = self.keeper.write(&self.writer, &self.reader, metadata) {
            return Err(true);
        }
        self.forward(ReferenceEvent::Written { checkpoint_id, metadata: own_name });
        if self.keeper.resolve(checkpoint_id) != Verdict::Intact {
            return Err(false);
        }
        let retained = self.references.retained_with(checkpoint_id);
        for _ in 0..2 {
            match self.keeper.move_pointer(checkpoint_id, &retained) {
                PointerAnswer::Moved => {
                    // What is not pruned is pruned with the next.
                    let _ = self.keeper.prune();
                    return Ok(());
                }
                PointerAnswer::Failed(_) | PointerAnswer::Fenced(_) => return Err(false),
                PointerAnswer::Unknown(_) => {}
            }
        }
        Err(false)
    }

    /// Passes an event on and does what follows; true if something was refused.
    fn forward(&mut self, event: ReferenceEvent) -> bool {
        let mut is_refused = false;
        for action in self.references.step(event, self.now_ms) {
            match action {
                ReferenceAction::Accept { .. } => {}
                ReferenceAction::Refuse { .. } => is_refused = true,
                // What is not deleted is left to the sweeper.
                ReferenceAction::Delete { name } => drop(self.keeper.delete(&[name])),
            }
        }
        is_refused
    }

    pub fn savepoint(&mut self, told: &mut Told) {
        self.last_id += 1;
        told.begun.insert(self.job.clone(), self.last_id);
        let folder = savepoint_folder(&self.job, self.last_id);
        let Ok(own) = self.writer.put_exclusive(&folder, &content(self.last_id, "own")) else { return };
        let part =
            StatePart { role: "own".to_string(), is_shared: false, key_groups: None, handle: StateHandle::Object(own) };
        let Ok(own_name) = self.writer.metadata_name(&folder) else { return };
        let metadata = self.metadata(SnapshotKind::Savepoint, own_name.clone(), vec![part]);
        self.keeper.write(&self.writer, &self.reader, metadata);
        if self.keeper.resolve(self.last_id) == Verdict::Intact {
            told.savepoints.push(own_name);
        }
        self.keeper.forget(self.last_id);
    }

    /// Time passes, until all that is doomed goes.
    pub fn pass(&mut self) {
        self.now_ms += 10_000;
        self.forward(ReferenceEvent::Tick);
    }

    pub fn sweep(&mut self) {
        // Where it fails, the next one does it.
        let _ = self.keeper.sweep(&self.references.needed(), &BTreeSet::new(), self.now_ms, 0);
    }

    pub fn release(&mut self, told: &mut Told) -> bool {
        told.ended.insert(self.job.clone());
        (0..3).any(|_| self.keeper.release(&self.claimed).is_ok())
    }
}

/// The whole run; after each step what was told is noted with the number of changes so far.
pub fn run(store: &Store, attempted: &dyn Fn() -> usize) -> Vec<Told> {
    let mut told = Told::default();
    let mut history = vec![told.clone()];
    let mut note = |told: &mut Told| {
        told.at = attempted();
        history.push(told.clone());
    };
    let Some(mut first) = attempt(store, "first", 1) else { return history };
    for step in 0..4 {
        first.checkpoint(&mut told);
        note(&mut told);
        if step == 1 {
            first.savepoint(&mut told);
            note(&mut told);
        }
        first.pass();
    }
    // A restart: the old attempt is gone, a new one goes on from what it finds.
    let Some(mut again) = attempt(store, "first", 2) else { return history };
    for _ in 0..2 {
        again.checkpoint(&mut told);
        note(&mut told);
        again.pass();
        again.sweep();
    }
    let layout = JobLayout::new("first").expect("a name");
    let Ok(Some(located)) = again.keeper.reader().newest(&layout) else { return history };
    // Another job claims the newest checkpoint; the first is never seen again.
    told.complete.remove("first");
    let Some(mut second) = attempt(store, "second", 3) else { return history };
    told.ended.insert("first".to_string());
    note(&mut told);
    second.claim(&located);
    for _ in 0..3 {
        second.checkpoint(&mut told);
        note(&mut told);
        second.pass();
    }
    told.complete.remove("second");
    note(&mut told);
    second.release(&mut told);
    note(&mut told);
    history
}

/// An attempt; one that cannot begin is repeated, as a restart strategy would.
fn attempt(store: &Store, job: &str, writer: u64) -> Option<Attempt> {
    (0..3).find_map(|repetition| Attempt::new(store, job, writer * 10 + repetition).ok())
}

/// Reads all that a checkpoint or savepoint consists of, and asserts that it is what was put there.
pub fn check_whole(reader: &SnapshotReader, located: &Located) -> Result<(), StoredFault> {
    let metadata = &located.metadata;
    reader.resolve(metadata)?;
    for part in metadata.operators.iter().flat_map(|operator| &operator.subtasks).flatten() {
        let bytes = reader.bytes(metadata, &part.handle)?;
        let text = String::from_utf8(bytes).expect("text");
        if part.is_shared {
            assert!(text.starts_with("shared of checkpoint "), "{text}");
        } else {
            assert_eq!(text, format!("own of checkpoint {}", metadata.checkpoint_id));
        }
    }
    Ok(())
}
