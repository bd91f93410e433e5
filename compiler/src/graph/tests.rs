//! The graph against a naive reading of the same conditions: three-valued, clause by clause, straight from the HIR.

use claw_runtime::bundle::{AtomId, Expr as Out};
use claw_runtime::{Tri, Type, Value};
use proptest::prelude::*;

use super::{Answer, Budget, GraphNode, Probe, Root, build, holds};
use crate::hir::*;
use crate::lower::fixture::*;
use crate::lower::{Lowered, lower};

const ENVS: [&str; 3] = ["dev", "staging", "prod"];

/// One request, as far as conditions look at it.
#[derive(Clone, Debug)]
struct World {
    env: u32,
    tier: u32,
    flags: [Tri; 3],
    labels: [Tri; 2],
    roles: [Tri; 3],
    user_roles: [Tri; 3],
    /// The agent's attributes; `None` is unknown.
    attrs: [Option<String>; 2],
}

fn tri() -> impl Strategy<Value = Tri> {
    prop_oneof![Just(Tri::False), Just(Tri::Unknown), Just(Tri::True)]
}

fn constant() -> impl Strategy<Value = String> {
    (0..5u8).prop_map(|i| format!("k{i}"))
}

fn world() -> impl Strategy<Value = World> {
    let attr = || proptest::option::weighted(0.8, (0..7u8).prop_map(|i| format!("k{i}")));
    let words = (0..3u32, 0..3u32, prop::array::uniform3(tri()), prop::array::uniform2(tri()));
    (words, prop::array::uniform3(tri()), prop::array::uniform3(tri()), [attr(), attr()]).prop_map(
        |((env, tier, flags, labels), roles, user_roles, attrs)| World {
            env,
            tier,
            flags,
            labels,
            roles,
            user_roles,
            attrs,
        },
    )
}

/// A condition; `tier` says whether it may ask for the tier.
fn condition(tier: bool) -> impl Strategy<Value = Expr> {
    let env =
        |i: usize| expr(ExprKind::Const(Value::Str(ENVS[i].into())), Type::Word(claw_runtime::Vocab::Environment));
    let envs = |n: usize| {
        let items: Vec<Value> = ENVS[..n].iter().map(|e| Value::Str((*e).into())).collect();
        expr(ExprKind::Const(Value::List(items.into())), Type::List(Type::Str.into()))
    };
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(|b| test(ExprKind::Const(Value::Bool(b)))),
        3 => (0..3u32).prop_map(flag),
        1 => (0..2u32).prop_map(|l| test(ExprKind::HasLabel(LabelId(l)))),
        1 => (0..3u32).prop_map(|r| test(ExprKind::AgentHasRole(RoleId(r)))),
        1 => (0..3u32).prop_map(|r| test(ExprKind::UserHasRole(RoleId(r)))),
        4 => (0..2u32, constant()).prop_map(|(a, k)| eq(attr(a), text(&k))),
        1 => (0..2u32, constant()).prop_map(|(a, k)| eq(text(&k), attr(a))),
        3 => (0..2u32, prop::collection::vec(constant(), 0..4)).prop_map(|(a, ks)| is_in(attr(a), texts(&ks))),
        1 => (0..3usize).prop_map(move |i| eq(super::super::lower::fixture::env(), env(i))),
        1 => (0..3usize).prop_map(move |n| is_in(super::super::lower::fixture::env(), envs(n))),
        2 => (0..2u32).prop_map(|a| test(ExprKind::Predicate(PredicateId(1), vec![attr(a)]))),
        1 => (0..3u32).prop_map(move |t| if tier { test(ExprKind::TierAtLeast(TierId(t))) } else { flag(t) }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| test(ExprKind::And(parts))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| test(ExprKind::Or(parts))),
            inner.prop_map(not),
        ]
    })
}

fn predicates() -> Vec<Predicate> {
    let local = || expr(ExprKind::Local(0), Type::Str);
    let first = test(ExprKind::Or(vec![eq(local(), text("k1")), flag(2)]));
    let call = test(ExprKind::Predicate(PredicateId(0), vec![local()]));
    let second = test(ExprKind::And(vec![call, not(eq(local(), text("k2")))]));
    let predicate = |name: &str, body| Predicate { decl: decl(name), params: vec![("x".to_owned(), Type::Str)], body };
    vec![predicate("p", first), predicate("q", second)]
}

