//! The bundle's arenas while they are being filled: equal entries are stored once.
//!
//! Hash tables serve only to find an entry again; what an entry's index is depends on the order of interning alone,
//! so the result is the same in every run.

use std::hash::Hash;

use claw_runtime::Value;
use claw_runtime::bundle::{
    Ask, Atom, AtomId, Bundle, Cond, CondId, ConstId, Expr, ExprId, PatternDef, PriorId, Range, Template, TemplateId,
    TemplatePart,
};
use rustc_hash::FxHashMap;

/// A set of history queries, interned; 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PriorSet(u32);

/// What is known of an expression besides its structure.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// How expensive it is to evaluate, from 0. Tests that cost little are asked first.
    pub rank: u8,
    /// Set for `x == const` and `x in const-set` where all values have the very type of `x`, so that `x` can
    /// select among them by hash.
    pub slot: Option<(ExprId, ConstId)>,
    /// Set for `x like …` and `x matches …` where one text is all there is to `x`: the subject and the pattern.
    pub pattern: Option<(ExprId, u32)>,
    priors: PriorSet,
}

#[derive(Debug, Default)]
pub(super) struct Interner {
    pub tables: Bundle,
    pub facts: Vec<Facts>,
    /// The source of each pattern in `tables.patterns`.
    pub pattern_texts: Vec<String>,
    /// Whether it is a glob, and its text.
    pub pattern_sources: Vec<(bool, String)>,
    cond_priors: Vec<PriorSet>,
    template_priors: Vec<PriorSet>,
    exprs: FxHashMap<Expr, ExprId>,
    operands: FxHashMap<Box<[ExprId]>, Range>,
    consts: FxHashMap<Value, ConstId>,
    patterns: FxHashMap<(bool, String), u32>,
    builtins: FxHashMap<String, u32>,
    atoms: FxHashMap<ExprId, AtomId>,
    conds: FxHashMap<Cond, CondId>,
    cond_operands: FxHashMap<Box<[CondId]>, Range>,
    templates: FxHashMap<Template, TemplateId>,
    prior_sets: Vec<Box<[PriorId]>>,
    prior_index: FxHashMap<Box<[PriorId]>, PriorSet>,
}

/// The index that the next entry of `table` gets.
pub(crate) fn next<T>(table: &[T]) -> u32 {
    u32::try_from(table.len()).expect("fewer than 4 billion entries")
}

/// Appends `items` to `table`, unless the same items are in it already.
fn range<T: Copy + Eq + Hash>(table: &mut Vec<T>, index: &mut FxHashMap<Box<[T]>, Range>, items: &[T]) -> Range {
    if items.is_empty() {
        return Range::default();
    }
    if let Some(found) = index.get(items) {
        return *found;
    }
    let range = Range { start: next(table), len: next(items) };
    table.extend_from_slice(items);
    index.insert(items.into(), range);
    range
}

impl Interner {
    pub fn new(tables: Bundle) -> Interner {
        let mut new = Interner { tables, ..Interner::default() };
        new.prior_set(Vec::new());
        new
    }

    pub fn constant(&mut self, value: &Value) -> ConstId {
        if let Some(found) = self.consts.get(value) {
            return *found;
        }
        let id = ConstId(next(&self.tables.consts));
        self.tables.consts.push(value.clone());
        self.consts.insert(value.clone(), id);
        id
    }

    /// A pattern by its text; it is compiled at its first use.
    pub fn pattern(&mut self, is_glob: bool, text: &str) -> u32 {
        let key = (is_glob, text.to_owned());
        if let Some(found) = self.patterns.get(&key) {
            return *found;
        }
        let regex = || crate::patterns::regex(text).map(PatternDef::Automaton);
        let built = if is_glob { crate::patterns::glob(text) } else { regex() };
        let id = next(&self.tables.patterns);
        self.tables.patterns.push(built.expect("checked where the pattern was typed"));
        self.pattern_sources.push(key.clone());
        self.pattern_texts.push(format!("{} {text:?}", if is_glob { "like" } else { "matches" }));
        self.patterns.insert(key, id);
        id
    }

