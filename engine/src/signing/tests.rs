//! Fixed keys and signatures made by the `minisign` tool, every way to damage them, and the tool itself in both directions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::test_runner::{Config as ProptestConfig, RngSeed};

use super::*;

/// Made by minisign 0.11 for this test; they guard nothing.
const PUBLIC: &str = "untrusted comment: minisign public key 1F233EA4DE3E04A6
RWSmBD7epD4jH+d7cG74URtSQbF8zH2INd8/MlGSq11p2OnWZluB3p2a
";
const SECRET: &str = "untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAApgQ+3qQ+Ix/EQYxrdzw1Gm9cU+lttQ0PqklbMTwo7QxyRqUeLqq78ud7cG74URtSQbF8zH2INd8/MlGSq11p2OnWZluB3p2aAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
";
const CONTENT: &[u8] = b"hello claw\n";
const COMMENT: &str = "first\tsecond";
const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RUSmBD7epD4jHyDwknXiTHkSsH340lT1ACTNtQ5t8FLJ4Cgiqi8BTrO/jobpomLPHFXkli2jPWRQcqpFbr8uKTLf1uctCtzmdQg=
trusted comment: first\tsecond
0L9j6qPzdre01pn/BymqJZswcAc+SPa0SnvVwe4qlDxLVh6HRkSKs5F79ZDThJkOrBW7zTIhMO/jwZN5Njr9CQ==
";
const LEGACY: &str = "untrusted comment: signature from minisign secret key
RWSmBD7epD4jHy2buc4WmVWxDaCxccT5erNPuDUEA1h4htujY4mlOWVtTRNEc0Fbn1MHyK1WQD2IJUda8J+A622oGGP1N7gGNAY=
trusted comment: legacy one
kDB25vNb6hlWySpvinsmfyFJTy+cO4FPrLK0NCEBnoIc3AegSaY0JaGjTcCi3PXzByTRPeySNYjoxCfniyk6Ag==
";

fn public() -> PublicKey {
    PublicKey::from_file_text(PUBLIC).unwrap()
}

#[test]
fn vectors_of_minisign_verify() {
    let keys = [public()];
    let verified = verify(CONTENT, SIGNATURE, &keys).unwrap();
    assert_eq!(verified.trusted_comment, COMMENT);
    assert_eq!(verified.key_id.to_string(), "1F233EA4DE3E04A6");
    assert_eq!("1F233EA4DE3E04A6".parse(), Ok(verified.key_id));
    assert_eq!(verify(CONTENT, LEGACY, &keys).unwrap().trusted_comment, "legacy one");
    let windows = SIGNATURE.replace('\n', "\r\n");
    assert_eq!(verify(CONTENT, &windows, &keys).unwrap().trusted_comment, COMMENT);
}

#[test]
fn the_same_key_signs_as_minisign_does() {
    // Ed25519 is deterministic, so the lines that count are the same to the byte.
    let secret = SecretKey::from_text(SECRET, None).unwrap();
    assert_eq!(secret.public(), public());
    let ours = secret.sign(CONTENT, COMMENT).unwrap();
    assert_eq!(ours.lines().skip(1).collect::<Vec<_>>(), SIGNATURE.lines().skip(1).collect::<Vec<_>>());
    assert_eq!(secret.to_text(None).unwrap().lines().nth(1), SECRET.lines().nth(1));
    assert_eq!(PublicKey::from_base64(&public().to_base64()), Ok(public()));
    assert_eq!(PublicKey::from_file_text(&public().to_file_text()), Ok(public()));
}

#[test]
fn every_changed_character_of_a_signature_is_noticed() {
    let keys = [public()];
    for signature in [SIGNATURE, LEGACY] {
        let signed_from = signature.find('\n').unwrap();
        for (at, old) in signature.char_indices().filter(|(at, _)| *at > signed_from) {
            let new = if old == 'A' { "B" } else { "A" };
            let mut changed = signature.to_owned();
            changed.replace_range(at..at + old.len_utf8(), new);
            assert!(verify(CONTENT, &changed, &keys).is_err(), "{at}: {changed}");
        }
        for end in 0..signature.trim_end().len() {
            assert!(verify(CONTENT, &signature[..end], &keys).is_err(), "cut at {end}");
        }
    }
}

