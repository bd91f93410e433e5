//! The ledger of approvals: who was asked for what, who voted how, and which call used it.
//!
//! A decision that requires approvals is followed by [`Ledger::ask`]; people see what is asked and vote; when enough
//! have agreed, the next attempt at the same request takes the approval with [`Ledger::claim`] and carries its evidence
//! to `begin`, which judges it anew. Evidence is never a verdict: the ledger only says what happened.
//!
//! `asking.rs` is the state machine, without I/O and clock; `store.rs` is what keeps its states; this file runs the one
//! on the other, by compare-and-set with a bounded number of attempts. Every time is the caller's. A store that fails,
//! contradicts itself or is contended gives a [`Refusal`], never an approval.

use std::sync::Arc;

use claw_runtime::{Ballot, Digest, Evidence, Time, Vote, VoteVerdict};

mod asking;
mod escape;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod refusal;
mod shown;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use self::asking::{Asking, AskingId, Claim, Opening, Slot, State};
pub use self::escape::text as harmless;
pub use self::memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresOptions, PostgresStore};
pub use self::refusal::Refusal;
pub use self::shown::{Line, Shown, ShownClause};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteOptions, SqliteStore};
pub use self::store::{Answer, Cursor, PAGE, PER_TENANT, Store, StoreError};

/// How often a change is tried that others get in the way of. Each failure is somebody else's success.
const ATTEMPTS: usize = 64;
/// Askings about one request: one for each approval, and for definitions of it that are no longer in force.
const PER_REQUEST: usize = 1_024;

/// The ledger. Clones share their store.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<dyn Store>,
}

/// What a call got of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The approvals that it holds now: for [`Ledger::release`], if it is not allowed.
    pub held: Vec<AskingId>,
    /// For the request's `approvals`: the evidence of what it holds, and the refusals that stand in its way. Nothing in
    /// it grants what the call does not hold.
    pub evidence: Vec<Evidence>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The askings, oldest first.
    pub askings: Vec<Asking>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
}

