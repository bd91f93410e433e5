//! Deciding a prepared request allocates nothing on the way to *allow*.
#![allow(clippy::unwrap_used)]

mod support;

use claw_runtime::bundle::*;
use claw_runtime::{
    AgentInput, NoState, Outcome, Policy, Request, RequestInput, Time, Type, UserInput, Value, parse_text,
};
use support::{Builder, Form, field, optional};

fn allocations(policy: &Policy, request: &Request) -> u64 {
    let mut outcome = None;
    let info = allocation_counter::measure(|| outcome = Some(policy.decide(request, &NoState)));
    assert_eq!(outcome.unwrap().outcome, Outcome::Allow);
    info.count_total
}

/// A policy with something of everything that does not ask a store or a host function.
fn policy() -> Builder {
    let mut b = Builder::new().tiers(&["low", "high"]);
    let emails = Type::list(Type::Email);
    let tool = b.tool(
        "send",
        &[
            field("to", emails.clone()),
            optional("cc", emails),
            field("subject", Type::Str),
            field("cost", Type::Decimal),
            field("file", Type::Path),
        ],
    );
    let (support, user_role) = (b.role(0), b.expr(Expr::UserHasRole(2)));
    let user_role = b.is_true(user_role);
    let grant = b.all(&[support, user_role]);
    b.grant(tool, grant);
    b.classify(tool, 0, Builder::TRUE);

    let (to, cc, none) = (b.arg(0), b.arg(1), b.constant(Value::list(vec![])));
    let cc = b.expr(Expr::Else(cc, none));
    let all = b.expr(Expr::Concat(to, cc));
    let local = b.expr(Expr::Local(0));
    let domain = b.builtin("email.domain", &[local]);
    let ours = b.constant(Value::set(vec![parse_text("acme.com", &Type::Host).unwrap()]));
    let under = b.builtin("host.under_any", &[domain, ours]);
    let stranger = b.not(under);
    let any = b.expr(Expr::Quant(QuantOp::Any, all, stranger));
    let cond = b.not_false(any);
    b.deny("stays_inside", tool, cond, "no");

    let (subject, words) =
        (b.arg(2), b.constant(Value::set((0..1000).map(|i| Value::str(format!("word {i}"))).collect())));
    let listed = b.expr(Expr::In(subject, words));
    let cond = b.not_false(listed);
    b.deny("words", tool, cond, "no");

    let (cost, max) = (b.arg(3), b.constant(Value::Decimal(claw_runtime::Decimal::from(500))));
    let dear = b.expr(Expr::Compare(CompareOp::Gt, cost, max));
    let cond = b.not_false(dear);
    b.deny("dear", tool, cond, "no");

    let (file, srv) = (b.arg(4), b.constant(parse_text("/srv", &Type::Path).unwrap()));
    let inside = b.builtin("path.under", &[file, srv]);
    let cond = b.ask(inside, Ask::NotTrue);
    b.deny("inside", tool, cond, "no");

    let many = b.expr(Expr::Len(all));
    let hundred = b.constant(Value::Int(100));
    let many = b.expr(Expr::Compare(CompareOp::Gt, many, hundred));
    let dev = b.cond(Cond::Envs(1));
    let many = b.not_false(many);
    let cond = b.all(&[many, dev]);
    b.deny("many", tool, cond, "no");
    b.rule("mark", tool, Builder::TRUE, vec![RuleEffect::Mark { label: 0 }]);
    b
}

#[test]
fn the_way_to_allow_allocates_nothing() {
    let policy = policy().build(Form::Graph);
    let input = RequestInput::tool("send")
        .environment("prod")
        .agent(AgentInput::new("bot").role("support").delegated_by(AgentInput::new("planner").role("admin")))
        .user(UserInput::new("u").role("admin"))
        .time(Time::parse("2026-03-02T09:00:00Z").unwrap())
        .session("s")
        .arg("to", ["eva@acme.com", "bob@mail.acme.com"])
        .arg("cc", ["eva@acme.com"])
        .arg("subject", "hi")
        .arg("cost", 12i64)
        .arg("file", "/srv/a")
        .resolved("/args/file", "/srv/b");
    let request = policy.prepare(&input).unwrap();
    assert_eq!(allocations(&policy, &request), 0);
}

#[test]
fn the_counter_counts() {
    let info = allocation_counter::measure(|| drop(std::hint::black_box(vec![1u8; 100])));
    assert_eq!(info.count_total, 1);
}
