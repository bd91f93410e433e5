//! What begins with `$`, a backtick, `<(` or `>(`: a gap in the word, and often commands that run.

use super::super::script::{GapKind, OpaqueReason, Span};
use super::blocks::{Block, Kind};
use super::chars;
use super::source::Derived;
use super::word::{Process, Unit};
use super::{Frame, Parser};

/// `${…}`
#[derive(Debug)]
pub(super) struct Parameter {
    start: u32,
    /// It stands in double quotes or in a here-document.
    quoted: bool,
    /// The name is read, and what is done with it comes next.
    operator_next: bool,
    /// `${!x}`
    indirect: bool,
    name: String,
}

/// An arithmetic expression.
#[derive(Debug)]
pub(super) struct Arithmetic {
    pub start: u32,
    pub kind: ArithmeticKind,
    /// Open parentheses or brackets.
    pub depth: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArithmeticKind {
    /// `$((…))`
    Expansion,
    /// `((…))`
    Command,
    /// `for ((…))`
    For,
    /// `$[…]`, `${x[…]}`, `x[…]=`
    Bracket,
    /// `${x:…}`: ends before the brace.
    Slice,
}

impl Parser<'_> {
    /// Reads an expansion after its first character, `$` or a backtick. True: a frame was opened for it.
    pub(super) fn expansion(&mut self, c: char, start: u32, quoted: bool) -> bool {
        if c == '`' {
            return self.backticks(start, quoted);
        }
        let splits = !quoted;
        match self.source.peek() {
            Some('(') => {
                self.source.bump();
                self.parenthesis(start, splits);
                true
            }
            Some('{') => {
                self.source.bump();
                self.open_parameter(start, quoted);
                true
            }
            Some('[') => {
                self.source.bump();
                self.bash_only(start);
                self.unit(Unit::Gap(GapKind::Arithmetic, splits));
                self.open_arithmetic(ArithmeticKind::Bracket, start);
                true
            }
            Some('\'') if !quoted => {
                self.source.bump();
                self.ansi_quotes(start);
                false
            }
            Some('"') if !quoted => {
                self.source.bump();
                self.bash_only(start);
                self.mark_quoted();
                self.frames.push(Frame::Quotes(start));
                true
            }
            Some(c) if chars::starts_name(c) => {
                let name = self.name();
                self.note_arithmetic(&name, start);
                self.unit(Unit::Gap(GapKind::Parameter, splits));
                false
            }
            Some(c @ ('@' | '*' | '#' | '?' | '-' | '$' | '!' | '0'..='9')) => {
                self.source.bump();
                self.note_arithmetic(c.encode_utf8(&mut [0; 4]), start);
                self.unit(Unit::Gap(GapKind::Parameter, splits || c == '@'));
                false
            }
            _ => {
                self.unit(Unit::Quoted('$'));
                false
            }
        }
    }

    /// `$(` or `$((`, after the first parenthesis.
    fn parenthesis(&mut self, start: u32, splits: bool) {
        if self.source.peek() == Some('(') {
            self.source.bump();
            self.unit(Unit::Gap(GapKind::Arithmetic, splits));
            self.open_arithmetic(ArithmeticKind::Expansion, start);
            return;
        }
        self.note_arithmetic("@", start);
        self.unit(Unit::Gap(GapKind::Substitution, splits));
        self.open_substitution(start);
    }

    /// Commands up to `)`, whose output becomes part of a word.
    fn open_substitution(&mut self, start: u32) {
        self.script.flat = false;
        let text = self.source.place();
        self.open_block(Kind::Substitution { process: None, text }, start);
    }

    /// `<(` or `>(`, next in the text.
    pub(super) fn open_process(&mut self) {
        let start = self.source.place();
        let reads = self.source.bump() == Some('>');
        self.source.bump();
        self.bash_only(start);
        self.script.flat = false;
        self.unit(Unit::Gap(GapKind::Process, false));
        let text = self.source.place();
        self.open_block(Kind::Substitution { process: Some(reads), text }, start);
    }

    /// The commands of `<(…)` end: the word remembers them.
    pub(super) fn close_process(&mut self, first: u32, reads: bool) {
        let end = self.here();
        if let Some(buffer) = self.buffers.last_mut() {
            buffer.processes.push(Process { first, end, reads });
        }
    }

