//! Proves after compiling that a bundle's graph says what the policy's clauses say.
//!
//! The graph is what decides, and much happens between a clause and its nodes: tests are merged into switches,
//! branches are shared, orders are chosen. Nothing of that is trusted here. For every tool and every root, the clauses
//! and the emitted nodes are both read as functions of the answers that the tests can have, written as binary decision
//! diagrams by a library that the compiler uses for nothing else, and compared: the two are equal for all answers, or
//! one set of answers is shown for which they are not.
//!
//! Takes the lowered clauses for granted, and knows nothing of how a graph is built.

mod diagram;
mod order;
mod prove;
mod questions;
mod space;
mod tables;
mod texts;
mod witness;

use claw_runtime::bundle::Bundle;
use claw_runtime::{Policy, Tri};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::lower::Lowered;
use prove::{Outcome, prove};
use questions::Questions;

/// Nodes of one diagram. A graph has at most 20,000, with several digits to a node.
const NODES: usize = 1 << 20;

/// What was proved of a bundle, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// All tools of the policy.
    pub tools: usize,
    /// Roots that were compared with their clauses, over all tools.
    pub roots: usize,
    /// Tools without a graph of their own: they are decided by the clauses themselves, so there is nothing to compare.
    pub by_clauses: usize,
    pub disagreements: Vec<Disagreement>,
    /// Tools for which the proof would have been too large.
    pub skipped: Vec<Skipped>,
    /// What is wrong with the bundle as a whole. Where there is anything, no root was compared.
    pub faults: Vec<String>,
}

/// Answers of tests for which the graph and the clauses say different things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    pub tool: String,
    /// Which question was answered differently: `grant`, `tier`, `deny`, `approval four_eyes`, …
    pub root: String,
    /// Tests that matter, as text, with their answers; those that are not named may have any.
    #[serde(serialize_with = "witness::valuation")]
    pub valuation: Vec<(String, Tri)>,
    /// `None`: any environment.
    pub env: Option<String>,
    /// `None`: any tier, or the question is put before there is one.
    pub tier: Option<String>,
    /// What the graph says: 1 is yes; for `tier` 0 is unclassified and k+1 is tier k.
    pub graph: u32,
    /// What the clauses say, in the same numbers.
    pub clauses: u32,
}

/// A tool that was not proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    pub tool: String,
    pub why: String,
}

impl Certificate {
    /// Whether everything was proved.
    pub fn holds(&self) -> bool {
        self.disagreements.is_empty() && self.skipped.is_empty() && self.faults.is_empty()
    }
}

/// Compares a bundle with the clauses that it was made from.
///
/// `lowered` is the policy as [`crate::lower::lower`] gives it, and need not be the one that the bundle was emitted
/// from.
pub fn certify(lowered: &Lowered, bundle: &Bundle) -> Certificate {
    certify_within(lowered, bundle, NODES)
}

/// The same, with a bound of one's own on the nodes of each diagram of the proof.
pub fn certify_within(lowered: &Lowered, bundle: &Bundle, nodes: usize) -> Certificate {
    let mut certificate = Certificate { faults: tables::faults(&lowered.tables, bundle), ..Certificate::default() };
    if let Err(error) = Policy::from_bundle(bundle.clone()) {
        certificate.faults.push(format!("the runtime does not accept the bundle: {error}"));
    }
    if !certificate.faults.is_empty() {
        return certificate;
    }
    // Tools with the same clauses and the same roots need one proof.
    let mut proved: FxHashMap<Questions, Outcome> = FxHashMap::default();
    for (tool, def) in (0..).zip(&bundle.tools) {
        certificate.tools += 1;
        let Some(roots) = &def.roots else {
            certificate.by_clauses += 1;
            continue;
        };
        let questions = Questions::new(lowered, tool, roots);
        let outcome = proved.entry(questions).or_insert_with_key(|questions| prove(lowered, bundle, questions, nodes));
        certificate.add(lowered, tool, outcome);
    }
    certificate
}

impl Certificate {
    fn add(&mut self, lowered: &Lowered, tool: u32, outcome: &Outcome) {
        match outcome {
            Err(too_large) => {
                let tool = lowered.tables.tools[tool as usize].name.clone();
                self.skipped.push(Skipped { tool, why: too_large.to_string() });
            }
            Ok(proof) => {
                self.roots += proof.roots;
                self.disagreements.extend(proof.witnesses.iter().map(|witness| witness.told(lowered, tool)));
            }
        }
    }
}
