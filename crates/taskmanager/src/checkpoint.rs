//! Waiting for a checkpoint.

use std::sync::{Arc, Mutex, PoisonError};

use flott_environment::{Environment, Waker};

use crate::failure::CheckpointError;
use crate::snapshot::JobSnapshot;

type Taken = Result<Arc<JobSnapshot>, CheckpointError>;

/// The place where a checkpoint's result is put once.
#[derive(Default)]
pub(crate) struct CheckpointCell {
    state: Mutex<(Option<Taken>, Vec<Waker>)>,
}

impl CheckpointCell {
    pub(crate) fn complete(&self, taken: Taken) {
        let watchers = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.0.get_or_insert(taken);
            std::mem::take(&mut state.1)
        };
        watchers.iter().for_each(Waker::wake);
    }

    fn result(&self) -> Option<Taken> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn watch(&self, waker: Waker) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.push(waker);
    }
}

/// A checkpoint that was asked for.
pub struct CheckpointHandle {
    pub(crate) cell: Arc<CheckpointCell>,
    pub(crate) environment: Environment,
}

impl CheckpointHandle {
    /// The result, if there is one yet.
    pub fn result(&self) -> Option<Result<Arc<JobSnapshot>, CheckpointError>> {
        self.cell.result()
    }

    /// Waits until the checkpoint is taken.
    ///
    /// # Errors
    /// If the job ended, failed or was cancelled meanwhile.
    pub fn wait(&self) -> Result<Arc<JobSnapshot>, CheckpointError> {
        let waiter = self.environment.waiter();
        self.cell.watch(waiter.waker());
        let waited = waiter.wait_until(&mut || self.cell.result().is_some(), None);
        waited.map_err(|error| CheckpointError(error.to_string()))?;
        self.cell.result().unwrap_or_else(|| Err(CheckpointError("it has no result".to_string())))
    }
}
