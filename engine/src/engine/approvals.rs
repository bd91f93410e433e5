//! Approvals as an engine uses them: taking what was granted, asking for what is missing, voting.

use claw_runtime::{Outcome, Reason, RequestInput, Vote};

use super::{Call, Engine, EngineError, trail};
use crate::ledger::{Asking, AskingId, Opening, Refusal, State};

impl Engine {
    /// Asks for the approvals that a call waits for. Asking again gives the same askings, with the votes so far.
    ///
    /// # Errors
    /// [`EngineError`]; nobody was asked then, or nobody knows.
    pub fn ask(&self, call: &Call) -> Result<Vec<Asking>, EngineError> {
        let ledger = self.0.ledger.as_ref().ok_or(EngineError::NoLedger)?;
        let openings = match call.judged() {
            Some((policy, request)) if call.needs_approval() => Opening::of(policy, request, call.decision()),
            _ => Vec::new(),
        };
        if openings.is_empty() {
            return Err(EngineError::NothingToAsk);
        }
        let now = self.now(call.input().time)?;
        let request = call.decision().request_digest.ok_or(EngineError::NothingToAsk)?;
        let known: Vec<AskingId> = {
            let before = ledger.of_request(call.input().tenant.as_deref(), &request)?;
            before.into_iter().map(|asking| asking.id).collect()
        };
        let askings = ledger.ask(openings, now)?;
        for asking in askings.iter().filter(|asking| !known.contains(&asking.id)) {
            self.record(Some(now), &trail::ask(call.input(), asking))?;
        }
        Ok(askings)
    }

    /// Records a person's vote. Who they are and which roles they hold is the host's word. An attempt that the ledger
    /// refuses is in the audit log, too.
    ///
    /// # Errors
    /// [`EngineError::Refused`] says why the vote does not count; after [`EngineError::Audit`] it does count, and the log
    /// does not say so.
    pub fn vote(&self, tenant: Option<&str>, asking: &AskingId, vote: Vote) -> Result<Asking, EngineError> {
        let ledger = self.0.ledger.as_ref().ok_or(EngineError::NoLedger)?;
        let now = self.now(None)?;
        let result = ledger.vote(tenant, asking, vote.clone(), now);
        self.record(Some(now), &trail::vote(tenant, asking, &vote, &result))?;
        let asking = result?;
        if matches!(asking.state(now), State::Granted | State::Refused) {
            self.record(Some(now), &trail::approval(&asking, asking.state(now), None, Some(&vote.person)))?;
        }
        Ok(asking)
    }

    /// Decides anew with what the ledger knows of the request, and holds what was granted for this call.
    pub(super) fn with_approvals(&self, mut call: Call) -> Call {
        let Some(ledger) = &self.0.ledger else { return call };
        let input = call.input();
        let (Some(id), Some(now)) = (input.call_id.as_deref(), input.time) else { return call };
        let (Some(digest), Some((policy, _))) = (call.decision().request_digest, call.judged()) else { return call };
        let tenant = input.tenant.as_deref();
        let claims = match ledger.claim(tenant, &digest, id, now) {
            Ok(claims) if claims.evidence.is_empty() => return call,
            Ok(claims) => claims,
            Err(refusal) => {
                call.deny(Reason::ApprovalsUnavailable, refusal.to_string());
                return call;
            }
        };
        let input = RequestInput { approvals: claims.evidence, ..input.clone() };
        let decision = match policy.prepare(&input) {
            Ok(request) => policy.begin_shared(&request, &*self.0.state),
            Err(denial) => denial.into(),
        };
        let held = if decision.outcome == Outcome::Allow {
            claims.held
        } else {
            // If this fails they stay with the call, which may try again: too strict, not too lax.
            let _ = ledger.release(tenant, &claims.held, id);
            Vec::new()
        };
        let input = RequestInput { approvals: Vec::new(), ..input };
        call.decided(input, decision, held);
        call
    }

    fn now(&self, told: Option<claw_runtime::Time>) -> Result<claw_runtime::Time, EngineError> {
        let no_clock = || EngineError::Refused(Refusal::Unavailable("the time is not known".to_owned()));
        told.or_else(|| self.0.clock.now()).ok_or_else(no_clock)
    }
}
