//! How values lie in metadata: lengths as LEB128, everything else little endian. Reading never trusts a length.

use crate::limits::TEXT_BYTES_MAX;

/// Bytes that are not what they should be; the reason is completed by who knows the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

/// Appends an unsigned number as LEB128.
pub(crate) fn write_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and the bytes.
pub(crate) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a number and so many elements.
pub(crate) fn write_list<T>(out: &mut Vec<u8>, list: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    write_number(out, list.len() as u64);
    list.iter().for_each(|element| write(out, element));
}

/// Takes `count` bytes from the front.
pub(crate) fn take<'a>(input: &mut &'a [u8], count: u64) -> Result<&'a [u8], Malformed> {
    let parts = usize::try_from(count).ok().and_then(|count| input.split_at_checked(count));
    let (head, rest) =
        parts.ok_or_else(|| Malformed(format!("{count} bytes are wanted where {} are left", input.len())))?;
    *input = rest;
    Ok(head)
}

pub(crate) fn read_array<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let mut array = [0; N];
    array.copy_from_slice(take(input, N as u64)?);
    Ok(array)
}

pub(crate) fn read_u32(input: &mut &[u8]) -> Result<u32, Malformed> {
    Ok(u32::from_le_bytes(read_array(input)?))
}

/// Takes an unsigned LEB128 number.
pub(crate) fn read_number(input: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let [byte] = read_array(input)?;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed("a number has more than 64 bits".to_string()))
}

pub(crate) fn read_small(input: &mut &[u8]) -> Result<u32, Malformed> {
    let number = read_number(input)?;
    u32::try_from(number).map_err(|_| Malformed(format!("{number} has more than 32 bits")))
}

pub(crate) fn read_bytes(input: &mut &[u8]) -> Result<Vec<u8>, Malformed> {
    let length = read_number(input)?;
    Ok(take(input, length)?.to_vec())
}

pub(crate) fn read_text(input: &mut &[u8]) -> Result<String, Malformed> {
    let length = read_number(input)?;
    if length > TEXT_BYTES_MAX {
        return Err(Malformed(format!("a name of {length} bytes")));
    }
    let bytes = take(input, length)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed("a name is not UTF-8".to_string()))
}

/// Takes a list. Each element takes at least a byte, so a wrong count ends with the bytes and not with the memory.
pub(crate) fn read_list<T>(
    input: &mut &[u8],
    mut read: impl FnMut(&mut &[u8]) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = read_number(input)?;
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(read(input)?);
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_their_bytes_and_longer_ones_are_refused() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            write_number(&mut out, value);
            assert_eq!(read_number(&mut out.as_slice()), Ok(value));
        }
        assert!(read_number(&mut [0xff; 10].as_slice()).is_err());
        assert!(read_number(&mut [0x80; 3].as_slice()).is_err());
    }
}
