//! One test as a host would run it: settings that hold from where they stand, calls in one session.

use std::sync::Arc;

use claw_runtime::{
    Approval, Decision, Duration, Evidence, Json, Limits, MemoryState, NoState, Policy, Request, RequestInput,
    Settlement, Time, Vote,
};

use super::compare::approval_name;
use super::{FailureKind, load};
use crate::hir::{ExternId, OriginId, Package, TestStep, Tool, ToolKind};

/// Tenant and session of every test; the tests of a policy never share a state.
pub(super) const TENANT: &str = "test";
pub(super) const SESSION: &str = "test";

/// A test on its way.
pub(super) struct Session<'a> {
    package: &'a Package,
    policy: &'a Policy,
    /// What the test says that functions answer; of several answers the last counts.
    externs: Vec<(ExternId, Json)>,
    /// The policy with these functions, if there are any.
    with_externs: Option<Policy>,
    state: MemoryState,
    calls: usize,
    agent: Option<Json>,
    user: Option<Json>,
    environment: Option<String>,
    time: Option<Time>,
    /// Further members of the request, in wire form: the last setting of each counts.
    members: Vec<(&'static str, Json)>,
    /// Names of approvals that are taken as given.
    approvals: Vec<String>,
}

impl<'a> Session<'a> {
    pub(super) fn new(package: &'a Package, policy: &'a Policy) -> Session<'a> {
        // Where there is just one environment, a test need not name it.
        let environment = match package.environments.as_slice() {
            [only] => Some(only.decl.name.clone()),
            _ => None,
        };
        Session {
            package,
            policy,
            externs: Vec::new(),
            with_externs: None,
            state: MemoryState::new(),
            calls: 0,
            agent: None,
            user: None,
            environment,
            time: None,
            members: Vec::new(),
            approvals: Vec::new(),
        }
    }

    /// Takes a setting.
    pub(super) fn set(&mut self, step: &TestStep) {
        let package = self.package;
        match step {
            TestStep::AsAgent(id, attributes) => self.agent = Some(with_id(id, attributes)),
            TestStep::AsUser(id, attributes) => self.user = Some(with_id(id, attributes)),
            TestStep::In(env) => self.environment = Some(package.environments[env.index()].decl.name.clone()),
            TestStep::At(time) => self.time = Some(*time),
            TestStep::WithContext(context) => self.member("context", context.clone()),
            TestStep::WithLabels(labels) => {
                let names = labels.iter().map(|label| &package.labels[label.index()].decl.name);
                self.member("labels", strings(names));
            }
            TestStep::WithApprovals(approvals) => {
                self.approvals = approvals.iter().map(|&id| approval_name(package, id)).collect();
            }
            TestStep::WithOrigins(origins) => {
                let names =
                    |ids: &[OriginId]| strings(ids.iter().map(|origin| &package.origins[origin.index()].decl.name));
                self.member("origins", object(origins.iter().map(|(pointer, ids)| (pointer.as_str(), names(ids)))));
            }
            TestStep::WithResolved(resolved) => {
                let targets = resolved.iter().map(|(pointer, target)| (pointer.as_str(), Json::str(target.as_str())));
                self.member("resolved", object(targets));
            }
            TestStep::WithLive(live) => {
                let values =
                    live.iter().map(|(id, value)| (package.lives[id.index()].decl.name.as_str(), value.clone()));
                self.member("live", object(values));
            }
            TestStep::WithExtern(answers) => self.externs(answers),
            TestStep::Call { .. } => {}
        }
    }

    fn member(&mut self, key: &'static str, value: Json) {
        self.members.retain(|(known, _)| *known != key);
        self.members.push((key, value));
    }

    /// Loads the policy once more, with functions that answer as the test says.
    fn externs(&mut self, answers: &[(ExternId, Json)]) {
        self.externs.extend(answers.iter().cloned());
        let Ok(mut policy) = load(self.package, self.policy.bundle().clone()) else { return };
        for (id, answer) in &self.externs {
            let function = &self.package.externs[id.index()];
            // An answer of another type is what a failed function gives: unknown.
            let schema = &self.package.schema;
            let value = claw_runtime::decode_value(answer, &function.result, schema, &Limits::default(), "").ok();
            policy = policy.with_extern(&function.decl.name, move |_| value.clone());
        }
        self.with_externs = Some(policy);
    }

    /// Makes a call. An allowed one is settled: *ok*, or *error* if it `fails`.
    pub(super) fn call(&mut self, tool: &Tool, args: &Json, fails: bool) -> Result<Decision, FailureKind> {
        self.calls += 1;
        let wire = self.request(tool, args)?;
        let policy = self.with_externs.as_ref().unwrap_or(self.policy);
        let prepared = RequestInput::from_value(&wire).ok().map(|input| (policy.prepare(&input), input));
        let (request, mut input) = match prepared {
            Some((Ok(request), input)) => (request, input),
            Some((Err(denial), _)) => return Ok(*denial),
            None => return Ok(policy.decide_json(wire.canonical().as_bytes(), &NoState)),
        };
        let mut decision = policy.begin(&request, &self.state);
        let mut last = request;
        // Evidence can bring up no further approvals, but one round more costs nothing.
        for _ in 0..2 {
            let evidence = self.evidence(&decision, &input);
            if evidence.is_empty() {
                break;
            }
            input.approvals.extend(evidence);
            let Ok(request) = policy.prepare(&input) else { break };
            decision = policy.begin(&request, &self.state);
            last = request;
        }
        self.settle(policy, &last, &decision, fails);
        Ok(decision)
    }

    fn settle(&self, policy: &Policy, request: &Request, decision: &Decision, fails: bool) {
        if decision.is_allowed() {
            let how = if fails { Settlement::Error } else { Settlement::Ok };
            // A fresh store in memory holds every call that it just allowed.
            let _ = policy.settle(request, how, &self.state);
        }
    }

    /// The request as the host would send it.
    fn request(&self, tool: &Tool, args: &Json) -> Result<Json, FailureKind> {
        let incomplete =
            |what: &str, help: &str| FailureKind::Incomplete { message: what.to_owned(), help: help.to_owned() };
        let agent = self.agent.clone().ok_or_else(|| {
            incomplete("no agent makes this call", "put `as agent \"…\" { roles: […] }` before the call")
        })?;
        let environment = self
            .environment
            .as_deref()
            .ok_or_else(|| incomplete("this call has no environment", "put `in ENVIRONMENT` before the call"))?;
        let mut name = vec![("name", Json::str(tool.wire.as_str()))];
        name.extend(tool.server.as_deref().map(|server| ("server", Json::str(server))));
        name.extend(tool.pinned.as_deref().map(|digest| ("digest", Json::str(digest))));
        let kind = match tool.kind {
            ToolKind::Tool => "tool",
            ToolKind::Resource => "resource",
            ToolKind::Prompt => "prompt",
        };
        let mut request = vec![
            ("call_id", Json::str(format!("call {}", self.calls))),
            ("tenant", Json::str(TENANT)),
            ("session", Json::str(SESSION)),
            ("environment", Json::str(environment)),
            ("agent", agent),
            ("kind", Json::str(kind)),
            ("tool", object(name)),
            ("args", args.clone()),
        ];
        request.extend(self.time.map(|time| ("time", Json::str(time.to_string()))));
        request.extend(self.user.clone().map(|user| ("user", user)));
        request.extend(self.members.iter().cloned());
        Ok(object(request))
    }

    /// Votes for the approvals that the decision asks for and the test takes as given. Without a clock there is no
    /// evidence.
    fn evidence(&self, decision: &Decision, input: &RequestInput) -> Vec<Evidence> {
        let (Some(now), Some(digest)) = (self.time, decision.request_digest) else { return Vec::new() };
        // Asked a moment ago, each time another one: evidence is used up by the call it was given for.
        let ago = Duration::from_millis(i64::try_from(self.calls).unwrap_or(i64::MAX));
        let asked_at = now.checked_sub(ago).unwrap_or(now);
        let given = |approval: &&Approval| {
            self.approvals.contains(&approval.id) && !input.approvals.iter().any(|known| known.approval == approval.id)
        };
        let asked = decision.approvals.iter().filter(given);
        asked.map(|approval| votes(approval, Evidence::new(approval, digest, asked_at), input, now)).collect()
    }
}

