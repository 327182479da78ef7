//! Runs the statements of a script one after the other; each job ends before the next statement begins, so that a query sees what an
//! INSERT before it wrote.

use std::io;

use flott_client::sql::{Outcome, SqlClient};
use flott_client::{JobError, JobHandle};
use flott_environment::Environment;
use flott_sql::SqlError;
use flott_syntax::ast::ClientCommand;

use crate::sql::output::{ResultOutput, write_metadata};
use crate::sql::progress::Progress;

/// Statements and where they come from.
pub struct Script {
    /// File name for errors, `-e` for the command line.
    pub name: String,
    /// The statements.
    pub text: String,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptEnd {
    /// All statements succeeded.
    Succeeded,
    /// QUIT was among them.
    Quit,
    /// One failed; it has been said which and why.
    Failed,
    /// Ctrl-C ended a job.
    Interrupted,
}

/// Why a statement did not succeed.
pub(crate) enum Failure {
    Sql(SqlError),
    Job(JobError),
    Output(String),
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Failure::Sql(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(format!("cannot write the result: {error}"))
    }
}

impl Script {
    /// Runs the statements; nothing runs if the script cannot be parsed.
    pub fn run(&self, client: &mut SqlClient, environment: &Environment) -> ScriptEnd {
        let statements = match flott_syntax::parse_statements(&self.text) {
            Ok(statements) => statements,
            Err(error) => {
                eprintln!("[ERROR] Could not parse the script.\n{}", error.render(&self.text, &self.name));
                return ScriptEnd::Failed;
            }
        };
        for statement in &statements {
            let done = match client.execute(statement) {
                Ok(Outcome::Client(ClientCommand::Quit)) => return ScriptEnd::Quit,
                Ok(outcome) => finish(outcome, client, environment),
                Err(error) => Err(error.into()),
            };
            match done {
                Ok(()) => {}
                Err(Failure::Job(JobError::Cancelled)) => {
                    eprintln!("[INFO] The job was cancelled; nothing uncommitted of it is visible.");
                    return ScriptEnd::Interrupted;
                }
                Err(failure) => {
                    eprintln!("[ERROR] Could not execute SQL statement. Reason:\n{}", self.describe(&failure));
                    return ScriptEnd::Failed;
                }
            }
        }
        ScriptEnd::Succeeded
    }

    fn describe(&self, failure: &Failure) -> String {
        match failure {
            Failure::Sql(error) => error.render(&self.text, &self.name),
            Failure::Job(error) => format!("error: {error}\n"),
            Failure::Output(message) => format!("error: {message}\n"),
        }
    }
}

/// Waits for what a statement started and shows its result.
pub(crate) fn finish(outcome: Outcome, client: &SqlClient, environment: &Environment) -> Result<(), Failure> {
    match outcome {
        Outcome::Done(result) => {
            if let Some(warning) = &result.warning {
                eprintln!("[WARN] {warning}");
            }
            Ok(write_metadata(&result, client, &mut io::stdout().lock())?)
        }
        Outcome::Query(query) => {
            let output = ResultOutput::new(&client.session, &query)?;
            output.run(query, environment)
        }
        Outcome::Insert(job) => {
            eprintln!("[INFO] Submitting SQL update statement to the cluster...\nJob ID: {}", job.id());
            wait(&job, environment)?;
            eprintln!("[INFO] Complete execution of the SQL update statement.");
            Ok(())
        }
        Outcome::Client(command) => {
            eprintln!("[WARN] {command:?} means something in the interactive shell only.");
            Ok(())
        }
    }
}

/// Waits for a job, with a progress line on a terminal.
fn wait(job: &JobHandle, environment: &Environment) -> Result<(), Failure> {
    let mut progress = Progress::new(environment.clone());
    loop {
        match job.wait_ms(Some(progress.interval_ms())) {
            Ok(Some(_)) => {
                progress.clear();
                return Ok(());
            }
            Ok(None) => progress.show(&job.progress()),
            Err(error) => {
                progress.clear();
                return Err(Failure::Job(error));
            }
        }
    }
}
