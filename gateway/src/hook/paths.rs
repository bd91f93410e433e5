//! Paths among arguments: made absolute by the folder that the agent is in, and followed to where they lead.
//!
//! Knows a tool's parameters and the file system. What a path leads to may change between the question and the call; that
//! no hook can help.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use claw_runtime::{Field, Json, Schema, Type};

/// So many paths of one call are followed; further ones are not known.
const FOLLOWED: usize = 256;

/// Where paths are looked for, and what was found.
#[derive(Debug)]
pub struct Paths<'p> {
    /// What the policy's types mean.
    pub schema: &'p Schema,
    /// The folder that relative paths are relative to.
    pub cwd: Option<&'p Path>,
    /// The project as it is named.
    pub project: &'p Path,
    /// The project as it really is.
    pub real: PathBuf,
    /// Where paths lead, by pointer.
    pub resolved: BTreeMap<String, String>,
}

impl Paths<'_> {
    /// Makes paths among the arguments absolute and follows them.
    pub fn fields(&mut self, json: &mut Json, fields: &[Field], pointer: &str) {
        let Json::Obj(members) = json else { return };
        for (name, value) in members.iter_mut() {
            let Some(field) = fields.iter().find(|field| field.name == **name) else { continue };
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            self.value(value, &field.ty, &pointer);
        }
    }

    fn value(&mut self, json: &mut Json, ty: &Type, pointer: &str) {
        match (ty, json) {
            (Type::Path, Json::Str(text)) => {
                if let Some(path) = self.absolute(text) {
                    *text = path.into();
                }
                if self.resolved.len() < FOLLOWED
                    && let Some(target) = self.target(Path::new(&**text))
                {
                    self.resolved.insert(pointer.to_owned(), target);
                }
            }
            (Type::List(element) | Type::Set(element), Json::Arr(items)) => {
                for (i, item) in items.iter_mut().enumerate() {
                    self.value(item, element, &format!("{pointer}/{i}"));
                }
            }
            (Type::Record(id), json @ Json::Obj(_)) => {
                if let Some(record) = self.schema.record(*id) {
                    self.fields(json, &record.fields, pointer);
                }
            }
            _ => {}
        }
    }

    /// `None` for what is absolute, or begins with a `~` that may mean a home.
    fn absolute(&self, text: &str) -> Option<String> {
        let path = Path::new(text);
        if text.is_empty() || text.starts_with('~') || path.is_absolute() {
            return None;
        }
        self.cwd?.join(path).to_str().map(str::to_owned)
    }

    /// Where a path leads. What lies in the project is named by the project's own name, as arguments are.
    fn target(&self, path: &Path) -> Option<String> {
        let target = follow(path)?;
        let target = match target.strip_prefix(&self.real) {
            Ok(inside) => self.project.join(inside),
            Err(_) => target,
        };
        target.to_str().map(str::to_owned)
    }
}

/// Where a path leads when links are followed; of a file that is not there yet, its folder does.
fn follow(path: &Path) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let mut missing = Vec::new();
    let mut there = path;
    loop {
        match fs::canonicalize(there) {
            Ok(mut found) => {
                found.extend(missing.into_iter().rev());
                return Some(found);
            }
            // A link that leads nowhere can still be written through.
            Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(there).is_err() => {
                let Some(Component::Normal(name)) = there.components().next_back() else { return None };
                missing.push(name);
                there = there.parent()?;
            }
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_are_followed_also_by_files_that_are_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        fs::create_dir(base.join("real")).unwrap();
        std::os::unix::fs::symlink(base.join("real"), base.join("link")).unwrap();
        std::os::unix::fs::symlink(base.join("nowhere"), base.join("dangling")).unwrap();
        assert_eq!(follow(&base.join("link/new/file")), Some(base.join("real/new/file")));
        assert_eq!(follow(&base.join("link/../real")), Some(base.join("real")));
        assert_eq!(follow(&base.join("dangling")), None, "writing through it makes another file");
        assert_eq!(follow(&base.join("dangling/x")), None);
        assert_eq!(follow(&base.join("none/../x")), None, "the system would not find it");
        assert_eq!(follow(Path::new("relative")), None);
    }
}
