//! What is configured wrongly or out of reach is told, with what may have happened.

use flott_environment::{Environment, ObjectName, StoreErrorKind};
use flott_objectstore::open;

use crate::servers::{configuration, server};

fn name(text: &str) -> ObjectName {
    ObjectName::new(text).expect("valid")
}

#[test]
fn uris_and_options_are_checked_before_anything_is_touched() {
    let environment = Environment::real();
    let said = |uri: &str, pairs: &[(&str, &str)]| {
        open(uri, &configuration(pairs), &environment).map(drop).expect_err("refused").to_string()
    };
    assert_eq!(said("s3:///x", &[]), "cannot open a store of 's3:///x': a bucket is wanted, like s3://bucket/folder");
    assert!(said("ftp://x/y", &[]).ends_with("not supported: stores of the scheme 'ftp'"));
    assert!(said("abfss://account.dfs.core.windows.net/x", &[]).contains("a container and an account are wanted"));
    assert!(said("s3://b/x", &[("s3.access-key", "a")]).ends_with("'s3.access-key' and 's3.secret-key' go together"));
    assert!(said("s3://b/x", &[("s3.path.style.access", "yes")]).contains("is 'yes', not true or false"));
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    let environment = Environment::real();
    let keys = [("s3a.endpoint", "http://127.0.0.1:9"), ("s3.access.key", "a"), ("fs.s3a.secret.key", "b")];
    let store = open("s3://bucket/x", &configuration(&keys), &environment).expect("valid");
    let error = store.put_new(&name("a"), b"x").expect_err("nobody listens");
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert!(error.to_string().starts_with("cannot write a of s3://bucket/x: "), "{error}");
    assert!(error.to_string().contains("onnection refused"), "{error}");
}

#[test]
fn a_wrong_secret_is_named() {
    let environment = Environment::real();
    let Some(endpoint) = server("FLOTT_TEST_S3", &environment) else { return };
    let with = |uri: &str, secret: &str| {
        let keys = [("s3.endpoint", endpoint.as_str()), ("s3.access-key", "admin"), ("s3.secret-key", secret)];
        open(uri, &configuration(&keys), &environment).expect("valid")
    };
    let denied = with("s3://flott-test/x", "wrong").put_new(&name("a"), b"x").expect_err("denied");
    assert_eq!(denied.kind, StoreErrorKind::Denied, "{denied}");
    let denied = with("s3://flott-test/x", "wrong").get(&name("a")).expect_err("denied");
    assert_eq!(denied.kind, StoreErrorKind::Denied, "{denied}");
}

#[test]
fn a_write_that_may_have_been_done_is_unknown_and_one_that_was_not_is_sent_again() {
    let environment = Environment::real();
    let Some(url) = server("FLOTT_TEST_GCS", &environment) else { return };
    let bucket = |bucket: &str| {
        let keys = [("fs.gs.storage.root.url", url.as_str()), ("fs.gs.auth.type", "UNAUTHENTICATED")];
        let uri = format!("gs://{bucket}/{:x}", environment.random_seed());
        open(&uri, &configuration(&keys), &environment).expect("valid")
    };
    for unclear in ["flott-lossy", "flott-broken"] {
        let store = bucket(unclear);
        let error = store.put_new(&name("a"), b"done").expect_err("no clear answer");
        assert_eq!(error.kind, StoreErrorKind::Unknown, "{error}");
        assert_eq!(store.get(&name("a")).expect("reading tells"), b"done");
    }
    let busy = bucket("flott-busy");
    for number in 0..4 {
        busy.put_new(&name(&format!("o-{number}")), b"x").expect("sent again until it is taken");
    }
    assert_eq!(busy.list("").expect("listable").len(), 4);
}
