//! Decisions of hand-made policies, each by the graph and clause by clause.
#![allow(clippy::unwrap_used)]

mod support;

use claw_runtime::bundle::*;
use claw_runtime::{
    AgentInput, Collect, Decimal, Decision, Json, NoState, Outcome, Policy, Reason, RequestInput, Time, Type,
    UserInput, Value,
};
use support::{Builder, Form, field, optional};

const FORMS: [Form; 2] = [Form::Graph, Form::Clauses];

fn support_bot(tool: &str) -> RequestInput {
    RequestInput::tool(tool).environment("prod").agent(AgentInput::new("bot").role("support")).session("s")
}

/// The decision; also checks that the verdict says the same.
fn decide(policy: &Policy, input: &RequestInput) -> Decision {
    match policy.prepare(input) {
        Err(denial) => *denial,
        Ok(request) => {
            let decision = policy.explain(&request, &NoState);
            let verdict = policy.decide(&request, &NoState);
            assert_eq!((verdict.outcome, verdict.reason), (decision.outcome, decision.reason));
            decision
        }
    }
}

/// The outcome, the same in both forms.
fn reason(builder: &Builder, input: &RequestInput) -> (Outcome, Reason) {
    let [a, b] = FORMS.map(|form| decide(&builder.build(form), input));
    assert_eq!(Decision { policy_digest: b.policy_digest, ..a.clone() }, b);
    (a.outcome, a.reason)
}

const GRANTED: (Outcome, Reason) = (Outcome::Allow, Reason::Granted);
const NOT_GRANTED: (Outcome, Reason) = (Outcome::Deny, Reason::NotGranted);
const RULE: (Outcome, Reason) = (Outcome::Deny, Reason::Rule);

#[test]
fn only_a_grant_permits() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    assert_eq!(reason(&b, &support_bot("t")), NOT_GRANTED);
    let role = b.role(0);
    b.grant(tool, role);
    assert_eq!(reason(&b, &support_bot("t")), GRANTED);
    assert_eq!(reason(&b, &support_bot("t").agent(AgentInput::new("x").role("admin"))), GRANTED);
    assert_eq!(reason(&b, &support_bot("t").agent(AgentInput::new("x").role("sre"))), NOT_GRANTED);
    assert_eq!(reason(&b, &support_bot("t").agent(AgentInput::new("x"))), NOT_GRANTED);
}

#[test]
fn a_chain_is_as_strong_as_its_weakest_link() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    let role = b.role(0);
    b.grant(tool, role);
    let agent = |link: &str| AgentInput::new("x").role("support").delegated_by(AgentInput::new("y").role(link));
    assert_eq!(reason(&b, &support_bot("t").agent(agent("admin"))), GRANTED);
    assert_eq!(reason(&b, &support_bot("t").agent(agent("sre"))), NOT_GRANTED);
    // A restriction on the role applies where some link holds it, an exemption where all do.
    let sre = b.expr(Expr::AgentHasRole(1));
    let cond = b.not_false(sre);
    b.deny("no_sre", tool, cond, "no");
    assert_eq!(reason(&b, &support_bot("t").agent(agent("support"))), GRANTED);
    let mixed = AgentInput::new("x").role("support").role("sre").delegated_by(AgentInput::new("y").role("support"));
    assert_eq!(reason(&b, &support_bot("t").agent(mixed)), RULE);
}

/// `grant t to support`; `deny` where `args.cc` is `"x"`, with `cc` optional; and the exemption `unless args.cc == "x"`.
fn optional_argument(exempts: bool) -> Builder {
    let mut b = Builder::new();
    let tool = b.tool("t", &[optional("cc", Type::Str)]);
    let role = b.role(0);
    b.grant(tool, role);
    let (cc, x) = (b.arg(0), b.str("x"));
    let eq = b.eq(cc, x);
    let cond = if exempts { b.ask(eq, Ask::NotTrue) } else { b.not_false(eq) };
    b.deny("rule", tool, cond, "no");
    b
}

