//! From a configuration to an engine: stores, log, trust and policies.
//!
//! All of it blocks. A gateway that can't open what it was told to keep does not start.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claw_engine::audit::{AuditLog, FileOptions, FileSink, Fsync, Options, PostgresSink, Sink, SinkError};
use claw_engine::ledger::{Ledger, PostgresStore, SqliteStore, Store as Askings};
use claw_engine::policies::{Change, Event, Timing};
use claw_engine::signing::PublicKey;
use claw_engine::{
    Clock, Engine, RedisOptions, RedisState, SharedState, SqliteOptions, SqliteState, StateBounds, SystemClock, Trust,
};
use claw_runtime::{Limits, MemoryState};

use crate::app::App;
use crate::config::{Audit, Config, Store};
use crate::failure::Failure;
use crate::guard::Guard;
use crate::mcp::seat::ENFORCED;
use crate::metrics::Metrics;
use crate::sources;

/// Askings are forgotten so long after they expired: a clock may go back by less.
const FORGET_ASKINGS: claw_runtime::Duration = claw_runtime::Duration::from_millis(24 * 3600 * 1000);
/// Settled calls and unused sessions are forgotten after so long, on disk and in memory: nobody repeats a call so late.
const FORGET_CALLS: claw_runtime::Duration = claw_runtime::Duration::from_millis(24 * 3600 * 1000);
const FORGET_IN_MEMORY: claw_runtime::Duration = claw_runtime::Duration::from_millis(15 * 60 * 1000);
/// Gateways that may write logs beside each other in one folder.
const BESIDE: usize = 256;

/// What a gateway needs that must live as long as it does.
#[derive(Debug)]
pub struct Keep {
    bundles: Vec<claw_engine::policies::Watch>,
    sources: Vec<sources::Watch>,
    past: Past,
    engine: Engine,
}

/// The store of past calls, to forget in.
#[derive(Debug)]
enum Past {
    Memory(Arc<MemoryState>),
    Sqlite(Arc<SqliteState>),
    /// Forgets by itself.
    Redis,
}

/// Which of the gateways on one data folder it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The one that keeps the log.
    Main,
    /// One of many, such as those that clients start for themselves: it writes a log of its own beside the others.
    Beside,
}

/// The constraints that a gateway enforces: those of a call's execution, and what the audit log leaves out.
pub fn enforced() -> impl Iterator<Item = &'static str> {
    ENFORCED.iter().copied().chain(["redact"])
}

/// Bounds on what is judged: what fits into a message may be long, for agents write files; how much there is of it is
/// bounded as ever.
fn limits(config: &Config) -> Limits {
    let body = config.bounds.body;
    let own = Limits::default();
    Limits { bytes: own.bytes.max(body), string: own.string.max(body), ..own }
}

/// Opens everything that a configuration names and puts its policies in force.
///
/// # Errors
/// [`Failure`] with what could not be opened.
pub fn open(config: Arc<Config>, place: Place) -> Result<(App, Keep), Failure> {
    folder(&config.data)?;
    let metrics = Metrics::new();
    let (state, past) = state(&config)?;
    let mut builder = Engine::builder(trust(&config)?)
        .shared_state(state)
        .ledger(ledger(&config.ledger)?)
        .enforces(enforced())
        .limits(limits(&config))
        .policies(|policies| {
            let metrics = Arc::clone(&metrics);
            policies.shared(config.policies.shared).observer(logged).observer(move |change| metrics.reloaded(change))
        });
    if let Some(log) = audit(&config.audit, place)? {
        builder = builder.audit(log);
    }
    let engine = builder.build();
    let mut keep = Keep { bundles: Vec::new(), sources: Vec::new(), past, engine: engine.clone() };
    let own = config.policies.path.iter().map(|path| (None, path));
    let tenants = config.policies.tenants.iter().map(|(tenant, path)| (Some(tenant.as_str()), path));
    for (tenant, path) in own.chain(tenants) {
        keep.policy(&config, tenant, path)?;
    }
    let guard = Guard::new(engine, vec![metrics.clone()]);
    Ok((App::new(config, guard, metrics), keep))
}

