//! What a request sees: everything that is known at one moment, unchanging, on whatever thread it is asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use claw_compiler::Analysis;
use claw_compiler::diagnostics::Edit;
use claw_compiler::hir::{FileId, Loc};
use claw_compiler::ide;
use claw_compiler::source::SourceFile;
use claw_compiler::source::Sources;
use claw_syntax::Span;
use tower_lsp::lsp_types::{Location, Position, Range, TextEdit, Url, WorkspaceEdit};

use crate::capabilities::Settings;
use crate::library::is_standard;
use crate::{files, map};

/// A file as a part of one policy.
#[derive(Clone, Debug)]
pub struct View {
    pub analysis: Arc<Analysis>,
    pub file: FileId,
}

/// What is known about one document.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub uri: Url,
    /// None for a file that is not open.
    pub version: Option<i32>,
    /// The document in the policy that matters most.
    pub main: View,
    /// The document in every policy it is part of, the main one first: for what must not miss a place.
    pub views: Vec<View>,
    /// The addresses of open documents, by path.
    pub open: BTreeMap<String, Url>,
    pub settings: Arc<Settings>,
}

impl Snapshot {
    pub fn analysis(&self) -> &Analysis {
        &self.main.analysis
    }

    pub fn file(&self) -> FileId {
        self.main.file
    }

    fn source(&self) -> &SourceFile {
        self.main.analysis.sources.get(self.main.file)
    }

    /// A position in the document as a byte offset.
    pub fn offset(&self, at: Position) -> u32 {
        let source = self.source();
        self.settings.encoding.offset(&source.lines, &source.text, at)
    }

    /// A range in the document as byte offsets.
    pub fn span(&self, range: Range) -> Span {
        let start = self.offset(range.start);
        Span::new(start, self.offset(range.end).max(start))
    }

    /// A place in the document.
    pub fn range(&self, span: Span) -> Range {
        map::range(&self.main.analysis.sources, Loc { file: self.main.file, span }, self.settings.encoding)
    }

    /// Edits of the document.
    pub fn edits(&self, edits: Vec<ide::TextEdit>) -> Vec<TextEdit> {
        edits.into_iter().map(|edit| TextEdit::new(self.range(edit.span), edit.text)).collect()
    }

    /// Edits of files of a policy.
    pub fn workspace_edit(&self, sources: &Sources, edits: &[Edit]) -> WorkspaceEdit {
        let mut changes: HashMap<Url, Vec<TextEdit>> = HashMap::new();
        for edit in edits {
            if let Some(place) = self.location(sources, edit.loc) {
                changes.entry(place.uri).or_default().push(TextEdit::new(place.range, edit.text.clone()));
            }
        }
        WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
    }

    /// A place in any file of a policy. A standard module is put where the editor can open it.
    pub fn location(&self, sources: &Sources, loc: Loc) -> Option<Location> {
        let source = sources.get(loc.file);
        let uri = match is_standard(&source.path) {
            true => self.settings.library.module(&source.path, &source.text)?,
            false => self.address(&source.path)?,
        };
        Some(Location { uri, range: self.range_in(sources, loc) })
    }

    /// The range of a place in any file of a policy.
    pub fn range_in(&self, sources: &Sources, loc: Loc) -> Range {
        map::range(sources, loc, self.settings.encoding)
    }

    /// The address of a file of a policy; none where it is a standard module.
    pub fn address(&self, path: &str) -> Option<Url> {
        self.open.get(path).cloned().or_else(|| files::uri(path))
    }
}
