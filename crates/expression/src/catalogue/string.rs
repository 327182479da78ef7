//! Signatures of the string functions.
//!
//! Canonical call forms, for those whose syntax is not a plain argument list:
//!
//! * `TRIM([BOTH|LEADING|TRAILING] [characters] FROM input)` is `TRIM('BOTH', characters, input)`, the flag being a STRING
//!   literal and the characters `' '` if not given;
//! * `POSITION(part IN text)` is `POSITION(part, text)`;
//! * `OVERLAY(text PLACING part FROM start [FOR length])` is `OVERLAY(text, part, start[, length])`;
//! * `SUBSTRING(text FROM start [FOR length])` is `SUBSTRING(text, start[, length])`.

use flott_record::TypeKind;
use flott_record::data_type::LENGTH_MAX;

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError, common_type};

use Family::{Any, Binary, Character, CharacterOrBinary, Integer};

type Resolved = Result<Resolution, SignatureError>;

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let canonical = canonical_name(name);
    let call = || Call::new(canonical, arguments);
    whole_texts(canonical, &call)
        .or_else(|| parts(canonical, &call))
        .or_else(|| searches(canonical, &call))
        .or_else(|| encodings(canonical, &call))
        .or_else(|| constructions(canonical, &call))
        .map(|resolved| resolved.map_err(|error| as_written(error, canonical, name)))
}

/// A refusal that names the function as it was written.
fn as_written(error: SignatureError, canonical: &str, written: &str) -> SignatureError {
    match error {
        SignatureError::WrongArguments { given, expected, .. } => {
            let expected = expected.replace(&format!("{canonical}("), &format!("{written}("));
            SignatureError::WrongArguments { name: written.to_string(), given, expected }
        }
        other => other,
    }
}

fn canonical_name(name: &str) -> &str {
    match name {
        "CHARACTER_LENGTH" => "CHAR_LENGTH",
        "SUBSTR" => "SUBSTRING",
        other => other,
    }
}

/// Functions of one text as a whole.
fn whole_texts<'a>(name: &str, call: &impl Fn() -> Call<'a>) -> Option<Resolved> {
    let resolved = match name {
        "CHAR_LENGTH" => text(call(), "CHAR_LENGTH(<CHARACTER>)").map(|call| call.gives(TypeKind::Int)),
        "UPPER" | "LOWER" | "INITCAP" => text(call(), &format!("{name}(<CHARACTER>)")).map(|call| {
            let kind = call.kind(0).clone();
            call.gives(kind)
        }),
        "REVERSE" => text(call(), "REVERSE(<CHARACTER>)").map(|call| call.gives_nullable(TypeKind::string())),
        "ASCII" => text(call(), "ASCII(<CHARACTER>)").map(|call| call.gives(TypeKind::Int)),
        "HASH_CODE" => hash_code(call()),
        "IS_ALPHA" | "IS_DECIMAL" | "IS_DIGIT" => character_class(call()),
        "REPEAT" => call().of(&[Character, Integer], "REPEAT(<CHARACTER>, <INTEGER>)").map(|call| {
            let call = call.cast(1, TypeKind::Int);
            call.gives(TypeKind::string())
        }),
        "REPLACE" => call()
            .of(&[Character; 3], "REPLACE(<CHARACTER>, <CHARACTER>, <CHARACTER>)")
            .map(|call| call.gives(TypeKind::string())),
        "TRANSLATE" => translate(call()),
        _ => return None,
    };
    Some(resolved)
}

fn text<'a>(call: Call<'a>, expected: &str) -> Result<Call<'a>, SignatureError> {
    call.of(&[Character], expected)
}

/// `IS_ALPHA` and the like say false of NULL.
fn character_class(call: Call<'_>) -> Resolved {
    let expected = format!("{0}(<CHARACTER>)\n{0}(<NUMERIC>)", call.name);
    if !call.fits(&[Character]) && !call.fits(&[Family::Numeric]) {
        return Err(call.wrong(&expected));
    }
    let call = call.of(&[Any], &expected)?;
    let call = if *call.kind(0) == TypeKind::Null { call.cast(0, TypeKind::string()) } else { call };
    Ok(call.gives_exactly(TypeKind::Boolean.not_null()))
}

