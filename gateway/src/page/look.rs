//! What a tenant's people see in the list, and whether it has changed since they looked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use claw_engine::ledger::{Asking, Cursor, Refusal};
use claw_runtime::{Digest, Time};

use super::desk::Inner;

/// Askings that are over, in the list.
const RECENT: usize = 25;

/// The askings of one tenant.
#[derive(Debug, Default)]
pub(super) struct Board {
    /// What awaits votes, oldest first.
    pub(super) waiting: Vec<Asking>,
    /// Where the rest of it begins, if there is more.
    pub(super) next: Option<Cursor>,
    /// What is over, the last first.
    pub(super) recent: Vec<Asking>,
}

impl Board {
    /// Looks at a tenant's askings.
    pub(super) async fn of(
        desk: &Inner,
        tenant: Option<&str>,
        now: Time,
        after: Option<Cursor>,
    ) -> Result<Board, Refusal> {
        let tenant = tenant.map(str::to_owned);
        let look = desk.app.guard.blocking(move |engine| {
            let Some(ledger) = engine.ledger() else { return Ok(Board::default()) };
            let listing = ledger.open_askings(tenant.as_deref(), now, after.as_ref())?;
            let mut recent = ledger.closed_askings(tenant.as_deref(), now)?;
            recent.sort_by_key(|asking| std::cmp::Reverse(over_at(asking)));
            recent.truncate(RECENT);
            Ok(Board { waiting: listing.askings, next: listing.next, recent })
        });
        look.await.unwrap_or_else(|| Err(Refusal::Unavailable("the answer got lost".to_owned())))
    }

    /// Changes whenever anything in it does.
    pub(super) fn mark(&self, now: Time) -> Mark {
        let mut text = String::new();
        for asking in self.waiting.iter().chain(&self.recent) {
            text.push_str(&format!("{} {} {};", asking.id, asking.version, asking.state(now)));
        }
        Mark { changes: Digest::of(text.as_bytes()), waiting: self.waiting.len() }
    }
}

/// When nothing more could be done about it: its last vote or, without any, its end.
pub(super) fn over_at(asking: &Asking) -> Time {
    let voted = asking.votes.iter().map(|vote| vote.at).max();
    voted.unwrap_or(asking.expires_at)
}

/// Tells one state of a list from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    changes: Digest,
    /// How many askings await votes.
    pub(super) waiting: usize,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.changes.fmt(f)
    }
}

type Looked = Arc<tokio::sync::Mutex<Option<(Instant, Mark)>>>;

/// The last look at each tenant's list, so that many pages cost the store one look. There are no more tenants than the
/// configuration has people.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<HashMap<Option<String>, Looked>>);

impl Looks {
    /// The tenant's mark, not older than this. `None` if the ledger does not answer.
    pub(super) async fn mark(&self, desk: &Inner, tenant: Option<&str>, since: Instant) -> Option<Mark> {
        let looked = {
            let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(table.entry(tenant.map(str::to_owned)).or_default())
        };
        let mut looked = looked.lock().await;
        if let Some((at, mark)) = *looked
            && at >= since
        {
            return Some(mark);
        }
        let (at, now) = (Instant::now(), desk.now()?);
        let mark = Board::of(desk, tenant, now, None).await.ok()?.mark(now);
        *looked = Some((at, mark));
        Some(mark)
    }
}
