//! Operators, by precedence climbing.

use super::{Parsed, Parser};
use crate::ast::{
    BinaryOperator, ComparisonQuantifier, Expression, ExpressionKind, InSet, IsTest, JsonItemKind, LikeKind,
    UnaryOperator,
};
use crate::precedence;

/// An operator that stands after its first operand.
#[derive(Clone, Copy)]
enum Infix {
    Binary(BinaryOperator),
    Is,
    Between { negated: bool },
    Like { negated: bool, kind: LikeKind },
    In { negated: bool },
}

impl Infix {
    fn precedence(self) -> u8 {
        match self {
            Infix::Binary(operator) => precedence::of_binary(operator),
            Infix::Is => precedence::IS,
            Infix::Between { .. } | Infix::Like { .. } | Infix::In { .. } => precedence::PREDICATE,
        }
    }
}

impl Parser<'_> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.operand(precedence::ANY)
    }

    /// An expression of arithmetic only, without predicates and AND. To be called through [`Parser::nested`].
    pub(super) fn primary_or_arithmetic(&mut self) -> Parsed<Expression> {
        self.operator_chain(precedence::PREDICATE + 1)
    }

    /// An expression whose operators all bind at least as tightly as `minimum`.
    fn operand(&mut self, minimum: u8) -> Parsed<Expression> {
        self.nested(|parser| parser.operator_chain(minimum))
    }

    fn boxed_operand(&mut self, minimum: u8) -> Parsed<Box<Expression>> {
        self.operand(minimum).map(Box::new)
    }

    fn operator_chain(&mut self, minimum: u8) -> Parsed<Expression> {
        let start = self.start();
        let mut left = self.prefixed()?;
        while let Some((infix, token_count)) = self.infix() {
            let distinct_from = matches!(infix, Infix::Is) && self.is_distinct_from();
            let binding = match distinct_from {
                true => precedence::COMPARISON,
                false => infix.precedence(),
            };
            if binding < minimum {
                break;
            }
            for _ in 0..token_count {
                self.advance();
            }
            let kind = self.infix_operation(Box::new(left), infix)?;
            let span = self.span_from(start);
            left = Expression { kind, span };
            self.grow_tree()?;
        }
        Ok(left)
    }

    fn prefixed(&mut self) -> Parsed<Expression> {
        let start = self.start();
        let operator = if self.take_symbol("-") {
            UnaryOperator::Minus
        } else if self.take_symbol("+") {
            UnaryOperator::Plus
        } else if self.take_keyword("NOT") {
            UnaryOperator::Not
        } else {
            return self.primary();
        };
        let operand = self.boxed_operand(precedence::of_unary(operator))?;
        Ok(Expression { kind: ExpressionKind::Unary { operator, operand }, span: self.span_from(start) })
    }

    /// The operator that comes next and how many tokens it has, if it is one.
    fn infix(&self) -> Option<(Infix, usize)> {
        match self.symbol_at(0) {
            Some(symbol) => self.symbol_operator(symbol).map(|o| (Infix::Binary(o), 1)),
            None => self.keyword_infix(self.keyword_at(0)?),
        }
    }

    fn symbol_operator(&self, symbol: &str) -> Option<BinaryOperator> {
        Some(match symbol {
            "*" => BinaryOperator::Multiply,
            "/" => BinaryOperator::Divide,
            "%" => BinaryOperator::Remainder,
            "+" => BinaryOperator::Plus,
            "-" => BinaryOperator::Minus,
            "||" => BinaryOperator::Concatenate,
            "=" => BinaryOperator::Equal,
            "<>" | "!=" => BinaryOperator::NotEqual,
            "<" => BinaryOperator::Less,
            "<=" => BinaryOperator::LessOrEqual,
            ">" => BinaryOperator::Greater,
            ">=" => BinaryOperator::GreaterOrEqual,
            _ => return None,
        })
    }

    fn keyword_infix(&self, keyword: &str) -> Option<(Infix, usize)> {
        if keyword == "NOT" {
            let (infix, count) = self.predicate(self.keyword_at(1)?, true)?;
            return Some((infix, count + 1));
        }
        if let Some(predicate) = self.predicate(keyword, false) {
            return Some(predicate);
        }
        let next = self.keyword_at(1);
        let (operator, count) = match (keyword, next) {
            ("IS", _) => return Some((Infix::Is, 1)),
            ("AND", _) => (BinaryOperator::And, 1),
            ("OR", _) => (BinaryOperator::Or, 1),
            ("OVERLAPS", _) => (BinaryOperator::Overlaps, 1),
            ("CONTAINS", _) => (BinaryOperator::Contains, 1),
            ("EQUALS", _) => (BinaryOperator::PeriodEquals, 1),
            ("PRECEDES", _) => (BinaryOperator::Precedes, 1),
            ("SUCCEEDS", _) => (BinaryOperator::Succeeds, 1),
            ("IMMEDIATELY", Some("PRECEDES")) => (BinaryOperator::ImmediatelyPrecedes, 2),
            ("IMMEDIATELY", Some("SUCCEEDS")) => (BinaryOperator::ImmediatelySucceeds, 2),
            ("MEMBER", Some("OF")) => (BinaryOperator::MemberOf, 2),
            ("SUBMULTISET", Some("OF")) => (BinaryOperator::SubmultisetOf, 2),
            ("MULTISET", Some(next)) => self.multiset_operator(next)?,
            _ => return None,
        };
        Some((Infix::Binary(operator), count))
    }

    fn predicate(&self, keyword: &str, negated: bool) -> Option<(Infix, usize)> {
        let like = |kind| Infix::Like { negated, kind };
        Some(match keyword {
            "BETWEEN" => (Infix::Between { negated }, 1),
            "IN" => (Infix::In { negated }, 1),
            "LIKE" => (like(LikeKind::Like), 1),
            "ILIKE" => (like(LikeKind::ILike), 1),
            "RLIKE" => (like(LikeKind::RLike), 1),
            "SIMILAR" => (like(LikeKind::SimilarTo), 1),
            _ => return None,
        })
    }

    /// `MULTISET UNION|INTERSECT|EXCEPT [ALL|DISTINCT]`
    fn multiset_operator(&self, operation: &str) -> Option<(BinaryOperator, usize)> {
        let quantifier = self.keyword_at(2);
        let distinct = quantifier == Some("DISTINCT");
        let count = 2 + usize::from(distinct || quantifier == Some("ALL"));
        let operator = match (operation, distinct) {
            ("UNION", false) => BinaryOperator::MultisetUnion,
            ("UNION", true) => BinaryOperator::MultisetUnionDistinct,
            ("INTERSECT", false) => BinaryOperator::MultisetIntersect,
            ("INTERSECT", true) => BinaryOperator::MultisetIntersectDistinct,
            ("EXCEPT", false) => BinaryOperator::MultisetExcept,
            ("EXCEPT", true) => BinaryOperator::MultisetExceptDistinct,
            _ => return None,
        };
        Some((operator, count))
    }

    /// Whether `IS [NOT] DISTINCT FROM` comes next, which binds like a comparison.
    fn is_distinct_from(&self) -> bool {
        self.at_keywords(&["IS", "DISTINCT"]) || self.at_keywords(&["IS", "NOT", "DISTINCT"])
    }

    /// What follows an operator whose own words have been taken.
    fn infix_operation(&mut self, left: Box<Expression>, infix: Infix) -> Parsed<ExpressionKind> {
        match infix {
            Infix::Binary(operator) => self.binary(left, operator),
            Infix::Is => self.is_test(left),
            Infix::Between { negated } => self.between(left, negated),
            Infix::Like { negated, kind } => self.like(left, negated, kind),
            Infix::In { negated } => Ok(ExpressionKind::In { operand: left, negated, set: self.in_set()? }),
        }
    }

    fn binary(&mut self, left: Box<Expression>, operator: BinaryOperator) -> Parsed<ExpressionKind> {
        if precedence::is_comparison(operator)
            && let Some(quantifier) = self.comparison_quantifier()
        {
            self.advance();
            let set = self.in_set()?;
            return Ok(ExpressionKind::Quantified { left, operator, quantifier, set });
        }
        let right = self.boxed_operand(precedence::of_binary(operator) + 1)?;
        Ok(ExpressionKind::Binary { left, operator, right })
    }

    fn comparison_quantifier(&self) -> Option<ComparisonQuantifier> {
        match self.keyword_at(0) {
            Some("ANY" | "SOME") => Some(ComparisonQuantifier::Any),
            Some("ALL") => Some(ComparisonQuantifier::All),
            _ => None,
        }
    }

    fn between(&mut self, operand: Box<Expression>, negated: bool) -> Parsed<ExpressionKind> {
        let symmetric = self.take_keyword("SYMMETRIC");
        if !symmetric {
            self.take_keyword("ASYMMETRIC");
        }
        let low = self.boxed_operand(precedence::BETWEEN_LOW)?;
        self.expect_keyword("AND")?;
        let high = self.boxed_operand(precedence::PREDICATE + 1)?;
        Ok(ExpressionKind::Between { operand, low, high, negated, symmetric })
    }

    fn like(&mut self, operand: Box<Expression>, negated: bool, kind: LikeKind) -> Parsed<ExpressionKind> {
        if kind == LikeKind::SimilarTo {
            self.expect_keyword("TO")?;
        }
        let pattern = self.boxed_operand(precedence::PREDICATE + 1)?;
        let mut escape = None;
        if self.take_keyword("ESCAPE") {
            escape = Some(self.boxed_operand(precedence::PREDICATE + 1)?);
        }
        Ok(ExpressionKind::Like { operand, kind, negated, pattern, escape })
    }

    /// `(query)` or `(a, b)`
    fn in_set(&mut self) -> Parsed<InSet> {
        if self.parenthesis_holds_query() {
            let query = self.parenthesized(Self::query)?;
            return Ok(InSet::Query(Box::new(query)));
        }
        self.parenthesized_list(Self::expression).map(InSet::Values)
    }

    /// `[NOT] test` after IS
    fn is_test(&mut self, operand: Box<Expression>) -> Parsed<ExpressionKind> {
        let negated = self.take_keyword("NOT");
        if self.take_keyword("DISTINCT") {
            self.expect_keyword("FROM")?;
            let right = self.boxed_operand(precedence::COMPARISON + 1)?;
            return Ok(ExpressionKind::IsDistinctFrom { left: operand, right, negated });
        }
        let test = match self.keyword_at(0) {
            Some("NULL") => IsTest::Null,
            Some("TRUE") => IsTest::True,
            Some("FALSE") => IsTest::False,
            Some("UNKNOWN") => IsTest::Unknown,
            Some("EMPTY") => IsTest::Empty,
            Some("A") => {
                self.advance();
                IsTest::Set
            }
            Some("JSON") => self.json_item_test(),
            _ => {
                return Err(
                    self.unexpected(&["NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT", "JSON", "EMPTY", "A SET"])
                );
            }
        };
        if test == IsTest::Set {
            self.expect_keyword("SET")?;
        } else if !matches!(test, IsTest::Json(_)) {
            self.advance();
        }
        Ok(ExpressionKind::Is { operand, negated, test })
    }

    /// `JSON [VALUE|OBJECT|ARRAY|SCALAR]`
    fn json_item_test(&mut self) -> IsTest {
        self.advance();
        let kind = match self.keyword_at(0) {
            Some("VALUE") => JsonItemKind::Value,
            Some("OBJECT") => JsonItemKind::Object,
            Some("ARRAY") => JsonItemKind::Array,
            Some("SCALAR") => JsonItemKind::Scalar,
            _ => return IsTest::Json(JsonItemKind::Value),
        };
        self.advance();
        IsTest::Json(kind)
    }
}
