//! Threads for calls that may block: a bounded number of them, started when needed.
//!
//! Jobs wait in one line. A job goes ahead of earlier ones only if their function holds all the threads that one
//! function may. A call that never returns keeps its thread for good; that is why a function has a share only.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A call to make. `share` counts the threads that its function holds.
pub(super) struct Job {
    pub(super) share: Arc<Mutex<usize>>,
    /// After this it is not worth starting.
    pub(super) deadline: Instant,
    pub(super) run: Box<dyn FnOnce() + Send>,
}

/// Threads, and the jobs that wait for one. Threads that are idle end with it.
#[derive(Debug)]
pub(super) struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    line: Mutex<Line>,
    /// A job came, a thread of a function became free, or the pool ended.
    changed: Condvar,
    threads: usize,
    per_function: usize,
    waiting: usize,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    ended: bool,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Line { jobs, threads, idle, ended } = self;
        let jobs = jobs.len();
        f.debug_struct("Line")
            .field("jobs", &jobs)
            .field("threads", threads)
            .field("idle", idle)
            .field("ended", ended)
            .finish()
    }
}

impl Pool {
    pub(super) fn new(threads: usize, per_function: usize, waiting: usize) -> Pool {
        Pool(Arc::new(Shared {
            line: Mutex::default(),
            changed: Condvar::new(),
            threads: threads.max(1),
            per_function: per_function.max(1),
            waiting,
        }))
    }

    /// Puts a job in the line; false if the line is full, or no thread can be started.
    pub(super) fn submit(&self, job: Job) -> bool {
        let mut line = self.0.lock();
        if line.jobs.len() >= self.0.waiting {
            // What nobody waits for any more makes room.
            let now = Instant::now();
            line.jobs.retain(|job| job.deadline > now);
            if line.jobs.len() >= self.0.waiting {
                return false;
            }
        }
        if line.idle <= line.jobs.len() && line.threads < self.0.threads {
            let shared = Arc::clone(&self.0);
            match std::thread::Builder::new().name("claw-extern".to_owned()).spawn(move || shared.work()) {
                Ok(_) => line.threads = line.threads.saturating_add(1),
                Err(_) if line.threads == 0 => return false,
                Err(_) => {}
            }
        }
        line.jobs.push_back(job);
        self.0.changed.notify_one();
        true
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut line = self.0.lock();
        line.ended = true;
        line.jobs.clear();
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Line> {
        // Nothing panics while it is held; and if so, the line is whole.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's life.
    fn work(&self) {
        while let Some(job) = self.next() {
            // `run` catches panics of the function itself; a panic elsewhere must not cost the share or the thread.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job.run));
            release(&job.share);
            // One of this function's jobs may be next, and others may have waited behind it.
            self.changed.notify_all();
        }
    }

    /// The first job whose function has a thread to spare.
    fn next(&self) -> Option<Job> {
        let mut line = self.lock();
        loop {
            if line.ended {
                return None;
            }
            let now = Instant::now();
            line.jobs.retain(|job| job.deadline > now);
            let place = line.jobs.iter().position(|job| self.take_share(&job.share));
            if let Some(job) = place.and_then(|place| line.jobs.remove(place)) {
                return Some(job);
            }
            line.idle = line.idle.saturating_add(1);
            line = self.changed.wait(line).unwrap_or_else(PoisonError::into_inner);
            line.idle = line.idle.saturating_sub(1);
        }
    }

    fn take_share(&self, share: &Mutex<usize>) -> bool {
        let mut held = share.lock().unwrap_or_else(PoisonError::into_inner);
        let free = *held < self.per_function;
        if free {
            *held = held.saturating_add(1);
        }
        free
    }
}

fn release(share: &Mutex<usize>) {
    let mut held = share.lock().unwrap_or_else(PoisonError::into_inner);
    *held = held.saturating_sub(1);
}
