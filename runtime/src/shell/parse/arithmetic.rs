//! Arithmetic: no commands of its own, but substitutions in it run, and bash evaluates the text of a variable as
//! an expression, whose subscripts may run commands: `x='a[$(cmd)]'; echo $((x))`.
//!
//! So a name in arithmetic whose value the script sets to anything but an integer makes the script opaque.

use std::collections::HashSet;

use super::super::script::{GapKind, OpaqueReason, Span, Word};
use super::blocks::Kind;
use super::substitute::{Arithmetic, ArithmeticKind};
use super::word::Unit;
use super::{Frame, Parser, chars};

/// Names in arithmetic, and what the script does to them.
#[derive(Debug, Default)]
pub(super) struct Names {
    used: Vec<(String, u32)>,
    /// Set to something that is not known to be an integer.
    texts: HashSet<String>,
    /// Some variable is set whose name is not known.
    any: bool,
}

impl Names {
    /// The script sets a variable.
    pub(super) fn assign(&mut self, name: &str, integer: bool) {
        if !integer {
            self.texts.insert(name.to_owned());
        }
    }
}

impl Names {
    /// The text of a variable is evaluated; `*`: any text.
    pub(super) fn evaluates(&mut self, name: &str, start: u32) {
        self.used.push((name.to_owned(), start));
    }
}

/// Is the value an integer for sure?
pub(super) fn is_integer(word: &Word) -> bool {
    let digits = word.text.strip_prefix('-').unwrap_or(&word.text);
    digits.bytes().all(|b| b.is_ascii_digit()) && word.gaps.iter().all(|gap| gap.kind == GapKind::Arithmetic)
}

