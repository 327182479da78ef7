//! The parts of a syntax node, for rewriting names in it.

use std::convert::Infallible;

use flott_syntax::ast::{
    Expression, ExpressionKind as Kind, FunctionArguments, FunctionCall, GroupingElement, InSet, JsonFunction,
    JsonValueBehavior, ObjectName, Over, Query, TableArgument, TableArgumentSource, WindowFrameBound,
    WindowSpecification,
};

/// A part of an expression.
pub(super) enum Part<'a> {
    /// An operand.
    Expression(&'a mut Expression),
    /// A sub-query.
    Query(&'a mut Query),
    /// A table as an argument.
    Table(&'a mut TableArgument),
}

type Visit<'v, E> = dyn FnMut(Part<'_>) -> Result<(), E> + 'v;

/// Calls `visit` with each direct part of an expression.
pub(super) fn parts<E>(expression: &mut Expression, visit: &mut Visit<'_, E>) -> Result<(), E> {
    match &mut expression.kind {
        Kind::Literal(_)
        | Kind::Name(_)
        | Kind::Default
        | Kind::Parameter(_)
        | Kind::Descriptor(_)
        | Kind::Model(_)
        | Kind::QualifiedWildcard(_)
        | Kind::SequenceValue { .. } => Ok(()),
        Kind::Unary { operand, .. }
        | Kind::Is { operand, .. }
        | Kind::Cast { operand, .. }
        | Kind::Extract { operand, .. }
        | Kind::RoundToUnit { operand, .. }
        | Kind::Field { operand, .. }
        | Kind::MatchSemantics { operand, .. }
        | Kind::Elapsed { difference: operand, .. }
        | Kind::Interval { amount: operand, .. } => visit(Part::Expression(operand)),
        Kind::Binary { left, right, .. } | Kind::IsDistinctFrom { left, right, .. } => {
            visit(Part::Expression(left))?;
            visit(Part::Expression(right))
        }
        Kind::TimestampAdd { count: left, timestamp: right, .. }
        | Kind::TimestampDiff { from: left, to: right, .. }
        | Kind::Item { container: left, index: right } => {
            visit(Part::Expression(left))?;
            visit(Part::Expression(right))
        }
        Kind::Exists(query)
        | Kind::Unique(query)
        | Kind::Subquery(query)
        | Kind::ArrayQuery(query)
        | Kind::MapQuery(query)
        | Kind::MultisetQuery(query) => visit(Part::Query(query)),
        Kind::Row(items) | Kind::Array(items) | Kind::Multiset(items) => all(items, visit),
        Kind::Table(argument) => visit(Part::Table(argument)),
        Kind::Function(call) => call_parts(call, visit),
        other => compound_parts(other, visit),
    }
}

fn compound_parts<E>(kind: &mut Kind, visit: &mut Visit<'_, E>) -> Result<(), E> {
    match kind {
        Kind::Between { operand, low, high, .. } => {
            visit(Part::Expression(operand))?;
            visit(Part::Expression(low))?;
            visit(Part::Expression(high))
        }
        Kind::Like { operand, pattern, escape, .. } => {
            visit(Part::Expression(operand))?;
            visit(Part::Expression(pattern))?;
            escape.iter_mut().try_for_each(|escape| visit(Part::Expression(escape)))
        }
        Kind::In { operand: left, set, .. } | Kind::Quantified { left, set, .. } => {
            visit(Part::Expression(left))?;
            match set {
                InSet::Values(values) => all(values, visit),
                InSet::Query(query) => visit(Part::Query(query)),
            }
        }
        Kind::Case { operand, branches, otherwise } => {
            operand.iter_mut().try_for_each(|operand| visit(Part::Expression(operand)))?;
            for branch in branches {
                all(&mut branch.conditions, visit)?;
                visit(Part::Expression(&mut branch.result))?;
            }
            otherwise.iter_mut().try_for_each(|otherwise| visit(Part::Expression(otherwise)))
        }
        Kind::Trim { characters, operand, .. } => {
            characters.iter_mut().try_for_each(|characters| visit(Part::Expression(characters)))?;
            visit(Part::Expression(operand))
        }
        Kind::Map(entries) => entries.iter_mut().try_for_each(|entry| {
            visit(Part::Expression(&mut entry.key))?;
            visit(Part::Expression(&mut entry.value))
        }),
        Kind::Json(function) => json_parts(function, visit),
        _ => Ok(()),
    }
}

fn all<E>(expressions: &mut [Expression], visit: &mut Visit<'_, E>) -> Result<(), E> {
    expressions.iter_mut().try_for_each(|expression| visit(Part::Expression(expression)))
}

/// The parts of a call: arguments, FILTER, ORDER BY, OVER.
pub(super) fn call_parts<E>(call: &mut FunctionCall, visit: &mut Visit<'_, E>) -> Result<(), E> {
    if let FunctionArguments::List(list) = &mut call.arguments {
        list.iter_mut().try_for_each(|argument| visit(Part::Expression(&mut argument.value)))?;
    }
    for item in call.order_by.iter_mut().chain(&mut call.within_group) {
        visit(Part::Expression(&mut item.expression))?;
    }
    call.filter.iter_mut().try_for_each(|filter| visit(Part::Expression(filter)))?;
    match &mut call.over {
        Some(Over::Window(window)) => window_parts(window, visit),
        _ => Ok(()),
    }
}

/// The parts of a window: PARTITION BY, ORDER BY, bounds.
pub(super) fn window_parts<E>(window: &mut WindowSpecification, visit: &mut Visit<'_, E>) -> Result<(), E> {
    all(&mut window.partition_by, visit)?;
    window.order_by.iter_mut().try_for_each(|item| visit(Part::Expression(&mut item.expression)))?;
    let Some(frame) = &mut window.frame else { return Ok(()) };
    for bound in [Some(&mut frame.start), frame.end.as_mut()].into_iter().flatten() {
        if let WindowFrameBound::Preceding(distance) | WindowFrameBound::Following(distance) = bound {
            visit(Part::Expression(distance))?;
        }
    }
    Ok(())
}

/// The expressions of a grouping element.
pub(super) fn grouping_parts<E>(element: &mut GroupingElement, visit: &mut Visit<'_, E>) -> Result<(), E> {
    match element {
        GroupingElement::Expression(expression) => visit(Part::Expression(expression)),
        GroupingElement::Set(expressions) => all(expressions, visit),
        GroupingElement::Rollup(elements)
        | GroupingElement::Cube(elements)
        | GroupingElement::GroupingSets(elements) => {
            elements.iter_mut().try_for_each(|element| grouping_parts(element, visit))
        }
    }
}

fn json_parts<E>(function: &mut JsonFunction, visit: &mut Visit<'_, E>) -> Result<(), E> {
    match function {
        JsonFunction::Exists { input, path, .. } | JsonFunction::Query { input, path, .. } => {
            visit(Part::Expression(input))?;
            visit(Part::Expression(path))
        }
        JsonFunction::Value { input, path, on_empty, on_error, .. } => {
            visit(Part::Expression(input))?;
            visit(Part::Expression(path))?;
            for behavior in [on_empty, on_error].into_iter().flatten() {
                if let JsonValueBehavior::Default(value) = behavior {
                    visit(Part::Expression(value))?;
                }
            }
            Ok(())
        }
        JsonFunction::Object { entries, .. } => entries.iter_mut().try_for_each(|entry| {
            visit(Part::Expression(&mut entry.key))?;
            visit(Part::Expression(&mut entry.value.value))
        }),
        JsonFunction::Array { values, .. } => {
            values.iter_mut().try_for_each(|input| visit(Part::Expression(&mut input.value)))
        }
        JsonFunction::ObjectAggregate { entry, filter, .. } => {
            visit(Part::Expression(&mut entry.key))?;
            visit(Part::Expression(&mut entry.value.value))?;
            filter.iter_mut().try_for_each(|filter| visit(Part::Expression(filter)))
        }
        JsonFunction::ArrayAggregate { value, order_by, filter, .. } => {
            visit(Part::Expression(&mut value.value))?;
            order_by.iter_mut().try_for_each(|item| visit(Part::Expression(&mut item.expression)))?;
            filter.iter_mut().try_for_each(|filter| visit(Part::Expression(filter)))
        }
    }
}

/// The names in an expression over a table's columns, sub-queries left out.
pub(super) fn names(expression: &Expression) -> Vec<ObjectName> {
    fn collect(expression: &mut Expression, names: &mut Vec<ObjectName>) {
        if let Kind::Name(name) = &expression.kind {
            names.push(name.clone());
        }
        let Ok(()) = parts::<Infallible>(expression, &mut |part| {
            if let Part::Expression(inner) = part {
                collect(inner, names);
            }
            Ok(())
        });
    }
    let mut names = Vec::new();
    collect(&mut expression.clone(), &mut names);
    names
}

/// Whether an expression over a table's columns uses one of them.
pub(super) fn mentions(expression: &Expression, column: &str) -> bool {
    names(expression).iter().any(|name| name.parts.first().is_some_and(|first| first.value == column))
}

/// The query of a table argument, if it is one.
pub(super) fn argument_query(argument: &mut TableArgument) -> Option<&mut Query> {
    match &mut argument.source {
        TableArgumentSource::Query(query) => Some(query),
        TableArgumentSource::Name(_) => None,
    }
}
