//! Texts as they are compared, and the words in them.
//!
//! Two texts are the same if they differ only in how characters are composed (NFKC), in case, in invisible
//! characters, or in white space. That only ever makes more texts the same; where trust depends on it, [`Normal::plain`]
//! tells the texts that use none of the tricks.

use unicode_normalization::UnicodeNormalization;

/// A text in the form that is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Normal {
    pub(super) text: String,
    /// Byte offsets of spaces that were line breaks, and of double quotes.
    pub(super) breaks: Vec<usize>,
    /// There was more than fits.
    pub(super) cut: bool,
}

impl Normal {
    /// At most about `max` bytes of it; a character more is not begun.
    pub(super) fn of(text: &str, max: usize) -> Normal {
        let mut normal = Normal::default();
        if text.is_ascii() {
            normal.push_all(text.chars().map(|c| c.to_ascii_lowercase()), max);
        } else {
            let visible = text.chars().filter(|c| !is_invisible(*c));
            normal.push_all(visible.nfkc().flat_map(fold).nfkc(), max);
        }
        if normal.text.ends_with(' ') {
            normal.text.pop();
        }
        normal
    }

    fn push_all(&mut self, chars: impl Iterator<Item = char>, max: usize) {
        for c in chars {
            if self.text.len() >= max {
                self.cut = true;
                return;
            }
            if !(c.is_whitespace() || c.is_control()) {
                if c == '"' {
                    self.breaks.push(self.text.len());
                }
                self.text.push(c);
                continue;
            }
            if !self.text.is_empty() && !self.text.ends_with(' ') {
                self.text.push(' ');
            }
            if matches!(c, '\n' | '\r') {
                let at = self.text.len().saturating_sub(1);
                if self.breaks.last() != Some(&at) {
                    self.breaks.push(at);
                }
            }
        }
    }

    /// Does the text consist of characters that stand for themselves? One with invisible or merely compatible
    /// characters may look like what a person wrote, and be something else.
    pub(super) fn plain(text: &str) -> bool {
        text.is_ascii() || (!text.chars().any(is_invisible) && text.nfc().eq(text.nfkc()))
    }
}

/// Case folding; beyond lower case, only what has two lower-case forms.
fn fold(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' | 'ẞ' => (Some('s'), Some('s')),
        'ς' => (Some('σ'), None),
        _ => (None, None),
    };
    let lower = first.is_none().then(|| c.to_lowercase());
    first.into_iter().chain(second).chain(lower.into_iter().flatten())
}

/// Characters that show nothing by themselves: joiners, marks of direction, variation selectors, tags, fillers.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// What a character is to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of a word.
    Word,
    /// A word by itself: of a script that is written without spaces.
    Single,
    /// Holds what is written together together: `a@b.c`, `/srv/x`, `12.50`.
    Joiner,
    Other,
}

pub(super) fn class(c: char) -> Class {
    match c {
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => Class::Single,
        '.' | ',' | '-' | '_' | '@' | '+' | '/' | '\\' | ':' | '%' | '~' | '\'' | '&' | '=' | '#' | '?' => {
            Class::Joiner
        }
        c if c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) => Class::Word,
        _ => Class::Other,
    }
}

/// The words of a text in normal form, as byte ranges.
pub(super) fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match class(c) {
            Class::Word => {
                start.get_or_insert(at);
            }
            Class::Single => {
                words.extend(start.take().map(|start| (start, at)));
                words.push((at, at.saturating_add(c.len_utf8())));
            }
            Class::Joiner | Class::Other => words.extend(start.take().map(|start| (start, at))),
        }
    }
    words.extend(start.map(|start| (start, text.len())));
    words
}

/// How a place in a text parts what is left of it from what is right of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// In the middle of a word.
    Inside,
    /// Between words that are written together.
    Joined,
    /// Between words.
    Free,
}

/// The edge between two neighbouring parts of a text.
pub(super) fn edge(before: &str, after: &str) -> Edge {
    let (mut left, mut right) = (before.chars().rev(), after.chars());
    let (Some(l), Some(r)) = (left.next(), right.next()) else { return Edge::Free };
    let (l2, r2) = (left.next(), right.next());
    match (class(l), class(r)) {
        (Class::Word, Class::Word) => Edge::Inside,
        (Class::Joiner, Class::Joiner) => Edge::Joined,
        (Class::Word, Class::Joiner) if joins(l, r, r2, right.next()) => Edge::Joined,
        (Class::Joiner, Class::Word) if joins(r, l, l2, None) || begins(l) => Edge::Joined,
        _ => Edge::Free,
    }
}

