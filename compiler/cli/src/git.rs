//! Policies in a revision of a git repository: `git:REV:PATH`.
//!
//! Asks the `git` program, never through a shell, and touches nothing in the work tree. Files are only those of the
//! revision: a path that leads out of the repository has nothing there.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use claw_compiler::{MissingKind, Workspace};

use crate::failure::Failure;
use crate::files;
use crate::project::Project;

/// `git:REV:PATH`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub revision: String,
    /// Relative to the current directory.
    pub path: PathBuf,
}

impl Spec {
    /// `None`: it is no name of a revision, but a path.
    pub fn parse(text: &str) -> Option<Result<Spec, Failure>> {
        let rest = text.strip_prefix("git:")?;
        let Some((revision, path)) = rest.split_once(':').filter(|(revision, _)| !revision.is_empty()) else {
            return Some(Err(Failure::new(format!("`{text}` names no revision and path"))
                .help("a policy in a revision is written `git:REV:PATH`, such as `git:main:policies`")));
        };
        let path = if path.is_empty() { "." } else { path };
        Some(Ok(Spec { revision: revision.to_owned(), path: files::tidy(Path::new(path)) }))
    }
}

/// A commit's files.
struct Tree {
    /// Names of objects by path, from the root of the repository.
    blobs: BTreeMap<PathBuf, String>,
    /// The current directory, from the root of the repository.
    prefix: PathBuf,
}

/// Opens the policy at a path of a revision.
pub fn open(spec: &Spec) -> Result<Project, Failure> {
    let tree = Tree::open(&spec.revision)?;
    let root = tree.root(spec)?;
    let read = |path: &Path, kind: MissingKind| {
        let limit = if kind == MissingKind::Source { files::MAX_SOURCE } else { files::MAX_DATA };
        tree.read(path, limit)
    };
    let bytes = read(&root, MissingKind::Source)?.ok_or_else(|| missing(spec))?;
    Project::of(&root, bytes, &read)
}

impl Tree {
    fn open(revision: &str) -> Result<Tree, Failure> {
        let prefix = git(&["rev-parse", "--show-prefix"])?.map_err(|_| {
            Failure::new("this directory is in no git repository")
                .help("run it inside of the repository that REV is in")
        })?;
        let wanted = format!("{revision}^{{commit}}");
        let commit = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?;
        let commit = commit.map_err(|_| {
            Failure::new(format!("this repository has no revision `{revision}`"))
                .help("in CI, fetch it first: a shallow clone has the newest commit alone")
        })?;
        let commit = text(commit);
        let listing = git(&["ls-tree", "-r", "-z", "--full-tree", &commit])?.map_err(failed)?;
        Ok(Tree { blobs: blobs(&listing), prefix: PathBuf::from(text(prefix)) })
    }

