//! `clawc audit`: logs as an engine writes them, and as others leave them.

mod common;

use std::fs;

use claw_engine::audit::{
    AgentFacts, AppliedFacts, AuditLog, DecisionEvent, Event, FileOptions, FileSink, Fsync, Options, Payload,
    ResultEvent, ResultOutcome, Sink, SqliteSink, VoteEvent,
};
use claw_engine::signing::SecretKey;
use claw_runtime::{Json, Time};
use common::Folder;
use serde_json::Value;

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn decision(call: &str, tool: &str, outcome: &str, message: Option<&str>) -> Event {
    let applied = AppliedFacts {
        clause: "acme.mail_stays_inside".to_owned(),
        kind: "rule".to_owned(),
        effect: "deny".to_owned(),
        message: message.map(str::to_owned),
        ..AppliedFacts::default()
    };
    Event::Decision(Box::new(DecisionEvent {
        tenant: Some("acme".to_owned()),
        session: Some("s-1".to_owned()),
        call_id: Some(call.to_owned()),
        agent: AgentFacts { id: "bot-7".to_owned(), chain: vec!["planner".to_owned()], ..AgentFacts::default() },
        user: Some("u-1".to_owned()),
        environment: "prod".to_owned(),
        tool: tool.to_owned(),
        args: Payload(Json::Obj(vec![
            ("to".into(), Json::str("=evil()")),
            ("x".into(), Json::Num("0.10000000000000000001".into())),
        ])),
        decision: outcome.to_owned(),
        reason: if outcome == "deny" { "rule" } else { "granted" }.to_owned(),
        applied: if outcome == "deny" { vec![applied] } else { Vec::new() },
        ..DecisionEvent::default()
    }))
}

/// Four events in the log that this sink keeps; the key that signs it.
fn write(sink: Box<dyn Sink>) -> (SecretKey, String) {
    let key = SecretKey::generate().unwrap();
    let signer = SecretKey::from_text(&key.to_text(None).unwrap(), None).unwrap();
    let month = claw_runtime::Duration::from_millis(30 * 86_400_000);
    let options = Options { signer: Some(signer), checkpoint_every: month, ..Options::default() };
    let log = AuditLog::open(sink, options).unwrap();
    log.record(time("2026-03-01T10:00:00Z"), &decision("c-1", "send_email", "allow", None)).unwrap();
    let message = "`eva|x` = \"outside\"\nso \\ no";
    log.record(time("2026-03-02T10:00:00Z"), &decision("c-2", "send_sms", "deny", Some(message))).unwrap();
    let result = ResultEvent {
        tenant: Some("acme".to_owned()),
        session: Some("s-1".to_owned()),
        call_id: "c-1".to_owned(),
        request_digest: None,
        outcome: ResultOutcome::Error,
        result_hash: None,
        latency_ms: Some(3),
        error: None,
    };
    log.record(time("2026-03-03T10:00:00Z"), &Event::Result(result.with_error("\u{1b}[31mred"))).unwrap();
    let vote = VoteEvent {
        tenant: Some("acme".to_owned()),
        asking: "a-1".to_owned(),
        approval: Some("two_keys".to_owned()),
        request_digest: None,
        person: "u-2".to_owned(),
        roles: Vec::new(),
        verdict: claw_engine::audit::Verdict::Grant,
        note: None,
        accepted: false,
        refusal: Some("wrong_role".to_owned()),
    };
    log.record(time("2026-03-04T10:00:00Z"), &Event::Vote(vote)).unwrap();
    let head = log.head().unwrap();
    (key, format!("{}:{}", head.seq, head.hash))
}

fn with_log() -> (Folder, SecretKey, String) {
    let folder = Folder::new();
    let options = FileOptions { fsync: Fsync::Os, ..FileOptions::default() };
    let (key, head) = write(Box::new(FileSink::open(folder.path().join("log"), options).unwrap()));
    folder.write("k.pub", key.public().to_file_text());
    (folder, key, head)
}

