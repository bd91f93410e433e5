//! What an engine is made of.

use std::fmt;
use std::sync::Arc;

use claw_runtime::{Limits, MemoryState, State};

use super::{Engine, Inner, SharedState, trail};
use crate::audit::AuditLog;
use crate::clock::{Clock, SystemClock};
use crate::externs::ExternRegistry;
use crate::ledger::Ledger;
use crate::policies::{self, Policies, Trust};

/// Describes an engine. Without more: past calls in memory, no ledger (nothing that needs an approval is ever allowed),
/// no audit log, no externs (unknown), no constraint that the host enforces.
pub struct Builder {
    policies: policies::Builder,
    state: SharedState,
    ledger: Option<Ledger>,
    audit: Option<AuditLog>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    externs: Option<ExternRegistry>,
    records_loads: bool,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("policies", &self.policies).finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new(trust: Trust) -> Builder {
        Builder {
            policies: Policies::builder(trust),
            state: Arc::new(MemoryState::new()),
            ledger: None,
            audit: None,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            externs: None,
            records_loads: true,
        }
    }

    /// Where past calls are kept.
    #[must_use]
    pub fn state(mut self, state: impl State + Send + Sync + 'static) -> Builder {
        self.state = Arc::new(state);
        self
    }

    /// A store of past calls that something else uses, too.
    #[must_use]
    pub fn shared_state(mut self, state: SharedState) -> Builder {
        self.state = state;
        self
    }

    /// Where approvals are kept.
    #[must_use]
    pub fn ledger(mut self, ledger: Ledger) -> Builder {
        self.ledger = Some(ledger);
        self
    }

    /// Where everything is recorded. What can't be recorded is denied.
    #[must_use]
    pub fn audit(mut self, log: AuditLog) -> Builder {
        self.audit = Some(log);
        self
    }

    /// Another clock than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Builder {
        self.clock = Arc::new(clock);
        self
    }

    /// A clock that the host goes on using.
    #[must_use]
    pub fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Builder {
        self.clock = clock;
        self
    }

    /// Whether loading a policy is in the audit log (the default). A host that lives for one call and knows that the log has
    /// this policy already may leave it out.
    #[must_use]
    pub fn records_loads(mut self, yes: bool) -> Builder {
        self.records_loads = yes;
        self
    }

    /// Bounds on requests.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// Constraints that the host enforces when it executes a call.
    #[must_use]
    pub fn enforces<S: Into<String>>(mut self, constraints: impl IntoIterator<Item = S>) -> Builder {
        self.policies = self.policies.enforced_constraints(constraints);
        self
    }

    /// The functions behind the policies' externs.
    #[must_use]
    pub fn externs(mut self, externs: ExternRegistry) -> Builder {
        self.externs = Some(externs);
        self
    }

    /// Further choices about policies: how many earlier ones are kept, whether all tenants share one.
    #[must_use]
    pub fn policies(mut self, choose: impl FnOnce(policies::Builder) -> policies::Builder) -> Builder {
        self.policies = choose(self.policies);
        self
    }

    /// The engine. It has no policy yet and denies everything.
    #[must_use]
    pub fn build(self) -> Engine {
        let audit = self.audit.map(Arc::new);
        let mut policies = self.policies.clock(Arc::clone(&self.clock)).limits(self.limits.clone());
        if let Some(externs) = self.externs {
            policies = policies.prepare(move |policy| Ok(externs.register_into(policy)));
        }
        if let Some(audit) = audit.clone().filter(|_| self.records_loads) {
            // A log that fails says so itself once it works again; decisions are denied until then.
            policies = policies.observer(move |change| drop(audit.record(change.at, &trail::reload(change))));
        }
        Engine(Arc::new(Inner {
            policies: policies.build(),
            state: self.state,
            ledger: self.ledger,
            audit,
            clock: self.clock,
            limits: self.limits,
        }))
    }
}
