//! The gateway as a client starts it: MCP on standard input and output, and everything else on standard error.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::process::Gateway;

const SERVER: &str = r#"
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    method, id = message.get("method"), message.get("id")
    if id is None:
        continue
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "secret")]
    result = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}},
        "tools/list": {"tools": tools},
        "tools/call": {"content": [{"type": "text", "text": "done"}]},
    }.get(method, {})
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
"#;

const POLICY: &str = "package acme\nenvironments dev\nroles bot\ntool echo(text: string) on server \"s\"\n\
                      tool secret() on server \"s\"\ngrant echo to bot\n";

fn write(folder: &Path) {
    std::fs::write(folder.join("server.py"), SERVER).unwrap();
    std::fs::create_dir_all(folder.join("policy")).unwrap();
    std::fs::write(folder.join("policy/main.claw"), POLICY).unwrap();
    let config = "environment = \"dev\"\n[http]\nlisten = \"127.0.0.1:0\"\n[policy]\npath = \"policy\"\n\
         [[server]]\nname = \"s\"\ncommand = \"python3\"\nargs = [\"server.py\"]\ncwd = \".\"\n\
         [[caller]]\nname = \"stdio\"\nagent = { roles = [\"bot\"] }\n";
    std::fs::write(folder.join("claw-gateway.toml"), config).unwrap();
}

/// A client that started its gateway.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Client {
    fn start(folder: &Path) -> Client {
        let mut child = Command::new(env!("CARGO_BIN_EXE_claw-gateway"))
            .arg("stdio")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut client = Client { child, input, output, last: 0 };
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } });
        assert!(client.ask("initialize", &hello)["capabilities"]["tools"].is_object());
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    /// The result of a request. Every line must be a message.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params }));
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the gateway ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == self.last {
                return message["result"].clone();
            }
        }
    }

    /// The client has no more to say.
    fn hang_up(mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_client_is_served_until_it_hangs_up() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no `python3`");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    // One that runs beside keeps the log of the folder; each client's gateway writes its own.
    let main = Gateway::start(folder.path());
    let (mut one, mut two) = (Client::start(folder.path()), Client::start(folder.path()));
    for client in [&mut one, &mut two] {
        let tools = client.ask("tools/list", &json!({}));
        let names: Vec<&str> =
            tools["tools"].as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str()).collect();
        assert_eq!(names, ["echo"], "what may not be called is not listed");
        let done = client.ask("tools/call", &json!({ "name": "echo", "arguments": { "text": "hi" } }));
        assert_eq!(done["content"][0]["text"], "done");
        let denied = client.ask("tools/call", &json!({ "name": "secret", "arguments": {} }));
        assert_eq!(denied["isError"], true, "{denied}");
    }
    assert_eq!((one.hang_up(), two.hang_up()), (Some(0), Some(0)));
    main.signal("-TERM");
    assert_eq!(main.ended().0.code(), Some(0));
    for number in ["beside-1", "beside-2"] {
        let log = folder.path().join("claw-data/audit").join(number).join("audit-000001.jsonl");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.lines().count() >= 4, "the reload, two decisions and a result: {log}");
    }
}

#[test]
fn an_unknown_server_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let args = ["stdio", "--server", "files"];
    let run = Command::new(env!("CARGO_BIN_EXE_claw-gateway")).args(args).current_dir(folder.path()).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("there is no server `files`"), "{run:?}");
}
