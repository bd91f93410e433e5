//! Drives the real server over its standard input and output, as an editor does.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// An editor with one server.
struct Editor {
    child: Child,
    /// `None`: closed.
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    next_id: u64,
}

impl Editor {
    fn start() -> Editor {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_claw-lsp")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
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
        Editor { child, stdin, messages, next_id: 0 }
    }

    /// Started and initialised with these client capabilities; returns the server's.
    fn initialized(capabilities: Value) -> (Editor, Value) {
        let mut editor = Editor::start();
        let answer =
            editor.request("initialize", json!({ "processId": null, "rootUri": null, "capabilities": capabilities }));
        editor.notify("initialized", json!({}));
        (editor, answer["result"]["capabilities"].clone())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let stdin = self.stdin.as_mut().unwrap();
        write!(stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        stdin.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(|message| message["id"] == id)
    }

    fn wait(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let left = PATIENCE.checked_sub(start.elapsed()).expect("the server does not answer");
            let message = self.messages.recv_timeout(left).expect("the server does not answer");
            if wanted(&message) {
                return message;
            }
        }
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "claw", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, uri: &str, version: i32, text: &str) {
        let document = json!({ "uri": uri, "version": version });
        let changes = json!([{ "text": text }]);
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    fn close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// The next findings of a document.
    fn findings(&self, uri: &str) -> Vec<Value> {
        let message = self.wait(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["uri"] == uri);
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// The findings of a document at this version.
    fn findings_at(&self, uri: &str, version: i32) -> Vec<Value> {
        let message = self.wait(|m| {
            let params = &m["params"];
            m["method"] == "textDocument/publishDiagnostics" && params["uri"] == uri && params["version"] == version
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// How the process ended.
    fn exit_status(&mut self) -> i32 {
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

/// A policy with two unknown names; an emoji, which is two units of UTF-16 and four bytes, stands before the second.
const TWO_ERRORS: &str = "package p\nenvironments dev\nroles r\ntool t(a: string)\ngrant t to nobody\n\
    rule x { on t deny \"😀\" unless args.b == \"y\" }\n";
const CLEAN: &str = "package p\nenvironments dev\nroles r\ntool t(a: string)\ngrant t to r\nrule x { on t when args.a == \"y\" deny \"no\" }\n";
const URI: &str = "untitled:one";

fn starts(findings: &[Value]) -> Vec<(u64, u64)> {
    let start =
        |f: &Value| (f["range"]["start"]["line"].as_u64().unwrap(), f["range"]["start"]["character"].as_u64().unwrap());
    let errors = findings.iter().filter(|finding| finding["severity"] == 1);
    errors.map(start).collect()
}

fn column_of(text: &str, line: usize, word: &str, units: impl Fn(&str) -> usize) -> u64 {
    let line = text.lines().nth(line).unwrap();
    units(&line[..line.find(word).unwrap()]) as u64
}

#[test]
fn findings_come_at_utf16_columns_and_go() {
    let (mut editor, server) = Editor::initialized(json!({}));
    assert_eq!(server["positionEncoding"], "utf-16");
    editor.open(URI, TWO_ERRORS);
    let findings = editor.findings(URI);
    let utf16 = |text: &str| text.encode_utf16().count();
    // Where exactly in `args.b` the finding begins is the compiler's business.
    let (first, second) = (column_of(TWO_ERRORS, 4, "nobody", utf16), column_of(TWO_ERRORS, 5, "args.b", utf16));
    let found = starts(&findings);
    assert_eq!(found.len(), 2, "{findings:#?}");
    assert_eq!(found[0], (4, first));
    assert!(found[1] == (5, second) || found[1] == (5, second + 5), "{found:?}");
    assert!(findings.iter().all(|finding| finding["source"] == "claw" && finding["code"].is_string()));

    editor.change(URI, 2, CLEAN);
    assert_eq!(starts(&editor.findings_at(URI, 2)), []);
}

#[test]
fn bytes_are_counted_where_the_client_offers_it() {
    let (mut editor, server) = Editor::initialized(json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } }));
    assert_eq!(server["positionEncoding"], "utf-8");
    editor.open(URI, TWO_ERRORS);
    let found = starts(&editor.findings(URI));
    let column = column_of(TWO_ERRORS, 5, "args.b", str::len);
    assert!(found[1] == (5, column) || found[1] == (5, column + 5), "{found:?}");
}

#[test]
fn nothing_is_advertised_that_is_not_there() {
    let (_editor, server) = Editor::initialized(json!({}));
    let sync = json!({ "openClose": true, "change": 1 });
    assert_eq!(server, json!({ "positionEncoding": "utf-16", "textDocumentSync": sync }));
}

#[test]
fn the_last_of_many_edits_counts() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, CLEAN);
    for version in 2..300 {
        editor.change(URI, version, if version % 2 == 0 { TWO_ERRORS } else { CLEAN });
    }
    editor.change(URI, 300, TWO_ERRORS);
    assert_eq!(starts(&editor.findings_at(URI, 300)).len(), 2);
}

#[test]
fn closing_clears() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, TWO_ERRORS);
    assert_eq!(starts(&editor.findings(URI)).len(), 2);
    editor.close(URI);
    assert_eq!(starts(&editor.findings(URI)), []);
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("claw-lsp-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }
    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        format!("file://{}", self.0.join(name).display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn used_files_come_from_disk_and_unsaved_buffers_stand_for_them() {
    let folder = Folder::new();
    let company = folder.write("company.claw", "package company\nroles support\n");
    let text = "package p\nuse \"./company.claw\" as company\nenvironments dev\ntool t()\ngrant t to support\n";
    let main = folder.write("main.claw", text);
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(&main, text);
    assert_eq!(starts(&editor.findings_at(&main, 1)), []);
    // The role disappears in the editor, though not on disk.
    editor.open(&company, "package company\n");
    assert_eq!(starts(&editor.findings(&main)), [(4, 11)]);
    // Closed without saving: the file counts again.
    editor.close(&company);
    assert_eq!(starts(&editor.findings(&main)), []);
    // A used file with a mistake of its own is reported at that file.
    editor.open(&company, "package company\nroles support\npredicate p(x: string) = x == y\n");
    let wrong = editor.findings(&company);
    assert_eq!(starts(&wrong).len(), 1, "{wrong:#?}");
}

#[test]
fn the_process_ends_on_exit_although_standard_input_stays_open() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, CLEAN);
    // As Eglot sends it.
    let answer = editor.request("shutdown", Value::Null);
    assert_eq!((&answer["result"], answer.get("error")), (&Value::Null, None));
    editor.notify("exit", Value::Null);
    assert_eq!(editor.exit_status(), 0);
    assert!(editor.stdin.is_some());
}

#[test]
fn exit_without_shutdown_is_a_failure() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.notify("exit", json!({}));
    assert_eq!(editor.exit_status(), 1);
}

#[test]
fn closed_input_ends_the_process() {
    let (mut editor, _) = Editor::initialized(json!({}));
    drop(editor.stdin.take());
    assert_eq!(editor.exit_status(), 1);
}

#[test]
fn unknown_methods_are_answered() {
    let (mut editor, _) = Editor::initialized(json!({}));
    assert_eq!(
        editor.request("textDocument/foldingRange", json!({ "textDocument": { "uri": URI } }))["error"]["code"],
        -32601
    );
    // And the server goes on.
    editor.open(URI, TWO_ERRORS);
    assert_eq!(starts(&editor.findings(URI)).len(), 2);
}
