//! Data types.

use super::{Parsed, Parser};
use crate::ast::{DataType, DataTypeKind, FieldDefinition, TimeZoneKind};

impl Parser<'_> {
    /// A type with `NOT NULL` and the suffixes `ARRAY` and `MULTISET`.
    pub(super) fn data_type(&mut self) -> Parsed<DataType> {
        self.nested(Self::suffixed_type)
    }

    fn suffixed_type(&mut self) -> Parsed<DataType> {
        let start = self.start();
        let mut kind = self.type_kind()?;
        let mut nullable = self.nullability()?;
        loop {
            let collection = if self.take_keyword("ARRAY") {
                DataTypeKind::Array
            } else if self.take_keyword("MULTISET") {
                DataTypeKind::Multiset
            } else {
                let span = self.span_from(start);
                return Ok(DataType { kind, nullable, span });
            };
            self.grow_tree()?;
            let span = self.span_from(start);
            kind = collection(Box::new(DataType { kind, nullable, span }));
            nullable = self.nullability()?;
        }
    }

    /// `[NULL|NOT NULL]`
    fn nullability(&mut self) -> Parsed<bool> {
        if self.take_keywords(&["NOT", "NULL"]) {
            return Ok(false);
        }
        // Before ON it belongs to `NULL ON EMPTY` after the type of JSON_VALUE.
        if self.keyword_at(1) != Some("ON") {
            self.take_keyword("NULL");
        }
        Ok(true)
    }

    fn type_kind(&mut self) -> Parsed<DataTypeKind> {
        let Some(keyword) = self.keyword_at(0) else {
            return self.named_type();
        };
        let simple = match keyword {
            "BOOLEAN" => DataTypeKind::Boolean,
            "TINYINT" => DataTypeKind::TinyInt,
            "SMALLINT" => DataTypeKind::SmallInt,
            "INT" | "INTEGER" => DataTypeKind::Int,
            "BIGINT" => DataTypeKind::BigInt,
            "FLOAT" | "REAL" => DataTypeKind::Float,
            "STRING" => DataTypeKind::String,
            "BYTES" => DataTypeKind::Bytes,
            "DATE" => DataTypeKind::Date,
            "VARIANT" => DataTypeKind::Variant,
            "BITMAP" => DataTypeKind::Bitmap,
            "NULL" => DataTypeKind::Null,
            "ANY" => DataTypeKind::Any,
            _ => return self.parameterized_type(keyword),
        };
        self.advance();
        Ok(simple)
    }

    fn parameterized_type(&mut self, keyword: &'static str) -> Parsed<DataTypeKind> {
        match keyword {
            "DECIMAL" | "DEC" | "NUMERIC" => self.decimal_type(),
            "DOUBLE" => {
                self.advance();
                self.take_keyword("PRECISION");
                Ok(DataTypeKind::Double)
            }
            "CHAR" | "CHARACTER" | "VARCHAR" | "BINARY" | "VARBINARY" => self.string_type(keyword),
            "TIME" | "TIMESTAMP" | "TIMESTAMP_LTZ" => self.time_type(keyword),
            "INTERVAL" => {
                self.advance();
                self.interval_qualifier().map(DataTypeKind::Interval)
            }
            "ARRAY" => self.element_type().map(DataTypeKind::Array),
            "MULTISET" => self.element_type().map(DataTypeKind::Multiset),
            "MAP" if self.symbol_at(1) == Some("<") => self.map_type(),
            "ROW" => self.row_type(),
            "STRUCTURED" => self.structured_type(),
            "RAW" => self.raw_type(),
            _ => self.named_type(),
        }
    }

    fn named_type(&mut self) -> Parsed<DataTypeKind> {
        if self.is_identifier_at(0) {
            return self.object_name().map(DataTypeKind::Named);
        }
        Err(self.unexpected(&["a data type"]))
    }

    fn decimal_type(&mut self) -> Parsed<DataTypeKind> {
        self.advance();
        let mut precision = None;
        let mut scale = None;
        if self.take_symbol("(") {
            precision = Some(self.unsigned()?);
            if self.take_symbol(",") {
                scale = Some(self.unsigned()?);
            }
            self.expect_symbol(")")?;
        }
        Ok(DataTypeKind::Decimal { precision, scale })
    }

    /// `CHAR[(n)]`, `CHARACTER VARYING[(n)]`, `BINARY[(n)]` ..
    fn string_type(&mut self, keyword: &'static str) -> Parsed<DataTypeKind> {
        self.advance();
        let varying = keyword.starts_with("VAR") || self.take_keyword("VARYING");
        let length = self.optional_parameter()?;
        Ok(match (keyword.ends_with("BINARY"), varying) {
            (true, true) => DataTypeKind::VarBinary { length },
            (true, false) => DataTypeKind::Binary { length },
            (false, true) => DataTypeKind::VarChar { length },
            (false, false) => DataTypeKind::Char { length },
        })
    }

    fn time_type(&mut self, keyword: &'static str) -> Parsed<DataTypeKind> {
        self.advance();
        let precision = self.optional_parameter()?;
        let zone = match keyword {
            "TIMESTAMP_LTZ" => TimeZoneKind::Local,
            _ => self.time_zone()?,
        };
        Ok(match keyword {
            "TIME" => DataTypeKind::Time { precision, zone },
            _ => DataTypeKind::Timestamp { precision, zone },
        })
    }

    /// `[WITH [LOCAL] TIME ZONE|WITHOUT TIME ZONE]`
    fn time_zone(&mut self) -> Parsed<TimeZoneKind> {
        if self.take_keywords(&["WITHOUT", "TIME"]) {
            self.expect_keyword("ZONE")?;
        } else if self.take_keywords(&["WITH", "LOCAL"]) {
            self.expect_keywords(&["TIME", "ZONE"])?;
            return Ok(TimeZoneKind::Local);
        } else if self.take_keywords(&["WITH", "TIME"]) {
            self.expect_keyword("ZONE")?;
            return Ok(TimeZoneKind::With);
        }
        Ok(TimeZoneKind::Without)
    }

    fn optional_parameter(&mut self) -> Parsed<Option<u32>> {
        if self.at_symbol("(") {
            return self.parenthesized(Self::unsigned).map(Some);
        }
        Ok(None)
    }

    /// `<element>` after ARRAY or MULTISET
    fn element_type(&mut self) -> Parsed<Box<DataType>> {
        self.advance();
        self.expect_symbol("<")?;
        let element = self.data_type()?;
        self.expect_symbol(">")?;
        Ok(Box::new(element))
    }

    fn map_type(&mut self) -> Parsed<DataTypeKind> {
        self.advance();
        self.expect_symbol("<")?;
        let key = Box::new(self.data_type()?);
        self.expect_symbol(",")?;
        let value = Box::new(self.data_type()?);
        self.expect_symbol(">")?;
        Ok(DataTypeKind::Map { key, value })
    }

    /// `ROW<a INT, ..>`, `ROW(a INT, ..)`, also without fields
    fn row_type(&mut self) -> Parsed<DataTypeKind> {
        self.advance();
        if self.take_symbol("<>") {
            return Ok(DataTypeKind::Row(Vec::new()));
        }
        let close = if self.take_symbol("<") {
            ">"
        } else if self.take_symbol("(") {
            ")"
        } else {
            return Err(self.unexpected(&["<", "("]));
        };
        let mut fields = Vec::new();
        if !self.at_symbol(close) {
            fields = self.comma_separated(Self::field_definition)?;
        }
        self.expect_symbol(close)?;
        Ok(DataTypeKind::Row(fields))
    }

    fn structured_type(&mut self) -> Parsed<DataTypeKind> {
        self.advance();
        self.expect_symbol("<")?;
        let class = self.text()?;
        let mut fields = Vec::new();
        if self.take_symbol(",") {
            fields = self.comma_separated(Self::field_definition)?;
        }
        self.expect_symbol(">")?;
        Ok(DataTypeKind::Structured { class, fields })
    }

    fn field_definition(&mut self) -> Parsed<FieldDefinition> {
        let start = self.start();
        let name = self.identifier()?;
        let data_type = self.data_type()?;
        let comment = match self.is_text_at(0) {
            true => Some(self.text()?),
            false => None,
        };
        Ok(FieldDefinition { name, data_type, comment, span: self.span_from(start) })
    }

    fn raw_type(&mut self) -> Parsed<DataTypeKind> {
        self.advance();
        self.expect_symbol("(")?;
        let class = self.text()?;
        self.expect_symbol(",")?;
        let snapshot = self.text()?;
        self.expect_symbol(")")?;
        Ok(DataTypeKind::Raw { class, snapshot })
    }
}
