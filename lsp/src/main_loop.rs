//! One loop that owns the world: it takes events in order, answers requests with snapshots, and publishes findings
//! after a pause in the typing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use claw_compiler::Analysis;
use claw_compiler::hir::Loc;
use claw_compiler::source::Sources;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tower_lsp::Client;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::{Diagnostic, Range, TextDocumentContentChangeEvent, Url};

use crate::backend::Versions;
use crate::capabilities::Settings;
use crate::files;
use crate::guard::guarded;
use crate::map;
use crate::publish::{self, Published};
use crate::snapshot::Snapshot;
use crate::world::World;

/// Who types without a pause hears of findings after this many pauses.
const PATIENCE: u32 = 8;
/// How long nothing happens before the prover is asked: it takes longer than checking.
const CALM: Duration = Duration::from_millis(400);
/// While the prover works, it is asked so often whether it is done.
const POLL: Duration = Duration::from_millis(40);
/// Files are looked at again so often for a client that can't watch them.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What happened in the editor.
#[derive(Debug)]
pub enum Event {
    Start(Arc<Settings>),
    Open {
        uri: Url,
        version: i32,
        text: String,
    },
    Change {
        uri: Url,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
    },
    Close {
        uri: Url,
    },
    /// Something was saved.
    Saved,
    /// Files changed on disk.
    Disk(Vec<Url>),
    Folders {
        added: Vec<PathBuf>,
        removed: Vec<PathBuf>,
    },
    /// A request about a document.
    Ask {
        uri: Url,
        reply: oneshot::Sender<Result<Snapshot>>,
    },
    /// A request about all policies.
    AskAll {
        reply: oneshot::Sender<Everything>,
    },
    /// A request for the findings of a document.
    Pull {
        uri: Url,
        reply: oneshot::Sender<Vec<Diagnostic>>,
    },
}

/// What the prover made of an analysis.
struct Proved {
    root: String,
    seen: Arc<Analysis>,
    /// `None`: it failed.
    proved: Option<Arc<Analysis>>,
}

/// What is known about all policies.
#[derive(Debug)]
pub struct Everything {
    pub policies: Vec<Arc<Analysis>>,
    /// The addresses of open documents, by path.
    pub open: BTreeMap<String, Url>,
    pub settings: Arc<Settings>,
}

impl Everything {
    /// The address of a file of a policy; none where the file is part of the compiler.
    pub fn address(&self, path: &str) -> Option<Url> {
        self.open.get(path).cloned().or_else(|| files::uri(path))
    }

    /// The range of a place in any file of a policy.
    pub fn range(&self, sources: &Sources, loc: Loc) -> Range {
        map::range(sources, loc, self.settings.encoding)
    }
}

/// Starts the loop on a thread of its own: analysis computes, and must not hold up the protocol.
pub fn start(client: Client, versions: Versions) -> Sender<Event> {
    let (sender, events) = mpsc::channel();
    let handle = Handle::current();
    handle.clone().spawn_blocking(move || MainLoop::new(client, handle, versions).run(&events));
    sender
}

struct MainLoop {
    client: Client,
    handle: Handle,
    versions: Versions,
    world: World,
    published: Published,
    /// When findings are to be published, and when at the latest.
    due: Option<(Instant, Instant)>,
    looked: Instant,
    /// When the prover is to be asked.
    calm_at: Option<Instant>,
    /// What it says, and how many answers are outstanding.
    proofs: (Sender<Proved>, Receiver<Proved>),
    proving: usize,
}

impl MainLoop {
    fn new(client: Client, handle: Handle, versions: Versions) -> MainLoop {
        MainLoop {
            client,
            handle,
            versions,
            world: World::default(),
            published: Published::default(),
            due: None,
            looked: Instant::now(),
            calm_at: None,
            proofs: mpsc::channel(),
            proving: 0,
        }
    }

