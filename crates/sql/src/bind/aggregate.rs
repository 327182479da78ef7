//! GROUP BY and aggregate calls, GROUPING SETS, legacy group windows.

use flott_expression::aggregate::aggregate_of_name;
use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_job::window::WindowKind;
use flott_record::{TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, ExpressionKind, FunctionArguments, FunctionCall, GroupingElement, JsonFunction};

use crate::bind::aggregate_call::{BoundAggregate, bind_aggregate, bind_json_aggregate};
use crate::bind::expression::{ExpressionBinder, NoIntercept, json};
use crate::bind::query::QueryBinder;
use crate::bind::scope::Scope;
use crate::bind::select::{AGGREGATE, GROUP_KEY, projected};
use crate::bind::window_function::window_relation;
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef, TimeAttribute};

/// A group key: what was written and what it means over the input.
struct Key {
    syntax: Option<ast::Expression>,
    expression: Expression,
}

/// A legacy group window (`GROUP BY TUMBLE(ts, …)`).
struct LegacyWindow {
    /// The arguments, by which auxiliary functions are matched.
    arguments: Vec<ast::Expression>,
    name: String,
    kind: WindowKind,
    time: Expression,
    /// Numbers of the keys window_start, window_end, window_time.
    first_key: usize,
}

/// What one SELECT groups by and aggregates.
pub(crate) struct Grouping {
    keys: Vec<Key>,
    /// Which keys each grouping set has; `None` without GROUPING SETS.
    sets: Option<Vec<Vec<usize>>>,
    arguments: Vec<Expression>,
    calls: Vec<PendingCall>,
    window: Option<LegacyWindow>,
    width: usize,
}

#[derive(PartialEq)]
struct PendingCall {
    function: AggregateFunction,
    arguments: Vec<usize>,
    distinct: bool,
    filter: Option<usize>,
    data_type: flott_record::DataType,
}

/// An aggregation, with what its placeholders became.
pub(crate) struct Aggregated {
    pub(crate) relation: RelationRef,
    keys: usize,
}

impl Aggregated {
    /// The expression with columns in place of placeholders.
    pub(crate) fn replace(&self, expression: Expression) -> Expression {
        expression.transform(&mut |node| match node {
            Expression::Call { function, arguments, .. } if function == GROUP_KEY || function == AGGREGATE => {
                let number = placeholder_number(&arguments);
                let index = if function == AGGREGATE { self.keys + number } else { number };
                Expression::column(index, self.relation.columns[index].data_type.clone())
            }
            other => other,
        })
    }
}

fn placeholder_number(arguments: &[Expression]) -> usize {
    match arguments {
        [Expression::Literal { value: Value::BigInt(number), .. }] => *number as usize,
        _ => unreachable!("placeholders have a number"),
    }
}

/// The placeholder of a number.
pub(crate) fn placeholder(name: &str, number: usize, data_type: flott_record::DataType) -> Expression {
    let number = Expression::literal(Value::BigInt(number as i64), TypeKind::BigInt.not_null());
    Expression::call(name, vec![number], data_type)
}

impl QueryBinder<'_> {
    /// What a SELECT groups by; `None` if it neither groups nor aggregates.
    pub(crate) fn grouping(
        &mut self,
        select: &ast::Select,
        scope: &Scope,
        input: &RelationRef,
        items: Vec<ast::Expression>,
    ) -> Result<Option<Grouping>> {
        let aggregates = items.iter().chain(&select.having).any(contains_aggregate);
        let mut grouping = Grouping {
            keys: Vec::new(),
            sets: None,
            arguments: Vec::new(),
            calls: Vec::new(),
            window: None,
            width: input.columns.len(),
        };
        let Some(group_by) = &select.group_by else {
            return Ok((aggregates || select.having.is_some()).then_some(grouping));
        };
        let binder = self.expressions(scope);
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        let mut plain = true;
        for element in &group_by.elements {
            plain &= matches!(element, GroupingElement::Expression(_));
            let choices = grouping.element(element, &binder, self)?;
            sets = sets.iter().flat_map(|set| choices.iter().map(move |more| [&set[..], more].concat())).collect();
        }
        let is_one_full_set = sets.len() == 1 && sets[0].len() == grouping.keys.len();
        if !plain && !is_one_full_set {
            grouping.sets = Some(sets);
        }
        Ok(Some(grouping))
    }
}

