//! Values that records hold as a piece of Java or Scala source: literals, boxes and the calls whose meaning is plain from their name.
//!
//! `{"$java": "Int.box(3)"}` becomes `3`, `toLocalDateTime(1000L)` a `$ts`, a row that is one `changelogRow("+U", …)` a row of that kind.
//! What is not known stays as it is.

use flott_record::civil;
use serde_json::{Map, Value as Json, json};

/// A record with each such piece of source replaced that is understood.
pub(crate) fn replaced(record: &Json) -> Json {
    match record {
        Json::Array(elements) => Json::Array(elements.iter().map(replaced).collect()),
        Json::Object(members) => object(members),
        other => other.clone(),
    }
}

fn object(members: &Map<String, Json>) -> Json {
    if let Some(source) = members.get("$java").and_then(Json::as_str) {
        return parse(source).and_then(value_of).unwrap_or_else(|| Json::Object(members.clone()));
    }
    if let Some([Json::Object(only)]) = members.get("row").and_then(Json::as_array).map(Vec::as_slice)
        && let Some(Term::Call(name, arguments)) = only.get("$java").and_then(Json::as_str).and_then(parse)
        && name == "changelogRow"
        && let Some(Some(cells)) = Some(arguments.into_iter().map(value_of).collect::<Option<Vec<Json>>>())
        && let [Json::String(kind), cells @ ..] = cells.as_slice()
    {
        return json!({"op": kind, "row": cells});
    }
    Json::Object(members.iter().map(|(name, member)| (name.clone(), replaced(member))).collect())
}

/// A piece of source: a value, or a call of a name.
enum Term {
    Value(Json),
    Call(String, Vec<Term>),
}

fn parse(source: &str) -> Option<Term> {
    let mut parser = Parser { rest: source };
    let term = parser.term()?;
    parser.rest.trim().is_empty().then_some(term)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn skip(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn while_true(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !belongs(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn term(&mut self) -> Option<Term> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('"') {
            return self.text();
        }
        if self.rest.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            let number = self.while_true(|c| c.is_ascii_alphanumeric() || "-+.".contains(c));
            return number_of(number).map(Term::Value);
        }
        let _constructor = self.skip("new ");
        let name = self.while_true(|c| c.is_alphanumeric() || c == '_' || c == '.');
        if !self.skip("(") {
            return constant(name).map(Term::Value);
        }
        let mut arguments = Vec::new();
        while !self.skip(")") {
            arguments.push(self.term()?);
            let _separator = self.skip(",");
        }
        // What follows changes the Java class only.
        let _conversion = self.skip(".toBigDecimal");
        Some(Term::Call(name.to_string(), arguments))
    }

    fn text(&mut self) -> Option<Term> {
        self.rest = self.rest.strip_prefix('"')?;
        let end = self.rest.find('"')?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix('"')?;
        (!text.contains('\\')).then(|| Term::Value(Json::String(text.to_string())))
    }
}

fn number_of(text: &str) -> Option<Json> {
    if let Ok(whole) = text.trim_end_matches(['L', 'l']).parse::<i64>() {
        return Some(whole.into());
    }
    let tag = if text.ends_with(['f', 'F']) { "$float" } else { "$double" };
    let digits = text.trim_end_matches(['f', 'F', 'd', 'D']);
    digits.parse::<f64>().ok().map(|_| json!({tag: digits}))
}

fn constant(name: &str) -> Option<Json> {
    Some(match name {
        "null" => Json::Null,
        "true" => true.into(),
        "false" => false.into(),
        "Integer.MIN_VALUE" | "Int.MinValue" => i32::MIN.into(),
        "Integer.MAX_VALUE" | "Int.MaxValue" => i32::MAX.into(),
        "Long.MIN_VALUE" | "Long.MinValue" => i64::MIN.into(),
        "Long.MAX_VALUE" | "Long.MaxValue" => i64::MAX.into(),
        _ => return None,
    })
}

/// The cell that a piece of source stands for.
fn value_of(term: Term) -> Option<Json> {
    let (name, arguments) = match term {
        Term::Value(value) => return Some(value),
        Term::Call(name, arguments) => (name, arguments),
    };
    if name == "lit" {
        return value_of(arguments.into_iter().next()?);
    }
    let arguments: Vec<Json> = arguments.into_iter().map(value_of).collect::<Option<_>>()?;
    match (name.as_str(), arguments.as_slice()) {
        ("Int.box" | "Long.box" | "Short.box" | "Byte.box" | "Boolean.box", [only]) => Some(only.clone()),
        ("Double.box", [only]) => Some(json!({"$double": number_text(only)?})),
        ("Float.box", [only]) => Some(json!({"$float": number_text(only)?})),
        ("JBigDecimal" | "BigDecimal" | "java.math.BigDecimal", [only]) => Some(json!({"$dec": number_text(only)?})),
        ("DecimalDataUtils.castFrom", [value, _, _]) => Some(json!({"$dec": number_text(value)?})),
        ("toLocalDateTime", [Json::Number(millis)]) => {
            let mut text = String::new();
            civil::write_timestamp_iso(&mut text, millis.as_i64()?, 3);
            Some(json!({"$ts": text}))
        }
        ("array" | "Array", elements) => Some(json!({"$array": elements})),
        ("toSerializedBytes", members) => serialized(members),
        _ => None,
    }
}

fn number_text(cell: &Json) -> Option<String> {
    match cell {
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        Json::Object(members) => members.values().next()?.as_str().map(str::to_string),
        _ => None,
    }
}

/// The bytes of the bitmap of these numbers, whose bits are read as unsigned.
fn serialized(members: &[Json]) -> Option<Json> {
    let member = |member: &Json| Some(i32::try_from(member.as_i64()?).ok()? as u32);
    let bitmap: roaring::RoaringBitmap = members.iter().map(member).collect::<Option<_>>()?;
    let mut bytes = Vec::new();
    bitmap.serialize_into(&mut bytes).ok()?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(json!({"$bytes": hex}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_source_becomes_values() {
        let row = json!({"op": "+I", "row": [{"$java": "changelogRow( \"-U\", Int.box(1), Double.box(1d), null, new JBigDecimal(\"1.11\") )"}]});
        assert_eq!(replaced(&row), json!({"op": "-U", "row": [1, {"$double": "1"}, null, {"$dec": "1.11"}]}));
        assert_eq!(replaced(&json!([{"$java": "toLocalDateTime(1000L)"}])), json!([{"$ts": "1970-01-01T00:00:01"}]));
        let unknown = json!({"$java": "DayOfWeek.SUNDAY"});
        assert_eq!(replaced(&unknown), unknown);
        let decimal = json!({"$java": "DecimalDataUtils.castFrom(2.0002, 5, 4).toBigDecimal"});
        assert_eq!(replaced(&decimal), json!({"$dec": "2.0002"}));
    }
}
