//! A thin service around tower-lsp's that mends two of its defects.
//!
//! Some clients send `"params": null` with `shutdown`, which tower-lsp answers with an error; and after `exit`
//! tower-lsp goes on waiting for standard input, which clients need not close.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tower_lsp::jsonrpc::{Request, Response};
use tower_service::Service;

/// Whether and how the client asked the process to end.
#[derive(Clone, Debug, Default)]
pub struct Exit(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    shutdown: AtomicBool,
    exit: Notify,
}

impl Exit {
    /// Resolves once `exit` has arrived.
    pub async fn requested(&self) {
        self.0.exit.notified().await;
    }

    /// Whether `shutdown` came before.
    pub fn is_orderly(&self) -> bool {
        self.0.shutdown.load(Ordering::SeqCst)
    }
}

/// The service that the server runs.
#[derive(Debug)]
pub struct Wrapper<S> {
    inner: S,
    exit: Exit,
}

impl<S> Wrapper<S> {
    pub fn new(inner: S, exit: Exit) -> Wrapper<S> {
        Wrapper { inner, exit }
    }
}

impl<S> Service<Request> for Wrapper<S>
where
    S: Service<Request, Response = Option<Response>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match request.method() {
            "shutdown" => self.exit.0.shutdown.store(true, Ordering::SeqCst),
            "exit" => self.exit.0.exit.notify_one(),
            _ => {}
        }
        self.inner.call(without_null_params(request))
    }
}

fn without_null_params(request: Request) -> Request {
    if !request.params().is_some_and(serde_json::Value::is_null) {
        return request;
    }
    let (method, id, _) = request.into_parts();
    let bare = Request::build(method);
    match id {
        Some(id) => bare.id(id).finish(),
        None => bare.finish(),
    }
}
