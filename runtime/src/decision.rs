//! The answer: a small verdict for enforcing, and the full decision for hosts, approvers and logs.
//!
//! Plain data. Knows nothing of how it was found; see `decide.rs` and `explain.rs`.

mod read;

use std::fmt;
use std::sync::Arc;

use crate::bitset::Bits;
use crate::bundle::{ApprovalId, ClauseKind};
use crate::{CommandReading, Digest, Duration, Json, Reason};

/// What may be done with a call. The order is strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Go ahead.
    Allow,
    /// Not before the approvals that are listed are given; then decide again, with them as evidence.
    RequireApproval,
    /// Not at all.
    Deny,
}

impl Outcome {
    /// The word on the wire: `allow`, `require_approval` or `deny`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Allow => "allow",
            Outcome::RequireApproval => "require_approval",
            Outcome::Deny => "deny",
        }
    }

    /// The outcome that is called so.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Outcome> {
        [Outcome::Allow, Outcome::RequireApproval, Outcome::Deny].into_iter().find(|outcome| outcome.code() == code)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What [`crate::Policy::decide`] answers: enough to enforce, made without allocating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What may be done.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// Index into the policy's tiers; `None` if it has none, or if the decision was made before classifying.
    pub tier: Option<u32>,
    /// How long until a limit that denies has room again, if it ever will.
    pub retry_after: Option<Duration>,
    pub(crate) approvals: Bits,
}

impl Verdict {
    pub(crate) fn deny(reason: Reason) -> Verdict {
        Verdict { outcome: Outcome::Deny, reason, tier: None, retry_after: None, approvals: Bits::default() }
    }

    /// The approvals that are required and outstanding, ascending.
    pub fn approvals(&self) -> impl Iterator<Item = ApprovalId> + use<> {
        self.approvals.iter().map(ApprovalId)
    }

    /// May the call be executed now?
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

/// The full answer, as it goes over the wire; see [`Decision::to_json`].
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The host's name for the call.
    pub call_id: Option<Arc<str>>,
    /// What may be done.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// What is wrong with the request, where no clause says it.
    pub message: Option<String>,
    /// Where in the request `message` applies, as a JSON pointer.
    pub pointer: Option<String>,
    /// The call's tier.
    pub tier: Option<Arc<str>>,
    /// The request's environment.
    pub environment: Option<Arc<str>>,
    /// The canonical arguments: what was judged and is to be dispatched. `null` where the request was not understood.
    pub args: Json,
    /// How the commands among the arguments are read; whoever is asked for approval must be shown it. Empty if there are none.
    pub commands: Vec<CommandReading>,
    /// Every clause that applied, in the policy's order.
    pub applied: Vec<Applied>,
    /// The approvals that are required and outstanding.
    pub approvals: Vec<Approval>,
    /// What the host has to enforce when it executes the call; empty for a denial.
    pub constraints: Vec<(String, Json)>,
    /// Labels that rules mark. The session carries them once `begin` has allowed the call, and not otherwise.
    pub marks: Vec<String>,
    /// How long until a limit that denies has room again.
    pub retry_after: Option<Duration>,
    /// What hints and candidates would have done.
    pub shadow: Vec<Applied>,
    /// The same call was allowed before under this id, and is not settled yet; nothing was charged again.
    pub replayed: bool,
    /// Names what was judged; `None` where the request was not understood.
    pub request_digest: Option<Digest>,
    /// The root module's package.
    pub package: Arc<str>,
    /// The digest of the bundle.
    pub policy_digest: Digest,
}

