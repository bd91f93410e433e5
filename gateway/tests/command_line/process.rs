//! A gateway as a process of its own, with a configuration in a folder of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use claw_gateway::config::TokenDigest;
use serde_json::{Value, json};

/// Nothing takes so long unless something is wrong.
pub const CEILING: Duration = Duration::from_secs(60);
pub const TOKEN: &str = "claw_for_tests_only";

pub const POLICY: &str = "package acme\nenvironments dev\nroles bot\ntool echo(text: string)\ngrant echo to bot\n";

pub struct Gateway {
    pub child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// Where it listens, without the scheme.
    pub address: String,
}

impl Gateway {
    pub fn start(folder: &Path) -> Gateway {
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
        let line = gateway.says("listening on http");
        gateway.address = line.rsplit_once("://").unwrap().1.to_owned();
        gateway
    }

    /// Waits for a line of the log.
    pub fn says(&mut self, what: &str) -> String {
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
    pub fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
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

    pub fn decide(&self, args: Value) -> Value {
        let request = json!({
            "environment": "dev", "agent": { "id": "b", "roles": ["bot"] }, "tool": "echo", "args": args
        });
        let (status, body) = self.request("POST", "/v1/decide", &request.to_string());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn ended(mut self) -> (ExitStatus, Vec<String>) {
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

pub fn write(folder: &Path, listen: &str) {
    let digest: String = TokenDigest::of(TOKEN).0.iter().map(|byte| format!("{byte:02x}")).collect();
    let config = format!(
        "environment = \"dev\"\n[http]\nlisten = \"{listen}\"\n[policy]\npath = \"policy\"\n\
         [[caller]]\nname = \"host\"\nmay = [\"decide\"]\ntoken_sha256 = \"{digest}\"\n"
    );
    std::fs::write(folder.join("claw-gateway.toml"), config).unwrap();
    std::fs::create_dir_all(folder.join("policy")).unwrap();
    std::fs::write(folder.join("policy/main.claw"), POLICY).unwrap();
}

pub fn policy(folder: &Path) -> PathBuf {
    folder.join("policy/main.claw")
}
