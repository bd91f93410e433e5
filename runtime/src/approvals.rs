//! Approvals: evidence that people agreed, and whether it discharges what a policy requires now.
//!
//! Evidence is never a verdict. It says who voted how on which request, and what they were shown; whether that is
//! enough is decided anew each time, by the rules of `approvals/ballot.rs`. Knows nothing of how people are asked.

use serde::{Deserialize, Serialize};

use crate::request::{Object, shown};
use crate::state::{Consumption, StateError};
use crate::{Approval, Digest, Invalid, Json, Time};

mod ballot;
mod refusal;
mod subject;

pub use self::ballot::{Ballot, Missing, Quorum, Standing, VoteRefusal};
pub(crate) use self::refusal::Refusal;
pub use self::subject::Subject;

/// The votes on one request under one approval, since it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The approval, as the decision named it.
    pub approval: String,
    /// The digest of its definition when people were asked.
    pub approval_digest: Digest,
    /// The request they were shown.
    pub request_digest: Digest,
    /// The clauses they were shown as requiring it.
    pub clauses: Vec<String>,
    /// When it was first asked for.
    pub asked_at: Time,
    /// In any order.
    pub votes: Vec<Vote>,
}

/// One person's vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who: named like users and owners in requests, so that requesters are recognised.
    pub person: String,
    /// The roles they hold; roles that these include need not be listed.
    pub roles: Vec<String>,
    /// What they said.
    pub verdict: VoteVerdict,
    /// Why. Some approvals insist on one.
    pub note: Option<String>,
    /// When.
    pub at: Time,
}

/// What a voter may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteVerdict {
    /// Go ahead.
    Grant,
    /// Not this. Final for the request until the evidence expires.
    Refuse,
}

impl Evidence {
    /// Evidence without votes for an approval that a decision required of the request with this digest.
    #[must_use]
    pub fn new(approval: &Approval, request_digest: Digest, asked_at: Time) -> Evidence {
        Evidence {
            approval: approval.id.clone(),
            approval_digest: approval.digest,
            request_digest,
            clauses: approval.required_by.clone(),
            asked_at,
            votes: Vec::new(),
        }
    }

    /// Adds a vote.
    #[must_use]
    pub fn vote(mut self, vote: Vote) -> Evidence {
        self.votes.push(vote);
        self
    }

    /// Reads one entry of a request's `approvals`; `pointer` is where it stands.
    pub fn from_json(json: &Json, pointer: &str) -> Result<Evidence, Invalid> {
        let object = Object::new(json, pointer)?;
        object.only(&["approval", "approval_digest", "request_digest", "clauses", "asked_at", "votes"])?;
        let votes = object.items("votes")?.iter().enumerate();
        Ok(Evidence {
            approval: object.required("approval")?,
            approval_digest: required_digest(&object, "approval_digest")?,
            request_digest: required_digest(&object, "request_digest")?,
            clauses: object.texts("clauses")?,
            asked_at: required_time(&object, "asked_at")?,
            votes: votes
                .map(|(i, vote)| Vote::from_json(vote, &format!("{pointer}/votes/{i}")))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Vote {
    /// A vote for it.
    #[must_use]
    pub fn grant(person: impl Into<String>, at: Time) -> Vote {
        Vote { person: person.into(), roles: Vec::new(), verdict: VoteVerdict::Grant, note: None, at }
    }

    /// A vote against it.
    #[must_use]
    pub fn refuse(person: impl Into<String>, at: Time) -> Vote {
        Vote { verdict: VoteVerdict::Refuse, ..Vote::grant(person, at) }
    }

    /// Adds a role that the person holds.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Vote {
        self.roles.push(role.into());
        self
    }

    /// Says why.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Vote {
        self.note = Some(note.into());
        self
    }

    fn from_json(json: &Json, pointer: &str) -> Result<Vote, Invalid> {
        let object = Object::new(json, pointer)?;
        object.only(&["person", "roles", "verdict", "note", "at"])?;
        let verdict = match object.required("verdict")?.as_str() {
            "grant" => VoteVerdict::Grant,
            "refuse" => VoteVerdict::Refuse,
            other => {
                return Err(Invalid::new(
                    object.at("verdict"),
                    format!("`{}` is neither grant nor refuse", shown(other)),
                ));
            }
        };
        Ok(Vote {
            person: object.required("person")?,
            roles: object.texts("roles")?,
            verdict,
            note: object.text("note")?,
            at: required_time(&object, "at")?,
        })
    }
}

fn required_time(object: &Object<'_>, key: &str) -> Result<Time, Invalid> {
    object.time(key)?.ok_or_else(|| object.missing(key))
}

fn required_digest(object: &Object<'_>, key: &str) -> Result<Digest, Invalid> {
    object.required(key)?.parse().map_err(|e: String| Invalid::new(object.at(key), e))
}

/// Does the evidence discharge the approval that this ballot asks for, at the request's time? If so, the use of it that
/// `begin` has to record. `consumed` is [`crate::state::StateView::consumed`].
pub(crate) fn discharged(
    ballot: &Ballot,
    evidence: &[Evidence],
    now: Option<Time>,
    consumed: &dyn Fn(&Digest) -> Result<Option<Time>, StateError>,
) -> Result<Consumption, Refusal> {
    if ballot.is_impossible() {
        return Err(Refusal::NoUser);
    }
    let mut best = Err(Refusal::NoEvidence);
    for piece in evidence.iter().filter(|piece| ballot.is_named(&piece.approval)) {
        match piece_discharges(ballot, piece, now, consumed) {
            // Final, whatever other evidence says.
            Err(refused @ Refusal::Refused(_)) => return Err(refused),
            Ok(consumption) => best = best.or(Ok(consumption)),
            Err(refusal) => best = best.map_err(|known| if refusal.rank() > known.rank() { refusal } else { known }),
        }
    }
    best
}

fn piece_discharges(
    ballot: &Ballot,
    piece: &Evidence,
    now: Option<Time>,
    consumed: &dyn Fn(&Digest) -> Result<Option<Time>, StateError>,
) -> Result<Consumption, Refusal> {
    if piece.approval_digest != ballot.approval_digest {
        return Err(Refusal::Redefined);
    }
    if piece.request_digest != ballot.request_digest {
        return Err(Refusal::OtherRequest);
    }
    let expires = ballot.expires_at(piece.asked_at);
    if now.is_some_and(|now| expires.is_some_and(|expires| now > expires)) {
        return Err(Refusal::Expired);
    }
    let standing = ballot.standing(&piece.votes, piece.asked_at);
    if let Standing::Refused(person) = standing {
        return Err(Refusal::Refused(person));
    }
    let now = now.ok_or(Refusal::NoClock)?;
    // An end beyond the calendar is refused like a wrong date.
    let expires = expires.filter(|_| piece.asked_at <= now).ok_or(Refusal::AskedLater)?;
    if let Some(clause) = ballot.not_among(&piece.clauses) {
        return Err(Refusal::NotShown(clause.to_owned()));
    }
    let asking = ballot.asking(piece.asked_at);
    let first = consumed(&asking).map_err(Refusal::Unavailable)?;
    if first.is_some_and(|first| !ballot.is_reusable(first, now)) {
        return Err(Refusal::Used);
    }
    match standing {
        Standing::Open(missing) => Err(Refusal::Missing(missing)),
        Standing::Granted | Standing::Refused(_) => Ok(Consumption { asking, at: now, expires }),
    }
}

#[cfg(test)]
mod tests;
