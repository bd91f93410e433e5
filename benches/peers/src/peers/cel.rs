//! CEL by the crate `cel`. It has no policies: every rule is a program, and the host asks one after the other.

use cel::{Context, Program, Value};

use super::{Peer, Ready};
use crate::workload::{Wire, Workload};

struct Cel {
    permit: Vec<Program>,
    forbid: Vec<Program>,
    contexts: Vec<Context<'static, 'static>>,
}

/// Programs compiled, contexts made.
pub fn ready(workload: &Workload) -> Ready {
    let rules = workload.cel.as_ref().map_err(|why| (*why).to_owned())?;
    let compile = |texts: &[String]| texts.iter().map(|text| Program::compile(text)).collect::<Result<Vec<_>, _>>();
    let (permit, forbid) =
        (compile(&rules.permit).map_err(|e| e.to_string())?, compile(&rules.forbid).map_err(|e| e.to_string())?);
    let contexts = workload.cases.iter().map(|case| context(&case.facts)).collect();
    Ok(Box::new(Cel { permit, forbid, contexts }))
}

fn context(facts: &serde_json::Value) -> Context<'static, 'static> {
    let mut context = Context::default();
    for (name, value) in facts.as_object().into_iter().flatten() {
        context.add_variable_from_value(name.clone(), converted(value));
    }
    context
}

fn converted(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Number(number) => Value::Int(number.as_i64().unwrap_or_default()),
        serde_json::Value::Array(items) => items.iter().map(converted).collect::<Vec<_>>().into(),
        other => Value::from(other.as_str().unwrap_or_default()),
    }
}

impl Cel {
    fn allows(&self, context: &Context<'static, 'static>) -> bool {
        let holds = |program: &Program| program.execute(context) == Ok(Value::Bool(true));
        self.permit.iter().any(holds) && !self.forbid.iter().any(holds)
    }
}

impl Peer for Cel {
    fn decide(&mut self, case: usize) -> bool {
        self.allows(&self.contexts[case])
    }

    fn decide_json(&mut self, wire: &Wire) -> Option<bool> {
        let context = context(&serde_json::from_str(&wire.facts).ok()?);
        Some(self.allows(&context))
    }
}
