//! One simple command of a `command`: the type `call`, an element of `.calls`.
//!
//! A call's words are known, or known in part (`~/notes`, `*.rs`), or not known (`$x`). What a rule asks about
//! them is answered true or false only if it holds whatever the unknown parts turn out to be.

use std::sync::Arc;

use crate::shell::meaning::quote_words;
use crate::shell::network::network;
use crate::shell::options::Answers;
use crate::shell::script::{GapKind, Word};
use crate::{PartialList, Tri, Value};

/// A text of which some parts may not be known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Text {
    /// All of it, or what is known before the first unknown part.
    pub prefix: Arc<str>,
    /// `None` if all of it is known; else what is known after the last unknown part.
    pub suffix: Option<Arc<str>>,
    /// May be no word or several. A parameter's value: only the first begins with `prefix`, only the last ends
    /// with `suffix`; where there is a `pattern`, each of them does both.
    pub splits: bool,
    /// If nothing but globs and a leading `~` is not known: the word with `*` and `~` in their places. All words
    /// that it becomes fit, and no `/` hides in a `*`.
    pub pattern: Option<Arc<str>>,
    /// As it is written, for people.
    pub shown: Arc<str>,
}

/// A simple command that may run, wrappers taken off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The program as it is written, with its directory.
    pub(crate) program: Text,
    pub(crate) args: Vec<Text>,
    /// Names of the variables set for it.
    pub(crate) env: Vec<Arc<str>>,
    /// Wrappers that were taken off, outermost first: `sudo`, `env`, ….
    pub(crate) wrappers: Vec<Arc<str>>,
    pub(crate) reads: Vec<Text>,
    pub(crate) writes: Vec<Text>,
    /// Names of the programs whose output it reads; an unknown name makes it incomplete.
    pub(crate) stdin_from: Vec<Text>,
    /// A program in another language that it is given: `-c`, `-e`, a here-document.
    pub(crate) code: Option<Text>,
    /// A redirection outside of it is a connection.
    pub(crate) connects: bool,
    /// Some arguments may be missing from `args`, after these: `xargs`, `find -exec … {} +`.
    pub(crate) more_args: bool,
    /// What was found out so far.
    pub(crate) answers: Answers,
}

impl Text {
    /// A text that is known.
    pub(crate) fn known(text: impl Into<Arc<str>>) -> Text {
        let text = text.into();
        Text { prefix: text.clone(), suffix: None, splits: false, pattern: None, shown: text }
    }

    /// A word of a script, shown as it is written.
    pub(crate) fn of_word(word: &Word, shown: &str) -> Text {
        if let Some(text) = word.known() {
            return Text { shown: shown.into(), ..Text::known(text) };
        }
        Text {
            prefix: word.prefix().into(),
            suffix: Some(word.suffix().into()),
            splits: word.splits(),
            pattern: pattern(word),
            shown: shown.into(),
        }
    }

    /// All of it, if it is known.
    pub(crate) fn text(&self) -> Option<&Arc<str>> {
        self.suffix.is_none().then_some(&self.prefix)
    }

    /// For people: what is known quoted, so that `r\m` shows as `rm`; what is not, as it is written.
    pub(crate) fn as_read(&self) -> String {
        match self.text() {
            Some(text) => quote_words(&[text.to_string()]),
            None => self.shown.to_string(),
        }
    }

    /// Might this be, or become among others, the word?
    pub(crate) fn may_be(&self, word: &str) -> bool {
        match &self.suffix {
            None => *self.prefix == *word,
            Some(_) if self.splits && self.pattern.is_none() => true,
            Some(suffix) => {
                word.len() >= self.prefix.len() + suffix.len()
                    && word.starts_with(&*self.prefix)
                    && word.ends_with(&**suffix)
            }
        }
    }

    /// Might this be, or become among others, a word that begins with a dash?
    pub(crate) fn may_be_option(&self) -> bool {
        match (&self.suffix, &self.pattern) {
            (None, _) => self.prefix.starts_with('-'),
            (Some(_), Some(pattern)) => pattern.starts_with(['-', '*']),
            (Some(_), None) => self.splits || self.prefix.is_empty() || self.prefix.starts_with('-'),
        }
    }
}

