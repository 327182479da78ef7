//! Sub-queries as values: each becomes a column of the relation around it.
//!
//! While an expression is bound, placeholders stand for its sub-queries. Then each sub-query is joined: a scalar one with the row that it
//! gives, EXISTS and IN with what says whether there is a row, comparisons with ANY and ALL with the extremes and the counts.

use flott_expression::{AggregateCall, AggregateFunction, Expression};
use flott_job::spec::JoinKind;
use flott_record::{DataType, TypeKind, Value};
use flott_syntax::Span;
use flott_syntax::ast::{self, BinaryOperator, ComparisonQuantifier, ExpressionKind, InSet};

use crate::bind::aggregate::placeholder;
use crate::bind::decorrelate::{Correlated, decorrelated, over_join};
use crate::bind::expression::call::resolved;
use crate::bind::expression::{ExpressionBinder, Intercept, equality};
use crate::bind::from::{has_outer_column, join_columns, mentions_outer};
use crate::bind::query::{QueryBinder, always_true, distinct};
use crate::bind::scope::Scope;
use crate::bind::select::projected;
use crate::bind::subquery::visit;
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef};

/// Name of the placeholder for a sub-query's value; the argument is its number.
const SUBQUERY: &str = "$SUBQUERY";

/// What is asked of a sub-query.
#[derive(Clone)]
enum Asked {
    /// Its only value.
    Value,
    /// Whether it has rows.
    Exists,
    /// Whether a value is among its rows.
    Contains(Expression),
    /// How a value compares with its rows.
    Compares { value: Expression, function: &'static str, all: bool },
}

struct Use {
    asked: Asked,
    query: RelationRef,
    span: Span,
}

/// The sub-queries of the expressions of one place.
#[derive(Default)]
pub(crate) struct Subqueries {
    known: Vec<(ast::Query, RelationRef)>,
    uses: Vec<Use>,
}

impl QueryBinder<'_> {
    /// Binds the sub-queries of an expression; `scope` is what they can refer to.
    pub(crate) fn bind_subqueries(
        &mut self,
        expression: &ast::Expression,
        scope: &Scope,
        found: &mut Subqueries,
    ) -> Result<()> {
        let mut queries = Vec::new();
        visit(expression, &mut |node| match &node.kind {
            ExpressionKind::Subquery(query) | ExpressionKind::Exists(query) => queries.push(query.clone()),
            ExpressionKind::In { set: InSet::Query(query), .. }
            | ExpressionKind::Quantified { set: InSet::Query(query), .. } => queries.push(query.clone()),
            _ => {}
        });
        for query in queries {
            if found.known.iter().all(|(known, _)| *known != *query) {
                let relation = self.query(&query, Some(scope))?;
                found.known.push((*query, relation));
            }
        }
        Ok(())
    }
}

/// Puts placeholders for sub-queries in operands of sub-queries.
struct Nested<'a> {
    subqueries: &'a mut Subqueries,
    rest: &'a mut dyn Intercept,
}

impl Intercept for Nested<'_> {
    fn intercept(&mut self, syntax: &ast::Expression, binder: &ExpressionBinder<'_>) -> Result<Option<Expression>> {
        match self.subqueries.intercept(syntax, binder, self.rest)? {
            Some(value) => Ok(Some(value)),
            None => self.rest.intercept(syntax, binder),
        }
    }
}

