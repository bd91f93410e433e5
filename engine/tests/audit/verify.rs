//! What verifying says of logs that somebody has worked on.

use std::fs;
use std::path::PathBuf;

use claw_engine::audit::{Expected, GapKind, Report};
use claw_engine::signing::SecretKey;
use claw_runtime::{Digest, Json, Limits};

use crate::{at, check, event, kinds, open, quick, segments, signed};

/// A log of ten decisions with a checkpoint behind every fourth record that is none.
struct Log {
    directory: tempfile::TempDir,
    key: SecretKey,
    head: (u64, Digest),
}

impl Log {
    fn new() -> Log {
        let directory = tempfile::tempdir().unwrap();
        let key = SecretKey::generate().unwrap();
        let copy = SecretKey::from_text(&key.to_text(None).unwrap(), None).unwrap();
        let log = open(directory.path(), quick(), signed(copy, 4));
        for n in 0..10 {
            log.record(at(n), &event(&format!("c-{n}"))).unwrap();
        }
        // Dropping it signs the last two.
        let head = log.head().unwrap();
        drop(log);
        Log { directory, key, head: (head.seq, head.hash) }
    }

    fn file(&self) -> PathBuf {
        segments(self.directory.path()).remove(0)
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.file()).unwrap().lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        fs::write(self.file(), lines.join("\n") + "\n").unwrap();
    }

    fn expected(&self) -> Expected {
        Expected { keys: vec![self.key.public()], head: Some(self.head) }
    }

    fn report(&self) -> Report {
        check(self.directory.path(), &self.expected())
    }

    /// What is found after the lines were changed so.
    fn after(&self, change: impl FnOnce(&mut Vec<String>)) -> Vec<GapKind> {
        let before = self.lines();
        let mut lines = before.clone();
        change(&mut lines);
        self.write(&lines);
        let found = kinds(&self.report());
        self.write(&before);
        found
    }
}

/// The line with another hash, one that its contents do have.
fn rehashed(line: &str) -> String {
    let Json::Obj(members) = Json::parse(line.as_bytes(), &Limits::default()).unwrap() else { panic!() };
    let others: Vec<_> = members.into_iter().filter(|(key, _)| &**key != "hash").collect();
    let hash = Digest::of_json(&Json::Obj(others.clone()));
    let mut all = others;
    all.push(("hash".into(), Json::str(hash.to_string())));
    Json::Obj(all).canonical()
}

#[test]
fn a_whole_log_is_whole() {
    let log = Log::new();
    let report = log.report();
    assert_eq!(kinds(&report), []);
    assert_eq!((report.records, report.first, report.last), (13, Some(1), Some(13)));
    assert_eq!((report.checkpoints, report.signed_through, report.unsigned), (3, Some(12), 0));
    assert_eq!(report.head.map(|head| head != log.head.1), Some(true), "the checkpoint came after");
    // Neither the layout of a line nor blank lines are part of what was recorded.
    let found = log.after(|lines| {
        lines[3] = lines[3].replace("\":", "\" : ");
        lines.insert(5, "   ".to_owned());
    });
    assert_eq!(found, []);
}

#[test]
fn every_change_of_a_record_is_found_and_told_once() {
    let log = Log::new();
    assert_eq!(log.after(|lines| lines[2] = lines[2].replace("c-2", "c-X")), [GapKind::Changed { seq: 3 }]);
    assert_eq!(
        log.after(|lines| lines[2] = lines[2].replace("\"n\":0.3", "\"n\":0.31")),
        [GapKind::Changed { seq: 3 }]
    );
    // With a hash that fits, the next record shows it; or a checkpoint does, where that is the next one.
    assert_eq!(
        log.after(|lines| lines[1] = rehashed(&lines[1].replace("c-1", "c-X"))),
        [GapKind::BrokenLink { seq: 3 }]
    );
    let found = log.after(|lines| lines[3] = rehashed(&lines[3].replace("c-3", "c-X")));
    assert!(found.contains(&GapKind::BrokenLink { seq: 5 }), "{found:?}");
    // Another hash, another number, another event.
    let hash = Digest::of(b"x").to_string();
    assert_eq!(
        log.after(|lines| {
            let old = lines[5].split("\"hash\":\"").nth(1).unwrap()[..71].to_owned();
            lines[5] = lines[5].replace(&old, &hash);
        }),
        [GapKind::Changed { seq: 6 }]
    );
    assert_eq!(
        log.after(|lines| lines[5] = lines[5].replace("\"seq\":6", "\"seq\":60")),
        [GapKind::Changed { seq: 60 }]
    );
    assert_eq!(log.after(|lines| lines[0] = lines[0].replace("c-0", "c-X")), [GapKind::Changed { seq: 1 }]);
    let not_json = log.after(|lines| lines[6] = "{\"seq\":7".to_owned());
    assert!(matches!(&not_json[..], [GapKind::NotJson { .. }]), "{not_json:?}");
    let no_record = log.after(|lines| lines[6] = "{\"seq\":7}".to_owned());
    assert!(matches!(&no_record[..], [GapKind::NotARecord { .. }]), "{no_record:?}");
    let twice = log.after(|lines| lines[6] = lines[6].replace("\"seq\":7", "\"seq\":7,\"seq\":7"));
    assert!(matches!(&twice[..], [GapKind::NotJson { .. }]), "{twice:?}");
}

