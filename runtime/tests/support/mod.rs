//! Policies by hand: a bundle builder, with a simple construction of the decision graph, so that these tests depend on no
//! compiler.
#![allow(dead_code)]

use claw_runtime::bundle::*;
use claw_runtime::{Decimal, Digest, Field, Policy, Type, Value};

/// A bundle in the making. Tables are public: tests may add what there is no method for.
#[derive(Clone, Debug)]
pub struct Builder {
    pub bundle: Bundle,
    instances: Vec<Instance>,
}

/// Whether [`Builder::build`] makes a graph, or leaves tools to be decided clause by clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Graph,
    Clauses,
}

pub fn field(name: &str, ty: Type) -> Field {
    Field { name: name.to_owned(), ty, optional: false, default: None, doc: String::new() }
}

pub fn optional(name: &str, ty: Type) -> Field {
    Field { optional: true, ..field(name, ty) }
}

impl Builder {
    /// Environments dev, staging, prod; roles support, sre, admin (which includes support); labels untrusted, secret.
    pub fn new() -> Builder {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let role = |name: &str, closure: &[u32]| RoleDef { name: name.to_owned(), closure: closure.to_vec() };
        let module =
            ModuleInfo { name: "acme".to_owned(), file: "acme.claw".to_owned(), digest: Digest::of(b"source") };
        let bundle = Bundle {
            package: "acme".to_owned(),
            modules: vec![module],
            environments: names(&["dev", "staging", "prod"]),
            roles: vec![role("support", &[0]), role("sre", &[1]), role("admin", &[0, 2])],
            labels: names(&["untrusted", "secret"]),
            origins: names(&["user_prompt", "web"]),
            ..Bundle::default()
        };
        let mut builder = Builder { bundle, instances: Vec::new() };
        builder.bundle.conds.extend([Cond::True, Cond::False]);
        builder
    }

    pub const TRUE: CondId = CondId(0);
    pub const FALSE: CondId = CondId(1);

    pub fn tiers(mut self, tiers: &[&str]) -> Builder {
        self.bundle.tiers = tiers.iter().map(|tier| (*tier).to_owned()).collect();
        self.bundle.matrix = vec![Cell::default(); tiers.len() * self.bundle.environments.len()];
        self
    }

    pub fn cell(&mut self, tier: u32, env: u32, deny: bool, approvals: &[ApprovalId]) {
        let clause = self.clause(&format!("matrix {tier} {env}"), ClauseKind::Matrix);
        let at = tier as usize * self.bundle.environments.len() + env as usize;
        let clauses = vec![(clause, deny, approvals.to_vec())];
        self.bundle.matrix[at] = Cell { deny, approvals: approvals.to_vec(), clauses };
    }

    pub fn tool(&mut self, name: &str, params: &[Field]) -> ToolId {
        self.bundle.tools.push(ToolDef {
            name: name.to_owned(),
            kind: Kind::Tool,
            wire: name.to_owned(),
            server: None,
            params: params.to_vec(),
            tags: Vec::new(),
            pinned: None,
            instances: Range::default(),
            roots: None,
            limits: Vec::new(),
            memo: 0,
            priors: Vec::new(),
            answers: Vec::new(),
        });
        ToolId(self.bundle.tools.len() as u32 - 1)
    }

    pub fn expr(&mut self, expr: Expr) -> ExprId {
        self.bundle.exprs.push(expr);
        ExprId(self.bundle.exprs.len() as u32 - 1)
    }

    pub fn constant(&mut self, value: Value) -> ExprId {
        self.bundle.consts.push(value);
        let id = ConstId(self.bundle.consts.len() as u32 - 1);
        self.expr(Expr::Const(id))
    }

    pub fn str(&mut self, text: &str) -> ExprId {
        self.constant(Value::str(text))
    }

    pub fn arg(&mut self, i: u32) -> ExprId {
        self.expr(Expr::Arg(i))
    }

    pub fn range(&mut self, operands: &[ExprId]) -> Range {
        let start = self.bundle.operands.len() as u32;
        self.bundle.operands.extend(operands);
        Range { start, len: operands.len() as u32 }
    }

    pub fn builtin(&mut self, name: &str, operands: &[ExprId]) -> ExprId {
        let known = self.bundle.builtins.iter().position(|known| known == name);
        let id = known.unwrap_or_else(|| {
            self.bundle.builtins.push(name.to_owned());
            self.bundle.builtins.len() - 1
        });
        let range = self.range(operands);
        self.expr(Expr::Builtin(id as u32, range))
    }

    pub fn eq(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.expr(Expr::Eq(a, b))
    }

    pub fn not(&mut self, e: ExprId) -> ExprId {
        self.expr(Expr::Not(e))
    }

    pub fn and(&mut self, operands: &[ExprId]) -> ExprId {
        let range = self.range(operands);
        self.expr(Expr::And(range))
    }

