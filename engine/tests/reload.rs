//! Reloading while others decide, and reloading from files.
#![cfg(feature = "watch")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bundles;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use bundles::{Built, allows, gate, keys, ping, sign};
use claw_engine::policies::{Change, Event, LoadFailure, Policies, Target, Timing, Trust, signature_path};
use claw_runtime::Outcome;
use tempfile::TempDir;

/// Far longer than anything here takes on a slow machine.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn every_decision_is_of_one_policy_while_policies_change() {
    const THREADS: usize = 16;
    const RELOADS: usize = 1000;
    let (secret, public) = keys();
    let policies = [gate(0), gate(10)];
    let signatures = [sign(&secret, &policies[0]), sign(&secret, &policies[1])];
    let digests = [policies[0].policy.digest(), policies[1].policy.digest()];
    let current = Policies::builder(Trust::signed_by([public])).build();
    current.load(None, &policies[0].bytes, Some(&signatures[0])).unwrap();
    let request = ping(5);
    let done = AtomicBool::new(false);
    let seen = [AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let loaded = current.current(None).expect("there is always a policy");
                    let decision = loaded.policy.decide_json_pure(request.as_bytes());
                    let allowed = decision.outcome == Outcome::Allow;
                    assert_eq!(decision.policy_digest, loaded.version.digest);
                    assert_eq!(decision.policy_digest, digests[usize::from(allowed)]);
                    seen[usize::from(allowed)].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for i in 1..=RELOADS {
            current.load(None, &policies[i % 2].bytes, Some(&signatures[i % 2])).unwrap();
            // In between, what must never come into force.
            if i % 10 == 0 {
                current.load(None, &policies[i % 2].bytes, Some(&signatures[(i + 1) % 2])).unwrap_err();
            }
            // Wait until both answers were given at least now and then; the count only ever grows.
            if i % 100 == 0 {
                let before = seen[i % 2].load(Ordering::Relaxed);
                until(|| seen[i % 2].load(Ordering::Relaxed) > before);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(seen.iter().all(|count| count.load(Ordering::Relaxed) > 0));
}

#[test]
fn the_load_that_began_last_wins() {
    // The hook of the first load lasts until the second load is over.
    let (entered, wait) = channel();
    let (go, gone) = channel::<()>();
    let (entered, gone) = (std::sync::Mutex::new(entered), std::sync::Mutex::new(gone));
    let slow = gate(10);
    let digest = slow.policy.digest();
    let policies = Policies::builder(Trust::anyone())
        .prepare(move |policy| {
            if policy.digest() == digest {
                entered.lock().unwrap().send(()).unwrap();
                gone.lock().unwrap().recv().unwrap();
            }
            Ok(policy)
        })
        .build();
    for withdrawn in [false, true] {
        thread::scope(|scope| {
            let first = scope.spawn(|| policies.load(Some("a"), &slow.bytes, None));
            wait.recv_timeout(LONG).unwrap();
            policies.load(Some("a"), &gate(99).bytes, None).unwrap();
            if withdrawn {
                policies.withdraw(Some("a"));
            }
            go.send(()).unwrap();
            assert_eq!(first.join().unwrap().unwrap_err(), LoadFailure::Superseded);
        });
        let current = policies.current(Some("a"));
        assert_eq!(current.is_none(), withdrawn);
    }
}

#[test]
fn new_demands_hold_for_a_load_that_is_under_way() {
    let (entered, wait) = channel();
    let (go, gone) = channel::<()>();
    let (entered, gone) = (std::sync::Mutex::new(entered), std::sync::Mutex::new(gone));
    let policies = Policies::builder(Trust::anyone())
        .prepare(move |policy| {
            entered.lock().unwrap().send(()).unwrap();
            gone.lock().unwrap().recv().unwrap();
            Ok(policy)
        })
        .build();
    thread::scope(|scope| {
        let load = scope.spawn(|| policies.load(None, &gate(10).bytes, None));
        wait.recv_timeout(LONG).unwrap();
        policies.set_trust(Trust::signed_by([keys().1]));
        go.send(()).unwrap();
        assert_eq!(load.join().unwrap().unwrap_err(), LoadFailure::Unsigned);
    });
    assert!(policies.current(None).is_none());
}

#[test]
fn tenants_come_and_go_while_others_decide() {
    let policies = Policies::builder(Trust::anyone()).build();
    let built = gate(10);
    policies.load(Some("stays"), &built.bytes, None).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert!(policies.current(Some("stays")).is_some());
                }
            });
        }
        thread::scope(|inner| {
            for worker in 0..4 {
                let (policies, built) = (&policies, &built);
                inner.spawn(move || {
                    for i in 0..50 {
                        let name = format!("t{worker}-{i}");
                        // A withdrawal by another thread may have overtaken it; then it is tried again.
                        while policies.load(Some(&name), &built.bytes, None).is_err() {}
                        assert!(policies.current(Some(&name)).is_some());
                        if i % 2 == 0 {
                            policies.withdraw(Some(&name));
                            assert!(policies.current(Some(&name)).is_none());
                        }
                    }
                });
            }
        });
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(policies.tenants().len(), 1 + 4 * 25);
}

