//! From a job graph to running slots and a coordinator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use flott_connector::{Registry, Sink, Source};
use flott_environment::{Environment, MemoryStore, Store};
use flott_exchange::limits::channel_bytes;
use flott_exchange::{ChannelId, ChannelSender, InputChannel, Route, WakeCell, channel};
use flott_job::graph::Partition;
use flott_job::{Edge, JobGraph, OperatorSpec, Vertex};
use flott_metric::MetricGroup;
use flott_record::TableSpec;

use crate::checkpointing::{CheckpointStorage, Checkpointing};
use crate::coordinator::assembly::{JobFacts, VertexUids};
use crate::coordinator::metrics::CheckpointMetrics;
use crate::coordinator::sinks::SinkPlan;
use crate::coordinator::sources::SourcePlan;
use crate::coordinator::{Coordinator, CoordinatorPlan};
use crate::failure::{JobError, TaskId};
use crate::job::{JobShared, RunningJob};
use crate::limits::{COMMANDS_MAX, COORDINATOR_MESSAGES_PER_TASK, TASK_MESSAGES_MAX};
use crate::mailbox::Mailbox;
use crate::operators::CustomOperators;
use crate::progress::{ProgressBoard, TaskGauges};
use crate::slot::{Slot, TearDown};
use crate::snapshot::JobSnapshot;
use crate::task::build::{JobContext, TaskPlan};
use crate::task::snapshot::IN_FLIGHT_SUFFIX;
use crate::values::ValuesSource;

/// A job with everything that it needs to run in this process.
pub struct Deployment {
    /// Clock, workers, disk.
    pub environment: Environment,
    /// What is to run.
    pub graph: JobGraph,
    /// Connectors by name.
    pub connectors: Registry,
    /// Operators by name.
    pub operators: CustomOperators,
    /// The group of the task manager, under which the job's metrics appear.
    pub metrics: MetricGroup,
    /// The group of the job manager, under which the job's checkpoints appear.
    pub coordinator_metrics: MetricGroup,
    /// The job's id, if it is a further attempt to run a job.
    pub job_id: Option<String>,
    /// From where to go on.
    pub restore_from: Option<Arc<JobSnapshot>>,
    /// Whether state of operators that the job has not is left out (`execution.state-recovery.ignore-unclaimed-state`).
    pub ignores_unclaimed_state: bool,
    /// How its checkpoints are taken.
    pub checkpointing: Checkpointing,
    /// The job's checkpoints, if they have been taken over; else they are taken over now, which may block.
    pub storage: Option<CheckpointStorage>,
    /// Whether Ctrl-C cancels the job.
    pub cancel_on_interrupt: bool,
    /// Whether somebody may restart the job after a failure: its checkpoints stay then.
    pub may_restart: bool,
}

/// Channels of one subtask, by input.
type Inputs = Vec<Vec<InputChannel>>;

/// Channels of one subtask, by edge.
type Outputs = Vec<(Partition, Vec<ChannelSender>)>;

/// Channels of all subtasks, by vertex and subtask.
struct Wiring {
    inputs: Vec<Vec<Inputs>>,
    outputs: Vec<Vec<Outputs>>,
}

