//! Operators into chains: what needs no exchange runs as one call.

use flott_job::{Edge, JobGraph, JobSettings, OperatorNode, Partition, Vertex};

use crate::error::{Result, SqlError};
use crate::physical::plan::{NodeId, PhysicalPlan};
use crate::statement::PlannerSettings;

/// The job graph of a plan.
///
/// # Errors
/// If the graph is not valid: a fault of the planner.
pub fn job_graph(plan: &PhysicalPlan, settings: &PlannerSettings, name: &str) -> Result<JobGraph> {
    let parallelism = parallelisms(plan, settings.parallelism);
    let chained = chained_onto(plan, &parallelism);
    let mut vertex_of: Vec<u32> = Vec::with_capacity(plan.nodes.len());
    let mut graph =
        JobGraph { name: name.to_string(), vertices: Vec::new(), edges: Vec::new(), settings: job_settings(settings) };
    for (id, node) in plan.nodes.iter().enumerate() {
        let operator = OperatorNode {
            uid: format!("{}-{}", id + 1, node.kind),
            name: operator_name(id, &node.kind),
            spec: node.spec.clone(),
        };
        if let Some(below) = chained[id] {
            let vertex = vertex_of[below];
            vertex_of.push(vertex);
            let vertex = &mut graph.vertices[vertex as usize];
            vertex.name = format!("{} -> {}", vertex.name, operator.name);
            vertex.chain.push(operator);
            continue;
        }
        let vertex = graph.vertices.len() as u32;
        vertex_of.push(vertex);
        let name = operator.name.clone();
        graph.vertices.push(Vertex { id: vertex, name, parallelism: parallelism[id], chain: vec![operator] });
        for (from, input, partition) in &node.inputs {
            let same = parallelism[*from] == parallelism[id];
            let partition = match partition {
                Partition::Forward if !same => Partition::Rebalance,
                other => other.clone(),
            };
            graph.edges.push(Edge { from: vertex_of[*from], to: vertex, input: *input, partition });
        }
    }
    graph.validate().map_err(|error| SqlError::new(error.to_string()))?;
    Ok(graph)
}

/// `Calc[2]`, `Source: orders[1]`
fn operator_name(id: NodeId, kind: &str) -> String {
    format!("{kind}[{}]", id + 1)
}

fn job_settings(settings: &PlannerSettings) -> JobSettings {
    JobSettings {
        max_parallelism: settings.max_parallelism,
        buffer_timeout_ms: settings.buffer_timeout_ms,
        time_zone: settings.time_zone.clone(),
        batch_mode: settings.batch_mode,
        state_ttl_ms: settings.state_ttl_ms,
        mini_batch: settings.mini_batch,
        query_start_ms: settings.query_start_ms,
    }
}

/// Sources and keyed operators have the job's parallelism, single ones 1, the others that of their input.
fn parallelisms(plan: &PhysicalPlan, parallelism: u32) -> Vec<u32> {
    let mut of_node: Vec<u32> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let limit = node.parallelism_max.unwrap_or(parallelism).max(1);
        let forward = node.inputs.iter().all(|(_, _, partition)| *partition == Partition::Forward);
        let wanted = match node.inputs.first() {
            Some(_) if forward => node.inputs.iter().map(|(from, _, _)| of_node[*from]).max().unwrap_or(parallelism),
            _ => parallelism,
        };
        of_node.push(wanted.min(limit));
    }
    of_node
}

/// For each node the one in whose chain it follows: its only input, forward, of equal parallelism, with no other reader.
fn chained_onto(plan: &PhysicalPlan, parallelism: &[u32]) -> Vec<Option<NodeId>> {
    let mut readers = vec![0usize; plan.nodes.len()];
    for node in &plan.nodes {
        node.inputs.iter().for_each(|(from, _, _)| readers[*from] += 1);
    }
    let onto = |(id, node): (NodeId, &crate::physical::plan::PhysicalNode)| match node.inputs.as_slice() {
        [(from, _, Partition::Forward)] if readers[*from] == 1 && parallelism[*from] == parallelism[id] => Some(*from),
        _ => None,
    };
    plan.nodes.iter().enumerate().map(onto).collect()
}
