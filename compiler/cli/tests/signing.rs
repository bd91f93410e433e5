//! `clawc keygen`, `build --sign` and `inspect --verify`, with the real minisign where it is installed.

mod common;

use std::process::Command;

use common::{Folder, Run};

/// A folder with the small policy and a key pair without a password, `k.key` and `k.pub`.
fn with_key() -> Folder {
    let folder = Folder::with_shop();
    folder.run(&["keygen", "-o", "k", "--no-password"]).expect(0);
    folder
}

fn built() -> Folder {
    let folder = with_key();
    folder.run(&["build", "main.claw", "-o", "p.clawb", "--sign", "k.key"]).expect(0);
    folder
}

/// Runs the tool; `None` where it is not installed.
fn minisign(folder: &Folder, args: &[&str]) -> Option<(bool, String)> {
    let Ok(output) = Command::new("minisign").args(args).current_dir(folder.path()).output() else {
        eprintln!("skipped: minisign is not installed");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

fn with_password(folder: &Folder, args: &[&str], password: &str) -> Run {
    let output = folder.command(args).env("CLAW_KEY_PASSWORD", password).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The first `key …` that stands in an output.
fn key_id(text: &str) -> &str {
    let at = text.find("key ").expect("names a key") + 4;
    &text[at..at + 16]
}

#[test]
fn a_key_pair_is_made_once() {
    let folder = Folder::new();
    let run = folder.run(&["keygen", "--no-password"]).expect(0);
    assert_eq!(folder.files(), ["claw.key", "claw.pub"]);
    assert!(run.out.starts_with("wrote claw.key, the secret key, not encrypted: keep it to yourself\n"), "{}", run.out);
    let public = folder.read("claw.pub");
    assert!(run.out.ends_with(&format!("wrote claw.pub, the public key: {}\n", public.lines().nth(1).unwrap())));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("claw.key"), 0o600);
    }

    let help = "what it signed can't be signed by a new one; `--force` replaces it";
    folder.run(&["keygen", "--no-password"]).fails_with("`claw.key` exists already", help);
    std::fs::remove_file(folder.path().join("claw.key")).unwrap();
    folder.run(&["keygen", "--no-password"]).fails_with("`claw.pub` exists already", help);
    assert_eq!((folder.files(), folder.read("claw.pub")), (vec!["claw.pub".to_owned()], public.clone()));
    folder.run(&["keygen", "--no-password", "--force"]).expect(0);
    assert_ne!(folder.read("claw.pub"), public);
    assert_eq!(folder.files(), ["claw.key", "claw.pub"]);
    folder.run(&["keygen", "--no-password", "-o", "nowhere/k"]).expect(2);
}

#[test]
fn a_key_has_a_password_unless_one_says_otherwise() {
    let folder = Folder::with_shop();
    let help = "set CLAW_KEY_PASSWORD, or name a file with `--password-file`";
    let neither = folder.command(&["keygen"]).env_remove("CLAW_KEY_PASSWORD").output().unwrap();
    let said = String::from_utf8(neither.stderr).unwrap();
    assert!(said.contains("there is no password") && said.contains(help), "{said}");
    assert_eq!(with_password(&folder, &["keygen"], "").code, 2, "an empty password is none");
    folder.write("empty", "\nsecond line\n");
    folder
        .run(&["keygen", "--password-file", "empty"])
        .fails_with("there is no password in the first line of `empty`", "");
    folder.run(&["keygen", "--password-file", "empty", "--no-password"]).expect(2);
    assert_eq!(folder.files(), ["empty", "main.claw"]);

    // With the real cost, hence once only.
    folder.write("password", "correct horse\r\n");
    let run = with_password(&folder, &["keygen", "-o", "k"], "correct horse");
    assert!(run.out.contains("k.key, the secret key, encrypted"), "{}{}", run.out, run.err);
    let build = ["build", "main.claw", "-o", "p.clawb", "--sign", "k.key"];
    let run = with_password(&folder, &build, "");
    assert_eq!(
        run.err,
        format!("error: cannot use `k.key`: the key is encrypted, and there is no password for it\n  help: {help}\n")
    );
    assert!(!folder.files().contains(&"p.clawb".to_owned()), "nothing is written that can't be signed");
    folder.run(&[&build[..], &["--password-file", "password"]].concat()).expect(0);
    folder.run(&["inspect", "p.clawb", "--verify", "k.pub"]).expect(0);
}

#[test]
fn a_signed_bundle_is_verified() {
    let folder = with_key();
    let run = folder.run(&["build", "main.claw", "-o", "p.clawb", "--sign", "k.key"]).expect(0);
    assert!(run.out.contains("\nsigned p.clawb.minisig, key "), "{}", run.out);
    assert_eq!(folder.files(), ["k.key", "k.pub", "main.claw", "p.clawb", "p.clawb.minisig"]);
    let plain = folder.run(&["inspect", "p.clawb", "--format", "json"]).expect(0);
    let digest = serde_json::from_str::<serde_json::Value>(&plain.out).unwrap()["digest"].as_str().unwrap().to_owned();
    let comment = format!("claw bundle shop {digest}");
    assert!(folder.read("p.clawb.minisig").contains(&format!("\ntrusted comment: {comment}\n")));

    let shown = folder.run(&["inspect", "p.clawb", "--verify", "k.pub"]).expect(0);
    assert!(shown.out.contains(&format!("signed with the key {}: {comment}\n", key_id(&run.out))), "{}", shown.out);
    // The key itself, and several keys.
    let key = folder.read("k.pub").lines().nth(1).unwrap().to_owned();
    folder.run(&["keygen", "-o", "other", "--no-password"]).expect(0);
    let run =
        folder.run(&["inspect", "p.clawb", "--verify", "other.pub", "--verify", &key, "--format", "json"]).expect(0);
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(shown["signature"]["trusted_comment"], comment.as_str());

    // The same bytes and the same key give the same signature.
    let before = folder.read("p.clawb.minisig");
    folder.run(&["build", "main.claw", "-o", "p.clawb", "--sign", "k.key"]).expect(0);
    assert_eq!(folder.read("p.clawb.minisig"), before);
}

#[test]
fn the_real_minisign_agrees() {
    let folder = built();
    let verify = ["-V", "-H", "-p", "k.pub", "-m", "p.clawb"];
    let Some((good, said)) = minisign(&folder, &verify) else { return };
    assert!(good && said.contains("Trusted comment: claw bundle shop sha256:"), "{said}");
    // And what it signs is good for us, with its own comment.
    let (good, said) = minisign(&folder, &["-S", "-s", "k.key", "-m", "p.clawb"]).unwrap();
    assert!(good, "{said}");
    let run = folder.run(&["inspect", "p.clawb", "--verify", "k.pub"]).expect(0);
    assert!(run.out.contains("timestamp:"), "{}", run.out);
    folder.write("p.clawb", &folder.bytes("p.clawb")[1..]);
    assert!(!minisign(&folder, &verify).unwrap().0);
}

#[test]
fn what_does_not_verify_is_refused_and_not_shown() {
    let folder = built();
    let refused = |args: &[&str], why: &str| {
        let run = folder.run(&[&["inspect", "p.clawb"], args].concat()).expect(1);
        assert_eq!(run.out, "", "nothing of it is shown");
        assert_eq!(run.err, format!("error: `p.clawb` is refused: {why}\n"));
    };
    let (bundle, signature) = (folder.bytes("p.clawb"), folder.read("p.clawb.minisig"));
    let id = key_id(&folder.read("k.pub")).to_owned();

    folder.run(&["keygen", "-o", "other", "--no-password"]).expect(0);
    let unknown = format!("signed with the key {id}, which is not among the accepted ones");
    refused(&["--verify", "other.pub"], &unknown);
    std::fs::remove_file(folder.path().join("p.clawb.minisig")).unwrap();
    refused(&["--verify", "k.pub"], "the bundle is not signed");
    folder.write("elsewhere", &signature);
    folder.run(&["inspect", "p.clawb", "--verify", "k.pub", "--signature", "elsewhere"]).expect(0);
    folder.write("elsewhere", "no signature");
    refused(&["--verify", "k.pub", "--signature", "elsewhere"], "this is not a minisign signature");

    let wrong = format!("the signature of the key {id} is not one of this content");
    let mut changed = bundle.clone();
    *changed.last_mut().unwrap() ^= 1;
    folder.write("p.clawb.minisig", &signature);
    folder.write("p.clawb", &changed);
    refused(&["--verify", "k.pub"], &wrong);
    folder.write("p.clawb", &bundle[..bundle.len() - 1]);
    refused(&["--verify", "k.pub"], &wrong);
    folder.write("p.clawb", &bundle);
    folder.write("p.clawb.minisig", signature.replace("bundle shop", "bundle shoq"));
    refused(
        &["--verify", "k.pub"],
        &format!("the signature's trusted comment was changed after the key {id} signed it"),
    );
    let run = folder.run(&["inspect", "p.clawb", "--verify", "k.pub", "--format", "json"]).expect(1);
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(shown["error"], "wrong_comment");
}

#[test]
fn modules_can_be_demanded() {
    let folder = built();
    let run = folder.run(&["inspect", "p.clawb", "--format", "json"]).expect(0);
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let digest = shown["modules"][0]["digest"].as_str().unwrap();
    folder.run(&["inspect", "p.clawb", "--module", &format!("shop={digest}")]).expect(0);
    let other = format!("sha256:{}", "0".repeat(64));
    let run = folder.run(&["inspect", "p.clawb", "--verify", "k.pub", "--module", &format!("shop={other}")]).expect(1);
    let why = format!("the module `shop` in the bundle is {digest}, {other} is demanded");
    assert_eq!(run.err, format!("error: `p.clawb` is refused: {why}\n"));
    let run = folder.run(&["inspect", "p.clawb", "--module", &format!("company={digest}")]).expect(1);
    assert!(run.err.contains(&format!("the module `company` ({digest}) is not part of the bundle")), "{}", run.err);
    for wrong in ["shop", "shop=sha256:00"] {
        folder.run(&["inspect", "p.clawb", "--module", wrong]).expect(2);
    }
}

#[test]
fn wrong_usage_is_told() {
    let folder = built();
    folder.run(&["build", "main.claw", "-o", "-", "--sign", "k.key"]).fails_with(
        "there is no place for the signature of `k.key` on standard output",
        "name the bundle's file with `-o`, or sign it with minisign",
    );
    folder.run(&["build", "main.claw", "-o", "p.clawb", "--sign", "k.pub"]).fails_with(
        "cannot use `k.pub`: this is not a minisign secret key file",
        "this is the public key; signing takes the secret one, `….key`",
    );
    folder.run(&["inspect", "p.clawb", "--verify", "k.key"]).fails_with(
        "cannot use `k.key`: this is not a minisign public key",
        "this is the secret key; verifying takes the public one, `….pub`",
    );
    folder.run(&["inspect", "p.clawb", "--verify", "none.pub"]).expect(2);
    folder.run(&["inspect", "p.clawb", "--signature", "p.clawb.minisig"]).expect(2);
    folder.run(&["inspect", "p.clawb", "--verify", "k.pub", "--signature", "none"]).expect(2);
    folder.run(&["build", "main.claw", "-o", "p.clawb", "--password-file", "k.pub"]).expect(2);
}

#[test]
fn nothing_half_written_is_left_behind() {
    let folder = with_key();
    // The signature's place is taken by a directory.
    std::fs::create_dir(folder.path().join("p.clawb.minisig")).unwrap();
    folder.run(&["build", "main.claw", "-o", "p.clawb", "--sign", "k.key"]).expect(2);
    let left = folder.files();
    assert_eq!(left, ["k.key", "k.pub", "main.claw", "p.clawb.minisig"]);
}
