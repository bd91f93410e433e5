//! The tests that calls of one tool are put to, by one policy or by two, and what each of them reads.
//!
//! A test that two policies write is one test here. Each test reads *slots* of the request (an argument, a field of
//! one, an attribute, a fact). Tests of one slot can be decided exactly; the others are known by their readings only,
//! and [`Why`] says what they are.

use claw_runtime::bundle::{AttrRoot, Cond, CondId, Expr, ExprId, Fact, QuantOp, ToolId};
use claw_runtime::{Field, Probe, Schema, Tri, Type, Value};
use rustc_hash::FxHashMap;

use super::answers::Answers;
use super::formula::{ChoiceId, F, Formulas, TestId};
use super::side::Side;

mod bases;
mod reads;

pub use bases::{Base, BaseId, Fill, Place, Slot, SlotId, Unit};
use reads::Reads;

/// Why a test can't be decided by looking at one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// What succeeded earlier in the session.
    History,
    /// A function or data of the host.
    Host,
    /// It compares several parts of the request in a way that is not followed.
    Several,
    /// All values of a kind in the arguments.
    Collected,
    /// The chain of delegation.
    Chain,
    /// The environment or the tier inside of another expression.
    Nested,
    /// Where values came from.
    Origins,
    /// A whole record where its fields are looked at, too.
    Whole,
}

impl Why {
    /// What it is, for people.
    pub fn text(self) -> &'static str {
        match self {
            Why::History => "what happened earlier in the session",
            Why::Host => "what the host supplies",
            Why::Several => "how several values relate",
            Why::Collected => "all values of one kind among the arguments",
            Why::Chain => "the chain of delegation",
            Why::Nested => "a condition inside of another expression",
            Why::Origins => "where values came from",
            Why::Whole => "a record as a whole",
        }
    }
}

/// What a test is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestKind {
    Slot(SlotId),
    /// Two slots are equal.
    Same(SlotId, SlotId),
    AgentRole(String),
    UserRole(String),
    Label(String),
    Free {
        slots: Vec<SlotId>,
        why: Why,
    },
}

#[derive(Clone, Debug)]
pub struct Test {
    /// By side.
    pub exprs: [Option<ExprId>; 2],
    pub kind: TestKind,
    /// For people.
    pub text: String,
    /// Whether it can be unknown.
    pub partial: bool,
}

/// Where a test stands.
#[derive(Clone, Debug)]
pub enum Context {
    /// A call of a tool; the policies' ids of it.
    Call(Vec<ToolId>),
    /// An element of a list, inside so many quantifiers less one.
    Element { tools: Vec<ToolId>, depth: u32, ty: Type },
}

impl Context {
    fn tools(&self) -> &[ToolId] {
        match self {
            Context::Call(tools) | Context::Element { tools, .. } => tools,
        }
    }

    /// How many quantifiers are around.
    fn depth(&self) -> u32 {
        match self {
            Context::Call(_) => 0,
            Context::Element { depth, .. } => *depth,
        }
    }
}

/// What is asked about one kind of call.
#[derive(Debug)]
pub struct Space<'a> {
    pub sides: Vec<&'a Side>,
    pub context: Context,
    /// The environments that all sides declare, by name. Calls of others are refused by some side and are no question
    /// here; formulas number environments as this list does.
    pub environments: Vec<String>,
    pub f: Formulas,
    pub tests: Vec<Test>,
    pub bases: Vec<Base>,
    pub slots: Vec<Slot>,
    /// What the choices are, for people.
    pub choices: Vec<String>,
    /// What may not be missing as a whole, since the question is about requests that have it.
    pub there: Vec<Unit>,
    pub(super) probes: Vec<Probe<'a>>,
    /// By side: formulas for "the tier is at least k".
    pub(super) tiers: [Vec<F>; 2],
    index: FxHashMap<String, TestId>,
    truths: FxHashMap<(usize, ExprId), (F, F)>,
    conds: FxHashMap<(usize, CondId), F>,
}

