//! What clauses become: instances, questions, queries and names.

use claw_runtime::bundle::{Ask, Cond, CondId, Expr as Out, Fact as OutFact, InstanceEffect, RuleEffect, TemplatePart};
use claw_runtime::{Decimal, Duration, Type, Value};

use super::fixture::*;
use super::{Lowered, lower};
use crate::hir::*;

fn on(tool: u32) -> Target {
    target([TargetKind::Tool(ToolId(tool))])
}

fn two_tools() -> Package {
    let mut p = package();
    let x = || field("x", Type::Str, false);
    p.tools = vec![tool("t", vec![x()]), tool("u", vec![field("n", Type::Int, false), x()])];
    p
}

fn low(package: Package) -> Lowered {
    lower(&checked(package))
}

fn deny(text: &str) -> Vec<EffectKind> {
    vec![EffectKind::Deny(message(text))]
}

/// A condition with its questions, for reading.
fn show(lowered: &Lowered, tool: u32, cond: CondId) -> String {
    let list = |range: &claw_runtime::bundle::Range, with: &str| {
        let operands = &lowered.tables.cond_operands[range.start as usize..(range.start + range.len) as usize];
        let mut parts: Vec<String> = operands.iter().map(|c| show(lowered, tool, *c)).collect();
        parts.sort();
        format!("({})", parts.join(with))
    };
    match &lowered.tables.conds[cond.index()] {
        Cond::True => "true".to_owned(),
        Cond::False => "false".to_owned(),
        Cond::Envs(envs) => format!("envs {envs:b}"),
        Cond::TierAtLeast(tier) => format!("tier>={tier}"),
        Cond::Ask(atom, ask) => {
            let text = lowered.texts().label(tool, lowered.tables.atoms[atom.index()].expr);
            format!("{ask:?} {text}")
        }
        Cond::All(range) => list(range, " & "),
        Cond::Any(range) => list(range, " | "),
    }
}

fn conds(lowered: &Lowered, tool: u32) -> Vec<String> {
    lowered.instances(tool as usize).iter().map(|i| show(lowered, tool, i.cond)).collect()
}

#[test]
fn a_scope_is_asked_what_its_user_asks() {
    let mut p = two_tools();
    let arm = |t, condition| ScopeArm { target: on(t), condition, loc: loc() };
    p.scopes = vec![
        Scope { decl: decl("inner"), arms: vec![arm(0, Some(not(flag(0))))] },
        Scope {
            decl: decl("outer"),
            arms: vec![
                ScopeArm {
                    target: Target { envs: Some(vec![EnvId(2)]), ..target([TargetKind::Scope(ScopeId(0))]) },
                    condition: Some(flag(1)),
                    loc: loc(),
                },
                arm(1, None),
            ],
        },
    ];
    let outer = || target([TargetKind::Scope(ScopeId(1))]);
    p.grants = vec![grant("grant outer to r1, r2", outer(), &[1, 2])];
    p.rules = vec![rule("r", outer(), vec![], vec![flag(2)], deny("no"))];
    let lowered = low(p);
    let grant = "(((IsFalse context.c0 & envs 100) & IsTrue context.c1) & (IsTrue r1 in agent.roles | IsTrue r2 in agent.roles))";
    let rule = "(((NotTrue context.c0 & envs 100) & NotFalse context.c1) & NotTrue context.c2)";
    assert_eq!(conds(&lowered, 0), [grant, rule]);
    assert_eq!(conds(&lowered, 1), ["(IsTrue r1 in agent.roles | IsTrue r2 in agent.roles)", "NotTrue context.c2"]);
}

#[test]
fn a_grant_to_no_role_grants_nothing() {
    let mut p = two_tools();
    p.grants = vec![Grant { to_any: false, ..grant("grant t to", on(0), &[]) }, grant("grant t to any", on(0), &[])];
    p.grants[1].for_user = vec![RoleId(1)];
    assert_eq!(conds(&low(p), 0), ["false", "IsTrue r1 in user.roles"]);
}

