//! Reading and writing files, and what a PATH on the command line means.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use claw_compiler::{Workspace, suggest};
use claw_runtime::LoadError;
use claw_runtime::bundle::Bundle;

use crate::failure::Failure;

/// Larger policies are refused: nobody wrote them, and nobody could read them.
pub const MAX_SOURCE: u64 = 8 << 20;
/// Larger data, requests and bundles are refused.
pub const MAX_DATA: u64 = 256 << 20;

/// Whether bytes are meant to be a bundle, be it a good one or not.
pub fn is_bundle(bytes: &[u8]) -> bool {
    !matches!(Bundle::from_bytes(bytes), Err(LoadError::NotABundle))
}

/// The text of a policy file.
pub fn read_source(path: &Path) -> Result<String, Failure> {
    let bytes = read_bytes(path, MAX_SOURCE)?;
    source_text(bytes, path)
}

/// Bytes as the text of a policy; `path` is for the message.
pub fn source_text(bytes: Vec<u8>, path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    if is_bundle(&bytes) || path.extension().is_some_and(|extension| extension == "clawb") {
        return Err(Failure::new(format!("`{shown}` is a compiled bundle, not a policy in source form"))
            .help(format!("`clawc inspect {shown}` shows what is in it, `clawc eval {shown} …` decides with it")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = 1 + bytes.iter().take(at).filter(|&&byte| byte == b'\n').count();
        let byte = bytes.get(at).copied().unwrap_or_default();
        Failure::new(format!("`{shown}` is not UTF-8: byte 0x{byte:02X} at offset {at}, on line {line}"))
            .help("save the file as UTF-8")
    })
}

/// A file's bytes, if there are not more than `limit`.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    read_limited(open(path)?, path, limit)
}

fn open(path: &Path) -> Result<fs::File, Failure> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing(path)),
        Err(error) => return Err(Failure::io("read", path, &error)),
    };
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(Failure::new(format!("`{}` is a directory, not a file", path.display())));
    }
    Ok(file)
}

/// Whether a file can be opened for reading; if not, why.
pub fn probe(path: &Path) -> Result<(), Failure> {
    open(path).map(drop)
}

/// All of standard input.
pub fn read_stdin(limit: u64) -> Result<Vec<u8>, Failure> {
    read_limited(io::stdin().lock(), Path::new("standard input"), limit)
}

/// A file's bytes, or those of standard input where the path is `-`.
pub fn read_input(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") { read_stdin(MAX_DATA) } else { read_bytes(path, MAX_DATA) }
}

/// What such a path is called in a message: the file in backticks, or "standard input".
pub fn input_name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { format!("`{}`", path.display()) }
}

fn read_limited(from: impl Read, path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Failure::io("read", path, &error))?;
    if bytes.len() as u64 > limit {
        let mib = limit >> 20;
        return Err(Failure::new(format!("`{}` is larger than {mib} MiB, the most that is read", path.display())));
    }
    Ok(bytes)
}

/// Replaces a file at once, so that a reader sees the old text or the new one and never a part.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    prepare(path, bytes)?.put()
}

/// Replaces two files, each at once, and neither before both are written.
pub fn write_both_atomically(first: (&Path, &[u8]), second: (&Path, &[u8])) -> Result<(), Failure> {
    let first = prepare(first.0, first.1)?;
    let second = prepare(second.0, second.1)?;
    first.put()?;
    second.put()
}

/// A file's new content, not in its place yet; goes away if it is never put there.
struct Prepared<'a> {
    path: &'a Path,
    target: PathBuf,
    temporary: PathBuf,
}

impl Prepared<'_> {
    fn put(self) -> Result<(), Failure> {
        fs::rename(&self.temporary, &self.target).map_err(|error| Failure::io("write", self.path, &error))
    }
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        // Once it is in its place, there is nothing under this name.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn prepare<'a>(path: &'a Path, bytes: &[u8]) -> Result<Prepared<'a>, Failure> {
    // A link is written through, not replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let prepared = Prepared { path, target, temporary };
    let written = (|| {
        let mut file = fs::File::create(&prepared.temporary)?;
        file.write_all(bytes)?;
        if let Ok(meta) = fs::metadata(&prepared.target) {
            file.set_permissions(meta.permissions())?;
        }
        file.sync_all()
    })();
    written.map_err(|error| Failure::io("write", path, &error))?;
    Ok(prepared)
}

