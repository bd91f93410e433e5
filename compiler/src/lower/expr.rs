//! Lowers typed expressions: constants and predicates inlined, arguments by index, local variables by depth.
//!
//! An expression is lowered for one *site*: the tool being called and the variables in scope. Conditions are
//! lowered in `cond.rs`, which takes apart their boolean structure and comes here for the tests.

use claw_runtime::bundle::{AttrRoot, Expr as Out, ExprId, Fact, QuantOp, Range};
use claw_runtime::{Type, Value};

use super::Lowerer;
use crate::hir::{Expr, ExprKind, PredicateId, ToolId};

/// Whether a value can be missing when a well-formed request is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Known {
    Always,
    /// Known, or absent; never unknown for another reason.
    OrAbsent,
    Perhaps,
}

/// A lowered expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Val {
    pub id: ExprId,
    pub known: Known,
}

/// Where an expression stands.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub tool: ToolId,
    /// What the enclosing predicate was called with.
    pub params: Vec<Val>,
    /// Quantifiers around the enclosing predicate's call.
    base: u32,
    /// The variables of all enclosing quantifiers, outermost first.
    locals: Vec<Known>,
}

impl Site {
    pub fn new(tool: ToolId) -> Site {
        Site { tool, params: Vec::new(), base: 0, locals: Vec::new() }
    }

    /// The site of a predicate's body called from here.
    pub fn call(&self, params: Vec<Val>) -> Site {
        Site { tool: self.tool, params, base: self.depth(), locals: self.locals.clone() }
    }

    pub fn depth(&self) -> u32 {
        bundle_index(self.locals.len())
    }

    /// The i-th variable as the body numbers it: parameters first, then quantifiers.
    pub fn local(&self, index: u32) -> Result<Val, (u32, Known)> {
        if let Some(param) = self.params.get(index as usize) {
            return Ok(*param);
        }
        let depth = self.base + index - bundle_index(self.params.len());
        Err((depth, self.locals[depth as usize]))
    }
}

/// Predicate calls that were lowered already. Without this, predicates that call each other twice would take
/// exponential time.
pub(super) type CallKey = (PredicateId, Vec<Val>, Vec<Known>, Option<ToolId>);

fn bundle_index(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 4 billion entries")
}

impl<'p> Lowerer<'p> {
    /// Lowers an expression for one tool.
    pub(super) fn value(&mut self, expr: &'p Expr, tool: ToolId) -> ExprId {
        self.expr(expr, &mut Site::new(tool)).id
    }

    pub(super) fn expr(&mut self, expr: &'p Expr, site: &mut Site) -> Val {
        let (out, known) = match &expr.kind {
            ExprKind::Error => unreachable!("`Checked` holds no erroneous expression"),
            ExprKind::Const(value) => return self.constant(value),
            ExprKind::Let(id) => return self.constant(&self.package.lets[id.index()].value),
            ExprKind::Live(id) => (Out::Live(id.0), Known::Perhaps),
            ExprKind::Local(index) => match site.local(*index) {
                Ok(param) => return param,
                Err((depth, known)) => (Out::Local(depth), known),
            },
            ExprKind::Arg(name) | ExprKind::PriorArg(name) => self.arg(site.tool, name),
            ExprKind::Fact(fact) => lower_fact(*fact),
            ExprKind::Attr(root, index) => self.attr(*root, *index),
            ExprKind::RecordField(record, index) => self.field(record, *index, site),
            ExprKind::Builtin(id, args) => {
                let (args, known) = self.exprs(args, site);
                let row = id.get().expect("the checker takes ids from the table");
                let name = self.interner.builtin(row.name);
                (Out::Builtin(name, args), if row.total { known } else { Known::Perhaps })
            }
            ExprKind::Like(text, glob) => return self.matching(text, true, glob, site),
            ExprKind::Matches(text, regex) => return self.matching(text, false, regex, site),
            ExprKind::And(parts) => {
                let (parts, known) = self.exprs(parts, site);
                (Out::And(parts), known)
            }
            ExprKind::Or(parts) => {
                let (parts, known) = self.exprs(parts, site);
                (Out::Or(parts), known)
            }
            ExprKind::Not(inner) => {
                let inner = self.expr(inner, site);
                (Out::Not(inner.id), strict(&[inner]))
            }
            ExprKind::Eq(..) | ExprKind::In(..) => return self.membership(expr, site),
            ExprKind::Compare(op, a, b) => {
                let (a, b) = (self.expr(a, site), self.expr(b, site));
                (Out::Compare(*op, a.id, b.id), strict(&[a, b]))
            }
            ExprKind::InWindow(time, window) => {
                let time = self.expr(time, site);
                (Out::InWindow(time.id, window.0), strict(&[time]))
            }
            ExprKind::HasLabel(label) => (Out::HasLabel(label.0), Known::Perhaps),
            ExprKind::AgentHasRole(role) => (Out::AgentHasRole(role.0), Known::Perhaps),
            ExprKind::UserHasRole(role) => (Out::UserHasRole(role.0), Known::Perhaps),
            ExprKind::TierAtLeast(tier) => (Out::TierAtLeast(tier.0), Known::Always),
            ExprKind::Concat(a, b) => {
                let (a, b) = (self.expr(a, site), self.expr(b, site));
                (Out::Concat(a.id, b.id), strict(&[a, b]))
            }
            ExprKind::Len(list) => {
                let list = self.expr(list, site);
                (Out::Len(list.id), strict(&[list]))
            }
            ExprKind::Quant(op, list, body) => {
                let list = self.expr(list, site);
                site.locals.push(strict(&[list]));
                let body = self.expr(body, site);
                site.locals.pop();
                (Out::Quant(*op, list.id, body.id), strict(&[list, body]))
            }
            ExprKind::List(items) => {
                let (items, known) = self.exprs(items, site);
                (Out::List(items), known)
            }
            ExprKind::Else(a, b) => {
                let (a, b) = (self.expr(a, site), self.expr(b, site));
                let known = match a.known {
                    Known::OrAbsent => b.known,
                    known => known,
                };
                (Out::Else(a.id, b.id), known)
            }
            ExprKind::Present(inner) => {
                let inner = self.expr(inner, site);
                let known = if inner.known == Known::Perhaps { Known::Perhaps } else { Known::Always };
                (Out::Present(inner.id), known)
            }
            ExprKind::JsonAt(json, pointer, ty) => {
                let json = self.expr(json, site);
                let pointer = self.interner.constant(&Value::Str(pointer.as_str().into()));
                (Out::JsonAt(json.id, pointer, ty.clone()), Known::Perhaps)
            }
            ExprKind::Origins(arg, fields) => (self.origins(site.tool, arg, fields), Known::Perhaps),
            ExprKind::Collect(kind) => (Out::Collect(*kind), Known::Perhaps),
            ExprKind::Predicate(id, args) => return self.predicate(*id, args, site),
            ExprKind::Extern(id, args) => (Out::Extern(id.0, self.exprs(args, site).0), Known::Perhaps),
            ExprKind::Prior { tool, keys, tests, within } => {
                let (query, keys) = self.prior(*tool, keys, tests, *within, site);
                (Out::Prior(query, keys, within.as_millis()), Known::Perhaps)
            }
        };
        Val { id: self.interner.expr(out), known }
    }

