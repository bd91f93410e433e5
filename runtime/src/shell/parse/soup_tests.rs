//! Any text is read: without panic, in bounded memory, and in steps proportional to its length.

use proptest::prelude::*;

use super::super::script::{OpaqueReason, Script, Span, Word};
use super::{ShellLimits, run};
use crate::ShellDialect::{self, Bash, Sh};

/// Pieces that scripts are made of, and that break them.
pub(super) const PIECES: &[&str] = &[
    "a",
    "b",
    "cd",
    " ",
    " ",
    "\n",
    ";",
    "&",
    "&&",
    "|",
    "||",
    "|&",
    "(",
    ")",
    "{ ",
    "}",
    "{",
    "; }",
    "<",
    ">",
    ">>",
    "<<E\n",
    "\nE\n",
    "<<-E",
    "<<'E'\n",
    "<<<",
    "<>",
    ">&",
    "2>",
    "{v}>",
    "'",
    "\"",
    "\\",
    "\\\n",
    "$",
    "$x",
    "${",
    "${x:-",
    "${x[",
    "${!x",
    "}",
    "$(",
    "$((",
    "))",
    "`",
    "\\`",
    "$'",
    "$\"",
    "<(",
    ">(",
    "((",
    "[[ ",
    " ]]",
    " =~ ",
    "~",
    "~/",
    "*",
    "?",
    "[",
    "]",
    "@(",
    "!(",
    "{a,b}",
    "{1..3}",
    "{",
    ",",
    "}",
    "A=",
    "A+=",
    "A[",
    "]=",
    "A=(",
    "#",
    "!",
    "!",
    "if ",
    "then ",
    "elif ",
    "else ",
    "fi",
    "while ",
    "do ",
    "done",
    "for ",
    "x in ",
    "select ",
    "case ",
    " in ",
    ";;",
    ";&",
    "esac",
    "function ",
    "time ",
    "coproc ",
    "f()",
    "é",
    "\u{200b}",
    "\u{ff1b}",
    "\r",
    "\0",
    "\t",
    "-eq",
    "in",
];

fn check_spans(script: &Script, text: &str) {
    let fits = |span: Span| {
        assert!(span.start <= span.end, "{span:?} in {text:?}");
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} in {text:?}");
    };
    let check_word = |word: &Word| {
        fits(word.span);
        let mut last = 0;
        for gap in &word.gaps {
            assert!(gap.at >= last && word.text.is_char_boundary(gap.at as usize), "{word:?} in {text:?}");
            last = gap.at;
        }
    };
    for command in &script.commands {
        fits(command.span);
        command.words.iter().for_each(check_word);
        command.assignments.iter().for_each(|assignment| check_word(&assignment.value));
        command.redirects.iter().for_each(|redirect| check_word(&redirect.target));
        for from in &command.stdin_from {
            assert!((*from as usize) < script.commands.len(), "{text:?}");
        }
    }
    script.substitutions.iter().copied().for_each(fits);
    script.opaque.iter().for_each(|opaque| fits(opaque.span));
}

fn check(dialect: ShellDialect, text: &str) -> Script {
    let limits = ShellLimits::default();
    let (script, steps) = run(dialect, text, limits);
    let read = text.len().min(limits.text);
    assert!(steps <= read * 6 + 64, "{steps} steps for {read} bytes");
    check_spans(&script, text);
    assert!(script.commands.len() <= limits.commands);
    let words: usize = script.commands.iter().map(|c| c.words.len() + c.assignments.len() + c.redirects.len()).sum();
    assert!(words <= limits.words, "{words} words");
    let links: usize = script.commands.iter().map(|c| c.stdin_from.len()).sum();
    assert!(links <= limits.links, "{links} links");
    script
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn soups(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text = pieces.concat();
        check(Bash, &text);
        check(Sh, &text);
    }

    #[test]
    fn any_text(text in "\\PC{0,60}") {
        check(Bash, &text);
    }
}

#[test]
fn one_piece_over_and_over() {
    for first in PIECES {
        for second in ["", " ", "a", "x ", ";", "\n", "'"] {
            let text = [*first, second].concat().repeat(3000);
            check(Bash, &text);
        }
    }
}

#[test]
fn a_megabyte_is_cut() {
    let size = 1 << 20;
    for piece in ["(", "$(", "a|", "<<E ", "\"", "'", "`", "${x:-$(", "a\n", "a ", "{a,b}", "$((", "a[", "[[", "{ "] {
        let text = piece.repeat(size / piece.len());
        let script = check(Bash, &text);
        assert!(script.opaque.iter().any(|o| o.reason == OpaqueReason::TooLarge), "{piece}");
    }
}

#[test]
fn copies_are_bounded() {
    let large = "y".repeat(20_000);
    let many = format!("{{ {} }} <<< {large}", "a;".repeat(2000));
    let pipes = format!("{{ {} }} | {{ {} }}", "a;".repeat(2000), "b;".repeat(2000));
    let braces = format!("a {}", format!("{}{}", &large[..8000], "{1..64}").repeat(12));
    let inherited = format!("{{ {} }}{}", "a;".repeat(3000), " >f".repeat(3000));
    let bodies = format!("{{ {} }} <<E\n{large}\nE\n", "a;".repeat(2000));
    for text in [many, pipes, inherited, bodies] {
        let script = check(Bash, &text);
        assert!(script.opaque.iter().any(|o| o.reason == OpaqueReason::TooLarge), "{}", &text[..40]);
    }
    check(Bash, &braces);
}
