//! What is put in force, what is refused, and what can be gone back to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bundles;

use std::sync::{Arc, Mutex};

use bundles::{Built, allows, build, gate, gate_with_company, keys, sign};
use claw_engine::ManualClock;
use claw_engine::policies::{LoadFailure, Policies, Target, Trust};
use claw_engine::signing::{PublicKey, SignatureError};
use claw_runtime::{LoadError, Time};

fn anyone() -> Policies {
    Policies::builder(Trust::anyone()).build()
}

/// Policies that demand this key, with a gate at 10 in force.
fn guarded(public: &PublicKey, good: &Built, signature: &str) -> Policies {
    let policies = Policies::builder(Trust::signed_by([public.clone()])).build();
    policies.load(None, &good.bytes, Some(signature)).unwrap();
    policies
}

#[track_caller]
fn still_at_ten(policies: &Policies) {
    let current = policies.current(None).expect("something is in force");
    assert!(allows(&current.policy, 9) && !allows(&current.policy, 10));
}

#[test]
fn every_way_to_be_no_good_bundle_leaves_the_old_one_deciding() {
    let ((secret, public), (stranger, _)) = (keys(), keys());
    let (good, other) = (gate(10), gate(99));
    let policies = guarded(&public, &good, &sign(&secret, &good));
    let refused = |bytes: &[u8], signature: Option<&str>| {
        let failure = policies.load(None, bytes, signature).expect_err("must be refused");
        still_at_ten(&policies);
        failure
    };

    assert_eq!(refused(&other.bytes, None), LoadFailure::Unsigned);
    let by_stranger = sign(&stranger, &other);
    let unknown = LoadFailure::Signature(SignatureError::UnknownKey(stranger.id()));
    assert_eq!(refused(&other.bytes, Some(&by_stranger)), unknown);
    // The right signature of another bundle.
    let wrong = LoadFailure::Signature(SignatureError::Content(secret.id()));
    assert_eq!(refused(&other.bytes, Some(&sign(&secret, &good))), wrong);
    assert_eq!(refused(&other.bytes, Some("")).kind(), "malformed_signature");
    assert_eq!(refused(&other.bytes, Some(&"x".repeat(1 << 20))).kind(), "malformed_signature");
    // The right key, but for something else: another bundle's comment, a checkpoint of an audit.
    for comment in [sign_comment(&good), "claw checkpoint 12 sha256:00".to_owned()] {
        let signature = secret.sign(&other.bytes, &comment).unwrap();
        assert_eq!(refused(&other.bytes, Some(&signature)).kind(), "signed_as_another");
    }
    // Bytes that were signed and are no bundle.
    for bytes in [&b""[..], b"claw", &other.bytes[..other.bytes.len() - 1]] {
        let signature = secret.sign(bytes, "whatever").unwrap();
        assert_eq!(refused(bytes, Some(&signature)).kind(), "bad_bundle");
    }
    // And the other one is good if it is signed, by minisign's own comment too.
    policies.load(None, &other.bytes, Some(&secret.sign(&other.bytes, "timestamp:1\tfile:x").unwrap())).unwrap();
    assert!(allows(&policies.current(None).unwrap().policy, 98));
}

fn sign_comment(built: &Built) -> String {
    claw_engine::policies::bundle_comment(&built.policy)
}

#[test]
fn no_part_of_a_bundle_is_a_bundle_signed_or_not() {
    let (secret, public) = keys();
    let (good, other) = (gate(10), gate(99));
    let signature = sign(&secret, &other);
    let demanding = guarded(&public, &good, &sign(&secret, &good));
    let lax = anyone();
    lax.load(None, &good.bytes, None).unwrap();
    for length in 0..other.bytes.len() {
        let part = &other.bytes[..length];
        assert_eq!(demanding.load(None, part, Some(&signature)).unwrap_err().kind(), "wrong_content", "{length}");
        assert_eq!(lax.load(None, part, None).unwrap_err().kind(), "bad_bundle", "{length}");
    }
    still_at_ten(&demanding);
    still_at_ten(&lax);
    assert!(lax.history(None).is_empty());
}