impl Grouping {
    /// The sets of keys that one element of GROUP BY stands for.
    fn element(
        &mut self,
        element: &GroupingElement,
        binder: &ExpressionBinder<'_>,
        query: &QueryBinder<'_>,
    ) -> Result<Vec<Vec<usize>>> {
        match element {
            GroupingElement::Expression(syntax) => Ok(vec![self.key(syntax, binder, query)?]),
            GroupingElement::Set(list) => {
                let mut set = Vec::new();
                for syntax in list {
                    set.extend(self.key(syntax, binder, query)?);
                }
                Ok(vec![set])
            }
            GroupingElement::GroupingSets(elements) => {
                let mut sets = Vec::new();
                for element in elements {
                    sets.extend(self.element(element, binder, query)?);
                }
                Ok(sets)
            }
            GroupingElement::Rollup(elements) => {
                let parts = self.parts(elements, binder, query)?;
                Ok((0..=parts.len()).rev().map(|length| parts[..length].concat()).collect())
            }
            GroupingElement::Cube(elements) => {
                let parts = self.parts(elements, binder, query)?;
                if parts.len() > 10 {
                    return Err(SqlError::new("CUBE of more than 10 elements"));
                }
                let subset = |mask: usize| {
                    let chosen = parts.iter().enumerate().filter(|(bit, _)| mask >> (parts.len() - 1 - bit) & 1 == 1);
                    chosen.flat_map(|(_, part)| part.iter().copied()).collect()
                };
                Ok((0..1usize << parts.len()).rev().map(subset).collect())
            }
        }
    }

    fn parts(
        &mut self,
        elements: &[GroupingElement],
        binder: &ExpressionBinder<'_>,
        query: &QueryBinder<'_>,
    ) -> Result<Vec<Vec<usize>>> {
        let mut parts = Vec::new();
        for element in elements {
            parts.push(self.element(element, binder, query)?.concat());
        }
        Ok(parts)
    }

    /// The numbers of the keys of one GROUP BY expression: one, or three for a legacy window.
    fn key(
        &mut self,
        syntax: &ast::Expression,
        binder: &ExpressionBinder<'_>,
        query: &QueryBinder<'_>,
    ) -> Result<Vec<usize>> {
        if let ExpressionKind::Function(call) = &syntax.kind
            && let Some(keys) = self.legacy_window(call, binder, query)?
        {
            return Ok(keys);
        }
        // A number is a constant here, as in Flink; only ORDER BY has ordinals.
        let expression = binder.bind(syntax, &mut NoIntercept)?;
        if let Some(known) = self.keys.iter().position(|key| key.expression == expression) {
            return Ok(vec![known]);
        }
        self.keys.push(Key { syntax: Some(syntax.clone()), expression });
        Ok(vec![self.keys.len() - 1])
    }

    fn legacy_window(
        &mut self,
        call: &FunctionCall,
        binder: &ExpressionBinder<'_>,
        query: &QueryBinder<'_>,
    ) -> Result<Option<Vec<usize>>> {
        let name = simple_name(call);
        if !matches!(name.as_str(), "TUMBLE" | "HOP" | "SESSION") {
            return Ok(None);
        }
        let arguments = positional(call)?;
        let Some((time, sizes)) = arguments.split_first() else {
            return Err(SqlError::at(call.span, format!("{name} takes a time attribute and intervals")));
        };
        if self.window.is_some() {
            return Err(SqlError::at(call.span, "only one group window is allowed in GROUP BY"));
        }
        let time = binder.bind(time, &mut NoIntercept)?;
        let sizes: Result<Vec<i64>> = sizes.iter().map(|size| query.interval_ms(size)).collect();
        let kind = legacy_kind(&name, &sizes?, call.span)?;
        let first_key = self.keys.len();
        let timestamp = TypeKind::Timestamp(3).not_null();
        let rowtime = time.data_type().clone().with_nullable(false);
        for (offset, data_type) in [timestamp.clone(), timestamp, rowtime].into_iter().enumerate() {
            self.keys.push(Key { syntax: None, expression: Expression::column(self.width + offset, data_type) });
        }
        self.window = Some(LegacyWindow { arguments, name, kind, time, first_key });
        Ok(Some(vec![first_key, first_key + 1, first_key + 2]))
    }

