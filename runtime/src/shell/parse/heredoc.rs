//! Here-documents: their delimiters, and their bodies after the line.

use std::collections::VecDeque;

use super::super::script::{OpaqueReason, Span};
use super::source::{Derived, Source};
use super::word::{Buffer, Unit};
use super::words::Expand;
use super::{Frame, Parser, chars};

/// A here-document whose body is still to be read.
#[derive(Debug)]
pub(super) struct Pending {
    pub delimiter: String,
    /// Some part of the delimiter is quoted: nothing in the body is expanded.
    pub literal: bool,
    /// `<<-`: tabs at the beginning of lines are dropped.
    pub strips: bool,
    pub start: u32,
    /// The commands it belongs to, and which of their redirections it is.
    pub slots: Vec<(u32, u32)>,
}

/// A body that is being expanded; it is the source, and this is the text around it.
#[derive(Debug)]
pub(super) struct Body<'a> {
    outer: Source<'a>,
    slots: Vec<(u32, u32)>,
    pending_base: usize,
}

impl<'a> Parser<'a> {
    /// The delimiter: quotes are removed, and nothing is expanded.
    pub(super) fn delimiter(&mut self) {
        loop {
            let start = self.source.place();
            let Some(c) = self.source.peek().filter(|c| !chars::is_meta(*c)) else { break };
            self.source.bump();
            match c {
                '\'' => self.single_quotes(start),
                '"' => self.delimiter_quotes(start),
                '\\' => {
                    self.mark_quoted();
                    let next = self.source.bump_raw().unwrap_or('\\');
                    self.unit(Unit::Quoted(next));
                }
                '$' | '`' => {
                    // Shells do not agree on how far `$(` or `$'` in a delimiter goes.
                    if c == '`' || matches!(self.source.peek(), Some('(' | '{' | '\'' | '"' | '[')) {
                        self.opaque_from(OpaqueReason::Ambiguous, start);
                    }
                    self.unit(Unit::Plain(c));
                }
                _ => self.unit(Unit::Plain(c)),
            }
        }
        let Some(mut buffer) = self.buffers.pop() else { return };
        buffer.end = self.source.place();
        self.deliver(buffer);
    }

    fn delimiter_quotes(&mut self, start: u32) {
        self.mark_quoted();
        loop {
            match self.source.bump() {
                Some('"') => return,
                Some('\\') => match self.source.peek_raw() {
                    Some(c @ ('$' | '`' | '"' | '\\')) => {
                        self.source.bump_raw();
                        self.unit(Unit::Quoted(c));
                    }
                    _ => self.unit(Unit::Quoted('\\')),
                },
                Some(c) => self.unit(Unit::Quoted(c)),
                None => return self.opaque_from(OpaqueReason::Unterminated, start),
            }
        }
    }

    /// Here-documents that were announced and whose line never ended.
    pub(super) fn forget_heredocs(&mut self, start: u32) {
        if self.pending.len() > self.pending_base {
            let start = self.pending.get(self.pending_base).map_or(start, |pending| pending.start);
            self.opaque_from(OpaqueReason::Unterminated, start);
            self.pending.truncate(self.pending_base);
        }
    }

    /// Reads the next body.
    pub(super) fn heredocs(&mut self, mut queue: VecDeque<Pending>) {
        let Some(pending) = queue.pop_front() else { return };
        self.frames.push(Frame::Heredocs(queue));
        let start = self.source.place();
        let body = self.body_lines(&pending);
        let end = self.source.place();
        if pending.literal {
            let units = body.text().chars().map(Unit::Quoted).collect();
            return self.fill(&pending.slots, Buffer { units, quoted: true, start, end, ..Buffer::default() });
        }
        if self.derived >= self.limits.sources {
            return self.opaque_at(OpaqueReason::TooLarge, pending.start, start);
        }
        self.derived = self.derived.saturating_add(1);
        let outer = std::mem::replace(&mut self.source, body.source(end));
        let body = Body { outer, slots: pending.slots, pending_base: self.pending_base };
        self.pending_base = self.pending.len();
        self.buffers.push(Buffer { start, quoted: true, ..Buffer::default() });
        self.frames.push(Frame::Body(Box::new(body)));
    }

    /// The lines up to the delimiter, which is taken as well.
    fn body_lines(&mut self, pending: &Pending) -> Derived {
        let mut body = Derived::default();
        let mut continued = false;
        loop {
            if self.source.rest().is_empty() {
                if !pending.delimiter.is_empty() || continued {
                    self.opaque_from(OpaqueReason::Unterminated, pending.start);
                }
                return body;
            }
            if pending.strips && !continued {
                while self.source.peek_raw() == Some('\t') {
                    self.source.bump_raw();
                }
            }
            let line = self.source.rest().split('\n').next().unwrap_or_default();
            let slashes = line.bytes().rev().take_while(|b| *b == b'\\').count();
            if line == pending.delimiter {
                if continued {
                    // A continued line that reads like the delimiter is not the end, but looks like it.
                    self.opaque_from(OpaqueReason::Ambiguous, pending.start);
                } else {
                    self.source.line();
                    self.source.bump_raw();
                    return body;
                }
            }
            continued = !pending.literal && slashes % 2 == 1;
            loop {
                let at = self.source.place();
                let Some(c) = self.source.bump_raw() else { break };
                body.push(c, at);
                if c == '\n' {
                    break;
                }
            }
        }
    }

    /// The body is known: the commands get it.
    fn fill(&mut self, slots: &[(u32, u32)], buffer: Buffer) {
        let word = self.expand(&buffer, Expand::Nothing).pop().unwrap_or_default();
        for (command, redirect) in slots {
            if !self.pay(&word) {
                return;
            }
            let Some(command) = self.script.commands.get_mut(*command as usize) else { continue };
            let Some(redirect) = command.redirects.get_mut(*redirect as usize) else { continue };
            redirect.target.clone_from(&word);
            let Span { start, end } = word.span;
            redirect.target.span = Span { start, end: end.max(start) };
        }
    }
}

impl<'a> Parser<'a> {
    /// Expands a body: only `$`, backticks and backslashes are special.
    pub(super) fn body(&mut self, body: Box<Body<'a>>) {
        let mut body = body;
        loop {
            let at = self.source.place();
            match self.source.bump() {
                None => return self.finish_body(*body),
                Some('\\') => match self.source.peek_raw() {
                    Some(c @ ('$' | '`' | '\\')) => {
                        self.source.bump_raw();
                        self.unit(Unit::Quoted(c));
                    }
                    _ => self.unit(Unit::Quoted('\\')),
                },
                Some(c @ ('$' | '`')) => {
                    self.frames.push(Frame::Body(body));
                    if self.expansion(c, at, true) {
                        return;
                    }
                    let Some(Frame::Body(again)) = self.frames.pop() else { return };
                    body = again;
                }
                Some(c) => self.unit(Unit::Quoted(c)),
            }
        }
    }

    fn finish_body(&mut self, body: Body<'a>) {
        let end = self.source.place();
        self.pending_base = body.pending_base;
        self.restore(body.outer);
        if let Some(mut buffer) = self.buffers.pop() {
            buffer.end = end;
            self.fill(&body.slots, buffer);
        }
    }
}
