//! Takes a shell script apart into simple commands.
//!
//! A pushdown automaton: what is open stands on an explicit stack of [`Frame`]s, and each step reads a character
//! or opens or closes a frame. So it never recurses, and takes time proportional to the text. What it does not
//! understand it records as [`Opaque`] and goes on where it can, so that commands further on are still found.
//! Knows the grammar of bash and of POSIX sh; knows nothing of what programs do.

mod ansi;
mod arithmetic;
mod blocks;
mod braces;
mod chars;
mod compound;
mod heredoc;
mod redirect;
mod simple;
mod source;
mod substitute;
mod word;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod bash_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod soup_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use self::blocks::Block;
use self::compound::{Case, For};
use self::heredoc::{Body, Pending};
use self::redirect::RedirectFrame;
use self::simple::SimpleFrame;
use self::source::Source;
use self::substitute::{Arithmetic, Parameter};
use self::word::{Buffer, WordMode};
use super::script::{Opaque, OpaqueReason, Script, Span, Word};
use crate::ShellDialect;

/// How much of a script is read. What passes a bound is [`OpaqueReason::TooLarge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShellLimits {
    /// Bytes of the text.
    pub text: usize,
    /// Open constructs: a command in a substitution in a word is three of them.
    pub depth: usize,
    /// Here-documents and backticks in one another.
    pub sources: usize,
    /// Simple commands.
    pub commands: usize,
    /// Words of all commands, after brace expansion.
    pub words: usize,
    /// Bytes of all words and of their copies (brace expansion, redirections of compound commands).
    pub bytes: usize,
    /// Entries of all `stdin_from`, and redirections that are inherited.
    pub links: usize,
    /// Parts that are not understood; further ones are not listed.
    pub opaque: usize,
}

impl Default for ShellLimits {
    fn default() -> ShellLimits {
        ShellLimits {
            text: 128 << 10,
            depth: 192,
            sources: 8,
            commands: 4096,
            words: 32_768,
            bytes: 1 << 20,
            links: 65_536,
            opaque: 64,
        }
    }
}

/// Takes a script apart. Any text gives a [`Script`]; nothing is guessed.
pub(crate) fn parse(dialect: ShellDialect, text: &str, limits: ShellLimits) -> Script {
    run(dialect, text, limits).0
}

/// The script, and how many steps it took.
fn run(dialect: ShellDialect, text: &str, limits: ShellLimits) -> (Script, usize) {
    let whole = text;
    let mut end = text.len().min(limits.text);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let text = text.get(..end).unwrap_or_default();
    let mut parser = Parser::new(dialect, text, limits);
    if end < whole.len() {
        parser.opaque_at(OpaqueReason::TooLarge, place(end), place(whole.len()));
    }
    parser.hidden_characters(text);
    parser.run();
    let steps = parser.steps;
    let mut script = parser.script;
    script.opaque.sort_unstable();
    script.opaque.dedup();
    script.substitutions.sort_unstable();
    (script, steps)
}

fn place(pos: usize) -> u32 {
    u32::try_from(pos).unwrap_or(u32::MAX)
}

/// Something that is open: what is being read, or what waits for the frame above it.
#[derive(Debug)]
enum Frame<'a> {
    /// A list of commands up to its closer.
    Block(Box<Block<'a>>),
    /// A simple command.
    Simple(Box<SimpleFrame>),
    /// A redirection after its operator.
    Redirect(Box<RedirectFrame>),
    /// The head of `for` and `select`.
    For(For),
    /// A `case` outside the bodies of its arms.
    Case(Case),
    /// `function` before the name.
    Function,
    /// `NAME=(` …
    Array,
    /// A word; its characters go to the last buffer.
    Word(WordMode),
    /// `"…"`
    Quotes(u32),
    /// `${…}`
    Parameter(Parameter),
    /// `$((…))`, `((…))`, `$[…]`, a subscript.
    Arithmetic(Arithmetic),
    /// `@(…)`, and parentheses in the regular expression of `[[ … =~ … ]]`.
    Pattern(u32),
    /// Here-documents whose bodies stand next in the text.
    Heredocs(std::collections::VecDeque<Pending>),
    /// The body of a here-document.
    Body(Box<Body<'a>>),
}

/// The automaton.
#[derive(Debug)]
struct Parser<'a> {
    dialect: ShellDialect,
    limits: ShellLimits,
    source: Source<'a>,
    frames: Vec<Frame<'a>>,
    /// The words that are being read, the innermost last.
    buffers: Vec<Buffer>,
    /// Here-documents whose bodies are still to come.
    pending: Vec<Pending>,
    /// The first of `pending` that belongs to the innermost substitution.
    pending_base: usize,
    /// Derived sources that are open.
    derived: usize,
    /// Open blocks other than the script itself.
    nesting: usize,
    words: usize,
    bytes: usize,
    links: usize,
    steps: usize,
    /// Reading was given up: a bound was passed.
    stopped: bool,
    /// Names that arithmetic evaluates, and what the script assigns: see `arithmetic`.
    arithmetic: arithmetic::Names,
    script: Script,
}

