//! What can be folded: declarations and brackets over several lines, blocks of comments, the `use` lines at the top.

use claw_syntax::ast::{Item, ItemKind};
use claw_syntax::{Parse, Span, Token};

use crate::analysis::Analysis;
use crate::hir::FileId;
use crate::source::Columns;

/// Why something can be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoldKind {
    /// A declaration, or what stands in brackets.
    Region,
    Comment,
    /// Several `use` one after the other.
    Imports,
}

/// A part that can be folded; it covers at least two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    pub span: Span,
    pub kind: FoldKind,
}

/// The parts of a file that can be folded, by their places; at most one begins on a line.
pub fn folding(analysis: &Analysis, file: FileId) -> Vec<Fold> {
    let Some(parse) = analysis.parse(file) else { return Vec::new() };
    let source = analysis.sources.get(file);
    let line = |offset: u32| source.lines.position(&source.text, offset, Columns::Chars).line;
    let mut folds = Vec::new();
    let mut add = |span: Span, kind| {
        if line(span.start) < line(span.end) {
            folds.push(Fold { span, kind });
        }
    };
    brackets(parse, &mut add);
    comments(parse, &source.text, &mut add);
    imports(&parse.file.items, &mut add);
    for item in &parse.file.items {
        add(item.span, FoldKind::Region);
    }
    // Of those that begin on one line the longest is the one that is meant.
    folds.sort_by_key(|fold| (line(fold.span.start), std::cmp::Reverse(fold.span.end)));
    folds.dedup_by_key(|fold| line(fold.span.start));
    folds
}

/// Matching brackets. One that has no partner folds nothing.
fn brackets(parse: &Parse, add: &mut dyn FnMut(Span, FoldKind)) {
    let mut open: Vec<Token> = Vec::new();
    for token in &parse.tokens {
        if token.kind.is_opener() {
            open.push(*token);
        } else if token.kind.is_closer()
            && let Some(opener) = open.pop()
        {
            add(Span::new(opener.span.start, token.span.end), FoldKind::Region);
        }
    }
}

/// Comments on lines of their own, nothing but one line end between them.
fn comments(parse: &Parse, text: &str, add: &mut dyn FnMut(Span, FoldKind)) {
    let mut block: Option<Span> = None;
    for token in &parse.tokens {
        match block {
            _ if token.kind.is_comment() => {
                let at_start = text
                    .get(..token.span.start as usize)
                    .is_some_and(|before| before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty()));
                block = match block {
                    Some(block) if at_start => Some(block.join(token.span)),
                    _ => at_start.then_some(token.span),
                };
            }
            Some(_) if token.kind.is_trivia() && token.span.text(text).matches('\n').count() <= 1 => {}
            _ => {
                if let Some(span) = block.take() {
                    add(span, FoldKind::Comment);
                }
            }
        }
    }
    if let Some(span) = block {
        add(span, FoldKind::Comment);
    }
}

fn imports(items: &[Item], add: &mut dyn FnMut(Span, FoldKind)) {
    let mut uses: Option<Span> = None;
    for item in items {
        match (&item.kind, uses) {
            (ItemKind::Use(_), Some(span)) => uses = Some(span.join(item.span)),
            (ItemKind::Use(_), None) => uses = Some(item.span),
            (_, Some(span)) => {
                add(span, FoldKind::Imports);
                uses = None;
            }
            _ => {}
        }
    }
    if let Some(span) = uses {
        add(span, FoldKind::Imports);
    }
}
