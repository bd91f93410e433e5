//! Files on disk, and how they are named: a document's address, its path, its key in the workspace.

use std::path::{Path, PathBuf};

use tower_lsp::lsp_types::Url;

/// Larger files are not read.
const MAX_FILE: u64 = 8 << 20;
/// A folder's search for policies ends after so many entries.
const MAX_ENTRIES: usize = 50_000;
const MAX_POLICIES: usize = 2_000;

/// The name of a document in the workspace: its path with `/` between the parts, beginning with one. A document that
/// was never saved has its address for a name, without slashes so that nothing lies beside it.
pub fn key(uri: &Url) -> String {
    match uri.to_file_path() {
        Ok(path) if uri.scheme() == "file" => path_key(&path),
        _ => uri.as_str().replace('/', "\u{2215}"),
    }
}

pub fn path_key(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    if text.starts_with('/') { text } else { format!("/{text}") }
}

/// The file that a key names; none for what is not on disk.
pub fn path(key: &str) -> Option<PathBuf> {
    let rest = key.strip_prefix('/')?;
    let drive = rest.get(1..2) == Some(":");
    Some(PathBuf::from(if drive { rest } else { key }))
}

/// The address of the file that a key names.
pub fn uri(key: &str) -> Option<Url> {
    Url::from_file_path(path(key)?).ok()
}

/// The bytes of the file that a key names.
pub fn read(key: &str) -> Option<Vec<u8>> {
    let path = path(key)?;
    let small = std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE);
    if small { std::fs::read(path).ok() } else { None }
}

/// The text of the file that a key names, if it is UTF-8.
pub fn read_text(key: &str) -> Option<String> {
    String::from_utf8(read(key)?).ok()
}

/// The keys of the policies below a folder. Hidden folders and those with other people's code are left out.
pub fn policies(folder: &Path) -> Vec<String> {
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MAX_ENTRIES || found.len() >= MAX_POLICIES {
                return found;
            }
            let name = entry.file_name();
            let skipped = name.to_string_lossy().starts_with('.') || name == "node_modules" || name == "target";
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !skipped => folders.push(entry.path()),
                Ok(kind) if !kind.is_dir() && entry.path().extension().is_some_and(|e| e == "claw") => {
                    found.push(path_key(&entry.path()));
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_back_to_addresses() {
        let there = Url::parse("file:///srv/a%20b/caf%C3%A9.claw").unwrap();
        assert_eq!(key(&there), "/srv/a b/café.claw");
        assert_eq!(uri(&key(&there)), Some(there));
        let nowhere = Url::parse("untitled:a/b").unwrap();
        assert_eq!(key(&nowhere), "untitled:a\u{2215}b");
        assert_eq!(uri(&key(&nowhere)), None);
        assert_eq!(path("/C:/x.claw"), Some(PathBuf::from("C:/x.claw")));
        assert_eq!(path("/é"), Some(PathBuf::from("/é")));
    }
}
