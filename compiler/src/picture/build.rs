//! Makes the steps of a tool from its clauses.
//!
//! Which clauses a tool has, and whether a condition can be unknown or false at all, is read from the lowered
//! instances; what a clause says is the author's own text. Knows nothing of shapes or places.

use claw_runtime::Duration;
use claw_runtime::bundle::{ApprovalId, ClauseId, Cond, CondId};
use rustc_hash::FxHashMap;

use super::reads::{Read, reads};
use super::words::{one_line, shorten};
use super::{Cell, Cluster, Drawer, Effect, Exit, Line, LineKind, Outcome, Row, Seen, Stage, Step, Table};
use crate::hir::{
    self, Beyond, ClassifyArm, EffectKind, EnvId, Expr, Grant, Limit, Loc, Message, MessagePart, Package, Rule, Status,
    Target, TargetKind, ToolId,
};

/// More ways to be covered than this are counted, not listed.
const MAX_WAYS: usize = 8;
/// Columns of the targets that a grant names.
const MAX_ARMS: usize = 80;

/// A clause as it was written.
#[derive(Clone, Copy)]
enum Clause<'a> {
    Grant(&'a Grant),
    Arm(&'a ClassifyArm),
    Rule(&'a Rule),
    Limit(&'a Limit),
}

/// A clause as it stands for the tool.
struct Standing<'a> {
    clause: Clause<'a>,
    /// Its name in explanations.
    id: String,
    shadow: bool,
    certainty: Certainty,
}

/// What can come of asking a condition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    /// It holds, whatever is asked.
    Always,
    Known,
    Partial,
}

/// One of several ways in which a target covers a tool: all of these must hold.
type Way<'a> = Vec<Phrase<'a>>;

#[derive(Clone, Copy)]
enum Phrase<'a> {
    In(&'a [EnvId]),
    Where(&'a Expr),
}

/// The cluster of one tool with all its clauses.
pub fn cluster(drawer: &Drawer<'_>, tool: ToolId) -> Cluster {
    Maker::new(drawer).cluster(tool)
}

/// All tools: those with the same steps together, steps that all tools have ahead of them.
pub fn clusters(drawer: &Drawer<'_>) -> Vec<Cluster> {
    let maker = Maker::new(drawer);
    let mut found: Vec<Cluster> = Vec::new();
    for tool in (0..).map(ToolId).take(drawer.package.tools.len()) {
        let cluster = maker.cluster(tool);
        match found.iter_mut().find(|same| same.steps == cluster.steps && same.notes == cluster.notes) {
            Some(same) => {
                same.tools.extend(cluster.tools);
                same.signature.clear();
            }
            None => found.push(cluster),
        }
    }
    let Some((first, others @ [_, ..])) = found.split_first() else { return found };
    let follows = |step: &Step| matches!(step.stage, Stage::Rule | Stage::Limit);
    let everywhere = |step: &&Step| follows(step) && others.iter().all(|c| c.steps.contains(step));
    let steps: Vec<Step> = first.steps.iter().filter(everywhere).cloned().collect();
    if !steps.is_empty() {
        found.iter_mut().for_each(|cluster| cluster.steps.retain(|step| !steps.contains(step)));
        let shared = Cluster {
            tools: Vec::new(),
            shared: true,
            signature: String::new(),
            notes: vec!["holds for every tool below, drawn once".to_owned()],
            steps,
            end: Seen::Untold,
        };
        found.insert(0, shared);
    }
    found
}

struct Maker<'a> {
    drawer: &'a Drawer<'a>,
    package: &'a Package,
    by_place: FxHashMap<Loc, Clause<'a>>,
}

impl<'a> Maker<'a> {
    fn new(drawer: &'a Drawer<'a>) -> Maker<'a> {
        let package = drawer.package;
        let mut by_place = FxHashMap::default();
        by_place.extend(package.grants.iter().map(|c| (c.decl.loc, Clause::Grant(c))));
        by_place.extend(package.classify.iter().map(|c| (c.decl.loc, Clause::Arm(c))));
        by_place.extend(package.rules.iter().map(|c| (c.decl.loc, Clause::Rule(c))));
        by_place.extend(package.limits.iter().map(|c| (c.decl.loc, Clause::Limit(c))));
        Maker { drawer, package, by_place }
    }

    fn cluster(&self, tool: ToolId) -> Cluster {
        let decl = &self.package.tools[tool.index()];
        let standing = self.standing(tool);
        let mut steps = vec![self.grant(tool, &standing)];
        if !self.package.tiers.is_empty() {
            let (tier, reached) = self.tier(tool, &standing);
            steps.push(tier);
            steps.extend(self.matrix(&reached));
        }
        let followers = steps.len();
        for clause in &standing {
            match clause.clause {
                Clause::Rule(rule) => steps.push(self.rule(tool, clause, rule)),
                Clause::Limit(limit) => steps.push(self.limit(tool, clause, limit)),
                Clause::Grant(_) | Clause::Arm(_) => {}
            }
        }
        // The strictest first; what only reports, last. Stable: then as written.
        let strict = |step: &Step| step.exit.as_ref().map(Exit::outcome);
        steps[followers..].sort_by_key(|s| (s.shadow, s.stage, std::cmp::Reverse(strict(s))));
        let param = |field: &claw_runtime::Field| format!("{}{}", field.name, if field.optional { "?" } else { "" });
        let fallback = self.drawer.graph.memo[tool.index()].is_none();
        Cluster {
            tools: vec![decl.decl.name.clone()],
            shared: false,
            signature: decl.params.iter().map(param).collect::<Vec<_>>().join(", "),
            notes: fallback.then(|| "too large for a graph: judged clause by clause".to_owned()).into_iter().collect(),
            steps,
            end: Seen::Untold,
        }
    }

    /// The clauses that can apply to a tool, each once.
    fn standing(&self, tool: ToolId) -> Vec<Standing<'a>> {
        let tables = &self.drawer.lowered.tables;
        let mut found: Vec<(ClauseId, Certainty)> = Vec::new();
        for instance in self.drawer.lowered.instances(tool.index()) {
            let Some(certainty) = self.certainty(instance.cond) else { continue };
            match found.iter_mut().find(|(id, _)| *id == instance.clause) {
                Some((_, known)) => *known = (*known).min(certainty),
                None => found.push((instance.clause, certainty)),
            }
        }
        let stand = |(id, certainty): (ClauseId, Certainty)| {
            let def = &tables.clauses[id.index()];
            let clause = *self.by_place.get(&self.drawer.lowered.clause_locs[id.index()].whole)?;
            Some(Standing { clause, id: def.id.clone(), shadow: def.shadow, certainty })
        };
        found.into_iter().filter_map(stand).collect()
    }

    /// `None` for what never holds.
    fn certainty(&self, cond: CondId) -> Option<Certainty> {
        let tables = &self.drawer.lowered.tables;
        match &tables.conds[cond.index()] {
            Cond::True => Some(Certainty::Always),
            Cond::False => None,
            Cond::Envs(_) | Cond::TierAtLeast(_) => Some(Certainty::Known),
            Cond::Ask(atom, _) if tables.atoms[atom.index()].partial => Some(Certainty::Partial),
            Cond::Ask(..) => Some(Certainty::Known),
            Cond::All(parts) | Cond::Any(parts) => {
                let parts = &tables.cond_operands[parts.start as usize..(parts.start + parts.len) as usize];
                parts.iter().filter_map(|part| self.certainty(*part)).max()
            }
        }
    }

    fn grant(&self, tool: ToolId, standing: &[Standing<'a>]) -> Step {
        let mut step = Step::new(Stage::Grant, "is it granted?");
        let mut read: Vec<&Expr> = Vec::new();
        let mut certainty = None;
        let (mut by_role, mut open) = (false, false);
        for clause in standing {
            let Clause::Grant(grant) = clause.clause else { continue };
            step.lines.push(Line::clause(self.grant_text(grant, tool, clause.shadow), &clause.id));
            for phrase in self.ways(&grant.target, tool, &mut step.lines).into_iter().flatten() {
                read.extend(phrase.expr());
            }
            by_role |= !grant.to.is_empty() || !grant.for_user.is_empty();
            if !clause.shadow {
                certainty = certainty.max(Some(clause.certainty));
                open |= clause.certainty == Certainty::Always;
            }
        }
        step.reads = reads(self.package, read);
        if by_role {
            step.reads.push(Read::roles());
        }
        let label = match certainty {
            None => "always",
            Some(Certainty::Partial) => "no, unknown",
            Some(_) => "no",
        };
        if step.lines.is_empty() {
            step.lines.push(Line::condition("no grant covers it".to_owned()));
        }
        step.exit = (!open).then(|| Exit::new(label, vec![Effect::new(Outcome::Deny, "deny: not granted")]));
        step.onward = if certainty.is_some() { "yes" } else { "never" };
        step
    }

    fn grant_text(&self, grant: &Grant, tool: ToolId, shadow: bool) -> String {
        let roles = |ids: &[hir::RoleId]| {
            let names: Vec<&str> = ids.iter().map(|id| &*self.package.roles[id.index()].decl.name).collect();
            names.join(", ")
        };
        // Tools that are named beside each other stay together, so that they can share a drawing.
        let named = |kind: &TargetKind| matches!(kind, TargetKind::Tool(_));
        let by_name = grant.target.arms.iter().any(|arm| named(&arm.kind) && self.arm_covers(&arm.kind, tool));
        let told = |kind: &TargetKind| self.arm_covers(kind, tool) || (by_name && named(kind));
        let arms = grant.target.arms.iter().filter(|arm| told(&arm.kind));
        let arms: Vec<String> = arms.map(|arm| one_line(self.drawer.sources.text(arm.loc))).collect();
        let to = if grant.to_any { "any".to_owned() } else { roles(&grant.to) };
        let mut text = format!("grant {} to {to}", shorten(&arms.join(", "), MAX_ARMS));
        if !grant.for_user.is_empty() {
            text += &format!(" for {}", roles(&grant.for_user));
        }
        if let Some(envs) = &grant.target.envs {
            text += &self.in_envs(envs);
        }
        if shadow { format!("{} ({})", text, grant.status.word()) } else { text }
    }

    /// The step that finds the tier, and the tiers that it can find.
    fn tier(&self, tool: ToolId, standing: &[Standing<'a>]) -> (Step, Vec<hir::TierId>) {
        let mut step = Step::new(Stage::Tier, "which tier? the highest that applies");
        let mut arms: Vec<(&Standing<'a>, &ClassifyArm)> = Vec::new();
        for clause in standing {
            if let Clause::Arm(arm) = clause.clause {
                arms.push((clause, arm));
            }
        }
        arms.sort_by_key(|(_, arm)| arm.tier);
        let mut read = Vec::new();
        for (clause, arm) in &arms {
            let name = &self.package.tiers[arm.tier.index()].decl.name;
            let text = if clause.certainty == Certainty::Always { format!("{name}, always") } else { name.clone() };
            step.lines.push(Line::clause(text, &clause.id));
            self.target_lines(&arm.target, tool, &mut step.lines, &mut read);
            self.conditions(&arm.when, &arm.unless, &mut step.lines);
            read.extend(arm.when.iter().chain(&arm.unless));
        }
        step.reads = reads(self.package, read);
        if arms.is_empty() {
            step.lines.push(Line::condition("no `classify` arm covers it".to_owned()));
        }
        // A clause that restricts applies unless its condition is false, so only a plain *no* is left.
        if arms.iter().all(|(clause, _)| clause.certainty != Certainty::Always) {
            let label = if arms.is_empty() { "always" } else { "none" };
            step.exit = Some(Exit::new(label, vec![Effect::new(Outcome::Deny, "deny: unclassified")]));
        }
        let mut reached: Vec<hir::TierId> = arms.iter().map(|(_, arm)| arm.tier).collect();
        reached.dedup();
        // What is below a tier that always applies is never reached.
        let floor = arms.iter().filter(|(c, _)| c.certainty == Certainty::Always).map(|(_, arm)| arm.tier).max();
        reached.retain(|tier| Some(*tier) >= floor);
        (step, reached)
    }

    /// The rows of the matrix for these tiers.
    fn matrix(&self, tiers: &[hir::TierId]) -> Option<Step> {
        let tables = &self.drawer.lowered.tables;
        let envs = tables.environments.len();
        let cell = |tier: hir::TierId, env: usize| {
            let cell = &tables.matrix[tier.index() * envs + env];
            let (outcome, text) = match (cell.deny, &cell.approvals[..]) {
                (true, _) => (Outcome::Deny, "deny".to_owned()),
                (false, []) => (Outcome::Allow, "allow".to_owned()),
                (false, ids) => (Outcome::Require, self.approvals(ids).join(" + ")),
            };
            Cell { outcome, text, seen: Seen::Untold }
        };
        let mut columns: Vec<(Vec<String>, Vec<Cell>)> = Vec::new();
        for (env, name) in tables.environments.iter().enumerate() {
            let cells: Vec<Cell> = tiers.iter().map(|tier| cell(*tier, env)).collect();
            match columns.iter_mut().find(|(_, same)| *same == cells) {
                Some((names, _)) => names.push(name.clone()),
                None => columns.push((vec![name.clone()], cells)),
            }
        }
        let row = |(at, tier): (usize, &hir::TierId)| Row {
            tier: self.package.tiers[tier.index()].decl.name.clone(),
            cells: columns.iter().map(|(_, cells)| cells[at].clone()).collect(),
        };
        let rows: Vec<Row> = tiers.iter().enumerate().map(row).collect();
        if rows.is_empty() {
            return None;
        }
        let mut step = Step::new(Stage::Matrix, "tier by environment");
        step.table = Some(Table { rows, columns: columns.into_iter().map(|(names, _)| names).collect() });
        Some(step)
    }

    fn rule(&self, tool: ToolId, standing: &Standing<'a>, rule: &'a Rule) -> Step {
        let mut step = self.named(Stage::Rule, standing, &rule.decl, rule.status);
        let mut read = Vec::new();
        self.target_lines(&rule.target, tool, &mut step.lines, &mut read);
        self.conditions(&rule.when, &rule.unless, &mut step.lines);
        read.extend(rule.when.iter().chain(&rule.unless));
        step.reads = reads(self.package, read);
        let effects = rule.effects.iter().map(|effect| self.effect(&effect.kind)).collect();
        step.leave(standing.certainty, effects);
        step
    }

    fn effect(&self, kind: &EffectKind) -> Effect {
        match kind {
            EffectKind::Deny(message) => Effect::new(Outcome::Deny, &format!("deny: {}", self.message(message))),
            EffectKind::Require(ids) => {
                let ids: Vec<ApprovalId> = ids.iter().map(|id| ApprovalId(id.0)).collect();
                Effect::new(Outcome::Require, &format!("require {}", self.approvals(&ids).join(" + ")))
            }
            EffectKind::Constrain(id, value) => {
                let name = &self.package.constraints[id.index()].decl.name;
                Effect::new(Outcome::Constrain, &format!("constrain {name}: {}", self.text(value)))
            }
            EffectKind::Mark(label) => {
                Effect::new(Outcome::Mark, &format!("mark {}", self.package.labels[label.index()].decl.name))
            }
            EffectKind::Error => unreachable!("`Checked` holds no erroneous effect"),
        }
    }

    fn limit(&self, tool: ToolId, standing: &Standing<'a>, limit: &'a Limit) -> Step {
        let mut step = self.named(Stage::Limit, standing, &limit.decl, limit.status);
        let mut read = Vec::new();
        for arm in limit.arms.iter().filter(|arm| self.covers(&arm.target, tool)) {
            let what =
                arm.sum.as_ref().map_or("each call counts".to_owned(), |sum| format!("sum of {}", self.text(sum)));
            step.lines.push(Line::condition(what));
            self.target_lines(&arm.target, tool, &mut step.lines, &mut read);
            self.conditions(&arm.when, &[], &mut step.lines);
            read.extend(arm.when.iter().chain(&arm.sum));
        }
        step.reads = reads(self.package, read);
        let keys: Vec<&str> = limit.keys.iter().map(|key| key.name()).collect();
        let per = Duration::from_millis(limit.per.as_millis());
        let each = if keys.is_empty() { String::new() } else { format!(" each {}", keys.join(", ")) };
        step.lines.push(Line::condition(format!("at most {} per {per}{each}", limit.max)));
        let effect = match &limit.beyond {
            Beyond::Deny(None) => Effect::new(Outcome::Deny, "deny: limit reached"),
            Beyond::Deny(Some(message)) => Effect::new(Outcome::Deny, &format!("deny: {}", self.message(message))),
            Beyond::Require(ids) => self.effect(&EffectKind::Require(ids.clone())),
        };
        step.leave(Certainty::Known, vec![effect]);
        if let Some(exit) = &mut step.exit {
            exit.label = "beyond";
        }
        step.onward = "within";
        step
    }

    /// The step of a clause that has a name.
    fn named(&self, stage: Stage, standing: &Standing<'a>, decl: &hir::Decl, given: Status) -> Step {
        // A name of the root module needs no qualification.
        let root = self.package.modules.first().map_or("", |module| &module.name);
        let own = standing.id.strip_prefix(root).and_then(|rest| rest.strip_prefix('.')).unwrap_or(&standing.id);
        let title = if standing.shadow { format!("{own} ({})", given.word()) } else { own.to_owned() };
        let mut step = Step::new(stage, &title);
        step.clause = Some(standing.id.clone());
        step.doc = decl.doc.clone();
        step.shadow = standing.shadow;
        step
    }

    fn conditions(&self, when: &[Expr], unless: &[Expr], lines: &mut Vec<Line>) {
        lines.extend(when.iter().map(|expr| Line::condition(format!("when {}", self.text(expr)))));
        lines.extend(unless.iter().map(|expr| Line::condition(format!("unless {}", self.text(expr)))));
    }

    /// Where and how a target covers the tool.
    fn target_lines(&self, target: &'a Target, tool: ToolId, lines: &mut Vec<Line>, read: &mut Vec<&'a Expr>) {
        if let Some(envs) = &target.envs {
            lines.push(Line::condition(self.in_envs(envs).trim_start().to_owned()));
        }
        for phrase in self.ways(target, tool, lines).into_iter().flatten() {
            read.extend(phrase.expr());
        }
    }

    /// The ways in which the arms of a target cover a tool, written down where there are conditions.
    fn ways(&self, target: &'a Target, tool: ToolId, lines: &mut Vec<Line>) -> Vec<Way<'a>> {
        let ways = self.covering(target, tool);
        if ways.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        let mut texts: Vec<String> = Vec::new();
        for way in &ways {
            let phrases: Vec<String> = way.iter().map(|phrase| self.phrase(*phrase)).collect();
            texts.push(phrases.join(" and "));
        }
        // By several arms, a scope may cover a tool in the same way.
        texts.sort();
        texts.dedup();
        for (at, text) in texts.iter().take(MAX_WAYS).enumerate() {
            let or = if at == 0 { "" } else { "or " };
            lines.push(Line::condition(format!("{or}{text}")));
        }
        if texts.len() > MAX_WAYS {
            lines.push(Line::condition(format!("or in {} other ways", texts.len() - MAX_WAYS)));
        }
        ways
    }

    fn covering(&self, target: &'a Target, tool: ToolId) -> Vec<Way<'a>> {
        let mut ways: Vec<Way<'a>> = Vec::new();
        for arm in &target.arms {
            match &arm.kind {
                TargetKind::Scope(scope) => {
                    for arm in &self.package.scopes[scope.index()].arms {
                        for mut way in self.covering(&arm.target, tool) {
                            way.extend(arm.target.envs.as_deref().map(Phrase::In));
                            way.extend(arm.condition.as_ref().map(Phrase::Where));
                            ways.push(way);
                        }
                    }
                }
                kind if self.arm_covers(kind, tool) => ways.push(Way::new()),
                _ => {}
            }
        }
        ways
    }

    fn covers(&self, target: &Target, tool: ToolId) -> bool {
        target.arms.iter().any(|arm| self.arm_covers(&arm.kind, tool))
    }

    fn arm_covers(&self, kind: &TargetKind, tool: ToolId) -> bool {
        match kind {
            TargetKind::Tool(one) => *one == tool,
            TargetKind::Any(tools) | TargetKind::Glob(_, tools) | TargetKind::Tagged(_, tools) => tools.contains(&tool),
            TargetKind::Scope(id) => self.package.scopes[id.index()].arms.iter().any(|a| self.covers(&a.target, tool)),
            TargetKind::Error => false,
        }
    }

    fn phrase(&self, phrase: Phrase<'_>) -> String {
        match phrase {
            Phrase::In(envs) => self.in_envs(envs).trim_start().to_owned(),
            Phrase::Where(expr) => format!("where {}", self.text(expr)),
        }
    }

    fn in_envs(&self, envs: &[EnvId]) -> String {
        let names: Vec<&str> = envs.iter().map(|env| &*self.package.environments[env.index()].decl.name).collect();
        format!(" in {}", names.join(", "))
    }

    fn approvals(&self, ids: &[ApprovalId]) -> Vec<&str> {
        ids.iter().map(|id| &*self.drawer.lowered.tables.approvals[id.index()].short).collect()
    }

    fn text(&self, expr: &Expr) -> String {
        one_line(self.drawer.sources.text(expr.loc))
    }

    fn message(&self, message: &Message) -> String {
        let part = |part: &MessagePart| match part {
            MessagePart::Text(text) => text.clone(),
            MessagePart::Expr(_, source) => format!("{{{}}}", one_line(source)),
        };
        message.parts.iter().map(part).collect()
    }
}

impl<'a> Phrase<'a> {
    fn expr(self) -> Option<&'a Expr> {
        match self {
            Phrase::Where(expr) => Some(expr),
            Phrase::In(_) => None,
        }
    }
}

impl Step {
    fn new(stage: Stage, title: &str) -> Step {
        Step {
            stage,
            title: title.to_owned(),
            clause: None,
            doc: String::new(),
            lines: Vec::new(),
            table: None,
            exit: None,
            onward: "",
            shadow: false,
            seen: Seen::Untold,
            reads: Vec::new(),
        }
    }

    /// What the step does where it applies, which is wherever it is not surely ruled out.
    fn leave(&mut self, certainty: Certainty, effects: Vec<Effect>) {
        let (label, onward) = match certainty {
            Certainty::Always => ("always", ""),
            Certainty::Known => ("yes", "no"),
            Certainty::Partial => ("yes, unknown", "no"),
        };
        self.exit = Some(Exit::new(label, effects));
        self.onward = onward;
    }
}

impl Exit {
    fn new(label: &'static str, effects: Vec<Effect>) -> Exit {
        Exit { label, effects, seen: Seen::Untold }
    }
}

impl Effect {
    fn new(outcome: Outcome, text: &str) -> Effect {
        Effect { outcome, text: text.to_owned() }
    }
}

impl Line {
    fn clause(text: String, clause: &str) -> Line {
        Line { kind: LineKind::Clause, text, clause: Some(clause.to_owned()), seen: Seen::Untold }
    }

    fn condition(text: String) -> Line {
        Line { kind: LineKind::Condition, text, clause: None, seen: Seen::Untold }
    }

    pub(super) fn value(text: String) -> Line {
        Line { kind: LineKind::Value, text, clause: None, seen: Seen::Taken }
    }
}
