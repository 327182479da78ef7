//! Signatures of the functions on dates and times.
//!
//! Canonical call forms, for those whose syntax is not a plain argument list; a unit is a STRING literal such as `'DAY'` (a prefix `SQL_TSI_`
//! is allowed):
//!
//! * `EXTRACT(unit FROM value)` is `EXTRACT(unit, value)`; `YEAR(value)`, `QUARTER(value)` … stay as they are;
//! * `FLOOR(value TO unit)` is `FLOOR(value, unit)`, `CEIL` likewise;
//! * `TIMESTAMPADD(unit, count, value)`, `TIMESTAMPDIFF(unit, from, to)`;
//! * `(a, b) OVERLAPS (c, d)` is `OVERLAPS(a, b, c, d)`; `b` and `d` may be intervals;
//! * `CURRENT_DATE`, `LOCALTIME` and the like are calls without arguments.

use flott_record::{TypeKind, Value};

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError};

use Family::{Character, Datetime, Integer, Numeric, Timestamp};

type Resolved = Result<Resolution, SignatureError>;

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    let resolved = match name {
        "EXTRACT" => extract(call, 1),
        "YEAR" | "QUARTER" | "MONTH" | "WEEK" | "DAYOFYEAR" | "DAYOFMONTH" | "DAYOFWEEK" | "HOUR" | "MINUTE"
        | "SECOND" => extract(call, 0),
        "FLOOR" | "CEIL" if call.len() == 2 => round(call),
        "CEILING" if call.len() == 2 => round(Call::new("CEIL", arguments)),
        "TIMESTAMPADD" => timestamp_add(call),
        "TIMESTAMPDIFF" => timestamp_diff(call),
        "OVERLAPS" => overlaps(call),
        "DATE_FORMAT" => date_format(call),
        "TO_DATE" => texts(call, 1, 2).map(|call| call.gives_nullable(TypeKind::Date)),
        "TO_TIMESTAMP" => texts(call, 1, 2).map(|call| call.gives_nullable(TypeKind::Timestamp(3))),
        "TO_TIMESTAMP_LTZ" => to_timestamp_ltz(call),
        "CONVERT_TZ" => texts(call, 3, 3).map(|call| call.gives_nullable(TypeKind::string())),
        "FROM_UNIXTIME" => call
            .of_at_least(&[Integer, Character], 1, "FROM_UNIXTIME(<INTEGER>)\nFROM_UNIXTIME(<INTEGER>, <CHARACTER>)")
            .map(|call| call.cast(0, TypeKind::BigInt).gives_nullable(TypeKind::string())),
        "UNIX_TIMESTAMP" => texts(call, 0, 2).map(|call| call.gives(TypeKind::BigInt)),
        "CURRENT_WATERMARK" => call.of(&[Timestamp], "CURRENT_WATERMARK(rowtime)").map(|call| {
            let kind = call.kind(0).clone();
            call.gives_nullable(kind)
        }),
        _ => return moment(call),
    };
    Some(resolved)
}

/// Functions without arguments that give the present moment.
fn moment(call: Call<'_>) -> Option<Resolved> {
    let kind = match call.name {
        "LOCALTIME" | "CURRENT_TIME" => TypeKind::Time(0),
        "LOCALTIMESTAMP" => TypeKind::Timestamp(3),
        "CURRENT_DATE" => TypeKind::Date,
        "CURRENT_TIMESTAMP" | "NOW" | "CURRENT_ROW_TIMESTAMP" | "PROCTIME" => TypeKind::TimestampLtz(3),
        _ => return None,
    };
    let expected = format!("{}()", call.name);
    Some(call.of(&[], &expected).map(|call| call.gives_exactly(kind.not_null())))
}

