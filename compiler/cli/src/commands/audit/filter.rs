//! Which records are meant, and what a record says under the names that one filters, exports and reads by.

use std::collections::VecDeque;

use claw_compiler::suggest;
use claw_engine::audit::{Event, ReadError, Record, ReloadOutcome, ResultOutcome, read};
use claw_runtime::{Date, Digest, Time, glob_matches};

use std::path::Path;

use super::unreadable;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::text::visible;

/// The options of `show` and `export`. A record is meant if it fits all of them.
#[derive(Debug, Default, clap::Args)]
pub struct Filter {
    /// Only these events: decision, result, reload, ask, vote, approval, …
    #[arg(long, value_name = "NAME")]
    event: Vec<String>,
    /// Only this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Only this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only this call
    #[arg(long, value_name = "ID")]
    call: Option<String>,
    /// Only these tools; `*` stands for any part of a name
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Only calls of this agent, or through it
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Only what this person did, or an agent for them
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only decisions that came to this: allow, require_approval or deny
    #[arg(long, value_name = "OUTCOME")]
    decision: Option<String>,
    /// Only decisions to which this clause applied, or would have: its name, or the end of it
    #[arg(long, value_name = "NAME")]
    clause: Option<String>,
    /// Only from this time on: `2026-03-01`, or `2026-03-01T09:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Time>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
    /// Only the last N of them
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// A time, or a day for its beginning in UTC.
fn time(text: &str) -> Result<Time, String> {
    if Date::parse(text).is_ok() { Time::parse(&format!("{text}T00:00:00Z")) } else { Time::parse(text) }
}

const EVENTS: [&str; 11] =
    ["decision", "result", "reload", "ask", "vote", "approval", "checkpoint", "gap", "spool", "torn", "dropped"];
const DECISIONS: [&str; 3] = ["allow", "require_approval", "deny"];

impl Filter {
    /// Words that name nothing would filter everything out.
    pub fn check(&self) -> Result<(), Failure> {
        let known = |what: &str, word: &str, words: &[&str]| {
            if words.contains(&word) {
                return Ok(());
            }
            let failure = Failure::new(visible(&format!("there is no {what} `{word}`")));
            Err(failure.help(match suggest::nearest(word, words.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("there are {}", suggest::list(words.iter().copied())),
            }))
        };
        self.event.iter().try_for_each(|event| known("event", event, &EVENTS))?;
        self.decision.iter().try_for_each(|decision| known("decision", decision, &DECISIONS))
    }

    fn has(&self, record: &Record) -> bool {
        let facts = Facts::of(record);
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        (self.event.is_empty() || self.event.iter().any(|event| event == facts.event))
            && is(&self.tenant, facts.tenant)
            && is(&self.session, facts.session)
            && is(&self.call, facts.call)
            && is(&self.user, facts.user)
            && is(&self.decision, facts.decision)
            && self.tool.as_deref().is_none_or(|tool| facts.tool.is_some_and(|found| glob_matches(tool, found)))
            && self.agent.as_deref().is_none_or(|agent| facts.agents.contains(&agent))
            && self.clause.as_deref().is_none_or(|clause| facts.clauses.iter().any(|found| names(clause, found)))
            && self.since.is_none_or(|since| record.time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| record.time.is_some_and(|time| time < until))
    }

    /// Calls `each` for every record that is meant, with its line. Lines that are no records are told on standard error;
    /// the answer is how many there were.
    pub fn each(
        &self,
        path: &Path,
        out: &mut Output,
        each: &mut dyn FnMut(&Record, &str, &mut Output) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        self.check()?;
        let mut records = read(path).map_err(|error| unreadable(&error))?;
        let mut last: VecDeque<(Record, String)> = VecDeque::new();
        let mut bad = 0;
        while let Some(next) = records.next() {
            match next {
                Ok((_, record)) if !self.has(&record) => {}
                Ok((_, record)) => match self.limit {
                    None => each(&record, records.line(), out)?,
                    Some(limit) => {
                        last.push_back((record, records.line().to_owned()));
                        if last.len() > limit {
                            last.pop_front();
                        }
                    }
                },
                Err(error @ ReadError::Record { .. }) => {
                    bad += 1;
                    out.error(&format!("{}\n", visible(&error.to_string())));
                }
                Err(error) => return Err(unreadable(&error)),
            }
            if out.is_closed() {
                break;
            }
        }
        last.iter().try_for_each(|(record, line)| each(record, line, out))?;
        Ok(bad)
    }
}

/// Whether a clause's full name is this, or ends with it.
fn names(wanted: &str, full: &str) -> bool {
    full == wanted || full.strip_suffix(wanted).is_some_and(|before| before.ends_with('.'))
}

/// What a record says, whatever its event.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    pub event: &'static str,
    pub tenant: Option<&'a str>,
    pub session: Option<&'a str>,
    pub call: Option<&'a str>,
    /// The one that calls, and those that delegated to it.
    pub agents: Vec<&'a str>,
    /// The person that it acts for, or who voted.
    pub user: Option<&'a str>,
    pub environment: Option<&'a str>,
    pub server: Option<&'a str>,
    pub tool: Option<&'a str>,
    pub decision: Option<&'a str>,
    /// The reason of a decision; what came of anything else.
    pub reason: Option<&'a str>,
    pub tier: Option<&'a str>,
    /// The clauses that applied, or that people are shown.
    pub clauses: Vec<&'a str>,
    /// The approvals that are outstanding, asked for or voted on.
    pub approvals: Vec<&'a str>,
    pub message: Option<&'a str>,
    pub request: Option<&'a Digest>,
    pub policy: Option<&'a Digest>,
}

