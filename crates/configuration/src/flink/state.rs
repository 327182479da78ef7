//! Options of state and its backends: `state.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

flink_options! {
    /// The local directory (on the TaskManager) where RocksDB puts its files.
    BACKEND_ROCKSDB_LOCALDIR: String = "state.backend.rocksdb.localdir", none;
    /// If set, the RocksDB state backend will automatically configure itself to use the managed memory budget of the
    /// task slot, and divide the memory over write buffers, indexes, block caches, etc.
    BACKEND_ROCKSDB_MEMORY_MANAGED: bool = "state.backend.rocksdb.memory.managed", "true";
    /// The state backend to be used to store state.The implementation can be specified either via their shortcut
    /// name, or via the class name of a StateBackendFactory.
    BACKEND_TYPE: String = "state.backend.type", "hashmap", "state.backend";
    /// Whether to track latency of keyed state operations, e.g value state put/get/clear.
    LATENCY_TRACK_KEYED_STATE_ENABLED: bool = "state.latency-track.keyed-state-enabled", "false", "state.backend.latency-track.keyed-state-enabled";
    /// Whether to track size of keyed state operations, e.g value state put/get/clear.
    SIZE_TRACK_KEYED_STATE_ENABLED: bool = "state.size-track.keyed-state-enabled", "false";
}
