//! From a decision to its record: who and what, without secrets, within bounds.

use claw_runtime::bundle::{ClauseKind, Kind};
use claw_runtime::{Applied, Decision, Digest, Effect, Json, Policy, RequestInput};

use super::event::{AgentFacts, AppliedFacts, DecisionEvent, Omitted};
use super::redact::Redaction;
use super::wire::{Payload, capped};

impl DecisionEvent {
    /// The record of a decision; secrets are left out as [`Redaction`] says by default. `latency_us` is in microseconds.
    #[must_use]
    pub fn new(input: &RequestInput, decision: &Decision, policy: &Policy, latency_us: u64) -> DecisionEvent {
        DecisionEvent::redacted(input, decision, policy, latency_us, &Redaction::default())
    }

    /// The same, with a redaction of the host's.
    #[must_use]
    pub fn redacted(
        input: &RequestInput,
        decision: &Decision,
        policy: &Policy,
        latency_us: u64,
        redaction: &Redaction,
    ) -> DecisionEvent {
        let tool = policy.tool(input.kind, input.server.as_deref(), &input.tool);
        let hidden = redaction.apply(decision, tool, policy);
        let (args, args_omitted) = within(hidden.args, redaction.args_bytes);
        let text = Texts { max: redaction.text_bytes, quoted: hidden.quoted };
        let constraints =
            decision.constraints.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect();
        let constraints = if decision.constraints.is_empty() { Json::Null } else { Json::Obj(constraints) };
        let (constraints, too_many) = within(constraints, redaction.args_bytes);
        let names_alone = !decision.constraints.is_empty() && (hidden.quoted || too_many.is_some());
        DecisionEvent {
            args: Payload(args),
            args_omitted,
            redacted: hidden.any,
            message: text.message(decision.message.as_deref()),
            applied: decision.applied.iter().map(|applied| text.applied(applied)).collect(),
            shadow: decision.shadow.iter().map(|applied| text.applied(applied)).collect(),
            // Values that were computed from what is left out stay out, too; and so do those that are too large.
            constraints: Payload(if names_alone { names_only(decision) } else { constraints }),
            ..DecisionEvent::bare(input, decision, latency_us, redaction)
        }
    }

    /// The record of a decision that no policy made, such as `no_policy`. Nothing is known of the arguments then, so none
    /// are recorded.
    #[must_use]
    pub fn without_policy(input: &RequestInput, decision: &Decision, latency_us: u64) -> DecisionEvent {
        let redaction = Redaction::default();
        let text = Texts { max: redaction.text_bytes, quoted: false };
        DecisionEvent {
            message: text.message(decision.message.as_deref()),
            ..DecisionEvent::bare(input, decision, latency_us, &redaction)
        }
    }

    /// Names the askings whose votes the decision was made with.
    #[must_use]
    pub fn with_evidence(mut self, askings: impl IntoIterator<Item = String>) -> DecisionEvent {
        self.evidence = askings.into_iter().collect();
        self
    }

    /// Who asked for what, and the answer; nothing that could hold a value of the call.
    fn bare(input: &RequestInput, decision: &Decision, latency_us: u64, redaction: &Redaction) -> DecisionEvent {
        let text = |text: &str| capped(text, redaction.text_bytes);
        let option = |value: &Option<String>| value.as_deref().map(text);
        DecisionEvent {
            tenant: option(&input.tenant),
            session: option(&input.session),
            parent_session: option(&input.parent_session),
            call_id: option(&input.call_id),
            agent: AgentFacts {
                id: text(&input.agent.id),
                roles: input.agent.roles.iter().map(|role| text(role)).collect(),
                owner: option(&input.agent.owner),
                chain: input.agent.chain.iter().map(|agent| text(&agent.id)).collect(),
            },
            user: input.user.as_ref().map(|user| text(&user.id)),
            environment: text(&input.environment),
            kind: kind_name(input.kind).to_owned(),
            server: option(&input.server),
            tool: text(&input.tool),
            decision: decision.outcome.code().to_owned(),
            reason: decision.reason.code().to_owned(),
            tier: decision.tier.as_deref().map(str::to_owned),
            approvals: decision.approvals.iter().map(|approval| approval.id.clone()).collect(),
            marks: decision.marks.clone(),
            replayed: decision.replayed,
            request_digest: decision.request_digest,
            package: decision.package.to_string(),
            policy_digest: Some(decision.policy_digest).filter(|digest| *digest != Digest([0; 32])),
            latency_us,
            ..DecisionEvent::default()
        }
    }
}

/// Texts that may quote values of the call.
struct Texts {
    max: usize,
    quoted: bool,
}

impl Texts {
    fn message(&self, text: Option<&str>) -> Option<String> {
        text.filter(|_| !self.quoted).map(|text| capped(text, self.max))
    }

    fn applied(&self, applied: &Applied) -> AppliedFacts {
        AppliedFacts {
            clause: capped(&applied.clause, self.max),
            kind: clause_kind(applied.kind).to_owned(),
            effect: applied.effect.code().to_owned(),
            of: match &applied.effect {
                Effect::Classify(name) | Effect::Constrain(name) | Effect::Mark(name) => vec![name.to_string()],
                Effect::Require(approvals) => approvals.clone(),
                Effect::Grant | Effect::Allow | Effect::Deny | Effect::Limit => Vec::new(),
            },
            message: self.message(applied.message.as_deref()),
            unknown: applied.unknown.clone(),
        }
    }
}

/// The value, if its canonical text is not longer than that; otherwise what it was.
fn within(value: Json, max: usize) -> (Json, Option<Omitted>) {
    let text = value.canonical();
    if text.len() <= max {
        return (value, None);
    }
    let omitted = Omitted { bytes: text.len() as u64, digest: Digest::of(text.as_bytes()) };
    (Json::Null, Some(omitted))
}

fn names_only(decision: &Decision) -> Json {
    let names = decision.constraints.iter().map(|(name, _)| (name.as_str().into(), Json::str(super::REDACTED)));
    Json::Obj(names.collect())
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Tool => "tool",
        Kind::Resource => "resource",
        Kind::Prompt => "prompt",
    }
}

const fn clause_kind(kind: ClauseKind) -> &'static str {
    match kind {
        ClauseKind::Grant => "grant",
        ClauseKind::Classify => "classify",
        ClauseKind::Matrix => "matrix",
        ClauseKind::Rule => "rule",
        ClauseKind::Limit => "limit",
    }
}
