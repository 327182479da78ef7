//! Signatures of the hash functions: digests of texts or bytes, as lower-case hexadecimal text.

use flott_record::TypeKind;

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    if name == "SHA2" {
        return Some(sha2(call));
    }
    let length = match name {
        "MD5" => 32,
        "SHA1" => 40,
        "SHA224" => 56,
        "SHA256" => 64,
        "SHA384" => 96,
        "SHA512" => 128,
        _ => return None,
    };
    let expected = format!("{name}(<STRING>)");
    Some(call.of(&[Family::CharacterOrBinary], &expected).map(|call| call.gives(TypeKind::Char(length))))
}

fn sha2(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let expected = "SHA2(<STRING>, <INTEGER>)";
    let call = call.of(&[Family::CharacterOrBinary, Family::Integer], expected)?;
    if let Some(bits) = call.integer_literal(1)
        && ![224, 256, 384, 512].contains(&bits)
    {
        return Err(call.wrong_value(format!("unsupported algorithm: {bits} bits; supported: 224, 256, 384, 512")));
    }
    let call = call.cast(1, TypeKind::Int);
    Ok(call.gives(TypeKind::Varchar(128)))
}
