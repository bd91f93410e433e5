//! Options of a call: what was given, to what, and what is left. Knows how options are written, and from its
//! tables how well-known programs take theirs; runs nothing and guesses nothing.
//!
//! Of a program that is in no table, it is not known which options take a value. Then every word that looks
//! like an option counts as one, and every other word as an operand: a rule that forbids an option never
//! misses it. `-abc` counts as `-a`, `-b` and `-c`; since it may as well be one option, `flags` stays incomplete.

mod answers;
mod clis;
mod coreutils;
mod effects;
mod rules;
mod scan;
mod sed;
mod spec;
mod subcommands;
mod table;
#[cfg(test)]
mod tests;
mod under;

use std::sync::Arc;

use self::scan::{Given, Item, Kind, scan, spec_of};
use self::spec::Spec;
pub(super) use self::spec::listed;
use crate::call::{Call, Text};
use crate::{PartialList, Tri, Value};

pub(crate) use self::answers::Answers;
pub(super) use self::effects::git_runs;
pub(crate) use self::effects::{runs_programs, words_run_programs};

/// Long options that do harm; the beginning of one of these may be meant.
const DANGEROUS: &str = "allow-root auto-approve checkpoint-action command compress-program config delete \
    delete-after delete-excluded exec exec-batch exec-path execute ext-diff filter force force-with-lease hard \
    hostname-bin in-place insecure mirror no-check-certificate no-preserve-root no-verify \
    open-files-in-pager output post-file pre privileged prune purge receive-pack recursive remove-source-files \
    rsh textconv to-command upload-file upload-pack use-compress-program volumes";

impl Call {
    /// The arguments that are no options, nor values of options known to take one.
    pub(crate) fn positional(&self) -> PartialList {
        self.answers.positional.get_or_init(|| self.find_positional()).clone()
    }

    fn find_positional(&self) -> PartialList {
        let mut list = List::default();
        scan(self, &mut |item| match item.kind {
            Kind::Operand { text, .. } => list.add(item.sure.then(|| text.text()).flatten().cloned()),
            Kind::Any(_) | Kind::More { .. } => list.complete = false,
            // It may be the value of an unknown word, or stand after an unknown `--`.
            _ => list.complete &= item.sure,
        });
        list.finish()
    }

    /// The first positional argument, empty if there is none; `None` if it is not known.
    pub(crate) fn subcommand(&self) -> Option<Arc<str>> {
        self.answers.subcommand.get_or_init(|| self.find_subcommand()).clone()
    }

    fn find_subcommand(&self) -> Option<Arc<str>> {
        let mut found = None;
        scan(self, &mut |item| {
            if found.is_none() {
                found = match item.kind {
                    Kind::Operand { text, swallowed: false } if item.sure => Some(text.text().cloned()),
                    Kind::Operand { .. } | Kind::Any(_) | Kind::More { .. } => Some(None),
                    _ if !item.sure => Some(None),
                    _ => None,
                };
            }
        });
        found.unwrap_or_else(|| Some("".into()))
    }

    /// The options that are given: `-r` and `-f` for `-rf`, `--opt` for `--opt=value`.
    pub(crate) fn flags(&self) -> PartialList {
        self.answers.flags.get_or_init(|| self.find_flags()).clone()
    }

    fn find_flags(&self) -> PartialList {
        let (spec, known) = spec_of(self);
        let mut list = List { complete: self.program().is_some(), ..List::default() };
        scan(self, &mut |item| match item.kind {
            Kind::Letter(letter) => {
                list.add(item.sure.then(|| format!("-{letter}").into()));
                list.complete &= known || item.word.chars().count() == 2;
            }
            Kind::Name(name, written) => {
                list.add(item.sure.then(|| written.into()));
                list.complete &= !abbreviates_danger(spec, name, written);
            }
            Kind::Any(_) | Kind::More { ended: false } => list.complete = false,
            Kind::Operand { .. } | Kind::More { ended: true } => {}
        });
        list.finish()
    }

    /// Is one of these options given, in any spelling?
    pub(crate) fn has(&self, flags: &[&str]) -> Tri {
        self.has_within(flags, false)
    }

