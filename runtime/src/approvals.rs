//! Approvals: evidence that people agreed, and whether it discharges what a policy requires now.
//!
//! Evidence is never a verdict. It says who voted how on which request, and what they were shown; whether that is
//! enough is decided anew each time. Knows nothing of how people are asked.

use std::collections::BTreeMap;
use std::fmt;

use crate::bundle::{ApprovalDef, RoleDef};
use crate::request::{Object, shown};
use crate::state::{Consumption, Fields, StateError};
use crate::{Approval, Digest, Duration, Invalid, Json, Reason, Time};

/// The votes on one request under one approval, since it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// Names one asking, for remembering that it was used: neither votes that arrive later nor another spelling of the
    /// approval's name make it a new one.
    pub(crate) fn asking(&self, def: &ApprovalDef, tenant: Option<&str>) -> Digest {
        let mut hash = Fields::new("claw asking");
        hash.option(tenant);
        hash.text(&def.id);
        hash.bytes(&def.digest.0);
        hash.bytes(&self.request_digest.0);
        hash.text(&self.asked_at.to_string());
        hash.finish()
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

/// Why a required approval is not discharged. Later variants are nearer to it, and are what is reported where several
/// pieces of evidence fall short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// None of the evidence is for this approval.
    NoEvidence,
    /// The approval was redefined since people were asked.
    Redefined,
    /// It is for another request: something that was judged has changed.
    OtherRequest,
    /// It was asked for too long ago.
    Expired,
    /// The request has no time, so whether it expired can't be known.
    NoClock,
    /// It claims to have been asked for later than now.
    AskedLater,
    /// People were not shown this clause, which requires it now.
    NotShown(String),
    /// It was used before, and is good for one use or no longer.
    Used,
    /// Whether it was used before can't be known.
    Unavailable(StateError),
    /// Too few who may vote agreed.
    TooFew {
        /// How many did.
        have: usize,
        /// How many must.
        need: u32,
        /// Of which roles.
        of: Vec<String>,
    },
    /// The acting user has not confirmed.
    NotConfirmed,
    /// The acting user must confirm, and there is none.
    NoUser,
    /// This person, who may vote, refused.
    Refused(String),
}

impl Refusal {
    /// The reason of the denial, where it is one. Otherwise the approval is still to be asked for.
    #[must_use]
    pub fn denial(&self) -> Option<Reason> {
        match self {
            Refusal::Refused(_) => Some(Reason::ApprovalRefused),
            Refusal::Expired => Some(Reason::ApprovalExpired),
            Refusal::NoUser => Some(Reason::ApprovalImpossible),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Refusal::NoEvidence => 0,
            Refusal::Redefined => 1,
            Refusal::OtherRequest => 2,
            Refusal::Expired => 3,
            Refusal::NoClock => 4,
            Refusal::AskedLater => 5,
            Refusal::NotShown(_) => 6,
            Refusal::Used => 7,
            Refusal::Unavailable(_) => 8,
            Refusal::TooFew { .. } => 9,
            Refusal::NotConfirmed => 10,
            Refusal::NoUser => 11,
            Refusal::Refused(_) => 12,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoEvidence => f.write_str("nobody was asked yet"),
            Refusal::Redefined => f.write_str("the approval was redefined since people were asked"),
            Refusal::OtherRequest => f.write_str("people approved another request"),
            Refusal::Expired => f.write_str("it was asked for too long ago"),
            Refusal::NoClock => f.write_str("the request has no time, so whether the approval expired is unknown"),
            Refusal::AskedLater => f.write_str("it claims to have been asked for later than now"),
            Refusal::NotShown(clause) => write!(f, "people were not shown `{}`, which requires it now", shown(clause)),
            Refusal::Used => f.write_str("it was used before"),
            Refusal::Unavailable(error) => write!(f, "whether it was used before is unknown: {error}"),
            Refusal::TooFew { have, need, of } => {
                write!(f, "{have} of the {need} needed from {} agreed", of.join(", "))
            }
            Refusal::NotConfirmed => f.write_str("the acting user has not confirmed"),
            Refusal::NoUser => f.write_str("the acting user must confirm, and there is none"),
            Refusal::Refused(person) => write!(f, "`{}` refused", shown(person)),
        }
    }
}

/// What evidence is held against: the request as it is judged now.
pub(crate) struct Circumstances<'a> {
    pub(crate) request_digest: &'a Digest,
    pub(crate) tenant: Option<&'a str>,
    /// The request's time.
    pub(crate) now: Option<Time>,
    /// The acting user.
    pub(crate) user: Option<&'a str>,
    /// The calling agent and its chain: ids and owners. None of them may vote.
    pub(crate) agents: &'a [&'a str],
    pub(crate) owners: &'a [&'a str],
    /// The policy's roles.
    pub(crate) roles: &'a [RoleDef],
    /// [`crate::state::StateView::consumed`].
    pub(crate) consumed: &'a dyn Fn(&Digest) -> Result<Option<Time>, StateError>,
}

