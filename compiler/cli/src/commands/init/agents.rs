//! `clawc init --for`: a policy for a coding agent that is there already, and the hook that asks it.
//!
//! The policy is new or left alone. The agent's own configuration is somebody's: what is in it stays, and a file that can't
//! be read as what it should be is not touched.

use std::fs;
use std::path::{Path, PathBuf};

use claw_runtime::{Json, Limits};
use serde_json::json;

use super::{finished, is_package, package_of, shell_word};
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;

/// A coding agent with hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Agent {
    /// Claude Code: `.claude/settings.json`
    ClaudeCode,
    /// Codex: `.codex/hooks.json`
    Codex,
    /// OpenClaw: a plugin, which you install
    Openclaw,
}

/// Seconds that the host waits for the hook. The hook itself gives up after ten.
const TIMEOUT: u64 = 30;

/// What a run is to do.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub agent: Agent,
    pub directory: &'a Path,
    pub name: Option<&'a str>,
    pub force: bool,
    /// Show, and write nothing.
    pub print: bool,
}

/// A file and what is to be in it.
struct File {
    path: PathBuf,
    text: String,
    /// What is said of it.
    how: &'static str,
}

pub fn run(wish: Wish<'_>, out: &mut Output) -> Result<Exit, Failure> {
    let mut files = vec![policy(wish)?];
    files.extend(configuration(wish)?);
    if wish.print {
        for file in &files {
            out.print(&format!("--- {}\n{}", file.path.display(), file.text))?;
        }
        return Ok(Exit::Clean);
    }
    let mut said = String::new();
    for file in files {
        if fs::read_to_string(&file.path).is_ok_and(|there| there == file.text) {
            said.push_str(&format!("kept {}\n", file.path.display()));
            continue;
        }
        if let Some(folder) = file.path.parent() {
            fs::create_dir_all(folder).map_err(|error| Failure::io("make the directory", folder, &error))?;
        }
        files::write_atomically(&file.path, file.text.as_bytes())?;
        said.push_str(&format!("{} {}\n", file.how, file.path.display()));
    }
    out.print(&format!("{said}{}", next_steps(wish)))?;
    Ok(Exit::Clean)
}

/// The policy, unless there is one.
fn policy(wish: Wish<'_>) -> Result<File, Failure> {
    let path = files::tidy(&wish.directory.join(".claw/policy/main.claw"));
    if !wish.force && path.symlink_metadata().is_ok() {
        let text = files::read_source(&path)?;
        return Ok(File { path, text, how: "kept" });
    }
    let package = match wish.name {
        Some(name) if is_package(name) => name.to_owned(),
        Some(name) => {
            return Err(Failure::new(format!("`{name}` can't be the name of a package"))
                .help("it is made of words with dots between them, such as `acme.support`"));
        }
        None => package_of(wish.directory),
    };
    let text = finished(&wish.agent.policy().replace("<package>", &package))
        .ok_or_else(|| Failure::new("the policy to start from does not check; this is a defect of clawc"))?;
    Ok(File { path, text, how: "wrote" })
}

fn configuration(wish: Wish<'_>) -> Result<Option<File>, Failure> {
    let (path, hooks) = match wish.agent {
        Agent::ClaudeCode => (".claude/settings.json", claude()),
        Agent::Codex => (".codex/hooks.json", codex()),
        Agent::Openclaw => return Ok(None),
    };
    let path = files::tidy(&wish.directory.join(path));
    let (mut there, how) = match path.symlink_metadata() {
        Err(_) => (Json::Obj(Vec::new()), "wrote"),
        Ok(_) => (object(&path)?, "added the hook to"),
    };
    let changed = merge(&mut there, &hooks).map_err(|what| {
        Failure::new(format!("`{}` has {what}", path.display()))
            .help("add the hook by hand; `clawc init --for … --print` shows it")
    })?;
    let text = match (changed, fs::read_to_string(&path)) {
        // Nothing to add: not even the layout changes.
        (false, Ok(text)) => text,
        _ => {
            let mut text = String::new();
            write(&there, 0, &mut text);
            text + "\n"
        }
    };
    Ok(Some(File { path, text, how }))
}

/// The settings in a file, in their order.
fn object(path: &Path) -> Result<Json, Failure> {
    let text = files::read_source(path)?;
    let help = "mend it first, or add the hook by hand; `clawc init --for … --print` shows it";
    if text.trim().is_empty() {
        return Ok(Json::Obj(Vec::new()));
    }
    match Json::parse(text.as_bytes(), &Limits::default()) {
        Ok(value @ Json::Obj(_)) => Ok(value),
        Ok(_) => Err(Failure::new(format!("`{}` is no JSON object", path.display())).help(help)),
        Err(error) => Err(Failure::new(format!("`{}` is not JSON: {error}", path.display())).help(help)),
    }
}

