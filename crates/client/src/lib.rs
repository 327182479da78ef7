//! Runs jobs on an embedded cluster: this process, one thread per slot.
//!
//! ```
//! use flott_client::{EmbeddedCluster, JobError, RunOptions, collector};
//!
//! /// A query's results come through a sink whose table has `'connector' = 'collect'`.
//! fn count_rows(cluster: &EmbeddedCluster, graph: flott_job::JobGraph) -> Result<usize, JobError> {
//!     let (connector, results) = collector(cluster.environment());
//!     let job = cluster.run(graph, RunOptions::default().with_connector(connector))?;
//!     let rows = results.map(|batch| batch.num_rows()).sum();
//!     job.wait()?;
//!     Ok(rows)
//! }
//! ```

mod attempt;
pub mod cluster;
pub mod collect;
mod handle;
pub mod limits;
pub mod restart;
pub mod settings;
pub mod sql;
mod supervisor;

pub use cluster::{EmbeddedCluster, RunOptions};
pub use collect::{CollectReceiver, collector};
pub use flott_taskmanager::{
    CheckpointError, CheckpointHandle, Checkpointing, CustomOperators, JobEnd, JobError, JobFailure, JobProgress,
    JobResult, JobSnapshot,
};
pub use handle::JobHandle;
pub use restart::RestartStrategy;
pub use settings::{JobRunSettings, Recovery};