/// "No such file", with the file that was probably meant.
fn missing(path: &Path) -> Failure {
    let failure = Failure::new(format!("no such file or directory: `{}`", path.display()));
    match nearby(path) {
        Some(found) => failure.help(format!("did you mean `{}`?", found.display())),
        None => failure,
    }
}

/// A file beside the missing one with a similar name.
fn nearby(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names: BTreeSet<String> =
        fs::read_dir(listed).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let with_ending = format!("{name}.claw");
    let found = if names.contains(&with_ending) {
        with_ending
    } else {
        suggest::nearest(name, names.iter().map(String::as_str))?.to_owned()
    };
    Some(folder.join(found))
}

/// The root files that the PATHs of a command line stand for; without any, the current directory.
pub fn roots(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    expand(paths, roots_of_directory)
}

/// Every policy file under the PATHs.
pub fn all_sources(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    expand(paths, sources_under)
}

/// The one root that PATH stands for.
pub fn root(path: &Path) -> Result<PathBuf, Failure> {
    let mut found = roots(&[path.to_owned()])?;
    match (found.pop(), found.first()) {
        (Some(only), None) => Ok(only),
        (Some(last), Some(first)) => Err(Failure::new(format!(
            "`{}` holds several policies: `{}`, `{}`{}",
            path.display(),
            first.display(),
            last.display(),
            if found.len() > 1 { ", …" } else { "" },
        ))
        .help("name one file, or call the root `main.claw`")),
        (None, _) => Err(no_sources(path)),
    }
}

fn expand(paths: &[PathBuf], list: fn(&Path) -> Result<Vec<PathBuf>, Failure>) -> Result<Vec<PathBuf>, Failure> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for path in paths {
        let files = match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => list(path)?,
            Ok(_) => vec![path.clone()],
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing(path)),
            Err(error) => return Err(Failure::io("read", path, &error)),
        };
        found.extend(files.into_iter().map(|file| tidy(&file)).filter(|file| seen.insert(file.clone())));
    }
    Ok(found)
}

fn roots_of_directory(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let main = directory.join("main.claw");
    if main.is_file() {
        return Ok(vec![main]);
    }
    let sources = sources_under(directory)?;
    let mut workspace = Workspace::new();
    let mut used = BTreeSet::new();
    for source in &sources {
        // An unreadable file is reported when it is checked.
        let Ok(text) = read_source(source) else { continue };
        let name = tidy(source).to_string_lossy().into_owned();
        workspace.set_file(&name, text);
        used.extend(workspace.uses(&name).into_iter().map(|path| tidy(Path::new(&path))));
    }
    let roots: Vec<_> = sources.iter().filter(|source| !used.contains(&tidy(source))).cloned().collect();
    // Files that use each other in a circle have no root; all are checked, and the circle is reported.
    Ok(if roots.is_empty() { sources } else { roots })
}

fn sources_under(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    collect_sources(directory, &mut found)?;
    if found.is_empty() { Err(no_sources(directory)) } else { Ok(found) }
}

fn no_sources(directory: &Path) -> Failure {
    Failure::new(format!("no `.claw` file in `{}`", directory.display()))
        .help("name a policy file, or a directory that holds one")
}

/// Depth first, by name; hidden directories and links to directories are left alone.
fn collect_sources(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::io("read", directory, &error);
    let mut entries = fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && !hidden {
            collect_sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "claw") && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// [`claw_compiler::fetch::tidy`], of which something is left to show.
pub fn tidy(path: &Path) -> PathBuf {
    let tidy = claw_compiler::fetch::tidy(path);
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidy_keeps_what_leads_outside() {
        for (path, expected) in [
            ("./a.claw", "a.claw"),
            ("a/../b.claw", "b.claw"),
            ("../b.claw", "../b.claw"),
            ("a/../../b", "../b"),
            (".", "."),
        ] {
            assert_eq!(tidy(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
