//! The small parts of the page: texts that can't deceive, links, lists, source with its colours.

use claw_compiler::report::{Attribute, Code, Heading, Ref, Report, Target};
use claw_syntax::{Token, TokenKind};
use maud::{Escaper, Markup, PreEscaped, Render, html};
use std::fmt::Write as _;

/// Longer lists are folded away.
const LONG: usize = 12;

/// Text of a policy: escaped, and with what is invisible or turns the direction of writing made visible.
pub fn shown(text: &str) -> Markup {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_hidden) {
        let (before, from) = rest.split_at(at);
        escape(before, &mut out);
        let mut chars = from.chars();
        if let Some(hidden) = chars.next() {
            let _ = write!(out, "<mark>U+{:04X}</mark>", u32::from(hidden));
        }
        rest = chars.as_str();
    }
    escape(rest, &mut out);
    PreEscaped(out)
}

fn escape(text: &str, out: &mut String) {
    let _ = Escaper::new(out).write_str(text);
}

fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Documentation: paragraphs and lists, with `code` in backticks.
pub fn prose(doc: &str) -> Markup {
    let paragraphs = doc.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    html! {
        @for paragraph in paragraphs {
            @if let Some(list) = paragraph.strip_prefix("- ") {
                ul { @for item in list.split("\n- ") { li dir="auto" { (inline(item)) } } }
            } @else {
                p dir="auto" { (inline(paragraph)) }
            }
        }
    }
}

/// One paragraph.
pub fn inline(text: &str) -> Markup {
    // An odd number of backticks means nothing by the last one.
    let paired = text.matches('`').count() / 2 * 2;
    let mut parts = text.splitn(paired + 1, '`');
    html! {
        @if let Some(first) = parts.next() { (shown(first)) }
        @for (at, part) in parts.enumerate() {
            @if at % 2 == 0 { code { (shown(part)) } } @else { (shown(part)) }
        }
    }
}

/// A link, or the bare name of what has no place in the report.
pub fn link(to: &Ref) -> Markup {
    html! {
        @if to.id.is_empty() { (shown(&to.name)) } @else { a href={ "#" (to.id) } { (shown(&to.name)) } }
    }
}

/// `a, b, c`
pub fn links(refs: &[Ref]) -> Markup {
    joined(refs, ", ")
}

/// Links with something in between.
pub fn joined(refs: &[Ref], between: &str) -> Markup {
    html! { @for (at, to) in refs.iter().enumerate() { @if at > 0 { (between) } (link(to)) } }
}

/// Links, folded away where there are many. `one` and `many` name what they are.
pub fn folded(refs: &[Ref], one: &str, many: &str) -> Markup {
    html! {
        @if refs.len() > LONG {
            details {
                summary { (refs.len()) " " (if refs.len() == 1 { one } else { many }) }
                (links(refs))
            }
        } @else {
            (links(refs))
        }
    }
}

/// Words such as environments.
pub fn words(words: &[String]) -> Markup {
    shown(&words.join(", "))
}

/// Source text in the colours of its tokens, each name a link to what it names.
pub fn code(code: &Code) -> Markup {
    html! { pre.code tabindex="0" { code { (tokens(code)) } } }
}

/// A clause that fits into a cell of a table: on one line, unless a comment needs the line's end.
pub fn cell_code(clause: &Code) -> Markup {
    if clause.text.contains("//") { code(clause) } else { short_code(clause) }
}

/// The same inside a line.
pub fn short_code(code: &Code) -> Markup {
    html! { code.claw { (tokens(code)) } }
}

fn tokens(code: &Code) -> Markup {
    let mut refs = code.refs.iter().peekable();
    let mut part = |token: &Token| {
        let (start, end) = (token.span.start as usize, token.span.end as usize);
        while refs.next_if(|r| r.end <= start).is_some() {}
        let to = refs.peek().filter(|r| r.start <= start && end <= r.end);
        (token.span.text(&code.text).to_owned(), class(token.kind), to.map(|r| r.id.clone()))
    };
    html! {
        @for token in claw_syntax::lex(&code.text) {
            @let (text, class, to) = part(&token);
            @match (to, class) {
                (Some(id), _) => a href={ "#" (id) } { (shown(&text)) },
                (None, Some(class)) => span class=(class) { (shown(&text)) },
                (None, None) => (shown(&text)),
            }
        }
    }
}

fn class(kind: TokenKind) -> Option<&'static str> {
    match kind {
        kind if kind.is_comment() => Some("c"),
        kind if kind.is_keyword() => Some("k"),
        TokenKind::TypeCtor => Some("k"),
        kind if kind.is_string() => Some("s"),
        kind if kind.is_number() => Some("n"),
        _ => None,
    }
}

/// `1 tool`, `2 tools` as one text.
pub fn count(n: usize, thing: &str) -> String {
    crate::render::text::count(n, thing)
}

/// What a clause is about: tools and environments.
pub fn target(target: &Target) -> Markup {
    html! {
        @if target.any {
            "every tool (" (target.tools.len()) ")"
        } @else if target.tools.is_empty() {
            "no tool"
        } @else {
            (folded(&target.tools, "tool", "tools"))
        }
        @if let Some(environments) = &target.environments { " in " (words(environments)) }
    }
}

/// A name as a heading that can be linked to; `badges` stand behind it.
pub fn title(heading: &Heading, badges: Markup) -> Markup {
    html! {
        h3 { a.self href={ "#" (heading.id) } { (shown(&heading.name)) } " " (badges) }
    }
}

/// Where a declaration stands and who answers for it.
pub fn meta(report: &Report, heading: &Heading) -> Markup {
    let of = |name: &'static str| heading.attributes.iter().filter(move |attr| attr.name == name);
    html! {
        p.meta {
            span { (shown(&heading.module)) }
            span { (shown(&heading.file)) ":" (heading.line) }
            @for attr in of("owner") { (attribute(report, "owner", attr)) }
            @for attr in of("control") { (attribute(report, "control", attr)) }
            @for attr in of("see") { (attribute(report, "see", attr)) }
            @for attr in of("allow") { span { "silences " (shown(&attr.args.join(": "))) } }
        }
    }
}

/// The texts of an attribute, each leading to what else has it.
fn attribute(report: &Report, word: &'static str, attr: &Attribute) -> Markup {
    let entries = match word {
        "owner" => &report.index.owners,
        "control" => &report.index.controls,
        _ => &report.index.see,
    };
    html! {
        @for text in &attr.args {
            span {
                (word) " "
                @match entries.iter().find(|entry| entry.text == *text) {
                    Some(entry) => a href={ "#" (entry.id) } { (shown(text)) },
                    None => (shown(text)),
                }
            }
        }
    }
}

/// `confirmed` is what clauses are; anything else is said.
pub fn status_badge(status: &str) -> Markup {
    html! {
        @match status {
            "confirmed" => "",
            "hint" | "candidate" => span.badge.idle { (status) ": reported, changes nothing" },
            _ => span.badge.idle { (status) ": not in force" },
        }
    }
}

/// A table that scrolls by itself where the page is narrow.
pub fn table(label: &str, body: Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { table { (body) } } }
}

/// A row of a list of facts, left out where there is nothing to say.
pub fn fact(term: &str, present: bool, what: impl Render) -> Markup {
    html! { @if present { dt { (term) } dd { (what) } } }
}
