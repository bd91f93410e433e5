//! The store in a SQLite file: shared by processes, reopened, full, damaged.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod stores;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration as Wait, Instant};

use claw_engine::{SqliteOptions, SqliteState, StateBounds};
use claw_runtime::state::{PriorQuery, Realm, SessionScope, SettleOutcome, Settlement, State};
use claw_runtime::{Decision, Digest, Duration, Outcome, Policy, Reason, Tri, Value, state};
use rusqlite::Connection;

use stores::{at, begin, call, policy, spend};

/// Far longer than anything takes, however busy the machine.
const LONG: Wait = Wait::from_secs(60);

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("state.db")
    }

    fn open(&self) -> SqliteState {
        open(&self.path())
    }

    fn count(&self, table: &str) -> i64 {
        let file = Connection::open(self.path()).unwrap();
        file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }
}

fn patient() -> SqliteOptions {
    SqliteOptions { timeout: LONG, sync: false, ..SqliteOptions::default() }
}

fn open(path: &Path) -> SqliteState {
    SqliteState::open_with(path, patient()).unwrap()
}

fn scope() -> SessionScope<'static> {
    SessionScope { tenant: Some("acme"), session: Some("s"), parent_session: None }
}

#[track_caller]
fn assert_unavailable(decision: &Decision, why: &str) {
    let unavailable = [Reason::StateUnavailable, Reason::LimitUnavailable];
    assert!(decision.outcome == Outcome::Deny && unavailable.contains(&decision.reason), "{decision}");
    assert!(decision.to_string().contains(why), "`{why}` is not said: {decision}");
}

#[track_caller]
fn assert_allowed(decision: &Decision) {
    assert_eq!(decision.outcome, Outcome::Allow, "{decision}");
}

fn label(store: &dyn State, session: &str) -> Tri {
    let scope = SessionScope { session: Some(session), ..scope() };
    let mut found = None;
    store
        .transact(&scope, &mut |view| {
            found = Some(view.has_label(Realm::Confirmed, "web"));
            None
        })
        .unwrap();
    found.unwrap().unwrap()
}

/// Spends one by one until the limit denies; says how much it was.
fn spend_all(policy: &Policy, store: &dyn State, name: &str) -> usize {
    for n in 0.. {
        let decision = begin(policy, store, spend(&format!("{name}-{n}"), "1", 0));
        if decision.outcome == Outcome::Deny {
            assert_eq!(decision.reason, Reason::Limit, "{decision}");
            return n;
        }
    }
    unreachable!()
}

#[test]
fn everything_outlives_the_process() {
    let (policy, bench) = (policy(), Bench::new());
    let first = begin(&policy, &bench.open(), spend("a", "60", 0));
    assert_allowed(&first);
    assert_allowed(&begin(&policy, &bench.open(), call("fetch", "b", 0).arg("id", "x")));
    let store = bench.open();
    assert_eq!(begin(&policy, &store, spend("a", "60", 0)), Decision { replayed: true, ..first });
    assert_eq!(begin(&policy, &store, spend("c", "60", 0)).reason, Reason::Limit);
    assert_eq!(label(&store, "s"), Tri::True);
    assert_eq!(store.settle(&scope(), "a", Settlement::NotExecuted), Ok(SettleOutcome::Settled));
    let store = bench.open();
    assert_eq!(store.settle(&scope(), "a", Settlement::Ok), Ok(SettleOutcome::AlreadySettled));
    assert_eq!(begin(&policy, &store, spend("a", "60", 0)).reason, Reason::DuplicateCall);
    assert_allowed(&begin(&policy, &store, spend("d", "100", 0)));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (policy, bench) = (policy(), Bench::new());
    let store = bench.open();
    assert_allowed(&begin(&policy, &store, spend("a", "1", 0)));
    for file in std::fs::read_dir(bench.dir.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

#[test]
fn threads_and_connections_share_one_budget() {
    let (policy, bench) = (policy(), Bench::new());
    let stores = [bench.open(), bench.open()];
    let spent = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let (policy, store, spent) = (&policy, &stores[thread % 2], &spent);
            threads.spawn(move || spent.fetch_add(spend_all(policy, store, &thread.to_string()), Ordering::SeqCst));
        }
    });
    assert_eq!(spent.load(Ordering::SeqCst), 100);
}