    pub fn ask(&mut self, expr: ExprId, ask: Ask) -> CondId {
        self.bundle.atoms.push(Atom { expr, partial: true });
        let atom = AtomId(self.bundle.atoms.len() as u32 - 1);
        self.cond(Cond::Ask(atom, ask))
    }

    /// For granting clauses.
    pub fn is_true(&mut self, expr: ExprId) -> CondId {
        self.ask(expr, Ask::IsTrue)
    }

    /// For restricting clauses.
    pub fn not_false(&mut self, expr: ExprId) -> CondId {
        self.ask(expr, Ask::NotFalse)
    }

    pub fn role(&mut self, role: u32) -> CondId {
        let expr = self.expr(Expr::AgentHasRole(role));
        self.is_true(expr)
    }

    pub fn cond(&mut self, cond: Cond) -> CondId {
        self.bundle.conds.push(cond);
        CondId(self.bundle.conds.len() as u32 - 1)
    }

    pub fn all(&mut self, conds: &[CondId]) -> CondId {
        let start = self.bundle.cond_operands.len() as u32;
        self.bundle.cond_operands.extend(conds);
        self.cond(Cond::All(Range { start, len: conds.len() as u32 }))
    }

    pub fn any(&mut self, conds: &[CondId]) -> CondId {
        let start = self.bundle.cond_operands.len() as u32;
        self.bundle.cond_operands.extend(conds);
        self.cond(Cond::Any(Range { start, len: conds.len() as u32 }))
    }

    pub fn clause(&mut self, name: &str, kind: ClauseKind) -> ClauseId {
        let line = self.bundle.clauses.len() as u32 + 1;
        let id = format!("acme.{name}");
        self.bundle.clauses.push(ClauseDef {
            id,
            kind,
            module: 0,
            line,
            column: 1,
            doc: String::new(),
            attributes: Vec::new(),
            shadow: false,
        });
        ClauseId(line - 1)
    }

    /// Makes the last clause a hint.
    pub fn shadow(&mut self) {
        self.bundle.clauses.last_mut().unwrap().shadow = true;
    }

    pub fn instance(&mut self, clause: ClauseId, tool: ToolId, cond: CondId, effect: InstanceEffect) {
        self.instances.push(Instance { clause, tool, cond, effect });
    }

    pub fn grant(&mut self, tool: ToolId, cond: CondId) {
        let clause = self.clause(&format!("grant {}", tool.0), ClauseKind::Grant);
        self.instance(clause, tool, cond, InstanceEffect::Grant);
    }

    pub fn classify(&mut self, tool: ToolId, tier: u32, cond: CondId) {
        let clause = self.clause(&format!("{tier} on {}", tool.0), ClauseKind::Classify);
        self.instance(clause, tool, cond, InstanceEffect::Classify { tier });
    }

    pub fn rule(&mut self, name: &str, tool: ToolId, cond: CondId, effects: Vec<RuleEffect>) -> ClauseId {
        let clause = self.clause(name, ClauseKind::Rule);
        self.instance(clause, tool, cond, InstanceEffect::Rule { effects, suggest: None });
        clause
    }

    pub fn deny(&mut self, name: &str, tool: ToolId, cond: CondId, message: &str) -> ClauseId {
        let message = self.template(vec![TemplatePart::Text(message.to_owned())]);
        self.rule(name, tool, cond, vec![RuleEffect::Deny(message)])
    }

    pub fn template(&mut self, parts: Vec<TemplatePart>) -> TemplateId {
        self.bundle.templates.push(Template { parts });
        TemplateId(self.bundle.templates.len() as u32 - 1)
    }

    pub fn approval(&mut self, name: &str, n: u32, roles: &[u32]) -> ApprovalId {
        self.bundle.approvals.push(ApprovalDef {
            id: format!("acme.{name}"),
            short: name.to_owned(),
            by: vec![(n, roles.to_vec())],
            by_user: false,
            expires_ms: 900_000,
            reuse_ms: 0,
            note_required: false,
            digest: Digest::of(name.as_bytes()),
        });
        ApprovalId(self.bundle.approvals.len() as u32 - 1)
    }

    /// A limit with one arm that always applies.
    pub fn limit(
        &mut self,
        name: &str,
        tool: ToolId,
        max: i64,
        window_ms: i64,
        keys: &[LimitKey],
        addend: Option<ExprId>,
    ) -> LimitId {
        let clause = self.clause(name, ClauseKind::Limit);
        let limit = LimitId(self.bundle.limits.len() as u32);
        self.bundle.limits.push(LimitDef {
            clause,
            max: Decimal::from(max),
            window_ms,
            keys: keys.to_vec(),
            sums: addend.is_some(),
            beyond: Vec::new(),
            message: None,
        });
        self.instance(clause, tool, Builder::TRUE, InstanceEffect::Limit { limit, addend });
        self.bundle.tools[tool.index()].limits.push(limit);
        limit
    }

