//! From a checked package to a bundle, in one call.

use claw_runtime::bundle::Bundle;

use crate::checked::Checked;
use crate::emit::emit;
use crate::graph::{self, Budget};
use crate::lower::lower;
use crate::source::Sources;

/// Compiles a policy. `sources` are the texts it was checked from.
///
/// Deterministic: equal sources and budgets give equal bundles.
pub fn compile(checked: &Checked, sources: &Sources, budget: Budget) -> Bundle {
    let lowered = lower(checked);
    let graph = graph::build(&lowered, budget);
    emit(&graph, lowered, sources)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use claw_runtime::bundle::{Bundle, Node, TargetKind};
    use claw_runtime::{Policy, Type};

    use super::*;
    use crate::hir::{self, ApprovalId, EffectKind, EnvId, Loc, Span, TargetKind as On, TierId, ToolId};
    use crate::lower::fixture::*;

    const TEXT: &str = "package acme\n\n/// Words.\n@owner(\"ü\") rule first { deny \"no\" }\n  ü rule second {}\n";

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.add("main.claw", Arc::from(TEXT));
        sources
    }

    fn place(from: &str, name: &str) -> (Loc, Loc) {
        let at = |text: &str| u32::try_from(TEXT.find(text).expect("in the text")).expect("short");
        let loc = |start, end| Loc { span: Span::new(start, end), ..loc() };
        (loc(at(name), at(name) + 1), loc(at(from), at(name) + 5))
    }

    /// Everything that a bundle can hold, once.
    fn policy() -> hir::Package {
        let mut p = package();
        let x = || arg("x", Type::Str);
        p.tools = vec![tool("t", vec![field("x", Type::Str, false)]), tool("lonely", vec![])];
        let on = || target([On::Tool(ToolId(0))]);
        p.grants = vec![grant("grant t to r0", on(), &[0])];
        let decl_of = |text: &str| decl(text);
        let arm = |tier, when| hir::ClassifyArm {
            decl: decl_of(&format!("arm {tier}")),
            tier: TierId(tier),
            target: on(),
            when,
            unless: vec![],
        };
        p.classify = vec![arm(0, vec![]), arm(2, vec![eq(x(), text("hot"))])];
        for (tier, env) in (0..3).flat_map(|t| (0..3).map(move |e| (t, e))) {
            let outcome = if tier == 2 { hir::Outcome::Require(vec![ApprovalId(0)]) } else { hir::Outcome::Allow };
            let decl = decl(&format!("matrix {tier} {env}"));
            p.matrix.push(hir::MatrixCell { decl, tier: TierId(tier), env: EnvId(env), outcome });
        }
        let mut first = rule(
            "first",
            on(),
            vec![is_in(x(), texts(&["a".into(), "b".into()]))],
            vec![flag(0)],
            vec![EffectKind::Deny(message("no"))],
        );
        (first.decl.name_loc, first.decl.loc) = place("/// Words", "first");
        let tier = test(hir::ExprKind::TierAtLeast(TierId(2)));
        let mut second = rule("second", on(), vec![tier], vec![], vec![EffectKind::Require(vec![ApprovalId(1)])]);
        (second.decl.name_loc, second.decl.loc) = place("rule second", "second");
        p.rules = vec![first, second];
        p
    }

    fn build(budget: Budget) -> Bundle {
        compile(&checked(policy()), &sources(), budget)
    }

    #[test]
    fn the_runtime_accepts_it() {
        for nodes in [0, 20_000] {
            let bundle = build(Budget { nodes });
            assert_eq!(bundle.tools[0].roots.is_none(), nodes == 0);
            assert!(bundle.tools[1].roots.is_some(), "a tool without clauses needs no nodes");
            let policy = Policy::from_bytes(&bundle.to_bytes()).expect("well-formed");
            assert_eq!(policy.bundle(), &bundle);
        }
    }

    #[test]
    fn the_same_sources_give_the_same_bytes() {
        assert_eq!(build(Budget::default()).to_bytes(), build(Budget::default()).to_bytes());
    }

    #[test]
    fn nodes_lead_to_earlier_nodes() {
        let bundle = build(Budget::default());
        assert!(!bundle.nodes.is_empty());
        for (at, node) in bundle.nodes.iter().enumerate() {
            let targets = match node {
                Node::Test { on_false, on_unknown, on_true, .. } => vec![*on_false, *on_unknown, *on_true],
                Node::Switch { on_unknown, otherwise, cases, .. } => {
                    cases.iter().map(|c| c.1).chain([*on_unknown, *otherwise]).collect()
                }
                Node::Env { by_env } => by_env.clone(),
                Node::Tier { by_tier } => by_tier.clone(),
            };
            for target in targets {
                assert!(
                    matches!(target.get(), TargetKind::Leaf(_))
                        || matches!(target.get(), TargetKind::Node(to) if (to as usize) < at)
                );
            }
        }
        assert_eq!(bundle.switches.len(), 1, "`x == \"hot\"` and `x in [\"a\", \"b\"]` are asked together");
        assert_eq!(bundle.switches[0].classes.len(), 3);
    }

    #[test]
    fn clauses_know_their_places_and_modules_their_texts() {
        let bundle = build(Budget::default());
        let places: Vec<_> = bundle.clauses.iter().rev().take(2).map(|c| (&c.id[..], c.line, c.column)).collect();
        assert_eq!(places, [("acme.second", 5, 5), ("acme.first", 4, 1)]);
        assert_eq!(bundle.modules[0].file, "main.claw");
        assert_eq!(bundle.modules[0].digest, claw_runtime::Digest::of(TEXT.as_bytes()));
    }
}