#[test]
fn no_changed_byte_gets_through() {
    let (secret, public) = keys();
    let (good, other) = (gate(10), gate(99));
    let signature = sign(&secret, &other);
    let demanding = guarded(&public, &good, &sign(&secret, &good));
    let lax = anyone();
    lax.load(None, &good.bytes, None).unwrap();
    for at in 0..other.bytes.len() {
        let mut changed = other.bytes.clone();
        changed[at] ^= 0x20;
        assert!(demanding.load(None, &changed, Some(&signature)).is_err(), "byte {at}");
        assert!(lax.load(None, &changed, None).is_err(), "byte {at}: the bundle's own digest");
        let mut swapped = other.bytes.clone();
        let next = (at + 1) % swapped.len();
        swapped.swap(at, next);
        if swapped != other.bytes {
            assert!(lax.load(None, &swapped, None).is_err(), "bytes {at} and {next}");
        }
    }
    still_at_ten(&demanding);
    still_at_ten(&lax);
}

#[test]
fn bundles_must_hold_the_modules_that_are_demanded() {
    const RULE: &str = "package company\npredicate tiny(n: int) = n < 5\n";
    let good = gate_with_company(10, RULE);
    let module = good.policy.modules().iter().find(|module| module.name == "company").unwrap().digest;
    let policies = Policies::builder(Trust::anyone().with_module("company", module)).build();
    let without = policies.load(None, &gate(10).bytes, None).unwrap_err();
    assert_eq!(without, LoadFailure::Module { package: "company".to_owned(), wanted: module, found: None });
    policies.load(None, &good.bytes, None).unwrap();
    // One letter of it changed.
    let other = gate_with_company(99, &format!("{RULE}\n"));
    let failure = policies.load(None, &other.bytes, None).unwrap_err();
    assert!(matches!(failure, LoadFailure::Module { found: Some(found), .. } if found != module), "{failure}");
    // The right source under another name is not what was demanded.
    let elsewhere = Policies::builder(Trust::anyone().with_module("acme", module)).build();
    assert_eq!(elsewhere.load(None, &good.bytes, None).unwrap_err().kind(), "missing_module");
    still_at_ten(&policies);
}

#[test]
fn without_a_key_nothing_is_trusted() {
    let (secret, _) = keys();
    let good = gate(10);
    let policies = Policies::builder(Trust::signed_by([])).build();
    assert_eq!(policies.load(None, &good.bytes, None).unwrap_err(), LoadFailure::Unsigned);
    assert_eq!(policies.load(None, &good.bytes, Some(&sign(&secret, &good))).unwrap_err().kind(), "unknown_key");
    assert!(policies.current(None).is_none());
}

#[test]
fn tenants_have_their_own_policies_or_none() {
    let policies = anyone();
    policies.load(Some("a"), &gate(10).bytes, None).unwrap();
    policies.load(Some("b"), &gate(99).bytes, None).unwrap();
    assert!(!allows(&policies.current(Some("a")).unwrap().policy, 50));
    assert!(allows(&policies.current(Some("b")).unwrap().policy, 50));
    assert!(policies.current(Some("c")).is_none() && policies.current(None).is_none());
    policies.load(None, &gate(99).bytes, None).unwrap();
    assert!(policies.current(Some("c")).is_none(), "the policy of nobody is not everybody's");
    policies.withdraw(Some("a"));
    assert!(policies.current(Some("a")).is_none() && policies.history(Some("a")).is_empty());
    assert!(policies.current(Some("b")).is_some());
    assert_eq!(policies.tenants(), [None, Some("b".into())]);
    for name in ["", &"x".repeat(257)] {
        assert_eq!(policies.load(Some(name), &gate(10).bytes, None).unwrap_err(), LoadFailure::TenantName);
    }
}

#[test]
fn a_shared_policy_is_everybodys() {
    let policies = Policies::builder(Trust::anyone()).shared(true).build();
    assert!(policies.current(Some("a")).is_none());
    policies.load(None, &gate(10).bytes, None).unwrap();
    assert!(policies.current(Some("a")).is_some() && policies.current(None).is_some());
    assert_eq!(policies.load(Some("a"), &gate(99).bytes, None).unwrap_err(), LoadFailure::Shared);
    still_at_ten(&policies);
}

