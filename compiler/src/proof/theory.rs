//! Whether tests can answer so together, and with which values.
//!
//! Parts of a request that no test relates to each other are looked at one by one: first concrete values are tried,
//! asking the evaluator what the tests come to; if none fits, an exact procedure for the type (intervals, automata,
//! elements of lists) finds one or shows that there is none. What neither can tell is [`Check::Stuck`], never a conflict.

use std::collections::BTreeMap;

use claw_runtime::bundle::AttrRoot;
use claw_runtime::{Tri, Type, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::answers::Answers;
use super::formula::TestId;
use super::samples::{self, Hints};
use super::side::Fault;
use super::space::{BaseId, Fill, SlotId, Space, TestKind, Unit};

mod lists;
mod repair;
mod roles;
mod shape;
mod tried;

pub use lists::Elements;
use tried::Tried;

/// What a test has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Req {
    pub test: TestId,
    pub allowed: Answers,
}

/// A request as far as tests constrain it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Situation {
    /// `None` is absent. What is not in it can be anything.
    pub values: BTreeMap<BaseId, Option<Value>>,
    /// Roles that the calling agent is given, and those of the agent that called it, if there has to be one.
    pub agent_roles: Vec<String>,
    pub chain_roles: Option<Vec<String>>,
    /// `None`: there is no user.
    pub user: Option<Vec<String>>,
    /// Whether the request has a context and a session.
    pub context: bool,
    pub session: bool,
    pub labels: Vec<String>,
    /// What has to be missing.
    pub missing: Vec<Unit>,
    /// Queries of history that have to be true.
    pub past: Vec<TestId>,
}

impl Situation {
    /// Makes sure that a part of the request is there.
    pub(super) fn ensure(&mut self, unit: Unit) {
        match unit {
            Unit::User => _ = self.user.get_or_insert_default(),
            Unit::Context => self.context = true,
            Unit::Session => self.session = true,
            Unit::Base(_) => {}
        }
    }

    /// Whether it is so because a part of the request is missing.
    pub fn is_missing(&self, unit: Unit) -> bool {
        self.missing.contains(&unit)
    }
}

/// The answer of the theory.
#[derive(Clone, Debug)]
pub enum Check {
    Fits(Box<Situation>),
    /// Each of these can't hold together.
    Conflicts(Vec<Vec<Req>>),
    /// Whether these hold together can't be told.
    Stuck(Vec<Req>, &'static str),
}

/// Why no value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fail {
    Never,
    Stuck(&'static str),
}

/// What was found out about the slots of a space.
#[derive(Debug, Default)]
pub struct Theory<'a> {
    slots: FxHashMap<SlotId, Tried>,
    elements: FxHashMap<SlotId, Box<Elements<'a>>>,
    machines: super::text::Machines,
}

impl<'a> Theory<'a> {
    /// Can these tests answer so together?
    pub fn check(&mut self, space: &mut Space<'a>, reqs: &[Req]) -> Check {
        let fault = space.sides[0].fault;
        let reqs = match (fault, reqs) {
            (Some(Fault::Forgets), [_, rest @ ..]) => rest,
            _ => reqs,
        };
        let mut situation = Situation { context: false, session: false, ..Situation::default() };
        let (mut conflicts, mut stuck) = (Vec::new(), None);
        let mut units: BTreeMap<Unit, Vec<Req>> = BTreeMap::new();
        let mut agent = Vec::new();
        let mut same = Vec::new();
        for req in reqs {
            match &space.tests[req.test.0 as usize].kind {
                TestKind::AgentRole(_) => agent.push(*req),
                TestKind::UserRole(_) => units.entry(Unit::User).or_default().push(*req),
                TestKind::Label(_) => units.entry(Unit::Session).or_default().push(*req),
                TestKind::Slot(slot) => units.entry(space.unit(space.slots[slot.0].base)).or_default().push(*req),
                TestKind::Same(a, b) => same.push((*a, *b, *req)),
                TestKind::Free { .. } => {}
            }
        }
        let mut note = |core: &[Req], fail: Fail| match fail {
            Fail::Never => conflicts.push(core.to_vec()),
            Fail::Stuck(why) => stuck = Some((core.to_vec(), why)),
        };
        if let Err((core, fail)) = roles::agent(space, &agent, &mut situation) {
            note(&core, fail);
        }
        for (unit, reqs) in &units {
            if let Err((core, fail)) = self.unit(space, *unit, reqs, &mut situation) {
                note(&core, fail);
            }
        }
        if !conflicts.is_empty() {
            return Check::Conflicts(conflicts);
        }
        if let Some((core, why)) = stuck {
            return if fault == Some(Fault::RulesOut) { Check::Conflicts(vec![core]) } else { Check::Stuck(core, why) };
        }
        for (a, b, req) in same {
            if let Err((core, fail)) = self.same(space, a, b, req, reqs, &mut situation) {
                return match fail {
                    Fail::Never => Check::Conflicts(vec![core]),
                    Fail::Stuck(why) => Check::Stuck(core, why),
                };
            }
        }
        Check::Fits(Box::new(situation))
    }