/// TRANSLATE takes NULL for its second and third argument as nothing to translate.
fn translate(call: Call<'_>) -> Resolved {
    let expected = "TRANSLATE3(expr <CHARACTER_STRING>, fromStr <CHARACTER_STRING>, toStr <CHARACTER_STRING>)";
    let call = call.of(&[Character; 3], expected)?;
    let nullable = call.types[0].nullable;
    Ok(call.gives_exactly(TypeKind::string().nullable().with_nullable(nullable)))
}

/// Functions that give a part of a text.
fn parts<'a>(name: &str, call: &impl Fn() -> Call<'a>) -> Option<Resolved> {
    let resolved = match name {
        "SUBSTRING" => {
            let expected = "SUBSTRING(<CHARACTER>, <INTEGER>)\nSUBSTRING(<CHARACTER>, <INTEGER>, <INTEGER>)";
            call().of_at_least(&[Character, Integer, Integer], 2, expected).map(part_of_first)
        }
        "LEFT" | "RIGHT" => {
            call().of(&[Character, Integer], &format!("{name}(<CHARACTER>, <INTEGER>)")).map(part_of_first)
        }
        "TRIM" => call().of(&[Character; 3], "TRIM([BOTH|LEADING|TRAILING] <ANY> FROM <STRING>)").map(|call| {
            let length = length_of(call.kind(2));
            call.gives(TypeKind::Varchar(length))
        }),
        "LTRIM" | "RTRIM" => call()
            .of_at_least(&[Character; 2], 1, &format!("{name}(<CHARACTER>)\n{name}(<CHARACTER>, <CHARACTER>)"))
            .map(|call| {
                let length = length_of(call.kind(0));
                call.gives(TypeKind::Varchar(length))
            }),
        "BTRIM" => {
            let expected = "BTRIM(str <CHARACTER_STRING>)\nBTRIM(str <CHARACTER_STRING>, trimStr <CHARACTER_STRING>)";
            call().of_at_least(&[Character; 2], 1, expected).map(|call| call.gives(TypeKind::string()))
        }
        "SPLIT" => call()
            .of(&[Character; 2], "SPLIT(<CHARACTER_STRING>, <CHARACTER_STRING>)")
            .map(|call| call.gives(TypeKind::Array(Box::new(TypeKind::string().nullable())))),
        "SPLIT_INDEX" => split_index(call()),
        "STR_TO_MAP" => {
            let expected = "STR_TO_MAP(<CHARACTER>)\nSTR_TO_MAP(<CHARACTER>, <CHARACTER>, <CHARACTER>)";
            if call().len() == 2 {
                return Some(Err(call().wrong(expected)));
            }
            call().of_at_least(&[Character; 3], 1, expected).map(|call| {
                let text = Box::new(TypeKind::string().nullable());
                call.gives_nullable(TypeKind::Map(text.clone(), text))
            })
        }
        _ => return None,
    };
    Some(resolved)
}

fn part_of_first(mut call: Call<'_>) -> Resolution {
    for index in 1..call.len() {
        call = call.cast(index, TypeKind::Int);
    }
    let length = length_of(call.kind(0));
    call.gives_nullable(TypeKind::Varchar(length))
}

fn split_index(call: Call<'_>) -> Resolved {
    let expected = "SPLIT_INDEX(<CHARACTER>, <INTEGER>, <INTEGER>)\nSPLIT_INDEX(<CHARACTER>, <CHARACTER>, <INTEGER>)";
    let by_code = call.fits(&[Character, Integer, Integer]) && call.kind(1).is_integer();
    let separator = if by_code { Integer } else { Character };
    let call = call.of(&[Character, separator, Integer], expected)?.cast(2, TypeKind::Int);
    let call = if by_code { call.cast(1, TypeKind::Int) } else { call };
    Ok(call.gives_nullable(TypeKind::string()))
}

