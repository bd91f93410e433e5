//! All patterns that rules put to one slot, as one automaton: a single pass over the text tells which of them match,
//! however many they are.
//!
//! The compiler builds the table (`graph/patterns.rs`), the loader checks it and lays it out for walking. Knows no syntax
//! of patterns; a state is a number, and a byte is in a column with those that lead to the same states everywhere.

use serde::{Deserialize, Serialize};

/// The automaton as a bundle holds it. State 0 is where a text begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatternTable {
    /// The patterns that it stands for: indices into `Bundle::patterns`, ascending.
    pub patterns: Vec<u32>,
    /// By class: which of the patterns match. None of them twice, and no class without any.
    pub classes: Vec<Vec<u32>>,
    /// Which column each of the 256 bytes is in.
    pub columns: Vec<u8>,
    /// The states.
    pub states: Vec<PatternState>,
}

/// A state of a [`PatternTable`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatternState {
    /// Index into `PatternTable::classes`: what has matched if the text ends here.
    pub class: Option<u32>,
    /// (column, state), ascending by column. In a column that is not listed nothing can match any more.
    pub next: Vec<(u8, u32)>,
}

impl PatternTable {
    /// The class of a whole text, state by state as they are written; `None` if no pattern matches it.
    #[must_use]
    pub fn class(&self, text: &str) -> Option<u32> {
        let mut state = self.states.first()?;
        for byte in text.bytes() {
            let column = self.columns.get(usize::from(byte))?;
            let at = state.next.binary_search_by_key(column, |(column, _)| *column).ok()?;
            state = self.states.get(state.next.get(at)?.1 as usize)?;
        }
        state.class
    }
}

/// Cells of a table as it is walked; the compiler makes no larger one.
pub const MAX_CELLS: usize = 1 << 18;

/// Nothing matches any more, or nothing has.
const NONE: u32 = u32::MAX;

/// A table laid out for walking: row by row, the last cell of each row for the class.
#[derive(Debug)]
pub(crate) struct PatternWalk {
    columns: Box<[u8; 256]>,
    width: usize,
    cells: Box<[u32]>,
}

impl PatternWalk {
    /// Checks a table and lays it out. `patterns`: how many the bundle has.
    pub(crate) fn new(table: &PatternTable, patterns: usize) -> Result<PatternWalk, String> {
        let malformed = |what: &str| format!("a table of patterns with {what}");
        if !table.patterns.is_sorted_by(|a, b| a < b) || table.patterns.iter().any(|p| *p as usize >= patterns) {
            return Err(malformed("patterns that do not exist"));
        }
        let listed = |class: &Vec<u32>| {
            let known = class.iter().all(|p| table.patterns.binary_search(p).is_ok());
            known && !class.is_empty() && class.is_sorted_by(|a, b| a < b)
        };
        if !table.classes.iter().all(listed) {
            return Err(malformed("classes of other patterns"));
        }
        let columns: [u8; 256] =
            table.columns.as_slice().try_into().map_err(|_| malformed("other than 256 columns for bytes"))?;
        let columns = Box::new(columns);
        let last = usize::from(columns.iter().copied().max().unwrap_or_default());
        let width = last.saturating_add(2);
        let count = table.states.len();
        if count == 0 || count.saturating_mul(width) > MAX_CELLS {
            return Err(malformed("no states, or too many"));
        }
        let mut cells = vec![NONE; count.saturating_mul(width)].into_boxed_slice();
        for (row, state) in cells.chunks_exact_mut(width).zip(&table.states) {
            if let Some(class) = state.class {
                if class as usize >= table.classes.len() {
                    return Err(malformed("a state of no class"));
                }
                *row.last_mut().ok_or_else(|| malformed("no columns"))? = class;
            }
            if !state.next.is_sorted_by(|(a, _), (b, _)| a < b) {
                return Err(malformed("a column twice"));
            }
            for (column, next) in &state.next {
                let cell = row.get_mut(usize::from(*column)).filter(|_| usize::from(*column) <= last);
                match cell.filter(|_| (*next as usize) < count) {
                    Some(cell) => *cell = *next,
                    None => return Err(malformed("a way to nowhere")),
                }
            }
        }
        Ok(PatternWalk { columns, width, cells })
    }

    /// The class of a whole text; `None` if no pattern matches it.
    pub(crate) fn class(&self, text: &str) -> Option<u32> {
        let mut row = self.cells.get(..self.width)?;
        for byte in text.bytes() {
            let column = self.columns.get(usize::from(byte))?;
            let next = *row.get(usize::from(*column)).filter(|next| **next != NONE)?;
            let start = (next as usize).saturating_mul(self.width);
            row = self.cells.get(start..start.saturating_add(self.width))?;
        }
        row.last().copied().filter(|class| *class != NONE)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// Pattern 3 is `a*`, pattern 5 is `ab`: both match no text, 3 alone `""`, `a` and `aa`, 5 alone `ab`.
    fn table() -> PatternTable {
        let mut columns = vec![0; 256];
        columns[usize::from(b'a')] = 1;
        columns[usize::from(b'b')] = 2;
        let state = |class, next: &[(u8, u32)]| PatternState { class, next: next.to_vec() };
        let states = vec![
            state(Some(0), &[(1, 1)]),
            state(Some(0), &[(1, 2), (2, 3)]),
            state(Some(0), &[(1, 2)]),
            state(Some(1), &[]),
        ];
        PatternTable { patterns: vec![3, 5], classes: vec![vec![3], vec![5]], columns, states }
    }

    #[test]
    fn a_text_has_one_class() {
        let walk = PatternWalk::new(&table(), 6).unwrap();
        for (text, class) in
            [("", Some(0)), ("a", Some(0)), ("aaaa", Some(0)), ("ab", Some(1)), ("aab", None), ("x", None), ("ü", None)]
        {
            assert_eq!(walk.class(text), class, "{text}");
            assert_eq!(table().class(text), class, "{text}");
        }
    }

    #[test]
    fn malformed_tables_are_refused() {
        let refused = |change: &dyn Fn(&mut PatternTable)| {
            let mut table = table();
            change(&mut table);
            PatternWalk::new(&table, 6).is_err()
        };
        assert!(!refused(&|_| {}));
        assert!(refused(&|t| t.patterns[1] = 6));
        assert!(refused(&|t| t.patterns.reverse()));
        assert!(refused(&|t| t.classes[0] = vec![4]));
        assert!(refused(&|t| t.classes[0].clear()));
        assert!(refused(&|t| t.columns.truncate(255)));
        assert!(refused(&|t| t.states.clear()));
        assert!(refused(&|t| t.states[0].class = Some(2)));
        assert!(refused(&|t| t.states[0].next[0].1 = 4));
        assert!(refused(&|t| t.states[0].next[0].0 = 3));
        assert!(refused(&|t| t.states.resize(MAX_CELLS, PatternState::default())));
    }
}
