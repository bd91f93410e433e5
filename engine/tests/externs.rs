//! The host's functions: what hangs, fails, panics or answers nonsense is unknown, and delays nobody for long.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile};
use claw_engine::externs::{ExternOptions, ExternRegistry, Validator};
use claw_runtime::{AgentInput, Json, MemoryState, Policy, Reason, Request, RequestInput, Value};

/// Longer than any test waits for something that will happen.
const LONG: Duration = Duration::from_secs(60);

const SOURCE: &str = r#"
environments prod
roles bot
record Account { id: string, limit: decimal }
extern is_open(account: string) -> bool { timeout 20ms }
extern is_known(account: string) -> bool { timeout 60s }
extern look_up(account: string) -> Account { timeout 60s }
tool close(account: string, others?: list<string>)
tool pay(account: string, amount: decimal)
tool ask(account: string)
grant close, pay, ask to bot
rule only_open {
  on close
  unless is_open(args.account)
  deny "not open"
}
rule only_known {
  on close
  unless all(a in args.others else []: is_known(a))
  deny "not known"
}
rule affordable {
  on pay
  unless args.amount <= look_up(args.account).limit
  deny "too much"
}
rule known {
  on ask
  unless is_known(args.account)
  deny "not known"
}
"#;

fn policy() -> Policy {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", SOURCE);
    let analysis = workspace.analyze("main.claw");
    let errors = claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).expect(&errors);
    Policy::from_bytes(&compile(&checked, &analysis.sources, Budget::default()).to_bytes()).unwrap()
}

/// The policy's own time-outs count.
fn options() -> ExternOptions {
    ExternOptions { max_timeout: LONG, ..ExternOptions::default() }
}

fn call(tool: &str, id: &str) -> RequestInput {
    let input = RequestInput::tool(tool).environment("prod").agent(AgentInput::new("b").role("bot"));
    input.session("s").call_id(id).arg("account", "a-1")
}

fn ask(policy: &Policy) -> Request {
    policy.prepare(&call("ask", "c")).unwrap()
}

fn yes() -> Validator {
    Validator::values(|_| Ok(Value::Bool(true)))
}

/// Blocks until the other end is dropped; counts its calls.
fn hanging() -> (Validator, Arc<AtomicUsize>, std::sync::mpsc::Sender<()>) {
    let (send, receive) = channel::<()>();
    let receive: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(receive));
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let hanging = Validator::values(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        let _ = receive.lock().unwrap().recv();
        Ok(Value::Bool(true))
    });
    (hanging, calls, send)
}

#[test]
fn functions_answer() {
    let registry = ExternRegistry::new(options()).with("is_known", yes()).with(
        "look_up",
        Validator::json(|args| {
            let [Json::Str(id)] = args else { return Err("no id".to_owned()) };
            Ok(Json::Obj(vec![("id".into(), Json::Str(id.clone())), ("limit".into(), Json::int(50))]))
        }),
    );
    let policy = registry.register_into(policy());
    assert_eq!(policy.missing_externs().collect::<Vec<_>>(), ["is_open"]);
    let state = MemoryState::new();
    let within = |amount: i64| {
        let request = policy.prepare(&call("pay", "p").arg("amount", amount)).unwrap();
        policy.preview(&request, &state).is_allowed()
    };
    assert!(within(50));
    assert!(!within(51));
    assert!(policy.begin(&ask(&policy), &state).is_allowed());
    let metrics = registry.metrics("look_up").unwrap();
    assert_eq!((metrics.calls, metrics.answered, metrics.errors), (2, 2, 0));
    assert_eq!(registry.metrics("nobody"), None);
}

