//! Near misses: the smallest changes to a request under which it would be decided otherwise.
//!
//! Every change that is listed was made and the request decided again by the runtime. Changes of what has few values
//! (the environment, roles, labels) are all tried. For the other parts the prover is asked, all else being as it is in
//! the request: its "no" is a proof that no value of that part will do.

use std::collections::BTreeMap;

use claw_runtime::bundle::{AttrRoot, Expr, ExprId, Fact, InstanceEffect, LimitKey};
use claw_runtime::{Decimal, Decision, Json, Outcome, Probe, Tri, Value};

use super::answers::Answers;
use super::case::Past;
use super::engine::Found as Answer;
use super::formula::{ChoiceId, F, Node, TestId};
use super::prover::ToolProver;
use super::side::Side;
use super::space::{BaseId, Place, SlotId, Space, TestKind, Unit, Why};
use super::theory::Req;

mod approve;
mod describe;
mod edits;
mod options;
mod text;
mod values;

pub(super) use describe::as_json;
pub use describe::{Change, How, Miss};
pub use edits::{Edit, Part, apply};

/// The prover is asked so many times at most about changes of several parts.
const QUESTIONS: usize = 400;
/// So many pairs of changes with few values are tried.
const PAIRS: usize = 2_000;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// What would make it stricter, instead of less strict.
    pub stricter: bool,
    /// How many changes to list.
    pub most: usize,
    /// How many parts to change at once.
    pub parts: usize,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { stricter: false, most: 8, parts: 3 }
    }
}

/// The near misses of a request.
#[derive(Clone, Debug, Default)]
pub struct Near {
    /// The nearest first.
    pub misses: Vec<Miss>,
    /// What is not for the request to say, and would make a difference: what the host supplies.
    pub beyond: Vec<String>,
    /// Parts of which it can't be told whether changing one alone would do, with the reason.
    pub untold: Vec<(String, Vec<&'static str>)>,
    /// The request was not understood, so that nothing was looked for.
    pub not_understood: bool,
}

impl Near {
    pub fn not_understood() -> Near {
        Near { not_understood: true, ..Near::default() }
    }

    /// Whether every change of one part that makes a difference is of a part that is listed.
    pub fn is_complete(&self) -> bool {
        !self.not_understood && self.untold.is_empty()
    }
}

/// Looks for changes to the request that change its decision.
pub fn near(side: &Side, past: &Past, request: &Json, decision: &Decision, wanted: Wanted) -> Near {
    let aims = aims(decision.outcome, wanted.stricter);
    if aims.is_empty() {
        return Near::default();
    }
    let Some(probe) = past.probe(side, request) else { return Near::not_understood() };
    let mut search = Search::new(side, past, request, decision, &probe, wanted);
    search.run(&aims, probe);
    search.finish()
}

/// Outcomes to arrive at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    AtMost(Outcome),
    AtLeast(Outcome),
}

impl Aim {
    fn is_met(self, decision: &Decision) -> bool {
        match self {
            Aim::AtMost(most) => decision.outcome <= most,
            Aim::AtLeast(least) => decision.outcome >= least,
        }
    }
}

/// The best first.
fn aims(now: Outcome, stricter: bool) -> Vec<Aim> {
    match (now, stricter) {
        (Outcome::Allow, false) | (Outcome::Deny, true) => Vec::new(),
        (Outcome::RequireApproval, false) => vec![Aim::AtMost(Outcome::Allow)],
        (Outcome::Deny, false) => vec![Aim::AtMost(Outcome::Allow), Aim::AtMost(Outcome::RequireApproval)],
        (Outcome::Allow, true) => vec![Aim::AtLeast(Outcome::RequireApproval)],
        (Outcome::RequireApproval, true) => vec![Aim::AtLeast(Outcome::Deny)],
    }
}

/// A request with some changes, and what its tests come to.
struct Variant<'a> {
    edits: Vec<Edit>,
    json: Json,
    decision: Decision,
    probe: Probe<'a>,
    /// By test.
    answers: Vec<Tri>,
}

/// Changes that were found.
struct Found {
    edits: Vec<Edit>,
    json: Json,
    decision: Decision,
    /// What had to be so that was not.
    flips: Vec<Req>,
}

struct Search<'a> {
    side: &'a Side,
    past: &'a Past,
    request: Json,
    decision: Decision,
    wanted: Wanted,
    prover: ToolProver<'a>,
    tests: Vec<ExprId>,
    /// The values of the request's parts.
    actual: Vec<Option<Value>>,
    found: Vec<Found>,
    untold: BTreeMap<BaseId, Vec<&'static str>>,
    questions: usize,
}