/// The rest of this test program, run as a process of its own; see [`child`].
fn start_child(path: &Path, name: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", "child", "--nocapture"]).env("CLAW_TEST_FILE", path).env("CLAW_TEST_NAME", name);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Not a test of its own: what the other processes do. Says of every call that it was allowed.
#[test]
fn child() {
    let (Ok(path), Ok(name)) = (std::env::var("CLAW_TEST_FILE"), std::env::var("CLAW_TEST_NAME")) else { return };
    let (policy, store) = (policy(), open(Path::new(&path)));
    for n in 0.. {
        let decision = begin(&policy, &store, spend(&format!("{name}-{n}"), "1", 0));
        if decision.outcome == Outcome::Deny {
            println!("\ndenied {}", decision.reason);
            return;
        }
        println!("\nallowed");
    }
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok)
}

#[test]
fn processes_share_one_budget() {
    let bench = Bench::new();
    let mut children = [start_child(&bench.path(), "a"), start_child(&bench.path(), "b")];
    let said: Vec<String> = children.iter_mut().flat_map(lines).collect();
    assert_eq!(said.iter().filter(|line| *line == "allowed").count(), 100, "{said:?}");
    assert_eq!(said.iter().filter(|line| *line == "denied limit").count(), 2, "{said:?}");
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_killed_process_has_spent_what_it_was_allowed() {
    let (policy, bench) = (policy(), Bench::new());
    let mut child = start_child(&bench.path(), "a");
    let mut said = lines(&mut child);
    let mut allowed = said.by_ref().filter(|line| line == "allowed").take(30).count();
    assert_eq!(allowed, 30);
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it ended.
    allowed += said.filter(|line| line == "allowed").count();
    let rest = spend_all(&policy, &bench.open(), "b");
    assert!(allowed + rest <= 100 && allowed + rest >= 99, "{allowed} and {rest} were spent of 100");
}

#[test]
fn a_file_that_another_holds_denies_in_time() {
    let (policy, bench) = (policy(), Bench::new());
    let options = SqliteOptions { timeout: Wait::from_millis(50), ..SqliteOptions::default() };
    let store = SqliteState::open_with(bench.path(), options).unwrap();
    let mut other = Connection::open(bench.path()).unwrap();
    let held = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let before = Instant::now();
    assert_unavailable(&begin(&policy, &store, spend("a", "1", 0)), "busy");
    assert!(before.elapsed() < LONG);
    assert!(store.settle(&scope(), "a", Settlement::Ok).is_err());
    drop(held);
    assert_eq!(store.settle(&scope(), "a", Settlement::Ok), Ok(SettleOutcome::UnknownCall));
}

#[test]
fn a_full_file_denies_and_keeps_what_it_has() {
    let (policy, bench) = (policy(), Bench::new());
    let options = SqliteOptions { bytes: 200_000, ..patient() };
    let store = SqliteState::open_with(bench.path(), options).unwrap();
    assert_allowed(&begin(&policy, &store, spend("first", "60", 0)));
    let mut last = None;
    for n in 0..10_000 {
        let input = call("fetch", &format!("{n}"), n * 60_000).session(format!("s{n}")).arg("id", "x".repeat(1_000));
        let decision = begin(&policy, &store, input.tenant(format!("t{n}")));
        if !decision.is_allowed() {
            last = Some((n, decision));
            break;
        }
    }
    let (n, decision) = last.expect("the file has no bound");
    assert_unavailable(&decision, "full");
    // Nothing of the call that was refused is there, and all of the others.
    let refused = SessionScope { tenant: Some(&format!("t{n}")), session: Some(&format!("s{n}")), ..scope() };
    assert_eq!(store.settle(&refused, &n.to_string(), Settlement::Ok), Ok(SettleOutcome::UnknownCall));
    assert_eq!(bench.count("tenants"), n + 1);
    let store = bench.open();
    assert_eq!(begin(&policy, &store, spend("second", "60", 0)).reason, Reason::Limit);
    assert_allowed(&begin(&policy, &store, spend("third", "40", 0)));
}

#[test]
fn a_disk_that_fails_denies() {
    // The shell forbids files beyond some hundred KiB to the process that it becomes, whose writes then fail.
    let bench = Bench::new();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$0\" --exact child --nocapture"]);
    command.arg(std::env::current_exe().unwrap()).env("CLAW_TEST_FILE", bench.path()).env("CLAW_TEST_NAME", "a");
    let Ok(output) = command.output() else {
        println!("skipped: there is no sh");
        return;
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let allowed = said.lines().filter(|line| *line == "allowed").count();
    if allowed == 100 {
        println!("skipped: this system bounds no files");
        return;
    }
    assert!(said.contains("denied limit_unavailable") || said.contains("denied state_unavailable"), "{said}");
    let rest = spend_all(&policy(), &bench.open(), "b");
    assert_eq!(allowed + rest, 100, "{allowed} and {rest} were spent");
}