#[test]
fn what_fails_is_unknown() {
    let failing: [(&str, Validator); 4] = [
        ("error", Validator::values(|_| Err("the book is closed".to_owned()))),
        ("another type", Validator::values(|_| Ok(Value::Int(1)))),
        ("another type in JSON", Validator::json(|_| Ok(Json::str("true")))),
        ("panic", Validator::values(|_| panic!("the function is broken"))),
    ];
    for (name, function) in failing {
        let registry = ExternRegistry::new(options()).with("is_known", function);
        let policy = registry.register_into(policy());
        for _ in 0..20 {
            let decision = policy.begin(&ask(&policy), &MemoryState::new());
            assert_eq!(decision.reason, Reason::Rule, "{name}");
            assert!(decision.applied.iter().any(|applied| applied.unknown == ["is_known(…)"]), "{name}");
        }
        let metrics = registry.metrics("is_known").unwrap();
        assert_eq!((metrics.calls, metrics.errors + metrics.panics, metrics.skipped), (20, 20, 0), "{name}");
        assert_eq!(metrics.last_error.is_some(), name != "panic", "{name}");
    }
}

#[test]
fn a_hanging_function_costs_its_time_out_and_then_nothing() {
    let (hanging, calls, _end) = hanging();
    let options = ExternOptions { trip_after: 3, rest: 24 * 60 * LONG, ..options() };
    let registry = ExternRegistry::new(options).with("is_open", hanging).with("is_known", yes());
    let policy = registry.register_into(policy());
    let begun = Instant::now();
    // A thread that was late to start is not the function's fault, and counts as `refused`.
    while registry.metrics("is_open").unwrap().skipped < 10 {
        let request = policy.prepare(&call("close", "c")).unwrap();
        assert_eq!(policy.begin(&request, &MemoryState::new()).reason, Reason::Rule);
        assert!(begun.elapsed() < LONG, "the declared time-out is 20 ms: {:?}", registry.metrics("is_open"));
    }
    let metrics = registry.metrics("is_open").unwrap();
    assert_eq!((metrics.timeouts, metrics.answered), (3, 0));
    assert!(calls.load(Ordering::SeqCst) <= 3);
    // Others are not delayed.
    assert!(policy.begin(&ask(&policy), &MemoryState::new()).is_allowed());
}

#[test]
fn a_function_that_recovers_is_asked_again() {
    let slow = Arc::new(AtomicBool::new(true));
    let (wait, seen) = (Arc::clone(&slow), channel::<()>());
    let (send, receive) = seen;
    let receive = Mutex::new(receive);
    let function = Validator::values(move |_| {
        if wait.load(Ordering::SeqCst) {
            let _ = receive.lock().unwrap().recv();
        }
        Ok(Value::Bool(true))
    });
    // No rest: after the time-outs, one question is tried at a time.
    let options =
        ExternOptions { trip_after: 1, rest: Duration::ZERO, max_timeout: Duration::from_millis(20), ..options() };
    let registry = ExternRegistry::new(options).with("is_known", function);
    let policy = registry.register_into(policy());
    // The declared time-out is 60 s; the host's is shorter.
    assert_eq!(policy.begin(&ask(&policy), &MemoryState::new()).reason, Reason::Rule);
    assert_eq!(registry.metrics("is_known").unwrap().answered, 0);
    slow.store(false, Ordering::SeqCst);
    drop(send);
    let begun = Instant::now();
    while !policy.begin(&ask(&policy), &MemoryState::new()).is_allowed() {
        assert!(begun.elapsed() < LONG, "{:?}", registry.metrics("is_known"));
    }
}

#[test]
fn one_hanging_function_leaves_threads_to_others() {
    let (hanging, _, _end) = hanging();
    let options = ExternOptions { threads: 3, threads_per_function: 2, trip_after: 0, ..options() };
    let registry = ExternRegistry::new(options).with("is_open", hanging).with("is_known", yes());
    let policy = registry.register_into(policy());
    for _ in 0..8 {
        let request = policy.prepare(&call("close", "c")).unwrap();
        assert!(!policy.begin(&request, &MemoryState::new()).is_allowed());
    }
    let others: Vec<String> = (0..200).map(|i| format!("o-{i}")).collect();
    let request = policy.prepare(&call("close", "c").arg("others", others)).unwrap();
    let decision = policy.begin(&request, &MemoryState::new());
    let denied: Vec<_> = decision.applied.iter().filter_map(|applied| applied.message.as_deref()).collect();
    assert_eq!(denied, ["not open"]);
    assert_eq!(registry.metrics("is_known").unwrap().answered, 200);
}