#[test]
fn there_are_bounds() {
    let good = gate(10);
    let policies = Policies::builder(Trust::anyone()).max_tenants(2).max_bytes(good.bytes.len()).build();
    for name in ["a", "b", "a", "b"] {
        policies.load(Some(name), &good.bytes, None).unwrap();
    }
    assert_eq!(policies.load(Some("c"), &good.bytes, None).unwrap_err(), LoadFailure::TooManyTenants { most: 2 });
    assert!(policies.current(Some("c")).is_none());
    policies.withdraw(Some("a"));
    policies.load(Some("c"), &good.bytes, None).unwrap();
    let mut longer = good.bytes.clone();
    longer.push(0);
    assert_eq!(policies.load(Some("b"), &longer, None).unwrap_err(), LoadFailure::TooLarge { most: good.bytes.len() });
}

#[test]
fn the_last_few_can_be_gone_back_to() {
    let policies = Policies::builder(Trust::anyone()).keep(3).build();
    let all: Vec<Built> = (1..=6).map(|i| gate(10 * i)).collect();
    for built in &all {
        policies.load(None, &built.bytes, None).unwrap();
    }
    let digest = |i: usize| all[i].policy.digest();
    let kept = || policies.history(None).iter().map(|version| version.digest).collect::<Vec<_>>();
    assert_eq!(kept(), [digest(4), digest(3), digest(2)]);
    for gone in [0, 1] {
        assert_eq!(policies.roll_back(None, Target::Digest(digest(gone))).unwrap_err(), LoadFailure::NotKept);
    }
    for wanted in [2, 4, 3, 5] {
        let loaded = policies.roll_back(None, Target::Digest(digest(wanted))).unwrap();
        assert_eq!(loaded.policy.digest(), digest(wanted));
        let most = 10 * (wanted as i64 + 1);
        let current = policies.current(None).unwrap();
        assert!(allows(&current.policy, most - 1) && !allows(&current.policy, most));
        assert!(!kept().contains(&digest(wanted)), "what is in force is not history");
        assert_eq!(kept().len(), 3);
    }
    // Back, and back from there.
    assert_eq!(policies.roll_back(None, Target::Previous).unwrap().policy.digest(), digest(3));
    assert_eq!(policies.roll_back(None, Target::Previous).unwrap().policy.digest(), digest(5));
    assert_eq!(policies.roll_back(Some("a"), Target::Previous).unwrap_err(), LoadFailure::NotKept);
    assert_eq!(policies.current(None).unwrap().policy.digest(), digest(5));
}

#[test]
fn loading_the_same_again_is_no_history() {
    let policies = anyone();
    let good = gate(10);
    let first = policies.load(None, &good.bytes, None).unwrap();
    let second = policies.load(None, &good.bytes, None).unwrap();
    assert!(second.version.sequence > first.version.sequence);
    assert!(policies.history(None).is_empty());
}

#[test]
fn what_is_rolled_back_to_is_verified_by_the_demands_of_today() {
    let ((old_secret, old), (new_secret, new)) = (keys(), keys());
    let (first, second) = (gate(10), gate(99));
    let policies = guarded(&old, &first, &sign(&old_secret, &first));
    assert!(policies.set_trust(Trust::signed_by([old.clone(), new.clone()])).is_empty());
    policies.load(None, &second.bytes, Some(&sign(&new_secret, &second))).unwrap();
    policies.roll_back(None, Target::Previous).unwrap();
    // The old key is withdrawn: what it signed is named, stays until replaced, and does not come back.
    assert_eq!(policies.set_trust(Trust::signed_by([new])), [None]);
    still_at_ten(&policies);
    policies.roll_back(None, Target::Previous).unwrap();
    let failure = policies.roll_back(None, Target::Previous).unwrap_err();
    assert_eq!(failure, LoadFailure::Signature(SignatureError::UnknownKey(old.id())));
    assert!(allows(&policies.current(None).unwrap().policy, 98));
    // A module that is demanded since then.
    policies.set_trust(Trust::anyone().with_module("company", first.policy.digest()));
    assert_eq!(policies.roll_back(None, Target::Previous).unwrap_err().kind(), "missing_module");
}

