//! The one runtime that drives requests, started with the first store.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::limits::RUNTIME_THREADS;

/// Starts the runtime if it isn't there yet.
///
/// # Errors
/// The operating system's reason.
pub(crate) fn start() -> Result<&'static Handle, String> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let started = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(RUNTIME_THREADS).thread_name("flott-store").enable_all();
        builder.build().map_err(|error| error.to_string())
    });
    started.as_ref().map(Runtime::handle).map_err(Clone::clone)
}

/// Runs a request to its end on the calling thread, which may block.
pub(crate) fn wait<T>(handle: &Handle, request: impl Future<Output = T>) -> T {
    handle.block_on(request)
}
