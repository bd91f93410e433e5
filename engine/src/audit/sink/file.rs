//! A directory of segments, each a file of lines: `audit-000001.jsonl`, `audit-000002.jsonl`, …
//!
//! Only the last segment is written to, by the one process that holds `audit.lock`. A write that fails is taken back; a
//! line that a crash has left half written is moved aside when the log is opened again, and the log says so.

mod segment;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use claw_runtime::Time;

use self::segment::{Segments, name, number};
use super::{Sink, SinkError};
use crate::audit::{DroppedEvent, Event, Line, Tail};

pub(crate) use self::segment::list;

/// When lines are made to survive a crash of the machine. A crash of the process alone never loses what was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Fsync {
    /// Before [`Sink::append`] returns.
    #[default]
    Every,
    /// So often; what was appended since may be lost.
    Interval(Duration),
    /// When the operating system sees fit.
    Os,
}

/// How a log is kept in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOptions {
    /// When lines are made durable.
    pub fsync: Fsync,
    /// A segment ends with the batch of lines with which it has at least so many bytes. Default 64 MiB.
    pub segment_bytes: u64,
    /// A segment also ends when a line comes that is so much later than its first, by the lines' own times.
    pub segment_age: Option<claw_runtime::Duration>,
    /// Keep so many segments and remove older ones; `None`: all. The log notes what is removed.
    pub keep: Option<usize>,
    /// Who may read and write new files, on Unix. Default `0o600`: their owner, since they hold arguments of calls.
    pub mode: u32,
}

impl Default for FileOptions {
    fn default() -> FileOptions {
        FileOptions { fsync: Fsync::default(), segment_bytes: 64 << 20, segment_age: None, keep: None, mode: 0o600 }
    }
}

/// A log in a directory of its own.
#[derive(Debug)]
pub struct FileSink {
    directory: PathBuf,
    options: FileOptions,
    /// Held as long as the sink lives; the operating system lets go of it when the process dies.
    _lock: File,
    current: Option<Current>,
    last: Option<Tail>,
    /// Something was appended and not made durable.
    dirty: bool,
    flushed: Instant,
    notes: Vec<Event>,
    /// Segments to remove once the log has noted it.
    outdated: Vec<PathBuf>,
}

/// The segment that is written to.
#[derive(Debug)]
struct Current {
    file: File,
    path: PathBuf,
    number: u64,
    len: u64,
    began: Option<Time>,
}

impl FileSink {
    /// Opens the log in this directory, or begins one. Nobody else can write to it until the sink is dropped.
    ///
    /// # Errors
    /// [`SinkError::Busy`] where somebody else does, [`SinkError::Damaged`] where the last line is no record.
    pub fn open(directory: impl Into<PathBuf>, options: FileOptions) -> Result<FileSink, SinkError> {
        let directory = directory.into();
        fs::create_dir_all(&directory).map_err(|e| SinkError::io(format!("create {}", shown(&directory)), &e))?;
        let lock = lock(&directory.join("audit.lock"))?;
        let mut sink = FileSink {
            directory,
            options,
            _lock: lock,
            current: None,
            last: None,
            dirty: false,
            flushed: Instant::now(),
            notes: Vec::new(),
            outdated: Vec::new(),
        };
        sink.recover()?;
        Ok(sink)
    }

    /// Looks at the files anew: where the log ends, and whether its end is whole.
    fn recover(&mut self) -> Result<(), SinkError> {
        self.current = None;
        let mut segments = Segments::scan(&self.directory)?;
        self.notes.extend(segments.mend(self.options.mode)?);
        self.last = segments.last;
        if let Some((path, first)) = segments.newest {
            let file = OpenOptions::new().append(true).open(&path);
            let file = file.map_err(|e| SinkError::io(format!("open {}", shown(&path)), &e))?;
            // After a failed flush nobody knows what reached the disk: it has to work before anything goes on.
            file.sync_all().map_err(|e| SinkError::io(format!("flush {}", shown(&path)), &e))?;
            let len = file.metadata().map_err(|e| SinkError::io(format!("look at {}", shown(&path)), &e))?.len();
            let number = number(&path).unwrap_or(1);
            self.current = Some(Current { file, path, number, len, began: first });
        }
        self.dirty = false;
        Ok(())
    }

    /// Starts the next segment where the current one is full or old.
    fn rotate(&mut self, next: &Line) -> Result<(), SinkError> {
        let number = match &self.current {
            None => 1,
            Some(current) if current.len == 0 => return Ok(()),
            Some(current) => {
                let old = self.options.segment_age.zip(next.time).zip(current.began);
                let old = old.is_some_and(|((age, now), began)| now.since(began) >= age);
                if current.len < self.options.segment_bytes && !old {
                    return Ok(());
                }
                current.number.saturating_add(1)
            }
        };
        if self.options.fsync != Fsync::Os {
            self.flush()?;
        }
        let path = self.directory.join(name(number));
        let file = private(OpenOptions::new().append(true).create_new(true), self.options.mode).open(&path);
        let file = file.map_err(|e| SinkError::io(format!("create {}", shown(&path)), &e))?;
        if self.options.fsync != Fsync::Os {
            sync_directory(&self.directory)?;
        }
        self.current = Some(Current { file, path, number, len: 0, began: next.time });
        self.retire();
        Ok(())
    }

