//! `'format' = 'csv'`: columns by position, with the options and text forms of Flink.

mod cell;
mod decode;
mod encode;
mod record;

use flott_record::{ChangelogMode, DataType, Schema, TypeKind};

use crate::contract::{Decoder, Encoder, Format, FormatError, FormatOption, FormatSetup, Position};
use crate::option_text::{OptionText, invalid};

/// The format.
pub struct CsvFormat;

const fn option(key: &'static str, default: Option<&'static str>, description: &'static str) -> FormatOption {
    FormatOption { key, default, description }
}

const OPTIONS: &[FormatOption] = &[
    option("csv.field-delimiter", Some(","), "Character between fields; '\\t' is a tab."),
    option("csv.disable-quote-character", Some("false"), "true: no field is quoted."),
    option("csv.quote-character", Some("\""), "Character around fields that hold delimiters or line ends."),
    option("csv.allow-comments", Some("false"), "true: lines that begin with # are left out."),
    option(
        "csv.ignore-parse-errors",
        Some("false"),
        "true: fields that cannot be read are NULL, and rows that cannot be read are left out.",
    ),
    option("csv.array-element-delimiter", Some(";"), "Text between the elements of an array or the fields of a row."),
    option("csv.escape-character", None, "Character that takes the meaning from the one after it."),
    option("csv.null-literal", None, "Text that stands for NULL."),
    option(
        "csv.write-bigdecimal-in-scientific-notation",
        Some("true"),
        "false: decimals are written without an exponent.",
    ),
    option(
        "csv.ignore-first-line",
        Some("false"),
        "true: the first line of each input is left out, as it names the columns (not in Flink).",
    ),
];

/// The options, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    allow_comments: bool,
    ignore_parse_errors: bool,
    element_delimiter: Vec<u8>,
    null_literal: Option<Vec<u8>>,
    scientific: bool,
    ignore_first_line: bool,
}

impl Settings {
    fn read(setup: &FormatSetup<'_>) -> Result<Self, FormatError> {
        let options = OptionText(setup.options);
        let quote_disabled = options.flag("csv.disable-quote-character", false)?;
        let quote = options.character("csv.quote-character")?;
        if quote_disabled && quote.is_some() {
            return Err(FormatError::Table(
                "option 'csv.quote-character' cannot be given with 'csv.disable-quote-character' = 'true'".into(),
            ));
        }
        let delimiter = options.character("csv.field-delimiter")?.unwrap_or(b',');
        if matches!(delimiter, b'\n' | b'\r') {
            return Err(invalid("csv.field-delimiter", "\\n", "a character that doesn't end a line"));
        }
        check_types(setup.schema)?;
        Ok(Settings {
            delimiter,
            quote: (!quote_disabled).then_some(quote.unwrap_or(b'"')),
            escape: options.character("csv.escape-character")?,
            allow_comments: options.flag("csv.allow-comments", false)?,
            ignore_parse_errors: options.flag("csv.ignore-parse-errors", false)?,
            element_delimiter: options.text("csv.array-element-delimiter").unwrap_or(";").as_bytes().to_vec(),
            null_literal: options.text("csv.null-literal").map(|text| text.as_bytes().to_vec()),
            scientific: options.flag("csv.write-bigdecimal-in-scientific-notation", true)?,
            ignore_first_line: options.flag("csv.ignore-first-line", false)?,
        })
    }
}

/// Refuses types that have no form in CSV.
fn check_types(schema: &Schema) -> Result<(), FormatError> {
    for field in &schema.fields {
        if !has_form(&field.data_type, true) {
            return Err(FormatError::Table(format!(
                "not supported: type {} of column '{}' in format csv",
                field.data_type, field.name
            )));
        }
    }
    Ok(())
}

fn has_form(data_type: &DataType, top: bool) -> bool {
    match &data_type.kind {
        TypeKind::Map(..) | TypeKind::Multiset(_) | TypeKind::Variant | TypeKind::Bitmap => false,
        TypeKind::Array(element) => top && has_form(element, false),
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            top && fields.iter().all(|field| has_form(&field.data_type, false))
        }
        _ => true,
    }
}

impl Format for CsvFormat {
    fn identifier(&self) -> &'static str {
        "csv"
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
        Ok(Box::new(decode::CsvDecoder::new(Settings::read(setup)?, setup.schema, projection, start)))
    }

    fn encoder(&self, setup: &FormatSetup<'_>) -> Result<Box<dyn Encoder>, FormatError> {
        Ok(Box::new(encode::CsvEncoder::new(Settings::read(setup)?, setup.schema)))
    }
}
