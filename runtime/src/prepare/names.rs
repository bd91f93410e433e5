//! The names that the host gives: of the call, the session, the agents and people. Kept as parts of one text, because few
//! decisions look at any of them.

use crate::bitset::BitSet;
use crate::{AgentInput, Policy, RequestInput, UserInput, Value};

/// A part of the text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

/// Names and whose they are.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    pub(super) call_id: Option<Span>,
    pub(super) tenant: Option<Span>,
    pub(super) session: Option<Span>,
    pub(super) parent_session: Option<Span>,
    pub(super) tool_digest: Option<Span>,
    pub(super) user: Option<Span>,
    pub(super) agent: Person,
    /// The agents that delegated.
    pub(super) chain: Vec<(Person, BitSet)>,
}

/// An agent and whoever is responsible for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Person {
    pub(super) id: Span,
    pub(super) owner: Option<Span>,
}

/// The names as values, for expressions.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) agent_id: Value,
    pub(crate) agent_owner: Option<Value>,
    pub(crate) chain: Value,
    pub(crate) user_id: Option<Value>,
    pub(crate) session: Option<Value>,
    pub(crate) tenant: Option<Value>,
}

impl Names {
    /// No names yet, and room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Names {
        Names { text: String::with_capacity(bytes), ..Names::default() }
    }

    /// Those of an agent, to which `roles` tell what those that delegated to it hold, and of a user.
    pub(super) fn of(agent: &AgentInput, user: Option<&UserInput>, roles: Vec<BitSet>) -> Names {
        let mut names = Names::default();
        names.agent = names.person(&agent.id, agent.owner.as_deref());
        names.user = user.map(|user| names.add(&user.id));
        for (link, roles) in agent.chain.iter().zip(roles) {
            let person = names.person(&link.id, link.owner.as_deref());
            names.chain.push((person, roles));
        }
        names
    }

    /// Adds those of a call.
    pub(super) fn call(&mut self, input: &RequestInput) {
        self.call_id = self.add_some(input.call_id.as_deref());
        self.tenant = self.add_some(input.tenant.as_deref());
        self.session = self.add_some(input.session.as_deref());
        self.parent_session = self.add_some(input.parent_session.as_deref());
        self.tool_digest = self.add_some(input.tool_digest.as_deref());
    }

    pub(super) fn add(&mut self, name: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(name);
        Span { start, end: self.text.len() }
    }

    pub(super) fn add_some(&mut self, name: Option<&str>) -> Option<Span> {
        name.map(|name| self.add(name))
    }

    pub(super) fn person(&mut self, id: &str, owner: Option<&str>) -> Person {
        Person { id: self.add(id), owner: self.add_some(owner) }
    }

    pub(super) fn get(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    pub(super) fn find(&self, span: Option<Span>) -> Option<&str> {
        span.map(|span| self.get(span))
    }

    /// The calling agent and its chain.
    pub(super) fn agents(&self) -> impl Iterator<Item = Person> {
        std::iter::once(self.agent).chain(self.chain.iter().map(|(link, _)| *link))
    }

    pub(super) fn facts(&self, policy: &Policy) -> Facts {
        let value = |span: Option<Span>| self.find(span).map(Value::str);
        let link = |(link, roles): &(Person, BitSet)| {
            // As expressions see it: `builtins/agent.rs`.
            let roles = roles.iter().filter_map(|role| policy.bundle.roles.get(role as usize));
            let roles = Value::set(roles.map(|role| Value::str(role.name.as_str())).collect());
            Value::Record([value(Some(link.id)), Some(roles), value(link.owner)].into())
        };
        Facts {
            agent_id: Value::str(self.get(self.agent.id)),
            agent_owner: value(self.agent.owner),
            chain: Value::list(self.chain.iter().map(link).collect()),
            user_id: value(self.user),
            session: value(self.session),
            tenant: value(self.tenant),
        }
    }
}
