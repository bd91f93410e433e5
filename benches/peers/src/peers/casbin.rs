//! casbin by its crate: the enforcer without a cache.

use casbin::function_map::{OperatorFunction, dynamic_to_str};
use casbin::rhai::Dynamic;
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use super::{Peer, Ready};
use crate::workload::{Wire, Workload};

struct Casbin {
    enforcer: Enforcer,
    requests: Vec<Vec<Dynamic>>,
}

/// The enforcer with its policy loaded.
pub fn ready(workload: &Workload) -> Ready {
    let policy = workload.casbin.as_ref().map_err(|why| (*why).to_owned())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| e.to_string())?;
    let enforcer = runtime.block_on(async {
        let model = DefaultModel::from_str(&policy.model).await?;
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
        // What its matcher language lacks, as a host would add it.
        enforcer.add_function("endsWith", OperatorFunction::Arg2(|text, end| ends_with(&text, &end).into()));
        enforcer.add_function("startsWith", OperatorFunction::Arg2(|text, start| starts_with(&text, &start).into()));
        enforcer.add_function("over", OperatorFunction::Arg2(|amount, most| over(&amount, &most).into()));
        enforcer.add_policies(policy.policies.clone()).await?;
        Ok::<_, casbin::Error>(enforcer)
    });
    let enforcer = enforcer.map_err(|e| e.to_string())?;
    let requests =
        workload.cases.iter().map(|case| policy.request.iter().map(|name| value(&case.facts[*name])).collect());
    Ok(Box::new(Casbin { enforcer, requests: requests.collect() }))
}

fn ends_with(text: &Dynamic, end: &Dynamic) -> bool {
    dynamic_to_str(text).ends_with(dynamic_to_str(end).as_ref())
}

fn starts_with(text: &Dynamic, start: &Dynamic) -> bool {
    dynamic_to_str(text).starts_with(dynamic_to_str(start).as_ref())
}

/// Policy lines hold texts only.
fn over(amount: &Dynamic, most: &Dynamic) -> bool {
    amount.as_int().is_ok_and(|amount| dynamic_to_str(most).parse().is_ok_and(|most: i32| amount > most))
}

fn value(value: &serde_json::Value) -> Dynamic {
    match value {
        serde_json::Value::Number(number) => Dynamic::from(number.as_i64().unwrap_or_default() as i32),
        serde_json::Value::Array(items) => Dynamic::from(items.iter().map(self::value).collect::<Vec<_>>()),
        other => Dynamic::from(other.as_str().unwrap_or_default().to_owned()),
    }
}

impl Peer for Casbin {
    fn decide(&mut self, case: usize) -> bool {
        self.enforcer.enforce(self.requests[case].clone()).unwrap_or_else(|error| panic!("{error}"))
    }
    fn decide_json(&mut self, _: &Wire) -> Option<bool> {
        None
    }
}
