//! Asks the evaluator: what tests come to for a value, and for a whole situation.

use claw_runtime::bundle::{AttrRoot, Expr, ExprId};
use claw_runtime::{Tri, Value, Window};
use jiff::tz::TimeZone;

use super::Situation;
use crate::proof::formula::TestId;
use crate::proof::samples;
use crate::proof::space::{BaseId, Fill, Place, SlotId, Space, TestKind, Why};

/// What tests of a slot compare it with.
#[derive(Debug, Default)]
pub(super) struct Seeds {
    pub constants: Vec<Value>,
    pub windows: Vec<(Window, TimeZone)>,
    pub texts: Vec<String>,
}

impl<'a> Space<'a> {
    /// What a test comes to where one slot has this value and everything else is plain.
    pub(super) fn answer(&mut self, test: TestId, slot: SlotId, fill: &Fill) -> Tri {
        let whole = self.with_slot(slot, fill);
        self.base_answer(test, self.slots[slot.0].base, whole)
    }

    /// Fills a slot of a situation.
    pub(in crate::proof) fn fill(&self, slot: SlotId, fill: &Fill, situation: &mut Situation) {
        let base = self.slots[slot.0].base;
        let old = match situation.values.get(&base) {
            Some(old) => old.clone(),
            None => self.bases[base.0].plain.clone(),
        };
        situation.values.insert(base, self.filled(slot, old.as_ref(), fill));
        situation.ensure(self.unit(base));
    }

    pub(super) fn base_answer(&mut self, test: TestId, base: BaseId, value: Option<Value>) -> Tri {
        let (side, expr) = self.source(test);
        if let Some(Place::Element) = self.bases[base.0].places[side] {
            let mut locals = self.outer_locals();
            let Some(value) = value else { return Tri::Unknown };
            locals.push(value);
            return self.probes[side].truth(expr, &locals);
        }
        self.set(base, value);
        let answer = self.probes[side].truth(expr, &[]);
        let plain = self.bases[base.0].plain.clone();
        self.set(base, plain);
        answer
    }

    pub(super) fn without_root(&mut self, test: TestId, root: AttrRoot) -> Tri {
        let (side, expr) = self.source(test);
        self.probes[side].set_root(root, false);
        if root == AttrRoot::User {
            self.probes[side].set_fact(claw_runtime::bundle::Fact::UserId, None);
        }
        let answer = self.probes[side].truth(expr, &[]);
        self.probes[side].set_root(root, true);
        for at in 0..self.bases.len() {
            if self.bases[at].places.iter().flatten().any(|place| super::super::space::root_of(*place) == Some(root)) {
                let plain = self.bases[at].plain.clone();
                self.set(BaseId(at), plain);
            }
        }
        answer
    }

    /// What a test comes to in a situation.
    pub(in crate::proof) fn whole_answer(&mut self, test: TestId, situation: &Situation) -> Tri {
        if let TestKind::Free { why: Why::History, .. } = self.tests[test.0 as usize].kind {
            // Nothing happened yet in a session that has just begun.
            return if situation.session { Tri::False } else { Tri::Unknown };
        }
        let (side, expr) = self.source(test);
        if let Some(Place::Element) = self.bases.first().and_then(|base| base.places[side]) {
            let value = situation.values.get(&BaseId(0)).cloned().unwrap_or_else(|| self.bases[0].plain.clone());
            return self.base_answer(test, BaseId(0), value);
        }
        for (base, value) in &situation.values {
            self.set(*base, value.clone());
        }
        let answer = self.probes[side].truth(expr, &[]);
        for base in situation.values.keys() {
            let plain = self.bases[base.0].plain.clone();
            self.set(*base, plain);
        }
        answer
    }

    /// A slot's plain value.
    pub(super) fn plain(&self, slot: SlotId) -> Option<Value> {
        let slot = &self.slots[slot.0];
        if slot.path.is_empty() {
            return self.bases[slot.base.0].plain.clone();
        }
        (!slot.absences.contains(&slot.path.len())).then(|| samples::plain(&slot.ty, self.schema(0)))
    }

    /// Whether it asks only for presence: its answer where the slot is there.
    pub(super) fn presence(&self, slot: SlotId, test: TestId) -> Option<Tri> {
        let (side, expr) = self.source(test);
        match self.sides[side].expr(expr) {
            Expr::Present(inner) if self.is_slot(side, *inner, slot) => Some(Tri::True),
            _ => None,
        }
    }

    /// The constants that tests of a slot name.
    pub(super) fn seeds(&self, slot: SlotId) -> Seeds {
        let mut seeds = Seeds::default();
        for test in &self.slots[slot.0].tests {
            for (side, expr) in self.tests[test.0 as usize].exprs.iter().enumerate() {
                if let Some(expr) = expr {
                    self.seeds_of(side, *expr, &mut seeds);
                }
            }
        }
        // Tests of several slots are decided by trying.
        for test in &self.tests {
            if slots_of(&test.kind).contains(&slot) {
                for (side, expr) in test.exprs.iter().enumerate() {
                    if let Some(expr) = expr {
                        self.seeds_of(side, *expr, &mut seeds);
                    }
                }
            }
        }
        seeds.constants.sort_unstable();
        seeds.constants.dedup();
        seeds.texts.sort_unstable();
        seeds.texts.dedup();
        seeds
    }

    fn seeds_of(&self, side: usize, expr: ExprId, out: &mut Seeds) {
        let policy = self.sides[side];
        let mut todo = vec![expr];
        while let Some(expr) = todo.pop() {
            let tables = &policy.lowered.tables;
            match policy.expr(expr) {
                Expr::Const(id) => flatten(&tables.consts[id.index()], out),
                Expr::Match(_, pattern) => {
                    let (_, text) = &policy.lowered.pattern_sources[*pattern as usize];
                    out.texts.extend(literals(text));
                }
                Expr::InWindow(_, window) => {
                    let def = &tables.windows[*window as usize];
                    let zone = &tables.zones[def.zone as usize];
                    if let Ok(zone) = TimeZone::tzif(&zone.name, &zone.tzif) {
                        out.windows.push((def.window.clone(), zone));
                    }
                }
                _ => {}
            }
            todo.extend(policy.operands(expr));
        }
    }
}

fn slots_of(kind: &TestKind) -> Vec<SlotId> {
    match kind {
        TestKind::Free { slots, .. } => slots.clone(),
        TestKind::Same(a, b) => vec![*a, *b],
        _ => Vec::new(),
    }
}

fn flatten(value: &Value, out: &mut Seeds) {
    match value {
        Value::List(items) | Value::Set(items) => items.iter().for_each(|item| flatten(item, out)),
        Value::Str(text) => {
            out.texts.push(text.to_string());
            out.constants.push(value.clone());
        }
        _ => out.constants.push(value.clone()),
    }
}

/// The literal parts of a pattern, about.
fn literals(pattern: &str) -> impl Iterator<Item = String> {
    let words = pattern.split(|c: char| !(c.is_alphanumeric() || "-_./:@ ".contains(c)));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>().into_iter()
}