impl<'a> Search<'a> {
    fn new(
        side: &'a Side,
        past: &'a Past,
        request: &Json,
        decision: &Decision,
        probe: &Probe<'a>,
        wanted: Wanted,
    ) -> Search<'a> {
        let mut prover = ToolProver::new(side, probe.tool());
        let space = prover.space();
        space.probes[0].set_env(probe.env());
        let mut actual = Vec::with_capacity(space.bases.len());
        for at in 0..space.bases.len() {
            let place = space.bases[at].places[0];
            let value = place.and_then(|place| edits::value_of(probe, place));
            // Whatever is not looked at stays as it is. Of a user who is not there nothing is known.
            if !is_missing(probe, space.unit(BaseId(at))) {
                space.bases[at].plain.clone_from(&value);
                space.set(BaseId(at), value.clone());
            }
            actual.push(value);
        }
        let tests = space.tests.iter().filter_map(|test| test.exprs[0]).collect();
        Search {
            side,
            past,
            request: request.clone(),
            decision: decision.clone(),
            wanted,
            prover,
            tests,
            actual,
            found: Vec::new(),
            untold: BTreeMap::new(),
            questions: 0,
        }
    }

    fn space(&self) -> &Space<'a> {
        &self.prover.engine.space
    }

    fn run(&mut self, aims: &[Aim], probe: Probe<'a>) {
        let base = self.variant(Vec::new(), self.request.clone(), self.decision.clone(), probe);
        let options = options::options(self.space(), &base.probe, &self.request);
        let singles: Vec<Variant<'a>> = options.iter().filter_map(|edit| self.with(vec![edit.clone()])).collect();
        let bases = self.bases();
        for aim in aims {
            for single in &singles {
                self.note_if(*aim, single);
            }
            for of in &bases {
                self.solve(&base, &[*of], *aim);
            }
            // A pair that allows is told although one change would bring an approval.
            if self.wanted.parts >= 2 && !self.found.iter().any(|found| aim.is_met(&found.decision)) {
                self.pairs(*aim, &base, &singles, &bases);
            }
            if self.wanted.parts >= 3 && !self.found.iter().any(|found| aim.is_met(&found.decision)) {
                self.several(*aim, &base, &singles, &bases);
            }
        }
    }

    fn finish(mut self) -> Near {
        let mut near = Near { beyond: self.beyond(), ..Near::default() };
        if !self.wanted.stricter {
            near.misses.extend(approve::approved(self.side, self.past, &self.request, &self.decision));
        }
        near.misses.extend(describe::describe(&self));
        near.misses.truncate(self.wanted.most);
        let space = self.space();
        near.untold = self.untold.iter().map(|(base, why)| (space.bases[base.0].name.clone(), why.clone())).collect();
        near
    }

    fn variant(&self, edits: Vec<Edit>, json: Json, decision: Decision, probe: Probe<'a>) -> Variant<'a> {
        let answers = self.past.truths(&probe, &self.tests, edits.contains(&Edit::Earlier));
        Variant { edits, json, decision, probe, answers }
    }

    /// The request with these changes, if it is one then.
    fn with(&self, edits: Vec<Edit>) -> Option<Variant<'a>> {
        let json = apply(self.space(), &self.request, &edits);
        let probe = self.past.probe(self.side, &json)?;
        let decision = self.past.decide_supposing(self.side, &json, edits.contains(&Edit::Earlier));
        Some(self.variant(edits, json, decision, probe))
    }

    fn note_if(&mut self, aim: Aim, variant: &Variant<'a>) -> bool {
        let met = aim.is_met(&variant.decision);
        if met && !self.is_known(&variant.edits, &variant.decision) {
            let (edits, json, decision) = (variant.edits.clone(), variant.json.clone(), variant.decision.clone());
            self.found.push(Found { edits, json, decision, flips: Vec::new() });
        }
        met
    }

    /// Whether some of these changes are enough already.
    fn is_known(&self, edits: &[Edit], decision: &Decision) -> bool {
        self.found
            .iter()
            .any(|found| self.is_as_good(found, decision) && found.edits.iter().all(|edit| edits.contains(edit)))
    }

    fn is_as_good(&self, found: &Found, decision: &Decision) -> bool {
        if self.wanted.stricter {
            found.decision.outcome >= decision.outcome
        } else {
            found.decision.outcome <= decision.outcome
        }
    }

    /// Parts whose values tests read, or limits add up.
    fn bases(&self) -> Vec<BaseId> {
        let space = self.space();
        let mut bases: Vec<BaseId> = space.slots.iter().map(|slot| slot.base).collect();
        bases.extend(self.addends().into_iter().map(|(base, _)| base));
        bases.sort_unstable();
        bases.dedup();
        bases
    }

    /// What the limits of the tool add up, with the most that there may be of it.
    fn addends(&self) -> Vec<(BaseId, Decimal)> {
        let space = self.space();
        let tables = &self.side.lowered.tables;
        let mut out = Vec::new();
        for instance in self.side.lowered.instances(space.tool(0).index()) {
            if let InstanceEffect::Limit { limit, addend: Some(addend) } = &instance.effect
                && let Some((base, path)) = space.leaf(0, *addend)
                && path.is_empty()
            {
                out.push((base, tables.limits[limit.index()].max));
            }
        }
        out
    }

    fn pairs(&mut self, aim: Aim, base: &Variant<'a>, singles: &[Variant<'a>], bases: &[BaseId]) {
        let mut tried = 0;
        for (at, first) in singles.iter().enumerate() {
            for second in &singles[at + 1..] {
                if first.edits[0].part() == second.edits[0].part() && !matches!(first.edits[0], Edit::AgentRole { .. })
                {
                    continue;
                }
                tried += 1;
                if tried > PAIRS {
                    break;
                }
                if let Some(pair) = self.with([first.edits.clone(), second.edits.clone()].concat()) {
                    self.note_if(aim, &pair);
                }
            }
        }
        for single in singles {
            for of in bases {
                self.solve(single, &[*of], aim);
            }
        }
        for (at, first) in bases.iter().enumerate() {
            for second in &bases[at + 1..] {
                self.solve(base, &[*first, *second], aim);
            }
        }
    }

    /// All parts at once; what turns out not to be needed is left as it is.
    fn several(&mut self, aim: Aim, base: &Variant<'a>, singles: &[Variant<'a>], bases: &[BaseId]) {
        let before = self.found.len();
        self.solve(base, bases, aim);
        for single in singles {
            if self.found.len() > before {
                return;
            }
            self.solve(single, bases, aim);
        }
        for (at, first) in singles.iter().enumerate() {
            for second in &singles[at + 1..] {
                if self.found.len() > before {
                    return;
                }
                if let Some(pair) = self.with([first.edits.clone(), second.edits.clone()].concat()) {
                    self.solve(&pair, bases, aim);
                }
            }
        }
    }

    /// Looks for values of these parts, the rest being as in the variant.
    fn solve(&mut self, variant: &Variant<'a>, of: &[BaseId], aim: Aim) {
        let alone = variant.edits.is_empty() && of.len() == 1;
        if !alone {
            self.questions += 1;
            if self.questions > QUESTIONS {
                return;
            }
        }
        if self.try_plain(variant, of, aim) {
            return;
        }
        let free = self.free(variant, of);
        let goal = self.goal(variant, &free, aim);
        let (side, past) = (self.side, self.past);
        let mut best = None;
        let actual = &self.actual;
        let found = self.prover.engine.find_where(goal, &mut |space, call| {
            let edits = free.edits(space, call, actual);
            if edits.is_empty() {
                return Err("what is not in the request");
            }
            let all = [variant.edits.clone(), edits].concat();
            let json = apply(space, &variant_root(variant), &all);
            let decision = past.decide_supposing(side, &json, all.contains(&Edit::Earlier));
            if !aim.is_met(&decision) {
                return Err("a call that is decided otherwise when it is tried");
            }
            best = Some((Found { edits: all, json, decision, flips: Vec::new() }, call.because.clone()));
            Ok(())
        });
        match (found, best) {
            (_, Some((found, because))) => self.improve(variant, &free, found, &because, aim),
            (Answer::Maybe(why), None) if alone => {
                let known = self.untold.entry(of[0]).or_default();
                known.extend(why);
                known.sort_unstable();
                known.dedup();
            }
            _ => {}
        }
    }

    /// Values that no test names: what would fit into a limit, and what another part is.
    fn try_plain(&mut self, variant: &Variant<'a>, of: &[BaseId], aim: Aim) -> bool {
        let [base] = of else { return false };
        let mut tries: Vec<Value> = Vec::new();
        for (addend, most) in self.addends() {
            if addend == *base {
                // The most that fits, or the least that does not.
                let is_int = matches!(self.actual[base.0], Some(Value::Int(_)));
                let step = Decimal::new(1, if is_int { 0 } else { 2 }).filter(|_| matches!(aim, Aim::AtLeast(_)));
                let most = step.map_or(Some(most), |step| most.checked_add(step));
                tries.extend(
                    most.and_then(
                        |most| {
                            if is_int { most.to_i64().map(Value::Int) } else { Some(Value::Decimal(most)) }
                        },
                    ),
                );
            }
        }
        let space = self.space();
        for test in &space.tests {
            if let TestKind::Same(a, b) = test.kind {
                let (a, b) = (&space.slots[a.0], &space.slots[b.0]);
                let plain = a.path.is_empty() && b.path.is_empty();
                let other = if a.base == *base { Some(b.base) } else { (b.base == *base).then_some(a.base) };
                tries.extend(other.filter(|_| plain).and_then(|other| self.actual[other.0].clone()));
            }
        }
        for value in tries {
            let edit = Edit::Value { base: *base, value: Some(value) };
            let edits = [variant.edits.clone(), vec![edit]].concat();
            if let Some(tried) = self.with(edits)
                && self.note_if(aim, &tried)
            {
                return true;
            }
        }
        false
    }

    fn free(&self, variant: &Variant<'a>, of: &[BaseId]) -> Free {
        // Without a past, there was no call of any kind.
        let keeps_past = variant.edits.contains(&Edit::Earlier) || !self.past.is_given();
        Free { keeps_past, ..Free::new(self.space(), &variant.probe, of) }
    }

    /// The aim, where nothing but the free parts is open.
    fn goal(&mut self, variant: &Variant<'a>, free: &Free, aim: Aim) -> F {
        let outcomes = &self.prover.outcomes[0];
        let (allowed, denied) = (outcomes.allowed, outcomes.denied);
        let choices = self.choices(variant, free);
        let space = self.prover.space();
        space.probes[0].set_env(variant.probe.env());
        space.there = vec![Unit::User, Unit::Context, Unit::Session];
        space.there.retain(|unit| !is_missing(&variant.probe, *unit));
        let goal = match aim {
            Aim::AtMost(Outcome::Allow) => allowed,
            Aim::AtMost(_) => space.f.not(denied),
            Aim::AtLeast(Outcome::Deny) => denied,
            Aim::AtLeast(_) => space.f.not(allowed),
        };
        let env = variant.probe.env();
        let open: Vec<bool> = space.tests.iter().map(|test| free.is_read_by(space, &test.kind)).collect();
        space.f.given(goal, &|leaf| match leaf {
            Node::Env(envs) => Some(envs >> env & 1 == 1),
            Node::Choice(choice, value) => choices.get(choice).map(|known| known == value),
            Node::Test(test, answers) => {
                let at = test.0 as usize;
                (!open[at]).then(|| answers.has(variant.answers[at]))
            }
            _ => None,
        })
    }

    /// What is known of limits where the free parts have nothing to do with them.
    fn choices(&mut self, variant: &Variant<'a>, free: &Free) -> BTreeMap<ChoiceId, bool> {
        let tables = &self.side.lowered.tables;
        let addends = self.addends();
        let mut known = BTreeMap::new();
        let space = self.prover.space();
        for limit in &tables.tools[space.tool(0).index()].limits {
            let def = &tables.limits[limit.index()];
            let (exceeded, unavailable) = space.limit_choices(0, *limit);
            let key_is_free = free.bases.iter().any(|base| {
                let fact = match space.bases[base.0].places[0] {
                    Some(Place::Fact(fact)) => fact,
                    _ => return addends.iter().any(|(addend, _)| addend == base),
                };
                match fact {
                    Fact::Now => true,
                    Fact::AgentId => def.keys.contains(&LimitKey::Agent),
                    Fact::UserId => def.keys.contains(&LimitKey::User),
                    Fact::Tenant => def.keys.contains(&LimitKey::Tenant),
                    Fact::SessionId => true,
                    _ => false,
                }
            });
            if !free.units.is_empty() {
                continue;
            }
            if variant.probe.fact(Fact::SessionId).is_none() && !self.past.is_given() {
                known.insert(unavailable, true);
                continue;
            }
            if key_is_free {
                continue;
            }
            let clause = &tables.clauses[def.clause.index()].id;
            if variant.decision.applied.iter().any(|entry| *entry.clause == *clause.as_str()) {
                // Used up, or not to be checked: both forbid what the limit is about.
                known.insert(if def.beyond.is_empty() { unavailable } else { exceeded }, true);
            }
        }
        known
    }

    /// Takes back what is not needed, and moves the rest nearer to what the request says.
    fn improve(&mut self, variant: &Variant<'a>, free: &Free, mut found: Found, because: &[Req], aim: Aim) {
        let mut at = variant.edits.len();
        while at < found.edits.len() && found.edits.len() > 1 {
            let mut fewer = found.edits.clone();
            fewer.remove(at);
            match self.tried(fewer, aim) {
                Some(better) => found = better,
                None => at += 1,
            }
        }
        for at in 0..found.edits.len() {
            let Edit::Value { base, value } = found.edits[at].clone() else { continue };
            for nearer in self.nearer(free, base, value, because) {
                let mut edits = found.edits.clone();
                edits[at] = Edit::Value { base, value: nearer };
                if let Some(better) = self.tried(edits, aim) {
                    found = better;
                    break;
                }
            }
        }
        let space = self.space();
        let changed: Vec<BaseId> = found
            .edits
            .iter()
            .filter_map(|edit| match edit {
                Edit::Value { base, .. } => Some(*base),
                _ => None,
            })
            .collect();
        let kept = self.free(variant, &changed);
        found.flips = because
            .iter()
            .filter(|req| kept.is_read_by(space, &space.tests[req.test.0 as usize].kind))
            .filter(|req| !req.allowed.has(variant.answers[req.test.0 as usize]))
            .copied()
            .collect();
        found.flips = self.without_what_follows(found.flips);
        if !self.is_known(&found.edits, &found.decision) {
            self.found.push(found);
        }
    }

    /// Leaves out what has to be so if the rest is.
    fn without_what_follows(&mut self, mut flips: Vec<Req>) -> Vec<Req> {
        let mut at = 0;
        while at < flips.len() && flips.len() > 1 {
            let f = &mut self.prover.engine.space.f;
            let tests: Vec<F> = flips
                .iter()
                .enumerate()
                .map(|(i, req)| f.test(req.test, if i == at { !req.allowed } else { req.allowed }))
                .collect();
            let goal = f.all(tests);
            if self.prover.engine.find(goal).is_no() {
                flips.remove(at);
            } else {
                at += 1;
            }
        }
        flips
    }

    fn tried(&self, edits: Vec<Edit>, aim: Aim) -> Option<Found> {
        let json = apply(self.space(), &self.request, &edits);
        let decision = self.past.decide_supposing(self.side, &json, edits.contains(&Edit::Earlier));
        aim.is_met(&decision).then_some(Found { edits, json, decision, flips: Vec::new() })
    }

    /// Other values for which the tests answer as they have to, nearest to the request's first.
    fn nearer(&mut self, free: &Free, base: BaseId, value: Option<Value>, because: &[Req]) -> Vec<Option<Value>> {
        let mut slots: BTreeMap<SlotId, Vec<Req>> = BTreeMap::new();
        for req in because {
            if let TestKind::Slot(slot) = self.space().tests[req.test.0 as usize].kind
                && self.space().slots[slot.0].base == base
                && free.bases.contains(&base)
            {
                slots.entry(slot).or_default().push(*req);
            }
        }
        let actual = self.actual[base.0].clone();
        let ty = self.space().bases[base.0].ty.clone();
        let mut values = vec![value];
        if slots.len() == 1
            && let Some((slot, reqs)) = slots.pop_first()
        {
            for fill in self.prover.engine.fills(slot, &reqs) {
                values.push(self.space().filled(slot, actual.as_ref(), &fill));
            }
        }
        values::nearest(actual.as_ref(), values, &ty)
    }

    /// Tests of what no request says, if the decision would be another were they to come out otherwise.
    fn beyond(&mut self) -> Vec<String> {
        let Some(probe) = self.past.probe(self.side, &self.request) else { return Vec::new() };
        let base = self.variant(Vec::new(), self.request.clone(), self.decision.clone(), probe);
        let Some(aim) = aims(self.decision.outcome, self.wanted.stricter).pop() else { return Vec::new() };
        let free = Free::outside();
        let goal = self.goal(&base, &free, aim);
        let words = super::words::Words::new(&self.side.lowered, base.probe.tool().0);
        let space = self.prover.space();
        let mut out = Vec::new();
        for at in 0..space.tests.len() {
            let Some(expr) = space.tests[at].exprs[0] else { continue };
            if !free.is_read_by(space, &space.tests[at].kind) {
                continue;
            }
            // One alone, the others being as they are.
            for answer in [Tri::True, Tri::False] {
                let set = |test: TestId| if test.0 as usize == at { answer } else { base.answers[test.0 as usize] };
                let then = space.f.given(goal, &|leaf| match leaf {
                    Node::Test(test, answers) => Some(answers.has(set(*test))),
                    _ => None,
                });
                if answer != base.answers[at] && then != F::FALSE {
                    out.push(words.holds(expr, Answers::only(answer)));
                }
            }
        }
        out
    }
}

