//! What the engine writes to the audit log.

use claw_runtime::{Digest, RequestInput, SessionScope, Settlement, Vote, VoteVerdict};

use super::Call;
use crate::audit::{
    ApprovalEvent, ApprovalState, AskEvent, DecisionEvent, Event, ReloadEvent, ReloadOutcome, ResultEvent,
    ResultOutcome, Verdict, VoteEvent,
};
use crate::ledger::{Asking, AskingId, Refusal, State};
use crate::policies::{Change, Event as Reload, Version};

pub(super) fn decision(call: &Call) -> Event {
    let micros = u64::try_from(call.took().as_micros()).unwrap_or(u64::MAX);
    let event = match call.policy() {
        Some(policy) => DecisionEvent::new(call.input(), call.decision(), policy, micros),
        None => DecisionEvent::without_policy(call.input(), call.decision(), micros),
    };
    Event::Decision(Box::new(event.with_evidence(call.held().iter().map(ToString::to_string))))
}

pub(super) fn result(call: &Call, id: &str, how: Settlement, result: Option<&[u8]>) -> Event {
    Event::Result(ResultEvent {
        request_digest: call.decision().request_digest,
        latency_ms: u64::try_from(call.since_started().as_millis()).ok(),
        ..ended(call.input().tenant.as_deref(), call.input().session.as_deref(), id, how, result)
    })
}

pub(super) fn result_by_id(scope: &SessionScope<'_>, id: &str, how: Settlement, result: Option<&[u8]>) -> Event {
    Event::Result(ended(scope.tenant, scope.session, id, how, result))
}

fn ended(tenant: Option<&str>, session: Option<&str>, id: &str, how: Settlement, result: Option<&[u8]>) -> ResultEvent {
    ResultEvent {
        tenant: tenant.map(str::to_owned),
        session: session.map(str::to_owned),
        call_id: id.to_owned(),
        request_digest: None,
        outcome: match how {
            Settlement::Ok => ResultOutcome::Ok,
            Settlement::Error => ResultOutcome::Error,
            Settlement::NotExecuted => ResultOutcome::NotExecuted,
        },
        result_hash: result.map(Digest::of),
        latency_ms: None,
        error: None,
    }
}

pub(super) fn ask(input: &RequestInput, asking: &Asking) -> Event {
    Event::Ask(AskEvent {
        tenant: asking.ballot.tenant.clone(),
        session: input.session.clone(),
        asking: asking.id.to_string(),
        approval: asking.ballot.name.clone(),
        approval_digest: asking.ballot.approval_digest,
        request_digest: asking.ballot.request_digest,
        call_id: input.call_id.clone(),
        clauses: asking.ballot.clauses.clone(),
        expires_at: Some(asking.expires_at),
    })
}

pub(super) fn vote(tenant: Option<&str>, id: &AskingId, vote: &Vote, result: &Result<Asking, Refusal>) -> Event {
    let ballot = result.as_ref().ok().map(|asking| &asking.ballot);
    Event::Vote(VoteEvent {
        tenant: tenant.map(str::to_owned),
        asking: id.to_string(),
        approval: ballot.map(|ballot| ballot.name.clone()),
        request_digest: ballot.map(|ballot| ballot.request_digest),
        person: vote.person.clone(),
        roles: vote.roles.clone(),
        verdict: match vote.verdict {
            VoteVerdict::Grant => Verdict::Grant,
            VoteVerdict::Refuse => Verdict::Refuse,
        },
        note: vote.note.clone(),
        accepted: result.is_ok(),
        refusal: result.as_ref().err().map(|refusal| refusal.code().to_owned()),
    })
}

pub(super) fn approval(asking: &Asking, state: State, call_id: Option<&str>, person: Option<&str>) -> Event {
    Event::Approval(ApprovalEvent {
        tenant: asking.ballot.tenant.clone(),
        asking: asking.id.to_string(),
        approval: asking.ballot.name.clone(),
        request_digest: asking.ballot.request_digest,
        state: match state {
            State::Refused => ApprovalState::Refused,
            State::Expired => ApprovalState::Expired,
            State::Consumed => ApprovalState::Consumed,
            State::Open | State::Granted => ApprovalState::Granted,
        },
        call_id: call_id.map(str::to_owned),
        person: person.map(str::to_owned),
    })
}

/// A policy came, went, or was refused.
pub(super) fn reload(change: &Change) -> Event {
    let (outcome, version, before, error) = match &change.event {
        Reload::Loaded { version, before } => (ReloadOutcome::Loaded, Some(version), before.as_ref(), None),
        Reload::RolledBack { version, before } => (ReloadOutcome::RolledBack, Some(version), before.as_ref(), None),
        Reload::Withdrawn { before } => (ReloadOutcome::Withdrawn, None, Some(before), None),
        Reload::Refused(failure) => (ReloadOutcome::Refused, None, None, Some(failure.to_string())),
    };
    let version: Option<&Version> = version.map(|version| &**version);
    Event::Reload(ReloadEvent {
        tenant: change.tenant.as_deref().map(str::to_owned),
        outcome,
        package: version.map(|version| version.package.clone()),
        digest: version.map(|version| version.digest),
        previous: before.map(|before| before.digest),
        source: Some(change.source.clone()),
        signer: version.and_then(|version| version.signer.as_ref()).map(ToString::to_string),
        error,
    })
}
