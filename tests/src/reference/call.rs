//! A request, checked against the declarations: step 1.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use claw_compiler::hir::{Attr, Package, ToolKind};
use claw_runtime::{Decoder, Extra, Field, Json, Limits, Time, Value};

/// A request that fits the policy's declarations.
#[derive(Clone, Debug)]
pub struct Call {
    /// The whole request.
    pub json: Rc<Json>,
    pub id: Option<String>,
    pub time: Option<Time>,
    pub tenant: Option<String>,
    pub session: Option<String>,
    pub parent: Option<String>,
    pub env: usize,
    pub agent: Agent,
    pub chain: Vec<Agent>,
    pub user: Option<User>,
    pub tool: usize,
    pub args: Vec<Option<Value>>,
    pub context: Option<Vec<Option<Value>>>,
    pub labels: BTreeSet<String>,
    pub origins: BTreeMap<String, Vec<String>>,
    pub live: Vec<Option<Value>>,
    /// Names what is judged; told by the side that makes digests.
    pub digest: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Agent {
    pub id: String,
    pub roles: BTreeSet<usize>,
    pub owner: Option<String>,
    pub attrs: Vec<Option<Value>>,
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub roles: BTreeSet<usize>,
    pub attrs: Vec<Option<Value>>,
}

impl Agent {
    /// As an element of `agent.chain`.
    pub fn value(&self, package: &Package) -> Value {
        let roles = self.roles.iter().map(|r| Value::str(package.roles[*r].decl.name.as_str())).collect();
        let owner = self.owner.as_deref().map(Value::str);
        Value::Record([Some(Value::str(self.id.as_str())), Some(Value::set(roles)), owner].into())
    }
}

impl Call {
    /// The roles of the calling agent and of each of its chain.
    pub fn everyone(&self) -> impl Iterator<Item = &BTreeSet<usize>> {
        std::iter::once(&self.agent.roles).chain(self.chain.iter().map(|a| &a.roles))
    }

    /// What the request's digest is about: everything that was judged, without clock and call id.
    pub fn substance(&self) -> String {
        let ids: Vec<_> = self.chain.iter().map(|a| &a.id).collect();
        let resolved = self.json.get("resolved").map(|r| r.canonical());
        let digest = self.json.get("tool").and_then(|t| t.get("digest")).map(Json::canonical);
        format!(
            "{:?}",
            (
                &self.tenant,
                &self.session,
                &self.agent.id,
                ids,
                self.user.as_ref().map(|u| &u.id),
                self.tool,
                digest,
                self.env,
                &self.context,
                &self.args,
                resolved
            )
        )
    }
}

const KEYS: &[&str] = &[
    "call_id",
    "time",
    "tenant",
    "session",
    "parent_session",
    "environment",
    "agent",
    "user",
    "kind",
    "tool",
    "args",
    "context",
    "labels",
    "origins",
    "resolved",
    "live",
    "approvals",
];

type Result<T> = std::result::Result<T, &'static str>;

const INVALID: &str = "invalid_request";

/// What a request is checked against.
#[derive(Debug)]
pub struct Signatures<'p> {
    package: &'p Package,
    pub limits: Limits,
    agent: Vec<Field>,
    user: Vec<Field>,
    context: Vec<Field>,
}

