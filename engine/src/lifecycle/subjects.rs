//! Counts of those who call and of what is called: where trouble gathers.

use std::collections::BTreeMap;

use claw_runtime::Time;
use serde::Serialize;

use super::clauses::count;
use crate::audit::DecisionEvent;

/// What the log says of one agent, tool or session.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SubjectUse {
    /// Calls; one that waits for people counts once.
    pub calls: u64,
    /// Denied ones.
    pub denied: u64,
    /// Calls that people were asked about.
    pub asked: u64,
    /// Calls that people refused.
    pub refused: u64,
    /// Calls that a limit had no room for.
    pub over_limit: u64,
    /// Calls that a clause applied to only because something was unknown.
    pub unknown: u64,
    /// Calls by tier.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<String, u64>,
    /// Denials by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, u64>,
    /// The last denial or refusal.
    #[serde(serialize_with = "super::usage::time", skip_serializing_if = "Option::is_none")]
    pub last_trouble: Option<Time>,
}

impl SubjectUse {
    /// Denials and refusals: what lists of risky ones are ordered by.
    #[must_use]
    pub fn troubles(&self) -> u64 {
        self.denied.saturating_add(self.refused)
    }

    /// Calls of this tier.
    #[must_use]
    pub fn of_tier(&self, tier: &str) -> u64 {
        self.tiers.get(tier).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, time: Option<Time>, event: &DecisionEvent, repeated: bool) {
        let up = |n: &mut u64| *n = n.saturating_add(1);
        if !repeated {
            up(&mut self.calls);
            if let Some(tier) = &event.tier {
                count(&mut self.tiers, tier);
            }
            match event.decision.as_str() {
                "require_approval" => up(&mut self.asked),
                "deny" => {}
                _ if !event.evidence.is_empty() => up(&mut self.asked),
                _ => {}
            }
            if event.applied.iter().any(|applied| applied.kind == "limit") {
                up(&mut self.over_limit);
            }
            if event.applied.iter().any(|applied| !applied.unknown.is_empty()) {
                up(&mut self.unknown);
            }
        }
        // That people refused is counted when they do, not each time the call is tried again.
        if event.decision == "deny" && event.reason != "approval_refused" {
            up(&mut self.denied);
            count(&mut self.reasons, &event.reason);
            self.last_trouble = self.last_trouble.max(time);
        }
    }

    pub(super) fn refuse(&mut self, time: Option<Time>) {
        self.refused = self.refused.saturating_add(1);
        self.last_trouble = self.last_trouble.max(time);
    }
}
