//! Instructions per decision, counted by callgrind: what a busy machine can't blur. `counts.sh` is how to call it.
//!
//! Every workload runs in a process of its own under valgrind, on a bundle that was compiled outside of it, and only what
//! happens in [`claw_counted`] counts. `--compare` holds the counts against `counts.json`, `--record` writes that file,
//! `--test` runs every workload once without valgrind.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use claw_benches::shapes::{self, Past};
use claw_runtime::{MemoryState, NoState, Policy, Request, SessionScope, Settlement, State, StateView};
use serde_json::{Value, json};

/// By how much a count may pass the recorded one: other processors make other choices in memchr and the C library.
const BOUND: f64 = 0.10;
/// The same where another compiler was used: patch versions change little, minor ones may inline otherwise.
const BOUND_OTHER_COMPILER: f64 = 0.25;
/// Small counts may always pass by so many instructions.
const SLACK: f64 = 10.0;

const ROUNDS: usize = 10;

/// What is done with the bundle and the requests.
#[derive(Clone, Copy, PartialEq)]
enum What {
    /// Prepared requests, without a past.
    Decide,
    /// Prepared requests, with a past of some calls.
    Past,
    /// Requests from JSON to the answer.
    Json,
    /// Loading the bundle.
    Load,
    /// From source text to the bundle.
    Compile,
}

struct Workload {
    name: String,
    what: What,
    source: String,
    requests: Vec<Value>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if let [flag, name, folder] = args.as_slice()
        && flag == "--run"
    {
        println!("{}", run(&find(name), &Path::new(folder).join(name), ROUNDS));
        return ExitCode::SUCCESS;
    }
    let folder = std::env::temp_dir().join(format!("claw-counts-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for bundles");
    let workloads = workloads();
    for workload in &workloads {
        let path = folder.join(&workload.name);
        fs::write(&path, claw_benches::bundle(&workload.source)).expect("a bundle is written");
        if has("--test") {
            run(workload, &path, 1);
        }
    }
    let counts = if has("--test") { None } else { counts(&workloads, &folder) };
    drop(fs::remove_dir_all(&folder));
    match counts {
        None if has("--test") => ExitCode::SUCCESS,
        None => {
            println!("skipped: valgrind is not installed");
            ExitCode::SUCCESS
        }
        Some(counts) => report(&counts, has("--compare"), has("--record")),
    }
}

fn find(name: &str) -> Workload {
    workloads().into_iter().find(|workload| workload.name == name).expect("a workload of this name")
}

fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    let mut add = |name: &str, what: What, source: String, requests: Vec<Value>| {
        all.push(Workload { name: name.to_owned(), what, source, requests });
    };
    let agents = |rules: usize| (0..16).map(|i| parsed(&claw_benches::json(i * 7_919 % (rules / 2)))).collect();
    for rules in [10, 200, 2_000, 10_000] {
        add(&format!("agents-{rules}"), What::Decide, claw_benches::source(rules), agents(rules));
    }
    let caller = |i: usize| {
        let mut request = shapes::request(&format!("tool_{}", i * 31), json!({ "id": "o-1" }));
        request["agent"]["roles"] = json!((0..5).map(|k| format!("role_{}", i * 31 + k)).collect::<Vec<_>>());
        request
    };
    add("roles-1000", What::Decide, shapes::roles(1_000), (0..16).map(caller).collect());
    for count in [1, 500] {
        let page = |i: usize| json!({ "site": format!("https://www.site-{}.example/x", i * 37 % count) });
        let pages = (0..16).map(|i| shapes::request("fetch", page(i))).collect();
        add(&format!("hosts-{count}"), What::Decide, shapes::hosts(count), pages);
        let file = |i: usize| shapes::reading(&format!("/srv/app-{}/data/in/a.txt", i * 37 % count));
        add(&format!("folders-{count}"), What::Decide, shapes::folders(count), (0..16).map(file).collect());
    }
    for count in [1, 200] {
        let names = (0..16).map(|i| shapes::request("put", json!({ "name": format!("good-{i}-abc") }))).collect();
        add(&format!("regexes-{count}"), What::Decide, shapes::regexes(count), names);
    }
    add("one-tool-2000", What::Decide, claw_benches::one_tool(2_000), vec![parsed(&claw_benches::json(0))]);
    for rules in [100, 2_000] {
        let mail = shapes::request("send", json!({ "name": "report", "amount": 50 }));
        add(&format!("crowded-{rules}"), What::Decide, shapes::crowded(rules), vec![mail]);
    }
    let items = |what: &str, i: usize| (0..100).map(|k| format!("{what}-{k}-{i}")).collect::<Vec<_>>();
    let mail = |i: usize| shapes::request("send", json!({ "to": items("person", i), "barred": items("barred", i) }));
    add("lists-100", What::Decide, shapes::LISTS.to_owned(), (0..2).map(mail).collect());
    let pay = |i: usize| {
        let mut request = shapes::request("pay", json!({ "amount": 5 }));
        request["environment"] = json!(format!("e{}", i % 7));
        request
    };
    add("matrix", What::Decide, shapes::matrix(), (0..14).map(pay).collect());
    let (label, limit, prior) = (
        Past { label: true, ..Past::default() },
        Past { limit: true, ..Past::default() },
        Past { prior: true, ..Past::default() },
    );
    for (name, asked) in
        [("past-none", Past::default()), ("past-label", label), ("past-limit", limit), ("past-prior", prior)]
    {
        let args = |i: usize| json!({ "order": format!("o-{}", i * 2 + 1), "amount": 0.01 });
        let refunds = (0..16).map(|i| shapes::past_call(200 + i, i, "refund", args(i))).collect();
        add(name, What::Past, shapes::past(asked), refunds);
    }
    for bytes in [500, 5_000, 50_000] {
        let mails = (0..3).map(|i| shapes::request("send", shapes::mail(bytes, i))).collect();
        add(&format!("json-{bytes}"), What::Json, shapes::MAIL.to_owned(), mails);
    }
    add("load-200", What::Load, claw_benches::source(200), vec![Value::Null]);
    add("compile-50", What::Compile, claw_benches::source(50), vec![Value::Null]);
    all
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).expect("JSON")
}

