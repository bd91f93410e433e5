//! Words as they stand in the text: quoting, and where unknown parts begin.
//!
//! A word is read into a [`Buffer`]; `words` makes [`super::super::script::Word`]s of it afterwards, when all of
//! it is known: brace expansion, tildes and globs look at whole words.

use super::super::script::{GapKind, OpaqueReason};
use super::{Frame, Parser, ansi, chars};

/// Where a word stands, which decides what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordMode {
    /// Before or after the name of a program; an assignment is possible.
    Command { assignable: bool },
    /// In `[[ … ]]`.
    Test,
    /// After `=~`.
    Regex,
    /// Anywhere else: a file, a pattern, an item of a list.
    Other,
    /// The delimiter of a here-document: nothing in it is expanded.
    Delimiter,
}

/// A part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A character that may be special: it is not quoted.
    Plain(char),
    /// A character that stands for itself.
    Quoted(char),
    /// Text that is not known; does it split into words?
    Gap(GapKind, bool),
    /// A quote: no text, but `""A=1` is no assignment, and `{"",x}` keeps an empty word.
    Quote,
}

/// Commands inside `<(…)` or `>(…)`: a range of the script's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub first: u32,
    pub end: u32,
    /// `>(…)`: it reads what the command writes.
    pub reads: bool,
}

/// A word being read.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub units: Vec<Unit>,
    pub quoted: bool,
    pub start: u32,
    pub end: u32,
    /// Open parts whose characters do not belong to the word: `${…}` and the like.
    pub muted: u32,
    pub processes: Vec<Process>,
    /// `NAME=(…)`
    pub array: bool,
    /// `NAME[…]`: the second part stands for the subscript.
    pub subscript: bool,
    /// Some part cannot belong to a variable's name.
    pub no_name: bool,
}