#[test]
fn other_files_are_refused() {
    let bench = Bench::new();
    drop(bench.open());
    let file = Connection::open(bench.path()).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    drop(file);
    let error = SqliteState::open(bench.path()).unwrap_err().to_string();
    assert!(error.contains("version 2"), "{error}");

    let foreign = bench.dir.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let error = SqliteState::open(&foreign).unwrap_err().to_string();
    assert!(error.contains("not a store"), "{error}");

    let text = bench.dir.path().join("text.db");
    std::fs::write(&text, "nothing like a database, but long enough to be read as one".repeat(99)).unwrap();
    let error = SqliteState::open(&text).unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
    assert!(SqliteState::open(bench.dir.path().join("no/such/folder/state.db")).is_err());
}

#[test]
fn nonsense_in_the_file_denies() {
    let (policy, bench) = (policy(), Bench::new());
    for (table, nonsense) in [
        ("pots", "value = x''"),
        ("pots", "value = x'0102030405060708090a0b0c0d0e0f'"),
        ("pots", "value = zeroblob(length(value))"),
        ("sessions", "value = x'01'"),
        ("tenants", "latest = 'yesterday'"),
    ] {
        let _ = std::fs::remove_file(bench.path());
        let store = bench.open();
        assert_allowed(&begin(&policy, &store, spend("a", "60", 0)));
        let file = Connection::open(bench.path()).unwrap();
        assert!(file.execute(&format!("UPDATE {table} SET {nonsense}"), []).unwrap() > 0);
        assert_unavailable(&begin(&policy, &store, spend("b", "1", 0)), "");
        drop((store, file));
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(bench.dir.path().join(format!("state.db{end}")));
        }
    }
}

#[test]
fn forgetting_is_up_to_the_host() {
    let (policy, bench) = (policy(), Bench::new());
    let store = bench.open();
    let fetch = |session: &str, id: &str, time: i64| {
        begin(&policy, &store, call("fetch", id, time).session(session).arg("id", "x"))
    };
    let settle = |session, id| store.settle(&SessionScope { session: Some(session), ..scope() }, id, Settlement::Ok);
    assert_allowed(&fetch("old", "a", 0));
    assert_allowed(&fetch("pending", "a", 0));
    assert_allowed(&fetch("used", "a", 0));
    settle("old", "a").unwrap();
    settle("used", "a").unwrap();
    assert_allowed(&fetch("used", "b", 60_000));
    store.forget_before(at(60_000)).unwrap();
    let labels = ["old", "pending", "used", "never"].map(|session| label(&store, session));
    assert_eq!(labels, [Tri::Unknown, Tri::True, Tri::True, Tri::False]);
    assert_eq!(bench.count("settled"), 0);
    assert_eq!(settle("used", "a"), Ok(SettleOutcome::UnknownCall));
    assert_eq!(settle("pending", "a"), Ok(SettleOutcome::Settled));
    // Its id is as good as new, and what was forgotten stays unknown until it is known again.
    assert_allowed(&begin(&policy, &store, call("look", "b", 120_000).session("old").arg("id", "x")));
    assert_eq!(label(&store, "old"), Tri::Unknown);
    assert_allowed(&fetch("old", "a", 120_000));
    assert_eq!(label(&store, "old"), Tri::True);
}

