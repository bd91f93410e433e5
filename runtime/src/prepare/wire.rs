//! From a request's wire form straight to what is decided about: the quick way for requests that fit.
//!
//! As in `tape.rs`, `None` is "I don't know": the request is then read by [`crate::RequestInput::from_json`] and understood by
//! [`Policy::understand`], which also say what is wrong with it. Whatever is accepted here is accepted there, and the same.

use std::collections::BTreeMap;

use super::names::{Names, Person, Span};
use super::unread::Unread;
use super::{Caller, canonical_targets, checked_pin, origins};
use crate::bitset::{BitSet, Bits};
use crate::bundle::{Kind as ToolKind, ToolDef, ToolId};
use crate::decode::direct::{At, Direct, Wanted};
use crate::reads::Reads;
use crate::tape::{Item, Kind, Tape};
use crate::{Evidence, Extra, Field, Json, Policy, Request, Time, Value};

/// The members of a request that are there; `null` is absent.
#[derive(Default)]
struct Members<'t> {
    call_id: Option<Item<'t>>,
    time: Option<Item<'t>>,
    tenant: Option<Item<'t>>,
    session: Option<Item<'t>>,
    parent_session: Option<Item<'t>>,
    environment: Option<Item<'t>>,
    agent: Option<Item<'t>>,
    user: Option<Item<'t>>,
    kind: Option<Item<'t>>,
    tool: Option<Item<'t>>,
    args: Option<Item<'t>>,
    context: Option<Item<'t>>,
    labels: Option<Item<'t>>,
    origins: Option<Item<'t>>,
    resolved: Option<Item<'t>>,
    live: Option<Item<'t>>,
    approvals: Option<Item<'t>>,
}

impl<'t> Members<'t> {
    fn of(root: Item<'t>) -> Option<Members<'t>> {
        let mut found = Members::default();
        for (key, item) in object(root)? {
            let place = match key {
                "call_id" => &mut found.call_id,
                "time" => &mut found.time,
                "tenant" => &mut found.tenant,
                "session" => &mut found.session,
                "parent_session" => &mut found.parent_session,
                "environment" => &mut found.environment,
                "agent" => &mut found.agent,
                "user" => &mut found.user,
                "kind" => &mut found.kind,
                "tool" => &mut found.tool,
                "args" => &mut found.args,
                "context" => &mut found.context,
                "labels" => &mut found.labels,
                "origins" => &mut found.origins,
                "resolved" => &mut found.resolved,
                "live" => &mut found.live,
                "approvals" => &mut found.approvals,
                _ => return None,
            };
            *place = Some(item).filter(|item| !item.is_null());
        }
        Some(found)
    }
}

/// The members of what must be an object.
fn object(item: Item<'_>) -> Option<impl Iterator<Item = (&str, Item<'_>)>> {
    (item.kind() == Kind::Object).then(|| item.members())
}

/// The elements of what must be an array, or is not there.
fn elements<'t>(item: Option<Item<'t>>) -> Option<impl Iterator<Item = Item<'t>>> {
    let fits = item.is_none_or(|item| item.kind() == Kind::Array);
    fits.then(|| item.into_iter().flat_map(Item::items))
}

/// Reads what must be a text, or is not there.
fn named(names: &mut Names, item: Option<Item<'_>>) -> Option<Option<Span>> {
    match item {
        None => Some(None),
        Some(item) => match item.plain() {
            Some(name) => Some(Some(names.add(name))),
            None => Some(Some(names.add(&item.text()?))),
        },
    }
}

/// A tool as it is named in a request.
struct Called<'t> {
    id: ToolId,
    def: &'t ToolDef,
    digest: Option<Item<'t>>,
}

/// What the host says of an agent or a user besides attributes.
#[derive(Default)]
struct Told<'t> {
    id: Option<Item<'t>>,
    owner: Option<Item<'t>>,
    roles: Option<Item<'t>>,
    chain: Option<Item<'t>>,
}