    /// The placeholder for a group key, an aggregate, GROUPING or an auxiliary function of a legacy window.
    pub(crate) fn intercept(
        &mut self,
        syntax: &ast::Expression,
        binder: &ExpressionBinder<'_>,
    ) -> Result<Option<Expression>> {
        if let Some(number) = self.keys.iter().position(|key| key.syntax.as_ref() == Some(syntax)) {
            return Ok(Some(self.key_placeholder(number)));
        }
        match &syntax.kind {
            ExpressionKind::Function(call) if call.over.is_none() => {
                let name = simple_name(call);
                if let Some(function) = aggregate_of_name(&name) {
                    return self.call(function, call, binder).map(Some);
                }
                match name.as_str() {
                    "GROUPING" | "GROUPING_ID" | "GROUP_ID" => self.grouping_call(&name, call, binder).map(Some),
                    _ => self.auxiliary(&name, call),
                }
            }
            ExpressionKind::Json(function) => {
                let bound = bind_json_aggregate(function, syntax.span, binder)?;
                Ok(bound.map(|bound| self.bound_call(bound)))
            }
            ExpressionKind::Name(name) => {
                let expression = binder.scope.resolve(name)?;
                match self.keys.iter().position(|key| key.expression == expression) {
                    Some(number) => Ok(Some(self.key_placeholder(number))),
                    None if from_key(&expression, &self.keys) => Ok(Some(self.over_keys(expression))),
                    None => {
                        let text = name.last().map_or("", |part| part.value.as_str());
                        Err(SqlError::at(name.span, format!("Expression '{text}' is not being grouped")))
                    }
                }
            }
            _ => Ok(None),
        }
    }

    /// A column of a wildcard, which must be a key.
    pub(crate) fn column(&mut self, position: usize, scope: &Scope) -> Result<Expression> {
        let expression = Expression::column(position, scope.columns[position].data_type.clone());
        match self.keys.iter().position(|key| key.expression == expression) {
            Some(number) => Ok(self.key_placeholder(number)),
            None => {
                let name = &scope.columns[position].name;
                Err(SqlError::new(format!("Expression '{name}' is not being grouped")))
            }
        }
    }

    /// Field access on keys.
    fn over_keys(&self, expression: Expression) -> Expression {
        if let Some(number) = self.keys.iter().position(|key| key.expression == expression) {
            return self.key_placeholder(number);
        }
        match expression {
            Expression::Call { function, arguments, data_type, written } => {
                let arguments = arguments.into_iter().map(|argument| self.over_keys(argument)).collect();
                Expression::Call { function, arguments, data_type, written }
            }
            other => other,
        }
    }

    fn key_placeholder(&self, number: usize) -> Expression {
        let mut data_type = self.keys[number].expression.data_type().clone();
        let everywhere = self.sets.as_ref().is_none_or(|sets| sets.iter().all(|set| set.contains(&number)));
        data_type.nullable |= !everywhere;
        placeholder(GROUP_KEY, number, data_type)
    }

    fn call(
        &mut self,
        function: AggregateFunction,
        call: &FunctionCall,
        binder: &ExpressionBinder<'_>,
    ) -> Result<Expression> {
        let bound = bind_aggregate(function, call, binder, !self.keys.is_empty() && self.sets.is_none())?;
        Ok(self.bound_call(bound))
    }

    /// The placeholder of a call.
    fn bound_call(&mut self, bound: BoundAggregate) -> Expression {
        let function = bound.function;
        let arguments: Vec<usize> = bound.arguments.into_iter().map(|argument| self.argument(argument)).collect();
        let filter = bound.filter.map(|filter| self.argument(filter));
        let distinct = bound.distinct;
        let pending = PendingCall { function, arguments, distinct, filter, data_type: bound.data_type.clone() };
        let number = match self.calls.iter().position(|known| *known == pending) {
            Some(known) => known,
            None => {
                self.calls.push(pending);
                self.calls.len() - 1
            }
        };
        placeholder(AGGREGATE, number, bound.data_type)
    }

    fn argument(&mut self, expression: Expression) -> usize {
        match self.arguments.iter().position(|known| *known == expression) {
            Some(known) => known,
            None => {
                self.arguments.push(expression);
                self.arguments.len() - 1
            }
        }
    }

