//! Where askings are kept, as the ledger sees it: places that hold one asking each, changed by compare-and-set.
//!
//! A store knows nothing of votes and rules. It must never answer from a guess: what it can't know is an error, which
//! the ledger turns into a refusal.

use std::fmt;
use std::str::FromStr;

use claw_runtime::{Digest, Time};

use super::{Asking, AskingId, Refusal};

/// Askings in one page of a list.
pub const PAGE: usize = 200;
/// Askings of one tenant that have not expired. More are refused: an agent that asks for ever new things must not fill
/// the store of all.
pub const PER_TENANT: i64 = 10_000;

/// Why a store has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError(pub String);

impl StoreError {
    pub(super) fn full() -> StoreError {
        StoreError(format!("the tenant has {PER_TENANT} askings that have not expired"))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        Refusal::Unavailable(error.0)
    }
}

/// What an answer of a store may be.
pub type Answer<T> = Result<T, StoreError>;

/// Where askings are kept. All operations are atomic, and lasting once they are answered.
///
/// An operation that fails may have been done or not: the ledger's operations can be repeated.
pub trait Store: Send + Sync + fmt::Debug {
    /// The asking of this name, if it still stands in its slot.
    fn get(&self, id: &AskingId) -> Answer<Option<Asking>>;

    /// Puts an asking into its slot if that is empty; otherwise the one that stands there. Fails if the tenant has
    /// [`PER_TENANT`] askings.
    fn insert(&self, asking: &Asking) -> Answer<Option<Asking>>;

    /// Replaces `old` by `new`, which belongs into the same slot, if what stands there has the id and the version of
    /// `old`. Did it?
    fn compare_and_set(&self, old: &Asking, new: &Asking) -> Answer<bool>;

    /// All askings of a tenant about one request.
    fn of_request(&self, tenant: Option<&str>, request: &Digest) -> Answer<Vec<Asking>>;

    /// A tenant's askings that await votes and have not expired, after the cursor, by their opening and their ids.
    /// Never more than `limit`.
    fn open(&self, tenant: Option<&str>, now: Time, after: Option<&Cursor>, limit: usize) -> Answer<Vec<Asking>>;

    /// A tenant's askings that await no votes any more, or have expired, the last opened first. Never more than `limit`.
    fn closed(&self, tenant: Option<&str>, now: Time, limit: usize) -> Answer<Vec<Asking>>;

    /// Forgets what expired before this time; how many there were. With them a refusal is forgotten, and that an
    /// approval was used: leave time for clocks that go back.
    fn remove_expired(&self, before: Time) -> Answer<u64>;
}

/// A place in a list of askings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When the asking before it was opened: milliseconds since 1970 in UTC.
    pub opened_ms: i64,
    /// That asking.
    pub id: AskingId,
}

impl Cursor {
    /// The place after this asking.
    #[must_use]
    pub fn after(asking: &Asking) -> Cursor {
        Cursor { opened_ms: asking.opened_at.as_millis(), id: asking.id }
    }

    /// What columns of a database are compared with; before everything for none.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn columns(after: Option<&Cursor>) -> (i64, String) {
        after.map_or((i64::MIN, String::new()), |cursor| (cursor.opened_ms, cursor.id.to_string()))
    }
}

/// `1772445600000-sha256:…`: opaque to whoever turns pages.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.opened_ms, self.id)
    }
}

impl FromStr for Cursor {
    type Err = String;
    fn from_str(text: &str) -> Result<Cursor, String> {
        let bad = || "this is not a place in a list of askings".to_owned();
        let (opened, id) = text.rsplit_once('-').ok_or_else(bad)?;
        Ok(Cursor { opened_ms: opened.parse().map_err(|_| bad())?, id: id.parse().map_err(|_| bad())? })
    }
}
