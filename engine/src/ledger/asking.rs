//! One request for an approval, from its opening to its use: a pure state machine.
//!
//! Each step takes an asking and gives the next one or the reason why not. Knows no store, and no clock but the times
//! that are passed in; who may vote and how many are enough is [`Ballot`]'s business.

use std::fmt;
use std::str::FromStr;

use claw_runtime::state::CLOCK_TOLERANCE;
use claw_runtime::{Ballot, Digest, Duration, Evidence, Json, Standing, Time, Vote, VoteVerdict};
use serde::{Deserialize, Serialize};

use super::shown::object;
use super::{Refusal, Shown, escape};

/// Votes on one asking.
const VOTES: usize = 256;
/// Calls that use one asking, where it may be used again.
const CLAIMS: usize = 1_024;
/// Bytes of a note, of a name, of a call's id.
const NOTE: usize = 4_096;
const NAME: usize = 512;
/// Roles that one voter holds.
const ROLES: usize = 256;

/// Names one asking: it follows from the tenant, the approval and its definition, the request, and when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AskingId(pub Digest);

/// Written like the digest that it is.
impl fmt::Display for AskingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AskingId {
    type Err = String;
    fn from_str(text: &str) -> Result<AskingId, String> {
        text.parse().map(AskingId)
    }
}

/// A place for one asking at a time: one tenant, one approval in one definition, one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub Digest);

impl Slot {
    /// The place of what this ballot asks for.
    #[must_use]
    pub fn of(ballot: &Ballot) -> Slot {
        let tenant = ballot.tenant.as_deref().map_or(Json::Null, Json::str);
        let digests = [ballot.approval_digest, ballot.request_digest].map(|digest| Json::str(digest.to_string()));
        let [approval, request] = digests;
        let parts = vec![Json::str("claw slot"), tenant, Json::str(ballot.approval.as_str()), approval, request];
        Slot(Digest::of_json(&Json::Arr(parts)))
    }
}

/// What is to be asked, and what people will see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Who may vote on what.
    pub ballot: Ballot,
    /// What they are shown.
    pub shown: Shown,
}

/// A request for an approval with everything that became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// Its name.
    pub id: AskingId,
    /// Counts changes of what stands in its slot, from 1.
    pub version: u64,
    /// What is voted on, by whom.
    pub ballot: Ballot,
    /// What voters are shown.
    pub shown: Shown,
    /// When it was first asked for.
    pub opened_at: Time,
    /// The last moment at which it may be used.
    pub expires_at: Time,
    /// The latest time that anything done with it brought. A clock that goes back does not make it younger.
    pub seen_at: Time,
    /// At most one by each person, all of them by people who may vote.
    pub votes: Vec<Vote>,
    /// Who uses it.
    pub claims: Vec<Claim>,
}

/// A call that uses an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The host's name for the call.
    pub call_id: String,
    /// Since when.
    pub at: Time,
    /// How many attempts of the call hold it: a host may try the same call again, also while it is trying.
    pub attempts: u32,
}

/// Where an asking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Votes are missing.
    Open,
    /// Enough people agreed; it was not used yet.
    Granted,
    /// Someone who may vote refused.
    Refused,
    /// It is too old for anything.
    Expired,
    /// It was used by the calls in [`Asking::claims`].
    Consumed,
}

impl State {
    /// A stable word, such as `granted`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Granted => "granted",
            State::Refused => "refused",
            State::Expired => "expired",
            State::Consumed => "consumed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Asking {
    /// Asks for the first time.
    pub fn open(opening: Opening, now: Time) -> Result<Asking, Refusal> {
        let Opening { ballot, shown } = opening;
        if ballot.is_impossible() {
            return Err(Refusal::NoUser);
        }
        let expires_at = ballot.expires_at(now).ok_or(Refusal::TooLarge("expiry"))?;
        Ok(Asking {
            id: AskingId(ballot.asking(now)),
            version: 1,
            ballot,
            shown,
            opened_at: now,
            expires_at,
            seen_at: now,
            votes: Vec::new(),
            claims: Vec::new(),
        })
    }

    /// Asks again in the same slot: `None` if this asking still is what is to be asked, else the one to take its place.
    ///
    /// A refusal stands until it expires, whatever is asked in the meantime. Otherwise people are asked anew where the
    /// last asking is used up or too old, where they were not shown a clause that requires the approval now (they will
    /// be shown the old ones, too), and where other people may vote now than those who did.
    pub fn open_again(&self, opening: Opening, now: Time) -> Result<Option<Asking>, Refusal> {
        let now = self.time(now)?;
        let same_people = opening.ballot.by == self.ballot.by && opening.ballot.owners == self.ballot.owners;
        let covered = self.covers(&opening.ballot).is_ok() && same_people;
        let stays = match self.state(now) {
            State::Refused => true,
            State::Open | State::Granted => covered,
            State::Consumed => covered && self.is_reusable(now),
            State::Expired => false,
        };
        if stays {
            return Ok(None);
        }
        let mut opening = opening;
        if matches!(self.state(now), State::Open | State::Granted) {
            opening.ballot.clauses.extend(self.ballot.clauses.iter().cloned());
            opening.ballot.clauses.sort_unstable();
            opening.ballot.clauses.dedup();
            opening.shown.add_clauses(&self.shown);
        }
        // Evidence of the two must never be taken for one another.
        let next = self.opened_at.checked_add(Duration::from_millis(1)).ok_or(Refusal::TooLarge("expiry"))?;
        let asking = Asking::open(opening, now.max(next))?;
        Ok(Some(Asking { version: self.next_version()?, ..asking }))
    }

