//! The decision with its grounds: every clause that applied, what it says, and which unknown facts made it apply.
//!
//! Turns what `judge.rs` found into the wire decision. Allocates freely; nothing here decides.

use std::sync::Arc;

use crate::budget::Budget;
use crate::bundle::{
    ApprovalDef, ApprovalId, ClauseId, CondId, InstanceEffect, LimitId, RuleEffect, TemplateId, TemplatePart,
};
use crate::externs::Answers;
use crate::judge::{Findings, Judge};
use crate::prepare::constraint_json;
use crate::render::{self, render};
use crate::state::{Effects, Realm, StateView};
use crate::{
    Applied, Approval, Decision, Duration, Effect, Invalid, Json, Outcome, Policy, Reason, Request, RequestInput,
    Verdict,
};

mod reading;
mod unknown;

pub use self::reading::{CallReading, CommandReading};

impl Policy {
    /// Decides as [`Policy::decide`] does, and says why.
    #[must_use]
    pub fn explain(&self, request: &Request, view: &dyn StateView) -> Decision {
        Answers::settled(self, |answers| self.explain_effects(request, view, answers).0)
    }

    /// The explanation, and what executing the call does to the state besides answering later queries of history: to be
    /// committed if the decision allows, and not otherwise.
    pub(crate) fn explain_effects(
        &self,
        request: &Request,
        view: &dyn StateView,
        answers: &Answers,
    ) -> (Decision, Effects) {
        let known = self.bundle.tools.get(request.tool.index()).filter(|_| request.policy == self.digest);
        let Some(tool) = known else {
            let foreign = Invalid::new("", "the request was prepared for another policy");
            return (self.deny_invalid(&RequestInput::default(), &foreign), Effects::default());
        };
        let mut judge = Judge::new(self, request, view, tool, answers);
        let findings = judge.findings();
        Explanation { policy: self, request, judge, found: findings }.write()
    }

    /// The denial of a request that was not understood.
    pub(crate) fn deny_invalid(&self, input: &RequestInput, invalid: &Invalid) -> Decision {
        Decision {
            call_id: input.call_id.as_deref().map(Into::into),
            message: Some(invalid.message.clone()),
            pointer: Some(invalid.pointer.clone()).filter(|pointer| !pointer.is_empty()),
            environment: self.index.envs.get(input.environment.as_str()).and_then(|env| self.environment_name(*env)),
            ..self.bare(invalid.reason)
        }
    }

    fn environment_name(&self, env: u32) -> Option<Arc<str>> {
        self.index.names.environments.get(env as usize).cloned()
    }

    /// A denial that says nothing else.
    fn bare(&self, reason: Reason) -> Decision {
        Decision {
            package: self.index.names.package.clone(),
            policy_digest: self.digest,
            ..Decision::denial(reason, None)
        }
    }

    /// A denial of an understood request for a reason that no clause states, such as `duplicate_call`.
    pub(crate) fn deny(&self, request: &Request, reason: Reason, message: impl Into<String>) -> Decision {
        Decision {
            call_id: request.call_id().map(Into::into),
            message: Some(message.into()),
            environment: self.environment_name(request.env),
            args: request.args_json(self),
            request_digest: Some(request.digest(self)),
            ..self.bare(reason)
        }
    }
}

struct Explanation<'a> {
    policy: &'a Policy,
    request: &'a Request,
    judge: Judge<'a>,
    found: Findings<'a>,
}