    /// A path from the current directory as one from the root of the repository; `None` if it leads out.
    fn inner(&self, path: &Path) -> Option<PathBuf> {
        let inner = files::tidy(&self.prefix.join(path));
        inner.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)).then_some(inner)
    }

    fn has(&self, path: &Path) -> bool {
        self.inner(path).is_some_and(|path| self.blobs.contains_key(&path))
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let Some(name) = self.inner(path).and_then(|path| self.blobs.get(&path)) else { return Ok(None) };
        let size = git(&["cat-file", "-s", name])?.map_err(failed)?;
        if text(size).parse::<u64>().is_ok_and(|size| size > limit) {
            let (path, mib) = (path.display(), limit >> 20);
            return Err(Failure::new(format!("`{path}` is larger than {mib} MiB, the most that is read")));
        }
        git(&["cat-file", "blob", name])?.map_err(failed).map(Some)
    }

    /// The root file that a path stands for, as on disk: the file; the directory's `main.claw`; or the one file in it
    /// that no other uses.
    fn root(&self, spec: &Spec) -> Result<PathBuf, Failure> {
        let path = &spec.path;
        let inner = self
            .inner(path)
            .ok_or_else(|| Failure::new(format!("`{}` leads out of the repository", path.display())))?;
        if self.blobs.contains_key(&inner) {
            return Ok(path.clone());
        }
        let main = files::tidy(&path.join("main.claw"));
        if self.has(&main) {
            return Ok(main);
        }
        let inside = |file: &&PathBuf| inner == Path::new(".") || file.starts_with(&inner);
        let mut sources = Vec::new();
        for file in self.blobs.keys().filter(inside).filter(|file| file.extension().is_some_and(|e| e == "claw")) {
            let below = file.strip_prefix(&inner).unwrap_or(file);
            sources.push(files::tidy(&path.join(below)));
        }
        let mut workspace = Workspace::new();
        let mut used = Vec::new();
        for source in &sources {
            let Some(Ok(text)) = self.read(source, files::MAX_SOURCE)?.map(String::from_utf8) else { continue };
            let name = source.to_string_lossy().into_owned();
            workspace.set_file(&name, text);
            used.extend(workspace.uses(&name).into_iter().map(|path| files::tidy(Path::new(&path))));
        }
        let roots: Vec<&PathBuf> = sources.iter().filter(|source| !used.contains(source)).collect();
        match roots[..] {
            [only] => Ok(only.clone()),
            [] => Err(missing(spec)),
            [first, second, ..] => {
                let (shown, first, second) = (path.display(), first.display(), second.display());
                Err(Failure::new(format!(
                    "`{shown}` holds several policies in `{}`: `{first}`, `{second}`",
                    spec.revision
                ))
                .help("name one file, or call the root `main.claw`"))
            }
        }
    }
}

fn missing(spec: &Spec) -> Failure {
    Failure::new(format!("no policy at `{}` in revision `{}`", spec.path.display(), spec.revision))
        .help("the path is that of the revision, relative to this directory")
}

/// The regular files of a listing: `MODE TYPE NAME<tab>PATH`, each ended by a null byte. Links are left out.
fn blobs(listing: &[u8]) -> BTreeMap<PathBuf, String> {
    let entry = |entry: &[u8]| {
        let entry = std::str::from_utf8(entry).ok()?;
        let (about, path) = entry.split_once('\t')?;
        let mut words = about.split(' ');
        let (mode, kind, name) = (words.next()?, words.next()?, words.next()?);
        (kind == "blob" && mode != "120000").then(|| (PathBuf::from(path), name.to_owned()))
    };
    listing.split(|byte| *byte == 0).filter_map(entry).collect()
}

/// What `git` prints, or what it complains about.
fn git(args: &[&str]) -> Result<Result<Vec<u8>, String>, Failure> {
    let output = Command::new("git").args(args).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").output();
    let output = output.map_err(|error| {
        Failure::new(format!("cannot run `git`: {error}")).help("`git:REV:PATH` needs git on the PATH")
    })?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    Ok(Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn failed(complaint: String) -> Failure {
    Failure::new(format!("git failed: {}", crate::render::text::visible(&complaint)))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_revisions() {
        let parsed =
            |text: &str| Spec::parse(text).map(|spec| spec.map(|s| (s.revision, s.path)).map_err(|f| f.message));
        let ok = |revision: &str, path: &str| Some(Ok((revision.to_owned(), PathBuf::from(path))));
        assert_eq!(parsed("policies"), None);
        assert_eq!(parsed("git:main:policies/"), ok("main", "policies"));
        assert_eq!(parsed("git:v1~2:"), ok("v1~2", "."));
        assert_eq!(parsed("git:v1:a/../b.claw"), ok("v1", "b.claw"));
        assert_eq!(parsed("git:main"), Some(Err("`git:main` names no revision and path".to_owned())));
        assert_eq!(parsed("git::x"), Some(Err("`git::x` names no revision and path".to_owned())));
    }

    #[test]
    fn listings_hold_files_and_no_links() {
        let listing =
            b"100644 blob aa\ta b.claw\x00120000 blob bb\tlink\x00160000 commit cc\tsub\x00100755 blob dd\td/e\0";
        let found: Vec<_> = blobs(listing).into_iter().collect();
        assert_eq!(found, [(PathBuf::from("a b.claw"), "aa".to_owned()), (PathBuf::from("d/e"), "dd".to_owned())]);
    }
}
