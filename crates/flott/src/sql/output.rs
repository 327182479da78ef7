//! Shows results in the mode that `sql-client.execution.result-mode` asks for.
//!
//! TABLEAU prints a changelog as it comes (in batch mode the whole result), CHANGELOG one line a row, TABLE the final table when the
//! query has ended or was cancelled. Without a setting it is TABLEAU, in scripts and in the shell.

use std::collections::VecDeque;
use std::io::{self, Write};

use flott_client::sql::{QueryRun, SqlClient};
use flott_client::{CollectReceiver, JobError, JobHandle};
use flott_configuration::flink::sql_client::{EXECUTION_MAX_TABLE_RESULT_ROWS, EXECUTION_RESULT_MODE, ResultMode};
use flott_configuration::flink::table::DISPLAY_MAX_COLUMN_WIDTH;
use flott_environment::Environment;
use flott_evaluation::Session;
use flott_record::{Batch, RowKind, Schema};
use flott_sql::SqlError;
use flott_sql::statement::{ResultKind, SqlSession, StatementResult};

use crate::sql::cells::{CellWriter, value_text};
use crate::sql::console::Console;
use crate::sql::metrics_log::MetricsLog;
use crate::sql::notice::notice;
use crate::sql::script::Failure;
use crate::sql::tableau::{COLUMN_WIDTH_DEFAULT, StreamingTableau, write_whole};

/// Time after which the job is looked at if no rows come, milliseconds.
const LOOK_INTERVAL_MS: u64 = 500;

/// The rows of a query as they come; between them the job is looked at for its metrics.
struct Rows<'a> {
    results: CollectReceiver,
    job: &'a JobHandle,
    metrics: &'a mut MetricsLog,
}

impl Iterator for Rows<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        loop {
            let batch = self.results.next_within_ms(Some(LOOK_INTERVAL_MS));
            if batch.is_none() && self.results.is_ended() {
                return None;
            }
            self.metrics.observe(self.job);
            if batch.is_some() {
                return batch;
            }
        }
    }
}

/// How one query's result is shown.
pub struct ResultOutput {
    mode: ResultMode,
    cells: CellWriter,
    schema: Schema,
    width_max: usize,
    rows_max: usize,
}

impl ResultOutput {
    /// The output that the session's options ask for.
    ///
    /// # Errors
    /// An option that does not fit, or a column without a text form.
    pub fn new(session: &SqlSession, query: &QueryRun) -> Result<Self, SqlError> {
        let configuration = &session.configuration;
        let wrong = |error: flott_configuration::ConfigurationError| SqlError::new(error.to_string());
        let mode = match configuration.get_optional(&EXECUTION_RESULT_MODE).map_err(wrong)? {
            Some(mode) if configuration.contains(&EXECUTION_RESULT_MODE) => mode,
            _ => ResultMode::Tableau,
        };
        let settings = session.settings()?;
        let evaluation = Session {
            time_zone: settings.time_zone,
            batch_mode: settings.batch_mode,
            query_start_ms: settings.query_start_ms,
            seeds: flott_evaluation::Seeds::default(),
        };
        let cells = CellWriter::new(&query.schema, &evaluation).map_err(SqlError::new)?;
        let rows_max = configuration.get(&EXECUTION_MAX_TABLE_RESULT_ROWS).map_err(wrong)?;
        let width_max = width_max(session);
        let rows_max = usize::try_from(rows_max).unwrap_or(usize::MAX).max(1);
        Ok(ResultOutput { mode, cells, schema: query.schema.clone(), width_max, rows_max })
    }

