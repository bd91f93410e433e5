//! Policies in source form: compiled when the gateway starts, and again whenever one of their files changes.
//!
//! What has errors is not loaded; the policy before it stays in force. Knows files and the compiler; what is put in force
//! and who is told is the engine's business.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use claw_compiler::fetch::{self, Fetched, tidy};
use claw_compiler::graph::Budget;
use claw_compiler::{Analysis, Checked, Diagnostic, MissingKind, compile, draw};
use claw_engine::Engine;
use claw_runtime::bundle::Bundle;
use claw_runtime::{Digest, LoadError};
use serde_json::json;

use crate::config::position;
use crate::failure::Failure;

/// The longest policy file and the longest data file, in bytes.
const MAX_SOURCE: u64 = 8 << 20;
const MAX_DATA: u64 = 256 << 20;

/// How often files are compared, and for how long they must be at rest before they are compiled.
const EVERY: Duration = Duration::from_millis(500);
const QUIET: Duration = Duration::from_millis(200);
/// How often rest is waited for: files that never come to rest are compiled all the same.
const MOST_WAITS: usize = 10;

/// Whether the policy at this path is a bundle; else it is in source form.
///
/// # Errors
/// [`Failure`] where there is nothing at this path that could be read.
pub fn is_bundle(path: &Path) -> Result<bool, Failure> {
    let meta = std::fs::metadata(path).map_err(|error| Failure::io("read the policy", path, &error))?;
    if meta.is_dir() {
        return Ok(false);
    }
    if path.extension().is_some_and(|extension| extension == "clawb") {
        return Ok(true);
    }
    let bytes = read(path, MAX_DATA)?;
    Ok(!matches!(Bundle::from_bytes(&bytes), Err(LoadError::NotABundle)))
}

/// Files that were looked for, with what was in them: tells one state of a policy's files from another.
pub type Seen = Vec<(PathBuf, Option<Digest>)>;

/// A policy in source form, as it was found.
#[derive(Debug)]
pub struct Source {
    /// The root file.
    pub root: PathBuf,
    /// Everything that was looked for.
    pub seen: Seen,
    /// What the compiler knows of it; why it could not be read, otherwise.
    pub analysis: Result<Analysis, Failure>,
}

impl Source {
    /// Reads and checks the policy at this path: a file, or a folder with a `main.claw` or with one policy file.
    #[must_use]
    pub fn open(path: &Path) -> Source {
        let root = match root(path) {
            Ok(root) => root,
            Err(failure) => {
                return Source { root: path.to_owned(), seen: vec![(path.to_owned(), None)], analysis: Err(failure) };
            }
        };
        let mut seen = Seen::new();
        let analysis = analyze(&root, &mut seen);
        Source { root, seen, analysis }
    }

    /// The policy as a bundle.
    ///
    /// # Errors
    /// [`Failure`] where it can't be read or has errors; they are drawn in the message, without colours.
    pub fn bundle(&self) -> Result<Vec<u8>, Failure> {
        let analysis = self.analysis.as_ref().map_err(Clone::clone)?;
        if analysis.has_errors() {
            let drawn = self.drawn(analysis, false);
            return Err(Failure::new(format!(
                "the policy `{}` has errors\n\n{}",
                self.root.display(),
                drawn.trim_end()
            )));
        }
        let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors())
            .ok_or_else(|| Failure::new(format!("the policy `{}` can't be compiled", self.root.display())))?;
        Ok(compile(&checked, &analysis.sources, Budget::default()).to_bytes())
    }

    /// The errors of the policy with the lines that they are in.
    #[must_use]
    pub fn drawn(&self, analysis: &Analysis, colours: bool) -> String {
        let errors: Vec<_> = analysis.diagnostics.iter().filter(|finding| finding.is_error()).cloned().collect();
        draw::diagnostics(&errors, &analysis.sources, &|path| self.show(path), colours)
    }

    /// The same for programs.
    #[must_use]
    pub fn findings(&self) -> Vec<serde_json::Value> {
        let Ok(analysis) = &self.analysis else { return Vec::new() };
        let errors = analysis.diagnostics.iter().filter(|finding| finding.is_error());
        let one = |finding: &Diagnostic| {
            let file = analysis.sources.get(finding.primary.loc.file);
            let (line, column) = position(&file.text, finding.primary.loc.span.start as usize);
            json!({
                "severity": finding.severity.word(),
                "code": finding.code.to_string(),
                "message": finding.message,
                "help": finding.help,
                "file": self.show(&file.path),
                "line": line,
                "column": column,
            })
        };
        errors.map(one).collect()
    }

    /// A path of the policy as the user would write it.
    fn show(&self, path: &str) -> String {
        let shipped = path.starts_with("std.") && !path.ends_with(".claw");
        let base = self.root.parent().unwrap_or(Path::new(""));
        if shipped { path.to_owned() } else { tidy(&base.join(path)).display().to_string() }
    }
}