/// What the naive reading says of a condition.
fn truth(package: &Package, world: &World, expr: &Expr, params: &[&Expr]) -> Tri {
    let value = |e: &Expr| -> Option<Value> {
        let e = if let ExprKind::Local(i) = e.kind { params[i as usize] } else { e };
        match &e.kind {
            ExprKind::Const(value) => Some(value.clone()),
            ExprKind::Attr(_, i) => Some(Value::Str(world.attrs[*i as usize].as_deref()?.into())),
            ExprKind::Fact(_) => Some(Value::Str(ENVS[world.env as usize].into())),
            other => unreachable!("{other:?} is not generated"),
        }
    };
    let same = |a: Option<Value>, b: Option<Value>| match (a, b) {
        (Some(a), Some(b)) => Tri::from(a == b),
        _ => Tri::Unknown,
    };
    match &expr.kind {
        ExprKind::Const(Value::Bool(b)) => Tri::from(*b),
        ExprKind::Attr(_, i) => world.flags[*i as usize],
        ExprKind::HasLabel(l) => world.labels[l.index()],
        ExprKind::AgentHasRole(r) => world.roles[r.index()],
        ExprKind::UserHasRole(r) => world.user_roles[r.index()],
        ExprKind::TierAtLeast(t) => Tri::from(world.tier >= t.0),
        ExprKind::Eq(a, b) => same(value(a), value(b)),
        ExprKind::In(a, b) => {
            let Some(Value::List(items)) = value(b) else { unreachable!("a constant list") };
            items.iter().fold(Tri::False, |any, item| any.or(same(value(a), Some(item.clone()))))
        }
        ExprKind::And(parts) => parts.iter().fold(Tri::True, |all, e| all.and(truth(package, world, e, params))),
        ExprKind::Or(parts) => parts.iter().fold(Tri::False, |any, e| any.or(truth(package, world, e, params))),
        ExprKind::Not(inner) => truth(package, world, inner, params).not(),
        ExprKind::Predicate(id, args) => {
            let resolve = |e| match e {
                &Expr { kind: ExprKind::Local(i), .. } => params[i as usize],
                other => other,
            };
            let args: Vec<&Expr> = args.iter().map(resolve).collect();
            truth(package, world, &package.predicates[id.index()].body, &args)
        }
        other => unreachable!("{other:?} is not generated"),
    }
}

fn applies(package: &Package, world: &World, when: &[Expr], unless: &[Expr]) -> bool {
    let when = when.iter().map(|e| truth(package, world, e, &[]));
    let unless = unless.iter().map(|e| truth(package, world, e, &[]).not());
    !when.chain(unless).fold(Tri::True, Tri::and).is_false()
}

fn in_envs(target: &Target, env: u32) -> bool {
    target.envs.as_ref().is_none_or(|envs| envs.contains(&EnvId(env)))
}

/// What the naive reading says each root must answer.
fn expected(package: &Package, world: &World, root: Root) -> u32 {
    let scope_holds = |t: &Target, granting: bool| {
        in_envs(t, world.env)
            && t.arms.iter().any(|arm| match arm.kind {
                TargetKind::Scope(s) => package.scopes[s.index()].arms.iter().any(|arm| {
                    let condition = arm.condition.as_ref().expect("generated with one");
                    let truth = truth(package, world, condition, &[]);
                    in_envs(&arm.target, world.env) && if granting { truth.is_true() } else { !truth.is_false() }
                }),
                _ => true,
            })
    };
    let rule = |r: &Rule| scope_holds(&r.target, false) && applies(package, world, &r.when, &r.unless);
    let some_rule = |effect: fn(&EffectKind, u32) -> bool, id: u32| {
        let has = |r: &&Rule| r.effects.iter().any(|e| effect(&e.kind, id));
        package.rules.iter().filter(has).any(rule).into()
    };
    match root {
        Root::Grant => {
            let held = |roles: &[RoleId]| roles.iter().any(|r| world.roles[r.index()].is_true());
            package.grants.iter().any(|g| scope_holds(&g.target, true) && (g.to_any || held(&g.to))).into()
        }
        Root::Tier => {
            let reached =
                |c: &&ClassifyArm| scope_holds(&c.target, false) && applies(package, world, &c.when, &c.unless);
            package.classify.iter().filter(reached).map(|c| c.tier.0 + 1).max().unwrap_or(0)
        }
        Root::Deny => some_rule(|e, _| matches!(e, EffectKind::Deny(_)), 0),
        Root::Approval(id) => {
            some_rule(|e, id| matches!(e, EffectKind::Require(a) if a.contains(&ApprovalId(id))), id.0)
        }
        Root::Mark(label) => some_rule(|e, id| matches!(e, EffectKind::Mark(l) if l.0 == id), label),
        Root::Constrain(_) | Root::Limit(_) => unreachable!("not generated"),
    }
}

