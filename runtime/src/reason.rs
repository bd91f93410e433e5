//! Why a decision is what it is: one closed list of codes, for hosts to branch on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The reason of a decision: of a denial the earliest step's that denied, of an approval requirement the
/// earliest step's that requires one that is still outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The gateway holds no policy that this request could be decided by. Only an engine says so.
    NoPolicy,
    /// The request is malformed, does not fit the tool's signature, or names a role, label or origin that the
    /// policy does not declare.
    InvalidRequest,
    /// The request is larger, deeper or costlier than the runtime's limits.
    LimitsExceeded,
    /// The policy declares no such tool.
    UnknownTool,
    /// The policy declares no such environment.
    UnknownEnvironment,
    /// The tool is pinned, and its definition's digest is missing or another.
    ToolChanged,
    /// The call id was settled before.
    DuplicateCall,
    /// The store of sessions failed, or cannot keep a record of the call.
    StateUnavailable,
    /// No grant holds.
    NotGranted,
    /// The policy has tiers, and no `classify` arm covers the call.
    Unclassified,
    /// The matrix cell of the call's tier and environment.
    Matrix,
    /// A rule.
    Rule,
    /// A limit is exceeded.
    Limit,
    /// A limit applies that cannot be checked: no clock, a missing key, an unknown amount, a failed store.
    LimitUnavailable,
    /// A constraint applies that the host did not declare to enforce, or whose value is unknown.
    UnsupportedConstraint,
    /// Someone entitled refused an approval that is required.
    ApprovalRefused,
    /// Evidence of a required approval has expired.
    ApprovalExpired,
    /// A required approval can be given by nobody: it is the acting user's own, and there is no user.
    ApprovalImpossible,
    /// Whether a required approval was given, or used before, can't be known: the ledger failed. Only an engine says so.
    ApprovalsUnavailable,
    /// The decision could not be written to the audit log. Only an engine says so.
    AuditUnavailable,
    /// Allowed: some grant holds and nothing restricts.
    Granted,
}

impl Reason {
    /// Every reason, in the order of the steps of a decision.
    pub const ALL: [Reason; 21] = [
        Reason::NoPolicy,
        Reason::InvalidRequest,
        Reason::LimitsExceeded,
        Reason::UnknownTool,
        Reason::UnknownEnvironment,
        Reason::ToolChanged,
        Reason::DuplicateCall,
        Reason::StateUnavailable,
        Reason::NotGranted,
        Reason::Unclassified,
        Reason::Matrix,
        Reason::Rule,
        Reason::Limit,
        Reason::LimitUnavailable,
        Reason::UnsupportedConstraint,
        Reason::ApprovalRefused,
        Reason::ApprovalExpired,
        Reason::ApprovalImpossible,
        Reason::ApprovalsUnavailable,
        Reason::AuditUnavailable,
        Reason::Granted,
    ];

    /// The code as it stands in decisions, such as `not_granted`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Reason::NoPolicy => "no_policy",
            Reason::InvalidRequest => "invalid_request",
            Reason::LimitsExceeded => "limits_exceeded",
            Reason::UnknownTool => "unknown_tool",
            Reason::UnknownEnvironment => "unknown_environment",
            Reason::ToolChanged => "tool_changed",
            Reason::DuplicateCall => "duplicate_call",
            Reason::StateUnavailable => "state_unavailable",
            Reason::NotGranted => "not_granted",
            Reason::Unclassified => "unclassified",
            Reason::Matrix => "matrix",
            Reason::Rule => "rule",
            Reason::Limit => "limit",
            Reason::LimitUnavailable => "limit_unavailable",
            Reason::UnsupportedConstraint => "unsupported_constraint",
            Reason::ApprovalRefused => "approval_refused",
            Reason::ApprovalExpired => "approval_expired",
            Reason::ApprovalImpossible => "approval_impossible",
            Reason::ApprovalsUnavailable => "approvals_unavailable",
            Reason::AuditUnavailable => "audit_unavailable",
            Reason::Granted => "granted",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The error: no such code.
impl FromStr for Reason {
    type Err = ();
    fn from_str(code: &str) -> Result<Reason, ()> {
        Reason::ALL.into_iter().find(|reason| reason.code() == code).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_serde_and_read_back() {
        for reason in Reason::ALL {
            assert_eq!(reason.code().parse(), Ok(reason));
            assert_eq!(serde_json::to_string(&reason).ok(), Some(format!("\"{reason}\"")));
        }
        assert_eq!("nope".parse::<Reason>(), Err(()));
    }
}
