//! `PARSE_JSON` and `TRY_PARSE_JSON`. A VARIANT lies as JSON text in canonical form: keys in order, no blanks, decimals without zeros
//! at their end, numbers with an exponent as Java shows DOUBLE.

use arrow_array::cast::AsArray;
use flott_record::number_text::double_text;

use super::value::Json;
use super::value_parsing::{Duplicates, parse_with};
use crate::functions::constants::{Texts, build_texts, scalars};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    let fails = match call.name.as_str() {
        "PARSE_JSON" => true,
        "TRY_PARSE_JSON" => false,
        _ => return None,
    };
    Some(scalars(move |arguments, frame| {
        let text = Texts::of(&arguments[0]);
        let allowed = arguments.get(1).map(|array| array.as_boolean());
        build_texts(arguments, frame.rows, |row, out| {
            let allowed = allowed.is_some_and(|allowed| allowed.value(if allowed.len() == 1 { 0 } else { row }));
            let duplicates = if allowed { Duplicates::LastWins } else { Duplicates::Refused };
            match parse_with(text.at(row), duplicates) {
                Ok(value) => canonical(value).write(out),
                Err(error) if fails => return Err(failed(row, error.to_string())),
                Err(_) => return Ok(false),
            }
            Ok(true)
        })
    }))
}

fn canonical(value: Json) -> Json {
    match value {
        Json::Number(text) => Json::Number(canonical_number(&text)),
        Json::Array(elements) => Json::Array(elements.into_iter().map(canonical).collect()),
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(key, value)| (key, canonical(value))).collect())
        }
        other => other,
    }
}

/// Up to 38 digits are exact, more or an exponent make a DOUBLE.
fn canonical_number(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.contains('E') || digits > 38 {
        return text.parse().map_or_else(|_| text.to_string(), double_text);
    }
    if !text.contains('.') {
        return text.to_string();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_canonical() {
        assert_eq!(canonical_number("1.50"), "1.5");
        assert_eq!(canonical_number("1E+20"), "1.0E20");
        assert_eq!(canonical_number("100"), "100");
        assert_eq!(canonical_number("2.00"), "2");
    }
}
