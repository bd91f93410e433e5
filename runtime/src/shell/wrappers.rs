//! Programs that run a command given in their arguments: which words of `sudo -u root rm x` are the command.
//!
//! The grammar of options is strict: with an option that is not in the table nobody can tell where the command
//! begins, so that the call is opaque. What may be the command is then read all the same, for restrictions.
//! Knows where commands begin, not what they do.

mod carriers;
mod git;
mod search;
mod shells;
mod table;

use self::table::{Runs, Wrapper};
use super::meaning::{Arg, Reader, Unit};
use super::script::OpaqueReason;

/// The options of a program, as far as they matter to find what follows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Letters of short options without a value.
    pub flags: &'static str,
    /// Letters of short options with a value, in the same word or the next.
    pub values: &'static str,
    /// Long options without a value, or with one after `=` alone.
    pub long_flags: &'static [&'static str],
    /// Long options with a value, after `=` or in the next word.
    pub long_values: &'static [&'static str],
}

/// An option as it is given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// `-u`, `--user`
    pub name: String,
    pub value: Option<Arg>,
}

/// What stands before the first operand.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The index of the first word that is no option.
    pub next: usize,
    pub given: Vec<Given>,
    /// An option that is not in the table, or a word that may be one.
    pub doubt: Option<usize>,
}

impl Walk {
    pub(crate) fn value(&self, names: &[&str]) -> Option<&Arg> {
        self.given.iter().find(|given| names.contains(&&*given.name))?.value.as_ref()
    }

    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.given.iter().any(|given| names.contains(&&*given.name))
    }
}

impl Options {
    /// Reads options from word `from` on, up to the first operand or past `--`.
    pub(crate) fn walk(&self, args: &[Arg], from: usize) -> Walk {
        let mut walk = Walk { next: from, ..Walk::default() };
        while let Some(arg) = args.get(walk.next) {
            let word = match arg.known() {
                Some("--") => {
                    walk.next += 1;
                    break;
                }
                Some(word) => word,
                // `--user="$u"`, `-u"$u"`: an option of which the value alone is not known.
                None if arg.prefix().len() > 1 && arg.prefix().starts_with('-') && !arg.splits() => arg.prefix(),
                None => {
                    if arg.may_be_option() {
                        walk.doubt.get_or_insert(walk.next);
                    }
                    break;
                }
            };
            if word == "-" || !word.starts_with('-') {
                break;
            }
            let at = walk.next;
            walk.next += 1;
            let known = if word.starts_with("--") {
                self.long(args, arg, word, &mut walk)
            } else {
                self.short(args, arg, word, &mut walk)
            };
            if !known {
                walk.doubt.get_or_insert(at);
            }
        }
        walk
    }

    fn long(&self, args: &[Arg], arg: &Arg, word: &str, walk: &mut Walk) -> bool {
        let (name, attached) = match word.find('=') {
            Some(at) => (word.get(..at).unwrap_or_default(), Some(arg.tail(at + 1))),
            None if arg.known().is_none() => return false,
            None => (word, None),
        };
        let takes = self.long_values.contains(&name);
        let value = if takes && attached.is_none() { next_value(args, walk) } else { attached };
        let ok = (takes && value.as_ref().is_some_and(|value| !value.splits())) || self.long_flags.contains(&name);
        walk.given.push(Given { name: name.to_owned(), value });
        ok
    }

    fn short(&self, args: &[Arg], arg: &Arg, word: &str, walk: &mut Walk) -> bool {
        for (at, letter) in word.char_indices().skip(1) {
            let name = format!("-{letter}");
            if self.values.contains(letter) {
                let after = at + letter.len_utf8();
                let attached = (after < word.len() || arg.known().is_none()).then(|| arg.tail(after));
                let value = attached.or_else(|| next_value(args, walk));
                let ok = value.as_ref().is_some_and(|value| !value.splits());
                walk.given.push(Given { name, value });
                return ok;
            }
            if !self.flags.contains(letter) {
                return false;
            }
            walk.given.push(Given { name, value: None });
        }
        arg.known().is_some()
    }
}

fn next_value(args: &[Arg], walk: &mut Walk) -> Option<Arg> {
    let value = args.get(walk.next).cloned();
    walk.next += 1;
    value
}

/// Takes a wrapper off. False if the program is none.
pub(super) fn unwrap(reader: &mut Reader, name: &str, unit: &mut Unit) -> bool {
    if shells::is_shell(name) {
        return shells::unwrap(reader, name, unit);
    }
    match name {
        "find" | "gfind" => search::find(reader, unit),
        "fd" | "fdfind" => search::fd(reader, unit),
        "xargs" | "gxargs" => search::xargs(reader, unit),
        "parallel" | "sem" => search::parallel(reader, unit),
        "git" => git::unwrap(reader, unit),
        _ if carriers::unwrap(reader, name, unit) => {}
        _ => {
            let mut found = false;
            for wrapper in table::entries(name) {
                if wrapper.take_off(reader, unit) {
                    return true;
                }
                found |= wrapper.always;
            }
            return found && {
                reader.list(unit.clone());
                true
            };
        }
    }
    true
}

