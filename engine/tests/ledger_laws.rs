//! Laws: the ledger and the runtime agree on what is granted, whatever the approval and the votes; and what approvers
//! are shown can't be made to look like something else.
#![allow(clippy::unwrap_used)]

#[path = "ledger/support.rs"]
mod support;

use claw_engine::ledger::{AskingId, Ledger, Opening, Shown, State};
use claw_runtime::{Evidence, Json, Limits, RequestInput, Vote, VoteVerdict};
use proptest::prelude::*;
use support::{Gateway, at, call, deploy, policy, policy_of};

/// `r1` includes `r0`, `r3` all of them.
const ROLES: [&str; 4] = ["r0", "r1", "r2", "r3"];
/// Voters; the last three ask.
const PEOPLE: [&str; 9] = ["ann", "ben", "cem", "dan", "eva", "Ann", "uma", "olga", "bot-1"];

#[derive(Clone, Debug)]
struct Case {
    /// How many, of which roles as bits.
    by: Vec<(u32, usize)>,
    by_user: bool,
    note: bool,
    reuse: bool,
    /// Minutes.
    expires: i64,
    votes: Vec<Cast>,
    /// Seconds after the asking.
    begin: i64,
}

#[derive(Clone, Debug)]
struct Cast {
    person: usize,
    roles: usize,
    grants: bool,
    note: Option<&'static str>,
    /// Seconds after the asking.
    at: i64,
}

impl Case {
    fn source(&self) -> String {
        let mut approval: Vec<String> =
            self.by.iter().map(|(n, roles)| format!("by {n} of {}", named(*roles).join(", "))).collect();
        approval.extend(self.by_user.then(|| "by user".to_owned()));
        approval.push(format!("expires {}m", self.expires));
        approval.extend(self.reuse.then(|| "reuse 1m".to_owned()));
        approval.extend(self.note.then(|| "note required".to_owned()));
        format!(
            "package shop environments prod
             roles bot, sre, r0, r1 includes (r0), r2, r3 includes (r1, r2)
             tool deploy(version: string)
             grant any to bot
             approval a {{ {} }}
             rule r {{ on deploy require a }}",
            approval.join(" ")
        )
    }
}

impl Cast {
    fn vote(&self) -> Vote {
        let verdict = if self.grants { VoteVerdict::Grant } else { VoteVerdict::Refuse };
        let roles = named(self.roles).into_iter().map(str::to_owned).collect();
        let note = self.note.map(str::to_owned);
        Vote { person: PEOPLE[self.person].to_owned(), roles, verdict, note, at: at(self.at) }
    }
}

fn named(roles: usize) -> Vec<&'static str> {
    (0..ROLES.len()).filter(|i| roles >> i & 1 == 1).map(|i| ROLES[i]).collect()
}

fn case() -> impl Strategy<Value = Case> {
    let by = prop::collection::vec((1u32..3, 1usize..16), 0..3);
    let cast = (
        0..PEOPLE.len(),
        prop_oneof![Just(1usize), 0usize..16],
        prop::bool::weighted(0.9),
        prop_oneof![3 => Just(Some("fine")), 1 => Just(None), 1 => Just(Some("  "))],
        prop_oneof![4 => 0i64..60, 1 => 0i64..400],
    );
    let cast = cast.prop_map(|(person, roles, grants, note, at)| Cast { person, roles, grants, note, at });
    let votes = prop::collection::vec(cast, 0..9);
    let flags = (prop::bool::weighted(0.3), prop::bool::weighted(0.3), any::<bool>());
    (by, flags, 1i64..5, votes, prop_oneof![3 => 60i64..120, 1 => 0i64..400]).prop_map(
        |(by, (by_user, note, reuse), expires, mut votes, begin)| {
            votes.sort_by_key(|cast| cast.at);
            let by_user = by_user || by.is_empty();
            Case { by, by_user, note, reuse, expires, votes, begin }
        },
    )
}

