//! Breaks what does not fit on a line.
//!
//! Works on any stretch of tokens whose brackets match; knows operators and
//! commas, not declarations.

use super::WIDTH;
use super::tokens::Tok;
use super::writer::Writer;
use crate::token::TokenKind;

pub(super) type Toks<'a, 's> = &'a [Tok<'s>];

/// Width on one line; `None` if a comment inside prevents that.
pub(super) fn flat_width(toks: Toks<'_, '_>) -> Option<usize> {
    let last = toks.len().saturating_sub(1);
    let mut width = 0;
    for (index, tok) in toks.iter().enumerate() {
        if (index > 0 && !tok.lead.is_empty()) || (index < last && tok.trail.is_some()) {
            return None;
        }
        if !dropped(toks, index) {
            width += tok.width() + usize::from(index > 0 && tok.space);
        }
    }
    Some(width)
}

/// Whether `index` is a comma before a closing bracket: on one line it goes.
fn dropped(toks: Toks<'_, '_>, index: usize) -> bool {
    let is = |i: usize, test: fn(TokenKind) -> bool| toks.get(i).is_some_and(|t| test(t.kind));
    is(index, |k| k == TokenKind::Comma)
        && is(index + 1, TokenKind::is_closer)
        && toks.get(index).is_some_and(|t| t.lead.is_empty() && t.trail.is_none())
}

/// Writes `toks` in a row; comments still end their lines.
pub(super) fn flat(w: &mut Writer, toks: Toks<'_, '_>, indent: usize) {
    for (index, tok) in toks.iter().enumerate() {
        if !dropped(toks, index) {
            w.token(tok, indent);
        }
    }
}

/// Writes `toks`, breaking lines where they get too long. Continuation lines begin at `base`.
pub(super) fn seq(w: &mut Writer, toks: Toks<'_, '_>, base: usize) {
    let Some(first) = toks.first() else { return };
    let start = w.column(base) + w.gap(first);
    if flat_width(toks).is_some_and(|width| start + width <= WIDTH) {
        return flat(w, toks, base);
    }
    // Comments before the first token would move everything behind them.
    let start = if first.lead.is_empty() { start } else { base };
    if !(guards(w, toks, base) || quantifier(w, toks, base) || chain(w, toks, base, start) || commas(w, toks, base)) {
        brackets(w, toks, base);
    }
}

/// The places of the tokens outside all brackets for which `test` holds.
pub(super) fn outer(toks: Toks<'_, '_>, test: impl Fn(TokenKind) -> bool) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (index, tok) in toks.iter().enumerate() {
        if tok.kind.is_closer() {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 && test(tok.kind) {
            found.push(index);
        }
        if tok.kind.is_opener() {
            depth += 1;
        }
    }
    found
}

/// The stretches between the places `cuts`, each beginning at its cut.
pub(super) fn split<'a, 's>(toks: Toks<'a, 's>, cuts: &[usize]) -> Vec<Toks<'a, 's>> {
    let mut parts = Vec::new();
    let mut from = 0;
    for cut in cuts.iter().copied().chain([toks.len()]) {
        parts.extend(toks.get(from..cut).filter(|part| !part.is_empty()));
        from = cut;
    }
    parts
}

/// `on x where c`, `call t {…}`: a line for each further word that begins a part.
fn guards(w: &mut Writer, toks: Toks<'_, '_>, base: usize) -> bool {
    use TokenKind::*;
    let cuts = outer(toks, |k| matches!(k, KwWhere | KwWhen | KwUnless | KwSum | KwBecause | KwMarks | KwReason));
    if cuts.iter().all(|cut| *cut == 0) {
        return false;
    }
    for (index, part) in split(toks, &cuts).into_iter().enumerate() {
        if index > 0 {
            w.line(base);
        }
        match part.split_first() {
            Some((word, rest)) if index > 0 => {
                w.token(word, base);
                seq(w, rest, base + word.width() + 1);
            }
            _ => seq(w, part, base),
        }
    }
    true
}

