//! The keys under which credentials, endpoints and the encryption key are configured.
//!
//! S3 and Azure have Flink's keys; as in Flink each `s3.x` may be written `s3a.x` or `fs.s3a.x`. What Flink has no key for begins with `flott.`.

use flott_configuration::{ConfigOption, Configuration};

/// Where S3 is, if not at Amazon: `http://host:port`.
pub const S3_ENDPOINT: ConfigOption<String> =
    ConfigOption::without_default("s3.endpoint", "Endpoint of an S3 store that is not Amazon's.");
/// The user of S3.
pub const S3_ACCESS_KEY: ConfigOption<String> =
    ConfigOption::without_default("s3.access-key", "Access key of S3; without one the process's own role is used.");
/// The user's secret.
pub const S3_SECRET_KEY: ConfigOption<String> = ConfigOption::without_default("s3.secret-key", "Secret key of S3.");
/// The token of a temporary user.
pub const S3_SESSION_TOKEN: ConfigOption<String> =
    ConfigOption::without_default("s3.session.token", "Session token of temporary S3 credentials.");
/// The region.
pub const S3_REGION: ConfigOption<String> = ConfigOption::without_default("s3.endpoint.region", "Region of S3.");
/// Whether the bucket stands in the path of a request rather than in its host name.
pub const S3_PATH_STYLE: ConfigOption<bool> = ConfigOption::without_default(
    "s3.path.style.access",
    "Whether S3's bucket is part of the path rather than of the host name.",
);

/// A service account's key file.
pub const GS_KEY_FILE: ConfigOption<String> = ConfigOption::without_default(
    "fs.gs.auth.service.account.json.keyfile",
    "Key file (JSON) of a Google service account; without one the process's own account is used.",
);
/// Where Google Cloud Storage is, if not at Google.
pub const GS_ROOT_URL: ConfigOption<String> =
    ConfigOption::without_default("fs.gs.storage.root.url", "Endpoint of a Google Cloud Storage that is not Google's.");
/// `SERVICE_ACCOUNT_JSON_KEYFILE`, `APPLICATION_DEFAULT` or `UNAUTHENTICATED`.
pub const GS_AUTH_TYPE: ConfigOption<String> = ConfigOption::without_default(
    "fs.gs.auth.type",
    "How requests to Google Cloud Storage are authenticated; UNAUTHENTICATED sends no credentials.",
);

/// What stands before the account's host in the key of an Azure account's key.
pub const AZURE_KEY_PREFIX: &str = "fs.azure.account.key.";
/// Where Azure Blob is, if not at Microsoft: `http://host:port/account`.
pub const AZURE_ENDPOINT: ConfigOption<String> = ConfigOption::without_default(
    "flott.azure.endpoint",
    "Endpoint of an Azure Blob store that is not Microsoft's, with the account as its path.",
);

/// The file that holds the encryption key.
pub const ENCRYPTION_KEY_FILE: ConfigOption<String> = ConfigOption::without_default(
    "flott.encryption.key-file",
    "File with the key (32 bytes, or their 64 hexadecimal digits) that encrypts checkpoints and savepoints with AES-256-GCM.",
);
/// The variable that holds the encryption key.
pub const ENCRYPTION_KEY_VARIABLE: ConfigOption<String> = ConfigOption::without_default(
    "flott.encryption.key-variable",
    "Environment variable with the key's 64 hexadecimal digits; instead of flott.encryption.key-file.",
);
/// The key's name.
pub const ENCRYPTION_KEY_ID: ConfigOption<String> = ConfigOption::new(
    "flott.encryption.key-id",
    "default",
    "Name of the key, written into each object, so that a wrong key can be told from damage. At most 64 letters, digits, '.', '_' and '-'.",
);
/// Older keys.
pub const ENCRYPTION_OLD_KEY_FILES: ConfigOption<String> = ConfigOption::without_default(
    "flott.encryption.old-key-files",
    "Keys that only decrypt what was written with them: id=file, separated by ';'.",
);

/// All options of S3.
const S3_KEYS: [&str; 6] = [
    S3_ENDPOINT.key(),
    S3_ACCESS_KEY.key(),
    S3_SECRET_KEY.key(),
    S3_SESSION_TOKEN.key(),
    S3_REGION.key(),
    S3_PATH_STYLE.key(),
];

/// All others.
const OTHER_KEYS: [&str; 8] = [
    GS_KEY_FILE.key(),
    GS_ROOT_URL.key(),
    GS_AUTH_TYPE.key(),
    AZURE_ENDPOINT.key(),
    ENCRYPTION_KEY_FILE.key(),
    ENCRYPTION_KEY_VARIABLE.key(),
    ENCRYPTION_KEY_ID.key(),
    ENCRYPTION_OLD_KEY_FILES.key(),
];

/// Whether a key is one of this crate's options, in any of its spellings.
pub fn is_known(key: &str) -> bool {
    OTHER_KEYS.contains(&key)
        || key.strip_prefix(AZURE_KEY_PREFIX).is_some_and(|host| !host.is_empty())
        || S3_KEYS.iter().any(|known| s3_spellings(known).any(|spelling| spelling == key))
}

/// An S3 option under each of the prefixes that Flink takes, in Flink's and Hadoop's spelling.
fn s3_spellings(key: &str) -> impl Iterator<Item = String> {
    let rest = key.strip_prefix("s3.").unwrap_or(key);
    let spellings = [rest.to_string(), rest.replace('-', "."), rest.replace("path.style.access", "path-style-access")];
    let prefixes = ["s3.", "s3a.", "fs.s3a."];
    prefixes.into_iter().flat_map(move |prefix| spellings.clone().map(|rest| format!("{prefix}{rest}")))
}

/// The value of an S3 option in any of its spellings.
pub(crate) fn s3_value<'a>(configuration: &'a Configuration, key: &str) -> Option<&'a str> {
    s3_spellings(key).find_map(|key| configuration.raw(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_all_their_spellings() {
        for key in ["s3.endpoint", "s3a.access-key", "fs.s3a.access.key", "s3.path-style-access", "fs.gs.auth.type"] {
            assert!(is_known(key), "{key}");
        }
        assert!(is_known("fs.azure.account.key.me.blob.core.windows.net") && is_known("flott.encryption.key-file"));
        assert!(!is_known("s3.endpiont") && !is_known("fs.azure.account.key.") && !is_known("flott.encryption"));
    }
}
