//! Lays out declarations and the clauses inside their braces.

use super::WIDTH;
use super::align::{Piece, Table, join};
use super::layout::{Toks, brackets, flat, flat_width, group, outer, seq, split};
use super::tokens::{Tok, tokens};
use super::writer::Writer;
use crate::Parse;
use crate::ast::{Item, ItemKind};
use crate::span::Span;
use crate::token::TokenKind;

/// The whole file.
pub(super) fn file(parse: &Parse, source: &str) -> String {
    let toks = tokens(parse, source);
    let mut rest: Toks<'_, '_> = &toks;
    let mut pieces = Vec::new();
    if let Some(package) = &parse.file.package {
        let (mine, others) = cut(rest, package.span);
        rest = others;
        pieces.push(piece(mine, None, |w| flat(w, mine, 0)));
    }
    for item in &parse.file.items {
        let (mine, others) = cut(rest, item.span);
        rest = others;
        pieces.push(piece(mine, table(item, mine), |w| declaration(w, item, mine, source)));
    }
    if let Some(end) = rest.first().filter(|end| !end.lead.is_empty()) {
        pieces.push(piece(rest, None, |w| w.lead(end, 0)));
    }
    join(pieces)
}

/// Takes the tokens up to the end of `span`.
fn cut<'a, 's>(toks: Toks<'a, 's>, span: Span) -> (Toks<'a, 's>, Toks<'a, 's>) {
    let count = toks.partition_point(|t| t.span.start < span.end);
    toks.split_at_checked(count).unwrap_or((toks, &[]))
}

fn piece(toks: Toks<'_, '_>, table: Option<(Table, usize)>, write: impl FnOnce(&mut Writer)) -> Piece {
    let mut w = Writer::new();
    write(&mut w);
    Piece { text: w.finish(), blank: toks.first().is_some_and(Tok::wants_blank), table }
}

/// In which table neighbouring declarations line up, and before which column.
fn table(item: &Item, toks: Toks<'_, '_>) -> Option<(Table, usize)> {
    let before = |kind: TokenKind| {
        let at = outer(toks, |k| k == kind).into_iter().next()?;
        flat_width(toks.get(..at)?)
    };
    let word = toks.first().map(Tok::width);
    let (table, column) = match &item.kind {
        ItemKind::Tiers(_)
        | ItemKind::Environments(_)
        | ItemKind::Roles(_)
        | ItemKind::Labels(_)
        | ItemKind::Tags(_)
        | ItemKind::Origins(_) => (Table::Vocabulary, word),
        ItemKind::Attrs(_) => (Table::Attrs, before(TokenKind::LBrace)),
        ItemKind::Scope(_) => (Table::Scope, before(TokenKind::LBrace)),
        ItemKind::Limit(_) => (Table::Limit, before(TokenKind::LBrace)),
        ItemKind::Let(_) => (Table::Let, before(TokenKind::Assign)),
        ItemKind::Grant(_) => (Table::Grant, before(TokenKind::KwTo)),
        _ => return None,
    };
    Some((table, column?))
}

fn declaration(w: &mut Writer, item: &Item, toks: Toks<'_, '_>, source: &str) {
    let body_start = item.attrs.last().map_or(item.span.start, |attr| attr.span.end);
    let (attrs, toks) =
        toks.split_at_checked(toks.partition_point(|t| t.span.start < body_start)).unwrap_or((&[], toks));
    if !attrs.is_empty() {
        attributes(w, item, attrs);
        w.line(0);
    }
    match &item.kind {
        ItemKind::Attrs(_) | ItemKind::Record(_) | ItemKind::Enum(_) | ItemKind::Constraints(_) => {
            fields(w, toks, source);
        }
        ItemKind::Tool(_) | ItemKind::Extern(_) => signature(w, toks),
        ItemKind::Predicate(_) => predicate(w, toks),
        ItemKind::Grant(_) => parts(w, toks, |k| matches!(k, TokenKind::KwTo | TokenKind::KwIn | TokenKind::KwFor)),
        ItemKind::Let(_) | ItemKind::Live(_) if flat_width(toks).is_none_or(|width| width > WIDTH) => {
            brackets(w, toks, 0);
        }
        kind => match block_style(kind) {
            Some(style) => block(w, &style, toks, source),
            None => line(w, toks),
        },
    }
}