/// Does the work so many times, after once without counting. The answer is how often it was done while counting.
fn run(workload: &Workload, bundle: &Path, rounds: usize) -> usize {
    let bytes = fs::read(bundle).expect("the bundle");
    let texts: Vec<String> = workload.requests.iter().map(Value::to_string).collect();
    let policy = Policy::from_bytes(&bytes).expect("the bundle loads");
    let prepared = || -> Vec<Request> {
        let one = |text: &String| policy.prepare_json(text.as_bytes()).unwrap_or_else(|denial| panic!("{denial}"));
        texts.iter().map(one).collect()
    };
    let count = |work: &mut dyn FnMut(usize) -> bool| {
        for i in 0..texts.len() {
            assert!(work(i), "{} allows all that is counted", workload.name);
        }
        claw_counted(rounds, texts.len(), work);
    };
    match workload.what {
        What::Decide => {
            let requests = prepared();
            count(&mut |i| policy.decide(black_box(&requests[i]), &NoState).is_allowed());
        }
        What::Past => {
            let (requests, state) = (prepared(), filled());
            let scope = SessionScope { tenant: None, session: Some("s-9"), parent_session: None };
            let step = &mut |view: &dyn StateView| {
                count(&mut |i| policy.decide(black_box(&requests[i]), view).is_allowed());
                None
            };
            state.transact(&scope, step).expect("a store in memory");
        }
        What::Json => count(&mut |i| {
            let request = policy.prepare_json(black_box(texts[i].as_bytes()));
            request.is_ok_and(|request| policy.decide(&request, &NoState).is_allowed())
        }),
        What::Load => count(&mut |_| Policy::from_bytes(black_box(&bytes)).is_ok()),
        What::Compile => count(&mut |_| !claw_benches::bundle(black_box(&workload.source)).is_empty()),
    }
    rounds * texts.len()
}