/// Does `joiner` hold a word that ends (or begins) with `near` to what is beyond it?
fn joins(near: char, joiner: char, beyond: Option<char>, further: Option<char>) -> bool {
    let Some(beyond) = beyond.filter(|c| class(*c) == Class::Word) else { return false };
    match joiner {
        ',' => near.is_ascii_digit() && beyond.is_ascii_digit(),
        // A genitive is another's word: `bob's`.
        '\'' => !(beyond == 's' && further.is_none_or(|c| class(c) != Class::Word)),
        _ => true,
    }
}

/// Joiners that change a word before which they stand: `/x`, `-5`, `~x`.
fn begins(joiner: char) -> bool {
    matches!(joiner, '/' | '\\' | '.' | '~' | '_' | '-' | '+')
}

/// The text with percent escapes and JSON's backslash escapes replaced once; `None` if there are none.
pub(super) fn decoded(text: &str) -> Option<String> {
    if !text.contains(['%', '\\']) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'%', [a, b, after @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                bytes.push(hex(&[*a, *b]) as u8);
                after
            }
            (b'\\', [b'u', a, b, c, d, after @ ..]) if [a, b, c, d].iter().all(|h| h.is_ascii_hexdigit()) => {
                let (c, after) = utf16(hex(&[*a, *b, *c, *d]), after);
                bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                after
            }
            (b'\\', [b'n' | b'r' | b't', after @ ..]) => {
                bytes.push(b'\n');
                after
            }
            (b'\\', [c @ (b'"' | b'/' | b'\\'), after @ ..]) => {
                bytes.push(*c);
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    let decoded = String::from_utf8_lossy(&bytes).into_owned();
    (decoded != text).then_some(decoded)
}

/// Hexadecimal digits, at most four.
fn hex(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |n, d| n << 4 | char::from(*d).to_digit(16).and_then(|d| u16::try_from(d).ok()).unwrap_or(0))
}

/// The character of a `\u` escape, with the second half of a pair if there is one.
fn utf16(first: u16, after: &[u8]) -> (char, &[u8]) {
    if let [b'\\', b'u', a, b, c, d, rest @ ..] = after
        && [a, b, c, d].iter().all(|h| h.is_ascii_hexdigit())
        && let Some(Ok(c)) = char::decode_utf16([first, hex(&[*a, *b, *c, *d])]).next()
        && c > '\u{ffff}'
    {
        return (c, rest);
    }
    (char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        Normal::of(text, 1 << 20).text
    }

    #[test]
    fn what_is_the_same() {
        for (a, b) in [
            ("Hello\n\t World ", "hello world"),
            ("ﬁle", "FILE"),
            ("e\u{301}t\u{e9}", "\u{e9}te\u{301}"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("pay\u{200b}pal", "paypal"),
            ("ＡＢＣ", "abc"),
            ("a\u{a0}b", "a b"),
        ] {
            assert_eq!(of(a), of(b));
            assert_eq!(of(&of(a)), of(a));
        }
        // Letters that merely look alike, or that case does not make the same.
        for (a, b) in [("pаypal", "paypal"), ("evıl", "evil")] {
            assert_ne!(of(a), of(b));
        }
    }

    #[test]
    fn plain_texts() {
        for plain in ["abc", "Straße", "été", "e\u{301}", "北京", "Ω"] {
            assert!(Normal::plain(plain), "{plain}");
        }
        for tricky in ["a\u{200b}b", "ﬁ", "ＡＢＣ", "x\u{202e}y", "½"] {
            assert!(!Normal::plain(tricky), "{tricky}");
        }
    }

    #[test]
    fn edges() {
        for (before, after, expected) in [
            ("bo", "b", Edge::Inside),
            ("bob@acme.com", ".au", Edge::Joined),
            ("bob@acme.com", ". Then", Edge::Free),
            ("bob", "'s rent", Edge::Free),
            ("bob", "'sky", Edge::Joined),
            ("ann", ",bob", Edge::Free),
            ("1", ",000", Edge::Joined),
            ("/srv", "/x", Edge::Joined),
            ("see /", "srv", Edge::Joined),
            ("mail to @", "bob", Edge::Free),
            ("jo", "北", Edge::Free),
            ("x ", "y", Edge::Free),
            ("", "y", Edge::Free),
            ("https://a.b/", "path", Edge::Joined),
        ] {
            assert_eq!(edge(before, after), expected, "{before}|{after}");
        }
    }

    #[test]
    fn escapes() {
        for (text, expected) in [
            ("a%40b", Some("a@b")),
            ("100%", None),
            ("a\\u00e9\\n", Some("aé\n")),
            ("\\ud83d\\ude42", Some("🙂")),
            ("\\ud83d", Some("\u{fffd}")),
            ("C:\\dir", None),
            ("%ff", Some("\u{fffd}")),
            ("%", None),
            ("\\u00", None),
        ] {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let normal = Normal::of(&"\u{fdfa}".repeat(1000), 100);
        assert!(normal.cut && normal.text.len() < 110);
        assert!(!Normal::of("abc", 100).cut);
    }
}