/// A declaration without a block: what does not fit is indented, but not what is written before it.
fn line(w: &mut Writer, toks: Toks<'_, '_>) {
    match toks.split_first() {
        Some((first, rest)) if !first.lead.is_empty() => {
            w.token(first, 0);
            seq(w, rest, 2);
        }
        _ => seq(w, toks, 2),
    }
}

/// Attributes share a line if they fit.
fn attributes(w: &mut Writer, item: &Item, toks: Toks<'_, '_>) {
    if flat_width(toks).is_some_and(|width| width <= WIDTH) {
        return flat(w, toks, 0);
    }
    let mut rest = toks;
    for attr in &item.attrs {
        let (mine, others) = cut(rest, attr.span);
        rest = others;
        w.line(0);
        seq(w, mine, 0);
    }
}

/// `agent { a: T, b: U }`: on one line if it was written so and fits.
fn fields(w: &mut Writer, toks: Toks<'_, '_>, source: &str) {
    if fits_inline(toks, 0, source) {
        return flat(w, toks, 0);
    }
    let Some(open) = toks.iter().position(|t| t.kind == TokenKind::LBrace) else { return flat(w, toks, 0) };
    let (header, rest) = toks.split_at_checked(open).unwrap_or((toks, &[]));
    let Some((close, inside)) = rest.split_last() else { return };
    flat(w, header, 0);
    group(w, inside, Some(close), 0);
}

/// Whether a block can stay on the one line that it was written on.
fn fits_inline(toks: Toks<'_, '_>, extra: usize, source: &str) -> bool {
    let open = toks.iter().find(|t| t.kind == TokenKind::LBrace);
    let (Some(open), Some(close)) = (open, toks.last()) else { return true };
    let one_line = !Span::new(open.span.end, close.span.start).text(source).contains('\n');
    let nothing = close.lead.is_empty() && open.trail.is_none();
    let is_empty = toks.iter().rev().nth(1).is_some_and(|t| t.kind == TokenKind::LBrace);
    (one_line || (is_empty && nothing)) && flat_width(toks).is_some_and(|width| width + extra <= WIDTH)
}

/// `tool n(…) is read` and `extern f(…) -> T {…}`
fn signature(w: &mut Writer, toks: Toks<'_, '_>) {
    use TokenKind::*;
    if flat_width(toks).is_some_and(|width| width <= WIDTH) {
        return flat(w, toks, 0);
    }
    let cuts = outer(toks, |k| matches!(k, KwAs | KwOn | KwIs | KwPinned | Arrow));
    for (index, part) in split(toks, &cuts).into_iter().enumerate() {
        if index == 0 {
            brackets(w, part, 0);
            continue;
        }
        if flat_width(part).is_none_or(|width| w.column(2) + 1 + width > WIDTH) {
            w.line(2);
        }
        seq(w, part, 2);
    }
}

/// `predicate p(…) = c`, the condition on lines of its own if it is long.
fn predicate(w: &mut Writer, toks: Toks<'_, '_>) {
    if flat_width(toks).is_some_and(|width| width <= WIDTH) {
        return flat(w, toks, 0);
    }
    let assign = outer(toks, |k| k == TokenKind::Assign).into_iter().next().unwrap_or(0);
    let (head, body) = toks.split_at_checked(assign + 1).unwrap_or((toks, &[]));
    if flat_width(head).is_some_and(|width| width <= WIDTH) {
        flat(w, head, 0);
    } else {
        brackets(w, head, 0);
    }
    // Room for `and` before the operands of further lines.
    w.line(6);
    seq(w, body, 6);
}

/// A line for each part that begins with a word for which `test` holds.
fn parts(w: &mut Writer, toks: Toks<'_, '_>, test: impl Fn(TokenKind) -> bool) {
    if flat_width(toks).is_some_and(|width| width <= WIDTH) {
        return flat(w, toks, 0);
    }
    for (index, part) in split(toks, &outer(toks, test)).into_iter().enumerate() {
        if index > 0 {
            w.line(2);
        }
        seq(w, part, if index > 0 { 6 } else { 2 });
    }
}

/// How the clauses of a kind of block are laid out.
struct Style {
    /// The place of each clause.
    clauses: Vec<Span>,
    /// The column behind the first words is at least this wide.
    min_width: usize,
    /// Blanks between the longest first word and what follows.
    gap: usize,
    /// Whether the block may stand on one line.
    inline: bool,
    /// Whether the clauses are rows of a table.
    matrix: bool,
}

