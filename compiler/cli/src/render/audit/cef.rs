//! Records in ArcSight's Common Event Format, version 0: a heading of seven fields and an extension of keys and values.

use claw_engine::audit::{Event, Record};

use crate::commands::audit::Facts;

/// The line of a record.
pub fn event(record: &Record, facts: &Facts<'_>) -> String {
    let name = match facts.decision {
        Some(decision) => format!("{decision} {}", facts.tool.unwrap_or_default()),
        None => [facts.event, facts.reason.unwrap_or_default()].join(" ").trim_end().to_owned(),
    };
    let class = facts.decision.map_or_else(|| facts.event.to_owned(), |decision| format!("decision:{decision}"));
    let heading = ["claw", "audit", "1", &class, &name].map(header).join("|");
    let mut line = format!("CEF:0|{heading}|{}|", severity(record, facts));
    let mut fields: Vec<(&str, String)> = Vec::new();
    let mut field = |key: &'static str, value: Option<String>| {
        fields.extend(value.filter(|value| !value.is_empty()).map(|value| (key, value)));
    };
    let text = |value: Option<&str>| value.map(str::to_owned);
    field("rt", record.time.map(|time| time.as_millis().to_string()));
    field("externalId", Some(record.seq.to_string()));
    field("act", text(facts.decision));
    field("reason", text(facts.reason));
    field("suser", text(facts.user));
    field("msg", text(facts.message));
    field("fileHash", Some(record.hash.to_string()));
    // The format has six fields whose meaning the sender chooses.
    let chosen = [
        ("cs1", "cs1Label", "agent", Some(facts.agents.join(" < "))),
        ("cs2", "cs2Label", "tool", text(facts.tool)),
        ("cs3", "cs3Label", "session", text(facts.session)),
        ("cs4", "cs4Label", "tenant", text(facts.tenant)),
        ("cs5", "cs5Label", "clauses", Some(facts.clauses.join("; "))),
        ("cs6", "cs6Label", "call", text(facts.call)),
    ];
    for (key, label, meaning, value) in chosen {
        if value.as_deref().is_some_and(|value| !value.is_empty()) {
            field(label, Some(meaning.to_owned()));
            field(key, value);
        }
    }
    let extension: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={}", extension(value))).collect();
    line.push_str(&extension.join(" "));
    line.push('\n');
    line
}

/// From 0 to 10, as the format has it.
fn severity(record: &Record, facts: &Facts<'_>) -> u8 {
    match (&record.event, facts.decision) {
        (_, Some("deny")) => 6,
        (_, Some("require_approval")) => 4,
        (Event::Gap(_) | Event::Torn(_), _) => 9,
        (Event::Reload(_), _) if facts.reason == Some("refused") => 8,
        (Event::Reload(_) | Event::Spool(_), _) => 5,
        (Event::Vote(vote), _) if !vote.accepted => 5,
        _ => 1,
    }
}

/// A field of the heading: pipes and backslashes are escaped, and there are no lines in it.
fn header(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\r', '\n'], " ")
}

/// A value of the extension: equal signs and backslashes are escaped, ends of lines are written out.
fn extension(text: &str) -> String {
    text.replace('\\', "\\\\").replace('=', "\\=").replace('\r', "\\r").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{extension, header};

    #[test]
    fn what_would_end_a_field_is_escaped() {
        assert_eq!(header("a|b\\c\nd=e"), "a\\|b\\\\c d=e");
        assert_eq!(extension("a|b\\c\r\nd=e"), "a|b\\\\c\\r\\nd\\=e");
    }
}
