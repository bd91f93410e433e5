//! What claw says a literal command runs, against what the real bash runs: programs and argument vectors, observed with
//! stub programs that write down how they were called. Skipped where there is no bash.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use claw_runtime::{Command, PartialList, ShellDialect, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How many scripts to try; `CLAW_BASH_CASES` asks for more.
fn cases(usual: u32) -> u32 {
    std::env::var("CLAW_BASH_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// A program and its arguments.
type Argv = Vec<String>;

const STUBS: [&str; 4] = ["alpha", "beta", "gamma-2", "delta_x"];

/// A scratch folder with stubs, and the log they write.
struct Scratch {
    folder: PathBuf,
    /// Each run has a log of its own.
    runs: Cell<u32>,
}

impl Scratch {
    /// `None` where there is no bash.
    fn new(name: &str) -> Option<Scratch> {
        Process::new("/bin/bash").arg("-c").arg(":").status().ok().filter(std::process::ExitStatus::success)?;
        let folder = std::env::temp_dir().join(format!("claw-bash-{name}-{}", std::process::id()));
        let bin = folder.join("bin");
        fs::create_dir_all(&bin).expect("a scratch folder");
        for stub in STUBS {
            let path = bin.join(stub);
            // How many arguments, the program, and they. One `printf`, so that what two of them write at once does not mix.
            let text = format!("#!/bin/sh\nprintf '%s\\0' \"$#\" {stub} \"$@\" >> \"$CLAW_LOG\"\n");
            fs::write(&path, text).expect("a stub");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable stub");
        }
        Some(Scratch { folder, runs: Cell::new(0) })
    }

    /// The calls that bash makes for this script.
    fn run(&self, script: &str) -> BTreeSet<Argv> {
        self.runs.set(self.runs.get() + 1);
        let log = self.folder.join(format!("log-{}", self.runs.get()));
        let work = self.folder.join("work");
        let _ = fs::create_dir_all(&work);
        let status = Process::new("/bin/bash")
            .args(["--norc", "--noprofile", "-c", &format!("{script}\nwait")])
            .current_dir(&work)
            .env_clear()
            .env("PATH", self.folder.join("bin"))
            .env("CLAW_LOG", &log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.is_ok(), "bash did not start");
        let text = fs::read(&log).unwrap_or_default();
        let mut fields = text.split(|b| *b == 0).map(|field| String::from_utf8_lossy(field).into_owned());
        let mut calls = BTreeSet::new();
        while let Some(count) = fields.next().and_then(|count| count.parse::<usize>().ok()) {
            calls.insert(fields.by_ref().take(count + 1).collect());
        }
        calls
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn texts(list: &[Value]) -> impl Iterator<Item = String> + '_ {
    list.iter().filter_map(|v| v.as_str().map(str::to_owned))
}

/// What claw says of a script.
#[derive(Default)]
struct Reported {
    calls: BTreeSet<Argv>,
    /// Those of them that no redirection can keep from running: a file to read may be missing, a pattern may match
    /// two files.
    certain: BTreeSet<Argv>,
    /// Whether the calls are all.
    complete: bool,
}

fn reported(script: &str) -> Reported {
    let calls = Command::new(ShellDialect::Bash, script).calls();
    let mut found = Reported { complete: calls.complete, ..Reported::default() };
    for call in calls.items.iter() {
        let Value::Call(call) = call else { unreachable!("calls are calls") };
        let args = call.args();
        found.complete &= args.complete;
        let program: Vec<String> = call.program().iter().map(|p| p.to_string()).collect();
        let argv: Argv = program.into_iter().chain(texts(&args.items)).collect();
        let files = [call.reads(), call.writes()];
        let harmless = |files: &PartialList| {
            files.complete && texts(&files.items).all(|file| ["out", "/dev/null"].contains(&file.as_str()))
        };
        // What `<&]` refers to does not exist; `eval` takes the quotes off it.
        let unquoted: String = script.chars().filter(|c| !['\\', '\'', '"', '$'].contains(c)).collect();
        if files.iter().all(harmless) && !unquoted.contains("<&") {
            found.certain.insert(argv.clone());
        }
        found.calls.insert(argv);
    }
    found
}

/// A literal of these characters, quoted in one of the ways that keep it.
fn word() -> impl Strategy<Value = String> {
    let plain = "[a-zA-Z0-9_./:@%^+=-]{1,8}".prop_map(|w| if w.contains('=') { format!("x{w}") } else { w });
    let single = "[a-z $`\"\\\\;&|<>(){}*?\\[\\]~#!\n-]{1,8}".prop_map(|w| format!("'{w}'"));
    let double = "[a-z ';&|<>(){}*?\\[\\]~#\n-]{1,8}".prop_map(|w| format!("\"{w}\""));
    let escaped = "[ $`\"'\\\\;&|<>(){}*?~#]{1,4}".prop_map(|w| w.chars().flat_map(|c| ['\\', c]).collect::<String>());
    let ansi = prop_oneof!["[a-z ;|]{1,4}", Just("\\x41\\101\\t.".to_owned()), Just("\\'\\\\\\u0041".to_owned())]
        .prop_map(|w| format!("$'{w}'"));
    let part = prop_oneof![4 => plain, 2 => single, 2 => double, 1 => escaped, 1 => ansi];
    prop::collection::vec(part, 1..3).prop_map(|parts| parts.concat())
}

fn simple() -> impl Strategy<Value = String> {
    let program = prop_oneof![
        4 => prop::sample::select(STUBS.to_vec()).prop_map(str::to_owned),
        1 => Just("al'ph'a".to_owned()),
        1 => Just("\\beta".to_owned()),
        1 => Just("/usr/bin/env alpha".to_owned()),
        1 => Just("/usr/bin/env X=y beta".to_owned()),
        1 => Just("/usr/bin/timeout 9 gamma-2".to_owned()),
        1 => Just("/usr/bin/nice -n 1 alpha".to_owned()),
        1 => Just("command beta".to_owned()),
        1 => Just("exec delta_x".to_owned()),
        1 => Just("V=1 alpha".to_owned()),
        1 => Just("> out alpha".to_owned()),
        1 => Just("/bin/bash -c 'alpha one; beta' zero".to_owned()),
        1 => Just("eval alpha".to_owned()),
    ];
    let redirect = prop_oneof![
        8 => Just(""), 1 => Just(" >out"), 1 => Just(" 2>&1"), 1 => Just(" </dev/null"), 1 => Just(" &>out"),
    ];
    (program, prop::collection::vec(word(), 0..4), redirect)
        .prop_map(|(program, words, redirect)| format!("{program} {}{redirect}", words.join(" ")))
}

/// A script of literal words. `||` and conditions make some of it not run.
fn script() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        9 => simple(),
        1 => Just("alpha <<E\nbeta; `x` $(y)\nE\n".to_owned()).prop_map(|s| s.replace("`x` $(y)", "z")),
        1 => Just("alpha <<'E' one\n$(beta)\nE\n".to_owned()),
        1 => Just("alpha {a,b}c x{1..3}".to_owned()),
        1 => Just("alpha # beta\n".to_owned()),
        1 => Just("alpha \\\n two".to_owned()),
        1 => Just("echo 'alpha from-echo' | /bin/bash".to_owned()),
        1 => Just("/bin/bash <<'E'\nbeta in-shell\nE\n".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let pair = (inner.clone(), prop::sample::select(vec![";", "&&", "||", "|", "\n", "&", "|&"]), inner.clone());
        prop_oneof![
            6 => pair.prop_map(|(a, op, b)| format!("{}{op} {b}", if a.ends_with('\n') && op != "\n" { format!("{{ {a}}} ") } else { a })),
            1 => inner.clone().prop_map(|a| format!("( {a}\n)")),
            1 => inner.clone().prop_map(|a| format!("{{ {a}\n}}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("if {a}\nthen {b}\nfi")),
            1 => inner.clone().prop_map(|a| format!("for i in 1 2; do {a}\ndone")),
            1 => inner.clone().prop_map(|a| format!("f() {{ {a}\n}}; f")),
            1 => inner.clone().prop_map(|a| format!("case x in (y) gamma-2;; x) {a}\n;; esac")),
            1 => inner.clone().prop_map(|a| format!("! {{ {a}\n}}")),
            1 => inner.clone().prop_map(|a| format!("alpha $({a}\n) > out")),
        ]
    })
}

fn parses(script: &str) -> bool {
    Process::new("/bin/bash")
        .args(["--norc", "-n", "-c", script])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn bash_runs_what_is_reported() {
    let Some(scratch) = Scratch::new("all") else {
        eprintln!("skipped: there is no bash");
        return;
    };
    let cases = cases(250);
    let understood = Cell::new(0u32);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&script(), |script| {
        let found = reported(&script);
        if !found.complete {
            return Ok(());
        }
        understood.set(understood.get() + 1);
        let ran = scratch.run(&script);
        prop_assert!(ran.is_subset(&found.calls), "{script}\nran {ran:?}\nreported {:?}", found.calls);
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    let understood = understood.get();
    assert!(understood * 2 > cases, "only {understood} of {cases} scripts were understood");
}

/// Without branches, all that is reported runs.
#[test]
fn all_that_is_reported_runs() {
    let Some(scratch) = Scratch::new("flat") else { return };
    let list = prop::collection::vec(simple().prop_filter("exec ends the shell", |s| !s.contains("exec")), 1..4);
    let understood = Cell::new(0u32);
    let mut runner = TestRunner::new(Config { cases: cases(150), failure_persistence: None, ..Config::default() });
    let result = runner.run(&list, |list| {
        let script = list.join("; ");
        let found = reported(&script);
        if !found.complete {
            // Such as `eval` with half a quote.
            return Ok(());
        }
        understood.set(understood.get() + 1);
        let stubs = |calls: BTreeSet<Argv>| -> BTreeSet<Argv> {
            calls.into_iter().filter(|call| STUBS.contains(&call[0].as_str())).collect()
        };
        let ran = scratch.run(&script);
        let (may, must) = (stubs(found.calls), stubs(found.certain));
        prop_assert!(must.is_subset(&ran) && ran.is_subset(&may), "{script}\nran {ran:?}\nreported {may:?}");
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    let (cases, understood) = (cases(150), understood.get());
    assert!(understood * 2 > cases, "only {understood} of {cases} were understood");
}

/// What is understood without an opaque part is grammar to bash too.
#[test]
fn what_is_understood_is_grammar() {
    if !Path::new("/bin/bash").exists() {
        return;
    }
    let token = prop::sample::select(vec![
        "ls",
        " ",
        " ",
        "\n",
        ";",
        "&",
        "&&",
        "|",
        "||",
        "(",
        ")",
        "{ ",
        "}",
        "if ",
        "then ",
        "fi",
        "for i in a",
        "do ",
        "done",
        "case x in ",
        "esac",
        ";;",
        "!",
        "'a'",
        "\"b\"",
        "\\",
        "<",
        ">",
        ">>",
        "2>&1",
        "$(",
        "`",
        "$x",
        "${y}",
        "#",
        "f()",
        "[[ ",
        "]]",
        "<<E\n",
        "\nE\n",
        "x=1 ",
        "((",
        "))",
        "{a,b}",
        "*",
        "~",
        "<<<",
        "while ",
        "function g ",
    ]);
    let soup = prop::collection::vec(token, 1..9).prop_map(|parts| parts.concat());
    let mut runner = TestRunner::new(Config { cases: cases(600), failure_persistence: None, ..Config::default() });
    let result = runner.run(&soup, |script| {
        if !Command::new(ShellDialect::Bash, script.as_str()).opaque() {
            prop_assert!(parses(&script), "bash does not accept {script:?}");
        }
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
}
