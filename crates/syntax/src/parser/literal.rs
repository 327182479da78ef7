//! Literals and interval qualifiers.

use super::{Parsed, Parser};
use crate::ParseError;
use crate::ast::{IntervalLiteral, IntervalQualifier, Literal, TimeUnit};
use crate::lexer::resolve_unicode;
use crate::token::TokenKind;

/// The names of units of time; those from `SQL_TSI_` on are ODBC's.
pub(crate) const TIME_UNITS: &[(&str, TimeUnit)] = &[
    ("MILLENNIUM", TimeUnit::Millennium),
    ("CENTURY", TimeUnit::Century),
    ("DECADE", TimeUnit::Decade),
    ("YEAR", TimeUnit::Year),
    ("ISOYEAR", TimeUnit::IsoYear),
    ("QUARTER", TimeUnit::Quarter),
    ("MONTH", TimeUnit::Month),
    ("WEEK", TimeUnit::Week),
    ("DOY", TimeUnit::DayOfYear),
    ("DOW", TimeUnit::DayOfWeek),
    ("ISODOW", TimeUnit::IsoDayOfWeek),
    ("DAY", TimeUnit::Day),
    ("HOUR", TimeUnit::Hour),
    ("MINUTE", TimeUnit::Minute),
    ("SECOND", TimeUnit::Second),
    ("MILLISECOND", TimeUnit::Millisecond),
    ("MICROSECOND", TimeUnit::Microsecond),
    ("NANOSECOND", TimeUnit::Nanosecond),
    ("EPOCH", TimeUnit::Epoch),
    ("DAYOFYEAR", TimeUnit::DayOfYear),
    ("DAYOFWEEK", TimeUnit::DayOfWeek),
    ("YEARS", TimeUnit::Year),
    ("QUARTERS", TimeUnit::Quarter),
    ("MONTHS", TimeUnit::Month),
    ("WEEKS", TimeUnit::Week),
    ("DAYS", TimeUnit::Day),
    ("HOURS", TimeUnit::Hour),
    ("MINUTES", TimeUnit::Minute),
    ("SECONDS", TimeUnit::Second),
    ("SQL_TSI_YEAR", TimeUnit::Year),
    ("SQL_TSI_QUARTER", TimeUnit::Quarter),
    ("SQL_TSI_MONTH", TimeUnit::Month),
    ("SQL_TSI_WEEK", TimeUnit::Week),
    ("SQL_TSI_DAY", TimeUnit::Day),
    ("SQL_TSI_HOUR", TimeUnit::Hour),
    ("SQL_TSI_MINUTE", TimeUnit::Minute),
    ("SQL_TSI_SECOND", TimeUnit::Second),
    ("SQL_TSI_MICROSECOND", TimeUnit::Microsecond),
    ("SQL_TSI_FRAC_SECOND", TimeUnit::Nanosecond),
    ("FRAC_SECOND", TimeUnit::Microsecond),
];

