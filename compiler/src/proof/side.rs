//! One policy as the prover sees it: its clauses over tests, and the compiled policy that decides.
//!
//! Quantifiers over lists that are put together (`args.to + (args.cc else [])`) are taken apart here, so that each
//! part is a question about one list.

use claw_runtime::bundle::{AttrRoot, Bundle, CompareOp, Expr, ExprId, Fact, LimitDef, QuantOp, ToolId};
use claw_runtime::{LoadError, Policy};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::checked::Checked;
use crate::emit::emit;
use crate::graph::{self, Budget};
use crate::hir::Package;
use crate::lower::{Extra, Lowered, lower, lower_with_extra, next, parts};
use crate::source::Sources;

/// A quantifier over several lists: it has an answer only where all of them are there.
#[derive(Clone, Debug)]
pub struct Split {
    /// Any, all or none.
    pub op: QuantOp,
    /// The quantifier over each part, with the test whether the part is there, if it may be absent.
    pub parts: Vec<(ExprId, Option<ExprId>)>,
}

/// Steps of the theory that are wrong, to see that tests notice, and that nothing wrong is ever shown.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first value that is looked at fits.
    AcceptsAny,
    /// One of the requirements is forgotten.
    Forgets,
    /// What can't be told is never so.
    RulesOut,
}

/// A policy to be analysed.
#[derive(Debug)]
pub struct Side {
    checked: Checked,
    pub sources: Sources,
    /// The clauses, with what was added by taking quantifiers apart.
    pub lowered: Lowered,
    /// What the invariants claim, and the conditions of the clauses.
    pub extra: Extra,
    /// What decides: compiled as `clawc build` does it, for a host that enforces every constraint.
    pub policy: Policy,
    /// The tables of `lowered`, to be asked what their expressions come to. Decides nothing.
    pub asked: Policy,
    /// Quantifiers and memberships that are asked in parts.
    pub splits: FxHashMap<ExprId, Split>,
    /// Comparisons that are asked in another form: by `<` and `<=`, with the constant on the right. The second says
    /// whether the answer is the opposite.
    pub comparisons: FxHashMap<ExprId, (ExprId, bool)>,
    /// What each limit's pot is called: pots of two policies with one name are used up together.
    pub limit_names: Vec<String>,
    /// A step that is wrong on purpose, for tests.
    #[doc(hidden)]
    pub fault: Option<Fault>,
    /// Whether there is a user: true, or unknown if there is none.
    pub user_there: ExprId,
    /// Limits that deny alike when they are used up and when they can't be checked, where nobody asks which it is.
    pub plain_limits: Vec<bool>,
    /// Tests that are never unknown.
    pub certain: FxHashSet<ExprId>,
}

impl Side {
    pub fn new(checked: &Checked, sources: &Sources) -> Result<Side, LoadError> {
        let plain = lower(checked);
        let graph = graph::build(&plain, Budget::default());
        let package = checked.package();
        let constraints = package.constraints.iter().map(|constraint| constraint.decl.name.as_str());
        let policy = Policy::from_bundle(emit(&graph, plain, sources))?.with_enforced_constraints(constraints);
        let (mut lowered, extra) = lower_with_extra(checked);
        let mut splitter = Splitter::new(&mut lowered.tables);
        let user = splitter.add(Expr::Fact(Fact::UserId));
        let user_there = splitter.add(Expr::Present(user));
        let (splits, comparisons) = splitter.run();
        let asked = Policy::from_bundle(lowered.tables.clone())?;
        let limit_names = limit_names(&lowered.tables);
        let plain_limits = vec![false; limit_names.len()];
        let asked_as = |expr: ExprId| comparisons.get(&expr).map_or(expr, |(asked, _)| *asked);
        let certain = lowered.tables.atoms.iter().filter(|atom| !atom.partial);
        let certain = certain.flat_map(|atom| [atom.expr, asked_as(atom.expr)]).collect();
        Ok(Side {
            checked: checked.clone(),
            sources: sources.clone(),
            lowered,
            extra,
            policy,
            asked,
            splits,
            comparisons,
            limit_names,
            fault: None,
            user_there,
            plain_limits,
            certain,
        })
    }

    pub fn package(&self) -> &Package {
        self.checked.package()
    }

    pub fn expr(&self, expr: ExprId) -> &Expr {
        &self.lowered.tables.exprs[expr.index()]
    }

    /// The direct operands of an expression.
    pub fn operands(&self, expr: ExprId) -> Vec<ExprId> {
        parts(self.expr(expr), &self.lowered.tables.operands)
    }

    /// The tool that is called so.
    pub fn tool(&self, name: &str) -> Option<ToolId> {
        let at = self.lowered.tables.tools.iter().position(|tool| tool.name == name)?;
        Some(ToolId(next(&self.lowered.tables.tools[..at])))
    }
}

/// By itself, a pot is known by everything that says when it is used up.
fn limit_names(tables: &Bundle) -> Vec<String> {
    let name = |limit: &LimitDef| {
        let beyond: Vec<&str> = limit.beyond.iter().map(|id| tables.approvals[id.index()].id.as_str()).collect();
        let clause = &tables.clauses[limit.clause.index()].id;
        format!("{clause}: {} per {} ms by {:?} {beyond:?}", limit.max, limit.window_ms, limit.keys)
    };
    tables.limits.iter().map(name).collect()
}

