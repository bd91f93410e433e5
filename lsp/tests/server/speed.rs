//! How fast it is, measured at the protocol: run with `cargo test --release -p claw-lsp --test server speed -- --ignored
//! --nocapture`. The bounds are the goals; a machine under load may miss them.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Editor, Folder, starts};

const FILES: usize = 20;
const LINES: usize = 250;
const KEYSTROKES: i32 = 200;

/// A file of about [`LINES`] lines: tools with rules of their own.
fn module(at: usize) -> String {
    let mut text = format!("package part{at}\nroles staff, lead\n");
    for tool in (0..).map(|tool| at * 100 + tool) {
        if text.lines().count() >= LINES {
            return text;
        }
        text += &format!(
            "\n/// Moves money, the {tool}th way.\ntool move{tool}(amount: decimal, to: email, note?: string)\n\n\
             grant move{tool} to staff\n\nrule big{tool} {{\n  on     move{tool} in prod\n  when   args.amount > {tool}.50 \
             and args.to.domain != \"example.com\"\n  unless lead in agent.roles\n  deny   \"{{args.amount}} is too much\"\n}}\n"
        );
    }
    text
}

/// Twenty files, the first of which uses all others.
fn workspace() -> (Folder, Vec<(String, String)>) {
    let folder = Folder::new();
    let mut files = Vec::new();
    for at in 0..FILES {
        let mut text = module(at);
        if at == 0 {
            let uses: String = (1..FILES).map(|n| format!("use \"./part{n}.claw\" as part{n} with grants\n")).collect();
            text = text.replacen("package part0\n", &format!("package part0\n{uses}environments dev, prod\n"), 1);
        }
        files.push((folder.write(&format!("part{at}.claw"), &text), text));
    }
    (folder, files)
}

/// The time that 19 of 20 take at most.
fn p95(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 95 / 100]
}

/// What the server's process holds in memory, in MB; `None` where the system doesn't say.
fn resident(editor: &Editor) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", editor.child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

#[test]
#[ignore = "a measurement, for an optimised build"]
fn speed_of_keystrokes() {
    let (folder, files) = workspace();
    let mut editor = Editor::in_folder(&folder, json!({ "textDocument": { "diagnostic": {} } }));
    let (uri, text) = &files[7];
    editor.open(uri, text);
    let line = text.lines().position(|l| l.contains("when   args.amount")).unwrap() as u32;
    let pull = |editor: &mut Editor| editor.about("textDocument/diagnostic", uri, json!({}));
    let found = pull(&mut editor);
    assert_eq!(starts(found["items"].as_array().unwrap()), [], "the workspace is clean");
    let (mut findings, mut hovers, mut offers) = (Vec::new(), Vec::new(), Vec::new());
    for version in 2..KEYSTROKES + 2 {
        let start = Instant::now();
        editor.edit(uri, version, (line, 11), (line, 11), "x");
        pull(&mut editor);
        findings.push(start.elapsed());
        let start = Instant::now();
        editor.at("textDocument/hover", uri, line, 9);
        hovers.push(start.elapsed());
        let start = Instant::now();
        editor.at("textDocument/completion", uri, line, 9);
        offers.push(start.elapsed());
    }
    let (findings, hovers, offers) = (p95(findings), p95(hovers), p95(offers));
    println!("completion p95 {offers:?}");
    assert!(offers <= Duration::from_millis(20), "{offers:?}");
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    println!("{} files, {lines} lines: keystroke to findings p95 {findings:?}, hover p95 {hovers:?}", files.len());
    println!("memory {:?} MB", resident(&editor));
    assert!(findings <= Duration::from_millis(50) && hovers <= Duration::from_millis(20));
    assert!(resident(&editor).is_none_or(|mb| mb <= 150));
}
