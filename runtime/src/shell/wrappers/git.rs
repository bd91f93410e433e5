//! `git` runs commands that its options and settings name: `-c core.pager=…`, `rebase --exec`, `bisect run`.

use super::Options;
use crate::shell::meaning::{Arg, Reader, Unit};
use crate::shell::script::OpaqueReason;

const GLOBAL: Options = Options {
    flags: "pPhv",
    values: "cC",
    long_flags: &[
        "--bare",
        "--help",
        "--html-path",
        "--info-path",
        "--literal-pathspecs",
        "--glob-pathspecs",
        "--icase-pathspecs",
        "--man-path",
        "--no-advice",
        "--no-lazy-fetch",
        "--no-optional-locks",
        "--no-pager",
        "--no-replace-objects",
        "--noglob-pathspecs",
        "--paginate",
        "--version",
    ],
    long_values: &["--attr-source", "--git-dir", "--namespace", "--super-prefix", "--work-tree"],
};

/// Sections, or whole keys, of settings that name no command.
#[rustfmt::skip]
const HARMLESS: &[&str] = &[
    "advice.", "color.", "column.", "commit.gpgsign", "commit.cleanup", "core.abbrev", "core.autocrlf", "core.bare", "core.compression",
    "core.eol", "core.filemode", "core.ignorecase", "core.longpaths", "core.precomposeunicode", "core.preloadindex", "core.quotepath",
    "core.safecrlf", "core.symlinks", "core.untrackedcache", "core.whitespace", "core.commentchar", "diff.algorithm", "diff.colormoved",
    "diff.context", "diff.mnemonicprefix", "diff.noprefix", "diff.renamelimit", "diff.renames", "diff.submodule", "diff.wserrorhighlight", "feature.",
    "fetch.", "format.pretty", "gc.", "help.", "http.extraheader", "http.lowspeedlimit", "http.lowspeedtime", "http.postbuffer", "http.sslverify",
    "http.version", "index.", "init.defaultbranch", "log.date", "log.decorate", "log.showsignature", "merge.conflictstyle", "merge.ff",
    "merge.renamelimit", "pack.", "protocol.version", "pull.", "push.default", "push.autosetupremote", "push.followtags", "rebase.autostash",
    "rebase.autosquash", "rebase.updaterefs", "rerere.", "safe.directory", "status.", "submodule.recurse", "tag.gpgsign", "tag.sort", "tar.umask",
    "user.email", "user.name", "user.signingkey", "versionsort.",
];

/// Options of subcommands whose value is a command for the shell: (subcommand, options).
const COMMANDS: &[(&str, &[&str])] = &[
    ("rebase", &["-x", "--exec"]),
    ("clone", &["-u", "--upload-pack"]),
    ("fetch", &["--upload-pack"]),
    ("fetch-pack", &["--upload-pack", "--exec"]),
    ("pull", &["--upload-pack"]),
    ("ls-remote", &["--upload-pack", "--exec"]),
    ("push", &["--receive-pack", "--exec"]),
    ("send-pack", &["--receive-pack", "--exec"]),
    ("archive", &["--exec"]),
    ("difftool", &["-x", "--extcmd"]),
    ("grep", &["-O", "--open-files-in-pager"]),
    (
        "filter-branch",
        &[
            "--commit-filter",
            "--env-filter",
            "--index-filter",
            "--msg-filter",
            "--parent-filter",
            "--setup",
            "--tag-name-filter",
            "--tree-filter",
        ],
    ),
    ("send-email", &["--cc-cmd", "--header-cmd", "--sendmail-cmd", "--smtp-server", "--to-cmd"]),
];

/// Lists `git` itself, and what it is told to run.
pub(super) fn unwrap(reader: &mut Reader, unit: &Unit) {
    let walk = GLOBAL.walk(&unit.args, 1);
    reader.list(unit.clone());
    if let Some(arg) = walk.doubt.and_then(|doubt| unit.arg(doubt)) {
        let reason = if arg.prefix().starts_with("--") { OpaqueReason::Inner } else { OpaqueReason::Option };
        reader.doubt(reason, arg.span(), &arg.shown);
    }
    for setting in walk.given.iter().filter(|given| given.name == "-c") {
        if let Some(value) = &setting.value {
            settings(reader, unit, value);
        }
    }
    let subcommand = unit.arg(walk.next).and_then(Arg::known).unwrap_or_default();
    let rest = walk.next + 1;
    for arg in unit.args.get(rest..).unwrap_or_default() {
        if arg.prefix().starts_with("ext::") || matches!(arg.known(), Some("--ext-diff" | "--textconv")) {
            reader.doubt(OpaqueReason::Inner, arg.span(), &arg.shown);
        }
    }
    values(reader, unit, subcommand, rest);
    let word = |index: usize| unit.arg(index).and_then(Arg::known);
    match (subcommand, word(rest)) {
        ("bisect", Some("run")) => reader.push(unit.unwrap_at(rest + 1)),
        ("submodule", _) => {
            let each = (rest..unit.args.len()).find(|index| word(*index) == Some("foreach"));
            if let Some(each) = each {
                let options =
                    Options { flags: "q", values: "", long_flags: &["--quiet", "--recursive"], long_values: &[] };
                reader.joined(unit, options.walk(&unit.args, each + 1).next, unit.dialect);
            }
        }
        _ => {}
    }
}

/// `-c core.pager=less`: a setting that may name a command.
fn settings(reader: &mut Reader, unit: &Unit, setting: &Arg) {
    let Some((key, value)) = setting.prefix().split_once('=') else {
        let harmless = setting.known().is_some_and(|key| is_harmless(&key.to_ascii_lowercase()));
        if !harmless {
            reader.doubt(OpaqueReason::Inner, setting.span(), &setting.shown);
        }
        return;
    };
    let at = key.len() + 1;
    let key = key.to_ascii_lowercase();
    let helper = key == "core.pager" || key.starts_with("pager.") || key.ends_with("editor") || key == "core.askpass";
    let off = setting.known().is_some() && matches!(value, "" | "cat" | "true" | ":" | "false");
    if is_harmless(&key) || (helper && off) || (off && value.is_empty() && key == "credential.helper") {
        return;
    }
    match value.strip_prefix('!') {
        Some(_) => reader.inline(unit, &setting.tail(at + 1), unit.dialect),
        None => reader.doubt(OpaqueReason::Inner, setting.span(), &setting.shown),
    }
}

fn is_harmless(key: &str) -> bool {
    HARMLESS.iter().any(|harmless| if harmless.ends_with('.') { key.starts_with(harmless) } else { key == *harmless })
}

/// Options of the subcommand that name a command, and settings of a new repository.
fn values(reader: &mut Reader, unit: &Unit, subcommand: &str, from: usize) {
    let names = COMMANDS.iter().find(|(name, _)| *name == subcommand).map(|(_, names)| *names).unwrap_or_default();
    for index in from..unit.args.len() {
        let Some(arg) = unit.arg(index) else { return };
        if arg.known() == Some("--") {
            return;
        }
        if subcommand == "clone" {
            match super::carriers::value_of(unit, index, &["-c", "--config"]) {
                Some(Some(setting)) => settings(reader, unit, &setting),
                Some(None) => reader.doubt(OpaqueReason::Option, arg.span(), &arg.shown),
                None => {}
            }
        }
        match super::carriers::value_of(unit, index, names) {
            Some(Some(command)) => reader.inline(unit, &command, unit.dialect),
            Some(None) => reader.doubt(OpaqueReason::Inner, arg.span(), &arg.shown),
            None => {}
        }
    }
}
