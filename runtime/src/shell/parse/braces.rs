//! Brace expansion: `{a,b}` and `{1..3}`.

use super::super::script::GapKind;
use super::word::Unit;

/// More words than this are not written out; the braces become a gap.
const MOST: usize = 64;
/// More parts than this, likewise.
const MOST_PARTS: usize = 16_384;

type Units = Vec<Unit>;

/// An open brace, or the whole word.
#[derive(Default)]
struct Level {
    /// What the finished alternatives expand to.
    done: Vec<Units>,
    /// What the present alternative expands to so far.
    current: Vec<Units>,
    commas: usize,
    /// There is `..` in it, perhaps in further braces.
    dots: bool,
    last: Option<Unit>,
    /// The text since the brace, for sequences.
    text: Option<String>,
}

impl Level {
    fn new() -> Level {
        Level {
            done: Vec::new(),
            current: vec![Units::new()],
            commas: 0,
            dots: false,
            last: None,
            text: Some(String::new()),
        }
    }

    /// Adds a part to each word.
    fn push(&mut self, unit: Unit) {
        for units in &mut self.current {
            units.push(unit);
        }
        let dot = |unit| matches!(unit, Unit::Plain('.') | Unit::Quoted('.'));
        self.dots |= dot(unit) && self.last.is_some_and(dot);
        self.last = Some(unit);
        match (&mut self.text, unit) {
            (Some(text), Unit::Plain(c)) if text.len() < 64 => text.push(c),
            (text, _) => *text = None,
        }
    }

    fn parts(&self) -> usize {
        self.current.iter().chain(&self.done).map(Vec::len).sum()
    }
}