/// One effect of a clause that applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The clause's qualified name, or the package and its text.
    pub clause: Arc<str>,
    /// What sort of clause.
    pub kind: ClauseKind,
    /// What it did.
    pub effect: Effect,
    /// What it says, with the values of this call.
    pub message: Option<String>,
    /// What it suggests instead.
    pub suggest: Option<String>,
    /// Facts whose being unknown made it apply, such as `context.ticket`.
    pub unknown: Vec<String>,
    /// The file as it was named when the policy was compiled.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// What a clause did to a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It permits the call.
    Grant,
    /// It puts the call into this tier.
    Classify(Arc<str>),
    /// A matrix cell that adds nothing.
    Allow,
    /// It denies.
    Deny,
    /// It requires these approvals.
    Require(Vec<String>),
    /// It constrains how the call is executed.
    Constrain(Arc<str>),
    /// It marks the session with a label.
    Mark(Arc<str>),
    /// A limit that is exceeded or can't be checked.
    Limit,
}

impl Effect {
    /// The word on the wire.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Effect::Grant => "grant",
            Effect::Classify(_) => "classify",
            Effect::Allow => "allow",
            Effect::Deny => "deny",
            Effect::Require(_) => "require",
            Effect::Constrain(_) => "constrain",
            Effect::Mark(_) => "mark",
            Effect::Limit => "limit",
        }
    }

    /// The only sort of clause that does this, or, of several, the rule. On the wire, `kind` is there where it is another.
    const fn usual_kind(&self) -> ClauseKind {
        match self {
            Effect::Grant => ClauseKind::Grant,
            Effect::Classify(_) => ClauseKind::Classify,
            Effect::Allow => ClauseKind::Matrix,
            Effect::Deny | Effect::Require(_) | Effect::Constrain(_) | Effect::Mark(_) => ClauseKind::Rule,
            Effect::Limit => ClauseKind::Limit,
        }
    }
}

/// An approval that is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The declared name; qualified by its package where that is not the root module's.
    pub id: String,
    /// The digest of its definition; evidence names it.
    pub digest: Digest,
    /// How many people of which roles; every line must be met.
    pub by: Vec<(u32, Vec<String>)>,
    /// The acting user's own confirmation is needed.
    pub by_user: bool,
    /// From the first asking to the execution.
    pub expires: Duration,
    /// How long one approval holds for the same request; zero: a single use.
    pub reuse: Duration,
    /// Votes need a note.
    pub note_required: bool,
    /// The clauses that require it; voters must be shown these.
    pub required_by: Vec<String>,
}

impl Decision {
    /// A denial that no policy made, such as [`Reason::NoPolicy`]; its package is empty and its policy's digest zero.
    #[must_use]
    pub fn denial(reason: Reason, message: Option<String>) -> Decision {
        Decision {
            call_id: None,
            outcome: Outcome::Deny,
            reason,
            message,
            pointer: None,
            tier: None,
            environment: None,
            args: Json::Null,
            commands: Vec::new(),
            applied: Vec::new(),
            approvals: Vec::new(),
            constraints: Vec::new(),
            marks: Vec::new(),
            retry_after: None,
            shadow: Vec::new(),
            replayed: false,
            request_digest: None,
            package: Arc::default(),
            policy_digest: Digest([0; 32]),
        }
    }

    /// May the call be executed now?
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allow
    }

    /// The decision as it goes over the wire; [`Decision::from_json`] reads it back.
    ///
    /// Durations are in whole seconds, rounded up; one that is not whole has its milliseconds beside it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut out = Members::default();
        out.put("call_id", option(self.call_id.as_deref()));
        out.put("decision", Json::str(self.outcome.code()));
        out.put("reason", Json::str(self.reason.code()));
        out.put_some("message", self.message.as_deref().map(Json::str));
        out.put_some("pointer", self.pointer.as_deref().map(Json::str));
        out.put("tier", self.tier.clone().map_or(Json::Null, Json::Str));
        out.put("environment", self.environment.clone().map_or(Json::Null, Json::Str));
        out.put("args", self.args.clone());
        let commands = || Json::Arr(self.commands.iter().map(CommandReading::to_json).collect());
        out.put_some("commands", (!self.commands.is_empty()).then(commands));
        out.put("applied", Json::Arr(self.applied.iter().map(Applied::to_json).collect()));
        out.put("approvals", Json::Arr(self.approvals.iter().map(Approval::to_json).collect()));
        let constraints = self.constraints.iter().map(|(name, value)| (name.as_str().into(), value.clone()));
        out.put("constraints", Json::Obj(constraints.collect()));
        out.put("marks", strings(&self.marks));
        out.put("retry_after_s", self.retry_after.map_or(Json::Null, |d| Json::int(d.as_secs_ceil())));
        out.put_some("retry_after_ms", self.retry_after.and_then(part_of_a_second));
        out.put("shadow", Json::Arr(self.shadow.iter().map(Applied::to_json).collect()));
        out.put_some("replayed", self.replayed.then_some(Json::Bool(true)));
        out.put("request_digest", self.request_digest.map_or(Json::Null, |d| Json::str(d.to_string())));
        let policy = vec![
            ("package".into(), Json::Str(self.package.clone())),
            ("digest".into(), Json::str(self.policy_digest.to_string())),
        ];
        out.put("policy", Json::Obj(policy));
        Json::Obj(out.0)
    }
}

