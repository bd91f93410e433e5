//! Audit logs as a gateway would write them: the policy decides, people are asked and vote, every record is chained.
#![allow(dead_code)] // Each test binary uses a part of this.

use std::sync::Arc;

use claw_compiler::graph::Budget;
use claw_compiler::{Checked, Workspace, compile};
use claw_engine::audit::{ApprovalEvent, ApprovalState, AskEvent, DecisionEvent, Event, GENESIS, Verdict, VoteEvent};
use claw_runtime::{Decision, Digest, Json, Limits, NoState, Policy, RequestInput, Time};

/// A policy with a rule on trial.
pub const TRIAL: &str = r#"package shop

environments dev, prod
roles        support, lead

tool refund(order: string, amount: decimal)
tool look(order: string)

grant refund, look to support

approval four_eyes {
  by      1 of lead
  expires 15m
}

// Everything that moves money waits for a lead.
rule refunds_in_prod {
  on      refund in prod
  require four_eyes
}

lifecycle {
  promote after 3 agreements and 0 disagreements
  suspend after 2 disagreements
  archive after 30d unused
}

/// Large refunds are not for agents.
@owner("ann") @status(candidate)  // since the audit
rule big_refunds {
  on      refund
  when    args.amount > 100.00
  deny    "{args.amount} is too much"
}

rule no_blank_orders {
  on      look
  when    args.order == ""
  deny    "name an order"
}
"#;

/// A log on its way; a record every minute.
pub struct Log {
    policy: Policy,
    start: Time,
    minute: i64,
    lines: Vec<String>,
    last: Digest,
    askings: u32,
}

impl Log {
    pub fn of(policy: &str) -> Log {
        Log {
            policy: compiled(policy),
            start: Time::parse("2026-03-02T09:00:00Z").unwrap(),
            minute: 0,
            lines: Vec::new(),
            last: GENESIS,
            askings: 0,
        }
    }

    /// Goes on with another policy.
    pub fn with(self, policy: &str) -> Log {
        Log { policy: compiled(policy), ..self }
    }

    /// Lets days go by.
    pub fn wait(mut self, days: i64) -> Log {
        self.minute += days * 24 * 60;
        self
    }

    pub fn push(&mut self, event: &Event) {
        self.minute += 1;
        let millis = self.start.as_millis() + self.minute * 60_000;
        let mut record = serde_json::to_value(event).unwrap();
        let members = record.as_object_mut().unwrap();
        members.insert("seq".into(), (self.lines.len() + 1).into());
        members.insert("time".into(), Time::from_millis(millis).unwrap().to_string().into());
        members.insert("prev".into(), self.last.to_string().into());
        self.last = Digest::of(Json::from(&record).canonical().as_bytes());
        record.as_object_mut().unwrap().insert("hash".into(), self.last.to_string().into());
        self.lines.push(Json::from(&record).canonical());
    }

    fn decide(&mut self, tool: &str, args: &str, evidence: Option<&str>) -> (Digest, Decision) {
        let request = format!(
            r#"{{ "environment": "prod", "agent": {{ "id": "bot", "roles": ["support"] }}, "tool": "{tool}", "args": {args} }}"#
        );
        let input = RequestInput::from_json(request.as_bytes(), &Limits::default()).unwrap();
        let decision = self.policy.decide_json(request.as_bytes(), &NoState);
        let mut event = DecisionEvent::new(&input, &decision, &self.policy, 12);
        if let Some(asking) = evidence {
            // As it is decided with the votes of this asking.
            (event.decision, event.reason) = ("allow".into(), "granted".into());
            event.evidence = vec![asking.into()];
        }
        self.push(&Event::Decision(Box::new(event)));
        (decision.request_digest.unwrap(), decision)
    }

    /// A call that nobody is asked about.
    pub fn call(mut self, tool: &str, args: &str) -> Log {
        self.decide(tool, args, None);
        self
    }

    /// A refund that a lead is asked about.
    pub fn refund(mut self, order: &str, amount: &str, verdict: Verdict) -> Log {
        let args = format!(r#"{{ "order": "{order}", "amount": {amount} }}"#);
        let (request_digest, decision) = self.decide("refund", &args, None);
        let approval = decision.approvals.first().expect("an approval is required").clone();
        self.askings += 1;
        let asking = format!("asking-{}", self.askings);
        self.push(&Event::Ask(AskEvent {
            tenant: None,
            session: None,
            asking: asking.clone(),
            approval: approval.id.clone(),
            approval_digest: approval.digest,
            request_digest,
            call_id: None,
            clauses: approval.required_by.clone(),
            expires_at: None,
        }));
        self.push(&Event::Vote(VoteEvent {
            tenant: None,
            asking: asking.clone(),
            approval: Some(approval.id.clone()),
            request_digest: Some(request_digest),
            person: "lea".into(),
            roles: vec!["lead".into()],
            verdict,
            note: None,
            accepted: true,
            refusal: None,
        }));
        let state = if verdict == Verdict::Grant { ApprovalState::Granted } else { ApprovalState::Refused };
        let came_to = |state| {
            Event::Approval(ApprovalEvent {
                tenant: None,
                asking: asking.clone(),
                approval: approval.id.clone(),
                request_digest,
                state,
                call_id: None,
                person: Some("lea".into()),
            })
        };
        self.push(&came_to(state));
        if verdict == Verdict::Grant {
            self.decide("refund", &args, Some(&asking));
            self.push(&came_to(ApprovalState::Consumed));
        }
        self
    }

    /// The lines of the log.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

fn compiled(policy: &str) -> Policy {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", policy.to_owned());
    let analysis = workspace.analyze("main.claw");
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).unwrap();
    let bytes = compile(&checked, &analysis.sources, Budget::default()).to_bytes();
    Policy::from_bytes(&bytes).unwrap()
}