#[test]
fn unknown_never_excuses() {
    let when = optional_argument(false);
    assert_eq!(reason(&when, &support_bot("t").arg("cc", "x")), RULE);
    assert_eq!(reason(&when, &support_bot("t").arg("cc", "y")), GRANTED);
    assert_eq!(reason(&when, &support_bot("t")), RULE);
    let unless = optional_argument(true);
    assert_eq!(reason(&unless, &support_bot("t").arg("cc", "x")), GRANTED);
    assert_eq!(reason(&unless, &support_bot("t").arg("cc", "y")), RULE);
    assert_eq!(reason(&unless, &support_bot("t")), RULE);
    let decision = decide(&unless.build(Form::Graph), &support_bot("t"));
    assert_eq!(decision.applied.last().unwrap().unknown, ["args.cc"]);
    assert_eq!(decision.applied.last().unwrap().message.as_deref(), Some("no"));
}

#[test]
fn unknown_never_grants() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[optional("cc", Type::Str)]);
    let (cc, x) = (b.arg(0), b.str("x"));
    let eq = b.eq(cc, x);
    let cond = b.is_true(eq);
    b.grant(tool, cond);
    assert_eq!(reason(&b, &support_bot("t").arg("cc", "x")), GRANTED);
    assert_eq!(reason(&b, &support_bot("t")), NOT_GRANTED);
}

