//! The drawings that the documentation shows are what is drawn today.

use super::{check, path};
use claw_compiler::picture::Drawer;

/// The files of an example, the root first.
#[expect(clippy::disallowed_methods, reason = "a test reads what it is about")]
fn example(name: &str) -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        if file.ends_with(".claw") {
            files.push((file, std::fs::read_to_string(&path).expect("text")));
        }
    }
    files.sort_by_key(|(file, _)| (file != "main.claw", file.clone()));
    files
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(path, text)| (&path[..], &text[..])).collect()
}

/// Compares a drawing with the page; draws it anew where `CLAW_DRAW` is set.
#[expect(clippy::disallowed_methods, reason = "a test may ask how it was called, and reads what it compares with")]
fn assert_page(name: &str, drawn: &str) {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(name);
    if std::env::var("CLAW_DRAW").is_ok() {
        std::fs::write(&page, drawn).expect("written");
    }
    let shown = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(shown == drawn, "docs/pictures/{name} is out of date: run this test with CLAW_DRAW=1");
}

#[test]
fn support_bot() {
    let (checked, sources) = check(&borrowed(&example("support-bot")));
    let drawer = Drawer::new(&checked, &sources);
    assert_page("support-bot.svg", &drawer.policy().to_svg());
    assert_page("support-bot-exec.svg", &drawer.tool("exec").expect("declared").to_svg());
}

#[test]
fn banking_agent() {
    let (checked, sources) = check(&borrowed(&example("banking-agent")));
    assert_page("banking-agent.svg", &Drawer::new(&checked, &sources).policy().to_svg());
}

#[test]
fn requests() {
    let denied = include_str!("../../../examples/support-bot/requests/mail-to-stranger.json");
    assert_page("support-bot-mail-to-stranger.svg", &path(&borrowed(&example("support-bot")), denied).to_svg());
    let asked = include_str!("../../../examples/banking-agent/requests/nobody-says-where-it-came-from.json");
    assert_page("banking-agent-unknown-origin.svg", &path(&borrowed(&example("banking-agent")), asked).to_svg());
}
