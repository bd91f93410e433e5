//! The policy that is in force for each tenant: loading, verifying, replacing, rolling back.
//!
//! Whoever decides takes [`Policies::current`] once per request and keeps it for the request: an old policy or a new one,
//! never a mixture, and never a wait for a reload. What can't be accepted leaves in force what was. Knows bundles and
//! signatures; knows nothing of requests, states and approvals.
//!
//! ```no_run
//! use claw_engine::policies::{Policies, Trust};
//! use claw_engine::signing::PublicKey;
//!
//! # fn start(release_pub: &str, request: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let key = PublicKey::from_file_text(release_pub)?;
//! let policies = Policies::builder(Trust::signed_by([key])).observer(|change| eprintln!("{change:?}")).build();
//! policies.load_file(Some("acme"), "policy.clawb".as_ref())?;
//! if let Some(loaded) = policies.current(Some("acme")) {
//!     let decision = loaded.policy.decide_json_pure(request);
//! }
//! # Ok(())
//! # }
//! ```

mod builder;
mod change;
mod failure;
mod files;
mod loaded;
mod trust;
#[cfg(feature = "watch")]
mod watch;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use claw_runtime::Digest;

pub use self::builder::Builder;
use self::builder::Setup;
pub use self::change::{Change, Event};
pub use self::failure::LoadFailure;
pub use self::files::signature_path;
use self::loaded::{Candidate, Content};
pub use self::loaded::{Loaded, Version};
pub use self::trust::{Trust, bundle_comment, check_comment};
#[cfg(feature = "watch")]
pub use self::watch::{Timing, Watch};

/// The longest name of a tenant, in bytes.
const MAX_TENANT: usize = 256;

/// The policies in force. A handle: clones share everything.
#[derive(Clone)]
pub struct Policies(Arc<Inner>);

struct Inner {
    setup: Setup,
    trust: ArcSwap<Trust>,
    /// For calls without a tenant; with `shared`, for all.
    common: Arc<Slot>,
    /// By tenant. Replaced as a whole when a tenant comes or goes, which is rare; its policy changes inside the slot.
    tenants: ArcSwap<HashMap<Arc<str>, Arc<Slot>>>,
    /// Counts attempts, failed ones too: of two attempts, the one that began later has the higher number.
    attempts: AtomicU64,
    /// Whoever changes what is in force holds this, for moments only; deciding never does.
    writer: Mutex<Writer>,
}

/// A tenant's place.
type Slot = ArcSwapOption<Loaded>;

/// What was in force before: enough to load it again.
#[derive(Clone)]
struct Past {
    content: Arc<Content>,
    version: Arc<Version>,
}

/// What only changes need.
#[derive(Default)]
struct Writer {
    /// What was in force before, for each tenant; the latest last.
    past: HashMap<Option<Arc<str>>, VecDeque<Past>>,
    /// The last attempt that took a policy away. Loads that began earlier must not bring it back.
    withdrawn: u64,
}

/// Which of the policies that were in force before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one before the current one. Twice in a row leads back.
    Previous,
    /// The one of this digest.
    Digest(Digest),
}

impl Policies {
    /// Starts describing a set of policies. Nothing is loaded that `trust` does not accept.
    pub fn builder(trust: Trust) -> Builder {
        Builder::new(trust)
    }

    fn new(setup: Setup, trust: Trust) -> Policies {
        Policies(Arc::new(Inner {
            setup,
            trust: ArcSwap::from_pointee(trust),
            common: Arc::default(),
            tenants: ArcSwap::default(),
            attempts: AtomicU64::new(1),
            writer: Mutex::default(),
        }))
    }

    /// The policy to decide this tenant's calls with; `None`, which must deny every call, if there is none. A tenant that
    /// has none of its own gets none, unless one policy is [shared](Builder::shared) by all. Never waits.
    #[must_use]
    pub fn current(&self, tenant: Option<&str>) -> Option<Arc<Loaded>> {
        match tenant {
            Some(tenant) if !self.0.setup.shared => self.0.tenants.load().get(tenant)?.load_full(),
            _ => self.0.common.load_full(),
        }
    }

