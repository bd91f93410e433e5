//! The repository's own rules, kept by tests: who may name what, who may read what, how long a file may be.
//!
//! Reads source text only. A rule that is broken on purpose is mended here, with the reason beside it.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// All files of the repository, with paths relative to its root, `/` between the parts.
fn files() -> Vec<(String, PathBuf)> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" || name == "node_modules" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let parts: Vec<_> =
                    path.strip_prefix(&root).expect("below the root").iter().map(|p| p.to_string_lossy()).collect();
                found.push((parts.join("/"), path));
            }
        }
    }
    found.sort();
    found
}

/// Files whose text is source or prose, with their text.
fn texts(endings: &[&str]) -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|(name, _)| endings.iter().any(|e| name.ends_with(e)))
        .filter_map(|(name, path)| Some((name, fs::read_to_string(path).ok()?)))
        .collect()
}

/// The lines of a Rust file that are code of the product: neither comments nor what follows `#[cfg(test)]`.
fn product_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(i, line)| (i + 1, line))
}

/// Every place in the product's code of the folders where one of the words stands.
fn places(folders: &[&str], words: &[&str], except: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for (name, text) in texts(&[".rs"]) {
        if !folders.iter().any(|f| name.starts_with(f)) || except.contains(&name.as_str()) {
            continue;
        }
        for (number, line) in product_code(&text) {
            if let Some(word) = words.iter().find(|w| line.contains(*w)) {
                out.push(format!("{name}:{number} has `{word}`"));
            }
        }
    }
    out
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn only_the_parser_names_lalrpop() {
    let except = ["grammar/src/parser.rs", "grammar/build.rs", "tests/tests/tidy.rs"];
    let found = places(&["grammar/", "runtime/", "compiler/", "lsp/", "tests/"], &["lalrpop"], &except);
    assert_none(&found, "the parser generator is known to grammar/src/parser.rs and build.rs alone");
    let parser = fs::read_to_string(root().join("grammar/src/parser.rs")).expect("the parser");
    assert!(parser.contains("lalrpop"), "this test looks for a word that is no longer used");
}

#[test]
fn only_the_language_server_names_its_protocol() {
    let words = ["lsp_types", "tower_lsp", "lsp-types", "tower-lsp"];
    let found = places(&["grammar/", "runtime/", "compiler/"], &words, &[]);
    assert_none(&found, "the editor protocol is known to lsp/ alone");
    assert!(!places(&["lsp/"], &words, &[]).is_empty(), "this test looks for words that are no longer used");
}

#[test]
fn compiler_and_runtime_read_no_clock_and_no_file() {
    let words = [
        "std::fs",
        "fs::read",
        "File::open",
        "std::env",
        "env::var",
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "Zoned::now",
        "std::net::Tcp",
        "std::process",
        "std::thread",
        "println!",
        "eprintln!",
    ];
    // A test that asks the shells of the machine; the loader, whose threads are gone when it returns.
    let except = ["runtime/src/shell/parse/bash_tests.rs", "runtime/src/load.rs"];
    let found = places(&["grammar/src/", "compiler/src/", "runtime/src/"], &words, &except);
    assert_none(&found, "what they know comes from their callers");
    assert!(
        !places(&["compiler/cli/src/"], &words, &[]).is_empty(),
        "this test looks for words that are no longer used"
    );
}

#[test]
fn the_proof_shares_nothing_with_what_it_proves() {
    let words = ["graph::build", "diagram::Node", "graph::plan", "graph::vars", "SwitchTable", ".facts", ".slot"];
    assert_none(&places(&["compiler/src/certify"], &words, &[]), "certify reads clauses and bundles, by itself");
    let found = places(&["compiler/", "lsp/"], &["biodivine"], &["compiler/src/certify/diagram.rs"]);
    assert_none(&found, "the proof's decision diagrams are known to compiler/src/certify/diagram.rs alone");
    assert!(
        !places(&["compiler/src/certify"], &["biodivine"], &[]).is_empty(),
        "this test looks for a word that is no longer used"
    );
}

#[test]
fn dependencies_point_one_way() {
    let manifest = |path: &str| fs::read_to_string(root().join(path)).expect("a manifest");
    for (path, unknown) in [
        ("grammar/Cargo.toml", &["claw-runtime", "claw-compiler", "petgraph"][..]),
        ("runtime/Cargo.toml", &["claw-syntax", "claw-compiler", "petgraph", "ariadne", "logos"][..]),
        ("compiler/Cargo.toml", &["clap", "tower-lsp"][..]),
    ] {
        let text = manifest(path);
        let named: Vec<_> =
            unknown.iter().filter(|crate_name| text.lines().any(|l| l.starts_with(**crate_name))).collect();
        assert!(named.is_empty(), "{path} names {named:?}");
    }
}

/// Whoever checks policies shows findings to people in the same way, so drawing is the compiler's; but only whoever
/// asks for it builds it, and nothing that finds anything knows of it.
#[test]
fn the_compiler_draws_only_where_it_is_asked_to() {
    let manifest = fs::read_to_string(root().join("compiler/Cargo.toml")).expect("a manifest");
    let line = manifest.lines().find(|line| line.starts_with("ariadne")).expect("the feature `draw` has its crate");
    assert!(line.contains("optional = true"), "{line}");
    assert!(!manifest.lines().any(|line| line.starts_with("default")), "no feature is on by default");
    let found = places(&["compiler/src/"], &["ariadne"], &["compiler/src/draw.rs"]);
    assert_none(&found, "compiler/src/draw.rs alone draws");
    assert!(
        !places(&["compiler/src/draw.rs"], &["ariadne"], &[]).is_empty(),
        "this test looks for a word that is no longer used"
    );
}

#[test]
fn every_dependency_of_the_runtime_has_a_reason() {
    let text = fs::read_to_string(root().join("runtime/Cargo.toml")).expect("the runtime's manifest");
    let mut inside = false;
    let mut before = "";
    let mut seen = 0;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && line.contains('=') {
            assert!(before.starts_with("# "), "`{line}` has no comment above it that says why");
            seen += 1;
        }
        before = line;
    }
    assert!(seen > 0, "no dependency was looked at");
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = texts(&[".rs", ".lalrpop", ".claw"])
        .into_iter()
        .filter_map(|(name, text)| {
            let lines = text.lines().count();
            (lines > 820).then(|| format!("{name} has {lines} lines"))
        })
        .collect();
    assert_none(&long, "a file has at most about 800 lines");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = texts(&[".rs"])
        .into_iter()
        .filter(|(name, text)| name.contains("/src/") && !text.starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    assert_none(&silent, "a module begins with `//!`: what it is for, what it may not know");
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let roots: Vec<String> = ["work", "root"].iter().map(|name| format!("/{name}/")).collect();
    let mut found = Vec::new();
    for (name, text) in
        texts(&[".rs", ".md", ".toml", ".claw", ".json", ".jsonl", ".lalrpop", ".snap", ".yml", "justfile"])
    {
        for (number, line) in text.lines().enumerate() {
            for word in &roots {
                let at = line.find(word.as_str());
                // Part of a longer path, such as `/srv/work/`, is somebody else's.
                let alone =
                    at.is_some_and(|i| !line[..i].ends_with(|c: char| c.is_alphanumeric() || "._-}/".contains(c)));
                if alone {
                    found.push(format!("{name}:{}", number + 1));
                }
            }
        }
    }
    assert_none(&found, "paths of a machine");
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for (name, text) in texts(&["Cargo.toml"]) {
        let is_crate = text.contains("[package]") && !text.contains("[workspace]");
        assert!(!is_crate || text.contains("[lints]\nworkspace = true"), "{name} does not take the workspace's lints");
    }
}
