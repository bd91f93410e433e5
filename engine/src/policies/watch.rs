//! Reloading a file when it changes.
//!
//! The operating system tells of changes in the file's directory, for editors and deployments replace files rather than
//! write them. Since such news can get lost (network file systems, links into other directories, too many watches), the
//! file's content is compared every few seconds as well.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Policies;
use super::files::{self, Fingerprint};

/// For how many quiet periods changes are waited out; a directory that never comes to rest does not delay a reload forever.
const MOST_PERIODS: u32 = 10;

/// How fast a watch reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The file is read after no change was seen for so long. Default 200 ms.
    pub quiet: Duration,
    /// How often the content is compared, whatever the operating system says. Default 5 s.
    pub compare: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { quiet: Duration::from_millis(200), compare: Duration::from_secs(5) }
    }
}

/// A file that is being watched. Dropping it ends that; a reload that is under way is finished first.
#[must_use = "watching ends when this is dropped"]
#[derive(Debug)]
pub struct Watch {
    /// `None` where the operating system can't watch the directory.
    notifier: Option<RecommendedWatcher>,
    problem: Option<String>,
    stop: Arc<AtomicBool>,
    wake: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(
        policies: Policies,
        tenant: Option<&str>,
        path: &Path,
        timing: Timing,
    ) -> std::io::Result<Watch> {
        // One pending wake-up is as good as many.
        let (wake, woken) = sync_channel(1);
        let (notifier, problem) = match notifier(path, wake.clone()) {
            Ok(notifier) => (Some(notifier), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let task = Task {
            policies,
            tenant: tenant.map(str::to_owned),
            path: path.to_owned(),
            timing,
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new().name("claw policy watch".to_owned()).spawn(move || task.run(&woken))?;
        Ok(Watch { notifier, problem, stop, wake, thread: Some(thread) })
    }

    /// Why changes are only found by comparing contents, if so.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(self.notifier.take());
        // Full means that the thread is about to wake up anyway.
        let _ = self.wake.try_send(());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // Panics were caught inside; there is nothing to learn from the result.
            let _ = thread.join();
        }
    }
}

fn notifier(path: &Path, wake: SyncSender<()>) -> notify::Result<RecommendedWatcher> {
    let mut notifier = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is no change, and our own reading must not wake us up.
        let reading = |kind| match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
            kind => kind.is_access(),
        };
        if !event.is_ok_and(|event| reading(event.kind)) {
            let _ = wake.try_send(());
        }
    })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    notifier.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(notifier)
}

/// What the thread does.
struct Task {
    policies: Policies,
    tenant: Option<String>,
    path: PathBuf,
    timing: Timing,
    stop: Arc<AtomicBool>,
}

impl Task {
    fn run(&self, woken: &Receiver<()>) {
        let mut seen = self.in_force();
        while !self.stopped() {
            // A panic of the host's observer must not end the watch.
            let _ = catch_unwind(AssertUnwindSafe(|| self.compare(&mut seen)));
            match woken.recv_timeout(self.timing.compare) {
                Ok(()) => self.settle(woken),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// The content of the policy that is in force, if it came from this file.
    fn in_force(&self) -> Option<Fingerprint> {
        let loaded = self.policies.current(self.tenant.as_deref())?;
        let same_file = loaded.version.source == self.path.display().to_string();
        same_file.then(|| files::fingerprint_of(&loaded.content.bytes, loaded.content.signature.as_deref()))
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Waits until nothing has changed for a while.
    fn settle(&self, woken: &Receiver<()>) {
        for _ in 0..MOST_PERIODS {
            if self.stopped() || woken.recv_timeout(self.timing.quiet).is_err() {
                return;
            }
        }
    }

    /// Loads what is in the file, unless that is what was tried last: a bad file is reported once, and one that was rolled
    /// back from does not come back by itself.
    fn compare(&self, seen: &mut Option<Fingerprint>) {
        let now = files::fingerprint(&files::read(&self.path, self.policies.0.setup.max_bytes));
        if seen.as_ref() == Some(&now) {
            return;
        }
        // Should the loading panic, the same content is not tried again and again.
        *seen = Some(now);
        let (tried, _) = self.policies.load_files(self.tenant.as_deref(), &self.path);
        *seen = Some(tried);
    }
}