/// Starts a job: as many slots as the greatest parallelism, subtask i of every vertex in slot i, and a coordinator.
///
/// # Errors
/// If the graph is invalid, a connector or table is refused, the snapshot doesn't fit, or no checkpoints can be kept.
pub fn deploy(mut deployment: Deployment) -> Result<RunningJob, JobError> {
    let (environment, graph) = (deployment.environment.clone(), deployment.graph);
    graph.validate().map_err(|error| JobError::Rejected(error.to_string()))?;
    if let Some(snapshot) = &deployment.restore_from {
        deployment.restore_from = Some(fit_snapshot(&graph, snapshot, deployment.ignores_unclaimed_state)?);
    }
    let unique = || format!("{:016x}{:016x}", environment.random_seed(), environment.random_seed());
    let run_id = unique();
    let id = deployment.job_id.unwrap_or_else(|| run_id.clone());
    let storage = match deployment.storage {
        Some(storage) => storage,
        None => {
            let memory = Store::new(Arc::new(MemoryStore::new()));
            CheckpointStorage::open(&environment, &deployment.checkpointing, &id, &memory)?.0
        }
    };
    let slots = graph.vertices.iter().map(|vertex| vertex.parallelism).max().unwrap_or(0) as usize;
    let slot_wakes: Arc<[WakeCell]> = (0..slots).map(|_| WakeCell::new()).collect();
    let tasks: BTreeSet<TaskId> = task_ids(&graph).collect();
    let shared = Arc::new(JobShared::default());
    let messages_max = COMMANDS_MAX + tasks.len() * COORDINATOR_MESSAGES_PER_TASK;
    let mailbox = Mailbox::new(messages_max, shared.coordinator_wake.clone());
    let board: Vec<TaskGauges> =
        tasks.iter().map(|task| TaskGauges::new(sink_of(&graph, task.vertex).is_some())).collect();
    let progress = ProgressBoard { tasks: board.into() };
    let restored = deployment.restore_from.as_deref();
    let sources = source_plans(&graph, &deployment.connectors, &slot_wakes, restored)?;
    let sinks = sink_plans(&graph, &deployment.connectors, restored)?;
    let decoded = restored.map(JobSnapshot::decoded_operators).transpose();
    let open_sources = sources.iter().filter(|source| !source.has_ended).map(|source| source.readers.len()).sum();
    let temporary = environment.variable("TMPDIR").unwrap_or_else(|| "/tmp".to_string());
    let context = Arc::new(JobContext {
        environment: environment.clone(),
        settings: graph.settings.clone(),
        alignment: deployment.checkpointing.alignment,
        state: deployment.checkpointing.state.backend(environment.disk().clone(), &temporary, &run_id),
        operators: deployment.operators,
        connectors: deployment.connectors.clone(),
        coordinator: mailbox.clone(),
        open_sources: Arc::new(AtomicUsize::new(open_sources)),
        metrics: deployment.metrics.job(&id, &graph.name),
        run_id,
        restored: decoded.map_err(|error| JobError::Rejected(error.to_string()))?,
    });
    let finished = restored.map(|snapshot| &snapshot.finished);
    let plans = task_plans(&graph, &context, &slot_wakes, &progress, (&sources, &sinks), finished);
    let tear_down = TearDown::default();
    let metrics = CheckpointMetrics::register(&deployment.coordinator_metrics.job(&id, &graph.name));
    if restored.is_some() {
        metrics.restored(environment.clock().now_ms());
    }
    let coordinator = spawn_coordinator(CoordinatorPlan {
        environment: environment.clone(),
        shared: shared.clone(),
        mailbox: mailbox.clone(),
        progress: progress.clone(),
        slots: spawn_slots(&environment, plans, &slot_wakes, &tear_down, &mailbox),
        slot_wakes: slot_wakes.clone(),
        tear_down: tear_down.clone(),
        sources,
        sinks,
        facts: job_facts(&graph, &id, &storage, &deployment.checkpointing, tasks),
        storage: storage.above(restored.map_or(0, |snapshot| snapshot.checkpoint_id)),
        checkpointing: deployment.checkpointing,
        metrics,
        cancel_on_interrupt: deployment.cancel_on_interrupt,
        may_restart: deployment.may_restart,
    });
    Ok(RunningJob { id, environment, shared, mailbox, progress, coordinator, tear_down, slots: slot_wakes })
}

/// What checkpoints say of the job.
fn job_facts(
    graph: &JobGraph,
    id: &str,
    storage: &CheckpointStorage,
    checkpointing: &Checkpointing,
    tasks: BTreeSet<TaskId>,
) -> JobFacts {
    JobFacts {
        job_id: id.to_string(),
        job_name: graph.name.clone(),
        epoch: storage.epoch,
        max_parallelism: graph.settings.max_parallelism,
        inline_bytes_max: checkpointing.inline_bytes_max,
        vertices: graph.vertices.iter().map(vertex_uids).collect(),
        tasks,
    }
}

fn task_ids(graph: &JobGraph) -> impl Iterator<Item = TaskId> {
    graph.vertices.iter().flat_map(|vertex| {
        let id = vertex.id;
        (0..vertex.parallelism).map(move |subtask| TaskId { vertex: id, subtask })
    })
}