    /// What goes missing together: first without it, then with it.
    fn unit(
        &mut self,
        space: &mut Space<'a>,
        unit: Unit,
        reqs: &[Req],
        out: &mut Situation,
    ) -> Result<(), (Vec<Req>, Fail)> {
        let missing = match unit {
            Unit::Base(base) if !space.bases[base.0].optional => None,
            unit if space.there.contains(&unit) => None,
            _ => Some(reqs.iter().find(|req| !fits_missing(space, unit, **req)).copied()),
        };
        if missing == Some(None) {
            match unit {
                Unit::Base(base) => drop(out.values.insert(base, None)),
                unit => {
                    out.missing.push(unit);
                    roles::carried_labels(space, reqs, out);
                }
            }
            return Ok(());
        }
        let mut found = out.clone();
        match self.present(space, unit, reqs, &mut found) {
            Ok(()) => {
                found.ensure(unit);
                *out = found;
                Ok(())
            }
            Err((mut core, fail)) => {
                // Nor does it fit if it is missing, because of this one.
                core.extend(missing.flatten());
                core.sort_unstable();
                core.dedup();
                Err((core, fail))
            }
        }
    }

    fn present(
        &mut self,
        space: &mut Space<'a>,
        unit: Unit,
        reqs: &[Req],
        out: &mut Situation,
    ) -> Result<(), (Vec<Req>, Fail)> {
        let mut slots: BTreeMap<SlotId, Vec<Req>> = BTreeMap::new();
        let mut words = Vec::new();
        for req in reqs {
            match space.tests[req.test.0 as usize].kind {
                TestKind::Slot(slot) => slots.entry(slot).or_default().push(*req),
                _ => words.push(*req),
            }
        }
        match unit {
            Unit::User => roles::user(space, &words, out)?,
            Unit::Session => roles::labels(space, &words, out)?,
            _ => {}
        }
        for (slot, reqs) in slots {
            let fill = match self.find(space, slot, &reqs) {
                Ok(fill) => fill,
                Err(Fail::Never) => return Err((self.core(space, slot, &reqs), Fail::Never)),
                Err(fail) => return Err((reqs, fail)),
            };
            space.fill(slot, &fill, out);
        }
        Ok(())
    }

    /// A smallest set of these requirements that no value of the slot meets, given that none meets them all.
    fn core(&mut self, space: &mut Space<'a>, slot: SlotId, reqs: &[Req]) -> Vec<Req> {
        // Mostly two tests demand what excludes each other, and the many that only must not hold are not to blame.
        let demanded: Vec<Req> = reqs.iter().filter(|req| !req.allowed.has(Tri::False)).copied().collect();
        let fewer = (1..reqs.len()).contains(&demanded.len());
        let enough = fewer && self.find(space, slot, &demanded) == Err(Fail::Never);
        let mut core = self.needed(space, slot, &[], if enough { &demanded } else { reqs });
        core.sort_unstable();
        core
    }

