//! Lines up neighbouring declarations of one line each.

use super::WIDTH;

/// Declarations that line up with their likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Vocabulary,
    Attrs,
    Scope,
    Limit,
    Let,
    Grant,
}

/// A declaration that is laid out.
#[derive(Debug)]
pub(super) struct Piece {
    pub text: String,
    /// Whether an empty line stood before it.
    pub blank: bool,
    /// What it lines up with, and the column before which blanks can be put.
    pub table: Option<(Table, usize)>,
}

impl Piece {
    /// The table and the column, if the piece is a single line.
    fn slot(&self) -> Option<(Table, usize)> {
        self.table.filter(|_| !self.text.contains('\n'))
    }

    fn pad(&mut self, column: usize, blanks: usize) {
        let at = self.text.char_indices().nth(column).map_or(self.text.len(), |(at, _)| at);
        self.text.insert_str(at, &" ".repeat(blanks));
    }
}

/// The pieces below each other, as one text that ends with a line end.
pub(super) fn join(mut pieces: Vec<Piece>) -> String {
    let mut from = 0;
    while from < pieces.len() {
        let slot = pieces.get(from).and_then(Piece::slot);
        let run = pieces.get(from + 1..).unwrap_or(&[]).iter();
        let more = run.take_while(|p| !p.blank && slot.is_some() && p.slot().map(|s| s.0) == slot.map(|s| s.0));
        let to = from + 1 + more.count();
        line_up(pieces.get_mut(from..to).unwrap_or(&mut []));
        from = to;
    }
    let mut out = String::new();
    for piece in pieces {
        if piece.blank && !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&piece.text);
        out.push('\n');
    }
    out
}

/// Pads so that the columns meet, unless a line would get too long by it.
fn line_up(run: &mut [Piece]) {
    let widest = run.iter().filter_map(|p| p.slot()).map(|s| s.1).max().unwrap_or(0);
    let fits = |p: &Piece| {
        let column = p.slot().map_or(widest, |s| s.1);
        p.text.chars().count() + widest - column <= WIDTH
    };
    if !run.iter().all(fits) {
        return;
    }
    for piece in run {
        if let Some((_, column)) = piece.slot() {
            piece.pad(column, widest - column);
        }
    }
}