#[test]
fn forgetting_goes_through_everything() {
    let (policy, bench) = (policy(), Bench::new());
    let store = bench.open();
    for n in 0..1_200 {
        // The first ones are pending, and must not keep those after them.
        let (session, time) = (format!("s{n:04}"), n * 3_600_000);
        assert_allowed(&begin(&policy, &store, call("fetch", "a", time).session(session.as_str()).arg("id", "x")));
        if n >= 600 {
            let scope = SessionScope { session: Some(&session), ..scope() };
            store.settle(&scope, "a", Settlement::Ok).unwrap();
        }
    }
    store.forget_before(at(1_199 * 3_600_000)).unwrap();
    assert_eq!((bench.count("forgotten"), bench.count("settled"), bench.count("pending")), (599, 1, 600));
    assert_eq!(bench.count("sessions"), 601 * 2);
}

#[test]
fn what_has_passed_makes_room_by_itself() {
    let (policy, bench) = (policy(), Bench::new());
    let store = bench.open();
    for n in 0..400 {
        let session = format!("s{n}");
        let decision = begin(&policy, &store, call("fetch", "a", n * 3_600_000).session(session).arg("id", "x"));
        assert_allowed(&decision);
    }
    // The pots of one hour are gone in the next; the tenant's reaches six hours back.
    assert!(bench.count("pots") <= 8, "{} pots are left", bench.count("pots"));
}

#[test]
fn a_session_is_bounded() {
    let (policy, bench) = (policy(), Bench::new());
    let bounds = StateBounds { pending: 3, priors: 2, parents: 1, ancestors: 2, ..StateBounds::default() };
    let store = SqliteState::open_with(bench.path(), SqliteOptions { bounds, ..patient() }).unwrap();
    let look = |id: &str, thing: &str, time| begin(&policy, &store, call("look", id, time).arg("id", thing));
    for (n, thing) in ["x", "y", "z"].into_iter().enumerate() {
        let time = i64::try_from(n).unwrap() * 60_000;
        assert_allowed(&look(thing, thing, time));
        store.settle(&scope(), thing, Settlement::Ok).unwrap();
    }
    let key = |text: &str| state::prior_key([Some(&Value::str(text))]).unwrap();
    let query = policy.bundle().priors.iter().map(|prior| prior.key).collect::<Vec<Digest>>();
    let ask = |thing: &str, now: i64| {
        let mut found = Vec::new();
        store
            .transact(&scope(), &mut |view| {
                for query in &query {
                    let (key, within) = (key(thing), Duration::from_millis(150_000));
                    let asked = PriorQuery { query, key: Some(&key), now: Some(at(now)), within };
                    found.push(view.prior(&asked).unwrap());
                }
                None
            })
            .unwrap();
        found
    };
    // The oldest made room: what it would have answered is unknown while it would have counted, then false.
    for (thing, now, expected) in [
        ("z", 150_000, Tri::True),
        ("y", 150_000, Tri::True),
        ("x", 150_000, Tri::Unknown),
        ("never", 150_000, Tri::Unknown),
        ("never", 150_001, Tri::False),
        ("y", 210_000, Tri::True),
    ] {
        let found = ask(thing, now);
        assert!(found.contains(&expected), "{thing} at {now}: {found:?}, not {expected:?}");
    }
    // As many calls as may be pending, and no more.
    for id in ["a", "b", "c"] {
        assert_allowed(&look(id, "x", 600_000));
    }
    assert_unavailable(&look("d", "x", 600_000), "full (pending calls)");
    store.settle(&scope(), "a", Settlement::Ok).unwrap();
    assert_allowed(&look("d", "x", 700_000));
    // One parent, and no more.
    let child = |id: &str, parent: &str| {
        let input = call("wipe", id, 700_000).session("child").parent_session(parent).arg("id", "b");
        begin(&policy, &store, input)
    };
    assert_allowed(&child("a", "p"));
    assert_unavailable(&child("b", "q"), "full (parent sessions)");
}

#[test]
fn a_clock_that_goes_back_denies() {
    let (policy, bench) = (policy(), Bench::new());
    assert_allowed(&begin(&policy, &bench.open(), spend("a", "1", 10_000)));
    assert_allowed(&begin(&policy, &bench.open(), spend("b", "1", 8_000)));
    assert_eq!(begin(&policy, &bench.open(), spend("c", "1", 7_999)).reason, Reason::LimitUnavailable);
}