#[test]
fn what_is_missing_moved_or_there_twice_is_told() {
    let log = Log::new();
    let cut = |from: usize, to: usize| log.after(|lines| drop(lines.drain(from..to)));
    assert_eq!(cut(2, 3), [GapKind::Missing { first: 3, last: 3 }]);
    assert_eq!(cut(5, 9), [GapKind::Missing { first: 6, last: 9 }]);
    assert_eq!(cut(0, 2), [GapKind::Missing { first: 1, last: 2 }]);
    assert_eq!(log.after(|lines| lines.swap(5, 6)), [GapKind::OutOfOrder { seq: 6 }]);
    assert_eq!(log.after(|lines| lines.swap(5, 8)).len(), 3, "7 and 8 came before their time, 6 behind it");
    assert_eq!(log.after(|lines| lines.insert(5, lines[2].clone())), [GapKind::Duplicate { seq: 3 }]);
    // A missing record and a changed one beside it are two findings, with the right numbers.
    assert_eq!(
        log.after(|lines| {
            lines[5] = lines[5].replace("c-", "x-");
            lines.remove(4 - 1);
        }),
        [GapKind::Missing { first: 4, last: 4 }, GapKind::Changed { seq: 6 }]
    );
    assert_eq!(
        log.after(|lines| {
            lines[6] = lines[6].replace("c-", "x-");
            lines.drain(3..6);
        }),
        [GapKind::Changed { seq: 7 }, GapKind::Missing { first: 4, last: 6 }]
    );
    assert_eq!(kinds(&check(log.directory.path(), &log.expected())), []);
}

#[test]
fn an_end_that_is_gone_is_noticed_where_a_head_is_expected() {
    let log = Log::new();
    let cut = |keep: usize| log.after(|lines| lines.truncate(keep));
    // The head that was noted is the last decision; the checkpoint behind it is not missed.
    assert_eq!(log.head.0, 12);
    assert_eq!(cut(12), []);
    assert_eq!(cut(11), [GapKind::Truncated { after: Some(11), expected: Some(12) }]);
    let found = log.after(Vec::clear);
    assert_eq!(found, [GapKind::Empty, GapKind::Truncated { after: None, expected: Some(12) }]);
    let other = Expected { head: Some((12, Digest::of(b"another"))), ..log.expected() };
    assert_eq!(kinds(&check(log.directory.path(), &other)), [GapKind::OtherHead { seq: 12 }]);
    // Without one it can't be known, but how far signatures reach is told.
    let lines = log.lines();
    log.write(&lines[..12]);
    let report = check(log.directory.path(), &Expected { head: None, ..log.expected() });
    assert_eq!((kinds(&report), report.signed_through, report.unsigned), (vec![], Some(9), 2));
    // A torn line is told as such, wherever it is.
    fs::write(log.file(), lines.join("\n")).unwrap();
    assert_eq!(kinds(&log.report()), []);
    let text = lines.join("\n");
    fs::write(log.file(), &text[..text.len() - 5]).unwrap();
    assert_eq!(kinds(&log.report()), [GapKind::Truncated { after: Some(12), expected: None }]);
}

