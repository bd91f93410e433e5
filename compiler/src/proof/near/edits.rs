//! Changes to a request in its wire form.

use std::sync::Arc;

use claw_runtime::bundle::{AttrRoot, Fact};
use claw_runtime::{Json, Probe, Value};

use crate::proof::samples;
use crate::proof::space::{BaseId, Place, Space};

/// Who is added where a request names nobody.
const USER: &str = "u";
/// The session that is added.
const SESSION: &str = "s";

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// The environment, by index.
    Env(u32),
    /// The calling agent and all that delegated to it hold the role, or none of them does.
    AgentRole {
        role: String,
        held: bool,
    },
    UserRole {
        role: String,
        held: bool,
    },
    Label {
        label: String,
        carried: bool,
    },
    /// There is nobody who delegated.
    Alone,
    /// There is a user, a context or a session.
    User,
    Context,
    Session,
    /// There is none of these.
    Without(Part),
    /// Every earlier call that is asked for was made, and succeeded. No change of the request itself.
    Earlier,
    /// A part of the request gets a value, or is left out.
    Value {
        base: BaseId,
        value: Option<Value>,
    },
}

/// What part of a request a change is about. Two changes of one part are no two changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Env,
    AgentRoles,
    UserRoles,
    Labels,
    Chain,
    User,
    Context,
    Session,
    Past,
    Base(BaseId),
}

impl Edit {
    pub fn part(&self) -> Part {
        match self {
            Edit::Env(_) => Part::Env,
            Edit::AgentRole { .. } => Part::AgentRoles,
            Edit::UserRole { .. } => Part::UserRoles,
            Edit::Label { .. } => Part::Labels,
            Edit::Alone => Part::Chain,
            Edit::User => Part::User,
            Edit::Context => Part::Context,
            Edit::Session => Part::Session,
            Edit::Without(part) => part.clone(),
            Edit::Earlier => Part::Past,
            Edit::Value { base, .. } => Part::Base(*base),
        }
    }
}

impl Part {
    /// What a whole part is called in requests.
    pub fn name(&self) -> &'static str {
        match self {
            Part::User => "user",
            Part::Context => "context",
            Part::Session => "session",
            _ => "",
        }
    }
}

/// The request with these changes.
pub fn apply(space: &Space<'_>, request: &Json, edits: &[Edit]) -> Json {
    let mut json = request.clone();
    edits.iter().for_each(|edit| one(space, &mut json, edit));
    json
}

fn one(space: &Space<'_>, json: &mut Json, edit: &Edit) {
    let tables = &space.sides[0].lowered.tables;
    match edit {
        Edit::Env(env) => set(json, &["environment"], Some(Json::str(tables.environments[*env as usize].as_str()))),
        Edit::AgentRole { role, held } => {
            word(json, &["agent", "roles"], role, *held);
            let chain = match json.pointer("/agent/chain") {
                Some(Json::Arr(agents)) => agents.clone(),
                _ => return,
            };
            let agents = chain.into_iter().map(|mut agent| {
                word(&mut agent, &["roles"], role, *held);
                agent
            });
            set(json, &["agent", "chain"], Some(Json::Arr(agents.collect())));
        }
        Edit::UserRole { role, held } => {
            ensure(space, json, AttrRoot::User);
            word(json, &["user", "roles"], role, *held);
        }
        Edit::Label { label, carried } => word(json, &["labels"], label, *carried),
        Edit::Alone => set(json, &["agent", "chain"], None),
        Edit::User => ensure(space, json, AttrRoot::User),
        Edit::Context => ensure(space, json, AttrRoot::Context),
        Edit::Session => set(json, &["session"], Some(Json::str(SESSION))),
        Edit::Without(part) => set(json, &[part.name()], None),
        Edit::Earlier => {}
        Edit::Value { base, value } => put(space, json, *base, value.as_ref()),
    }
}

