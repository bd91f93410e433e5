//! The decision, fast: a walk through the tool's part of the decision graph.
//!
//! Follows the steps of the language reference in order and stops at the first that denies. Allocates nothing on
//! the way to *allow*. A tool whose graph was too large is decided clause by clause; so is, in the end, every call
//! that brings evidence, since evidence is held against the clauses that require an approval now.

use crate::bitset::Bits;
use crate::budget::{Budget, Sum};
use crate::bundle::{
    Ask, AtomId, Cond, CondId, ExprId, Instance, InstanceEffect, LimitId, Node, Roots, RuleEffect, Target, TargetKind,
    ToolDef, ToolId,
};
use crate::eval::{Ev, Eval};
use crate::externs::Answers;
use crate::judge::Judge;
use crate::ready::Step;
use crate::state::{NoState, Realm, StateView};
use crate::{Duration, Outcome, Policy, Reason, Request, Tri, Value, Verdict, shape};

/// Memo places on the stack; a tool with more tests in its graph keeps the rest on the heap.
const INLINE: usize = 96;
/// No tool has more, or they are not remembered.
const PLACES: usize = 1 << 14;

/// Answers of tests that were asked already.
struct Memo {
    /// By the place that the compiler gave to a test: `atom << 2 | answer + 1`, or 0.
    inline: [u32; INLINE],
    more: Vec<u32>,
}

impl Memo {
    fn new(places: u32) -> Memo {
        let more = (places as usize).min(PLACES).saturating_sub(INLINE);
        Memo { inline: [0; INLINE], more: vec![0; more] }
    }

    fn place(&mut self, place: u32) -> Option<&mut u32> {
        let place = place as usize;
        match self.inline.get_mut(place) {
            Some(entry) => Some(entry),
            None => self.more.get_mut(place.checked_sub(INLINE)?),
        }
    }

    fn get(&mut self, place: u32, atom: AtomId) -> Option<Tri> {
        let entry = *self.place(place)?;
        if entry >> 2 != atom.0 {
            return None;
        }
        match entry & 3 {
            1 => Some(Tri::False),
            2 => Some(Tri::Unknown),
            3 => Some(Tri::True),
            _ => None,
        }
    }

    fn set(&mut self, place: u32, atom: AtomId, answer: Tri) {
        // Ids that don't fit beside the answer are not remembered.
        if atom.0 < 1 << 30
            && let Some(entry) = self.place(place)
        {
            *entry = atom.0 << 2 | (answer as u32 + 1);
        }
    }
}

/// One decision in the making.
struct Walk<'a> {
    eval: Eval<'a>,
    tool: &'a ToolDef,
    /// Made for the first test that is worth remembering.
    memo: Option<Memo>,
}

impl Policy {
    /// Decides. Pure: asks `view` about earlier calls, changes nothing.
    #[must_use]
    pub fn decide(&self, request: &Request, view: &dyn StateView) -> Verdict {
        let Some(tool) = self.bundle.tools.get(request.tool.index()).filter(|_| request.policy == self.digest) else {
            return Verdict::deny(Reason::InvalidRequest);
        };
        let by_graph = tool.roots.as_ref().filter(|_| request.evidence.is_empty());
        match by_graph {
            Some(roots) if self.bundle.externs.is_empty() => {
                Walk::new(Eval::alone(self, request, view), tool).bounded(roots)
            }
            Some(roots) => Answers::settled(self, |answers| {
                Walk::new(Eval::new(self, request, view, answers), tool).bounded(roots)
            }),
            None => Answers::settled(self, |answers| Judge::new(self, request, view, tool, answers).verdict()),
        }
    }

    /// The tools that some grant could cover, whatever the arguments; see [`Policy::callable`].
    pub(crate) fn could_be_granted(&self, mut request: Request) -> Vec<ToolId> {
        let mut out = Vec::new();
        for (tool, i) in self.bundle.tools.iter().zip(0u32..) {
            request.tool = ToolId(i);
            let possible = Answers::settled(self, |answers| {
                let mut eval = Eval::new(self, &request, &NoState, answers);
                let grants = self.instances(tool).filter(|(_, instance)| {
                    matches!(instance.effect, InstanceEffect::Grant) && !self.is_shadow(instance)
                });
                grants.map(|(_, instance)| instance.cond).any(|cond| eval.possible(cond))
            });
            if possible {
                out.push(ToolId(i));
            }
        }
        out
    }

