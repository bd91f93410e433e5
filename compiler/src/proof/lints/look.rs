//! What the lints share: questions that were answered, clauses that were reported, and what covers what.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use claw_runtime::bundle::{ApprovalId, ClauseId, InstanceEffect, RuleEffect, ToolId};
use rustc_hash::FxHashMap;

use crate::diagnostics::{Applicability, Diagnostic, Edit};
use crate::hir::{Decl, Loc, Package};
use crate::lints;
use crate::proof::findings::Cx;
use crate::proof::formula::{F, Formulas, Node};
use crate::proof::outcome::Outcomes;
use crate::proof::side::Side;
use crate::proof::space::{Space, TestKind};

/// No more clauses than these are looked at as the reason of a warning. Looking at fewer never makes one wrong.
const REASONS: usize = 48;

/// What a formula is about. Formulas with nothing in common don't decide each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Env,
    Base(usize),
    AgentRoles,
    UserRoles,
    Label(String),
    Test(u32),
    Choice,
}

type Topics = Rc<BTreeSet<Topic>>;

/// A clause that may make another superfluous, and for which calls.
pub type Reason = (ClauseId, F);

/// Takes a clause of a cell: whether it denies, what it requires, and of which calls.
type EachCell<'e> = &'e mut dyn FnMut(ClauseId, bool, &[ApprovalId], F);

/// One tool of a clause that may be superfluous.
#[derive(Debug)]
pub struct Case {
    pub tool: ToolId,
    /// The calls that the clause is about.
    pub about: F,
    /// What else sees to them.
    pub reasons: Vec<Reason>,
}

/// The state of the lints.
#[derive(Debug)]
pub struct Look<'x, 'a> {
    pub cx: &'x mut Cx<'a>,
    /// What was reported as having no effect, by its whole place.
    done: BTreeSet<Loc>,
    /// Those among them that never apply.
    never: BTreeSet<Loc>,
    impossible: FxHashMap<(ToolId, F), bool>,
    topics: FxHashMap<(ToolId, F), Topics>,
    clauses: FxHashMap<Loc, ClauseId>,
}

impl<'x, 'a> Look<'x, 'a> {
    pub fn new(cx: &'x mut Cx<'a>) -> Look<'x, 'a> {
        let side = cx.side;
        let clauses = (0..).map(ClauseId).zip(&side.lowered.clause_locs).map(|(id, place)| (place.whole, id)).collect();
        let mut look = Look {
            cx,
            done: BTreeSet::new(),
            never: BTreeSet::new(),
            impossible: FxHashMap::default(),
            topics: FxHashMap::default(),
            clauses,
        };
        look.note_plain_lints();
        look
    }

    /// What a look at the text alone has found already.
    fn note_plain_lints(&mut self) {
        let mut found = Vec::new();
        lints::run(self.package(), &mut found);
        let useless = |d: &Diagnostic| matches!(d.code.as_str(), "W0201" | "W0302" | "W0401");
        let places: BTreeSet<Loc> = found.iter().filter(|d| useless(d)).map(|d| d.primary.loc).collect();
        let mut done = BTreeSet::new();
        self.package().for_each_decl(|decl| {
            if places.contains(&decl.loc) || places.contains(&decl.name_loc) {
                done.insert(decl.loc);
            }
        });
        self.done = done;
    }

