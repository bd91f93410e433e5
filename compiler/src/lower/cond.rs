//! Lowers conditions: takes their boolean structure apart down to elementary tests.
//!
//! Every question about a condition is a question about its tests. With F and T for "is false" and "is true":
//! T(not a) = F(a), F(a and b) = F(a) or F(b), and so on; these are identities of Kleene's logic, so nothing
//! is lost where tests are unknown. A condition that reads no argument, or whose arguments stand at the same
//! places in two tools, is lowered once for both.

use claw_runtime::Value;
use claw_runtime::bundle::{Ask, Cond, CondId, Expr as Out};

use super::Lowerer;
use super::expr::{Known, Site, Val, field_known};
use crate::hir::{EnvId, Expr, ExprKind, Fact, PredicateId, ToolId};
use crate::visit::children;

pub(super) type CondCallKey = (PredicateId, Vec<Val>, Option<ToolId>, Ask);

/// An expression's address: identifies it while the package is borrowed.
pub(super) type Address = *const Expr;

/// The places of the arguments that an expression reads, and whether they are always there.
pub(super) type Signature = Vec<(u32, Known)>;

/// What a clause asks of its condition if what it asks of `not c` is `ask`.
fn negated(ask: Ask) -> Ask {
    match ask {
        Ask::IsTrue => Ask::IsFalse,
        Ask::IsFalse => Ask::IsTrue,
        Ask::NotTrue => Ask::NotFalse,
        Ask::NotFalse => Ask::NotTrue,
    }
}

/// Whether the question is answered yes for what is true.
fn positive(ask: Ask) -> bool {
    matches!(ask, Ask::IsTrue | Ask::NotFalse)
}

impl<'p> Lowerer<'p> {
    /// Lowers a whole condition for one tool.
    pub(super) fn condition(&mut self, expr: &'p Expr, ask: Ask, tool: ToolId) -> CondId {
        let key = (std::ptr::from_ref(expr), ask, self.signature(expr, tool));
        if let Some(found) = self.conditions.get(&key) {
            return *found;
        }
        let cond = self.cond(expr, ask, &mut Site::new(tool));
        self.conditions.insert(key, cond);
        cond
    }

    pub(super) fn signature(&mut self, expr: &'p Expr, tool: ToolId) -> Signature {
        let package = self.package;
        let params = &package.tools[tool.index()].params;
        let names = self.reads(expr);
        let place = |name: &&str| {
            let index = self.param(tool, name);
            (index, field_known(&params[index as usize]))
        };
        names.iter().map(place).collect()
    }

    /// The arguments that an expression reads, also through predicates, in alphabetical order.
    pub(super) fn reads(&mut self, expr: &'p Expr) -> std::rc::Rc<[&'p str]> {
        let key = std::ptr::from_ref(expr);
        if let Some(found) = self.arguments.get(&key) {
            return found.clone();
        }
        let mut names: Vec<&'p str> = Vec::new();
        self.collect_reads(expr, &mut names);
        names.sort_unstable();
        names.dedup();
        let names: std::rc::Rc<[&str]> = names.into();
        self.arguments.insert(key, names.clone());
        names
    }

    fn collect_reads(&mut self, expr: &'p Expr, names: &mut Vec<&'p str>) {
        match &expr.kind {
            ExprKind::Arg(name) | ExprKind::Origins(name, _) => names.push(name),
            ExprKind::Predicate(id, _) => {
                let package = self.package;
                names.extend(self.reads(&package.predicates[id.index()].body).iter());
            }
            _ => {}
        }
        match &expr.kind {
            // The tests are about the earlier call; only the keys' values are of this one.
            ExprKind::Prior { keys, .. } => keys.iter().for_each(|(_, value)| self.collect_reads(value, names)),
            _ => {
                let mut parts = Vec::new();
                children(expr, &mut |child| parts.push(child));
                parts.into_iter().for_each(|child| self.collect_reads(child, names));
            }
        }
    }

