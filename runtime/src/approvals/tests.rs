//! Tests of approvals: quorum, requesters, expiry, refusals, single use.

#![allow(clippy::unwrap_used)]

use super::ballot::Parties;
use super::*;
use crate::bundle::{ApprovalDef, RoleDef};
use crate::{Duration, Limits};

const MINUTE: i64 = 60_000;

fn at(minutes: i64) -> Time {
    Time::from_millis(1_770_000_000_000 + minutes * MINUTE).unwrap()
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// sre 0, security 1, admin 2 includes sre.
fn roles() -> Vec<RoleDef> {
    let role = |name: &str, closure: &[u32]| RoleDef { name: name.to_owned(), closure: closure.to_vec() };
    vec![role("sre", &[0]), role("security", &[1]), role("admin", &[0, 2])]
}

/// Two people of sre or security, one of them from security.
fn two_keys() -> ApprovalDef {
    ApprovalDef {
        id: "acme.two_keys".to_owned(),
        short: "two_keys".to_owned(),
        by: vec![(2, vec![0, 1]), (1, vec![1])],
        by_user: false,
        expires_ms: 30 * MINUTE,
        reuse_ms: 0,
        note_required: true,
        digest: digest("two_keys"),
    }
}

fn confirmation() -> ApprovalDef {
    ApprovalDef { by: Vec::new(), by_user: true, note_required: false, ..two_keys() }
}

fn evidence(votes: impl IntoIterator<Item = Vote>) -> Evidence {
    Evidence {
        approval: "acme.two_keys".to_owned(),
        approval_digest: digest("two_keys"),
        request_digest: digest("request"),
        clauses: vec!["acme.rule_a".to_owned(), "acme.rule_b".to_owned()],
        asked_at: at(0),
        votes: votes.into_iter().collect(),
    }
}

fn yes(person: &str, role: &str) -> Vote {
    Vote::grant(person, at(1)).role(role).note("fine")
}

fn no(person: &str, role: &str) -> Vote {
    Vote::refuse(person, at(1)).role(role)
}

fn agreed() -> Evidence {
    evidence([yes("sam", "sre"), yes("kim", "security")])
}

/// What may differ between cases.
struct Case {
    def: ApprovalDef,
    now: Option<Time>,
    user: Option<&'static str>,
    consumed: Result<Option<Time>, StateError>,
    requiring: &'static [&'static str],
}

impl Default for Case {
    fn default() -> Case {
        Case { def: two_keys(), now: Some(at(5)), user: Some("uma"), consumed: Ok(None), requiring: &["acme.rule_a"] }
    }
}

impl Case {
    fn judge(&self, evidence: &[Evidence]) -> Result<Consumption, Refusal> {
        let ballot = ballot(&self.def, None, digest("request"), self.user, self.requiring);
        discharged(&ballot, evidence, self.now, &|_| self.consumed.clone())
    }
}

fn ballot(
    def: &ApprovalDef,
    tenant: Option<&str>,
    request_digest: Digest,
    user: Option<&str>,
    requiring: &[&str],
) -> Ballot {
    let parties = Parties { tenant, request_digest, user, owners: &["olga", "pete"], agents: &["bot", "planner"] };
    Ballot::new(def, &roles(), &parties, requiring)
}

fn judge(evidence: &[Evidence]) -> Result<Consumption, Refusal> {
    Case::default().judge(evidence)
}

fn too_few(have: usize, need: u32, of: &[&str]) -> Result<Consumption, Refusal> {
    Err(Refusal::Missing(Missing::People { have, need, of: of.iter().map(|role| (*role).to_owned()).collect() }))
}

#[test]
fn two_people_one_from_security() {
    let consumption = judge(&[agreed()]).unwrap();
    assert_eq!((consumption.at, consumption.expires), (at(5), at(30)));
    assert_eq!(judge(&[]), Err(Refusal::NoEvidence));
    assert_eq!(judge(&[evidence([])]), too_few(0, 2, &["sre", "security"]));
    assert_eq!(judge(&[evidence([yes("sam", "sre"), yes("sue", "sre")])]), too_few(0, 1, &["security"]));
    // One person of both roles is one person, and counts for both lines.
    assert_eq!(judge(&[evidence([yes("kim", "security").role("sre")])]), too_few(1, 2, &["sre", "security"]));
    assert!(judge(&[evidence([yes("kim", "security").role("sre"), yes("sam", "sre")])]).is_ok());
}

