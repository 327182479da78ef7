//! Random expressions.

use super::query::{order_item, query, window};
use super::{Choices, data_type::data_type, data_type::qualifier};
use flott_syntax::Span;
use flott_syntax::ast::*;

const OPERATORS: &[BinaryOperator] = &[
    BinaryOperator::Plus,
    BinaryOperator::Minus,
    BinaryOperator::Multiply,
    BinaryOperator::Divide,
    BinaryOperator::Remainder,
    BinaryOperator::Concatenate,
    BinaryOperator::Equal,
    BinaryOperator::NotEqual,
    BinaryOperator::LessOrEqual,
    BinaryOperator::And,
    BinaryOperator::Or,
    BinaryOperator::Overlaps,
    BinaryOperator::Contains,
    BinaryOperator::PeriodEquals,
    BinaryOperator::Precedes,
    BinaryOperator::ImmediatelySucceeds,
    BinaryOperator::MultisetUnion,
    BinaryOperator::MultisetUnionDistinct,
    BinaryOperator::MultisetIntersect,
    BinaryOperator::MultisetExceptDistinct,
    BinaryOperator::MemberOf,
    BinaryOperator::SubmultisetOf,
];

const FUNCTIONS: &[&str] = &[
    "f",
    "COUNT",
    "max",
    "IF",
    "TRIM",
    "substring",
    "POSITION",
    "OVERLAY",
    "FLOOR",
    "LEFT",
    "MAP",
    "TIMESTAMPADD",
    "TUMBLE",
    "TRANSLATE",
    "CAST",
    "DESCRIPTOR",
    "x y",
    "FIRST",
    "CURRENT_DATE",
];

fn spanned(kind: ExpressionKind) -> Expression {
    Expression { kind, span: Span::default() }
}

pub fn expression(c: &mut Choices<'_>, depth: usize) -> Expression {
    spanned(match depth {
        0 => leaf(c),
        _ => match c.below(8) {
            0 => leaf(c),
            1 | 2 => operation(c, depth - 1),
            3 => predicate(c, depth - 1),
            4 => special(c, depth - 1),
            5 => collection(c, depth - 1),
            6 => ExpressionKind::Function(Box::new(call(c, depth - 1))),
            _ => json(c, depth - 1),
        },
    })
}

fn boxed(c: &mut Choices<'_>, depth: usize) -> Box<Expression> {
    Box::new(expression(c, depth))
}

fn leaf(c: &mut Choices<'_>) -> ExpressionKind {
    match c.below(5) {
        0 => ExpressionKind::Name(c.object_name()),
        1 | 2 => ExpressionKind::Literal(literal(c)),
        3 => ExpressionKind::Default,
        _ => {
            let name = c.one_of(&["CURRENT_DATE", "localtimestamp", "USER"]);
            let name = ObjectName::simple(Identifier::new(name));
            let call = FunctionCall::without_parentheses(name, Span::default());
            ExpressionKind::Function(Box::new(call))
        }
    }
}

pub fn literal(c: &mut Choices<'_>) -> Literal {
    match c.below(12) {
        0 => Literal::Number(c.number()),
        1 => Literal::Null,
        2 => Literal::Boolean(c.flag()),
        3 => Literal::Unknown,
        4 => Literal::ApproximateNumber(c.one_of(&["1E3", "1.5e-3", ".5E+2"]).into()),
        5 => Literal::String(c.text()),
        6 => Literal::Binary(vec![0, 10, 255]),
        7 => Literal::Date(c.text()),
        8 => Literal::Time(c.text()),
        9 => Literal::Timestamp(c.text()),
        10 => Literal::TimestampLtz(c.text()),
        _ => Literal::Interval(interval(c)),
    }
}

pub fn interval(c: &mut Choices<'_>) -> IntervalLiteral {
    IntervalLiteral { negative: c.flag(), value: c.text(), qualifier: qualifier(c) }
}

