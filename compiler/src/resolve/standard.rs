//! The modules that ship with the compiler: `use std.shell` and its like. Knows their names and texts, nothing else.

/// Name and text, in the order in which a list of them reads best.
pub(super) const MODULES: &[(&str, &str)] = &[
    ("std.shell", include_str!("../../std/shell.claw")),
    ("std.shell.destruction", include_str!("../../std/shell/destruction.claw")),
    ("std.shell.git", include_str!("../../std/shell/git.claw")),
    ("std.shell.places", include_str!("../../std/shell/places.claw")),
    ("std.shell.words", include_str!("../../std/shell/words.claw")),
    ("std.sql", include_str!("../../std/sql.claw")),
    ("std.paths", include_str!("../../std/paths.claw")),
    ("std.net", include_str!("../../std/net.claw")),
    ("std.time", include_str!("../../std/time.claw")),
    ("std.guards.coding_agent", include_str!("../../std/guards/coding_agent.claw")),
    ("std.guards.claude_code", include_str!("../../std/guards/claude_code.claw")),
    ("std.guards.codex", include_str!("../../std/guards/codex.claw")),
    ("std.guards.openclaw", include_str!("../../std/guards/openclaw.claw")),
    ("std.tools.claude_code", include_str!("../../std/tools/claude_code.claw")),
    ("std.tools.codex", include_str!("../../std/tools/codex.claw")),
    ("std.tools.openclaw", include_str!("../../std/tools/openclaw.claw")),
    ("std.tools.openclaw_gateway", include_str!("../../std/tools/openclaw_gateway.claw")),
    ("std.tools.mcp_filesystem", include_str!("../../std/tools/mcp_filesystem.claw")),
    ("std.tools.mcp_git", include_str!("../../std/tools/mcp_git.claw")),
    ("std.tools.mcp_fetch", include_str!("../../std/tools/mcp_fetch.claw")),
    ("std.tools.mcp_memory", include_str!("../../std/tools/mcp_memory.claw")),
];

/// The text of a module.
pub(super) fn text(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all modules.
pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
    MODULES.iter().map(|(name, _)| *name)
}
