//! Who may vote on one request under one approval, and when it is enough.
//!
//! These are the only rules of eligibility and quorum there are: a decision holds its evidence against them, and whoever
//! collects votes asks them whether a vote counts. A ballot is plain data, so that it can be kept while people think.
//!
//! Knows no clock and no store, and nothing of how people are asked.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Vote, VoteVerdict};
use crate::bundle::{ApprovalDef, RoleDef};
use crate::request::shown;
use crate::state::Fields;
use crate::{Approval, Digest, Duration, Policy, Request, Time};

/// What is voted on, by whom, and how many are needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// Whose call it is; `None` is a tenant of its own.
    pub tenant: Option<String>,
    /// The approval: `package.name`.
    pub approval: String,
    /// Its declared name.
    pub name: String,
    /// The digest of its definition.
    pub approval_digest: Digest,
    /// The request.
    pub request_digest: Digest,
    /// The clauses that require the approval of it; voters must be shown these.
    pub clauses: Vec<String>,
    /// How many people of which roles; every line must be met.
    pub by: Vec<Quorum>,
    /// The acting user's own confirmation is needed.
    pub by_user: bool,
    /// From the first asking to the execution.
    pub expires: Duration,
    /// How long after its first use one approval holds for the same request; zero: a single use.
    pub reuse: Duration,
    /// Votes for it need a note.
    pub note_required: bool,
    /// The acting user, who asks.
    pub user: Option<String>,
    /// The owners of the calling agent and of its chain, who ask, too.
    pub owners: Vec<String>,
    /// The calling agent and its chain.
    pub agents: Vec<String>,
}

/// One `by` line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// How many people.
    pub people: u32,
    /// Of which roles, as the line names them.
    pub of: Vec<String>,
    /// All roles whose holders are of these: the roles themselves, and those that include one.
    pub held: Vec<String>,
}

/// How the votes stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not enough yet; what is missing first.
    Open(Missing),
    /// Enough, and nobody refused.
    Granted,
    /// This person, who may vote, refused.
    Refused(String),
}

/// What votes are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Too few who may vote agreed.
    People {
        /// How many did.
        have: usize,
        /// How many must.
        need: u32,
        /// Of which roles.
        of: Vec<String>,
    },
    /// The acting user has not confirmed.
    Confirmation,
}

/// Why a vote does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteRefusal {
    /// Agents do not vote.
    Agent,
    /// The acting user and the owners of the agents ask, and can't also agree.
    Requester,
    /// The person holds none of the roles.
    Role,
    /// A vote for it needs a note.
    Note,
}

/// Who takes part in a request.
pub(crate) struct Parties<'a> {
    pub(crate) tenant: Option<&'a str>,
    pub(crate) request_digest: Digest,
    pub(crate) user: Option<&'a str>,
    pub(crate) owners: &'a [&'a str],
    pub(crate) agents: &'a [&'a str],
}

impl Policy {
    /// What people vote on when this policy's decision on the request required the approval.
    ///
    /// `None` if the policy has no such approval, or prepared neither: the decision was another policy's.
    #[must_use]
    pub fn ballot(&self, request: &Request, approval: &Approval) -> Option<Ballot> {
        let named = |def: &&ApprovalDef| self.approval_name(def) == approval.id && def.digest == approval.digest;
        let def = self.bundle.approvals.iter().find(named).filter(|_| request.policy == self.digest)?;
        let clauses: Vec<&str> = approval.required_by.iter().map(String::as_str).collect();
        Some(self.ballot_for(request, def, &clauses))
    }

    pub(crate) fn ballot_for(&self, request: &Request, def: &ApprovalDef, clauses: &[&str]) -> Ballot {
        let agents: Vec<&str> = request.agents().collect();
        let owners: Vec<&str> = request.owners().collect();
        let parties = Parties {
            tenant: request.tenant(),
            request_digest: request.digest(self),
            user: request.user(),
            owners: &owners,
            agents: &agents,
        };
        Ballot::new(def, &self.bundle.roles, &parties, clauses)
    }
}

