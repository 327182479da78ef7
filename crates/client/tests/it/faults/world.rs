//! One seed: a job under faults, killed and restored at other parallelisms until it ends, with checkers looking on.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_checkpoint::{AlignmentMode, CheckpointSettings};
use flott_client::{EmbeddedCluster, JobEnd, JobError, JobSnapshot, RunOptions};
use flott_environment::Random;
use flott_job::JobGraph;
use flott_simulation::Simulation;

use super::checkers::Verdict;
use super::journal::Journal;
use super::operators::operators;
use crate::numbered::Numbered;

/// Makes a graph of parallelisms that it asks for.
pub type MakeGraph = dyn Fn(&mut dyn FnMut() -> u32) -> JobGraph;

/// Checks committed output.
pub type CheckOutput = dyn Fn(&Journal, Numbered) -> Verdict;

/// Checks a snapshot.
pub type CheckSnapshot = dyn Fn(&JobSnapshot) -> Verdict;

/// A job and what must hold of it.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    /// Whether its sources know no pace: then they give few rows at a time, so that there is time for faults.
    pub is_fast: bool,
    /// The graph, for these parallelisms in turn.
    pub graph: Arc<MakeGraph>,
    pub output: Arc<CheckOutput>,
    pub snapshot: Arc<CheckSnapshot>,
}

/// What is planted to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A point of the code that is wrong on purpose.
    Point(&'static str),
    /// The sink shows rows before their checkpoint is complete.
    CommitsAtOnce,
    /// A restored operator drops one of its timers.
    LosesATimer,
}

/// How a seed goes.
#[derive(Clone)]
pub struct Plan {
    pub seed: u64,
    pub alignment: AlignmentMode,
    pub mutant: Option<Mutant>,
    /// Parallelism of each run in turn; empty = at random.
    pub parallelisms: Vec<u32>,
    pub kills_max: usize,
}

/// What a seed came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub kills: usize,
    pub checkpoints: usize,
    /// Those with in-flight data.
    pub unaligned: usize,
    pub simulated_ms: u64,
    pub trace_hash: u64,
    pub points: BTreeMap<&'static str, u64>,
}

pub const NUMBERED: Numbered =
    Numbered { rows_per_split: 150, splits: 4, rows_per_batch: 20, pace_ms: 20, fails_at: None, is_endless: false };

fn through_bytes(snapshot: &JobSnapshot) -> Arc<JobSnapshot> {
    Arc::new(JobSnapshot::from_bytes(&snapshot.to_bytes()).expect("own bytes"))
}

/// Runs a seed; `Err` says what a checker found.
pub fn run(case: &Case, plan: &Plan) -> Result<Report, String> {
    let simulation = Simulation::new(plan.seed);
    let environment = simulation.environment().clone();
    let mut random = Random::from_seed(plan.seed ^ 0x5EED);
    simulation.set_fault_points(random.next_u64());
    if let Some(Mutant::Point(point)) = plan.mutant {
        simulation.set_mutant(point);
    }
    let mut journal = Journal::new([0, 3, 15][random.next_below(3) as usize]);
    journal.commits_at_once = plan.mutant == Some(Mutant::CommitsAtOnce);
    let mut connectors = flott_connector::standard();
    if case.is_fast {
        simulation.force_point("sources give few rows");
    }
    let pace_ms = [0, 20, 60][random.next_below(3) as usize];
    connectors.register(Numbered { pace_ms, ..NUMBERED }.connector_at_once());
    connectors.register(journal.connector());
    let cluster = EmbeddedCluster::new(environment.clone(), connectors)
        .with_operators(operators(plan.mutant == Some(Mutant::LosesATimer)));
    let mut report = Report::default();
    let mut restore_from: Option<Arc<JobSnapshot>> = None;
    let mut committed = 0;
    loop {
        let fixed = plan.parallelisms.get(report.kills % plan.parallelisms.len().max(1)).copied();
        let mut parallelism = || fixed.unwrap_or_else(|| 1 + random.next_below(4) as u32);
        let graph = (case.graph)(&mut parallelism);
        let options = RunOptions { restore_from: restore_from.clone(), ..RunOptions::default() };
        let options = options.with_checkpointing(CheckpointSettings { alignment: plan.alignment });
        let job = cluster.run(graph, options).map_err(|error| format!("it doesn't start: {error}"))?;
        let dies = report.kills < plan.kills_max && random.next_bool(0.85);
        for _ in 0..=random.next_below(3) {
            simulation.pass_ms(random.next_below(120)).map_err(|error| error.to_string())?;
            if let Ok(snapshot) = job.trigger_checkpoint().wait() {
                (case.snapshot)(&snapshot)?;
                report.checkpoints += 1;
                report.unaligned += usize::from(has_in_flight(&snapshot));
                restore_from = Some(through_bytes(&snapshot));
                committed = journal.history().len();
            }
        }
        if dies {
            simulation.pass_ms(random.next_below(80)).map_err(|error| error.to_string())?;
            job.cancel();
        }
        match job.wait_ms(Some(END_MS_MAX)) {
            Ok(Some(result)) if result.end == JobEnd::Finished => break,
            Ok(None) => return Err("the job stands still".to_string()),
            // It was about to finish, and its last output is committed already: nothing goes on from an older checkpoint.
            Err(JobError::Cancelled) if journal.history().len() > committed => break,
            Err(JobError::Cancelled) => report.kills += 1,
            other => return Err(format!("it ended so: {other:?}")),
        }
    }
    (case.output)(&journal, NUMBERED)?;
    if journal.left_behind() > 0 {
        return Err(format!("{} pieces are left behind", journal.left_behind()));
    }
    report.simulated_ms = simulation.elapsed_ms();
    report.trace_hash = simulation.trace_hash();
    report.points = simulation.fault_counts();
    Ok(report)
}

/// After so long without an end a job stands still.
const END_MS_MAX: u64 = 600_000;

fn has_in_flight(snapshot: &JobSnapshot) -> bool {
    let in_flight = snapshot.operators.iter().filter(|(uid, _)| uid.ends_with("/in-flight"));
    in_flight.flat_map(|(_, subtasks)| subtasks).any(|bytes| {
        flott_state::OperatorSnapshot::from_bytes(bytes).is_ok_and(|state| state.unions.contains_key("channels"))
    })
}
