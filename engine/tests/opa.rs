//! Functions over HTTP, against servers that are good, slow, huge, broken or elsewhere.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use claw_engine::externs::{AuthZen, AuthZenPart, Extern, HttpOptions, Opa, Question, Reply};
use claw_runtime::{Json, Limits, Secret, Value};

/// Longer than any test waits for something that will happen.
const LONG: Duration = Duration::from_secs(60);

/// What a server does with a connection, after it has read a request.
type Behaviour = fn(&mut TcpStream);

/// A server on this machine, and the requests that it got: the first line, the other headers in lower case, the body.
struct Server {
    base: String,
    got: Arc<Mutex<Vec<[String; 3]>>>,
}

impl Server {
    fn start(behaviour: Behaviour) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, log) = (stream.unwrap(), Arc::clone(&log));
                std::thread::spawn(move || {
                    if let Some(request) = read(&stream) {
                        log.lock().unwrap().push(request);
                        behaviour(&mut stream);
                    }
                });
            }
        });
        Server { base, got }
    }

    fn requests(&self) -> Vec<(String, String)> {
        self.got.lock().unwrap().iter().map(|[first, _, body]| (first.clone(), body.clone())).collect()
    }
}

fn read(stream: &TcpStream) -> Option<[String; 3]> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let (mut length, mut headers) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        headers.push_str(&line.to_ascii_lowercase());
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some([first.trim().to_owned(), headers, String::from_utf8(body).ok()?])
}

fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
}

fn ok(stream: &mut TcpStream, body: &str) {
    answer(stream, "200 OK", "Content-Type: application/json\r\n", body);
}

fn question(args: &[Value], json: &[Json], left: Duration) -> Question {
    let deadline = Instant::now() + left;
    Question { name: "f".to_owned(), args: args.to_vec(), json: json.to_vec(), deadline }
}

fn text(text: &str) -> Question {
    question(&[Value::str(text)], &[Json::str(text)], LONG)
}

fn opa(server: &Server) -> Opa {
    Opa::new(&server.base, "payments/account/open", HttpOptions::default()).unwrap()
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), &Limits::default()).unwrap()
}