    /// Is one of these options given before the first operand?
    fn has_first(&self, flags: &[&str]) -> Tri {
        self.has_within(flags, true)
    }

    fn has_within(&self, flags: &[&str], first: bool) -> Tri {
        let (spec, known) = spec_of(self);
        // The first word may be options without a dash: `tar xf`.
        let mut result = unknown_if(self.program().is_none() && !self.args.is_empty());
        let mut operand = false;
        scan(self, &mut |item| {
            operand |= first && item.sure && matches!(item.kind, Kind::Operand { swallowed: false, .. });
            if operand {
                return;
            }
            for flag in flags {
                let here = match given(&item, flag, spec, known) {
                    Tri::True if !item.sure => Tri::Unknown,
                    here => here,
                };
                result = result.or(here);
            }
        });
        result
    }

    /// The values given to these options; a name that ends in `=` also matches operands: `of=file`.
    pub(crate) fn values(&self, options: &[&str]) -> PartialList {
        let (spec, known) = spec_of(self);
        let mut list = List { complete: self.program().is_some() || self.args.is_empty(), ..List::default() };
        scan(self, &mut |item| {
            let (mut certain, mut possible) = (false, false);
            for option in options {
                if let (Kind::Operand { text, .. }, true) = (item.kind, option.ends_with('=')) {
                    list.operand(text, option, item.sure);
                    continue;
                }
                match given(&item, option.trim_end_matches('='), spec, known) {
                    Tri::True if item.sure => certain = true,
                    Tri::False => {}
                    _ => possible = true,
                }
            }
            match item.value {
                Given::Known(value) | Given::Perhaps(value) if certain => list.add(Some(self.value(value))),
                Given::Nothing if certain => {}
                _ => list.complete &= !certain && !possible,
            }
        });
        list.finish()
    }

    /// A value without the `=` that programs of the newer kind accept: `-o=json`.
    fn value(&self, value: &str) -> Arc<str> {
        let (spec, known) = spec_of(self);
        let bare = value.strip_prefix('=').filter(|_| known && !spec.abbreviates);
        bare.unwrap_or(value).into()
    }

    /// Is every positional argument certainly a path below one of the folders? Values of options that look like
    /// paths count against it.
    pub(crate) fn stays_under(&self, dirs: &[&str]) -> Tri {
        under::stays_under(self, dirs)
    }
}

/// Does the item give the option, in some spelling?
fn given(item: &Item<'_>, flag: &str, spec: &Spec, known: bool) -> Tri {
    if let Kind::Operand { text, .. } = item.kind {
        // Only what is asked for without dashes may be an operand: `of=x`, `+x`.
        return match text.text() {
            _ if flag.starts_with('-') || !text.may_be(flag) => Tri::False,
            Some(_) => Tri::True,
            None => Tri::Unknown,
        };
    }
    let (name, wanted) = match flag.split_once('=') {
        Some((name, wanted)) => (name, Some(wanted)),
        None => (flag, None),
    };
    let named = names(item, name, spec, known);
    let option = matches!(item.kind, Kind::Letter(_) | Kind::Name(..));
    match (wanted, item.value) {
        _ if option && item.whole && item.word == flag => Tri::True,
        (None, _) if option && !item.whole && flag.starts_with(item.word) => named.or(Tri::Unknown),
        (None, _) => named,
        _ if option && !item.whole => {
            if flag.starts_with(item.word) {
                Tri::Unknown
            } else {
                named.and(Tri::Unknown)
            }
        }
        (Some(wanted), Given::Known(value)) => named.and(Tri::from(value == wanted)),
        (Some(_), Given::Nothing) if option => Tri::False,
        (Some(_), _) => named.and(Tri::Unknown),
    }
}

