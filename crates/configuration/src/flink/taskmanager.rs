//! Options of a task manager: `taskmanager.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

use std::collections::BTreeMap;

use crate::memory::MemorySize;

flink_options! {
    /// The external address of the network interface where the TaskManager is exposed.
    HOST: String = "taskmanager.host", none;
    /// Total Flink Memory size for the TaskExecutors.
    MEMORY_FLINK_SIZE: MemorySize = "taskmanager.memory.flink.size", none;
    /// Managed memory weights for different kinds of consumers.
    MEMORY_MANAGED_CONSUMER_WEIGHTS: BTreeMap<String, String> = "taskmanager.memory.managed.consumer-weights", "OPERATOR:70,STATE_BACKEND:70,PYTHON:30";
    /// Fraction of Total Flink Memory to be used as Managed Memory, if Managed Memory size is not explicitly
    /// specified.
    MEMORY_MANAGED_FRACTION: f64 = "taskmanager.memory.managed.fraction", "0.4";
    /// Managed Memory size for TaskExecutors.
    MEMORY_MANAGED_SIZE: MemorySize = "taskmanager.memory.managed.size", none, "taskmanager.memory.size";
    /// Fraction of Total Flink Memory to be used as Network Memory.
    MEMORY_NETWORK_FRACTION: f64 = "taskmanager.memory.network.fraction", "0.1", "taskmanager.network.memory.fraction";
    /// Max Network Memory size for TaskExecutors.
    MEMORY_NETWORK_MAX: MemorySize = "taskmanager.memory.network.max", "9223372036854775807 bytes", "taskmanager.network.memory.max";
    /// Min Network Memory size for TaskExecutors.
    MEMORY_NETWORK_MIN: MemorySize = "taskmanager.memory.network.min", "64 mb", "taskmanager.network.memory.min";
    /// Total Process Memory size for the TaskExecutors.
    MEMORY_PROCESS_SIZE: MemorySize = "taskmanager.memory.process.size", none;
    /// Size of memory buffers used by the network stack and the memory manager.
    MEMORY_SEGMENT_SIZE: MemorySize = "taskmanager.memory.segment-size", "32 kb";
    /// The number of parallel operator or user function instances that a single TaskManager can run.
    NUMBER_OF_TASK_SLOTS: i32 = "taskmanager.numberOfTaskSlots", "1";
    /// The TaskManager's ResourceID.
    RESOURCE_ID: String = "taskmanager.resource-id", none;
}
