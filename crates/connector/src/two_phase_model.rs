//! The model of a sink that commits in two phases, in memory, with mistakes on demand: what [`two_phase_kit`](crate::two_phase_kit) is tested
//! with, and where to look for how a sink is meant to be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flott_environment::Environment;
use flott_record::Batch;
use flott_record::value_array::rows_of_batch;
use flott_record::{Schema, Value};

use crate::contract::ConnectorError;
use crate::sink::{Committable, Committer, Sink, SinkWriter, WriterSetup};
use crate::two_phase_kit::{SinkUnderTest, kit_schema};

/// A mistake that a sink can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Rows are seen as soon as they are written.
    SeenWhenWritten,
    /// Rows are seen as soon as they are prepared.
    SeenWhenPrepared,
    /// What was prepared is lost in a crash.
    PreparedIsLost,
    /// Committing again makes the rows be seen again.
    CommitsTwice,
    /// What is to be committed and is not there counts as committed, though it was lost.
    LossIsFine,
    /// A restarted writer uses names that another one has used.
    NamesComeAgain,
    /// The last rows are forgotten at the end of input.
    EndIsForgotten,
}

#[derive(Default)]
struct Shelf {
    prepared: BTreeMap<String, Vec<i32>>,
    visible: BTreeMap<String, Vec<i32>>,
}

/// The model, and the world that it writes to.
#[derive(Clone, Default)]
pub struct ModelSink {
    shelf: Arc<Mutex<Shelf>>,
    mistake: Option<Mistake>,
}

impl ModelSink {
    /// A sink in an empty world.
    pub fn new(mistake: Option<Mistake>) -> Self {
        ModelSink { shelf: Arc::default(), mistake }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}

impl SinkUnderTest for ModelSink {
    fn environment(&self) -> Environment {
        Environment::real()
    }

    fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.clone())
    }

    fn visible(&self) -> Vec<i32> {
        self.lock().visible.values().flatten().copied().collect()
    }

    fn crash(&self) {
        if self.makes(Mistake::PreparedIsLost) || self.makes(Mistake::LossIsFine) {
            self.lock().prepared.clear();
        }
    }
}

impl Sink for ModelSink {
    fn writer(&self, setup: &WriterSetup) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let run = if self.makes(Mistake::NamesComeAgain) { "run" } else { &setup.run_id };
        let prefix = format!("{run}-{}", setup.subtask);
        Ok(Box::new(ModelWriter { sink: self.clone(), schema: kit_schema(), prefix, next: 0, rows: Vec::new() }))
    }

    fn committer(&self, _environment: &Environment) -> Option<Box<dyn Committer>> {
        Some(Box::new(ModelCommitter { sink: self.clone() }))
    }
}

struct ModelWriter {
    sink: ModelSink,
    schema: Schema,
    prefix: String,
    next: u32,
    rows: Vec<i32>,
}

impl ModelWriter {
    fn name(&self) -> String {
        format!("{}-{}", self.prefix, self.next)
    }
}

impl SinkWriter for ModelWriter {
    fn write(&mut self, batch: &Batch) -> Result<(), ConnectorError> {
        for (_, cells) in rows_of_batch(&self.schema, batch) {
            if let Some(Value::Int(row)) = cells.first() {
                self.rows.push(*row);
            }
        }
        if self.sink.makes(Mistake::SeenWhenWritten) {
            self.sink.lock().visible.insert(self.name(), self.rows.clone());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn wake_at_ms(&self) -> Option<i64> {
        None
    }

    fn prepare_commit(&mut self, end_of_input: bool) -> Result<Vec<Committable>, ConnectorError> {
        if end_of_input && self.sink.makes(Mistake::EndIsForgotten) {
            self.rows.clear();
        }
        let (name, rows) = (self.name(), std::mem::take(&mut self.rows));
        self.next += 1;
        if self.sink.makes(Mistake::SeenWhenPrepared) {
            self.sink.lock().visible.insert(name.clone(), rows.clone());
        }
        self.sink.lock().prepared.insert(name.clone(), rows);
        Ok(vec![Committable { state: name.into_bytes() }])
    }

    fn abort(&mut self) -> Result<(), ConnectorError> {
        self.rows.clear();
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}

struct ModelCommitter {
    sink: ModelSink,
}

fn name_of(committable: &Committable) -> String {
    String::from_utf8_lossy(&committable.state).into_owned()
}

impl Committer for ModelCommitter {
    fn commit(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let mut shelf = self.sink.lock();
        for name in committables.iter().map(name_of) {
            let prepared = if self.sink.makes(Mistake::CommitsTwice) {
                shelf.prepared.get(&name).cloned()
            } else {
                shelf.prepared.remove(&name)
            };
            match prepared {
                Some(rows) if self.sink.makes(Mistake::CommitsTwice) => {
                    shelf.visible.entry(name).or_default().extend(rows);
                }
                // Committed before, or this very name was: it is the same.
                Some(rows) => drop(shelf.visible.entry(name).or_insert(rows)),
                None if shelf.visible.contains_key(&name) || self.sink.makes(Mistake::LossIsFine) => {}
                None => return Err(ConnectorError::new(format!("{name} was prepared and is lost"))),
            }
        }
        Ok(())
    }

    fn discard(&mut self, committables: &[Committable]) -> Result<(), ConnectorError> {
        let mut shelf = self.sink.lock();
        committables.iter().map(name_of).for_each(|name| drop(shelf.prepared.remove(&name)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::two_phase_kit::check_two_phase_commit;

    #[test]
    fn the_model_passes() {
        check_two_phase_commit(&|| Box::new(ModelSink::new(None)));
    }

    #[test]
    fn every_mistake_is_found() {
        let mistakes = [
            Mistake::SeenWhenWritten,
            Mistake::SeenWhenPrepared,
            Mistake::PreparedIsLost,
            Mistake::CommitsTwice,
            Mistake::LossIsFine,
            Mistake::NamesComeAgain,
            Mistake::EndIsForgotten,
        ];
        for mistake in mistakes {
            let check = || check_two_phase_commit(&|| Box::new(ModelSink::new(Some(mistake))));
            assert!(catch_unwind(AssertUnwindSafe(check)).is_err(), "{mistake:?} is not found");
        }
    }
}
