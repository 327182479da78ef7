//! Expressions, with parentheses where precedence asks for them.

use super::{write_if, write_list, write_optional};
use crate::ast::{
    BinaryOperator, CaseBranch, ComparisonQuantifier, Expression, ExpressionKind, FunctionArguments, InSet, IsTest,
    JsonItemKind, LikeKind, MapEntry, RoundDirection, TableArgument, TableArgumentSource, TrimSide, UnaryOperator,
};
use crate::precedence;
use std::fmt::{Display, Formatter, Result};

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.kind)
    }
}

/// An expression as an operand: in parentheses if it binds looser than the given precedence.
struct Operand<'a>(&'a Expression, u8);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match precedence_of(&self.0.kind) < self.1 {
            true => write!(f, "({})", self.0),
            false => write!(f, "{}", self.0),
        }
    }
}

fn precedence_of(kind: &ExpressionKind) -> u8 {
    match kind {
        ExpressionKind::Unary { operator, .. } => precedence::of_unary(*operator),
        ExpressionKind::Binary { operator, .. } | ExpressionKind::Quantified { operator, .. } => {
            precedence::of_binary(*operator)
        }
        ExpressionKind::Is { .. } => precedence::IS,
        ExpressionKind::IsDistinctFrom { .. } => precedence::COMPARISON,
        ExpressionKind::Between { .. } | ExpressionKind::Like { .. } | ExpressionKind::In { .. } => {
            precedence::PREDICATE
        }
        _ => precedence::PRIMARY,
    }
}

/// Prints an operand that is not to contain predicates: bounds of frames, the needle of POSITION.
pub(super) fn write_arithmetic(f: &mut Formatter<'_>, expression: &Expression) -> Result {
    write!(f, "{}", Operand(expression, precedence::PREDICATE + 1))
}

impl Display for ExpressionKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            ExpressionKind::Literal(literal) => write!(f, "{literal}"),
            ExpressionKind::Name(name) => write!(f, "{name}"),
            ExpressionKind::Unary { operator, operand } => write_unary(f, *operator, operand),
            ExpressionKind::Binary { left, operator, right } => {
                let binding = precedence::of_binary(*operator);
                let (left, right) = (Operand(left, binding), Operand(right, binding + 1));
                write!(f, "{left} {operator} {right}")
            }
            ExpressionKind::Function(call) => write!(f, "{call}"),
            ExpressionKind::Json(function) => write!(f, "{function}"),
            ExpressionKind::Subquery(query) => write!(f, "({query})"),
            ExpressionKind::Exists(query) => write!(f, "EXISTS ({query})"),
            ExpressionKind::Unique(query) => write!(f, "UNIQUE ({query})"),
            ExpressionKind::Default => f.write_str("DEFAULT"),
            ExpressionKind::Parameter(_) => f.write_str("?"),
            ExpressionKind::Table(argument) => write!(f, "{argument}"),
            ExpressionKind::Model(name) => write!(f, "MODEL {name}"),
            ExpressionKind::QualifiedWildcard(name) => write!(f, "{name}.*"),
            ExpressionKind::SequenceValue { next, sequence } => {
                let which = if *next { "NEXT" } else { "CURRENT" };
                write!(f, "{which} VALUE FOR {sequence}")
            }
            _ => write_compound(f, self),
        }
    }
}

fn write_compound(f: &mut Formatter<'_>, kind: &ExpressionKind) -> Result {
    match kind {
        ExpressionKind::Is { .. }
        | ExpressionKind::IsDistinctFrom { .. }
        | ExpressionKind::Between { .. }
        | ExpressionKind::Like { .. }
        | ExpressionKind::In { .. }
        | ExpressionKind::Quantified { .. } => write_predicate(f, kind),
        ExpressionKind::Row(_)
        | ExpressionKind::Array(_)
        | ExpressionKind::ArrayQuery(_)
        | ExpressionKind::Map(_)
        | ExpressionKind::MapQuery(_)
        | ExpressionKind::Multiset(_)
        | ExpressionKind::MultisetQuery(_)
        | ExpressionKind::Descriptor(_) => write_constructor(f, kind),
        ExpressionKind::Case { operand, branches, otherwise } => {
            f.write_str("CASE")?;
            write_optional(f, " ", operand.as_ref())?;
            branches.iter().try_for_each(|branch| write!(f, " {branch}"))?;
            write_optional(f, " ELSE ", otherwise.as_ref())?;
            f.write_str(" END")
        }
        ExpressionKind::Item { container, index } => {
            write_container(f, container)?;
            write!(f, "[{index}]")
        }
        ExpressionKind::Field { operand, field } => {
            match matches!(operand.kind, ExpressionKind::Name(_)) {
                true => write!(f, "({operand})")?,
                false => write_container(f, operand)?,
            }
            write!(f, ".{field}")
        }
        ExpressionKind::Interval { amount, qualifier } => {
            write!(f, "INTERVAL ({amount}) {qualifier}")
        }
        ExpressionKind::Elapsed { difference, qualifier } => write!(f, "({difference}) {qualifier}"),
        ExpressionKind::MatchSemantics { running, operand } => {
            let word = if *running { "RUNNING" } else { "FINAL" };
            write!(f, "{word} {operand}")
        }
        _ => write_special_function(f, kind),
    }
}

