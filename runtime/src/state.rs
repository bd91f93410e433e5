//! What a decision asks of the past, and what a call leaves behind.
//!
//! [`StateView`] is the read side: a decision asks it lazily, so a store answers only what the policy needs.
//! [`State`] is the write side: it runs one step (read, decide, write) atomically per session and pot. Whether by a
//! lock, a database transaction or an optimistic retry is the store's business; hence a [`Commit`] is plain data, and
//! the step may run more than once.
//!
//! Knows nothing of policies or of how requests are decided. Reads no clock: every time comes from a request.
//!
//! A store that cannot answer says so, with [`Tri::Unknown`] or an error. It never guesses: whatever it forgot on
//! purpose (a full table, an evicted session) must stay *unknown*, since "nothing recorded" may grant.

use std::fmt;
use std::sync::Arc;

pub(crate) use self::fields::Fields;
use crate::bundle::LimitKey;
use crate::{Decimal, Decision, Digest, Duration, Time, Tri, Value};
use serde::{Deserialize, Serialize};

mod fields;

/// What stores are made of: the arithmetic of pots and of histories as plain data, so that every store answers alike.
pub mod parts {
    pub use crate::memory::pot::Pot;
    pub use crate::memory::prior::{Calls, Query};
}

/// How far a clock may lag behind the latest time seen. Within this, the latest is used instead.
pub const CLOCK_TOLERANCE: Duration = Duration::from_millis(2_000);

/// A window of a limit has so many buckets; an event counts as long as its bucket overlaps the window.
pub const BUCKETS: i64 = 60;

/// Whose past is meant. Everything in a store is qualified by the tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionScope<'a> {
    /// `None` is a tenant of its own.
    pub tenant: Option<&'a str>,
    /// Without one, labels and earlier calls are unknown; call ids are then unique per tenant.
    pub session: Option<&'a str>,
    /// The session whose labels this one inherits, and goes on inheriting as they grow.
    pub parent_session: Option<&'a str>,
}

/// The two states that a store keeps side by side: `@status(hint)` and `@status(candidate)` clauses mark and charge in
/// the second, which no confirmed clause ever reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Realm {
    /// What decides.
    #[default]
    Confirmed,
    /// What would be, were the shadow clauses confirmed.
    Shadow,
}

/// Why a store has no answer. Limits turn every one of these into `limit_unavailable`; elsewhere it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// There is no store: the decision is a pure one.
    NoStore,
    /// The store failed: a lost connection, a time-out, a broken record.
    Unavailable(String),
    /// The request has no time.
    NoClock,
    /// The request's time is more than [`CLOCK_TOLERANCE`] behind the latest seen.
    ClockBackwards,
    /// The store is full, and what it holds may not be forgotten. Names the bound.
    Full(&'static str),
    /// A sum has too many digits.
    Overflow,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::NoStore => f.write_str("there is no store of past calls"),
            StateError::Unavailable(why) => write!(f, "the store of past calls failed: {why}"),
            StateError::NoClock => f.write_str("the request has no time"),
            StateError::ClockBackwards => f.write_str("the request's time is more than 2s behind the latest seen"),
            StateError::Full(what) => write!(f, "the store of past calls is full ({what})"),
            StateError::Overflow => f.write_str("a sum has too many digits"),
        }
    }
}

impl std::error::Error for StateError {}

/// What an answer of a store may be.
pub type Answer<T> = Result<T, StateError>;

/// The past as one decision sees it: from before this call, and the same throughout.
pub trait StateView {
    /// Does the session carry the label, itself or inherited? Unknown without a session, or where it was evicted.
    ///
    /// Labels of the request are not looked at here: `L in session.labels` is true where the request carries L,
    /// else what this says.
    fn has_label(&self, realm: Realm, label: &str) -> Answer<Tri>;

