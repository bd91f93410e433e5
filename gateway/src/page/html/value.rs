//! Texts of strangers, as the ledger made them harmless: what stands there by its number stands out.

use maud::{Markup, html};

/// Characters from which on a value gets a box of its own that scrolls.
const LONG: usize = 400;

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Plain(&'a str),
    /// Something that would not be seen, or not as what it is, such as `\u{202e}`.
    Escape(&'a str),
    /// A line break, written `\n`.
    Break(&'a str),
}

/// A value of the request in JSON, or another text of the ledger's. A line break in it is shown as one, too.
pub(super) fn value(text: &str) -> Markup {
    let (whole, cut) = cut(text);
    let characters = whole.chars().count();
    html! {
        @if characters > LONG {
            pre .value .long tabindex="0" { (marked(whole)) }
        } @else {
            pre .value { (marked(whole)) }
        }
        @if let Some(missing) = cut {
            p .cut { "Not all of it is shown: " (missing) "." }
        } @else if characters > LONG {
            p .count { "All of its " (characters) " characters are there: scroll to read them" }
        }
    }
}

/// The same within a line.
pub(super) fn marked(text: &str) -> Markup {
    html! {
        @for part in parts(text) {
            @match part {
                Part::Plain(text) => (text),
                Part::Escape(text) => span .escape { (text) },
                Part::Break(text) => { span .escape { (text) } br; }
            }
        }
    }
}

/// A text without the quotes that a JSON string has, for headings. Nothing within it changes.
pub(super) fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// What the ledger kept of a value, and what it says about the rest: see `ledger::Shown`. No value can end like this by
/// itself, since JSON ends in a quote, a bracket, a digit or a letter.
fn cut(text: &str) -> (&str, Option<&str>) {
    let found = text.strip_suffix(')').and_then(|text| text.rsplit_once("… ("));
    match found {
        Some((head, missing)) if missing.contains(" more characters, sha256:") => (head, Some(missing)),
        _ => (text, None),
    }
}

/// Splits a text at what stands in it by its number. `\\` is a backslash, and begins nothing.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    let plain_part = |from: usize, to: usize| text.get(from..to).filter(|text| !text.is_empty()).map(Part::Plain);
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find('\\')) {
        let start = at.saturating_add(offset);
        let escape = text.get(start..).unwrap_or_default();
        let length = escape_length(escape);
        at = start.saturating_add(length);
        let shown = escape.get(..length).unwrap_or_default();
        let part = match shown {
            "\\n" | "\\u{a}" => Part::Break(shown),
            "\\t" | "\\r" => Part::Escape(shown),
            _ if shown.starts_with("\\u") => Part::Escape(shown),
            _ => continue,
        };
        parts.extend(plain_part(plain, start));
        parts.push(part);
        plain = at;
    }
    parts.extend(plain_part(plain, text.len()));
    parts
}

/// How long the escape is that this text begins with.
fn escape_length(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('u') if text.starts_with("\\u{") => text.find('}').map_or(2, |end| end.saturating_add(1)),
        Some('u') => text.char_indices().nth(6).map_or(text.len(), |(end, _)| end),
        Some(c) => c.len_utf8().saturating_add(1),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_stands_out() {
        use Part::{Break, Escape, Plain};
        assert_eq!(parts("plain"), [Plain("plain")]);
        assert_eq!(parts(r#""a\u{202e}b""#), [Plain("\"a"), Escape(r"\u{202e}"), Plain("b\"")]);
        assert_eq!(parts(r"a\nb\tc"), [Plain("a"), Break(r"\n"), Plain("b"), Escape(r"\t"), Plain("c")]);
        assert_eq!(parts(r"\u0007x"), [Escape(r"\u0007"), Plain("x")]);
        assert_eq!(parts(r"\\u{202e}\\n"), [Plain(r"\\u{202e}\\n")], "a backslash, and letters");
        assert_eq!(parts("\\"), [Plain("\\")]);
        assert_eq!(parts("\\u{1"), [Escape("\\u"), Plain("{1")]);
        assert_eq!(parts("\\é\\n"), [Plain("\\é"), Break("\\n")]);
    }

    #[test]
    fn nothing_is_hidden_silently() {
        let long = format!("{}… (1,234 more characters, sha256:00)", "a".repeat(2_000));
        let page = value(&long).into_string();
        assert!(page.contains("Not all of it is shown: 1,234 more characters, sha256:00"), "{page}");
        let page = value(&format!("\"{}… (9 more characters, sha256:00)\"", "a".repeat(500))).into_string();
        assert!(page.contains("All of its ") && !page.contains("Not all"), "{page}");
    }
}
