//! What can happen, as it stands in the audit log.
//!
//! Plain data with the names of the wire. Field names are the log's format: add fields, never change one. Readers
//! ignore fields that they do not know. The names `seq`, `time`, `prev`, `hash` and `clock_backwards` belong to the
//! record around the event.

use claw_runtime::{Digest, Time};
use serde::{Deserialize, Serialize};

use super::wire::{Payload, text, text_option};

/// One thing that happened. On the wire, `event` names which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A call was decided.
    Decision(Box<DecisionEvent>),
    /// A call that was allowed has ended.
    Result(ResultEvent),
    /// A policy was loaded, refused, rolled back or withdrawn.
    Reload(ReloadEvent),
    /// People were asked for an approval.
    Ask(AskEvent),
    /// A person voted, or tried to.
    Vote(VoteEvent),
    /// An asking changed its state.
    Approval(ApprovalEvent),
    /// The log signed itself.
    Checkpoint(CheckpointEvent),
    /// Events before this one could not be recorded; each of them was a denial.
    Gap(GapEvent),
    /// Records before this one waited in memory while the sink was down.
    Spool(SpoolEvent),
    /// A half-written end of the log was found and cut off.
    Torn(TornEvent),
    /// The oldest records are about to be removed, as the host's retention says.
    Dropped(DroppedEvent),
}

impl Event {
    /// Whose it is, as far as the event names somebody.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        match self {
            Event::Decision(event) => event.tenant.as_deref(),
            Event::Result(event) => event.tenant.as_deref(),
            Event::Reload(event) => event.tenant.as_deref(),
            Event::Ask(event) => event.tenant.as_deref(),
            Event::Vote(event) => event.tenant.as_deref(),
            Event::Approval(event) => event.tenant.as_deref(),
            Event::Checkpoint(_) | Event::Gap(_) | Event::Spool(_) | Event::Torn(_) | Event::Dropped(_) => None,
        }
    }

    /// The word on the wire, such as `decision`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Event::Decision(_) => "decision",
            Event::Result(_) => "result",
            Event::Reload(_) => "reload",
            Event::Ask(_) => "ask",
            Event::Vote(_) => "vote",
            Event::Approval(_) => "approval",
            Event::Checkpoint(_) => "checkpoint",
            Event::Gap(_) => "gap",
            Event::Spool(_) => "spool",
            Event::Torn(_) => "torn",
            Event::Dropped(_) => "dropped",
        }
    }
}

/// A call and what was decided. Made by [`DecisionEvent::new`], which leaves secrets out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DecisionEvent {
    /// Whose data and budgets these are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The conversation or task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The session that started this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_session: Option<String>,
    /// The host's name for the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// Who calls.
    pub agent: AgentFacts,
    /// The person it acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where the call would take effect, as the request says.
    pub environment: String,
    /// `tool`, `resource` or `prompt`.
    pub kind: String,
    /// The server that offers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The name on the wire.
    pub tool: String,
    /// The canonical arguments; what is secret reads [`REDACTED`](super::REDACTED). `null` where the request was not
    /// understood, and where `args_omitted` says so.
    pub args: Payload,
    /// The arguments were too large for the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_omitted: Option<Omitted>,
    /// Something of this call was left out because it is secret.
    #[serde(skip_serializing_if = "is_false")]
    pub redacted: bool,
    /// `allow`, `require_approval` or `deny`.
    pub decision: String,
    /// Why: a [`claw_runtime::Reason`]'s code.
    pub reason: String,
    /// What is wrong, where no clause says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The call's tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The clauses that applied.
    pub applied: Vec<AppliedFacts>,
    /// What hints and candidates would have done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<AppliedFacts>,
    /// The approvals that are required and outstanding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
    /// The ids of the askings whose votes the decision was made with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What the host has to enforce, by name.
    #[serde(skip_serializing_if = "Payload::is_empty")]
    pub constraints: Payload,
    /// Labels that the session carries from now on, if the call was allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    /// The same call had been allowed before, and nothing was charged again.
    #[serde(skip_serializing_if = "is_false")]
    pub replayed: bool,
    /// Names what was judged, secrets included.
    #[serde(with = "text_option", skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<Digest>,
    /// The policy's root package.
    pub package: String,
    /// The digest of its bundle; none where no policy decided.
    #[serde(with = "text_option", skip_serializing_if = "Option::is_none")]
    pub policy_digest: Option<Digest>,
    /// How long deciding took, in microseconds.
    pub latency_us: u64,
}

/// The calling agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentFacts {
    /// Its name.
    pub id: String,
    /// The roles it holds, as the request says.
    pub roles: Vec<String>,
    /// The person responsible for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The agents that delegated to it, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
}

/// One effect of a clause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppliedFacts {
    /// The clause's qualified name, or the package and its text.
    pub clause: String,
    /// `grant`, `classify`, `matrix`, `rule` or `limit`.
    pub kind: String,
    /// What it did: `grant`, `classify`, `allow`, `deny`, `require`, `constrain`, `mark` or `limit`.
    pub effect: String,
    /// To what: the tier, approvals, constraint or label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// What it says, with the values of this call; left out where a value is secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Facts whose being unknown made it apply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// A value that was too large for the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// The length of its canonical text in bytes, after redaction.
    pub bytes: u64,
    /// The digest of that text.
    #[serde(with = "text")]
    pub digest: Digest,
}

