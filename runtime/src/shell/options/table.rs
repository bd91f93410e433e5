//! Which table a program is in.

use super::spec::Spec;
use super::{clis, coreutils};

/// How a program takes its options, if that is known.
pub(super) fn spec(program: &str) -> Option<&'static Spec> {
    let program = base(program);
    find(coreutils::PROGRAMS, program).or_else(|| find(clis::PROGRAMS, program))
}

/// The row of a name in a sorted table.
pub(super) fn find<T>(table: &'static [(&'static str, T)], name: &str) -> Option<&'static T> {
    let at = table.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    table.get(at).map(|(_, row)| row)
}

/// `python` for `python3.12`, `gcc` for `gcc-13`.
pub(super) fn base(program: &str) -> &str {
    let bare = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
    if matches!(bare, "python" | "pip" | "perl" | "ruby" | "php" | "lua" | "node" | "gcc" | "g++" | "clang" | "clang++")
    {
        bare
    } else {
        program
    }
}