const FILE: &str = "log/audit-000001.jsonl";

#[test]
fn a_whole_log_verifies_in_every_form() {
    let (folder, key, head) = with_log();
    let out = folder.run(&["audit", "verify", "log", "--key", "k.pub", "--head", &head]).expect(0).out;
    let last = folder.read(FILE).lines().last().unwrap().to_owned();
    let hash = serde_json::from_str::<Value>(&last).unwrap()["hash"].as_str().unwrap().to_owned();
    assert_eq!(
        out,
        format!("whole: 5 records, 1 to 5\n  head      5:{hash}\n  signed    through record 4, all of it\n")
    );
    let out = folder.run(&["audit", "verify", FILE]).expect(0).out;
    assert!(out.contains("not looked at: no key was given for the 1 checkpoints"), "{out}");
    let base64 = key.public().to_base64();
    let json = folder.run(&["audit", "verify", "log", "--key", &base64, "--format", "json"]).expect(0).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["records"], &json["signed_through"], &json["gaps"]),
        (&5.into(), &4.into(), &Value::Array(vec![]))
    );
    let (key, _) = write(Box::new(SqliteSink::open(folder.path().join("audit.sqlite")).unwrap()));
    folder.run(&["audit", "verify", "audit.sqlite", "--key", &key.public().to_base64()]).expect(0);
}

#[test]
fn gaps_are_told_with_their_places() {
    let (folder, _, head) = with_log();
    let text = folder.read(FILE);
    folder.write(FILE, text.replace("send_sms", "send_pix"));
    let out = folder.run(&["audit", "verify", "log", "--key", "k.pub"]).expect(1).out;
    let first = out.lines().next().unwrap();
    assert_eq!(first, format!("{FILE}:2: gap: record 2 was changed: its contents do not have its hash"));
    assert!(out.contains("\n1 gap: 5 records, 1 to 5\n"), "{out}");
    let lines: Vec<&str> = text.lines().collect();
    folder.write(FILE, lines[..3].join("\n") + "\n");
    let out = folder.run(&["audit", "verify", "log", "--head", &head, "--format", "json"]).expect(1).out;
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["gaps"][0]["kind"], "truncated");
    assert_eq!((&json["gaps"][0]["expected"], &json["gaps"][0]["line"]), (&4.into(), &3.into()));
    folder.write(FILE, text.replace("untrusted comment", "comment"));
    folder.run(&["audit", "verify", "log", "--key", "k.pub"]).expect(1);
}

#[test]
fn what_can_not_be_read_is_a_failure() {
    let (folder, ..) = with_log();
    folder.run(&["audit", "verify", "nothing"]).fails_with("cannot read `nothing`: no such file or directory", "");
    fs::create_dir(folder.path().join("empty")).unwrap();
    folder
        .run(&["audit", "show", "empty"])
        .fails_with("there is no audit log in `empty`", "the files of a log are called `audit-000001.jsonl` and so on");
    folder
        .run(&["audit", "verify", "log", "--head", "4"])
        .fails_with("`4` names no record", "write its number and its hash: `1204:sha256:9f86d0…`");
    folder
        .run(&["audit", "show", "log", "--decision", "denied"])
        .fails_with("there is no decision `denied`", "there are `allow`, `require_approval` and `deny`");
    folder
        .run(&["audit", "show", "log", "--event", "votes"])
        .fails_with("there is no event `votes`", "did you mean `vote`?");
    assert!(folder.run(&["audit", "show", "log", "--since", "yesterday"]).expect(2).err.contains("yesterday"));
}

