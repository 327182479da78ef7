//! Expressions in Calcite's form: every name in back-ticks, built-in functions in capitals, no parentheses that precedence makes idle.

use flott_syntax::ast::{
    self, BinaryOperator as Op, CaseBranch, ComparisonQuantifier, Expression, ExpressionKind as Kind, InSet, Literal,
    RoundDirection, UnaryOperator,
};

use super::clause::{call_text, json_text, list_text};
use super::data_type::cast_type_text;
use super::query::query_text;
use super::text_literal;
use crate::catalog::store::quote;

/// Precedence of what needs no parentheses.
const PRIMARY: u8 = 100;

/// The text of an expression.
pub(crate) fn expression_text(expression: &Expression) -> String {
    operand(expression, 0)
}

/// A dotted name, each part in back-ticks.
pub(crate) fn name_text(name: &ast::ObjectName) -> String {
    name.parts.iter().map(|part| quote(&part.value)).collect::<Vec<_>>().join(".")
}

/// An expression, in parentheses if it binds less tightly than `least`.
pub(super) fn operand(expression: &Expression, least: u8) -> String {
    let text = kind_text(&expression.kind);
    if precedence(&expression.kind) < least { format!("({text})") } else { text }
}

fn precedence(kind: &Kind) -> u8 {
    match kind {
        Kind::Unary { operator: UnaryOperator::Not, .. } => 26,
        Kind::Unary { operand, operator: UnaryOperator::Minus } if is_number(operand) => PRIMARY,
        Kind::Unary { .. } => 80,
        Kind::Is { .. } => 28,
        Kind::IsDistinctFrom { .. } | Kind::Quantified { .. } => 30,
        Kind::Between { .. } | Kind::Like { .. } | Kind::In { .. } => 32,
        Kind::Binary { operator, .. } => of_binary(*operator),
        Kind::Function(call) if call.over.is_some() => 20,
        _ => PRIMARY,
    }
}

fn of_binary(operator: Op) -> u8 {
    match operator {
        Op::Multiply | Op::Divide | Op::Remainder | Op::Concatenate => 60,
        Op::Plus | Op::Minus => 40,
        Op::And => 24,
        Op::Or => 22,
        _ => 30,
    }
}

fn is_number(expression: &Expression) -> bool {
    matches!(&expression.kind, Kind::Literal(Literal::Number(_) | Literal::ApproximateNumber(_)))
}