/// A folder with a bundle.
struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new() -> Folder {
        Folder { folder: tempfile::tempdir().unwrap() }
    }

    fn bundle(&self) -> PathBuf {
        self.folder.path().join("policy.clawb")
    }

    /// Replaces a file as deployments do.
    fn replace(&self, path: &Path, bytes: &[u8]) {
        let temporary = self.folder.path().join(".new");
        fs::write(&temporary, bytes).unwrap();
        fs::rename(&temporary, path).unwrap();
    }

    fn put(&self, built: &Built, signature: Option<&str>) {
        self.replace(&self.bundle(), &built.bytes);
        if let Some(signature) = signature {
            self.replace(&signature_path(&self.bundle()), signature.as_bytes());
        }
    }
}

#[test]
fn files_are_loaded_with_the_signature_beside_them() {
    let (secret, public) = keys();
    let folder = Folder::new();
    let policies = Policies::builder(Trust::signed_by([public])).max_bytes(1 << 20).build();
    let load = || policies.load_file(None, &folder.bundle());
    assert_eq!(load().unwrap_err().kind(), "unreadable");
    let good = gate(10);
    folder.put(&good, None);
    assert_eq!(load().unwrap_err(), LoadFailure::Unsigned);
    folder.put(&good, Some(&sign(&secret, &good)));
    let loaded = load().unwrap();
    assert_eq!(loaded.version.source, folder.bundle().display().to_string());
    fs::write(signature_path(&folder.bundle()), [0xff; 100]).unwrap();
    assert_eq!(load().unwrap_err().kind(), "unreadable");
    fs::write(signature_path(&folder.bundle()), "x".repeat(20_000)).unwrap();
    assert_eq!(load().unwrap_err().kind(), "unreadable");
    fs::write(folder.bundle(), vec![0; (1 << 20) + 1]).unwrap();
    fs::write(signature_path(&folder.bundle()), "").unwrap();
    assert_eq!(load().unwrap_err(), LoadFailure::TooLarge { most: 1 << 20 });
    assert_eq!(policies.load_file(None, folder.folder.path()).unwrap_err().kind(), "unreadable");
    assert!(allows(&policies.current(None).unwrap().policy, 9));
}

#[test]
fn a_signature_that_comes_a_moment_later_is_waited_for() {
    let (secret, public) = keys();
    let folder = Folder::new();
    let (old, new) = (gate(10), gate(99));
    folder.put(&old, Some(&sign(&secret, &old)));
    let policies = Policies::builder(Trust::signed_by([public])).build();
    policies.load_file(None, &folder.bundle()).unwrap();
    let signature = sign(&secret, &new);
    folder.put(&new, None);
    thread::scope(|scope| {
        scope.spawn(|| folder.put(&new, Some(&signature)));
        // How soon the signature comes is up to the scheduler.
        until(|| policies.load_file(None, &folder.bundle()).is_ok());
    });
    assert!(allows(&policies.current(None).unwrap().policy, 98));
}

#[test]
fn only_files_that_may_be_half_written_are_read_again() {
    let folder = Folder::new();
    let (policies, told) = watched(Trust::signed_by([keys().1]));
    // Each attempt takes a number.
    let attempts = |bytes: &[u8]| {
        policies.withdraw(None);
        policies.load(None, b"", None).unwrap_err();
        let before = next(&told).sequence;
        fs::write(folder.bundle(), bytes).unwrap();
        policies.load_file(None, &folder.bundle()).unwrap_err();
        next(&told).sequence - before
    };
    assert_eq!(attempts(&gate(10).bytes), 6, "the signature may be still to come");
    assert_eq!(attempts(&vec![0; (64 << 20) + 1]), 1, "it will not become shorter");
}

/// Policies whose changes come through a channel.
fn watched(trust: Trust) -> (Policies, Receiver<Change>) {
    let (tell, told) = channel();
    let tell = std::sync::Mutex::new(tell);
    let policies = Policies::builder(trust)
        .observer(move |change| {
            let _ = tell.lock().unwrap().send(change.clone());
        })
        .build();
    (policies, told)
}

/// Quick, and the comparison only where it is what is tested.
fn by_news() -> Timing {
    Timing { quiet: Duration::from_millis(20), compare: Duration::from_secs(3600) }
}

fn by_comparison() -> Timing {
    Timing { quiet: Duration::from_millis(20), compare: Duration::from_millis(20) }
}

fn next(told: &Receiver<Change>) -> Change {
    told.recv_timeout(LONG).expect("a change is told of")
}