#[test]
fn one_vote_per_person() {
    assert_eq!(judge(&[evidence([yes("kim", "security"), yes("kim", "sre")])]), too_few(1, 2, &["sre", "security"]));
}

#[test]
fn votes_of_two_askings_do_not_add_up() {
    assert!(judge(&[evidence([yes("kim", "security")]), evidence([yes("sam", "sre")])]).is_err());
}

#[test]
fn included_roles_count() {
    assert!(judge(&[evidence([yes("ada", "admin"), yes("kim", "security")])]).is_ok());
}

#[test]
fn requesters_and_agents_do_not_vote() {
    for person in ["uma", "olga", "pete", "bot", "planner"] {
        let with = |vote: Vote| [evidence([vote, yes("kim", "security")])];
        assert_eq!(judge(&with(yes(person, "sre"))), too_few(1, 2, &["sre", "security"]), "{person}");
        assert_eq!(
            judge(&with(no(person, "sre"))),
            too_few(1, 2, &["sre", "security"]),
            "{person} can't refuse either"
        );
    }
}

#[test]
fn other_roles_do_not_vote() {
    for role in ["support", "", "SRE"] {
        assert!(judge(&[evidence([yes("sam", role), yes("kim", "security")])]).is_err());
    }
}

#[test]
fn a_note_is_required() {
    let bare = Vote::grant("sam", at(1)).role("sre");
    for vote in [bare.clone(), bare.note("  ")] {
        assert_eq!(judge(&[evidence([vote, yes("kim", "security")])]), too_few(1, 2, &["sre", "security"]));
    }
}

#[test]
fn it_is_for_one_approval_and_one_request() {
    let case = |change: fn(&mut Evidence)| {
        let mut evidence = agreed();
        change(&mut evidence);
        judge(&[evidence])
    };
    assert!(case(|e| e.approval = "two_keys".to_owned()).is_ok());
    assert_eq!(case(|e| e.approval = "acme.on_call".to_owned()), Err(Refusal::NoEvidence));
    assert_eq!(case(|e| e.approval_digest = digest("older")), Err(Refusal::Redefined));
    assert_eq!(case(|e| e.request_digest = digest("another")), Err(Refusal::OtherRequest));
}

#[test]
fn voters_were_shown_what_requires_it() {
    let requiring = |requiring| Case { requiring, ..Case::default() }.judge(&[agreed()]);
    assert!(requiring(&["acme.rule_b", "acme.rule_a"]).is_ok());
    assert_eq!(requiring(&["acme.rule_a", "acme.rule_c"]), Err(Refusal::NotShown("acme.rule_c".to_owned())));
}

#[test]
fn it_expires() {
    let now = |now| Case { now, ..Case::default() }.judge(&[agreed()]);
    assert!(now(Some(at(30))).is_ok());
    assert_eq!(now(Some(at(30).checked_add(Duration::from_millis(1)).unwrap())), Err(Refusal::Expired));
    assert_eq!(now(Some(at(-1))), Err(Refusal::AskedLater));
    assert_eq!(now(None), Err(Refusal::NoClock));
    // A later asking is good although an earlier one expired.
    let mut later = agreed();
    later.asked_at = at(1);
    assert!(Case { now: Some(at(31)), ..Case::default() }.judge(&[agreed(), later]).is_ok());
    // Votes from before the asking are of another one.
    let mut restarted = agreed();
    restarted.asked_at = at(2);
    assert_eq!(judge(&[restarted]), too_few(0, 2, &["sre", "security"]));
}

#[test]
fn one_refusal_is_final_until_expiry() {
    let refused = evidence([no("sue", "sre")]);
    let both = [agreed(), refused.clone()];
    for evidence in [&[refused.clone(), agreed()], &both] {
        assert_eq!(judge(evidence), Err(Refusal::Refused("sue".to_owned())));
    }
    let stands = evidence([yes("sam", "sre"), yes("kim", "security"), no("kim", "security")]);
    assert_eq!(judge(&[stands]), Err(Refusal::Refused("kim".to_owned())));
    let mut later = agreed();
    later.asked_at = at(1);
    assert!(Case { now: Some(at(31)), ..Case::default() }.judge(&[refused.clone(), later]).is_ok());
    assert_eq!(Case { now: None, ..Case::default() }.judge(&[refused]), Err(Refusal::Refused("sue".to_owned())));
}

