//! Who takes part in a checkpoint.

use std::fmt;

/// A subtask of a job's vertex; shown as `vertex/subtask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// The vertex's position in the graph.
    pub vertex: u32,
    /// The subtask, from 0.
    pub subtask: u32,
}

impl fmt::Display for TaskId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.vertex, self.subtask)
    }
}