/// `v in xs: c` inside a quantifier: the condition gets a line of its own.
fn quantifier(w: &mut Writer, toks: Toks<'_, '_>, base: usize) -> bool {
    let colon = outer(toks, |k| k == TokenKind::Colon).into_iter().next();
    let is_quantifier = toks.get(1).is_some_and(|t| t.kind == TokenKind::KwIn);
    let (Some(colon), true) = (colon, is_quantifier) else { return false };
    let (head, body) = toks.split_at_checked(colon).unwrap_or((toks, &[]));
    let Some((colon, body)) = body.split_first() else { return false };
    seq(w, head, base);
    w.token(colon, base);
    w.line(base + 2);
    seq(w, body, base + 2);
    true
}

/// `a and b and c`: a line for each operand, the operands below each other.
fn chain(w: &mut Writer, toks: Toks<'_, '_>, base: usize, start: usize) -> bool {
    let cuts = outer(toks, |k| matches!(k, TokenKind::KwAnd | TokenKind::KwOr));
    if cuts.is_empty() {
        return false;
    }
    for (index, part) in split(toks, &cuts).into_iter().enumerate() {
        match part.split_first() {
            Some((op, operand)) if index > 0 => {
                let hang = start.saturating_sub(op.width() + 1);
                w.line(hang);
                w.token(op, hang);
                seq(w, operand, start.max(base));
            }
            _ => seq(w, part, start.max(base)),
        }
    }
    true
}

/// `a, b, c` without brackets: as many as fit on each line.
fn commas(w: &mut Writer, toks: Toks<'_, '_>, base: usize) -> bool {
    let cuts: Vec<usize> = outer(toks, |k| k == TokenKind::Comma).into_iter().map(|at| at + 1).collect();
    if cuts.is_empty() {
        return false;
    }
    for (index, part) in split(toks, &cuts).into_iter().enumerate() {
        let width = flat_width(part).unwrap_or(WIDTH);
        if index > 0 && w.column(base) + 1 + width > WIDTH {
            w.line(base);
        }
        // What stands before the list, or an element with brackets, may still have to break.
        if outer(part, |k| k == TokenKind::Comma).len() > 1 { flat(w, part, base) } else { element(w, part, base) }
    }
    true
}

/// One element with its comma.
fn element(w: &mut Writer, toks: Toks<'_, '_>, base: usize) {
    match toks.split_last() {
        Some((comma, rest)) if comma.kind == TokenKind::Comma => {
            seq(w, rest, base);
            w.token(comma, base);
        }
        _ => seq(w, toks, base),
    }
}

/// Opens the widest pair of brackets.
pub(super) fn brackets(w: &mut Writer, toks: Toks<'_, '_>, base: usize) {
    let Some((open, close)) = widest(toks) else { return flat(w, toks, base) };
    let (before, rest) = toks.split_at_checked(open).unwrap_or((toks, &[]));
    let (inside, after) = rest.split_at_checked(close - open).unwrap_or((rest, &[]));
    flat(w, before, base);
    group(w, inside, after.first(), base);
    flat(w, after.get(1..).unwrap_or(&[]), base);
}

/// An opening bracket and what follows it on lines of their own, up to its closing one.
pub(super) fn group(w: &mut Writer, open_and_inside: Toks<'_, '_>, close: Option<&Tok<'_>>, base: usize) {
    let Some((open, inside)) = open_and_inside.split_first() else { return };
    w.token(open, base);
    let cuts: Vec<usize> = outer(inside, |k| k == TokenKind::Comma).into_iter().map(|at| at + 1).collect();
    for (index, part) in split(inside, &cuts).into_iter().enumerate() {
        if index > 0 && part.first().is_some_and(Tok::wants_blank) {
            w.blank();
        }
        w.line(base + 2);
        element(w, part, base + 2);
    }
    if let Some(close) = close {
        w.lead(close, base + 2);
        w.line(base);
        // Its comments are written; the rest of it follows.
        w.bare(close);
    }
}

/// The outer pair of brackets that holds most.
fn widest(toks: Toks<'_, '_>) -> Option<(usize, usize)> {
    let opens = outer(toks, TokenKind::is_opener);
    let closes = outer(toks, TokenKind::is_closer);
    let pairs = opens.into_iter().zip(closes);
    let size = |(open, close): &(usize, usize)| {
        toks.get(*open..*close).map_or(0, |inside| inside.iter().map(|t| t.width() + 1).sum::<usize>())
    };
    // Nothing is gained by opening an empty pair.
    pairs.filter(|(open, close)| close - open > 1).max_by_key(size)
}
