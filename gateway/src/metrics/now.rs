//! What stands in the engine at the moment: looked up when someone asks, and not more often than every few seconds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use claw_engine::ledger::Ledger;
use claw_engine::{Clock, Engine, SystemClock};
use claw_runtime::Time;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::series::{Label, Series};
use crate::config::Config;

/// For so long an answer holds.
const FRESH: Duration = Duration::from_secs(2);
/// Pages of askings that are counted for one tenant.
const PAGES: usize = 25;
/// Tenants whose askings are counted.
const TENANTS: usize = 200;

#[derive(Debug)]
pub(super) struct Now {
    policies: Series<3, Gauge>,
    loaded: Series<1, Gauge>,
    pending: Series<1, Gauge>,
    spooled: Gauge,
    looked: Mutex<Option<Instant>>,
}

impl Now {
    pub(super) fn new(registry: &mut Registry) -> Now {
        let gauge = Gauge::default as fn() -> Gauge;
        let spooled = Gauge::default();
        registry.register("audit_spooled", "Audit records that wait since the log fails", spooled.clone());
        Now {
            policies: Series::new(
                registry,
                ("policy_info", "The policies in force"),
                ["tenant", "package", "digest"],
                gauge,
            ),
            loaded: Series::new(
                registry,
                ("policy_loaded_timestamp_seconds", "When the policy in force was loaded"),
                ["tenant"],
                gauge,
            ),
            pending: Series::new(
                registry,
                ("approvals_pending", "Requests for approval that wait for votes"),
                ["tenant"],
                gauge,
            ),
            spooled,
            looked: Mutex::default(),
        }
    }

    /// Looks, unless someone just did. While the guard is held nobody else changes what is there.
    pub(super) fn look(&self, engine: &Engine, config: &Config) -> MutexGuard<'_, Option<Instant>> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_none_or(|at| at.elapsed() > FRESH) {
            self.policies(engine);
            self.pending(engine, config);
            let spooled = engine.audit().map_or(0, |audit| audit.spooled());
            self.spooled.set(i64::try_from(spooled).unwrap_or(i64::MAX));
            *looked = Some(Instant::now());
        }
        looked
    }

    fn policies(&self, engine: &Engine) {
        self.policies.clear();
        self.loaded.clear();
        for tenant in engine.policies().tenants() {
            let Some(loaded) = engine.policies().current(tenant.as_deref()) else { continue };
            let tenant = tenant.unwrap_or_default();
            let digest = loaded.version.digest.to_string();
            let labels = [Arc::clone(&tenant).into(), Label::copied(&loaded.version.package), Label::copied(&digest)];
            self.policies.with(labels, |gauge| gauge.set(1));
            if let Some(at) = loaded.version.at {
                self.loaded.with([tenant.into()], |gauge| gauge.set(at.as_millis().div_euclid(1_000)));
            }
        }
    }

    fn pending(&self, engine: &Engine, config: &Config) {
        let (Some(ledger), Some(now)) = (engine.ledger(), SystemClock.now()) else { return };
        self.pending.clear();
        let configured = config.callers.iter().map(|caller| caller.tenant.as_deref());
        let people = config.people.iter().map(|person| person.tenant.as_deref());
        let loaded = engine.policies().tenants();
        let tenants: BTreeSet<Option<&str>> =
            configured.chain(people).chain(loaded.iter().map(Option::as_deref)).collect();
        for tenant in tenants.into_iter().take(TENANTS) {
            // Of a ledger that fails nothing is said, instead of that nothing is pending.
            if let Some(count) = count(ledger, tenant, now) {
                self.pending.with([Label::copied(tenant.unwrap_or_default())], |gauge| gauge.set(count));
            }
        }
    }
}

fn count(ledger: &Ledger, tenant: Option<&str>, now: Time) -> Option<i64> {
    let mut count = 0usize;
    let mut after = None;
    for _ in 0..PAGES {
        let page = ledger.open_askings(tenant, now, after.as_ref()).ok()?;
        count = count.saturating_add(page.askings.len());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    i64::try_from(count).ok()
}
