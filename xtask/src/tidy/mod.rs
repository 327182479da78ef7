//! `cargo xtask tidy`: rules of style and layering that no other tool checks.

mod edges;
mod functions;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// One broken rule.
pub(crate) struct Finding {
    pub(crate) place: String,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Finding { place: place.into(), message: message.into() }
    }
}

/// Checks the repository around this crate and prints what is wrong.
pub(crate) fn run() -> ExitCode {
    match check(&root()) {
        Ok(findings) if findings.is_empty() => {
            println!("tidy: nothing to complain about");
            ExitCode::SUCCESS
        }
        Ok(findings) => {
            for finding in &findings {
                println!("{}: {}", finding.place, finding.message);
            }
            println!("tidy: {} findings", findings.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tidy: {error}");
            ExitCode::from(2)
        }
    }
}

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// All findings in a repository.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut findings = edges::check(root)?;
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "fuzz"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    for path in files {
        let source = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        findings.extend(text::check(&name, &source));
        findings.extend(functions::check(&name, &source));
    }
    Ok(findings)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    if !folder.exists() {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let is_build_output = path.file_name().is_some_and(|name| name == "target" || name == "corpus");
        if path.is_dir() && !is_build_output {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_repository_is_tidy() {
        let findings = super::check(&super::root()).expect("the repository is readable");
        let lines: Vec<String> =
            findings.iter().map(|finding| format!("{}: {}", finding.place, finding.message)).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}