/// Functions that look for a text in another.
fn searches<'a>(name: &str, call: &impl Fn() -> Call<'a>) -> Option<Resolved> {
    let resolved = match name {
        "POSITION" => {
            let expected = "POSITION(<STRING> IN <STRING>)\nPOSITION(<STRING> IN <STRING> FROM <INTEGER>)";
            let call = call().of_at_least(&[Character, Character, Integer], 2, expected);
            call.map(|call| if call.len() == 3 { call.cast(2, TypeKind::Int) } else { call }.gives(TypeKind::Int))
        }
        "LOCATE" => {
            let expected = "LOCATE(<CHARACTER>, <CHARACTER>)\nLOCATE(<CHARACTER>, <CHARACTER>, <INTEGER>)";
            call().of_at_least(&[Character, Character, Integer], 2, expected).map(position)
        }
        "INSTR" => {
            let expected = "INSTR(<CHARACTER>, <CHARACTER>)\nINSTR(<CHARACTER>, <CHARACTER>, <INTEGER>)\nINSTR(<CHARACTER>, \
                            <CHARACTER>, <INTEGER>, <INTEGER>)";
            call().of_at_least(&[Character, Character, Integer, Integer], 2, expected).map(position)
        }
        "STARTSWITH" | "ENDSWITH" => {
            let other = if name == "STARTSWITH" { "startExpr" } else { "endExpr" };
            let expected = format!(
                "{name}(expr <CHARACTER_STRING>, {other} <CHARACTER_STRING>)\n{name}(expr <BINARY_STRING>, {other} <BINARY_STRING>)"
            );
            let families = if call().fits(&[Binary; 2]) && !call().fits(&[Character; 2]) { Binary } else { Character };
            call().of(&[families; 2], &expected).map(|call| call.gives(TypeKind::Boolean))
        }
        _ => return None,
    };
    Some(resolved)
}

fn position(mut call: Call<'_>) -> Resolution {
    for index in 2..call.len() {
        call = call.cast(index, TypeKind::Int);
    }
    call.gives(TypeKind::Int)
}

/// Functions between texts, numbers and bytes.
fn encodings<'a>(name: &str, call: &impl Fn() -> Call<'a>) -> Option<Resolved> {
    let resolved = match name {
        "FROM_BASE64" | "TO_BASE64" => {
            call().of(&[CharacterOrBinary], &format!("{name}(<STRING>)")).map(|call| call.gives(TypeKind::string()))
        }
        "CHR" => call().of(&[Integer], "CHR(<INTEGER>)").map(|call| {
            let call = call.cast(0, TypeKind::BigInt);
            call.gives_nullable(TypeKind::string())
        }),
        "ENCODE" => call()
            .of(&[Character; 2], "ENCODE(<CHARACTER>, <CHARACTER>)")
            .map(|call| call.gives(TypeKind::Varbinary(LENGTH_MAX))),
        "DECODE" => {
            call().of(&[Binary, Character], "DECODE(<BINARY>, <CHARACTER>)").map(|call| call.gives(TypeKind::string()))
        }
        "BIN" => call().of(&[Integer], "BIN(<INTEGER>)").map(|call| {
            let call = call.cast(0, TypeKind::BigInt);
            call.gives(TypeKind::string())
        }),
        "HEX" if call().fits(&[Integer]) && !call().fits(&[Character]) => {
            Ok(call().cast(0, TypeKind::BigInt)).map(|call| call.gives(TypeKind::string()))
        }
        "HEX" => text(call(), "HEX(<INTEGER>)\nHEX(<CHARACTER>)").map(|call| call.gives(TypeKind::string())),
        "UNHEX" => text(call(), "UNHEX(expr <CHARACTER_STRING>)")
            .map(|call| call.gives_nullable(TypeKind::Varbinary(LENGTH_MAX))),
        "INET_ATON" => text(call(), "INET_ATON(<CHARACTER_STRING>)").map(|call| call.gives_nullable(TypeKind::BigInt)),
        "INET_NTOA" => call().of(&[Integer], "INET_NTOA(<INTEGER_NUMERIC>)").map(|call| {
            let call = call.cast(0, TypeKind::BigInt);
            call.gives_nullable(TypeKind::string())
        }),
        _ => return None,
    };
    Some(resolved)
}