#[test]
fn requests_are_checked_before_any_clause() {
    let mut b = Builder::new();
    let mut count = field("count", Type::Int);
    count.default = Some(Value::Int(3));
    let tool = b.tool("t", &[field("to", Type::list(Type::Email)), optional("cc", Type::Str), count]);
    b.grant(tool, Builder::TRUE);
    let policy = b.build(Form::Graph);
    let good = || support_bot("t").arg("to", ["Eva@ACME.com"]);
    let decision = decide(&policy, &good().arg("cc", Json::Null));
    assert_eq!(decision.outcome, Outcome::Allow);
    assert_eq!(decision.args.canonical(), r#"{"count":3,"to":["eva@acme.com"]}"#);
    for (input, reason, pointer) in [
        (good().arg("extra", 1i64), Reason::InvalidRequest, "/args/extra"),
        (support_bot("t"), Reason::InvalidRequest, "/args/to"),
        (good().arg("to", "eva@acme.com"), Reason::InvalidRequest, "/args/to"),
        (good().arg("to", ["nope"]), Reason::InvalidRequest, "/args/to/0"),
        (good().arg("count", "3"), Reason::InvalidRequest, "/args/count"),
        (good().arg("count", Json::Null), Reason::InvalidRequest, "/args/count"),
        (good().environment("prd"), Reason::UnknownEnvironment, "/environment"),
        (RequestInput { tool: "u".to_owned(), ..good() }, Reason::UnknownTool, "/tool"),
        (good().server("s"), Reason::UnknownTool, "/tool"),
        (good().kind(Kind::Prompt), Reason::UnknownTool, "/tool"),
        (good().label("nope"), Reason::InvalidRequest, "/labels/0"),
        (good().agent(AgentInput::new("x").role("nope")), Reason::InvalidRequest, "/agent/roles/0"),
        (good().user(UserInput::new("u").role("nope")), Reason::InvalidRequest, "/user/roles/0"),
        (good().origin("/args/to", "nope"), Reason::InvalidRequest, "/origins/~1args~1to"),
        (good().origin("/arg/to", "web"), Reason::InvalidRequest, "/origins/~1arg~1to"),
    ] {
        let decision = decide(&policy, &input);
        assert_eq!((decision.outcome, decision.reason), (Outcome::Deny, reason), "{decision}");
        assert_eq!(decision.pointer.as_deref(), Some(pointer), "{decision}");
    }
    let hint = decide(&policy, &good().environment("prd"));
    assert!(hint.message.unwrap().contains("did you mean `prod`?"));
    let hint = decide(&policy, &good().arg("cd", "x"));
    assert_eq!(hint.message.as_deref(), Some("`t` has no argument `cd` (did you mean `cc`?)"));
}

#[test]
fn the_wire_form_is_exact() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    b.grant(tool, Builder::TRUE);
    let policy = b.build(Form::Graph);
    let decide = |text: &str| policy.decide_json(text.as_bytes(), &NoState);
    let good = r#"{"environment":"prod","agent":{"id":"a","extra":1},"tool":"t","parent_session":null}"#;
    assert_eq!(decide(good).outcome, Outcome::Allow, "{}", decide(good));
    assert_eq!(decide(&good.replace("\"t\"", r#"{"name":"t"}"#)).outcome, Outcome::Allow);
    for (text, reason, message) in [
        ("", Reason::InvalidRequest, ""),
        ("[]", Reason::InvalidRequest, "expected an object"),
        (r#"{"enviroment":"prod"}"#, Reason::InvalidRequest, "did you mean `environment`?"),
        (r#"{"environment":"prod","tool":"t"}"#, Reason::InvalidRequest, "`agent` is missing"),
        (r#"{"environment":"prod","agent":{},"tool":"t"}"#, Reason::InvalidRequest, "`id` is missing"),
        (r#"{"environment":"prod","agent":{"id":"a"},"agent":{"id":"b"},"tool":"t"}"#, Reason::InvalidRequest, "twice"),
        (
            r#"{"environment":"prod","agent":{"id":"a"},"tool":{"name":"t","serve":"x"}}"#,
            Reason::InvalidRequest,
            "`server`",
        ),
        (r#"{"environment":"prod","agent":{"id":"a"},"tool":"t","time":"2026-01-01"}"#, Reason::InvalidRequest, ""),
        (
            r#"{"environment":"prod","agent":{"id":"a"},"tool":"t","kind":"thing"}"#,
            Reason::InvalidRequest,
            "not one of",
        ),
        (
            r#"{"environment":"prod","agent":{"id":"a"},"tool":"t","args":[]}"#,
            Reason::InvalidRequest,
            "expected an object",
        ),
    ] {
        let decision = decide(text);
        assert_eq!((decision.outcome, decision.reason), (Outcome::Deny, reason), "{text}");
        assert!(decision.message.as_deref().unwrap().contains(message), "{text}: {decision}");
    }
    let deep = format!(r#"{{"call_id":"c","args":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    assert_eq!(decide(&deep).reason, Reason::LimitsExceeded);
    assert_eq!(decide(r#"{"call_id":"c","x":1}"#).call_id.as_deref(), Some("c"));
}

#[test]
fn the_highest_tier_and_its_cell_decide() {
    let mut b = Builder::new().tiers(&["low", "high"]);
    let tool = b.tool("t", &[field("n", Type::Int)]);
    b.grant(tool, Builder::TRUE);
    let on_call = b.approval("on_call", 1, &[1]);
    b.cell(0, 2, false, &[]);
    b.cell(1, 2, false, &[on_call]);
    b.cell(1, 1, true, &[]);
    assert_eq!(reason(&b, &support_bot("t").arg("n", 1i64)), (Outcome::Deny, Reason::Unclassified));
    b.classify(tool, 0, Builder::TRUE);
    let (n, five) = (b.arg(0), b.constant(Value::Int(5)));
    let big = b.expr(Expr::Compare(CompareOp::Gt, n, five));
    let cond = b.not_false(big);
    b.classify(tool, 1, cond);
    assert_eq!(reason(&b, &support_bot("t").arg("n", 5i64)), GRANTED);
    assert_eq!(reason(&b, &support_bot("t").arg("n", 6i64)), (Outcome::RequireApproval, Reason::Matrix));
    assert_eq!(reason(&b, &support_bot("t").arg("n", 6i64).environment("staging")), (Outcome::Deny, Reason::Matrix));
    let decision = decide(&b.build(Form::Graph), &support_bot("t").arg("n", 6i64));
    assert_eq!(decision.tier.as_deref(), Some("high"));
    assert_eq!(decision.approvals.len(), 1);
    assert_eq!(decision.approvals[0].id, "on_call");
    assert_eq!(decision.approvals[0].required_by, ["acme.matrix 1 2"]);
    let clauses: Vec<(&str, &str)> = decision.applied.iter().map(|a| (&*a.clause, a.effect.code())).collect();
    assert_eq!(clauses, [("acme.grant 0", "grant"), ("acme.1 on 0", "classify"), ("acme.matrix 1 2", "require")]);
}

#[test]
fn rules_that_read_the_tier() {
    let mut b = Builder::new().tiers(&["low", "high"]);
    let tool = b.tool("t", &[field("n", Type::Int)]);
    b.grant(tool, Builder::TRUE);
    b.classify(tool, 0, Builder::TRUE);
    let (n, five) = (b.arg(0), b.constant(Value::Int(5)));
    let big = b.expr(Expr::Compare(CompareOp::Gt, n, five));
    let cond = b.not_false(big);
    b.classify(tool, 1, cond);
    let high = b.cond(Cond::TierAtLeast(1));
    b.deny("too_high", tool, high, "no");
    assert_eq!(reason(&b, &support_bot("t").arg("n", 5i64)), GRANTED);
    assert_eq!(reason(&b, &support_bot("t").arg("n", 6i64)), RULE);
}

#[test]
fn quantifiers_over_what_is_put_together() {
    // deny when any(a in args.to + (args.cc else []): not (a.domain under {acme.com}))
    let mut b = Builder::new();
    let emails = Type::list(Type::Email);
    let tool = b.tool("t", &[field("to", emails.clone()), optional("cc", emails)]);
    b.grant(tool, Builder::TRUE);
    let (to, cc, none) = (b.arg(0), b.arg(1), b.constant(Value::list(vec![])));
    let cc = b.expr(Expr::Else(cc, none));
    let all = b.expr(Expr::Concat(to, cc));
    let local = b.expr(Expr::Local(0));
    let domain = b.builtin("email.domain", &[local]);
    let ours = b.constant(Value::set(vec![claw_runtime::parse_text("acme.com", &Type::Host).unwrap()]));
    let under = b.builtin("host.under_any", &[domain, ours]);
    let stranger = b.not(under);
    let any = b.expr(Expr::Quant(QuantOp::Any, all, stranger));
    let cond = b.not_false(any);
    b.deny("stays_inside", tool, cond, "no");
    assert_eq!(reason(&b, &support_bot("t").arg("to", ["a@acme.com", "b@mail.acme.com"])), GRANTED);
    assert_eq!(reason(&b, &support_bot("t").arg("to", ["a@acme.com", "b@evil.example"])), RULE);
    assert_eq!(reason(&b, &support_bot("t").arg("to", ["a@acme.com"]).arg("cc", ["b@evil.example"])), RULE);
    assert_eq!(reason(&b, &support_bot("t").arg("to", ["a@notacme.com"])), RULE);
    assert_eq!(reason(&b, &support_bot("t").arg("to", Json::Arr(vec![]))), GRANTED);
}

/// Decides `deny when expr` over a tool with one optional list argument; true where it applies.
fn applies(ask: Ask, make: impl FnOnce(&mut Builder, ExprId) -> ExprId, input: RequestInput) -> bool {
    let mut b = Builder::new();
    let tool = b.tool("t", &[optional("xs", Type::list(Type::Int))]);
    b.grant(tool, Builder::TRUE);
    let xs = b.arg(0);
    let expr = make(&mut b, xs);
    let cond = b.ask(expr, ask);
    b.deny("rule", tool, cond, "no");
    reason(&b, &input) == RULE
}

#[test]
fn membership_is_any_equality() {
    let with = |xs: Vec<i64>| support_bot("t").arg("xs", xs);
    let one_in = |b: &mut Builder, xs: ExprId| {
        let one = b.constant(Value::Int(1));
        b.expr(Expr::In(one, xs))
    };
    assert!(applies(Ask::IsTrue, one_in, with(vec![2, 1])));
    assert!(applies(Ask::IsFalse, one_in, with(vec![2])));
    assert!(applies(Ask::IsFalse, one_in, with(vec![])));
    assert!(!applies(Ask::IsFalse, one_in, support_bot("t")) && !applies(Ask::IsTrue, one_in, support_bot("t")));
    // An unknown value is in no empty list, and may be in any other.
    let unknown_in = |b: &mut Builder, xs: ExprId| {
        let now = b.expr(Expr::Fact(Fact::Now));
        b.expr(Expr::In(now, xs))
    };
    assert!(applies(Ask::IsFalse, unknown_in, with(vec![])));
    assert!(!applies(Ask::IsFalse, unknown_in, with(vec![1])));
    // One known equality is enough, whatever the other elements are.
    let in_literal = |b: &mut Builder, _: ExprId| {
        let (now, one) = (b.expr(Expr::Fact(Fact::Tenant)), b.str("x"));
        let range = b.range(&[now, one]);
        let list = b.expr(Expr::List(range));
        b.expr(Expr::In(one, list))
    };
    assert!(applies(Ask::IsTrue, in_literal, support_bot("t")));
}

#[test]
fn else_and_present_see_only_absence() {
    let present = |b: &mut Builder, xs: ExprId| b.expr(Expr::Present(xs));
    assert!(applies(Ask::IsFalse, present, support_bot("t")));
    assert!(applies(Ask::IsTrue, present, support_bot("t").arg("xs", Vec::<i64>::new())));
    let now_present = |b: &mut Builder, _: ExprId| {
        let now = b.expr(Expr::Fact(Fact::Now));
        b.expr(Expr::Present(now))
    };
    assert!(!applies(Ask::IsFalse, now_present, support_bot("t")));
    assert!(!applies(Ask::IsTrue, now_present, support_bot("t")));
    let unknown_else = |b: &mut Builder, _: ExprId| {
        let (tenant, x) = (b.expr(Expr::Fact(Fact::Tenant)), b.str("x"));
        let or_x = b.expr(Expr::Else(tenant, x));
        b.eq(or_x, x)
    };
    assert!(!applies(Ask::IsTrue, unknown_else, support_bot("t")));
}

#[test]
fn lengths_of_partly_known_lists_are_intervals() {
    // `paths(args)` of a tool with an opaque argument: nothing is known but that there are at least none.
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("x", Type::Json)]);
    b.grant(tool, Builder::TRUE);
    let paths = b.expr(Expr::Collect(Collect::Paths));
    let (len, minus) = (b.expr(Expr::Len(paths)), b.constant(Value::Int(-1)));
    let more = b.expr(Expr::Compare(CompareOp::Gt, len, minus));
    let surely = b.is_true(more);
    b.deny("surely", tool, surely, "no");
    assert_eq!(reason(&b, &support_bot("t").arg("x", 1i64)), RULE);
    let zero = b.constant(Value::Int(0));
    let some = b.expr(Expr::Compare(CompareOp::Gt, len, zero));
    let surely_not = b.ask(some, Ask::NotTrue);
    b.deny("unless_some", tool, surely_not, "no");
    let decision = decide(&b.build(Form::Graph), &support_bot("t").arg("x", 1i64));
    assert_eq!(decision.applied.last().unwrap().unknown, ["paths(args)"]);
}

#[test]
fn messages_show_values_safely() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("x", Type::Str)]);
    b.grant(tool, Builder::TRUE);
    let (x, tenant) = (b.arg(0), b.expr(Expr::Fact(Fact::Tenant)));
    let text = |text: &str| TemplatePart::Text(text.to_owned());
    let message = b.template(vec![text("not "), TemplatePart::Value(x), text(" of "), TemplatePart::Value(tenant)]);
    b.rule("rule", tool, Builder::TRUE, vec![RuleEffect::Deny(message)]);
    let decision = decide(&b.build(Form::Graph), &support_bot("t").arg("x", "a\nb\u{202e}c"));
    assert_eq!(decision.applied[1].message.as_deref(), Some("not a\\nb\\u{202e}c of (unknown)"));
}

#[test]
fn constraints_must_be_enforced_and_known() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[optional("n", Type::Int)]);
    b.grant(tool, Builder::TRUE);
    b.bundle.constraints.push(ConstraintDef { name: "rows".to_owned(), ty: Type::Int, merge: MergeOp::Min });
    let (n, ten) = (b.arg(0), b.constant(Value::Int(10)));
    for value in [ten, n] {
        b.rule("c", tool, Builder::TRUE, vec![RuleEffect::Constrain { constraint: 0, value }]);
    }
    let unsupported = (Outcome::Deny, Reason::UnsupportedConstraint);
    assert_eq!(reason(&b, &support_bot("t").arg("n", 3i64)), unsupported);
    let policy = b.build(Form::Graph).with_enforced_constraints(["rows"]);
    let decision = decide(&policy, &support_bot("t").arg("n", 3i64));
    assert_eq!(decision.constraints, [("rows".to_owned(), Json::int(3))]);
    assert_eq!(decide(&policy, &support_bot("t").arg("n", 30i64)).constraints, [("rows".to_owned(), Json::int(10))]);
    assert_eq!(decide(&policy, &support_bot("t")).reason, Reason::UnsupportedConstraint);
}

#[test]
fn limits_without_a_store_are_unavailable() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    b.grant(tool, Builder::TRUE);
    b.limit("rate", tool, 5, 60_000, &[LimitKey::Agent], None);
    let now = Time::parse("2026-03-02T09:00:00Z").unwrap();
    assert_eq!(reason(&b, &support_bot("t").time(now)), (Outcome::Deny, Reason::LimitUnavailable));
    let decision = decide(&b.build(Form::Graph), &support_bot("t"));
    assert!(decision.applied.last().unwrap().message.as_deref().unwrap().contains("no time"), "{decision}");
}

#[test]
fn hints_decide_nothing_and_are_reported() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    b.grant(tool, Builder::TRUE);
    b.deny("hint", tool, Builder::TRUE, "would be denied");
    b.shadow();
    assert_eq!(reason(&b, &support_bot("t")), GRANTED);
    let decision = decide(&b.build(Form::Graph), &support_bot("t"));
    assert_eq!(decision.shadow.len(), 1);
    assert_eq!(decision.shadow[0].message.as_deref(), Some("would be denied"));
    assert_eq!(decision.applied.len(), 1);
}

#[test]
fn externs_are_called_once_and_fail_closed() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("x", Type::Str)]);
    b.grant(tool, Builder::TRUE);
    b.bundle.externs.push(ExternDef {
        name: "known".to_owned(),
        params: vec![Type::Str],
        result: Type::Bool,
        timeout_ms: 100,
    });
    for name in ["a", "b"] {
        let x = b.arg(0);
        let range = b.range(&[x]);
        let call = b.expr(Expr::Extern(0, range));
        let cond = b.ask(call, Ask::NotTrue);
        b.deny(name, tool, cond, "no");
    }
    let input = support_bot("t").arg("x", "v");
    assert_eq!(reason(&b, &input), RULE);
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let policy = b.build(Form::Graph).with_extern("known", move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Some(Value::Bool(true))
    });
    let request = policy.prepare(&input).unwrap();
    assert!(policy.decide(&request, &NoState).is_allowed());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    let wrong = b.build(Form::Graph).with_extern("known", |_| Some(Value::Int(1)));
    let decision = decide(&wrong, &input);
    assert_eq!(decision.reason, Reason::Rule);
    assert_eq!(decision.applied[1].unknown, ["known(…)"]);
}

