//! Recording: many threads, checkpoints, sinks that fail and come back.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use claw_engine::audit::{
    AuditError, AuditLog, Event, Expected, Line, OnFailure, Options, Record, Sink, SinkError, Tail, Tee,
};
use claw_engine::signing::SecretKey;

use crate::{at, check, event, kinds, names, open, quick, signed};

/// A sink in memory that fails when it is told to.
#[derive(Clone, Debug, Default)]
struct Fragile(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    lines: Vec<Line>,
    down: bool,
    /// Keeps what it gets and says that it failed, once.
    lies: bool,
    /// How many batches it has kept.
    batches: usize,
    slow: Duration,
    /// Hangs with the next batch until this is taken back; `reached` says that it does.
    stuck: bool,
    reached: bool,
}

impl Sink for Fragile {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        let state = self.0.lock().unwrap();
        if state.down {
            return Err(SinkError::Unavailable("down".to_owned()));
        }
        Ok(state.lines.last().map(|line| Tail { seq: line.seq, hash: line.hash, time: line.time }))
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        std::thread::sleep(self.0.lock().unwrap().slow);
        while {
            let mut state = self.0.lock().unwrap();
            state.reached = true;
            state.stuck
        } {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut state = self.0.lock().unwrap();
        if state.down {
            return Err(SinkError::Unavailable("down".to_owned()));
        }
        state.lines.extend_from_slice(lines);
        state.batches += 1;
        if std::mem::take(&mut state.lies) {
            return Err(SinkError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(())
    }
}

impl Fragile {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    fn log(&self, options: Options) -> AuditLog {
        AuditLog::open(Box::new(self.clone()), options).unwrap()
    }

    /// The records, whose chain is whole.
    fn records(&self) -> Vec<Record> {
        let lines = self.0.lock().unwrap().lines.clone();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.jsonl");
        let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
        std::fs::write(&path, text).unwrap();
        let found = kinds(&check(&path, &Expected::default()));
        assert!(found.is_empty() || lines.is_empty(), "{found:?}");
        lines.iter().map(|line| Record::parse(&line.text).unwrap()).collect()
    }

    fn names(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.event.name()).collect()
    }
}

fn at_once() -> Options {
    Options { retry: Duration::ZERO, patience: Duration::from_secs(120), ..Options::default() }
}

/// Waits for something that will be so.
fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never was so");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn many_threads_share_a_chain_and_its_batches() {
    let sink = Fragile::default();
    let log = sink.log(at_once());
    sink.set(|state| state.slow = Duration::from_millis(1));
    let numbers: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|thread| {
                let log = &log;
                scope.spawn(move || -> Vec<u64> {
                    (0..50).map(|n| log.record(at(n), &event(&format!("c-{thread}-{n}"))).unwrap()).collect()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 800);
    assert_eq!(sink.records().len(), 800);
    let batches = sink.0.lock().unwrap().batches;
    assert!(batches < 400, "{batches} batches for 800 records of 16 threads");
}

#[test]
fn several_events_stay_together() {
    let sink = Fragile::default();
    let log = sink.log(Options::default());
    assert_eq!(log.record_all(at(0), &[event("a"), event("b"), event("c")]).unwrap(), 3);
    assert_eq!(sink.0.lock().unwrap().batches, 1);
    assert_eq!(log.head().unwrap().seq, 3);
}

#[test]
fn checkpoints_come_by_number_and_by_time() {
    let sink = Fragile::default();
    let key = SecretKey::generate().unwrap();
    let log = sink.log(Options { checkpoint_every: claw_runtime::Duration::from_millis(10_000), ..signed(key, 3) });
    for seconds in [0, 1, 2, 3, 12, 13, 14] {
        log.record(at(seconds), &event("c")).unwrap();
    }
    drop(log);
    let expected = ["decision", "decision", "decision", "checkpoint", "decision", "decision", "decision", "checkpoint"];
    assert_eq!(sink.names()[..8], expected);
    assert_eq!(sink.names()[8..], ["decision", "checkpoint"], "the last one when the log is closed");
    // By time: the second record is ten seconds after the first that is not signed.
    let sink = Fragile::default();
    let key = SecretKey::generate().unwrap();
    let log = sink.log(Options { checkpoint_every: claw_runtime::Duration::from_millis(10_000), ..signed(key, 100) });
    for seconds in [0, 5, 9, 10, 19, 20] {
        log.record(at(seconds), &event("c")).unwrap();
    }
    assert_eq!(sink.names(), ["decision", "decision", "decision", "decision", "checkpoint", "decision", "decision"]);
}

#[test]
fn a_sink_that_is_down_denies_and_the_hole_is_told() {
    let sink = Fragile::default();
    let log = sink.log(at_once());
    log.record(at(0), &event("a")).unwrap();
    sink.set(|state| state.down = true);
    for n in 0..3 {
        assert_eq!(log.record(at(n), &event("b")), Err(AuditError::Unavailable("down".to_owned())));
    }
    sink.set(|state| state.down = false);
    assert_eq!(log.record(at(4), &event("c")).unwrap(), 3);
    let records = sink.records();
    let Event::Gap(gap) = &records[1].event else { panic!("{records:?}") };
    assert_eq!((gap.lost, &*gap.error), (3, "down"));
}

#[test]
fn a_failed_sink_is_left_alone_for_a_while() {
    let sink = Fragile::default();
    let log = sink.log(Options { retry: Duration::from_secs(3600), ..Options::default() });
    sink.set(|state| state.down = true);
    assert!(log.record(at(0), &event("a")).is_err());
    sink.set(|state| state.down = false);
    assert!(log.record(at(0), &event("b")).is_err());
    assert_eq!(sink.records(), []);
}

#[test]
fn a_batch_that_was_kept_although_it_failed_is_continued() {
    let sink = Fragile::default();
    let log = sink.log(at_once());
    log.record(at(0), &event("a")).unwrap();
    sink.set(|state| state.lies = true);
    assert!(log.record(at(1), &event("b")).is_err(), "nobody knew");
    assert_eq!(log.record(at(2), &event("c")).unwrap(), 3);
    assert_eq!(sink.names(), ["decision"; 3], "nothing was lost, so there is no gap");
}

#[test]
fn a_sink_that_lost_records_is_not_trusted_again() {
    let sink = Fragile::default();
    let log = sink.log(at_once());
    log.record_all(at(0), &[event("a"), event("b")]).unwrap();
    sink.set(|state| state.down = true);
    assert!(log.record(at(1), &event("c")).is_err());
    sink.set(|state| {
        state.down = false;
        state.lines.pop();
    });
    let error = log.record(at(2), &event("d")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the audit log is not as it was left: it ended with record 2, and ends with record 1 now"
    );
    assert_eq!(log.record(at(3), &event("e")), Err(error.clone()));
    assert_eq!(log.close(), Err(error));
}

#[test]
fn a_spool_holds_so_many_and_is_written_in_order() {
    let sink = Fragile::default();
    let spool = |max_records| Options { on_failure: OnFailure::Spool { max_records }, ..at_once() };
    let log = sink.log(Options { retry: Duration::from_secs(3600), ..spool(3) });
    sink.set(|state| state.down = true);
    for n in 0..3 {
        assert_eq!(log.record(at(n), &event("a")).unwrap(), n as u64 + 1);
    }
    assert_eq!(log.record(at(4), &event("b")), Err(AuditError::Full { max: 3 }));
    assert_eq!((log.spooled(), log.head()), (3, None));
    sink.set(|state| state.down = false);
    drop(log);
    assert_eq!(sink.names(), ["decision", "decision", "decision", "spool", "gap"], "one had no room");

    // In the background, too: records go on meanwhile, and all are there in the end.
    let log = sink.log(Options { retry: Duration::from_millis(1), ..spool(1000) });
    let last = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..40 {
                sink.set(|state| state.down = n % 2 == 0);
                std::thread::sleep(Duration::from_millis(3));
            }
            sink.set(|state| state.down = false);
        });
        (0..300).map(|n| log.record(at(n), &event(&format!("d-{n}"))).unwrap()).max()
    });
    until(|| log.spooled() == 0);
    drop(log);
    let records = sink.records();
    assert!(records.len() as u64 >= last.unwrap());
    let calls: Vec<String> = records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Decision(decision) => decision.call_id.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(calls[3..], (0..300).map(|n| format!("d-{n}")).collect::<Vec<_>>());
}

