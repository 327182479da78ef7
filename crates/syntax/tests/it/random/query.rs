//! Random queries and tables.

use super::Choices;
use super::expression::{call, expression};
use flott_syntax::Span;
use flott_syntax::ast::*;

pub fn query(c: &mut Choices<'_>, depth: usize) -> Query {
    let body = body(c, depth);
    if depth == 0 || c.flag() {
        return bare(body);
    }
    let query = Query {
        with: c.maybe(|c| with(c, depth - 1)),
        body,
        order_by: c.list(0, |c| order_item(c, depth - 1)),
        offset: c.maybe(|c| expression(c, 0)),
        limit: c.maybe(|c| expression(c, 0)),
        span: Span::default(),
    };
    let clauses = query.with.is_some() || !query.order_by.is_empty() || query.offset.is_some() || query.limit.is_some();
    match clauses {
        true => query,
        false => bare(query.body),
    }
}

/// `((query))` is `(query)`, so a nested query alone is that query.
fn bare(body: QueryBody) -> Query {
    if let QueryBody::Nested(query) = body {
        return *query;
    }
    Query { with: None, body, order_by: Vec::new(), offset: None, limit: None, span: Span::default() }
}

fn with(c: &mut Choices<'_>, depth: usize) -> With {
    With {
        recursive: c.flag(),
        tables: c.list(1, |c| CommonTable {
            name: c.identifier(),
            columns: c.list(0, Choices::identifier),
            query: Box::new(query(c, depth)),
            span: Span::default(),
        }),
        span: Span::default(),
    }
}

fn body(c: &mut Choices<'_>, depth: usize) -> QueryBody {
    if depth == 0 {
        return QueryBody::Table(c.object_name());
    }
    match c.below(6) {
        0 => QueryBody::Table(c.object_name()),
        1 | 2 => QueryBody::Select(Box::new(select(c, depth - 1))),
        3 => QueryBody::Values { rows: c.list(1, |c| c.list(1, |c| expression(c, depth - 1))), span: Span::default() },
        4 => QueryBody::SetOperation(Box::new(SetOperation {
            left: body(c, depth - 1),
            operator: c.one_of(&[SetOperator::Union, SetOperator::Intersect, SetOperator::Except]),
            all: c.flag(),
            right: body(c, depth - 1),
            span: Span::default(),
        })),
        _ => QueryBody::Nested(Box::new(Query { limit: Some(expression(c, 0)), ..query(c, depth - 1) })),
    }
}

fn select(c: &mut Choices<'_>, depth: usize) -> Select {
    Select {
        hints: c.list(0, hint),
        quantifier: c.maybe(|c| c.one_of(&[SetQuantifier::Distinct, SetQuantifier::All])),
        items: c.list(1, |c| select_item(c, depth)),
        from: c.maybe(|c| table(c, depth)),
        filter: c.maybe(|c| expression(c, depth)),
        group_by: c.maybe(|c| GroupBy {
            quantifier: c.maybe(|c| c.one_of(&[SetQuantifier::Distinct, SetQuantifier::All])),
            elements: c.list(1, |c| grouping(c, depth)),
            span: Span::default(),
        }),
        having: c.maybe(|c| expression(c, depth)),
        windows: c.list(0, |c| NamedWindow { name: c.identifier(), window: window(c, depth) }),
        qualify: c.maybe(|c| expression(c, depth)),
        span: Span::default(),
    }
}

pub fn hint(c: &mut Choices<'_>) -> Hint {
    Hint {
        name: c.identifier(),
        arguments: c.list(0, |c| match c.below(4) {
            0 => HintArgument::Option { key: c.text(), value: c.text() },
            1 => HintArgument::Name(c.object_name()),
            2 => HintArgument::Text(c.text()),
            _ => HintArgument::Number(c.number()),
        }),
        span: Span::default(),
    }
}

fn select_item(c: &mut Choices<'_>, depth: usize) -> SelectItem {
    match c.below(5) {
        4 => SelectItem::Wildcard { qualifier: c.maybe(Choices::object_name), span: Span::default() },
        _ => SelectItem::Expression { expression: expression(c, depth), alias: c.maybe(Choices::identifier) },
    }
}