impl Subqueries {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.uses.is_empty()
    }

    /// The placeholder of a sub-query; `None` for other nodes. Operands are bound by the intercept that called.
    pub(crate) fn intercept(
        &mut self,
        syntax: &ast::Expression,
        binder: &ExpressionBinder<'_>,
        rest: &mut dyn Intercept,
    ) -> Result<Option<Expression>> {
        let span = syntax.span;
        let (query, asked, negated) = match &syntax.kind {
            ExpressionKind::Subquery(query) => (query, Asked::Value, false),
            ExpressionKind::Exists(query) => (query, Asked::Exists, false),
            ExpressionKind::In { operand, negated, set: InSet::Query(query) } => {
                let value = binder.bind(operand, &mut Nested { subqueries: self, rest })?;
                (query, Asked::Contains(value), *negated)
            }
            ExpressionKind::Quantified { left, operator, quantifier, set: InSet::Query(query) } => {
                let value = binder.bind(left, &mut Nested { subqueries: self, rest })?;
                let all = *quantifier == ComparisonQuantifier::All;
                match (operator, all) {
                    (BinaryOperator::Equal, false) => (query, Asked::Contains(value), false),
                    (BinaryOperator::NotEqual, true) => (query, Asked::Contains(value), true),
                    _ => (query, Asked::Compares { value, function: comparison(*operator, span)?, all }, false),
                }
            }
            _ => return Ok(None),
        };
        let Some(relation) =
            self.known.iter().find(|(known, _)| *known == **query).map(|(_, relation)| relation.clone())
        else {
            return Err(SqlError::not_supported(span, "a sub-query in this place"));
        };
        let data_type = type_of(&asked, &relation, span)?;
        self.uses.push(Use { asked, query: relation, span });
        let value = placeholder(SUBQUERY, self.uses.len() - 1, data_type.clone());
        Ok(Some(if negated { Expression::call("NOT", vec![value], data_type) } else { value }))
    }

    /// Applies a change to every operand.
    pub(crate) fn map_expressions(&mut self, change: &impl Fn(Expression) -> Expression) {
        for used in &mut self.uses {
            if let Asked::Contains(value) | Asked::Compares { value, .. } = &mut used.asked {
                *value = change(value.clone());
            }
        }
    }

    /// Refuses sub-queries that refer to columns of rows which are grouped.
    pub(crate) fn refuse_correlated(&self) -> Result<()> {
        match self.uses.iter().find(|used| has_outer_column(&used.query)) {
            Some(used) => {
                Err(SqlError::not_supported(used.span, "a correlated sub-query beside GROUP BY or aggregates"))
            }
            None => Ok(()),
        }
    }

    /// The relation with a column for each sub-query behind, and what replaces the placeholders.
    pub(crate) fn build(self, input: RelationRef) -> Result<(RelationRef, impl Fn(Expression) -> Expression)> {
        let first = input.columns.len();
        let mut relation = input;
        for used in self.uses {
            // An operand may hold sub-queries that were found before.
            let inner = |expression: Expression| replaced(expression, first);
            let asked = match used.asked {
                Asked::Contains(value) => Asked::Contains(inner(value)),
                Asked::Compares { value, function, all } => Asked::Compares { value: inner(value), function, all },
                other => other,
            };
            relation = lifted(relation, &asked, &used.query, used.span)?;
        }
        Ok((relation, move |expression| replaced(expression, first)))
    }
}

fn replaced(expression: Expression, first: usize) -> Expression {
    expression.transform(&mut |node| match node {
        Expression::Call { function, arguments, data_type, .. } if function == SUBQUERY => match arguments.as_slice() {
            [Expression::Literal { value: Value::BigInt(number), .. }] => {
                Expression::column(first + *number as usize, data_type)
            }
            _ => unreachable!("placeholders have a number"),
        },
        other => other,
    })
}

fn comparison(operator: BinaryOperator, span: Span) -> Result<&'static str> {
    match operator {
        BinaryOperator::Equal => Ok("="),
        BinaryOperator::NotEqual => Ok("<>"),
        BinaryOperator::Less => Ok("<"),
        BinaryOperator::LessOrEqual => Ok("<="),
        BinaryOperator::Greater => Ok(">"),
        BinaryOperator::GreaterOrEqual => Ok(">="),
        _ => Err(SqlError::not_supported(span, "this operator with ANY or ALL")),
    }
}

fn type_of(asked: &Asked, query: &Relation, span: Span) -> Result<DataType> {
    let one_column = match asked {
        Asked::Exists => return Ok(TypeKind::Boolean.not_null()),
        Asked::Value => "a sub-query used as a value has one column",
        Asked::Contains(_) | Asked::Compares { .. } => "a sub-query that a value is compared with has one column",
    };
    let [column] = query.columns.as_slice() else { return Err(SqlError::at(span, one_column)) };
    match asked {
        Asked::Value => Ok(column.data_type.clone().with_nullable(true)),
        _ => Ok(TypeKind::Boolean.nullable()),
    }
}

/// The relation with the sub-query's value behind its columns.
fn lifted(input: RelationRef, asked: &Asked, query: &RelationRef, span: Span) -> Result<RelationRef> {
    let correlated = decorrelated(query, &input, span)?;
    match asked {
        Asked::Value => scalar(input, correlated, span),
        Asked::Exists => exists(input, correlated),
        Asked::Contains(value) => contains(input, correlated, value.clone(), span),
        Asked::Compares { value, function, all } => compares(input, correlated, value.clone(), function, *all, span),
    }
}

