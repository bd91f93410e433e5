//! Findings, and what the client was told of them.
//!
//! A client that pulls asks for the findings of its open documents; those of other files are pushed to it like to any
//! other client.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use tower_lsp::lsp_types::{Diagnostic, Url};

use crate::map;
use crate::world::World;

/// New findings for one document; they replace all earlier ones.
#[derive(Debug)]
pub struct Update {
    pub uri: Url,
    pub version: Option<i32>,
    pub diagnostics: Vec<Diagnostic>,
}

/// What the client was last told, by key, where that is anything.
#[derive(Debug, Default)]
pub struct Published(BTreeMap<String, (Url, Vec<Diagnostic>)>);

impl Published {
    /// What differs from what the client knows, and an answer, even if it is the same as before, for every document
    /// that changed.
    pub fn updates(&mut self, world: &mut World) -> Vec<Update> {
        let mut findings = findings(world);
        if world.settings.pulls {
            findings.retain(|key, _| !world.is_open(key));
        }
        let silent = self.0.iter().filter(|(key, _)| !findings.contains_key(*key));
        let mut updates: Vec<Update> = silent
            .map(|(key, (uri, _))| Update { uri: uri.clone(), version: version(world, key), diagnostics: Vec::new() })
            .collect();
        let mut now = BTreeMap::new();
        for (key, diagnostics) in findings {
            let Some(uri) = world.uri(&key) else { continue };
            let dirty = world.document(&key).is_some_and(|document| document.dirty);
            if dirty || self.0.get(&key).is_none_or(|(_, told)| *told != diagnostics) {
                let version = version(world, &key);
                updates.push(Update { uri: uri.clone(), version, diagnostics: diagnostics.clone() });
            }
            now.insert(key, (uri, diagnostics));
        }
        self.0 = now;
        world.all_published();
        updates
    }
}

fn version(world: &World, key: &str) -> Option<i32> {
    world.document(key).map(|document| document.version)
}

/// The findings of every open document, and of the other files of their policies that have any, by key.
pub fn findings(world: &mut World) -> BTreeMap<String, Vec<Diagnostic>> {
    let policies = world.open_policies();
    let mut findings: BTreeMap<String, Vec<Diagnostic>> =
        world.documents().map(|(key, _)| (key.clone(), Vec::new())).collect();
    for analysis in policies {
        let sources = &analysis.sources;
        let is_own = |path: &str| world.settings.library.holds(Path::new(path));
        for finding in analysis.diagnostics.iter().filter(|f| !is_own(&sources.get(f.primary.loc.file).path)) {
            let key = &sources.get(finding.primary.loc.file).path;
            let shown = map::diagnostic(finding, sources, &world.settings, &|path| world.uri(path));
            let known = findings.entry(key.clone()).or_default();
            // Two policies may use the same file.
            if !known.contains(&shown) {
                known.push(shown);
            }
        }
    }
    findings
}

/// A name for a list of findings: another list has, in all likelihood, another name.
pub fn result_id(findings: &[Diagnostic]) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(findings).unwrap_or_default().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
