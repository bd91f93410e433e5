//! Sessions of people who have signed in: in memory, few, and ended by the clock, by signing out, or with their token.
//!
//! A session's name is 256 random bits in a cookie. The table holds its digest, so that neither the table's order nor
//! the time of a look-up says anything of a name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use claw_runtime::{Duration, Time};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Person;

/// How long a session lasts at most.
const LASTS: Duration = Duration::from_millis(12 * 60 * 60 * 1_000);
/// Sessions of one person; a further one ends their oldest.
const PER_PERSON: usize = 16;
/// Pages of one session that are told of changes.
const LISTENERS: usize = 8;

/// Someone who has signed in.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) person: Arc<Person>,
    /// The first moment at which it is over.
    pub(super) until: Time,
    opened: Time,
    /// What its forms carry.
    pub(super) csrf: String,
    /// Cancelled when it ends before its time.
    pub(super) ended: CancellationToken,
    pub(super) listeners: Arc<Semaphore>,
}

impl Session {
    /// Is this what the session's forms carry?
    pub(super) fn is_own_form(&self, csrf: &str) -> bool {
        bool::from(self.csrf.as_bytes().ct_eq(csrf.as_bytes()))
    }
}

/// The table of sessions. At most [`PER_PERSON`] for each of the configured people.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Arc<Session>>>);

impl Sessions {
    /// Opens a session, and gives its name and itself. `None` if there is no randomness to be had.
    ///
    /// It ends with the token that opened it: `expires`.
    pub(super) fn open(&self, person: Arc<Person>, expires: Option<Time>, now: Time) -> Option<(String, Arc<Session>)> {
        let longest = now.checked_add(LASTS)?;
        let (name, csrf) = (random()?, random()?);
        let session = Arc::new(Session {
            until: expires.map_or(longest, |expires| expires.min(longest)),
            opened: now,
            csrf,
            ended: CancellationToken::new(),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            person,
        });
        let mut table = self.table();
        table.retain(|_, other| now < other.until);
        let mut own: Vec<([u8; 32], Time)> = table
            .iter()
            .filter(|(_, other)| other.person.name == session.person.name)
            .map(|(key, other)| (*key, other.opened))
            .collect();
        own.sort_by_key(|(_, opened)| *opened);
        for (key, _) in own.iter().take(own.len().saturating_add(1).saturating_sub(PER_PERSON)) {
            end(table.remove(key));
        }
        table.insert(key(&name), Arc::clone(&session));
        Some((name, session))
    }

    /// The session of this name, if it is not over.
    pub(super) fn get(&self, name: &str, now: Time) -> Option<Arc<Session>> {
        let mut table = self.table();
        let session = table.get(&key(name))?;
        if now < session.until {
            return Some(Arc::clone(session));
        }
        end(table.remove(&key(name)));
        None
    }

    /// Ends a session.
    pub(super) fn close(&self, name: &str) {
        end(self.table().remove(&key(name)));
    }

    /// Nothing panics while it holds the lock.
    fn table(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(session: Option<Arc<Session>>) {
    if let Some(session) = session {
        session.ended.cancel();
    }
}

fn key(name: &str) -> [u8; 32] {
    Sha256::digest(name.as_bytes()).into()
}

/// 256 random bits, written in hexadecimal digits.
fn random() -> Option<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the cookie is called. The prefix makes browsers refuse one that came without TLS, or from another host.
fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-claw-session" } else { "claw-session" }
}

/// The session's name in the request's cookies. More than one such cookie is nobody's.
pub(super) fn cookie(headers: &HeaderMap, https: bool) -> Option<&str> {
    let wanted = cookie_name(https);
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Sets the cookie for so many seconds; none to delete it.
pub(super) fn set_cookie(name: &str, seconds: i64, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{}={name}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}", cookie_name(https))
}
