//! From the plan of a subtask to the subtask, on its slot's thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use flott_checkpoint::AlignmentMode;
use flott_connector::{ReaderSetup, Registry, Sink, Source, WriterSetup};
use flott_environment::{Environment, Waker};
use flott_evaluation::{Seeds, Session};
use flott_exchange::{ChannelSender, HashPartitioner, InputChannel, InputGate, OutputGate, Owner, Partitioner, Route};
use flott_job::graph::Partition;
use flott_job::{JobSettings, OperatorNode, OperatorSpec, Vertex};
use flott_metric::{
    MetricGroup, OperatorIdentity, OperatorMetrics, SinkMetrics, SourceMetrics, TaskIdentity, TaskMetrics,
};
use flott_operator::interface::Counts;
use flott_operator::sink_enforcer::SinkEnforcer;
use flott_operator::{Operator, Setup};
use flott_record::limits::BATCH_ROWS_MAX;
use flott_record::{Field, Schema, TableSpec};
use flott_state::{OperatorSnapshot, SnapshotReader, StateBackend};

use crate::chain::Chain;
use crate::chain::stage::Stage;
use crate::failure::{JobFailure, TaskId};
use crate::lookup;
use crate::mailbox::Mailbox;
use crate::message::{ToCoordinator, ToTask};
use crate::operators::CustomOperators;
use crate::progress::TaskGauges;
use crate::task::clocking::Clocking;
use crate::task::gate_head::GateHead;
use crate::task::snapshot::{Parts, in_flight_uid, recovery};
use crate::task::source_head::SourceHead;
use crate::task::tail::{SinkTail, Tail};
use crate::task::{Credit, Head, Task, failure};

/// What all subtasks of a job share.
pub(crate) struct JobContext {
    pub(crate) environment: Environment,
    pub(crate) settings: JobSettings,
    pub(crate) alignment: AlignmentMode,
    /// Where operators keep their state.
    pub(crate) state: StateBackend,
    pub(crate) operators: CustomOperators,
    pub(crate) connectors: Registry,
    pub(crate) coordinator: Mailbox<ToCoordinator>,
    pub(crate) open_sources: Arc<AtomicUsize>,
    pub(crate) metrics: MetricGroup,
    /// Unique for this run.
    pub(crate) run_id: String,
    /// State to begin with, by operator uid.
    pub(crate) restored: Option<BTreeMap<String, Vec<OperatorSnapshot>>>,
}

/// Everything from which one subtask is made.
pub(crate) struct TaskPlan {
    pub(crate) context: Arc<JobContext>,
    pub(crate) vertex: Arc<Vertex>,
    pub(crate) id: TaskId,
    pub(crate) gauges: TaskGauges,
    /// Channels of each input; empty for a source.
    pub(crate) inputs: Vec<Vec<InputChannel>>,
    /// The edges that lead into it: the input of each, and where its rows may go on restore.
    pub(crate) edges: Arc<[(usize, Route)]>,
    /// Channels of each outgoing edge.
    pub(crate) outputs: Vec<(Partition, Vec<ChannelSender>)>,
    /// The source that the chain begins with, and the mailbox of this subtask.
    pub(crate) source: Option<(Arc<dyn Source>, Mailbox<ToTask>)>,
    /// The sink that the chain ends with.
    pub(crate) sink: Option<Arc<dyn Sink>>,
    /// Whether the vertex had ended before the snapshot that the job is restored from: it ends at once.
    pub(crate) has_ended: bool,
}

