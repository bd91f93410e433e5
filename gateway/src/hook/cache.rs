//! The policy of a hook as a bundle: compiled once, and kept in the data folder until one of its files changes.
//!
//! A hook has milliseconds, and compiling takes longer. What was compiled is used again if this program is the same, every
//! file that was read has the same bytes, and every file that was missed is still missing.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use claw_runtime::Digest;

use crate::sources::{Seen, Source, is_bundle};

/// A policy that a hook puts in force.
#[derive(Debug)]
pub struct Bundle {
    /// Of the bundle's bytes.
    pub digest: Digest,
    /// Where they are.
    pub from: From,
}

/// Where a bundle is.
#[derive(Debug)]
pub enum From {
    /// In a file, with its signature beside it.
    File(PathBuf),
    /// Compiled here.
    Sources(Vec<u8>),
}

impl Bundle {
    fn compiled(bytes: Vec<u8>) -> Bundle {
        Bundle { digest: Digest::of(&bytes), from: From::Sources(bytes) }
    }
}

/// The policy at a path: a bundle, a `.claw` file, or a folder with a `main.claw`.
///
/// # Errors
/// What can't be read or compiled.
pub fn bundle(policy: &Path, data: &Path) -> Result<Bundle, String> {
    if is_bundle(policy).map_err(|failure| failure.message)? {
        let bytes = fs::read(policy).map_err(|error| format!("cannot read `{}`: {error}", policy.display()))?;
        return Ok(Bundle { digest: Digest::of(&bytes), from: From::File(policy.to_owned()) });
    }
    let (kept, list) = (data.join("policy.clawb"), data.join("policy.sources"));
    if let (Ok(bytes), Ok(sources)) = (fs::read(&kept), fs::read_to_string(&list))
        && sources == stamp(policy, &bytes, &now(&sources))
    {
        return Ok(Bundle::compiled(bytes));
    }
    let source = Source::open(policy);
    // A model reads the first line; people have `clawc check`.
    let told = |failure: crate::failure::Failure| {
        let first = failure.message.lines().next().unwrap_or_default().to_owned();
        format!("{first}; `clawc check {}` shows more", policy.display())
    };
    let bytes = source.bundle().map_err(told)?;
    // A bundle without its list, or with another's, is compiled again.
    write(&kept, &bytes).and_then(|()| write(&list, stamp(policy, &bytes, &source.seen).as_bytes()))?;
    Ok(Bundle::compiled(bytes))
}

/// What the list says if the bundle is what compiling these files gives.
fn stamp(policy: &Path, bundle: &[u8], seen: &Seen) -> String {
    let program = std::env::current_exe().and_then(fs::metadata);
    let program = program.and_then(|meta| Ok((meta.len(), meta.modified()?))).ok();
    let mut out = format!("{} {program:?}\n{}\n{}\n", env!("CARGO_PKG_VERSION"), Digest::of(bundle), policy.display());
    for (path, digest) in seen {
        let digest = digest.map_or_else(|| "-".to_owned(), |digest| digest.to_string());
        // Writing to a string can't fail.
        let _ = writeln!(out, "{digest} {}", path.display());
    }
    out
}

/// The listed files as they are now.
fn now(list: &str) -> Seen {
    let paths = list.lines().skip(3).filter_map(|line| line.split_once(' ')).map(|(_, path)| PathBuf::from(path));
    paths.map(|path| (path.clone(), fs::read(&path).ok().map(|bytes| Digest::of(&bytes)))).collect()
}

/// Whoever reads meanwhile sees the old file or the new one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot write `{}`: {error}", path.display());
    let new = path.with_extension("new");
    let mut file = fs::File::create(&new).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}
