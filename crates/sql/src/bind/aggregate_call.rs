//! Aggregate calls over their input: arguments, DISTINCT, FILTER, NULL treatment, and the JSON aggregates' own syntax.

use flott_expression::aggregate::aggregate_type;
use flott_expression::{AggregateFunction, Expression};
use flott_record::{DataType, TypeKind};
use flott_syntax::Span;
use flott_syntax::ast::{
    self, FunctionArguments, FunctionCall, JsonFunction, JsonNullClause, NullTreatment, SetQuantifier,
};

use crate::bind::aggregate::positional;
use crate::bind::expression::call::{aggregate_refusal, resolved};
use crate::bind::expression::{ExpressionBinder, NoIntercept};
use crate::error::{Result, SqlError};

/// An aggregate call bound over its input.
pub(crate) struct BoundAggregate {
    pub(crate) function: AggregateFunction,
    pub(crate) arguments: Vec<Expression>,
    pub(crate) filter: Option<Expression>,
    pub(crate) distinct: bool,
    pub(crate) data_type: DataType,
}

/// Binds an aggregate's arguments and filter.
pub(crate) fn bind_aggregate(
    function: AggregateFunction,
    call: &FunctionCall,
    binder: &ExpressionBinder<'_>,
    grouped: bool,
) -> Result<BoundAggregate> {
    if let Some(item) = call.order_by.first().or(call.within_group.first()) {
        return Err(SqlError::not_supported(item.expression.span, "ORDER BY within an aggregate call"));
    }
    let arguments: Result<Vec<Expression>> = match &call.arguments {
        FunctionArguments::Star => Ok(Vec::new()),
        _ => positional(call)?.iter().map(|argument| binder.bind(argument, &mut NoIntercept)).collect(),
    };
    let mut arguments = arguments?;
    if arguments.is_empty() && !matches!(call.arguments, FunctionArguments::Star) {
        let message =
            format!("Invalid number of arguments to function '{}'. Was expecting 1 arguments", function.sql_name());
        return Err(SqlError::at(call.span, message));
    }
    if call.null_treatment.is_some() && function != AggregateFunction::ArrayAgg {
        let message = format!("Cannot specify IGNORE NULLS or RESPECT NULLS following '{}'", function.sql_name());
        return Err(SqlError::at(call.span, message));
    }
    without_untyped_null(function, &mut arguments);
    let filter = bind_filter(call.filter.as_ref(), binder)?;
    let distinct = matches!(call.quantifier, Some(SetQuantifier::Distinct)) && !arguments.is_empty();
    let data_type = typed(function, &arguments, grouped, filter.is_some(), call.span)?;
    let filter = match (call.null_treatment, arguments.first()) {
        (Some(NullTreatment::Ignore), Some(first)) => Some(only_present(filter, first, call.span)?),
        _ => filter,
    };
    Ok(BoundAggregate { function, arguments, filter, distinct, data_type })
}

/// Binds JSON_OBJECTAGG or JSON_ARRAYAGG; `None` if the function is no aggregate. Keys and values are given as JSON text.
pub(crate) fn bind_json_aggregate(
    function: &JsonFunction,
    span: Span,
    binder: &ExpressionBinder<'_>,
) -> Result<Option<BoundAggregate>> {
    use AggregateFunction as F;
    let (function, arguments, filter) = match function {
        JsonFunction::ObjectAggregate { entry, on_null, filter, over } => {
            refuse_over(over.as_ref(), "JSON_OBJECTAGG", span)?;
            let key = binder.bind(&entry.key, &mut NoIntercept)?;
            if !key.data_type().kind.is_character() {
                return Err(SqlError::at(entry.key.span, "the key of JSON_OBJECTAGG must be a text"));
            }
            let key = resolved("JSON_STRING", vec![key], entry.key.span)?;
            let value = binder.json_text(&entry.value, &mut NoIntercept)?;
            let absent = *on_null == Some(JsonNullClause::AbsentOnNull);
            (if absent { F::JsonObjectAggAbsent } else { F::JsonObjectAgg }, vec![key, value], filter)
        }
        JsonFunction::ArrayAggregate { value, order_by, on_null, filter, over } => {
            refuse_over(over.as_ref(), "JSON_ARRAYAGG", span)?;
            if let Some(item) = order_by.first() {
                return Err(SqlError::not_supported(item.expression.span, "ORDER BY in JSON_ARRAYAGG"));
            }
            let keeps_nulls = *on_null == Some(JsonNullClause::NullOnNull);
            let value = binder.json_text(value, &mut NoIntercept)?;
            (if keeps_nulls { F::JsonArrayAgg } else { F::JsonArrayAggAbsent }, vec![value], filter)
        }
        _ => return Ok(None),
    };
    let filter = bind_filter(filter.as_ref(), binder)?;
    let data_type = typed(function, &arguments, true, false, span)?;
    Ok(Some(BoundAggregate { function, arguments, filter, distinct: false, data_type }))
}

fn refuse_over(over: Option<&ast::Over>, name: &str, span: Span) -> Result<()> {
    if over.is_some() { Err(SqlError::not_supported(span, format!("{name} OVER"))) } else { Ok(()) }
}

fn bind_filter(filter: Option<&ast::Expression>, binder: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
    let Some(syntax) = filter else { return Ok(None) };
    let condition = binder.bind(syntax, &mut NoIntercept)?;
    super::from::require_boolean(&condition, syntax.span, "FILTER")?;
    Ok(Some(condition))
}

/// A NULL that nothing types has a type in LISTAGG alone, whose arguments are texts.
fn without_untyped_null(function: AggregateFunction, arguments: &mut [Expression]) {
    for argument in arguments {
        if function == AggregateFunction::ListAgg && argument.data_type().kind == TypeKind::Null {
            *argument = Expression::literal(flott_record::Value::Null, TypeKind::string().nullable());
        }
    }
}

fn typed(
    function: AggregateFunction,
    arguments: &[Expression],
    grouped: bool,
    filtered: bool,
    span: Span,
) -> Result<DataType> {
    let seen: Vec<&Expression> = arguments.iter().collect();
    let mut data_type = aggregate_type(function, &seen, grouped)
        .map_err(|error| SqlError::at(span, aggregate_refusal(function, &error, arguments)))?;
    if filtered && !matches!(function, AggregateFunction::Count | AggregateFunction::Sum0) {
        data_type.nullable = true;
    }
    Ok(data_type)
}

/// IGNORE NULLS: only rows whose first argument is not NULL.
fn only_present(filter: Option<Expression>, first: &Expression, span: Span) -> Result<Expression> {
    let present = resolved("IS NOT NULL", vec![first.clone()], span)?;
    let parts: Vec<Expression> = filter.into_iter().chain([present.clone()]).collect();
    Ok(Expression::conjunction(parts).unwrap_or(present))
}