    /// Tenants that have a policy of their own, sorted; `None` stands for the calls without one.
    #[must_use]
    pub fn tenants(&self) -> Vec<Option<Arc<str>>> {
        let common = self.0.common.load().is_some().then_some(None);
        let mut all: Vec<_> = common.into_iter().chain(self.0.tenants.load().keys().cloned().map(Some)).collect();
        all.sort();
        all
    }

    /// Puts a bundle in force, if it is a good one. See [`Policies::load_as`].
    ///
    /// # Errors
    /// [`LoadFailure`]; what was in force stays.
    pub fn load(
        &self,
        tenant: Option<&str>,
        bytes: &[u8],
        signature: Option<&str>,
    ) -> Result<Arc<Loaded>, LoadFailure> {
        self.load_as(tenant, "memory", bytes, signature)
    }

    /// Puts a bundle in force, if it is a good one. `source` is where it came from, for the audit; `signature` is the text
    /// of its `.minisig` file. Of two loads at once, the one that began later wins. Bytes that are not signed as demanded
    /// are not even parsed.
    ///
    /// # Errors
    /// [`LoadFailure`]; what was in force stays.
    pub fn load_as(
        &self,
        tenant: Option<&str>,
        source: &str,
        bytes: &[u8],
        signature: Option<&str>,
    ) -> Result<Arc<Loaded>, LoadFailure> {
        let attempt = self.attempt();
        let result = self.0.put_bytes(tenant, source, bytes, signature, attempt);
        self.report(tenant, source, attempt, result, false)
    }

    /// Notes that there is no bundle to load, for the host could not make one: of a policy in source form that has errors. What
    /// was in force stays, and the observers are told.
    pub fn refuse(&self, tenant: Option<&str>, source: &str, why: impl Into<String>) -> LoadFailure {
        let failure = LoadFailure::Source(why.into());
        self.observe(tenant, source, self.attempt(), Event::Refused(failure.clone()));
        failure
    }

    /// Puts a bundle from a file in force, with the signature beside it (`x.clawb.minisig`), if any. The two files may be
    /// replaced one after the other: while they do not agree, they are read again a few times, for less than a second.
    ///
    /// # Errors
    /// [`LoadFailure`]; what was in force stays.
    pub fn load_file(&self, tenant: Option<&str>, path: &Path) -> Result<Arc<Loaded>, LoadFailure> {
        self.load_files(tenant, path).1
    }

    /// As [`Policies::load_file`], with what names the content that was tried last.
    fn load_files(&self, tenant: Option<&str>, path: &Path) -> (files::Fingerprint, Result<Arc<Loaded>, LoadFailure>) {
        let source = path.display().to_string();
        let mut pauses = files::PAUSES.iter();
        loop {
            let attempt = self.attempt();
            let read = files::read(path, self.0.setup.max_bytes);
            let fingerprint = files::fingerprint(&read);
            let result = read
                .and_then(|files| self.0.put_bytes(tenant, &source, &files.bytes, files.signature.as_deref(), attempt));
            if let Err(failure) = &result
                && failure.may_be_halfway()
                && let Some(pause) = pauses.next()
            {
                std::thread::sleep(*pause);
                continue;
            }
            return (fingerprint, self.report(tenant, &source, attempt, result, false));
        }
    }

    /// What was in force before and can be rolled back to, the latest first.
    #[must_use]
    pub fn history(&self, tenant: Option<&str>) -> Vec<Arc<Version>> {
        let writer = self.0.writer();
        let past = writer.past.get(&tenant.map(Arc::from));
        past.into_iter().flatten().rev().map(|past| Arc::clone(&past.version)).collect()
    }