/// Rows of the right relation beside the left ones that they belong to; NULL beside the others.
fn left_join(left: RelationRef, right: RelationRef, conditions: Vec<Expression>) -> RelationRef {
    let condition = Expression::conjunction(conditions).unwrap_or_else(always_true);
    let columns = join_columns(&left.columns, &right.columns, JoinKind::Left);
    Relation::new(RelationKind::Join { left, right, kind: JoinKind::Left, condition }, columns)
}

/// The first `width` columns of a relation, and a value.
fn with_value(relation: RelationRef, width: usize, value: Expression) -> RelationRef {
    let mut expressions: Vec<Expression> = relation.identity().into_iter().take(width).collect();
    let mut names: Vec<String> = relation.columns.iter().take(width).map(|column| column.name.clone()).collect();
    expressions.push(value);
    names.push(format!("$subquery{width}"));
    projected(relation, expressions, names)
}

fn scalar(input: RelationRef, correlated: Correlated, span: Span) -> Result<RelationRef> {
    let width = input.columns.len();
    let Some(output) = correlated.outputs.first().cloned() else {
        return Err(SqlError::at(span, "a sub-query without columns"));
    };
    if correlated.always_one_row {
        let value = nullable(correlated.output(0, width));
        let on = correlated.conditions.into_iter().map(|part| over_join(part, width)).collect();
        return Ok(with_value(left_join(input, correlated.relation, on), width, value));
    }
    if mentions_outer(&output) {
        return Err(SqlError::not_supported(span, "outer columns in the select list of a scalar sub-query"));
    }
    let keyed = Grouped::new(correlated.relation, correlated.conditions, span)?;
    let value = keyed.argument(output);
    let single = keyed.aggregate(vec![(AggregateFunction::SingleValue, Some(value), None)]);
    let at = single.calls[0];
    let joined = left_join(input, single.relation.clone(), single.conditions(width));
    let data_type = single.relation.columns[at].data_type.clone().with_nullable(true);
    Ok(with_value(joined, width, Expression::column(width + at, data_type)))
}

fn nullable(expression: Expression) -> Expression {
    let data_type = expression.data_type().clone().with_nullable(true);
    match expression {
        Expression::Column { index, .. } => Expression::column(index, data_type),
        other => other,
    }
}

fn exists(input: RelationRef, correlated: Correlated) -> Result<RelationRef> {
    let width = input.columns.len();
    let boolean = TypeKind::Boolean.not_null();
    if correlated.always_one_row {
        return Ok(with_value(input, width, Expression::literal(Value::Boolean(true), boolean)));
    }
    let keyed = Grouped::new(correlated.relation, correlated.conditions, Span::default())?;
    let counted = keyed.aggregate(vec![(AggregateFunction::Count, None, None)]);
    let at = counted.calls[0];
    let joined = left_join(input, counted.relation.clone(), counted.conditions(width));
    let count = Expression::column(width + at, TypeKind::BigInt.nullable());
    let zero = Expression::literal(Value::BigInt(0), TypeKind::BigInt.not_null());
    let more = Expression::call(">", vec![count, zero], TypeKind::Boolean.nullable());
    Ok(with_value(joined, width, Expression::call("IS TRUE", vec![more], boolean)))
}

/// `x IN (query)` in SQL's three-valued logic.
fn contains(input: RelationRef, correlated: Correlated, value: Expression, span: Span) -> Result<RelationRef> {
    let width = input.columns.len();
    let output = plain_output(&correlated, span)?;
    let keyed = Grouped::new(correlated.relation, correlated.conditions, span)?;
    let argument = keyed.argument(output.clone());
    let counted =
        keyed.aggregate(vec![(AggregateFunction::Count, None, None), (AggregateFunction::Count, Some(argument), None)]);
    let (rows, values) = (width + counted.calls[0], width + counted.calls[1]);
    let joined = left_join(input, counted.relation.clone(), counted.conditions(width));
    let second = joined.columns.len();
    let (members, conditions) = keyed.members(output, second);
    let member_at = second + members.columns.len() - 2;
    let member = Expression::column(member_at, members.columns[members.columns.len() - 2].data_type.clone());
    let mut on = conditions;
    on.push(equality(value.clone(), member).map_err(|error| error.or_at(span))?);
    let mark = Expression::column(second + members.columns.len() - 1, TypeKind::Boolean.nullable());
    let joined = left_join(joined, members, on);
    let found = Expression::call("IS NOT NULL", vec![mark], TypeKind::Boolean.not_null());
    let result = three_valued(found, false, &value, rows, values);
    Ok(with_value(joined, width, result))
}

