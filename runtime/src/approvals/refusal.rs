//! Why evidence does not discharge an approval, and what of that is a denial.

use std::fmt;

use crate::request::shown;
use crate::state::StateError;
use crate::{Missing, Reason};

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
    /// Votes are missing.
    Missing(Missing),
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

    /// How near to being discharged it is.
    pub(super) fn rank(&self) -> u8 {
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
            Refusal::Missing(Missing::People { .. }) => 9,
            Refusal::Missing(Missing::Confirmation) => 10,
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
            Refusal::Missing(missing) => missing.fmt(f),
            Refusal::NoUser => f.write_str("the acting user must confirm, and there is none"),
            Refusal::Refused(person) => write!(f, "`{}` refused", shown(person)),
        }
    }
}