#[test]
fn boolean_structure_is_taken_apart_and_constants_vanish() {
    let mut p = two_tools();
    let yes = || test(ExprKind::Const(Value::Bool(true)));
    let inner = test(ExprKind::Or(vec![flag(0), not(test(ExprKind::And(vec![flag(1), not(yes())])))]));
    let when = test(ExprKind::And(vec![flag(2), yes(), not(test(ExprKind::Or(vec![flag(0), flag(1)])))]));
    p.rules = vec![rule("r", on(0), vec![when], vec![], deny("no")), rule("s", on(0), vec![], vec![inner], deny("no"))];
    assert_eq!(conds(&low(p), 0), ["((NotTrue context.c0 & NotTrue context.c1) & NotFalse context.c2)", "false"]);
}

#[test]
fn nothing_is_in_an_empty_set_not_even_the_unknown() {
    let mut p = two_tools();
    p.rules = vec![
        rule("r", on(0), vec![is_in(attr(0), texts(&[]))], vec![], deny("no")),
        rule("s", on(0), vec![not(is_in(attr(0), texts(&[])))], vec![], deny("no")),
    ];
    assert_eq!(conds(&low(p), 0), ["false", "true"]);
}

#[test]
fn tests_of_the_environment_become_sets() {
    let mut p = two_tools();
    let prod = || expr(ExprKind::Const(Value::Str("prod".into())), Type::Str);
    p.rules = vec![
        rule("r", on(0), vec![eq(env(), prod())], vec![], deny("no")),
        rule("s", on(0), vec![not(eq(prod(), env()))], vec![], deny("no")),
        rule("t", on(0), vec![is_in(env(), texts(&["dev".into(), "prod".into(), "dev".into()]))], vec![], deny("no")),
    ];
    assert_eq!(conds(&low(p), 0), ["envs 100", "envs 11", "envs 101"]);
}

