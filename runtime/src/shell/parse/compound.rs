//! `for`, `select`, `case`, functions and arrays: what has words of its own before or between its commands.

use super::super::script::{GapKind, OpaqueReason, Word};
use super::arithmetic::is_integer;
use super::blocks::{Block, Kind};
use super::substitute::ArithmeticKind;
use super::word::{Buffer, Unit, WordMode};
use super::words::Expand;
use super::{Frame, Parser, chars};

/// The head of `for` or `select`.
#[derive(Debug)]
pub(super) struct For {
    start: u32,
    stage: ForStage,
    name: String,
    /// Every item is an integer.
    integers: bool,
    first: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ForStage {
    Name,
    /// `in`, `;` or `do`.
    In,
    Words,
    Do,
}

/// A `case` command.
#[derive(Debug)]
pub(super) struct Case {
    start: u32,
    stage: CaseStage,
    pub first: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CaseStage {
    Subject,
    In,
    /// A pattern, `(` or `esac`.
    Arm,
    Pattern,
    /// `|` or `)`.
    AfterPattern,
}

impl Parser<'_> {
    /// `for` or `select` was taken.
    pub(super) fn open_for(&mut self, start: u32) {
        self.source.blanks();
        if self.source.peek() == Some('(') && self.source.second_is('(') {
            self.source.bump();
            self.source.bump();
            self.bash_only(start);
            return self.open_arithmetic(ArithmeticKind::For, start);
        }
        let first = self.here();
        self.frames.push(Frame::For(For { start, stage: ForStage::Name, name: String::new(), integers: true, first }));
    }

    /// `for ((…))` was read; `do` follows.
    pub(super) fn for_expressions(&mut self, start: u32) {
        let first = self.here();
        self.frames.push(Frame::For(For { start, stage: ForStage::In, name: String::new(), integers: true, first }));
    }

    /// Reads on in the head of `for`.
    pub(super) fn for_head(&mut self, mut head: For) {
        self.source.blanks();
        let Some(c) = self.source.peek() else { return self.broken_head(head.start) };
        match head.stage {
            ForStage::Name => {
                if chars::is_meta(c) {
                    return self.broken_head(head.start);
                }
                self.frames.push(Frame::For(head));
                self.open_word(WordMode::Other);
            }
            ForStage::Words if c != '\n' && c != ';' && c != '#' => {
                let process = matches!(c, '<' | '>') && self.source.second_is('(');
                if chars::is_meta(c) && !process {
                    return self.broken_head(head.start);
                }
                self.frames.push(Frame::For(head));
                self.open_word(WordMode::Other);
            }
            ForStage::In if self.reserved() == Some("in") && !head.name.is_empty() => {
                self.take("in");
                head.stage = ForStage::Words;
                self.frames.push(Frame::For(head));
            }
            _ => self.before_do(head, c),
        }
    }

    /// `;`, newlines and comments before `do`.
    fn before_do(&mut self, mut head: For, c: char) {
        match c {
            '\n' => {
                // `in` may stand on the next line.
                if head.stage == ForStage::Words {
                    head.stage = ForStage::Do;
                }
                self.frames.push(Frame::For(head));
                self.newline();
            }
            '#' => {
                self.source.line();
                self.frames.push(Frame::For(head));
            }
            ';' if head.stage != ForStage::Do => {
                self.source.bump();
                head.stage = ForStage::Do;
                self.frames.push(Frame::For(head));
            }
            _ => {
                let start = head.start;
                match self.reserved() {
                    Some("do") => {
                        self.take("do");
                        self.sets(&head.name, head.integers, start);
                        self.open_loop(head.first, Kind::LoopBody, start);
                    }
                    Some("{") => {
                        // Undocumented, and not in all shells.
                        self.take("{");
                        self.opaque_from(OpaqueReason::Ambiguous, start);
                        self.open_loop(head.first, Kind::Group, start);
                    }
                    _ => self.broken_head(start),
                }
            }
        }
    }

    fn open_loop(&mut self, first: u32, kind: Kind, start: u32) {
        self.push_block(Block::new(kind, start));
        if let Some(Frame::Block(block)) = self.frames.last_mut() {
            block.first = first;
        }
    }

    /// The head is no grammar: what follows is read as commands.
    fn broken_head(&mut self, start: u32) {
        let reason = if self.source.peek().is_none() { OpaqueReason::Unterminated } else { OpaqueReason::Syntax };
        self.opaque_from(reason, start);
    }

    /// A word of the head has been read.
    pub(super) fn for_word(&mut self, mut head: For, buffer: &Buffer) {
        if head.stage == ForStage::Name {
            head.name = buffer.plain_text().unwrap_or_default();
            if !chars::is_name(&head.name) {
                self.opaque_from(OpaqueReason::Syntax, head.start);
                head.name = String::from("_");
            }
            head.stage = ForStage::In;
        } else {
            let words = self.expand(buffer, Expand::Argument);
            head.integers &= words.iter().all(|word| !word.text.is_empty() && is_integer(word));
        }
        self.frames.push(Frame::For(head));
    }

    /// `case` was taken.
    pub(super) fn open_case(&mut self, start: u32) {
        let first = self.here();
        self.frames.push(Frame::Case(Case { start, stage: CaseStage::Subject, first }));
    }