impl<'p> Signatures<'p> {
    pub fn new(package: &'p Package) -> Signatures<'p> {
        let fields = |attrs: &[Attr]| attrs.iter().map(|a| a.field.clone()).collect();
        let (agent, user, context) = (fields(&package.agent), fields(&package.user), fields(&package.context));
        Signatures { package, limits: Limits::default(), agent, user, context }
    }

    /// Decodes a request, or says with which reason it is denied. `digest` names what is judged.
    pub fn decode(&self, json: &Rc<Json>, digest: Option<String>) -> Result<Call> {
        let Json::Obj(members) = &**json else { return Err(INVALID) };
        if members.iter().any(|(key, _)| !KEYS.contains(&&**key)) {
            return Err(INVALID);
        }
        let package = self.package;
        let agent = get(json, "agent").ok_or(INVALID)?;
        let time = text(json, "time")?.map(|t| Time::parse(&t).map_err(|_| INVALID)).transpose()?;
        let environment = text(json, "environment")?.ok_or(INVALID)?;
        let env = package.environments.iter().position(|e| e.decl.name == environment).ok_or("unknown_environment")?;
        let labels: BTreeSet<String> = texts(json, "labels")?.into_iter().collect();
        if labels.iter().any(|l| package.labels.iter().all(|d| d.decl.name != *l)) {
            return Err(INVALID);
        }
        let chain = match get(agent, "chain") {
            None => Vec::new(),
            Some(Json::Arr(items)) => items.iter().map(|a| link(package, a)).collect::<Result<_>>()?,
            Some(_) => return Err(INVALID),
        };
        let mut caller = link(package, agent)?;
        caller.attrs = self.attrs(agent, &self.agent)?;
        let user = match get(json, "user") {
            None => None,
            Some(user) => Some(User {
                id: text(user, "id")?.ok_or(INVALID)?,
                roles: roles(package, user)?,
                attrs: self.attrs(user, &self.user)?,
            }),
        };
        let context = get(json, "context").map(|c| self.attrs(c, &self.context)).transpose()?;
        let (origins, live) = (self.origins(json)?, self.live(json)?);
        let (tool, args) = self.called(json)?;
        Ok(Call {
            json: Rc::clone(json),
            id: text(json, "call_id")?,
            time,
            tenant: text(json, "tenant")?,
            session: text(json, "session")?,
            parent: text(json, "parent_session")?,
            env,
            agent: caller,
            chain,
            user,
            tool,
            args,
            context,
            labels,
            origins,
            live,
            digest,
        })
    }

    fn attrs(&self, json: &Json, fields: &[Field]) -> Result<Vec<Option<Value>>> {
        let decoder = Decoder::constants(&self.package.schema, &self.limits);
        decoder.fields(json, fields, Extra::Ignore, "").map_err(|_| INVALID)
    }

    fn origins(&self, json: &Json) -> Result<BTreeMap<String, Vec<String>>> {
        let mut origins = BTreeMap::new();
        for (pointer, _) in members_of(json, "origins")? {
            let names = texts(get(json, "origins").ok_or(INVALID)?, pointer)?;
            if names.iter().any(|o| self.package.origins.iter().all(|d| d.decl.name != *o)) {
                return Err(INVALID);
            }
            origins.insert(pointer.to_string(), names);
        }
        Ok(origins)
    }

    fn live(&self, json: &Json) -> Result<Vec<Option<Value>>> {
        let package = self.package;
        let decoder = Decoder::constants(&package.schema, &self.limits);
        let mut live = vec![None; package.lives.len()];
        for (name, value) in members_of(json, "live")? {
            // A host may serve several policies with one set of live data.
            let Some(index) = package.lives.iter().position(|l| *l.decl.name == **name) else { continue };
            live[index] = Some(decoder.value(value, &package.lives[index].ty, "").map_err(|_| INVALID)?);
        }
        Ok(live)
    }

    fn called(&self, json: &Json) -> Result<(usize, Vec<Option<Value>>)> {
        let (name, server, digest) = match get(json, "tool").ok_or(INVALID)? {
            Json::Str(name) => (name.to_string(), None, None),
            tool => (text(tool, "name")?.ok_or(INVALID)?, text(tool, "server")?, text(tool, "digest")?),
        };
        let kind = match text(json, "kind")?.as_deref() {
            None | Some("tool") => ToolKind::Tool,
            Some("resource") => ToolKind::Resource,
            Some("prompt") => ToolKind::Prompt,
            Some(_) => return Err(INVALID),
        };
        let tools = &self.package.tools;
        let tool =
            tools.iter().position(|t| t.wire == name && t.server == server && t.kind == kind).ok_or("unknown_tool")?;
        let mut resolved = BTreeMap::new();
        for (pointer, target) in members_of(json, "resolved")? {
            resolved.insert(pointer.to_string(), target.as_str().ok_or(INVALID)?.to_owned());
        }
        let empty = Json::Obj(Vec::new());
        let args = get(json, "args").unwrap_or(&empty);
        let decoder = Decoder::request(&self.package.schema, &self.limits, &resolved);
        let args = decoder.fields(args, &tools[tool].params, Extra::Refuse, "/args");
        let args = args.map_err(|e| if e.limit { "limits_exceeded" } else { INVALID })?;
        match &tools[tool].pinned {
            Some(pinned) if digest.as_ref() != Some(pinned) => Err("tool_changed"),
            _ => Ok((tool, args)),
        }
    }
}

fn link(package: &Package, agent: &Json) -> Result<Agent> {
    let id = text(agent, "id")?.ok_or(INVALID)?;
    Ok(Agent { id, roles: roles(package, agent)?, owner: text(agent, "owner")?, attrs: Vec::new() })
}

/// The roles that are held, with all that they include.
fn roles(package: &Package, holder: &Json) -> Result<BTreeSet<usize>> {
    let mut held = BTreeSet::new();
    let mut open = Vec::new();
    for name in texts(holder, "roles")? {
        open.push(package.roles.iter().position(|r| r.decl.name == name).ok_or(INVALID)?);
    }
    while let Some(role) = open.pop() {
        if held.insert(role) {
            open.extend(package.roles[role].includes.iter().map(|(r, _)| r.index()));
        }
    }
    Ok(held)
}

/// A member that is `null` counts as absent.
fn get<'a>(json: &'a Json, key: &str) -> Option<&'a Json> {
    json.get(key).filter(|v| **v != Json::Null)
}

fn text(json: &Json, key: &str) -> Result<Option<String>> {
    match get(json, key) {
        None => Ok(None),
        Some(Json::Str(text)) => Ok(Some(text.to_string())),
        Some(_) => Err(INVALID),
    }
}

fn texts(json: &Json, key: &str) -> Result<Vec<String>> {
    match get(json, key) {
        None => Ok(Vec::new()),
        Some(Json::Arr(items)) => items.iter().map(|i| i.as_str().map(str::to_owned).ok_or(INVALID)).collect(),
        Some(_) => Err(INVALID),
    }
}

fn members_of<'a>(json: &'a Json, key: &str) -> Result<&'a [(Arc<str>, Json)]> {
    match get(json, key) {
        None => Ok(&[]),
        Some(Json::Obj(members)) => Ok(members),
        Some(_) => Err(INVALID),
    }
}
