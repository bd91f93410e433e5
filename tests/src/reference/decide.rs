//! Steps 2 to 6, clause by clause, in the words of §3 of the language.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use claw_compiler::hir::{
    ApprovalId, Beyond, Decl, EffectKind, Expr, Limit, LimitKey, Outcome, Rule, Status as ClauseStatus, Target,
    TargetKind,
};
use claw_runtime::{Decimal, Json, Tri, Value};

use super::approvals::{Asking, Lack};
use super::call::Call;
use super::eval::Place;
use super::past::Charge;
use super::term::Term;
use super::{Answer, Conditions, Reference, Word};

/// What the steps have found so far.
#[derive(Default)]
struct Found {
    applied: BTreeSet<String>,
    marks: BTreeSet<String>,
    /// The reason of each denial.
    denials: BTreeSet<Step>,
    /// Approvals with the step that requires each first, and all clauses that do.
    approvals: BTreeMap<ApprovalId, (Step, BTreeSet<String>)>,
    charges: Vec<Charge>,
    /// Until when each limit that denies is exceeded; `None`: for ever.
    until: Vec<Option<i64>>,
}

/// The steps that can deny, in the order in which their reasons count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Matrix,
    Rule,
    Limit,
    LimitUnavailable,
    UnsupportedConstraint,
    ApprovalRefused,
    ApprovalExpired,
    ApprovalImpossible,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Step::Matrix => "matrix",
            Step::Rule => "rule",
            Step::Limit => "limit",
            Step::LimitUnavailable => "limit_unavailable",
            Step::UnsupportedConstraint => "unsupported_constraint",
            Step::ApprovalRefused => "approval_refused",
            Step::ApprovalExpired => "approval_expired",
            Step::ApprovalImpossible => "approval_impossible",
        }
    }
}

