//! Requests that show something: built from a situation, decided by the runtime, and made as small as they can be.

use claw_runtime::bundle::{AttrRoot, CondId, Fact, Kind, LimitKey};
use claw_runtime::{Decision, Json, MemoryState, NoState, Policy, RequestInput, Settlement, State, StateView, Value};

use super::engine::Call;
use super::history::earlier_calls;
use super::samples;
use super::side::Side;
use super::space::{Place, Space, TestKind, Unit};
use super::supposed::Supposed;

/// What everybody is called who has no name in the policy.
const AGENT: &str = "a";
const USER: &str = "u";
const SESSION: &str = "s";
/// When calls are made if nobody cares: a Monday morning.
const NOW: &str = "2026-03-02T10:00:00Z";
/// The longest past that is made up to use up a limit.
const PAST: usize = 1_200;

/// A request with what each policy decides about it.
#[derive(Clone, Debug)]
pub struct Witness {
    /// In wire form.
    pub request: Json,
    /// Calls that were made before, with success, in wire form.
    pub past: Vec<Json>,
    /// How often the same call was allowed and made before, just now.
    pub earlier: usize,
    /// By side.
    pub decisions: Vec<Decision>,
}

impl Witness {
    /// The call as JSON, with what has to happen before it.
    pub fn shown(&self) -> String {
        let earlier = match self.earlier {
            0 => String::new(),
            1 => " (after one such call)".to_owned(),
            n => format!(" (after {n} such calls)"),
        };
        let past: String = self.past.iter().map(|call| format!("made before: {}\n", call.canonical())).collect();
        format!("{past}the call{earlier}: {}", self.request.canonical())
    }
}

/// Says whether decisions, one for each policy, show what is to be shown.
pub type Shows<'s> = dyn FnMut(&[Decision]) -> bool + 's;

/// What the example is about, beside what is decided: a condition of one side's policy, asked of the runtime too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    pub side: usize,
    pub cond: CondId,
    /// Whether the condition has to hold.
    pub holds: bool,
}

/// A witness for a call that the engine made up, if the runtime agrees with `shows`. As small as it can be.
pub fn witness(space: &Space<'_>, call: &Call, about: &[About], shows: &mut Shows<'_>) -> Option<Witness> {
    let (request, calls) = made_up(space, call)?;
    let past = Past { about, calls: &calls, supposed: call.earlier };
    found(space, call, &request, past, shows).map(|witness| smaller(space, witness, past, &[], shows))
}

/// Like [`witness`], but nothing is left out that the tests read for which the call was made up: it stays a call of
/// their kind.
pub fn witness_of(space: &Space<'_>, call: &Call, shows: &mut Shows<'_>) -> Option<Witness> {
    let (request, calls) = made_up(space, call)?;
    let past = Past { about: &[], calls: &calls, supposed: call.earlier };
    let kept = read_by(space, call);
    found(space, call, &request, past, shows).map(|witness| smaller(space, witness, past, &kept, shows))
}

/// The request of a call, with everything that a policy may look at.
pub fn request(space: &Space<'_>, call: &Call) -> Json {
    Members::of(space, call).json()
}

/// The request with the calls that have to come before it.
fn made_up(space: &Space<'_>, call: &Call) -> Option<(Json, Vec<Json>)> {
    let request = request(space, call);
    let calls = if call.earlier { Vec::new() } else { earlier_calls(space, call, &request)? };
    Some((request, calls))
}

fn found(space: &Space<'_>, call: &Call, request: &Json, past: Past<'_>, shows: &mut Shows<'_>) -> Option<Witness> {
    let chosen =
        |text: &str| call.choices.iter().any(|(id, value)| *value && space.choices[id.0 as usize].contains(text));
    let plain = decide(space, request, 0, past, shows);
    if plain.is_some() || !chosen("is used up") {
        return plain;
    }
    // Used up by such calls; or not to be checked, as there is no clock.
    decide(space, request, PAST, past, shows).or_else(|| {
        let timeless = without(request, &["time".to_owned()]).filter(|_| chosen("can't be checked"))?;
        decide(space, &timeless, 0, past, shows)
    })
}