impl Call {
    /// The program's name without its directory, if it is known.
    pub fn program(&self) -> Option<&str> {
        let known = match &self.program.suffix {
            None => &self.program.prefix,
            // `$HOME/bin/tool` is a `tool`; `$x/tool` unquoted may be `sudo a/tool`.
            Some(suffix) if !self.program.splits && suffix.contains('/') => suffix,
            Some(_) => return None,
        };
        known.rsplit('/').next()
    }

    /// The same, as a value.
    pub(crate) fn program_value(&self) -> Option<Value> {
        self.answers.program.get_or_init(|| self.program().map(Value::str)).clone()
    }

    /// Does it talk to the network?
    pub(crate) fn network(&self) -> Tri {
        if self.connects { Tri::True } else { *self.answers.network.get_or_init(|| network(self)) }
    }

    /// The program as it is written, if it is known.
    pub fn path(&self) -> Option<&Arc<str>> {
        self.program.text()
    }

    /// The files that are redirected into it, as written.
    pub fn reads(&self) -> PartialList {
        known_list(self.reads.iter(), true)
    }

    /// The files that its output is redirected to, as written.
    pub fn writes(&self) -> PartialList {
        known_list(self.writes.iter(), true)
    }

    /// The words after the program.
    pub fn args(&self) -> PartialList {
        let find = || known_list(self.args.iter(), !self.more_args && !self.program.splits);
        self.answers.args.get_or_init(find).clone()
    }

    /// Do the program's name and the arguments begin with these words?
    pub(crate) fn starts(&self, words: &[&str]) -> Tri {
        let Some((first, rest)) = words.split_first() else { return Tri::True };
        if self.program.splits {
            return Tri::Unknown;
        }
        let mut result = match self.program() {
            Some(name) => Tri::from(name == *first),
            None => Tri::Unknown,
        };
        for (i, word) in rest.iter().enumerate() {
            let here = match self.args.get(i) {
                None => return if self.more_args { result.and(Tri::Unknown) } else { Tri::False },
                // Where the words after it stand is not known.
                Some(arg) if arg.splits => return result.and(Tri::Unknown),
                Some(arg) if !arg.may_be(word) => Tri::False,
                Some(arg) if arg.text().is_none() => Tri::Unknown,
                Some(_) => Tri::True,
            };
            result = result.and(here);
        }
        result
    }

    /// Is one of these words among the arguments?
    pub(crate) fn mentions(&self, words: &[&str]) -> Tri {
        let mut result =
            if (self.more_args || self.program.splits) && !words.is_empty() { Tri::Unknown } else { Tri::False };
        for arg in &self.args {
            if words.iter().any(|word| arg.may_be(word)) {
                result = result.or(if arg.text().is_some() { Tri::True } else { Tri::Unknown });
            }
        }
        result
    }

    /// The words as they are read, for people.
    pub(crate) fn shown(&self) -> String {
        let mut out = self.program.as_read();
        for arg in &self.args {
            out.push(' ');
            out.push_str(&arg.as_read());
        }
        if self.more_args {
            out.push_str(" …");
        }
        out
    }
}

fn pattern(word: &Word) -> Option<Arc<str>> {
    let mut out = String::with_capacity(word.text.len() + word.gaps.len());
    let mut from = 0;
    for gap in &word.gaps {
        let at = gap.at as usize;
        out.push_str(word.text.get(from..at)?);
        out.push(match gap.kind {
            GapKind::Glob => '*',
            GapKind::Home if at == 0 => '~',
            _ => return None,
        });
        from = at;
    }
    out.push_str(word.text.get(from..)?);
    Some(out.into())
}

/// The known ones of these texts.
pub(crate) fn known_list<'a>(texts: impl Iterator<Item = &'a Text>, complete: bool) -> PartialList {
    let mut complete = complete;
    let mut items = Vec::new();
    for text in texts {
        match text.text() {
            Some(text) => items.push(Value::Str(text.clone())),
            None => complete = false,
        }
    }
    PartialList { items: items.into(), complete }
}
