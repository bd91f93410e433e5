//! A policy on disk, or in a revision: the root file, everything it uses, and what the compiler makes of it.
//!
//! The compiler reads no files; it says which ones it misses, and this is where they are fetched.

use std::path::{Path, PathBuf};

use claw_compiler::fetch::{self, Fetched};
use claw_compiler::hir::FileId;
use claw_compiler::{Analysis, MissingKind};

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::render::human::{self, Counts};

/// Fetches a file that a policy uses, if there is one.
pub type Read<'r> = &'r dyn Fn(&Path, MissingKind) -> Result<Option<Vec<u8>>, Failure>;

/// A root file with all it uses, analysed.
#[derive(Debug)]
pub struct Project {
    /// The root file's directory. Paths inside the workspace are relative to it, so that bundles don't depend
    /// on where a policy lies.
    base: PathBuf,
    pub analysis: Analysis,
    /// Every file that was looked for, found or not.
    pub watched: Vec<PathBuf>,
}

impl Project {
    /// Reads and analyses the policy with this root file.
    pub fn open(root: &Path) -> Result<Project, Failure> {
        let read = |path: &Path, kind: MissingKind| {
            // What is not there is reported where it is used.
            let limit = if kind == MissingKind::Source { files::MAX_SOURCE } else { files::MAX_DATA };
            path.is_file().then(|| files::read_bytes(path, limit)).transpose()
        };
        let bytes = files::read_bytes(root, files::MAX_SOURCE)?;
        Project::of(root, bytes, &read)
    }

    /// The policy with this root file, of which these are the bytes. `read` is asked for what else it needs; it may
    /// not have it.
    pub fn of(root: &Path, bytes: Vec<u8>, read: Read<'_>) -> Result<Project, Failure> {
        let text = files::source_text(bytes, root)?;
        if text.trim().is_empty() {
            return Err(Failure::new(format!("`{}` is empty", root.display()))
                .help("a policy declares tools and grants; whatever it does not grant is denied"));
        }
        let base = root.parent().unwrap_or(Path::new("")).to_owned();
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut watched = vec![root.to_owned()];
        let analysis = fetch::analyze(&name, text, |wanted| {
            let path = files::tidy(&base.join(&wanted.path));
            if !watched.contains(&path) {
                watched.push(path.clone());
            }
            let Some(bytes) = read(&path, wanted.kind)? else { return Ok(None) };
            Ok(Some(match wanted.kind {
                MissingKind::Source => Fetched::Source(files::source_text(bytes, &path)?.into()),
                MissingKind::Data => Fetched::Data(bytes.into()),
            }))
        })?;
        Ok(Project { base, analysis, watched })
    }

    /// Adds what only a look at all requests shows: see [`Analysis::prove`].
    pub fn prove(&mut self) {
        self.analysis.prove();
    }

    /// A path of the workspace as the user would write it.
    pub fn show(&self, path: &str) -> String {
        human::shown_path(&self.base, path)
    }

    /// Where a file of the workspace lies; none for what ships with the compiler.
    pub fn path(&self, file: FileId) -> Option<PathBuf> {
        let source = self.analysis.sources.get(file);
        (!source.is_standard()).then(|| files::tidy(&self.base.join(&source.path)))
    }

    /// Whether a file lies in the root file's directory or below, wherever links lead.
    pub fn holds(&self, path: &Path) -> bool {
        let base = if self.base.as_os_str().is_empty() { Path::new(".") } else { &self.base };
        match (base.canonicalize(), path.canonicalize()) {
            (Ok(base), Ok(path)) => path.starts_with(base),
            _ => false,
        }
    }

    pub fn counts(&self) -> Counts {
        Counts::of(&self.analysis.diagnostics)
    }

    /// Prints errors on standard error; `false` if there are any. Warnings are left to `clawc check`.
    pub fn report_errors(&self, out: &mut Output) -> bool {
        let errors: Vec<_> = self.analysis.diagnostics.iter().filter(|finding| finding.is_error()).cloned().collect();
        if errors.is_empty() {
            return true;
        }
        let paint = out.err_paint();
        let drawn = human::diagnostics(&errors, &self.analysis.sources, &|path| self.show(path), paint);
        out.error(&format!("{drawn}{}\n", Counts::of(&errors).summary(paint)));
        false
    }
}