    /// Backticks after the first: what is in them is a script of its own, with its own backslashes.
    fn backticks(&mut self, start: u32, quoted: bool) -> bool {
        self.script.flat = false;
        self.note_arithmetic("@", start);
        self.unit(Unit::Gap(GapKind::Substitution, !quoted));
        let text = self.source.place();
        let mut inner = Derived::default();
        let mut end;
        loop {
            let at = self.source.place();
            end = at;
            match self.source.bump_raw() {
                None => {
                    self.opaque_from(OpaqueReason::Unterminated, start);
                    break;
                }
                Some('`') => break,
                Some('\\') => match self.source.peek_raw() {
                    Some(c) if matches!(c, '$' | '`' | '\\') || (quoted && c == '"') => {
                        self.source.bump_raw();
                        inner.push(c, at);
                    }
                    _ => inner.push('\\', at),
                },
                Some(c) => inner.push(c, at),
            }
        }
        self.script.substitutions.push(Span { start: text, end });
        if self.derived >= self.limits.sources {
            self.opaque_from(OpaqueReason::TooLarge, start);
            return false;
        }
        self.derived = self.derived.saturating_add(1);
        let outer = std::mem::replace(&mut self.source, inner.source(end));
        let mut block = Block::new(Kind::Backticks, start);
        block.outer = Some(outer);
        self.push_block(block);
        true
    }

