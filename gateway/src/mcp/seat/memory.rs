//! What sessions have seen: the labels that they carry from then on, and the texts in which values are found again.
//!
//! A session of one connection is forgotten with it. One that outlives connections is kept in a file (`sessions.db`),
//! with its labels: after a restart it carries them still, and since nobody remembers what it was told, every value's
//! origin is unknown in it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use claw_engine::provenance::{Provenance, ProvenanceOptions, Sessions};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::config::{Config, SessionBy};

/// The file in the data folder.
const FILE: &str = "sessions.db";
/// How long another process may keep the file locked.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many sessions' texts are remembered, the last that were used: at four megabytes each they may take a gigabyte.
const REMEMBERED: usize = 256;
/// Bytes of text that one session remembers.
const TEXT: usize = 256 << 10;
/// Sessions that are held in memory before those that nobody uses are looked for; and so many that outlive connections
/// are held though nobody is in them.
const SWEEP: usize = 1_024;

/// What the sessions of a gateway have seen.
#[derive(Debug)]
pub(super) struct Memory {
    /// `None` if no server has an origin: then none is ever known.
    texts: Option<Sessions>,
    kept: Option<Mutex<Connection>>,
    live: Mutex<HashMap<Name, Weak<Seen>>>,
    /// Sessions that outlive connections, the last to begin: they go on while nobody is in them.
    lasting: Mutex<VecDeque<Arc<Seen>>>,
}

/// A tenant's and a session's name.
type Name = (Option<String>, String);

/// One session. It lives as long as somebody is in it, or a while longer if it outlives connections.
#[derive(Debug)]
pub(super) struct Seen {
    name: Name,
    lasting: bool,
    now: Mutex<Option<Carried>>,
}

/// What a session carries.
#[derive(Clone, Debug, Default)]
struct Carried {
    labels: BTreeSet<String>,
    /// How often processes have begun it. If it grows, another process tells the session what this one does not know.
    begun: i64,
}

const SCHEMA: &str = "
    create table if not exists sessions (
        tenant  text not null,
        session text not null,
        labels  text not null,
        begun   integer not null,
        used    integer not null,
        primary key (tenant, session)
    ) strict, without rowid;
";
/// After so many seconds a session that was not begun again is over, and its labels are forgotten: 400 days.
const OVER: i64 = 400 * 24 * 60 * 60;

impl Memory {
    /// # Errors
    /// In words, where the file can't be used.
    pub(super) fn open(config: &Config) -> Result<Memory, String> {
        let origins = config.servers.iter().any(|server| !server.origins.is_empty());
        let lasting = config.callers.iter().any(|caller| caller.session != SessionBy::Connection);
        let options = ProvenanceOptions { bytes: TEXT, text: TEXT / 2, ..ProvenanceOptions::default() };
        Ok(Memory {
            texts: origins.then(|| Sessions::new(REMEMBERED, options)),
            kept: if lasting { Some(Mutex::new(open(&config.data)?)) } else { None },
            live: Mutex::default(),
            lasting: Mutex::default(),
        })
    }

    /// The session of this name.
    pub(super) fn session(&self, tenant: Option<&str>, session: &str, lasting: bool) -> Arc<Seen> {
        let name = (tenant.map(str::to_owned), session.to_owned());
        let mut live = lock(&self.live);
        if let Some(seen) = live.get(&name).and_then(Weak::upgrade) {
            return seen;
        }
        if live.len() >= SWEEP && live.len() == live.capacity() {
            live.retain(|_, seen| seen.strong_count() > 0);
        }
        let seen = Arc::new(Seen { name: name.clone(), lasting, now: Mutex::new(None) });
        live.insert(name, Arc::downgrade(&seen));
        if lasting {
            let mut recent = lock(&self.lasting);
            recent.push_back(Arc::clone(&seen));
            if recent.len() > SWEEP {
                recent.pop_front();
            }
        }
        seen
    }

    /// The labels that the session carries. Asking for the first time begins it. It may block.
    ///
    /// # Errors
    /// In words, where they can't be read.
    pub(super) fn labels(&self, seen: &Seen) -> Result<BTreeSet<String>, String> {
        self.read(seen, &mut lock(&seen.now)).map(|carried| carried.labels).map_err(unusable)
    }

    /// The session has seen something that makes it carry these labels. It may block.
    ///
    /// # Errors
    /// In words, where they can't be written: nothing of what it was to see may be shown to it.
    pub(super) fn label(&self, seen: &Seen, more: &[String]) -> Result<(), String> {
        let mut now = lock(&seen.now);
        let mut carried = self.read(seen, &mut now).map_err(unusable)?;
        let before = carried.labels.len();
        carried.labels.extend(more.iter().cloned());
        if carried.labels.len() > before {
            self.write(seen, more).map_err(unusable)?;
            *now = Some(carried);
        }
        Ok(())
    }