    /// What is needed of `reqs` for a contradiction with `others`; both together are one, for certain. Halving finds the
    /// few of hundreds with few questions.
    fn needed(&mut self, space: &mut Space<'a>, slot: SlotId, others: &[Req], reqs: &[Req]) -> Vec<Req> {
        if reqs.len() < 2 {
            return reqs.to_vec();
        }
        let (first, second) = reqs.split_at(reqs.len() / 2);
        let with_first = [others, first].concat();
        let mut core = match self.find(space, slot, &with_first) {
            Err(Fail::Never) => Vec::new(),
            _ => self.needed(space, slot, &with_first, second),
        };
        let with_core = [others, &core].concat();
        if core.is_empty() || self.find(space, slot, &with_core) != Err(Fail::Never) {
            core.extend(self.needed(space, slot, &with_core, first));
        }
        core
    }

    /// A way to fill the slot for which its tests answer so.
    fn find(&mut self, space: &mut Space<'a>, slot: SlotId, reqs: &[Req]) -> Result<Fill, Fail> {
        self.prepare(space, slot);
        if let Some(at) = self.fitting(space, slot, reqs, 1).first() {
            return Ok(self.slots[&slot].fills[*at].clone());
        }
        let value = match &space.slots[slot.0].ty {
            Type::List(_) | Type::Set(_) => self.list(space, slot, reqs)?,
            Type::Str | Type::Email | Type::Host | Type::Url | Type::Path | Type::RemotePath => {
                self.text(space, slot, reqs)?
            }
            _ if self.slots[&slot].complete && reqs.iter().all(|req| space.is_simple(slot, req.test)) => {
                return Err(Fail::Never);
            }
            ty => return Err(Fail::Stuck(unfollowed(ty))),
        };
        self.try_fill(space, slot, Fill::Value(value), reqs)
    }

    /// Other ways to fill a slot for which its own tests answer so.
    pub fn alternatives(&mut self, space: &mut Space<'a>, slot: SlotId, reqs: &[Req]) -> Vec<Fill> {
        const MOST: usize = 64;
        if matches!(space.slots[slot.0].ty, Type::Record(_)) {
            return Vec::new();
        }
        self.prepare(space, slot);
        let fitting = self.fitting(space, slot, reqs, MOST);
        fitting.into_iter().map(|at| self.slots[&slot].fills[at].clone()).collect()
    }

    fn fitting(&mut self, space: &mut Space<'a>, slot: SlotId, reqs: &[Req], most: usize) -> Vec<usize> {
        let tried = self.slots.get_mut(&slot).expect("prepared");
        if space.sides[0].fault == Some(Fault::AcceptsAny) {
            return vec![0];
        }
        tried.fitting(reqs, most, &mut |test, fill| space.answer(test, slot, fill))
    }

    /// Checks a value that should fit.
    fn try_fill(&mut self, space: &mut Space<'a>, slot: SlotId, fill: Fill, reqs: &[Req]) -> Result<Fill, Fail> {
        let tried = self.slots.entry(slot).or_default();
        let at = tried.place(&fill);
        let fits = tried.fits(at, reqs, &mut |test, fill| space.answer(test, slot, fill));
        if fits { Ok(fill) } else { Err(Fail::Stuck("a value that is not accepted")) }
    }

    /// Makes the values to try, again when there are new tests.
    fn prepare(&mut self, space: &Space<'a>, slot: SlotId) {
        let tests = space.slots[slot.0].tests.len();
        let known = self.slots.entry(slot).or_default();
        if !known.fills.is_empty() && known.of_tests == tests {
            return;
        }
        let seeds = space.seeds(slot);
        let zones: Vec<(&claw_runtime::Window, &jiff::tz::TimeZone)> =
            seeds.windows.iter().map(|(window, zone)| (window, zone)).collect();
        let hints = Hints { constants: &seeds.constants, windows: &zones, texts: &seeds.texts };
        let found = samples::samples(&space.slots[slot.0].ty, space.schema(0), &hints);
        // What is missing from above the slot comes last: other fields may have to be there.
        let steps = space.slots[slot.0].path.len();
        let (own, above): (Vec<usize>, Vec<usize>) =
            space.slots[slot.0].absences.iter().partition(|step| **step == steps);
        let plain = space.plain(slot).map(Fill::Value);
        let values = found.values.into_iter().map(Fill::Value);
        let fills =
            own.into_iter().map(Fill::Absent).chain(plain).chain(values).chain(above.into_iter().map(Fill::Absent));
        let mut all: Vec<Fill> = Vec::new();
        let mut known_fills = FxHashSet::default();
        for fill in fills {
            if known_fills.insert(fill.clone()) {
                all.push(fill);
            }
        }
        // What was found by other means stays.
        let others = std::mem::take(&mut known.fills);
        all.extend(others.into_iter().filter(|other| !known_fills.contains(other)));
        *known = Tried::new(all, found.complete, tests);
    }

