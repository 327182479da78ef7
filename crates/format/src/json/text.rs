//! JSON values as text: strings with their escapes, and whole values in the compact form that a STRING column takes.

use super::scan::{Fault, Scanner};
use crate::limits::JSON_DEPTH_MAX;
use crate::number::{parse_double, write_double};

/// Appends a string in quotes, escaped as Jackson escapes it. The bytes are UTF-8.
pub fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut plain_from = 0;
    for (at, byte) in text.iter().enumerate() {
        if *byte >= b' ' && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            8 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            12 => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.extend_from_slice(format!("\\u{other:04X}").as_bytes()),
        }
    }
    out.extend_from_slice(&text[plain_from..]);
    out.push(b'"');
}

/// Consumes any value.
pub fn skip_value(scanner: &mut Scanner<'_>, scratch: &mut Vec<u8>) -> Result<(), Fault> {
    walk(scanner, scratch, &mut None)
}

/// Consumes a value and appends it without blanks; numbers with a point or exponent become doubles, as in Flink.
pub fn write_compact(scanner: &mut Scanner<'_>, out: &mut Vec<u8>, scratch: &mut Vec<u8>) -> Result<(), Fault> {
    walk(scanner, scratch, &mut Some(out))
}

/// Where a value is written to, if it isn't skipped.
type Copied<'o> = Option<&'o mut Vec<u8>>;

fn copy(out: &mut Copied<'_>, text: &[u8]) {
    if let Some(out) = out {
        out.extend_from_slice(text);
    }
}

/// Goes through a value without recursion, as its depth is not in our hands.
fn walk(scanner: &mut Scanner<'_>, scratch: &mut Vec<u8>, out: &mut Copied<'_>) -> Result<(), Fault> {
    let mut open: Vec<u8> = Vec::new();
    loop {
        let first = scanner.peek()?;
        let close = match first {
            b'{' => b'}',
            b'[' => b']',
            _ => 0,
        };
        if close == 0 {
            walk_scalar(scanner, first, scratch, out)?;
        } else {
            if open.len() == JSON_DEPTH_MAX {
                return scanner.syntax(scanner.at, "a value nested too deeply");
            }
            copy(out, &[first]);
            if scanner.begins(first, close)? {
                open.push(close);
                walk_name(scanner, close, scratch, out)?;
                continue;
            }
            copy(out, &[close]);
        }
        // A value has ended, and with it perhaps those around it.
        loop {
            let Some(close) = open.last().copied() else { return Ok(()) };
            if scanner.more(close)? {
                copy(out, b",");
                walk_name(scanner, close, scratch, out)?;
                break;
            }
            copy(out, &[close]);
            open.pop();
        }
    }
}

/// The name before a value, if it stands in an object.
fn walk_name(scanner: &mut Scanner<'_>, close: u8, scratch: &mut Vec<u8>, out: &mut Copied<'_>) -> Result<(), Fault> {
    if close == b'}' {
        walk_string(scanner, scratch, out)?;
        scanner.expect(b':')?;
        copy(out, b":");
    }
    Ok(())
}

fn walk_string(scanner: &mut Scanner<'_>, scratch: &mut Vec<u8>, out: &mut Copied<'_>) -> Result<(), Fault> {
    let text = scanner.string(scratch)?;
    if let Some(out) = out {
        write_string(out, text);
    }
    Ok(())
}

fn walk_scalar(scanner: &mut Scanner<'_>, first: u8, scratch: &mut Vec<u8>, out: &mut Copied<'_>) -> Result<(), Fault> {
    let word = match first {
        b'"' => return walk_string(scanner, scratch, out),
        b't' => "true",
        b'f' => "false",
        b'n' => "null",
        _ => {
            let number = scanner.number()?;
            if let Some(out) = out {
                match parse_double(number.text).filter(|_| !number.is_whole) {
                    Some(value) => write_double(out, value),
                    None => out.extend_from_slice(number.text),
                }
            }
            return Ok(());
        }
    };
    scanner.word(word)?;
    copy(out, word.as_bytes());
    Ok(())
}