fn texts(call: Call<'_>, least: usize, most: usize) -> Result<Call<'_>, SignatureError> {
    let signature = |count: usize| format!("{}({})", call.name, vec!["<CHARACTER>"; count].join(", "));
    let expected: Vec<String> = (least..=most).map(signature).collect();
    call.of_at_least(&[Character; 3][..most], least, &expected.join("\n"))
}

/// The unit at an argument, in capitals and without prefix.
fn unit(call: &Call<'_>, index: usize) -> Option<String> {
    match call.literal(index)? {
        Value::String(text) => {
            let text = text.to_uppercase();
            Some(text.strip_prefix("SQL_TSI_").unwrap_or(&text).to_string())
        }
        _ => None,
    }
}

const EXTRACT_FORMS: &str =
    "EXTRACT(<DATETIME_INTERVAL> FROM <DATETIME_INTERVAL>)\nEXTRACT(<DATETIME_INTERVAL> FROM <DATETIME>)";

/// Whether validation refuses a unit of an interval; code generation refuses the others that an interval lacks.
fn is_refused_by_type(kind: &TypeKind, unit: &str) -> bool {
    match kind {
        TypeKind::IntervalYearMonth => unit != "DECADE",
        _ => matches!(unit, "YEAR" | "QUARTER" | "MONTH" | "ISOYEAR" | "ISODOW" | "CENTURY" | "MILLENNIUM"),
    }
}

fn extract(call: Call<'_>, value: usize) -> Resolved {
    let expected = match value {
        1 => EXTRACT_FORMS.to_string(),
        _ => format!("{0}(<DATETIME>)\n{0}(<INTERVAL>)", call.name),
    };
    if call.len() != value + 1 || !(Datetime.admits(call.kind(value)) || call.kind(value).is_interval()) {
        return Err(call.wrong(&expected));
    }
    let unit = if value == 1 { unit(&call, 0) } else { Some(call.name.to_string()) };
    let Some(unit) = unit else { return Err(call.wrong("EXTRACT(<TIME_UNIT> FROM <DATETIME>)")) };
    let of_time = ["HOUR", "MINUTE", "SECOND", "MILLISECOND", "EPOCH"];
    if matches!(call.kind(value), TypeKind::Time(_)) && !of_time.contains(&unit.as_str()) {
        return Err(call.wrong_value(format!("unit {unit} can not be applied to time variable")));
    }
    let of_months = ["YEAR", "QUARTER", "MONTH"];
    let of_milliseconds = ["DAY", "DAYOFMONTH", "HOUR", "MINUTE", "SECOND", "MILLISECOND"];
    let refused = match call.kind(value) {
        TypeKind::IntervalYearMonth => !of_months.contains(&unit.as_str()),
        TypeKind::IntervalDayTime => !of_milliseconds.contains(&unit.as_str()),
        _ => false,
    };
    if refused && is_refused_by_type(call.kind(value), &unit) {
        return Err(Call { name: "EXTRACT", ..call }.wrong(EXTRACT_FORMS));
    }
    if refused {
        return Err(call.wrong_value(format!("Unit '{unit}' is not supported.")));
    }
    let call = untyped_null_as(call, value, TypeKind::Timestamp(3));
    Ok(call.gives(TypeKind::BigInt))
}

fn untyped_null_as(call: Call<'_>, index: usize, kind: TypeKind) -> Call<'_> {
    if *call.kind(index) == TypeKind::Null { call.cast(index, kind) } else { call }
}

/// `FLOOR(value TO unit)` and `CEIL(value TO unit)`
fn round(call: Call<'_>) -> Resolved {
    let expected =
        format!("{0}(<DATE> TO <TIME_UNIT>)\n{0}(<TIME> TO <TIME_UNIT>)\n{0}(<TIMESTAMP> TO <TIME_UNIT>)", call.name);
    let call = call.of(&[Datetime, Character], &expected)?;
    let Some(unit) = unit(&call, 1) else { return Err(call.wrong(&expected)) };
    let of_time = ["HOUR", "MINUTE", "SECOND", "MILLISECOND"];
    if matches!(call.kind(0), TypeKind::Time(_)) && !of_time.contains(&unit.as_str()) {
        return Err(call.wrong_value(format!("unit {unit} can not be applied to time variable")));
    }
    if ["MICROSECOND", "NANOSECOND"].contains(&unit.as_str()) {
        return Err(call.wrong_value(format!("unit {unit} is not supported")));
    }
    let kind = call.kind(0).clone();
    Ok(call.gives(kind))
}

fn timestamp_add(call: Call<'_>) -> Resolved {
    let expected = "TIMESTAMPADD(<ANY>, <INTEGER>, <DATETIME>)";
    let call = call.of(&[Character, Integer, Datetime], expected)?;
    let Some(unit) = unit(&call, 0) else { return Err(call.wrong(expected)) };
    let below_day = ["HOUR", "MINUTE", "SECOND", "MILLISECOND"].contains(&unit.as_str());
    let at_least = if unit == "MILLISECOND" { 3 } else { 0 };
    if ["MICROSECOND", "NANOSECOND"].contains(&unit.as_str()) {
        return Err(call.wrong_value(format!("unit {unit} is not supported")));
    }
    let kind = match call.kind(2) {
        TypeKind::Date if below_day => TypeKind::Timestamp(6),
        TypeKind::Timestamp(precision) => TypeKind::Timestamp((*precision).max(at_least)),
        TypeKind::TimestampLtz(precision) => TypeKind::TimestampLtz((*precision).max(at_least)),
        other => other.clone(),
    };
    Ok(call.cast(1, TypeKind::BigInt).gives(kind))
}

fn timestamp_diff(call: Call<'_>) -> Resolved {
    let expected = "TIMESTAMPDIFF(<ANY>, <DATETIME>, <DATETIME>)";
    let call = call.of(&[Character, Datetime, Datetime], expected)?;
    let Some(unit) = unit(&call, 0) else { return Err(call.wrong(expected)) };
    let is_instant = |index: usize| matches!(call.kind(index), TypeKind::TimestampLtz(_));
    if is_instant(1) != is_instant(2) {
        return Err(call.wrong_value("TIMESTAMP_LTZ only supports diff between the same type."));
    }
    Ok(call.gives(if unit == "NANOSECOND" { TypeKind::BigInt } else { TypeKind::Int }))
}

fn overlaps(call: Call<'_>) -> Resolved {
    let expected = "(<DATETIME>, <DATETIME>) OVERLAPS (<DATETIME>, <DATETIME>)\n(<DATETIME>, <INTERVAL>) OVERLAPS (<DATETIME>, \
                    <INTERVAL>)";
    let end = |index: usize| Datetime.admits(call.kind(index)) || call.kind(index).is_interval();
    if call.len() != 4 || !Datetime.admits(call.kind(0)) || !Datetime.admits(call.kind(2)) || !end(1) || !end(3) {
        return Err(call.wrong(expected));
    }
    Ok(call.gives(TypeKind::Boolean))
}

fn date_format(call: Call<'_>) -> Resolved {
    let expected = "DATE_FORMAT(<TIMESTAMP>, <CHARACTER>)\nDATE_FORMAT(<CHARACTER>, <CHARACTER>)";
    let first = if call.fits(&[Timestamp, Character]) && !call.fits(&[Character; 2]) { Timestamp } else { Character };
    call.of(&[first, Character], expected).map(|call| call.gives_nullable(TypeKind::string()))
}

/// From a number of units since the epoch, or from text. The precision of the result follows the constants.
fn to_timestamp_ltz(call: Call<'_>) -> Resolved {
    let expected = "TO_TIMESTAMP_LTZ(numeric [, precision])\nTO_TIMESTAMP_LTZ(string [, format [, zone]])";
    if call.len() <= 2 && !call.is_empty() && call.kind(0).is_numeric() {
        let call = call.of_at_least(&[Numeric, Integer], 1, expected)?;
        let precision = if call.len() == 2 { call.integer_literal(1).unwrap_or(3) } else { 3 };
        let Some(precision) = u8::try_from(precision).ok().filter(|precision| *precision <= 9) else {
            return Err(call.wrong_value(format!("precision {precision} is not between 0 and 9")));
        };
        let call = if call.len() == 2 { call.cast(1, TypeKind::Int) } else { call };
        return Ok(call.gives_nullable(TypeKind::TimestampLtz(precision.max(3))));
    }
    let call = call.of_at_least(&[Character; 3], 1, expected)?;
    let digits = match call.literal(1) {
        Some(Value::String(format)) => format.matches('S').count().min(9) as u8,
        _ => 3,
    };
    Ok(call.gives_nullable(TypeKind::TimestampLtz(digits.max(3))))
}

#[cfg(test)]
mod tests {
    use flott_record::DataType;

    use super::*;

    fn text(text: &str) -> Argument {
        let kind = TypeKind::Char(text.len() as u32);
        Argument { data_type: kind.not_null(), literal: Some(Value::String(text.to_string())) }
    }

    fn typed(kind: TypeKind) -> Argument {
        Argument { data_type: kind.not_null(), literal: None }
    }

    fn type_of(name: &str, arguments: &[Argument]) -> Result<DataType, SignatureError> {
        resolve(name, arguments).expect("a temporal function").map(|resolution| resolution.data_type)
    }

    #[test]
    fn types_are_those_of_flink() {
        let shown = |name, arguments: &[Argument]| match type_of(name, arguments) {
            Ok(data_type) => data_type.to_string(),
            Err(error) => error.to_string(),
        };
        let (date, stamp) = (typed(TypeKind::Date), typed(TypeKind::Timestamp(0)));
        assert_eq!(shown("EXTRACT", &[text("YEAR"), date.clone()]), "BIGINT NOT NULL");
        assert_eq!(shown("FLOOR", &[stamp.clone(), text("HOUR")]), "TIMESTAMP(0) NOT NULL");
        let one = typed(TypeKind::Int);
        assert_eq!(shown("TIMESTAMPADD", &[text("SECOND"), one.clone(), date.clone()]), "TIMESTAMP(6) NOT NULL");
        assert_eq!(shown("TIMESTAMPADD", &[text("SQL_TSI_DAY"), one.clone(), date.clone()]), "DATE NOT NULL");
        assert_eq!(shown("TIMESTAMPADD", &[text("MILLISECOND"), one.clone(), stamp.clone()]), "TIMESTAMP(3) NOT NULL");
        let digits = [text("1"), text("yyyy-MM-dd HH:mm:ss.SSSSS")];
        assert_eq!(shown("TO_TIMESTAMP_LTZ", &digits), "TIMESTAMP_LTZ(5)");
        assert_eq!(shown("NOW", &[]), "TIMESTAMP_LTZ(3) NOT NULL");
        assert_eq!(shown("DATE_FORMAT", &[stamp.clone(), text("yyyy")]), "STRING");
        let mixed = type_of("TIMESTAMPDIFF", &[text("DAY"), typed(TypeKind::TimestampLtz(3)), stamp]);
        assert!(matches!(mixed, Err(SignatureError::WrongValue { .. })));
        assert!(type_of("EXTRACT", &[text("YEAR"), typed(TypeKind::Time(0))]).is_err());
        assert!(type_of("DATE_FORMAT", &[date, text("yyyy")]).is_err());
    }
}