    fn cond(&mut self, expr: &'p Expr, ask: Ask, site: &mut Site) -> CondId {
        match &expr.kind {
            ExprKind::And(parts) => self.parts(parts, ask, positive(ask), site),
            ExprKind::Or(parts) => self.parts(parts, ask, !positive(ask), site),
            ExprKind::Not(inner) => self.cond(inner, negated(ask), site),
            ExprKind::Predicate(id, args) => self.predicate_cond(*id, args, ask, site),
            ExprKind::TierAtLeast(tier) if positive(ask) => match tier.0 {
                0 => self.interner.truth(true),
                tier => self.interner.cond(Cond::TierAtLeast(tier)),
            },
            _ => match self.environments(expr, site) {
                Some(envs) => {
                    let all = self.all_environments();
                    self.envs(if positive(ask) { envs } else { all & !envs })
                }
                None => self.test(expr, ask, site),
            },
        }
    }

    fn parts(&mut self, parts: &'p [Expr], ask: Ask, all: bool, site: &mut Site) -> CondId {
        let parts: Vec<CondId> = parts.iter().map(|e| self.cond(e, ask, site)).collect();
        if all { self.interner.all(parts) } else { self.interner.any(parts) }
    }

    fn predicate_cond(&mut self, id: PredicateId, args: &'p [Expr], ask: Ask, site: &mut Site) -> CondId {
        let args: Vec<Val> = args.iter().map(|e| self.expr(e, site)).collect();
        let package = self.package;
        let body = &package.predicates[id.index()].body;
        let tool = (!self.reads(body).is_empty()).then_some(site.tool);
        let key = (id, args, tool, ask);
        if let Some(found) = self.cond_calls.get(&key) {
            return *found;
        }
        let cond = self.cond(body, ask, &mut site.call(key.1.clone()));
        self.cond_calls.insert(key, cond);
        cond
    }

    /// An elementary test, with those answered at once whose answer can't depend on the request.
    fn test(&mut self, expr: &'p Expr, ask: Ask, site: &mut Site) -> CondId {
        let val = self.expr(expr, site);
        let tables = &self.interner.tables;
        let constant = |out: &Out| match out {
            Out::Const(id) => Some(&tables.consts[id.index()]),
            _ => None,
        };
        match &tables.exprs[val.id.index()] {
            Out::In(_, list) => {
                if let Some(Value::List(items) | Value::Set(items)) = constant(&tables.exprs[list.index()])
                    && items.is_empty()
                {
                    return self.interner.truth(!positive(ask));
                }
            }
            out => {
                if let Some(Value::Bool(value)) = constant(out) {
                    let value = *value;
                    return self.interner.truth(value == positive(ask));
                }
            }
        }
        self.interner.ask(val.id, val.known != Known::Always, ask)
    }

    /// The environments in which a test of nothing but the environment holds.
    fn environments(&mut self, expr: &'p Expr, site: &mut Site) -> Option<u64> {
        let (a, b) = match &expr.kind {
            ExprKind::Eq(a, b) | ExprKind::In(a, b) => (a, b),
            _ => return None,
        };
        let is_env = |e: &Expr| matches!(e.kind, ExprKind::Fact(Fact::Env));
        let words = match (is_env(a), is_env(b)) {
            (true, false) => b,
            (false, true) if matches!(expr.kind, ExprKind::Eq(..)) => a,
            _ => return None,
        };
        let words = self.expr(words, site).id;
        let Out::Const(id) = self.interner.tables.exprs[words.index()] else { return None };
        match &self.interner.tables.consts[id.index()] {
            Value::List(items) | Value::Set(items) => {
                items.iter().try_fold(0, |bits, word| Some(bits | self.environment(word)?))
            }
            value => self.environment(value),
        }
    }

    /// The bit of the environment of this name.
    fn environment(&self, value: &Value) -> Option<u64> {
        let Value::Str(name) = value else { return None };
        let at = self.package.environments.iter().position(|w| w.decl.name == **name)?;
        Some(1 << at)
    }

    pub(super) fn all_environments(&self) -> u64 {
        match self.package.environments.len() {
            64 => u64::MAX,
            n => (1 << n) - 1,
        }
    }

    pub(super) fn envs(&mut self, envs: u64) -> CondId {
        if envs == self.all_environments() {
            return self.interner.truth(true);
        }
        if envs == 0 { self.interner.truth(false) } else { self.interner.cond(Cond::Envs(envs)) }
    }

    /// `in a, b`; everywhere if it was not written.
    pub(super) fn in_envs(&mut self, envs: Option<&[EnvId]>) -> CondId {
        match envs {
            None => self.interner.truth(true),
            Some(envs) => self.envs(envs.iter().fold(0, |bits, env| bits | 1 << env.0)),
        }
    }
}