    /// Records a vote. Its time is the ledger's: what the voter's host says of it is not looked at.
    pub fn vote(&self, tenant: Option<&str>, vote: Vote, now: Time) -> Result<Asking, Refusal> {
        self.is_of(tenant)?;
        let now = self.time(now)?;
        self.not_over(now)?;
        bounded(&vote)?;
        self.ballot.may_vote(&vote)?;
        if self.votes.iter().any(|known| known.person == vote.person) {
            return Err(Refusal::AlreadyVoted);
        }
        // While an approval may be used again, someone may still put an end to that.
        let in_time = self.claims.is_empty() || (vote.verdict == VoteVerdict::Refuse && self.is_reusable(now));
        if !in_time {
            return Err(Refusal::Consumed);
        }
        if self.votes.len() >= VOTES {
            return Err(Refusal::TooLarge("list of votes"));
        }
        let mut next = self.next(now)?;
        next.votes.push(Vote { at: now, ..vote });
        Ok(next)
    }

    /// Reserves the approval for an attempt of a call. One call may attempt as often as it likes.
    pub fn claim(&self, call_id: &str, now: Time) -> Result<Asking, Refusal> {
        let now = self.time(now)?;
        self.not_over(now)?;
        if call_id.len() > NAME {
            return Err(Refusal::TooLarge("call's id"));
        }
        let mut next = self.next(now)?;
        if let Some(claim) = next.claims.iter_mut().find(|claim| claim.call_id == call_id) {
            claim.attempts = claim.attempts.checked_add(1).ok_or(Refusal::TooLarge("number of attempts"))?;
            return Ok(next);
        }
        if self.standing() != Standing::Granted {
            return Err(Refusal::NotYetGranted);
        }
        if !self.claims.is_empty() && !self.is_reusable(now) {
            return Err(Refusal::Consumed);
        }
        if self.claims.len() >= CLAIMS {
            return Err(Refusal::TooLarge("list of calls"));
        }
        next.claims.push(Claim { call_id: call_id.to_owned(), at: now, attempts: 1 });
        Ok(next)
    }

    /// Takes back one [`Asking::claim`], for an attempt that was not allowed after all. `None` if there is none.
    ///
    /// The call keeps the approval as long as another of its attempts does. For an allowed call that was not executed
    /// there is no way back: an approval is good for one attempt at execution.
    pub fn release(&self, call_id: &str) -> Result<Option<Asking>, Refusal> {
        if !self.is_claimed_by(call_id) {
            return Ok(None);
        }
        let mut next = self.next(self.seen_at)?;
        next.claims.iter_mut().filter(|claim| claim.call_id == call_id).for_each(|claim| {
            claim.attempts = claim.attempts.saturating_sub(1);
        });
        next.claims.retain(|claim| claim.attempts > 0);
        Ok(Some(next))
    }

    /// Remembers that it was seen to be too old, so that no clock that goes back revives it. `None` if it is not, or if
    /// that is known.
    pub fn expire(&self, now: Time) -> Result<Option<Asking>, Refusal> {
        if now <= self.expires_at || self.seen_at > self.expires_at {
            return Ok(None);
        }
        self.next(now).map(Some)
    }

    /// Where it stands at this time.
    #[must_use]
    pub fn state(&self, now: Time) -> State {
        if now.max(self.seen_at) > self.expires_at {
            return State::Expired;
        }
        match self.standing() {
            Standing::Refused(_) => State::Refused,
            _ if !self.claims.is_empty() => State::Consumed,
            Standing::Granted => State::Granted,
            Standing::Open(_) => State::Open,
        }
    }

