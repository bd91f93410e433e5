//! Does a call make a well-known program run others, write files or change the system, beyond what its name says?
//!
//! `rm` removes and `cp` copies: whoever lists them allows that. But `find` searches and `sort` sorts, and with
//! the right option both run any program. A program that runs whatever a project tells it (`make`, `npm run`,
//! `cargo test`) or whoever sits before it (`vi`, `less`) does so by nature. Of a program without a row nothing
//! is known.

use super::scan::{Kind, scan};
use super::spec::listed;
use super::{sed, table, unknown_if};
use crate::call::Call;
use crate::{Tri, Value};

/// When a program does more than its name says.
#[derive(Clone, Copy)]
enum Rule {
    /// Never, or only what its name says.
    Never,
    /// By nature.
    Always,
    /// With one of these options.
    With(&'static [&'static str]),
    /// With one of these options, or more operands than this.
    Operands(usize, &'static [&'static str]),
    /// Unless the subcommand is one of these and none of these options is given.
    Unless(&'static str, &'static [&'static str]),
    /// As this says.
    Ask(fn(&Call) -> Tri),
}

use Rule::{Always, Ask, Never, Operands, Unless, With};

/// See the module.
pub(crate) fn runs_programs(call: &Call) -> Tri {
    let rule = call.program().and_then(|program| table::find(RULES, table::base(program)));
    match rule {
        None => Tri::Unknown,
        Some(Never) => Tri::False,
        Some(Always) => Tri::True,
        Some(With(flags)) => call.has(flags),
        Some(Operands(limit, flags)) => call.has(flags).or(more_than(call, *limit)),
        Some(Unless(subs, flags)) => subcommand(call, subs).or(call.has(flags)),
        Some(Ask(ask)) => ask(call),
    }
}

/// Do the words of the call make its program do so? Not asked of programs that do it by nature, such as `make`, and
/// of those that are in no table: who names them accepts what they do.
pub(crate) fn words_run_programs(call: &Call) -> Tri {
    match call.program().and_then(|program| table::find(RULES, table::base(program))) {
        None | Some(Always) => Tri::False,
        Some(_) => runs_programs(call),
    }
}

fn subcommand(call: &Call, subs: &str) -> Tri {
    let listed = call.subcommand().map(|name| listed(subs, &name));
    Tri::from(listed).not()
}

fn more_than(call: &Call, limit: usize) -> Tri {
    let operands = call.positional();
    let more = operands.items.len() > limit;
    if more { Tri::True } else { unknown_if(!operands.complete) }
}

/// What an operand test finds: true if it holds for one, unknown if it might for one that is not known.
fn any_operand(call: &Call, test: impl Fn(&str) -> bool) -> Tri {
    let operands = call.positional();
    let found = operands.items.iter().any(|item| matches!(item, Value::Str(text) if test(text)));
    if found { Tri::True } else { unknown_if(!operands.complete) }
}

/// Does a value of these options pass the test?
fn values(call: &Call, options: &[&str], test: impl Fn(&str) -> bool) -> Tri {
    let values = call.values(options);
    let found = values.items.iter().any(|item| matches!(item, Value::Str(text) if test(text)));
    if found { Tri::True } else { unknown_if(!values.complete) }
}

/// Are all values of these options among these?
fn values_among(call: &Call, options: &[&str], allowed: &[&str]) -> Tri {
    values(call, options, |value| !allowed.contains(&value)).not()
}

/// `awk` programs are a language of their own.
fn awk(call: &Call) -> Tri {
    let other = call.has(&[
        "-f",
        "--file",
        "-i",
        "--include",
        "-l",
        "--load",
        "-E",
        "--exec",
        "-e",
        "--source",
        "-W",
        "-d",
        "--dump-variables",
        "-o",
        "--pretty-print",
        "-p",
        "--profile",
        "-D",
        "--debug",
    ]);
    let mut code = None;
    scan(call, &mut |item| match item.kind {
        Kind::Operand { text, swallowed } if code.is_none() => {
            code = Some((item.sure && !swallowed).then(|| text.text()).flatten());
        }
        Kind::Any(_) | Kind::More { .. } if code.is_none() => code = Some(None),
        _ => {}
    });
    // A comparison `$1 > 5` looks like a redirection, and a pattern `/a|b/` like a pipe: then it is not known.
    let program = match code {
        None => Tri::False,
        Some(None) => Tri::Unknown,
        Some(Some(code)) if code.contains("system") => Tri::True,
        Some(Some(code)) => {
            // `@f()` calls what `f` names; `@load` loads a library.
            let hidden = code.contains(['|', '>', '@']) || code.contains("getline") || code.contains("close");
            unknown_if(hidden)
        }
    };
    if other.is_false() { program } else { program.or(Tri::Unknown) }
}

fn curl(call: &Call) -> Tri {
    let sends = values_among(call, &["-X", "--request"], &["GET", "HEAD"]).not();
    let writes =
        values_among(call, &["-o", "--output", "-D", "--dump-header", "-c", "--cookie-jar"], &["-", "/dev/null"]).not();
    // `%output{file}`
    let formats = values(call, &["-w", "--write-out"], |value| value.contains("%output") || value.starts_with('@'));
    let flags = call.has(&[
        "-O",
        "--remote-name",
        "--remote-name-all",
        "-J",
        "--remote-header-name",
        "--output-dir",
        "-K",
        "--config",
        "--trace",
        "--trace-ascii",
        "--stderr",
        "--libcurl",
        "--hsts",
        "--alt-svc",
        "--etag-save",
        "-d",
        "--data",
        "--data-ascii",
        "--data-binary",
        "--data-raw",
        "--data-urlencode",
        "--json",
        "-F",
        "--form",
        "--form-string",
        "-T",
        "--upload-file",
        "-Q",
        "--quote",
        "--engine",
        "--mail-from",
        "-t",
        "--telnet-option",
        "--url-query",
        "--doh-url",
        "-x",
        "--proxy",
        "--preproxy",
        "--variable",
        "--unix-socket",
        "--abstract-unix-socket",
    ]);
    sends.or(writes).or(formats).or(flags)
}

fn wget(call: &Call) -> Tri {
    let out = call.has(&["-O", "--output-document"]).and(values_among(call, &["-O", "--output-document"], &["-"]));
    let flags = call.has(&[
        "--use-askpass",
        "--post-data",
        "--post-file",
        "--body-data",
        "--body-file",
        "--method",
        "-e",
        "--execute",
        "-i",
        "--input-file",
        "-o",
        "--output-file",
        "-a",
        "--append-output",
        "--config",
        "--save-cookies",
        "--warc-file",
        "--rejected-log",
        "-r",
        "--recursive",
        "-m",
        "--mirror",
        "-p",
        "--page-requisites",
        "-b",
        "--background",
        "--hsts-file",
    ]);
    let spider = call.has(&["--spider"]);
    out.or(spider).not().or(flags)
}

/// `date +%F` reads the clock; `date 0101` sets it.
fn date(call: &Call) -> Tri {
    call.has(&["-s", "--set"]).or(any_operand(call, |operand| !operand.starts_with('+')))
}

fn dd(call: &Call) -> Tri {
    let to = call.values(&["of="]);
    if to.items.is_empty() { unknown_if(!to.complete) } else { Tri::True }
}

fn tee(call: &Call) -> Tri {
    any_operand(call, |operand| !matches!(operand, "/dev/null" | "/dev/stderr" | "/dev/stdout"))
}

/// `uniq in out` writes; so does `xxd in out`.
const SECOND: Rule = Operands(1, &[]);

/// `ip` shows with these verbs, or with an object alone.
fn ip(call: &Call) -> Tri {
    let runs = call.has(&["-b", "-batch", "--batch", "-n", "-netns", "--netns", "-a", "-all", "--all"]);
    let operands = call.positional();
    let word = |i: usize| match operands.items.get(i) {
        Some(Value::Str(text)) => Some(&**text),
        _ => None,
    };
    let object = word(0).unwrap_or_default();
    let shows = word(1).is_none_or(|verb| matches!(verb, "show" | "list" | "ls" | "get" | "lst" | "help"));
    if !operands.complete {
        return Tri::Unknown;
    }
    let reads = listed("a addr address l link r route rule n neigh neighbour maddr tunnel tcp_metrics monitor", object);
    runs.or(if reads && shows { Tri::False } else { Tri::True })
}

fn tar(call: &Call) -> Tri {
    let flags = [
        "-I",
        "--use-compress-program",
        "--to-command",
        "--checkpoint-action",
        "--rsh-command",
        "--rmt-command",
        "-F",
        "--info-script",
        "--new-volume-script",
        "-T",
        "--files-from",
        "-P",
        "--absolute-names",
    ];
    // A list of files may hold options.
    call.has(&flags)
}

/// Options before the subcommand of `git` that choose what it runs or where its configuration comes from.
const GIT_BEFORE: &[&str] =
    &["-c", "--config-env", "--exec-path", "-p", "--paginate", "--git-dir", "--work-tree", "--help"];

/// Options after it that run or write something.
const GIT_AFTER: &[&str] = &[
    "--ext-diff",
    "--textconv",
    "--filters",
    "--output",
    "--open-files-in-pager",
    "--upload-pack",
    "--receive-pack",
    "--exec",
    "--show-signature",
    "--edit-description",
];

/// Does an option make `git` run what the command says?
pub(in crate::shell) fn git_runs(call: &Call) -> Tri {
    // Another repository comes with its own configuration.
    let elsewhere = unknown_if(!call.has_first(&["-C"]).is_false());
    elsewhere.or(call.has_first(GIT_BEFORE)).or(call.has(GIT_AFTER))
}

/// Subcommands of `git` that read.
const GIT_READS: &str = "annotate blame cat-file check-attr check-ignore check-mailmap check-ref-format cherry \
    count-objects describe diff diff-files diff-index diff-tree for-each-ref log ls-files ls-tree merge-base \
    name-rev range-diff rev-list rev-parse shortlog show show-branch show-ref status var version whatchanged";

fn git(call: &Call) -> Tri {
    let Some(sub) = call.subcommand() else { return Tri::Unknown };
    let more = match &*sub {
        "branch" => git_branch(call),
        "tag" => call.has(&["-d", "-s", "-u", "-a", "-m", "-F", "-f", "-e", "-v"]).or(unless_listing(call, 1)),
        "remote" => second(call, &["show", "get-url"]).or(call.has(&["-p"])),
        "stash" => second_required(call, &["list", "show"]),
        "worktree" => second_required(call, &["list"]),
        "notes" => second(call, &["list", "show"]),
        "reflog" => second(call, &["show", "exists", "list"]),
        "config" => call
            .has(&["--get", "--get-all", "--get-regexp", "--get-urlmatch", "-l", "--list"])
            .or(second_required(call, &["get", "list"]).not())
            .not()
            .or(call.has(&[
                "-e",
                "--edit",
                "--unset",
                "--unset-all",
                "--add",
                "--replace-all",
                "--remove-section",
                "--rename-section",
            ])),
        "grep" => call.has(&["-O"]),
        sub if listed(GIT_READS, sub) => Tri::False,
        _ => Tri::True,
    };
    more.or(git_runs(call))
}

fn git_branch(call: &Call) -> Tri {
    let changes = call.has(&[
        "-d",
        "-D",
        "--delete",
        "-m",
        "-M",
        "--move",
        "-c",
        "-C",
        "--copy",
        "-f",
        "--force",
        "-u",
        "--set-upstream-to",
        "--unset-upstream",
        "-t",
        "--track",
        "--create-reflog",
    ]);
    changes.or(unless_listing(call, 1))
}

/// Names after `git branch` and `git tag` are created, unless they are patterns of a list.
fn unless_listing(call: &Call, operands: usize) -> Tri {
    let lists = call.has(&["-l", "--list", "--contains", "--no-contains", "--merged", "--no-merged", "--points-at"]);
    more_than(call, operands).and(lists.not())
}

/// Is there a second operand that is not one of these?
fn second(call: &Call, allowed: &[&str]) -> Tri {
    let operands = call.positional();
    match operands.items.get(1) {
        Some(Value::Str(word)) if operands.complete => Tri::from(!allowed.contains(&&**word)),
        None if operands.complete => Tri::False,
        _ => Tri::Unknown,
    }
}

/// The same, and it must be there.
fn second_required(call: &Call, allowed: &[&str]) -> Tri {
    second(call, allowed).or(more_than(call, 1).not())
}

/// Options of `find` that run, write or delete.
const FIND: &[&str] = &["-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls"];

const RG: &[&str] = &["--pre", "--hostname-bin", "-z", "--search-zip"];
const KUBE: &[&str] = &["--kubeconfig", "--token", "--server", "-s"];
const CARGO: &[&str] = &["--config", "-C", "-Z"];
const GO: &[&str] = &[
    "-toolexec",
    "-vettool",
    "-exec",
    "-o",
    "-overlay",
    "-modfile",
    "-C",
    "-w",
    "-u",
    "-export",
    "-compiled",
    "-test",
    "-deps",
];

/// What is known of programs, sorted by name.
static RULES: &[(&str, Rule)] = &[
    ("7z", Never),
    (":", Never),
    // `-v 'a[$(id)]'` evaluates the subscript.
    ("[", With(&["-v"])),
    ("ack", With(&["--pager", "--output"])),
    ("ag", With(&["--pager"])),
    ("ansible", Always),
    ("ansible-playbook", Always),
    ("apt", Unless("list show search policy", &["-o", "--option", "-c", "--config-file"])),
    ("apt-get", Always),
    ("arch", Never),
    ("at", Always),
    ("awk", Ask(awk)),
    ("b2sum", Never),
    ("base32", Never),
    ("base64", With(&["-o", "--output", "-D"])),
    ("basename", Never),
    ("bash", Always),
    ("bat", With(&["--pager", "--paging", "--config-file", "--generate-config-file"])),
    ("batch", Always),
    ("brew", Unless("list info search leaves config deps desc uses outdated", &["--exec", "-i", "--edit"])),
    ("bun", Always),
    ("bunx", Always),
    ("cal", Never),
    ("cargo", Unless("metadata tree locate-project pkgid search version verify-project", CARGO)),
    ("cat", Never),
    ("cd", Never),
    ("chgrp", Never),
    ("chmod", Never),
    ("chown", Never),
    ("cksum", Never),
    ("cmp", Never),
    ("column", Never),
    ("comm", Never),
    ("cp", Never),
    ("cpan", Always),
    ("crontab", Operands(0, &["-e", "-r", "-i"])),
    ("curl", Ask(curl)),
    ("cut", Never),
    ("dash", Always),
    ("date", Ask(date)),
    ("dd", Ask(dd)),
    ("deno", Always),
    ("df", Never),
    ("diff", With(&["-l", "--paginate"])),
    ("diff3", With(&["--diff-program"])),
    ("dig", Never),
    ("dirname", Never),
    (
        "dmesg",
        With(&[
            "-c",
            "-C",
            "-D",
            "-E",
            "-n",
            "--clear",
            "--read-clear",
            "--console-off",
            "--console-on",
            "--console-level",
            "-H",
            "--human",
        ]),
    ),
    (
        "docker",
        Unless(
            "ps images logs inspect version info stats top port diff history search events",
            &["-H", "--host", "-c", "--context", "--config"],
        ),
    ),
    (
        "dpkg",
        With(&[
            "-i",
            "--install",
            "-r",
            "--remove",
            "-P",
            "--purge",
            "--unpack",
            "--configure",
            "-a",
            "--pre-invoke",
            "--post-invoke",
            "--admindir",
            "--root",
            "--instdir",
            "--set-selections",
            "--clear-selections",
            "--update-avail",
            "--merge-avail",
            "--clear-avail",
            "--add-architecture",
            "--remove-architecture",
            "--triggers-only",
            "--force-all",
        ]),
    ),
    ("dpkg-query", Never),
    ("du", Never),
    ("echo", Never),
    ("ed", Always),
    ("egrep", Never),
    ("emacs", Always),
    ("ex", Always),
    ("exit", Never),
    ("expand", Never),
    ("expect", Always),
    ("expr", Never),
    ("factor", Never),
    ("false", Never),
    ("fd", With(&["-x", "--exec", "-X", "--exec-batch"])),
    ("fdfind", With(&["-x", "--exec", "-X", "--exec-batch"])),
    ("fgrep", Never),
    ("file", With(&["-C", "--compile", "-z", "-Z", "--uncompress", "--uncompress-noreport", "-S", "--no-sandbox"])),
    ("find", With(FIND)),
    ("fish", Always),
    ("fmt", Never),
    ("fold", Never),
    ("free", Never),
    ("gawk", Ask(awk)),
    ("gcc", Always),
    ("gdb", Always),
    ("getent", Never),
    ("gh", Always),
    ("git", Ask(git)),
    ("go", Unless("version env list doc", GO)),
    ("gradle", Always),
    ("grep", Never),
    ("groups", Never),
    ("gunzip", Never),
    ("gzip", Never),
    ("head", Never),
    (
        "helm",
        Unless(
            "list ls status history search show version env",
            &["--post-renderer", "--kubeconfig", "--registry-config"],
        ),
    ),
    ("hexdump", Never),
    ("hostname", Operands(0, &["-F", "--file", "-b", "--boot"])),
    ("htop", Always),
    ("id", Never),
    ("install", With(&["--strip-program", "-s", "--strip"])),
    ("ip", Ask(ip)),
    ("irb", Always),
    ("java", Always),
    ("join", Never),
    (
        "journalctl",
        With(&[
            "--vacuum-size",
            "--vacuum-time",
            "--vacuum-files",
            "--rotate",
            "--flush",
            "--sync",
            "--relinquish-var",
            "--smart-relinquish-var",
            "--setup-keys",
            "--update-catalog",
            "--cursor-file",
        ]),
    ),
    ("jq", Never),
    ("kill", Never),
    ("ksh", Always),
    ("kubectl", Unless("get describe logs top version api-resources api-versions explain cluster-info", KUBE)),
    ("ldd", Always),
    ("less", Always),
    ("ln", Never),
    ("locate", Never),
    ("logname", Never),
    ("look", Never),
    ("ls", Never),
    ("lsb_release", Never),
    ("lsblk", Never),
    ("lscpu", Never),
    ("lsof", With(&["-D", "-r"])),
    ("lua", Always),
    ("make", Always),
    ("man", Always),
    ("mawk", Ask(awk)),
    ("md5sum", Never),
    ("mkdir", Never),
    ("mkfifo", Never),
    ("mktemp", Never),
    ("more", Always),
    ("most", Always),
    ("mv", Never),
    ("mvn", Always),
    ("mysql", Always),
    ("nano", Always),
    ("nawk", Ask(awk)),
    ("netstat", Never),
    ("nl", Never),
    (
        "nmap",
        With(&[
            "--script",
            "--script-args",
            "--script-args-file",
            "-sC",
            "-A",
            "-oN",
            "-oX",
            "-oG",
            "-oA",
            "-oS",
            "--datadir",
            "--interactive",
            "--resume",
            "--append-output",
            "-iL",
            "--servicedb",
            "--versiondb",
        ]),
    ),
    ("node", Always),
    (
        "npm",
        Unless(
            "ls list la ll view info show v outdated root prefix why explain search ping",
            &["--node-options", "--script-shell", "--viewer", "--editor", "--userconfig", "--globalconfig", "--prefix"],
        ),
    ),
    ("nproc", Never),
    ("npx", Always),
    ("numfmt", Never),
    ("nvim", Always),
    ("od", Never),
    ("paste", Never),
    ("pathchk", Never),
    ("perl", Always),
    ("pgrep", Never),
    ("php", Always),
    ("pico", Always),
    ("ping", Never),
    ("pip", Unless("list show freeze check", &["--python", "--log"])),
    ("pkill", Never),
    ("pnpm", Unless("ls list la ll why outdated root", &["-C", "--dir"])),
    (
        "podman",
        Unless(
            "ps images logs inspect version info stats top port diff history search events",
            &["--url", "--connection", "--root", "--runroot", "--runtime", "--hooks-dir", "--conmon"],
        ),
    ),
    ("printenv", Never),
    ("printf", With(&["-v"])),
    ("ps", Never),
    ("psql", Always),
    ("pwd", Never),
    ("python", Always),
    ("readlink", Never),
    ("realpath", Never),
    ("rev", Never),
    ("rg", With(RG)),
    ("rm", Never),
    ("rmdir", Never),
    (
        "rsync",
        With(&[
            "-e",
            "--rsh",
            "--rsync-path",
            "--daemon",
            "--config",
            "-M",
            "--remote-option",
            "--write-batch",
            "--only-write-batch",
            "--log-file",
            "--early-input",
        ]),
    ),
    ("ruby", Always),
    ("scp", With(&["-S", "-o", "-F", "-D", "-J"])),
    ("screen", Always),
    ("script", Always),
    ("sdiff", With(&["-o", "--output", "--diff-program"])),
    ("sed", Ask(sed::sed)),
    ("seq", Never),
    ("sftp", Always),
    ("sh", Always),
    ("sha1sum", Never),
    ("sha224sum", Never),
    ("sha256sum", Never),
    ("sha384sum", Never),
    ("sha512sum", Never),
    ("shuf", With(&["-o", "--output"])),
    ("sleep", Never),
    ("sort", With(&["-o", "--output", "--compress-program"])),
    ("split", With(&["--filter"])),
    ("sqlite3", Always),
    ("ss", With(&["-K", "--kill", "-D", "--diag"])),
    ("ssh", Always),
    ("ssh-keyscan", Never),
    ("stat", Never),
    ("strace", Always),
    ("strings", Never),
    ("sum", Never),
    ("sync", Never),
    (
        "systemctl",
        Unless(
            "status show list-units list-unit-files list-timers list-sockets list-dependencies list-jobs is-active is-enabled is-failed is-system-running cat get-default",
            &["-H", "--host", "-M", "--machine"],
        ),
    ),
    ("tac", Never),
    ("tail", Never),
    ("tar", Ask(tar)),
    ("tee", Ask(tee)),
    ("terraform", Unless("version show", &["-chdir"])),
    ("test", With(&["-v"])),
    ("tmux", Always),
    ("tofu", Unless("version show", &["-chdir"])),
    ("top", Always),
    ("touch", Never),
    ("tr", Never),
    ("tree", With(&["-o", "-R"])),
    ("true", Never),
    ("truncate", Never),
    ("tsort", Never),
    ("tty", Never),
    ("type", Never),
    ("uname", Never),
    ("unexpand", Never),
    ("uniq", SECOND),
    ("unlink", Never),
    ("unzip", Never),
    ("uptime", Never),
    ("users", Never),
    ("vi", Always),
    ("view", Always),
    ("vim", Always),
    ("vimdiff", Always),
    ("w", Never),
    ("wc", Never),
    ("wget", Ask(wget)),
    ("whereis", Never),
    ("which", Never),
    ("who", Never),
    ("whoami", Never),
    ("whois", Never),
    ("xargs", Always),
    ("xxd", SECOND),
    ("xz", Never),
    ("yarn", Unless("list why info outdated", &["--cwd", "--use-yarnrc"])),
    ("yes", Never),
    ("yq", With(&["-i", "--inplace", "--in-place", "-s", "--split-exp"])),
    ("zcat", Never),
    ("zip", With(&["-T", "-TT", "--test", "--unzip-command", "-m", "--move"])),
    ("zsh", Always),
];

/// The names in the table, in its order.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name)
}
