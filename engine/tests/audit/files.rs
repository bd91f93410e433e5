//! Segments, locks, torn ends, retention; and the same log in SQLite.

use std::fs;
use std::io::Write;

use claw_engine::audit::{
    AuditError, AuditLog, Event, Expected, FileOptions, FileSink, Fsync, GapKind, Options, Sink, SinkError, read,
};
use claw_runtime::Duration;

use crate::{at, check, event, kinds, names, open, quick, segments};

#[test]
fn a_log_goes_on_where_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let log = open(directory.path(), quick(), Options::default());
        for n in 0..3 {
            assert_eq!(log.record(at(n), &event("c")).unwrap(), round * 3 + n as u64 + 1);
        }
    }
    let report = check(directory.path(), &Expected::default());
    assert_eq!((kinds(&report), report.records), (vec![], 9));
    let marks: Vec<bool> = read(directory.path()).unwrap().map(|r| r.unwrap().1.clock_backwards).collect();
    assert_eq!(marks, [false, false, false, true, false, false, true, false, false]);
}

#[test]
fn segments_end_by_size_and_by_age_and_the_chain_runs_on() {
    let directory = tempfile::tempdir().unwrap();
    let by_size = FileOptions { segment_bytes: 3000, ..quick() };
    let log = open(directory.path(), by_size, Options::default());
    (0..30).for_each(|n| assert!(log.record(at(n), &event("c")).unwrap() > 0));
    drop(log);
    let found = segments(directory.path());
    assert!(found.len() > 3, "{found:?}");
    assert!(found[0].ends_with("audit-000001.jsonl") && found[1].ends_with("audit-000002.jsonl"));
    assert!(found.iter().all(|path| fs::metadata(path).unwrap().len() < 4500));
    assert_eq!(kinds(&check(directory.path(), &Expected::default())), []);
    let by_age = FileOptions { segment_age: Some(Duration::from_millis(60_000)), ..quick() };
    let before = found.len();
    let log = open(directory.path(), by_age.clone(), Options::default());
    log.record(at(10_000), &event("c")).unwrap();
    drop(log);
    let log = open(directory.path(), by_age, Options::default());
    for seconds in [10_059, 10_060, 10_119, 10_120] {
        log.record(at(seconds), &event("c")).unwrap();
    }
    drop(log);
    // One each at 10,000 (its segment began long ago), 10,060 and 10,120.
    assert_eq!(segments(directory.path()).len(), before + 3);
    assert_eq!(kinds(&check(directory.path(), &Expected::default())), []);
    // A whole segment that is gone is a hole like another.
    let gone = segments(directory.path())[2].clone();
    fs::remove_file(gone).unwrap();
    let found = kinds(&check(directory.path(), &Expected::default()));
    assert!(matches!(found[..], [GapKind::Missing { .. }]), "{found:?}");
}

#[test]
fn only_one_writes() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), quick(), Options::default());
    let second = FileSink::open(directory.path(), quick());
    assert!(matches!(second, Err(SinkError::Busy(_))), "{second:?}");
    drop(log);
    FileSink::open(directory.path(), quick()).unwrap();
}

#[test]
fn a_torn_end_is_kept_aside_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), quick(), Options::default());
    log.record(at(0), &event("c-0")).unwrap();
    drop(log);
    let file = segments(directory.path()).remove(0);
    for (round, torn) in ["{\"args\":{\"to", "{}"].into_iter().enumerate() {
        fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(torn.as_bytes()).unwrap();
        let log = open(directory.path(), quick(), Options::default());
        log.record(at(1), &event("c-1")).unwrap();
        drop(log);
        let kept = ["audit-000001.torn", "audit-000001.2.torn"][round];
        assert_eq!(fs::read_to_string(directory.path().join(kept)).unwrap(), torn);
        let records: Vec<_> = read(directory.path()).unwrap().map(|record| record.unwrap().1).collect();
        let Event::Torn(note) = &records[records.len() - 2].event else { panic!("{records:?}") };
        assert_eq!((note.bytes, &*note.file, &*note.kept), (torn.len() as u64, "audit-000001.jsonl", kept));
    }
    assert_eq!(kinds(&check(directory.path(), &Expected::default())), []);
    // A segment with nothing whole in it: the end is in the one before.
    fs::write(directory.path().join("audit-000002.jsonl"), "{\"half").unwrap();
    let log = open(directory.path(), quick(), Options::default());
    log.record(at(2), &event("c-2")).unwrap();
    drop(log);
    assert_eq!(names(directory.path()), ["decision", "torn", "decision", "torn", "decision", "torn", "decision"]);
    assert_eq!(kinds(&check(directory.path(), &Expected::default())), []);
}

#[test]
fn an_end_that_was_changed_is_not_continued() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), quick(), Options::default());
    log.record(at(0), &event("c-0")).unwrap();
    drop(log);
    let file = segments(directory.path()).remove(0);
    let text = fs::read_to_string(&file).unwrap();
    for bad in [text.replace("c-0", "c-1"), "{}\n".to_owned(), "\n".to_owned()] {
        fs::write(&file, bad).unwrap();
        let opened = FileSink::open(directory.path(), quick());
        assert!(matches!(opened, Err(SinkError::Damaged(_))), "{opened:?}");
    }
}