impl Parser<'_> {
    /// Begins a word: its characters go to a new buffer.
    pub(super) fn open_word(&mut self, mode: WordMode) {
        let start = self.source.place();
        self.buffers.push(Buffer { start, ..Buffer::default() });
        self.frames.push(Frame::Word(mode));
    }

    /// Adds a part to the innermost word.
    pub(super) fn unit(&mut self, unit: Unit) {
        if let Some(buffer) = self.buffers.last_mut()
            && buffer.muted == 0
        {
            buffer.no_name |= !matches!(unit, Unit::Plain(c) if chars::in_name(c));
            buffer.units.push(unit);
        }
    }

    /// Some part of the innermost word is quoted.
    pub(super) fn mark_quoted(&mut self) {
        if let Some(buffer) = self.buffers.last_mut()
            && buffer.muted == 0
        {
            buffer.quoted = true;
            buffer.no_name = true;
            buffer.units.push(Unit::Quote);
        }
    }

    /// What follows does not belong to the word.
    pub(super) fn mute(&mut self) {
        if let Some(buffer) = self.buffers.last_mut() {
            buffer.muted = buffer.muted.saturating_add(1);
        }
    }

    pub(super) fn unmute(&mut self) {
        if let Some(buffer) = self.buffers.last_mut() {
            buffer.muted = buffer.muted.saturating_sub(1);
        }
    }

    /// Reads a word up to its end, or up to a part that needs a frame of its own.
    pub(super) fn word(&mut self, mode: WordMode) {
        if mode == WordMode::Delimiter {
            return self.delimiter();
        }
        loop {
            let Some(c) = self.source.peek() else { return self.close_word() };
            let start = self.source.place();
            if mode == WordMode::Regex && c == '(' {
                self.source.bump();
                self.unit(Unit::Plain('('));
                self.frames.push(Frame::Word(mode));
                self.frames.push(Frame::Pattern(start));
                return;
            }
            if matches!(c, '<' | '>') && self.source.second_is('(') && mode != WordMode::Regex {
                self.frames.push(Frame::Word(mode));
                return self.open_process();
            }
            if mode == WordMode::Regex && matches!(c, '|' | '<' | '>') {
                self.source.bump();
                self.unit(Unit::Quoted(c));
                continue;
            }
            if chars::is_meta(c) {
                if c == '(' && self.opens_array(mode) {
                    self.source.bump();
                    self.bash_only(start);
                    self.frames.push(Frame::Word(mode));
                    self.frames.push(Frame::Array);
                    return;
                }
                return self.close_word();
            }
            if c == '[' && self.opens_subscript(mode) {
                self.frames.push(Frame::Word(mode));
                return self.open_subscript();
            }
            self.source.bump();
            if self.bash() && matches!(c, '?' | '*' | '+' | '@' | '!') && self.source.peek() == Some('(') {
                self.source.bump();
                self.unit(Unit::Gap(GapKind::Glob, true));
                self.mute();
                self.frames.push(Frame::Word(mode));
                self.frames.push(Frame::Pattern(start));
                return;
            }
            if self.word_char(c, start, mode) {
                return;
            }
        }
    }

    /// One character of an unquoted part. True: a frame was opened for what it begins.
    fn word_char(&mut self, c: char, start: u32, mode: WordMode) -> bool {
        match c {
            '\'' => self.single_quotes(start),
            '"' => {
                self.mark_quoted();
                self.frames.push(Frame::Word(mode));
                self.frames.push(Frame::Quotes(start));
                return true;
            }
            '\\' => {
                self.mark_quoted();
                let next = self.source.bump_raw().unwrap_or('\\');
                self.unit(Unit::Quoted(next));
            }
            '$' | '`' => {
                self.frames.push(Frame::Word(mode));
                if self.expansion(c, start, false) {
                    return true;
                }
                self.frames.pop();
            }
            _ => {
                self.check_plain(c, start);
                self.unit(Unit::Plain(c));
            }
        }
        false
    }

    /// Characters that are not acceptable outside quotes.
    fn check_plain(&mut self, c: char, start: u32) {
        if c.is_ascii() {
            return;
        }
        let operator = |c: char| matches!(c, ';' | '&' | '|' | '<' | '>' | '(' | ')');
        let mut before = '\0';
        let pos = self.source.pos();
        let first = pos.saturating_sub(c.len_utf8());
        self.source.reset(first);
        if let Some(byte) = self.source.before() {
            before = char::from(byte);
        }
        self.source.reset(pos);
        let after = self.source.peek_raw().unwrap_or('\0');
        if chars::look_alike(c) || operator(before) || operator(after) {
            self.opaque_from(OpaqueReason::Character, start);
        }
    }

    /// `'…'` after the first quote.
    pub(super) fn single_quotes(&mut self, start: u32) {
        self.mark_quoted();
        loop {
            match self.source.bump_raw() {
                Some('\'') => return,
                Some(c) => self.unit(Unit::Quoted(c)),
                None => return self.opaque_from(OpaqueReason::Unterminated, start),
            }
        }
    }

    /// `$'…'` after the first quote.
    pub(super) fn ansi_quotes(&mut self, start: u32) {
        self.mark_quoted();
        self.bash_only(start);
        loop {
            let escape = self.source.place();
            match self.source.bump_raw() {
                Some('\'') => return,
                Some('\\') => match ansi::escape(&mut self.source) {
                    ansi::Escape::Char(c) if c != '\t' && c != '\n' && chars::hidden(c) => {
                        self.opaque_from(OpaqueReason::Character, escape);
                        self.unit(Unit::Gap(GapKind::Parameter, false));
                    }
                    ansi::Escape::Char(c) => self.unit(Unit::Quoted(c)),
                    ansi::Escape::Two(a, b) => {
                        self.unit(Unit::Quoted(a));
                        self.unit(Unit::Quoted(b));
                    }
                    ansi::Escape::Unknown => {
                        self.opaque_from(OpaqueReason::Character, escape);
                        self.unit(Unit::Gap(GapKind::Parameter, false));
                    }
                },
                Some(c) => self.unit(Unit::Quoted(c)),
                None => return self.opaque_from(OpaqueReason::Unterminated, start),
            }
        }
    }

    /// Inside `"…"`.
    pub(super) fn quotes(&mut self, start: u32) {
        loop {
            let at = self.source.place();
            match self.source.bump() {
                None => return self.opaque_from(OpaqueReason::Unterminated, start),
                Some('"') => return,
                Some('\\') => match self.source.peek_raw() {
                    Some(c @ ('$' | '`' | '"' | '\\')) => {
                        self.source.bump_raw();
                        self.unit(Unit::Quoted(c));
                    }
                    _ => self.unit(Unit::Quoted('\\')),
                },
                Some(c @ ('$' | '`')) => {
                    self.frames.push(Frame::Quotes(start));
                    if self.expansion(c, at, true) {
                        return;
                    }
                    self.frames.pop();
                }
                Some(c) => self.unit(Unit::Quoted(c)),
            }
        }
    }

    /// Inside `@(…)`, after the parenthesis: what files match is not known, but substitutions run. Also inside
    /// parentheses of a regular expression, whose characters are kept.
    pub(super) fn pattern(&mut self, start: u32) {
        loop {
            let at = self.source.place();
            match self.source.bump() {
                None => {
                    self.unmute();
                    return self.opaque_from(OpaqueReason::Unterminated, start);
                }
                Some(')') => {
                    let muted = self.buffers.last().is_some_and(|buffer| buffer.muted > 0);
                    if muted {
                        self.unmute();
                    } else {
                        self.unit(Unit::Plain(')'));
                    }
                    return;
                }
                Some('(') => {
                    let muted = self.buffers.last().is_some_and(|buffer| buffer.muted > 0);
                    if muted {
                        self.mute();
                    } else {
                        self.unit(Unit::Plain('('));
                    }
                    self.frames.push(Frame::Pattern(start));
                    self.frames.push(Frame::Pattern(at));
                    return;
                }
                Some('\'') => self.single_quotes(at),
                Some('"') => {
                    self.mark_quoted();
                    self.frames.push(Frame::Pattern(start));
                    self.frames.push(Frame::Quotes(at));
                    return;
                }
                Some('\\') => {
                    let next = self.source.bump_raw().unwrap_or('\\');
                    self.unit(Unit::Quoted(next));
                }
                Some(c @ ('$' | '`')) => {
                    self.frames.push(Frame::Pattern(start));
                    if self.expansion(c, at, false) {
                        return;
                    }
                    self.frames.pop();
                }
                Some(c) => self.unit(Unit::Plain(c)),
            }
        }
    }

    /// Is the word so far `NAME=` or `NAME+=` where an array may follow?
    fn opens_array(&self, mode: WordMode) -> bool {
        let Some(buffer) = self.buffers.last() else { return false };
        let assignable = match mode {
            WordMode::Command { assignable } => assignable || self.declares(),
            _ => false,
        };
        assignable && !buffer.array && buffer.assignment().is_some_and(|(_, value)| value == buffer.units.len())
    }

    /// Is the word so far a name where an assignment may stand?
    fn opens_subscript(&self, mode: WordMode) -> bool {
        let Some(buffer) = self.buffers.last() else { return false };
        // The flag keeps this cheap for words with many brackets.
        mode == WordMode::Command { assignable: true } && !buffer.no_name && buffer.name_length().is_some()
    }

    /// The end of a word: hands it to the frame that waits for it.
    fn close_word(&mut self) {
        let Some(mut buffer) = self.buffers.pop() else { return };
        buffer.end = self.source.place();
        self.deliver(buffer);
    }

    /// Gives a finished word to the frame below.
    pub(super) fn deliver(&mut self, buffer: Buffer) {
        match self.frames.pop() {
            Some(Frame::Simple(simple)) => self.simple_word(simple, buffer),
            Some(Frame::Redirect(redirect)) => self.redirect_word(redirect, &buffer),
            Some(Frame::For(head)) => self.for_word(head, &buffer),
            Some(Frame::Case(case)) => self.case_word(case, &buffer),
            Some(Frame::Function) => self.function_word(&buffer),
            Some(other) => self.frames.push(other),
            None => {}
        }
    }
}

impl Buffer {
    /// How many parts at the beginning are an unquoted name.
    pub(super) fn name_length(&self) -> Option<usize> {
        let plain = |unit: &Unit, fits: fn(char) -> bool| matches!(unit, Unit::Plain(c) if fits(*c));
        if !plain(self.units.first()?, chars::starts_name) {
            return None;
        }
        Some(self.units.iter().take_while(|unit| plain(unit, chars::in_name)).count())
    }

    /// An assignment: the length of the name, and where the value begins.
    pub(super) fn assignment(&self) -> Option<(usize, usize)> {
        let name = self.name_length()?;
        let mut at = name;
        if self.subscript {
            at = at.saturating_add(1);
        }
        if self.units.get(at) == Some(&Unit::Plain('+')) {
            at = at.saturating_add(1);
        }
        (self.units.get(at) == Some(&Unit::Plain('='))).then(|| (name, at.saturating_add(1)))
    }

    /// The characters, if all of them are unquoted.
    pub(super) fn plain_text(&self) -> Option<String> {
        if self.quoted {
            return None;
        }
        self.units.iter().map(|unit| if let Unit::Plain(c) = unit { Some(*c) } else { None }).collect()
    }
}
