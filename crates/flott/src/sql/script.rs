//! Runs the statements of a script one after the other; each job ends before the next statement begins, so that a query sees what an
//! INSERT before it wrote.

use std::io::{self, Write};
use std::path::Path;

use flott_client::sql::Outcome;
use flott_client::{JobError, JobHandle};
use flott_sql::SqlError;
use flott_syntax::ast::ClientCommand;

use crate::sql::command::{HELP, clear_screen};
use crate::sql::console::Console;
use crate::sql::notice::notice;
use crate::sql::output::{ResultOutput, write_metadata};
use crate::sql::progress::Progress;

/// How deep SOURCE may lead from file to file; more is most likely a file that names itself.
const SOURCE_DEPTH_MAX: u32 = 16;

/// Statements and where they come from.
pub struct Script {
    /// File name for errors, `-e` for the command line, `stdin`, `shell`.
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
    /// Nobody reads the results any more.
    OutputClosed,
}

/// Why a statement did not succeed.
pub(crate) enum Failure {
    Sql(SqlError),
    Job(JobError),
    Output(String),
    /// Whoever read standard output has ended.
    OutputClosed,
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Failure::Sql(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Output(format!("cannot write the result: {error}")),
        }
    }
}

impl Script {
    /// Runs the statements; nothing runs if the script cannot be parsed.
    pub fn run(&self, console: &mut Console) -> ScriptEnd {
        self.run_at_depth(console, 0)
    }

    fn run_at_depth(&self, console: &mut Console, depth: u32) -> ScriptEnd {
        let statements = match flott_syntax::parse_statements(&self.text) {
            Ok(statements) => statements,
            Err(error) => {
                notice(format!("[ERROR] Could not parse the script.\n{}", error.render(&self.text, &self.name)));
                return ScriptEnd::Failed;
            }
        };
        for statement in &statements {
            if console.environment.interrupted().is_set() {
                return ScriptEnd::Interrupted;
            }
            let done = match console.client.execute(statement) {
                Ok(Outcome::Client(ClientCommand::Quit)) => return ScriptEnd::Quit,
                Ok(Outcome::Client(ClientCommand::Source { file })) => match source(&file, console, depth) {
                    Ok(ScriptEnd::Succeeded) => Ok(()),
                    Ok(end) => return end,
                    Err(message) => Err(SqlError::at(statement.span, message).into()),
                },
                Ok(outcome) => finish(outcome, console),
                Err(error) => Err(error.into()),
            };
            if let Err(failure) = done {
                return self.report(&failure);
            }
        }
        ScriptEnd::Succeeded
    }

    fn report(&self, failure: &Failure) -> ScriptEnd {
        let reason = match failure {
            Failure::OutputClosed => return ScriptEnd::OutputClosed,
            Failure::Job(JobError::Cancelled) => {
                notice("[INFO] The job was cancelled; nothing uncommitted of it is visible.");
                return ScriptEnd::Interrupted;
            }
            Failure::Sql(error) => error.render(&self.text, &self.name),
            Failure::Job(error) => format!("error: {error}\n"),
            Failure::Output(message) => format!("error: {message}\n"),
        };
        notice(format!("[ERROR] Could not execute SQL statement. Reason:\n{reason}"));
        ScriptEnd::Failed
    }
}

/// Runs the statements of a file, for SOURCE.
fn source(file: &str, console: &mut Console, depth: u32) -> Result<ScriptEnd, String> {
    if depth == SOURCE_DEPTH_MAX {
        return Err(format!("SOURCE leads from file to file more than {SOURCE_DEPTH_MAX} times"));
    }
    let text = console.environment.disk().read_to_string(Path::new(file)).map_err(|error| error.to_string())?;
    let script = Script { name: file.to_string(), text };
    Ok(script.run_at_depth(console, depth + 1))
}

/// Waits for what a statement started and shows its result.
pub(crate) fn finish(outcome: Outcome, console: &mut Console) -> Result<(), Failure> {
    match outcome {
        Outcome::Done(result) => {
            if let Some(warning) = &result.warning {
                notice(format!("[WARN] {warning}"));
            }
            Ok(write_metadata(&result, &console.client, &mut io::stdout().lock())?)
        }
        Outcome::Query(query) => {
            let output = ResultOutput::new(&console.client.session, &query)?;
            output.run(query, console)
        }
        Outcome::Insert(job) => {
            notice(format!("[INFO] Submitting SQL update statement to the cluster...\nJob ID: {}", job.id()));
            if !console.client.waits_for_jobs() {
                return Ok(());
            }
            let ended = wait(&job, console);
            console.metrics.end(&job);
            ended?;
            notice("[INFO] Complete execution of the SQL update statement.");
            Ok(())
        }
        Outcome::Client(command) => Ok(run_command(&command)?),
    }
}

fn run_command(command: &ClientCommand) -> io::Result<()> {
    match command {
        ClientCommand::Help => io::stdout().lock().write_all(HELP.as_bytes()),
        ClientCommand::Clear => clear_screen(),
        // Both end or begin scripts; the script has seen to them.
        ClientCommand::Quit | ClientCommand::Source { .. } => Ok(()),
    }
}

/// Waits for a job that its statement did not wait for; says how it ended if that was not well.
pub(crate) fn wait_at_end(job: &JobHandle, console: &mut Console, so_far: ScriptEnd) -> ScriptEnd {
    let ended = wait(job, console);
    console.metrics.end(job);
    match ended {
        Ok(()) => so_far,
        Err(Failure::Job(JobError::Cancelled)) => ScriptEnd::Interrupted,
        Err(Failure::Job(error)) => {
            notice(format!("[ERROR] Job {} failed. Reason:\nerror: {error}", job.id()));
            ScriptEnd::Failed
        }
        Err(Failure::Sql(_) | Failure::Output(_) | Failure::OutputClosed) => ScriptEnd::Failed,
    }
}

/// Waits for a job, with a progress line on a terminal.
fn wait(job: &JobHandle, console: &mut Console) -> Result<(), Failure> {
    let mut progress = Progress::new(console.environment.clone());
    loop {
        match job.wait_ms(Some(progress.interval_ms())) {
            Ok(Some(result)) => {
                progress.clear();
                if let Some(warning) = &result.warning {
                    notice(format!("[WARN] {warning}"));
                }
                return Ok(());
            }
            Ok(None) => {
                progress.show(&job.progress());
                console.metrics.observe(job);
            }
            Err(error) => {
                progress.clear();
                return Err(Failure::Job(error));
            }
        }
    }
}
