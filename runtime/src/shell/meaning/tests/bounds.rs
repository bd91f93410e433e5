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

/// None of these recurses, or takes more than its share of time.
#[test]
fn long_commands() {
    let of = |part: &str, times: usize| part.repeat(times);
    for text in [
        of("A=b bash -c 'ls; ls' > f; ", 4_000),
        of("eval ", 20_000),
        of("sh <<E\nrm x\nE\n", 6_000),
        of("a[", 60_000),
        format!("find {}", of("-exec a {} \\; ", 9_000)),
        format!("fd {}", of("-x a ; ", 10_000)),
        format!("tar {}", of("-I x ", 20_000)),
        format!("git {}", of("-c a=b ", 9_000)),
        format!("export {}", of("A=b ", 30_000)),
        format!("xargs -I '{{' echo {}", of("{", 100_000)),
        format!("xargs -I a sh -c '{}'", of("a", 100_000)),
        format!("eval eval eval eval eval \"{}\"", of("rm x; ", 20_000)),
        format!("python3 {}", of("-W ", 30_000)),
        format!("sed '{}'", of("/a/,", 20_000)),
        format!("sed '{}'", of("s/a/b/;", 10_000)),
        format!("bash -c '{}' {}", of("a; ", 4_000), of("> f ", 15_000)),
        format!("{{ {} }} | {{ {} }}", of("a; ", 2_000), of("b; ", 2_000)),
    ] {
        assert!(read(&text).calls.len() <= CALLS + 1);
    }
}