impl Keep {
    /// Puts one policy in force and watches it.
    fn policy(&mut self, config: &Config, tenant: Option<&str>, path: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::io("watch", path, &error);
        if sources::is_bundle(path)? {
            let loaded = self.engine.load_file(tenant, path);
            loaded.map_err(|failure| Failure::new(format!("cannot load `{}`: {failure}", path.display())))?;
            if config.policies.watch {
                let watch = self.engine.policies().watch(tenant, path, Timing::default());
                self.bundles.push(watch.map_err(failed)?);
            }
            return Ok(());
        }
        if !config.policies.signed_by.is_empty() {
            let message = format!("the policy `{}` is in source form, and sources have no signature", path.display());
            return Err(
                Failure::new(message).help("build and sign a bundle: `clawc build … -o policy.clawb --sign KEY`")
            );
        }
        let (seen, loaded) = sources::load(&self.engine, tenant, path);
        loaded?;
        if config.policies.watch {
            self.sources.push(sources::Watch::start(self.engine.clone(), tenant, path, seen).map_err(failed)?);
        }
        Ok(())
    }

    /// Forgets askings that nobody asks for any more: call it now and then. What can't be forgotten is logged and tried
    /// again.
    pub fn forget_askings(&self) {
        let before = SystemClock.now().and_then(|now| now.checked_sub(FORGET_ASKINGS));
        if let (Some(ledger), Some(before)) = (self.engine.ledger(), before)
            && let Err(refusal) = ledger.forget(before)
        {
            tracing::warn!("cannot forget old askings: {refusal}");
        }
    }

    /// The same for calls. Memory holds a million of them and then denies, so call it each minute.
    pub fn forget_calls(&self) {
        if let Err(error) = self.past.forget() {
            tracing::warn!("cannot forget old calls: {error}");
        }
    }

    /// Ends watching, and the log: what was recorded is safe when this returns.
    ///
    /// # Errors
    /// [`Failure`] where the end of the log is not safe.
    pub fn close(self) -> Result<(), Failure> {
        let Keep { bundles, sources, engine, .. } = self;
        drop((bundles, sources));
        let Some(log) = engine.audit() else { return Ok(()) };
        log.close().map_err(|error| Failure::new(format!("cannot close the audit log: {error}")))
    }
}

impl Past {
    fn forget(&self) -> Result<(), claw_runtime::StateError> {
        let before = |age| SystemClock.now().and_then(|now| now.checked_sub(age));
        match self {
            Past::Memory(state) => before(FORGET_IN_MEMORY).map_or((), |time| state.forget_before(time)),
            Past::Sqlite(state) => before(FORGET_CALLS).map_or(Ok(()), |time| state.forget_before(time))?,
            Past::Redis => {}
        }
        Ok(())
    }
}

/// Makes a folder that only its owner can look into, unless it is there.
pub(crate) fn folder(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| {
        Failure::io("make the folder", path, &error)
            .help("`data` in the configuration says where the gateway keeps things")
    })
}

/// What is demanded of bundles.
///
/// # Errors
/// [`Failure`] where a key can't be read.
pub fn trust(config: &Config) -> Result<Trust, Failure> {
    let mut keys = Vec::new();
    for path in &config.policies.signed_by {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read the key", path, &error))?;
        let key = PublicKey::from_file_text(&text);
        keys.push(key.map_err(|error| Failure::new(format!("`{}`: {error}", path.display())))?);
    }
    let trust = if config.policies.signed_by.is_empty() { Trust::anyone() } else { Trust::signed_by(keys) };
    let modules = config.policies.modules.iter();
    Ok(modules.fold(trust, |trust, (package, digest)| trust.with_module(package.clone(), *digest)))
}

fn state(config: &Config) -> Result<(SharedState, Past), Failure> {
    let failed =
        |error: claw_runtime::StateError| Failure::new(format!("cannot open the store of past calls: {error}"));
    // An answer has the call's arguments in it, escaped perhaps.
    let answer = config.bounds.body.saturating_mul(2);
    let bounds = StateBounds::default();
    let bounds = StateBounds { answer: bounds.answer.max(answer), ..bounds };
    Ok(match &config.state {
        Store::Memory => {
            let state = Arc::new(MemoryState::new());
            (Arc::clone(&state) as SharedState, Past::Memory(state))
        }
        Store::Redis(url) => {
            let options = RedisOptions { bounds, ..RedisOptions::default() };
            (Arc::new(RedisState::connect_with(&url.0, options).map_err(failed)?), Past::Redis)
        }
        Store::Sqlite { file, synced } => {
            parent(file)?;
            let options = SqliteOptions { sync: *synced, bounds, ..SqliteOptions::default() };
            let state = Arc::new(SqliteState::open_with(file, options).map_err(failed)?);
            (Arc::clone(&state) as SharedState, Past::Sqlite(state))
        }
        Store::Postgres(_) => return Err(Failure::new("past calls can't be kept in PostgreSQL")),
    })
}

