//! Simple commands: assignments, words and redirections up to a separator; also `[[ … ]]` and function names.

use super::super::script::{Assignment, Gap, GapKind, OpaqueReason, Redirect, RedirectOp, Simple, Span, Word};
use super::arithmetic::{compares_numbers, is_integer};
use super::word::{Buffer, Process, Unit, WordMode};
use super::words::Expand;
use super::{Frame, Parser, chars, place};

/// A simple command being read.
#[derive(Debug, Default)]
pub(super) struct SimpleFrame {
    start: u32,
    end: u32,
    assignments: Vec<Assignment>,
    words: Vec<Word>,
    pub redirects: Vec<Redirect>,
    /// Here-documents whose bodies are to come: which of the pending ones, and which redirection.
    pub heredocs: Vec<(usize, usize)>,
    pub processes: Vec<Process>,
    /// Commands whose output is its input: `< <(…)`.
    pub sources: Vec<Process>,
    test: Test,
    /// `export`, `declare` and the like: arguments may be assignments of arrays.
    declares: bool,
    /// The only word so far is unquoted, so it may name a function.
    may_define: bool,
}

/// In `[[ … ]]`, or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Test {
    #[default]
    No,
    Words,
    /// After `=~`.
    Regex,
}

/// The operators between two operands in `[[ … ]]`.
const COMPARES: [&str; 15] =
    ["=", "==", "!=", "=~", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];

/// Do these words between `[[` and `]]` look like conditions: `x`, `-f x` or `x = y`, with operators between?
fn well_formed(words: &[Word]) -> bool {
    // How many words of a condition there are, and whether the first or the second is an operator.
    let mut length = 0u32;
    let mut unary = false;
    let mut binary = false;
    let mut depth = 0u32;
    for word in words.iter().skip(1) {
        let text = if word.quoted || !word.gaps.is_empty() { "" } else { word.text.as_str() };
        let complete = length == 1 || (length == 2 && unary) || (length == 3 && binary);
        match text {
            "!" if length == 0 => {}
            "(" if length == 0 => depth = depth.saturating_add(1),
            ")" if complete && depth > 0 => {
                depth = depth.saturating_sub(1);
                (length, binary) = (3, true);
            }
            "&&" | "||" if complete => length = 0,
            "]]" if complete => return depth == 0,
            "!" | "(" | ")" | "&&" | "||" | "]]" => return false,
            _ => {
                match length {
                    0 => unary = text.starts_with('-'),
                    1 => binary = COMPARES.contains(&text),
                    _ => {}
                }
                length = length.saturating_add(1);
            }
        }
    }
    false
}