impl Parser<'_> {
    /// Whether the token `ahead` begins a string.
    pub(super) fn is_text_at(&self, ahead: usize) -> bool {
        let kind = &self.token_at(ahead).kind;
        matches!(kind, TokenKind::Text(_) | TokenKind::UnicodeText(_))
    }

    /// A string: one literal or several that follow each other.
    pub(super) fn text(&mut self) -> Parsed<String> {
        if !self.is_text_at(0) {
            return Err(self.unexpected(&["a string"]));
        }
        let start = self.start();
        let mut value = String::new();
        let mut escaped = false;
        loop {
            match self.kind() {
                TokenKind::Text(part) => value.push_str(part),
                TokenKind::UnicodeText(part) => {
                    value.push_str(part);
                    escaped = true;
                }
                _ => break,
            }
            self.advance();
        }
        if !escaped {
            return Ok(value);
        }
        let escape = self.unicode_escape()?;
        let resolved = resolve_unicode(&value, escape);
        resolved.map_err(|reason| ParseError::new(reason, self.span_from(start)))
    }

    /// `[UESCAPE 'c']`
    fn unicode_escape(&mut self) -> Parsed<char> {
        if !self.take_keyword("UESCAPE") {
            return Ok('\\');
        }
        let wrong = self.error_here("UESCAPE needs one character that is no hexadecimal digit, quote, plus or blank");
        let text = self.text()?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(c), None) if !c.is_ascii_hexdigit() && !matches!(c, '+' | '\'' | '"' | ' ' | '\t') => Ok(c),
            _ => Err(wrong),
        }
    }

    /// A literal, if one comes next.
    pub(super) fn optional_literal(&mut self) -> Parsed<Option<Literal>> {
        if self.is_text_at(0) {
            return Ok(Some(Literal::String(self.text()?)));
        }
        let text = self.token_at(0).span.text(self.source);
        match self.kind() {
            TokenKind::Number => {
                let literal = Literal::Number(text.to_string());
                self.advance();
                Ok(Some(literal))
            }
            TokenKind::Approximate => {
                let literal = Literal::ApproximateNumber(text.to_string());
                self.advance();
                Ok(Some(literal))
            }
            TokenKind::Bytes(_) => Ok(Some(self.bytes())),
            TokenKind::Word(Some(keyword)) => {
                let keyword = *keyword;
                self.keyword_literal(keyword)
            }
            TokenKind::Symbol("{") => self.odbc_literal(),
            _ => Ok(None),
        }
    }

    /// A binary string: one literal, or one and its continuations, which are plain strings of digits or binary too.
    fn bytes(&mut self) -> Literal {
        let mut value = Vec::new();
        while let TokenKind::Bytes(part) = self.kind() {
            value.extend_from_slice(part);
            self.advance();
        }
        Literal::Binary(value)
    }

    fn keyword_literal(&mut self, keyword: &'static str) -> Parsed<Option<Literal>> {
        let simple = match keyword {
            "NULL" => Literal::Null,
            "TRUE" => Literal::Boolean(true),
            "FALSE" => Literal::Boolean(false),
            "UNKNOWN" => Literal::Unknown,
            "DATE" if self.is_text_at(1) => return self.typed(Literal::Date),
            "TIME" if self.is_text_at(1) => return self.typed(Literal::Time),
            "TIMESTAMP" | "DATETIME" if self.is_text_at(1) => {
                return self.typed(Literal::Timestamp);
            }
            "TIMESTAMP" if self.keyword_at(1) == Some("WITH") => {
                self.advance();
                self.expect_keywords(&["WITH", "LOCAL", "TIME", "ZONE"])?;
                return Ok(Some(Literal::TimestampLtz(self.text()?)));
            }
            "INTERVAL" if self.is_interval_literal() => {
                return Ok(Some(Literal::Interval(self.interval_literal()?)));
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(simple))
    }

    fn typed(&mut self, literal: fn(String) -> Literal) -> Parsed<Option<Literal>> {
        self.advance();
        self.text().map(|value| Some(literal(value)))
    }

    /// `{d '..'}`, `{t '..'}`, `{ts '..'}`
    fn odbc_literal(&mut self) -> Parsed<Option<Literal>> {
        let word = self.token_at(1).span.text(self.source);
        let literal = match word.to_ascii_lowercase().as_str() {
            "d" => Literal::Date,
            "t" => Literal::Time,
            "ts" => Literal::Timestamp,
            _ => return Ok(None),
        };
        self.advance();
        self.advance();
        let value = self.text()?;
        self.expect_symbol("}")?;
        Ok(Some(literal(value)))
    }

    fn is_interval_literal(&self) -> bool {
        let sign = usize::from(matches!(self.symbol_at(1), Some("+" | "-")));
        self.is_text_at(1 + sign)
    }

    /// `INTERVAL [+|-] '..' qualifier`
    pub(super) fn interval_literal(&mut self) -> Parsed<IntervalLiteral> {
        self.expect_keyword("INTERVAL")?;
        let negative = self.take_symbol("-");
        if !negative {
            self.take_symbol("+");
        }
        let value = self.text()?;
        let qualifier = self.interval_qualifier()?;
        Ok(IntervalLiteral { negative, value, qualifier })
    }

    /// `DAY[(p)] [TO SECOND[(p)]]`
    pub(super) fn interval_qualifier(&mut self) -> Parsed<IntervalQualifier> {
        let begin = self.start();
        let start = self.time_unit()?;
        let mut fractional_precision = None;
        let mut precision = None;
        if self.take_symbol("(") {
            precision = Some(self.unsigned()?);
            if start == TimeUnit::Second && self.take_symbol(",") {
                fractional_precision = Some(self.unsigned()?);
            }
            self.expect_symbol(")")?;
        }
        let mut end = None;
        if self.at_keyword("TO") && self.is_time_unit_at(1) {
            self.advance();
            end = Some(self.time_unit()?);
            if end == Some(TimeUnit::Second) && self.at_symbol("(") {
                fractional_precision = Some(self.parenthesized(Self::unsigned)?);
            }
        }
        Ok(IntervalQualifier { start, precision, end, fractional_precision, span: self.span_from(begin) })
    }

    pub(super) fn is_time_unit_at(&self, ahead: usize) -> bool {
        let keyword = self.keyword_at(ahead);
        TIME_UNITS.iter().any(|(name, _)| Some(*name) == keyword)
    }

    pub(super) fn time_unit(&mut self) -> Parsed<TimeUnit> {
        let keyword = self.keyword_at(0);
        match TIME_UNITS.iter().find(|(name, _)| Some(*name) == keyword) {
            Some((_, unit)) => {
                self.advance();
                Ok(*unit)
            }
            None => Err(self.unexpected(&["a unit of time such as DAY"])),
        }
    }

    /// A whole number, e.g. a length or a precision.
    pub(super) fn unsigned(&mut self) -> Parsed<u32> {
        if *self.kind() != TokenKind::Number {
            return Err(self.unexpected(&["a whole number"]));
        }
        let text = self.token_at(0).span.text(self.source);
        let Ok(value) = text.parse() else {
            return Err(self.error_here(format!("`{text}` is no whole number below 2^32")));
        };
        self.advance();
        Ok(value)
    }

    /// A number as written.
    pub(super) fn number_text(&mut self) -> Parsed<String> {
        if !matches!(self.kind(), TokenKind::Number | TokenKind::Approximate) {
            return Err(self.unexpected(&["a number"]));
        }
        let span = self.advance();
        Ok(span.text(self.source).to_string())
    }
}