impl Ledger {
    /// A ledger over this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Ledger {
        Ledger { store }
    }

    /// A ledger in memory.
    #[must_use]
    pub fn in_memory() -> Ledger {
        Ledger::new(Arc::new(MemoryStore::new()))
    }

    /// Asks for approvals. For what was asked before, and is neither used up nor expired nor outdated, the answer is the
    /// asking that there is, with its votes, also if it was refused.
    pub fn ask(&self, openings: Vec<Opening>, now: Time) -> Result<Vec<Asking>, Refusal> {
        // What can't be asked at all is said before anything is written.
        if openings.iter().any(|opening| opening.ballot.is_impossible()) {
            return Err(Refusal::NoUser);
        }
        openings.into_iter().map(|opening| self.ask_one(opening, now)).collect()
    }

    fn ask_one(&self, opening: Opening, now: Time) -> Result<Asking, Refusal> {
        for _ in 0..ATTEMPTS {
            let fresh = Asking::open(opening.clone(), now)?;
            let Some(there) = self.store.insert(&fresh)? else { return Ok(fresh) };
            let there = checked(there, |asking| asking.slot() == fresh.slot())?;
            let Some(next) = there.open_again(opening.clone(), now)? else { return Ok(there) };
            if self.store.compare_and_set(&there, &next)? {
                return Ok(next);
            }
        }
        Err(Refusal::Contended)
    }

    /// Records a vote, and gives the asking as it is then. The vote's own time is not looked at: it is `now`, or the
    /// latest time seen of the asking.
    pub fn vote(&self, tenant: Option<&str>, id: &AskingId, vote: Vote, now: Time) -> Result<Asking, Refusal> {
        let asking = self.get(tenant, id)?;
        self.change(asking, now, |asking| asking.vote(tenant, vote.clone(), now).map(Some))
    }

    /// One asking of this tenant.
    pub fn get(&self, tenant: Option<&str>, id: &AskingId) -> Result<Asking, Refusal> {
        let asking = self.store.get(id)?.ok_or(Refusal::NotFound)?;
        let asking = checked(asking, |asking| asking.id == *id)?;
        asking.is_of(tenant)?;
        Ok(asking)
    }

    /// The tenant's askings that await votes, oldest first, at most [`PAGE`] of them; `after` is where to go on.
    pub fn open_askings(&self, tenant: Option<&str>, now: Time, after: Option<&Cursor>) -> Result<Listing, Refusal> {
        let askings = self.store.open(tenant, now, after, PAGE)?;
        let next = if askings.len() < PAGE { None } else { askings.last().map(Cursor::after) };
        let checked = |asking| checked(asking, |asking| asking.is_of(tenant).is_ok());
        let askings: Vec<Asking> = askings.into_iter().map(checked).collect::<Result<_, _>>()?;
        // The time may have been behind what an asking has seen.
        let askings = askings.into_iter().filter(|asking| asking.state(now) == State::Open).collect();
        Ok(Listing { askings, next })
    }

    /// The tenant's last askings that await no votes any more: granted, refused, used or expired, the last opened first.
    /// At most [`PAGE`] of them.
    pub fn closed_askings(&self, tenant: Option<&str>, now: Time) -> Result<Vec<Asking>, Refusal> {
        let askings = self.store.closed(tenant, now, PAGE)?;
        let checked = |asking| checked(asking, |asking| asking.is_of(tenant).is_ok());
        askings.into_iter().map(checked).collect()
    }

    /// What a decision on this request may be told now: votes on everything that is neither expired nor used up,
    /// granted or not. For a preview; to execute, [`Ledger::claim`].
    pub fn evidence(&self, tenant: Option<&str>, request: &Digest, now: Time) -> Result<Vec<Evidence>, Refusal> {
        let askings = self.of_request(tenant, request)?;
        Ok(askings.iter().filter(|asking| asking.is_usable(now)).map(Asking::evidence).collect())
    }

    /// Does the asking answer what this ballot asks now: is it granted for the same request under the same definition,
    /// and were people shown every clause that requires it? If not, why.
    pub fn check(&self, id: &AskingId, ballot: &Ballot, now: Time) -> Result<(), Refusal> {
        let asking = self.get(ballot.tenant.as_deref(), id)?;
        asking.covers(ballot)?;
        // What a call that nobody has made yet would be told.
        asking.claim("", now).map(drop)
    }

    /// Takes every approval of the request that is granted, for this attempt of this call and no other call. To be
    /// followed by `begin` with the evidence and, if that does not allow the call, by [`Ledger::release`].
    ///
    /// A call may attempt again, also while an attempt is under way. If one approval can't be taken because the store
    /// fails, none is.
    pub fn claim(&self, tenant: Option<&str>, request: &Digest, call_id: &str, now: Time) -> Result<Claims, Refusal> {
        let mut claims = Claims::default();
        for asking in self.of_request(tenant, request)? {
            match self.change(asking.clone(), now, |asking| asking.claim(call_id, now).map(Some)) {
                Ok(asking) => {
                    claims.held.push(asking.id);
                    claims.evidence.push(asking.evidence());
                }
                Err(Refusal::AlreadyRefused(_)) => {
                    claims.evidence.push(refusals(&self.get(tenant, &asking.id).unwrap_or(asking)));
                }
                Err(failed @ (Refusal::Unavailable(_) | Refusal::Contended | Refusal::ClockBackwards)) => {
                    // Where it is not known what was done, or this fails, too, the approval stays with the call, which
                    // may try again.
                    let _ = self.release(tenant, &claims.held, call_id);
                    return Err(failed);
                }
                // Not granted, expired, another call's: not for this call.
                Err(_) => {}
            }
        }
        Ok(claims)
    }

    /// Gives back what a [`Ledger::claim`] took, once, if the attempt was not allowed. For one that was allowed and not
    /// executed it must not be called: an approval is good for one execution.
    pub fn release(&self, tenant: Option<&str>, held: &[AskingId], call_id: &str) -> Result<(), Refusal> {
        let mut first = Ok(());
        for id in held {
            let released = self.get(tenant, id).and_then(|asking| {
                let seen = asking.seen_at;
                self.change(asking, seen, |asking| asking.release(call_id))
            });
            match released {
                // Another asking has taken its place: there is nothing to give back.
                Ok(_) | Err(Refusal::NotFound) => {}
                Err(refusal) => first = first.and(Err(refusal)),
            }
        }
        first
    }

    /// Forgets askings that expired before this time; how many. See [`Store::remove_expired`].
    pub fn forget(&self, before: Time) -> Result<u64, Refusal> {
        Ok(self.store.remove_expired(before)?)
    }

    /// All askings of the tenant about this request, in whatever state.
    pub fn of_request(&self, tenant: Option<&str>, request: &Digest) -> Result<Vec<Asking>, Refusal> {
        let askings = self.store.of_request(tenant, request)?;
        if askings.len() > PER_REQUEST {
            return Err(Refusal::Unavailable("it holds too many askings about one request".to_owned()));
        }
        let is_meant = |asking: &Asking| asking.is_of(tenant).is_ok() && asking.ballot.request_digest == *request;
        askings.into_iter().map(|asking| checked(asking, is_meant)).collect()
    }

    /// Computes and writes, and reads again, until nobody interferes. `None` from the step: it is as it should be.
    fn change(
        &self,
        mut asking: Asking,
        now: Time,
        step: impl Fn(&Asking) -> Result<Option<Asking>, Refusal>,
    ) -> Result<Asking, Refusal> {
        for _ in 0..ATTEMPTS {
            let (next, result) = match step(&asking) {
                Ok(Some(next)) => (next, Ok(())),
                Ok(None) => return Ok(asking),
                Err(Refusal::Expired) => match asking.expire(now)? {
                    Some(next) => (next, Err(Refusal::Expired)),
                    None => return Err(Refusal::Expired),
                },
                Err(refusal) => return Err(refusal),
            };
            if self.store.compare_and_set(&asking, &next)? {
                return result.map(|()| next);
            }
            asking = self.get(asking.ballot.tenant.as_deref(), &asking.id)?;
        }
        Err(Refusal::Contended)
    }
}

/// The evidence of an asking without the votes for it, so that it can only deny.
fn refusals(asking: &Asking) -> Evidence {
    let mut evidence = asking.evidence();
    evidence.votes.retain(|vote| vote.verdict == VoteVerdict::Refuse);
    evidence
}

/// An asking as a store answered it, if it is one and the one that was meant.
fn checked(asking: Asking, is_meant: impl Fn(&Asking) -> bool) -> Result<Asking, Refusal> {
    if asking.is_sound() && is_meant(&asking) {
        Ok(asking)
    } else {
        Err(Refusal::Unavailable("its store answered with an asking that can't be".to_owned()))
    }
}
