//! A request as the host states it, before any policy has looked at it.
//!
//! Everything but the arguments is the host's word; nothing here may be filled in from what a model wrote.
//! Knows the wire shape and no policy: whether names are declared and arguments fit is `prepare.rs`'s business.

use std::collections::BTreeMap;

use crate::bundle::Kind;
use crate::error::did_you_mean;
use crate::{Evidence, Invalid, Json, Limits, Time};

/// What an agent wants to do, and everything the host knows about the situation.
///
/// ```
/// use claw_runtime::{AgentInput, RequestInput};
/// let request = RequestInput::tool("send_email")
///     .environment("prod")
///     .agent(AgentInput::new("bot-7").role("support").attr("purpose", "support"))
///     .arg("to", ["eva@acme.com"])
///     .arg("subject", "hi");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestInput {
    /// The host's name for the call; needed to reserve and settle it.
    pub call_id: Option<String>,
    /// Now. Without it, nothing that depends on the clock is known.
    pub time: Option<Time>,
    /// Whose data and budgets these are.
    pub tenant: Option<String>,
    /// The conversation or task that the call belongs to.
    pub session: Option<String>,
    /// The session that started this one; its labels are inherited.
    pub parent_session: Option<String>,
    /// Where the call would take effect.
    pub environment: String,
    /// The agent that calls.
    pub agent: AgentInput,
    /// The person it acts for.
    pub user: Option<UserInput>,
    /// What kind of thing is called.
    pub kind: Kind,
    /// The name on the wire.
    pub tool: String,
    /// The server that offers it.
    pub server: Option<String>,
    /// The digest of its definition as the server states it now.
    pub tool_digest: Option<String>,
    /// The arguments, an object.
    pub args: Json,
    /// Attributes of the situation, an object.
    pub context: Option<Json>,
    /// Labels that the session carries as far as the host knows; they add to those in its store.
    pub labels: Vec<String>,
    /// Where values came from, by JSON pointer (`/args/to`).
    pub origins: BTreeMap<String, Vec<String>>,
    /// Where paths lead after following links, by JSON pointer (`/args/path`).
    pub resolved: BTreeMap<String, String>,
    /// Live data of the policy, by name.
    pub live: Vec<(String, Json)>,
    /// Approvals that were given.
    pub approvals: Vec<Evidence>,
}

/// An agent: the one that calls, or one that delegated to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentInput {
    /// Its name.
    pub id: String,
    /// The roles it holds; roles that these include need not be listed.
    pub roles: Vec<String>,
    /// The person responsible for it, who can't approve what it does.
    pub owner: Option<String>,
    /// Attributes as the policy's `agent` block declares them.
    pub attrs: Vec<(String, Json)>,
    /// The agents that delegated, in any order; each restricts what may be done. Only of the calling agent.
    pub chain: Vec<AgentInput>,
}

/// The person on whose behalf the agent acts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserInput {
    /// Their name.
    pub id: String,
    /// The roles they hold.
    pub roles: Vec<String>,
    /// Attributes as the policy's `user` block declares them.
    pub attrs: Vec<(String, Json)>,
}

impl AgentInput {
    /// An agent without roles.
    #[must_use]
    pub fn new(id: impl Into<String>) -> AgentInput {
        AgentInput { id: id.into(), ..AgentInput::default() }
    }
    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> AgentInput {
        self.roles.push(role.into());
        self
    }
    /// Names the person responsible.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> AgentInput {
        self.owner = Some(owner.into());
        self
    }
    /// Sets an attribute.
    #[must_use]
    pub fn attr(mut self, name: impl Into<String>, value: impl Into<Json>) -> AgentInput {
        self.attrs.push((name.into(), value.into()));
        self
    }
    /// Adds an agent that delegated to this one.
    #[must_use]
    pub fn delegated_by(mut self, agent: AgentInput) -> AgentInput {
        self.chain.push(agent);
        self
    }
}

impl UserInput {
    /// A user without roles.
    #[must_use]
    pub fn new(id: impl Into<String>) -> UserInput {
        UserInput { id: id.into(), ..UserInput::default() }
    }
    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> UserInput {
        self.roles.push(role.into());
        self
    }
    /// Sets an attribute.
    #[must_use]
    pub fn attr(mut self, name: impl Into<String>, value: impl Into<Json>) -> UserInput {
        self.attrs.push((name.into(), value.into()));
        self
    }
}

