//! The protocol's side: every message becomes an event for the main loop, every request a question to a snapshot.
//!
//! No handler awaits anything before its event is sent, since tower-lsp keeps the order of messages only up to a
//! handler's first await. A request that is cancelled drops its handler; nobody waits for its answer then.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::Position;
use tower_lsp::lsp_types::request::{GotoTypeDefinitionParams, GotoTypeDefinitionResponse};
use tower_lsp::lsp_types::{
    CallHierarchyIncomingCall, CallHierarchyIncomingCallsParams, CallHierarchyItem, CallHierarchyOutgoingCall,
    CallHierarchyOutgoingCallsParams, CallHierarchyPrepareParams, CodeActionParams, CodeActionResponse,
    DocumentOnTypeFormattingParams, DocumentRangeFormattingParams, PrepareRenameResponse, RenameParams,
    TextDocumentPositionParams, WorkspaceEdit,
};
use tower_lsp::lsp_types::{
    CodeLens, CodeLensParams, CompletionParams, CompletionResponse, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentDiagnosticParams,
    DocumentDiagnosticReport, DocumentDiagnosticReportResult, DocumentFormattingParams, DocumentHighlight,
    DocumentHighlightParams, DocumentLink, DocumentLinkParams, DocumentSymbolParams, DocumentSymbolResponse,
    ExecuteCommandParams, FileSystemWatcher, FoldingRange, FoldingRangeParams, FullDocumentDiagnosticReport,
    GlobPattern, GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverParams, InitializeParams, InitializeResult,
    InitializedParams, InlayHint, InlayHintParams, Location, MessageType, ReferenceParams, Registration,
    RelatedFullDocumentDiagnosticReport, RelatedUnchangedDocumentDiagnosticReport, SelectionRange,
    SelectionRangeParams, SemanticTokensDeltaParams, SemanticTokensFullDeltaResult, SemanticTokensParams,
    SemanticTokensRangeParams, SemanticTokensRangeResult, SemanticTokensResult, SignatureHelp, SignatureHelpParams,
    SymbolInformation, TextEdit, UnchangedDocumentDiagnosticReport, Url, WorkspaceFolder, WorkspaceSymbolParams,
};
use tower_lsp::{Client, LanguageServer};

use crate::capabilities::{self, Settings};
use crate::features;
use crate::features::call_hierarchy;
use crate::features::commands;
use crate::features::semantic_tokens::{self, LastTokens};
use crate::guard;
use crate::main_loop::{self, Event, Everything};
use crate::publish;
use crate::snapshot::Snapshot;

/// The versions of open documents as they arrived, which may be ahead of what the loop has taken.
#[derive(Clone, Debug, Default)]
pub struct Versions(Arc<Mutex<HashMap<Url, i32>>>);

impl Versions {
    fn set(&self, uri: &Url, version: Option<i32>) {
        let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match version {
            Some(version) => versions.insert(uri.clone(), version),
            None => versions.remove(uri),
        };
    }

    /// Whether a document has another version by now.
    pub fn is_stale(&self, uri: &Url, version: Option<i32>) -> bool {
        let versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        versions.get(uri).is_some_and(|now| Some(*now) != version)
    }
}

#[derive(Debug)]
pub struct Backend {
    client: Client,
    events: Sender<Event>,
    versions: Versions,
    tokens: Arc<LastTokens>,
    /// Register for changes of files once the client is ready.
    watch: std::sync::atomic::AtomicBool,
}

impl Backend {
    pub fn new(client: Client) -> Backend {
        let versions = Versions::default();
        let events = main_loop::start(client.clone(), versions.clone());
        Backend { client, events, versions, tokens: Arc::default(), watch: false.into() }
    }

    fn send(&self, event: Event) {
        // The loop ends only with the process.
        let _ = self.events.send(event);
    }

    /// Answers a request about a document from a snapshot, on a thread of its own. An answer that the document has
    /// outrun is dropped.
    pub async fn ask<T: Send + 'static>(
        &self,
        uri: &Url,
        work: impl FnOnce(&Snapshot) -> T + Send + 'static,
    ) -> Result<T> {
        let (reply, snapshot) = oneshot::channel();
        self.send(Event::Ask { uri: uri.clone(), reply });
        let snapshot = snapshot.await.map_err(|_| Error::internal_error())??;
        let version = snapshot.version;
        let answer = guard::off_thread(move || work(&snapshot)).await?;
        if self.versions.is_stale(uri, version) { Err(Error::content_modified()) } else { Ok(answer) }
    }

    /// Answers a request about all policies.
    pub async fn ask_all<T: Send + 'static>(&self, work: impl FnOnce(&Everything) -> T + Send + 'static) -> Result<T> {
        let (reply, everything) = oneshot::channel();
        self.send(Event::AskAll { reply });
        let everything = everything.await.map_err(|_| Error::internal_error())?;
        guard::off_thread(move || work(&everything)).await
    }
}

