//! Jobs of SQL statements that others stop while they run.

use flott_client::JobEnd;
use flott_client::sql::{Outcome, SqlClient};
use flott_configuration::{Configuration, Origin};
use flott_environment::Environment;
use flott_sql::statement::StatementResult;

const ENDLESS: &str = "
    CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1',
        'fields.n.end' = '1000000', 'rows-per-second' = '200');
    CREATE TABLE hole (n BIGINT) WITH ('connector' = 'blackhole');
";

fn execute(client: &mut SqlClient, text: &str) -> Result<Vec<Outcome>, String> {
    let statements = flott_syntax::parse_statements(text).map_err(|error| error.render(text, "test"))?;
    statements.iter().map(|statement| client.execute(statement).map_err(|error| error.message)).collect()
}

fn only<T>(mut all: Vec<T>) -> T {
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn client(environment: &Environment, options: &[(&str, &str)]) -> SqlClient {
    let mut configuration = Configuration::new();
    for (key, value) in options {
        configuration.set(*key, *value, Origin::Program);
    }
    SqlClient::new(environment, configuration, flott_connector::standard()).expect("the options fit")
}

fn table(outcome: Outcome) -> StatementResult {
    match outcome {
        Outcome::Done(result) => result,
        _ => panic!("a job was started"),
    }
}

#[test]
fn a_job_is_stopped_with_a_savepoint_by_a_statement_and_goes_on_from_it() {
    let environment = Environment::real();
    let options = [("execution.checkpointing.savepoint-dir", "memory:savepoints"), ("parallelism.default", "2")];
    let mut client = client(&environment, &options);
    execute(&mut client, ENDLESS).expect("definitions");
    let insert = "INSERT INTO hole SELECT n FROM numbers;";
    let Outcome::Insert(job) = only(execute(&mut client, insert).expect("it starts")) else { panic!("no job") };
    let stranger = execute(&mut client, "STOP JOB 'abc' WITH SAVEPOINT;").err().expect("there is no such job");
    assert!(stranger.contains("abc"), "{stranger}");
    let waiter = environment.waiter();
    while job.progress().rows_in == 0 {
        waiter.pass_ms(5).expect("time passes");
    }
    let stop = format!("STOP JOB '{}' WITH SAVEPOINT;", job.id());
    let result = table(only(execute(&mut client, &stop).expect("it stops")));
    assert_eq!(result.columns.len(), 1);
    let JobEnd::Stopped(snapshot) = job.wait().expect("it stops").end else { panic!("it finished") };
    assert!(snapshot.path.starts_with("memory:savepoints/savepoint-"), "{}", snapshot.path);
    let read = job.progress().rows_in;
    assert!(read > 0);
    execute(&mut client, &format!("SET 'execution.state-recovery.path' = '{}';", snapshot.path)).expect("it is known");
    let Outcome::Insert(job) = only(execute(&mut client, insert).expect("it goes on")) else { panic!("no job") };
    assert_eq!(execute(&mut client, &format!("STOP JOB '{}';", job.id())).map(|all| all.len()), Ok(1));
    assert!(job.wait().is_err(), "it was cancelled");
}

#[test]
fn without_a_place_for_savepoints_the_job_goes_on() {
    let mut client = client(&Environment::real(), &[("parallelism.default", "1")]);
    execute(&mut client, ENDLESS).expect("definitions");
    let started = execute(&mut client, "INSERT INTO hole SELECT n FROM numbers;").expect("it starts");
    let Outcome::Insert(job) = only(started) else { panic!("no job") };
    let refused = execute(&mut client, &format!("STOP JOB '{}' WITH SAVEPOINT;", job.id())).err().expect("no place");
    assert!(refused.contains("execution.checkpointing.savepoint-dir"), "{refused}");
    assert!(job.result().is_none());
    job.cancel();
    assert!(job.wait().is_err(), "it was cancelled");
}
