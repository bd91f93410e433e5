//! A policy's decision about calls of one tool, as formulas: §3 of the language, step by step.

use claw_runtime::bundle::{ApprovalId, Expr, InstanceEffect, LimitId, RuleEffect};

use super::answers::Answers;
use super::formula::{ChoiceId, F};
use super::space::Space;

/// One clause as it stands for the tool.
#[derive(Clone, Debug)]
pub struct Clause {
    /// Index into the bundle's clauses.
    pub clause: u32,
    /// Index into the bundle's instances.
    pub instance: u32,
    /// Where it applies.
    pub applies: F,
}

/// The decision about calls of one tool by one side's policy.
#[derive(Clone, Debug)]
pub struct Outcomes {
    pub granted: F,
    /// Some classify arm applies; true in a policy without tiers.
    pub classified: F,
    pub matrix_denies: F,
    pub rules_deny: F,
    pub limits_deny: F,
    /// A constraint's value is unknown.
    pub unsupported: F,
    /// Every denial, for whatever reason.
    pub denied: F,
    /// Approvals that are required if nothing denies, each with where.
    pub required: Vec<(ApprovalId, F)>,
    /// Neither denied nor waiting for an approval.
    pub allowed: F,
    pub grants: Vec<Clause>,
    pub arms: Vec<(u32, Clause)>,
    pub rules: Vec<Clause>,
    /// Arms of limits.
    pub limits: Vec<(LimitId, Clause)>,
}

impl Outcomes {
    /// Where an approval is required, and nothing denies.
    pub fn requires(&self, approval: ApprovalId) -> F {
        self.required.iter().find(|(id, _)| *id == approval).map_or(F::FALSE, |(_, f)| *f)
    }
}

