//! The order of the domains: that in which the graph meets them, as far as it has one.
//!
//! Any order would do for a proof; this one keeps it small.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use claw_runtime::bundle::{Bundle, Node, Target, TargetKind};
use rustc_hash::FxHashSet;

use super::space::Space;

/// The nodes that are reached from these places, ascending: branches first, since a node's branches are earlier ones.
pub fn reached(bundle: &Bundle, starts: impl IntoIterator<Item = Target>) -> Vec<u32> {
    let mut seen: FxHashSet<u32> = FxHashSet::default();
    let mut open: Vec<Target> = starts.into_iter().collect();
    while let Some(target) = open.pop() {
        if let TargetKind::Node(node) = target.get()
            && seen.insert(node)
        {
            each_branch(&bundle.nodes[node as usize], |target| open.push(target));
        }
    }
    let mut nodes: Vec<u32> = seen.into_iter().collect();
    nodes.sort_unstable();
    nodes
}

fn each_branch(node: &Node, mut visit: impl FnMut(Target)) {
    match node {
        Node::Test { on_false, on_unknown, on_true, .. } => {
            [*on_false, *on_unknown, *on_true].into_iter().for_each(visit)
        }
        Node::Switch { on_unknown, otherwise, cases, .. } => {
            visit(*on_unknown);
            visit(*otherwise);
            cases.iter().for_each(|(_, target)| visit(*target));
        }
        Node::Env { by_env: targets } | Node::Tier { by_tier: targets } => targets.iter().copied().for_each(visit),
    }
}

/// All domains, with those first that the graph asks about first, and whether it always asks in this order.
pub fn order(space: &Space, nodes: &[u32]) -> (Vec<usize>, bool) {
    let count = space.domains.len();
    let mut after: Vec<FxHashSet<usize>> = vec![FxHashSet::default(); count];
    let mut ordered = true;
    for node in nodes {
        let domain = space.domain_of(*node);
        each_branch(&space.bundle.nodes[*node as usize], |target| {
            if let TargetKind::Node(next) = target.get() {
                let next = space.domain_of(next);
                ordered &= next != domain;
                after[domain].insert(next);
            }
        });
    }
    let mut before = vec![0; count];
    after.iter().flatten().for_each(|next| before[*next] += 1);
    // Among those that nothing stands before, as the clauses name them.
    let mut free: BinaryHeap<Reverse<usize>> = (0..count).filter(|at| before[*at] == 0).map(Reverse).collect();
    let mut sequence = Vec::with_capacity(count);
    while let Some(Reverse(at)) = free.pop() {
        sequence.push(at);
        for next in &after[at] {
            before[*next] -= 1;
            if before[*next] == 0 {
                free.push(Reverse(*next));
            }
        }
    }
    // What is left is asked in different orders on different paths.
    ordered &= sequence.len() == count;
    sequence.extend((0..count).filter(|at| before[*at] > 0));
    (sequence, ordered)
}