impl Wrapper {
    /// Takes this wrapper off. False if it is used for something else.
    fn take_off(&self, reader: &mut Reader, unit: &mut Unit) -> bool {
        let Some(from) = self.subcommand(unit) else { return false };
        let walk = self.options.walk(&unit.args, from);
        if walk.has(self.nothing) {
            return false;
        }
        if let Some(doubt) = walk.doubt {
            self.doubtful(reader, unit, doubt);
        }
        self.settings(reader, unit, &walk);
        if let Some(script) = walk.value(self.script).cloned() {
            reader.list_wrapper(unit, self.listed);
            reader.inline(unit, &script, unit.dialect);
            return true;
        }
        let mut next = walk.next;
        if self.assigns {
            // `env - cmd` begins with an empty environment.
            next += usize::from(unit.arg(next).and_then(Arg::known) == Some("-"));
            next = self.assignments(reader, unit, next);
        }
        if self.operands > 0 && self.permutes && unit.arg(next).and_then(Arg::known) == Some("-") {
            next += 1; // `su - user`
        }
        next += self.operands;
        // Options may stand after the operands as well: `ssh host -t cmd`, `flock file -c cmd`.
        if self.operands > 0 && self.permutes {
            let more = self.options.walk(&unit.args, next);
            if let Some(script) = more.value(self.script).cloned() {
                reader.list_wrapper(unit, self.listed);
                reader.inline(unit, &script, unit.dialect);
                return true;
            }
            if let Some(doubt) = more.doubt {
                self.doubtful(reader, unit, doubt);
            }
            next = more.next;
        }
        self.command(reader, unit, &walk, next)
    }

    /// What stands from word `next` on is the command.
    fn command(&self, reader: &mut Reader, unit: &mut Unit, walk: &Walk, next: usize) -> bool {
        if next >= unit.args.len() {
            if self.interactive || walk.has(self.shell) {
                // A shell, which reads its commands.
                if let Some(script) = Reader::stdin_text(unit).filter(|_| !unit.more) {
                    reader.list_wrapper(unit, self.listed);
                    reader.inline(unit, &script, unit.dialect);
                    return true;
                }
                reader.doubt(OpaqueReason::Inner, unit.span, unit.name().unwrap_or_default());
            }
            if !unit.more {
                return false;
            }
        }
        if self.permutes && self.interactive && !self.script.is_empty() {
            // `su user -- -c …`: the words go to a shell.
            reader.doubt(OpaqueReason::Inner, unit.span, unit.name().unwrap_or_default());
        }
        if unit.args.get(..next.min(unit.args.len())).is_some_and(|own| own.iter().skip(1).any(Arg::splits)) {
            reader.doubt(OpaqueReason::Option, unit.span, unit.name().unwrap_or_default());
        }
        reader.list_wrapper(unit, self.listed);
        match self.runs {
            Runs::Joined if !walk.has(self.direct) => reader.joined(unit, next, unit.dialect),
            _ => reader.push(unit.unwrap_at(next)),
        }
        true
    }

    /// The index after the program and its subcommand, if it has this one.
    fn subcommand(&self, unit: &Unit) -> Option<usize> {
        if self.subcommands.is_empty() {
            return Some(1);
        }
        let walk = self.before.walk(&unit.args, 1);
        let at = |from: usize| {
            let fits = |path: &&&[&str]| {
                path.iter().enumerate().all(|(i, word)| unit.arg(from + i).and_then(Arg::known) == Some(word))
            };
            self.subcommands.iter().find(fits).map(|path| from + path.len())
        };
        at(walk.next).or_else(|| {
            // Behind an option that is not known, any word may be the subcommand.
            walk.doubt.and_then(|doubt| (doubt..unit.args.len()).find_map(at))
        })
    }

    /// Options that are not in the table: the command may begin here or there.
    fn doubtful(&self, reader: &mut Reader, unit: &Unit, doubt: usize) {
        let Some(arg) = unit.arg(doubt) else { return };
        reader.doubt(OpaqueReason::Option, arg.span(), &arg.shown);
        let start = |from: usize| {
            (from..unit.args.len()).find(|index| unit.arg(*index).is_some_and(|arg| !arg.prefix().starts_with('-')))
        };
        // `-Z rm x`: the word after it is its value or the program; the other reading is the usual one.
        if arg.known().is_none() && doubt + 1 < unit.args.len() {
            reader.candidate(unit.unwrap_at(doubt + 1));
        }
        if let Some(other) = start(doubt + 1).and_then(|first| start(first + 1)) {
            reader.candidate(unit.unwrap_at(other + self.operands));
        }
    }

    /// `NAME=value` before the command.
    fn assignments(&self, reader: &mut Reader, unit: &mut Unit, from: usize) -> usize {
        let mut next = from;
        while let Some(arg) = unit.args.get(next).cloned() {
            let Some((name, _)) = arg.prefix().split_once('=') else { break };
            let value = arg.tail(name.len() + 1);
            reader.variable(name, Some(&value.word), arg.span());
            unit.set(name);
            next += 1;
        }
        next
    }

    /// Options that set variables, and those that run something of their own.
    fn settings(&self, reader: &mut Reader, unit: &mut Unit, walk: &Walk) {
        for given in &walk.given {
            if self.sets.contains(&&*given.name) {
                let Some(value) = &given.value else { continue };
                match value.prefix().split_once('=') {
                    Some((name, _)) => {
                        reader.variable(name, Some(&value.tail(name.len() + 1).word), value.span());
                        unit.set(name);
                    }
                    None if value.known().is_some() => {}
                    None => reader.doubt(OpaqueReason::Environment, value.span(), &value.shown),
                }
            }
            if self.opaque.contains(&&*given.name) {
                let shown = given.value.as_ref().map_or(&*given.name, |value| &*value.shown);
                reader.doubt(OpaqueReason::Inner, unit.span, shown);
            }
        }
    }
}

impl Reader {
    /// Lists what may be a command, without taking it apart further: nothing grows out of hand that way.
    pub(crate) fn candidate(&mut self, unit: Unit) {
        if !unit.args.is_empty() {
            self.list(unit);
        }
    }
}