#[test]
fn it_is_used_once_unless_reusable() {
    let used = |reuse_ms| {
        Case { def: ApprovalDef { reuse_ms, ..two_keys() }, consumed: Ok(Some(at(2))), ..Case::default() }
            .judge(&[agreed()])
    };
    assert_eq!(used(0), Err(Refusal::Used));
    assert_eq!(used(3 * MINUTE - 1), Err(Refusal::Used));
    assert!(used(3 * MINUTE).is_ok());
    let failed = Err(StateError::Unavailable("down".to_owned()));
    assert!(matches!(Case { consumed: failed, ..Case::default() }.judge(&[agreed()]), Err(Refusal::Unavailable(_))));
}

#[test]
fn more_votes_are_not_another_asking() {
    let used = |evidence: Evidence| judge(&[evidence]).map(|consumption| consumption.asking);
    let first = used(agreed());
    assert!(first.is_ok());
    assert_eq!(used(agreed().vote(yes("sue", "sre"))), first);
    assert_eq!(used(Evidence { approval: "two_keys".to_owned(), ..agreed() }), first);
    assert_ne!(used(Evidence { asked_at: at(1), ..agreed() }), first);

    let asking = |tenant, request: &str| ballot(&two_keys(), tenant, digest(request), None, &[]).asking(at(0));
    assert_eq!(Ok(asking(None, "request")), first);
    assert_ne!(asking(Some("acme"), "request"), asking(None, "request"));
    assert_ne!(asking(None, "another"), asking(None, "request"));
}

#[test]
fn the_user_confirms() {
    let case = |user, votes: Vec<Vote>| Case { def: confirmation(), user, ..Case::default() }.judge(&[evidence(votes)]);
    let confirms = |person: &str| Vote::grant(person, at(1));
    assert!(case(Some("uma"), vec![confirms("uma")]).is_ok());
    assert_eq!(case(Some("uma"), vec![yes("sam", "sre")]), Err(Refusal::Missing(Missing::Confirmation)));
    assert_eq!(case(None, vec![confirms("uma")]), Err(Refusal::NoUser));
    assert_eq!(case(Some("uma"), vec![Vote::refuse("uma", at(1))]), Err(Refusal::Refused("uma".to_owned())));
    // Beside others, the user's own vote is no substitute for theirs.
    let def = ApprovalDef { by_user: true, note_required: false, ..two_keys() };
    let both = Case { def, ..Case::default() };
    assert_eq!(
        both.judge(&[evidence([yes("uma", "sre"), yes("kim", "security")])]),
        too_few(1, 2, &["sre", "security"])
    );
    assert!(both.judge(&[evidence([confirms("uma"), yes("sam", "sre"), yes("kim", "security")])]).is_ok());
}

#[test]
fn reads_the_wire_shape() {
    let json = format!(
        r#"{{ "approval": "acme.two_keys", "approval_digest": "{}", "request_digest": "{}", "clauses": ["acme.rule_a", "acme.rule_b"],
              "asked_at": "{}", "votes": [
                {{ "person": "sam", "roles": ["sre"], "verdict": "grant", "note": "fine", "at": "{}" }},
                {{ "person": "kim", "roles": ["security"], "verdict": "grant", "note": "fine", "at": "{}" }} ] }}"#,
        digest("two_keys"),
        digest("request"),
        at(0),
        at(1),
        at(1)
    );
    let read =
        |text: &str| Evidence::from_json(&Json::parse(text.as_bytes(), &Limits::default()).unwrap(), "/approvals/0");
    assert_eq!(read(&json), Ok(agreed()));
    for (from, to, pointer) in [
        ("\"votes\"", "\"vote\"", "/approvals/0/vote"),
        ("\"person\"", "\"persona\"", "/approvals/0/votes/0/persona"),
        ("\"grant\"", "\"allow\"", "/approvals/0/votes/0/verdict"),
        ("sha256:", "md5:", "/approvals/0/approval_digest"),
        ("Z\", \"votes\"", "\", \"votes\"", "/approvals/0/asked_at"),
        ("[\"sre\"]", "\"sre\"", "/approvals/0/votes/0/roles"),
        (", \"note\": \"fine\", \"at\": ", ", \"note\": ", "/approvals/0/votes/0/at"),
    ] {
        assert!(json.contains(from), "{from}");
        assert_eq!(read(&json.replacen(from, to, 1)).unwrap_err().pointer, pointer, "{to}");
    }
}