impl RequestInput {
    /// A call of a tool, without arguments.
    #[must_use]
    pub fn tool(name: impl Into<String>) -> RequestInput {
        RequestInput { tool: name.into(), args: Json::Obj(Vec::new()), ..RequestInput::default() }
    }
    /// Calls a resource or a prompt instead of a tool.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> RequestInput {
        self.kind = kind;
        self
    }
    /// Names the server that offers the tool.
    #[must_use]
    pub fn server(mut self, server: impl Into<String>) -> RequestInput {
        self.server = Some(server.into());
        self
    }
    /// States the digest of the tool's definition.
    #[must_use]
    pub fn tool_digest(mut self, digest: impl Into<String>) -> RequestInput {
        self.tool_digest = Some(digest.into());
        self
    }
    /// Names the environment.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>) -> RequestInput {
        self.environment = name.into();
        self
    }
    /// Names the calling agent.
    #[must_use]
    pub fn agent(mut self, agent: AgentInput) -> RequestInput {
        self.agent = agent;
        self
    }
    /// Names the acting user.
    #[must_use]
    pub fn user(mut self, user: UserInput) -> RequestInput {
        self.user = Some(user);
        self
    }
    /// Sets an argument.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl Into<Json>) -> RequestInput {
        set(&mut self.args, name, value.into());
        self
    }
    /// Sets all arguments; `args` is an object.
    #[must_use]
    pub fn args(mut self, args: impl Into<Json>) -> RequestInput {
        self.args = args.into();
        self
    }
    /// Sets an attribute of the context.
    #[must_use]
    pub fn context(mut self, name: &str, value: impl Into<Json>) -> RequestInput {
        set(self.context.get_or_insert_with(|| Json::Obj(Vec::new())), name, value.into());
        self
    }
    /// Sets the clock.
    #[must_use]
    pub fn time(mut self, now: Time) -> RequestInput {
        self.time = Some(now);
        self
    }
    /// Names the session.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> RequestInput {
        self.session = Some(id.into());
        self
    }
    /// Names the session that started this one.
    #[must_use]
    pub fn parent_session(mut self, id: impl Into<String>) -> RequestInput {
        self.parent_session = Some(id.into());
        self
    }
    /// Names the tenant.
    #[must_use]
    pub fn tenant(mut self, id: impl Into<String>) -> RequestInput {
        self.tenant = Some(id.into());
        self
    }
    /// Names the call.
    #[must_use]
    pub fn call_id(mut self, id: impl Into<String>) -> RequestInput {
        self.call_id = Some(id.into());
        self
    }
    /// Adds a label that the session carries.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> RequestInput {
        self.labels.push(label.into());
        self
    }
    /// Says where a value came from; `pointer` as in `/args/to`.
    #[must_use]
    pub fn origin(mut self, pointer: impl Into<String>, origin: impl Into<String>) -> RequestInput {
        self.origins.entry(pointer.into()).or_default().push(origin.into());
        self
    }
    /// Says where a path leads; `pointer` as in `/args/path`.
    #[must_use]
    pub fn resolved(mut self, pointer: impl Into<String>, target: impl Into<String>) -> RequestInput {
        self.resolved.insert(pointer.into(), target.into());
        self
    }
    /// Supplies live data.
    #[must_use]
    pub fn live(mut self, name: impl Into<String>, value: impl Into<Json>) -> RequestInput {
        self.live.push((name.into(), value.into()));
        self
    }
    /// Adds an approval that was given.
    #[must_use]
    pub fn approval(mut self, evidence: Evidence) -> RequestInput {
        self.approvals.push(evidence);
        self
    }

    /// Reads a request from its wire form. Whatever is not part of that form is an error.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<RequestInput, Invalid> {
        RequestInput::from_value(&Json::parse(bytes, limits)?)
    }

    /// Reads a request from JSON that was read already.
    pub fn from_value(json: &Json) -> Result<RequestInput, Invalid> {
        let root = Object::new(json, "")?;
        root.only(KEYS)?;
        let (tool, server, tool_digest) = read_tool(&root)?;
        Ok(RequestInput {
            call_id: root.text("call_id")?,
            time: root.time("time")?,
            tenant: root.text("tenant")?,
            session: root.text("session")?,
            parent_session: root.text("parent_session")?,
            environment: root.required("environment")?,
            agent: read_agent(&root.object("agent")?.ok_or_else(|| root.missing("agent"))?)?,
            user: root.object("user")?.map(|user| read_user(&user)).transpose()?,
            kind: read_kind(&root)?,
            tool,
            server,
            tool_digest,
            args: root.get("args").cloned().unwrap_or_else(|| Json::Obj(Vec::new())),
            context: root.get("context").cloned(),
            labels: root.texts("labels")?,
            origins: root.members("origins", |at, pointer| at.texts(pointer))?.into_iter().collect(),
            resolved: root.members("resolved", |at, pointer| at.required(pointer))?.into_iter().collect(),
            live: root.members("live", |at, name| Ok(at.get(name).cloned().unwrap_or(Json::Null)))?,
            approvals: read_approvals(&root)?,
        })
    }
}

