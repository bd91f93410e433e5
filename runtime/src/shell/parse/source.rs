//! The text being read, character by character, with the place of each in the whole script.
//!
//! Knows line continuation and nothing else of shell grammar.

use std::borrow::Cow;

/// A text with a reading position. The bodies of here-documents and the insides of backticks are texts of their
/// own, since characters have been taken out of them; their places still refer to the script.
#[derive(Debug)]
pub(super) struct Source<'a> {
    text: Cow<'a, str>,
    /// For a derived text: the place in the script of each of its bytes, and of its end.
    places: Option<Vec<u32>>,
    pos: usize,
}

impl<'a> Source<'a> {
    /// The script itself.
    pub(super) fn script(text: &'a str) -> Source<'a> {
        Source { text: Cow::Borrowed(text), places: None, pos: 0 }
    }

    /// The text not yet read.
    pub(super) fn rest(&self) -> &str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// The position in this text; for [`Source::reset`].
    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    /// Goes back (or forward) to a position that [`Source::pos`] gave.
    pub(super) fn reset(&mut self, pos: usize) {
        self.pos = pos;
    }

    /// Nothing more is read.
    pub(super) fn skip_to_end(&mut self) {
        self.pos = self.text.len();
    }

    /// The place in the script of what is read next.
    pub(super) fn place(&self) -> u32 {
        self.place_of(self.pos)
    }

    /// The place in the script of a position.
    pub(super) fn place_of(&self, pos: usize) -> u32 {
        match &self.places {
            Some(places) => places.get(pos).or(places.last()).copied().unwrap_or_default(),
            None => u32::try_from(pos).unwrap_or(u32::MAX),
        }
    }

    /// The next character as it stands.
    pub(super) fn peek_raw(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes the next character as it stands.
    pub(super) fn bump_raw(&mut self) -> Option<char> {
        let c = self.peek_raw()?;
        self.pos = self.pos.saturating_add(c.len_utf8());
        Some(c)
    }

    /// The next character; continued lines are joined.
    pub(super) fn peek(&mut self) -> Option<char> {
        while self.rest().starts_with("\\\n") {
            self.pos = self.pos.saturating_add(2);
        }
        self.peek_raw()
    }

    /// Takes the next character; continued lines are joined.
    pub(super) fn bump(&mut self) -> Option<char> {
        self.peek();
        self.bump_raw()
    }

    /// Takes this character if it is next.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let here = self.peek() == Some(c);
        if here {
            self.bump_raw();
        }
        here
    }

    /// Is this the character after the next?
    pub(super) fn second_is(&mut self, c: char) -> bool {
        let pos = self.pos;
        self.bump();
        let is = self.peek() == Some(c);
        self.pos = pos;
        is
    }

    /// The byte before the next character, as it stands.
    pub(super) fn before(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos.checked_sub(1)?).copied()
    }

    /// Skips spaces and tabs.
    pub(super) fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump_raw();
        }
    }

    /// Skips the rest of the line, without the newline.
    pub(super) fn line(&mut self) {
        let rest = self.rest();
        let length = rest.find('\n').unwrap_or(rest.len());
        self.pos = self.pos.saturating_add(length);
    }
}

/// Builds a text out of pieces of another.
#[derive(Debug, Default)]
pub(super) struct Derived {
    text: String,
    places: Vec<u32>,
}

impl Derived {
    /// Adds a character that stands at this place.
    pub(super) fn push(&mut self, c: char, place: u32) {
        self.text.push(c);
        for _ in 0..c.len_utf8() {
            self.places.push(place);
        }
    }

    /// The text, ready to be read; `end` is the place after it.
    pub(super) fn source<'a>(mut self, end: u32) -> Source<'a> {
        self.places.push(end);
        Source { text: Cow::Owned(self.text), places: Some(self.places), pos: 0 }
    }

    /// The text alone.
    pub(super) fn text(self) -> String {
        self.text
    }
}