    /// Puts an earlier policy in force again. It is accepted anew, by what is demanded today. A watched file that has not
    /// changed since is not loaded again.
    ///
    /// # Errors
    /// [`LoadFailure::NotKept`] if it is not among [`Policies::history`]; whatever can be wrong with a bundle.
    pub fn roll_back(&self, tenant: Option<&str>, to: Target) -> Result<Arc<Loaded>, LoadFailure> {
        let attempt = self.attempt();
        let found = {
            let writer = self.0.writer();
            let mut past = writer.past.get(&tenant.map(Arc::from)).into_iter().flatten().rev();
            let wanted = match to {
                Target::Previous => past.next(),
                Target::Digest(digest) => past.find(|past| past.version.digest == digest),
            };
            wanted.cloned()
        };
        let result = found.ok_or(LoadFailure::NotKept).and_then(|past| {
            self.0.put(tenant, &Candidate { content: past.content, source: past.version.source.clone(), attempt })
        });
        self.report(tenant, "history", attempt, result, true)
    }

    /// Takes a tenant's policy and its history away: from now on it has none, and every call of it must be denied.
    pub fn withdraw(&self, tenant: Option<&str>) {
        let attempt = self.attempt();
        let before = {
            let mut writer = self.0.writer();
            writer.withdrawn = attempt;
            writer.past.remove(&tenant.map(Arc::from));
            match tenant {
                None => self.0.common.swap(None),
                Some(tenant) => {
                    let mut tenants = HashMap::clone(&self.0.tenants.load());
                    let slot = tenants.remove(tenant);
                    self.0.tenants.store(Arc::new(tenants));
                    slot.and_then(|slot| slot.swap(None))
                }
            }
        };
        if let Some(before) = before {
            let event = Event::Withdrawn { before: Arc::clone(&before.version) };
            self.observe(tenant, "withdrawn", attempt, event);
        }
    }

    /// What is demanded of bundles.
    #[must_use]
    pub fn trust(&self) -> Arc<Trust> {
        self.0.trust.load_full()
    }

    /// Demands something else of bundles from now on, also of those that are being loaded at this moment. Returns the
    /// tenants whose policy would be refused now. It stays in force, for a gateway that stops deciding is a choice of its
    /// owner: [withdraw](Policies::withdraw) it, or load another.
    pub fn set_trust(&self, trust: Trust) -> Vec<Option<Arc<str>>> {
        let trust = Arc::new(trust);
        {
            let _writer = self.0.writer();
            self.0.trust.store(Arc::clone(&trust));
        }
        let refused = |tenant: &Option<Arc<str>>| {
            let slot = match tenant {
                None => self.0.common.load_full(),
                Some(name) => self.0.tenants.load().get(name).and_then(|slot| slot.load_full()),
            };
            slot.is_some_and(|loaded| loaded.check(&trust).is_err())
        };
        self.tenants().into_iter().filter(refused).collect()
    }

    /// Loads the file now, unless it is what is in force, and again whenever it or its signature changes, until the guard is dropped. Failures go to the
    /// observer and leave in force what is.
    ///
    /// # Errors
    /// Where no thread can be started.
    #[cfg(feature = "watch")]
    pub fn watch(&self, tenant: Option<&str>, path: &Path, timing: Timing) -> std::io::Result<Watch> {
        Watch::start(self.clone(), tenant, path, timing)
    }