#[test]
fn records_are_shown_and_chosen() {
    let (folder, ..) = with_log();
    let show = |args: &[&str]| folder.run(&[&["audit", "show", "log"], args].concat()).expect(0).out;
    let all = show(&[]);
    for part in [
        "#1 2026-03-01T10:00:00Z  ALLOW send_email  tenant acme  session s-1  call c-1  agent bot-7  for u-1  in prod\n",
        "DENY send_sms  rule",
        "    deny acme.mail_stays_inside: `eva|x` = \"outside\"\\nso \\ no\n",
        "    args {\"to\":\"=evil()\",\"x\":0.10000000000000000001}\n",
        "result error  tenant acme",
        "    says \\u{1b}[31mred\n",
        "vote wrong_role  tenant acme  by u-2\n    approval two_keys\n",
        "    signed through record 4 with the key ",
        "\n5 records\n",
    ] {
        assert!(all.contains(part), "{part}\nin\n{all}");
    }
    for (args, calls) in [
        (&["--decision", "deny"][..], &["c-2"][..]),
        (&["--tool", "send_*"], &["c-1", "c-2"]),
        (&["--call", "c-1"], &["c-1", "c-1"]),
        (&["--clause", "mail_stays_inside"], &["c-2"]),
        (&["--clause", "stays_inside"], &[]),
        (&["--agent", "planner", "--event", "decision"], &["c-1", "c-2"]),
        (&["--since", "2026-03-02", "--until", "2026-03-03T10:00:01Z"], &["c-2", "c-1"]),
        (&["--session", "s-1", "--limit", "2"], &["c-2", "c-1"]),
        (&["--user", "u-9"], &[]),
    ] {
        let out = show(&[args, &["--format", "json"]].concat());
        let found: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let found: Vec<&str> = found.iter().map(|record| record["call_id"].as_str().unwrap()).collect();
        assert_eq!(found, calls, "{args:?}");
    }
    // Printed as they are: what was chosen can be held against the log.
    assert_eq!(show(&["--format", "json"]), folder.read(FILE));
    let text = folder.read(FILE);
    folder.write(FILE, text.replacen("{\"agent\"", "nonsense", 1));
    let run = folder.run(&["audit", "show", "log"]).expect(1);
    assert!(
        run.err.starts_with("log/audit-000001.jsonl:1: this is no JSON") && run.out.ends_with("4 records\n"),
        "{run:?}"
    );
}

#[test]
fn records_are_exported() {
    let (folder, ..) = with_log();
    let export = |format: &str| folder.run(&["audit", "export", "log", "--format", format]).expect(0).out;
    let csv = export("csv");
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("seq,time,event,tenant,session,call_id,agent,user,"), "{csv}");
    assert!(lines[1].starts_with(
        "1,2026-03-01T10:00:00Z,decision,acme,s-1,c-1,bot-7 < planner,u-1,prod,,send_email,allow,granted,"
    ));
    assert!(csv.contains(",\"`eva|x` = \"\"outside\"\"\nso \\ no\","), "{csv}");
    assert!(lines[1].contains(r#","{""to"":""=evil()"",""x"":0.10000000000000000001}","#), "{csv}");
    let cef = export("cef");
    let lines: Vec<&str> = cef.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[1].starts_with("CEF:0|claw|audit|1|decision:deny|deny send_sms|6|rt=1772445600000 externalId=2 act=deny reason=rule suser=u-1 msg=`eva|x` \\= \"outside\"\\nso \\\\ no fileHash=sha256:"), "{}", lines[1]);
    assert!(lines[1].contains(" cs1Label=agent cs1=bot-7 < planner "), "{}", lines[1]);
    let json: Vec<Value> = serde_json::from_str(&export("json")).unwrap();
    assert_eq!(json.len(), 5);
    let none = folder.run(&["audit", "export", "log", "--format", "json", "--user", "nobody"]).expect(0).out;
    assert_eq!(none, "[]\n");
    // Into a file, which is there only once it is complete.
    folder.run(&["audit", "export", "log", "--format", "csv", "-o", "out.csv"]).expect(0);
    assert_eq!(folder.read("out.csv"), csv);
    assert_eq!(folder.files(), ["k.pub", "log", "out.csv"]);
    folder.run(&["audit", "export", "nothing", "--format", "csv", "-o", "other.csv"]).expect(2);
    assert_eq!(folder.files(), ["k.pub", "log", "out.csv"]);
}