#[test]
fn failures_are_told_apart() {
    let keys = [public()];
    let id = public().id();
    assert_eq!(verify(b"hello Claw\n", SIGNATURE, &keys), Err(SignatureError::Content(id)));
    assert_eq!(verify(CONTENT, &SIGNATURE.replace("first", "fIrst"), &keys), Err(SignatureError::Comment(id)));
    let other = SecretKey::generate().unwrap();
    assert_eq!(verify(CONTENT, SIGNATURE, &[other.public()]), Err(SignatureError::UnknownKey(id)));
    assert_eq!(verify(CONTENT, SIGNATURE, &[]), Err(SignatureError::UnknownKey(id)));
    for text in ["", "x", PUBLIC, SECRET, &SIGNATURE.replace("RUSm", "RVSm"), &format!("{SIGNATURE}\nmore")] {
        assert_eq!(verify(CONTENT, text, &keys).unwrap_err().kind(), "malformed_signature", "{text}");
    }
    let long = SIGNATURE.replace("first", &"f".repeat(MAX_TEXT));
    assert_eq!(verify(CONTENT, &long, &keys).unwrap_err().kind(), "malformed_signature");
    // A prehashed signature is not a legacy one of the hash, nor the other way round.
    assert_eq!(verify(CONTENT, &SIGNATURE.replace("RUSm", "RWSm"), &keys), Err(SignatureError::Content(id)));
    assert_eq!(verify(CONTENT, &LEGACY.replace("RWSm", "RUSm"), &keys), Err(SignatureError::Content(id)));
}

#[test]
fn another_key_with_the_same_id_vouches_for_nothing() {
    // Ids are eight bytes that anybody may copy.
    let stranger = SecretKey::generate().unwrap().public().to_base64();
    let bytes = envelope::decode::<42>(&stranger).unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes[10..].try_into().unwrap()).unwrap();
    let id = public().id();
    let twin = PublicKey::of(id, key);
    assert_eq!(verify(CONTENT, SIGNATURE, std::slice::from_ref(&twin)), Err(SignatureError::Content(id)));
    // Beside it, the right key is still found.
    assert!(verify(CONTENT, SIGNATURE, &[twin, public()]).is_ok());
}

#[test]
fn public_keys_that_vouch_for_anything_are_refused() {
    // The neutral element: with it, one signature is good for every content.
    let mut bytes = b"Ed\0\0\0\0\0\0\0\0".to_vec();
    bytes.push(1);
    bytes.extend([0; 31]);
    assert_eq!(PublicKey::from_base64(&envelope::encode(&bytes)).unwrap_err().kind(), "malformed_key");
    for text in ["", "RWS", &PUBLIC.replace("RWSm", "RUSm"), SECRET, &format!("{PUBLIC}{PUBLIC}")] {
        assert!(PublicKey::from_file_text(text).is_err(), "{text}");
    }
}

#[test]
fn passwords_protect_secret_keys() {
    let secret = SecretKey::generate().unwrap();
    let text = secret.to_text(Some(("correct horse", Cost::INTERACTIVE))).unwrap();
    let opened = SecretKey::from_text(&text, Some("correct horse")).unwrap();
    assert_eq!(opened.public(), secret.public());
    assert_eq!(opened.id(), secret.id());
    assert_eq!(SecretKey::from_text(&text, None).unwrap_err(), KeyError::NeedsPassword);
    for wrong in ["", "correct Horse", "correct horse "] {
        assert_eq!(SecretKey::from_text(&text, Some(wrong)).unwrap_err(), KeyError::WrongPassword);
    }
    let plain = secret.to_text(None).unwrap();
    assert_eq!(SecretKey::from_text(&plain, Some("ignored")).unwrap().public(), secret.public());
    assert!(!format!("{secret:?}").contains(&plain.lines().nth(1).unwrap()[80..120]));
    // The same password never gives the same file twice.
    assert_ne!(*text, *secret.to_text(Some(("correct horse", Cost::INTERACTIVE))).unwrap());
}

#[test]
fn a_damaged_secret_key_is_not_used() {
    for text in ["", "x\ny", PUBLIC, SIGNATURE, &SECRET.replace("RWQA", "RUQA"), &SECRET.replace("AAEIy", "AAEIz")] {
        assert_eq!(SecretKey::from_text(text, None).unwrap_err().kind(), "malformed_key", "{text}");
    }
    // The halves of the pair do not belong together.
    let line = SECRET.lines().nth(1).unwrap();
    let mut bytes = envelope::decode::<158>(line).unwrap();
    bytes[70] ^= 1;
    let changed = format!("untrusted comment: x\n{}\n", *envelope::encode(&bytes[..]));
    assert_eq!(SecretKey::from_text(&changed, None).unwrap_err().kind(), "malformed_key");
    // A file can't make us spend more than minisign does.
    let secret = SecretKey::generate().unwrap();
    let text = secret.to_text(Some(("x", Cost::INTERACTIVE))).unwrap();
    let mut bytes = envelope::decode::<158>(text.lines().nth(1).unwrap()).unwrap();
    bytes[46..54].copy_from_slice(&u64::MAX.to_le_bytes());
    let greedy = format!("untrusted comment: x\n{}\n", *envelope::encode(&bytes[..]));
    assert_eq!(SecretKey::from_text(&greedy, Some("x")).unwrap_err(), KeyError::TooExpensive);
}

