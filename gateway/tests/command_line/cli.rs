//! The command line, as the binary that people run.

use std::path::Path;
use std::process::{Command, Output};

use crate::config::snapshot;

fn gateway(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_claw-gateway"))
        .args(args)
        .current_dir(folder)
        .env("USER", "emma")
        .env_remove("NO_COLOR")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_init_writes_checks_without_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let written = gateway(folder.path(), &["init"]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    snapshot("init", &out(&written));
    let checked = gateway(folder.path(), &["check"]);
    assert_eq!((checked.status.code(), out(&checked)), (Some(0), "no findings\n".to_owned()));
    let config = std::fs::read_to_string(folder.path().join("claw-gateway.toml")).unwrap();
    let tokens: Vec<String> =
        err(&written).split_whitespace().filter(|word| word.starts_with("claw_")).map(str::to_owned).collect();
    assert_eq!(tokens.len(), 2);
    assert!(tokens.iter().all(|token| !config.contains(token)), "tokens are in no file");
    let again = gateway(folder.path(), &["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(err(&again).contains("is there already"));
    assert_eq!(std::fs::read_to_string(folder.path().join("claw-gateway.toml")).unwrap(), config);
}

#[test]
fn the_policy_of_init_has_tests_that_pass() {
    use claw_compiler::{Checked, testing};
    let folder = tempfile::tempdir().unwrap();
    assert!(gateway(folder.path(), &["init"]).status.success());
    let source = claw_gateway::sources::Source::open(&folder.path().join("policy"));
    let analysis = source.analysis.unwrap();
    assert!(analysis.diagnostics.is_empty(), "{:?}", analysis.diagnostics);
    let checked = Checked::new(analysis.package.clone(), false).unwrap();
    let results = testing::run(&checked, &analysis.sources, None).unwrap();
    assert!(!results.is_empty() && results.iter().all(testing::TestResult::passed));
    let text = std::fs::read_to_string(folder.path().join("policy/main.claw")).unwrap();
    assert_eq!(claw_syntax_format(&text), text, "in canonical layout");
}

fn claw_syntax_format(text: &str) -> String {
    claw_syntax::format(text).unwrap()
}

#[test]
fn servers_come_from_a_clients_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("client.json"),
        r#"{ "mcpServers": {
          "file system": { "command": "npx", "args": ["-y", "server", "a \"b\""], "env": { "LOG": "1", "GITHUB_TOKEN": "ghp_QZQZQZ" } },
          "search": { "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer QZQZQZ", "X-Team": "t" } },
          "vs": { "command": "x", "env": { "A": "${env:HOME_TOKEN}" } },
          "odd": { "socket": "/x" } } }"#,
    )
    .unwrap();
    let written = gateway(folder.path(), &["init", "gw", "--from", "client.json"]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    let config = std::fs::read_to_string(folder.path().join("gw/claw-gateway.toml")).unwrap();
    assert!(!config.contains("QZQZQZ"), "secrets are not copied");
    let digests = |line: &&str| !line.contains("token_sha256");
    snapshot("init_from", &config.lines().filter(digests).collect::<Vec<_>>().join("\n"));
    snapshot("init_from_says", &out(&written));
    let checked = gateway(folder.path(), &["check", "--config", "gw/claw-gateway.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", out(&checked));
}

#[test]
fn check_tells_by_its_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let missing = gateway(folder.path(), &["check"]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(
        err(&missing),
        "error: cannot read `claw-gateway.toml`: no such file or directory\n  help: `claw-gateway init` writes one to start from; `--config` names another\n"
    );
    std::fs::write(folder.path().join("claw-gateway.toml"), "environment = \"dev\"\n[policy]\npath = \"p\"\nfoo = 1\n")
        .unwrap();
    let wrong = gateway(folder.path(), &["check"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(out(&wrong).contains("[policy] has no `foo`"), "{}", out(&wrong));
    let json = gateway(folder.path(), &["check", "--format", "json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["findings"][0]["line"], 4);
    assert_eq!(json["findings"][0]["message"], "[policy] has no `foo`");
    assert_eq!(gateway(folder.path(), &["chek"]).status.code(), Some(2));
}

#[test]
fn a_gateway_does_not_run_with_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claw-gateway.toml"), "environment = \"dev\"\n[policy]\npath = \"p\"\n").unwrap();
    let run = gateway(folder.path(), &["run"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(err(&run).contains("cannot read the policy `p`"), "{}", err(&run));
}

#[test]
fn tokens_are_new_and_accepted_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = [(); 2].map(|()| gateway(folder.path(), &["token", "--name", "olga", "--expires", "90d"]));
    assert_eq!(one.status.code(), Some(0));
    assert_ne!(one.stdout, two.stdout);
    let token = out(&one).trim().to_owned();
    assert!(token.starts_with("claw_") && token.len() > 40, "{token}");
    let said = err(&one);
    let line = said.lines().find(|line| line.contains("token_sha256")).unwrap().trim();
    let text = format!("environment = \"dev\"\n[policy]\npath = \"p\"\n[[person]]\nname = \"olga\"\n{line}\n");
    let surroundings = claw_gateway::config::Surroundings { variable: &|_| None, secrets: true };
    let reading = claw_gateway::config::Config::read(Path::new("c.toml"), &text, surroundings);
    assert!(reading.findings.list.is_empty(), "{}", reading.findings.render(false));
    let kept = &reading.config.people[0].tokens[0];
    assert_eq!(kept.digest, claw_gateway::config::TokenDigest::of(&token));
    assert!(kept.expires.is_some());
    for age in ["90", "-1d", "soon"] {
        assert_eq!(gateway(folder.path(), &["token", "--expires", age]).status.code(), Some(2), "{age}");
    }
}

#[test]
fn every_command_has_help_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let main = out(&gateway(folder.path(), &["--help"]));
    let commands = main.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next()).unwrap();
    let names: Vec<&str> = commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let help = gateway(folder.path(), &[name, "--help"]);
        assert!(help.status.success());
        let help = out(&help);
        assert!(help.contains("Examples:\n  claw-gateway ") && !help.contains('\\'), "{name}: {help}");
    }
    assert!(!main.contains('\\'), "{main}");
    let version = out(&gateway(folder.path(), &["--version"]));
    assert!(version.starts_with("claw-gateway "), "{version}");
}
