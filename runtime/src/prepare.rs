//! The first step of a decision: a request is understood and checked against the policy's declarations, once.
//!
//! What comes out is canonical and by index, so that everything after works on integers and shared values.
//! Knows declarations; no clause is looked at here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use crate::bitset::{BitSet, Bits};
use crate::bundle::{AttrRoot, Kind, ToolDef, ToolId};
use crate::error::did_you_mean;
use crate::eval::Ev;
use crate::request::shown;
use crate::state::SessionScope;
use crate::{
    AgentInput, DecodeError, Decoder, Digest, Evidence, Extra, Invalid, Json, Policy, Reason, RequestInput, Time, Tri,
    UserInput, Value, fields_to_json, value_to_json,
};

mod names;
mod origins;
pub mod probe;
mod unread;
mod wire;

use self::names::{Facts, Names};
use self::unread::Unread;

/// A request that fits a policy: decoded, canonical, by index. Made by [`Policy::prepare`] and good for that policy only.
#[derive(Debug)]
pub struct Request {
    pub(crate) policy: Digest,
    pub(crate) tool: ToolId,
    pub(crate) env: u32,
    pub(crate) time: Option<Time>,
    /// The same, and how long the chain is, as values: evaluating them copies nothing.
    now: Option<Value>,
    depth: Value,
    names: Names,
    /// The names as values. Made beforehand where clauses read them.
    facts: OnceLock<Box<Facts>>,
    /// Roles that the calling agent and its whole chain hold, and those that any of them holds.
    roles: (BitSet, BitSet),
    user_roles: Option<BitSet>,
    agent: Vec<Option<Value>>,
    user: Option<Vec<Option<Value>>>,
    pub(crate) context: Option<Vec<Option<Value>>>,
    /// `None` while only asking what could be called. Those that are `unread` stand there.
    args: Option<Vec<Option<Value>>>,
    unread: Option<Unread>,
    pub(crate) labels: Bits,
    pub(crate) live: Vec<Option<Value>>,
    origins: origins::Answers,
    pub(crate) evidence: Vec<Evidence>,
    digest: OnceLock<Digest>,
    args_json: ArgsJson,
    /// In canonical form.
    resolved: BTreeMap<String, String>,
}

/// The canonical arguments, made when they are first asked for. Secrets are written out in them, hence no derived `Debug`.
#[derive(Default)]
struct ArgsJson(OnceLock<Json>);

impl fmt::Debug for ArgsJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArgsJson(…)")
    }
}

impl Request {
    /// The host's name for the call.
    #[must_use]
    pub fn call_id(&self) -> Option<&str> {
        self.names.find(self.names.call_id)
    }

    pub(crate) fn tenant(&self) -> Option<&str> {
        self.names.find(self.names.tenant)
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.names.find(self.names.session)
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.names.find(self.names.user)
    }

    /// Ids of the calling agent and of its chain.
    pub(crate) fn agents(&self) -> impl Iterator<Item = &str> {
        self.names.agents().map(|agent| self.names.get(agent.id))
    }

    /// Owners of the calling agent and of its chain.
    pub(crate) fn owners(&self) -> impl Iterator<Item = &str> {
        self.names.agents().filter_map(|agent| self.names.find(agent.owner))
    }

    /// Who calls, for whom and where, as values.
    pub(crate) fn facts(&self, policy: &Policy) -> &Facts {
        self.facts.get_or_init(|| self.names.facts(policy).into())
    }

    pub(crate) fn now(&self) -> Option<&Value> {
        self.now.as_ref()
    }

    pub(crate) fn depth(&self) -> &Value {
        &self.depth
    }

    /// Names what is judged: the same for the same call in the same situation, whatever the clock says.
    ///
    /// `policy` is the one that prepared the request.
    #[must_use]
    pub fn digest(&self, policy: &Policy) -> Digest {
        *self.digest.get_or_init(|| Digest::of_json(&self.digest_json(policy)))
    }

    /// The canonical arguments, an object: what was judged, and is to be dispatched.
    #[must_use]
    pub fn args_json(&self, policy: &Policy) -> Json {
        let make = || {
            let tool = policy.bundle.tools.get(self.tool.index());
            let params = tool.map(|tool| tool.params.as_slice()).unwrap_or_default();
            fields_to_json(self.known_args(policy).unwrap_or_default(), params, &policy.bundle.schema)
        };
        if policy.digest == self.policy { self.args_json.0.get_or_init(make).clone() } else { make() }
    }