fn operation(c: &mut Choices<'_>, depth: usize) -> ExpressionKind {
    match c.below(3) {
        0 => ExpressionKind::Unary {
            operator: c.one_of(&[UnaryOperator::Minus, UnaryOperator::Not, UnaryOperator::Plus]),
            operand: boxed(c, depth),
        },
        _ => ExpressionKind::Binary { left: boxed(c, depth), operator: c.one_of(OPERATORS), right: boxed(c, depth) },
    }
}

fn predicate(c: &mut Choices<'_>, depth: usize) -> ExpressionKind {
    let operand = boxed(c, depth);
    let negated = c.flag();
    match c.below(6) {
        0 => ExpressionKind::Is {
            operand,
            negated,
            test: c.one_of(&[
                IsTest::Null,
                IsTest::True,
                IsTest::Unknown,
                IsTest::Set,
                IsTest::Empty,
                IsTest::Json(JsonItemKind::Value),
                IsTest::Json(JsonItemKind::Scalar),
            ]),
        },
        1 => ExpressionKind::IsDistinctFrom { left: operand, right: boxed(c, depth), negated },
        2 => ExpressionKind::Between {
            operand,
            low: boxed(c, depth),
            high: boxed(c, depth),
            negated,
            symmetric: c.flag(),
        },
        3 => ExpressionKind::Like {
            operand,
            kind: c.one_of(&[LikeKind::Like, LikeKind::ILike, LikeKind::RLike, LikeKind::SimilarTo]),
            negated,
            pattern: boxed(c, depth),
            escape: c.maybe(|c| boxed(c, depth)),
        },
        4 => ExpressionKind::In { operand, negated, set: in_set(c, depth) },
        _ => ExpressionKind::Quantified {
            left: operand,
            operator: c.one_of(&[BinaryOperator::Equal, BinaryOperator::Greater]),
            quantifier: c.one_of(&[ComparisonQuantifier::Any, ComparisonQuantifier::All]),
            set: in_set(c, depth),
        },
    }
}

fn in_set(c: &mut Choices<'_>, depth: usize) -> InSet {
    let values = c.list(1, |c| expression(c, depth));
    match values.as_slice() {
        // `IN ((query))` is `IN (query)`.
        [only] if matches!(only.kind, ExpressionKind::Subquery(_)) => InSet::Query(Box::new(query(c, depth))),
        _ => InSet::Values(values),
    }
}

fn special(c: &mut Choices<'_>, depth: usize) -> ExpressionKind {
    match c.below(14) {
        0 => ExpressionKind::Cast {
            operand: boxed(c, depth),
            data_type: Box::new(data_type(c, depth)),
            null_on_failure: c.flag(),
        },
        1 => case(c, depth),
        2 => ExpressionKind::Extract { unit: c.unit(), operand: boxed(c, depth) },
        3 => ExpressionKind::RoundToUnit {
            direction: c.one_of(&[RoundDirection::Floor, RoundDirection::Ceil]),
            operand: boxed(c, depth),
            unit: c.unit(),
        },
        4 => ExpressionKind::TimestampAdd { unit: c.unit(), count: boxed(c, depth), timestamp: boxed(c, depth) },
        5 => ExpressionKind::TimestampDiff { unit: c.unit(), from: boxed(c, depth), to: boxed(c, depth) },
        6 => ExpressionKind::Trim {
            side: c.one_of(&[TrimSide::Both, TrimSide::Leading, TrimSide::Trailing]),
            characters: c.maybe(|c| boxed(c, depth)),
            operand: boxed(c, depth),
        },
        7 => ExpressionKind::Item { container: boxed(c, depth), index: boxed(c, depth) },
        8 => ExpressionKind::Field { operand: boxed(c, depth), field: c.identifier() },
        9 => ExpressionKind::Interval { amount: boxed(c, depth), qualifier: qualifier(c) },
        10 => ExpressionKind::Exists(Box::new(query(c, depth))),
        11 => ExpressionKind::Subquery(Box::new(query(c, depth))),
        12 => ExpressionKind::SequenceValue { next: c.flag(), sequence: c.object_name() },
        _ => ExpressionKind::Unique(Box::new(query(c, depth))),
    }
}

