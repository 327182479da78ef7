//! Window table functions: TUMBLE, HOP, CUMULATE, SESSION with positional and named arguments.

use flott_expression::Expression;
use flott_job::window::{WindowKind, WindowTime};
use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, ExpressionKind, FunctionArguments, FunctionCall, TableArgumentSource};

use crate::bind::aggregate::simple_name;
use crate::bind::expression::NoIntercept;
use crate::bind::query::QueryBinder;
use crate::bind::scope::Scope;
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef, TimeAttribute};

/// Names of the parameters, in order; the last are optional.
const PARAMETERS: [(&str, &[&str], usize); 4] = [
    ("TUMBLE", &["DATA", "TIMECOL", "SIZE", "OFFSET"], 3),
    ("HOP", &["DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"], 4),
    ("CUMULATE", &["DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"], 4),
    ("SESSION", &["DATA", "TIMECOL", "GAP"], 3),
];

impl QueryBinder<'_> {
    /// The relation of `TABLE(f(..))`.
    pub(crate) fn table_function(&mut self, call: &FunctionCall) -> Result<RelationRef> {
        let name = simple_name(call);
        match name.as_str() {
            "TO_CHANGELOG" => return self.rows_as_codes(call),
            "FROM_CHANGELOG" => return self.codes_as_rows(call),
            _ => {}
        }
        let Some((_, parameters, required)) = PARAMETERS.iter().find(|(known, _, _)| *known == name) else {
            return Err(SqlError::not_supported(call.span, format!("table function {name}")));
        };
        let arguments = arranged(call, &name, parameters, *required)?;
        let (input, scope, partition) = self.data(&arguments[0])?;
        let time = time_column(&arguments[1], &scope, &name)?;
        let sizes: Result<Vec<i64>> = arguments[2..].iter().map(|argument| self.interval_ms(argument)).collect();
        let kind = window_kind(&name, &sizes?, self.session.batch_mode, call.span)?;
        self.check_time(&time, &scope, &name, arguments[1].span)?;
        window_relation(input, kind, &time, partition)
    }

    /// What `TABLE t PARTITION BY k` gives: its relation, its names, its partition.
    pub(crate) fn data(&mut self, argument: &ast::Expression) -> Result<(RelationRef, Scope, Vec<usize>)> {
        let ExpressionKind::Table(table) = &argument.kind else {
            return match &argument.kind {
                ExpressionKind::Subquery(query) => {
                    let relation = self.query(query, None)?;
                    let scope = Scope::of_table(None, relation.columns.clone());
                    Ok((relation, scope, Vec::new()))
                }
                _ => Err(SqlError::at(
                    argument.span,
                    "the first argument of a window function is TABLE t or TABLE (query)",
                )),
            };
        };
        let (relation, alias) = match &table.source {
            TableArgumentSource::Name(name) => self.named_table(name, &[], table.span)?,
            TableArgumentSource::Query(query) => (self.query(query, None)?, None),
        };
        let scope = Scope::of_table(alias, relation.columns.clone());
        let mut partition = Vec::new();
        for key in &table.partition_by {
            match self.expressions(&scope).bind(key, &mut NoIntercept)? {
                Expression::Column { index, .. } => partition.push(index),
                _ => return Err(SqlError::not_supported(key.span, "PARTITION BY of an expression")),
            }
        }
        Ok((relation, scope, partition))
    }

    fn check_time(&self, time: &Expression, scope: &Scope, name: &str, span: Span) -> Result<()> {
        let is_timestamp = time.data_type().kind.is_timestamp();
        if scope.time_of(time).is_some() || (self.session.batch_mode && is_timestamp) {
            return Ok(());
        }
        let message = format!(
            "The window function {name} requires the timecol is a time attribute type, but is {}.",
            time.data_type()
        );
        Err(SqlError::at(span, message))
    }

    /// A constant interval in milliseconds.
    pub(crate) fn interval_ms(&self, syntax: &ast::Expression) -> Result<i64> {
        let bound = self.expressions(&Scope::default()).bind(syntax, &mut NoIntercept)?;
        match self.constant(&bound, syntax.span)? {
            Value::IntervalDayTime(millis) => Ok(millis),
            Value::IntervalYearMonth(_) => Err(SqlError::not_supported(syntax.span, "windows of months or years")),
            other => Err(SqlError::at(syntax.span, format!("a window takes an interval, not {other}"))),
        }
    }
}

