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
use crate::ShellDialect::{self, Bash, Sh};

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
    texts.extend(soups(2, 4000, PIECES, 8));
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

/// The programs that a shell looked for in vain, while it ran a script without any program to be found.
fn looked_for(shell: &str, text: &str) -> Option<Vec<String>> {
    let limited = "ulimit -t 1; PATH=/nowhere; exec 2>&1; eval \"$1\"";
    let output = Command::new(shell)
        .args(["-c", limited, "sh", text])
        .current_dir(tempdir())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let name = |line: &str| {
        let before = line.strip_suffix(": command not found").or_else(|| line.strip_suffix(": not found"))?;
        Some(before.rsplit_once(": ").map_or(before, |(_, name)| name).to_owned())
    };
    Some(said.lines().filter_map(name).collect())
}

/// No shell runs a program that is not among the commands.
fn nothing_hides(shell: &str, dialect: ShellDialect, texts: &[String]) {
    let mut ran = 0;
    let mut wrong = String::new();
    for text in texts {
        let ours = parse(dialect, text, ShellLimits::default());
        // A shell's complaint about a program is one line.
        let odd = |word: &Word| word.text.contains(['\n', '\t', '\\', ' ']);
        if !ours.opaque.is_empty() || ours.commands.iter().any(|c| c.words.first().is_some_and(odd)) {
            continue;
        }
        let Some(names) = looked_for(shell, text) else { return };
        for name in names {
            ran += 1;
            let fits = |word: &Word| {
                let length = word.prefix().len() + word.suffix().len();
                if word.gaps.is_empty() {
                    word.text == name
                } else {
                    word.splits()
                        || (name.len() >= length && name.starts_with(word.prefix()) && name.ends_with(word.suffix()))
                }
            };
            if !ours.commands.iter().any(|command| command.words.first().is_some_and(fits)) {
                wrong += &format!("\n{text:?}\n  {shell} ran {name:?}, we read {}", render(&ours));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(ran > texts.len() / 100, "{ran}");
}

/// Soups that end, and in which no two programs complain at the same time.
fn runnable(seed: u64, count: usize, pieces: &[&str], length: usize) -> Vec<String> {
    let endless = ["while", "until", "for", "select", "coproc", "time"];
    let mut texts = soups(seed, count, pieces, length);
    texts.retain(|text| {
        let lists = text.replace("&&", "").replace("||", "").replace("2>&1", "").replace("&>", "");
        !lists.contains(['|', '&']) && !endless.iter().any(|word| text.contains(word))
    });
    texts
}

#[test]
fn nothing_hides_from_bash() {
    nothing_hides("bash", Bash, &runnable(4, 1500, GRAMMAR, 12));
    nothing_hides("bash", Bash, &runnable(5, 1500, PIECES, 8));
}

#[test]
fn nothing_hides_from_dash() {
    nothing_hides("dash", Sh, &runnable(6, 1500, GRAMMAR, 12));
    nothing_hides("dash", Sh, &runnable(7, 1500, PIECES, 8));
}

/// Bash run as `sh` reads some things as dash does, and some as bash.
#[test]
fn nothing_hides_from_sh() {
    nothing_hides("sh", Sh, &runnable(8, 1500, GRAMMAR, 12));
}
