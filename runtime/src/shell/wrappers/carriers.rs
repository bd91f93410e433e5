//! Programs with an option whose value is a command: `tar --to-command=…`, `rsync -e …`; and those that get
//! commands in ways of their own: `env -S`, `tmux`, `at`.

use super::Options;
use crate::shell::meaning::{Arg, Reader, Unit, parse};
use crate::shell::script::OpaqueReason;

/// Programs and their options whose value a shell runs. The program itself is listed too.
const CARRIERS: &[(&[&str], &[&str])] = &[
    (
        &["tar", "gtar", "bsdtar"],
        &[
            "-I",
            "-F",
            "--use-compress-program",
            "--to-command",
            "--info-script",
            "--new-volume-script",
            "--rsh-command",
            "--rmt-command",
            "--use-compress-prog",
        ],
    ),
    (&["rsync"], &["-e", "--rsh", "--rsync-path"]),
    (&["zip"], &["-TT", "--unzip-command"]),
    (&["sort", "gsort"], &["--compress-program"]),
    (&["rg"], &["--pre", "--hostname-bin"]),
    (&["man"], &["-P", "--pager", "-H", "--html"]),
    (&["scp", "sftp"], &["-S", "-D"]),
    (&["split", "gsplit"], &["--filter"]),
    (&["entr"], &["-s"]),
    (&["nc", "ncat", "netcat"], &["-e", "-c", "--exec", "--sh-exec"]),
    (&["socat"], &[]),
];

/// Programs that are told what to run in other ways; what is harmless of them.
const SESSIONS: &[(&str, &[&str])] = &[
    (
        "tmux",
        &[
            "ls",
            "list-sessions",
            "list-windows",
            "list-panes",
            "kill-session",
            "kill-server",
            "has-session",
            "has",
            "-V",
            "capture-pane",
            "kill-window",
            "kill-pane",
        ],
    ),
    ("screen", &["-ls", "-list", "-v", "-wipe"]),
    ("zellij", &["ls", "list-sessions", "--version"]),
    ("crontab", &["-l", "-r"]),
    ("expect", &["-v"]),
    ("su-exec", &[]),
    ("gosu", &[]),
    ("start-stop-daemon", &["--stop", "-K", "--status", "-T"]),
    ("firejail", &["--list", "--version"]),
    ("bwrap", &["--version"]),
    ("s6-setuidgid", &[]),
    ("chpst", &[]),
    ("setuidgid", &[]),
    ("daemonize", &[]),
    ("chronic", &[]),
    ("pee", &[]),
    ("ifne", &[]),
];

/// Deals with such a program. False if it is none.
pub(super) fn unwrap(reader: &mut Reader, name: &str, unit: &mut Unit) -> bool {
    if let Some((_, options)) = CARRIERS.iter().find(|(names, _)| names.contains(&name)) {
        carrier(reader, name, unit, options);
        // `entr` is a wrapper besides.
        return name != "entr";
    }
    if let Some((_, harmless)) = SESSIONS.iter().find(|(session, _)| *session == name) {
        return session(reader, name, unit, harmless);
    }
    match name {
        "env" | "genv" => split_string(reader, unit),
        "at" | "batch" => at(reader, unit),
        "ssh" => {
            secure_shell(reader, unit);
            false
        }
        _ => false,
    }
}

/// The value of one of these options at word `index`. The inner `None`: an abbreviation of it, or a value that may be absent.
#[allow(clippy::option_option)] // "not this option", "without a value", "with this value" are three answers
pub(super) fn value_of(unit: &Unit, index: usize, names: &[&str]) -> Option<Option<Arg>> {
    let arg = unit.arg(index)?;
    let word = arg.prefix();
    for name in names {
        if let Some(long) = word.strip_prefix("--").and_then(|_| name.strip_prefix("--")) {
            let (given, attached) = match word.find('=') {
                Some(at) => (word.get(2..at).unwrap_or_default(), Some(arg.tail(at + 1))),
                None => (word.get(2..).unwrap_or_default(), None),
            };
            // GNU's programs take any beginning of a long option.
            if given == long || (given.len() > 1 && long.starts_with(given)) {
                return Some(attached.or_else(|| unit.arg(index + 1).cloned()));
            }
        } else if name.len() == 2 && !word.starts_with("--") && word.starts_with('-') {
            let letter = name.chars().nth(1)?;
            if let Some(at) = word.find(letter) {
                let cluster = word.get(1..at).unwrap_or_default();
                if cluster.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    let attached = (at + 1 < word.len() || arg.known().is_none()).then(|| arg.tail(at + 1));
                    return Some(attached.or_else(|| unit.arg(index + 1).cloned()));
                }
            }
        } else if word == *name {
            return Some(unit.arg(index + 1).cloned());
        }
    }
    None
}