    /// Whose past the call belongs to.
    #[must_use]
    pub fn scope(&self) -> SessionScope<'_> {
        SessionScope {
            tenant: self.tenant(),
            session: self.session(),
            parent_session: self.names.find(self.names.parent_session),
        }
    }

    /// Labels that the request itself carries, by name.
    pub fn labels<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = &'a str> {
        self.labels.iter().filter_map(|i| policy.bundle.labels.get(i as usize)).map(String::as_str)
    }

    /// An argument. `policy` is the one that prepared the request.
    pub(crate) fn arg(&self, policy: &Policy, i: u32) -> Ev<'_> {
        match self.args.as_ref().map(|args| args.get(i as usize)) {
            Some(Some(Some(value))) => Ev::field(Some(value)),
            Some(Some(None)) if self.unread.as_ref().is_none_or(|unread| !unread.which.contains(i)) => Ev::Absent,
            Some(Some(None)) => match self.known_args(policy).map(|args| args.get(i as usize)) {
                Some(Some(value)) => Ev::field(value.as_ref()),
                _ => Ev::Unknown,
            },
            _ => Ev::Unknown,
        }
    }

    /// All arguments. `policy` is the one that prepared the request; another does not find those that it left unread.
    pub(crate) fn known_args(&self, policy: &Policy) -> Option<&[Option<Value>]> {
        let Some(unread) = &self.unread else { return self.args.as_deref() };
        let tool = policy.bundle.tools.get(self.tool.index()).filter(|_| policy.digest == self.policy)?;
        unread.all(policy, tool, &self.resolved).map(Vec::as_slice)
    }

    /// Leaves nothing unread.
    fn read_all(&mut self, policy: &Policy) {
        self.known_args(policy);
        self.facts(policy);
        if let Some(unread) = self.unread.take() {
            self.args = unread.into_all();
        }
    }

    /// An argument that is there and was read.
    pub(crate) fn arg_value(&self, i: u32) -> Option<&Value> {
        self.args.as_ref()?.get(i as usize)?.as_ref()
    }

    /// An attribute that is there.
    pub(crate) fn attr_value(&self, root: AttrRoot, i: u32) -> Option<&Value> {
        let fields = match root {
            AttrRoot::Agent => &self.agent,
            AttrRoot::User => self.user.as_ref()?,
            AttrRoot::Context => self.context.as_ref()?,
        };
        fields.get(i as usize)?.as_ref()
    }

    /// An attribute; unknown where its root is missing altogether.
    pub(crate) fn attr(&self, root: AttrRoot, i: u32) -> Ev<'_> {
        let fields = match root {
            AttrRoot::Agent => Some(&self.agent),
            AttrRoot::User => self.user.as_ref(),
            AttrRoot::Context => self.context.as_ref(),
        };
        match fields.map(|fields| fields.get(i as usize)) {
            Some(Some(value)) => Ev::field(value.as_ref()),
            _ => Ev::Unknown,
        }
    }

    pub(crate) fn agent_has_role(&self, role: u32) -> Tri {
        let (all, any) = &self.roles;
        match (all.contains(role), any.contains(role)) {
            (true, _) => Tri::True,
            (_, false) => Tri::False,
            _ => Tri::Unknown,
        }
    }

    pub(crate) fn user_has_role(&self, role: u32) -> Tri {
        Tri::from(self.user_roles.as_ref().map(|roles| roles.contains(role)))
    }

    /// Where an argument, or a field in it, came from.
    pub(crate) fn origins(&self, arg: u32, path: &[u32]) -> Option<&Value> {
        self.origins.iter().find(|(a, p, _)| *a == arg && p == path)?.2.as_ref()
    }

    /// What [`Request::digest`] is taken over.
    pub(crate) fn digest_json(&self, policy: &Policy) -> Json {
        let bundle = &policy.bundle;
        let tool = bundle.tools.get(self.tool.index());
        let text = |text: Option<&str>| text.map_or(Json::Null, Json::str);
        let context = self.context.as_ref().map(|values| fields_to_json(values, &bundle.context, &bundle.schema));
        let resolved = self.resolved.iter().map(|(at, target)| (at.as_str().into(), Json::str(target.as_str())));
        let members = [
            ("tenant", text(self.tenant())),
            ("session", text(self.session())),
            ("agent", text(self.agents().next())),
            ("chain", Json::Arr(self.agents().skip(1).map(Json::str).collect())),
            ("user", text(self.user())),
            ("kind", text(tool.map(|tool| kind_name(tool.kind)))),
            ("server", text(tool.and_then(|tool| tool.server.as_deref()))),
            ("tool", text(tool.map(|tool| tool.wire.as_str()))),
            ("digest", text(self.names.find(self.names.tool_digest))),
            ("environment", text(bundle.environments.get(self.env as usize).map(String::as_str))),
            ("context", context.unwrap_or(Json::Null)),
            ("args", self.args_json(policy)),
            ("resolved", Json::Obj(resolved.collect())),
        ];
        Json::Obj(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Tool => "tool",
        Kind::Resource => "resource",
        Kind::Prompt => "prompt",
    }
}

