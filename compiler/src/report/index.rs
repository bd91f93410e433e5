//! From controls, owners and references to the clauses that name them.

use std::collections::BTreeMap;

use super::access::grant_ref;
use super::anchors::Thing;
use super::clauses::invariant_ref;
use super::context::Context;
use super::model::{Index, IndexEntry, Ref, Silenced};
use crate::analysis::Symbol;
use crate::hir::*;

/// Everything that can have attributes, with its kind. Cells of a matrix have none of their own.
fn items<'a>(cx: &'a Context<'_>) -> Vec<(&'static str, Ref, &'a Decl)> {
    let package = cx.package;
    let mut items = Vec::new();
    let mut add = |kind, symbol: Symbol| {
        let decl = crate::ide::decl(package, symbol).filter(|_| cx.shows(symbol));
        items.extend(decl.map(|decl| (kind, cx.named(symbol), decl)));
    };
    let count = |len: usize| 0..len as u32;
    count(package.tools.len()).for_each(|at| add("tool", Symbol::Tool(ToolId(at))));
    count(package.lets.len()).for_each(|at| add("constant", Symbol::Let(LetId(at))));
    count(package.lives.len()).for_each(|at| add("live data", Symbol::Live(LiveId(at))));
    count(package.externs.len()).for_each(|at| add("extern", Symbol::Extern(ExternId(at))));
    count(package.predicates.len()).for_each(|at| add("predicate", Symbol::Predicate(PredicateId(at))));
    count(package.windows.len()).for_each(|at| add("window", Symbol::Window(WindowId(at))));
    count(package.approvals.len()).for_each(|at| add("approval", Symbol::Approval(ApprovalId(at))));
    count(package.scopes.len()).for_each(|at| add("scope", Symbol::Scope(ScopeId(at))));
    count(package.rules.len()).for_each(|at| add("rule", Symbol::Rule(RuleId(at))));
    count(package.limits.len()).for_each(|at| add("limit", Symbol::Limit(LimitId(at))));
    for (at, grant) in package.grants.iter().enumerate() {
        items.push(("grant", grant_ref(cx, at), &grant.decl));
    }
    for (at, arm) in package.classify.iter().enumerate() {
        items.push(("classify arm", Ref { id: cx.id(Thing::Classify(at)), name: arm.decl.name.clone() }, &arm.decl));
    }
    for (at, invariant) in package.invariants.iter().enumerate() {
        items.push(("invariant", invariant_ref(cx, at), &invariant.decl));
    }
    items
}

/// Kinds of clauses that decide something and so have somebody to answer for them.
const ANSWERED_FOR: [&str; 5] = ["rule", "limit", "invariant", "grant", "approval"];

pub(super) fn index(cx: &Context<'_>) -> Index {
    let items = items(cx);
    let mut index = Index {
        controls: by_attribute(&items, "control"),
        owners: by_attribute(&items, "owner"),
        see: by_attribute(&items, "see"),
        ..Index::default()
    };
    for (_, item, decl) in &items {
        for attr in decl.attrs.iter().filter(|attr| attr.name == "allow") {
            let [code, reason] = attr.args.as_slice() else { continue };
            index.silenced.push(Silenced { code: code.clone(), reason: reason.clone(), item: item.clone() });
        }
    }
    let own = |decl: &Decl| cx.package.modules.get(decl.module.index()).is_some_and(|module| !module.is_std);
    let orphan = |decl: &Decl| own(decl) && decl.attrs.iter().all(|attr| attr.name != "owner");
    for kind in ANSWERED_FOR {
        let orphans = items.iter().filter(|(of, _, decl)| *of == kind && orphan(decl));
        let items: Vec<Ref> = orphans.map(|(_, item, _)| item.clone()).collect();
        if !items.is_empty() {
            index.unowned.push(IndexEntry {
                id: format!("unowned-{}", index.unowned.len() + 1),
                text: kind.to_owned(),
                items,
            });
        }
    }
    index
}

fn by_attribute(items: &[(&'static str, Ref, &Decl)], name: &str) -> Vec<IndexEntry> {
    let mut found: BTreeMap<&str, Vec<Ref>> = BTreeMap::new();
    for (_, item, decl) in items {
        for arg in decl.attrs.iter().filter(|attr| attr.name == name).flat_map(|attr| &attr.args) {
            let entry = found.entry(arg).or_default();
            if !entry.contains(item) {
                entry.push(item.clone());
            }
        }
    }
    let entry = |(at, (text, items)): (usize, (&str, _))| IndexEntry {
        id: format!("{name}-{at}"),
        text: text.to_owned(),
        items,
    };
    (1..).zip(found).map(entry).collect()
}