    /// Shows all rows, then waits for the job's end. If they cannot be shown, the job is cancelled.
    pub(crate) fn run(self, query: QueryRun, console: &mut Console) -> Result<(), Failure> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let QueryRun { results, job, batch_mode, .. } = query;
        let environment = console.environment.clone();
        let rows = Rows { results, job: &job, metrics: &mut console.metrics };
        let shown = match self.mode {
            ResultMode::Tableau if !batch_mode => self.tableau(rows, &job, &environment, &mut out),
            ResultMode::Changelog => self.changelog(rows, &job, &environment, &mut out),
            _ => self.table(rows, &job, batch_mode, &environment, &mut out),
        };
        if let Err(Failure::Output(_) | Failure::OutputClosed) = shown {
            job.cancel();
            // How it ends does not matter: why it was to end is what is said.
            let ended = job.wait();
            drop(ended);
        }
        console.metrics.end(&job);
        shown
    }

    fn tableau(
        mut self,
        results: Rows<'_>,
        job: &JobHandle,
        environment: &Environment,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let mut table = StreamingTableau::begin(&self.schema, self.width_max, out)?;
        out.flush()?;
        for batch in results {
            let rows = self.cells.rows(&batch, environment.clock().now_ms()).map_err(Failure::Output)?;
            for (row, cells) in rows.into_iter().enumerate() {
                table.row(batch.kind(row), cells, out)?;
            }
            out.flush()?;
        }
        let ended = job.wait();
        match &ended {
            Ok(_) => table.end(out)?,
            Err(JobError::Cancelled) => table.end_cancelled(out)?,
            Err(_) => {}
        }
        out.flush()?;
        ended.map(|_| ()).map_err(Failure::Job)
    }

    fn changelog(
        mut self,
        results: Rows<'_>,
        job: &JobHandle,
        environment: &Environment,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        for batch in results {
            let rows = self.cells.rows(&batch, environment.clock().now_ms()).map_err(Failure::Output)?;
            for (row, cells) in rows.into_iter().enumerate() {
                writeln!(out, "{}[{}]", batch.kind(row), cells.join(", "))?;
            }
            out.flush()?;
        }
        job.wait().map_err(Failure::Job)?;
        Ok(())
    }

    /// The final table; of more rows than the option allows only the last. Of a streaming query that was cancelled the table as it was
    /// then.
    fn table(
        mut self,
        results: Rows<'_>,
        job: &JobHandle,
        batch_mode: bool,
        environment: &Environment,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let mut table: VecDeque<Vec<String>> = VecDeque::new();
        for batch in results {
            let rows = self.cells.rows(&batch, environment.clock().now_ms()).map_err(Failure::Output)?;
            for (row, cells) in rows.into_iter().enumerate() {
                change(&mut table, batch.kind(row), cells, self.rows_max);
            }
        }
        let ended = job.wait();
        if ended.is_ok() || (!batch_mode && matches!(ended, Err(JobError::Cancelled))) {
            let names: Vec<String> = self.schema.fields.iter().map(|field| field.name.clone()).collect();
            write_whole(&names, table.make_contiguous(), self.width_max, out)?;
            out.flush()?;
        }
        ended.map(|_| ()).map_err(Failure::Job)
    }
}

fn change(table: &mut VecDeque<Vec<String>>, kind: RowKind, cells: Vec<String>, rows_max: usize) {
    if kind.is_addition() {
        if table.len() == rows_max {
            table.pop_front();
        }
        table.push_back(cells);
    } else if let Some(position) = table.iter().rposition(|known| *known == cells) {
        table.remove(position);
    }
}

fn width_max(session: &SqlSession) -> usize {
    let configured = session.configuration.get(&DISPLAY_MAX_COLUMN_WIDTH);
    configured.ok().and_then(|width| usize::try_from(width).ok()).unwrap_or(COLUMN_WIDTH_DEFAULT)
}

/// Shows the result of a statement that ran no job.
///
/// # Errors
/// If the output is closed.
pub fn write_metadata(result: &StatementResult, client: &SqlClient, out: &mut dyn Write) -> io::Result<()> {
    let is_text = result.columns.len() == 1 && result.columns[0].0 == "result";
    match (result.kind, result.rows.as_slice()) {
        (ResultKind::Ok, _) => {
            notice("[INFO] Execute statement succeeded.");
            Ok(())
        }
        // EXPLAIN and SHOW CREATE are texts, not tables.
        (ResultKind::Rows, [row]) if is_text => writeln!(out, "{}", value_text(&row[0])),
        (ResultKind::Rows, rows) => {
            let names: Vec<String> = result.columns.iter().map(|(name, _)| name.clone()).collect();
            let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(value_text).collect()).collect();
            let widest = width_max(&client.session).max(usize::from(u16::MAX));
            write_whole(&names, &rows, widest, out)
        }
    }
}