/// What of a request does not depend on the tool: who asks.
struct Caller {
    roles: (BitSet, BitSet),
    user_roles: Option<BitSet>,
    agent: Vec<Option<Value>>,
    user: Option<Vec<Option<Value>>>,
}

impl Policy {
    /// The steps of [`Policy::prepare`], the error as it is.
    pub(crate) fn understand(&self, input: &RequestInput) -> Result<Request, Invalid> {
        let tool = self.find_tool(input)?;
        let def = self.bundle.tools.get(tool.index()).ok_or_else(|| Invalid::new("/tool", "no such tool"))?;
        checked_pin(def, input.tool_digest.as_deref())?;
        let env = self.find_env(&input.environment)?;
        let resolved = canonical_targets(&input.resolved)?;
        let (caller, mut names) = self.caller(&input.agent, input.user.as_ref())?;
        names.call(input);
        let decoder = Decoder::request(&self.bundle.schema, &self.limits, &resolved);
        let args = decoder.fields(&input.args, &def.params, Extra::Refuse, "/args").map_err(|e| argument(e, def))?;
        let context = input
            .context
            .as_ref()
            .map(|context| decoder.fields(context, &self.bundle.context, Extra::Ignore, "/context"));
        let request = Request {
            context: context.transpose()?,
            origins: origins::origins(self, def, &input.origins, &input.args)?,
            labels: self.find_labels(&input.labels)?,
            live: self.live(&decoder, input)?,
            evidence: input.approvals.clone(),
            args: Some(args),
            resolved,
            ..self.skeleton(tool, env, input.time, names, caller)
        };
        if self.reads(tool, def).is_some_and(|reads| reads.facts) {
            request.facts(self);
        }
        Ok(request)
    }

    /// A request of which nothing is known but who asks where: for [`Policy::callable`].
    pub(crate) fn understand_caller(
        &self,
        agent: &AgentInput,
        user: Option<&UserInput>,
        env: &str,
    ) -> Result<Request, Invalid> {
        let env = self.find_env(env)?;
        let (caller, names) = self.caller(agent, user)?;
        Ok(self.skeleton(ToolId::default(), env, None, names, caller))
    }

    fn skeleton(&self, tool: ToolId, env: u32, time: Option<Time>, names: Names, caller: Caller) -> Request {
        Request {
            policy: self.digest,
            tool,
            env,
            time,
            now: time.map(Value::Time),
            depth: Value::Int(i64::try_from(names.chain.len()).unwrap_or(i64::MAX)),
            names,
            facts: OnceLock::new(),
            roles: caller.roles,
            user_roles: caller.user_roles,
            agent: caller.agent,
            user: caller.user,
            context: None,
            args: None,
            unread: None,
            labels: Bits::default(),
            live: Vec::new(),
            origins: Vec::new(),
            evidence: Vec::new(),
            digest: OnceLock::new(),
            args_json: ArgsJson::default(),
            resolved: BTreeMap::new(),
        }
    }

    fn find_tool(&self, input: &RequestInput) -> Result<ToolId, Invalid> {
        self.find(input.kind, input.server.as_deref(), &input.tool).ok_or_else(|| {
            let server =
                input.server.as_deref().map_or_else(String::new, |server| format!(" on server `{}`", shown(server)));
            let hint = if !self.index.tools.contains_key(input.tool.as_str()) {
                did_you_mean(&input.tool, self.bundle.tools.iter().map(|tool| tool.wire.as_str()))
            } else {
                " (one of this name exists with another server or kind)".to_owned()
            };
            let message =
                format!("the policy declares no {} `{}`{server}{hint}", kind_name(input.kind), shown(&input.tool));
            Invalid::because(Reason::UnknownTool, "/tool", message)
        })
    }

    fn find_env(&self, name: &str) -> Result<u32, Invalid> {
        self.index.envs.get(name).copied().ok_or_else(|| {
            let hint = did_you_mean(name, self.bundle.environments.iter().map(String::as_str));
            let message = format!("the policy declares no environment `{}`{hint}", shown(name));
            Invalid::because(Reason::UnknownEnvironment, "/environment", message)
        })
    }

    fn find_labels(&self, names: &[String]) -> Result<Bits, Invalid> {
        let mut labels = Bits::default();
        for (i, name) in names.iter().enumerate() {
            let label = self.index.labels.get(name.as_str()).ok_or_else(|| {
                let hint = did_you_mean(name, self.bundle.labels.iter().map(String::as_str));
                Invalid::new(format!("/labels/{i}"), format!("the policy declares no label `{}`{hint}", shown(name)))
            })?;
            labels.insert(*label);
        }
        Ok(labels)
    }

