//! Where the paths among the arguments really lead, on the file system that the server's child process sees.
//!
//! What can't be found out is left out, and a policy takes it for unknown. Links may change between the decision and
//! the execution; only the server can prevent that.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use claw_runtime::{Field, Json, PathValue, Schema, Type, value_to_json};

/// So many paths of one call are resolved; the others are unknown.
const PATHS: usize = 1_000;
/// How deep records and lists are looked into.
const DEPTH: usize = 32;

/// Whether a signature has any path in it.
pub(super) fn has_paths(schema: &Schema, fields: &[Field]) -> bool {
    fields.iter().any(|field| is_path_in(schema, &field.ty, 0))
}

fn is_path_in(schema: &Schema, ty: &Type, depth: usize) -> bool {
    match ty {
        // Deeper than is looked: there may be one.
        _ if depth > DEPTH => true,
        Type::Path => true,
        Type::List(of) | Type::Set(of) => is_path_in(schema, of, depth.saturating_add(1)),
        Type::Record(id) => {
            let fields = schema.record(*id).map(|record| record.fields.as_slice()).unwrap_or_default();
            fields.iter().any(|field| is_path_in(schema, &field.ty, depth.saturating_add(1)))
        }
        _ => false,
    }
}

/// Where the paths of these arguments lead, by JSON pointer. It blocks.
pub(super) fn resolved(schema: &Schema, fields: &[Field], args: &Json) -> BTreeMap<String, String> {
    let mut walk = Walk { schema, out: BTreeMap::new(), left: PATHS };
    walk.fields(args, fields, "/args", 0);
    walk.out
}

struct Walk<'a> {
    schema: &'a Schema,
    out: BTreeMap<String, String>,
    left: usize,
}

impl Walk<'_> {
    fn fields(&mut self, args: &Json, fields: &[Field], at: &str, depth: usize) {
        for field in fields {
            let pointer = format!("{at}/{}", field.name.replace('~', "~0").replace('/', "~1"));
            match args.get(&field.name) {
                Some(value) => self.value(value, &field.ty, pointer, depth),
                None => {
                    // A default is a path like any other.
                    if let Some(default) = &field.default {
                        self.value(&value_to_json(default, &field.ty, self.schema), &field.ty, pointer, depth);
                    }
                }
            }
        }
    }

    fn value(&mut self, value: &Json, ty: &Type, pointer: String, depth: usize) {
        if depth > DEPTH || self.left == 0 {
            return;
        }
        let below = depth.saturating_add(1);
        match (ty, value) {
            (Type::Path, Json::Str(text)) => {
                self.left = self.left.saturating_sub(1);
                if let Some(target) = target(text) {
                    self.out.insert(pointer, target);
                }
            }
            (Type::List(of) | Type::Set(of), Json::Arr(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.value(item, of, format!("{pointer}/{i}"), below);
                }
            }
            (Type::Record(id), Json::Obj(_)) => {
                let fields = self.schema.record(*id).map(|record| record.fields.as_slice()).unwrap_or_default();
                self.fields(value, fields, &pointer, below);
            }
            _ => {}
        }
    }
}

/// Where a path leads in its canonical form, which is the one that is dispatched: its nearest ancestor that exists, with
/// links followed, and below it the names that don't exist yet.
fn target(text: &str) -> Option<String> {
    let path = PathValue::unresolved(text).ok()?;
    let path = Path::new(path.as_str());
    let mut missing: Vec<&std::ffi::OsStr> = Vec::new();
    for ancestor in path.ancestors() {
        match ancestor.symlink_metadata() {
            // A link that leads nowhere fails here: where a file would be made through it is not known.
            Ok(_) => return join(&ancestor.canonicalize().ok()?, &missing),
            Err(error) if error.kind() == ErrorKind::NotFound => missing.push(ancestor.file_name()?),
            Err(_) => return None,
        }
    }
    None
}

fn join(base: &Path, missing: &[&std::ffi::OsStr]) -> Option<String> {
    let mut out = PathBuf::from(base);
    if !missing.is_empty() && !base.is_dir() {
        return None;
    }
    for name in missing.iter().rev() {
        // Canonical paths have no other components.
        if !matches!(Path::new(name).components().next(), Some(Component::Normal(_))) {
            return None;
        }
        out.push(name);
    }
    out.into_os_string().into_string().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_what_leads_nowhere_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        std::fs::create_dir(real.join("inside")).unwrap();
        std::fs::write(real.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(real.join("inside"), real.join("link")).unwrap();
        std::os::unix::fs::symlink(real.join("nowhere"), real.join("dangling")).unwrap();
        std::os::unix::fs::symlink(real.join("loop"), real.join("loop")).unwrap();
        let leads = |path: &str| target(&text(real.join(path)));
        assert_eq!(leads("link"), Some(text(real.join("inside"))));
        assert_eq!(leads("link/new/deep.txt"), Some(text(real.join("inside/new/deep.txt"))));
        // What is dispatched is the canonical text, so `..` is taken away before links are followed.
        assert_eq!(leads("link/../new"), Some(text(real.join("new"))));
        assert_eq!(leads("dangling"), None);
        assert_eq!(leads("dangling/x"), None);
        assert_eq!(leads("loop"), None);
        assert_eq!(leads("file/below"), None);
        assert_eq!(target("relative"), None);
        assert_eq!(target("/"), Some("/".to_owned()));
    }
}
