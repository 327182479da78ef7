//! Paths as users write them.

use std::path::{Path, PathBuf};

use crate::contract::ConnectorError;

/// The local path of `/a`, `a`, `file:/a` or `file:///a`.
///
/// # Errors
/// If it names another file system.
pub fn local_path(text: &str) -> Result<PathBuf, ConnectorError> {
    if text.is_empty() {
        return Err(ConnectorError::new("option 'path' is empty"));
    }
    let Some((scheme, rest)) = text.split_once(':') else { return Ok(PathBuf::from(text)) };
    let is_scheme = scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
    match (scheme, rest.strip_prefix("//")) {
        _ if !is_scheme || !rest.starts_with('/') => Ok(PathBuf::from(text)),
        ("file", Some(with_host)) if with_host.starts_with('/') => Ok(PathBuf::from(with_host)),
        ("file", None) => Ok(PathBuf::from(rest)),
        ("file", Some(_)) => Err(ConnectorError::new(format!("not supported: a host in the path '{text}'"))),
        _ => Err(ConnectorError::new(format!("not supported: file system '{scheme}' of the path '{text}'"))),
    }
}

/// Whether readers leave a file or folder of this name out.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name.starts_with('_')
}

/// The path as text, for splits and messages.
///
/// # Errors
/// If it isn't UTF-8.
pub fn path_text(path: &Path) -> Result<String, ConnectorError> {
    path.to_str()
        .map(str::to_string)
        .ok_or_else(|| ConnectorError::new(format!("not supported: path {} isn't UTF-8", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_paths() {
        let path = |text: &str| local_path(text).map(|path| path.display().to_string()).map_err(|error| error.message);
        assert_eq!(path("/a/b"), Ok("/a/b".into()));
        assert_eq!(path("a/b"), Ok("a/b".into()));
        assert_eq!(path("file:///a/b"), Ok("/a/b".into()));
        assert_eq!(path("file:/a/b"), Ok("/a/b".into()));
        assert_eq!(path("/data/12:30"), Ok("/data/12:30".into()));
        assert_eq!(path("s3://bucket/a"), Err("not supported: file system 's3' of the path 's3://bucket/a'".into()));
        assert!(path("").is_err());
        assert!(is_hidden("_SUCCESS") && is_hidden(".part") && !is_hidden("a_b"));
    }
}
