//! A bundle and its signature as two files beside each other.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use claw_runtime::Digest;

use super::LoadFailure;
use crate::signing::MAX_TEXT;

/// How long to wait before files that do not agree are read again.
pub(super) const PAUSES: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
];

/// What was read.
pub(super) struct Files {
    pub(super) bytes: Vec<u8>,
    pub(super) signature: Option<String>,
}

/// Tells contents of the two files apart; a failure to read them, from any content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fingerprint {
    Content(Digest, Option<Digest>),
    Unreadable(LoadFailure),
}

/// Where the signature of a bundle is expected: `x.clawb` has `x.clawb.minisig`.
#[must_use]
pub fn signature_path(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}

/// Reads both; a signature that does not exist is none.
pub(super) fn read(bundle: &Path, most: usize) -> Result<Files, LoadFailure> {
    let signature = signature_path(bundle);
    let text = match bounded(&signature, MAX_TEXT) {
        Ok(None) => return Err(failure(&signature, "longer than any signature")),
        Ok(Some(bytes)) => Some(String::from_utf8(bytes).map_err(|_| failure(&signature, "not a text"))?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failure(&signature, &error.to_string())),
    };
    match bounded(bundle, most) {
        Ok(Some(bytes)) => Ok(Files { bytes, signature: text }),
        Ok(None) => Err(LoadFailure::TooLarge { most }),
        Err(error) => Err(failure(bundle, &error.to_string())),
    }
}

pub(super) fn fingerprint(read: &Result<Files, LoadFailure>) -> Fingerprint {
    match read {
        Ok(files) => fingerprint_of(&files.bytes, files.signature.as_deref()),
        Err(failure) => Fingerprint::Unreadable(failure.clone()),
    }
}

pub(super) fn fingerprint_of(bytes: &[u8], signature: Option<&str>) -> Fingerprint {
    Fingerprint::Content(Digest::of(bytes), signature.map(|signature| Digest::of(signature.as_bytes())))
}

/// The bytes of a regular file; `None` if there are more than `most`. Pipes and devices, which might never end, are not read.
fn bounded(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

fn failure(path: &Path, message: &str) -> LoadFailure {
    LoadFailure::File { path: path.display().to_string(), message: message.to_owned() }
}