impl TaskPlan {
    /// Builds the subtask.
    pub(crate) fn build(mut self, waker: &Waker) -> Result<Task, JobFailure> {
        let context = self.context.clone();
        let group = context.metrics.task(&TaskIdentity {
            task_id: format!("{:032x}", self.id.vertex),
            task_name: self.vertex.name.clone(),
            attempt_id: context.run_id.clone(),
            attempt_number: 0,
            subtask_index: self.id.subtask,
        });
        let metrics = TaskMetrics::register(&group);
        let inputs = std::mem::take(&mut self.inputs);
        let chain = Chain::new(self.stages(&group, inputs.len().max(1))?, context.settings.max_parallelism);
        let gate = |inputs| {
            let gate = self.input_gate(inputs)?;
            let head = GateHead::new(gate, metrics.clone(), context.environment.clone());
            Ok::<Head, JobFailure>(Head::Gate(Box::new(head)))
        };
        let (head, source_metrics) = match self.source.clone() {
            Some((source, control)) if !self.has_ended => {
                let (head, metrics) = self.source_head(&*source, control, &group)?;
                (Head::Source(Box::new(head)), Some(metrics))
            }
            // A source that had ended has no input, which is one that has ended.
            Some(_) => (gate(vec![Vec::new()])?, None),
            None => (gate(inputs)?, None),
        };
        let tail = match self.sink.take() {
            Some(sink) if !self.has_ended => Tail::Sink(Box::new(self.sink_tail(&*sink, &group)?)),
            _ => Tail::Gates(self.output_gates()),
        };
        let clock = context.environment.clock().clone();
        Ok(Task {
            id: self.id,
            name: self.vertex.name.clone(),
            parallelism: self.vertex.parallelism,
            head,
            chain,
            tail,
            head_ended: false,
            overtakes: matches!(context.alignment, AlignmentMode::Unaligned { .. }),
            parts: Parts::default(),
            credit: Credit::Keeps,
            barrier_in_chain: false,
            first_uid: self.vertex.chain[0].uid.clone(),
            max_parallelism: context.settings.max_parallelism,
            coordinator: context.coordinator.clone(),
            open_sources: context.open_sources.clone(),
            clocking: Clocking::new(clock.monotonic_ns()),
            environment: context.environment.clone(),
            clock,
            waker: waker.clone(),
            metrics,
            source_metrics,
            bytes_out: 0,
            is_finished: false,
        })
    }

    /// The gate over these channels, which replays first what was in flight when the snapshot was taken that the job goes on from.
    fn input_gate(&self, inputs: Vec<Vec<InputChannel>>) -> Result<InputGate, JobFailure> {
        let count = inputs.len();
        let alignment = match self.context.alignment {
            AlignmentMode::Unaligned { .. } if self.context.environment.maybe("alignment times out at once") => {
                AlignmentMode::Unaligned { timeout_ms: 0 }
            }
            alignment => alignment,
        };
        let gate = InputGate::new(inputs, alignment);
        let node = &self.vertex.chain[0];
        let in_flight = self.context.restored.as_ref().and_then(|restored| restored.get(&in_flight_uid(&node.uid)));
        let Some(snapshots) = in_flight.filter(|_| !self.has_ended) else { return Ok(gate) };
        let owner = Owner {
            subtask: self.id.subtask,
            parallelism: self.vertex.parallelism,
            max_parallelism: self.context.settings.max_parallelism,
        };
        let recovery = recovery(snapshots, owner, &self.edges, count).map_err(|cause| self.failure(node, cause))?;
        Ok(gate.with_recovery(recovery))
    }

    /// The operators between source and sink, with their state. A chain that had ended has nothing to do any more.
    fn stages(&self, group: &MetricGroup, inputs: usize) -> Result<Vec<Stage>, JobFailure> {
        if self.has_ended {
            return Ok(Vec::new());
        }
        let mut stages = Vec::new();
        let mut inputs = inputs;
        for (index, node) in self.vertex.chain.iter().enumerate() {
            if node.spec.is_source() || matches!(node.spec, OperatorSpec::Sink(_)) {
                continue;
            }
            let operator = self.operator(index, node).map_err(|cause| self.failure(node, cause))?;
            stages.push(Stage::new(node.clone(), operator, std::mem::replace(&mut inputs, 1), group));
        }
        Ok(stages)
    }

    fn operator(&self, index: usize, node: &OperatorNode) -> Result<Box<dyn Operator>, String> {
        let settings = &self.context.settings;
        let input = index.checked_sub(1).and_then(|before| output_schema(&self.vertex.chain[before].spec));
        let setup = Setup {
            name: node.name.clone(),
            subtask: self.id.subtask,
            parallelism: self.vertex.parallelism,
            max_parallelism: settings.max_parallelism,
            session: Session {
                time_zone: settings.time_zone.clone(),
                batch_mode: settings.batch_mode,
                query_start_ms: settings.query_start_ms,
                seeds: Seeds::of(self.context.environment.random_seed()),
            },
            inputs: input.into_iter().collect(),
            batch_mode: settings.batch_mode,
        };
        let mut operator = match &node.spec {
            OperatorSpec::LookupJoin(spec) => {
                lookup::operator(spec, &setup, &self.context.connectors, &self.context.environment)?
            }
            spec => self.context.operators.build(spec, &setup).map_err(|error| error.to_string())?,
        };
        let owner = format!("{}-{}-{index}-{}", self.context.run_id, self.id.vertex, self.id.subtask);
        if let Some(disk) = self.context.state.of_operator(&owner, settings.max_parallelism) {
            operator.use_disk(&disk).map_err(|error| format!("it cannot keep its state on disk: {error}"))?;
        }
        if let Some(snapshots) = self.context.restored.as_ref().and_then(|restored| restored.get(&node.uid)) {
            let reader = SnapshotReader::new(snapshots, setup.key_groups(), self.id.subtask, self.vertex.parallelism);
            operator.restore(&reader).map_err(|error| format!("its state cannot be restored: {error}"))?;
        }
        Ok(operator)
    }

