//! The decision, clause by clause: slower than the graph, and with everything that an explanation needs.
//!
//! Evaluates each clause's own condition, not the graph, over memoised tests. Both must always agree. Writes no text:
//! that is `explain.rs`'s business.

use rustc_hash::FxHashMap;

use crate::approvals::discharged;
use crate::bitset::Bits;
use crate::budget::{self, Budget, Sum};
use crate::bundle::{ApprovalId, AtomId, Cond, CondId, Instance, InstanceEffect, LimitId, RuleEffect, ToolDef};
use crate::decide::{Limits, join};
use crate::eval::Eval;
use crate::externs::Answers;
use crate::state::{Consumption, Realm, StateView};
use crate::{Outcome, Policy, Reason, Request, Tri, Value, Verdict};

mod merge;

/// One decision in the making.
pub(crate) struct Judge<'a> {
    pub(crate) eval: Eval<'a>,
    pub(crate) tool: &'a ToolDef,
    /// Answers of tests, for clauses that count and for shadow clauses: these see more labels.
    memo: [Memo; 2],
}

/// Tests that most calls put at most so many of: their answers are kept without allocating.
const INLINE: usize = 8;

/// Answers of tests.
#[derive(Default)]
struct Memo {
    first: [Option<(AtomId, Tri)>; INLINE],
    more: FxHashMap<AtomId, Tri>,
}

impl Memo {
    fn get(&self, atom: AtomId) -> Option<Tri> {
        for place in &self.first {
            match place {
                Some((known, answer)) if *known == atom => return Some(*answer),
                Some(_) => {}
                None => return None,
            }
        }
        self.more.get(&atom).copied()
    }

    fn put(&mut self, atom: AtomId, answer: Tri) {
        match self.first.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some((atom, answer)),
            None => drop(self.more.insert(atom, answer)),
        }
    }
}