    /// Reads on in a `case`, outside the bodies of its arms.
    pub(super) fn case(&mut self, mut case: Case) {
        self.source.blanks();
        let Some(c) = self.source.peek() else { return self.broken_case(&case) };
        let start = self.source.place();
        match case.stage {
            CaseStage::In | CaseStage::Arm if c == '\n' => {
                self.frames.push(Frame::Case(case));
                self.newline();
            }
            CaseStage::In | CaseStage::Arm if c == '#' => {
                self.source.line();
                self.frames.push(Frame::Case(case));
            }
            CaseStage::In if self.reserved() == Some("in") => {
                self.take("in");
                case.stage = CaseStage::Arm;
                self.frames.push(Frame::Case(case));
            }
            CaseStage::Arm if self.reserved() == Some("esac") => {
                self.take("esac");
                self.after_compound(case.first);
            }
            CaseStage::Arm => {
                if c == '(' {
                    self.source.bump();
                }
                case.stage = CaseStage::Pattern;
                self.frames.push(Frame::Case(case));
            }
            CaseStage::AfterPattern if c == '|' => {
                self.source.bump();
                case.stage = CaseStage::Pattern;
                self.frames.push(Frame::Case(case));
            }
            CaseStage::AfterPattern if c == ')' => {
                self.source.bump();
                case.stage = CaseStage::Arm;
                self.frames.push(Frame::Case(case));
                self.open_block(Kind::Arm, start);
            }
            CaseStage::Subject | CaseStage::Pattern => {
                let process = matches!(c, '<' | '>') && self.source.second_is('(');
                if chars::is_meta(c) && !process {
                    return self.broken_case(&case);
                }
                self.frames.push(Frame::Case(case));
                self.open_word(WordMode::Other);
            }
            _ => self.broken_case(&case),
        }
    }

    fn broken_case(&mut self, case: &Case) {
        self.broken_head(case.start);
        if self.source.peek().is_some() {
            // So that the rest is read: each further `)` is an error of its own.
            self.source.bump();
        }
    }

    /// The subject or a pattern has been read.
    pub(super) fn case_word(&mut self, mut case: Case, _word: &Buffer) {
        case.stage = match case.stage {
            CaseStage::Subject => CaseStage::In,
            _ => CaseStage::AfterPattern,
        };
        self.frames.push(Frame::Case(case));
    }

    /// `function` was taken.
    pub(super) fn function_name(&mut self) {
        self.source.blanks();
        let start = self.source.place();
        if self.source.peek().is_none_or(chars::is_meta) {
            return self.opaque_from(OpaqueReason::Syntax, start);
        }
        self.frames.push(Frame::Function);
        self.open_word(WordMode::Other);
    }

    /// The name after `function` has been read.
    pub(super) fn function_word(&mut self, buffer: &Buffer) {
        match buffer.plain_text().filter(|name| name.is_ascii()) {
            Some(name) => self.script.functions.push(name),
            None => self.opaque_at(OpaqueReason::Syntax, buffer.start, buffer.end),
        }
        self.source.blanks();
        if self.source.peek() == Some('(') && self.empty_parentheses() {
            self.source.bump();
            self.source.blanks();
            self.source.bump();
        }
        self.expect_body();
    }

    fn empty_parentheses(&mut self) -> bool {
        let pos = self.source.pos();
        self.source.bump();
        self.source.blanks();
        let empty = self.source.peek() == Some(')');
        self.source.reset(pos);
        empty
    }

    /// Inside `NAME=( … )`.
    pub(super) fn array(&mut self) {
        self.source.blanks();
        let start = self.source.place();
        match self.source.peek() {
            None => self.opaque_from(OpaqueReason::Unterminated, start),
            Some(')') => {
                self.source.bump();
                if let Some(buffer) = self.buffers.last_mut() {
                    buffer.array = true;
                }
            }
            Some('\n') => {
                self.frames.push(Frame::Array);
                self.newline();
            }
            Some('#') => {
                self.source.line();
                self.frames.push(Frame::Array);
            }
            Some(c) => {
                let process = matches!(c, '<' | '>') && self.source.second_is('(');
                self.frames.push(Frame::Array);
                if chars::is_meta(c) && !process {
                    self.source.bump();
                    self.opaque_from(OpaqueReason::Syntax, start);
                } else {
                    self.open_word(WordMode::Command { assignable: true });
                }
            }
        }
    }

    /// An operand of a comparison of numbers in `[[ … ]]`: its text is evaluated.
    pub(super) fn note_operand(&mut self, word: Option<&Word>) {
        let Some(word) = word else { return };
        let start = word.span.start;
        if word.gaps.iter().any(|gap| matches!(gap.kind, GapKind::Parameter | GapKind::Substitution)) {
            self.arithmetic.evaluates("*", start);
        }
        let text = word.text.clone();
        self.note_names(&text, start);
    }

    /// The same, before it is expanded.
    pub(super) fn note_buffer(&mut self, buffer: &Buffer) {
        let mut text = String::new();
        for unit in &buffer.units {
            match unit {
                Unit::Plain(c) | Unit::Quoted(c) => text.push(*c),
                Unit::Gap(GapKind::Parameter | GapKind::Substitution, _) => {
                    self.arithmetic.evaluates("*", buffer.start);
                }
                Unit::Gap(..) | Unit::Quote => {}
            }
        }
        self.note_names(&text, buffer.start);
    }

    fn note_names(&mut self, text: &str, start: u32) {
        for name in text.split(|c: char| !chars::in_name(c)).filter(|name| chars::is_name(name)) {
            self.arithmetic.evaluates(name, start);
        }
        if text.contains('[') {
            self.arithmetic.evaluates("*", start);
        }
    }
}
