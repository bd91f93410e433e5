//! What ships with the compiler, as files that an editor can open: pages of diagnostics, and standard modules.
//!
//! Editors open addresses only, so these texts are written into the user's cache when somebody first needs them.

use std::path::{Path, PathBuf};

use claw_compiler::diagnostics::page;
use tower_lsp::lsp_types::Url;

/// Where the texts are, or are put.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The folder in the user's cache; none where there is no cache.
    folder: Option<PathBuf>,
    /// The address of pages, with `{code}` in it, where the client says so.
    address: Option<String>,
}

impl Library {
    pub fn new(address: Option<&str>) -> Library {
        Library { folder: cache(), address: address.map(str::to_owned) }
    }

    /// The address of a code's page.
    pub fn page(&self, code: &str) -> Option<Url> {
        match &self.address {
            Some(address) => Url::parse(&address.replace("{code}", code)).ok(),
            None => written(self.folder.as_ref()?, &format!("{code}.md"), page(code)?),
        }
    }

    /// The address of a standard module, such as `std.shell`, with this text.
    pub fn module(&self, name: &str, text: &str) -> Option<Url> {
        written(self.folder.as_ref()?, &format!("{name}.claw"), text)
    }

    /// Whether a file is one of these, and not the user's.
    pub fn holds(&self, path: &Path) -> bool {
        self.folder.as_ref().is_some_and(|folder| path.starts_with(folder))
    }
}

/// Whether a path of an analysis names a module that ships with the compiler.
pub fn is_standard(path: &str) -> bool {
    path.starts_with("std.") && !path.contains('/')
}

/// The address of a file, which has this text when this returns.
fn written(folder: &Path, name: &str, text: &str) -> Option<Url> {
    let file = folder.join(name);
    if std::fs::read(&file).ok().as_deref() != Some(text.as_bytes()) {
        std::fs::create_dir_all(folder).ok()?;
        std::fs::write(&file, text).ok()?;
    }
    Url::from_file_path(file).ok()
}

/// The folder for this version in the user's cache.
fn cache() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let in_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let home = || variable("HOME").map(|home| home.join(in_home));
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("LOCALAPPDATA")).or_else(home)?;
    Some(cache.join("claw").join(env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_with_the_compiler_can_be_opened() {
        let address = Library { address: Some("https://policies.example/{code}.html".to_owned()), folder: None };
        assert_eq!(address.page("E0101").unwrap().as_str(), "https://policies.example/E0101.html");
        assert_eq!(address.module("std.x", "tool t()"), None);

        let folder = std::env::temp_dir().join(format!("claw-library-{}", std::process::id()));
        let library = Library { folder: Some(folder.clone()), address: None };
        let page = library.page("E0101").unwrap().to_file_path().unwrap();
        assert!(std::fs::read_to_string(page).unwrap().starts_with("# E0101"));
        assert_eq!(library.page("E9999"), None);
        for text in ["tool t()", "tool u()"] {
            let module = library.module("std.x", text).unwrap().to_file_path().unwrap();
            assert_eq!(std::fs::read_to_string(&module).unwrap(), text);
            assert!(library.holds(&module) && !library.holds(Path::new("/srv/x.claw")));
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn standard_modules_are_known_by_their_path() {
        assert!(is_standard("std.shell"));
        assert!(!is_standard("/srv/std.claw") && !is_standard("std/x.claw"));
    }
}