/// Is this the option's name?
fn names(item: &Item<'_>, flag: &str, spec: &Spec, known: bool) -> Tri {
    let asked = flag.trim_start_matches('-');
    // `-force` and `--force` are the same to some programs.
    let same_word = |name: &str| !known && asked.len() > 1 && asked == name;
    match item.kind {
        Kind::Letter(letter) => {
            let mut chars = flag.chars();
            let is = chars.next() == Some('-') && chars.next() == Some(letter) && chars.next().is_none();
            let body = item.word.trim_start_matches('-');
            let whole = same_word(body.split_once('=').map_or(body, |(name, _)| name));
            if is { Tri::True } else { unknown_if(whole) }
        }
        Kind::Name(name, written) if flag.starts_with('-') => match flag {
            _ if flag == written => Tri::True,
            _ if asked.is_empty() || name.is_empty() => Tri::False,
            _ if spec.words && asked == name => Tri::True,
            _ if same_word(name) => Tri::Unknown,
            // `-ofile` of programs that also know options of one letter
            _ if spec.words && asked.chars().count() == 1 && name.starts_with(asked) => {
                unknown_if(!spec.options.is_complete())
            }
            _ => unknown_if(abbreviates(name, written, flag, spec, known)),
        },
        Kind::Any(text) => unknown_if(may_give(text, flag, item, spec)),
        Kind::More { ended } => unknown_if(!ended || !flag.starts_with('-')),
        Kind::Name(..) | Kind::Operand { .. } => Tri::False,
    }
}

fn unknown_if(possible: bool) -> Tri {
    if possible { Tri::Unknown } else { Tri::False }
}

/// `--forc` may be meant to be `--force`.
fn abbreviates(name: &str, written: &str, flag: &str, spec: &Spec, known: bool) -> bool {
    let Some(asked) = flag.strip_prefix("--") else { return false };
    let short = written.starts_with("--") && asked.len() > name.len() && asked.starts_with(name);
    short && !(known && (!spec.abbreviates || knows(spec, name)))
}

/// May the name be the beginning of an option that does harm?
fn abbreviates_danger(spec: &Spec, name: &str, written: &str) -> bool {
    let begins = || DANGEROUS.split(' ').any(|long| long.len() > name.len() && long.starts_with(name));
    written.starts_with("--") && spec.abbreviates && begins() && !listed(DANGEROUS, name) && !knows(spec, name)
}

fn knows(spec: &Spec, name: &str) -> bool {
    spec.options.knows(name) || spec.subs.iter().any(|(_, options)| options.knows(name))
}

/// May an unknown word give the option?
fn may_give(text: &Text, flag: &str, item: &Item<'_>, spec: &Spec) -> bool {
    let prefix = item.word;
    match (text.splits && text.pattern.is_none(), prefix.strip_prefix('-')) {
        (true, _) | (_, None) => true,
        // The beginning of a long name, which some programs also write with one dash
        (_, Some(rest)) if rest.starts_with('-') => {
            let (asked, name) = (flag.trim_start_matches('-'), rest.trim_start_matches('-'));
            let long = flag.starts_with("--") || asked.len() > 1 || spec.words;
            long && (asked.starts_with(name) || name.starts_with(asked))
        }
        // Letters, of which the known ones are reported by themselves; or one dash before a long name
        (_, Some(rest)) => rest.is_empty() || !flag.starts_with("--") || flag.trim_start_matches('-').starts_with(rest),
    }
}

/// A list that is being collected.
struct List {
    items: Vec<Value>,
    complete: bool,
}

impl Default for List {
    fn default() -> List {
        List { items: Vec::new(), complete: true }
    }
}

impl List {
    /// Adds a text; one that is not known makes the list incomplete.
    fn add(&mut self, text: Option<Arc<str>>) {
        match text {
            Some(text) => self.items.push(Value::Str(text)),
            None => self.complete = false,
        }
    }

    /// Adds what follows the name in an operand such as `of=file`.
    fn operand(&mut self, text: &Text, name: &str, sure: bool) {
        match text.text() {
            Some(word) => {
                if let Some(value) = word.strip_prefix(name) {
                    self.add(sure.then(|| value.into()));
                }
            }
            None => {
                let possible = text.splits && text.pattern.is_none()
                    || text.prefix.starts_with(name)
                    || name.starts_with(&*text.prefix);
                self.complete &= !possible;
            }
        }
    }

    fn finish(self) -> PartialList {
        PartialList { items: self.items.into(), complete: self.complete }
    }
}
