//! Queries whose state lies on disk with hardly any memory give the rows that they give in memory.

use std::collections::BTreeMap;

use flott_client::sql::{Outcome, SqlClient};
use flott_configuration::{Configuration, Origin};
use flott_record::value_array::rows_of_batch;
use flott_simulation::Simulation;

const TABLES: &str = "
    CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1',
        'fields.n.end' = '4000');
";

/// What aggregates, joins, keeps the last row of a key, and ranks.
const QUERIES: [&str; 4] = [
    "SELECT MOD(n, 700) AS k, COUNT(*), SUM(n) FROM numbers GROUP BY MOD(n, 700)",
    "SELECT a.n, b.k FROM numbers AS a JOIN (SELECT n * 2 AS k FROM numbers) AS b ON a.n = b.k",
    "SELECT k, n FROM (SELECT k, n, ROW_NUMBER() OVER (PARTITION BY k ORDER BY p DESC) AS r FROM
        (SELECT MOD(n, 900) AS k, n, PROCTIME() AS p FROM numbers)) WHERE r = 1",
    "SELECT k, n FROM (SELECT k, n, ROW_NUMBER() OVER (PARTITION BY k ORDER BY n DESC) AS r FROM
        (SELECT MOD(n, 500) AS k, n FROM numbers)) WHERE r <= 2",
];

/// The rows that are left when a query has ended, each with its number.
fn result(query: &str, options: &[(&str, &str)]) -> BTreeMap<String, i64> {
    let simulation = Simulation::new(7);
    let mut configuration = Configuration::new();
    for (key, value) in [("parallelism.default", "2")].iter().chain(options) {
        configuration.set(*key, *value, Origin::Program);
    }
    let connectors = flott_connector::standard();
    let mut client = SqlClient::new(simulation.environment(), configuration, connectors).expect("the options fit");
    let text = format!("{TABLES}{query};");
    let statements = flott_syntax::parse_statements(&text).expect("it is SQL");
    let outcomes: Vec<Outcome> =
        statements.iter().map(|statement| client.execute(statement).expect("it is valid")).collect();
    let Some(Outcome::Query(mut run)) = outcomes.into_iter().last() else { panic!("no query") };
    let mut rows = BTreeMap::new();
    while let Some(batch) = run.results.next_batch() {
        for (kind, values) in rows_of_batch(&run.schema, &batch) {
            *rows.entry(format!("{values:?}")).or_insert(0) += if kind.is_addition() { 1 } else { -1 };
        }
    }
    run.job.wait().expect("it ends");
    rows.retain(|_, count| *count != 0);
    rows
}

#[test]
fn queries_give_the_same_rows_with_state_on_disk() {
    for query in QUERIES {
        let in_memory = result(query, &[]);
        assert!(in_memory.len() >= 500, "{query}: {} rows", in_memory.len());
        let on_disk = [("state.backend.type", "disk"), ("taskmanager.memory.managed.size", "10 kb")];
        assert!(result(query, &on_disk) == in_memory, "{query}");
        let checkpoints = [on_disk[0], on_disk[1], ("execution.checkpointing.interval", "20 ms")];
        assert!(result(query, &checkpoints) == in_memory, "{query}, with checkpoints");
    }
}
