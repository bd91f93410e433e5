//! Asks what expressions come to in a situation that is made up: for tools that analyse policies.
//!
//! It is the evaluator that decides, over a request that nobody sent. Nothing here decides.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::names::Names;
use super::{ArgsJson, Request};
use crate::bitset::{BitSet, Bits};
use crate::bundle::{AttrRoot, CondId, ExprId, Fact, ToolId};
use crate::eval::{Eval, Local, Scope, Val};
use crate::externs::Answers;
use crate::judge::Judge;
use crate::{NoState, Policy, State, StateView, Tri, Value};

/// A made-up call of one tool. Everything is absent or missing until it is set, and no role is held.
#[derive(Debug)]
pub struct Probe<'p> {
    policy: &'p Policy,
    request: Request,
}

impl<'p> Probe<'p> {
    /// A call of this tool (an index into the bundle's tools) in the first environment.
    #[must_use]
    pub fn new(policy: &'p Policy, tool: ToolId) -> Probe<'p> {
        let bundle = &policy.bundle;
        let params = bundle.tools.get(tool.index()).map_or(0, |tool| tool.params.len());
        let none = || BitSet::with_len(bundle.roles.len());
        let request = Request {
            policy: policy.digest,
            tool,
            env: 0,
            time: None,
            now: None,
            depth: Value::Int(0),
            names: Names::default(),
            facts: OnceLock::from(Box::new(Names::default().facts(policy))),
            roles: (none(), none()),
            user_roles: None,
            agent: vec![None; bundle.agent.len()],
            user: None,
            context: None,
            args: Some(vec![None; params]),
            unread: None,
            labels: Bits::default(),
            live: vec![None; bundle.lives.len()],
            origins: Vec::new(),
            evidence: Vec::new(),
            digest: OnceLock::new(),
            args_json: ArgsJson::default(),
            resolved: BTreeMap::new(),
        };
        Probe { policy, request }
    }

    /// A call as it was prepared by this policy.
    #[must_use]
    pub fn of(policy: &'p Policy, mut request: Request) -> Probe<'p> {
        request.read_all(policy);
        Probe { policy, request }
    }

    /// The tool that is called, an index into the bundle's tools.
    #[must_use]
    pub fn tool(&self) -> ToolId {
        self.request.tool
    }

    /// The environment, an index into the bundle's.
    #[must_use]
    pub fn env(&self) -> u32 {
        self.request.env
    }

    /// Whether there is a user, or a context.
    #[must_use]
    pub fn has_root(&self, root: AttrRoot) -> bool {
        match root {
            AttrRoot::Agent => true,
            AttrRoot::User => self.request.user.is_some(),
            AttrRoot::Context => self.request.context.is_some(),
        }
    }

    /// An argument, by index, as it is judged.
    #[must_use]
    pub fn arg(&self, index: u32) -> Option<&Value> {
        self.request.args.as_ref()?.get(index as usize)?.as_ref()
    }

    /// An attribute, by index.
    #[must_use]
    pub fn attr(&self, root: AttrRoot, index: u32) -> Option<&Value> {
        let fields = match root {
            AttrRoot::Agent => Some(&self.request.agent),
            AttrRoot::User => self.request.user.as_ref(),
            AttrRoot::Context => self.request.context.as_ref(),
        };
        fields?.get(index as usize)?.as_ref()
    }

    /// A fact of a fixed type; `None` is absent or missing, or told by the policy itself.
    #[must_use]
    pub fn fact(&self, fact: Fact) -> Option<&Value> {
        let facts = self.request.facts(self.policy);
        match fact {
            Fact::AgentId => Some(&facts.agent_id),
            Fact::AgentChain => Some(&facts.chain),
            Fact::AgentDepth => Some(&self.request.depth),
            Fact::AgentOwner => facts.agent_owner.as_ref(),
            Fact::UserId => facts.user_id.as_ref(),
            Fact::SessionId => facts.session.as_ref(),
            Fact::Tenant => facts.tenant.as_ref(),
            Fact::Now => self.request.now.as_ref(),
            _ => None,
        }
    }

    /// What tests come to, with what a store knows of earlier calls; unknown where the store fails.
    #[must_use]
    pub fn truths(&self, exprs: &[ExprId], state: &dyn State) -> Vec<Tri> {
        let read = Answers::settled_in(self.policy, &self.request, state, |view, answers| {
            let mut eval = Eval::new(self.policy, &self.request, view, answers);
            (exprs.iter().map(|expr| eval.truth(*expr, None)).collect(), None)
        });
        match read {
            (Ok(()), Some(truths)) => truths,
            _ => exprs.iter().map(|_| Tri::Unknown).collect(),
        }
    }

    /// The environment, by index.
    pub fn set_env(&mut self, env: u32) {
        self.request.env = env;
    }

    /// An argument, by index; `None` is absent.
    pub fn set_arg(&mut self, index: u32, value: Option<Value>) {
        put(self.request.args.get_or_insert_default(), index, value);
    }

    /// Whether there is a user, or a context, at all. Their attributes are absent at first.
    pub fn set_root(&mut self, root: AttrRoot, there: bool) {
        let bundle = &self.policy.bundle;
        match root {
            AttrRoot::Agent => {}
            AttrRoot::User => self.request.user = there.then(|| vec![None; bundle.user.len()]),
            AttrRoot::Context => self.request.context = there.then(|| vec![None; bundle.context.len()]),
        }
    }

    /// Makes sure that there is a user, or a context; what is known of one that is there stays.
    pub fn ensure_root(&mut self, root: AttrRoot) {
        let there = match root {
            AttrRoot::Agent => true,
            AttrRoot::User => self.request.user.is_some(),
            AttrRoot::Context => self.request.context.is_some(),
        };
        if !there {
            self.set_root(root, true);
        }
    }

    /// An attribute, by index; `None` is absent. Of a root that is not there it stays unknown.
    pub fn set_attr(&mut self, root: AttrRoot, index: u32, value: Option<Value>) {
        let fields = match root {
            AttrRoot::Agent => Some(&mut self.request.agent),
            AttrRoot::User => self.request.user.as_mut(),
            AttrRoot::Context => self.request.context.as_mut(),
        };
        if let Some(fields) = fields {
            put(fields, index, value);
        }
    }

    /// A fact of a fixed type; `None` is absent or missing. What the tool and the environment are can't be set here.
    pub fn set_fact(&mut self, fact: Fact, value: Option<Value>) {
        if let Fact::Now = fact {
            self.request.time = match value {
                Some(Value::Time(time)) => Some(time),
                _ => None,
            };
            self.request.now = self.request.time.map(Value::Time);
            return;
        }
        // They are there since the probe was made.
        let Some(facts) = self.request.facts.get_mut() else { return };
        match (fact, value) {
            (Fact::AgentId, Some(value)) => facts.agent_id = value,
            (Fact::AgentChain, Some(value)) => facts.chain = value,
            (Fact::AgentDepth, Some(value)) => self.request.depth = value,
            (Fact::AgentOwner, value) => facts.agent_owner = value,
            (Fact::UserId, value) => facts.user_id = value,
            (Fact::SessionId, value) => facts.session = value,
            (Fact::Tenant, value) => facts.tenant = value,
            _ => {}
        }
    }

    /// Live data, by index; `None` is not supplied.
    pub fn set_live(&mut self, index: u32, value: Option<Value>) {
        put(&mut self.request.live, index, value);
    }

    /// What a test comes to. `locals` are the variables of the quantifiers around it, outermost first.
    #[must_use]
    pub fn truth(&self, expr: ExprId, locals: &[Value]) -> Tri {
        Answers::settled(self.policy, |answers| {
            self.scoped(locals, answers, None, 0, &|eval, scope| eval.truth(expr, scope))
        })
    }

    /// The value of an expression; `None` where it is absent, unknown or only partly known.
    #[must_use]
    pub fn value(&self, expr: ExprId, locals: &[Value]) -> Option<Value> {
        Answers::settled(self.policy, |answers| {
            self.scoped(locals, answers, None, 0, &|eval, scope| {
                let value = eval.eval(expr, scope);
                eval.resolve(value, scope).value().cloned()
            })
        })
    }

    fn scoped<'a, T>(
        &'a self,
        locals: &[Value],
        answers: &'a Answers,
        scope: Scope<'_, 'a>,
        depth: u32,
        ask: &dyn Fn(&mut Eval<'a>, Scope<'_, 'a>) -> T,
    ) -> T {
        match locals.split_first() {
            None => ask(&mut Eval::new(self.policy, &self.request, &NoState, answers), scope),
            Some((first, rest)) => {
                let value = crate::eval::Ev::Known(Val::Own(first.clone()));
                let local = Local { depth, value, outer: scope };
                self.scoped(rest, answers, Some(&local), depth.saturating_add(1), ask)
            }
        }
    }
}

impl Policy {
    /// Whether a condition of the bundle holds for a request, whatever is decided about it. Decides nothing.
    #[must_use]
    pub fn holds(&self, request: &Request, cond: CondId, view: &dyn StateView) -> bool {
        match self.bundle.tools.get(request.tool.index()) {
            Some(tool) if request.policy == self.digest => {
                Answers::settled(self, |answers| Judge::new(self, request, view, tool, answers).holds_with_tier(cond))
            }
            _ => false,
        }
    }
}

fn put(fields: &mut [Option<Value>], index: u32, value: Option<Value>) {
    if let Some(place) = fields.get_mut(index as usize) {
        *place = value;
    }
}
