//! The crate graph against the table in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Finding;

/// Checks that each crate stands in the table and depends on no crate but those it may.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let text = read(&root.join("ARCHITECTURE.md"))?;
    let table = table(&text);
    let mut findings = Vec::new();
    for (name, edges) in manifests(root)? {
        let place = format!("crates/{name}/Cargo.toml");
        let Some(allowed) = table.get(&name) else {
            if name != "simulation" {
                findings.push(Finding::new(place, "the crate is missing in ARCHITECTURE.md"));
            }
            continue;
        };
        for edge in edges.difference(allowed) {
            findings.push(Finding::new(&place, format!("depends on {edge}, which ARCHITECTURE.md does not allow")));
        }
    }
    Ok(findings)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Crate name to what it may depend on, from the rows `| layer | `name` | … | edges |`.
fn table(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut table: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [layer, name, _, edges] = cells.as_slice() else { continue };
        if layer.parse::<u32>().is_err() {
            continue;
        }
        let edges: BTreeSet<String> = match *edges {
            "all above" => table.keys().cloned().collect(),
            "-" => BTreeSet::new(),
            list => list.split(',').map(|edge| edge.trim().to_string()).collect(),
        };
        table.insert(name.trim_matches('`').to_string(), edges);
    }
    table
}

/// Crate name to the project's crates among its dependencies; those for tests alone do not count.
fn manifests(root: &Path) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let mut found = BTreeMap::new();
    let folder = root.join("crates");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_string();
        let manifest = read(&path.join("Cargo.toml"))?;
        let mut section = "";
        let mut edges = BTreeSet::new();
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line.trim();
            } else if section == "[dependencies]"
                && let Some(rest) = line.strip_prefix("flott-")
            {
                edges.insert(rest.split(['.', ' ', '=']).next().unwrap_or_default().to_string());
            }
        }
        found.insert(name, edges);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn the_table_is_read() {
        let text = "| layer | crate | r | may depend on |\n| --- | --- | --- | --- |\n| 0 | `a` | x | - |\n| 1 | `b` | y | a, c |\n";
        let table = table(text);
        assert_eq!(table.len(), 2);
        assert!(table["b"].contains("c") && table["a"].is_empty());
    }
}
