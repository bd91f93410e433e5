//! A word on its way into a call: what is known of it, and how it is written.

use std::sync::Arc;

use crate::call::Text;
use crate::shell::script::{Gap, GapKind, Simple, Span, Word};

/// What stands in a script for text that is not known.
pub(crate) const UNKNOWN: &str = "${_}";

/// A word of a command.
#[derive(Clone, Debug)]
pub(crate) struct Arg {
    pub word: Word,
    /// As it is written, for people.
    pub shown: Arc<str>,
}

impl Arg {
    /// A word that is known, as if written at `span`.
    pub(crate) fn literal(text: &str, span: Span) -> Arg {
        let word = Word { text: text.to_owned(), gaps: Vec::new(), quoted: true, span };
        Arg { word, shown: quote(text).into() }
    }

    /// A text of which nothing is known.
    pub(crate) fn unknown(span: Span) -> Arg {
        let gap = Gap { at: 0, kind: GapKind::Parameter, splits: false };
        let word = Word { text: String::new(), gaps: vec![gap], quoted: true, span };
        Arg { word, shown: "…".into() }
    }

    pub(crate) fn span(&self) -> Span {
        self.word.span
    }

    /// The text, if all of it is known.
    pub(crate) fn known(&self) -> Option<&str> {
        self.word.known()
    }

    /// The text that it begins with for certain.
    pub(crate) fn prefix(&self) -> &str {
        self.word.prefix()
    }

    pub(crate) fn splits(&self) -> bool {
        self.word.splits()
    }

    /// The name of the program that this word names: what follows the last slash.
    pub(crate) fn base(&self) -> Option<&str> {
        let text = match self.known() {
            Some(text) => text,
            None if self.splits() => return None,
            None => self.word.suffix().rsplit_once('/').map(|_| self.word.suffix())?,
        };
        let name = text.rsplit_once('/').map_or(text, |(_, name)| name);
        (!name.is_empty()).then_some(name)
    }

    /// Could it be an option?
    pub(crate) fn may_be_option(&self) -> bool {
        match self.known() {
            Some(text) => text.starts_with('-'),
            None => self.splits() || self.prefix().is_empty() || self.prefix().starts_with('-'),
        }
    }

    /// The text from byte `at` on, which must lie in the known prefix: `=value`.
    pub(crate) fn tail(&self, at: usize) -> Arg {
        let mut word = self.word.clone();
        word.text = word.text.get(at..).unwrap_or_default().to_owned();
        for gap in &mut word.gaps {
            gap.at = gap.at.saturating_sub(at as u32);
        }
        let shown = if word.gaps.is_empty() { quote(&word.text).into() } else { self.shown.clone() };
        Arg { word, shown }
    }

    /// Shell text in which [`UNKNOWN`] stands where something is not known.
    pub(crate) fn template(&self) -> String {
        let (mut out, mut done) = (String::with_capacity(self.word.text.len()), 0);
        for gap in &self.word.gaps {
            out.push_str(self.word.text.get(done..gap.at as usize).unwrap_or_default());
            out.push_str(UNKNOWN);
            done = gap.at as usize;
        }
        out.push_str(self.word.text.get(done..).unwrap_or_default());
        out
    }

    pub(crate) fn text(&self) -> Text {
        Text::of_word(&self.word, &self.shown)
    }

    /// Takes each occurrence of `placeholder` for text that is not known.
    pub(crate) fn mark(&mut self, placeholder: &str) {
        mark(&mut self.word, placeholder);
    }
}

/// Takes each occurrence of `placeholder` in a simple command for text that is not known.
pub(super) fn mark_simple(simple: &mut Simple, placeholder: &str) {
    simple.words.iter_mut().for_each(|word| mark(word, placeholder));
    simple.assignments.iter_mut().for_each(|assignment| mark(&mut assignment.value, placeholder));
    simple.redirects.iter_mut().for_each(|redirect| mark(&mut redirect.target, placeholder));
}

fn mark(word: &mut Word, placeholder: &str) {
    if placeholder.is_empty() || !word.text.contains(placeholder) {
        return;
    }
    let (mut text, mut gaps) = (String::with_capacity(word.text.len()), Vec::new());
    let mut old = std::mem::take(&mut word.gaps).into_iter().peekable();
    let mut rest = 0;
    for (at, _) in word.text.match_indices(placeholder).chain([(word.text.len(), "")]) {
        // Gaps before this place move with the text that is left out.
        while let Some(gap) = old.next_if(|gap| gap.at as usize <= at) {
            let within = (gap.at as usize).saturating_sub(rest);
            gaps.push(Gap { at: (text.len() + within) as u32, ..gap });
        }
        text.push_str(word.text.get(rest..at).unwrap_or_default());
        if at < word.text.len() {
            gaps.push(Gap { at: text.len() as u32, kind: GapKind::Parameter, splits: false });
        }
        rest = at + placeholder.len();
    }
    gaps.sort_by_key(|gap| gap.at);
    *word = Word { text, gaps, ..std::mem::take(word) };
}

/// A word as a shell reads it back.
pub(crate) fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:@%+,".contains(&b) || (b == b'=' && word.starts_with('-'));
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
