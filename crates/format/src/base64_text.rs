//! Base64 as Jackson has it by default: the standard alphabet, padding required, no line breaks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Appends the decoded bytes; false if the text isn't Base64, then `out` is as before.
pub fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let decoded = STANDARD.decode_vec(text, out).is_ok();
    if !decoded {
        out.truncate(start);
    }
    decoded
}

/// Appends the encoded text.
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
}