    /// The clauses that can apply to a tool, with their indices.
    pub(crate) fn instances<'a>(&'a self, tool: &ToolDef) -> impl Iterator<Item = (u32, &'a Instance)> + use<'a> {
        let range = tool.instances;
        let start = range.start as usize;
        let instances = self.bundle.instances.get(start..start.saturating_add(range.len as usize)).unwrap_or_default();
        (range.start..).zip(instances)
    }

    pub(crate) fn is_shadow(&self, instance: &Instance) -> bool {
        self.bundle.clauses.get(instance.clause.index()).is_none_or(|clause| clause.shadow)
    }
}

impl<'a> Walk<'a> {
    fn new(eval: Eval<'a>, tool: &'a ToolDef) -> Walk<'a> {
        Walk { eval, tool, memo: None }
    }

    fn bounded(mut self, roots: &Roots) -> Verdict {
        let verdict = self.verdict(roots);
        if self.eval.exhausted() { Verdict::deny(Reason::LimitsExceeded) } else { verdict }
    }

    fn verdict(&mut self, roots: &Roots) -> Verdict {
        let bundle = &self.eval.policy.bundle;
        if self.walk(roots.grant) != Some(1) {
            return Verdict::deny(Reason::NotGranted);
        }
        let mut verdict =
            Verdict { outcome: Outcome::Allow, reason: Reason::Granted, ..Verdict::deny(Reason::Granted) };
        let mut by_matrix = Bits::default();
        if !bundle.tiers.is_empty() {
            let Some(tier) = self.walk(roots.tier).and_then(|leaf| leaf.checked_sub(1)) else {
                return Verdict::deny(Reason::Unclassified);
            };
            self.eval.tier = Some(tier);
            verdict.tier = Some(tier);
            match self.eval.policy.cell(tier, self.eval.request.env) {
                Some(cell) if !cell.deny => by_matrix = cell.approvals.iter().map(|id| id.0).collect(),
                _ => return verdict.denied(Reason::Matrix),
            }
        }
        if self.walk(roots.deny) != Some(0) {
            return verdict.denied(Reason::Rule);
        }
        if by_matrix.is_empty() && roots.only_answers() && self.tool.limits.is_empty() {
            return verdict;
        }
        let mut by_rule = Bits::default();
        for (approval, target) in &roots.approvals {
            if self.walk(*target) != Some(0) {
                by_rule.insert(approval.0);
            }
        }
        let mut limits = Limits::default();
        for limit in &self.tool.limits {
            let sum = self.sum(*limit, &roots.limits);
            limits.add(self.eval.policy, *limit, &crate::budget::check(&self.eval, Realm::Confirmed, *limit, &sum));
        }
        if let Some(reason) = limits.denial() {
            return Verdict {
                retry_after: limits.retry_after.filter(|_| reason == Reason::Limit),
                ..verdict.denied(reason)
            };
        }
        if !self.constraints_hold(&roots.constrains) {
            return verdict.denied(Reason::UnsupportedConstraint);
        }
        join(verdict, [by_matrix, by_rule, limits.approvals], |id| {
            self.eval.policy.without_evidence(self.eval.request, id)
        })
    }

    /// Follows a root to its leaf. The arena is acyclic, so this ends.
    fn walk(&mut self, root: Target) -> Option<u32> {
        let policy = self.eval.policy;
        let mut target = root;
        loop {
            let node = match target.get() {
                TargetKind::Leaf(value) => return Some(value),
                TargetKind::Node(node) => node as usize,
            };
            target = match policy.index.steps.get(node)? {
                Step::Test { ready, atom, memo, on } => {
                    let answer = match ready.ask(policy, self.eval.request) {
                        Some(answer) => answer,
                        None => self.atom(*atom, *memo),
                    };
                    Step::after(on, answer)
                }
                Step::Other => self.branch(policy.bundle.nodes.get(node)?)?,
            };
        }
    }

    /// Where a node that is no test leads.
    fn branch(&mut self, node: &Node) -> Option<Target> {
        match node {
            Node::Env { by_env } => by_env.get(self.eval.request.env as usize).copied(),
            Node::Tier { by_tier } => by_tier.get(self.eval.tier? as usize).copied(),
            Node::Switch { switch, on_unknown, otherwise, cases } => {
                let subject = self.eval.policy.bundle.switches.get(*switch as usize)?.subject;
                Some(match self.class(*switch, subject) {
                    None => *on_unknown,
                    Some(None) => *otherwise,
                    Some(Some(class)) => match cases.binary_search_by_key(&class, |(class, _)| *class) {
                        Ok(at) => cases.get(at)?.1,
                        Err(_) => *otherwise,
                    },
                })
            }
            Node::Test { .. } => None,
        }
    }

    /// A test that needs the evaluator.
    fn atom(&mut self, atom: AtomId, place: u32) -> Tri {
        let memo = self.memo.get_or_insert_with(|| Memo::new(self.tool.memo));
        if let Some(answer) = memo.get(place, atom) {
            return answer;
        }
        let answer = self.eval.atom(atom);
        memo.set(place, atom, answer);
        answer
    }

    /// Which class of constants a switch's subject is in; see [`SwitchTable::class`].
    fn class(&mut self, switch: u32, subject: ExprId) -> Option<Option<u32>> {
        let table = self.eval.policy.index.switches.get(switch as usize)?;
        if let Some(value) = self.eval.peek(subject, None) {
            return table.class(value);
        }
        table.class(self.eval.eval(subject, None).value()?)
    }

    /// What a call adds to a limit's pot, over all arms that apply.
    fn sum(&mut self, limit: LimitId, arms: &[(u32, Target)]) -> Sum {
        let mut sum = Sum::default();
        for (instance, target) in arms {
            let effect = self.eval.policy.bundle.instances.get(*instance as usize).map(|instance| &instance.effect);
            if let Some(InstanceEffect::Limit { limit: of, addend }) = effect
                && *of == limit
                && self.walk(*target) != Some(0)
            {
                sum.add(&mut self.eval, *addend);
            }
        }
        sum
    }

    /// Every constraint that applies is one that the host enforces, with a known value.
    fn constraints_hold(&mut self, constrains: &[(u32, Target)]) -> bool {
        for (instance, target) in constrains {
            if self.walk(*target) == Some(0) {
                continue;
            }
            let Some(instance) = self.eval.policy.bundle.instances.get(*instance as usize) else { return false };
            let InstanceEffect::Rule { effects, .. } = &instance.effect else { return false };
            for effect in effects {
                if let RuleEffect::Constrain { constraint, value } = effect
                    && self.eval.constraint(*constraint, *value).is_none()
                {
                    return false;
                }
            }
        }
        true
    }
}