impl Reference<'_> {
    /// Decides a call that fits its signature; also what it would charge, and which evidence it would use.
    pub fn decide(&self, call: &Call) -> (Answer, Vec<Charge>, Vec<Asking>) {
        let mut found = Found::default();
        if !self.granted(call, &mut found) {
            return (Answer::deny("not_granted"), Vec::new(), Vec::new());
        }
        let Ok(tier) = self.tier(call, &mut found) else {
            return (Answer::deny("unclassified"), Vec::new(), Vec::new());
        };
        self.matrix(call, tier, &mut found);
        for rule in &self.package.rules {
            self.rule(rule, call, tier, &mut found);
        }
        for (index, limit) in self.package.limits.iter().enumerate() {
            self.limit(index, limit, call, tier, &mut found);
        }
        self.join(call, tier, found)
    }

    /// What the conditions of clauses come to, whatever is decided. Nothing for a request that is not understood.
    pub fn conditions(&self, request: &Rc<Json>) -> Option<Conditions> {
        let call = self.signatures.decode(request, None).ok()?;
        let mut found = Found::default();
        let granted = self.granted(&call, &mut found);
        let tier = self.tier(&call, &mut found).ok().flatten();
        let truth = |target, when, unless| self.condition(target, when, unless, &call, tier);
        Some(Conditions {
            invariants: self.package.invariants.iter().map(|i| truth(&i.target, &i.when, &i.unless)).collect(),
            rules: self.package.rules.iter().map(|rule| truth(&rule.target, &rule.when, &rule.unless)).collect(),
            granted,
        })
    }

    /// Step 2: does some grant hold?
    fn granted(&self, call: &Call, found: &mut Found) -> bool {
        for grant in self.package.grants.iter().filter(|g| g.status == ClauseStatus::Confirmed) {
            let covered = self.covers(&grant.target, call, None).is_true();
            let agents = grant.to.is_empty()
                || grant.to.iter().any(|role| call.everyone().all(|roles| roles.contains(&role.index())));
            let user = grant.for_user.is_empty()
                || call
                    .user
                    .as_ref()
                    .is_some_and(|user| grant.for_user.iter().any(|r| user.roles.contains(&r.index())));
            if covered && agents && user {
                found.applied.insert(self.clause(&grant.decl));
            }
        }
        !found.applied.is_empty()
    }

    /// Step 3: the highest tier of every arm that is not false.
    fn tier(&self, call: &Call, found: &mut Found) -> Result<Option<usize>, ()> {
        if self.package.tiers.is_empty() {
            return Ok(None);
        }
        let arms: Vec<_> = self
            .package
            .classify
            .iter()
            .filter(|arm| !self.condition(&arm.target, &arm.when, &arm.unless, call, None).is_false())
            .collect();
        let tier = arms.iter().map(|arm| arm.tier.index()).max().ok_or(())?;
        found.applied.extend(arms.iter().filter(|arm| arm.tier.index() == tier).map(|arm| self.clause(&arm.decl)));
        Ok(Some(tier))
    }

    /// Step 4, first half: the cells of all matrices.
    fn matrix(&self, call: &Call, tier: Option<usize>, found: &mut Found) {
        for cell in &self.package.matrix {
            if Some(cell.tier.index()) == tier && cell.env.index() == call.env {
                found.applied.insert(self.clause(&cell.decl));
                match &cell.outcome {
                    Outcome::Allow => {}
                    Outcome::Deny => _ = found.denials.insert(Step::Matrix),
                    Outcome::Require(approvals) => found.require(approvals, Step::Matrix, self.clause(&cell.decl)),
                }
            }
        }
    }

    /// Step 4, second half: a rule adds its outcomes unless its condition is false.
    fn rule(&self, rule: &Rule, call: &Call, tier: Option<usize>, found: &mut Found) {
        let applies = !self.condition(&rule.target, &rule.when, &rule.unless, call, tier).is_false();
        if rule.status != ClauseStatus::Confirmed || !applies {
            return;
        }
        found.applied.insert(self.clause(&rule.decl));
        for effect in &rule.effects {
            match &effect.kind {
                EffectKind::Deny(_) => _ = found.denials.insert(Step::Rule),
                EffectKind::Require(approvals) => found.require(approvals, Step::Rule, self.clause(&rule.decl)),
                EffectKind::Mark(label) => _ = found.marks.insert(self.package.labels[label.index()].decl.name.clone()),
                EffectKind::Constrain(_, value) => {
                    if matches!(
                        self.term(value, &Place::of(call, tier)),
                        Term::Unknown | Term::Absent | Term::Between(..)
                    ) {
                        found.denials.insert(Step::UnsupportedConstraint);
                    }
                }
                EffectKind::Error => panic!("an erroneous effect is not evaluated"),
            }
        }
    }

    /// Step 5: an exceeded limit adds its outcome.
    fn limit(&self, index: usize, limit: &Limit, call: &Call, tier: Option<usize>, found: &mut Found) {
        let arms: Vec<_> = limit
            .arms
            .iter()
            .filter(|arm| !self.condition(&arm.target, &arm.when, &[], call, tier).is_false())
            .collect();
        if limit.status != ClauseStatus::Confirmed || arms.is_empty() {
            return;
        }
        let amount = if limit.arms.iter().any(|arm| arm.sum.is_some()) {
            let mut addends = arms.iter().filter_map(|arm| arm.sum.as_ref()).map(|e| self.addend(e, call, tier));
            addends.try_fold(Decimal::ZERO, |sum, addend| sum.checked_add(addend?))
        } else {
            Some(Decimal::from(1))
        };
        let keys: Option<Vec<String>> = limit.keys.iter().map(|key| self.key(*key, call)).collect();
        let (Some(now), Some(keys), Some(amount)) = (self.past.clock(call), keys, amount) else {
            found.applied.insert(self.clause(&limit.decl));
            found.denials.insert(Step::LimitUnavailable);
            return;
        };
        let pot = (index, keys);
        let room = limit.max.checked_sub(amount).expect("sums of these tests are small");
        if self.past.used(&call.tenant, &pot, limit.per, now.as_millis()) > room {
            found.applied.insert(self.clause(&limit.decl));
            match &limit.beyond {
                Beyond::Deny(_) => {
                    found.denials.insert(Step::Limit);
                    let free = self.past.free_at(&call.tenant, &pot, limit.per, now.as_millis(), room);
                    found.until.push(free.map(|at| at - now.as_millis()));
                }
                Beyond::Require(approvals) => found.require(approvals, Step::Limit, self.clause(&limit.decl)),
            }
        }
        found.charges.push(Charge { pot, amount, at: now });
    }

    /// What one call adds; unknown and negative addends can't be charged.
    fn addend(&self, expr: &Expr, call: &Call, tier: Option<usize>) -> Option<Decimal> {
        match self.term(expr, &Place::of(call, tier)) {
            Term::Known(Value::Int(n)) => Some(Decimal::from(n)),
            Term::Known(Value::Decimal(d)) => Some(d),
            _ => None,
        }
        .filter(|amount| *amount >= Decimal::ZERO)
    }

    fn key(&self, key: LimitKey, call: &Call) -> Option<String> {
        match key {
            LimitKey::Agent => Some(call.agent.id.clone()),
            LimitKey::User => call.user.as_ref().map(|u| u.id.clone()),
            LimitKey::Tenant => call.tenant.clone(),
            LimitKey::Session => call.session.clone(),
            LimitKey::Tool => Some(call.tool.to_string()),
        }
    }

    /// Step 6: any denial denies; approvals that are required are asked for; otherwise the call is allowed.
    fn join(&self, call: &Call, tier: Option<usize>, mut found: Found) -> (Answer, Vec<Charge>, Vec<Asking>) {
        let mut uses = Vec::new();
        for (id, (step, requiring)) in std::mem::take(&mut found.approvals) {
            match self.discharged(id, &requiring, call) {
                Ok(asking) => uses.push(asking),
                Err(Lack::Outstanding) => _ = found.approvals.insert(id, (step, requiring)),
                Err(Lack::Refused) => _ = found.denials.insert(Step::ApprovalRefused),
                Err(Lack::Expired) => _ = found.denials.insert(Step::ApprovalExpired),
                Err(Lack::Impossible) => _ = found.denials.insert(Step::ApprovalImpossible),
            }
        }
        let tier = tier.map(|t| self.package.tiers[t].decl.name.clone());
        let mut answer = Answer { tier, applied: found.applied, marks: found.marks, ..Answer::deny("granted") };
        let name = |id: &ApprovalId| self.clause(&self.package.approvals[id.index()].decl);
        if let Some(step) = found.denials.first() {
            answer.reason = step.word();
            let times: Option<Vec<i64>> = found.until.into_iter().collect();
            answer.retry_after_s = times.and_then(|t| t.into_iter().max()).map(|ms| (ms + 999) / 1000);
            return (answer, Vec::new(), Vec::new());
        }
        answer.approvals = found.approvals.keys().map(name).collect();
        answer.word = if answer.approvals.is_empty() { Word::Allow } else { Word::RequireApproval };
        answer.reason = found.approvals.values().map(|(step, _)| *step).min().map_or("granted", Step::word);
        (answer, found.charges, uses)
    }

    /// The truth of a clause: its target covers the call, every `when` holds, no `unless` does.
    fn condition(&self, target: &Target, when: &[Expr], unless: &[Expr], call: &Call, tier: Option<usize>) -> Tri {
        let place = Place::of(call, tier);
        let covered = self.covers(target, call, tier);
        if covered.is_false() {
            // The tool may lack the arguments that the conditions read.
            return Tri::False;
        }
        let when = when.iter().map(|e| self.truth(e, &place)).fold(Tri::True, Tri::and);
        let unless = unless.iter().map(|e| self.truth(e, &place).not()).fold(Tri::True, Tri::and);
        covered.and(when).and(unless)
    }

    /// Does the target cover the call? Unknown only where a scope's condition is.
    fn covers(&self, target: &Target, call: &Call, tier: Option<usize>) -> Tri {
        if target.envs.as_ref().is_some_and(|envs| envs.iter().all(|e| e.index() != call.env)) {
            return Tri::False;
        }
        let holds = |tools: &[claw_compiler::hir::ToolId]| Tri::from(tools.iter().any(|t| t.index() == call.tool));
        let arm = |kind: &TargetKind| match kind {
            TargetKind::Any(tools) | TargetKind::Glob(_, tools) | TargetKind::Tagged(_, tools) => holds(tools),
            TargetKind::Tool(tool) => holds(&[*tool]),
            TargetKind::Scope(scope) => self.package.scopes[scope.index()]
                .arms
                .iter()
                .map(|arm| {
                    let condition = arm.condition.as_ref();
                    let covered = self.covers(&arm.target, call, tier);
                    if covered.is_false() {
                        return Tri::False;
                    }
                    covered.and(condition.map_or(Tri::True, |e| self.truth(e, &Place::of(call, tier))))
                })
                .fold(Tri::False, Tri::or),
            TargetKind::Error => panic!("an erroneous target is not evaluated"),
        };
        target.arms.iter().map(|a| arm(&a.kind)).fold(Tri::False, Tri::or)
    }

    /// A clause's qualified name.
    pub fn clause(&self, decl: &Decl) -> String {
        [&*self.package.modules[decl.module.index()].name, ".", &*decl.name].concat()
    }
}

impl Found {
    fn require(&mut self, approvals: &[ApprovalId], step: Step, clause: String) {
        for approval in approvals {
            let (first, clauses) = self.approvals.entry(*approval).or_insert_with(|| (step, BTreeSet::new()));
            *first = step.min(*first);
            clauses.insert(clause.clone());
        }
    }
}
