//! Does a call talk to the network? Knows programs by name and asks nothing else.

use super::options::{git_runs, listed, runs_programs};
use crate::Tri;
use crate::call::{Call, Text};

/// These talk to the network by their nature.
const TALKS: &str = "ab ansible ansible-playbook aria2c aws axel az bitsadmin borg certbot cloudflared consul \
    curl dig \
    dog doctl doggo finger fly flyctl fping ftp gcloud gh glab grpcurl gsutil heroku host hping3 http httpie \
    https iperf \
    iperf3 kafkacat kcat kubectl lftp links lynx masscan mongosh mosh mtr nats nc ncat netcat netlify ngrok nmap \
    nomad \
    nslookup ping ping6 rabbitmqctl rdesktop rlogin rsh s3cmd scp sftp socat ssh ssh-copy-id ssh-keyscan sshfs telnet \
    tftp traceroute traceroute6 tracepath vault velero vercel w3m wget whois wrangler wscat xfreerdp xh \
        youtube-dl yt-dlp";

/// These do not, whatever they are given.
const SILENT: &str = "[ arch b2sum base32 base64 basename cal cat chgrp chmod chown cksum cmp column comm cp cut \
    date dd df diff dirname du echo egrep expand expr factor false fd fgrep find fmt fold grep groups gunzip \
    gzip head \
    hexdump id install join jq kill ln logname look ls md5sum mkdir mkfifo mktemp mv nl nproc numfmt od \
    paste pathchk pgrep pkill printenv printf ps pwd readlink realpath rev rg rm rmdir sed seq sha1sum sha224sum \
    sha256sum sha384sum sha512sum shred shuf sleep sort split stat strings sum sync tac tail tee test touch tr \
    true truncate tsort tty uname unexpand uniq unlink uptime users wc whereis which whoami xxd yes zcat zip unzip";

/// Subcommands: program; those that talk to the network; those that do not.
const SUBS: &[(&str, &str, &str)] = &[
    (
        "apt apt-get",
        "install update upgrade dist-upgrade full-upgrade download source build-dep changelog",
        "list show remove purge autoremove clean autoclean",
    ),
    ("brew", "install update upgrade fetch tap search bundle", "list leaves config"),
    ("cargo", "fetch install publish search update login owner yank add", "fmt clean locate-project"),
    ("docker podman", "pull push login search", ""),
    (
        "git",
        "clone fetch pull push ls-remote send-email fetch-pack send-pack http-fetch http-push daemon \
            request-pull svn p4",
        "add am apply bisect blame branch cat-file check-attr check-ignore cherry cherry-pick clean commit \
            config count-objects \
         describe diff for-each-ref fsck gc grep init log ls-files ls-tree merge merge-base mv notes prune \
         rebase reflog \
         reset restore rev-list rev-parse revert rm shortlog show show-ref stash status switch symbolic-ref tag \
         var version \
         whatchanged checkout diff-tree diff-index diff-files name-rev range-diff",
    ),
    ("go", "get", "fmt version env"),
    (
        "helm",
        "install upgrade pull push repo search uninstall rollback list status",
        "create lint package version template",
    ),
    (
        "npm pnpm yarn",
        "install i ci add update up upgrade publish view info show search outdated audit login logout whoami \
            dlx exec create access owner unpublish deprecate dist-tag ping token org team profile",
        "ls list la ll root prefix bin why explain",
    ),
    ("pip", "install download search index wheel", "list freeze show check uninstall cache"),
    ("terraform tofu", "init apply plan destroy login refresh import get", "fmt version"),
    ("uv poetry pipenv", "add sync install lock update publish pip", ""),
];

/// Of the silent ones: an option may make them run a program that is not.
const CARRIES: &str = "diff fd find install rg sed sort split zip";

/// Subcommands of talking programs that perhaps stay at home.
const LOCAL: &str = "completion config configure help template version";

/// Is the call known to talk to the network, or known not to?
///
/// The program itself counts, not what a project or a configuration makes it run: hooks, pagers, drivers.
pub(crate) fn network(call: &Call) -> Tri {
    if call.reads.iter().chain(&call.writes).any(device) {
        return Tri::True;
    }
    let Some(program) = call.program() else { return Tri::Unknown };
    match program {
        _ if listed(TALKS, program) => talks(call),
        _ if listed(SILENT, program) => {
            let silent = !listed(CARRIES, program) || runs_programs(call).is_false();
            if silent { Tri::False } else { Tri::Unknown }
        }
        "rsync" => remote(call),
        "git" => subcommand(call, "git").max(if git_runs(call).is_false() { Tri::False } else { Tri::Unknown }),
        _ => subcommand(call, program),
    }
}

fn talks(call: &Call) -> Tri {
    let stays =
        call.has(&["--help", "--version"]) != Tri::False || call.subcommand().is_none_or(|name| listed(LOCAL, &name));
    if stays { Tri::Unknown } else { Tri::True }
}

fn subcommand(call: &Call, program: &str) -> Tri {
    let program = if program == "pip3" { "pip" } else { program };
    let Some((_, talking, silent)) = SUBS.iter().find(|(names, ..)| listed(names, program)) else {
        return Tri::Unknown;
    };
    match call.subcommand() {
        // `yarn` alone installs.
        Some(name) if listed(talking, &name) || name.is_empty() && program == "yarn" && call.args.is_empty() => {
            Tri::True
        }
        Some(name) if listed(silent, &name) => Tri::False,
        _ => Tri::Unknown,
    }
}

/// `host:folder` and `rsync://host` are elsewhere.
fn remote(call: &Call) -> Tri {
    let operands = call.positional();
    let far = |text: &str| text.split('/').next().is_some_and(|head| head.contains(':'));
    let known = operands.items.iter().any(|item| matches!(item, crate::Value::Str(text) if far(text)));
    let elsewhere = call.has(&["-e", "--rsh", "--daemon", "--rsync-path"]);
    match (known, operands.complete && elsewhere.is_false()) {
        (true, _) => Tri::True,
        (_, true) => Tri::False,
        _ => Tri::Unknown,
    }
}

/// Bash opens a connection for these.
fn device(text: &Text) -> bool {
    text.prefix.starts_with("/dev/tcp/") || text.prefix.starts_with("/dev/udp/")
}
