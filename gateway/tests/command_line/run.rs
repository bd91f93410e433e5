//! The gateway as a process: it starts, serves, takes changed policies, and ends in good order.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use serde_json::json;

use crate::process::{Gateway, POLICY, policy, write};

#[test]
fn it_serves_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "127.0.0.1:0");
    let gateway = Gateway::start(folder.path());
    assert_eq!(gateway.request("GET", "/healthz", "").0, 200);
    assert_eq!(gateway.decide(json!({ "text": "hi" }))["decision"], "allow");
    gateway.signal("-TERM");
    let (status, seen) = gateway.ended();
    assert_eq!(status.code(), Some(0), "{seen:#?}");
    let log = std::fs::read_to_string(folder.path().join("claw-data/audit/audit-000001.jsonl")).unwrap();
    assert!(log.contains("\"reload\"") || log.contains("reload"), "{log}");
    // What was kept is found again.
    let again = Gateway::start(folder.path());
    assert_eq!(again.decide(json!({ "text": "hi" }))["decision"], "allow");
}

#[test]
fn an_open_connection_does_not_keep_it_from_ending() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "127.0.0.1:0");
    let gateway = Gateway::start(folder.path());
    let mut idle = TcpStream::connect(&gateway.address).unwrap();
    write!(idle, "GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.address).unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    gateway.signal("-INT");
    assert_eq!(gateway.ended().0.code(), Some(0));
}

#[test]
fn a_changed_policy_is_loaded_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "127.0.0.1:0");
    let mut gateway = Gateway::start(folder.path());
    assert_eq!(gateway.decide(json!({ "text": "hi" }))["decision"], "allow");

    std::fs::write(policy(folder.path()), format!("{POLICY}tool (\n")).unwrap();
    gateway.says("is not put in force; what was stays");
    gateway.says("E0001");
    assert_eq!(gateway.decide(json!({ "text": "hi" }))["decision"], "allow");

    std::fs::write(policy(folder.path()), POLICY.replace("grant echo", "use \"./more.claw\" as more\ngrant echo"))
        .unwrap();
    gateway.says("is not put in force");
    // A file that was missing is watched as well.
    std::fs::write(folder.path().join("policy/more.claw"), "package more\nrule no { on any deny \"not today\" }\n")
        .unwrap();
    gateway.says("INFO the policy is `acme`");
    let denied = gateway.decide(json!({ "text": "hi" }));
    assert_eq!(denied["decision"], "deny", "{denied}");

    gateway.signal("-TERM");
    assert_eq!(gateway.ended().0.code(), Some(0));
    let log = std::fs::read_to_string(folder.path().join("claw-data/audit/audit-000001.jsonl")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("\"refused\"")).count(), 2, "{log}");
}

#[test]
fn a_port_that_is_taken_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    write(folder.path(), &address.to_string());
    let run = Command::new(env!("CARGO_BIN_EXE_claw-gateway")).arg("run").current_dir(folder.path()).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains(&format!("cannot listen on {address}: address already in use")), "{said}");
}

#[test]
fn two_gateways_do_not_share_a_log() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "127.0.0.1:0");
    let _first = Gateway::start(folder.path());
    let second =
        Command::new(env!("CARGO_BIN_EXE_claw-gateway")).arg("run").current_dir(folder.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another gateway runs with the same `data`"), "{said}");
}

#[test]
fn what_can_not_be_kept_is_no_start() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "127.0.0.1:0");
    // A file where the folder should be.
    std::fs::write(folder.path().join("claw-data"), "").unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_claw-gateway")).arg("run").current_dir(folder.path()).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("cannot make the folder"), "{run:?}");
}
