//! One loop that owns the state: it takes events in order, and publishes findings when none is waiting.

use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tower_lsp::Client;
use tower_lsp::lsp_types::Url;

use crate::convert::Encoding;
use crate::state::State;

/// What happened in the editor.
#[derive(Debug)]
pub enum Event {
    Encoding(Encoding),
    /// A document was opened or changed; this is its whole text.
    Text {
        uri: Url,
        version: i32,
        text: String,
    },
    Closed {
        uri: Url,
    },
    /// Files on disk may have changed.
    FilesChanged,
}

/// Starts the loop on a thread of its own: analysis computes, and must not hold up the protocol.
pub fn start(client: Client) -> UnboundedSender<Event> {
    let (sender, events) = mpsc::unbounded_channel();
    let handle = Handle::current();
    handle.clone().spawn_blocking(move || run(events, &client, &handle));
    sender
}

fn run(mut events: UnboundedReceiver<Event>, client: &Client, handle: &Handle) {
    let mut state = State::default();
    while let Some(event) = events.blocking_recv() {
        state.apply(event);
        // Typing is faster than analysis: take everything that waits before looking again.
        while let Ok(event) = events.try_recv() {
            state.apply(event);
        }
        for update in state.refresh() {
            handle.block_on(client.publish_diagnostics(update.uri, update.diagnostics, update.version));
        }
    }
}
