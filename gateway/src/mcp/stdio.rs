//! A client on standard input and output: one message a line.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::lines::{Line, Lines};
use super::message::{Id, Message, Unreadable};
use super::session::{Front, Session};
use super::{Mcp, Opening};
use crate::config::{Caller, SessionBy};

/// So many messages wait to be written.
const OUTBOX: usize = 64;

/// Why standard input and output are not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StdioError {
    /// No server has this name, or not for the caller.
    UnknownServer(String),
    /// The caller reaches no server.
    NoServers,
}

impl fmt::Display for StdioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StdioError::UnknownServer(name) => write!(f, "there is no server `{name}` for this caller"),
            StdioError::NoServers => f.write_str("there is no server for this caller"),
        }
    }
}

impl std::error::Error for StdioError {}

/// Serves one session until the input ends.
pub(super) async fn serve(
    mcp: &Mcp,
    caller: Arc<Caller>,
    names: &[String],
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
) -> Result<(), StdioError> {
    let servers = mcp.servers(&caller, (!names.is_empty()).then_some(names));
    if let Some(unknown) = names.iter().find(|name| !servers.iter().any(|server| server.name == **name)) {
        return Err(StdioError::UnknownServer(unknown.clone()));
    }
    if servers.is_empty() {
        return Err(StdioError::NoServers);
    }
    let id = Uuid::new_v4().to_string();
    let name = match &caller.session {
        SessionBy::Caller => super::http::of_caller(&caller),
        SessionBy::Connection | SessionBy::Header(_) => id.clone(),
    };
    let (outbox, written) = mpsc::channel(OUTBOX);
    let front = Arc::new(Output { outbox, closed: CancellationToken::new() });
    let closed = front.closed.clone();
    let one = names.len() == 1;
    let session = mcp.session(Opening { id, name, caller, servers, one, front: front.clone(), place: None });
    let writer = mcp.tasks().spawn(write(output, written, closed));
    let keeper = mcp.tasks().spawn(Arc::clone(&session).keep());
    read(mcp, &session, &front, input).await;
    session.end();
    // Neither panics; and if they did, the session has ended all the same.
    let _ = keeper.await;
    let _ = writer.await;
    Ok(())
}

async fn read(mcp: &Mcp, session: &Arc<Session>, front: &Arc<Output>, input: impl AsyncRead + Unpin) {
    let mut lines = Lines::new(input, mcp.app().config.bounds.body);
    loop {
        let line = tokio::select! {
            () = session.over().cancelled() => return,
            line = lines.next() => line,
        };
        match line {
            Ok(Some(Line::Whole(line))) if line.iter().all(u8::is_ascii_whitespace) => {}
            Ok(Some(Line::Whole(line))) => match Message::read(&line) {
                Ok(Message::Request { id, method, params }) => {
                    let (session, front) = (Arc::clone(session), Arc::clone(front));
                    mcp.tasks().spawn(async move {
                        let answer = match method.as_str() {
                            "initialize" => Some(Message::Response { id, outcome: session.initialize(params).await }),
                            _ => session.serve(id, method, params).await,
                        };
                        if let Some(answer) = answer {
                            front.deliver(None, answer).await;
                        }
                    });
                }
                Ok(message) => session.accept(message).await,
                Err(Unreadable { id: Some(id), error }) => {
                    front.deliver(None, Message::Response { id, outcome: Err(error) }).await;
                }
                Err(Unreadable { id: None, error }) => tracing::warn!("not a message: {}", error.message),
            },
            Ok(Some(Line::TooLong(_))) => {
                // Whose request it was is not known: whoever waits for the answer learns it from the end.
                tracing::error!("a message has at most {} bytes (`bounds.body`)", mcp.app().config.bounds.body);
                return;
            }
            Ok(None) | Err(_) => return,
        }
    }
}

struct Output {
    outbox: mpsc::Sender<Message>,
    closed: CancellationToken,
}

impl Front for Output {
    fn deliver(&self, _: Option<Id>, message: Message) -> BoxFuture<'_, ()> {
        async move {
            tokio::select! {
                () = self.closed.cancelled() => {},
                // It fails only when the writer has ended.
                _ = self.outbox.send(message) => {},
            }
        }
        .boxed()
    }

    fn is_open(&self) -> bool {
        // It is as long as the input is, whose end is noticed.
        true
    }

    fn close(&self) {
        self.closed.cancel();
    }
}

async fn write(mut output: impl AsyncWrite + Unpin, mut messages: mpsc::Receiver<Message>, closed: CancellationToken) {
    loop {
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            () = closed.cancelled() => return,
        };
        let Some(message) = message else { return };
        let mut line = message.write();
        line.push(b'\n');
        if output.write_all(&line).await.is_err() || output.flush().await.is_err() {
            return;
        }
    }
}
