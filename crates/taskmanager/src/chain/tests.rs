//! Chains of small operators, driven by hand.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array};
use flott_job::{OperatorNode, OperatorSpec};
use flott_metric::MetricGroup;
use flott_operator::{Context, Forwarding, Operator, OperatorError, Step};
use flott_record::{Barrier, Batch, MAX_WATERMARK};
use flott_state::{OperatorSnapshot, SnapshotReader, SnapshotWriter};
use proptest::prelude::*;

use super::stage::Stage;
use super::work::Work;
use super::{Chain, ChainFailure};

/// Repeats each row; keeps some rows back until a barrier or the end; says how much it has seen in its snapshot.
struct Repeat {
    times: usize,
    /// Rows that it takes in one call.
    rows_per_call: usize,
    keeps: bool,
    kept: Vec<i64>,
    seen: u64,
    forwarding: Forwarding,
}

fn batch(values: &[i64]) -> Batch {
    Batch::new(vec![Arc::new(Int64Array::from(values.to_vec())) as ArrayRef], values.len())
}

impl Repeat {
    fn give_kept(&mut self, context: &mut Context<'_>) -> Step {
        // One row a call.
        if self.kept.is_empty() {
            return Step::Done;
        }
        context.emit(batch(&[self.kept.remove(0)]));
        Step::Yield { consumed_rows: 0 }
    }
}

impl Operator for Repeat {
    fn on_batch(&mut self, _: usize, rows: &Batch, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        let consumed_rows = rows.num_rows().min(self.rows_per_call);
        let values = rows.column(0).as_primitive::<Int64Type>();
        for value in &values.values()[..consumed_rows] {
            if *value < 0 {
                return Err(OperatorError::Failed(format!("{value} is negative")));
            }
            self.seen += 1;
            if self.keeps {
                self.kept.push(*value);
            } else {
                context.emit(batch(&vec![*value; self.times]));
            }
        }
        Ok(if consumed_rows == rows.num_rows() { Step::Done } else { Step::Yield { consumed_rows } })
    }

    fn on_watermark(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        if self.forwarding == Forwarding::Operator && context.watermark_ms != MAX_WATERMARK {
            context.emit_watermark(context.watermark_ms - 1);
        }
        Ok(Step::Done)
    }

