//! Which unknown facts made a clause apply: without them nobody could make sense of a fail-closed denial.
//!
//! Walks a condition that holds and, where a test was unknown, down to the facts that are missing. Names them as
//! the policy does: `context.ticket`, `args.cc`, `session.labels`.

use std::collections::BTreeSet;

use crate::Tri;
use crate::Value;
use crate::bundle::{Cond, CondId, Expr, ExprId, QuantOp};
use crate::eval::{Ev, Eval, Local, Scope, Val};
use crate::judge::Judge;

mod names;

/// Elements of a list that are looked at.
const ELEMENTS: usize = 32;
/// Facts that are named.
const FACTS: usize = 32;

impl Judge<'_> {
    /// The facts, none if the condition holds without any unknown one; `None` if it does not hold.
    pub(crate) fn unknown_facts(&mut self, cond: CondId) -> Option<BTreeSet<String>> {
        let bundle = &self.eval.policy.bundle;
        match bundle.conds.get(cond.index())? {
            Cond::Ask(atom, ask) => {
                let answer = self.atom(*atom);
                if !ask.holds(answer) {
                    return None;
                }
                let mut facts = BTreeSet::new();
                if answer == Tri::Unknown
                    && let Some(atom) = bundle.atoms.get(atom.index())
                {
                    Blame { eval: &mut self.eval, facts: &mut facts, names: Vec::new() }.test(atom.expr, None);
                }
                Some(facts)
            }
            Cond::All(range) => {
                let mut all = BTreeSet::new();
                for operand in bundle.cond_range(*range) {
                    all.extend(self.unknown_facts(*operand)?);
                }
                Some(all)
            }
            Cond::Any(range) => {
                // One operand that holds for certain is reason enough.
                let mut any: Option<BTreeSet<String>> = None;
                for operand in bundle.cond_range(*range) {
                    if let Some(facts) = self.unknown_facts(*operand) {
                        if facts.is_empty() {
                            return Some(facts);
                        }
                        any.get_or_insert_default().extend(facts);
                    }
                }
                any
            }
            _ => self.holds(cond).then(BTreeSet::new),
        }
    }
}

struct Blame<'e, 'a> {
    eval: &'e mut Eval<'a>,
    facts: &'e mut BTreeSet<String>,
    /// What the variables of the quantifiers around stand for, the outermost first.
    names: Vec<String>,
}

impl<'a> Blame<'_, 'a> {
    fn put(&mut self, fact: String) {
        if self.facts.len() < FACTS {
            self.facts.insert(fact);
        }
    }

    /// An unknown test: down into those of its operands that are unknown.
    fn test(&mut self, id: ExprId, scope: Scope<'_, 'a>) {
        let Some(expr) = self.eval.expr(id) else { return };
        match expr {
            Expr::And(range) | Expr::Or(range) => {
                for operand in self.eval.operands(*range) {
                    if self.eval.truth(*operand, scope) == Tri::Unknown {
                        self.test(*operand, scope);
                    }
                }
            }
            Expr::Not(e) => self.test(*e, scope),
            Expr::Quant(_, list, body) => self.quantifier(*list, *body, scope),
            _ => self.value(id, scope),
        }
    }

    fn quantifier(&mut self, list: ExprId, body: ExprId, scope: Scope<'_, 'a>) {
        if self.eval.is_partial(list, scope) {
            self.value(list, scope);
        }
        let depth = scope.map_or(0, |local| local.depth.saturating_add(1));
        let name = format!("{}[]", self.name(list));
        for item in self.eval.first_elements(list, scope, ELEMENTS) {
            let local = Local { depth, value: item, outer: scope };
            if self.eval.truth(body, Some(&local)) == Tri::Unknown {
                self.names.push(name.clone());
                self.test(body, Some(&local));
                self.names.pop();
            }
        }
    }

    /// A value that is not fully known: its unknown operands, or else itself.
    fn value(&mut self, id: ExprId, scope: Scope<'_, 'a>) {
        let Some(expr) = self.eval.expr(id) else { return };
        match expr {
            Expr::Else(a, b) => {
                let absent = matches!(self.eval.eval(*a, scope), Ev::Absent);
                return self.value(if absent { *b } else { *a }, scope);
            }
            Expr::Quant(QuantOp::Count, list, body) => return self.quantifier(*list, *body, scope),
            Expr::And(_) | Expr::Or(_) | Expr::Not(_) | Expr::Quant(..) => return self.test(id, scope),
            _ => {}
        }
        let operands = operands(self.eval, expr);
        let unknown: Vec<ExprId> = operands.into_iter().filter(|operand| self.is_unknown(*operand, scope)).collect();
        if unknown.is_empty() {
            let name = self.name(id);
            self.put(name);
        }
        for operand in unknown {
            self.value(operand, scope);
        }
    }

    fn is_unknown(&mut self, id: ExprId, scope: Scope<'_, 'a>) -> bool {
        let value = self.eval.eval(id, scope);
        match self.eval.resolve(value, scope) {
            Ev::Known(Val::Ref(Value::Path(path))) => path.resolved().is_none(),
            Ev::Known(_) => false,
            _ => true,
        }
    }
}

/// The operands of an expression that is evaluated strictly. A quantifier's body has no value outside of it.
fn operands(eval: &Eval<'_>, expr: &Expr) -> Vec<ExprId> {
    if let Expr::Quant(_, list, _) = expr {
        return vec![*list];
    }
    let (own, range) = expr.operands();
    let listed = range.map_or(&[][..], |range| eval.operands(range));
    own.into_iter().flatten().chain(listed.iter().copied()).collect()
}
