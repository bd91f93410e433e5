//! A place in a file, and what stands there: the token, the name, the expressions and the declaration around it.

use claw_syntax::ast::{Expr, Item};
use claw_syntax::visit::{self, Visit};
use claw_syntax::{Parse, Span, Token, TokenKind};

use crate::analysis::{Analysis, Reference};
use crate::hir::{FileId, Loc, ModuleId};

/// A place in a policy file. It lies between two bytes, as an editor's cursor does.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    pub analysis: &'a Analysis,
    pub file: FileId,
    /// At most the length of the text.
    pub offset: u32,
    pub text: &'a str,
    pub parse: &'a Parse,
}

impl<'a> Cursor<'a> {
    /// `None` where the analysis has no such file. An offset past the end is taken as the end.
    pub fn new(analysis: &'a Analysis, file: FileId, offset: u32) -> Option<Cursor<'a>> {
        let source = analysis.sources.files.get(file.0 as usize)?;
        let end = u32::try_from(source.text.len()).unwrap_or(u32::MAX);
        Some(Cursor { analysis, file, offset: offset.min(end), text: &source.text, parse: analysis.parse(file)? })
    }

    /// The token under the cursor. Between two tokens, the one that says more: a name or a literal before
    /// punctuation, punctuation before blanks, the right one before the left one.
    pub fn token(&self) -> Option<Token> {
        let first = self.parse.tokens.partition_point(|t| t.span.end < self.offset);
        let touching = self.parse.tokens.iter().skip(first).take_while(|t| t.span.start <= self.offset);
        touching.max_by_key(|t| (weight(t.kind), t.span.start)).copied()
    }

    /// Tokens that end at the cursor or before it, nearest first, without blanks and comments. A word the cursor
    /// stands in or right behind is not among them if it is being typed: see [`Cursor::word`].
    pub fn before(&self) -> impl Iterator<Item = Token> + use<'a> {
        let at = self.word().map_or(self.offset, |word| word.start);
        let end = self.parse.tokens.partition_point(|t| t.span.end <= at);
        self.parse.tokens.iter().take(end).rev().filter(|t| !t.kind.is_trivia()).copied()
    }

    /// Tokens from the cursor on, without blanks and comments; not the word the cursor touches.
    pub fn after(&self) -> impl Iterator<Item = Token> + use<'a> {
        let at = self.word().map_or(self.offset, |word| word.end);
        let start = self.parse.tokens.partition_point(|t| t.span.start < at);
        self.parse.tokens.iter().skip(start).filter(|t| !t.kind.is_trivia()).copied()
    }

    /// The word (a name or a keyword) that the cursor stands in or touches: what a completion replaces.
    pub fn word(&self) -> Option<Span> {
        let token = self.token()?;
        (token.kind.is_name() || token.kind.is_keyword() || token.kind == TokenKind::TypeCtor).then_some(token.span)
    }

    /// Whether the cursor stands inside a comment, where nothing is completed.
    pub fn in_comment(&self) -> bool {
        let at = self.parse.tokens.partition_point(|t| t.span.end < self.offset);
        self.parse.tokens.get(at).is_some_and(|t| t.kind.is_comment() && t.span.start < self.offset)
    }

    /// The text of a place in this file.
    pub fn text_of(&self, span: Span) -> &'a str {
        span.text(self.text)
    }

    /// The name under the cursor, with what it means.
    pub fn symbol(&self) -> Option<&'a Reference> {
        self.analysis.symbols.at(self.file, self.offset)
    }

    /// The declaration around the cursor.
    pub fn item(&self) -> Option<&'a Item> {
        self.parse.file.items.iter().find(|item| item.span.touches(self.offset))
    }

    /// Calls `f` for the expressions around the cursor, outermost first.
    pub fn each_expr(&self, f: &mut dyn FnMut(&Expr)) {
        if let Some(item) = self.item() {
            Around { offset: self.offset, f }.visit_item(item);
        }
    }

    /// The module of this file.
    pub fn module(&self) -> Option<ModuleId> {
        let at = self.analysis.package.modules.iter().position(|module| module.file == self.file)?;
        Some(ModuleId(u32::try_from(at).ok()?))
    }

    pub fn loc(&self, span: Span) -> Loc {
        Loc { file: self.file, span }
    }
}

/// How much a token says to somebody who points at it.
fn weight(kind: TokenKind) -> u8 {
    match kind {
        TokenKind::Whitespace => 0,
        kind if kind.is_comment() => 1,
        kind if kind.is_name() || kind.is_keyword() || kind.is_number() || kind.is_string() => 3,
        _ => 2,
    }
}

/// Walks down to a place.
struct Around<'f> {
    offset: u32,
    f: &'f mut dyn FnMut(&Expr),
}

impl Visit for Around<'_> {
    fn visit_expr(&mut self, expr: &Expr) {
        if expr.span.touches(self.offset) {
            (self.f)(expr);
            visit::walk_expr(self, expr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;

    fn analyze(text: &str) -> Analysis {
        let mut workspace = Workspace::new();
        workspace.set_file("main.claw", text);
        workspace.analyze("main.claw")
    }

    /// The texts of the tokens before and after the cursor mark, and the word it touches.
    fn around(marked: &str) -> (Vec<String>, Vec<String>, Option<String>) {
        let offset = marked.find('$').unwrap();
        let analysis = analyze(&marked.replace('$', ""));
        let cursor = Cursor::new(&analysis, FileId(0), offset as u32).unwrap();
        let text = |t: Token| cursor.text_of(t.span).to_owned();
        let before = cursor.before().take(2).map(text).collect();
        let after = cursor.after().take(2).map(text).collect();
        (before, after, cursor.word().map(|w| cursor.text_of(w).to_owned()))
    }

    #[test]
    fn the_word_being_typed_is_neither_before_nor_after() {
        let strings = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            around("rule r { on a when args.na$me == b }"),
            (strings(&[".", "args"]), strings(&["==", "b"]), Some("name".to_owned()))
        );
        assert_eq!(around("rule r { when args.$"), (strings(&[".", "args"]), vec![], None));
        assert_eq!(around("rule r { when args. $ }"), (strings(&[".", "args"]), strings(&["}"]), None));
        assert_eq!(around("$"), (vec![], vec![], None));
    }

    #[test]
    fn any_place_of_any_text_is_a_cursor() {
        let text = "rule é { on \u{1F600} \"😀 ";
        let analysis = analyze(text);
        for offset in 0..text.len() as u32 + 3 {
            let cursor = Cursor::new(&analysis, FileId(0), offset).unwrap();
            let _ = (cursor.token(), cursor.word(), cursor.in_comment(), cursor.symbol(), cursor.item());
            let _ = (cursor.before().count(), cursor.after().count());
            cursor.each_expr(&mut |_| {});
        }
        assert!(Cursor::new(&analysis, FileId(7), 0).is_none());
    }

    #[test]
    fn expressions_come_from_the_outside() {
        let text = "rule r { on any when (args.a == 1) and args.b }";
        let analysis = analyze(text);
        let offset = text.find("a ==").unwrap() as u32;
        let cursor = Cursor::new(&analysis, FileId(0), offset).unwrap();
        let mut found = Vec::new();
        cursor.each_expr(&mut |e| found.push(cursor.text_of(e.span).to_owned()));
        assert_eq!(found, ["(args.a == 1) and args.b", "(args.a == 1)", "args.a == 1", "args.a"]);
    }
}
