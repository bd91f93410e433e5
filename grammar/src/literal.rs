//! What literals say, and what is wrong with them.
//!
//! Works on the text of one token; offsets in results are relative to it.

use crate::ast::{StrLit, duration_millis};
use crate::span::Span;

/// An escape that does not exist: its place in the literal, and how to write a backslash instead.
pub(crate) struct BadEscape {
    /// Where the escape stands, relative to the literal.
    pub start: usize,
    /// Its length in bytes.
    pub len: usize,
}

/// The literal `source`, escapes resolved; unknown escapes stay as they are.
pub(crate) fn str_lit(source: &str, span: Span) -> StrLit {
    StrLit { value: unescape(source, &mut Vec::new()), source: source.to_owned(), span }
}

/// The text between the quotes and its offset.
pub(crate) fn body(source: &str) -> (usize, &str) {
    let hashes = source.bytes().skip(1).take_while(|b| *b == b'#').count();
    let (open, close) = match source.as_bytes().first() {
        Some(b'r') => (2 + hashes, 1 + hashes),
        _ => (1, 1),
    };
    let quote = if source.starts_with('\'') { '\'' } else { '"' };
    let rest = source.get(open..).unwrap_or("");
    let inner = match rest.len().checked_sub(close).and_then(|end| rest.split_at_checked(end)) {
        Some((inner, end)) if end.starts_with(quote) => inner,
        _ => rest,
    };
    (open, inner)
}

/// Resolves the escapes of a whole literal and lists those that don't exist.
pub(crate) fn unescape(source: &str, bad: &mut Vec<BadEscape>) -> String {
    let (offset, inner) = body(source);
    if source.starts_with('r') || !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let escape = rest.get(at..).unwrap_or("");
        let (text, len) = read_escape(escape);
        match text {
            Some(c) => out.push(c),
            None => {
                out.push_str(escape.get(..len).unwrap_or(""));
                bad.push(BadEscape { start: offset + inner.len() - escape.len(), len });
            }
        }
        rest = escape.get(len..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Reads the escape that `text` begins with: its meaning, if it has one, and its length.
fn read_escape(text: &str) -> (Option<char>, usize) {
    let Some(letter) = text.chars().nth(1) else { return (None, 1) };
    let simple = match letter {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '\\' | '"' | '\'' => Some(letter),
        _ => None,
    };
    if letter == 'u'
        && let Some(digits) = text.strip_prefix("\\u{")
        && let Some((digits, _)) = digits.split_once('}')
        && digits.len() <= 6
    {
        let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        return (c, digits.len() + 4);
    }
    (simple, 1 + letter.len_utf8())
}

/// What is wrong with a duration whose shape is right.
pub(crate) fn duration_problem(text: &str) -> Option<&'static str> {
    let units: Vec<&str> = text.split(|c: char| c.is_ascii_digit() || c == '_').filter(|u| !u.is_empty()).collect();
    let rank = |unit: &str| ["d", "h", "m", "s", "ms"].iter().position(|u| *u == unit);
    if units.windows(2).any(|pair| matches!(pair, [a, b] if rank(a) >= rank(b))) {
        return Some("units go from large to small, each once: `1h30m`");
    }
    duration_millis(text).is_none().then_some("it is longer than can be counted")
}

/// Whether a `YYYY-MM-DD` exists in the calendar.
pub(crate) fn date_exists(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|p| p.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0..4), part(5..7), part(8..10)) else { return false };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Whether an `HH:MM` or `HH:MM:SS` exists; `24:00` is the end of a day.
pub(crate) fn time_exists(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|p| p.parse::<u32>().ok());
    let (Some(hour), Some(minute)) = (part(0..2), part(3..5)) else { return false };
    let second = part(6..8).unwrap_or(0);
    (hour < 24 && minute < 60 && second < 60) || (hour == 24 && minute == 0 && second == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let cook = |s: &str| str_lit(s, Span::default()).value;
        assert_eq!(cook(r#""a\n\"b\" \u{e9}""#), "a\n\"b\" é");
        assert_eq!(cook(r##"r#"a\n"b"#"##), "a\\n\"b");
        assert_eq!(cook("\"open"), "open");
        assert_eq!(cook("'it'"), "it");
        assert_eq!(cook("\""), "");
        let mut bad = Vec::new();
        assert_eq!(unescape(r#""é\q""#, &mut bad), "é\\q");
        assert_eq!(bad.iter().map(|b| (b.start, b.len)).collect::<Vec<_>>(), [(3, 2)]);
    }

    #[test]
    fn calendar() {
        assert!(date_exists("2024-02-29") && !date_exists("2026-02-29") && !date_exists("2026-13-01"));
        assert!(time_exists("24:00") && !time_exists("24:01") && !time_exists("09:60"));
        assert!(duration_problem("2h30m").is_none() && duration_problem("30m2h").is_some());
    }
}
