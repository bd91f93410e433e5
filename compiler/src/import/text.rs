//! Names, literals and comments from text that a server wrote.
//!
//! None of that text is trusted: nothing in it may end a comment or a literal early, or make a policy look different
//! from what it is.

use std::collections::BTreeSet;

use claw_syntax::KEYWORDS;
use claw_syntax::ast::ToolKind;

/// Characters that have no glyph and change how the text around them looks, or hide text.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// One line for a comment.
pub(super) fn line(text: &str) -> String {
    let visible = text.chars().filter(|c| *c == '\t' || !(c.is_control() || is_invisible(*c)));
    visible.collect::<String>().trim_end().to_owned()
}

/// The lines of a comment, without empty ones at its ends.
pub(super) fn lines(text: &str) -> Vec<String> {
    let lines: Vec<String> = text.lines().map(line).collect();
    let start = lines.iter().position(|l| !l.is_empty()).unwrap_or(0);
    let end = lines.iter().rposition(|l| !l.is_empty()).map_or(0, |last| last + 1);
    lines.get(start..end).unwrap_or_default().to_vec()
}

/// `text`, cut where it gets too long for a comment at the side.
pub(super) fn short(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

/// A string literal.
pub(crate) fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_word(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a parameter or a field can have this name: backticks take all but a few characters.
pub(super) fn can_be_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c != '`' && !c.is_control() && !is_invisible(c))
}

/// The name of a parameter or a field, before whose colon every word is free.
pub(crate) fn field(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("`{name}`") }
}

/// A dotted name, with backticks around reserved words.
pub(super) fn path(name: &str) -> String {
    let quote =
        |word: &str| if KEYWORDS.contains(&word) || !is_word(word) { format!("`{word}`") } else { word.to_owned() };
    name.split('.').map(quote).collect::<Vec<_>>().join(".")
}

/// A value of an enum, as it is declared and as it is compared with.
pub(super) fn variant(name: &str) -> String {
    if is_word(name) && !KEYWORDS.contains(&name) { name.to_owned() } else { string(name) }
}

/// A name for policies: what can't stand in one becomes `_`. Dots are kept, they group tools.
pub(super) fn tool_name(wire: &str) -> String {
    wire.split('.').map(word).collect::<Vec<_>>().join(".")
}

/// A name for policies from a title: `Dynamic Text` → `dynamic_text`
pub(super) fn title_name(title: &str) -> String {
    let lower = word(&title.to_lowercase());
    lower.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

fn word(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let clean = if is_word(text) { text } else { clean.trim_matches('_') };
    match clean.chars().next() {
        None => "unnamed".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("n{clean}"),
        Some(_) => clean.to_owned(),
    }
}

/// `send_money` → `SendMoney`
pub(super) fn camel(name: &str) -> String {
    let mut out = String::new();
    for part in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty()) {
        let mut chars = part.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.extend(chars);
    }
    out
}

/// A free name for a declaration, which is taken then: `fetch`, or else `fetch_prompt`, `fetch_prompt_2`, …
pub(super) fn fresh_name(name: &str, kind: ToolKind, taken: &mut BTreeSet<String>) -> String {
    let free = !taken.contains(name) || kind == ToolKind::Tool;
    fresh(&if free { name.to_owned() } else { format!("{name}_{}", kind.word()) }, "_", taken)
}

/// The first of `stem`, `stem2`, `stem3`, … that is free; it is taken then.
pub(super) fn fresh(stem: &str, gap: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = stem.to_owned();
    let mut n = 2;
    while !taken.insert(name.clone()) {
        name = format!("{stem}{gap}{n}");
        n += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(tool_name("get-env"), "get_env");
        assert_eq!(tool_name("jira.get/issue"), "jira.get_issue");
        assert_eq!(tool_name("2fa"), "n2fa");
        assert_eq!(tool_name("_private_"), "_private_");
        assert_eq!(tool_name("搜索"), "unnamed");
        assert_eq!(title_name("Dynamic Text (v2.1)"), "dynamic_text_v2_1");
        assert_eq!(camel("send_money"), "SendMoney");
        assert_eq!(path("deny.all"), "`deny`.`all`");
        assert_eq!(field("to"), "to");
        assert_eq!(field("content-type"), "`content-type`");
        assert!(!can_be_name("a`b") && !can_be_name("") && !can_be_name("a\u{202E}b") && can_be_name("@type"));
    }

    #[test]
    fn nothing_hides() {
        assert_eq!(lines("\n a\u{202E}b\r\n\n c\u{0}\n\n"), [" ab", "", " c"]);
        assert_eq!(string("a\"\\\n\u{200B}é"), r#""a\"\\\n\u{200b}é""#);
        let text = claw_syntax::parse(&format!("enum E {{ {} }}", variant("in progress\u{2066}")));
        assert!(text.errors.is_empty(), "{:?}", text.errors);
    }
}
