//! Rules and limits.

use std::collections::BTreeSet;

use claw_runtime::{Decimal, Duration, Type, Value};
use claw_syntax::Span;
use claw_syntax::ast::{self, LimitClauseKind, RuleClauseKind};

use super::{Args, Exprs};
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{
    Beyond, Effect, EffectKind, Expr, ExprKind, LabelId, LimitArm, LimitId, LimitKey, ModuleId, RuleId, Target, ToolId,
};
use crate::resolve::targets::Reach;
use crate::resolve::{Cx, Vocabulary};
use crate::suggest;

const KEYS: [(&str, LimitKey); 5] = [
    ("agent", LimitKey::Agent),
    ("user", LimitKey::User),
    ("tenant", LimitKey::Tenant),
    ("session", LimitKey::Session),
    ("tool", LimitKey::Tool),
];

impl Cx<'_> {
    pub(super) fn rule(&mut self, module: ModuleId, decl: &ast::RuleDecl, id: RuleId) {
        let broken = self.is_broken(module, self.package.rules[id.index()].decl.loc.span);
        let target = self.rule_target(module, decl, broken);
        let args = Args::Of(target.tools.clone());
        let (mut when, mut unless, mut effects, mut suggests) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for clause in &decl.clauses {
            match &clause.kind {
                RuleClauseKind::When(c) => when.push(Exprs::new(self, module, args.clone()).condition(c)),
                RuleClauseKind::Unless(c) => unless.push(Exprs::new(self, module, args.clone()).condition(c)),
                RuleClauseKind::Effect(effect) => {
                    let kind = self.effect(module, effect, &args);
                    effects.push(Effect { kind, loc: self.loc(module, clause.span) });
                }
                RuleClauseKind::Suggest(message) => {
                    if !suggests.is_empty() {
                        self.written_twice(module, clause.span, "suggest");
                    }
                    suggests.push((Exprs::new(self, module, args.clone()).message(message), clause.span));
                }
                RuleClauseKind::On(_) | RuleClauseKind::Error => {}
            }
        }
        self.check_effects(module, decl, &effects, suggests.first().map(|(_, span)| *span), broken);
        let rule = &mut self.package.rules[id.index()];
        rule.suggest = suggests.into_iter().next().map(|(message, _)| message);
        (rule.target, rule.when, rule.unless, rule.effects) = (target, when, unless, effects);
    }

    fn rule_target(&mut self, module: ModuleId, decl: &ast::RuleDecl, broken: bool) -> Target {
        let mut target = None;
        for clause in &decl.clauses {
            if let RuleClauseKind::On(on) = &clause.kind {
                match target {
                    None => target = Some(self.on_clause(module, on, Reach::Everything)),
                    Some(_) => {
                        let loc = self.loc(module, clause.span);
                        let error = Diagnostic::new(codes::E0414, loc, "`on` is written twice")
                            .help("name all targets after one `on`: `on a, b`");
                        self.report(error);
                    }
                }
            }
        }
        if target.is_none() && !broken {
            let loc = self.loc(module, decl.name.span);
            let error = Diagnostic::new(codes::E0413, loc, format!("the rule `{}` is about nothing", decl.name.name))
                .help("say what it is about: `on tool_name`, or `on any`");
            self.report(error);
        }
        target.unwrap_or_default()
    }

    fn effect(&mut self, module: ModuleId, effect: &ast::Effect, args: &Args) -> EffectKind {
        match effect {
            ast::Effect::Error => EffectKind::Error,
            // The grammar reports that the message is missing.
            ast::Effect::Deny(None) => EffectKind::Error,
            ast::Effect::Deny(Some(message)) => {
                EffectKind::Deny(Exprs::new(self, module, args.clone()).message(message))
            }
            ast::Effect::Require(paths) => {
                let approvals = self.approval_list(module, paths);
                if approvals.is_empty() { EffectKind::Error } else { EffectKind::Require(approvals) }
            }
            ast::Effect::Mark(label) => match self.word(module, Vocabulary::Label, label) {
                Some(id) => EffectKind::Mark(LabelId(id)),
                None => EffectKind::Error,
            },
            ast::Effect::Constrain { name, value } => {
                let constraint = self.word(module, Vocabulary::Constraint, name);
                let ty = constraint.map_or(Type::Error, |id| self.package.constraints[id as usize].ty.clone());
                let value = Exprs::new(self, module, args.clone()).check(value, &ty);
                match constraint {
                    Some(id) => EffectKind::Constrain(crate::hir::ConstraintId(id), value),
                    None => EffectKind::Error,
                }
            }
        }
    }

    /// At least one effect, and none twice.
    fn check_effects(
        &mut self,
        module: ModuleId,
        decl: &ast::RuleDecl,
        effects: &[Effect],
        suggest: Option<Span>,
        broken: bool,
    ) {
        if effects.is_empty() && !broken {
            let loc = self.loc(module, decl.name.span);
            let error = Diagnostic::new(codes::E0417, loc, format!("the rule `{}` has no effect", decl.name.name))
                .help("say what it does: `deny \"why\"`, `require on_call`, `mark label` or `constrain name value`");
            self.report(error);
        }
        let mut seen = BTreeSet::new();
        for effect in effects {
            let keys: Vec<(u8, u32)> = match &effect.kind {
                EffectKind::Deny(_) => vec![(0, 0)],
                EffectKind::Require(list) => list.iter().map(|a| (1, a.0)).collect(),
                EffectKind::Constrain(id, _) => vec![(2, id.0)],
                EffectKind::Mark(id) => vec![(3, id.0)],
                EffectKind::Error => Vec::new(),
            };
            let count = keys.len();
            let fresh = keys.into_iter().filter(|key| seen.insert(*key)).count();
            if fresh < count {
                let error =
                    Diagnostic::new(codes::E0414, effect.loc, "this rule has this effect already").unnecessary();
                self.report(error);
            }
        }
        let restricts =
            effects.iter().any(|e| matches!(e.kind, EffectKind::Deny(_) | EffectKind::Require(_) | EffectKind::Error));
        if let (Some(span), false, false) = (suggest, restricts, broken) {
            let loc = self.loc(module, span);
            let error = Diagnostic::new(codes::E0426, loc, "`suggest` has no effect here")
                .help("a suggestion goes with `deny` or `require`");
            self.report(error);
        }
    }

    pub(super) fn limit(&mut self, module: ModuleId, decl: &ast::LimitDecl, id: LimitId) {
        let broken = self.is_broken(module, self.package.limits[id.index()].decl.loc.span);
        let mut arms = Vec::new();
        let (mut max, mut keys, mut beyond) = (None, None, None);
        for clause in &decl.clauses {
            match &clause.kind {
                LimitClauseKind::Arm(arm) => arms.push(self.limit_arm(module, arm, clause.span)),
                LimitClauseKind::Max { amount, per } if max.is_none() => max = Some((amount, per)),
                LimitClauseKind::Each(words) if keys.is_none() => keys = Some(self.limit_keys(module, words)),
                LimitClauseKind::Beyond(effect) if beyond.is_none() => beyond = Some((effect, clause.span)),
                LimitClauseKind::Max { .. } => self.written_twice(module, clause.span, "max"),
                LimitClauseKind::Each(_) => self.written_twice(module, clause.span, "each"),
                LimitClauseKind::Beyond(_) => self.written_twice(module, clause.span, "beyond"),
                LimitClauseKind::Error => {}
            }
        }
        let name_loc = self.loc(module, decl.name.span);
        let name = &decl.name.name;
        if arms.is_empty() && !broken {
            let error = Diagnostic::new(codes::E0413, name_loc, format!("the limit `{name}` is about nothing"))
                .help("say which calls count: `on tool_name`");
            self.report(error);
        }
        if max.is_none() && !broken {
            let error = Diagnostic::new(codes::E0413, name_loc, format!("the limit `{name}` has no `max`"))
                .help("say how much fits in how long: `max 5 per 1m`");
            self.report(error);
        }
        let sums = self.check_sums(name_loc, &arms);
        let (amount, per) = match max {
            Some((amount, per)) => (self.limit_amount(module, amount, sums), self.limit_window(module, per)),
            None => (Decimal::ZERO, Duration::from_millis(0)),
        };
        let mut tools: Vec<ToolId> = arms.iter().flat_map(|a| a.target.tools.iter().copied()).collect();
        tools.sort();
        tools.dedup();
        let beyond = beyond.map_or(Beyond::Deny(None), |(effect, span)| self.beyond(module, effect, span, &tools));
        let limit = &mut self.package.limits[id.index()];
        (limit.arms, limit.max, limit.per, limit.beyond) = (arms, amount, per, beyond);
        limit.keys = keys.unwrap_or_default();
    }

    fn limit_arm(&mut self, module: ModuleId, arm: &ast::LimitArm, span: Span) -> LimitArm {
        let target = self.on_clause(module, &arm.on, Reach::Everything);
        let (mut when, unless) = self.guards(module, &arm.guards, &target);
        // An exemption counts unless it is true, just as the negated condition does.
        when.extend(unless.into_iter().map(|e| match e.ty {
            Type::Error => e,
            _ => Expr { loc: e.loc, ty: Type::Bool, kind: ExprKind::Not(Box::new(e)) },
        }));
        let sum = arm.sum.as_ref().map(|sum| {
            let mut exprs = Exprs::new(self, module, Args::Of(target.tools.clone()));
            let expr = exprs.infer(sum, None);
            match expr.ty {
                Type::Int | Type::Decimal | Type::Error => expr,
                _ => {
                    let message = format!("only numbers can be summed, not `{}`", exprs.show(&expr.ty));
                    exprs.fail(codes::E0201, sum.span, message)
                }
            }
        });
        LimitArm { target, when, sum, loc: self.loc(module, span) }
    }

    /// All arms sum, or none does.
    fn check_sums(&mut self, name_loc: crate::hir::Loc, arms: &[LimitArm]) -> bool {
        let summing = arms.iter().find(|a| a.sum.is_some());
        let counting = arms.iter().find(|a| a.sum.is_none());
        if let (Some(summing), Some(counting)) = (summing, counting) {
            let error = Diagnostic::new(codes::E0415, name_loc, "this limit both sums and counts")
                .label(summing.loc, "this arm sums")
                .label(counting.loc, "this arm counts calls")
                .help("write `sum 1` to count a call in a limit that sums");
            self.report(error);
        }
        summing.is_some()
    }

    fn limit_keys(&mut self, module: ModuleId, words: &[ast::Ident]) -> Vec<LimitKey> {
        let mut out = Vec::new();
        for word in words.iter().filter(|w| !w.is_hole()) {
            let loc = self.loc(module, word.span);
            match KEYS.iter().find(|(name, _)| *name == word.name) {
                Some((_, key)) if out.contains(key) => self.written_twice(module, word.span, &word.name),
                Some((_, key)) => out.push(*key),
                None => {
                    let names = KEYS.map(|(name, _)| name);
                    let error =
                        Diagnostic::new(codes::E0412, loc, format!("a limit can't be kept for each `{}`", word.name))
                            .help(format!("there are {}", suggest::list(names)))
                            .did_you_mean(loc, suggest::nearest(&word.name, names));
                    self.report(error);
                }
            }
        }
        out.sort();
        out
    }

    fn limit_amount(&mut self, module: ModuleId, amount: &ast::Expr, sums: bool) -> Decimal {
        let expr = Exprs::constants(self, module).infer(amount, Some(&Type::Decimal));
        if expr.ty == Type::Error {
            return Decimal::ZERO;
        }
        let loc = self.loc(module, amount.span);
        let text = self.text(loc).to_owned();
        let value = match self.constant_value(&expr) {
            Some(Value::Decimal(d)) => d,
            Some(Value::Int(n)) => n.into(),
            _ => {
                let shown = self.show(&expr.ty);
                self.report(Diagnostic::new(codes::E0201, loc, format!("`max` takes a number, not `{shown}`")));
                return Decimal::ZERO;
            }
        };
        if value <= Decimal::ZERO {
            let error = Diagnostic::new(codes::E0416, loc, format!("a limit of `{text}` lets nothing through"))
                .help("to forbid it altogether write a rule that denies");
            self.report(error);
        } else if !sums && value.to_i64().is_none() {
            let error = Diagnostic::new(codes::E0416, loc, format!("`{text}` is no number of calls"))
                .help("a limit without `sum` counts calls");
            self.report(error);
        }
        value
    }

    fn limit_window(&mut self, module: ModuleId, per: &ast::TextLit) -> Duration {
        let zero = Duration::from_millis(0);
        if per.is_hole() {
            return zero;
        }
        match ast::duration_millis(&per.text) {
            Some(millis) if millis > 0 => Duration::from_millis(millis),
            _ => {
                let loc = self.loc(module, per.span);
                self.report(Diagnostic::new(
                    codes::E0416,
                    loc,
                    format!("`{}` is no span of time that a limit can have", per.text),
                ));
                zero
            }
        }
    }

    fn beyond(&mut self, module: ModuleId, effect: &ast::Effect, span: Span, tools: &[ToolId]) -> Beyond {
        match effect {
            ast::Effect::Deny(message) => {
                let args = Args::Of(tools.to_vec());
                Beyond::Deny(message.as_ref().map(|m| Exprs::new(self, module, args).message(m)))
            }
            ast::Effect::Require(paths) => {
                let approvals = self.approval_list(module, paths);
                if approvals.is_empty() { Beyond::Deny(None) } else { Beyond::Require(approvals) }
            }
            ast::Effect::Error => Beyond::Deny(None),
            ast::Effect::Mark(_) | ast::Effect::Constrain { .. } => {
                let loc = self.loc(module, span);
                let error =
                    Diagnostic::new(codes::E0426, loc, "beyond a limit there is `deny` or `require`, nothing else");
                self.report(error);
                Beyond::Deny(None)
            }
        }
    }
}