impl<'t> Told<'t> {
    fn of(item: Item<'t>) -> Option<Told<'t>> {
        let mut told = Told::default();
        for (key, item) in object(item)? {
            let place = match key {
                "id" => &mut told.id,
                "owner" => &mut told.owner,
                "roles" => &mut told.roles,
                "chain" => &mut told.chain,
                _ => continue,
            };
            *place = Some(item).filter(|item| !item.is_null());
        }
        Some(told)
    }

    fn person(&self, names: &mut Names) -> Option<Person> {
        Some(Person { id: named(names, self.id)??, owner: named(names, self.owner)? })
    }
}

impl Policy {
    /// Reads a request from its wire form, if all is well with it.
    pub(crate) fn understand_json(&self, bytes: &[u8]) -> Option<Request> {
        let tape = Tape::read(bytes, &self.limits)?;
        let members = Members::of(tape.root()?)?;
        let called = self.called(&members)?;
        let reads = self.reads(called.id, called.def)?;
        let request = self.read(&tape, &members, &called, reads)?;
        if reads.facts {
            request.facts(self);
        }
        Some(request)
    }

    fn read(&self, tape: &Tape<'_>, members: &Members<'_>, called: &Called<'_>, reads: &Reads) -> Option<Request> {
        let env = *self.index.envs.get(&*members.environment?.text()?)?;
        let time = match members.time {
            Some(time) => Some(Time::parse(&time.text()?).ok()?),
            None => None,
        };
        let args_len = members.args.map_or(0, |args| args.source().len());
        let mut names = Names::with_capacity(tape.text().len().saturating_sub(args_len));
        let caller = self.read_caller(&mut names, members)?;
        names.call_id = named(&mut names, members.call_id)?;
        names.tenant = named(&mut names, members.tenant)?;
        names.session = named(&mut names, members.session)?;
        names.parent_session = named(&mut names, members.parent_session)?;
        names.tool_digest = named(&mut names, called.digest)?;
        checked_pin(called.def, names.find(names.tool_digest)).ok()?;

        let resolved = read_resolved(members.resolved)?;
        let direct = Direct { schema: &self.bundle.schema, limits: &self.limits, resolved: &resolved };
        let (args, unread) = read_args(&direct, members.args, called.def, reads)?;
        let context = match members.context {
            Some(context) => Some(attributes(&direct, context, &self.bundle.context, &[], "/context")?),
            None => None,
        };
        Some(Request {
            context,
            origins: self.read_origins(members, called.def)?,
            labels: self.read_labels(members.labels)?,
            live: self.read_live(&direct, members.live)?,
            evidence: self.read_evidence(members.approvals)?,
            args: Some(args),
            unread,
            resolved,
            ..self.skeleton(called.id, env, time, names, caller)
        })
    }

    fn called<'t>(&'t self, members: &Members<'t>) -> Option<Called<'t>> {
        let kind = match members.kind {
            None => ToolKind::Tool,
            Some(kind) => match &*kind.text()? {
                "tool" => ToolKind::Tool,
                "resource" => ToolKind::Resource,
                "prompt" => ToolKind::Prompt,
                _ => return None,
            },
        };
        let tool = members.tool?;
        let (mut name, mut server, mut digest) = (None, None, None);
        match tool.kind() {
            Kind::Text => name = Some(tool),
            _ => {
                for (key, item) in object(tool)? {
                    let place = match key {
                        "name" => &mut name,
                        "server" => &mut server,
                        "digest" => &mut digest,
                        _ => return None,
                    };
                    *place = Some(item).filter(|item| !item.is_null());
                }
            }
        }
        let server = match server {
            Some(server) => Some(server.text()?),
            None => None,
        };
        let id = self.find(kind, server.as_deref(), &name?.text()?)?;
        Some(Called { id, def: self.bundle.tools.get(id.index())?, digest })
    }

    fn read_caller(&self, names: &mut Names, members: &Members<'_>) -> Option<Caller> {
        let no_paths = BTreeMap::new();
        let direct = Direct { schema: &self.bundle.schema, limits: &self.limits, resolved: &no_paths };
        let agent = Told::of(members.agent?)?;
        names.agent = agent.person(names)?;
        let own = self.read_roles(agent.roles)?;
        let mut roles = (own.clone(), own);
        for link in elements(agent.chain)? {
            let link = Told::of(link)?;
            let held = self.read_roles(link.roles)?;
            if link.chain.is_some() {
                return None;
            }
            roles.0.intersect(&held);
            roles.1.extend(&held);
            let person = link.person(names)?;
            names.chain.push((person, held));
        }
        let host = ["id", "roles", "owner", "chain"];
        let agent = attributes(&direct, members.agent?, &self.bundle.agent, &host, "/agent")?;
        let Some(item) = members.user else { return Some(Caller { roles, user_roles: None, agent, user: None }) };
        let user = Told::of(item)?;
        names.user = Some(named(names, user.id)??);
        Some(Caller {
            roles,
            user_roles: Some(self.read_roles(user.roles)?),
            agent,
            user: Some(attributes(&direct, item, &self.bundle.user, &["id", "roles"], "/user")?),
        })
    }

