//! Lists: quantifiers say what all elements are like, and which elements there are.

use claw_runtime::bundle::{Expr, ExprId, QuantOp};
use claw_runtime::{Tri, Type, Value};

use super::{Fail, Req, Theory};
use crate::proof::answers::Answers;
use crate::proof::engine::{Engine, Found};
use crate::proof::space::{BaseId, Context, Fill, SlotId, Space};

/// The longest list that is made up to please tests of its length.
const LONGEST: usize = 40;

/// The questions about elements of one list.
#[derive(Debug)]
pub struct Elements<'a> {
    engine: Engine<'a>,
}

/// A quantifier over the slot.
struct Quantifier {
    op: QuantOp,
    side: usize,
    body: ExprId,
    allowed: Answers,
}

/// What elements must be like.
#[derive(Clone, Copy)]
struct Like {
    side: usize,
    body: ExprId,
    allowed: Answers,
}

/// One way to meet all quantifiers: what every element is like, and which elements there must be.
#[derive(Clone, Default)]
struct Plan {
    every: Vec<Like>,
    some: Vec<Like>,
}

impl<'a> Theory<'a> {
    /// A list for which the tests answer so.
    pub(super) fn list(&mut self, space: &Space<'a>, slot: SlotId, reqs: &[Req]) -> Result<Value, Fail> {
        let (mut quantifiers, mut others) = (Vec::new(), false);
        for req in reqs {
            if let Some(answer) = space.presence(slot, req.test) {
                if !req.allowed.has(answer) {
                    return Err(Fail::Never);
                }
                continue;
            }
            match quantifier(space, slot, *req) {
                Some(quantifier) => quantifiers.push(quantifier),
                None => others = true,
            }
        }
        let mut elements = match self.elements.remove(&slot) {
            Some(elements) => elements,
            None => Box::new(Elements::new(space, slot)),
        };
        let (plans, all) = plans(&quantifiers);
        let mut outcome = Err(if all { Fail::Never } else { Fail::Stuck("many ways to make up a list") });
        for plan in plans {
            match elements.build(space, slot, &plan, reqs, others) {
                Ok(list) => {
                    outcome = Ok(list);
                    break;
                }
                Err(Fail::Never) => {}
                Err(stuck) => outcome = Err(stuck),
            }
        }
        self.elements.insert(slot, elements);
        outcome
    }
}

fn quantifier(space: &Space<'_>, slot: SlotId, req: Req) -> Option<Quantifier> {
    let (side, expr) = space.source(req.test);
    let Expr::Quant(op, list, body) = space.sides[side].expr(expr) else { return None };
    let known = *op != QuantOp::Count && space.is_slot(side, *list, slot);
    known.then_some(Quantifier { op: *op, side, body: *body, allowed: req.allowed })
}

/// Ways to meet the quantifiers, and whether these are all.
fn plans(quantifiers: &[Quantifier]) -> (Vec<Plan>, bool) {
    const MOST: usize = 64;
    let (mut plans, mut all) = (vec![Plan::default()], true);
    for q in quantifiers {
        // `none` is the opposite of `any`; `all x` is the opposite of `any not x`.
        let (wanted, like) = match q.op {
            QuantOp::Any => (q.allowed, Answers::TRUE),
            QuantOp::None => (q.allowed.negated(), Answers::TRUE),
            _ => (q.allowed.negated(), Answers::FALSE),
        };
        let never = like.negated();
        let of = |allowed| Like { side: q.side, body: q.body, allowed };
        let every = |allowed| Plan { every: vec![of(allowed)], some: Vec::new() };
        let some = |allowed| Plan { every: Vec::new(), some: vec![of(allowed)] };
        let has = |answer| wanted.has(answer);
        let ways = match (has(Tri::True), has(Tri::False), has(Tri::Unknown)) {
            (true, true, true) => continue,
            (true, false, true) => vec![some(like | Answers::UNKNOWN)],
            (true, false, false) => vec![some(like)],
            (true, true, false) => vec![every(never), some(like)],
            (false, true, true) => vec![every(!like)],
            (false, true, false) => vec![every(never)],
            (false, false, true) => vec![Plan { every: vec![of(!like)], some: vec![of(Answers::UNKNOWN)] }],
            (false, false, false) => return (Vec::new(), true),
        };
        let mut joined = Vec::new();
        for plan in &plans {
            for way in &ways {
                let mut plan = plan.clone();
                plan.every.extend(&way.every);
                plan.some.extend(&way.some);
                joined.push(plan);
            }
        }
        all &= joined.len() <= MOST;
        joined.truncate(MOST);
        plans = joined;
    }
    (plans, all)
}

