//! What AuthZEN's subject, action, resource and context are in a claw request.
//!
//! | AuthZEN | claw |
//! |---|---|
//! | `subject` of type `agent` | `agent`: its `id`, and the properties as roles, owner, chain and attributes |
//! | `subject` of type `user` | `user`, likewise; the agent is `context.claw.agent`, or else the token's |
//! | `resource` of type `tool` | the tool of that `id`, if the action is to call it; of its properties, `arguments` are the call's, `server` and `digest` the tool's |
//! | `resource` of type `server` | the server of the tool that `action.name` names; its properties are `digest` and `kind` |
//! | `action.name`, with a `resource` of another type | the tool's name |
//! | `action.properties` | arguments |
//! | `resource` of another type | the arguments `type` and `id`, and its properties as further arguments |
//! | `context.claw` | the rest of the host's word: `environment`, `session`, `labels`, … and what it `enforces` |
//! | `context` otherwise | `context` |
//!
//! Nothing is left out silently that could make a decision stricter: what the tool's signature does not know is a denial.

use std::sync::Arc;

use claw_runtime::{Invalid, Json, Reason, RequestInput};

use super::super::host::own_tenant;
use crate::config::{Caller, Config};

/// What a host may say in `context.claw`, besides `enforces`.
const HOST: [&str; 10] =
    ["tenant", "environment", "session", "parent_session", "time", "labels", "origins", "resolved", "agent", "user"];

/// What enforcement points call it that a tool is called.
const CALLING: [&str; 6] = ["call", "execute", "invoke", "use", "tools/call", "tool_call.execute"];

/// The parts of an evaluation, as far as they are there.
#[derive(Clone, Copy)]
pub(super) struct Evaluation<'a> {
    subject: Option<&'a Json>,
    action: Option<&'a Json>,
    resource: Option<&'a Json>,
    context: Option<&'a Json>,
}

/// What is to be decided.
pub(super) struct Mapped {
    /// A denial where it is well-formed in AuthZEN and not in claw.
    pub(super) request: Result<Box<RequestInput>, Invalid>,
    /// The constraints that the client enforces.
    pub(super) enforced: Vec<String>,
}

/// Why it is no evaluation by the rules of AuthZEN.
#[derive(Debug)]
pub(super) struct NotWellFormed(pub(super) String);

/// A subject or a resource.
struct Entity<'a> {
    ty: &'a str,
    id: &'a str,
    properties: &'a [(Arc<str>, Json)],
}

type Members = Vec<(Arc<str>, Json)>;

impl<'a> Evaluation<'a> {
    /// The parts of an object; those that are `null` are not there.
    pub(super) fn of(json: &'a Json) -> Evaluation<'a> {
        let part = |name| json.get(name).filter(|part| **part != Json::Null);
        Evaluation {
            subject: part("subject"),
            action: part("action"),
            resource: part("resource"),
            context: part("context"),
        }
    }

    /// With the parts of another where it has none of its own.
    pub(super) fn or(self, common: Evaluation<'a>) -> Evaluation<'a> {
        Evaluation {
            subject: self.subject.or(common.subject),
            action: self.action.or(common.action),
            resource: self.resource.or(common.resource),
            context: self.context.or(common.context),
        }
    }

    /// As a request of this caller.
    pub(super) fn map(self, caller: &Caller, config: &Config) -> Result<Mapped, NotWellFormed> {
        let subject = entity(self.subject, "subject")?;
        let resource = entity(self.resource, "resource")?;
        let action = object(self.action, "action")?.ok_or_else(|| missing("action"))?;
        let name = string(action, "name", "action")?;
        let arguments = object(action.get("properties"), "action.properties")?;
        let context = object(self.context, "context")?;
        let claw = context.and_then(|context| context.get("claw"));
        let claw = object(claw, "context.claw")?;
        let enforced = claw.map(enforced).transpose()?.unwrap_or_default();
        let request = subject_members(&subject, claw)
            .and_then(|mut members| {
                members.extend(call(name, arguments, &resource)?);
                members.extend(surroundings(context, claw)?);
                finished(members, &subject, claw, caller, config)
            })
            .map(Box::new);
        Ok(Mapped { request, enforced })
    }
}

fn entity<'a>(json: Option<&'a Json>, name: &str) -> Result<Entity<'a>, NotWellFormed> {
    let json = object(json, name)?.ok_or_else(|| missing(name))?;
    let properties = object(json.get("properties"), &format!("{name}.properties"))?;
    let properties = if let Some(Json::Obj(members)) = properties { members.as_slice() } else { &[] };
    Ok(Entity { ty: string(json, "type", name)?, id: string(json, "id", name)?, properties })
}

fn object<'a>(json: Option<&'a Json>, name: &str) -> Result<Option<&'a Json>, NotWellFormed> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Obj(_)) => Ok(json),
        Some(_) => Err(NotWellFormed(format!("`{name}` must be an object"))),
    }
}

fn string<'a>(json: &'a Json, key: &str, of: &str) -> Result<&'a str, NotWellFormed> {
    match json.get(key) {
        Some(Json::Str(text)) => Ok(text),
        Some(_) => Err(NotWellFormed(format!("`{of}.{key}` must be a string"))),
        None => Err(missing(&format!("{of}.{key}"))),
    }
}

fn missing(name: &str) -> NotWellFormed {
    NotWellFormed(format!("`{name}` is missing"))
}

fn invalid(pointer: &str, message: impl Into<String>) -> Invalid {
    Invalid { reason: Reason::InvalidRequest, pointer: pointer.to_owned(), message: message.into() }
}

