//! What of a decision is written down, and what never is.

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile, diagnostics};
use claw_engine::audit::{DecisionEvent, Event, REDACTED, Record, Redaction};
use claw_runtime::{AgentInput, Decision, Json, NoState, Policy, Reason, RequestInput, UserInput};

use crate::{at, names, open, quick};

const POLICY: &str = r#"
package shop
environments prod
roles clerk
record Card { number: string, code: secret }
tool login(user: string, password: secret, backup?: list<secret>)
tool pay(card: Card, amount: int, memo?: string)
tool note(text: string)
tool free(text: string, blob?: json)
constraints { redact: set<string> = union, timeout: duration = min }
grant login, pay, note, free to clerk
let hidden: set<string> = ["/card/number", "memo"]
rule cards { on pay constrain redact hidden }
rule large { on pay when args.amount > 100 deny "{args.amount} for `{args.memo}` is too much" }
rule notes { on note constrain redact ["text"] }
rule bad_notes { on note when args.text like "bad*" deny "`{args.text}` is not nice" }
rule loud { on free when args.text like "loud*" deny "`{args.text}` is loud" }
"#;

fn policy() -> Policy {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", POLICY);
    let analysis = workspace.analyze("main.claw");
    let checked = Checked::new(analysis.package.clone(), analysis.has_errors());
    let checked = checked.unwrap_or_else(|| panic!("{}", diagnostics::plain(&analysis.diagnostics, &analysis.sources)));
    let bundle = compile(&checked, &analysis.sources, Budget::default());
    Policy::from_bytes(&bundle.to_bytes()).unwrap().with_enforced_constraints(["redact", "timeout"])
}

fn call(tool: &str, args: &str) -> RequestInput {
    let args = Json::parse(args.as_bytes(), &claw_runtime::Limits::default()).unwrap();
    RequestInput::tool(tool)
        .environment("prod")
        .agent(AgentInput::new("bot").role("clerk").owner("u-9").delegated_by(AgentInput::new("planner").role("clerk")))
        .user(UserInput::new("u-1"))
        .tenant("acme")
        .session("s-1")
        .call_id("c-1")
        .time(at(0))
        .args(args)
}

fn decided(input: &RequestInput) -> (DecisionEvent, Decision) {
    let policy = policy();
    let decision = match policy.prepare(input) {
        Ok(request) => policy.explain(&request, &NoState),
        Err(denial) => *denial,
    };
    (DecisionEvent::new(input, &decision, &policy, 42), decision)
}

/// The event's text as it would stand in the log.
fn text(event: &DecisionEvent) -> String {
    serde_json::to_string(&Event::Decision(Box::new(event.clone()))).unwrap()
}