/// Functions that put texts together.
fn constructions<'a>(name: &str, call: &impl Fn() -> Call<'a>) -> Option<Resolved> {
    let resolved = match name {
        "||" => concatenation(call()),
        "CONCAT" if call().fits_all(Character, 1, usize::MAX) => {
            Ok(texts_only(call())).map(|call| call.gives(TypeKind::string()))
        }
        "CONCAT" => Err(call().wrong("CONCAT(<CHARACTER>...)")),
        "CONCAT_WS" if call().fits_all(Character, 2, usize::MAX) => {
            Ok(texts_only(call())).map(|call| call.gives(TypeKind::string()))
        }
        "CONCAT_WS" => Err(call().wrong("CONCAT_WS(<CHARACTER>...)")),
        "OVERLAY" => {
            let expected = "OVERLAY(<STRING> PLACING <STRING> FROM <INTEGER>)\nOVERLAY(<STRING> PLACING <STRING> FROM \
                            <INTEGER> FOR <INTEGER>)";
            call().of_at_least(&[Character, Character, Integer, Integer], 3, expected).map(overlay)
        }
        "LPAD" | "RPAD" => call()
            .of(&[Character, Integer, Character], &format!("{name}(<CHARACTER>, <INTEGER>, <CHARACTER>)"))
            .map(|call| call.cast(1, TypeKind::Int).gives(TypeKind::string())),
        "PRINTF" => printf(call()),
        "ELT" => elt(call()),
        "UUID" => call().of(&[], "UUID()").map(|call| call.gives_exactly(TypeKind::Char(36).not_null())),
        _ => return None,
    };
    Some(resolved)
}