fn write_unary(f: &mut Formatter<'_>, operator: UnaryOperator, operand: &Expression) -> Result {
    let sign = match operator {
        UnaryOperator::Not => {
            return write!(f, "NOT {}", Operand(operand, precedence::NOT));
        }
        UnaryOperator::Plus => "+",
        UnaryOperator::Minus => "-",
    };
    // `--` would begin a comment. A space and no parentheses: those would nest the text deeper than it was.
    let is_signed =
        matches!(operand.kind, ExpressionKind::Unary { operator: UnaryOperator::Plus | UnaryOperator::Minus, .. });
    let space = if is_signed { " " } else { "" };
    write!(f, "{sign}{space}{}", Operand(operand, precedence::SIGN))
}

/// Prints what `[index]` or `.field` follows: in parentheses unless it ends with a bracket of its own.
fn write_container(f: &mut Formatter<'_>, container: &Expression) -> Result {
    let closed = match &container.kind {
        ExpressionKind::Name(_)
        | ExpressionKind::Item { .. }
        | ExpressionKind::Field { .. }
        | ExpressionKind::Row(_)
        | ExpressionKind::Array(_)
        | ExpressionKind::Map(_)
        | ExpressionKind::Multiset(_)
        | ExpressionKind::Cast { .. } => true,
        ExpressionKind::Function(call) => {
            !matches!(call.arguments, FunctionArguments::Absent) && call.null_treatment.is_none() && call.over.is_none()
        }
        _ => false,
    };
    match closed {
        true => write!(f, "{container}"),
        false => write!(f, "({container})"),
    }
}

fn write_predicate(f: &mut Formatter<'_>, kind: &ExpressionKind) -> Result {
    let binding = precedence_of(kind);
    let not = |negated: &bool| if *negated { "NOT " } else { "" };
    match kind {
        ExpressionKind::Is { operand, negated, test } => {
            write!(f, "{} IS {}{test}", Operand(operand, binding), not(negated))
        }
        ExpressionKind::IsDistinctFrom { left, right, negated } => {
            let (left, right) = (Operand(left, binding), Operand(right, binding + 1));
            write!(f, "{left} IS {}DISTINCT FROM {right}", not(negated))
        }
        ExpressionKind::Between { operand, low, high, negated, symmetric } => {
            let operand = Operand(operand, binding);
            let symmetric = if *symmetric { "SYMMETRIC " } else { "" };
            let low = Operand(low, precedence::BETWEEN_LOW);
            let high = Operand(high, binding + 1);
            let not = not(negated);
            write!(f, "{operand} {not}BETWEEN {symmetric}{low} AND {high}")
        }
        ExpressionKind::Like { operand, kind, negated, pattern, escape } => {
            let (operand, pattern) = (Operand(operand, binding), Operand(pattern, binding + 1));
            write!(f, "{operand} {}{kind} {pattern}", not(negated))?;
            match escape {
                Some(escape) => write!(f, " ESCAPE {}", Operand(escape, binding + 1)),
                None => Ok(()),
            }
        }
        ExpressionKind::In { operand, negated, set } => {
            write!(f, "{} {}IN ({set})", Operand(operand, binding), not(negated))
        }
        ExpressionKind::Quantified { left, operator, quantifier, set } => {
            write!(f, "{} {operator} {quantifier} ({set})", Operand(left, binding))
        }
        _ => Ok(()),
    }
}

fn write_constructor(f: &mut Formatter<'_>, kind: &ExpressionKind) -> Result {
    let (name, items) = match kind {
        ExpressionKind::ArrayQuery(query) => return write!(f, "ARRAY({query})"),
        ExpressionKind::MapQuery(query) => return write!(f, "MAP({query})"),
        ExpressionKind::MultisetQuery(query) => return write!(f, "MULTISET({query})"),
        ExpressionKind::Descriptor(columns) => {
            f.write_str("DESCRIPTOR(")?;
            write_list(f, columns)?;
            return f.write_str(")");
        }
        ExpressionKind::Map(entries) => {
            f.write_str("MAP[")?;
            write_list(f, entries)?;
            return f.write_str("]");
        }
        ExpressionKind::Row(items) => {
            f.write_str("ROW(")?;
            write_list(f, items)?;
            return f.write_str(")");
        }
        ExpressionKind::Array(items) => ("ARRAY", items),
        ExpressionKind::Multiset(items) => ("MULTISET", items),
        _ => return Ok(()),
    };
    write!(f, "{name}[")?;
    write_list(f, items)?;
    f.write_str("]")
}

