//! All documents and files, and what is known about them.
//!
//! Which policy a file belongs to: those of the files that use it, directly or through others, and that nothing else
//! uses (its *roots*). A file that nobody uses is its own root. Open buffers stand for their files. Knows nothing of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use claw_compiler::{Analysis, Missing, MissingKind, Workspace};
use tower_lsp::lsp_types::{TextDocumentContentChangeEvent, Url};

use crate::capabilities::Settings;
use crate::files;
use crate::snapshot::{Snapshot, View};
use crate::text;

/// A file is seen as a part of so many policies at most; those that are open go first.
const MAX_ROOTS: usize = 12;
/// So many policies are looked at when all are asked for.
const MAX_POLICIES: usize = 200;

/// A document that is open in the editor.
#[derive(Debug)]
pub struct Document {
    /// As the client spells it.
    pub uri: Url,
    pub version: i32,
    text: String,
    /// The workspace has an older text.
    stale: bool,
    /// Its text changed since findings were published for it.
    pub dirty: bool,
}

#[derive(Debug, Default)]
pub struct World {
    pub settings: Arc<Settings>,
    workspace: Workspace,
    /// Open documents, by key.
    documents: BTreeMap<String, Document>,
    /// For each policy file of the workspace the files that it uses.
    uses: BTreeMap<String, Vec<String>>,
    /// Data files that some policy wants, whether they are there or not.
    data: BTreeSet<String>,
    folders: Vec<PathBuf>,
    /// Analyses that are up to date, by root.
    analyses: BTreeMap<String, Arc<Analysis>>,
    /// The roots whose analysis says what the prover found, or is being given to it.
    proved: BTreeSet<String>,
}

/// What the editor tells.
impl World {
    pub fn open(&mut self, uri: Url, version: i32, text: String) {
        let key = files::key(&uri);
        self.documents.insert(key, Document { uri, version, text, stale: true, dirty: true });
    }

    pub fn change(&mut self, uri: &Url, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        let Some(document) = self.documents.get_mut(&files::key(uri)) else { return };
        for change in changes {
            text::change(&mut document.text, change, self.settings.encoding);
        }
        document.version = version;
        (document.stale, document.dirty) = (true, true);
    }

    /// From now on the file counts, if there is one.
    pub fn close(&mut self, uri: &Url) {
        let key = files::key(uri);
        if self.documents.remove(&key).is_some() {
            self.reread(&key);
        }
    }

    pub fn set_folders(&mut self, added: &[PathBuf], removed: &[PathBuf]) {
        self.folders.retain(|folder| !removed.contains(folder));
        for folder in added {
            self.folders.push(folder.clone());
            files::policies(folder).iter().for_each(|key| self.reread(key));
        }
        for folder in removed {
            let prefix = format!("{}/", files::path_key(folder));
            let gone: Vec<String> = self.uses.keys().filter(|key| key.starts_with(&prefix)).cloned().collect();
            for key in gone.iter().filter(|key| !self.is_open(key)).collect::<Vec<_>>() {
                self.remove(key);
            }
        }
    }

    /// Files that may have changed on disk.
    pub fn disk_changed(&mut self, uris: &[Url]) {
        let mut folders = false;
        for key in uris.iter().map(files::key) {
            let known = self.uses.contains_key(&key) || self.data.contains(&key) || self.is_wanted(&key);
            if known || key.ends_with(".claw") {
                self.reread(&key);
            } else {
                // What has no ending is perhaps a folder that came or went.
                folders |= key.rsplit('/').next().is_some_and(|name| !name.contains('.'));
            }
        }
        if folders {
            self.disk_changed_somewhere();
        }
    }

    /// Any file may have changed on disk.
    pub fn disk_changed_somewhere(&mut self) {
        let known: Vec<String> = self.uses.keys().chain(&self.data).cloned().collect();
        known.iter().for_each(|key| self.reread(key));
        let wanted: Vec<String> =
            self.analyses.values().flat_map(|a| &a.missing).map(|missing| missing.path.clone()).collect();
        wanted.iter().for_each(|key| self.reread(key));
    }

    pub fn is_open(&self, key: &str) -> bool {
        self.documents.contains_key(key)
    }

    pub fn documents(&self) -> impl Iterator<Item = (&String, &Document)> {
        self.documents.iter()
    }

    pub fn document(&self, key: &str) -> Option<&Document> {
        self.documents.get(key)
    }

    /// Findings were published for every document.
    pub fn all_published(&mut self) {
        self.documents.values_mut().for_each(|document| document.dirty = false);
    }

    /// The address of a file, spelled as the client does where it is open; none for what is not a file.
    pub fn uri(&self, key: &str) -> Option<Url> {
        self.document(key).map(|document| document.uri.clone()).or_else(|| files::uri(key))
    }
}

