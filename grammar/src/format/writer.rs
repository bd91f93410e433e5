//! Puts out tokens with their comments.
//!
//! Whoever lays out decides where lines end; the writer sees to it that a
//! comment always ends its line and stands where it stood.

use super::tokens::Tok;

/// The text so far.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    /// Column of the next character.
    col: usize,
    /// Whether the line has nothing but blanks.
    fresh: bool,
    /// Whether a comment was written, so that nothing else fits on the line.
    full: bool,
}

impl Writer {
    pub fn new() -> Writer {
        Writer { fresh: true, ..Writer::default() }
    }

    /// Where the next token would go if it is laid out at `indent` after a comment.
    pub fn column(&self, indent: usize) -> usize {
        if self.full || self.fresh { indent.max(if self.full { 0 } else { self.col }) } else { self.col }
    }

    /// The blank that `tok` would get before it.
    pub fn gap(&self, tok: &Tok<'_>) -> usize {
        usize::from(tok.space && !self.fresh && !self.full && !self.out.ends_with(' '))
    }

    /// Starts a line, unless nothing stands on this one yet.
    pub fn line(&mut self, indent: usize) {
        self.trim_line();
        if !self.fresh {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.col = indent;
        self.fresh = true;
        self.full = false;
    }

    /// Leaves a line empty.
    pub fn blank(&mut self) {
        if self.out.is_empty() {
            return;
        }
        self.line(0);
        self.out.push('\n');
    }

    fn trim_line(&mut self) {
        let length = self.out.trim_end_matches(' ').len();
        self.out.truncate(length);
    }

    /// Fills with blanks up to `col`.
    pub fn pad(&mut self, col: usize) {
        if !self.full && col > self.col {
            self.out.extend(std::iter::repeat_n(' ', col - self.col));
            self.col = col;
        }
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.col += text.chars().count();
        self.fresh &= text.is_empty();
    }

    /// Writes the comments before `tok` on lines at `indent`.
    pub fn lead(&mut self, tok: &Tok<'_>, indent: usize) {
        for (index, comment) in tok.lead.iter().enumerate() {
            if index > 0 && comment.blank {
                self.blank();
            }
            self.line(indent);
            self.put(comment.text);
            self.full = true;
        }
        if !tok.lead.is_empty() && tok.blank && !tok.text.is_empty() {
            self.blank();
        }
    }

    /// Writes `tok` with its comments; lines that a comment forces begin at `indent`.
    pub fn token(&mut self, tok: &Tok<'_>, indent: usize) {
        self.lead(tok, indent);
        if self.full || !tok.lead.is_empty() {
            self.line(indent);
        }
        self.bare(tok);
    }

    /// Writes `tok` without the comments before it.
    pub fn bare(&mut self, tok: &Tok<'_>) {
        if tok.space && !self.fresh && !self.out.ends_with(' ') {
            self.put(" ");
        }
        self.put(tok.text);
        if let Some(comment) = tok.trail {
            self.comment(comment);
        }
    }

    /// Writes a comment behind what stands on the line.
    fn comment(&mut self, text: &str) {
        self.put("  ");
        self.put(text);
        self.full = true;
    }

    pub fn finish(mut self) -> String {
        self.trim_line();
        self.out
    }
}
