//! Signatures of the functions on URLs.

use flott_record::TypeKind;

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    let call = match name {
        "PARSE_URL" => {
            let expected = "PARSE_URL(<CHARACTER>, <CHARACTER>)\nPARSE_URL(<CHARACTER>, <CHARACTER>, <CHARACTER>)";
            call.of_at_least(&[Family::Character; 3], 2, expected)
        }
        "URL_ENCODE" | "URL_DECODE" => call.of(&[Family::Character], &format!("{name}(<CHARACTER_STRING>)")),
        _ => return None,
    };
    Some(call.map(|call| call.gives_nullable(TypeKind::string())))
}