#[test]
fn a_spool_whose_first_batch_was_kept_is_not_written_twice() {
    let sink = Fragile::default();
    let log = sink.log(Options { on_failure: OnFailure::Spool { max_records: 10 }, ..at_once() });
    sink.set(|state| state.lies = true);
    log.record(at(0), &event("a")).unwrap();
    log.record(at(1), &event("b")).unwrap();
    drop(log);
    assert_eq!(sink.names(), ["decision", "spool", "decision"]);
}

#[test]
fn patience_has_an_end() {
    let sink = Fragile::default();
    let patience = Duration::from_millis(20);
    let log = sink.log(Options { patience, ..Options::default() });
    sink.set(|state| state.stuck = true);
    std::thread::scope(|scope| {
        // This one talks to the sink, and has to wait for it.
        let first = scope.spawn(|| log.record(at(0), &event("a")));
        until(|| sink.0.lock().unwrap().reached);
        assert_eq!(log.record(at(1), &event("b")), Err(AuditError::Slow(patience)));
        sink.set(|state| state.stuck = false);
        assert_eq!(first.join().unwrap(), Ok(1));
    });
    // Whether it was kept was not known; it was.
    drop(log);
    assert_eq!(sink.records().len(), 2);
}

#[test]
fn large_events_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), quick(), Options { event_bytes: 2000, ..Options::default() });
    let refused = log.record(at(0), &event(&"x".repeat(3000)));
    assert!(matches!(refused, Err(AuditError::TooLarge { max: 2000, .. })), "{refused:?}");
    assert_eq!(log.record(at(0), &event("c")).unwrap(), 2);
    drop(log);
    assert_eq!(names(directory.path()), ["gap", "decision"]);
}