/// The answer of the world to a test of the bundle.
fn answer(lowered: &Lowered, world: &World, atom: AtomId) -> Tri {
    let tables = &lowered.tables;
    let value = |e: claw_runtime::bundle::ExprId| match &tables.exprs[e.index()] {
        Out::Const(id) => Some(tables.consts[id.index()].clone()),
        Out::Attr(_, i) => Some(Value::Str(world.attrs[*i as usize].as_deref()?.into())),
        other => unreachable!("{other:?}"),
    };
    match lowered.atom(atom) {
        Out::Attr(_, i) => world.flags[*i as usize],
        Out::HasLabel(l) => world.labels[*l as usize],
        Out::AgentHasRole(r) => world.roles[*r as usize],
        Out::UserHasRole(r) => world.user_roles[*r as usize],
        Out::Eq(a, b) => value(*a).zip(value(*b)).map_or(Tri::Unknown, |(a, b)| Tri::from(a == b)),
        Out::In(a, b) => match (value(*a), value(*b)) {
            (Some(a), Some(Value::List(items))) => Tri::from(items.contains(&a)),
            _ => Tri::Unknown,
        },
        other => unreachable!("{other:?}"),
    }
}

fn probe(lowered: &Lowered, world: &World, probe: Probe<'_>) -> Answer {
    match probe {
        Probe::Env => Answer::Value(world.env),
        Probe::Tier => Answer::Value(world.tier),
        Probe::Test(atom) => match answer(lowered, world, atom) {
            Tri::False => Answer::Value(0),
            Tri::True => Answer::Value(1),
            Tri::Unknown => Answer::Unknown,
        },
        Probe::Switch(table) => {
            let Out::Attr(_, i) = lowered.tables.exprs[table.subject.index()] else { panic!("a slot") };
            let Some(text) = &world.attrs[i as usize] else { return Answer::Unknown };
            let found = table.classes.iter().find(|(value, _)| *value == Value::Str(text.as_str().into()));
            found.map_or(Answer::Otherwise, |(_, class)| Answer::Value(*class))
        }
    }
}

fn envs() -> impl Strategy<Value = Option<Vec<EnvId>>> {
    proptest::option::weighted(0.3, prop::collection::vec((0..3u32).prop_map(EnvId), 1..3))
}

fn effects() -> impl Strategy<Value = Vec<EffectKind>> {
    prop_oneof![
        Just(vec![EffectKind::Deny(message("no"))]),
        (0..2u32).prop_map(|a| vec![EffectKind::Require(vec![ApprovalId(a)])]),
        Just(vec![EffectKind::Require(vec![ApprovalId(0), ApprovalId(1)]), EffectKind::Mark(LabelId(1))]),
        Just(vec![EffectKind::Mark(LabelId(0))]),
    ]
}

