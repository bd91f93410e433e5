//! File paths: the types `path` and `remote_path`. Asks no file system; the host says where a path leads.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Tri, Value};

/// An absolute path without `.`, `..` or doubled slashes, and what the host says it resolves to. Its parts are kept as
/// values, ready to be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct PathValue {
    lexical: Arc<str>,
    /// Where symbolic links lead; `None` where nobody said.
    resolved: Option<Arc<str>>,
    name: Value,
    extension: Value,
}

/// A path as it stands in a bundle: itself, and what it resolves to.
#[derive(Serialize, Deserialize)]
struct Written(Arc<str>, Option<Arc<str>>);

impl From<PathValue> for Written {
    fn from(path: PathValue) -> Written {
        Written(path.lexical, path.resolved)
    }
}

impl TryFrom<Written> for PathValue {
    type Error = String;
    fn try_from(Written(lexical, resolved): Written) -> Result<PathValue, String> {
        let path = match resolved {
            None => PathValue::unresolved(&lexical)?,
            Some(target) if target == lexical => PathValue::lexical_only(&lexical)?,
            Some(target) => PathValue::resolved_to(&lexical, &target)?,
        };
        if path.lexical == lexical { Ok(path) } else { Err("a path that is not canonical".to_owned()) }
    }
}

impl PathValue {
    /// An argument of type `path` whose target is not known.
    pub fn unresolved(text: &str) -> Result<PathValue, String> {
        let lexical = canonical(text)?;
        let name = lexical.rsplit('/').next().unwrap_or_default();
        let extension = match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension,
            _ => "",
        };
        let (name, extension) = (Value::str(name), Value::str(extension));
        Ok(PathValue { resolved: None, name, extension, lexical: lexical.into() })
    }

    /// An argument of type `path` with the target that the host found.
    pub fn resolved_to(text: &str, target: &str) -> Result<PathValue, String> {
        let target = canonical(target)?;
        Ok(PathValue { resolved: Some(target.into()), ..PathValue::unresolved(text)? })
    }

    /// A path that stands for itself: a policy's constant, or a `remote_path`.
    pub fn lexical_only(text: &str) -> Result<PathValue, String> {
        let path = PathValue::unresolved(text)?;
        Ok(PathValue { resolved: Some(path.lexical.clone()), ..path })
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.lexical
    }

    /// The canonical text, shared.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.lexical
    }

    /// The resolved target, if known.
    #[must_use]
    pub fn resolved(&self) -> Option<&Arc<str>> {
        self.resolved.as_ref()
    }

    /// The last component; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str().unwrap_or_default()
    }

    /// What follows the last dot of the name; empty if there is none or only a leading one.
    #[must_use]
    pub fn extension(&self) -> &str {
        self.extension.as_str().unwrap_or_default()
    }

    pub(crate) fn name_value(&self) -> &Value {
        &self.name
    }

    pub(crate) fn extension_value(&self) -> &Value {
        &self.extension
    }

    /// Is this `base` or inside it, by components? Unknown where path and target disagree, or no target is known.
    #[must_use]
    pub fn under(&self, base: &PathValue) -> Tri {
        self.both(|path| inside(path, &base.lexical))
    }

    /// Is this the same file? Unknown where path and target disagree, or a target is not known.
    #[must_use]
    pub fn same(&self, other: &PathValue) -> Tri {
        let (Some(a), Some(b)) = (&self.resolved, &other.resolved) else { return Tri::Unknown };
        agree(self.lexical == other.lexical, a == b)
    }

    fn both(&self, test: impl Fn(&str) -> bool) -> Tri {
        match &self.resolved {
            Some(resolved) => agree(test(&self.lexical), test(resolved)),
            None => Tri::Unknown,
        }
    }
}

fn agree(lexical: bool, resolved: bool) -> Tri {
    if lexical == resolved { Tri::from(lexical) } else { Tri::Unknown }
}

fn inside(path: &str, base: &str) -> bool {
    let Some(rest) = path.strip_prefix(base) else { return false };
    rest.is_empty() || rest.starts_with('/') || base == "/"
}

/// Why a text is no path, if it is none.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        return Err("a path is absolute: it begins with `/`".to_owned());
    }
    if text.contains('\0') {
        return Err("a path has no NUL character".to_owned());
    }
    Ok(())
}

/// The path without `.`, `..`, doubled and trailing slashes.
fn canonical(text: &str) -> Result<Cow<'_, str>, String> {
    check(text)?;
    // What needs no change has no empty component and none that begins with a dot.
    if !text.ends_with('/') && !text.contains("//") && !text.contains("/.") {
        return Ok(Cow::Borrowed(text));
    }
    let mut components = Vec::new();
    for component in text.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                components.pop();
            }
            other => components.push(other),
        }
    }
    Ok(Cow::Owned(format!("/{}", components.join("/"))))
}

impl fmt::Display for PathValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lexical)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn canonical_forms() {
        for (text, expected) in [
            ("/", "/"),
            ("//a//b/", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/../../etc", "/etc"),
            ("/a/..", "/"),
            ("/a/...", "/a/..."),
        ] {
            assert_eq!(canonical(text).unwrap(), expected);
        }
        for text in ["", "a", "./a", "~", "C:\\a", "/a\0b"] {
            assert!(canonical(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names() {
        for (text, name, extension) in [
            ("/a/b.tar.gz", "b.tar.gz", "gz"),
            ("/.bashrc", ".bashrc", ""),
            ("/", "", ""),
            ("/a.", "a.", ""),
            ("/x/..c.d", "..c.d", "d"),
        ] {
            let path = PathValue::unresolved(text).unwrap();
            assert_eq!((path.name(), path.extension()), (name, extension));
        }
    }

    #[test]
    fn under_needs_both() {
        let srv = PathValue::lexical_only("/srv").unwrap();
        let under = |path: &str, target: &str| PathValue::resolved_to(path, target).unwrap().under(&srv);
        assert_eq!(under("/srv/a", "/srv/b"), Tri::True);
        assert_eq!(under("/srv", "/srv"), Tri::True);
        assert_eq!(under("/srv/a", "/etc/passwd"), Tri::Unknown);
        assert_eq!(under("/tmp/a", "/srv/b"), Tri::Unknown);
        assert_eq!(under("/srvx/a", "/etc"), Tri::False);
        assert_eq!(PathValue::unresolved("/etc").unwrap().under(&srv), Tri::Unknown);
        assert_eq!(PathValue::lexical_only("/etc").unwrap().under(&srv), Tri::False);
        assert_eq!(under("/x", "/y").not(), Tri::True);
        assert_eq!(
            PathValue::resolved_to("/x", "/y").unwrap().under(&PathValue::lexical_only("/").unwrap()),
            Tri::True
        );
    }

    proptest! {
        #[test]
        fn canonical_form_is_a_fixed_point(text in "/?([ab.]{0,3}/){0,6}|.{0,12}") {
            if let Ok(path) = canonical(&text) {
                prop_assert_eq!(canonical(&path), Ok(Cow::Borrowed(&*path)));
                prop_assert!(inside(&path, "/"));
                // A slash at its end makes it take the long way.
                let longer = format!("{text}/");
                prop_assert_eq!(canonical(&longer), Ok(Cow::Borrowed(&*path)));
            }
        }
    }
}
