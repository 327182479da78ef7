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

/// The value of an S3 option under any of the prefixes that Flink takes, in Flink's or Hadoop's spelling.
pub(crate) fn s3_value<'a>(configuration: &'a Configuration, key: &str) -> Option<&'a str> {
    let rest = key.strip_prefix("s3.")?;
    let spellings = [rest.to_string(), rest.replace('-', "."), rest.replace("path.style.access", "path-style-access")];
    ["s3.", "s3a.", "fs.s3a."]
        .iter()
        .flat_map(|prefix| spellings.iter().map(move |rest| format!("{prefix}{rest}")))
        .find_map(|key| configuration.raw(&key))
}
