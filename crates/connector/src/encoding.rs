//! Bytes of positions and committables: a version, then numbers and texts in little-endian order.

use crate::contract::ConnectorError;

/// Writes one value after the other.
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Begins with a version.
    pub fn new(version: u8) -> Self {
        Encoder { bytes: vec![version] }
    }

    /// A number.
    pub fn number(mut self, value: u64) -> Self {
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A text with its length.
    pub fn text(self, text: &str) -> Self {
        let mut with_length = self.number(text.len() as u64);
        with_length.bytes.extend_from_slice(text.as_bytes());
        with_length
    }

    /// All that was written.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads what [`Encoder`] wrote.
pub struct Decoder<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Begins; `what` is named in errors.
    ///
    /// # Errors
    /// If the version isn't the one that this build knows.
    pub fn new(what: &'static str, version: u8, bytes: &'a [u8]) -> Result<Self, ConnectorError> {
        match bytes.split_first() {
            Some((found, rest)) if *found == version => Ok(Decoder { what, rest }),
            Some((found, _)) => {
                Err(ConnectorError::new(format!("{what} has version {found}, this build reads version {version}")))
            }
            None => Err(ConnectorError::new(format!("{what} is empty"))),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ConnectorError> {
        if self.rest.len() < length {
            return Err(ConnectorError::new(format!("{} is cut off", self.what)));
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }

    /// A number.
    ///
    /// # Errors
    /// If the bytes end.
    pub fn number(&mut self) -> Result<u64, ConnectorError> {
        let bytes = self.take(8)?;
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// A text.
    ///
    /// # Errors
    /// If the bytes end, or aren't UTF-8.
    pub fn text(&mut self) -> Result<String, ConnectorError> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| ConnectorError::new(format!("{} holds text that isn't UTF-8", self.what)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_damage_is_refused() {
        let bytes = Encoder::new(1).number(u64::MAX - 1).text("ä").finish();
        let mut decoder = Decoder::new("x", 1, &bytes).expect("its version");
        assert_eq!((decoder.number().expect("there"), decoder.text().expect("there")), (u64::MAX - 1, "ä".to_string()));
        assert!(decoder.number().is_err());
        assert!(Decoder::new("x", 2, &bytes).is_err());
        assert!(Decoder::new("x", 1, &[]).is_err());
        let mut cut = Decoder::new("x", 1, &bytes[..bytes.len() - 1]).expect("its version");
        assert!(cut.number().is_ok() && cut.text().is_err());
    }
}
