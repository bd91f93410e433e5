//! What a hook answers, and how each host is told.
//!
//! Measured with the hosts themselves (gateway/e2e/hooks): Claude Code and Codex take exit status 2 as a block and its
//! standard error as the reason, and let the call pass at any other status, at a time-out, and at output that they can't
//! read. Codex also lets a call pass that is answered `ask` or `allow`, and one that is blocked without a word on standard error.

use claw_runtime::Json;

use super::event::Host;

/// The exit status that blocks.
pub const BLOCK: u8 = 2;
/// The most bytes of a reason. It reaches a model, and a pipe that nobody may empty must hold it.
const REASON: usize = 8 << 10;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// claw has nothing against it: the host's own rules decide.
    Pass,
    /// The call may run, and the host need not ask its user.
    Allow,
    /// The host asks its user, and runs the call if they agree.
    Ask(String),
    /// The call must not run, because …
    Deny(String),
    /// The call has run already; something about it could not be kept.
    Report(String),
}

/// What the process writes and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// The exit status.
    pub code: u8,
}

impl Host {
    /// The answer in the host's format.
    #[must_use]
    pub fn render(self, answer: &Answer) -> Output {
        let (stdout, stderr, code) = match (self, answer) {
            (Host::Openclaw, answer) => return openclaw(answer),
            (_, Answer::Pass) | (Host::Codex, Answer::Allow) => (String::new(), String::new(), 0),
            (_, Answer::Report(text)) => (String::new(), line(text), 1),
            (Host::Claude, Answer::Allow) => (claude("allow", "allowed by the policy"), String::new(), 0),
            (Host::Claude, Answer::Ask(reason)) => (claude("ask", &capped(reason)), String::new(), 0),
            // Both ways of saying no: either is enough.
            (Host::Claude, Answer::Deny(reason)) => (claude("deny", &capped(reason)), line(reason), BLOCK),
            (Host::Codex, Answer::Ask(reason) | Answer::Deny(reason)) => (String::new(), line(reason), BLOCK),
        };
        Output { stdout, stderr, code }
    }
}

fn claude(decision: &str, reason: &str) -> String {
    let inner = object([
        ("hookEventName", Json::str("PreToolUse")),
        ("permissionDecision", Json::str(decision)),
        ("permissionDecisionReason", Json::str(reason)),
    ]);
    format!("{}\n", object([("hookSpecificOutput", inner)]).canonical())
}

/// What the plugin reads. It blocks at whatever it does not know.
fn openclaw(answer: &Answer) -> Output {
    let (name, reason, code) = match answer {
        Answer::Pass | Answer::Allow => ("allow", None, 0),
        Answer::Ask(reason) => ("ask", Some(reason), 0),
        Answer::Deny(reason) => ("deny", Some(reason), BLOCK),
        Answer::Report(text) => ("report", Some(text), 1),
    };
    let mut fields = vec![(std::sync::Arc::from("answer"), Json::str(name))];
    fields.extend(reason.map(|reason| (std::sync::Arc::from("reason"), Json::str(capped(reason)))));
    let stderr = if code == 0 { String::new() } else { reason.map(|text| line(text)).unwrap_or_default() };
    Output { stdout: format!("{}\n", Json::Obj(fields).canonical()), stderr, code }
}

fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Obj(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn line(text: &str) -> String {
    format!("claw: {}\n", capped(text))
}

/// The beginning of a text, without control characters that a terminal would obey.
fn capped(text: &str) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    let mut out: String = text.chars().map(plain).collect();
    if out.len() > REASON {
        let end = (0..=REASON).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(end);
        out.push('…');
    }
    out
}