/// The keys of a request.
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

fn set(object: &mut Json, name: &str, value: Json) {
    match object {
        Json::Obj(members) => match members.iter_mut().find(|(key, _)| &**key == name) {
            Some((_, old)) => *old = value,
            None => members.push((name.into(), value)),
        },
        // Not an object: whoever set that is told so when the request is prepared.
        other => {
            if *other == Json::Null {
                *other = Json::Obj(vec![(name.into(), value)]);
            }
        }
    }
}

fn read_tool(root: &Object<'_>) -> Result<(String, Option<String>, Option<String>), Invalid> {
    match root.get("tool") {
        Some(Json::Str(name)) => Ok((name.as_ref().to_owned(), None, None)),
        Some(_) => {
            let tool = root.object("tool")?.ok_or_else(|| root.missing("tool"))?;
            tool.only(&["name", "server", "digest"])?;
            Ok((tool.required("name")?, tool.text("server")?, tool.text("digest")?))
        }
        None => Err(root.missing("tool")),
    }
}

fn read_kind(root: &Object<'_>) -> Result<Kind, Invalid> {
    match root.text("kind")?.as_deref() {
        None | Some("tool") => Ok(Kind::Tool),
        Some("resource") => Ok(Kind::Resource),
        Some("prompt") => Ok(Kind::Prompt),
        Some(other) => Err(Invalid::new("/kind", format!("`{}` is not one of tool, resource, prompt", shown(other)))),
    }
}

fn read_agent(agent: &Object<'_>) -> Result<AgentInput, Invalid> {
    let chain = agent.items("chain")?;
    let mut links = Vec::with_capacity(chain.len());
    for (i, link) in chain.iter().enumerate() {
        let link = Object::new(link, &format!("{}/chain/{i}", agent.pointer))?;
        if link.get("chain").is_some() {
            return Err(Invalid::new(format!("{}/chain", link.pointer), "only the calling agent has a chain"));
        }
        links.push(AgentInput {
            id: link.required("id")?,
            roles: link.texts("roles")?,
            owner: link.text("owner")?,
            ..AgentInput::default()
        });
    }
    Ok(AgentInput {
        id: agent.required("id")?,
        roles: agent.texts("roles")?,
        owner: agent.text("owner")?,
        attrs: agent.others(&["id", "roles", "owner", "chain"]),
        chain: links,
    })
}

fn read_user(user: &Object<'_>) -> Result<UserInput, Invalid> {
    Ok(UserInput { id: user.required("id")?, roles: user.texts("roles")?, attrs: user.others(&["id", "roles"]) })
}

fn read_approvals(root: &Object<'_>) -> Result<Vec<Evidence>, Invalid> {
    let items = root.items("approvals")?;
    items.iter().enumerate().map(|(i, item)| Evidence::from_json(item, &format!("/approvals/{i}"))).collect()
}

/// An object of the request and where it stands. A member that is `null` counts as absent.
pub(crate) struct Object<'a> {
    members: &'a [(std::sync::Arc<str>, Json)],
    pub(crate) pointer: String,
}

