//! Expressions that Flink evaluated: parse, bind, evaluate, compare type and value. The data lies outside of the repository.

use flott_evaluation::Session;
use flott_evaluation::evaluator::evaluate_constant;

use super::*;
use crate::statement::shared;

/// Rows that differ, each with the reason.
const KNOWN: &[(&str, &str)] = &[
    (
        "CAST(1 AS DOUBLE)/CAST(0 AS DOUBLE)",
        "only Flink's folding of constants fails; over columns it gives Infinity too",
    ),
    ("JSON_ARRAY(1,'x',NULL)", "an untyped NULL, which only Flink's code generator refuses"),
    ("CAST(ROW(1,'a',NULL) AS STRING)", "an untyped NULL, which only Flink's code generator refuses"),
    ("GREATEST(1, 2.5, NULL)", "an untyped NULL, which only Flink's code generator refuses"),
    ("TYPEOF(PROCTIME())", "a fault of Flink's code generator"),
    ("ARRAY[1,2,3][5]", "NULL; Flink's folding of constants shows what lies under it"),
    ("MAP['a',1]['b']", "NULL; Flink's folding of constants shows what lies under it"),
    ("BITMAP_BUILD(ARRAY[1,2,2])", "a value alone does not know that its bytes are a bitmap"),
];

fn session() -> Session {
    Session {
        time_zone: "America/New_York".to_string(),
        batch_mode: true,
        query_start_ms: 1_700_000_000_000,
        seeds: flott_evaluation::Seeds::default(),
    }
}

/// Type and value, or the error; what fails when planning begins with `plan: `.
fn answer(text: &str) -> std::result::Result<(String, String), String> {
    let session = session();
    let syntax = flott_syntax::parse_expression(text).map_err(|error| format!("plan: {error}"))?;
    let scope = Scope::default();
    let binder = ExpressionBinder { scope: &scope, time_zone: &session.time_zone, objects: None };
    let bound = binder.bind(&syntax, &mut NoIntercept).map_err(|error| format!("plan: {error}"))?;
    let value = evaluate_constant(&bound, &session)?;
    Ok((bound.data_type().to_string(), value.to_string()))
}

fn difference(line: &str) -> Option<String> {
    let mut fields = line.split('\t');
    let (text, data_type, value) = (fields.next()?, fields.next()?, fields.next()?);
    let got = answer(text);
    let right = match (&got, value.starts_with("ERROR")) {
        (Ok((kind, result)), false) => kind == data_type && result.replace('\t', "\\t") == value,
        (Err(_), true) => true,
        _ => false,
    };
    (!right).then(|| format!("{text}\n    expected {data_type} {value}\n    got      {got:?}"))
}

#[test]
fn expressions_give_what_flink_gives() {
    let Some(golden) = shared("flink/sql", "golden_expressions.tsv") else { return };
    let (mut checked, mut wrong) = (0, Vec::new());
    for line in golden.lines().skip(1) {
        let text = line.split('\t').next().unwrap_or("");
        // Queries are tested where queries are bound.
        if text.contains(" FROM (VALUES") || text.contains("COUNT(*)") {
            continue;
        }
        checked += 1;
        let known = KNOWN.iter().any(|(row, _)| *row == text);
        match difference(line) {
            Some(difference) if !known => wrong.push(difference),
            None if known => wrong.push(format!("{text}: no longer differs; take it off the list")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 150, "only {checked}");
}
