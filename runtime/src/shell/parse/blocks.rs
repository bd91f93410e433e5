//! Lists of commands: separators, pipes, closers, and what may begin a command.

use super::super::script::{OpaqueReason, Span};
use super::source::Source;
use super::{Frame, Parser, chars};

/// What a list of commands is part of, which decides what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Script,
    /// `( … )`
    Subshell,
    /// `$( … )`; `process`: `<( … )`, or `>( … )` if true. `text`: where the text inside begins.
    Substitution {
        process: Option<bool>,
        text: u32,
    },
    /// The text in backticks: a source of its own.
    Backticks,
    /// `{ … }`
    Group,
    /// After `if` or `elif`.
    Condition,
    /// After `then`.
    Then,
    /// After `else`.
    Else,
    /// After `while` or `until`.
    LoopCondition,
    /// After `do`.
    LoopBody,
    /// The commands of an arm of `case`.
    Arm,
}

/// Commands whose output arrives: a range of the script's.
pub(super) type Feed = Option<(u32, u32)>;

/// A list of commands being read.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub kind: Kind,
    pub start: u32,
    /// The first command of this block, of the and-or list, and of the stage of the pipeline.
    pub first: u32,
    list_first: u32,
    stage_first: u32,
    /// What arrives at the block's standard input, and at the present stage's.
    base_feed: Feed,
    pub feed: Feed,
    /// A command has ended; a separator is next.
    after: bool,
    /// The command that has ended is compound: its first command. Redirections may follow.
    compound: Option<u32>,
    /// A command must follow: after `&&`, `|`, `!`.
    required: bool,
    /// After `|`.
    piped: bool,
    /// After `!`.
    negated: bool,
    /// There is no command yet.
    empty: bool,
    /// A function's body must follow.
    body: bool,
    /// The present list runs beside the script.
    aside: bool,
    /// To be restored at the end.
    pending_base: usize,
    pub outer: Option<Source<'a>>,
    /// Where the closer stands, once it is read.
    closer: Option<u32>,
}

/// Words that are special where a command may begin.
pub(super) const RESERVED: [&str; 22] = [
    "!", "{", "}", "[[", "]]", "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "for", "select",
    "case", "esac", "in", "function", "time", "coproc",
];

impl<'a> Block<'a> {
    pub(super) fn script() -> Block<'a> {
        Block::new(Kind::Script, 0)
    }

    pub(super) fn new(kind: Kind, start: u32) -> Block<'a> {
        Block {
            kind,
            start,
            first: 0,
            list_first: 0,
            stage_first: 0,
            base_feed: None,
            feed: None,
            after: false,
            compound: None,
            required: false,
            piped: false,
            negated: false,
            empty: true,
            body: false,
            aside: false,
            pending_base: 0,
            outer: None,
            closer: None,
        }
    }

    /// A command is there.
    fn begun(&mut self) {
        self.required = false;
        self.piped = false;
        self.negated = false;
        self.body = false;
    }

    fn substitutes(&self) -> bool {
        matches!(self.kind, Kind::Substitution { .. } | Kind::Backticks)
    }

    /// Goes on with the next part of a compound command: `then` after `if …`.
    fn turn(&mut self, kind: Kind, here: u32) {
        self.kind = kind;
        self.list_first = here;
        self.stage_first = here;
        self.feed = self.base_feed;
        self.after = false;
        self.compound = None;
        self.empty = true;
    }
}

impl<'a> Parser<'a> {
    /// Begins a list of commands.
    pub(super) fn open_block(&mut self, kind: Kind, start: u32) {
        self.push_block(Block::new(kind, start));
    }

    /// Begins a list of commands whose frame is made.
    pub(super) fn push_block(&mut self, mut block: Block<'a>) {
        let here = self.here();
        block.first = here;
        block.list_first = here;
        block.stage_first = here;
        if !matches!(block.kind, Kind::Substitution { process: Some(true), .. }) {
            block.base_feed = self.current_feed();
            block.feed = block.base_feed;
        }
        block.pending_base = self.pending_base;
        if block.substitutes() {
            self.pending_base = self.pending.len();
        }
        self.nesting = self.nesting.saturating_add(1);
        self.script.flat = false;
        self.frames.push(Frame::Block(Box::new(block)));
    }

    /// What arrives at the standard input of a command that begins here.
    pub(super) fn current_feed(&self) -> Feed {
        self.frames
            .iter()
            .rev()
            .find_map(|frame| if let Frame::Block(block) = frame { Some(block.feed) } else { None })?
    }

