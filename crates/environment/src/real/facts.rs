//! What the operating system says about the machine and this process.

use std::fs;
use std::path::Path;

use crate::host::{HostFacts, ProcessUsage};

/// Clock ticks per second of `/proc/self/stat`: fixed at 100 by the Linux user interface.
const TICKS_PER_SECOND: u64 = 100;

/// Facts of this machine.
pub(super) fn host() -> HostFacts {
    HostFacts {
        name: host_name(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        time_zone: time_zone(),
    }
}

fn host_name() -> String {
    let from_kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = from_kernel.or_else(|| std::env::var("HOSTNAME").ok()).map(|name| name.trim().to_string());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_string())
}

/// `TZ`, else `/etc/timezone`, else the target of `/etc/localtime`, else UTC.
fn time_zone() -> String {
    let from_variable = std::env::var("TZ").ok().map(|zone| zone.trim_start_matches(':').to_string());
    from_variable
        .filter(|zone| !zone.is_empty() && !zone.starts_with('/'))
        .or_else(|| fs::read_to_string("/etc/timezone").ok().map(|zone| zone.trim().to_string()))
        .filter(|zone| !zone.is_empty())
        .or_else(|| fs::read_link("/etc/localtime").ok().and_then(|target| zone_of_link(&target)))
        .unwrap_or_else(|| "UTC".to_string())
}

/// `/usr/share/zoneinfo/Europe/Berlin` names `Europe/Berlin`.
fn zone_of_link(target: &Path) -> Option<String> {
    let text = target.to_str()?;
    let (_, zone) = text.split_once("zoneinfo/")?;
    Some(zone.to_string()).filter(|zone| !zone.is_empty())
}

/// CPU time and memory of this process from `/proc`.
pub(super) fn usage() -> ProcessUsage {
    let status = fs::read_to_string("/proc/self/status").ok();
    let stat = fs::read_to_string("/proc/self/stat").ok();
    let memory = |field| status.as_deref().and_then(|text| status_bytes(text, field)).unwrap_or(0);
    ProcessUsage {
        cpu_time_ms: stat.as_deref().and_then(stat_cpu_ms).unwrap_or(0),
        resident_bytes: memory("VmRSS:"),
        peak_resident_bytes: memory("VmHWM:"),
    }
}

fn status_bytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kibibytes: u64 = line[field.len()..].trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Fields 14 and 15 (user and system ticks), counted after the command name, which may hold spaces.
fn stat_cpu_ms(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * 1_000 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_forms() {
        assert_eq!(status_bytes("VmPeak:\t 10 kB\nVmHWM:\t    2048 kB\n", "VmHWM:"), Some(2 * 1024 * 1024));
        let stat = "42 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(stat_cpu_ms(stat), Some(2_000));
        assert_eq!(zone_of_link(Path::new("/usr/share/zoneinfo/Europe/Berlin")).as_deref(), Some("Europe/Berlin"));
    }

    #[test]
    fn this_process_uses_memory_on_a_machine_with_cores() {
        assert!(host().cores >= 1);
        assert!(!host().name.is_empty());
        let used = usage();
        assert!(used.peak_resident_bytes >= used.resident_bytes);
        assert!(used.resident_bytes > 100_000 || !Path::new("/proc/self/status").exists());
    }
}