fn grouping(c: &mut Choices<'_>, depth: usize) -> GroupingElement {
    let deeper = depth.saturating_sub(1);
    match c.below(6) {
        1 => GroupingElement::Set(Vec::new()),
        2 => GroupingElement::Set(c.list(2, |c| expression(c, deeper))),
        3 if depth > 0 => GroupingElement::Rollup(c.list(1, |c| grouping(c, deeper))),
        4 if depth > 0 => GroupingElement::Cube(c.list(1, |c| grouping(c, deeper))),
        5 if depth > 0 => GroupingElement::GroupingSets(c.list(1, |c| grouping(c, deeper))),
        _ => GroupingElement::Expression(expression(c, deeper)),
    }
}

pub fn order_item(c: &mut Choices<'_>, depth: usize) -> OrderItem {
    OrderItem {
        expression: expression(c, depth),
        descending: c.flag(),
        nulls: c.maybe(|c| c.one_of(&[NullOrder::First, NullOrder::Last])),
    }
}

pub fn window(c: &mut Choices<'_>, depth: usize) -> WindowSpecification {
    WindowSpecification {
        base: c.maybe(Choices::identifier),
        partition_by: c.list(0, |c| expression(c, depth)),
        order_by: c.list(0, |c| order_item(c, depth)),
        frame: c.maybe(|c| WindowFrame {
            unit: c.one_of(&[WindowFrameUnit::Rows, WindowFrameUnit::Range]),
            start: bound(c, depth),
            end: c.maybe(|c| bound(c, depth)),
            span: Span::default(),
        }),
        allow_partial: c.maybe(Choices::flag),
        span: Span::default(),
    }
}

fn bound(c: &mut Choices<'_>, depth: usize) -> WindowFrameBound {
    match c.below(5) {
        0 => WindowFrameBound::CurrentRow,
        1 => WindowFrameBound::UnboundedPreceding,
        2 => WindowFrameBound::UnboundedFollowing,
        3 => WindowFrameBound::Preceding(Box::new(expression(c, depth))),
        _ => WindowFrameBound::Following(Box::new(expression(c, depth))),
    }
}

fn table(c: &mut Choices<'_>, depth: usize) -> TableReference {
    let kind = match depth {
        0 => named_table(c, 0),
        _ => table_kind(c, depth - 1),
    };
    let alias = c.maybe(|c| TableAlias { name: c.identifier(), columns: c.list(0, Choices::identifier) });
    let sample = match c.below(6) {
        4 => Some(TableSample::Substitute(c.text())),
        5 => Some(TableSample::Bernoulli { percentage: c.number(), seed: c.maybe(Choices::number) }),
        _ => None,
    };
    TableReference { kind, alias, sample, span: Span::default() }
}

fn named_table(c: &mut Choices<'_>, depth: usize) -> TableReferenceKind {
    TableReferenceKind::Table {
        name: c.object_name(),
        hints: c.list(0, hint),
        as_of: c.maybe(|c| expression(c, depth)),
    }
}

fn table_kind(c: &mut Choices<'_>, depth: usize) -> TableReferenceKind {
    match c.below(9) {
        0 => named_table(c, depth),
        1 => TableReferenceKind::Subquery { query: Box::new(query(c, depth)), lateral: c.flag() },
        2 => function(c, depth),
        3 => TableReferenceKind::Unnest {
            collections: c.list(1, |c| expression(c, depth)),
            with_ordinality: c.flag(),
            lateral: c.flag(),
        },
        4 | 5 => TableReferenceKind::Join(Box::new(join(c, depth))),
        6 => TableReferenceKind::MatchRecognize(Box::new(match_recognize(c, depth))),
        7 => TableReferenceKind::Pivot(Box::new(Pivot {
            input: table(c, depth),
            aggregates: c.list(1, |c| SelectItem::Expression {
                expression: expression(c, depth),
                alias: c.maybe(Choices::identifier),
            }),
            columns: c.list(1, Choices::identifier),
            values: c.list(1, |c| PivotValue {
                values: c.list(1, |c| expression(c, depth)),
                alias: c.maybe(Choices::identifier),
            }),
        })),
        _ => TableReferenceKind::Unpivot(Box::new(Unpivot {
            input: table(c, depth),
            include_nulls: c.maybe(Choices::flag),
            measures: c.list(1, Choices::identifier),
            axes: c.list(1, Choices::identifier),
            columns: c.list(1, |c| UnpivotColumns {
                columns: c.list(1, Choices::identifier),
                values: c.list(0, |c| expression(c, depth)),
            }),
        })),
    }
}

