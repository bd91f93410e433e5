//! What the host's functions answer, during one decision.
//!
//! A function may be slow, so nothing calls one while an expression is evaluated: a question without an answer is
//! unknown and is noted; afterwards the open questions are asked, all at once and outside of any store's
//! transaction, and the decision is made again. [`Answers`] is what it has learnt, so that each question is asked once.
//!
//! Knows functions by their index in the bundle; nothing of expressions, clauses or stores.

use std::cell::RefCell;
use std::fmt;

use rustc_hash::FxHashMap;

use crate::bundle::ExternDef;
use crate::shape::has_type;
use crate::state::{Answer, Commit, State, StateView};
use crate::{Duration, Json, Policy, Request, Type, Value, decode_value, value_to_json};

/// How often one decision may come back with further questions, such as `f(g(x))` does once; what is open then is
/// unknown.
const ROUNDS: u32 = 8;
/// How many questions one decision may ask; further ones are unknown.
const QUESTIONS: usize = 1_000;

/// What a host answers where policies call its functions (`extern`). See [`Policy::with_externs`].
pub trait Externs: Send + Sync {
    /// Is there a function of this name? If not, calls of it are unknown and never asked.
    fn has(&self, name: &str) -> bool;

    /// Answers these questions, in their order; one that is left out is unknown. It is the host that enforces
    /// [`ExternCall::timeout`]: the decision waits until this returns.
    fn ask(&self, calls: &[ExternCall<'_>]) -> Vec<ExternAnswer>;
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternAnswer {
    /// This; unknown if it is not of the declared type.
    Value(Value),
    /// It failed, or does not know.
    Unknown,
    /// It was too slow. It is not asked again in this decision.
    TimedOut,
}

impl From<Option<Value>> for ExternAnswer {
    fn from(value: Option<Value>) -> ExternAnswer {
        value.map_or(ExternAnswer::Unknown, ExternAnswer::Value)
    }
}

/// One question to a function, with what is declared about it.
#[derive(Clone, Copy)]
pub struct ExternCall<'a> {
    policy: &'a Policy,
    def: &'a ExternDef,
    args: &'a [Value],
}

impl<'a> ExternCall<'a> {
    /// The declared name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.def.name
    }
    /// The arguments, in the order of the declaration.
    #[must_use]
    pub fn args(&self) -> &'a [Value] {
        self.args
    }
    /// The declared types of the arguments.
    #[must_use]
    pub fn params(&self) -> &'a [Type] {
        &self.def.params
    }
    /// The declared type of the answer.
    #[must_use]
    pub fn result(&self) -> &'a Type {
        &self.def.result
    }
    /// How long the function may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.def.timeout_ms)
    }
    /// The arguments as JSON, in their canonical form. Secrets are written out.
    #[must_use]
    pub fn args_json(&self) -> Vec<Json> {
        let schema = &self.policy.bundle.schema;
        self.args.iter().zip(&self.def.params).map(|(value, ty)| value_to_json(value, ty, schema)).collect()
    }
    /// Reads an answer in JSON as the declared type; `None` if it is none.
    #[must_use]
    pub fn read(&self, json: &Json) -> Option<Value> {
        decode_value(json, &self.def.result, &self.policy.bundle.schema, &self.policy.limits, "").ok()
    }
    /// Is this a value of the declared type?
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        has_type(value, &self.def.result, &self.policy.bundle.schema)
    }
}

impl fmt::Debug for ExternCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternCall").field("name", &self.def.name).field("args", &self.args).finish_non_exhaustive()
    }
}

/// A function's index, and arguments.
type Question = (u32, Vec<Value>);

/// What one decision has asked and learnt.
#[derive(Debug, Default)]
pub(crate) struct Answers(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Open questions are unknown here.
    answers: FxHashMap<Question, Option<Value>>,
    open: Vec<Question>,
    /// Functions that were too slow.
    hung: Vec<u32>,
    rounds: u32,
}

impl Answers {
    /// What the function says; unknown, and an open question, if it has not been asked yet.
    pub(crate) fn get(&self, policy: &Policy, function: u32, args: Vec<Value>) -> Option<Value> {
        if !policy.has_extern(function) {
            return None;
        }
        let mut known = self.0.borrow_mut();
        let question = (function, args);
        if let Some(answer) = known.answers.get(&question) {
            return answer.clone();
        }
        let more = known.rounds < ROUNDS && known.answers.len() < QUESTIONS && !known.hung.contains(&function);
        if more {
            known.answers.insert(question.clone(), None);
            known.open.push(question);
        }
        None
    }

    /// Were questions met that have no answer yet? Then what was decided is void.
    pub(crate) fn is_open(&self) -> bool {
        !self.0.borrow().open.is_empty()
    }

    /// Asks the open questions; false if there are none.
    pub(crate) fn ask(&mut self, policy: &Policy) -> bool {
        let known = self.0.get_mut();
        let open = std::mem::take(&mut known.open);
        if open.is_empty() {
            return false;
        }
        known.rounds = known.rounds.saturating_add(1);
        let mut hosts = Vec::new();
        for question in open {
            match policy.externs.get(question.0 as usize) {
                Some(Some(function)) => known.learn(policy, question.clone(), function(&question.1).into()),
                _ => hosts.push(question),
            }
        }
        let Some(host) = policy.host.as_ref().filter(|_| !hosts.is_empty()) else { return true };
        let asked: Vec<(&Question, ExternCall<'_>)> =
            hosts.iter().filter_map(|q| Some((q, call(policy, q)?))).collect();
        let calls: Vec<ExternCall<'_>> = asked.iter().map(|(_, call)| *call).collect();
        for ((question, _), answer) in asked.iter().zip(host.ask(&calls)) {
            known.learn(policy, (*question).clone(), answer);
        }
        true
    }

    /// The result of a pass all of whose questions are answered.
    pub(crate) fn settled<T>(policy: &Policy, pass: impl Fn(&Answers) -> T) -> T {
        let mut answers = Answers::default();
        loop {
            let result = pass(&answers);
            if !answers.ask(policy) {
                return result;
            }
        }
    }

    /// As [`Answers::settled`], each pass in a transaction of its own, which is over when functions are asked.
    pub(crate) fn settled_in<T>(
        policy: &Policy,
        request: &Request,
        state: &dyn State,
        mut pass: impl FnMut(&dyn StateView, &Answers) -> (T, Option<Commit>),
    ) -> (Answer<()>, Option<T>) {
        let mut answers = Answers::default();
        loop {
            let mut last = None;
            let written = state.transact(&request.scope(), &mut |view| {
                let (result, commit) = pass(view, &answers);
                last = Some(result);
                commit.filter(|_| !answers.is_open())
            });
            if written.is_err() || !answers.ask(policy) {
                return (written, last);
            }
        }
    }
}

impl Known {
    fn learn(&mut self, policy: &Policy, question: Question, answer: ExternAnswer) {
        match answer {
            ExternAnswer::Value(value) => {
                let fits = call(policy, &question).is_some_and(|call| call.fits(&value));
                self.answers.insert(question, fits.then_some(value));
            }
            ExternAnswer::Unknown => {}
            ExternAnswer::TimedOut => self.hung.push(question.0),
        }
    }
}

fn call<'a>(policy: &'a Policy, (function, args): &'a Question) -> Option<ExternCall<'a>> {
    Some(ExternCall { policy, def: policy.bundle.externs.get(*function as usize)?, args })
}
