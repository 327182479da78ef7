//! Jobs under faults in simulation: crashes at random points, restores at other parallelisms, pauses, slow sinks, tiny buffers, aligned and
//! unaligned checkpoints; checkers, and planted mutants that prove them.
//!
//! `FLOTT_FAULT_SEEDS` sets how many seeds run (200 by default), `FLOTT_FAULT_FIRST_SEED` where they begin.
#![allow(clippy::disallowed_methods)]

mod checkers;
mod journal;
mod operators;
mod overtaking;
mod sql;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use flott_checkpoint::AlignmentMode;
use flott_environment::Random;
use flott_expression::Expression;
use flott_job::graph::Partition;
use flott_job::spec::WatermarkSpec;
use flott_job::{JobGraph, OperatorNode, OperatorSpec};

use self::world::{Case, Mutant, Plan, run};
use crate::graphs::{bigints, custom, line, node, sink, source, window_sums};
use crate::numbered::Numbered;

const ALIGNMENTS: [AlignmentMode; 3] =
    [AlignmentMode::Aligned, AlignmentMode::Unaligned { timeout_ms: 0 }, AlignmentMode::Unaligned { timeout_ms: 30 }];

fn watermarked_source() -> Vec<OperatorNode> {
    let schema = Numbered::schema();
    let watermark = WatermarkSpec {
        rowtime: 2,
        expression: Expression::column(2, schema.data_type(2).clone()),
        interval_ms: 0,
        idle_timeout_ms: 0,
    };
    vec![source("numbered", schema, None), node("watermark", OperatorSpec::Watermark(watermark))]
}

fn by_key() -> Partition {
    Partition::Hash { columns: vec![0] }
}

fn keyed(operator: &'static str, parallelism: &mut dyn FnMut() -> u32) -> JobGraph {
    let second = vec![custom(operator), sink("journal", bigints(&["a", "b", "c"]))];
    line(vec![(parallelism(), watermarked_source()), (parallelism(), second)], vec![by_key()])
}

/// Rows that pass an operator without keys, over two edges of a kind.
fn passed_on(partition: Partition, parallelism: &mut dyn FnMut() -> u32) -> JobGraph {
    let same = parallelism();
    let mut parallelism = || if partition == Partition::Forward { same } else { parallelism() };
    let last = vec![sink("journal", bigints(&["a", "b", "c"]))];
    let vertices = vec![
        (parallelism(), watermarked_source()),
        (parallelism(), vec![custom(operators::PASS)]),
        (parallelism(), last),
    ];
    line(vertices, vec![partition.clone(), partition])
}

/// Source, an operator, and the sink behind a hash edge of its own.
fn three_stages(first: &'static str, last: &'static str, parallelism: &mut dyn FnMut() -> u32) -> JobGraph {
    let third = vec![custom(last), sink("journal", bigints(&["a", "b", "c"]))];
    let vertices =
        vec![(parallelism(), watermarked_source()), (parallelism(), vec![custom(first)]), (parallelism(), third)];
    line(vertices, vec![by_key(), by_key()])
}

fn case(
    name: &str,
    graph: impl Fn(&mut dyn FnMut() -> u32) -> JobGraph + 'static,
    output: impl Fn(&journal::Journal, Numbered) -> checkers::Verdict + 'static,
) -> Case {
    Case {
        name: name.to_string(),
        is_fast: false,
        graph: Arc::new(graph),
        output: Arc::new(output),
        snapshot: Arc::new(|_| Ok(())),
    }
}

/// Every shape of job that is tested; a later one joins by one line.
fn cases() -> Vec<Case> {
    let mut cases = operator_cases();
    cases.extend(sql::cases());
    cases
}

fn operator_cases() -> Vec<Case> {
    vec![
        case("sequence ledger", |p| keyed(operators::CHAIN, p), checkers::sequence),
        case("rebalanced rows", |p| passed_on(Partition::Rebalance, p), checkers::each_once),
        case("forwarded rows", |p| passed_on(Partition::Forward, p), checkers::each_once),
        case("rows to the first", |p| passed_on(Partition::Singleton, p), checkers::each_once),
        case("hash chain", |p| keyed(operators::CHAIN, p), checkers::hash_chain),
        case("alarms", |p| keyed(operators::ALARM, p), checkers::alarms),
        case("windows", |p| window_sums(p(), p(), "journal"), checkers::windows),
        Case {
            snapshot: Arc::new(checkers::bank),
            ..case("bank", |p| three_stages(operators::DEBIT, operators::CREDIT, p), |_, _| Ok(()))
        },
    ]
}