impl Applied {
    /// As it stands in a decision's `applied`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut out = Members::default();
        out.put("clause", Json::Str(self.clause.clone()));
        out.put_some("kind", (self.kind != self.effect.usual_kind()).then(|| Json::str(self.kind.code())));
        out.put("effect", Json::str(self.effect.code()));
        match &self.effect {
            Effect::Classify(tier) => out.put("tier", Json::Str(tier.clone())),
            Effect::Require(approvals) => out.put("approvals", strings(approvals)),
            Effect::Constrain(constraint) => out.put("constraint", Json::Str(constraint.clone())),
            Effect::Mark(label) => out.put("label", Json::Str(label.clone())),
            Effect::Grant | Effect::Allow | Effect::Deny | Effect::Limit => {}
        }
        out.put_some("message", self.message.as_deref().map(Json::str));
        out.put_some("suggest", self.suggest.as_deref().map(Json::str));
        out.put_some("unknown", (!self.unknown.is_empty()).then(|| strings(&self.unknown)));
        out.put("file", Json::Str(self.file.clone()));
        out.put("line", Json::int(self.line.into()));
        out.put("column", Json::int(self.column.into()));
        Json::Obj(out.0)
    }
}

impl Approval {
    /// As it stands in a decision's `approvals`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut out = Members::default();
        out.put("id", Json::str(self.id.as_str()));
        out.put("digest", Json::str(self.digest.to_string()));
        let line = |(n, roles): &(u32, Vec<String>)| {
            Json::Obj(vec![("n".into(), Json::int((*n).into())), ("roles".into(), strings(roles))])
        };
        out.put("by", Json::Arr(self.by.iter().map(line).collect()));
        out.put("expires_s", Json::int(self.expires.as_secs_ceil()));
        out.put_some("expires_ms", part_of_a_second(self.expires));
        out.put("reuse_s", Json::int(self.reuse.as_secs_ceil()));
        out.put_some("reuse_ms", part_of_a_second(self.reuse));
        out.put("note_required", Json::Bool(self.note_required));
        out.put("by_user", Json::Bool(self.by_user));
        out.put("required_by", strings(&self.required_by));
        Json::Obj(out.0)
    }
}

/// One compact line of JSON.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

#[derive(Default)]
struct Members(Vec<(Arc<str>, Json)>);

impl Members {
    fn put(&mut self, key: &str, value: Json) {
        self.0.push((key.into(), value));
    }
    fn put_some(&mut self, key: &str, value: Option<Json>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }
}

/// The milliseconds of a duration that is no whole number of seconds, so that nothing is lost on the wire.
fn part_of_a_second(duration: Duration) -> Option<Json> {
    (duration.as_millis() % 1_000 != 0).then(|| Json::int(duration.as_millis()))
}

fn option(text: Option<&str>) -> Json {
    text.map_or(Json::Null, Json::str)
}

fn strings(texts: &[String]) -> Json {
    Json::Arr(texts.iter().map(|text| Json::str(text.as_str())).collect())
}
