//! What people decide through a real engine, and what its log says of the clauses then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bundles;

use std::sync::Arc;

use bundles::build;
use claw_engine::audit::{AuditLog, FileOptions, FileSink, Options, read};
use claw_engine::ledger::{Ledger, MemoryStore};
use claw_engine::lifecycle::{Gates, Promotion, Status, Step, Usage, Window, judge, usage};
use claw_engine::{Call, Engine, ManualClock, Trust};
use claw_runtime::{Duration, Limits, MemoryState, RequestInput, Settlement, Time, Vote};

const POLICY: &str = r#"package shop
environments prod
roles support, lead
approval boss { by 1 of lead  expires 15m }
tool pay(order: string, amount: decimal)
grant pay to support
rule asks { on pay when args.amount > 10.00 require boss }
@status(candidate)
rule large { on pay when args.amount > 100.00 deny "too much" }
@status(hint)
grant pay to lead
"#;

struct Shop {
    engine: Engine,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
    calls: u32,
}

impl Shop {
    fn open() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Time::parse("2026-03-02T10:00:00Z").unwrap()));
        let sink = FileSink::open(folder.path(), FileOptions::default()).unwrap();
        let engine = Engine::builder(Trust::anyone())
            .shared_clock(clock.clone())
            .state(MemoryState::new())
            .ledger(Ledger::new(Arc::new(MemoryStore::new())))
            .audit(AuditLog::open(Box::new(sink), Options::default()).unwrap())
            .build();
        engine.load(None, &build(&[("main.claw", POLICY)]).bytes, None).unwrap();
        Shop { engine, clock, folder, calls: 0 }
    }

    fn wait(&self, minutes: i64) {
        let now = claw_engine::Clock::now(&*self.clock).unwrap();
        self.clock.set(now.checked_add(Duration::from_millis(minutes * 60_000)).unwrap());
    }

    fn pay(&mut self, order: &str, amount: &str) -> Call {
        self.calls += 1;
        self.try_again(self.calls, order, amount)
    }

    fn try_again(&self, id: u32, order: &str, amount: &str) -> Call {
        let json = format!(
            r#"{{ "call_id": "c{id}", "session": "s", "environment": "prod", "tool": "pay",
                  "agent": {{ "id": "bot", "roles": ["support"], "owner": "ove" }},
                  "args": {{ "order": "{order}", "amount": {amount} }} }}"#
        );
        self.wait(1);
        self.engine.begin(RequestInput::from_json(json.as_bytes(), &Limits::default()).unwrap())
    }

    fn vote(&self, call: &Call, vote: fn(&'static str, Time) -> Vote) {
        let asking = self.engine.ask(call).unwrap().remove(0);
        self.wait(2);
        let now = claw_engine::Clock::now(&*self.clock).unwrap();
        self.engine.vote(None, &asking.id, vote("lea", now).role("lead")).unwrap();
    }

    /// Asked about, granted, run.
    fn granted(&mut self, order: &str, amount: &str) {
        let call = self.pay(order, amount);
        self.vote(&call, Vote::grant);
        let call = self.try_again(self.calls, order, amount);
        assert!(call.is_allowed(), "{}", call.decision());
        self.engine.settle(&call, Settlement::Ok, None).unwrap();
    }

    /// Asked about, refused, tried in vain.
    fn refused(&mut self, order: &str, amount: &str) {
        let call = self.pay(order, amount);
        self.vote(&call, Vote::refuse);
        assert!(!self.try_again(self.calls, order, amount).is_allowed());
        assert!(!self.try_again(self.calls, order, amount).is_allowed());
    }

    fn usage(self) -> Usage {
        drop(self.engine);
        let records = read(self.folder.path()).unwrap().map(|record| record.unwrap().1);
        usage(records, Window { package: Some("shop".into()), ..Window::default() })
    }
}

fn evidence(usage: &Usage, clause: &str) -> [(u64, u64); 2] {
    let of = usage.clauses.get(clause).unwrap_or_else(|| panic!("{clause} in {:?}", usage.clauses.keys()));
    [&of.shadow, &of.in_force].map(|side| (side.evidence.agreements, side.evidence.disagreements))
}

#[test]
fn votes_through_an_engine_are_evidence() {
    let mut shop = Shop::open();
    shop.refused("a", "500.00");
    shop.refused("b", "500.00");
    shop.granted("c", "50.00");
    assert!(shop.pay("d", "5.00").is_allowed());
    let usage = shop.usage();
    assert_eq!(evidence(&usage, "shop.large"), [(2, 0), (0, 0)]);
    assert_eq!(evidence(&usage, "shop.asks"), [(0, 0), (2, 1)]);
    assert_eq!(evidence(&usage, "shop.grant pay to support"), [(0, 0), (1, 2)]);
    assert_eq!((usage.clauses["shop.large"].shadow.calls, usage.clauses["shop.asks"].in_force.calls), (2, 3));
    let boss = &usage.approvals["boss"];
    assert_eq!((boss.asked, boss.granted, boss.refused, boss.expired, boss.median_ms), (3, 1, 2, 0, Some(120_000)));
    let bot = &usage.agents["bot"];
    assert_eq!((bot.calls, bot.asked, bot.refused, bot.denied), (4, 3, 2, 0));
    assert_eq!(usage.results.get("ok"), Some(&1));
    let gates = Gates { promote: Some(Promotion { agreements: 2, disagreements: 0 }), ..Gates::default() };
    assert!(judge(Step::Promote, Status::Candidate, "shop.large", &usage, &gates).unwrap().holds());
}

#[test]
fn the_same_request_asked_about_twice_is_evidence_twice() {
    let mut shop = Shop::open();
    shop.granted("a", "500.00");
    shop.granted("a", "500.00");
    let usage = shop.usage();
    assert_eq!(evidence(&usage, "shop.large"), [(0, 2), (0, 0)]);
    assert_eq!(usage.clauses["shop.large"].shadow.calls, 2);
    assert_eq!(usage.approvals["boss"].asked, 2);
}

#[test]
fn a_question_that_nobody_answers_is_no_evidence() {
    let mut shop = Shop::open();
    let call = shop.pay("a", "500.00");
    shop.engine.ask(&call).unwrap();
    shop.wait(60);
    shop.refused("a", "500.00");
    let usage = shop.usage();
    assert_eq!(evidence(&usage, "shop.large"), [(1, 0), (0, 0)]);
    let boss = &usage.approvals["boss"];
    assert_eq!((boss.asked, boss.expired, boss.refused), (2, 1, 1));
    assert_eq!(usage.clauses["shop.large"].shadow.calls, 2, "asked anew, it is another call");
}
