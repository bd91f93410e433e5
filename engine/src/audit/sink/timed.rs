//! Runs a sink on a thread of its own and gives up on it after a while.
//!
//! For sinks that talk to a server and have no other way to notice that it hangs, or that may not be used on the threads
//! of an asynchronous program. A sink that was given up may still do what it was told; [`Sink::tail`] on the next one
//! tells.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::{Sink, SinkError};
use crate::audit::{Line, Tail};

/// Threads with a sink that hangs. With so many, nothing is tried until one of them has ended.
const MOST: usize = 4;

/// A sink with a time limit.
pub(super) struct Timed<S> {
    make: Box<dyn Fn() -> S + Send>,
    limit: Duration,
    worker: Option<SyncSender<Job>>,
    living: Arc<AtomicUsize>,
}

enum Job {
    Tail(SyncSender<Result<Option<Tail>, SinkError>>),
    Append(Vec<Line>, SyncSender<Result<(), SinkError>>),
}

impl<S: Sink + 'static> Timed<S> {
    /// `make` makes a sink, and a new one after one has failed.
    pub(super) fn new(make: impl Fn() -> S + Send + 'static, limit: Duration) -> Timed<S> {
        Timed { make: Box::new(make), limit, worker: None, living: Arc::default() }
    }

    /// Starts a thread with a new sink.
    fn start(&mut self) -> Result<(), SinkError> {
        self.worker = None;
        if self.living.load(Ordering::SeqCst) >= MOST {
            return Err(SinkError::Unavailable("earlier attempts still hang".to_owned()));
        }
        let (send, jobs) = sync_channel(1);
        let (sink, living) = ((self.make)(), Alive::new(&self.living));
        let run = move || {
            let _living = living;
            work(sink, &jobs);
        };
        let thread = std::thread::Builder::new().name("claw-audit-sink".to_owned()).spawn(run);
        thread.map_err(|error| SinkError::io("start a thread", &error))?;
        self.worker = Some(send);
        Ok(())
    }

    fn ask<T>(&mut self, job: impl FnOnce(SyncSender<Result<T, SinkError>>) -> Job) -> Result<T, SinkError> {
        let gone = || SinkError::Unavailable("the log failed before".to_owned());
        let (send, answer) = sync_channel(1);
        let worker = self.worker.as_ref().ok_or_else(gone)?;
        worker.try_send(job(send)).map_err(|_| gone())?;
        let late = || SinkError::Unavailable(format!("there was no answer within {:?}", self.limit));
        let result = answer.recv_timeout(self.limit).unwrap_or_else(|_| Err(late()));
        if result.is_err() {
            // The thread ends once it has nothing to wait for any more.
            self.worker = None;
        }
        result
    }
}

fn work(mut sink: impl Sink, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        // Whoever asked may have gone.
        match job {
            Job::Tail(answer) => drop(answer.try_send(sink.tail())),
            Job::Append(lines, answer) => drop(answer.try_send(sink.append(&lines))),
        }
    }
}

/// Counts a thread for as long as it runs.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Alive {
        count.fetch_add(1, Ordering::SeqCst);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<S: Sink + 'static> Sink for Timed<S> {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        self.start()?;
        self.ask(Job::Tail)
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        let lines = lines.to_vec();
        self.ask(|answer| Job::Append(lines, answer))
    }
}

impl<S> fmt::Debug for Timed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("limit", &self.limit).finish_non_exhaustive()
    }
}
