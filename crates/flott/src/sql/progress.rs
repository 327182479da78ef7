//! A line on the terminal that says how far a job is: rows per second, watermark, what is left of bounded input.

use std::io::{IsTerminal, Write};

use flott_client::JobProgress;
use flott_environment::Environment;
use flott_record::{MAX_WATERMARK, civil};

/// Time between two looks at a running job, milliseconds.
const INTERVAL_MS: u64 = 500;

/// The progress line on standard error; nothing is shown where that is no terminal.
pub struct Progress {
    environment: Environment,
    is_terminal: bool,
    /// Time, rows in and rows out when the line was shown last.
    last: (u64, u64, u64),
    shown: bool,
}

impl Progress {
    /// A line that is not shown yet.
    pub fn new(environment: Environment) -> Self {
        let begin = (environment.clock().monotonic_ns(), 0, 0);
        Progress { environment, is_terminal: std::io::stderr().is_terminal(), last: begin, shown: false }
    }

    /// How long to wait between two calls of `show`.
    pub fn interval_ms(&self) -> u64 {
        INTERVAL_MS
    }

    /// Shows the line anew.
    pub fn show(&mut self, progress: &JobProgress) {
        if !self.is_terminal {
            return;
        }
        let now_ns = self.environment.clock().monotonic_ns();
        let (then_ns, rows_in, rows_out) = self.last;
        let seconds = (now_ns - then_ns) as f64 / 1e9;
        let rate = |now: u64, then: u64| if seconds > 0.0 { (now - then) as f64 / seconds } else { 0.0 };
        let line = format!(
            "rows in {} ({}/s)  rows out {} ({}/s)  watermark {}{}",
            progress.rows_in,
            rate(progress.rows_in, rows_in) as u64,
            progress.rows_out,
            rate(progress.rows_out, rows_out) as u64,
            watermark_text(progress.watermark_ms),
            left_text(progress)
        );
        self.last = (now_ns, progress.rows_in, progress.rows_out);
        self.write(&format!("\r\x1b[K{line}"));
        self.shown = true;
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.shown {
            self.write("\r\x1b[K");
            self.shown = false;
        }
    }

    /// A terminal that is gone shows nothing; the job goes on.
    fn write(&self, text: &str) {
        let mut error = std::io::stderr();
        let written = error.write_all(text.as_bytes()).and_then(|()| error.flush());
        drop(written);
    }
}

fn watermark_text(watermark_ms: Option<i64>) -> String {
    match watermark_ms {
        None => "-".to_string(),
        Some(MAX_WATERMARK) => "end".to_string(),
        Some(watermark_ms) => {
            let mut text = String::new();
            civil::write_timestamp_sql(&mut text, watermark_ms, 3);
            text
        }
    }
}

fn left_text(progress: &JobProgress) -> String {
    match progress.bytes_total {
        Some(total) if total > 0 => {
            let left = total.saturating_sub(progress.bytes_read);
            format!("  left {left} of {total} ({} %)", left * 100 / total)
        }
        _ => String::new(),
    }
}