    fn source_head(
        &self,
        source: &dyn Source,
        control: Mailbox<ToTask>,
        group: &MetricGroup,
    ) -> Result<(SourceHead, SourceMetrics), JobFailure> {
        let node = &self.vertex.chain[0];
        let group = node_group(group, node);
        let (projection, limit) = match &node.spec {
            OperatorSpec::Source(spec) => (spec.projection.clone(), spec.limit),
            OperatorSpec::Values(spec) => ((0..spec.schema.len()).collect(), None),
            _ => (Vec::new(), None),
        };
        let setup = ReaderSetup {
            environment: self.context.environment.clone(),
            subtask: self.id.subtask,
            parallelism: self.vertex.parallelism,
            projection,
            output: output_schema(&node.spec).unwrap_or_default(),
            time_zone: self.context.settings.time_zone.clone(),
            batch_rows_max: if self.context.environment.maybe("sources give few rows") { 16 } else { BATCH_ROWS_MAX },
        };
        let reader = source.reader(&setup).map_err(|error| self.failure(node, error.to_string()))?;
        let metrics = OperatorMetrics::register(&group);
        let head = SourceHead::new(node.name.clone(), reader, control, limit, self.gauges.clone(), metrics);
        Ok((head, SourceMetrics::register(&group)))
    }

    fn sink_tail(&self, sink: &dyn Sink, group: &MetricGroup) -> Result<SinkTail, JobFailure> {
        let node = &self.vertex.chain[self.vertex.chain.len() - 1];
        let OperatorSpec::Sink(spec) = &node.spec else {
            return Err(self.failure(node, "it is not a sink".to_string()));
        };
        let group = node_group(group, node);
        let setup = WriterSetup {
            environment: self.context.environment.clone(),
            subtask: self.id.subtask,
            parallelism: self.vertex.parallelism,
            run_id: self.context.run_id.clone(),
            input: spec.input.clone(),
            time_zone: self.context.settings.time_zone.clone(),
        };
        let writer = sink.writer(&setup).map_err(|error| self.failure(node, error.to_string()))?;
        Ok(SinkTail {
            name: node.name.clone(),
            writer,
            enforcer: SinkEnforcer::new(spec),
            counts: Counts::default(),
            gauges: self.gauges.clone(),
            metrics: SinkMetrics::register(&group),
            operator_metrics: OperatorMetrics::register(&group),
            bytes_written: 0,
            committables: Vec::new(),
        })
    }

    fn output_gates(&mut self) -> Vec<OutputGate> {
        let settings = &self.context.settings;
        let gate = |(partition, senders): (Partition, Vec<ChannelSender>)| {
            let targets = senders.len() as u32;
            let partitioner = match partition {
                Partition::Forward | Partition::Singleton => Partitioner::One,
                Partition::Hash { columns } => {
                    Partitioner::Hash(HashPartitioner::new(columns, targets, settings.max_parallelism))
                }
                // Subtasks begin with different targets, so that few batches don't meet at the first.
                Partition::Rebalance => Partitioner::Rebalance { next: self.id.subtask as usize },
                Partition::Broadcast => Partitioner::Broadcast,
            };
            OutputGate::new(partitioner, senders, settings.buffer_timeout_ms)
        };
        std::mem::take(&mut self.outputs).into_iter().map(gate).collect()
    }

    fn failure(&self, node: &OperatorNode, cause: String) -> JobFailure {
        failure(&node.name, self.id, self.vertex.parallelism, cause)
    }
}

fn node_group(task_group: &MetricGroup, node: &OperatorNode) -> MetricGroup {
    task_group.operator(&OperatorIdentity { operator_id: node.uid.clone(), operator_name: node.name.clone() })
}

/// The columns that a source gives; `None` for operators, whose specs don't say.
fn output_schema(spec: &OperatorSpec) -> Option<Schema> {
    match spec {
        OperatorSpec::Source(spec) => {
            let fields = table_fields(&spec.table);
            Some(Schema::new(spec.projection.iter().filter_map(|index| fields.get(*index).cloned()).collect()))
        }
        OperatorSpec::Values(spec) => Some(spec.schema.clone()),
        _ => None,
    }
}

/// Physical columns, then metadata columns.
fn table_fields(table: &TableSpec) -> Vec<Field> {
    table.schema.fields.iter().cloned().chain(table.metadata.iter().map(|column| column.field.clone())).collect()
}
