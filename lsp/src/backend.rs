//! The protocol's side: every message becomes an event for the main loop.
//!
//! No handler awaits anything before its event is sent, since tower-lsp keeps the order of messages only up
//! to a handler's first await.

use tokio::sync::mpsc::UnboundedSender;
use tower_lsp::jsonrpc::Result;
use tower_lsp::lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    InitializeParams, InitializeResult,
};
use tower_lsp::{Client, LanguageServer};

use crate::capabilities;
use crate::main_loop::{self, Event};

#[derive(Debug)]
pub struct Backend {
    events: UnboundedSender<Event>,
}

impl Backend {
    pub fn new(client: Client) -> Backend {
        Backend { events: main_loop::start(client) }
    }

    fn send(&self, event: Event) {
        // The loop ends only with the process.
        let _ = self.events.send(event);
    }
}

#[tower_lsp::async_trait]
impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let encoding = capabilities::negotiate(&params);
        self.send(Event::Encoding(encoding));
        Ok(capabilities::answer(encoding))
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.send(Event::Text { uri: document.uri, version: document.version, text: document.text });
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        // Full synchronisation: the last change holds the whole text.
        if let Some(change) = params.content_changes.into_iter().next_back() {
            let document = params.text_document;
            self.send(Event::Text { uri: document.uri, version: document.version, text: change.text });
        }
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.send(Event::Closed { uri: params.text_document.uri });
    }

    async fn did_save(&self, _: DidSaveTextDocumentParams) {
        self.send(Event::FilesChanged);
    }
}