    fn constant(&mut self, value: &Value) -> Val {
        let id = self.interner.constant(value);
        Val { id: self.interner.expr(Out::Const(id)), known: Known::Always }
    }

    pub(super) fn exprs(&mut self, exprs: &'p [Expr], site: &mut Site) -> (Range, Known) {
        let vals: Vec<Val> = exprs.iter().map(|e| self.expr(e, site)).collect();
        let ids: Vec<ExprId> = vals.iter().map(|v| v.id).collect();
        (self.interner.operands(&ids), strict(&vals))
    }

    fn arg(&self, tool: ToolId, name: &str) -> (Out, Known) {
        let index = self.param(tool, name);
        let field = &self.package.tools[tool.index()].params[index as usize];
        (Out::Arg(index), field_known(field))
    }

    fn attr(&self, root: AttrRoot, index: u32) -> (Out, Known) {
        let known = match root {
            AttrRoot::Agent => field_known(&self.package.agent[index as usize].field),
            // A request may come without these roots altogether.
            AttrRoot::User | AttrRoot::Context => Known::Perhaps,
        };
        (Out::Attr(root, index), known)
    }

    fn field(&mut self, record: &'p Expr, index: u32, site: &mut Site) -> (Out, Known) {
        let optional = match &record.ty {
            Type::Record(id) => self.package.schema.records[id.0 as usize].fields[index as usize].optional,
            _ => true,
        };
        let record = self.expr(record, site);
        let known = match strict(&[record]) {
            Known::Always if optional => Known::OrAbsent,
            known => known,
        };
        (Out::RecordField(record.id, index), known)
    }

    /// `text like …` and `text matches …`, noting tests that one automaton can answer with others of the same text.
    fn matching(&mut self, text: &'p Expr, is_glob: bool, pattern: &str, site: &mut Site) -> Val {
        let subject = self.expr(text, site);
        let pattern = self.interner.pattern(is_glob, pattern);
        let id = self.interner.expr(Out::Match(subject.id, pattern));
        // A path is matched by two texts, which may disagree about one pattern and agree about another.
        if matches!(text.ty, Type::Str | Type::Url) {
            self.interner.set_pattern(id, subject.id, pattern);
        }
        Val { id, known: strict(&[subject]) }
    }

