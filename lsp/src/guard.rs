//! A defect in one answer must not end the session: work that panics becomes an error, and the server goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tower_lsp::jsonrpc::{Error, Result};

/// Runs `work`; `None` if it panicked. What went wrong stands on standard error, where editors keep a server's log.
///
/// Whatever `work` changes must be sound even if it stops half-way.
pub fn guarded<T>(what: &str, work: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(work)).ok();
    if outcome.is_none() {
        eprintln!("claw-lsp: {what} failed; this is a defect of claw-lsp");
    }
    outcome
}

/// Runs `work` on a thread where it may take its time. Dropping the future leaves the work to end by itself.
///
/// # Errors
/// An internal error if `work` panicked.
pub async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let outcome = tokio::task::spawn_blocking(move || guarded("a request", work)).await;
    outcome.ok().flatten().ok_or_else(Error::internal_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_lsp::jsonrpc::ErrorCode;

    #[tokio::test]
    async fn a_panic_is_an_error_of_one_request_only() {
        let broken: Result<u32> = off_thread(|| panic!("on purpose")).await;
        assert_eq!(broken.unwrap_err().code, ErrorCode::InternalError);
        assert_eq!(off_thread(|| 7).await.unwrap(), 7);
        assert_eq!(guarded("a test", || -> u32 { panic!("on purpose") }), None);
        assert_eq!(guarded("a test", || 8), Some(8));
    }
}
