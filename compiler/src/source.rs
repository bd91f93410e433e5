//! Source texts and the positions in them.
//!
//! Offsets are bytes everywhere; here, and only here in this crate, they become lines and columns.

use std::sync::Arc;

use crate::hir::{FileId, Loc};

/// One file of an analysis.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Relative to the workspace, with `/`; `std.name` for a module that ships with the compiler.
    pub path: String,
    pub text: Arc<str>,
    pub lines: LineIndex,
}

impl SourceFile {
    /// Is it a module that ships with the compiler?
    pub fn is_standard(&self) -> bool {
        self.path.starts_with("std.") && !self.path.ends_with(".claw")
    }
}

/// The files of an analysis; a [`FileId`] is an index into them.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub files: Vec<SourceFile>,
}

impl Sources {
    pub fn add(&mut self, path: &str, text: Arc<str>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 4 billion files"));
        self.files.push(SourceFile { path: path.to_owned(), lines: LineIndex::new(&text), text });
        id
    }

    pub fn get(&self, file: FileId) -> &SourceFile {
        &self.files[file.0 as usize]
    }

    pub fn find(&self, path: &str) -> Option<FileId> {
        let at = self.files.iter().position(|f| f.path == path)?;
        Some(FileId(at as u32))
    }

    /// The text under `loc`.
    pub fn text(&self, loc: Loc) -> &str {
        loc.span.text(&self.get(loc.file).text)
    }

    /// The file and the first position of `loc`.
    pub fn position(&self, loc: Loc) -> (&str, Position) {
        let file = self.get(loc.file);
        (&file.path, file.lines.position(&file.text, loc.span.start, Columns::Chars))
    }
}

/// What columns count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Columns {
    /// Unicode scalar values.
    Chars,
    Utf8,
    Utf16,
}

/// A one-based line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// Where the lines of a text begin. A line ends with `\n`; a `\r` before it belongs to the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    pub fn new(text: &str) -> LineIndex {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at as u32 + 1);
        LineIndex { starts: std::iter::once(0).chain(breaks).collect() }
    }

    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The position of a byte offset; one inside a character counts as its start, one past the end as the end.
    pub fn position(&self, text: &str, offset: u32, columns: Columns) -> Position {
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start as usize <= offset) - 1;
        let before = &text[self.starts[line] as usize..offset];
        let column = match columns {
            Columns::Chars => before.chars().count(),
            Columns::Utf8 => before.len(),
            Columns::Utf16 => before.encode_utf16().count(),
        };
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The byte offset of a position; past the end of a line counts as the line's end.
    pub fn offset(&self, text: &str, at: Position, columns: Columns) -> u32 {
        let line = (at.line.max(1) - 1) as usize;
        let Some(start) = self.starts.get(line).map(|s| *s as usize) else { return text.len() as u32 };
        let end = self.starts.get(line + 1).map_or(text.len(), |s| *s as usize - 1);
        let end = if text[start..end].ends_with('\r') && end < text.len() { end - 1 } else { end };
        let mut left = at.column.max(1) - 1;
        let mut offset = start;
        for c in text[start..end].chars() {
            let width = match columns {
                Columns::Chars => 1,
                Columns::Utf8 => c.len_utf8(),
                Columns::Utf16 => c.len_utf16(),
            } as u32;
            if left < width {
                break;
            }
            left -= width;
            offset += c.len_utf8();
        }
        offset as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_was_asked_for() {
        let text = "ab\n😀é = x\r\n";
        let index = LineIndex::new(text);
        let x = text.find('x').unwrap() as u32;
        let at = |columns| index.position(text, x, columns).column;
        assert_eq!((at(Columns::Chars), at(Columns::Utf8), at(Columns::Utf16)), (6, 10, 7));
        for columns in [Columns::Chars, Columns::Utf8, Columns::Utf16] {
            for (offset, _) in text.char_indices().filter(|(_, c)| *c != '\n') {
                let at = index.position(text, offset as u32, columns);
                assert_eq!(index.offset(text, at, columns), offset as u32, "{at:?} {columns:?}");
            }
        }
    }

    #[test]
    fn positions_outside_are_clamped() {
        let index = LineIndex::new("a\nb");
        assert_eq!(index.position("a\nb", 99, Columns::Utf8), Position { line: 2, column: 2 });
        assert_eq!(index.offset("a\nb", Position { line: 1, column: 9 }, Columns::Utf8), 1);
        assert_eq!(index.offset("a\nb", Position { line: 9, column: 1 }, Columns::Utf8), 3);
        assert_eq!(LineIndex::new("").position("", 0, Columns::Chars), Position { line: 1, column: 1 });
    }
}