/// The request that all changes of a variant are made to. Changes are made once each, so a variant's own come first.
fn variant_root(variant: &Variant<'_>) -> Json {
    variant.json.clone()
}

/// Whether a whole part of the request is not there.
fn is_missing(probe: &Probe<'_>, unit: Unit) -> bool {
    match unit {
        Unit::User => !probe.has_root(AttrRoot::User),
        Unit::Context => !probe.has_root(AttrRoot::Context),
        Unit::Session => probe.fact(Fact::SessionId).is_none(),
        Unit::Base(_) => false,
    }
}

/// What may change.
struct Free {
    bases: Vec<BaseId>,
    /// What is not there at all, and comes with one of the bases.
    units: Vec<Unit>,
    /// Nothing of the request, but what the host supplies.
    outside: bool,
    /// Queries of history are answered the same, whatever they ask for.
    keeps_past: bool,
}

impl Free {
    fn new(space: &Space<'_>, probe: &Probe<'_>, bases: &[BaseId]) -> Free {
        let mut units: Vec<Unit> =
            bases.iter().map(|base| space.unit(*base)).filter(|unit| is_missing(probe, *unit)).collect();
        units.sort_unstable();
        units.dedup();
        Free { bases: bases.to_vec(), units, outside: false, keeps_past: true }
    }