/// `x < ANY (query)`, `x < ALL (query)`
fn compares(
    input: RelationRef,
    correlated: Correlated,
    value: Expression,
    function: &'static str,
    all: bool,
    span: Span,
) -> Result<RelationRef> {
    use AggregateFunction::{Count, Max, Min};
    let width = input.columns.len();
    let output = plain_output(&correlated, span)?;
    let extreme = output.data_type().clone().with_nullable(true);
    let keyed = Grouped::new(correlated.relation, correlated.conditions, span)?;
    let argument = Some(keyed.argument(output));
    let typed = Some(extreme.clone());
    let counted = keyed.aggregate(vec![
        (Count, None, None),
        (Count, argument, None),
        (Min, argument, typed.clone()),
        (Max, argument, typed),
    ]);
    let joined = left_join(input, counted.relation.clone(), counted.conditions(width));
    let column = |call: usize| Expression::column(width + counted.calls[call], extreme.clone());
    let compare = |function: &str, other: Expression| resolved(function, vec![value.clone(), other], span);
    let (least, greatest) = (column(2), column(3));
    let boolean = TypeKind::Boolean.not_null();
    let is_true = |condition: Expression| Expression::call("IS TRUE", vec![condition], boolean.clone());
    let is_false = |condition: Expression| Expression::call("IS FALSE", vec![condition], boolean.clone());
    let both = |a: Expression, b: Expression| Expression::call("AND", vec![a, b], TypeKind::Boolean.nullable());
    // Any row that decides: true for ANY, false for ALL.
    let decided = match (function, all) {
        ("<" | "<=", false) => is_true(compare(function, greatest)?),
        (">" | ">=", false) => is_true(compare(function, least)?),
        ("<" | "<=", true) => is_false(compare(function, least)?),
        (">" | ">=", true) => is_false(compare(function, greatest)?),
        ("<>", false) => is_false(both(compare("=", least)?, compare("=", greatest)?)),
        _ => is_false(both(compare("=", least)?, compare("=", greatest)?)),
    };
    let (rows, values) = (width + counted.calls[0], width + counted.calls[1]);
    let result = three_valued(decided, all, &value, rows, values);
    Ok(with_value(joined, width, result))
}

/// No rows give `of_none`, a row that decides the opposite; else NULLs on either side give NULL and nothing gives `of_none`.
fn three_valued(decided: Expression, of_none: bool, value: &Expression, rows: usize, values: usize) -> Expression {
    let boolean = TypeKind::Boolean.nullable();
    let bigint = TypeKind::BigInt.nullable();
    let literal = |value: bool| Expression::literal(Value::Boolean(value), TypeKind::Boolean.not_null());
    let zero = Expression::literal(Value::BigInt(0), TypeKind::BigInt.not_null());
    let (rows, values) = (Expression::column(rows, bigint.clone()), Expression::column(values, bigint));
    let some = Expression::call(">", vec![rows.clone(), zero], boolean.clone());
    let none = Expression::call("IS NOT TRUE", vec![some], TypeKind::Boolean.not_null());
    let unknown_value = Expression::call("IS NULL", vec![value.clone()], TypeKind::Boolean.not_null());
    let unknown_rows = Expression::call("<", vec![values, rows], boolean.clone());
    let null = Expression::literal(Value::Null, boolean.clone());
    let branches = vec![
        (none, literal(of_none)),
        (decided, literal(!of_none)),
        (unknown_value, null.clone()),
        (unknown_rows, null),
    ];
    Expression::Case { branches, otherwise: Box::new(literal(of_none)), data_type: boolean }
}

/// The only column of a sub-query, which must not be computed of outer columns.
fn plain_output(correlated: &Correlated, span: Span) -> Result<Expression> {
    match correlated.outputs.first() {
        Some(output)
            if !mentions_outer(output) && (correlated.counts.is_empty() || correlated.conditions.is_empty()) =>
        {
            Ok(output.clone())
        }
        _ => Err(SqlError::not_supported(span, "a correlated sub-query whose column depends on outer ones")),
    }
}

/// A sub-query's rows by what tells outer rows apart.
struct Grouped {
    relation: RelationRef,
    /// Inner expression and outer value of each key.
    keys: Vec<(Expression, Expression)>,
    arguments: std::cell::RefCell<Vec<Expression>>,
}