fn put(space: &Space<'_>, json: &mut Json, id: BaseId, value: Option<&Value>) {
    let base = &space.bases[id.0];
    let Some(place) = base.places[0] else { return };
    let schema = space.schema(0);
    let wire = value.map(|value| samples::wire(value, &base.ty, schema));
    let name = base.name.split_once('.').map_or(base.name.as_str(), |(_, name)| name);
    match place {
        Place::Arg(_) => {
            set(json, &["args", name], wire);
            resolve(space, json, id, value, "args", name);
        }
        Place::Attr(AttrRoot::Agent, _) => set(json, &["agent", name], wire),
        Place::Attr(root @ AttrRoot::User, _) => {
            ensure(space, json, root);
            set(json, &["user", name], wire);
        }
        Place::Attr(root @ AttrRoot::Context, _) => {
            ensure(space, json, root);
            set(json, &["context", name], wire);
            resolve(space, json, id, value, "context", name);
        }
        Place::Fact(Fact::AgentId) => set(json, &["agent", "id"], wire),
        Place::Fact(Fact::AgentOwner) => set(json, &["agent", "owner"], wire),
        Place::Fact(Fact::UserId) => {
            ensure(space, json, AttrRoot::User);
            set(json, &["user", "id"], wire);
        }
        Place::Fact(Fact::SessionId) => set(json, &["session"], wire),
        Place::Fact(Fact::Now) => set(json, &["time"], wire),
        Place::Fact(Fact::Tenant) => set(json, &["tenant"], wire),
        Place::Fact(_) | Place::Element => {}
    }
}

/// Says where the paths of a new value lead, and forgets where those of the old one led.
fn resolve(space: &Space<'_>, json: &mut Json, id: BaseId, value: Option<&Value>, root: &str, name: &str) {
    let at = format!("/{root}/{name}");
    let below = format!("{at}/");
    let mut resolved = match json.get("resolved") {
        Some(Json::Obj(members)) => members.clone(),
        _ => Vec::new(),
    };
    let before = resolved.len();
    resolved.retain(|(key, _)| **key != *at && !key.starts_with(&below));
    let base = &space.bases[id.0];
    let targets = value.map(|value| samples::targets(value, &base.ty, space.schema(0), &at)).unwrap_or_default();
    if before == resolved.len() && targets.is_empty() {
        return;
    }
    resolved.extend(targets.into_iter().map(|(key, target)| (Arc::from(key), Json::str(target))));
    set(json, &["resolved"], (!resolved.is_empty()).then_some(Json::Obj(resolved)));
}

/// Makes sure that there is a user, or a context, with all that one must have.
fn ensure(space: &Space<'_>, json: &mut Json, root: AttrRoot) {
    let key = if root == AttrRoot::User { "user" } else { "context" };
    if json.get(key).is_some() {
        return;
    }
    let mut members: Vec<(Arc<str>, Json)> = Vec::new();
    if root == AttrRoot::User {
        members.push(("id".into(), Json::str(USER)));
    }
    for base in &space.bases {
        if let Some(Place::Attr(of, _)) = base.places[0]
            && of == root
            && !base.optional
        {
            let name = base.name.split_once('.').map_or(base.name.as_str(), |(_, name)| name);
            let plain = samples::plain(&base.ty, space.schema(0));
            members.push((name.into(), samples::wire(&plain, &base.ty, space.schema(0))));
        }
    }
    set(json, &[key], Some(Json::Obj(members)));
}

/// Puts a member, or takes it out.
fn set(json: &mut Json, path: &[&str], value: Option<Json>) {
    let Some((first, rest)) = path.split_first() else { return };
    if !matches!(json, Json::Obj(_)) {
        *json = Json::Obj(Vec::new());
    }
    let Json::Obj(members) = json else { return };
    let at = members.iter().position(|(key, _)| **key == **first);
    match (at, rest.is_empty(), value) {
        (Some(at), true, Some(value)) => members[at].1 = value,
        (Some(at), true, None) => drop(members.remove(at)),
        (Some(at), false, value) => set(&mut members[at].1, rest, value),
        (None, true, Some(value)) => members.push(((*first).into(), value)),
        (None, false, value @ Some(_)) => {
            let mut new = Json::Obj(Vec::new());
            set(&mut new, rest, value);
            members.push(((*first).into(), new));
        }
        (None, _, None) => {}
    }
}

/// Puts a word into a list of words, or takes it out.
fn word(json: &mut Json, path: &[&str], word: &str, there: bool) {
    let mut at = Some(&*json);
    for key in path {
        at = at.and_then(|json| json.get(key));
    }
    let mut words = match at {
        Some(Json::Arr(words)) => words.clone(),
        _ => Vec::new(),
    };
    words.retain(|known| known.as_str() != Some(word));
    if there {
        words.push(Json::str(word));
    }
    set(json, path, (!words.is_empty()).then_some(Json::Arr(words)));
}

/// What a part of the request is.
pub fn value_of(probe: &Probe<'_>, place: Place) -> Option<Value> {
    match place {
        Place::Arg(at) => probe.arg(at),
        Place::Attr(root, at) => probe.attr(root, at),
        Place::Fact(fact) => probe.fact(fact),
        Place::Element => None,
    }
    .cloned()
}
