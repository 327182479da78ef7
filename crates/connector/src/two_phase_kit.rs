//! What every sink that commits in two phases must do, as one test: whatever fails at whatever point, each row is seen once, and none before
//! its checkpoint is complete. For tests of sinks: implement [`SinkUnderTest`] and call [`check_two_phase_commit`].

use flott_environment::Environment;
use flott_record::value_array::batch_from_rows;
use flott_record::{Field, RowKind, Schema, TypeKind, Value};

use crate::contract::ConnectorError;
use crate::sink::{Committable, Committer, Sink, SinkWriter, WriterSetup};

/// Checkpoints of a run; the last one is the end of input.
const CHECKPOINTS: u32 = 4;
/// Rows between two checkpoints, numbered through.
const ROWS: u32 = 6;
/// Writers.
const SUBTASKS: u32 = 2;
/// Restarts after failures that the sink itself reports, before the kit gives up.
const RESTARTS_MAX: u32 = 200;

/// A sink in a world of its own.
pub trait SinkUnderTest {
    /// Clock, disk and stores.
    fn environment(&self) -> Environment;
    /// The sink, as a job makes it at each of its starts.
    fn sink(&self) -> Box<dyn Sink>;
    /// The numbers of the rows that a reader sees now, in any order.
    fn visible(&self) -> Vec<i32>;
    /// What a crash does to the world, besides ending the writers: a loss of power, say.
    fn crash(&self) {}
}

/// The columns of the rows: `v INT`, the row's number, and `s STRING`, the texts `s0` and `s1` by turns.
pub fn kit_schema() -> Schema {
    Schema::new(vec![Field::new("v", TypeKind::Int.nullable()), Field::new("s", TypeKind::string().nullable())])
}

/// Where a run is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Rows are written.
    Written,
    /// One of the writers has prepared.
    OnePrepared,
    /// All have, but the checkpoint is not complete.
    Prepared,
    /// The checkpoint is complete, nothing is committed.
    Complete,
    /// A part is committed.
    HalfCommitted,
    /// All is committed.
    Committed,
    /// The job fails in good order: writers abort, what was prepared is discarded.
    Aborted,
    /// No crash: the checkpoint is given up, and what was prepared goes with the next.
    Declined,
}

const POINTS: [Point; 8] = [
    Point::Written,
    Point::OnePrepared,
    Point::Prepared,
    Point::Complete,
    Point::HalfCommitted,
    Point::Committed,
    Point::Aborted,
    Point::Declined,
];

/// Runs a sink without and with each single interruption: 33 runs; `make` makes a new world for each.
///
/// # Panics
/// Where a row is seen twice, never, or too early; says where the run was interrupted.
pub fn check_each_interruption(make: &dyn Fn() -> Box<dyn SinkUnderTest>) {
    Run::new(&*make(), Vec::new()).finish();
    for checkpoint in 0..CHECKPOINTS {
        for point in POINTS {
            Run::new(&*make(), vec![(checkpoint, point)]).finish();
        }
    }
}

/// As [`check_each_interruption`], and with each two interruptions in a row: 545 runs.
///
/// # Panics
/// As there.
pub fn check_two_phase_commit(make: &dyn Fn() -> Box<dyn SinkUnderTest>) {
    check_each_interruption(make);
    for checkpoint in 0..CHECKPOINTS {
        for point in POINTS {
            for second in POINTS {
                // The second one comes in the run that was restored after the first.
                for later in [checkpoint, checkpoint + 1] {
                    Run::new(&*make(), vec![(checkpoint, point), (later, second)]).finish();
                }
            }
        }
    }
}

/// A run that ends otherwise than by its end.
enum Interruption {
    /// As planned.
    Crash,
    /// The sink failed.
    Failure(ConnectorError),
}

impl From<ConnectorError> for Interruption {
    fn from(error: ConnectorError) -> Self {
        Interruption::Failure(error)
    }
}

/// What the last complete checkpoint holds.
#[derive(Clone, Default)]
struct Durable {
    /// Checkpoints that are complete.
    checkpoints: u32,
    committables: Vec<Committable>,
}

struct Run<'a> {
    subject: &'a dyn SinkUnderTest,
    /// Interruptions still to come.
    planned: Vec<(u32, Point)>,
    plan: String,
    durable: Durable,
    /// Checkpoints whose rows must be seen.
    committed: u32,
    starts: u32,
}

impl<'a> Run<'a> {
    fn new(subject: &'a dyn SinkUnderTest, planned: Vec<(u32, Point)>) -> Self {
        let plan = format!("{planned:?}");
        Run { subject, planned, plan, durable: Durable::default(), committed: 0, starts: 0 }
    }

    fn finish(mut self) {
        let mut failures = Vec::new();
        loop {
            self.starts += 1;
            match self.attempt() {
                Ok(()) => break,
                Err(Interruption::Crash) => {}
                Err(Interruption::Failure(error)) => failures.push(error.message),
            }
            assert!(self.starts <= RESTARTS_MAX, "{}: too many failures: {failures:?}", self.plan);
            self.subject.crash();
            self.check("after a crash");
        }
        assert_eq!(self.committed, CHECKPOINTS, "{}", self.plan);
        self.check("at the end");
    }

    /// Whether the run is to be interrupted here; takes it from the plan.
    fn is_planned(&mut self, checkpoint: u32, point: Point) -> bool {
        let is_here = self.planned.first() == Some(&(checkpoint, point));
        if is_here {
            self.planned.remove(0);
        }
        is_here
    }

    fn crash_at(&mut self, checkpoint: u32, point: Point) -> Result<(), Interruption> {
        if self.is_planned(checkpoint, point) { Err(Interruption::Crash) } else { Ok(()) }
    }