    pub fn side(&self) -> &'a Side {
        self.cx.side
    }

    pub fn package(&self) -> &'a Package {
        self.cx.package()
    }

    pub fn clause(&self, decl: &Decl) -> Option<ClauseId> {
        self.clauses.get(&decl.loc).copied()
    }

    /// Reports a clause that has no effect.
    pub fn useless(&mut self, decl: &Decl, finding: Diagnostic) {
        self.done.insert(decl.loc);
        self.cx.report(finding);
    }

    /// Reports a clause that never applies.
    pub fn dead(&mut self, decl: &Decl, finding: Diagnostic) {
        self.never.insert(decl.loc);
        self.useless(decl, finding);
    }

    pub fn is_done(&self, decl: &Decl) -> bool {
        self.done.contains(&decl.loc)
    }

    pub fn never_applies(&self, decl: &Decl) -> bool {
        self.never.contains(&decl.loc)
    }

    fn counts(&self, clause: ClauseId) -> bool {
        !self.done.contains(&self.side().lowered.clause_locs[clause.index()].whole)
    }

    pub fn outcomes(&mut self, tool: ToolId) -> Outcomes {
        self.cx.prover(tool).outcomes[0].clone()
    }

    pub fn space(&mut self, tool: ToolId) -> &mut Space<'a> {
        self.cx.prover(tool).space()
    }

    pub fn f(&mut self, tool: ToolId) -> &mut Formulas {
        &mut self.space(tool).f
    }

    /// Whether it is proved that no call of the tool is like this.
    pub fn impossible(&mut self, tool: ToolId, f: F) -> bool {
        if f == F::FALSE || f == F::TRUE {
            return f == F::FALSE;
        }
        if let Some(known) = self.impossible.get(&(tool, f)) {
            return *known;
        }
        let answer = self.cx.prover(tool).engine.find_apart(f).is_no();
        self.impossible.insert((tool, f), answer);
        answer
    }

    fn topics(&mut self, tool: ToolId, f: F) -> Topics {
        if let Some(known) = self.topics.get(&(tool, f)) {
            return known.clone();
        }
        let mut found = BTreeSet::new();
        let node = self.f(tool).node(f).clone();
        match node {
            Node::False | Node::True => {}
            Node::Env(_) => found.extend([Topic::Env]),
            Node::Choice(..) => found.extend([Topic::Choice]),
            Node::Test(test, _) => topics_of_test(self.space(tool), test.0, &mut found),
            Node::All(parts) | Node::Any(parts) => {
                for part in parts {
                    found.extend(self.topics(tool, part).iter().cloned());
                }
            }
        }
        let found = Rc::new(found);
        self.topics.insert((tool, f), found.clone());
        found
    }

    /// Whether two formulas are about some same thing.
    pub fn related(&mut self, tool: ToolId, a: F, b: F) -> bool {
        let (a, b) = (self.topics(tool, a), self.topics(tool, b));
        !a.is_disjoint(&b)
    }

    /// Those of the reasons that can have to do with the calls that a clause is about.
    pub fn case(&mut self, tool: ToolId, about: F, own: F, reasons: &[Reason]) -> Case {
        let mut fit = Vec::new();
        for (clause, f) in reasons {
            if fit.len() < REASONS && self.counts(*clause) && self.may_decide(tool, *f, own) {
                fit.push((*clause, *f));
            }
        }
        Case { tool, about, reasons: fit }
    }

    /// Whether one formula can have to do with another: all are about environments.
    fn may_decide(&mut self, tool: ToolId, reason: F, own: F) -> bool {
        let (reason, own) = (self.topics(tool, reason), self.topics(tool, own));
        let mut topics = reason.iter().filter(|topic| **topic != Topic::Env).peekable();
        topics.peek().is_none() || topics.any(|topic| own.contains(topic))
    }

    /// A smallest set of clauses that see to all that these are about; `None` if something is left, or if there is
    /// nothing that they are about.
    pub fn covering(&mut self, cases: &[Case]) -> Option<Vec<ClauseId>> {
        let all: BTreeSet<ClauseId> = cases.iter().flat_map(|case| &case.reasons).map(|(id, _)| *id).collect();
        if all.is_empty() || !self.covers(cases, &all) || cases.iter().all(|c| self.impossible(c.tool, c.about)) {
            return None;
        }
        if let Some(one) = all.iter().find(|id| self.covers(cases, &BTreeSet::from([**id]))) {
            return Some(vec![*one]);
        }
        let mut needed = all.clone();
        let mut candidates: VecDeque<ClauseId> = all.into_iter().collect();
        while let Some(id) = candidates.pop_back() {
            needed.remove(&id);
            if !self.covers(cases, &needed) {
                needed.insert(id);
            }
        }
        Some(needed.into_iter().collect())
    }

    fn covers(&mut self, cases: &[Case], clauses: &BTreeSet<ClauseId>) -> bool {
        cases.iter().all(|case| {
            let parts: Vec<F> = case.reasons.iter().filter(|(id, _)| clauses.contains(id)).map(|(_, f)| *f).collect();
            let f = self.f(case.tool);
            let covered = f.any(parts);
            let open = f.not(covered);
            let left = f.and(case.about, open);
            self.impossible(case.tool, left)
        })
    }

    /// What denies calls of a tool that are granted: rules and cells of the matrix.
    pub fn denials(&mut self, tool: ToolId) -> Vec<Reason> {
        let mut found = Vec::new();
        self.effects(tool, &mut |id, effect, f| {
            if let RuleEffect::Deny(_) = effect {
                found.push((id, f));
            }
        });
        self.cells(tool, &mut |id, deny, _, f| {
            if deny {
                found.push((id, f));
            }
        });
        found
    }

    /// What requires an approval of calls of a tool.
    pub fn requirements(&mut self, tool: ToolId, approval: ApprovalId) -> Vec<Reason> {
        let mut found = Vec::new();
        self.effects(tool, &mut |id, effect, f| {
            if matches!(effect, RuleEffect::Require(ids) if ids.contains(&approval)) {
                found.push((id, f));
            }
        });
        self.cells(tool, &mut |id, _, approvals, f| {
            if approvals.contains(&approval) {
                found.push((id, f));
            }
        });
        found
    }

    fn effects(&mut self, tool: ToolId, each: &mut dyn FnMut(ClauseId, &RuleEffect, F)) {
        let side = self.side();
        for rule in &self.cx.prover(tool).outcomes[0].rules {
            let InstanceEffect::Rule { effects, .. } = &side.lowered.tables.instances[rule.instance as usize].effect
            else {
                continue;
            };
            effects.iter().for_each(|effect| each(ClauseId(rule.clause), effect, rule.applies));
        }
    }

    fn cells(&mut self, tool: ToolId, each: EachCell<'_>) {
        let tables = &self.side().lowered.tables;
        let envs = tables.environments.len();
        for (at, cell) in tables.matrix.iter().enumerate() {
            let here = self.cell(tool, at / envs, at % envs);
            cell.clauses.iter().for_each(|(id, deny, approvals)| each(*id, *deny, approvals, here));
        }
    }

    /// The calls of a tool that a cell is about; those above say as much or more.
    fn cell(&mut self, tool: ToolId, tier: usize, env: usize) -> F {
        let space = self.space(tool);
        let tier = space.tier_at_least(0, u32::try_from(tier).unwrap_or(u32::MAX));
        let env = space.f.env(1 << env);
        space.f.and(env, tier)
    }

    /// The calls of a tool that have just this tier.
    pub fn exactly(&mut self, tool: ToolId, tier: u32) -> F {
        let space = self.space(tool);
        let (this, next) = (space.tier_at_least(0, tier), space.tier_at_least(0, tier + 1));
        let below = space.f.not(next);
        space.f.and(this, below)
    }

    /// Marks clauses, the first few of them.
    pub fn labels(&self, finding: Diagnostic, clauses: &[ClauseId], says: &dyn Fn(ClauseId) -> String) -> Diagnostic {
        const MOST: usize = 4;
        clauses
            .iter()
            .take(MOST)
            .fold(finding, |finding, id| finding.label(self.side().lowered.clause_locs[id.index()].name, says(*id)))
    }
}

/// Offers to delete a clause.
pub fn deletable(finding: Diagnostic, decl: &Decl, what: &str) -> Diagnostic {
    let edit = Edit { loc: decl.loc, text: String::new() };
    finding.fix_all(format!("remove {what}"), vec![edit], Applicability::Likely).unnecessary()
}

fn topics_of_test(space: &Space<'_>, test: u32, found: &mut BTreeSet<Topic>) {
    let slots = match &space.tests[test as usize].kind {
        TestKind::Slot(slot) => vec![*slot],
        TestKind::Same(a, b) => vec![*a, *b],
        TestKind::AgentRole(_) => return found.extend([Topic::AgentRoles]),
        TestKind::UserRole(_) => return found.extend([Topic::UserRoles]),
        TestKind::Label(label) => return found.extend([Topic::Label(label.clone())]),
        TestKind::Free { slots, .. } => {
            found.insert(Topic::Test(test));
            slots.clone()
        }
    };
    found.extend(slots.iter().map(|slot| Topic::Base(space.slots[slot.0].base.0)));
}