fn until(holds: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONG, "waited for too long");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_watched_file_is_reloaded_when_it_changes() {
    for timing in [by_news(), by_comparison()] {
        let folder = Folder::new();
        let (policies, told) = watched(Trust::anyone());
        folder.put(&gate(10), None);
        let watch = policies.watch(None, &folder.bundle(), timing).unwrap();
        assert_eq!(watch.problem(), None);
        assert_eq!(next(&told).event.kind(), "loaded");
        // Renamed into place, then written in place.
        folder.put(&gate(20), None);
        until(|| allows(&policies.current(None).unwrap().policy, 19));
        fs::write(folder.bundle(), gate(30).bytes).unwrap();
        until(|| allows(&policies.current(None).unwrap().policy, 29));
        // Damaged, then gone, then good again.
        fs::write(folder.bundle(), "garbage").unwrap();
        until(|| told.try_iter().any(|change| matches!(change.event, Event::Refused(LoadFailure::Bundle(_)))));
        fs::remove_file(folder.bundle()).unwrap();
        until(|| told.try_iter().any(|change| matches!(change.event, Event::Refused(LoadFailure::File { .. }))));
        assert!(allows(&policies.current(None).unwrap().policy, 29));
        folder.put(&gate(40), None);
        until(|| allows(&policies.current(None).unwrap().policy, 39));
    }
}

#[test]
fn a_link_to_another_folder_is_followed_by_comparison() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    elsewhere.put(&gate(10), None);
    #[cfg(unix)]
    std::os::unix::fs::symlink(elsewhere.bundle(), folder.bundle()).unwrap();
    #[cfg(not(unix))]
    return eprintln!("skipped: there are no links");
    let (policies, told) = watched(Trust::anyone());
    let _watch = policies.watch(None, &folder.bundle(), by_comparison()).unwrap();
    next(&told);
    elsewhere.put(&gate(20), None);
    until(|| allows(&policies.current(None).unwrap().policy, 19));
}

#[test]
fn a_folder_that_does_not_exist_yet_is_waited_for() {
    let folder = Folder::new();
    let deep = folder.folder.path().join("later").join("policy.clawb");
    let (policies, told) = watched(Trust::anyone());
    let watch = policies.watch(None, &deep, by_comparison()).unwrap();
    assert!(watch.problem().is_some());
    assert_eq!(next(&told).event.kind(), "refused");
    fs::create_dir(deep.parent().unwrap()).unwrap();
    fs::write(&deep, gate(10).bytes).unwrap();
    until(|| policies.current(None).is_some());
}

#[test]
fn what_was_rolled_back_from_does_not_come_back_by_itself() {
    let folder = Folder::new();
    let (policies, told) = watched(Trust::anyone());
    folder.put(&gate(10), None);
    let watch = policies.watch(None, &folder.bundle(), by_comparison()).unwrap();
    next(&told);
    folder.put(&gate(99), None);
    until(|| allows(&policies.current(None).unwrap().policy, 98));
    policies.roll_back(None, Target::Previous).unwrap();
    until(|| told.try_iter().any(|change| change.event.kind() == "rolled_back"));
    // Long enough for many comparisons; a machine so slow that there is none shows nothing, and fails nothing.
    thread::sleep(Duration::from_millis(200));
    drop(watch);
    assert!(!allows(&policies.current(None).unwrap().policy, 10));
    assert_eq!(told.try_iter().count(), 0);
}

#[test]
fn a_dropped_watch_is_over() {
    let folder = Folder::new();
    let (policies, told) = watched(Trust::anyone());
    folder.put(&gate(10), None);
    let watch = policies.watch(Some("a"), &folder.bundle(), by_comparison()).unwrap();
    next(&told);
    drop(watch);
    folder.put(&gate(99), None);
    // Its thread has ended. Had it not, this would be time enough for it to look again on most machines.
    thread::sleep(Duration::from_millis(200));
    assert_eq!(told.try_iter().count(), 0);
    assert!(!allows(&policies.current(Some("a")).unwrap().policy, 50));
}

#[test]
fn a_panicking_observer_does_not_end_the_watch() {
    let folder = Folder::new();
    folder.put(&gate(10), None);
    let policies = Policies::builder(Trust::anyone()).observer(|_| panic!("the audit is broken")).build();
    let _watch = policies.watch(None, &folder.bundle(), by_comparison()).unwrap();
    until(|| policies.current(None).is_some());
    folder.put(&gate(20), None);
    until(|| allows(&policies.current(None).unwrap().policy, 19));
}

#[test]
fn what_is_in_force_already_is_not_loaded_again() {
    let folder = Folder::new();
    let (policies, told) = watched(Trust::anyone());
    folder.put(&gate(10), None);
    policies.load_file(None, &folder.bundle()).unwrap();
    next(&told);
    let watch = policies.watch(None, &folder.bundle(), by_comparison()).unwrap();
    folder.put(&gate(20), None);
    // The next thing that is told of is the change.
    let Event::Loaded { before: Some(_), version } = next(&told).event else { panic!("loaded") };
    assert_eq!(version.digest, gate(20).policy.digest());
    drop(watch);
}