fn ledger(store: &Store) -> Result<Ledger, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("cannot open the ledger of approvals: {error}"));
    let askings: Arc<dyn Askings> = match store {
        Store::Memory => return Ok(Ledger::in_memory()),
        Store::Sqlite { file, .. } => {
            parent(file)?;
            Arc::new(SqliteStore::open(file).map_err(|error| failed(&error))?)
        }
        Store::Postgres(url) => {
            let store = PostgresStore::connect(&database(&url.0)?);
            Arc::new(store.map_err(|error| failed(&error))?)
        }
        Store::Redis(_) => return Err(Failure::new("askings can't be kept in Redis")),
    };
    Ok(Ledger::new(askings))
}

fn parent(path: &Path) -> Result<(), Failure> {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), folder)
}

fn database(url: &str) -> Result<postgres::Config, Failure> {
    // The error may quote the password.
    url.parse().map_err(|_| {
        Failure::new("the address of the PostgreSQL database can't be read")
            .help("it looks like `postgresql://user:password@host/database`, or `host=/run/postgresql dbname=…`")
    })
}

fn audit(audit: &Audit, place: Place) -> Result<Option<AuditLog>, Failure> {
    let sink: Box<dyn Sink> = match audit {
        Audit::Off => return Ok(None),
        Audit::Files { folder, synced } => {
            let folder = match place {
                Place::Main => folder.clone(),
                Place::Beside => free_folder(folder)?,
            };
            let fsync = if *synced { Fsync::Every } else { Fsync::Interval(Duration::from_secs(1)) };
            let options = FileOptions { fsync, ..FileOptions::default() };
            Box::new(FileSink::open(folder, options).map_err(|error| unopened(&error))?)
        }
        Audit::Postgres { url, log } => Box::new(database_log(&database(&url.0)?, log, place)?),
    };
    let log = AuditLog::open(sink, Options::default());
    log.map(Some).map_err(|error| Failure::new(format!("cannot open the audit log: {error}")))
}

fn unopened(error: &SinkError) -> Failure {
    let failure = Failure::new(format!("cannot open the audit log: {error}"));
    match error {
        SinkError::Busy(_) => failure.help("another gateway runs with the same `data`; each needs its own"),
        _ => failure,
    }
}

/// The first log beside the main one that nobody writes to.
fn free_folder(main: &Path) -> Result<PathBuf, Failure> {
    for number in 1..=BESIDE {
        let path = main.join(format!("beside-{number}"));
        folder(&path)?;
        let lock = path.join("audit.lock");
        let mut options = std::fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = options.open(&lock).map_err(|error| Failure::io("open", &lock, &error))?;
        if file.try_lock().is_ok() {
            return Ok(path);
        }
    }
    Err(Failure::new(format!("{BESIDE} gateways write to `{}` already", main.display())))
}

fn database_log(database: &postgres::Config, log: &str, place: Place) -> Result<PostgresSink, Failure> {
    if place == Place::Main {
        return PostgresSink::open(database, log).map_err(|error| unopened(&error));
    }
    for number in 1..=BESIDE {
        match PostgresSink::open(database, format!("{log}-beside-{number}")) {
            Err(SinkError::Busy(_)) => {}
            opened => return opened.map_err(|error| unopened(&error)),
        }
    }
    Err(Failure::new(format!("{BESIDE} gateways write to the log `{log}` already")))
}

/// Tells of changes of policies in the gateway's own log.
fn logged(change: &Change) {
    let whose = change.tenant.as_deref().map(|tenant| format!(" of the tenant `{tenant}`")).unwrap_or_default();
    match &change.event {
        Event::Loaded { version, .. } | Event::RolledBack { version, .. } => {
            tracing::info!("the policy{whose} is `{}`, {}, from {}", version.package, version.digest, version.source);
        }
        Event::Withdrawn { .. } => tracing::warn!("the policy{whose} was withdrawn; every call of it is denied"),
        Event::Refused(failure) => {
            tracing::error!("{} is not put in force{whose}; what was stays: {failure}", change.source);
        }
    }
}