impl<'a> Object<'a> {
    pub(crate) fn new(json: &'a Json, pointer: &str) -> Result<Object<'a>, Invalid> {
        match json {
            Json::Obj(members) => Ok(Object { members, pointer: pointer.to_owned() }),
            other => Err(Invalid::new(pointer, format!("expected an object, found {}", other.kind()))),
        }
    }

    /// Refuses members with any other name.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Invalid> {
        match self.members.iter().find(|(key, _)| !known.contains(&&**key)) {
            None => Ok(()),
            Some((key, _)) => {
                let hint = did_you_mean(key, known.iter().copied());
                Err(Invalid::new(self.at(key), format!("`{}` is not a key of this object{hint}", shown(key))))
            }
        }
    }

    pub(crate) fn at(&self, key: &str) -> String {
        let mut pointer = self.pointer.clone();
        crate::json::push_token(&mut pointer, key);
        pointer
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Json> {
        self.members.iter().find(|(k, _)| &**k == key).map(|(_, v)| v).filter(|v| **v != Json::Null)
    }

    pub(crate) fn missing(&self, key: &str) -> Invalid {
        Invalid::new(self.at(key), format!("`{key}` is missing"))
    }

    fn wrong(&self, key: &str, expected: &str, found: &Json) -> Invalid {
        Invalid::new(self.at(key), format!("expected {expected}, found {}", found.kind()))
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, Invalid> {
        match self.get(key) {
            None => Ok(None),
            Some(Json::Str(text)) => Ok(Some(text.as_ref().to_owned())),
            Some(other) => Err(self.wrong(key, "a string", other)),
        }
    }

    pub(crate) fn required(&self, key: &str) -> Result<String, Invalid> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    pub(crate) fn time(&self, key: &str) -> Result<Option<Time>, Invalid> {
        self.text(key)?.map(|text| Time::parse(&text).map_err(|e| Invalid::new(self.at(key), e))).transpose()
    }

    pub(crate) fn items(&self, key: &str) -> Result<&'a [Json], Invalid> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Json::Arr(items)) => Ok(items),
            Some(other) => Err(self.wrong(key, "an array", other)),
        }
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, Invalid> {
        let text = |(i, item): (usize, &Json)| match item {
            Json::Str(text) => Ok(text.as_ref().to_owned()),
            other => {
                Err(Invalid::new(format!("{}/{i}", self.at(key)), format!("expected a string, found {}", other.kind())))
            }
        };
        self.items(key)?.iter().enumerate().map(text).collect()
    }

    pub(crate) fn object(&self, key: &str) -> Result<Option<Object<'a>>, Invalid> {
        self.get(key).map(|json| Object::new(json, &self.at(key))).transpose()
    }

    /// The members of the object under `key`, each read by `read`.
    fn members<T>(
        &self,
        key: &str,
        read: impl Fn(&Object<'a>, &str) -> Result<T, Invalid>,
    ) -> Result<Vec<(String, T)>, Invalid> {
        let Some(object) = self.object(key)? else { return Ok(Vec::new()) };
        object.members.iter().map(|(name, _)| Ok((name.as_ref().to_owned(), read(&object, name)?))).collect()
    }

    /// The members that are none of these: attributes.
    fn others(&self, host: &[&str]) -> Vec<(String, Json)> {
        let others = self.members.iter().filter(|(key, _)| !host.contains(&&**key));
        others.map(|(key, value)| (key.as_ref().to_owned(), value.clone())).collect()
    }
}

/// Text of a request, fit for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    crate::render::escape(text, 60, &mut out);
    out
}

macro_rules! into_json {
    ($($ty:ty: $value:ident => $json:expr;)*) => { $(
        impl From<$ty> for Json {
            fn from($value: $ty) -> Json {
                $json
            }
        }
    )* };
}

into_json! {
    bool: b => Json::Bool(b);
    i64: n => Json::int(n);
    i32: n => Json::int(n.into());
    crate::Decimal: d => Json::Num(d.to_string().into());
    &str: text => Json::str(text);
    String: text => Json::str(text);
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Json {
        Json::Arr(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Json>, const N: usize> From<[T; N]> for Json {
    fn from(items: [T; N]) -> Json {
        Json::Arr(items.into_iter().map(Into::into).collect())
    }
}