fn analyze(root: &Path, seen: &mut Seen) -> Result<Analysis, Failure> {
    let base = root.parent().unwrap_or(Path::new(""));
    let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text_of = |path: &Path| -> Result<Arc<str>, Failure> {
        let bytes = read(path, MAX_SOURCE)?;
        seen.push((path.to_owned(), Some(Digest::of(&bytes))));
        let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("`{}` is not UTF-8", path.display())))?;
        Ok(text.into())
    };
    let text = text_of(root)?;
    fetch::analyze(&name, text, |wanted| {
        let path = tidy(&base.join(&wanted.path));
        if !path.is_file() {
            seen.push((path, None));
            return Ok(None);
        }
        let bytes = read(&path, if wanted.kind == MissingKind::Source { MAX_SOURCE } else { MAX_DATA })?;
        seen.push((path.clone(), Some(Digest::of(&bytes))));
        Ok(Some(match wanted.kind {
            MissingKind::Data => Fetched::Data(bytes.into()),
            MissingKind::Source => {
                let text = String::from_utf8(bytes);
                Fetched::Source(text.map_err(|_| Failure::new(format!("`{}` is not UTF-8", path.display())))?.into())
            }
        }))
    })
}

/// The root file that a path stands for.
fn root(path: &Path) -> Result<PathBuf, Failure> {
    let meta = std::fs::metadata(path).map_err(|error| Failure::io("read the policy", path, &error))?;
    if !meta.is_dir() {
        return Ok(path.to_owned());
    }
    let main = path.join("main.claw");
    if main.is_file() {
        return Ok(main);
    }
    let entries = std::fs::read_dir(path).map_err(|error| Failure::io("read", path, &error))?;
    let files: BTreeSet<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "claw") && file.is_file())
        .collect();
    let mut files = files.into_iter();
    match (files.next(), files.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Failure::new(format!("no `.claw` file in `{}`", path.display()))
            .help("name a policy file, a bundle, or a folder with a `main.claw`")),
        (Some(_), Some(_)) => Err(Failure::new(format!("`{}` holds several policy files", path.display()))
            .help("name one of them, or call the root `main.claw`")),
    }
}

/// A file's bytes, if there are not too many.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::io("read the policy", path, &error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(Failure::new(format!("`{}` is not a file", path.display())));
    }
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Failure::new(format!("`{}` is larger than {} MiB", path.display(), most >> 20)));
    }
    Ok(bytes)
}

/// Compiles the policy at this path and puts it in force. Gives what was seen of its files, for [`Watch`].
///
/// # Errors
/// [`Failure`]; what was in force stays, and the engine's observers are told.
pub fn load(engine: &Engine, tenant: Option<&str>, path: &Path) -> (Seen, Result<(), Failure>) {
    let source = Source::open(path);
    let name = source.root.display().to_string();
    let loaded = match source.bundle() {
        Ok(bytes) => engine
            .policies()
            .load_as(tenant, &name, &bytes, None)
            .map(drop)
            .map_err(|failure| Failure::new(format!("cannot load `{name}`: {failure}"))),
        Err(failure) => {
            drop(engine.policies().refuse(tenant, &name, failure.message.clone()));
            Err(failure)
        }
    };
    (source.seen, loaded)
}

/// Loads a policy again whenever its files change, until this is dropped.
#[derive(Debug)]
#[must_use = "watching ends when this is dropped"]
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches the policy at this path, of which this was seen when it was loaded.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(engine: Engine, tenant: Option<&str>, path: &Path, mut seen: Seen) -> std::io::Result<Watch> {
        let (stop, stopped) = channel();
        let (tenant, path) = (tenant.map(str::to_owned), path.to_owned());
        let run = move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                if now(&path, &seen) == seen {
                    continue;
                }
                at_rest(&path, &seen);
                // Failures are told by the engine's observers.
                let (found, _) = load(&engine, tenant.as_deref(), &path);
                seen = found;
            }
        };
        let thread = std::thread::Builder::new().name("claw-sources".to_owned()).spawn(run)?;
        Ok(Watch { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Panics have nobody to be told to.
            let _ = thread.join();
        }
    }
}

/// Waits until an editor or a deployment has written all that it writes.
fn at_rest(path: &Path, seen: &Seen) {
    let mut before = now(path, seen);
    for _ in 0..MOST_WAITS {
        std::thread::sleep(QUIET);
        let after = now(path, seen);
        if after == before {
            return;
        }
        before = after;
    }
}

/// What is in the same files now. A folder may have got another root.
fn now(path: &Path, seen: &Seen) -> Seen {
    let root = root(path).ok();
    let moved = seen.first().is_some_and(|(first, _)| root.as_ref().is_some_and(|root| root != first));
    let look = |path: &PathBuf| read(path, MAX_DATA).ok().map(|bytes| Digest::of(&bytes));
    let mut now: Seen = seen.iter().map(|(path, _)| (path.clone(), look(path))).collect();
    if moved {
        now.extend(root.map(|root| (root, None)));
    }
    now
}