    fn attempt(&self) -> u64 {
        self.0.attempts.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells the observer how an attempt ended.
    fn report(
        &self,
        tenant: Option<&str>,
        source: &str,
        attempt: u64,
        result: Result<Put, LoadFailure>,
        rolled_back: bool,
    ) -> Result<Arc<Loaded>, LoadFailure> {
        let event = match &result {
            Err(failure) => Event::Refused(failure.clone()),
            Ok(put) => {
                let (version, before) = (Arc::clone(&put.now.version), put.before.clone());
                if rolled_back { Event::RolledBack { version, before } } else { Event::Loaded { version, before } }
            }
        };
        self.observe(tenant, source, attempt, event);
        result.map(|put| put.now)
    }

    fn observe(&self, tenant: Option<&str>, source: &str, attempt: u64, event: Event) {
        let Setup { observers, clock, .. } = &self.0.setup;
        if observers.is_empty() {
            return;
        }
        let (tenant, source) = (tenant.map(Arc::from), source.to_owned());
        let change = Change { tenant, source, at: clock.now(), sequence: attempt, event };
        observers.iter().for_each(|observer| observer(&change));
    }
}

/// A policy that came into force, and what was before it.
struct Put {
    now: Arc<Loaded>,
    before: Option<Arc<Version>>,
}

impl Inner {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        // Nobody who holds it runs foreign code; should one panic all the same, each step has left a whole state behind.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_bytes(
        &self,
        tenant: Option<&str>,
        source: &str,
        bytes: &[u8],
        signature: Option<&str>,
        attempt: u64,
    ) -> Result<Put, LoadFailure> {
        if bytes.len() > self.setup.max_bytes {
            return Err(LoadFailure::TooLarge { most: self.setup.max_bytes });
        }
        let content = Arc::new(Content { bytes: bytes.into(), signature: signature.map(Box::from) });
        self.put(tenant, &Candidate { content, source: source.to_owned(), attempt })
    }

    /// Accepts a candidate and puts it in force. Accepting happens outside of the lock; should the demands change
    /// meanwhile, it is done again.
    fn put(&self, tenant: Option<&str>, candidate: &Candidate) -> Result<Put, LoadFailure> {
        match tenant {
            Some(_) if self.setup.shared => return Err(LoadFailure::Shared),
            Some(name) if name.is_empty() || name.len() > MAX_TENANT => return Err(LoadFailure::TenantName),
            _ => {}
        }
        loop {
            let trust = self.trust.load_full();
            let loaded = Loaded::accept(candidate, &trust, &self.setup)?;
            let mut writer = self.writer();
            if Arc::ptr_eq(&trust, &self.trust.load()) {
                return self.swap(&mut writer, tenant, loaded);
            }
        }
    }

    /// The moment of change.
    fn swap(&self, writer: &mut Writer, tenant: Option<&str>, loaded: Loaded) -> Result<Put, LoadFailure> {
        let slot = match tenant {
            None => Some(Arc::clone(&self.common)),
            Some(name) => self.tenants.load().get(name).cloned(),
        };
        let old = slot.as_ref().and_then(|slot| slot.load_full());
        let latest = old.as_ref().map_or(writer.withdrawn, |old| old.version.sequence);
        if loaded.version.sequence < latest {
            return Err(LoadFailure::Superseded);
        }
        let loaded = Arc::new(loaded);
        match (slot, tenant) {
            (Some(slot), _) => slot.store(Some(Arc::clone(&loaded))),
            (None, name) => self.welcome(name.unwrap_or_default(), &loaded)?,
        }
        let before = old.as_ref().map(|old| Arc::clone(&old.version));
        let past = writer.past.entry(tenant.map(Arc::from)).or_default();
        past.retain(|past| past.version.digest != loaded.version.digest);
        if let Some(old) = old
            && old.version.digest != loaded.version.digest
        {
            past.push_back(Past { content: Arc::clone(&old.content), version: Arc::clone(&old.version) });
        }
        while past.len() > self.setup.keep {
            past.pop_front();
        }
        Ok(Put { now: loaded, before })
    }

    /// Makes a place for a new tenant.
    fn welcome(&self, tenant: &str, loaded: &Arc<Loaded>) -> Result<(), LoadFailure> {
        let mut tenants = HashMap::clone(&self.tenants.load());
        if tenants.len() >= self.setup.max_tenants {
            return Err(LoadFailure::TooManyTenants { most: self.setup.max_tenants });
        }
        tenants.insert(Arc::from(tenant), Arc::new(Slot::from(Some(Arc::clone(loaded)))));
        self.tenants.store(Arc::new(tenants));
        Ok(())
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for tenant in self.tenants() {
            map.entry(&tenant, &self.current(tenant.as_deref()).map(|loaded| loaded.version.digest));
        }
        map.finish()
    }
}