/// How a call ended that had been allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultEvent {
    /// Whose data and budgets these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The conversation or task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The host's name for the call.
    pub call_id: String,
    /// What was judged.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<Digest>,
    /// How it ended.
    pub outcome: ResultOutcome,
    /// The digest of the result's bytes.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub result_hash: Option<Digest>,
    /// From the decision to the end, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What went wrong; capped by [`ResultEvent::with_error`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl ResultEvent {
    /// The most bytes of an error's text that are kept.
    pub const ERROR_BYTES: usize = 2048;

    /// Says what went wrong; a longer text than [`ResultEvent::ERROR_BYTES`] is cut.
    #[must_use]
    pub fn with_error(mut self, error: &str) -> ResultEvent {
        self.error = Some(super::wire::capped(error, ResultEvent::ERROR_BYTES));
        self
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultOutcome {
    /// As it should.
    Ok,
    /// It was executed and failed; what it did until then is unknown.
    Error,
    /// It never ran.
    NotExecuted,
}

/// A policy was loaded, refused, rolled back or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadEvent {
    /// The tenant whose policy it is; none: everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What came of it.
    pub outcome: ReloadOutcome,
    /// The package of the policy that was loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Its digest, where it could be read.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The digest of the policy that decided until then; after a refusal it still does.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// Where it came from, as the host says: a file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The id of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What came of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReloadOutcome {
    /// It decides from now on.
    Loaded,
    /// It does not; the previous one goes on.
    Refused,
    /// An earlier one decides again.
    RolledBack,
    /// It was taken away; there is none now.
    Withdrawn,
}

/// People were asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskEvent {
    /// Whose call it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The conversation or task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The id of the asking.
    pub asking: String,
    /// The approval, as decisions name it.
    pub approval: String,
    /// The digest of its definition.
    #[serde(with = "text")]
    pub approval_digest: Digest,
    /// The request that people are shown.
    #[serde(with = "text")]
    pub request_digest: Digest,
    /// The call for which it was asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The clauses that require it, as people are shown them.
    pub clauses: Vec<String>,
    /// When the asking ends, used or not.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// A person voted, or tried to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteEvent {
    /// Whose call it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The id of the asking.
    pub asking: String,
    /// The approval; none where there is no such asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// The request that was voted on.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<Digest>,
    /// Who.
    pub person: String,
    /// The roles they hold, as the host says.
    pub roles: Vec<String>,
    /// What they said.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The vote counts.
    pub accepted: bool,
    /// Why it does not: the code of the ledger's refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Go ahead.
    Grant,
    /// Not this.
    Refuse,
}

/// An asking changed its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalEvent {
    /// Whose call it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The id of the asking.
    pub asking: String,
    /// The approval, as decisions name it.
    pub approval: String,
    /// The request it is about.
    #[serde(with = "text")]
    pub request_digest: Digest,
    /// What it came to.
    pub state: ApprovalState,
    /// The call that used or released it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The person whose vote settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// What an asking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Enough people agreed.
    Granted,
    /// Someone entitled refused.
    Refused,
    /// Its time was over.
    Expired,
    /// A call used it.
    Consumed,
    /// A call had claimed it, and gave it back unused.
    Released,
}

/// The log signed itself: every record before this one is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointEvent {
    /// The number of the record before.
    pub through: u64,
    /// Its hash.
    #[serde(with = "text")]
    pub head: Digest,
    /// The id of the key.
    pub key: String,
    /// The signature over [`CheckpointEvent::statement`], in minisign's format.
    pub signature: String,
}

impl CheckpointEvent {
    /// The text that is signed.
    #[must_use]
    pub fn statement(through: u64, head: &Digest) -> String {
        format!("claw audit checkpoint\n{through}\n{head}\n")
    }
}

/// Events that could not be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapEvent {
    /// How many.
    pub lost: u64,
    /// What the sink said last.
    pub error: String,
}

/// Records waited in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolEvent {
    /// The first that waited.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// What the sink said last.
    pub error: String,
}

/// A half-written end, as a crash leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TornEvent {
    /// The file's name.
    pub file: String,
    /// How many bytes were cut off.
    pub bytes: u64,
    /// Their digest.
    #[serde(with = "text")]
    pub digest: Digest,
    /// The name of the file that keeps them.
    pub kept: String,
}

/// The oldest records go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedEvent {
    /// The last of them.
    pub through: u64,
    /// Its hash: the chain that remains begins behind it.
    #[serde(with = "text")]
    pub head: Digest,
}

impl Payload {
    /// Nothing, or an object without members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            claw_runtime::Json::Null => true,
            claw_runtime::Json::Obj(members) => members.is_empty(),
            _ => false,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
fn is_false(flag: &bool) -> bool {
    !flag
}