impl<'a> Elements<'a> {
    fn new(space: &Space<'a>, slot: SlotId) -> Elements<'a> {
        let ty = match &space.slots[slot.0].ty {
            Type::List(element) | Type::Set(element) => (**element).clone(),
            other => other.clone(),
        };
        let (tools, depth) = match &space.context {
            Context::Call(tools) => (tools.clone(), 1),
            Context::Element { tools, depth, .. } => (tools.clone(), depth + 1),
        };
        let context = Context::Element { tools, depth, ty };
        Elements { engine: Engine::new(Space::new(space.sides.clone(), context)) }
    }

    /// A list with the elements that a plan demands.
    fn build(
        &mut self,
        space: &Space<'a>,
        slot: SlotId,
        plan: &Plan,
        reqs: &[Req],
        others: bool,
    ) -> Result<Value, Fail> {
        let mut items: Vec<Value> = Vec::new();
        for some in &plan.some {
            items.push(self.element(&plan.every, Some(some))?);
        }
        items.sort_unstable();
        items.dedup();
        let set = matches!(space.slots[slot.0].ty, Type::Set(_));
        let make = |items: &[Value]| if set { Value::set(items.to_vec()) } else { Value::list(items.to_vec()) };
        if !others {
            return Ok(make(&items));
        }
        // Tests of the length and the like: longer lists are tried.
        let mut probe = ProbeList::new(space, slot, reqs);
        for _ in 0..LONGEST {
            let list = make(&items);
            if probe.fits(&list) {
                return Ok(list);
            }
            match self.element(&plan.every, None) {
                Ok(more) if !set => items.push(more),
                _ => break,
            }
        }
        Err(Fail::Stuck("how long a list is, or how many of its elements are like something"))
    }

    /// An element that is like everything demanded of every element, and like this.
    fn element(&mut self, every: &[Like], some: Option<&Like>) -> Result<Value, Fail> {
        let space = &mut self.engine.space;
        let parts: Vec<_> = every.iter().chain(some).map(|like| space.is(like.side, like.body, like.allowed)).collect();
        let goal = space.f.all(parts);
        match self.engine.find(goal) {
            Found::No => Err(Fail::Never),
            Found::Yes(call) => {
                let value = call.situation.values.get(&BaseId(0)).cloned();
                let value = value.unwrap_or_else(|| self.engine.space.bases[0].plain.clone());
                value.ok_or(Fail::Stuck("an element that is missing"))
            }
            Found::Maybe(_) => Err(Fail::Stuck("elements of a list")),
        }
    }
}

/// Asks the tests about a made-up list.
struct ProbeList<'s, 'a> {
    space: &'s Space<'a>,
    /// A space of its own, in which lists are set; `slot` is the list's there.
    scratch: Space<'a>,
    slot: SlotId,
    reqs: &'s [Req],
}

impl<'s, 'a> ProbeList<'s, 'a> {
    fn new(space: &'s Space<'a>, slot: SlotId, reqs: &'s [Req]) -> ProbeList<'s, 'a> {
        let mut scratch = Space::new(space.sides.clone(), space.context.clone());
        let slot = &space.slots[slot.0];
        let slot = scratch.slot(slot.base, &slot.path);
        ProbeList { space, scratch, slot, reqs }
    }

    fn fits(&mut self, list: &Value) -> bool {
        let scratch = &mut self.scratch;
        let base = scratch.slots[self.slot.0].base;
        let whole = scratch.with_slot(self.slot, &Fill::Value(list.clone()));
        self.reqs.iter().all(|req| {
            let (side, expr) = self.space.source(req.test);
            let answer = if let Context::Element { .. } = self.space.context {
                let mut locals = scratch.outer_locals();
                locals.extend(whole.clone());
                scratch.probes[side].truth(expr, &locals)
            } else {
                scratch.set(base, whole.clone());
                scratch.probes[side].truth(expr, &[])
            };
            req.allowed.has(answer) || (answer == Tri::Unknown && req.allowed == Answers::ALL)
        })
    }
}