impl Roots {
    /// Nothing but what grants and denies.
    fn only_answers(&self) -> bool {
        self.approvals.is_empty() && self.constrains.is_empty()
    }
}

impl Verdict {
    pub(crate) fn denied(self, reason: Reason) -> Verdict {
        Verdict { tier: self.tier, ..Verdict::deny(reason) }
    }
}

/// The last step: what is still outstanding of the approvals required by matrix, rules and limits. `open` says whether an
/// approval is outstanding, or why it can't be had.
pub(crate) fn join(verdict: Verdict, by: [Bits; 3], mut open: impl FnMut(u32) -> Result<bool, Reason>) -> Verdict {
    if by.iter().all(Bits::is_empty) {
        return verdict;
    }
    let mut required = Bits::default();
    by.iter().for_each(|level| required.extend(level));
    let mut outstanding = Bits::default();
    let mut denial: Option<Reason> = None;
    for id in required.iter() {
        match open(id) {
            Ok(false) => {}
            Ok(true) => outstanding.insert(id),
            Err(reason) => denial = Some(denial.map_or(reason, |known| known.min(reason))),
        }
    }
    if let Some(reason) = denial {
        return verdict.denied(reason);
    }
    let level = by.iter().position(|level| level.iter().any(|id| outstanding.contains(id)));
    match level {
        None => verdict,
        Some(level) => {
            let reason = [Reason::Matrix, Reason::Rule, Reason::Limit].get(level).copied().unwrap_or(Reason::Rule);
            Verdict { outcome: Outcome::RequireApproval, reason, approvals: outstanding, ..verdict }
        }
    }
}

/// What all limits of a call come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    unavailable: bool,
    exceeded: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) approvals: Bits,
    never: bool,
}

