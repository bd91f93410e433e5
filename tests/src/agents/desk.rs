//! The host: one session of an agent, call by call.

use claw_runtime::{Policy, Settlement};
use serde_json::{Map, Value, json};

use super::corpus::Call;
use super::trace::{Seen, Tracer};
use crate::host::{Host, wire};

/// The label of a session that has read text of strangers.
pub const FOREIGN: &str = "foreign";

/// A host for one session. Policies for it declare the environment `live` and the role `assistant`.
#[derive(Debug)]
pub struct Desk<'p> {
    host: Host<'p>,
    tracer: Tracer,
    has_read_foreign: bool,
    calls: usize,
}

impl<'p> Desk<'p> {
    pub fn new(policy: &'p Policy, prompt: &str) -> Desk<'p> {
        Desk { host: Host::new(policy), tracer: Tracer::new(prompt), has_read_foreign: false, calls: 0 }
    }

    /// Asks the policy about a call, and settles it if it is allowed outright.
    pub fn ask(&mut self, call: &Call) -> Value {
        self.calls += 1;
        // A parameter that is given as null was left out.
        let args: Map<String, Value> = call.args.iter().filter(|(_, v)| !v.is_null()).map(own).collect();
        let request = json!({
            "call_id": format!("c-{}", self.calls),
            "time": format!("2022-04-01T09:{:02}:{:02}Z", self.calls / 60 % 60, self.calls % 60),
            "session": "s-1",
            "environment": "live",
            "agent": { "id": "assistant", "roles": ["assistant"] },
            "user": { "id": "user" },
            "tool": call.tool,
            "origins": self.tracer.origins(&args),
            "labels": if self.has_read_foreign { vec![FOREIGN] } else { vec![] },
            "args": args,
        });
        wire(&self.host.run(request.to_string().as_bytes(), Settlement::Ok))
    }

    /// The model reads what the call returned.
    pub fn read(&mut self, call: &Call, added: &str) {
        let result = format!("{}\n{added}", call.result_text());
        self.has_read_foreign |= call.is_foreign();
        self.tracer.saw(Seen::new(&call.args, &result, call.is_foreign()));
    }
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}
