//! The JSON functions of the SQL standard.

use super::{Parsed, Parser};
use crate::ast::{
    Expression, ExpressionKind, JsonEntry, JsonExistsBehavior, JsonFunction, JsonInput, JsonNullClause,
    JsonQueryBehavior, JsonQueryWrapper, JsonValueBehavior,
};

impl Parser<'_> {
    /// A JSON function; its name comes next.
    pub(super) fn json_function(&mut self, keyword: &'static str) -> Parsed<ExpressionKind> {
        let parse = match keyword {
            "JSON_EXISTS" => Self::json_exists,
            "JSON_VALUE" => Self::json_value,
            "JSON_QUERY" => Self::json_query,
            "JSON_OBJECT" => Self::json_object,
            "JSON_ARRAY" => Self::json_array,
            "JSON_OBJECTAGG" => Self::json_object_aggregate,
            "JSON_ARRAYAGG" => Self::json_array_aggregate,
            _ => return Err(self.unexpected(&["an expression"])),
        };
        self.advance();
        self.expect_symbol("(")?;
        let function = self.nested(parse)?;
        Ok(ExpressionKind::Json(Box::new(function)))
    }

    /// `input [FORMAT JSON], path`
    fn json_input_and_path(&mut self) -> Parsed<(Expression, Expression)> {
        let input = self.json_input()?.value;
        self.expect_symbol(",")?;
        let path = self.expression()?;
        Ok((input, path))
    }

    /// `value [FORMAT JSON]`
    fn json_input(&mut self) -> Parsed<JsonInput> {
        let value = self.expression()?;
        let format_json = self.take_keywords(&["FORMAT", "JSON"]);
        Ok(JsonInput { value, format_json })
    }

    fn json_exists(&mut self) -> Parsed<JsonFunction> {
        let (input, path) = self.json_input_and_path()?;
        let mut on_error = None;
        if !self.at_symbol(")") {
            on_error = Some(self.expect_one_of(&[
                ("TRUE", JsonExistsBehavior::True),
                ("FALSE", JsonExistsBehavior::False),
                ("UNKNOWN", JsonExistsBehavior::Unknown),
                ("ERROR", JsonExistsBehavior::Error),
            ])?);
            self.expect_keywords(&["ON", "ERROR"])?;
        }
        self.expect_symbol(")")?;
        Ok(JsonFunction::Exists { input, path, on_error })
    }

    fn json_value(&mut self) -> Parsed<JsonFunction> {
        let (input, path) = self.json_input_and_path()?;
        let returning = match self.take_keyword("RETURNING") {
            true => Some(self.data_type()?),
            false => None,
        };
        let mut on_empty = None;
        let mut on_error = None;
        while !self.at_symbol(")") {
            let behavior = self.json_value_behavior()?;
            match self.on_empty_or_error()? {
                true => on_empty = Some(behavior),
                false => on_error = Some(behavior),
            }
        }
        self.expect_symbol(")")?;
        Ok(JsonFunction::Value { input, path, returning, on_empty, on_error })
    }

    fn json_value_behavior(&mut self) -> Parsed<JsonValueBehavior> {
        if self.take_keyword("NULL") {
            return Ok(JsonValueBehavior::Null);
        }
        if self.take_keyword("ERROR") {
            return Ok(JsonValueBehavior::Error);
        }
        if self.take_keyword("DEFAULT") {
            return self.expression().map(JsonValueBehavior::Default);
        }
        Err(self.unexpected(&["NULL", "ERROR", "DEFAULT", ")"]))
    }

    /// Takes `ON EMPTY` (true) or `ON ERROR` (false).
    fn on_empty_or_error(&mut self) -> Parsed<bool> {
        self.expect_keyword("ON")?;
        self.expect_one_of(&[("EMPTY", true), ("ERROR", false)])
    }

    fn json_query(&mut self) -> Parsed<JsonFunction> {
        let (input, path) = self.json_input_and_path()?;
        let returning = match self.take_keyword("RETURNING") {
            true => Some(self.data_type()?),
            false => None,
        };
        let wrapper = self.json_wrapper()?;
        let mut on_empty = None;
        let mut on_error = None;
        while !self.at_symbol(")") {
            let behavior = self.json_query_behavior()?;
            match self.on_empty_or_error()? {
                true => on_empty = Some(behavior),
                false => on_error = Some(behavior),
            }
        }
        self.expect_symbol(")")?;
        Ok(JsonFunction::Query { input, path, returning, wrapper, on_empty, on_error })
    }

    /// `WITHOUT [ARRAY] WRAPPER`, `WITH [CONDITIONAL|UNCONDITIONAL] [ARRAY] WRAPPER`
    fn json_wrapper(&mut self) -> Parsed<Option<JsonQueryWrapper>> {
        let wrapper = if self.take_keyword("WITHOUT") {
            JsonQueryWrapper::Without
        } else if !self.take_keyword("WITH") {
            return Ok(None);
        } else if self.take_keyword("CONDITIONAL") {
            JsonQueryWrapper::Conditional
        } else {
            self.take_keyword("UNCONDITIONAL");
            JsonQueryWrapper::Unconditional
        };
        self.take_keyword("ARRAY");
        self.expect_keyword("WRAPPER")?;
        Ok(Some(wrapper))
    }

    fn json_query_behavior(&mut self) -> Parsed<JsonQueryBehavior> {
        let expected = ["NULL", "ERROR", "EMPTY ARRAY", "EMPTY OBJECT", ")"];
        let behavior = match (self.keyword_at(0), self.keyword_at(1)) {
            (Some("NULL"), _) => JsonQueryBehavior::Null,
            (Some("ERROR"), _) => JsonQueryBehavior::Error,
            (Some("EMPTY"), Some("OBJECT")) => JsonQueryBehavior::EmptyObject,
            (Some("EMPTY"), _) => JsonQueryBehavior::EmptyArray,
            _ => return Err(self.unexpected(&expected)),
        };
        let empty = self.at_keyword("EMPTY");
        self.advance();
        if empty && (self.at_keyword("ARRAY") || self.at_keyword("OBJECT")) {
            self.advance();
        }
        Ok(behavior)
    }

    fn json_object(&mut self) -> Parsed<JsonFunction> {
        let mut entries = Vec::new();
        if !self.at_symbol(")") && !self.at_json_null_clause() {
            entries = self.comma_separated(Self::json_entry)?;
        }
        let on_null = self.json_null_clause()?;
        self.expect_symbol(")")?;
        Ok(JsonFunction::Object { entries, on_null })
    }

    /// `[KEY] key VALUE value`, `key : value`
    fn json_entry(&mut self) -> Parsed<JsonEntry> {
        let key_is_name = self.keyword_at(1) == Some("VALUE") || matches!(self.symbol_at(1), Some(":" | "." | "("));
        if self.at_keyword("KEY") && !key_is_name {
            self.advance();
        }
        let key = self.expression()?;
        if !self.take_symbol(":") && !self.take_keyword("VALUE") {
            return Err(self.unexpected(&["VALUE", ":"]));
        }
        let value = self.json_input()?;
        Ok(JsonEntry { key, value })
    }

    fn at_json_null_clause(&self) -> bool {
        self.at_keywords(&["NULL", "ON", "NULL"]) || self.at_keywords(&["ABSENT", "ON", "NULL"])
    }

    fn json_null_clause(&mut self) -> Parsed<Option<JsonNullClause>> {
        if !self.at_json_null_clause() {
            return Ok(None);
        }
        let clause =
            self.expect_one_of(&[("NULL", JsonNullClause::NullOnNull), ("ABSENT", JsonNullClause::AbsentOnNull)])?;
        self.expect_keywords(&["ON", "NULL"])?;
        Ok(Some(clause))
    }

    fn json_array(&mut self) -> Parsed<JsonFunction> {
        let mut values = Vec::new();
        if !self.at_symbol(")") && !self.at_json_null_clause() {
            values = self.comma_separated(Self::json_input)?;
        }
        let on_null = self.json_null_clause()?;
        self.expect_symbol(")")?;
        Ok(JsonFunction::Array { values, on_null })
    }

    fn json_object_aggregate(&mut self) -> Parsed<JsonFunction> {
        let entry = self.json_entry()?;
        let on_null = self.json_null_clause()?;
        self.expect_symbol(")")?;
        Ok(JsonFunction::ObjectAggregate { entry, on_null, filter: self.filter()?, over: self.over()? })
    }

    fn json_array_aggregate(&mut self) -> Parsed<JsonFunction> {
        let value = self.json_input()?;
        let mut order_by = self.order_by()?;
        let on_null = self.json_null_clause()?;
        self.expect_symbol(")")?;
        if order_by.is_empty() {
            order_by = self.within_group()?;
        }
        Ok(JsonFunction::ArrayAggregate { value, order_by, on_null, filter: self.filter()?, over: self.over()? })
    }
}