#[test]
fn pinned_tools_and_attributes() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    b.grant(tool, Builder::TRUE);
    b.bundle.agent.push(field("purpose", Type::Str));
    b.bundle.context.push(optional("ticket", Type::Str));
    let pinned = claw_runtime::Digest::of(b"definition");
    b.bundle.tools[0].pinned = Some(pinned);
    let ticket = b.expr(Expr::Attr(AttrRoot::Context, 0));
    let present = b.expr(Expr::Present(ticket));
    let cond = b.ask(present, Ask::NotTrue);
    b.deny("needs_ticket", tool, cond, "no");
    let agent = AgentInput::new("bot").attr("purpose", "x").attr("colour", 1i64);
    let input = || support_bot("t").agent(agent.clone()).tool_digest(pinned.to_string());
    assert_eq!(reason(&b, &input().context("ticket", "T-1")), GRANTED);
    assert_eq!(reason(&b, &input().context("ticket", Json::Null)), RULE);
    assert_eq!(reason(&b, &input()), RULE);
    assert_eq!(decide(&b.build(Form::Graph), &input()).applied[1].unknown, ["context.ticket"]);
    assert_eq!(reason(&b, &input().tool_digest("sha256:00")), (Outcome::Deny, Reason::ToolChanged));
    assert_eq!(reason(&b, &RequestInput { tool_digest: None, ..input() }), (Outcome::Deny, Reason::ToolChanged));
    assert_eq!(reason(&b, &input().agent(AgentInput::new("bot"))), (Outcome::Deny, Reason::InvalidRequest));
}

