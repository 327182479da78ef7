//! What the coordinator has done on the I/O pool, and what comes back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use flott_checkpoint::TaskId;
use flott_checkpoint::coordinator::{Answer, PointerAnswer, Verdict};
use flott_checkpoint::limits::SWEEP_GRACE_MS;
use flott_environment::{IoPending, IoPool, IoRefusal, ObjectName, Waker};

use crate::checkpointing::SharedKeeper;
use crate::coordinator::assembly::{Assembled, Assembly, JobFacts, Stored, Target, store_part};
use crate::operator_state::OperatorState;

use crate::snapshot::JobSnapshot;

/// What an action came to.
pub(crate) enum Done {
    /// A task's part is durable, or why not.
    Stored { checkpoint_id: u64, task: TaskId, stored: Result<Vec<Stored>, String> },
    /// The metadata is written, or not.
    Written(Written),
    /// It was read again.
    Resolved { checkpoint_id: u64, verdict: Verdict },
    /// The pointer was moved, or not.
    Pointer { checkpoint_id: u64, answer: PointerAnswer },
    /// Objects were deleted, or why not.
    Cleaned(Result<(), String>),
}

/// The outcome of writing metadata.
pub(crate) struct Written {
    pub(crate) checkpoint_id: u64,
    pub(crate) answer: Answer,
    /// The metadata object, if it may be there.
    pub(crate) metadata: Option<ObjectName>,
    /// Objects that were written with it.
    pub(crate) objects: Vec<ObjectName>,
    pub(crate) snapshot: Option<Arc<JobSnapshot>>,
    pub(crate) metadata_bytes: u64,
    pub(crate) state_bytes: u64,
}

type Action = Box<dyn FnOnce() -> Done + Send>;

/// Actions that wait for room in the pool, and those under way.
pub(crate) struct StoreActions {
    pool: IoPool,
    waker: Waker,
    waiting: VecDeque<(&'static str, Action)>,
    under_way: Vec<IoPending<Done>>,
    keeper: SharedKeeper,
}

impl StoreActions {
    pub(crate) fn new(pool: IoPool, waker: Waker, keeper: SharedKeeper) -> Self {
        StoreActions { pool, waker, waiting: VecDeque::new(), under_way: Vec::new(), keeper }
    }

    /// What has ended since the last call, or why the pool cannot go on.
    pub(crate) fn poll(&mut self) -> Result<Vec<Done>, String> {
        let mut done = Vec::new();
        let mut failed = None;
        self.under_way.retain(|pending| match pending.take() {
            None => true,
            Some(Ok(result)) => {
                done.push(result);
                false
            }
            Some(Err(error)) => {
                failed.get_or_insert(error.to_string());
                false
            }
        });
        self.submit_waiting()?;
        match failed {
            Some(reason) => Err(reason),
            None => Ok(done),
        }
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }

    fn run(&mut self, name: &'static str, action: impl FnOnce() -> Done + Send + 'static) -> Result<(), String> {
        self.waiting.push_back((name, Box::new(action)));
        self.submit_waiting()
    }

    fn submit_waiting(&mut self) -> Result<(), String> {
        while let Some((name, action)) = self.waiting.pop_front() {
            match self.pool.submit(name, self.waker.clone(), action) {
                Ok(pending) => self.under_way.push(pending),
                Err(refused) => match refused.refusal {
                    IoRefusal::Full { .. } => {
                        self.waiting.push_front((name, refused.action));
                        return Ok(());
                    }
                    IoRefusal::NotStarted { .. } => return Err(refused.refusal.to_string()),
                },
            }
        }
        Ok(())
    }

    pub(crate) fn store(
        &mut self,
        (checkpoint_id, task): (u64, TaskId),
        operators: Vec<(String, OperatorState)>,
        target: Target,
        (inline_bytes_max, is_wanted): (u64, bool),
    ) -> Result<(), String> {
        self.run("store state", move || {
            let stored = store_part(operators, &target, inline_bytes_max, is_wanted);
            Done::Stored { checkpoint_id, task, stored }
        })
    }

    pub(crate) fn write(
        &mut self,
        assembly: Assembly,
        facts: Arc<JobFacts>,
        committables: BTreeMap<u32, Vec<Vec<u8>>>,
    ) -> Result<(), String> {
        let keeper = self.keeper.clone();
        self.run("write metadata", move || {
            let (checkpoint_id, target) = (assembly.checkpoint_id, assembly.target.clone());
            Done::Written(match assembly.finish(&facts, &committables) {
                Ok(assembled) => written(&keeper, checkpoint_id, &target, assembled),
                Err(error) => Written {
                    checkpoint_id,
                    answer: Answer::Failed(error),
                    metadata: None,
                    objects: Vec::new(),
                    snapshot: None,
                    metadata_bytes: 0,
                    state_bytes: 0,
                },
            })
        })
    }

    pub(crate) fn resolve(&mut self, checkpoint_id: u64) -> Result<(), String> {
        let keeper = self.keeper.clone();
        self.run("resolve checkpoint", move || {
            let verdict = keeper.lock().resolve(checkpoint_id);
            Done::Resolved { checkpoint_id, verdict }
        })
    }

    pub(crate) fn move_pointer(&mut self, checkpoint_id: u64, retained: Vec<u64>) -> Result<(), String> {
        let keeper = self.keeper.clone();
        self.run("move pointer", move || {
            let answer = keeper.lock().move_pointer(checkpoint_id, &retained);
            Done::Pointer { checkpoint_id, answer }
        })
    }

    /// Forgets a checkpoint that is given up, or a savepoint that is complete.
    pub(crate) fn forget(&mut self, checkpoint_id: u64) -> Result<(), String> {
        let keeper = self.keeper.clone();
        self.run("forget checkpoint", move || {
            keeper.lock().forget(checkpoint_id);
            Done::Cleaned(Ok(()))
        })
    }

    /// Removes what dead attempts left behind.
    pub(crate) fn sweep(
        &mut self,
        needed: BTreeSet<ObjectName>,
        under_way: BTreeSet<u64>,
        now_ms: i64,
    ) -> Result<(), String> {
        let keeper = self.keeper.clone();
        self.run("sweep checkpoints", move || {
            let swept = keeper.lock().sweep(&needed, &under_way, now_ms, SWEEP_GRACE_MS);
            Done::Cleaned(swept.map(drop).map_err(|fault| fault.to_string()))
        })
    }

    /// Deletes objects and superseded pointers.
    pub(crate) fn clean(&mut self, names: Vec<ObjectName>) -> Result<(), String> {
        let keeper = self.keeper.clone();
        self.run("clean checkpoints", move || {
            let keeper = keeper.lock();
            let cleaned = keeper.delete(&names).and_then(|()| keeper.prune());
            Done::Cleaned(cleaned.map_err(|error| error.to_string()))
        })
    }
}

fn written(keeper: &SharedKeeper, checkpoint_id: u64, target: &Target, assembled: Assembled) -> Written {
    let Assembled { metadata, snapshot, objects } = assembled;
    let (own_name, state_bytes) = (metadata.own_name.clone(), metadata.state_bytes());
    let metadata_bytes = metadata.to_bytes().len() as u64;
    let answer = keeper.lock().write(&target.writer, &target.reader, metadata);
    let metadata = if matches!(answer, Answer::Failed(_)) { None } else { Some(own_name) };
    let snapshot = Some(Arc::new(snapshot));
    Written { checkpoint_id, answer, metadata, objects, snapshot, metadata_bytes, state_bytes }
}