    fn outside() -> Free {
        Free { bases: Vec::new(), units: Vec::new(), outside: true, keeps_past: true }
    }

    fn has_base(&self, space: &Space<'_>, base: BaseId) -> bool {
        self.bases.contains(&base) || self.units.contains(&space.unit(base))
    }

    fn has_slot(&self, space: &Space<'_>, slot: SlotId) -> bool {
        self.has_base(space, space.slots[slot.0].base)
    }

    fn is_read_by(&self, space: &Space<'_>, kind: &TestKind) -> bool {
        match kind {
            TestKind::Slot(slot) => self.has_slot(space, *slot),
            TestKind::Same(a, b) => self.has_slot(space, *a) || self.has_slot(space, *b),
            TestKind::AgentRole(_) => false,
            TestKind::UserRole(_) => self.units.contains(&Unit::User),
            TestKind::Label(_) => self.units.contains(&Unit::Session),
            TestKind::Free { why: Why::History, .. } if self.keeps_past => self.units.contains(&Unit::Session),
            TestKind::Free { slots, why } => {
                let outside = matches!(why, Why::Host | Why::Origins);
                slots.iter().any(|slot| self.has_slot(space, *slot)) || (self.outside && outside)
            }
        }
    }

    /// The changes that make the request the call that was found.
    fn edits(&self, space: &Space<'_>, call: &super::engine::Call, actual: &[Option<Value>]) -> Vec<Edit> {
        let situation = &call.situation;
        let mut edits = Vec::new();
        for unit in &self.units {
            match unit {
                Unit::User if situation.user.is_some() => {
                    edits.push(Edit::User);
                    let roles = situation.user.iter().flatten().cloned();
                    edits.extend(roles.map(|role| Edit::UserRole { role, held: true }));
                }
                Unit::Context if situation.context => edits.push(Edit::Context),
                Unit::Session if situation.session => {
                    edits.push(Edit::Session);
                    let labels = situation.labels.iter().cloned();
                    edits.extend(labels.map(|label| Edit::Label { label, carried: true }));
                }
                _ => {}
            }
        }
        for (base, value) in &situation.values {
            if self.has_base(space, *base) && actual[base.0] != *value {
                edits.push(Edit::Value { base: *base, value: value.clone() });
            }
        }
        edits
    }
}

/// Whether an expression is a quantifier over this slot, with its list and body.
fn quantifier(space: &Space<'_>, test: TestId) -> Option<(claw_runtime::bundle::QuantOp, ExprId, ExprId)> {
    let expr = space.tests[test.0 as usize].exprs[0]?;
    match space.sides[0].expr(expr) {
        Expr::Quant(op, list, body) => Some((*op, *list, *body)),
        _ => None,
    }
}