/// As many people as the longest line asks for, each with every role of the approval; and the acting user, where
/// their own confirmation is needed.
fn votes(approval: &Approval, mut evidence: Evidence, input: &RequestInput, now: Time) -> Evidence {
    let people = approval.by.iter().map(|(n, _)| *n).max().unwrap_or(0);
    let note = "given by the test";
    for person in 1..=people {
        let roles = approval.by.iter().flat_map(|(_, roles)| roles);
        let vote = roles.fold(Vote::grant(format!("approver {person} of the test"), now), Vote::role);
        evidence = evidence.vote(vote.note(note));
    }
    if let (true, Some(user)) = (approval.by_user, &input.user) {
        let vote = user.roles.iter().fold(Vote::grant(user.id.as_str(), now), Vote::role);
        evidence = evidence.vote(vote.note(note));
    }
    evidence
}

fn with_id(id: &str, attributes: &Json) -> Json {
    let mut members: Vec<(Arc<str>, Json)> = vec![("id".into(), Json::str(id))];
    if let Json::Obj(attributes) = attributes {
        members.extend(attributes.iter().cloned());
    }
    Json::Obj(members)
}

fn object<'k>(members: impl IntoIterator<Item = (&'k str, Json)>) -> Json {
    Json::Obj(members.into_iter().map(|(key, value)| (Arc::from(key), value)).collect())
}

fn strings<'n>(names: impl Iterator<Item = &'n String>) -> Json {
    Json::Arr(names.map(|name| Json::str(name.as_str())).collect())
}