    /// Two slots are equal, or not.
    fn same(
        &mut self,
        space: &mut Space<'a>,
        a: SlotId,
        b: SlotId,
        req: Req,
        reqs: &[Req],
        out: &mut Situation,
    ) -> Result<(), (Vec<Req>, Fail)> {
        let of = |slot: SlotId| -> Vec<Req> {
            let own = |req: &&Req| space.tests[req.test.0 as usize].kind == TestKind::Slot(slot);
            reqs.iter().filter(own).copied().collect()
        };
        let (of_a, of_b) = (of(a), of(b));
        let core = || [of_a.clone(), of_b.clone(), vec![req]].concat();
        let now = |space: &mut Space<'a>, out: &Situation| space.whole_answer(req.test, out);
        if req.allowed.has(now(space, out)) {
            return Ok(());
        }
        self.prepare(space, a);
        self.prepare(space, b);
        let values = |theory: &Self, slot: SlotId| -> Vec<Fill> { theory.slots[&slot].fills.clone() };
        let mut tries: Vec<(Fill, Fill)> = Vec::new();
        let (from_a, from_b) = (values(self, a), values(self, b));
        tries.extend(from_a.iter().chain(&from_b).filter(|v| v.value().is_some()).map(|v| (v.clone(), v.clone())));
        for x in from_a.iter().take(24) {
            tries.extend(from_b.iter().take(24).map(|y| (x.clone(), y.clone())));
        }
        for (x, y) in tries {
            let fits =
                self.try_fill(space, a, x.clone(), &of_a).is_ok() && self.try_fill(space, b, y.clone(), &of_b).is_ok();
            if !fits {
                continue;
            }
            let mut next = out.clone();
            space.fill(a, &x, &mut next);
            space.fill(b, &y, &mut next);
            if req.allowed.has(now(space, &next)) {
                *out = next;
                return Ok(());
            }
        }
        Err((core(), Fail::Stuck("whether two values can be equal")))
    }
}

fn unfollowed(ty: &Type) -> &'static str {
    match ty {
        Type::Command(_) | Type::AnyCommand | Type::Call => "what commands do, beyond examples",
        Type::Sql(_) | Type::AnySql => "what queries do, beyond examples",
        Type::Json => "what is inside of JSON, beyond examples",
        Type::Int | Type::Decimal | Type::Duration | Type::Time | Type::Date => "arithmetic, beyond examples",
        _ => "values that are only tried",
    }
}

/// Whether a test can answer so where the unit is missing. A request carries labels also without a session.
fn fits_missing(space: &mut Space<'_>, unit: Unit, req: Req) -> bool {
    let answer = missing(space, unit, req.test);
    let label = matches!(space.tests[req.test.0 as usize].kind, TestKind::Label(_));
    req.allowed.has(answer) || (label && req.allowed.has(Tri::True))
}

/// What a test comes to where the unit is missing.
fn missing(space: &mut Space<'_>, unit: Unit, test: TestId) -> Tri {
    match (&space.tests[test.0 as usize].kind, unit) {
        (TestKind::UserRole(_) | TestKind::Label(_), _) => Tri::Unknown,
        (TestKind::Slot(_), Unit::User) => space.without_root(test, AttrRoot::User),
        (TestKind::Slot(_), Unit::Context) => space.without_root(test, AttrRoot::Context),
        (TestKind::Slot(slot), _) => {
            let base = space.slots[slot.0].base;
            space.base_answer(test, base, None)
        }
        _ => Tri::Unknown,
    }
}
