//! Limits: what a call adds to a pot, and whether the pot has room for it.
//!
//! Anything that is not known (the amount, a key, the clock, the store's answer) makes the limit unavailable, which
//! denies. Knows pots by name; who keeps them is the state's business.

use crate::bundle::{ExprId, LimitId, LimitKey};
use crate::eval::Eval;
use crate::prepare::kind_name;
use crate::state::{Charge, PotKey, Realm, clock};
use crate::{Decimal, Duration, Value};

/// What a call adds to one pot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    /// Some arm applies.
    applies: bool,
    /// Some addend is unknown, negative or too large.
    broken: bool,
    amount: Option<Decimal>,
}

impl Sum {
    /// Adds an arm that applies.
    pub(crate) fn add(&mut self, eval: &mut Eval<'_>, addend: Option<ExprId>) {
        self.applies = true;
        let Some(addend) = addend else { return };
        let value = eval.known(addend, None);
        let amount = match value.as_ref().map(|value| value.get()) {
            Some(Value::Int(n)) => Some(Decimal::from(*n)),
            Some(Value::Decimal(d)) => Some(*d),
            _ => None,
        };
        match amount
            .filter(|amount| !amount.is_negative())
            .and_then(|a| self.amount.map_or(Some(a), |sum| sum.checked_add(a)))
        {
            Some(total) => self.amount = Some(total),
            None => self.broken = true,
        }
    }
}

/// How a call stands to one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// No arm applies.
    Untouched,
    /// There is room.
    Fits(Charge),
    /// There is none; when there would be, if ever.
    Exceeded { charge: Charge, retry_after: Option<Duration> },
    /// It can't be checked; says why.
    Unavailable(String),
}

/// Holds what a call adds against what the pot has room for.
pub(crate) fn check(eval: &Eval<'_>, realm: Realm, limit: LimitId, sum: &Sum) -> Budget {
    if !sum.applies {
        return Budget::Untouched;
    }
    match room(eval, realm, limit, sum) {
        Ok(budget) => budget,
        Err(why) => Budget::Unavailable(why),
    }
}

fn room(eval: &Eval<'_>, realm: Realm, limit: LimitId, sum: &Sum) -> Result<Budget, String> {
    let def = eval.policy.bundle.limits.get(limit.index()).ok_or("it does not exist")?;
    if sum.broken {
        return Err("the amount is unknown, negative or too large".to_owned());
    }
    let amount = if def.sums { sum.amount.ok_or("the amount is unknown")? } else { Decimal::from(1) };
    let window = Duration::from_millis(def.window_ms);
    let pot = pot(eval, realm, limit)?;
    let now = clock(eval.view, eval.request.time).map_err(|e| e.to_string())?;
    let room = def.max.checked_sub(amount).ok_or("the amount is too large")?;
    let usage = eval.view.pot(&pot, window, now, room).map_err(|e| e.to_string())?;
    let charge = Charge { pot, window, amount, at: now };
    if usage.used <= room {
        return Ok(Budget::Fits(charge));
    }
    let retry_after = usage.free_at.map(|at| at.since(now)).map(|wait| wait.max(Duration::from_millis(0)));
    Ok(Budget::Exceeded { charge, retry_after })
}

/// How many key fields a pot may have: each key once, and a tool takes three.
const FIELDS: usize = 7;

/// The pot's name: the limit, and for each of its keys whose it is.
fn pot(eval: &Eval<'_>, realm: Realm, limit: LimitId) -> Result<PotKey, String> {
    let bundle = &eval.policy.bundle;
    let def = bundle.limits.get(limit.index()).ok_or("it does not exist")?;
    let clause = bundle.clauses.get(def.clause.index()).ok_or("it has no clause")?;
    let tool = bundle.tools.get(eval.request.tool.index()).ok_or("there is no such tool")?;
    let tenant = eval.request.tenant();
    let mut fields = [(LimitKey::Agent, ""); FIELDS];
    let mut places = fields.iter_mut();
    for key in &def.keys {
        let values = match key {
            LimitKey::Agent => [eval.request.agents().next(), None, None],
            LimitKey::User => [eval.request.user(), None, None],
            LimitKey::Tenant => [tenant, None, None],
            LimitKey::Session => [eval.request.session(), None, None],
            LimitKey::Tool => {
                [Some(tool.wire.as_str()), Some(kind_name(tool.kind)), Some(tool.server.as_deref().unwrap_or_default())]
            }
        };
        let [Some(_), ..] = values else { return Err(format!("the request has no {}", key.name())) };
        for value in values.into_iter().flatten() {
            *places.next().ok_or("it has too many keys")? = (*key, value);
        }
    }
    let used = FIELDS.saturating_sub(places.len());
    let fields = fields.get(..used).unwrap_or_default();
    Ok(PotKey::new(realm, tenant, &clause.id, Duration::from_millis(def.window_ms), fields))
}