fn carrier(reader: &mut Reader, name: &str, unit: &Unit, options: &[&str]) {
    if name != "entr" {
        reader.list(unit.clone());
    }
    for index in 1..unit.args.len() {
        let Some(arg) = unit.arg(index) else { return };
        if arg.known() == Some("--") {
            break;
        }
        let checkpoint = name.ends_with("tar") && arg.prefix().starts_with("--ch") && arg.prefix().contains("exec=");
        let bundled =
            name.ends_with("tar") && index == 1 && !arg.prefix().starts_with('-') && arg.prefix().contains(['I', 'F']);
        let run = name == "socat"
            && ["EXEC", "SYSTEM", "SHELL"].iter().any(|kind| arg.prefix().to_ascii_uppercase().contains(kind));
        if checkpoint {
            let at = arg.prefix().find("exec=").map_or(0, |at| at + "exec=".len());
            reader.inline(unit, &arg.tail(at), unit.dialect);
        } else if bundled || run {
            reader.doubt(OpaqueReason::Inner, arg.span(), &arg.shown);
        } else {
            match value_of(unit, index, options) {
                Some(Some(command)) if name == "entr" || command.known() != Some("") => {
                    reader.inline(unit, &command, unit.dialect);
                }
                Some(_) => reader.doubt(OpaqueReason::Inner, arg.span(), &arg.shown),
                None => {}
            }
        }
    }
}

/// `tmux new-session -d 'cmd'`: whatever is not known to be harmless.
fn session(reader: &mut Reader, name: &str, unit: &Unit, harmless: &[&str]) -> bool {
    let first = unit.arg(1).and_then(Arg::known);
    if first.is_none_or(|first| !harmless.contains(&first)) {
        reader.doubt(OpaqueReason::Inner, unit.span, name);
        let words = unit.rest();
        // What looks like the beginning of a command is shown to restrictions.
        for index in 1..=words.len() {
            let looks = unit.arg(index).and_then(Arg::known).is_some_and(|word| !word.starts_with('-'));
            if looks {
                let text = unit.arg(index).map(Arg::template).unwrap_or_default();
                if text.contains(' ') {
                    reader.script_text(unit, &text, false, unit.dialect);
                } else {
                    reader.candidate(unit.unwrap_at(index));
                }
                if index > 4 {
                    break;
                }
            }
        }
    }
    reader.list(unit.clone());
    true
}

/// `env -S 'cmd args'`: a string that is split into words.
fn split_string(reader: &mut Reader, unit: &mut Unit) -> bool {
    let options = Options {
        flags: "i0v",
        values: "uCPS",
        long_flags: &["--ignore-environment", "--null", "--debug"],
        long_values: &["--unset", "--chdir", "--split-string"],
    };
    let walk = options.walk(&unit.args, 1);
    let Some(string) = walk.value(&["-S", "--split-string"]).cloned() else { return false };
    let simple = |b: u8| b.is_ascii_alphanumeric() || b" _-./:@%+,='".contains(&b);
    let words =
        string.known().filter(|text| text.bytes().all(simple)).map(|text| parse(unit.dialect, &format!(": {text}")));
    let words = words.filter(|script| script.opaque.is_empty()).and_then(|script| script.commands.into_iter().next());
    let Some(split) = words else {
        reader.inline(unit, &string, unit.dialect);
        reader.doubt(OpaqueReason::Inner, string.span(), &string.shown);
        return true;
    };
    let program = unit.args.first().cloned();
    let split = split.words.iter().skip(1).map(|word| Arg::literal(&word.text, string.span()));
    let rest = unit.args.get(walk.next..).unwrap_or_default().iter().cloned();
    unit.args = program.into_iter().chain(split).chain(rest).collect();
    unit.context.depth = unit.context.depth.saturating_add(1);
    if walk.doubt.is_some() {
        reader.doubt(OpaqueReason::Option, unit.span, "env");
    }
    reader.push(unit.clone());
    true
}

/// `at now <<< 'cmd'`
fn at(reader: &mut Reader, unit: &Unit) -> bool {
    reader.list(unit.clone());
    match Reader::stdin_text(unit) {
        Some(text) => reader.inline(unit, &text, crate::ShellDialect::Sh),
        None if unit.rest().iter().any(|arg| matches!(arg.known(), Some("-l" | "-r" | "-d" | "-V" | "-c"))) => {}
        None => reader.doubt(OpaqueReason::Inner, unit.span, "at"),
    }
    true
}

/// `ssh -o ProxyCommand=…`
fn secure_shell(reader: &mut Reader, unit: &Unit) {
    const COMMANDS: &[&str] = &[
        "proxycommand",
        "localcommand",
        "remotecommand",
        "knownhostscommand",
        "pkcs11provider",
        "include",
        "match",
        "securitykeyprovider",
        "xauthlocation",
    ];
    for index in 1..unit.args.len() {
        if let Some(value) = value_of(unit, index, &["-o"]).flatten() {
            let key = value.prefix().trim_start().split(['=', ' ']).next().unwrap_or_default().to_ascii_lowercase();
            if key.is_empty() || COMMANDS.contains(&key.as_str()) {
                reader.doubt(OpaqueReason::Inner, value.span(), &value.shown);
            }
        }
    }
}