fn block_style(kind: &ItemKind) -> Option<Style> {
    let style = |clauses: Vec<Span>| Style { clauses, min_width: 0, gap: 1, inline: false, matrix: false };
    Some(match kind {
        // `require` and `suggest` set the width of all rules.
        ItemKind::Rule(d) => Style { min_width: 8, ..style(d.clauses.iter().map(|c| c.span).collect()) },
        ItemKind::Invariant(d) => style(d.clauses.iter().map(|c| c.span).collect()),
        ItemKind::Test(d) => style(d.steps.iter().map(|c| c.span).collect()),
        ItemKind::Classify(d) => Style { gap: 2, ..style(d.arms.iter().map(|c| c.span).collect()) },
        ItemKind::Scope(d) => Style { inline: true, ..style(d.arms.iter().map(|c| c.span).collect()) },
        ItemKind::Limit(d) => Style { inline: true, ..style(d.clauses.iter().map(|c| c.span).collect()) },
        ItemKind::Approval(d) => Style { inline: true, ..style(d.clauses.iter().map(|c| c.span).collect()) },
        ItemKind::Lifecycle(d) => Style { inline: true, ..style(d.clauses.iter().map(|c| c.span).collect()) },
        ItemKind::Window(d) => Style { inline: true, ..style(d.clauses.iter().map(|c| c.span).collect()) },
        ItemKind::Matrix(d) => {
            let rows = d.rows.iter().map(|row| row.span);
            Style { matrix: true, ..style(std::iter::once(d.header_span).chain(rows).collect()) }
        }
        _ => return None,
    })
}

fn block(w: &mut Writer, style: &Style, toks: Toks<'_, '_>, source: &str) {
    let Some(open) = toks.iter().position(|t| t.kind == TokenKind::LBrace) else { return flat(w, toks, 0) };
    let (header, mut rest) = toks.split_at_checked(open + 1).unwrap_or((toks, &[]));
    let mut clauses = Vec::new();
    for span in &style.clauses {
        let (mine, others) = cut(rest, *span);
        rest = others;
        clauses.push(mine);
    }
    flat(w, header, 0);
    // A blank more than usual stands between two clauses of a line.
    let extra = clauses.len().saturating_sub(1);
    if (style.inline || clauses.is_empty()) && fits_inline(toks, extra, source) {
        for (index, clause) in clauses.into_iter().enumerate() {
            if index > 0 {
                w.pad(w.column(0) + 2);
            }
            flat(w, clause, 0);
        }
        return flat(w, rest, 0);
    }
    let widths = if style.matrix { column_widths(&clauses) } else { Vec::new() };
    let longest = clauses.iter().filter_map(|c| c.first()).map(Tok::width).max().unwrap_or(0);
    let width = (longest + style.gap).max(style.min_width);
    for (index, clause) in clauses.into_iter().enumerate() {
        if index > 0 && clause.first().is_some_and(Tok::wants_blank) {
            w.blank();
        }
        w.line(2);
        if style.matrix { row(w, clause, &widths) } else { aligned(w, clause, 2 + width) }
    }
    if let Some(close) = rest.first() {
        w.lead(close, 2);
        w.line(0);
        w.bare(close);
    }
}

/// A clause: its first word, and the rest at `column`.
fn aligned(w: &mut Writer, toks: Toks<'_, '_>, column: usize) {
    let Some((word, rest)) = toks.split_first() else { return };
    w.token(word, 2);
    if !rest.is_empty() {
        w.pad(column);
        seq(w, rest, column);
    }
}

/// The cells of a row, each with the bar before it.
fn cells<'a, 's>(row: Toks<'a, 's>) -> Vec<Toks<'a, 's>> {
    split(row, &outer(row, |k| k == TokenKind::Pipe))
}

/// The widest cell of each column but the last; a row with comments inside has no say.
fn column_widths(rows: &[Toks<'_, '_>]) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows.iter().filter(|row| flat_width(row).is_some()) {
        for (index, cell) in cells(row).into_iter().enumerate() {
            let width = flat_width(cell).unwrap_or(0);
            match widths.get_mut(index) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    widths
}

fn row(w: &mut Writer, toks: Toks<'_, '_>, widths: &[usize]) {
    let table = flat_width(toks).is_some();
    let mut column = 2;
    for (index, cell) in cells(toks).into_iter().enumerate() {
        if table && index > 0 {
            column += 1;
            w.pad(column);
        }
        flat(w, cell, if index == 0 { 2 } else { 4 });
        column += widths.get(index).copied().unwrap_or(0);
    }
}
