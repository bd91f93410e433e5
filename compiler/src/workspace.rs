//! The texts that an analysis sees: what is on disk, or in an editor's unsaved buffers.
//!
//! Reads no file itself. Paths are relative, `/`-separated and normalised; an analysis says which files it lacks
//! ([`Analysis::missing`]), the caller sets them and asks again.

use std::collections::BTreeMap;
use std::sync::Arc;

use claw_syntax::Parse;

use crate::analysis::Analysis;
use crate::checked;
use crate::diagnostics::{Diagnostic, codes};
use crate::lints;
use crate::resolve;

/// A set of files.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    sources: BTreeMap<String, Source>,
    data: BTreeMap<String, Arc<[u8]>>,
}

/// A policy file, parsed when it was set.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub text: Arc<str>,
    pub parse: Arc<Parse>,
}

impl Source {
    pub(crate) fn new(text: impl Into<Arc<str>>) -> Source {
        let text = text.into();
        Source { parse: Arc::new(claw_syntax::parse(&text)), text }
    }
}

impl Workspace {
    pub fn new() -> Workspace {
        Workspace::default()
    }

    /// Adds or replaces a policy file.
    pub fn set_file(&mut self, path: &str, text: impl Into<Arc<str>>) {
        let text = text.into();
        let path = normalize("", path);
        if self.sources.get(&path).is_none_or(|old| old.text != text) {
            self.sources.insert(path, Source::new(text));
        }
    }

    /// Whether a policy file has just this text.
    pub fn has(&self, path: &str, text: &str) -> bool {
        self.source(&normalize("", path)).is_some_and(|source| *source.text == *text)
    }

    pub fn remove_file(&mut self, path: &str) {
        self.sources.remove(&normalize("", path));
    }

    /// Adds or replaces a data file, for `let … from "x.json"`.
    pub fn set_data(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) {
        self.data.insert(normalize("", path), bytes.into());
    }

    pub fn remove_data(&mut self, path: &str) {
        self.data.remove(&normalize("", path));
    }

    /// The policy files, sorted.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// Checks the policy whose root is `root`, with everything it uses.
    pub fn analyze(&self, root: &str) -> Analysis {
        let mut analysis = resolve::analyze(self, &normalize("", root));
        if !analysis.has_errors() {
            let found = checked::too_complex(&analysis.package);
            analysis.diagnostics.extend(found.iter().map(too_complex));
        }
        lints::finish(&mut analysis);
        analysis
    }

    /// The files that `path` uses directly, as normalised paths. For finding the roots of a folder.
    pub fn uses(&self, path: &str) -> Vec<String> {
        use claw_syntax::ast::{ItemKind, UseSource};
        let path = normalize("", path);
        let Some(source) = self.sources.get(&path) else { return Vec::new() };
        let items = &source.parse.file.items;
        items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Use(decl) => match &decl.source {
                    UseSource::File(lit) => Some(normalize(parent(&path), &lit.value)),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    pub(crate) fn source(&self, path: &str) -> Option<&Source> {
        self.sources.get(path)
    }

    pub(crate) fn data(&self, path: &str) -> Option<&Arc<[u8]>> {
        self.data.get(path)
    }
}

fn too_complex(found: &checked::TooComplex) -> Diagnostic {
    let message = format!(
        "with its predicates and scopes written out this nests {} deep and takes {} steps",
        found.depth, found.weight
    );
    Diagnostic::new(codes::E0428, found.loc, message)
        .help("split the condition over several clauses, or use fewer layers of predicates")
}

/// The folder of a path, empty for the workspace itself.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` as seen from `folder`, without `.`, `..` and doubled slashes. What leads out of the workspace keeps its
/// leading `..`.
pub(crate) fn normalize(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let rooted = path.starts_with('/') || folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for word in whole.split('/') {
        match word {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    format!("{}{}", if rooted { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised() {
        assert_eq!(normalize("", "./a//b/../c.claw"), "a/c.claw");
        assert_eq!(normalize("policies/team", "../company.claw"), "policies/company.claw");
        assert_eq!(normalize("team", "../../company.claw"), "../company.claw");
        assert_eq!(normalize("/srv/team", "../x.claw"), "/srv/x.claw");
        assert_eq!(normalize("team", "/srv/x.claw"), "/srv/x.claw");
        assert_eq!(parent("a/b.claw"), "a");
        assert_eq!(parent("b.claw"), "");
    }
}