impl Space<'_> {
    /// What a side decides about calls of its tool.
    pub fn outcomes(&mut self, side: usize) -> Outcomes {
        let policy = self.sides[side];
        let tables = &policy.lowered.tables;
        let tool = &tables.tools[self.tool(side).index()];
        let mut out = Outcomes {
            granted: F::FALSE,
            classified: F::TRUE,
            matrix_denies: F::FALSE,
            rules_deny: F::FALSE,
            limits_deny: F::FALSE,
            unsupported: F::FALSE,
            denied: F::FALSE,
            required: Vec::new(),
            allowed: F::FALSE,
            grants: Vec::new(),
            arms: Vec::new(),
            rules: Vec::new(),
            limits: Vec::new(),
        };
        let range = tool.instances.start..tool.instances.start + tool.instances.len;
        let counting = |i: &u32| !tables.clauses[tables.instances[*i as usize].clause.index()].shadow;
        let instances: Vec<u32> = range.filter(counting).collect();
        // Tiers first: rules may read them.
        for i in &instances {
            let instance = &tables.instances[*i as usize];
            if let InstanceEffect::Classify { tier } = instance.effect {
                let applies = self.cond(side, instance.cond);
                out.arms.push((tier, Clause { clause: instance.clause.0, instance: *i, applies }));
            }
        }
        self.set_tiers(side, &out);
        for i in instances {
            let instance = &tables.instances[i as usize];
            let applies = self.cond(side, instance.cond);
            let clause = Clause { clause: instance.clause.0, instance: i, applies };
            match &instance.effect {
                InstanceEffect::Grant => out.grants.push(clause),
                InstanceEffect::Classify { .. } => {}
                InstanceEffect::Rule { .. } => out.rules.push(clause),
                InstanceEffect::Limit { limit, .. } => out.limits.push((*limit, clause)),
            }
        }
        self.join(side, &mut out);
        out
    }

    fn set_tiers(&mut self, side: usize, out: &Outcomes) {
        let tiers = self.sides[side].lowered.tables.tiers.len();
        let mut at_least = Vec::with_capacity(tiers);
        for tier in 0..tiers {
            let arms: Vec<F> =
                out.arms.iter().filter(|(of, _)| *of as usize >= tier).map(|(_, arm)| arm.applies).collect();
            at_least.push(self.f.any(arms));
        }
        self.tiers[side] = at_least;
    }

    fn join(&mut self, side: usize, out: &mut Outcomes) {
        out.granted = {
            let grants: Vec<F> = out.grants.iter().map(|grant| grant.applies).collect();
            self.f.any(grants)
        };
        if !self.sides[side].lowered.tables.tiers.is_empty() {
            out.classified = self.tier_at_least(side, 0);
        }
        let mut required: Vec<(ApprovalId, F)> = Vec::new();
        self.matrix(side, out, &mut required);
        self.rules(side, out, &mut required);
        self.limits(side, out, &mut required);
        let impossible = self.impossible(side, &required);
        let not_granted = self.f.not(out.granted);
        let unclassified = self.f.not(out.classified);
        out.denied = self.f.any([
            not_granted,
            unclassified,
            out.matrix_denies,
            out.rules_deny,
            out.limits_deny,
            out.unsupported,
            impossible,
        ]);
        let not_denied = self.f.not(out.denied);
        let mut waits = Vec::new();
        required.sort_by_key(|(id, _)| *id);
        for group in required.chunk_by(|a, b| a.0 == b.0) {
            let f = self.f.any(group.iter().map(|(_, f)| *f).collect::<Vec<_>>());
            let f = self.f.and(not_denied, f);
            waits.push(f);
            out.required.push((group[0].0, f));
        }
        let waits = self.f.any(waits);
        let not_waiting = self.f.not(waits);
        out.allowed = self.f.and(not_denied, not_waiting);
    }

    /// What the acting user has to approve can't be had where there is none.
    fn impossible(&mut self, side: usize, required: &[(ApprovalId, F)]) -> F {
        let policy = self.sides[side];
        let by_user = |id: &ApprovalId| policy.lowered.tables.approvals[id.index()].by_user;
        let asked: Vec<F> = required.iter().filter(|(id, _)| by_user(id)).map(|(_, f)| *f).collect();
        let asked = self.f.any(asked);
        if asked == F::FALSE {
            return F::FALSE;
        }
        let nobody = self.is(side, policy.user_there, Answers::UNKNOWN);
        self.f.and(asked, nobody)
    }

    /// Cells get stricter as the tier rises, so each says something of its tier and all above.
    fn matrix(&mut self, side: usize, out: &mut Outcomes, required: &mut Vec<(ApprovalId, F)>) {
        let tables = &self.sides[side].lowered.tables;
        let envs = tables.environments.len();
        let mut denies = Vec::new();
        for (at, cell) in tables.matrix.iter().enumerate() {
            let env = self.envs(side, 1 << (at % envs));
            let tier = self.tier_at_least(side, u32::try_from(at / envs).expect("few tiers"));
            let here = self.f.and(env, tier);
            if cell.deny {
                denies.push(here);
            }
            required.extend(cell.approvals.iter().map(|id| (*id, here)));
        }
        out.matrix_denies = self.f.any(denies);
    }

    fn rules(&mut self, side: usize, out: &mut Outcomes, required: &mut Vec<(ApprovalId, F)>) {
        let tables = &self.sides[side].lowered.tables;
        let (mut denies, mut unsupported) = (Vec::new(), Vec::new());
        for rule in &out.rules {
            let InstanceEffect::Rule { effects, .. } = &tables.instances[rule.instance as usize].effect else {
                continue;
            };
            for effect in effects {
                match effect {
                    RuleEffect::Deny(_) => denies.push(rule.applies),
                    RuleEffect::Require(ids) => required.extend(ids.iter().map(|id| (*id, rule.applies))),
                    RuleEffect::Constrain { value, .. } => {
                        if !matches!(tables.exprs[value.index()], Expr::Const(_)) {
                            // Equal values are unknown together.
                            let value = self.key(side, *value);
                            let choice = self.choice(format!("{value}, to constrain with, is unknown"));
                            let choice = self.f.choice(choice, true);
                            unsupported.push(self.f.and(rule.applies, choice));
                        }
                    }
                    RuleEffect::Mark { .. } => {}
                }
            }
        }
        out.rules_deny = self.f.any(denies);
        out.unsupported = self.f.any(unsupported);
    }

    /// A limit is exhausted, or can't be checked, as the past will have it.
    fn limits(&mut self, side: usize, out: &mut Outcomes, required: &mut Vec<(ApprovalId, F)>) {
        let tables = &self.sides[side].lowered.tables;
        let mut denies = Vec::new();
        for limit in &tables.tools[self.tool(side).index()].limits {
            let arms: Vec<F> = out.limits.iter().filter(|(of, _)| of == limit).map(|(_, arm)| arm.applies).collect();
            let applies = self.f.any(arms);
            let def = &tables.limits[limit.index()];
            let (exceeded, unavailable) = self.limit_choices(side, *limit);
            let exceeded = self.f.choice(exceeded, true);
            let unavailable = self.f.choice(unavailable, true);
            let exceeded = self.f.and(applies, exceeded);
            denies.push(self.f.and(applies, unavailable));
            if def.beyond.is_empty() {
                denies.push(exceeded);
            }
            required.extend(def.beyond.iter().map(|id| (*id, exceeded)));
        }
        out.limits_deny = self.f.any(denies);
    }

    /// The choices that a limit is used up, and that it can't be checked.
    pub fn limit_choices(&mut self, side: usize, limit: LimitId) -> (ChoiceId, ChoiceId) {
        let what = format!("limit {}", self.sides[side].limit_names[limit.index()]);
        if self.sides[side].plain_limits[limit.index()] {
            let denies = self.choice(format!("{what} is used up, or can't be checked"));
            return (denies, denies);
        }
        (self.choice(format!("{what} is used up")), self.choice(format!("{what} can't be checked")))
    }
}
