//! An editor for tests: drives the real server over its standard input and output.
//!
//! Keeps the answers and findings that arrive while it waits for something else.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);

/// An editor with one server.
pub struct Editor {
    pub child: Child,
    /// `None`: closed.
    pub stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// Answers, requests, and findings since the last notification, that nobody has waited for yet.
    kept: VecDeque<Value>,
    next_id: u64,
}

impl Editor {
    pub fn start() -> Editor {
        let mut child = Command::new(env!("CARGO_BIN_EXE_claw-lsp"))
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Editor { child, stdin, messages, kept: VecDeque::new(), next_id: 0 }
    }

    /// Started and initialised with these client capabilities; returns the server's.
    pub fn initialized(capabilities: Value) -> (Editor, Value) {
        Editor::with(json!({ "processId": null, "rootUri": null, "capabilities": capabilities }))
    }

    /// Started and initialised with these parameters; returns the server's capabilities.
    pub fn with(params: Value) -> (Editor, Value) {
        let mut editor = Editor::start();
        let answer = editor.request("initialize", params);
        editor.notify("initialized", json!({}));
        (editor, answer["result"]["capabilities"].clone())
    }

    /// Like [`Editor::initialized`], in a folder.
    pub fn in_folder(folder: &Folder, capabilities: Value) -> Editor {
        let folders = json!([{ "uri": folder.uri(""), "name": "test" }]);
        let params = json!({ "processId": null, "workspaceFolders": folders, "capabilities": capabilities });
        Editor::with(params).0
    }

    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let stdin = self.stdin.as_mut().unwrap();
        write!(stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        stdin.flush().unwrap();
    }

    /// Sends a notification. Findings that were not waited for belong to the state before it: they go.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.kept.retain(|message| !is_report(message));
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and waits for its answer.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// Sends a request; returns its id.
    pub fn ask(&mut self, method: &str, params: Value) -> u64 {
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params }));
        self.next_id
    }

    pub fn answer(&mut self, id: u64) -> Value {
        self.wait(|message| message["id"] == id && message["method"].is_null())
    }

    /// The result of a request at a place in a document; the test fails if it is an error.
    pub fn at(&mut self, method: &str, uri: &str, line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        let answer = self.request(method, json!({ "textDocument": { "uri": uri }, "position": position }));
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The result of a request about a whole document; the test fails if it is an error.
    pub fn about(&mut self, method: &str, uri: &str, more: Value) -> Value {
        let mut params = more;
        params["textDocument"] = json!({ "uri": uri });
        let answer = self.request(method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The next message that fits. Answers, requests and findings that arrive before it are kept for later.
    pub fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at).unwrap();
        }
        let start = Instant::now();
        loop {
            let left = PATIENCE.checked_sub(start.elapsed()).expect("the server does not answer");
            let message = self.messages.recv_timeout(left).expect("the server does not answer");
            if wanted(&message) {
                return message;
            }
            if !message["id"].is_null() || is_report(&message) {
                self.kept.push_back(message);
            }
        }
    }

    /// How many reports on a document arrive until half a second passes without any message.
    pub fn pushed(&mut self, uri: &str) -> usize {
        let fits = |message: &Value| is_report(message) && message["params"]["uri"] == uri;
        let mut count = self.kept.iter().filter(|message| fits(message)).count();
        while let Ok(message) = self.messages.recv_timeout(Duration::from_millis(500)) {
            count += usize::from(fits(&message));
        }
        count
    }

    /// How many reports on a document arrive before the one on a version.
    pub fn pushes_until(&mut self, uri: &str, version: i32) -> usize {
        for count in 0.. {
            let message = self.wait(|m| is_report(m) && m["params"]["uri"] == uri);
            if message["params"]["version"] == version {
                return count;
            }
        }
        unreachable!("there is an end to it")
    }

    pub fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "claw", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn change(&mut self, uri: &str, version: i32, text: &str) {
        let document = json!({ "uri": uri, "version": version });
        let changes = json!([{ "text": text }]);
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// Replaces a range, given as line and character from and to.
    pub fn edit(&mut self, uri: &str, version: i32, from: (u32, u32), to: (u32, u32), text: &str) {
        let at = |(line, character): (u32, u32)| json!({ "line": line, "character": character });
        let changes = json!([{ "range": { "start": at(from), "end": at(to) }, "text": text }]);
        let document = json!({ "uri": uri, "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    pub fn close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// The next findings of a document.
    pub fn findings(&mut self, uri: &str) -> Vec<Value> {
        let message = self.wait(|m| is_report(m) && m["params"]["uri"] == uri);
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// The findings of a document at this version.
    pub fn findings_at(&mut self, uri: &str, version: i32) -> Vec<Value> {
        let message = self.wait(|m| {
            let params = &m["params"];
            is_report(m) && params["uri"] == uri && params["version"] == version
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// How the process ended.
    pub fn exit_status(&mut self) -> i32 {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server is still running");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_report(message: &Value) -> bool {
    message["method"] == "textDocument/publishDiagnostics"
}

fn read_message(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("claw-lsp-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    /// Writes a file; returns its address.
    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::create_dir_all(self.0.join(name).parent().unwrap()).unwrap();
        std::fs::write(self.0.join(name), text).unwrap();
        self.uri(name)
    }

    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.0.join(name).display()).trim_end_matches('/').to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Line and character at which the errors begin.
pub fn starts(findings: &[Value]) -> Vec<(u64, u64)> {
    let start =
        |f: &Value| (f["range"]["start"]["line"].as_u64().unwrap(), f["range"]["start"]["character"].as_u64().unwrap());
    let errors = findings.iter().filter(|finding| finding["severity"] == 1);
    errors.map(start).collect()
}