    /// The innermost list of commands.
    fn innermost(&mut self) -> Option<&mut Block<'a>> {
        self.frames.iter_mut().rev().find_map(|f| if let Frame::Block(block) = f { Some(&mut **block) } else { None })
    }

    /// A compound command has ended; `first` is the first command in it.
    pub(super) fn after_compound(&mut self, first: u32) {
        self.script.flat = false;
        if let Some(block) = self.innermost() {
            block.after = true;
            block.empty = false;
            block.begun();
            block.compound = Some(first);
        }
    }

    /// A simple command has ended.
    pub(super) fn after_simple(&mut self) {
        if let Some(block) = self.innermost() {
            block.after = true;
            block.empty = false;
            block.begun();
            block.compound = None;
        }
    }

    /// A function's body follows.
    pub(super) fn expect_body(&mut self) {
        self.script.flat = false;
        if let Some(block) = self.innermost() {
            block.body = true;
            block.required = true;
        }
    }

    /// Reads on in a list of commands.
    pub(super) fn block(&mut self, block: Box<Block<'a>>) {
        if block.after { self.separator(block) } else { self.command(block) }
    }

    /// Takes a newline: the bodies of here-documents follow it.
    pub(super) fn newline(&mut self) {
        let at = self.source.place();
        self.source.bump();
        if self.pending.len() > self.pending_base {
            let queue = self.pending.split_off(self.pending_base);
            self.frames.push(Frame::Heredocs(queue.into()));
        } else if !self.pending.is_empty() {
            // A line ends in a substitution before the here-document's own line does.
            self.opaque_from(OpaqueReason::Ambiguous, at);
        }
    }

    /// Where a command may begin.
    fn command(&mut self, mut block: Box<Block<'a>>) {
        self.source.blanks();
        let start = self.source.place();
        let Some(c) = self.source.peek() else { return self.end_of_text(block) };
        match c {
            '\n' => {
                if block.negated {
                    self.opaque_from(OpaqueReason::Syntax, start);
                    block.negated = false;
                }
                self.frames.push(Frame::Block(block));
                self.newline();
            }
            '#' => {
                self.source.line();
                self.frames.push(Frame::Block(block));
            }
            ')' | ';' => self.closer(block),
            '(' => self.open_parenthesis(block, start),
            '&' if self.source.second_is('>') => self.begin_simple(block),
            '&' | '|' => {
                self.source.bump();
                self.opaque_from(OpaqueReason::Syntax, start);
                self.frames.push(Frame::Block(block));
            }
            _ => match self.reserved() {
                Some(word) => self.reserved_word(block, word, start),
                None => {
                    if block.body {
                        self.script.flat = false;
                        block.aside = true;
                        let reason = if self.bash() { OpaqueReason::Syntax } else { OpaqueReason::Ambiguous };
                        self.opaque_from(reason, start);
                    }
                    self.begin_simple(block);
                }
            },
        }
    }

    fn begin_simple(&mut self, block: Box<Block<'a>>) {
        self.frames.push(Frame::Block(block));
        self.open_simple();
    }

    /// A reserved word that stands next, unquoted and alone. It is not taken.
    pub(super) fn reserved(&mut self) -> Option<&'static str> {
        let pos = self.source.pos();
        let mut word = String::new();
        while let Some(c) = self.source.peek().filter(|c| !chars::is_meta(*c)) {
            self.source.bump();
            word.push(c);
            if word.len() > 8 {
                break;
            }
        }
        self.source.reset(pos);
        RESERVED.into_iter().find(|reserved| *reserved == word)
    }

    /// Takes a word that [`Parser::reserved`] found.
    pub(super) fn take(&mut self, word: &str) {
        for _ in word.chars() {
            self.source.bump();
        }
    }

    /// `(` where a command may begin.
    fn open_parenthesis(&mut self, block: Box<Block<'a>>, start: u32) {
        self.frames.push(Frame::Block(block));
        self.source.bump();
        if self.source.eat('(') {
            self.script.flat = false;
            self.bash_only(start);
            self.open_arithmetic(super::substitute::ArithmeticKind::Command, start);
        } else {
            self.open_block(Kind::Subshell, start);
        }
    }

    /// A reserved word where a command may begin.
    fn reserved_word(&mut self, mut block: Box<Block<'a>>, word: &'static str, start: u32) {
        if matches!(word, "time" | "coproc" | "select" | "function" | "[[") && !self.bash() {
            if word == "time" {
                return self.begin_simple(block);
            }
            self.opaque_at(OpaqueReason::Ambiguous, start, start.saturating_add(2));
        }
        if word == "[[" {
            if block.body {
                block.body = false;
            }
            self.frames.push(Frame::Block(block));
            return self.open_test();
        }
        self.take(word);
        self.script.flat = false;
        match word {
            "!" => {
                if self.source.peek() == Some('(') {
                    self.bash_ambiguity(start);
                }
                if block.piped {
                    self.opaque_from(OpaqueReason::Syntax, start);
                }
                block.required = true;
                block.negated = true;
                self.frames.push(Frame::Block(block));
            }
            "time" => {
                self.time_options();
                self.frames.push(Frame::Block(block));
            }
            "coproc" => {
                block.required = true;
                block.aside = true;
                self.coproc_name();
                self.frames.push(Frame::Block(block));
            }
            "{" => self.open_in(block, Kind::Group, start),
            "if" => self.open_in(block, Kind::Condition, start),
            "while" | "until" => self.open_in(block, Kind::LoopCondition, start),
            "for" | "select" => {
                self.frames.push(Frame::Block(block));
                self.open_for(start);
            }
            "case" => {
                self.frames.push(Frame::Block(block));
                self.open_case(start);
            }
            "function" => {
                self.frames.push(Frame::Block(block));
                self.frames.push(Frame::Function);
            }
            _ => self.closing_word(block, word, start),
        }
    }

    /// `!(`: a pattern or a subshell, which depends on an option.
    fn bash_ambiguity(&mut self, start: u32) {
        if self.bash() {
            self.opaque_from(OpaqueReason::Ambiguous, start);
        }
    }

    fn open_in(&mut self, block: Box<Block<'a>>, kind: Kind, start: u32) {
        self.frames.push(Frame::Block(block));
        self.open_block(kind, start);
    }

    /// `time -p`
    fn time_options(&mut self) {
        self.source.blanks();
        let start = self.source.place();
        if self.source.peek() == Some('-') {
            let pos = self.source.pos();
            self.source.bump();
            if self.source.eat('p') && self.source.peek().is_none_or(chars::is_meta) {
                return;
            }
            self.source.reset(pos);
            self.opaque_at(OpaqueReason::Ambiguous, start, start.saturating_add(1));
        }
    }

    /// `coproc NAME { …; }`: a name only if a compound command follows.
    fn coproc_name(&mut self) {
        self.source.blanks();
        let pos = self.source.pos();
        if self.reserved().is_some() || self.name().is_empty() {
            return self.source.reset(pos);
        }
        let separated = matches!(self.source.peek(), Some(' ' | '\t'));
        self.source.blanks();
        let compound = self.source.peek() == Some('(') || self.reserved().is_some();
        if !(separated && compound) {
            self.source.reset(pos);
        }
    }

    /// A word that goes on with a compound command, or ends it. It is taken.
    fn closing_word(&mut self, mut block: Box<Block<'a>>, word: &str, start: u32) {
        let next = match (block.kind, word) {
            (Kind::Condition, "then") => Some(Kind::Then),
            (Kind::Then, "elif") => Some(Kind::Condition),
            (Kind::Then, "else") => Some(Kind::Else),
            (Kind::LoopCondition, "do") => Some(Kind::LoopBody),
            _ => None,
        };
        let ends = matches!(
            (block.kind, word),
            (Kind::Then | Kind::Else, "fi") | (Kind::LoopBody, "done") | (Kind::Group, "}") | (Kind::Arm, "esac")
        );
        let empty = block.empty && block.kind != Kind::Arm;
        if (next.is_none() && !ends) || empty || block.required {
            self.opaque_from(OpaqueReason::Syntax, start);
        }
        if let Some(kind) = next {
            let here = self.here();
            self.end_list(&mut block, false);
            block.turn(kind, here);
            block.required = false;
            self.frames.push(Frame::Block(block));
        } else if ends {
            self.close(*block);
        } else {
            self.frames.push(Frame::Block(block));
        }
    }

    /// `)` or `;` where a command may begin.
    fn closer(&mut self, mut block: Box<Block<'a>>) {
        let start = self.source.place();
        if self.source.peek() == Some(')') {
            self.source.bump();
            block.closer = Some(start);
            let closes = matches!(block.kind, Kind::Subshell | Kind::Substitution { .. });
            if !closes || (block.empty && block.kind == Kind::Subshell) || block.required {
                self.opaque_from(OpaqueReason::Syntax, start);
            }
            if closes {
                self.close(*block)
            } else {
                self.frames.push(Frame::Block(block))
            }
            return;
        }
        self.semicolon(block);
    }

    /// `;`, `;;`, `;&` or `;;&`, next in the text.
    fn semicolon(&mut self, mut block: Box<Block<'a>>) {
        let start = self.source.place();
        self.source.bump();
        let double = self.source.eat(';');
        // An ampersand belongs to the semicolon before it; `;&` and `;;&` are bash's.
        let falls = self.source.peek() == Some('&');
        if falls {
            self.source.bump();
            self.bash_only(start);
        }
        if double || falls {
            if block.kind == Kind::Arm && !block.required {
                return self.close_arm(block);
            }
            self.opaque_from(OpaqueReason::Syntax, start);
        } else if !block.after {
            self.opaque_from(OpaqueReason::Syntax, start);
        }
        self.end_list(&mut block, false);
        self.frames.push(Frame::Block(block));
    }

    /// After a command.
    fn separator(&mut self, mut block: Box<Block<'a>>) {
        self.source.blanks();
        let start = self.source.place();
        let Some(c) = self.source.peek() else { return self.end_of_text(block) };
        if let Some(first) = block.compound
            && let Some(redirect) = self.redirect_operator(Some(first))
        {
            self.frames.push(Frame::Block(block));
            self.frames.push(Frame::Redirect(Box::new(redirect)));
            return;
        }
        match c {
            '\n' => {
                self.end_list(&mut block, false);
                self.frames.push(Frame::Block(block));
                self.newline();
            }
            '#' => {
                self.source.line();
                self.frames.push(Frame::Block(block));
            }
            ';' => self.semicolon(block),
            ')' => {
                self.end_list(&mut block, false);
                self.closer(block);
            }
            '&' => {
                self.source.bump();
                if self.source.eat('&') {
                    self.next_stage(&mut block, None);
                } else {
                    self.end_list(&mut block, true);
                }
                self.frames.push(Frame::Block(block));
            }
            '|' => {
                self.source.bump();
                if self.source.eat('|') {
                    self.next_stage(&mut block, None);
                } else {
                    if self.source.eat('&') {
                        self.script.flat = false;
                        self.bash_only(start);
                    }
                    let stage = (block.stage_first, self.here());
                    self.next_stage(&mut block, Some(stage));
                }
                self.frames.push(Frame::Block(block));
            }
            _ => {
                let closers = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];
                let closes = block.compound.is_some() && self.reserved().is_some_and(|w| closers.contains(&w));
                if !closes {
                    self.opaque_from(OpaqueReason::Syntax, start);
                }
                self.end_list(&mut block, false);
                self.frames.push(Frame::Block(block));
            }
        }
    }

    /// After `|`, `&&` or `||`: a command must follow.
    fn next_stage(&mut self, block: &mut Block<'a>, feed: Feed) {
        block.feed = feed.or(block.base_feed);
        block.stage_first = self.here();
        block.after = false;
        block.compound = None;
        block.required = true;
        block.piped = feed.is_some();
    }

    /// The end of an and-or list; `aside`: it runs in the background.
    fn end_list(&mut self, block: &mut Block<'a>, aside: bool) {
        let here = self.here();
        if aside || block.aside {
            self.script.flat = false;
            for command in self.script.commands.iter_mut().skip(block.list_first as usize) {
                command.nested = true;
            }
        }
        block.aside = false;
        block.list_first = here;
        block.stage_first = here;
        block.feed = block.base_feed;
        block.after = false;
        block.compound = None;
    }

    /// The text ended.
    fn end_of_text(&mut self, mut block: Box<Block<'a>>) {
        let open = !matches!(block.kind, Kind::Script | Kind::Backticks);
        if open || block.required {
            self.opaque_from(OpaqueReason::Unterminated, block.start);
        }
        self.end_list(&mut block, false);
        self.close(*block);
    }

    /// A list has ended; its closer is taken.
    fn close(&mut self, block: Block<'a>) {
        if block.kind == Kind::Script {
            return self.forget_heredocs(block.start);
        }
        self.nesting = self.nesting.saturating_sub(1);
        if block.substitutes() {
            self.forget_heredocs(block.start);
            self.pending_base = block.pending_base;
        }
        match block.kind {
            Kind::Substitution { process, text } => {
                let end = block.closer.unwrap_or(self.source.place()).max(text);
                self.script.substitutions.push(Span { start: text, end });
                if let Some(reads) = process {
                    self.close_process(block.first, reads);
                }
            }
            Kind::Backticks => {
                if let Some(outer) = block.outer {
                    self.restore(outer);
                }
            }
            Kind::Arm => {
                // `esac` ends the whole command.
                let case = self.frames.pop();
                let first = if let Some(Frame::Case(case)) = case { case.first } else { block.first };
                self.after_compound(first);
            }
            _ => self.after_compound(block.first),
        }
    }

    /// `;;`: the next arm follows.
    fn close_arm(&mut self, mut block: Box<Block<'a>>) {
        self.end_list(&mut block, false);
        self.nesting = self.nesting.saturating_sub(1);
    }
}