    /// Did such a call succeed earlier in this session?
    fn prior(&self, query: &PriorQuery<'_>) -> Answer<Tri>;

    /// What is in a pot, and when so much of it has passed that at most `room` is left.
    ///
    /// `now` comes from [`clock`]. `room` is the limit's maximum less what the call adds: the call fits exactly if
    /// [`Usage::used`] ≤ `room`.
    fn pot(&self, pot: &PotKey, window: Duration, now: Time, room: Decimal) -> Answer<Usage>;

    /// What became of a call id in this session.
    fn call(&self, call_id: &str) -> Answer<CallStatus>;

    /// When the evidence of an asking was first used, if it was. See [`Consumption::asking`].
    fn consumed(&self, asking: &Digest) -> Answer<Option<Time>>;

    /// The latest time that any call of the tenant brought. See [`clock`].
    fn latest(&self) -> Answer<Option<Time>>;
}

/// `prior tool(conditions) within D`, as it is asked of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorQuery<'a> {
    /// The query's stable name (`PriorDef::key`).
    pub query: &'a Digest,
    /// What the key's values must be (see [`prior_key`]); `None` where one of them is unknown.
    pub key: Option<&'a Digest>,
    /// The request's time.
    pub now: Option<Time>,
    /// A call counts if `now` − its begin time is at most this.
    pub within: Duration,
}

/// The time to reckon with in limits: the latest seen, if the request's is only a little behind it.
pub fn clock(view: &dyn StateView, time: Option<Time>) -> Answer<Time> {
    let time = time.ok_or(StateError::NoClock)?;
    match view.latest()? {
        Some(latest) if latest > time => {
            let tolerated = time.checked_add(CLOCK_TOLERANCE).is_some_and(|limit| latest <= limit);
            if tolerated { Ok(latest) } else { Err(StateError::ClockBackwards) }
        }
        _ => Ok(time),
    }
}

/// What a pot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The sum over all events that still count.
    pub used: Decimal,
    /// When at most the asked-for room will be in use if nothing is added; `None` if that can't happen (the room
    /// is negative). At or before `now` if there is room already.
    pub free_at: Option<Time>,
}

impl Usage {
    /// An empty pot, for a question with this much room.
    #[must_use]
    pub fn empty(now: Time, room: Decimal) -> Usage {
        Usage { used: Decimal::ZERO, free_at: (!room.is_negative()).then_some(now) }
    }
}

/// What became of a call id.
#[derive(Clone, Debug, PartialEq)]
pub enum CallStatus {
    /// Not seen, or never allowed.
    New,
    /// Allowed and not settled. The same digest gets the same answer again; another one is invalid.
    Pending {
        /// The digest of the request that was allowed.
        digest: Digest,
        /// What was answered.
        answer: Arc<Decision>,
    },
    /// Done with: the id can't be used again.
    Settled,
}

/// Names a pot: one limit and one value for each of its keys, in one tenant and realm.
///
/// The window is part of it, since pots are kept in buckets of the window's size: a limit whose window is edited
/// starts with an empty pot, one whose maximum is edited keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PotKey(pub Digest);

impl PotKey {
    /// The pot of the limit that is called `limit` (its clause's id). `keys` in the limit's own order.
    #[must_use]
    pub fn new(realm: Realm, tenant: Option<&str>, limit: &str, window: Duration, keys: &[(LimitKey, &str)]) -> PotKey {
        let mut hash = Fields::new("claw pot");
        hash.text(match realm {
            Realm::Confirmed => "confirmed",
            Realm::Shadow => "shadow",
        });
        hash.option(tenant);
        hash.text(limit);
        hash.number(window.as_millis());
        for (key, value) in keys {
            hash.text(key.name());
            hash.text(value);
        }
        PotKey(hash.finish())
    }
}

/// The key of a query of history: a digest over the canonical values. `None` as soon as one is unknown; such a key
/// may be equal to any other.
///
/// Two keys are equal exactly if the values are: numbers by value, and paths by what they lead to. A path that leads
/// elsewhere than it says, or where is not known, has no key, since two such paths may be one file or not.
#[must_use]
pub fn prior_key<'a>(values: impl IntoIterator<Item = Option<&'a Value>>) -> Option<Digest> {
    let mut key = KeyHash::new();
    values.into_iter().for_each(|value| key.add(value));
    key.finish()
}