fn case(c: &mut Choices<'_>, depth: usize) -> ExpressionKind {
    let operand = c.maybe(|c| boxed(c, depth));
    let simple = operand.is_some();
    ExpressionKind::Case {
        operand,
        branches: c.list(1, |c| CaseBranch {
            conditions: match simple {
                true => c.list(1, |c| expression(c, depth)),
                false => vec![expression(c, depth)],
            },
            result: expression(c, depth),
        }),
        otherwise: c.maybe(|c| boxed(c, depth)),
    }
}

fn collection(c: &mut Choices<'_>, depth: usize) -> ExpressionKind {
    match c.below(7) {
        0 => ExpressionKind::Array(c.list(0, |c| expression(c, depth))),
        1 => ExpressionKind::Multiset(c.list(0, |c| expression(c, depth))),
        2 => ExpressionKind::Map(c.list(0, |c| MapEntry { key: expression(c, depth), value: expression(c, depth) })),
        3 => ExpressionKind::Row(c.list(0, |c| match c.below(6) {
            1 => spanned(ExpressionKind::QualifiedWildcard(c.object_name())),
            _ => expression(c, depth),
        })),
        4 => ExpressionKind::ArrayQuery(Box::new(query(c, depth))),
        5 => ExpressionKind::MapQuery(Box::new(query(c, depth))),
        _ => ExpressionKind::MultisetQuery(Box::new(query(c, depth))),
    }
}

pub fn call(c: &mut Choices<'_>, depth: usize) -> FunctionCall {
    let name = match c.flag() {
        false => ObjectName::simple(Identifier::new(c.one_of(FUNCTIONS))),
        true => c.object_name(),
    };
    let arguments = match c.below(6) {
        5 => FunctionArguments::Star,
        _ => FunctionArguments::List(c.list(0, |c| argument(c, depth))),
    };
    let orderable = matches!(&arguments, FunctionArguments::List(list) if !list.is_empty());
    let mut call = FunctionCall::new(name, arguments, Span::default());
    if c.flag() {
        return call;
    }
    call.quantifier = c.maybe(|c| c.one_of(&[SetQuantifier::Distinct, SetQuantifier::All]));
    if orderable && !last_is_table(&call.arguments) {
        call.order_by = c.list(0, |c| order_item(c, depth));
    }
    call.null_treatment = c.maybe(|c| c.one_of(&[NullTreatment::Ignore, NullTreatment::Respect]));
    call.within_group = c.list(0, |c| order_item(c, depth));
    call.filter = c.maybe(|c| expression(c, depth));
    call.over = c.maybe(|c| over(c, depth));
    call
}

/// After a table an ORDER BY would be that of the table.
fn last_is_table(arguments: &FunctionArguments) -> bool {
    let FunctionArguments::List(list) = arguments else {
        return false;
    };
    list.last()
        .is_some_and(|argument| matches!(argument.value.kind, ExpressionKind::Table(_) | ExpressionKind::Subquery(_)))
}

fn over(c: &mut Choices<'_>, depth: usize) -> Over {
    match c.flag() {
        false => Over::Name(c.identifier()),
        true => Over::Window(Box::new(window(c, depth))),
    }
}

fn argument(c: &mut Choices<'_>, depth: usize) -> FunctionArgument {
    let kind = match c.below(10) {
        1 => ExpressionKind::Table(Box::new(table_argument(c, depth))),
        2 => ExpressionKind::Model(c.object_name()),
        3 => ExpressionKind::QualifiedWildcard(c.object_name()),
        4 => ExpressionKind::Descriptor(c.list(1, Choices::object_name)),
        _ => expression(c, depth).kind,
    };
    FunctionArgument { name: c.maybe(Choices::identifier), value: spanned(kind), span: Span::default() }
}

