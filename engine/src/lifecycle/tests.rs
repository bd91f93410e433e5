//! Logs of a few records each, and what they say.

use claw_runtime::{Digest, Duration, Time};

use super::*;
use crate::audit::{
    AgentFacts, AppliedFacts, ApprovalEvent, ApprovalState, AskEvent, DecisionEvent, Event, GENESIS, Record, Verdict,
    VoteEvent,
};

/// Builds a log, one record a minute.
#[derive(Default)]
struct Log(Vec<Record>);

const START: &str = "2026-03-02T09:00:00Z";

fn effect(clause: &str, kind: &str, effect: &str) -> AppliedFacts {
    AppliedFacts { clause: clause.into(), kind: kind.into(), effect: effect.into(), ..AppliedFacts::default() }
}

fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

/// A call by its request; asked for by `rule asks`, judged in the shadow by `rule maybe`.
fn call(request: &str, decision: &str) -> DecisionEvent {
    DecisionEvent {
        agent: AgentFacts { id: "bot".into(), ..AgentFacts::default() },
        tool: "pay".into(),
        decision: decision.into(),
        reason: if decision == "deny" { "rule_denied" } else { "granted" }.into(),
        applied: vec![effect("p grant", "grant", "grant"), effect("p.asks", "rule", "require")],
        shadow: vec![effect("p.maybe", "rule", "deny")],
        request_digest: Some(digest(request)),
        ..DecisionEvent::default()
    }
}

impl Log {
    fn push(mut self, event: Event) -> Log {
        let seq = self.0.len() as u64 + 1;
        let time = Time::parse(START).unwrap().checked_add(Duration::from_millis(60_000 * seq as i64));
        self.0.push(Record { seq, time, clock_backwards: false, prev: GENESIS, hash: GENESIS, event });
        self
    }

    fn decide(self, event: DecisionEvent) -> Log {
        self.push(Event::Decision(Box::new(event)))
    }

    fn ask(self, request: &str, asking: &str) -> Log {
        self.push(Event::Ask(AskEvent {
            tenant: None,
            session: None,
            asking: asking.into(),
            approval: "lead".into(),
            approval_digest: GENESIS,
            request_digest: digest(request),
            call_id: None,
            clauses: vec!["p.asks".into()],
            expires_at: None,
        }))
    }

    fn vote(self, request: &str, asking: &str, verdict: Verdict, accepted: bool) -> Log {
        self.push(Event::Vote(VoteEvent {
            tenant: None,
            asking: asking.into(),
            approval: Some("lead".into()),
            request_digest: Some(digest(request)),
            person: "ann".into(),
            roles: Vec::new(),
            verdict,
            note: None,
            accepted,
            refusal: None,
        }))
    }

    fn state(self, request: &str, asking: &str, state: ApprovalState) -> Log {
        self.push(Event::Approval(ApprovalEvent {
            tenant: None,
            asking: asking.into(),
            approval: "lead".into(),
            request_digest: digest(request),
            state,
            call_id: None,
            person: None,
        }))
    }

    /// Asked, granted by a person, run.
    fn granted(self, request: &str, asking: &str) -> Log {
        self.decide(call(request, "require_approval"))
            .ask(request, asking)
            .vote(request, asking, Verdict::Grant, true)
            .state(request, asking, ApprovalState::Granted)
            .decide(DecisionEvent { evidence: vec![asking.into()], ..call(request, "allow") })
            .state(request, asking, ApprovalState::Consumed)
    }

    fn refused(self, request: &str, asking: &str) -> Log {
        self.decide(call(request, "require_approval"))
            .ask(request, asking)
            .vote(request, asking, Verdict::Refuse, true)
            .state(request, asking, ApprovalState::Refused)
            .decide(DecisionEvent { reason: "approval_refused".into(), ..call(request, "deny") })
    }

    fn usage(self) -> Usage {
        usage(self.0, Window::default())
    }
}

/// Agreements and disagreements of a clause: in the shadow, in force.
fn evidence(usage: &Usage, clause: &str) -> [(u64, u64); 2] {
    let of = &usage.clauses[clause];
    [&of.shadow, &of.in_force].map(|side| (side.evidence.agreements, side.evidence.disagreements))
}