impl Parser<'_> {
    /// A variable is set, though not by an assignment: `for NAME in …`, `${NAME:=…}`.
    pub(super) fn sets(&mut self, name: &str, integer: bool, start: u32) {
        self.arithmetic.assign(name, integer);
        let span = Span { start, end: self.source.place() };
        if !name.is_empty() {
            self.script.sets.push((name.to_owned(), span));
        }
    }

    /// Begins an expression; its text belongs to no word.
    pub(super) fn open_arithmetic(&mut self, kind: ArithmeticKind, start: u32) {
        self.mute();
        self.frames.push(Frame::Arithmetic(Arithmetic { start, kind, depth: 0 }));
    }

    /// A parameter or substitution was read: if it stands in arithmetic, its text is evaluated.
    pub(super) fn note_arithmetic(&mut self, name: &str, start: u32) {
        if matches!(self.frames.last(), Some(Frame::Arithmetic(_))) && !matches!(name, "#" | "?" | "$" | "!" | "-") {
            self.arithmetic.used.push((name.to_owned(), start));
        }
    }

    /// Inside an expression.
    pub(super) fn arithmetic(&mut self, mut it: Arithmetic) {
        let (open, close) = match it.kind {
            ArithmeticKind::Bracket => ('[', ']'),
            ArithmeticKind::Slice => ('{', '}'),
            _ => ('(', ')'),
        };
        loop {
            let at = self.source.place();
            let Some(c) = self.source.peek() else {
                self.unmute();
                self.opaque_from(OpaqueReason::Unterminated, it.start);
                return self.arithmetic_closed(it);
            };
            if chars::starts_name(c) {
                let name = self.name();
                self.arithmetic.used.push((name, at));
                continue;
            }
            if c == close && it.depth == 0 && it.kind == ArithmeticKind::Slice {
                return self.unmute();
            }
            self.source.bump();
            match c {
                _ if c == open => it.depth = it.depth.saturating_add(1),
                _ if c == close && it.depth > 0 => it.depth = it.depth.saturating_sub(1),
                _ if c == close => return self.close_arithmetic(it),
                // A number with its letters: `0x1f`, `16#ff`.
                '0'..='9' => {
                    self.name();
                }
                '"' => {
                    self.frames.push(Frame::Arithmetic(it));
                    self.frames.push(Frame::Quotes(at));
                    return;
                }
                '<' | '>' if it.kind == ArithmeticKind::Bracket && self.source.peek() == Some('(') => {
                    self.opaque_from(OpaqueReason::Ambiguous, at);
                }
                '\'' | '\\' => self.opaque_from(OpaqueReason::Ambiguous, at),
                '$' | '`' => {
                    self.frames.push(Frame::Arithmetic(it));
                    if self.expansion(c, at, true) {
                        return;
                    }
                    let Some(Frame::Arithmetic(again)) = self.frames.pop() else { return };
                    it = again;
                }
                _ => {}
            }
        }
    }

    /// The closer was read.
    fn close_arithmetic(&mut self, it: Arithmetic) {
        self.unmute();
        if it.kind == ArithmeticKind::Bracket || self.source.eat(')') {
            return self.arithmetic_closed(it);
        }
        // `$((a); b)`: commands after all. Those in the first parentheses are lost.
        self.opaque_from(OpaqueReason::Ambiguous, it.start);
        match it.kind {
            ArithmeticKind::Expansion => {
                let text = it.start.saturating_add(2);
                self.script.flat = false;
                self.open_block(Kind::Substitution { process: None, text }, it.start);
                self.after_compound(self.here());
            }
            ArithmeticKind::Command => {
                self.open_block(Kind::Subshell, it.start);
                self.after_compound(self.here());
            }
            _ => self.arithmetic_closed(it),
        }
    }

    /// `((…))` and `for ((…))` are parts of commands.
    fn arithmetic_closed(&mut self, it: Arithmetic) {
        match it.kind {
            ArithmeticKind::Command => self.after_compound(self.here()),
            ArithmeticKind::For => self.for_expressions(it.start),
            _ => {}
        }
    }

    /// At the end: does arithmetic evaluate text that the script puts together?
    pub(super) fn check_arithmetic(&mut self) {
        let mut names = std::mem::take(&mut self.arithmetic);
        if names.used.is_empty() {
            return;
        }
        for command in &self.script.commands {
            collect_assigned(&command.words, &mut names);
        }
        for (name, start) in &names.used {
            let given = name.starts_with(|c: char| c.is_ascii_digit()) || name == "@" || name == "*";
            if given || names.any || names.texts.contains(name) {
                let end = start.saturating_add(u32::try_from(name.len()).unwrap_or(0));
                self.opaque_at(OpaqueReason::Evaluated, *start, end);
            }
        }
    }
}

/// The variables that builtins set: `read x`, `declare x=y`, ….
fn collect_assigned(words: &[Word], names: &mut Names) {
    let known = |wanted: &[&str]| words.iter().take(4).any(|word| word.known().is_some_and(|w| wanted.contains(&w)));
    let reads = known(&["read", "mapfile", "readarray", "printf", "getopts"]);
    let declares = known(&["declare", "typeset", "local", "export", "readonly"]);
    if !reads && !declares {
        return;
    }
    for word in words {
        match (word.prefix().split_once('='), word.known()) {
            (Some((name, value)), _) if declares => {
                let integer = word.gaps.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                names.assign(name.trim_end_matches('+'), integer);
            }
            (_, Some(name)) if reads && chars::is_name(name) => names.assign(name, false),
            (_, None) if declares || known(&["read", "mapfile", "readarray", "getopts"]) => names.any = true,
            _ => {}
        }
    }
    if reads {
        names.assign("REPLY", false);
        names.assign("MAPFILE", false);
    }
}

/// Does a word of `[[ … ]]` compare numbers? Its operands are evaluated as expressions.
pub(super) fn compares_numbers(units: &[Unit]) -> bool {
    let text: Option<String> = units.iter().map(|u| if let Unit::Plain(c) = u { Some(*c) } else { None }).collect();
    matches!(text.as_deref(), Some("-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"))
}