/// What callgrind counts: it starts at this name and ends where this returns, so nothing within may bear the name.
#[inline(never)]
fn claw_counted(rounds: usize, requests: usize, work: &mut dyn FnMut(usize) -> bool) {
    for _ in 0..rounds {
        for i in 0..requests {
            black_box(work(black_box(i)));
        }
    }
}

/// A store that has seen two hundred calls.
fn filled() -> MemoryState {
    let (policy, state) = (claw_benches::policy(&shapes::past(Past::ALL)), MemoryState::new());
    for i in 0..200 {
        let (tool, args) = match i {
            0 => ("read", json!({ "page": "p-1" })),
            i if i % 2 == 1 => ("get_order", json!({ "id": format!("o-{i}") })),
            i => ("refund", json!({ "order": format!("o-{}", i - 1), "amount": 0.01 })),
        };
        let json = shapes::past_call(i, i % 16, tool, args).to_string();
        let request = policy.prepare_json(json.as_bytes()).unwrap_or_else(|denial| panic!("{denial}"));
        assert!(policy.begin(&request, &state).is_allowed());
        drop(policy.settle(&request, Settlement::Ok, &state));
    }
    state
}

/// Instructions for each time, by workload; nothing without valgrind.
fn counts(workloads: &[Workload], folder: &Path) -> Option<BTreeMap<String, u64>> {
    Command::new("valgrind").arg("--version").output().ok()?;
    let program = std::env::current_exe().expect("this program");
    let count = |workload: &Workload| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*claw_counted*"])
            .arg(&program)
            .args(["--run", &workload.name])
            .arg(folder)
            .output()
            .expect("valgrind runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let collected = err.lines().find_map(|line| number(line.split_once("Collected :")?.1));
        match (output.status.success(), collected, number(&out)) {
            (true, Some(collected), Some(times)) if collected > 0 && times > 0 => collected / times,
            _ => panic!("{}: {err}", workload.name),
        }
    };
    Some(workloads.iter().map(|workload| (workload.name.clone(), count(workload))).collect())
}

fn report(counts: &BTreeMap<String, u64>, compare: bool, record: bool) -> ExitCode {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/counts.json"));
    let recorded = fs::read_to_string(&path).map(|text| parsed(&text)).unwrap_or_default();
    let bound = if recorded["rustc"] == json!(rustc()) { BOUND } else { BOUND_OTHER_COMPILER };
    println!("{:<14} {:>12} {:>12} {:>9}", "instructions", "recorded", "now", "change");
    let mut worse = Vec::new();
    for (name, now) in counts {
        let Some(before) = recorded["instructions"][name].as_u64() else {
            println!("{name:<14} {:>12} {now:>12}", "");
            continue;
        };
        let change = *now as f64 / before as f64 - 1.0;
        let over = *now as f64 > before as f64 * (1.0 + bound) + SLACK;
        println!("{name:<14} {before:>12} {now:>12} {:>8.1}%{}", change * 100.0, if over { "  too many" } else { "" });
        if over {
            worse.push(name.as_str());
        }
    }
    if record {
        let file = json!({ "rustc": rustc(), "instructions": counts });
        let text = serde_json::to_string_pretty(&file).expect("JSON") + "\n";
        fs::write(&path, text).expect("the counts are written");
    } else if compare && !worse.is_empty() {
        println!("more than {:.0} % above what is recorded: {}", bound * 100.0, worse.join(", "));
        println!("if that has to be, record it: benches/counts.sh --record");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The compiler's version, as the one that is called now says it.
fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