#[test]
fn opa_answers() {
    let server = Server::start(|stream| ok(stream, r#"{"result": {"id": "a", "limit": 12.50}, "decision_id": "x"}"#));
    let reply = opa(&server).call(&text("a-1")).unwrap();
    assert_eq!(reply, Reply::Json(json(r#"{"id": "a", "limit": 12.5}"#)));
    opa(&server).named(["account"]).call(&text("a-1")).unwrap();
    assert_eq!(
        server.requests(),
        [
            ("POST /v1/data/payments/account/open HTTP/1.1".to_owned(), r#"{"input":{"args":["a-1"]}}"#.to_owned()),
            ("POST /v1/data/payments/account/open HTTP/1.1".to_owned(), r#"{"input":{"account":"a-1"}}"#.to_owned()),
        ]
    );
    assert!(opa(&server).named(["account", "amount"]).call(&text("a-1")).is_err());
}

#[test]
fn anything_but_a_well_formed_answer_is_an_error() {
    let bad: [(&str, Behaviour); 9] = [
        ("undefined", |s| ok(s, "{}")),
        ("garbage", |s| ok(s, "<html>")),
        ("nothing", |s| ok(s, "")),
        ("twice", |s| ok(s, r#"{"result": true, "result": false}"#)),
        ("an error", |s| answer(s, "500 Internal Server Error", "", r#"{"result": true}"#)),
        ("created", |s| answer(s, "201 Created", "", r#"{"result": true}"#)),
        ("no HTTP", |s| drop(s.write_all(b"\x16\x03\x01 hello"))),
        ("cut", |s| drop(s.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"result\": true}"))),
        ("huge", |s| ok(s, &format!("{{\"result\": true, \"more\": \"{}\"}}", "x".repeat(200 << 10)))),
    ];
    for (name, behaviour) in bad {
        let server = Server::start(behaviour);
        let reply = opa(&server).call(&text("a"));
        assert!(reply.is_err(), "{name}: {reply:?}");
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}

#[test]
fn an_endless_answer_is_cut_off() {
    let server = Server::start(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while stream.write_all(b"5\r\n     \r\n").is_ok() {}
    });
    assert!(opa(&server).call(&text("a")).is_err());
}

#[test]
fn a_slow_server_costs_what_is_left() {
    let silent = Server::start(|stream| drop(stream.read(&mut [0; 1])));
    let dripping = Server::start(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    for server in [silent, dripping] {
        let begun = Instant::now();
        let question = question(&[], &[], Duration::from_millis(50));
        assert!(opa(&server).call(&question).is_err());
        assert!(begun.elapsed() < LONG);
    }
}

#[test]
fn redirects_are_not_followed() {
    static ELSEWHERE: Mutex<String> = Mutex::new(String::new());
    let target = Server::start(|stream| ok(stream, r#"{"result": true}"#));
    *ELSEWHERE.lock().unwrap() = target.base.clone();
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        static STATUS: Mutex<String> = Mutex::new(String::new());
        *STATUS.lock().unwrap() = status.to_owned();
        let server = Server::start(|stream| {
            let location = format!("Location: {}/\r\n", ELSEWHERE.lock().unwrap());
            answer(stream, &STATUS.lock().unwrap(), &location, r#"{"result": true}"#);
        });
        assert!(opa(&server).call(&text("a")).is_err(), "{status}");
    }
    assert_eq!(target.requests(), []);
}

#[test]
fn nobody_there_is_an_error() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let opa = Opa::new(&format!("http://{port}"), "a", HttpOptions::default()).unwrap();
    assert!(opa.call(&text("a")).is_err());
}

#[test]
fn secrets_are_not_sent() {
    let server = Server::start(|stream| ok(stream, r#"{"result": true, "decision": true}"#));
    let secret = Value::list(vec![Value::Secret(Secret::new("hunter2"))]);
    let question = question(&[secret], &[Json::Arr(vec![Json::str("hunter2")])], LONG);
    assert!(opa(&server).call(&question).is_err());
    let authzen = AuthZen::new(&server.base, HttpOptions::default()).unwrap().action("read");
    let parts = [AuthZenPart::Subject];
    assert!(authzen.parts(parts).call(&question).is_err());
    assert_eq!(server.requests(), []);
}

#[test]
fn headers_are_sent_and_not_shown() {
    let server = Server::start(|stream| ok(stream, r#"{"result": true}"#));
    let headers = vec![("Authorization".to_owned(), "Bearer hunter2".to_owned())];
    let options = HttpOptions { headers, ..HttpOptions::default() };
    let opa = Opa::new(&server.base, "a", options).unwrap();
    assert!(opa.call(&text("a")).is_ok());
    let [_, headers, _] = &server.got.lock().unwrap()[0];
    assert!(headers.contains("authorization: bearer hunter2") && headers.contains("content-type: application/json"));
    assert!(!format!("{opa:?}").contains("hunter2"));
}

#[test]
fn addresses_are_checked() {
    for base in ["", "opa", "ftp://opa", "http://user:word@opa", "http://opa/?a=b", "http://"] {
        assert!(Opa::new(base, "a", HttpOptions::default()).is_err(), "{base}");
    }
    for path in ["", "/", "a/", "a//b", "a?b", "../v1", "a b", "a%2fb"] {
        assert!(Opa::new("http://opa", path, HttpOptions::default()).is_err(), "{path}");
    }
    for pem in ["-", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let options = HttpOptions { roots_pem: pem.as_bytes().to_vec(), ..HttpOptions::default() };
        assert!(Opa::new("https://opa", "a", options).is_err(), "{pem}");
    }
    assert!(Opa::new("https://opa:8181/base/", "a/b", HttpOptions::default()).is_ok());
}

#[test]
fn authzen_evaluates() {
    let server = Server::start(|stream| ok(stream, r#"{"decision": false, "context": {"reason": "no"}}"#));
    let authzen = AuthZen::new(&server.base, HttpOptions::default()).unwrap();
    let args = ["ann", "read", "doc-1"].map(Json::str);
    assert_eq!(authzen.call(&question(&[], &args, LONG)), Ok(Reply::Json(Json::Bool(false))));
    let detailed =
        AuthZen::new(&server.base, HttpOptions::default()).unwrap().types("person", "account").action("close").parts([
            AuthZenPart::Subject,
            AuthZenPart::Resource,
            AuthZenPart::Context("ip".to_owned()),
            AuthZenPart::ResourceProperty("limit".to_owned()),
        ]);
    let args = [Json::str("ann"), Json::int(7), Json::str("::1"), Json::int(5)];
    assert_eq!(detailed.call(&question(&[], &args, LONG)), Ok(Reply::Json(Json::Bool(false))));
    let bodies: Vec<Json> = server.requests().iter().map(|(_, body)| json(body)).collect();
    assert_eq!(server.requests()[0].0, "POST /access/v1/evaluation HTTP/1.1");
    assert_eq!(
        bodies,
        [
            json(
                r#"{"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"},
                    "resource": {"type": "resource", "id": "doc-1"}}"#
            ),
            json(
                r#"{"subject": {"type": "person", "id": "ann"}, "action": {"name": "close"},
                    "resource": {"type": "account", "id": "7", "properties": {"limit": 5}},
                    "context": {"ip": "::1"}}"#
            ),
        ]
    );
    assert!(detailed.call(&text("a")).is_err());
    for body in [r#"{"decision": "true"}"#, r#"{"decision": 1}"#, "{}", "true"] {
        static BODY: Mutex<String> = Mutex::new(String::new());
        *BODY.lock().unwrap() = body.to_owned();
        let server = Server::start(|stream| {
            let body = BODY.lock().unwrap().clone();
            ok(stream, &body);
        });
        let authzen = AuthZen::new(&server.base, HttpOptions::default()).unwrap();
        assert!(authzen.call(&question(&[], &["a", "b", "c"].map(Json::str), LONG)).is_err(), "{body}");
    }
}

const REGO: &str = r#"package accounts
import rego.v1
open if input.account == "a-1"
limit := 12.50
"#;

/// Ends the server with the test.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_opa_answers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.rego");
    std::fs::write(&file, REGO).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut command = std::process::Command::new("opa");
    command.args(["run", "--server", "--addr", &address]).arg(&file).stdout(std::process::Stdio::null());
    let Ok(child) = command.stderr(std::process::Stdio::null()).spawn() else {
        println!("skipped: there is no opa on this machine");
        return;
    };
    let _running = Running(child);
    let base = format!("http://{address}");
    let rule = |name: &str| Opa::new(&base, name, HttpOptions::default()).unwrap().named(["account"]);
    let begun = Instant::now();
    while rule("accounts/limit").call(&text("a-1")).is_err() {
        assert!(begun.elapsed() < LONG, "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(rule("accounts/limit").call(&text("a-1")), Ok(Reply::Json(json("12.5"))));
    assert_eq!(rule("accounts/open").call(&text("a-1")), Ok(Reply::Json(Json::Bool(true))));
    // Undefined, so unknown rather than false.
    assert!(rule("accounts/open").call(&text("a-2")).is_err());
    assert!(rule("accounts/nothing").call(&text("a-1")).is_err());
}
