//! The page of a diagnostic: what `clawc explain` shows.

/// The Markdown page of a code, if there is one.
pub fn page(_code: &str) -> Option<&'static str> {
    None
}
