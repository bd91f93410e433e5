//! What is written is read back as it was.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use proptest::{collection::vec, option};

use super::*;
use crate::{Limits, Reason};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z]{0,6}", 1 => ".{0,6}", 1 => Just("null".to_owned())]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

fn any_digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 4]>().prop_map(|bytes| Digest::of(&bytes))
}

fn durations() -> impl Strategy<Value = Duration> {
    let millis = prop_oneof![Just(0), -3_000..3_000i64, (0..3_000_000i64).prop_map(|s| s * 1_000), Just(i64::MIN / 2)];
    millis.prop_map(Duration::from_millis)
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::int),
        (any::<i64>(), 0..30u8).prop_map(|(n, scale)| crate::Decimal::new(n.into(), scale).unwrap().into()),
        text().prop_map(Json::str),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let members = proptest::collection::btree_map(text(), inner.clone(), 0..3);
        prop_oneof![
            vec(inner, 0..3).prop_map(Json::Arr),
            members.prop_map(|m| Json::Obj(m.into_iter().map(|(k, v)| (k.into(), v)).collect())),
        ]
    })
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Grant),
        text().prop_map(|tier| Effect::Classify(tier.into())),
        Just(Effect::Allow),
        Just(Effect::Deny),
        texts().prop_map(Effect::Require),
        text().prop_map(|name| Effect::Constrain(name.into())),
        text().prop_map(|name| Effect::Mark(name.into())),
        Just(Effect::Limit),
    ]
}

fn kind() -> impl Strategy<Value = ClauseKind> {
    use ClauseKind::{Classify, Grant, Limit, Matrix, Rule};
    proptest::sample::select(vec![Grant, Classify, Matrix, Rule, Limit])
}

fn applied() -> impl Strategy<Value = Applied> {
    let said = (option::of(text()), option::of(text()), texts());
    (text(), kind(), effect(), said, text(), any::<(u32, u32)>()).prop_map(
        |(clause, kind, effect, (message, suggest, unknown), file, (line, column))| Applied {
            clause: clause.into(),
            kind,
            effect,
            message,
            suggest,
            unknown,
            file: file.into(),
            line,
            column,
        },
    )
}

fn approval() -> impl Strategy<Value = Approval> {
    let by = vec((any::<u32>(), texts()), 0..3);
    (text(), any_digest(), by, any::<(bool, bool)>(), durations(), durations(), texts()).prop_map(
        |(id, digest, by, (by_user, note_required), expires, reuse, required_by)| Approval {
            id,
            digest,
            by,
            by_user,
            expires,
            reuse,
            note_required,
            required_by,
        },
    )
}

fn command() -> impl Strategy<Value = CommandReading> {
    let call = (texts(), texts(), texts(), texts(), texts())
        .prop_map(|(words, wrappers, env, reads, writes)| CallReading { words, wrappers, env, reads, writes });
    (text(), vec(call, 0..2), any::<bool>(), texts()).prop_map(|(pointer, calls, more, opaque)| CommandReading {
        pointer,
        calls,
        more,
        opaque,
    })
}

fn decision() -> impl Strategy<Value = Decision> {
    let outcome = prop_oneof![Just(Outcome::Allow), Just(Outcome::RequireApproval), Just(Outcome::Deny)];
    let head = (option::of(text()), outcome, proptest::sample::select(Reason::ALL.to_vec()), any::<bool>());
    let words = (option::of(text()), option::of(text()), option::of(text()), option::of(text()), text());
    let said = (json(), proptest::collection::btree_map(text(), json(), 0..3), texts());
    let lists = (vec(command(), 0..2), vec(applied(), 0..3), vec(approval(), 0..2), vec(applied(), 0..2));
    let rest = (option::of(durations()), option::of(any_digest()), any_digest());
    (head, words, said, lists, rest).prop_map(|(head, words, said, lists, rest)| Decision {
        call_id: head.0.map(Arc::from),
        outcome: head.1,
        reason: head.2,
        message: words.0,
        pointer: words.1,
        tier: words.2.map(Into::into),
        environment: words.3.map(Into::into),
        args: said.0,
        commands: lists.0,
        applied: lists.1,
        approvals: lists.2,
        constraints: said.1.into_iter().collect(),
        marks: said.2,
        retry_after: rest.0,
        shadow: lists.3,
        replayed: head.3,
        request_digest: rest.1,
        package: words.4.into(),
        policy_digest: rest.2,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(decision in decision()) {
        prop_assert_eq!(Decision::from_json(&decision.to_json()).unwrap(), decision.clone());
        let text = decision.to_string();
        let json = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(Decision::from_json(&json).unwrap(), decision);
    }

    #[test]
    fn so_are_its_parts((applied, approval, command) in (applied(), approval(), command())) {
        prop_assert_eq!(Applied::from_json(&applied.to_json()).unwrap(), applied);
        prop_assert_eq!(Approval::from_json(&approval.to_json()).unwrap(), approval);
        prop_assert_eq!(CommandReading::from_json(&command.to_json()).unwrap(), command);
    }

    /// Whatever a text says, it is a decision or an error.
    #[test]
    fn never_panics(decision in decision(), at in any::<prop::sample::Index>(), other in json()) {
        let Json::Obj(mut members) = decision.to_json() else { unreachable!() };
        let place = at.index(members.len());
        members[place].1 = other;
        let _ = Decision::from_json(&Json::Obj(members));
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let decision = Decision::denial(Reason::Rule, None);
    for (key, value, message) in [
        ("decision", Json::str("maybe"), "/decision: `maybe` is not a decision that is known"),
        ("reason", Json::Null, "/reason: `reason` is missing"),
        ("marks", Json::Bool(true), "/marks: expected an array, found a boolean"),
        ("applied", Json::Arr(vec![Json::Null]), "/applied/0: expected an object, found null"),
        ("retry_after_s", Json::int(i64::MAX), "/retry_after_s: this is too long"),
    ] {
        let Json::Obj(mut members) = decision.to_json() else { unreachable!() };
        members.retain(|(k, _)| **k != *key);
        members.push((key.into(), value));
        assert_eq!(Decision::from_json(&Json::Obj(members)).unwrap_err().to_string(), message);
    }
}