    /// The roles held, with those that they include.
    fn find_roles(&self, names: &[String], pointer: &str) -> Result<BitSet, Invalid> {
        let mut roles = BitSet::with_len(self.bundle.roles.len());
        for (i, name) in names.iter().enumerate() {
            let role = self.index.roles.get(name.as_str()).and_then(|role| self.bundle.roles.get(*role as usize));
            let role = role.ok_or_else(|| {
                let hint = did_you_mean(name, self.bundle.roles.iter().map(|role| role.name.as_str()));
                Invalid::new(
                    format!("{pointer}/roles/{i}"),
                    format!("the policy declares no role `{}`{hint}", shown(name)),
                )
            })?;
            role.closure.iter().for_each(|included| roles.insert(*included));
        }
        Ok(roles)
    }

    fn caller(&self, agent: &AgentInput, user: Option<&UserInput>) -> Result<(Caller, Names), Invalid> {
        let no_paths = BTreeMap::new();
        let decoder = Decoder::request(&self.bundle.schema, &self.limits, &no_paths);
        let own = self.find_roles(&agent.roles, "/agent")?;
        let (mut all, mut any) = (own.clone(), own);
        if agent.chain.len() > self.limits.elements {
            return Err(Invalid::because(Reason::LimitsExceeded, "/agent/chain", "the chain is too long"));
        }
        let mut chain = Vec::with_capacity(agent.chain.len());
        for (i, link) in agent.chain.iter().enumerate() {
            let roles = self.find_roles(&link.roles, &format!("/agent/chain/{i}"))?;
            all.intersect(&roles);
            any.extend(&roles);
            chain.push(roles);
        }
        let caller = Caller {
            roles: (all, any),
            user_roles: user.map(|user| self.find_roles(&user.roles, "/user")).transpose()?,
            agent: decoder.members(&agent.attrs, &self.bundle.agent, "/agent")?,
            user: user.map(|user| decoder.members(&user.attrs, &self.bundle.user, "/user")).transpose()?,
        };
        Ok((caller, Names::of(agent, user, chain)))
    }

    /// Live data by the policy's declarations; what it does not declare is for another policy.
    fn live(&self, decoder: &Decoder<'_>, input: &RequestInput) -> Result<Vec<Option<Value>>, Invalid> {
        let mut out = Vec::with_capacity(self.bundle.lives.len());
        for live in &self.bundle.lives {
            let given = input.live.iter().find(|(name, _)| *name == live.name).map(|(_, json)| json);
            let value = given.filter(|json| **json != Json::Null);
            let pointer = format!("/live/{}", live.name);
            out.push(value.map(|json| decoder.value(json, &live.ty, &pointer).map_err(Invalid::from)).transpose()?);
        }
        Ok(out)
    }
}

impl From<DecodeError> for Invalid {
    fn from(error: DecodeError) -> Invalid {
        let reason = if error.limit { Reason::LimitsExceeded } else { Reason::InvalidRequest };
        Invalid { reason, pointer: error.pointer, message: error.message }
    }
}

/// An argument that does not fit; one that is not declared may be misspelt.
fn argument(error: DecodeError, tool: &ToolDef) -> Invalid {
    let mut invalid = Invalid::from(error);
    let name = invalid.pointer.strip_prefix("/args/").filter(|name| !name.contains('/'));
    if let Some(name) = name
        && tool.params.iter().all(|param| param.name != name)
    {
        let hint = did_you_mean(name, tool.params.iter().map(|param| param.name.as_str()));
        invalid.message = format!("`{}` has no argument `{}`{hint}", tool.name, shown(name));
    }
    invalid
}

/// A pinned tool is the one whose definition was looked at.
fn checked_pin(tool: &ToolDef, digest: Option<&str>) -> Result<(), Invalid> {
    let Some(pinned) = tool.pinned else { return Ok(()) };
    let message = match digest {
        Some(digest) if digest.parse() == Ok(pinned) => return Ok(()),
        Some(_) => format!("the definition of `{}` is not the one that the policy pins", tool.name),
        None => format!("the policy pins the definition of `{}`, and the request does not state its digest", tool.name),
    };
    Err(Invalid::because(Reason::ToolChanged, "/tool/digest", message))
}

/// Resolved paths in canonical form, so that the digest does not depend on their spelling.
fn canonical_targets(resolved: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Invalid> {
    let canonical = |(pointer, target): (&String, &String)| {
        let path = crate::PathValue::unresolved(target).map_err(|e| {
            let mut at = "/resolved".to_owned();
            crate::json::push_token(&mut at, pointer);
            Invalid::new(at, e)
        })?;
        Ok((pointer.clone(), path.as_str().to_owned()))
    };
    resolved.iter().map(canonical).collect()
}

/// The value of one constraint for the host.
pub(crate) fn constraint_json(policy: &Policy, value: &Value, ty: &crate::Type) -> Json {
    value_to_json(value, ty, &policy.bundle.schema)
}