impl Explanation<'_> {
    fn write(mut self) -> (Decision, Effects) {
        let Verdict { outcome, reason, tier, retry_after, .. } = self.found.verdict;
        let applied = self.applied();
        let shadow = self.shadow();
        let executable = outcome != Outcome::Deny;
        let decision = Decision {
            call_id: self.request.call_id().map(Into::into),
            outcome,
            reason,
            message: self.message(),
            tier: tier.and_then(|tier| self.policy.index.names.tiers.get(tier as usize)).cloned(),
            environment: self.policy.environment_name(self.request.env),
            args: self.request.args_json(self.policy),
            commands: self.commands(),
            applied,
            approvals: self.found.verdict.approvals().filter_map(|id| self.approval(id)).collect(),
            constraints: if executable { self.constraints() } else { Vec::new() },
            marks: self.marks(),
            retry_after,
            shadow,
            request_digest: Some(self.request.digest(self.policy)),
            ..self.policy.bare(reason)
        };
        let effects = if outcome == Outcome::Allow { self.effects() } else { Effects::default() };
        (decision, effects)
    }

    /// What no clause says.
    fn message(&self) -> Option<String> {
        let tool = &self.judge.tool.name;
        match self.found.verdict.reason {
            Reason::NotGranted => Some(format!("no grant covers this call of `{tool}`")),
            Reason::Unclassified => Some(format!("no `classify` arm covers this call of `{tool}`")),
            Reason::LimitsExceeded => Some("deciding this call would take too long".to_owned()),
            Reason::UnsupportedConstraint => {
                Some("a constraint that applies is not enforced by the host, or its value is unknown".to_owned())
            }
            Reason::ApprovalRefused | Reason::ApprovalExpired | Reason::ApprovalImpossible => Some(self.refusals()),
            _ if self.found.verdict.outcome == Outcome::RequireApproval && !self.request.evidence.is_empty() => {
                Some(self.refusals())
            }
            _ => None,
        }
    }

    fn refusals(&self) -> String {
        let name = |id: &ApprovalId| {
            self.policy.bundle.approvals.get(id.index()).map_or("?", |def| self.policy.approval_name(def))
        };
        let lines = self.found.refusals.iter().map(|(id, why)| format!("`{}`: {why}", name(id)));
        lines.collect::<Vec<_>>().join("; ")
    }

    fn applied(&mut self) -> Vec<Applied> {
        // Nobody else looks at the first two.
        let (grants, classify) = (std::mem::take(&mut self.found.grants), std::mem::take(&mut self.found.classify));
        let rules = std::mem::take(&mut self.found.rules);
        let mut out = Vec::with_capacity(grants.len().saturating_add(classify.len()).saturating_add(rules.len()));
        for i in grants.into_iter().chain(classify) {
            self.instance(i, &mut out);
        }
        self.cell(&mut out);
        for i in &rules {
            self.instance(*i, &mut out);
        }
        self.found.rules = rules;
        let limits = std::mem::take(&mut self.found.limits);
        for (limit, budget) in &limits {
            self.limit(*limit, budget, Realm::Confirmed, &mut out);
        }
        self.found.limits = limits;
        out
    }

    fn shadow(&mut self) -> Vec<Applied> {
        let mut out = Vec::new();
        self.judge.eval.realm = Realm::Shadow;
        let shadow = std::mem::take(&mut self.found.shadow);
        for i in &shadow {
            self.instance(*i, &mut out);
        }
        self.found.shadow = shadow;
        let limits = std::mem::take(&mut self.found.shadow_limits);
        for (limit, budget) in &limits {
            self.limit(*limit, budget, Realm::Shadow, &mut out);
        }
        self.found.shadow_limits = limits;
        self.judge.eval.realm = Realm::Confirmed;
        out
    }

    /// One entry for each effect of a clause.
    fn instance(&mut self, i: u32, out: &mut Vec<Applied>) {
        let bundle = &self.policy.bundle;
        let Some(instance) = bundle.instances.get(i as usize) else { return };
        let unknown = self.unknown(&[instance.cond]);
        let mut put = |effect: Effect, message: Option<String>, suggest: Option<String>| {
            let entry =
                Applied { effect, message, suggest, unknown: unknown.clone(), ..self.policy.entry(instance.clause) };
            // A clause may stand several times for one tool, by several of its targets.
            if !out.contains(&entry) {
                out.push(entry);
            }
        };
        match &instance.effect {
            InstanceEffect::Grant => put(Effect::Grant, None, None),
            InstanceEffect::Classify { tier } => {
                let name = self.policy.index.names.tiers.get(*tier as usize);
                put(Effect::Classify(name.cloned().unwrap_or_default()), None, None);
            }
            InstanceEffect::Limit { .. } => put(Effect::Limit, None, None),
            InstanceEffect::Rule { effects, suggest } => {
                let suggest = suggest.map(|id| self.judge.render(id));
                for effect in effects {
                    match effect {
                        RuleEffect::Deny(message) => {
                            put(Effect::Deny, Some(self.judge.render(*message)), suggest.clone())
                        }
                        RuleEffect::Require(ids) => {
                            put(Effect::Require(self.policy.approval_ids(ids)), None, suggest.clone())
                        }
                        RuleEffect::Constrain { constraint, .. } => {
                            let name = bundle.constraints.get(*constraint as usize).map(|c| c.name.as_str());
                            put(Effect::Constrain(name.unwrap_or_default().into()), None, None);
                        }
                        RuleEffect::Mark { label } => {
                            let name = bundle.labels.get(*label as usize).map(String::as_str);
                            put(Effect::Mark(name.unwrap_or_default().into()), None, None);
                        }
                    }
                }
            }
        }
    }

    fn cell(&self, out: &mut Vec<Applied>) {
        for (clause, deny, approvals) in self.found.cell.iter().flat_map(|cell| &cell.clauses) {
            let effect = match (deny, approvals.is_empty()) {
                (true, _) => Effect::Deny,
                (false, true) => Effect::Allow,
                (false, false) => Effect::Require(self.policy.approval_ids(approvals)),
            };
            out.push(Applied { effect, ..self.policy.entry(*clause) });
        }
    }

    /// A limit that stands in the way.
    fn limit(&mut self, limit: LimitId, budget: &Budget, realm: Realm, out: &mut Vec<Applied>) {
        let Some(def) = self.policy.bundle.limits.get(limit.index()) else { return };
        let window = Duration::from_millis(def.window_ms);
        let message = match (budget, def.message) {
            (Budget::Untouched | Budget::Fits(_), _) => return,
            (Budget::Unavailable(why), _) => format!("this limit can't be checked: {why}"),
            (Budget::Exceeded { .. }, Some(message)) => self.judge.render(message),
            (Budget::Exceeded { .. }, None) => format!("at most {} in {window}", def.max),
        };
        let unknown = self.unknown(&self.arms(limit, realm));
        out.push(Applied { effect: Effect::Limit, message: Some(message), unknown, ..self.policy.entry(def.clause) });
    }

    /// The conditions of a limit's arms.
    fn arms(&self, limit: LimitId, realm: Realm) -> Vec<CondId> {
        let instances = self.policy.instances(self.judge.tool).filter(|(_, instance)| {
            let shadow = self.policy.is_shadow(instance);
            shadow == (realm == Realm::Shadow)
                && matches!(&instance.effect, InstanceEffect::Limit { limit: of, .. } if *of == limit)
        });
        instances.map(|(_, instance)| instance.cond).collect()
    }

    /// Facts that are unknown and thereby made one of the conditions hold.
    fn unknown(&mut self, conds: &[CondId]) -> Vec<String> {
        let mut facts: Vec<String> =
            conds.iter().filter_map(|cond| self.judge.unknown_facts(*cond)).flatten().collect();
        facts.sort_unstable();
        facts.dedup();
        facts
    }

    fn approval(&self, id: ApprovalId) -> Option<Approval> {
        let bundle = &self.policy.bundle;
        let def = bundle.approvals.get(id.index())?;
        let role = |role: &u32| bundle.roles.get(*role as usize).map(|role| role.name.clone());
        let required_by = self.found.required_by.iter().find(|(known, _)| *known == id).map(|(_, clauses)| clauses);
        Some(Approval {
            id: self.policy.approval_name(def).to_owned(),
            digest: def.digest,
            by: def.by.iter().map(|(n, roles)| (*n, roles.iter().filter_map(role).collect())).collect(),
            by_user: def.by_user,
            expires: Duration::from_millis(def.expires_ms),
            reuse: Duration::from_millis(def.reuse_ms),
            note_required: def.note_required,
            required_by: required_by.into_iter().flatten().map(|clause| (*clause).to_owned()).collect(),
        })
    }

    fn commands(&self) -> Vec<CommandReading> {
        let args = self.request.known_args(self.policy).unwrap_or_default();
        reading::commands(args, &self.judge.tool.params, &self.policy.bundle.schema)
    }

    fn constraints(&self) -> Vec<(String, Json)> {
        let named = self.found.constraints.iter().filter_map(|(constraint, value)| {
            let def = self.policy.bundle.constraints.get(*constraint as usize)?;
            Some((def.name.clone(), constraint_json(self.policy, value, &def.ty)))
        });
        named.collect()
    }

    /// Labels that rules among these mark, in the order of their declaration.
    fn labels(&self, rules: &[u32]) -> Vec<String> {
        if rules.is_empty() {
            return Vec::new();
        }
        let labels: crate::bitset::Bits = rules
            .iter()
            .flat_map(|i| self.judge.rule_effects(*i))
            .filter_map(|effect| if let RuleEffect::Mark { label } = effect { Some(*label) } else { None })
            .collect();
        labels.iter().filter_map(|label| self.policy.bundle.labels.get(label as usize)).cloned().collect()
    }

    fn marks(&self) -> Vec<String> {
        self.labels(&self.found.rules)
    }

    /// What the call does to the state if it is executed.
    fn effects(&mut self) -> Effects {
        let charge = |(_, budget): &(LimitId, Budget)| match budget {
            Budget::Fits(charge) | Budget::Exceeded { charge, .. } => Some(charge.clone()),
            Budget::Untouched | Budget::Unavailable(_) => None,
        };
        let marks = |realm: Realm, labels: Vec<String>| labels.into_iter().map(move |label| (realm, label.into()));
        Effects {
            charges: self.found.limits.iter().chain(&self.found.shadow_limits).filter_map(charge).collect(),
            marks: marks(Realm::Confirmed, self.marks())
                .chain(marks(Realm::Shadow, self.labels(&self.found.shadow)))
                .collect(),
            // The past is `begin.rs`'s business.
            priors: Vec::new(),
            consumed: std::mem::take(&mut self.found.consumed),
        }
    }
}

