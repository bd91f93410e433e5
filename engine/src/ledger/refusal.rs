//! Why the ledger does not do what it was asked to: one closed list, for hosts to branch on and people to read.

use std::fmt;

use claw_runtime::VoteRefusal;

/// Why a vote, a claim or an asking was refused. Nothing was changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such asking, or it was forgotten.
    NotFound,
    /// The asking is another tenant's.
    OtherTenant,
    /// It was asked for too long ago.
    Expired,
    /// It was used, and is good for one use or no longer.
    Consumed,
    /// This person, who may vote, refused; that holds until the asking expires.
    AlreadyRefused(String),
    /// Votes are missing.
    NotYetGranted,
    /// People were shown another request.
    ArgumentsChanged,
    /// The approval was redefined since people were asked.
    DefinitionChanged,
    /// This clause requires the approval now, and people were not shown it.
    NewClause(String),
    /// The acting user and the owners of the agents ask; they can't also agree.
    OwnRequest,
    /// Agents do not vote.
    AgentMayNotVote,
    /// The person holds none of the roles that are asked.
    WrongRole,
    /// A person votes once.
    AlreadyVoted,
    /// A vote for it needs a note.
    NoteRequired,
    /// The acting user must confirm, and there is none.
    NoUser,
    /// The time is more than 2 s behind one that the ledger has seen.
    ClockBackwards,
    /// Something is longer than the ledger keeps; names it.
    TooLarge(&'static str),
    /// Others changed the asking again and again in the meantime. Trying again may help.
    Contended,
    /// The store failed, or answered what can't be. Whether anything was changed is unknown; all operations may be
    /// repeated.
    Unavailable(String),
}

impl Refusal {
    /// A stable word, such as `wrong_role`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::NotFound => "not_found",
            Refusal::OtherTenant => "other_tenant",
            Refusal::Expired => "expired",
            Refusal::Consumed => "consumed",
            Refusal::AlreadyRefused(_) => "already_refused",
            Refusal::NotYetGranted => "not_yet_granted",
            Refusal::ArgumentsChanged => "arguments_changed",
            Refusal::DefinitionChanged => "definition_changed",
            Refusal::NewClause(_) => "new_clause",
            Refusal::OwnRequest => "own_request",
            Refusal::AgentMayNotVote => "agent_may_not_vote",
            Refusal::WrongRole => "wrong_role",
            Refusal::AlreadyVoted => "already_voted",
            Refusal::NoteRequired => "note_required",
            Refusal::NoUser => "no_user",
            Refusal::ClockBackwards => "clock_backwards",
            Refusal::TooLarge(_) => "too_large",
            Refusal::Contended => "contended",
            Refusal::Unavailable(_) => "unavailable",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotFound => f.write_str("there is no such request for approval"),
            Refusal::OtherTenant => f.write_str("the request for approval is another tenant's"),
            Refusal::Expired => f.write_str("it was asked for too long ago"),
            Refusal::Consumed => f.write_str("the approval was used before"),
            Refusal::AlreadyRefused(person) => write!(f, "`{}` refused", super::escape::text(person, 60)),
            Refusal::NotYetGranted => f.write_str("not everybody who must has agreed yet"),
            Refusal::ArgumentsChanged => f.write_str("people were shown another request"),
            Refusal::DefinitionChanged => f.write_str("the approval was redefined since people were asked"),
            Refusal::NewClause(clause) => {
                write!(f, "people were not shown `{}`, which requires it now", super::escape::text(clause, 200))
            }
            Refusal::OwnRequest => f.write_str("whoever asks can't also agree"),
            Refusal::AgentMayNotVote => f.write_str("agents do not vote"),
            Refusal::WrongRole => f.write_str("the person holds none of the roles that are asked"),
            Refusal::AlreadyVoted => f.write_str("the person has voted already"),
            Refusal::NoteRequired => f.write_str("a vote for it needs a note that says why"),
            Refusal::NoUser => f.write_str("the acting user must confirm, and there is none"),
            Refusal::ClockBackwards => f.write_str("the time is more than 2s behind the latest seen"),
            Refusal::TooLarge(what) => write!(f, "the {what} is longer than the ledger keeps"),
            Refusal::Contended => f.write_str("others kept changing it at the same time; try again"),
            Refusal::Unavailable(why) => write!(f, "the ledger of approvals failed: {why}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<VoteRefusal> for Refusal {
    fn from(refusal: VoteRefusal) -> Refusal {
        match refusal {
            VoteRefusal::Agent => Refusal::AgentMayNotVote,
            VoteRefusal::Requester => Refusal::OwnRequest,
            VoteRefusal::Role => Refusal::WrongRole,
            VoteRefusal::Note => Refusal::NoteRequired,
        }
    }
}