/// Where the braces of a word are that have a partner.
fn partners(units: &[Unit]) -> Vec<Option<usize>> {
    let mut partners = vec![None; units.len()];
    let mut open = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        match unit {
            Unit::Plain('{') => open.push(at),
            Unit::Plain('}') => {
                if let Some(start) = open.pop() {
                    for (from, to) in [(start, at), (at, start)] {
                        if let Some(partner) = partners.get_mut(from) {
                            *partner = Some(to);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    partners
}

/// The words that a word becomes. Too many, or braces that do not pair: a single word with a gap.
pub(super) fn expand(units: &[Unit]) -> Vec<Units> {
    let partners = partners(units);
    let odd =
        units.iter().zip(&partners).any(|(unit, partner)| matches!(unit, Unit::Plain('{' | '}')) && partner.is_none());
    let pairs = partners.iter().any(Option::is_some);
    if !pairs {
        return vec![units.to_vec()];
    }
    // Bash looks for braces in the text before quotes are removed, and is confused by some.
    let confusing = |unit: &Unit| matches!(unit, Unit::Quoted('$' | '{' | '}' | '`' | '"' | '\'' | '\\'));
    // `{},a}` are two words, `}` and `a`.
    let braces = units.iter().filter(|unit| matches!(unit, Unit::Plain('{' | '}'))).count();
    let empty = units.windows(2).any(|pair| pair == [Unit::Plain('{'), Unit::Plain('}')]);
    let odd = odd || (empty && braces > 2);
    if odd || units.len() > MOST_PARTS || units.iter().any(confusing) {
        return vec![gaps(units)];
    }
    all(units).unwrap_or_else(|| vec![gaps(units)])
}

fn all(units: &[Unit]) -> Option<Vec<Units>> {
    let mut levels = vec![Level::new()];
    let mut work = 0usize;
    for unit in units {
        let nested = levels.len() > 1;
        let level = levels.last_mut()?;
        work = work.saturating_add(level.current.len());
        if work > MOST_PARTS.saturating_mul(4) {
            return None;
        }
        match unit {
            Unit::Plain('{') => levels.push(Level::new()),
            Unit::Plain('}') if nested => {
                let closed = levels.pop()?;
                let dots = closed.dots;
                let parent = levels.last_mut()?;
                parent.dots |= dots;
                let choices = choices(closed)?;
                if parent.current.len().saturating_mul(choices.len()) > MOST {
                    return None;
                }
                let mut product = Vec::new();
                for before in &parent.current {
                    for choice in &choices {
                        let mut word = before.clone();
                        word.extend_from_slice(choice);
                        product.push(word);
                    }
                }
                parent.current = product;
                parent.text = None;
                work = work.saturating_add(parent.parts());
                if parent.current.len().saturating_add(parent.done.len()) > MOST {
                    return None;
                }
            }
            Unit::Plain(',') if nested => {
                let finished = std::mem::replace(&mut level.current, vec![Units::new()]);
                level.done.extend(finished);
                level.commas = level.commas.saturating_add(1);
                level.text = None;
                if level.done.len() > MOST {
                    return None;
                }
            }
            other => level.push(*other),
        }
    }
    levels.pop().map(|level| level.current)
}

/// What a closed brace stands for.
fn choices(mut level: Level) -> Option<Vec<Units>> {
    if level.commas > 0 {
        level.done.append(&mut level.current);
        return Some(level.done);
    }
    if let Some((from, rest)) = level.text.as_deref().and_then(|text| text.split_once("..")) {
        let (to, step) = rest.split_once("..").map_or((rest, None), |(to, step)| (to, Some(step)));
        return sequence(from, to, step);
    }
    if level.dots {
        // Bash drops the braces of some of these.
        return None;
    }
    // `{a}` stands for itself.
    for units in &mut level.current {
        units.insert(0, Unit::Plain('{'));
        units.push(Unit::Plain('}'));
    }
    Some(level.current)
}

/// `{1..3}`, `{a..c}`, `{1..9..2}`. `None`: not written out.
fn sequence(from: &str, to: &str, step: Option<&str>) -> Option<Vec<Units>> {
    let step = match step {
        Some(step) => step.parse::<i64>().ok()?.checked_abs()?,
        None => 1,
    };
    let step = step.max(1);
    if let (Ok(first), Ok(last)) = (from.parse::<i64>(), to.parse::<i64>()) {
        let padded = |text: &str| {
            let digits = text.trim_start_matches(['-', '+']);
            digits.len() > 1 && digits.starts_with('0')
        };
        if padded(from) || padded(to) || from.starts_with('+') || to.starts_with('+') {
            return None;
        }
        return Some(numbers(first, last, step)?.into_iter().map(|n| literal(&n.to_string())).collect());
    }
    let letter = |text: &str| Some(text.bytes().next()?).filter(|b| text.len() == 1 && b.is_ascii_alphabetic());
    let (first, last) = (letter(from)?, letter(to)?);
    if first.is_ascii_lowercase() != last.is_ascii_lowercase() {
        return None;
    }
    let codes = numbers(i64::from(first), i64::from(last), step)?;
    codes.into_iter().map(|code| Some(literal(&char::from(u8::try_from(code).ok()?).to_string()))).collect()
}

fn numbers(first: i64, last: i64, step: i64) -> Option<Vec<i64>> {
    let mut numbers = Vec::new();
    let mut n = first;
    while if first <= last { n <= last } else { n >= last } {
        if numbers.len() >= MOST {
            return None;
        }
        numbers.push(n);
        n = if first <= last { n.checked_add(step)? } else { n.checked_sub(step)? };
    }
    Some(numbers)
}

/// The characters of a sequence; they are not special again.
fn literal(text: &str) -> Units {
    text.chars().map(Unit::Quoted).collect()
}

/// The word with a gap from its first brace to its last, if they may be expanded.
pub(super) fn gaps(units: &[Unit]) -> Units {
    let open = units.iter().position(|unit| *unit == Unit::Plain('{'));
    let close = units.iter().rposition(|unit| *unit == Unit::Plain('}'));
    let (Some(open), Some(close)) = (open, close) else { return units.to_vec() };
    let inner = units.get(open..close).unwrap_or_default();
    if !inner.iter().any(|unit| matches!(unit, Unit::Plain(',' | '.') | Unit::Quoted(',' | '.') | Unit::Gap(..))) {
        return units.to_vec();
    }
    let mut word = units.get(..open).unwrap_or_default().to_vec();
    word.push(Unit::Gap(GapKind::Brace, true));
    word.extend_from_slice(units.get(close.saturating_add(1)..).unwrap_or_default());
    word
}
