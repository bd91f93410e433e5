//! The modules that ship with the compiler: `use std.shell` and its like. Knows their names and texts, nothing else.

/// Name and text, in the order in which a list of them reads best.
pub(super) const MODULES: &[(&str, &str)] = &[
    ("std.shell", include_str!("../../std/shell.claw")),
    ("std.sql", include_str!("../../std/sql.claw")),
    ("std.paths", include_str!("../../std/paths.claw")),
    ("std.net", include_str!("../../std/net.claw")),
    ("std.time", include_str!("../../std/time.claw")),
    ("std.guards.coding_agent", include_str!("../../std/guards/coding_agent.claw")),
];

/// The text of a module.
pub(super) fn text(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all modules.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    MODULES.iter().map(|(name, _)| *name)
}