/// Everything that was found out about a call.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    pub(crate) verdict: Verdict,
    /// Clauses that apply, by index of `Bundle::instances`. Limits are among them only if exceeded or unavailable.
    pub(crate) grants: Vec<u32>,
    pub(crate) classify: Vec<u32>,
    pub(crate) rules: Vec<u32>,
    /// Limits that some arm applies to.
    pub(crate) limits: Vec<(LimitId, Budget)>,
    /// The matrix's cell.
    pub(crate) cell: Option<&'a crate::bundle::Cell>,
    /// The same for hints and candidates, which count for nothing.
    pub(crate) shadow: Vec<u32>,
    pub(crate) shadow_limits: Vec<(LimitId, Budget)>,
    /// Merged values by constraint.
    pub(crate) constraints: Vec<(u32, Value)>,
    /// Evidence that discharges an approval and is thereby used.
    pub(crate) consumed: Vec<Consumption>,
    /// Who requires each required approval: clause ids.
    pub(crate) required_by: Vec<(ApprovalId, Vec<&'a str>)>,
    /// Why given evidence does not discharge.
    pub(crate) refusals: Vec<(ApprovalId, String)>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        policy: &'a Policy,
        request: &'a Request,
        view: &'a dyn StateView,
        tool: &'a ToolDef,
        answers: &'a Answers,
    ) -> Judge<'a> {
        Judge { eval: Eval::new(policy, request, view, answers), tool, memo: Default::default() }
    }

    pub(crate) fn verdict(mut self) -> Verdict {
        self.findings().verdict
    }

    /// Goes through all steps, also beyond the first that denies, except that nothing is looked at further for a call that
    /// is not granted or not classified.
    pub(crate) fn findings(&mut self) -> Findings<'a> {
        let mut found = Findings {
            verdict: Verdict { outcome: Outcome::Allow, ..Verdict::deny(Reason::Granted) },
            grants: Vec::new(),
            classify: Vec::new(),
            rules: Vec::new(),
            limits: Vec::new(),
            cell: None,
            shadow: Vec::new(),
            shadow_limits: Vec::new(),
            constraints: Vec::new(),
            consumed: Vec::new(),
            required_by: Vec::new(),
            refusals: Vec::new(),
        };
        if let Some(reason) = self.steps(&mut found) {
            found.verdict = Verdict { retry_after: found.verdict.retry_after, ..found.verdict.denied(reason) };
        }
        self.shadows(&mut found);
        if self.eval.exhausted() {
            found.verdict = Verdict::deny(Reason::LimitsExceeded);
        }
        found
    }

    /// Steps 2 to 6. Gives the reason of the first that denies.
    fn steps(&mut self, found: &mut Findings<'a>) -> Option<Reason> {
        found.grants = self.applying(Realm::Confirmed, |effect| matches!(effect, InstanceEffect::Grant));
        if found.grants.is_empty() {
            return Some(Reason::NotGranted);
        }
        if let Some(reason) = self.classify(found) {
            return Some(reason);
        }
        let mut denial = None;
        let mut deny = |reason: Reason| denial = denial.or(Some(reason));
        let mut by = [Bits::default(); 3];
        let [by_matrix, by_rule, by_limit] = &mut by;
        if let Some(cell) = found.cell {
            if cell.deny {
                deny(Reason::Matrix);
            }
            by_matrix.extend(&cell.approvals.iter().map(|id| id.0).collect());
        }
        found.rules = self.applying(Realm::Confirmed, |effect| matches!(effect, InstanceEffect::Rule { .. }));
        for effect in found.rules.iter().flat_map(|i| self.rule_effects(*i)) {
            match effect {
                RuleEffect::Deny(_) => deny(Reason::Rule),
                RuleEffect::Require(approvals) => by_rule.extend(&approvals.iter().map(|id| id.0).collect()),
                RuleEffect::Constrain { .. } | RuleEffect::Mark { .. } => {}
            }
        }
        found.limits = self.budgets(Realm::Confirmed);
        let mut limits = Limits::default();
        found.limits.iter().for_each(|(limit, budget)| limits.add(self.eval.policy, *limit, budget));
        by_limit.extend(&limits.approvals);
        limits.denial().map(&mut deny);
        if !self.constraints(found) {
            deny(Reason::UnsupportedConstraint);
        }
        if denial == Some(Reason::Limit) {
            found.verdict.retry_after = limits.retry_after;
        }
        self.join(found, by, denial)
    }

    /// Step 3, and the matrix's cell.
    fn classify(&mut self, found: &mut Findings<'a>) -> Option<Reason> {
        let policy = self.eval.policy;
        if policy.bundle.tiers.is_empty() {
            return None;
        }
        let (arms, tier) = self.tier();
        found.classify = arms;
        found.verdict.tier = tier;
        let tier = match tier {
            Some(tier) => tier,
            None => return Some(Reason::Unclassified),
        };
        found.cell = policy.cell(tier, self.eval.request.env);
        found.cell.is_none().then_some(Reason::Matrix)
    }

    /// The highest tier of the arms that apply, with those arms; what is asked from now on knows it.
    fn tier(&mut self) -> (Vec<u32>, Option<u32>) {
        let policy = self.eval.policy;
        let arms = self.applying(Realm::Confirmed, |effect| matches!(effect, InstanceEffect::Classify { .. }));
        let tier_of = |i: &u32| match policy.bundle.instances.get(*i as usize).map(|instance| &instance.effect) {
            Some(InstanceEffect::Classify { tier }) => Some(*tier),
            _ => None,
        };
        let tier = arms.iter().filter_map(tier_of).max();
        self.eval.tier = tier;
        (arms.into_iter().filter(|i| tier_of(i) == tier).collect(), tier)
    }

    /// Does a condition hold for the call, whatever is decided about it?
    pub(crate) fn holds_with_tier(&mut self, cond: CondId) -> bool {
        self.tier();
        self.holds(cond)
    }

    /// The last step.
    fn join(&mut self, found: &mut Findings<'a>, by: [Bits; 3], denial: Option<Reason>) -> Option<Reason> {
        let mut required = Bits::default();
        by.iter().for_each(|level| required.extend(level));
        found.required_by = required.iter().map(|id| (ApprovalId(id), self.requiring(found, ApprovalId(id)))).collect();
        if denial.is_some() {
            return denial;
        }
        let (policy, request, view) = (self.eval.policy, self.eval.request, self.eval.view);
        let Findings { verdict, required_by, consumed, refusals, .. } = found;
        *verdict = join(*verdict, by, |id| {
            let Some(def) = policy.bundle.approvals.get(id as usize) else { return Ok(true) };
            let requiring = required_by.iter().find(|(known, _)| known.0 == id).map(|(_, clauses)| clauses.as_slice());
            let ballot = policy.ballot_for(request, def, requiring.unwrap_or_default());
            match discharged(&ballot, &request.evidence, request.time, &|asking| view.consumed(asking)) {
                Ok(consumption) => {
                    consumed.push(consumption);
                    Ok(false)
                }
                Err(refusal) => {
                    refusals.push((ApprovalId(id), refusal.to_string()));
                    refusal.denial().map_or(Ok(true), Err)
                }
            }
        });
        (verdict.outcome == Outcome::Deny).then_some(verdict.reason)
    }

    /// The clauses that require an approval now, by id.
    fn requiring(&self, found: &Findings<'a>, approval: ApprovalId) -> Vec<&'a str> {
        let bundle = &self.eval.policy.bundle;
        let mut clauses = Vec::new();
        for (clause, _, approvals) in found.cell.iter().flat_map(|cell| &cell.clauses) {
            if approvals.contains(&approval) {
                clauses.push(*clause);
            }
        }
        for i in &found.rules {
            let requires =
                |effect: &RuleEffect| matches!(effect, RuleEffect::Require(approvals) if approvals.contains(&approval));
            if let Some(instance) = bundle.instances.get(*i as usize)
                && self.rule_effects(*i).iter().any(requires)
            {
                clauses.push(instance.clause);
            }
        }
        for (limit, budget) in &found.limits {
            if let Some(def) = bundle.limits.get(limit.index())
                && matches!(budget, Budget::Exceeded { .. })
                && def.beyond.contains(&approval)
            {
                clauses.push(def.clause);
            }
        }
        let mut names: Vec<&str> =
            clauses.iter().filter_map(|id| bundle.clauses.get(id.index())).map(|c| c.id.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What hints and candidates would do. Decides nothing.
    fn shadows(&mut self, found: &mut Findings<'a>) {
        self.eval.realm = Realm::Shadow;
        found.shadow = self.applying(Realm::Shadow, |effect| !matches!(effect, InstanceEffect::Limit { .. }));
        found.shadow_limits = self.budgets(Realm::Shadow);
        self.eval.realm = Realm::Confirmed;
    }

    /// The clauses of a realm with such an effect that apply.
    fn applying(&mut self, realm: Realm, wanted: impl Fn(&InstanceEffect) -> bool) -> Vec<u32> {
        let policy = self.eval.policy;
        let mut out = Vec::new();
        for (i, instance) in policy.instances(self.tool) {
            if wanted(&instance.effect) && self.counts(instance, realm) && self.holds(instance.cond) {
                out.push(i);
            }
        }
        out
    }

    fn counts(&self, instance: &Instance, realm: Realm) -> bool {
        self.eval.policy.is_shadow(instance) == (realm == Realm::Shadow)
    }

    /// Does the condition hold? Two-valued: each test was asked for what it is needed for.
    pub(crate) fn holds(&mut self, cond: CondId) -> bool {
        let bundle = &self.eval.policy.bundle;
        match bundle.conds.get(cond.index()) {
            None | Some(Cond::False) => false,
            Some(Cond::True) => true,
            Some(Cond::Ask(atom, ask)) => ask.holds(self.atom(*atom)),
            Some(Cond::Envs(envs)) => envs >> self.eval.request.env & 1 == 1,
            // Without a tier nothing that reads it is asked.
            Some(Cond::TierAtLeast(least)) => self.eval.tier.is_none_or(|tier| tier >= *least),
            Some(Cond::All(range)) => bundle.cond_range(*range).iter().all(|cond| self.holds(*cond)),
            Some(Cond::Any(range)) => bundle.cond_range(*range).iter().any(|cond| self.holds(*cond)),
        }
    }

    pub(crate) fn atom(&mut self, atom: AtomId) -> Tri {
        let which = usize::from(self.eval.realm == Realm::Shadow);
        if let Some(answer) = self.memo.get(which).and_then(|memo| memo.get(atom)) {
            return answer;
        }
        let answer = self.eval.atom(atom);
        if let Some(memo) = self.memo.get_mut(which) {
            memo.put(atom, answer);
        }
        answer
    }

    pub(crate) fn rule_effects(&self, instance: u32) -> &'a [RuleEffect] {
        match self.eval.policy.bundle.instances.get(instance as usize).map(|instance| &instance.effect) {
            Some(InstanceEffect::Rule { effects, .. }) => effects,
            _ => &[],
        }
    }

    /// Limits of a realm that some arm applies to, and how the call stands to them.
    fn budgets(&mut self, realm: Realm) -> Vec<(LimitId, Budget)> {
        let policy = self.eval.policy;
        let mut out = Vec::new();
        for limit in &self.tool.limits {
            let mut sum = Sum::default();
            for (_, instance) in policy.instances(self.tool) {
                if let InstanceEffect::Limit { limit: of, addend } = &instance.effect
                    && of == limit
                    && self.counts(instance, realm)
                    && self.holds(instance.cond)
                {
                    sum.add(&mut self.eval, *addend);
                }
            }
            match budget::check(&self.eval, realm, *limit, &sum) {
                Budget::Untouched => {}
                budget => out.push((*limit, budget)),
            }
        }
        out
    }

    /// Merges the constraints of all rules that apply; false if one can't be enforced.
    fn constraints(&mut self, found: &mut Findings<'a>) -> bool {
        let mut supported = true;
        for i in &found.rules {
            for effect in self.rule_effects(*i) {
                let RuleEffect::Constrain { constraint, value } = effect else { continue };
                let Some(value) = self.eval.constraint(*constraint, *value) else {
                    supported = false;
                    continue;
                };
                match found.constraints.iter_mut().find(|(known, _)| known == constraint) {
                    None => found.constraints.push((*constraint, value)),
                    Some((_, merged)) => {
                        let op = self.eval.policy.bundle.constraints.get(*constraint as usize).map(|def| def.merge);
                        match op.and_then(|op| merge::merge(op, merged, &value)) {
                            Some(value) => *merged = value,
                            None => supported = false,
                        }
                    }
                }
            }
        }
        found.constraints.sort_by_key(|(constraint, _)| *constraint);
        supported
    }
}
