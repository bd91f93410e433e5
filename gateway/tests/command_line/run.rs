//! The gateway as a process: it starts, serves, takes changed policies, and ends in good order.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use claw_gateway::config::TokenDigest;
use serde_json::{Value, json};

/// Nothing takes so long unless something is wrong.
const CEILING: Duration = Duration::from_secs(60);
const TOKEN: &str = "claw_for_tests_only";

const POLICY: &str = "package acme\nenvironments dev\nroles bot\ntool echo(text: string)\ngrant echo to bot\n";

struct Gateway {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    address: String,
}

impl Gateway {
    fn start(folder: &Path) -> Gateway {
        let mut child = Command::new(env!("CARGO_BIN_EXE_claw-gateway"))
            .arg("run")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let mut gateway = Gateway { child, lines, seen: Vec::new(), address: String::new() };
        let line = gateway.says("listening on http://");
        gateway.address = line.rsplit_once("http://").unwrap().1.to_owned();
        gateway
    }

    /// Waits for a line of the log.
    fn says(&mut self, what: &str) -> String {
        let deadline = Instant::now() + CEILING;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no `{what}` in {:#?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(what) {
                return line;
            }
        }
    }

    /// One request over a connection of its own: status and body.
    fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(CEILING)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn decide(&self, args: Value) -> Value {
        let request = json!({
            "environment": "dev", "agent": { "id": "b", "roles": ["bot"] }, "tool": "echo", "args": args
        });
        let (status, body) = self.request("POST", "/v1/decide", &request.to_string());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let deadline = Instant::now() + CEILING;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end: {:#?}", self.seen);
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut seen = std::mem::take(&mut self.seen);
        while let Ok(line) = self.lines.recv_timeout(CEILING) {
            seen.push(line);
        }
        (status, seen)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(folder: &Path, listen: &str) {
    let digest: String = TokenDigest::of(TOKEN).0.iter().map(|byte| format!("{byte:02x}")).collect();
    let config = format!(
        "environment = \"dev\"\n[http]\nlisten = \"{listen}\"\n[policy]\npath = \"policy\"\n\
         [[caller]]\nname = \"host\"\nmay = [\"decide\"]\ntoken_sha256 = \"{digest}\"\n"
    );
    std::fs::write(folder.join("claw-gateway.toml"), config).unwrap();
    std::fs::create_dir_all(folder.join("policy")).unwrap();
    std::fs::write(folder.join("policy/main.claw"), POLICY).unwrap();
}

fn policy(folder: &Path) -> PathBuf {
    folder.join("policy/main.claw")
}

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
