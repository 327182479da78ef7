//! `'format' = 'json'`: one object for each row, with the options and text forms of Flink.
//!
//! Objects may stand one a line, behind one another, over several lines, or in an array: what lies between objects is blank space, commas
//! and brackets.

mod decode;
mod encode;
mod scan;
mod text;
mod value;

use flott_record::{ChangelogMode, DataType, Schema, TypeKind};

use crate::contract::{Decoder, Encoder, Format, FormatError, FormatOption, FormatSetup, Position};
use crate::option_text::{OptionText, invalid};
use crate::temporal::TimestampForm;

/// The format.
pub struct JsonFormat;

const fn option(key: &'static str, default: Option<&'static str>, description: &'static str) -> FormatOption {
    FormatOption { key, default, description }
}

const OPTIONS: &[FormatOption] = &[
    option("json.fail-on-missing-field", Some("false"), "true: a field that is missing is an error, not NULL."),
    option(
        "json.ignore-parse-errors",
        Some("false"),
        "true: fields that cannot be read are NULL, and rows that cannot be read are left out.",
    ),
    option(
        "json.timestamp-format.standard",
        Some("SQL"),
        "SQL: '2024-01-31 12:34:56'; ISO-8601: '2024-01-31T12:34:56'.",
    ),
    option("json.map-null-key.mode", Some("FAIL"), "What is done about NULL as a key: FAIL, DROP or LITERAL."),
    option("json.map-null-key.literal", Some("null"), "The key in place of NULL, if the mode is LITERAL."),
    option(
        "json.encode.decimal-as-plain-number",
        Some("false"),
        "true: decimals have no exponent and all their digits.",
    ),
    option("json.encode.ignore-null-fields", Some("false"), "true: fields that are NULL are not written."),
    option("json.decode.json-parser.enabled", Some("true"), "Accepted; there is one parser."),
];

/// What is done about a NULL key of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NullKey {
    Fail,
    Drop,
    Literal,
}

/// The options, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    fail_on_missing_field: bool,
    ignore_parse_errors: bool,
    timestamp_form: TimestampForm,
    null_key: NullKey,
    null_key_literal: String,
    plain_decimals: bool,
    ignore_null_fields: bool,
}

impl Settings {
    fn read(setup: &FormatSetup<'_>) -> Result<Self, FormatError> {
        let options = OptionText(setup.options);
        let fail_on_missing_field = options.flag("json.fail-on-missing-field", false)?;
        let ignore_parse_errors = options.flag("json.ignore-parse-errors", false)?;
        if fail_on_missing_field && ignore_parse_errors {
            let message = "json.fail-on-missing-field and json.ignore-parse-errors shouldn't both be enabled";
            return Err(FormatError::Table(message.into()));
        }
        options.flag("json.decode.json-parser.enabled", true)?;
        let standard = options.text("json.timestamp-format.standard").unwrap_or("SQL");
        let mode = options.text("json.map-null-key.mode").unwrap_or("FAIL");
        check_types(setup.schema)?;
        Ok(Settings {
            fail_on_missing_field,
            ignore_parse_errors,
            timestamp_form: match standard {
                "SQL" => TimestampForm::Sql,
                "ISO-8601" => TimestampForm::Iso,
                _ => return Err(invalid("json.timestamp-format.standard", standard, "SQL or ISO-8601")),
            },
            null_key: match mode.to_ascii_uppercase().as_str() {
                "FAIL" => NullKey::Fail,
                "DROP" => NullKey::Drop,
                "LITERAL" => NullKey::Literal,
                _ => return Err(invalid("json.map-null-key.mode", mode, "FAIL, DROP or LITERAL")),
            },
            null_key_literal: options.text("json.map-null-key.literal").unwrap_or("null").to_string(),
            plain_decimals: options.flag("json.encode.decimal-as-plain-number", false)?,
            ignore_null_fields: options.flag("json.encode.ignore-null-fields", false)?,
        })
    }
}

/// Refuses types that have no form in JSON.
fn check_types(schema: &Schema) -> Result<(), FormatError> {
    for field in &schema.fields {
        check_type(&field.data_type).map_err(|reason| {
            FormatError::Table(format!(
                "{reason} in column '{}' of type {} in format json",
                field.name, field.data_type
            ))
        })?;
    }
    Ok(())
}

fn check_type(data_type: &DataType) -> Result<(), String> {
    match &data_type.kind {
        TypeKind::Map(key, _) | TypeKind::Multiset(key) if !key.kind.is_character() => {
            Err(format!("not supported: keys of type {} (JSON has only strings as keys)", key.kind))
        }
        TypeKind::Map(_, value) => check_type(value),
        TypeKind::Array(element) => check_type(element),
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            fields.iter().try_for_each(|field| check_type(&field.data_type))
        }
        TypeKind::Variant | TypeKind::Bitmap => Err(format!("not supported: type {}", data_type.kind)),
        _ => Ok(()),
    }
}

impl Format for JsonFormat {
    fn identifier(&self) -> &'static str {
        "json"
    }

    fn options(&self) -> &'static [FormatOption] {
        OPTIONS
    }

    fn changelog_mode(&self) -> ChangelogMode {
        ChangelogMode::INSERT_ONLY
    }

    fn check(&self, setup: &FormatSetup<'_>) -> Result<(), FormatError> {
        Settings::read(setup).map(|_| ())
    }

    fn decoder(
        &self,
        setup: &FormatSetup<'_>,
        projection: &[usize],
        start: Position,
    ) -> Result<Box<dyn Decoder>, FormatError> {
        Ok(Box::new(decode::JsonDecoder::new(Settings::read(setup)?, setup.schema, projection, start)))
    }

    fn encoder(&self, setup: &FormatSetup<'_>) -> Result<Box<dyn Encoder>, FormatError> {
        Ok(Box::new(encode::JsonEncoder::new(Settings::read(setup)?, setup.schema)))
    }
}
