//! Whether the evidence is enough for a step: what a policy's `lifecycle` demands, held against what was counted.

use std::fmt;

use claw_runtime::{Duration, Time};
use serde::Serialize;

use super::clauses::ClauseUse;
use super::usage::Usage;

/// A clause's `@status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Evaluated and reported; changes nothing.
    Hint,
    /// The same, meant to count one day.
    Candidate,
    /// It counts.
    Confirmed,
    /// Not evaluated, for now.
    Suspended,
    /// Not evaluated, for good.
    Archived,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 5] =
        [Status::Hint, Status::Candidate, Status::Confirmed, Status::Suspended, Status::Archived];

    /// As it is written behind `@status`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Status::Hint => "hint",
            Status::Candidate => "candidate",
            Status::Confirmed => "confirmed",
            Status::Suspended => "suspended",
            Status::Archived => "archived",
        }
    }

    /// The status that is written so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Where a step leads from here; `None` where it leads nowhere.
    #[must_use]
    pub const fn after(self, step: Step) -> Option<Status> {
        match (step, self) {
            (Step::Promote, Status::Hint) => Some(Status::Candidate),
            (Step::Promote, Status::Candidate) => Some(Status::Confirmed),
            // What was put away is tried out again before it counts.
            (Step::Promote, Status::Suspended | Status::Archived) => Some(Status::Candidate),
            (Step::Suspend, Status::Hint | Status::Candidate | Status::Confirmed) => Some(Status::Suspended),
            (Step::Archive, Status::Hint | Status::Candidate | Status::Confirmed | Status::Suspended) => {
                Some(Status::Archived)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A change of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Towards counting.
    Promote,
    /// Out of force.
    Suspend,
    /// Out of sight.
    Archive,
}

impl Step {
    /// The word of the language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Step::Promote => "promote",
            Step::Suspend => "suspend",
            Step::Archive => "archive",
        }
    }
}

/// What a policy's `lifecycle` demands. A gate that is not declared never opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gates {
    /// `promote after …`
    pub promote: Option<Promotion>,
    /// `suspend after N disagreements`
    pub suspend: Option<u64>,
    /// `archive after D unused`, in milliseconds.
    #[serde(rename = "archive_ms", serialize_with = "millis")]
    pub archive: Option<Duration>,
}

/// `promote after 20 agreements and 0 disagreements`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Promotion {
    /// At least so many.
    pub agreements: u64,
    /// At most so many.
    pub disagreements: u64,
}

/// One thing that a step demands, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is demanded.
    pub gate: Gate,
    /// It is met.
    pub holds: bool,
}

/// What a step can demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// The policy says what the step takes.
    Declared,
    /// The clause does something that people can agree with.
    Judged,
    /// At least so many agreements.
    Agreements {
        /// There are.
        have: u64,
        /// There must be.
        need: u64,
    },
    /// At most so many disagreements.
    Tolerated {
        /// There are.
        have: u64,
        /// There may be.
        most: u64,
    },
    /// At least so many disagreements.
    Disagreements {
        /// There are.
        have: u64,
        /// There must be.
        need: u64,
    },
    /// Nobody agreed: one who did shows that the clause is of use.
    NoAgreement {
        /// There are.
        have: u64,
    },
    /// The log reaches back that far.
    Covered {
        /// It does so far, in milliseconds.
        have_ms: i64,
        /// It must, in milliseconds.
        need_ms: i64,
    },
    /// The clause has not applied for that long.
    Unused {
        /// For so long, up to the end of the log, in milliseconds; none if it never did.
        have_ms: Option<i64>,
        /// It must not have, in milliseconds.
        need_ms: i64,
    },
}

/// Whether a step may be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// From where.
    pub from: Status,
    /// To where.
    pub to: Status,
    /// Everything that is demanded, met or not.
    pub findings: Vec<Finding>,
}

impl Judgement {
    /// Everything that is demanded is met.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.iter().all(|finding| finding.holds)
    }
}

/// Holds the evidence for a clause against the gates. `None`: from this status the step leads nowhere.
///
/// `clause` is the clause's name in the log. A clause that the log does not know has no evidence.
#[must_use]
pub fn judge(step: Step, status: Status, clause: &str, usage: &Usage, gates: &Gates) -> Option<Judgement> {
    let to = status.after(step)?;
    let none = ClauseUse::default();
    let of = usage.clauses.get(clause).unwrap_or(&none);
    let findings = match step {
        // It was in force once, and becomes a candidate: no call is decided otherwise.
        Step::Promote if matches!(status, Status::Suspended | Status::Archived) => Vec::new(),
        Step::Promote => gates.promote.map_or_else(undeclared, |gate| promotion(gate, of)),
        Step::Suspend => gates.suspend.map_or_else(undeclared, |need| suspension(need, status, of)),
        Step::Archive => gates.archive.map_or_else(undeclared, |need| disuse(need, of, usage)),
    };
    Some(Judgement { from: status, to, findings })
}

fn undeclared() -> Vec<Finding> {
    vec![Finding { gate: Gate::Declared, holds: false }]
}

fn promotion(gate: Promotion, of: &ClauseUse) -> Vec<Finding> {
    let evidence = &of.shadow.evidence;
    let effects = &of.shadow.effects;
    let judged = ["deny", "require", "limit", "grant"].iter().any(|effect| effects.contains_key(*effect));
    let mut findings = Vec::new();
    // Of a clause that never applied it is not known what it does.
    if !judged && of.shadow.calls > 0 {
        findings.push(Finding { gate: Gate::Judged, holds: false });
    }
    let (have, need) = (evidence.agreements, gate.agreements);
    findings.push(Finding { gate: Gate::Agreements { have, need }, holds: have >= need });
    let (have, most) = (evidence.disagreements, gate.disagreements);
    findings.push(Finding { gate: Gate::Tolerated { have, most }, holds: have <= most });
    findings
}

fn suspension(need: u64, status: Status, of: &ClauseUse) -> Vec<Finding> {
    let in_force = status == Status::Confirmed;
    let side = if in_force { &of.in_force } else { &of.shadow };
    let have = side.evidence.disagreements;
    let mut findings = vec![Finding { gate: Gate::Disagreements { have, need }, holds: have >= need }];
    // To suspend a grant makes nothing less strict; to suspend what has caught something does.
    let agreed = side.evidence.agreements;
    if in_force && of.kind != "grant" {
        findings.push(Finding { gate: Gate::NoAgreement { have: agreed }, holds: agreed == 0 });
    }
    findings
}

fn disuse(need: Duration, of: &ClauseUse, usage: &Usage) -> Vec<Finding> {
    let need_ms = need.as_millis();
    let until_end = |from: Option<Time>| usage.last.zip(from).map(|(last, from)| last.since(from).as_millis());
    let have_ms = until_end(usage.first).unwrap_or_default();
    let rested = until_end(of.last());
    let applied = of.in_force.calls > 0 || of.shadow.calls > 0;
    // One that applied, nobody knows when, is not unused.
    let unused = if applied { rested.is_some_and(|rested| rested >= need_ms) } else { true };
    vec![
        Finding { gate: Gate::Covered { have_ms, need_ms }, holds: have_ms >= need_ms },
        Finding { gate: Gate::Unused { have_ms: rested, need_ms }, holds: unused },
    ]
}

fn millis<S: serde::Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match span {
        Some(span) => to.serialize_i64(span.as_millis()),
        None => to.serialize_none(),
    }
}
