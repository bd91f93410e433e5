//! What the prover has to say about a policy, as findings beside those of the checker.

use std::collections::BTreeMap;

use claw_runtime::Decision;
use claw_runtime::bundle::ToolId;

use super::prover::ToolProver;
use super::side::Side;
use super::witness::Witness;
use super::{completeness, invariants, lints as clauses};
use crate::analysis::Analysis;
use crate::checked::Checked;
use crate::diagnostics::Diagnostic;
use crate::hir::{Loc, Package};
use crate::lints;
use crate::testing::test_block;

impl Analysis {
    /// Adds what can only be said by looking at all requests: invariants that don't hold, calls that no arm
    /// classifies, clauses that never matter. Takes longer than checking; does nothing where there are errors.
    pub fn prove(&mut self) {
        let Some(checked) = Checked::new(self.package.clone(), self.has_errors()) else { return };
        // What the checker let through loads; if it does not, compiling says so.
        let Ok(side) = Side::new(&checked, &self.sources) else { return };
        self.diagnostics.extend(findings(&side));
        lints::silence(self);
    }
}

/// Everything that the prover finds.
pub fn findings(side: &Side) -> Vec<Diagnostic> {
    let mut cx = Cx::new(side);
    completeness::run(&mut cx);
    invariants::run(&mut cx);
    clauses::run(&mut cx);
    cx.out
}

/// What the checks share.
#[derive(Debug)]
pub struct Cx<'a> {
    pub side: &'a Side,
    provers: BTreeMap<ToolId, ToolProver<'a>>,
    out: Vec<Diagnostic>,
}

impl<'a> Cx<'a> {
    pub fn new(side: &'a Side) -> Cx<'a> {
        Cx { side, provers: BTreeMap::new(), out: Vec::new() }
    }

    pub fn package(&self) -> &'a Package {
        self.side.package()
    }

    /// All tools, by index.
    pub fn tools(&self) -> impl Iterator<Item = ToolId> + use<> {
        (0..u32::try_from(self.side.lowered.tables.tools.len()).unwrap_or(u32::MAX)).map(ToolId)
    }

    /// The prover for a tool's calls.
    pub fn prover(&mut self, tool: ToolId) -> &mut ToolProver<'a> {
        self.provers.entry(tool).or_insert_with(|| ToolProver::new(self.side, tool))
    }

    pub fn report(&mut self, finding: Diagnostic) {
        self.out.push(finding);
    }

    pub fn tool_name(&self, tool: ToolId) -> &'a str {
        &self.side.lowered.tables.tools[tool.index()].name
    }

    /// Where a clause stands that a decision names.
    pub fn clause_loc(&self, id: &str) -> Option<Loc> {
        let at = self.side.policy.bundle().clauses.iter().position(|clause| clause.id == id)?;
        self.side.lowered.clause_locs.get(at).map(|place| place.name)
    }

    /// Shows a call: as JSON, and as a test if a test can say it.
    pub fn with_call(&self, finding: Diagnostic, name: &str, witness: &Witness) -> Diagnostic {
        let decision = &witness.decisions[0];
        let finding = finding.note(witness.shown());
        let block = (witness.earlier == 0)
            .then(|| test_block(self.package(), &self.side.policy, name, &witness.past, &witness.request, decision))
            .flatten();
        match block {
            Some(block) => finding.note(format!("as a test:\n{block}")),
            None => finding,
        }
    }

    /// Marks the clauses that made a decision what it is.
    pub fn with_grounds(&self, mut finding: Diagnostic, decision: &Decision) -> Diagnostic {
        const MOST: usize = 4;
        let mut told: Vec<Loc> = vec![finding.primary.loc];
        for applied in &decision.applied {
            let Some(loc) = self.clause_loc(&applied.clause) else { continue };
            if told.contains(&loc) || told.len() > MOST {
                continue;
            }
            told.push(loc);
            let says = match &applied.effect {
                claw_runtime::Effect::Grant => "grants it".to_owned(),
                claw_runtime::Effect::Classify(tier) => format!("makes it `{tier}`"),
                claw_runtime::Effect::Allow => "allows it".to_owned(),
                claw_runtime::Effect::Deny => "denies it".to_owned(),
                claw_runtime::Effect::Require(ids) => format!("requires {}", ids.join(", ")),
                _ => continue,
            };
            finding = finding.label(loc, says);
        }
        finding
    }
}
