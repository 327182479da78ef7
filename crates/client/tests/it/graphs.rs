//! Small job graphs.

use std::collections::BTreeMap;

use flott_client::collect;
use flott_expression::Expression;
use flott_job::graph::Partition;
use flott_job::spec::{
    LengthEnforcer, NestedEnforcer, NotNullEnforcer, SinkSpec, SourceSpec, ValuesSpec, WatermarkSpec,
};
use flott_job::{Edge, JobGraph, JobSettings, OperatorNode, OperatorSpec, Vertex};
use flott_record::value_array::rows_of_batch;
use flott_record::{Batch, ChangelogMode, DataType, Field, RowKind, Schema, TableSpec, TypeKind, Value};

use crate::numbered::Numbered;
use crate::window_sum;

/// Columns `k BIGINT, v BIGINT, t BIGINT`, as many as wanted.
pub fn bigints(names: &[&str]) -> Schema {
    let field = |name: &&str| Field::new(*name, DataType { kind: TypeKind::BigInt, nullable: false });
    Schema::new(names.iter().map(field).collect())
}

pub fn node(uid: &str, spec: OperatorSpec) -> OperatorNode {
    OperatorNode { uid: uid.to_string(), name: format!("{uid}[1]"), spec }
}

pub fn table(connector: &str, schema: Schema) -> TableSpec {
    let options = BTreeMap::from([("connector".to_string(), connector.to_string())]);
    TableSpec { name: format!("{connector}_table"), schema, options, ..TableSpec::default() }
}

pub fn values(rows: Vec<Vec<i64>>, schema: Schema) -> OperatorNode {
    let rows = rows.into_iter().map(|row| row.into_iter().map(Value::BigInt).collect()).collect();
    node("values", OperatorSpec::Values(ValuesSpec { schema, rows }))
}

pub fn source(connector: &str, schema: Schema, limit: Option<u64>) -> OperatorNode {
    let projection = (0..schema.len()).collect();
    node("source", OperatorSpec::Source(SourceSpec { table: table(connector, schema), projection, limit }))
}

pub fn sink(connector: &str, schema: Schema) -> OperatorNode {
    let spec = SinkSpec {
        table: table(connector, schema.clone()),
        changelog_mode: ChangelogMode::ALL,
        not_null: NotNullEnforcer::Error,
        length: LengthEnforcer::Ignore,
        nested: NestedEnforcer::Ignore,
        input: schema,
    };
    node("sink", OperatorSpec::Sink(spec))
}

pub fn collect(schema: Schema) -> OperatorNode {
    sink(collect::IDENTIFIER, schema)
}

pub fn custom(name: &str) -> OperatorNode {
    node(name, OperatorSpec::Custom(name.to_string()))
}

/// A line of vertices: each with its parallelism and chain, and how it partitions for the next.
pub fn line(vertices: Vec<(u32, Vec<OperatorNode>)>, partitions: Vec<Partition>) -> JobGraph {
    let edge =
        |(from, partition): (usize, Partition)| Edge { from: from as u32, to: from as u32 + 1, input: 0, partition };
    let edges = partitions.into_iter().enumerate().map(edge).collect();
    let vertex = |(id, (parallelism, chain)): (usize, (u32, Vec<OperatorNode>))| {
        let names: Vec<&str> = chain.iter().map(|node| node.name.as_str()).collect();
        Vertex { id: id as u32, name: names.join(" -> "), parallelism, chain }
    };
    let vertices = vertices.into_iter().enumerate().map(vertex).collect();
    JobGraph { name: "test".to_string(), vertices, edges, settings: JobSettings::default() }
}

/// Rows of BIGINT columns as numbers, with their kinds.
pub fn numbers(batches: &[Batch], schema: &Schema) -> Vec<(RowKind, Vec<i64>)> {
    let number = |value: &Value| match value {
        Value::BigInt(number) => *number,
        other => panic!("not a BIGINT: {other:?}"),
    };
    let rows = batches.iter().flat_map(|batch| rows_of_batch(schema, batch));
    rows.map(|(kind, row)| (kind, row.iter().map(number).collect())).collect()
}

/// `numbered` with watermarks, summed up per key and window, into a sink of `k, end, sum`.
pub fn window_sums(sources: u32, windows: u32, sink_connector: &str) -> JobGraph {
    let schema = Numbered::schema();
    let watermark = WatermarkSpec {
        rowtime: 2,
        expression: Expression::column(2, schema.data_type(2).clone()),
        interval_ms: 0,
        idle_timeout_ms: 0,
    };
    let source_chain = vec![source("numbered", schema, None), node("watermark", OperatorSpec::Watermark(watermark))];
    let window_chain = vec![custom(window_sum::NAME), sink(sink_connector, bigints(&["k", "end", "sum"]))];
    line(vec![(sources, source_chain), (windows, window_chain)], vec![Partition::Hash { columns: vec![0] }])
}
