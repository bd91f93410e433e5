//! What the server offers, and what the client can take.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tower_lsp::lsp_types::{
    CallHierarchyServerCapability, ClientCapabilities, CodeActionOptions, CodeActionProviderCapability,
    CodeLensOptions, CompletionOptions, DiagnosticOptions, DiagnosticServerCapabilities, DocumentLinkOptions,
    DocumentOnTypeFormattingOptions, ExecuteCommandOptions, FoldingRangeProviderCapability, HoverProviderCapability,
    InitializeParams, InitializeResult, OneOf, PositionEncodingKind, RenameOptions, SaveOptions,
    SelectionRangeProviderCapability, ServerCapabilities, ServerInfo, SignatureHelpOptions, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, TypeDefinitionProviderCapability,
    WorkDoneProgressOptions, WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use crate::features;
use crate::library::Library;
use crate::map::Encoding;

/// How long nobody must have typed before findings are pushed, in milliseconds.
const PAUSE: u64 = 150;

/// What was agreed on at the start of the session.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub encoding: Encoding,
    /// The folders that are open.
    pub folders: Vec<PathBuf>,
    /// The pause before findings are pushed; `{"pause": 50}` in the client's initialisation options sets it.
    pub pause: Duration,
    /// The client asks for findings itself.
    pub pulls: bool,
    /// The client can be told to ask again.
    pub pull_refresh: bool,
    /// The client watches files for the server.
    pub watches: bool,
    /// The client shows where a code is explained.
    pub shows_pages: bool,
    /// Texts of the compiler; `{"helpUri": "https://…/{code}"}` in the initialisation options says where pages are.
    pub library: Library,
    /// All that the client says of itself, for features that care.
    pub client: ClientCapabilities,
}

impl Settings {
    pub fn of(params: &InitializeParams) -> Settings {
        let client = params.capabilities.clone();
        let text = client.text_document.as_ref();
        let workspace = client.workspace.as_ref();
        let shows_pages = text.and_then(|t| t.publish_diagnostics.as_ref()?.code_description_support);
        let help = params.initialization_options.as_ref().and_then(|o| o.get("helpUri")).and_then(Value::as_str);
        let pause = params.initialization_options.as_ref().and_then(|o| o.get("pause")).and_then(Value::as_u64);
        Settings {
            encoding: encoding(&client),
            folders: folders(params),
            pause: Duration::from_millis(pause.unwrap_or(PAUSE)),
            pulls: text.is_some_and(|text| text.diagnostic.is_some()),
            pull_refresh: workspace
                .and_then(|w| w.diagnostic.as_ref())
                .is_some_and(|diagnostic| diagnostic.refresh_support == Some(true)),
            watches: workspace
                .and_then(|w| w.did_change_watched_files.as_ref())
                .is_some_and(|watching| watching.dynamic_registration == Some(true)),
            shows_pages: shows_pages == Some(true),
            library: Library::new(help),
            client,
        }
    }
}

/// UTF-8 where the client offers it, else UTF-16, which every client must support.
fn encoding(client: &ClientCapabilities) -> Encoding {
    let offered = client.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    match offered {
        Some(kinds) if kinds.contains(&PositionEncodingKind::UTF8) => Encoding::Utf8,
        _ => Encoding::Utf16,
    }
}

fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    match &params.workspace_folders {
        Some(folders) => folders.iter().filter_map(|folder| folder.uri.to_file_path().ok()).collect(),
        None => params.root_uri.iter().filter_map(|uri| uri.to_file_path().ok()).collect(),
    }
}

/// The answer to `initialize`.
pub fn answer(settings: &Settings) -> InitializeResult {
    InitializeResult {
        capabilities: offered(settings),
        server_info: Some(ServerInfo {
            name: "claw-lsp".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    }
}

/// Nothing stands here that is not implemented.
fn offered(settings: &Settings) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match settings.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync())),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        diagnostic_provider: settings.pulls.then(|| {
            DiagnosticServerCapabilities::Options(DiagnosticOptions {
                identifier: Some("claw".to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: false,
                ..DiagnosticOptions::default()
            })
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", "@", "|", "/"].map(str::to_owned).to_vec()),
            resolve_provider: Some(false),
            ..CompletionOptions::default()
        }),
        signature_help_provider: Some(SignatureHelpOptions {
            trigger_characters: Some(["(", ",", "{"].map(str::to_owned).to_vec()),
            ..SignatureHelpOptions::default()
        }),
        inlay_hint_provider: Some(OneOf::Left(true)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: [features::RUN_TEST, features::commands::GRAPH, features::commands::TEST]
                .map(str::to_owned)
                .to_vec(),
            ..ExecuteCommandOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        type_definition_provider: Some(TypeDefinitionProviderCapability::Simple(true)),
        call_hierarchy_provider: Some(CallHierarchyServerCapability::Simple(true)),
        document_range_formatting_provider: Some(OneOf::Left(true)),
        document_on_type_formatting_provider: Some(DocumentOnTypeFormattingOptions {
            first_trigger_character: "}".to_owned(),
            more_trigger_character: None,
        }),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(features::code_action_kinds()),
            ..CodeActionOptions::default()
        })),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        document_highlight_provider: Some(OneOf::Left(true)),
        document_link_provider: Some(DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        selection_range_provider: Some(SelectionRangeProviderCapability::Simple(true)),
        semantic_tokens_provider: Some(features::semantic_tokens::options().into()),
        ..ServerCapabilities::default()
    }
}

fn sync() -> TextDocumentSyncOptions {
    TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
        ..TextDocumentSyncOptions::default()
    }
}
