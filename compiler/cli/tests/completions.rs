//! `clawc completions` and `clawc man`: what is made from the command line's own definition.

mod common;

use common::Folder;

const COMMANDS: [&str; 21] = [
    "init",
    "check",
    "fmt",
    "test",
    "build",
    "diff",
    "eval",
    "explain",
    "inspect",
    "keygen",
    "graph",
    "why",
    "query",
    "policy",
    "promote",
    "suspend",
    "report",
    "audit",
    "import",
    "completions",
    "man",
];

#[test]
fn every_shell_gets_a_script_with_every_command() {
    let folder = Folder::new();
    for (shell, sign) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef clawc"),
        ("fish", "complete -c clawc"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer"),
    ] {
        let run = folder.run(&["completions", shell]).expect(0);
        assert!(run.out.contains(sign), "{shell}: {}", run.out);
        for command in COMMANDS {
            assert!(run.out.contains(command), "{shell} lacks {command}");
        }
    }
    folder.run(&["completions"]).expect(2);
    folder.run(&["completions", "cmd"]).expect(2);
}

#[test]
fn there_is_a_page_for_every_command() {
    let folder = Folder::new();
    let run = folder.run(&["man", "--dir", "share/man1"]).expect(0);
    assert_eq!(run.out, "wrote 30 pages to share/man1\n");
    for command in COMMANDS.iter().chain(&["import-mcp", "audit-verify", "audit-show", "audit-export"]) {
        let page = folder.read(&format!("share/man1/clawc-{command}.1"));
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{command}: {page}");
        assert!(page.contains(".SH EXAMPLES"), "{command} shows no example");
    }
    let root = folder.run(&["man"]).expect(0).out;
    assert_eq!(root, folder.read("share/man1/clawc.1"));
    for command in COMMANDS {
        assert!(root.contains(&format!("clawc\\-{command}(1)")), "{command}");
    }
}

#[test]
fn the_reference_and_the_help_name_every_command() {
    let reference = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/language.md")).unwrap();
    let help = Folder::new().run(&["--help"]).expect(0).out;
    for command in COMMANDS {
        assert!(reference.contains(&format!("`clawc {command} ")), "docs/language.md lacks {command}");
        assert!(help.contains(&format!("\n  {command} ")), "{command} in\n{help}");
    }
    let listed = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let listed = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).count();
    assert_eq!(listed, COMMANDS.len() + 1, "these, and `help`\n{help}");
}
