//! Signatures of the scalar functions on bitmaps of unsigned 32-bit numbers.

use flott_record::TypeKind;
use flott_record::data_type::LENGTH_MAX;

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError, can_cast_implicitly};

use Family::{Array, Binary, Bitmap};

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    let of_one = |call: Call<'_>| {
        let expected = format!("{name}(bitmap <BITMAP>)");
        call.of(&[Bitmap], &expected).map(|call| call.types)
    };
    let resolved = match name {
        "BITMAP_AND" | "BITMAP_OR" | "BITMAP_XOR" | "BITMAP_ANDNOT" => {
            let expected = format!("{name}(bitmap1 <BITMAP>, bitmap2 <BITMAP>)");
            call.of(&[Bitmap; 2], &expected).map(|call| call.gives(TypeKind::Bitmap))
        }
        "BITMAP_BUILD" => build(call),
        "BITMAP_FROM_BYTES" => {
            call.of(&[Binary], "BITMAP_FROM_BYTES(bytes <BINARY_STRING>)").map(|call| call.gives(TypeKind::Bitmap))
        }
        "BITMAP_CARDINALITY" | "BITMAP_TO_ARRAY" | "BITMAP_TO_BYTES" | "BITMAP_TO_STRING" => {
            let kind = match name {
                "BITMAP_CARDINALITY" => TypeKind::BigInt,
                "BITMAP_TO_ARRAY" => TypeKind::Array(Box::new(TypeKind::Int.nullable())),
                "BITMAP_TO_BYTES" => TypeKind::Varbinary(LENGTH_MAX),
                _ => TypeKind::string(),
            };
            of_one(call.clone()).map(|types| Call { types, ..call }.gives(kind))
        }
        _ => return None,
    };
    Some(resolved)
}

fn build(call: Call<'_>) -> Result<Resolution, SignatureError> {
    let expected = "BITMAP_BUILD(array ARRAY<INT> NOT NULL)\nBITMAP_BUILD(array ARRAY<INT>)";
    let call = call.of(&[Array], expected)?;
    let ints = TypeKind::Array(Box::new(TypeKind::Int.nullable()));
    if !can_cast_implicitly(&call.types[0], &ints.clone().nullable()) {
        return Err(call.wrong(expected));
    }
    Ok(call.cast(0, ints).gives(TypeKind::Bitmap))
}
