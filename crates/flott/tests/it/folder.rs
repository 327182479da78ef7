//! A folder of its own for each test, and runs of the executable in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flott_environment::{Environment, TemporaryDirectory};

/// A folder that is the working directory of the runs in it; removed at the end.
pub struct Folder {
    directory: TemporaryDirectory,
}

/// What a run left behind.
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub error: String,
}

impl Folder {
    /// An empty folder.
    pub fn new() -> Self {
        let directory =
            Environment::real().temporary_directory(&std::env::temp_dir(), "flott-it").expect("a temporary folder");
        Folder { directory }
    }

    /// A folder with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        files.iter().for_each(|(name, text)| folder.write(name, text.as_bytes()));
        folder
    }

    /// The path of a name in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("the folder can be written");
    }

    /// Runs `flott sql` with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_command(Command::new(env!("CARGO_BIN_EXE_flott")).arg("sql").args(arguments))
    }

    /// Runs a command in the folder.
    pub fn run_command(&self, command: &mut Command) -> Run {
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().expect("the executable starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Run { code: status.code().expect("no signal"), out: text(stdout), error: text(stderr) }
    }

    /// Runs statements that succeed; what they print.
    pub fn succeeds(&self, sql: &str) -> String {
        let run = self.run(&["-e", sql]);
        assert_eq!(run.code, 0, "{sql}\n{}", run.error);
        run.out
    }

    /// Runs statements of which one fails as it should; what is said.
    pub fn fails(&self, sql: &str) -> String {
        let run = self.run(&["-e", sql]);
        run.is_a_proper_failure();
        run.error
    }

    /// The lines of all visible files below a name, sorted; checks that no hidden file is left.
    pub fn lines_below(&self, name: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for file in self.files_below(name) {
            lines.extend(fs::read_to_string(file).expect("text").lines().map(str::to_string));
        }
        lines.sort();
        lines
    }

    /// All files below a name, which may not exist; none of them hidden.
    pub fn files_below(&self, name: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.path(name), &mut files);
        for file in &files {
            let name = file.file_name().expect("a name").to_string_lossy();
            assert!(!name.starts_with('.'), "left behind: {}", file.display());
        }
        files
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

impl Run {
    /// Whatever the input, a failure is an exit code 1 and a message, never a panic.
    pub fn is_a_proper_failure(&self) {
        assert_eq!(self.code, 1, "{}{}", self.out, self.error);
        assert!(self.error.contains("error: "), "{}", self.error);
        assert!(!self.error.contains("panicked") && !self.error.contains("RUST_BACKTRACE"), "{}", self.error);
    }
}

/// `CREATE TABLE` of a table in files; `more` are further options, each after a comma.
pub fn files_table(name: &str, columns: &str, path: &str, format: &str, more: &str) -> String {
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = '{format}'{more});\n"
    )
}

/// Asserts that a message has each of these parts.
pub fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "«{part}» is missing in:\n{message}");
    }
}
