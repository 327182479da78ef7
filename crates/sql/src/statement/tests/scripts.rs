//! Flink's own scripts of its SQL client: the statements that need no job.

use flott_record::Value;

use super::*;

/// Scripts whose statements are mostly metadata.
const SCRIPTS: [&str; 4] = ["sql.catalog_database.q", "sql.view.q", "sql.function.q", "sql.module.q"];
/// What only a JVM has: jars, and what a Java function takes.
const OF_THE_JVM: [&str; 4] = ["ADD JAR", "REMOVE JAR", "SHOW JARS", "function extended"];
/// A module that Flink's test brings along; what follows it depends on it.
const TEST_MODULE: &str = "dummy";

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Boolean(value) => value.to_string().to_uppercase(),
        other => other.to_string().trim().to_string(),
    }
}

/// Whether a result is what the client printed.
fn is_printed(result: &StatementResult, block: &serde_json::Value) -> bool {
    let output = block["output"].as_str().unwrap_or("");
    if result.kind == ResultKind::Ok {
        return output.contains("Execute statement succeeded") || output.contains("OK");
    }
    if output == "Empty set" {
        return result.rows.is_empty();
    }
    if let [row] = result.rows.as_slice()
        && let [Value::String(text)] = row.as_slice()
        && text.contains('\n')
    {
        return output.contains(text.trim_end());
    }
    let columns: Vec<&str> = result.columns.iter().map(|(name, _)| name.as_str()).collect();
    let rows: Vec<Vec<String>> = result.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    if block["table"].is_null() {
        // The test's variables make the printed lines uneven.
        return rows.iter().flatten().all(|cell| output.contains(cell.as_str()));
    }
    block["table"]["columns"] == serde_json::json!(columns) && block["table"]["rows"] == serde_json::json!(rows)
}

fn check(session: &mut SqlSession, block: &serde_json::Value) -> Option<String> {
    let statement = block["statement"].as_str().unwrap_or("");
    let output = block["output"].as_str().unwrap_or("");
    if statement.trim_start().to_uppercase().starts_with("SELECT")
        || OF_THE_JVM.iter().any(|word| statement.contains(word))
    {
        return None;
    }
    let expects_error = block["result_kind"] == "error";
    match run(session, statement) {
        Ok(None) => None,
        Ok(Some(result)) if !expects_error && is_printed(&result, block) => None,
        Ok(Some(result)) => Some(format!("{statement}\n--- expected\n{output}\n--- got\n{result:?}\n")),
        // Where the parser gives up it says so in its own words.
        Err(_) if expects_error && output.contains("ParseException") => None,
        Err(error) if expects_error && output.contains(&error.message) => None,
        Err(error) => Some(format!("{statement}\n--- expected\n{output}\n--- got\n{}\n", error.message)),
    }
}

#[test]
fn client_scripts_print_what_flink_prints() {
    let Some(scripts) = shared("conformance", "scripts.jsonl") else { return };
    let (mut checked, mut wrong) = (0, Vec::new());
    for line in scripts.lines() {
        let script: serde_json::Value = serde_json::from_str(line).expect("a script");
        let id = script["id"].as_str().unwrap_or("");
        if !SCRIPTS.iter().any(|name| id.contains(name)) {
            continue;
        }
        let mut session = session();
        for block in script["blocks"].as_array().into_iter().flatten() {
            if block["statement"].as_str().is_some_and(|text| text.to_lowercase().contains(TEST_MODULE)) {
                break;
            }
            checked += 1;
            wrong.extend(check(&mut session, block).map(|difference| format!("{id}: {difference}")));
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 100, "only {checked}");
}
