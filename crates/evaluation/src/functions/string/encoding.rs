//! Functions between texts, bytes and numbers: Base64, hexadecimal, binary, character sets, IPv4 addresses.

use arrow_array::ArrayRef;
use arrow_array::types::Int64Type;
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::functions::constants::{
    AnyBytes, ByteStrings, Column, Numbers, Texts, build_bytes, build_numbers, build_texts, scalars,
};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, Frame, ScalarFunction};

pub(super) fn compile(call: &CallSite) -> Option<Box<dyn ScalarFunction>> {
    Some(match call.name.as_str() {
        "TO_BASE64" => scalars(to_base64),
        "FROM_BASE64" => scalars(from_base64),
        "BIN" => number_text(|number, out| out.push_str(&format!("{number:b}"))),
        "HEX" if call.kind(0).is_integer() => number_text(|number, out| out.push_str(&format!("{number:X}"))),
        "HEX" => scalars(hex_of_bytes),
        "UNHEX" => scalars(unhex),
        "ENCODE" => scalars(encode),
        "DECODE" => scalars(decode),
        "INET_ATON" => scalars(inet_aton),
        "INET_NTOA" => scalars(inet_ntoa),
        _ => return None,
    })
}

/// The alphabet of RFC 4648; padding is written, and neither wanted nor refused when read.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Appends bytes as Base64 text.
pub(in crate::functions) fn write_base64(bytes: &[u8], out: &mut String) {
    BASE64.encode_string(bytes, out);
}

fn to_base64(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let bytes = AnyBytes::of(&arguments[0]);
    build_texts(arguments, frame.rows, |row, out| {
        write_base64(bytes.at(row), out);
        Ok(true)
    })
}

fn from_base64(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let text = AnyBytes::of(&arguments[0]);
    let mut bytes = Vec::new();
    build_texts(arguments, frame.rows, |row, out| {
        bytes.clear();
        BASE64
            .decode_vec(text.at(row), &mut bytes)
            .map_err(|error| failed(row, format!("Illegal base64 text: {error}")))?;
        out.push_str(&String::from_utf8_lossy(&bytes));
        Ok(true)
    })
}

fn number_text(write: impl Fn(u64, &mut String) + Send + 'static) -> Box<dyn ScalarFunction> {
    scalars(move |arguments, frame| {
        let number = Numbers::<Int64Type>::of(&arguments[0]);
        build_texts(arguments, frame.rows, |row, out| {
            write(number.at(row) as u64, out);
            Ok(true)
        })
    })
}

const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";
const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";

/// Appends bytes as lower-case hexadecimal digits.
pub(in crate::functions) fn write_hex_lower(bytes: &[u8], out: &mut String) {
    write_hex(bytes, HEX_LOWER, out);
}

fn write_hex(bytes: &[u8], digits: &[u8; 16], out: &mut String) {
    for byte in bytes {
        out.push(char::from(digits[usize::from(byte >> 4)]));
        out.push(char::from(digits[usize::from(byte & 15)]));
    }
}

fn hex_of_bytes(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let bytes = AnyBytes::of(&arguments[0]);
    build_texts(arguments, frame.rows, |row, out| {
        write_hex(bytes.at(row), HEX_UPPER, out);
        Ok(true)
    })
}

fn unhex(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let text = Texts::of(&arguments[0]);
    build_bytes(arguments, frame.rows, |row, out| Ok(write_unhex(text.at(row), out)))
}

/// Two digits a byte. Of an odd number of digits Flink checks the first one and puts 0 for it.
fn write_unhex(text: &str, out: &mut Vec<u8>) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes = text.as_bytes();
    let (first, pairs) = bytes.split_at(bytes.len() % 2);
    if let [first] = first {
        if digit(*first).is_none() {
            return false;
        }
        out.push(0);
    }
    for pair in pairs.chunks_exact(2) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return false };
        out.push(high << 4 | low);
    }
    true
}

/// The character sets that every Java has.
#[derive(Clone, Copy)]
enum Charset {
    Ascii,
    Latin1,
    Utf8,
    Utf16,
    Utf16Be,
    Utf16Le,
}

impl Charset {
    fn of_name(name: &str) -> Option<Charset> {
        Some(match name.to_ascii_uppercase().as_str() {
            "US-ASCII" | "ASCII" => Charset::Ascii,
            "ISO-8859-1" | "LATIN1" | "ISO8859_1" => Charset::Latin1,
            "UTF-8" | "UTF8" => Charset::Utf8,
            "UTF-16" | "UTF_16" | "UTF16" => Charset::Utf16,
            "UTF-16BE" | "UTF_16BE" => Charset::Utf16Be,
            "UTF-16LE" | "UTF_16LE" => Charset::Utf16Le,
            _ => return None,
        })
    }

