//! Does a call make a well-known program run others, write files or change the system, beyond what its name says?
//!
//! `rm` removes and `cp` copies: whoever lists them allows that. But `find` searches and `sort` sorts, and with
//! the right option both run any program. A program that runs whatever a project tells it (`make`, `npm run`,
//! `cargo test`) or whoever sits before it (`vi`, `less`) does so by nature. Of a program without a row nothing
//! is known.

use super::scan::{Kind, scan};
use super::spec::listed;
use super::{rules, table, unknown_if};
use crate::call::Call;
use crate::{Tri, Value};

/// When a program does more than its name says.
#[derive(Clone, Copy)]
pub(super) enum Rule {
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

/// See the module.
pub(crate) fn runs_programs(call: &Call) -> Tri {
    let rule = call.program().and_then(|program| table::find(rules::RULES, table::base(program)));
    match rule {
        None => Tri::Unknown,
        Some(Rule::Never) => Tri::False,
        Some(Rule::Always) => Tri::True,
        Some(Rule::With(flags)) => call.has(flags),
        Some(Rule::Operands(limit, flags)) => call.has(flags).or(more_than(call, *limit)),
        Some(Rule::Unless(subs, flags)) => subcommand(call, subs).or(call.has(flags)),
        Some(Rule::Ask(ask)) => ask(call),
    }
}

/// Do the words of the call make its program do so? Not asked of programs that do it by nature, such as `make`, and
/// of those that are in no table: who names them accepts what they do.
pub(crate) fn words_run_programs(call: &Call) -> Tri {
    match call.program().and_then(|program| table::find(rules::RULES, table::base(program))) {
        None | Some(Rule::Always) => Tri::False,
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
pub(super) fn awk(call: &Call) -> Tri {
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

pub(super) fn curl(call: &Call) -> Tri {
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

pub(super) fn wget(call: &Call) -> Tri {
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
pub(super) fn date(call: &Call) -> Tri {
    call.has(&["-s", "--set"]).or(any_operand(call, |operand| !operand.starts_with('+')))
}

pub(super) fn dd(call: &Call) -> Tri {
    let to = call.values(&["of="]);
    if to.items.is_empty() { unknown_if(!to.complete) } else { Tri::True }
}

pub(super) fn tee(call: &Call) -> Tri {
    any_operand(call, |operand| !matches!(operand, "/dev/null" | "/dev/stderr" | "/dev/stdout"))
}

/// `ip` shows with these verbs, or with an object alone.
pub(super) fn ip(call: &Call) -> Tri {
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
    let reads = listed(
        "a addr address l link r route rule n neigh neighbour maddr tunnel tcp_metrics \
        monitor",
        object,
    );
    runs.or(if reads && shows { Tri::False } else { Tri::True })
}

pub(super) fn tar(call: &Call) -> Tri {
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

pub(super) fn git(call: &Call) -> Tri {
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
