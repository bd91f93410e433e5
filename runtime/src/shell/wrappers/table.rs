//! The wrappers whose command follows their options and operands. Data alone.

use super::Options;

/// How a wrapper runs what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// As words.
    Words,
    /// Joined with spaces, by a shell.
    Joined,
}

/// A program that runs a command from its arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrapper {
    pub names: &'static [&'static str],
    /// Options before the subcommand.
    pub before: Options,
    /// It is a wrapper with one of these subcommands alone; empty: always.
    pub subcommands: &'static [&'static [&'static str]],
    pub options: Options,
    /// Words of its own between the options and the command.
    pub operands: usize,
    /// Options may follow these operands.
    pub permutes: bool,
    /// `NAME=value` words before the command set variables.
    pub assigns: bool,
    pub runs: Runs,
    /// With these options words are not joined (`watch -x`).
    pub direct: &'static [&'static str],
    /// Options whose value is a script (`su -c`).
    pub script: &'static [&'static str],
    /// Options that set a variable (`docker run -e A=b`).
    pub sets: &'static [&'static str],
    /// Options that make it run something more.
    pub opaque: &'static [&'static str],
    /// With these it runs no command.
    pub nothing: &'static [&'static str],
    /// With these and no command it runs a shell (`sudo -s`).
    pub shell: &'static [&'static str],
    /// Without a command it runs a shell.
    pub interactive: bool,
    /// It is listed as a call as well: it does more than run the command.
    pub listed: bool,
    /// Without a command it is a call, never something else.
    pub always: bool,
}

const NONE: Options = Options { flags: "", values: "", long_flags: &[], long_values: &[] };

const PLAIN: Wrapper = Wrapper {
    names: &[],
    before: NONE,
    subcommands: &[],
    options: NONE,
    operands: 0,
    permutes: false,
    assigns: false,
    runs: Runs::Words,
    direct: &[],
    script: &[],
    sets: &[],
    opaque: &[],
    nothing: &["--help", "--version"],
    shell: &[],
    interactive: false,
    listed: false,
    always: true,
};

const fn options(
    flags: &'static str,
    values: &'static str,
    long_flags: &'static [&'static str],
    long_values: &'static [&'static str],
) -> Options {
    Options { flags, values, long_flags, long_values }
}

const DOCKER: Options = options(
    "Dv",
    "clH",
    &["--debug", "--tls", "--tlsverify", "--version"],
    &[
        "--config",
        "--context",
        "--host",
        "--log-level",
        "--tlscacert",
        "--tlscert",
        "--tlskey",
        "--connection",
        "--url",
    ],
);

const DOCKER_EXEC: Options = options(
    "dit",
    "euw",
    &["--detach", "--interactive", "--privileged", "--tty"],
    &["--detach-keys", "--env", "--env-file", "--user", "--workdir"],
);

const DOCKER_RUN: Options = options(
    "ditPq",
    "aceghlmpuvw",
    &[
        "--detach",
        "--init",
        "--interactive",
        "--no-healthcheck",
        "--oom-kill-disable",
        "--privileged",
        "--publish-all",
        "--quiet",
        "--read-only",
        "--rm",
        "--sig-proxy",
        "--tty",
        "--replace",
        "--disable-content-trust",
    ],
    &[
        "--add-host",
        "--annotation",
        "--attach",
        "--cap-add",
        "--cap-drop",
        "--cgroupns",
        "--cidfile",
        "--cpu-shares",
        "--cpus",
        "--cpuset-cpus",
        "--device",
        "--dns",
        "--env",
        "--env-file",
        "--expose",
        "--gpus",
        "--group-add",
        "--hostname",
        "--ip",
        "--ipc",
        "--label",
        "--link",
        "--log-driver",
        "--log-opt",
        "--mac-address",
        "--memory",
        "--memory-swap",
        "--mount",
        "--name",
        "--net",
        "--network",
        "--network-alias",
        "--pid",
        "--pids-limit",
        "--platform",
        "--publish",
        "--pull",
        "--restart",
        "--runtime",
        "--security-opt",
        "--shm-size",
        "--stop-signal",
        "--stop-timeout",
        "--storage-opt",
        "--sysctl",
        "--tmpfs",
        "--ulimit",
        "--user",
        "--userns",
        "--uts",
        "--volume",
        "--volumes-from",
        "--workdir",
    ],
);

const KUBECTL: Options = options(
    "",
    "nsv",
    &["--insecure-skip-tls-verify", "--warnings-as-errors", "--match-server-version"],
    &[
        "--as",
        "--as-group",
        "--as-uid",
        "--cache-dir",
        "--certificate-authority",
        "--client-certificate",
        "--client-key",
        "--cluster",
        "--context",
        "--kubeconfig",
        "--namespace",
        "--password",
        "--request-timeout",
        "--server",
        "--tls-server-name",
        "--token",
        "--user",
        "--username",
    ],
);

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

const NPX: Options = options(
    "qy",
    "pw",
    &[
        "--yes",
        "--no",
        "--no-install",
        "--quiet",
        "--ignore-existing",
        "--prefer-offline",
        "--prefer-online",
        "--bun",
        "--silent",
    ],
    &["--package", "--workspace", "--registry", "--cache"],
);