fn vertex_uids(vertex: &Vertex) -> VertexUids {
    let uid = |node: Option<&flott_job::OperatorNode>| node.map_or_else(String::new, |node| node.uid.clone());
    VertexUids {
        first: uid(vertex.chain.first()),
        last: uid(vertex.chain.last()),
        names: vertex.chain.iter().map(|node| (node.uid.clone(), node.name.clone())).collect(),
    }
}

/// The table of the sink that ends a vertex's chain.
fn sink_of(graph: &JobGraph, vertex: u32) -> Option<&TableSpec> {
    match &graph.vertices[vertex as usize].chain.last()?.spec {
        OperatorSpec::Sink(spec) => Some(&spec.table),
        _ => None,
    }
}

/// The snapshot as the graph takes it. State that nobody takes would be lost silently, so that has to be wished.
fn fit_snapshot(
    graph: &JobGraph,
    snapshot: &Arc<JobSnapshot>,
    ignores_unclaimed_state: bool,
) -> Result<Arc<JobSnapshot>, JobError> {
    if snapshot.max_parallelism != graph.settings.max_parallelism {
        return Err(JobError::Rejected(format!(
            "the snapshot has {} key groups (pipeline.max-parallelism), the job {}",
            snapshot.max_parallelism, graph.settings.max_parallelism
        )));
    }
    let uids: BTreeSet<&str> =
        graph.vertices.iter().flat_map(|vertex| &vertex.chain).map(|node| node.uid.as_str()).collect();
    let operator_of = |uid: &str| uid.strip_suffix(IN_FLIGHT_SUFFIX).map_or(uid.to_string(), str::to_string);
    let is_known = |uid: &String| uids.contains(operator_of(uid).as_str());
    let all = snapshot.operators.keys().chain(snapshot.sources.keys()).chain(snapshot.committables.keys());
    let (known, unknown): (BTreeSet<&String>, BTreeSet<&String>) = all.partition(|uid| is_known(uid));
    if unknown.is_empty() {
        return Ok(snapshot.clone());
    }
    if ignores_unclaimed_state {
        let mut kept = snapshot.as_ref().clone();
        kept.operators.retain(|uid, _| is_known(uid));
        kept.sources.retain(|uid, _| is_known(uid));
        kept.committables.retain(|uid, _| is_known(uid));
        return Ok(Arc::new(kept));
    }
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    let others = list(&mut uids.iter().copied().filter(|uid| !known.iter().any(|known| known == uid)));
    Err(JobError::Rejected(format!(
        "the snapshot has state of operators that the job has not: {}; the job's operators without state there are: {}; to go on without that \
         state, set 'execution.state-recovery.ignore-unclaimed-state' = 'true'",
        list(&mut unknown.into_iter().map(String::as_str)),
        if others.is_empty() { "none" } else { &others }
    )))
}

fn table_connector(table: &TableSpec) -> Result<&str, JobError> {
    let name = table.options.get("connector");
    name.map(String::as_str)
        .ok_or_else(|| JobError::Rejected(format!("table {} has no option 'connector'", table.name)))
}

fn source_plans(
    graph: &JobGraph,
    connectors: &Registry,
    slot_wakes: &[WakeCell],
    snapshot: Option<&JobSnapshot>,
) -> Result<Vec<SourcePlan>, JobError> {
    let mut plans = Vec::new();
    for vertex in &graph.vertices {
        let node = &vertex.chain[0];
        let refused = |error: flott_connector::ConnectorError| JobError::Rejected(format!("{}: {error}", node.name));
        let source: Arc<dyn Source> = match &node.spec {
            OperatorSpec::Values(spec) => Arc::new(ValuesSource::new(spec).map_err(refused)?),
            OperatorSpec::Source(spec) => {
                let connector = connectors.get(table_connector(&spec.table)?).map_err(refused)?;
                Arc::from(connector.source(&spec.table).map_err(refused)?)
            }
            _ => continue,
        };
        let mailbox = |subtask: u32| Mailbox::new(TASK_MESSAGES_MAX, slot_wakes[subtask as usize].clone());
        plans.push(SourcePlan {
            vertex: vertex.id,
            uid: node.uid.clone(),
            name: node.name.clone(),
            source,
            readers: (0..vertex.parallelism).map(mailbox).collect(),
            restored: snapshot.and_then(|snapshot| snapshot.sources.get(&node.uid).cloned()),
            has_ended: snapshot.is_some_and(|snapshot| snapshot.finished.contains(&node.uid)),
        });
    }
    Ok(plans)
}

