//! The job graph.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::spec::OperatorSpec;

/// A job: vertices in topological order (an edge leads from a smaller id to a greater one).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobGraph {
    /// `pipeline.name`, or what the client derived from the statement.
    pub name: String,
    /// The vertices; a vertex's id is its position.
    pub vertices: Vec<Vertex>,
    /// The edges.
    pub edges: Vec<Edge>,
    /// Settings that all vertices share.
    pub settings: JobSettings,
}

/// A chain of operators that run as one call, in `parallelism` subtasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vertex {
    /// Position in the graph.
    pub id: u32,
    /// `Source: orders[1] -> Calc[2]`, as Flink names vertices.
    pub name: String,
    /// Number of subtasks.
    pub parallelism: u32,
    /// The operators, from input to output; never empty. Only the first may be a source or have several inputs, only the last a sink.
    pub chain: Vec<OperatorNode>,
}

/// One operator of a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorNode {
    /// Stable identity, by which state is found again.
    pub uid: String,
    /// For metrics, EXPLAIN and errors: `GroupAggregate[5]`.
    pub name: String,
    /// What it computes.
    pub spec: OperatorSpec,
}

/// A connection between two vertices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Vertex that sends.
    pub from: u32,
    /// Vertex that receives.
    pub to: u32,
    /// Which input of the receiver's first operator; several edges to one input are a union.
    pub input: usize,
    /// Which subtask receives which row.
    pub partition: Partition,
}

/// Which subtask of the receiver gets which row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Partition {
    /// The subtask of the same index; both sides have the same parallelism.
    Forward,
    /// The subtask that owns the key group of these columns.
    Hash {
        /// Positions in the sender's output.
        columns: Vec<usize>,
    },
    /// In turn, batch by batch.
    Rebalance,
    /// Every subtask gets every row.
    Broadcast,
    /// The first subtask.
    Singleton,
}

/// Settings of a whole job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSettings {
    /// `pipeline.max-parallelism`: number of key groups, fixed for the job's life.
    pub max_parallelism: u32,
    /// `execution.buffer-timeout.interval`: longest time a row waits in a partly filled output batch, milliseconds; 0 sends at once.
    pub buffer_timeout_ms: i64,
    /// `table.local-time-zone`.
    pub time_zone: String,
    /// `execution.runtime-mode` is BATCH: operators emit final results only, at the end of input.
    pub batch_mode: bool,
    /// `table.exec.state.ttl`, milliseconds; 0 keeps state for ever.
    pub state_ttl_ms: i64,
    /// `table.exec.mini-batch.*`; `None` if disabled.
    pub mini_batch: Option<MiniBatch>,
    /// When the query was planned, milliseconds since the epoch (CURRENT_TIMESTAMP in batch mode).
    pub query_start_ms: i64,
}

impl Default for JobSettings {
    fn default() -> Self {
        JobSettings {
            max_parallelism: flott_record::limits::KEY_GROUPS_DEFAULT,
            buffer_timeout_ms: 100,
            time_zone: "UTC".to_string(),
            batch_mode: false,
            state_ttl_ms: 0,
            mini_batch: None,
            query_start_ms: 0,
        }
    }
}

/// `table.exec.mini-batch.*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiniBatch {
    /// Longest time a row waits in a bundle, milliseconds.
    pub latency_ms: i64,
    /// Most rows in a bundle.
    pub rows_max: usize,
}

/// A graph that cannot run; a fault of whoever built it.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("job graph is invalid: {0}")]
pub struct InvalidGraph(pub String);

impl JobGraph {
    /// Checks what the task manager relies on.
    ///
    /// # Errors
    /// Names the first vertex or edge that is wrong.
    pub fn validate(&self) -> Result<(), InvalidGraph> {
        for (index, vertex) in self.vertices.iter().enumerate() {
            let problem = if vertex.id as usize != index {
                "its id is not its position"
            } else if vertex.chain.is_empty() {
                "its chain is empty"
            } else if vertex.parallelism == 0 || vertex.parallelism > self.settings.max_parallelism {
                "its parallelism is not between 1 and the maximum parallelism"
            } else if vertex.chain[1..].iter().any(|node| node.spec.is_source()) {
                "a source is not first in its chain"
            } else {
                continue;
            };
            return Err(InvalidGraph(format!("vertex {index} ({}): {problem}", vertex.name)));
        }
        for edge in &self.edges {
            let known = (edge.to as usize) < self.vertices.len();
            if edge.from >= edge.to || !known {
                return Err(InvalidGraph(format!("edge {} -> {} is not in topological order", edge.from, edge.to)));
            }
            let (from, to) = (&self.vertices[edge.from as usize], &self.vertices[edge.to as usize]);
            if edge.partition == Partition::Forward && from.parallelism != to.parallelism {
                return Err(InvalidGraph(format!("forward edge {} -> {} changes parallelism", edge.from, edge.to)));
            }
        }
        Ok(())
    }
}
