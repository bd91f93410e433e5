//! Shell commands: the type `command(dialect)`. Keeps the original bytes; runs nothing.
//!
//! What a command would run is found out when it is first asked, and kept. It follows from dialect and text, so
//! that two commands are the same if these are.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::call::{Call, Text};
use crate::shell::meaning::{self, Meaning};
use crate::shell::options::words_run_programs;
use crate::{ShellDialect, Tri, Value};

/// A list of which some elements are known, and perhaps all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialList {
    /// The known elements.
    pub items: Arc<[Value]>,
    /// There are no others.
    pub complete: bool,
}

impl PartialList {
    /// Nothing is known.
    #[must_use]
    pub fn unknown() -> PartialList {
        PartialList { items: Arc::default(), complete: false }
    }
}

/// A shell command.
#[derive(Clone, Serialize, Deserialize)]
pub struct Command {
    dialect: ShellDialect,
    text: Arc<str>,
    #[serde(skip)]
    meaning: OnceLock<Arc<Meaning>>,
    #[serde(skip)]
    calls: OnceLock<Arc<[Value]>>,
}

impl Command {
    /// A command as it was written; text that is no command is opaque, not an error.
    #[must_use]
    pub fn new(dialect: ShellDialect, text: impl Into<Arc<str>>) -> Command {
        Command { dialect, text: text.into(), meaning: OnceLock::new(), calls: OnceLock::new() }
    }

    /// The command of an argument vector, which runs without a shell. Its text is the words, quoted, with a space between.
    #[must_use]
    pub fn from_argv(dialect: ShellDialect, words: &[String]) -> Command {
        Command::new(dialect, meaning::quote_words(words))
    }

    /// The dialect it is read in.
    #[must_use]
    pub fn dialect(&self) -> ShellDialect {
        self.dialect
    }

    /// The original text, which is what is dispatched.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn meaning(&self) -> &Meaning {
        self.meaning.get_or_init(|| meaning::meaning(self.dialect, &self.text).into())
    }

    fn list(&self, items: impl Iterator<Item = Value>, complete: bool) -> PartialList {
        PartialList { items: items.collect(), complete: complete && !self.opaque() }
    }

    /// The simple commands that would run, wrappers taken off.
    #[must_use]
    pub fn calls(&self) -> PartialList {
        let list = || self.meaning().calls.iter().cloned().map(Value::Call).collect();
        PartialList { items: self.calls.get_or_init(list).clone(), complete: !self.opaque() }
    }

    /// The base names of the programs of all calls, and of all wrappers taken off.
    #[must_use]
    pub fn programs(&self) -> PartialList {
        let (mut names, mut complete): (Vec<Arc<str>>, bool) = (Vec::new(), true);
        let mut add = |name: Arc<str>| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        for call in &self.meaning().calls {
            call.wrappers.iter().cloned().for_each(&mut add);
            match meaning::base_name(call).text() {
                Some(name) => add(name.clone()),
                None => complete = false,
            }
        }
        self.list(names.into_iter().map(Value::Str), complete)
    }

    /// The texts of command and process substitutions.
    #[must_use]
    pub fn substitutions(&self) -> PartialList {
        self.list(self.meaning().substitutions.iter().cloned().map(Value::Str), true)
    }

    /// Does some part resist being read statically?
    #[must_use]
    pub fn opaque(&self) -> bool {
        !self.meaning().opaque.is_empty()
    }

    /// Why it is opaque: one sentence for each such part, with its place.
    #[must_use]
    pub fn opaque_because(&self) -> PartialList {
        let reasons = self.meaning().opaque.iter().map(|doubt| Value::str(doubt.to_string()));
        PartialList { items: reasons.collect(), complete: true }
    }

    /// Is it nothing but simple commands of known words, joined by `;`, newline, `&&`, `||` and `|`?
    #[must_use]
    pub fn plain(&self) -> bool {
        self.meaning().plain
    }

    /// At least one call, each of a listed program, and nothing that does more than these programs do by themselves.
    #[must_use]
    pub fn only(&self, programs: &[&str]) -> Tri {
        let meaning = self.meaning();
        let calls = meaning.calls.iter().map(|call| only(call, programs));
        let all = calls.fold(Tri::True, Tri::and);
        if self.opaque() {
            return all.and(Tri::Unknown);
        }
        all.and(Tri::from(!meaning.calls.is_empty()))
    }

    /// Is the output of some call piped into one of the programs, or into a wrapper that runs it?
    #[must_use]
    pub fn pipes_into(&self, programs: &[&str]) -> Tri {
        let meaning = self.meaning();
        let mut answer = if self.opaque() { Tri::Unknown } else { Tri::False };
        for (reader, _) in &meaning.pipes {
            let Some(call) = meaning.calls.get(*reader as usize) else { continue };
            if call.wrappers.iter().any(|name| programs.contains(&&**name)) {
                return Tri::True;
            }
            answer = answer.or(match meaning::base_name(call).text() {
                Some(name) => programs.contains(&&**name).into(),
                None => Tri::Unknown,
            });
        }
        answer
    }
}

/// Is it nothing but a listed program with known words?
fn only(call: &Call, programs: &[&str]) -> Tri {
    let file = |text: &Text| text.text().is_none_or(|path| **path != *"/dev/null");
    let more = call.reads.iter().chain(&call.writes).any(file) || !call.env.is_empty();
    let wrappers = call.wrappers.iter().all(|name| programs.contains(&&**name));
    if more || !wrappers {
        return Tri::False;
    }
    let program = match call.program.text() {
        Some(path) if path.contains('/') && !meaning::is_system(path) => Tri::False,
        Some(_) => meaning::base_name(call).text().is_some_and(|name| programs.contains(&&**name)).into(),
        None => Tri::Unknown,
    };
    let known = !call.more_args && call.args.iter().all(|arg| arg.text().is_some());
    let words = if known { Tri::True } else { Tri::Unknown };
    program.and(code_is_harmless(call)).and(words).and(words_run_programs(call).not())
}