#[test]
fn the_host_prepares_each_policy() {
    let policies = Policies::builder(Trust::anyone())
        .prepare(|policy| {
            if policy.bundle().tools.len() > 1 {
                return Err("more than one tool".to_owned());
            }
            Ok(policy.with_extern("known", |_| None))
        })
        .build();
    let loaded = policies.load(None, &gate(10).bytes, None).unwrap();
    assert_eq!(loaded.policy.missing_externs().count(), 0);
    let two = build(&[("main.claw", "package x\nenvironments e\nroles r\ntool a()\ntool b()\ngrant a, b to r\n")]);
    let failure = policies.load(None, &two.bytes, None).unwrap_err();
    assert_eq!(failure, LoadFailure::Prepare("more than one tool".to_owned()));
    still_at_ten(&policies);

    let other = gate(99).bytes;
    let cheating = Policies::builder(Trust::anyone())
        .prepare(move |_| claw_runtime::Policy::from_bytes(&other).map_err(|e| e.to_string()))
        .build();
    assert_eq!(cheating.load(None, &gate(10).bytes, None).unwrap_err().kind(), "not_prepared");
    let panicking = Policies::builder(Trust::anyone()).prepare(|_| panic!("oh")).build();
    assert_eq!(panicking.load(None, &gate(10).bytes, None).unwrap_err().kind(), "not_prepared");
    assert!(panicking.current(None).is_none());
}

#[test]
fn each_change_and_each_refusal_is_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let also = Arc::new(Mutex::new(Vec::new()));
    let (secret, public) = keys();
    let clock = Arc::new(ManualClock::new(Time::from_millis(1_700_000_000_000).unwrap()));
    let policies = Policies::builder(Trust::signed_by([public.clone()]))
        .clock(clock)
        .observer({
            let told = Arc::clone(&told);
            move |change| told.lock().unwrap().push(change.clone())
        })
        .observer({
            let also = Arc::clone(&also);
            move |change| also.lock().unwrap().push(change.event.kind())
        })
        .build();
    let (first, second) = (gate(10), gate(99));
    let loaded = policies.load_as(Some("a"), "the console", &first.bytes, Some(&sign(&secret, &first))).unwrap();
    assert_eq!(loaded.version.signer, Some(public.id()));
    assert_eq!(
        loaded.version.trusted_comment.as_deref(),
        Some(&*format!("claw bundle acme.gate {}", first.policy.digest()))
    );
    assert_eq!((&*loaded.version.package, &*loaded.version.source), ("acme.gate", "the console"));
    assert_eq!(loaded.version.at, Time::from_millis(1_700_000_000_000));
    policies.load(Some("a"), &second.bytes, None).unwrap_err();
    policies.load(Some("a"), &second.bytes, Some(&sign(&secret, &second))).unwrap();
    policies.roll_back(Some("a"), Target::Previous).unwrap();
    policies.roll_back(Some("b"), Target::Previous).unwrap_err();
    policies.withdraw(Some("a"));
    policies.withdraw(Some("a"));
    let failure = policies.refuse(Some("a"), "main.claw", "the policy has errors");
    assert_eq!((failure.kind(), failure.to_string()), ("not_compiled", "the policy has errors".to_owned()));
    let told = told.lock().unwrap();
    let kinds: Vec<_> = told.iter().map(|change| change.event.kind()).collect();
    assert_eq!(kinds, ["loaded", "refused", "loaded", "rolled_back", "refused", "withdrawn", "refused"]);
    assert_eq!(kinds, *also.lock().unwrap());
    assert!(told.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    assert_eq!(told[4].tenant.as_deref(), Some("b"));
    assert_eq!(told[0].source, "the console");
}

#[test]
fn failures_say_what_is_wrong() {
    let policies = anyone();
    let failure = policies.load(None, b"no", None).unwrap_err();
    assert_eq!(failure, LoadFailure::Bundle(LoadError::NotABundle));
    assert_eq!(failure.to_string(), "this is not a compiled policy");
}
