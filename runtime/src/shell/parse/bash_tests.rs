//! Compares with bash itself, where there is one.
//!
//! Bash prints the functions it has read in a form of its own. So a script in a function, printed by bash and read
//! again, must have the commands of the script as it was.

use std::io::Write;
use std::process::{Command, Stdio};

use super::super::script::{Script, Simple, Word};
use super::blocks::RESERVED;
use super::soup_tests::PIECES;
use super::tests::{LISTS, REDIRECTS, WORDS, render};
use super::{ShellLimits, parse};
use crate::ShellDialect::Bash;

/// Reads scripts that end in NUL; prints each as bash understands it, or `REJECTED`.
const PRINT: &str = r#"
while IFS= read -r -d '' s; do
    (eval "f() {
$s
}" 2>/dev/null && declare -f f || echo REJECTED) </dev/null
    printf '%s' '@END@'
done
"#;

/// Reads words that end in NUL; prints what a command gets.
const WORD: &str = r#"
p() { printf '<%s>' "$@"; }
while IFS= read -r -d '' s; do
    (eval "p $s" 2>/dev/null || echo REJECTED) </dev/null
    printf '%s' '@END@'
done
"#;

/// What bash prints for each text; `None` without bash.
fn bash(script: &str, texts: &[String]) -> Option<Vec<String>> {
    let mut child = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", script])
        .current_dir(tempdir())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input: String = texts.iter().map(|text| format!("{text}\0")).collect();
    let writer = std::thread::Builder::new().spawn(move || stdin.write_all(input.as_bytes())).unwrap();
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let mut printed: Vec<_> = String::from_utf8_lossy(&output.stdout).split("@END@").map(ToOwned::to_owned).collect();
    printed.pop();
    Some(printed)
}