/// What a gateway without a ledger would make of all the votes.
fn decided_without_ledger(gateway: &Gateway, input: &RequestInput, opening: &Opening, case: &Case) -> (String, String) {
    let Opening { ballot, .. } = opening;
    let evidence = Evidence {
        approval: ballot.approval.clone(),
        approval_digest: ballot.approval_digest,
        request_digest: ballot.request_digest,
        clauses: ballot.clauses.clone(),
        asked_at: at(0),
        votes: case.votes.iter().map(Cast::vote).collect(),
    };
    let request = gateway.prepare(&input.clone().approval(evidence), at(case.begin));
    let decision = gateway.policy.preview(&request, &gateway.state);
    (decision.outcome.to_string(), decision.reason.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn granted_exactly_if_begin_discharges_it(mut case in case()) {
        let gateway = Gateway::over(policy_of(&case.source()), Ledger::in_memory());
        let input = deploy("1");
        let opening = gateway.openings(&input, at(0)).remove(0);
        let asking = gateway.ask(&input, at(0)).unwrap();
        // The runtime takes what it is told for one vote each; that nobody votes twice is the ledger's business.
        let mut seen = std::collections::BTreeSet::new();
        let case = { case.votes.retain(|cast| seen.insert(cast.person)); case.clone() };
        // Votes after the attempt are none yet.
        let case = Case { votes: case.votes.iter().filter(|cast| cast.at <= case.begin).cloned().collect(), ..case };
        for cast in &case.votes {
            let _ = gateway.vote(&asking.id, cast.vote(), at(cast.at));
        }
        let now = at(case.begin);
        let state = gateway.ledger.get(Some("acme"), &asking.id).unwrap().state(now);
        let without = decided_without_ledger(&gateway, &input, &opening, &case);
        let (outcome, reason) = gateway.attempt(&input, now);
        let (expected, of_all_votes) = match state {
            State::Granted => (("allow", "granted"), "allow"),
            State::Refused => (("deny", "approval_refused"), "deny"),
            State::Open => (("require_approval", "rule"), "require_approval"),
            State::Expired => (("require_approval", "rule"), "deny"),
            State::Consumed => unreachable!("it was not used yet"),
        };
        prop_assert_eq!((outcome.as_str(), reason.as_str()), expected);
        prop_assert_eq!(&without.0, of_all_votes);
        let after = gateway.ledger.get(Some("acme"), &asking.id).unwrap().state(now);
        prop_assert_eq!(after, if state == State::Granted { State::Consumed } else { state });
    }

    /// In any order of votes with repetitions: what is recorded is sound, and nobody is in it twice.
    #[test]
    fn nothing_that_can_not_be_is_recorded(case in case(), calls in prop::collection::vec((0usize..3, 0i64..400), 0..6)) {
        let gateway = Gateway::over(policy_of(&case.source()), Ledger::in_memory());
        let asking = gateway.ask(&deploy("1"), at(0)).unwrap();
        let digest = gateway.digest(&deploy("1"));
        for cast in &case.votes {
            let _ = gateway.vote(&asking.id, cast.vote(), at(cast.at));
        }
        for (call, seconds) in calls {
            let _ = gateway.ledger.claim(Some("acme"), &digest, &format!("c-{call}"), at(seconds));
            let asking = gateway.ledger.get(Some("acme"), &asking.id).unwrap();
            prop_assert!(asking.is_sound());
            let first = asking.claims.iter().map(|claim| claim.at).min();
            for claim in &asking.claims {
                prop_assert!(claim.at <= asking.expires_at);
                let reuse = if case.reuse { 60_000 } else { 0 };
                prop_assert!(claim.at.since(first.unwrap()).as_millis() <= reuse);
            }
        }
    }
}

fn shown(gateway: &Gateway, input: &RequestInput) -> Shown {
    gateway.openings(input, at(0)).remove(0).shown
}

/// Without the line that says the digest.
fn text_without_digest(shown: &Shown) -> String {
    let text = shown.to_text();
    let (rest, digest) = text.trim_end().rsplit_once('\n').unwrap();
    assert!(digest.contains("request: sha256:"));
    rest.to_owned()
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[a-b\\\\u{}\", :\n]{0,5}",
        prop::sample::select(vec![
            "\u{202e}",
            "\u{200b}",
            "\u{1b}[2J",
            "<img>",
            "&lt;",
            "](x)",
            "```",
            "\n    user: \"eva\"",
            "(secret)",
            "  "
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// A call whose every digested value is somebody else's choice.
fn hostile_call() -> impl Strategy<Value = RequestInput> {
    let fields = (hostile(), hostile(), hostile(), hostile(), prop::option::of(hostile()));
    (fields, prop::collection::vec(hostile(), 0..3), prop::option::of(hostile())).prop_map(
        |((version, agent, user, session, tenant), notes, ticket)| {
            let mut input = deploy(&version).arg("notes", notes).session(session);
            input.agent.id = agent;
            input.user.as_mut().unwrap().id = user;
            input.tenant = tenant;
            match ticket {
                Some(ticket) => input.context("ticket", ticket),
                None => input,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn two_requests_never_look_alike(a in hostile_call(), b in hostile_call()) {
        let gateway = Gateway::new();
        let (first, second) = (shown(&gateway, &a), shown(&gateway, &b));
        let same = gateway.digest(&a) == gateway.digest(&b);
        prop_assert_eq!(first.to_text() == second.to_text(), same);
        prop_assert_eq!(first.to_json() == second.to_json(), same);
        prop_assert_eq!(text_without_digest(&first) == text_without_digest(&second), same);
    }

    #[test]
    fn small_differences_show(call in hostile_call(), more in hostile()) {
        prop_assume!(!more.is_empty());
        let gateway = Gateway::new();
        let before = text_without_digest(&shown(&gateway, &call));
        let version = call.args.get("version").unwrap().as_str().unwrap().to_owned();
        let longer = call.clone().arg("version", format!("{version}{more}"));
        prop_assert_ne!(text_without_digest(&shown(&gateway, &longer)), before.clone());
        let renamed = RequestInput { tenant: Some(format!("{}{more}", call.tenant.clone().unwrap_or_default())), ..call };
        prop_assert_ne!(text_without_digest(&shown(&gateway, &renamed)), before);
    }

    #[test]
    fn every_line_is_one_of_ours(call in hostile_call()) {
        let gateway = Gateway::new();
        let shown = shown(&gateway, &call);
        let text = shown.to_text();
        let lines = 2 + shown.needs.len() + shown.call.len()
            + shown.clauses.iter().map(|clause| 1 + clause.lines.len()).sum::<usize>();
        prop_assert_eq!(text.lines().count(), lines);
        for line in text.lines() {
            prop_assert!(line.starts_with("    ") && !line.chars().any(char::is_control), "{line}");
            for odd in ["\u{202e}", "\u{200b}", "<img", "&lt;", "](", "`", "\u{a0}"] {
                prop_assert!(!line.contains(odd), "{line}");
            }
        }
        let json = shown.to_json().to_string();
        prop_assert!(Json::parse(json.as_bytes(), &Limits::default()).is_ok());
        for odd in ["\u{202e}", "\u{200b}", "<img", "](x", "`"] {
            prop_assert!(!json.contains(odd), "{json}");
        }
    }
}

#[test]
fn what_an_approver_reads() {
    let gateway = Gateway::new();
    let input = deploy("1.2<b>")
        .arg("key", "hunter2")
        .arg("command", "A=1 sudo r\\m -rf \"$x\" > /etc/x")
        .context("ticket", "T-1")
        .context("token", "hunter3");
    let shown = shown(&gateway, &input);
    let expected = r#"    approval: two_keys
    needs: 2 of sre, security
    needs: 1 of security
    needs: a note that says why
    kind: "tool"
    tool: "deploy"
    environment: "prod"
    agent: "bot-1"
    chain: ["planner"]
    user: "uma"
    tenant: "acme"
    session: "s"
    args.command: "A=1 sudo r\\m -rf \"$x\" > /etc/x"
    args.key: (secret)
    args.version: "1.2\u{3c}b>"
    context.ticket: "T-1"
    context.token: (secret)
    runs at /args/command: rm -rf "$x" (through sudo) (setting A) (writing /etc/x)
    required by: shop.keys
      about: Deployments are looked at by two people.
      suggests: wait for the release manager
    request: "#;
    assert_eq!(shown.to_text().trim_end(), format!("{expected}{}", gateway.digest(&input)));
    let asking = gateway.ask(&input, at(0)).unwrap();
    for place in [format!("{asking:?}"), shown.to_json().to_string(), shown.to_text()] {
        assert!(!place.contains("hunter"), "{place}");
    }
    // A secret is not shown, and yet another one is another request.
    let other = self::shown(&gateway, &input.clone().arg("key", "hunter4"));
    assert_ne!(other.to_text(), shown.to_text());
    assert_eq!(text_without_digest(&other), text_without_digest(&shown));
}

#[test]
fn secrets_are_found_wherever_they_are() {
    let source = r#"
        package shop environments prod roles bot, sre
        record login { name: string, password: secret, old?: list<secret> }
        context { logins?: list<login> }
        tool deploy(version: string, keys: list<secret>, who: login)
        grant any to bot
        approval a { by 1 of sre expires 5m }
        rule r { on deploy require a }"#;
    let gateway = Gateway::over(policy_of(source), Ledger::in_memory());
    let login = r#"{ "name": "a/b~c", "password": "hunter2", "old": ["hunter3", "hunter4"] }"#;
    let json = |text: &str| Json::parse(text.as_bytes(), &Limits::default()).unwrap();
    let input = deploy("(secret)")
        .arg("keys", ["hunter5", "(secret)"])
        .arg("who", json(login))
        .context("logins", json(&format!("[{login}]")));
    let text = shown(&gateway, &input).to_text();
    assert!(!text.contains("hunter"), "{text}");
    assert!(text.contains("args.keys: [(secret),(secret)]\n"), "{text}");
    assert!(text.contains(r#"args.who: {"name":"a/b~c","old":[(secret),(secret)],"password":(secret)}"#), "{text}");
    assert!(
        text.contains(r#"context.logins: [{"name":"a/b~c","old":[(secret),(secret)],"password":(secret)}]"#),
        "{text}"
    );
    assert!(text.contains("args.version: \"(secret)\"\n"), "{text}");
}

#[test]
fn long_values_are_cut_and_still_differ() {
    let gateway = Gateway::new();
    let long = |end: &str| shown(&gateway, &deploy(&format!("{}{end}", "x".repeat(3_000))));
    let text = text_without_digest(&long("a"));
    assert!(text.contains("xx… (1,003 more characters, sha256:") && text.len() < 4_000, "{text}");
    assert_ne!(text, text_without_digest(&long("b")));
}

#[test]
fn many_long_values_are_cut_shorter() {
    let parameters: Vec<String> = (0..60).map(|i| format!("p{i}: string")).collect();
    let source = support::POLICY.replace("version: string", &format!("version: string, {}", parameters.join(", ")));
    let gateway = Gateway::over(policy_of(&source), Ledger::in_memory());
    let call = |last: &str| {
        (0..60).fold(deploy("1"), |input, i| input.arg(&format!("p{i}"), "\u{202e}".repeat(2_500))).arg("p59", last)
    };
    let (a, b) = ("y".repeat(1_000) + "a", "y".repeat(1_000) + "b");
    let text = text_without_digest(&shown(&gateway, &call(&a)));
    assert!(text.len() < 120_000, "{}", text.len());
    assert_ne!(text, text_without_digest(&shown(&gateway, &call(&b))), "the digests of what is left out differ");
}

#[test]
fn what_stands_there_is_never_taken_for_another_request() {
    let gateway = Gateway::new();
    let request = gateway.prepare(&deploy("1"), at(0));
    let other = gateway.prepare(&deploy("2"), at(0));
    let decision = gateway.policy.preview(&request, &gateway.state);
    assert_eq!(Opening::of(&gateway.policy, &request, &decision).len(), 1);
    assert!(Opening::of(&gateway.policy, &other, &decision).is_empty());
    let foreign = policy();
    let wiped = foreign.preview(&foreign.prepare(&call("wipe").arg("all", true)).unwrap(), &gateway.state);
    assert!(Opening::of(&foreign, &foreign.prepare(&deploy("1")).unwrap(), &wiped).is_empty());
    assert!("sha256:0".parse::<AskingId>().is_err());
}