    /// Says which segments are too many. They go when the log has noted it; what can't be read stays.
    fn retire(&mut self) {
        let Some(keep) = self.options.keep else { return };
        let Ok(all) = list(&self.directory) else { return };
        let surplus = all.len().saturating_sub(keep.max(1));
        let outdated: Vec<PathBuf> = all.into_iter().take(surplus).collect();
        let Some(newest) = outdated.last() else { return };
        if let Ok(Some(end)) = segment::end(newest) {
            self.notes.push(Event::Dropped(DroppedEvent { through: end.seq, head: end.hash }));
            self.outdated = outdated;
        }
    }

    /// Removes what the log has just noted. A file that can't be removed is tried again at the next rotation.
    fn remove_outdated(&mut self) -> Result<(), SinkError> {
        self.sync()?;
        for path in std::mem::take(&mut self.outdated) {
            let _ = fs::remove_file(path);
        }
        sync_directory(&self.directory)
    }

    fn write(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        let Some(current) = &mut self.current else {
            return Err(SinkError::Unavailable("the log failed before and was not looked at since".to_owned()));
        };
        current.is_untouched()?;
        let mut buffer = String::with_capacity(lines.iter().map(|line| line.text.len().saturating_add(1)).sum());
        for line in lines {
            buffer.push_str(&line.text);
            buffer.push('\n');
        }
        self.dirty = true;
        current
            .file
            .write_all(buffer.as_bytes())
            .map_err(|e| SinkError::io(format!("write {}", shown(&current.path)), &e))?;
        match self.options.fsync {
            Fsync::Every => self.sync()?,
            Fsync::Interval(every) if self.flushed.elapsed() >= every => self.sync()?,
            Fsync::Interval(_) | Fsync::Os => {}
        }
        if let Some(current) = &mut self.current {
            current.len = current.len.saturating_add(buffer.len() as u64);
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        if let Some(current) = &self.current {
            current.file.sync_data().map_err(|e| SinkError::io(format!("flush {}", shown(&current.path)), &e))?;
        }
        self.dirty = false;
        self.flushed = Instant::now();
        Ok(())
    }

    /// Takes back what may have been written in part. Works on a full disk; where it does not work, the half line is
    /// found by `recover`.
    fn undo(&mut self) {
        if let Some(current) = self.current.take() {
            let _ = current.file.set_len(current.len);
        }
    }
}

impl Current {
    /// The file is there, and has the length that it was left with.
    fn is_untouched(&self) -> Result<(), SinkError> {
        let meta = self.file.metadata().map_err(|e| SinkError::io(format!("look at {}", shown(&self.path)), &e))?;
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&meta) == 0 {
            return Err(SinkError::Unavailable(format!("{} was removed", shown(&self.path))));
        }
        if meta.len() != self.len {
            return Err(SinkError::Unavailable(format!("{} was written to by somebody else", shown(&self.path))));
        }
        Ok(())
    }
}

impl Sink for FileSink {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        self.recover()?;
        Ok(self.last)
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(()) };
        self.rotate(first)?;
        if let Err(error) = self.write(lines) {
            self.undo();
            return Err(error);
        }
        self.last = Some(last.tail(self.last.as_ref()));
        if !self.outdated.is_empty() && lines.iter().any(|line| line.event == "dropped") {
            // The lines are kept, whatever becomes of the old files.
            let _ = self.remove_outdated();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if self.dirty { self.sync() } else { Ok(()) }
    }

    fn flush_every(&self) -> Option<Duration> {
        match self.options.fsync {
            Fsync::Interval(every) => Some(every),
            Fsync::Every | Fsync::Os => None,
        }
    }

    fn notes(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.notes)
    }
}

/// New files get this mode, where the system has modes.
pub(crate) fn private(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options
}

/// Takes the lock of a log, so that two processes never write to it at the same time.
pub(crate) fn lock(path: &Path) -> Result<File, SinkError> {
    let file = private(OpenOptions::new().create(true).truncate(false).write(true), 0o600).open(path);
    let file = file.map_err(|e| SinkError::io(format!("open {}", shown(path)), &e))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // A process that was just started has what its parent had open, the lock with it, for a moment.
            Err(fs::TryLockError::WouldBlock) if start.elapsed() < Duration::from_secs(1) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(fs::TryLockError::WouldBlock) => {
                return Err(SinkError::Busy(format!("another process writes to the log of {}", shown(path))));
            }
            Err(fs::TryLockError::Error(error)) => return Err(SinkError::io(format!("lock {}", shown(path)), &error)),
        }
    }
}

/// Makes names of new and removed files durable, where the system has that.
fn sync_directory(directory: &Path) -> Result<(), SinkError> {
    if cfg!(unix) {
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|e| SinkError::io(format!("flush {}", shown(directory)), &e))?;
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}
