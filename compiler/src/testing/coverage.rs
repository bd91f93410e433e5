//! What the tests of a policy exercise: which clauses applied, and which answers each condition gave.
//!
//! There is no second evaluator for this. The policy is compiled once more with *probes*: for each condition two
//! rules that are hints, one that applies where the condition is not false and one where it is not true. Hints change
//! no outcome, and the runtime reports which of them applied; the two together tell the three answers apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use claw_runtime::bundle::{Bundle, ClauseKind, Cond, CondId};
use claw_runtime::{Decision, LoadError};

use super::{Runner, selected};
use crate::Checked;
use crate::hir::{Decl, Effect, EffectKind, Expr, Loc, Message, Package, Rule, Status, Target, TargetArm, TargetKind};
use crate::source::Sources;

/// No clause of a policy has this in its name.
const MARK: char = '\u{1}';

/// What a run of the tests exercised.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Every clause that decides or reports, in the policy's order.
    pub clauses: Vec<ClauseCoverage>,
    /// Every condition, in source order.
    pub conditions: Vec<ConditionCoverage>,
}

/// How often a clause applied.
#[derive(Clone, Debug)]
pub struct ClauseCoverage {
    /// As decisions name it.
    pub clause: String,
    pub kind: ClauseKind,
    /// As decisions name it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// In how many calls it applied.
    pub hits: usize,
}

/// Which answers a condition gave.
#[derive(Clone, Debug)]
pub struct ConditionCoverage {
    /// The declaration that it belongs to.
    pub owner: String,
    /// `when`, `unless` or `where`.
    pub word: &'static str,
    pub loc: Loc,
    pub seen: BTreeSet<Side>,
    /// Which answers it can give at all.
    pub possible: BTreeSet<Side>,
}

impl ConditionCoverage {
    /// Answers that no test brought about.
    pub fn missing(&self) -> impl Iterator<Item = Side> {
        self.possible.difference(&self.seen).copied()
    }
}

/// An answer of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    True,
    False,
    Unknown,
}

impl Side {
    pub fn word(self) -> &'static str {
        match self {
            Side::True => "true",
            Side::False => "false",
            Side::Unknown => "unknown",
        }
    }
}

impl Coverage {
    /// Clauses that applied at least once, and all.
    pub fn clause_ratio(&self) -> (usize, usize) {
        (self.clauses.iter().filter(|clause| clause.hits > 0).count(), self.clauses.len())
    }

    /// Answers of conditions that some test brought about, and all that are possible.
    pub fn side_ratio(&self) -> (usize, usize) {
        let seen =
            self.conditions.iter().map(|condition| condition.seen.intersection(&condition.possible).count()).sum();
        (seen, self.conditions.iter().map(|condition| condition.possible.len()).sum())
    }
}

/// A condition of the policy.
struct Condition<'p> {
    decl: &'p Decl,
    word: &'static str,
    expr: &'p Expr,
    target: &'p Target,
}

pub(super) fn measure(checked: &Checked, sources: &Sources, filter: Option<&str>) -> Result<Coverage, LoadError> {
    let package = checked.package();
    let conditions = conditions(package);
    let instrumented = instrument(package, &conditions);
    // A package without errors has none with more rules either; were it otherwise, nothing could be measured.
    let Some(probed) = Checked::new(Arc::new(instrumented), false) else { return Ok(Coverage::default()) };
    let runner = Runner::new(&probed, sources)?;
    let bundle = runner.policy.bundle();
    let mut coverage = Coverage { clauses: clauses(bundle), conditions: report(bundle, package, &conditions) };
    let mut hits: BTreeMap<String, usize> = BTreeMap::new();
    for test in selected(package, filter) {
        runner.run(test, &mut |decision| note(decision, &mut hits, &mut coverage.conditions));
    }
    for clause in &mut coverage.clauses {
        clause.hits = hits.get(&clause.clause).copied().unwrap_or(0);
    }
    Ok(coverage)
}

/// Takes in what one decision shows.
fn note(decision: &Decision, hits: &mut BTreeMap<String, usize>, conditions: &mut [ConditionCoverage]) {
    let mut probes: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
    let mut clauses = BTreeSet::new();
    for applied in decision.applied.iter().chain(&decision.shadow) {
        match probe(&applied.clause) {
            None => {
                clauses.insert(&*applied.clause);
            }
            Some((index, true)) => probes.entry(index).or_default().0 = true,
            Some((index, false)) => probes.entry(index).or_default().1 = true,
        }
    }
    for clause in clauses {
        *hits.entry(clause.to_owned()).or_default() += 1;
    }
    for (index, answers) in probes {
        let side = match answers {
            (true, false) => Side::True,
            (false, true) => Side::False,
            _ => Side::Unknown,
        };
        if let Some(condition) = conditions.get_mut(index) {
            condition.seen.insert(side);
        }
    }
}