/// An aggregation of such rows.
struct Aggregation {
    relation: RelationRef,
    keys: Vec<Expression>,
    /// Positions of the calls.
    calls: Vec<usize>,
}

impl Aggregation {
    /// What holds between an outer row and its group, over the columns of a join.
    fn conditions(&self, width: usize) -> Vec<Expression> {
        key_conditions(&self.keys, &self.relation, width)
    }
}

fn key_conditions(values: &[Expression], grouped: &Relation, width: usize) -> Vec<Expression> {
    let condition = |(number, value): (usize, &Expression)| {
        let key = Expression::column(width + number, grouped.columns[number].data_type.clone());
        let value = over_join(value.clone(), width);
        Expression::call("=", vec![value, key], TypeKind::Boolean.nullable())
    };
    values.iter().enumerate().map(condition).collect()
}

impl Grouped {
    fn new(relation: RelationRef, conditions: Vec<Expression>, span: Span) -> Result<Self> {
        let keys: Option<Vec<(Expression, Expression)>> =
            conditions.iter().map(crate::bind::decorrelate::equal_pair).collect();
        let Some(keys) = keys else {
            return Err(SqlError::not_supported(
                span,
                "a correlated sub-query that is not compared by equality, in this place",
            ));
        };
        Ok(Grouped { relation, keys, arguments: std::cell::RefCell::default() })
    }

    /// The number of an argument of calls.
    fn argument(&self, expression: Expression) -> usize {
        let mut arguments = self.arguments.borrow_mut();
        arguments.push(expression);
        arguments.len() - 1
    }

    /// One row a key: the keys, then the calls. Calls without a type give what their function gives.
    fn aggregate(&self, calls: Vec<(AggregateFunction, Option<usize>, Option<DataType>)>) -> Aggregation {
        let arguments = self.arguments.borrow();
        let mut expressions: Vec<Expression> = self.keys.iter().map(|(inner, _)| inner.clone()).collect();
        let width = expressions.len();
        expressions.extend(arguments.iter().cloned());
        let names = (0..expressions.len()).map(|number| format!("$k{number}")).collect();
        let prepared = projected(self.relation.clone(), expressions, names);
        let mut columns: Vec<Column> =
            prepared.columns[..width].iter().map(|key| key.clone().with_time(None)).collect();
        let call = |(number, (function, argument, data_type)): (
            usize,
            (AggregateFunction, Option<usize>, Option<DataType>),
        )| {
            let of_argument = argument.map(|argument| arguments[argument].data_type().clone());
            let counts = function == AggregateFunction::Count;
            let data_type = data_type.unwrap_or_else(|| match &of_argument {
                Some(data_type) if !counts => data_type.clone().with_nullable(true),
                _ => TypeKind::BigInt.not_null(),
            });
            AggregateCall {
                function,
                arguments: argument.map(|argument| width + argument).into_iter().collect(),
                argument_types: of_argument.into_iter().collect(),
                distinct: false,
                filter: None,
                data_type,
                name: format!("$c{number}"),
            }
        };
        let calls: Vec<AggregateCall> = calls.into_iter().enumerate().map(call).collect();
        columns.extend(calls.iter().map(|call| Column::new(&call.name, call.data_type.clone())));
        let positions = (width..width + calls.len()).collect();
        let kind = RelationKind::Aggregate { input: prepared, keys: (0..width).collect(), calls };
        let keys = self.keys.iter().map(|(_, outer)| outer.clone()).collect();
        Aggregation { relation: Relation::new(kind, columns), keys, calls: positions }
    }

    /// The distinct values of each key and TRUE behind them, and what holds between an outer row and them.
    fn members(&self, value: Expression, width: usize) -> (RelationRef, Vec<Expression>) {
        let mut expressions: Vec<Expression> = self.keys.iter().map(|(inner, _)| inner.clone()).collect();
        expressions.push(value);
        let names: Vec<String> = (0..expressions.len()).map(|number| format!("$m{number}")).collect();
        let values = distinct(projected(self.relation.clone(), expressions, names.clone()));
        let mut marked = values.identity();
        marked.push(Expression::literal(Value::Boolean(true), TypeKind::Boolean.not_null()));
        let names = names.into_iter().chain(["$mark".to_string()]).collect();
        let members = projected(values, marked, names);
        let outer: Vec<Expression> = self.keys.iter().map(|(_, outer)| outer.clone()).collect();
        let conditions = key_conditions(&outer, &members, width);
        (members, conditions)
    }
}