fn function(c: &mut Choices<'_>, depth: usize) -> TableReferenceKind {
    TableReferenceKind::Function {
        call: Box::new(call(c, depth)),
        lateral: c.flag(),
        table_keyword: c.flag(),
        hints: c.list(0, hint),
    }
}

fn join(c: &mut Choices<'_>, depth: usize) -> Join {
    let kind =
        c.one_of(&[JoinKind::Inner, JoinKind::Left, JoinKind::Comma, JoinKind::Cross, JoinKind::Right, JoinKind::Full]);
    let conditional = !matches!(kind, JoinKind::Comma | JoinKind::Cross);
    Join {
        left: table(c, depth),
        kind,
        natural: conditional && c.flag(),
        right: table(c, depth),
        condition: match c.below(3) {
            1 if conditional => JoinCondition::On(expression(c, depth)),
            2 if conditional => JoinCondition::Using(c.list(1, Choices::identifier)),
            _ => JoinCondition::None,
        },
    }
}

fn match_recognize(c: &mut Choices<'_>, depth: usize) -> MatchRecognize {
    MatchRecognize {
        input: table(c, depth),
        partition_by: c.list(0, |c| expression(c, depth)),
        order_by: c.list(0, |c| order_item(c, depth)),
        measures: c.list(0, |c| Measure { expression: measure(c, depth), alias: c.identifier() }),
        rows_per_match: c.maybe(|c| c.one_of(&[RowsPerMatch::One, RowsPerMatch::All])),
        after_match: c.maybe(|c| match c.below(4) {
            0 => AfterMatchSkip::ToNextRow,
            1 => AfterMatchSkip::PastLastRow,
            2 => AfterMatchSkip::ToFirst(c.identifier()),
            _ => AfterMatchSkip::ToLast(c.identifier()),
        }),
        pattern: pattern(c, 3),
        strict_start: c.flag(),
        strict_end: c.flag(),
        within: c.maybe(|c| expression(c, depth)),
        subsets: c.list(0, |c| PatternSubset { name: c.identifier(), variables: c.list(1, Choices::identifier) }),
        definitions: c.list(1, |c| PatternDefinition { variable: c.identifier(), condition: expression(c, depth) }),
        span: Span::default(),
    }
}

fn measure(c: &mut Choices<'_>, depth: usize) -> Expression {
    let kind = match c.flag() {
        false => return expression(c, depth),
        true => {
            let name = ObjectName::simple(Identifier::new("LAST"));
            let arguments = FunctionArguments::List(Vec::new());
            let call = FunctionCall::new(name, arguments, Span::default());
            ExpressionKind::MatchSemantics {
                running: c.flag(),
                operand: Box::new(Expression { kind: ExpressionKind::Function(Box::new(call)), span: Span::default() }),
            }
        }
    };
    Expression { kind, span: Span::default() }
}

fn pattern(c: &mut Choices<'_>, depth: usize) -> Pattern {
    if depth == 0 {
        return Pattern::Variable(c.identifier());
    }
    match c.below(6) {
        0 => Pattern::Variable(c.identifier()),
        1 => Pattern::Sequence(c.list(2, |c| pattern(c, depth - 1))),
        2 => Pattern::Alternation(c.list(2, |c| pattern(c, depth - 1))),
        3 => Pattern::Repeat {
            pattern: Box::new(pattern(c, depth - 1)),
            minimum: c.one_of(&[0, 1, 3]),
            maximum: c.maybe(|c| c.one_of(&[1, 3, 7])),
            reluctant: c.flag(),
        },
        4 => Pattern::Exclude(Box::new(pattern(c, depth - 1))),
        _ => Pattern::Permute(c.list(1, |c| pattern(c, depth - 1))),
    }
}
