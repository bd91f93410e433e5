//! A server that is a child process: one message a line on its standard input and output.
//!
//! It gets an environment of its own, leads a process group of its own, and dies with the session: the whole group.
//! What it writes to standard error goes to the gateway's log, a bounded number of lines a second.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{Heard, Link, Outgoing};
use crate::config::Secret;
use crate::mcp::lines::{Line, Lines};
use crate::mcp::message::Message;

/// What a child sees of the gateway's environment.
const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TMPDIR", "USER"];
/// How long a child may take to end once its standard input is closed, and again once it is told to.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest line of standard error that is logged.
const LOGGED: usize = 2_048;
/// So many lines of standard error are logged in a second.
const LOGGED_LINES: u32 = 50;

/// A program to start.
#[derive(Debug)]
pub(in crate::mcp) struct Program<'a> {
    pub command: &'a str,
    pub args: &'a [String],
    pub env: &'a BTreeMap<String, Secret>,
    pub cwd: Option<&'a PathBuf>,
}

/// Starts a child. Its tasks end with it, and the tracker waits for them.
///
/// # Errors
/// If it can't be started.
pub(in crate::mcp) fn start(
    server: &str,
    program: &Program<'_>,
    (limit, timeout): (usize, Duration),
    heard: Arc<dyn Heard>,
    tasks: &TaskTracker,
) -> Result<Arc<Link>, String> {
    let mut child =
        command(program).spawn().map_err(|error| format!("`{}` can't be started: {error}", program.command))?;
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(format!("`{}` has no standard input and output", program.command));
    };
    let (link, outbox) = Link::new(server, limit, timeout);
    let (closed, stdin_closed) = tokio::sync::oneshot::channel();
    tasks.spawn({
        let link = Arc::clone(&link);
        async move {
            write(&link, stdin, outbox).await;
            // The child's standard input is closed now.
            let _ = closed.send(());
        }
    });
    tasks.spawn(read(Arc::clone(&link), stdout, limit, heard));
    tasks.spawn(log(Arc::clone(&link), stderr));
    tasks.spawn(watch(Arc::clone(&link), child, stdin_closed));
    Ok(link)
}

fn command(program: &Program<'_>) -> Command {
    let mut command = Command::new(program.command);
    command.args(program.args).env_clear().kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.envs(program.env.iter().map(|(name, value)| (name, &value.0)));
    if let Some(cwd) = program.cwd {
        command.current_dir(cwd);
    }
    #[cfg(unix)]
    command.process_group(0);
    command
}

async fn write(link: &Link, mut stdin: ChildStdin, mut outbox: mpsc::Receiver<Outgoing>) {
    loop {
        let message = tokio::select! {
            () = link.over().cancelled() => return,
            message = outbox.recv() => message,
        };
        let Some(Outgoing { mut bytes, .. }) = message else { return };
        bytes.push(b'\n');
        let written = tokio::select! {
            () = link.over().cancelled() => return,
            written = stdin.write_all(&bytes) => written,
        };
        if written.is_err() {
            // Why is known when it has ended.
            return;
        }
    }
}

async fn read(link: Arc<Link>, stdout: ChildStdout, limit: usize, heard: Arc<dyn Heard>) {
    let mut lines = Lines::new(stdout, limit);
    loop {
        let line = tokio::select! {
            () = link.over().cancelled() => return,
            line = lines.next() => line,
        };
        match line {
            Ok(Some(Line::Whole(line))) => take(&link, &line, &*heard).await,
            Ok(Some(Line::TooLong(_))) => {
                return link.end(format!("it sent a message that is longer than {limit} bytes"));
            }
            // Why is known when it has ended; one that lives on without an output is of no use.
            Ok(None) | Err(_) => {
                tokio::time::sleep(PATIENCE).await;
                return link.end("it closed its standard output");
            }
        }
    }
}

async fn take(link: &Arc<Link>, line: &[u8], heard: &dyn Heard) {
    if line.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    match Message::read(line) {
        Ok(message) => link.receive(message, None, heard).await,
        Err(unreadable) => {
            let start: String = String::from_utf8_lossy(line).chars().take(200).collect();
            tracing::warn!(server = %link.server, line = start, "not a message: {}", unreadable.error.message);
            link.count_unasked();
        }
    }
}

async fn log(link: Arc<Link>, stderr: ChildStderr) {
    let mut lines = Lines::new(stderr, LOGGED);
    let mut second = (Instant::now(), 0u32);
    while let Ok(Some(line)) = lines.next().await {
        if second.0.elapsed() > Duration::from_secs(1) {
            if second.1 > LOGGED_LINES {
                let dropped = second.1.saturating_sub(LOGGED_LINES);
                tracing::warn!(server = %link.server, dropped, "it wrote too much to standard error");
            }
            second = (Instant::now(), 0);
        }
        second.1 = second.1.saturating_add(1);
        if second.1 <= LOGGED_LINES {
            let (Line::Whole(line) | Line::TooLong(line)) = line;
            tracing::info!(server = %link.server, "{}", String::from_utf8_lossy(&line).trim_end());
        }
    }
}

/// Waits for the child's end, or ends it when the link is over.
async fn watch(link: Arc<Link>, mut child: Child, stdin_closed: tokio::sync::oneshot::Receiver<()>) {
    let group = child.id();
    tokio::select! {
        status = child.wait() => link.end(ended(status)),
        () = link.over().cancelled() => {
            let _ = stdin_closed.await;
            stop(&mut child, group).await;
        },
    }
    // Whatever it started dies with it.
    signal(group, Signal::Kill);
}

async fn stop(child: &mut Child, group: Option<u32>) {
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_ok() {
        return;
    }
    signal(group, Signal::Terminate);
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_ok() {
        return;
    }
    signal(group, Signal::Kill);
    let _ = child.kill().await;
}

fn ended(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => format!("it ended ({status})"),
        Err(error) => format!("it ended: {error}"),
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

#[cfg(unix)]
fn signal(group: Option<u32>, signal: Signal) {
    use nix::sys::signal::{Signal as Unix, killpg};
    let signal = match signal {
        Signal::Terminate => Unix::SIGTERM,
        Signal::Kill => Unix::SIGKILL,
    };
    if let Some(group) = group.and_then(|group| i32::try_from(group).ok()) {
        // The group may be gone.
        let _ = killpg(nix::unistd::Pid::from_raw(group), signal);
    }
}

#[cfg(not(unix))]
fn signal(_: Option<u32>, _: Signal) {}
