//! Open documents and what was published about them.
//!
//! Each open document is analysed as the root of a policy, unless another open one uses it: then it is seen as part
//! of that one. Files that are not open are read from disk; an unsaved buffer stands for its file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use claw_compiler::{Analysis, MissingKind, Workspace};
use tower_lsp::lsp_types::{Diagnostic, Url};

use crate::convert::{self, Encoding};
use crate::main_loop::Event;

/// Larger files on disk are not read.
const MAX_FILE: u64 = 8 << 20;

#[derive(Debug, Default)]
pub struct State {
    encoding: Encoding,
    open: BTreeMap<Url, Document>,
    /// What the client was last told, where that is anything.
    published: BTreeMap<Url, Vec<Diagnostic>>,
}

#[derive(Debug)]
struct Document {
    version: i32,
    text: String,
    /// Its text changed since findings were published for it.
    dirty: bool,
}

/// New findings for one document; they replace all earlier ones.
#[derive(Debug)]
pub struct Update {
    pub uri: Url,
    pub version: Option<i32>,
    pub diagnostics: Vec<Diagnostic>,
}

impl State {
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Encoding(encoding) => self.encoding = encoding,
            Event::Text { uri, version, text } => {
                self.open.insert(uri, Document { version, text, dirty: true });
            }
            Event::Closed { uri } => {
                self.open.remove(&uri);
            }
            Event::FilesChanged => {}
        }
    }

    /// Looks at everything again. Returns what differs from what the client knows, and an answer, even if it is the
    /// same as before, for every document that changed.
    pub fn refresh(&mut self) -> Vec<Update> {
        let findings = self.findings();
        let silent = self.published.keys().filter(|uri| !findings.contains_key(uri));
        let mut updates: Vec<Update> = silent.cloned().map(|uri| self.update(uri, Vec::new())).collect();
        for (uri, diagnostics) in &findings {
            let dirty = self.open.get(uri).is_some_and(|document| document.dirty);
            if dirty || self.published.get(uri) != Some(diagnostics) {
                updates.push(self.update(uri.clone(), diagnostics.clone()));
            }
        }
        self.published = findings;
        self.open.values_mut().for_each(|document| document.dirty = false);
        updates
    }

    fn update(&self, uri: Url, diagnostics: Vec<Diagnostic>) -> Update {
        let version = self.open.get(&uri).map(|document| document.version);
        Update { uri, version, diagnostics }
    }

    /// The findings of every open document, and of the files on disk that they use and that have any.
    fn findings(&self) -> BTreeMap<Url, Vec<Diagnostic>> {
        let mut findings: BTreeMap<Url, Vec<Diagnostic>> =
            self.open.keys().map(|uri| (uri.clone(), Vec::new())).collect();
        for view in self.roots() {
            let sources = &view.analysis.sources;
            for finding in &view.analysis.diagnostics {
                let Some(uri) = view.uri(&sources.get(finding.primary.loc.file).path) else { continue };
                let shown = convert::diagnostic(finding, sources, self.encoding, &|path| view.uri(path));
                let known = findings.entry(uri).or_default();
                // Two roots may use the same file.
                if !known.contains(&shown) {
                    known.push(shown);
                }
            }
        }
        findings
    }

    /// Analyses of the open documents that no other open document uses. Of documents that use each other in a
    /// circle, all.
    fn roots(&self) -> Vec<View> {
        let by_path: Rc<BTreeMap<PathBuf, Url>> =
            Rc::new(self.open.keys().filter_map(|uri| Some((uri.to_file_path().ok()?, uri.clone()))).collect());
        let analyze = |(uri, document): (&Url, &Document)| self.analyze(uri, &document.text, &by_path);
        let views: Vec<View> = self.open.iter().map(analyze).collect();
        let uses: Vec<BTreeSet<Url>> = views.iter().map(|view| view.used().collect()).collect();
        let is_used = |view: &View| {
            let by_other = |(other, uses): (&View, &BTreeSet<Url>)| {
                let circle = view.used().any(|uri| uri == other.root);
                other.root != view.root && uses.contains(&view.root) && !circle
            };
            views.iter().zip(&uses).any(by_other)
        };
        let keep: Vec<bool> = views.iter().map(|view| !is_used(view)).collect();
        views.into_iter().zip(keep).filter_map(|(view, keep)| keep.then_some(view)).collect()
    }

    fn analyze(&self, uri: &Url, text: &str, by_path: &Rc<BTreeMap<PathBuf, Url>>) -> View {
        let (base, name) = place(uri);
        let mut workspace = Workspace::new();
        workspace.set_file(&name, text);
        let mut tried = BTreeSet::new();
        loop {
            let analysis = workspace.analyze(&name);
            let mut found = false;
            for wanted in analysis.missing.iter().filter(|wanted| tried.insert(wanted.path.clone())) {
                let Some(path) = base.as_ref().map(|base| tidy(&base.join(&wanted.path))) else { continue };
                match wanted.kind {
                    MissingKind::Source => {
                        let Some(text) = self.source(&path, by_path) else { continue };
                        workspace.set_file(&wanted.path, text);
                    }
                    MissingKind::Data => {
                        let Some(bytes) = read(&path) else { continue };
                        workspace.set_data(&wanted.path, bytes);
                    }
                }
                found = true;
            }
            if !found {
                return View { root: uri.clone(), name, base, analysis, by_path: Rc::clone(by_path) };
            }
        }
    }

    /// The open buffer of a file, or else what is on disk.
    fn source(&self, path: &Path, by_path: &BTreeMap<PathBuf, Url>) -> Option<String> {
        match by_path.get(path).and_then(|uri| self.open.get(uri)) {
            Some(document) => Some(document.text.clone()),
            None => String::from_utf8(read(path)?).ok(),
        }
    }
}

/// One open document as the root of a policy.
#[derive(Debug)]
struct View {
    root: Url,
    /// Its name in the workspace.
    name: String,
    /// The directory that the workspace's paths are relative to; none for a document that was never saved.
    base: Option<PathBuf>,
    analysis: Analysis,
    /// Open documents by file: clients don't all spell an address like we would.
    by_path: Rc<BTreeMap<PathBuf, Url>>,
}

impl View {
    /// The document of a file; none for modules that ship with the compiler.
    fn uri(&self, path: &str) -> Option<Url> {
        if path == self.name {
            return Some(self.root.clone());
        }
        if path.starts_with("std.") && !path.contains('/') && !path.ends_with(".claw") {
            return None;
        }
        let path = tidy(&self.base.as_ref()?.join(path));
        self.by_path.get(&path).cloned().or_else(|| Url::from_file_path(path).ok())
    }

    /// The documents of all files but the root.
    fn used(&self) -> impl Iterator<Item = Url> {
        let files = self.analysis.sources.files.iter();
        files.filter(|file| file.path != self.name).filter_map(|file| self.uri(&file.path))
    }
}

/// Where a document lies, and its name there.
fn place(uri: &Url) -> (Option<PathBuf>, String) {
    if let Ok(path) = uri.to_file_path()
        && let (Some(folder), Some(name)) = (path.parent(), path.file_name())
    {
        return (Some(folder.to_owned()), name.to_string_lossy().into_owned());
    }
    (None, "untitled.claw".to_owned())
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE);
    if small { std::fs::read(path).ok() } else { None }
}

/// The path without `.` and inner `..`.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}
