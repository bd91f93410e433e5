//! What is told of changes: material for the audit.

use std::sync::Arc;

use claw_runtime::Time;

use super::{LoadFailure, Version};

/// One attempt to change what is in force, and how it ended.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose policy; `None` is the one for calls without a tenant, or for all.
    pub tenant: Option<Arc<str>>,
    /// Where the new policy came from: a file, `memory`, `history`, or what the host called it.
    pub source: String,
    /// When, if the clock could tell.
    pub at: Option<Time>,
    /// Ascends with the beginnings of the attempts.
    pub sequence: u64,
    /// How it ended.
    pub event: Event,
}

/// How an attempt to change what is in force ended.
#[derive(Clone, Debug)]
pub enum Event {
    /// A policy came into force.
    Loaded {
        /// Which.
        version: Arc<Version>,
        /// What was in force until then; perhaps the same.
        before: Option<Arc<Version>>,
    },
    /// An earlier policy came into force again.
    RolledBack {
        /// Which.
        version: Arc<Version>,
        /// What was in force until then.
        before: Option<Arc<Version>>,
    },
    /// The policy was taken away, and nothing is in force.
    Withdrawn {
        /// What was in force until then.
        before: Arc<Version>,
    },
    /// Nothing changed.
    Refused(LoadFailure),
}

impl Event {
    /// One word for programs: `loaded`, `rolled_back`, `withdrawn` or `refused`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Loaded { .. } => "loaded",
            Event::RolledBack { .. } => "rolled_back",
            Event::Withdrawn { .. } => "withdrawn",
            Event::Refused(_) => "refused",
        }
    }
}
