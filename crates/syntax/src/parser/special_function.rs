//! Functions with a syntax of their own, e.g. `CAST(a AS t)`.

use super::{Parsed, Parser};
use crate::ast::{
    Expression, ExpressionKind, FunctionArgument, FunctionArguments, FunctionCall, Identifier, ObjectName,
    RoundDirection, TrimSide,
};

impl Parser<'_> {
    /// The function, if this keyword names one with a syntax of its own. The keyword comes next, then `(`.
    pub(super) fn special_function(&mut self, keyword: &'static str) -> Parsed<Option<ExpressionKind>> {
        match keyword {
            "CAST" => self.cast(false),
            "TRY_CAST" => self.cast(true),
            "EXTRACT" => self.extract(),
            "FLOOR" => self.round_to_unit(RoundDirection::Floor),
            "CEIL" | "CEILING" => self.round_to_unit(RoundDirection::Ceil),
            "TIMESTAMPADD" => self.timestamp_add(),
            "TIMESTAMPDIFF" => self.timestamp_diff(),
            "TRIM" => self.trim(),
            "SUBSTRING" => self.call_with_words(&[&["FROM"], &["FOR"]]),
            "OVERLAY" => self.call_with_words(&[&["PLACING"], &["FROM"], &["FOR"]]),
            "POSITION" => self.call_with_words(&[&["IN"], &["FROM"]]),
            "CONVERT" | "TRANSLATE" => self.convert(),
            "DESCRIPTOR" => self.descriptor(),
            "PERIOD" => self.period(),
            _ => return Ok(None),
        }
        .map(Some)
    }

    fn cast(&mut self, null_on_failure: bool) -> Parsed<ExpressionKind> {
        self.advance();
        self.expect_symbol("(")?;
        let operand = Box::new(self.expression()?);
        self.expect_keyword("AS")?;
        let data_type = Box::new(self.data_type()?);
        self.expect_symbol(")")?;
        Ok(ExpressionKind::Cast { operand, data_type, null_on_failure })
    }

    fn extract(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        self.expect_symbol("(")?;
        let unit = self.time_unit()?;
        self.expect_keyword("FROM")?;
        let operand = Box::new(self.expression()?);
        self.expect_symbol(")")?;
        Ok(ExpressionKind::Extract { unit, operand })
    }

    /// `FLOOR(a TO DAY)`, or the plain `FLOOR(a)`
    fn round_to_unit(&mut self, direction: RoundDirection) -> Parsed<ExpressionKind> {
        let start = self.start();
        let name = self.reserved_name();
        self.expect_symbol("(")?;
        let operand = self.expression()?;
        if !self.take_keyword("TO") {
            return self.finish_call(name, start, vec![operand]);
        }
        let unit = self.time_unit()?;
        self.expect_symbol(")")?;
        Ok(ExpressionKind::RoundToUnit { direction, operand: Box::new(operand), unit })
    }

    /// Takes the rest of an ordinary call and gives it.
    fn finish_call(&mut self, name: ObjectName, start: usize, mut operands: Vec<Expression>) -> Parsed<ExpressionKind> {
        while self.take_symbol(",") {
            operands.push(self.expression()?);
        }
        self.expect_symbol(")")?;
        let arguments = operands.into_iter().map(|value| FunctionArgument { name: None, span: value.span, value });
        let list = FunctionArguments::List(arguments.collect());
        let call = FunctionCall::new(name, list, self.span_from(start));
        Ok(ExpressionKind::Function(Box::new(call)))
    }

    /// A call whose operands are separated by words, e.g. `SUBSTRING(a FROM b FOR c)`, or by commas.
    fn call_with_words(&mut self, words: &[&[&str]]) -> Parsed<ExpressionKind> {
        let start = self.start();
        let name = self.reserved_name();
        self.expect_symbol("(")?;
        // `POSITION(a IN b)`: IN must not be taken for the operator.
        let mut operands = vec![match words.first() {
            Some(&["IN"]) => self.nested(Self::primary_or_arithmetic)?,
            _ => self.expression()?,
        }];
        for alternatives in words {
            if alternatives.iter().any(|word| self.take_keyword(word)) {
                operands.push(self.expression()?);
            }
        }
        self.finish_call(name, start, operands)
    }

    fn timestamp_add(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        self.expect_symbol("(")?;
        let unit = self.time_unit()?;
        self.expect_symbol(",")?;
        let count = Box::new(self.expression()?);
        self.expect_symbol(",")?;
        let timestamp = Box::new(self.expression()?);
        self.expect_symbol(")")?;
        Ok(ExpressionKind::TimestampAdd { unit, count, timestamp })
    }

    fn timestamp_diff(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        self.expect_symbol("(")?;
        let unit = self.time_unit()?;
        self.expect_symbol(",")?;
        let from = Box::new(self.expression()?);
        self.expect_symbol(",")?;
        let to = Box::new(self.expression()?);
        self.expect_symbol(")")?;
        Ok(ExpressionKind::TimestampDiff { unit, from, to })
    }

    /// `TRIM([BOTH|LEADING|TRAILING] [characters] [FROM] operand)`
    fn trim(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        self.expect_symbol("(")?;
        let side = match self.keyword_at(0) {
            Some("BOTH") => Some(TrimSide::Both),
            Some("LEADING") => Some(TrimSide::Leading),
            Some("TRAILING") => Some(TrimSide::Trailing),
            _ => None,
        };
        if side.is_some() {
            self.advance();
        }
        let mut characters = None;
        let mut operand = None;
        if !self.at_keyword("FROM") {
            operand = Some(Box::new(self.expression()?));
        }
        if self.take_keyword("FROM") {
            characters = operand;
            operand = Some(Box::new(self.expression()?));
        }
        let Some(operand) = operand.filter(|_| side.is_none() || self.at_symbol(")")) else {
            return Err(self.unexpected(&["FROM"]));
        };
        self.expect_symbol(")")?;
        Ok(ExpressionKind::Trim { side: side.unwrap_or(TrimSide::Both), characters, operand })
    }

    /// `TRANSLATE(a USING charset)`, `CONVERT(a USING charset)`; or an ordinary call. The character set becomes an
    /// argument named USING.
    fn convert(&mut self) -> Parsed<ExpressionKind> {
        let start = self.start();
        let name = self.reserved_name();
        self.expect_symbol("(")?;
        let operand = self.expression()?;
        if !self.at_keyword("USING") {
            return self.finish_call(name, start, vec![operand]);
        }
        let using = self.advance();
        let charset = self.object_name()?;
        self.expect_symbol(")")?;
        let operand = FunctionArgument { name: None, span: operand.span, value: operand };
        let charset = FunctionArgument {
            name: Some(Identifier { value: "USING".to_string(), span: using }),
            span: using.to(charset.span),
            value: Expression { span: charset.span, kind: ExpressionKind::Name(charset) },
        };
        let list = FunctionArguments::List(vec![operand, charset]);
        let call = FunctionCall::new(name, list, self.span_from(start));
        Ok(ExpressionKind::Function(Box::new(call)))
    }

    fn descriptor(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        self.parenthesized_list(Self::object_name).map(ExpressionKind::Descriptor)
    }

    /// `PERIOD (a, b)`, the same as the pair
    fn period(&mut self) -> Parsed<ExpressionKind> {
        self.advance();
        self.parenthesized_list(Self::expression).map(ExpressionKind::Row)
    }
}