/// From texts to the workspace.
impl World {
    /// Brings the workspace up to what is open.
    fn sync(&mut self) {
        let stale = self.documents.iter_mut().filter(|(_, document)| document.stale);
        let texts: Vec<(String, Arc<str>)> = stale
            .map(|(key, document)| {
                document.stale = false;
                (key.clone(), document.text.as_str().into())
            })
            .collect();
        for (key, text) in texts {
            self.set(&key, text);
        }
    }

    /// Sets a file, and loads what it uses, so that it is known which policies a file is part of.
    fn set(&mut self, key: &str, text: Arc<str>) {
        let mut next = vec![(key.to_owned(), text)];
        while let Some((key, text)) = next.pop() {
            self.workspace.set_file(&key, text);
            self.forget(&key);
            let used = self.workspace.uses(&key);
            let unknown = used.iter().filter(|used| !self.uses.contains_key(*used) && !self.is_open(used));
            next.extend(unknown.filter_map(|used| Some((used.clone(), files::read_text(used)?.into()))));
            self.uses.insert(key, used);
        }
    }

    fn remove(&mut self, key: &str) {
        self.workspace.remove_file(key);
        self.uses.remove(key);
        self.forget(key);
    }

    /// Drops the analyses that saw a file or missed it.
    fn forget(&mut self, key: &str) {
        let saw = |a: &Analysis| {
            a.sources.files.iter().any(|file| file.path == key) || a.missing.iter().any(|file| file.path == key)
        };
        self.analyses.retain(|root, analysis| root != key && !saw(analysis));
        self.proved.retain(|root| self.analyses.contains_key(root));
    }

    fn is_wanted(&self, key: &str) -> bool {
        self.analyses.values().flat_map(|analysis| &analysis.missing).any(|missing| missing.path == key)
    }

    /// Takes a file from disk, unless it is open.
    fn reread(&mut self, key: &str) {
        if self.documents.contains_key(key) {
            return;
        }
        if self.data.contains(key) {
            match files::read(key) {
                Some(bytes) => self.workspace.set_data(key, bytes),
                None => self.workspace.remove_data(key),
            }
            self.proved.clear();
            return self.analyses.clear();
        }
        match files::read_text(key) {
            Some(text) if self.workspace.has(key, &text) => {}
            Some(text) => self.set(key, text.into()),
            None if self.uses.contains_key(key) => self.remove(key),
            None => {}
        }
    }

    /// Loads what an analysis missed. Whether anything came.
    fn fetch(&mut self, missing: &[Missing]) -> bool {
        let mut found = false;
        for wanted in missing {
            match wanted.kind {
                MissingKind::Source if self.uses.contains_key(&wanted.path) => {}
                MissingKind::Source => {
                    let Some(text) = files::read_text(&wanted.path) else { continue };
                    self.set(&wanted.path, text.into());
                    found = true;
                }
                MissingKind::Data => {
                    if self.data.insert(wanted.path.clone())
                        && let Some(bytes) = files::read(&wanted.path)
                    {
                        self.workspace.set_data(&wanted.path, bytes);
                        found = true;
                    }
                }
            }
        }
        found
    }
}

/// From the workspace to what is known.
impl World {
    /// The roots of the policies that a file is part of, the one that matters most first: an open one before others.
    fn roots(&self, key: &str) -> Vec<String> {
        let users = |of: &str| {
            let uses = |list: &Vec<String>| list.iter().any(|used| used == of);
            self.uses.iter().filter(|(user, list)| *user != of && uses(list)).map(|(user, _)| user.clone()).collect()
        };
        let (mut seen, mut roots) = (BTreeSet::from([key.to_owned()]), Vec::new());
        let mut next = vec![key.to_owned()];
        while let Some(at) = next.pop() {
            let users: Vec<String> = users(&at);
            if users.is_empty() {
                roots.push(at);
            } else {
                next.extend(users.into_iter().filter(|user| seen.insert(user.clone())));
            }
        }
        if roots.is_empty() {
            // Files that use each other in a circle.
            roots.push(key.to_owned());
        }
        roots.sort_by_key(|root| (!self.is_open(root), root.clone()));
        roots.truncate(MAX_ROOTS);
        roots
    }

    /// What is known about the policy with this root.
    fn analysis(&mut self, root: &str) -> Arc<Analysis> {
        if let Some(known) = self.analyses.get(root) {
            return Arc::clone(known);
        }
        loop {
            let analysis = self.workspace.analyze(root);
            if !self.fetch(&analysis.missing) {
                let analysis = Arc::new(analysis);
                self.analyses.insert(root.to_owned(), Arc::clone(&analysis));
                return analysis;
            }
        }
    }