impl<'a> Parser<'a> {
    fn new(dialect: ShellDialect, text: &'a str, limits: ShellLimits) -> Parser<'a> {
        Parser {
            dialect,
            limits,
            source: Source::script(text),
            frames: Vec::new(),
            buffers: Vec::new(),
            pending: Vec::new(),
            pending_base: 0,
            derived: 0,
            nesting: 0,
            words: 0,
            bytes: 0,
            links: 0,
            steps: 0,
            stopped: false,
            arithmetic: arithmetic::Names::default(),
            script: Script { flat: true, ..Script::default() },
        }
    }

    fn run(&mut self) {
        self.frames.push(Frame::Block(Box::new(Block::script())));
        while let Some(frame) = self.frames.pop() {
            self.steps = self.steps.saturating_add(1);
            if self.frames.len() > self.limits.depth && !self.stopped {
                self.stop();
            }
            match frame {
                Frame::Block(block) => self.block(block),
                Frame::Simple(simple) => self.simple(simple),
                Frame::Redirect(redirect) => self.redirect_target(redirect),
                Frame::For(head) => self.for_head(head),
                Frame::Case(case) => self.case(case),
                Frame::Function => self.function_name(),
                Frame::Array => self.array(),
                Frame::Word(mode) => self.word(mode),
                Frame::Quotes(start) => self.quotes(start),
                Frame::Parameter(parameter) => self.parameter(parameter),
                Frame::Arithmetic(arithmetic) => self.arithmetic(arithmetic),
                Frame::Pattern(start) => self.pattern(start),
                Frame::Heredocs(queue) => self.heredocs(queue),
                Frame::Body(body) => self.body(body),
            }
        }
        self.check_arithmetic();
    }

    /// Gives up: the rest of the text is not read. What is open is closed as if the text ended.
    fn stop(&mut self) {
        let start = self.source.place();
        self.opaque_at(OpaqueReason::TooLarge, start, start);
        self.stopped = true;
        self.source.skip_to_end();
    }

    /// Goes back to the text around a derived one.
    fn restore(&mut self, outer: Source<'a>) {
        self.source = outer;
        self.derived = self.derived.saturating_sub(1);
        if self.stopped {
            self.source.skip_to_end();
        }
    }

    fn bash(&self) -> bool {
        self.dialect == ShellDialect::Bash
    }

    /// A construct of bash that other shells read in another way.
    fn bash_only(&mut self, start: u32) {
        if !self.bash() {
            self.opaque_from(OpaqueReason::Ambiguous, start);
        }
    }

    fn opaque_at(&mut self, reason: OpaqueReason, start: u32, end: u32) {
        if self.script.opaque.len() < self.limits.opaque {
            self.script.opaque.push(Opaque { reason, span: Span { start, end: end.max(start) } });
        }
    }

    /// Not understood from here to what is read next.
    fn opaque_from(&mut self, reason: OpaqueReason, start: u32) {
        if !self.stopped {
            let end = self.source.place();
            self.opaque_at(reason, start, end);
        }
    }

    /// Characters that are not acceptable anywhere.
    fn hidden_characters(&mut self, text: &str) {
        for (at, c) in text.char_indices() {
            if chars::hidden(c) {
                self.opaque_at(OpaqueReason::Character, place(at), place(at.saturating_add(c.len_utf8())));
            }
        }
    }

    fn here(&self) -> u32 {
        place(self.script.commands.len())
    }

    /// Pays for a word that is kept. False: too many, and the word must be left out.
    fn pay(&mut self, word: &Word) -> bool {
        self.words = self.words.saturating_add(1);
        self.bytes = self.bytes.saturating_add(word.text.len()).saturating_add(word.gaps.len().saturating_mul(12));
        let paid = self.words <= self.limits.words && self.bytes <= self.limits.bytes;
        if !paid && !self.stopped {
            self.stop();
        }
        paid
    }

    /// Pays for a connection between commands.
    fn pay_link(&mut self) -> bool {
        self.links = self.links.saturating_add(1);
        if self.links == self.limits.links {
            let at = self.source.place();
            self.opaque_at(OpaqueReason::TooLarge, at, at);
        }
        self.links < self.limits.links
    }
}