fn write_special_function(f: &mut Formatter<'_>, kind: &ExpressionKind) -> Result {
    match kind {
        ExpressionKind::Cast { operand, data_type, null_on_failure } => {
            write_if(f, *null_on_failure, "TRY_")?;
            write!(f, "CAST({operand} AS {data_type})")
        }
        ExpressionKind::Extract { unit, operand } => write!(f, "EXTRACT({unit} FROM {operand})"),
        ExpressionKind::RoundToUnit { direction, operand, unit } => {
            f.write_str(match direction {
                RoundDirection::Floor => "FLOOR(",
                RoundDirection::Ceil => "CEIL(",
            })?;
            // `INTERVAL '1' DAY TO ..` would go on with the unit.
            match matches!(operand.kind, ExpressionKind::Name(_) | ExpressionKind::Function(_)) {
                true => write!(f, "{operand} TO {unit})"),
                false => write!(f, "({operand}) TO {unit})"),
            }
        }
        ExpressionKind::TimestampAdd { unit, count, timestamp } => {
            write!(f, "TIMESTAMPADD({unit}, {count}, {timestamp})")
        }
        ExpressionKind::TimestampDiff { unit, from, to } => {
            write!(f, "TIMESTAMPDIFF({unit}, {from}, {to})")
        }
        ExpressionKind::Trim { side, characters, operand } => {
            write!(f, "TRIM({side}")?;
            write_optional(f, " ", characters.as_ref())?;
            write!(f, " FROM {operand})")
        }
        _ => Ok(()),
    }
}

impl Display for BinaryOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Remainder => "%",
            BinaryOperator::Plus => "+",
            BinaryOperator::Minus => "-",
            BinaryOperator::Concatenate => "||",
            BinaryOperator::Equal => "=",
            BinaryOperator::NotEqual => "<>",
            BinaryOperator::Less => "<",
            BinaryOperator::LessOrEqual => "<=",
            BinaryOperator::Greater => ">",
            BinaryOperator::GreaterOrEqual => ">=",
            BinaryOperator::And => "AND",
            BinaryOperator::Or => "OR",
            BinaryOperator::Overlaps => "OVERLAPS",
            BinaryOperator::Contains => "CONTAINS",
            BinaryOperator::PeriodEquals => "EQUALS",
            BinaryOperator::Precedes => "PRECEDES",
            BinaryOperator::Succeeds => "SUCCEEDS",
            BinaryOperator::ImmediatelyPrecedes => "IMMEDIATELY PRECEDES",
            BinaryOperator::ImmediatelySucceeds => "IMMEDIATELY SUCCEEDS",
            BinaryOperator::MultisetUnion => "MULTISET UNION ALL",
            BinaryOperator::MultisetUnionDistinct => "MULTISET UNION DISTINCT",
            BinaryOperator::MultisetIntersect => "MULTISET INTERSECT ALL",
            BinaryOperator::MultisetIntersectDistinct => "MULTISET INTERSECT DISTINCT",
            BinaryOperator::MultisetExcept => "MULTISET EXCEPT ALL",
            BinaryOperator::MultisetExceptDistinct => "MULTISET EXCEPT DISTINCT",
            BinaryOperator::MemberOf => "MEMBER OF",
            BinaryOperator::SubmultisetOf => "SUBMULTISET OF",
        })
    }
}

impl Display for IsTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            IsTest::Null => "NULL",
            IsTest::True => "TRUE",
            IsTest::False => "FALSE",
            IsTest::Unknown => "UNKNOWN",
            IsTest::Set => "A SET",
            IsTest::Empty => "EMPTY",
            IsTest::Json(JsonItemKind::Value) => "JSON VALUE",
            IsTest::Json(JsonItemKind::Object) => "JSON OBJECT",
            IsTest::Json(JsonItemKind::Array) => "JSON ARRAY",
            IsTest::Json(JsonItemKind::Scalar) => "JSON SCALAR",
        })
    }
}

impl Display for LikeKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            LikeKind::Like => "LIKE",
            LikeKind::ILike => "ILIKE",
            LikeKind::RLike => "RLIKE",
            LikeKind::SimilarTo => "SIMILAR TO",
        })
    }
}

impl Display for ComparisonQuantifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            ComparisonQuantifier::Any => "ANY",
            ComparisonQuantifier::All => "ALL",
        })
    }
}

impl Display for InSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            InSet::Values(values) => write_list(f, values),
            InSet::Query(query) => write!(f, "{query}"),
        }
    }
}

impl Display for CaseBranch {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("WHEN ")?;
        write_list(f, &self.conditions)?;
        write!(f, " THEN {}", self.result)
    }
}

impl Display for TrimSide {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            TrimSide::Both => "BOTH",
            TrimSide::Leading => "LEADING",
            TrimSide::Trailing => "TRAILING",
        })
    }
}

impl Display for MapEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}, {}", self.key, self.value)
    }
}

impl Display for TableArgument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.source {
            TableArgumentSource::Name(name) => write!(f, "TABLE {name}")?,
            TableArgumentSource::Query(query) => write!(f, "({query})")?,
        }
        super::write_clause(f, " PARTITION BY (", &self.partition_by, ")")?;
        super::write_clause(f, " ORDER BY (", &self.order_by, ")")
    }
}