    /// How the votes stand, whatever the time is and however often it was used.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.ballot.standing(&self.votes, self.opened_at)
    }

    /// Does it answer what is asked now?
    pub fn covers(&self, ballot: &Ballot) -> Result<(), Refusal> {
        self.is_of(ballot.tenant.as_deref())?;
        if ballot.approval != self.ballot.approval {
            return Err(Refusal::NotFound);
        }
        if ballot.approval_digest != self.ballot.approval_digest {
            return Err(Refusal::DefinitionChanged);
        }
        if ballot.request_digest != self.ballot.request_digest {
            return Err(Refusal::ArgumentsChanged);
        }
        match ballot.not_among(&self.ballot.clauses) {
            Some(clause) => Err(Refusal::NewClause(clause.to_owned())),
            None => Ok(()),
        }
    }

    /// What a decision is told of it.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence {
            approval: self.ballot.approval.clone(),
            approval_digest: self.ballot.approval_digest,
            request_digest: self.ballot.request_digest,
            clauses: self.ballot.clauses.clone(),
            asked_at: self.opened_at,
            votes: self.votes.clone(),
        }
    }

    /// For an approver's page: what is asked, where it stands, who voted how. Every text in it is harmless, also as
    /// Markdown or HTML.
    #[must_use]
    pub fn to_json(&self, now: Time) -> Json {
        let text = |text: &str| Json::str(escape::text(text, NOTE));
        let time = |time: Time| Json::str(time.to_string());
        let vote = |vote: &Vote| {
            let verdict = if vote.verdict == VoteVerdict::Grant { "grant" } else { "refuse" };
            let note = vote.note.as_deref().map_or(Json::Null, text);
            let members = [("person", text(&vote.person)), ("verdict", Json::str(verdict)), ("note", note)];
            object(members.into_iter().chain([("at", time(vote.at))]))
        };
        let missing = match self.standing() {
            Standing::Open(missing) => text(&missing.to_string()),
            Standing::Granted | Standing::Refused(_) => Json::Null,
        };
        object([
            ("id", Json::str(self.id.to_string())),
            ("state", Json::str(self.state(now).code())),
            ("opened_at", time(self.opened_at)),
            ("expires_at", time(self.expires_at)),
            ("missing", missing),
            ("votes", Json::Arr(self.votes.iter().map(vote).collect())),
            ("calls", Json::Arr(self.claims.iter().map(|claim| text(&claim.call_id)).collect())),
            ("shown", self.shown.to_json()),
        ])
    }

    /// Its place.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot::of(&self.ballot)
    }

    /// Is it this tenant's?
    pub fn is_of(&self, tenant: Option<&str>) -> Result<(), Refusal> {
        if self.ballot.tenant.as_deref() == tenant { Ok(()) } else { Err(Refusal::OtherTenant) }
    }

    /// Does this call use it?
    #[must_use]
    pub fn is_claimed_by(&self, call_id: &str) -> bool {
        self.claims.iter().any(|claim| claim.call_id == call_id)
    }

    /// May yet another call use it, if votes allow?
    #[must_use]
    pub fn is_usable(&self, now: Time) -> bool {
        let now = now.max(self.seen_at);
        now <= self.expires_at && (self.claims.is_empty() || self.is_reusable(now))
    }

    /// Could it have come to be like this? A store that answers otherwise has lost or mixed up something.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let mut people: Vec<&str> = self.votes.iter().map(|vote| vote.person.as_str()).collect();
        people.sort_unstable();
        let single = self.ballot.reuse.as_millis() <= 0;
        self.version > 0
            && self.id == AskingId(self.ballot.asking(self.opened_at))
            && self.ballot.expires_at(self.opened_at) == Some(self.expires_at)
            && self.seen_at >= self.opened_at
            && people.is_sorted_by(|a, b| a < b)
            && self.votes.iter().all(|vote| self.ballot.may_vote(vote).is_ok() && vote.at >= self.opened_at)
            && self.claims.iter().all(|claim| claim.attempts > 0)
            && !(single && self.claims.len() > 1)
    }

    fn is_reusable(&self, now: Time) -> bool {
        let first = self.claims.iter().map(|claim| claim.at).min();
        first.is_some_and(|first| self.ballot.is_reusable(first, now))
    }

    /// Neither too old nor refused.
    fn not_over(&self, now: Time) -> Result<(), Refusal> {
        if now > self.expires_at {
            return Err(Refusal::Expired);
        }
        match self.standing() {
            Standing::Refused(person) => Err(Refusal::AlreadyRefused(person)),
            _ => Ok(()),
        }
    }

    /// The time to reckon with: the latest seen, if the one given is only a little behind it.
    fn time(&self, now: Time) -> Result<Time, Refusal> {
        let tolerated = now.checked_add(CLOCK_TOLERANCE).is_none_or(|limit| limit >= self.seen_at);
        if tolerated { Ok(now.max(self.seen_at)) } else { Err(Refusal::ClockBackwards) }
    }

    fn next(&self, now: Time) -> Result<Asking, Refusal> {
        Ok(Asking { version: self.next_version()?, seen_at: now.max(self.seen_at), ..self.clone() })
    }

    fn next_version(&self) -> Result<u64, Refusal> {
        // Stores keep versions as signed numbers.
        self.version.checked_add(1).filter(|next| i64::try_from(*next).is_ok()).ok_or(Refusal::TooLarge("history"))
    }
}

/// What a voter's host sends is kept; not so much of it that one vote could fill a store.
fn bounded(vote: &Vote) -> Result<(), Refusal> {
    if vote.person.len() > NAME {
        return Err(Refusal::TooLarge("person's name"));
    }
    if vote.note.as_ref().is_some_and(|note| note.len() > NOTE) {
        return Err(Refusal::TooLarge("note"));
    }
    if vote.roles.len() > ROLES || vote.roles.iter().any(|role| role.len() > NAME) {
        return Err(Refusal::TooLarge("list of roles"));
    }
    Ok(())
}