impl<'a> Space<'a> {
    pub fn new(sides: Vec<&'a Side>, context: Context) -> Space<'a> {
        let probes = sides.iter().zip(context.tools()).map(|(side, tool)| Probe::new(&side.asked, *tool)).collect();
        let environments = common_environments(&sides);
        let mut space = Space {
            sides,
            context,
            f: Formulas::new(environments.len()),
            environments,
            tests: Vec::new(),
            bases: Vec::new(),
            slots: Vec::new(),
            choices: Vec::new(),
            there: Vec::new(),
            probes,
            tiers: [Vec::new(), Vec::new()],
            index: FxHashMap::default(),
            truths: FxHashMap::default(),
            conds: FxHashMap::default(),
        };
        space.declare_bases();
        space
    }

    /// The policy's id of the tool.
    pub fn tool(&self, side: usize) -> ToolId {
        self.context.tools()[side]
    }

    pub fn schema(&self, side: usize) -> &'a Schema {
        &self.sides[side].lowered.tables.schema
    }

    /// A choice that no request makes; equal names are one choice.
    pub fn choice(&mut self, name: String) -> ChoiceId {
        let at = self.choices.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.choices.push(name);
            self.choices.len() - 1
        });
        ChoiceId(u32::try_from(at).expect("few choices"))
    }

    /// Where a condition of a policy holds.
    pub fn cond(&mut self, side: usize, cond: CondId) -> F {
        if let Some(found) = self.conds.get(&(side, cond)) {
            return *found;
        }
        let tables = &self.sides[side].lowered.tables;
        let f = match &tables.conds[cond.index()] {
            Cond::True => F::TRUE,
            Cond::False => F::FALSE,
            Cond::Ask(atom, ask) => self.is(side, tables.atoms[atom.index()].expr, Answers::of(*ask)),
            Cond::Envs(envs) => self.envs(side, *envs),
            Cond::TierAtLeast(tier) => self.tier_at_least(side, *tier),
            Cond::All(range) | Cond::Any(range) => {
                let all = matches!(tables.conds[cond.index()], Cond::All(_));
                let operands = &tables.cond_operands[range.start as usize..(range.start + range.len) as usize];
                let parts: Vec<F> = operands.iter().map(|part| self.cond(side, *part)).collect();
                if all { self.f.all(parts) } else { self.f.any(parts) }
            }
        };
        self.conds.insert((side, cond), f);
        f
    }

    /// Where the environment is one of these, by a side's numbers.
    pub(super) fn envs(&mut self, side: usize, bits: u64) -> F {
        let declared = &self.sides[side].lowered.tables.environments;
        let mut common = 0;
        for (at, name) in self.environments.iter().enumerate() {
            let own = declared.iter().position(|other| other == name);
            if own.is_some_and(|own| bits >> own & 1 == 1) {
                common |= 1 << at;
            }
        }
        self.f.env(common)
    }

    pub(super) fn tier_at_least(&mut self, side: usize, tier: u32) -> F {
        self.tiers[side].get(tier as usize).copied().unwrap_or(F::FALSE)
    }

    /// Where an expression comes to one of these answers.
    pub fn is(&mut self, side: usize, expr: ExprId, answers: Answers) -> F {
        let (yes, no) = self.truth(side, expr);
        let mut parts = Vec::new();
        for (answer, f) in [(Answers::TRUE, yes), (Answers::FALSE, no)] {
            if answers.covers(answer) {
                parts.push(f);
            }
        }
        if answers.covers(Answers::UNKNOWN) {
            // Easier to see as "none of the others".
            let others: Vec<F> = [(Answers::TRUE, yes), (Answers::FALSE, no)]
                .into_iter()
                .filter(|(answer, _)| !answers.covers(*answer))
                .map(|(_, f)| self.f.not(f))
                .collect();
            return self.f.all(others);
        }
        self.f.any(parts)
    }

    /// Where an expression is true, and where it is false.
    fn truth(&mut self, side: usize, expr: ExprId) -> (F, F) {
        if let Some(found) = self.truths.get(&(side, expr)) {
            return *found;
        }
        let new = self.new_truth(side, expr);
        self.truths.insert((side, expr), new);
        new
    }

    fn new_truth(&mut self, side: usize, expr: ExprId) -> (F, F) {
        let policy = self.sides[side];
        if let Some((form, opposite)) = policy.comparisons.get(&expr) {
            let (yes, no) = self.truth(side, *form);
            return if *opposite { (no, yes) } else { (yes, no) };
        }
        match policy.expr(expr) {
            Expr::And(_) | Expr::Or(_) => {
                let all = matches!(policy.expr(expr), Expr::And(_));
                let parts: Vec<(F, F)> = policy.operands(expr).into_iter().map(|e| self.truth(side, e)).collect();
                let (yes, no) = (parts.iter().map(|p| p.0), parts.iter().map(|p| p.1));
                if all { (self.f.all(yes), self.f.any(no)) } else { (self.f.any(yes), self.f.all(no)) }
            }
            Expr::Not(inner) => {
                let (yes, no) = self.truth(side, *inner);
                (no, yes)
            }
            Expr::TierAtLeast(tier) => {
                let yes = self.tier_at_least(side, *tier);
                (yes, self.f.not(yes))
            }
            Expr::In(..) if self.context.depth() > 0 => self.test_truth(side, expr),
            _ => self.split_or_test(side, expr),
        }
    }

    fn split_or_test(&mut self, side: usize, expr: ExprId) -> (F, F) {
        let Some(split) = self.sides[side].splits.get(&expr) else { return self.test_truth(side, expr) };
        let mut there = Vec::new();
        let mut parts = Vec::new();
        for (quant, guard) in &split.parts {
            there.extend(guard.map(|guard| self.truth(side, guard).0));
            parts.push(self.truth(side, *quant));
        }
        let (yes, no): (Vec<F>, Vec<F>) = parts.into_iter().unzip();
        // `any` is true if one part is, and false if all are; `all` and `none` the other way round.
        let (yes, no) = if split.op == QuantOp::Any {
            (self.f.any(yes), self.f.all(no))
        } else {
            (self.f.all(yes), self.f.any(no))
        };
        let there = self.f.all(there);
        (self.f.and(there, yes), self.f.and(there, no))
    }

    fn test_truth(&mut self, side: usize, expr: ExprId) -> (F, F) {
        match self.test(side, expr) {
            Ok(test) => (self.f.test(test, Answers::TRUE), self.f.test(test, Answers::FALSE)),
            Err(constant) => (Formulas::truth(constant.is_true()), Formulas::truth(constant.is_false())),
        }
    }

    /// The test that an expression is, or what it always comes to.
    fn test(&mut self, side: usize, expr: ExprId) -> Result<TestId, Tri> {
        let key = self.key(side, expr);
        if let Some(found) = self.index.get(&key) {
            let partial = !self.sides[side].certain.contains(&expr);
            let test = &mut self.tests[found.0 as usize];
            test.exprs[side] = Some(expr);
            // What one policy demands may be missing for the other.
            test.partial |= partial;
            return Ok(*found);
        }
        let reads = self.reads(side, expr);
        if reads.is_nothing() {
            return Err(self.probes[side].truth(expr, &self.outer_locals()));
        }
        let id = TestId(u32::try_from(self.tests.len()).expect("fewer than 4 billion tests"));
        let kind = self.kind(side, expr, &reads);
        if let TestKind::Slot(slot) = kind {
            self.slots[slot.0].tests.push(id);
        }
        let text = super::words::expr(self.sides[side], self.tool(side), expr);
        let mut exprs = [None, None];
        exprs[side] = Some(expr);
        let partial = !self.sides[side].certain.contains(&expr);
        self.tests.push(Test { exprs, kind, text, partial });
        self.index.insert(key, id);
        Ok(id)
    }

    /// Equal keys mean the same in all policies.
    pub(super) fn key(&self, side: usize, expr: ExprId) -> String {
        let policy = self.sides[side];
        let mut key = policy.lowered.texts().canonical(self.tool(side).0, expr);
        // What a text names without saying what it is.
        let mut todo = vec![expr];
        while let Some(expr) = todo.pop() {
            let tables = &policy.lowered.tables;
            match policy.expr(expr) {
                Expr::InWindow(_, window) => {
                    let def = &tables.windows[*window as usize];
                    let zone = &tables.zones[def.zone as usize].name;
                    key.push_str(&format!(" {:?} {zone}", def.window));
                }
                Expr::Prior(id, ..) => key.push_str(&format!(" {}", tables.priors[id.index()].key)),
                Expr::AgentHasRole(role) | Expr::UserHasRole(role) => {
                    let mut names: Vec<&str> = tables
                        .roles
                        .iter()
                        .filter(|other| other.closure.contains(role))
                        .map(|other| other.name.as_str())
                        .collect();
                    names.sort_unstable();
                    key.push_str(&format!(" {names:?}"));
                }
                // Inside of another expression; each policy classifies by itself.
                Expr::TierAtLeast(_) => key.push_str(&format!(" of side {side}")),
                Expr::RecordField(..) => key.push_str(&self.field_name(side, expr)),
                _ => {}
            }
            todo.extend(policy.operands(expr));
        }
        key
    }

    /// The name of the field that is read, where its record can be told.
    fn field_name(&self, side: usize, expr: ExprId) -> String {
        match self.leaf(side, expr) {
            Some((base, path)) => format!(" {}", self.slot_name(base, &path)),
            None => String::new(),
        }
    }

    fn kind(&mut self, side: usize, expr: ExprId, reads: &Reads) -> TestKind {
        let tables = &self.sides[side].lowered.tables;
        match self.sides[side].expr(expr) {
            Expr::AgentHasRole(role) => return TestKind::AgentRole(tables.roles[*role as usize].name.clone()),
            Expr::UserHasRole(role) => return TestKind::UserRole(tables.roles[*role as usize].name.clone()),
            Expr::HasLabel(label) => return TestKind::Label(tables.labels[*label as usize].clone()),
            _ => {}
        }
        let slots: Vec<SlotId> = reads.leaves.iter().map(|(base, path)| self.slot(*base, path)).collect();
        if let Some(why) = reads.why {
            return TestKind::Free { slots, why };
        }
        match slots[..] {
            [only] if !self.is_whole(only) => TestKind::Slot(only),
            [a, b] => match self.sides[side].expr(expr) {
                Expr::Eq(left, right)
                    if self.leaf(side, *left).is_some()
                        && self.leaf(side, *right).is_some()
                        && self.slots[a.0].ty == self.slots[b.0].ty
                        && self.slots[a.0].base != self.slots[b.0].base =>
                {
                    TestKind::Same(a, b)
                }
                _ => TestKind::Free { slots, why: Why::Several },
            },
            [_] => TestKind::Free { slots, why: Why::Whole },
            _ => TestKind::Free { slots, why: Why::Several },
        }
    }

    /// Values for the variables of the quantifiers around this space; no test reads them.
    pub(super) fn outer_locals(&self) -> Vec<Value> {
        vec![Value::Bool(false); self.context.depth().saturating_sub(1) as usize]
    }

    /// The fields of a record type, in the types of the first side.
    pub(super) fn record(&self, ty: &Type) -> Option<&'a [Field]> {
        match ty {
            Type::Record(id) => self.schema(0).record(*id).map(|record| record.fields.as_slice()),
            _ => None,
        }
    }
}

/// The environments of the first side that the others declare, too.
fn common_environments(sides: &[&Side]) -> Vec<String> {
    let declares = |side: &&Side, name: &String| side.lowered.tables.environments.contains(name);
    let own = &sides[0].lowered.tables.environments;
    own.iter().filter(|name| sides.iter().all(|side| declares(side, name))).cloned().collect()
}

/// A root of the request that may be missing as a whole.
pub fn root_of(place: Place) -> Option<AttrRoot> {
    match place {
        Place::Attr(AttrRoot::User, _) | Place::Fact(Fact::UserId) => Some(AttrRoot::User),
        Place::Attr(AttrRoot::Context, _) => Some(AttrRoot::Context),
        _ => None,
    }
}

/// Whether an expression is a part of the request, or a field of one.
pub fn is_part(side: &Side, expr: ExprId) -> bool {
    match side.expr(expr) {
        Expr::Arg(_) | Expr::Attr(..) | Expr::Fact(_) | Expr::Live(_) | Expr::Origins(..) | Expr::Collect(_) => true,
        Expr::RecordField(inner, _) => is_part(side, *inner),
        _ => false,
    }
}
