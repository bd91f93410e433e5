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
            if expanded.len() > 1 && units.is_empty() && !buffer.quoted {
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
            Unit::Plain('[') if globs => match bracket(units.get(at..).unwrap_or_default()) {
                Some(length) => {
                    gap(&mut word, GapKind::Glob, true);
                    for inner in units.iter().skip(at).take(length) {
                        if let Unit::Gap(kind, _) = inner {
                            gap(&mut word, *kind, true);
                        }
                    }
                    at = at.saturating_add(length);
                }
                None => word.text.push('['),
            },
            Unit::Plain(c) => {
                let first = how == Expand::Assignment || !word.text.contains('=');
                tilde = assigns && (c == ':' || (c == '=' && first)) && (how != Expand::Assignment || c == ':');
                word.text.push(c);
            }
            Unit::Quoted(c) => word.text.push(c),
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
            Unit::Quoted(_) => return None,
            // `~$x`: whose home is not known.
            Unit::Gap(..) | Unit::Plain(_) => length = length.saturating_add(1),
        }
    }
    Some(length)
}

/// The length of a bracket expression after `[`; `None` if the bracket stands for itself.
fn bracket(units: &[Unit]) -> Option<usize> {
    let mut at = 0usize;
    if matches!(units.first(), Some(Unit::Plain('!' | '^'))) {
        at = 1;
    }
    let mut unknown = false;
    let mut class = false;
    let first = at;
    while let Some(unit) = units.get(at) {
        match unit {
            Unit::Plain('/') | Unit::Quoted('/') => break,
            Unit::Plain(']') if at > first && !class => return at.checked_add(1),
            Unit::Plain(']') => class = false,
            Unit::Plain('[') if matches!(units.get(at.saturating_add(1)), Some(Unit::Plain(':' | '.' | '='))) => {
                class = true;
            }
            Unit::Gap(..) => unknown = true,
            _ => {}
        }
        at = at.saturating_add(1);
    }
    // An unknown part may hold the closing bracket.
    unknown.then_some(at)
}