fn sink_plans(
    graph: &JobGraph,
    connectors: &Registry,
    snapshot: Option<&JobSnapshot>,
) -> Result<Vec<SinkPlan>, JobError> {
    let mut plans = Vec::new();
    for vertex in &graph.vertices {
        let (Some(table), Some(node)) = (sink_of(graph, vertex.id), vertex.chain.last()) else { continue };
        let refused = |error: flott_connector::ConnectorError| JobError::Rejected(format!("{}: {error}", node.name));
        let connector = connectors.get(table_connector(table)?).map_err(refused)?;
        let sink: Arc<dyn Sink> = Arc::from(connector.sink(table).map_err(refused)?);
        // A sink that has nothing to commit is not in the snapshot.
        let restored = snapshot.and_then(|snapshot| snapshot.committables.get(&node.uid).cloned());
        plans.push(SinkPlan {
            vertex: vertex.id,
            name: node.name.clone(),
            sink,
            restored: restored.unwrap_or_default(),
        });
    }
    Ok(plans)
}

/// The plans of all subtasks, by slot, in the order of the vertices.
fn task_plans(
    graph: &JobGraph,
    context: &Arc<JobContext>,
    slot_wakes: &[WakeCell],
    progress: &ProgressBoard,
    (sources, sinks): (&[SourcePlan], &[SinkPlan]),
    finished: Option<&BTreeSet<String>>,
) -> Vec<Vec<TaskPlan>> {
    let mut wiring = wire(&context.environment, graph, slot_wakes);
    let vertices: Vec<Arc<Vertex>> = graph.vertices.iter().cloned().map(Arc::new).collect();
    let sources: BTreeMap<u32, &SourcePlan> = sources.iter().map(|source| (source.vertex, source)).collect();
    let sinks: BTreeMap<u32, &SinkPlan> = sinks.iter().map(|sink| (sink.vertex, sink)).collect();
    let edges: Vec<Arc<[(usize, Route)]>> = graph.vertices.iter().map(|vertex| edges_into(graph, vertex.id)).collect();
    let mut slots: Vec<Vec<TaskPlan>> = slot_wakes.iter().map(|_| Vec::new()).collect();
    for (id, gauges) in task_ids(graph).zip(progress.tasks.iter()) {
        let (vertex, subtask) = (id.vertex as usize, id.subtask as usize);
        let source = sources.get(&id.vertex).map(|plan| (plan.source.clone(), plan.readers[subtask].clone()));
        slots[subtask].push(TaskPlan {
            context: context.clone(),
            vertex: vertices[vertex].clone(),
            id,
            gauges: gauges.clone(),
            inputs: std::mem::take(&mut wiring.inputs[vertex][subtask]),
            edges: edges[vertex].clone(),
            outputs: std::mem::take(&mut wiring.outputs[vertex][subtask]),
            source,
            sink: sinks.get(&id.vertex).map(|plan| plan.sink.clone()),
            has_ended: finished.is_some_and(|finished| finished.contains(&vertices[vertex].chain[0].uid)),
        });
    }
    slots
}