impl Limits {
    pub(crate) fn add(&mut self, policy: &Policy, limit: LimitId, budget: &Budget) {
        match budget {
            Budget::Untouched | Budget::Fits(_) => {}
            Budget::Unavailable(_) => self.unavailable = true,
            Budget::Exceeded { retry_after, .. } => {
                let beyond =
                    policy.bundle.limits.get(limit.index()).map(|def| def.beyond.as_slice()).unwrap_or_default();
                if beyond.is_empty() {
                    self.exceeded = true;
                    self.never |= retry_after.is_none();
                    self.retry_after = self.retry_after.max(*retry_after).filter(|_| !self.never);
                }
                beyond.iter().for_each(|id| self.approvals.insert(id.0));
            }
        }
    }

    pub(crate) fn denial(&self) -> Option<Reason> {
        match (self.exceeded, self.unavailable) {
            (true, _) => Some(Reason::Limit),
            (_, true) => Some(Reason::LimitUnavailable),
            _ => None,
        }
    }
}

impl Policy {
    /// The matrix's cell; every tier and environment has one.
    pub(crate) fn cell(&self, tier: u32, env: u32) -> Option<&crate::bundle::Cell> {
        let row = (tier as usize).checked_mul(self.bundle.environments.len())?;
        self.bundle.matrix.get(row.checked_add(env as usize)?)
    }

    /// Without evidence an approval is outstanding, or can never be had.
    pub(crate) fn without_evidence(&self, request: &Request, approval: u32) -> Result<bool, Reason> {
        match self.bundle.approvals.get(approval as usize) {
            Some(def) if def.by_user && request.user().is_none() => Err(Reason::ApprovalImpossible),
            _ => Ok(true),
        }
    }
}

impl<'a> Eval<'a> {
    pub(crate) fn atom(&mut self, atom: AtomId) -> Tri {
        match self.policy.bundle.atoms.get(atom.index()) {
            Some(atom) => self.truth(atom.expr, None),
            None => Tri::Unknown,
        }
    }

    /// A constraint's value; `None` where it is unknown or the host does not enforce the constraint.
    pub(crate) fn constraint(&mut self, constraint: u32, value: ExprId) -> Option<Value> {
        let enforced = self.policy.enforced.get(constraint as usize).copied().unwrap_or(false);
        let def = self.policy.bundle.constraints.get(constraint as usize).filter(|_| enforced)?;
        let value = self.eval(value, None);
        let value = match (self.resolve(value, None), &def.ty) {
            // Literals are lists until something wants a set.
            (Ev::Known(value), crate::Type::Set(_)) => match value.into_value() {
                Value::List(items) => Value::set(items.to_vec()),
                value => value,
            },
            (Ev::Known(value), crate::Type::Decimal) => match value.into_value() {
                Value::Int(n) => Value::Decimal(n.into()),
                value => value,
            },
            (Ev::Known(value), _) => value.into_value(),
            _ => return None,
        };
        shape::has_type(&value, &def.ty, &self.policy.bundle.schema).then_some(value)
    }

    /// Could the condition hold for some arguments? Over-approximates; roles are known and are taken as they are.
    fn possible(&mut self, cond: CondId) -> bool {
        use crate::bundle::Expr;
        let bundle = &self.policy.bundle;
        match bundle.conds.get(cond.index()) {
            None | Some(Cond::False) => false,
            Some(Cond::True | Cond::TierAtLeast(_)) => true,
            Some(Cond::Envs(envs)) => envs >> self.request.env & 1 == 1,
            Some(Cond::All(range)) => bundle.cond_range(*range).iter().all(|cond| self.possible(*cond)),
            Some(Cond::Any(range)) => bundle.cond_range(*range).iter().any(|cond| self.possible(*cond)),
            Some(Cond::Ask(atom, ask)) => {
                let answer = self.atom(*atom);
                let expr = bundle.atoms.get(atom.index()).and_then(|atom| self.expr(atom.expr));
                if matches!(expr, Some(Expr::AgentHasRole(_) | Expr::UserHasRole(_))) {
                    return ask.holds(answer);
                }
                match ask {
                    Ask::IsTrue | Ask::NotFalse => answer != Tri::False,
                    Ask::IsFalse | Ask::NotTrue => answer != Tri::True,
                }
            }
        }
    }
}
