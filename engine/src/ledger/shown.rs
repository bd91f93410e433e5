//! What an approver is shown of a request: what its digest is taken over, how its commands are read, and which clauses
//! require the approval, in the words of the policy.
//!
//! Everything in it is made harmless by `escape.rs` when it is put together, so that no later place has to think of
//! it. Two requests never look the same: below the cap their values are written out, above it their digests are, and
//! the digest of the whole request stands below. Knows nothing of votes and stores.

use std::fmt::Write as _;

use claw_runtime::{
    Approval, Ballot, CallReading, CommandReading, Decision, Digest, Effect, Json, Policy, Request, Subject,
};
use serde::{Deserialize, Serialize};

use super::{Opening, escape};

/// Characters of one value.
const VALUE: usize = 2_000;
/// How much of a request is shown.
const CAPS: Caps = Caps { value: VALUE, values: 20_000, least: 100, members: 100 };
const NO_CAPS: Caps = Caps { value: usize::MAX, values: usize::MAX, least: usize::MAX, members: usize::MAX };
/// Characters of a name.
const NAME: usize = 200;
/// Clauses that are shown with what they say; of others stand the names only.
const CLAUSES: usize = 100;

struct Caps {
    /// Characters of one value.
    value: usize,
    /// Characters of all values together; once they are used up, `least` of each are left.
    values: usize,
    least: usize,
    /// Members of the arguments, the context and the resolved paths that stand on lines of their own.
    members: usize,
}

/// What an approver is shown. Harmless text throughout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The approval's name.
    pub approval: String,
    /// Who must agree, one entry for each line.
    pub needs: Vec<String>,
    /// The call: who wants to do what where with which arguments.
    pub call: Vec<Line>,
    /// Why the approval is required.
    pub clauses: Vec<ShownClause>,
    /// The request.
    pub request_digest: Digest,
}

/// One thing with its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    /// What it is, such as `tool` or `args.to`.
    pub name: String,
    /// Values of the request are in JSON; `(secret)` without quotes is one that is not shown.
    pub text: String,
}

/// A clause that requires the approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownClause {
    /// Its qualified name, or the package and its text.
    pub clause: String,
    /// What the policy says about it (`about`), what it says about this call (`says`, `suggests`), and what it applies
    /// for want of knowing (`unknown`).
    pub lines: Vec<Line>,
}

impl Opening {
    /// What is to be asked when this decision of the policy on the request requires approvals: one for each of them.
    ///
    /// Empty if the decision requires none, or is not about this request.
    #[must_use]
    pub fn of(policy: &Policy, request: &Request, decision: &Decision) -> Vec<Opening> {
        if decision.request_digest != Some(request.digest(policy)) {
            return Vec::new();
        }
        let opening = |approval: &Approval| {
            let ballot = policy.ballot(request, approval)?;
            let shown = Shown::new(policy, request, decision, &ballot);
            Some(Opening { ballot, shown })
        };
        decision.approvals.iter().filter_map(opening).collect()
    }
}

impl Shown {
    /// What voters on this ballot are shown of the request. The decision is the one that required the approval.
    #[must_use]
    pub fn new(policy: &Policy, request: &Request, decision: &Decision, ballot: &Ballot) -> Shown {
        let mut call = lines_of(policy.subject(request), &CAPS);
        call.extend(decision.commands.iter().map(command));
        let clauses = ballot.clauses.iter().enumerate().map(|(i, id)| ShownClause {
            clause: escape::text(id, VALUE),
            lines: if i < CLAUSES { sayings(policy, decision, id) } else { Vec::new() },
        });
        Shown {
            approval: escape::text(&ballot.name, NAME),
            needs: needs(ballot),
            call,
            clauses: clauses.collect(),
            request_digest: ballot.request_digest,
        }
    }

    /// Is nothing of the request left out for its length?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        // How `escape.rs` ends what it cuts, and `lines_of` what it leaves out. No JSON ends like this.
        self.call.iter().all(|line| !(line.text.ends_with(')') && line.text.contains(", sha256:")))
    }

    /// The call as in [`Shown::call`], of any length: harmless, plain text, one thing a line.
    #[must_use]
    pub fn whole_call(policy: &Policy, request: &Request) -> String {
        let lines = lines_of(policy.subject(request), &NO_CAPS);
        lines.iter().fold(String::new(), |out, line| out + &line.name + ": " + &line.text + "\n")
    }

    /// Adds the clauses that an earlier asking showed and this one does not.
    pub(super) fn add_clauses(&mut self, earlier: &Shown) {
        for clause in &earlier.clauses {
            if self.clauses.iter().all(|known| known.clause != clause.clause) {
                self.clauses.push(clause.clone());
            }
        }
    }

    /// For an approver's page. Every text in it is harmless, also as Markdown or HTML.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let lines = |lines: &[Line]| {
            let line = |line: &Line| object([("name", string(&line.name)), ("text", string(&line.text))]);
            Json::Arr(lines.iter().map(line).collect())
        };
        let clause =
            |clause: &ShownClause| object([("clause", string(&clause.clause)), ("lines", lines(&clause.lines))]);
        object([
            ("approval", string(&self.approval)),
            ("needs", Json::Arr(self.needs.iter().map(|need| string(need)).collect())),
            ("call", lines(&self.call)),
            ("clauses", Json::Arr(self.clauses.iter().map(clause).collect())),
            ("request_digest", Json::str(self.request_digest.to_string())),
        ])
    }

    /// Plain text, one thing a line. Every line is indented by four spaces, so that Markdown takes it for code.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let mut line = |indent: usize, name: &str, text: &str| {
            // Writing to a string can't fail.
            let _ = writeln!(out, "{:1$}{name}: {text}", "", indent.saturating_add(4));
        };
        line(0, "approval", &self.approval);
        self.needs.iter().for_each(|need| line(0, "needs", need));
        self.call.iter().for_each(|entry| line(0, &entry.name, &entry.text));
        for clause in &self.clauses {
            line(0, "required by", &clause.clause);
            clause.lines.iter().for_each(|entry| line(2, &entry.name, &entry.text));
        }
        line(0, "request", &self.request_digest.to_string());
        out
    }
}

pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
    Json::Obj(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn string(text: &str) -> Json {
    Json::str(text)
}

fn needs(ballot: &Ballot) -> Vec<String> {
    let line = |line: &claw_runtime::Quorum| format!("{} of {}", line.people, line.of.join(", "));
    let user = ballot.by_user.then(|| "the acting user".to_owned());
    let note = ballot.note_required.then(|| "a note that says why".to_owned());
    ballot.by.iter().map(line).chain(user).chain(note).collect()
}

/// The digested values, each on its line, in the order of importance to a reader.
fn lines_of(subject: Subject, caps: &Caps) -> Vec<Line> {
    let Subject { mut values, secrets } = subject;
    for pointer in &secrets {
        if let Some(place) = place(&mut values, pointer) {
            // Written without quotes, as no string is.
            *place = Json::Num("(secret)".into());
        }
    }
    let mut out = Vec::new();
    let mut left = caps.values;
    let mut written = |value: &Json| {
        let text = escape::json(value, left.min(caps.value).max(caps.least));
        left = left.saturating_sub(text.chars().count());
        text
    };
    let plain = ["kind", "tool", "server", "digest", "environment", "agent", "chain", "user", "tenant", "session"];
    for name in plain {
        match values.get(name) {
            None | Some(Json::Null) => {}
            Some(Json::Arr(items)) if items.is_empty() => {}
            Some(value) => out.push(Line { name: name.to_owned(), text: written(value) }),
        }
    }
    for root in ["args", "context", "resolved"] {
        if let Some(Json::Obj(members)) = values.get(root) {
            for (name, value) in members.iter().take(caps.members) {
                let name = format!("{root}.{}", escape::text(name, NAME));
                out.push(Line { name, text: written(value) });
            }
            let more: Vec<_> = members.iter().skip(caps.members).cloned().collect();
            if !more.is_empty() {
                let text = format!("({} more, {})", more.len(), Digest::of_json(&Json::Obj(more)));
                out.push(Line { name: root.to_owned(), text });
            }
        }
    }
    out
}

/// Where a JSON pointer leads.
fn place<'a>(json: &'a mut Json, pointer: &str) -> Option<&'a mut Json> {
    let mut at = json;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        at = match at {
            Json::Obj(members) => members.iter_mut().find(|(key, _)| **key == *token).map(|(_, value)| value)?,
            Json::Arr(items) => items.get_mut(token.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(at)
}

/// A command as it is read, which may not be what it looks like.
fn command(reading: &CommandReading) -> Line {
    let mut parts: Vec<String> = reading.calls.iter().map(call).collect();
    if reading.more {
        parts.push("(and more)".to_owned());
    }
    parts.extend(reading.opaque.iter().map(|why| format!("(not readable: {why})")));
    let name = format!("runs at {}", escape::text(&reading.pointer, NAME));
    Line { name, text: escape::text(&parts.join("; "), VALUE) }
}

fn call(call: &CallReading) -> String {
    let mut out = call.words.join(" ");
    for (what, names) in
        [("through", &call.wrappers), ("setting", &call.env), ("reading", &call.reads), ("writing", &call.writes)]
    {
        if !names.is_empty() {
            let _ = write!(out, " ({what} {})", names.join(", "));
        }
    }
    out
}

/// What the policy says of a clause.
fn sayings(policy: &Policy, decision: &Decision, id: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut put = |name: &str, text: &str| {
        let line = Line { name: name.to_owned(), text: escape::text(text, VALUE) };
        if !text.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    };
    let defs = policy.bundle().clauses.iter().filter(|def| def.id == id);
    // A line of documentation is a line; its breaks are the only ones that carry no meaning.
    defs.for_each(|def| put("about", &def.doc.split_whitespace().collect::<Vec<_>>().join(" ")));
    for applied in decision.applied.iter().filter(|applied| *applied.clause == *id) {
        put("says", applied.message.as_deref().unwrap_or_default());
        put("suggests", applied.suggest.as_deref().unwrap_or_default());
        if matches!(applied.effect, Effect::Require(_) | Effect::Limit) {
            put("unknown", &applied.unknown.join(", "));
        }
    }
    lines
}