#[test]
fn equal_tests_are_one_atom_and_partial_if_they_are_anywhere() {
    let mut p = two_tools();
    p.tools.push(tool("v", vec![field("x", Type::Str, true)]));
    let when = || vec![eq(arg("x", Type::Str), text("a"))];
    p.rules = vec![rule("r", on(0), when(), vec![], deny("no")), rule("s", on(0), when(), vec![], deny("no"))];
    let lowered = low(p.clone());
    assert_eq!(lowered.tables.atoms.len(), 1);
    assert!(!lowered.tables.atoms[0].partial);
    p.rules.push(rule("v", on(2), when(), vec![], deny("no")));
    p.rules.push(rule("u", on(1), when(), vec![], deny("no")));
    let lowered = low(p);
    assert_eq!(lowered.tables.atoms.iter().map(|a| a.partial).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn predicates_are_inlined_where_they_stand() {
    let mut p = two_tools();
    let list = Type::List(Type::Str.into());
    let local = |i| expr(ExprKind::Local(i), Type::Str);
    // predicate far(a, b) = any(v in args-free list: v == a and v == b)
    let body = test(ExprKind::Quant(
        QuantOp::Any,
        texts(&["k".into()]).into(),
        test(ExprKind::And(vec![eq(local(2), local(0)), eq(local(2), local(1))])).into(),
    ));
    let params = ["a", "b"].map(|n| (n.to_owned(), Type::Str)).into();
    p.predicates = vec![Predicate { decl: decl("far"), params, body }];
    // all(w in ["m"]: far(w, args.x))
    let call = test(ExprKind::Predicate(PredicateId(0), vec![local(0), arg("x", Type::Str)]));
    let all = ExprKind::Quant(QuantOp::All, expr(texts(&["m".into()]).kind, list).into(), call.into());
    p.rules = vec![rule("r", on(1), vec![test(all)], vec![], deny("no"))];
    let lowered = low(p);
    let inner = r#"any(["k"]: ((v1 == args.x) and (v1 == v0)))"#;
    assert_eq!(conds(&lowered, 1), [format!(r#"NotFalse all(["m"]: {inner})"#)]);
}

#[test]
fn a_predicate_that_is_called_twice_is_stored_once() {
    let mut p = two_tools();
    let local = || expr(ExprKind::Local(0), Type::Str);
    let predicate =
        |i: usize, body| Predicate { decl: decl(&format!("p{i}")), params: vec![("a".into(), Type::Str)], body };
    p.predicates.push(predicate(0, eq(local(), text("k"))));
    for i in 1..16 {
        let call = |with| test(ExprKind::Predicate(PredicateId(i - 1), vec![with]));
        let body = test(ExprKind::Or(vec![call(local()), test(ExprKind::And(vec![flag(0), not(call(local()))]))]));
        p.predicates.push(predicate(i as usize, body));
    }
    let call = test(ExprKind::Predicate(PredicateId(15), vec![attr(0)]));
    p.rules = vec![rule("r", on(0), vec![call], vec![], deny("no"))];
    assert!(low(p).tables.conds.len() < 100);
}

#[test]
fn suspended_clauses_vanish_and_hints_are_in_the_shadow() {
    let mut p = two_tools();
    let with = |name, status| Rule { status, ..rule(name, on(0), vec![], vec![], deny("no")) };
    p.rules = vec![
        with("a", Status::Suspended),
        with("b", Status::Archived),
        with("c", Status::Hint),
        with("d", Status::Candidate),
        with("e", Status::Confirmed),
    ];
    let clauses: Vec<(String, bool)> = low(p).tables.clauses.into_iter().map(|c| (c.id, c.shadow)).collect();
    assert_eq!(clauses, [("acme.c".to_owned(), true), ("acme.d".to_owned(), true), ("acme.e".to_owned(), false)]);
}

#[test]
fn clauses_of_the_same_text_are_one() {
    let mut p = two_tools();
    let text = "grant t to r0";
    p.grants = vec![Grant { status: Status::Hint, ..grant(text, on(0), &[0]) }, grant(text, on(0), &[0])];
    let lowered = low(p);
    assert_eq!(lowered.tables.clauses.len(), 1);
    assert!(!lowered.tables.clauses[0].shadow, "the one that counts counts");
    assert_eq!(lowered.instances(0).len(), 1);
}

#[test]
fn instances_are_sorted_by_tool() {
    let mut p = two_tools();
    let all = || target([TargetKind::Any(vec![ToolId(0), ToolId(1)])]);
    p.grants = vec![grant("grant any to r0", all(), &[0])];
    p.rules = vec![rule("r", on(1), vec![], vec![], deny("no")), rule("s", all(), vec![], vec![], deny("no"))];
    let lowered = low(p);
    let shown: Vec<(u32, u32)> = lowered.tables.instances.iter().map(|i| (i.tool.0, i.clause.0)).collect();
    assert_eq!(shown, [(0, 0), (0, 2), (1, 0), (1, 1), (1, 2)]);
    assert_eq!(lowered.instances(1).len(), 3);
}

#[test]
fn matrices_are_joined_cell_by_cell() {
    let mut p = two_tools();
    let cell = |tier, env, outcome| MatrixCell {
        decl: decl(&format!("matrix {tier} {env}")),
        tier: TierId(tier),
        env: EnvId(env),
        outcome,
    };
    for tier in 0..3 {
        for env in 0..3 {
            p.matrix.push(cell(tier, env, Outcome::Allow));
        }
    }
    p.matrix.push(cell(1, 2, Outcome::Require(vec![ApprovalId(1), ApprovalId(0)])));
    p.matrix.push(cell(1, 2, Outcome::Require(vec![ApprovalId(1)])));
    p.matrix.push(cell(2, 2, Outcome::Deny));
    let cells = low(p.clone()).tables.matrix;
    let at = &cells[3 + 2];
    assert_eq!(
        (at.deny, at.approvals.iter().map(|a| a.0).collect::<Vec<_>>(), at.clauses.len()),
        (false, vec![0, 1], 3)
    );
    assert!(cells[6 + 2].deny && cells[6 + 2].clauses[1].1 && !cells[0].deny);
    // Not reachable from checked sources, but it must not grant.
    p.matrix.retain(|c| c.tier != TierId(0));
    assert!(low(p).tables.matrix[0].deny);
}

fn prior_of(keys: &[(&str, Expr)], tests: Vec<Expr>, minutes: i64) -> Expr {
    let keys = keys.iter().map(|(name, e)| ((*name).to_owned(), e.clone())).collect();
    test(ExprKind::Prior { tool: ToolId(1), keys, tests, within: Duration::from_millis(minutes * 60_000) })
}

#[test]
fn history_is_asked_once_per_question() {
    let mut p = two_tools();
    let same_x = || [("x", arg("x", Type::Str))];
    let small = || {
        let n = expr(ExprKind::PriorArg("n".to_owned()), Type::Int);
        test(ExprKind::Compare(CompareOp::Lt, n.into(), expr(ExprKind::Const(Value::Int(5)), Type::Int).into()))
    };
    p.rules = vec![
        rule("a", on(0), vec![], vec![prior_of(&same_x(), vec![], 10)], deny("no")),
        rule("b", on(0), vec![prior_of(&same_x(), vec![], 30)], vec![], deny("no")),
        rule("c", on(0), vec![], vec![prior_of(&same_x(), vec![small()], 5)], deny("no")),
        rule("d", on(1), vec![], vec![flag(0)], deny("no")),
    ];
    let lowered = low(p.clone());
    let t = &lowered.tables;
    assert_eq!(t.priors.len(), 2);
    assert_eq!((t.priors[0].within_ms, &t.priors[0].params[..], t.priors[0].test), (30 * 60_000, &[1][..], None));
    assert_eq!(t.tools[0].priors.iter().map(|p| p.0).collect::<Vec<_>>(), [0, 1]);
    assert!(t.tools[1].priors.is_empty() && t.tools[0].answers.is_empty());
    assert_eq!(t.tools[1].answers.iter().map(|p| p.0).collect::<Vec<_>>(), [0, 1]);
    let test = t.atoms[t.priors[1].test.expect("tested").index()].expr;
    assert_eq!(lowered.texts().canonical(1, test), "(args.n < 5)");

    // The name of a query survives whatever else changes.
    let keys = [t.priors[0].key, t.priors[1].key];
    p.rules.rotate_left(2);
    p.rules.insert(0, rule("e", on(0), vec![eq(arg("x", Type::Str), text("z"))], vec![], deny("no")));
    let mut changed: Vec<_> = low(p).tables.priors.iter().map(|p| p.key).collect();
    changed.reverse();
    assert_eq!(changed, keys);
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_limit_has_one_pot_and_one_instance_per_arm() {
    let mut p = two_tools();
    let arm = |t, sum| LimitArm { target: on(t), when: vec![flag(0)], sum, loc: loc() };
    let limit = |name: &str, status| Limit {
        decl: decl(name),
        arms: vec![arm(1, Some(arg("n", Type::Int)))],
        max: Decimal::from(5),
        per: Duration::from_millis(60_000),
        keys: vec![LimitKey::Session, LimitKey::Agent, LimitKey::Agent],
        beyond: Beyond::Deny(None),
        status,
    };
    p.limits = vec![limit("gone", Status::Suspended), limit("pot", Status::Confirmed), limit("hint", Status::Hint)];
    let lowered = low(p);
    let t = &lowered.tables;
    assert_eq!(t.limits.len(), 2);
    assert!(t.limits[0].sums && t.limits[0].keys.len() == 2);
    assert_eq!(t.tools[1].limits.iter().map(|l| l.0).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(conds(&lowered, 1), ["NotFalse context.c0", "NotFalse context.c0"]);
    let InstanceEffect::Limit { limit, addend: Some(addend) } = &lowered.instances(1)[0].effect else {
        panic!("a sum")
    };
    assert_eq!((limit.0, &t.exprs[addend.index()]), (0, &Out::Arg(0)));
}

#[test]
fn messages_read_the_arguments_of_their_tool() {
    let mut p = two_tools();
    let text = Message {
        parts: vec![MessagePart::Text("got ".into()), MessagePart::Expr(arg("x", Type::Str), "args.x".into())],
    };
    let both = target([TargetKind::Any(vec![ToolId(0), ToolId(1)])]);
    p.rules = vec![rule("r", both, vec![], vec![], vec![EffectKind::Deny(text)])];
    let lowered = low(p);
    let arg_of = |tool: usize| {
        let InstanceEffect::Rule { effects, .. } = &lowered.instances(tool)[0].effect else { panic!("a rule") };
        let [RuleEffect::Deny(id)] = effects[..] else { panic!("a denial") };
        let [_, TemplatePart::Value(value)] = lowered.tables.templates[id.index()].parts[..] else { panic!("a value") };
        lowered.tables.exprs[value.index()].clone()
    };
    assert_eq!((arg_of(0), arg_of(1)), (Out::Arg(0), Out::Arg(1)));
}

#[test]
fn an_approval_is_named_by_what_it_says() {
    let digest = |change: &dyn Fn(&mut Package)| {
        let mut p = package();
        let quorum = |n, roles: &[u32]| Quorum { n, roles: roles.iter().map(|r| RoleId(*r)).collect(), loc: loc() };
        p.approvals[0].by = vec![quorum(2, &[0, 1]), quorum(1, &[1])];
        change(&mut p);
        low(p).tables.approvals[0].digest
    };
    let first = digest(&|_| {});
    assert_eq!(first, digest(&|p| p.approvals[0].by.reverse()));
    assert_eq!(first, digest(&|p| p.approvals[0].by[0].roles.reverse()));
    assert_ne!(first, digest(&|p| p.approvals[0].by[0].n = 1));
    assert_ne!(first, digest(&|p| p.approvals[0].note_required = true));
    assert_ne!(first, digest(&|p| p.roles[1].decl.name = "other".into()));
    assert_ne!(first, digest(&|p| p.approvals[0].expires = Duration::from_millis(1)));
}

#[test]
fn windows_bring_their_zones() {
    let mut p = package();
    let window = |name: &str, zone: &str, hours| WindowDecl {
        decl: decl(name),
        zone: zone.into(),
        days: 0b11111,
        hours,
        except: vec![],
    };
    p.windows = vec![
        window("a", "Europe/Berlin", vec![(540, 1080)]),
        window("b", "UTC", vec![]),
        window("c", "europe/berlin", vec![(1320, 360)]),
    ];
    let t = low(p).tables;
    assert_eq!(t.zones.iter().map(|z| &z.name[..]).collect::<Vec<_>>(), ["Europe/Berlin", "UTC"]);
    assert_eq!(t.windows.iter().map(|w| (w.zone, w.window.zone)).collect::<Vec<_>>(), [(0, 0), (1, 1), (0, 0)]);
    assert_eq!(t.windows[1].window.spans[0].to.minutes(), 1440);
    assert!(t.windows[0].window.days.contains(4) && !t.windows[0].window.days.contains(5));
}

#[test]
fn only_values_of_the_very_type_are_switched_on() {
    let slot = |left: Expr, right: Expr| {
        let mut p = two_tools();
        p.rules = vec![rule("r", on(1), vec![eq(left, right)], vec![], deny("no"))];
        let lowered = low(p);
        lowered.facts[lowered.tables.atoms[0].expr.index()].slot.is_some()
    };
    let n = || arg("n", Type::Int);
    let constant = |value, ty| expr(ExprKind::Const(value), ty);
    assert!(slot(n(), constant(Value::Int(5), Type::Int)));
    assert!(slot(text("k"), arg("x", Type::Str)));
    assert!(!slot(n(), constant(Value::Decimal(Decimal::from(5)), Type::Decimal)));
    assert!(!slot(n(), n()));
    // A length may be known only between bounds.
    let strings = || Box::new(arg("x", Type::list(Type::Str)));
    assert!(!slot(expr(ExprKind::Len(strings()), Type::Int), constant(Value::Int(0), Type::Int)));
    let path = claw_runtime::PathValue::unresolved("/srv").expect("a path");
    assert!(!slot(arg("x", Type::Path), constant(Value::Path(path.into()), Type::Path)));
}

#[test]
fn facts_keep_their_kind() {
    let mut p = two_tools();
    let now = expr(ExprKind::Fact(Fact::ToolName), Type::Str);
    p.rules = vec![rule("r", on(0), vec![eq(now, text("t"))], vec![], deny("no"))];
    let lowered = low(p);
    let Out::Eq(a, _) = lowered.atom(claw_runtime::bundle::AtomId(0)) else { panic!("an equality") };
    assert_eq!(lowered.tables.exprs[a.index()], Out::Fact(OutFact::ToolName));
    assert!(!lowered.tables.atoms[0].partial);
    assert_eq!(lowered.tables.conds.iter().filter(|c| matches!(c, Cond::Ask(_, Ask::NotFalse))).count(), 1);
}
