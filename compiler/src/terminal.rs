//! Text of unknown origin on a terminal: it is shown, and never obeyed.

/// Characters that a terminal would obey, or that make text look like other text.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Text of unknown origin, fit for a terminal: what a terminal would obey is shown as an escape.
pub fn visible(text: &str) -> String {
    if !text.contains(is_unsafe) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if is_unsafe(c) && c != '\n' { c.escape_unicode().to_string() } else { c.to_string() })
        .collect()
}

/// Like [`visible`] for source code whose byte offsets must stay: each unsafe character becomes a harmless one of
/// the same length. Line breaks and tabs stay.
pub fn visible_source(source: &str) -> String {
    let harmless = |c: char, next: Option<char>| match c {
        '\n' | '\t' => c,
        '\r' if next == Some('\n') => c,
        c if !is_unsafe(c) => c,
        c => match c.len_utf8() {
            1 => '?',
            2 => '¿',
            _ => '\u{FFFD}',
        },
    };
    let mut chars = source.chars().peekable();
    let mut shown = String::with_capacity(source.len());
    while let Some(c) = chars.next() {
        shown.push(harmless(c, chars.peek().copied()));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_lose_their_power_but_not_their_length() {
        let hostile = "a\x1b[31mb\u{202E}c\u{85}\r\nd\re\t\u{2028}";
        let shown = visible_source(hostile);
        assert_eq!(shown, "a?[31mb\u{FFFD}c¿\r\nd?e\t\u{FFFD}");
        assert_eq!(shown.len(), hostile.len());
        assert_eq!(visible("a\x1b\u{202E}ä😀"), "a\\u{1b}\\u{202e}ä😀");
    }
}