fn kind_text(kind: &Kind) -> String {
    match kind {
        Kind::Literal(literal) => literal_text(literal),
        Kind::Name(name) => name_text(name),
        Kind::Unary { operator, operand } => unary_text(*operator, operand),
        Kind::Binary { left, operator, right } => {
            let binding = of_binary(*operator);
            format!("{} {operator} {}", operand(left, binding), operand(right, binding + 1))
        }
        Kind::Is { .. }
        | Kind::IsDistinctFrom { .. }
        | Kind::Between { .. }
        | Kind::Like { .. }
        | Kind::In { .. }
        | Kind::Quantified { .. } => predicate_text(kind),
        Kind::Case { operand, branches, otherwise } => case_text(operand.as_deref(), branches, otherwise.as_deref()),
        Kind::Function(call) => call_text(call),
        Kind::Json(function) => json_text(function),
        Kind::Exists(query) => format!("EXISTS ({})", query_text(query)),
        Kind::Unique(query) => format!("UNIQUE ({})", query_text(query)),
        // Calcite writes a scalar sub-query with these parentheses.
        Kind::Subquery(query) => format!("((({})))", query_text(query)),
        Kind::Row(items) => format!("ROW({})", list_text(items)),
        Kind::Array(items) => format!("ARRAY[{}]", list_text(items)),
        Kind::Multiset(items) => format!("MULTISET[{}]", list_text(items)),
        Kind::Map(entries) => {
            let entry =
                |entry: &ast::MapEntry| format!("{}, {}", expression_text(&entry.key), expression_text(&entry.value));
            format!("MAP[{}]", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Kind::ArrayQuery(query) => format!("ARRAY ({})", query_text(query)),
        Kind::MapQuery(query) => format!("MAP ({})", query_text(query)),
        Kind::MultisetQuery(query) => format!("MULTISET ({})", query_text(query)),
        Kind::Item { container, index } => format!("{}[{}]", operand(container, PRIMARY), expression_text(index)),
        Kind::Field { operand: inner, field } => format!("({}).{}", expression_text(inner), quote(&field.value)),
        other => special_text(other),
    }
}

/// Functions with a syntax of their own, and what is no value.
fn special_text(kind: &Kind) -> String {
    match kind {
        Kind::Cast { operand, data_type, null_on_failure } => {
            let name = if *null_on_failure { "TRY_CAST" } else { "CAST" };
            format!("{name}({} AS {})", expression_text(operand), cast_type_text(data_type))
        }
        Kind::Extract { unit, operand } => format!("EXTRACT({unit} FROM {})", expression_text(operand)),
        Kind::RoundToUnit { direction, operand, unit } => {
            let name = if *direction == RoundDirection::Floor { "FLOOR" } else { "CEIL" };
            format!("{name}({} TO {unit})", expression_text(operand))
        }
        Kind::TimestampAdd { unit, count, timestamp } => {
            format!("TIMESTAMPADD({unit}, {}, {})", expression_text(count), expression_text(timestamp))
        }
        Kind::TimestampDiff { unit, from, to } => {
            format!("TIMESTAMPDIFF({unit}, {}, {})", expression_text(from), expression_text(to))
        }
        Kind::Trim { side, characters, operand } => {
            let characters = characters.as_ref().map_or_else(|| "' '".to_string(), |text| expression_text(text));
            format!("TRIM({side} {characters} FROM {})", expression_text(operand))
        }
        Kind::Elapsed { difference, qualifier } => format!("({}) {qualifier}", operand(difference, 0)),
        Kind::Interval { amount, qualifier } => format!("INTERVAL {} {qualifier}", operand(amount, PRIMARY)),
        Kind::Descriptor(columns) => {
            format!("DESCRIPTOR({})", columns.iter().map(name_text).collect::<Vec<_>>().join(", "))
        }
        Kind::QualifiedWildcard(name) => format!("{}.*", name_text(name)),
        Kind::Table(argument) => super::clause::table_argument_text(argument),
        Kind::Model(name) => format!("MODEL {}", name_text(name)),
        Kind::MatchSemantics { running, operand } => {
            format!("{} {}", if *running { "RUNNING" } else { "FINAL" }, expression_text(operand))
        }
        other => other.to_string(),
    }
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::String(text) if !text.is_ascii() => format!("_UTF16{}", text_literal(text)),
        Literal::ApproximateNumber(text) => text.to_uppercase(),
        Literal::Binary(_) => literal.to_string().to_uppercase(),
        other => other.to_string(),
    }
}

fn unary_text(operator: UnaryOperator, inner: &Expression) -> String {
    match operator {
        UnaryOperator::Not => format!("NOT {}", operand(inner, 26)),
        UnaryOperator::Minus if is_number(inner) => format!("-{}", expression_text(inner)),
        UnaryOperator::Minus => format!("- {}", operand(inner, 81)),
        UnaryOperator::Plus => format!("+ {}", operand(inner, 81)),
    }
}

fn predicate_text(kind: &Kind) -> String {
    let not = |negated: &bool| if *negated { "NOT " } else { "" };
    match kind {
        Kind::Is { operand: inner, negated, test } => format!("{} IS {}{test}", operand(inner, 28), not(negated)),
        Kind::IsDistinctFrom { left, right, negated } => {
            format!("{} IS {}DISTINCT FROM {}", operand(left, 30), not(negated), operand(right, 31))
        }
        Kind::Between { operand: inner, low, high, negated, symmetric } => {
            let symmetric = if *symmetric { "SYMMETRIC" } else { "ASYMMETRIC" };
            let (inner, low, high) = (operand(inner, 32), operand(low, 25), operand(high, 33));
            format!("{inner} {}BETWEEN {symmetric} {low} AND {high}", not(negated))
        }
        Kind::Like { operand: inner, kind, negated, pattern, escape } => {
            let escape = escape.as_ref().map_or_else(String::new, |escape| format!(" ESCAPE {}", operand(escape, 33)));
            format!("{} {}{kind} {}{escape}", operand(inner, 32), not(negated), operand(pattern, 33))
        }
        Kind::In { operand: inner, negated, set } => {
            format!("{} {}IN ({})", operand(inner, 32), not(negated), set_text(set))
        }
        Kind::Quantified { left, operator, quantifier, set } => {
            let word = if *quantifier == ComparisonQuantifier::Any { "SOME" } else { "ALL" };
            format!("{} {operator} {word} ({})", operand(left, 30), set_text(set))
        }
        _ => String::new(),
    }
}

fn set_text(set: &InSet) -> String {
    match set {
        InSet::Values(values) => list_text(values),
        InSet::Query(query) => query_text(query),
    }
}

/// CASE with an operand is written as one with conditions; a missing ELSE is written.
fn case_text(subject: Option<&Expression>, branches: &[CaseBranch], otherwise: Option<&Expression>) -> String {
    let mut text = String::from("CASE");
    for branch in branches {
        let conditions: Vec<String> = branch
            .conditions
            .iter()
            .map(|condition| match subject {
                Some(subject) => format!("{} = {}", operand(subject, 30), operand(condition, 31)),
                None => expression_text(condition),
            })
            .collect();
        text.push_str(&format!(" WHEN {} THEN {}", conditions.join(" OR "), expression_text(&branch.result)));
    }
    let otherwise = otherwise.map_or_else(|| "NULL".to_string(), expression_text);
    text.push_str(&format!(" ELSE {otherwise} END"));
    text
}
