//! How policies are prepared and kept: set once, before the first is loaded.

use std::sync::Arc;

use claw_runtime::{Limits, Policy};

use super::{Change, Policies, Trust};
use crate::{Clock, SystemClock};

/// What the host does to each policy before it is in force.
pub(super) type Prepare = Box<dyn Fn(Policy) -> Result<Policy, String> + Send + Sync>;
/// Who is told of each change.
pub(super) type Observer = Box<dyn Fn(&Change) + Send + Sync>;

/// Everything that does not change while policies do.
pub(super) struct Setup {
    pub(super) limits: Limits,
    pub(super) enforced: Vec<String>,
    pub(super) prepare: Option<Prepare>,
    pub(super) observers: Vec<Observer>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keep: usize,
    pub(super) shared: bool,
    pub(super) max_bytes: usize,
    pub(super) max_tenants: usize,
}

/// Describes [`Policies`]; made by [`Policies::builder`].
#[must_use]
pub struct Builder {
    trust: Trust,
    setup: Setup,
}

impl Builder {
    pub(super) fn new(trust: Trust) -> Builder {
        let setup = Setup {
            limits: Limits::default(),
            enforced: Vec::new(),
            prepare: None,
            observers: Vec::new(),
            clock: Arc::new(SystemClock),
            keep: 8,
            shared: false,
            max_bytes: 64 << 20,
            max_tenants: 4096,
        };
        Builder { trust, setup }
    }

    /// The bounds on requests.
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.setup.limits = limits;
        self
    }

    /// Constraints that the host enforces; see [`Policy::with_enforced_constraints`].
    pub fn enforced_constraints<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Builder {
        self.setup.enforced = names.into_iter().map(Into::into).collect();
        self
    }

    /// Called with each policy before it is in force, to register externs, or to refuse it. A refusal, a panic, or another
    /// policy than the one it was given is a failure to load.
    pub fn prepare(mut self, hook: impl Fn(Policy) -> Result<Policy, String> + Send + Sync + 'static) -> Builder {
        self.setup.prepare = Some(Box::new(hook));
        self
    }

    /// Told of every change and every refusal, after it has happened and on the thread that caused it; of several, each, in
    /// the order in which they are named here. Calls for one tenant may overlap; [`Change::sequence`] orders them.
    pub fn observer(mut self, observer: impl Fn(&Change) + Send + Sync + 'static) -> Builder {
        self.setup.observers.push(Box::new(observer));
        self
    }

    /// Where the times in versions and changes come from. Default: the machine.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Builder {
        self.setup.clock = clock;
        self
    }

    /// How many earlier policies of each tenant can be rolled back to. Default 8.
    pub fn keep(mut self, count: usize) -> Builder {
        self.setup.keep = count;
        self
    }

    /// One policy, loaded for no tenant, decides for all of them; none can have its own. Default: no.
    pub fn shared(mut self, shared: bool) -> Builder {
        self.setup.shared = shared;
        self
    }

    /// The largest bundle, in bytes. Default 64 MiB.
    pub fn max_bytes(mut self, most: usize) -> Builder {
        self.setup.max_bytes = most;
        self
    }

    /// The most tenants with policies of their own. Default 4096.
    pub fn max_tenants(mut self, most: usize) -> Builder {
        self.setup.max_tenants = most;
        self
    }

    /// Done; nothing is in force yet.
    #[must_use]
    pub fn build(self) -> Policies {
        Policies::new(self.setup, self.trust)
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("trust", &self.trust).finish_non_exhaustive()
    }
}