/// Adds each hook under its event, unless it is there. What is there keeps its place. `Err` says what is in the way.
fn merge(settings: &mut Json, hooks: &[(&str, serde_json::Value)]) -> Result<bool, &'static str> {
    let events = member(settings, "hooks", Json::Obj(Vec::new())).ok_or("no object in it")?;
    let mut changed = false;
    for (event, group) in hooks {
        let groups = match member(events, event, Json::Arr(Vec::new())).ok_or("`hooks` that are no object")? {
            Json::Arr(groups) => groups,
            _ => return Err("hooks of an event that are no array"),
        };
        let group =
            Json::parse(group.to_string().as_bytes(), &Limits::default()).map_err(|_| "no room for the hook")?;
        if !groups.iter().any(|there| there.canonical() == group.canonical()) {
            // An earlier version of ours gives way.
            groups.retain(|there| !is_ours(there));
            groups.push(group);
            changed = true;
        }
    }
    Ok(changed)
}

/// A member of an object, made if it is not there; `None` where there is no object.
fn member<'j>(json: &'j mut Json, name: &str, fresh: Json) -> Option<&'j mut Json> {
    let Json::Obj(members) = json else { return None };
    let at = match members.iter().position(|(there, _)| **there == *name) {
        Some(at) => at,
        None => {
            members.push((name.into(), fresh));
            members.len() - 1
        }
    };
    members.get_mut(at).map(|(_, value)| value)
}

/// A group with our hook and nothing else.
fn is_ours(group: &Json) -> bool {
    let command = |hook: &Json| {
        hook.get("command").and_then(Json::as_str).is_some_and(|command| command.starts_with("claw-gateway hook "))
    };
    matches!(group.get("hooks"), Some(Json::Arr(hooks)) if matches!(hooks.as_slice(), [only] if command(only)))
}

/// The usual layout of such files.
fn write(json: &Json, indent: usize, out: &mut String) {
    let inner = indent + 2;
    let mut items = |open: char, close: char, count: usize, item: &mut dyn FnMut(usize, &mut String)| {
        out.push(open);
        for i in 0..count {
            out.push_str(if i == 0 { "\n" } else { ",\n" });
            out.extend(std::iter::repeat_n(' ', inner));
            item(i, out);
        }
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
        out.push(close);
    };
    match json {
        Json::Obj(members) if !members.is_empty() => items('{', '}', members.len(), &mut |i, out| {
            let Some((name, value)) = members.get(i) else { return };
            out.push_str(&Json::str(&**name).canonical());
            out.push_str(": ");
            write(value, inner, out);
        }),
        Json::Arr(values) if !values.is_empty() => items('[', ']', values.len(), &mut |i, out| {
            if let Some(value) = values.get(i) {
                write(value, inner, out);
            }
        }),
        other => out.push_str(&other.canonical()),
    }
}

/// The hook before a call. Every way in which it can fail has to block: a status that hosts do not take for a block (the
/// program is not there, or was killed) is made one, with a reason, without which Codex lets the call pass.
fn before(host: &str) -> String {
    format!("claw-gateway hook {host} || {{ [ $? = 2 ] || echo 'claw: the hook failed' >&2; exit 2; }}")
}

/// `onFailure` is for the host's own time-out.
fn claude() -> Vec<(&'static str, serde_json::Value)> {
    let before = json!({ "type": "command", "command": before("claude"), "timeout": TIMEOUT, "onFailure": "block" });
    let after = json!({ "type": "command", "command": "claw-gateway hook claude", "timeout": TIMEOUT });
    let every = |hook: &serde_json::Value| json!({ "matcher": "*", "hooks": [hook] });
    vec![
        ("PreToolUse", every(&before)),
        ("PostToolUse", every(&after)),
        ("PostToolUseFailure", every(&after)),
        ("PostToolBatch", json!({ "hooks": [after] })),
    ]
}

fn codex() -> Vec<(&'static str, serde_json::Value)> {
    let group = |command: &str| json!({ "matcher": "*", "hooks": [{ "type": "command", "command": command, "timeout": TIMEOUT }] });
    vec![("PreToolUse", group(&before("codex"))), ("PostToolUse", group("claw-gateway hook codex"))]
}

impl Agent {
    fn policy(self) -> &'static str {
        match self {
            Agent::ClaudeCode => CLAUDE_CODE,
            Agent::Codex => CODEX,
            Agent::Openclaw => OPENCLAW,
        }
    }
}

fn next_steps(wish: Wish<'_>) -> String {
    let directory = files::tidy(wish.directory);
    let policy = shell_word(&directory.join(".claw/policy"));
    let start = match wish.agent {
        Agent::ClaudeCode => "start Claude Code in the project and let it run `rm -rf build`: it asks you",
        Agent::Codex => {
            "start Codex in the project, trust the new hooks with /hooks, and let it run `rm -rf build`: it is denied"
        }
        Agent::Openclaw => {
            "install the plugin: openclaw plugins install --link gateway/openclaw (docs/gateway/hooks.md)"
        }
    };
    format!(
        "\nNext:\n  claw-gateway has to be in the PATH: cargo install --path gateway\n  {start}\n  clawc test {policy}  \
         run the tests of the policy; edit it, and it is in force with the next call\n"
    )
}