    fn on_processing_time(&mut self, _: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(Step::Done)
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn end_input(&mut self, _: usize, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(self.give_kept(context))
    }

    fn prepare_barrier(&mut self, context: &mut Context<'_>) -> Result<Step, OperatorError> {
        Ok(self.give_kept(context))
    }

    fn forwarding(&self) -> Forwarding {
        self.forwarding
    }

    fn snapshot(&mut self, writer: &mut SnapshotWriter) -> Result<(), OperatorError> {
        writer.list("seen", self.seen.to_le_bytes().to_vec());
        Ok(())
    }

    fn restore(&mut self, _: &SnapshotReader<'_>) -> Result<(), OperatorError> {
        Ok(())
    }
}

fn repeat(times: usize, rows_per_call: usize) -> Repeat {
    Repeat { times, rows_per_call, keeps: false, kept: Vec::new(), seen: 0, forwarding: Forwarding::Loop }
}

fn chain(operators: Vec<Repeat>) -> Chain {
    let group = MetricGroup::detached();
    let stage = |(index, operator): (usize, Repeat)| {
        let uid = format!("op{index}");
        let node = OperatorNode { name: uid.clone(), uid, spec: OperatorSpec::Custom("repeat".to_string()) };
        Stage::new(node, Box::new(operator), 1, &group)
    };
    Chain::new(operators.into_iter().enumerate().map(stage).collect(), 128)
}

/// Steps until nothing is left, taking results as they come: rows and signals as text, and the most that ever waited in one queue.
fn drive(chain: &mut Chain) -> Result<(Vec<String>, usize), ChainFailure> {
    let (mut out, mut most) = (Vec::new(), 0);
    loop {
        while let Some(work) = chain.out.pop_front() {
            match work {
                Work::Batch { batch, .. } => {
                    out.extend(batch.column(0).as_primitive::<Int64Type>().values().iter().map(i64::to_string));
                }
                Work::Watermark(MAX_WATERMARK) => out.push("W max".to_string()),
                Work::Watermark(watermark_ms) => out.push(format!("W {watermark_ms}")),
                Work::Barrier(barrier) => out.push(format!("B {}", barrier.checkpoint_id)),
                Work::EndInput(_) => out.push("end".to_string()),
                other => out.push(format!("{other:?}")),
            }
        }
        let stages = chain.stages.iter().map(|stage| stage.queue.len());
        most = stages.max().unwrap_or(0).max(most);
        if !chain.step(0)? {
            return Ok((out, most));
        }
    }
}

fn input(values: &[i64]) -> Work {
    Work::Batch { input: 0, batch: batch(values) }
}

#[test]
fn what_is_emitted_passes_the_chain_before_its_operator_is_called_again() {
    let mut chain = chain(vec![repeat(3, 1), repeat(2, 1), repeat(1, 1)]);
    let values: Vec<i64> = (0..1_000).collect();
    chain.push(input(&values));
    let (out, most) = drive(&mut chain).expect("nothing is negative");
    let expected: Vec<String> = values.iter().flat_map(|value| vec![value.to_string(); 6]).collect();
    assert_eq!(out, expected);
    assert!(most <= 2, "{most} things waited in one queue");
}

#[test]
fn a_barrier_comes_after_the_rows_that_were_kept_and_brings_every_state() {
    let mut chain = chain(vec![Repeat { keeps: true, ..repeat(1, 10) }, repeat(2, 10)]);
    chain.push(input(&[1, 2]));
    chain.push(Work::Barrier(Barrier { checkpoint_id: 7, triggered_at_ms: 0, must_align: false }));
    let (out, _) = drive(&mut chain).expect("nothing is negative");
    assert_eq!(out, ["1", "1", "2", "2", "B 7"]);
    let states = chain.take_states();
    let seen: Vec<(String, Vec<u8>)> = states
        .into_iter()
        .map(|(uid, state)| {
            let bytes = state.into_bytes().expect("state is in memory");
            let snapshot = OperatorSnapshot::from_bytes(&bytes).expect("own bytes");
            (uid, snapshot.lists["seen"][0].clone())
        })
        .collect();
    let two = 2u64.to_le_bytes().to_vec();
    assert_eq!(seen, [("op0".to_string(), two.clone()), ("op1".to_string(), two)]);
}

#[test]
fn the_end_brings_what_was_kept_then_the_greatest_watermark() {
    let own = Repeat { keeps: true, forwarding: Forwarding::Operator, ..repeat(1, 10) };
    let mut chain = chain(vec![own, repeat(1, 10)]);
    chain.push(input(&[5]));
    for work in [Work::Watermark(10), Work::Idle, Work::Idle, Work::Watermark(MAX_WATERMARK), Work::EndInput(0)] {
        chain.push(work);
    }
    let (out, _) = drive(&mut chain).expect("nothing is negative");
    assert_eq!(out, ["W 9", "Idle", "5", "Active", "W max", "end"]);
}

#[test]
fn a_failure_names_its_operator() {
    let mut chain = chain(vec![repeat(1, 10), repeat(1, 10)]);
    chain.push(input(&[-3]));
    let failure = drive(&mut chain).expect_err("negative");
    assert_eq!((failure.operator.as_str(), failure.cause.as_str()), ("op0", "-3 is negative"));
}

#[test]
fn a_chain_without_operators_passes_everything_on() {
    let mut chain = chain(Vec::new());
    chain.push(input(&[1]));
    chain.push(Work::Watermark(3));
    let (out, _) = drive(&mut chain).expect("nobody fails");
    assert_eq!(out, ["1", "W 3"]);
}

proptest! {
    /// However rows are cut and wherever operators yield, the results and their places between watermarks are the same.
    #[test]
    fn cuts_and_yields_change_nothing(
        script in proptest::collection::vec(prop_oneof![
            4 => proptest::collection::vec(0i64..100, 1..20).prop_map(Ok),
            1 => (0i64..1_000).prop_map(Err),
        ], 1..12),
        rows_per_call in proptest::collection::vec(1usize..8, 3),
    ) {
        let run = |rows_per_call: &[usize]| {
            let operators = rows_per_call.iter().enumerate().map(|(index, rows)| repeat(index % 2 + 1, *rows));
            let mut chain = chain(operators.collect());
            let mut out = Vec::new();
            for event in &script {
                chain.push(match event {
                    Ok(values) => input(values),
                    Err(watermark_ms) => Work::Watermark(*watermark_ms),
                });
                out.extend(drive(&mut chain).expect("nothing is negative").0);
            }
            out
        };
        prop_assert_eq!(run(&rows_per_call), run(&[1_000; 3]));
    }
}
