//! The first step of a decision: a request is understood and checked against the policy's declarations, once.
//!
//! What comes out is canonical and by index, so that everything after works on integers and shared values.
//! Knows declarations; no clause is looked at here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::bitset::{BitSet, Bits};
use crate::bundle::{AttrRoot, Kind, ToolDef, ToolId};
use crate::error::did_you_mean;
use crate::eval::Ev;
use crate::request::shown;
use crate::state::SessionScope;
use crate::{
    AgentInput, DecodeError, Decoder, Digest, Evidence, Extra, Field, Invalid, Json, Policy, Reason, RequestInput,
    Time, Tri, UserInput, Value, fields_to_json, value_to_json,
};

mod origins;
pub mod probe;

/// A request that fits a policy: decoded, canonical, by index. Made by [`Policy::prepare`] and good for that policy only.
#[derive(Debug)]
pub struct Request {
    pub(crate) policy: Digest,
    pub(crate) tool: ToolId,
    pub(crate) env: u32,
    pub(crate) call_id: Option<Arc<str>>,
    pub(crate) tenant: Option<Arc<str>>,
    pub(crate) session: Option<Arc<str>>,
    pub(crate) parent_session: Option<Arc<str>>,
    pub(crate) time: Option<Time>,
    pub(crate) facts: Facts,
    /// Ids of the calling agent and of its chain.
    pub(crate) agents: Vec<Arc<str>>,
    /// Owners of the calling agent and of its chain.
    pub(crate) owners: Vec<Arc<str>>,
    /// Roles that the calling agent and its whole chain hold, and those that any of them holds.
    roles: (BitSet, BitSet),
    user_roles: Option<BitSet>,
    agent: Vec<Option<Value>>,
    user: Option<Vec<Option<Value>>>,
    pub(crate) context: Option<Vec<Option<Value>>>,
    /// `None` while only asking what could be called.
    args: Option<Vec<Option<Value>>>,
    pub(crate) labels: Bits,
    pub(crate) live: Vec<Option<Value>>,
    origins: Vec<(u32, Vec<u32>, Option<Value>)>,
    pub(crate) evidence: Vec<Evidence>,
    digest: OnceLock<Digest>,
    args_json: ArgsJson,
    /// What the digest is taken over besides what stands here; see `digest_json`.
    tool_digest: Option<String>,
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

/// Facts of a fixed type, as values, so that evaluating one copies nothing.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) agent_id: Value,
    pub(crate) agent_owner: Option<Value>,
    pub(crate) chain: Value,
    pub(crate) depth: Value,
    pub(crate) user_id: Option<Value>,
    pub(crate) session: Option<Value>,
    pub(crate) tenant: Option<Value>,
    pub(crate) now: Option<Value>,
}

