//! Near misses as sentences.

use std::fmt;

use super::{Change, How, Miss};

impl Miss {
    /// What would be: `would be allowed`.
    pub fn becomes(&self) -> String {
        match self.decision.as_str() {
            "allow" => "would be allowed".to_owned(),
            "deny" => "would be denied".to_owned(),
            _ => format!("would need {}", names(&self.approvals, "and")),
        }
    }

    /// Under which changes: `in `dev``.
    pub fn condition(&self) -> String {
        self.changes.iter().map(change).collect::<Vec<_>>().join(", and ")
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.becomes(), self.condition())
    }
}

fn names(names: &[String], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn change(change: &Change) -> String {
    let part = &change.part;
    let conditions = names(&change.conditions, "and");
    match &change.how {
        How::Environment { names: envs } => format!("in {}", names(envs, "or")),
        How::AgentRole { roles, held } => {
            let all = if part.contains("chain") { " and all that delegated to it" } else { "" };
            let held = if *held { "held" } else { "did not hold" };
            format!("if the agent{all} {held} role {}", names(roles, "or"))
        }
        How::UserRole { roles, held: true } => format!("if the user held role {}", names(roles, "or")),
        How::UserRole { roles, held: false } => format!("if the user did not hold role {}", names(roles, "or")),
        How::Label { label, carried: true } => format!("if the session carried `{label}`"),
        How::Label { label, carried: false } => format!("if the session did not carry `{label}`"),
        How::Undelegated => "if no other agent had delegated it".to_owned(),
        How::Present => format!("if the request named a `{part}`"),
        How::Approve { approval, by } => format!("with the approval `{approval}` ({by})"),
        How::Earlier => format!("after {conditions}"),
        How::Without | How::Remove { .. } => format!("without `{part}`"),
        How::Set { from: None, to } if conditions.is_empty() || conditions == format!("`present({part})`") => {
            format!("if `{part}` were given (for example `{to}`)")
        }
        How::Set { to, .. } if conditions.is_empty() => format!("if `{part}` were `{to}`"),
        How::Set { to, .. } => format!("if {conditions} (for example `{part}` = `{to}`)"),
    }
}
