//! Signatures of the functions on regular expressions. `LIKE` and `SIMILAR TO` are operators.

use flott_record::TypeKind;

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError};

use Family::{Character, Integer};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    let resolved = match name {
        "REGEXP" => call.of(&[Character; 2], "REGEXP(<CHARACTER>, <CHARACTER>)").map(|call| call.gives(TypeKind::Boolean)),
        "REGEXP_REPLACE" => call
            .of(&[Character; 3], "REGEXP_REPLACE(<CHARACTER>, <CHARACTER>, <CHARACTER>)")
            .map(|call| call.gives(TypeKind::string())),
        "REGEXP_EXTRACT" => extract(call, "REGEXP_EXTRACT(<CHARACTER>, <CHARACTER>, <INTEGER>)\nREGEXP_EXTRACT(<CHARACTER>, <CHARACTER>)")
            .map(|call| call.gives_nullable(TypeKind::string())),
        "REGEXP_EXTRACT_ALL" => extract(
            call,
            "REGEXP_EXTRACT_ALL(str <CHARACTER_STRING>, regex <CHARACTER_STRING>)\nREGEXP_EXTRACT_ALL(str <CHARACTER_STRING>, \
             regex <CHARACTER_STRING>, extractIndex <INTEGER_NUMERIC>)",
        )
        .map(|call| call.gives_nullable(TypeKind::Array(Box::new(TypeKind::string().nullable())))),
        "REGEXP_COUNT" | "REGEXP_INSTR" => pair(call).map(|call| call.gives_nullable(TypeKind::Int)),
        "REGEXP_SUBSTR" => pair(call).map(|call| call.gives_nullable(TypeKind::string())),
        _ => return None,
    };
    Some(resolved)
}

fn pair(call: Call<'_>) -> Result<Call<'_>, SignatureError> {
    let expected = format!("{}(str <CHARACTER_STRING>, regex <CHARACTER_STRING>)", call.name);
    call.of(&[Character; 2], &expected)
}

fn extract<'a>(call: Call<'a>, expected: &str) -> Result<Call<'a>, SignatureError> {
    let call = call.of_at_least(&[Character, Character, Integer], 2, expected)?;
    Ok(if call.len() == 3 { call.cast(2, TypeKind::Int) } else { call })
}