/// Arguments in the order of the parameters.
fn arranged(call: &FunctionCall, name: &str, parameters: &[&str], required: usize) -> Result<Vec<ast::Expression>> {
    let FunctionArguments::List(list) = &call.arguments else {
        return Err(SqlError::at(call.span, format!("{name} takes arguments")));
    };
    let mut slots: Vec<Option<ast::Expression>> = vec![None; parameters.len()];
    for (position, argument) in list.iter().enumerate() {
        let slot = match &argument.name {
            Some(written) => parameters.iter().position(|known| written.value.eq_ignore_ascii_case(known)),
            None => Some(position),
        };
        match slot.and_then(|slot| slots.get_mut(slot)) {
            Some(slot) => *slot = Some(argument.value.clone()),
            None => return Err(SqlError::at(argument.span, format!("{name} takes {}", parameters.join(", ")))),
        }
    }
    let given = slots.iter().take_while(|slot| slot.is_some()).count();
    if given < required || slots[given..].iter().any(Option::is_some) {
        return Err(SqlError::at(call.span, format!("{name} takes {}", parameters.join(", "))));
    }
    Ok(slots.into_iter().flatten().collect())
}

fn time_column(argument: &ast::Expression, scope: &Scope, name: &str) -> Result<Expression> {
    let ExpressionKind::Descriptor(columns) = &argument.kind else {
        return Err(SqlError::at(argument.span, format!("the second argument of {name} is DESCRIPTOR(column)")));
    };
    let [column] = columns.as_slice() else {
        return Err(SqlError::at(argument.span, format!("{name} takes a descriptor of one column")));
    };
    scope.resolve(column)
}

fn window_kind(name: &str, sizes: &[i64], batch_mode: bool, span: Span) -> Result<WindowKind> {
    if let Some(wrong) =
        sizes.iter().take(if name == "HOP" || name == "CUMULATE" { 2 } else { 1 }).find(|size| **size <= 0)
    {
        return Err(SqlError::at(
            span,
            format!("{name} table function requires intervals greater than 0, but got {wrong} ms"),
        ));
    }
    let multiple = |part: i64, whole: i64, parts: &str| {
        if whole % part == 0 {
            return Ok(());
        }
        Err(SqlError::at(
            span,
            format!(
                "{name} table function based aggregate requires size must be an integral multiple of {parts}, but got size {whole} ms and {parts} {part} ms"
            ),
        ))
    };
    match (name, sizes) {
        ("TUMBLE", [size_ms]) => Ok(WindowKind::Tumble { size_ms: *size_ms, offset_ms: 0 }),
        ("TUMBLE", [size_ms, offset_ms]) => Ok(WindowKind::Tumble { size_ms: *size_ms, offset_ms: *offset_ms }),
        ("HOP", [slide_ms, size_ms, rest @ ..]) => {
            if !batch_mode {
                multiple(*slide_ms, *size_ms, "slide")?;
            }
            let offset_ms = rest.first().copied().unwrap_or(0);
            Ok(WindowKind::Hop { slide_ms: *slide_ms, size_ms: *size_ms, offset_ms })
        }
        ("CUMULATE", [step_ms, max_ms, rest @ ..]) => {
            multiple(*step_ms, *max_ms, "step")?;
            let offset_ms = rest.first().copied().unwrap_or(0);
            Ok(WindowKind::Cumulate { step_ms: *step_ms, max_ms: *max_ms, offset_ms })
        }
        ("SESSION", [gap_ms]) => Ok(WindowKind::Session { gap_ms: *gap_ms }),
        _ => Err(SqlError::at(span, format!("{name} has the wrong number of arguments"))),
    }
}

/// The input with window_start, window_end and window_time.
pub(crate) fn window_relation(
    input: RelationRef,
    kind: WindowKind,
    time: &Expression,
    partition: Vec<usize>,
) -> Result<RelationRef> {
    let Expression::Column { index, data_type } = time else {
        return Err(SqlError::new("a window takes a column as its time attribute"));
    };
    let attribute = input.columns[*index].time.unwrap_or(TimeAttribute::Rowtime);
    let local = matches!(data_type.kind, TypeKind::TimestampLtz(_));
    let window_time = match attribute {
        TimeAttribute::Rowtime => WindowTime::Rowtime { column: *index, local },
        TimeAttribute::Proctime => WindowTime::Proctime,
    };
    let timestamp = TypeKind::Timestamp(3).not_null();
    let mut columns = input.columns.clone();
    columns.push(Column::new("window_start", timestamp.clone()));
    columns.push(Column::new("window_end", timestamp));
    columns.push(Column::new("window_time", data_type.clone().with_nullable(false)).with_time(Some(attribute)));
    // The former rowtime column is one no more: only window_time is behind the watermark of the windows.
    Ok(Relation::new(RelationKind::Window { input, kind, time: window_time, partition }, columns))
}