    /// A variable's name, next in the text.
    pub(super) fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.source.peek().filter(|c| chars::in_name(*c)) {
            self.source.bump();
            name.push(c);
        }
        name
    }

    /// `${` was read: the name, which may be a special parameter.
    fn open_parameter(&mut self, start: u32, quoted: bool) {
        self.unit(Unit::Gap(GapKind::Parameter, !quoted));
        self.mute();
        let special = |c: char| matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!');
        let mut indirect = false;
        let mut name = String::new();
        match self.source.peek() {
            // `${#}` and `${!}` are parameters, `${#x}` a length, `${!x}` an indirection.
            Some(c @ ('#' | '!')) => {
                self.source.bump();
                match self.source.peek() {
                    Some(next) if chars::in_name(next) => {
                        indirect = c == '!';
                        name = self.name();
                    }
                    Some('}') => name.push(c),
                    Some(next) if special(next) && self.source.second_is('}') => {
                        indirect = c == '!';
                        self.source.bump();
                        name.push(next);
                    }
                    _ => name.push(c),
                }
            }
            Some(c) if chars::in_name(c) => name = self.name(),
            Some(c) if special(c) => {
                self.source.bump();
                name.push(c);
            }
            // `${ command; }` runs a command in newer shells.
            Some(' ' | '\t' | '\n' | '|' | '(') => self.opaque_from(OpaqueReason::Ambiguous, start),
            _ => self.opaque_from(OpaqueReason::Syntax, start),
        }
        self.note_arithmetic(&name, start);
        if name == "@" {
            self.split_last();
        }
        let parameter = Parameter { start, quoted, operator_next: true, indirect, name };
        self.frames.push(Frame::Parameter(parameter));
    }

    /// The last gap may become several words although it is quoted.
    fn split_last(&mut self) {
        if let Some(Unit::Gap(_, splits)) = self.buffers.last_mut().and_then(|buffer| buffer.units.last_mut()) {
            *splits = true;
        }
    }

    /// Inside `${…}`.
    pub(super) fn parameter(&mut self, mut parameter: Parameter) {
        if parameter.operator_next {
            if self.source.peek() == Some('[') {
                return self.parameter_subscript(parameter);
            }
            parameter.operator_next = false;
            if self.parameter_operator(&mut parameter) {
                let start = self.source.place();
                self.frames.push(Frame::Parameter(parameter));
                self.frames.push(Frame::Arithmetic(Arithmetic { start, kind: ArithmeticKind::Slice, depth: 0 }));
                self.mute();
                return;
            }
        }
        loop {
            let at = self.source.place();
            if !parameter.quoted && matches!(self.source.peek(), Some('<' | '>')) && self.source.second_is('(') {
                self.frames.push(Frame::Parameter(parameter));
                return self.open_process();
            }
            match self.source.bump() {
                None => {
                    self.unmute();
                    return self.opaque_from(OpaqueReason::Unterminated, parameter.start);
                }
                Some('}') => return self.unmute(),
                // In double quotes, shells disagree: `"${x:-it's}"`, `"${x:-'$(a)'}"`.
                Some('\'') if parameter.quoted => self.opaque_from(OpaqueReason::Ambiguous, at),
                Some('\'') => self.single_quotes(at),
                Some('"') => {
                    self.frames.push(Frame::Parameter(parameter));
                    self.frames.push(Frame::Quotes(at));
                    return;
                }
                Some('\\') => {
                    self.source.bump_raw();
                }
                Some(c @ ('$' | '`')) => {
                    let quoted = parameter.quoted;
                    self.frames.push(Frame::Parameter(parameter));
                    if self.expansion(c, at, quoted) {
                        return;
                    }
                    let Some(Frame::Parameter(again)) = self.frames.pop() else { return };
                    parameter = again;
                }
                Some(_) => {}
            }
        }
    }

    /// `${x[…]…}`
    fn parameter_subscript(&mut self, mut parameter: Parameter) {
        let start = self.source.place();
        self.bash_only(parameter.start);
        self.source.bump();
        let all = matches!(self.source.peek(), Some('@' | '*')) && self.source.second_is(']');
        if all && self.source.peek() == Some('@') {
            // The gap stands before the muted part.
            self.split_last();
        }
        if all {
            // `${!x[@]}` are the keys: no name is looked up.
            parameter.indirect = false;
            self.source.bump();
            self.source.bump();
            parameter.operator_next = false;
            let slice = self.parameter_operator(&mut parameter);
            self.frames.push(Frame::Parameter(parameter));
            if slice {
                self.open_arithmetic(ArithmeticKind::Slice, start);
            }
            return;
        }
        self.frames.push(Frame::Parameter(parameter));
        self.open_arithmetic(ArithmeticKind::Bracket, start);
    }

    /// What is done with the parameter. True: an arithmetic expression follows.
    fn parameter_operator(&mut self, parameter: &mut Parameter) -> bool {
        let start = parameter.start;
        let operator = self.source.peek();
        let prefix = parameter.indirect && matches!(operator, Some('@' | '*')) && self.source.second_is('}');
        if prefix && operator == Some('@') {
            self.split_last();
        }
        if parameter.indirect {
            self.bash_only(start);
            if !prefix {
                // The variable's text is read as a name, whose subscript may run commands.
                self.opaque_from(OpaqueReason::Evaluated, start);
            }
        }
        match operator {
            None | Some('}') => return false,
            Some(':') => {
                self.source.bump();
                if !matches!(self.source.peek(), Some('-' | '=' | '?' | '+')) {
                    self.bash_only(start);
                    return true;
                }
                self.assigning_operator(parameter);
            }
            Some('-' | '=' | '?' | '+') => self.assigning_operator(parameter),
            Some('#' | '%') => {}
            Some('/' | '^' | ',') => self.bash_only(start),
            Some('@') if !prefix => {
                self.source.bump();
                self.bash_only(start);
                if !matches!(self.source.peek(), Some('Q' | 'U' | 'u' | 'L' | 'E' | 'A' | 'a' | 'K' | 'k')) {
                    // `@P` expands the text once more, with the commands in it.
                    self.opaque_from(OpaqueReason::Evaluated, start);
                }
            }
            Some('@' | '*') if prefix => {
                self.source.bump();
            }
            Some(_) => self.opaque_from(OpaqueReason::Syntax, start),
        }
        false
    }

    fn assigning_operator(&mut self, parameter: &Parameter) {
        if self.source.bump() == Some('=') {
            self.sets(&parameter.name, false, parameter.start);
        }
    }

    /// `NAME[` where an assignment may stand, next in the text.
    pub(super) fn open_subscript(&mut self) {
        let start = self.source.place();
        self.source.bump();
        self.unit(Unit::Gap(GapKind::Glob, true));
        if let Some(buffer) = self.buffers.last_mut() {
            buffer.subscript = true;
        }
        self.open_arithmetic(ArithmeticKind::Bracket, start);
    }
}