#[test]
fn people_agree_with_what_restricts_by_refusing() {
    let usage = Log::default().refused("a", "1").granted("b", "2").refused("c", "3").usage();
    assert_eq!(evidence(&usage, "p.maybe"), [(2, 1), (0, 0)]);
    assert_eq!(evidence(&usage, "p.asks"), [(0, 0), (2, 1)]);
    assert_eq!(evidence(&usage, "p grant"), [(0, 0), (1, 2)]);
    let maybe = &usage.clauses["p.maybe"];
    assert_eq!((maybe.shadow.calls, maybe.in_force.calls), (3, 0), "a call that waits counts once");
    assert_eq!(maybe.shadow.evidence.disagreed, [9], "the record that granted it");
    assert_eq!(usage.agents["bot"].refused, 2);
    assert_eq!((usage.agents["bot"].calls, usage.agents["bot"].denied), (3, 0));
    let lead = &usage.approvals["lead"];
    assert_eq!((lead.asked, lead.granted, lead.refused), (3, 1, 2));
    assert_eq!(lead.median_ms, Some(120_000));
    assert!(!lead.is_always_granted());
}

#[test]
fn calls_on_which_nobody_voted_are_no_evidence() {
    let unattended = call("a", "allow");
    let denied = call("b", "deny");
    let usage = Log::default()
        .decide(unattended)
        .decide(denied)
        .decide(call("c", "require_approval"))
        .ask("c", "1")
        .state("c", "1", ApprovalState::Expired)
        .decide(call("d", "require_approval"))
        .ask("d", "2")
        .vote("d", "2", Verdict::Refuse, false)
        .vote("d", "2", Verdict::Grant, true)
        .usage();
    assert_eq!(evidence(&usage, "p.maybe"), [(0, 0), (0, 0)]);
    assert_eq!(usage.clauses["p.maybe"].shadow.calls, 4);
    assert_eq!(usage.clauses["p.maybe"].shadow.unattended, 1);
}

#[test]
fn all_approvals_of_a_call_must_be_granted_and_one_refusal_is_enough() {
    let both = || Log::default().decide(call("a", "require_approval")).ask("a", "1").ask("a", "2");
    let one = both().state("a", "1", ApprovalState::Granted).usage();
    assert_eq!(evidence(&one, "p.maybe")[0], (0, 0));
    let two = both().state("a", "1", ApprovalState::Granted).state("a", "2", ApprovalState::Granted).usage();
    assert_eq!(evidence(&two, "p.maybe")[0], (0, 1));
    let mixed = both().state("a", "1", ApprovalState::Granted).vote("a", "2", Verdict::Refuse, true).usage();
    assert_eq!(evidence(&mixed, "p.maybe")[0], (1, 0));
}

#[test]
fn one_word_of_people_counts_once() {
    let again = DecisionEvent { evidence: vec!["1".into()], ..call("a", "allow") };
    let reused = Log::default().granted("a", "1").decide(again.clone()).decide(again.clone()).usage();
    assert_eq!(evidence(&reused, "p.maybe")[0], (0, 1));
    assert_eq!(reused.clauses["p.maybe"].shadow.calls, 3, "each of them is a call");
    let replayed = Log::default().granted("a", "1").decide(DecisionEvent { replayed: true, ..again }).usage();
    assert_eq!(replayed.clauses["p.maybe"].shadow.calls, 1);
    let asked_again = Log::default().granted("a", "1").granted("a", "2").usage();
    assert_eq!(evidence(&asked_again, "p.maybe")[0], (0, 2));
}

#[test]
fn calls_that_nobody_is_asked_about_are_told_apart_by_their_names() {
    let named = |id: &str| DecisionEvent { call_id: Some(id.into()), ..call("a", "require_approval") };
    let usage = Log::default().decide(named("1")).decide(named("1")).decide(named("2")).usage();
    assert_eq!(usage.clauses["p.asks"].in_force.calls, 2);
    let nameless = || call("a", "require_approval");
    assert_eq!(Log::default().decide(nameless()).decide(nameless()).usage().clauses["p.asks"].in_force.calls, 2);
    let asked = Log::default().decide(nameless()).ask("a", "1").decide(nameless()).usage();
    assert_eq!(asked.clauses["p.asks"].in_force.calls, 1);
}

#[test]
fn a_clause_that_asks_beside_others_is_not_blamed_for_the_question() {
    let mut event = call("a", "require_approval");
    event.applied.push(effect("p.also", "rule", "require"));
    let log = Log::default().decide(event).ask("a", "1").state("a", "1", ApprovalState::Granted);
    assert_eq!(evidence(&log.usage(), "p.asks")[1], (0, 0));
}

