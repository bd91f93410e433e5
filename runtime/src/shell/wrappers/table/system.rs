//! Wrappers of the operating system: other users, limits, namespaces, tracing.

use super::{Options, PLAIN, Runs, Wrapper, options};

const SUDO: Options = options(
    "ABEHKNPSVbeiklnsv",
    "CDghpRrTtUu",
    &[
        "--askpass",
        "--background",
        "--bell",
        "--preserve-env",
        "--edit",
        "--set-home",
        "--help",
        "--login",
        "--list",
        "--non-interactive",
        "--preserve-groups",
        "--stdin",
        "--shell",
        "--reset-timestamp",
        "--no-update",
        "--validate",
        "--version",
        "--remove-timestamp",
    ],
    &[
        "--close-from",
        "--chdir",
        "--group",
        "--host",
        "--prompt",
        "--chroot",
        "--role",
        "--type",
        "--command-timeout",
        "--other-user",
        "--user",
    ],
);

pub(super) static WRAPPERS: &[Wrapper] = &[
    Wrapper {
        names: &["sudo"],
        options: SUDO,
        assigns: true,
        nothing: &["-l", "--list", "-V", "--version", "--help", "-v", "--validate", "-k", "-K", "-e", "--edit"],
        shell: &["-s", "-i", "--shell", "--login"],
        ..PLAIN
    },
    Wrapper {
        names: &["doas"],
        options: options("Lns", "Cu", &[], &[]),
        shell: &["-s"],
        nothing: &["-L", "-C"],
        ..PLAIN
    },
    Wrapper {
        names: &["su"],
        options: options(
            "flmpPT",
            "cCgGsw",
            &["--login", "--fast", "--preserve-environment", "--pty", "--no-pty", "--session-command"],
            &["--command", "--group", "--supp-group", "--shell", "--whitelist-environment"],
        ),
        operands: 1,
        permutes: true,
        script: &["-c", "--command"],
        opaque: &["-s", "--shell", "--session-command", "-C"],
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["runuser"],
        options: options(
            "flmpP",
            "cCgGsuw",
            &["--login", "--fast", "--preserve-environment", "--pty"],
            &["--command", "--group", "--supp-group", "--shell", "--user", "--whitelist-environment"],
        ),
        script: &["-c", "--command"],
        opaque: &["-s", "--shell", "-C"],
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["sg"],
        operands: 1,
        permutes: true,
        options: options("", "c", &[], &[]),
        script: &["-c"],
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["pkexec"],
        options: options("", "u", &["--disable-internal-agent", "--keep-cwd"], &["--user"]),
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["run0"],
        options: options(
            "",
            "ugDp",
            &["--no-ask-password"],
            &["--user", "--group", "--chdir", "--property", "--setenv", "--unit"],
        ),
        sets: &["--setenv"],
        interactive: true,
        ..PLAIN
    },
    Wrapper { names: &["command"], options: options("pvV", "", &[], &[]), nothing: &["-v", "-V"], ..PLAIN },
    Wrapper { names: &["builtin"], ..PLAIN },
    Wrapper { names: &["exec"], options: options("cl", "a", &[], &[]), ..PLAIN },
    Wrapper {
        names: &["env", "genv"],
        options: options(
            "i0v",
            "uCP",
            &[
                "--ignore-environment",
                "--null",
                "--debug",
                "--block-signal",
                "--default-signal",
                "--ignore-signal",
                "--list-signal-handling",
            ],
            &["--unset", "--chdir", "--argv0"],
        ),
        assigns: true,
        ..PLAIN
    },
    Wrapper {
        names: &[
            "nohup",
            "setsid",
            "fakeroot",
            "unbuffer",
            "torsocks",
            "torify",
            "dbus-run-session",
            "nocache",
            "catchsegv",
            "proxychains4",
            "proxychains",
            "eatmydata",
        ],
        options: options("cfwq", "", &["--ctty", "--fork", "--wait", "--quiet"], &[]),
        ..PLAIN
    },
    Wrapper { names: &["nice"], options: options("0123456789", "n", &[], &["--adjustment"]), ..PLAIN },
    Wrapper {
        names: &["ionice"],
        options: options("t", "cnpPu", &["--ignore"], &["--class", "--classdata", "--pid", "--pgid", "--uid"]),
        nothing: &["-p", "-P", "-u", "--pid", "--pgid", "--uid"],
        ..PLAIN
    },
    Wrapper {
        names: &["chrt"],
        options: options(
            "abdefiormRv",
            "DPTp",
            &["--batch", "--deadline", "--fifo", "--idle", "--other", "--rr", "--reset-on-fork", "--verbose"],
            &["--sched-runtime", "--sched-period", "--sched-deadline"],
        ),
        operands: 1,
        nothing: &["-p", "-m"],
        ..PLAIN
    },
    Wrapper {
        names: &["taskset"],
        options: options("ac", "p", &["--all-tasks", "--cpu-list"], &[]),
        operands: 1,
        nothing: &["-p"],
        ..PLAIN
    },
    Wrapper {
        names: &["numactl"],
        options: options(
            "abl",
            "CNmip",
            &["--all", "--localalloc"],
            &["--cpunodebind", "--physcpubind", "--membind", "--interleave", "--preferred"],
        ),
        nothing: &["--show", "--hardware"],
        ..PLAIN
    },
    Wrapper { names: &["prlimit"], options: options("", "", &["--verbose"], &[]), ..PLAIN },
    Wrapper {
        names: &["timeout", "gtimeout"],
        options: options(
            "fpv",
            "ks",
            &["--foreground", "--preserve-status", "--verbose"],
            &["--kill-after", "--signal"],
        ),
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["time", "gtime"],
        options: options(
            "apqvlh",
            "fo",
            &["--append", "--portability", "--quiet", "--verbose"],
            &["--format", "--output"],
        ),
        ..PLAIN
    },
    Wrapper { names: &["stdbuf"], options: options("", "ioe", &[], &["--input", "--output", "--error"]), ..PLAIN },
    Wrapper {
        names: &["unshare"],
        options: options(
            "cfimnpruCTU",
            "GRSw",
            &[
                "--cgroup",
                "--fork",
                "--ipc",
                "--keep-caps",
                "--kill-child",
                "--map-current-user",
                "--map-root-user",
                "--mount",
                "--mount-proc",
                "--net",
                "--pid",
                "--time",
                "--user",
                "--uts",
            ],
            &["--root", "--wd", "--setuid", "--setgid", "--propagation", "--map-user", "--map-group"],
        ),
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["nsenter"],
        options: options(
            "aFZ",
            "tSGrw",
            &["--all", "--no-fork", "--preserve-credentials"],
            &["--target", "--setuid", "--setgid"],
        ),
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["chroot"],
        options: options("", "ugG", &["--skip-chdir"], &["--userspec", "--groups"]),
        operands: 1,
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["proot"],
        options: options("0iv", "bqrwR", &[], &["--rootfs", "--bind", "--cwd"]),
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["setpriv"],
        options: options(
            "d",
            "",
            &["--clear-groups", "--keep-groups", "--init-groups", "--no-new-privs", "--nnp", "--reset-env"],
            &[
                "--reuid",
                "--regid",
                "--ruid",
                "--rgid",
                "--euid",
                "--egid",
                "--groups",
                "--inh-caps",
                "--bounding-set",
                "--ambient-caps",
            ],
        ),
        nothing: &["-d"],
        ..PLAIN
    },
    Wrapper {
        names: &["setarch"],
        options: options("3BFILRSTXZv", "", &["--addr-no-randomize", "--verbose"], &[]),
        operands: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["linux32", "linux64", "i386", "x86_64"],
        options: options("3BFILRSTXZv", "", &[], &[]),
        ..PLAIN
    },
    Wrapper { names: &["caffeinate"], options: options("dimsu", "tw", &[], &[]), ..PLAIN },
    Wrapper {
        names: &["flock"],
        options: options(
            "sxeunoFv",
            "wEc",
            &["--shared", "--exclusive", "--unlock", "--nonblock", "--nb", "--close", "--no-fork", "--verbose"],
            &["--timeout", "--wait", "--conflict-exit-code", "--command"],
        ),
        operands: 1,
        permutes: true,
        script: &["-c", "--command"],
        ..PLAIN
    },
    Wrapper {
        names: &["script"],
        options: options(
            "aefq",
            "cBEIOTmo",
            &["--append", "--return", "--flush", "--force", "--quiet"],
            &[
                "--command",
                "--echo",
                "--log-in",
                "--log-out",
                "--log-io",
                "--log-timing",
                "--logging-format",
                "--output-limit",
            ],
        ),
        operands: 1,
        permutes: true,
        script: &["-c", "--command"],
        interactive: true,
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["watch"],
        options: options(
            "bcCdegprtwx",
            "nqs",
            &[
                "--beep",
                "--color",
                "--no-color",
                "--differences",
                "--errexit",
                "--chgexit",
                "--precise",
                "--no-title",
                "--no-wrap",
                "--exec",
            ],
            &["--interval", "--equexit"],
        ),
        runs: Runs::Joined,
        direct: &["-x", "--exec"],
        ..PLAIN
    },
    Wrapper {
        names: &["strace"],
        options: options(
            "cCdDfFhikqrtTvVwxyYzZnN",
            "aAbeEIoOpPsSuUX",
            &["--follow-forks", "--summary", "--summary-only", "--quiet", "--decode-fds"],
            &["--trace", "--output", "--attach", "--env", "--string-limit", "--user"],
        ),
        sets: &["-E", "--env"],
        listed: true,
        ..PLAIN
    },
    Wrapper { names: &["ltrace"], options: options("bcCfhiLrStTV", "aAeDFlnopsuwxX", &[], &[]), listed: true, ..PLAIN },
    Wrapper {
        names: &["gdb", "lldb"],
        options: options("qn", "", &["--args", "-args", "--quiet", "--nx", "--batch"], &[]),
        listed: true,
        interactive: true,
        ..PLAIN
    },
    Wrapper {
        names: &["valgrind"],
        options: options(
            "qv",
            "",
            &[
                "--quiet",
                "--leak-check",
                "--tool",
                "--error-exitcode",
                "--track-origins",
                "--show-leak-kinds",
                "--trace-children",
                "--suppressions",
            ],
            &[],
        ),
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["perf"],
        subcommands: &[&["stat"], &["record"], &["trace"]],
        options: options("adgivr", "eoFCjp", &[], &["--event", "--output"]),
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["systemd-run"],
        options: options(
            "dGPqSt",
            "EHMpu",
            &[
                "--user",
                "--system",
                "--scope",
                "--pty",
                "--pipe",
                "--quiet",
                "--wait",
                "--collect",
                "--same-dir",
                "--shell",
                "--no-block",
                "--remain-after-exit",
                "--no-ask-password",
            ],
            &[
                "--unit",
                "--property",
                "--setenv",
                "--description",
                "--slice",
                "--uid",
                "--gid",
                "--nice",
                "--working-directory",
                "--on-active",
                "--on-boot",
                "--on-startup",
                "--on-unit-active",
                "--on-unit-inactive",
                "--on-calendar",
                "--timer-property",
                "--host",
                "--machine",
                "--service-type",
            ],
        ),
        sets: &["-E", "--setenv"],
        opaque: &["-p", "--property"],
        shell: &["-S", "--shell"],
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["systemd-inhibit"],
        options: options("", "", &[], &["--what", "--who", "--why", "--mode"]),
        ..PLAIN
    },
    Wrapper { names: &["systemd-cat"], options: options("", "tp", &[], &["--identifier", "--priority"]), ..PLAIN },
    Wrapper {
        names: &["xvfb-run"],
        options: options(
            "al",
            "efnpsw",
            &["--auto-servernum", "--listen-tcp"],
            &["--error-file", "--server-num", "--server-args", "--wait"],
        ),
        ..PLAIN
    },
    Wrapper { names: &["ssh-agent"], options: options("csD", "aEOPt", &[], &[]), nothing: &["-k"], ..PLAIN },
    Wrapper { names: &["cgexec"], options: options("", "g", &["--sticky"], &[]), ..PLAIN },
    Wrapper { names: &["rlwrap"], options: options("acimNnorRsuvW", "bCfgHlPSz", &[], &[]), opaque: &["-z"], ..PLAIN },
    Wrapper { names: &["ts-node-dev", "nodemon"], listed: true, ..PLAIN },
    Wrapper { names: &["entr"], options: options("acdnprxz", "", &[], &[]), listed: true, ..PLAIN },
    Wrapper {
        names: &["busybox", "toybox"],
        nothing: &["--list", "--list-full", "--install", "--help"],
        options: options("", "", &["--list", "--list-full", "--install"], &[]),
        ..PLAIN
    },
    Wrapper {
        // The dynamic linker runs the program that it is given.
        names: &[
            "ld.so",
            "ld-linux.so.2",
            "ld-linux-x86-64.so.2",
            "ld-linux-aarch64.so.1",
            "ld-musl-x86_64.so.1",
            "ld-musl-aarch64.so.1",
            "coreutils",
        ],
        options: options("", "", &["--inhibit-cache"], &["--library-path", "--argv0", "--preload", "--audit"]),
        opaque: &["--library-path", "--preload", "--audit"],
        nothing: &["--help", "--version", "--list", "--verify"],
        ..PLAIN
    },
];