/// The parts of the request that a call's tests read.
fn read_by(space: &Space<'_>, call: &Call) -> Vec<Vec<String>> {
    let path = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    let mut kept = Vec::new();
    let mut slots = Vec::new();
    for req in &call.because {
        match &space.tests[req.test.0 as usize].kind {
            TestKind::Slot(slot) => slots.push(*slot),
            TestKind::Same(a, b) => slots.extend([*a, *b]),
            TestKind::AgentRole(_) => kept.push(path(&["agent", "roles"])),
            TestKind::UserRole(_) => kept.push(path(&["user", "roles"])),
            TestKind::Label(_) => kept.extend([path(&["labels"]), path(&["session"])]),
            TestKind::Free { slots: read, .. } => {
                slots.extend(read);
                kept.extend([path(&["session"]), path(&["agent", "chain"]), path(&["resolved"])]);
            }
        }
    }
    for slot in slots {
        let name = match space.bases[space.slots[slot.0].base.0].name.as_str() {
            "now" => "time",
            "session.id" => "session",
            name => name,
        };
        kept.push(name.split('.').map(str::to_owned).collect());
        kept.push(path(&["resolved"]));
    }
    kept
}

/// What is so besides the request.
#[derive(Clone, Copy)]
struct Past<'s> {
    about: &'s [About],
    /// Calls that are made before, with success.
    calls: &'s [Json],
    /// Every query of history is supposed to be true.
    supposed: bool,
}

/// Decides a request by every policy after what came before, and after so many equal calls at most, until it shows
/// something.
fn decide(space: &Space<'_>, request: &Json, most: usize, past: Past<'_>, shows: &mut Shows<'_>) -> Option<Witness> {
    let states: Vec<MemoryState> = space.sides.iter().map(|_| MemoryState::new()).collect();
    for (number, call) in past.calls.iter().enumerate() {
        for (side, state) in space.sides.iter().zip(&states) {
            if !begin(&side.policy, call, &format!("before {number}"), state).is_allowed() {
                return None;
            }
        }
    }
    for earlier in 0..=most {
        let concerned =
            past.about.iter().all(|about| is_about(space.sides[about.side], request, *about, &states[about.side]));
        let mut decisions = Vec::with_capacity(states.len());
        for (side, state) in space.sides.iter().zip(&states) {
            let state = Supposed { store: state, earlier: past.supposed };
            decisions.push(begin(&side.policy, request, &format!("call {earlier}"), &state));
        }
        if concerned && shows(&decisions) {
            return Some(Witness { request: request.clone(), past: past.calls.to_vec(), earlier, decisions });
        }
        if !decisions.iter().any(Decision::is_allowed) {
            return None;
        }
    }
    None
}

/// Whether the condition holds for the call, as the past is now.
fn is_about(side: &Side, request: &Json, about: About, state: &MemoryState) -> bool {
    let Ok(request) = side.asked.prepare_json(request.canonical().as_bytes()) else { return false };
    let mut holds = !about.holds;
    let look = &mut |view: &dyn StateView| {
        holds = side.asked.holds(&request, about.cond, view);
        None
    };
    // A store in memory does not fail.
    let _ = state.transact(&request.scope(), look);
    holds == about.holds
}

/// One call as a gateway makes it: decided, executed if allowed, and settled.
pub(super) fn begin(policy: &Policy, request: &Json, id: &str, state: &dyn State) -> Decision {
    let Ok(mut input) = RequestInput::from_value(request) else {
        return policy.decide_json(request.canonical().as_bytes(), &NoState);
    };
    input.call_id = Some(id.to_owned());
    match policy.prepare(&input) {
        Err(denial) => *denial,
        Ok(request) => {
            let decision = policy.begin(&request, state);
            if decision.is_allowed() {
                // A store in memory holds the call that it just allowed.
                let _ = policy.settle(&request, Settlement::Ok, state);
            }
            decision
        }
    }
}

