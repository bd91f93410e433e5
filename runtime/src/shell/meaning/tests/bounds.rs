//! Hostile input: any text is read, in bounded time and space.

use proptest::prelude::*;

use super::{read, shown};
use crate::shell::meaning::{CALLS, DEPTH};

#[test]
fn wrappers_in_wrappers() {
    for wrapper in ["sudo ", "env ", "xargs ", "nice ", "bash -c ", "eval ", "find -exec ", "ssh h ", "sudo -Z ", "$x "]
    {
        let text = wrapper.repeat(5_000) + "rm";
        let meaning = read(&text);
        assert!(meaning.calls.len() <= CALLS, "{wrapper}");
        assert!(!meaning.opaque.is_empty(), "{wrapper}");
    }
}

#[test]
fn scripts_in_scripts() {
    let mut text = "rm x".to_owned();
    for level in 0..=DEPTH {
        // Quotes within quotes grow fast: in the end the text is too large.
        let shown = shown(&text);
        assert!(shown.ends_with("rm x") || (level > 8 && shown.contains("!TooLarge")), "{level}: {shown}");
        text = format!("bash -c {}", super::super::quote_words(&[text.clone()]));
    }
}

#[test]
fn many_parts() {
    let many = |part: &str| read(&part.repeat(10_000)).calls.len();
    assert!(many("ls; ") <= CALLS);
    assert!(many("ls | ") <= CALLS);
    assert!(many("A=b ") <= CALLS);
    assert!(many("> f ") <= CALLS);
    let variables: String = (0..3_000).map(|i| format!("V{i}=x; ls; ")).collect();
    assert!(read(&variables).calls.iter().all(|call| call.env.len() <= super::super::PARTS));
}

const WORDS: &[&str] = &[
    "sudo",
    "-u",
    "root",
    "env",
    "A=b",
    "bash",
    "-c",
    "'rm x'",
    "\"$x\"",
    "$x",
    "eval",
    "find",
    ".",
    "-exec",
    "{}",
    "\\;",
    "+",
    "xargs",
    "-I",
    "|",
    "&&",
    ";",
    "git",
    "-c",
    "alias.x=!rm",
    "ssh",
    "host",
    "docker",
    "run",
    "--",
    "-",
    "tar",
    "--to-command=x",
    "python3",
    "<<<",
    "x",
    ">",
    "f",
    "trap",
    "EXIT",
    "parallel",
    ":::",
    "fd",
    "-x",
    "su",
    "watch",
    "timeout",
    "5",
    "-",
    "-lc",
    "sed",
    "'s/a/b/'",
    "awk",
    "kubectl",
    "exec",
    "-S",
    "'a b'",
    "--frob",
    "-Z",
    "echo",
    "sh",
    "export",
    "PATH=/x",
    "é",
    "(",
    ")",
    "{",
    "}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..24)) {
        let text = words.join(" ");
        let meaning = read(&text);
        for doubt in &meaning.opaque {
            prop_assert!(doubt.span.end as usize <= text.len() && !doubt.to_string().is_empty());
        }
        for (reader, source) in &meaning.pipes {
            prop_assert!((*reader as usize) < meaning.calls.len() && (*source as usize) < meaning.calls.len());
        }
    }

    #[test]
    fn any_text(text in ".{0,200}") {
        let _ = shown(&text);
    }
}
