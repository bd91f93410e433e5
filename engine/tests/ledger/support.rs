//! What the tests of the ledger share: a policy, requests, votes, and a gateway in miniature.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;

use claw_compiler::compile;
use claw_compiler::graph::Budget;
use claw_compiler::{Checked, Workspace};
use claw_engine::ledger::{Asking, AskingId, Ledger, Opening, Refusal};
use claw_runtime::{
    AgentInput, Decision, Digest, Duration, MemoryState, Policy, Request, RequestInput, Time, UserInput, Vote,
};

pub const POLICY: &str = r#"
package shop
environments prod
roles bot, sre, security, lead includes (sre)
context { ticket?: string, token?: secret }
tool deploy(version: string, key?: secret, command?: command(bash), notes?: list<string>)
tool wipe(all: bool)
grant any to bot
approval two_keys { by 2 of sre, security by 1 of security expires 30m note required }
approval asked    { by user expires 10m }
approval standing { by 1 of sre expires 1h reuse 5m }
/// Deployments are looked at
/// by two people.
rule keys    { on deploy require two_keys suggest "wait for the release manager" }
rule monday  { on deploy unless now < 2026-03-02T12:00:00Z require two_keys }
rule confirm { on wipe unless args.all require asked }
rule stand   { on wipe when args.all require standing }
"#;

pub fn policy() -> Policy {
    policy_of(POLICY)
}

pub fn policy_of(source: &str) -> Policy {
    let mut workspace = Workspace::new();
    workspace.set_file("test.claw", source);
    let analysis = workspace.analyze("test.claw");
    let findings = || claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked =
        Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).unwrap_or_else(|| panic!("{}", findings()));
    Policy::from_bytes(&compile(&checked, &analysis.sources, Budget::default()).to_bytes()).unwrap()
}

/// 10:00:00 and so many seconds.
pub fn at(seconds: i64) -> Time {
    Time::parse("2026-03-02T10:00:00Z").unwrap().checked_add(Duration::from_millis(seconds * 1000)).unwrap()
}

pub fn call(tool: &str) -> RequestInput {
    let planner = AgentInput::new("planner").role("bot").owner("otto");
    RequestInput::tool(tool)
        .call_id("c-1")
        .tenant("acme")
        .session("s")
        .environment("prod")
        .agent(AgentInput::new("bot-1").role("bot").owner("olga").delegated_by(planner))
        .user(UserInput::new("uma").role("sre"))
}

pub fn deploy(version: &str) -> RequestInput {
    call("deploy").arg("version", version)
}

pub fn sre(person: &str) -> Vote {
    Vote::grant(person, at(0)).role("sre").note("looked at it")
}

pub fn security(person: &str) -> Vote {
    Vote::grant(person, at(0)).role("security").note("looked at it")
}

/// A policy, a store of past calls and a ledger, put together as a gateway does.
pub struct Gateway {
    pub policy: Policy,
    pub state: MemoryState,
    pub ledger: Ledger,
}

impl Gateway {
    pub fn new() -> Gateway {
        Gateway::over(policy(), Ledger::in_memory())
    }

    pub fn over(policy: Policy, ledger: Ledger) -> Gateway {
        Gateway { policy, state: MemoryState::new(), ledger }
    }

    pub fn prepare(&self, input: &RequestInput, now: Time) -> Request {
        self.policy.prepare(&input.clone().time(now)).map_err(|d| d.to_string()).unwrap()
    }

    pub fn digest(&self, input: &RequestInput) -> Digest {
        self.prepare(input, at(0)).digest(&self.policy)
    }

    /// What the policy asks of people for this call now.
    pub fn openings(&self, input: &RequestInput, now: Time) -> Vec<Opening> {
        let request = self.prepare(input, now);
        Opening::of(&self.policy, &request, &self.policy.preview(&request, &self.state))
    }

    pub fn ask(&self, input: &RequestInput, now: Time) -> Result<Asking, Refusal> {
        let openings = self.openings(input, now);
        assert_eq!(openings.len(), 1);
        Ok(self.ledger.ask(openings, now)?.remove(0))
    }

    pub fn vote(&self, id: &AskingId, vote: Vote, now: Time) -> Result<Asking, Refusal> {
        self.ledger.vote(Some("acme"), id, vote, now)
    }

    /// One attempt to execute: claim, begin, and release if it was not allowed.
    pub fn begin(&self, input: &RequestInput, now: Time) -> Result<Decision, Refusal> {
        let digest = self.digest(input);
        let call_id = input.call_id.clone().unwrap();
        let tenant = input.tenant.as_deref();
        let claims = self.ledger.claim(tenant, &digest, &call_id, now)?;
        let mut input = input.clone();
        input.approvals.extend(claims.evidence.iter().cloned());
        let decision = self.policy.begin(&self.prepare(&input, now), &self.state);
        if !decision.is_allowed() {
            self.ledger.release(tenant, &claims.held, &call_id)?;
        }
        Ok(decision)
    }

    /// The word of the decision and its reason.
    pub fn attempt(&self, input: &RequestInput, now: Time) -> (String, String) {
        let decision = self.begin(input, now).unwrap();
        (decision.outcome.to_string(), decision.reason.to_string())
    }
}

pub fn word(outcome: &str, reason: &str) -> (String, String) {
    (outcome.to_owned(), reason.to_owned())
}