#[test]
fn a_decision_is_told_with_who_and_what() {
    let (event, decision) = decided(&call("free", r#"{"text":"hi","blob":{"x":0.10}}"#));
    assert_eq!((&*event.decision, &*event.reason, event.redacted), ("allow", "granted", false));
    assert_eq!(
        (event.tenant.as_deref(), event.session.as_deref(), event.user.as_deref()),
        (Some("acme"), Some("s-1"), Some("u-1"))
    );
    assert_eq!((&*event.agent.id, &event.agent.chain[..]), ("bot", &["planner".to_owned()][..]));
    assert_eq!(event.args.0.canonical(), r#"{"blob":{"x":0.1},"text":"hi"}"#);
    assert_eq!((event.request_digest, event.policy_digest), (decision.request_digest, Some(decision.policy_digest)));
    assert_eq!(event.applied.len(), decision.applied.len());
    assert_eq!(event.latency_us, 42);
    let (event, _) = decided(&call("free", r#"{"text":"loud one"}"#));
    assert_eq!((&*event.decision, &*event.reason), ("deny", "rule"));
    let denial = event.applied.iter().find(|applied| applied.effect == "deny").unwrap();
    assert_eq!((&*denial.clause, &*denial.kind), ("shop.loud", "rule"));
    assert_eq!(denial.message.as_deref(), Some("`loud one` is loud"));
}

#[test]
fn secrets_are_left_out_wherever_they_stand() {
    let (event, _) = decided(&call("login", r#"{"user":"eva","password":"hunter2","backup":["hunter3","hunter4"]}"#));
    assert_eq!(event.decision, "allow");
    assert!(event.redacted);
    assert_eq!(
        event.args.0.canonical(),
        format!(r#"{{"backup":["{REDACTED}","{REDACTED}"],"password":"{REDACTED}","user":"eva"}}"#)
    );
    assert!(!text(&event).contains("hunter"));
    // A call that was not understood: nobody knows which of its values is a secret.
    let (event, decision) = decided(&call("login", r#"{"user":"eva","hunter2":1,"password":"hunter2"}"#));
    assert_eq!((decision.reason, &event.args.0), (Reason::InvalidRequest, &Json::Null));
    assert!(decision.message.unwrap().contains("hunter2"), "the message quotes it, so it stays out");
    assert!(!text(&event).contains("hunter"), "{}", text(&event));
    let (event, _) = decided(&call("nothing", r#"{"password":"hunter2"}"#));
    assert_eq!((&*event.reason, text(&event).contains("hunter")), ("unknown_tool", false));
}

#[test]
fn what_a_constraint_lists_is_left_out_with_all_that_may_quote_it() {
    let (event, _) = decided(&call("pay", r#"{"card":{"number":"4111","code":"999"},"amount":5,"memo":"for eva"}"#));
    assert_eq!(event.decision, "allow");
    let expected =
        format!(r#"{{"amount":5,"card":{{"code":"{REDACTED}","number":"{REDACTED}"}},"memo":"{REDACTED}"}}"#);
    assert_eq!(event.args.0.canonical(), expected);
    let text = text(&event);
    assert!(["4111", "999", "eva"].iter().all(|secret| !text.contains(secret)), "{text}");
    assert!(event.applied.iter().all(|applied| applied.message.is_none()));
}

#[test]
fn a_denied_call_has_no_constraints_and_so_no_arguments() {
    let (event, decision) = decided(&call("note", r#"{"text":"bad eva"}"#));
    assert!(decision.constraints.is_empty(), "if denials had them, less could be left out");
    assert!(decision.applied.iter().any(|applied| applied.message.as_deref() == Some("`bad eva` is not nice")));
    assert_eq!(event.args.0.canonical(), format!(r#"{{"text":"{REDACTED}"}}"#));
    assert!(!text(&event).contains("eva"), "{}", text(&event));
    let (event, _) = decided(&call("pay", r#"{"card":{"number":"4111","code":"999"},"amount":500,"memo":"for eva"}"#));
    assert_eq!(event.decision, "deny");
    assert!(["4111", "eva", "500"].iter().all(|value| !text(&event).contains(value)), "{}", text(&event));
    assert!(event.request_digest.is_some());
}

#[test]
fn a_name_that_fits_nothing_hides_everything() {
    let policy = policy();
    let input = call("free", r#"{"text":"hi","blob":{"a":[1,{"b":2}]}}"#);
    let allowed = policy.explain(&policy.prepare(&input).unwrap(), &NoState);
    let hidden = |names: &[&str]| {
        let list = Json::Arr(names.iter().map(|name| Json::str(*name)).collect());
        let decision = Decision { constraints: vec![("redact".to_owned(), list)], ..allowed.clone() };
        DecisionEvent::new(&input, &decision, &policy, 0).args.0.canonical().replace(REDACTED, "-")
    };
    for (names, expected) in [
        (&["text"][..], r#"{"blob":{"a":[1,{"b":2}]},"text":"-"}"#),
        (&["/blob/a/1/b"], r#"{"blob":{"a":[1,{"b":"-"}]},"text":"hi"}"#),
        (&["/blob/a/7/b"], r#"{"blob":{"a":"-"},"text":"hi"}"#),
        (&["/blob/c"], r#"{"blob":"-","text":"hi"}"#),
        (&["/text/deeper"], r#"{"blob":{"a":[1,{"b":2}]},"text":"-"}"#),
        (&["tetx"], r#"{"blob":"-","text":"-"}"#),
        (&["/args/text"], r#"{"blob":"-","text":"-"}"#),
        (&[], r#"{"blob":{"a":[1,{"b":2}]},"text":"hi"}"#),
    ] {
        assert_eq!(hidden(names), expected, "{names:?}");
    }
    let odd = Decision { constraints: vec![("redact".to_owned(), Json::str("text"))], ..allowed.clone() };
    let event = DecisionEvent::new(&input, &odd, &policy, 0);
    assert_eq!(event.args.0.canonical(), format!(r#"{{"blob":"{REDACTED}","text":"{REDACTED}"}}"#));
    assert_eq!(event.constraints.0.canonical(), format!(r#"{{"redact":"{REDACTED}"}}"#));
}

#[test]
fn sizes_have_bounds_and_what_is_cut_is_told() {
    let policy = policy();
    let input = call("free", &format!(r#"{{"text":"{}"}}"#, "x".repeat(500))).session("s".repeat(200));
    let decision = policy.explain(&policy.prepare(&input).unwrap(), &NoState);
    let small = Redaction { args_bytes: 100, text_bytes: 50, ..Redaction::default() };
    let event = DecisionEvent::redacted(&input, &decision, &policy, 0, &small);
    assert_eq!(event.args.0, Json::Null);
    let omitted = event.args_omitted.clone().unwrap();
    assert_eq!((omitted.bytes, omitted.digest), (511, claw_runtime::Digest::of(decision.args.canonical().as_bytes())));
    let session = event.session.unwrap();
    assert!(session.starts_with(&format!("{}… (150 more bytes, sha256:", "s".repeat(50))), "{session}");
    assert_eq!(DecisionEvent::new(&input, &decision, &policy, 0).args_omitted, None);
}

#[test]
fn a_decision_without_a_policy_says_what_is_known() {
    let decision = Decision::denial(Reason::NoPolicy, Some("tenant `acme` has no policy".to_owned()));
    let event = DecisionEvent::without_policy(&call("login", r#"{"password":"hunter2"}"#), &decision, 3);
    assert_eq!((&*event.reason, &*event.tool, event.policy_digest), ("no_policy", "login", None));
    assert!(!text(&event).contains("hunter"));
}

#[test]
fn what_is_recorded_reads_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), quick(), claw_engine::audit::Options::default());
    let (event, _) =
        decided(&call("free", r#"{"text":"hi \u0000 \"€😀","blob":{"x":123456789012345678901234567890.5}}"#));
    let event = Event::Decision(Box::new(event));
    log.record(at(0), &event).unwrap();
    drop(log);
    let records: Vec<Record> =
        claw_engine::audit::read(directory.path()).unwrap().map(|record| record.unwrap().1).collect();
    assert_eq!(records[0].event, event);
    assert_eq!(records[0].time, Some(at(0)));
    assert_eq!(names(directory.path()), ["decision"]);
}
