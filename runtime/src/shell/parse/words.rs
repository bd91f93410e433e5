//! Makes words of what was read: braces, tildes and globs.

use super::super::script::{Gap, GapKind, OpaqueReason, Span, Word};
use super::word::{Buffer, Unit};
use super::{Parser, braces, chars, place};

/// What happens to a word, which depends on where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expand {
    /// Braces, tildes, globs.
    Argument,
    /// A file of a redirection: the same, but it must be one word.
    Target,
    /// Tildes, also after colons.
    Assignment,
    /// A tilde at the beginning.
    HereString,
    /// Neither.
    Nothing,
}

impl Parser<'_> {
    /// The words that a buffer becomes: one, except where braces are expanded.
    pub(super) fn expand(&mut self, buffer: &Buffer, how: Expand) -> Vec<Word> {
        let braces = matches!(how, Expand::Argument | Expand::Target);
        let expanded = if braces && buffer.units.contains(&Unit::Plain('{')) {
            if self.bash() { braces::expand(&buffer.units) } else { vec![braces::gaps(&buffer.units)] }
        } else {
            vec![buffer.units.clone()]
        };
        if how == Expand::Target && expanded.len() > 1 {
            self.opaque_at(OpaqueReason::Ambiguous, buffer.start, buffer.end);
        }
        let mut words = Vec::new();
        for units in &expanded {
            // Braces may leave an empty word, which disappears.
            if expanded.len() > 1 && units.is_empty() {
                continue;
            }
            words.push(word(units, buffer, how));
        }
        words
    }
}

/// Makes a word of its parts.
fn word(units: &[Unit], buffer: &Buffer, how: Expand) -> Word {
    let mut word = Word {
        text: String::new(),
        gaps: Vec::new(),
        quoted: buffer.quoted,
        span: Span { start: buffer.start, end: buffer.end.max(buffer.start) },
    };
    let globs = matches!(how, Expand::Argument | Expand::Target);
    let splits = globs;
    let assigns = how == Expand::Assignment || (globs && looks_assigned(units));
    let mut tilde = how != Expand::Nothing;
    let mut equals = how == Expand::Assignment;
    let mut brackets = Brackets::default();
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        at = at.saturating_add(1);
        let start = std::mem::take(&mut tilde);
        match *unit {
            Unit::Plain('~') if start => {
                if let Some(length) = tilde_prefix(units.get(at..).unwrap_or_default()) {
                    gap(&mut word, GapKind::Home, false);
                    at = at.saturating_add(length);
                } else {
                    word.text.push('~');
                }
            }
            Unit::Plain('*' | '?') if globs => gap(&mut word, GapKind::Glob, true),
            Unit::Plain('[') if globs => match brackets.end(units, at) {
                Some(end) => {
                    gap(&mut word, GapKind::Glob, true);
                    for inner in units.get(at..end).unwrap_or_default() {
                        if let Unit::Gap(kind, _) = inner {
                            gap(&mut word, *kind, true);
                        }
                    }
                    at = end;
                }
                None => word.text.push('['),
            },
            Unit::Plain(c) => {
                tilde = assigns && (c == ':' || (c == '=' && !equals));
                equals |= c == '=';
                word.text.push(c);
            }
            Unit::Quoted(c) => word.text.push(c),
            Unit::Quote => {}
            Unit::Gap(kind, split) => gap(&mut word, kind, split && splits),
        }
    }
    word
}

fn gap(word: &mut Word, kind: GapKind, splits: bool) {
    let at = place(word.text.len());
    word.gaps.push(Gap { at, kind, splits });
}

/// Is it `NAME=…`? Shells may expand a tilde in it wherever it stands.
fn looks_assigned(units: &[Unit]) -> bool {
    let name = units.iter().take_while(|unit| matches!(unit, Unit::Plain(c) if chars::in_name(*c))).count();
    let first = matches!(units.first(), Some(Unit::Plain(c)) if chars::starts_name(*c));
    first && matches!(units.get(name), Some(Unit::Plain('=' | '+')))
}

/// The length of the name after a tilde; `None` if some of it is quoted.
fn tilde_prefix(units: &[Unit]) -> Option<usize> {
    let mut length = 0usize;
    for unit in units {
        match unit {
            Unit::Plain('/' | ':') => break,
            Unit::Quoted(_) | Unit::Quote => return None,
            // `~$x`: whose home is not known.
            Unit::Gap(..) | Unit::Plain(_) => length = length.saturating_add(1),
        }
    }
    Some(length)
}

/// Bracket expressions of a word. Each directory of it is looked at once.
#[derive(Default)]
struct Brackets {
    /// Up to here the word has been looked at.
    until: usize,
    /// After the last part that may end a bracket expression.
    close: usize,
}

impl Brackets {
    /// Where an expression that begins before `at` ends at the latest; `None` if the bracket stands for itself.
    fn end(&mut self, units: &[Unit], at: usize) -> Option<usize> {
        if at >= self.until {
            self.until = at;
            self.close = at;
            for unit in units.iter().skip(at) {
                if matches!(unit, Unit::Plain('/') | Unit::Quoted('/')) {
                    break;
                }
                self.until = self.until.saturating_add(1);
                // An unknown part may hold the closing bracket.
                if matches!(unit, Unit::Plain(']') | Unit::Gap(..)) {
                    self.close = self.until;
                }
            }
        }
        // Directly after `[`, a closing bracket is a member.
        let least = if units.get(at) == Some(&Unit::Plain(']')) { at.saturating_add(1) } else { at };
        (self.close > least).then_some(self.close)
    }
}