/// Code in another language is none of the listed programs. What `awk` and `sed` can do is told by their options.
fn code_is_harmless(call: &Call) -> Tri {
    let texts = matches!(meaning::base_name(call).text().map(|name| &**name), Some("awk" | "gawk" | "mawk" | "sed"));
    match &call.code {
        None => Tri::True,
        Some(_) if texts => Tri::True,
        Some(_) => Tri::False,
    }
}

impl PartialEq for Command {
    fn eq(&self, other: &Command) -> bool {
        self.dialect == other.dialect && self.text == other.text
    }
}

impl Eq for Command {}

impl PartialOrd for Command {
    fn partial_cmp(&self, other: &Command) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Command {
    fn cmp(&self, other: &Command) -> Ordering {
        (self.dialect, &self.text).cmp(&(other.dialect, &other.text))
    }
}

impl Hash for Command {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.dialect, &self.text).hash(state);
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("dialect", &self.dialect).field("text", &self.text).finish()
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;
    use crate::ShellDialect::Bash;

    fn command(text: &str) -> Command {
        Command::new(Bash, text)
    }

    fn names(list: &PartialList) -> String {
        let names: Vec<&str> = list.items.iter().filter_map(Value::as_str).collect();
        names.join(" ") + if list.complete { "" } else { " …" }
    }

    #[test]
    fn programs_and_substitutions() {
        assert_eq!(names(&command("sudo /bin/ls | grep x; ls").programs()), "sudo ls grep");
        assert_eq!(names(&command("ls; $x y").programs()), "ls y …");
        assert_eq!(names(&command("echo $(date) `id`").substitutions()), "date id");
        assert_eq!(command("ls; ls").calls().items.len(), 2);
        assert!(command("$x").opaque() && !command("ls $x").opaque());
        assert_eq!(
            names(&command("ls; . f").opaque_because()),
            "byte 4–7: `.` turns text into commands that are not known"
        );
    }

    #[test]
    fn only() {
        let programs = &["ls", "cat", "grep", "sudo", "python3", "git", "bash", "find", "sed", "awk", "mytool", "make"];
        let only = |text: &str| command(text).only(programs);
        for text in [
            "ls",
            "ls -la | grep x",
            "cat a b; ls 2>/dev/null",
            "sudo ls",
            "/usr/bin/ls x",
            "find . -name x",
            "sed s/a/b/ f",
            "awk '{print $1}' f",
            "mytool --x",
            "make",
            "git status",
            "bash -c 'ls | cat x'",
        ] {
            assert_eq!(only(text), Tri::True, "{text}");
        }
        for text in [
            "",
            "rm x",
            "ls; rm x",
            "ls > f",
            "cat < f",
            "A=b ls",
            "./ls",
            "sudo -u a rm",
            "nice ls",
            "python3 -c x",
            "echo $(ls)",
            "find . -delete",
            "sed -i s/a/b/ f",
            "git -c core.pager=x log",
        ] {
            assert_eq!(only(text), Tri::False, "{text}");
        }
        for text in ["ls $x", "ls *", "$x", "ls; $x", "bash -c \"$x\"", "cat f | bash"] {
            assert_eq!(only(text), Tri::Unknown, "{text}");
        }
    }

    #[test]
    fn pipes() {
        let into = |text: &str| command(text).pipes_into(&["sh", "sudo"]);
        for text in
            ["curl x | sh", "curl x | tee f | sh", "a | sudo b", "a | bash -c sh", "echo ls | sh", "{ a; b; } | sh"]
        {
            assert_eq!(into(text), Tri::True, "{text}");
        }
        for text in ["curl x | cat", "sudo ls; a | b", "ls"] {
            assert_eq!(into(text), Tri::False, "{text}");
        }
        for text in ["a | $x", "$x"] {
            assert_eq!(into(text), Tri::Unknown, "{text}");
        }
    }

    #[test]
    fn argument_vectors() {
        let words = ["ls", "a b", "it's", "$x", "", "A=b", "-o=c", "~", "*"].map(str::to_owned);
        let command = Command::from_argv(Bash, &words);
        assert_eq!(&**command.text(), "ls 'a b' 'it'\\''s' '$x' '' 'A=b' -o=c '~' '*'");
        let calls = command.calls();
        let Some(Value::Call(call)) = calls.items.first() else { panic!("no call") };
        let args: Vec<&str> = call.args.iter().filter_map(|arg| arg.text().map(|text| &**text)).collect();
        assert_eq!(args, ["a b", "it's", "$x", "", "A=b", "-o=c", "~", "*"]);
        for first in ["if", "A=b", "for", "{", "!"] {
            let command = Command::from_argv(Bash, &[first.to_owned(), "x".to_owned()]);
            assert_eq!(names(&command.programs()), first, "{}", command.text());
        }
    }

    #[test]
    fn commands_are_their_text() {
        let (read, unread) = (command("ls"), command("ls"));
        let _ = read.calls();
        assert_eq!(read, unread);
        assert_eq!(format!("{read:?}"), format!("{unread:?}"));
        let bytes = postcard::to_stdvec(&read).unwrap_or_default();
        assert_eq!(postcard::from_bytes::<Command>(&bytes), Ok(unread));
    }
}
