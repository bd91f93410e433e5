//! Rego by regorus: its interpreter, and its virtual machine.

use std::num::NonZeroU32;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::utils::limits::PolicyLengthConfig;
use regorus::{Engine, Value};

use super::{Peer, Ready};
use crate::workload::{Wire, Workload};

const ALLOW: &str = "data.bench.allow";

fn engine(workload: &Workload) -> Result<Engine, String> {
    let mut engine = Engine::new();
    engine.set_policy_length_config(PolicyLengthConfig { max_col: NonZeroU32::MAX, ..PolicyLengthConfig::default() });
    engine.add_policy("bench.rego".to_owned(), workload.rego.clone()?).map_err(|e| e.to_string())?;
    Ok(engine)
}

fn inputs(workload: &Workload) -> Result<Vec<Value>, String> {
    let inputs = workload.cases.iter().map(|case| Value::from_json_str(&case.facts.to_string()));
    inputs.collect::<Result<_, _>>().map_err(|e| e.to_string())
}

struct Interpreter {
    engine: Engine,
    inputs: Vec<Value>,
}

/// The interpreter, which is kept from call to call.
pub fn interpreter(workload: &Workload) -> Ready {
    let mut engine = engine(workload)?;
    engine.eval_rule(ALLOW.to_owned()).map_err(|e| e.to_string())?;
    Ok(Box::new(Interpreter { engine, inputs: inputs(workload)? }))
}

impl Interpreter {
    fn ask(&mut self, input: Value) -> bool {
        self.engine.set_input(input);
        self.engine.eval_rule(ALLOW.to_owned()).is_ok_and(|value| value == Value::from(true))
    }
}

impl Peer for Interpreter {
    fn decide(&mut self, case: usize) -> bool {
        self.ask(self.inputs[case].clone())
    }

    fn decide_json(&mut self, wire: &Wire) -> Option<bool> {
        Some(self.ask(Value::from_json_str(&wire.facts).ok()?))
    }
}

struct Machine {
    machine: RegoVM,
    inputs: Vec<Value>,
}

/// The virtual machine, which is kept from call to call.
pub fn machine(workload: &Workload) -> Ready {
    let policy = engine(workload)?.compile_with_entrypoint(&Arc::from(ALLOW)).map_err(|e| e.to_string())?;
    let program = Compiler::compile_from_policy(&policy, &[ALLOW]).map_err(|e| e.to_string())?;
    let mut machine = RegoVM::new();
    machine.load_program(program);
    machine.set_execution_timer_config(None);
    machine.set_max_instructions(usize::MAX);
    Ok(Box::new(Machine { machine, inputs: inputs(workload)? }))
}

impl Machine {
    fn ask(&mut self, input: Value) -> bool {
        self.machine.set_input(input);
        self.machine.execute().is_ok_and(|value| value == Value::from(true))
    }
}

impl Peer for Machine {
    fn decide(&mut self, case: usize) -> bool {
        self.ask(self.inputs[case].clone())
    }

    fn decide_json(&mut self, wire: &Wire) -> Option<bool> {
        Some(self.ask(Value::from_json_str(&wire.facts).ok()?))
    }
}
