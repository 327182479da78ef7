//! Partition values in folder names, `k=v`, escaped as Flink and Hive do.

use arrow_array::ArrayRef;
use flott_format::{CsvFormat, Decoder, FailAtRowError, Format, FormatSetup, Position};
use flott_record::{Field, Schema};

use crate::contract::ConnectorError;

/// Characters that a folder name must not have as they are.
fn is_escaped(byte: u8) -> bool {
    byte < 0x20
        || matches!(byte, b'"' | b'#' | b'%' | b'\'' | b'*' | b'/' | b':' | b'=' | b'?' | b'\\' | 0x7f)
        || matches!(byte, b'{' | b'[' | b']' | b'^')
}

/// Appends a name with its escapes.
pub fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) if is_escaped(byte) => out.push_str(&format!("%{byte:02X}")),
            _ => out.push(character),
        }
    }
}

/// The name without its escapes.
pub fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let coded = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (byte, coded) {
            (b'%', Some(code)) if code.is_ascii() => {
                out.push(code);
                rest = &after[2..];
            }
            _ => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The value of a partition key in a file's path; `None` if no folder of the path names the key.
pub fn value_in_path(path: &str, key: &str) -> Option<String> {
    let folders = path.rsplit('/').skip(1);
    let mut values = folders.filter_map(|folder| folder.split_once('='));
    values.find(|(name, _)| unescape(name) == key).map(|(_, value)| unescape(value))
}

/// A partition value as an array of one value; `None` is NULL.
///
/// # Errors
/// If the text has no value of the column's type.
pub fn parse_value(field: &Field, text: Option<&str>, path: &str) -> Result<ArrayRef, ConnectorError> {
    // CSV has a form for each type that can be a partition key; NULL is a text that no folder name can have.
    let options = [("csv.null-literal".to_string(), "\n".to_string())].into();
    let schema = Schema::new(vec![field.clone()]);
    let setup = FormatSetup { options: &options, schema: &schema, time_zone: "UTC" };
    let quoted = format!("\"{}\"\n", text.unwrap_or("\n").replace('"', "\"\""));
    let wrong = || {
        let (name, kind) = (&field.name, &field.data_type.kind);
        let text = text.unwrap_or("NULL");
        ConnectorError::new(format!("{path}: cannot parse '{text}' as {kind} for partition column '{name}'"))
    };
    let mut decoder: Box<dyn Decoder> =
        CsvFormat.decoder(&setup, &[0], Position::START).map_err(|error| ConnectorError::new(error.to_string()))?;
    decoder.push(quoted.as_bytes());
    decoder.end_input();
    decoder.fill(2, &mut FailAtRowError).map_err(|_| wrong())?;
    let batch = decoder.take().map_err(|_| wrong())?;
    if batch.num_rows() == 1 { Ok(batch.column(0).clone()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;
    use flott_record::TypeKind;

    #[test]
    fn names_are_escaped_and_back() {
        let mut name = String::new();
        escape("a=b/c:d ä%", &mut name);
        assert_eq!(name, "a%3Db%2Fc%3Ad ä%25");
        assert_eq!(unescape(&name), "a=b/c:d ä%");
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(value_in_path("/t/dt=2024/h=1%3A0/part", "h"), Some("1:0".into()));
        assert_eq!(value_in_path("/t/dt=2024/part-h=2", "h"), None);
    }

    #[test]
    fn values_have_their_type() {
        let field = Field::new("k", TypeKind::Int.nullable());
        let value = |text| parse_value(&field, text, "/t/k=x/a");
        assert_eq!(value(Some("7")).expect("an INT").as_primitive::<Int32Type>().value(0), 7);
        assert!(value(None).expect("NULL").is_null(0));
        let message = value(Some("x")).expect_err("no INT").message;
        assert_eq!(message, "/t/k=x/a: cannot parse 'x' as INT for partition column 'k'");
        let text = Field::new("k", TypeKind::string().nullable());
        let quoted = parse_value(&text, Some("a\"b"), "").expect("a text");
        assert_eq!(quoted.as_string::<i32>().value(0), "a\"b");
    }
}
