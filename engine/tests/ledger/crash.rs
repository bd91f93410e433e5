//! Gateways that are killed in the midst of voting and claiming: what they acknowledged must be there afterwards, and
//! no approval may have been used twice.
//!
//! The killed gateways are processes: the test's own program, started again with the name of a test that plays one.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::{env, thread};

use claw_engine::ledger::{Ledger, Store};
use claw_runtime::Digest;

use super::stores::{ACME, opened, opening, yes};
use super::support::at;

const PLACE: &str = "CLAW_LEDGER_PLACE";
const NAME: &str = "CLAW_LEDGER_NAME";
/// Approvals that the gateways fight for.
const APPROVALS: usize = 400;
/// Gateways at a time.
const GATEWAYS: usize = 2;

/// So many, or another number by `CLAW_ROUNDS`.
pub fn scaled(rounds: usize) -> usize {
    env::var("CLAW_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(rounds)
}

/// A gateway, if this process is to play one: votes on and claims all approvals in its own order, and says each time
/// what was acknowledged.
pub fn child(store: impl Fn(&Path) -> Arc<dyn Store>) {
    let (Some(place), Ok(name)) = (env::var_os(PLACE), env::var(NAME)) else { return };
    let ledger = Ledger::new(store(&PathBuf::from(place)));
    let start = name.bytes().fold(7usize, |sum, byte| sum * 31 + usize::from(byte));
    for step in 0..APPROVALS {
        let i = (start + step) % APPROVALS;
        let request = format!("approval {i}");
        let person = format!("person {name}");
        // Errors are those of a fight: it is used up.
        if ledger.vote(ACME, &opened(ACME, &request, 0).id, yes(&person), at(0)).is_ok() {
            say("voted", i, &person);
        }
        let claims = ledger.claim(ACME, &Digest::of(request.as_bytes()), &name, at(1));
        if claims.is_ok_and(|claims| !claims.held.is_empty()) {
            say("used", i, &name);
        }
    }
    say("done", 0, &name);
}

fn say(what: &str, i: usize, who: &str) {
    let mut out = std::io::stdout().lock();
    // The line break first: the test runner may be in the middle of a line.
    writeln!(out, "\n{what}|{i}|{who}").unwrap();
    out.flush().unwrap();
}

fn start(test: &str, place: &Path, name: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(PLACE, place)
        .env(NAME, name)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads what a gateway says, and kills it after so many acknowledgements.
fn read_and_kill(mut gateway: Child, after: usize) -> Vec<(String, usize, String)> {
    let mut said = Vec::new();
    let mut killed = false;
    for line in BufReader::new(gateway.stdout.take().unwrap()).lines() {
        // The last line may be half of one.
        let Ok(line) = line else { break };
        let parts: Vec<&str> = line.split('|').collect();
        let [what, i, who] = parts[..] else { continue };
        said.push((what.to_owned(), i.parse().unwrap(), who.to_owned()));
        if said.len() >= after && !killed {
            gateway.kill().unwrap();
            killed = true;
        }
    }
    gateway.wait().unwrap();
    said
}

/// Starts gateways, kills them, starts others, and looks at what they leave behind.
pub fn killed_gateways(test: &'static str, place: &Path, ledger: &Ledger) {
    let mut said = Vec::new();
    for i in 0..APPROVALS {
        ledger.ask(vec![opening(ACME, &format!("approval {i}"))], at(0)).unwrap();
    }
    for generation in 0..6 {
        let gateways: Vec<_> = (0..GATEWAYS)
            .map(|gateway| {
                let name = format!("{generation}-{gateway}");
                let child = start(test, place, &name);
                // Each generation a little later, the last not at all.
                let after = if generation == 5 { usize::MAX } else { 5 + 37 * generation + 11 * gateway };
                thread::spawn(move || read_and_kill(child, after))
            })
            .collect();
        said.extend(gateways.into_iter().flat_map(|gateway| gateway.join().unwrap()));
    }
    let finished = said.iter().filter(|(what, _, who)| what == "done" && who.starts_with("5-")).count();
    assert_eq!(finished, GATEWAYS, "the last generation");
    let mut users: BTreeMap<usize, &str> = BTreeMap::new();
    for (what, i, who) in &said {
        if what == "used"
            && let Some(other) = users.insert(*i, who)
        {
            assert_eq!(other, who, "approval {i} was used twice");
        }
    }
    assert!(said.iter().filter(|(what, ..)| what == "voted").count() >= APPROVALS);
    for i in 0..APPROVALS {
        check(ledger, i, &said, users.get(&i).copied());
    }
}

fn check(ledger: &Ledger, i: usize, said: &[(String, usize, String)], user: Option<&str>) {
    let asking = ledger.get(ACME, &opened(ACME, &format!("approval {i}"), 0).id).unwrap();
    for (_, _, who) in said.iter().filter(|(what, at, _)| what == "voted" && *at == i) {
        assert!(asking.votes.iter().any(|vote| vote.person == *who), "the vote of {who} on {i} is lost");
    }
    // A claim whose acknowledgement died with its gateway is there, too; but never another one.
    assert_eq!(asking.claims.len(), 1, "approval {i}");
    if let Some(user) = user {
        assert_eq!(asking.claims[0].call_id, user, "approval {i}");
    }
}