#[test]
fn only_given_keys_vouch() {
    let log = Log::new();
    let stranger = SecretKey::generate().unwrap();
    let report = check(log.directory.path(), &Expected { keys: vec![stranger.public()], head: None });
    let unknown = |seq| GapKind::UnknownKey { seq, key: log.key.id().to_string() };
    assert_eq!(kinds(&report), [unknown(5), unknown(10), unknown(13), GapKind::Unsigned { records: 13 }]);
    // Whoever rewrites the log has no key: neither another checkpoint's signature nor none at all will do.
    let found = log.after(|lines| {
        let mut prev = None;
        let signature =
            |line: &str| line.split("\"signature\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let (first, second) = (signature(&lines[4]), signature(&lines[9]));
        lines[9] = lines[9].replace(&second, &first);
        for line in lines.iter_mut().skip(9) {
            if let Some(prev) = prev {
                let old = line.split("\"prev\":\"").nth(1).unwrap()[..71].to_owned();
                *line = line.replace(&format!("\"prev\":\"{old}"), &format!("\"prev\":\"{prev}"));
            }
            *line = rehashed(line);
            prev = Some(line.split("\"hash\":\"").nth(1).unwrap()[..71].to_owned());
        }
    });
    assert!(found.iter().any(|kind| matches!(kind, GapKind::BadSignature { seq: 10, .. })), "{found:?}");
    assert!(found.iter().any(|kind| matches!(kind, GapKind::BadSignature { seq: 13, .. })), "{found:?}");
    assert!(
        !found.iter().any(|kind| matches!(kind, GapKind::Changed { .. } | GapKind::BrokenLink { .. })),
        "{found:?}"
    );
}

#[test]
fn a_rewritten_log_without_checkpoints_is_unsigned() {
    let log = Log::new();
    let mut lines: Vec<String> = Vec::new();
    let mut prev = Digest([0; 32]).to_string();
    for line in log.lines().iter().filter(|line| !line.contains("\"event\":\"checkpoint\"")) {
        let number = lines.len() + 1;
        let old = line.split("\"prev\":\"").nth(1).unwrap()[..71].to_owned();
        let seq = line.split("\"seq\":").nth(1).unwrap().split(',').next().unwrap().to_owned();
        let line = line.replace(&old, &prev).replace(&format!("\"seq\":{seq},"), &format!("\"seq\":{number},"));
        let line = rehashed(&line);
        prev = line.split("\"hash\":\"").nth(1).unwrap()[..71].to_owned();
        lines.push(line);
    }
    log.write(&lines);
    let report = check(log.directory.path(), &Expected { keys: vec![log.key.public()], head: None });
    assert_eq!(kinds(&report), [GapKind::Unsigned { records: 10 }]);
    assert_eq!(report.unsigned, 10);
    // Without a key to hold it against it looks like a log: that is what keys are for.
    assert_eq!(kinds(&check(log.directory.path(), &Expected::default())), []);
}

#[test]
fn findings_are_in_the_order_of_the_log_and_name_their_lines() {
    let log = Log::new();
    let mut lines = log.lines();
    lines[1] = lines[1].replace("c-", "x-");
    lines.remove(6);
    lines[8] = "nonsense".to_owned();
    log.write(&lines);
    let report = log.report();
    let places: Vec<_> = report.gaps.iter().map(|gap| gap.line.unwrap()).collect();
    assert_eq!(places, [2, 7, 9], "{:?}", report.gaps);
    assert!(report.gaps.iter().all(|gap| gap.file.as_deref() == log.file().to_str()));
    assert_eq!(report.gaps[1].kind.to_string(), "record 7 is missing");
}

/// No single byte of a log can be another without a finding, and none leads to more than what it touches.
#[test]
fn every_byte_counts() {
    let log = Log::new();
    let text = fs::read(log.file()).unwrap();
    // A stride that has nothing in common with the lengths of lines reaches every kind of place.
    for at in (0..text.len()).step_by(13) {
        for with in [b'0', b'"', b'x', b'\n', 0xff] {
            let mut changed = text.clone();
            if changed[at] == with {
                continue;
            }
            changed[at] = with;
            fs::write(log.file(), &changed).unwrap();
            let found = kinds(&log.report());
            assert!((1..=3).contains(&found.len()), "byte {at} as {with}: {found:?}");
        }
    }
}
