//! Random changes of a bundle's graph.

use claw_runtime::bundle::{Bundle, Node, Roots, Target, TargetKind};
use claw_tests::generate::Rng;

/// Changes something, and says what; `None` if there was nothing of the kind.
pub fn mutate(bundle: &mut Bundle, rng: &mut Rng) -> Option<String> {
    match rng.below(6) {
        0 | 1 => branch(bundle, rng),
        2 => root(bundle, rng),
        3 => drop_root(bundle, rng),
        4 => class(bundle, rng),
        _ => swap_test(bundle, rng),
    }
}

/// Sends a branch of a node elsewhere: to another leaf, or to an earlier node.
fn branch(bundle: &mut Bundle, rng: &mut Rng) -> Option<String> {
    let at = rng.below(bundle.nodes.len());
    let tiers = bundle.tiers.len();
    let node = bundle.nodes.get_mut(at)?;
    let mut targets: Vec<&mut Target> = match node {
        Node::Test { on_false, on_unknown, on_true, .. } => vec![on_false, on_unknown, on_true],
        Node::Switch { on_unknown, otherwise, cases, .. } => {
            cases.iter_mut().map(|case| &mut case.1).chain([on_unknown, otherwise]).collect()
        }
        Node::Env { by_env: targets } | Node::Tier { by_tier: targets } => targets.iter_mut().collect(),
    };
    let which = rng.below(targets.len());
    let target = targets.get_mut(which)?;
    let before = target.get();
    **target = elsewhere(**target, at, tiers, rng);
    Some(format!("branch {which} of node {at}: {before:?} becomes {:?}", target.get()))
}

fn elsewhere(target: Target, below: usize, tiers: usize, rng: &mut Rng) -> Target {
    match target.get() {
        TargetKind::Leaf(leaf) if leaf > 1 || rng.chance(60) => {
            Target::leaf(if leaf > 1 { rng.below(tiers + 1) as u32 } else { 1 - leaf })
        }
        _ if below > 0 && rng.chance(60) => Target::node(rng.below(below) as u32),
        _ => Target::leaf(rng.below(2) as u32),
    }
}

/// Some tool that has roots.
fn roots<'a>(bundle: &'a mut Bundle, rng: &mut Rng) -> Option<(String, &'a mut Roots)> {
    let at = rng.below(bundle.tools.len());
    let tool = bundle.tools.get_mut(at)?;
    Some((tool.name.clone(), tool.roots.as_mut()?))
}

fn root(bundle: &mut Bundle, rng: &mut Rng) -> Option<String> {
    let (nodes, tiers) = (bundle.nodes.len(), bundle.tiers.len());
    let (tool, roots) = roots(bundle, rng)?;
    let mut targets = vec![&mut roots.grant, &mut roots.tier, &mut roots.deny];
    targets.extend(roots.approvals.iter_mut().map(|root| &mut root.1));
    targets.extend(roots.marks.iter_mut().map(|root| &mut root.1));
    targets.extend(roots.constrains.iter_mut().map(|root| &mut root.1));
    targets.extend(roots.limits.iter_mut().map(|root| &mut root.1));
    let which = rng.below(targets.len());
    let target = &mut targets[which];
    let before = target.get();
    **target = elsewhere(**target, nodes, tiers, rng);
    Some(format!("root {which} of {tool}: {before:?} becomes {:?}", target.get()))
}

fn drop_root(bundle: &mut Bundle, rng: &mut Rng) -> Option<String> {
    let (tool, roots) = roots(bundle, rng)?;
    let approvals = roots.approvals.len();
    let lists = [&mut roots.marks, &mut roots.constrains, &mut roots.limits];
    let mut which = rng.below(approvals + lists.iter().map(|list| list.len()).sum::<usize>());
    if which < approvals {
        roots.approvals.remove(which);
        return Some(format!("{tool} has no approval {which}"));
    }
    which -= approvals;
    for list in lists {
        if which < list.len() {
            list.remove(which);
            return Some(format!("{tool} has one root less"));
        }
        which -= list.len();
    }
    None
}

/// Puts a constant of a switch into another class, or takes it out.
fn class(bundle: &mut Bundle, rng: &mut Rng) -> Option<String> {
    let at = rng.below(bundle.switches.len());
    let classes = &mut bundle.switches.get_mut(at)?.classes;
    let which = rng.below(classes.len());
    if rng.chance(30) {
        classes.remove(which);
        return Some(format!("switch {at} has no constant {which}"));
    }
    let other = classes[rng.below(classes.len())].1;
    let class = &mut classes[which].1;
    let before = *class;
    *class = if rng.chance(50) { other } else { before + 1 };
    (before != *class).then(|| format!("constant {which} of switch {at}: class {before} becomes {class}"))
}

/// Has a node ask about the test of another one.
fn swap_test(bundle: &mut Bundle, rng: &mut Rng) -> Option<String> {
    let (from, to) = (rng.below(bundle.nodes.len()), rng.below(bundle.nodes.len()));
    let Some(Node::Test { atom: other, .. }) = bundle.nodes.get(from) else { return None };
    let other = *other;
    let Some(Node::Test { atom, .. }) = bundle.nodes.get_mut(to) else { return None };
    let before = *atom;
    *atom = other;
    (before != other).then(|| format!("node {to} asks {other:?} instead of {before:?}"))
}
