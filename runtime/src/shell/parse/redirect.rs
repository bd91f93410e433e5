//! Redirections: the operator, then the target.

use super::super::script::{GapKind, OpaqueReason, Redirect, RedirectOp, Span, Word};
use super::heredoc::Pending;
use super::word::{Buffer, Unit, WordMode};
use super::words::Expand;
use super::{Frame, Parser, chars, place};

/// A redirection whose target is still to be read.
#[derive(Debug)]
pub(super) struct RedirectFrame {
    start: u32,
    op: RedirectOp,
    fd: Option<u32>,
    /// `>&` or `<&`
    duplicates: bool,
    /// The descriptor was written.
    given: bool,
    /// `<<-`
    strips: bool,
    /// For a compound command: the first command in it.
    compound: Option<u32>,
}

impl Parser<'_> {
    /// Takes the operator of a redirection, with its descriptor, if one is next.
    pub(super) fn redirect_operator(&mut self, compound: Option<u32>) -> Option<RedirectFrame> {
        let pos = self.source.pos();
        let start = self.source.place();
        let mut redirect = RedirectFrame {
            start,
            op: RedirectOp::Read,
            fd: None,
            duplicates: false,
            given: true,
            strips: false,
            compound,
        };
        let mut two_digits = false;
        let named = match self.source.peek()? {
            '0'..='9' => {
                redirect.fd = self.descriptor();
                two_digits = redirect.fd.is_none_or(|fd| fd > 9);
                false
            }
            '{' if self.variable() => true,
            '&' if self.source.second_is('>') => {
                self.source.bump();
                self.source.bump();
                self.bash_only(start);
                redirect.fd = Some(1);
                redirect.op = if self.source.eat('>') { RedirectOp::Append } else { RedirectOp::Write };
                return Some(redirect);
            }
            '<' | '>' => {
                redirect.given = false;
                false
            }
            _ => return self.no_redirect(pos),
        };
        let c = self.source.peek();
        // `<(` is a word, also after digits.
        if !matches!(c, Some('<' | '>')) || self.source.second_is('(') {
            return self.no_redirect(pos);
        }
        if named || two_digits {
            self.bash_only(start);
        }
        self.source.bump();
        let input = c == Some('<');
        if !redirect.given {
            redirect.fd = Some(u32::from(!input));
        }
        if input {
            self.input_operator(&mut redirect)
        } else {
            self.output_operator(&mut redirect)
        }
        if redirect.duplicates && self.source.peek() == Some('-') {
            self.closes_descriptor(start);
        }
        Some(redirect)
    }

    fn no_redirect(&mut self, pos: usize) -> Option<RedirectFrame> {
        self.source.reset(pos);
        None
    }

    /// Digits; a number that is too large is no descriptor.
    fn descriptor(&mut self) -> Option<u32> {
        let mut value = Some(0u32);
        while let Some(digit) = self.source.peek().and_then(|c| c.to_digit(10)) {
            self.source.bump();
            value = value.and_then(|v| v.checked_mul(10)?.checked_add(digit));
        }
        value
    }

    /// `{name}`
    fn variable(&mut self) -> bool {
        self.source.bump();
        chars::is_name(&self.name()) && self.source.eat('}')
    }

    /// `>&-` ends after the dash: in `>&-rm x`, bash runs `rm`.
    fn closes_descriptor(&mut self, start: u32) {
        let pos = self.source.pos();
        self.source.bump();
        if !self.source.peek().is_none_or(chars::is_meta) {
            self.opaque_from(OpaqueReason::Ambiguous, start);
        }
        self.source.reset(pos);
    }

    fn input_operator(&mut self, redirect: &mut RedirectFrame) {
        if self.source.eat('<') {
            if self.source.eat('<') {
                redirect.op = RedirectOp::HereString;
                self.bash_only(redirect.start);
            } else {
                redirect.op = RedirectOp::HereDoc;
                redirect.strips = self.source.eat('-');
            }
        } else if self.source.eat('&') {
            redirect.op = RedirectOp::Duplicate;
            redirect.duplicates = true;
        } else if self.source.eat('>') {
            redirect.op = RedirectOp::ReadWrite;
        }
    }

    fn output_operator(&mut self, redirect: &mut RedirectFrame) {
        redirect.op = RedirectOp::Write;
        if self.source.eat('>') {
            redirect.op = RedirectOp::Append;
        } else if self.source.eat('&') {
            redirect.duplicates = true;
        } else {
            self.source.eat('|');
        }
    }

    /// After the operator: begins the target.
    pub(super) fn redirect_target(&mut self, redirect: Box<RedirectFrame>) {
        self.source.blanks();
        let process = matches!(self.source.peek(), Some('<' | '>')) && self.source.second_is('(');
        if self.source.peek().is_none_or(|c| chars::is_meta(c) || c == '#') && !process {
            return self.opaque_from(OpaqueReason::Syntax, redirect.start);
        }
        let mode = if redirect.op == RedirectOp::HereDoc { WordMode::Delimiter } else { WordMode::Other };
        self.frames.push(Frame::Redirect(redirect));
        self.open_word(mode);
    }

    /// The target has been read.
    pub(super) fn redirect_word(&mut self, mut it: Box<RedirectFrame>, buffer: &Buffer) {
        if it.op == RedirectOp::HereDoc {
            return self.heredoc(&it, buffer);
        }
        let name = |text: &str| text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).is_some_and(chars::is_name);
        let descriptor = |text: String| text.bytes().all(|b| b.is_ascii_digit()) || name(&text);
        if matches!(self.source.peek(), Some('<' | '>')) && buffer.plain_text().is_some_and(descriptor) {
            // `> 2> f`: a second redirection where the first has no file.
            self.opaque_from(OpaqueReason::Syntax, it.start);
        }
        let expand = if it.op == RedirectOp::HereString { Expand::HereString } else { Expand::Target };
        let target = self.expand(buffer, expand).pop().unwrap_or_default();
        if it.duplicates {
            self.duplicate(&mut it, &target);
        }
        if !self.pay(&target) {
            return;
        }
        let redirect = Redirect { op: it.op, fd: it.fd, target, inherited: false };
        match it.compound {
            None => self.attach(redirect, Some(buffer), None),
            Some(first) => {
                let end = self.here();
                for process in &buffer.processes {
                    if process.reads {
                        self.feed_commands(process, first, process.first);
                    }
                }
                let first_process = buffer.processes.first().map_or(end, |process| process.first);
                self.inherit(&redirect, first, first_process, None);
            }
        }
    }

    /// `>&1`, `>&-`, `>&file`.
    fn duplicate(&mut self, it: &mut RedirectFrame, target: &Word) {
        let text = target.text.strip_suffix('-').unwrap_or(&target.text);
        let descriptor = target.gaps.is_empty() && !target.text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if descriptor || it.op == RedirectOp::Duplicate {
            it.op = RedirectOp::Duplicate;
            return;
        }
        let output = it.fd == Some(1);
        if it.given && !output && !target.gaps.is_empty() {
            // A descriptor, or an error.
            it.op = RedirectOp::Duplicate;
        } else if !output || !self.bash() {
            // To a file: bash writes both outputs to it; other shells refuse.
            self.opaque_from(OpaqueReason::Ambiguous, it.start);
        }
    }

    /// A redirection of a compound command applies to the commands in it.
    fn inherit(&mut self, redirect: &Redirect, first: u32, end: u32, pending: Option<usize>) {
        self.script.flat = false;
        for index in first..end {
            if !self.pay(&redirect.target) || !self.pay_link() {
                return;
            }
            let Some(command) = self.script.commands.get_mut(index as usize) else { return };
            if let Some(pending) = pending.and_then(|pending| self.pending.get_mut(pending)) {
                pending.slots.push((index, place(command.redirects.len())));
            }
            command.redirects.push(Redirect { inherited: true, ..redirect.clone() });
        }
    }

    /// `<<` and its delimiter: the body comes after the line.
    fn heredoc(&mut self, it: &RedirectFrame, buffer: &Buffer) {
        let odd = |unit: &Unit| matches!(unit, Unit::Gap(GapKind::Substitution, _) | Unit::Quoted('\n'));
        if buffer.units.iter().any(odd) {
            self.opaque_from(OpaqueReason::Ambiguous, it.start);
        }
        let delimiter = buffer.units.iter().filter_map(|unit| match unit {
            Unit::Plain(c) | Unit::Quoted(c) => Some(*c),
            Unit::Gap(..) | Unit::Quote => None,
        });
        let pending = Pending {
            delimiter: delimiter.collect(),
            literal: buffer.quoted,
            strips: it.strips,
            start: it.start,
            slots: Vec::new(),
        };
        let index = self.pending.len();
        self.pending.push(pending);
        let span = Span { start: buffer.start, end: buffer.end };
        let target = Word { span, quoted: true, ..Word::default() };
        let redirect = Redirect { op: it.op, fd: it.fd, target, inherited: false };
        match it.compound {
            None => self.attach(redirect, None, Some(index)),
            Some(first) => self.inherit(&redirect, first, self.here(), Some(index)),
        }
    }
}