/// Makes the channels of all edges.
fn wire(environment: &Environment, graph: &JobGraph, slot_wakes: &[WakeCell]) -> Wiring {
    let inputs_of = |vertex: &Vertex| {
        let edges = graph.edges.iter().filter(|edge| edge.to == vertex.id);
        edges.map(|edge| edge.input + 1).max().unwrap_or(0)
    };
    let empty_inputs = |vertex: &Vertex| {
        (0..vertex.parallelism).map(|_| (0..inputs_of(vertex)).map(|_| Vec::new()).collect()).collect()
    };
    let mut wiring = Wiring {
        inputs: graph.vertices.iter().map(empty_inputs).collect(),
        outputs: graph.vertices.iter().map(|vertex| (0..vertex.parallelism).map(|_| Vec::new()).collect()).collect(),
    };
    for (index, edge) in graph.edges.iter().enumerate() {
        let receivers = graph.vertices[edge.to as usize].parallelism;
        let position = graph.edges.iter().take(index).filter(|other| other.to == edge.to).count() as u32;
        for sender in 0..graph.vertices[edge.from as usize].parallelism {
            let senders = targets(edge, sender, receivers)
                .map(|target| {
                    let (sender_end, receiver_end) = channel(
                        if environment.maybe("one credit") { 1 } else { channel_bytes(channels_into(graph, edge)) },
                        slot_wakes[sender as usize].clone(),
                        slot_wakes[target as usize].clone(),
                    );
                    wiring.inputs[edge.to as usize][target as usize][edge.input].push(InputChannel {
                        receiver: receiver_end,
                        id: ChannelId { edge: position, sender, receiver: target },
                        route: route(&edge.partition),
                        receivers,
                    });
                    sender_end
                })
                .collect();
            wiring.outputs[edge.from as usize][sender as usize].push((edge.partition.clone(), senders));
        }
    }
    wiring
}

/// The edges into a vertex in their order: the input of each, and where its rows may go on restore.
fn edges_into(graph: &JobGraph, vertex: u32) -> Arc<[(usize, Route)]> {
    let edges = graph.edges.iter().filter(|edge| edge.to == vertex);
    edges.map(|edge| (edge.input, route(&edge.partition))).collect()
}

/// Where rows of an edge may go on restore. Rows of one subtask for its neighbour, or for all, have no other place: barriers don't overtake
/// them.
fn route(partition: &Partition) -> Route {
    match partition {
        Partition::Hash { columns } => Route::Hash { columns: columns.clone() },
        Partition::Rebalance => Route::Any,
        Partition::Singleton => Route::First,
        Partition::Forward | Partition::Broadcast => Route::Fixed,
    }
}

/// The subtasks of the receiver that a subtask of the sender sends to.
fn targets(edge: &Edge, sender: u32, receivers: u32) -> std::ops::Range<u32> {
    match edge.partition {
        Partition::Forward => sender..sender + 1,
        Partition::Singleton => 0..1,
        Partition::Hash { .. } | Partition::Rebalance | Partition::Broadcast => 0..receivers,
    }
}

/// Channels that end at one subtask of an edge's receiver, of all its edges.
fn channels_into(graph: &JobGraph, edge: &Edge) -> usize {
    let edges = graph.edges.iter().filter(|other| other.to == edge.to);
    let channels = edges.map(|other| match other.partition {
        Partition::Forward => 1,
        _ => graph.vertices[other.from as usize].parallelism as usize,
    });
    channels.sum()
}

fn spawn_slots(
    environment: &Environment,
    plans: Vec<Vec<TaskPlan>>,
    slot_wakes: &[WakeCell],
    tear_down: &TearDown,
    mailbox: &Mailbox<crate::message::ToCoordinator>,
) -> Vec<flott_environment::WorkerHandle> {
    let spawn = |(index, (plans, cell)): (usize, (Vec<TaskPlan>, &WakeCell))| {
        let (cell, tear_down, mailbox, of_slot) =
            (cell.clone(), tear_down.clone(), mailbox.clone(), environment.clone());
        environment.spawn(
            &format!("slot-{index}"),
            Box::new(move |waker| {
                cell.set(waker.clone());
                Box::new(Slot::new(plans, tear_down, mailbox, of_slot, waker))
            }),
        )
    };
    plans.into_iter().zip(slot_wakes).enumerate().map(spawn).collect()
}

fn spawn_coordinator(plan: CoordinatorPlan) -> flott_environment::WorkerHandle {
    let environment = plan.environment.clone();
    environment.spawn(
        "coordinator",
        Box::new(move |waker| {
            plan.shared.coordinator_wake.set(waker.clone());
            Box::new(Coordinator::new(plan, waker))
        }),
    )
}