/// Does the evidence discharge the approval, which the clauses in `requiring` require now? If so, the use of it that
/// `begin` has to record.
pub(crate) fn discharged(
    def: &ApprovalDef,
    evidence: &[Evidence],
    requiring: &[&str],
    now: &Circumstances<'_>,
) -> Result<Consumption, Refusal> {
    if def.by_user && now.user.is_none() {
        return Err(Refusal::NoUser);
    }
    let check = Check { def, requiring, now };
    let mut best = Err(Refusal::NoEvidence);
    for piece in evidence.iter().filter(|piece| check.is_named(piece)) {
        match check.piece(piece) {
            // Final, whatever other evidence says.
            Err(refused @ Refusal::Refused(_)) => return Err(refused),
            Ok(consumption) => best = best.or(Ok(consumption)),
            Err(refusal) => best = best.map_err(|known| if refusal.rank() > known.rank() { refusal } else { known }),
        }
    }
    best
}

struct Check<'a> {
    def: &'a ApprovalDef,
    requiring: &'a [&'a str],
    now: &'a Circumstances<'a>,
}

impl Check<'_> {
    /// The short name will do: the digest of the definition tells namesakes apart.
    fn is_named(&self, piece: &Evidence) -> bool {
        piece.approval == self.def.id || piece.approval == self.def.short
    }

    fn piece(&self, piece: &Evidence) -> Result<Consumption, Refusal> {
        if piece.approval_digest != self.def.digest {
            return Err(Refusal::Redefined);
        }
        if piece.request_digest != *self.now.request_digest {
            return Err(Refusal::OtherRequest);
        }
        let expires = piece.asked_at.checked_add(Duration::from_millis(self.def.expires_ms));
        if self.now.now.is_some_and(|now| expires.is_some_and(|expires| now > expires)) {
            return Err(Refusal::Expired);
        }
        if let Some(vote) =
            piece.votes.iter().find(|vote| vote.verdict == VoteVerdict::Refuse && self.is_entitled(vote))
        {
            return Err(Refusal::Refused(vote.person.clone()));
        }
        let now = self.now.now.ok_or(Refusal::NoClock)?;
        // An end beyond the calendar is refused like a wrong date.
        let expires = expires.filter(|_| piece.asked_at <= now).ok_or(Refusal::AskedLater)?;
        if let Some(clause) = self.requiring.iter().find(|clause| !piece.clauses.iter().any(|shown| shown == **clause))
        {
            return Err(Refusal::NotShown((*clause).to_owned()));
        }
        let asking = piece.asking(self.def, self.now.tenant);
        self.unused(&asking, now)?;
        self.votes(piece)?;
        Ok(Consumption { asking, at: now, expires })
    }

    /// Good for one use, or for any number within `reuse` of the first.
    fn unused(&self, asking: &Digest, now: Time) -> Result<(), Refusal> {
        let Some(first) = (self.now.consumed)(asking).map_err(Refusal::Unavailable)? else { return Ok(()) };
        let reusable = self.def.reuse_ms > 0
            && first.checked_add(Duration::from_millis(self.def.reuse_ms)).is_some_and(|end| now <= end);
        if reusable { Ok(()) } else { Err(Refusal::Used) }
    }

    /// Every `by` line is met. A person counts once in each line whose roles they hold.
    fn votes(&self, piece: &Evidence) -> Result<(), Refusal> {
        let mut by_person: BTreeMap<&str, &Vote> = BTreeMap::new();
        for vote in piece.votes.iter().filter(|vote| self.counts(vote, piece.asked_at)) {
            by_person.entry(&vote.person).or_insert(vote);
        }
        if self.def.by_user && !self.now.user.is_some_and(|user| by_person.contains_key(user)) {
            return Err(Refusal::NotConfirmed);
        }
        for (need, roles) in &self.def.by {
            let have =
                by_person.values().filter(|vote| !self.is_requester(vote) && self.holds_any(vote, roles)).count();
            if have < usize::try_from(*need).unwrap_or(usize::MAX) {
                let name = |role: &u32| self.role(*role).map_or_else(String::new, |role| role.name.clone());
                return Err(Refusal::TooFew { have, need: *need, of: roles.iter().map(name).collect() });
            }
        }
        Ok(())
    }

    /// A vote for it, given after the asking, by someone entitled, with a note where one is needed.
    fn counts(&self, vote: &Vote, asked_at: Time) -> bool {
        let noted = !self.def.note_required || vote.note.as_deref().is_some_and(|note| !note.trim().is_empty());
        vote.verdict == VoteVerdict::Grant && noted && vote.at >= asked_at && self.is_entitled(vote)
    }

    /// May this person vote on it at all?
    fn is_entitled(&self, vote: &Vote) -> bool {
        if self.now.agents.contains(&vote.person.as_str()) {
            return false;
        }
        let confirms = self.def.by_user && self.now.user == Some(vote.person.as_str());
        confirms || (!self.is_requester(vote) && self.def.by.iter().any(|(_, roles)| self.holds_any(vote, roles)))
    }

    /// The acting user and the owners of the agents ask; they can't also agree.
    fn is_requester(&self, vote: &Vote) -> bool {
        self.now.user == Some(vote.person.as_str()) || self.now.owners.contains(&vote.person.as_str())
    }

    fn holds_any(&self, vote: &Vote, roles: &[u32]) -> bool {
        let held = |role: &RoleDef| vote.roles.contains(&role.name);
        self.now
            .roles
            .iter()
            .filter(|role| held(role))
            .any(|role| role.closure.iter().any(|included| roles.contains(included)))
    }

    fn role(&self, index: u32) -> Option<&RoleDef> {
        self.now.roles.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests;