    pub fn builtin(&mut self, name: &str) -> u32 {
        if let Some(found) = self.builtins.get(name) {
            return *found;
        }
        let id = next(&self.tables.builtins);
        self.tables.builtins.push(name.to_owned());
        self.builtins.insert(name.to_owned(), id);
        id
    }

    pub fn operands(&mut self, items: &[ExprId]) -> Range {
        range(&mut self.tables.operands, &mut self.operands, items)
    }

    pub fn expr(&mut self, expr: Expr) -> ExprId {
        if let Some(found) = self.exprs.get(&expr) {
            return *found;
        }
        let facts = self.facts_of(&expr);
        let id = ExprId(next(&self.tables.exprs));
        self.tables.exprs.push(expr.clone());
        self.exprs.insert(expr, id);
        self.facts.push(facts);
        id
    }

    /// Notes that `test` compares `subject` with constants of its own type.
    pub fn set_slot(&mut self, test: ExprId, subject: ExprId, constants: ConstId) {
        self.facts[test.index()].slot = Some((subject, constants));
    }

    /// Notes that `test` asks whether the text of `subject` matches a pattern.
    pub fn set_pattern(&mut self, test: ExprId, subject: ExprId, pattern: u32) {
        self.facts[test.index()].pattern = Some((subject, pattern));
    }

    fn facts_of(&mut self, expr: &Expr) -> Facts {
        let mut rank = own_rank(expr);
        let mut priors = PriorSet::default();
        for part in parts(expr, &self.tables.operands) {
            let part = self.facts[part.index()];
            rank = rank.max(part.rank);
            priors = self.union(priors, part.priors);
        }
        if let Expr::Prior(id, ..) = expr {
            let own = self.prior_set(vec![*id]);
            priors = self.union(priors, own);
        }
        Facts { rank, slot: None, pattern: None, priors }
    }

    /// The test of `expr`. `partial` accumulates: an atom that may be unknown for one tool may be unknown.
    pub fn atom(&mut self, expr: ExprId, partial: bool) -> AtomId {
        if let Some(found) = self.atoms.get(&expr) {
            self.tables.atoms[found.index()].partial |= partial;
            return *found;
        }
        let id = AtomId(next(&self.tables.atoms));
        self.tables.atoms.push(Atom { expr, partial });
        self.atoms.insert(expr, id);
        id
    }

    pub fn ask(&mut self, expr: ExprId, partial: bool, ask: Ask) -> CondId {
        let atom = self.atom(expr, partial);
        self.cond(Cond::Ask(atom, ask))
    }

    pub fn truth(&mut self, value: bool) -> CondId {
        self.cond(if value { Cond::True } else { Cond::False })
    }

    pub fn all(&mut self, conds: Vec<CondId>) -> CondId {
        self.join(conds, Cond::True, Cond::False, Cond::All)
    }

    pub fn any(&mut self, conds: Vec<CondId>) -> CondId {
        self.join(conds, Cond::False, Cond::True, Cond::Any)
    }

    fn join(&mut self, mut conds: Vec<CondId>, neutral: Cond, winner: Cond, make: fn(Range) -> Cond) -> CondId {
        conds.sort_unstable();
        conds.dedup();
        conds.retain(|c| self.tables.conds[c.index()] != neutral);
        if conds.iter().any(|c| self.tables.conds[c.index()] == winner) {
            return self.cond(winner);
        }
        match conds[..] {
            [] => self.cond(neutral),
            [only] => only,
            _ => {
                let range = range(&mut self.tables.cond_operands, &mut self.cond_operands, &conds);
                self.cond(make(range))
            }
        }
    }

