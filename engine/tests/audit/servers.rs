//! A log in PostgreSQL, with a server of the test's own that is killed and paused; and copies for OpenTelemetry.

use claw_engine::audit::{
    AuditError, AuditLog, Event, Expected, OnFailure, Options, OtelSink, PostgresOptions, PostgresSink, Sink,
    SinkError, Tee,
};
use opentelemetry::logs::{AnyValue, LoggerProvider};
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};

use std::path::Path;
use std::time::{Duration, Instant};

use crate::postgres_server::Postgres;
use crate::{at, check, event, kinds, names, open, quick};

/// Far longer than anything takes on a slow machine.
const LONG: Duration = Duration::from_secs(60);

fn patient() -> Options {
    Options { patience: Duration::from_secs(120), retry: Duration::from_millis(20), ..Options::default() }
}

/// The sink of this log, as soon as the server has noticed that the one before it is gone.
fn sink(server: &Postgres, log: &str, answer: Duration) -> PostgresSink {
    let start = Instant::now();
    loop {
        match PostgresSink::open_with(&server.config(), log, PostgresOptions { answer }) {
            Err(_) if start.elapsed() < Duration::from_secs(120) => {}
            other => return other.unwrap(),
        }
    }
}

/// Somebody else has the log, and goes on having it.
fn is_busy(server: &Postgres, log: &str) {
    let start = Instant::now();
    let short = PostgresOptions { answer: Duration::from_secs(4) };
    loop {
        match PostgresSink::open_with(&server.config(), log, short) {
            Err(SinkError::Busy(_)) => return,
            // A machine that was too slow to answer.
            Err(SinkError::Unavailable(_)) if start.elapsed() < Duration::from_secs(120) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The log as a file of lines, as `psql` would write it.
fn export(server: &Postgres, log: &str, to: &Path) {
    let query = "SELECT line FROM claw_audit WHERE log = $1 ORDER BY seq";
    let rows = server.client().query(query, &[&log]).unwrap();
    let text: String = rows.iter().map(|row| format!("{}\n", row.get::<_, String>(0))).collect();
    std::fs::write(to, text).unwrap();
}

#[test]
fn postgres_holds_logs_beside_each_other() {
    let Some(server) = Postgres::start_with(&["fsync=off"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let odd = Event::Gap(claw_engine::audit::GapEvent { lost: 0, error: "nul \0 and \\u0000".to_owned() });
    for round in 0..2 {
        for name in ["one", "two"] {
            let sink = sink(&server, name, LONG);
            is_busy(&server, name);
            let log = AuditLog::open(Box::new(sink), patient()).unwrap();
            assert_eq!(log.record_all(at(0), &[event("a"), odd.clone(), event("b")]).unwrap(), round * 3 + 3);
        }
    }
    for name in ["one", "two"] {
        export(&server, name, &file);
        assert_eq!(names(&file).len(), 6);
        assert_eq!(kinds(&check(&file, &Expected::default())), []);
    }
}

#[test]
fn a_postgres_that_is_killed_denies_and_goes_on_later() {
    let Some(mut server) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(Box::new(sink(&server, "g", LONG)), patient()).unwrap();
    let mut kept = Vec::new();
    for round in 0..3 {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let log = &log;
                    scope.spawn(move || {
                        let mut kept = Vec::new();
                        // Until the server is gone.
                        for n in 0.. {
                            let id = format!("{round}-{thread}-{n}");
                            match log.record(at(n), &event(&id)) {
                                Ok(seq) => kept.push((seq, id)),
                                Err(AuditError::Unavailable(_)) => return kept,
                                Err(other) => panic!("{other}"),
                            }
                        }
                        kept
                    })
                })
                .collect();
            let begun = log.head().map_or(0, |head| head.seq);
            while log.head().map_or(0, |head| head.seq) < begun + 40 {
                std::thread::sleep(Duration::from_millis(1));
            }
            server.kill();
            kept.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap()));
        });
        assert!(log.record(at(0), &event("down")).is_err());
        server.restart();
        let start = Instant::now();
        while log.record(at(0), &event("again")).is_err() {
            assert!(start.elapsed() < Duration::from_secs(120), "it never works again");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    drop(log);
    let file = folder.path().join("log.jsonl");
    export(&server, "g", &file);
    let report = check(&file, &Expected::default());
    assert_eq!(kinds(&report), []);
    assert!(report.lost >= 3, "{report:?}");
    let lines = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert!(kept.len() >= 100);
    for (seq, id) in kept {
        let line = lines[usize::try_from(seq).unwrap() - 1];
        assert!(line.contains(&format!("\"call_id\":\"{id}\"")), "record {seq} is not {id}: {line}");
    }
}

#[test]
fn a_postgres_that_hangs_is_given_up() {
    let Some(server) = Postgres::start_with(&["fsync=off"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = Options { on_failure: OnFailure::Spool { max_records: 2 }, ..patient() };
    let log = AuditLog::open(Box::new(sink(&server, "g", Duration::from_secs(3))), options).unwrap();
    log.record(at(0), &event("a")).unwrap();
    server.pause(true);
    assert_eq!(log.record(at(1), &event("b")), Ok(2), "after a while it waits in memory");
    assert!(log.spooled() >= 1);
    server.pause(false);
    let start = Instant::now();
    while log.spooled() > 0 {
        assert!(start.elapsed() < Duration::from_secs(120), "it never works again");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(log);
    let file = folder.path().join("log.jsonl");
    export(&server, "g", &file);
    let decisions = names(&file).into_iter().filter(|name| *name == "decision");
    assert_eq!(decisions.count(), 2);
    assert_eq!(kinds(&check(&file, &Expected::default())), []);
}

#[test]
fn opentelemetry_gets_copies() {
    let exporter = InMemoryLogExporter::default();
    let provider = SdkLoggerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let directory = tempfile::tempdir().unwrap();
    let file = claw_engine::audit::FileSink::open(directory.path(), quick()).unwrap();
    let tee = Tee::new(file, OtelSink::new(provider.logger("claw")));
    let log = AuditLog::open(Box::new(tee), Options::default()).unwrap();
    log.record(at(7), &event("c-1")).unwrap();
    let logs = exporter.get_emitted_logs().unwrap();
    let record = &logs[0].record;
    assert_eq!(record.event_name(), Some("claw.audit.decision"));
    let Some(AnyValue::String(body)) = record.body() else { panic!("{record:?}") };
    assert_eq!(claw_engine::audit::Record::parse(body.as_str()).unwrap().event, event("c-1"));
    let attributes: Vec<_> = record.attributes_iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    assert!(
        attributes.contains(&("claw.seq", AnyValue::Int(1))) && attributes.contains(&("claw.tenant", "acme".into()))
    );
    let since = record.timestamp().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.as_millis() as i64, at(7).as_millis());
    // It keeps nothing that could be continued.
    let alone = OtelSink::new(provider.logger("claw")).tail();
    assert!(matches!(alone, Err(SinkError::Unavailable(_))));
    drop(open(&directory.path().join("other"), quick(), Options::default()));
}
