//! The Match operator of MATCH_RECOGNIZE.

use flott_job::pattern::{AfterMatch, MatchSpec, PatternExpression, RowPattern, RowPosition, RowSet, Slot};

use super::expression::{Style, text};

/// What stands in the parentheses of `Match(…)`.
pub(super) fn body(spec: &MatchSpec, input: &[String], output: &[String]) -> String {
    let names = |columns: &[usize]| columns.iter().map(|column| input[*column].clone()).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !spec.partition.is_empty() {
        parts.push(format!("partitionBy=[{}]", names(&spec.partition)));
    }
    let order: Vec<String> = spec
        .order
        .iter()
        .map(|sort| format!("{} {}", input[sort.column], if sort.descending { "DESC" } else { "ASC" }))
        .collect();
    parts.push(format!("orderBy=[{}]", order.join(", ")));
    let first = output.len() - spec.measures.len();
    let measures = spec.measures.iter().zip(&output[first..]);
    let measures: Vec<String> =
        measures.map(|(measure, name)| format!("{} AS {name}", measure_text(spec, measure, input))).collect();
    parts.push(format!("measures=[{}]", measures.join(", ")));
    parts.push(format!("rowsPerMatch=[{}]", if spec.all_rows { "ALL ROWS PER MATCH" } else { "ONE ROW PER MATCH" }));
    parts.push(format!("after=[{}]", after(spec)));
    parts.push(format!("pattern=[{}]", pattern(spec, &spec.pattern)));
    parts.extend(spec.within_ms.map(|within_ms| format!("within=[{within_ms}:INTERVAL SECOND]")));
    let defined = spec.variables.iter().filter_map(|variable| {
        let definition = variable.definition.as_ref()?;
        Some(format!("{}={}", variable.name, formula(spec, definition, input)))
    });
    parts.push(format!("define=[{{{}}}]", defined.collect::<Vec<_>>().join(", ")));
    parts.join(", ")
}

fn after(spec: &MatchSpec) -> String {
    let name = |variable: usize| format!("_UTF-16LE'{}'", spec.variables[variable].name);
    match spec.skip {
        AfterMatch::ToNextRow => "SKIP TO NEXT ROW".to_string(),
        AfterMatch::PastLastRow => "SKIP PAST LAST ROW".to_string(),
        AfterMatch::ToFirst(variable) => format!("SKIP TO FIRST {}", name(variable)),
        AfterMatch::ToLast(variable) => format!("SKIP TO LAST {}", name(variable)),
    }
}

/// Sequences nest to the left, as in Calcite.
fn pattern(spec: &MatchSpec, shown: &RowPattern) -> String {
    let nested = |parts: &[RowPattern], open: &str| {
        let mut parts = parts.iter().map(|part| pattern(spec, part));
        let first = parts.next().unwrap_or_default();
        parts.fold(first, |all, part| format!("{open}({all}, {part})"))
    };
    match shown {
        RowPattern::Variable(variable) => format!("_UTF-16LE'{}'", spec.variables[*variable].name),
        RowPattern::Sequence(parts) => nested(parts, ""),
        RowPattern::Alternation(parts) => nested(parts, "|"),
        RowPattern::Repeat { pattern: body, minimum, maximum, reluctant } => {
            let maximum = maximum.map_or("-1".to_string(), |maximum| maximum.to_string());
            format!("PATTERN_QUANTIFIER({}, {minimum}, {maximum}, {reluctant})", pattern(spec, body))
        }
    }
}

fn measure_text(spec: &MatchSpec, measure: &PatternExpression, input: &[String]) -> String {
    let running = |rows: &RowSet| spec.all_rows && rows.running;
    let is_running = measure.slots.iter().any(|slot| match slot {
        Slot::Row { position, .. } | Slot::Classifier(position) => running(&position.rows),
        Slot::Aggregate { rows, .. } => running(rows),
        Slot::MatchNumber | Slot::MatchTime(_) => false,
    });
    format!("{}({})", if is_running { "RUNNING" } else { "FINAL" }, formula(spec, measure, input))
}

/// The expression with its slots written out.
fn formula(spec: &MatchSpec, formula: &PatternExpression, input: &[String]) -> String {
    let slots = formula.slots.iter().map(|slot| slot_text(spec, slot, input));
    let names: Vec<String> = input.iter().cloned().chain(slots).collect();
    text(&formula.expression, &Style::Prefix(&names))
}

fn slot_text(spec: &MatchSpec, slot: &Slot, input: &[String]) -> String {
    match slot {
        Slot::Row { position, value, .. } => {
            let names = qualified(spec, &position.rows, input);
            navigation(position, &text(value, &Style::Prefix(&names)))
        }
        Slot::Classifier(position) => navigation(position, "CLASSIFIER()"),
        Slot::Aggregate { rows, arguments, call } => {
            let names = qualified(spec, rows, input);
            let given = call.arguments.iter().map(|argument| text(&arguments[*argument], &Style::Prefix(&names)));
            let given: Vec<String> = given.collect();
            let distinct = if call.distinct { "DISTINCT " } else { "" };
            format!("{}({distinct}{})", call.function.sql_name(), given.join(", "))
        }
        Slot::MatchNumber => "MATCH_NUMBER()".to_string(),
        Slot::MatchTime(_) => "MATCH_ROWTIME()".to_string(),
    }
}

fn navigation(position: &RowPosition, value: &str) -> String {
    let function = if position.from_first { "FIRST" } else { "LAST" };
    let logical = format!("{function}({value}, {})", position.offset);
    if position.rows_before > 0 { format!("PREV({logical}, {})", position.rows_before) } else { logical }
}

/// Columns with the variables whose rows they are of: `A.price`, `*.price`.
fn qualified(spec: &MatchSpec, rows: &RowSet, input: &[String]) -> Vec<String> {
    let of = match &rows.variables {
        None => "*".to_string(),
        Some(variables) => {
            variables.iter().map(|variable| spec.variables[*variable].name.clone()).collect::<Vec<_>>().join("|")
        }
    };
    input.iter().map(|name| format!("{of}.{name}")).collect()
}
