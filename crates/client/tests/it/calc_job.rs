//! VALUES, a projection with a filter, and the client: the shortest whole job.

use flott_client::{EmbeddedCluster, JobEnd, RunOptions, collector};
use flott_environment::Environment;
use flott_expression::Expression;
use flott_job::OperatorSpec;
use flott_job::spec::CalcSpec;
use flott_record::{DataType, RowKind, TypeKind, Value};

use crate::graphs::{bigints, collect, line, node, numbers, values};

fn bigint(index: usize) -> Expression {
    Expression::column(index, DataType { kind: TypeKind::BigInt, nullable: false })
}

fn calc() -> OperatorSpec {
    let boolean = DataType { kind: TypeKind::Boolean, nullable: false };
    let three = Expression::literal(Value::BigInt(3), bigint(0).data_type().clone());
    let condition = Expression::call(">=", vec![bigint(0), three], boolean);
    OperatorSpec::Calc(CalcSpec { projection: vec![bigint(1), bigint(0)], condition: Some(condition) })
}

#[test]
fn values_are_projected_filtered_and_collected() {
    let (environment, schema) = (Environment::real(), bigints(&["k", "v"]));
    let rows = (0..20_000).map(|row| vec![row, row * 10]).collect();
    let graph =
        line(vec![(1, vec![values(rows, schema.clone()), node("calc", calc()), collect(schema.clone())])], vec![]);
    let cluster = EmbeddedCluster::new(environment.clone(), flott_connector::standard());
    let (connector, results) = collector(&environment);
    let job = cluster.run(graph, RunOptions::default().with_connector(connector)).expect("the graph is valid");
    let batches: Vec<_> = results.collect();
    let result = job.wait().expect("nothing fails");
    assert_eq!(result.end, JobEnd::Finished);
    assert_eq!((result.progress.rows_in, result.progress.rows_out), (20_000, 19_997));
    let expected: Vec<_> = (3..20_000).map(|row| (RowKind::Insert, vec![row * 10, row])).collect();
    assert_eq!(numbers(&batches, &schema), expected);
}
