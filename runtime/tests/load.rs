//! What is not a well-formed bundle is refused, and nothing that loads makes a decision panic.
#![allow(clippy::unwrap_used)]

mod support;

use claw_runtime::bundle::*;
use claw_runtime::{AgentInput, Digest, LoadError, NoState, Policy, RequestInput, Type, Value};
use proptest::prelude::*;
use support::{Builder, Form, field, optional};

/// Some of everything.
fn builder() -> Builder {
    let mut b = Builder::new().tiers(&["low", "high"]);
    let tool = b.tool("t", &[field("x", Type::Str), optional("xs", Type::list(Type::Int))]);
    let role = b.role(0);
    b.grant(tool, role);
    b.classify(tool, 0, Builder::TRUE);
    let on_call = b.approval("on_call", 1, &[1]);
    b.cell(1, 2, false, &[on_call]);
    let (x, y) = (b.arg(0), b.str("y"));
    let eq = b.eq(x, y);
    let cond = b.not_false(eq);
    let message = b.template(vec![TemplatePart::Text("no ".to_owned()), TemplatePart::Value(x)]);
    b.rule("deny", tool, cond, vec![RuleEffect::Deny(message), RuleEffect::Mark { label: 1 }]);
    let (xs, local, one) = (b.arg(1), b.expr(Expr::Local(0)), b.constant(Value::Int(1)));
    let less = b.expr(Expr::Compare(CompareOp::Lt, local, one));
    let any = b.expr(Expr::Quant(QuantOp::Any, xs, less));
    let (any, staging) = (b.not_false(any), b.cond(Cond::Envs(2)));
    let cond = b.all(&[any, staging]);
    b.rule("require", tool, cond, vec![RuleEffect::Require(vec![on_call])]);
    b.limit("rate", tool, 5, 60_000, &[LimitKey::Agent], Some(one));
    b.tool("u", &[]);
    b
}

fn exercise(policy: &Policy) {
    for env in ["dev", "staging", "prod"] {
        let agent = AgentInput::new("a").role("support");
        let base = RequestInput::tool("t").environment(env).agent(agent.clone()).arg("x", "y").session("s");
        for input in [base.clone(), base.arg("xs", vec![1i64, 0]), RequestInput::tool("u").environment(env)] {
            if let Ok(request) = policy.prepare(&input) {
                let _ = (policy.decide(&request, &NoState), policy.explain(&request, &NoState).to_string());
            }
        }
        let _ = policy.callable(&agent, None, env);
    }
}

#[test]
fn bundles_round_trip() {
    for form in [Form::Graph, Form::Clauses] {
        let bundle = builder().bundle(form);
        let bytes = bundle.to_bytes();
        assert_eq!(Bundle::from_bytes(&bytes).unwrap(), bundle);
        let policy = Policy::from_bytes(&bytes).unwrap();
        assert_eq!(policy.digest(), bundle.digest());
        assert_eq!(Policy::from_bundle(bundle).unwrap().digest(), policy.digest());
        exercise(&policy);
    }
}

/// So large that several threads read and check it.
#[test]
fn large_bundles_load_as_small_ones_do() {
    let mut b = builder();
    let role = b.role(0);
    for i in 0..50 {
        let tool = b.tool(&format!("tool_{i}"), &[field("x", Type::Str)]);
        let (x, y) = (b.arg(0), b.str(&format!("no-{i}")));
        let eq = b.eq(x, y);
        let cond = b.not_false(eq);
        b.grant(tool, role);
        b.deny(&format!("rule_{i}"), tool, cond, "no");
    }
    for i in 0..40_000 {
        b.str(&format!("{i} {}", "x".repeat(32)));
    }
    let bundle = b.bundle(Form::Graph);
    let bytes = bundle.to_bytes();
    assert!(bytes.len() > 1 << 20, "{}", bytes.len());
    assert_eq!(Bundle::from_bytes(&bytes).unwrap(), bundle);
    exercise(&Policy::from_bytes(&bytes).unwrap());
    for at in [50, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert_eq!(Policy::from_bytes(&damaged).unwrap_err(), LoadError::Digest);
        // What is damaged and sealed again is refused or loads; it never panics.
        let _ = Policy::from_bytes(&seal(&damaged[44..]));
    }
    let refused = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = bundle.clone();
        change(&mut bundle);
        Policy::from_bytes(&bundle.to_bytes()).unwrap_err().to_string()
    };
    assert!(refused(&|b| b.conds.push(Cond::TierAtLeast(2))).contains("conds"));
    assert!(refused(&|b| b.tools[40].wire = b.tools[3].wire.clone()).contains("twice"));
    assert!(refused(&|b| b.clauses[60].module = 99).contains("clauses"));
}