impl Ballot {
    pub(crate) fn new(def: &ApprovalDef, roles: &[RoleDef], parties: &Parties<'_>, clauses: &[&str]) -> Ballot {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Ballot {
            tenant: parties.tenant.map(str::to_owned),
            approval: def.id.clone(),
            name: def.short.clone(),
            approval_digest: def.digest,
            request_digest: parties.request_digest,
            clauses: owned(clauses),
            by: def.by.iter().map(|(people, of)| Quorum::new(*people, of, roles)).collect(),
            by_user: def.by_user,
            expires: Duration::from_millis(def.expires_ms),
            reuse: Duration::from_millis(def.reuse_ms),
            note_required: def.note_required,
            user: parties.user.map(str::to_owned),
            owners: owned(parties.owners),
            agents: owned(parties.agents),
        }
    }

    /// Names one asking, for remembering that it was used: neither votes that arrive later nor another spelling of the
    /// approval's name make it a new one.
    #[must_use]
    pub fn asking(&self, asked_at: Time) -> Digest {
        let mut hash = Fields::new("claw asking");
        hash.option(self.tenant.as_deref());
        hash.text(&self.approval);
        hash.bytes(&self.approval_digest.0);
        hash.bytes(&self.request_digest.0);
        hash.text(&asked_at.to_string());
        hash.finish()
    }

    /// The last moment of what was asked for at this time; `None` beyond the calendar.
    #[must_use]
    pub fn expires_at(&self, asked_at: Time) -> Option<Time> {
        asked_at.checked_add(self.expires)
    }

    /// May an approval that was first used then be used again now?
    #[must_use]
    pub fn is_reusable(&self, first_use: Time, now: Time) -> bool {
        self.reuse.as_millis() > 0 && first_use.checked_add(self.reuse).is_some_and(|end| now <= end)
    }

    /// The acting user must confirm, and there is none: nobody can grant this.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        self.by_user && self.user.is_none()
    }

    /// A clause that requires the approval and is not among these.
    #[must_use]
    pub fn not_among(&self, shown: &[String]) -> Option<&str> {
        self.clauses.iter().find(|clause| !shown.contains(clause)).map(String::as_str)
    }

    /// Does this name mean the approval? The short one will do: the digest of the definition tells namesakes apart.
    pub(super) fn is_named(&self, name: &str) -> bool {
        name == self.approval || name == self.name
    }

    /// Does such a vote count?
    pub fn may_vote(&self, vote: &Vote) -> Result<(), VoteRefusal> {
        self.is_entitled(vote)?;
        let noted = vote.note.as_deref().is_some_and(|note| !note.trim().is_empty());
        // Whoever says no need not say why.
        if vote.verdict == VoteVerdict::Grant && self.note_required && !noted {
            return Err(VoteRefusal::Note);
        }
        Ok(())
    }

    /// How votes stand on what was asked for at this time, expiry and use aside. Votes that may not be given count for
    /// nothing, and so do votes for it from before the asking; of several by one person the first that counts does.
    #[must_use]
    pub fn standing(&self, votes: &[Vote], asked_at: Time) -> Standing {
        let refuses = |vote: &&Vote| vote.verdict == VoteVerdict::Refuse && self.may_vote(vote).is_ok();
        if let Some(vote) = votes.iter().find(refuses) {
            return Standing::Refused(vote.person.clone());
        }
        self.missing(votes, asked_at).map_or(Standing::Granted, Standing::Open)
    }

    /// The first of what is needed and not there. A person counts once in each line whose roles they hold.
    fn missing(&self, votes: &[Vote], asked_at: Time) -> Option<Missing> {
        let counts =
            |vote: &&Vote| vote.verdict == VoteVerdict::Grant && vote.at >= asked_at && self.may_vote(vote).is_ok();
        let mut by_person: BTreeMap<&str, &Vote> = BTreeMap::new();
        for vote in votes.iter().filter(counts) {
            by_person.entry(&vote.person).or_insert(vote);
        }
        if self.by_user && !self.user.as_deref().is_some_and(|user| by_person.contains_key(user)) {
            return Some(Missing::Confirmation);
        }
        self.by.iter().find_map(|line| {
            let have = by_person.values().filter(|vote| !self.is_requester(vote) && line.counts(vote)).count();
            let enough = have >= usize::try_from(line.people).unwrap_or(usize::MAX);
            (!enough).then(|| Missing::People { have, need: line.people, of: line.of.clone() })
        })
    }

    /// May this person vote on it at all?
    fn is_entitled(&self, vote: &Vote) -> Result<(), VoteRefusal> {
        if self.agents.contains(&vote.person) {
            return Err(VoteRefusal::Agent);
        }
        if self.by_user && self.user.as_ref() == Some(&vote.person) {
            return Ok(());
        }
        if self.is_requester(vote) {
            return Err(VoteRefusal::Requester);
        }
        if self.by.iter().any(|line| line.counts(vote)) { Ok(()) } else { Err(VoteRefusal::Role) }
    }

    /// The acting user and the owners of the agents ask; they can't also agree.
    fn is_requester(&self, vote: &Vote) -> bool {
        self.user.as_ref() == Some(&vote.person) || self.owners.contains(&vote.person)
    }
}

impl Quorum {
    fn new(people: u32, of: &[u32], roles: &[RoleDef]) -> Quorum {
        let name = |role: &u32| roles.get(usize::try_from(*role).ok()?).map(|role| role.name.clone());
        let satisfies = |role: &&RoleDef| role.closure.iter().any(|included| of.contains(included));
        Quorum {
            people,
            of: of.iter().filter_map(name).collect(),
            held: roles.iter().filter(satisfies).map(|role| role.name.clone()).collect(),
        }
    }

    fn counts(&self, vote: &Vote) -> bool {
        vote.roles.iter().any(|role| self.held.contains(role))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::People { have, need, of } => {
                write!(f, "{have} of the {need} needed from {} agreed", of.join(", "))
            }
            Missing::Confirmation => f.write_str("the acting user has not confirmed"),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Open(missing) => missing.fmt(f),
            Standing::Granted => f.write_str("it is granted"),
            Standing::Refused(person) => write!(f, "`{}` refused", shown(person)),
        }
    }
}