impl<'a> Facts<'a> {
    pub fn of(record: &'a Record) -> Facts<'a> {
        let facts = match &record.event {
            Event::Decision(event) => {
                let clauses = event.applied.iter().chain(&event.shadow).map(|applied| applied.clause.as_str());
                let said =
                    event.applied.iter().filter(|applied| matches!(&*applied.effect, "deny" | "limit" | "require"));
                Facts {
                    tenant: event.tenant.as_deref(),
                    session: event.session.as_deref(),
                    call: event.call_id.as_deref(),
                    agents: std::iter::once(&event.agent.id).chain(&event.agent.chain).map(String::as_str).collect(),
                    user: event.user.as_deref(),
                    environment: Some(&event.environment),
                    server: event.server.as_deref(),
                    tool: Some(&event.tool),
                    decision: Some(&event.decision),
                    reason: Some(&event.reason),
                    tier: event.tier.as_deref(),
                    clauses: clauses.collect(),
                    approvals: event.approvals.iter().map(String::as_str).collect(),
                    message: event.message.as_deref().or_else(|| said.clone().find_map(|a| a.message.as_deref())),
                    request: event.request_digest.as_ref(),
                    policy: event.policy_digest.as_ref(),
                    ..Facts::default()
                }
            }
            Event::Result(event) => Facts {
                tenant: event.tenant.as_deref(),
                session: event.session.as_deref(),
                call: Some(&event.call_id),
                reason: Some(match event.outcome {
                    ResultOutcome::Ok => "ok",
                    ResultOutcome::Error => "error",
                    ResultOutcome::NotExecuted => "not_executed",
                }),
                message: event.error.as_deref(),
                request: event.request_digest.as_ref(),
                ..Facts::default()
            },
            Event::Reload(event) => Facts {
                tenant: event.tenant.as_deref(),
                reason: Some(match event.outcome {
                    ReloadOutcome::Loaded => "loaded",
                    ReloadOutcome::Refused => "refused",
                    ReloadOutcome::RolledBack => "rolled_back",
                    ReloadOutcome::Withdrawn => "withdrawn",
                }),
                message: event.error.as_deref().or(event.source.as_deref()),
                policy: event.digest.as_ref(),
                ..Facts::default()
            },
            other => Facts::of_approval(other),
        };
        Facts { event: record.event.name(), ..facts }
    }

    /// What people were asked and said, and what the log tells of itself.
    fn of_approval(event: &'a Event) -> Facts<'a> {
        match event {
            Event::Ask(event) => Facts {
                tenant: event.tenant.as_deref(),
                session: event.session.as_deref(),
                call: event.call_id.as_deref(),
                clauses: event.clauses.iter().map(String::as_str).collect(),
                approvals: vec![&event.approval],
                request: Some(&event.request_digest),
                ..Facts::default()
            },
            Event::Vote(event) => Facts {
                tenant: event.tenant.as_deref(),
                user: Some(&event.person),
                approvals: event.approval.as_deref().into_iter().collect(),
                reason: Some(match (event.accepted, event.verdict) {
                    (false, _) => event.refusal.as_deref().unwrap_or("not_accepted"),
                    (true, claw_engine::audit::Verdict::Grant) => "grant",
                    (true, claw_engine::audit::Verdict::Refuse) => "refuse",
                }),
                message: event.note.as_deref(),
                request: event.request_digest.as_ref(),
                ..Facts::default()
            },
            Event::Approval(event) => Facts {
                tenant: event.tenant.as_deref(),
                call: event.call_id.as_deref(),
                user: event.person.as_deref(),
                approvals: vec![&event.approval],
                reason: Some(match event.state {
                    claw_engine::audit::ApprovalState::Granted => "granted",
                    claw_engine::audit::ApprovalState::Refused => "refused",
                    claw_engine::audit::ApprovalState::Expired => "expired",
                    claw_engine::audit::ApprovalState::Consumed => "consumed",
                    claw_engine::audit::ApprovalState::Released => "released",
                }),
                request: Some(&event.request_digest),
                ..Facts::default()
            },
            Event::Gap(event) => Facts { message: Some(&event.error), ..Facts::default() },
            Event::Spool(event) => Facts { message: Some(&event.error), ..Facts::default() },
            Event::Torn(event) => Facts { message: Some(&event.kept), ..Facts::default() },
            _ => Facts::default(),
        }
    }
}