    /// The analyses of all policies that the open documents are part of.
    pub fn open_policies(&mut self) -> Vec<Arc<Analysis>> {
        self.sync();
        let open: Vec<String> = self.documents.keys().cloned().collect();
        let roots: BTreeSet<String> = open.iter().flat_map(|key| self.roots(key)).collect();
        roots.iter().map(|root| self.analysis(root)).collect()
    }

    /// The policies of open documents that the prover has not seen, by root. They count as seen from now on.
    pub fn unproved(&mut self) -> Vec<(String, Arc<Analysis>)> {
        self.open_policies();
        let seen = &mut self.proved;
        let new =
            self.analyses.iter().filter(|(root, analysis)| !analysis.has_errors() && seen.insert((*root).clone()));
        new.map(|(root, analysis)| (root.clone(), Arc::clone(analysis))).collect()
    }

    /// Takes what the prover found, unless something changed in the meantime.
    pub fn take_proved(&mut self, root: &str, seen: &Arc<Analysis>, proved: Arc<Analysis>) -> bool {
        match self.analyses.get_mut(root) {
            Some(known) if Arc::ptr_eq(known, seen) => {
                *known = proved;
                true
            }
            _ => false,
        }
    }

    /// The analyses of all policies, the open ones first.
    pub fn all_policies(&mut self) -> Vec<Arc<Analysis>> {
        self.sync();
        let used: BTreeSet<&String> = self.uses.values().flatten().collect();
        let open = self.documents.keys().flat_map(|key| self.roots(key)).collect::<BTreeSet<_>>();
        let closed = self.uses.keys().filter(|key| !used.contains(key) && !open.contains(*key)).cloned();
        let roots: Vec<String> = open.iter().cloned().chain(closed).take(MAX_POLICIES).collect();
        roots.iter().map(|root| self.analysis(root)).collect()
    }

    /// What is known about a document or a file; `None` if there is no such policy.
    pub fn snapshot(&mut self, uri: &Url) -> Option<Snapshot> {
        self.sync();
        let key = files::key(uri);
        if !self.uses.contains_key(&key) {
            self.reread(&key);
        }
        if !self.uses.contains_key(&key) {
            return None;
        }
        let mut views = Vec::new();
        for root in self.roots(&key) {
            let analysis = self.analysis(&root);
            if let Some(file) = analysis.sources.find(&key) {
                views.push(View { analysis, file });
            }
        }
        let main = views.first().cloned()?;
        Some(Snapshot {
            uri: uri.clone(),
            version: self.document(&key).map(|document| document.version),
            main,
            views,
            open: self.open_uris(),
            settings: Arc::clone(&self.settings),
        })
    }

    /// The addresses of open documents, by key.
    pub fn open_uris(&self) -> BTreeMap<String, Url> {
        self.documents.iter().map(|(key, document)| (key.clone(), document.uri.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::findings;
    use proptest::prelude::*;
    use tower_lsp::lsp_types::{Position, Range};

    const NAMES: [&str; 3] = ["a", "b", "c"];

    /// What is typed: whole lines and bits of them, good and bad.
    const BITS: [&str; 16] = [
        "package p\n",
        "use \"./b.claw\" as b\n",
        "use \"./c.claw\" as c\n",
        "use \"./a.claw\"\n",
        "environments dev\n",
        "roles r\n",
        "tool t(x: string)\n",
        "grant t to r\n",
        "rule q { on t when args.x == \"é😀\" deny \"no\" }\n",
        "grant b.t to r\n",
        "let k: int = 3\n",
        "\n",
        "{",
        "\"",
        "x",
        "// 😀\n",
    ];

    fn uri(name: &str) -> Url {
        Url::parse(&format!("file:///nowhere/at/all/{name}.claw")).unwrap()
    }

    fn type_at(world: &mut World, name: &str, version: i32, (from, to): (u32, u32), text: &str) {
        let range = Range::new(Position::new(from, 0), Position::new(to, 0));
        let change = TextDocumentContentChangeEvent { range: Some(range), range_length: None, text: text.to_owned() };
        world.change(&uri(name), version, vec![change]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn edits_end_in_the_findings_of_the_final_text(
            edits in prop::collection::vec((0..3usize, 0..8u32, 0..3u32, 0..BITS.len(), any::<bool>()), 1..40),
        ) {
            let mut typed = World::default();
            NAMES.iter().for_each(|name| typed.open(uri(name), 0, String::new()));
            for (version, (file, line, removed, bit, look)) in edits.into_iter().enumerate() {
                type_at(&mut typed, NAMES[file], version as i32, (line, line + removed), BITS[bit]);
                if look {
                    findings(&mut typed);
                }
            }
            let mut opened = World::default();
            for name in NAMES {
                let document = typed.document(&files::key(&uri(name))).unwrap();
                opened.open(uri(name), 1, document.text.clone());
            }
            prop_assert_eq!(findings(&mut typed), findings(&mut opened));
        }
    }
}