    /// `a == b` and `a in b`, noting tests that a switch on `a` can answer.
    fn membership(&mut self, expr: &'p Expr, site: &mut Site) -> Val {
        let (ExprKind::Eq(left, right) | ExprKind::In(left, right)) = &expr.kind else {
            unreachable!("called for these two only")
        };
        let (a, b) = (self.expr(left, site), self.expr(right, site));
        // Equality of paths and the like can be unknown even where both sides are known.
        let known = if hashable(&left.ty) { strict(&[a, b]) } else { Known::Perhaps };
        if let ExprKind::In(..) = expr.kind {
            let id = self.interner.expr(Out::In(a.id, b.id));
            self.note_slot(id, a, &left.ty, b);
            return Val { id, known };
        }
        // Equality is symmetric; with the constant on the right, `x == 1` and `1 == x` are one test.
        let swap = matches!(self.interner.tables.exprs[a.id.index()], Out::Const(_));
        let (a, b, ty) = if swap { (b, a, &right.ty) } else { (a, b, &left.ty) };
        let id = self.interner.expr(Out::Eq(a.id, b.id));
        self.note_slot(id, a, ty, b);
        Val { id, known }
    }

    fn note_slot(&mut self, test: ExprId, subject: Val, ty: &Type, constants: Val) {
        let Out::Const(id) = self.interner.tables.exprs[constants.id.index()] else { return };
        if matches!(self.interner.tables.exprs[subject.id.index()], Out::Const(_)) || self.may_be_interval(subject.id) {
            return;
        }
        let fits = match &self.interner.tables.consts[id.index()] {
            // Nothing is in an empty set, not even what is unknown: no question of the subject's value.
            Value::List(items) | Value::Set(items) => !items.is_empty() && items.iter().all(|v| is_of(v, ty)),
            value => is_of(value, ty),
        };
        if fits {
            self.interner.set_slot(test, subject.id, id);
        }
    }

    /// Whether a number may be known only between bounds, as the length of a partly known list is. Such a number may
    /// differ from one constant for certain and from another perhaps, which no branch of a switch stands for.
    fn may_be_interval(&self, id: ExprId) -> bool {
        let tables = &self.interner.tables;
        match &tables.exprs[id.index()] {
            Out::Len(_) | Out::Quant(QuantOp::Count, ..) => true,
            Out::Builtin(builtin, _) => claw_runtime::by_name(&tables.builtins[*builtin as usize])
                .and_then(|id| id.get())
                .is_none_or(|row| row.lenient),
            Out::Else(a, b) => self.may_be_interval(*a) || self.may_be_interval(*b),
            _ => false,
        }
    }

    fn predicate(&mut self, id: PredicateId, args: &'p [Expr], site: &mut Site) -> Val {
        let args: Vec<Val> = args.iter().map(|e| self.expr(e, site)).collect();
        let package = self.package;
        let body = &package.predicates[id.index()].body;
        let tool = (!self.reads(body).is_empty()).then_some(site.tool);
        let key = (id, args, site.locals.clone(), tool);
        if let Some(found) = self.calls.get(&key) {
            return *found;
        }
        let val = self.expr(body, &mut site.call(key.1.clone()));
        self.calls.insert(key, val);
        val
    }

    fn origins(&self, tool: ToolId, arg: &str, fields: &[String]) -> Out {
        let index = self.param(tool, arg);
        let mut ty = &self.package.tools[tool.index()].params[index as usize].ty;
        let mut path = Vec::with_capacity(fields.len());
        for name in fields {
            let Type::Record(record) = ty else { unreachable!("checked: only records have fields") };
            let record = &self.package.schema.records[record.0 as usize];
            let at = record.fields.iter().position(|f| f.name == *name).expect("checked: the field exists");
            path.push(bundle_index(at));
            ty = &record.fields[at].ty;
        }
        Out::Origins(index, path)
    }
}

/// What operators make of their operands: anything missing makes the result unknown.
fn strict(vals: &[Val]) -> Known {
    if vals.iter().all(|v| v.known == Known::Always) { Known::Always } else { Known::Perhaps }
}

pub(super) fn field_known(field: &claw_runtime::Field) -> Known {
    if field.optional && field.default.is_none() { Known::OrAbsent } else { Known::Always }
}

/// Types whose equality is equality of canonical values, and whose values are never converted.
fn hashable(ty: &Type) -> bool {
    use Type::*;
    matches!(ty, Bool | Int | Str | Duration | Time | Date | Email | Host | Ip | Enum(_) | Word(_))
}

/// Whether a constant is of just this hashable type.
fn is_of(value: &Value, ty: &Type) -> bool {
    matches!(
        (value, ty),
        (Value::Bool(_), Type::Bool)
            | (Value::Int(_), Type::Int)
            | (Value::Str(_), Type::Str | Type::Enum(_) | Type::Word(_))
            | (Value::Duration(_), Type::Duration)
            | (Value::Time(_), Type::Time)
            | (Value::Date(_), Type::Date)
            | (Value::Email(_), Type::Email)
            | (Value::Host(_), Type::Host)
            | (Value::Ip(_), Type::Ip)
    )
}

fn lower_fact(fact: Fact) -> (Out, Known) {
    let known = match fact {
        Fact::AgentId | Fact::ToolName | Fact::Env => Known::Always,
        Fact::AgentOwner | Fact::ToolServer => Known::OrAbsent,
        Fact::AgentChain | Fact::AgentDepth | Fact::UserId | Fact::SessionId | Fact::Now | Fact::Tenant => {
            Known::Perhaps
        }
    };
    (Out::Fact(fact), known)
}