    pub fn bundle(&self, form: Form) -> Bundle {
        let mut builder = self.clone();
        builder.instances.sort_by_key(|instance| instance.tool);
        for i in 0..builder.bundle.tools.len() {
            let start = builder.instances.iter().filter(|instance| instance.tool.index() < i).count() as u32;
            let len = builder.instances.iter().filter(|instance| instance.tool.index() == i).count() as u32;
            builder.bundle.tools[i].instances = Range { start, len };
        }
        builder.bundle.instances = builder.instances.clone();
        if form == Form::Graph {
            for i in 0..builder.bundle.tools.len() {
                builder.roots(i);
            }
        }
        builder.bundle
    }

    pub fn build(&self, form: Form) -> Policy {
        Policy::from_bytes(&self.bundle(form).to_bytes()).unwrap()
    }

    fn roots(&mut self, tool: usize) {
        let first_node = self.bundle.nodes.len();
        let own: Vec<(u32, Instance)> = (0u32..)
            .zip(self.bundle.instances.clone())
            .filter(|(_, instance)| {
                instance.tool.index() == tool && !self.bundle.clauses[instance.clause.index()].shadow
            })
            .collect();
        let mut roots = Roots {
            grant: Target::FALSE,
            tier: Target::FALSE,
            deny: Target::FALSE,
            approvals: Vec::new(),
            marks: Vec::new(),
            constrains: Vec::new(),
            limits: Vec::new(),
        };
        let mut arms: Vec<(u32, CondId)> = Vec::new();
        for (i, instance) in &own {
            match &instance.effect {
                InstanceEffect::Grant => roots.grant = self.branch(instance.cond, Target::TRUE, roots.grant),
                InstanceEffect::Classify { tier } => arms.push((*tier, instance.cond)),
                InstanceEffect::Limit { .. } => {
                    roots.limits.push((*i, self.branch(instance.cond, Target::TRUE, Target::FALSE)))
                }
                InstanceEffect::Rule { effects, .. } => {
                    for effect in effects {
                        match effect {
                            RuleEffect::Deny(_) => roots.deny = self.branch(instance.cond, Target::TRUE, roots.deny),
                            RuleEffect::Require(ids) => {
                                for id in ids {
                                    let target = self.branch(instance.cond, Target::TRUE, Target::FALSE);
                                    roots.approvals.push((*id, target));
                                }
                            }
                            RuleEffect::Constrain { .. } => {
                                roots.constrains.push((*i, self.branch(instance.cond, Target::TRUE, Target::FALSE)));
                            }
                            RuleEffect::Mark { label } => {
                                roots.marks.push((*label, self.branch(instance.cond, Target::TRUE, Target::FALSE)));
                            }
                        }
                    }
                }
            }
        }
        // The highest tier is asked first.
        arms.sort_unstable();
        for (tier, cond) in arms {
            roots.tier = self.branch(cond, Target::leaf(tier + 1), roots.tier);
        }
        let mut places = std::collections::HashMap::new();
        for node in &mut self.bundle.nodes[first_node..] {
            if let Node::Test { atom, memo, .. } = node {
                let next = places.len() as u32;
                *memo = *places.entry(*atom).or_insert(next);
            }
        }
        let def = &mut self.bundle.tools[tool];
        def.roots = Some(roots);
        def.memo = places.len() as u32;
    }

    /// Where a condition leads, with what follows if it holds and if not.
    fn branch(&mut self, cond: CondId, holds: Target, fails: Target) -> Target {
        let operands = |range: Range, bundle: &Bundle| {
            bundle.cond_operands[range.start as usize..(range.start + range.len) as usize].to_vec()
        };
        match self.bundle.conds[cond.index()].clone() {
            Cond::True => holds,
            Cond::False => fails,
            Cond::All(range) => {
                let operands = operands(range, &self.bundle);
                operands.into_iter().rev().fold(holds, |holds, operand| self.branch(operand, holds, fails))
            }
            Cond::Any(range) => {
                let operands = operands(range, &self.bundle);
                operands.into_iter().rev().fold(fails, |fails, operand| self.branch(operand, holds, fails))
            }
            Cond::Ask(atom, ask) => {
                let to = |yes| if yes { holds } else { fails };
                use claw_runtime::Tri;
                self.node(Node::Test {
                    atom,
                    memo: atom.0,
                    on_false: to(ask.holds(Tri::False)),
                    on_unknown: to(ask.holds(Tri::Unknown)),
                    on_true: to(ask.holds(Tri::True)),
                })
            }
            Cond::Envs(set) => {
                let by_env =
                    (0..self.bundle.environments.len()).map(|env| if set >> env & 1 == 1 { holds } else { fails });
                let by_env = by_env.collect();
                self.node(Node::Env { by_env })
            }
            Cond::TierAtLeast(least) => {
                let by_tier = (0..self.bundle.tiers.len() as u32).map(|tier| if tier >= least { holds } else { fails });
                let by_tier = by_tier.collect();
                self.node(Node::Tier { by_tier })
            }
        }
    }

    pub fn node(&mut self, node: Node) -> Target {
        self.bundle.nodes.push(node);
        Target::node(self.bundle.nodes.len() as u32 - 1)
    }
}