/// A [`prior_key`] in the making.
pub(crate) struct KeyHash {
    hash: Fields,
    known: bool,
}

impl KeyHash {
    pub(crate) fn new() -> KeyHash {
        KeyHash { hash: Fields::new("claw prior"), known: true }
    }

    /// Adds the next value; `None` is unknown.
    pub(crate) fn add(&mut self, value: Option<&Value>) {
        self.known = self.known && value.and_then(|value| self.hash.value(value)).is_some();
    }

    pub(crate) fn finish(&self) -> Option<Digest> {
        self.known.then(|| self.hash.finish())
    }
}

/// What one step leaves behind. Plain data: the step may have to run again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// The request's time; the store keeps the latest.
    pub now: Option<Time>,
    /// Labels that the request carried. They stay whatever was answered.
    pub labels: Vec<Arc<str>>,
    /// The call, if it was allowed. Denied and pending calls leave no record.
    pub call: Option<CallRecord>,
}

/// An allowed call: everything that is reserved until it settles.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// The host's name for the call, unique in the session.
    pub id: Arc<str>,
    /// The request's digest.
    pub digest: Digest,
    /// What was answered, for a repetition of the same call.
    pub answer: Arc<Decision>,
    /// What it does to the state.
    pub effects: Effects,
}

/// What an allowed call does to the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// What it adds to pots: all of it or, if the store can't, nothing and no call.
    pub charges: Vec<Charge>,
    /// Labels that it marks; taken back if it turns out not to have been executed.
    pub marks: Vec<(Realm, Arc<str>)>,
    /// Which later queries of history it may answer.
    pub priors: Vec<PriorRecord>,
    /// Evidence that it uses up. Stays used, however the call settles.
    pub consumed: Vec<Consumption>,
}

/// An addition to a pot; taken back if the call turns out not to have been executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Charge {
    pub pot: PotKey,
    pub window: Duration,
    /// Never negative.
    pub amount: Decimal,
    /// From [`clock`].
    pub at: Time,
}

/// An earlier call as a query of history sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PriorRecord {
    /// `PriorDef::key`.
    pub query: Digest,
    /// From [`prior_key`]; `None` is unknown, and may be any.
    pub key: Option<Digest>,
    /// The query's tests of the earlier call. A record that fails them need not be written.
    pub test: Tri,
    /// When the call began, if its request had a time.
    pub begun: Option<Time>,
    /// The longest window in which the query is asked: afterwards the record may be dropped.
    pub keep: Duration,
}

/// A use of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Consumption {
    /// A digest over the tenant, the approval, the request and when it was asked for.
    pub asking: Digest,
    pub at: Time,
    /// When the evidence is void anyway, so that its use may be forgotten.
    pub expires: Time,
}

/// How an allowed call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It was executed and succeeded: the only thing that `prior` is true for.
    Ok,
    /// It was executed, or may have been, and failed. Its charges and marks stay.
    Error,
    /// It was certainly not executed: its charges and marks are taken back.
    NotExecuted,
}

/// What settling did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleOutcome {
    /// The call is settled now.
    Settled,
    /// It had been before; the first settlement stands.
    AlreadySettled,
    /// No such call was allowed.
    UnknownCall,
}

