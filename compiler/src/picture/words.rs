//! Texts for drawings: source text on one line, wrapped to a width, and without characters that would deceive.
//!
//! Knows nothing of policies or of any output format.

/// Source text on one line, without comments. What is in strings stays as it is.
pub fn one_line(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    let (mut in_string, mut raw) = (false, false);
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_string && !raw => {
                out.push(c);
                out.extend(chars.next());
            }
            '"' => {
                raw = !in_string && out.ends_with('r') && !out[..out.len() - 1].ends_with(is_word);
                in_string = !in_string;
                out.push(c);
            }
            '/' if !in_string && chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            c if c.is_whitespace() && !in_string => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// At most `max` columns, with an ellipsis where something is left out.
pub fn shorten(text: &str, max: usize) -> String {
    if columns(text) <= max {
        return text.to_owned();
    }
    let mut left = max.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let Some(rest) = left.checked_sub(width(c)) else { break };
        left = rest;
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out + "…"
}

/// Breaks a text into at most `lines` lines of at most `max` columns; what does not fit is left out. All lines but
/// the first are indented.
pub fn wrap(text: &str, max: usize, lines: usize) -> Vec<String> {
    const INDENT: &str = "  ";
    let mut out = Vec::new();
    let mut line = String::new();
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.peek() {
        let empty = line.trim().is_empty();
        let room = max.saturating_sub(columns(&line) + usize::from(!empty));
        if columns(word) > room && !empty && out.len() + 1 < lines {
            out.push(std::mem::replace(&mut line, INDENT.to_owned()));
            continue;
        }
        if !empty {
            line.push(' ');
        }
        if columns(word) > room {
            // Too long for any line, or this is the last one.
            line.push_str(word);
            words.next();
            let rest: Vec<&str> = words.collect();
            let rest = if rest.is_empty() { line } else { format!("{line} {}", rest.join(" ")) };
            out.push(shorten(&rest, max));
            return out;
        }
        line.push_str(word);
        words.next();
    }
    out.push(line);
    out
}

/// How many columns of a fixed-width font a text takes, about.
pub fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 2,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}' => 2,
        _ => 1,
    }
}

/// Shows characters that are invisible, reorder what is beside them, or may not stand in XML.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}');
        if hidden {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_becomes_one_line() {
        assert_eq!(one_line("a  and // because\n   b"), "a and b");
        assert_eq!(one_line("x == \"a  //  b\""), "x == \"a  //  b\"");
        assert_eq!(one_line(r#"x == "\"  // " // y"#), r#"x == "\"  // ""#);
        assert_eq!(one_line(r#"x matches r"\"  // gone"#), r#"x matches r"\""#);
    }

    #[test]
    fn lines_have_at_most_the_width() {
        assert_eq!(wrap("one two three", 8, 3), ["one two", "  three"]);
        assert_eq!(wrap("one two three four five", 8, 2), ["one two", "  three…"]);
        assert_eq!(wrap("abcdefghij", 6, 3), ["abcde…"]);
        assert_eq!(wrap("", 6, 3), [""]);
        for text in ["a b c d e f g", "漢字 漢字漢字漢字 漢", "aaaa bbbbbbbbbbbbbbbbbb c"] {
            for line in wrap(text, 7, 2) {
                assert!(columns(&line) <= 7, "{line}");
            }
        }
    }

    #[test]
    fn nothing_is_hidden() {
        assert_eq!(visible("a\u{202e}b\n\u{0}é"), "a\\u{202e}b\\u{a}\\u{0}é");
    }
}
