//! Facts of the machine and of this process: names, cores, time zone, CPU time, memory.

/// Facts of the machine that don't change while the process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// The host's name, as metrics' scopes show it.
    pub name: String,
    /// Cores that this process may use (affinity and control groups respected): at least 1.
    pub cores: usize,
    /// The system's time zone as an IANA name; `UTC` where none can be found.
    pub time_zone: String,
}

/// What this process has used since its start. Zero where the operating system doesn't say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// User and system time of all threads, in milliseconds.
    pub cpu_time_ms: u64,
    /// Resident memory now, in bytes.
    pub resident_bytes: u64,
    /// The highest resident memory so far, in bytes.
    pub peak_resident_bytes: u64,
}