/// Leaves out what is not needed to show it, nor to be kept.
fn smaller(
    space: &Space<'_>,
    mut witness: Witness,
    past: Past<'_>,
    kept: &[Vec<String>],
    shows: &mut Shows<'_>,
) -> Witness {
    let paths: &[&[&str]] = &[
        &["user"],
        &["context"],
        &["session"],
        &["tenant"],
        &["time"],
        &["labels"],
        &["resolved"],
        &["agent", "chain"],
        &["agent", "roles"],
        &["agent", "owner"],
        &["user", "roles"],
    ];
    let optional: Vec<Vec<String>> = space
        .bases
        .iter()
        .filter(|base| base.optional)
        .filter_map(|base| base.name.split_once('.').map(|(root, name)| vec![root.to_owned(), name.to_owned()]))
        .collect();
    let paths = paths.iter().map(|path| path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
    for path in paths.chain(optional).filter(|path| !kept.iter().any(|kept| kept.starts_with(path))) {
        if let Some(request) = without(&witness.request, &path)
            && let Some(found) = decide(space, &request, witness.earlier, past, shows)
            && found.earlier == witness.earlier
        {
            witness = found;
        }
    }
    witness
}

/// The object without a member, if it has it.
fn without(json: &Json, path: &[String]) -> Option<Json> {
    let (first, rest) = path.split_first()?;
    let Json::Obj(members) = json else { return None };
    let at = members.iter().position(|(key, _)| **key == **first)?;
    let mut members = members.clone();
    if rest.is_empty() {
        members.remove(at);
    } else {
        members[at].1 = without(&members[at].1, rest)?;
    }
    Some(Json::Obj(members))
}

/// The members of a request.
struct Members<'s, 'a> {
    space: &'s Space<'a>,
    call: &'s Call,
    args: Vec<(String, Json)>,
    agent: Vec<(String, Json)>,
    user: Vec<(String, Json)>,
    context: Vec<(String, Json)>,
    resolved: Vec<(String, Json)>,
    top: Vec<(String, Json)>,
}

impl<'s, 'a> Members<'s, 'a> {
    fn of(space: &'s Space<'a>, call: &'s Call) -> Members<'s, 'a> {
        let mut new = Members {
            space,
            call,
            args: Vec::new(),
            agent: vec![("id".to_owned(), Json::str(AGENT))],
            user: vec![("id".to_owned(), Json::str(USER))],
            context: Vec::new(),
            resolved: Vec::new(),
            top: Vec::new(),
        };
        for at in 0..space.bases.len() {
            new.base(super::space::BaseId(at));
        }
        new
    }

    fn base(&mut self, id: super::space::BaseId) {
        let base = &self.space.bases[id.0];
        let value = match self.call.situation.values.get(&id) {
            Some(value) => value.clone(),
            // What nobody asks about is left out where it may be.
            None if base.optional => None,
            None => base.plain.clone(),
        };
        let Some((side, place)) = base.places.iter().enumerate().find_map(|(side, place)| Some((side, (*place)?)))
        else {
            return;
        };
        let Some(value) = value else { return };
        let schema = self.space.schema(side);
        let json = samples::wire(&value, &base.ty, schema);
        let name = base.name.split_once('.').map_or(base.name.as_str(), |(_, name)| name).to_owned();
        let pointer = |root: &str| format!("/{root}/{name}");
        match place {
            Place::Arg(_) => {
                self.targets(&value, &base.ty, schema, &pointer("args"));
                self.args.push((name, json));
            }
            Place::Attr(AttrRoot::Agent, _) => self.agent.push((name, json)),
            Place::Attr(AttrRoot::User, _) => self.user.push((name, json)),
            Place::Attr(AttrRoot::Context, _) => {
                self.targets(&value, &base.ty, schema, &pointer("context"));
                self.context.push((name, json));
            }
            Place::Fact(Fact::AgentId) => replace(&mut self.agent, "id", json),
            Place::Fact(Fact::AgentOwner) => self.agent.push(("owner".to_owned(), json)),
            Place::Fact(Fact::UserId) => replace(&mut self.user, "id", json),
            Place::Fact(Fact::SessionId) => self.top.push(("session".to_owned(), json)),
            Place::Fact(Fact::Now) => self.top.push(("time".to_owned(), json)),
            Place::Fact(Fact::Tenant) => self.top.push(("tenant".to_owned(), json)),
            Place::Fact(_) | Place::Element => {}
        }
    }

    fn targets(&mut self, value: &Value, ty: &claw_runtime::Type, schema: &claw_runtime::Schema, pointer: &str) {
        for (at, target) in samples::targets(value, ty, schema, pointer) {
            self.resolved.push((at, Json::str(target)));
        }
    }

    fn json(mut self) -> Json {
        let situation = &self.call.situation;
        let tables = &self.space.sides[0].lowered.tables;
        let tool = &tables.tools[self.space.tool(0).index()];
        let mut out =
            vec![("environment".to_owned(), Json::str(self.space.environments[self.call.env as usize].as_str()))];
        put(&mut self.agent, "roles", names(&situation.agent_roles));
        if let Some(roles) = &situation.chain_roles {
            let caller = vec![("id".to_owned(), Json::str("b")), ("roles".to_owned(), names(roles))];
            self.agent.push(("chain".to_owned(), Json::Arr(vec![object(caller)])));
        }
        out.push(("agent".to_owned(), object(self.agent)));
        // A limit counts by these, and can't be checked without a clock.
        let limits = (0..self.space.sides.len()).flat_map(|side| {
            let tables = &self.space.sides[side].lowered.tables;
            tables.tools[self.space.tool(side).index()].limits.iter().map(|id| &tables.limits[id.index()])
        });
        let counted = |key: LimitKey| limits.clone().any(|limit| limit.keys.contains(&key));
        let has = |top: &[(String, Json)], key: &str| top.iter().any(|(known, _)| known == key);
        let missing = |unit: Unit| situation.is_missing(unit);
        if !missing(Unit::User) && (situation.user.is_some() || counted(LimitKey::User) || self.user.len() > 1) {
            put(&mut self.user, "roles", names(situation.user.as_deref().unwrap_or_default()));
            out.push(("user".to_owned(), object(self.user)));
        }
        if tool.kind != Kind::Tool {
            let kind = if tool.kind == Kind::Resource { "resource" } else { "prompt" };
            out.push(("kind".to_owned(), Json::str(kind)));
        }
        let mut name = vec![("name".to_owned(), Json::str(tool.wire.as_str()))];
        name.extend(tool.server.as_deref().map(|server| ("server".to_owned(), Json::str(server))));
        // Where the policies pin different definitions, no call suits both.
        let pins = self.space.sides.iter().enumerate();
        let pinned = pins.map(|(side, of)| of.lowered.tables.tools[self.space.tool(side).index()].pinned);
        name.extend(pinned.flatten().next().map(|digest| ("digest".to_owned(), Json::str(digest.to_string()))));
        let plain = name.len() == 1;
        out.push(("tool".to_owned(), if plain { Json::str(tool.wire.as_str()) } else { object(name) }));
        out.push(("args".to_owned(), object(self.args)));
        if !missing(Unit::Context) && (situation.context || !self.context.is_empty()) {
            out.push(("context".to_owned(), object(self.context)));
        }
        if !situation.labels.is_empty() {
            out.push(("labels".to_owned(), names(&situation.labels)));
        }
        if (situation.session || counted(LimitKey::Session)) && !missing(Unit::Session) && !has(&self.top, "session") {
            self.top.push(("session".to_owned(), Json::str(SESSION)));
        }
        // Without a clock no limit can be checked.
        let unchecked =
            self.call.choices.iter().any(|(id, value)| *value && is_unchecked(&self.space.choices[id.0 as usize]));
        let timed = limits.clone().next().is_some() && !unchecked;
        if (timed || !situation.past.is_empty()) && !has(&self.top, "time") {
            self.top.push(("time".to_owned(), Json::str(NOW)));
        }
        if counted(LimitKey::Tenant) && !has(&self.top, "tenant") {
            self.top.push(("tenant".to_owned(), Json::str("t")));
        }
        out.extend(self.top);
        if !self.resolved.is_empty() {
            out.push(("resolved".to_owned(), object(self.resolved)));
        }
        object(out)
    }
}

/// Whether a choice says that a limit can't be checked, and nothing else.
fn is_unchecked(choice: &str) -> bool {
    choice.ends_with("can't be checked") && !choice.contains("is used up")
}

fn replace(members: &mut [(String, Json)], key: &str, json: Json) {
    if let Some(place) = members.iter_mut().find(|(known, _)| known == key) {
        place.1 = json;
    }
}

fn put(members: &mut Vec<(String, Json)>, key: &str, json: Json) {
    members.push((key.to_owned(), json));
}

fn names(names: &[String]) -> Json {
    Json::Arr(names.iter().map(|name| Json::str(name.as_str())).collect())
}

fn object(members: Vec<(String, Json)>) -> Json {
    Json::Obj(members.into_iter().map(|(key, value)| (key.as_str().into(), value)).collect())
}