fn plan(seed: u64, alignment: AlignmentMode) -> Plan {
    Plan { seed, alignment, mutant: None, parallelisms: Vec::new(), kills_max: 6 }
}

fn number_from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn the_same_seed_twice_is_the_same_course() {
    for seed in 0..20 {
        let cases = cases();
        let case = &cases[seed as usize % cases.len()];
        let twice = [0, 1].map(|_| run(case, &plan(seed, ALIGNMENTS[seed as usize % 3])));
        let hashes = twice.map(|report| report.unwrap_or_else(|cause| panic!("seed {seed}: {cause}")).trace_hash);
        assert_eq!(hashes[0], hashes[1], "seed {seed}");
    }
}

#[test]
fn every_job_gives_the_same_with_and_without_kills_and_a_rescale_in_between() {
    for case in cases() {
        for alignment in ALIGNMENTS {
            for seed in 0..2 {
                let plan = Plan { parallelisms: vec![2, 4, 1, 3], kills_max: 4, ..plan(seed, alignment) };
                if let Err(cause) = run(&case, &plan) {
                    panic!("{}, {alignment:?}, seed {seed}: {cause}", case.name);
                }
            }
        }
    }
}

#[test]
fn seeds_of_faults_break_nothing() {
    let first = number_from_environment("FLOTT_FAULT_FIRST_SEED", 1_000);
    let seeds = number_from_environment("FLOTT_FAULT_SEEDS", 200);
    let begin = Instant::now();
    let (mut kills, mut checkpoints, mut unaligned, mut simulated_ms) = (0, 0, 0, 0);
    let mut points: BTreeMap<&str, u64> = BTreeMap::new();
    let (cases, mut failures) = (cases(), Vec::new());
    for seed in first..first + seeds {
        let mut random = Random::from_seed(seed);
        let case = &cases[random.next_below(cases.len() as u64) as usize];
        let alignment = ALIGNMENTS[random.next_below(ALIGNMENTS.len() as u64) as usize];
        let report = match run(case, &plan(seed, alignment)) {
            Ok(report) => report,
            Err(cause) => {
                failures.push(format!("{}, {alignment:?}, seed {seed}: {cause}", case.name));
                continue;
            }
        };
        kills += report.kills;
        checkpoints += report.checkpoints;
        unaligned += report.unaligned;
        simulated_ms += report.simulated_ms;
        report.points.into_iter().for_each(|(point, hits)| *points.entry(point).or_default() += hits);
    }
    let real_ms = begin.elapsed().as_millis().max(1) as u64;
    eprintln!(
        "{seeds} seeds: {kills} kills, {checkpoints} checkpoints, {unaligned} with in-flight data, {simulated_ms} ms simulated \
         in {real_ms} ms; {points:?}"
    );
    assert!(failures.is_empty(), "{} of {seeds} seeds fail:\n{}", failures.len(), failures.join("\n"));
    if seeds >= 100 {
        assert!(kills as u64 > seeds / 2, "the seeds kill little");
        assert!(unaligned as u64 > seeds / 10, "little is in flight");
    }
}

/// The first seed at which a mutant is found, by this case.
fn found(case_name: &str, mutant: Mutant) -> Option<(u64, String)> {
    let case = operator_cases().into_iter().find(|case| case.name == case_name).expect("a case of this name");
    (0..40).find_map(|seed| {
        let plan = Plan { mutant: Some(mutant), ..plan(seed, AlignmentMode::Unaligned { timeout_ms: 0 }) };
        run(&case, &plan).err().map(|cause| (seed, cause))
    })
}

#[test]
fn each_checker_finds_a_mutant() {
    let captures_nothing = Mutant::Point("mutant: captures nothing");
    let captures_twice = Mutant::Point("mutant: captures twice");
    for (case, mutant) in [
        ("sequence ledger", captures_nothing),
        ("sequence ledger", captures_twice),
        ("sequence ledger", Mutant::CommitsAtOnce),
        ("hash chain", captures_twice),
        ("bank", captures_nothing),
        ("bank", captures_twice),
        ("alarms", Mutant::LosesATimer),
        ("alarms", captures_nothing),
        ("windows", captures_nothing),
    ] {
        let (seed, cause) = found(case, mutant).unwrap_or_else(|| panic!("{case} does not find {mutant:?}"));
        eprintln!("{case} finds {mutant:?} at seed {seed}: {cause}");
    }
}