    /// GROUPING(a, b) as a number whose bits say which keys are rolled up, computed from the set's number.
    fn grouping_call(&mut self, name: &str, call: &FunctionCall, binder: &ExpressionBinder<'_>) -> Result<Expression> {
        let bigint = TypeKind::BigInt.not_null();
        let literal = |value: i64| Expression::literal(Value::BigInt(value), TypeKind::BigInt.not_null());
        if name == "GROUP_ID" {
            return Ok(literal(0));
        }
        let mut numbers = Vec::new();
        for argument in positional(call)? {
            let expression = binder.bind(&argument, &mut NoIntercept)?;
            let Some(number) = self.keys.iter().position(|key| key.expression == expression) else {
                return Err(SqlError::at(
                    argument.span,
                    format!("Argument to operator '{name}' must be a grouped expression"),
                ));
            };
            numbers.push(number);
        }
        let Some(sets) = &self.sets else { return Ok(literal(0)) };
        let bits = |set: &Vec<usize>| numbers.iter().fold(0, |bits, key| bits << 1 | i64::from(!set.contains(key)));
        let set_number = placeholder(GROUP_KEY, self.keys.len(), bigint.clone());
        let branch = |(index, set): (usize, &Vec<usize>)| {
            let same = vec![set_number.clone(), literal(index as i64)];
            (Expression::call("=", same, TypeKind::Boolean.not_null()), literal(bits(set)))
        };
        let branches = sets.iter().enumerate().map(branch).collect();
        Ok(Expression::Case { branches, otherwise: Box::new(literal(0)), data_type: bigint })
    }

    /// TUMBLE_START and its like.
    fn auxiliary(&self, name: &str, call: &FunctionCall) -> Result<Option<Expression>> {
        let Some((window, property)) = name.split_once('_') else { return Ok(None) };
        if !matches!(window, "TUMBLE" | "HOP" | "SESSION") {
            return Ok(None);
        }
        let offset = match property {
            "START" => 0,
            "END" => 1,
            "ROWTIME" | "PROCTIME" => 2,
            _ => return Ok(None),
        };
        let matching = self.window.as_ref().filter(|known| known.name == window);
        match matching {
            Some(known) if known.arguments == positional(call)? => {
                Ok(Some(self.key_placeholder(known.first_key + offset)))
            }
            _ => Err(SqlError::at(
                call.span,
                format!(
                    "Call to auxiliary group function '{name}' must have matching call to group function '{window}' in GROUP BY clause"
                ),
            )),
        }
    }

    /// By which columns a legacy SESSION window keeps its sessions apart: the other group keys.
    fn session_keys(&self, window: &LegacyWindow) -> Result<Vec<usize>> {
        if !matches!(window.kind, WindowKind::Session { .. }) {
            return Ok(Vec::new());
        }
        let of_window = window.first_key..window.first_key + 3;
        let others = self.keys.iter().enumerate().filter(|(number, _)| !of_window.contains(number));
        let column = |(_, key): (usize, &Key)| match &key.expression {
            Expression::Column { index, .. } => Ok(*index),
            _ => Err(SqlError::new(
                "not supported: SESSION in GROUP BY beside an expression; group by a column of a sub-query",
            )),
        };
        others.map(column).collect()
    }

    /// The aggregation over its input.
    pub(crate) fn build(self, input: RelationRef) -> Result<Aggregated> {
        let input = match &self.window {
            Some(window) => window_relation(input, window.kind, &window.time, self.session_keys(window)?)?,
            None => input,
        };
        let width = self.keys.len();
        let keys: Vec<Expression> = self.keys.iter().map(|key| key.expression.clone()).collect();
        let expressions: Vec<Expression> = keys.into_iter().chain(self.arguments.iter().cloned()).collect();
        let names = self.keys.iter().enumerate().map(|(number, key)| key_name(number, key, &input)).collect();
        let prepared = projected(input, expressions, names);
        let (prepared, key_count) = match &self.sets {
            Some(sets) => (expanded(prepared, width, sets), width + 1),
            None => (prepared, width),
        };
        let first_argument = key_count;
        let call = |(number, pending): (usize, &PendingCall)| AggregateCall {
            function: pending.function,
            arguments: pending.arguments.iter().map(|argument| first_argument + argument).collect(),
            argument_types: pending
                .arguments
                .iter()
                .map(|argument| self.arguments[*argument].data_type().clone())
                .collect(),
            distinct: pending.distinct,
            filter: pending.filter.map(|filter| first_argument + filter),
            data_type: pending.data_type.clone(),
            name: format!("EXPR${number}"),
        };
        let calls: Vec<AggregateCall> = self.calls.iter().enumerate().map(call).collect();
        let windowed = crate::window::window_columns(&prepared).is_some();
        let key_column = |position: usize| {
            let column = prepared.columns[position].clone();
            if windowed { column } else { column.with_time(None) }
        };
        let mut columns: Vec<Column> = (0..key_count).map(key_column).collect();
        columns.extend(calls.iter().map(|call| Column::new(&call.name, call.data_type.clone())));
        let kind = RelationKind::Aggregate { input: prepared, keys: (0..key_count).collect(), calls };
        Ok(Aggregated { relation: Relation::new(kind, columns), keys: key_count })
    }
}