fn policy() -> impl Strategy<Value = Package> {
    let on = || TargetKind::Tool(ToolId(0));
    let scope = prop::collection::vec((condition(false), envs()), 1..3);
    let grants = prop::collection::vec((any::<bool>(), prop::collection::vec(0..3u32, 0..3), envs()), 0..3);
    let arms = prop::collection::vec((0..3u32, any::<bool>(), prop::collection::vec(condition(false), 0..2)), 0..4);
    let conds = || prop::collection::vec(condition(true), 0..3);
    let rules = prop::collection::vec((any::<bool>(), conds(), conds(), effects(), envs()), 0..8);
    (scope, grants, arms, rules).prop_map(move |(scope, grants, arms, rules)| {
        let mut p = package();
        let pick = |scoped: bool| target([if scoped { TargetKind::Scope(ScopeId(0)) } else { on() }]);
        p.predicates = predicates();
        p.tools = vec![tool("t", vec![])];
        let scope_arm = |(condition, envs)| {
            let target = Target { envs, ..target([on()]) };
            ScopeArm { target, condition: Some(condition), loc: loc() }
        };
        p.scopes = vec![Scope { decl: decl("s"), arms: scope.into_iter().map(scope_arm).collect() }];
        for (i, (scoped, to, envs)) in grants.into_iter().enumerate() {
            p.grants.push(grant(&format!("grant {i}"), Target { envs, ..pick(scoped) }, &to));
        }
        for (i, (tier, scoped, when)) in arms.into_iter().enumerate() {
            let (decl, target) = (decl(&format!("arm {i}")), pick(scoped));
            p.classify.push(ClassifyArm { decl, tier: TierId(tier), target, when, unless: vec![] });
        }
        for (i, (scoped, when, unless, effects, envs)) in rules.into_iter().enumerate() {
            p.rules.push(rule(&format!("rule{i}"), Target { envs, ..pick(scoped) }, when, unless, effects));
        }
        p
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn graph_conditions_and_naive_reading_agree(
        package in policy(),
        worlds in prop::collection::vec(world(), 24),
        budget in prop_oneof![Just(20_000usize), 0..12usize],
    ) {
        let lowered = lower(&checked(package.clone()));
        let graph = build(&lowered, Budget { nodes: budget });
        if budget == 20_000 {
            prop_assert_eq!(graph.fallbacks(), Vec::<u32>::new());
        }
        for world in &worlds {
            for (root, start) in graph.roots(0) {
                let (leaf, path) = graph.walk(start, &mut |p| probe(&lowered, world, p));
                prop_assert_eq!(leaf, Some(expected(&package, world, root)), "{:?} {:?} {:?}", root, world, path);
            }
            for instance in lowered.instances(0) {
                let holds = holds(&lowered, instance.cond, world.env, world.tier, &mut |a| answer(&lowered, world, a));
                let clause = &lowered.tables.clauses[instance.clause.index()];
                let rule = package.rules.iter().find(|r| clause.id == format!("acme.{}", r.decl.name));
                if let Some(rule) = rule {
                    let mut alone = package.clone();
                    alone.rules = vec![Rule { effects: vec![Effect { kind: EffectKind::Deny(message("")), loc: loc() }], ..rule.clone() }];
                    prop_assert_eq!(u32::from(holds), expected(&alone, world, Root::Deny), "{} {:?}", clause.id, world);
                }
            }
        }
    }

    #[test]
    fn two_builds_are_the_same(package in policy()) {
        let checked = checked(package);
        let once = lower(&checked);
        let twice = lower(&checked);
        prop_assert_eq!(&once.tables, &twice.tables);
        let (a, b) = (build(&once, Budget::default()), build(&twice, Budget::default()));
        prop_assert_eq!(format!("{:?}", a), format!("{:?}", b));
    }
}

/// A tool with one string argument and a grant, and what `rules` add.
fn with_rules(rules: Vec<Rule>) -> Lowered {
    let mut p = package();
    p.tools = vec![tool("t", vec![field("x", Type::Str, false)])];
    p.grants = vec![grant("grant t to r0", target([TargetKind::Tool(ToolId(0))]), &[0])];
    p.rules = rules;
    lower(&checked(p))
}

fn deny_when(i: usize, when: Expr) -> Rule {
    let deny = EffectKind::Deny(message("no"));
    rule(&format!("d{i}"), target([TargetKind::Tool(ToolId(0))]), vec![when], vec![], vec![deny])
}

#[test]
fn equality_tests_of_one_slot_become_one_switch() {
    let x = || arg("x", Type::Str);
    let lowered = with_rules((0..1000).map(|i| deny_when(i, eq(x(), text(&format!("k{i}"))))).collect());
    let graph = build(&lowered, Budget::default());
    let switches: Vec<_> = graph.graph.node_weights().filter(|n| matches!(n, GraphNode::Switch(_))).collect();
    assert_eq!(switches.len(), 1);
    assert!(!graph.graph.node_weights().any(|n| matches!(n, GraphNode::Test { atom, .. } if lowered.facts[lowered.tables.atoms[atom.index()].expr.index()].slot.is_some())));
    assert_eq!(graph.switches[0].classes.len(), 1000);
    // No test tells the first constants apart from one another, so they are one class.
    assert!(graph.switches[0].classes.iter().all(|(_, class)| *class < 1000));
}

#[test]
fn constants_that_no_test_tells_apart_are_one_class() {
    let x = || arg("x", Type::Str);
    let set = |names: &[&str]| texts(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    let rules = vec![deny_when(0, is_in(x(), set(&["a", "b", "c"]))), deny_when(1, eq(x(), text("c")))];
    let graph = build(&with_rules(rules), Budget::default());
    let classes: Vec<u32> = graph.switches[0].classes.iter().map(|c| c.1).collect();
    assert_eq!(classes, [0, 0, 1]);
}

#[test]
fn clauses_with_tests_of_their_own_stay_linear() {
    // In the order of cost this takes 2^40 nodes: all the cheap tests first.
    let rules = (0..40).map(|i| {
        let cheap = eq(arg("x", Type::Str), arg("x", Type::Str));
        let like = |k: usize| test(ExprKind::Like(arg("x", Type::Str).into(), format!("{k}-{i}*")));
        let flagged =
            eq(expr(ExprKind::Const(Value::Bool(true)), Type::Bool), test(ExprKind::Present(text_attr(i).into())));
        deny_when(i, test(ExprKind::And(vec![cheap, flagged, like(0)])))
    });
    let graph = build(&with_rules(rules.collect()), Budget::default());
    assert_eq!(graph.fallbacks(), Vec::<u32>::new());
    assert!(graph.graph.node_count() < 200, "{}", graph.graph.node_count());
}

/// Forty different cheap subjects.
fn text_attr(i: usize) -> Expr {
    expr(ExprKind::Else(attr(0).into(), text(&format!("e{i}")).into()), Type::Str)
}

#[test]
fn tools_with_equal_clauses_share_their_diagrams() {
    let mut p = package();
    let all: Vec<ToolId> = (0..50).map(ToolId).collect();
    p.tools = (0..50).map(|i| tool(&format!("t{i}"), vec![])).collect();
    p.grants = vec![grant("grant any to r0", target([TargetKind::Any(all.clone())]), &[0])];
    p.rules = (0..3)
        .map(|i| {
            let effects = vec![EffectKind::Require(vec![ApprovalId(i % 2)])];
            rule(&format!("r{i}"), target([TargetKind::Any(all.clone())]), vec![flag(i)], vec![], effects)
        })
        .collect();
    let graph = build(&lower(&checked(p)), Budget::default());
    let tests = graph.graph.node_weights().filter(|n| matches!(n, GraphNode::Test { .. })).count();
    // One for the grant; two for the approval that two rules require, one for the other.
    assert_eq!(tests, 4);
}

#[test]
fn patterns_of_one_text_are_one_switch() {
    let like = |i: usize| test(ExprKind::Like(arg("x", Type::Str).into(), format!("{i}*")));
    let graph = build(&with_rules((0..900).map(|i| deny_when(i, like(i))).collect()), Budget::default());
    assert_eq!(graph.fallbacks(), Vec::<u32>::new());
    assert!(graph.graph.node_count() < 20, "{}", graph.graph.node_count());
    let [switch] = &graph.switches[..] else { panic!("one switch: {:?}", graph.switches) };
    let patterns = switch.patterns.as_ref().expect("of patterns");
    assert_eq!(patterns.patterns.len(), 900);
    let class = switch.class(&Value::Str("8812".into())).expect("a class");
    assert_eq!(patterns.classes[class as usize].len(), 3, "`8*`, `88*` and `881*`");
    // Three are asked one by one.
    let graph = build(&with_rules((0..3).map(|i| deny_when(i, like(i))).collect()), Budget::default());
    assert!(graph.switches.is_empty());
}

#[test]
fn too_many_tests_fall_back() {
    // Tests that have nothing to do with each other.
    let apart = |i: usize| test(ExprKind::Present(text_attr(i).into()));
    let chain = |n: usize| with_rules((0..n).map(|i| deny_when(i, apart(i))).collect());
    assert_eq!(build(&chain(900), Budget::default()).fallbacks(), Vec::<u32>::new());
    assert_eq!(build(&chain(900), Budget { nodes: 100 }).fallbacks(), [0]);
    // Diagrams are joined recursively, so that their depth must be bounded whatever the budget.
    let whole = test(ExprKind::And((0..5000).map(apart).collect()));
    let lowered = with_rules((0..5000).map(|i| deny_when(i, apart(i))).chain([deny_when(5000, whole)]).collect());
    assert_eq!(build(&lowered, Budget { nodes: usize::MAX }).fallbacks(), [0]);
}
