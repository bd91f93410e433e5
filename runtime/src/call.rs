//! One simple command of a `command`: the type `call`, an element of `.calls`.
//!
//! A call's words are known, or known in part (`~/notes`, `*.rs`), or not known (`$x`). What a rule asks about
//! them is answered true or false only if it holds whatever the unknown parts turn out to be.

use std::sync::Arc;

use crate::shell::meaning::quote_words;
use crate::shell::script::{GapKind, Word};
use crate::{PartialList, Tri};

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
    pub(crate) network: Tri,
    /// Some arguments may be missing from `args`, after these: `xargs`, `find -exec … {} +`.
    pub(crate) more_args: bool,
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
}

impl Call {
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
            Some(text) => items.push(crate::Value::Str(text.clone())),
            None => complete = false,
        }
    }
    PartialList { items: items.into(), complete }
}
