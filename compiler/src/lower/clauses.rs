//! Lowers each kind of clause into its instances.

use claw_runtime::bundle::{
    self, ApprovalId, Ask, Cell, ClauseDef, ClauseId, ClauseKind, CondId, Expr as Out, Instance, InstanceEffect,
    LimitDef, LimitId, RuleEffect, Template, TemplateId, TemplatePart,
};

use super::expr::Site;
use super::intern::PriorSet;
use super::{Lowerer, next};
use crate::hir::{self, Beyond, Decl, EffectKind, Expr, Message, MessagePart, Outcome, Rule, Status, ToolId};

/// Clauses that are evaluated at all, and whether only in the shadow.
fn shadow(status: Status) -> Option<bool> {
    match status {
        Status::Hint | Status::Candidate => Some(true),
        Status::Confirmed => Some(false),
        Status::Suspended | Status::Archived => None,
    }
}

fn approvals(ids: &[hir::ApprovalId]) -> Vec<ApprovalId> {
    let mut ids: Vec<ApprovalId> = ids.iter().map(|id| ApprovalId(id.0)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

impl<'p> Lowerer<'p> {
    pub(super) fn grants(&mut self) {
        let package = self.package;
        for grant in &package.grants {
            let Some(shadow) = shadow(grant.status) else { continue };
            let Some(clause) = self.anonymous(ClauseKind::Grant, &grant.decl, shadow) else { continue };
            let agent = if grant.to_any { self.interner.truth(true) } else { self.holds(&grant.to, Out::AgentHasRole) };
            let user = match &grant.for_user[..] {
                [] => self.interner.truth(true),
                roles => self.holds(roles, Out::UserHasRole),
            };
            for (tool, scope) in self.cover(&grant.target, Ask::IsTrue) {
                let cond = self.interner.all(vec![scope, agent, user]);
                self.instance(clause, tool, cond, InstanceEffect::Grant);
            }
        }
    }

    /// Where each invariant makes its claim: for every call whose condition is not false.
    pub(super) fn claims(&mut self) -> Vec<super::Claimed> {
        let package = self.package;
        let mut claims = Vec::new();
        for (invariant, decl) in package.invariants.iter().enumerate() {
            for (tool, scope) in self.cover(&decl.target, Ask::NotFalse) {
                let cond = self.restricts(scope, &decl.when, &decl.unless, tool);
                claims.push(super::Claimed { invariant, tool: bundle::ToolId(tool.0), cond });
            }
        }
        claims
    }

    /// One of these roles is surely held.
    fn holds(&mut self, roles: &[hir::RoleId], test: fn(u32) -> Out) -> CondId {
        let mut tests = Vec::with_capacity(roles.len());
        for role in roles {
            let expr = self.interner.expr(test(role.0));
            tests.push(self.interner.ask(expr, true, Ask::IsTrue));
        }
        self.interner.any(tests)
    }

    pub(super) fn classify(&mut self) {
        let package = self.package;
        for arm in &package.classify {
            let Some(clause) = self.anonymous(ClauseKind::Classify, &arm.decl, false) else { continue };
            for (tool, scope) in self.cover(&arm.target, Ask::NotFalse) {
                let cond = self.restricts(scope, &arm.when, &arm.unless, tool);
                self.instance(clause, tool, cond, InstanceEffect::Classify { tier: arm.tier.0 });
            }
        }
    }

    /// Where a restricting clause applies: everywhere but where its condition is false.
    fn restricts(&mut self, scope: CondId, when: &'p [Expr], unless: &'p [Expr], tool: ToolId) -> CondId {
        let mut conds = vec![scope];
        conds.extend(when.iter().map(|e| self.condition(e, Ask::NotFalse, tool)));
        conds.extend(unless.iter().map(|e| self.condition(e, Ask::NotTrue, tool)));
        self.interner.all(conds)
    }

    /// The cells of all modules' matrices, joined. A cell that no matrix has denies; the checker reports it.
    pub(super) fn matrix(&mut self) {
        let package = self.package;
        let envs = package.environments.len();
        let mut cells = vec![Cell::default(); package.tiers.len() * envs];
        for cell in &package.matrix {
            let clause = self.clause(ClauseKind::Matrix, &cell.decl, false);
            let (deny, required) = match &cell.outcome {
                Outcome::Allow => (false, Vec::new()),
                Outcome::Require(ids) => (false, approvals(ids)),
                Outcome::Deny => (true, Vec::new()),
            };
            let joined = &mut cells[cell.tier.index() * envs + cell.env.index()];
            joined.deny |= deny;
            joined.approvals.extend(&required);
            joined.approvals.sort_unstable();
            joined.approvals.dedup();
            joined.clauses.push((clause, deny, required));
        }
        cells.iter_mut().for_each(|cell| cell.deny |= cell.clauses.is_empty());
        self.interner.tables.matrix = cells;
    }

    pub(super) fn rules(&mut self) {
        let package = self.package;
        for rule in &package.rules {
            let Some(shadow) = shadow(rule.status) else { continue };
            let clause = self.clause(ClauseKind::Rule, &rule.decl, shadow);
            for (tool, scope) in self.cover(&rule.target, Ask::NotFalse) {
                let cond = self.restricts(scope, &rule.when, &rule.unless, tool);
                let effect = self.rule_effects(rule, tool);
                self.instance(clause, tool, cond, effect);
            }
        }
    }

    fn rule_effects(&mut self, rule: &'p Rule, tool: ToolId) -> InstanceEffect {
        let mut effects = Vec::with_capacity(rule.effects.len());
        for effect in &rule.effects {
            effects.push(match &effect.kind {
                EffectKind::Deny(message) => RuleEffect::Deny(self.message(message, tool)),
                EffectKind::Require(ids) => RuleEffect::Require(approvals(ids)),
                EffectKind::Constrain(constraint, value) => {
                    RuleEffect::Constrain { constraint: constraint.0, value: self.value(value, tool) }
                }
                EffectKind::Mark(label) => RuleEffect::Mark { label: label.0 },
                EffectKind::Error => unreachable!("`Checked` holds no erroneous effect"),
            });
        }
        InstanceEffect::Rule { effects, suggest: rule.suggest.as_ref().map(|m| self.message(m, tool)) }
    }

    pub(super) fn limits(&mut self) {
        let package = self.package;
        for limit in &package.limits {
            let Some(shadow) = shadow(limit.status) else { continue };
            let clause = self.clause(ClauseKind::Limit, &limit.decl, shadow);
            let id = LimitId(next(&self.interner.tables.limits));
            let (beyond, message) = match &limit.beyond {
                Beyond::Require(ids) => (approvals(ids), None),
                Beyond::Deny(message) => (Vec::new(), message.as_ref()),
            };
            let mut keys = limit.keys.clone();
            keys.sort_unstable();
            keys.dedup();
            self.interner.tables.limits.push(LimitDef {
                clause,
                max: limit.max,
                window_ms: limit.per.as_millis(),
                keys,
                sums: limit.arms.iter().any(|a| a.sum.is_some()),
                beyond,
                message: None,
            });
            let mut covered: Vec<ToolId> = Vec::new();
            for arm in &limit.arms {
                for (tool, scope) in self.cover(&arm.target, Ask::NotFalse) {
                    let cond = self.restricts(scope, &arm.when, &[], tool);
                    let addend = arm.sum.as_ref().map(|e| self.value(e, tool));
                    self.instance(clause, tool, cond, InstanceEffect::Limit { limit: id, addend });
                    covered.push(tool);
                }
            }
            let message = message.and_then(|m| self.shared_message(m, &covered));
            self.interner.tables.limits[id.index()].message = message;
        }
    }

    /// A limit has one message for all its tools. Where an argument stands at different places in them, its source
    /// text is shown instead of its value.
    fn shared_message(&mut self, message: &'p Message, tools: &[ToolId]) -> Option<TemplateId> {
        let first = *tools.first()?;
        let id = self.message(message, first);
        if tools.iter().all(|tool| self.message(message, *tool) == id) {
            return Some(id);
        }
        let text = |part: &MessagePart| match part {
            MessagePart::Text(text) => text.clone(),
            MessagePart::Expr(_, source) => format!("`{source}`"),
        };
        let parts = vec![TemplatePart::Text(message.parts.iter().map(text).collect())];
        Some(self.interner.template(Template { parts }))
    }

    fn message(&mut self, message: &'p Message, tool: ToolId) -> TemplateId {
        let mut signature = Vec::new();
        for part in &message.parts {
            if let MessagePart::Expr(expr, _) = part {
                signature.push(self.signature(expr, tool));
            }
        }
        let key = (std::ptr::from_ref(message), signature);
        if let Some(found) = self.messages.get(&key) {
            return *found;
        }
        let mut parts = Vec::with_capacity(message.parts.len());
        for part in &message.parts {
            parts.push(match part {
                MessagePart::Text(text) => TemplatePart::Text(text.clone()),
                MessagePart::Expr(expr, _) => TemplatePart::Value(self.expr(expr, &mut Site::new(tool)).id),
            });
        }
        let id = self.interner.template(Template { parts });
        self.messages.insert(key, id);
        id
    }

    fn instance(&mut self, clause: ClauseId, tool: ToolId, cond: CondId, effect: InstanceEffect) {
        let tool = bundle::ToolId(tool.0);
        self.interner.tables.instances.push(Instance { clause, tool, cond, effect });
    }

    /// A clause known by its own text: `None` where the module has it already. A repetition adds nothing, but one
    /// that counts makes the first count.
    fn anonymous(&mut self, kind: ClauseKind, decl: &'p Decl, shadow: bool) -> Option<ClauseId> {
        let key = (decl.module, decl.name.as_str());
        if let Some(first) = self.clause_texts.get(&key) {
            self.interner.tables.clauses[first.index()].shadow &= shadow;
            return None;
        }
        let id = self.clause(kind, decl, shadow);
        self.clause_texts.insert(key, id);
        Some(id)
    }

    fn clause(&mut self, kind: ClauseKind, decl: &'p Decl, shadow: bool) -> ClauseId {
        let id = ClauseId(next(&self.interner.tables.clauses));
        let shown = |name: &str| matches!(name, "owner" | "control" | "see");
        let attributes = decl.attrs.iter().filter(|a| shown(&a.name)).map(|a| (a.name.clone(), a.args.clone()));
        self.interner.tables.clauses.push(ClauseDef {
            id: format!("{}.{}", self.package.modules[decl.module.index()].name, decl.name),
            kind,
            module: decl.module.0,
            line: 0,
            column: 0,
            doc: decl.doc.clone(),
            attributes: attributes.collect(),
            shadow,
        });
        self.clause_decls.push(decl);
        id
    }

    /// The history that an instance asks for; collects its limit on the way.
    pub(super) fn instance_priors(&mut self, instance: &Instance, limits: &mut Vec<LimitId>) -> PriorSet {
        let mut sets = vec![self.interner.cond_priors(instance.cond)];
        match &instance.effect {
            InstanceEffect::Grant | InstanceEffect::Classify { .. } => {}
            InstanceEffect::Rule { effects, suggest } => {
                for effect in effects {
                    match effect {
                        RuleEffect::Deny(message) => sets.push(self.interner.template_priors(*message)),
                        RuleEffect::Constrain { value, .. } => sets.push(self.interner.expr_priors(*value)),
                        RuleEffect::Require(_) | RuleEffect::Mark { .. } => {}
                    }
                }
                sets.extend(suggest.map(|m| self.interner.template_priors(m)));
            }
            InstanceEffect::Limit { limit, addend } => {
                limits.push(*limit);
                sets.extend(addend.map(|e| self.interner.expr_priors(e)));
                let message = self.interner.tables.limits[limit.index()].message;
                sets.extend(message.map(|m| self.interner.template_priors(m)));
            }
        }
        sets.into_iter().fold(PriorSet::default(), |a, b| self.interner.union(a, b))
    }
}
