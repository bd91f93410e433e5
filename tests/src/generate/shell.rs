//! Random conditions over commands and their calls, and commands of which not everything is known.

use super::condition::{Scope, place};
use super::rng::Rng;
use super::universe::Ty;

/// Commands as hosts send them. Most have words, programs or parts that nobody knows before they run.
pub const COMMANDS: &[&str] = &[
    "ls -l",
    "ls -l && cat a b; echo c",
    "rm -rf /",
    "rm $x",
    "rm -- -f",
    "rm -$x a",
    "cat a | sh",
    "cat a | grep -f b | rm $x",
    "$(x)",
    "echo \"$(rm -f a)\" b",
    "eval $x; ls",
    "$x -f a",
    "sudo rm -f a b",
    "env A=b C=d cat /srv/app/x",
    "git -C d push --force origin",
    "git $x push",
    "X=1 curl -o /srv/app/f https://acme.com/a > out",
    "curl -X DELETE http://evil.example/$x",
    "for f in *; do cat $f; done",
    "find /srv/app -name '*.a' -exec rm -f {} +",
    "bash -c 'ls a; rm b'",
    "python -c 'print(1)'",
    "cat <<E\na\nE",
    "ls \"",
    "",
];

/// What lists of words are made of.
const WORDS: &[&str] = &["ls", "cat", "rm", "sh", "git", "push", "echo", "a", "b", "-f", "-r", "-o", "--force", "/srv"];

/// A test of a command or a call in scope.
pub fn shell_test(rng: &mut Rng, scope: &Scope) -> Option<String> {
    if rng.chance(40) {
        let command = place(rng, scope, Ty::Command)?;
        let method = rng.pick(&["only", "only", "pipes_into"]);
        return Some(format!("{command}.{method}({})", words(rng, scope)));
    }
    let call = place(rng, scope, Ty::Call)?;
    Some(match rng.below(8) {
        0..=2 => format!("{call}.has({})", words(rng, scope)),
        3 => format!("{call}.mentions({})", words(rng, scope)),
        4 => format!("{call}.starts([{}, {}])", word(rng), word(rng)),
        5 => format!("{call}.stays_under([\"/srv\", {}])", word(rng)),
        6 => format!("len({call}.values({})) {} 1", words(rng, scope), rng.pick(&["<", ">=", "=="])),
        _ => format!("{} in {call}.{}", word(rng), rng.pick(&["args", "flags", "env", "wrappers", "positional"])),
    })
}

/// A list of words: written, named, or one that may be known in part only.
fn words(rng: &mut Rng, scope: &Scope) -> String {
    match rng.below(8) {
        0 if scope.names => "words".to_owned(),
        1 => match place(rng, scope, Ty::Strs) {
            Some(list) if !list.contains("else") => list,
            _ => "[]".to_owned(),
        },
        2 => match place(rng, scope, Ty::Str) {
            Some(text) => format!("[{text}, {}]", word(rng)),
            None => format!("[{}]", word(rng)),
        },
        _ => format!("[{}]", rng.few(WORDS, 1, 5).iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")),
    }
}

fn word(rng: &mut Rng) -> String {
    format!("\"{}\"", rng.pick(WORDS))
}
