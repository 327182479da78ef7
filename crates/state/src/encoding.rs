//! How values lie in snapshots.
//!
//! Lengths are LEB128; integers little endian; a value's layout belongs to its type and is versioned with the snapshot.

use thiserror::Error;

/// Bytes that are no value of the expected type: a damaged or foreign snapshot.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("state cannot be decoded: {0}")]
pub struct DecodeError(pub String);

/// A value that can lie in a snapshot.
pub trait StateValue: Sized {
    /// Appends the value.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes one value from the front of `bytes`.
    ///
    /// # Errors
    /// If the bytes are no such value.
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError>;
}

/// The one value that bytes hold.
///
/// # Errors
/// If they are no such value, or more.
pub fn decode_all<V: StateValue, E: From<DecodeError>>(mut bytes: &[u8]) -> Result<V, E> {
    let value = V::decode(&mut bytes)?;
    match bytes.len() {
        0 => Ok(value),
        left => Err(DecodeError(format!("{left} bytes after a value of state")).into()),
    }
}

/// Appends an unsigned number as LEB128.
pub fn write_length(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes an unsigned LEB128 number.
///
/// # Errors
/// If the bytes end early or the number is longer than 64 bits.
pub fn read_length(bytes: &mut &[u8]) -> Result<u64, DecodeError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(DecodeError("a length has more than 64 bits".to_string()))
}

/// Takes `count` bytes from the front.
///
/// # Errors
/// If there are fewer.
pub fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], DecodeError> {
    let (head, rest) = bytes
        .split_at_checked(count)
        .ok_or_else(|| DecodeError(format!("{count} bytes wanted, {} left", bytes.len())))?;
    *bytes = rest;
    Ok(head)
}

/// Appends a time such that bytes order as times do, for keys of state that begin with one.
pub fn write_ordered_time(out: &mut Vec<u8>, time_ms: i64) {
    out.extend_from_slice(&(time_ms as u64 ^ 1 << 63).to_be_bytes());
}

/// Takes a time written by [`write_ordered_time`].
///
/// # Errors
/// If the bytes end early.
pub fn read_ordered_time(bytes: &mut &[u8]) -> Result<i64, DecodeError> {
    let mut array = [0; 8];
    array.copy_from_slice(take(bytes, 8)?);
    Ok((u64::from_be_bytes(array) ^ 1 << 63) as i64)
}

impl StateValue for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = take(bytes, 8)?;
        let mut array = [0; 8];
        array.copy_from_slice(head);
        Ok(i64::from_le_bytes(array))
    }
}

impl StateValue for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        (*self as i64).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(i64::decode(bytes)? as u64)
    }
}

impl StateValue for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        match take(bytes, 1)?[0] {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(DecodeError(format!("{other} is no boolean"))),
        }
    }
}

impl StateValue for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.len() as u64);
        out.extend_from_slice(self);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let length = read_length(bytes)?;
        Ok(take(bytes, length as usize)?.to_vec())
    }
}

impl StateValue for String {
    fn encode(&self, out: &mut Vec<u8>) {
        write_length(out, self.len() as u64);
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        String::from_utf8(Vec::decode(bytes)?).map_err(|error| DecodeError(error.to_string()))
    }
}

impl<T: StateValue> StateValue for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        if bool::decode(bytes)? { Ok(Some(T::decode(bytes)?)) } else { Ok(None) }
    }
}

impl<A: StateValue, B: StateValue> StateValue for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok((A::decode(bytes)?, B::decode(bytes)?))
    }
}
