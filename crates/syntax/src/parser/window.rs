//! Windows of OVER aggregations.

use super::{Parsed, Parser};
use crate::ast::{NamedWindow, Over, WindowFrame, WindowFrameBound, WindowFrameUnit, WindowSpecification};

impl Parser<'_> {
    /// `[OVER w|OVER (..)]`
    pub(super) fn over(&mut self) -> Parsed<Option<Over>> {
        if !self.take_keyword("OVER") {
            return Ok(None);
        }
        if self.at_symbol("(") {
            let window = self.nested(Self::window_specification)?;
            return Ok(Some(Over::Window(Box::new(window))));
        }
        self.identifier().map(|name| Some(Over::Name(name)))
    }

    /// `name AS (..)` of the WINDOW clause
    pub(super) fn named_window(&mut self) -> Parsed<NamedWindow> {
        let name = self.identifier()?;
        self.expect_keyword("AS")?;
        let window = self.nested(Self::window_specification)?;
        Ok(NamedWindow { name, window })
    }

    fn window_specification(&mut self) -> Parsed<WindowSpecification> {
        let start = self.start();
        self.expect_symbol("(")?;
        let base = match self.is_identifier_at(0) {
            true => Some(self.identifier()?),
            false => None,
        };
        let mut partition_by = Vec::new();
        if self.take_keywords(&["PARTITION", "BY"]) {
            partition_by = self.comma_separated(Self::expression)?;
        }
        let order_by = self.order_by()?;
        let frame = self.window_frame()?;
        let allow_partial = if self.take_keywords(&["ALLOW", "PARTIAL"]) {
            Some(true)
        } else {
            self.take_keywords(&["DISALLOW", "PARTIAL"]).then_some(false)
        };
        self.expect_symbol(")")?;
        Ok(WindowSpecification { base, partition_by, order_by, frame, allow_partial, span: self.span_from(start) })
    }

    /// `[ROWS|RANGE ..]`
    fn window_frame(&mut self) -> Parsed<Option<WindowFrame>> {
        let start = self.start();
        let unit = if self.take_keyword("ROWS") {
            WindowFrameUnit::Rows
        } else if self.take_keyword("RANGE") {
            WindowFrameUnit::Range
        } else {
            return Ok(None);
        };
        let mut end = None;
        let begin = if self.take_keyword("BETWEEN") {
            let begin = self.frame_bound()?;
            self.expect_keyword("AND")?;
            end = Some(self.frame_bound()?);
            begin
        } else {
            self.frame_bound()?
        };
        Ok(Some(WindowFrame { unit, start: begin, end, span: self.span_from(start) }))
    }

    fn frame_bound(&mut self) -> Parsed<WindowFrameBound> {
        if self.take_keywords(&["CURRENT", "ROW"]) {
            return Ok(WindowFrameBound::CurrentRow);
        }
        if self.take_keywords(&["UNBOUNDED", "PRECEDING"]) {
            return Ok(WindowFrameBound::UnboundedPreceding);
        }
        if self.take_keywords(&["UNBOUNDED", "FOLLOWING"]) {
            return Ok(WindowFrameBound::UnboundedFollowing);
        }
        // AND separates the bounds, so the amount must bind tighter.
        let amount = Box::new(self.nested(Self::primary_or_arithmetic)?);
        if self.take_keyword("PRECEDING") {
            return Ok(WindowFrameBound::Preceding(amount));
        }
        if self.take_keyword("FOLLOWING") {
            return Ok(WindowFrameBound::Following(amount));
        }
        Err(self.unexpected(&["PRECEDING", "FOLLOWING"]))
    }
}