#[test]
fn a_limit_that_asks_is_held_against_people_like_a_rule() {
    let mut event = call("a", "require_approval");
    event.applied.retain(|applied| applied.effect != "require");
    event.applied.push(effect("p.rate", "limit", "limit"));
    let log = || Log::default().decide(event.clone()).ask("a", "1");
    assert_eq!(evidence(&log().state("a", "1", ApprovalState::Granted).usage(), "p.rate")[1], (0, 1));
    assert_eq!(evidence(&log().state("a", "1", ApprovalState::Refused).usage(), "p.rate")[1], (1, 0));
}

#[test]
fn marks_neither_agree_nor_disagree() {
    let mut event = call("a", "require_approval");
    event.shadow = vec![effect("p.marks", "rule", "mark")];
    let usage = Log::default().decide(event).ask("a", "1").vote("a", "1", Verdict::Refuse, true).usage();
    assert_eq!(evidence(&usage, "p.marks"), [(0, 0), (0, 0)]);
    let gates = Gates { promote: Some(Promotion { agreements: 1, disagreements: 0 }), ..Gates::default() };
    let judgement = judge(Step::Promote, Status::Candidate, "p.marks", &usage, &gates).unwrap();
    assert!(judgement.findings.contains(&Finding { gate: Gate::Judged, holds: false }));
}

#[test]
fn the_standing_of_a_clause_is_seen_to_change() {
    let mut now = call("b", "deny");
    now.applied.push(effect("p.maybe", "rule", "deny"));
    now.shadow.clear();
    let usage = Log::default().decide(call("a", "allow")).decide(now).usage();
    let maybe = &usage.clauses["p.maybe"];
    assert_eq!(maybe.changes.iter().map(|c| (c.seq, c.in_force)).collect::<Vec<_>>(), [(2, true)]);
    assert!(maybe.counted_last);
    assert_eq!(usage.agents["bot"].denied, 1);
}

#[test]
fn promotion_takes_agreements_and_tolerates_few_disagreements() {
    let gates = |agreements, disagreements| Gates {
        promote: Some(Promotion { agreements, disagreements }),
        ..Gates::default()
    };
    let usage = Log::default().refused("a", "1").refused("b", "2").granted("c", "3").usage();
    let holds = |gates| judge(Step::Promote, Status::Candidate, "p.maybe", &usage, &gates).unwrap().holds();
    assert!(holds(gates(2, 1)));
    assert!(!holds(gates(3, 1)), "too few agree");
    assert!(!holds(gates(2, 0)), "too many disagree");
    assert!(!holds(Gates::default()), "nothing declared, nothing promoted");
    assert!(judge(Step::Promote, Status::Confirmed, "p.maybe", &usage, &gates(1, 9)).is_none());
    let unseen = judge(Step::Promote, Status::Hint, "p.unseen", &usage, &gates(1, 9)).unwrap();
    assert_eq!((unseen.to, unseen.holds()), (Status::Candidate, false));
}

#[test]
fn what_caught_something_is_not_suspended_by_counting_the_rest() {
    let gates = Gates { suspend: Some(2), ..Gates::default() };
    let holds =
        |log: Log, clause: &str| judge(Step::Suspend, Status::Confirmed, clause, &log.usage(), &gates).unwrap().holds();
    let always = || Log::default().granted("a", "1").granted("b", "2");
    assert!(holds(always(), "p.asks"));
    assert!(!holds(Log::default().granted("a", "1"), "p.asks"));
    assert!(!holds(always().refused("c", "3"), "p.asks"));
    assert!(holds(always().refused("c", "3").refused("d", "4"), "p grant"), "a grant of what people refuse");
}

#[test]
fn what_rests_is_archived_if_the_log_reaches_back_that_far() {
    let log = || {
        let other = DecisionEvent { shadow: Vec::new(), ..call("z", "allow") };
        (0..10).fold(Log::default().decide(call("a", "allow")), |log, _| log.decide(other.clone()))
    };
    let holds = |minutes: i64, clause: &str| {
        let gates = Gates { archive: Some(Duration::from_millis(minutes * 60_000)), ..Gates::default() };
        judge(Step::Archive, Status::Hint, clause, &log().usage(), &gates).unwrap().holds()
    };
    assert!(holds(10, "p.maybe"));
    assert!(holds(10, "p.never_applied"));
    assert!(!holds(11, "p.never_applied"), "the log is too short to tell");
    assert!(!holds(10, "p grant"), "it applied just now");
}

