//! Carries the write-ahead log over into the file, beside the calls: with the waits for the disk that this takes, it
//! would otherwise hold up whichever call made the log too long.
//!
//! A thread with a connection of its own. Nothing depends on it but the log's length: what is in the log counts as
//! much as what is in the file, and where the thread does not come by, calls empty the log themselves.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration as Wait;

use claw_runtime::state::{Answer, StateError};
use rusqlite::Connection;

use super::{FLAGS, unavailable};

/// How often the log is carried over.
const EVERY: Wait = Wait::from_millis(500);
/// A log of so many pages begins anew, for which calls have to wait a moment. With pages of 4 KiB, 64 MiB.
const ANEW_PAGES: i64 = 16_384;
/// How long beginning the log anew waits for a call that is being written.
const PATIENCE: Wait = Wait::from_millis(100);
/// With a log of so many pages calls carry it over themselves: nobody else has for a while.
pub(super) const AT_MOST_PAGES: i64 = 4 * ANEW_PAGES;

/// The thread. It ends when this is dropped.
pub(super) struct Checkpoints {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts it for the file of a connection; `None` where that is in memory.
    pub(super) fn start(connection: &Connection) -> Answer<Option<Checkpoints>> {
        let Some(path) = connection.path().filter(|path| !path.is_empty()).map(PathBuf::from) else { return Ok(None) };
        let own = Connection::open_with_flags(path, FLAGS).map_err(unavailable)?;
        own.busy_timeout(PATIENCE).map_err(unavailable)?;
        let (stop, stopped) = sync_channel(0);
        let thread = std::thread::Builder::new().name("claw-checkpoints".to_owned()).spawn(move || run(&own, &stopped));
        let thread = thread.map_err(|error| StateError::Unavailable(format!("no thread can be started: {error}")))?;
        Ok(Some(Checkpoints { stop: Some(stop), thread: Some(thread) }))
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Whatever became of it, the log is whole.
            drop(thread.join());
        }
    }
}

fn run(file: &Connection, stopped: &Receiver<()>) {
    while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        // What fails is tried again; if it goes on failing, so do calls, and these say why.
        if let Ok(pages) = checkpoint(file, "PASSIVE")
            && pages >= ANEW_PAGES
        {
            // What is left to carry over now is little, and only for that do calls wait.
            let _ = checkpoint(file, "TRUNCATE");
        }
    }
}

/// Carries over what it can, and says how many pages the log has.
fn checkpoint(file: &Connection, how: &str) -> rusqlite::Result<i64> {
    file.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| row.get(1))
}