/// A directory without files, so that globs stand for themselves.
fn tempdir() -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("claw-shell-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// What must agree: commands without where they stand.
fn shape(mut script: Script) -> String {
    script.functions.clear();
    for command in &mut script.commands {
        command.nested = false;
        for redirect in &mut command.redirects {
            redirect.inherited = false;
        }
        if command.words.first().is_some_and(|word| word.text == "[[") {
            // Bash writes `[[ -n x ]]` for `[[ x ]]`.
            command.words.retain(|word| word.text != "-n");
        }
        command.redirects.sort_by_key(|redirect| format!("{:?}{:?}", redirect.op, redirect.target.text));
    }
    render(&script)
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// Texts of which enough are scripts.
fn soups(seed: u64, count: usize, pieces: &[&str], length: usize) -> Vec<String> {
    let mut dice = Dice(seed);
    (0..count)
        .map(|_| {
            let n = 1 + dice.below(length);
            (0..n).map(|_| pieces[dice.below(pieces.len())]).collect()
        })
        .filter(|text: &String| !text.contains('\0') && !text.ends_with('\\'))
        .collect()
}

fn compare(texts: &[String]) -> (usize, String) {
    let Some(printed) = bash(PRINT, texts) else { return (usize::MAX, String::new()) };
    assert_eq!(printed.len(), texts.len(), "bash stopped early");
    let mut agreed = 0;
    let mut wrong = String::new();
    for (text, printed) in texts.iter().zip(&printed) {
        let ours = parse(Bash, text, ShellLimits::default());
        if !ours.opaque.is_empty() {
            continue;
        }
        // Bash prints redirections last, so that a word comes first which is reserved there.
        let reserved =
            |c: &Simple| !c.redirects.is_empty() && c.words.first().is_some_and(|w| RESERVED.contains(&&*w.text));
        if ours.commands.iter().any(reserved) {
            continue;
        }
        if printed.trim_end() == "REJECTED" {
            if !ours.commands.is_empty() {
                wrong += &format!("\nrejected by bash: {text:?}\n  we read {}", render(&ours));
            }
            continue;
        }
        let again = shape(parse(Bash, printed, ShellLimits::default()));
        let ours = shape(ours);
        if again == ours {
            agreed += 1;
        } else {
            wrong += &format!("\n{text:?}\n  we read   {ours}\n  bash read {again}\n  {printed:?}");
        }
    }
    (agreed, wrong)
}

#[test]
fn bash_reads_the_samples_as_we_do() {
    let samples = [WORDS, LISTS, REDIRECTS].concat();
    let texts: Vec<_> = samples
        .iter()
        .map(|(text, _)| (*text).to_owned())
        // Rewritten by bash, not printed as it was read, or needing an option.
        .filter(|text| {
            !["|&", "@(", "time", "coproc", "[[ $("].iter().any(|odd| text.contains(odd)) && !text.ends_with('\\')
        })
        .filter(|text| !parse(Bash, text, ShellLimits::default()).commands.is_empty())
        .collect();
    let (agreed, wrong) = compare(&texts);
    assert!(wrong.is_empty(), "{wrong}");
    assert!(agreed > 80, "{agreed}");
}

/// Pieces of which many soups are grammar.
const GRAMMAR: &[&str] = &[
    "a",
    "b",
    " c",
    " ",
    "\n",
    "; ",
    " && ",
    " | ",
    "a;",
    "b\n",
    "( ",
    " )",
    "{ ",
    ";}",
    " >f",
    " 2>&1",
    " <g",
    "<<E\nx\nE\n",
    "if a; then ",
    "; fi",
    "\nfi\n",
    "else ",
    "while a; do ",
    "; done",
    "\ndone\n",
    "for x in 1 2; do ",
    "case x in a) ",
    ";; ",
    "b) ",
    "; esac",
    "esac",
    "f() {",
    "! ",
    " & ",
    "$(",
    ")",
    "`",
    "\"",
    "'",
    "\\",
    "$x",
    "${x:-",
    "}",
    "A=1 ",
    "A=(1 2) ",
    "#",
    "[[ a == b ]]",
    "((1))",
    "$((1))",
    "{a,b}",
    "\\\n",
    "function g { ",
    "<(",
    ">(",
    "<<<d",
    "[[ ",
    " ]]",
    " || ",
    "&>h",
];

#[test]
fn bash_reads_soups_as_we_do() {
    let mut texts = soups(1, 4000, GRAMMAR, 12);
    texts.extend(soups(2, 2000, PIECES, 8));
    let odd = ["é", "|&", "time", "((", "@(", "!(", "coproc"];
    texts.retain(|text| !odd.iter().any(|odd| text.contains(odd)));
    let (agreed, wrong) = compare(&texts);
    assert!(wrong.is_empty(), "{wrong}");
    assert!(agreed > 100, "{agreed}");
}

/// Pieces of words that stay known.
const QUOTING: &[&str] = &[
    "a",
    "b",
    "'",
    "\"",
    "\\",
    " ",
    "'x y'",
    "\"z\"",
    "\\\\",
    "\\n",
    "$'",
    "\\t",
    "\\x4",
    "1",
    "\\1",
    "$\"",
    "{",
    "}",
    ",",
    "..",
    "{a,b}",
    "{1..3}",
    "{c..a}",
    "=",
    ":",
    "/",
    "[",
    "]",
    "!",
    "^",
    "-",
    "$",
    "%",
    "\\\n",
    "\\'",
    "\\\"",
    "\\u00",
    "é",
    "#",
    "{3..1..2}",
    "{,x}",
    "''",
    "+",
];

#[test]
fn words_are_what_bash_gives_the_program() {
    let texts = soups(3, 6000, QUOTING, 10);
    let Some(printed) = bash(WORD, &texts) else { return };
    let mut agreed = 0;
    let mut wrong = String::new();
    for (text, printed) in texts.iter().zip(&printed) {
        let ours = parse(Bash, &format!("p {text}"), ShellLimits::default());
        let [command] = ours.commands.as_slice() else { continue };
        let Some(words) = command.words.iter().map(Word::known).collect::<Option<Vec<_>>>() else {
            continue;
        };
        if !ours.opaque.is_empty() {
            continue;
        }
        let mut expected: String = words.iter().skip(1).map(|word| format!("<{word}>")).collect();
        if expected.is_empty() {
            expected.push_str("<>");
        }
        if *printed == expected {
            agreed += 1;
        } else {
            wrong += &format!("\n{text:?}\n  we read {expected}\n  bash    {printed}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(agreed > 1000, "{agreed}");
}