    fn write(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Charset::Ascii => out.extend(text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' })),
            Charset::Latin1 => out.extend(text.chars().map(|c| u8::try_from(c as u32).unwrap_or(b'?'))),
            Charset::Utf8 => out.extend_from_slice(text.as_bytes()),
            Charset::Utf16 => {
                out.extend_from_slice(&[0xFE, 0xFF]);
                Charset::Utf16Be.write(text, out);
            }
            Charset::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Charset::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
        }
    }

    fn read(self, bytes: &[u8], out: &mut String) {
        let replaced = char::REPLACEMENT_CHARACTER;
        match self {
            Charset::Ascii => {
                out.extend(bytes.iter().map(|byte| if *byte < 128 { char::from(*byte) } else { replaced }))
            }
            Charset::Latin1 => out.extend(bytes.iter().map(|byte| char::from(*byte))),
            Charset::Utf8 => out.push_str(&String::from_utf8_lossy(bytes)),
            Charset::Utf16 => match bytes {
                [0xFF, 0xFE, rest @ ..] => Charset::Utf16Le.read(rest, out),
                [0xFE, 0xFF, rest @ ..] => Charset::Utf16Be.read(rest, out),
                _ => Charset::Utf16Be.read(bytes, out),
            },
            Charset::Utf16Be => read_utf16(bytes, u16::from_be_bytes, out),
            Charset::Utf16Le => read_utf16(bytes, u16::from_le_bytes, out),
        }
    }
}

fn read_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, out: &mut String) {
    let pairs = bytes.chunks_exact(2);
    let odd = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    if odd {
        out.push(char::REPLACEMENT_CHARACTER);
    }
}

fn charset(name: &str, row: usize) -> Result<Charset, crate::evaluator::EvaluationError> {
    Charset::of_name(name).ok_or_else(|| failed(row, format!("Unsupported encoding: {name}")))
}

fn encode(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (text, name) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
    build_bytes(arguments, frame.rows, |row, out| {
        charset(name.at(row), row)?.write(text.at(row), out);
        Ok(true)
    })
}

fn decode(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let (bytes, name) = (ByteStrings::of(&arguments[0]), Texts::of(&arguments[1]));
    build_texts(arguments, frame.rows, |row, out| {
        charset(name.at(row), row)?.read(bytes.at(row), out);
        Ok(true)
    })
}

fn inet_aton(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let text = Texts::of(&arguments[0]);
    build_numbers::<Int64Type>(arguments, frame.rows, |row| Ok(address_number(text.at(row))))
}

/// One to four parts of 0 to 255; the last part is the last byte, missing ones before it are 0 (`127.1` is `127.0.0.1`).
fn address_number(text: &str) -> Option<i64> {
    let parts: Option<Vec<i64>> = text.split('.').map(address_part).collect();
    let parts = parts?;
    let (last, front) = parts.split_last()?;
    if front.len() > 3 {
        return None;
    }
    let high = front.iter().fold(0, |number, part| number << 8 | part);
    Some(high << (8 * (4 - front.len())) | last)
}

fn address_part(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|part| digits && *part <= 255)
}

fn inet_ntoa(arguments: &[ArrayRef], frame: &Frame) -> Column {
    let number = Numbers::<Int64Type>::of(&arguments[0]);
    build_texts(arguments, frame.rows, |row, out| {
        let Ok(number) = u32::try_from(number.at(row)) else { return Ok(false) };
        let [a, b, c, d] = number.to_be_bytes();
        out.push_str(&format!("{a}.{b}.{c}.{d}"));
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_flink() {
        assert_eq!(address_number("127.0.0.1"), Some(2_130_706_433));
        assert_eq!(address_number("127.1"), Some(2_130_706_433));
        assert_eq!(address_number("192.168.001.001"), Some(3_232_235_777));
        assert_eq!(address_number("0"), Some(0));
        for wrong in ["", "1.2.65536", "4294967295", "256.0.0.1", "1.2.3.4.5", "1.2.3.", "1..2.3", " 127.0.0.1", "+1"] {
            assert_eq!(address_number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn unhex_is_that_of_flink() {
        let unhex = |text| {
            let mut out = Vec::new();
            write_unhex(text, &mut out).then_some(out)
        };
        assert_eq!(unhex("146"), Some(vec![0, 0x46]));
        assert_eq!(unhex("466C696E6B"), Some(b"Flink".to_vec()));
        assert_eq!(unhex(""), Some(Vec::new()));
        assert_eq!(unhex("1g2"), None);
        assert_eq!(unhex("g"), None);
    }

    #[test]
    fn charsets_go_both_ways() {
        let mut bytes = Vec::new();
        Charset::Utf16.write("aé", &mut bytes);
        assert_eq!(bytes, [0xFE, 0xFF, 0, 0x61, 0, 0xE9]);
        let mut text = String::new();
        Charset::Utf16.read(&bytes, &mut text);
        assert_eq!(text, "aé");
    }
}