impl Request {
    /// The host's name for the call.
    #[must_use]
    pub fn call_id(&self) -> Option<&str> {
        self.call_id.as_deref()
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
            fields_to_json(self.args.as_deref().unwrap_or_default(), params, &policy.bundle.schema)
        };
        if policy.digest == self.policy { self.args_json.0.get_or_init(make).clone() } else { make() }
    }

    /// Whose past the call belongs to.
    #[must_use]
    pub fn scope(&self) -> SessionScope<'_> {
        SessionScope {
            tenant: self.tenant.as_deref(),
            session: self.session.as_deref(),
            parent_session: self.parent_session.as_deref(),
        }
    }

    /// Labels that the request itself carries, by name.
    pub fn labels<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = &'a str> {
        self.labels.iter().filter_map(|i| policy.bundle.labels.get(i as usize)).map(String::as_str)
    }

    pub(crate) fn arg(&self, i: u32) -> Ev<'_> {
        match self.args.as_ref().map(|args| args.get(i as usize)) {
            Some(Some(value)) => Ev::field(value.as_ref()),
            _ => Ev::Unknown,
        }
    }

    pub(crate) fn known_args(&self) -> Option<&[Option<Value>]> {
        self.args.as_deref()
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
        let fact = |value: Option<&Value>| text(value.and_then(Value::as_str));
        let context = self.context.as_ref().map(|values| fields_to_json(values, &bundle.context, &bundle.schema));
        let resolved = self.resolved.iter().map(|(at, target)| (at.as_str().into(), Json::str(target.as_str())));
        let members = [
            ("tenant", text(self.tenant.as_deref())),
            ("session", text(self.session.as_deref())),
            ("agent", fact(Some(&self.facts.agent_id))),
            ("chain", Json::Arr(self.agents.iter().skip(1).map(|id| Json::Str(id.clone())).collect())),
            ("user", fact(self.facts.user_id.as_ref())),
            ("kind", text(tool.map(|tool| kind_name(tool.kind)))),
            ("server", text(tool.and_then(|tool| tool.server.as_deref()))),
            ("tool", text(tool.map(|tool| tool.wire.as_str()))),
            ("digest", text(self.tool_digest.as_deref())),
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
pub(crate) struct Caller {
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
        check_pin(def, input)?;
        let env = self.find_env(&input.environment)?;
        let resolved = canonical_targets(&input.resolved)?;
        let caller = self.caller(&input.agent, input.user.as_ref())?;
        let decoder = Decoder::request(&self.bundle.schema, &self.limits, &resolved);
        let args = decoder.fields(&input.args, &def.params, Extra::Refuse, "/args").map_err(|e| argument(e, def))?;
        let context =
            input.context.as_ref().map(|context| attributes(&decoder, context, &self.bundle.context, "/context"));
        let request = Request {
            context: context.transpose()?,
            origins: origins::origins(self, def, input)?,
            labels: self.find_labels(&input.labels)?,
            live: self.live(&decoder, input)?,
            args: Some(args),
            resolved,
            ..self.skeleton(input, tool, env, caller)
        };
        Ok(request)
    }

    /// A request of which nothing is known but who asks where: for [`Policy::callable`].
    pub(crate) fn understand_caller(
        &self,
        agent: &AgentInput,
        user: Option<&UserInput>,
        env: &str,
    ) -> Result<Request, Invalid> {
        let input = RequestInput { agent: agent.clone(), user: user.cloned(), ..RequestInput::default() };
        let env = self.find_env(env)?;
        let caller = self.caller(agent, user)?;
        Ok(self.skeleton(&input, ToolId::default(), env, caller))
    }

    fn skeleton(&self, input: &RequestInput, tool: ToolId, env: u32, caller: Caller) -> Request {
        let shared = |text: &Option<String>| text.as_deref().map(Arc::<str>::from);
        let string = |text: &Option<String>| text.as_deref().map(Value::str);
        let agents = std::iter::once(&input.agent).chain(&input.agent.chain);
        let depth = i64::try_from(input.agent.chain.len()).unwrap_or(i64::MAX);
        Request {
            policy: self.digest,
            tool,
            env,
            call_id: shared(&input.call_id),
            tenant: shared(&input.tenant),
            session: shared(&input.session),
            parent_session: shared(&input.parent_session),
            time: input.time,
            facts: Facts {
                agent_id: Value::str(input.agent.id.as_str()),
                agent_owner: string(&input.agent.owner),
                chain: Value::list(input.agent.chain.iter().map(|link| self.link(link)).collect()),
                depth: Value::Int(depth),
                user_id: input.user.as_ref().map(|user| Value::str(user.id.as_str())),
                session: string(&input.session),
                tenant: string(&input.tenant),
                now: input.time.map(Value::Time),
            },
            agents: agents.clone().map(|agent| agent.id.as_str().into()).collect(),
            owners: agents.filter_map(|agent| agent.owner.as_deref()).map(Arc::from).collect(),
            roles: caller.roles,
            user_roles: caller.user_roles,
            agent: caller.agent,
            user: caller.user,
            context: None,
            args: None,
            labels: Bits::default(),
            live: Vec::new(),
            origins: Vec::new(),
            evidence: input.approvals.clone(),
            digest: OnceLock::new(),
            args_json: ArgsJson::default(),
            tool_digest: input.tool_digest.clone(),
            resolved: BTreeMap::new(),
        }
    }

    /// A member of the chain as expressions see it; see `builtins/agent.rs`.
    fn link(&self, agent: &AgentInput) -> Value {
        let mut roles: Vec<Value> = Vec::new();
        for role in agent.roles.iter().filter_map(|name| self.index.roles.get(name.as_str())) {
            let closure = self.bundle.roles.get(*role as usize).map(|role| role.closure.as_slice()).unwrap_or_default();
            let names = closure.iter().filter_map(|role| self.bundle.roles.get(*role as usize));
            roles.extend(names.map(|role| Value::str(role.name.as_str())));
        }
        let owner = agent.owner.as_deref().map(Value::str);
        Value::Record([Some(Value::str(agent.id.as_str())), Some(Value::set(roles)), owner].into())
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

    fn caller(&self, agent: &AgentInput, user: Option<&UserInput>) -> Result<Caller, Invalid> {
        let no_paths = BTreeMap::new();
        let decoder = Decoder::request(&self.bundle.schema, &self.limits, &no_paths);
        let object =
            |attrs: &[(String, Json)]| Json::Obj(attrs.iter().map(|(k, v)| (k.as_str().into(), v.clone())).collect());
        let own = self.find_roles(&agent.roles, "/agent")?;
        let (mut all, mut any) = (own.clone(), own);
        if agent.chain.len() > self.limits.elements {
            return Err(Invalid::because(Reason::LimitsExceeded, "/agent/chain", "the chain is too long"));
        }
        for (i, link) in agent.chain.iter().enumerate() {
            let roles = self.find_roles(&link.roles, &format!("/agent/chain/{i}"))?;
            all.intersect(&roles);
            any.extend(&roles);
        }
        Ok(Caller {
            roles: (all, any),
            user_roles: user.map(|user| self.find_roles(&user.roles, "/user")).transpose()?,
            agent: attributes(&decoder, &object(&agent.attrs), &self.bundle.agent, "/agent")?,
            user: user
                .map(|user| attributes(&decoder, &object(&user.attrs), &self.bundle.user, "/user"))
                .transpose()?,
        })
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

fn attributes(
    decoder: &Decoder<'_>,
    json: &Json,
    fields: &[Field],
    pointer: &str,
) -> Result<Vec<Option<Value>>, Invalid> {
    decoder.fields(json, fields, Extra::Ignore, pointer).map_err(Invalid::from)
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
fn check_pin(tool: &ToolDef, input: &RequestInput) -> Result<(), Invalid> {
    let Some(pinned) = tool.pinned else { return Ok(()) };
    let message = match input.tool_digest.as_deref() {
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
