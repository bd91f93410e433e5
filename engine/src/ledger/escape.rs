//! Text of strangers, made fit to be read by whoever is asked to consent.
//!
//! What is shown must not be able to look like something else: to start a line, switch the direction of writing, hide
//! or repeat characters, pass for markup or flood the screen. Nothing is dropped: what can't be shown as it is, stands
//! there by its number, so that two texts never look the same. Knows nothing of what the texts mean.

use claw_runtime::{Digest, Json};

/// Combining marks that may follow one another; more of them climb over other lines.
const MARKS: usize = 2;

/// A JSON value: its canonical text, strings in quotes; of a long one `limit` characters, how many more there are, and
/// the digest of the whole.
pub(super) fn json(value: &Json, limit: usize) -> String {
    // In canonical JSON `\` is followed by neither `u{` nor anything else that is written here.
    capped(&value.canonical(), limit, false)
}

/// A text without quotes; its backslashes are doubled.
///
/// Fit for any page, chat or terminal, though each may have to quote it by its own rules besides.
#[must_use]
pub fn text(text: &str, limit: usize) -> String {
    capped(text, limit, true)
}

fn capped(whole: &str, limit: usize, raw: bool) -> String {
    let Some((end, _)) = whole.char_indices().nth(limit) else { return neutral(whole, raw) };
    let (head, tail) = whole.split_at_checked(end).unwrap_or((whole, ""));
    let more = grouped(tail.chars().count());
    format!("{}… ({more} more characters, {})", neutral(head, raw), Digest::of(whole.as_bytes()))
}

/// `1,234`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && digits.len().saturating_sub(i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn neutral(text: &str, raw: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Between letters that are written to the left, digits and others change places: `1` before one and `1` after it
    // look the same.
    let mixed = text.chars().any(is_leftward) && text.chars().any(|c| c.is_alphanumeric() && !is_leftward(c));
    let mut before = None;
    let mut marks = 0usize;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        marks = if is_mark(c) { marks.saturating_add(1) } else { 0 };
        if c == '\\' && raw {
            out.push_str("\\\\");
        } else if marks > MARKS
            || is_hidden(c)
            || (mixed && is_leftward(c))
            || is_active(before, c, rest.peek().copied())
        {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
        before = Some(c);
    }
    out
}

/// Would it begin markup: a tag or an entity of HTML, code or a link of Markdown, a mention in a chat? Or be shown as
/// one space where there are more?
fn is_active(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        '`' => true,
        '<' => after.is_some_and(|c| c.is_alphabetic() || "/!?#@".contains(c)),
        '&' => after.is_some_and(|c| c.is_alphanumeric() || c == '#'),
        ']' => after.is_some_and(|c| "([:".contains(c)),
        ' ' => before.is_none_or(|c| c == ' '),
        _ => false,
    }
}

/// Characters that show nothing, something blank, or change how others are shown.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{ffff}' | '\u{13430}'..='\u{1345f}' | '\u{16fe4}' | '\u{1d159}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}')
}

/// Letters and digits of scripts that are written to the left.
fn is_leftward(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// Marks that are drawn over the character before them.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads back what [`json`] and [`text`] write for short texts.
    fn read(shown: &str, raw: bool) -> String {
        let mut out = String::new();
        let mut rest = shown.chars().peekable();
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                ('\\', Some('u')) => {
                    rest.next();
                    if rest.peek() == Some(&'{') {
                        let hex: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                        out.extend(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32));
                    } else {
                        out.push_str("\\u");
                    }
                }
                ('\\', Some('\\')) => {
                    rest.next();
                    out.push_str(if raw { "\\" } else { "\\\\" });
                }
                _ => out.push(c),
            }
        }
        out
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[a-c\\\\u{}\"0-9 ]{0,6}",
            prop::sample::select(vec![
                "\u{202e}",
                "\u{200b}",
                "\u{1b}[31m",
                "<b>",
                "&lt;",
                "](x)",
                "`",
                "\n",
                "\u{301}\u{301}\u{301}",
                "\\u{3c}",
                "… (1 more characters, sha256:",
                "  ",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_works(value in hostile()) {
            let as_text = text(&value, 10_000);
            prop_assert_eq!(read(&as_text, true), value.clone());
            let whole = Json::str(value.as_str());
            let as_json = json(&whole, 10_000);
            prop_assert_eq!(read(&as_json, false), whole.canonical());
            for shown in [as_text, as_json] {
                prop_assert!(!shown.chars().any(is_hidden), "{shown}");
                for markup in ["<b", "</", "<!", "&lt", "&#", "](", "`", "  "] {
                    prop_assert!(!shown.contains(markup), "{shown} has {markup}");
                }
            }
        }

        #[test]
        fn long_texts_differ_by_their_digest(a in hostile(), b in hostile(), limit in 0usize..6) {
            prop_assume!(a != b);
            prop_assert_ne!(text(&a, limit), text(&b, limit));
            prop_assert_ne!(json(&Json::str(a.as_str()), limit), json(&Json::str(b.as_str()), limit));
        }
    }

    #[test]
    fn says_how_much_is_missing() {
        let long = "a".repeat(3_234);
        let shown = text(&long, 2_000);
        assert!(shown.ends_with(&format!("… (1,234 more characters, {})", Digest::of(long.as_bytes()))), "{shown}");
        assert_eq!(text("", 10), "");
        assert_eq!([1, 999, 1_000, 1_234_567].map(grouped), ["1", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn usual_text_stays_as_it_is() {
        for usual in [
            "SELECT a, b FROM t WHERE a < 3 && b > 'x'",
            "rm -rf /srv/*_old",
            "Grüße, 🦀",
            "a & b [1]",
            "https://x.org/?a=1",
        ] {
            assert_eq!(text(usual, 200), usual);
        }
        assert_eq!(text("שלום, עולם!", 200), "שלום, עולם!");
        assert_eq!(text("1\u{5d0} a", 200), "1\\u{5d0} a");
        assert_eq!(text("a\\b\n<i>&amp;", 200), "a\\\\b\\u{a}\\u{3c}i>\\u{26}amp;");
    }
}