fn key_name(number: usize, key: &Key, input: &RelationRef) -> String {
    match &key.expression {
        Expression::Column { index, .. } => input.columns[*index].name.clone(),
        _ => format!("$k{number}"),
    }
}

/// Whether an expression is made of keys and field access alone.
fn from_key(expression: &Expression, keys: &[Key]) -> bool {
    match expression {
        Expression::Call { function, arguments, .. } if function == "FIELD" => {
            arguments.first().is_some_and(|base| keys.iter().any(|key| key.expression == *base) || from_key(base, keys))
        }
        _ => false,
    }
}

/// Each row once for each grouping set: keys not in the set are NULL, the set's number is added behind the keys.
fn expanded(input: RelationRef, keys: usize, sets: &[Vec<usize>]) -> RelationRef {
    let mut columns = input.columns.clone();
    for (number, column) in columns.iter_mut().enumerate().take(keys) {
        column.data_type.nullable |= !sets.iter().all(|set| set.contains(&number));
        column.time = column.time.filter(|time| *time == TimeAttribute::Rowtime);
    }
    columns.insert(keys, Column::new("$e", TypeKind::BigInt.not_null()));
    let projection = |(index, set): (usize, &Vec<usize>)| {
        let mut expressions = input.identity();
        for (number, expression) in expressions.iter_mut().enumerate().take(keys) {
            if !set.contains(&number) {
                *expression = Expression::literal(Value::Null, columns[number].data_type.clone());
            }
        }
        let id = Expression::literal(Value::BigInt(index as i64), TypeKind::BigInt.not_null());
        expressions.insert(keys, id);
        expressions
    };
    let projections = sets.iter().enumerate().map(projection).collect();
    Relation::new(RelationKind::Expand { input, projections }, columns)
}

/// The call's name in capitals, if it is simple.
pub(crate) fn simple_name(call: &FunctionCall) -> String {
    call.name.last().map_or_else(String::new, |part| part.value.to_ascii_uppercase())
}

/// The arguments, which must have no names.
pub(crate) fn positional(call: &FunctionCall) -> Result<Vec<ast::Expression>> {
    match &call.arguments {
        FunctionArguments::List(list) => list
            .iter()
            .map(|argument| match &argument.name {
                Some(name) => Err(SqlError::not_supported(name.span, "named arguments here")),
                None => Ok(argument.value.clone()),
            })
            .collect(),
        FunctionArguments::Absent => Ok(Vec::new()),
        FunctionArguments::Star => {
            Err(SqlError::at(call.span, format!("{}(*) is not a call of this function", simple_name(call))))
        }
    }
}

fn legacy_kind(name: &str, sizes: &[i64], span: Span) -> Result<WindowKind> {
    match (name, sizes) {
        ("TUMBLE", [size]) => Ok(WindowKind::Tumble { size_ms: *size, offset_ms: 0 }),
        ("HOP", [slide, size]) => Ok(WindowKind::Hop { slide_ms: *slide, size_ms: *size, offset_ms: 0 }),
        ("SESSION", [gap]) => Ok(WindowKind::Session { gap_ms: *gap }),
        _ => Err(SqlError::not_supported(span, format!("{name} with {} intervals", sizes.len()))),
    }
}

/// Whether an expression has an aggregate call outside OVER and sub-queries.
pub(crate) fn contains_aggregate(expression: &ast::Expression) -> bool {
    let mut found = false;
    crate::bind::subquery::visit(expression, &mut |node| {
        if let ExpressionKind::Function(call) = &node.kind {
            found |= call.over.is_none() && aggregate_of_name(&simple_name(call)).is_some();
        }
        let plain = json::of_plain_call(node);
        if let ExpressionKind::Json(function) = &plain.as_ref().unwrap_or(node).kind {
            found |= matches!(**function, JsonFunction::ObjectAggregate { .. } | JsonFunction::ArrayAggregate { .. });
        }
    });
    found
}