impl Parser<'_> {
    pub(super) fn open_simple(&mut self) {
        let start = self.source.place();
        self.frames.push(Frame::Simple(Box::new(SimpleFrame { start, end: start, ..SimpleFrame::default() })));
    }

    /// `[[`, next in the text.
    pub(super) fn open_test(&mut self) {
        self.script.flat = false;
        self.open_simple();
        if let Some(Frame::Simple(simple)) = self.frames.last_mut() {
            simple.test = Test::Words;
        }
        self.open_word(WordMode::Other);
    }

    /// Does the innermost simple command declare variables?
    pub(super) fn declares(&self) -> bool {
        // The word's own frame has been taken off.
        matches!(self.frames.last(), Some(Frame::Simple(simple)) if simple.declares)
    }

    /// Reads on in a simple command.
    pub(super) fn simple(&mut self, simple: Box<SimpleFrame>) {
        if simple.test != Test::No {
            return self.test(simple);
        }
        self.source.blanks();
        let start = self.source.place();
        let Some(c) = self.source.peek() else { return self.close_simple(*simple) };
        if let Some(redirect) = self.redirect_operator(None) {
            self.frames.push(Frame::Simple(simple));
            self.frames.push(Frame::Redirect(Box::new(redirect)));
            return;
        }
        match c {
            '#' => {
                self.source.line();
                self.close_simple(*simple);
            }
            '(' => self.parenthesis_in_simple(*simple, start),
            '<' | '>' => self.open_argument(simple),
            _ if chars::is_meta(c) => self.close_simple(*simple),
            _ => self.open_argument(simple),
        }
    }

    fn open_argument(&mut self, simple: Box<SimpleFrame>) {
        let assignable = simple.words.is_empty();
        self.frames.push(Frame::Simple(simple));
        self.open_word(WordMode::Command { assignable });
    }

    /// `(` after words: the name of a function, or nothing that is grammar.
    fn parenthesis_in_simple(&mut self, simple: SimpleFrame, start: u32) {
        let names = simple.may_define && simple.words.len() == 1 && simple.redirects.is_empty();
        self.source.bump();
        self.source.blanks();
        if names && simple.assignments.is_empty() && self.source.eat(')') {
            if let Some(first) = simple.words.first()
                && let Some(name) = first.known()
            {
                self.script.functions.push(name.to_owned());
                self.check_name(first.span, name);
            }
            return self.expect_body();
        }
        self.opaque_at(OpaqueReason::Syntax, start, start.saturating_add(1));
        self.close_simple(simple);
        self.open_block(super::blocks::Kind::Subshell, start);
    }

    /// A program or function whose name has characters that people cannot tell apart.
    fn check_name(&mut self, span: Span, name: &str) {
        if !name.is_ascii() {
            self.opaque_at(OpaqueReason::Character, span.start, span.end);
        }
    }

    /// `[[ … ]]`: everything up to `]]` is a word.
    fn test(&mut self, mut simple: Box<SimpleFrame>) {
        self.source.blanks();
        let start = self.source.place();
        let Some(c) = self.source.peek() else {
            self.opaque_from(OpaqueReason::Unterminated, simple.start);
            return self.close_simple(*simple);
        };
        match c {
            '\n' => {
                self.frames.push(Frame::Simple(simple));
                self.newline();
            }
            '#' => {
                // A comment to some versions, a word to others.
                self.opaque_from(OpaqueReason::Ambiguous, start);
                self.open_test_word(simple);
            }
            '(' if simple.test == Test::Regex => self.open_test_word(simple),
            '<' | '>' if self.source.second_is('(') => self.open_test_word(simple),
            '(' | ')' | '<' | '>' | '&' | '|' | ';' => {
                self.source.bump();
                let mut text = String::from(c);
                if matches!(c, '&' | '|') && self.source.eat(c) {
                    text.push(c);
                } else if matches!(c, '&' | '|' | ';') {
                    self.opaque_from(OpaqueReason::Syntax, start);
                }
                let end = self.source.place();
                let word = Word { text, span: Span { start, end }, ..Word::default() };
                if self.pay(&word) {
                    simple.words.push(word);
                }
                self.frames.push(Frame::Simple(simple));
            }
            _ => self.open_test_word(simple),
        }
    }

    fn open_test_word(&mut self, simple: Box<SimpleFrame>) {
        let mode = if simple.test == Test::Regex { WordMode::Regex } else { WordMode::Test };
        self.frames.push(Frame::Simple(simple));
        self.open_word(mode);
    }

    /// A word of the command has been read.
    pub(super) fn simple_word(&mut self, mut simple: Box<SimpleFrame>, buffer: Buffer) {
        simple.end = buffer.end;
        simple.processes.extend_from_slice(&buffer.processes);
        if simple.test != Test::No {
            return self.test_word(simple, &buffer);
        }
        if simple.words.is_empty()
            && let Some((name, value)) = buffer.assignment()
        {
            self.assignment(&mut simple, &buffer, name, value);
            return self.frames.push(Frame::Simple(simple));
        }
        let first = simple.words.is_empty();
        if first {
            simple.may_define = buffer.plain_text().is_some();
            simple.declares = buffer
                .plain_text()
                .is_some_and(|name| matches!(name.as_str(), "declare" | "typeset" | "local" | "export" | "readonly"));
        }
        let mut words = self.expand(&buffer, Expand::Argument);
        if buffer.array {
            for word in &mut words {
                word.gaps.push(Gap { at: place(word.text.len()), kind: GapKind::Parameter, splits: true });
            }
        }
        if first && let Some(program) = words.first() {
            let name = program.text.clone();
            self.check_name(program.span, &name);
        }
        for word in words {
            if self.pay(&word) {
                simple.words.push(word);
            }
        }
        self.frames.push(Frame::Simple(simple));
    }

    fn test_word(&mut self, mut simple: Box<SimpleFrame>, buffer: &Buffer) {
        simple.test = Test::Words;
        let plain = buffer.plain_text();
        if compares_numbers(&buffer.units) && !buffer.quoted {
            self.note_operand(simple.words.last());
        } else if let Some(last) = simple.words.last()
            && !last.quoted
            && matches!(last.text.as_str(), "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-v")
        {
            self.note_buffer(buffer);
        }
        let ends = plain.as_deref() == Some("]]");
        if plain.as_deref() == Some("=~") {
            simple.test = Test::Regex;
        }
        if buffer.units.is_empty() && !buffer.quoted {
            // Nothing was taken: a parenthesis that closes nothing.
            let start = self.source.place();
            self.source.bump();
            self.opaque_from(OpaqueReason::Syntax, start);
        }
        for word in self.expand(buffer, Expand::Nothing) {
            if self.pay(&word) {
                simple.words.push(word);
            }
        }
        if !ends {
            return self.frames.push(Frame::Simple(simple));
        }
        if !well_formed(&simple.words) {
            self.opaque_at(OpaqueReason::Syntax, simple.start, simple.end);
        }
        self.emit(*simple);
        let here = self.here();
        self.after_compound(here.saturating_sub(1));
    }

    /// `NAME=value` before the program.
    fn assignment(&mut self, simple: &mut SimpleFrame, buffer: &Buffer, name: usize, value: usize) {
        self.script.flat = false;
        let name: String = buffer
            .units
            .iter()
            .take(name)
            .filter_map(|unit| if let Unit::Plain(c) = unit { Some(*c) } else { None })
            .collect();
        let appends = value.checked_sub(2).and_then(|at| buffer.units.get(at)) == Some(&Unit::Plain('+'));
        if buffer.subscript || appends {
            self.bash_only(buffer.start);
        }
        let units = buffer.units.get(value..).unwrap_or_default().to_vec();
        let value = Buffer { units, quoted: buffer.quoted, start: buffer.start, end: buffer.end, ..Buffer::default() };
        let mut word = self.expand(&value, Expand::Assignment).pop().unwrap_or_default();
        if buffer.array {
            word.gaps.insert(0, Gap { at: 0, kind: GapKind::Parameter, splits: true });
        }
        self.arithmetic.assign(&name, is_integer(&word));
        if self.pay(&word) {
            simple.assignments.push(Assignment { name, value: word });
        }
    }

    /// A simple command has ended before its separator.
    fn close_simple(&mut self, simple: SimpleFrame) {
        let nothing = simple.words.is_empty() && simple.assignments.is_empty() && simple.redirects.is_empty();
        if nothing {
            return self.after_simple();
        }
        self.emit(simple);
        self.after_simple();
    }

    /// Adds a command to the script.
    fn emit(&mut self, simple: SimpleFrame) {
        let index = self.here();
        if index as usize >= self.limits.commands {
            if !self.stopped {
                self.stop();
            }
            return;
        }
        if !simple.redirects.is_empty() {
            self.script.flat = false;
        }
        for (pending, redirect) in simple.heredocs {
            if let Some(pending) = self.pending.get_mut(pending) {
                pending.slots.push((index, place(redirect)));
            }
        }
        let mut stdin_from = Vec::new();
        if let Some((first, end)) = self.current_feed() {
            self.link_range(&mut stdin_from, first, end);
        }
        for source in simple.sources {
            self.link_range(&mut stdin_from, source.first, source.end);
        }
        for process in simple.processes.iter().filter(|process| process.reads) {
            self.feed_commands(process, index, index.saturating_add(1));
        }
        self.script.commands.push(Simple {
            assignments: simple.assignments,
            words: simple.words,
            redirects: simple.redirects,
            stdin_from,
            nested: self.nesting > 0,
            span: Span { start: simple.start, end: simple.end.max(simple.start) },
        });
    }

    fn link_range(&mut self, list: &mut Vec<u32>, first: u32, end: u32) {
        for index in first..end {
            if !self.pay_link() {
                return;
            }
            list.push(index);
        }
    }

    /// Commands of a `>(…)` read what these commands write.
    pub(super) fn feed_commands(&mut self, process: &Process, first: u32, end: u32) {
        for reader in process.first..process.end {
            let idle = self.script.commands.get(reader as usize).is_some_and(|c| c.stdin_from.is_empty());
            if !idle {
                continue;
            }
            let mut from = Vec::new();
            self.link_range(&mut from, first, end);
            if let Some(command) = self.script.commands.get_mut(reader as usize) {
                command.stdin_from = from;
            }
        }
    }

    /// A redirection of the innermost simple command has been read.
    pub(super) fn attach(&mut self, redirect: Redirect, buffer: Option<&Buffer>, pending: Option<usize>) {
        let Some(Frame::Simple(simple)) = self.frames.last_mut() else { return };
        simple.end = simple.end.max(redirect.target.span.end);
        if let Some(pending) = pending {
            simple.heredocs.push((pending, simple.redirects.len()));
        }
        if let Some(buffer) = buffer {
            let reads = redirect.op == RedirectOp::Read;
            simple.sources.extend(buffer.processes.iter().filter(|p| reads && !p.reads));
            simple.processes.extend_from_slice(&buffer.processes);
        }
        simple.redirects.push(redirect);
    }
}
