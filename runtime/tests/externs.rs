//! When and how often a decision asks the host's functions.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use claw_runtime::bundle::*;
use claw_runtime::state::{Answer, Commit, SessionScope, SettleOutcome};
use claw_runtime::{
    AgentInput, ExternAnswer, ExternCall, Externs, MemoryState, NoState, Policy, Reason, RequestInput, Settlement,
    State, StateView, Type, Value,
};
use support::{Builder, Form, field};

/// A store that can be seen to be in a transaction.
#[derive(Default)]
struct Watched {
    store: MemoryState,
    busy: Arc<AtomicBool>,
    runs: AtomicUsize,
}

impl State for Watched {
    fn transact(&self, scope: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        self.busy.store(true, Ordering::SeqCst);
        let done = self.store.transact(scope, step);
        self.busy.store(false, Ordering::SeqCst);
        done
    }
    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Answer<SettleOutcome> {
        self.store.settle(scope, call_id, how)
    }
}

/// Answers from a table, and writes down what it was asked, batch by batch.
#[derive(Default)]
struct Table {
    answers: BTreeMap<&'static str, ExternAnswer>,
    batches: Mutex<Vec<Vec<String>>>,
    busy: Arc<AtomicBool>,
}

impl Table {
    fn of(answers: &[(&'static str, ExternAnswer)]) -> Table {
        Table { answers: answers.iter().cloned().collect(), ..Table::default() }
    }
    fn batches(&self) -> Vec<Vec<String>> {
        self.batches.lock().unwrap().clone()
    }
}

impl Externs for Table {
    fn has(&self, name: &str) -> bool {
        self.answers.contains_key(name)
    }
    fn ask(&self, calls: &[ExternCall<'_>]) -> Vec<ExternAnswer> {
        assert!(!self.busy.load(Ordering::SeqCst), "asked while a transaction is open");
        let shown = |call: &ExternCall<'_>| {
            let args: Vec<String> = call.args_json().iter().map(ToString::to_string).collect();
            format!("{}({})", call.name(), args.join(", "))
        };
        self.batches.lock().unwrap().push(calls.iter().map(shown).collect());
        calls.iter().map(|call| self.answers[call.name()].clone()).collect()
    }
}

fn extern_def(b: &mut Builder, name: &str, params: Vec<Type>, result: Type) -> u32 {
    b.bundle.externs.push(ExternDef { name: name.to_owned(), params, result, timeout_ms: 100 });
    u32::try_from(b.bundle.externs.len()).unwrap() - 1
}

fn ask(b: &mut Builder, function: u32, args: &[ExprId]) -> ExprId {
    let range = b.range(args);
    b.expr(Expr::Extern(function, range))
}

/// Denies what `outer(inner(x))` or `other(x)` or, for elements of `xs`, `each(x)` do not call true.
fn policy() -> Builder {
    let mut b = Builder::new();
    let tool = b.tool("t", &[field("x", Type::Str), field("xs", Type::list(Type::Str))]);
    b.grant(tool, Builder::TRUE);
    let outer = extern_def(&mut b, "outer", vec![Type::Int], Type::Bool);
    let inner = extern_def(&mut b, "inner", vec![Type::Str], Type::Int);
    let other = extern_def(&mut b, "other", vec![Type::Str], Type::Bool);
    let each = extern_def(&mut b, "each", vec![Type::Str], Type::Bool);
    let (x, xs, local) = (b.arg(0), b.arg(1), b.expr(Expr::Local(0)));
    let called = ask(&mut b, inner, &[x]);
    let called = ask(&mut b, outer, &[called]);
    let cond = b.ask(called, Ask::NotTrue);
    b.deny("nested", tool, cond, "no");
    let called = ask(&mut b, other, &[x]);
    let cond = b.ask(called, Ask::NotTrue);
    b.deny("beside", tool, cond, "no");
    let called = ask(&mut b, each, &[local]);
    let all = b.expr(Expr::Quant(QuantOp::All, xs, called));
    let cond = b.ask(all, Ask::NotTrue);
    b.deny("each", tool, cond, "no");
    b
}

const YES: ExternAnswer = ExternAnswer::Value(Value::Bool(true));

fn good() -> Table {
    Table::of(&[("outer", YES), ("inner", ExternAnswer::Value(Value::Int(7))), ("other", YES), ("each", YES)])
}

fn input(xs: &[String]) -> RequestInput {
    RequestInput {
        call_id: Some("c".to_owned()),
        ..RequestInput::tool("t").environment("prod").agent(AgentInput::new("bot")).session("s")
    }
    .arg("x", "v")
    .arg("xs", xs.to_vec())
}

fn with(table: &Arc<Table>) -> Policy {
    policy().build(Form::Graph).with_externs(table.clone())
}

#[test]
fn questions_are_asked_together_and_outside_of_the_transaction() {
    let state = Watched::default();
    let table = Arc::new(Table { busy: state.busy.clone(), ..good() });
    let policy = with(&table);
    let request = policy.prepare(&input(&["a".to_owned(), "b".to_owned(), "a".to_owned()])).unwrap();
    let decision = policy.begin(&request, &state);
    assert_eq!(decision.reason, Reason::Granted, "{decision}");
    let first = ["inner(\"v\")", "other(\"v\")", "each(\"a\")", "each(\"b\")"].map(str::to_owned);
    assert_eq!(table.batches(), [first.to_vec(), vec!["outer(7)".to_owned()]]);
    assert_eq!(state.runs.load(Ordering::SeqCst), 3);
    // The call is settled once, so it was reserved once.
    assert_eq!(policy.settle(&request, Settlement::Ok, &state), Ok(SettleOutcome::Settled));
    assert_eq!(policy.preview(&request, &state).reason, Reason::Granted);
    assert_eq!(policy.begin(&request, &state).reason, Reason::DuplicateCall);
    assert_eq!(table.batches().len(), 4);
}

#[test]
fn pure_decisions_ask_too() {
    let table = Arc::new(good());
    let policy = with(&table);
    let request = policy.prepare(&input(&[])).unwrap();
    assert!(policy.decide(&request, &NoState).is_allowed());
    assert!(policy.explain(&request, &NoState).is_allowed());
    assert_eq!(policy.missing_externs().count(), 0);
}

#[test]
fn what_is_not_answered_is_unknown() {
    let answers = [ExternAnswer::Unknown, ExternAnswer::TimedOut, ExternAnswer::Value(Value::str("true"))];
    for name in ["outer", "inner", "other", "each"] {
        for answer in &answers {
            let mut table = good();
            table.answers.insert(name, answer.clone());
            let policy = with(&Arc::new(table));
            let request = policy.prepare(&input(&["a".to_owned()])).unwrap();
            assert_eq!(policy.begin(&request, &MemoryState::new()).reason, Reason::Rule, "{name} {answer:?}");
        }
        let mut table = good();
        table.answers.remove(name);
        let policy = with(&Arc::new(table));
        assert_eq!(policy.missing_externs().collect::<Vec<_>>(), [name]);
        let request = policy.prepare(&input(&["a".to_owned()])).unwrap();
        assert_eq!(policy.begin(&request, &MemoryState::new()).reason, Reason::Rule, "{name}");
    }
}

#[test]
fn a_function_of_its_own_comes_before_the_hosts() {
    let table = Arc::new(good());
    let policy = with(&table).with_extern("other", |_| Some(Value::Bool(false)));
    let request = policy.prepare(&input(&[])).unwrap();
    assert_eq!(policy.begin(&request, &MemoryState::new()).reason, Reason::Rule);
    assert!(table.batches().concat().iter().all(|call| !call.starts_with("other")));
}

/// Answers the first question of each batch.
struct Terse;

impl Externs for Terse {
    fn has(&self, _: &str) -> bool {
        true
    }
    fn ask(&self, _: &[ExternCall<'_>]) -> Vec<ExternAnswer> {
        vec![YES]
    }
}

#[test]
fn a_host_that_leaves_out_answers_is_not_asked_again() {
    let policy = policy().build(Form::Graph).with_externs(Arc::new(Terse));
    let request = policy.prepare(&input(&["a".to_owned()])).unwrap();
    assert_eq!(policy.begin(&request, &MemoryState::new()).reason, Reason::Rule);
}

#[test]
fn a_function_that_was_too_slow_is_not_asked_again_in_this_decision() {
    let mut b = Builder::new();
    let tool = b.tool("t", &[]);
    b.grant(tool, Builder::TRUE);
    let slow = extern_def(&mut b, "slow", vec![Type::Int], Type::Bool);
    let quick = extern_def(&mut b, "quick", vec![], Type::Int);
    let one = b.constant(Value::Int(1));
    let late = ask(&mut b, quick, &[]);
    for (name, arg) in [("now", one), ("later", late)] {
        let called = ask(&mut b, slow, &[arg]);
        let cond = b.is_true(called);
        b.deny(name, tool, cond, "no");
    }
    let table = Table::of(&[("slow", ExternAnswer::TimedOut), ("quick", ExternAnswer::Value(Value::Int(2)))]);
    let table = Arc::new(table);
    let policy = b.build(Form::Graph).with_externs(table.clone());
    let input = RequestInput::tool("t").environment("prod").agent(AgentInput::new("bot"));
    let _ = policy.explain(&policy.prepare(&input).unwrap(), &NoState);
    assert_eq!(table.batches(), [vec!["slow(1)".to_owned(), "quick()".to_owned()]]);
}

#[test]
fn questions_are_bounded() {
    let table = Arc::new(good());
    let policy = with(&table);
    let many: Vec<String> = (0..2_000).map(|i| i.to_string()).collect();
    let request = policy.prepare(&input(&many)).unwrap();
    assert_eq!(policy.begin(&request, &MemoryState::new()).reason, Reason::Rule);
    assert_eq!(table.batches().iter().map(Vec::len).sum::<usize>(), 1_000);
    let few = policy.prepare(&input(&many[..900])).unwrap();
    assert!(policy.begin(&few, &MemoryState::new()).is_allowed());
}