    fn read_roles(&self, names: Option<Item<'_>>) -> Option<BitSet> {
        let mut roles = BitSet::with_len(self.bundle.roles.len());
        for name in elements(names)? {
            let role = self.index.roles.get(&*name.text()?)?;
            self.bundle.roles.get(*role as usize)?.closure.iter().for_each(|included| roles.insert(*included));
        }
        Some(roles)
    }

    fn read_labels(&self, names: Option<Item<'_>>) -> Option<Bits> {
        elements(names)?.map(|name| self.index.labels.get(&*name.text()?).copied()).collect()
    }

    fn read_live(&self, direct: &Direct<'_>, live: Option<Item<'_>>) -> Option<Vec<Option<Value>>> {
        let mut values: Vec<Option<Value>> = Vec::new();
        values.resize_with(self.bundle.lives.len(), || None);
        let Some(live) = live else { return Some(values) };
        if live.kind() != Kind::Object {
            return None;
        }
        for (def, value) in self.bundle.lives.iter().zip(&mut values) {
            if let Some(item) = live.get(&def.name).filter(|item| !item.is_null()) {
                // The pointer of live data is not escaped.
                let pointer = format!("/live/{}", def.name);
                *value = Some(direct.value(item, &def.ty, &At::Root(&pointer))?);
            }
        }
        Some(values)
    }

    /// Rare enough to be read as a whole first.
    fn read_evidence(&self, approvals: Option<Item<'_>>) -> Option<Vec<Evidence>> {
        let read = |item: Item<'_>| Evidence::from_json(&item.json(&self.limits)?, "").ok();
        elements(approvals)?.map(read).collect()
    }

    fn read_origins(&self, members: &Members<'_>, tool: &ToolDef) -> Option<origins::Answers> {
        let Some(item) = members.origins else { return Some(Vec::new()) };
        let mut said = BTreeMap::new();
        for (pointer, names) in object(item)? {
            let names = Some(names).filter(|names| !names.is_null());
            let names: Vec<String> =
                elements(names)?.map(|name| name.text().map(|name| name.into_owned())).collect::<Option<_>>()?;
            said.insert(pointer.to_owned(), names);
        }
        let args = match members.args {
            Some(args) => args.json(&self.limits)?,
            None => Json::Obj(Vec::new()),
        };
        origins::origins(self, tool, &said, &args).ok()
    }
}

fn read_resolved(resolved: Option<Item<'_>>) -> Option<BTreeMap<String, String>> {
    let Some(resolved) = resolved else { return Some(BTreeMap::new()) };
    let mut targets = BTreeMap::new();
    for (pointer, target) in object(resolved)? {
        targets.insert(pointer.to_owned(), target.text()?.into_owned());
    }
    canonical_targets(&targets).ok()
}

fn read_args(
    direct: &Direct<'_>,
    args: Option<Item<'_>>,
    tool: &ToolDef,
    reads: &Reads,
) -> Option<(Vec<Option<Value>>, Option<Unread>)> {
    let at = At::Root("/args");
    let Some(args) = args else { return direct.no_fields(&tool.params, &at).map(|args| (args, None)) };
    let wanted = Wanted { extra: Extra::Refuse, besides: &[], read: Some(&reads.args) };
    let (values, unread) = direct.wanted_fields(args, &tool.params, &wanted, &at)?;
    let any = unread != Bits::default();
    Some((values, any.then(|| Unread::new(args.source(), unread))))
}

fn attributes(
    direct: &Direct<'_>,
    item: Item<'_>,
    fields: &[Field],
    besides: &[&str],
    pointer: &str,
) -> Option<Vec<Option<Value>>> {
    let wanted = Wanted { extra: Extra::Ignore, besides, read: None };
    direct.wanted_fields(item, fields, &wanted, &At::Root(pointer)).map(|(values, _)| values)
}

#[cfg(test)]
mod tests;
