//! What the tests of stores share: a policy that asks the past everything, and calls of its tools.
#![allow(dead_code)]

use std::sync::Arc;

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile};
use claw_runtime::{AgentInput, Decimal, Decision, Duration, Policy, RequestInput, State, Time, UserInput};

pub const POLICY: &str = r#"
environments prod
roles bot, sre
labels web, secret
approval ok    { by 1 of sre expires 1h }
approval again { by 1 of sre expires 1h reuse 5m }
tool fetch(id: string)
tool look(id: string)
tool send(id: string, amount: decimal)
tool wipe(id: string)
tool spend(amount: decimal)
grant any to bot
rule marks { on fetch mark web }
@status(hint) rule perhaps { on look mark secret }
@status(candidate) limit hinted { on look max 2 per 1m each session }
rule after_web   { on send when web in session.labels require ok }
rule look_first  { on send unless prior look(prior.id == args.id) within 10m deny "look at it first" }
rule not_again   { on wipe when prior wipe(prior.id like "a*") within 5m deny "wiped already" }
rule wiped_known { on wipe when prior look(prior.id == args.id) within 2m require again }
limit rate { on fetch, look, send, wipe max 5 per 1m each session beyond require ok }
limit sum  { on send sum args.amount max 4 per 1h each agent }
limit wide { on fetch, look, send, wipe max 12 per 6h each tenant }
limit pot  { on spend sum args.amount max 100 per 24h each user }
"#;

/// The policy, compiled.
pub fn policy() -> Policy {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", POLICY);
    let analysis = workspace.analyze("main.claw");
    let found = claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).expect(&found);
    Policy::from_bytes(&compile(&checked, &analysis.sources, Budget::default()).to_bytes()).unwrap()
}

/// 10:00:00 and so many milliseconds.
pub fn at(millis: i64) -> Time {
    Time::parse("2026-03-02T10:00:00Z").unwrap().checked_add(Duration::from_millis(millis)).unwrap()
}

/// A call of a tool by the usual agent for the usual user.
pub fn call(tool: &str, id: &str, millis: i64) -> RequestInput {
    RequestInput::tool(tool)
        .environment("prod")
        .agent(AgentInput::new("a").role("bot"))
        .user(UserInput::new("u"))
        .tenant("acme")
        .session("s")
        .call_id(id)
        .time(at(millis))
}

/// A call that spends something of the user's budget of 100.
pub fn spend(id: &str, amount: &str, millis: i64) -> RequestInput {
    call("spend", id, millis).arg("amount", Decimal::parse(amount).unwrap())
}

/// Decides and reserves.
pub fn begin(policy: &Policy, state: &dyn State, input: RequestInput) -> Decision {
    match policy.prepare(&input) {
        Ok(request) => policy.begin(&request, state),
        Err(denial) => *denial,
    }
}
