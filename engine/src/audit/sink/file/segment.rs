//! The files of a log as they are found: their names, their order, their ends.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use claw_runtime::{Digest, Time};

use super::{SinkError, private, shown};
use crate::audit::record::{Envelope, read_json};
use crate::audit::{Event, MAX_LINE, Tail, TornEvent};

/// The name of a segment.
pub(super) fn name(number: u64) -> String {
    format!("audit-{number:06}.jsonl")
}

/// The number in a segment's name.
pub(super) fn number(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_prefix("audit-")?.strip_suffix(".jsonl")?;
    let plain = digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// All segments of a directory, the oldest first.
pub(crate) fn list(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if let Some(number) = number(&path) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// A log's segments and where they end.
pub(super) struct Segments {
    /// The oldest first.
    paths: Vec<PathBuf>,
    /// The last record; known after [`Segments::mend`].
    pub(super) last: Option<Tail>,
    /// The segment to write to, and the time of its first record.
    pub(super) newest: Option<(PathBuf, Option<Time>)>,
}

impl Segments {
    pub(super) fn scan(directory: &Path) -> Result<Segments, SinkError> {
        let paths = list(directory).map_err(|e| SinkError::io(format!("read {}", shown(directory)), &e))?;
        Ok(Segments { paths, last: None, newest: None })
    }

    /// Moves a half-written end aside and finds the last record. Answers what has to be noted.
    pub(super) fn mend(&mut self, mode: u32) -> Result<Vec<Event>, SinkError> {
        let mut notes = Vec::new();
        // A crash can leave a new segment with no whole line in it; then the end is in the one before.
        for path in self.paths.iter().rev() {
            notes.extend(cut_torn(path, mode)?);
            if self.newest.is_none() {
                self.newest = Some((path.clone(), began(path)));
            }
            self.last = end(path)?;
            if self.last.is_some() {
                break;
            }
        }
        Ok(notes)
    }
}

/// The last record of a segment; none if it is empty.
pub(super) fn end(path: &Path) -> Result<Option<Tail>, SinkError> {
    let io = |e: std::io::Error| SinkError::io(format!("read {}", shown(path)), &e);
    let mut file = File::open(path).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    let Some(bytes) = last_line(&mut file, len).map_err(io)? else { return Ok(None) };
    let damaged = |e| SinkError::Damaged(format!("the last line of {} can't be continued: {e}", shown(path)));
    Tail::of_line(&bytes).map(Some).map_err(damaged)
}

/// The last whole line of a file that ends with a line's end, without that.
fn last_line(file: &mut File, len: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut window: u64 = 16 << 10;
    loop {
        let bytes = read_end(file, len, window)?;
        let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let start = body.iter().rposition(|byte| *byte == b'\n').map(|at| at.saturating_add(1));
        match start {
            Some(start) => return Ok(Some(body.get(start..).unwrap_or_default().to_vec())),
            None if window >= len => return Ok((len > 0).then(|| body.to_vec())),
            None if window > 2 * MAX_LINE as u64 => {
                return Err(std::io::Error::other("the last line is longer than any record"));
            }
            None => window = window.saturating_mul(8),
        }
    }
}

fn read_end(file: &mut File, len: u64, window: u64) -> std::io::Result<Vec<u8>> {
    let from = len.saturating_sub(window);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(len.saturating_sub(from)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Moves what stands behind the last line's end to a file beside, and cuts it off.
fn cut_torn(path: &Path, mode: u32) -> Result<Option<Event>, SinkError> {
    let io = |e: std::io::Error| SinkError::io(format!("mend {}", shown(path)), &e);
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    let mut window: u64 = 16 << 10;
    let torn = loop {
        let bytes = read_end(&mut file, len, window).map_err(io)?;
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => break bytes.get(at.saturating_add(1)..).unwrap_or_default().to_vec(),
            None if window >= len => break bytes,
            None if window > 2 * MAX_LINE as u64 => {
                return Err(SinkError::Damaged(format!("{} does not end in lines", shown(path))));
            }
            None => window = window.saturating_mul(8),
        }
    };
    if torn.is_empty() {
        return Ok(None);
    }
    let kept = keep_aside(path, &torn, mode).map_err(io)?;
    file.set_len(len.saturating_sub(torn.len() as u64)).map_err(io)?;
    file.sync_all().map_err(io)?;
    let file_name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(Event::Torn(TornEvent {
        file: file_name(path),
        bytes: torn.len() as u64,
        digest: Digest::of(&torn),
        kept: file_name(&kept),
    })))
}

/// Writes the bytes to a new file with the ending `torn`, durably.
fn keep_aside(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<PathBuf> {
    let mut number = 1_u32;
    loop {
        let ending = if number == 1 { "torn".to_owned() } else { format!("{number}.torn") };
        let kept = path.with_extension(ending);
        match private(OpenOptions::new().write(true).create_new(true), mode).open(&kept) {
            Ok(mut file) => {
                std::io::Write::write_all(&mut file, bytes)?;
                file.sync_all()?;
                return Ok(kept);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 10_000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The time of a segment's first record, if there is one and it has one.
fn began(path: &Path) -> Option<Time> {
    let mut first = Vec::new();
    BufReader::new(File::open(path).ok()?).take(MAX_LINE as u64).read_until(b'\n', &mut first).ok()?;
    Envelope::of(&read_json(&first).ok()?).ok()?.time
}