/// The wrappers.
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
    Wrapper {
        names: &["ssh"],
        options: options("46AaCfGgKkMNnqsTtVvXxYy", "BbcDEeFIiJLlmOoPpQRSWw", &[], &[]),
        operands: 1,
        permutes: true,
        runs: Runs::Joined,
        opaque: &["-F", "-I"],
        interactive: true,
        nothing: &["-V", "-Q", "-G"],
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["mosh"],
        operands: 1,
        options: options("46", "p", &[], &["--port"]),
        interactive: true,
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["docker", "podman", "nerdctl"],
        before: DOCKER,
        subcommands: &[&["exec"], &["container", "exec"]],
        options: DOCKER_EXEC,
        operands: 1,
        sets: &["-e", "--env"],
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["docker", "podman", "nerdctl"],
        before: DOCKER,
        subcommands: &[&["run"], &["container", "run"], &["create"]],
        options: DOCKER_RUN,
        operands: 1,
        sets: &["-e", "--env"],
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["docker", "podman", "docker-compose", "podman-compose"],
        before: options(
            "Dv",
            "cfpH",
            &["--verbose", "--dry-run"],
            &["--context", "--file", "--profile", "--project-name", "--env-file", "--project-directory"],
        ),
        subcommands: &[&["compose", "exec"], &["compose", "run"], &["exec"], &["run"]],
        options: options(
            "dTiPt",
            "euwpv",
            &[
                "--detach",
                "--no-TTY",
                "--no-tty",
                "--rm",
                "--no-deps",
                "--build",
                "--service-ports",
                "--privileged",
                "--interactive",
                "--quiet-pull",
            ],
            &["--env", "--index", "--user", "--workdir", "--volume", "--publish", "--name", "--entrypoint"],
        ),
        operands: 1,
        sets: &["-e", "--env"],
        opaque: &["--entrypoint"],
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["kubectl", "oc"],
        before: KUBECTL,
        subcommands: &[&["exec"], &["rsh"]],
        options: options(
            "iqt",
            "cfn",
            &["--stdin", "--tty", "--quiet"],
            &["--container", "--filename", "--namespace", "--context", "--kubeconfig", "--pod-running-timeout"],
        ),
        operands: 1,
        permutes: true,
        interactive: true,
        listed: true,
        ..PLAIN
    },
    Wrapper { names: &["npx", "bunx", "pnpx"], options: NPX, script: &["-c", "--call"], listed: true, ..PLAIN },
    Wrapper {
        names: &["npm", "pnpm", "yarn", "bun"],
        subcommands: &[&["exec"], &["dlx"], &["x"]],
        options: NPX,
        script: &["-c", "--call"],
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["uvx"],
        options: options(
            "qvn",
            "p",
            &["--isolated", "--offline", "--no-cache", "--quiet", "--refresh"],
            &["--from", "--with", "--python", "--index-url", "--index"],
        ),
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["pipx"],
        subcommands: &[&["run"]],
        options: options("qv", "", &["--no-cache", "--verbose"], &["--spec", "--python", "--pip-args", "--index-url"]),
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["uv"],
        before: options("qvn", "", &["--quiet", "--offline", "--no-cache"], &["--directory", "--project"]),
        subcommands: &[&["run"], &["tool", "run"]],
        options: options(
            "qvnm",
            "p",
            &[
                "--isolated",
                "--frozen",
                "--locked",
                "--no-sync",
                "--no-project",
                "--all-extras",
                "--dev",
                "--no-dev",
                "--quiet",
                "--offline",
                "--active",
                "--exact",
            ],
            &[
                "--with",
                "--with-requirements",
                "--from",
                "--python",
                "--extra",
                "--group",
                "--package",
                "--directory",
                "--project",
                "--env-file",
                "--index-url",
                "--index",
            ],
        ),
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["poetry", "pipenv", "pdm", "rye", "hatch", "mise", "rtx", "asdf"],
        before: options("nqvC", "", &["--quiet", "--no-interaction"], &["--directory", "--project"]),
        subcommands: &[&["run"], &["exec"]],
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["bundle", "rbenv", "pyenv", "nodenv", "direnv", "opam", "stack"],
        subcommands: &[&["exec"]],
        options: options("", "", &["--keep-file-descriptors"], &[]),
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["conda", "mamba", "micromamba"],
        subcommands: &[&["run"]],
        options: options("v", "np", &["--no-capture-output", "--live-stream"], &["--name", "--prefix", "--cwd"]),
        listed: true,
        ..PLAIN
    },
    Wrapper {
        names: &["dotenv", "dotenvx", "aws-vault", "chamber", "doppler", "op"],
        subcommands: &[&["run"], &["exec"]],
        options: options("", "f", &[], &["--env-file"]),
        listed: true,
        ..PLAIN
    },
    Wrapper { names: &["ip"], subcommands: &[&["netns", "exec"]], operands: 1, listed: true, ..PLAIN },
    Wrapper {
        names: &["hyperfine"],
        options: options(
            "Ni",
            "wrmMpsc",
            &["--ignore-failure", "--show-output"],
            &["--warmup", "--runs", "--min-runs", "--max-runs", "--style", "--export-json", "--export-markdown"],
        ),
        runs: Runs::Joined,
        listed: true,
        ..PLAIN
    },
];
