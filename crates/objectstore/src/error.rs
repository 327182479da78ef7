//! What an error of an object store means: whether the request was done, was not, or may have been.

use std::error::Error as _;

use flott_environment::{StoreErrorKind, StoreOperation};
use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::limits::REASON_CHARS_MAX;

/// Whether an operation changes the store, so that its failure may leave open whether it did.
pub(crate) fn is_write(operation: StoreOperation) -> bool {
    !matches!(operation, StoreOperation::Open | StoreOperation::Get | StoreOperation::Head | StoreOperation::List)
}

/// What an error means.
pub(crate) fn kind_of(operation: StoreOperation, error: &Error) -> StoreErrorKind {
    let text = error.to_string();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist"]) {
        return StoreErrorKind::Invalid;
    }
    // Somebody else's request for the same object is under way: this one was refused.
    if says(&["ConditionalRequestConflict", "OperationAborted"]) {
        return StoreErrorKind::Unavailable;
    }
    match error {
        Error::NotFound { .. } => StoreErrorKind::NotFound,
        Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. } => {
            StoreErrorKind::AlreadyExists
        }
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => StoreErrorKind::Denied,
        Error::NotSupported { .. }
        | Error::NotImplemented { .. }
        | Error::InvalidPath { .. }
        | Error::UnknownConfigurationKey { .. } => StoreErrorKind::Invalid,
        _ => kind_of_request(operation, error, &text),
    }
}

fn kind_of_request(operation: StoreOperation, error: &Error, text: &str) -> StoreErrorKind {
    let open = if is_write(operation) { StoreErrorKind::Unknown } else { StoreErrorKind::Unavailable };
    match (status_of(text), transport_of(error)) {
        (Some(429), _) => StoreErrorKind::Unavailable,
        (Some(503), _) if text.contains("SlowDown") || text.contains("ServerBusy") => StoreErrorKind::Unavailable,
        (Some(507), _) => StoreErrorKind::Full,
        (Some(408), _) => open,
        (Some(400..=499), _) => StoreErrorKind::Invalid,
        (Some(_), _) => open,
        (None, Some(HttpErrorKind::Connect)) => StoreErrorKind::Unavailable,
        (None, _) => open,
    }
}

/// The status that a server answered with: it stands in the text alone.
fn status_of(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

/// How the transport failed, if it did.
fn transport_of(error: &Error) -> Option<HttpErrorKind> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return Some(http.kind());
        }
        next = error.source();
    }
    None
}

/// The error's words on one line, with the reason at the bottom of a failed request, and cut.
pub(crate) fn reason_of(error: &Error) -> String {
    let text = error.to_string();
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cause = error.source();
    while let Some(next) = cause.and_then(|error| error.source()) {
        cause = Some(next);
    }
    if let Some(cause) = cause.map(ToString::to_string).filter(|cause| !text.contains(cause.as_str())) {
        words = format!("{words}: {cause}");
    }
    match words.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> Error {
        Error::Generic { store: "S3", source: text.to_string().into() }
    }

    #[test]
    fn a_failed_write_may_have_been_done_unless_it_surely_was_not() {
        let kind = |operation, text: &str| kind_of(operation, &generic(text));
        let (put, get) = (StoreOperation::Put, StoreOperation::Get);
        let status = |code: &str| format!("Server returned non-2xx status code: {code}: <Error/>");
        assert_eq!(kind(put, &status("500 Internal Server Error")), StoreErrorKind::Unknown);
        assert_eq!(kind(get, &status("500 Internal Server Error")), StoreErrorKind::Unavailable);
        assert_eq!(kind(put, &status("503 SlowDown")), StoreErrorKind::Unavailable);
        assert_eq!(kind(put, &status("503 Service Unavailable")), StoreErrorKind::Unknown);
        assert_eq!(kind(put, &status("400 Bad Request")), StoreErrorKind::Invalid);
        assert_eq!(kind(put, "connection closed before message completed"), StoreErrorKind::Unknown);
        assert_eq!(kind(get, "connection closed before message completed"), StoreErrorKind::Unavailable);
        assert_eq!(kind(put, "status code: 404: NoSuchBucket"), StoreErrorKind::Invalid);
    }
}