/// The comparison with its sides exchanged.
pub fn turned(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
    }
}

/// Adds the parts of quantifiers to the tables.
struct Splitter<'t> {
    tables: &'t mut Bundle,
    index: FxHashMap<Expr, ExprId>,
    splits: FxHashMap<ExprId, Split>,
    comparisons: FxHashMap<ExprId, (ExprId, bool)>,
}

impl<'t> Splitter<'t> {
    fn new(tables: &'t mut Bundle) -> Splitter<'t> {
        let index = (0..).map(ExprId).zip(&tables.exprs).map(|(id, expr)| (expr.clone(), id)).collect();
        Splitter { tables, index, splits: FxHashMap::default(), comparisons: FxHashMap::default() }
    }

    fn run(mut self) -> (FxHashMap<ExprId, Split>, FxHashMap<ExprId, (ExprId, bool)>) {
        for id in (0..next(&self.tables.exprs)).map(ExprId) {
            match self.tables.exprs[id.index()].clone() {
                Expr::Quant(op @ (QuantOp::Any | QuantOp::All | QuantOp::None), list, body) => {
                    if matches!(self.tables.exprs[list.index()], Expr::Concat(..)) {
                        self.split(id, op, list, body);
                    }
                }
                // Membership of a constant is a quantifier, and is asked like one.
                Expr::In(value, list) if self.is_list_of_request(list) => {
                    if let Expr::Const(_) = self.tables.exprs[value.index()] {
                        let depth = 0;
                        let local = self.add(Expr::Local(depth));
                        let body = self.add(Expr::Eq(local, value));
                        self.split(id, QuantOp::Any, list, body);
                    }
                }
                Expr::Compare(op, a, b) => self.compare(id, op, a, b),
                _ => {}
            }
        }
        (self.splits, self.comparisons)
    }

    /// `a > b` is the opposite of `a <= b`, and so on: a comparison that is written in two ways is one test.
    fn compare(&mut self, id: ExprId, op: CompareOp, a: ExprId, b: ExprId) {
        let is_constant = |e: ExprId| matches!(self.tables.exprs[e.index()], Expr::Const(_));
        let swap = is_constant(a) || (!is_constant(b) && a > b);
        let (op, a, b) = if swap { (turned(op), b, a) } else { (op, a, b) };
        let (op, opposite) = match op {
            CompareOp::Gt => (CompareOp::Le, true),
            CompareOp::Ge => (CompareOp::Lt, true),
            op => (op, false),
        };
        let form = self.add(Expr::Compare(op, a, b));
        if form != id {
            self.comparisons.insert(id, (form, opposite));
        }
    }

    /// Whether it is put together from lists of the request alone.
    fn is_list_of_request(&self, list: ExprId) -> bool {
        match &self.tables.exprs[list.index()] {
            Expr::Arg(_) | Expr::Attr(..) => true,
            Expr::RecordField(inner, _) => self.is_list_of_request(*inner),
            Expr::Concat(a, b) => self.is_list_of_request(*a) && self.is_list_of_request(*b),
            Expr::Else(a, b) => self.is_list_of_request(*a) && self.is_constant_list(*b),
            _ => false,
        }
    }

    fn is_constant_list(&self, list: ExprId) -> bool {
        match &self.tables.exprs[list.index()] {
            Expr::Const(_) => true,
            Expr::List(range) => range.len == 0,
            _ => false,
        }
    }

    fn split(&mut self, id: ExprId, op: QuantOp, list: ExprId, body: ExprId) {
        let mut lists = Vec::new();
        self.parts(list, &mut lists);
        let mut parts = Vec::with_capacity(lists.len());
        for list in lists {
            let quant = self.add(Expr::Quant(op, list, body));
            let guard = self.may_be_absent(list).then(|| self.add(Expr::Present(list)));
            parts.push((quant, guard));
        }
        self.splits.insert(id, Split { op, parts });
    }

    fn parts(&self, list: ExprId, out: &mut Vec<ExprId>) {
        match &self.tables.exprs[list.index()] {
            Expr::Concat(a, b) => {
                self.parts(*a, out);
                self.parts(*b, out);
            }
            _ => out.push(list),
        }
    }

    /// Whether a list of the request may be missing. Which arguments are optional is a matter of the tool; asking for
    /// the presence of one that is always there does no harm.
    fn may_be_absent(&self, list: ExprId) -> bool {
        match &self.tables.exprs[list.index()] {
            Expr::Const(_) | Expr::List(_) => false,
            Expr::Else(inner, _) => !matches!(self.tables.exprs[inner.index()], Expr::Arg(_)),
            Expr::Attr(AttrRoot::Agent | AttrRoot::User | AttrRoot::Context, _) => true,
            _ => true,
        }
    }

    fn add(&mut self, expr: Expr) -> ExprId {
        if let Some(found) = self.index.get(&expr) {
            return *found;
        }
        let id = ExprId(next(&self.tables.exprs));
        self.tables.exprs.push(expr.clone());
        self.index.insert(expr, id);
        id
    }
}