#[test]
fn only_the_window_counts() {
    let log = || Log::default().refused("a", "1").refused("b", "2").0;
    let since = Time::parse("2026-03-02T09:06:00Z").unwrap();
    let later = usage(log(), Window { since: Some(since), ..Window::default() });
    assert_eq!(evidence(&later, "p.maybe")[0], (1, 0));
    let mut timeless = log();
    timeless.iter_mut().for_each(|record| record.time = None);
    assert_eq!(usage(timeless, Window { since: Some(since), ..Window::default() }).records, 0);
    assert_eq!(usage(log(), Window { tenant: Some("t".into()), ..Window::default() }).records, 0);
    let other = usage(log(), Window { package: Some("q".into()), ..Window::default() });
    assert_eq!((other.decisions, other.clauses.len(), other.other_packages[""]), (0, 0, 4));
}

#[test]
fn every_step_leads_somewhere_else() {
    for step in [Step::Promote, Step::Suspend, Step::Archive] {
        for status in Status::ALL {
            assert_ne!(status.after(step), Some(status));
            assert_eq!(Status::from_word(status.word()), Some(status));
        }
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A log of anything in any order: few requests and askings, so that much happens to each.
fn any_log(seed: u64) -> Log {
    let mut dice = Dice(seed * 2 + 1);
    (0..60).fold(Log::default(), |log, _| {
        let request = ["a", "b"][dice.roll(2) as usize];
        let asking = ["1", "2", "3"][dice.roll(3) as usize];
        match dice.roll(9) {
            0 => log.decide(call(request, "require_approval")),
            1 => log.decide(DecisionEvent { evidence: vec![asking.into()], ..call(request, "allow") }),
            2 => log.decide(call(request, "allow")),
            3 => log.decide(DecisionEvent { reason: "approval_refused".into(), ..call(request, "deny") }),
            4 => log.ask(request, asking),
            5 => log.vote(request, asking, Verdict::Grant, dice.roll(2) == 0),
            6 => log.vote(request, asking, Verdict::Refuse, dice.roll(2) == 0),
            7 => log.state(request, asking, ApprovalState::Granted),
            _ => {
                let states = [ApprovalState::Refused, ApprovalState::Expired, ApprovalState::Consumed];
                log.state(request, asking, states[dice.roll(3) as usize])
            }
        }
    })
}

/// Whatever the order of records: there is no more evidence than people gave.
#[test]
fn evidence_is_never_more_than_what_people_said() {
    let (mut agreed, mut disagreed) = (0, 0);
    for seed in 0..2_000 {
        let log = any_log(seed);
        let count = |test: &dyn Fn(&Event) -> bool| log.0.iter().filter(|r| test(&r.event)).count() as u64;
        let decisions = count(&|event| matches!(event, Event::Decision(_)));
        let refusals = count(&|event| match event {
            Event::Vote(vote) => vote.accepted && vote.verdict == Verdict::Refuse,
            Event::Approval(approval) => approval.state == ApprovalState::Refused,
            Event::Decision(decision) => decision.reason == "approval_refused",
            _ => false,
        });
        let grants = count(&|event| match event {
            Event::Approval(approval) => approval.state == ApprovalState::Granted,
            Event::Decision(decision) => !decision.evidence.is_empty(),
            _ => false,
        });
        let usage = log.usage();
        for (name, of) in &usage.clauses {
            for side in [&of.shadow, &of.in_force] {
                let (yes, no) = (side.evidence.agreements, side.evidence.disagreements);
                let (for_refusal, for_grant) = if name == "p grant" { (no, yes) } else { (yes, no) };
                assert!(for_refusal <= refusals && for_grant <= grants, "seed {seed}, {name}");
                assert!(side.calls <= decisions, "seed {seed}, {name}");
                (agreed, disagreed) = (agreed + yes, disagreed + no);
            }
        }
    }
    assert!(agreed > 1_000 && disagreed > 1_000, "the logs say something: {agreed}, {disagreed}");
}

/// Votes that do not count, results and reloads move nothing.
#[test]
fn what_does_not_count_changes_no_evidence() {
    for seed in 0..500 {
        let log = any_log(seed);
        let mut noisy = Log::default();
        for record in log.0.clone() {
            noisy = noisy.vote("a", "1", Verdict::Refuse, false).push(record.event);
        }
        let (plain, noisy) = (log.usage(), noisy.usage());
        for clause in plain.clauses.keys() {
            assert_eq!(evidence(&plain, clause), evidence(&noisy, clause), "seed {seed}");
        }
    }
}
