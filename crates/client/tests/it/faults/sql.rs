//! Queries under faults: whatever happens, the final table is that of an undisturbed run. A later operator joins by one line.

use std::path::Path;
use std::sync::Arc;

use flott_client::{EmbeddedCluster, RunOptions};
use flott_configuration::{Configuration, Origin};
use flott_job::{JobGraph, OperatorSpec};
use flott_simulation::Simulation;
use flott_sql::statement::{SqlSession, Surroundings};
use flott_syntax::ast::StatementKind;

use super::checkers::Verdict;
use super::journal::{self, Journal};
use super::world::{Case, NUMBERED};
use crate::numbered::Numbered;

/// The table that most queries read: 600 rows, a millisecond apart, in four splits.
const NUMBERS: &str = "CREATE TABLE n (k BIGINT NOT NULL, v BIGINT NOT NULL, t TIMESTAMP(3) NOT NULL, WATERMARK FOR t AS t) \
                       WITH ('connector' = 'numbered');\n";

/// Name and query of each stateful operator and shape of job.
const QUERIES: [(&str, &str); 22] = [
    ("calc", "SELECT k, v * 2, v FROM n WHERE MOD(v, 3) = 0"),
    ("group aggregate", "SELECT k, COUNT(*), SUM(v), MIN(v) FROM n GROUP BY k"),
    ("distinct aggregate", "SELECT k, COUNT(DISTINCT MOD(v, 5)), MAX(v) FROM n GROUP BY k"),
    ("global aggregate", "SELECT COUNT(*), SUM(v), MAX(v) FROM n"),
    (
        "cascaded aggregates",
        "SELECT c, COUNT(*), SUM(s) FROM (SELECT MOD(v, 20) AS m, COUNT(*) AS c, SUM(v) AS s FROM n GROUP BY MOD(v, 20)) GROUP BY c",
    ),
    ("distinct", "SELECT DISTINCT k, MOD(v, 4) FROM n"),
    ("union", "SELECT k, v FROM n UNION ALL SELECT k, v + 1000 FROM n WHERE v > 50"),
    (
        "tumbling windows",
        "SELECT k, window_end, SUM(v) FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(t), INTERVAL '0.1' SECOND)) GROUP BY k, window_start, window_end",
    ),
    (
        "hopping windows",
        "SELECT k, window_end, COUNT(*) FROM TABLE(HOP(TABLE n, DESCRIPTOR(t), INTERVAL '0.02' SECOND, INTERVAL '0.1' SECOND)) GROUP BY k, window_start, window_end",
    ),
    (
        "cumulative windows",
        "SELECT k, window_end, SUM(v) FROM TABLE(CUMULATE(TABLE n, DESCRIPTOR(t), INTERVAL '0.05' SECOND, INTERVAL '0.2' SECOND)) GROUP BY k, window_start, window_end",
    ),
    (
        "session windows",
        "CREATE TEMPORARY VIEW m AS SELECT MOD(v, 50) / 10 AS m, v, t FROM n; SELECT m, window_end, SUM(v) FROM TABLE(SESSION(TABLE m PARTITION BY m, DESCRIPTOR(t), INTERVAL '0.02' SECOND)) GROUP BY m, window_start, window_end",
    ),
    (
        "window rank",
        "SELECT k, v, r FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY v DESC) AS r FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(t), INTERVAL '0.1' SECOND))) WHERE r <= 2",
    ),
    (
        "window join",
        "SELECT a.k, a.v, b.v FROM (SELECT * FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(t), INTERVAL '0.05' SECOND))) a JOIN (SELECT * FROM TABLE(TUMBLE(TABLE n, DESCRIPTOR(t), INTERVAL '0.05' SECOND))) b ON a.k = b.k AND a.window_start = b.window_start AND a.window_end = b.window_end",
    ),
    (
        "rank",
        "SELECT k, v, r FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS r FROM n) WHERE r <= 3",
    ),
    (
        "first rows",
        "SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY t ASC) AS r FROM n) WHERE r = 1",
    ),
    (
        "last rows",
        "SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY t DESC) AS r FROM n) WHERE r = 1",
    ),
    ("join", "SELECT a.k, a.v, b.k FROM n a JOIN n b ON a.v = b.v + 1"),
    ("outer join", "SELECT a.k, a.v, b.v FROM n a LEFT JOIN (SELECT v FROM n WHERE MOD(v, 2) = 0) b ON a.v = b.v"),
    ("semi join", "SELECT k, v FROM n WHERE v IN (SELECT v FROM n WHERE MOD(v, 3) = 1)"),
    (
        "interval join",
        "SELECT a.k, a.v, b.v FROM n a JOIN n b ON a.k = b.k AND a.t BETWEEN b.t - INTERVAL '0.014' SECOND AND b.t",
    ),
    (
        "over aggregate",
        "SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY t ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM n",
    ),
    (
        "join of aggregates",
        "SELECT a.k, a.s, b.c FROM (SELECT k, SUM(v) AS s FROM n GROUP BY k) a JOIN (SELECT k, COUNT(*) AS c FROM n GROUP BY k) b ON a.k = b.k",
    ),
];

