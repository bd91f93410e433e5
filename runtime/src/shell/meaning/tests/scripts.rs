//! Builtins, redirections, pipes and constructs of the shell.

use super::{check, read};

#[test]
fn builtins() {
    check(&[
        ("eval 'rm x'", "eval>rm x"),
        ("eval rm x", "eval>rm x"),
        ("eval \"$x\"", "eval>? !Evaluated !Inner !Program"),
        ("source f", "source f !Evaluated"),
        (". f", ". f !Evaluated"),
        ("trap 'rm x' EXIT", "trap>rm x"),
        ("trap - EXIT", "trap - EXIT"),
        ("trap", "trap"),
        ("alias ls='rm x'", "alias ls=rm_x !Evaluated"),
        ("shopt -s expand_aliases", "shopt -s expand_aliases !Evaluated"),
        ("shopt -s nullglob", "shopt -s nullglob"),
        ("set -euo pipefail", "set -euo pipefail"),
        ("set -k", "set -k !Evaluated"),
        ("set -o posix", "set -o posix !Evaluated"),
        ("set -- a b", "set -- a b"),
        ("hash -p /x ls", "hash -p /x ls !Evaluated"),
        ("complete -C x y", "complete -C x y !Evaluated"),
        ("mapfile -C x y", "mapfile -C x y !Evaluated"),
        ("x='a[$(rm y)]' ; ls", "ls $x !Evaluated"),
        ("$x y", "? y; y !Program"),
        ("\"$x\" y", "? y !Program"),
        ("\"$x/ls\" y", "?/ls y"),
    ]);
}

#[test]
fn reasons() {
    let because = |text: &str| read(text).opaque.first().unwrap().to_string();
    assert_eq!(because("ls; eval \"$x\""), "byte 4–13: `eval` turns text into commands that are not known");
    assert_eq!(because("ls; $x"), "byte 4–6: `$x` names a program that is not known");
    assert_eq!(because("bash x.sh"), "byte 0–9: `bash` runs commands that are not known");
    // What is inside a word is said to be at the word.
    assert_eq!(because("bash -c 'ls; $x'"), "byte 0–16: `$x` names a program that is not known");
}

#[test]
fn plain() {
    for text in ["ls", "ls -la | grep x", "a && b || c; d\ne", "echo 'a b'"] {
        assert!(read(text).plain, "{text}");
    }
    for text in ["sudo ls", "A=b ls", "ls $x", "eval ls", "bash -c ls", "$x"] {
        assert!(!read(text).plain, "{text}");
    }
}