    /// What the session was told, to be read or added to. `None` if no origin is ever known. It may block.
    pub(super) fn with<T>(&self, seen: &Seen, f: impl FnOnce(&mut Provenance) -> T) -> Option<T> {
        let texts = self.texts.as_ref()?;
        Some(texts.with(seen.name.0.as_deref(), &seen.name.1, f))
    }

    /// Whether asking for the session's labels and texts takes no time.
    pub(super) fn is_quick(&self, seen: &Seen) -> bool {
        self.texts.is_none() && !seen.lasting
    }

    /// Whether anything is to be remembered of texts.
    pub(super) const fn listens(&self) -> bool {
        self.texts.is_some()
    }

    /// A session that does not outlive its connection has ended.
    pub(super) fn end(&self, tenant: Option<&str>, session: &str) {
        if let Some(texts) = &self.texts {
            texts.end(tenant, session);
        }
    }

    fn read(&self, seen: &Seen, now: &mut Option<Carried>) -> rusqlite::Result<Carried> {
        let texts = |then: fn(&Sessions, Option<&str>, &str)| {
            if let Some(texts) = &self.texts {
                then(texts, seen.name.0.as_deref(), &seen.name.1);
            }
        };
        let (true, Some(kept)) = (seen.lasting, &self.kept) else {
            if now.is_none() {
                texts(Sessions::start);
            }
            return Ok(now.get_or_insert_default().clone());
        };
        let carried = match &now {
            None => {
                let carried = begin(&mut lock(kept), seen)?;
                // Of one that was begun before, by whomever, nobody knows all that it was told. Used again after its end
                // it is of unknown past.
                texts(if carried.begun == 1 { Sessions::start } else { Sessions::end });
                carried
            }
            Some(before) => {
                let carried = find(&lock(kept), seen)?.unwrap_or_default();
                if carried.begun != before.begun {
                    texts(Sessions::end);
                }
                carried
            }
        };
        *now = Some(carried.clone());
        Ok(carried)
    }

    fn write(&self, seen: &Seen, more: &[String]) -> rusqlite::Result<()> {
        let (true, Some(kept)) = (seen.lasting, &self.kept) else { return Ok(()) };
        let mut kept = lock(kept);
        let change = kept.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut labels = find(&change, seen)?.unwrap_or_default().labels;
        labels.extend(more.iter().cloned());
        // Labels are names: no line breaks in them.
        let labels = labels.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        let (tenant, session) = seen.key();
        let update = "update sessions set labels = ?3 where tenant = ?1 and session = ?2";
        let updated = change.execute(update, params![tenant, session, labels])?;
        change.commit()?;
        if updated == 1 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
    }
}

/// Begins a session, or goes on with one that this process has not been in yet.
fn begin(kept: &mut Connection, seen: &Seen) -> rusqlite::Result<Carried> {
    let (tenant, session) = seen.key();
    let change = kept.transaction_with_behavior(TransactionBehavior::Immediate)?;
    change.execute(
        "insert into sessions (tenant, session, labels, begun, used) values (?1, ?2, '', 1, unixepoch())
         on conflict (tenant, session) do update set begun = begun + 1, used = excluded.used",
        params![tenant, session],
    )?;
    let carried = find(&change, seen)?;
    change.commit()?;
    carried.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn find(kept: &Connection, seen: &Seen) -> rusqlite::Result<Option<Carried>> {
    let (tenant, session) = seen.key();
    let query = "select labels, begun from sessions where tenant = ?1 and session = ?2";
    let carried = kept.prepare_cached(query)?.query_row(params![tenant, session], |row| {
        let labels: String = row.get(0)?;
        Ok(Carried { labels: labels.lines().map(str::to_owned).collect(), begun: row.get(1)? })
    });
    carried.optional()
}

impl Seen {
    /// The names in the file: no tenant is not the tenant of no name.
    fn key(&self) -> (String, &str) {
        let tenant = self.name.0.as_deref().map_or_else(|| "-".to_owned(), |tenant| format!("={tenant}"));
        (tenant, &self.name.1)
    }
}

fn open(data: &Path) -> Result<Connection, String> {
    let path = data.join(FILE);
    let open = || -> rusqlite::Result<Connection> {
        let file = Connection::open(&path)?;
        file.busy_timeout(PATIENCE)?;
        file.pragma_update(None, "journal_mode", "wal")?;
        file.execute_batch(SCHEMA)?;
        file.execute("delete from sessions where used < unixepoch() - ?1", [OVER])?;
        Ok(file)
    };
    open().map_err(|error| format!("can't use `{}`: {error}", path.display()))
}

fn unusable(error: rusqlite::Error) -> String {
    format!("can't use `{FILE}`: {error}")
}

/// What a panic in between leaves is whole: maps and sets are changed in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