/// The graph of a query at a parallelism, with its rows going into the journal.
pub fn graph(script: &str, parallelism: u32) -> JobGraph {
    let mut registry = flott_connector::standard();
    registry.register(NUMBERED.connector());
    let mut configuration = Configuration::new();
    configuration.set("parallelism.default", parallelism.to_string(), Origin::Program);
    configuration.set("table.local-time-zone", "UTC", Origin::Program);
    let surroundings = Surroundings { cores: 4, system_time_zone: "UTC".to_string(), now_ms: 0 };
    let mut session = SqlSession::new(configuration, Arc::new(registry), surroundings).expect("a session");
    for statement in flott_syntax::parse_statements(script).expect("the script parses") {
        let StatementKind::Query(query) = &statement.kind else {
            let done = session
                .execute_metadata(&statement)
                .unwrap_or_else(|error| panic!("{}", error.render(script, "query")));
            assert!(done.is_some(), "only definitions and one query are expected");
            continue;
        };
        let settings = session.settings().expect("valid options");
        let planned = session.planner(&settings).query(query);
        let mut graph = planned.unwrap_or_else(|error| panic!("{}", error.render(script, "query"))).graph;
        for node in graph.vertices.iter_mut().flat_map(|vertex| &mut vertex.chain) {
            if let OperatorSpec::Sink(spec) = &mut node.spec {
                spec.table.options.insert("connector".to_string(), journal::IDENTIFIER.to_string());
            }
        }
        return graph;
    }
    panic!("no query: {script}");
}

/// The final table of an undisturbed run.
fn undisturbed(script: &str) -> Vec<Vec<i64>> {
    let simulation = Simulation::new(1);
    let journal = Journal::new(0);
    let mut connectors = flott_connector::standard();
    connectors.register(Numbered { pace_ms: 0, ..NUMBERED }.connector_at_once());
    connectors.register(journal.connector());
    let cluster = EmbeddedCluster::new(simulation.environment().clone(), connectors);
    let job = cluster.run(graph(script, 1), RunOptions::default()).expect("the graph is valid");
    job.wait().expect("nothing fails");
    let table = journal.table().expect("a changelog that adds up");
    assert!(!table.is_empty(), "no result: {script}");
    table
}

fn case(name: &str, script: String, is_fast: bool) -> Case {
    let of_graph = script.clone();
    let check = move |journal: &Journal, _: Numbered| -> Verdict {
        let (actual, expected) = (journal.table()?, undisturbed(&script));
        let odd = actual.iter().find(|row| !expected.contains(row));
        let odd = odd.or(expected.iter().find(|row| !actual.contains(row)));
        match odd {
            _ if actual == expected => Ok(()),
            Some(row) => Err(format!("{} rows, not {}: {row:?} is wrong or missing", actual.len(), expected.len())),
            None => Err(format!("{} rows, not {}", actual.len(), expected.len())),
        }
    };
    Case {
        name: name.to_string(),
        is_fast,
        graph: Arc::new(move |parallelism: &mut dyn FnMut() -> u32| graph(&of_graph, parallelism())),
        output: Arc::new(check),
        snapshot: Arc::new(|_| Ok(())),
    }
}

/// All queries, and those of Nexmark where they are at hand.
pub fn cases() -> Vec<Case> {
    let own = QUERIES.iter().map(|(name, query)| case(name, format!("{NUMBERS}{query}"), false));
    own.chain(nexmark()).collect()
}

/// Nexmark's queries whose final table depends neither on the clock nor on arrival.
const NEXMARK: [&str; 16] =
    ["q0", "q1", "q2", "q3", "q4", "q5", "q7", "q8", "q14", "q15", "q16", "q17", "q18", "q20", "q21", "q22"];

fn nexmark() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bench/nexmark/queries");
    let Ok(ddl) = std::fs::read_to_string(folder.join("ddl.sql")) else {
        eprintln!("skipped: Nexmark's queries are not at {}", folder.display());
        return Vec::new();
    };
    let ddl = ddl.replace("${EVENTS_NUM}", "3000").replace("${TPS}", "1000");
    let query = |name: &&str| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.sql"))).expect("a query");
        case(name, format!("{ddl}{}", text.replace("INSERT INTO sink\n", "")), true)
    };
    NEXMARK.iter().map(query).collect()
}