#[test]
fn the_header_is_checked() {
    let bytes = builder().bundle(Form::Graph).to_bytes();
    let error = |bytes: &[u8]| Policy::from_bytes(bytes).unwrap_err();
    assert_eq!(error(b""), LoadError::NotABundle);
    assert_eq!(error(b"package acme"), LoadError::NotABundle);
    let mut other = bytes.clone();
    other[8] = 99;
    assert_eq!(error(&other), LoadError::Format(99));
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(error(&changed), LoadError::Digest);
    assert_eq!(error(&bytes[..bytes.len() - 1]), LoadError::Digest);
    let longer = seal(&[&bytes[44..], b"x"].concat());
    assert!(matches!(error(&longer), LoadError::Malformed(_)));
}

/// A bundle with this body and the digest to go with it.
fn seal(body: &[u8]) -> Vec<u8> {
    let header = builder().bundle(Form::Graph).to_bytes();
    [&header[..12], &Digest::of(body).0, body].concat()
}

/// Loads the bundle after a change; the error's text.
fn refused(change: impl FnOnce(&mut Bundle)) -> String {
    let mut bundle = builder().bundle(Form::Graph);
    change(&mut bundle);
    match Policy::from_bundle(bundle) {
        Err(error) => error.to_string(),
        Ok(_) => "it loads".to_owned(),
    }
}

#[test]
fn references_must_lead_somewhere() {
    let far = 1_000_000;
    let message = |part: &str, change: &dyn Fn(&mut Bundle)| {
        let error = refused(change);
        assert!(error.contains(part), "{part}: {error}");
    };
    message("exprs", &|b| b.exprs.push(Expr::Not(ExprId(far))));
    message("does not stand earlier", &|b| b.exprs.push(Expr::Not(ExprId(b.exprs.len() as u32))));
    message("exprs", &|b| b.exprs.push(Expr::Const(ConstId(far))));
    message("exprs", &|b| b.exprs.push(Expr::And(Range { start: u32::MAX, len: u32::MAX })));
    message("constant", &|b| b.exprs.push(Expr::JsonAt(ExprId(0), ConstId(far), Type::Int)));
    message("record", &|b| b.exprs.push(Expr::JsonAt(ExprId(0), ConstId(0), Type::Record(claw_runtime::RecordId(0)))));
    message("no builtin", &|b| b.builtins.push("no.such".to_owned()));
    message("wrong number", &|b| {
        b.builtins.push("email.domain".to_owned());
        b.exprs.push(Expr::Builtin(0, Range::default()));
    });
    message("atoms", &|b| b.atoms.push(Atom { expr: ExprId(far), partial: true }));
    message("conds", &|b| b.conds.push(Cond::Ask(AtomId(far), Ask::IsTrue)));
    message("environment", &|b| b.conds.push(Cond::Envs(8)));
    message("tier", &|b| b.conds.push(Cond::TierAtLeast(2)));
    message("nodes", &|b| b.nodes.push(Node::Env { by_env: vec![] }));
    message("does not stand earlier", &|b| {
        let this = Target::node(b.nodes.len() as u32);
        b.nodes.push(Node::Test { atom: AtomId(0), memo: 0, on_false: this, on_unknown: this, on_true: this });
    });
    message("leaf out of range", &|b| b.tools[0].roots.as_mut().unwrap().grant = Target::leaf(2));
    message("leaf out of range", &|b| b.tools[0].roots.as_mut().unwrap().tier = Target::leaf(3));
    message("without its effect", &|b| b.tools[0].roots.as_mut().unwrap().limits.push((0, Target::TRUE)));
    message("matrix", &|b| drop(b.matrix.pop()));
    message("less strict", &|b| b.matrix[5].approvals.clear());
    message("twice", &|b| b.environments[1] = "dev".to_owned());
    message("more than 64", &|b| b.environments = (0..65).map(|i| i.to_string()).collect());
    message("more than 256", &|b| b.labels = (0..257).map(|i| i.to_string()).collect());
    message("twice", &|b| b.tools[1].wire = "t".to_owned());
    message("instances", &|b| b.instances[0].cond = CondId(far));
    message("clause of another tool", &|b| b.instances[0].tool = ToolId(1));
    message("do not follow", &|b| b.tools[1].instances.start = 0);
    message("do not follow", &|b| b.tools[0].instances.len -= 1);
    message("belong to no tool", &|b| b.instances.push(Instance { tool: ToolId(1), ..b.instances[0].clone() }));
    message("does not list", &|b| b.tools[0].limits.clear());
    message("empty quorum", &|b| b.approvals[0].by[0].0 = 0);
    message("nobody", &|b| b.approvals[0].by.clear());
    message("does not include itself", &|b| b.roles[0].closure.clear());
    message("empty window", &|b| b.limits[0].window_ms = 0);
    message("another type", &|b| b.tools[0].params[0].default = Some(Value::Int(1)));
    message("malformed", &|b| b.patterns.push(claw_runtime::bundle::PatternDef::Automaton(vec![1, 2, 3])));
    message("malformed", &|b| b.zones.push(ZoneDef { name: "X".to_owned(), tzif: vec![0; 50] }));
    message("it loads", &|b| b.labels.push("new".to_owned()));
}