#[test]
fn switches_agree_with_equality() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[optional("n", Type::Decimal)]);
    b.grant(tool, Builder::TRUE);
    let subject = b.arg(0);
    let decimal = |text: &str| Value::Decimal(Decimal::parse(text).unwrap());
    let constants = [Value::Int(1), decimal("2.5"), decimal("7")];
    b.bundle.consts.extend(constants);
    b.bundle.switches.push(Switch {
        subject,
        classes: vec![(ConstId(0), 0), (ConstId(1), 1), (ConstId(2), 1)],
        patterns: None,
    });
    let mut bundle = b.bundle(Form::Graph);
    bundle.nodes.push(Node::Switch {
        switch: 0,
        on_unknown: Target::TRUE,
        otherwise: Target::FALSE,
        cases: vec![(1, Target::TRUE)],
    });
    // Stands for `deny when args.n in [2.5, 7]`.
    bundle.tools[0].roots.as_mut().unwrap().deny = Target::node(bundle.nodes.len() as u32 - 1);
    let policy = Policy::from_bytes(&bundle.to_bytes()).unwrap();
    let outcome = |input: &RequestInput| policy.decide(&policy.prepare(input).unwrap(), &NoState).outcome;
    let with = |n: &str| support_bot("t").arg("n", Decimal::parse(n).unwrap());
    assert_eq!(outcome(&with("7.0")), Outcome::Deny);
    assert_eq!(outcome(&with("2.50")), Outcome::Deny);
    assert_eq!(outcome(&with("1")), Outcome::Allow);
    assert_eq!(outcome(&with("3")), Outcome::Allow);
    assert_eq!(outcome(&support_bot("t")), Outcome::Deny);
}

