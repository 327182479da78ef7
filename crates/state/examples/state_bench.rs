//! Measures tables: time for each operation, of checkpoints, and of state beyond memory.
//!
//! ```text
//! cargo run --release -p flott-state --example state_bench -- hot 2000000
//! cargo run --release -p flott-state --example state_bench -- checkpoint 10000000
//! cargo run --release -p flott-state --example state_bench -- disk 20000000 256      keys, budget in MB
//! ```

use std::io::Write;
use std::path::PathBuf;

use flott_environment::Environment;
use flott_record::key::murmur3_32;
use flott_state::run::RunBody;
use flott_state::snapshot::{Increment, InlineRuns, OperatorSnapshot};
use flott_state::{DiskBackend, KeyedTable, MemoryBudget, SnapshotWriter, StateError};

const BATCH_KEYS: usize = 1_000;
const VALUE_BYTES: usize = 32;

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0 >> 16) * u128::from(bound)) >> 48) as u64
    }
}

fn key(number: u64) -> [u8; 16] {
    let mut key = [1; 16];
    key[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    key
}

/// Wall and CPU time since the last call.
struct Watch {
    environment: Environment,
    wall_ns: u64,
    cpu_ns: u64,
}

impl Watch {
    fn new() -> Self {
        let mut watch = Watch { environment: Environment::real(), wall_ns: 0, cpu_ns: 0 };
        watch.lap();
        watch
    }

    /// Seconds of wall and CPU time since the last call.
    fn lap(&mut self) -> (f64, f64) {
        let (wall_ns, cpu_ns) = (self.environment.clock().monotonic_ns(), self.usage().0);
        let lap = ((wall_ns - self.wall_ns) as f64 / 1e9, (cpu_ns - self.cpu_ns.min(cpu_ns)) as f64 / 1e9);
        (self.wall_ns, self.cpu_ns) = (wall_ns, cpu_ns);
        lap
    }

    /// CPU nanoseconds and resident bytes.
    fn usage(&self) -> (u64, u64) {
        let usage = self.environment.usage();
        (usage.cpu_time_ms * 1_000_000, usage.resident_bytes)
    }
}

fn say(text: &str) {
    // Nothing is lost if nobody listens.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn hot(keys: u64) {
    let mut watch = Watch::new();
    let mut table = KeyedTable::new();
    for number in 0..keys {
        let key = key(number);
        *table.get_or_insert_with(murmur3_32(&key), &key, || 0i64).0 += 1;
    }
    per_operation("insert", keys, watch.lap());
    for what in ["update, no checkpoint ever", "update again"] {
        update(&mut table, keys, 4 * keys);
        per_operation(what, 4 * keys, watch.lap());
    }
    for checkpoint_id in 1..4 {
        let snapshot = checkpoint(&mut table, checkpoint_id, checkpoint_id.checked_sub(1), &mut watch);
        drop(snapshot);
        watch.lap();
        update(&mut table, keys, 4 * keys);
        per_operation("update after a checkpoint", 4 * keys, watch.lap());
    }
}

fn per_operation(what: &str, operations: u64, (wall_s, cpu_s): (f64, f64)) {
    let rate = operations as f64 / cpu_s / 1e6;
    say(&format!(
        "{what}: {:.1} ns wall, {rate:.2} M operations for each CPU second",
        wall_s * 1e9 / operations as f64
    ));
}

fn update(table: &mut KeyedTable<i64>, keys: u64, count: u64) {
    let mut random = Random(count);
    for _ in 0..count {
        let key = key(random.below(keys));
        if let Some(value) = table.get_mut(murmur3_32(&key), &key) {
            *value += 1;
        }
    }
}

fn checkpoint(table: &mut KeyedTable<i64>, id: u64, completed_id: Option<u64>, watch: &mut Watch) -> OperatorSnapshot {
    watch.lap();
    let increment = Increment { owner: "bench".to_string(), checkpoint_id: id, completed_id };
    let mut writer = SnapshotWriter::incremental(128, increment);
    table.snapshot("s", &mut writer).expect("in memory");
    let frozen = writer.freeze();
    let freeze = watch.lap();
    let snapshot = frozen.encode(&mut InlineRuns).expect("in memory");
    let encode = watch.lap();
    let new = snapshot.runs().filter(|run| run.body != RunBody::Earlier).map(|run| run.facts.bytes).sum::<u64>();
    let runs = snapshot.runs().count();
    say(&format!(
        "checkpoint {id}: freeze {:.0} ms, encode {:.0} ms, {:.2} MB in new runs, {runs} runs",
        freeze.0 * 1e3,
        encode.0 * 1e3,
        new as f64 / 1e6
    ));
    snapshot
}

fn checkpoints(keys: u64) {
    let mut watch = Watch::new();
    let mut table = KeyedTable::new();
    for number in 0..keys {
        let key = key(number);
        table.get_or_insert_with(murmur3_32(&key), &key, || number as i64);
    }
    per_operation("insert", keys, watch.lap());
    for id in 1..8 {
        drop(checkpoint(&mut table, id, id.checked_sub(1), &mut watch));
        update(&mut table, keys, keys / 100 + id);
    }
    say(&format!("resident: {:.0} MB", watch.usage().1 as f64 / 1e6));
}

fn disk(keys: u64, budget_mb: u64, directory: PathBuf) -> Result<(), StateError> {
    let mut watch = Watch::new();
    let disk = watch.environment.disk().clone();
    let budget = MemoryBudget::new((budget_mb << 20) as usize);
    let backend = DiskBackend::new(disk, directory, "bench".to_string(), 128, budget);
    let mut table: KeyedTable<Vec<u8>> = KeyedTable::new();
    table.use_disk(&backend)?;
    for batch in 0..keys / BATCH_KEYS as u64 {
        let numbers: Vec<u64> = (0..BATCH_KEYS as u64).map(|index| batch * BATCH_KEYS as u64 + index).collect();
        touch(&mut table, &numbers)?;
    }
    per_operation("load", keys, watch.lap());
    let mut random = Random(1);
    let mut peak = 0;
    for round in 0..3 {
        let batches = keys / 10 / BATCH_KEYS as u64;
        for _ in 0..batches {
            let numbers: Vec<u64> = (0..BATCH_KEYS).map(|_| random.below(keys)).collect();
            touch(&mut table, &numbers)?;
            peak = peak.max(watch.usage().1);
        }
        per_operation(&format!("read-modify-write {round}"), batches * BATCH_KEYS as u64, watch.lap());
    }
    say(&format!("peak resident {:.0} MB, on disk {:.0} MB", peak as f64 / 1e6, table.disk_bytes() as f64 / 1e6));
    Ok(())
}

/// A batch of read, modify, write.
fn touch(table: &mut KeyedTable<Vec<u8>>, numbers: &[u64]) -> Result<(), StateError> {
    let keys: Vec<(u32, [u8; 16])> =
        numbers.iter().map(|number| key(*number)).map(|key| (murmur3_32(&key), key)).collect();
    table.prefetch_keys(keys.iter().map(|(hash, key)| (*hash, key.as_slice())))?;
    for (hash, key) in &keys {
        let (value, _) = table.get_or_insert_with(*hash, key, || vec![0; VALUE_BYTES]);
        value[0] = value[0].wrapping_add(1);
    }
    Ok(())
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number =
        |index: usize, default: u64| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    match arguments.get(1).map(String::as_str) {
        Some("hot") => hot(number(2, 2_000_000)),
        Some("checkpoint") => checkpoints(number(2, 10_000_000)),
        Some("disk") => {
            let directory =
                arguments.get(4).map_or_else(|| std::env::temp_dir().join("flott-state-bench"), PathBuf::from);
            disk(number(2, 20_000_000), number(3, 256), directory).expect("the disk works");
        }
        _ => say("state_bench hot|checkpoint|disk …"),
    }
}