    fn run(&mut self, events: &Receiver<Event>) {
        loop {
            match self.wait(events) {
                Ok(event) => {
                    self.calm_at = self.calm_at.map(|_| Instant::now() + CALM);
                    guarded("an event", || self.take(event));
                }
                Err(RecvTimeoutError::Timeout) => self.wake(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// The next event, unless something else is to be done first.
    fn wait(&self, events: &Receiver<Event>) -> std::result::Result<Event, RecvTimeoutError> {
        let now = Instant::now();
        let publish = self.due.map(|(due, latest)| due.min(latest));
        let poll = (self.proving > 0).then(|| now + POLL);
        match [publish, self.calm_at, poll].into_iter().flatten().min() {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => events.recv_timeout(at.saturating_duration_since(now)),
        }
    }

    /// Does what is due.
    fn wake(&mut self) {
        let now = Instant::now();
        if self.due.is_some_and(|(due, latest)| due.min(latest) <= now) {
            self.due = None;
            guarded("an analysis", || self.publish());
            self.calm_at = Some(now + CALM);
        }
        if self.calm_at.is_some_and(|at| at <= now) {
            self.calm_at = None;
            guarded("a proof", || self.prove());
        }
        while let Ok(answer) = self.proofs.1.try_recv() {
            self.proving -= 1;
            if let Some(proved) = answer.proved
                && self.world.take_proved(&answer.root, &answer.seen, proved)
            {
                guarded("an analysis", || self.publish());
                self.ask_to_pull();
            }
        }
    }

    /// Gives the policies that the prover has not seen to it, on threads of their own.
    fn prove(&mut self) {
        for (root, seen) in self.world.unproved() {
            self.proving += 1;
            let sender = self.proofs.0.clone();
            self.handle.spawn_blocking(move || {
                let proved = guarded("a proof", || {
                    let mut analysis = Analysis::clone(&seen);
                    analysis.prove();
                    Arc::new(analysis)
                });
                // The loop may be gone: the session ends.
                let _ = sender.send(Proved { root, seen, proved });
            });
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Start(settings) => {
                self.world.settings = Arc::clone(&settings);
                self.world.set_folders(&settings.folders, &[]);
            }
            Event::Open { uri, version, text } => {
                self.world.open(uri, version, text);
                self.publish_after(Duration::ZERO);
            }
            Event::Change { uri, version, changes } => {
                self.world.change(&uri, version, changes);
                self.publish_after(self.world.settings.pause);
            }
            Event::Close { uri } => {
                self.world.close(&uri);
                self.publish_after(Duration::ZERO);
            }
            Event::Saved => {
                self.world.disk_changed_somewhere();
                self.publish_after(Duration::ZERO);
            }
            Event::Disk(uris) => {
                self.world.disk_changed(&uris);
                self.publish_after(Duration::ZERO);
                self.ask_to_pull();
            }
            Event::Folders { added, removed } => {
                self.world.set_folders(&added, &removed);
                self.publish_after(Duration::ZERO);
                self.ask_to_pull();
            }
            Event::Ask { uri, reply } => self.answer(&uri, reply),
            Event::AskAll { reply } => {
                let policies = self.world.all_policies();
                let (open, settings) = (self.world.open_uris(), Arc::clone(&self.world.settings));
                let _ = reply.send(Everything { policies, open, settings });
            }
            Event::Pull { uri, reply } => {
                if !reply.is_closed() {
                    let found = publish::findings(&mut self.world).remove(&files::key(&uri));
                    let _ = reply.send(found.unwrap_or_default());
                }
            }
        }
    }

    /// Answers a request unless nobody waits for it any more, or the document changed again in the meantime.
    fn answer(&mut self, uri: &Url, reply: oneshot::Sender<Result<Snapshot>>) {
        if reply.is_closed() {
            return;
        }
        let version = self.world.document(&files::key(uri)).map(|document| document.version);
        let answer = if self.versions.is_stale(uri, version) {
            Err(Error::content_modified())
        } else {
            let unknown = || Error::invalid_params(format!("`{uri}` is neither open nor a readable file"));
            self.world.snapshot(uri).ok_or_else(unknown)
        };
        let _ = reply.send(answer);
    }

    fn publish_after(&mut self, pause: Duration) {
        let now = Instant::now();
        let latest = self.due.map_or(now + pause * PATIENCE, |(_, latest)| latest);
        self.due = Some((now + pause, latest));
    }

    fn publish(&mut self) {
        if !self.world.settings.watches && self.looked.elapsed() > LOOK_AGAIN {
            self.world.disk_changed_somewhere();
            self.looked = Instant::now();
        }
        for update in self.published.updates(&mut self.world) {
            self.handle.block_on(self.client.publish_diagnostics(update.uri, update.diagnostics, update.version));
        }
    }

    /// Tells a client that pulls to do it again: what it could not know has changed.
    fn ask_to_pull(&self) {
        if self.world.settings.pull_refresh {
            let client = self.client.clone();
            self.handle.spawn(async move { client.workspace_diagnostic_refresh().await });
        }
    }
}
