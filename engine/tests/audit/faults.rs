//! Faults that really happen: a process that is killed, a disk that is full.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use claw_engine::audit::{AuditError, AuditLog, Event, Expected, FileOptions, FileSink, Options, read};

use crate::{at, check, event, kinds, names, open};

/// Names the directory for a process of this very binary that is started to fail.
const CHILD: &str = "CLAW_AUDIT_CHILD";

fn child(test: &str, directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, directory).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn patient() -> Options {
    Options { patience: Duration::from_secs(120), retry: Duration::from_millis(1), ..Options::default() }
}

/// Records with four threads until it is killed, and says each number once it is acknowledged.
#[test]
#[ignore = "started by another test"]
fn child_records() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let files = FileOptions { segment_bytes: 8000, ..FileOptions::default() };
    let log = open(Path::new(&directory), files, patient());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let log = &log;
            scope.spawn(move || {
                for n in 0..10_000 {
                    let seq = log.record(at(n), &event(&format!("{thread}-{n}"))).unwrap();
                    println!("kept {seq} {thread}-{n}");
                }
            });
        }
    });
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_process_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut kept: Vec<(u64, String)> = Vec::new();
    for round in 0..6 {
        let mut process = child("faults::child_records", directory.path()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut acknowledged = |lines: &mut dyn Iterator<Item = std::io::Result<String>>, most: usize| {
            let mut found = 0;
            while found < most {
                let Some(Ok(line)) = lines.next() else { return found };
                // The test harness writes to the same place, without ending its line.
                let Some((_, line)) = line.split_once("kept ") else { continue };
                let Some((seq, id)) = line.split_once(' ') else { continue };
                kept.push((seq.parse().unwrap(), id.to_owned()));
                found += 1;
            }
            found
        };
        assert!(acknowledged(&mut lines, 20 + 17 * round) > 0);
        process.kill().unwrap();
        process.wait().unwrap();
        // What was on its way when it was killed; a half line counts for nothing.
        acknowledged(&mut lines, usize::MAX);
    }
    // Opening it mends it; what is there before is whole but for a torn end.
    open(directory.path(), FileOptions::default(), patient()).record(at(0), &event("last")).unwrap();
    assert_eq!(kinds(&check(directory.path(), &Expected::default())), []);
    let records: std::collections::BTreeMap<u64, String> = read(directory.path())
        .unwrap()
        .map(|record| record.unwrap().1)
        .filter_map(|record| match record.event {
            Event::Decision(decision) => Some((record.seq, decision.call_id.unwrap())),
            _ => None,
        })
        .collect();
    assert!(kept.len() > 200);
    for (seq, id) in kept {
        // The last line of a killed process may have lost its end.
        assert!(records.get(&seq).is_some_and(|found| found.starts_with(&id)), "record {seq} of call {id}");
    }
}

/// Records until files may not grow any more.
#[test]
#[ignore = "started by another test"]
fn child_fills() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let log = open(Path::new(&directory), FileOptions::default(), patient());
    let mut seq = 0;
    let error = loop {
        match log.record(at(0), &event(&"x".repeat(700))) {
            Ok(next) => seq = next,
            Err(error) => break error,
        }
        assert!(seq < 1000, "there is no limit");
    };
    assert!(matches!(error, AuditError::Unavailable(_)), "{error}");
    // It stays so, and what was kept is whole.
    for _ in 0..3 {
        log.record(at(0), &event(&"x".repeat(700))).unwrap_err();
    }
    println!("kept {seq}");
}

#[test]
#[cfg(unix)]
fn a_file_that_may_not_grow_denies_and_stays_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    // The signal that comes with the limit is not waited for: the write fails as on a full disk.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 40 && exec \"$0\" \"$@\""]);
    let inner = child("faults::child_fills", directory.path());
    shell.arg(inner.get_program()).args(inner.get_args()).env(CHILD, directory.path());
    let output = shell.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let kept: u64 = text.split("kept ").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    let report = check(directory.path(), &Expected::default());
    assert_eq!(kinds(&report), []);
    // The note of what was lost is smaller than what was, and may have had room in the end.
    let names = names(directory.path());
    assert!(names.starts_with(&vec!["decision"; usize::try_from(kept).unwrap()]), "{kept} of {names:?}");
    assert!(matches!(names[usize::try_from(kept).unwrap()..], [] | ["gap"]), "{kept} of {names:?}");
    assert!(
        std::fs::read_dir(directory.path()).unwrap().all(|f| f.unwrap().path().extension() != Some("torn".as_ref()))
    );
    open(directory.path(), FileOptions::default(), patient()).record(at(0), &event("c")).unwrap();
    assert_eq!(kinds(&check(directory.path(), &Expected::default())), []);
}

/// A file system of this size, as long as this lives; `None` where this user may not have one.
struct Small(tempfile::TempDir);

impl Small {
    fn new(size: &str) -> Option<Small> {
        let directory = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "claw-test"]).arg(directory.path());
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        mounted.then_some(Small(directory))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_denies_until_there_is_room_again() {
    let Some(disk) = Small::new("256k") else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 128 << 10]).unwrap();
    let directory = disk.0.path().join("log");
    let log = AuditLog::open(Box::new(FileSink::open(&directory, FileOptions::default()).unwrap()), patient()).unwrap();
    let mut last = 0;
    while let Ok(seq) = log.record(at(0), &event(&"x".repeat(700))) {
        last = seq;
        assert!(seq < 1000, "the disk is never full");
    }
    assert!(last > 10);
    assert_eq!(kinds(&check(&directory, &Expected::default())), []);
    std::fs::remove_file(ballast).unwrap();
    let start = Instant::now();
    while log.record(at(1), &event("c")).is_err() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never works again");
    }
    drop(log);
    let report = check(&directory, &Expected::default());
    assert_eq!(kinds(&report), []);
    assert!(report.lost >= 1 && report.last >= Some(last + 2), "{report:?}");
}