#[test]
fn a_copy_that_fails_changes_nothing() {
    let (primary, copy) = (Fragile::default(), Fragile::default());
    let mut tee = Tee::new(primary.clone(), copy.clone());
    tee.tail().unwrap();
    let log = AuditLog::open(Box::new(tee), Options::default()).unwrap();
    log.record(at(0), &event("a")).unwrap();
    copy.set(|state| state.down = true);
    log.record(at(1), &event("b")).unwrap();
    assert_eq!((primary.records().len(), copy.records().len()), (2, 1));
}

/// What happens to a sink between records.
#[derive(Clone, Copy, Debug)]
enum Step {
    Record,
    Down,
    Up,
    /// The next batch is kept, and said to have failed.
    Lie,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![6 => Just(Step::Record), 1 => Just(Step::Down), 2 => Just(Step::Up), 1 => Just(Step::Lie)];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the sink does: what was acknowledged is there under its number, the chain is whole, and exactly those events
    /// that are not there count as lost.
    #[test]
    fn whatever_the_sink_does(steps in steps(), spool in prop_oneof![Just(None), (0_usize..6).prop_map(Some)]) {
        let sink = Fragile::default();
        let on_failure = spool.map_or(OnFailure::Deny, |max_records| OnFailure::Spool { max_records });
        // A failed sink is tried with every record.
        let log = sink.log(Options { on_failure, ..at_once() });
        let mut kept = Vec::new();
        let mut events = 0_u64;
        for step in steps {
            match step {
                Step::Down => sink.set(|state| state.down = true),
                Step::Up => sink.set(|state| state.down = false),
                Step::Lie => sink.set(|state| state.lies = true),
                Step::Record => {
                    let id = format!("c-{events}");
                    events += 1;
                    kept.extend(log.record(at(0), &event(&id)).ok().map(|seq| (seq, id)));
                }
            }
        }
        // In the end the sink works, and is found to.
        sink.set(|state| (state.down, state.lies) = (false, false));
        for _ in 0..10 {
            let id = format!("c-{events}");
            events += 1;
            kept.extend(log.record(at(0), &event(&id)).ok().map(|seq| (seq, id)));
        }
        drop(log);
        let records = sink.records();
        let call = |record: &Record| match &record.event {
            Event::Decision(decision) => decision.call_id.clone(),
            _ => None,
        };
        for (seq, id) in kept {
            prop_assert_eq!(call(&records[usize::try_from(seq).unwrap() - 1]), Some(id));
        }
        let there = records.iter().filter_map(call).count() as u64;
        let lost: u64 = records.iter().map(|record| if let Event::Gap(gap) = &record.event { gap.lost } else { 0 }).sum();
        prop_assert_eq!(there + lost, events);
    }
}
