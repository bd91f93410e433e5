//! A request with its decision as a `test` block.

use std::fmt::Write as _;

use claw_runtime::{Decision, Json, MemoryState, Outcome, Policy, RequestInput, Settlement};

use super::session::{SESSION, TENANT};
use crate::hir::Package;
use crate::import::text;

/// The block that expects what was decided after these calls, which are allowed; `None` where a test can't say what a
/// request does, or where it would be decided otherwise, since tests run in a session that has just begun.
pub fn test_block(
    package: &Package,
    policy: &Policy,
    name: &str,
    past: &[Json],
    request: &Json,
    decision: &Decision,
) -> Option<String> {
    let state = MemoryState::new();
    let mut out = format!("test {} {{\n", text::string(name));
    for (number, earlier) in past.iter().enumerate() {
        let allowed = decide_as_test(policy, earlier, number, &state)?;
        step(package, earlier, &allowed, &mut out)?;
    }
    let same = decide_as_test(policy, request, past.len(), &state)?;
    if expectation(package, &same) != expectation(package, decision) {
        return None;
    }
    step(package, request, decision, &mut out)?;
    out.push('}');
    Some(out)
}

/// A call with its settings and what is expected of it.
fn step(package: &Package, request: &Json, decision: &Decision, out: &mut String) -> Option<()> {
    let member = |key: &str| request.get(key);
    agent(out, "agent", member("agent")?)?;
    if let Some(user) = member("user") {
        agent(out, "user", user)?;
    }
    let _ = writeln!(out, "  in     {}", text::field(member("environment")?.as_str()?));
    if let Some(time) = member("time") {
        let _ = writeln!(out, "  at     {}", time.as_str()?);
    }
    for key in ["context", "labels", "resolved", "live", "origins"] {
        if let Some(value) = member(key) {
            let shown = if key == "labels" { names(value)? } else { literal(value)? };
            let _ = writeln!(out, "  with   {key} {shown}");
        }
    }
    let _ = writeln!(out, "  call   {} {}", called(package, request)?, literal(member("args")?)?);
    let _ = writeln!(out, "  expect {}", expectation(package, decision));
    Some(())
}

/// What a request comes to in a test's session; an allowed one is executed with success.
fn decide_as_test(policy: &Policy, request: &Json, number: usize, state: &MemoryState) -> Option<Decision> {
    let mut input = RequestInput::from_value(request).ok()?;
    // A test's session and tenant are its own, and may be read.
    input.session = Some(SESSION.to_owned());
    input.tenant = Some(TENANT.to_owned());
    input.call_id = Some(format!("call {}", number + 1));
    let request = policy.prepare(&input).ok()?;
    let decision = policy.begin(&request, state);
    if decision.is_allowed() {
        policy.settle(&request, Settlement::Ok, state).ok()?;
    }
    Some(decision)
}

/// `as agent "id" { … }`.
fn agent(out: &mut String, what: &str, json: &Json) -> Option<()> {
    let Json::Obj(members) = json else { return None };
    let id = json.get("id")?.as_str()?;
    let others: Vec<_> = members.iter().filter(|(key, _)| &**key != "id").cloned().collect();
    let _ = write!(out, "  as     {what} {}", text::string(id));
    if !others.is_empty() {
        let _ = write!(out, " {}", with_roles(&others)?);
    }
    out.push('\n');
    Some(())
}

/// An object in which roles are names.
fn with_roles(members: &[(std::sync::Arc<str>, Json)]) -> Option<String> {
    let mut parts = Vec::with_capacity(members.len());
    for (key, value) in members {
        let value = match (&**key, value) {
            ("roles", roles) => names(roles)?,
            ("chain", Json::Arr(links)) => {
                let links: Option<Vec<String>> = links
                    .iter()
                    .map(|link| if let Json::Obj(members) = link { with_roles(members) } else { None })
                    .collect();
                format!("[{}]", links?.join(", "))
            }
            (_, value) => literal(value)?,
        };
        parts.push(format!("{}: {value}", text::field(key)));
    }
    Some(format!("{{ {} }}", parts.join(", ")))
}

/// A list of words.
fn names(json: &Json) -> Option<String> {
    let Json::Arr(items) = json else { return None };
    let words: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(text::field)).collect();
    Some(format!("[{}]", words?.join(", ")))
}

/// A value as a test takes it.
fn literal(json: &Json) -> Option<String> {
    Some(match json {
        Json::Null => "null".to_owned(),
        Json::Bool(b) => b.to_string(),
        // Policies write no exponents.
        Json::Num(number) if number.contains(['e', 'E']) => return None,
        Json::Num(number) => number.to_string(),
        Json::Str(string) => text::string(string),
        Json::Arr(items) => {
            let items: Option<Vec<String>> = items.iter().map(literal).collect();
            format!("[{}]", items?.join(", "))
        }
        Json::Obj(members) if members.is_empty() => "{}".to_owned(),
        Json::Obj(members) => {
            let members: Option<Vec<String>> =
                members.iter().map(|(key, value)| Some(format!("{}: {}", text::field(key), literal(value)?))).collect();
            format!("{{ {} }}", members?.join(", "))
        }
    })
}

/// The declared name of the tool that is called, if the root module can say it.
fn called(package: &Package, request: &Json) -> Option<String> {
    let tool = request.get("tool")?;
    let name = tool.as_str().or_else(|| tool.get("name")?.as_str())?;
    let server = tool.get("server").and_then(Json::as_str);
    let kind = request.get("kind").and_then(Json::as_str).unwrap_or("tool");
    let fits = |tool: &&crate::hir::Tool| {
        let own = match tool.kind {
            crate::hir::ToolKind::Tool => "tool",
            crate::hir::ToolKind::Resource => "resource",
            crate::hir::ToolKind::Prompt => "prompt",
        };
        tool.wire == name && tool.server.as_deref() == server && own == kind
    };
    let tool = package.tools.iter().find(fits)?;
    let module = &package.modules[tool.decl.module.index()];
    Some(if tool.decl.module.index() == 0 {
        text::field(&tool.decl.name)
    } else {
        // Modules are visible by the last word of their name unless they are renamed.
        let last = module.name.rsplit('.').next().unwrap_or(&module.name);
        format!("{}.{}", text::field(last), text::field(&tool.decl.name))
    })
}

fn expectation(package: &Package, decision: &Decision) -> String {
    let mut out = match decision.outcome {
        Outcome::Allow => "allow".to_owned(),
        Outcome::Deny => "deny".to_owned(),
        Outcome::RequireApproval => {
            let names: Vec<String> = decision.approvals.iter().map(|a| a.id.clone()).collect();
            format!("require {}", names.join(", "))
        }
    };
    if let Some(tier) = decision.tier.as_deref().filter(|_| !package.tiers.is_empty()) {
        let _ = write!(out, " tier {}", text::field(tier));
    }
    if decision.outcome == Outcome::Deny {
        let _ = write!(out, " reason {}", decision.reason.code());
    }
    out
}