#[tower_lsp::async_trait]
impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let settings = Arc::new(Settings::of(&params));
        self.watch.store(settings.watches, std::sync::atomic::Ordering::Relaxed);
        let answer = capabilities::answer(&settings);
        self.send(Event::Start(settings));
        Ok(answer)
    }

    async fn initialized(&self, _: InitializedParams) {
        if self.watch.load(std::sync::atomic::Ordering::Relaxed) {
            let client = self.client.clone();
            // The client's answer may take its time; nothing here waits for it.
            tokio::spawn(async move { client.register_capability(vec![watching()]).await });
        }
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.versions.set(&document.uri, Some(document.version));
        self.send(Event::Open { uri: document.uri, version: document.version, text: document.text });
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let document = params.text_document;
        self.versions.set(&document.uri, Some(document.version));
        self.send(Event::Change { uri: document.uri, version: document.version, changes: params.content_changes });
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.versions.set(&params.text_document.uri, None);
        self.tokens.forget(&params.text_document.uri);
        self.send(Event::Close { uri: params.text_document.uri });
    }

    async fn did_save(&self, _: DidSaveTextDocumentParams) {
        self.send(Event::Saved);
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.send(Event::Disk(params.changes.into_iter().map(|change| change.uri).collect()));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let paths = |folders: Vec<WorkspaceFolder>| -> Vec<PathBuf> {
            folders.iter().filter_map(|folder| folder.uri.to_file_path().ok()).collect()
        };
        self.send(Event::Folders { added: paths(params.event.added), removed: paths(params.event.removed) });
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let (reply, findings) = oneshot::channel();
        self.send(Event::Pull { uri: params.text_document.uri, reply });
        let items = findings.await.map_err(|_| Error::internal_error())?;
        Ok(report(items, params.previous_result_id).into())
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        self.ask(&at.text_document.uri, move |s| features::hover(s, at.position)).await
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let at = params.text_document_position;
        self.ask(&at.text_document.uri, move |s| Some(features::completion(s, at.position).into())).await
    }

    async fn signature_help(&self, params: SignatureHelpParams) -> Result<Option<SignatureHelp>> {
        let at = params.text_document_position_params;
        self.ask(&at.text_document.uri, move |s| features::signature_help(s, at.position)).await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        self.ask(&params.text_document.uri, move |s| Some(features::inlay_hints(s, params.range))).await
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        self.ask(&params.text_document.uri, |s| Some(features::code_lens(s))).await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<serde_json::Value>> {
        let mut arguments = params.arguments.into_iter();
        match params.command.as_str() {
            features::RUN_TEST => {}
            commands::GRAPH => {
                let (uri, at) = asked(arguments.next())?;
                return self.ask(&uri, move |s| commands::graph(s, at)).await?.map(Some);
            }
            commands::TEST => {
                let (uri, _) = asked(arguments.next())?;
                return self.ask(&uri, commands::test).await?.map(Some);
            }
            _ => return Err(Error::method_not_found()),
        }
        let uri = arguments.next().and_then(|uri| serde_json::from_value::<Url>(uri).ok());
        let title = arguments.next().and_then(|title| title.as_str().map(str::to_owned));
        let (Some(uri), Some(title)) = (uri, title) else {
            return Err(Error::invalid_params("the address of a file and the title of a test"));
        };
        let outcome = self.ask(&uri, move |s| features::run_test(s, &title)).await?;
        let kind = if outcome.passed { MessageType::INFO } else { MessageType::WARNING };
        self.client.show_message(kind, &outcome.message).await;
        Ok(Some(serde_json::json!({ "passed": outcome.passed, "message": outcome.message })))
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        let at = params.text_document_position_params;
        self.ask(&at.text_document.uri, move |s| features::definition(s, at.position)).await
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let at = params.text_document_position;
        let with_declaration = params.context.include_declaration;
        self.ask(&at.text_document.uri, move |s| Some(features::references(s, at.position, with_declaration))).await
    }

    async fn document_symbol(&self, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>> {
        self.ask(&params.text_document.uri, |s| Some(features::document_symbols(s))).await
    }

    async fn symbol(&self, params: WorkspaceSymbolParams) -> Result<Option<Vec<SymbolInformation>>> {
        self.ask_all(move |everything| Some(features::workspace_symbols(everything, &params.query))).await
    }

    async fn goto_type_definition(
        &self,
        params: GotoTypeDefinitionParams,
    ) -> Result<Option<GotoTypeDefinitionResponse>> {
        let at = params.text_document_position_params;
        self.ask(&at.text_document.uri, move |s| features::type_definition(s, at.position)).await
    }

    async fn prepare_call_hierarchy(
        &self,
        params: CallHierarchyPrepareParams,
    ) -> Result<Option<Vec<CallHierarchyItem>>> {
        let at = params.text_document_position_params;
        self.ask(&at.text_document.uri, move |s| call_hierarchy::prepare(s, at.position)).await
    }

    async fn incoming_calls(
        &self,
        params: CallHierarchyIncomingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyIncomingCall>>> {
        let (uri, at) = (params.item.uri, params.item.selection_range.start);
        self.ask(&uri, move |s| Some(call_hierarchy::incoming(s, at))).await
    }

    async fn outgoing_calls(
        &self,
        params: CallHierarchyOutgoingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyOutgoingCall>>> {
        let (uri, at) = (params.item.uri, params.item.selection_range.start);
        self.ask(&uri, move |s| Some(call_hierarchy::outgoing(s, at))).await
    }

    async fn range_formatting(&self, params: DocumentRangeFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        self.ask(&params.text_document.uri, move |s| features::range_formatting(s, params.range)).await
    }

    async fn on_type_formatting(&self, params: DocumentOnTypeFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        let at = params.text_document_position;
        self.ask(&at.text_document.uri, move |s| features::on_type_formatting(s, at.position)).await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let (range, only) = (params.range, params.context.only);
        self.ask(&params.text_document.uri, move |s| Some(features::code_actions(s, range, only.as_deref()))).await
    }

    async fn prepare_rename(&self, params: TextDocumentPositionParams) -> Result<Option<PrepareRenameResponse>> {
        self.ask(&params.text_document.uri, move |s| features::rename::prepare(s, params.position)).await?
    }

    async fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>> {
        let at = params.text_document_position;
        self.ask(&at.text_document.uri, move |s| features::rename::rename(s, at.position, &params.new_name)).await?
    }

    async fn document_highlight(&self, params: DocumentHighlightParams) -> Result<Option<Vec<DocumentHighlight>>> {
        let at = params.text_document_position_params;
        self.ask(&at.text_document.uri, move |s| Some(features::highlight(s, at.position))).await
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        self.ask(&params.text_document.uri, |s| Some(features::links(s))).await
    }

    async fn folding_range(&self, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>> {
        self.ask(&params.text_document.uri, |s| Some(features::folding(s))).await
    }

    async fn selection_range(&self, params: SelectionRangeParams) -> Result<Option<Vec<SelectionRange>>> {
        self.ask(&params.text_document.uri, move |s| Some(features::selection(s, &params.positions))).await
    }

    async fn semantic_tokens_full(&self, params: SemanticTokensParams) -> Result<Option<SemanticTokensResult>> {
        let last = self.tokens.clone();
        self.ask(&params.text_document.uri, move |s| Some(semantic_tokens::full(s, &last).into())).await
    }

    async fn semantic_tokens_full_delta(
        &self,
        params: SemanticTokensDeltaParams,
    ) -> Result<Option<SemanticTokensFullDeltaResult>> {
        let (last, previous) = (self.tokens.clone(), params.previous_result_id);
        self.ask(&params.text_document.uri, move |s| Some(semantic_tokens::delta(s, &last, &previous))).await
    }

    async fn semantic_tokens_range(
        &self,
        params: SemanticTokensRangeParams,
    ) -> Result<Option<SemanticTokensRangeResult>> {
        self.ask(&params.text_document.uri, move |s| Some(semantic_tokens::in_range(s, params.range).into())).await
    }

    async fn formatting(&self, params: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        self.ask(&params.text_document.uri, features::formatting).await
    }
}

/// The argument of a command: `{uri, position}`, the latter where it matters.
fn asked(argument: Option<serde_json::Value>) -> Result<(Url, Position)> {
    let part = |name: &str| argument.as_ref().and_then(|argument| argument.get(name)).cloned().unwrap_or_default();
    let uri =
        serde_json::from_value(part("uri")).map_err(|_| Error::invalid_params("`uri`: the address of a document"))?;
    Ok((uri, serde_json::from_value(part("position")).unwrap_or_default()))
}

/// The report of a pull; short where the client has it already.
fn report(items: Vec<tower_lsp::lsp_types::Diagnostic>, previous: Option<String>) -> DocumentDiagnosticReport {
    let result_id = publish::result_id(&items);
    if previous.as_ref() == Some(&result_id) {
        return DocumentDiagnosticReport::Unchanged(RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
        });
    }
    DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: Some(result_id), items },
    })
}

/// The wish to hear of changed files.
fn watching() -> Registration {
    let watcher = |glob: &str| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.to_owned()), kind: None };
    let options =
        DidChangeWatchedFilesRegistrationOptions { watchers: vec![watcher("**/*.claw"), watcher("**/*.json")] };
    Registration {
        id: "claw-files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: serde_json::to_value(options).ok(),
    }
}
