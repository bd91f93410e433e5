//! The hook of a coding agent: one event on standard input, one answer on standard output, in a process of its own.
//!
//! The process forgets everything when it ends, so what calls have in common is in a folder: past calls, askings, the
//! audit log. Before a call it decides and reserves, after the call it settles.
//!
//! Whatever goes wrong before a call blocks it, in the way that really blocks in the host: hosts let a call pass if their
//! hook fails in any other way. The work is done on a thread that may hang or panic; the main thread answers in any case.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

mod answer;
pub mod approvals;
mod cache;
mod claude;
mod desk;
mod event;
mod openclaw;
mod paths;
mod setting;

use self::answer::{Answer, Output};
use self::desk::Desk;
use self::event::Event;
pub use self::event::Host;
use self::setting::Setting;
pub use self::setting::{OnAllow, Place};

/// The longest event. What a tool answered is part of one; arguments alone may not be so long.
const EVENT: u64 = 64 << 20;
/// Commands are parsed by recursion that is bounded, but not by the stack that a thread happens to get.
const STACK: usize = 16 << 20;

const AFTER_HELP: &str = "\
`clawc init --for claude-code` writes a policy and makes this the hook of a project. The policy is `.claw/policy` there, \
a folder, a `.claw` file or a bundle; `.claw/hook.toml`, if there is one, says more (docs/gateway/hooks.md).

Exit status: 0 the host goes on, or reads the answer; 2 the call is blocked. Nothing else is ever used before a call, \
since hosts take any other for leave.

Examples:
  claw-gateway hook claude < event.json
  claw-gateway hook codex --policy policy.clawb --environment ci";

/// Answer one hook event of a coding agent
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The agent whose hook this is
    #[arg(value_enum, value_name = "HOST")]
    pub host: Host,
    /// Where things are
    #[command(flatten)]
    pub place: Place,
    /// Where the call would take effect; `CLAW_ENVIRONMENT`, or `ci` where `CI` is set, else `laptop`
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// What an allowed call means to the host: its own rules still apply, or it is not asked about again
    #[arg(long, value_enum, value_name = "HOW")]
    pub on_allow: Option<OnAllow>,
    /// After how many seconds the call is blocked; keep it below the host's own time-out
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
}

/// Reads the event, answers it, and tells how the process is to end. Returns within the time-out.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    // What a panic prints would be the reason that the model reads.
    std::panic::set_hook(Box::new(|_| {}));
    let theirs = args.clone();
    let answer = within(Duration::from_secs(args.timeout), move || serve(&theirs));
    ExitCode::from(put(&args.host.render(&answer)))
}

/// What the work answers on a thread of its own. One that takes longer goes on until the process ends.
fn within(limit: Duration, work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    let (send, receive) = sync_channel(1);
    let work = move || {
        let _ = send.send(work());
    };
    if let Err(error) = std::thread::Builder::new().stack_size(STACK).spawn(work) {
        return Answer::Deny(format!("the hook can't work: {error}"));
    }
    match receive.recv_timeout(limit) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Answer::Deny(format!("it could not be decided within {} s", limit.as_secs())),
        Err(RecvTimeoutError::Disconnected) => {
            Answer::Deny("deciding failed inside claw-gateway; this is a defect of it".to_owned())
        }
    }
}

/// Answers the event on standard input.
fn serve(args: &Args) -> Answer {
    let event = match read().and_then(|bytes| Event::read(args.host, &bytes)) {
        Ok(event) => event,
        Err(error) => return Answer::Deny(error),
    };
    if matches!(event, Event::Other) {
        return Answer::Pass;
    }
    let desk = |with_policy| Desk::open(Setting::find(args)?, with_policy);
    match event {
        Event::Other => Answer::Pass,
        Event::Before(call) => match desk(true) {
            Ok(desk) => desk.before(&call),
            Err(error) => Answer::Deny(error),
        },
        Event::After(end) => match desk(false).and_then(|desk| desk.after(&end)) {
            Ok(()) => Answer::Pass,
            Err(error) => Answer::Report(error),
        },
    }
}

fn read() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(EVENT).read_to_end(&mut bytes);
    read.map_err(|error| format!("the hook's event can't be read: {error}"))?;
    if bytes.len() as u64 >= EVENT {
        return Err(format!("the hook's event is longer than {} MiB", EVENT >> 20));
    }
    Ok(bytes)
}

/// Writes the answer and gives the exit status. An answer that can't be written blocks, whatever it was.
fn put(output: &Output) -> u8 {
    // A closed standard error costs the reason, not the block.
    let _ = io::stderr().write_all(output.stderr.as_bytes());
    if output.stdout.is_empty() {
        return output.code;
    }
    let mut out = io::stdout().lock();
    let written = out.write_all(output.stdout.as_bytes()).and_then(|()| out.flush());
    match written {
        Ok(()) if !goes_nowhere() => output.code,
        _ => answer::BLOCK,
    }
}

/// A standard output that was closed is `/dev/null` to us: writing works, and nobody reads.
fn goes_nowhere() -> bool {
    std::fs::read_link("/proc/self/fd/1").is_ok_and(|path| path == Path::new("/dev/null"))
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_an_endless_wait_deny() {
        let denied = |answer: &Answer| matches!(answer, Answer::Deny(_));
        assert!(denied(&within(Duration::from_secs(60), || panic!("a defect"))));
        assert!(denied(&within(Duration::from_millis(20), || loop {
            std::thread::park();
        })));
        assert_eq!(within(Duration::from_secs(60), || Answer::Pass), Answer::Pass);
    }
}