fn table_argument(c: &mut Choices<'_>, depth: usize) -> TableArgument {
    let source = match c.flag() {
        false => TableArgumentSource::Name(c.object_name()),
        true => TableArgumentSource::Query(Box::new(query(c, depth))),
    };
    // A query without PARTITION BY and ORDER BY is an ordinary subquery.
    let minimum = usize::from(matches!(source, TableArgumentSource::Query(_)));
    TableArgument {
        source,
        partition_by: c.list(minimum, |c| expression(c, depth)),
        order_by: c.list(0, |c| order_item(c, depth)),
        span: Span::default(),
    }
}

fn json(c: &mut Choices<'_>, depth: usize) -> ExpressionKind {
    let nulls = [JsonNullClause::NullOnNull, JsonNullClause::AbsentOnNull];
    let function = match c.below(7) {
        0 => JsonFunction::Exists {
            input: expression(c, depth),
            path: expression(c, depth),
            on_error: c.maybe(|c| c.one_of(&[JsonExistsBehavior::True, JsonExistsBehavior::Unknown])),
        },
        1 => JsonFunction::Value {
            input: expression(c, depth),
            path: expression(c, depth),
            returning: c.maybe(|c| data_type(c, depth)),
            on_empty: c.maybe(|c| value_behavior(c, depth)),
            on_error: c.maybe(|c| value_behavior(c, depth)),
        },
        2 => JsonFunction::Query {
            input: expression(c, depth),
            path: expression(c, depth),
            returning: c.maybe(|c| data_type(c, depth)),
            wrapper: c.maybe(|c| {
                c.one_of(&[JsonQueryWrapper::Without, JsonQueryWrapper::Conditional, JsonQueryWrapper::Unconditional])
            }),
            on_empty: c.maybe(query_behavior),
            on_error: c.maybe(query_behavior),
        },
        3 => JsonFunction::Object { entries: c.list(0, |c| entry(c, depth)), on_null: c.maybe(|c| c.one_of(&nulls)) },
        4 => JsonFunction::Array { values: c.list(0, |c| input(c, depth)), on_null: c.maybe(|c| c.one_of(&nulls)) },
        5 => JsonFunction::ObjectAggregate {
            entry: entry(c, depth),
            on_null: c.maybe(|c| c.one_of(&nulls)),
            filter: c.maybe(|c| expression(c, depth)),
            over: c.maybe(|c| over(c, depth)),
        },
        _ => JsonFunction::ArrayAggregate {
            value: input(c, depth),
            order_by: c.list(0, |c| order_item(c, depth)),
            on_null: c.maybe(|c| c.one_of(&nulls)),
            filter: c.maybe(|c| expression(c, depth)),
            over: c.maybe(|c| over(c, depth)),
        },
    };
    ExpressionKind::Json(Box::new(function))
}

fn value_behavior(c: &mut Choices<'_>, depth: usize) -> JsonValueBehavior {
    match c.below(3) {
        0 => JsonValueBehavior::Null,
        1 => JsonValueBehavior::Error,
        _ => JsonValueBehavior::Default(expression(c, depth)),
    }
}

fn query_behavior(c: &mut Choices<'_>) -> JsonQueryBehavior {
    c.one_of(&[
        JsonQueryBehavior::Null,
        JsonQueryBehavior::Error,
        JsonQueryBehavior::EmptyArray,
        JsonQueryBehavior::EmptyObject,
    ])
}

fn entry(c: &mut Choices<'_>, depth: usize) -> JsonEntry {
    JsonEntry { key: expression(c, depth), value: input(c, depth) }
}

fn input(c: &mut Choices<'_>, depth: usize) -> JsonInput {
    JsonInput { value: expression(c, depth), format_json: c.flag() }
}
