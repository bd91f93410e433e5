//! Reads logs: a file of lines, a directory of segments, an SQLite database.
//!
//! Line by line and within bounds: a log may be larger than memory. Trusts nothing that it reads, and leaves it to
//! [`verify`](super::verify()) to say what is wrong with it.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::{MAX_LINE, Record, RecordError};
use super::sink::segments;

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// The line, from 1; in a database the row.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Why a log can't be read, or not on from here.
#[derive(Debug)]
pub enum ReadError {
    /// A file can't be read.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is no log in this directory.
    NoLog(PathBuf),
    /// A database that is no log, or that can't be read.
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// A line is no record. Reading may go on.
    Record {
        /// Where.
        place: Place,
        /// Why.
        error: RecordError,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io { path, error } => write!(f, "cannot read `{}`: {error}", path.display()),
            ReadError::NoLog(path) => write!(f, "there is no audit log in `{}`", path.display()),
            ReadError::Database { path, error } => write!(f, "cannot read `{}`: {error}", path.display()),
            ReadError::Record { place, error } => write!(f, "{place}: {error}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// The records of a log in their order: of a `.jsonl` file, of a directory of segments, of an SQLite database. Lines that
/// are no records come as errors; blank lines are left out.
///
/// # Errors
/// [`ReadError`] where there is nothing to read.
pub fn read(path: &Path) -> Result<Records, ReadError> {
    Lines::open(path).map(|lines| Records { lines, text: String::new() })
}

/// Iterates over records; see [`read`].
#[derive(Debug)]
pub struct Records {
    lines: Lines,
    text: String,
}

impl Records {
    /// The line of the record that came last, as it stands there.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.text
    }
}

impl Iterator for Records {
    type Item = Result<(Place, Record), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match self.lines.next()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let record = match String::from_utf8(line.bytes) {
            Ok(text) if !line.too_long => {
                self.text = text;
                Record::parse(&self.text)
            }
            _ => Err(RecordError::NotARecord("it is too long, or not UTF-8".to_owned())),
        };
        Some(match record {
            Ok(record) => Ok((line.place, record)),
            Err(error) => Err(ReadError::Record { place: line.place, error }),
        })
    }
}

/// A line as it stands there.
#[derive(Debug)]
pub(crate) struct RawLine {
    pub(crate) place: Place,
    /// Without the line's end.
    pub(crate) bytes: Vec<u8>,
    /// It has an end.
    pub(crate) ended: bool,
    /// It is longer than [`MAX_LINE`]; `bytes` is its beginning.
    pub(crate) too_long: bool,
}

/// Iterates over lines.
pub(crate) enum Lines {
    Files {
        waiting: VecDeque<PathBuf>,
        current: Option<Open>,
    },
    #[cfg(feature = "sqlite")]
    Database(super::sink::SqliteLines),
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}

pub(crate) struct Open {
    path: Arc<Path>,
    from: BufReader<File>,
    line: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Lines, ReadError> {
        let io = |error| ReadError::Io { path: path.to_owned(), error };
        if fs::metadata(path).map_err(io)?.is_dir() {
            let found = segments(path).map_err(io)?;
            if found.is_empty() {
                return Err(ReadError::NoLog(path.to_owned()));
            }
            return Ok(Lines::Files { waiting: found.into(), current: None });
        }
        let mut start = Vec::new();
        File::open(path).and_then(|file| file.take(16).read_to_end(&mut start)).map_err(io)?;
        if start == b"SQLite format 3\0" {
            return open_database(path);
        }
        Ok(Lines::Files { waiting: VecDeque::from([path.to_owned()]), current: None })
    }
}

#[cfg(feature = "sqlite")]
fn open_database(path: &Path) -> Result<Lines, ReadError> {
    let lines = super::sink::SqliteLines::open(path);
    lines.map(Lines::Database).map_err(|error| ReadError::Database { path: path.to_owned(), error })
}

#[cfg(not(feature = "sqlite"))]
fn open_database(path: &Path) -> Result<Lines, ReadError> {
    let error = "this build reads no SQLite databases".to_owned();
    Err(ReadError::Database { path: path.to_owned(), error })
}

impl Iterator for Lines {
    type Item = Result<RawLine, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            #[cfg(feature = "sqlite")]
            Lines::Database(rows) => rows.next(),
            Lines::Files { waiting, current } => loop {
                if let Some(open) = current {
                    match open.next() {
                        Ok(Some(line)) => return Some(Ok(line)),
                        Ok(None) => *current = None,
                        Err(error) => {
                            let path = open.path.to_path_buf();
                            *current = None;
                            return Some(Err(ReadError::Io { path, error }));
                        }
                    }
                }
                let path = waiting.pop_front()?;
                match File::open(&path) {
                    Ok(file) => *current = Some(Open { path: path.into(), from: BufReader::new(file), line: 0 }),
                    Err(error) => return Some(Err(ReadError::Io { path, error })),
                }
            },
        }
    }
}

impl Open {
    /// The next line that is not blank.
    fn next(&mut self) -> std::io::Result<Option<RawLine>> {
        loop {
            let mut bytes = Vec::new();
            let max = MAX_LINE as u64;
            let read = (&mut self.from).take(max).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                return Ok(None);
            }
            self.line = self.line.saturating_add(1);
            let mut ended = bytes.last() == Some(&b'\n');
            let too_long = !ended && bytes.len() >= MAX_LINE;
            if too_long {
                bytes.truncate(1024);
                ended = self.skip_line()?;
            } else if ended {
                bytes.pop();
            }
            if !ended || !bytes.iter().all(u8::is_ascii_whitespace) {
                let place = Place { file: self.path.clone(), line: self.line };
                return Ok(Some(RawLine { place, bytes, ended, too_long }));
            }
        }
    }

    /// Reads on to the line's end, if it has one.
    fn skip_line(&mut self) -> std::io::Result<bool> {
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |at| at.saturating_add(1));
            self.from.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}