/// Untyped NULLs become texts.
fn texts_only(mut call: Call<'_>) -> Call<'_> {
    for data_type in &mut call.types {
        if data_type.kind == TypeKind::Null {
            data_type.kind = TypeKind::string();
        }
    }
    call
}

fn concatenation(call: Call<'_>) -> Resolved {
    let expected = "<STRING> || <STRING>\n<EQUIVALENT_TYPE> || <EQUIVALENT_TYPE>";
    if call.fits_all(Character, 2, usize::MAX) {
        let call = texts_only(call);
        let length = call.types.iter().fold(0, |sum, text| added_length(sum, length_of(&text.kind)));
        let fixed = call.types.iter().all(|text| matches!(text.kind, TypeKind::Char(_)));
        return Ok(call.gives(if fixed { TypeKind::Char(length) } else { TypeKind::Varchar(length) }));
    }
    let call = call.of(&[Binary; 2], expected)?;
    let length = added_length(length_of(call.kind(0)), length_of(call.kind(1)));
    let fixed = call.types.iter().all(|bytes| matches!(bytes.kind, TypeKind::Binary(_)));
    Ok(call.gives(if fixed { TypeKind::Binary(length) } else { TypeKind::Varbinary(length) }))
}

fn overlay(mut call: Call<'_>) -> Resolution {
    for index in 2..call.len() {
        call = call.cast(index, TypeKind::Int);
    }
    let length = added_length(length_of(call.kind(0)), length_of(call.kind(1)));
    call.gives(TypeKind::Varchar(length))
}

fn printf(call: Call<'_>) -> Resolved {
    let expected = "PRINTF(format <CHARACTER_STRING>, obj <ANY>...)";
    if call.is_empty() || !Character.admits(call.kind(0)) {
        return Err(call.wrong(expected));
    }
    Ok(texts_only(call).gives_nullable(TypeKind::string()))
}

/// Of all that is no nested value, binary string or instant.
fn hash_code(call: Call<'_>) -> Resolved {
    let call = call.of(&[Family::Any], "HASH_CODE(<ANY>)")?;
    let kind = call.kind(0);
    let is_hashed = kind.is_character()
        || kind.is_numeric()
        || matches!(kind, TypeKind::Boolean | TypeKind::Date | TypeKind::Time(_) | TypeKind::Timestamp(_));
    match kind {
        TypeKind::Null => Ok(call.cast(0, TypeKind::string()).gives(TypeKind::Int)),
        _ if is_hashed => Ok(call.gives(TypeKind::Int)),
        _ => Err(call.wrong("HASH_CODE(<CHARACTER>)\nHASH_CODE(<NUMERIC>)\nHASH_CODE(<DATETIME>)")),
    }
}

fn elt(call: Call<'_>) -> Resolved {
    let expected = "ELT(index <INTEGER_NUMERIC>, expr <CHARACTER_STRING>, exprs <CHARACTER_STRING>...)\nELT(index \
                    <INTEGER_NUMERIC>, expr <BINARY_STRING>, exprs <BINARY_STRING>...)";
    let all = |family: Family| call.types[1..].iter().all(|data_type| family.admits(&data_type.kind));
    if call.len() < 2 || !Integer.admits(call.kind(0)) || !(all(Character) || all(Binary)) {
        return Err(call.wrong(expected));
    }
    if call.integer_literal(0).is_some_and(|index| index < 0) {
        return Err(call.wrong(expected));
    }
    let types: Vec<_> = call.types[1..].iter().collect();
    let Some(common) = common_type(&types) else { return Err(call.wrong(expected)) };
    let kind = if common.kind == TypeKind::Null { TypeKind::string() } else { common.kind };
    let mut call = call.cast(0, TypeKind::BigInt);
    for index in 1..call.len() {
        call = call.cast(index, kind.clone());
    }
    Ok(call.gives_nullable(kind))
}

/// Length of a character or binary type.
fn length_of(kind: &TypeKind) -> u32 {
    match kind {
        TypeKind::Char(length) | TypeKind::Varchar(length) => *length,
        TypeKind::Binary(length) | TypeKind::Varbinary(length) => *length,
        _ => LENGTH_MAX,
    }
}

fn added_length(left: u32, right: u32) -> u32 {
    left.saturating_add(right).min(LENGTH_MAX)
}

#[cfg(test)]
mod tests {
    use flott_record::DataType;

    use super::*;

    fn type_of(name: &str, types: &[DataType]) -> String {
        let arguments: Vec<Argument> =
            types.iter().map(|data_type| Argument { data_type: data_type.clone(), literal: None }).collect();
        match resolve(name, &arguments).expect("a string function") {
            Ok(resolution) => resolution.data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn lengths_and_nullability_are_those_of_flink() {
        let (char_1, char_5) = (TypeKind::Char(1).not_null(), TypeKind::Char(5).not_null());
        let (varchar_3, int) = (TypeKind::Varchar(3).not_null(), TypeKind::Int.not_null());
        assert_eq!(type_of("UPPER", std::slice::from_ref(&char_5)), "CHAR(5) NOT NULL");
        assert_eq!(type_of("||", &[char_1.clone(), char_1.clone()]), "CHAR(2) NOT NULL");
        assert_eq!(type_of("||", &[char_1.clone(), varchar_3]), "VARCHAR(4) NOT NULL");
        assert_eq!(type_of("SUBSTRING", &[char_5.clone(), int.clone()]), "VARCHAR(5)");
        assert_eq!(type_of("OVERLAY", &[char_5.clone(), char_1.clone(), int.clone()]), "VARCHAR(6) NOT NULL");
        assert_eq!(type_of("TRIM", &[char_5.clone(), char_1.clone(), char_5.clone()]), "VARCHAR(5) NOT NULL");
        assert_eq!(type_of("REVERSE", std::slice::from_ref(&char_5)), "STRING");
        assert_eq!(type_of("ELT", &[int, char_1.clone(), char_5]), "VARCHAR(5)");
        assert_eq!(type_of("CONCAT", &[char_1, TypeKind::string().nullable()]), "STRING");
        assert_eq!(type_of("IS_DIGIT", &[TypeKind::string().nullable()]), "BOOLEAN NOT NULL");
    }

    #[test]
    fn wrong_arguments_name_the_signatures() {
        let message = type_of("BTRIM", &[TypeKind::Int.nullable()]);
        assert!(message.contains("BTRIM(str <CHARACTER_STRING>)"), "{message}");
    }
}