/// What the client enforces; it says so in `context.claw.enforces`.
fn enforced(claw: &Json) -> Result<Vec<String>, NotWellFormed> {
    let wrong = || NotWellFormed("`context.claw.enforces` must be an array of strings".to_owned());
    match claw.get("enforces") {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Arr(items)) => items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

/// The members `agent` and `user`.
fn subject_members(subject: &Entity<'_>, claw: Option<&Json>) -> Result<Members, Invalid> {
    let stated = |key: &str| claw.and_then(|claw| claw.get(key)).filter(|json| **json != Json::Null).cloned();
    let acting = with_id(subject, "/subject/properties")?;
    match subject.ty {
        "agent" => {
            if stated("agent").is_some() {
                return Err(invalid("/context/claw/agent", "the subject is the agent already"));
            }
            let user = stated("user").map(|user| ("user".into(), user));
            Ok([("agent".into(), acting)].into_iter().chain(user).collect())
        }
        "user" => {
            if stated("user").is_some() {
                return Err(invalid("/context/claw/user", "the subject is the user already"));
            }
            // Without one the token's takes its place; see `finished`.
            let agent = stated("agent").unwrap_or_else(|| Json::Obj(vec![("id".into(), Json::str(""))]));
            Ok(vec![("agent".into(), agent), ("user".into(), acting)])
        }
        _ => Err(invalid("/subject/type", "a subject is of type `agent` or `user`")),
    }
}

/// The entity's properties with its id among them.
fn with_id(entity: &Entity<'_>, pointer: &str) -> Result<Json, Invalid> {
    let id = [("id".into(), Json::str(entity.id))];
    distinct(id.into_iter().chain(entity.properties.iter().cloned()).collect(), pointer).map(Json::Obj)
}

/// The members `tool`, `kind` and `args`.
fn call(action: &str, arguments: Option<&Json>, resource: &Entity<'_>) -> Result<Members, Invalid> {
    let mut args = members_of(arguments);
    let mut members: Members = Vec::new();
    let mut tool: Members = Vec::new();
    match resource.ty {
        "tool" => {
            if !CALLING.contains(&action) {
                let message = format!("what is done with a tool is one of {}", CALLING.join(", "));
                return Err(invalid("/action/name", message));
            }
            tool.push(("name".into(), Json::str(resource.id)));
            for (key, value) in resource.properties {
                match (&**key, value) {
                    ("server" | "digest", _) => tool.push((key.clone(), value.clone())),
                    ("arguments", Json::Obj(more)) => args.extend(more.iter().cloned()),
                    ("arguments", Json::Null) => {}
                    ("arguments", _) => {
                        return Err(invalid("/resource/properties/arguments", "arguments are an object"));
                    }
                    _ => {
                        let message = "a tool has the properties `arguments`, `server` and `digest`";
                        return Err(invalid("/resource/properties", message));
                    }
                }
            }
        }
        "server" => {
            tool.extend([("name".into(), Json::str(action)), ("server".into(), Json::str(resource.id))]);
            for (key, value) in resource.properties {
                match &**key {
                    "digest" => tool.push((key.clone(), value.clone())),
                    "kind" => members.push((key.clone(), value.clone())),
                    _ => {
                        return Err(invalid("/resource/properties", "a server has the properties `digest` and `kind`"));
                    }
                }
            }
        }
        _ => {
            tool.push(("name".into(), Json::str(action)));
            args.extend([("type".into(), Json::str(resource.ty)), ("id".into(), Json::str(resource.id))]);
            args.extend(resource.properties.iter().cloned());
        }
    }
    members.push(("tool".into(), Json::Obj(tool)));
    members.push(("args".into(), Json::Obj(distinct(args, "/resource/properties")?)));
    Ok(members)
}

fn members_of(json: Option<&Json>) -> Members {
    if let Some(Json::Obj(members)) = json { members.clone() } else { Vec::new() }
}

/// What else the host says, and the policy's `context`.
fn surroundings(context: Option<&Json>, claw: Option<&Json>) -> Result<Members, Invalid> {
    let mut members: Members = Vec::new();
    if let Some(Json::Obj(stated)) = claw {
        for (key, value) in stated {
            match &**key {
                "agent" | "user" | "enforces" => {}
                known if HOST.contains(&known) => members.push((key.clone(), value.clone())),
                _ => {
                    let known = HOST.join(", ");
                    return Err(invalid("/context/claw", format!("`claw` may have: {known}, enforces")));
                }
            }
        }
    }
    if let Some(Json::Obj(all)) = context {
        let attributes: Members = all.iter().filter(|(key, _)| **key != *"claw").cloned().collect();
        members.push(("context".into(), Json::Obj(attributes)));
    }
    Ok(members)
}

/// The request, with what the token and the configuration say where the host says nothing.
fn finished(
    mut members: Members,
    subject: &Entity<'_>,
    claw: Option<&Json>,
    caller: &Caller,
    config: &Config,
) -> Result<RequestInput, Invalid> {
    let stated = |key: &str| claw.and_then(|claw| claw.get(key)).is_some_and(|json| *json != Json::Null);
    if !stated("environment") {
        members.retain(|(key, _)| **key != *"environment");
        let environment = caller.environment.as_deref().unwrap_or(&config.environment);
        members.push(("environment".into(), Json::str(environment)));
    }
    let mut input = RequestInput::from_value(&Json::Obj(members))?;
    if subject.ty == "user" && !stated("agent") {
        input.agent = caller.agent.clone();
    }
    let tenant = own_tenant(caller, input.tenant.take());
    input.tenant = tenant.map_err(|problem| invalid("/context/claw/tenant", problem.message))?;
    Ok(input)
}

fn distinct(members: Members, pointer: &str) -> Result<Members, Invalid> {
    let mut names: Vec<&str> = members.iter().map(|(key, _)| &**key).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(invalid(pointer, "two parts of the evaluation give the same name a value"));
    }
    Ok(members)
}