#[test]
fn origins_are_the_union_over_parts() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("to", Type::list(Type::Str))]);
    b.grant(tool, Builder::TRUE);
    let (web, origins) = (b.str("web"), b.expr(Expr::Origins(0, Vec::new())));
    let from_web = b.expr(Expr::In(web, origins));
    let cond = b.not_false(from_web);
    b.deny("from_web", tool, cond, "no");
    let input = || support_bot("t").arg("to", ["a", "b"]);
    assert_eq!(reason(&b, &input()), RULE);
    assert_eq!(reason(&b, &input().origin("/args/to", "user_prompt")), GRANTED);
    assert_eq!(reason(&b, &input().origin("/args", "user_prompt")), GRANTED);
    assert_eq!(reason(&b, &input().origin("/args/to", "user_prompt").origin("/args/to/1", "web")), RULE);
    assert_eq!(reason(&b, &input().origin("/args/to", "web").origin("/args/to/1", "user_prompt")), RULE);
    assert_eq!(reason(&b, &input().origin("/args/to/0", "user_prompt")), RULE);
    let both = input().origin("/args/to/0", "user_prompt").origin("/args/to/1", "user_prompt");
    assert_eq!(reason(&b, &both), GRANTED);
}

#[test]
fn labels_without_a_store() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    b.grant(tool, Builder::TRUE);
    let untrusted = b.expr(Expr::HasLabel(0));
    let cond = b.is_true(untrusted);
    b.deny("surely", tool, cond, "no");
    let input = support_bot("t");
    assert_eq!(reason(&b, &input), GRANTED);
    assert_eq!(reason(&b, &input.clone().label("untrusted")), RULE);
    let cond = b.not_false(untrusted);
    b.deny("perhaps", tool, cond, "no");
    assert_eq!(reason(&b, &input), RULE);
    assert_eq!(decide(&b.build(Form::Graph), &input).applied[1].unknown, ["session.labels"]);
}