impl Policy {
    /// An entry for a clause, its effect to be filled in.
    fn entry(&self, id: ClauseId) -> Applied {
        let clause = self.bundle.clauses.get(id.index());
        let names = &self.index.names;
        let file = clause.and_then(|clause| names.files.get(clause.module as usize));
        Applied {
            clause: names.clauses.get(id.index()).cloned().unwrap_or_default(),
            kind: clause.map_or(crate::bundle::ClauseKind::Rule, |clause| clause.kind),
            effect: Effect::Allow,
            message: None,
            suggest: None,
            unknown: Vec::new(),
            file: file.cloned().unwrap_or_default(),
            line: clause.map_or(0, |clause| clause.line),
            column: clause.map_or(0, |clause| clause.column),
        }
    }

    fn approval_ids(&self, ids: &[ApprovalId]) -> Vec<String> {
        ids.iter()
            .filter_map(|id| self.bundle.approvals.get(id.index()))
            .map(|def| self.approval_name(def).to_owned())
            .collect()
    }

    /// The approval as decisions name it: the root module's own by their bare names, others qualified.
    pub(crate) fn approval_name<'a>(&self, def: &'a ApprovalDef) -> &'a str {
        let own = def.id.strip_prefix(self.bundle.package.as_str()).and_then(|rest| rest.strip_prefix('.'));
        if own == Some(def.short.as_str()) { &def.short } else { &def.id }
    }
}

impl Judge<'_> {
    /// A message with the values of this call.
    fn render(&mut self, id: TemplateId) -> String {
        let mut out = String::new();
        let template = self.eval.policy.bundle.templates.get(id.index());
        for part in template.into_iter().flat_map(|template| &template.parts) {
            match part {
                TemplatePart::Text(text) => out.push_str(text),
                TemplatePart::Value(expr) => {
                    let value = self.eval.eval(*expr, None);
                    render(&self.eval.resolve(value, None), &mut out);
                }
            }
        }
        render::finish(out)
    }
}
