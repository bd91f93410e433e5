//! Analysing a policy whose files are fetched as they turn out to be wanted.
//!
//! Reads no file itself: the caller does, from a disk, a revision, or wherever policies are.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::analysis::{Analysis, Missing};
use crate::workspace::Workspace;

/// A file that was wanted.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// A policy's text.
    Source(Arc<str>),
    /// Data, for `let … from "x.json"`.
    Data(Arc<[u8]>),
}

/// Checks the policy whose root is called `root` and has this text. `fetch` is asked once for each file that it wants;
/// what it does not have is reported where it is used.
///
/// # Errors
/// Whatever `fetch` fails with.
pub fn analyze<E>(
    root: &str,
    text: impl Into<Arc<str>>,
    mut fetch: impl FnMut(&Missing) -> Result<Option<Fetched>, E>,
) -> Result<Analysis, E> {
    let mut workspace = Workspace::new();
    workspace.set_file(root, text);
    let mut asked = BTreeSet::new();
    loop {
        let analysis = workspace.analyze(root);
        let mut found = false;
        for wanted in &analysis.missing {
            if !asked.insert((wanted.path.clone(), wanted.kind)) {
                continue;
            }
            match fetch(wanted)? {
                None => continue,
                Some(Fetched::Source(text)) => workspace.set_file(&wanted.path, text),
                Some(Fetched::Data(bytes)) => workspace.set_data(&wanted.path, bytes),
            }
            found = true;
        }
        if !found {
            return Ok(analysis);
        }
    }
}

/// The path without `.` and inner `..`, as users write it: the same file is then called the same, however it was reached.
#[must_use]
pub fn tidy(path: &Path) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::MissingKind;

    #[test]
    fn each_file_is_asked_for_once() {
        let mut asked = Vec::new();
        let analysis = analyze(
            "main.claw",
            "use \"./a.claw\" as a\nuse \"./b.claw\" as b\nlet x: list<string> from \"x.json\"\n",
            |wanted| {
                asked.push(wanted.path.clone());
                Ok::<_, ()>(match (wanted.kind, &*wanted.path) {
                    (MissingKind::Source, "a.claw") => {
                        Some(Fetched::Source("package a\nuse \"./b.claw\" as b\n".into()))
                    }
                    (MissingKind::Data, _) => Some(Fetched::Data(b"[\"y\"]".as_slice().into())),
                    _ => None,
                })
            },
        );
        let missing: Vec<_> = analysis.map(|analysis| analysis.missing).unwrap_or_default();
        assert_eq!(missing.iter().map(|wanted| &*wanted.path).collect::<BTreeSet<_>>(), ["b.claw"].into());
        asked.sort();
        assert_eq!(asked, ["a.claw", "b.claw", "x.json"]);
        assert_eq!(analyze("main.claw", "use \"./a.claw\" as a\n", |_| Err("no disk")).err(), Some("no disk"));
    }
}
