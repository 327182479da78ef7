//! Sizes of memory in Flink's forms: `64 mb`, `1g`, `1024`.

use std::fmt;

use crate::value::{ConfigValue, Expected};

const UNITS: [(&[&str], u64); 5] = [
    (&["tb", "t", "tebibytes"], 1 << 40),
    (&["gb", "g", "gibibytes"], 1 << 30),
    (&["mb", "m", "mebibytes"], 1 << 20),
    (&["kb", "k", "kibibytes"], 1 << 10),
    (&["bytes", "b"], 1),
];

/// A number of bytes; units are powers of 1,024, as in Flink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemorySize {
    bytes: u64,
}

impl MemorySize {
    /// A size of so many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        MemorySize { bytes }
    }

    /// A size of so many mebibytes.
    pub const fn from_mebibytes(mebibytes: u64) -> Self {
        MemorySize { bytes: mebibytes << 20 }
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.bytes
    }
}

impl fmt::Display for MemorySize {
    /// The largest unit that holds it exactly: `64 mb`, `1 gb`, `1000 bytes`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS.iter().find(|(_, unit)| self.bytes != 0 && self.bytes.is_multiple_of(*unit));
        match exact {
            Some((labels, unit)) => write!(formatter, "{} {}", self.bytes / unit, labels[0]),
            None => write!(formatter, "{} bytes", self.bytes),
        }
    }
}

impl ConfigValue for MemorySize {
    fn parse_config(text: &str) -> Result<Self, Expected> {
        let refused = || Expected("a memory size such as '64 mb', '1 gb' or '4096'".to_string());
        let trimmed = text.trim();
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = trimmed[..digits].parse().map_err(|_| refused())?;
        let unit = trimmed[digits..].trim().to_lowercase();
        let factor = if unit.is_empty() {
            1
        } else {
            let known = UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str()));
            known.map(|(_, factor)| *factor).ok_or_else(refused)?
        };
        number.checked_mul(factor).map(MemorySize::from_bytes).ok_or_else(refused)
    }

    fn format_config(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_flinks_forms() {
        for (text, bytes, shown) in [
            ("64 mb", 64 << 20, "64 mb"),
            ("1g", 1 << 30, "1 gb"),
            ("4096", 4096, "4 kb"),
            ("1000 b", 1000, "1000 bytes"),
            ("2 TEBIBYTES", 2 << 40, "2 tb"),
            ("0", 0, "0 bytes"),
        ] {
            let size = MemorySize::parse_config(text).expect("a size");
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, shown), "{text}");
            assert_eq!(MemorySize::parse_config(&size.to_string()), Ok(size));
        }
        for text in ["", "mb", "-1 mb", "1 xb", "1.5 mb", "99999999999 tb"] {
            assert!(MemorySize::parse_config(text).is_err(), "{text}");
        }
    }
}