#[test]
fn comments_are_one_printable_line() {
    let secret = SecretKey::from_text(SECRET, None).unwrap();
    for comment in ["a\nb", "a\rb", "\u{1b}[2J", &"x".repeat(1025)] {
        assert_eq!(secret.sign(CONTENT, comment), Err(KeyError::Comment), "{comment:?}");
    }
    for comment in ["", "tab\tand ümlaut", " spaces ", "trusted comment: twice"] {
        let signature = secret.sign(CONTENT, comment).unwrap();
        assert_eq!(verify(CONTENT, &signature, &[public()]).unwrap().trusted_comment, comment);
    }
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]
    #[test]
    fn no_text_makes_a_reader_panic(text in "[A-Za-z0-9+/= :\\r\\n\u{0}-\u{1f}é]{0,200}", bytes: [u8; 32], cut in 0usize..400) {
        let line = envelope::encode(&bytes.repeat(5)[..158.min(cut)]).to_string();
        let lined = format!("untrusted comment: x\n{line}\ntrusted comment: {text}\n{line}");
        for hostile in [&text, &line, &lined] {
            proptest::prop_assert!(verify(CONTENT, hostile, &[public()]).is_err());
            proptest::prop_assert!(SecretKey::from_text(hostile, None).is_err());
            let _ = PublicKey::from_file_text(hostile);
        }
    }
}

/// Runs the tool with this standard input; `None` where it is not installed.
fn minisign(folder: &Path, args: &[&str], input: &str) -> Option<(bool, String)> {
    let spawned = Command::new("minisign")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: minisign is not installed");
        return None;
    };
    // The tool may end without reading: what it says tells.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Some((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn the_tool_verifies_what_we_sign() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    let secret = SecretKey::generate().unwrap();
    write("k.pub", secret.public().to_file_text().as_bytes());
    let content: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
    write("f", &content);
    write("f.minisig", secret.sign(&content, "claw bundle a.b sha256:00").unwrap().as_bytes());
    let args = ["-V", "-H", "-p", "k.pub", "-m", "f"];
    let Some((good, said)) = minisign(folder.path(), &args, "") else { return };
    assert!(good, "{said}");
    write("f", &content[1..]);
    let (good, _) = minisign(folder.path(), &args, "").unwrap();
    assert!(!good, "the tool must refuse another content");
}

#[test]
fn the_tool_signs_with_our_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let secret = SecretKey::generate().unwrap();
    std::fs::write(path("f"), CONTENT).unwrap();
    std::fs::write(path("plain.key"), &**secret.to_text(None).unwrap()).unwrap();
    let sealed = secret.to_text(Some(("pass word", Cost::INTERACTIVE))).unwrap();
    std::fs::write(path("sealed.key"), &**sealed).unwrap();
    for (args, input) in [
        (&["-S", "-s", "plain.key", "-m", "f", "-t", "said"][..], ""),
        (&["-S", "-l", "-s", "plain.key", "-m", "f", "-t", "said"][..], ""),
        (&["-S", "-s", "sealed.key", "-m", "f", "-t", "said"][..], "pass word\n"),
    ] {
        let Some((good, said)) = minisign(folder.path(), args, input) else { return };
        assert!(good, "{args:?}: {said}");
        let signature = std::fs::read_to_string(path("f.minisig")).unwrap();
        assert_eq!(verify(CONTENT, &signature, &[secret.public()]).unwrap().trusted_comment, "said");
    }
}

#[test]
fn keys_of_the_tool_are_ours_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    std::fs::write(path("f"), CONTENT).unwrap();
    let make = ["-G", "-p", "t.pub", "-s", "t.key"];
    let Some((good, said)) = minisign(folder.path(), &make, "s3cret\ns3cret\n") else { return };
    assert!(good, "{said}");
    assert_eq!(SecretKey::from_text(&read("t.key"), None).unwrap_err(), KeyError::NeedsPassword);
    let secret = SecretKey::from_text(&read("t.key"), Some("s3cret")).unwrap();
    assert_eq!(secret.public(), PublicKey::from_file_text(&read("t.pub")).unwrap());
    std::fs::write(path("f.minisig"), secret.sign(CONTENT, "ours").unwrap()).unwrap();
    let (good, said) = minisign(folder.path(), &["-V", "-p", "t.pub", "-m", "f"], "").unwrap();
    assert!(good, "{said}");
}