#[test]
fn callable_over_approximates() {
    let mut b = Builder::new();
    let free = b.tool("free", &[]);
    b.grant(free, Builder::TRUE);
    let scoped = b.tool("scoped", &[field("x", Type::Str)]);
    let (x, y) = (b.arg(0), b.str("y"));
    let eq = b.eq(x, y);
    let (eq, role) = (b.is_true(eq), b.role(0));
    let cond = b.all(&[eq, role]);
    b.grant(scoped, cond);
    let other_env = b.tool("dev_only", &[]);
    let dev = b.cond(Cond::Envs(1));
    b.grant(other_env, dev);
    b.tool("never", &[]);
    let for_admin = b.tool("for_admin", &[]);
    let admin = b.expr(Expr::UserHasRole(2));
    let cond = b.is_true(admin);
    b.grant(for_admin, cond);
    let policy = b.build(Form::Graph);
    let names = |agent: &AgentInput, user: Option<&UserInput>, env: &str| {
        policy.callable(agent, user, env).unwrap().iter().map(|tool| tool.name.clone()).collect::<Vec<_>>()
    };
    let support = AgentInput::new("a").role("support");
    assert_eq!(names(&support, None, "prod"), ["free", "scoped"]);
    assert_eq!(names(&AgentInput::new("a"), None, "dev"), ["free", "dev_only"]);
    assert_eq!(names(&support, Some(&UserInput::new("u").role("admin")), "prod"), ["free", "scoped", "for_admin"]);
    assert!(policy.callable(&support, None, "nope").is_err());
}

