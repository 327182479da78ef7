//! Keys: where they come from and what they are called.

use std::fmt;
use std::path::Path;

use flott_configuration::Configuration;
use flott_environment::{Environment, StoreError, StoreErrorKind, StoreOperation};

use crate::options::{ENCRYPTION_KEY_FILE, ENCRYPTION_KEY_ID, ENCRYPTION_KEY_VARIABLE, ENCRYPTION_OLD_KEY_FILES};

/// Characters of a key's id at the most: it has a fixed place in the header.
const ID_CHARS_MAX: usize = 64;

/// A key of 256 bits under a name. Its bytes are never shown.
#[derive(Clone)]
pub struct EncryptionKey {
    id: String,
    bytes: [u8; 32],
}

impl EncryptionKey {
    /// A key; `text` is its 32 bytes, or their 64 hexadecimal digits with white space around them.
    ///
    /// # Errors
    /// What is wrong with the id or the text, without the text.
    pub fn new(id: &str, text: &[u8]) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if id.is_empty() || id.len() > ID_CHARS_MAX || !id.bytes().all(is_plain) {
            return Err(format!("'{id}' is no id of a key: at most 64 letters, digits, '.', '_' and '-' are wanted"));
        }
        let bytes = match <[u8; 32]>::try_from(text) {
            Ok(bytes) => bytes,
            Err(_) => from_hexadecimal(text.trim_ascii()).ok_or_else(|| {
                format!("32 bytes or 64 hexadecimal digits are wanted, {} bytes are there", text.len())
            })?,
        };
        Ok(EncryptionKey { id: id.to_string(), bytes })
    }

    /// The key's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EncryptionKey({})", self.id)
    }
}

fn from_hexadecimal(text: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(bytes)
}

fn failed(source: &str, reason: impl Into<String>) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Invalid,
        operation: StoreOperation::Open,
        object: "the encryption key".to_string(),
        location: source.to_string(),
        reason: reason.into(),
    }
}

fn from_file(id: &str, file: &str, option: &str, environment: &Environment) -> Result<EncryptionKey, StoreError> {
    let source = format!("option '{option}'");
    let text = environment.disk().read(Path::new(file)).map_err(|error| failed(&source, error.to_string()))?;
    EncryptionKey::new(id, &text).map_err(|reason| failed(&source, format!("{file}: {reason}")))
}

/// The keys that are configured, the one to write with first; none where encryption is off.
pub(super) fn configured(
    configuration: &Configuration,
    environment: &Environment,
) -> Result<Vec<EncryptionKey>, StoreError> {
    let id = configuration.raw(ENCRYPTION_KEY_ID.key()).or(ENCRYPTION_KEY_ID.default_text()).unwrap_or_default();
    let file = configuration.raw(ENCRYPTION_KEY_FILE.key());
    let variable = configuration.raw(ENCRYPTION_KEY_VARIABLE.key());
    let mut keys = match (file, variable) {
        (None, None) => Vec::new(),
        (Some(file), None) => vec![from_file(id, file, ENCRYPTION_KEY_FILE.key(), environment)?],
        (None, Some(variable)) => {
            let source = format!("option '{}'", ENCRYPTION_KEY_VARIABLE.key());
            let missing = || failed(&source, format!("the environment variable {variable} is not set"));
            let text = environment.variable(variable).ok_or_else(missing)?;
            let key = EncryptionKey::new(id, text.as_bytes());
            vec![key.map_err(|reason| failed(&source, format!("{variable}: {reason}")))?]
        }
        (Some(_), Some(_)) => {
            let options = format!("options '{}' and '{}'", ENCRYPTION_KEY_FILE.key(), ENCRYPTION_KEY_VARIABLE.key());
            return Err(failed(&options, "only one of them can be set"));
        }
    };
    let option = ENCRYPTION_OLD_KEY_FILES.key();
    for entry in configuration.raw(option).unwrap_or_default().split(';').filter(|entry| !entry.trim().is_empty()) {
        let (id, file) = entry
            .split_once('=')
            .ok_or_else(|| failed(&format!("option '{option}'"), format!("'{entry}' is not id=file")))?;
        keys.push(from_file(id.trim(), file.trim(), option, environment)?);
    }
    Ok(keys)
}