const CLAUDE_CODE: &str = r#"//! What Claude Code may do in this project: the stock guard of coding agents, and what this team adds.
package <package>

use std.guards.claude_code with grants
use std.guards.coding_agent as guard
use std.tools.claude_code as code

/// The project's folder; the hook says it.
context { project: path }

/// Other folders are somebody else's.
rule edits_stay_in_the_project {
  on      code.Write, code.Edit, code.NotebookEdit
  unless  all(p in paths(args): p under context.project)
  deny    "only files of the project are changed"
}

/// What guards the agent is changed by people.
rule the_guard_is_left_alone {
  on      tagged(writes)
  when    any(p in paths(args): p matches r"(?s).*/\.(claw|claude)(/.*)?")
  deny    "the policy and the hooks are changed by people"
}

/// The same in commands, by what they name.
rule the_guard_is_left_alone_by_commands {
  on      code.Bash
  when    any(c in args.command.calls: c.program in ["claw-gateway", "clawc"] or any(a in c.args + c.writes: a matches r"(?s).*\.(claw|claude)(b|/.*)?"))
  require guard.person
}

test "what runs, what asks, what is denied" {
  as     agent "claude-code" { roles: [coder] }
  as     user "emma" {}
  in     laptop
  with   context { project: "/home/emma/shop" }
  with   resolved { "/args/file_path": "/home/emma/shop/a.ts" }
  call   code.Edit { file_path: "/home/emma/shop/a.ts", old_string: "1", new_string: "2" }
  expect allow
  with   resolved { "/args/file_path": "/home/emma/.bashrc" }
  call   code.Write { file_path: "/home/emma/.bashrc", content: "" }
  expect deny because edits_stay_in_the_project
  with   resolved { "/args/file_path": "/home/emma/shop/.claude/settings.json" }
  call   code.Write { file_path: "/home/emma/shop/.claude/settings.json", content: "{}" }
  expect deny because the_guard_is_left_alone
  call   code.Bash { command: "git status" }
  expect allow
  call   code.Bash { command: "claw-gateway approvals grant 3f9c" }
  expect require guard.person
  call   code.Bash { command: "rm -rf build" }
  expect require guard.person
  in     ci
  call   code.Bash { command: "rm -rf build" }
  expect deny
}
"#;

const CODEX: &str = r#"//! What Codex may do in this project: the stock guard of coding agents, and what this team adds.
package <package>

use std.guards.codex with grants
use std.guards.coding_agent as guard
use std.tools.codex as tools

/// What guards the agent is changed by people.
rule the_guard_is_left_alone {
  on      tools.shell_command
  when    any(c in args.command.calls: c.program in ["claw-gateway", "clawc"] or any(a in c.args + c.writes: a matches r"(?s).*\.(claw|codex)(b|/.*)?"))
  require guard.person
}

rule patches_leave_the_guard_alone {
  on      tools.apply_patch
  when    args.input matches r"(?s).*\.(claw|codex)/.*"
  deny    "the policy and the hooks are changed by people"
}

test "what runs, what is denied" {
  as     agent "codex" { roles: [coder] }
  as     user "emma" {}
  in     laptop
  call   tools.shell_command { command: "git status" }
  expect allow
  call   tools.shell_command { command: "echo x > .codex/hooks.json" }
  expect require guard.person because the_guard_is_left_alone
  call   tools.apply_patch { input: "*** Begin Patch\n*** Delete File: .claw/policy/main.claw\n*** End Patch" }
  expect deny because patches_leave_the_guard_alone
  call   tools.shell_command { command: "rm -rf build" }
  expect require guard.person
}
"#;

const OPENCLAW: &str = r#"//! What OpenClaw may do: the stock guard of coding agents, and what this team adds.
package <package>

use std.guards.openclaw with grants
use std.guards.coding_agent as guard
use std.tools.openclaw as claw

/// What guards the agent is changed by people.
rule the_guard_is_left_alone {
  on      claw.write, claw.edit
  when    args.path matches r"(?s)(.*/)?\.(claw|openclaw)/.*"
  deny    "the policy and the configuration are changed by people"
}

/// The same in commands, by what they name.
rule the_guard_is_left_alone_by_commands {
  on      claw.exec
  when    any(c in args.command.calls: c.program in ["claw-gateway", "clawc", "openclaw"] or any(a in c.args + c.writes: a matches r"(?s).*\.(claw|openclaw)(b|/.*)?"))
  require guard.person
}

test "what runs, what asks" {
  as     agent "openclaw" { roles: [coder] }
  as     user "emma" {}
  in     laptop
  call   claw.exec { command: "git status" }
  expect allow
  call   claw.exec { command: "rm -rf build" }
  expect require guard.person
  call   claw.write { path: ".claw/policy/main.claw", content: "" }
  expect deny because the_guard_is_left_alone
}
"#;