#[test]
fn digests_name_what_is_judged() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("n", Type::Decimal), optional("p", Type::Path)]);
    b.grant(tool, Builder::TRUE);
    let policy = b.build(Form::Graph);
    let digest = |input: &RequestInput| policy.prepare(input).unwrap().digest(&policy);
    let number = |text: &str| Json::parse(text.as_bytes(), policy.limits()).unwrap();
    let base = support_bot("t").arg("n", number("1.0"));
    let now = Time::parse("2026-03-02T09:00:00Z").unwrap();
    assert_eq!(digest(&base), digest(&support_bot("t").arg("n", number("1e0"))));
    assert_eq!(digest(&base), digest(&base.clone().time(now).call_id("c")));
    for other in [
        base.clone().arg("n", number("1.1")),
        base.clone().session("other"),
        base.clone().tenant("x"),
        base.clone().environment("dev"),
        base.clone().user(UserInput::new("u")),
        base.clone().agent(AgentInput::new("bot").delegated_by(AgentInput::new("y"))),
        base.clone().arg("p", "/a"),
        base.clone().context("x", 1i64),
        base.clone().resolved("/args/p", "/b"),
        base.clone().tool_digest("sha256:1"),
    ] {
        assert_ne!(digest(&base), digest(&other), "{other:?}");
    }
}

#[test]
fn a_request_is_good_for_its_policy_only() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    b.grant(tool, Builder::TRUE);
    let request = b.build(Form::Graph).prepare(&support_bot("t")).unwrap();
    b.deny("rule", tool, Builder::FALSE, "no");
    let other = b.build(Form::Graph);
    assert_eq!(other.decide(&request, &NoState).reason, Reason::InvalidRequest);
    assert_eq!(other.explain(&request, &NoState).reason, Reason::InvalidRequest);
}
