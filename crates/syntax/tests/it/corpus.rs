//! The parser against Flink's own test statements, where they are present.
//!
//! The data aren't part of the repository: they are read from the folder named by the environment variable
//! `FLOTT_CONFORMANCE`, or from `../shared/conformance` beside it.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use flott_syntax::ast::{ExpressionKind, QueryBody, SelectItem};
use flott_syntax::{parse_data_type, parse_expression, parse_statement, parse_statements};
use serde_json::Value;
use std::path::PathBuf;

/// Share of the valid statements that must parse.
const REQUIRED_PERCENT: f64 = 99.0;

fn shared(path: &str) -> Option<PathBuf> {
    let folder = match std::env::var("FLOTT_CONFORMANCE") {
        Ok(folder) => PathBuf::from(folder).join(".."),
        Err(_) => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let file = folder.join(path);
    if !file.exists() {
        println!("skipped: {} is absent", file.display());
        return None;
    }
    Some(file)
}

fn text(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(shared(path)?).expect("the file can be read"))
}

fn records(path: &str) -> Option<Vec<Value>> {
    let lines = text(path)?;
    let record = |line| serde_json::from_str(line).expect("each line is a JSON object");
    Some(lines.lines().map(record).collect())
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// What is counted while a corpus is parsed.
#[derive(Default)]
struct Tally {
    parsed: usize,
    failed: Vec<String>,
}

impl Tally {
    fn script(&mut self, sql: &str) {
        match parse_statements(sql) {
            Ok(statements) => {
                self.parsed += 1;
                for statement in statements {
                    let printed = statement.to_string();
                    match parse_statement(&printed) {
                        Ok(again) => assert_eq!(again, statement, "{sql}\n{printed}"),
                        Err(error) => panic!("{sql}\n{}", error.render(&printed, "printed")),
                    }
                }
            }
            Err(error) => self.failed.push(error.render(sql, "sql")),
        }
    }

    fn expression(&mut self, sql: &str) {
        match parse_expression(sql) {
            Ok(expression) => {
                self.parsed += 1;
                let printed = expression.to_string();
                match parse_expression(&printed) {
                    Ok(again) => assert_eq!(again, expression, "{sql}\n{printed}"),
                    Err(error) => panic!("{sql}\n{}", error.render(&printed, "printed")),
                }
            }
            Err(error) => self.failed.push(error.render(sql, "sql")),
        }
    }

    fn data_type(&mut self, sql: &str) {
        match parse_data_type(sql) {
            Ok(data_type) => {
                self.parsed += 1;
                let printed = data_type.to_string();
                assert_eq!(parse_data_type(&printed), Ok(data_type), "{printed}");
            }
            Err(error) => self.failed.push(error.render(sql, "sql")),
        }
    }

    fn report(&self, name: &str, required_percent: f64) {
        let all = self.parsed + self.failed.len();
        let percent = 100.0 * self.parsed as f64 / all.max(1) as f64;
        println!("{name}: {} of {all} parsed ({percent:.2} %)", self.parsed);
        for failure in &self.failed {
            println!("{failure}");
        }
        assert!(percent >= required_percent, "{name}: {percent:.2} %");
    }
}

#[test]
fn golden_statements_parse() {
    let Some(golden) = text("flink/sql/golden_statements.md") else {
        return;
    };
    let mut tally = Tally::default();
    for heading in golden.lines().filter_map(|line| line.strip_prefix("## ")) {
        // Flink rejects these two as well.
        if heading.starts_with("SELEC ") || heading.starts_with("COMPILE PLAN FOR") {
            assert!(parse_statement(heading).is_err(), "{heading}");
        } else {
            tally.script(heading);
        }
    }
    tally.report("golden statements", 100.0);
}

#[test]
fn golden_expressions_parse() {
    let Some(golden) = text("flink/sql/golden_expressions.tsv") else {
        return;
    };
    let mut tally = Tally::default();
    let mut types = Tally::default();
    for line in golden.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        tally.script(&format!("SELECT {}", columns[0]));
        if columns.len() == 3 && !columns[1].is_empty() {
            types.data_type(columns[1]);
        }
    }
    tally.report("golden expressions", 100.0);
    types.report("golden types", 99.0);
}

#[test]
fn nexmark_queries_parse() {
    let Some(folder) = shared("bench/nexmark/queries") else {
        return;
    };
    let mut tally = Tally::default();
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            tally.script(&std::fs::read_to_string(path).expect("the file can be read"));
        }
    }
    tally.report("nexmark", 100.0);
}

#[test]
fn program_statements_parse() {
    let Some(programs) = records("conformance/programs.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    let mut schemas = Tally::default();
    for program in &programs {
        for sql in strings(&program["setup_sql"]) {
            tally.script(&sql);
        }
        if program["expects_error"].is_null() {
            for sql in strings(&program["sql"]) {
                tally.script(&sql);
            }
        }
        for source in program["sources"].as_array().into_iter().flatten() {
            let schema = strings(&source["schema"]).join(", ");
            if !schema.is_empty() {
                schemas.script(&format!("CREATE TABLE t ({schema})"));
            }
        }
    }
    tally.report("programs", REQUIRED_PERCENT);
    schemas.report("schemas of programs", REQUIRED_PERCENT);
}

#[test]
fn integration_case_statements_parse() {
    let Some(cases) = records("conformance/itcases.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for case in &cases {
        for sql in strings(&case["setup_sql"]) {
            tally.script(&sql);
        }
        for sql in strings(&case["sql"]) {
            tally.script(&sql);
        }
    }
    tally.report("integration cases", REQUIRED_PERCENT);
}

#[test]
fn function_expressions_parse() {
    let Some(functions) = records("conformance/functions.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    let mut types = Tally::default();
    for function in &functions {
        if function.get("expected_error").is_some() {
            continue;
        }
        for sql in strings(&function["sql"]) {
            match function["kind"].as_str() {
                Some("aggregate") => tally.script(&sql),
                _ => tally.expression(&sql),
            }
        }
        for data_type in strings(&function["expected_types"]) {
            types.data_type(&data_type);
        }
    }
    tally.report("functions", REQUIRED_PERCENT);
    types.report("types of functions", REQUIRED_PERCENT);
}

#[test]
fn script_statements_parse() {
    let Some(scripts) = records("conformance/scripts.jsonl") else {
        return;
    };
    let mut tally = Tally::default();
    for script in &scripts {
        for block in script["blocks"].as_array().into_iter().flatten() {
            if block["result_kind"] == "error" {
                continue;
            }
            for sql in strings(&block["statement"]) {
                tally.script(&sql);
            }
        }
    }
    tally.report("scripts", REQUIRED_PERCENT);
}

#[test]
fn columns_of_a_query_can_be_reached() {
    let statement = parse_statement("SELECT a.b AS c FROM t").expect("valid");
    let flott_syntax::ast::StatementKind::Query(query) = statement.kind else {
        panic!("a query");
    };
    let QueryBody::Select(select) = query.body else {
        panic!("a SELECT");
    };
    let SelectItem::Expression { expression, alias } = &select.items[0] else {
        panic!("an expression");
    };
    assert!(matches!(&expression.kind, ExpressionKind::Name(name) if name.parts.len() == 2));
    assert_eq!(alias.as_ref().map(|a| a.value.as_str()), Some("c"));
}
