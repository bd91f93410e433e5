//! The syntax tree: what was written, in the order it was written.
//!
//! The tree is complete and faithful but means nothing yet: names are not
//! resolved, nothing is typed, clauses may be missing or doubled. It holds
//! *holes* (`Error` variants, identifiers with an empty name) where the text
//! could not be understood; every hole has a [`SyntaxError`](crate::SyntaxError)
//! of its own, so a consumer stays silent about it.

mod clause;
mod decl;
mod expr;

pub use clause::*;
pub use decl::*;
pub use expr::*;

use crate::span::Span;

/// A whole source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The `//!` lines at the top.
    pub inner_docs: Vec<DocLine>,
    /// `package a.b`, if it is there.
    pub package: Option<PackageDecl>,
    /// The declarations, in order.
    pub items: Vec<Item>,
    /// The whole text.
    pub span: Span,
}

/// `package acme.support_bot`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageDecl {
    /// Documentation written before it.
    pub docs: Vec<DocLine>,
    /// The module's name.
    pub name: Path,
    /// From the word `package` to the end of the name.
    pub span: Span,
}

/// One line of documentation, without its `///` or `//!` and one leading space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocLine {
    /// The text.
    pub text: String,
    /// The comment, with its slashes.
    pub span: Span,
}

/// One declaration with what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The `///` lines before it, first line first.
    pub docs: Vec<DocLine>,
    /// The `@…` attributes before it.
    pub attrs: Vec<Attribute>,
    /// What is declared.
    pub kind: ItemKind,
    /// From the first attribute or the first word to the last token.
    pub span: Span,
}

impl Item {
    /// The declared name, if this kind of declaration has a single one.
    /// A hole is returned as `None`.
    pub fn name(&self) -> Option<&Ident> {
        let name = match &self.kind {
            ItemKind::Record(d) => &d.name,
            ItemKind::Enum(d) => &d.name,
            ItemKind::Tool(d) => d.name.segments.last()?,
            ItemKind::Let(d) => &d.name,
            ItemKind::Live(d) => &d.name,
            ItemKind::Predicate(d) => &d.name,
            ItemKind::Window(d) => &d.name,
            ItemKind::Scope(d) => &d.name,
            ItemKind::Approval(d) => &d.name,
            ItemKind::Rule(d) => &d.name,
            ItemKind::Limit(d) => &d.name,
            ItemKind::Extern(d) => &d.name,
            _ => return None,
        };
        (!name.is_hole()).then_some(name)
    }
}

/// `@owner("security")`, `@allow(W0203, "reason")`, `@status(hint)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The word after `@`.
    pub name: Ident,
    /// What stands in parentheses.
    pub args: Vec<AttrArg>,
    /// From `@` to the closing parenthesis.
    pub span: Span,
}

/// One argument of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttrArg {
    /// A word such as `hint` or `W0203`.
    Name(Ident),
    /// A string.
    Str(StrLit),
    /// Something else, reported.
    Error(Span),
}

/// A name. Backticks are taken off; the span still covers them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The name; empty for a hole.
    pub name: String,
    /// Where it is written.
    pub span: Span,
}

impl Ident {
    /// A name that is missing or unreadable, at `span`.
    pub fn hole(span: Span) -> Ident {
        Ident { name: String::new(), span }
    }

    /// Whether the name is missing (and has been reported).
    pub fn is_hole(&self) -> bool {
        self.name.is_empty()
    }
}

/// A dotted name: `on_call`, `company.mail`, `jira.get_issue`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Its words, at least one.
    pub segments: Vec<Ident>,
    /// From the first word to the last.
    pub span: Span,
}

impl Path {
    /// A path that could not be read.
    pub fn hole(span: Span) -> Path {
        Path { segments: vec![Ident::hole(span)], span }
    }

    /// Whether some word is missing (and has been reported).
    pub fn is_hole(&self) -> bool {
        self.segments.iter().any(Ident::is_hole)
    }

    /// The words joined with dots.
    pub fn text(&self) -> String {
        let words: Vec<&str> = self.segments.iter().map(|s| s.name.as_str()).collect();
        words.join(".")
    }

    /// The only word, if there is one only.
    pub fn as_ident(&self) -> Option<&Ident> {
        match self.segments.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// A string literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrLit {
    /// What it says, escapes resolved.
    pub value: String,
    /// As written, with quotes.
    pub source: String,
    /// Where it is written, with quotes.
    pub span: Span,
}

impl StrLit {
    /// Whether it is written `r"…"`, without escapes.
    pub fn is_raw(&self) -> bool {
        self.source.starts_with('r')
    }
}

/// A literal that is kept as it was written: a number, a date, a time, a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLit {
    /// The text as written (`1_000`, `2h30m`); empty if malformed and reported.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

impl TextLit {
    /// Whether the literal is missing or malformed (and has been reported).
    pub fn is_hole(&self) -> bool {
        self.text.is_empty()
    }

    /// The text without the underscores that group digits.
    pub fn digits(&self) -> String {
        self.text.replace('_', "")
    }
}

/// The tree as text without any position, for comparing trees of different layouts.
pub fn dump(file: &File) -> String {
    let is_span = |line: &str| {
        let value = line.rsplit(": ").next().unwrap_or(line);
        let value = value.trim_start_matches("Some(").trim_end_matches([',', ')']);
        value.split_once("..").is_some_and(|(a, b)| a.parse::<u32>().is_ok() && b.parse::<u32>().is_ok())
    };
    let text = format!("{file:#?}");
    let lines: Vec<&str> = text.lines().filter(|line| !is_span(line.trim())).collect();
    lines.join("\n")
}

/// The duration that `text` (`90s`, `2h30m`, `7d`, `250ms`) stands for, in milliseconds.
/// `None` if it is not one or does not fit.
pub fn duration_millis(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '_')?;
        let number: i64 = rest.get(..digits)?.replace('_', "").parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let unit: i64 = match rest.get(..letters)? {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = rest.get(letters..)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::duration_millis;

    #[test]
    fn durations() {
        assert_eq!(duration_millis("90s"), Some(90_000));
        assert_eq!(duration_millis("2h30m"), Some(9_000_000));
        assert_eq!(duration_millis("250ms"), Some(250));
        assert_eq!(duration_millis("15min"), None);
        assert_eq!(duration_millis("99999999999999999d"), None);
        assert_eq!(duration_millis(""), None);
    }
}