#[test]
fn files_that_change_under_the_log_stop_it() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), quick(), Options { retry: std::time::Duration::ZERO, ..Options::default() });
    log.record(at(0), &event("c-0")).unwrap();
    let file = segments(directory.path()).remove(0);
    fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{}\n").unwrap();
    assert!(matches!(log.record(at(1), &event("c-1")), Err(AuditError::Unavailable(_))));
    fs::remove_file(&file).unwrap();
    let after = log.record(at(2), &event("c-2"));
    assert!(matches!(after, Err(AuditError::Diverged(_))), "{after:?}");
    assert!(matches!(log.record(at(3), &event("c-3")), Err(AuditError::Diverged(_))));
}

#[test]
fn retention_is_noted_before_it_removes() {
    let directory = tempfile::tempdir().unwrap();
    let options = FileOptions { segment_bytes: 2000, keep: Some(3), ..quick() };
    let log = open(directory.path(), options, Options::default());
    (0..60).for_each(|n| assert!(log.record(at(n), &event("c")).unwrap() > 0));
    drop(log);
    assert!((3..=4).contains(&segments(directory.path()).len()), "{:?}", segments(directory.path()));
    let report = check(directory.path(), &Expected::default());
    assert_eq!(kinds(&report), []);
    let first = report.first.unwrap();
    assert!(first > 10, "{report:?}");
    assert_eq!(report.dropped_through, Some(first - 1));
    // What the log does not say was dropped is missing.
    fs::remove_file(segments(directory.path()).remove(0)).unwrap();
    let found = kinds(&check(directory.path(), &Expected::default()));
    assert!(matches!(found[..], [GapKind::Missing { first: 1, .. }]), "{found:?}");
}

#[test]
fn every_way_to_flush_keeps_all() {
    for fsync in [Fsync::Every, Fsync::Interval(std::time::Duration::from_millis(1)), Fsync::Os] {
        let directory = tempfile::tempdir().unwrap();
        let log = open(directory.path(), FileOptions { fsync, ..FileOptions::default() }, Options::default());
        (0..20).for_each(|n| assert!(log.record(at(n), &event("c")).unwrap() > 0));
        log.close().unwrap();
        assert_eq!(log.record(at(21), &event("c")), Err(AuditError::Closed));
        assert_eq!(check(directory.path(), &Expected::default()).records, 20);
    }
}

#[test]
#[cfg(feature = "sqlite")]
fn sqlite_holds_the_same_log() {
    let directory = tempfile::tempdir().unwrap();
    use claw_engine::audit::SqliteSink;
    let path = directory.path().join("audit.sqlite");
    for round in 0..2 {
        let sink = SqliteSink::open_with(&path, std::time::Duration::from_secs(60)).unwrap();
        let log = AuditLog::open(Box::new(sink), Options::default()).unwrap();
        (0..700).for_each(|n| assert!(log.record(at(n), &event(&format!("c-{round}-{n}"))).unwrap() > 0));
        assert!(matches!(SqliteSink::open(&path), Err(SinkError::Busy(_))));
        // Reading does not disturb.
        assert_eq!(check(&path, &Expected::default()).records, (round + 1) * 700);
    }
    let report = check(&path, &Expected::default());
    assert_eq!((kinds(&report), report.records, report.last), (vec![], 1400, Some(1400)));
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("UPDATE audit SET line = replace(line, 'c-0-7\"', 'c-0-8\"') WHERE seq = 8", []).unwrap();
    database.execute("DELETE FROM audit WHERE seq BETWEEN 600 AND 602", []).unwrap();
    let report = check(&path, &Expected::default());
    assert_eq!(kinds(&report), [GapKind::Changed { seq: 8 }, GapKind::Missing { first: 600, last: 602 }]);
    assert_eq!(report.gaps[0].line, Some(8));
    // A broken end is not continued.
    database.execute("UPDATE audit SET line = replace(line, 'prod', 'test') WHERE seq = 1400", []).unwrap();
    assert!(matches!(SqliteSink::open(&path), Err(SinkError::Damaged(_))));
    assert!(read(&directory.path().join("none.sqlite")).is_err());
    let other = directory.path().join("other.sqlite");
    rusqlite::Connection::open(&other).unwrap().execute("CREATE TABLE x (y)", []).unwrap();
    assert!(read(&other).is_err());
}

#[test]
#[cfg(unix)]
fn logs_are_their_owners() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let log = open(&directory.path().join("a"), quick(), Options::default());
    log.record(at(0), &event("c")).unwrap();
    assert_eq!(mode(&segments(&directory.path().join("a"))[0]), 0o600);
    let log = open(&directory.path().join("b"), FileOptions { mode: 0o400, ..quick() }, Options::default());
    log.record(at(0), &event("c")).unwrap();
    assert_eq!(mode(&segments(&directory.path().join("b"))[0]), 0o400);
    #[cfg(feature = "sqlite")]
    {
        let path = directory.path().join("audit.sqlite");
        claw_engine::audit::SqliteSink::open(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
    }
}

#[test]
fn a_sink_tells_its_tail() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), quick(), Options::default());
    log.record(at(0), &event("c")).unwrap();
    let head = log.head();
    drop(log);
    let mut sink = FileSink::open(directory.path(), quick()).unwrap();
    assert_eq!(sink.tail().unwrap(), head);
}