    /// Each row of a committed checkpoint is seen once, and none of one that is not complete.
    fn check(&self, when: &str) {
        let mut visible = self.subject.visible();
        visible.sort_unstable();
        let plan = &self.plan;
        assert!(visible.windows(2).all(|pair| pair[0] < pair[1]), "{plan}, {when}: seen twice: {visible:?}");
        let bound = (self.durable.checkpoints * ROWS) as i32;
        assert!(visible.last().is_none_or(|last| *last < bound), "{plan}, {when}: seen too early: {visible:?}");
        let missing = (0..(self.committed * ROWS) as i32).find(|row| visible.binary_search(row).is_err());
        assert_eq!(missing, None, "{plan}, {when}: not seen: {visible:?}");
    }

    fn writers(&self, sink: &dyn Sink) -> Result<Vec<Box<dyn SinkWriter>>, ConnectorError> {
        let setup = |subtask| WriterSetup {
            environment: self.subject.environment(),
            subtask,
            parallelism: SUBTASKS,
            run_id: format!("run{}", self.starts),
            input: kit_schema(),
            time_zone: "UTC".to_string(),
        };
        (0..SUBTASKS).map(|subtask| sink.writer(&setup(subtask))).collect()
    }

    fn attempt(&mut self) -> Result<(), Interruption> {
        let sink = self.subject.sink();
        let environment = self.subject.environment();
        let mut committer =
            sink.committer(&environment).ok_or_else(|| ConnectorError::new("the sink has no committer"))?;
        if !self.durable.committables.is_empty() {
            committer.commit(&self.durable.committables)?;
            committer.commit(&self.durable.committables)?;
            self.committed = self.durable.checkpoints;
            self.check("after the restore");
        }
        let mut writers = self.writers(sink.as_ref())?;
        let mut given_up = Vec::new();
        // What is given up stays with the rows after it, so the position doesn't move.
        let mut checkpoint = self.durable.checkpoints;
        let mut complete = checkpoint;
        while checkpoint < CHECKPOINTS {
            write_rows(&mut writers, checkpoint)?;
            self.check("after rows were written");
            self.crash_at(checkpoint, Point::Written)?;
            let prepared = self.prepare(&mut writers, checkpoint, &mut given_up)?;
            checkpoint += 1;
            if self.is_planned(checkpoint - 1, Point::Aborted) {
                return Err(self.abort(&mut writers, committer.as_mut(), &prepared));
            }
            if checkpoint < CHECKPOINTS && self.is_planned(checkpoint - 1, Point::Declined) {
                given_up = prepared;
                continue;
            }
            self.durable = Durable { checkpoints: checkpoint, committables: prepared };
            self.commit(committer.as_mut(), checkpoint - 1)?;
            complete = checkpoint;
        }
        self.committed = complete;
        Ok(())
    }

    /// The barrier reaches all writers.
    fn prepare(
        &mut self,
        writers: &mut [Box<dyn SinkWriter>],
        checkpoint: u32,
        given_up: &mut Vec<Committable>,
    ) -> Result<Vec<Committable>, Interruption> {
        let is_end = checkpoint + 1 == CHECKPOINTS;
        let mut prepared = std::mem::take(given_up);
        for writer in writers.iter_mut() {
            prepared.extend(writer.prepare_commit(is_end)?);
            self.crash_at(checkpoint, Point::OnePrepared)?;
        }
        self.check("after the barrier");
        self.crash_at(checkpoint, Point::Prepared)?;
        Ok(prepared)
    }

    /// The checkpoint is complete.
    fn commit(&mut self, committer: &mut dyn Committer, checkpoint: u32) -> Result<(), Interruption> {
        self.check("when the checkpoint is complete");
        self.crash_at(checkpoint, Point::Complete)?;
        let committables = self.durable.committables.clone();
        if self.is_planned(checkpoint, Point::HalfCommitted) {
            committer.commit(&committables[..committables.len().div_ceil(2)])?;
            return Err(Interruption::Crash);
        }
        committer.commit(&committables)?;
        self.committed = checkpoint + 1;
        self.check("after the commit");
        committer.commit(&committables)?;
        self.check("after committing again");
        self.crash_at(checkpoint, Point::Committed)
    }

    fn abort(
        &mut self,
        writers: &mut [Box<dyn SinkWriter>],
        committer: &mut dyn Committer,
        prepared: &[Committable],
    ) -> Interruption {
        let aborted: Result<Vec<()>, ConnectorError> = writers.iter_mut().map(|writer| writer.abort()).collect();
        match aborted.and_then(|_| committer.discard(prepared)) {
            Ok(()) => Interruption::Crash,
            Err(error) => Interruption::Failure(error),
        }
    }
}

/// Writes the rows of a checkpoint: even ones by the first writer, odd ones by the second, one batch each for two rows.
fn write_rows(writers: &mut [Box<dyn SinkWriter>], checkpoint: u32) -> Result<(), ConnectorError> {
    for (subtask, writer) in (0..SUBTASKS).zip(writers) {
        let mine: Vec<u32> =
            (checkpoint * ROWS..(checkpoint + 1) * ROWS).filter(|row| row % SUBTASKS == subtask).collect();
        for rows in mine.chunks(2) {
            let value = |row: &u32| vec![Value::Int(*row as i32), Value::String(format!("s{}", row / 2 % 2))];
            let rows: Vec<_> = rows.iter().map(|row| (RowKind::Insert, value(row))).collect();
            let batch =
                batch_from_rows(&kit_schema(), &rows).map_err(|error| ConnectorError::new(error.to_string()))?;
            writer.write(&batch)?;
        }
        writer.watermark(i64::from(checkpoint) * 3_600_000);
    }
    Ok(())
}