    pub fn cond(&mut self, cond: Cond) -> CondId {
        if let Some(found) = self.conds.get(&cond) {
            return *found;
        }
        let id = CondId(next(&self.tables.conds));
        let priors = match &cond {
            Cond::Ask(atom, _) => self.facts[self.tables.atoms[atom.index()].expr.index()].priors,
            Cond::All(range) | Cond::Any(range) => {
                let start = range.start as usize;
                let parts = self.tables.cond_operands[start..start + range.len as usize].to_vec();
                let all: Vec<PriorSet> = parts.iter().map(|c| self.cond_priors[c.index()]).collect();
                all.into_iter().fold(PriorSet::default(), |a, b| self.union(a, b))
            }
            Cond::True | Cond::False | Cond::Envs(_) | Cond::TierAtLeast(_) => PriorSet::default(),
        };
        self.cond_priors.push(priors);
        self.tables.conds.push(cond.clone());
        self.conds.insert(cond, id);
        id
    }

    pub fn template(&mut self, template: Template) -> TemplateId {
        if let Some(found) = self.templates.get(&template) {
            return *found;
        }
        let id = TemplateId(next(&self.tables.templates));
        let mut priors = PriorSet::default();
        for part in &template.parts {
            if let TemplatePart::Value(expr) = part {
                priors = self.union(priors, self.facts[expr.index()].priors);
            }
        }
        self.template_priors.push(priors);
        self.tables.templates.push(template.clone());
        self.templates.insert(template, id);
        id
    }

    fn prior_set(&mut self, mut ids: Vec<PriorId>) -> PriorSet {
        ids.sort_unstable();
        ids.dedup();
        if let Some(found) = self.prior_index.get(&ids[..]) {
            return *found;
        }
        let set = PriorSet(next(&self.prior_sets));
        self.prior_sets.push(ids.clone().into());
        self.prior_index.insert(ids.into(), set);
        set
    }

    pub fn union(&mut self, a: PriorSet, b: PriorSet) -> PriorSet {
        if a == b || b == PriorSet::default() {
            return a;
        }
        if a == PriorSet::default() {
            return b;
        }
        let both = [&self.prior_sets[a.0 as usize][..], &self.prior_sets[b.0 as usize][..]].concat();
        self.prior_set(both)
    }

    pub fn expr_priors(&self, expr: ExprId) -> PriorSet {
        self.facts[expr.index()].priors
    }

    pub fn cond_priors(&self, cond: CondId) -> PriorSet {
        self.cond_priors[cond.index()]
    }

    pub fn template_priors(&self, template: TemplateId) -> PriorSet {
        self.template_priors[template.index()]
    }

    /// The members of a set, ascending.
    pub fn priors(&self, set: PriorSet) -> &[PriorId] {
        &self.prior_sets[set.0 as usize]
    }
}

/// The direct operands of an expression.
pub(crate) fn parts(expr: &Expr, operands: &[ExprId]) -> Vec<ExprId> {
    let (own, range) = expr.operands();
    let listed = range.map_or(&[][..], |r| &operands[r.start as usize..(r.start + r.len) as usize]);
    own.into_iter().flatten().chain(listed.iter().copied()).collect()
}

/// What an expression costs beyond its operands.
fn own_rank(expr: &Expr) -> u8 {
    match expr {
        Expr::Const(_)
        | Expr::Arg(_)
        | Expr::Fact(_)
        | Expr::Attr(..)
        | Expr::Live(_)
        | Expr::Local(_)
        | Expr::RecordField(..)
        | Expr::TierAtLeast(_)
        | Expr::Not(_)
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Else(..) => 0,
        Expr::AgentHasRole(_) | Expr::UserHasRole(_) | Expr::Present(_) => 1,
        Expr::Eq(..) | Expr::Compare(..) | Expr::Len(_) => 2,
        Expr::HasLabel(_) | Expr::In(..) | Expr::Concat(..) | Expr::List(_) | Expr::Origins(..) => 3,
        Expr::Builtin(..) | Expr::InWindow(..) => 4,
        Expr::Match(..) | Expr::JsonAt(..) => 5,
        Expr::Quant(..) | Expr::Collect(_) => 6,
        Expr::Prior(..) => 7,
        Expr::Extern(..) => 8,
    }
}
