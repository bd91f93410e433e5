//! The streams of one session: one for each request that is under way, and those that the client opened to listen.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::mcp::held;
use crate::mcp::message::{Id, Message};
use crate::mcp::session::Front;

/// So many messages wait in a stream.
const WAITING: usize = 64;
/// A client that reads nothing for so long is not there.
const READS: Duration = Duration::from_secs(30);
/// So many streams may be open for listening; the first of them is spoken to.
const LISTENING: usize = 4;
/// So many messages, and so many bytes, are kept for a client that does not listen yet.
const KEPT: (usize, usize) = (64, 1 << 20);

/// What goes through a stream.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Something said before the answer, or beside all answers.
    Said(Bytes),
    /// The answer: the last of its stream.
    Answer(Bytes),
}

impl Item {
    /// As a server-sent event.
    pub(super) fn event(self) -> Bytes {
        let (Item::Said(message) | Item::Answer(message)) = self;
        let mut event = Vec::with_capacity(message.len().saturating_add(24));
        event.extend_from_slice(b"event: message\ndata: ");
        event.extend_from_slice(&message);
        event.extend_from_slice(b"\n\n");
        event.into()
    }
}

#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requests: HashMap<Id, Sender<Item>>,
    listening: Vec<Sender<Item>>,
    kept: VecDeque<Bytes>,
    closed: bool,
}

impl Streams {
    /// A stream for a request.
    pub(super) fn open(&self, id: &Id) -> (Sender<Item>, Receiver<Item>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        // A second request with an id that is under way gets its refusal, and the first keeps its stream.
        held(&self.0).requests.entry(id.clone()).or_insert_with(|| sender.clone());
        (sender, receiver)
    }

    /// Ends a request's stream with its answer, if it has one.
    pub(super) async fn finish(&self, id: &Id, stream: &Sender<Item>, answer: Option<Message>) {
        {
            let mut inner = held(&self.0);
            if inner.requests.get(id).is_some_and(|open| open.same_channel(stream)) {
                inner.requests.remove(id);
            }
        }
        if let Some(answer) = answer {
            send(stream, Item::Answer(answer.write().into())).await;
        }
    }

    /// A stream for what is said beside the answers.
    pub(super) fn listen(&self) -> (Receiver<Item>, Sender<Item>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let mut inner = held(&self.0);
        inner.listening.retain(|stream| !stream.is_closed());
        for kept in inner.kept.drain(..) {
            // There is room for all that is kept.
            let _ = sender.try_send(Item::Said(kept));
        }
        if inner.listening.len() >= LISTENING {
            inner.listening.remove(0);
        }
        let listener = sender.clone();
        if !inner.closed {
            inner.listening.push(sender);
        }
        (receiver, listener)
    }

    /// Ends a stream for listening.
    pub(super) fn deafen(&self, stream: &Sender<Item>) {
        held(&self.0).listening.retain(|listening| !listening.same_channel(stream));
    }

    /// The stream for a message, or `None` if it is kept until there is one.
    fn stream(&self, during: Option<&Id>, message: &Bytes) -> Option<Sender<Item>> {
        let mut inner = held(&self.0);
        if let Some(stream) = during.and_then(|id| inner.requests.get(id)).filter(|stream| !stream.is_closed()) {
            return Some(stream.clone());
        }
        inner.listening.retain(|stream| !stream.is_closed());
        if let Some(stream) = inner.listening.first() {
            return Some(stream.clone());
        }
        inner.kept.push_back(message.clone());
        while inner.kept.len() > KEPT.0 || inner.kept.iter().map(Bytes::len).sum::<usize>() > KEPT.1 {
            inner.kept.pop_front();
        }
        None
    }
}

impl Front for Streams {
    fn deliver(&self, during: Option<Id>, message: Message) -> BoxFuture<'_, ()> {
        async move {
            let bytes = Bytes::from(message.write());
            if let Some(stream) = self.stream(during.as_ref(), &bytes)
                && !send(&stream, Item::Said(bytes)).await
            {
                // It is not waited for again.
                self.deafen(&stream);
            }
        }
        .boxed()
    }

    fn is_open(&self) -> bool {
        held(&self.0).listening.iter().any(|stream| !stream.is_closed())
    }

    fn close(&self) {
        let mut inner = held(&self.0);
        inner.closed = true;
        inner.listening.clear();
        inner.kept.clear();
        inner.requests.clear();
    }
}

/// Whether the client took it.
async fn send(stream: &Sender<Item>, item: Item) -> bool {
    let sent = stream.send_timeout(item, READS).await.is_ok();
    if !sent {
        tracing::debug!("a client does not read, or has gone");
    }
    sent
}
