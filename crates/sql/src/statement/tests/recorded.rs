//! Answers recorded from Flink: `## statement`, then a block with the kind, the columns and the rows.

use flott_record::Value;

use super::*;

/// Statements that are jobs or plans.
const JOBS: [&str; 4] = ["SELECT", "INSERT", "EXPLAIN", "COMPILE"];

fn shown(result: &StatementResult) -> String {
    let kind = match result.kind {
        ResultKind::Ok => "SUCCESS",
        ResultKind::Rows => "SUCCESS_WITH_CONTENT",
    };
    let mut text = format!("-- kind={kind} schema: ");
    for (name, data_type) in &result.columns {
        text.push_str(&format!("{name} {data_type} | "));
    }
    for row in &result.rows {
        text.push_str(&format!("\n{}", Value::Row(row.clone())));
    }
    text.trim_end().to_string()
}

#[test]
fn statements_answer_as_recorded() {
    let Some(golden) = shared("flink/sql", "golden_statements.md") else { return };
    let mut session = session();
    let (mut checked, mut wrong) = (0, Vec::new());
    for section in golden.split("\n## ").skip(1) {
        let Some((statement, answer)) = section.split_once('\n') else { continue };
        let answer = answer.trim().trim_start_matches("```").trim_end_matches("```").trim();
        if JOBS.iter().any(|word| statement.starts_with(word)) || statement.starts_with("SELEC ") {
            continue;
        }
        checked += 1;
        let got = match run(&mut session, statement) {
            Ok(Some(result)) => shown(&result),
            Ok(None) => "a job".to_string(),
            Err(error) => error.message,
        };
        let right = match answer.strip_prefix("ERROR") {
            Some(chain) => chain.contains(&got),
            None => got == answer,
        };
        if !right {
            wrong.push(format!("{statement}\n--- expected\n{answer}\n--- got\n{got}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 15, "only {checked}");
}