/// All conditions in source order.
fn conditions(package: &Package) -> Vec<Condition<'_>> {
    let mut found = Vec::new();
    let mut push = |decl, word, target, expr| found.push(Condition { decl, word, expr, target });
    for scope in &package.scopes {
        for arm in &scope.arms {
            arm.condition.iter().for_each(|expr| push(&scope.decl, "where", &arm.target, expr));
        }
    }
    for arm in &package.classify {
        arm.when.iter().for_each(|expr| push(&arm.decl, "when", &arm.target, expr));
        arm.unless.iter().for_each(|expr| push(&arm.decl, "unless", &arm.target, expr));
    }
    for rule in package.rules.iter().filter(|rule| is_evaluated(rule.status)) {
        rule.when.iter().for_each(|expr| push(&rule.decl, "when", &rule.target, expr));
        rule.unless.iter().for_each(|expr| push(&rule.decl, "unless", &rule.target, expr));
    }
    for limit in package.limits.iter().filter(|limit| is_evaluated(limit.status)) {
        for arm in &limit.arms {
            arm.when.iter().for_each(|expr| push(&limit.decl, "when", &arm.target, expr));
        }
    }
    found.sort_by_key(|condition| condition.expr.loc);
    found
}

fn is_evaluated(status: Status) -> bool {
    matches!(status, Status::Hint | Status::Candidate | Status::Confirmed)
}

/// The package with two probes for each condition.
fn instrument(package: &Package, conditions: &[Condition<'_>]) -> Package {
    let mut package = package.clone();
    for (index, condition) in conditions.iter().enumerate() {
        for positive in [true, false] {
            let (when, unless) = match positive {
                true => (vec![condition.expr.clone()], Vec::new()),
                false => (Vec::new(), vec![condition.expr.clone()]),
            };
            package.rules.push(Rule {
                decl: Decl { name: probe_name(index, positive), attrs: Vec::new(), ..condition.decl.clone() },
                target: every_tool(condition.target),
                when,
                unless,
                effects: vec![Effect { kind: EffectKind::Deny(Message::default()), loc: condition.expr.loc }],
                suggest: None,
                status: Status::Hint,
            });
        }
    }
    package
}

/// The tools of a target, without its scopes' conditions and its environments.
fn every_tool(target: &Target) -> Target {
    let loc = target.loc.or_else(|| target.arms.first().map(|arm| arm.loc));
    let arm = |tool, loc| TargetArm { kind: TargetKind::Tool(tool), loc };
    let arms = loc.map(|loc| target.tools.iter().map(|&tool| arm(tool, loc)).collect()).unwrap_or_default();
    Target { arms, envs: None, tools: target.tools.clone(), loc: target.loc }
}

fn probe_name(index: usize, positive: bool) -> String {
    format!("{MARK}{index}{}", if positive { '+' } else { '-' })
}

/// Which probe a clause is.
fn probe(clause: &str) -> Option<(usize, bool)> {
    let (_, name) = clause.split_once(MARK)?;
    let index = name.strip_suffix(['+', '-'])?.parse().ok()?;
    Some((index, name.ends_with('+')))
}

fn clauses(bundle: &Bundle) -> Vec<ClauseCoverage> {
    let file = |module: u32| bundle.modules.get(module as usize).map(|module| module.file.clone()).unwrap_or_default();
    let real = bundle.clauses.iter().filter(|clause| probe(&clause.id).is_none());
    real.map(|clause| ClauseCoverage {
        clause: clause.id.clone(),
        kind: clause.kind,
        file: file(clause.module),
        line: clause.line,
        column: clause.column,
        hits: 0,
    })
    .collect()
}

fn report(bundle: &Bundle, package: &Package, conditions: &[Condition<'_>]) -> Vec<ConditionCoverage> {
    let possible = possible_sides(bundle, conditions.len());
    let owner = |decl: &Decl| format!("{}.{}", package.modules[decl.module.index()].name, decl.name);
    conditions
        .iter()
        .zip(possible)
        .map(|(condition, possible)| ConditionCoverage {
            owner: owner(condition.decl),
            word: condition.word,
            loc: condition.expr.loc,
            seen: BTreeSet::new(),
            possible,
        })
        .collect()
}

/// For each condition the answers that it can give for some tool, as far as its form shows.
fn possible_sides(bundle: &Bundle, count: usize) -> Vec<BTreeSet<Side>> {
    let mut sides = vec![BTreeSet::new(); count];
    for instance in &bundle.instances {
        let clause = bundle.clauses.get(instance.clause.index());
        let Some((index, positive)) = clause.and_then(|clause| probe(&clause.id)) else { continue };
        let Some(sides) = sides.get_mut(index) else { continue };
        if !matches!(bundle.conds.get(instance.cond.index()), Some(Cond::False) | None) {
            sides.insert(if positive { Side::True } else { Side::False });
        }
        if reads_partial(bundle, instance.cond) {
            sides.insert(Side::Unknown);
        }
    }
    sides
}

/// Whether some test of the condition may be unknown.
fn reads_partial(bundle: &Bundle, cond: CondId) -> bool {
    let mut stack = vec![cond];
    let mut seen = BTreeSet::new();
    while let Some(cond) = stack.pop() {
        if !seen.insert(cond) {
            continue;
        }
        match bundle.conds.get(cond.index()) {
            Some(Cond::Ask(atom, _)) if bundle.atoms.get(atom.index()).is_some_and(|atom| atom.partial) => return true,
            Some(Cond::All(range) | Cond::Any(range)) => {
                let (start, end) = (range.start as usize, (range.start + range.len) as usize);
                stack.extend(bundle.cond_operands.get(start..end).unwrap_or_default());
            }
            _ => {}
        }
    }
    false
}