#[test]
fn several_questions_run_at_the_same_time() {
    // Each waits for the other: one after the other they would time out.
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let function = Validator::values(move |_| {
        barrier.wait();
        Ok(Value::Bool(true))
    });
    let registry = ExternRegistry::new(options()).with("is_known", function).with("is_open", yes());
    let policy = registry.register_into(policy());
    let request = policy.prepare(&call("close", "c").arg("others", ["x", "y"])).unwrap();
    let decision = policy.begin(&request, &MemoryState::new());
    // `is_open` has 20 ms, which may pass on a slow machine; `is_known` may not have failed.
    assert!(decision.applied.iter().all(|applied| applied.message.as_deref() != Some("not known")), "{decision}");
    assert_eq!(registry.metrics("is_known").unwrap().answered, 2);
}

#[test]
fn answers_are_used_again_only_where_that_is_asked_for() {
    let counted = || {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let function = Validator::values(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(Value::Bool(true))
        });
        (function, calls)
    };
    let base = ExternRegistry::new(options());
    let asked = |registry: ExternRegistry, calls: Arc<AtomicUsize>| {
        let policy = registry.register_into(policy());
        for _ in 0..5 {
            assert!(policy.begin(&ask(&policy), &MemoryState::new()).is_allowed());
        }
        calls.load(Ordering::SeqCst)
    };
    let (function, calls) = counted();
    assert_eq!(asked(base.clone().with("is_known", function), calls), 5);
    let (function, calls) = counted();
    assert_eq!(asked(base.clone().with_cached("is_known", 60 * LONG, function), calls), 1);
    let (function, calls) = counted();
    assert_eq!(asked(base.clone().with_cached("is_known", Duration::ZERO, function), calls), 5);
}

#[test]
fn a_full_line_refuses() {
    let (hanging, _, _end) = hanging();
    let options = ExternOptions { threads: 1, waiting: 1, max_timeout: Duration::from_millis(200), ..options() };
    let registry = ExternRegistry::new(options).with("is_open", yes()).with("is_known", hanging);
    let policy = registry.register_into(policy());
    let others: Vec<String> = (0..50).map(|i| format!("o-{i}")).collect();
    let request = policy.prepare(&call("close", "c").arg("others", others)).unwrap();
    assert!(!policy.begin(&request, &MemoryState::new()).is_allowed());
    let metrics = registry.metrics("is_known").unwrap();
    assert!(metrics.refused >= 48, "{metrics:?}");
    assert_eq!((metrics.refused + metrics.timeouts, metrics.answered), (50, 0), "{metrics:?}");
}

#[test]
fn policies_share_what_is_known_of_a_function() {
    let registry = ExternRegistry::new(options()).with("is_known", yes());
    for _ in 0..3 {
        let policy = registry.register_into(policy());
        assert!(policy.begin(&ask(&policy), &MemoryState::new()).is_allowed());
    }
    assert_eq!(registry.metrics("is_known").unwrap().answered, 3);
    assert_eq!(registry.names().collect::<Vec<_>>(), ["is_known"]);
}

#[test]
fn many_decisions_at_a_time_are_all_answered() {
    let options = ExternOptions { threads: 3, threads_per_function: 2, ..options() };
    let registry = ExternRegistry::new(options).with("is_known", yes()).with("is_open", yes());
    let policy = registry.register_into(policy());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let policy = &policy;
            scope.spawn(move || {
                for i in 0..50 {
                    let input = call("ask", "c").arg("account", format!("a-{thread}-{i}"));
                    let request = policy.prepare(&input).unwrap();
                    assert!(policy.begin(&request, &MemoryState::new()).is_allowed());
                }
            });
        }
    });
    let metrics = registry.metrics("is_known").unwrap();
    assert_eq!((metrics.calls, metrics.answered), (400, 400));
}
