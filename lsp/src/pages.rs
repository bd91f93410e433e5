//! Where the page of a diagnostic's code can be read: at an address of the client's choice, or in a file.
//!
//! The pages are part of the compiler. An editor opens addresses only, so they are written once into the user's cache.

use std::path::{Path, PathBuf};

use claw_compiler::diagnostics::page;
use tower_lsp::lsp_types::Url;

/// How a client gets from a code to its page.
#[derive(Clone, Debug, Default)]
pub enum Pages {
    /// It can't show any.
    #[default]
    None,
    /// The address, with `{code}` in it.
    Address(String),
    /// A folder with a file for each code.
    Folder(PathBuf),
}

impl Pages {
    /// `address` is the client's wish; without one the pages go into the cache.
    pub fn new(address: Option<&str>) -> Pages {
        match address {
            Some(address) => Pages::Address(address.to_owned()),
            None => cache().map_or(Pages::None, Pages::Folder),
        }
    }

    /// The address of a code's page, which is there when this returns.
    pub fn of(&self, code: &str) -> Option<Url> {
        match self {
            Pages::None => None,
            Pages::Address(address) => Url::parse(&address.replace("{code}", code)).ok(),
            Pages::Folder(folder) => Url::from_file_path(written(folder, code)?).ok(),
        }
    }
}

fn written(folder: &Path, code: &str) -> Option<PathBuf> {
    let text = page(code)?;
    let file = folder.join(format!("{code}.md"));
    if std::fs::metadata(&file).is_ok_and(|meta| meta.len() == text.len() as u64) {
        return Some(file);
    }
    std::fs::create_dir_all(folder).ok()?;
    std::fs::write(&file, text).ok()?;
    Some(file)
}

/// The folder for pages of this version in the user's cache.
fn cache() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home =
        || variable("HOME").map(|home| home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }));
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("LOCALAPPDATA")).or_else(home)?;
    Some(cache.join("claw").join(concat!("pages-", env!("CARGO_PKG_VERSION"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_to_pages() {
        let address = Pages::new(Some("https://policies.example/{code}.html"));
        assert_eq!(address.of("E0101").unwrap().as_str(), "https://policies.example/E0101.html");
        let folder = std::env::temp_dir().join(format!("claw-pages-{}", std::process::id()));
        let pages = Pages::Folder(folder.clone());
        let file = pages.of("E0101").unwrap().to_file_path().unwrap();
        assert!(std::fs::read_to_string(file).unwrap().starts_with("# E0101"));
        assert_eq!(pages.of("E9999"), None);
        assert_eq!(Pages::None.of("E0101"), None);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
