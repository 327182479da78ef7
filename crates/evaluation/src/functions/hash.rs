//! The hash functions: digests as lower-case hexadecimal text.

use arrow_array::ArrayRef;
use arrow_array::types::Int32Type;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::constants::{AnyBytes, Column, Numbers, build_texts, infallible, scalars};
use super::mapping::failed;
use super::string::write_hex_lower;
use super::{CallSite, Frame, ScalarFunction};
use crate::evaluator::CompileError;

/// Compiles a call; `None` if the function is of another family.
pub(super) fn compile(call: &CallSite) -> Option<Result<Box<dyn ScalarFunction>, CompileError>> {
    let function = match call.name.as_str() {
        "MD5" => digests(write_digest::<Md5>),
        "SHA1" => digests(write_digest::<Sha1>),
        "SHA224" => digests(write_digest::<Sha224>),
        "SHA256" => digests(write_digest::<Sha256>),
        "SHA384" => digests(write_digest::<Sha384>),
        "SHA512" => digests(write_digest::<Sha512>),
        "SHA2" => scalars(sha2),
        _ => return None,
    };
    Some(Ok(function))
}

/// Appends the digest of bytes.
type WriteDigest = fn(&[u8], &mut String);

fn write_digest<D: Digest>(bytes: &[u8], out: &mut String) {
    write_hex_lower(&D::digest(bytes), out);
}

fn digests(write: WriteDigest) -> Box<dyn ScalarFunction> {
    infallible(move |arguments, frame| {
        let bytes = AnyBytes::of(&arguments[0]);
        build_texts(arguments, frame.rows, |row, out| {
            write(bytes.at(row), out);
            Ok(true)
        })
    })
}

fn sha2(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (bytes, bits) = (AnyBytes::of(&arguments[0]), Numbers::<Int32Type>::of(&arguments[1]));
    build_texts(arguments, frame.rows, |row, out| {
        let write: WriteDigest = match bits.at(row) {
            224 => write_digest::<Sha224>,
            256 => write_digest::<Sha256>,
            384 => write_digest::<Sha384>,
            512 => write_digest::<Sha512>,
            other => return Err(failed(row, format!("Unsupported algorithm: SHA2 of {other} bits"))),
        };
        write(bytes.at(row), out);
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_lower_case_hexadecimal() {
        let mut out = String::new();
        write_digest::<Md5>(b"a", &mut out);
        assert_eq!(out, "0cc175b9c0f1b6a831c399e269772661");
        out.clear();
        write_digest::<Sha224>(b"test", &mut out);
        assert_eq!(out, "90a3ed9e32b2aaf4c61c410eb925426119e1a9dc53d4286ade99a809");
    }
}