/// A store of past calls.
pub trait State {
    /// Runs `step` on a view of the scope's past and writes what it returns, atomically: nothing that the view
    /// answered may have changed by the time of the write, for this session and every pot that was looked at. May run
    /// `step` several times; the last run counts. On an error nothing was written.
    ///
    /// Also remembers that the scope's session inherits from its parent, if the step returned a commit.
    fn transact(&self, scope: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()>;

    /// Records how an allowed call ended. Safe to repeat.
    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Answer<SettleOutcome>;
}

/// No store: what a pure `decide` sees. History is unknown, limits are unavailable, and no call id is taken.
///
/// That evidence was used before can't be seen here; only `begin` enforces it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoState;

impl StateView for NoState {
    fn has_label(&self, _: Realm, _: &str) -> Answer<Tri> {
        Ok(Tri::Unknown)
    }
    fn prior(&self, _: &PriorQuery<'_>) -> Answer<Tri> {
        Ok(Tri::Unknown)
    }
    fn pot(&self, _: &PotKey, _: Duration, _: Time, _: Decimal) -> Answer<Usage> {
        Err(StateError::NoStore)
    }
    fn call(&self, _: &str) -> Answer<CallStatus> {
        Ok(CallStatus::New)
    }
    fn consumed(&self, _: &Digest) -> Answer<Option<Time>> {
        Ok(None)
    }
    fn latest(&self) -> Answer<Option<Time>> {
        Ok(None)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::PathValue;

    fn key(value: Value) -> Option<Digest> {
        prior_key([Some(&value)])
    }

    fn decimal(text: &str) -> Value {
        Value::Decimal(Decimal::parse(text).unwrap())
    }

    #[test]
    fn keys_are_equal_where_values_are() {
        assert_eq!(key(Value::Int(5)), key(decimal("5.0")));
        assert_eq!(key(Value::list(vec![Value::Int(5)])), key(Value::list(vec![decimal("5")])));
        let different = [
            Value::Int(5),
            Value::str("5"),
            Value::str(""),
            Value::Bool(true),
            Value::list(vec![]),
            Value::list(vec![Value::Int(5)]),
            Value::list(vec![Value::str("a"), Value::str("b")]),
            Value::list(vec![Value::str("ab")]),
            Value::set(vec![Value::Int(5)]),
            Value::Record([None, Some(Value::Int(5))].into()),
            Value::Record([Some(Value::Int(5)), None].into()),
        ];
        for (i, a) in different.iter().enumerate() {
            for b in different.iter().skip(i + 1) {
                assert_ne!(key(a.clone()), key(b.clone()), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn what_may_be_equal_to_anything_has_no_key() {
        let path = |path: Result<PathValue, String>| Value::Path(path.unwrap().into());
        let plain = path(PathValue::resolved_to("/srv/a", "/srv/a"));
        assert_eq!(key(plain.clone()), key(path(PathValue::lexical_only("/srv/./a"))));
        assert!(key(plain.clone()).is_some());
        for unsure in [path(PathValue::unresolved("/srv/a")), path(PathValue::resolved_to("/srv/a", "/etc/a"))] {
            assert_eq!(key(unsure.clone()), None);
            assert_eq!(key(Value::list(vec![plain.clone(), unsure])), None);
        }
        assert_eq!(prior_key([Some(&plain), None]), None);
    }

    #[test]
    fn pots_are_told_apart() {
        let pot = |realm, tenant, limit, window, keys: &[(LimitKey, &str)]| {
            PotKey::new(realm, tenant, limit, Duration::from_millis(window), keys)
        };
        let keys = [(LimitKey::Agent, "a"), (LimitKey::User, "b")];
        let pots = [
            pot(Realm::Confirmed, None, "l", 60, &keys),
            pot(Realm::Shadow, None, "l", 60, &keys),
            pot(Realm::Confirmed, Some(""), "l", 60, &keys),
            pot(Realm::Confirmed, Some("t"), "l", 60, &keys),
            pot(Realm::Confirmed, None, "m", 60, &keys),
            pot(Realm::Confirmed, None, "l", 61, &keys),
            pot(Realm::Confirmed, None, "l", 60, &keys[..1]),
            pot(Realm::Confirmed, None, "l", 60, &[(LimitKey::Agent, "ab")]),
            pot(Realm::Confirmed, None, "l", 60, &[(LimitKey::User, "b"), (LimitKey::Agent, "a")]),
        ];
        let distinct: std::collections::BTreeSet<_> = pots.iter().collect();
        assert_eq!(distinct.len(), pots.len());
    }
}