#[test]
fn depth_and_cost_are_bounded() {
    let chain = |b: &mut Bundle, n: u32| {
        let mut last = ExprId(0);
        for _ in 0..n {
            b.exprs.push(Expr::Not(last));
            last = ExprId(b.exprs.len() as u32 - 1);
        }
    };
    assert!(refused(|b| chain(b, 1000)).contains("too deep"));
    // Sharing makes an exponential tree of a short arena.
    let doubling = |b: &mut Bundle| {
        let mut last = ExprId(0);
        for _ in 0..40 {
            let start = b.operands.len() as u32;
            b.operands.extend([last, last]);
            b.exprs.push(Expr::And(Range { start, len: 2 }));
            last = ExprId(b.exprs.len() as u32 - 1);
        }
    };
    assert!(refused(doubling).contains("too costly"));
    let conds = |b: &mut Bundle| {
        let mut last = CondId(0);
        for _ in 0..40 {
            let start = b.cond_operands.len() as u32;
            b.cond_operands.extend([last, last]);
            b.conds.push(Cond::All(Range { start, len: 2 }));
            last = CondId(b.conds.len() as u32 - 1);
        }
    };
    assert!(refused(conds).contains("too costly"));
}

/// The deepest expressions that load: a small stack must do.
#[test]
fn the_deepest_expressions_fit_a_small_stack() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("xs", Type::list(Type::Int))]);
    b.grant(tool, Builder::TRUE);
    let xs = b.arg(0);
    // Quantifiers nest as deep as may be, then builtins.
    for leaf in [false, true] {
        let mut body = b.constant(Value::Bool(true));
        if leaf {
            let ten = b.constant(Value::Int(10));
            let mut sum = b.constant(Value::Int(1));
            for _ in 0..60 {
                sum = b.builtin("int.add", &[sum, ten]);
            }
            body = b.eq(sum, ten);
        }
        for _ in 0..60 {
            body = b.expr(Expr::Quant(QuantOp::All, xs, body));
        }
        let cond = b.not_false(body);
        b.deny("rule", tool, cond, "no");
    }
    let policy = b.build(Form::Graph);
    let run = move || {
        let input = RequestInput::tool("t").environment("dev").agent(AgentInput::new("a")).arg("xs", vec![1i64]);
        let request = policy.prepare(&input).unwrap();
        policy.explain(&request, &NoState).outcome
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap();
    assert_eq!(thread.join().unwrap(), claw_runtime::Outcome::Deny);
}

/// Nested quantifiers over long lists end, with a denial.
#[test]
fn costly_decisions_are_denied() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("xs", Type::list(Type::Int))]);
    b.grant(tool, Builder::TRUE);
    let xs = b.arg(0);
    let mut body = b.constant(Value::Bool(true));
    for _ in 0..3 {
        body = b.expr(Expr::Quant(QuantOp::All, xs, body));
    }
    let cond = b.ask(body, Ask::IsFalse);
    b.deny("rule", tool, cond, "no");
    let policy = b.build(Form::Graph);
    let input = RequestInput::tool("t").environment("dev").agent(AgentInput::new("a")).arg("xs", vec![1i64; 3000]);
    let request = policy.prepare(&input).unwrap();
    assert_eq!(policy.decide(&request, &NoState).reason, claw_runtime::Reason::LimitsExceeded);
    assert_eq!(policy.explain(&request, &NoState).reason, claw_runtime::Reason::LimitsExceeded);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_bytes_are_refused(at: prop::sample::Index, flip in 1u8..) {
        let mut bytes = builder().bundle(Form::Graph).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Policy::from_bytes(&bytes).is_err());
    }

    /// With the digest made to fit, the content may be anything; it is refused or decides without panic.
    #[test]
    fn forged_content_never_panics(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut: Option<prop::sample::Index>, graph: bool) {
        let form = if graph { Form::Graph } else { Form::Clauses };
        let mut body = builder().bundle(form).to_bytes().split_off(44);
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        if let Ok(policy) = Policy::from_bytes(&seal(&body)) {
            exercise(&policy);
        }
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        prop_assert!(Policy::from_bytes(&bytes).is_err());
        prop_assert!(Policy::from_bytes(&seal(&bytes)).is_err());
    }
}
